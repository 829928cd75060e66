//! The companies and their listings.

use std::collections::BTreeSet;

use filing_etl::internals::Exchange;
use filing_etl::sim::{Options, Resource};

use crate::harness::simulated;
use crate::harness::{Output, Sandbox};

#[test]
fn companies_and_listings_are_those_of_the_sec_and_the_exchanges() {
    let sim = simulated::start(Options {
        companies: 400,
        ..simulated::small()
    });
    let sandbox = Sandbox::new();
    let _ = sandbox.run_against(&sim, &["companies", "sync"]).code(0);
    let (mut companies, mut listings) = (BTreeSet::new(), BTreeSet::new());
    let mut exchanges = BTreeSet::new();
    for company in sim.universe().companies() {
        let all: Vec<_> = company
            .listings
            .iter()
            .map(|l| (&l.ticker, simulated::exchange(&sim, &company, l.venue)))
            .collect();
        let national = |(_, e): &&(&String, Option<Exchange>)| e.is_some_and(Exchange::is_national);
        let (ticker, exchange) = all.iter().find(national).unwrap_or(&all[0]);
        let text = |e: &Option<Exchange>| e.map_or_else(|| "NULL".to_owned(), |e| e.to_string());
        exchanges.insert(text(exchange));
        companies.insert(format!(
            "{}|{}|{ticker}|{}|1|0|NULL",
            company.cik,
            company.name,
            text(exchange)
        ));
        listings.extend(
            all.iter()
                .map(|(ticker, e)| format!("{}|{ticker}|{}|1", company.cik, text(e))),
        );
    }
    let rows = |sql| sandbox.rows(sql).into_iter().collect::<BTreeSet<_>>();
    assert_eq!(
        rows(
            "SELECT cik, name, ticker, exchange, active, filings, last_checked_at FROM v_companies"
        ),
        companies
    );
    assert_eq!(
        rows("SELECT cik, ticker, exchange, active FROM v_listings"),
        listings
    );
    assert!(exchanges.len() >= 6, "{exchanges:?}");
    assert_eq!(sim.log().requests(), 3);
    assert_eq!(sim.log().of_kind(Resource::Listings), 2);
}

#[test]
fn a_company_that_leaves_the_list_stays_on_record_and_is_no_longer_asked_for() {
    let sandbox = Sandbox::new();
    let sim = simulated::start(simulated::small());
    let _ = Output::of(sandbox.backfill(&sim, &["--no-download"])).code(0);
    let fewer = simulated::start(Options {
        companies: 40,
        ..simulated::small()
    });
    let gone: Vec<_> = sim.universe().companies().skip(40).collect();
    let _ = sandbox.run_against(&fewer, &["companies", "sync"]).code(0);
    let active = sandbox.number("SELECT count(*) FROM v_companies WHERE active");
    assert_eq!(active, 40);
    assert_eq!(sandbox.number("SELECT count(*) FROM v_companies"), 50);
    fewer.log().clear();
    let _ = Output::of(sandbox.backfill(&fewer, &["--no-download"])).code(0);
    for company in gone {
        let path = format!("CIK{}", company.cik.padded());
        assert_eq!(fewer.log().count(|e| e.path.contains(&path)), 0);
    }
    let visits = fewer
        .log()
        .count(|e| e.path.starts_with("/submissions/") && !e.path.contains("-submissions-"));
    assert_eq!(visits, simulated::national(&fewer).len());
}

#[test]
fn without_the_exchanges_lists_a_run_goes_on_with_the_secs_labels() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    sim.set_faults(vec!["404@listings".parse().unwrap()]);
    let _ = Output::of(sandbox.backfill(&sim, &["--no-download"])).code(0);
    let exchanges = sandbox.rows("SELECT DISTINCT exchange FROM v_companies ORDER BY exchange");
    assert_eq!(exchanges, ["NULL", "Cboe", "NYSE", "Nasdaq", "OTC"]);
    // Exchanges that the SEC's list does not distinguish cannot be selected.
    let args = ["--exchange", "NYSE Arca", "--no-download"];
    let before = sim.log().requests();
    let _ = Output::of(sandbox.backfill(&sim, &args))
        .code(2)
        .says("NYSE Arca");
    assert_eq!(sim.log().requests(), before);
}
