//! What travels from stage to stage: a company to visit, a request for a file.

use jiff::Timestamp;
use jiff::civil::Date;

use super::commits::Sequence;
use crate::edgar::submissions::OlderPage;
use crate::edgar::{CompanyProfile, DateRange, History, QueueItem, SicCodes, Wanted};
use crate::selection::Filings;
use crate::store::{SelectionId, ShownCompany};

/// A selection as a run asks for it.
#[derive(Debug, Clone)]
pub struct RunSelection {
    /// The selection on record for which companies count as checked; `None` where the run asks for
    /// less than any on record.
    pub id: Option<SelectionId>,
    /// Only of companies with one of these codes; `None` is no condition.
    pub sic: Option<SicCodes>,
    /// Which filings.
    pub filings: Filings,
    /// What of each.
    pub artifacts: Wanted,
}

/// What a visit to a company is to find for one selection of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitGoal {
    /// The selection, by its place in the run.
    pub selection: usize,
    /// How far back its older pages matter.
    pub older: Older,
    /// Whether what was given up before is queued again where it is found: the company was never checked
    /// for this selection, which is new or wider.
    pub again: bool,
}

/// How far back the older pages of a company matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Older {
    /// As far as the dates of the selection reach: the company is looked at for it as a whole.
    Whole,
    /// To this day: the oldest filing date among what is new.
    Since(Date),
    /// Not at all: the company is visited for another selection.
    Not,
}

impl VisitGoal {
    /// The days whose older pages matter; `None` is none.
    pub(super) fn older_dates(&self, filings: &Filings) -> Option<DateRange> {
        let dates = filings.dates();
        let since = match self.older {
            Older::Whole => dates.since,
            Older::Since(day) => day.max(dates.since),
            Older::Not => return None,
        };
        Some(DateRange { since, ..dates })
    }
}

/// A company on its way through discovery.
#[derive(Debug)]
pub(super) struct Visit {
    pub company: ShownCompany,
    pub goals: Vec<VisitGoal>,
    /// Selections, by their place in the run, that its code keeps out of: it is looked at for them, and
    /// none of its filings is wanted.
    pub other_industry: Vec<usize>,
    /// When it began: what EDGAR publishes later may not be seen.
    pub began: Option<Timestamp>,
    /// The older pages still to be read, the next one last; `None` before the main document
    /// tells which there are.
    pub pages: Option<Vec<OlderPage>>,
    /// The days of those pages that were read by an earlier run, for each of the wants: filings on
    /// record of these days may lack what this run wants of them.
    pub on_record: Vec<Option<DateRange>>,
    /// What EDGAR lists of the company, as far as it was read.
    pub history: History,
    /// What it says of the company itself.
    pub facts: CompanyProfile,
    /// Whether its documents are read from the archive of all submissions. Once one of them cannot
    /// be, the rest is asked for.
    pub from_archive: bool,
    /// Failed tries of the current request.
    pub tries: u32,
}

impl Visit {
    pub(super) fn new(company: ShownCompany, goals: Vec<VisitGoal>, from_archive: bool) -> Self {
        Self {
            company,
            on_record: vec![None; goals.len()],
            goals,
            other_industry: Vec::new(),
            began: None,
            pages: None,
            history: History::default(),
            facts: CompanyProfile::default(),
            from_archive,
            tries: 0,
        }
    }
}

/// A request on its way through the downloads.
#[derive(Debug)]
pub(super) struct Job {
    pub item: QueueItem,
    /// The record that its row came with; nothing of it is stored before that is committed.
    pub queued_at: Sequence,
    /// Tries in this run.
    pub tries: u32,
}

impl Job {
    pub(super) fn new(item: QueueItem, queued_at: Sequence) -> Self {
        Self {
            item,
            queued_at,
            tries: 0,
        }
    }
}
