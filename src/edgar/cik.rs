//! Central Index Keys.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A Central Index Key, which EDGAR assigns to each filer: 1 to 10 digits. It also parses with the
/// prefix of EDGAR's file names, as in `CIK0000320193`.
///
/// It displays without padding, as in document URLs; [`Cik::padded`] is the ten-digit form of submissions
/// URLs.
///
/// ```
/// use filing_etl::internals::Cik;
///
/// let apple: Cik = "0000320193".parse()?;
/// assert_eq!(apple.to_string(), "320193");
/// assert_eq!(apple.padded().to_string(), "0000320193");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cik(u64);

/// The largest CIK that fits its ten digits.
const MAX: u64 = 9_999_999_999;

impl Cik {
    /// The CIK with this number; `None` outside `1..=9_999_999_999`.
    pub fn new(number: u64) -> Option<Self> {
        (1..=MAX).contains(&number).then_some(Self(number))
    }

    /// The CIK as a number.
    pub fn get(self) -> u64 {
        self.0
    }

    /// Displays with leading zeros, ten digits in all.
    pub fn padded(self) -> impl fmt::Display {
        fmt::from_fn(move |f| write!(f, "{:010}", self.0))
    }
}

impl fmt::Display for Cik {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a CIK: 1 to 10 digits are expected, such as 320193")]
pub struct BadCik(pub String);

impl FromStr for Cik {
    type Err = BadCik;

    fn from_str(text: &str) -> Result<Self, BadCik> {
        let digits = text.get(..3).filter(|cik| cik.eq_ignore_ascii_case("CIK"));
        let text = digits.map_or(text, |_| &text[3..]);
        let digits = (1..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let number = if digits { text.parse().ok() } else { None };
        number
            .and_then(Self::new)
            .ok_or_else(|| BadCik(text.chars().take(40).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn both_forms_parse_back(number in 1..=MAX) {
            let cik = Cik::new(number).unwrap();
            prop_assert_eq!(cik.to_string().parse(), Ok(cik));
            prop_assert_eq!(cik.padded().to_string().parse(), Ok(cik));
        }

        #[test]
        fn any_text_is_a_cik_or_an_error(text in any::<String>()) {
            if let Ok(cik) = text.parse::<Cik>() {
                prop_assert_eq!(cik.get(), text.parse::<u64>().unwrap());
            }
        }
    }

    #[test]
    fn what_is_no_number_of_1_to_10_digits_is_refused() {
        for text in [
            "",
            "0",
            "0000000000",
            "+1",
            "-1",
            " 1",
            "1a",
            "12345678901",
            "٣",
        ] {
            assert!(text.parse::<Cik>().is_err(), "{text:?}");
        }
    }
}
