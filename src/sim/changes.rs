//! Records the changes to a universe while it is served: missing indexes, companies that leave or move,
//! removed files, corrected rows.
//!
//! Only the changes are stored; everything else follows from the seed. A change takes effect at the next
//! request, except in `submissions.zip`, which is made once a day. A change of something that does not
//! exist has no effect.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::civil::Date;

use crate::edgar::{Accession, Cik};

use super::venue::Venue;

/// How a day's index is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LostDay {
    /// The quarter's listing still has it.
    Listed,
    /// The quarter's listing lacks it, too.
    Unlisted,
}

/// A change of a submission. A document is identified by its `<SEQUENCE>`, which has gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubmissionChange {
    /// One document is removed, also as a single document.
    Drop(usize),
    /// One document has an additional line.
    Alter(usize),
}

/// The changes of one filing.
#[derive(Debug, Clone, Default)]
pub(crate) struct FilingChange {
    pub(crate) form: Option<&'static str>,
    pub(crate) filed_on: Option<Date>,
    pub(crate) hidden: bool,
    pub(crate) removed: bool,
    pub(crate) removed_documents: BTreeSet<String>,
    pub(crate) dropped: BTreeSet<usize>,
    pub(crate) altered: BTreeSet<usize>,
    /// The time of the last change of its submission.
    pub(crate) changed_on: Option<Date>,
}

impl FilingChange {
    /// Whether a file in its folder is no longer served.
    pub(crate) fn lacks(&self, name: &str) -> bool {
        self.removed || self.removed_documents.contains(name)
    }
}

/// The changes of one company.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CompanyChange {
    pub(crate) delisted: bool,
    pub(crate) moved_to: Option<Venue>,
    pub(crate) removed: bool,
}

/// All changes of a universe.
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

    /// The changed filings.
    pub(crate) fn filings(&self) -> Vec<Accession> {
        self.lock().filings.keys().copied().collect()
    }

    /// Whether no filing was changed.
    pub(crate) fn spares_filings(&self) -> bool {
        self.lock().filings.is_empty()
    }
}
