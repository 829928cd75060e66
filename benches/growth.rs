//! Measures how times and memory grow with the database: discovery of a company, the start of a run, `stats`,
//! `monitor --once`, and the writer.
//!
//! The arguments are sizes, as the number of companies and the artifacts of each. The default is `1000x20
//! 5000x20`. `cargo bench --bench growth -- 1000x100 10000x100 100000x100` goes up to ten million artifacts (a
//! database of about 2 GB in the system's temporary folder). Below each size are its ratios to the first one;
//! 1.00 means no growth.
//!
//! The writer adds the filings, 20 companies per commit, and all artifacts stay queued. To save time, the
//! accession numbers of the database ascend with its companies. The measured rows are added afterwards; their
//! numbers are spread among the others, as in reality. Then the real binary runs. Its peak memory is read from
//! `/proc` (Linux only). Other programs may be running, so the fastest of several runs counts, and the CPU time
//! of the writer's thread is shown as well (Linux only).

mod process;

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use filing_etl::internals::{Accession, ArtifactChoice, Cik, Filing, QueueItem};
use filing_etl::internals::{CompanyRow, Writer};
use filing_etl::sim::{Options, Simulator};
use jiff::Timestamp;
use jiff::civil::date;

/// Companies in a commit, as a run commits many records at once.
const COMMIT: usize = 20;

/// The companies that are added to each database for the measurement, and how many are added between two
/// readings of the clock. The first half is a warm-up and not measured, since part of its cost
/// arises in the second half.
const MORE: u32 = 4000;
const STEP: u32 = 500;

/// The number of runs of each command, and the companies that each run of the last kind discovers.
const RUNS: usize = 3;
const NEW: &str = "300";

fn main() {
    // `cargo test --benches` only checks that the bench starts.
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
    say(&format!("{HEADER}\n"));
    let mut first = None;
    for size in sizes {
        let (companies, each) = size.split_once('x').expect("companies x artifacts");
        let companies = companies.parse().expect("a number of companies");
        let each = each.parse().expect("a number of artifacts");
        let row = measure(companies, each);
        say(&row.shown());
        match &first {
            None => first = Some(row),
            Some(first) => say(&row.ratios(first)),
        }
    }
}

/// Prints a line. The pipe may be closed.
fn say(text: &str) {
    let _ = write!(io::stdout(), "{text}");
}

const HEADER: &str = "companies  artifacts   db MB | written/s  fastest  CPU us a row  worst commit | \
                      nothing to do    stats            monitor --once   300 companies more";

/// The results of one size.
struct Row {
    companies: u32,
    artifacts: u32,
    megabytes: u64,
    written: Written,
    /// Time and peak memory in KB of each command.
    commands: Vec<(Duration, u64)>,
}

/// The speed of the writer on the existing database, in filings with their artifacts a second.
struct Written {
    overall: f64,
    fastest: f64,
    /// CPU time for each filing in microseconds.
    cpu: f64,
    worst_commit: Duration,
}

impl Row {
    fn shown(&self) -> String {
        let Written {
            overall,
            fastest,
            cpu,
            worst_commit,
        } = self.written;
        let mut out = format!(
            "{:>9}  {:>9}  {:>6} | {overall:>9.0}  {fastest:>7.0}  {cpu:>12.1}  {:>10.2} s |",
            self.companies,
            self.artifacts,
            self.megabytes,
            worst_commit.as_secs_f64()
        );
        for (time, peak) in &self.commands {
            let _ = write!(out, " {:.3} s, {:>2} MB  ", time.as_secs_f64(), peak >> 10);
        }
        out + "\n"
    }

    /// The ratios of this row to another one.
    fn ratios(&self, first: &Self) -> String {
        let mut out = format!(
            "{:>29} | {:>9.2}  {:>7.2}  {:>12.2}  {:>12} |",
            "ratio",
            self.written.overall / first.written.overall,
            self.written.fastest / first.written.fastest,
            self.written.cpu / first.written.cpu,
            ""
        );
        for ((time, peak), (first_time, first_peak)) in self.commands.iter().zip(&first.commands) {
            let time = time.as_secs_f64() / first_time.as_secs_f64();
            #[expect(clippy::cast_precision_loss, reason = "kilobytes")]
            let peak = *peak as f64 / *first_peak as f64;
            let _ = write!(out, " {time:>5.2}    {peak:>5.2}  ");
        }
        out + "\n"
    }
}

fn measure(companies: u32, each: u32) -> Row {
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
    let real: Vec<_> = simulator.universe().companies().map(|c| c.cik).collect();
    let database = folder.join("filings.db");
    fill(&database, &real, companies, each);
    let bytes = fs::metadata(&database).map_or(0, |file| file.len());

    // In the second run, this company has nothing new.
    let cik = format!("--cik={}", real[0].get());
    let discover = [
        "backfill",
        "--discover-from=api",
        "--no-download",
        "--exchange=all",
    ];
    let nothing = [&discover[..], &[&cik]].concat();
    run(&simulator, folder, &nothing);
    let more = [&discover[..], &["--limit", NEW]].concat();
    let commands = [nothing, vec!["stats"], vec!["monitor", "--once"], more]
        .iter()
        .map(|args| {
            let runs: Vec<_> = (0..RUNS).map(|_| run(&simulator, folder, args)).collect();
            let time = runs.iter().map(|(time, _)| *time).min();
            let peak = runs.iter().map(|(_, peak)| *peak).max();
            (time.expect("some runs"), peak.expect("some runs"))
        })
        .collect();
    let written = write_more(&database, &real, companies, each);
    Row {
        companies,
        artifacts: companies * each,
        megabytes: bytes >> 20,
        written,
        commands,
    }
}

/// Adds companies with filings and one queued artifact for each filing.
fn fill(database: &Path, real: &[Cik], companies: u32, each: u32) {
    let mut writer = Writer::open(database).expect("a database");
    put_universe(&mut writer, real, companies);
    let numbers: Vec<_> = (0..companies).collect();
    for some in numbers.chunks(COMMIT) {
        // In descending order within a commit: pages that grow only at the end would be fuller than in reality.
        let some: Vec<_> = some.iter().rev().copied().collect();
        write(&mut writer, &some, each, |n| n * 10);
    }
    writer.close().expect("room");
}

/// Adds more companies, whose accession numbers are spread among the existing ones.
fn write_more(database: &Path, real: &[Cik], companies: u32, each: u32) -> Written {
    let mut writer = Writer::open(database).expect("a database");
    put_universe(&mut writer, real, companies + MORE);
    let all = u64::from(companies) * u64::from(each);
    // Each number fills a gap: 7919 is a prime that does not divide the number of rows.
    let anywhere = |n: u64| (n * 7919 % all) * 10 + 1 + n / all % 9;
    let numbers: Vec<_> = (companies..companies + MORE).collect();
    let (unmeasured, measured) = numbers.split_at((MORE / 2) as usize);
    for some in unmeasured.chunks(COMMIT) {
        write(&mut writer, some, each, anywhere);
    }
    let (mut steps, mut worst, cpu) = (Vec::new(), Duration::ZERO, on_cpu());
    for step in measured.chunks(STEP as usize) {
        let began = Instant::now();
        for some in step.chunks(COMMIT) {
            let began = Instant::now();
            write(&mut writer, some, each, anywhere);
            worst = worst.max(began.elapsed());
        }
        steps.push(began.elapsed());
    }
    let cpu = on_cpu().saturating_sub(cpu);
    writer.close().expect("room");
    let rows = f64::from(MORE / 2 * each);
    let fastest = steps.iter().min().expect("some steps");
    Written {
        overall: rows / steps.iter().sum::<Duration>().as_secs_f64(),
        fastest: f64::from(STEP * each) / fastest.as_secs_f64(),
        cpu: cpu.as_secs_f64() * 1e6 / rows,
        worst_commit: worst,
    }
}

/// The companies of the simulator, and this number of invented ones.
fn put_universe(writer: &mut Writer, real: &[Cik], companies: u32) {
    let ciks = (0..companies).map(made_up).chain(real.iter().copied());
    let rows: Vec<_> = ciks
        .map(|cik| CompanyRow {
            etf: false,
            cik,
            name: format!("COMPANY {cik} INC"),
            listings: Vec::new(),
        })
        .collect();
    // The current time, so that the company list is not loaded again.
    let now = Timestamp::now();
    writer.put_universe(&rows, true, now).expect("room");
}

/// Writes companies in one commit. `place` returns the position of the n-th filing among all numbers.
fn write(writer: &mut Writer, companies: &[u32], each: u32, place: impl Fn(u64) -> u64) {
    let now = Timestamp::now();
    let mut batch = writer.begin().expect("the only writer");
    for &company in companies {
        let cik = made_up(company);
        let filings: Vec<_> = (0..each)
            .map(|n| {
                filing(
                    place(u64::from(company) * u64::from(each) + u64::from(n)),
                    n,
                )
            })
            .collect();
        let items: Vec<_> = filings.iter().map(|f| item(cik, f)).collect();
        let filings: Vec<_> = filings.into_iter().map(|f| (f, cik)).collect();
        batch.put_filings(cik, &filings, now).expect("room");
        batch.queue(&items).expect("room");
        batch.company_checked(cik, (now, now), &[]).expect("room");
    }
    batch.commit().expect("room");
}

fn made_up(number: u32) -> Cik {
    Cik::new(5_000_000 + u64::from(number)).expect("a small number")
}

/// A filing at this position among all accession numbers, with this number within its company.
fn filing(place: u64, number: u32) -> Filing {
    let year = i16::try_from(2000 + number % 25).expect("a year");
    let form = ["10-K", "10-Q", "8-K", "4", "424B2"][number as usize % 5];
    // An agent's number, a year, and a number within it.
    let id = (1_000_000 + place / 25_000_000) * 100_000_000 + place % 25_000_000;
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

fn item(cik: Cik, filing: &Filing) -> QueueItem {
    QueueItem {
        accession: filing.accession,
        folder: cik,
        target: filing.target(ArtifactChoice::Primary),
        submission_size: filing.size,
    }
}

/// Runs the binary. Returns its duration and its peak memory in KB.
fn run(simulator: &Simulator, folder: &Path, args: &[&str]) -> (Duration, u64) {
    let url = simulator.url();
    let mut command = Command::new(env!("CARGO_BIN_EXE_filing-etl"));
    command
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
        .stdout(Stdio::null());
    process::measured(&mut command)
}

/// The CPU time of this thread; 0 if the system does not report it.
fn on_cpu() -> Duration {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = told.split_whitespace().next().and_then(|n| n.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}
