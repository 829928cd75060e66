//! The days on which EDGAR accepts filings.

use jiff::civil::{Date, Weekday};

/// Whether EDGAR is open: a weekday that is not a federal holiday.
///
/// A holiday on a weekend is not moved to another day.
pub(crate) fn is_business_day(date: Date) -> bool {
    let (month, day, weekday) = (date.month(), date.day(), date.weekday());
    match weekday {
        Weekday::Saturday | Weekday::Sunday => return false,
        Weekday::Monday => {
            let nth = (day - 1) / 7 + 1;
            // King, Presidents, Memorial, Labor and Columbus Day.
            if matches!((month, nth), (1 | 2, 3) | (9, 1) | (10, 2)) || (month == 5 && day > 24) {
                return false;
            }
        }
        Weekday::Thursday if month == 11 && (22..=28).contains(&day) => return false,
        _ => {}
    }
    match (month, day) {
        (1, 1) | (7, 4) | (11, 11) | (12, 25) => false,
        (6, 19) => date.year() < 2021,
        _ => true,
    }
}

/// The first business day at or after the day `day` of `year`, counted from 1. For a `day` up to 355 it is
/// in the same year.
pub(crate) fn business_day(year: i16, day: u64) -> Date {
    let mut date = day_of(year, day.clamp(1, 355));
    while !is_business_day(date) {
        date = date.tomorrow().unwrap_or(date);
    }
    date
}

/// The day `day` of `year`, counted from 1.
fn day_of(year: i16, day: u64) -> Date {
    let leap = i8::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    let lengths = [31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut left = i16::try_from(day).unwrap_or(1);
    for (month, length) in (1..).zip(lengths) {
        if left <= i16::from(length) {
            let day = i8::try_from(left).unwrap_or(1);
            return Date::new(year, month, day).unwrap_or(Date::ZERO);
        }
        left -= i16::from(length);
    }
    Date::new(year, 12, 31).unwrap_or(Date::ZERO)
}

/// `date` moved by some days; `date` itself if the result is out of range.
pub(crate) fn plus_days(date: Date, days: i64) -> Date {
    date.checked_add(jiff::SignedDuration::from_hours(24 * days))
        .unwrap_or(date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn weekends_and_holidays_are_no_business_days() {
        for day in [
            date(2024, 1, 1),
            date(2024, 1, 15),
            date(2024, 5, 27),
            date(2024, 6, 19),
            date(2024, 7, 4),
            date(2024, 11, 28),
            date(2024, 12, 25),
            date(2024, 8, 3),
        ] {
            assert!(!is_business_day(day), "{day}");
        }
        for day in [date(2024, 1, 2), date(2024, 5, 20), date(2019, 6, 19)] {
            assert!(is_business_day(day), "{day}");
        }
    }

    #[test]
    fn a_business_day_stays_in_its_year_and_on_or_after_its_day() {
        for year in 1993..2030 {
            for day in 1..=355 {
                let date = business_day(year, day);
                assert_eq!(date.year(), year);
                assert!(date >= day_of(year, day) && is_business_day(date));
            }
        }
        assert_eq!(day_of(2024, 60), date(2024, 2, 29));
        assert_eq!(day_of(2023, 60), date(2023, 3, 1));
    }
}
