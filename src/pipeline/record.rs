//! What the stages send the writer: everything that is to stand in the database.

use std::fmt::Display;

use jiff::Timestamp;
use url::Url;

use super::split::SplitResult;
use crate::edgar::{Accession, Cik, CompanyProfile, Filing, History, QueueItem};
use crate::net::FetchError;
use crate::store::{Failure, PageRead, SelectionId, ShownCompany, SplitDocument};

/// One thing to write down.
#[derive(Debug)]
pub(super) enum Record {
    /// Filings of a company, each with its folder where it is new, and what of them is to be queued.
    /// The sender has taken the requests; the writer gives them back.
    Filings {
        cik: Cik,
        filings: Vec<(Filing, Cik)>,
        items: Vec<QueueItem>,
    },
    /// What of filings on record is to be queued; taken likewise.
    Items(Vec<QueueItem>),
    /// All wanted filings of this older page have been sent.
    PageRead(PageRead),
    /// All filings of this company that were asked for have been sent, as EDGAR listed them then.
    /// With it goes what EDGAR listed of it at that time, wanted or not, and
    /// what it says of the company itself.
    CompanyChecked {
        cik: Cik,
        as_of: Timestamp,
        selections: Vec<SelectionId>,
        history: History,
        facts: CompanyProfile,
    },
    /// This company was given up in this run. `missing`: EDGAR says that it does not have it.
    CompanyFailed { problem: ErrorReport, missing: bool },
    /// A file that was fetched by itself is on disk.
    Stored {
        accession: Accession,
        document: SplitDocument,
        tries: u32,
        /// What is to be told of it.
        problem: Option<ErrorReport>,
    },
    /// A submission was split, and its documents are on disk or were given up.
    Split {
        item: QueueItem,
        split: SplitResult,
        tries: u32,
    },
    /// A request was given up in this run.
    Failed {
        item: QueueItem,
        tries: u32,
        failure: Failure,
        problem: ErrorReport,
    },
    /// Something went wrong that costs no whole item.
    Error(ErrorReport),
}

impl Record {
    /// The bytes that went to the disk.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Stored { document, .. } => document.outcome.as_ref().map_or(0, |f| f.bytes),
            Self::Split { split, .. } => split.stored_bytes,
            _ => 0,
        }
    }
}

/// One error, with the item that it happened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ErrorReport {
    pub cik: Option<Cik>,
    pub accession: Option<Accession>,
    pub url: Option<String>,
    /// One word for its kind, by which failures are grouped.
    pub kind: &'static str,
    pub message: String,
}

impl ErrorReport {
    /// Something about a company's submissions.
    pub(super) fn discovering(
        company: &ShownCompany,
        url: &Url,
        kind: &'static str,
        cause: &dyn Display,
    ) -> Self {
        let message = if company.name.is_empty() {
            format!("company {}: {cause}", company.cik)
        } else {
            format!("company {} ({}): {cause}", company.cik, company.name)
        };
        Self {
            cik: Some(company.cik),
            accession: None,
            url: Some(url.to_string()),
            kind,
            message,
        }
    }

    /// A request for a file that failed for good.
    pub(super) fn fetching(item: &QueueItem, url: &Url, error: &FetchError) -> Self {
        let name = item.target.name(item.accession);
        Self {
            url: Some(url.to_string()),
            ..Self::of_item(
                item,
                error.kind(),
                format!("{} {name}: {error}", item.accession),
            )
        }
    }

    /// Something about a filing that is downloaded.
    pub(super) fn of_item(item: &QueueItem, kind: &'static str, message: String) -> Self {
        Self {
            cik: Some(item.folder),
            accession: Some(item.accession),
            url: None,
            kind,
            message,
        }
    }
}
