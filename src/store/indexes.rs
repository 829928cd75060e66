//! EDGAR's daily indexes: the status of each requested day, and the filings that an index lists and
//! the submissions of their filer do not.

use jiff::civil::Date;

use super::batch::Batch;
use super::error::{AtPath, Result};
use super::queries::indexes as sql;
use super::reader::Reader;
use super::values::{DateColumn, DayText, stored_as_word};
use crate::edgar::{Accession, Cik};

/// The status of a weekday's index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexStatus {
    Read,
    /// The index is not there or cannot be read. It is requested again.
    Missing,
    /// There is no index, because EDGAR was closed.
    Closed,
    /// The index was missing for a week while other indexes were there.
    GivenUp,
}

impl IndexStatus {
    pub const ALL: [Self; 4] = [Self::Read, Self::Missing, Self::Closed, Self::GivenUp];

    /// The status as the database stores it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Missing => "missing",
            Self::Closed => "closed",
            Self::GivenUp => "given_up",
        }
    }
}

/// A weekday's index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexDay {
    pub day: Date,
    pub status: IndexStatus,
    /// The New York day on which this status was first recorded.
    pub since: Date,
}

/// The status of a filing that an index lists and the submissions of its filer do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListedStatus {
    /// The filing is being searched for.
    Missing,
    /// The filing was fetched by the path in the index.
    Fetched,
    /// The filing was not found within a week.
    GivenUp,
}

impl ListedStatus {
    pub const ALL: [Self; 3] = [Self::Missing, Self::Fetched, Self::GivenUp];

    /// The status as the database stores it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Fetched => "fetched",
            Self::GivenUp => "given_up",
        }
    }
}

stored_as_word!(IndexStatus, ListedStatus);

/// A filing that an index lists and the submissions of its filer do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFiling {
    pub accession: Accession,
    pub cik: Cik,
    pub form: String,
    pub filed_on: Date,
    /// The day of the index.
    pub listed_on: Date,
    /// The New York day on which an update first searched for the filing.
    pub first_seen: Date,
    pub status: ListedStatus,
}

impl Reader {
    /// The status of the indexes of the days after `after`, through `through`, in order.
    pub fn index_days(&self, after: Date, through: Date) -> Result<Vec<IndexDay>> {
        let days = (DayText::new(after), DayText::new(through));
        self.rows(sql::DAYS, days, "read the index days", |row| {
            Ok(IndexDay {
                day: row.get::<_, DateColumn>(0)?.0,
                status: row.get(1)?,
                since: row.get::<_, DateColumn>(2)?.0,
            })
        })
    }

    /// The filings that an index lists and the submissions of their filer do not. There are few.
    pub fn listed_filings(&self) -> Result<Vec<ListedFiling>> {
        self.rows(sql::LISTED, [], "read listed filings", |row| {
            Ok(ListedFiling {
                accession: row.get(0)?,
                cik: row.get(1)?,
                form: row.get(2)?,
                filed_on: row.get::<_, DateColumn>(3)?.0,
                listed_on: row.get::<_, DateColumn>(4)?.0,
                first_seen: row.get::<_, DateColumn>(5)?.0,
                status: row.get(6)?,
            })
        })
    }
}

impl Batch<'_> {
    /// Records the status of the index of `day`. `today` is the day in New York.
    pub fn put_index_day(&self, day: Date, status: IndexStatus, today: Date) -> Result<()> {
        let row = (DayText::new(day), status, DayText::new(today));
        self.execute(sql::PUT_DAY, row, "record an index day")?;
        Ok(())
    }

    /// Records a search for a listed filing, and the number of requests for its text.
    ///
    /// # Errors
    ///
    /// The company is not on record.
    pub fn put_listed(&self, listed: &ListedFiling, tries: u32) -> Result<()> {
        let ListedFiling {
            accession,
            cik,
            form,
            filed_on,
            listed_on,
            first_seen,
            status,
        } = listed;
        let row = (
            accession,
            cik,
            form,
            DayText::new(*filed_on),
            DayText::new(*listed_on),
            DayText::new(*first_seen),
            status,
            tries,
        );
        self.tx
            .prepare_cached(sql::PUT_LISTED)
            .and_then(|mut put| put.execute(row))
            .at(self.path, "record a listed filing")?;
        Ok(())
    }

    /// Deletes listed filings that are on record by now, and fetched ones first seen before a day.
    pub fn forget_listed(&self, before: Date) -> Result<()> {
        let doing = "delete listed filings";
        self.execute(sql::FORGET_LISTED, [DayText::new(before)], doing)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Sandbox, accession, cik, filing};
    use super::*;
    use crate::edgar::Filing;
    use jiff::civil::date;

    #[test]
    fn a_day_stays_missing_since_it_was_missed_first() {
        let mut sandbox = Sandbox::new();
        let (day, seen) = (date(2026, 3, 4), |n| date(2026, 3, n));
        for (status, today, since) in [
            (IndexStatus::Missing, 5, 5),
            (IndexStatus::Missing, 6, 5),
            (IndexStatus::Missing, 4, 4), // the clock was ahead
            (IndexStatus::GivenUp, 12, 12),
            (IndexStatus::Read, 13, 13),
        ] {
            sandbox.write(|b| b.put_index_day(day, status, seen(today)).unwrap());
            let known = sandbox.reader().index_days(seen(3), seen(4)).unwrap();
            let since = seen(since);
            assert_eq!(known, [IndexDay { day, status, since }]);
        }
        assert_eq!(sandbox.reader().index_days(day, seen(9)).unwrap(), []);
    }

    #[test]
    fn a_listed_filing_is_forgotten_once_the_submissions_show_it() {
        let mut sandbox = Sandbox::new();
        let unnamed = |number| Filing {
            primary_document: String::new(),
            ..filing(number)
        };
        let listed = |number, status| ListedFiling {
            accession: accession(number),
            cik: cik(1),
            form: "10-K".to_owned(),
            filed_on: date(2026, 3, 3),
            listed_on: date(2026, 3, 4),
            first_seen: date(2026, 3, 5),
            status,
        };
        let all = [
            listed(1, ListedStatus::Missing),
            listed(2, ListedStatus::Missing),
            listed(3, ListedStatus::Fetched),
            listed(4, ListedStatus::Fetched),
            listed(5, ListedStatus::GivenUp),
        ];
        // The first filing is on record under another filer only.
        sandbox.put(2, &[filing(1)]);
        sandbox.put(1, &[filing(2), unnamed(3), filing(4)]);
        sandbox.write(|b| {
            for listed in &all {
                b.put_listed(listed, 1).unwrap();
            }
            b.forget_listed(date(2026, 3, 5)).unwrap();
        });
        let left = sandbox.reader().listed_filings().unwrap();
        assert_eq!(left, [&all[0], &all[2], &all[4]].map(Clone::clone));
        sandbox.write(|b| b.forget_listed(date(2026, 3, 6)).unwrap());
        let left = sandbox.reader().listed_filings().unwrap();
        assert_eq!(left, [&all[0], &all[4]].map(Clone::clone));
    }
}
