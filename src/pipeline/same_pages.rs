//! Detects the page of a gateway (a proxy, firewall or login) that comes in place of documents: the same bytes
//! come for several filings.
//!
//! Identical files of several filings are normal (logos, exhibits), but EDGAR sends each with `Last-Modified`.
//! So only single files without that header are checked. If the same bytes come for three filings, none of
//! the files is stored, and those stored before the third one are queued again.
//!
//! A file that comes without the header, alone or as the second of its bytes, is stored, and that it came
//! so is on record for a month. Later runs, and a run after one that was killed, count those files as well:
//! a page that comes for two filings a night is known in the second night.
//!
//! From a mirror, which may leave the header out, such bytes are taken when a later run gets them again.
//! From sec.gov they never are.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::edgar::{QueueItem, Urls};
use crate::net::{SEC_SITE, site_of};
use crate::store::{self, Reader};

/// The same bytes for this many filings are a gateway's page.
const FILINGS: usize = 3;

/// The size of each of the two maps of pages. When the recent one is full, it replaces the older one. A
/// gateway's page comes again much sooner.
const REMEMBERED: usize = 10_000;

type Sha256 = [u8; 32];

/// The files that came without `Last-Modified` in this run. Shared by all download threads and the writer.
#[derive(Debug)]
pub struct SamePages {
    /// Whether such a page is never accepted, however often it comes.
    never_taken: bool,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Pages that an earlier run refused.
    earlier: HashSet<Sha256>,
    /// Pages that this run refused.
    refused: HashSet<Sha256>,
    /// The files that came with the same bytes.
    recent: HashMap<Sha256, Vec<QueueItem>>,
    older: HashMap<Sha256, Vec<QueueItem>>,
}

/// The decision about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PageVerdict {
    /// A document, judging by the other files of this run.
    Document,
    /// An earlier run refused it, and it came again, so it is the mirror's own file.
    Repeated,
    /// A gateway's page. These files came with the same bytes before and may be stored.
    Gateway { before: Vec<QueueItem> },
}

impl SamePages {
    /// For a mirror, or for sec.gov, from which such a page is never taken.
    pub fn new(is_sec: bool) -> Self {
        Self {
            never_taken: is_sec,
            seen: Mutex::default(),
        }
    }

    /// For the EDGAR at these addresses, with what earlier runs recorded.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn on_record(db: &Reader, urls: &Urls) -> Result<Self, store::Error> {
        let pages = Self::new(site_of(urls.archives()) == SEC_SITE);
        pages.lock().earlier = db.refused_pages()?.into_iter().collect();
        Ok(pages)
    }

    /// Whether EDGAR itself is asked, which sends each document with `Last-Modified`.
    pub(super) fn is_sec(&self) -> bool {
        self.never_taken
    }

    /// Records a file that came without `Last-Modified`. `on_record` are the stored files that came so with the same
    /// bytes, in this run or an earlier one.
    pub(super) fn came(
        &self,
        item: &QueueItem,
        sha256: Sha256,
        on_record: Vec<QueueItem>,
    ) -> PageVerdict {
        let mut seen = self.lock();
        if seen.refused.contains(&sha256) {
            return PageVerdict::Gateway { before: Vec::new() };
        }
        if seen.earlier.contains(&sha256) {
            return if self.never_taken {
                seen.refused.insert(sha256);
                PageVerdict::Gateway { before: Vec::new() }
            } else {
                PageVerdict::Repeated
            };
        }
        let mut files = seen.take(&sha256);
        for file in on_record.into_iter().chain([item.clone()]) {
            if !files.contains(&file) {
                files.push(file);
            }
        }
        let filings: HashSet<_> = files.iter().map(|file| file.accession).collect();
        if filings.len() < FILINGS {
            seen.put(sha256, files);
            return PageVerdict::Document;
        }
        seen.refused.insert(sha256);
        files.retain(|file| file != item);
        PageVerdict::Gateway { before: files }
    }

    /// Whether this run has refused these bytes.
    pub(super) fn is_refused(&self, sha256: &Sha256) -> bool {
        self.lock().refused.contains(sha256)
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn take(&mut self, sha256: &Sha256) -> Vec<QueueItem> {
        let recent = self.recent.remove(sha256);
        recent
            .or_else(|| self.older.remove(sha256))
            .unwrap_or_default()
    }

    fn put(&mut self, sha256: Sha256, files: Vec<QueueItem>) {
        if self.recent.len() >= REMEMBERED {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(sha256, files);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edgar::{Accession, ArtifactKind, FileName, Target};

    fn file(filing: u64, name: &str) -> QueueItem {
        QueueItem {
            accession: Accession::new(filing).unwrap(),
            folder: "7".parse().unwrap(),
            target: Target::File(FileName {
                kind: ArtifactKind::Primary,
                name: name.to_owned(),
                edgar_name: None,
            }),
            submission_size: None,
        }
    }

    fn hash(n: u64) -> Sha256 {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&n.to_le_bytes());
        hash
    }

    /// What an earlier run refused is on record.
    fn refused_before(is_sec: bool) -> SamePages {
        let pages = SamePages::new(is_sec);
        pages.lock().earlier.insert(hash(1));
        pages
    }

    #[test]
    fn the_third_filing_with_the_same_bytes_names_the_files_before_it() {
        let pages = SamePages::new(false);
        let came = |filing, name| pages.came(&file(filing, name), hash(1), Vec::new());
        for (filing, name) in [(1, "a.htm"), (1, "b.htm"), (1, "a.htm"), (2, "a.htm")] {
            assert_eq!(came(filing, name), PageVerdict::Document);
        }
        assert!(!pages.is_refused(&hash(1)));
        let before = vec![file(1, "a.htm"), file(1, "b.htm"), file(2, "a.htm")];
        assert_eq!(came(3, "a.htm"), PageVerdict::Gateway { before });
        assert!(pages.is_refused(&hash(1)));
        let none = PageVerdict::Gateway { before: Vec::new() };
        assert_eq!(came(4, "a.htm"), none);
        assert_eq!(
            pages.came(&file(3, "c.htm"), hash(2), Vec::new()),
            PageVerdict::Document
        );
    }

    #[test]
    fn files_that_earlier_runs_stored_count_too() {
        let pages = SamePages::new(false);
        let stored = vec![file(1, "a.htm"), file(2, "a.htm")];
        let came = |filing| pages.came(&file(filing, "a.htm"), hash(1), stored.clone());
        assert_eq!(came(2), PageVerdict::Document, "it comes again");
        let before = vec![file(1, "a.htm"), file(2, "a.htm")];
        assert_eq!(came(3), PageVerdict::Gateway { before });
    }

    #[test]
    fn what_an_earlier_run_refused_is_taken_from_a_mirror_alone() {
        let mirror = refused_before(false);
        assert_eq!(
            mirror.came(&file(1, "a.htm"), hash(1), Vec::new()),
            PageVerdict::Repeated
        );
        let sec = refused_before(true);
        let none = PageVerdict::Gateway { before: Vec::new() };
        assert_eq!(sec.came(&file(1, "a.htm"), hash(1), Vec::new()), none);
        assert!(sec.is_refused(&hash(1)));
    }

    #[test]
    fn memory_is_bounded_and_what_came_lately_is_remembered() {
        let pages = SamePages::new(false);
        let many = REMEMBERED as u64 * 3;
        for n in 0..many {
            assert_eq!(
                pages.came(&file(n + 10, "a.htm"), hash(n), Vec::new()),
                PageVerdict::Document
            );
            if n % 100 == 0 {
                let other = 1 + (n / 100) % 2;
                let _ = pages.came(&file(other, "a.htm"), hash(u64::MAX), Vec::new());
            }
        }
        let seen = pages.lock();
        assert!(seen.recent.len() + seen.older.len() <= 2 * REMEMBERED + 1);
        drop(seen);
        let before = vec![file(1, "a.htm"), file(2, "a.htm")];
        assert_eq!(
            pages.came(&file(5, "a.htm"), hash(u64::MAX), Vec::new()),
            PageVerdict::Gateway { before }
        );
    }
}
