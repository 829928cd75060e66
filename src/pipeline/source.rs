//! Where the bytes of a company's submissions come from: from EDGAR's API, a request each, or from the
//! members of `submissions.zip`. The bytes are the same, and so is all that is done with them.
//!
//! # Threading
//!
//! [`Source::open`] is called once, by the planning thread, before the first company is handed out; it
//! blocks for as long as the archive takes. From then on every discovery thread reads from it.

use std::collections::HashSet;
use std::sync::OnceLock;
use std::sync::atomic::Ordering::Relaxed;

use crossbeam_channel::Sender;
use jiff::Timestamp;

use super::Services;
use super::item::Visit;
use super::record::{Problem, Record};
use crate::bulk::{Archive, BadMember, Choice, Shelf, Stale, Terms, Way};
use crate::edgar::Cik;
use crate::net::FetchError;

/// Bytes that the archive leaves free on the disk where no budget says how many: the run has
/// documents to store as well.
const RESERVE: u64 = 256 << 20;

/// The way that was chosen, and the archive once it is open.
#[derive(Debug)]
pub struct Source {
    choice: Choice,
    shelf: Shelf,
    archive: OnceLock<(Archive, Timestamp)>,
}

impl Source {
    /// The chosen way; the archive, if that is it, is kept on this shelf.
    #[must_use]
    pub fn new(choice: Choice, shelf: Shelf) -> Self {
        Self {
            choice,
            shelf,
            archive: OnceLock::new(),
        }
    }

    /// Which way was chosen, and why. A run may have had to leave it.
    #[must_use]
    pub fn choice(&self) -> &Choice {
        &self.choice
    }

    /// Whether companies are still to be had from the archive.
    pub(super) fn wants_archive(&self) -> bool {
        self.choice.way == Way::Bulk && self.archive.get().is_none()
    }

    /// Whether companies are had from the archive.
    pub(super) fn has_archive(&self) -> bool {
        self.archive.get().is_some()
    }

    /// When EDGAR made the archive that companies are read from.
    #[must_use]
    pub fn as_of(&self) -> Option<Timestamp> {
        self.archive.get().map(|(_, as_of)| *as_of)
    }

    /// The document that a visit reads next, from the archive.
    pub(super) fn member(&self, visit: &Visit) -> Result<Vec<u8>, BadMember> {
        let (archive, _) = self.archive.get().ok_or(BadMember::Missing)?;
        match visit.pages.as_deref() {
            Some([.., page]) => archive.page(&page.name),
            _ => archive.document(visit.company.cik),
        }
    }

    /// Brings the archive here and opens it for these companies. Where that fails, all of them
    /// are asked for one by one, which is recorded and no reason to end the run.
    pub(super) fn open(&self, wanted: &HashSet<Cik>, records: &Sender<Record>, cx: &Services) {
        let url = cx.urls.submissions_archive();
        let terms = Terms {
            url: &url,
            worth: self.choice.worth,
            reserve: cx.options.budgets.free_space.unwrap_or(RESERVE),
            max_attempts: cx.options.max_attempts,
        };
        let progress = |bytes, total| {
            cx.counters.archive_bytes.store(bytes, Relaxed);
            cx.counters.archive_total.store(total, Relaxed);
        };
        let opened = self
            .shelf
            .refresh(&cx.client, terms, &cx.cancel, &progress)
            .map(|fresh| Archive::open(&fresh.path, wanted).map(|archive| (archive, fresh.as_of)));
        let (kind, cause) = match opened {
            Ok(Ok((archive, as_of))) => {
                log::info!(
                    "{} documents of {} companies are read from submissions.zip of {as_of}",
                    archive.len(),
                    wanted.len()
                );
                let _ = self.archive.set((archive, as_of));
                return;
            }
            Ok(Err(bad)) => {
                self.shelf.discard(&url);
                ("bad_archive", format!("submissions.zip: {bad}"))
            }
            Err(Stale::Stopped) => return,
            Err(Stale::Fetch(
                error @ (FetchError::UndeclaredAgent
                | FetchError::Outage(_)
                | FetchError::Forbidden(_)),
            )) => return cx.abort(error.to_string()),
            Err(stale @ Stale::NotWorthIt { .. }) => {
                log::info!("{stale}: each company is asked for by itself");
                return;
            }
            Err(Stale::Fetch(error)) => (error.kind(), Stale::Fetch(error).to_string()),
            Err(stale @ (Stale::NoRoom { .. } | Stale::Disk(_))) => ("disk", stale.to_string()),
            Err(Stale::Busy) => ("busy", Stale::Busy.to_string()),
        };
        let problem = Problem {
            cik: None,
            accession: None,
            url: Some(url.to_string()),
            kind,
            message: format!("{cause}: each company is asked for by itself"),
        };
        // Who does not listen has ended, and so will this run.
        let _ = records.send(Record::Problem(problem));
    }
}
