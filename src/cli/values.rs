//! Types and parsers of option values.

use std::fmt::Display;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use url::Url;

use crate::clock::Clock;
use crate::dataset::Table;
use crate::dataset::table::ALL;
use crate::exchange::Exchange;

/// `--rate`: a number of requests a second, or no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate(pub Option<NonZeroU32>);

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("none") {
            return Ok(Self(None));
        }
        match text.parse::<NonZeroU32>() {
            Ok(rate) if rate.get() <= 1000 => Ok(Self(Some(rate))),
            _ => Err("a whole number from 1 to 1000, or none, is expected".to_owned()),
        }
    }
}

/// `--exchange`: one exchange, or all companies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExchangeChoice {
    One(Exchange),
    All,
}

impl FromStr for ExchangeChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("all") {
            return Ok(Self::All);
        }
        text.parse().map(Self::One).map_err(|_| {
            let known: Vec<_> = Exchange::ALL.iter().map(ToString::to_string).collect();
            format!("the exchanges are {} and all", known.join(", "))
        })
    }
}

/// Parses a whole number from 1 to `most`.
pub(super) fn up_to<T>(most: T) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: FromStr + PartialOrd + Display + From<u8> + Copy,
{
    move |text| {
        text.parse()
            .ok()
            .filter(|number| (T::from(1)..=most).contains(number))
            .ok_or_else(|| format!("a whole number from 1 to {most} is expected"))
    }
}

/// Parses a whole number of at least 1.
pub(super) fn at_least_one(text: &str) -> Result<u64, String> {
    up_to(u64::MAX)(text).map_err(|_| "a whole number of at least 1 is expected".to_owned())
}

pub(super) type Span = Duration;

/// Parses `10m`, `1h 30m`, `250ms`.
pub(super) fn span(text: &str) -> Result<Span, String> {
    text.parse::<SignedDuration>()
        .ok()
        .and_then(|d| Duration::try_from(d).ok())
        .filter(|d| *d <= Duration::from_hours(24 * 366))
        .ok_or_else(|| "a time such as 90s, 10m or 1h 30m is expected".to_owned())
}

/// A ticker in any spelling, in upper case.
pub(super) fn ticker(text: &str) -> Result<String, String> {
    let ticker = text.trim().to_ascii_uppercase();
    if ticker.is_empty() {
        return Err("a ticker such as AAPL or BRK-B is expected".to_owned());
    }
    Ok(ticker)
}

/// A table of the dataset by its name.
pub(super) fn dataset_table(text: &str) -> Result<&'static Table, String> {
    let name = text.trim();
    let mut known = ALL.into_iter();
    known.find(|table| table.name == name).ok_or_else(|| {
        let names = ALL.map(|table| table.name);
        format!("the tables are {}", names.join(", "))
    })
}

/// Parses a number of bytes: `500MB`, `2 GiB`, `1.5GB`, `1000000`.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let unit_at = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let factor: u64 = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1000,
        "m" | "mb" => 1000_u64.pow(2),
        "g" | "gb" => 1000_u64.pow(3),
        "t" | "tb" => 1000_u64.pow(4),
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => 0,
    };
    let whole_and_part = || {
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        // Nine decimals of a gigabyte are one byte.
        let part = part.get(..part.len().min(9))?;
        let mut bytes = u128::from(whole.parse::<u64>().ok()?) * u128::from(factor);
        if !part.is_empty() {
            let scale = 10_u128.pow(u32::try_from(part.len()).ok()?);
            bytes += u128::from(part.parse::<u64>().ok()?) * u128::from(factor) / scale;
        }
        u64::try_from(bytes).ok()
    };
    (factor > 0)
        .then(whole_and_part)
        .flatten()
        .ok_or_else(|| "a size such as 500MB, 1.5GB or 2GiB is expected".to_owned())
}

/// Parses an address. `Urls` checks whether it can be a base address.
pub(super) fn base_url(text: &str) -> Result<Url, String> {
    Url::parse(text).map_err(|_| "an address such as https://www.sec.gov is expected".to_owned())
}

/// Parses the address of a monitoring service.
pub(super) fn ping_url(text: &str) -> Result<Url, String> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| "an address such as https://hc-ping.com/UUID is expected".to_owned())
}

/// A clock that shows this time at the start of the program.
pub(super) fn clock(text: &str) -> Result<Clock, jiff::Error> {
    text.parse().map(Clock::starting_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_or_none() {
        assert_eq!("10".parse(), Ok(Rate(NonZeroU32::new(10))));
        assert_eq!("None".parse(), Ok(Rate(None)));
        for bad in ["0", "-1", "1.5", "", "fast", "1001"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_time_has_a_unit_and_no_sign() {
        assert_eq!(span("10m"), Ok(Duration::from_mins(10)));
        assert_eq!(span("250ms"), Ok(Duration::from_millis(250)));
        for bad in ["", "10", "-5s", "soon", "400d"] {
            assert!(span(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_size_has_a_decimal_or_a_binary_unit() {
        assert_eq!(size("1GB"), Ok(1_000_000_000));
        assert_eq!(size("500 mb"), Ok(500_000_000));
        assert_eq!(size("2GiB"), Ok(2 << 30));
        assert_eq!(size("1.5kB"), Ok(1500));
        assert_eq!(size("0.123456789123GB"), Ok(123_456_789));
        assert_eq!(size("42"), Ok(42));
        for bad in [
            "",
            "GB",
            "-1GB",
            "1.2.3MB",
            "1XB",
            ".5GB",
            "99999999TB",
            "1e3",
        ] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_unknown_exchange_lists_the_known_ones() {
        let error = "LSE".parse::<ExchangeChoice>().unwrap_err();
        assert!(error.contains("NYSE American"), "{error}");
        assert_eq!("ALL".parse(), Ok(ExchangeChoice::All));
    }
}
