//! The state machine behind [`Splitter`]: lines in, documents out.
//!
//! Between documents and in heads it examines every line. Within a text only lines with a known tag matter;
//! everything between two of them is passed on in one piece. A tag is held back until the next line decides
//! whether it is a tag or quoted text (see [`Closing`]).

use jiff::civil::Date;

use super::breaks::{LineLengths, may_break};
use super::head::{self, Fields};
use super::lines::{LONGEST, LineSink, Lines, behind, first_line_end, trimmed};
use super::names::Names;
use super::uuencode::{UuDecoder, is_bare_begin, is_begin};
use super::{
    ByteCounts, DocumentForm, DocumentHead, DocumentProblem, DocumentSink, Dots, SplitError,
    SplitSummary,
};
use crate::edgar::{Accession, FileName};

/// The maximum number of documents of a submission, which limits memory. The largest measured have
/// thousands.
pub(super) const MOST_DOCUMENTS: u32 = 100_000;

/// The maximum length of a head, and of the lines held back, in bytes.
const LONGEST_HEAD: usize = 64 * 1024;

/// Decoded bytes are passed on in pieces of about this length.
const DECODED_PIECE: usize = 32 * 1024;

/// The tags that open an envelope, each with the tag that must close it. A header without another envelope
/// occurs only in texts without documents. Such texts may have the tags in lower case.
const ENVELOPES: [(&str, &str); 5] = [
    ("<SEC-DOCUMENT>", "</SEC-DOCUMENT>"),
    ("<IMS-DOCUMENT>", "</IMS-DOCUMENT>"),
    ("<SUBMISSION>", "</SUBMISSION>"),
    ("<SEC-HEADER>", "</SEC-HEADER>"),
    ("<IMS-HEADER>", "</IMS-HEADER>"),
];

const PEM_BEGIN: &[u8] = b"-----BEGIN PRIVACY-ENHANCED MESSAGE-----";
const PEM_END: &[u8] = b"-----END PRIVACY-ENHANCED MESSAGE-----";

/// Splits a complete submission text file that arrives in chunks of any size.
///
/// ```
/// use filing_etl::internals::{DocumentHead, DocumentProblem, DocumentSink, Dots, Splitter};
///
/// /// Collects names and contents.
/// #[derive(Default)]
/// struct Documents(Vec<(String, Vec<u8>)>);
///
/// impl DocumentSink for Documents {
///     fn begin(&mut self, head: &DocumentHead<'_>) -> std::io::Result<()> {
///         self.0.push((head.name.to_owned(), Vec::new()));
///         Ok(())
///     }
///     fn data(&mut self, bytes: &[u8]) -> std::io::Result<()> {
///         self.0.last_mut().expect("data follows begin").1.extend_from_slice(bytes);
///         Ok(())
///     }
///     fn end(&mut self, _: &[DocumentProblem]) -> std::io::Result<()> {
///         Ok(())
///     }
/// }
///
/// let text = b"<SEC-DOCUMENT>0000320193-23-000106.txt : 20231103\n</SEC-HEADER>\n\
///     <DOCUMENT>\n<TYPE>XML\n<SEQUENCE>1\n<FILENAME>Show.js\n<TEXT>\n\
///     let a;\n</TEXT>\n</DOCUMENT>\n</SEC-DOCUMENT>\n";
/// let mut documents = Documents::default();
/// let mut splitter = Splitter::new("0000320193-23-000106".parse()?, Dots::Plain, &[], &mut documents);
/// for chunk in text.chunks(7) {
///     splitter.write(chunk)?;
/// }
/// assert_eq!(splitter.finish()?.documents, 1);
/// assert_eq!(documents.0, [("Show.js".to_owned(), b"let a;\n".to_vec())]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Splitter<'a, S> {
    lines: Lines,
    core: Core<'a, S>,
}

impl<'a, S: DocumentSink> Splitter<'a, S> {
    /// A splitter for a submission. Documents without a name are named after the accession. `dots` is
    /// the result of a [`DotScan`](super::DotScan) of the same bytes. `known` are the files on record
    /// whose name at EDGAR differs: their documents keep both names.
    pub fn new(accession: Accession, dots: Dots, known: &'a [FileName], sink: S) -> Self {
        let core = Core {
            dots,
            sink,
            summary: SplitSummary::default(),
            names: Names::new(accession, known),
            pem: Pem::None,
            envelope: Envelope::Missing,
            in_header: true,
            blank_so_far: true,
            filed_on: None,
            is_whole: false,
            state: SplitState::Between,
            head: Vec::new(),
            text_at: 0,
            coded: Coded::Unlikely,
            wrapper: None,
            lengths: LineLengths::default(),
            closing: Closing::None,
            held: Vec::new(),
            decoded: Vec::new(),
            long: Class::Envelope,
            problems: Vec::new(),
            #[cfg(test)]
            trace: Vec::new(),
        };
        Self {
            lines: Lines::default(),
            core,
        }
    }

    /// Sets whether the file is known to be complete, because it has the length that EDGAR lists. In a
    /// complete file, a missing closing tag is also missing at EDGAR, and only its document is damaged.
    #[must_use]
    pub fn known_whole(mut self, is_whole: bool) -> Self {
        self.core.is_whole = is_whole;
        self
    }

    /// Splits the next bytes of the file.
    ///
    /// # Errors
    /// If the file is certainly damaged, or if the sink fails. The splitter must not be used afterwards.
    pub fn write(&mut self, chunk: &[u8]) -> Result<(), SplitError> {
        self.lines.feed(chunk, &mut self.core)
    }

    /// Ends the file. A file with a header and no document is accepted; the caller must know from elsewhere
    /// whether it is complete, because it looks like the beginning of any other file.
    ///
    /// # Errors
    /// If the file is not a submission or is truncated.
    pub fn finish(mut self) -> Result<SplitSummary, SplitError> {
        self.lines.finish(&mut self.core)?;
        self.core.finish()?;
        Ok(self.core.summary)
    }
}

#[derive(Debug)]
struct Core<'a, S> {
    dots: Dots,
    sink: S,
    summary: SplitSummary,
    names: Names<'a>,

    pem: Pem,
    envelope: Envelope,
    /// Whether lines between documents are header lines: before the first document, and after each
    /// opening of an envelope.
    in_header: bool,
    /// Whether all lines so far are blank.
    blank_so_far: bool,
    /// The filing date of the header.
    filed_on: Option<Date>,
    /// See [`Splitter::known_whole`].
    is_whole: bool,

    state: SplitState,
    /// The raw lines from `<DOCUMENT>` to `<TEXT>`, the inner tag, and blank lines before possible
    /// uuencode.
    head: Vec<u8>,
    /// The index in `head` at which those blank lines begin.
    text_at: usize,
    coded: Coded,
    /// The tag around the text within `<TEXT>`.
    wrapper: Option<Wrapper>,
    lengths: LineLengths,
    closing: Closing,
    /// Raw lines that may end the document: closing tags and blank lines.
    held: Vec<u8>,
    /// Decoded bytes that are not passed on yet.
    decoded: Vec<u8>,
    /// The class of all parts of the current over-long line.
    long: Class,
    problems: Vec<DocumentProblem>,

    /// All bytes with their class, in order.
    #[cfg(test)]
    trace: Vec<(Class, Vec<u8>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pem {
    None,
    Open,
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Envelope {
    Missing,
    /// This tag must follow.
    Open(&'static str),
    /// This tag was found, and no document after it.
    Closed(&'static str),
}

#[derive(Debug)]
enum SplitState {
    /// Outside every document.
    Between,
    /// After `<DOCUMENT>`.
    Head,
    /// After `<TEXT>`, and possibly after an inner tag: the next line decides the form.
    FirstLine,
    /// In a text that is written unchanged.
    Verbatim(DocumentForm),
    /// In a uuencoded text.
    Encoded(UuDecoder),
}

/// Whether the head suggests that the text is uuencode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coded {
    Unlikely,
    /// The type is one of documents that are usually binary.
    ByType,
    /// The name is that of a binary file.
    ByName,
}

impl Coded {
    fn of(fields: &Fields) -> Self {
        if fields.filename.as_deref().is_some_and(head::is_binary) {
            Self::ByName
        } else if fields.type_.as_deref().is_some_and(head::is_binary_type) {
            Self::ByType
        } else {
            Self::Unlikely
        }
    }
}

/// Closing tags that are held back. The next line decides whether they end the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    None,
    /// `</XBRL>`, if `</TEXT>` follows.
    Wrapper,
    /// `</TEXT>`, if `</DOCUMENT>` follows.
    Text {
        wrapper_closed: bool,
    },
    /// `</DOCUMENT>` without `</TEXT>`, if `<DOCUMENT>` or the end of the envelope follows.
    Document,
    /// `<DOCUMENT>` within a text, if `<TYPE>` follows.
    Next,
    /// The end of the envelope within a text, if another one or the end of the file follows.
    Envelope,
}

/// A tag within `<TEXT>` around the whole text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrapper {
    Xbrl,
    Xml,
    Pdf,
}

impl Wrapper {
    fn opened_by(line: &[u8]) -> Option<Self> {
        match line {
            b"<XBRL>" => Some(Self::Xbrl),
            b"<XML>" => Some(Self::Xml),
            b"<PDF>" => Some(Self::Pdf),
            _ => None,
        }
    }

    fn closing_tag(self) -> &'static str {
        match self {
            Self::Xbrl => "</XBRL>",
            Self::Xml => "</XML>",
            Self::Pdf => "</PDF>",
        }
    }
}

/// The kind of a line within a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineKind {
    /// A line longer than [`LONGEST`], or its first part.
    Long,
    Blank,
    /// `<TYPE>…`
    Type,
    OpenDocument,
    CloseWrapper(Wrapper),
    CloseText,
    CloseDocument,
    CloseEnvelope,
    Other,
}

impl LineKind {
    fn of(line: &[u8]) -> Self {
        match line {
            _ if line.len() > LONGEST => Self::Long,
            [b'<', b'/' | b'D', ..] => match trimmed(line) {
                b"</TEXT>" => Self::CloseText,
                b"</DOCUMENT>" => Self::CloseDocument,
                b"<DOCUMENT>" => Self::OpenDocument,
                b"</SEC-DOCUMENT>" | b"</IMS-DOCUMENT>" | b"</SUBMISSION>" => Self::CloseEnvelope,
                b"</XBRL>" => Self::CloseWrapper(Wrapper::Xbrl),
                b"</XML>" => Self::CloseWrapper(Wrapper::Xml),
                b"</PDF>" => Self::CloseWrapper(Wrapper::Pdf),
                _ => Self::Other,
            },
            [b'<', b'T', ..] if line.starts_with(b"<TYPE>") => Self::Type,
            [b'<', ..] => Self::Other,
            _ if trimmed(line).is_empty() => Self::Blank,
            _ => Self::Other,
        }
    }
}

/// The use of a byte; see [`ByteCounts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Envelope,
    Outside,
    Verbatim,
    Encoded,
    Wrapper,
    Escape,
}

impl<S: DocumentSink> LineSink<SplitError> for Core<'_, S> {
    fn block(&mut self, block: &[u8]) -> Result<(), SplitError> {
        let (mut at, mut run) = (0, 0);
        while at < block.len() {
            let end = at + first_line_end(&block[at..]);
            let line = &block[at..end];
            at = end;
            if self.is_content(line) {
                self.lengths.see(line);
                continue;
            }
            self.verbatim(&block[run..end - line.len()])?;
            run = end;
            self.raw_line(line, line.len() > LONGEST)?;
        }
        self.verbatim(&block[run..])
    }

    fn part(&mut self, part: &[u8], first: bool) -> Result<(), SplitError> {
        if first {
            self.raw_line(part, true)
        } else {
            self.long_part(part)
        }
    }
}

impl<S: DocumentSink> Core<'_, S> {
    /// Whether the line is plain content of a text that is written unchanged. This is the usual case, on
    /// which the speed depends.
    fn is_content(&self, line: &[u8]) -> bool {
        matches!(self.state, SplitState::Verbatim(_))
            && self.closing == Closing::None
            && match line[0] {
                b'<' => matches!(
                    LineKind::of(line),
                    LineKind::Other | LineKind::Type | LineKind::Long
                ),
                b'-' => self.pem == Pem::None,
                b'.' => self.dots == Dots::Plain,
                _ => true,
            }
    }

    /// Handles a raw line, or the first part of an over-long one.
    fn raw_line(&mut self, line: &[u8], long: bool) -> Result<(), SplitError> {
        if self.pem == Pem::Open && line.starts_with(PEM_END) {
            self.pem_ends()?;
            self.long = Class::Envelope;
            self.account(Class::Envelope, line);
            return Ok(());
        }
        let (escape, line) = line.split_at(self.escape(line));
        self.line(line, long, escape)
    }

    /// The number of escape bytes at the start of a line.
    fn escape(&self, line: &[u8]) -> usize {
        match line {
            // Lines of a head have no escapes.
            _ if matches!(self.state, SplitState::Head) => 0,
            // PEM puts `- ` before every line that begins with `-`.
            [b'-', b' ', b'-', ..] if self.pem == Pem::Open => 2,
            [b'.', b'.', ..] if self.dots == Dots::Doubled => 1,
            _ => 0,
        }
    }

    /// Handles a line without its escape bytes, which are `escape`.
    fn line(&mut self, line: &[u8], long: bool, escape: &[u8]) -> Result<(), SplitError> {
        let kind = if long {
            LineKind::Long
        } else {
            LineKind::of(line)
        };
        if self.closing != Closing::None && self.goes_on_closing(kind, line)? {
            return Ok(());
        }
        if let SplitState::Head = self.state {
            return self.in_head(line, kind);
        }
        if let SplitState::FirstLine = self.state
            && self.first_line(line, kind)?
        {
            return Ok(());
        }
        self.account(Class::Escape, escape);
        match self.state {
            SplitState::Between => self.between(line, kind),
            _ => self.in_text(line, kind),
        }
    }

    /// Handles a further part of an over-long line, in the class of its first part.
    fn long_part(&mut self, part: &[u8]) -> Result<(), SplitError> {
        match self.long {
            Class::Verbatim => self.verbatim(part),
            class => {
                self.account(class, part);
                Ok(())
            }
        }
    }

    fn between(&mut self, line: &[u8], kind: LineKind) -> Result<(), SplitError> {
        match kind {
            LineKind::OpenDocument => {
                if self.envelope == Envelope::Missing {
                    return Err(SplitError::NotASubmission);
                }
                if self.summary.documents == MOST_DOCUMENTS {
                    return Err(SplitError::TooManyDocuments);
                }
                self.summary.documents += 1;
                if let Envelope::Closed(tag) = self.envelope {
                    self.envelope = Envelope::Open(tag);
                }
                self.in_header = false;
                self.state = SplitState::Head;
                self.head.clear();
                self.head.extend_from_slice(line);
                return Ok(());
            }
            LineKind::CloseEnvelope => {
                if let Envelope::Open(tag) = self.envelope {
                    self.envelope = Envelope::Closed(tag);
                }
            }
            LineKind::Long => {}
            _ => self.envelope_line(line),
        }
        let belongs = self.in_header || matches!(kind, LineKind::Blank | LineKind::CloseEnvelope);
        self.long = if belongs {
            Class::Envelope
        } else {
            Class::Outside
        };
        self.account(self.long, line);
        Ok(())
    }

    /// Handles a line of the envelope or of a header.
    fn envelope_line(&mut self, line: &[u8]) {
        for (i, (opening, closing)) in ENVELOPES.into_iter().enumerate() {
            // A header within an envelope does not open another one.
            let stands_alone = self.blank_so_far || self.pem == Pem::Open;
            let counts = i < 3 || self.envelope == Envelope::Missing && stands_alone;
            if counts && behind(line, opening).is_some() {
                self.envelope = Envelope::Open(closing);
                self.in_header = true;
                break;
            }
            // `LineKind::CloseEnvelope` covers upper-case tags only.
            if self.envelope == Envelope::Open(closing)
                && trimmed(line).eq_ignore_ascii_case(closing.as_bytes())
            {
                self.envelope = Envelope::Closed(closing);
            }
        }
        if self.envelope == Envelope::Missing && line.starts_with(PEM_BEGIN) {
            self.pem = Pem::Open;
        }
        self.blank_so_far &= trimmed(line).is_empty();
        if !self.in_header {
            return;
        }
        let value = |labels: [&str; 2]| {
            let value = labels.iter().find_map(|label| behind(line, label))?;
            str::from_utf8(value.trim_ascii()).ok()
        };
        let summary = &mut self.summary;
        if let Some(text) = value(["ACCESSION NUMBER:", "<ACCESSION-NUMBER>"]) {
            summary.accession = summary.accession.or_else(|| text.parse().ok());
        }
        if let Some(text) = value(["PUBLIC DOCUMENT COUNT:", "<PUBLIC-DOCUMENT-COUNT>"]) {
            let count = || text.parse().ok();
            summary.public_document_count = summary.public_document_count.or_else(count);
        }
        if let Some(text) = value(["FILED AS OF DATE:", "<FILING-DATE>"]) {
            let day = || Date::strptime("%Y%m%d", text.get(..8)?).ok();
            self.filed_on = self.filed_on.or_else(day);
        }
    }

    fn in_head(&mut self, line: &[u8], kind: LineKind) -> Result<(), SplitError> {
        if kind == LineKind::Long || self.head.len() + line.len() > LONGEST_HEAD {
            self.problem(DocumentProblem::NoText);
            self.begin(DocumentForm::Wrapped)?;
            return self.in_text(line, kind);
        }
        match kind {
            LineKind::OpenDocument | LineKind::CloseEnvelope => {
                self.problem(DocumentProblem::NoText);
                self.begin(DocumentForm::Wrapped)?;
                self.end("</DOCUMENT>")?;
                self.between(line, kind)
            }
            LineKind::CloseDocument => {
                self.problem(DocumentProblem::NoText);
                self.begin(DocumentForm::Wrapped)?;
                self.verbatim(line)?;
                self.end_whole()
            }
            _ => {
                self.head.extend_from_slice(line);
                match line.strip_prefix(b"<TEXT>").map(trimmed) {
                    None => Ok(()),
                    Some([]) => {
                        self.state = SplitState::FirstLine;
                        self.text_at = self.head.len();
                        self.coded = Coded::of(&Fields::parse(&self.head));
                        Ok(())
                    }
                    // Text on the line of the tag: only the form with the wrapper includes it.
                    Some(_) => self.begin(DocumentForm::Wrapped),
                }
            }
        }
    }

    /// Determines the form of the document from the first line of its text. Returns whether the line
    /// belongs to the wrapper and is therefore handled.
    fn first_line(&mut self, line: &[u8], kind: LineKind) -> Result<bool, SplitError> {
        if kind != LineKind::Long {
            let wrapper = Wrapper::opened_by(trimmed(line));
            if self.wrapper.is_none() && wrapper.is_some() {
                self.wrapper = wrapper;
                self.head.extend_from_slice(line);
                self.text_at = self.head.len();
                return Ok(true);
            }
            let may_be_coded = self.coded != Coded::Unlikely || self.wrapper == Some(Wrapper::Pdf);
            let has_room = self.head.len() + line.len() <= LONGEST_HEAD;
            if kind == LineKind::Blank && may_be_coded && has_room {
                self.head.extend_from_slice(line);
                return Ok(true);
            }
            if is_begin(line) || may_be_coded && is_bare_begin(line) {
                self.head.extend_from_slice(line);
                self.begin(DocumentForm::Decoded)?;
                return Ok(true);
            }
        }
        let form = match self.wrapper {
            Some(_) => DocumentForm::Bare,
            None => head::plain_form(Fields::parse(&self.head).type_.as_deref().unwrap_or("")),
        };
        self.begin(form)?;
        Ok(false)
    }

    /// Passes the complete head to the sink.
    fn begin(&mut self, form: DocumentForm) -> Result<(), SplitError> {
        let fields = Fields::parse(&self.head);
        if fields.changed {
            self.problem(DocumentProblem::HeadChanged);
        }
        if form != DocumentForm::Decoded && Coded::of(&fields) == Coded::ByName {
            self.problem(DocumentProblem::NotEncoded);
        }
        let position = self.summary.documents;
        let filename = fields.filename.as_deref();
        let named = self
            .names
            .name(position, filename, !fields.filename_changed);
        if named.is_taken {
            self.problem(DocumentProblem::NameTaken);
        }
        let type_ = fields.type_.as_deref().unwrap_or("");
        let in_pdf_tag = self.wrapper == Some(Wrapper::Pdf);
        self.sink.begin(&DocumentHead {
            position,
            kind: head::kind(position, type_, &named.name, in_pdf_tag),
            type_,
            sequence: fields.sequence,
            name: &named.name,
            edgar_name: named.edgar_name,
            description: fields.description.as_deref(),
            form,
        })?;
        let head = std::mem::take(&mut self.head);
        self.lengths = LineLengths::default();
        self.state = match form {
            DocumentForm::Decoded => SplitState::Encoded(UuDecoder::begun()),
            DocumentForm::Wrapped | DocumentForm::Bare => SplitState::Verbatim(form),
        };
        match form {
            DocumentForm::Wrapped => self.verbatim(&head)?,
            DocumentForm::Decoded => self.account(Class::Wrapper, &head),
            DocumentForm::Bare => {
                let (wrapper, blank_lines) = head.split_at(self.text_at);
                self.account(Class::Wrapper, wrapper);
                self.verbatim(blank_lines)?;
            }
        }
        self.head = head;
        Ok(())
    }

    fn in_text(&mut self, line: &[u8], kind: LineKind) -> Result<(), SplitError> {
        self.closing = match kind {
            LineKind::CloseWrapper(wrapper) if self.wrapper == Some(wrapper) => Closing::Wrapper,
            LineKind::CloseText => Closing::Text {
                wrapper_closed: self.wrapper.is_none(),
            },
            LineKind::CloseDocument => Closing::Document,
            LineKind::OpenDocument => Closing::Next,
            LineKind::CloseEnvelope => Closing::Envelope,
            _ => return self.content(line, kind),
        };
        self.held.extend_from_slice(line);
        Ok(())
    }

    /// Handles a line of content, or the first part of an over-long one.
    fn content(&mut self, line: &[u8], kind: LineKind) -> Result<(), SplitError> {
        let SplitState::Encoded(decoder) = &mut self.state else {
            self.long = Class::Verbatim;
            self.lengths.see(line);
            return self.verbatim(line);
        };
        self.long = Class::Encoded;
        if kind == LineKind::Long {
            decoder.long_line();
        } else {
            decoder.line(trimmed(line), &mut self.decoded);
        }
        self.account(Class::Encoded, line);
        if self.decoded.len() >= DECODED_PIECE {
            self.flush_decoded()?;
        }
        Ok(())
    }

    /// Decides about the tags held back, from the line after them. Returns whether that line is handled.
    fn goes_on_closing(&mut self, kind: LineKind, line: &[u8]) -> Result<bool, SplitError> {
        let next_or_end = matches!(kind, LineKind::OpenDocument | LineKind::CloseEnvelope);
        match (self.closing, kind) {
            (_, LineKind::Blank) if self.held.len() + line.len() <= LONGEST_HEAD => {
                self.held.extend_from_slice(line);
                Ok(true)
            }
            (Closing::Wrapper, LineKind::CloseText) => {
                self.closing = Closing::Text {
                    wrapper_closed: true,
                };
                self.held.extend_from_slice(line);
                Ok(true)
            }
            (Closing::Text { wrapper_closed }, LineKind::CloseDocument) => {
                self.held.extend_from_slice(line);
                self.note_wrapper(wrapper_closed);
                self.close_with_held()?;
                self.end_whole()?;
                Ok(true)
            }
            (Closing::Text { wrapper_closed }, _) if next_or_end => {
                self.note_wrapper(wrapper_closed);
                self.close_with_held()?;
                self.end("</DOCUMENT>")?;
                Ok(false)
            }
            (Closing::Document, _) if next_or_end => {
                self.close_with_held()?;
                self.end("</TEXT>")?;
                Ok(false)
            }
            (Closing::Next, LineKind::Type) | (Closing::Envelope, LineKind::CloseEnvelope) => {
                self.end_before_held()?;
                Ok(false)
            }
            _ => {
                self.release()?;
                Ok(false)
            }
        }
    }

    /// Passes the lines held back on as content.
    fn release(&mut self) -> Result<(), SplitError> {
        self.closing = Closing::None;
        let held = std::mem::take(&mut self.held);
        self.each_line(&held, |core, line| core.content(line, LineKind::of(line)))
    }

    /// Ends the document with the lines held back, which belong to it if its form includes the wrapper.
    fn close_with_held(&mut self) -> Result<(), SplitError> {
        self.closing = Closing::None;
        let held = std::mem::take(&mut self.held);
        let tags = trimmed(&held).len();
        let end = tags + first_line_end(&held[tags..]);
        if let SplitState::Verbatim(DocumentForm::Wrapped) = self.state {
            self.verbatim(&held[..end])?;
        } else {
            self.account(Class::Wrapper, &held[..end]);
        }
        // Blank lines after the closing tag belong to no document.
        self.account(Class::Envelope, &held[end..]);
        Ok(())
    }

    /// Ends the document before the lines held back.
    fn end_before_held(&mut self) -> Result<(), SplitError> {
        self.closing = Closing::None;
        let held = std::mem::take(&mut self.held);
        self.end("</TEXT>")?;
        self.each_line(&held, |core, line| match core.state {
            SplitState::Head => core.in_head(line, LineKind::of(line)),
            _ => core.between(line, LineKind::of(line)),
        })
    }

    fn each_line(
        &mut self,
        mut lines: &[u8],
        mut take: impl FnMut(&mut Self, &[u8]) -> Result<(), SplitError>,
    ) -> Result<(), SplitError> {
        while !lines.is_empty() {
            let (line, rest) = lines.split_at(first_line_end(lines));
            take(self, line)?;
            lines = rest;
        }
        Ok(())
    }

    fn note_wrapper(&mut self, closed: bool) {
        if let (false, Some(wrapper)) = (closed, self.wrapper) {
            self.problem(DocumentProblem::NotClosed(wrapper.closing_tag()));
        }
    }

    /// Ends the document, whose closing tag is missing.
    fn end(&mut self, missing: &'static str) -> Result<(), SplitError> {
        self.problem(DocumentProblem::NotClosed(missing));
        self.end_whole()
    }

    fn end_whole(&mut self) -> Result<(), SplitError> {
        self.flush_decoded()?;
        if let SplitState::Encoded(decoder) = &mut self.state
            && let Some(damage) = decoder.finish()
        {
            self.problem(DocumentProblem::Encoding(damage));
        }
        if let SplitState::Verbatim(_) = self.state
            && self.lengths.look_broken()
            && may_break(self.filed_on)
        {
            self.problem(DocumentProblem::BrokenLines);
        }
        self.sink.end(&self.problems)?;
        self.problems.clear();
        self.wrapper = None;
        self.state = SplitState::Between;
        Ok(())
    }

    fn pem_ends(&mut self) -> Result<(), SplitError> {
        self.pem = Pem::Closed;
        self.all_documents_ended()
    }

    fn finish(&mut self) -> Result<(), SplitError> {
        if self.envelope == Envelope::Missing {
            return Err(SplitError::NotASubmission);
        }
        self.all_documents_ended()?;
        let missing = match (self.pem, self.envelope) {
            _ if self.is_whole => return Ok(()),
            (_, Envelope::Open(missing)) => missing,
            (Pem::Open, _) => "-----END PRIVACY-ENHANCED MESSAGE-----",
            _ => return Ok(()),
        };
        Err(SplitError::Truncated { missing })
    }

    /// Handles the end of the input. A document that is still open is truncated, unless the end of the
    /// envelope follows it.
    fn all_documents_ended(&mut self) -> Result<(), SplitError> {
        if self.closing == Closing::Envelope {
            self.end_before_held()?;
        }
        match self.state {
            SplitState::Between => Ok(()),
            _ if self.is_whole => self.end_with_file(),
            _ => Err(SplitError::Truncated {
                missing: "</DOCUMENT>",
            }),
        }
    }

    /// Ends a document at the end of a complete file.
    fn end_with_file(&mut self) -> Result<(), SplitError> {
        if let SplitState::Head | SplitState::FirstLine = self.state {
            self.problem(DocumentProblem::NoText);
            self.begin(DocumentForm::Wrapped)?;
        }
        match self.closing {
            Closing::Text { wrapper_closed } => {
                self.note_wrapper(wrapper_closed);
                self.close_with_held()?;
                return self.end("</DOCUMENT>");
            }
            Closing::Document => self.close_with_held()?,
            _ => self.release()?,
        }
        self.end("</TEXT>")
    }

    /// Adds a problem of the current document, each problem once.
    fn problem(&mut self, problem: DocumentProblem) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    fn flush_decoded(&mut self) -> Result<(), SplitError> {
        if !self.decoded.is_empty() {
            self.sink.data(&self.decoded)?;
            self.decoded.clear();
        }
        Ok(())
    }

    /// Passes bytes on unchanged.
    fn verbatim(&mut self, bytes: &[u8]) -> Result<(), SplitError> {
        if !bytes.is_empty() {
            self.account(Class::Verbatim, bytes);
            self.sink.data(bytes)?;
        }
        Ok(())
    }

    /// Counts bytes. Called exactly once for every byte of the input, in order.
    fn account(&mut self, class: Class, bytes: &[u8]) {
        let ByteCounts {
            envelope,
            outside,
            verbatim,
            encoded,
            wrappers,
            escapes,
        } = &mut self.summary.bytes;
        let count = match class {
            Class::Envelope => envelope,
            Class::Outside => outside,
            Class::Verbatim => verbatim,
            Class::Encoded => encoded,
            Class::Wrapper => wrappers,
            Class::Escape => escapes,
        };
        *count += bytes.len() as u64;
        #[cfg(test)]
        self.trace.push((class, bytes.to_vec()));
    }
}

/// The parts of the input in order, each with the name of its class.
#[cfg(test)]
pub(super) type Trace = Vec<(String, Vec<u8>)>;

#[cfg(test)]
impl<S: DocumentSink> Splitter<'_, S> {
    /// As [`Splitter::finish`], with the class of every byte.
    pub(super) fn finish_traced(mut self) -> (Result<SplitSummary, SplitError>, Trace) {
        let result = self
            .lines
            .finish(&mut self.core)
            .and_then(|()| self.core.finish());
        let word = |(class, bytes)| (format!("{class:?}"), bytes);
        let trace = self.core.trace.into_iter().map(word).collect();
        (result.map(|()| self.core.summary), trace)
    }
}
