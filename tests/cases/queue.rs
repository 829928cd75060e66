//! The queue stays, whatever happens to a company, its folder or the company list.

use std::collections::BTreeSet;

use filing_etl::sim::{Options, Resource, SimCompany, Simulator, SubmissionChange};
use rusqlite::Connection;
use serde_json::Value;

use crate::harness::simulated;
use crate::harness::{Output, Sandbox};

fn run(sandbox: &Sandbox, sim: &Simulator, now: &str, args: &[&str]) -> Output {
    let since = ["--since", "2023-07-01"];
    let with_dates = matches!(args[0], "backfill");
    let args = [args, if with_dates { &since } else { &[] }].concat();
    sandbox.run_at(sim, now, &args)
}

/// Noon in New York on the n-th day after [`simulated::TODAY`].
fn day(n: i8) -> String {
    format!("2025-07-{n:02}T16:00:00Z")
}

fn left(sandbox: &Sandbox) -> i64 {
    sandbox.number("SELECT count(*) FROM v_artifacts WHERE status <> 'downloaded'")
}

/// A company on a national exchange with reports.
fn reporting(sim: &Simulator) -> SimCompany {
    let companies = simulated::national(sim);
    let has_reports = |c: &SimCompany| {
        let wanted = |f: &filing_etl::sim::SimFiling| {
            simulated::is_report(f.form) && f.filed_on >= simulated::SINCE
        };
        simulated::filings(sim, std::slice::from_ref(c), wanted).len() > 2
    };
    companies.into_iter().find(has_reports).unwrap()
}

#[test]
fn the_queue_of_a_company_that_left_the_list_is_downloaded_and_the_company_is_still_known() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let _ = run(&sandbox, &sim, &day(1), &["backfill", "--no-download"]).code(0);
    let gone = reporting(&sim);
    sim.universe().delist(gone.cik);
    assert!(left(&sandbox) > 0);
    // Two days later the list is loaded again and lacks the company.
    let _ = run(&sandbox, &sim, &day(3), &["backfill"]).code(0);
    assert_eq!(left(&sandbox), 0);
    let active = format!("SELECT active FROM v_companies WHERE cik = {}", gone.cik);
    assert_eq!(sandbox.number(&active), 0);

    let cik = gone.cik.to_string();
    let _ = run(&sandbox, &sim, &day(3), &["backfill", "--cik", &cik])
        .code(0)
        .says("is no longer in the SEC's list of companies");
    let ticker = &gone.listings[0].ticker;
    let _ = run(&sandbox, &sim, &day(3), &["backfill", "--ticker", ticker])
        .code(0)
        .says("is no longer listed");
}

#[test]
fn download_gets_what_is_queued_and_asks_for_nothing_else() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let _ = run(&sandbox, &sim, &day(1), &["backfill", "--no-download"]).code(0);
    let queued = left(&sandbox);
    sim.log().clear();
    let cik = reporting(&sim).cik.to_string();
    let json = run(
        &sandbox,
        &sim,
        &day(1),
        &["download", "--cik", &cik, "--json"],
    );
    let json = json.code(0).json();
    assert_eq!(json["command"], "download");
    let first = json["artifacts"]["downloaded"].as_i64().unwrap();
    assert!(first > 0);
    assert_eq!(json["artifacts"]["pending"], 0);
    assert_eq!(json["artifacts"]["queued_elsewhere"], queued - first);
    let _ = run(&sandbox, &sim, &day(1), &["download"]).code(0);
    assert_eq!(left(&sandbox), 0);
    assert_eq!(sim.log().requests(), sim.log().of_kind(Resource::Documents));
    assert_eq!(sim.log().requests(), usize::try_from(queued).unwrap());
}

#[test]
fn what_is_dropped_is_asked_for_again_only_by_a_wider_selection() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let _ = run(&sandbox, &sim, &day(1), &["backfill", "--no-download"]).code(0);
    let queued = left(&sandbox);
    let dropped = run(&sandbox, &sim, &day(1), &["download", "--drop", "--json"]);
    assert_eq!(dropped.code(0).json()["dropped"], queued);
    sim.log().clear();
    let _ = run(&sandbox, &sim, &day(1), &["backfill"]).code(0);
    assert_eq!(sim.log().of_kind(Resource::Documents), 0);
    let wider = ["backfill", "--form", "10-K", "--form", "8-K"];
    let _ = run(&sandbox, &sim, &day(1), &wider).code(0);
    let annual = "SELECT count(*) FROM v_artifacts WHERE form = '10-K' AND status <> 'downloaded'";
    assert_eq!(sandbox.number(annual), 0);
}

#[test]
fn what_edgar_does_not_have_on_three_days_is_unavailable_and_no_failure_any_more() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let _ = run(&sandbox, &sim, &day(1), &["backfill", "--no-download"]).code(0);
    let accession = sandbox
        .rows("SELECT accession FROM v_artifacts LIMIT 1")
        .remove(0);
    sim.universe().remove_filing(accession.parse().unwrap());
    let status = format!("SELECT status FROM v_artifacts WHERE accession = '{accession}'");
    for (n, code, expected) in [
        (1, 3, "failed"),
        // A second run on the same day does not count as another day.
        (1, 3, "failed"),
        (2, 3, "failed"),
        (3, 3, "unavailable"),
        (3, 0, "unavailable"),
    ] {
        let _ = run(&sandbox, &sim, &day(n), &["download"]).code(code);
        assert_eq!(sandbox.rows(&status), [expected], "day {n}");
    }
    assert_eq!(left(&sandbox), 1);
    let advice = sandbox.run(&["diagnose", "--json"]).code(0).json();
    let commands = advice["next"].as_array().unwrap().iter();
    let commands: Vec<_> = commands
        .map(|step| step["command"].as_str().unwrap())
        .collect();
    let retry = |command: &&str| command.contains("download --retry-unavailable");
    assert!(commands.iter().any(retry), "{commands:?}");
    let download = |command: &&str| command.contains("download") && !retry(command);
    assert!(!commands.iter().any(download), "{commands:?}");
    sim.log().clear();
    let json = run(&sandbox, &sim, &day(4), &["backfill", "--json"])
        .code(0)
        .json();
    assert_eq!(json["artifacts"]["unavailable"], 1);
    assert_eq!(sim.log().of_kind(Resource::Documents), 0);

    sim.universe().restore_filing(accession.parse().unwrap());
    let _ = run(
        &sandbox,
        &sim,
        &day(5),
        &["download", "--retry-unavailable"],
    )
    .code(0);
    assert_eq!(left(&sandbox), 0);
}

#[test]
fn documents_that_are_wanted_after_primaries_are_found_on_pages_that_were_read_before() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let _ = run(&sandbox, &sim, &day(1), &["backfill"]).code(0);
    let pages = |sim: &Simulator| {
        sim.log()
            .count(|entry| entry.path.contains("-submissions-"))
    };
    assert!(pages(&sim) > 0, "older pages matter here");
    sim.log().clear();
    let documents = ["backfill", "--artifacts", "documents"];
    let _ = run(&sandbox, &sim, &day(1), &documents).code(0);
    assert_eq!(pages(&sim), 0);
    let filings = sandbox.number("SELECT count(DISTINCT accession) FROM v_filings");
    let split = "SELECT count(DISTINCT accession) FROM v_artifacts WHERE sequence IS NOT NULL";
    assert_eq!(sandbox.number(split), filings);
}

#[test]
fn several_lost_files_of_a_filing_are_one_request_and_what_is_stored_stays() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let cik = reporting(&sim).cik.to_string();
    let args = ["backfill", "--cik", &cik, "--artifacts", "documents"];
    let _ = run(&sandbox, &sim, &day(1), &args).code(0);
    let most = "SELECT accession FROM v_artifacts GROUP BY 1 HAVING count(*) > 3 LIMIT 1";
    let accession = sandbox.rows(most).remove(0);
    let of_filing =
        format!("SELECT path FROM v_artifacts WHERE accession = '{accession}' ORDER BY sequence");
    let paths = sandbox.rows(&of_filing);
    for path in &paths[..2] {
        std::fs::remove_file(sandbox.path("filings").join(path)).unwrap();
    }
    let before = sandbox.files();
    // The third document of EDGAR's submission has changed.
    let third = format!("{of_filing} LIMIT 1 OFFSET 2").replace("path", "sequence");
    let third = usize::try_from(sandbox.number(&third)).unwrap();
    sim.universe()
        .change_submission(accession.parse().unwrap(), SubmissionChange::Alter(third));
    let _ = sandbox.run(&["verify"]).code(3);
    let hashes = format!(
        "SELECT count(*) FROM v_artifacts WHERE accession = '{accession}' AND status = 'pending'
         AND sha256 IS NOT NULL"
    );
    assert_eq!(sandbox.number(&hashes), 2, "a lost file keeps its hash");
    // The submissions give the new size; the queue downloads the file.
    let look = ["backfill", "--cik", &cik, "--no-download"];
    let _ = run(&sandbox, &sim, &day(1), &look).code(0);
    sim.log().clear();
    let _ = run(&sandbox, &sim, &day(1), &["download"]).code(0);
    assert_eq!(sim.log().of_kind(Resource::Documents), 1);
    let after = sandbox.files();
    assert!(
        before
            .iter()
            .all(|(path, bytes)| after.get(path) == Some(bytes))
    );
    assert_eq!(after.len(), before.len() + 2);
    let kinds: BTreeSet<_> = sandbox
        .rows("SELECT kind FROM v_errors")
        .into_iter()
        .collect();
    assert_eq!(kinds, BTreeSet::from(["differs".to_owned()]));
    let _ = sandbox.run(&["verify"]).code(0);
}

#[test]
fn selections_are_recorded_widened_and_followed() {
    let sim = simulated::start(Options {
        companies: 20,
        ..simulated::small()
    });
    let sandbox = Sandbox::new();
    let selections = |sandbox: &Sandbox| {
        sandbox.rows("SELECT id, forms, followed, artifacts FROM v_selections ORDER BY id")
    };
    let backfill = |args: &[&str]| {
        let args = [&["backfill", "--no-download"], args].concat();
        let _ = run(&sandbox, &sim, &day(1), &args).code(0);
    };
    backfill(&["--form", "10-K"]);
    backfill(&["--form", "10-K", "--exchange", "nyse"]);
    let one = ["1|10-K and amendments|1|primary"];
    assert_eq!(selections(&sandbox), one, "it lies within the first");
    backfill(&["--form", "10-K", "--form", "10-Q"]);
    let wider = ["1|10-K, 10-Q and amendments|1|primary"];
    assert_eq!(selections(&sandbox), wider);
    backfill(&["--form", "8-K", "--no-follow"]);
    backfill(&["--form", "10-K", "--artifacts", "documents"]);
    assert_eq!(
        selections(&sandbox)[1..],
        [
            "2|8-K and amendments|0|primary",
            "3|10-K and amendments|1|documents"
        ]
    );
    let through = "SELECT through, companies_total = companies_checked FROM v_selections";
    let known: BTreeSet<_> = sandbox.rows(through).into_iter().collect();
    assert_eq!(known, BTreeSet::from(["2025-06-30|1".to_owned()]));
}

#[test]
fn documents_are_asked_for_by_ticker_and_accession() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let _ = run(&sandbox, &sim, &day(1), &["backfill"]).code(0);
    let company = reporting(&sim);
    let ticker = &company.listings[0].ticker;
    let sql = format!("SELECT path FROM v_documents WHERE ticker = '{ticker}' ORDER BY path");
    let paths = sandbox.rows(&sql);
    assert!(paths.len() > 2);
    let files = sandbox.files();
    assert!(paths.iter().all(|path| files.contains_key(path)));
    // A joint filing's files are found through each of its filers.
    let joint =
        "SELECT max(n) FROM (SELECT count(DISTINCT cik) AS n FROM v_documents GROUP BY accession)";
    assert!(sandbox.number(joint) > 1);
}

#[test]
fn a_database_of_an_earlier_development_version_is_refused_in_one_line() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let db = Connection::open(sandbox.path("filings.db")).unwrap();
    db.execute_batch(
        "CREATE TABLE filings (cik); PRAGMA application_id = 0x6665746c; PRAGMA user_version = 5",
    )
    .unwrap();
    drop(db);
    let before = std::fs::read(sandbox.path("filings.db")).unwrap();
    for command in ["backfill", "update", "stats", "download"] {
        let output = run(&sandbox, &sim, &day(1), &[command]).code(1);
        assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
        let _ = output.says("development version");
    }
    assert_eq!(std::fs::read(sandbox.path("filings.db")).unwrap(), before);
    assert_eq!(sim.log().requests(), 0);
}

#[test]
fn joint_filings_of_many_filers_are_stored_once_in_a_folder_that_stays() {
    let sim = simulated::start(Options {
        joint_filers: 20,
        ..simulated::small()
    });
    let sandbox = Sandbox::new();
    let _ = run(&sandbox, &sim, &day(1), &["backfill"]).code(0);
    let most = "SELECT max(n) FROM (SELECT count(*) AS n FROM v_filings GROUP BY accession)";
    assert!(sandbox.number(most) > 5);
    let folders = "SELECT accession, folder FROM v_filings GROUP BY 1, 2 ORDER BY 1";
    let before = sandbox.rows(folders);
    let paths = sandbox.rows("SELECT path FROM v_artifacts ORDER BY path");
    assert!(
        sandbox
            .files()
            .into_keys()
            .eq(paths.into_iter().collect::<BTreeSet<_>>())
    );
    let json: Value = run(&sandbox, &sim, &day(2), &["update", "--json"])
        .code(0)
        .json();
    assert_eq!(json["filings"]["new"], 0);
    assert_eq!(sandbox.rows(folders), before);
    let _ = sandbox.run(&["verify"]).code(0);
}

/// An aborted run leaves a widened selection on record, for which no company was checked. The next run queues
/// the dropped files, as the first one would have.
#[test]
fn a_wider_backfill_that_did_not_get_through_is_completed_by_the_next_one() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let _ = run(
        &sandbox,
        &sim,
        &day(1),
        &["backfill", "--no-download", "--form=10-K"],
    )
    .code(0);
    let _ = run(&sandbox, &sim, &day(1), &["download", "--drop"]).code(0);
    let dropped = "SELECT count(*) FROM v_artifacts WHERE status = 'dropped'";
    assert!(sandbox.number(dropped) > 0);
    let wider = ["backfill", "--form=10-K,10-Q"];
    sim.set_faults(vec!["404@submissions".parse().unwrap()]);
    let _ = run(&sandbox, &sim, &day(1), &wider).code(3);
    assert!(sandbox.number(dropped) > 0, "nobody was looked at");
    sim.set_faults(Vec::new());
    let _ = run(&sandbox, &sim, &day(1), &wider).code(0);
    assert_eq!(left(&sandbox), 0);
    // Once the companies are checked, dropped files stay dropped.
    let _ = run(
        &sandbox,
        &sim,
        &day(1),
        &["backfill", "--no-download", "--form=8-K"],
    )
    .code(0);
    let _ = run(&sandbox, &sim, &day(1), &["download", "--drop"]).code(0);
    let _ = run(&sandbox, &sim, &day(1), &["backfill", "--form=8-K"]).code(0);
    assert!(sandbox.number(dropped) > 0);
}

#[test]
fn a_lost_document_that_was_given_up_is_missing_until_a_wider_selection_brings_it_back() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let documents = ["backfill", "--artifacts=documents"];
    let _ = run(
        &sandbox,
        &sim,
        &day(1),
        &[&documents[..], &["--form=10-K"]].concat(),
    )
    .code(0);
    let lost = "SELECT path FROM v_artifacts WHERE kind = 'exhibit' ORDER BY id LIMIT 1";
    let lost = sandbox.rows(lost)[0].clone();
    std::fs::remove_file(sandbox.path(&format!("filings/{lost}"))).unwrap();
    let _ = run(&sandbox, &sim, &day(1), &["verify"]).code(3);
    let _ = run(&sandbox, &sim, &day(1), &["download", "--drop"]).code(0);
    let _ = run(&sandbox, &sim, &day(1), &["verify"]).code(3);
    assert_eq!(left(&sandbox), 1);
    let wider = [&documents[..], &["--form=10-K,10-Q"]].concat();
    let _ = run(&sandbox, &sim, &day(1), &wider).code(0);
    assert_eq!(left(&sandbox), 0);
    assert!(sandbox.path(&format!("filings/{lost}")).is_file());
    let _ = run(&sandbox, &sim, &day(1), &["verify"]).code(0);
}

#[test]
fn a_primary_that_was_dropped_with_its_submission_stays_dropped() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let primary = ["backfill", "--no-download", "--form=10-K"];
    let documents = [&primary[..], &["--artifacts=documents"]].concat();
    let _ = run(&sandbox, &sim, &day(1), &documents).code(0);
    let _ = run(&sandbox, &sim, &day(1), &primary).code(0);
    let _ = run(&sandbox, &sim, &day(1), &["download", "--drop"]).code(0);
    let statuses = "SELECT DISTINCT status FROM v_artifacts";
    assert_eq!(sandbox.rows(statuses), ["dropped"]);
    let _ = run(&sandbox, &sim, &day(1), &primary).code(0);
    assert_eq!(
        sandbox.rows(statuses),
        ["dropped"],
        "it is no new selection"
    );
    let wider = ["backfill", "--no-download", "--form=10-K,10-Q"];
    let _ = run(&sandbox, &sim, &day(1), &wider).code(0);
    let primaries = "SELECT count(*) FROM v_artifacts WHERE kind = 'primary' AND form = '10-K'";
    assert!(sandbox.number(primaries) > 0, "a wider one wants them");
}
