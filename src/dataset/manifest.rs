//! `_filing_etl.json`: what a dataset holds, and from what it was made. Its fields are public.

use std::collections::BTreeMap;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::text::TextFormat;

/// The version of names and types of tables and of the manifest itself. A column or a table that is
/// added does not change it.
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
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
        }
    }

    /// What the names of its files end with.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv.gz",
        }
    }
}

/// What a dataset is restricted to, as the user said it: a relative date is one every day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filters {
    /// Exchanges; `all` is every company of the SEC's list.
    pub exchanges: Vec<String>,
    /// Tickers.
    pub tickers: Vec<String>,
    /// CIKs.
    pub ciks: Vec<u64>,
    /// SIC codes.
    pub sic: Vec<String>,
    /// Form types.
    pub forms: Option<String>,
    /// First filing date.
    pub since: Option<String>,
    /// Last filing date.
    pub until: Option<String>,
}

/// A dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`SCHEMA_VERSION`] of the program that wrote it.
    pub schema_version: u32,
    /// The program.
    pub written_by: String,
    /// When.
    pub exported_at: String,
    /// The last run on record.
    pub run_id: Option<i64>,
    /// The oldest day through which the followed selections are complete.
    pub through: Option<String>,
    /// The format of the files.
    pub format: Format,
    /// What the texts look like, where it has texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextFormat>,
    /// What it is restricted to.
    pub filters: Filters,
    /// The tables by name.
    pub tables: BTreeMap<String, TableFiles>,
}

/// The files of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableFiles {
    /// Rows of all files.
    pub rows: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// The files.
    pub files: Vec<WrittenFile>,
    /// Files that are not there because they would have no row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub empty: Vec<EmptyFile>,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenFile {
    /// Where it is, from the folder of the manifest.
    pub path: String,
    /// Its rows.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// Another one whenever something changes that the file is made from.
    pub version: String,
}

/// A file without rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmptyFile {
    /// Where it would be.
    pub path: String,
    /// As that of a file.
    pub version: String,
}
