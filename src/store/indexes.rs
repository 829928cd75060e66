//! What is known of EDGAR's daily indexes: the days that were asked for, and the filings that they
//! list and the submissions do not.

use jiff::civil::Date;

use super::batch::Batch;
use super::error::{AtPath, Result};
use super::queries::indexes as sql;
use super::reader::Reader;
use super::values::{DateColumn, DayText, stored_as_word};
use crate::edgar::{Accession, Cik};

/// What became of the index of a weekday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexStatus {
    /// It was read.
    Read,
    /// It is not there, or cannot be read; it is asked for again.
    Missing,
    /// There is none: EDGAR was closed.
    Closed,
    /// It was missing for a week while others were there.
    GivenUp,
}

impl IndexStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Read, Self::Missing, Self::Closed, Self::GivenUp];

    /// The word for it in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Missing => "missing",
            Self::Closed => "closed",
            Self::GivenUp => "given_up",
        }
    }
}

/// The index of a weekday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexDay {
    /// The day.
    pub day: Date,
    /// What became of it.
    pub status: IndexStatus,
    /// The day in New York on which it was found so first.
    pub since: Date,
}

/// What became of a filing that an index lists and the submissions of its filer do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListedStatus {
    /// It is looked for.
    Missing,
    /// It was fetched by the path in the index.
    Fetched,
    /// It was looked for in vain for a week.
    GivenUp,
}

impl ListedStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Missing, Self::Fetched, Self::GivenUp];

    /// The word for it in the database.
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
    /// The filing.
    pub accession: Accession,
    /// The filer.
    pub cik: Cik,
    /// Its form.
    pub form: String,
    /// Its date.
    pub filed_on: Date,
    /// The day of the index.
    pub listed_on: Date,
    /// The day in New York on which an update first looked for it.
    pub first_seen: Date,
    /// What became of it.
    pub status: ListedStatus,
}

impl Reader {
    /// What is known of the indexes of the days after `after`, through `through`, in their order.
    pub fn index_days(&self, after: Date, through: Date) -> Result<Vec<IndexDay>> {
        let days = (DayText::new(after), DayText::new(through));
        self.rows(sql::DAYS, days, "read the days of indexes", |row| {
            Ok(IndexDay {
                day: row.get::<_, DateColumn>(0)?.0,
                status: row.get(1)?,
                since: row.get::<_, DateColumn>(2)?.0,
            })
        })
    }

    /// The filings that an index lists and the submissions do not. They are few.
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
    /// Records what became of the index of a day, as found today in New York.
    pub fn put_index_day(&self, day: Date, status: IndexStatus, today: Date) -> Result<()> {
        let row = (DayText::new(day), status, DayText::new(today));
        self.execute(sql::PUT_DAY, row, "record the day of an index")?;
        Ok(())
    }

    /// Records that a listed filing was looked for, with so many requests for its text.
    ///
    /// # Errors
    ///
    /// If the database cannot be written, or the company is not in it.
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

    /// Forgets the listed filings that the submissions have come to show, and the fetched ones that
    /// were first seen before a day.
    pub fn forget_listed(&self, before: Date) -> Result<()> {
        let doing = "forget listed filings";
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
        // The first one shows up under another filer only.
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
