//! The result of an export.

use std::collections::BTreeMap;

use serde::Serialize;

use super::facts::FactCounts;
use super::texts::TextCounts;
use crate::dataset::{Format, TableFiles};
use crate::progress::format::count;

/// The result of an export. The field names are public.
#[derive(Debug, Serialize)]
pub struct Exported {
    pub to: String,
    pub format: Format,
    /// The last run on record.
    pub run_id: Option<i64>,
    /// The oldest day through which the followed selections are complete.
    pub through: Option<String>,
    pub elapsed_s: f64,
    /// The tables by name.
    pub tables: BTreeMap<&'static str, ExportedTable>,
    /// Values that could not be written unchanged, by table and column.
    pub unreadable: BTreeMap<String, u64>,
    /// The counts of companies, if the dataset has facts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<FactCounts>,
    /// The counts of documents, if the dataset has texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documents: Option<TextCounts>,
}

/// A table of an export.
#[derive(Debug, Default, Serialize)]
pub struct ExportedTable {
    pub rows: u64,
    pub bytes: u64,
    pub files: u64,
    /// Files that this export wrote.
    pub files_written: u64,
}

impl ExportedTable {
    pub(super) fn of(files: &TableFiles, written: u64) -> Self {
        Self {
            rows: files.rows,
            bytes: files.bytes,
            files: files.files.len() as u64,
            files_written: written,
        }
    }
}

impl Exported {
    /// Whether every document and the facts of every company could be read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let documents = self.documents.as_ref().map_or(0, |counts| counts.failed);
        let facts = self.facts.as_ref().map_or(0, |counts| counts.failed);
        documents + facts == 0
    }

    /// The summary in one line.
    #[must_use]
    pub fn line(&self) -> String {
        let sum = |of: fn(&ExportedTable) -> u64| count(self.tables.values().map(of).sum());
        format!(
            "dataset in {}: {} rows, {} of {} files written",
            self.to,
            sum(|table| table.rows),
            sum(|table| table.files_written),
            sum(|table| table.files),
        )
    }
}
