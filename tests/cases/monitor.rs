//! `monitor`: watches a run of another process.

use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use filing_etl::internals::{Counts, RunEnd, RunLock, RunProgress, RunStatus, Writer};
use filing_etl::sim::Simulator;
use jiff::{Timestamp, ToSpan as _};

use crate::harness::mask;
use crate::harness::process::Running;
use crate::harness::{Output, Sandbox, faults, simulated};
use crate::snapshot;

const ONCE: [&str; 3] = ["monitor", "--once", "--json"];

/// A run that has visited some companies and waits for the simulator until [`go_on`].
fn under_way(sandbox: &Sandbox) -> (Simulator, Running) {
    let sim = simulated::start(simulated::small());
    sim.set_faults(faults(&["stall=3600@discovery#20"]));
    let args = [
        "--preset",
        "sequential",
        "--no-download",
        "--exchange",
        "all",
    ];
    let mut run = Running::start(sandbox.backfill(&sim, &args));
    let going = run.until(|| {
        let look = Output::of(sandbox.command(&ONCE));
        look.status.success() && {
            let look = look.json();
            look["state"] == "running" && look["run"]["companies"]["done"].as_u64() > Some(0)
        }
    });
    assert!(going, "the run ended before: {:?}", run.end());
    (sim, run)
}

/// Lets the running run complete.
fn go_on(sim: &Simulator) {
    sim.set_faults(Vec::new());
}

/// A monitor that has printed something on standard error, which is the file `log`.
fn watching(sandbox: &Sandbox) -> Running {
    let args = ["monitor", "--progress", "plain", "--progress-interval", "1"];
    let log = sandbox.path("log");
    let mut command = sandbox.command(&args);
    command
        .stdout(Stdio::piped())
        .stderr(File::create(&log).unwrap());
    let mut watching = Running::start_as_is(command);
    let shown = watching.until(|| std::fs::metadata(&log).unwrap().len() > 0);
    assert!(shown, "the monitor ended before");
    watching
}

#[test]
fn a_run_in_another_process_is_shown_until_it_ends() {
    let sandbox = Sandbox::new();
    let (sim, run) = under_way(&sandbox);
    let watching = watching(&sandbox);
    go_on(&sim);
    let _ = run.end().code(0);
    let watched = watching.end().code(0);
    let shown = std::fs::read_to_string(sandbox.path("log")).unwrap();
    assert!(shown.contains("Companies 50/50 (100%)"), "{shown}");
    assert!(
        watched.stdout.contains("run 1 (backfill), was completed"),
        "{}",
        watched.stdout
    );
    let after = sandbox.run(&ONCE).code(0).json();
    assert_eq!(
        (&after["state"], &after["run"]["status"]),
        (&"none".into(), &"completed".into())
    );
}

#[test]
fn an_interrupted_monitor_leaves_the_run_alone() {
    let sandbox = Sandbox::new();
    let (sim, run) = under_way(&sandbox);
    let watching = watching(&sandbox);
    watching.signal("INT");
    let _ = watching.end().code(130);
    go_on(&sim);
    let _ = run.end().code(0);
}

#[test]
fn a_run_that_was_killed_looks_dead() {
    let sandbox = Sandbox::new();
    let (_sim, run) = under_way(&sandbox);
    let _ = run.kill();
    assert_eq!(sandbox.run(&ONCE).code(0).json()["state"], "dead");
    // Without a run, the command does not wait.
    let watched = sandbox.run(&["monitor"]).code(0);
    assert!(
        watched.stdout.contains("was killed; last heartbeat"),
        "{}",
        watched.stdout
    );
    // Reading does not change the database.
    assert_eq!(sandbox.rows("SELECT status FROM v_runs"), ["running"]);
}

#[test]
fn without_a_run_it_says_so() {
    let sandbox = Sandbox::new();
    let _ = sandbox
        .run(&["monitor"])
        .code(1)
        .says("there is no database");
    let _ = Writer::open(&sandbox.path("filings.db")).unwrap();
    let watched = sandbox.run(&["monitor"]).code(0);
    assert_eq!(
        watched.stdout,
        "No run is in progress, and none is recorded yet.\n"
    );
    assert_eq!(
        sandbox.run(&ONCE).code(0).json()["run"],
        serde_json::Value::Null
    );
    let _ = sandbox.run(&["monitor", "--json"]).code(2).says("--once");
}

#[test]
fn one_frame_looks_like_this() {
    let sandbox = Sandbox::new();
    let path = sandbox.path("filings.db");
    let lock = RunLock::acquire(&path).unwrap().unwrap();
    let mut db = Writer::open(&path).unwrap();
    let now = Timestamp::now();
    let run = db.start_run("backfill", "{}", now - 5.minutes()).unwrap();
    let counts = Counts {
        companies_total: 5911,
        companies_done: 1200,
        companies_with_new: 1100,
        companies_failed: 2,
        companies_in_progress: 10,
        filings_found: 18_000,
        filings_new: 17_500,
        artifacts_created: 17_500,
        artifacts_queued: 17_600,
        downloaded: 4000,
        failed: 1,
        bytes: 812_000_000,
        requests: 0,
        requests_documents: 4001,
        ..Counts::default()
    };
    let progress = RunProgress {
        counts,
        rate_limit: Some(10),
        paused: Duration::from_mins(1),
        ..RunProgress::default()
    };
    let beat = |db: &mut Writer, at| {
        let batch = db.begin().unwrap();
        batch.heartbeat(run, &progress, at).unwrap();
        batch.commit().unwrap();
    };
    beat(&mut db, now);
    let frame = sandbox.run(&["monitor", "--once"]).code(0).stdout;
    assert!(frame.contains("Companies 1,200/5,911 (20%)"), "{frame}");
    snapshot!(
        "monitor_json",
        mask::json(sandbox.run(&ONCE).code(0).json())
    );

    // The process still has the lock, but writes no more heartbeats.
    beat(&mut db, now - 2.minutes());
    let silent = sandbox.run(&["monitor", "--once"]).code(0).stdout;
    assert!(
        silent.starts_with("No heartbeat from run 1 (backfill) for 2:"),
        "{silent}"
    );
    assert_eq!(sandbox.run(&ONCE).code(0).json()["state"], "silent");

    drop(lock);
    assert_eq!(sandbox.run(&ONCE).code(0).json()["state"], "dead");
    let end = now - 1.minutes();
    let partial = RunEnd {
        status: RunStatus::Partial,
        ended_by: None,
        through: None,
    };
    db.finish_run(run, &partial, &progress, end).unwrap();
    let ended = sandbox.run(&["monitor", "--once"]).code(0).stdout;
    assert_eq!(
        ended,
        "No run is in progress. The last one, run 1 (backfill), ended with items left after 4:00.\n"
    );
}
