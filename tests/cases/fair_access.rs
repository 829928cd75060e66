//! Fair access, checked with the simulator's log.

use std::time::Duration;

use filing_etl::sim::{Entry, Options, Resource, Simulator};

use crate::harness::process::Running;
use crate::harness::simulated;
use crate::harness::{Output, Sandbox};

/// This number of requests makes a run of about seven seconds at ten a second.
const REQUESTS: usize = 60;

fn simulator(latency: u64, jitter: u64) -> Simulator {
    simulated::start(Options {
        companies: 100,
        latency: Duration::from_millis(latency),
        jitter: Duration::from_millis(jitter),
        ..simulated::small()
    })
}

const LIMITED: [&str; 5] = ["--rate", "10", "--no-download", "--limit", "60"];

#[test]
fn no_second_at_the_server_holds_more_than_the_rate() {
    let (sandbox, sim) = (Sandbox::new(), simulator(60, 0));
    let _ = Output::of(sandbox.backfill(&sim, &LIMITED)).code(0);
    assert!(sim.log().requests() >= REQUESTS);
    assert!(sim.log().most_in_a_second() <= 10, "{}", sim.log().stats());
}

#[test]
fn no_second_holds_more_than_the_rate_however_late_requests_arrive() {
    let (sandbox, sim) = (Sandbox::new(), simulator(60, 300));
    let _ = Output::of(sandbox.backfill(&sim, &LIMITED)).code(0);
    assert!(sim.log().requests() >= REQUESTS);
    assert!(sim.log().most_in_a_second() <= 10, "{}", sim.log().stats());
}

#[test]
fn documents_and_retries_count_towards_the_rate_as_well() {
    let (sandbox, sim) = (Sandbox::new(), simulator(20, 0));
    sim.set_faults(vec!["503=0:30%*1".parse().unwrap()]);
    let args = ["--rate", "20", "--preset", "turbo", "--limit", "25"];
    let _ = Output::of(sandbox.backfill(&sim, &args)).code(0);
    assert!(sim.log().of_kind(Resource::Documents) > 60);
    assert!(sim.log().count(|e| e.fault.is_some()) > 10);
    assert!(sim.log().most_in_a_second() <= 20, "{}", sim.log().stats());
}

#[test]
fn runs_of_one_user_share_the_rate() {
    let sim = simulator(40, 60);
    let (one, two) = (Sandbox::new(), Sandbox::new());
    let start = |sandbox: &Sandbox, name: &str| {
        let mut command = sandbox.backfill(&sim, &LIMITED);
        command
            .env("XDG_STATE_HOME", one.path("shared"))
            .env("FILING_ETL_USER_AGENT", format!("{name} tests@example.com"));
        Running::start(command)
    };
    let (mut first, second) = (start(&one, "one"), start(&two, "two"));
    let from = |name: &'static str| {
        sim.log()
            .count(|e| e.user_agent.as_deref().is_some_and(|a| a.starts_with(name)))
    };
    // Both must run at the same time, or the test would prove nothing.
    assert!(first.until(|| from("two") > 10));
    let outputs = [first.end().code(0), second.end().code(0)];
    // The run that finds the slots of the other one in use logs it once.
    let said = "warn: another run is sending requests, too: both share the rate limit\n";
    let told = outputs.map(|output| output.stderr.matches(said).count());
    assert!(told.iter().all(|n| *n <= 1) && told != [0, 0], "{told:?}");
    assert!(from("one") >= REQUESTS && from("two") >= REQUESTS);
    assert!(sim.log().most_in_a_second() <= 10, "{}", sim.log().stats());
}

#[test]
fn a_run_started_right_after_another_keeps_the_rate_too() {
    let sim = simulator(10, 0);
    let sandbox = Sandbox::new();
    for _ in 0..4 {
        let args = ["--rate", "10", "--no-download", "--limit", "9"];
        let _ = Output::of(sandbox.backfill(&sim, &args)).code(0);
    }
    assert!(sim.log().most_in_a_second() <= 10, "{}", sim.log().stats());
}

/// The position in the log of the first request after the longest silence, and the length of the silence.
fn after_the_silence(entries: &[Entry]) -> (usize, Duration) {
    let gaps = entries
        .windows(2)
        .map(|pair| pair[1].at.abs_diff(pair[0].at));
    let longest = gaps.enumerate().max_by_key(|(_, gap)| *gap).unwrap();
    (longest.0 + 1, longest.1)
}

#[test]
fn a_blocked_run_is_silent_then_probes_once_and_completes() {
    let sim = simulated::start(Options {
        block_for: Duration::from_secs(3),
        latency: Duration::from_millis(50),
        ..simulated::small()
    });
    let sandbox = Sandbox::new();
    // With one thread, no request is in flight when the block begins.
    sim.set_faults(vec!["throttle@discovery#10".parse().unwrap()]);
    let args = ["--block-cooldown", "3s", "--preset", "sequential", "--json"];
    let args = [&args[..], &["--since", "2025-03-01", "--rate", "50"]].concat();
    let summary = Output::of(sandbox.backfill(&sim, &args)).code(0).json();
    assert_eq!(sim.log().while_blocked(), 0);
    let entries = sim.log().entries();
    let (probe, silence) = after_the_silence(&entries);
    assert!(entries[probe - 1].fault.is_some(), "silent since the block");
    assert!(silence >= Duration::from_secs(3), "{silence:?}");
    assert!(
        summary["requests"]["paused_s"].as_f64().unwrap() >= 2.9,
        "{summary}"
    );
    assert_eq!(summary["artifacts"]["pending"], 0);
    assert_eq!(summary["companies"]["failed"], 0);
    let paused = "SELECT paused_s >= 2.9 FROM v_runs";
    assert_eq!(sandbox.number(paused), 1);
}

#[test]
fn of_many_threads_one_alone_probes_after_a_block() {
    let sim = simulated::start(Options {
        block_for: Duration::from_secs(3),
        latency: Duration::from_millis(100),
        ..simulated::small()
    });
    let sandbox = Sandbox::new();
    sim.set_faults(vec!["throttle@discovery#15".parse().unwrap()]);
    let args = ["--block-cooldown", "3s", "--rate", "100", "--no-download"];
    let _ = Output::of(sandbox.backfill(&sim, &args)).code(0);
    let entries = sim.log().entries();
    let (probe, silence) = after_the_silence(&entries);
    assert!(silence >= Duration::from_millis(2800), "{silence:?}");
    assert!(
        !entries[probe].while_blocked,
        "the pause outlasts the block"
    );
    let answered = entries[probe].answered_at.unwrap();
    let next = entries[probe + 1].at;
    assert!(next >= answered, "the others wait for the probe's answer");
    // Requests in flight at that moment cannot be stopped: at most one for each thread.
    assert!(sim.log().while_blocked() < 10, "{}", sim.log().stats());
    assert_eq!(sandbox.rows("SELECT status FROM v_runs"), ["completed"]);
}

#[test]
fn a_block_is_known_to_the_next_run() {
    let sim = simulated::start(Options {
        block_for: Duration::from_secs(3),
        ..simulated::small()
    });
    let (one, two) = (Sandbox::new(), Sandbox::new());
    let args = [
        "--block-cooldown",
        "3s",
        "--no-download",
        "--preset",
        "sequential",
        "--rate",
        "50",
    ];
    sim.set_faults(vec!["throttle@discovery#5".parse().unwrap()]);
    let mut run = Running::start(one.backfill(&sim, &args));
    assert!(run.until(|| {
        sim.log()
            .count(|e| e.fault.is_some() && e.answered_at.is_some())
            == 1
    }));
    // The signal may arrive before the run has recorded the block. Its end makes sure that it has.
    run.signal("INT");
    let _ = run.end().code(130);
    let mut command = two.backfill(&sim, &args);
    command.env("XDG_STATE_HOME", one.path("state"));
    let _ = Output::of(command).code(0);
    assert_eq!(sim.log().while_blocked(), 0);
}

#[test]
fn of_two_runs_one_alone_probes_after_a_block() {
    let sim = simulated::start(Options {
        block_for: Duration::from_secs(3),
        latency: Duration::from_millis(100),
        ..simulated::small()
    });
    let (one, two) = (Sandbox::new(), Sandbox::new());
    sim.set_faults(vec!["throttle@discovery#20".parse().unwrap()]);
    let args = ["--block-cooldown", "3s", "--rate", "20", "--no-download"];
    let runs = [(&one, "one"), (&two, "two")].map(|(sandbox, name)| {
        let mut command = sandbox.backfill(&sim, &args);
        command
            .env("XDG_STATE_HOME", one.path("shared"))
            .env("FILING_ETL_USER_AGENT", format!("{name} tests@example.com"));
        Running::start(command)
    });
    for run in runs {
        let _ = run.end().code(0);
    }
    let entries = sim.log().entries();
    let (probe, silence) = after_the_silence(&entries);
    assert!(silence >= Duration::from_millis(2800), "{silence:?}");
    let (before, after) = entries.split_at(probe);
    let of = |entries: &[Entry], name| {
        let agents = entries.iter().filter_map(|e| e.user_agent.as_deref());
        agents.filter(|agent| agent.starts_with(name)).count()
    };
    // Both must run before and after the block, or the test would prove nothing.
    for name in ["one", "two"] {
        assert!(of(before, name) > 0 && of(after, name) > 0, "{name}");
    }
    assert!(after[1].at >= after[0].answered_at.unwrap());
    // Requests in flight at that moment cannot be stopped.
    assert!(sim.log().while_blocked() < 10, "{}", sim.log().stats());
}

#[test]
fn after_a_block_the_rate_is_half_of_what_it_was() {
    let sim = simulated::start(Options {
        block_for: Duration::from_secs(1),
        ..simulated::small()
    });
    let sandbox = Sandbox::new();
    sim.set_faults(vec!["throttle@discovery#10".parse().unwrap()]);
    let args = ["--block-cooldown", "2s", "--rate", "20", "--no-download"];
    let _ = Output::of(sandbox.backfill(&sim, &args)).code(0);
    let entries = sim.log().entries();
    let (probe, _) = after_the_silence(&entries);
    let times: Vec<_> = entries[probe..].iter().map(|e| e.at).collect();
    let second = Duration::from_secs(1);
    let within = |first: &Duration| {
        times
            .iter()
            .filter(|t| (*first..*first + second).contains(*t))
            .count()
    };
    let most = times.iter().map(within).max();
    assert!(times.len() > 20, "{}", times.len());
    assert!(most <= Some(10), "{most:?}");
}

#[test]
fn a_signal_ends_a_pause_at_once_and_a_restart_asks_nothing() {
    let sim = simulated::start(simulated::small());
    let sandbox = Sandbox::new();
    // The default: ten minutes.
    let args = ["--rate", "50", "--preset", "sequential"];
    sim.set_faults(vec!["throttle@discovery#5".parse().unwrap()]);
    let mut asked = None;
    for _ in 0..2 {
        let mut run = Running::start(sandbox.backfill(&sim, &args));
        let state = "SELECT count(*) FROM runs WHERE ended_at IS NULL AND paused_until IS NOT NULL";
        assert!(run.until(|| {
            sandbox.path("filings.db").exists()
                && rusqlite::Connection::open(sandbox.path("filings.db"))
                    .and_then(|db| db.query_row(state, [], |row| row.get::<_, i64>(0)))
                    .is_ok_and(|paused| paused == 1)
        }));
        run.signal("INT");
        let _ = run.end_within(Duration::from_secs(3)).code(130);
        let now = sim.log().requests();
        assert_eq!(*asked.get_or_insert(now), now);
    }
    assert_eq!(sim.log().while_blocked(), 0);
}
