//! Splits a complete submission text file (`<accession>.txt`) into its documents.
//!
//! A pure push parser: chunks of any size go in with [`Splitter::write`], documents come out at a
//! [`DocumentSink`]. Nothing blocks but the sink, and memory is constant (a few dozen KB, and 8 bytes a
//! document), so a submission of 600 MB passes through as easily as one of 6 KB. Where the chunks
//! end changes nothing.
//!
//! # What EDGAR serves
//!
//! Each document comes out byte for byte as EDGAR serves it under its name. The rules, and what
//! they were measured on (135 submissions and feed files, 1994 to 2026, with 211 uuencoded
//! documents, and documents that were also captured alone):
//!
//! | the document | comes out | because |
//! |---|---|---|
//! | htm, txt and everything not named below | with its `<DOCUMENT>` wrapper, to the line end behind `</DOCUMENT>` | 5 of 5 pairs of text equal byte for byte; all single captures of 2001 to 2026 begin and end so |
//! | first line `<XBRL>`: inline XBRL, schemas, linkbases | the text between the `<XBRL>` lines, with its last line end | 3 of 3 pairs of inline XBRL equal byte for byte; 14 schemas and linkbases equal their member of the filing's own ZIP |
//! | first line `<XML>`: ownership forms, 13F tables, `FilingSummary.xml` | the text between the `<XML>` lines, with its last line end | **no pair**: that single captures begin with `<?xml` is reported; the last line end follows from the rule above |
//! | TYPE `XML`, `JSON`, `ZIP`, `EXCEL`, `GRAPHIC` without such a line: `R1.htm`, `Show.js`, `report.css`, `MetaLinks.json` | the text | **no pair of bytes**: a captured `R2.htm` has no wrapper, but a tool had cut its last line end |
//! | text that begins with a `begin 644 name` line, also behind `<PDF>`; where name or type say that it is no text, also behind blank lines or (name only) without mode and name | decoded (see [`BadEncoding`]) | a picture equals its member of the filing's ZIP; all ZIP archives pass their CRC checks |
//! | a file of a PEM envelope (before 2011) | without the `- ` that PEM puts before each line that begins with `-` | 4 of 4 pairs equal only so |
//! | a file with doubled dots (see [`Dots`]) | without the dot that is put before each line that begins with `.` | an XLSX and a PDF are only whole so; a page of 2008 served singly has its single dot |
//!
//! Whatever no pair speaks about comes out with everything it has, the wrapper included. Feed
//! files (`.nc`) with bare CR as line end come out with CR: nothing is converted.
//!
//! # Names
//!
//! The name is the `<FILENAME>` where that can be a file's on every system. Filings before mid-2000
//! have no such tag; those documents are called `<accession>-<position>.txt`, position counted from
//! one. A name that cannot be a file's, or is the submission's own in any case of its letters,
//! becomes `<accession>-<position>` with the extension of the name; so does one that occurs again,
//! and [`DocumentProblem::NameTaken`] says so.
//!
//! # What a text cannot prove
//!
//! - Old texts have their long lines broken (see [`DocumentProblem::BrokenLines`] and [`join_lines`]).
//! - A document whose name says that it is no text, and whose text is no uuencode, is not what EDGAR
//!   serves under that name ([`DocumentProblem::NotEncoded`]).
//! - Some texts hold a header and no document, within an envelope or without one. They split into
//!   nothing; whoever has one has to know from elsewhere that it was not cut.
//!
//! # Damage
//!
//! What concerns one document is a [`DocumentProblem`] of that document, and the others are not touched.
//! A file that is cut short, or no submission at all, is an error. A tag counts only alone on its
//! line and where what follows fits: `</TEXT>` ends a text only before `</DOCUMENT>`, so a text
//! may quote any tag.

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

/// Where the documents of a submission go, one after the other.
pub trait DocumentSink {
    /// A document begins.
    ///
    /// # Errors
    /// The sink's own, which ends the split with [`SplitError::Sink`]; so for each method.
    fn begin(&mut self, head: &DocumentHead<'_>) -> io::Result<()>;

    /// The next bytes of the document, as EDGAR serves it.
    ///
    /// # Errors
    /// The sink's own.
    fn data(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// The document is complete. It may still be damaged: see [`DocumentProblem::is_damage`].
    ///
    /// # Errors
    /// The sink's own.
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

/// What a submission says of one of its documents, ahead of its text.
///
/// The texts are as received but for blanks around them: not safe as paths or on a terminal, at
/// most 1,024 bytes each, and bytes that are no UTF-8 are replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentHead<'a> {
    /// Its place in the file, from 1.
    pub position: u32,
    /// What it is within the filing.
    pub kind: DocumentKind,
    /// `<TYPE>`, such as `10-K` or `EX-99.1`; empty where missing.
    pub type_: &'a str,
    /// `<SEQUENCE>`. Gaps are normal: files that only EDGAR's renderer made are left out.
    pub sequence: Option<u32>,
    /// The name it is stored under, unique within the submission whatever the case of its letters.
    pub name: &'a str,
    /// `<FILENAME>`, where that is another name and EDGAR serves this document under it.
    pub edgar_name: Option<&'a str>,
    /// `<DESCRIPTION>`, often missing.
    pub description: Option<&'a str>,
    /// How its bytes come out of the file.
    pub form: DocumentForm,
}

/// What a document is within its filing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// The main document: the first one. (It had SEQUENCE 1 in all files measured.)
    Primary,
    /// An exhibit, TYPE `EX-…`.
    Exhibit,
    /// A picture, TYPE `GRAPHIC`.
    Graphic,
    /// XBRL (TYPE `EX-100…`, `EX-101…`) and what EDGAR renders from it (`XML`, `JSON`, `EXCEL`,
    /// `ZIP`).
    Xbrl,
    /// A PDF: an unofficial copy of another document, or a letter of the staff.
    Pdf,
    /// Anything else, such as an `INFORMATION TABLE` or a second form.
    Other,
}

/// How a document's bytes come out of the submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentForm {
    /// With the `<DOCUMENT>` wrapper around the text.
    Wrapped,
    /// The text alone.
    Bare,
    /// Decoded from uuencode.
    Decoded,
}

/// Something odd about one document.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DocumentProblem {
    /// A tag that ends the document, or a part of it, is missing.
    #[error("the document has no {0}")]
    NotClosed(&'static str),
    /// There is no `<TEXT>`.
    #[error("the document has no <TEXT>")]
    NoText,
    /// The name, type or description is not reported whole.
    #[error("the document's head is not plain text of reasonable length")]
    HeadChanged,
    /// An earlier document of the submission has the same `<FILENAME>` but for upper and lower
    /// case.
    #[error("the document's name is taken by an earlier one")]
    NameTaken,
    /// A line has exactly [`BROKEN_AT`] bytes and none has more, in a text that is old enough for its
    /// longer lines to be broken.
    #[error("its lines of more than {BROKEN_AT} bytes may be broken")]
    BrokenLines,
    /// Its name says that it is no text, and there is no uuencode.
    #[error("its name says that it is no text, and it does not begin like uuencode")]
    NotEncoded,
    /// The uuencoded text is damaged.
    #[error("{0}")]
    Encoding(#[from] BadEncoding),
}

impl DocumentProblem {
    /// Whether the bytes that came out may be wrong. Asking EDGAR for the one document is the
    /// remedy.
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

/// What was seen in a whole submission.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SplitSummary {
    /// The accession number the header names; the first one of several headers.
    pub accession: Option<Accession>,
    /// `PUBLIC DOCUMENT COUNT` of the header: not reliable (13 said for 12).
    pub public_document_count: Option<u32>,
    /// How many documents there are.
    pub documents: u32,
    /// Where the input went; the sum is its length.
    pub bytes: ByteCounts,
}

/// What became of each byte of a submission. Together they are its length.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ByteCounts {
    /// The envelope: its tags, headers, and blank lines between the documents.
    pub envelope: u64,
    /// Text between documents that belongs to nothing: 0 in every file measured.
    pub outside: u64,
    /// Handed on as they are.
    pub verbatim: u64,
    /// Handed on decoded.
    pub encoded: u64,
    /// The wrappers of documents that come out bare or decoded.
    pub wrappers: u64,
    /// What the transport added: the `- ` of a PEM envelope, and doubled dots.
    pub escapes: u64,
}

impl ByteCounts {
    /// The length of the submission.
    pub fn total(&self) -> u64 {
        self.envelope + self.outside + self.verbatim + self.encoded + self.wrappers + self.escapes
    }
}

/// Why a file could not be split. Documents that came out before are then not to be trusted.
#[derive(Debug, Error)]
pub enum SplitError {
    /// The file does not begin like a submission.
    #[error("this is no complete submission text file")]
    NotASubmission,
    /// The file ends too early.
    #[error("the submission is cut short: it has no {missing}")]
    Truncated {
        /// What should have come.
        missing: &'static str,
    },
    /// More documents than any filing has.
    #[error("the submission has more than {} documents", split::MOST_DOCUMENTS)]
    TooManyDocuments,
    /// The sink failed.
    #[error(transparent)]
    Sink(#[from] io::Error),
}
