//! The criteria of companies: conditions on the profile of a company, such as its industry.
//!
//! Pure: no I/O. Every function destructures the criteria without `..`, so that the compiler finds each place
//! that a new criterion needs.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::edgar::{CompanyProfile, SicCodes};

/// Conditions that a company must all meet; by default there is none. In JSON, as the database and the
/// manifest of a dataset keep them, each criterion is a list with the name of its option.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CompanyCriteria {
    /// Its industry.
    pub sic: SicCodes,
}

/// A criterion as users see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownCriterion {
    /// The option of the command line.
    pub option: &'static str,
    /// The name in a sentence.
    pub name: &'static str,
    /// The wanted values, separated by a comma and a space; empty if it is no condition. A value has no space.
    pub value: String,
}

impl CompanyCriteria {
    /// Whether there is a condition.
    pub fn is_given(&self) -> bool {
        *self != Self::default()
    }

    /// Whether a company with this profile is wanted. The profile of a company is known only
    /// once it was visited.
    pub fn wants(&self, profile: &CompanyProfile) -> bool {
        let Self { sic } = self;
        sic.wants(&profile.sic)
    }

    /// Whether these criteria want every company that the other criteria want.
    pub fn contains(&self, other: &Self) -> bool {
        let Self { sic } = self;
        sic.contains(&other.sic)
    }

    /// Every criterion, given or not.
    pub fn shown(&self) -> [ShownCriterion; 1] {
        let Self { sic } = self;
        [ShownCriterion {
            option: "--sic",
            name: "SIC",
            value: sic.to_string(),
        }]
    }

    /// The given criteria.
    pub fn given(&self) -> impl Iterator<Item = ShownCriterion> {
        let shown = self.shown().into_iter();
        shown.filter(|criterion| !criterion.value.is_empty())
    }
}

/// The given criteria, such as `SIC 6022, 73`, separated by semicolons; empty without any.
impl fmt::Display for CompanyCriteria {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, ShownCriterion { name, value, .. }) in self.given().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            write!(f, "{separator}{name} {value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_sic(codes: &[&str]) -> CompanyCriteria {
        CompanyCriteria {
            sic: codes.iter().map(|code| code.parse().unwrap()).collect(),
        }
    }

    #[test]
    fn what_is_stored_comes_back_and_a_missing_criterion_is_no_condition() {
        for criteria in [of_sic(&[]), of_sic(&["73", "60"])] {
            let json = serde_json::to_string(&criteria).unwrap();
            let read: CompanyCriteria = serde_json::from_str(&json).unwrap();
            assert_eq!(read, criteria);
        }
        let of_an_older_version: CompanyCriteria = serde_json::from_str("{}").unwrap();
        assert!(!of_an_older_version.is_given());
    }

    #[test]
    fn every_criterion_is_shown_under_its_name_in_json() {
        let json = serde_json::to_value(of_sic(&[])).unwrap();
        let names: Vec<_> = json.as_object().unwrap().keys().collect();
        let mut shown = CompanyCriteria::default()
            .shown()
            .map(|criterion| criterion.option.trim_start_matches('-'));
        shown.sort_unstable();
        assert_eq!(names, shown.each_ref());
    }

    #[test]
    fn only_given_criteria_are_told() {
        assert_eq!(of_sic(&[]).to_string(), "");
        assert_eq!(of_sic(&["73", "6022"]).to_string(), "SIC 6022, 73");
    }
}
