//! The record: companies, filings, artifacts, selections, runs and errors in one SQLite file.
//!
//! The place in the flow: planning reads companies through a [`Reader`], the write stage owns the
//! only [`Writer`] of the process, and every other stage sends it what it learned. Only this
//! room knows SQLite.
//!
//! # Threading
//!
//! A [`Writer`] or [`Reader`] belongs to one thread at a time. Readers never wait for the writer
//! nor it for them (write-ahead log), but a reader that holds a transaction open lets the log
//! grow without bound: every call here reads a short burst and lets go. One process writes at a
//! time, which is what [`RunLock`] is for; should another program write nevertheless, SQLite makes us
//! wait up to thirty seconds. Nothing ends that wait, so whoever is interrupted leaves without it.
//!
//! # Durability
//!
//! `synchronous = NORMAL` with a write-ahead log: a killed process loses no commit, a power cut
//! may lose the last ones, never the database. What is lost is discovered again, and a file is
//! on disk before its row says so.
//!
//! # Memory
//!
//! 16 MB of page cache for the writer, 256 KB for each reader: 20 readers and the writer stay under
//! 22 MB. More cache does not help: rows arrive grouped by company, in the order of the tables.
//!
//! # Growth
//!
//! What a run does for a company, and what `stats` and `monitor` ask, takes the same however much there
//! is: it comes from counters or by an index, and tests keep the plans so. Errors are kept for a
//! hundred runs, and a selection forgets companies that left it. `cargo bench --bench growth` shows
//! all of it.
//!
//! # Errors
//!
//! Whatever reads or writes fails when SQLite does: the file is damaged or locked, the disk is full.
//! Methods say only what else they may fail for.
//!
//! # Compatibility
//!
//! `user_version` counts the schemas; a newer database is refused. Until the first release the one
//! schema is edited in place, and a database that was made from another text of it is refused, too.
//! Tables are private. The views of `sql/views.sql` are public and are created anew when their text
//! changes.

#![expect(
    clippy::missing_errors_doc,
    reason = "said once above for all that only SQLite can make fail"
)]

mod artifacts;
mod batch;
mod companies;
mod diagnose;
mod drop_selection;
mod error;
mod filings;
mod holdings;
mod identity;
mod indexes;
mod lock;
mod meta;
mod open;
mod pages;
mod queries;
mod queue;
mod reader;
mod runs;
mod selections;
mod stats;
#[cfg(test)]
mod testing;
mod universe;
mod values;
mod writer;

pub use artifacts::{Failure, MISSING_DAYS, Recorded, SplitDocument, StoredFile, StoredId};
pub use batch::Batch;
pub use companies::{ShownCompany, TickerMatch};
#[cfg(test)]
pub use diagnose::FileCounts;
pub use diagnose::{CompanyFacts, FailureGroup, PreviousRun};
pub use error::{Error, Result};
pub use filings::{FileOnRecord, OnRecord, ShownFiling};
pub use holdings::Holdings;
pub use identity::{Identity, addresses};
pub use indexes::{IndexDay, IndexStatus, ListedFiling, ListedStatus};
pub use lock::RunLock;
pub use pages::PageRead;
pub use queue::{QueueFilter, QueuePlace};
pub use reader::Reader;
pub use runs::{ErrorRow, RunEnd, RunProgress};
pub use selections::{RecordedSelection, SelectionId, SelectionRow};
pub use stats::{RunRow, Stats};
pub use universe::{CompanyRow, ListingRow, UniverseChange};
pub use values::{ArtifactStatus, RunId, RunStatus, SubmissionStatus};
pub use writer::Writer;
