//! An export of texts that is watched, stopped and killed in the midst of a document: a pipe in the
//! place of a document's file, which the export reads until the test has closed it.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use super::dataset::{export, files, manifest, simulator};
use super::dataset_text::{
    WITH_TEXT, assert_texts_complete, documents, expected, filled, place, rows, store,
};
use crate::harness::process::Running;
use crate::harness::{Sandbox, sha256};

/// A document whose file is a pipe.
struct Pipe {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Pipe {
    /// Puts a pipe into the place of a stored document.
    fn instead_of(path: PathBuf) -> Self {
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let made = Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        Self { path, bytes }
    }

    /// Waits until the export reads the document.
    fn opened_by(&self, running: &mut Running) -> File {
        let open = || {
            let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap();
            let mut options = OpenOptions::new();
            options.write(true).custom_flags(flags);
            options.open(&self.path)
        };
        assert!(
            running.until(|| open().is_ok()),
            "it ended without reading the document"
        );
        // Whoever reads waits as long as one of those that write is there.
        OpenOptions::new().write(true).open(&self.path).unwrap()
    }

    /// Puts the file back.
    fn remove(&self) {
        fs::remove_file(&self.path).unwrap();
        fs::write(&self.path, &self.bytes).unwrap();
    }
}

/// The names of a process's threads.
fn threads(process: u32) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter();
    let names = tasks
        .flatten()
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.map(|name| name.trim().to_owned()).collect()
}

fn dataset(sandbox: &Sandbox) -> BTreeMap<String, Vec<u8>> {
    let mut found = files(&sandbox.path("dataset"));
    found.retain(|path, _| !path.starts_with("_filing_etl.tmp"));
    found
}

fn start(sandbox: &Sandbox, args: &[&str]) -> Running {
    let command = ["export", "--to", "dataset", "--json"];
    Running::start(sandbox.command(&[&command, args].concat()))
}

#[test]
fn no_transaction_is_open_while_texts_are_extracted() {
    let sim = simulator();
    let sandbox = filled(&sim);
    let [accession, name, _] = &documents(&sandbox, "10-K")[0];
    let before = expected(&sandbox);
    let artifacts = sandbox.number("SELECT count(*) FROM artifacts");
    let pipe = Pipe::instead_of(place(&sandbox, accession, name));
    let mut running = start(&sandbox, &["--what", "text,artifacts"]);
    let mut document = pipe.opened_by(&mut running);
    // A run at work: what it writes reaches the database, and its log is empty afterwards.
    let db = sandbox.db();
    db.execute(
        "DELETE FROM artifacts WHERE status = 'downloaded' AND filing <> \
         (SELECT id FROM filings WHERE accession = ?1)",
        [accession],
    )
    .unwrap();
    db.execute("UPDATE years SET change = change + 1", [])
        .unwrap();
    let checkpoint: (i64, i64, i64) = db
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap();
    assert_eq!(checkpoint, (0, 0, 0), "something reads the log");
    assert_eq!(
        fs::metadata(sandbox.path("filings.db-wal")).unwrap().len(),
        0
    );
    let now = expected(&sandbox);
    assert!(now.len() < before.len());
    document.write_all(&pipe.bytes).unwrap();
    drop(document);
    let json = running.end().code(0).json();
    // All of it is of the moment before.
    assert_eq!(json["documents"]["failed"], 0);
    assert_eq!(rows(&sandbox, "text").len(), before.len());
    assert_eq!(manifest(&sandbox)["tables"]["artifacts"]["rows"], artifacts);
    // The next export has what changed.
    pipe.remove();
    let _ = export(&sandbox, &[]).code(0);
    assert_eq!(rows(&sandbox, "text").len(), now.len());
}

/// An export, and then another document in one of its months, which is a pipe.
fn exported_and_changed(sandbox: &Sandbox) -> Pipe {
    let _ = export(sandbox, &WITH_TEXT).code(0);
    let [accession, name, _] = &documents(sandbox, "8-K")[0];
    store(sandbox, accession, name, "<p>Another text.</p>");
    Pipe::instead_of(place(sandbox, accession, name))
}

#[test]
fn an_interrupted_export_of_texts_leaves_the_old_dataset() {
    let sim = simulator();
    let sandbox = filled(&sim);
    let pipe = exported_and_changed(&sandbox);
    let before = dataset(&sandbox);
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut running = start(&sandbox, &[]);
        let mut document = pipe.opened_by(&mut running);
        running.signal(signal);
        let process = running.id();
        // It runs once the program knows that it is to stop.
        let has_heard = || threads(process).iter().any(|name| name == "last-resort");
        assert!(running.until(has_heard), "it ended at once");
        // All of the document came; it is not put into the dataset nonetheless.
        document.write_all(&pipe.bytes).unwrap();
        drop(document);
        let _ = running.end().code(code);
        assert_eq!(dataset(&sandbox), before);
        assert!(!sandbox.path("dataset/_filing_etl.tmp").exists());
    }
    pipe.remove();
    let json = export(&sandbox, &[]).code(0).json();
    assert_eq!(json["tables"]["text"]["files_written"], 1);
    assert_texts_complete(&sandbox);
}

#[test]
fn a_killed_export_of_texts_leaves_the_old_dataset_and_the_next_one_is_whole() {
    let sim = simulator();
    let sandbox = filled(&sim);
    let pipe = exported_and_changed(&sandbox);
    let before = dataset(&sandbox);
    let mut running = start(&sandbox, &[]);
    let document = pipe.opened_by(&mut running);
    // Another one at the same time leaves at once, and leaves the first one alone.
    let _ = export(&sandbox, &[]).code(75).says("another export");
    assert!(sandbox.path("dataset/_filing_etl.tmp").exists());
    let _ = running.kill();
    drop(document);
    assert_eq!(dataset(&sandbox), before);
    pipe.remove();
    let json = export(&sandbox, &[]).code(0).json();
    assert_eq!(json["tables"]["text"]["files_written"], 1);
    assert_texts_complete(&sandbox);
    // Nothing else is left of the one that was killed.
    let named: Vec<_> = manifest(&sandbox)["tables"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|table| table["files"].as_array().unwrap())
        .map(|file| file["path"].as_str().unwrap().to_owned())
        .collect();
    let found = files(&sandbox.path("dataset"));
    let others: Vec<_> = found.keys().filter(|path| !named.contains(path)).collect();
    assert_eq!(others, ["_filing_etl.json", "_filing_etl.lock"]);
}

/// Adds stored documents of one month without going through the program: many, and one of 50 MB.
fn add_documents(sandbox: &Sandbox, many: u32, large: &str) {
    let write = |accession: u32, bytes: &str| {
        let folder = sandbox.path(&format!("filings/edgar/data/1/000000000124{accession:06}"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("a.htm"), bytes).unwrap();
        (bytes.len(), sha256(bytes.as_bytes()))
    };
    let db = sandbox.db();
    db.execute_batch("BEGIN").unwrap();
    for number in 1..=many {
        let mut html = String::from("<html><body>");
        for row in 0..400 {
            write!(
                html,
                "<p>Line {row} of document {number}, which is not like another one.</p>"
            )
            .unwrap();
        }
        let is_large = number == many / 2;
        let (bytes, hash) = write(number, if is_large { large } else { &html });
        let accession = format!("0000000001-24-{number:06}");
        db.execute(
            "INSERT INTO filings (accession, folder, form, filed_on, accepted_at, primary_document, items,
                 is_xbrl, discovered_at)
             VALUES (?1, 1, '10-K', '2024-05-06', '2024-05-06T16:30:22.000Z', 'a.htm', '', 0,
                 '2024-05-06T16:30:22.000Z')",
            [&accession],
        )
        .unwrap();
        db.execute(
            &format!(
                "INSERT INTO artifacts (filing, name, kind, status, queued_by, bytes, sha256)
                 VALUES (last_insert_rowid(), 'a.htm', 'primary', 'downloaded', 0, {bytes}, x'{hash}')"
            ),
            [],
        )
        .unwrap();
    }
    db.execute_batch(&format!(
        "INSERT INTO holdings (form, year, filings) VALUES ('10-K', 2024, {many});
         INSERT OR REPLACE INTO years VALUES (2024, 1); COMMIT"
    ))
    .unwrap();
}

/// Documents of the export whose memory is measured, of 25 kB each.
const MANY: u32 = 1500;

/// The limit is 256 MB; by hand, a release build took less (see the benches).
#[test]
fn texts_of_many_documents_and_of_50_mb_are_exported_in_little_memory() {
    // As inline XBRL has them; of nothing but tags, there would be more of them than of text.
    let row = "<tr><td colspan=\"3\" style=\"padding:2px 1pt;text-align:left\"><span \
        style=\"font-size:9pt\">Net sales &#8212; segment</span></td><td \
        style=\"border-top:1pt solid #000000\"><span>$</span></td><td><ix:nonFraction \
        unitRef=\"usd\" contextRef=\"c-1\" decimals=\"-6\" name=\"us-gaap:Revenues\" \
        scale=\"6\">83,285</ix:nonFraction></td><td>&#160;</td></tr>\n";
    let rows = row.repeat((50 << 20) / row.len());
    let large = format!("<html><body><table>{rows}</table></body></html>");
    let (sandbox, writer) = super::dataset::three_years();
    drop(writer);
    fs::create_dir_all(sandbox.path("filings")).unwrap();
    add_documents(&sandbox, MANY, &large);
    let (output, peak) = start(&sandbox, &WITH_TEXT).end_measured();
    let json = output.code(0).json();
    assert_eq!(json["documents"]["written"], MANY);
    assert!(peak < 256 << 10, "{peak} kB");
    // The same with texts that are taken over.
    store(
        &sandbox,
        "0000000001-24-000001",
        "a.htm",
        "<p>Another text.</p>",
    );
    let (output, peak) = start(&sandbox, &[]).end_measured();
    assert_eq!(output.code(0).json()["documents"]["kept"], MANY - 1);
    assert!(peak < 256 << 10, "{peak} kB");
}
