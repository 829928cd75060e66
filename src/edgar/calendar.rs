//! EDGAR's calendar: the days on which it is open, and the hour at which a daily index is available.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;

/// The hour of the next day in New York from which a daily index is available. The files are stamped about
/// 22:00, and users report that they can be read from 06:00.
const PUBLISHED_FROM: i8 = 6;

/// The time zone of New York as a POSIX rule, because a small container may have no time zone database.
fn new_york() -> TimeZone {
    TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").expect("a constant that the tests parse")
}

/// The day in New York, which EDGAR uses as the filing date.
pub fn filing_day(now: Timestamp) -> Date {
    new_york().to_datetime(now).date()
}

/// The moment of a local time in New York; `None` outside the calendar.
pub fn from_new_york(time: DateTime) -> Option<Timestamp> {
    new_york().to_timestamp(time).ok()
}

/// The last day whose daily index is available, provided that EDGAR was open on it.
pub fn indexed_through(now: Timestamp) -> Date {
    let local = new_york().to_datetime(now);
    let yesterday = day_before(local.date());
    if local.hour() >= PUBLISHED_FROM {
        yesterday
    } else {
        day_before(yesterday)
    }
}

/// The day before; the first day of the calendar for itself.
pub fn day_before(day: Date) -> Date {
    day.yesterday().unwrap_or(day)
}

/// Whether this is a Saturday or Sunday, for which EDGAR never has an index.
pub fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// Whether this is a federal holiday, or the weekday on which one is observed. EDGAR is closed on these
/// days and on a few others that the president declares.
pub fn is_federal_holiday(day: Date) -> bool {
    let (month, number, weekday) = (day.month(), day.day(), day.weekday());
    let nth = (number - 1) / 7 + 1;
    let moving = match weekday {
        // Martin Luther King Day, Washington's Birthday, Labor Day, Columbus Day and Memorial Day.
        Weekday::Monday => {
            matches!((month, nth), (1 | 2, 3) | (9, 1) | (10, 2)) || (month == 5 && number > 24)
        }
        Weekday::Thursday => (month, nth) == (11, 4),
        _ => false,
    };
    // A holiday on a Saturday is observed the day before, one on a Sunday the day after.
    let observed = match weekday {
        Weekday::Friday => day.tomorrow().is_ok_and(is_fixed_holiday),
        Weekday::Monday => day.yesterday().is_ok_and(is_fixed_holiday),
        _ => false,
    };
    moving || is_fixed_holiday(day) || observed
}

/// New Year, Juneteenth (since 2021), Independence Day, Veterans Day, Christmas.
fn is_fixed_holiday(day: Date) -> bool {
    match (day.month(), day.day()) {
        (6, 19) => day.year() >= 2021,
        date => matches!(date, (1, 1) | (7, 4) | (11, 11) | (12, 25)),
    }
}

/// The quarter of the year, 1 to 4.
pub fn quarter(day: Date) -> i8 {
    (day.month() - 1) / 3 + 1
}

/// Whether EDGAR was open on a day of this quarter up to `until`. Before that, the quarter has no index.
pub fn has_begun(year: i16, quarter: i8, until: Date) -> bool {
    let Ok(first) = Date::new(year, 3 * quarter - 2, 1) else {
        return false;
    };
    first
        .series(jiff::Span::new().days(1))
        .take_while(|day| *day <= until)
        .any(|day| !is_weekend(day) && !is_federal_holiday(day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn holidays_are_known_with_the_days_on_which_they_are_observed() {
        for day in [
            date(2026, 1, 1),
            date(2026, 1, 19),
            date(2026, 2, 16),
            date(2026, 5, 25),
            date(2026, 6, 19),
            date(2026, 7, 3), // the 4th is a Saturday
            date(2026, 9, 7),
            date(2026, 10, 12),
            date(2026, 11, 11),
            date(2026, 11, 26),
            date(2026, 12, 25),
            date(2022, 12, 26), // the 25th is a Sunday
            date(2021, 12, 31), // New Year is a Saturday
        ] {
            assert!(is_federal_holiday(day), "{day}");
        }
        for day in [
            date(2026, 7, 2),
            date(2026, 11, 27),
            date(2020, 6, 19),
            date(2026, 5, 18),
        ] {
            assert!(!is_federal_holiday(day), "{day}");
        }
    }

    #[test]
    fn an_index_is_there_from_six_in_the_morning_of_the_next_day() {
        let at = |text: &str| indexed_through(text.parse().unwrap());
        // Winter: New York is five hours behind.
        assert_eq!(at("2026-01-15T10:59:59Z"), date(2026, 1, 13));
        assert_eq!(at("2026-01-15T11:00:00Z"), date(2026, 1, 14));
        // Summer: four.
        assert_eq!(at("2026-07-15T09:59:59Z"), date(2026, 7, 13));
        assert_eq!(at("2026-07-15T10:00:00Z"), date(2026, 7, 14));
        assert_eq!(at("2026-07-16T03:59:59Z"), date(2026, 7, 14));
    }

    #[test]
    fn filings_are_dated_in_new_york() {
        let day = |text: &str| filing_day(text.parse().unwrap());
        assert_eq!(day("2026-07-15T03:59:59Z"), date(2026, 7, 14));
        assert_eq!(day("2026-07-15T04:00:00Z"), date(2026, 7, 15));
    }

    #[test]
    fn a_quarter_begins_with_its_first_working_day() {
        for (until, begun) in [
            (date(2025, 12, 31), false),
            (date(2026, 1, 1), false),
            (date(2026, 1, 2), true),
            (date(2027, 5, 5), true),
        ] {
            assert_eq!(has_begun(2026, 1, until), begun, "{until}");
        }
        assert!(!has_begun(2026, 3, date(2026, 1, 2)));
    }

    #[test]
    fn a_year_has_four_quarters() {
        let quarters = [1, 3, 4, 6, 7, 9, 10, 12].map(|month| quarter(date(2026, month, 1)));
        assert_eq!(quarters, [1, 1, 2, 2, 3, 3, 4, 4]);
    }
}
