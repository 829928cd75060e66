//! Why a company has no filing of a wanted form. The first rule that holds gives the reason.

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::fmt;

use crate::edgar::{FormFilter, History};
use crate::selection::Filings;
use crate::store::CompanyCoverage;

/// How long a company may be on EDGAR before it has to report. An annual report on Form 20-F is
/// due four months after the fiscal year's end, the first year may last twelve months, and the
/// registration begins some months before: eighteen months leave nobody out who is in time.
pub const NEWLY_LISTED_MONTHS: i32 = 18;

/// The most forms that a reason names.
const FORMS_NAMED: usize = 3;

/// Reports by which an issuer tells its investors how it fares, current ones included.
const REPORTS: [&str; 13] = [
    "10-K", "10-KT", "10-K405", "10-KSB", "10-Q", "10-QT", "10-QSB", "20-F", "40-F", "6-K", "8-K",
    "10-D", "11-K",
];

/// Those among them that come every year or quarter, and the funds' own.
const PERIODIC: [&str; 15] = [
    "10-K", "10-KT", "10-K405", "10-KSB", "10-Q", "10-QT", "10-QSB", "20-F", "40-F", "10-D",
    "N-CSR", "N-CSRS", "N-30D", "NPORT-P", "N-CEN",
];

/// What registered investment companies file, and nobody else.
const FUND: [&str; 12] = [
    "N-CSR", "N-CSRS", "N-30D", "N-30B-2", "NPORT-P", "NPORT-EX", "N-CEN", "N-PX", "N-Q", "NSAR-A",
    "NSAR-B", "N-2",
];

/// What foreign private issuers file, and nobody else.
const FOREIGN: [&str; 6] = ["20-F", "40-F", "6-K", "F-1", "F-3", "F-4"];

/// The paperwork of issuing and listing securities, which nobody does for another.
const SECURITIES: [&str; 12] = [
    "8-A12B", "8-A12G", "CERT", "424B1", "424B2", "424B3", "424B4", "424B5", "FWP", "S-3",
    "S-3ASR", "25",
];

/// What a recorded selection asks for of a company.
#[derive(Debug, Clone)]
pub struct Wish<'a> {
    /// Which filings.
    pub filings: &'a Filings,
    /// Whether the company was ever looked at for it.
    pub checked: bool,
}

/// Why a company has no filing of a wanted form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The last try to read its list failed, with this kind and message.
    Failing {
        /// The word that `v_errors.kind` has.
        kind: String,
        /// What was said.
        error: String,
    },
    /// Its list was never read to its end.
    NeverChecked,
    /// It was read by a version of this program that did not record what EDGAR lists.
    NotRecorded,
    /// EDGAR lists no filing of it at all.
    NothingOnEdgar,
    /// EDGAR lists wanted forms, but no selection asks for them of this company.
    NotAskedFor {
        /// The latest of them: its form.
        form: String,
        /// And its day.
        last: Date,
    },
    /// EDGAR lists wanted forms, but none in the dates of the selections that ask for them.
    OutsideDates {
        /// The latest of them: its form.
        form: String,
        /// And its day.
        last: Date,
    },
    /// Its first filing of any form is not older than [`NEWLY_LISTED_MONTHS`], counted back from
    /// when it was checked, and it has not filed any periodic report yet.
    NewlyListed {
        /// The day of its first filing.
        since: Date,
    },
    /// It files what only registered investment companies file.
    Fund(Forms),
    /// It files what only foreign private issuers file.
    Foreign(Forms),
    /// For longer than [`NEWLY_LISTED_MONTHS`] it has filed nothing but what goes with issuing
    /// securities (a prospectus, a registration, a certification by the exchange) and no report,
    /// not even a current one. A listed issuer has to report unless another one's reports cover
    /// it, as a parent's do for a subsidiary whose securities it guarantees.
    UnderParent(Forms),
    /// It files none of the wanted forms, for no reason that its filings tell.
    OtherForms(Forms),
}

/// Forms, the most frequent first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forms(Vec<(String, u64)>);

impl Reason {
    /// Every reason's word, in the order of a report.
    pub const WORDS: [&str; 11] = [
        "failing",
        "never_checked",
        "not_recorded",
        "not_asked_for",
        "outside_dates",
        "newly_listed",
        "foreign_issuer",
        "fund",
        "files_under_parent",
        "other_forms",
        "nothing_on_edgar",
    ];

    /// Why this company has no filing of a form that `wanted` takes, or that its selections want where
    /// nobody said.
    pub fn of(company: &CompanyCoverage, wanted: Option<&FormFilter>, wishes: &[Wish<'_>]) -> Self {
        if let Some((kind, error)) = &company.failure {
            return Self::Failing {
                kind: kind.clone(),
                error: error.clone(),
            };
        }
        let Some(checked) = company.last_checked_at else {
            return Self::NeverChecked;
        };
        let Some(history) = &company.history else {
            return Self::NotRecorded;
        };
        let union = FormFilter::union(wishes.iter().map(|wish| &wish.filings.forms));
        let wanted = wanted.cloned().or(union).unwrap_or_default();
        let checked = TimeZone::UTC.to_datetime(checked).date();
        Self::of_history(history, &wanted, wishes, checked)
    }

    /// As [`Reason::of`], from what EDGAR listed on the day it was checked.
    fn of_history(
        history: &History,
        wanted: &FormFilter,
        wishes: &[Wish<'_>],
        checked: Date,
    ) -> Self {
        if history.listed == 0 {
            return Self::NothingOnEdgar;
        }
        let latest = history
            .forms
            .iter()
            .filter(|(form, _)| wanted.wants(form))
            .max_by_key(|(_, seen)| seen.last);
        if let Some((form, seen)) = latest {
            return Self::of_listed(form.clone(), seen.last, wishes);
        }
        let new_since = checked.saturating_sub(NEWLY_LISTED_MONTHS.months());
        if let Some(since) = history.first
            && since >= new_since
            && !files(history, &PERIODIC)
        {
            return Self::NewlyListed { since };
        }
        if files(history, &FUND) {
            return Self::Fund(Forms::among(history, &FUND));
        }
        if files(history, &FOREIGN) {
            return Self::Foreign(Forms::among(history, &FOREIGN));
        }
        if files(history, &SECURITIES) && !files(history, &REPORTS) {
            return Self::UnderParent(Forms::among(history, &SECURITIES));
        }
        Self::OtherForms(Forms::all(history))
    }

    /// Why a filing of this form and day is not on record although EDGAR lists it.
    fn of_listed(form: String, last: Date, wishes: &[Wish<'_>]) -> Self {
        let mut asking = wishes
            .iter()
            .filter(|wish| wish.filings.forms.wants(&form))
            .peekable();
        if asking.peek().is_none() {
            return Self::NotAskedFor { form, last };
        }
        if asking.any(|wish| !wish.checked || wish.filings.wants(&form, last)) {
            return Self::NeverChecked;
        }
        Self::OutsideDates { form, last }
    }

    /// One word for it, public in the JSON document.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Failing { .. } => "failing",
            Self::NeverChecked => "never_checked",
            Self::NotRecorded => "not_recorded",
            Self::NothingOnEdgar => "nothing_on_edgar",
            Self::NotAskedFor { .. } => "not_asked_for",
            Self::OutsideDates { .. } => "outside_dates",
            Self::NewlyListed { .. } => "newly_listed",
            Self::Fund(_) => "fund",
            Self::Foreign(_) => "foreign_issuer",
            Self::UnderParent(_) => "files_under_parent",
            Self::OtherForms(_) => "other_forms",
        }
    }

    /// What is particular to this company; empty if there is nothing.
    pub fn detail(&self) -> String {
        match self {
            Self::NeverChecked | Self::NotRecorded | Self::NothingOnEdgar => String::new(),
            Self::Failing { error, .. } => error.clone(),
            Self::NotAskedFor { form, last } | Self::OutsideDates { form, last } => {
                format!("last {form} {last}")
            }
            Self::NewlyListed { since } => format!("first filing {since}"),
            Self::Fund(forms)
            | Self::Foreign(forms)
            | Self::UnderParent(forms)
            | Self::OtherForms(forms) => forms.to_string(),
        }
    }
}

/// What a reason's word means, as a heading above the companies it holds for.
pub fn heading(word: &str) -> &'static str {
    match word {
        "failing" => "Failing: their filings could not be read",
        "never_checked" => "Never checked",
        "not_recorded" => "Checked by an older version, which did not record what EDGAR lists",
        "not_asked_for" => "No selection asks for these forms of them",
        "outside_dates" => "Nothing in the dates asked for",
        "newly_listed" => "Newly listed: no periodic report yet",
        "foreign_issuer" => "Other forms: foreign issuers",
        "fund" => "Other forms: funds",
        "files_under_parent" => "No report of their own: most likely under a parent",
        "nothing_on_edgar" => "Nothing on EDGAR",
        _ => "Other forms",
    }
}

impl Forms {
    fn among(history: &History, forms: &[&str]) -> Self {
        Self::chosen(history, |form| forms.contains(&base(form)))
    }

    fn all(history: &History) -> Self {
        Self::chosen(history, |_| true)
    }

    fn chosen(history: &History, choose: impl Fn(&str) -> bool) -> Self {
        let mut forms: Vec<_> = history
            .forms
            .iter()
            .filter(|(form, _)| choose(form))
            .map(|(form, seen)| (form.clone(), seen.filings))
            .collect();
        forms.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        forms.truncate(FORMS_NAMED);
        Self(forms)
    }
}

impl fmt::Display for Forms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("only older pages, which were not read");
        }
        for (i, (form, filings)) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{filings} {form}")?;
        }
        Ok(())
    }
}

/// Whether any of these forms, or an amendment of one, was filed.
fn files(history: &History, forms: &[&str]) -> bool {
    history.forms.keys().any(|form| forms.contains(&base(form)))
}

/// A form without what makes it an amendment.
fn base(form: &str) -> &str {
    form.strip_suffix("/A").unwrap_or(form)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edgar::history::FormUse;
    use crate::store::FileCounts;
    use jiff::civil::date;

    const TODAY: Date = date(2026, 3, 1);

    /// A company that has been filing these forms since that day.
    fn history(first: Date, forms: &[&str]) -> History {
        let last = date(2026, 2, 1);
        History {
            listed: forms.len() as u64,
            first: Some(first),
            last: Some(last),
            forms: forms
                .iter()
                .map(|form| ((*form).to_owned(), FormUse { filings: 1, last }))
                .collect(),
        }
    }

    fn since(since: Date) -> Filings {
        Filings {
            forms: FormFilter::default(),
            since,
            until: None,
        }
    }

    /// After a check for the default forms since a day on which there was nothing any more.
    fn reason_for(history: &History) -> &'static str {
        let filings = since(date(2026, 2, 2));
        let wish = Wish {
            filings: &filings,
            checked: true,
        };
        Reason::of_history(history, &FormFilter::default(), &[wish], TODAY).word()
    }

    fn reason(first: Date, forms: &[&str]) -> &'static str {
        reason_for(&history(first, forms))
    }

    const LONG_AGO: Date = date(2015, 1, 1);
    const LATELY: Date = date(2025, 6, 1);

    fn facts() -> CompanyCoverage {
        CompanyCoverage {
            cik: crate::edgar::Cik::new(1).unwrap(),
            name: "One".to_owned(),
            ticker: None,
            exchange: None,
            last_checked_at: Some("2026-03-01T00:00:00Z".parse().unwrap()),
            artifacts: FileCounts::default(),
            artifacts_before: FileCounts::default(),
            failed: 0,
            history: Some(history(LONG_AGO, &["4"])),
            failure: None,
            covered: false,
            covered_before: false,
        }
    }

    fn why(facts: &CompanyCoverage) -> &'static str {
        Reason::of(facts, None, &[]).word()
    }

    #[test]
    fn a_failure_is_told_before_anything_an_earlier_run_learned() {
        let failing = CompanyCoverage {
            failure: Some(("network".to_owned(), "no answer".to_owned())),
            ..facts()
        };
        assert_eq!(why(&failing), "failing");
    }

    #[test]
    fn what_was_never_read_or_not_recorded_is_not_guessed_at() {
        let unread = CompanyCoverage {
            last_checked_at: None,
            ..facts()
        };
        assert_eq!(why(&unread), "never_checked");
        let unrecorded = CompanyCoverage {
            history: None,
            ..facts()
        };
        assert_eq!(why(&unrecorded), "not_recorded");
        assert_eq!(why(&facts()), "other_forms");
    }

    #[test]
    fn an_empty_list_is_nothing_on_edgar() {
        assert_eq!(reason_for(&History::default()), "nothing_on_edgar");
    }

    #[test]
    fn a_wanted_form_that_is_listed_lies_outside_the_dates() {
        assert_eq!(reason(LONG_AGO, &["10-K", "4"]), "outside_dates");
        assert_eq!(reason(LATELY, &["10-Q/A"]), "outside_dates");
    }

    #[test]
    fn dates_are_blamed_only_where_a_selection_asked_for_them() {
        let reports = history(LONG_AGO, &["10-K"]);
        let filings = since(date(2026, 2, 2));
        let eights = Filings {
            forms: FormFilter::parse(&["8-K".to_owned()], true).unwrap(),
            ..since(LONG_AGO)
        };
        let wish = |filings, checked| Wish { filings, checked };
        let reason = |wishes: &[Wish<'_>]| {
            Reason::of_history(&reports, &FormFilter::default(), wishes, TODAY).word()
        };
        assert_eq!(reason(&[]), "not_asked_for");
        assert_eq!(reason(&[wish(&eights, true)]), "not_asked_for");
        assert_eq!(reason(&[wish(&filings, false)]), "never_checked");
        assert_eq!(
            reason(&[wish(&eights, true), wish(&filings, true)]),
            "outside_dates"
        );
        let company = CompanyCoverage {
            history: Some(reports.clone()),
            ..facts()
        };
        let of_selections = Reason::of(&company, None, &[wish(&eights, true)]);
        assert_eq!(of_selections.word(), "other_forms");
    }

    #[test]
    fn who_came_lately_and_has_not_reported_is_new_whatever_it_will_become() {
        assert_eq!(reason(LATELY, &["S-1", "8-K", "4"]), "newly_listed");
        assert_eq!(reason(LATELY, &["F-1", "6-K"]), "newly_listed");
        assert_eq!(reason(LATELY, &["N-2", "497"]), "newly_listed");
        assert_eq!(reason(LATELY, &["8-A12B", "424B2"]), "newly_listed");
    }

    #[test]
    fn the_limit_of_being_new_is_counted_in_months() {
        assert_eq!(reason(date(2024, 9, 1), &["S-1"]), "newly_listed");
        assert_eq!(reason(date(2024, 8, 31), &["S-1"]), "other_forms");
    }

    #[test]
    fn funds_and_foreign_issuers_are_told_by_their_forms() {
        assert_eq!(reason(LONG_AGO, &["N-CSR", "4"]), "fund");
        assert_eq!(reason(LATELY, &["N-CSRS"]), "fund");
        assert_eq!(reason(LONG_AGO, &["6-K", "424B2"]), "foreign_issuer");
        assert_eq!(reason(LONG_AGO, &["F-3/A"]), "foreign_issuer");
    }

    #[test]
    fn who_only_issues_securities_is_reported_on_by_another() {
        assert_eq!(
            reason(LONG_AGO, &["424B2", "8-A12B", "CERT"]),
            "files_under_parent"
        );
        assert_eq!(reason(LONG_AGO, &["424B2", "8-K"]), "other_forms");
        assert_eq!(reason(LONG_AGO, &["4", "SC 13G"]), "other_forms");
    }

    #[test]
    fn other_wishes_have_other_reasons() {
        let eights = FormFilter::parse(&["8-K".to_owned()], true).unwrap();
        let reason = Reason::of_history(&history(LONG_AGO, &["10-K", "4"]), &eights, &[], TODAY);
        assert_eq!(reason.word(), "other_forms");
        assert_eq!(reason.detail(), "1 10-K, 1 4");
    }

    #[test]
    fn every_reason_has_a_heading_of_its_own() {
        let headings: std::collections::BTreeSet<_> =
            Reason::WORDS.iter().map(|word| heading(word)).collect();
        assert_eq!(headings.len(), Reason::WORDS.len());
    }
}
