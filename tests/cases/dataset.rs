//! `export`: every row is written once with the values of the views, and later only changed files are
//! written again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use filing_etl::sim::{Options, Simulator};
use jiff::Timestamp;
use jiff::civil::date;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::{Field, Row};
use serde_json::Value;

use crate::harness::process::Running;
use crate::harness::{Output, Sandbox, after, simulated};

/// The tables of the dataset, with the query that gives the same rows in the same order.
const TABLES: [(&str, &str); 5] = [
    (
        "companies",
        "SELECT cik, name, ticker, exchange, active, filings, last_checked_at, sic, industry, state,
             fiscal_year_end, entity_type, ein, etf FROM v_companies ORDER BY cik",
    ),
    (
        "listings",
        "SELECT cik, ticker, exchange, active, substr(first_seen, 1, 10), substr(last_seen, 1, 10), etf
         FROM v_listings ORDER BY cik, ticker",
    ),
    (
        "filings",
        "SELECT accession, cik, form, filed_on, report_date, accepted_at, primary_document, items, size,
             is_xbrl, discovered_at
         FROM v_filings WHERE cik = folder ORDER BY substr(filed_on, 1, 4), cik, filed_on, rowid_of",
    ),
    (
        "filers",
        "SELECT cik, accession, filed_on FROM v_filings
         ORDER BY substr(filed_on, 1, 4), cik, filed_on, accession",
    ),
    (
        "artifacts",
        "SELECT id, accession, cik, form, filed_on, kind, name, url, status, path, bytes, sha256,
             attempts, last_error, downloaded_at, type, sequence, description
         FROM v_artifacts ORDER BY substr(filed_on, 1, 4), cik, filed_on, rowid_of",
    ),
];

pub fn simulator() -> Simulator {
    simulated::start(Options {
        companies: 25,
        ..simulated::small()
    })
}

/// A sandbox after a backfill of every form since 2021, with documents.
fn filled(sim: &Simulator) -> Sandbox {
    let sandbox = Sandbox::new();
    let args = ["--form", "all", "--since", "2021-01-01", "--no-download"];
    let _ = Output::of(sandbox.backfill(sim, &args)).code(0);
    let args = [
        "--form",
        "10-K",
        "--artifacts",
        "documents",
        "--exchange",
        "nasdaq",
    ];
    let _ = Output::of(sandbox.backfill(sim, &args)).code(0);
    sandbox
}

pub fn export(sandbox: &Sandbox, args: &[&str]) -> Output {
    sandbox.run(&[&["export", "--to", "dataset", "--json"], args].concat())
}

/// Every file below a folder, by its path in it.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
                found.insert(name.to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// The paths of the files of a table, in the order of their years.
pub fn files_of(sandbox: &Sandbox, table: &str) -> Vec<String> {
    files_below(&sandbox.path("dataset"), table)
}

fn files_below(dataset: &Path, table: &str) -> Vec<String> {
    let file = format!("/{table}.");
    let all = files(dataset).into_keys();
    all.filter(|path| format!("/{path}").contains(&file))
        .collect()
}

/// A value in the form of a query result.
pub fn shown(field: &Field) -> String {
    match field {
        Field::Null => "NULL".to_owned(),
        Field::Bool(value) => u8::from(*value).to_string(),
        Field::Long(value) => value.to_string(),
        Field::Double(value) => value.to_string(),
        Field::Str(value) => value.clone(),
        Field::Date(days) => (date(1970, 1, 1) + jiff::Span::new().days(*days)).to_string(),
        Field::TimestampMicros(micros) => {
            format!("{:.3}", Timestamp::from_microsecond(*micros).unwrap())
        }
        other => panic!("no column has {other:?}"),
    }
}

/// The rows of a Parquet table.
pub fn records(sandbox: &Sandbox, table: &str) -> Vec<Row> {
    records_below(&sandbox.path("dataset"), table)
}

fn records_below(dataset: &Path, table: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for path in files_below(dataset, table) {
        let file = File::open(dataset.join(path)).unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        rows.extend(reader.get_row_iter(None).unwrap().map(Result::unwrap));
    }
    rows
}

/// The rows of a Parquet table as a query would show them.
fn parquet_rows(sandbox: &Sandbox, table: &str) -> Vec<String> {
    rows_shown(&records(sandbox, table))
}

fn rows_shown(rows: &[Row]) -> Vec<String> {
    let cells = |row: &Row| -> Vec<_> { row.get_column_iter().map(|(_, f)| shown(f)).collect() };
    rows.iter().map(|row| cells(row).join("|")).collect()
}

/// The rows that the views have. `rowid_of` is the order of the tables, which no view tells.
fn expected(sandbox: &Sandbox, query: &str) -> Vec<String> {
    let of = "(SELECT f.id FROM filings AS f WHERE f.accession = accession_of), lower(name)";
    let filing = "(SELECT f.id FROM filings AS f WHERE f.accession = v_filings.accession)";
    let query = if query.contains("FROM v_artifacts") {
        query.replace(
            "rowid_of",
            &of.replace("accession_of", "v_artifacts.accession"),
        )
    } else {
        query.replace("rowid_of", filing)
    };
    sandbox.rows(&query)
}

#[track_caller]
fn assert_complete(sandbox: &Sandbox) {
    for (table, query) in TABLES {
        let (rows, expected) = (parquet_rows(sandbox, table), expected(sandbox, query));
        assert!(!expected.is_empty(), "{table}");
        assert_eq!(rows.len(), expected.len(), "{table}");
        for (row, expected) in rows.iter().zip(&expected) {
            assert_eq!(row, expected, "{table}");
        }
    }
}

/// The dataset in this folder has the rows of the views, in any order.
#[track_caller]
pub fn assert_is_of_views(sandbox: &Sandbox, folder: &str) {
    for (table, query) in TABLES {
        let rows = rows_shown(&records_below(&sandbox.path(folder), table));
        let [rows, expected] = [rows, expected(sandbox, query)].map(|mut rows| {
            rows.sort();
            rows
        });
        assert_eq!(rows, expected, "{table}");
    }
}

pub fn manifest(sandbox: &Sandbox) -> Value {
    let text = fs::read(sandbox.path("dataset/_filing_etl.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// The tables and years of the files that an export wrote.
pub fn written(
    before: &BTreeMap<String, Vec<u8>>,
    after: &BTreeMap<String, Vec<u8>>,
) -> BTreeSet<String> {
    let changed = |(path, bytes): &(&String, &Vec<u8>)| before.get(*path) != Some(*bytes);
    let paths = after.iter().filter(changed).map(|(path, _)| path.clone());
    paths.filter(|path| !path.starts_with('_')).collect()
}

#[test]
fn the_dataset_has_every_row_of_the_views_once() {
    let sim = simulator();
    let sandbox = filled(&sim);
    let json = export(&sandbox, &[]).code(0).json();
    assert_complete(&sandbox);
    let joint = "SELECT count(*) FROM v_filings WHERE cik <> folder";
    assert!(sandbox.number(joint) > 0, "no joint filing was exported");
    let statuses = sandbox.rows("SELECT DISTINCT status FROM v_artifacts ORDER BY 1");
    assert_eq!(statuses, ["downloaded", "pending"]);

    let manifest = manifest(&sandbox);
    assert_eq!(manifest["schema_version"], 1);
    assert_eq!(
        manifest["run_id"],
        sandbox.number("SELECT max(run_id) FROM v_runs")
    );
    assert_eq!(manifest["through"], json["through"]);
    for (table, query) in TABLES {
        let of = &manifest["tables"][table];
        let rows = expected(&sandbox, query).len();
        assert_eq!(of["rows"], rows, "{table}");
        assert_eq!(json["tables"][table]["rows"], rows, "{table}");
        let listed = of["files"].as_array().unwrap();
        let paths: Vec<_> = listed.iter().map(|f| f["path"].as_str().unwrap()).collect();
        assert_eq!(paths, files_of(&sandbox, table));
        for file in listed {
            let path = sandbox.path("dataset").join(file["path"].as_str().unwrap());
            assert_eq!(file["bytes"], fs::metadata(path).unwrap().len());
        }
    }
}

#[test]
fn a_second_export_writes_only_the_years_that_changed() {
    let sim = simulator();
    let sandbox = filled(&sim);
    let _ = export(&sandbox, &[]).code(0);
    let first = files(&sandbox.path("dataset"));
    let json = export(&sandbox, &[]).code(0).json();
    let second = files(&sandbox.path("dataset"));
    assert_eq!(written(&first, &second), BTreeSet::new());
    for (table, _) in TABLES {
        assert_eq!(json["tables"][table]["files_written"], 0, "{table}");
    }
    // The queued files of one year are downloaded.
    let one = sandbox.rows(
        "SELECT DISTINCT cik FROM v_artifacts WHERE status = 'pending' AND filed_on LIKE '2022%' LIMIT 1",
    );
    let _ = sandbox
        .run_against(&sim, &["download", "--cik", &one[0]])
        .code(0);
    let _ = export(&sandbox, &[]).code(0);
    assert_complete(&sandbox);
    let third = files(&sandbox.path("dataset"));
    let years = sandbox.rows(&format!(
        "SELECT DISTINCT 'artifacts/year=' || substr(filed_on, 1, 4) || '/artifacts.parquet'
         FROM v_documents WHERE cik = {} AND status = 'downloaded'",
        one[0]
    ));
    let changed = written(&second, &third);
    for year in &years {
        assert!(changed.contains(year), "{year}: {changed:?}");
    }
    // Another target does not depend on this one.
    let json = sandbox
        .run(&["export", "--to", "other", "--json"])
        .code(0)
        .json();
    assert_eq!(
        json["tables"]["artifacts"]["files_written"],
        json["tables"]["artifacts"]["files"]
    );
}

/// A database with filings of three years, one filing in the first of them, and no artifacts.
pub fn three_years() -> (Sandbox, filing_etl::internals::Writer) {
    let sandbox = Sandbox::new();
    let mut writer = filing_etl::internals::Writer::open(&sandbox.path("filings.db")).unwrap();
    let now = Timestamp::UNIX_EPOCH;
    let companies = [1_u64, 2].map(|cik| filing_etl::internals::CompanyRow {
        cik: cik.to_string().parse().unwrap(),
        name: "One".to_owned(),
        etf: false,
        listings: Vec::new(),
    });
    writer.put_universe(&companies, true, now).unwrap();
    put(&mut writer, 1, 2021);
    put(&mut writer, 2, 2022);
    put(&mut writer, 3, 2023);
    (sandbox, writer)
}

/// Records or corrects a filing of a year with both companies as filers.
pub fn put(writer: &mut filing_etl::internals::Writer, number: u64, year: i16) {
    let filing = filing_etl::internals::Filing {
        accession: filing_etl::internals::Accession::new(number).unwrap(),
        form: "10-K".to_owned(),
        filed_on: date(year, 3, 1),
        report_date: None,
        accepted_at: "2025-02-03T16:30:22.000Z".to_owned(),
        primary_document: "a.htm".to_owned(),
        items: String::new(),
        size: None,
        is_xbrl: false,
    };
    let mut batch = writer.begin().unwrap();
    for cik in ["1", "2"] {
        let found = [(filing.clone(), "1".parse().unwrap())];
        let now = Timestamp::UNIX_EPOCH;
        batch
            .put_filings(cik.parse().unwrap(), &found, now)
            .unwrap();
    }
    batch.commit().unwrap();
}

#[test]
fn a_corrected_date_changes_both_years_and_an_empty_year_goes() {
    let (sandbox, mut writer) = three_years();
    let _ = export(&sandbox, &[]).code(0);
    let before = files(&sandbox.path("dataset"));
    put(&mut writer, 1, 2022);
    let _ = export(&sandbox, &[]).code(0);
    let after = files(&sandbox.path("dataset"));
    let changed = written(&before, &after);
    let expected = [
        "filers/year=2022/filers.parquet",
        "filings/year=2022/filings.parquet",
    ];
    assert_eq!(changed, expected.map(str::to_owned).into());
    let gone: Vec<_> = before
        .keys()
        .filter(|path| !after.contains_key(*path))
        .collect();
    assert_eq!(
        gone,
        [
            "filers/year=2021/filers.parquet",
            "filings/year=2021/filings.parquet"
        ]
    );
    assert!(!sandbox.path("dataset/filings/year=2021").exists());
    let filings = parquet_rows(&sandbox, "filings");
    assert_eq!(filings.len(), 3);
    assert_eq!(parquet_rows(&sandbox, "filers").len(), 6);
}

#[test]
fn what_a_killed_export_left_is_completed_by_the_next_one() {
    let (sandbox, mut writer) = three_years();
    let _ = export(&sandbox, &[]).code(0);
    // The state after a kill during the renames: one file is new already, another is of a year that is no
    // longer on record, and the manifest is the old one.
    put(&mut writer, 4, 2023);
    let folder = sandbox.path("dataset");
    let new = sandbox.run(&["export", "--to", "new"]).code(0);
    drop(new);
    let path = "filings/year=2023/filings.parquet";
    fs::copy(sandbox.path("new").join(path), folder.join(path)).unwrap();
    fs::create_dir_all(folder.join("filings/year=1999")).unwrap();
    fs::copy(
        folder.join(path),
        folder.join("filings/year=1999/filings.parquet"),
    )
    .unwrap();
    fs::create_dir(folder.join("_filing_etl.tmp")).unwrap();
    fs::write(folder.join("_filing_etl.tmp/filings"), "half").unwrap();
    let _ = export(&sandbox, &[]).code(0);
    let [ours, new] = [folder, sandbox.path("new")].map(|folder| {
        let mut files = files(&folder);
        files.retain(|path, _| !path.starts_with('_'));
        files
    });
    assert_eq!(ours, new);
    assert!(!sandbox.path("dataset/_filing_etl.tmp").exists());
}

/// Adds this number of filings, each with a file, directly to the database.
fn many(sandbox: &Sandbox, filings: u32) {
    let sql = format!(
        "INSERT INTO filings (accession, folder, form, filed_on, accepted_at, primary_document, items,
             is_xbrl, discovered_at)
         WITH RECURSIVE n (n) AS (SELECT 1000 UNION ALL SELECT n + 1 FROM n WHERE n < {filings})
         SELECT printf('%010d-24-%06d', n / 1000000, n % 1000000), 1, '10-K', '2024-05-06',
             '2024-05-06T16:30:22.000Z', 'a.htm', '', 0, '2024-05-06T16:30:22.000Z' FROM n;
         INSERT INTO artifacts (filing, name, kind, status, queued_by)
         SELECT id, 'a.htm', 'primary', 'pending', 0 FROM filings;
         INSERT INTO holdings (form, year, filings) VALUES ('10-K', 2024, {filings});
         INSERT OR REPLACE INTO years VALUES (2024, 1)"
    );
    sandbox.db().execute_batch(&sql).unwrap();
}

#[test]
fn a_killed_or_interrupted_export_leaves_the_old_dataset() {
    let (sandbox, writer) = three_years();
    let _ = export(&sandbox, &[]).code(0);
    let before = files(&sandbox.path("dataset"));
    drop(writer);
    many(&sandbox, 300_000);
    for signal in ["KILL", "TERM"] {
        let mut running = Running::start(sandbox.command(&["export", "--to", "dataset"]));
        let begun = sandbox.path("dataset/_filing_etl.tmp/artifacts_year=2024_artifacts.parquet");
        assert!(
            running.until(|| begun.exists()),
            "it ended before it was killed"
        );
        running.signal(signal);
        let output = running.end();
        if signal == "TERM" {
            let _ = output.code(143);
            assert!(!sandbox.path("dataset/_filing_etl.tmp").exists());
        }
        let mut after = files(&sandbox.path("dataset"));
        after.retain(|path, _| !path.starts_with("_filing_etl.tmp"));
        assert_eq!(after, before);
        // The leftovers of this export would look like the beginning of the next one.
        let _ = fs::remove_dir_all(sandbox.path("dataset/_filing_etl.tmp"));
    }
    let json = export(&sandbox, &[]).code(0).json();
    assert_eq!(json["tables"]["filings"]["rows"], 300_000 - 999 + 3);
    assert_eq!(json["tables"]["filings"]["files_written"], 1);
}

#[test]
fn of_two_exports_to_one_folder_the_second_leaves_with_75() {
    let (sandbox, _writer) = three_years();
    let _ = export(&sandbox, &[]).code(0);
    let lock = File::open(sandbox.path("dataset/_filing_etl.lock")).unwrap();
    lock.lock().unwrap();
    let _ = export(&sandbox, &[]).code(75).says("another export");
    let _ = sandbox.run(&["export", "--to", "other"]).code(0);
    // Closing would not release it while another test starts a process, which has a copy of the handle.
    lock.unlock().unwrap();
    let _ = export(&sandbox, &[]).code(0);
}

#[test]
fn what_cannot_become_a_dataset_is_refused_and_left_as_it_was() {
    let (sandbox, writer) = three_years();
    fs::write(sandbox.path("file"), "ours").unwrap();
    fs::create_dir(sandbox.path("full")).unwrap();
    fs::write(sandbox.path("full/letter"), "ours").unwrap();
    let to = |to: &str| sandbox.run(&["export", "--to", to]);
    let _ = to("file").code(2).says("is not a folder");
    let _ = to("full").code(2).says("is not empty");
    assert_eq!(files(&sandbox.path("full")).len(), 1);
    let _ = to("file/below").code(1).says("file/below");
    let _ = sandbox
        .run(&["--db", "none.db", "export", "--to", "dataset"])
        .code(1)
        .says("none.db");
    assert!(!sandbox.path("dataset").exists());
    let _ = to("dataset").code(0);
    let path = sandbox.path("dataset/_filing_etl.json");
    fs::write(&path, r#"{"schema_version": 99}"#).unwrap();
    let _ = to("dataset").code(2).says("newer filing-etl");
    fs::write(&path, "{").unwrap();
    let _ = to("dataset").code(1).says("remove it");
    let _ = sandbox
        .run(&["export", "--to", "x", "--what", "nothing"])
        .code(2)
        .says("filings");
    drop(writer);
}

#[test]
fn a_folder_that_cannot_be_written_to_is_told_and_left_as_it_was() {
    let (sandbox, writer) = three_years();
    let told = "check its permissions, or name another folder";
    if Path::new("/proc/self").exists() {
        // Not even the superuser can make a folder there.
        let command = ["export", "--to", "/proc/dataset"];
        let _ = sandbox.run(&command).code(1).says(told);
    }
    let _ = export(&sandbox, &[]).code(0);
    let before = files(&sandbox.path("dataset"));
    drop(writer);
    many(&sandbox, 2000);
    let locked = |folder: &str, mode: u32| {
        let mode = fs::Permissions::from_mode(mode);
        fs::set_permissions(sandbox.path(folder), mode).unwrap();
    };
    locked("dataset", 0o555);
    if File::create(sandbox.path("dataset/probe")).is_ok() {
        // The superuser writes everywhere.
        fs::remove_file(sandbox.path("dataset/probe")).unwrap();
        locked("dataset", 0o755);
        return;
    }
    let _ = export(&sandbox, &[]).code(1).says(told);
    locked("dataset", 0o755);
    assert_eq!(files(&sandbox.path("dataset")), before);
}

#[test]
fn a_clock_set_back_changes_nothing_of_what_is_written_anew() {
    let (sandbox, mut writer) = three_years();
    let at = |now: &str| {
        let mut command = sandbox.command(&["export", "--to", "dataset", "--json"]);
        command.env("FILING_ETL_NOW", now);
        Output::of(command).code(0).json()
    };
    let _ = at("2026-11-25T12:00:00Z");
    put(&mut writer, 4, 2023);
    let json = at("2020-01-01T12:00:00Z");
    assert_eq!(json["tables"]["filings"]["files_written"], 1);
    assert_eq!(json["tables"]["filings"]["rows"], 4);
    let json = at("2019-01-01T12:00:00Z");
    assert_eq!(json["tables"]["filings"]["files_written"], 0);
}

#[test]
fn a_full_disk_is_told_and_leaves_the_old_dataset() {
    let (sandbox, writer) = three_years();
    let _ = export(&sandbox, &[]).code(0);
    let before = files(&sandbox.path("dataset"));
    drop(writer);
    many(&sandbox, 100_000);
    // A limit on file sizes acts like a full disk, and works on every machine.
    let command = sandbox.command(&["export", "--to", "dataset"]);
    let output = Output::of(after("trap '' XFSZ; ulimit -f 64", &command))
        .code(1)
        .says("check the free space of its disk");
    assert_eq!(output.stderr.matches("os error").count(), 1);
    assert_eq!(files(&sandbox.path("dataset")), before);
}

#[test]
fn a_dataset_keeps_its_filters() {
    let sim = simulator();
    let sandbox = filled(&sim);
    let busiest = "SELECT cik FROM v_filings GROUP BY cik ORDER BY count(*) DESC, cik LIMIT 1";
    let cik = sandbox.number(busiest).to_string();
    let filters = [
        "--cik",
        &cik,
        "--form",
        "insider,10-Q",
        "--since",
        "2023-03-01",
    ];
    let of_filter =
        "filed_on >= '2023-03-01' AND form IN ('3', '3/A', '4', '4/A', '5', '5/A', '144',
        '144/A', '10-Q', '10-Q/A')";
    let filings = format!(
        "SELECT accession FROM v_filings WHERE cik = {cik} AND {of_filter} ORDER BY accession"
    );
    let expected = sandbox.rows(&filings);
    assert!(!expected.is_empty());
    let exported = || {
        let mut rows: Vec<_> = parquet_rows(&sandbox, "filings")
            .iter()
            .map(|row| row.split('|').next().unwrap().to_owned())
            .collect();
        rows.sort();
        rows
    };
    for args in [&filters[..], &[], &filters[..]] {
        let _ = export(&sandbox, args).code(0);
        assert_eq!(exported(), expected, "{args:?}");
    }
    assert_eq!(parquet_rows(&sandbox, "companies").len(), 1);
    // Neither the order of the types nor their case makes other filters.
    let same = [
        "--cik",
        &cik,
        "--form",
        "10-q,INSIDER",
        "--since",
        "2023-03-01",
    ];
    let json = export(&sandbox, &same).code(0).json();
    assert_eq!(json["tables"]["filings"]["files_written"], 0);
    for other in ["10-K", "insider", "insider,10-Q,10-K"] {
        let args = ["--cik", &cik, "--form", other, "--since", "2023-03-01"];
        let _ = export(&sandbox, &args).code(2).says("other filters");
    }
    let _ = export(&sandbox, &["--form", "10-K"])
        .code(2)
        .says("other filters");
    let _ = export(&sandbox, &["--format", "csv"])
        .code(2)
        .says("name another folder");
    // A year without rows is in the manifest, too.
    let json = export(&sandbox, &[]).code(0).json();
    assert_eq!(json["tables"]["artifacts"]["files_written"], 0);
}

#[test]
fn tables_can_be_left_out_and_added_later() {
    let (sandbox, _writer) = three_years();
    let _ = export(&sandbox, &["--what", "filings"]).code(0);
    let _ = export(&sandbox, &["--form", "all"]).code(0);
    let _ = export(&sandbox, &["--no-amendments"]).code(2);
    assert!(files_of(&sandbox, "filers").is_empty() && files_of(&sandbox, "companies").is_empty());
    let json = export(&sandbox, &["--what", "filers,companies"])
        .code(0)
        .json();
    let tables: Vec<_> = json["tables"].as_object().unwrap().keys().collect();
    assert_eq!(tables, ["companies", "filers", "filings"]);
    assert_eq!(json["tables"]["filings"]["files_written"], 0);
}

/// The rows of a CSV table; an empty cell is NULL, a quoted one a text.
pub fn csv_rows(sandbox: &Sandbox, table: &str) -> Vec<String> {
    let mut rows = Vec::new();
    for path in files_of(sandbox, table) {
        let file = File::open(sandbox.path("dataset").join(path)).unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(file)
            .read_to_string(&mut text)
            .unwrap();
        let (mut cells, mut cell, mut chars) = (Vec::new(), String::new(), text.chars().peekable());
        let (mut quoted, mut was_quoted, mut lines) = (false, false, Vec::new());
        while let Some(c) = chars.next() {
            match c {
                '"' if quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
                '"' => (quoted, was_quoted) = (!quoted, true),
                ',' | '\n' if !quoted => {
                    let null = cell.is_empty() && !was_quoted;
                    cells.push(if null {
                        "NULL".to_owned()
                    } else {
                        cell.clone()
                    });
                    (cell, was_quoted) = (String::new(), false);
                    if c == '\n' {
                        lines.push(std::mem::take(&mut cells).join("|"));
                    }
                }
                c => cell.push(c),
            }
        }
        assert!(
            cells.is_empty() && cell.is_empty(),
            "the last line has its end"
        );
        rows.extend(lines.into_iter().skip(1));
    }
    rows
}

#[test]
fn csv_has_the_same_rows() {
    let sim = simulator();
    let sandbox = filled(&sim);
    let _ = sandbox
        .db()
        .execute("UPDATE companies SET name = 'A \"B\", C' || char(10) || 'D' WHERE cik = (SELECT min(cik) FROM companies)", [])
        .unwrap();
    let _ = export(&sandbox, &["--format", "csv"]).code(0);
    for (table, query) in TABLES {
        let rows = csv_rows(&sandbox, table);
        let expected: Vec<_> = expected(&sandbox, query);
        assert_eq!(rows.len(), expected.len(), "{table}");
        for (row, expected) in rows.iter().zip(&expected) {
            // In CSV, flags are words.
            let flags = |row: &str| row.replace("|true", "|1").replace("|false", "|0");
            assert_eq!(flags(row), *expected, "{table}");
        }
    }
    let first = files(&sandbox.path("dataset"));
    let _ = export(&sandbox, &[]).code(0);
    assert_eq!(
        written(&first, &files(&sandbox.path("dataset"))),
        BTreeSet::new()
    );
}

#[test]
fn an_update_refreshes_the_dataset_at_its_end() {
    let (before, later) = (date(2025, 11, 5), date(2025, 11, 14));
    let sim = Simulator::start(Options {
        companies: 20,
        today: before,
        filings_per_year: 30,
        document_scale: 0.001,
        ..Options::default()
    })
    .unwrap();
    let sandbox = Sandbox::new();
    let run = |now: &str, args: &[&str]| {
        let mut command = sandbox.command_against(&sim, args);
        command.env("FILING_ETL_NOW", now);
        Output::of(command)
    };
    let backfill = [
        "backfill",
        "--form",
        "all",
        "--since",
        "2024-01-01",
        "--no-download",
    ];
    let _ = run("2025-11-06T12:00:00Z", &backfill).code(0);
    sim.advance_to(later);
    let now = "2025-11-15T12:00:00Z";
    let _ = run(now, &["update", "--dry-run", "--export", "dataset"]).code(0);
    assert!(!sandbox.path("dataset").exists());
    fs::write(sandbox.path("file"), "").unwrap();
    let _ = run(now, &["update", "--export", "file"]).code(2);
    let _ = run(now, &["update", "-v", "--export", "dataset"])
        .code(0)
        .says("dataset in dataset");
    assert_complete(&sandbox);
    assert_eq!(manifest(&sandbox)["through"], "2025-11-14");
    // The new filings are in one year.
    let first = files(&sandbox.path("dataset"));
    sim.advance_to(date(2025, 11, 28));
    let now = "2025-11-29T12:00:00Z";
    let new = run(now, &["update", "--json", "--export", "dataset"])
        .code(0)
        .json();
    assert!(new["filings"]["new"].as_u64().unwrap() > 0);
    assert_complete(&sandbox);
    let changed = written(&first, &files(&sandbox.path("dataset")));
    assert!(!changed.is_empty());
    assert!(
        changed.iter().all(|path| !path.contains("year=2024")),
        "{changed:?}"
    );
}

#[test]
fn a_database_without_filings_is_a_dataset_of_none() {
    let sandbox = Sandbox::new();
    let _ = filing_etl::internals::Writer::open(&sandbox.path("filings.db")).unwrap();
    let json = export(&sandbox, &[])
        .code(0)
        .says("nothing on record")
        .json();
    assert_eq!(json["tables"]["filings"]["files"], 0);
    assert_eq!(files_of(&sandbox, "companies"), ["companies.parquet"]);
    assert!(parquet_rows(&sandbox, "companies").is_empty());
}

#[test]
fn texts_with_nul_or_without_utf8_are_written_and_told() {
    let (sandbox, _writer) = three_years();
    let db = sandbox.db();
    db.execute(
        "UPDATE companies SET name = 'a' || char(0) || 'b' WHERE cik = 1",
        [],
    )
    .unwrap();
    db.execute(
        "UPDATE companies SET name = CAST(x'61ff62' AS TEXT) WHERE cik = 2",
        [],
    )
    .unwrap();
    db.execute(
        "UPDATE filings SET accepted_at = 'soon' WHERE filed_on LIKE '2023%'",
        [],
    )
    .unwrap();
    let output = export(&sandbox, &[])
        .code(0)
        .says("1 value cannot be written unchanged in companies.name");
    let output = output.says("filings.accepted_at");
    assert_eq!(output.json()["unreadable"]["filings.accepted_at"], 1);
    let names: Vec<_> = parquet_rows(&sandbox, "companies")
        .iter()
        .map(|row| row.split('|').nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(names, ["a\0b", "a\u{fffd}b"]);
    let last = parquet_rows(&sandbox, "filings").pop().unwrap();
    assert_eq!(last.split('|').nth(5), Some("NULL"));
    // Values that the schema does not allow count as damage, and no incomplete file is left.
    let before = files(&sandbox.path("dataset"));
    db.execute(
        "UPDATE filings SET filed_on = '2023-02-30' WHERE filed_on LIKE '2023%'",
        [],
    )
    .unwrap();
    db.execute("UPDATE years SET change = 7 WHERE year = 2023", [])
        .unwrap();
    let _ = export(&sandbox, &[]).code(1).says("filed_on");
    assert_eq!(files(&sandbox.path("dataset")), before);
}
