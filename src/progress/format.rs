//! Formats numbers, sizes and times, and removes harmful characters.

use std::fmt::Write as _;
use std::time::Duration;

/// A number with separators, such as `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with its noun in singular or plural, such as `1 file` and `1,234 files`.
pub fn counted(number: u64, [one, more]: [&str; 2]) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { more })
}

/// A number of bytes in a decimal unit, such as `1.5 MB`.
#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if number < 1000 {
        return format!("{number} B");
    }
    let mut value = number as f64 / 1000.0;
    let mut unit = 0;
    // 999.95 would round to 1000.0.
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A duration, such as `0:07`, `12:34` or `3:00:00`.
pub fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if h > 0 {
        format!("{h}:{m:02}:{s:02}")
    } else {
        format!("{m}:{s:02}")
    }
}

/// The share in percent, rounded down so that 100 means complete. Zero if `whole` is zero.
pub fn percent(part: u64, whole: u64) -> u64 {
    u128::from(part)
        .checked_mul(100)
        .and_then(|p| p.checked_div(u128::from(whole)))
        .and_then(|p| u64::try_from(p).ok())
        .unwrap_or(0)
}

/// Seconds, rounded to milliseconds.
pub fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

/// Text from the network that is safe to print on a terminal: one line, without escape sequences and
/// characters that change the writing direction.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if is_harmful(c) { '?' } else { c })
        .collect()
}

/// A JSON document that is safe to print on a terminal, with the same content. Harmful characters that
/// serde does not escape occur only within strings; they become `\u` escapes.
pub fn printable_json(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if is_harmful(c) && c != '\n' {
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text
}

/// Control characters, and characters without a width or with a direction. All are below U+10000.
fn is_harmful(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    c.is_control() || turns
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn counts_have_separators() {
        let shown = [0, 12, 999, 1000, 12_345, 1_234_567].map(count);
        assert_eq!(shown, ["0", "12", "999", "1,000", "12,345", "1,234,567"]);
    }

    #[test]
    fn sizes_take_the_unit_that_fits() {
        let shown = [0, 999, 1000, 1_550_000, 999_960, u64::MAX].map(bytes);
        assert_eq!(
            shown,
            ["0 B", "999 B", "1.0 kB", "1.6 MB", "1.0 MB", "18446.7 PB"]
        );
    }

    #[test]
    fn times_look_like_a_clock() {
        let shown = [0, 67, 3599, 3600, 90_061].map(|s| clock(Duration::from_secs(s)));
        assert_eq!(shown, ["0:00", "1:07", "59:59", "1:00:00", "25:01:01"]);
    }

    #[test]
    fn only_all_is_a_hundred_percent() {
        assert_eq!(percent(5910, 5911), 99);
        assert_eq!(percent(5911, 5911), 100);
        assert_eq!(percent(0, 0), 0);
    }

    proptest! {
        #[test]
        fn plain_text_holds_no_control_character(text in any::<String>()) {
            prop_assert!(!printable(&text).chars().any(char::is_control));
        }

        #[test]
        fn plain_json_says_the_same_and_holds_no_control_character(text in any::<String>()) {
            let json = serde_json::to_string_pretty(&[&text]).unwrap();
            let shown = printable_json(&json);
            prop_assert!(!shown.chars().any(|c| is_harmful(c) && c != '\n'));
            prop_assert_eq!(serde_json::from_str::<[String; 1]>(&shown).unwrap(), [text]);
        }

        #[test]
        fn separators_do_not_change_the_number(number in any::<u64>()) {
            prop_assert_eq!(count(number).replace(',', ""), number.to_string());
        }
    }
}
