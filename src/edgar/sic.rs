//! Codes of the Standard Industrial Classification (SIC).

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Codes of four digits, or prefixes of them: `73` is 7300 to 7399. EDGAR's list of codes is at
/// <https://www.sec.gov/search-filings/standard-industrial-classification-sic-code-list>.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SicCodes(BTreeSet<String>);

/// A code or a prefix of codes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
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

impl SicCodes {
    /// `None` without codes, which is no condition.
    pub fn new(codes: &[Sic]) -> Option<Self> {
        let codes: BTreeSet<_> = codes.iter().map(|code| code.0.clone()).collect();
        (!codes.is_empty()).then_some(Self(codes))
    }

    /// Whether this code is included. The empty text, for an unknown code, is not.
    pub fn wants(&self, sic: &str) -> bool {
        self.0.iter().any(|code| sic.starts_with(code.as_str()))
    }

    /// Whether every code of the other set is included.
    pub fn contains(&self, other: &Self) -> bool {
        other.0.iter().all(|code| self.wants(code))
    }

    /// The codes and prefixes in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for SicCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, code) in self.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { ", " })?;
            f.write_str(code)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(texts: &[&str]) -> SicCodes {
        let codes: Vec<Sic> = texts.iter().map(|text| text.parse().unwrap()).collect();
        SicCodes::new(&codes).unwrap()
    }

    #[test]
    fn a_code_is_up_to_four_digits() {
        for good in ["7", "73", "737", "7372", "0100"] {
            assert!(good.parse::<Sic>().is_ok(), "{good}");
        }
        for bad in ["", "73720", "73a", "-1", " 73"] {
            assert!(bad.parse::<Sic>().is_err(), "{bad}");
        }
        assert_eq!(SicCodes::new(&[]), None);
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
}
