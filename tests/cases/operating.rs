//! The procedures of `docs/operating.md`: a backup during a run, an older database with newer files, moving,
//! splitting a collection, and `prune`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use filing_etl::internals::RunLock;
use filing_etl::sim::{Options, Simulator};
use jiff::civil::date;

use crate::harness::process::Running;
use crate::harness::same::same_files;
use crate::harness::{Output, Sandbox, by_filing, simulated};

const NOW: &str = simulated::NOW;
/// A week later.
const LATER: &str = "2025-08-15T16:00:00Z";

fn sim() -> Simulator {
    simulated::start(Options {
        companies: 25,
        ..simulated::small()
    })
}

fn run(sandbox: &Sandbox, sim: &Simulator, now: &str, args: &[&str]) -> Output {
    sandbox.run_at(sim, now, args)
}

const BACKFILL: [&str; 3] = ["backfill", "--since", "2023-07-01"];

/// A snapshot of a database that a run may be writing, made as documented.
fn snapshot(sandbox: &Sandbox, to: &Path) {
    let to = to.to_str().unwrap();
    sandbox.db().execute("VACUUM INTO ?1", [to]).unwrap();
}

/// All complete files of a data dir.
fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_name() == ".incoming" {
        } else if entry.file_type().unwrap().is_dir() {
            copy_files(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A copy of database and files in a separate sandbox.
fn copy(sandbox: &Sandbox) -> Sandbox {
    let copy = Sandbox::new();
    snapshot(sandbox, &copy.path("filings.db"));
    copy_files(&sandbox.path("filings"), &copy.path("filings"));
    copy
}

#[test]
fn a_backup_beside_a_run_is_whole_and_a_run_goes_on_from_it() {
    let sim = simulated::start(Options {
        companies: 40,
        latency: Duration::from_millis(20),
        ..simulated::small()
    });
    let sandbox = Sandbox::new();
    let mut command = sandbox.command_against(&sim, &BACKFILL);
    command.env("FILING_ETL_NOW", NOW);
    let mut running = Running::start(command);
    let downloaded = "SELECT count(*) FROM v_artifacts WHERE status = 'downloaded'";
    let is_at_work = || {
        let is_there = sandbox.path("filings.db").exists();
        is_there
            && sandbox
                .db()
                .query_row(downloaded, [], |row| row.get(0))
                .unwrap_or(0)
                > 20
    };
    assert!(running.until(is_at_work), "it ended too early");
    let backup = copy(&sandbox);
    let _ = running.end().code(0);
    let there = backup.number(downloaded);
    assert!(there < sandbox.number(downloaded), "the run was over");

    // No file is missing. Files that the run stored after the snapshot are orphans, which is no problem.
    let report = backup.run(&["verify", "--json"]).code(0).json();
    assert_eq!(report["checked"], there);
    let _ = run(&backup, &sim, NOW, &BACKFILL).code(0);
    let (restored, all) = (by_filing(backup.files()), by_filing(sandbox.files()));
    same_files(&restored, &all, "the files after the restore");
    let report = backup.run(&["verify", "--json"]).code(0).json();
    assert_eq!(report["orphan"], 0);
}

/// A database of [`NOW`] with the files of [`LATER`], after an update that has queued the filings since then;
/// and the files before that update.
fn older_database(sim: &Simulator) -> (Sandbox, std::collections::BTreeMap<String, Vec<u8>>) {
    let sandbox = Sandbox::new();
    let _ = run(&sandbox, sim, NOW, &BACKFILL).code(0);
    snapshot(&sandbox, &sandbox.path("backup.db"));
    sim.advance_to(date(2025, 8, 14));
    let _ = run(&sandbox, sim, LATER, &["update"]).code(0);
    let files = sandbox.files();
    for log in ["filings.db-wal", "filings.db-shm"] {
        let _ = fs::remove_file(sandbox.path(log));
    }
    fs::rename(sandbox.path("backup.db"), sandbox.path("filings.db")).unwrap();
    let _ = run(&sandbox, sim, LATER, &["update", "--no-download"]).code(0);
    (sandbox, files)
}

fn queued(sandbox: &Sandbox) -> i64 {
    sandbox.number("SELECT count(*) FROM v_artifacts WHERE status IN ('pending', 'failed')")
}

#[test]
fn an_older_database_takes_its_newer_files_back_without_a_request_for_them() {
    let sim = sim();
    let (sandbox, files) = older_database(&sim);
    let waiting = queued(&sandbox);
    assert!(waiting > 3, "{waiting}");
    let report = sandbox.run(&["verify", "--reuse", "--json"]).code(0).json();
    assert_eq!(report["reused"]["files"], waiting, "{report}");
    assert_eq!(
        (&report["orphan"], &report["missing"]),
        (&0.into(), &0.into())
    );
    assert_eq!(queued(&sandbox), 0);
    let json = run(&sandbox, &sim, LATER, &["download", "--json"])
        .code(0)
        .json();
    assert_eq!(json["requests"]["documents"], 0);
    let (now, before) = (by_filing(sandbox.files()), by_filing(files.clone()));
    same_files(&now, &before, "the files taken back");
    // The recorded values are those that a download would have recorded.
    let report = sandbox.run(&["verify", "--json"]).code(0).json();
    assert_eq!(report["checked"], files.len());
    assert_eq!(report["reused"], serde_json::Value::Null);
    // A second time, no file is left to reuse.
    let text = sandbox.run(&["verify", "--reuse"]).code(0).stdout;
    assert!(text.contains("Reused     0 from the queue"), "{text}");
}

#[test]
fn what_cannot_be_shown_to_be_whole_is_downloaded() {
    let sim = sim();
    let (sandbox, files) = older_database(&sim);
    let waiting = queued(&sandbox);
    let mut paths = sandbox.rows(
        "SELECT 'edgar/data/' || cik || '/' || replace(accession, '-', '') || '/' || name
         FROM v_artifacts WHERE status = 'pending' ORDER BY id",
    );
    // The files of a joint filing may be in the folder of another filer.
    paths.retain(|path| files.contains_key(path));
    let cut = sandbox.path("filings").join(&paths[0]);
    let whole = fs::read(&cut).unwrap();
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    fs::write(sandbox.path("filings").join(&paths[1]), "").unwrap();
    fs::remove_file(sandbox.path("filings").join(&paths[2])).unwrap();
    let report = sandbox.run(&["verify", "--reuse", "--json"]).code(0).json();
    assert_eq!(report["reused"]["files"], waiting - 3);
    assert_eq!(queued(&sandbox), 3);
    let json = run(&sandbox, &sim, LATER, &["download", "--json"])
        .code(0)
        .json();
    assert_eq!(json["requests"]["documents"], 3);
    let (now, before) = (by_filing(sandbox.files()), by_filing(files));
    same_files(&now, &before, "the files after the download");
}

#[test]
fn lost_files_that_were_found_again_are_taken_back_only_as_they_were() {
    let sim = sim();
    let sandbox = Sandbox::new();
    let documents = [
        &BACKFILL[..],
        &["--artifacts", "documents", "--form", "10-K"],
    ]
    .concat();
    let _ = run(&sandbox, &sim, NOW, &documents).code(0);
    let files = sandbox.files();
    // The disk was lost, and `verify` has queued all files. Then a copy is found, with one file changed.
    fs::rename(sandbox.path("filings/edgar"), sandbox.path("found")).unwrap();
    let _ = sandbox.run(&["verify"]).code(3);
    fs::rename(sandbox.path("found"), sandbox.path("filings/edgar")).unwrap();
    let changed = sandbox.path("filings").join(files.keys().next().unwrap());
    fs::write(&changed, "<html>changed</html>").unwrap();
    let report = sandbox.run(&["verify", "--reuse", "--json"]).code(3).json();
    assert_eq!(report["reused"]["files"], files.len() - 1);
    let left = "SELECT count(DISTINCT accession) FROM v_artifacts WHERE status = 'pending'";
    assert_eq!(sandbox.number(left), 1);
    let json = run(&sandbox, &sim, NOW, &["download", "--json"])
        .code(0)
        .json();
    assert_eq!(json["requests"]["documents"], 1);
    assert_eq!(sandbox.files(), files);
    let _ = sandbox.run(&["verify"]).code(0);
}

#[test]
fn the_files_of_a_database_that_cannot_be_read_any_more_are_taken_into_a_new_one() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let _ = run(&sandbox, &sim, NOW, &BACKFILL).code(0);
    let files = sandbox.files();
    let new = Sandbox::new();
    let _ = run(
        &new,
        &sim,
        NOW,
        &[&BACKFILL[..], &["--no-download"]].concat(),
    )
    .code(0);
    fs::rename(sandbox.path("filings/edgar"), new.path("filings/edgar")).unwrap();
    let report = new.run(&["verify", "--reuse", "--json"]).code(0).json();
    assert_eq!(
        (&report["reused"]["files"], &report["orphan"]),
        (&files.len().into(), &0.into())
    );
    let json = run(&new, &sim, NOW, &["download", "--json"]).code(0).json();
    assert_eq!(json["requests"]["documents"], 0);
    let hashes = "SELECT accession, name, bytes, sha256 FROM v_artifacts ORDER BY accession, name";
    assert_eq!(new.rows(hashes), sandbox.rows(hashes));
}

#[test]
fn database_and_files_move_together_or_each_by_itself() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let _ = run(&sandbox, &sim, NOW, &BACKFILL).code(0);
    let files = sandbox.files();
    fs::create_dir(sandbox.path("disk")).unwrap();
    fs::rename(sandbox.path("filings"), sandbox.path("disk/files")).unwrap();
    fs::rename(sandbox.path("filings.db"), sandbox.path("disk/record.db")).unwrap();
    let place = ["--db", "disk/record.db", "--data-dir", "disk/files"];
    let report = sandbox.run(&[&["verify", "--json"][..], &place].concat());
    assert_eq!(report.code(0).json()["checked"], files.len());
    sim.advance_to(date(2025, 8, 14));
    let _ = run(&sandbox, &sim, LATER, &[&["update"][..], &place].concat()).code(0);
    // A database without its files is refused, and creates no second data dir.
    let _ = run(&sandbox, &sim, LATER, &["update", "--db", "disk/record.db"])
        .code(1)
        .says("is not the data dir of");
    assert!(!sandbox.path("filings").exists());
}

#[test]
fn a_company_is_split_off_and_the_rest_can_be_had_again() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let _ = run(&sandbox, &sim, NOW, &BACKFILL).code(0);
    let part = copy(&sandbox);
    let company = part.number("SELECT cik FROM v_companies WHERE filings > 2 ORDER BY cik LIMIT 1");
    let cik = company.to_string();
    let one = [&BACKFILL[..], &["--cik", &cik]].concat();
    let _ = run(&part, &sim, NOW, &one).code(0);
    let _ = part.run(&["selections", "drop", "1"]).code(0);

    let (before, rows) = (part.files(), part.number("SELECT count(*) FROM v_filings"));
    let dry = part.run(&["prune", "--json"]).code(0).json();
    assert_eq!(
        (&dry["removed"], &dry["complete"]),
        (&false.into(), &true.into())
    );
    let text = part.run(&["prune"]).code(0).stdout;
    let next = "Nothing was removed. `filing-etl prune --yes` removes all of this.";
    assert!(text.contains(next), "{text}");
    assert_eq!(part.files(), before);
    assert_eq!(part.number("SELECT count(*) FROM v_filings"), rows);

    let pruned = part.run(&["prune", "--yes", "--json"]).code(0).json();
    for same in ["filings", "files", "bytes", "queued", "partly", "forms"] {
        assert_eq!(pruned[same], dry[same], "{same}");
    }
    let others = format!(
        "SELECT count(*) FROM v_filings WHERE cik <> {company}
        AND accession NOT IN (SELECT accession FROM v_filings WHERE cik = {company})"
    );
    assert_eq!(part.number(&others), 0);
    let kept = part.files();
    assert!(!kept.is_empty() && kept.len() < before.len());
    assert_eq!(pruned["files"], before.len() - kept.len());
    let recorded: Vec<String> = part.recorded().into_iter().collect();
    assert_eq!(recorded, kept.keys().cloned().collect::<Vec<_>>());
    let report = part.run(&["verify", "--json"]).code(0).json();
    assert_eq!(report["orphan"], 0);
    let text = part.run(&["prune", "--yes"]).code(0).stdout;
    assert_eq!(
        text,
        "Every file and row is wanted by a recorded selection\n"
    );
    // The counts are right, and no empty folder is left.
    let stats = part.run(&["stats", "--json"]).code(0).json();
    assert_eq!(stats["total"]["downloaded"], kept.len());
    for folder in fs::read_dir(part.path("filings/edgar/data")).unwrap() {
        assert!(
            fs::read_dir(folder.unwrap().path())
                .unwrap()
                .next()
                .is_some()
        );
    }

    // Older pages that list pruned filings are read again.
    let _ = run(&part, &sim, NOW, &BACKFILL).code(0);
    // The folder of a joint filing is that of the filer that was found first.
    let (again, all) = (by_filing(part.files()), by_filing(sandbox.files()));
    same_files(&again, &all, "after asking for all again");
}

#[test]
fn a_selection_that_is_dropped_takes_only_what_it_alone_wanted() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let _ = run(&sandbox, &sim, NOW, &BACKFILL).code(0);
    let primaries = sandbox.files();
    let documents = [
        &BACKFILL[..],
        &["--artifacts", "documents", "--form", "10-K"],
    ]
    .concat();
    let _ = run(&sandbox, &sim, NOW, &documents).code(0);
    assert!(sandbox.files().len() > primaries.len());
    let pruned = sandbox.run(&["prune", "--json"]).code(0).json();
    assert_eq!(
        (&pruned["filings"], &pruned["files"]),
        (&0.into(), &0.into())
    );
    let _ = sandbox.run(&["selections", "drop", "2"]).code(0);
    let pruned = sandbox.run(&["prune", "--yes", "--json"]).code(0).json();
    assert_eq!(pruned["filings"], 0);
    assert_eq!(sandbox.files(), primaries);
    let _ = sandbox.run(&["verify"]).code(0);
    // When the filings are wanted again, they are downloaded again.
    let _ = run(&sandbox, &sim, NOW, &documents).code(0);
    assert!(sandbox.files().len() > primaries.len());
}

#[test]
fn prune_is_refused_without_a_selection_beside_a_run_and_on_another_data_dir() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let _ = sandbox.run(&["prune"]).code(1).says("there is no database");
    let _ = run(&sandbox, &sim, NOW, &BACKFILL).code(0);
    let files = sandbox.files();
    {
        let _lock = RunLock::acquire(&sandbox.path("filings.db"))
            .unwrap()
            .unwrap();
        let _ = sandbox.run(&["prune", "--yes"]).code(75);
        let _ = sandbox.run(&["prune"]).code(0);
    }
    let _ = sandbox
        .run(&["prune", "--yes", "--data-dir", "elsewhere"])
        .code(1)
        .says("is not the data dir of");
    let _ = sandbox.run(&["selections", "drop", "1"]).code(0);
    for args in [&["prune"][..], &["prune", "--yes"]] {
        let _ = sandbox.run(args).code(2).says("no selection is recorded");
    }
    assert_eq!(sandbox.files(), files);
}

#[test]
fn a_database_of_a_newer_program_is_refused_by_every_command_and_left_as_it_was() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let _ = run(&sandbox, &sim, NOW, &BACKFILL).code(0);
    sandbox
        .db()
        .execute_batch("PRAGMA user_version = 99")
        .unwrap();
    let before = fs::read(sandbox.path("filings.db")).unwrap();
    for args in [
        &["update"][..],
        &["verify"],
        &["prune", "--yes"],
        &["stats"],
        &["report", "--to", "report.html"],
    ] {
        let _ = run(&sandbox, &sim, NOW, args)
            .code(1)
            .says("upgrade the program");
    }
    assert_eq!(fs::read(sandbox.path("filings.db")).unwrap(), before);
}
