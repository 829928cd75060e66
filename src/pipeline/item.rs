//! What travels from stage to stage: a company to visit, an artifact to fetch.

use crate::edgar::submissions::OlderPage;
use crate::edgar::{Artifact, History};
use crate::store::Planned;

/// A company on its way through discovery.
#[derive(Debug)]
pub(super) struct Visit {
    pub company: Planned,
    /// The older pages still to be read, the next one last; `None` before the main document
    /// told which there are.
    pub pages: Option<Vec<OlderPage>>,
    /// What EDGAR lists of the company, as far as it was read.
    pub history: History,
    /// Whether its documents are read from the archive of all submissions. Once one of them cannot be,
    /// the rest is asked for.
    pub from_archive: bool,
    /// Failed tries of the current request.
    pub tries: u32,
}

impl Visit {
    pub(super) fn new(company: Planned, from_archive: bool) -> Self {
        Self {
            company,
            pages: None,
            history: History::default(),
            from_archive,
            tries: 0,
        }
    }
}

/// An artifact on its way through the downloads.
#[derive(Debug)]
pub(super) struct Job {
    pub artifact: Artifact,
    /// Tries in this run.
    pub tries: u32,
}

impl Job {
    pub(super) fn new(artifact: Artifact) -> Self {
        Self { artifact, tries: 0 }
    }
}
