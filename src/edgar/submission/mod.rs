//! Splits a complete submission text file (`<accession>.txt`) into its documents.
//!
//! A push parser without I/O: the caller passes chunks of any size to [`Splitter::write`], and the
//! documents go to a [`DocumentSink`]. Chunk boundaries do not affect the result. Memory is constant, a
//! few dozen KB and 8 bytes per document, also for a submission of 600 MB.
//!
//! # What EDGAR serves
//!
//! Each document is written byte for byte as EDGAR serves it under its name. The rules and their
//! evidence (135 submissions and feed files, 1994 to 2026, with 211 uuencoded documents, and documents
//! that were also captured singly):
//!
//! | document | output | evidence |
//! |---|---|---|
//! | htm, txt and everything not listed below | with its `<DOCUMENT>` wrapper, up to the line end after `</DOCUMENT>` | 5 of 5 pairs of texts are equal byte for byte; all single captures of 2001 to 2026 begin and end like this |
//! | first line `<XBRL>`: inline XBRL, schemas, linkbases | the text between the `<XBRL>` lines, with its last line end | 3 of 3 pairs of inline XBRL are equal byte for byte; 14 schemas and linkbases equal their members of the filing's ZIP |
//! | first line `<XML>`: ownership forms, 13F tables, `FilingSummary.xml` | the text between the `<XML>` lines, with its last line end | **no pair**: single captures are reported to begin with `<?xml`; the last line end is assumed from the rule above |
//! | TYPE `XML`, `JSON`, `ZIP`, `EXCEL`, `GRAPHIC` without such a line: `R1.htm`, `Show.js`, `report.css`, `MetaLinks.json` | the text | **no exact pair**: a captured `R2.htm` has no wrapper, but a tool had removed its last line end |
//! | text that begins with a `begin 644 name` line, also after `<PDF>`; if name or type is that of a binary file, also after blank lines or (name only) without mode and name | decoded (see [`BadEncoding`]) | a picture equals its member of the filing's ZIP; all ZIP archives pass their CRC checks |
//! | a file of a PEM envelope (before 2011) | without the `- ` that PEM puts before each line that begins with `-` | 4 of 4 pairs are equal only without it |
//! | a file with doubled dots (see [`Dots`]) | without the dot that is put before each line that begins with `.` | an XLSX and a PDF are intact only without it; a page of 2008 served singly has a single dot |
//!
//! A document without evidence for another rule is written completely, including the wrapper. Line ends
//! are not converted: feed files (`.nc`) with bare CR keep it.
//!
//! # Names
//!
//! The name is the `<FILENAME>` if that is a valid file name on every system. Filings before mid-2000
//! have no such tag; their documents are called `<accession>-<position>.txt`, with positions from 1. A
//! name that is not valid, or that equals the name of the submission regardless of case, becomes
//! `<accession>-<position>` with the extension of the name. So does a repeated name, with the problem
//! [`DocumentProblem::NameTaken`].
//!
//! # Cases that the text alone does not decide
//!
//! - The long lines of old texts are broken (see [`DocumentProblem::BrokenLines`] and [`join_lines`]).
//! - A document with the name of a binary file whose text is not uuencode differs from what EDGAR serves
//!   under that name ([`DocumentProblem::NotEncoded`]).
//! - Some texts have a header and no document, with or without an envelope. They have no documents to split;
//!   the caller must know from elsewhere that the text is not truncated.
//!
//! # Damage
//!
//! Damage to one document is a [`DocumentProblem`] of that document and does not affect the others. A
//! truncated file, or a file that is not a submission, is an error. A tag counts only if it is alone on
//! its line and the next line fits: `</TEXT>` ends a text only before `</DOCUMENT>`. So a text may
//! quote any tag.

mod breaks;
mod dots;
mod head;
mod header;
mod lines;
mod names;
mod split;
#[cfg(test)]
mod tests;
mod uuencode;

use std::io;

use thiserror::Error;

use super::Accession;
pub use breaks::{BROKEN_AT, join_lines};
pub use dots::{DotScan, Dots};
pub use header::{HEADER_BYTES, Header};
pub use split::Splitter;
pub use uuencode::BadEncoding;

/// The receiver of the documents of a submission, one after the other.
pub trait DocumentSink {
    /// A document begins.
    ///
    /// # Errors
    /// An error of the sink, which ends the split with [`SplitError::Sink`].
    fn begin(&mut self, head: &DocumentHead<'_>) -> io::Result<()>;

    /// The next bytes of the document, as EDGAR serves it.
    ///
    /// # Errors
    /// An error of the sink.
    fn data(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// The document is complete. It may still be damaged: see [`DocumentProblem::is_damage`].
    ///
    /// # Errors
    /// An error of the sink.
    fn end(&mut self, problems: &[DocumentProblem]) -> io::Result<()>;
}

impl<S: DocumentSink + ?Sized> DocumentSink for &mut S {
    fn begin(&mut self, head: &DocumentHead<'_>) -> io::Result<()> {
        (**self).begin(head)
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        (**self).data(bytes)
    }

    fn end(&mut self, problems: &[DocumentProblem]) -> io::Result<()> {
        (**self).end(problems)
    }
}

/// The head of a document, which precedes its text.
///
/// The texts are as received, without surrounding blanks, truncated to 1,024 bytes, and with
/// replacements for bytes that are not UTF-8. They are not safe as paths or on a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentHead<'a> {
    /// The position in the file, from 1.
    pub position: u32,
    /// The role of the document in the filing.
    pub kind: DocumentKind,
    /// `<TYPE>`, such as `10-K` or `EX-99.1`; empty if missing.
    pub type_: &'a str,
    /// `<SEQUENCE>`. Gaps are normal, because some files that EDGAR generates are not in the text.
    pub sequence: Option<u32>,
    /// The name on disk, unique within the submission regardless of case.
    pub name: &'a str,
    /// `<FILENAME>`, if it differs from `name` and EDGAR serves this document under it.
    pub edgar_name: Option<&'a str>,
    /// `<DESCRIPTION>`, often missing.
    pub description: Option<&'a str>,
    /// How the bytes are taken from the text.
    pub form: DocumentForm,
}

/// The role of a document in its filing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// The first document. It has SEQUENCE 1 in all measured files.
    Primary,
    /// An exhibit, TYPE `EX-…`.
    Exhibit,
    /// A picture, TYPE `GRAPHIC`.
    Graphic,
    /// XBRL (TYPE `EX-100…`, `EX-101…`), or a file that EDGAR renders from XBRL (`XML`, `JSON`, `EXCEL`,
    /// `ZIP`).
    Xbrl,
    /// A PDF: an unofficial copy of another document, or a letter of the SEC's staff.
    Pdf,
    /// Anything else, such as an `INFORMATION TABLE` or a second form.
    Other,
}

/// How the bytes of a document are taken from the submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentForm {
    /// With the `<DOCUMENT>` wrapper around the text.
    Wrapped,
    /// The text without the wrapper.
    Bare,
    /// Decoded from uuencode.
    Decoded,
}

/// A problem of one document.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DocumentProblem {
    /// A closing tag is missing.
    #[error("the document has no {0}")]
    NotClosed(&'static str),
    /// `<TEXT>` is missing.
    #[error("the document has no <TEXT>")]
    NoText,
    /// The name, type or description was truncated or was not UTF-8.
    #[error("the document's head is not plain text of reasonable length")]
    HeadChanged,
    /// An earlier document of the submission has the same `<FILENAME>`, regardless of case.
    #[error("the document's name is taken by an earlier one")]
    NameTaken,
    /// A line has exactly [`BROKEN_AT`] bytes and none has more, in a text that is old enough to have
    /// broken lines.
    #[error("its lines of more than {BROKEN_AT} bytes may be broken")]
    BrokenLines,
    /// The name is that of a binary file, but the text is not uuencode.
    #[error("its name is that of a binary file, but its text is not uuencode")]
    NotEncoded,
    /// The uuencoded text is damaged.
    #[error("{0}")]
    Encoding(#[from] BadEncoding),
}

impl DocumentProblem {
    /// Whether the bytes of the document may be wrong. The remedy is to download the document singly.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::NotClosed(_)
            | Self::NoText
            | Self::BrokenLines
            | Self::NotEncoded
            | Self::Encoding(_) => true,
            Self::HeadChanged | Self::NameTaken => false,
        }
    }
}

/// The result of a split.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SplitSummary {
    /// The accession number of the first header.
    pub accession: Option<Accession>,
    /// `PUBLIC DOCUMENT COUNT` of the header, which is not reliable: one header has 13 for 12 documents.
    pub public_document_count: Option<u32>,
    /// The number of documents.
    pub documents: u32,
    /// The use of each byte of the input.
    pub bytes: ByteCounts,
}

/// The bytes of a submission by their use. The sum is the length of the submission.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ByteCounts {
    /// The envelope: its tags, headers, and blank lines between the documents.
    pub envelope: u64,
    /// Unexpected text between documents: 0 in every measured file.
    pub outside: u64,
    /// Content that is written unchanged.
    pub verbatim: u64,
    /// Content that is decoded.
    pub encoded: u64,
    /// The wrappers of documents that are written without them.
    pub wrappers: u64,
    /// The `- ` of a PEM envelope, and doubled dots.
    pub escapes: u64,
}

impl ByteCounts {
    /// The length of the submission.
    pub fn total(&self) -> u64 {
        self.envelope + self.outside + self.verbatim + self.encoded + self.wrappers + self.escapes
    }
}

/// Why a file could not be split. Documents that were already written may be wrong.
#[derive(Debug, Error)]
pub enum SplitError {
    /// The file is not a submission.
    #[error("this is not a complete submission text")]
    NotASubmission,
    /// The end of the file is missing.
    #[error("the submission is truncated: it has no {missing}")]
    Truncated {
        /// The missing tag.
        missing: &'static str,
    },
    /// The file has more documents than any filing.
    #[error("the submission has more than {} documents", split::MOST_DOCUMENTS)]
    TooManyDocuments,
    /// The sink failed.
    #[error(transparent)]
    Sink(#[from] io::Error),
}
