//! The older pages of submissions that a run need not read again, or that EDGAR lists and does not have.

use jiff::civil::Date;

use super::batch::Batch;
use super::error::{AtPath, Result};
use super::queries::pages as sql;
use super::reader::Reader;
use super::values::{DayText, integer};
use crate::edgar::submissions::OlderPage;
use crate::edgar::{Cik, DateRange, FormFilter};

/// An older page as EDGAR describes it, with the forms and dates it is read for.
#[derive(Debug, Clone)]
pub struct PageRead {
    page: OlderPage,
    forms: FormFilter,
    /// The wanted days that the page may contain. Other wanted days make no difference.
    dates: DateRange,
}

impl PageRead {
    /// `None` if the page cannot contain filings of these dates.
    pub fn new(page: &OlderPage, forms: &FormFilter, dates: DateRange) -> Option<Self> {
        Some(Self {
            page: page.clone(),
            forms: forms.clone(),
            dates: page.reach(&dates)?,
        })
    }
}

impl Reader {
    /// Whether an older page was read before for at least these forms and dates, and EDGAR
    /// describes the page as it did then.
    pub fn is_page_read(&self, page: &PageRead) -> Result<bool> {
        let doing = "look up a page";
        let description = (
            page.page.name.as_str(),
            integer(page.page.filing_count),
            DayText::new(page.page.from),
            DayText::new(page.page.to),
            DayText::new(page.dates.since),
            DayText::new(page.dates.until),
        );
        let read_for = self.rows(sql::READ_FOR, description, doing, |row| {
            row.get::<_, String>(0)
        })?;
        let mut forms = read_for
            .iter()
            .filter_map(|text| FormFilter::from_text(text));
        Ok(forms.any(|forms| forms.holds(&page.forms)))
    }

    /// On how many days in New York before this one EDGAR listed a page as now and did not have it.
    pub fn days_page_missing(&self, page: &OlderPage, today: Date) -> Result<u32> {
        let (name, filings) = (page.name.as_str(), integer(page.filing_count));
        let (from, to) = (DayText::new(page.from), DayText::new(page.to));
        let row = (name, filings, from, to, DayText::new(today));
        let days = self.rows(sql::MISSING_DAYS, row, "look up a page", |row| row.get(0))?;
        Ok(days.first().copied().unwrap_or(0))
    }
}

impl Batch<'_> {
    /// Records that EDGAR listed a page and did not have it on this day in New York.
    ///
    /// # Errors
    ///
    /// If the database cannot be written.
    pub fn page_missing(&self, page: &OlderPage, today: Date) -> Result<()> {
        let (name, filings) = (page.name.as_str(), integer(page.filing_count));
        let (from, to) = (DayText::new(page.from), DayText::new(page.to));
        let row = (name, filings, from, to, DayText::new(today));
        self.execute(sql::MISSING, row, "record a missing page")?;
        Ok(())
    }

    /// Records that an older page was read to its end for these forms and dates: all such filings
    /// in it are on record. Replaces earlier readings that this one contains, and all readings from
    /// before EDGAR changed the page.
    pub fn page_read(&self, page: &PageRead) -> Result<()> {
        self.put_page(page).at(self.path, "record a page as read")
    }

    fn put_page(&self, page: &PageRead) -> rusqlite::Result<()> {
        let PageRead { page, forms, dates } = page;
        let (name, filings) = (page.name.as_str(), integer(page.filing_count));
        let (from, to) = (DayText::new(page.from), DayText::new(page.to));
        let (since, until) = (DayText::new(dates.since), DayText::new(dates.until));
        self.tx.prepare_cached(sql::FOUND)?.execute([name])?;
        self.tx
            .prepare_cached(sql::FORGET_CHANGED)?
            .execute((name, filings, &from, &to))?;
        let within: Vec<(String, String, String)> = self
            .tx
            .prepare_cached(sql::WITHIN)?
            .query_map((name, &since, &until), |row| row.try_into())?
            .collect::<rusqlite::Result<_>>()?;
        for (own, since, until) in within {
            if FormFilter::from_text(&own).is_none_or(|own| forms.holds(&own)) {
                self.tx
                    .prepare_cached(sql::FORGET)?
                    .execute((name, own, since, until))?;
            }
        }
        let forms = forms.to_string();
        self.tx
            .prepare_cached(sql::PUT)?
            .execute((name, filings, from, to, forms, since, until))?;
        Ok(())
    }

    /// Makes the next run read the older pages of a company again, also those that EDGAR did not have.
    pub(super) fn forget_pages(&self, cik: Cik) -> Result<()> {
        // `.` follows `-` in ASCII, so this range contains all names that start with
        // `CIK##########-`.
        let (first, end) = (
            format!("CIK{}-", cik.padded()),
            format!("CIK{}.", cik.padded()),
        );
        let (names, doing) = ((&first, &end), "queue a company");
        self.execute(sql::FORGET_COMPANY, names, doing)?;
        self.execute(sql::FORGET_MISSING, names, doing)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Sandbox, cik};
    use super::*;
    use crate::edgar::submissions::PageName;
    use jiff::civil::date;

    fn page(name: &str, filing_count: u64) -> OlderPage {
        OlderPage {
            name: PageName::parse(name, cik(1)).unwrap(),
            filing_count,
            from: date(2010, 1, 1),
            to: date(2019, 12, 31),
        }
    }

    const PAGE: &str = "CIK0000000001-submissions-001.json";

    fn forms(types: &[&str]) -> FormFilter {
        let types: Vec<_> = types.iter().map(|&form| form.to_owned()).collect();
        FormFilter::parse(&types, true).unwrap()
    }

    fn read(filing_count: u64, types: &[&str], since: Date, until: Date) -> PageRead {
        let dates = DateRange::new(since, until).unwrap();
        PageRead::new(&page(PAGE, filing_count), &forms(types), dates).unwrap()
    }

    fn is_read(sandbox: &Sandbox, page: &PageRead) -> bool {
        sandbox.reader().is_page_read(page).unwrap()
    }

    #[test]
    fn a_page_is_read_for_fewer_forms_and_days_but_not_for_more() {
        let mut sandbox = Sandbox::new();
        let (since, until) = (date(2012, 1, 1), date(2015, 1, 1));
        let both = ["10-K", "10-Q"];
        sandbox.write(|b| b.page_read(&read(500, &both, since, until)).unwrap());
        for (types, since, until, expected) in [
            (&both[..], since, until, true),
            (&both[..1], since, until, true),
            (&both, date(2013, 1, 1), date(2014, 1, 1), true),
            (&["10-K", "8-K"], since, until, false),
            (&both, date(2011, 1, 1), until, false),
            (&both, since, date(2015, 1, 2), false),
        ] {
            let asked = read(500, types, since, until);
            assert_eq!(is_read(&sandbox, &asked), expected, "{asked:?}");
        }
        let all = PageRead {
            forms: FormFilter::all(),
            ..read(500, &both, since, until)
        };
        assert!(!is_read(&sandbox, &all));
    }

    #[test]
    fn days_that_a_page_cannot_hold_make_no_difference() {
        let mut sandbox = Sandbox::new();
        let types = ["10-K"];
        let page = read(500, &types, date(2000, 1, 1), date(2026, 1, 1));
        sandbox.write(|b| b.page_read(&page).unwrap());
        let wider = read(500, &types, date(1994, 1, 1), date(2039, 1, 1));
        assert!(is_read(&sandbox, &wider));
        let dates = DateRange::new(date(2024, 1, 1), date(2025, 1, 1)).unwrap();
        let later = PageRead::new(&super::tests::page(PAGE, 500), &forms(&types), dates);
        assert!(later.is_none(), "it holds none of these days");
    }

    #[test]
    fn a_page_that_edgar_describes_otherwise_is_read_again() {
        let mut sandbox = Sandbox::new();
        let (since, until) = (date(2012, 1, 1), date(2015, 1, 1));
        let before = read(500, &["10-K"], since, until);
        let now = read(501, &["10-K"], since, until);
        sandbox.write(|b| b.page_read(&before).unwrap());
        assert!(!is_read(&sandbox, &now));
        sandbox.write(|b| b.page_read(&now).unwrap());
        assert!(is_read(&sandbox, &now) && !is_read(&sandbox, &before));
        assert_eq!(sandbox.rows("SELECT count(*) FROM pages_read"), ["1"]);
    }

    #[test]
    fn a_wider_reading_takes_the_place_of_those_within_it() {
        let mut sandbox = Sandbox::new();
        let days = |from, to| (date(from, 1, 1), date(to, 1, 1));
        for (types, (since, until), rows) in [
            (&["10-K"][..], days(2012, 2014), "1"),
            (&["8-K"], days(2012, 2014), "2"),
            (&["10-K"], days(2013, 2015), "3"),
            (&["10-K", "8-K"], days(2012, 2014), "2"),
            (&["10-K", "8-K"], days(2012, 2015), "1"),
        ] {
            let page = read(500, types, since, until);
            sandbox.write(|b| b.page_read(&page).unwrap());
            assert!(is_read(&sandbox, &page));
            assert_eq!(sandbox.rows("SELECT count(*) FROM pages_read"), [rows]);
        }
    }

    #[test]
    fn each_day_on_which_a_page_is_missing_counts_once_until_it_is_there_or_described_otherwise() {
        let mut sandbox = Sandbox::new();
        let day = |n| date(2026, 3, n);
        let days =
            |sandbox: &Sandbox, page, day| sandbox.reader().days_page_missing(page, day).unwrap();
        let listed = page(PAGE, 500);
        for (today, before) in [(1, 0), (1, 0), (2, 1), (5, 2)] {
            assert_eq!(days(&sandbox, &listed, day(today)), before);
            sandbox.write(|b| b.page_missing(&listed, day(today)).unwrap());
            assert_eq!(days(&sandbox, &listed, day(today)), before);
        }
        assert_eq!(days(&sandbox, &listed, day(6)), 3);
        let otherwise = page(PAGE, 501);
        assert_eq!(days(&sandbox, &otherwise, day(6)), 0);
        sandbox.write(|b| b.page_missing(&otherwise, day(6)).unwrap());
        assert_eq!(days(&sandbox, &otherwise, day(7)), 1);
        let (since, until) = (date(2012, 1, 1), date(2015, 1, 1));
        sandbox.write(|b| b.page_read(&read(501, &["10-K"], since, until)).unwrap());
        assert_eq!(days(&sandbox, &otherwise, day(7)), 0);
    }

    #[test]
    fn pages_of_one_company_are_forgotten() {
        let mut sandbox = Sandbox::new();
        let of_another = "CIK0000000010-submissions-001.json";
        let dates = DateRange::new(date(2012, 1, 1), date(2015, 1, 1)).unwrap();
        let mut other = page(PAGE, 500);
        other.name = PageName::parse(of_another, cik(10)).unwrap();
        let other = PageRead::new(&other, &forms(&["10-K"]), dates).unwrap();
        let own = read(500, &["10-K"], dates.since, dates.until);
        sandbox.write(|b| {
            b.page_read(&own).unwrap();
            b.page_read(&other).unwrap();
            for page in [&own.page, &other.page] {
                b.page_missing(page, date(2026, 3, 1)).unwrap();
            }
            b.company_unchecked(cik(1)).unwrap();
        });
        assert!(!is_read(&sandbox, &own));
        assert!(is_read(&sandbox, &other));
        assert_eq!(sandbox.rows("SELECT name FROM pages_missing"), [of_another]);
        // A new selection of the company does the same for missing pages.
        assert_eq!(sandbox.writer.retry_companies(&[cik(1)]).unwrap(), 0);
        assert_eq!(sandbox.rows("SELECT name FROM pages_missing"), [of_another]);
        let _ = sandbox.writer.retry_companies(&[cik(10)]).unwrap();
        assert_eq!(sandbox.rows("SELECT count(*) FROM pages_missing"), ["0"]);
    }
}
