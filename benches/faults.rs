//! Measures how much of the throughput remains when 5% of the requests fail.
//!
//! Runs the real binary against the simulator, at a rate limit that it reaches. A failed request counts
//! towards the limit, so at most 1/1.05 = 95.2% can remain. At least 95% must remain, because other items are
//! processed while one waits for its retry.
//!
//! The result is the rate of good responses until nineteen of twenty have arrived. The last ones do not count,
//! because at the end no other items are left: a run then waits for the last retry, half a second or one,
//! however long the run was.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use filing_etl::sim::{Options, Simulator};
use jiff::civil::date;

/// Requests a second: ten times EDGAR's limit, so that a run takes about fifteen seconds.
const RATE: &str = "100";

/// Runs of each kind, one after another.
const ROUNDS: usize = 3;

/// Faults for one request in twenty, each of a different kind. The retry of the same path succeeds.
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

/// The result of one run.
struct Sample {
    /// Good responses a second, without the last twentieth.
    rate: f64,
    /// The share of requests with a fault.
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
            // The pipe may be closed.
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

/// One run with a new database and folder.
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

/// The median.
fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
