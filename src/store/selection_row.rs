//! A row of `v_selections` as commands show it: one line, cells of a table, or a JSON object.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::criteria::CompanyCriteria;

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
    /// What its companies must be.
    #[serde(flatten, serialize_with = "as_in_the_view")]
    pub criteria: CompanyCriteria,
}

/// The number of characters that the one-line form shows of a list of companies or forms.
const SHOWN: usize = 60;

impl fmt::Display for SelectionRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let companies = self.of_criteria() + &cut(&self.companies, SHOWN);
        let forms = cut(&self.forms, SHOWN);
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
    /// The headings of a table of selections.
    pub const HEADERS: [&str; 7] = [
        "ID",
        "Companies",
        "Forms",
        "Filed",
        "Artifacts",
        "Through",
        "Checked",
    ];

    /// The criteria and companies without JSON punctuation, cut after `most` characters.
    pub fn shown_companies(&self, most: usize) -> String {
        let list = self.companies.replace(['[', ']', '"'], "");
        cut(&(self.of_criteria() + &list.replace(',', ", ")), most)
    }

    /// What comes before the list of companies, such as `SIC 73 of `; empty without criteria.
    fn of_criteria(&self) -> String {
        if self.criteria.is_given() {
            format!("{} of ", self.criteria)
        } else {
            String::new()
        }
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

/// Each criterion as in `v_selections`: its JSON list as a text, or `null` if it is no condition.
fn as_in_the_view<S: Serializer>(
    criteria: &CompanyCriteria,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let json = serde_json::to_value(criteria).map_err(serde::ser::Error::custom)?;
    let lists = json.as_object().into_iter().flatten();
    let texts = lists.map(|(option, list)| {
        let is_given = list.as_array().is_none_or(|list| !list.is_empty());
        (option, is_given.then(|| list.to_string()))
    });
    serializer.collect_map(texts)
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
