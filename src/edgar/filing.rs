//! A filing and its artifacts.

use std::fmt;

use jiff::civil::Date;

use super::names::{is_generated_name, stored_name};
use super::submission::DocumentKind;
use super::{Accession, Cik};

/// A filing, with the fields of a row of a submissions document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filing {
    /// Unique over all filers.
    pub accession: Accession,
    /// The exact form type, such as `10-K/A`.
    pub form: String,
    /// The filing date, in New York.
    pub filed_on: Date,
    /// The end of the reported period; many forms have none, and some values are implausible.
    pub report_date: Option<Date>,
    /// `acceptanceDateTime` as received, for display only: EDGAR sends it in UTC or in New York time
    /// without saying which.
    pub accepted_at: String,
    /// The name of the primary document as received, including an `xsl…/` prefix; empty before mid-2000.
    pub primary_document: String,
    /// The items of an 8-K or a similar form as a comma list; often empty.
    pub items: String,
    /// The exact length of the complete submission text in bytes.
    pub size: Option<u64>,
    /// Whether the filing contains XBRL.
    pub is_xbrl: bool,
}

impl Filing {
    /// What to request for the wanted artifacts of this filing, always in one request.
    ///
    /// The primary document is the filed one: EDGAR adds a prefix such as `xslF345X05/` for its
    /// rendering of an XML document, and the prefix is removed. A filing without the name of a primary
    /// document uses the complete submission text in its place.
    pub fn target(&self, wanted: ArtifactChoice) -> Target {
        let primary = self.primary_document.rsplit('/').next();
        match (wanted, primary) {
            (ArtifactChoice::Documents, _) => Target::Documents,
            (ArtifactChoice::Submission, _) | (ArtifactChoice::Primary, None | Some("")) => {
                self.submission()
            }
            (ArtifactChoice::Primary, Some(name)) if name == submission_name(self.accession) => {
                self.submission()
            }
            (ArtifactChoice::Primary, Some(edgar_name)) => {
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

/// The artifacts of a filing that are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArtifactChoice {
    /// The primary document.
    Primary,
    /// The complete submission text.
    Submission,
    /// Every document, split from the complete submission text, which is not stored.
    Documents,
}

impl ArtifactChoice {
    /// All values.
    pub const ALL: [Self; 3] = [Self::Primary, Self::Submission, Self::Documents];

    /// The value on the command line and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Submission => "submission",
            Self::Documents => "documents",
        }
    }
}

/// What one request fetches of a filing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// One file.
    File(FileName),
    /// The complete submission text, which is split into the documents of the filing.
    Documents,
}

impl Target {
    /// The name of the requested file, for messages.
    pub fn name(&self, accession: Accession) -> String {
        match self {
            Self::File(file) => file.name.clone(),
            Self::Documents => submission_name(accession),
        }
    }

    pub fn is_primary(&self) -> bool {
        matches!(self, Self::File(file) if file.kind == ArtifactKind::Primary)
    }
}

/// The names of a file of a filing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileName {
    pub kind: ArtifactKind,
    /// The name on disk, unique within the filing regardless of case.
    pub name: String,
    /// The name at EDGAR, if it differs.
    pub edgar_name: Option<String>,
}

impl FileName {
    /// The name at EDGAR.
    pub fn at_edgar(&self) -> &str {
        self.edgar_name.as_deref().unwrap_or(&self.name)
    }

    /// Whether EDGAR serves the file under a name. A document without a name at EDGAR has a name of the
    /// form [`generated_name`](super::names::generated_name), and EDGAR serves no file under such a name.
    pub fn is_served(&self, accession: Accession) -> bool {
        self.edgar_name.is_some() || !is_generated_name(accession, &self.name)
    }
}

/// An entry of the queue: one request and the folder of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueItem {
    /// The filing to request.
    pub accession: Accession,
    /// The filer whose folder has the files, at EDGAR and on disk.
    pub folder: Cik,
    /// What to request.
    pub target: Target,
    /// The length of the complete submission text in bytes. No document is longer.
    pub submission_size: Option<u64>,
}

/// The name of the complete submission text: `<accession>.txt`.
pub fn submission_name(accession: Accession) -> String {
    format!("{accession}.txt")
}

/// The role of an artifact in its filing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArtifactKind {
    Primary,
    /// The complete submission text.
    Submission,
    Exhibit,
    Graphic,
    /// XBRL, or a file that EDGAR renders from XBRL.
    Xbrl,
    Pdf,
    Other,
}

impl ArtifactKind {
    pub const ALL: [Self; 7] = [
        Self::Primary,
        Self::Submission,
        Self::Exhibit,
        Self::Graphic,
        Self::Xbrl,
        Self::Pdf,
        Self::Other,
    ];

    /// The value of `v_artifacts.kind`. There, a queued split has the kind `documents`.
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
