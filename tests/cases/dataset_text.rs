//! `export --what text`: a row for each document with a text, its items, and later only changed months.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use filing_etl::sim::Simulator;
use parquet::record::Field;

use super::dataset::{csv_rows, export, files, manifest, records, shown, simulator, written};
use crate::harness::{Output, Sandbox, sha256};

pub const WITH_TEXT: [&str; 2] = ["--what", "text"];

/// A sandbox with every document of some reports.
pub fn filled(sim: &Simulator) -> Sandbox {
    let sandbox = Sandbox::new();
    let args = [
        "--form",
        "10-K,8-K",
        "--artifacts",
        "documents",
        "--limit",
        "6",
        "--since",
        "2023-01-01",
    ];
    let _ = Output::of(sandbox.backfill(sim, &args)).code(0);
    sandbox
}

/// The rows of a table by the names of their columns.
pub fn rows(sandbox: &Sandbox, table: &str) -> Vec<BTreeMap<String, Field>> {
    let rows = records(sandbox, table);
    rows.iter()
        .map(|row| {
            let columns = row.get_column_iter();
            columns.map(|(name, f)| (name.clone(), f.clone())).collect()
        })
        .collect()
}

fn cells(row: &BTreeMap<String, Field>, columns: &[&str]) -> String {
    let cells: Vec<_> = columns.iter().map(|column| shown(&row[*column])).collect();
    cells.join("|")
}

/// The stored documents with a text, in the order of the files.
pub fn expected(sandbox: &Sandbox) -> Vec<String> {
    sandbox.rows(
        "SELECT accession, cik, form, filed_on, name, type, sequence, sha256
         FROM v_artifacts
         WHERE status = 'downloaded' AND (name LIKE '%.htm' OR name LIKE '%.xml' OR name LIKE '%.txt')
         ORDER BY substr(filed_on, 1, 7), cik, filed_on, accession, lower(name)",
    )
}

#[track_caller]
pub fn assert_texts_complete(sandbox: &Sandbox) {
    let columns = [
        "accession",
        "cik",
        "form",
        "filed_on",
        "name",
        "type",
        "sequence",
        "sha256",
    ];
    let found: Vec<_> = rows(sandbox, "text")
        .iter()
        .map(|row| cells(row, &columns))
        .collect();
    let expected = expected(sandbox);
    assert!(expected.len() > 20, "{}", expected.len());
    assert_eq!(found, expected);
}

/// Replaces a stored document by other bytes, as if these had been stored, and returns its path.
pub fn store(sandbox: &Sandbox, accession: &str, name: &str, bytes: &str) {
    let path = place(sandbox, accession, name);
    fs::write(path, bytes).unwrap();
    let of = format!(
        "name = '{name}' AND filing = (SELECT id FROM filings WHERE accession = '{accession}')"
    );
    let db = sandbox.db();
    let changed = db
        .execute(
            &format!(
                "UPDATE artifacts SET bytes = {}, sha256 = x'{}' WHERE {of}",
                bytes.len(),
                sha256(bytes.as_bytes())
            ),
            [],
        )
        .unwrap();
    assert_eq!(changed, 1, "{of}");
    db.execute(
        "UPDATE years SET change = change + 1
         WHERE year = (SELECT substr(filed_on, 1, 4) FROM filings WHERE accession = ?1)",
        [accession],
    )
    .unwrap();
}

pub fn place(sandbox: &Sandbox, accession: &str, name: &str) -> PathBuf {
    let path = &sandbox.rows(&format!(
        "SELECT path FROM v_artifacts WHERE accession = '{accession}' AND name = '{name}'"
    ))[0];
    sandbox.path("filings").join(path)
}

/// Accession, name and month of HTML documents of one form, one in each month.
pub fn documents(sandbox: &Sandbox, form: &str) -> Vec<[String; 3]> {
    let rows = sandbox.rows(&format!(
        "SELECT accession, name, substr(min(filed_on), 1, 7) FROM v_artifacts
         WHERE status = 'downloaded' AND kind = 'primary' AND name LIKE '%.htm' AND form = '{form}'
         GROUP BY substr(filed_on, 1, 7) ORDER BY 3"
    ));
    let parts = |row: &String| {
        let parts: Vec<_> = row.split('|').map(str::to_owned).collect();
        parts.try_into().unwrap()
    };
    rows.iter().map(parts).collect()
}

fn month_of(table: &str, month: &str) -> String {
    let (year, month) = month.split_once('-').unwrap();
    format!("{table}/year={year}/month={month}/{table}.parquet")
}

#[test]
fn every_stored_document_that_has_a_text_is_one_row() {
    let sim = simulator();
    let sandbox = filled(&sim);
    sim.log().clear();
    let json = export(&sandbox, &WITH_TEXT).code(0).json();
    assert_eq!(sim.log().count(|_| true), 0);
    assert_texts_complete(&sandbox);
    let all = sandbox.number("SELECT count(*) FROM v_artifacts WHERE status = 'downloaded'");
    let counts = &json["documents"];
    let skipped: i64 = counts["skipped"]
        .as_object()
        .unwrap()
        .values()
        .map(|n| n.as_i64().unwrap())
        .sum();
    assert!(skipped > 0, "nothing without a text was stored");
    assert_eq!(counts["written"].as_i64().unwrap() + skipped, all);
    assert_eq!(counts["failed"], 0);
    let tables = &manifest(&sandbox)["tables"];
    assert_eq!(tables["text"]["rows"], counts["written"]);
    assert_eq!(manifest(&sandbox)["text"], "markdown");
    for row in rows(&sandbox, "text").iter().step_by(7) {
        let (accession, name) = (shown(&row["accession"]), shown(&row["name"]));
        let printed = Output::of(sandbox.command(&["text", &accession, &name])).code(0);
        let text = shown(&row["text"]);
        assert_eq!(text.clone() + "\n", printed.stdout, "{accession} {name}");
        assert_eq!(shown(&row["characters"]), text.chars().count().to_string());
        assert_eq!(shown(&row["format"]), "markdown");
        assert_eq!(
            shown(&row["extractor_version"]),
            filing_etl::internals::TEXT_VERSION.to_string()
        );
    }
}

#[test]
fn only_the_months_that_changed_are_extracted_again() {
    let sim = simulator();
    let sandbox = filled(&sim);
    let _ = export(&sandbox, &WITH_TEXT).code(0);
    let first = files(&sandbox.path("dataset"));
    let json = export(&sandbox, &[]).code(0).json();
    assert_eq!(json["documents"]["written"], 0);
    assert_eq!(json["tables"]["text"]["files_written"], 0);
    let second = files(&sandbox.path("dataset"));
    assert_eq!(written(&first, &second), BTreeSet::new());
    // One document of one month changes; other months of that year are kept.
    let [accession, name, month] = &documents(&sandbox, "8-K")[0];
    store(
        &sandbox,
        accession,
        name,
        "<html><body><p>Another text.</p></body></html>",
    );
    let json = export(&sandbox, &[]).code(0).json();
    assert_eq!(json["tables"]["text"]["files_written"], 1);
    assert!(json["tables"]["text"]["files"].as_u64().unwrap() > 12);
    let third = files(&sandbox.path("dataset"));
    assert_eq!(
        written(&second, &third),
        BTreeSet::from([month_of("text", month)])
    );
    assert_texts_complete(&sandbox);
    let found = rows(&sandbox, "text");
    let row = found.iter().find(|row| shown(&row["name"]) == *name);
    assert_eq!(shown(&row.unwrap()["text"]), "Another text.");
    // A lost file of the dataset is written again, together with the other file of its month.
    fs::remove_file(sandbox.path("dataset").join(month_of("text", month))).unwrap();
    let _ = export(&sandbox, &[]).code(0);
    assert_eq!(files(&sandbox.path("dataset")).len(), third.len());
    // If only the change number of a year changed, its files are kept. A month without documents loses its files.
    sandbox
        .db()
        .execute("UPDATE years SET change = change + 1", [])
        .unwrap();
    let json = export(&sandbox, &[]).code(0).json();
    assert_eq!(json["documents"]["written"], 0);
    sandbox
        .db()
        .execute(
            "UPDATE artifacts SET status = 'pending', sha256 = NULL, bytes = NULL WHERE filing IN
             (SELECT id FROM filings WHERE filed_on LIKE ?1 || '%')",
            [month],
        )
        .unwrap();
    sandbox
        .db()
        .execute("UPDATE years SET change = change + 1", [])
        .unwrap();
    let json = export(&sandbox, &[]).code(0).json();
    assert_eq!(json["documents"]["written"], 0);
    let text = month_of("text", month);
    assert!(!sandbox.path("dataset").join(text).exists());
    assert_texts_complete(&sandbox);
}

#[test]
fn documents_that_cannot_be_read_are_told_and_tried_again() {
    let sim = simulator();
    let sandbox = filled(&sim);
    let found = documents(&sandbox, "8-K");
    let [lost, damaged] = [&found[0], &found[1]];
    let [lost_at, damaged_at] = [lost, damaged].map(|of| place(&sandbox, &of[0], &of[1]));
    let [lost_bytes, damaged_bytes] = [&lost_at, &damaged_at].map(|path| fs::read(path).unwrap());
    fs::remove_file(&lost_at).unwrap();
    fs::write(&damaged_at, "something else").unwrap();
    let output = export(&sandbox, &WITH_TEXT)
        .code(3)
        .says(&lost[1])
        .says(&damaged[1])
        .says("does not match its hash on record")
        .says("filing-etl verify");
    assert_eq!(output.json()["documents"]["failed"], 2);
    let rows_before = rows(&sandbox, "text").len();
    assert_eq!(rows_before + 2, expected(&sandbox).len());
    // The documents are still unreadable, so the warning is repeated. Only their months are read again.
    let again = export(&sandbox, &[]).code(3).json();
    assert_eq!(again["documents"]["failed"], 2);
    assert!(again["tables"]["text"]["files_written"].as_u64().unwrap() <= 2);
    fs::write(&lost_at, lost_bytes).unwrap();
    fs::write(&damaged_at, damaged_bytes).unwrap();
    let json = export(&sandbox, &[]).code(0).json();
    assert_eq!(json["documents"]["failed"], 0);
    assert_texts_complete(&sandbox);
    assert_eq!(
        export(&sandbox, &[]).code(0).json()["documents"]["written"],
        0
    );
}

#[test]
fn a_dataset_keeps_the_format_of_its_texts() {
    let sim = simulator();
    let sandbox = filled(&sim);
    let _ = export(&sandbox, &["--what", "filings", "--text", "plain"])
        .code(2)
        .says("--what text");
    let _ = export(&sandbox, &["--what", "text", "--text", "plain"]).code(0);
    let first = rows(&sandbox, "text");
    assert!(first.iter().all(|row| shown(&row["format"]) == "plain"));
    let _ = export(&sandbox, &["--text", "markdown"])
        .code(2)
        .says("have the format plain, not markdown");
    let _ = export(&sandbox, &[]).code(0);
    assert_eq!(rows(&sandbox, "text"), first);
    let row = &first[0];
    let (accession, name) = (shown(&row["accession"]), shown(&row["name"]));
    let printed = sandbox.run(&["text", &accession, &name, "--text", "plain"]);
    assert_eq!(shown(&row["text"]) + "\n", printed.code(0).stdout);
}

/// A typical report.
const REPORT: &str = "<html><body><p>FORM 10-K</p>
<table><tr><td>Item 1.</td><td>Business</td><td>3</td></tr>
<tr><td>Item 1A.</td><td>Risk Factors</td><td>9</td></tr>
<tr><td>Item 2.</td><td>Properties</td><td>20</td></tr></table>
<h2>Item 1. Business</h2><p>We sell “things” – to people.</p>
<h2>Item 1A. Risk Factors</h2><p>People may stop buying.</p>
<h2>Item 2. Properties</h2><p>We own a house.</p></body></html>";

#[test]
fn items_stand_in_the_text_where_their_rows_say() {
    let sim = simulator();
    let sandbox = filled(&sim);
    let [accession, name, month] = &documents(&sandbox, "10-K")[0];
    store(&sandbox, accession, name, REPORT);
    let _ = export(&sandbox, &["--what", "items"]).code(0);
    let texts = rows(&sandbox, "text");
    let of = |row: &&BTreeMap<String, Field>| {
        shown(&row["accession"]) == *accession && shown(&row["name"]) == *name
    };
    let report = texts.iter().find(of).unwrap();
    assert_eq!(report["items_problem"], Field::Null);
    let text: Vec<char> = shown(&report["text"]).chars().collect();
    let all = rows(&sandbox, "items");
    let found: Vec<_> = all.iter().filter(of).collect();
    let shown_items: Vec<_> = found
        .iter()
        .map(|row| cells(row, &["item", "title", "method", "confidence"]))
        .collect();
    assert_eq!(
        shown_items,
        [
            "1|Business|contents|1",
            "1A|Risk Factors|contents|1",
            "2|Properties|contents|1"
        ]
    );
    for (row, says) in found.iter().zip([
        "We sell “things” – to people.",
        "People may stop buying.",
        "We own a house.",
    ]) {
        let at = |column: &str| shown(&row[column]).parse::<usize>().unwrap();
        let item: String = text[at("from")..at("to")].iter().collect();
        assert!(item.contains("Item") && item.ends_with(says), "{item:?}");
    }
    assert!(
        sandbox
            .path("dataset")
            .join(month_of("items", month))
            .exists()
    );
    // A report without headings has no items, and `items_problem` gives the reason.
    let other = texts.iter().find(|row| {
        shown(&row["form"]) == "10-K"
            && shown(&row["sequence"]) == "1"
            && shown(&row["accession"]) != *accession
    });
    assert_ne!(other.unwrap()["items_problem"], Field::Null);
    let exhibits = texts
        .iter()
        .filter(|row| shown(&row["type"]).starts_with("EX-"));
    assert!(
        exhibits
            .into_iter()
            .all(|row| row["items_problem"] == Field::Null)
    );
}

#[test]
fn csv_has_the_texts_too() {
    let sim = simulator();
    let sandbox = filled(&sim);
    let _ = export(&sandbox, &["--what", "text", "--format", "csv"]).code(0);
    let csv: Vec<_> = csv_rows(&sandbox, "text");
    fs::remove_dir_all(sandbox.path("dataset")).unwrap();
    let _ = export(&sandbox, &WITH_TEXT).code(0);
    let columns = [
        "accession",
        "cik",
        "form",
        "filed_on",
        "name",
        "type",
        "sequence",
        "text",
        "format",
        "characters",
        "sha256",
        "extractor_version",
        "items_problem",
    ];
    let parquet: Vec<_> = rows(&sandbox, "text")
        .iter()
        .map(|row| cells(row, &columns))
        .collect();
    assert_eq!(csv, parquet);
}

#[test]
fn an_update_adds_the_texts_of_what_is_new() {
    let sim = simulator();
    let sandbox = Sandbox::new();
    let args = [
        "backfill",
        "--form",
        "8-K",
        "--exchange",
        "nasdaq",
        "--since",
        "2024-01-01",
        "--no-download",
    ];
    let _ = Output::of(sandbox.command_against(&sim, &args)).code(0);
    let _ = export(&sandbox, &WITH_TEXT).code(0);
    assert_eq!(rows(&sandbox, "text").len(), 0);
    let _ = sandbox
        .run_against(&sim, &["update", "--export", "dataset"])
        .code(0);
    assert_texts_complete(&sandbox);
}

/// The month with the most texts: its path in the name of a file, and its documents.
fn largest_month(sandbox: &Sandbox) -> (String, Vec<[String; 2]>) {
    let month = &sandbox.rows(
        "SELECT substr(filed_on, 1, 7) AS month FROM v_artifacts
         WHERE status = 'downloaded' AND (name LIKE '%.htm' OR name LIKE '%.xml' OR name LIKE '%.txt')
         GROUP BY month ORDER BY count(*) DESC, month LIMIT 1",
    )[0];
    let all = sandbox.rows(&format!(
        "SELECT accession, name FROM v_artifacts
         WHERE status = 'downloaded' AND (name LIKE '%.htm' OR name LIKE '%.xml' OR name LIKE '%.txt')
             AND substr(filed_on, 1, 7) = '{month}'
         ORDER BY cik, filed_on, accession, lower(name)"
    ));
    let parts = |row: &String| {
        let (accession, name) = row.split_once('|').unwrap();
        [accession.to_owned(), name.to_owned()]
    };
    (month.clone(), all.iter().map(parts).collect())
}

/// A file that is not there cannot be extracted: what has a row without it was taken over.
#[test]
fn of_a_month_only_the_documents_that_are_new_are_extracted() {
    for format in ["parquet", "csv"] {
        let sim = simulator();
        let sandbox = filled(&sim);
        let (month, documents) = largest_month(&sandbox);
        assert!(documents.len() > 4, "{documents:?}");
        // In the midst, at the end, and one that was not there before.
        let [late, changed, last] = [1, 2, documents.len() - 1].map(|at| &documents[at]);
        let of_late = format!(
            "name = '{}' AND filing = (SELECT id FROM filings WHERE accession = '{}')",
            late[1], late[0]
        );
        let status = |status: &str| {
            let sql = format!("UPDATE artifacts SET status = '{status}' WHERE {of_late}");
            assert_eq!(sandbox.db().execute(&sql, []).unwrap(), 1);
        };
        status("pending");
        let args = ["--what", "text", "--format", format];
        let all = export(&sandbox, &args).code(0).json();
        assert_eq!(all["documents"]["kept"], 0);
        status("downloaded");
        for of in [changed, last] {
            let html = format!(
                "<html><body><p>The new text of {}.</p></body></html>",
                of[1]
            );
            store(&sandbox, &of[0], &of[1], &html);
        }
        let new = [late, changed, last];
        for path in sandbox.rows(
            "SELECT accession || '|' || name || '|' || path FROM v_artifacts WHERE status = 'downloaded'",
        ) {
            let parts: Vec<_> = path.split('|').collect();
            if !new.iter().any(|of| of[0] == parts[0] && of[1] == parts[1]) {
                fs::remove_file(sandbox.path("filings").join(parts[2])).unwrap();
            }
        }
        let output = export(&sandbox, &["-v"]).code(0);
        let output = output.says(&format!(
            "3 extracted, {} taken over from the dataset",
            documents.len() - 3
        ));
        let json = output.json();
        assert_eq!(json["documents"]["written"], documents.len());
        assert_eq!(json["documents"]["kept"], documents.len() - 3);
        assert_eq!(json["tables"]["text"]["files_written"], 1, "{month}");
        if format == "parquet" {
            assert_texts_complete(&sandbox);
            for of in [changed, last] {
                let found = rows(&sandbox, "text");
                let is_it = |row: &&BTreeMap<String, Field>| {
                    cells(row, &["accession", "name"]) == of.join("|")
                };
                let text = shown(&found.iter().find(is_it).unwrap()["text"]);
                assert!(text.starts_with("The new text of"), "{text}");
            }
        } else {
            let found = csv_rows(&sandbox, "text").len();
            assert_eq!(found, expected(&sandbox).len());
        }
        assert_eq!(json["documents"]["failed"], 0);
        assert_eq!(
            export(&sandbox, &[]).code(0).json()["documents"]["written"],
            0
        );
    }
}

/// A file of texts as an earlier export may have left it: rows are changed, and the manifest has another
/// version of it.
fn change_csv(sandbox: &Sandbox, month: &str, mut change: impl FnMut(usize, &mut Vec<String>)) {
    let name = month_of("text", month).replace(".parquet", ".csv.gz");
    let path = sandbox.path("dataset").join(&name);
    let mut text = String::new();
    flate2::read::GzDecoder::new(File::open(&path).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(reader.headers().unwrap()).unwrap();
    for (n, record) in reader.records().enumerate() {
        let mut cells: Vec<String> = record.unwrap().iter().map(str::to_owned).collect();
        change(n, &mut cells);
        writer.write_record(cells).unwrap();
    }
    let file = File::create(&path).unwrap();
    let mut out = flate2::write::GzEncoder::new(file, flate2::Compression::default());
    out.write_all(&writer.into_inner().unwrap()).unwrap();
    let bytes = out.finish().unwrap().metadata().unwrap().len();
    let mut manifest = manifest(sandbox);
    for file in manifest["tables"]["text"]["files"].as_array_mut().unwrap() {
        if file["path"] == *name {
            file["bytes"] = bytes.into();
            file["version"] = "of-another.extractor".into();
        }
    }
    fs::write(
        sandbox.path("dataset/_filing_etl.json"),
        manifest.to_string(),
    )
    .unwrap();
}

#[test]
fn texts_of_another_extractor_format_or_document_are_extracted_again() {
    let sim = simulator();
    let sandbox = filled(&sim);
    let (month, documents) = largest_month(&sandbox);
    let _ = export(&sandbox, &["--what", "text", "--format", "csv"]).code(0);
    let first = csv_rows(&sandbox, "text");
    let [text, format, sha256, version] = [7, 8, 10, 11];
    change_csv(&sandbox, &month, |row, cells| {
        "of an earlier export".clone_into(&mut cells[text]);
        match row {
            1 => "plain".clone_into(&mut cells[format]),
            2 => cells[sha256] = "0".repeat(64),
            // This one is as it would be now, so nothing tells that its text is another one.
            3 => {}
            _ => "0".clone_into(&mut cells[version]),
        }
    });
    let json = export(&sandbox, &[]).code(0).json();
    assert_eq!(json["documents"]["written"], documents.len());
    assert_eq!(json["documents"]["kept"], 1);
    let found = csv_rows(&sandbox, "text");
    let changed: Vec<_> = found.iter().filter(|row| !first.contains(row)).collect();
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert!(changed[0].contains("|of an earlier export|"));
    // A file that cannot be read is told, and its month is extracted; so is one that can be read up to its
    // checksum, which is at its end.
    let name = month_of("text", &month).replace(".parquet", ".csv.gz");
    let path = sandbox.path("dataset").join(name);
    for damaged in [
        |bytes: &mut [u8]| bytes.fill(b'?'),
        |bytes: &mut [u8]| {
            let checksum = bytes.len() - 8;
            bytes[checksum] ^= 1;
        },
    ] {
        change_csv(&sandbox, &month, |_, _| ());
        let mut bytes = fs::read(&path).unwrap();
        damaged(&mut bytes);
        fs::write(&path, bytes).unwrap();
        let output = export(&sandbox, &[])
            .code(0)
            .says("its texts are extracted again");
        assert_eq!(output.json()["documents"]["kept"], 0);
        assert_eq!(csv_rows(&sandbox, "text"), first);
    }
}

#[test]
fn a_parquet_file_that_cannot_be_read_is_told_and_its_month_extracted() {
    let sim = simulator();
    let sandbox = filled(&sim);
    let (month, documents) = largest_month(&sandbox);
    let _ = export(&sandbox, &WITH_TEXT).code(0);
    let path = sandbox.path("dataset").join(month_of("text", &month));
    let whole = fs::read(&path).unwrap();
    let [accession, name] = &documents[0];
    // Its end is whole, so it opens; or nothing of it is.
    let mut broken = whole.clone();
    broken[4..whole.len() / 2].fill(0xff);
    for (n, bytes) in [broken, vec![0; whole.len()]].into_iter().enumerate() {
        let _ = export(&sandbox, &[]).code(0);
        let size = usize::try_from(fs::metadata(&path).unwrap().len()).unwrap();
        let mut bytes = bytes;
        bytes.resize(size, 0);
        store(
            &sandbox,
            accession,
            name,
            &format!("<p>Text number {n}.</p>"),
        );
        fs::write(&path, bytes).unwrap();
        let _ = export(&sandbox, &[])
            .code(0)
            .says("its texts are extracted again");
        assert_texts_complete(&sandbox);
    }
}

#[test]
fn what_takes_the_place_of_a_file_of_the_dataset_is_named() {
    let sim = simulator();
    let sandbox = filled(&sim);
    let [accession, name, month] = &documents(&sandbox, "8-K")[0];
    let _ = export(&sandbox, &WITH_TEXT).code(0);
    let path = sandbox.path("dataset").join(month_of("text", month));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    store(&sandbox, accession, name, "<p>Another text.</p>");
    let _ = export(&sandbox, &[]).code(1).says(&month_of("text", month));
    fs::remove_dir(&path).unwrap();
    let _ = export(&sandbox, &[]).code(0);
    assert_texts_complete(&sandbox);
}

#[test]
fn a_nightly_update_keeps_texts_their_format_and_what_was_extracted() {
    let sim = Simulator::start(filing_etl::sim::Options {
        companies: 20,
        today: jiff::civil::date(2025, 11, 5),
        filings_per_year: 30,
        document_scale: 0.001,
        ..filing_etl::sim::Options::default()
    })
    .unwrap();
    let sandbox = Sandbox::new();
    let run = |now: &str, args: &[&str]| {
        let mut command = sandbox.command_against(&sim, args);
        command.env("FILING_ETL_NOW", now);
        Output::of(command).code(0)
    };
    let args = ["backfill", "--form", "8-K", "--since", "2025-10-01"];
    let _ = run("2025-11-06T12:00:00Z", &args);
    let _ = export(&sandbox, &["--what", "text", "--text", "plain"]).code(0);
    let before = rows(&sandbox, "text").len();
    assert!(before > 0);
    sim.advance_to(jiff::civil::date(2025, 11, 14));
    let _ = run(
        "2025-11-15T12:00:00Z",
        &["update", "-v", "--export", "dataset"],
    )
    .says("taken over from the dataset");
    let after = rows(&sandbox, "text");
    assert!(after.len() > before, "{before}");
    assert!(after.iter().all(|row| shown(&row["format"]) == "plain"));
    assert_eq!(manifest(&sandbox)["text"], "plain");
    let stored = sandbox.number("SELECT count(*) FROM v_artifacts WHERE status = 'downloaded'");
    assert_eq!(after.len(), usize::try_from(stored).unwrap());
}
