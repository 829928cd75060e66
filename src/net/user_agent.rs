//! The declared user agent: EDGAR wants a name and an e-mail address with every request.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A declared user agent, such as `Company Name contact@example.com`.
///
/// Only printable ASCII, so that it cannot add a second header to a request.
///
/// ```
/// use filing_etl::internals::UserAgent;
///
/// assert!("Example Corp ops@example.com".parse::<UserAgent>().is_ok());
/// assert!("Mozilla/5.0".parse::<UserAgent>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserAgent(String);

/// The longest user agent. Servers refuse very long headers.
const LONGEST: usize = 256;

impl UserAgent {
    /// The text of the header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that EDGAR would not accept as a declared user agent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadUserAgent {
    /// It has no e-mail address.
    #[error(
        "user agent {0:?} has no e-mail address; write it like \"Company Name contact@example.com\""
    )]
    NoEmail(String),
    /// It has line breaks, control characters or letters beyond ASCII.
    #[error("user agent {0:?} has characters that a header cannot hold; use plain ASCII")]
    NotPlain(String),
    /// It is longer than [`LONGEST`] characters.
    #[error("user agent is {0} characters long; use at most {LONGEST}")]
    TooLong(usize),
}

impl FromStr for UserAgent {
    type Err = BadUserAgent;

    fn from_str(text: &str) -> Result<Self, BadUserAgent> {
        let text = text.trim_matches(' ');
        let quoted = || text.chars().take(80).collect();
        if text.len() > LONGEST {
            return Err(BadUserAgent::TooLong(text.len()));
        }
        if !text.bytes().all(|b| matches!(b, b' '..=b'~')) {
            return Err(BadUserAgent::NotPlain(quoted()));
        }
        if !text.split(' ').any(holds_email) {
            return Err(BadUserAgent::NoEmail(quoted()));
        }
        Ok(Self(text.to_owned()))
    }
}

/// Whether a word holds a plausible e-mail address, bare or as in `(x@y.z)`.
fn holds_email(word: &str) -> bool {
    let word = word.trim_matches(|c: char| "()<>[],;:\"'".contains(c));
    let word = word.strip_prefix("mailto:").unwrap_or(word);
    let Some((local, domain)) = word.split_once('@') else {
        return false;
    };
    let local_ok = !local.is_empty()
        && local
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".!#$%&'*+-/=?^_`{|}~".contains(&b));
    let labels: Vec<&str> = domain.split('.').collect();
    let labels_ok = labels.len() >= 2
        && labels.iter().all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        });
    let top_ok = labels
        .last()
        .is_some_and(|top| top.len() >= 2 && !top.bytes().all(|b| b.is_ascii_digit()));
    local_ok && labels_ok && top_ok
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_with_an_address_is_taken_as_it_is() {
        for text in [
            "Example Corp contact@example.com",
            "filing-etl/0.1 (ops+sec@data.example.co.uk)",
            "a@b.io",
        ] {
            assert_eq!(text.parse::<UserAgent>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn a_text_without_a_plausible_address_is_refused() {
        for text in [
            "",
            " ",
            "Mozilla/5.0",
            "me@",
            "@example.com",
            "me@localhost",
            "me@example.",
            "me@-x.com",
            "a@b@c.de",
            "me@1.2",
        ] {
            assert!(
                matches!(text.parse::<UserAgent>(), Err(BadUserAgent::NoEmail(_))),
                "{text:?}"
            );
        }
    }

    #[test]
    fn nothing_that_could_break_a_header_is_taken() {
        for text in ["a@b.io\r\nX: y", "a@b.io\n", "Müller a@b.io", "a@b.io\0"] {
            assert!(
                matches!(text.parse::<UserAgent>(), Err(BadUserAgent::NotPlain(_))),
                "{text:?}"
            );
        }
        let long = format!("{} a@b.io", "x".repeat(300));
        assert_eq!(
            long.parse::<UserAgent>(),
            Err(BadUserAgent::TooLong(long.len()))
        );
    }

    proptest! {
        #[test]
        fn what_is_taken_is_one_printable_line(text in any::<String>()) {
            if let Ok(agent) = text.parse::<UserAgent>() {
                prop_assert!(agent.as_str().bytes().all(|b| (b' '..=b'~').contains(&b)));
            }
        }
    }
}
