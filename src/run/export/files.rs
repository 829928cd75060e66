//! The files of an export: writes them to their temporary places and keeps those that did not change.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::cancel::Cancel;
use crate::dataset::file::{self, FilledFile, Turn, Written};
use crate::dataset::{
    EmptyFile, ExportTarget, FileWriter, Format, Partition, SCHEMA_VERSION, Table, TableFiles,
    WrittenFile,
};
use crate::edgar::{Cik, DateRange};
use crate::progress::format::counted;
use crate::store::DatasetScope;

/// The version of a file that lacks rows of unreadable documents or companies. No later version is equal
/// to it.
pub(super) const INCOMPLETE: &str = "incomplete";

/// A file to write, unless it is unchanged.
pub(super) struct ExportPart {
    pub(super) table: &'static Table,
    pub(super) path: String,
    /// Changes whenever the input of the file changes. `None`: the hash of the written bytes is used.
    pub(super) version: Option<String>,
}

/// A file that has all its rows and may still be being written.
pub(super) struct FilledPart {
    part: ExportPart,
    /// Its temporary place.
    path: PathBuf,
    file: FilledFile,
}

/// An export in progress.
pub(super) struct ExportWork<'a> {
    pub(super) target: &'a ExportTarget,
    pub(super) scope: DatasetScope,
    pub(super) dates: DateRange,
    pub(super) format: Format,
    pub(super) cancel: &'a Cancel,
    /// The paths in the dataset of the files that were written.
    pub(super) new: Vec<String>,
    pub(super) unreadable: BTreeMap<String, u64>,
}

/// A file of the dataset.
pub(super) enum File {
    Written(WrittenFile),
    /// The file would have no rows.
    Empty(EmptyFile),
}

impl ExportWork<'_> {
    /// The file at a path, if the manifest has it with a matching version and it exists.
    pub(super) fn known(
        &self,
        table: &Table,
        path: &str,
        is_it: impl Fn(&str) -> bool,
    ) -> Option<File> {
        let known = self.target.manifest()?.tables.get(table.name)?;
        let mut files = known.files.iter();
        let file = files.find(|file| file.path == path && is_it(&file.version));
        if let Some(file) = file.filter(|file| self.target.has(&file.path, file.bytes)) {
            return Some(File::Written(file.clone()));
        }
        let mut empty = known.empty.iter();
        let file = empty.find(|file| file.path == path && is_it(&file.version))?;
        Some(File::Empty(file.clone()))
    }

    /// The file, if it exists with this version.
    pub(super) fn unchanged(&self, part: &ExportPart) -> Option<File> {
        let version = part.version.as_ref()?;
        self.known(part.table, &part.path, |known| known == version)
    }

    /// Writes a file to its temporary place.
    pub(super) fn write(
        &mut self,
        part: ExportPart,
        put_rows: impl FnOnce(&mut FileWriter) -> Result<()>,
    ) -> Result<File> {
        let filled = self.fill(part, &Turn::default(), put_rows)?;
        self.finish(filled)
    }

    /// Puts the rows into a file at its temporary place, which may still be being written then.
    pub(super) fn fill(
        &self,
        part: ExportPart,
        turn: &Turn,
        put_rows: impl FnOnce(&mut FileWriter) -> Result<()>,
    ) -> Result<FilledPart> {
        let path = self.target.temporary(&part.path);
        let even_empty = part.table.partition == Partition::None;
        let of = (part.table, self.format);
        let file = file::fill(&path, of, even_empty, (self.cancel, turn), put_rows)?;
        Ok(FilledPart { part, path, file })
    }

    /// Waits until the file is written.
    pub(super) fn finish(&mut self, filled: FilledPart) -> Result<File> {
        let FilledPart { part, path, file } = filled;
        let written = file.finish()?;
        for (column, values) in &written.unreadable {
            let column = format!("{}.{column}", part.table.name);
            *self.unreadable.entry(column).or_default() += values;
        }
        self.written(part, &path, &written)
    }

    /// The entry of the manifest for a file that was written to its temporary path.
    pub(super) fn written(
        &mut self,
        part: ExportPart,
        temporary: &Path,
        written: &Written,
    ) -> Result<File> {
        let ExportPart { path, version, .. } = part;
        let is_kept = written.rows > 0 || part.table.partition == Partition::None;
        if let (false, Some(version)) = (is_kept, &version) {
            let version = version.clone();
            return Ok(File::Empty(EmptyFile { path, version }));
        }
        let version = match version {
            Some(version) => version,
            None => hash(&std::fs::read(temporary)?),
        };
        let file = WrittenFile {
            path,
            rows: written.rows,
            bytes: written.bytes,
            version,
        };
        let known = self
            .target
            .manifest()
            .and_then(|manifest| manifest.tables.get(part.table.name));
        // Two incomplete files have the same version and may have different rows.
        let is_known =
            file.version != INCOMPLETE && known.is_some_and(|known| known.files.contains(&file));
        if !(is_known && self.target.has(&file.path, file.bytes)) {
            self.new.push(file.path.clone());
        }
        Ok(File::Written(file))
    }
}

impl File {
    pub(super) fn version_mut(&mut self) -> &mut String {
        match self {
            Self::Written(file) => &mut file.version,
            Self::Empty(file) => &mut file.version,
        }
    }
}

impl TableFiles {
    pub(super) fn add(&mut self, file: File) {
        match file {
            File::Written(file) => {
                self.rows += file.rows;
                self.bytes += file.bytes;
                self.files.push(file);
            }
            File::Empty(file) => self.empty.push(file),
        }
    }
}

pub(super) fn warn_unreadable(unreadable: &BTreeMap<String, u64>) {
    for (column, values) in unreadable {
        log::warn!(
            "{} in {column}: invalid UTF-8 is written as U+FFFD, and invalid dates and times as NULL",
            counted(
                *values,
                [
                    "value cannot be written unchanged",
                    "values cannot be written unchanged"
                ]
            ),
        );
    }
}

/// A hash of the values.
pub(super) fn version(made_from: &impl Serialize) -> Result<String> {
    Ok(hash(&serde_json::to_vec(&(SCHEMA_VERSION, made_from))?))
}

pub(super) fn numbers(ciks: &[Cik]) -> Vec<u64> {
    ciks.iter().map(|cik| cik.get()).collect()
}

fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes)[..16])
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a String takes all");
    }
    text
}
