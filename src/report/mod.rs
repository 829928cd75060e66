//! Renders the HTML page of `report`. Pure.
//!
//! The page has no scripts and loads nothing: its content security policy allows only its own style sheet.
//! Charts are SVG with hover texts, and a table below each has the same numbers. `maud` escapes every text,
//! and [`escaped`] also replaces control characters, which HTML does not allow.

mod bars;
mod columns;
mod sections;
mod style;
mod tables;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};

use crate::diagnosis::{Coverage, FailuresOfKind};
use crate::progress::format::printable;
use crate::store::{Holdings, MonthHoldings, RunRow, SelectionRow};

pub use sections::GENERATOR;

/// The data of the page.
#[derive(Debug, Clone)]
pub struct ReportFacts {
    pub made_at: Timestamp,
    /// The path of the database as the user gave it.
    pub database: String,
    /// The oldest day through which the followed selections are complete.
    pub through: Option<Date>,
    /// Totals, each filing and file counted once.
    pub total: Holdings,
    /// The companies of the selections, by exchange.
    pub coverage: Coverage,
    pub selections: Vec<SelectionRow>,
    /// Filings and bytes by month of the filing date (`2026-01`) and form.
    pub months: BTreeMap<(String, String), MonthHoldings>,
    /// The last runs, newest first.
    pub runs: Vec<RunRow>,
    pub failures: Vec<FailuresOfKind>,
    /// Totals by form.
    pub forms: BTreeMap<String, Holdings>,
}

impl ReportFacts {
    /// Renders the page.
    pub fn page(&self) -> String {
        sections::page(self).into_string()
    }
}

/// A text from outside the program, escaped and without control characters.
fn escaped(text: &str) -> Markup {
    html! { (printable(text)) }
}

/// A text, shortened to at most this many characters.
fn short(text: &str, most: usize) -> String {
    let text = printable(text);
    if text.chars().count() <= most {
        return text;
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    kept + "\u{2026}"
}

/// A colour of a chart and its meaning.
struct Series {
    name: String,
    /// The CSS class of the colour: `s1` to `s5`, `rest`, or a status.
    class: &'static str,
}

/// The legend of a chart; empty if there is only one colour.
fn legend(series: &[Series]) -> Markup {
    html! {
        @if series.len() > 1 {
            ul class="legend" {
                @for one in series {
                    li { span class={ "key " (one.class) } {} " " (escaped(&one.name)) }
                }
            }
        }
    }
}

/// A length or position in a chart, in tenths of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tenths(u64);

impl std::fmt::Display for Tenths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0 / 10, self.0 % 10)
    }
}

impl maud::Render for Tenths {
    fn render_to(&self, buffer: &mut String) {
        use std::fmt::Write as _;
        write!(buffer, "{self}").expect("a String takes all");
    }
}

/// `length` times `value` divided by `most`; at most `length`.
fn scaled(value: u64, most: u64, length: u64) -> u64 {
    let part = u128::from(value.min(most)) * u128::from(length) / u128::from(most.max(1));
    u64::try_from(part).unwrap_or(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_never_longer_than_the_whole() {
        assert_eq!(scaled(5, 10, 100), 50);
        assert_eq!(scaled(11, 10, 100), 100);
        assert_eq!(scaled(1, 0, 100), 0);
        assert_eq!(scaled(u64::MAX, u64::MAX, 8800), 8800);
    }

    #[test]
    fn a_long_text_ends_with_a_sign_that_it_does_not_end_there() {
        assert_eq!(short("abcdef", 6), "abcdef");
        assert_eq!(short("abcdefg", 6), "abcde\u{2026}");
        assert_eq!(short("a\u{1b}b", 6), "a?b");
    }
}
