//! Submissions written by hand after real ones, of kinds that the simulator does not make: checks their
//! headers and their documents.

use std::io;
use std::path::Path;

use filing_etl::internals::{
    Accession, DocumentForm, DocumentHead, DocumentKind, DocumentProblem, DocumentSink, DotScan,
    Dots, Header, SplitError, SplitSummary, Splitter,
};
use jiff::civil::{Date, date};

/// A document of a split.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Document {
    kind: DocumentKind,
    type_: String,
    sequence: Option<u32>,
    name: String,
    form: DocumentForm,
    bytes: Vec<u8>,
    problems: Vec<DocumentProblem>,
}

impl Document {
    #[track_caller]
    fn text(&self) -> &str {
        str::from_utf8(&self.bytes).unwrap()
    }
}

#[derive(Debug, Default)]
struct Collected(Vec<Document>);

impl DocumentSink for Collected {
    fn begin(&mut self, head: &DocumentHead<'_>) -> io::Result<()> {
        self.0.push(Document {
            kind: head.kind,
            type_: head.type_.to_owned(),
            sequence: head.sequence,
            name: head.name.to_owned(),
            form: head.form,
            bytes: Vec::new(),
            problems: Vec::new(),
        });
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.last_mut().unwrap().bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self, problems: &[DocumentProblem]) -> io::Result<()> {
        self.0.last_mut().unwrap().problems = problems.to_vec();
        Ok(())
    }
}

fn sample(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    std::fs::read(folder.join(name)).unwrap()
}

fn accession(text: &str) -> Accession {
    text.parse().unwrap()
}

/// The documents, the summary and the dots of a sample that is read in chunks of this many bytes.
fn split_by(text: &[u8], filed_on: Date, size: usize) -> (Vec<Document>, SplitSummary, Dots) {
    let mut scan = DotScan::default();
    text.chunks(size).for_each(|piece| scan.write(piece));
    let dots = scan.finish(Some(filed_on));
    let mut documents = Collected::default();
    // It is used only to name documents without a name.
    let accession = Header::parse(text).accession;
    let accession = accession.unwrap_or_else(|| "0009999905-25-000280".parse().unwrap());
    let mut splitter = Splitter::new(accession, dots, &[], &mut documents);
    for piece in text.chunks(size) {
        splitter.write(piece).unwrap();
    }
    let summary = splitter.finish().unwrap();
    (documents.0, summary, dots)
}

/// Splits a sample. Fails if a byte is lost, if a document has a problem, or if the result depends on the size
/// of the chunks.
#[track_caller]
fn split(text: &[u8], filed_on: Date) -> (Vec<Document>, SplitSummary, Dots) {
    let whole = split_with_problems(text, filed_on);
    for document in &whole.0 {
        assert_eq!(document.problems, [], "{}", document.name);
    }
    whole
}

/// Splits a sample that may have problems. Fails if a byte is lost or if the result depends on the size of the
/// chunks.
#[track_caller]
fn split_with_problems(text: &[u8], filed_on: Date) -> (Vec<Document>, SplitSummary, Dots) {
    let whole = split_by(text, filed_on, text.len());
    for size in [1, 7, 1023] {
        assert_eq!(split_by(text, filed_on, size), whole, "{size}");
    }
    assert_eq!(whole.1.bytes.total(), text.len() as u64);
    assert_eq!(whole.1.bytes.outside, 0);
    whole
}

/// Name, type, kind, SEQUENCE and form of each document.
fn heads(documents: &[Document]) -> Vec<(&str, &str, DocumentKind, Option<u32>, DocumentForm)> {
    documents
        .iter()
        .map(|d| (&*d.name, &*d.type_, d.kind, d.sequence, d.form))
        .collect()
}

#[test]
fn of_a_pem_envelope_the_documents_come_out_as_filed() {
    let text = sample("pem-envelope-1997.txt");
    let header = Header::parse(&text);
    assert_eq!(header.accession, Some(accession("0009999901-97-000012")));
    assert_eq!(header.form.as_deref(), Some("10-Q"));
    assert_eq!(header.filed_on, Some(date(1997, 5, 14)));
    assert_eq!(header.report_date, Some(date(1997, 3, 31)));
    assert_eq!(header.accepted_at, None);

    let (documents, summary, dots) = split(&text, date(1997, 5, 14));
    assert_eq!(summary.accession, header.accession);
    assert_eq!(summary.public_document_count, Some(2));
    assert_eq!(dots, Dots::Plain);
    assert_eq!(
        heads(&documents),
        [
            (
                "0009999901-97-000012-1.txt",
                "10-Q",
                DocumentKind::Primary,
                Some(1),
                DocumentForm::Wrapped
            ),
            (
                "0009999901-97-000012-2.txt",
                "EX-27",
                DocumentKind::Exhibit,
                Some(2),
                DocumentForm::Wrapped
            ),
        ]
    );
    // Four lines begin with a dash, and only they are escaped.
    assert_eq!(summary.bytes.escapes, 8);
    let report = documents[0].text();
    assert!(report.starts_with("<DOCUMENT>\n<TYPE>10-Q\n"));
    assert!(report.contains(&format!("\n{}\n", "-".repeat(80))));
    assert!(report.contains("\n- of which felt "));
    assert!(report.contains("\n  -------"), "a blank comes before these");
    assert!(report.contains("\n.5% of the sales"));
    assert!(report.ends_with("<PAGE>   2\n-2-\n</TEXT>\n</DOCUMENT>\n"));
    assert!(documents[1].text().contains("\n<EPS-PRIMARY> "));
}

#[test]
fn two_headers_around_one_set_of_documents_are_one_submission() {
    let text = sample("two-headers-1995.txt");
    let header = Header::parse(&text);
    assert_eq!(header.accession, Some(accession("0009999902-95-000433")));
    assert_eq!(header.filed_on, Some(date(1995, 9, 25)));

    let (documents, summary, _) = split(&text, date(1995, 9, 25));
    assert_eq!(summary.accession, header.accession);
    assert_eq!(
        (summary.documents, summary.public_document_count),
        (2, Some(2))
    );
    let names = documents.iter().map(|d| (&*d.name, &*d.type_));
    assert_eq!(
        names.collect::<Vec<_>>(),
        [
            ("0009999902-95-000433-1.txt", "10-K"),
            ("0009999902-95-000433-2.txt", "EX-21"),
        ]
    );
    assert!(
        documents[1].text().contains("\n----    "),
        "no escape is left"
    );
    assert!(
        documents[1]
            .text()
            .ends_with("Delaware\n</TEXT>\n</DOCUMENT>\n")
    );
}

#[test]
fn doubled_dots_are_taken_off_in_text_and_in_encoded_lines() {
    let text = sample("doubled-dots-2012.txt");
    let header = Header::parse(&text);
    let accepted = "2012-04-27T20:15:02Z".parse().unwrap();
    assert_eq!(header.accepted_at, Some(accepted));

    let (documents, summary, dots) = split(&text, date(2012, 4, 27));
    assert_eq!(dots, Dots::Doubled);
    assert_eq!(
        heads(&documents),
        [
            (
                "form8k.htm",
                "8-K",
                DocumentKind::Primary,
                Some(1),
                DocumentForm::Wrapped
            ),
            (
                "exkl-20120331.xsd",
                "EX-101.SCH",
                DocumentKind::Xbrl,
                Some(2),
                DocumentForm::Bare
            ),
            (
                "logo.gif",
                "GRAPHIC",
                DocumentKind::Graphic,
                Some(3),
                DocumentForm::Decoded
            ),
            (
                "report.css",
                "XML",
                DocumentKind::Xbrl,
                Some(5),
                DocumentForm::Bare
            ),
        ]
    );
    assert_eq!(summary.bytes.escapes, 5);
    let report = documents[0].text();
    assert!(report.contains("\n.07 dollars, after\n...06 in the year"));
    let schema = documents[1].text();
    assert!(schema.starts_with("<?xml ") && schema.ends_with("XMLSchema\"/>\n"));
    // Its second line encodes 14 bytes, so it begins with a dot. Its last bits do not belong to a byte.
    let picture = &documents[2].bytes;
    assert_eq!(picture.len(), 59);
    assert!(picture.starts_with(b"GIF89a") && picture.ends_with(b"D\x01\0;"));
    assert_eq!(
        documents[3].text(),
        ".report table {\n  border: 0;\n}\n.report td {\n  width: .5em;\n}\n"
    );
}

#[test]
fn a_submission_with_broken_lines_has_its_documents_and_its_header() {
    let text = sample("broken-lines-2009.txt");
    let longest = text.split(|byte| *byte == b'\n').map(<[u8]>::len);
    let broken = longest.filter(|length| [1023, 1025].contains(length));
    assert_eq!(broken.count(), 3, "the sample is as it was");

    let header = Header::parse(&text);
    assert_eq!(header.accession, Some(accession("0009999904-09-000078")));
    assert_eq!(header.filed_on, Some(date(2009, 3, 16)));
    let (documents, summary, _) = split_with_problems(&text, date(2009, 3, 16));
    assert_eq!(summary.documents, 2);
    assert_eq!(documents[0].problems, [DocumentProblem::BrokenLines]);
    assert_eq!(documents[1].problems, []);
    assert_eq!(documents[0].name, "form10k.htm");
    let page = documents[0].text();
    assert!(page.contains("\n-----<!-- "), "no escape is left");
    assert!(page.ends_with("\n<P>A short line.</P>\n</BODY>\n</HTML>\n</TEXT>\n</DOCUMENT>\n"));
    let exhibit = "Lines of this exhibit are short, and none was broken.\n";
    assert!(documents[1].text().contains(exhibit));
}

#[test]
fn a_member_of_a_feed_with_bare_cr_splits_and_keeps_its_line_ends() {
    let text = sample("feed-2025.nc");
    let line_feeds = text.iter().filter(|byte| **byte == b'\n');
    assert_eq!(line_feeds.count(), 1, "the sample is as it was");
    // It has tags in place of the header lines of a complete submission.
    let header = Header::parse(&text);
    assert_eq!(header.accession, Some(accession("0009999905-25-000280")));
    assert_eq!(
        (header.form.as_deref(), header.filed_on),
        (Some("4"), Some(date(2025, 1, 8)))
    );

    let (documents, summary, dots) = split(&text, date(2025, 1, 8));
    assert_eq!(summary.accession, Some(accession("0009999905-25-000280")));
    assert_eq!(dots, Dots::Plain);
    assert_eq!(
        heads(&documents),
        [
            (
                "wk-form4.xml",
                "4",
                DocumentKind::Primary,
                Some(1),
                DocumentForm::Bare
            ),
            (
                "seal.gif",
                "GRAPHIC",
                DocumentKind::Graphic,
                Some(2),
                DocumentForm::Decoded
            ),
        ]
    );
    let form = documents[0].text();
    assert!(form.starts_with("<?xml version=\"1.0\"?>\r<ownershipDocument>\r"));
    assert!(form.ends_with("</ownershipDocument>\r"));
    assert!(documents[1].bytes.starts_with(b"GIF89a"));
    assert_eq!(documents[1].bytes.len(), 45);
}

#[test]
fn no_sample_is_taken_for_whole_when_its_end_is_missing() {
    for name in [
        "pem-envelope-1997.txt",
        "two-headers-1995.txt",
        "broken-lines-2009.txt",
        "doubled-dots-2012.txt",
        "feed-2025.nc",
    ] {
        let text = sample(name);
        let last = text.trim_ascii_end();
        let line = last.iter().rposition(|b| matches!(b, b'\n' | b'\r'));
        let mut splitter = Splitter::new(
            accession("0009999901-97-000012"),
            Dots::Plain,
            &[],
            Collected::default(),
        );
        splitter.write(&text[..=line.unwrap()]).unwrap();
        let end = splitter.finish();
        let cut = matches!(end, Err(SplitError::Truncated { .. }));
        assert!(cut, "{name}: {end:?}");
    }
}
