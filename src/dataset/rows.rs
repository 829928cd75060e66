//! A row group in memory, column by column.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Result, bail};
use jiff::Timestamp;
use jiff::civil::{Date, date};

use super::table::{Table, TableColumn, Type};

/// Rows of a row group. DuckDB writes row groups of this size; several threads can read one file then.
pub(super) const ROW_GROUP: usize = 122_880;

/// A value for a column. Dates, times and hashes are in the format of the database.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DataCell<'a> {
    Null,
    /// A number; for a boolean column, 0 is false and any other number is true.
    Integer(i64),
    Real(f64),
    /// A text that may not be UTF-8, a date as YYYY-MM-DD, or a time as RFC 3339.
    Text(&'a [u8]),
    /// The same, known to be UTF-8.
    Str(&'a str),
    /// A hash, which is written as hexadecimal digits.
    Blob(&'a [u8]),
}

/// The number of values that could not be written unchanged, by column: texts with invalid UTF-8, whose
/// invalid bytes were replaced, and invalid dates and times, which became NULL.
pub type UnreadableValues = BTreeMap<&'static str, u64>;

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
pub(super) struct ColumnBuffer {
    /// 1 where a row has a value, 0 where it has none.
    pub(super) levels: Vec<i16>,
    pub(super) values: Values,
    /// The last parsed date. Rows are sorted by date, so the next one is often equal.
    last_day: Option<([u8; 10], i32)>,
}

/// Rows of a table, column by column: a row group that is being filled.
#[derive(Debug)]
pub struct RowGroup {
    pub(super) table: &'static Table,
    pub(super) columns: Vec<ColumnBuffer>,
    pub(super) len: usize,
}

impl RowGroup {
    /// No rows, with memory for this many.
    #[must_use]
    pub fn with_capacity(table: &'static Table, rows: usize) -> Self {
        let buffer = |column: &TableColumn| ColumnBuffer {
            levels: Vec::with_capacity(rows),
            values: match column.type_ {
                Type::Integer | Type::Time => Values::Integers(Vec::with_capacity(rows)),
                Type::Boolean => Values::Booleans(Vec::with_capacity(rows)),
                Type::Date => Values::Days(Vec::with_capacity(rows)),
                Type::Double => Values::Doubles(Vec::with_capacity(rows)),
                Type::Text => Values::Texts(Vec::new(), Vec::with_capacity(rows)),
            },
            last_day: None,
        };
        Self {
            table,
            columns: table.columns.iter().map(buffer).collect(),
            len: 0,
        }
    }

    /// Adds the value of a column of the current row. Call [`RowGroup::end_row`] after the last column.
    ///
    /// # Errors
    ///
    /// If the column cannot hold the value.
    pub fn put(
        &mut self,
        column: usize,
        cell: DataCell<'_>,
        unreadable: &mut UnreadableValues,
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
}

impl ColumnBuffer {
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
            (Values::Days(values), DataCell::Text(text)) => match self.last_day {
                Some((last, day)) if last == *text => values.push(day),
                _ => match days(text) {
                    Some(day) => {
                        self.last_day = text.try_into().ok().map(|text| (text, day));
                        values.push(day);
                    }
                    None => return self.put_null(column).map(|_| false),
                },
            },
            (Values::Texts(bytes, ends), DataCell::Str(text)) => {
                bytes.extend_from_slice(text.as_bytes());
                ends.push(bytes.len());
            }
            (_, DataCell::Str(text)) => return self.put(column, DataCell::Text(text.as_bytes())),
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
    // The usual form, ten times as fast as any form of ISO 8601.
    let usual = match text {
        [year @ .., b'-', m1, m2, b'-', d1, d2] if year.len() == 4 => {
            let [month, day] = [[*m1, *m2], [*d1, *d2]].map(|digits| number(&digits));
            day_of(number(year), month, day)
        }
        _ => None,
    };
    let day: Date = match usual {
        Some(day) => day,
        None => std::str::from_utf8(text).ok()?.parse().ok()?,
    };
    let hours = day.duration_since(date(1970, 1, 1)).as_hours();
    i32::try_from(hours / 24).ok()
}

/// Microseconds since 1970, UTC.
fn micros(text: &[u8]) -> Option<i64> {
    if let Some(time) = usual_time(text) {
        return Some(time);
    }
    let time: Timestamp = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(time.as_microsecond())
}

/// A time as the database has it, with milliseconds: read in a fifth of the time that any form takes.
fn usual_time(text: &[u8]) -> Option<i64> {
    let [
        day @ ..,
        b'T',
        h1,
        h2,
        b':',
        m1,
        m2,
        b':',
        s1,
        s2,
        b'.',
        f1,
        f2,
        f3,
        b'Z',
    ] = text
    else {
        return None;
    };
    let [hour, minute, second] =
        [[*h1, *h2], [*m1, *m2], [*s1, *s2]].map(|digits| number(&digits).map(i64::from));
    let (hour, minute, second) = (hour?, minute?, second?);
    if day.len() != 10 || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = ((i64::from(days(day)?) * 24 + hour) * 60 + minute) * 60 + second;
    Some((seconds * 1000 + i64::from(number(&[*f1, *f2, *f3])?)) * 1000)
}

fn day_of(year: Option<i16>, month: Option<i16>, day: Option<i16>) -> Option<Date> {
    let small = |number: Option<i16>| i8::try_from(number?).ok();
    Date::new(year?, small(month)?, small(day)?).ok()
}

/// The number that a few digits are.
fn number(digits: &[u8]) -> Option<i16> {
    digits.iter().try_fold(0, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + i16::from(digit - b'0'))
    })
}

/// Iterates over rows, for a format that is written row by row.
#[derive(Debug)]
pub(super) struct RowReader<'a> {
    rows: &'a RowGroup,
    row: usize,
    /// The number of values read, by column.
    read: Vec<usize>,
}

impl<'a> RowReader<'a> {
    pub(super) fn new(rows: &'a RowGroup) -> Self {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn days_and_times_in_other_forms_are_read_as_well_and_what_is_none_is_not() {
        assert_eq!(days(b"1970-01-02"), Some(1));
        assert_eq!(days(b"19700102"), Some(1));
        assert_eq!(days(b"1969-12-31"), Some(-1));
        for text in [
            "",
            "soon",
            "2023-02-30",
            "2023-2-3",
            "2023-1a-01",
            "99-01-01",
            "+2023-01-01x",
        ] {
            assert_eq!(days(text.as_bytes()), None, "{text}");
        }
        assert_eq!(micros(b"1970-01-01T00:00:01.002Z"), Some(1_002_000));
        assert_eq!(micros(b"1970-01-01T01:00:01+01:00"), Some(1_000_000));
        assert_eq!(micros(b"1970-01-01T00:00:01.0000029Z"), Some(1_000_002));
        for text in [
            "",
            "1970-01-01",
            "1970-01-01T24:00:00.000Z",
            "1970-02-30T00:00:00.000Z",
        ] {
            assert_eq!(micros(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_usual_forms_are_read_as_the_library_reads_them(
            ms in -62_000_000_000_000_i64..250_000_000_000_000,
        ) {
            let time = Timestamp::from_millisecond(ms).unwrap();
            let text = format!("{time:.3}");
            prop_assert_eq!(usual_time(text.as_bytes()), Some(ms * 1000));
            let day: Date = text[..10].parse().unwrap();
            let parsed = day.duration_since(date(1970, 1, 1)).as_hours() / 24;
            prop_assert_eq!(days(&text.as_bytes()[..10]).map(i64::from), Some(parsed));
        }
    }
}
