//! A row of `v_selections` as commands show it: one line, cells of a table, or a JSON object.

use std::fmt;

use serde::Serialize;

/// A selection as `v_selections` shows it. The field names are public: they are those of
/// `selections --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SelectionRow {
    pub id: i64,
    /// The exchanges or CIKs as a JSON list, or `all`.
    pub companies: String,
    pub forms: String,
    /// The first filing date.
    pub since: String,
    /// The last filing date; `None` is no end.
    pub until: Option<String>,
    /// What is downloaded of each filing.
    pub artifacts: String,
    /// Whether `update` follows the selection.
    pub followed: bool,
    /// The last day through which its checked companies are complete.
    pub through: Option<String>,
    /// The number of its companies.
    pub companies_total: u64,
    /// The number of its companies that were checked.
    pub companies_checked: u64,
    pub created_at: String,
    /// Its SIC codes as a JSON list; `None` is no condition.
    pub sic: Option<String>,
}

/// The number of characters that the one-line form shows of a list of companies or forms.
const SHOWN: usize = 60;

impl fmt::Display for SelectionRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (companies, forms) = (cut(&self.companies, SHOWN), cut(&self.forms, SHOWN));
        let Self {
            id,
            artifacts,
            since,
            ..
        } = self;
        write!(
            f,
            "selection {id}: companies {companies}, forms {forms}, {artifacts} since {since}"
        )?;
        match &self.until {
            Some(until) => write!(f, " until {until}"),
            None => Ok(()),
        }
    }
}

impl SelectionRow {
    /// The SIC codes and companies without JSON punctuation, cut after `most` characters.
    pub fn shown_companies(&self, most: usize) -> String {
        let sic = self.sic.as_ref().map(|sic| format!("SIC {sic} of "));
        let list = [&sic.unwrap_or_default(), self.companies.as_str()].concat();
        let list = list.replace(['[', ']', '"'], "").replace(',', ", ");
        cut(&list, most)
    }

    /// The filing dates in words.
    pub fn shown_dates(&self) -> String {
        match &self.until {
            Some(until) => format!("{} to {until}", self.since),
            None => format!("from {}", self.since),
        }
    }

    /// The day through which the selection is complete, or why there is none.
    pub fn shown_through(&self) -> &str {
        match (self.followed, &self.through) {
            (false, _) => "not followed",
            (true, None) => "not yet",
            (true, Some(day)) => day,
        }
    }
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
