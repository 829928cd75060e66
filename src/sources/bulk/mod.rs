//! EDGAR's nightly `submissions.zip`: every company's submissions in one request.
//!
//! [`Cache`] keeps one archive in the data dir and brings it up to date. [`Archive`] reads the
//! members that a run needs. [`choose`] decides whether the archive takes less time than one
//! request per company. This module is at the level of [`crate::net`], below the pipeline.
//!
//! # Threading
//! [`Cache::refresh`] blocks its thread during the download and ends when the run stops. All
//! discovery threads share one open [`Archive`]. They read the file at separate positions and hold
//! no lock.

mod cache;
mod choice;
mod zip;

pub use self::cache::{ArchiveRequest, ArchiveUnavailable, Cache, CacheState};
pub use self::choice::{ChoiceInput, ChosenSource, SourceChoice, choose};
pub use self::zip::{Archive, BadMember};
