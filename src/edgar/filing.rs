//! One filing, and the artifacts of it that we want.

use std::fmt;

use jiff::civil::Date;

use super::names::{is_made, stored_name};
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
    /// What is asked for to get what is wanted of this filing: one request, whatever is wanted.
    ///
    /// The primary document is the one that was filed: a prefix such as `xslF345X05/` names
    /// EDGAR's rendering of an XML document, and the filed one is named behind it. Where EDGAR
    /// names none, the complete submission text takes its place.
    pub fn target(&self, wanted: Wanted) -> Target {
        let primary = self.primary_document.rsplit('/').next();
        match (wanted, primary) {
            (Wanted::Documents, _) => Target::Documents,
            (Wanted::Submission, _) | (Wanted::Primary, None | Some("")) => self.submission(),
            (Wanted::Primary, Some(name)) if name == submission_name(self.accession) => {
                self.submission()
            }
            (Wanted::Primary, Some(edgar_name)) => {
                let name = stored_name(self.accession, edgar_name, 1);
                Target::File(FileName {
                    kind: ArtifactKind::Primary,
                    edgar_name: (name != edgar_name).then(|| edgar_name.to_owned()),
                    name,
                })
            }
        }
    }

    fn submission(&self) -> Target {
        Target::File(FileName {
            kind: ArtifactKind::Submission,
            name: submission_name(self.accession),
            edgar_name: None,
        })
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
    /// Every value.
    pub const ALL: [Self; 3] = [Self::Primary, Self::Submission, Self::Documents];

    /// The word for it on the command line and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Submission => "submission",
            Self::Documents => "documents",
        }
    }
}

/// What one request brings of a filing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// One file.
    File(FileName),
    /// The complete submission text, to be split into all documents of the filing.
    Documents,
}

impl Target {
    /// The name of the file that the request is for, as messages have it.
    pub fn name(&self, accession: Accession) -> String {
        match self {
            Self::File(file) => file.name.clone(),
            Self::Documents => submission_name(accession),
        }
    }

    /// Whether it is a primary document.
    pub fn is_primary(&self) -> bool {
        matches!(self, Self::File(file) if file.kind == ArtifactKind::Primary)
    }
}

/// A file of a filing by its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileName {
    /// What it is within its filing.
    pub kind: ArtifactKind,
    /// Its name on disk, unique within the filing whatever the case.
    pub name: String,
    /// Its name at EDGAR, where that is another one.
    pub edgar_name: Option<String>,
}

impl FileName {
    /// The name that EDGAR serves it under.
    pub fn at_edgar(&self) -> &str {
        self.edgar_name.as_deref().unwrap_or(&self.name)
    }

    /// Whether EDGAR serves it under a name of its own. A document that EDGAR gives no name has one
    /// from the splitter, which begins with the accession number and a dash; no file is served
    /// under such a name.
    pub fn is_served(&self, accession: Accession) -> bool {
        self.edgar_name.is_some() || !is_made(accession, &self.name)
    }
}

/// One entry of the queue: one request, and where its files go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueItem {
    /// The filing.
    pub accession: Accession,
    /// The filer in whose folder its files lie, at EDGAR and on disk.
    pub folder: Cik,
    /// What is asked for.
    pub target: Target,
    /// The length in bytes of the complete submission, which bounds every document in it.
    pub submission_size: Option<u64>,
}

/// The name of a filing's complete submission text: `<accession>.txt`.
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
}

impl ArtifactKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Primary,
        Self::Submission,
        Self::Exhibit,
        Self::Graphic,
        Self::Xbrl,
        Self::Pdf,
        Self::Other,
    ];

    /// The word for it in `v_artifacts.kind`, where a queued split is of the kind `documents`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Submission => "submission",
            Self::Exhibit => "exhibit",
            Self::Graphic => "graphic",
            Self::Xbrl => "xbrl",
            Self::Pdf => "pdf",
            Self::Other => "other",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_without_a_name_of_its_own_is_only_to_be_had_in_the_submission() {
        let accession: Accession = "0000320193-23-000106".parse().unwrap();
        for (name, served) in [
            ("a.htm", true),
            ("0000320193-23-000106-2.txt", false),
            ("0000320193-23-000106-xbrl.zip", true),
            ("0000320193-23-000107-2.txt", true),
            ("0000320193-23-000106.paper", true),
            ("0000320193-23-000106.txt", true),
        ] {
            let file = FileName {
                kind: ArtifactKind::Exhibit,
                name: name.to_owned(),
                edgar_name: None,
            };
            assert_eq!(file.is_served(accession), served, "{name}");
        }
        let file = FileName {
            kind: ArtifactKind::Primary,
            name: "0000320193-23-000106-1.htm".to_owned(),
            edgar_name: Some("con.htm".to_owned()),
        };
        assert!(file.is_served(accession));
    }
}
