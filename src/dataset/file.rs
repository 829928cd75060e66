//! One file of a dataset: the caller fills row groups, and a separate thread writes them.

use std::fs::{self, File};
use std::path::Path;
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

/// Writes a file with the rows that `fill` puts into the file, and syncs it. After an error the file is
/// removed. A file without rows is removed too, unless `even_empty` is set.
///
/// # Errors
///
/// The error of `fill`, or that of writing the file.
pub fn write(
    path: &Path,
    (table, format): (&'static Table, Format),
    even_empty: bool,
    cancel: &Cancel,
    fill: impl FnOnce(&mut FileWriter) -> Result<()>,
) -> Result<Written> {
    let result = try_write(path, (table, format), cancel, fill);
    let is_kept = result
        .as_ref()
        .is_ok_and(|written| even_empty || written.rows > 0);
    if !is_kept {
        // If this fails, the file is removed with its folder later.
        let _ = fs::remove_file(path);
    }
    result
}

fn try_write(
    path: &Path,
    (table, format): (&'static Table, Format),
    cancel: &Cancel,
    fill: impl FnOnce(&mut FileWriter) -> Result<()>,
) -> Result<Written> {
    let context = || {
        format!(
            "failed to write {}: check the free space of its disk",
            path.display()
        )
    };
    let created = File::create(path).with_context(context)?;
    // None waits in between: the writer takes less time for a row group than it takes to fill one.
    let (sender, receiver) = bounded(0);
    let thread: JoinHandle<Result<File>> =
        threads::spawn("dataset", cancel, move || match format {
            Format::Parquet => {
                let mut out = ParquetFile::begin(created, table)?;
                each(&receiver, |parts| out.write(parts))?;
                Ok(out.end()?)
            }
            Format::Csv => {
                let mut out = CsvFile::begin(created, table)?;
                each(&receiver, |parts| out.write(&parts))?;
                Ok(out.end()?)
            }
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
    let filled = fill(&mut writer).and_then(|()| writer.send());
    let FileWriter {
        sender,
        mut written,
        ..
    } = writer;
    drop(sender);
    // If both failed, the error of the writer is the cause of the other.
    let complete = threads::join(thread)
        .map_err(unwrapped)
        .with_context(context)?;
    filled?;
    complete.sync_all().with_context(context)?;
    written.bytes = complete.metadata().with_context(context)?.len();
    Ok(written)
}

fn each(
    receiver: &Receiver<Vec<RowGroup>>,
    write: impl FnMut(Vec<RowGroup>) -> Result<()>,
) -> Result<()> {
    receiver.iter().try_for_each(write)
}
