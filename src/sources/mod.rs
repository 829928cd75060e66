//! The sources that list filings: each company's submissions, from the API or from
//! `submissions.zip`, and the daily and quarterly indexes.
//!
//! Discovery reads submissions through [`Source`]. An update reads daily indexes before discovery,
//! to find the companies that changed. `diagnose --reconcile` reads quarterly indexes, to prove
//! that nothing is missing.

pub mod bulk;
pub mod daily;
pub mod quarterly;

use std::collections::HashSet;
use std::sync::OnceLock;
use std::sync::atomic::Ordering::Relaxed;

use jiff::Timestamp;
use url::Url;

use self::bulk::{
    Archive, ArchiveRequest, ArchiveUnavailable, BadMember, Cache, ChosenSource, SourceChoice,
};
use crate::cancel::Cancel;
use crate::edgar::Cik;
use crate::edgar::submissions::PageName;
use crate::net::{Client, FetchError};
use crate::progress::Activity;

/// The source of submissions in a run: EDGAR's API, with a request for each document, or the
/// members of `submissions.zip`. Both contain the same bytes, which are processed in the same way.
///
/// # Threading
///
/// The planning thread calls [`Source::open`] once, before the first company is queued. The call
/// blocks while the archive is fetched. Afterwards every discovery thread reads from the source.
#[derive(Debug)]
pub struct Source {
    choice: SourceChoice,
    cache: Cache,
    archive: OnceLock<(Archive, Timestamp)>,
}

/// How to fetch the archive.
#[derive(Debug, Clone, Copy)]
pub struct Fetching<'a> {
    pub client: &'a Client,
    /// The URL of the archive.
    pub url: &'a Url,
    pub cancel: &'a Cancel,
    /// Receives the progress of the download.
    pub activity: &'a Activity,
    /// Bytes that must stay free on the disk.
    pub reserve: u64,
    /// Attempts without progress.
    pub max_attempts: u32,
}

/// The result of opening the archive.
#[derive(Debug)]
pub enum OpenResult {
    /// Companies are read from the archive.
    FromArchive,
    /// Each company is requested by itself, or the run was stopped. There is no problem to record.
    UseApi,
    /// Each company is requested by itself, because of a problem: its kind and a message.
    ArchiveFailed(&'static str, String),
    /// The run cannot continue.
    Abort(String),
}

impl Source {
    /// A source for this choice. `cache` keeps the archive, if the archive is chosen.
    pub fn new(choice: SourceChoice, cache: Cache) -> Self {
        Self {
            choice,
            cache,
            archive: OnceLock::new(),
        }
    }

    /// The choice at the start of the run. If the archive fails, the run uses the API nevertheless.
    pub fn choice(&self) -> &SourceChoice {
        &self.choice
    }

    /// Whether the archive is chosen but not open yet.
    pub fn wants_archive(&self) -> bool {
        self.choice.source == ChosenSource::Bulk && self.archive.get().is_none()
    }

    /// Whether companies are read from the archive.
    pub fn has_archive(&self) -> bool {
        self.archive.get().is_some()
    }

    /// The time up to which the open archive contains EDGAR's filings.
    pub fn as_of(&self) -> Option<Timestamp> {
        self.archive.get().map(|(_, as_of)| *as_of)
    }

    /// The main document of a company, or one of its older pages, from the archive.
    ///
    /// # Errors
    ///
    /// The archive has no such member, or the member is damaged.
    pub fn member(&self, cik: Cik, page: Option<&PageName>) -> Result<Vec<u8>, BadMember> {
        let (archive, _) = self.archive.get().ok_or(BadMember::Missing)?;
        match page {
            Some(page) => archive.page(page),
            None => archive.document(cik),
        }
    }

    /// Fetches the archive and opens it for these companies.
    pub fn open(&self, wanted: &HashSet<Cik>, fetching: Fetching<'_>) -> OpenResult {
        let Fetching {
            client,
            url,
            cancel,
            activity,
            reserve,
            max_attempts,
        } = fetching;
        let terms = ArchiveRequest {
            url,
            max_useful_bytes: self.choice.max_useful_bytes,
            reserve,
            max_attempts,
        };
        let progress = |bytes, total| {
            activity.archive_bytes.store(bytes, Relaxed);
            activity.archive_total.store(total, Relaxed);
        };
        let opened = self
            .cache
            .refresh(client, terms, cancel, &progress)
            .map(|fresh| Archive::open(&fresh.path, wanted).map(|archive| (archive, fresh.as_of)));
        match opened {
            Ok(Ok((archive, as_of))) => {
                log::info!(
                    "{} documents of {} companies are read from submissions.zip of {as_of}",
                    archive.len(),
                    wanted.len()
                );
                let _ = self.archive.set((archive, as_of));
                OpenResult::FromArchive
            }
            Ok(Err(bad)) => {
                self.cache.discard(url);
                OpenResult::ArchiveFailed("bad_archive", format!("submissions.zip: {bad}"))
            }
            Err(ArchiveUnavailable::Stopped) => OpenResult::UseApi,
            Err(ArchiveUnavailable::Fetch(
                error @ (FetchError::UndeclaredAgent
                | FetchError::Outage(_)
                | FetchError::Shut(_)
                | FetchError::Forbidden(_)),
            )) => OpenResult::Abort(error.to_string()),
            Err(stale @ ArchiveUnavailable::NotWorthIt { .. }) => {
                log::info!("{stale}: each company is requested from the API");
                OpenResult::UseApi
            }
            Err(ArchiveUnavailable::Fetch(error)) => OpenResult::ArchiveFailed(
                error.kind(),
                ArchiveUnavailable::Fetch(error).to_string(),
            ),
            Err(stale @ (ArchiveUnavailable::NoRoom { .. } | ArchiveUnavailable::Disk(_))) => {
                OpenResult::ArchiveFailed("disk", stale.to_string())
            }
            Err(ArchiveUnavailable::Busy) => {
                OpenResult::ArchiveFailed("busy", ArchiveUnavailable::Busy.to_string())
            }
        }
    }
}
