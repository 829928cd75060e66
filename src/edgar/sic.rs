//! Codes of the Standard Industrial Classification (SIC).

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Codes of four digits, or prefixes of them: `73` is 7300 to 7399. Without codes it is no condition. EDGAR's
/// list of codes is at
/// <https://www.sec.gov/search-filings/standard-industrial-classification-sic-code-list>.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SicCodes(BTreeSet<Sic>);

/// A code or a prefix of codes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Sic(String);

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a SIC code: give 4 digits such as 7372, or the first digits of a code")]
pub struct BadSic(pub String);

impl FromStr for Sic {
    type Err = BadSic;

    fn from_str(text: &str) -> Result<Self, BadSic> {
        let digits = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let bad = || BadSic(text.chars().take(40).collect());
        digits.then(|| Self(text.to_owned())).ok_or_else(bad)
    }
}

impl TryFrom<String> for Sic {
    type Error = BadSic;

    fn try_from(text: String) -> Result<Self, BadSic> {
        text.parse()
    }
}

impl FromIterator<Sic> for SicCodes {
    fn from_iter<I: IntoIterator<Item = Sic>>(codes: I) -> Self {
        Self(codes.into_iter().collect())
    }
}

impl SicCodes {
    /// Whether companies with this code are wanted. If there are codes, a company without a code, whose text
    /// is empty, is not.
    pub fn wants(&self, sic: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|code| sic.starts_with(&code.0))
    }

    /// Whether these codes want every company that the other codes want.
    pub fn contains(&self, other: &Self) -> bool {
        // Without codes, the other ones want every company.
        let is_limited = !other.0.is_empty();
        self.0.is_empty() || (is_limited && other.0.iter().all(|code| self.wants(&code.0)))
    }
}

/// The codes and prefixes in ascending order; empty without codes.
impl fmt::Display for SicCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, code) in self.0.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { ", " })?;
            f.write_str(&code.0)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(texts: &[&str]) -> SicCodes {
        texts
            .iter()
            .map(|text| text.parse::<Sic>().unwrap())
            .collect()
    }

    #[test]
    fn a_code_is_up_to_four_digits() {
        for good in ["7", "73", "737", "7372", "0100"] {
            assert!(good.parse::<Sic>().is_ok(), "{good}");
        }
        for bad in ["", "73720", "73a", "-1", " 73"] {
            assert!(bad.parse::<Sic>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_beginning_means_all_codes_that_begin_so() {
        let some = codes(&["73", "6022"]);
        assert!(some.wants("7372") && some.wants("6022"));
        assert!(!some.wants("6021") && !some.wants("7") && !some.wants(""));
        assert!(some.contains(&codes(&["737"])) && some.contains(&some));
        assert!(!codes(&["737"]).contains(&some) && !some.contains(&codes(&["7"])));
        assert_eq!(some.to_string(), "6022, 73");
    }

    #[test]
    fn without_codes_every_company_is_wanted() {
        let (all, some) = (SicCodes::default(), codes(&["73"]));
        assert!(all.wants("7372") && all.wants(""));
        assert!(all.contains(&some) && all.contains(&all) && !some.contains(&all));
        assert_eq!(all.to_string(), "");
    }

    #[test]
    fn codes_are_a_list_in_json_and_a_bad_one_is_refused() {
        let some = codes(&["73", "6022"]);
        let json = serde_json::to_string(&some).unwrap();
        assert_eq!(json, r#"["6022","73"]"#);
        assert_eq!(serde_json::from_str::<SicCodes>(&json).unwrap(), some);
        assert!(serde_json::from_str::<SicCodes>(r#"["73a"]"#).is_err());
    }
}
