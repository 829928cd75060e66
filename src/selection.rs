//! A selection: companies x forms x dates x what to download of each filing. A backfill records one, and
//! `update` follows the recorded ones.
//!
//! Pure: no I/O. Every function destructures a selection without `..`, so that the compiler finds each
//! place that a new criterion affects.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::criteria::CompanyCriteria;
use crate::edgar::{ArtifactChoice, Cik, DateRange, FormFilter};
use crate::exchange::Exchange;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    pub companies: Companies,
    /// What the companies must be. A company whose profile is not known yet is included.
    pub criteria: CompanyCriteria,
    pub filings: Filings,
    /// What to download of each filing.
    pub artifacts: ArtifactChoice,
}

/// The companies of a selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Companies {
    /// The companies with an active listing on one of these exchanges, whichever they are at the time of a
    /// run; `None` is every company of the SEC's list.
    Listed(Option<BTreeSet<Exchange>>),
    /// These companies, listed or not.
    Named(BTreeSet<Cik>),
}

/// The filings of a selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filings {
    pub forms: FormFilter,
    /// The first filing date.
    pub since: Date,
    /// The last filing date; `None` is no end.
    pub until: Option<Date>,
}

impl Selection {
    /// Whether the other selection asks for nothing that this one does not. No value of `artifacts`
    /// contains another.
    pub fn contains(&self, other: &Self) -> bool {
        let Self {
            companies,
            criteria,
            filings,
            artifacts,
        } = self;
        companies.contains(&other.companies)
            && criteria.contains(&other.criteria)
            && filings.contains(&other.filings)
            && *artifacts == other.artifacts
    }
}

impl Companies {
    /// Whether this set includes every company of the other set, now and after any change of the listings.
    /// A company may leave an exchange, so [`Companies::Listed`] never contains [`Companies::Named`].
    pub fn contains(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Listed(None), Self::Listed(_)) => true,
            (Self::Listed(Some(wide)), Self::Listed(Some(narrow))) => wide.is_superset(narrow),
            (Self::Named(wide), Self::Named(narrow)) => wide.is_superset(narrow),
            (Self::Listed(Some(_)), Self::Listed(None))
            | (Self::Listed(_), Self::Named(_))
            | (Self::Named(_), Self::Listed(_)) => false,
        }
    }
}

impl Filings {
    /// Whether this filter wants every filing that the other one wants.
    pub fn contains(&self, other: &Self) -> bool {
        let Self {
            forms,
            since,
            until,
        } = self;
        let reaches = match (until, other.until) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(other)) => *own >= other,
        };
        forms.holds(&other.forms) && *since <= other.since && reaches
    }

    pub fn wants(&self, form: &str, filed_on: Date) -> bool {
        let Self {
            forms,
            since,
            until,
        } = self;
        *since <= filed_on && until.is_none_or(|until| filed_on <= until) && forms.wants(form)
    }

    /// The wanted filing dates; without an end, the last date of the calendar.
    pub fn dates(&self) -> DateRange {
        DateRange {
            since: self.since,
            until: self.until.unwrap_or(Date::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn on(exchanges: &[Exchange]) -> Companies {
        Companies::Listed(Some(exchanges.iter().copied().collect()))
    }

    fn named(ciks: &[u64]) -> Companies {
        Companies::Named(ciks.iter().map(|cik| Cik::new(*cik).unwrap()).collect())
    }

    fn selection(companies: Companies) -> Selection {
        Selection {
            companies,
            criteria: CompanyCriteria::default(),
            filings: Filings {
                forms: FormFilter::default(),
                since: date(2023, 1, 1),
                until: None,
            },
            artifacts: ArtifactChoice::Primary,
        }
    }

    #[test]
    fn companies_contain_fewer_exchanges_and_fewer_names() {
        use Exchange::{Nasdaq, Nyse};
        for (wide, narrow, contains) in [
            (Companies::Listed(None), on(&[Nyse]), true),
            (on(&[Nyse]), Companies::Listed(None), false),
            (on(&[Nyse, Nasdaq]), on(&[Nasdaq]), true),
            (on(&[Nasdaq]), on(&[Nyse, Nasdaq]), false),
            (named(&[1, 2]), named(&[2]), true),
            (named(&[2]), named(&[1, 2]), false),
            (Companies::Listed(None), named(&[1]), false),
            (named(&[1]), on(&[Nyse]), false),
        ] {
            assert_eq!(wide.contains(&narrow), contains, "{wide:?} {narrow:?}");
        }
    }

    #[test]
    fn filings_contain_fewer_forms_and_days() {
        let wide = selection(named(&[1]));
        let narrower = [
            |s: &mut Selection| s.filings.since = date(2024, 1, 1),
            |s: &mut Selection| s.criteria.sic = ["73".parse().unwrap()].into_iter().collect(),
            |s: &mut Selection| s.filings.until = Some(date(2025, 1, 1)),
            |s: &mut Selection| {
                s.filings.forms = FormFilter::parse(&["10-K".to_owned()], true).unwrap();
            },
        ];
        for change in narrower {
            let mut narrow = wide.clone();
            change(&mut narrow);
            assert!(wide.contains(&narrow), "{narrow:?}");
            assert!(!narrow.contains(&wide), "{narrow:?}");
        }
        assert!(wide.contains(&wide));
    }

    #[test]
    fn primary_documents_and_submissions_are_three_things() {
        for one in ArtifactChoice::ALL {
            for other in ArtifactChoice::ALL {
                let [a, b] = [one, other].map(|artifacts| Selection {
                    artifacts,
                    ..selection(named(&[1]))
                });
                assert_eq!(a.contains(&b), one == other);
            }
        }
    }

    #[test]
    fn days_are_inclusive() {
        let filings = Filings {
            until: Some(date(2024, 1, 1)),
            ..selection(named(&[1])).filings
        };
        assert!(filings.wants("10-K", date(2023, 1, 1)));
        assert!(filings.wants("10-K", date(2024, 1, 1)));
        assert!(!filings.wants("10-K", date(2024, 1, 2)));
        assert!(!filings.wants("8-K", date(2023, 5, 1)));
    }
}
