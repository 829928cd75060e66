//! Tables, most of them below a chart.

use maud::{Markup, html};

use super::escaped;

pub(super) enum ReportCell {
    Text(String),
    /// A number with its unit, aligned right.
    Number(String),
    /// A day or time, without a line break.
    Day(String),
}

impl ReportCell {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

/// A visible table.
pub(super) fn table(caption: &str, headers: &[&str], rows: Vec<Vec<ReportCell>>) -> Markup {
    let numbers: Vec<bool> = match rows.first() {
        Some(row) => row
            .iter()
            .map(|cell| matches!(cell, ReportCell::Number(_)))
            .collect(),
        None => Vec::new(),
    };
    html! {
        div class="scroll" {
            table {
                caption { (caption) }
                thead {
                    tr {
                        @for (place, header) in headers.iter().enumerate() {
                            th scope="col" class=[numbers.get(place).is_some_and(|is| *is).then_some("number")] { (escaped(header)) }
                        }
                    }
                }
                tbody {
                    @for row in rows {
                        tr {
                            @for (place, cell) in row.iter().enumerate() {
                                @if let (0, ReportCell::Text(name)) = (place, cell) {
                                    th scope="row" { (escaped(name)) }
                                } @else {
                                    (data(cell))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn data(cell: &ReportCell) -> Markup {
    match cell {
        ReportCell::Text(text) => html! { td { (escaped(text)) } },
        ReportCell::Number(number) => html! { td class="number" { (escaped(number)) } },
        ReportCell::Day(day) => html! { td class="day" { (escaped(day)) } },
    }
}

/// A collapsed table. The reader can open it, and it is open in print.
pub(super) fn folded(caption: &str, headers: &[&str], rows: Vec<Vec<ReportCell>>) -> Markup {
    html! {
        details {
            summary { "The numbers as a table" }
            (table(caption, headers, rows))
        }
    }
}
