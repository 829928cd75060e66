//! One file of a dataset: the caller fills row groups, and a separate thread writes them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use anyhow::{Context as _, Result, bail};
use crossbeam_channel::{Receiver, Sender, bounded};

use super::csv::CsvFile;
use super::manifest::Format;
use super::parquet::{ParquetFile, unwrapped};
use super::rows::{DataCell, ROW_GROUP, RowGroup, UnreadableValues};
use super::table::Table;
use crate::cancel::Cancel;
use crate::threads;

/// A row group ends early once its texts have more bytes than this. Only long texts reach it.
const MOST_BYTES: usize = 64 << 20;

/// Rows between two checks for a request to stop.
const ROWS_PER_CHECK: usize = 4096;

/// The content of a written file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    pub rows: u64,
    pub bytes: u64,
    pub unreadable: UnreadableValues,
}

/// The export was interrupted.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub struct ExportStopped;

/// Collects the rows of a file and sends full row groups to the writer thread.
#[derive(Debug)]
pub struct FileWriter {
    /// The row group so far: parts that were filled elsewhere, then the rows that are filled here.
    parts: Vec<RowGroup>,
    rows: RowGroup,
    /// Rows of both.
    len: usize,
    column: usize,
    text_bytes: usize,
    most_bytes: usize,
    written: Written,
    sender: Sender<Vec<RowGroup>>,
    cancel: Cancel,
}

impl FileWriter {
    /// Ends a row group once its texts have more than this many bytes.
    pub fn end_row_groups_at(&mut self, bytes: usize) {
        self.most_bytes = bytes;
    }

    /// Adds the value of the next column. The value of the last column completes the row.
    ///
    /// # Errors
    ///
    /// If the column cannot hold the value; if the file cannot be written ([`write()`] returns the cause);
    /// [`ExportStopped`] if the export was interrupted.
    pub fn put(&mut self, cell: DataCell<'_>) -> Result<()> {
        self.text_bytes += match cell {
            DataCell::Text(text) => text.len(),
            DataCell::Str(text) => text.len(),
            _ => 0,
        };
        let unreadable = &mut self.written.unreadable;
        self.rows.put(self.column, cell, unreadable)?;
        self.column += 1;
        if self.column == self.rows.columns.len() {
            self.column = 0;
            self.end_row()?;
        }
        Ok(())
    }

    /// Adds rows from another [`RowGroup`], between two rows. The row group may then exceed [`ROW_GROUP`].
    ///
    /// # Errors
    ///
    /// As [`FileWriter::put`].
    pub fn append(&mut self, rows: RowGroup, unreadable: UnreadableValues) -> Result<()> {
        if self.cancel.is_set() {
            return Err(ExportStopped.into());
        }
        for (column, values) in unreadable {
            *self.written.unreadable.entry(column).or_default() += values;
        }
        self.written.rows += rows.len as u64;
        self.len += rows.len;
        self.end_part();
        self.parts.push(rows);
        if self.len >= ROW_GROUP {
            self.send()?;
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<()> {
        self.rows.end_row();
        self.written.rows += 1;
        self.len += 1;
        if self.len.is_multiple_of(ROWS_PER_CHECK) && self.cancel.is_set() {
            return Err(ExportStopped.into());
        }
        if self.len >= ROW_GROUP || self.text_bytes > self.most_bytes {
            self.send()?;
        }
        Ok(())
    }

    /// Makes the rows that were filled here a part.
    fn end_part(&mut self) {
        if self.rows.len > 0 {
            let next = RowGroup::with_capacity(self.rows.table, 0);
            self.parts.push(std::mem::replace(&mut self.rows, next));
        }
    }

    /// Hands the row group to the writer, if it has rows.
    fn send(&mut self) -> Result<()> {
        self.end_part();
        let parts = std::mem::take(&mut self.parts);
        (self.len, self.text_bytes) = (0, 0);
        // The writer thread has failed and returns the cause.
        if !parts.is_empty() && self.sender.send(parts).is_err() {
            bail!("the file cannot be written");
        }
        Ok(())
    }
}

/// Several files of which one is written at a time: while it is, the next one can be filled. So no more than
/// two row groups are in memory.
#[derive(Debug, Clone, Default)]
pub struct Turn(Arc<Mutex<()>>);

/// A file that has all its rows. The last of them may still be being written.
#[derive(Debug)]
#[must_use]
pub struct FilledFile {
    path: PathBuf,
    even_empty: bool,
    written: Written,
    /// Returns the bytes of the file.
    thread: JoinHandle<Result<u64>>,
}

impl FilledFile {
    /// Waits until the file is written and synced. After an error the file is removed. A file without rows is
    /// removed too, unless it is to be kept `even_empty`.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn finish(mut self) -> Result<Written> {
        let bytes = threads::join(self.thread)
            .map_err(unwrapped)
            .with_context(|| cannot_write(&self.path));
        if bytes.is_err() || (self.written.rows == 0 && !self.even_empty) {
            // If this fails, the file is removed with its folder later.
            let _ = fs::remove_file(&self.path);
        }
        self.written.bytes = bytes?;
        Ok(self.written)
    }
}

/// Writes a file with the rows that `put_rows` puts into it, and syncs it. After an error the file is
/// removed. A file without rows is removed too, unless `even_empty` is set.
///
/// # Errors
///
/// The error of `put_rows`, or that of writing the file.
pub fn write(
    path: &Path,
    of: (&'static Table, Format),
    even_empty: bool,
    cancel: &Cancel,
    put_rows: impl FnOnce(&mut FileWriter) -> Result<()>,
) -> Result<Written> {
    fill(path, of, even_empty, (cancel, &Turn::default()), put_rows)?.finish()
}

/// As [`write()`], but returns as soon as the file has all its rows.
///
/// # Errors
///
/// As [`write()`].
pub fn fill(
    path: &Path,
    (table, format): (&'static Table, Format),
    even_empty: bool,
    (cancel, turn): (&Cancel, &Turn),
    put_rows: impl FnOnce(&mut FileWriter) -> Result<()>,
) -> Result<FilledFile> {
    let created = File::create(path).with_context(|| cannot_write(path))?;
    // None waits in between: the writer takes less time for a row group than it takes to fill one.
    let (sender, receiver) = bounded(0);
    let turn = turn.clone();
    let thread = threads::spawn("dataset", cancel, move || {
        let turn = turn.0.lock();
        let complete = match format {
            Format::Parquet => {
                let mut out = ParquetFile::begin(created, table)?;
                each(&receiver, |parts| out.write(parts))?;
                out.end()?
            }
            Format::Csv => {
                let mut out = CsvFile::begin(created, table)?;
                each(&receiver, |parts| out.write(&parts))?;
                out.end()?
            }
        };
        drop(turn);
        complete.sync_all()?;
        Ok(complete.metadata()?.len())
    })?;
    let mut writer = FileWriter {
        parts: Vec::new(),
        rows: RowGroup::with_capacity(table, 0),
        len: 0,
        column: 0,
        text_bytes: 0,
        most_bytes: MOST_BYTES,
        written: Written::default(),
        sender,
        cancel: cancel.clone(),
    };
    let result = put_rows(&mut writer).and_then(|()| writer.send());
    let FileWriter {
        sender, written, ..
    } = writer;
    drop(sender);
    let filled = FilledFile {
        path: path.to_owned(),
        even_empty,
        written,
        thread,
    };
    match result {
        Ok(()) => Ok(filled),
        Err(error) => {
            let written = filled.finish();
            let _ = fs::remove_file(path);
            // If both failed, the error of the writer is the cause of the other.
            Err(written.err().unwrap_or(error))
        }
    }
}

fn cannot_write(path: &Path) -> String {
    format!(
        "failed to write {}: check the free space of its disk",
        path.display()
    )
}

fn each(
    receiver: &Receiver<Vec<RowGroup>>,
    write: impl FnMut(Vec<RowGroup>) -> Result<()>,
) -> Result<()> {
    receiver.iter().try_for_each(write)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::table::FILERS;
    use super::*;

    /// Puts this many rows into a file.
    fn put(rows: usize, writer: &mut FileWriter) -> Result<()> {
        for cik in 1..=rows {
            writer.put(DataCell::Integer(i64::try_from(cik)?))?;
            writer.put(DataCell::Str("0000000001-25-000001"))?;
            writer.put(DataCell::Str("2025-01-31"))?;
        }
        Ok(())
    }

    fn fill_with(rows: usize, path: &Path, turn: &Turn) -> Result<FilledFile> {
        let of = (&FILERS, Format::Parquet);
        fill(path, of, false, (&Cancel::default(), turn), |writer| {
            put(rows, writer)
        })
    }

    #[test]
    fn a_file_may_be_filled_before_the_last_one_is_finished() {
        let folder = tempfile::tempdir().unwrap();
        let turn = Turn::default();
        let rows = [1, ROW_GROUP + 1, 2 * ROW_GROUP, 0, 3];
        let paths: Vec<_> = (0..rows.len())
            .map(|n| folder.path().join(n.to_string()))
            .collect();
        let of_each = rows.iter().zip(&paths);
        let filled: Vec<_> = of_each
            .map(|(rows, path)| fill_with(*rows, path, &turn).unwrap())
            .collect();
        for ((file, rows), path) in filled.into_iter().zip(rows).zip(&paths) {
            let written = file.finish().unwrap();
            assert_eq!(written.rows, rows as u64);
            let there = fs::metadata(path).ok().map(|meta| meta.len());
            assert_eq!(there, (rows > 0).then_some(written.bytes));
        }
    }

    #[test]
    fn a_file_whose_rows_cannot_be_read_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let of = (&FILERS, Format::Parquet);
        let result = write(&path, of, true, &Cancel::default(), |writer| {
            put(ROW_GROUP + 1, writer)?;
            bail!("no more rows")
        });
        assert_eq!(result.unwrap_err().to_string(), "no more rows");
        assert!(!path.exists());
    }
}
