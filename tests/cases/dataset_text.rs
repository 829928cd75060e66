//! `export --what text`: a row for each document with a text, its items, and later only changed months.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use filing_etl::sim::Simulator;
use parquet::record::Field;

use super::dataset::{csv_rows, export, files, manifest, records, shown, simulator, written};
use crate::harness::{Output, Sandbox, sha256};

const WITH_TEXT: [&str; 2] = ["--what", "text"];

/// A sandbox with every document of some reports.
fn filled(sim: &Simulator) -> Sandbox {
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
fn rows(sandbox: &Sandbox, table: &str) -> Vec<BTreeMap<String, Field>> {
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
fn expected(sandbox: &Sandbox) -> Vec<String> {
    sandbox.rows(
        "SELECT accession, cik, form, filed_on, name, type, sequence, sha256
         FROM v_artifacts JOIN (SELECT id AS filing, accession AS of FROM filings) ON of = accession
         WHERE status = 'downloaded' AND (name LIKE '%.htm' OR name LIKE '%.xml' OR name LIKE '%.txt')
         ORDER BY substr(filed_on, 1, 7), cik, filed_on, filing, lower(name)",
    )
}

#[track_caller]
fn assert_texts_complete(sandbox: &Sandbox) {
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
fn store(sandbox: &Sandbox, accession: &str, name: &str, bytes: &str) {
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

fn place(sandbox: &Sandbox, accession: &str, name: &str) -> PathBuf {
    let path = &sandbox.rows(&format!(
        "SELECT path FROM v_artifacts WHERE accession = '{accession}' AND name = '{name}'"
    ))[0];
    sandbox.path("filings").join(path)
}

/// Accession, name and month of HTML documents of one form, one in each month.
fn documents(sandbox: &Sandbox, form: &str) -> Vec<[String; 3]> {
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
