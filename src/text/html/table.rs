//! Writes tables: aligns cells to columns, joins signs in separate cells to their numbers, and writes
//! tables that were used only for layout as text.

use super::flow::TextFlow;
use crate::text::TextFormat;

/// The largest number of columns that spans can create. The HTML standard sets this number.
const MOST_COLUMNS: u32 = 1000;

/// A cell with more bytes has paragraphs of text, so that its table is used for layout.
const LONG_CELL: usize = 600;

/// A cell with text.
#[derive(Debug)]
struct TableCell {
    /// The first column of the cell, and the one after its last.
    column: u32,
    end: u32,
    text: String,
    holds_table: bool,
}

/// A table that is being read.
#[derive(Debug, Default)]
pub(super) struct TableText {
    rows: Vec<Vec<TableCell>>,
    /// For each column, the first row that is not covered by a cell of an earlier row.
    taken: Vec<u32>,
    column: u32,
    /// The number of rows so far, including rows without text.
    row: u32,
}

impl TableText {
    pub(super) fn begin_row(&mut self) {
        self.row += 1;
        self.column = 0;
        if self.rows.last().is_none_or(|row| !row.is_empty()) {
            self.rows.push(Vec::new());
        }
    }

    /// Adds the next cell of the row.
    pub(super) fn cell(&mut self, columns: u32, rows: u32, text: String, holds_table: bool) {
        if self.rows.is_empty() {
            self.begin_row();
        }
        while self.is_taken(self.column) {
            self.column += 1;
        }
        let column = self.column;
        self.column = self.column.saturating_add(columns);
        if rows > 1 {
            let last = self.column.min(MOST_COLUMNS) as usize;
            if self.taken.len() < last {
                self.taken.resize(last, 0);
            }
            for taken in self.taken.iter_mut().take(last).skip(column as usize) {
                *taken = self.row.saturating_add(rows);
            }
        }
        if !text.is_empty()
            && let Some(row) = self.rows.last_mut()
        {
            row.push(TableCell {
                column,
                end: self.column,
                text,
                holds_table,
            });
        }
    }

    fn is_taken(&self, column: u32) -> bool {
        self.taken
            .get(column as usize)
            .is_some_and(|&row| row > self.row)
    }

    pub(super) fn write(mut self, flow: &mut TextFlow, format: TextFormat) {
        self.rows.retain(|row| !row.is_empty());
        if self.rows.is_empty() {
            return;
        }
        flow.line_break(2);
        for row in &mut self.rows {
            join_signs(row);
        }
        let cells = || self.rows.iter().flatten();
        let is_layout = cells().any(|cell| {
            cell.holds_table || cell.text.len() > LONG_CELL && cell.text.contains("\n\n")
        });
        let starts = column_starts(&self.rows);
        if is_layout || starts.is_empty() {
            write_cells(&self.rows, flow);
        } else if starts.len() == 1 && self.rows.iter().all(|row| is_item(row)) {
            write_items(&self.rows, flow, format);
        } else {
            write_grid(&self.rows, &starts, flow, format);
        }
        flow.line_break(2);
    }
}

/// Writes each cell as a separate block.
fn write_cells(rows: &[Vec<TableCell>], flow: &mut TextFlow) {
    for row in rows {
        flow.block();
        for cell in row {
            if cell.holds_table {
                flow.line_break(2);
            } else {
                flow.block();
            }
            flow.lines(&cell.text);
            if cell.holds_table {
                flow.line_break(2);
            }
        }
    }
}

/// Whether a row is a list item: a bullet, a number or a letter, followed by a text.
fn is_item(row: &[TableCell]) -> bool {
    match row {
        [_] => true,
        [mark, _] => is_mark(&mark.text),
        _ => false,
    }
}

fn is_mark(text: &str) -> bool {
    let length = text.chars().count();
    let ends = |c: char| {
        matches!(
            c,
            '.' | ')'
                | '•'
                | '●'
                | '·'
                | '-'
                | '–'
                | '—'
                | '○'
                | '■'
                | '▪'
                | '*'
                | '☐'
                | '☒'
                | '☑'
                | '➢'
                | '✓'
                | '◆'
                | '❖'
                | '†'
                | '‡'
                | '#'
        )
    };
    length <= 6 && text.ends_with(ends)
}

fn write_items(rows: &[Vec<TableCell>], flow: &mut TextFlow, format: TextFormat) {
    for row in rows {
        flow.block();
        match row.as_slice() {
            [mark, text] => {
                let mut lines = text.text.lines();
                let first = lines.next().unwrap_or_default();
                let mark = match mark.text.as_str() {
                    "•" | "●" | "·" | "■" | "▪" if format == TextFormat::Markdown => "-",
                    mark => mark,
                };
                flow.raw_line(&format!("{mark} {first}"));
                for line in lines {
                    flow.line_break(if line.is_empty() { 2 } else { 1 });
                    if !line.is_empty() {
                        flow.raw_line(line);
                    }
                }
            }
            cells => cells.iter().for_each(|cell| flow.lines(&cell.text)),
        }
    }
}

fn write_grid(rows: &[Vec<TableCell>], starts: &[u32], flow: &mut TextFlow, format: TextFormat) {
    let columns = starts.len() + 1;
    let cells: usize = rows.iter().map(Vec::len).sum();
    // With large spans, a few cells can make a huge table. Then only the cells are written.
    let is_sparse = rows.len() * columns > 8 * cells + 4096;
    let mut line = String::new();
    for (number, row) in rows.iter().enumerate() {
        line.clear();
        let mut at = 0;
        for (index, cell) in row.iter().enumerate() {
            let place = if is_sparse {
                index
            } else {
                place(cell, row.get(index + 1), starts, at)
            };
            let first = at == 0;
            for blank in at..place {
                separate(&mut line, blank == 0, format);
            }
            separate(&mut line, first && place == 0, format);
            write_cell(&mut line, &cell.text, format);
            at = place + 1;
        }
        if format == TextFormat::Markdown {
            if number == 0 && !is_sparse {
                for _ in at..columns {
                    separate(&mut line, false, format);
                }
            }
            line.push_str(" |");
        }
        flow.line_break(1);
        flow.raw_line(&line);
        if number == 0 && format == TextFormat::Markdown {
            let columns = if is_sparse { row.len() } else { columns };
            let rule = format!("|{}", " --- |".repeat(columns));
            flow.line_break(1);
            flow.raw_line(&rule);
        }
    }
}

fn separate(line: &mut String, is_first: bool, format: TextFormat) {
    match format {
        TextFormat::Markdown if is_first => line.push_str("| "),
        TextFormat::Markdown => line.push_str(" | "),
        TextFormat::Plain if is_first => {}
        TextFormat::Plain => line.push('\t'),
    }
}

/// Writes a cell on one line.
fn write_cell(line: &mut String, text: &str, format: TextFormat) {
    let mut is_first = true;
    for part in text.lines().map(str::trim).filter(|part| !part.is_empty()) {
        if !is_first {
            line.push_str(if format == TextFormat::Markdown {
                "<br>"
            } else {
                " "
            });
        }
        is_first = false;
        match format {
            TextFormat::Markdown if part.contains('|') => line.push_str(&part.replace('|', "\\|")),
            TextFormat::Plain if part.contains('\t') => line.push_str(&part.replace('\t', " ")),
            _ => line.push_str(part),
        }
    }
}

/// The column of a cell: the first column that begins within it, since a heading may span more than its
/// numbers; else the column in which the cell begins.
fn place(cell: &TableCell, next: Option<&TableCell>, starts: &[u32], free: usize) -> usize {
    let at = starts.partition_point(|&start| start <= cell.column);
    let within = starts.get(at).is_some_and(|&start| start < cell.end);
    let before_next =
        next.is_none_or(|next| starts.partition_point(|&start| start <= next.column) > at + 1);
    let begins = at > 0 && starts[at - 1] == cell.column || cell.column == 0;
    let place = if within && before_next && !begins {
        at + 1
    } else {
        at
    };
    place.max(free)
}

/// The beginnings of the columns after the first: the fewest that separate the cells of each row.
fn column_starts(rows: &[Vec<TableCell>]) -> Vec<u32> {
    let mut apart: Vec<(u32, u32)> = rows
        .iter()
        .flat_map(|row| row.windows(2))
        .map(|pair| (pair[1].column, pair[0].column))
        .collect();
    apart.sort_unstable();
    let mut starts: Vec<u32> = Vec::new();
    for (column, after) in apart {
        if starts.last().is_none_or(|&start| start <= after) {
            starts.push(column);
        }
    }
    starts
}

/// Joins currency signs, parentheses and per cent signs in separate cells to their number.
fn join_signs(row: &mut Vec<TableCell>) {
    if !row
        .iter()
        .any(|cell| leads(&cell.text) || follows(&cell.text))
    {
        return;
    }
    let mut joined: Vec<TableCell> = Vec::with_capacity(row.len());
    for mut cell in row.drain(..) {
        if let Some(last) = joined.last_mut() {
            let leads = leads(&last.text) && cell.text.starts_with(begins_number);
            let follows = follows(&cell.text) && last.text.ends_with(ends_number);
            if leads || follows {
                last.text.push_str(&std::mem::take(&mut cell.text));
                last.end = cell.end;
                continue;
            }
        }
        joined.push(cell);
    }
    *row = joined;
}

fn is_currency(c: char) -> bool {
    matches!(c, '$' | '€' | '£' | '¥' | '₤' | '₩' | '₹')
}

fn leads(text: &str) -> bool {
    let sign = text.strip_suffix('(').unwrap_or(text).trim_end();
    let letters = sign.strip_suffix(is_currency).unwrap_or(sign);
    !text.is_empty()
        && (letters.len() < sign.len() || letters.is_empty() && sign.len() < text.len())
        && letters.len() <= 3
        && letters.bytes().all(|b| b.is_ascii_uppercase() || b == b'(')
}

fn follows(text: &str) -> bool {
    !text.is_empty() && text.len() <= 4 && text.chars().all(|c| matches!(c, ')' | '%' | ' '))
}

fn begins_number(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '(' | '-' | '—' | '–' | '.' | '*') || is_currency(c)
}

fn ends_number(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, ')' | '-' | '—' | '–' | '.' | '*')
}
