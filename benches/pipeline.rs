//! Measures the speed of discovery with 100 ms of latency, and that of the whole pipeline without latency.
//!
//! Runs the real binary against the simulator, without a rate limit. The result is the ratio to `sequential`:
//! it must be at least 9.5 for `fast`, which requests 10 companies at once, and 19 for `turbo`, which requests
//! 20.
//!
//! A sample is a whole first run with a database that has only the company list. Its duration is `elapsed_s` of
//! the summary.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use filing_etl::sim::{Options, Simulator};
use jiff::civil::date;

/// A preset, the number of companies for a run of about three seconds, and the minimum ratio.
const PRESETS: [(&str, u32, f64); 3] = [
    ("sequential", 30, 1.0),
    ("fast", 300, 9.5),
    ("turbo", 600, 19.0),
];

fn main() {
    let simulator = Simulator::start(Options {
        companies: 1000,
        today: date(2025, 6, 30),
        years: 3,
        latency: Duration::from_millis(100),
        // The simulator runs on the same processors.
        compress: false,
        ..Options::default()
    })
    .expect("a free port on loopback");
    let folder = tempfile::tempdir().expect("a temp folder");
    run(&simulator, folder.path(), &["companies", "sync"]);

    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("discovery");
    group
        .sample_size(10)
        .sampling_mode(SamplingMode::Flat)
        .warm_up_time(Duration::from_millis(1))
        .measurement_time(Duration::from_secs(1));
    let mut rates = Vec::new();
    for (preset, companies, target) in PRESETS {
        let (mut done, mut seconds) = (0.0, 0.0);
        group.throughput(Throughput::Elements(companies.into()));
        group.bench_function(BenchmarkId::from_parameter(preset), |bench| {
            bench.iter_custom(|times| {
                let sample: f64 = (0..times)
                    .map(|_| discover(&simulator, folder.path(), preset, companies))
                    .sum();
                #[expect(clippy::cast_precision_loss, reason = "a few runs")]
                let runs = times as f64;
                done += runs * f64::from(companies);
                seconds += sample;
                Duration::from_secs_f64(sample)
            });
        });
        rates.push((preset, done / seconds, target));
    }
    group.finish();
    drop(simulator);
    artifacts(&mut criterion);
    criterion.final_summary();
    report(&rates);
}

/// The whole pipeline without latency and limit. The simulator generates every document on the same processors,
/// so the result shows changes, not the maximum speed of the program.
fn artifacts(criterion: &mut Criterion) {
    let simulator = Simulator::start(Options {
        companies: 400,
        today: date(2025, 6, 30),
        years: 3,
        compress: false,
        ..Options::default()
    })
    .expect("a free port on loopback");
    let folder = tempfile::tempdir().expect("a temp folder");
    run(&simulator, folder.path(), &["companies", "sync"]);
    let (_, artifacts) = download(&simulator, folder.path());
    let mut group = criterion.benchmark_group("everything");
    group
        .sample_size(10)
        .sampling_mode(SamplingMode::Flat)
        .warm_up_time(Duration::from_millis(1))
        .measurement_time(Duration::from_secs(1))
        .throughput(Throughput::Elements(artifacts));
    group.bench_function("artifacts", |bench| {
        bench.iter_custom(|times| {
            let seconds = (0..times).map(|_| download(&simulator, folder.path()).0);
            Duration::from_secs_f64(seconds.sum())
        });
    });
    group.finish();
}

/// Discovers this number of companies with a new database. Returns the duration in seconds.
fn discover(simulator: &Simulator, folder: &Path, preset: &str, companies: u32) -> f64 {
    let limit = companies.to_string();
    let args = ["--no-download", "--preset", preset, "--limit", &limit];
    let summary = backfill(simulator, folder, &args);
    assert_eq!(summary["companies"]["done"], companies, "{summary}");
    summary["elapsed_s"].as_f64().expect("a number")
}

/// Discovers and downloads everything. Returns the duration in seconds and the number of artifacts.
fn download(simulator: &Simulator, folder: &Path) -> (f64, u64) {
    // The folder may not exist.
    let _ = fs::remove_dir_all(folder.join("filings"));
    let summary = backfill(simulator, folder, &[]);
    let seconds = summary["elapsed_s"].as_f64().expect("a number");
    let artifacts = summary["artifacts"]["downloaded"]
        .as_u64()
        .expect("a number");
    assert_eq!(summary["artifacts"]["failed"], 0, "{summary}");
    (seconds, artifacts)
}

/// A first run with a database that has only the company list. Returns its summary.
fn backfill(simulator: &Simulator, folder: &Path, args: &[&str]) -> serde_json::Value {
    let database = folder.join("run.db");
    for ending in ["", "-wal", "-shm"] {
        // The folder may not exist.
        let _ = fs::remove_file(folder.join(format!("run.db{ending}")));
    }
    fs::copy(folder.join("filings.db"), database).expect("room for a database");
    let common = [
        "--db",
        "run.db",
        "backfill",
        "--since=2024-07-01",
        "--exchange=all",
        "--discover-from=api",
        "--json",
    ];
    let summary = run(simulator, folder, &[&common[..], args].concat());
    serde_json::from_slice(&summary).expect("a JSON document")
}

/// Runs the binary. Returns its output.
fn run(simulator: &Simulator, folder: &Path, args: &[&str]) -> Vec<u8> {
    let url = simulator.url();
    let output = Command::new(env!("CARGO_BIN_EXE_filing-etl"))
        .args(args)
        .current_dir(folder)
        .env("XDG_STATE_HOME", folder)
        .env("FILING_ETL_ARCHIVES_URL", &url)
        .env("FILING_ETL_DATA_URL", &url)
        .env("FILING_ETL_LISTINGS_URL", &url)
        .env("FILING_ETL_USER_AGENT", "bench bench@example.com")
        .env("FILING_ETL_RATE", "none")
        .env("FILING_ETL_PROGRESS", "none")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .expect("the binary is there");
    assert!(output.status.success(), "{}", output.status);
    output.stdout
}

/// Prints rates and ratios, because criterion prints only times.
fn report(rates: &[(&str, f64, f64)]) {
    let Some((_, baseline, _)) = rates.first().filter(|(_, rate, _)| rate.is_finite()) else {
        return; // excluded by a filter
    };
    let mut out = io::stdout().lock();
    for (preset, rate, target) in rates {
        // The pipe may be closed.
        let _ = writeln!(
            out,
            "{preset:<10} {rate:>7.1} companies/s, {:>5.2} times sequential (target {target})",
            rate / baseline,
        );
    }
}
