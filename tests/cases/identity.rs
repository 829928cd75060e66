//! A database belongs to one data dir and one EDGAR.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use filing_etl::sim::{Options, Simulator};

use crate::harness::simulated;
use crate::harness::{Output, Sandbox};

const BACKFILL: [&str; 3] = ["backfill", "--since", "2025-01-01"];

/// Every command that writes to the data dir or reports its content.
const COMMANDS: [&[&str]; 4] = [&BACKFILL, &["update"], &["download"], &["verify"]];

fn sim() -> Simulator {
    simulated::start(Options {
        companies: 5,
        ..simulated::small()
    })
}

fn run(sandbox: &Sandbox, sim: &Simulator, args: &[&str]) -> Output {
    sandbox.run_at(sim, simulated::NOW, args)
}

fn filled() -> (Sandbox, Simulator) {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let _ = run(&sandbox, &sim, &BACKFILL).code(0);
    sim.log().clear();
    (sandbox, sim)
}

/// The path and content of all files below a folder, except the log and lock of the database.
fn content(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            found.insert(path.clone(), Vec::new());
            found.append(&mut content(&path));
        } else if !["filings.db-shm", "filings.db-wal", "filings.db.lock"].contains(&name) {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

/// Fails unless each command is refused with these words, sends no request and writes nothing.
#[track_caller]
fn all_refused(sandbox: &Sandbox, sim: &Simulator, options: &[&str], says: &str) {
    let before = content(&sandbox.path(""));
    for command in COMMANDS {
        let output = run(sandbox, sim, &[command, options].concat()).code(1);
        let _ = output.says(says);
        assert!(
            content(&sandbox.path("")) == before,
            "{command:?} wrote something"
        );
    }
    assert_eq!(sim.log().count(|_| true), 0, "something was asked for");
}

#[test]
fn a_disk_that_is_not_mounted_is_not_written_to() {
    let (sandbox, sim) = filled();
    fs::rename(sandbox.path("filings"), sandbox.path("away")).unwrap();
    all_refused(&sandbox, &sim, &[], "whether its disk is mounted");
    // The mount point exists and is empty.
    fs::create_dir(sandbox.path("filings")).unwrap();
    all_refused(&sandbox, &sim, &[], "filings is not the data dir of");
    fs::remove_dir(sandbox.path("filings")).unwrap();
    fs::rename(sandbox.path("away"), sandbox.path("filings")).unwrap();
    let _ = run(&sandbox, &sim, &["verify"]).code(0);
}

#[test]
fn another_databases_data_dir_is_left_alone() {
    let ((sandbox, sim), (other, _other_sim)) = (filled(), filled());
    let theirs = other.path("filings");
    let before = content(&theirs);
    let option = ["--data-dir", theirs.to_str().unwrap()];
    all_refused(&sandbox, &sim, &option, "belongs to another database");
    let new = [&option[..], &["--new-data-dir"]].concat();
    all_refused(&sandbox, &sim, &new, "belongs to another database");
    assert!(content(&theirs) == before);
}

#[test]
fn a_data_dir_that_was_moved_is_the_same_one() {
    let (sandbox, sim) = filled();
    fs::rename(sandbox.path("filings"), sandbox.path("moved")).unwrap();
    for command in [&["verify"][..], &["update"], &["download"], &BACKFILL] {
        let command = [command, &["--data-dir", "moved"]].concat();
        let _ = run(&sandbox, &sim, &command).code(0);
    }
}

#[test]
fn a_new_data_dir_is_empty_and_gets_everything_again() {
    let (sandbox, sim) = filled();
    let files = sandbox.number("SELECT count(*) FROM v_artifacts WHERE status = 'downloaded'");
    fs::create_dir(sandbox.path("full")).unwrap();
    fs::write(sandbox.path("full/note.txt"), "mine").unwrap();
    let full = ["--data-dir", "full", "--new-data-dir"];
    all_refused(&sandbox, &sim, &full, "full is not empty");

    let new = ["--data-dir", "new", "--new-data-dir"];
    let verify = [&["verify", "--json"][..], &new].concat();
    let report = run(&sandbox, &sim, &verify).code(3).json();
    assert_eq!(report["queued_again"].as_i64(), Some(files));
    let _ = run(&sandbox, &sim, &["download", "--data-dir", "new"]).code(0);
    let _ = run(&sandbox, &sim, &["verify", "--data-dir", "new"]).code(0);
    // Repeating the option is harmless.
    let _ = run(&sandbox, &sim, &[&["update"][..], &new].concat()).code(0);
}

#[test]
fn a_database_that_starts_over_takes_the_data_dir_with_a_word() {
    let (sandbox, sim) = filled();
    fs::remove_file(sandbox.path("filings.db")).unwrap();
    let again = run(&sandbox, &sim, &BACKFILL).code(0);
    let _ = again.says("was used with another database");
    let _ = run(&sandbox, &sim, &["verify"]).code(0);
}

#[test]
fn an_identity_that_cannot_be_one_is_named() {
    let (sandbox, sim) = filled();
    fs::write(sandbox.path("filings/.filing-etl-id"), "not one").unwrap();
    all_refused(&sandbox, &sim, &[], "restore it from a copy");
}

const ADDRESSES: &str = "('archives_url', 'data_url', 'listings_url')";

/// Records these addresses, as if the database had been filled from them.
fn filled_from(sandbox: &Sandbox, url: &str) {
    let sql = format!("UPDATE meta SET value = '{url}' WHERE key IN {ADDRESSES}");
    sandbox.db().execute_batch(&sql).unwrap();
}

#[test]
fn a_database_filled_from_sec_gov_refuses_this_machine() {
    let (sandbox, sim) = filled();
    filled_from(&sandbox, "https://www.sec.gov");
    all_refused(&sandbox, &sim, &[], "--accept-urls");
    for command in [&["companies", "sync"][..], &["diagnose", "--reconcile"]] {
        let _ = run(&sandbox, &sim, command)
            .code(1)
            .says("was filled from https://www.sec.gov, but http://127.0.0.1");
    }
    assert_eq!(sim.log().count(|_| true), 0);

    // One of the three URLs is enough, in any spelling.
    for (name, url) in [
        ("--archives-url", "http://localhost:1"),
        ("--data-url", "http://[::1]:1"),
        ("--listings-url", "http://127.9.9.9:1"),
    ] {
        let mut command = sandbox.command(&["update", name, url]);
        command.env("SEC_USER_AGENT", crate::harness::USER_AGENT);
        let _ = Output::of(command).code(1).says("--accept-urls");
    }
}

#[test]
fn a_local_proxy_that_is_meant_does_not_take_the_place_of_the_server_behind_it() {
    let (sandbox, sim) = filled();
    filled_from(&sandbox, "https://www.sec.gov");
    for command in COMMANDS {
        let _ = run(&sandbox, &sim, &[command, &["--accept-urls"]].concat()).code(0);
    }
    let foreign = "SELECT count(*) FROM v_artifacts WHERE url NOT LIKE 'https://www.sec.gov/%'";
    assert_eq!(sandbox.number(foreign), 0);
}

#[test]
fn a_database_filled_from_a_simulator_refuses_sec_gov() {
    let (sandbox, _sim) = filled();
    for command in [&BACKFILL[..], &["update"], &["download"]] {
        let mut command = sandbox.command(command);
        command.env("SEC_USER_AGENT", crate::harness::USER_AGENT);
        let _ = Output::of(command)
            .code(1)
            .says("but requests would now go to https://www.sec.gov");
    }
    // It sends no request, so the address does not matter.
    let _ = sandbox.run(&["verify"]).code(0);
}

#[test]
fn a_change_of_mirror_is_told_once() {
    let (sandbox, sim) = filled();
    filled_from(&sandbox, "https://mirror.example.com");
    let update = |urls: &str| {
        let mut command = sandbox.command_against(&sim, &["update"]);
        command
            .env("FILING_ETL_NOW", "2025-07-01T16:00:00Z")
            .env("FILING_ETL_ARCHIVES_URL", urls)
            .env("FILING_ETL_DATA_URL", urls)
            .env("FILING_ETL_LISTINGS_URL", urls)
            .env("http_proxy", sim.url())
            .env("HTTP_PROXY", sim.url());
        Output::of(command).code(0)
    };
    let _ = update("http://other.example.com").says("from http://other.example.com");
    let again = update("http://other.example.com");
    assert!(!again.stderr.contains("example.com"), "{}", again.stderr);
}
