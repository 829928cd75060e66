//! Parses dates of EDGAR and of users. Date ranges.

use jiff::civil::Date;
use jiff::{Span, ToSpan};
use thiserror::Error;

/// A range of filing dates, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateRange {
    /// The first day.
    pub since: Date,
    /// The last day.
    pub until: Date,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no day lies between {since} and {until}: the first day must not be after the last one")]
pub struct EmptyRange {
    pub since: Date,
    pub until: Date,
}

impl DateRange {
    /// The days from `since` to `until`.
    ///
    /// # Errors
    ///
    /// If `until` is before `since`.
    pub fn new(since: Date, until: Date) -> Result<Self, EmptyRange> {
        if since > until {
            return Err(EmptyRange { since, until });
        }
        Ok(Self { since, until })
    }

    /// Whether a day is in the range.
    pub fn contains(&self, day: Date) -> bool {
        (self.since..=self.until).contains(&day)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a date: write 2023-01-01, today, or a time back such as 90d, 2w, 6m or 3y")]
pub struct BadDate(pub String);

/// Parses a date of a user: `2023-01-01`, `today`, or a number of days, weeks, months or years (`90d`,
/// `2w`, `6m`, `3y`) back from `today`. Case and surrounding blanks do not matter.
///
/// One month back from 31 March is the last day of February.
///
/// # Errors
///
/// If the text has another form, or the date is outside the calendar.
pub fn parse_when(text: &str, today: Date) -> Result<Date, BadDate> {
    let when = text.trim();
    if when.eq_ignore_ascii_case("today") {
        return Ok(today);
    }
    parse_date(when)
        .or_else(|| today.checked_sub(time_back(when)?).ok())
        .ok_or_else(|| BadDate(text.chars().take(40).collect()))
}

/// Parses `90d`, `2w`, `6m` or `3y`.
fn time_back(text: &str) -> Option<Span> {
    let (unit_at, unit) = text.char_indices().last()?;
    let number = &text[..unit_at];
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: i64 = number.parse().ok()?;
    let span = Span::new();
    match unit.to_ascii_lowercase() {
        'd' => span.try_days(number),
        'w' => span.try_weeks(number),
        'm' => span.try_months(number),
        'y' => span.try_years(number),
        _ => return None,
    }
    .ok()
}

/// Parses exactly `YYYY-MM-DD`. The parser of jiff also accepts times and dates without dashes.
pub(super) fn parse_date(text: &str) -> Option<Date> {
    let &[y3, y2, y1, y0, b'-', m1, m0, b'-', d1, d0] = text.as_bytes() else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_i16, |n, b| {
            b.is_ascii_digit().then(|| n * 10 + i16::from(b - b'0'))
        })
    };
    let small = |digits: &[u8]| number(digits).and_then(|n| i8::try_from(n).ok());
    Date::new(
        number(&[y3, y2, y1, y0])?,
        small(&[m1, m0])?,
        small(&[d1, d0])?,
    )
    .ok()
}

/// The range extended by `days` at both ends, within the calendar.
pub(super) fn widened(from: Date, to: Date, days: i64) -> DateRange {
    DateRange {
        since: from.saturating_sub(days.days()),
        until: to.saturating_add(days.days()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    const TODAY: Date = date(2026, 3, 31);

    #[test]
    fn days_are_read_as_users_write_them() {
        for (text, day) in [
            ("2023-01-01", date(2023, 1, 1)),
            (" today ", TODAY),
            ("0d", TODAY),
            ("90d", date(2025, 12, 31)),
            ("2W", date(2026, 3, 17)),
            ("1m", date(2026, 2, 28)),
            ("6m", date(2025, 9, 30)),
            ("3y", date(2023, 3, 31)),
        ] {
            assert_eq!(parse_when(text, TODAY), Ok(day), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in [
            "",
            "d",
            "-3d",
            "+3d",
            "3",
            "3 d",
            "3h",
            "2023-1-1",
            "2023-02-30",
            "2023-13-01",
            "20230101",
            "99999999y",
            "99999999999999999999d",
            "2023-01-01T00:00",
            "٣d",
            "3é",
        ] {
            assert_eq!(
                parse_when(text, TODAY),
                Err(BadDate(text.to_owned())),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_range_includes_both_ends_and_is_never_empty() {
        let range = DateRange::new(date(2025, 1, 1), date(2025, 1, 1)).unwrap();
        assert!(range.contains(range.since));
        assert!(!range.contains(date(2025, 1, 2)));
        assert!(!range.contains(date(2024, 12, 31)));
        assert_eq!(
            DateRange::new(date(2025, 1, 2), date(2025, 1, 1))
                .unwrap_err()
                .to_string(),
            "no day lies between 2025-01-02 and 2025-01-01: the first day must not be after the last one"
        );
    }

    #[test]
    fn widening_stops_at_the_ends_of_the_calendar() {
        let all = widened(Date::MIN, Date::MAX, 7);
        assert_eq!((all.since, all.until), (Date::MIN, Date::MAX));
    }

    proptest! {
        #[test]
        fn dates_parse_back(year in 0_i16..=9999, month in 1_i8..=12, day in 1_i8..=28) {
            let day = date(year, month, day);
            prop_assert_eq!(parse_date(&day.to_string()), Some(day));
        }

        #[test]
        fn a_time_back_is_never_later(number in 0_u32..100_000, unit in "[dwmyDWMY]") {
            if let Ok(day) = parse_when(&format!("{number}{unit}"), TODAY) {
                prop_assert!(day <= TODAY);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = parse_when(&text, TODAY);
        }

        #[test]
        fn no_near_miss_makes_it_panic(text in "[0-9dwmy-]{0,12}") {
            let _ = parse_when(&text, TODAY);
        }
    }
}
