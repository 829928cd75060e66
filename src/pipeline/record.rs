//! What the stages tell the writer: everything that is to stand in the database.

use std::fmt::Display;

use jiff::Timestamp;
use url::Url;

use super::split::Split;
use crate::edgar::submissions::OlderPage;
use crate::edgar::{Accession, Artifact, Cik, Filing, History};
use crate::fingerprint::Fingerprint;
use crate::net::FetchError;
use crate::store::Planned;

/// One thing to write down.
#[derive(Debug)]
pub(super) enum Record {
    /// Filings of a company, and the artifacts of them that are new. The artifacts' filings are
    /// claimed by the sender; the writer gives the claims up.
    Filings {
        cik: Cik,
        filings: Vec<Filing>,
        artifacts: Vec<Artifact>,
    },
    /// All wanted filings of this older page have been sent.
    PageRead(OlderPage),
    /// All filings of this company that were asked for have been sent. With it goes what EDGAR
    /// listed of it at that time, wanted or not.
    CompanyChecked {
        cik: Cik,
        as_of: Timestamp,
        history: History,
    },
    /// This company was given up in this run.
    CompanyFailed(Problem),
    /// An artifact stands in the archive.
    Downloaded {
        artifact: Artifact,
        saved: Fingerprint,
        tries: u32,
    },
    /// A submission was split, and its documents stand in the archive or were given up.
    Split {
        /// What stood for them in the queue.
        artifact: Artifact,
        split: Split,
        tries: u32,
    },
    /// An artifact was given up in this run.
    DownloadFailed {
        artifact: Artifact,
        tries: u32,
        problem: Problem,
    },
    /// Something went wrong that costs no whole artifact.
    Problem(Problem),
}

impl Record {
    /// The bytes that went to the disk.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Downloaded { saved, .. } => saved.bytes,
            Self::Split { split, .. } => {
                let stored = split
                    .documents
                    .iter()
                    .filter_map(|d| d.outcome.as_ref().ok());
                stored.map(|saved| saved.bytes).sum()
            }
            _ => 0,
        }
    }
}

/// One error, with the item that it happened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub cik: Option<Cik>,
    pub accession: Option<Accession>,
    pub url: Option<String>,
    /// One word for its sort, by which failures are grouped.
    pub kind: &'static str,
    pub message: String,
}

impl Problem {
    /// Something about a company's submissions.
    pub(super) fn discovering(
        company: &Planned,
        url: &Url,
        kind: &'static str,
        cause: &dyn Display,
    ) -> Self {
        Self {
            cik: Some(company.cik),
            accession: None,
            url: Some(url.to_string()),
            kind,
            message: format!("company {} ({}): {cause}", company.cik, company.name),
        }
    }

    /// A request for an artifact that failed for good.
    pub(super) fn fetching(artifact: &Artifact, url: &Url, error: &FetchError) -> Self {
        Self {
            url: Some(url.to_string()),
            kind: error.kind(),
            message: format!("{} {}: {error}", artifact.accession, artifact.name),
            ..Self::naming(artifact, error)
        }
    }

    /// Something about a document of a submission that was split.
    pub(super) fn splitting(artifact: &Artifact, kind: &'static str, message: String) -> Self {
        Self {
            cik: Some(artifact.cik),
            accession: Some(artifact.accession),
            url: None,
            kind,
            message,
        }
    }

    /// An artifact whose name cannot be a file's. The cause quotes the name.
    pub(super) fn naming(artifact: &Artifact, cause: &dyn Display) -> Self {
        Self {
            cik: Some(artifact.cik),
            accession: Some(artifact.accession),
            url: None,
            kind: "unsafe_name",
            message: format!("{}: {cause}", artifact.accession),
        }
    }
}
