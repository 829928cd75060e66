//! One filing, and the artifacts of it that we want.

use std::fmt;

use jiff::civil::Date;

use super::submission::DocumentKind;
use super::{Accession, Cik};

/// One filing as a row of its company's submissions document describes it.
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
    /// The one artifact that is asked for to get what is wanted of this filing: one request,
    /// whatever is wanted.
    ///
    /// The primary document is the one that was filed: a prefix such as `xslF345X05/` names
    /// EDGAR's rendering of an XML document, and the filed one is named behind it. Where EDGAR
    /// names none, the complete submission text takes its place.
    #[must_use]
    pub fn artifact(&self, wanted: Wanted) -> (ArtifactKind, String) {
        let primary = self.primary_document.rsplit('/').next();
        match (wanted, primary) {
            (Wanted::Documents, _) => (ArtifactKind::Documents, ALL_DOCUMENTS.to_owned()),
            (Wanted::Submission, _) | (Wanted::Primary, None | Some("")) => {
                (ArtifactKind::Submission, submission_name(self.accession))
            }
            (Wanted::Primary, Some(name)) => (ArtifactKind::Primary, name.to_owned()),
        }
    }
}

/// What of a filing is to be on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// Its primary document.
    Primary,
    /// Its complete submission text.
    Submission,
    /// Every document in it, split from the complete submission text, which is not kept.
    Documents,
}

impl Wanted {
    /// The word for it on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Submission => "submission",
            Self::Documents => "documents",
        }
    }
}

/// The name of what stands for all documents of a filing while they are queued: none that a
/// document can have.
pub const ALL_DOCUMENTS: &str = "*";

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
    /// An exhibit.
    Exhibit,
    /// A picture.
    Graphic,
    /// XBRL, and what EDGAR renders from it.
    Xbrl,
    /// A PDF.
    Pdf,
    /// Any other document.
    Other,
    /// No file: all documents of the filing, queued to be fetched in one request. Its documents
    /// take its place.
    Documents,
}

impl ArtifactKind {
    /// Every kind, in the order of its number in the database: new ones go to the end.
    pub const ALL: [Self; 8] = [
        Self::Primary,
        Self::Submission,
        Self::Exhibit,
        Self::Graphic,
        Self::Xbrl,
        Self::Pdf,
        Self::Other,
        Self::Documents,
    ];

    /// The word for it in `v_artifacts.kind`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Submission => "submission",
            Self::Exhibit => "exhibit",
            Self::Graphic => "graphic",
            Self::Xbrl => "xbrl",
            Self::Pdf => "pdf",
            Self::Other => "other",
            Self::Documents => "documents",
        }
    }
}

impl From<DocumentKind> for ArtifactKind {
    fn from(kind: DocumentKind) -> Self {
        match kind {
            DocumentKind::Primary => Self::Primary,
            DocumentKind::Exhibit => Self::Exhibit,
            DocumentKind::Graphic => Self::Graphic,
            DocumentKind::Xbrl => Self::Xbrl,
            DocumentKind::Pdf => Self::Pdf,
            DocumentKind::Other => Self::Other,
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

/// The one file of EDGAR's that an artifact comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The file of that name.
    Document,
    /// The complete submission text, as it is.
    Submission,
    /// The complete submission text, split into its documents.
    Split,
}

impl Artifact {
    /// What has to be asked for to get it.
    ///
    /// A document that EDGAR gives no name of its own has one from the splitter, which begins
    /// with the accession number and a dash. No file is served under such a name.
    #[must_use]
    pub fn source(&self) -> Source {
        let named_by_us = || {
            let rest = self.name.strip_prefix(&self.accession.to_string());
            rest.is_some_and(|rest| rest.starts_with('-'))
        };
        match self.kind {
            ArtifactKind::Submission => Source::Submission,
            ArtifactKind::Documents => Source::Split,
            _ if named_by_us() => Source::Split,
            _ => Source::Document,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(kind: ArtifactKind, name: &str) -> Artifact {
        Artifact {
            accession: "0000320193-23-000106".parse().unwrap(),
            cik: Cik::new(320_193).unwrap(),
            kind,
            name: name.to_owned(),
            submission_size: None,
        }
    }

    #[test]
    fn a_document_without_a_name_of_its_own_is_only_to_be_had_in_the_submission() {
        use ArtifactKind::{Documents, Exhibit, Primary, Submission};
        for (kind, name, source) in [
            (Primary, "a.htm", Source::Document),
            (Exhibit, "0000320193-23-000106-2.txt", Source::Split),
            (Exhibit, "0000320193-23-000107-2.txt", Source::Document),
            (Primary, "0000320193-23-000106.paper", Source::Document),
            (Submission, "0000320193-23-000106.txt", Source::Submission),
            (Documents, ALL_DOCUMENTS, Source::Split),
        ] {
            assert_eq!(artifact(kind, name).source(), source, "{name}");
        }
    }
}
