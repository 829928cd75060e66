//! A bar chart with horizontal bars, each of one or more parts.

use maud::{Markup, html};

use super::{Series, Tenths, escaped, scaled, short};

/// The size of the chart and of its bars, in tenths of a unit.
const WIDTH: u64 = 9600;
const LEFT: u64 = 1900;
const RIGHT: u64 = 2300;
const ROW: u64 = 280;
const BAR: u64 = 180;

/// The label of a bar has at most this many characters. The hover text and the table have the whole name.
const NAME: usize = 24;

pub(super) struct Bar {
    pub name: String,
    /// The parts from left to right, each with its CSS class.
    pub parts: Vec<(&'static str, u64)>,
    /// The value of the whole bar. The largest one has the full length.
    pub whole: u64,
    /// The text after the bar, also in the hover text.
    pub note: String,
}

pub(super) fn bars(title: &str, series: &[Series], bars: &[Bar]) -> Markup {
    let most = bars.iter().map(|bar| bar.whole).max().unwrap_or(0);
    let rows = u64::try_from(bars.len()).unwrap_or(1);
    let length = WIDTH - LEFT - RIGHT;
    html! {
        figure {
            figcaption { (title) }
            (super::legend(series))
            svg viewBox={ "0 0 " (Tenths(WIDTH)) " " (Tenths(rows * ROW + 40)) } role="img" aria-label=(title) {
                @for (row, bar) in (0_u64..).zip(bars) {
                    @let y = row * ROW + 40;
                    g {
                        title { (escaped(&bar.name)) ": " (escaped(&bar.note)) }
                        rect class="hit" x="0" y=(Tenths(y - 30)) width=(Tenths(WIDTH)) height=(Tenths(ROW)) {}
                        text class="label" x=(Tenths(LEFT - 100)) y=(Tenths(y + 140)) text-anchor="end" {
                            (short(&bar.name, NAME))
                        }
                        rect class="all" x=(Tenths(LEFT)) y=(Tenths(y)) width=(Tenths(scaled(bar.whole, most, length)))
                            height=(Tenths(BAR)) {}
                        @for (class, x, wide) in parts(bar, most, length) {
                            rect class=(class) x=(Tenths(LEFT + x)) y=(Tenths(y)) width=(Tenths(wide)) height=(Tenths(BAR)) {}
                        }
                        text x=(Tenths(LEFT + scaled(bar.whole, most, length) + 80)) y=(Tenths(y + 140)) {
                            (short(&bar.note, 32))
                        }
                    }
                }
            }
        }
    }
}

/// The parts larger than 0: the CSS class, the beginning and the length of each.
fn parts(bar: &Bar, most: u64, length: u64) -> Vec<(&'static str, u64, u64)> {
    let mut sum = 0;
    let mut parts = Vec::new();
    for (class, value) in &bar.parts {
        let from = scaled(sum, most, length);
        sum += value;
        if *value > 0 {
            // Even the smallest part is visible.
            let wide = (scaled(sum, most, length) - from).max(10);
            parts.push((*class, from, wide));
        }
    }
    parts
}
