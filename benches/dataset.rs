//! Measures the speed and the memory of an export, with the binary as a user runs it.
//!
//! `cargo bench --bench dataset -- [rows] [MB of facts] [folder]`: the number of rows, a third each of
//! filings, filers and artifacts (default 1,000,000), and the amount of JSON facts in members of 1 to 10 MB
//! (default 200). A given folder is kept for `benches/compare/dataset.py`, which does the same work with
//! DuckDB and pyarrow.

mod process;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use filing_etl::internals::{CompanyRow, Writer};
use jiff::Timestamp;
use rusqlite::Connection;
use zip::write::{SimpleFileOptions, ZipWriter};

const COMPANIES: u64 = 6000;

/// The quarters since 2009 for which companies have facts.
const QUARTERS: usize = 68;

fn main() {
    let arguments = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"));
    let arguments: Vec<String> = arguments.collect();
    let number = |at: usize, or: u64| {
        let given = arguments.get(at);
        given.map_or(or, |text| text.parse().expect("a number"))
    };
    let (rows, megabytes) = (number(0, 1_000_000), number(1, 200));
    let temporary = tempfile::tempdir().expect("a temp folder");
    let folder = arguments
        .get(2)
        .map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    fs::create_dir_all(&folder).expect("a folder");
    fill(&folder.join("filings.db"), rows / 3);
    let json = facts(&folder.join("filings/.facts"), megabytes << 20);

    for made in ["dataset", "csv", "facts"] {
        // Files of an earlier bench, if the folder was kept.
        let _ = fs::remove_dir_all(folder.join(made));
    }
    let first = run(&folder, &["export", "--to", "dataset"]);
    report("first export", rows, "rows", &first);
    let second = run(&folder, &["export", "--to", "dataset"]);
    report("second export, nothing changed", rows, "rows", &second);
    let csv = run(&folder, &["export", "--to", "csv", "--format", "csv"]);
    report("csv", rows, "rows", &csv);
    let facts = run(&folder, &["export", "--to", "facts", "--what", "facts"]);
    report("facts", json >> 20, "MB of JSON", &facts);
}

fn report(what: &str, amount: u64, unit: &str, (time, peak): &(Duration, u64)) {
    let speed = u128::from(amount) * 1000 / time.as_millis().max(1);
    let (ms, mb) = (time.as_millis(), peak / 1024);
    let line = format!("{what:32} {ms:>7} ms  {speed:>9} {unit}/s  {mb:>4} MB at most\n");
    std::io::stdout()
        .write_all(line.as_bytes())
        .expect("standard output");
}

/// Runs the binary. Returns its duration and its peak memory in kB.
fn run(folder: &Path, args: &[&str]) -> (Duration, u64) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_filing-etl"));
    command
        .args(args)
        .arg("-q")
        .current_dir(folder)
        .env("XDG_STATE_HOME", folder)
        .stdout(Stdio::null());
    process::measured(&mut command)
}

/// A database with this number of filings in eleven years, each with a filer and a file, grouped by company as
/// after a backfill.
fn fill(path: &Path, filings: u64) {
    if path.exists() {
        return;
    }
    let mut writer = Writer::open(path).expect("a new database");
    let companies: Vec<_> = (1..=COMPANIES)
        .map(|cik| CompanyRow {
            cik: (cik * 300).to_string().parse().expect("a CIK"),
            name: format!("Company {cik} Inc."),
            etf: false,
            listings: Vec::new(),
        })
        .collect();
    writer
        .put_universe(&companies, true, Timestamp::UNIX_EPOCH)
        .expect("a disk with room");
    drop(writer);
    let of_each = filings / COMPANIES + 1;
    let sql = format!(
        "PRAGMA synchronous = OFF;
         BEGIN;
         INSERT INTO filings (accession, folder, form, filed_on, report_date, accepted_at,
             primary_document, items, size, is_xbrl, discovered_at)
         WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n + 1 < {filings}),
         d AS (
             SELECT n, date('2015-01-05', ((n % {of_each}) * 4000 / {of_each}) || ' days') AS day,
                 (n / {of_each} + 1) * 300 AS cik
             FROM n
         )
         SELECT printf('%010d-%02d-%06d', 900000 + n % 7919, substr(day, 3, 2), n % 1000000), cik,
             CASE n % 8 WHEN 0 THEN '10-K' WHEN 1 THEN '10-Q' WHEN 2 THEN '8-K' ELSE '4' END, day,
             date(day, '-40 days'), day || 'T16:30:22.000Z', 'xslF345X05/form4-' || n || '.xml',
             CASE n % 8 WHEN 2 THEN '2.02,9.01' ELSE '' END, abs(random()) % 3000000, n % 2,
             '2026-01-05T06:00:00.000Z'
         FROM d;
         INSERT INTO filers (cik, filing) SELECT folder, id FROM filings;
         INSERT INTO artifacts (filing, name, kind, status, queued_by, attempts, bytes, sha256,
             downloaded_at)
         SELECT id, substr(primary_document, 12), 'primary', 'downloaded', 1, 1, abs(random()) % 90000,
             randomblob(32), strftime('%Y-%m-%dT%H:%M:%fZ', 1767600000 + id % 86400, 'unixepoch')
         FROM filings;
         INSERT INTO holdings (form, year, filings)
         SELECT form, CAST(substr(filed_on, 1, 4) AS INTEGER), count(*) FROM filings GROUP BY 1, 2;
         INSERT INTO years SELECT DISTINCT year, 1 FROM holdings;
         COMMIT;"
    );
    let db = Connection::open(path).expect("the database");
    db.execute_batch(&sql).expect("a disk with room");
}

/// An archive of facts in EDGAR's format. Returns its bytes of JSON.
fn facts(folder: &Path, bytes: u64) -> u64 {
    fs::create_dir_all(folder).expect("a folder");
    let path = folder.join("companyfacts.zip");
    let file = File::create(&path).expect("a file");
    let mut zip = ZipWriter::new(BufWriter::new(file));
    let (mut random, mut written) = (fastrand::Rng::with_seed(7), 0);
    for cik in 1..=COMPANIES {
        if written >= bytes {
            break;
        }
        let cik = cik * 300;
        let text = document(cik, random.usize(1 << 20..10 << 20), &mut random);
        zip.start_file(format!("CIK{cik:010}.json"), SimpleFileOptions::default())
            .and_then(|()| Ok(zip.write_all(text.as_bytes())?))
            .expect("a disk with room");
        written += text.len() as u64;
    }
    zip.finish().expect("a disk with room");
    let notes = serde_json::json!({
        "url": "https://www.sec.gov/Archives/edgar/daily-index/xbrl/companyfacts.zip",
        "whole": {
            "etag": "\"1\"", "last_modified": null, "current_at": 0,
            "bytes": fs::metadata(path).expect("our own file").len(),
        },
    });
    fs::write(folder.join("notes.json"), notes.to_string()).expect("a disk with room");
    written
}

/// A member of about this size: tags with about sixty facts each. As in EDGAR's, a fact is in up to two filings, those
/// of a tag are in the order of the end of their period, and the last of the same period has a frame.
fn document(cik: u64, size: usize, random: &mut fastrand::Rng) -> String {
    let filing = |quarter: usize| {
        let (year, of_year) = (2009 + quarter / 4, quarter % 4);
        let (form, period) = [
            ("10-Q", "Q1"),
            ("10-Q", "Q2"),
            ("10-Q", "Q3"),
            ("10-K", "FY"),
        ][of_year];
        format!(
            "\"accn\":\"{cik:010}-{:02}-{:06}\",\"fy\":{year},\"fp\":\"{period}\",\"form\":\"{form}\",\
             \"filed\":\"{year}-{:02}-28\"",
            year % 100,
            quarter * 7919 % 1000,
            of_year * 3 + 3,
        )
    };
    let filings: Vec<String> = (0..QUARTERS).map(filing).collect();
    let mut text =
        format!("{{\"cik\":{cik},\"entityName\":\"Company {cik}\",\"facts\":{{\"us-gaap\":{{");
    let mut tag = 0;
    while text.len() < size {
        if tag > 0 {
            text.push(',');
        }
        write!(
            text,
            "\"TagNumber{tag}\":{{\"label\":\"Tag Number {tag}\",\"description\":\"Amount of what the tag \
             with the number {tag} is about, as of the end of the period.\",\"units\":{{\"USD\":["
        )
        .expect("a String takes all");
        let (first, is_instant) = (random.usize(..QUARTERS), random.bool());
        for quarter in first..QUARTERS {
            let (year, month) = (2009 + quarter / 4, quarter % 4 * 3 + 3);
            let value = random.i64(-9_000_000_000..90_000_000_000);
            // A year later it is in the column of the year before.
            let later = filings.get(quarter + 4);
            for (n, filing) in [filings.get(quarter), later]
                .into_iter()
                .flatten()
                .enumerate()
            {
                if !text.ends_with('[') {
                    text.push(',');
                }
                text.push('{');
                if !is_instant {
                    write!(text, "\"start\":\"{year}-01-01\",").expect("a String takes all");
                }
                write!(
                    text,
                    "\"end\":\"{year}-{month:02}-28\",\"val\":{value},{filing}"
                )
                .expect("a String takes all");
                if n == 1 || later.is_none() {
                    write!(text, ",\"frame\":\"CY{year}Q{}\"", month / 3)
                        .expect("a String takes all");
                }
                text.push('}');
            }
        }
        text.push_str("]}}");
        tag += 1;
    }
    text + "}}}"
}
