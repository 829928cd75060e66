//! How much there is of what is wanted.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::exchange::Exchange;
use crate::store::CompanyCoverage;

/// Companies with at least one wanted filing, and files; now, and when the last run began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Companies asked for.
    pub companies: u64,
    /// Those with a wanted filing when the last run began.
    pub covered_before: u64,
    /// Those with one now.
    pub covered: u64,
    /// Files that were there when the last run began.
    pub downloaded_before: u64,
    /// Files that were to be there then.
    pub expected_before: u64,
    /// Files that are there.
    pub downloaded: u64,
    /// Files that are to be there.
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

/// A tally for each exchange, and for all. A company counts at its primary listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// By exchange, in the order of the documentation; `None` is unknown, and the last.
    pub by_exchange: Vec<(Option<String>, Tally)>,
    /// All together.
    pub total: Tally,
}

impl Coverage {
    /// Adds companies up.
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
