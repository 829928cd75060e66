//! The bytes of a filing: its complete submission text and every document in it.
//!
//! The length of a submission is fixed before its content, because the submissions documents list it. So one
//! document of each submission, the "rest", fills the length that the header and the other documents leave.
//! The single documents are what splitting the complete submission must give:
//!
//! - HTML and text: with the `<DOCUMENT>` wrapper,
//! - inline XBRL, XML and schemas: without the wrapper and without `<XBRL>` or `<XML>`,
//! - graphics and PDFs: decoded.
//!
//! Until September 2011 the lines of a submission are broken at 1,023 bytes, and those of single documents
//! are not. A single document is shorter than its text in the submission by the added line ends, so the
//! length of the submission stays fixed.

use std::fmt::Write as _;

use jiff::civil::{Date, date};

use crate::edgar::submission_name;

use super::headings::headings;
use super::rng::{SimRng, key_of};
use super::style::{DocumentStyle, LEAST_SIZE, NAMED_SINCE, ROOM_FOR_EXHIBITS, style};
use super::text::{Markup, binary, fill, fill_below};
use super::universe::{SimFiling, SimUniverse};

/// The last day whose submissions have broken lines.
const BROKEN_UNTIL: Date = date(2011, 9, 30);

/// The maximum length of a line there in bytes, without its end.
const BROKEN_AT: usize = 1023;

/// One document within a complete submission.
#[derive(Debug, Clone)]
struct SimDocument {
    kind: String,
    sequence: usize,
    name: Option<String>,
    description: Option<&'static str>,
    content: SimContent,
    /// The length of the text as it was filed, or of the file before encoding, in bytes.
    len: usize,
    /// Whether [`ADDED`] is appended.
    altered: bool,
}

/// The additional line of an altered document: a comment, so that markup stays well-formed.
const ADDED: &[u8] = b"<!-- altered -->\n";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SimContent {
    Html,
    Inline,
    Text,
    Xml,
    Schema,
    Pdf,
    Jpeg,
}

impl SimContent {
    /// The element inside `<TEXT>` that contains the document.
    fn wrapper(self) -> Option<&'static str> {
        match self {
            Self::Html | Self::Text | Self::Jpeg => None,
            Self::Inline | Self::Schema => Some("XBRL"),
            Self::Xml => Some("XML"),
            Self::Pdf => Some("PDF"),
        }
    }

    fn is_binary(self) -> bool {
        matches!(self, Self::Pdf | Self::Jpeg)
    }
}

/// A single document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SingleDocument {
    /// Its `<TYPE>`.
    pub kind: String,
    /// Its `<SEQUENCE>`.
    pub sequence: usize,
    /// Its `<FILENAME>`. Before mid-2000 there is none, and the document cannot be requested.
    pub name: Option<String>,
    /// Its `<DESCRIPTION>`.
    pub description: Option<&'static str>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl SimUniverse {
    /// The complete submission text of a filing: `<accession>.txt`.
    pub fn submission_text(&self, filing: &SimFiling) -> Vec<u8> {
        FilingPlan::of(self, filing).complete()
    }

    /// Every document of a filing, in the order of the complete submission.
    pub fn documents(&self, filing: &SimFiling) -> Vec<SingleDocument> {
        let plan = FilingPlan::of(self, filing);
        plan.documents
            .iter()
            .map(|document| SingleDocument {
                kind: document.kind.clone(),
                sequence: document.sequence,
                name: document.name.clone(),
                description: document.description,
                bytes: plan.served(document),
            })
            .collect()
    }

    /// A file in a filing's folder: a document, the complete submission, the listing of the folder, or
    /// EDGAR's rendering of an XML document (`xsl…/name.xml`).
    pub fn file(&self, filing: &SimFiling, name: &str) -> Option<Vec<u8>> {
        if name == submission_name(filing.accession) {
            return Some(self.submission_text(filing));
        }
        let plan = FilingPlan::of(self, filing);
        if name == "index.json" {
            return Some(plan.listing());
        }
        if name == filing.primary_document && name.contains('/') {
            return Some(plan.rendering());
        }
        let document = plan
            .documents
            .iter()
            .find(|document| document.name.as_deref() == Some(name))?;
        Some(plan.served(document))
    }
}

/// The actual length of a filing's complete submission, whatever its row has.
pub(crate) fn submission_size(universe: &SimUniverse, filing: &SimFiling) -> u64 {
    FilingPlan::of(universe, filing).size() as u64
}

/// A filing with everything that determines its bytes.
struct FilingPlan<'a> {
    universe: &'a SimUniverse,
    /// The filing as it was filed. A correction does not change its documents.
    filing: SimFiling,
    header: String,
    trailer: &'static str,
    documents: Vec<SimDocument>,
}

impl<'a> FilingPlan<'a> {
    fn of(universe: &'a SimUniverse, filing: &SimFiling) -> Self {
        let filing = filing.as_filed();
        let change = universe.changes.of_filing(filing.accession);
        let (documents, rest) = documents(universe, &filing);
        let size = usize::try_from(filing.size).unwrap_or(usize::MAX);
        let trailer = if is_pem(&filing) {
            "</SEC-DOCUMENT>\n-----END PRIVACY-ENHANCED MESSAGE-----\n"
        } else {
            "</SEC-DOCUMENT>\n"
        };
        let mut plan = Self {
            universe,
            header: header(universe, &filing, documents.len()),
            filing,
            trailer,
            documents,
        };
        let left = size.saturating_sub(plan.size());
        plan.documents[rest].len = left;
        // Only now, so that the bytes of the other documents do not change.
        plan.documents
            .retain(|document| !change.dropped.contains(&document.sequence));
        for document in &mut plan.documents {
            document.altered = change.altered.contains(&document.sequence);
        }
        plan
    }

    /// The length of the complete submission.
    fn size(&self) -> usize {
        let documents = self.documents.iter().map(|document| self.length(document));
        self.header.len() + documents.sum::<usize>() + self.trailer.len()
    }

    /// The bytes that a document takes in the complete submission.
    fn length(&self, document: &SimDocument) -> usize {
        let len = document.len + if document.altered { ADDED.len() } else { 0 };
        let body = if document.content.is_binary() {
            encoded_length(len, &self.begin_name(document), self.zero())
        } else {
            len
        };
        open(document).len() + body + close(document).len()
    }

    fn complete(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.size());
        out.extend_from_slice(self.header.as_bytes());
        for document in &self.documents {
            self.wrapped(document, &mut out);
        }
        out.extend_from_slice(self.trailer.as_bytes());
        out
    }

    /// Appends a document with its wrapper.
    fn wrapped(&self, document: &SimDocument, out: &mut Vec<u8>) {
        out.extend_from_slice(open(document).as_bytes());
        if document.content.is_binary() {
            let mut bytes = Vec::new();
            self.body(document, &mut bytes);
            let garbage = self.rng(document).chance(2, 3);
            encode(
                &bytes,
                &self.begin_name(document),
                self.zero(),
                garbage,
                out,
            );
        } else {
            self.body(document, out);
        }
        out.extend_from_slice(close(document).as_bytes());
    }

    fn served(&self, document: &SimDocument) -> Vec<u8> {
        let mut out = Vec::new();
        match document.content {
            SimContent::Html | SimContent::Text => {
                out.extend_from_slice(open(document).as_bytes());
                self.whole_lines(document, &mut out);
                out.extend_from_slice(close(document).as_bytes());
            }
            _ => self.whole_lines(document, &mut out),
        }
        out
    }

    /// Appends the document with its lines as they were filed.
    fn whole_lines(&self, document: &SimDocument, out: &mut Vec<u8>) {
        let start = out.len();
        self.body(document, out);
        if self.has_broken_lines(document) {
            let broken = out.split_off(start);
            for line in broken.split_inclusive(|byte| *byte == b'\n') {
                let is_broken = line.len() == BROKEN_AT + 1;
                out.extend_from_slice(&line[..line.len() - usize::from(is_broken)]);
            }
            // The end of the text is a line end, too.
            if !out.ends_with(b"\n") {
                out.push(b'\n');
            }
        }
    }

    fn has_broken_lines(&self, document: &SimDocument) -> bool {
        self.filing.filed_on <= BROKEN_UNTIL && !document.content.is_binary()
    }

    fn rng(&self, document: &SimDocument) -> SimRng {
        SimRng::of(&[
            self.universe.seed,
            self.filing.accession.get(),
            document.sequence as u64,
        ])
    }

    /// Appends the document in its form within the submission.
    fn body(&self, document: &SimDocument, out: &mut Vec<u8>) {
        let mut rng = self.rng(document);
        let len = document.len;
        let title = &document.kind;
        let start = out.len();
        let filing = &self.filing;
        let headings = match document.sequence {
            1 => headings(filing.form, filing.items),
            _ => Vec::new(),
        };
        match document.content {
            SimContent::Html => fill_below(
                &headings,
                out,
                len,
                Markup::Html,
                (
                    &format!("<html>\n<head>\n<title>{title}</title>\n</head>\n<body>\n"),
                    "</body>\n</html>\n",
                ),
                &mut rng,
            ),
            SimContent::Inline => fill_below(
                &headings,
                out,
                len,
                Markup::Inline,
                (
                    &format!(
                        "<?xml version='1.0' encoding='ASCII'?>\n\
                         <html xmlns=\"http://www.w3.org/1999/xhtml\" \
                         xmlns:ix=\"http://www.xbrl.org/2013/inlineXBRL\">\n\
                         <head><title>{title}</title></head>\n<body>\n"
                    ),
                    "</body></html>\n",
                ),
                &mut rng,
            ),
            SimContent::Text => fill_below(
                &headings,
                out,
                len,
                Markup::Plain,
                (
                    "                                  UNITED STATES\n\
                     \x20                      SECURITIES AND EXCHANGE COMMISSION\n\
                     \x20                            Washington, D.C. 20549\n\n<PAGE>\n",
                    "\n                                   SIGNATURES\n",
                ),
                &mut rng,
            ),
            SimContent::Xml => fill(
                out,
                len,
                Markup::Xml,
                "<?xml version=\"1.0\"?>\n<ownershipDocument>\n",
                "</ownershipDocument>\n",
                &mut rng,
            ),
            SimContent::Schema => fill(
                out,
                len,
                Markup::Xml,
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                 <xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">\n",
                "</xs:schema>\n",
                &mut rng,
            ),
            SimContent::Pdf => binary(out, len, b"%PDF-1.4\n", &mut rng),
            SimContent::Jpeg => binary(out, len, b"\xFF\xD8\xFF\xE0\x00\x10JFIF\x00", &mut rng),
        }
        if document.altered {
            out.extend_from_slice(ADDED);
        }
        if self.has_broken_lines(document) {
            break_lines(&mut out[start..]);
        }
    }

    /// The name in the `begin` line. Letters of the staff have no extension there.
    fn begin_name(&self, document: &SimDocument) -> String {
        let name = document.name.clone().unwrap_or_default();
        match self.filing.form {
            "UPLOAD" => name.trim_end_matches(".pdf").to_owned(),
            _ => name,
        }
    }

    /// The character for zero in uuencode: a blank since 2017, a backtick before.
    fn zero(&self) -> u8 {
        if self.filing.filed_on.year() >= 2017 {
            b' '
        } else {
            b'`'
        }
    }

    /// EDGAR's rendering of the XML document as HTML.
    fn rendering(&self) -> Vec<u8> {
        let filing = &self.filing;
        let mut out = Vec::new();
        let key = key_of(&filing.primary_document);
        let head = format!(
            "<html>\n<head>\n<title>SEC FORM {}</title>\n</head>\n<body>\n",
            filing.form
        );
        fill(
            &mut out,
            9_000,
            Markup::Html,
            &head,
            "</body>\n</html>\n",
            &mut SimRng::of(&[filing.accession.get(), key]),
        );
        out
    }

    /// The folder's `index.json`.
    fn listing(&self) -> Vec<u8> {
        let filing = &self.filing;
        let stamp = format!("{} 16:30:56", filing.filed_on);
        let item = |name: String, size: String| {
            serde_json::json!({
                "last-modified": stamp, "name": name, "type": "text.gif", "size": size
            })
        };
        let mut items = vec![item(
            submission_name(filing.accession),
            self.size().to_string(),
        )];
        for document in &self.documents {
            if let Some(name) = &document.name {
                items.push(item(name.clone(), String::new()));
            }
        }
        let cik = self.universe.cik(filing.company);
        let listing = serde_json::json!({"directory": {
            "item": items,
            "name": format!("/Archives/edgar/data/{cik}/{}", filing.accession.bare()),
            "parent-dir": format!("/Archives/edgar/data/{cik}"),
        }});
        listing.to_string().into_bytes()
    }
}

/// Breaks every line that is longer than [`BROKEN_AT`] by replacing a byte with a line end.
fn break_lines(text: &mut [u8]) {
    let mut length = 0;
    for byte in text {
        if length == BROKEN_AT {
            *byte = b'\n';
        }
        length = if *byte == b'\n' { 0 } else { length + 1 };
    }
}

fn open(document: &SimDocument) -> String {
    let mut out = format!(
        "<DOCUMENT>\n<TYPE>{}\n<SEQUENCE>{}\n",
        document.kind, document.sequence
    );
    for (tag, value) in [
        ("FILENAME", document.name.as_deref()),
        ("DESCRIPTION", document.description),
    ] {
        if let Some(value) = value {
            let _ = writeln!(out, "<{tag}>{value}");
        }
    }
    out.push_str("<TEXT>\n");
    if let Some(wrapper) = document.content.wrapper() {
        let _ = writeln!(out, "<{wrapper}>");
    }
    out
}

fn close(document: &SimDocument) -> String {
    match document.content.wrapper() {
        Some(wrapper) => format!("</{wrapper}>\n</TEXT>\n</DOCUMENT>\n"),
        None => "</TEXT>\n</DOCUMENT>\n".to_owned(),
    }
}

/// The documents of a filing, and which of them fills the rest of the length.
fn documents(universe: &SimUniverse, filing: &SimFiling) -> (Vec<SimDocument>, usize) {
    let form = filing.form;
    let style = style(form, filing.filed_on);
    let named = filing.filed_on >= NAMED_SINCE && !filing.primary_document.is_empty();
    let mut rng = SimRng::of(&[universe.seed, filing.accession.get(), 0xD0C]);
    let primary = filing.primary_document.rsplit('/').next().unwrap_or("");
    let content = match style {
        DocumentStyle::Html => SimContent::Html,
        DocumentStyle::Inline => SimContent::Inline,
        DocumentStyle::Text | DocumentStyle::Paper => SimContent::Text,
        DocumentStyle::Xml(_) => SimContent::Xml,
        DocumentStyle::Pdf | DocumentStyle::Letter => SimContent::Pdf,
    };
    let mut documents = vec![SimDocument {
        kind: if style == DocumentStyle::Letter {
            "LETTER"
        } else {
            form
        }
        .to_owned(),
        sequence: 1,
        name: named.then(|| primary.to_owned()),
        description: match style {
            DocumentStyle::Paper => Some("AUTO-GENERATED PAPER DOCUMENT"),
            _ if rng.chance(1, 5) => None,
            _ => Some(form),
        },
        content,
        len: if content.is_binary() {
            raw(filing, 55)
        } else {
            0
        },
        altered: false,
    }];
    exhibits(filing, style, content, named, &mut rng, &mut documents);
    let rest = usize::from(content.is_binary());
    (documents, rest)
}

/// A share of the length that header and wrappers leave.
fn share(filing: &SimFiling, percent: u64) -> usize {
    let budget = filing.size.saturating_sub(LEAST_SIZE);
    usize::try_from(budget * percent / 100).unwrap_or(0)
}

/// The length before encoding of a document that takes about this share of the submission once encoded.
fn raw(filing: &SimFiling, percent: u64) -> usize {
    share(filing, percent) * 45 / 62 + 64
}

/// Adds the documents after the primary document.
fn exhibits(
    filing: &SimFiling,
    style: DocumentStyle,
    content: SimContent,
    named: bool,
    rng: &mut SimRng,
    documents: &mut Vec<SimDocument>,
) {
    let form = filing.form;
    let tag = rng.below(90_000) + 10_000;
    let mut add = |kind: &str, name: String, description, content: SimContent, len| {
        documents.push(SimDocument {
            kind: kind.to_owned(),
            sequence: documents.len() + 1,
            name: named.then_some(name),
            description,
            content,
            len,
            altered: false,
        });
    };
    let (exhibit, ending) = match content {
        SimContent::Text => (SimContent::Text, "txt"),
        _ => (SimContent::Html, "htm"),
    };
    let roomy = filing.size >= ROOM_FOR_EXHIBITS;
    match (style, form) {
        (DocumentStyle::Letter, _) => add(
            "TEXT-EXTRACT",
            "filename2.txt".to_owned(),
            None,
            SimContent::Text,
            0,
        ),
        (DocumentStyle::Pdf, _) => add(
            "EX-99",
            format!("d{tag}dex99.htm"),
            None,
            SimContent::Html,
            0,
        ),
        _ if !roomy => {}
        (DocumentStyle::Inline | DocumentStyle::Html | DocumentStyle::Text, _)
            if form.starts_with("10-") || form == "20-F" =>
        {
            let name = |n: u32| format!("d{tag}dex{n}.{ending}");
            add(
                "EX-21.1",
                name(211),
                Some("EX-21.1"),
                exhibit,
                share(filing, 3),
            );
            add(
                "EX-31.1",
                name(311),
                Some("EX-31.1"),
                exhibit,
                share(filing, 2),
            );
            add("EX-32.1", name(321), None, exhibit, share(filing, 2));
        }
        (DocumentStyle::Inline | DocumentStyle::Html, "8-K" | "8-K/A" | "6-K" | "6-K/A") => {
            add(
                "EX-99.1",
                format!("d{tag}dex991.htm"),
                Some("EX-99.1"),
                exhibit,
                share(filing, 35),
            );
        }
        (DocumentStyle::Html, "N-CSR" | "N-CSRS") => {
            add(
                "EX-99.CERT",
                format!("d{tag}dex99cert.htm"),
                None,
                exhibit,
                share(filing, 3),
            );
        }
        _ => {}
    }
    if roomy && style == DocumentStyle::Inline {
        let day = filing.filed_on.strftime("%Y%m%d");
        add(
            "EX-101.SCH",
            format!("{tag}-{day}.xsd"),
            Some("XBRL TAXONOMY EXTENSION SCHEMA"),
            SimContent::Schema,
            share(filing, 6),
        );
    }
    // A splitter needs a file name for a decoded graphic.
    if roomy
        && named
        && matches!(style, DocumentStyle::Inline | DocumentStyle::Html)
        && rng.chance(2, 3)
    {
        add(
            "GRAPHIC",
            format!("g{tag}.jpg"),
            None,
            SimContent::Jpeg,
            raw(filing, 12),
        );
    }
    if rng.chance(1, 6) {
        skip_rendered_files(documents);
    }
}

/// EDGAR also gives numbers to the files that it renders, and leaves these out of the text.
fn skip_rendered_files(documents: &mut [SimDocument]) {
    for document in documents.iter_mut().skip(2) {
        document.sequence += 3;
    }
}

/// Whether the submission has the old PEM envelope.
fn is_pem(filing: &SimFiling) -> bool {
    filing.filed_on.year() < 2001
}

fn header(universe: &SimUniverse, filing: &SimFiling, documents: usize) -> String {
    let accession = filing.accession;
    let day = filing.filed_on.strftime("%Y%m%d");
    let mut out = String::with_capacity(2048);
    if is_pem(filing) {
        out.push_str(
            "-----BEGIN PRIVACY-ENHANCED MESSAGE-----\nProc-Type: 2001,MIC-CLEAR\n\
             Originator-Name: webmaster@www.sec.gov\nMIC-Info: RSA-MD5,RSA,\n\
             \x20AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n\n",
        );
    }
    let _ = writeln!(out, "<SEC-DOCUMENT>{accession}.txt : {day}");
    let _ = writeln!(out, "<SEC-HEADER>{accession}.hdr.sgml : {day}");
    if filing.filed_on >= date(2002, 1, 1) {
        let (h, m, s) = clock(filing.accepted);
        let _ = writeln!(out, "<ACCEPTANCE-DATETIME>{day}{h:02}{m:02}{s:02}");
    }
    // The count is sometimes wrong, as in real submissions.
    let count = documents + usize::from(accession.get() % 20 == 7);
    let _ = writeln!(out, "ACCESSION NUMBER:\t\t{accession}");
    let _ = writeln!(out, "CONFORMED SUBMISSION TYPE:\t{}", filing.form);
    let _ = writeln!(out, "PUBLIC DOCUMENT COUNT:\t\t{count}");
    if let Some(period) = filing.report_date {
        let _ = writeln!(
            out,
            "CONFORMED PERIOD OF REPORT:\t{}",
            period.strftime("%Y%m%d")
        );
    }
    let _ = writeln!(out, "FILED AS OF DATE:\t\t{day}");
    for n in 0..=filing.joint {
        let company = universe.company(filing.company + n);
        let _ = write!(
            out,
            "\nFILER:\n\n\tCOMPANY DATA:\t\n\t\tCOMPANY CONFORMED NAME:\t\t\t{}\n\
             \t\tCENTRAL INDEX KEY:\t\t\t{}\n\
             \t\tSTANDARD INDUSTRIAL CLASSIFICATION:\tSERVICES-PREPACKAGED SOFTWARE [7372]\n\
             \t\tSTATE OF INCORPORATION:\t\t\tDE\n\t\tFISCAL YEAR END:\t\t\t1231\n\n\
             \tFILING VALUES:\n\t\tFORM TYPE:\t\t{}\n\t\tSEC ACT:\t\t1934 Act\n\n\
             \tBUSINESS ADDRESS:\t\n\t\tSTREET 1:\t\t1 MAIN STREET\n\t\tCITY:\t\t\tWILMINGTON\n\
             \t\tSTATE:\t\t\tDE\n\t\tZIP:\t\t\t19801\n",
            company.name.to_uppercase(),
            company.cik.padded(),
            filing.form,
        );
    }
    out.push_str("</SEC-HEADER>\n");
    out
}

/// Hours, minutes and seconds.
pub(crate) fn clock(seconds: u32) -> (u32, u32, u32) {
    (seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The length of the output of [`encode`].
fn encoded_length(len: usize, name: &str, zero: u8) -> usize {
    let last = len % 45;
    let lines = len / 45 * 62
        + if last > 0 {
            2 + last.div_ceil(3) * 4
        } else {
            0
        };
    let end = if zero == b' ' { 5 } else { 6 };
    "begin 644 \n".len() + name.len() + lines + end
}

/// Appends `bytes` in uuencode. With `garbage`, the bits after the last byte are not zero, as in two thirds
/// of real files; strict decoders refuse that.
fn encode(bytes: &[u8], name: &str, zero: u8, garbage: bool, out: &mut Vec<u8>) {
    let char_of = |six: u8| if six == 0 { zero } else { six + b' ' };
    out.extend_from_slice(b"begin 644 ");
    out.extend_from_slice(name.as_bytes());
    out.push(b'\n');
    for line in bytes.chunks(45) {
        out.push(char_of(u8::try_from(line.len()).unwrap_or(45)));
        for group in line.chunks(3) {
            let padding = u8::from(garbage);
            let byte = |n: usize| group.get(n).copied().unwrap_or(padding);
            let (a, b, c) = (byte(0), byte(1), byte(2));
            out.extend_from_slice(&[
                char_of(a >> 2),
                char_of((a & 3) << 4 | b >> 4),
                char_of((b & 15) << 2 | c >> 6),
                char_of(c & 63),
            ]);
        }
        out.push(b'\n');
    }
    if zero != b' ' {
        out.push(zero);
    }
    out.extend_from_slice(b"\nend\n");
}

#[cfg(test)]
mod tests {
    use super::super::options::Options;
    use super::*;
    use crate::edgar::Cik;
    use proptest::prelude::*;

    fn universe() -> SimUniverse {
        SimUniverse::new(&Options {
            companies: 45,
            today: date(2025, 8, 1),
            ..Options::default()
        })
    }

    /// Decodes by the length byte, as a correct decoder does.
    fn decode(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for line in text.split(|b| *b == b'\n').skip(1) {
            let Some((&count, rest)) = line.split_first() else {
                break;
            };
            let value = |c: u8| (c.wrapping_sub(b' ')) & 63;
            if value(count) == 0 {
                break;
            }
            let mut decoded = Vec::new();
            for group in rest.chunks(4) {
                let six = |n: usize| group.get(n).map_or(0, |c| value(*c));
                decoded.push(six(0) << 2 | six(1) >> 4);
                decoded.push(six(1) << 4 | six(2) >> 2);
                decoded.push(six(2) << 6 | six(3));
            }
            decoded.truncate(usize::from(value(count)));
            out.extend(decoded);
        }
        out
    }

    /// Splits as the format is documented, independently of the code that made it.
    fn split(text: &str) -> Vec<(Option<String>, Vec<u8>)> {
        let mut documents = Vec::new();
        for part in text.split("<DOCUMENT>\n").skip(1) {
            let part = part.split("</DOCUMENT>\n").next().unwrap();
            let name = part
                .lines()
                .take_while(|line| *line != "<TEXT>")
                .find_map(|line| line.strip_prefix("<FILENAME>"))
                .map(str::to_owned);
            let body = part.split_once("<TEXT>\n").unwrap().1;
            let body = body.strip_suffix("</TEXT>\n").unwrap();
            let inner = ["XBRL", "XML", "PDF"].iter().find_map(|tag| {
                body.strip_prefix(&format!("<{tag}>\n"))?
                    .strip_suffix(&format!("</{tag}>\n"))
            });
            let bytes = match inner.unwrap_or(body) {
                encoded if encoded.starts_with("begin 644 ") => decode(encoded.as_bytes()),
                bare if inner.is_some() => bare.as_bytes().to_vec(),
                _ => format!("<DOCUMENT>\n{part}</DOCUMENT>\n").into_bytes(),
            };
            documents.push((name, bytes));
        }
        documents
    }

    fn filings(universe: &SimUniverse) -> Vec<(Cik, SimFiling)> {
        let ciks: Vec<_> = universe.companies().map(|company| company.cik).collect();
        ciks.into_iter()
            .flat_map(|cik| {
                let filings = universe.filings(cik);
                filings.into_iter().map(move |filing| (cik, filing))
            })
            .collect()
    }

    #[test]
    fn every_submission_has_the_length_that_its_row_tells() {
        let universe = universe();
        for (cik, filing) in filings(&universe) {
            let text = universe.submission_text(&filing);
            assert_eq!(text.len() as u64, filing.size, "{cik} {filing:?}");
        }
    }

    #[test]
    fn splitting_a_submission_gives_what_is_served_under_each_name() {
        let universe = universe();
        let (mut seen, mut broken) = (std::collections::HashSet::new(), 0);
        for (_, filing) in filings(&universe) {
            // A few of each form and year are enough.
            let year = filing.filed_on.year();
            if !seen.insert((filing.form, year, filing.accession.get() % 3)) {
                continue;
            }
            let text = String::from_utf8(universe.submission_text(&filing)).unwrap();
            let served: Vec<_> = universe
                .documents(&filing)
                .into_iter()
                .map(|document| (document.name, document.bytes))
                .collect();
            assert!(filing.filed_on > BROKEN_UNTIL || text.lines().all(|line| line.len() <= 1023));
            let mut found = split(&text);
            if filing.filed_on <= BROKEN_UNTIL {
                for (_, bytes) in &mut found {
                    let mut joined = Vec::new();
                    broken +=
                        crate::edgar::submission::join_lines(&bytes[..], &mut joined).unwrap();
                    *bytes = joined;
                }
            }
            assert_eq!(found, served, "{filing:?}");
            for (name, bytes) in served {
                if let Some(name) = name {
                    assert_eq!(universe.file(&filing, &name), Some(bytes));
                }
            }
        }
        assert!(broken > 20, "{broken} lines");
    }

    #[test]
    fn the_primary_document_of_every_row_is_served() {
        let universe = universe();
        for (_, filing) in filings(&universe) {
            let primary = &filing.primary_document;
            let names = universe.documents(&filing);
            if primary.is_empty() {
                assert!(names.iter().all(|document| document.name.is_none()));
            } else {
                let bare = primary.rsplit('/').next();
                assert_eq!(names[0].name.as_deref(), bare, "{filing:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn uuencode_has_its_length_and_decodes_back(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            garbage in any::<bool>(),
            old in any::<bool>(),
        ) {
            let zero = if old { b'`' } else { b' ' };
            let mut out = Vec::new();
            encode(&bytes, "g1.jpg", zero, garbage, &mut out);
            prop_assert_eq!(out.len(), encoded_length(bytes.len(), "g1.jpg", zero));
            prop_assert_eq!(decode(&out), bytes);
        }
    }
}
