//! `_filing_etl.json`: the content of a dataset and what it was made from. The field names are public.

use std::collections::BTreeMap;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::criteria::CompanyCriteria;
use crate::text::TextFormat;

/// The version of the names and types in tables and manifest. Added columns and tables do not change
/// it. An added filter does, because an older program would export without it.
pub const SCHEMA_VERSION: u32 = 1;

/// The format of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Parquet, zstd
    Parquet,
    /// CSV, gzip
    Csv,
}

impl Format {
    pub(super) const ALL: [Self; 2] = [Self::Parquet, Self::Csv];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
        }
    }

    /// The extension of its files.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv.gz",
        }
    }
}

/// The filters of a dataset as the user gave them. A relative date is resolved again at each export.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filters {
    /// `all` is every company of the SEC's list.
    pub exchanges: Vec<String>,
    pub tickers: Vec<String>,
    pub ciks: Vec<u64>,
    #[serde(flatten)]
    pub criteria: CompanyCriteria,
    pub forms: Option<String>,
    /// The first filing date.
    pub since: Option<String>,
    /// The last filing date.
    pub until: Option<String>,
}

/// The manifest of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`SCHEMA_VERSION`] of the program that wrote it.
    pub schema_version: u32,
    /// The program and its version.
    pub written_by: String,
    pub exported_at: String,
    /// The last run on record.
    pub run_id: Option<i64>,
    /// The oldest day through which the followed selections are complete.
    pub through: Option<String>,
    pub format: Format,
    /// The format of the texts, if the dataset has texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextFormat>,
    pub filters: Filters,
    /// The tables by name.
    pub tables: BTreeMap<String, TableFiles>,
}

/// The files of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableFiles {
    /// The rows of all files.
    pub rows: u64,
    /// The bytes of all files.
    pub bytes: u64,
    pub files: Vec<WrittenFile>,
    /// Files that do not exist because they would have no rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub empty: Vec<EmptyFile>,
}

/// A file of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenFile {
    /// The path, relative to the folder of the manifest.
    pub path: String,
    pub rows: u64,
    pub bytes: u64,
    /// A hash that changes whenever the input of the file changes.
    pub version: String,
}

/// A file that would have no rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmptyFile {
    /// The path that it would have.
    pub path: String,
    /// As [`WrittenFile::version`].
    pub version: String,
}
