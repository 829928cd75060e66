//! Any filer of EDGAR by its CIK: listed, delisted, or never in the SEC's list.

use std::fs;

use filing_etl::internals::Cik;
use filing_etl::sim::{Options, Resource, Simulator};

use crate::harness::{Output, Sandbox, simulated};

fn sim() -> Simulator {
    simulated::start(Options {
        companies: 12,
        ..simulated::small()
    })
}

fn run(sandbox: &Sandbox, sim: &Simulator, args: &[&str]) -> Output {
    sandbox.run_at(sim, simulated::NOW, args)
}

/// The CIKs of two companies with reports; the first one is in no list.
fn unlisted_and_listed(sim: &Simulator) -> (u64, u64) {
    let mut with_reports: Vec<_> = simulated::reports(sim)
        .into_iter()
        .map(|(cik, _)| cik)
        .collect();
    with_reports.dedup();
    let [unlisted, listed, ..] = with_reports[..] else {
        panic!("two companies with reports");
    };
    sim.universe().delist(cik(unlisted));
    (unlisted, listed)
}

fn cik(number: u64) -> Cik {
    Cik::new(number).unwrap()
}

/// No CIK of the simulator begins with these digits.
const NOBODY: &str = "9999999999";

#[test]
fn a_filer_that_no_list_has_is_taken_by_its_cik_and_followed() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let (unlisted, _) = unlisted_and_listed(&sim);
    let name = sim.universe().company_of(cik(unlisted)).unwrap().name;
    let option = format!("--cik=CIK{unlisted:010}");
    let output = run(&sandbox, &sim, &["backfill", &option]).code(0);
    assert!(!output.stderr.contains("any more"), "{}", output.stderr);
    assert_eq!(
        sandbox
            .rows("SELECT cik, name, ticker, exchange, active FROM v_companies WHERE active = 0"),
        [format!("{unlisted}|{name}|NULL|NULL|0")]
    );
    assert!(sandbox.number("SELECT count(*) FROM v_filings") > 0);
    assert_eq!(
        sandbox.rows("SELECT companies, followed, companies_checked FROM v_selections"),
        [format!("[{unlisted}]|1|1")]
    );
    let stats = run(&sandbox, &sim, &["stats"]).code(0).stdout;
    assert!(stats.contains("; 1 not listed"), "{stats}");
    assert!(
        stats.contains("\nnot listed             1       "),
        "{stats}"
    );
    let diagnosis = run(&sandbox, &sim, &["diagnose", &option]).code(0);
    let row = diagnosis
        .stdout
        .lines()
        .find(|line| line.starts_with("not listed"));
    assert!(
        row.is_some_and(|row| row.contains("100%")),
        "{}",
        diagnosis.stdout
    );
    let _ = run(&sandbox, &sim, &["update"]).code(0);
    sim.log().clear();
    let _ = run(&sandbox, &sim, &["backfill", &option]).code(0);
    assert_eq!(sim.log().of_kind(Resource::Documents), 0, "all is there");
}

#[test]
fn facts_of_a_company_come_with_its_filings_from_the_api_and_from_the_archive() {
    let sim = sim();
    let facts = |from: &str| {
        let sandbox = Sandbox::new();
        let _ = run(&sandbox, &sim, &["backfill", "--no-download", from]).code(0);
        let companies = sandbox.rows(
            "SELECT cik, sic, industry, state, fiscal_year_end, entity_type, ein FROM v_companies
             WHERE last_checked_at IS NOT NULL ORDER BY cik",
        );
        let names = sandbox.rows("SELECT * FROM v_company_names ORDER BY cik");
        (companies, names)
    };
    let (companies, names) = facts("--discover-from=api");
    assert_eq!(
        facts("--discover-from=bulk"),
        (companies.clone(), names.clone())
    );
    let with_code = companies
        .iter()
        .filter(|row| row.contains("|7372|Services"));
    assert!(with_code.count() > 0, "{companies:?}");
    assert!(
        companies.iter().any(|row| row.contains("|NULL|Services")),
        "a code that EDGAR leaves empty: {companies:?}"
    );
    assert!(
        names
            .iter()
            .any(|row| row.ends_with("|OLD NAME & SONS INC|2010-01-04|2008-05-06")),
        "{names:?}"
    );
}

#[test]
fn a_number_that_no_filer_has_is_a_usage_error_and_leaves_no_trace() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let output = run(&sandbox, &sim, &["backfill", "--cik", NOBODY]).code(2);
    let _ = output
        .says("company 9999999999: EDGAR has no filer with this CIK: check the number")
        .says("error: EDGAR has no filer with this CIK: 9999999999: check the number");
    assert_eq!(sim.log().of_kind(Resource::Discovery), 1);
    assert_eq!(sim.log().of_kind(Resource::Documents), 0);
    assert_eq!(sandbox.number("SELECT count(*) FROM v_selections"), 0);
    assert_eq!(
        sandbox.number("SELECT count(*) FROM v_companies WHERE active = 0"),
        0
    );
    assert_eq!(sandbox.rows("SELECT status FROM v_runs"), ["failed"]);
    assert_eq!(
        sandbox.rows("SELECT cik, kind FROM v_errors"),
        ["9999999999|not_found"]
    );
}

#[test]
fn in_a_list_such_a_number_costs_only_itself() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let (unlisted, listed) = unlisted_and_listed(&sim);
    fs::write(
        sandbox.path("mine"),
        format!("{listed}\n{NOBODY}\nCIK{unlisted:010} # delisted\n"),
    )
    .unwrap();
    let args = ["backfill", "--companies-file", "mine"];
    let _ = run(&sandbox, &sim, &args).code(3);
    let mut ciks = [unlisted, listed];
    ciks.sort_unstable();
    let known = format!("[{},{}]", ciks[0], ciks[1]);
    let selections = "SELECT companies, companies_total, companies_checked FROM v_selections";
    assert_eq!(sandbox.rows(selections), [format!("{known}|2|2")]);
    let _ = run(&sandbox, &sim, &["update"]).code(0);
    let _ = run(&sandbox, &sim, &args).code(3);
    assert_eq!(sandbox.rows(selections), [format!("{known}|2|2")]);
}

#[test]
fn other_commands_know_only_what_is_on_record() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let (unlisted, listed) = unlisted_and_listed(&sim);
    let _ = run(&sandbox, &sim, &["backfill", &format!("--cik={listed}")]).code(0);
    sim.log().clear();
    let option = format!("--cik={unlisted}");
    for command in ["update", "download", "diagnose"] {
        let _ = run(&sandbox, &sim, &[command, &option]).code(2).says(&format!(
            "not on record: CIK {unlisted}: get the filings of any filer with `filing-etl backfill --cik`"
        ));
    }
    assert_eq!(sim.log().of_kind(Resource::Discovery), 0);
    let plan = run(
        &sandbox,
        &sim,
        &["backfill", "--dry-run", "--json", &option],
    )
    .code(0);
    assert_eq!(plan.json()["companies"], 1);
    assert_eq!(
        sandbox.number("SELECT count(*) FROM v_companies WHERE active = 0"),
        0
    );
}

/// The companies with a SIC code in `v_companies`.
fn of_industry(sandbox: &Sandbox, code: &str) -> Vec<String> {
    sandbox.rows(&format!(
        "SELECT cik FROM v_companies WHERE sic = '{code}' ORDER BY cik"
    ))
}

#[test]
fn an_industry_is_found_by_looking_at_each_company_once() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let backfill = [
        "backfill",
        "--sic=73",
        "--discover-from=api",
        "--no-download",
    ];
    let _ = run(&sandbox, &sim, &backfill).code(0);
    let all = sandbox.number("SELECT count(*) FROM v_companies WHERE last_checked_at IS NOT NULL");
    let software = of_industry(&sandbox, "7372");
    assert!(!software.is_empty() && i64::try_from(software.len()).unwrap() < all);
    let others = "SELECT count(*) FROM v_filings WHERE cik NOT IN
        (SELECT cik FROM v_companies WHERE sic = '7372')";
    assert!(sandbox.number("SELECT count(*) FROM v_filings") > 0);
    assert_eq!(sandbox.number(others), 0);
    let selection = "SELECT companies_total, companies_checked, sic, followed FROM v_selections";
    let expected = format!("{0}|{0}|[\"73\"]|1", software.len());
    assert_eq!(sandbox.rows(selection), [expected.as_str()]);
    let shown = run(&sandbox, &sim, &["selections"]).code(0).stdout;
    assert!(shown.contains("SIC 73 of "), "{shown}");
    let json = run(&sandbox, &sim, &["selections", "--json"])
        .code(0)
        .json();
    assert_eq!(json["selections"][0]["sic"], "[\"73\"]");
    // Now that the codes are known, no other company is requested.
    sim.log().clear();
    let told = run(&sandbox, &sim, &[&backfill[..], &["-v"]].concat()).code(0);
    let _ = told.says("selection 1: companies SIC 73 of [");
    assert_eq!(sim.log().of_kind(Resource::Discovery), software.len());
    assert_eq!(sandbox.rows(selection), [expected.as_str()]);
    // Last night's filings of other companies are not downloaded.
    sim.universe().set_today(jiff::civil::date(2025, 7, 15));
    let mut update = sandbox.command_against(&sim, &["update", "--no-download"]);
    update.env("FILING_ETL_NOW", "2025-07-16T16:00:00Z");
    let _ = Output::of(update).code(0);
    assert_eq!(sandbox.number(others), 0);
    let narrowed = run(
        &sandbox,
        &sim,
        &["companies", "list", "--json", "--sic=7372"],
    );
    let listed = narrowed.code(0).json()["companies"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(listed, software.len());
}

/// The followed exchanges, and a company on one of them that no run has visited yet. Its industry is not known.
fn with_one_never_visited() -> (Sandbox, Simulator, u64) {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let (new, _) = unlisted_and_listed(&sim);
    let _ = run(&sandbox, &sim, &["backfill", "--no-download"]).code(0);
    sim.universe().relist(cik(new));
    let _ = run(&sandbox, &sim, &["companies", "sync"]).code(0);
    let unknown = format!("SELECT count(*) FROM v_companies WHERE cik = {new} AND sic IS NULL");
    assert_eq!(sandbox.number(&unknown), 1);
    (sandbox, sim, new)
}

/// Runs a command that looks at the industry of the company and wants another one. The company's filings
/// are still got by the next update.
#[track_caller]
fn looks_at_the_industry_only(command: &[&str], code: i32) {
    let (sandbox, sim, new) = with_one_never_visited();
    let filings = format!("SELECT count(*) FROM v_filings WHERE cik = {new}");
    let unchecked = "SELECT companies_total - companies_checked FROM v_selections WHERE id = 1";
    let known = format!("SELECT count(*) FROM v_companies WHERE cik = {new} AND sic <> ''");
    let output = run(&sandbox, &sim, command).code(code);
    assert_eq!(sandbox.number(&filings), 0, "{output:?}");
    assert_eq!(sandbox.number(&known), 1, "it was looked at");
    assert_eq!(sandbox.number(unchecked), 1);
    let _ = run(&sandbox, &sim, &["update", "--no-download"]).code(0);
    assert!(sandbox.number(&filings) > 0);
    assert_eq!(sandbox.number(unchecked), 0);
}

#[test]
fn an_update_of_an_industry_records_no_filing_of_a_new_company_of_another_one() {
    looks_at_the_industry_only(&["update", "--no-download", "--sic=9999"], 0);
}

#[test]
fn a_backfill_of_an_industry_checks_no_company_of_another_one_for_a_wider_selection() {
    looks_at_the_industry_only(&["backfill", "--no-download", "--sic=9999"], 0);
}

#[test]
fn a_code_that_is_none_or_that_nobody_has_is_refused() {
    let sandbox = Sandbox::new();
    let (filled, sim) = (Sandbox::new(), sim());
    let _ = run(&filled, &sim, &["backfill", "--limit=2"]).code(0);
    let _ = run(
        &filled,
        &sim,
        &["backfill", "--exchange=all", "--no-download"],
    )
    .code(0);
    for command in ["backfill", "download", "diagnose", "filings"] {
        let none = [command, "--sic=9999"];
        let _ = run(&filled, &sim, &none)
            .code(2)
            .says("no company matches: check --exchange and --sic");
    }
    for code in ["software", "73720", ""] {
        let args = ["companies", "list", "--sic", code];
        let _ = sandbox
            .run(&args)
            .code(2)
            .says("is not a SIC code: give 4 digits such as 7372");
    }
}

#[test]
fn a_companies_file_may_have_blanks_comments_and_duplicates() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let (unlisted, listed) = unlisted_and_listed(&sim);
    let _ = run(&sandbox, &sim, &["companies", "sync"]).code(0);
    let text = format!(
        "\u{feff}# mine\r\n\r\n  {listed}  \r\n{listed} # again\r\n\t\r\nCIK{listed:010}\r\n{unlisted}\r\n"
    );
    fs::write(sandbox.path("mine"), text).unwrap();
    let args = ["backfill", "--no-download", "--companies-file", "mine"];
    let _ = run(&sandbox, &sim, &args).code(0);
    assert_eq!(sandbox.rows("SELECT companies_done FROM v_runs"), ["2"]);
    sim.log().clear();
    // A table without a column of names is none.
    fs::write(sandbox.path("mine"), format!("{listed},Name\nAAPL,Apple\n")).unwrap();
    let says = format!("its first line has no column `ticker` or `cik`: {listed},Name: give");
    let _ = run(&sandbox, &sim, &args).code(2).says(&says);
    for cik in ["0", "12345678901", "apple", "CIK", "-1"] {
        let option = format!("--cik={cik}");
        let refusal = "is not a CIK: 1 to 10 digits are expected";
        let _ = run(&sandbox, &sim, &["backfill", &option])
            .code(2)
            .says(refusal);
    }
    assert_eq!(sim.log().requests(), 0);
}

#[test]
fn an_industry_that_no_company_is_in_leaves_no_selection() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let _ = run(&sandbox, &sim, &["backfill", "--limit=3"]).code(0);
    let nobody = ["backfill", "--no-download", "--sic=99"];
    let _ = run(&sandbox, &sim, &nobody)
        .code(2)
        .says("none of these companies has SIC 99");
    assert_eq!(
        sandbox.rows("SELECT id FROM v_selections WHERE sic IS NOT NULL"),
        [""; 0]
    );
    let _ = run(&sandbox, &sim, &nobody)
        .code(2)
        .says("no company matches");
}
