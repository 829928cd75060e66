//! Runs that are killed, interrupted, resumed, or started twice.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Duration;

use filing_etl::sim::{Options, Resource, Simulator};

use crate::harness::process::{Running, for_each, pause};
use crate::harness::same::same_set;
use crate::harness::simulated;
use crate::harness::{Output, Sandbox, after, key, started_by};

/// Starts a run and waits until this number of requests has arrived.
fn run_until(sandbox: &Sandbox, sim: &Simulator, args: &[&str], requests: usize) -> Running {
    let mut run = Running::start(sandbox.backfill(sim, args));
    let came = run.until(|| sim.log().requests() >= requests);
    assert!(came, "the run ended before: {:?}", run.end());
    run
}

/// Stalls the last documents for this many seconds, one for each thread. So the run cannot complete before the
/// test stops it, however late that is.
fn hold_the_end(sim: &Simulator, seconds: u32) {
    let documents = simulated::contents(sim, &simulated::reports(sim)).len();
    let last = documents - 9..=documents;
    let holds = last.map(|n| format!("stall={seconds}@documents#{n}"));
    sim.set_faults(holds.map(|fault| fault.parse().unwrap()).collect());
}

/// Fails unless database and files are those of an uninterrupted run.
fn assert_complete(sandbox: &Sandbox, sim: &Simulator) {
    let wanted = simulated::reports(sim);
    let contents = simulated::contents(sim, &wanted);
    let keys = sandbox.rows("SELECT cik, accession FROM v_filings");
    same_set(
        &keys.into_iter().collect(),
        &simulated::keys(&wanted),
        "filings",
    );
    let (files, recorded) = (sandbox.files(), sandbox.recorded());
    let paths = files.keys().cloned().collect();
    same_set(&paths, &recorded, "a row for each file");
    assert_eq!(recorded.len(), contents.len());
    for (path, bytes) in &files {
        assert!(contents.get(key(path)) == Some(bytes), "{path}");
    }
    assert_eq!(sandbox.rows("PRAGMA integrity_check"), ["ok"]);
    assert_eq!(
        sandbox.rows("PRAGMA foreign_key_check"),
        Vec::<String>::new()
    );
}

/// The user agent of the run after a killed one.
const NEXT_RUN: &str = "filing-etl next run tests@example.com";

#[test]
fn a_run_killed_at_any_moment_is_continued_by_the_next() {
    for (requests, preset) in [
        (1, "fast"),
        (3, "fast"),
        (10, "fast"),
        (45, "turbo"),
        (70, "sequential"),
        (200, "fast"),
        (280, "fast"),
    ] {
        let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
        let args = ["--preset", preset];
        hold_the_end(&sim, 60);
        let _ = run_until(&sandbox, &sim, &args, requests).kill();
        sim.set_faults(Vec::new());
        let existed = sandbox.path("filings.db").exists();
        let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'v_artifacts'";
        let existed = existed && sandbox.number(tables) == 1;
        let before = if existed {
            sandbox.recorded()
        } else {
            BTreeSet::new()
        };
        for path in &before {
            assert!(sandbox.path("filings").join(path).is_file(), "{path}");
        }
        // Requests of the killed run may arrive after its end, so the next run has another user agent.
        let mut next = sandbox.backfill(&sim, &args);
        next.env("FILING_ETL_USER_AGENT", NEXT_RUN);
        let _ = Output::of(next).code(0);
        assert_complete(&sandbox, &sim);
        let mut asked = BTreeMap::new();
        for entry in sim.log().entries() {
            if entry.user_agent.as_deref() == Some(NEXT_RUN) {
                *asked.entry(entry.path.clone()).or_insert(0) += 1;
            }
        }
        assert!(!asked.is_empty());
        for (path, times) in asked {
            assert_eq!(times, 1, "{path} after {requests} requests");
            let path = path.trim_start_matches("/Archives/");
            assert!(!before.contains(path), "{path} after {requests} requests");
        }
        let statuses = sandbox.rows("SELECT status, ended_at IS NULL FROM v_runs ORDER BY run_id");
        let (last, killed) = statuses.split_last().unwrap();
        assert_eq!(last, "completed|0");
        assert!(
            killed.iter().all(|status| status == "interrupted|0"),
            "{killed:?}"
        );
        assert!(requests < 10 || killed.len() == 1, "{killed:?}");
        assert_eq!(sandbox.incoming(), ["lock"]);
    }
}

#[test]
fn a_run_killed_again_and_again_gets_there() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let mut kills = 0;
    loop {
        // Each run gets a little further than the one before.
        let documents = 20 + 20 * kills;
        let hold = |n| format!("stall=60@documents#{n}").parse().unwrap();
        sim.set_faults((documents..documents + 5).map(hold).collect());
        sim.log().clear();
        let mut run = Running::start(sandbox.backfill(&sim, &[]));
        let killed = run.until(|| sim.log().of_kind(Resource::Documents) >= documents);
        if !killed {
            let _ = run.end().code(0);
            break;
        }
        let _ = run.kill();
        kills += 1;
    }
    assert!(kills > 2);
    assert_complete(&sandbox, &sim);
}

#[test]
fn an_interrupted_run_records_everything_it_has_downloaded() {
    let cases = [("INT", 130, 150), ("TERM", 143, 250), ("TERM", 143, 20)];
    for_each(&cases, |&(signal, code, requests)| {
        let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
        hold_the_end(&sim, 4);
        let run = run_until(&sandbox, &sim, &[], requests);
        run.signal(signal);
        let _ = run.end_within(Duration::from_secs(30)).code(code);
        sim.set_faults(Vec::new());
        let files: BTreeSet<String> = sandbox.files().into_keys().collect();
        same_set(&sandbox.recorded(), &files, signal);
        let contents = simulated::contents(&sim, &simulated::reports(&sim));
        assert!(files.len() < contents.len(), "it was interrupted");
        assert_eq!(
            sandbox.rows("SELECT run_id, status, ended_at IS NULL FROM v_runs"),
            ["1|interrupted|0"]
        );
        sim.log().clear();
        let _ = Output::of(sandbox.backfill(&sim, &[])).code(0);
        assert_complete(&sandbox, &sim);
        let fetched = sim.log().of_kind(Resource::Documents);
        assert_eq!(fetched, contents.len() - files.len());
    });
}

#[test]
fn a_stalled_server_does_not_keep_an_interrupted_run() {
    let faults = [
        "stall=60@documents#40",
        "stall-body=60@documents#40",
        "stall=60@discovery#7",
    ];
    for_each(&faults, |fault| {
        let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
        sim.set_faults(vec![fault.parse().unwrap()]);
        let mut run = Running::start(sandbox.backfill(&sim, &[]));
        assert!(run.until(|| sim.log().count(|e| e.fault.is_some()) == 1));
        run.signal("TERM");
        // It must end within ten seconds; without that rule it would be thirty.
        let ended = run.end_within(Duration::from_secs(20)).code(143);
        let _ = ended.says("a second signal ends the run at once");
        let files: BTreeSet<String> = sandbox.files().into_keys().collect();
        same_set(&sandbox.recorded(), &files, fault);
        assert_eq!(sandbox.rows("SELECT status FROM v_runs"), ["interrupted"]);
        sim.set_faults(Vec::new());
        sim.log().clear();
        let _ = Output::of(sandbox.backfill(&sim, &[])).code(0);
        assert_complete(&sandbox, &sim);
    });
}

#[test]
fn a_stalled_company_list_does_not_keep_an_interrupted_run() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    sim.set_faults(vec!["stall=60@companies".parse().unwrap()]);
    let run = run_until(&sandbox, &sim, &[], 1);
    run.signal("INT");
    let _ = run.end_within(Duration::from_secs(20)).code(130);
}

#[test]
fn a_second_signal_leaves_at_once() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    sim.set_faults(vec!["stall=60@documents#40".parse().unwrap()]);
    let mut run = Running::start(sandbox.backfill(&sim, &[]));
    assert!(run.until(|| sim.log().count(|e| e.fault.is_some()) == 1));
    // Signals in quick succession count as one, so they are repeated.
    while !run.has_ended() {
        run.signal("INT");
        (0..20).for_each(|_| pause());
    }
    let _ = run.end().code(130);
    // It did not wait for the requests in flight, so the end of the run was not logged.
    assert_eq!(sandbox.rows("SELECT status FROM v_runs"), ["running"]);
    sim.set_faults(Vec::new());
    let _ = Output::of(sandbox.backfill(&sim, &[])).code(0);
    assert_eq!(
        sandbox.rows("SELECT status FROM v_runs ORDER BY run_id"),
        ["interrupted", "completed"]
    );
    assert_complete(&sandbox, &sim);
}

/// As `timeout` does: to its child, and at once to the process group that the child is in.
#[test]
#[cfg(target_os = "linux")]
fn two_signals_at_once_are_one_request_to_stop() {
    for_each(&[1, 2, 3, 4, 5, 6], |_| {
        let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
        sim.set_faults(vec!["stall=60@documents#40".parse().unwrap()]);
        let mut run = Running::start(sandbox.backfill(&sim, &["--json"]));
        assert!(run.until(|| sim.log().count(|e| e.fault.is_some()) == 1));
        // Two signals of different kinds, since two of one kind may arrive as one.
        let two = format!("kill -TERM {0}; kill -HUP {0}", run.id());
        let _ = Command::new("sh").args(["-c", &two]).status().unwrap();
        let output = run.end_within(Duration::from_secs(20));
        // The kernel does not say which of two pending signals came first.
        let code = output.status.code();
        assert!(matches!(code, Some(129 | 143)), "{code:?}");
        assert_eq!(output.json()["status"], "interrupted");
        assert_eq!(sandbox.rows("SELECT status FROM v_runs"), ["interrupted"]);
    });
}

#[test]
fn a_second_run_on_a_database_leaves_at_once_and_asks_nothing() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    sim.set_faults(vec!["stall=60@discovery".parse().unwrap()]);
    let run = run_until(&sandbox, &sim, &[], 4);
    let other = |mut command: Command| {
        command.env("FILING_ETL_USER_AGENT", "The second one two@example.com");
        Output::of(command).code(75).says("another run")
    };
    let _ = other(sandbox.backfill(&sim, &[]));
    let _ = other(sandbox.command_against(&sim, &["companies", "sync"]));
    let second = |e: &filing_etl::sim::Entry| {
        let user_agent = e.user_agent.as_deref().unwrap_or_default();
        user_agent.contains("two@example.com")
    };
    assert_eq!(sim.log().count(second), 0);
    let _ = run.kill();
    // The lock is released when its process ends.
    sim.set_faults(Vec::new());
    let _ = Output::of(sandbox.backfill(&sim, &["--limit", "1"])).code(0);
}

#[test]
fn what_a_killed_run_had_begun_is_downloaded_by_the_next_one() {
    let sim = simulated::start(Options {
        companies: 13,
        ..simulated::small()
    });
    let sandbox = Sandbox::new();
    sim.set_faults(vec!["stall=60@documents".parse().unwrap()]);
    let mut run = Running::start(sandbox.backfill(&sim, &[]));
    // Every download thread hangs, and the rows of its files are in the database.
    assert!(run.until(|| sim.log().of_kind(Resource::Documents) >= 5));
    let queued = "SELECT count(*) > 5 FROM v_artifacts WHERE status = 'pending'";
    assert!(run.until(|| sandbox.number(queued) == 1));
    let _ = run.kill();
    sim.set_faults(Vec::new());
    let _ = Output::of(sandbox.backfill(&sim, &[])).code(0);
    assert_complete(&sandbox, &sim);
}

#[test]
#[cfg(target_os = "linux")]
fn a_hangup_ends_a_run_as_a_termination_does_unless_it_was_to_be_ignored() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    sim.set_faults(vec!["stall=60@documents#40".parse().unwrap()]);
    // The tests themselves may run under `nohup`, so `env` restores the default of the signal.
    let job = sandbox.backfill(&sim, &["-q"]);
    let mut run = Running::start(started_by("env", &["--default-signal=HUP"], &job));
    assert!(run.until(|| sim.log().count(|e| e.fault.is_some()) == 1));
    run.signal("HUP");
    let output = run.end_within(Duration::from_secs(40)).code(129);
    let _ = output.says("the run was interrupted by SIGHUP: the same command continues it");
    assert_eq!(sandbox.rows("SELECT status FROM v_runs"), ["interrupted"]);

    // Started as by `nohup`.
    let sandbox = Sandbox::new();
    let job = sandbox.backfill(&sim, &[]);
    sim.set_faults(vec!["stall=60@documents#40".parse().unwrap()]);
    sim.log().clear();
    let mut run = Running::start(after("trap '' HUP", &job));
    assert!(run.until(|| sim.log().count(|e| e.fault.is_some()) == 1));
    run.signal("HUP");
    (0..100).for_each(|_| pause());
    assert!(!run.has_ended());
    run.signal("TERM");
    let _ = run.end_within(Duration::from_secs(20)).code(143);
}

#[test]
fn a_run_whose_records_the_database_refuses_ends_with_its_row() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let _ = sandbox.run_against(&sim, &["companies", "sync"]).code(0);
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON artifacts \
                  BEGIN SELECT RAISE(ABORT, 'not this row'); END";
    let db = rusqlite::Connection::open(sandbox.path("filings.db")).unwrap();
    db.execute_batch(refuse).unwrap();
    let _ = Output::of(sandbox.backfill(&sim, &[]))
        .code(1)
        .says("not this row");
    let rows = "SELECT status, ended_at IS NOT NULL, requests > 0 FROM v_runs";
    assert_eq!(sandbox.rows(rows), ["failed|1|1"]);
    db.execute_batch("DROP TRIGGER refuse").unwrap();
    drop(db);
    let _ = Output::of(sandbox.backfill(&sim, &[])).code(0);
}
