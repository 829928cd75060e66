//! The page of `report`: pure, facts in and HTML out.
//!
//! One page without scripts and without anything from elsewhere: its content security policy lets a
//! browser load nothing, and apply no style but the one within. Pictures are SVG, each with hover
//! texts and a table of the same numbers below it. `maud` escapes every text; [`said`] also takes out
//! the control characters that HTML does not allow.

mod bars;
mod columns;
mod page;
mod style;
mod tables;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};

use crate::diagnosis::{Coverage, FailuresOfKind};
use crate::progress::format::printable;
use crate::store::{Holdings, MonthHoldings, RunRow, SelectionRow};

pub use page::GENERATOR;

/// What the page shows.
#[derive(Debug, Clone)]
pub struct ReportFacts {
    /// When it is made.
    pub made_at: Timestamp,
    /// The database, as it was named.
    pub database: String,
    /// The oldest day through which the followed selections are complete.
    pub through: Option<Date>,
    /// What the database holds, each filing and file counted once.
    pub total: Holdings,
    /// The companies that the selections ask for, by exchange.
    pub coverage: Coverage,
    /// What is recorded as asked for.
    pub selections: Vec<SelectionRow>,
    /// By month of the filing date (`2026-01`) and form.
    pub months: BTreeMap<(String, String), MonthHoldings>,
    /// The last runs, newest first.
    pub runs: Vec<RunRow>,
    /// By kind.
    pub failures: Vec<FailuresOfKind>,
    /// What the database holds by form.
    pub forms: BTreeMap<String, Holdings>,
}

impl ReportFacts {
    /// The page.
    pub fn page(&self) -> String {
        page::page(self).into_string()
    }
}

/// A text from outside: in HTML nothing but a text.
fn said(text: &str) -> Markup {
    html! { (printable(text)) }
}

/// A text cut to so many characters, for a place that holds no more.
fn short(text: &str, most: usize) -> String {
    let text = printable(text);
    if text.chars().count() <= most {
        return text;
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    kept + "\u{2026}"
}

/// One colour of a picture, and what it stands for.
struct Series {
    name: String,
    /// The class that has the colour: `s1` to `s5`, `rest`, or a status.
    class: &'static str,
}

/// What the colours of a picture stand for; nothing where there is one colour only.
fn legend(series: &[Series]) -> Markup {
    html! {
        @if series.len() > 1 {
            ul class="legend" {
                @for one in series {
                    li { span class={ "key " (one.class) } {} " " (said(&one.name)) }
                }
            }
        }
    }
}

/// A length or place in a picture, in tenths of a unit.
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

/// The part of `length` that `value` is of `most`; never more than all of it.
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
