//! How much of the throughput remains when 5% of the requests fail?
//!
//! The real binary against the simulator, at a rate limit that it reaches. A failed request takes
//! up a place within the limit as any other does, so 1/1.05 = 95.2% is all that can remain; at
//! least 95% has to: while an item waits for its next try, others are worked on.
//!
//! What counts is how fast good answers come until nineteen of twenty are there. The last ones are
//! left out, because at the very end there are no others: a run then waits for a last retry, half
//! a second or one, however long it was.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use filing_etl::sim::{Options, Simulator};
use jiff::civil::date;

/// Requests a second: ten times as fast as EDGAR allows, so that a run takes some fifteen seconds.
const RATE: &str = "100";

/// Runs of each sort, one after the other.
const ROUNDS: usize = 3;

/// One request in twenty, each by a sort of its own; the next try for the same path gets through.
const FAULTS: [&str; 10] = [
    "500:0.5%*1",
    "502:0.5%*1",
    "503:0.5%*1",
    "503=1:0.5%*1",
    "reset:0.5%*1",
    "refuse:0.5%*1",
    "reset-body:0.5%*1",
    "short:0.5%*1",
    "gzip-cut:0.5%*1",
    "html:0.5%*1",
];

/// What one run came to.
struct Sample {
    /// Good answers a second, without the last twentieth.
    rate: f64,
    /// The share of the requests that met a fault.
    failed: f64,
}

fn main() {
    let simulator = Simulator::start(Options {
        companies: 300,
        today: date(2025, 6, 30),
        years: 3,
        document_scale: 0.002,
        latency: Duration::from_millis(20),
        ..Options::default()
    })
    .expect("a free port on loopback");
    let mut out = io::stdout().lock();
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for (faults, samples) in [(&[][..], &mut without), (&FAULTS[..], &mut with)] {
            let sample = run(&simulator, faults);
            // Nobody reads when the pipe is closed.
            let _ = writeln!(
                out,
                "{:>5.2}% failed: {:>6.2} good answers/s",
                100.0 * sample.failed,
                sample.rate
            );
            samples.push(sample.rate);
        }
    }
    let ratio = median(with) / median(without);
    let _ = writeln!(
        out,
        "{:.1}% of the throughput remains (target 95%)",
        100.0 * ratio
    );
}

/// One run over a fresh database and folder.
fn run(simulator: &Simulator, faults: &[&str]) -> Sample {
    let folder = tempfile::tempdir().expect("a temp folder");
    let fault = |text: &&str| text.parse().expect("a fault");
    simulator.set_faults(faults.iter().map(fault).collect());
    simulator.log().clear();
    backfill(simulator, folder.path());
    let entries = simulator.log().entries();
    let begin = entries.first().expect("a request").at;
    let mut good: Vec<_> = entries
        .iter()
        .filter(|entry| entry.fault.is_none())
        .filter_map(|entry| entry.answered_at)
        .collect();
    good.sort_unstable();
    let counted = good.len() * 19 / 20;
    let time = good[counted - 1].saturating_sub(begin);
    let failed = entries.iter().filter(|entry| entry.fault.is_some()).count();
    #[expect(clippy::cast_precision_loss, reason = "some thousand requests")]
    Sample {
        rate: counted as f64 / time.as_secs_f64(),
        failed: failed as f64 / entries.len() as f64,
    }
}

/// Runs the binary to its end.
fn backfill(simulator: &Simulator, folder: &Path) {
    let url = simulator.url();
    let status = Command::new(env!("CARGO_BIN_EXE_filing-etl"))
        .args(["backfill", "--since=2024-07-01", "--exchange=all"])
        .current_dir(folder)
        .env("XDG_STATE_HOME", folder)
        .env("FILING_ETL_ARCHIVES_URL", &url)
        .env("FILING_ETL_DATA_URL", &url)
        .env("FILING_ETL_LISTINGS_URL", &url)
        .env("FILING_ETL_USER_AGENT", "bench bench@example.com")
        .env("FILING_ETL_RATE", RATE)
        .env("FILING_ETL_PROGRESS", "none")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .status()
        .expect("the binary is there");
    assert!(status.success(), "{status}");
    assert!(fs::exists(folder.join("filings.db")).expect("a folder"));
}

/// The middle one.
fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
