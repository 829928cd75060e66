//! A clock that was wrong for a while: no wait is endless, and no pause is lost.

use std::fs;

use filing_etl::sim::{Resource, Simulator};
use jiff::{SignedDuration, Timestamp};

use crate::harness::process::for_each;
use crate::harness::simulated;
use crate::harness::{Output, Sandbox};

/// Records a pause for the simulator's host, as a blocked run does.
fn note_pause(sandbox: &Sandbox, sim: &Simulator, until: Timestamp, length_ms: u32) {
    let name = sim.address().to_string().replace(':', "_");
    let folder = sandbox.path("state/filing-etl").join(&name);
    fs::create_dir_all(&folder).unwrap();
    let text = format!("paused {until} {length_ms}\n");
    fs::write(folder.join(format!("pause-{name}")), text).unwrap();
    // The slots of the rate limit are reserved until long after now.
    for slot in 0..50 {
        fs::write(
            folder.join(format!("slot-{slot:02}")),
            "free 9999999999999\n",
        )
        .unwrap();
    }
}

/// Runs a job to its end, and returns how long it paused, in seconds.
fn paused(sandbox: &Sandbox, sim: &Simulator) -> f64 {
    let args = ["--limit", "3", "--rate", "50", "--json"];
    let output = Output::of(sandbox.backfill(sim, &args)).code(0);
    let output = output.says("is blocked until ");
    assert_eq!(sim.log().while_blocked(), 0);
    let state = sandbox.path("state/filing-etl");
    let name = sim.address().to_string().replace(':', "_");
    let record = fs::read_to_string(state.join(&name).join(format!("pause-{name}"))).unwrap();
    assert!(record.starts_with("open "), "{record}");
    output.json()["requests"]["paused_s"].as_f64().unwrap()
}

#[test]
fn a_pause_noted_by_a_clock_that_ran_ahead_starts_anew_and_ends() {
    for_each(&["2099-01-01T00:00:00Z", "9999-12-30T00:00:00Z"], |until| {
        let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
        note_pause(&sandbox, &sim, until.parse().unwrap(), 1500);
        let seconds = paused(&sandbox, &sim);
        assert!((1.4..60.0).contains(&seconds), "{seconds}");
    });
}

#[test]
fn a_pause_is_kept_when_the_clock_is_set_back_a_little() {
    let sim = simulated::start(simulated::small());
    let sandbox = Sandbox::new();
    // Of its ten minutes, seconds are left to go: more than a run takes to begin on this machine now.
    let asked = Timestamp::now();
    let _ = sandbox.run_against(&sim, &["companies", "sync"]).code(0);
    let now = Timestamp::now();
    let begin = now.duration_since(asked) * 5 + SignedDuration::from_secs(4);
    let until = now + begin.min(SignedDuration::from_secs(50));
    note_pause(&sandbox, &sim, until, 600_000);
    let first = Timestamp::now();
    let seconds = paused(&sandbox, &sim);
    assert!(Timestamp::now() >= until && first < until);
    assert!((1.0..60.0).contains(&seconds), "{seconds}");
}

#[test]
fn a_record_from_a_time_to_come_keeps_no_run_from_its_work() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let _ = Output::of(sandbox.backfill(&sim, &[])).code(0);
    let ahead = "
        UPDATE meta SET value = '2099-01-01T00:00:00.000Z' WHERE key LIKE '%synced_at';
        UPDATE companies SET last_checked_at = '2099-01-01T00:00:00.000Z';
        UPDATE runs SET started_at = '2099-01-01T00:00:00.000Z',
            heartbeat_at = '2099-01-01T00:00:00.000Z', ended_at = '2099-01-01T00:00:00.000Z'";
    sandbox.db().execute_batch(ahead).unwrap();
    sim.advance_to(jiff::civil::date(2025, 8, 31));
    sim.log().clear();
    let mut command = sandbox.backfill(&sim, &["--until", "2025-08-31"]);
    command.env("FILING_ETL_NOW", "2025-06-01T00:00:00Z");
    let _ = Output::of(command).code(0);
    // The company list does not count as fresh then, and every company is visited again.
    assert_eq!(sim.log().of_kind(Resource::Companies), 1);
    let contents = simulated::contents(&sim, &simulated::reports(&sim));
    assert_eq!(sandbox.files().len(), contents.len());
    let ahead = "SELECT count(*) FROM v_companies WHERE last_checked_at > '2098'";
    let national = simulated::national(&sim).len();
    let all = sandbox.number("SELECT count(*) FROM v_companies");
    assert_eq!(
        sandbox.number(ahead),
        all - i64::try_from(national).unwrap()
    );
}
