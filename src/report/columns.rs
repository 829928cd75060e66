//! A column chart with a column for each month or run, from left to right, each of one or more parts.

use maud::{Markup, html};

use super::{Series, Tenths, escaped, scaled};

/// The size of the chart and its margins, in tenths of a unit.
const WIDTH: u64 = 9600;
const LEFT: u64 = 800;
const TOP: u64 = 120;
const BOTTOM: u64 = 280;

/// The width of a label below a column: ten characters.
const LABEL: u64 = 900;

pub(super) struct PictureColumn {
    /// The text below the column.
    pub label: String,
    /// The lines of the hover text.
    pub hover: Vec<String>,
    /// The parts from bottom to top, each with its CSS class.
    pub parts: Vec<(&'static str, u64)>,
}

impl PictureColumn {
    fn sum(&self) -> u64 {
        self.parts.iter().map(|(_, value)| value).sum()
    }
}

/// Renders the chart. `unit` formats a value; `height` is the height of the columns, in units.
pub(super) fn columns(
    title: &str,
    series: &[Series],
    columns: &[PictureColumn],
    height: u64,
    unit: fn(u64) -> String,
) -> Markup {
    let most = columns.iter().map(PictureColumn::sum).max().unwrap_or(0);
    let ticks = ticks(most);
    let top = ticks.last().copied().unwrap_or(1);
    let (width, height) = (WIDTH - LEFT, height * 10);
    let count = u64::try_from(columns.len()).unwrap_or(1).max(1);
    // Limits the width of a column when there are few.
    let step = (width / count).min(600);
    let wide = (step * 4 / 5).max(5);
    let labelled = usize::try_from(LABEL.div_ceil(step.max(1))).unwrap_or(1);
    // The vertical position of a value.
    let y = |value: u64| TOP + height - scaled(value, top, height);
    html! {
        figure {
            figcaption { (title) }
            (super::legend(series))
            svg viewBox={ "0 0 " (Tenths(WIDTH)) " " (Tenths(TOP + height + BOTTOM)) } role="img" aria-label=(title) {
                @for tick in &ticks {
                    line class="grid" x1=(Tenths(LEFT)) x2=(Tenths(WIDTH)) y1=(Tenths(y(*tick))) y2=(Tenths(y(*tick))) {}
                    text x=(Tenths(LEFT - 80)) y=(Tenths(y(*tick) + 45)) text-anchor="end" { (unit(*tick)) }
                }
                @for (place, column) in (0_u64..).zip(columns) {
                    @let x = LEFT + place * step;
                    g {
                        title { (escaped_lines(&column.hover)) }
                        rect class="hit" x=(Tenths(x)) y=(Tenths(TOP)) width=(Tenths(step.max(5))) height=(Tenths(height)) {}
                        @for (class, below, value) in stacked(&column.parts) {
                            // Even the smallest part is visible.
                            @let high = (y(below) - y(below + value)).max(10);
                            rect class=(class) x=(Tenths(x + (step - wide.min(step)) / 2)) y=(Tenths(y(below).max(TOP + high) - high))
                                width=(Tenths(wide)) height=(Tenths(high)) {}
                        }
                    }
                }
                @for (place, column) in (0_u64..).zip(columns).step_by(labelled) {
                    @let middle = LEFT + place * step + step / 2;
                    // A label that would be cut off at the edge is left out.
                    @if middle + LABEL / 2 <= WIDTH {
                        text x=(Tenths(middle)) y=(Tenths(TOP + height + 180)) text-anchor="middle" {
                            (escaped(&column.label))
                        }
                    }
                }
            }
        }
    }
}

/// The parts larger than 0, each with the sum of the parts below it.
fn stacked(parts: &[(&'static str, u64)]) -> Vec<(&'static str, u64, u64)> {
    let mut below = 0;
    let mut stacked = Vec::new();
    for (class, value) in parts {
        if *value > 0 {
            stacked.push((*class, below, *value));
        }
        below += value;
    }
    stacked
}

fn escaped_lines(lines: &[String]) -> Markup {
    html! {
        @for (place, line) in lines.iter().enumerate() {
            @if place > 0 { "\n" }
            (escaped(line))
        }
    }
}

/// About four round values from 0 to at least `most`, in steps of 1, 2 or 5 times a power of ten.
fn ticks(most: u64) -> Vec<u64> {
    let most = most.clamp(1, u64::MAX / 4);
    let mut step = 1;
    for factor in [2, 5, 10].iter().cycle() {
        if most.div_ceil(step) <= 4 {
            break;
        }
        let zeros = 10_u64.pow(step.ilog10());
        step = zeros * factor;
    }
    (0..=most.div_ceil(step)).map(|n| n * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks(0), [0, 1]);
        assert_eq!(ticks(1), [0, 1]);
        assert_eq!(ticks(7), [0, 2, 4, 6, 8]);
        assert_eq!(ticks(100), [0, 50, 100]);
        assert_eq!(ticks(1234), [0, 500, 1000, 1500]);
    }

    #[test]
    fn parts_stand_on_each_other() {
        let parts = [("s1", 3), ("s2", 0), ("s3", 4)];
        assert_eq!(stacked(&parts), [("s1", 0, 3), ("s3", 3, 4)]);
    }

    proptest! {
        #[test]
        fn ticks_reach_every_value_with_few_lines(most in any::<u64>()) {
            let ticks = ticks(most);
            prop_assert!(ticks.len() <= 6, "{:?}", ticks);
            prop_assert!(*ticks.last().unwrap() >= most.min(u64::MAX / 4));
            prop_assert!(ticks.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
