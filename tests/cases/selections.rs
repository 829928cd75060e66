//! `selections`: what is followed, and what is followed no longer.

use filing_etl::sim::{Options, Simulator};

use crate::harness::truth;
use crate::harness::{Output, Sandbox};

fn sim() -> Simulator {
    truth::start(Options {
        companies: 20,
        ..truth::small()
    })
}

fn run(sandbox: &Sandbox, sim: &Simulator, args: &[&str]) -> Output {
    let mut command = sandbox.command_against(sim, args);
    command.env("FILING_ETL_NOW", "2025-07-01T16:00:00Z");
    Output::of(command)
}

const QUEUED: [&str; 4] = ["backfill", "--since", "2023-07-01", "--no-download"];

#[test]
fn what_is_followed_is_shown_as_a_table_and_as_json() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let _ = run(&sandbox, &sim, &["selections"])
        .code(1)
        .says("filings.db");
    let _ = run(
        &sandbox,
        &sim,
        &[&QUEUED[..], &["--exchange", "nyse"]].concat(),
    )
    .code(0);
    let once = ["--cik", "1", "--no-follow"];
    let cik = truth::national(&sim)[0].cik.to_string();
    let once = [once[0], &cik, once[2]];
    let _ = run(&sandbox, &sim, &[&QUEUED[..], &once].concat()).code(0);
    let json = run(&sandbox, &sim, &["selections", "--json"])
        .code(0)
        .json();
    assert_eq!(json["through"], "2025-06-30");
    let all = json["selections"].as_array().unwrap();
    let followed: Vec<_> = all
        .iter()
        .map(|s| s["followed"].as_bool().unwrap())
        .collect();
    assert_eq!(followed, [true, false]);
    assert_eq!(all[0]["companies"], "[\"NYSE\"]");
    assert_eq!(all[0]["companies_total"], all[0]["companies_checked"]);
    let table = run(&sandbox, &sim, &["selections"]).code(0).stdout;
    assert!(
        table.contains("2025-06-30") && table.contains("not followed"),
        "{table}"
    );
    let stats = run(&sandbox, &sim, &["stats", "--json"]).code(0).json();
    assert_eq!(stats["through"], "2025-06-30");
    let _ = run(&sandbox, &sim, &["stats"]).code(0);
}

#[test]
fn a_dropped_selection_is_followed_no_more_and_takes_its_queue_along_only_when_asked() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let _ = run(&sandbox, &sim, &QUEUED).code(0);
    let documents = ["--artifacts", "documents", "--form", "10-K"];
    let _ = run(&sandbox, &sim, &[&QUEUED[..], &documents].concat()).code(0);
    let of_status = |status: &str| {
        sandbox.number(&format!(
            "SELECT count(*) FROM v_artifacts WHERE status = '{status}'"
        ))
    };
    let queued = of_status("pending");
    let annual = "SELECT count(*) FROM v_artifacts WHERE kind = 'documents'";
    let annual = sandbox.number(annual);
    assert!(annual > 0 && annual < queued);
    let _ = run(&sandbox, &sim, &["selections", "drop", "7"])
        .code(2)
        .says("there is no selection 7: `filing-etl selections` shows them");
    let json = run(
        &sandbox,
        &sim,
        &["selections", "drop", "2", "--queue", "--json"],
    );
    assert_eq!(json.code(0).json()["dropped"], annual);
    assert_eq!(sandbox.rows("SELECT id FROM v_selections"), ["1"]);
    assert_eq!(of_status("dropped"), annual);
    // The first selection still wants their primary documents.
    assert_eq!(of_status("pending"), queued);
    let _ = run(&sandbox, &sim, &["selections", "drop", "1"]).code(0);
    assert_eq!(of_status("pending"), queued);
    let _ = run(&sandbox, &sim, &["update"])
        .code(2)
        .says("filing-etl backfill");
    let _ = run(&sandbox, &sim, &["download"]).code(0);
    assert_eq!(of_status("pending"), 0);
    assert_eq!(
        sandbox.number("SELECT count(*) FROM v_artifacts WHERE kind = 'exhibit'"),
        0
    );
}
