//! The database: companies, filings, artifacts, selections, runs and errors in one SQLite file.
//!
//! Planning reads companies through a [`Reader`]. The write stage owns the only [`Writer`] of the
//! process, and every other stage sends it what to record. Only this module uses SQLite.
//!
//! # Threading
//!
//! A [`Writer`] or [`Reader`] belongs to one thread at a time. With a write-ahead log, readers and
//! the writer do not wait for each other. But the log grows as long as a reader keeps a transaction
//! open, so every method here reads for a short time and ends its transaction. Only one process
//! writes at a time, which [`RunLock`] ensures. If another program writes nevertheless, SQLite
//! waits up to thirty seconds. An interrupt cannot end that wait, so the program exits without it.
//!
//! The files of the write-ahead log stay when the last connection closes, the log empty after a run:
//! a user who may only read cannot make them, and SQLite cannot read without them.
//!
//! # Durability
//!
//! The database uses `synchronous = NORMAL` with a write-ahead log. A killed process loses no
//! commit. A power failure may lose the last commits but does not damage the database. Lost filings
//! are discovered again, and a file is on disk before its row says so.
//!
//! # Memory
//!
//! The page cache has 16 MB for the writer and 256 KB for each reader: 20 readers and the writer
//! stay under 22 MB. A larger cache does not help, because rows arrive grouped by company, in the
//! order of the tables.
//!
//! # Growth
//!
//! The work per company of a run, and the queries of `stats` and `monitor`, take the same time
//! however large the database is. They use counters or indexes, and tests check their query plans.
//! Errors are kept for a hundred runs, and companies that left a selection are removed from it.
//! `cargo bench --bench growth` measures this.
//!
//! # Errors
//!
//! Every method here returns an error if SQLite fails: the file is damaged or locked, or the disk
//! is full. The `# Errors` sections name only other causes.
//!
//! # Compatibility
//!
//! `user_version` is the version of the schema. A database with a newer version is refused. Until
//! the first release the schema is edited in place, and a database created from another version of
//! the file is refused too. Tables are private. The views of `sql/views.sql` are public and are
//! created again when that file changes.

#![expect(
    clippy::missing_errors_doc,
    reason = "the module documentation names SQLite errors once for all methods"
)]

mod artifacts;
mod batch;
mod companies;
mod dataset;
mod diagnose;
mod drop_selection;
mod error;
mod filing_key;
mod filings;
mod holdings;
mod identity;
mod indexes;
mod lock;
mod lost_files;
mod meta;
mod months;
mod open;
mod pages;
mod prune;
mod queries;
mod queue;
mod reader;
mod readers;
mod refused_pages;
mod runs;
mod selection_row;
mod selections;
mod stats;
#[cfg(test)]
mod testing;
mod universe;
mod values;
mod writer;

pub use artifacts::{Failure, MISSING_DAYS, Recorded, SplitDocument};
pub use batch::Batch;
pub use companies::{ShownCompany, TickerMatch};
pub use dataset::{DatasetScope, DatasetSnapshot, StoredDocument};
#[cfg(test)]
pub use diagnose::FileCounts;
pub use diagnose::{CompanyCoverage, FailureGroup, PreviousRun};
pub use error::{Error, Result};
pub use filings::{FileOnRecord, OnRecord, ShownFiling};
pub use holdings::Holdings;
pub use identity::{Identity, addresses};
pub use indexes::{IndexDay, IndexStatus, ListedFiling, ListedStatus};
pub use lock::RunLock;
pub use lost_files::{StoredFile, StoredId};
pub use months::MonthHoldings;
pub use pages::PageRead;
pub use prune::{RecordedSelections, Unwanted};
pub use queue::{QueueFilter, QueueLength, QueuePlace};
pub use reader::Reader;
pub use refused_pages::UNDATED;
pub use runs::{ErrorRow, RunEnd, RunProgress};
pub use selection_row::SelectionRow;
pub use selections::{RecordedSelection, SelectionId};
pub use stats::{RunRow, Stats};
pub use universe::{CompanyRow, ListingRow, UniverseChange};
pub use values::{ArtifactStatus, RunId, RunStatus, SubmissionStatus};
pub use writer::Writer;
