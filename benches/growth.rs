//! How does it grow? What must stay flat, whatever the database holds: the time a company takes in
//! discovery, the start of a run, `stats`, `monitor --once`, and the memory of each.
//!
//! Arguments name the sizes, as companies and artifacts of each: by default `1000x20 5000x20`, and
//! `cargo bench --bench growth -- 1000x100 10000x100 100000x100` up to ten million artifacts (a
//! database of some 2 GB in the system's temp folder). Filings come through the writer, 20 companies a commit; all artifacts stay queued.
//! Then the real binary runs; its peak memory is read from `/proc` (Linux; elsewhere it is left out).

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use filing_etl::edgar::{Accession, Artifact, Cik, Filing, Wanted};
use filing_etl::sim::{Options, Simulator};
use filing_etl::store::{CompanyRow, Writer};
use jiff::Timestamp;
use jiff::civil::date;

/// Companies in a commit, as a run commits many records at once.
const COMMIT: usize = 20;

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let mut sizes: Vec<_> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    if sizes.is_empty() {
        sizes = ["1000x20", "5000x20"].map(str::to_owned).into();
    }
    let mut out = String::from(
        "companies  artifacts  written/s  db MB  | nothing to do  stats  monitor --once  | 900 companies more\n",
    );
    for size in sizes {
        let (companies, each) = size.split_once('x').expect("companies x artifacts");
        let companies = companies.parse().expect("a number of companies");
        let each = each.parse().expect("a number of artifacts");
        out += &row(companies, each);
        // Nobody reads when the pipe is closed.
        let _ = write!(io::stdout(), "{out}");
        out.clear();
    }
}

fn row(companies: u32, each: u32) -> String {
    let folder = tempfile::tempdir().expect("a temp folder");
    let folder = folder.path();
    let simulator = Simulator::start(Options {
        companies: 1000,
        years: 3,
        compress: false,
        ..Options::default()
    })
    .expect("a free port on loopback");
    run(&simulator, folder, &["companies", "sync"]);
    let began = Instant::now();
    let real: Vec<_> = simulator.universe().companies().map(|c| c.cik).collect();
    fill(&folder.join("filings.db"), &real, companies, each);
    let artifacts = companies * each;
    let rate = f64::from(artifacts) / began.elapsed().as_secs_f64();
    let bytes = fs::metadata(folder.join("filings.db")).map_or(0, |file| file.len());

    let mut row = format!(
        "{companies:>9}  {artifacts:>9}  {rate:>9.0}  {:>5}  |",
        bytes >> 20
    );
    // The second time there is nothing new about this one.
    let cik = format!("--cik={}", real[0].get());
    let discover = [
        "backfill",
        "--discover-from=api",
        "--no-download",
        "--exchange=all",
    ];
    run(&simulator, folder, &[&discover[..], &[&cik]].concat());
    for args in [
        [&discover[..], &[&cik]].concat(),
        vec!["stats"],
        vec!["monitor", "--once"],
        [&discover[..], &["--limit=900"]].concat(),
    ] {
        let (time, peak) = run(&simulator, folder, &args);
        let _ = write!(row, "  {:.2} s, {} MB", time.as_secs_f64(), peak >> 10);
    }
    row + "\n"
}

/// Adds companies with filings and a queued artifact for each, beside those that exist.
fn fill(database: &Path, real: &[Cik], companies: u32, each: u32) {
    let mut writer = Writer::open(database).expect("a database");
    let ciks: Vec<Cik> = (0..u64::from(companies))
        .map(|n| Cik::new(5_000_000 + n).expect("a small number"))
        .collect();
    let rows: Vec<_> = ciks
        .iter()
        .chain(real)
        .map(|cik| CompanyRow {
            cik: *cik,
            name: format!("COMPANY {cik} INC"),
            listings: Vec::new(),
        })
        .collect();
    // Now, so that the list is not asked for again.
    let now = Timestamp::now();
    writer.put_universe(&rows, true, now).expect("room");
    for some in ciks.chunks(COMMIT) {
        let batch = writer.begin().expect("the only writer");
        for cik in some {
            let filings: Vec<_> = (0..each).map(|n| filing(*cik, n)).collect();
            let artifacts: Vec<_> = filings.iter().map(|f| artifact(*cik, f)).collect();
            batch.put_filings(*cik, &filings, now).expect("room");
            batch.put_artifacts(&artifacts).expect("room");
            batch.company_checked(*cik, now).expect("room");
        }
        batch.commit().expect("room");
    }
    writer.close().expect("room");
}

fn filing(cik: Cik, number: u32) -> Filing {
    let year = i16::try_from(2000 + number % 25).expect("a year");
    let form = ["10-K", "10-Q", "8-K", "4", "424B2"][number as usize % 5];
    // Agents number the filings of many companies: neighbours in one are strangers as numbers.
    let spread = (cik.get() * 100 + u64::from(number)) * 7919 % 99_999_989;
    let id = (1_000_000 + spread / 1_000_000) * 100_000_000
        + u64::from(number % 25) * 1_000_000
        + spread % 1_000_000;
    Filing {
        accession: Accession::new(id).expect("18 digits"),
        form: form.to_owned(),
        filed_on: date(year, 3, 14),
        report_date: Some(date(year, 1, 1)),
        accepted_at: format!("{year}-03-14T16:30:22.000Z"),
        primary_document: format!("d{number:06}.htm"),
        items: String::new(),
        size: Some(1_000_000),
        is_xbrl: true,
    }
}

fn artifact(cik: Cik, filing: &Filing) -> Artifact {
    let (kind, name) = filing.artifact(Wanted::Primary);
    Artifact {
        accession: filing.accession,
        cik,
        kind,
        name,
        submission_size: filing.size,
    }
}

/// Runs the binary; returns how long it took and its peak memory in KB.
#[expect(clippy::disallowed_methods, reason = "there is no run to stop here")]
fn run(simulator: &Simulator, folder: &Path, args: &[&str]) -> (Duration, u64) {
    let url = simulator.url();
    let began = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_filing-etl"))
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
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary is there");
    let mut peak = 0;
    loop {
        peak = peak.max(high_water(child.id()));
        if let Some(status) = child.try_wait().expect("a child") {
            assert!(status.success(), "{args:?}: {status}");
            return (began.elapsed(), peak);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The most memory a process has held so far, in KB; 0 once it has ended.
fn high_water(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}
