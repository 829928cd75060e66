//! Sums of covered companies and downloaded files by exchange.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::exchange::Exchange;
use crate::store::CompanyCoverage;

/// Counts now and at the start of the last run. A company is covered if it has a wanted filing on record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    pub companies: u64,
    pub covered_before: u64,
    pub covered: u64,
    pub downloaded_before: u64,
    /// Files known at the start of the last run, downloaded or not.
    pub expected_before: u64,
    pub downloaded: u64,
    /// Known files, downloaded or not.
    pub expected: u64,
}

impl Tally {
    fn add(&mut self, company: &CompanyCoverage) {
        self.companies += 1;
        self.covered_before += u64::from(company.covered_before);
        self.covered += u64::from(company.covered);
        self.downloaded_before += company.artifacts_before.downloaded;
        self.expected_before += company.artifacts_before.expected;
        self.downloaded += company.artifacts.downloaded;
        self.expected += company.artifacts.expected;
    }
}

/// A tally for each exchange and the total. A company counts for the exchange of its primary listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// In the order of [`Exchange::ALL`]; `None` is unknown and comes last.
    pub by_exchange: Vec<(Option<String>, Tally)>,
    pub total: Tally,
}

impl Coverage {
    pub fn of(companies: &[CompanyCoverage]) -> Self {
        let mut tallies: BTreeMap<(usize, Option<&str>), Tally> = BTreeMap::new();
        let mut total = Tally::default();
        for company in companies {
            let exchange = company.exchange.as_deref();
            let place = exchange.map_or(usize::MAX, |name| {
                let known = Exchange::ALL.iter().position(|e| e.as_str() == name);
                known.unwrap_or(Exchange::ALL.len())
            });
            tallies.entry((place, exchange)).or_default().add(company);
            total.add(company);
        }
        Self {
            by_exchange: tallies
                .into_iter()
                .map(|((_, exchange), tally)| (exchange.map(str::to_owned), tally))
                .collect(),
            total,
        }
    }
}
