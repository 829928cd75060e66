//! `export` and `update --export` when something is in the way: options that nothing fits, a manifest that is
//! gone, a full disk, another export.

use std::collections::BTreeMap;
use std::fs::{self, File};

use filing_etl::sim::{Options, Simulator};
use jiff::civil::date;
use serde_json::Value;

use super::dataset::{export, files, put, simulator, three_years};
use crate::harness::{Output, Sandbox, after};

/// The files of the dataset, without its manifest and its lock.
fn data(sandbox: &Sandbox) -> BTreeMap<String, Vec<u8>> {
    let mut files = files(&sandbox.path("dataset"));
    files.retain(|path, _| !path.starts_with('_'));
    files
}

#[test]
fn an_export_that_is_refused_leaves_no_folder_behind() {
    let (sandbox, _writer) = three_years();
    let refused = |to: &str, code: i32, args: &[&str]| {
        let _ = sandbox
            .run(&[&["export", "--to", to], args].concat())
            .code(code);
    };
    for (code, args) in [
        (2, &["--ticker", "NOBODY"] as &[&str]),
        (2, &["--cik", "999999"]),
        (2, &["--text", "plain"]),
        (1, &["--what", "facts"]),
    ] {
        refused("a/b", code, args);
        assert!(!sandbox.path("a").exists(), "{args:?}");
    }
    // What was there before stays.
    fs::create_dir(sandbox.path("empty")).unwrap();
    refused("empty", 2, &["--ticker", "NOBODY"]);
    assert_eq!(fs::read_dir(sandbox.path("empty")).unwrap().count(), 0);
    let _ = export(&sandbox, &[]).code(0);
    let before = files(&sandbox.path("dataset"));
    refused("dataset", 2, &["--ticker", "NOBODY"]);
    assert_eq!(files(&sandbox.path("dataset")), before);
}

#[test]
fn after_its_manifest_was_removed_a_dataset_has_no_file_of_the_old_tables_and_format() {
    let (sandbox, _writer) = three_years();
    let _ = export(&sandbox, &["--cik", "1"]).code(0);
    let manifest = sandbox.path("dataset/_filing_etl.json");
    fs::write(&manifest, "{").unwrap();
    let _ = export(&sandbox, &[])
        .code(1)
        .says("then export with the filters, format and tables that the dataset had");
    fs::remove_file(manifest).unwrap();
    let ours = "dataset/filings/year=2021/notes.txt";
    fs::write(sandbox.path(ours), "ours").unwrap();
    let _ = export(&sandbox, &["--format", "csv", "--what", "filings"]).code(0);
    let csv = |year: u16| format!("filings/year={year}/filings.csv.gz");
    let expected = [2021, 2022, 2023].map(csv);
    let mut found: Vec<_> = data(&sandbox).into_keys().collect();
    found.retain(|path| !ours.ends_with(path));
    assert_eq!(found, expected);
    assert!(sandbox.path(ours).exists());
    assert!(!sandbox.path("dataset/filers").exists());
}

#[test]
fn a_disk_that_is_full_when_the_manifest_is_written_leaves_the_old_dataset() {
    let (sandbox, mut writer) = three_years();
    // So many years that the manifest is larger than any other file.
    for year in 0..200_u64 {
        put(&mut writer, 10 + year, 1800 + i16::try_from(year).unwrap());
    }
    let _ = export(&sandbox, &[]).code(0);
    let before = files(&sandbox.path("dataset"));
    for year in 0..200_u64 {
        put(
            &mut writer,
            1000 + year,
            1800 + i16::try_from(year).unwrap(),
        );
    }
    let command = sandbox.command(&["export", "--to", "dataset"]);
    let output = Output::of(after("trap '' XFSZ; ulimit -f 64", &command))
        .code(1)
        .says("failed to complete the dataset in dataset");
    assert_eq!(output.stderr.matches("os error").count(), 1);
    assert_eq!(files(&sandbox.path("dataset")), before);
    drop(writer);
    let _ = export(&sandbox, &[]).code(0);
}

/// A simulator, and a sandbox after a backfill with documents and an export with texts.
fn followed() -> (Simulator, Sandbox) {
    let sim = simulator();
    let sandbox = Sandbox::new();
    let backfill = sandbox.backfill(&sim, &["--form", "8-K", "--since", "2025-01-01"]);
    let _ = Output::of(backfill).code(0);
    let _ = export(&sandbox, &["--what", "text"]).code(0);
    (sim, sandbox)
}

#[test]
fn an_update_tells_of_an_export_that_failed_in_its_json_its_metrics_and_its_exit_code() {
    let (sim, sandbox) = followed();
    let update = |code: i32, args: &[&str]| -> (Value, String, String) {
        let given = [
            "update",
            "--json",
            "--metrics-file",
            "edgar.prom",
            "--export",
            "dataset",
        ];
        let _ = fs::remove_file(sandbox.path("edgar.prom"));
        let output = sandbox
            .run_against(&sim, &[&given[..], args].concat())
            .code(code);
        let metrics = fs::read_to_string(sandbox.path("edgar.prom")).unwrap();
        let ended = format!("filing_etl_last_run_exit_code{{command=\"update\"}} {code}\n");
        assert!(metrics.contains(&ended), "{metrics}");
        let json = output.json();
        assert_eq!(json["status"], "completed");
        (json["export"].clone(), output.stderr, metrics)
    };
    let (exported, _, metrics) = update(0, &[]);
    assert_eq!(exported["status"], "completed");
    assert_eq!(exported["to"], "dataset");
    assert!(exported["tables"]["text"]["rows"].as_u64().unwrap() > 0);
    assert!(metrics.contains("filing_etl_last_success_timestamp_seconds"));

    let lock = File::open(sandbox.path("dataset/_filing_etl.lock")).unwrap();
    lock.lock().unwrap();
    let (exported, _, _) = update(75, &[]);
    assert_eq!(exported["status"], "busy");
    assert!(
        exported["error"]
            .as_str()
            .unwrap()
            .contains("another export")
    );
    // Closing would not release it while another test starts a process, which has a copy of the handle.
    lock.unlock().unwrap();

    // Every document is gone, and with -q the last line says what the dataset lacks.
    let path = sandbox.rows("SELECT path FROM v_artifacts WHERE name LIKE '%.htm' LIMIT 1");
    let path = sandbox.path("filings").join(&path[0]);
    fs::rename(&path, sandbox.path("lost")).unwrap();
    let changed = "UPDATE years SET change = change + 1;
        UPDATE artifacts SET sha256 = zeroblob(32) WHERE name LIKE '%.htm'";
    sandbox.db().execute_batch(changed).unwrap();
    let (exported, stderr, _) = update(3, &["-q"]);
    assert_eq!(exported["status"], "partial");
    assert!(exported["documents"]["failed"].as_u64().unwrap() > 0);
    let lacks = exported["error"].as_str().unwrap();
    assert!(lacks.contains("which could not be read"), "{lacks}");
    assert!(stderr.trim_end().ends_with(lacks), "{stderr}");
    let alone = sandbox
        .run(&["-q", "export", "--to", "dataset"])
        .code(3)
        .says(lacks);
    assert_eq!(alone.stderr.lines().count(), 1);

    fs::write(sandbox.path("dataset/_filing_etl.json"), "{").unwrap();
    let (exported, _, _) = update(1, &[]);
    assert_eq!(exported["status"], "failed");
    assert!(exported["error"].as_str().unwrap().contains("is damaged"));
}

#[test]
fn filters_that_no_filing_matches_are_told() {
    let sim = Simulator::start(Options {
        companies: 5,
        today: date(2025, 6, 30),
        document_scale: 0.001,
        ..Options::default()
    })
    .unwrap();
    let sandbox = Sandbox::new();
    let _ = Output::of(sandbox.backfill(&sim, &["--no-download"])).code(0);
    let told = "nothing on record matches";
    let json = export(&sandbox, &["--form", "10-KX"])
        .code(0)
        .says(told)
        .json();
    assert!(json["tables"]["companies"]["rows"].as_u64().unwrap() > 0);
    let other = sandbox.run(&["export", "--to", "other"]).code(0);
    assert!(!other.stderr.contains(told));
}
