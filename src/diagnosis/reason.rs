//! The reason why a company has no filing of a wanted form. The first rule that applies decides.

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::fmt;

use crate::edgar::{FormFilter, History};
use crate::selection::Filings;
use crate::store::CompanyCoverage;

/// How long a company may be on EDGAR without a periodic report. A first fiscal year may last twelve
/// months, a Form 20-F is due four months after it, and the registration starts some months before it. So
/// every company that reports in time does so within eighteen months.
pub const NEWLY_LISTED_MONTHS: i32 = 18;

/// The maximum number of forms in the detail of a reason.
const FORMS_NAMED: usize = 3;

/// Reports of an issuer to its investors, including current reports.
const REPORTS: [&str; 13] = [
    "10-K", "10-KT", "10-K405", "10-KSB", "10-Q", "10-QT", "10-QSB", "20-F", "40-F", "6-K", "8-K",
    "10-D", "11-K",
];

/// Reports for every year or quarter, including those of funds.
const PERIODIC: [&str; 15] = [
    "10-K", "10-KT", "10-K405", "10-KSB", "10-Q", "10-QT", "10-QSB", "20-F", "40-F", "10-D",
    "N-CSR", "N-CSRS", "N-30D", "NPORT-P", "N-CEN",
];

/// Forms that only registered investment companies file.
const FUND: [&str; 12] = [
    "N-CSR", "N-CSRS", "N-30D", "N-30B-2", "NPORT-P", "NPORT-EX", "N-CEN", "N-PX", "N-Q", "NSAR-A",
    "NSAR-B", "N-2",
];

/// Forms that only foreign private issuers file.
const FOREIGN: [&str; 6] = ["20-F", "40-F", "6-K", "F-1", "F-3", "F-4"];

/// Forms of issuing and listing securities, which an issuer files itself.
const SECURITIES: [&str; 12] = [
    "8-A12B", "8-A12G", "CERT", "424B1", "424B2", "424B3", "424B4", "424B5", "FWP", "S-3",
    "S-3ASR", "25",
];

/// The filings of a company that a recorded selection includes.
#[derive(Debug, Clone)]
pub struct SelectedFilings<'a> {
    pub filings: &'a Filings,
    /// Whether the company was ever checked for this selection.
    pub checked: bool,
}

/// Why a company has no filing of a wanted form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The last attempt to read its list of filings failed.
    Failing {
        /// The value of `v_errors.kind`.
        kind: String,
        error: String,
    },
    /// Its list of filings was never read completely.
    NeverChecked,
    /// A version of this program read the list without recording a summary of it.
    NotRecorded,
    /// EDGAR lists no filing.
    NothingOnEdgar,
    /// EDGAR lists filings of wanted forms, but no selection includes them.
    NotAskedFor {
        /// The form of the latest one.
        form: String,
        /// The filing date of the latest one.
        last: Date,
    },
    /// EDGAR lists filings of wanted forms, but none within the dates of the selections.
    OutsideDates {
        /// The form of the latest one.
        form: String,
        /// The filing date of the latest one.
        last: Date,
    },
    /// Its first filing of any form is at most [`NEWLY_LISTED_MONTHS`] older than its last check, and
    /// it has not filed a periodic report yet.
    NewlyListed {
        /// The date of its first filing.
        since: Date,
    },
    /// It files forms that only registered investment companies file.
    Fund(Forms),
    /// It files forms that only foreign private issuers file.
    Foreign(Forms),
    /// For longer than [`NEWLY_LISTED_MONTHS`] it has filed only forms of issuing securities (a
    /// prospectus, a registration, a certification by the exchange) and no report, not even a current
    /// one. A listed issuer must report itself, unless the reports of another issuer cover it: those of
    /// a parent cover a subsidiary whose securities the parent guarantees.
    UnderParent(Forms),
    /// It files other forms, and no other rule applies.
    OtherForms(Forms),
}

/// Forms, the most frequent first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forms(Vec<(String, u64)>);

impl Reason {
    /// The words of all reasons, in the order of the report.
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

    /// Why this company has no filing of the wanted forms. Without `wanted`, those are the forms of its
    /// selections.
    pub fn of(
        company: &CompanyCoverage,
        wanted: Option<&FormFilter>,
        selected: &[SelectedFilings<'_>],
    ) -> Self {
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
        let union = FormFilter::union(selected.iter().map(|selection| &selection.filings.forms));
        let wanted = wanted.cloned().or(union).unwrap_or_default();
        let checked = TimeZone::UTC.to_datetime(checked).date();
        Self::of_history(history, &wanted, selected, checked)
    }

    /// As [`Reason::of`], from the summary of the list that was read on the day `checked`.
    fn of_history(
        history: &History,
        wanted: &FormFilter,
        selected: &[SelectedFilings<'_>],
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
            return Self::of_listed(form.clone(), seen.last, selected);
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

    /// Why a filing with this form and date is not on record although EDGAR lists it.
    fn of_listed(form: String, last: Date, selected: &[SelectedFilings<'_>]) -> Self {
        let mut asking = selected
            .iter()
            .filter(|selection| selection.filings.forms.wants(&form))
            .peekable();
        if asking.peek().is_none() {
            return Self::NotAskedFor { form, last };
        }
        if asking.any(|selection| !selection.checked || selection.filings.wants(&form, last)) {
            return Self::NeverChecked;
        }
        Self::OutsideDates { form, last }
    }

    /// The word of the reason in the JSON document, which is public.
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

    /// Details for this company; may be empty.
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

/// The heading of the table of companies with this reason.
pub fn heading(word: &str) -> &'static str {
    match word {
        "failing" => "Failing: the list of filings could not be read",
        "never_checked" => "Never checked",
        "not_recorded" => "Checked by an older version, which did not record the list of filings",
        "not_asked_for" => "No selection asks for these forms",
        "outside_dates" => "Nothing within the dates of the selections",
        "newly_listed" => "Newly listed: no periodic report yet",
        "foreign_issuer" => "Other forms: foreign issuers",
        "fund" => "Other forms: funds",
        "files_under_parent" => "No own reports: most likely covered by those of a parent",
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
            return f.write_str("only on older pages, which were not read");
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

/// A form without the suffix of an amendment.
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

    /// A company with filings of these forms since that day.
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

    /// The reason after a check for the default forms, from a day after the last filing.
    fn reason_for(history: &History) -> &'static str {
        let filings = since(date(2026, 2, 2));
        let selection = SelectedFilings {
            filings: &filings,
            checked: true,
        };
        Reason::of_history(history, &FormFilter::default(), &[selection], TODAY).word()
    }

    fn reason(first: Date, forms: &[&str]) -> &'static str {
        reason_for(&history(first, forms))
    }

    const LONG_AGO: Date = date(2015, 1, 1);
    const LATELY: Date = date(2025, 6, 1);

    fn coverage() -> CompanyCoverage {
        CompanyCoverage {
            cik: crate::edgar::Cik::new(1).unwrap(),
            name: "One".to_owned(),
            ticker: None,
            exchange: None,
            last_checked_at: Some("2026-03-01T00:00:00Z".parse().unwrap()),
            artifacts: FileCounts::default(),
            artifacts_before: FileCounts::default(),
            failed: 0,
            unavailable: 0,
            is_unavailable: false,
            history: Some(history(LONG_AGO, &["4"])),
            failure: None,
            covered: false,
            covered_before: false,
        }
    }

    fn why(coverage: &CompanyCoverage) -> &'static str {
        Reason::of(coverage, None, &[]).word()
    }

    #[test]
    fn a_failure_is_told_before_anything_an_earlier_run_learned() {
        let failing = CompanyCoverage {
            failure: Some(("network".to_owned(), "no answer".to_owned())),
            ..coverage()
        };
        assert_eq!(why(&failing), "failing");
    }

    #[test]
    fn what_was_never_read_or_not_recorded_is_not_guessed_at() {
        let unread = CompanyCoverage {
            last_checked_at: None,
            ..coverage()
        };
        assert_eq!(why(&unread), "never_checked");
        let unrecorded = CompanyCoverage {
            history: None,
            ..coverage()
        };
        assert_eq!(why(&unrecorded), "not_recorded");
        assert_eq!(why(&coverage()), "other_forms");
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
        let selection = |filings, checked| SelectedFilings { filings, checked };
        let reason = |selected: &[SelectedFilings<'_>]| {
            Reason::of_history(&reports, &FormFilter::default(), selected, TODAY).word()
        };
        assert_eq!(reason(&[]), "not_asked_for");
        assert_eq!(reason(&[selection(&eights, true)]), "not_asked_for");
        assert_eq!(reason(&[selection(&filings, false)]), "never_checked");
        assert_eq!(
            reason(&[selection(&eights, true), selection(&filings, true)]),
            "outside_dates"
        );
        let company = CompanyCoverage {
            history: Some(reports.clone()),
            ..coverage()
        };
        let of_selections = Reason::of(&company, None, &[selection(&eights, true)]);
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
