//! Records: what the stages send to the writer, which writes it to the database.

use std::fmt::Display;

use jiff::Timestamp;
use url::Url;

use super::split::SplitResult;
use crate::edgar::submissions::OlderPage;
use crate::edgar::{Accession, Cik, CompanyProfile, Filing, History, QueueItem};
use crate::files::Fingerprint;
use crate::net::FetchError;
use crate::store::{Failure, PageRead, SelectionId, ShownCompany, SplitDocument};

/// One message to the writer.
#[derive(Debug)]
pub(super) enum Record {
    /// Filings of a company, each with the folder to use if it is new, and their queue entries. The
    /// sender has marked the entries as taken; the writer releases them.
    Filings {
        cik: Cik,
        filings: Vec<(Filing, Cik)>,
        items: Vec<QueueItem>,
    },
    /// Queue entries for filings on record, marked as taken as well.
    Items(Vec<QueueItem>),
    /// All wanted filings of this older page were sent.
    PageRead(PageRead),
    /// All filings of this company that the selections want were sent, as EDGAR listed them at `as_of`.
    /// `history` is what EDGAR listed then, wanted or not.
    CompanyChecked {
        cik: Cik,
        as_of: Timestamp,
        selections: Vec<SelectionId>,
        history: History,
        profile: CompanyProfile,
    },
    /// EDGAR lists this older page and does not have it.
    PageMissing(OlderPage),
    /// The visit to this company was given up. `missing`: EDGAR does not have the company.
    CompanyFailed { problem: ErrorReport, missing: bool },
    /// A file that was requested by itself is on disk.
    Stored {
        item: QueueItem,
        document: SplitDocument,
        attempts: u32,
        /// Whether it came with a date, or needs none.
        is_dated: bool,
        /// What must be reported about the file.
        problems: Vec<ErrorReport>,
    },
    /// A submission was split. Its documents are on disk or were given up.
    Split {
        item: QueueItem,
        split: SplitResult,
        /// The requests of this run for the text; 0 if it was on disk.
        attempts: u32,
    },
    /// A request was given up in this run.
    Failed {
        item: QueueItem,
        attempts: u32,
        failure: Failure,
        problem: ErrorReport,
    },
    /// The response for a file is a gateway's page, and so are the files that came with the same bytes before.
    Gateway {
        item: QueueItem,
        attempts: u32,
        page: Fingerprint,
        before: Vec<QueueItem>,
    },
    /// A problem that does not fail a whole item.
    Error(ErrorReport),
}

impl Record {
    /// How many rows it adds to the database, about.
    pub(super) fn rows(&self) -> usize {
        match self {
            Self::Filings { filings, items, .. } => filings.len() + items.len(),
            Self::Items(items) => items.len(),
            Self::Split { split, .. } => split.documents.len(),
            _ => 1,
        }
    }

    /// How many bytes were stored on disk.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Stored { document, .. } => document.outcome.as_ref().map_or(0, |f| f.bytes),
            Self::Split { split, .. } => split.stored_bytes,
            _ => 0,
        }
    }
}

/// An error, with the item that it concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ErrorReport {
    pub cik: Option<Cik>,
    pub accession: Option<Accession>,
    pub url: Option<String>,
    /// The kind of the error in one word; `v_errors` groups by it.
    pub kind: &'static str,
    pub message: String,
}

impl ErrorReport {
    /// A problem with a company's submissions.
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

    /// A request that was given up.
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

    /// A problem with a queue entry.
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
