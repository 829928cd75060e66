//! `update`: no filing is missed, none is fetched twice, and no unnecessary request is sent.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use filing_etl::sim::{Fault, Options, Resource, SimCompany, SimUniverse, Simulator};
use jiff::civil::{Date, date};

use crate::harness::process::Running;
use crate::harness::scripted::Scripted;
use crate::harness::{self, Output, Sandbox, simulated};

/// The last day before the backfill, a Wednesday. The week after it has Veterans Day in it.
const BEFORE: Date = date(2025, 11, 5);
/// The last day before the update, a Friday.
const LATER: Date = date(2025, 11, 14);

/// Seven o'clock in the morning in New York on the day after each of these.
const NOW_BEFORE: &str = "2025-11-06T12:00:00Z";
const NOW_LATER: &str = "2025-11-15T12:00:00Z";

const SINCE: [&str; 2] = ["--since", "2025-01-01"];

fn options(seed: u64) -> Options {
    Options {
        companies: 60,
        seed,
        today: BEFORE,
        filings_per_year: 4,
        document_scale: 0.01,
        ..Options::default()
    }
}

/// Whether a quarterly report dated before [`BEFORE`] appears only after it.
fn has_late_report(seed: u64) -> bool {
    let universe = SimUniverse::new(&options(seed));
    let reports = || -> BTreeSet<_> {
        let national = |company: &SimCompany| {
            let mut labels = company.listings.iter().map(|l| l.venue.sec_label());
            labels.any(|label| label == Some("Nasdaq"))
        };
        let companies = universe.companies().filter(national);
        let filings = companies.flat_map(|company| universe.filings(company.cik));
        let old = filings.filter(|f| f.form == "10-Q" && f.filed_on <= BEFORE);
        old.map(|f| f.accession).collect()
    };
    let before = reports();
    universe.set_today(LATER);
    reports().len() > before.len()
}

fn sim() -> Simulator {
    static SEED: OnceLock<u64> = OnceLock::new();
    let seed = *SEED.get_or_init(|| (1..1000).find(|seed| has_late_report(*seed)).unwrap());
    Simulator::start(options(seed)).unwrap()
}

fn run(sandbox: &Sandbox, sim: &Simulator, now: &str, command: &str, more: &[&str]) -> Output {
    let args: Vec<_> = [command, "--json", "-v"]
        .iter()
        .chain(&SINCE)
        .chain(more)
        .copied()
        .collect();
    sandbox.run_at(sim, now, &args)
}

/// A database that was complete on [`BEFORE`], and EDGAR on [`LATER`].
fn a_week_later() -> (Sandbox, Simulator) {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let _ = run(&sandbox, &sim, NOW_BEFORE, "backfill", &[]).code(0);
    sim.advance_to(LATER);
    sim.log().clear();
    (sandbox, sim)
}

fn update(sandbox: &Sandbox, sim: &Simulator, more: &[&str]) -> Output {
    run(sandbox, sim, NOW_LATER, "update", more)
}

fn set_faults(sim: &Simulator, faults: &[&str]) {
    let faults = faults.iter().map(|fault| fault.parse::<Fault>().unwrap());
    sim.set_faults(faults.collect());
}

fn filings(sandbox: &Sandbox) -> BTreeSet<String> {
    let sql = "SELECT cik || ' ' || accession FROM v_filings";
    sandbox.rows(sql).into_iter().collect()
}

fn through(output: &Output) -> String {
    output.json()["through"].as_str().unwrap().to_owned()
}

fn indexes(sim: &Simulator) -> usize {
    sim.log()
        .count(|entry| entry.path.contains("/daily-index/"))
}

/// Fails unless the database is the same as that of a new backfill on the same day.
#[track_caller]
fn assert_like_new(sandbox: &Sandbox, sim: &Simulator) {
    let new = Sandbox::new();
    set_faults(sim, &[]);
    let _ = run(&new, sim, NOW_LATER, "backfill", &[]).code(0);
    for sql in [
        "SELECT cik, name, ticker, exchange, active, filings FROM v_companies ORDER BY 1",
        "SELECT cik, ticker, exchange, active FROM v_listings ORDER BY 1, 2",
        "SELECT accession, cik, form, filed_on, report_date, primary_document, items,
            size, is_xbrl FROM v_filings ORDER BY 1, 2",
        "SELECT accession, form, filed_on, kind, name, status, bytes, sha256
            FROM v_artifacts ORDER BY accession, name",
    ] {
        assert_eq!(sandbox.rows(sql), new.rows(sql));
    }
    assert_eq!(sandbox.files().len(), new.files().len());
}

#[test]
fn an_update_after_a_bulk_backfill_begins_with_the_day_the_archive_was_made() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let bulk = ["--discover-from", "bulk"];
    let _ = run(&sandbox, &sim, NOW_BEFORE, "backfill", &bulk).code(0);
    sim.advance_to(LATER);
    sim.log().clear();
    let output = update(&sandbox, &sim, &[]).code(0);
    assert_eq!(through(&output), "2025-11-14");
    // It was made in the night before, so it cannot have the filings of that day.
    let of = |day| sim.log().count(|entry| entry.path.contains(day));
    assert_eq!((of("master.20251104"), of("master.20251105")), (0, 1));
    assert_like_new(&sandbox, &sim);
}

#[test]
fn an_update_finds_what_a_new_backfill_would_with_the_fewest_requests() {
    let (sandbox, sim) = a_week_later();
    let before = filings(&sandbox);
    let artifacts = "SELECT count(*) FROM v_artifacts";
    let had = sandbox.number(artifacts);
    let output = update(&sandbox, &sim, &[]).code(0).says("federal holiday");
    assert_eq!(through(&output), "2025-11-14");
    assert_eq!(output.json()["command"], "update");

    let after = filings(&sandbox);
    let new: Vec<_> = after.difference(&before).collect();
    let changed: BTreeSet<_> = new.iter().map(|f| f.split(' ').next().unwrap()).collect();
    let documents = usize::try_from(sandbox.number(artifacts) - had).unwrap();
    assert!(changed.len() > 3 && documents > 3, "{new:?}");
    let late = "SELECT count(*) FROM v_filings WHERE filed_on <= '2025-11-05'
        AND discovered_at > (SELECT max(started_at) FROM v_runs)";
    assert!(sandbox.number(late) > 0, "the simulator has no late filing");
    // Seven weekdays, one of them a holiday.
    assert_eq!(indexes(&sim), 7);
    assert_eq!(sim.log().of_kind(Resource::Discovery), 7 + changed.len());
    assert_eq!(sim.log().of_kind(Resource::Documents), documents);
    // The company lists, once a day.
    assert_eq!(sim.log().requests(), 3 + 7 + changed.len() + documents);
    let runs = sandbox.rows("SELECT command, status FROM v_runs ORDER BY run_id");
    assert_eq!(runs, ["backfill|completed", "update|completed"]);

    sim.log().clear();
    let again = update(&sandbox, &sim, &[]).code(0);
    assert_eq!(sim.log().requests(), 0);
    assert_eq!(through(&again), "2025-11-14");
    assert_like_new(&sandbox, &sim);
}

#[test]
fn an_update_each_night_leaves_what_one_for_all_leaves() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let _ = run(&sandbox, &sim, NOW_BEFORE, "backfill", &[]).code(0);
    for day in 6..=14 {
        sim.advance_day();
        let now = format!("2025-11-{:02}T12:00:00Z", day + 1);
        sim.log().clear();
        let output = run(&sandbox, &sim, &now, "update", &[]).code(0);
        assert_eq!(through(&output), format!("2025-11-{day:02}"));
        assert_eq!(indexes(&sim), usize::from(day != 8 && day != 9), "{day}");
    }
    assert_like_new(&sandbox, &sim);
}

#[test]
fn an_index_that_is_not_published_yet_holds_the_watermark() {
    let (sandbox, sim) = a_week_later();
    set_faults(&sim, &["403@master.20251114"]);
    let output = update(&sandbox, &sim, &[])
        .code(0)
        .says("the index of 2025-11-14 is not published yet");
    assert_eq!(through(&output), "2025-11-13");
    set_faults(&sim, &[]);
    sim.log().clear();
    let output = update(&sandbox, &sim, &[]).code(0);
    assert_eq!(through(&output), "2025-11-14");
    assert_eq!(indexes(&sim), 1);
    assert_like_new(&sandbox, &sim);
}

#[test]
fn before_six_in_new_york_the_last_index_is_not_asked_for() {
    let (sandbox, sim) = a_week_later();
    let now = "2025-11-15T10:59:59Z";
    let output = run(&sandbox, &sim, now, "update", &[]).code(0);
    assert_eq!(through(&output), "2025-11-13");
    assert_eq!(indexes(&sim), 6);
}

#[test]
fn a_broken_index_holds_the_watermark_and_nothing_else() {
    let (sandbox, sim) = a_week_later();
    set_faults(&sim, &["json-cut@master.20251112"]);
    let output = update(&sandbox, &sim, &["--max-attempts", "1"])
        .code(3)
        .says("the index of 2025-11-12 cannot be read");
    assert_eq!(through(&output), "2025-11-11");
    let kinds = sandbox.rows("SELECT kind, url LIKE '%master.20251112.idx' FROM v_errors");
    assert_eq!(kinds, ["damaged|1"]);
    set_faults(&sim, &[]);
    let output = update(&sandbox, &sim, &[]).code(0);
    assert_eq!(through(&output), "2025-11-14");
    let documents = sim.log().paths();
    let twice = documents
        .iter()
        .find(|(p, n)| **n > 1 && p.contains("/data/"));
    assert_eq!(twice, None);
    assert_like_new(&sandbox, &sim);
}

/// An update with changed indexes.
fn update_with(
    sandbox: &Sandbox,
    sim: &Simulator,
    now: &str,
    change: impl Fn(&str, Vec<u8>) -> Option<Vec<u8>> + Send + 'static,
) -> Output {
    let edgar = Scripted::in_front_of(sim, change);
    let args = ["update", "--json", "--max-attempts", "1"];
    let mut command = sandbox.command_against(sim, &[&args[..], &SINCE].concat());
    command
        .env("FILING_ETL_NOW", now)
        .env("FILING_ETL_ARCHIVES_URL", edgar.url());
    Output::of(command)
}

/// Replaces a text in all lines of an index.
fn replaced(index: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(index).unwrap();
    assert!(text.contains(from), "{text}");
    text.replace(from, to).into_bytes()
}

#[test]
fn an_index_with_another_header_or_other_dates_is_broken() {
    for (from, to) in [
        ("CIK|Company Name|", "Company Name|CIK|"),
        ("----------", "=========="),
        ("|202511", "|25/11/"),
    ] {
        let (sandbox, sim) = a_week_later();
        let output = update_with(&sandbox, &sim, NOW_LATER, move |path, body| {
            let broken = path.contains("master.20251112");
            Some(if broken {
                replaced(body, from, to)
            } else {
                body
            })
        })
        .code(3)
        .says("the index of 2025-11-12 cannot be read");
        assert_eq!(through(&output), "2025-11-11", "{from}");
        let _ = update(&sandbox, &sim, &[]).code(0);
        assert_like_new(&sandbox, &sim);
    }
}

/// The line of a report in the index of 12 November.
fn a_line(sim: &Simulator) -> String {
    let path = "/Archives/edgar/daily-index/2025/QTR4/master.20251112.idx";
    let text = String::from_utf8(harness::get(sim, path)).unwrap();
    let mut lines = text.lines().filter(|line| line.contains("|10-Q|"));
    let line = lines.next_back().expect("a report on that day");
    line.to_owned()
}

#[test]
fn a_line_that_cannot_be_read_holds_the_watermark_for_a_week() {
    let (sandbox, sim) = a_week_later();
    let line = a_line(&sim);
    let damage = {
        let line = line.clone();
        move |path: &str, body: Vec<u8>| {
            let damaged = line.replace("edgar/data", "data");
            let broken = path.contains("master.20251112");
            Some(if broken {
                replaced(body, &line, &damaged)
            } else {
                body
            })
        }
    };
    let output = update_with(&sandbox, &sim, NOW_LATER, damage.clone())
        .code(3)
        .says("is no submission's path");
    assert_eq!(through(&output), "2025-11-11");
    assert_eq!(output.json()["indexes"]["failed"], 1);
    // If the index is corrected, no filing is missed; if it is not, the update does not wait for it for ever.
    let (late, late_sim) = a_week_later();
    let _ = update_with(&late, &late_sim, NOW_LATER, damage.clone()).code(3);
    let output = update_with(&late, &late_sim, "2025-11-21T12:00:00Z", damage).code(0);
    assert_eq!(through(&output), "2025-11-16");
    let _ = update(&sandbox, &sim, &[]).code(0);
    assert_like_new(&sandbox, &sim);
}

#[test]
fn indexes_that_are_nowhere_hold_the_watermark_however_long_that_lasts() {
    let (sandbox, sim) = a_week_later();
    let nowhere = |path: &str, body| (!path.contains("/daily-index/")).then_some(body);
    let output = update_with(&sandbox, &sim, "2025-11-24T12:00:00Z", nowhere)
        .code(3)
        .says("the index of 2025-11-06 is not there, and no later one is either (check --archives-url)");
    assert_eq!(through(&output), "2025-11-05");
    assert_eq!(output.json()["status"], "partial");
    let _ = update(&sandbox, &sim, &[]).code(0);
    assert_like_new(&sandbox, &sim);
}

#[test]
fn a_throttle_is_waited_for() {
    let (sandbox, sim) = a_week_later();
    set_faults(&sim, &["throttle-page=403@master.20251112*1"]);
    let output = update(&sandbox, &sim, &["--block-cooldown", "300ms"]).code(0);
    assert_eq!(through(&output), "2025-11-14");
    assert!(output.json()["requests"]["paused_s"].as_f64().unwrap() > 0.0);
    assert_like_new(&sandbox, &sim);
}

#[test]
fn a_throttle_that_does_not_end_holds_the_watermark() {
    let (sandbox, sim) = a_week_later();
    set_faults(&sim, &["throttle-page=403@master.20251112"]);
    let limits = ["--block-cooldown", "1h", "--max-duration", "3s"];
    let output = update(&sandbox, &sim, &limits)
        .code(3)
        .says("--max-duration has passed");
    assert_eq!(output.json()["status"], "partial");
    assert!(through(&output).as_str() < "2025-11-12");
}

#[test]
fn a_company_that_fails_is_asked_for_again_the_next_night() {
    let (sandbox, sim) = a_week_later();
    let wanted = |form: &str| form == "10-Q";
    let company = sim
        .universe()
        .companies()
        .find(|company| {
            let national = company
                .listings
                .iter()
                .any(|l| l.venue.sec_label() == Some("Nasdaq"));
            let filings = sim.universe().filings(company.cik);
            let new = |f: &filing_etl::sim::SimFiling| wanted(f.form) && f.filed_on > BEFORE;
            national && filings.iter().any(new)
        })
        .unwrap();
    let fault = format!("500@CIK{}", company.cik.padded());
    set_faults(&sim, &[&fault]);
    let output = update(&sandbox, &sim, &["--max-attempts", "1"]).code(3);
    assert!(through(&output).as_str() < "2025-11-14");
    assert_eq!(output.json()["companies"]["failed"], 1);
    set_faults(&sim, &[]);
    sim.log().clear();
    let output = update(&sandbox, &sim, &[]).code(0);
    assert_eq!(through(&output), "2025-11-14");
    assert_eq!(output.json()["companies"]["total"], 1);
    assert_like_new(&sandbox, &sim);
}

#[test]
fn what_failed_to_download_is_retried() {
    let (sandbox, sim) = a_week_later();
    set_faults(&sim, &["500@documents"]);
    let output = update(&sandbox, &sim, &["--max-attempts", "1"]).code(3);
    assert!(output.json()["artifacts"]["failed"].as_u64().unwrap() > 0);
    set_faults(&sim, &[]);
    sim.log().clear();
    let _ = update(&sandbox, &sim, &[]).code(0);
    assert_eq!(sim.log().of_kind(Resource::Discovery), 0);
    assert_like_new(&sandbox, &sim);
}

#[test]
fn without_a_backfill_there_is_nothing_to_update() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let _ = update(&sandbox, &sim, &[])
        .code(2)
        .says("run `filing-etl backfill` first");
    let _ = run(&sandbox, &sim, NOW_BEFORE, "backfill", &[]).code(0);
    let _ = update(&sandbox, &sim, &["--form", "8-K"]).code(2);
}

#[test]
fn an_update_completes_a_backfill_that_did_not_end() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    sim.advance_to(LATER);
    let _ = run(&sandbox, &sim, NOW_LATER, "backfill", &["--max-bytes", "1"]).code(3);
    let _ = update(&sandbox, &sim, &[]).code(0);
    assert_like_new(&sandbox, &sim);
}

#[test]
fn a_second_run_leaves_at_once() {
    let (sandbox, sim) = a_week_later();
    set_faults(&sim, &["stall=3600@daily-index#1"]);
    let mut first = sandbox.command_against(&sim, &["update", "--json", "--since", "2025-01-01"]);
    first.env("FILING_ETL_NOW", NOW_LATER);
    let mut first = Running::start(first);
    assert!(first.until(|| indexes(&sim) == 1));
    let asked = sim.log().requests();
    let _ = update(&sandbox, &sim, &[]).code(75).says("another run");
    assert_eq!(sim.log().requests(), asked);
    set_faults(&sim, &[]);
    assert_eq!(through(&first.end().code(0)), "2025-11-14");
}

#[test]
fn a_dry_run_tells_the_days_and_asks_for_nothing() {
    let (sandbox, sim) = a_week_later();
    let plan = update(&sandbox, &sim, &["--dry-run"]).code(0).json();
    assert_eq!(plan["command"], "update");
    assert_eq!(plan["requests"]["discovery"], 7);
    // Budgets do not apply to a dry run.
    let budgets = ["--max-duration", "1ms", "--min-free-space", "1000000TB"];
    let limited = update(&sandbox, &sim, &[&budgets[..], &["--dry-run"]].concat());
    assert_eq!(limited.code(0).json(), plan);
    assert_eq!(
        sim.log().requests(),
        3,
        "the lists of companies, once a day"
    );
    // An update that a budget ends before it begins reports no source of discovery.
    let ended = update(&sandbox, &sim, &budgets[2..]).code(3).json();
    assert!(ended.get("discovery").is_none(), "{ended}");
}

#[test]
fn one_company_is_updated_by_the_watermark_of_all() {
    let (sandbox, sim) = a_week_later();
    let cik = sandbox.number("SELECT cik FROM v_companies WHERE exchange = 'Nasdaq' LIMIT 1");
    let output = update(&sandbox, &sim, &["--cik", &cik.to_string()]).code(0);
    assert_eq!(through(&output), "2025-11-05");
    // `through` of the others does not change.
    let output = update(&sandbox, &sim, &[]).code(0);
    assert_eq!(output.json()["indexes"]["read"], 6);
    assert_like_new(&sandbox, &sim);
}

#[test]
fn fewer_forms_and_companies_are_updated_by_the_watermark_of_more() {
    let (sandbox, sim) = a_week_later();
    let forms = ["--form", "10-Q"];
    let output = update(&sandbox, &sim, &forms).code(0);
    assert_eq!(through(&output), "2025-11-05");
    assert!(output.json()["filings"]["new"].as_u64().unwrap() > 0);
    let _ = update(&sandbox, &sim, &["--no-amendments", "--exchange", "nasdaq"]).code(0);
    // `through` for other forms and companies does not change.
    let output = update(&sandbox, &sim, &[]).code(0);
    assert_eq!(output.json()["indexes"]["read"], 6);
    assert_like_new(&sandbox, &sim);
    // A result for more companies holds for fewer as well.
    sim.log().clear();
    for fewer in [&forms[..], &["--exchange", "nasdaq"], &["--form", "20-F"]] {
        assert_eq!(
            through(&update(&sandbox, &sim, fewer).code(0)),
            "2025-11-14"
        );
    }
    assert_eq!(sim.log().requests(), 0);
    let _ = update(&sandbox, &sim, &["--form", "10-Q", "--form", "8-K"]).code(2);
}

/// A database with a newly listed company that no run has visited.
fn with_a_new_company(sandbox: &Sandbox) -> i64 {
    let cik = sandbox.number(
        "SELECT cik FROM v_filings JOIN v_companies USING (cik)
            WHERE exchange = 'Nasdaq' AND form = '10-K' AND filed_on < '2025-10-01' LIMIT 1",
    );
    let db = sandbox.db();
    for sql in [
        "DELETE FROM filers WHERE cik = ?1",
        "DELETE FROM artifacts WHERE filing NOT IN (SELECT filing FROM filers) AND ?1",
        "DELETE FROM filings WHERE id NOT IN (SELECT filing FROM filers) AND ?1",
        "UPDATE selection_companies SET checked_at = NULL WHERE cik = ?1",
        "UPDATE companies SET last_checked_at = NULL, filings = 0 WHERE cik = ?1",
    ] {
        db.execute(sql, [cik]).unwrap();
    }
    cik
}

#[test]
fn a_new_company_is_looked_at_for_all_forms_that_are_followed() {
    for command in ["update", "backfill"] {
        let (sandbox, sim) = a_week_later();
        let cik = with_a_new_company(&sandbox);
        let _ = run(&sandbox, &sim, NOW_LATER, command, &["--form", "10-Q"]).code(0);
        let of_it = format!("SELECT count(*) FROM v_filings WHERE cik = {cik} AND form = ");
        let count = |form: &str| sandbox.number(&format!("{of_it}'{form}'"));
        assert!(count("10-Q") > 0 && count("10-K") == 0, "{command}");
        sim.log().clear();
        let plan = update(&sandbox, &sim, &["--dry-run"]).code(0).json();
        assert_eq!(plan["companies"], 1, "{command}");
        let _ = update(&sandbox, &sim, &[]).code(0);
        assert!(count("10-K") > 0, "{command}");
        assert_like_new(&sandbox, &sim);
        // Only once.
        sim.log().clear();
        let _ = update(&sandbox, &sim, &[]).code(0);
        assert_eq!(sim.log().requests(), 0);
    }
}

#[test]
fn a_company_that_comes_from_an_exchange_that_is_not_followed_is_looked_at_anew() {
    let (sandbox, sim) = a_week_later();
    let in_new = sim.universe().companies().find(|company| {
        let filings = sim.universe().filings(company.cik);
        let new = filings
            .iter()
            .any(|f| f.form == "10-Q" && f.filed_on > BEFORE);
        let known = sandbox.number(&format!(
            "SELECT count(*) FROM v_companies WHERE cik = {} AND exchange = 'Nasdaq'",
            company.cik
        ));
        new && known == 1
    });
    let cik = in_new.unwrap().cik.get().cast_signed();
    for sql in [
        "UPDATE listings SET exchange = 'NYSE' WHERE cik = ?1",
        "UPDATE companies SET exchange = 'NYSE' WHERE cik = ?1",
        "UPDATE meta SET value = '2025-11-15T11:00:00.000Z' WHERE key LIKE '%synced_at' AND ?1",
    ] {
        sandbox.db().execute(sql, [cik]).unwrap();
    }
    let new = format!("SELECT count(*) FROM v_filings WHERE cik = {cik} AND filed_on > '{BEFORE}'");
    let nasdaq = ["--exchange", "nasdaq"];
    let _ = update(&sandbox, &sim, &nasdaq).code(0);
    assert_eq!(sandbox.number(&new), 0);
    let _ = sandbox.run_against(&sim, &["companies", "sync"]).code(0);
    let _ = update(&sandbox, &sim, &nasdaq).code(0);
    assert!(sandbox.number(&new) > 0);
}

#[test]
fn a_night_costs_the_company_lists_the_days_the_changed_companies_and_the_new_documents() {
    for (minutes, lists) in [("-1425 minutes", 3), ("-1320 minutes", 0)] {
        let (sandbox, sim) = a_week_later();
        let age = "UPDATE meta SET value = strftime('%Y-%m-%dT%H:%M:%fZ', '2025-11-15 12:00', ?1)
            WHERE key LIKE '%synced_at'";
        assert!(sandbox.db().execute(age, [minutes]).unwrap() > 0);
        let json = update(&sandbox, &sim, &[]).code(0).json();
        let number = |path: &str| json.pointer(path).unwrap().as_u64().unwrap();
        let changed = number("/companies/total");
        assert_eq!(number("/companies/with_new"), changed);
        let expected = lists + 7 + changed + number("/artifacts/created");
        assert_eq!(sim.log().requests() as u64, expected);
        assert_eq!(number("/requests/total"), expected);
        assert_like_new(&sandbox, &sim);
    }
}

#[test]
fn selections_of_other_forms_have_their_own_checks_and_are_followed_together() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    sim.advance_to(LATER);
    let _ = run(&sandbox, &sim, NOW_LATER, "backfill", &["--form", "8-K"]).code(0);
    // Companies outside the selections do not count as checked.
    let _ = update(&sandbox, &sim, &["--form", "10-K"]).code(2);
    let _ = run(&sandbox, &sim, NOW_LATER, "backfill", &[]).code(0);
    let reports = |sandbox: &Sandbox| {
        sandbox.rows("SELECT cik, accession FROM v_filings WHERE form <> '8-K' AND form <> '8-K/A' ORDER BY 1, 2")
    };
    let new = Sandbox::new();
    let _ = run(&new, &sim, NOW_LATER, "backfill", &[]).code(0);
    assert_eq!(reports(&sandbox), reports(&new));
    let output = update(&sandbox, &sim, &[]).code(0);
    assert_eq!(through(&output), "2025-11-14");
    sim.log().clear();
    let _ = update(&sandbox, &sim, &[]).code(0);
    let _ = update(&sandbox, &sim, &["--form", "8-K"]).code(0);
    assert_eq!(sim.log().requests(), 0);
}

#[test]
fn an_update_with_nothing_to_follow_leaves_no_trace() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let _ = sandbox
        .run_against(&sim, &["update"])
        .code(2)
        .says("no selection is followed, so there is nothing to update");
    assert_eq!(sim.log().requests(), 0);
    assert!(!sandbox.path("filings.db").exists() && !sandbox.path("filings").exists());
    let _ = Output::of(sandbox.backfill(&sim, &["--limit=1", "--no-download"])).code(0);
    sim.log().clear();
    let _ = sandbox.run_against(&sim, &["update"]).code(2);
    assert_eq!(sim.log().requests(), 0);
}
