//! EDGAR's nightly `submissions.zip`: every company's submissions in one request.
//!
//! The place in the flow: beside [`crate::net`], below the pipeline. [`Cache`] keeps one archive in
//! the data dir and brings it up to date; [`Archive`] reads the members that a run wants; [`choose`] says
//! when all that takes less time than one request a company.
//!
//! # Threading
//! [`Cache::refresh`] blocks its thread for as long as the download takes, and ends with the run.
//! An open [`Archive`] is shared by all discovery threads: they read the one file at places of their
//! own, and hold no lock.

mod cache;
mod choice;
mod zip;

pub use self::cache::{ArchiveRequest, ArchiveUnavailable, Cache, CacheState};
pub use self::choice::{ChoiceInput, ChosenSource, SourceChoice, choose};
pub use self::zip::{Archive, BadMember};
