//! Missing daily indexes, and filings that only an index lists.

use filing_etl::internals::Accession;
use filing_etl::sim::{LostDay, Options, Resource, Simulator};
use jiff::civil::{Date, date};

use crate::harness::simulated;
use crate::harness::{Output, Sandbox};

/// A change to a response, made by a server in front of the simulator.
type Change = Box<dyn Fn(&str, Vec<u8>) -> Option<Vec<u8>> + Send>;

/// A Tuesday on which reports were filed.
const LOST: Date = date(2025, 8, 5);

fn sim() -> Simulator {
    simulated::start(Options {
        today: date(2025, 8, 1),
        companies: 200,
        ..simulated::small()
    })
}

/// Runs a command at noon in New York, with EDGAR on the same day.
fn run(sandbox: &Sandbox, sim: &Simulator, day: Date, args: &[&str]) -> Output {
    sim.advance_to(day);
    sandbox.run_at(sim, &format!("{day}T16:00:00Z"), args)
}

fn after_a_backfill() -> (Sandbox, Simulator) {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let args = ["backfill", "--form", "all", "--since", "2025-07-01"];
    let _ = run(&sandbox, &sim, date(2025, 8, 1), &args).code(0);
    sim.log().clear();
    (sandbox, sim)
}

fn update(sandbox: &Sandbox, sim: &Simulator, day: Date) -> Output {
    run(sandbox, sim, day, &["update", "--json"])
}

fn through(sandbox: &Sandbox) -> String {
    sandbox.rows("SELECT through FROM v_selections").remove(0)
}

fn listings_asked_for(sim: &Simulator) -> usize {
    let entries = sim.log().entries().into_iter();
    entries.filter(|e| e.path.ends_with("/index.json")).count()
}

fn kinds(sandbox: &Sandbox) -> Vec<String> {
    sandbox.rows("SELECT DISTINCT kind FROM v_errors ORDER BY kind")
}

/// The filings of a day whose filers are followed.
fn filings_of(sandbox: &Sandbox, sim: &Simulator, day: Date) -> Vec<Accession> {
    let mut found = Vec::new();
    for (cik, filing) in simulated::filings(sim, &simulated::national(sim), |f| f.filed_on == day) {
        let known = format!("SELECT count(*) FROM v_companies WHERE cik = {cik}");
        if sandbox.number(&known) == 1 {
            found.push(filing.accession);
        }
    }
    found
}

fn on_record(sandbox: &Sandbox, accession: Accession) -> bool {
    let sql = format!("SELECT count(*) FROM v_filings WHERE accession = '{accession}'");
    sandbox.number(&sql) > 0
}

#[test]
fn a_day_that_edgar_lists_and_does_not_serve_is_asked_for_again_and_nothing_of_it_is_lost() {
    let (sandbox, sim) = after_a_backfill();
    sim.universe().lose_day(LOST, LostDay::Listed);
    let _ = update(&sandbox, &sim, date(2025, 8, 8))
        .code(3)
        .says("the index of 2025-08-05 is not there, but EDGAR does not say that it was closed");
    assert_eq!(through(&sandbox), "2025-08-04");
    assert_eq!(listings_asked_for(&sim), 1);
    sim.universe().restore_day(LOST);
    sim.log().clear();
    let _ = update(&sandbox, &sim, date(2025, 8, 8)).code(0);
    assert_eq!(through(&sandbox), "2025-08-07");
    assert_eq!(listings_asked_for(&sim), 0);
    let filed = filings_of(&sandbox, &sim, LOST);
    assert!(!filed.is_empty());
    for accession in filed {
        assert!(on_record(&sandbox, accession), "{accession}");
    }
}

#[test]
fn a_day_that_edgar_does_not_list_was_closed_and_is_not_asked_for_again() {
    let (sandbox, sim) = after_a_backfill();
    sim.universe().lose_day(LOST, LostDay::Unlisted);
    let _ = update(&sandbox, &sim, date(2025, 8, 8)).code(0);
    assert_eq!(through(&sandbox), "2025-08-07");
    assert_eq!(listings_asked_for(&sim), 1);
    sim.log().clear();
    let again = ["update", "--json", "--cik", "1"];
    let _ = run(&sandbox, &sim, date(2025, 8, 8), &again).code(2);
    let _ = update(&sandbox, &sim, date(2025, 8, 9)).code(0);
    let lost = sim.log().entries().into_iter();
    assert_eq!(lost.filter(|e| e.path.contains("20250805")).count(), 0);
    assert_eq!(listings_asked_for(&sim), 0);
}

#[test]
fn a_day_that_stays_missing_is_given_up_after_a_week_with_a_word_and_a_row() {
    let (sandbox, sim) = after_a_backfill();
    sim.universe().lose_day(LOST, LostDay::Listed);
    for day in 6..=12 {
        let day = date(2025, 8, day);
        let code = if day == date(2025, 8, 6) { 0 } else { 3 };
        let _ = update(&sandbox, &sim, day).code(code);
        assert_eq!(through(&sandbox), "2025-08-04", "{day}");
    }
    let _ = update(&sandbox, &sim, date(2025, 8, 14))
        .code(3)
        .says("the index of 2025-08-05 has been missing since 2025-08-07 and is given up");
    assert_eq!(through(&sandbox), "2025-08-13");
    assert_eq!(kinds(&sandbox), ["index_given_up", "not_found"]);
    let _ = update(&sandbox, &sim, date(2025, 8, 15)).code(0);
    assert_eq!(through(&sandbox), "2025-08-14");
}

#[test]
fn a_filing_that_only_the_index_has_is_fetched_on_a_later_day() {
    let (sandbox, sim) = after_a_backfill();
    sim.advance_to(date(2025, 8, 6));
    let hidden = filings_of(&sandbox, &sim, LOST)[0];
    sim.universe().hide_from_submissions(hidden);
    let _ = update(&sandbox, &sim, date(2025, 8, 6))
        .code(3)
        .says(&format!("{hidden} is in the index of 2025-08-05"));
    assert_eq!(through(&sandbox), "2025-08-04");
    assert_eq!(kinds(&sandbox), ["listed_missing"]);
    // It is not searched for twice on one day.
    let _ = update(&sandbox, &sim, date(2025, 8, 6)).code(3);
    assert!(!on_record(&sandbox, hidden));
    let _ = update(&sandbox, &sim, date(2025, 8, 7)).code(0);
    assert_eq!(through(&sandbox), "2025-08-06");
    let files = format!("SELECT kind, status FROM v_artifacts WHERE accession = '{hidden}'");
    assert_eq!(sandbox.rows(&files), ["submission|downloaded"]);
    let facts = format!(
        "SELECT count(*) FROM v_filings WHERE accession = '{hidden}' AND filed_on = '2025-08-05'
         AND accepted_at LIKE '2025-08-0%Z' AND size > 0"
    );
    assert!(sandbox.number(&facts) > 0);
    // Its primary document is downloaded once the submissions list it.
    sim.universe().reveal(hidden);
    let _ = update(&sandbox, &sim, date(2025, 8, 8)).code(0);
    let mut rows = sandbox.rows(&files);
    rows.sort();
    assert_eq!(rows, ["primary|downloaded", "submission|downloaded"]);
    let _ = run(&sandbox, &sim, date(2025, 8, 8), &["verify"]).code(0);
    sim.log().clear();
    let _ = update(&sandbox, &sim, date(2025, 8, 8)).code(0);
    assert_eq!(sim.log().of_kind(Resource::Discovery), 0);
}

#[test]
fn a_filing_that_never_shows_up_is_given_up_after_a_week_with_a_word_and_a_row() {
    let (sandbox, sim) = after_a_backfill();
    sim.advance_to(date(2025, 8, 6));
    let hidden = filings_of(&sandbox, &sim, LOST)[0];
    sim.universe().hide_from_submissions(hidden);
    sim.universe().remove_filing(hidden);
    for day in [6, 7, 11, 12] {
        let _ = update(&sandbox, &sim, date(2025, 8, day)).code(3);
        assert_eq!(through(&sandbox), "2025-08-04", "{day}");
    }
    let _ = update(&sandbox, &sim, date(2025, 8, 13))
        .code(3)
        .says("it was searched for since 2025-08-06 and is given up");
    assert_eq!(through(&sandbox), "2025-08-12");
    assert_eq!(kinds(&sandbox), ["listed_given_up", "listed_missing"]);
    let _ = update(&sandbox, &sim, date(2025, 8, 14)).code(0);
    assert!(!on_record(&sandbox, hidden));
}

#[test]
fn an_index_of_another_day_and_a_listing_that_is_none_are_told_and_hold_the_day() {
    use crate::harness::scripted::Scripted;
    let (sandbox, sim) = after_a_backfill();
    sim.advance_to(date(2025, 8, 8));
    let other = crate::harness::get(
        &sim,
        "/Archives/edgar/daily-index/2025/QTR3/master.20250804.idx",
    );
    let with = |change: Change| {
        let edgar = Scripted::in_front_of(&sim, change);
        let args = ["update", "--json", "--max-attempts", "1", "--no-download"];
        let mut command = sandbox.command_against(&sim, &args);
        command
            .env("FILING_ETL_NOW", "2025-08-08T16:00:00Z")
            .env("FILING_ETL_ARCHIVES_URL", edgar.url());
        let output = Output::of(command).code(3);
        assert_eq!(through(&sandbox), "2025-08-04");
        output
    };
    let output = with(Box::new(move |path, body| {
        let lost = path.contains("master.20250805");
        Some(if lost { other.clone() } else { body })
    }));
    let _ = output
        .says("the index of 2025-08-05 cannot be read")
        .says("it is the index of 2025-08-04");
    for listing in [
        "{}",
        "{\"directory\":{\"item\":[]}}",
        "{\"directory\":{\"item\":[{\"name\":\"master.20240805.idx\"}]}}",
    ] {
        let output = with(Box::new(move |path, body| {
            if path.ends_with("/index.json") {
                Some(listing.as_bytes().to_vec())
            } else {
                (!path.contains("master.20250805")).then_some(body)
            }
        }));
        let _ = output.says("EDGAR's listing of the indexes of 2025 Q3 cannot be read");
    }
}

/// If EDGAR lists a filing of a company whose submissions are missing, the filing is searched for by its path.
/// It delays `through` no longer than any other filing that only an index lists.
#[test]
fn a_filing_of_an_unavailable_company_is_fetched_by_its_path_and_holds_nothing_up() {
    let (sandbox, sim) = after_a_backfill();
    sim.advance_to(LOST);
    let listed = simulated::filings(&sim, &simulated::national(&sim), |f| f.filed_on == LOST);
    let before = sandbox.rows("SELECT cik FROM v_companies WHERE last_checked_at IS NOT NULL");
    let (cik, filing) = listed
        .into_iter()
        .find(|(cik, _)| before.contains(&cik.to_string()))
        .unwrap();
    let cik = filing_etl::internals::Cik::new(cik).unwrap();
    sim.universe().remove_company(cik);
    // The company is missing on three days, then unavailable. The third run still reports it.
    for day in 6..=8 {
        let _ = update(&sandbox, &sim, date(2025, 8, day)).code(3);
    }
    assert!(through(&sandbox).as_str() < "2025-08-05");
    // From then on its filings are searched for by their paths in the index. A day later they are stored.
    for day in 9..=20 {
        let output = update(&sandbox, &sim, date(2025, 8, day));
        assert!([0, 3].contains(&output.status.code().unwrap()));
    }
    assert!(on_record(&sandbox, filing.accession));
    let through = through(&sandbox);
    assert!(through.as_str() >= "2025-08-15", "{through}");
}
