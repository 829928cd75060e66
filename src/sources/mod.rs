//! Where EDGAR tells what was filed: the submissions of each company, from the API or from
//! `submissions.zip`, and the daily and quarterly indexes.
//!
//! The place in the flow: discovery reads submissions through [`Source`]; a run reads indexes before
//! it begins, to find out which companies changed, and `diagnose --reconcile` to prove that nothing
//! is missing.

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

/// Where a run reads submissions: from EDGAR's API, a request each, or from the members of
/// `submissions.zip`. The bytes are the same, and so is all that is done with them.
///
/// # Threading
///
/// [`Source::open`] is called once, by the planning thread, before the first company is handed out; it
/// blocks for as long as the archive takes. From then on every discovery thread reads from it.
#[derive(Debug)]
pub struct Source {
    choice: SourceChoice,
    cache: Cache,
    archive: OnceLock<(Archive, Timestamp)>,
}

/// What it takes to bring the archive here.
#[derive(Debug, Clone, Copy)]
pub struct Fetching<'a> {
    /// The way to EDGAR.
    pub client: &'a Client,
    /// Where the archive is.
    pub url: &'a Url,
    /// Ends it.
    pub cancel: &'a Cancel,
    /// Shows how far it is.
    pub activity: &'a Activity,
    /// Bytes that have to stay free on the disk.
    pub reserve: u64,
    /// Tries for each part.
    pub max_attempts: u32,
}

/// What became of the archive.
#[derive(Debug)]
pub enum Opened {
    /// Companies are read from it.
    Yes,
    /// Each company is asked for by itself, or the run is to stop. There is nothing to record.
    No,
    /// Each company is asked for by itself, because of this: a kind and a message.
    Failed(&'static str, String),
    /// The run cannot go on.
    Abort(String),
}

impl Source {
    /// The chosen way; the archive, if that is it, is kept in this cache.
    pub fn new(choice: SourceChoice, cache: Cache) -> Self {
        Self {
            choice,
            cache,
            archive: OnceLock::new(),
        }
    }

    /// Which way was chosen, and why. A run may have had to leave it.
    pub fn choice(&self) -> &SourceChoice {
        &self.choice
    }

    /// Whether companies are still to be had from the archive.
    pub fn wants_archive(&self) -> bool {
        self.choice.source == ChosenSource::Bulk && self.archive.get().is_none()
    }

    /// Whether companies are had from the archive.
    pub fn has_archive(&self) -> bool {
        self.archive.get().is_some()
    }

    /// When EDGAR made the archive that companies are read from.
    pub fn as_of(&self) -> Option<Timestamp> {
        self.archive.get().map(|(_, as_of)| *as_of)
    }

    /// The main document of a company, or one of its older pages, from the archive.
    ///
    /// # Errors
    ///
    /// When the archive has no such member, or a damaged one.
    pub fn member(&self, cik: Cik, page: Option<&PageName>) -> Result<Vec<u8>, BadMember> {
        let (archive, _) = self.archive.get().ok_or(BadMember::Missing)?;
        match page {
            Some(page) => archive.page(page),
            None => archive.document(cik),
        }
    }

    /// Brings the archive here and opens it for these companies.
    pub fn open(&self, wanted: &HashSet<Cik>, fetching: Fetching<'_>) -> Opened {
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
            worth: self.choice.worth,
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
                Opened::Yes
            }
            Ok(Err(bad)) => {
                self.cache.discard(url);
                Opened::Failed("bad_archive", format!("submissions.zip: {bad}"))
            }
            Err(ArchiveUnavailable::Stopped) => Opened::No,
            Err(ArchiveUnavailable::Fetch(
                error @ (FetchError::UndeclaredAgent
                | FetchError::Outage(_)
                | FetchError::Forbidden(_)),
            )) => Opened::Abort(error.to_string()),
            Err(stale @ ArchiveUnavailable::NotWorthIt { .. }) => {
                log::info!("{stale}: each company is asked for by itself");
                Opened::No
            }
            Err(ArchiveUnavailable::Fetch(error)) => {
                Opened::Failed(error.kind(), ArchiveUnavailable::Fetch(error).to_string())
            }
            Err(stale @ (ArchiveUnavailable::NoRoom { .. } | ArchiveUnavailable::Disk(_))) => {
                Opened::Failed("disk", stale.to_string())
            }
            Err(ArchiveUnavailable::Busy) => {
                Opened::Failed("busy", ArchiveUnavailable::Busy.to_string())
            }
        }
    }
}
