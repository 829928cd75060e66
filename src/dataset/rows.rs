//! A row group in memory, column by column.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Result, bail};
use jiff::Timestamp;
use jiff::civil::{Date, date};

use super::table::{Table, TableColumn, Type};

/// A value for a column. Dates, times and hashes are in the format of the database.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DataCell<'a> {
    Null,
    /// A number; for a boolean column, 0 is false and any other number is true.
    Integer(i64),
    Real(f64),
    /// A text, a date as YYYY-MM-DD, or a time as RFC 3339.
    Text(&'a [u8]),
    /// A hash, which is written as hexadecimal digits.
    Blob(&'a [u8]),
}

/// The number of values that could not be written unchanged, by column: texts with invalid UTF-8, whose
/// invalid bytes were replaced, and invalid dates and times, which became NULL.
pub type Unreadable = BTreeMap<&'static str, u64>;

/// The values of a column, without its NULLs.
#[derive(Debug)]
pub(super) enum Values {
    Integers(Vec<i64>),
    Booleans(Vec<bool>),
    /// Days since 1970.
    Days(Vec<i32>),
    Doubles(Vec<f64>),
    /// The bytes of all texts, and the end of each.
    Texts(Vec<u8>, Vec<usize>),
}

/// A column of a row group.
#[derive(Debug)]
pub(super) struct RowBuffer {
    /// 1 where a row has a value, 0 where it has none.
    pub(super) levels: Vec<i16>,
    pub(super) values: Values,
    /// The last parsed date. Rows are sorted by date, so the next one is often equal.
    last_day: Option<([u8; 10], i32)>,
}

/// Rows of a table, column by column: a row group that is being filled.
#[derive(Debug)]
pub struct RowSource {
    pub(super) table: &'static Table,
    pub(super) columns: Vec<RowBuffer>,
    pub(super) len: usize,
}

impl RowSource {
    #[must_use]
    pub fn new(table: &'static Table) -> Self {
        let buffer = |column: &TableColumn| RowBuffer {
            levels: Vec::new(),
            values: match column.type_ {
                Type::Integer | Type::Time => Values::Integers(Vec::new()),
                Type::Boolean => Values::Booleans(Vec::new()),
                Type::Date => Values::Days(Vec::new()),
                Type::Double => Values::Doubles(Vec::new()),
                Type::Text => Values::Texts(Vec::new(), Vec::new()),
            },
            last_day: None,
        };
        Self {
            table,
            columns: table.columns.iter().map(buffer).collect(),
            len: 0,
        }
    }

    /// Adds the value of a column of the current row. Call [`RowSource::end_row`] after the last column.
    ///
    /// # Errors
    ///
    /// If the column cannot hold the value.
    pub fn put(
        &mut self,
        column: usize,
        cell: DataCell<'_>,
        unreadable: &mut Unreadable,
    ) -> Result<()> {
        let described = &self.table.columns[column];
        let buffer = &mut self.columns[column];
        let is_readable = buffer.put(described, cell);
        match is_readable {
            Some(true) => {}
            Some(false) => *unreadable.entry(described.name).or_default() += 1,
            None => bail!(
                "{}.{} cannot hold {cell:?}: the database is damaged; restore a copy, or start a new one \
                 with --db",
                self.table.name,
                described.name
            ),
        }
        Ok(())
    }

    /// Completes the current row.
    pub fn end_row(&mut self) {
        self.len += 1;
    }

    /// Adds the rows of another part of the same table.
    pub(super) fn append(&mut self, other: Self) {
        for (column, more) in self.columns.iter_mut().zip(other.columns) {
            column.levels.extend(more.levels);
            match (&mut column.values, more.values) {
                (Values::Integers(values), Values::Integers(more)) => values.extend(more),
                (Values::Booleans(values), Values::Booleans(more)) => values.extend(more),
                (Values::Days(values), Values::Days(more)) => values.extend(more),
                (Values::Doubles(values), Values::Doubles(more)) => values.extend(more),
                (Values::Texts(bytes, ends), Values::Texts(more, their_ends)) => {
                    let before = bytes.len();
                    bytes.extend(more);
                    ends.extend(their_ends.into_iter().map(|end| before + end));
                }
                _ => unreachable!("parts of one table have columns of the same types"),
            }
        }
        self.len += other.len;
    }
}

impl RowBuffer {
    /// Whether the value was written unchanged; `None` if the column cannot hold it.
    fn put(&mut self, column: &TableColumn, cell: DataCell<'_>) -> Option<bool> {
        let mut readable = true;
        match (&mut self.values, cell) {
            (_, DataCell::Null) => return self.put_null(column),
            (Values::Integers(values), DataCell::Integer(value))
                if column.type_ == Type::Integer =>
            {
                values.push(value);
            }
            (Values::Integers(values), DataCell::Text(text)) if column.type_ == Type::Time => {
                match micros(text) {
                    Some(time) => values.push(time),
                    None => return self.put_null(column).map(|_| false),
                }
            }
            (Values::Booleans(values), DataCell::Integer(value)) => values.push(value != 0),
            (Values::Doubles(values), DataCell::Real(value)) => values.push(value),
            (Values::Days(values), DataCell::Text(text)) => match (self.last_day, text) {
                (Some((last, day)), text) if last == *text => values.push(day),
                _ => match days(text) {
                    Some(day) => {
                        self.last_day = text.try_into().ok().map(|text| (text, day));
                        values.push(day);
                    }
                    None => return self.put_null(column).map(|_| false),
                },
            },
            (Values::Texts(bytes, ends), DataCell::Text(text)) => {
                if std::str::from_utf8(text).is_ok() {
                    bytes.extend_from_slice(text);
                } else {
                    bytes.extend_from_slice(String::from_utf8_lossy(text).as_bytes());
                    readable = false;
                }
                ends.push(bytes.len());
            }
            (Values::Texts(bytes, ends), DataCell::Blob(blob)) => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                for byte in blob {
                    bytes.push(DIGITS[usize::from(byte >> 4)]);
                    bytes.push(DIGITS[usize::from(byte & 15)]);
                }
                ends.push(bytes.len());
            }
            _ => return None,
        }
        self.levels.push(1);
        Some(readable)
    }

    fn put_null(&mut self, column: &TableColumn) -> Option<bool> {
        self.levels.push(0);
        (!column.required).then_some(true)
    }
}

/// Days since 1970.
fn days(text: &[u8]) -> Option<i32> {
    let day: Date = std::str::from_utf8(text).ok()?.parse().ok()?;
    let hours = day.duration_since(date(1970, 1, 1)).as_hours();
    i32::try_from(hours / 24).ok()
}

/// Microseconds since 1970, UTC.
fn micros(text: &[u8]) -> Option<i64> {
    let time: Timestamp = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(time.as_microsecond())
}

/// Iterates over rows, for a format that is written row by row.
#[derive(Debug)]
pub(super) struct ByRow<'a> {
    rows: &'a RowSource,
    row: usize,
    /// The number of values read, by column.
    read: Vec<usize>,
}

impl<'a> ByRow<'a> {
    pub(super) fn new(rows: &'a RowSource) -> Self {
        Self {
            rows,
            row: 0,
            read: vec![0; rows.columns.len()],
        }
    }

    /// Passes the cells of the next row to `cell` as text; `None` is NULL. Returns false after the last row.
    pub(super) fn next_row(&mut self, mut cell: impl FnMut(Option<&str>)) -> Result<bool> {
        if self.row == self.rows.len {
            return Ok(false);
        }
        let mut text = String::new();
        for (i, buffer) in self.rows.columns.iter().enumerate() {
            if buffer.levels[self.row] == 0 {
                cell(None);
                continue;
            }
            let at = self.read[i];
            self.read[i] += 1;
            text.clear();
            match (&buffer.values, self.rows.table.columns[i].type_) {
                (Values::Texts(bytes, ends), _) => {
                    let from = at.checked_sub(1).map_or(0, |before| ends[before]);
                    cell(Some(std::str::from_utf8(&bytes[from..ends[at]])?));
                    continue;
                }
                (Values::Integers(values), Type::Time) => {
                    let time = Timestamp::from_microsecond(values[at])?;
                    // With milliseconds, as in the database.
                    match values[at].rem_euclid(1000) {
                        0 => write!(text, "{time:.3}")?,
                        _ => write!(text, "{time}")?,
                    }
                }
                (Values::Integers(values), _) => write!(text, "{}", values[at])?,
                (Values::Booleans(values), _) => write!(text, "{}", values[at])?,
                (Values::Doubles(values), _) => write!(text, "{}", values[at])?,
                (Values::Days(values), _) => {
                    let day = date(1970, 1, 1) + jiff::Span::new().days(values[at]);
                    write!(text, "{day}")?;
                }
            }
            cell(Some(&text));
        }
        self.row += 1;
        Ok(true)
    }
}
