//! Which older pages of submissions need not be read again.

use rusqlite::Params;

use super::types::{Day, integer};
use crate::edgar::DateRange;
use crate::edgar::submissions::OlderPage;

/// An older page as EDGAR describes it, and what it is read for.
#[derive(Debug)]
pub struct PageKey<'a> {
    page: &'a OlderPage,
    /// The wanted forms, as one text.
    forms: &'a str,
    /// The wanted days that the page may hold, so that days it cannot hold make no difference.
    dates: DateRange,
}

impl<'a> PageKey<'a> {
    /// A page that may hold filings of these days; `None` if it cannot.
    #[must_use]
    pub fn new(page: &'a OlderPage, forms: &'a str, dates: &DateRange) -> Option<Self> {
        let dates = page.reach(dates)?;
        Some(Self { page, forms, dates })
    }

    /// The columns of `older_pages`.
    pub(super) fn params(&self) -> impl Params {
        let page = self.page;
        (
            page.name.as_str(),
            integer(page.filing_count),
            Day::new(page.from),
            Day::new(page.to),
            self.forms,
            Day::new(self.dates.since),
            Day::new(self.dates.until),
        )
    }
}
