//! One filing, and the artifact of it that we want.

use std::fmt;

use jiff::civil::Date;

use super::{Accession, Cik};

/// One filing as a submissions row describes it (EDGAR.md section 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filing {
    /// EDGAR's name for it, unique over all filers.
    pub accession: Accession,
    /// The exact form type, such as `10-K/A`.
    pub form: String,
    /// The day it was filed, New York time.
    pub filed_on: Date,
    /// The end of the period it reports on; absent for many forms, and at times absurd.
    pub report_date: Option<Date>,
    /// `acceptanceDateTime` as received. It flips between UTC and New York time, so it is
    /// kept for the reader and used for nothing.
    pub accepted_at: String,
    /// The name of the main document as received, with any `xsl…/` prefix; empty before
    /// mid-2000.
    pub primary_document: String,
    /// The 8-K items and their like, a comma list, often empty.
    pub items: String,
    /// The exact length in bytes of the complete submission text.
    pub size: Option<u64>,
    /// Whether the filing holds XBRL.
    pub is_xbrl: bool,
}

impl Filing {
    /// The one artifact that `--artifacts primary` wants: the primary document as it was
    /// filed, or the complete submission text where EDGAR names none.
    ///
    /// A prefix such as `xslF345X05/` names EDGAR's rendering of an XML document; what was
    /// filed is the name behind it, and that is what we want.
    #[must_use]
    pub fn primary_artifact(&self) -> (ArtifactKind, String) {
        match self.primary_document.rsplit('/').next() {
            None | Some("") => (ArtifactKind::Submission, submission_name(self.accession)),
            Some(name) => (ArtifactKind::Primary, name.to_owned()),
        }
    }
}

/// The name of a filing's complete submission text: `<accession>.txt`.
#[must_use]
pub fn submission_name(accession: Accession) -> String {
    format!("{accession}.txt")
}

/// What an artifact is within its filing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArtifactKind {
    /// The primary document.
    Primary,
    /// The complete submission text file.
    Submission,
}

impl ArtifactKind {
    /// Every kind, in the order of its number in the database.
    pub const ALL: [Self; 2] = [Self::Primary, Self::Submission];

    /// The word for it in `v_artifacts.kind`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Submission => "submission",
        }
    }
}

impl fmt::Display for ArtifactKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A file to fetch: everything its URL and its place on disk follow from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// The filing it belongs to.
    pub accession: Accession,
    /// The filer in whose folder we ask for it. A joint filing lies in the folder of each.
    pub cik: Cik,
    /// What it is.
    pub kind: ArtifactKind,
    /// Its file name as EDGAR gives it: from outside, so not safe as a path.
    pub name: String,
    /// The length in bytes of the complete submission, which bounds every document in it.
    pub submission_size: Option<u64>,
}
