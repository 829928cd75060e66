//! The result of an export.

use std::collections::BTreeMap;

use serde::Serialize;

use super::facts::FactCounts;
use super::texts::TextCounts;
use crate::dataset::table::{ALL, FACTS_TAGS};
use crate::dataset::{Format, Partition, TableFiles};
use crate::progress::format::{count, counted};

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
    /// What could not be read and is not in the dataset; `None` if it is complete.
    #[must_use]
    pub fn lacks(&self) -> Option<String> {
        let documents = self.documents.as_ref().map_or(0, |counts| counts.failed);
        let companies = self.facts.as_ref().map_or(0, |counts| counts.failed);
        let mut lacks = Vec::new();
        if documents > 0 {
            let texts = if documents == 1 { "text" } else { "texts" };
            let documents = counted(documents, ["document", "documents"]);
            lacks.push(format!("the {texts} of {documents}"));
        }
        if companies > 0 {
            let companies = counted(companies, ["company", "companies"]);
            lacks.push(format!("the facts of {companies}"));
        }
        (!lacks.is_empty()).then(|| {
            let lacks = lacks.join(" and ");
            format!(
                "the dataset in {} lacks {lacks}, which could not be read",
                self.to
            )
        })
    }

    /// Whether nothing on record matches the filters: no filing, if the dataset has tables of filings.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let rows = |of: fn(&Partition) -> bool| -> Vec<u64> {
            let tables = ALL.iter().filter(|table| of(&table.partition));
            let tables = tables.filter(|table| ***table != FACTS_TAGS);
            let known = tables.filter_map(|table| self.tables.get(table.name));
            known.map(|table| table.rows).collect()
        };
        let of_filings = rows(|of| matches!(of, Partition::Year | Partition::Month));
        let of_companies = rows(|of| *of == Partition::None);
        let rows = if of_filings.is_empty() {
            of_companies
        } else {
            of_filings
        };
        !rows.is_empty() && rows.iter().all(|rows| *rows == 0)
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
