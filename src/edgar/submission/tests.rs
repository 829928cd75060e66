//! Tests of the splitter with hand-made submissions, generated ones and real captures.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::uuencode::BadEncodingReason;
use super::*;

/// A document of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Document {
    position: u32,
    kind: DocumentKind,
    type_: String,
    sequence: Option<u32>,
    name: String,
    edgar_name: Option<String>,
    description: Option<String>,
    form: DocumentForm,
    data: Vec<u8>,
    /// `None` until the document has ended.
    problems: Option<Vec<DocumentProblem>>,
}

/// Collects the documents and checks the order of the calls.
#[derive(Debug, Default)]
struct Collect(Vec<Document>);

impl DocumentSink for Collect {
    fn begin(&mut self, head: &DocumentHead<'_>) -> io::Result<()> {
        assert!(self.0.last().is_none_or(|d| d.problems.is_some()));
        self.0.push(Document {
            position: head.position,
            kind: head.kind,
            type_: head.type_.to_owned(),
            sequence: head.sequence,
            name: head.name.to_owned(),
            edgar_name: head.edgar_name.map(str::to_owned),
            description: head.description.map(str::to_owned),
            form: head.form,
            data: Vec::new(),
            problems: None,
        });
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        let document = self.0.last_mut().unwrap();
        assert!(document.problems.is_none() && !bytes.is_empty());
        document.data.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self, problems: &[DocumentProblem]) -> io::Result<()> {
        let before = self
            .0
            .last_mut()
            .unwrap()
            .problems
            .replace(problems.to_vec());
        assert_eq!(before, None);
        Ok(())
    }
}

/// The complete result of a split, for comparisons.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Split {
    documents: Vec<Document>,
    /// The summary, or the text of the error.
    end: Result<SplitSummary, String>,
}

impl Split {
    /// Splits a submission that must be valid and must have no text outside of documents.
    #[track_caller]
    fn good(text: impl AsRef<[u8]>) -> (Vec<Document>, SplitSummary) {
        let text = text.as_ref();
        let split = split([text]);
        let summary = split.end.unwrap();
        assert_eq!(summary.bytes.total(), text.len() as u64);
        (split.documents, summary)
    }
}

fn accession() -> Accession {
    "0000320193-23-000106".parse().unwrap()
}

/// Splits, and checks that every byte has a class, in order.
fn split<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Split {
    let mut collect = Collect::default();
    let mut scan = DotScan::default();
    let chunks: Vec<_> = chunks
        .into_iter()
        .inspect(|chunk| scan.write(chunk))
        .collect();
    let mut splitter = Splitter::new(accession(), scan.finish(None), &[], &mut collect);
    let mut written = Vec::new();
    for chunk in chunks {
        written.extend_from_slice(chunk);
        if let Err(error) = splitter.write(chunk) {
            drop(splitter);
            return Split {
                documents: collect.0,
                end: Err(error.to_string()),
            };
        }
    }
    let (end, trace) = splitter.finish_traced();
    if let Ok(summary) = &end {
        let all: Vec<u8> = trace.iter().flat_map(|(_, bytes)| bytes).copied().collect();
        assert!(all == written, "the classes are no partition of the input");
        assert_eq!(summary.bytes.total(), written.len() as u64);
        assert_eq!(summary.documents as usize, collect.0.len());
        assert!(collect.0.iter().all(|d| d.problems.is_some()));
        // The bytes of the class `Verbatim` must be the output.
        let verbatim = |d: &&Document| d.form != DocumentForm::Decoded;
        let out: Vec<u8> = collect
            .0
            .iter()
            .filter(verbatim)
            .flat_map(|d| d.data.clone())
            .collect();
        let noted: Vec<u8> = trace
            .into_iter()
            .filter(|t| t.0 == "Verbatim")
            .flat_map(|t| t.1)
            .collect();
        assert!(out == noted, "verbatim bytes changed");
    }
    Split {
        documents: collect.0,
        end: end.map_err(|e| e.to_string()),
    }
}

/// Splits with these chunk sizes, repeated cyclically.
fn split_by(text: &[u8], sizes: &[usize]) -> Split {
    let (mut rest, mut chunks) = (text, Vec::new());
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, behind) = rest.split_at(rest.len().min((*size).max(1)));
        chunks.push(chunk);
        rest = behind;
    }
    split(chunks)
}

const HEADER: &str = "<SEC-DOCUMENT>0000320193-23-000106.txt : 20231103\n\
    <SEC-HEADER>0000320193-23-000106.hdr.sgml : 20231102\n\
    ACCESSION NUMBER:\t\t0000320193-23-000106\n\
    CONFORMED SUBMISSION TYPE:\t10-K\n\
    PUBLIC DOCUMENT COUNT:\t\t13\n\
    </SEC-HEADER>\n";
const FOOTER: &str = "</SEC-DOCUMENT>\n";

fn document(type_: &str, name: &str, body: &str) -> String {
    format!(
        "<DOCUMENT>\n<TYPE>{type_}\n<SEQUENCE>1\n<FILENAME>{name}\n<TEXT>\n{body}</TEXT>\n</DOCUMENT>\n"
    )
}

fn submission(documents: &[String]) -> String {
    format!("{HEADER}{}{FOOTER}", documents.concat())
}

/// The one document of a submission, and its problems.
#[track_caller]
fn only(document: &str) -> (String, Vec<DocumentProblem>) {
    let (mut documents, _) = Split::good(submission(&[document.to_owned()]));
    assert_eq!(documents.len(), 1);
    let only = documents.pop().unwrap();
    (
        String::from_utf8(only.data).unwrap(),
        only.problems.unwrap(),
    )
}

#[test]
fn text_keeps_its_wrapper() {
    let text = document("10-K", "a.htm", "<html>\n</html>\n");
    assert_eq!(only(&text), (text.clone(), vec![]));
}

#[test]
fn xbrl_and_xml_come_out_bare() {
    for tag in ["XBRL", "XML"] {
        let body = "<?xml?>\n<a>\n</a>\n";
        let text = document("10-K", "a.htm", &format!("<{tag}>\n{body}</{tag}>\n"));
        assert_eq!(only(&text), (body.to_owned(), vec![]));
    }
}

#[test]
fn what_edgar_rendered_comes_out_bare() {
    let text = document("XML", "R1.htm", "<html></html>\n");
    assert_eq!(only(&text), ("<html></html>\n".to_owned(), vec![]));
}

#[test]
fn uuencoded_text_comes_out_decoded() {
    for body in [
        "begin 644 other\n#86)C\n\nend\n",
        "<PDF>\nbegin 644 a.pdf\n#86)C\n`\nend\n</PDF>\n",
    ] {
        let text = document("EX-99", "a.pdf", body);
        assert_eq!(only(&text), ("abc".to_owned(), vec![]));
    }
}

#[test]
fn uuencode_may_begin_behind_blank_lines_and_without_a_name() {
    for (type_, name, body) in [
        ("EX-99", "a.pdf", "\n \nbegin 644 a.pdf\n#86)C\n`\nend\n"),
        (
            "EX-99",
            "a.pdf",
            "<PDF>\n\nbegin 644 a.pdf\n#86)C\n`\nend\n</PDF>\n",
        ),
        (
            "EX-99",
            "a.txt",
            "<PDF>\n\nbegin 644 a.pdf\n#86)C\n`\nend\n</PDF>\n",
        ),
        (
            "EX-99",
            "a.PDF",
            "\n<PDF>\nbegin 644\n#86)C\n`\nend\n</PDF>\n",
        ),
        ("GRAPHIC", "a.jpg", "begin 644\n#86)C\n`\nend\n"),
        ("GRAPHIC", "a.jpg", "begin 644 \n#86)C\n`\nend\n"),
        ("GRAPHIC", "a.jpg", "\nbegin\n#86)C\n`\nend\n"),
        ("GRAPHIC", "picture", "\nbegin 644 a\n#86)C\n`\nend\n"),
    ] {
        let text = document(type_, name, body);
        assert_eq!(only(&text), ("abc".to_owned(), vec![]), "{name} {body}");
    }
}

#[test]
fn a_text_under_the_name_of_a_picture_is_damage_and_loses_nothing() {
    for body in [
        "",
        "\n\n",
        "\nplain\n",
        "Begin 644 a\n",
        "begin-base64 644 a\n",
    ] {
        let text = document("EX-99", "a.jpg", body);
        assert_eq!(
            only(&text),
            (text.clone(), vec![DocumentProblem::NotEncoded])
        );
        let bare = document("GRAPHIC", "a.jpg", body);
        assert_eq!(
            only(&bare),
            (body.to_owned(), vec![DocumentProblem::NotEncoded])
        );
        let untold = document("GRAPHIC", "a", body);
        assert_eq!(only(&untold), (body.to_owned(), vec![]));
    }
    let at_once = "<DOCUMENT>\n<TYPE>EX-1\n<FILENAME>a.gif\n<TEXT>begin 644 a\n#86)C\n`\nend\n\
        </TEXT>\n</DOCUMENT>\n";
    assert_eq!(
        only(at_once),
        (at_once.to_owned(), vec![DocumentProblem::NotEncoded])
    );
    // Lines that are similar to a `begin` line.
    let (_, problems) = only(&document("EX-99", "a.jpg", "begin with this\nand go on\n"));
    assert!(
        matches!(problems[..], [DocumentProblem::Encoding(_)]),
        "{problems:?}"
    );
    // With the name of a text file it is text.
    let text = document("EX-99", "a.txt", "\nbegin 644 a\n#86)C\n`\nend\n");
    assert_eq!(only(&text), (text.clone(), vec![]));
}

/// The submission of the other tests, filed on another day.
fn filed_on(day: &str, documents: &[String]) -> String {
    let label = format!("FILED AS OF DATE:\t\t{day}\n</SEC-HEADER>\n");
    submission(documents).replacen("</SEC-HEADER>\n", &label, 1)
}

#[test]
fn an_old_text_cannot_prove_a_document_with_a_line_of_1023_bytes() {
    let exact = "x".repeat(BROKEN_AT);
    let broken = document("10-K", "a.htm", &format!("<p>\n{exact}\nend\n"));
    let bare = document(
        "EX-101.INS",
        "a.xml",
        &format!("<XBRL>\n{exact}\n</XBRL>\n"),
    );
    let long = document("EX-1", "b.htm", &format!("{exact}\n{exact}yy\n"));
    let short = document("EX-2", "c.htm", &format!("{}\n", &exact[1..]));
    let longest = document("EX-3", "d.htm", &format!("{}\n{exact}\n", "z".repeat(9000)));
    let documents = [broken, bare, long, short, longest];
    for (day, expected) in [("20100406", true), ("none", true), ("20120103", false)] {
        let (found, _) = Split::good(filed_on(day, &documents));
        let broken: Vec<_> = found
            .iter()
            .map(|d| !d.problems.as_ref().unwrap().is_empty())
            .collect();
        assert_eq!(broken, [expected, expected, false, false, false], "{day}");
        assert!(DocumentProblem::BrokenLines.is_damage());
    }
    // The escape of a PEM envelope does not count towards the length of a line.
    let dashes = document("8-K", "a.txt", &format!("- {}\nx\n", "-".repeat(BROKEN_AT)));
    let pem = format!(
        "-----BEGIN PRIVACY-ENHANCED MESSAGE-----\n\n{}-----END PRIVACY-ENHANCED MESSAGE-----\n",
        submission(&[dashes])
    );
    let (found, _) = Split::good(pem);
    assert_eq!(found[0].problems, Some(vec![DocumentProblem::BrokenLines]));
}

#[test]
fn a_broken_document_is_joined_to_what_it_was() {
    let whole = "<p>".to_owned() + &"word ".repeat(700) + "</p>\nshort\n";
    let mut broken = String::new();
    let (long, rest) = whole.split_once('\n').unwrap();
    for piece in long.as_bytes().chunks(BROKEN_AT) {
        broken += str::from_utf8(piece).unwrap();
        broken += "\n";
    }
    let (found, _) = Split::good(submission(&[document("10-K", "a.htm", &(broken + rest))]));
    let mut joined = Vec::new();
    assert_eq!(join_lines(&found[0].data[..], &mut joined).unwrap(), 3);
    assert!(joined == document("10-K", "a.htm", &whole).into_bytes());
}

#[test]
fn a_text_with_a_header_alone_is_whole_where_its_header_or_envelope_ends() {
    let bare = "<SEC-HEADER>0000320193-23-000106.hdr.sgml : 19960213\n\
        <ACCESSION-NUMBER>0000320193-23-000106\n<PUBLIC-DOCUMENT-COUNT>1\n</SEC-HEADER>\n\n";
    for text in [
        bare.to_owned(),
        format!("\n{bare}"),
        bare.to_ascii_lowercase(),
        bare.replace("SEC-HEADER", "IMS-HEADER"),
        format!("<SEC-DOCUMENT>x\n{bare}</SEC-DOCUMENT>\n"),
        format!("<SEC-DOCUMENT>x\n{bare}</SEC-DOCUMENT>\n").to_ascii_lowercase(),
        submission(&[]),
        submission(&[document("10-K", "a.txt", "x\n")]).to_ascii_lowercase(),
        format!(
            "-----BEGIN PRIVACY-ENHANCED MESSAGE-----\nProc-Type: 2001\n\n{bare}\
             -----END PRIVACY-ENHANCED MESSAGE-----\n"
        ),
    ] {
        let (documents, summary) = Split::good(&text);
        assert_eq!(documents, []);
        assert_eq!(summary.accession, Some(accession()), "{text}");
        let end = text.trim_end().len();
        for cut in 1..end {
            let result = split([&text.as_bytes()[..cut]]).end;
            // Only the last line of the end of an envelope may be missing.
            let error = result.expect_err(&text[..cut]);
            assert!(
                error.contains("truncated") || error.contains("not a complete"),
                "{error}"
            );
        }
    }
    for other in [
        "<html>\n<SEC-HEADER>x\n</SEC-HEADER>\n",
        "plain\n</SEC-HEADER>\n",
    ] {
        assert!(split([other.as_bytes()]).end.is_err());
    }
}

#[test]
fn a_file_that_is_known_to_be_whole_ends_where_it_ends() {
    let text = submission(&[
        document("10-K", "a.txt", "x\n"),
        document("EX-1", "b.xml", "<XML>\n<a/>\n</XML>\n"),
        document("GRAPHIC", "c.jpg", "begin 644 c.jpg\n#86)C\n`\nend\n"),
    ]);
    let first = "<SEC-DOCUMENT>".len();
    for cut in first..text.len() {
        let mut collect = Collect::default();
        let splitter = Splitter::new(accession(), Dots::Plain, &[], &mut collect);
        let mut splitter = splitter.known_whole(true);
        splitter.write(&text.as_bytes()[..cut]).unwrap();
        let summary = splitter.finish().unwrap();
        assert_eq!(summary.bytes.total(), cut as u64);
        assert_eq!(summary.documents as usize, collect.0.len(), "{cut}");
        let (last, before) = match collect.0.split_last() {
            Some((last, before)) => (Some(last), before),
            None => (None, &[][..]),
        };
        assert!(before.iter().all(|d| d.problems == Some(vec![])), "{cut}");
        let count = |tag: &str| text[..cut].matches(tag).count();
        let closed = count("<DOCUMENT>") == count("</DOCUMENT>");
        let last = last.map(|d| d.problems.clone().unwrap());
        assert!(
            last.is_none_or(|p| p.is_empty() == closed),
            "{cut}: {}",
            &text[..cut]
        );
    }
}

#[test]
fn damaged_uuencode_is_a_problem_of_its_document_alone() {
    let broken = document("GRAPHIC", "a.jpg", "begin 644 a.jpg\n#86)C\n#8~)C\nend\n");
    let good = document("GRAPHIC", "b.jpg", "begin 644 b.jpg\n#86)C\n`\nend\n");
    let (documents, _) = Split::good(submission(&[broken, good.clone(), good]));
    let problems: Vec<_> = documents
        .iter()
        .map(|d| d.problems.clone().unwrap())
        .collect();
    let damage = BadEncoding {
        line: 3,
        reason: BadEncodingReason::Character(b'~'),
    };
    assert_eq!(
        problems,
        [
            vec![damage.into()],
            vec![],
            vec![DocumentProblem::NameTaken]
        ]
    );
    assert!(problems[0][0].is_damage() && !problems[2][0].is_damage());
    assert_eq!(documents[1].data, b"abc");
}

#[test]
fn a_pem_envelope_is_taken_off() {
    let text = document("8-K", "a.txt", "- ----\n- -- x\n- x\n-\n");
    let pem = format!(
        "-----BEGIN PRIVACY-ENHANCED MESSAGE-----\nProc-Type: 2001,MIC-CLEAR\n Nn==\n\n{HEADER}{text}{FOOTER}\
         -----END PRIVACY-ENHANCED MESSAGE-----\n"
    );
    let (documents, summary) = Split::good(&pem);
    let expected = document("8-K", "a.txt", "----\n-- x\n- x\n-\n");
    assert_eq!(String::from_utf8_lossy(&documents[0].data), expected);
    assert_eq!(summary.bytes.escapes, 4);
    // Without an envelope `- -` is content.
    assert_eq!(only(&text).0, text);
    let cut = pem
        .strip_suffix("-----END PRIVACY-ENHANCED MESSAGE-----\n")
        .unwrap();
    assert_eq!(
        split([cut.as_bytes()]).end,
        Err("the submission is truncated: it has no -----END PRIVACY-ENHANCED MESSAGE-----".into())
    );
}

#[test]
fn doubled_dots_are_taken_off() {
    // The last line of a real archive. It has 14 bytes, so its length byte is a dot.
    let text = document(
        "EXCEL",
        "a.xlsx",
        "begin 644 a.xlsx\n..\"0 ) #X\"  #@$P     !\n\nend\n",
    );
    let css = document("XML", "a.css", "..a\n....\n a\n");
    let (documents, summary) = Split::good(submission(&[text.clone(), css.clone()]));
    assert_eq!(
        documents[0].data,
        b"\x09\0\x09\0\x3e\x02\0\0\xe0\x13\0\0\0\0"
    );
    assert_eq!(documents[0].problems, Some(vec![]));
    assert_eq!(documents[1].data, b".a\n...\n a\n");
    assert_eq!(summary.bytes.escapes, 3);
    // One line with a single dot: dots are as filed, so the over-long line is damage.
    let (documents, _) = Split::good(submission(&[text, css, document("10-K", "a.txt", ".\n")]));
    let damage = BadEncoding {
        line: 2,
        reason: BadEncodingReason::TooLong,
    };
    assert_eq!(documents[0].problems, Some(vec![damage.into()]));
    assert_eq!(documents[1].data, b"..a\n....\n a\n");
}

#[test]
fn documents_without_a_name_are_numbered() {
    let nameless =
        "<DOCUMENT>\n<TYPE>EX-27\n<SEQUENCE>7\n<DESCRIPTION>FDS\n<TEXT>\nx\n</TEXT>\n</DOCUMENT>\n"
            .to_owned();
    let text = submission(&[document("10-K", "a.txt", ""), nameless.clone(), nameless]);
    let (documents, _) = Split::good(text);
    let names: Vec<_> = documents.iter().map(|d| d.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "a.txt",
            "0000320193-23-000106-2.txt",
            "0000320193-23-000106-3.txt"
        ]
    );
    assert_eq!(
        (documents[1].edgar_name.as_ref(), documents[1].sequence),
        (None, Some(7))
    );
    assert_eq!(documents[1].description.as_deref(), Some("FDS"));
    assert_eq!(documents[1].problems, Some(vec![]));
}

#[test]
fn names_stay_unique_and_hostile_ones_stay_as_they_are() {
    let names = [
        "../../x",
        "0000320193-23-000106-3.jpg",
        "0000320193-23-000106-3.jpg",
        "../../X",
        "con",
        "0000320193-23-000106.TXT",
    ];
    let (documents, _) = Split::good(submission(
        &names.map(|name| document("GRAPHIC", name, "x\n")),
    ));
    let names: Vec<_> = documents.iter().map(|d| d.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "0000320193-23-000106-1",
            "0000320193-23-000106-2.jpg",
            "0000320193-23-000106-3.jpg",
            "0000320193-23-000106-4",
            "0000320193-23-000106-5",
            "0000320193-23-000106-6.TXT"
        ]
    );
    assert_eq!(documents[3].edgar_name.as_deref(), Some("../../X"));
    let at_edgar = documents[5].edgar_name.as_deref();
    assert_eq!(at_edgar, Some("0000320193-23-000106.TXT"));
}

#[test]
fn two_headers_and_two_endings_are_one_submission() {
    let text = format!(
        "{HEADER}{HEADER}{}{FOOTER}{FOOTER}",
        document("10-K", "a.txt", "x\n")
    );
    let (documents, summary) = Split::good(text);
    assert_eq!(documents.len(), 1);
    assert_eq!(summary.accession, Some(accession()));
    assert_eq!(summary.public_document_count, Some(13));
    assert_eq!(summary.bytes.outside, 0);
}

#[test]
fn a_feed_file_with_bare_cr_splits_and_keeps_its_cr() {
    let text = "<SUBMISSION>\n<ACCESSION-NUMBER>0000320193-23-000106\r<DOCUMENT>\r<TYPE>D\r<FILENAME>a.xml\r\
        <TEXT>\r<XML>\r<a>\r</a>\r</XML>\r</TEXT>\r</DOCUMENT>\r</SUBMISSION>\r";
    let (documents, summary) = Split::good(text);
    assert_eq!(documents[0].data, b"<a>\r</a>\r");
    assert_eq!(summary.accession, Some(accession()));
}

#[test]
fn a_missing_final_line_end_is_no_damage() {
    let text = submission(&[document("10-K", "a.txt", "x\n")]);
    let (documents, _) = Split::good(text.trim_end());
    assert_eq!(documents[0].problems, Some(vec![]));
}

#[test]
fn a_text_may_quote_any_tag() {
    for quoted in [
        "<TEXT>\n",
        "</TEXT>\nmore\n",
        "</TEXT>\n\n</TEXT>\n",
        "</DOCUMENT>\nmore\n",
        "<DOCUMENT>\nmore\n",
        "</SEC-DOCUMENT>\nmore\n",
        "</XBRL>\n</XML>\n",
        " </TEXT>\n</DOCUMENT> x\n",
        "<DOCUMENT>\n<TEXT>\n",
        "begin 644 x\n",
    ] {
        let text = document("10-K", "a.txt", &format!("x\n{quoted}"));
        assert_eq!(only(&text), (text.clone(), vec![]), "{quoted:?}");
        let bare = document("10-K", "a.txt", &format!("<XBRL>\nx\n{quoted}</XBRL>\n"));
        assert_eq!(only(&bare), (format!("x\n{quoted}"), vec![]), "{quoted:?}");
    }
}

#[test]
fn documents_that_are_not_closed_end_where_the_next_begins() {
    let head = "<DOCUMENT>\n<TYPE>EX-1\n<FILENAME>b.txt\n<TEXT>\n";
    let next = document("EX-2", "c.txt", "c\n");
    for (ending, kept, missing) in [
        ("", "", "</TEXT>"),
        ("</TEXT>\n", "</TEXT>\n", "</DOCUMENT>"),
        ("</DOCUMENT>\n\n", "</DOCUMENT>\n", "</TEXT>"),
    ] {
        let open = format!("{head}b\n{ending}");
        let kept = format!("{head}b\n{kept}");
        let (documents, _) = Split::good(submission(&[open.clone(), next.clone()]));
        assert_eq!(documents[0].data, kept.as_bytes());
        assert_eq!(
            documents[0].problems,
            Some(vec![DocumentProblem::NotClosed(missing)])
        );
        assert_eq!(documents[1].data, next.as_bytes());
        assert_eq!(documents[1].problems, Some(vec![]));
        // The same cases at the end of the envelope.
        assert_eq!(
            only(&open),
            (kept, vec![DocumentProblem::NotClosed(missing)])
        );
    }
    let bare = document("EX-1", "a.xsd", "<XBRL>\nx\n");
    assert_eq!(
        only(&bare),
        ("x\n".into(), vec![DocumentProblem::NotClosed("</XBRL>")])
    );
}

#[test]
fn a_document_without_text_comes_out_with_all_it_has() {
    let text = "<DOCUMENT>\n<TYPE>EX-1\n</DOCUMENT>\n";
    assert_eq!(only(text), (text.to_owned(), vec![DocumentProblem::NoText]));
    let text = format!(
        "<DOCUMENT>\n<TYPE>EX-1\n{}\n</DOCUMENT>\n",
        "x".repeat(5000)
    );
    assert_eq!(
        only(&text).1,
        vec![
            DocumentProblem::NoText,
            DocumentProblem::NotClosed("</TEXT>")
        ]
    );
    let text = "<DOCUMENT>\n<TYPE>EX-1\n<TEXT>at once\nx\n</TEXT>\n</DOCUMENT>\n";
    assert_eq!(only(text), (text.to_owned(), vec![]));
}

#[test]
fn text_between_documents_is_counted_as_stray() {
    let (_, summary) = Split::good(submission(&[
        document("10-K", "a.txt", "x\n"),
        "\n  \nastray\n".to_owned(),
        document("10-K", "b.txt", "x\n"),
    ]));
    assert_eq!(summary.bytes.outside, 7);
}

#[test]
fn a_submission_cut_anywhere_is_noticed() {
    let text = submission(&[
        document("10-K", "a.txt", "x\n</TEXT>\ny\n"),
        document("GRAPHIC", "b.jpg", "begin 644 b.jpg\n#86)C\n`\nend\n"),
    ]);
    // Only the last line end may be missing.
    for length in 0..text.len() - 1 {
        let end = split([&text.as_bytes()[..length]]).end;
        assert!(end.is_err(), "cut to {length} bytes: {end:?}");
    }
}

#[test]
fn what_is_no_submission_is_refused() {
    for text in ["", "<html>\n</html>\n", &document("10-K", "a.txt", "x\n")] {
        let end = split([text.as_bytes()]).end;
        assert_eq!(end, Err("this is not a complete submission text".into()));
    }
}

#[test]
fn too_many_documents_are_refused() {
    let mut splitter = Splitter::new(accession(), Dots::Plain, &[], Collect::default());
    splitter.write(HEADER.as_bytes()).unwrap();
    let error = (0..=100_000).find_map(|_| {
        splitter
            .write(b"<DOCUMENT>\n<TEXT>\n</TEXT>\n</DOCUMENT>\n")
            .err()
    });
    assert!(matches!(error, Some(SplitError::TooManyDocuments)));
}

#[test]
fn a_failing_sink_ends_the_split() {
    struct Full;
    impl DocumentSink for Full {
        fn begin(&mut self, _: &DocumentHead<'_>) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn data(&mut self, _: &[u8]) -> io::Result<()> {
            unreachable!("nothing begins")
        }
        fn end(&mut self, _: &[DocumentProblem]) -> io::Result<()> {
            unreachable!("nothing begins")
        }
    }
    let text = submission(&[document("10-K", "a.txt", "x\n")]);
    let error = Splitter::new(accession(), Dots::Plain, &[], Full)
        .write(text.as_bytes())
        .unwrap_err();
    assert!(matches!(error, SplitError::Sink(e) if e.kind() == io::ErrorKind::StorageFull));
}

/// Pieces of submissions, in any order.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let tags = [
        "<DOCUMENT>",
        "</DOCUMENT>",
        "<TEXT>",
        "</TEXT>",
        "<TYPE>10-K",
        "<TYPE>XML",
        "<FILENAME>a.b",
        "<SEQUENCE>1",
        "<XBRL>",
        "</XBRL>",
        "<XML>",
        "</XML>",
        "<PDF>",
        "</PDF>",
        "begin 644 x",
        "#86)C",
        "end",
        "`",
        "",
        "",
        "<SEC-DOCUMENT>",
        "</SEC-DOCUMENT>",
        "<SUBMISSION>",
        "</SUBMISSION>",
        "- --",
        "..a",
        ".",
        "....",
        "- x",
        "-",
        "\r",
        "x",
        "-----BEGIN PRIVACY-ENHANCED MESSAGE-----",
        "-----END PRIVACY-ENHANCED MESSAGE-----",
    ];
    let line = (
        prop::sample::select(tags.to_vec()),
        prop::sample::select(&["\n", "\n", "\r", "\r\n", " \n", ""][..]),
    );
    prop_oneof![
        20 => line.prop_map(|(tag, end)| [tag, end].concat().into_bytes()),
        2 => prop::collection::vec(any::<u8>(), 0..40),
        1 => (4090..4100_usize).prop_map(|n| vec![b'y'; n]),
        1 => Just(format!("- -{}", "z".repeat(4092)).into_bytes()),
    ]
}

fn any_submission() -> impl Strategy<Value = Vec<u8>> {
    let starts = [
        "",
        HEADER,
        "-----BEGIN PRIVACY-ENHANCED MESSAGE-----\n\n<SEC-DOCUMENT>x\n",
    ];
    let ends = [
        "",
        FOOTER,
        "</TEXT>\n</DOCUMENT>\n</SEC-DOCUMENT>",
        "</SEC-DOCUMENT>\n-----END PRIVACY-ENHANCED MESSAGE-----\n",
    ];
    let pieces = prop::collection::vec(piece(), 0..40);
    (
        prop::sample::select(starts.to_vec()),
        pieces,
        prop::sample::select(ends.to_vec()),
    )
        .prop_map(|(start, pieces, end)| {
            [start.as_bytes(), &pieces.concat(), end.as_bytes()].concat()
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// `split` checks that every byte has a class, in order, and that verbatim bytes are written.
    #[test]
    fn chunks_change_nothing_and_no_byte_is_lost(
        text in any_submission(),
        sizes in prop::collection::vec(1..300_usize, 1..6),
    ) {
        let whole = split([&text[..]]);
        let pieces = split_by(&text, &sizes);
        prop_assert_eq!(&pieces.end, &whole.end);
        // After an error, the progress may depend on the chunks.
        if whole.end.is_ok() {
            prop_assert_eq!(&pieces, &whole);
            prop_assert_eq!(&split_by(&text, &[1]), &whole);
        }
    }

    #[test]
    fn any_bytes_are_survived(text in prop::collection::vec(any::<u8>(), 0..500)) {
        prop_assert!(split([&text[..]]).end.is_err());
    }

    /// Documents of any text are written unchanged, whatever the other documents are.
    #[test]
    fn documents_come_back(bodies in prop::collection::vec("([ -;=-~]{0,30}\n|<[a-z/>]{0,9}\n){0,12}", 1..6)) {
        prop_assume!(bodies.iter().all(|b| !b.starts_with("begin ")));
        let mut documents: Vec<_> = bodies.iter().enumerate()
            .map(|(i, body)| document("EX-99", &format!("{i}.txt"), body)).collect();
        // One line begins with a single dot, so that dots are never doubled.
        documents.push(document("EX-99", "last.txt", ".\n"));
        let plain = submission(&documents);
        for text in [plain.replace("\n.", "\n.."), plain] {
            let (found, _) = Split::good(text);
            let found: Vec<_> = found.into_iter().map(|d| String::from_utf8(d.data).unwrap()).collect();
            prop_assert_eq!(&found, &documents);
        }
    }
}

/// The folder of real captures, if it exists.
fn captures() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    folder.is_dir().then_some(folder)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_none_or(|extension| extension != "gz"))
        .collect();
    files.sort();
    files
}

/// Splits a capture in one chunk and in several, and checks that it has no problems.
fn split_capture(file: &Path) -> (Vec<Document>, SplitSummary) {
    let text = fs::read(file).unwrap();
    let (documents, summary) = Split::good(&text);
    let bytewise: &[usize] = if text.len() < 50_000 { &[1] } else { &[64] };
    for sizes in [bytewise, &[4096], &[7, 61, 4095, 1]] {
        let pieces = split_by(&text, sizes);
        assert_eq!(pieces.end.as_ref(), Ok(&summary), "{}", file.display());
        assert!(pieces.documents == documents, "{}", file.display());
    }
    let name = file.file_stem().unwrap().to_str().unwrap();
    assert_eq!(summary.accession.unwrap().to_string(), name);
    assert_eq!(summary.bytes.outside, 0, "{name}");
    for document in &documents {
        assert_eq!(document.problems, Some(vec![]), "{name} {}", document.name);
        assert!(document.sequence.is_some() && !document.type_.is_empty());
    }
    assert_eq!(documents[0].sequence, Some(1), "{name}");
    (documents, summary)
}

/// Whether a decoded document begins with the signature of its file type.
fn has_right_magic(document: &Document) -> bool {
    let magic: &[u8] = match crate::edgar::names::extension(&document.name).unwrap_or("") {
        "jpg" if document.data.starts_with(b"\x89PNG") => b"\x89PNG",
        "jpg" => b"\xff\xd8\xff",
        "gif" => b"GIF8",
        "zip" | "xlsx" => b"PK\x03\x04",
        "pdf" => b"%PDF-",
        other => panic!("unexpected {other}"),
    };
    document.data.starts_with(magic)
}

#[test]
fn all_real_captures_split_without_a_loss() {
    let Some(data) = captures() else { return };
    let mut counts = (0, 0, 0, 0, 0);
    for file in files(&data.join("filings")) {
        let (documents, summary) = split_capture(&file);
        counts.0 += 1;
        counts.1 += documents.len();
        let stem = file.file_stem().unwrap().to_str().unwrap();
        let accession = stem.parse().unwrap();
        let made = |d: &&Document| crate::edgar::names::is_generated_name(accession, &d.name);
        counts.2 += documents.iter().filter(made).count();
        counts.3 += documents
            .iter()
            .filter(|d| d.form == DocumentForm::Decoded && has_right_magic(d))
            .count();
        counts.4 += summary.bytes.escapes;
    }
    // Numbers of files, documents, documents without a name, decoded documents, escape bytes.
    assert_eq!((counts.0, counts.1, counts.3, counts.4), (72, 261, 31, 480));

    let mut counts = (0, 0, 0);
    for file in files(&data.join("feed")) {
        let (documents, _) = split_capture(&file);
        counts.0 += 1;
        counts.1 += documents.len();
        counts.2 += documents
            .iter()
            .filter(|d| d.form == DocumentForm::Decoded && has_right_magic(d))
            .count();
    }
    assert_eq!(counts, (5, 20, 3));
}

#[test]
fn documents_equal_what_edgar_serves_under_their_name() {
    let Some(data) = captures() else { return };
    let mut equal = Vec::new();
    for folder in files(&data.join("docs")) {
        let accession = folder.file_name().unwrap().to_str().unwrap();
        let submission = data.join("filings").join(format!("{accession}.txt"));
        if !submission.is_file() {
            continue;
        }
        let (documents, _) = Split::good(fs::read(submission).unwrap());
        for file in files(&folder) {
            let name = file.file_name().unwrap().to_str().unwrap();
            let document = documents.iter().find(|d| d.name == name).unwrap();
            assert!(
                document.data == fs::read(&file).unwrap(),
                "{accession}/{name}"
            );
            equal.push(document.form);
        }
    }
    let count = |form| equal.iter().filter(|f| **f == form).count();
    assert_eq!(
        (count(DocumentForm::Wrapped), count(DocumentForm::Bare)),
        (5, 3)
    );
}

/// Puts each single capture into a text of 2010 as EDGAR made them. Broken lines must be detected, and
/// joining them must restore the single document.
#[test]
fn real_documents_are_known_by_their_broken_lines() {
    let Some(data) = captures() else { return };
    let (mut broken, mut whole, mut lines) = (0, 0, 0);
    for file in files(&data.join("docs"))
        .iter()
        .flat_map(|folder| files(folder))
    {
        let single = fs::read(&file).unwrap();
        if single.starts_with(b"PK") {
            continue;
        }
        let (open, close) = if single.starts_with(b"<DOCUMENT>") {
            ("", "")
        } else {
            let open = "<DOCUMENT>\n<TYPE>EX-1\n<FILENAME>a.xml\n<TEXT>\n<XBRL>\n";
            (open, "\n</XBRL>\n</TEXT>\n</DOCUMENT>\n")
        };
        // The last line end belongs to the text and is always present here.
        let close = if single.ends_with(b"\n") {
            close.trim_start()
        } else {
            close
        };
        let mut text = Vec::new();
        for line in single.split_inclusive(|byte| *byte == b'\n') {
            for (i, piece) in line.trim_ascii_end().chunks(BROKEN_AT).enumerate() {
                text.extend_from_slice(if i == 0 { b"" } else { b"\n" });
                text.extend_from_slice(piece);
            }
            text.extend_from_slice(&line[line.trim_ascii_end().len()..]);
        }
        let has_long_lines = text.len() > single.len();
        let header = filed_on("20100406", &[]).replace(FOOTER, "");
        let parts = [
            header.as_bytes(),
            open.as_bytes(),
            &text,
            close.as_bytes(),
            FOOTER.as_bytes(),
        ];
        let (documents, _) = Split::good(parts.concat());
        assert_eq!(documents.len(), 1, "{}", file.display());
        let is_broken = documents[0].problems.as_deref() == Some(&[DocumentProblem::BrokenLines]);
        assert_eq!(is_broken, has_long_lines, "{}", file.display());
        let mut joined = Vec::new();
        lines += join_lines(&documents[0].data[..], &mut joined).unwrap();
        let joined = joined
            .strip_suffix(b"\n")
            .filter(|_| !single.ends_with(b"\n"))
            .unwrap_or(&joined);
        assert!(joined == single, "{}", file.display());
        broken += u32::from(is_broken);
        whole += u32::from(!is_broken);
    }
    // Numbers of documents with long lines, other documents, and joined lines.
    assert_eq!((broken, whole, lines), (5, 19, 112));
}

/// The members of a ZIP archive as its central directory lists them, checked by their CRC.
fn unzip(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let number = |at: usize, n: usize| {
        archive[at..at + n]
            .iter()
            .rev()
            .fold(0, |sum, b| sum << 8 | usize::from(*b))
    };
    let end = archive
        .windows(4)
        .rposition(|w| w == b"PK\x05\x06")
        .unwrap();
    let (count, mut at) = (number(end + 10, 2), number(end + 16, 4));
    (0..count)
        .map(|_| {
            let [name, extra, comment] = [28, 30, 32].map(|field| number(at + field, 2));
            let (crc, size, local) = (number(at + 16, 4), number(at + 20, 4), number(at + 42, 4));
            let member = String::from_utf8(archive[at + 46..at + 46 + name].to_vec()).unwrap();
            let start = local + 30 + number(local + 26, 2) + number(local + 28, 2);
            let mut content = archive[start..start + size].to_vec();
            if number(at + 10, 2) == 8 {
                let packed = std::mem::take(&mut content);
                flate2::read::DeflateDecoder::new(&packed[..])
                    .read_to_end(&mut content)
                    .unwrap();
            }
            let mut sum = flate2::Crc::new();
            sum.update(&content);
            assert_eq!(sum.sum() as usize, crc, "{member}");
            at += 46 + name + extra + comment;
            (member, content)
        })
        .collect()
}

#[test]
fn decoded_archives_are_whole_and_hold_the_same_documents() {
    let Some(data) = captures() else { return };
    let (mut archives, mut members) = (0, 0);
    let (mut same, mut same_but_last_line_end) = (0, 0);
    for file in files(&data.join("filings")) {
        let (documents, _) = Split::good(fs::read(&file).unwrap());
        for archive in documents.iter().filter(|d| d.data.starts_with(b"PK")) {
            archives += 1;
            for (name, content) in unzip(&archive.data) {
                members += 1;
                let Some(document) = documents.iter().find(|d| d.name == name) else {
                    continue;
                };
                if document.form == DocumentForm::Wrapped {
                    continue;
                }
                same += u32::from(document.data == content);
                same_but_last_line_end +=
                    u32::from(document.data == [&content[..], b"\n"].concat());
            }
        }
    }
    assert_eq!(
        (archives, members, same, same_but_last_line_end),
        (12, 80, 15, 5)
    );
}
