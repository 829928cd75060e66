//! Accession numbers.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// An accession number, which EDGAR assigns to each filing: 18 digits in three groups (submitter, year,
/// sequence).
///
/// It displays with dashes; [`Accession::bare`] is the form of folder names without dashes. Both forms
/// parse. The number fits a signed 64-bit integer, so it can be an SQLite key.
///
/// ```
/// use filing_etl::internals::Accession;
///
/// let accession: Accession = "0000320193-23-000106".parse()?;
/// assert_eq!(accession.bare().to_string(), "000032019323000106");
/// assert_eq!("000032019323000106".parse(), Ok(accession));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Accession(u64);

/// The largest accession number that fits its eighteen digits.
const MAX: u64 = 999_999_999_999_999_999;

impl Accession {
    /// The accession with these 18 digits; `None` for a larger number.
    pub fn new(number: u64) -> Option<Self> {
        (number <= MAX).then_some(Self(number))
    }

    /// The 18 digits as one number.
    pub fn get(self) -> u64 {
        self.0
    }

    /// Displays without dashes, as in folder names.
    pub fn bare(self) -> impl fmt::Display {
        fmt::from_fn(move |f| write!(f, "{:018}", self.0))
    }
}

impl fmt::Display for Accession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (submitter, year) = (self.0 / 100_000_000, self.0 / 1_000_000 % 100);
        write!(f, "{submitter:010}-{year:02}-{:06}", self.0 % 1_000_000)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not an accession number such as 0000320193-23-000106")]
pub struct BadAccession(pub String);

impl FromStr for Accession {
    type Err = BadAccession;

    fn from_str(text: &str) -> Result<Self, BadAccession> {
        let bytes = text.as_bytes();
        let number = match bytes.len() {
            18 => digits(0, bytes),
            20 if bytes[10] == b'-' && bytes[13] == b'-' => digits(0, &bytes[..10])
                .and_then(|n| digits(n, &bytes[11..13]))
                .and_then(|n| digits(n, &bytes[14..])),
            _ => None,
        };
        number
            .and_then(Self::new)
            .ok_or_else(|| BadAccession(text.chars().take(40).collect()))
    }
}

/// Appends decimal digits to a number. The caller limits the total to 18 digits.
fn digits(start: u64, bytes: &[u8]) -> Option<u64> {
    bytes.iter().try_fold(start, |n, b| {
        b.is_ascii_digit().then(|| n * 10 + u64::from(b - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn both_forms_parse_back(number in 0..=MAX) {
            let accession = Accession::new(number).unwrap();
            prop_assert_eq!(accession.to_string().parse(), Ok(accession));
            prop_assert_eq!(accession.bare().to_string().parse(), Ok(accession));
        }

        #[test]
        fn parsing_never_panics(text in any::<String>()) {
            let _ = text.parse::<Accession>();
        }

        #[test]
        fn order_is_the_order_of_the_text(a in 0..=MAX, b in 0..=MAX) {
            let (a, b) = (Accession::new(a).unwrap(), Accession::new(b).unwrap());
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in [
            "",
            "0000320193-23-00106",
            "0000320193_23_000106",
            "00003201932-3-000106",
            "0000320193-23-000106 ",
            "+00032019323000106",
        ] {
            assert!(text.parse::<Accession>().is_err(), "{text:?}");
        }
    }
}
