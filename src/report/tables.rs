//! The table below a picture.

use maud::{Markup, html};

use super::said;

/// One cell of a table.
pub(super) enum TableCell {
    Text(String),
    /// A number with its unit, at the right.
    Number(String),
    /// A day or time, which is not broken.
    Day(String),
}

impl TableCell {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

/// A table that stands open.
pub(super) fn table(caption: &str, headers: &[&str], rows: Vec<Vec<TableCell>>) -> Markup {
    let numbers: Vec<bool> = match rows.first() {
        Some(row) => row
            .iter()
            .map(|cell| matches!(cell, TableCell::Number(_)))
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
                                @if let (0, TableCell::Text(name)) = (place, cell) {
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

fn data(cell: &TableCell) -> Markup {
    match cell {
        TableCell::Text(text) => html! { td { (said(text)) } },
        TableCell::Number(number) => html! { td class="number" { (said(number)) } },
        TableCell::Day(day) => html! { td class="day" { (said(day)) } },
    }
}

/// A table that opens when it is asked for, and in print.
pub(super) fn folded(caption: &str, headers: &[&str], rows: Vec<Vec<TableCell>>) -> Markup {
    html! {
        details {
            summary { "The numbers as a table" }
            (table(caption, headers, rows))
        }
    }
}
