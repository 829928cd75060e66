//! The simulators of the tests, and the results that a run against them must have, from their own data.

use std::collections::{BTreeMap, BTreeSet};

use filing_etl::internals::Exchange;
use filing_etl::sim::{Options, SimCompany, SimFiling, Simulator, Venue};
use jiff::civil::{Date, date};

/// The last day of every simulated EDGAR, so that no test depends on the current day.
pub const TODAY: Date = date(2025, 6, 30);
/// Noon in New York on the day after [`TODAY`], when the index of that day is published.
pub const NOW: &str = "2025-07-01T16:00:00Z";
/// The default first filing date of the tests.
pub const SINCE: Date = date(2023, 7, 1);

/// Fifty companies, enough for every kind and every exchange, with small documents and many older pages.
pub fn small() -> Options {
    Options {
        companies: 50,
        today: TODAY,
        years: 6,
        page_rows: 20,
        document_scale: 0.001,
        ..Options::default()
    }
}

/// A simulator with these options.
pub fn start(options: Options) -> Simulator {
    Simulator::start(options).unwrap()
}

/// The exchange of a listing according to the lists of the SEC and the exchanges together.
pub fn exchange(sim: &Simulator, company: &SimCompany, venue: Venue) -> Option<Exchange> {
    let listed = sim.universe().in_symbol_lists(company);
    match venue {
        Venue::Nasdaq => Some(Exchange::Nasdaq),
        Venue::NyseAmerican if listed => Some(Exchange::NyseAmerican),
        Venue::NyseArca if listed => Some(Exchange::NyseArca),
        Venue::Nyse | Venue::NyseAmerican | Venue::NyseArca => Some(Exchange::Nyse),
        Venue::Cboe => Some(Exchange::Cboe),
        Venue::Otc => Some(Exchange::Otc),
        // The SEC's list has no exchange yet, but Nasdaq's list has the symbol.
        Venue::Unknown => listed.then_some(Exchange::Nasdaq),
    }
}

/// Whether a company has a listing on one of these exchanges.
pub fn is_on(sim: &Simulator, company: &SimCompany, exchanges: &[Exchange]) -> bool {
    let mut venues = company.listings.iter().map(|listing| listing.venue);
    venues.any(|venue| exchange(sim, company, venue).is_some_and(|e| exchanges.contains(&e)))
}

/// The companies of a run without company options.
pub fn national(sim: &Simulator) -> Vec<SimCompany> {
    let exchanges: Vec<_> = Exchange::ALL
        .into_iter()
        .filter(|e| *e != Exchange::Otc)
        .collect();
    on(sim, &exchanges)
}

/// The companies on some exchanges.
pub fn on(sim: &Simulator, exchanges: &[Exchange]) -> Vec<SimCompany> {
    let all = sim.universe().companies();
    all.filter(|c| is_on(sim, c, exchanges)).collect()
}

/// The forms of a run without form options.
pub fn is_report(form: &str) -> bool {
    let base = form.strip_suffix("/A").unwrap_or(form);
    ["10-K", "10-KT", "10-Q", "10-QT", "20-F", "40-F"].contains(&base)
}

/// The filings of some companies that a run should find, each with a CIK of a visited filer.
pub fn filings(
    sim: &Simulator,
    companies: &[SimCompany],
    wanted: impl Fn(&SimFiling) -> bool,
) -> Vec<(u64, SimFiling)> {
    let mut found = Vec::new();
    for company in companies {
        let filings = sim.universe().filings(company.cik);
        let filings = filings.into_iter().filter(&wanted);
        found.extend(filings.map(|filing| (company.cik.get(), filing)));
    }
    found
}

/// The reports since [`SINCE`] of the national exchanges' companies.
pub fn reports(sim: &Simulator) -> Vec<(u64, SimFiling)> {
    filings(sim, &national(sim), |f| {
        is_report(f.form) && f.filed_on >= SINCE
    })
}

/// The name of the file that a run fetches for a filing.
pub fn file_name(filing: &SimFiling) -> String {
    match filing.primary_document.rsplit('/').next() {
        None | Some("") => format!("{}.txt", filing.accession),
        Some(name) => name.to_owned(),
    }
}

/// The file of every filing: `accession/name` and its bytes.
pub fn contents(sim: &Simulator, filings: &[(u64, SimFiling)]) -> BTreeMap<String, Vec<u8>> {
    let mut contents = BTreeMap::new();
    for (_, filing) in filings {
        let name = file_name(filing);
        contents
            .entry(format!("{}/{name}", filing.accession.bare()))
            .or_insert_with(|| sim.universe().file(filing, &name).unwrap());
    }
    contents
}

/// Every document of some filings by `accession/name`, as the simulator serves them.
pub fn documents(sim: &Simulator, filings: &[(u64, SimFiling)]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for (_, filing) in filings {
        for (i, document) in sim.universe().documents(filing).into_iter().enumerate() {
            let (name, served) = match document.name {
                Some(name) => {
                    let served = sim.universe().file(filing, &name).unwrap();
                    (name, served)
                }
                // EDGAR gives it no name and does not serve it.
                None => (
                    format!("{}-{}.txt", filing.accession, i + 1),
                    document.bytes,
                ),
            };
            files.insert(format!("{}/{name}", filing.accession.bare()), served);
        }
    }
    files
}

/// `cik|accession` of some filings, in the form of a query result.
pub fn keys(filings: &[(u64, SimFiling)]) -> BTreeSet<String> {
    let key = |(cik, filing): &(u64, SimFiling)| format!("{cik}|{}", filing.accession);
    filings.iter().map(key).collect()
}
