//! Filters of form types.

use std::fmt;

use thiserror::Error;

use super::form_family::family;

/// The annual and quarterly reports of domestic and foreign companies, and the transition reports after a
/// change of the fiscal year (20-F and 40-F have no separate form for them). The former types 10-K405 and
/// 10-KSB are not included: the family `annual` has them.
const REPORTS: [&str; 6] = ["10-K", "10-KT", "10-Q", "10-QT", "20-F", "40-F"];

/// Types that users often write without the dash. EDGAR has no form `10K`, so a filter for it would
/// silently find nothing.
const DASHED: [&str; 9] = [
    "10-K", "10-KT", "10-Q", "10-QT", "11-K", "20-F", "40-F", "6-K", "8-K",
];

const AND_AMENDMENTS: &str = " and amendments";
const WITHOUT_AMENDMENTS: &str = " without amendments";

/// The wanted form types. A type must match completely; case does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormFilter {
    /// In upper case; empty if every form is wanted.
    types: Vec<String>,
    amendments: bool,
}

impl Default for FormFilter {
    /// 10-K, 10-Q, 20-F and 40-F with their transition reports and amendments.
    fn default() -> Self {
        Self::reports(true)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{0:?} is not a form type: give a form type of EDGAR such as 10-K or 8-K, a family such as annual, or all"
)]
pub struct BadForm(pub String);

impl FormFilter {
    fn reports(amendments: bool) -> Self {
        Self {
            types: REPORTS.map(str::to_owned).to_vec(),
            amendments,
        }
    }

    /// A filter for every form.
    pub fn all() -> Self {
        Self {
            types: Vec::new(),
            amendments: true,
        }
    }

    /// A filter for these types, or for the default types if there are none.
    ///
    /// `all` is every form, and the name of a family is all its types ([`super::form_family`]). With
    /// `amendments`, `8-K` includes `8-K/A`; without, an amendment must be named itself. A transition
    /// report is a type of its own: `10-K` does not include `10-KT`.
    ///
    /// # Errors
    ///
    /// For an empty type, a text that cannot be a form type, and a well-known type without its dash.
    /// Whether a type exists is not checked, because EDGAR has hundreds and adds more.
    pub fn parse(types: &[String], amendments: bool) -> Result<Self, BadForm> {
        if types.is_empty() {
            return Ok(Self::reports(amendments));
        }
        let mut wanted = Vec::with_capacity(types.len());
        for text in types {
            let form = text.trim().to_ascii_uppercase();
            // The 478 types of 2025 consist of letters, digits, blanks, dashes and slashes.
            let plain = |b: u8| b.is_ascii_alphanumeric() || b" -/.".contains(&b);
            if form.is_empty() || form.len() > 40 || !form.bytes().all(plain) || lacks_dash(&form) {
                return Err(BadForm(text.chars().take(40).collect()));
            }
            let types = match family(&form) {
                Some(types) => types.iter().map(|form| (*form).to_owned()).collect(),
                None => vec![form],
            };
            for form in types {
                if !wanted.contains(&form) {
                    wanted.push(form);
                }
            }
        }
        if wanted.iter().any(|form| form == "ALL") {
            wanted.clear();
        }
        Ok(Self {
            types: wanted,
            amendments,
        })
    }

    /// Parses the text that a filter displays as; `None` for any other text.
    pub fn from_text(text: &str) -> Option<Self> {
        if text == "all" {
            return Some(Self::all());
        }
        let with = text.strip_suffix(AND_AMENDMENTS);
        let types = with.or_else(|| text.strip_suffix(WITHOUT_AMENDMENTS))?;
        let types: Vec<_> = types.split(", ").map(str::to_owned).collect();
        Self::parse(&types, with.is_some()).ok()
    }

    /// Whether this filter wants every form that the other one wants.
    pub fn holds(&self, other: &Self) -> bool {
        if other.types.is_empty() {
            return self.types.is_empty() && (self.amendments || !other.amendments);
        }
        other.types.iter().all(|form| {
            let amendments = other.amendments && amended(form).is_none();
            self.wants(form) && (!amendments || self.wants(&format!("{form}/A")))
        })
    }

    /// A filter for the forms that both want; `None` if there are none.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let amendments = self.amendments && other.amendments;
        if self.types.is_empty() && other.types.is_empty() {
            return Some(Self {
                types: Vec::new(),
                amendments,
            });
        }
        let mut types: Vec<String> = Vec::new();
        for (own, wants) in [(self, other), (other, self)] {
            let named = own.types.iter().flat_map(|form| {
                let amended = own.amendments.then(|| format!("{form}/A"));
                [Some(form.clone()), amended.filter(|_| !amendments)]
            });
            for form in named.flatten() {
                if wants.wants(&form) && !types.contains(&form) {
                    types.push(form);
                }
            }
        }
        (!types.is_empty()).then_some(Self { types, amendments })
    }

    /// A filter for the forms that any of the filters wants; `None` without filters. If one wants every
    /// form without amendments and another one wants amendments, the result is every form.
    pub fn union<'a>(filters: impl Iterator<Item = &'a Self>) -> Option<Self> {
        let filters: Vec<_> = filters.collect();
        let amendments = filters.first()?.amendments;
        let differ = filters.iter().any(|one| one.amendments != amendments);
        if filters.iter().any(|one| one.types.is_empty()) {
            return Some(Self {
                types: Vec::new(),
                amendments: amendments || differ,
            });
        }
        let mut types: Vec<String> = Vec::new();
        for one in filters {
            for form in &one.types {
                let amended = (differ && one.amendments).then(|| format!("{form}/A"));
                for form in [Some(form.clone()), amended].into_iter().flatten() {
                    if !types.contains(&form) {
                        types.push(form);
                    }
                }
            }
        }
        Some(Self {
            types,
            amendments: amendments && !differ,
        })
    }

    /// The types, and whether their amendments are wanted too. An empty list is every form.
    pub fn types(&self) -> (&[String], bool) {
        (&self.types, self.amendments)
    }

    /// One filter per type.
    pub fn each(&self) -> impl Iterator<Item = Self> {
        let all = self.types.is_empty().then(|| self.clone());
        let one = |form: &String| Self {
            types: vec![form.clone()],
            amendments: self.amendments,
        };
        all.into_iter().chain(self.types.iter().map(one))
    }

    /// Whether this form type is wanted.
    pub fn wants(&self, form: &str) -> bool {
        let base = amended(form);
        if self.types.is_empty() {
            return self.amendments || base.is_none();
        }
        let asked = |form: &str| self.types.iter().any(|t| t.eq_ignore_ascii_case(form));
        asked(form) || self.amendments && base.is_some_and(asked)
    }
}

/// The type that an amendment amends; `None` if the type is not an amendment.
fn amended(form: &str) -> Option<&str> {
    form.strip_suffix("/A").or_else(|| form.strip_suffix("/a"))
}

impl fmt::Display for FormFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types = self.types.join(", ");
        f.write_str(match (types.as_str(), self.amendments) {
            ("", true) => return f.write_str("all"),
            ("", false) => "all",
            (types, _) => types,
        })?;
        f.write_str(if self.amendments {
            AND_AMENDMENTS
        } else {
            WITHOUT_AMENDMENTS
        })
    }
}

/// Whether this is a well-known type or its amendment without the dash.
fn lacks_dash(form: &str) -> bool {
    let base = amended(form).unwrap_or(form);
    DASHED.iter().any(|dashed| dashed.replace('-', "") == base)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_dash_that_is_missing_is_missed_only_where_it_belongs() {
        let parse = |text: &str| FormFilter::parse(&[text.to_owned()], true);
        for slip in ["10k", "10Q", "8K/A", " 20f "] {
            assert!(parse(slip).is_err(), "{slip}");
        }
        for real in [
            "3", "144", "497K", "424B2", "25-NSE", "13F-HR", "10-K405", "10KSB",
        ] {
            assert!(parse(real).is_ok(), "{real}");
        }
    }

    fn filter(types: &[&str], amendments: bool) -> FormFilter {
        let types: Vec<String> = types.iter().map(ToString::to_string).collect();
        FormFilter::parse(&types, amendments).unwrap()
    }

    #[test]
    fn the_default_is_the_periodic_reports_with_amendments_and_transitions() {
        let reports = FormFilter::default();
        for form in REPORTS {
            assert!(reports.wants(form), "{form}");
            assert!(reports.wants(&format!("{form}/A")), "{form}/A");
        }
        for form in [
            "",
            "10-K405",
            "10-KSB",
            "10-K405/A",
            "NT 10-K",
            "10-12G",
            "8-K",
            "20FR12B",
            "/A",
            "10-K/A/A",
            "4",
        ] {
            assert!(!reports.wants(form), "{form}");
        }
        assert_eq!(reports, filter(&[], true));
        assert!(!filter(&[], false).wants("10-K/A"));
        assert_eq!(
            reports.to_string(),
            "10-K, 10-KT, 10-Q, 10-QT, 20-F, 40-F and amendments"
        );
    }

    #[test]
    fn asked_types_are_exact_in_any_case() {
        let forms = filter(&["8-k", " sc 13g "], true);
        for form in ["8-K", "8-K/A", "SC 13G", "SC 13G/A"] {
            assert!(forms.wants(form), "{form}");
        }
        for form in ["8-K12B", "8-KT", "SC 13D", "10-K"] {
            assert!(!forms.wants(form), "{form}");
        }
    }

    #[test]
    fn without_amendments_only_a_named_one_is_taken() {
        assert!(!filter(&["10-K"], false).wants("10-K/A"));
        assert!(filter(&["10-K", "8-K/A"], false).wants("8-K/A"));
        assert!(!filter(&["8-K/A"], true).wants("8-K"));
    }

    #[test]
    fn all_means_every_form() {
        assert!(filter(&["10-K", "All"], true).wants("CT ORDER"));
        assert!(!filter(&["all"], false).wants("10-K/A"));
        assert!(filter(&["all"], false).wants("10-K"));
        assert_eq!(filter(&["all"], true).to_string(), "all");
        assert_eq!(
            filter(&["all"], false).to_string(),
            "all without amendments"
        );
    }

    #[test]
    fn a_filter_holds_what_wants_no_more() {
        let (all, reports) = (FormFilter::all(), FormFilter::default());
        let plain = filter(&[], false);
        for (wide, narrow, holds) in [
            (&all, &reports, true),
            (&reports, &all, false),
            (&reports, &plain, true),
            (&plain, &reports, false),
            (&reports, &filter(&["10-k"], true), true),
            (&reports, &filter(&["10-K/A"], true), true),
            (&plain, &filter(&["10-K/A"], true), false),
            (&reports, &filter(&["10-K", "8-K"], false), false),
            (&filter(&["all"], false), &plain, true),
            (&filter(&["all"], false), &reports, false),
            (&filter(&["all"], false), &all, false),
        ] {
            assert_eq!(wide.holds(narrow), holds, "{wide}: {narrow}");
        }
    }

    #[test]
    fn an_intersection_wants_what_both_want() {
        let filters = [
            FormFilter::all(),
            filter(&["all"], false),
            FormFilter::default(),
            filter(&[], false),
            filter(&["10-K", "8-K"], true),
            filter(&["10-K/A"], true),
            filter(&["8-K"], false),
        ];
        for a in &filters {
            for b in &filters {
                let both = a.intersection(b);
                for form in ["10-K", "10-K/A", "8-K", "8-K/A", "4", "4/A", "10-Q/A"] {
                    let wanted = both.as_ref().is_some_and(|both| both.wants(form));
                    assert_eq!(wanted, a.wants(form) && b.wants(form), "{a} {b}: {form}");
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_a_form_is_refused() {
        for text in ["", "  ", "10-K,10-Q", "10-K\n8-K", "é"] {
            assert!(
                FormFilter::parse(&[text.to_owned()], true).is_err(),
                "{text:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_union_wants_what_one_of_them_wants(
            lists in proptest::collection::vec(
                (proptest::collection::vec(0..REPORTS.len(), 1..4), any::<bool>()), 1..4),
            form in 0..REPORTS.len(), amended in any::<bool>(),
        ) {
            let filters: Vec<_> = lists
                .iter()
                .map(|(forms, amendments)| {
                    let forms: Vec<_> = forms.iter().map(|form| REPORTS[*form]).collect();
                    filter(&forms, *amendments)
                })
                .collect();
            let union = FormFilter::union(filters.iter()).unwrap();
            let form = format!("{}{}", REPORTS[form], if amended { "/A" } else { "" });
            let any = filters.iter().any(|one| one.wants(&form));
            prop_assert_eq!(union.wants(&form), any);
            prop_assert!(filters.iter().all(|one| union.holds(one)));
        }

        #[test]
        fn what_is_asked_for_is_wanted(form in "[A-Z0-9][A-Z0-9 /-]{0,18}[A-Z0-9]", amendments in any::<bool>()) {
            let asked = FormFilter::parse(&[form.to_lowercase()], amendments);
            // A type without its dash, such as "6K", is refused.
            prop_assume!(asked.is_ok());
            let asked = asked.unwrap();
            prop_assert!(asked.wants(&form));
            prop_assert_eq!(asked.wants(&format!("{form}/A")), amendments);
            prop_assert_eq!(FormFilter::from_text(&asked.to_string()), Some(asked));
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), form in any::<String>()) {
            if let Ok(asked) = FormFilter::parse(&[text], true) {
                let _ = asked.wants(&form);
            }
        }
    }
}
