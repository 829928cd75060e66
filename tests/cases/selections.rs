//! `selections`: showing and dropping selections.

use filing_etl::sim::{Options, Simulator};
use jiff::civil::date;

use crate::harness::simulated;
use crate::harness::{Output, Sandbox};

fn sim() -> Simulator {
    simulated::start(Options {
        companies: 20,
        ..simulated::small()
    })
}

fn run(sandbox: &Sandbox, sim: &Simulator, args: &[&str]) -> Output {
    sandbox.run_at(sim, simulated::NOW, args)
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
    let cik = simulated::national(&sim)[0].cik.to_string();
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
    let columns = sandbox.rows("SELECT name FROM pragma_table_info('v_selections')");
    let keys = all[0].as_object().unwrap().keys();
    let columns: std::collections::BTreeSet<_> = columns.iter().collect();
    assert_eq!(keys.collect::<std::collections::BTreeSet<_>>(), columns);
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

#[test]
fn a_list_of_companies_is_updated_although_one_left_and_one_was_never_followed() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let all = simulated::national(&sim);
    let (gone, kept, other) = (all[0].cik, all[1].cik, all[2].cik);
    let list = format!("{gone}\n{kept}\n");
    std::fs::write(sandbox.path("list.txt"), &list).unwrap();
    let from_list = ["--companies-file", "list.txt"];
    let _ = run(&sandbox, &sim, &[&QUEUED[..], &from_list].concat()).code(0);
    sim.universe().delist(gone);
    sim.advance_to(date(2025, 7, 3));

    let on = |day: &str, args: &[&str]| sandbox.run_at(&sim, day, args);
    let update = [&["update", "--no-download"][..], &from_list].concat();
    let output = on("2025-07-02T16:00:00Z", &update)
        .code(0)
        .says(&format!("company {gone}"));
    let kept = "is no longer in the SEC's list of companies";
    assert_eq!(output.stderr.matches(kept).count(), 1, "{}", output.stderr);

    // A company on record that no selection follows is left out.
    std::fs::write(sandbox.path("list.txt"), format!("{list}{other}\n")).unwrap();
    let _ = on("2025-07-03T16:00:00Z", &update)
        .code(0)
        .says(&format!("company {other}"))
        .says("is left out: no followed selection covers it");

    // An unknown company is an error: its line is named, and no request is sent.
    std::fs::write(
        sandbox.path("list.txt"),
        format!("# ours\n{list}nosuch # a slip\n"),
    )
    .unwrap();
    sim.log().clear();
    let _ = on("2025-07-03T17:00:00Z", &update)
        .code(2)
        .says("NOSUCH (list.txt, line 4)");
    assert_eq!(sim.log().requests(), 0);
}

#[test]
fn a_clock_that_was_set_back_by_a_month_is_told_and_takes_nothing_for_complete() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let _ = run(&sandbox, &sim, &QUEUED).code(0);
    let through = "SELECT through FROM v_selections";
    let _ = sandbox
        .run_at(&sim, "2025-06-01T16:00:00Z", &["update", "--no-download"])
        .code(0)
        .says("if the clock is wrong, correct it");
    assert_eq!(sandbox.rows(through), ["2025-06-30"]);
}

#[test]
fn a_selection_whose_exchange_has_no_company_any_more_is_told() {
    use filing_etl::internals::Exchange;
    use filing_etl::sim::Venue;
    let (sandbox, sim) = (Sandbox::new(), sim());
    let of_exchange = ["--exchange", "NYSE"];
    let companies = simulated::on(&sim, &[Exchange::Nyse]);
    assert!(!companies.is_empty());
    let _ = run(&sandbox, &sim, &[&QUEUED[..], &of_exchange].concat()).code(0);
    for company in companies {
        sim.universe().move_to(company.cik, Venue::Otc);
    }
    let on = |day: &str| sandbox.run_at(&sim, day, &["update", "--no-download"]);
    // They are followed for another 90 days from the first sync that lacks them.
    sim.advance_to(date(2025, 7, 1));
    let first = on("2025-07-02T16:00:00Z").code(0);
    assert!(
        !first.stderr.contains("has no companies"),
        "{}",
        first.stderr
    );
    let later = on("2025-10-02T16:00:00Z");
    let _ = later.says(
        "selection 1 has no companies now: no company is on its exchanges and meets its criteria",
    );
}
