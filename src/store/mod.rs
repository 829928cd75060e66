//! The record: companies, filings, artifacts, runs and errors in one SQLite file.
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
//! is: it comes from counters or by an index, and tests keep the plans so. Rows are written in the
//! order of the tables; what has to be found by accession alone is gathered in `owners_recent` and
//! settled from time to time. `cargo bench --bench growth` shows all of it.
//!
//! # Compatibility
//!
//! `user_version` counts the migrations; a newer database is refused, an older one is migrated
//! in one transaction by the next writer. Tables are private. The views of `sql/views.sql` are public and
//! are created anew when their text changes.

mod desk;
mod error;
mod facts;
mod lock;
mod meta;
mod open;
mod pages;
mod queries;
mod reader;
mod runs;
#[cfg(test)]
mod testing;
mod types;
mod universe;
mod watermarks;
mod writer;

pub use desk::{ExchangeStats, FormYearStats, Holdings, Listed, RunRow, Stats};
pub use error::{Cause, Error, Result};
pub use facts::{CompanyFacts, FailureGroup, FileCounts, PreviousRun, Stored, StoredId};
pub use lock::RunLock;
pub use pages::PageKey;
pub use reader::{KnownArtifact, Planned, QueueKey, Queued, Reader, Scope, Tickers};
pub use runs::RunCounts;
pub use types::{ArtifactStatus, RunId, RunStatus};
pub use universe::{CompanyRow, ListingRow, UniverseChange};
pub use watermarks::{Backfilled, Followed};
pub use writer::{Batch, Document, ErrorRow, Failure, Writer};
