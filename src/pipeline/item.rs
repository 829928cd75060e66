//! The items that pass through the stages: a company to visit, and a request for a file.

use jiff::Timestamp;
use jiff::civil::Date;

use super::commits::Sequence;
use super::record::ErrorReport;
use crate::criteria::CompanyCriteria;
use crate::edgar::submissions::OlderPage;
use crate::edgar::{ArtifactChoice, CompanyProfile, DateRange, History, QueueItem};
use crate::files::Fingerprint;
use crate::selection::Filings;
use crate::store::{SelectionId, ShownCompany};

/// A selection of a run.
#[derive(Debug, Clone)]
pub struct RunSelection {
    /// The selection on record for which the visited companies count as checked. `None` when the run
    /// covers only a part of a recorded selection.
    pub id: Option<SelectionId>,
    /// What its companies must be.
    pub criteria: CompanyCriteria,
    pub filings: Filings,
    /// What is downloaded of each filing.
    pub artifacts: ArtifactChoice,
}

/// What a visit to a company must find for one selection of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitGoal {
    /// The index of the selection in the run.
    pub selection: usize,
    /// Which older pages of the company matter.
    pub older: OlderPages,
    /// Whether `unavailable` and `dropped` artifacts are queued again: the company was never checked for
    /// this selection, which is new or wider.
    pub again: bool,
}

/// Which older pages of a company matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OlderPages {
    /// All pages within the dates of the selection: the company is checked for the whole selection.
    Whole,
    /// The pages back to this day, the oldest filing date among the new filings.
    Since(Date),
    /// None: the company is visited for another selection.
    Not,
}

impl VisitGoal {
    /// The dates of the older pages that matter; `None` if none do.
    pub(super) fn older_dates(&self, filings: &Filings) -> Option<DateRange> {
        let dates = filings.dates();
        let since = match self.older {
            OlderPages::Whole => dates.since,
            OlderPages::Since(day) => day.max(dates.since),
            OlderPages::Not => return None,
        };
        Some(DateRange { since, ..dates })
    }
}

/// A company that discovery visits.
#[derive(Debug)]
pub(super) struct Visit {
    pub company: ShownCompany,
    pub goals: Vec<VisitGoal>,
    /// Selections (by index in the run) whose criteria the company does not meet. The company counts as
    /// checked for them, and none of its filings is wanted.
    pub not_meant_by: Vec<usize>,
    /// When the visit began. What EDGAR publishes later may be missing.
    pub began: Option<Timestamp>,
    /// The older pages still to be read, the next one last. `None` until the main document, which lists
    /// them, has been read.
    pub pages: Option<Vec<OlderPage>>,
    /// The problem of the last older page that EDGAR lists and does not have. The visit goes on with the
    /// other pages and then fails.
    pub missing_page: Option<ErrorReport>,
    /// For each goal, the dates of those pages that an earlier run has read: filings on record of these
    /// dates may lack artifacts that this run wants.
    pub on_record: Vec<Option<DateRange>>,
    /// What EDGAR lists for the company, as far as it has been read.
    pub history: History,
    /// The company's profile in its main document.
    pub profile: CompanyProfile,
    /// Whether the documents are read from `submissions.zip`. After the first one that cannot be, the
    /// remaining ones are requested.
    pub from_archive: bool,
    /// Whether one of them was read from it.
    pub used_archive: bool,
    /// Failed attempts of the current request.
    pub attempts: u32,
}

impl Visit {
    pub(super) fn new(company: ShownCompany, goals: Vec<VisitGoal>, from_archive: bool) -> Self {
        Self {
            company,
            on_record: vec![None; goals.len()],
            goals,
            not_meant_by: Vec::new(),
            began: None,
            pages: None,
            missing_page: None,
            history: History::default(),
            profile: CompanyProfile::default(),
            from_archive,
            used_archive: false,
            attempts: 0,
        }
    }
}

/// A request that a download thread works on.
#[derive(Debug)]
pub(super) struct Job {
    pub item: QueueItem,
    /// The record with the row of the item. Nothing is stored before that record is committed.
    pub queued_at: Sequence,
    /// Failed attempts in this run.
    pub attempts: u32,
    /// What came for it in this run and was in doubt, so that it is asked for once more.
    pub doubtful: Option<Fingerprint>,
}

impl Job {
    pub(super) fn new(item: QueueItem, queued_at: Sequence) -> Self {
        Self {
            item,
            queued_at,
            attempts: 0,
            doubtful: None,
        }
    }
}
