//! The filings of a universe up to today. Tests compare results with them.

use std::cmp::Reverse;

use crate::edgar::{Accession, Cik, Filing};

use jiff::civil::Date;

use super::calendar::{is_business_day, plus_days};
use super::history;
use super::render::accepted_at;
use super::universe::{SimFiling, SimUniverse};

/// The year in which a filing was filed, from its accession.
pub(crate) fn filed_in(accession: Accession) -> i16 {
    let short = i16::try_from(accession.get() / 1_000_000 % 100).unwrap_or(0);
    if short < 90 {
        2000 + short
    } else {
        1900 + short
    }
}

/// The day on which a filing appears in the lists and indexes: usually its filing date, for one in thirteen
/// filings some days later. At EDGAR it is one in fifty; here it is more, so that every universe has some.
pub(crate) fn released_on(filing: &SimFiling) -> Date {
    let number = filing.accession.get();
    let filed_on = filing.as_filed.filed_on;
    if number % 13 != 3 {
        return filed_on;
    }
    let late = i64::try_from(number / 13 % 6).unwrap_or(0) + 1;
    let mut day = plus_days(filed_on, late);
    while !is_business_day(day) {
        day = plus_days(day, 1);
    }
    day
}

impl SimUniverse {
    /// The filings of a company up to today, newest first, including joint filings of its parent. A few
    /// appear some days after their date.
    pub fn filings(&self, cik: Cik) -> Vec<SimFiling> {
        let Some(number) = self.number(cik) else {
            return Vec::new();
        };
        let today = self.today();
        let mut filings = Vec::new();
        for year in (self.first_year_with_parent(number)..=today.year()).rev() {
            filings.extend(
                history::year(self, number, year)
                    .into_iter()
                    .rev()
                    .filter(|filing| released_on(filing) <= today),
            );
        }
        // A correction may have moved a filing to another year.
        filings.sort_by_key(|filing| Reverse(filing.filed_on));
        filings
    }

    /// A filing by the CIK of any of its filers and its accession, if it was filed by today.
    pub fn filing(&self, cik: Cik, accession: Accession) -> Option<SimFiling> {
        let number = self.number(cik)?;
        history::year(self, number, filed_in(accession))
            .into_iter()
            .find(|filing| filing.accession == accession)
            .filter(|filing| released_on(filing) <= self.today())
    }

    /// The first year of a company's history, which includes that of each parent it files with.
    fn first_year_with_parent(&self, number: u32) -> i16 {
        let own = self.first_year(number);
        let parents = history::parents_of(self, number).map(|parent| self.first_year(parent));
        parents.fold(own, i16::min)
    }

    /// A filing as the submissions document of `cik` describes it.
    pub fn row(&self, cik: Cik, filing: &SimFiling) -> Filing {
        Filing {
            accession: filing.accession,
            form: filing.form.to_owned(),
            filed_on: filing.filed_on,
            report_date: filing.report_date,
            accepted_at: accepted_at(self, cik, filing),
            primary_document: filing.primary_document.clone(),
            items: filing.items.to_owned(),
            size: Some(filing.size),
            is_xbrl: filing.is_xbrl,
        }
    }
}
