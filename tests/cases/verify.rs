//! `verify`: reports damaged files, which are then downloaded again.

use std::fs::{self, File};
use std::path::PathBuf;

use filing_etl::internals::RunLock;
use filing_etl::sim::{Options, Simulator};
use jiff::civil::date;

use crate::harness::process::Running;
use crate::harness::{Output, Sandbox};

/// A data dir and a database that agree.
fn complete() -> (Sandbox, Simulator) {
    let sim = Simulator::start(Options {
        companies: 12,
        today: date(2026, 2, 27),
        filings_per_year: 4,
        document_scale: 0.001,
        ..Options::default()
    })
    .unwrap();
    let sandbox = Sandbox::new();
    let _ = backfill(&sandbox, &sim).code(0);
    (sandbox, sim)
}

fn backfill(sandbox: &Sandbox, sim: &Simulator) -> Output {
    let range = ["--since", "2024-01-01", "--until", "2026-02-27"];
    // Sequentially, so that the rows are always in the same order.
    let head = ["backfill", "--exchange", "all", "--preset", "sequential"];
    sandbox.run_against(sim, &[&head[..], &range].concat())
}

/// The files on record, in the order of their rows.
fn stored(sandbox: &Sandbox) -> Vec<PathBuf> {
    let rows = sandbox.rows("SELECT path FROM v_artifacts ORDER BY id");
    rows.iter()
        .map(|p| sandbox.path("filings").join(p))
        .collect()
}

fn flip_a_byte(path: &PathBuf) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn pending(sandbox: &Sandbox) -> i64 {
    sandbox.number("SELECT count(*) FROM v_artifacts WHERE status = 'pending'")
}

#[test]
fn a_whole_archive_is_said_to_be_whole() {
    let (sandbox, _sim) = complete();
    for args in [&["verify", "--json"][..], &["verify", "--quick", "--json"]] {
        let report = sandbox.run(args).code(0).json();
        assert_eq!(report["checked"], stored(&sandbox).len());
        let bytes = sandbox.number("SELECT sum(bytes) FROM v_artifacts");
        assert_eq!(report["bytes"], bytes);
        assert_eq!(report["complete"], true);
        assert_eq!(report["problems"].as_array().unwrap().len(), 0);
    }
}

#[test]
fn missing_damaged_and_stray_files_are_told_apart_and_the_first_two_come_back() {
    let (sandbox, sim) = complete();
    let good = sandbox.files();
    let files = stored(&sandbox);
    fs::remove_file(&files[0]).unwrap();
    flip_a_byte(&files[1]);
    let cut = File::options().write(true).open(&files[2]).unwrap();
    cut.set_len(10).unwrap();
    let orphans =
        ["note.txt", "320193/odd/file.htm"].map(|p| sandbox.path("filings/edgar/data").join(p));
    for orphan in &orphans {
        fs::create_dir_all(orphan.parent().unwrap()).unwrap();
        fs::write(orphan, "x").unwrap();
    }

    let output = sandbox.run(&["verify", "--json"]).code(3);
    let mut report = output.json();
    report["elapsed_s"] = 0.into();
    insta::assert_snapshot!(
        "verify_json",
        serde_json::to_string_pretty(&report).unwrap()
    );
    assert_eq!(pending(&sandbox), 3);
    let errors =
        sandbox.rows("SELECT last_error FROM v_artifacts WHERE status = 'pending' ORDER BY id");
    assert_eq!(
        errors[..2],
        ["verify: missing", "verify: damaged: different content"]
    );

    // Queued files are neither checked nor orphans, and stay queued.
    let again = sandbox.run(&["verify", "--json"]).code(3).json();
    assert_eq!(
        (&again["orphan"], &again["queued_again"], &again["waiting"]),
        (&2.into(), &0.into(), &3.into())
    );

    let _ = backfill(&sandbox, &sim).code(0);
    for orphan in &orphans {
        fs::remove_file(orphan).unwrap();
    }
    assert_eq!(sandbox.files(), good);
    let last = sandbox.run(&["verify", "--json"]).code(0).json();
    assert_eq!(last["orphan"], 0);
}

#[test]
fn the_table_names_the_files_and_what_to_do() {
    let (sandbox, _sim) = complete();
    let files = stored(&sandbox);
    fs::remove_file(&files[0]).unwrap();
    flip_a_byte(&files[1]);
    fs::remove_file(&files[3]).unwrap();
    fs::create_dir(&files[3]).unwrap();
    fs::write(sandbox.path("filings/edgar/data/note.txt"), "x").unwrap();
    let output = sandbox.run(&["verify"]).code(3).says("files (100%)");
    let text = output.stdout.split_once(" in 0:").unwrap();
    let text = format!("{} in [time]{}", text.0, &text.1[2..]);
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    insta::assert_snapshot!("verify_table", text);
}

#[test]
fn quick_sees_sizes_only() {
    let (sandbox, _sim) = complete();
    let files = stored(&sandbox);
    flip_a_byte(&files[0]);
    let _ = sandbox.run(&["verify", "--quick"]).code(0);
    File::options()
        .write(true)
        .open(&files[1])
        .unwrap()
        .set_len(1)
        .unwrap();
    let report = sandbox.run(&["verify", "--quick", "--json"]).code(3).json();
    assert_eq!(
        (&report["damaged"], &report["quick"]),
        (&1.into(), &true.into())
    );
    let report = sandbox.run(&["verify", "--json"]).code(3).json();
    assert_eq!(report["damaged"], 1);
}

#[test]
fn a_disk_that_is_not_mounted_is_not_taken_for_the_loss_of_every_file() {
    let (sandbox, _sim) = complete();
    let _ = sandbox
        .run(&["verify", "--data-dir", "elsewhere"])
        .code(1)
        .says("check --data-dir");
    assert_eq!(pending(&sandbox), 0);
    assert!(!sandbox.path("elsewhere").exists());
}

#[test]
fn without_a_database_there_is_nothing_to_verify_and_none_is_made() {
    let sandbox = Sandbox::new();
    let _ = sandbox
        .run(&["verify"])
        .code(1)
        .says("there is no database");
    assert!(!sandbox.path("filings.db").exists());
}

#[test]
fn beside_a_run_it_leaves_at_once() {
    let (sandbox, _sim) = complete();
    let _lock = RunLock::acquire(&sandbox.path("filings.db"))
        .unwrap()
        .unwrap();
    let _ = sandbox.run(&["verify"]).code(75);
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_it_within_a_file_and_what_was_found_is_recorded() {
    let (sandbox, _sim) = complete();
    let files = stored(&sandbox);
    fs::remove_file(&files[0]).unwrap();
    // A sparse file: it takes hours to read and no disk space.
    let size: u64 = 1 << 42;
    File::options()
        .write(true)
        .open(&files[1])
        .unwrap()
        .set_len(size)
        .unwrap();
    sandbox
        .db()
        .execute(
            "UPDATE artifacts SET bytes = ?1 WHERE id = (SELECT id FROM artifacts ORDER BY id LIMIT 1 OFFSET 1)",
            [i64::try_from(size).unwrap()],
        )
        .unwrap();
    let mut running = Running::start(sandbox.command(&["verify", "--json"]));
    assert!(
        running.until(|| pending(&sandbox) == 1),
        "it ended too early"
    );
    running.signal("INT");
    let report = running.end().code(130).json();
    assert_eq!(report["complete"], false);
    assert_eq!(report["missing"], 1);
    assert_eq!(pending(&sandbox), 1);
}
