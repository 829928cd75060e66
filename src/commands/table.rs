//! Tables for a terminal: aligned, no wider than the terminal, without control characters from the network.

use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle,
};

use crate::config::PrintStyle;
use crate::progress::format::printable;

/// Only a line below the header.
const STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('-').junction('-'));

/// A table with a header. Columns of numbers are right-aligned and never wrapped; texts are wrapped if the
/// terminal is too narrow. Cells may contain text from the network.
pub(super) fn table(headers: &[&str], rows: Vec<Vec<String>>, style: PrintStyle) -> String {
    let mut table = Table::new();
    table
        .load_style(STYLE)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(style.width).unwrap_or(u16::MAX))
        .set_header(headers.iter().copied());
    let numbers: Vec<bool> = (0..headers.len())
        .map(|column| {
            let mut cells = rows.iter().filter_map(|row| row.get(column));
            cells.all(|cell| is_number(cell))
        })
        .collect();
    for row in rows {
        table.add_row(row.iter().map(|cell| printable(cell)));
    }
    for (column, numbers) in table.column_iter_mut().zip(numbers) {
        column.set_padding((0, 1));
        if numbers {
            column.set_cell_alignment(CellAlignment::Right);
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    let mut text = String::new();
    for (i, line) in table.lines().enumerate() {
        // Emphasis is added after the layout, because escape sequences would change the widths.
        let line = line.trim_end();
        match (i, style.styled) {
            (0, true) => text.extend(["\u{1b}[1m", line, "\u{1b}[0m\n"]),
            _ => text.extend([line, "\n"]),
        }
    }
    text
}

/// The width below which columns are left out.
const USUAL: usize = 80;

/// A column of texts gets at least this width before another column is left out.
const TEXT: usize = 16;

/// As [`table`]; on a terminal that is too narrow, columns are left out, the first of `less` first,
/// before a word would have to be broken. `--json` has them all.
pub(super) fn fit(
    headers: &[&str],
    rows: Vec<Vec<String>>,
    style: PrintStyle,
    less: &[&str],
) -> String {
    let (mut headers, mut rows) = (headers.to_vec(), rows);
    let mut less = less.iter();
    while style.width < USUAL && needed(&headers, &rows) > style.width {
        let Some(name) = less.next() else { break };
        if let Some(column) = headers.iter().position(|header| header == name) {
            headers.remove(column);
            for row in rows.iter_mut().filter(|row| column < row.len()) {
                row.remove(column);
            }
        }
    }
    table(&headers, rows, style)
}

/// The minimum width at which no number and no word is broken.
fn needed(headers: &[&str], rows: &[Vec<String>]) -> usize {
    let length = |text: &str| text.chars().count();
    let word = |text: &str| text.split_whitespace().map(length).max().unwrap_or(0);
    let widths = headers.iter().enumerate().map(|(column, header)| {
        let cells = || rows.iter().filter_map(|row| row.get(column));
        let longest = cells().map(|cell| length(cell)).max().unwrap_or(0);
        let least = if cells().all(|cell| is_number(cell)) {
            longest
        } else {
            let words = cells().map(|cell| word(cell)).max().unwrap_or(0);
            words.max(longest.min(TEXT))
        };
        least.max(word(header)) + 1
    });
    // A blank after each column, and one between two.
    widths.sum::<usize>() + headers.len().saturating_sub(1)
}

/// Whether a cell is a number, a size, a share or empty.
fn is_number(cell: &str) -> bool {
    const UNITS: [&str; 8] = ["", "%", " B", " kB", " MB", " GB", " TB", " PB"];
    let rest = cell.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, ',' | '.'));
    match cell.chars().next() {
        None => true,
        Some('-') => cell == "-",
        Some(first) => first.is_ascii_digit() && UNITS.contains(&rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAIN: PrintStyle = PrintStyle {
        width: 80,
        styled: false,
        is_terminal: false,
    };

    fn rows(cells: &[&[&str]]) -> Vec<Vec<String>> {
        let row = |row: &&[&str]| row.iter().map(ToString::to_string).collect();
        cells.iter().map(row).collect()
    }

    #[test]
    fn numbers_stand_on_the_right_and_texts_on_the_left() {
        let rows = rows(&[
            &["Nasdaq", "3,400", "1.5 MB", "99%"],
            &["NYSE American", "7", "12 B", "-"],
        ]);
        insta::assert_snapshot!(table(
            &["Exchange", "Companies", "Bytes", "Share"],
            rows,
            PLAIN
        ));
    }

    #[test]
    fn a_narrow_page_has_fewer_columns_and_whole_words() {
        let cells: &[&[&str]] = &[&["NYSE American", "1,234", "1,234,567", "1.5 MB", "2"]];
        let headers = ["Exchange", "Companies", "Downloaded", "Bytes", "Failed"];
        let on = |width| {
            let style = PrintStyle { width, ..PLAIN };
            fit(&headers, rows(cells), style, &["Bytes", "Companies"])
        };
        for (width, gone) in [
            (80, &[][..]),
            (60, &[]),
            (45, &["Bytes"]),
            (40, &["Bytes", "Companies"]),
        ] {
            let text = on(width);
            for header in headers {
                assert_eq!(
                    !text.contains(header),
                    gone.contains(&header),
                    "{width}: {text}"
                );
            }
            assert!(text.contains("NYSE American"), "{text}");
            assert!(
                text.lines().all(|line| line.len() <= width),
                "{width}: {text}"
            );
        }
    }

    #[test]
    fn a_table_of_numbers_fits_a_page_that_is_just_too_narrow() {
        let cells: &[&[&str]] = &[&["2026", "42", "1,234", "0", "0"]];
        let headers = ["Year", "Filings", "Downloaded", "Pending", "Failed"];
        for width in 20..60 {
            let style = PrintStyle { width, ..PLAIN };
            let text = fit(
                &headers,
                rows(cells),
                style,
                &["Pending", "Failed", "Filings"],
            );
            let longest = text.lines().map(str::len).max().unwrap();
            assert!(longest <= width, "{width}: {text}");
            assert_eq!(text.lines().count(), 3, "{width}: {text}");
        }
    }

    #[test]
    fn a_table_without_rows_is_its_header() {
        insta::assert_snapshot!(table(&["CIK", "Name"], Vec::new(), PLAIN));
    }

    #[test]
    fn only_the_header_is_styled_and_only_where_that_is_wanted() {
        let styled = PrintStyle {
            styled: true,
            ..PLAIN
        };
        let text = table(&["A"], rows(&[&["b"]]), styled);
        assert!(text.starts_with("\u{1b}[1m"), "{text:?}");
        assert_eq!(text.matches('\u{1b}').count(), 2);
        assert!(!table(&["A"], rows(&[&["b"]]), PLAIN).contains('\u{1b}'));
    }

    #[test]
    fn long_names_are_wrapped_and_numbers_are_not() {
        let name =
            "The Company With A Name That Is Longer Than Any Table Could Ever Be Wide ".repeat(2);
        let text = table(
            &["CIK", "Name", "Filings"],
            rows(&[&["320193", &name, "1,234,567"]]),
            PLAIN,
        );
        assert!(
            text.contains("320193") && text.contains("1,234,567"),
            "{text}"
        );
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_page_and_nothing_escapes(cells in proptest::collection::vec(("[a-zA-Z ]{0,200}", any::<String>(), 0..10_000_000_u32), 0..5)) {
            let rows = cells.into_iter().map(|(a, b, n)| vec![a, b, n.to_string()]).collect();
            let text = table(&["Name", "Anything", "Number"], rows, PLAIN);
            for line in text.lines() {
                prop_assert!(console_width(line) <= 80, "{line:?}");
                prop_assert!(!line.chars().any(char::is_control));
            }
        }
    }

    /// Zero-width characters count as one column, so that widths are never underestimated.
    fn console_width(line: &str) -> usize {
        if line.is_ascii() { line.len() } else { 0 }
    }
}
