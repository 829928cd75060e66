//! A summary of all filings that EDGAR lists for a company, whether wanted or not. `diagnose` uses it to
//! explain why a company has no wanted filing. It is collected while the list of filings is read.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::dates::parse_date;
use super::submissions::{OlderPage, SubmissionsRow};

/// The maximum number of forms counted separately, which limits memory. EDGAR used 478 in 2025, so a
/// list with more is invalid.
const MAX_FORMS: usize = 600;

/// A summary of the filings of a company.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// The number of filings that EDGAR lists, including pages that were not read.
    pub listed: u64,
    /// The date of the first filing; approximate if its page was not read.
    pub first: Option<Date>,
    /// The date of the last filing.
    pub last: Option<Date>,
    /// The forms on the pages that were read.
    pub forms: BTreeMap<String, FormUse>,
}

/// The number and the last date of the filings of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormUse {
    /// The number of filings.
    pub filings: u64,
    /// The last filing date.
    pub last: Date,
}

impl History {
    /// Adds a filing of the main document.
    pub fn add(&mut self, row: &SubmissionsRow<'_>) {
        self.listed += 1;
        self.add_page_row(row);
    }

    /// Adds the form and date of a filing on an older page, whose filings [`History::add_page`] counts.
    pub fn add_page_row(&mut self, row: &SubmissionsRow<'_>) {
        self.span(row.filed_on, row.filed_on);
        if let Some(form) = self.forms.get_mut(row.form) {
            form.filings += 1;
            form.last = form.last.max(row.filed_on);
        } else if self.forms.len() < MAX_FORMS {
            let first = FormUse {
                filings: 1,
                last: row.filed_on,
            };
            self.forms.insert(row.form.to_owned(), first);
        }
    }

    /// Counts the filings of an older page, whether it is read or not.
    pub fn add_page(&mut self, page: &OlderPage) {
        self.listed += page.filing_count;
        if page.filing_count > 0 {
            // `Date::MIN` and `Date::MAX` stand for dates that EDGAR does not give.
            let from = (page.from > Date::MIN).then_some(page.from);
            let to = (page.to < Date::MAX).then_some(page.to);
            if let Some((from, to)) = from.or(to).zip(to.or(from)) {
                self.span(from, to);
            }
        }
    }

    fn span(&mut self, from: Date, to: Date) {
        self.first = Some(self.first.map_or(from, |first| first.min(from)));
        self.last = Some(self.last.map_or(to, |last| last.max(to)));
    }

    /// The forms as one JSON object: `{"10-K":[3,"2025-02-03"]}`.
    ///
    /// # Panics
    ///
    /// Never: a map of texts is always valid JSON.
    pub fn forms_json(&self) -> String {
        let forms: BTreeMap<_, _> = self
            .forms
            .iter()
            .map(|(form, seen)| (form, LastUse(seen.filings, seen.last.to_string())))
            .collect();
        serde_json::to_string(&forms).expect("a map of texts is always valid JSON")
    }

    /// Parses [`History::forms_json`]. Invalid entries are left out.
    pub fn parse_forms(json: &str) -> BTreeMap<String, FormUse> {
        let forms: BTreeMap<String, LastUse> = serde_json::from_str(json).unwrap_or_default();
        forms
            .into_iter()
            .filter_map(|(form, LastUse(filings, last))| {
                let last = parse_date(&last)?;
                Some((form, FormUse { filings, last }))
            })
            .collect()
    }
}

/// A [`FormUse`] in the database: the number of filings and the last date.
#[derive(Serialize, Deserialize)]
struct LastUse(u64, String);

#[cfg(test)]
mod tests {
    use super::super::submissions;
    use super::*;
    use jiff::civil::date;

    const SAMPLE: &str = r#"{"cik":7,"name":"X","filings":{"recent":{
        "accessionNumber":["0000000007-25-000003","0000000007-25-000002","0000000007-25-000001"],
        "filingDate":["2025-03-01","2025-02-01","2025-01-01"],"form":["10-K","8-K","10-K"]},
        "files":[{"name":"CIK0000000007-submissions-001.json","filingCount":12,
        "filingFrom":"1996-01-01","filingTo":"1999-12-31"},
        {"name":"CIK0000000007-submissions-002.json"}]}}"#;

    fn sample() -> History {
        let document = submissions::parse(SAMPLE.as_bytes()).unwrap();
        let mut history = History::default();
        for row in document.rows.iter().flatten() {
            history.add(&row);
        }
        for page in &document.older {
            history.add_page(page);
        }
        history
    }

    #[test]
    fn pages_that_are_not_read_count_but_their_forms_are_unknown() {
        let history = sample();
        assert_eq!(history.listed, 15);
        assert_eq!(history.first, Some(date(1996, 1, 1)));
        assert_eq!(history.last, Some(date(2025, 3, 1)));
        assert_eq!(
            history.forms_json(),
            r#"{"10-K":[2,"2025-03-01"],"8-K":[1,"2025-02-01"]}"#
        );
    }

    #[test]
    fn forms_come_back_as_they_went_in_and_damage_is_no_panic() {
        let history = sample();
        assert_eq!(History::parse_forms(&history.forms_json()), history.forms);
        for bad in ["", "[]", "{\"x\":1}", "{\"x\":[1,\"never\"]}"] {
            assert!(History::parse_forms(bad).is_empty(), "{bad}");
        }
    }
}
