//! `companies list`, `stats`, and the help.

use std::collections::BTreeSet;

use filing_etl::internals::Exchange;
use filing_etl::sim::SimCompany;

use crate::harness::mask;
use crate::harness::{Output, Sandbox, simulated};
use crate::snapshot;

/// A sandbox after a whole backfill, which ran sequentially, because the first visited filer of a joint filing
/// determines its folder.
fn complete() -> Sandbox {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let _ = Output::of(sandbox.backfill(&sim, &["--preset", "sequential"])).code(0);
    sandbox
}

fn is_readable(text: &str) -> bool {
    let wide = |line: &str| line.chars().count() > 80 || line.contains('\u{1b}');
    !text.lines().any(wide)
}

fn listed(output: &Output) -> BTreeSet<u64> {
    let list = output.json();
    let companies = list["companies"].as_array().unwrap().iter();
    companies.map(|c| c["cik"].as_u64().unwrap()).collect()
}

fn ciks(companies: &[SimCompany]) -> BTreeSet<u64> {
    companies.iter().map(|c| c.cik.get()).collect()
}

#[test]
fn the_list_of_companies_has_those_that_the_filters_mean() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let _ = Output::of(sandbox.command_against(&sim, &["companies", "sync"])).code(0);
    sim.log().clear();
    let list = |args: &[&str]| {
        let args = [&["companies", "list", "--json"], args].concat();
        Output::of(sandbox.command(&args)).code(0)
    };
    assert_eq!(listed(&list(&[])), ciks(&simulated::national(&sim)));
    let american = simulated::on(&sim, &[Exchange::NyseAmerican]);
    assert!(!american.is_empty());
    assert_eq!(listed(&list(&["--exchange", "amex"])), ciks(&american));
    let all: Vec<_> = sim.universe().companies().collect();
    assert_eq!(listed(&list(&["--exchange", "all"])), ciks(&all));
    assert_eq!(listed(&list(&["--limit", "3"])).len(), 3);

    let (one, two) = (&all[0], &all[1]);
    std::fs::write(
        sandbox.path("ours"),
        format!(
            "\u{feff}{} # one\n\n# ours\n{}\r\n",
            one.listings[0].ticker, two.cik
        ),
    )
    .unwrap();
    let both = BTreeSet::from([one.cik.get(), two.cik.get()]);
    assert_eq!(listed(&list(&["--companies-file", "ours"])), both);
    let _ = sandbox
        .run(&["companies", "list", "--ticker", "NOSUCH"])
        .code(2)
        .says("NOSUCH");
    assert_eq!(sim.log().requests(), 0);
}

#[test]
fn the_list_of_companies_looks_like_this() {
    let sandbox = complete();
    // They are in the order in which they were checked, which differs from run to run.
    let same = "UPDATE companies SET last_checked_at = '2025-06-30T06:00:00.000Z' \
                WHERE last_checked_at IS NOT NULL";
    sandbox.db().execute(same, []).unwrap();
    let table = sandbox.run(&["companies", "list", "--limit", "12"]).code(0);
    assert!(is_readable(&table.stdout), "{}", table.stdout);
    snapshot!("companies_list", mask::text(&table.stdout));
    let json = sandbox
        .run(&["companies", "list", "--limit", "2", "--json"])
        .code(0);
    snapshot!("companies_list_json", mask::json(json.json()));
}

#[test]
fn without_a_list_of_companies_it_says_how_to_load_one() {
    let sandbox = Sandbox::new();
    let _ = sandbox
        .run(&["companies", "list"])
        .code(1)
        .says("filing-etl companies sync");
    assert!(!sandbox.path("filings.db").exists());
    let _ = filing_etl::internals::Writer::open(&sandbox.path("filings.db")).unwrap();
    let _ = sandbox
        .run(&["companies", "list"])
        .code(1)
        .says("filing-etl companies sync");
}

#[test]
fn stats_look_like_this() {
    let sandbox = complete();
    let table = sandbox.run(&["stats"]).code(0);
    assert!(is_readable(&table.stdout), "{}", table.stdout);
    snapshot!("stats", mask::text(&table.stdout));
    let json = sandbox.run(&["stats", "--json"]).code(0);
    snapshot!("stats_json", mask::json(json.json()));
}

#[test]
fn stats_count_what_the_views_have() {
    let sandbox = complete();
    let stats = sandbox.run(&["stats", "--json"]).code(0).json();
    let number = |sql| sandbox.number(sql);
    assert_eq!(
        stats["total"]["filings"],
        number("SELECT count(DISTINCT accession) FROM v_filings")
    );
    assert_eq!(
        stats["total"]["downloaded"],
        number("SELECT count(*) FROM v_artifacts WHERE status = 'downloaded'")
    );
    assert_eq!(
        stats["total"]["bytes"],
        number("SELECT sum(bytes) FROM v_artifacts")
    );
    assert_eq!(
        stats["companies"]["active"],
        number("SELECT count(*) FROM v_companies WHERE active")
    );
    for by in ["exchanges", "forms", "years"] {
        let parts = stats[by].as_array().unwrap().iter();
        let sum: u64 = parts.map(|part| part["filings"].as_u64().unwrap()).sum();
        // A joint filing counts for each of its filers.
        let expected = match by {
            "exchanges" => number("SELECT count(*) FROM v_filings"),
            _ => number("SELECT count(DISTINCT accession) FROM v_filings"),
        };
        assert_eq!(i64::try_from(sum).unwrap(), expected, "{by}");
    }
}

#[test]
fn stats_of_an_empty_database_are_zeros_and_of_a_missing_one_an_error() {
    let sandbox = Sandbox::new();
    let _ = sandbox.run(&["stats"]).code(1).says("there is no database");
    assert!(!sandbox.path("filings.db").exists());
    let _ = filing_etl::internals::Writer::open(&sandbox.path("filings.db")).unwrap();
    let empty = sandbox.run(&["stats"]).code(0);
    snapshot!("stats_empty", empty.stdout);
}

#[test]
fn every_shell_gets_completions_and_every_command_a_man_page() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = sandbox.run(&["completions", shell]).code(0).stdout;
        assert!(
            script.contains("backfill") && script.contains("monitor"),
            "{shell}"
        );
    }
    let _ = sandbox.run(&["completions", "tcsh"]).code(2);
    for command in [
        &["man"][..],
        &["man", "stats"],
        &["man", "companies", "list"],
    ] {
        let page = sandbox.run(command).code(0).stdout;
        assert!(
            page.contains(".SH NAME") && page.contains(".SH OPTIONS"),
            "{page}"
        );
    }
    let _ = sandbox.run(&["man", "nonsense"]).code(2).says("backfill");
}
