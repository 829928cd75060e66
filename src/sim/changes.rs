//! What happens to a universe while it is served: lost days, companies that leave or move, files
//! that go, rows that are corrected.
//!
//! Only these are kept; everything else follows from the seed. Every change is answered from the
//! next request on, but for `submissions.zip`, which is made once a day. A change of something
//! that does not exist changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::civil::Date;

use crate::edgar::{Accession, Cik};

use super::venue::Venue;

/// How a day's index is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LostDay {
    /// The quarter's listing still has it.
    Listed,
    /// The quarter's listing lacks it, too.
    Unlisted,
}

/// How a submission comes back changed. A document is named by its `<SEQUENCE>`, which has gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubmissionChange {
    /// One document is no longer in it, nor served singly.
    Drop(usize),
    /// One document has a line more.
    Alter(usize),
}

/// What happened to one filing.
#[derive(Debug, Clone, Default)]
pub(crate) struct FilingChange {
    pub(crate) form: Option<&'static str>,
    pub(crate) filed_on: Option<Date>,
    pub(crate) hidden: bool,
    pub(crate) removed: bool,
    pub(crate) removed_documents: BTreeSet<String>,
    pub(crate) dropped: BTreeSet<usize>,
    pub(crate) altered: BTreeSet<usize>,
    /// When its submission changed last.
    pub(crate) changed_on: Option<Date>,
}

impl FilingChange {
    /// Whether a name in its folder is served no more.
    pub(crate) fn lacks(&self, name: &str) -> bool {
        self.removed || self.removed_documents.contains(name)
    }
}

/// What happened to one company.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CompanyChange {
    pub(crate) delisted: bool,
    pub(crate) moved_to: Option<Venue>,
    pub(crate) removed: bool,
}

/// Everything that happened.
#[derive(Debug, Default)]
pub(crate) struct SimChanges(Mutex<SimChangesState>);

#[derive(Debug, Default)]
pub(crate) struct SimChangesState {
    pub(crate) days: BTreeMap<Date, LostDay>,
    pub(crate) companies: BTreeMap<Cik, CompanyChange>,
    pub(crate) filings: BTreeMap<Accession, FilingChange>,
}

impl SimChanges {
    pub(crate) fn lock(&self) -> MutexGuard<'_, SimChangesState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn of_day(&self, day: Date) -> Option<LostDay> {
        self.lock().days.get(&day).copied()
    }

    pub(crate) fn of_company(&self, cik: Cik) -> CompanyChange {
        self.lock().companies.get(&cik).copied().unwrap_or_default()
    }

    pub(crate) fn of_filing(&self, accession: Accession) -> FilingChange {
        let state = self.lock();
        state.filings.get(&accession).cloned().unwrap_or_default()
    }

    /// The filings that something happened to.
    pub(crate) fn filings(&self) -> Vec<Accession> {
        self.lock().filings.keys().copied().collect()
    }

    /// Whether nothing happened to any filing.
    pub(crate) fn spares_filings(&self) -> bool {
        self.lock().filings.is_empty()
    }
}
