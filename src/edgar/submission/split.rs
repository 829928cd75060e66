//! The state machine behind [`Splitter`]: lines in, documents out.
//!
//! Between documents and in heads it looks at every line. Inside a text only lines that are a
//! known tag matter, and everything between two of those is handed on in one piece. A tag is held
//! back until the next line tells whether it was meant (see [`Closing`]).

use super::head::{self, Fields};
use super::lines::{LONGEST, LineSink, Lines, first_line_end, trimmed};
use super::names::Names;
use super::uuencode::{UuDecoder, is_begin};
use super::{
    ByteCounts, DocumentForm, DocumentHead, DocumentProblem, DocumentSink, Dots, SplitError,
    SplitSummary,
};
use crate::edgar::{Accession, FileName};

/// The most documents a submission may have: many times the most seen (thousands), and a bound
/// for the names remembered.
pub(super) const MOST_DOCUMENTS: u32 = 100_000;

/// The most bytes of a document's head, and of lines held back.
const LONGEST_HEAD: usize = 64 * 1024;

/// Decoded bytes are handed on in pieces of about this size.
const DECODED_PIECE: usize = 32 * 1024;

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
    /// A splitter of the submission with this accession, which names documents without a name.
    /// A [`DotScan`](super::DotScan) of the same bytes tells about the dots. `known` are the files on
    /// record that have another name at EDGAR: their documents keep both.
    pub fn new(accession: Accession, dots: Dots, known: &'a [FileName], sink: S) -> Self {
        let core = Core {
            dots,
            sink,
            summary: SplitSummary::default(),
            names: Names::new(accession, known),
            pem: Pem::None,
            envelope: Envelope::Missing,
            in_header: true,
            state: SplitState::Between,
            head: Vec::new(),
            wrapper: None,
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

    /// Takes the next bytes of the file.
    ///
    /// # Errors
    /// As soon as it is certain that the file is damaged, or when the sink fails. The splitter
    /// is of no use afterwards.
    pub fn write(&mut self, chunk: &[u8]) -> Result<(), SplitError> {
        self.lines.feed(chunk, &mut self.core)
    }

    /// The file is over.
    ///
    /// # Errors
    /// When it is no submission, or was cut short.
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
    /// Lines between documents may say anything until the first document, and behind every
    /// opening of an envelope.
    in_header: bool,

    state: SplitState,
    /// The raw lines from `<DOCUMENT>` to `<TEXT>`, and the inner tag.
    head: Vec<u8>,
    /// The tag around the text inside `<TEXT>`.
    wrapper: Option<Wrapper>,
    closing: Closing,
    /// Raw lines that may end the document: tags and blank lines.
    held: Vec<u8>,
    /// Decoded bytes not handed on yet.
    decoded: Vec<u8>,
    /// What the parts of the current over-long line are.
    long: Class,
    problems: Vec<DocumentProblem>,

    /// Every byte with what became of it, in order.
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
    /// Wants this tag.
    Open(&'static str),
    /// This tag has come, and no document since.
    Closed(&'static str),
}

#[derive(Debug)]
enum SplitState {
    /// Outside every document.
    Between,
    /// Behind `<DOCUMENT>`.
    Head,
    /// Behind `<TEXT>`, perhaps behind an inner tag: the next line decides how it comes out.
    FirstLine,
    /// In a text that comes out as it is.
    Verbatim(DocumentForm),
    /// In an uuencoded text.
    Encoded(UuDecoder),
}

/// The tags that may have ended the document, which depends on what follows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    None,
    /// `</XBRL>`, wants `</TEXT>`.
    Wrapper,
    /// `</TEXT>`, wants `</DOCUMENT>`.
    Text {
        wrapper_closed: bool,
    },
    /// `</DOCUMENT>` without `</TEXT>`, wants `<DOCUMENT>` or the end of the envelope.
    Document,
    /// `<DOCUMENT>` inside a text, wants `<TYPE>`.
    Next,
    /// The end of the envelope inside a text, wants another or the end of the file.
    Envelope,
}

/// A tag inside `<TEXT>` around the whole text.
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

/// A line inside a text, as far as it may matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineKind {
    /// Longer than a line that can mean something; perhaps only its first part.
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

/// What became of a byte.
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
    /// Whether the line is nothing but content of a text that comes out as it is: the usual
    /// case, and all that speed depends on.
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

    /// One line as it stands in the file, or the first part of an over-long one.
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

    /// How many bytes at the start of a line the transport had added.
    fn escape(&self, line: &[u8]) -> usize {
        match line {
            // No line of a head begins so.
            _ if matches!(self.state, SplitState::Head) => 0,
            // PEM puts `- ` before every line that begins with `-`.
            [b'-', b' ', b'-', ..] if self.pem == Pem::Open => 2,
            [b'.', b'.', ..] if self.dots == Dots::Doubled => 1,
            _ => 0,
        }
    }

    /// One line, and what the transport had put before it.
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

    /// A further part of an over-long line goes where the first one went.
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

    /// What the envelope and the headers say.
    fn envelope_line(&mut self, line: &[u8]) {
        for (tag, wants) in [
            (&b"<SEC-DOCUMENT>"[..], "</SEC-DOCUMENT>"),
            (b"<IMS-DOCUMENT>", "</IMS-DOCUMENT>"),
            (b"<SUBMISSION>", "</SUBMISSION>"),
        ] {
            if line.starts_with(tag) {
                self.envelope = Envelope::Open(wants);
                self.in_header = true;
            }
        }
        if self.envelope == Envelope::Missing && line.starts_with(PEM_BEGIN) {
            self.pem = Pem::Open;
        }
        if !self.in_header {
            return;
        }
        let value = |names: [&[u8]; 2]| {
            let value = names.iter().find_map(|name| line.strip_prefix(*name))?;
            str::from_utf8(value.trim_ascii()).ok()
        };
        let summary = &mut self.summary;
        if let Some(text) = value([b"ACCESSION NUMBER:", b"<ACCESSION-NUMBER>"]) {
            summary.accession = summary.accession.or_else(|| text.parse().ok());
        }
        if let Some(text) = value([b"PUBLIC DOCUMENT COUNT:", b"<PUBLIC-DOCUMENT-COUNT>"]) {
            let count = || text.parse().ok();
            summary.public_document_count = summary.public_document_count.or_else(count);
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
                        Ok(())
                    }
                    // Text behind the tag: only the wrapper holds all of it.
                    Some(_) => self.begin(DocumentForm::Wrapped),
                }
            }
        }
    }

    /// The first line of a text tells how the document comes out. Whether the line belongs to
    /// the wrapper, and is done with.
    fn first_line(&mut self, line: &[u8], kind: LineKind) -> Result<bool, SplitError> {
        if kind != LineKind::Long {
            let wrapper = Wrapper::opened_by(trimmed(line));
            if self.wrapper.is_none() && wrapper.is_some() {
                self.wrapper = wrapper;
                self.head.extend_from_slice(line);
                return Ok(true);
            }
            if is_begin(line) {
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

    /// Tells the sink of the document whose head is complete.
    fn begin(&mut self, form: DocumentForm) -> Result<(), SplitError> {
        let fields = Fields::parse(&self.head);
        if fields.changed {
            self.problem(DocumentProblem::HeadChanged);
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
        self.state = match form {
            DocumentForm::Decoded => SplitState::Encoded(UuDecoder::begun()),
            DocumentForm::Wrapped | DocumentForm::Bare => SplitState::Verbatim(form),
        };
        if form == DocumentForm::Wrapped {
            self.verbatim(&head)?;
        } else {
            self.account(Class::Wrapper, &head);
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

    /// A line, or the first part of an over-long one, that belongs to the text.
    fn content(&mut self, line: &[u8], kind: LineKind) -> Result<(), SplitError> {
        let SplitState::Encoded(decoder) = &mut self.state else {
            self.long = Class::Verbatim;
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

    /// Judges the tags held back by the line that follows them. Whether that line is done with.
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

    /// The tags held back were content after all.
    fn release(&mut self) -> Result<(), SplitError> {
        self.closing = Closing::None;
        let held = std::mem::take(&mut self.held);
        self.each_line(&held, |core, line| core.content(line, LineKind::of(line)))
    }

    /// The lines held back are the end of the document: part of it if it comes out wrapped.
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
        // Blank lines behind a tag that ended the document belong to no document.
        self.account(Class::Envelope, &held[end..]);
        Ok(())
    }

    /// The document ended before the lines held back.
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

    /// The document ends without a tag it should have.
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
            (_, Envelope::Open(missing)) => missing,
            (Pem::Open, _) => "-----END PRIVACY-ENHANCED MESSAGE-----",
            _ => return Ok(()),
        };
        Err(SplitError::Truncated { missing })
    }

    /// Nothing more can come; a document that is still open was cut short, unless the envelope's
    /// end stands behind it.
    fn all_documents_ended(&mut self) -> Result<(), SplitError> {
        if self.closing == Closing::Envelope {
            self.end_before_held()?;
        }
        match self.state {
            SplitState::Between => Ok(()),
            _ => Err(SplitError::Truncated {
                missing: "</DOCUMENT>",
            }),
        }
    }

    /// Remembers a problem of the current document, each kind once.
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

    /// Hands bytes on as they are.
    fn verbatim(&mut self, bytes: &[u8]) -> Result<(), SplitError> {
        if !bytes.is_empty() {
            self.account(Class::Verbatim, bytes);
            self.sink.data(bytes)?;
        }
        Ok(())
    }

    /// Every byte of the input passes here once, in order.
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

/// What became of each stretch of the input, in order: its class as a word, and the bytes.
#[cfg(test)]
pub(super) type Trace = Vec<(String, Vec<u8>)>;

#[cfg(test)]
impl<S: DocumentSink> Splitter<'_, S> {
    /// Finishes, and tells what became of every byte.
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
