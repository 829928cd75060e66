//! The table below a picture.

use maud::{Markup, html};

use super::said;

/// One cell of a table.
pub(super) enum ReportCell {
    Text(String),
    /// A number with its unit, at the right.
    Number(String),
    /// A day or time, which is not broken.
    Day(String),
}

impl ReportCell {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

/// A table that stands open.
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
                            th scope="col" class=[numbers.get(place).is_some_and(|is| *is).then_some("number")] { (said(header)) }
                        }
                    }
                }
                tbody {
                    @for row in rows {
                        tr {
                            @for (place, cell) in row.iter().enumerate() {
                                @if let (0, ReportCell::Text(name)) = (place, cell) {
                                    th scope="row" { (said(name)) }
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
        ReportCell::Text(text) => html! { td { (said(text)) } },
        ReportCell::Number(number) => html! { td class="number" { (said(number)) } },
        ReportCell::Day(day) => html! { td class="day" { (said(day)) } },
    }
}

/// A table that opens when it is asked for, and in print.
pub(super) fn folded(caption: &str, headers: &[&str], rows: Vec<Vec<ReportCell>>) -> Markup {
    html! {
        details {
            summary { "The numbers as a table" }
            (table(caption, headers, rows))
        }
    }
}
