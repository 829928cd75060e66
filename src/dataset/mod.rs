//! The dataset: the record as Parquet or CSV files that DuckDB, pandas, Polars, Spark and Trino read
//! as they are.
//!
//! ```text
//! a source of rows ─▶ Feed ──Rows──▶ one writer thread ─▶ temporary file ─▶ Target::complete
//! ```
//!
//! [`table`] has the schema of each table, [`rows`] a row group of one in memory, [`mod@file`] the thread
//! that writes one file, [`target`] the folder with its manifest. This room knows neither the database
//! nor EDGAR: whoever has rows, from SQLite, an archive or files on disk, puts them into a [`Feed`] cell
//! by cell, in the order of the file. [`crate::run::export`] decides which files are to be written.
//!
//! # Memory
//!
//! At most three row groups are in memory: one that is filled, one that waits, one that is written.
//!
//! # Crashes
//!
//! Files are written below `_filing_etl.tmp/`, synced, and renamed when all of them are complete;
//! the manifest `_filing_etl.json` comes last. A killed export leaves the old dataset, or, within the
//! moment of the renames, files of both that are whole: the next export writes those that the manifest
//! does not speak of anew.

mod csv;
pub mod file;
mod manifest;
mod parquet;
pub mod rows;
pub mod table;
pub mod target;

pub use file::Feed;
pub use manifest::{EmptyFile, Filters, Format, Manifest, SCHEMA_VERSION, TableFiles, WrittenFile};
pub use rows::DataCell;
pub use table::{Partition, Table};
pub use target::ExportTarget;
