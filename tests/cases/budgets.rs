//! Budgets: a run with a budget stops cleanly, and the next one continues.

use std::time::Duration;

use filing_etl::sim::{Options, Simulator};
use jiff::civil::date;

use crate::harness::Sandbox;

fn sim() -> Simulator {
    Simulator::start(Options {
        companies: 20,
        today: date(2025, 11, 5),
        filings_per_year: 4,
        document_scale: 0.01,
        ..Options::default()
    })
    .unwrap()
}

const RANGE: [&str; 5] = ["backfill", "--since", "2025-06-01", "--until", "2025-11-05"];

fn args<'a>(more: &[&'a str]) -> Vec<&'a str> {
    RANGE.iter().chain(more).copied().collect()
}

/// Fails unless a run without budgets downloads the rest, and every file was fetched once in total.
fn finish(sandbox: &Sandbox, sim: &Simulator) {
    let rest = sandbox.run_against(sim, &args(&["--json"])).code(0);
    assert_eq!(rest.json()["artifacts"]["pending"], 0);
    for (path, times) in sim.log().paths() {
        assert!(times == 1 || !path.contains("/data/"), "{path}: {times}");
    }
    let whole = Sandbox::new();
    let _ = whole.run_against(sim, &RANGE).code(0);
    assert_eq!(sandbox.files().len(), whole.files().len());
}

#[test]
fn a_run_that_may_store_so_many_bytes_stops_there_and_the_next_goes_on() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let limited = [
        "--max-bytes",
        "50kB",
        "--max-concurrent-downloads",
        "1",
        "--json",
    ];
    let run = sandbox
        .run_against(&sim, &args(&limited))
        .code(3)
        .says("--max-bytes is reached")
        .says("left for the next run");
    let json = run.json();
    assert_eq!(json["status"], "partial");
    assert_eq!(json["ended_by"], "max_bytes");
    assert!(json["artifacts"]["pending"].as_u64().unwrap() > 0);
    assert_eq!(sandbox.rows("SELECT status FROM v_runs"), ["partial"]);
    let stored = "SELECT sum(bytes) >= 50000 AND sum(bytes) - max(bytes) < 50000 FROM v_artifacts";
    assert_eq!(sandbox.number(stored), 1);
    finish(&sandbox, &sim);
}

#[test]
fn a_budget_that_suffices_is_no_budget() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let limits = [
        "--max-bytes",
        "1TB",
        "--max-duration",
        "1h",
        "--min-free-space",
        "1kB",
    ];
    let run = sandbox
        .run_against(&sim, &args(&[&limits[..], &["--json"]].concat()))
        .code(0);
    assert_eq!(run.json()["status"], "completed");
    assert!(run.json().get("ended_by").is_none());
}

#[test]
fn a_run_that_may_take_so_long_stops_then_and_the_next_goes_on() {
    let sandbox = Sandbox::new();
    let sim = Simulator::start(Options {
        latency: Duration::from_millis(100),
        companies: 20,
        today: date(2025, 11, 5),
        filings_per_year: 4,
        document_scale: 0.01,
        ..Options::default()
    })
    .unwrap();
    let limited = [
        "--max-duration",
        "1500ms",
        "--preset",
        "sequential",
        "--json",
    ];
    let run = sandbox
        .run_against(&sim, &args(&limited))
        .code(3)
        .says("--max-duration has passed");
    assert_eq!(run.json()["ended_by"], "max_duration");
    finish(&sandbox, &sim);
}

#[test]
fn without_room_on_the_disk_nothing_is_asked_for() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let run = sandbox
        .run_against(&sim, &args(&["--min-free-space", "1000000TB", "--json"]))
        .code(3)
        .says("less than --min-free-space");
    assert_eq!(run.json()["ended_by"], "min_free_space");
    assert_eq!(sim.log().requests(), 0);
}

#[test]
fn a_size_that_is_none_is_a_usage_error() {
    let sandbox = Sandbox::new();
    let _ = sandbox
        .run(&["backfill", "--max-bytes", "lots"])
        .code(2)
        .says("500MB");
}
