//! The exchanges that the program distinguishes.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// An exchange on which a security is listed. Parses its name and common aliases in any case.
///
/// ```
/// use filing_etl::internals::Exchange;
///
/// assert_eq!("nyse-american".parse(), Ok(Exchange::NyseAmerican));
/// assert_eq!(Exchange::NyseAmerican.to_string(), "NYSE American");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exchange {
    /// All tiers of Nasdaq.
    Nasdaq,
    /// The New York Stock Exchange.
    Nyse,
    /// Formerly the American Stock Exchange.
    NyseAmerican,
    /// NYSE Arca, formerly the Pacific Exchange.
    NyseArca,
    /// Cboe BZX, formerly BATS.
    Cboe,
    /// The over-the-counter market, which is not an exchange.
    Otc,
}

impl Exchange {
    /// Every exchange, in the order of tables and messages.
    pub const ALL: [Self; 6] = [
        Self::Nasdaq,
        Self::Nyse,
        Self::NyseAmerican,
        Self::NyseArca,
        Self::Cboe,
        Self::Otc,
    ];

    /// The name in the database and in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nasdaq => "Nasdaq",
            Self::Nyse => "NYSE",
            Self::NyseAmerican => "NYSE American",
            Self::NyseArca => "NYSE Arca",
            Self::Cboe => "Cboe",
            Self::Otc => "OTC",
        }
    }

    /// Whether it is a national securities exchange.
    pub fn is_national(self) -> bool {
        self != Self::Otc
    }

    /// Whether the SEC's list calls it `NYSE`, so that only Nasdaq Trader's lists distinguish it from the
    /// NYSE itself.
    pub fn needs_listings(self) -> bool {
        matches!(self, Self::NyseAmerican | Self::NyseArca)
    }
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{0:?} is not an exchange: the exchanges are Nasdaq, NYSE, NYSE American, NYSE Arca, Cboe and OTC"
)]
pub struct UnknownExchange(pub String);

impl FromStr for Exchange {
    type Err = UnknownExchange;

    fn from_str(text: &str) -> Result<Self, UnknownExchange> {
        let plain: String = text
            .chars()
            .filter(|c| !matches!(c, ' ' | '-' | '_'))
            .map(|c| c.to_ascii_lowercase())
            .collect();
        Ok(match plain.as_str() {
            "nasdaq" => Self::Nasdaq,
            "nyse" => Self::Nyse,
            "nyseamerican" | "american" | "amex" | "nyseamex" | "nysemkt" => Self::NyseAmerican,
            "nysearca" | "arca" => Self::NyseArca,
            "cboe" | "cboebzx" | "bzx" | "bats" => Self::Cboe,
            "otc" => Self::Otc,
            _ => return Err(UnknownExchange(text.chars().take(40).collect())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_name_parses_back_in_any_case() {
        for exchange in Exchange::ALL {
            let name = exchange.to_string();
            for text in [
                name.clone(),
                name.to_uppercase(),
                name.to_lowercase().replace(' ', "-"),
            ] {
                assert_eq!(text.parse(), Ok(exchange), "{text}");
            }
        }
    }

    #[test]
    fn usual_other_names_are_known() {
        for (text, exchange) in [
            ("AMEX", Exchange::NyseAmerican),
            ("american", Exchange::NyseAmerican),
            ("nyse_arca", Exchange::NyseArca),
            ("Arca", Exchange::NyseArca),
            ("BATS", Exchange::Cboe),
            ("CBOE", Exchange::Cboe),
        ] {
            assert_eq!(text.parse(), Ok(exchange), "{text}");
        }
    }

    #[test]
    fn an_unknown_name_is_an_error_that_lists_the_known_ones() {
        let message = "LSE".parse::<Exchange>().unwrap_err().to_string();
        for exchange in Exchange::ALL {
            assert!(message.contains(exchange.as_str()), "{message}");
        }
        assert!("".parse::<Exchange>().is_err());
    }

    #[test]
    fn only_the_over_the_counter_market_is_not_national() {
        let others: Vec<_> = Exchange::ALL
            .into_iter()
            .filter(|e| !e.is_national())
            .collect();
        assert_eq!(others, [Exchange::Otc]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = text.parse::<Exchange>();
        }
    }
}
