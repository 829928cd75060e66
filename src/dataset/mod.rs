//! Writes datasets: the record as Parquet or CSV files that DuckDB, pandas, Polars, Spark and Trino can
//! read.
//!
//! ```text
//! rows ─▶ FileWriter ──RowGroup──▶ one writer thread ─▶ temporary file ─▶ ExportTarget::complete
//! ```
//!
//! [`table`] has the schema of each table, [`rows`] the row group in memory, [`mod@file`] the thread that
//! writes one file, [`ReadBack`] reads one, and [`target`] is the folder with its manifest. This module does
//! not depend on the database or EDGAR. The caller puts rows from SQLite, an archive or files on disk into a
//! [`FileWriter`], cell by cell, in the order of the file. [`crate::run::export`] decides which files are written.
//!
//! # Memory
//!
//! At most two row groups are in memory: one is being filled, and one is being written. They may be of two files:
//! the next file of a table is filled while the last one is being written. A column is freed as soon as it is
//! written.
//!
//! # Crashes
//!
//! Files are written below `_filing_etl.tmp/`, synced, and renamed when all of them are complete. The
//! manifest `_filing_etl.json` is renamed last. An export that is killed before the renames leaves the old
//! dataset. One that is killed during the renames leaves complete files of both exports. The next export
//! then writes all files again that differ from the manifest.

mod csv;
pub mod file;
mod manifest;
mod parquet;
mod read_back;
pub mod rows;
pub mod table;
pub mod target;

pub use file::FileWriter;
pub use manifest::{EmptyFile, Filters, Format, Manifest, SCHEMA_VERSION, TableFiles, WrittenFile};
pub use read_back::ReadBack;
pub use rows::DataCell;
pub use table::{Partition, Table};
pub use target::ExportTarget;
