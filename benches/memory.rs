//! Measures the peak memory of runs, and fails if one exceeds its bound.
//!
//! The arguments are the numbers of companies for the discovery of all forms over 24 years, about 960 filings each.
//! The default is 600. `cargo bench --bench memory -- 600 2000 5911` took 15 minutes on two busy processors and
//! needs 5 GB in the system's temporary folder.
//!
//! Runs the real binary against the simulator, which is in another process and compresses its answers as EDGAR
//! does. The peak memory is read from `/proc` (Linux only).

mod process;

use std::fs;
use std::io::{self, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use filing_etl::sim::{Options, Simulator};
use jiff::civil::date;

/// The number of listed companies.
const ALL: u32 = 5911;

/// A run and its bound in MiB.
struct Case {
    name: String,
    bound: u64,
    /// What the simulator has; `None` for a run that needs no other one.
    edgar: Option<Options>,
    args: Vec<&'static str>,
}

/// What a run took.
struct Measured {
    time: Duration,
    /// Peak memory in KB.
    peak: u64,
    filings: u64,
}

fn main() {
    // `cargo test --benches` only checks that the bench starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let mut sizes: Vec<u32> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .map(|argument| argument.parse().expect("a number of companies"))
        .collect();
    if sizes.is_empty() {
        sizes = vec![600];
    }
    let mut exceeded = 0;
    for case in cases(&sizes) {
        let Measured {
            time,
            peak,
            filings,
        } = measure(&case);
        let (name, bound, seconds) = (&case.name, case.bound, time.as_secs_f64());
        #[expect(clippy::cast_precision_loss, reason = "kilobytes")]
        let mebibytes = peak as f64 / 1024.0;
        say(&format!(
            "{name:<66} {filings:>9} filings {seconds:>6.1} s {mebibytes:>5.1} MiB (bound {bound})\n"
        ));
        exceeded += u32::from(peak > bound << 10);
    }
    assert_eq!(exceeded, 0, "runs that exceed their bound");
}

/// Prints a line. The pipe may be closed.
fn say(text: &str) {
    let _ = write!(io::stdout(), "{text}");
}

fn cases(sizes: &[u32]) -> Vec<Case> {
    let edgar = |companies, years, filings_per_year| Options {
        companies,
        years,
        filings_per_year,
        today: date(2025, 6, 30),
        ..Options::default()
    };
    let discover = [
        "--preset=turbo",
        "--exchange=all",
        "--no-download",
        "--discover-from=api",
    ];
    let mut cases = vec![
        Case {
            name: "demo, the simulator in the same process".to_owned(),
            bound: 40,
            edgar: None,
            args: vec!["--demo"],
        },
        Case {
            name: format!("turbo, discovery of {ALL} companies"),
            bound: 48,
            edgar: Some(edgar(ALL, 3, Options::default().filings_per_year)),
            args: discover.to_vec(),
        },
    ];
    cases.extend(sizes.iter().map(|&companies| Case {
        name: format!("turbo, discovery of all forms in 24 years of {companies} companies"),
        bound: 64,
        edgar: Some(edgar(companies, 24, 40)),
        args: [&discover[..], &["--form=all", "--since=1996-01-01"]].concat(),
    }));
    cases
}

/// Runs the binary in an empty folder.
fn measure(case: &Case) -> Measured {
    let folder = tempfile::tempdir().expect("a temp folder");
    let simulator = case
        .edgar
        .clone()
        .map(|edgar| Simulator::start(edgar).expect("a free port"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_filing-etl"));
    command
        .args(["backfill", "--json", "-q"])
        .args(&case.args)
        .current_dir(folder.path())
        .env("XDG_STATE_HOME", folder.path())
        .env("FILING_ETL_NOW", "2025-07-01T12:00:00Z")
        .env("FILING_ETL_PROGRESS", "none")
        .stdin(Stdio::null());
    if let Some(simulator) = &simulator {
        let url = simulator.url();
        command
            .env("FILING_ETL_ARCHIVES_URL", &url)
            .env("FILING_ETL_DATA_URL", &url)
            .env("FILING_ETL_LISTINGS_URL", &url)
            .env("FILING_ETL_USER_AGENT", "bench bench@example.com")
            .env("FILING_ETL_RATE", "none");
    }
    let summary = folder.path().join("summary.json");
    command.stdout(fs::File::create(&summary).expect("room for a file"));
    let (time, peak) = process::measured(&mut command);
    let summary = fs::read(summary).expect("the summary");
    let summary: serde_json::Value = serde_json::from_slice(&summary).expect("a JSON document");
    let companies = &summary["companies"];
    assert!(companies["total"].as_u64() > Some(0), "{summary}");
    assert_eq!(companies["done"], companies["total"], "{summary}");
    Measured {
        time,
        peak,
        filings: summary["filings"]["new"].as_u64().expect("a number"),
    }
}
