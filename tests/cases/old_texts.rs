//! Submissions from which a document cannot be reconstructed with certainty: lines broken at 1,023 bytes, a
//! header without documents, uuencode in unusual places, missing ends. At the end the stored files are those
//! that EDGAR serves, and every exception is reported.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use filing_etl::internals::{Accession, submission_name};
use filing_etl::sim::{Options, Resource, SimCompany, SimFiling, Simulator, SubmissionChange};
use serde_json::{Value, json};

use crate::harness::scripted::{Scripted, response};
use crate::harness::simulated;
use crate::harness::{Output, Sandbox};

const OLD: &str = "0000796343-08-000003";

/// The lists of an EDGAR with one company and one filing.
struct Listed {
    accession: &'static str,
    filed_on: &'static str,
    primary: &'static str,
    /// The length of the complete submission.
    size: Option<usize>,
}

impl Listed {
    fn old(size: Option<usize>) -> Self {
        Self {
            accession: OLD,
            filed_on: "2008-01-24",
            primary: "",
            size,
        }
    }

    fn path(&self, name: &str) -> String {
        let folder = self.accession.replace('-', "");
        format!("/Archives/edgar/data/7/{folder}/{name}")
    }

    fn bodies(&self) -> BTreeMap<String, Vec<u8>> {
        let list = json!({
            "fields": ["cik", "name", "ticker", "exchange"],
            "data": [[7, "Seven", "SEVN", "Nasdaq"]],
        });
        let mut recent = json!({
            "accessionNumber": [self.accession],
            "filingDate": [self.filed_on],
            "form": ["10-K"],
            "primaryDocument": [self.primary],
        });
        if let Some(size) = self.size {
            recent["size"] = json!([size]);
        }
        let document = json!({
            "cik": "0000000007", "name": "Seven", "filings": {"recent": recent, "files": []},
        });
        let body = |value: &Value| value.to_string().into_bytes();
        BTreeMap::from([
            (
                "/files/company_tickers_exchange.json".to_owned(),
                body(&list),
            ),
            (
                "/submissions/CIK0000000007.json".to_owned(),
                body(&document),
            ),
        ])
    }

    /// An EDGAR with this text and these single documents.
    fn edgar(&self, text: &[u8], singles: &[(&str, &[u8])]) -> Scripted {
        let mut bodies = self.bodies();
        let own = (format!("{}.txt", self.accession), text.to_vec());
        let singles = singles.iter();
        let singles = singles.map(|(name, body)| ((*name).to_owned(), body.to_vec()));
        bodies.extend(
            singles
                .chain([own])
                .map(|(name, body)| (self.path(&name), body)),
        );
        Scripted::start(bodies)
    }
}

fn backfill(sandbox: &Sandbox, edgar: &Scripted, artifacts: &str) -> Output {
    let args = [
        "backfill",
        "--since=1993-01-01",
        "--max-attempts=1",
        "--artifacts",
    ];
    let args = [&args[..], &[artifacts]].concat();
    Output::of(sandbox.command_to(&edgar.url(), &args))
}

/// The requested file names of the filing.
fn asked(edgar: &Scripted) -> Vec<String> {
    let asked = edgar.asked().into_iter();
    let files = asked.filter(|path| path.starts_with("/Archives/edgar/data"));
    files
        .map(|path| path.rsplit('/').next().unwrap().to_owned())
        .collect()
}

/// Name and bytes of each stored file.
fn stored(sandbox: &Sandbox) -> BTreeMap<String, Vec<u8>> {
    let files = sandbox.files().into_iter();
    files
        .map(|(path, bytes)| (path.rsplit('/').next().unwrap().to_owned(), bytes))
        .collect()
}

fn errors(sandbox: &Sandbox) -> Vec<String> {
    sandbox.rows("SELECT kind FROM v_errors ORDER BY 1")
}

/// A text with this header line and these documents.
fn submission(accession: &str, filed_on: &str, documents: &[String]) -> String {
    format!(
        "<SEC-DOCUMENT>{accession}.txt : {filed_on}\n<SEC-HEADER>{accession}.hdr.sgml : {filed_on}\n\
         ACCESSION NUMBER:\t\t{accession}\nFILED AS OF DATE:\t\t{filed_on}\n</SEC-HEADER>\n{}\
         </SEC-DOCUMENT>\n",
        documents.concat()
    )
}

fn document(number: u32, type_: &str, name: Option<&str>, body: &str) -> String {
    let mut head = format!("<DOCUMENT>\n<TYPE>{type_}\n<SEQUENCE>{number}\n");
    if let Some(name) = name {
        writeln!(head, "<FILENAME>{name}").unwrap();
    }
    format!("{head}<TEXT>\n{body}</TEXT>\n</DOCUMENT>\n")
}

/// A page with a long line, and the same page in a submission of those years.
fn page() -> (String, String) {
    let words =
        "Annual report of the company, words and more words without any line end, ".repeat(30);
    let mut broken = String::from("<html><body><p>\n");
    for piece in words.as_bytes().chunks(1023) {
        broken += str::from_utf8(piece).unwrap();
        broken += "\n";
    }
    let end = "</p></body></html>\n";
    (format!("<html><body><p>\n{words}\n{end}"), broken + end)
}

#[test]
fn a_document_whose_lines_are_broken_is_asked_for_by_its_own_name() {
    let (page, broken) = page();
    let instance = format!(
        "<?xml version=\"1.0\"?>\n<xbrl>{}</xbrl>\n",
        "word ".repeat(900)
    );
    let mut text = instance.clone().into_bytes();
    text.insert(instance.find('\n').unwrap() + 1 + 1023, b'\n');
    text.insert(instance.find('\n').unwrap() + 1 + 2 * 1023 + 1, b'\n');
    text.insert(instance.find('\n').unwrap() + 1 + 3 * 1023 + 2, b'\n');
    text.insert(instance.find('\n').unwrap() + 1 + 4 * 1023 + 3, b'\n');
    let instance_text = format!("<XBRL>\n{}</XBRL>\n", String::from_utf8(text).unwrap());
    let whole = document(1, "10-K", Some("d10k.htm"), &page);
    let exhibit = document(3, "EX-31", Some("ex31.htm"), "<html>short lines</html>\n");
    let text = submission(
        OLD,
        "20080124",
        &[
            document(1, "10-K", Some("d10k.htm"), &broken),
            document(2, "EX-101.INS", Some("a-2007.xml"), &instance_text),
            exhibit.clone(),
        ],
    );
    let singles = [
        ("d10k.htm", whole.as_bytes()),
        ("a-2007.xml", instance.as_bytes()),
    ];
    let (listed, sandbox) = (Listed::old(Some(text.len())), Sandbox::new());
    let edgar = listed.edgar(text.as_bytes(), &singles);
    let _ = backfill(&sandbox, &edgar, "documents").code(0);
    let files = stored(&sandbox);
    assert!(files["d10k.htm"] == whole.as_bytes());
    assert!(files["a-2007.xml"] == instance.as_bytes());
    assert!(files["ex31.htm"] == exhibit.as_bytes());
    assert_eq!(files.len(), 3);
    let mut requests = asked(&edgar);
    requests[1..].sort();
    assert_eq!(
        requests,
        [
            &*submission_name(OLD.parse().unwrap()),
            "a-2007.xml",
            "d10k.htm"
        ]
    );
    assert_eq!(errors(&sandbox), [""; 0]);
    assert_eq!(
        sandbox.rows("SELECT type, name, status FROM v_documents ORDER BY name"),
        [
            "EX-101.INS|a-2007.xml|downloaded",
            "10-K|d10k.htm|downloaded",
            "EX-31|ex31.htm|downloaded"
        ]
    );
    let _ = backfill(&sandbox, &edgar, "documents").code(0);
    assert_eq!(asked(&edgar).len(), 3, "nothing is asked twice");
    let _ = sandbox.run(&["verify"]).code(0);
}

#[test]
fn a_broken_document_that_edgar_does_not_serve_is_named() {
    let (_, broken) = page();
    let documents = [document(1, "10-K", Some("d10k.htm"), &broken)];
    let text = submission(OLD, "20080124", &documents);
    let (listed, sandbox) = (Listed::old(Some(text.len())), Sandbox::new());
    let edgar = listed.edgar(text.as_bytes(), &[]);
    let _ = backfill(&sandbox, &edgar, "documents").code(3);
    assert_eq!(stored(&sandbox), BTreeMap::new());
    assert_eq!(
        sandbox.rows("SELECT name, status FROM v_artifacts"),
        ["d10k.htm|failed"]
    );
    assert_eq!(errors(&sandbox), ["not_found"]);
}

/// What `text` prints of the page.
fn words_of(page: &str) -> &str {
    page.lines().nth(1).unwrap().trim()
}

#[test]
fn text_fetches_a_broken_document_by_its_own_name_as_every_run_does() {
    let (page, broken) = page();
    let documents = [document(1, "10-K", Some("d10k.htm"), &broken)];
    let text = submission(OLD, "20080124", &documents);
    let (listed, sandbox) = (Listed::old(Some(text.len())), Sandbox::new());
    let without = listed.edgar(text.as_bytes(), &[]);
    let _ = backfill(&sandbox, &without, "documents").code(3);
    let missing = Output::of(sandbox.command_to(&without.url(), &["text", OLD])).code(3);
    assert_eq!(missing.stdout, "");
    assert_eq!(errors(&sandbox), ["not_found", "not_found"]);
    let whole = document(1, "10-K", Some("d10k.htm"), &page);
    let edgar = listed.edgar(text.as_bytes(), &[("d10k.htm", whole.as_bytes())]);
    let output = Output::of(sandbox.command_to(&edgar.url(), &["text", OLD])).code(0);
    assert_eq!(output.stdout.trim(), words_of(&page));
    assert_eq!(asked(&edgar), ["d10k.htm"]);
    assert!(stored(&sandbox)["d10k.htm"] == whole.as_bytes());
    assert_eq!(
        sandbox.rows("SELECT command, status, downloaded, failed FROM v_runs"),
        [
            "backfill|partial|0|1",
            "text|partial|0|1",
            "text|completed|1|0"
        ]
    );
    let _ = sandbox.run(&["verify"]).code(0);
}

#[test]
fn the_text_of_an_old_submission_has_the_lines_as_they_were() {
    let (page, broken) = page();
    let documents = [document(1, "10-K", Some("d10k.htm"), &broken)];
    let text = submission(OLD, "20080124", &documents);
    let (listed, sandbox) = (Listed::old(Some(text.len())), Sandbox::new());
    let edgar = listed.edgar(text.as_bytes(), &[]);
    let _ = backfill(&sandbox, &edgar, "submission").code(0);
    let whole = format!("{OLD}.txt");
    let output = Output::of(sandbox.command_to(&edgar.url(), &["text", OLD, &whole])).code(0);
    assert_eq!(output.stdout.trim(), words_of(&page));
}

#[test]
fn a_text_of_a_later_year_is_taken_as_it_is() {
    let (_, broken) = page();
    let document = document(1, "10-K", Some("d10k.htm"), &broken);
    let text = submission(
        "0000796343-14-000003",
        "20140124",
        std::slice::from_ref(&document),
    );
    let listed = Listed {
        accession: "0000796343-14-000003",
        filed_on: "2014-01-24",
        ..Listed::old(Some(text.len()))
    };
    let (sandbox, edgar) = (Sandbox::new(), listed.edgar(text.as_bytes(), &[]));
    let _ = backfill(&sandbox, &edgar, "documents").code(0);
    assert!(stored(&sandbox)["d10k.htm"] == document.as_bytes());
    assert_eq!(asked(&edgar).len(), 1);
}

#[test]
fn a_broken_document_without_a_name_is_joined_and_that_is_told() {
    let (page, broken) = page();
    let text = submission(OLD, "20080124", &[document(1, "10-K", None, &broken)]);
    let (listed, sandbox) = (Listed::old(Some(text.len())), Sandbox::new());
    let edgar = listed.edgar(text.as_bytes(), &[]);
    let _ = backfill(&sandbox, &edgar, "documents").code(0);
    let joined = document(1, "10-K", None, &page);
    let files = stored(&sandbox);
    assert!(files[&format!("{OLD}-1.txt")] == joined.as_bytes());
    assert_eq!(asked(&edgar).len(), 1);
    assert_eq!(
        sandbox.rows("SELECT kind, message LIKE '%2 lines that EDGAR broke in the submission were joined%' FROM v_errors"),
        ["joined|1"]
    );
}

/// The small input that failed first, if it exists beside the repository.
#[test]
fn the_broken_text_on_file_is_stored_as_edgar_would_serve_its_documents() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/cases");
    let Ok(text) = fs::read(cases.join("wrapped-1023.txt")) else {
        return;
    };
    let instance = fs::read(cases.join("wrapped-1023.adbe-20071130.xml")).unwrap();
    // The page with its lines joined.
    let string = String::from_utf8(text.clone()).unwrap();
    let page = &string[string.find("<DOCUMENT>").unwrap()..];
    let page = &page[..page.find("</DOCUMENT>\n").unwrap() + "</DOCUMENT>\n".len()];
    let mut joined = String::new();
    for line in page.split_inclusive('\n') {
        joined += if line.len() == 1024 {
            line.trim_end_matches('\n')
        } else {
            line
        };
    }
    assert_eq!(page.len() - joined.len(), 2);
    let singles = [
        ("d10k.htm", joined.as_bytes()),
        ("adbe-20071130.xml", &instance),
    ];
    let (listed, sandbox) = (Listed::old(Some(text.len())), Sandbox::new());
    let edgar = listed.edgar(&text, &singles);
    let _ = backfill(&sandbox, &edgar, "documents").code(0);
    let files = stored(&sandbox);
    assert!(files["adbe-20071130.xml"] == instance);
    assert!(files["d10k.htm"] == joined.as_bytes());
    assert_eq!(errors(&sandbox), [""; 0]);
}

/// The filings of the companies that have existed since 1996.
fn old(sim: &Simulator) -> Vec<(SimCompany, Vec<(u64, SimFiling)>)> {
    let companies = sim.universe().companies();
    let of = |company: SimCompany| {
        let filings = simulated::filings(sim, std::slice::from_ref(&company), |f| {
            simulated::is_report(f.form)
        });
        (company, filings)
    };
    let all = companies.map(of);
    all.filter(|(_, filings)| filings.iter().any(|(_, f)| f.filed_on.year() < 2000))
        .collect()
}

#[test]
fn the_documents_of_thirty_years_are_what_edgar_serves() {
    let options = Options {
        companies: 30,
        document_scale: 0.01,
        ..simulated::small()
    };
    let (sandbox, sim) = (Sandbox::new(), simulated::start(options));
    let (company, filings) = old(&sim).swap_remove(0);
    let cik = company.cik.to_string();
    let all = [
        "backfill",
        "--since=1993-01-01",
        "--cik",
        &cik,
        "--artifacts",
    ];
    // A stored primary document is not replaced by that of the submission.
    let primary = [&all[..4], &["--until=2003-12-31"]].concat();
    let _ = sandbox.run_against(&sim, &primary).code(0);
    let first = sandbox.files();
    assert!(!first.is_empty());
    sim.log().clear();
    let documents = [&all[..], &["documents"]].concat();
    let _ = sandbox.run_against(&sim, &documents).code(0);
    let files = sandbox.files();
    assert!(
        first
            .iter()
            .all(|(path, bytes)| files.get(path) == Some(bytes))
    );
    let key = |path: &String| path.splitn(4, '/').nth(3).unwrap().to_owned();
    let found: BTreeMap<_, _> = files
        .iter()
        .map(|(path, bytes)| (key(path), bytes))
        .collect();
    let expected = simulated::documents(&sim, &filings);
    for (name, bytes) in &expected {
        assert!(found.get(name) == Some(&bytes), "{name}");
    }
    // One request for a filing, and one for each document that its submission cannot prove.
    let of_kind = sim.log().of_kind(Resource::Documents);
    let is_text = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        let stem = name.strip_suffix(".txt").unwrap_or_default();
        stem.parse::<Accession>().is_ok()
    };
    let texts = sim.log().count(|entry| is_text(&entry.path));
    assert!(of_kind > texts + 5, "{of_kind} requests");
    assert_eq!(
        sandbox.number("SELECT count(*) FROM v_artifacts WHERE status <> 'downloaded'"),
        0
    );
    let kinds = sandbox.rows("SELECT DISTINCT kind FROM v_errors");
    assert_eq!(kinds, ["joined"]);
    let _ = sandbox.run_against(&sim, &documents).code(0);
    assert_eq!(
        sim.log().of_kind(Resource::Documents),
        of_kind,
        "nothing is asked twice"
    );
    let _ = sandbox.run(&["verify"]).code(0);
}

/// A header without documents, modelled on 0000950123-96-000525.
fn header_only(count: u8) -> String {
    format!(
        "<SEC-HEADER>{OLD}.hdr.sgml : 20080124\n<ACCESSION-NUMBER>{OLD}\n<TYPE>10-K\n\
         <PUBLIC-DOCUMENT-COUNT>{count}\n<FILING-DATE>20080124\n<SUBJECT-COMPANY>\n<COMPANY-DATA>\n\
         <CONFORMED-NAME>SEVEN\n<CIK>0000000007\n</COMPANY-DATA>\n</SUBJECT-COMPANY>\n</SEC-HEADER>\n"
    )
}

/// Submissions without documents, of each kind.
fn header_only_texts() -> Vec<String> {
    let mut texts = vec![header_only(0), header_only(1)];
    texts.push(format!(
        "<SEC-DOCUMENT>{OLD}.txt : 20080124\n{}</SEC-DOCUMENT>\n",
        header_only(1)
    ));
    texts.push(format!(
        "<IMS-DOCUMENT>{OLD}.txt : 20080124\n{}</IMS-DOCUMENT>\n",
        header_only(0)
    ));
    texts.push(submission(OLD, "20080124", &[]));
    texts.push(texts[1].to_ascii_lowercase());
    texts.push(texts[2].to_ascii_lowercase());
    let lower = document(1, "10-K", Some("a.htm"), "<html>x</html>\n");
    texts.push(submission(OLD, "20080124", &[lower]).to_ascii_lowercase());
    texts.push(format!(
        "-----BEGIN PRIVACY-ENHANCED MESSAGE-----\nProc-Type: 2001,MIC-CLEAR\n\n{}\
         -----END PRIVACY-ENHANCED MESSAGE-----\n",
        texts[2]
    ));
    texts
}

#[track_caller]
fn assert_kept(sandbox: &Sandbox, text: &str) {
    let expected = BTreeMap::from([(format!("{OLD}.txt"), text.as_bytes().to_vec())]);
    assert!(stored(sandbox) == expected, "{text}");
    assert_eq!(
        sandbox.rows("SELECT kind, name, status FROM v_artifacts"),
        [format!("submission|{OLD}.txt|downloaded")]
    );
    assert_eq!(errors(sandbox), [""; 0]);
}

#[test]
fn a_text_with_a_header_alone_is_kept_whatever_was_asked_for() {
    for text in header_only_texts() {
        for way in ["documents", "submission", "primary"] {
            let listed = Listed::old(Some(text.len()));
            let (sandbox, edgar) = (Sandbox::new(), listed.edgar(text.as_bytes(), &[]));
            let _ = backfill(&sandbox, &edgar, way).code(0);
            assert_kept(&sandbox, &text);
            for way in [way, "documents"] {
                let _ = backfill(&sandbox, &edgar, way).code(0);
            }
            assert_eq!(asked(&edgar).len(), 1, "never asked for again: {text}");
            assert_kept(&sandbox, &text);
            let _ = sandbox.run(&["verify"]).code(0);
            let shown = sandbox
                .run(&["text", OLD, &format!("{OLD}.txt")])
                .code(0)
                .stdout;
            // What stands in tags of its own line is layout.
            let words = text.lines().map(str::trim);
            for line in words.filter(|line| !line.is_empty() && !line.starts_with('<')) {
                assert!(shown.contains(line), "{line} of {text}");
            }
        }
    }
}

/// The real submission, if it exists beside the repository.
#[test]
fn the_header_on_file_is_kept() {
    const ACCESSION: &str = "0000950123-96-000525";
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/cases");
    let Ok(text) = fs::read(cases.join(format!("header-only-{ACCESSION}.txt"))) else {
        return;
    };
    let listed = Listed {
        accession: ACCESSION,
        filed_on: "1996-02-12",
        ..Listed::old(Some(text.len()))
    };
    let (sandbox, edgar) = (Sandbox::new(), listed.edgar(&text, &[]));
    let _ = backfill(&sandbox, &edgar, "documents").code(0);
    assert!(stored(&sandbox)[&format!("{ACCESSION}.txt")] == text);
}

#[test]
fn a_submission_whose_documents_are_all_gone_is_kept_as_it_is() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let filings = simulated::reports(&sim);
    let (cik, filing) = filings.first().unwrap();
    for document in sim.universe().documents(filing) {
        let change = SubmissionChange::Drop(document.sequence);
        sim.universe().change_submission(filing.accession, change);
    }
    let cik = cik.to_string();
    let args = ["--cik", &cik, "--artifacts", "documents"];
    let _ = Output::of(sandbox.backfill(&sim, &args)).code(0);
    let rows = format!(
        "SELECT kind, status FROM v_artifacts WHERE accession = '{}'",
        filing.accession
    );
    assert_eq!(sandbox.rows(&rows), ["submission|downloaded"]);
    sim.log().clear();
    let _ = Output::of(sandbox.backfill(&sim, &args)).code(0);
    assert_eq!(sim.log().of_kind(Resource::Documents), 0);
}

/// How the end of a body is marked.
#[derive(Debug, Clone, Copy)]
enum Framing {
    Length,
    Chunked,
    Close,
    CloseWithMd5,
}

impl Framing {
    fn answer(self, body: &[u8]) -> Vec<u8> {
        // The MD5 (RFC 1321) of the sent body.
        let headers = match self {
            Self::Length => return response("200 OK", "", body),
            Self::Chunked => {
                let mut sent = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\
                    Connection: close\r\n\r\n"
                    .to_vec();
                write!(sent, "{:x}\r\n", body.len()).unwrap();
                return [&sent[..], body, b"\r\n0\r\n\r\n"].concat();
            }
            Self::Close => String::new(),
            Self::CloseWithMd5 => format!("ETag: \"{}\"\r\n", md5(body)),
        };
        let head = format!("HTTP/1.1 200 OK\r\n{headers}Connection: close\r\n\r\n");
        [head.as_bytes(), body].concat()
    }
}

fn md5(body: &[u8]) -> String {
    use md5::{Digest as _, Md5};
    let hash = <[u8; 16]>::from(Md5::digest(body));
    hash.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// An EDGAR that serves the submission of its one filing in this way.
fn framed(listed: &Listed, text: &str, framing: Framing) -> Scripted {
    let (bodies, own) = (
        listed.bodies(),
        listed.path(&format!("{}.txt", listed.accession)),
    );
    let answer = framing.answer(text.as_bytes());
    Scripted::answering(move |path, stream| match bodies.get(path) {
        Some(body) => stream.write_all(&response("200 OK", "", body)),
        None if *path == *own => stream.write_all(&answer),
        None => stream.write_all(&response("404 Not Found", "", b"nothing here")),
    })
}

#[test]
fn a_header_alone_is_accepted_only_where_something_proves_that_it_was_not_cut() {
    let texts = header_only_texts();
    for text in [&texts[1], &texts[2], &texts[6]] {
        for (framing, listed, accepted) in [
            (Framing::Length, true, true),
            (Framing::Length, false, true),
            (Framing::CloseWithMd5, false, true),
            (Framing::Close, true, true),
            (Framing::Chunked, true, true),
            (Framing::Chunked, false, false),
            (Framing::Close, false, false),
        ] {
            for way in ["documents", "submission"] {
                let listed = Listed::old(listed.then_some(text.len()));
                let (sandbox, edgar) = (Sandbox::new(), framed(&listed, text, framing));
                let run = backfill(&sandbox, &edgar, way);
                if accepted {
                    let _ = run.code(0);
                    assert_kept(&sandbox, text);
                } else {
                    let _ = run.code(3);
                    assert_eq!(stored(&sandbox), BTreeMap::new(), "{framing:?}");
                    assert_eq!(errors(&sandbox), ["damaged"]);
                }
            }
        }
    }
}

#[test]
fn a_cut_text_without_a_listed_size_is_refused_as_submission_and_as_documents() {
    let documents = [
        document(1, "10-K", Some("a.htm"), "<html>x</html>\n"),
        document(2, "EX-1", Some("b.htm"), "<html>y</html>\n"),
    ];
    let text = submission(OLD, "20080124", &documents);
    let pem = format!(
        "-----BEGIN PRIVACY-ENHANCED MESSAGE-----\n\n{text}-----END PRIVACY-ENHANCED MESSAGE-----\n"
    );
    let other = text.replace(OLD, "0000796343-08-000004");
    let ends = text.find("</SEC-HEADER>").unwrap();
    let second = text.rfind("<DOCUMENT>").unwrap();
    for (what, text) in [
        ("within the header", &text[..ends - 10]),
        ("behind the header", &text[..ends + "</SEC-HEADER>\n".len()]),
        ("within a document", &text[..second - 30]),
        ("between documents", &text[..second]),
        (
            "before its last line",
            text.strip_suffix("</SEC-DOCUMENT>\n").unwrap(),
        ),
        (
            "before the envelope's end",
            &pem[..pem.rfind("-----END").unwrap()],
        ),
        ("a header within itself", &header_only(1)[..90]),
        ("another filing's", &other),
        ("a page", "Sign in to the network of this house.\n"),
    ] {
        for way in ["submission", "documents", "primary"] {
            let listed = Listed::old(None);
            let (sandbox, edgar) = (Sandbox::new(), listed.edgar(text.as_bytes(), &[]));
            let _ = backfill(&sandbox, &edgar, way).code(3);
            assert_eq!(stored(&sandbox), BTreeMap::new(), "{what} {way}");
            assert_eq!(errors(&sandbox), ["damaged"], "{what} {way}");
        }
    }
    for way in ["submission", "documents", "primary"] {
        let listed = Listed::old(None);
        let (sandbox, edgar) = (Sandbox::new(), listed.edgar(text.as_bytes(), &[]));
        let _ = backfill(&sandbox, &edgar, way).code(0);
        assert_eq!(
            stored(&sandbox).len(),
            if way == "documents" { 2 } else { 1 }
        );
    }
}

#[test]
fn a_text_that_has_no_end_at_edgar_itself_gives_what_it_holds() {
    let documents = [
        document(1, "10-K", Some("a.htm"), "<html>x</html>\n"),
        document(2, "EX-1", Some("b.htm"), "<html>yyyyyyyyyyyyyyyyy</html>\n"),
    ];
    let text = submission(OLD, "20080124", &documents);
    let cut = &text[..text.rfind("yyy").unwrap()];
    let singles = [("b.htm", documents[1].as_bytes())];
    let listed = Listed::old(Some(cut.len()));
    let (sandbox, edgar) = (Sandbox::new(), listed.edgar(cut.as_bytes(), &singles));
    let _ = backfill(&sandbox, &edgar, "documents").code(0);
    let files = stored(&sandbox);
    assert!(files["a.htm"] == documents[0].as_bytes());
    assert!(files["b.htm"] == documents[1].as_bytes());
    assert_eq!(asked(&edgar).len(), 2);
    let _ = backfill(&sandbox, &edgar, "documents").code(0);
    assert_eq!(asked(&edgar).len(), 2);
}

#[test]
fn uuencode_in_odd_places_is_decoded_or_asked_for_by_name() {
    let code = "#86)C\n`\nend\n";
    let documents = [
        document(1, "10-K", Some("a.htm"), "<html>x</html>\n"),
        document(
            2,
            "GRAPHIC",
            Some("blank.jpg"),
            &format!("\n\nbegin 644 blank.jpg\n{code}"),
        ),
        document(
            3,
            "GRAPHIC",
            Some("noname.gif"),
            &format!("begin 644\n{code}"),
        ),
        document(
            4,
            "EX-99",
            Some("pdf.pdf"),
            &format!("<PDF>\n\nbegin 644 pdf\n{code}</PDF>\n"),
        ),
        document(5, "GRAPHIC", Some("text.png"), "no code at all\n"),
        document(6, "GRAPHIC", Some("lacking.jpg"), "no code either\n"),
        document(
            7,
            "EX-99",
            Some("quoted.txt"),
            &format!("\nbegin 644 a.jpg\n{code}"),
        ),
        // Without a name the type or the tag says that it is binary.
        document(8, "GRAPHIC", None, &format!("\nbegin\n{code}")),
        document(9, "EX-99", None, &format!("<PDF>\n\nbegin\n{code}</PDF>\n")),
        document(
            10,
            "EX-99",
            Some("letter.docx"),
            &format!("\nbegin 644 letter.docx\n{code}"),
        ),
    ];
    let text = submission(OLD, "20080124", &documents);
    let singles = [("text.png", &b"\x89PNG\r\n\x1a\n and so on"[..])];
    let listed = Listed::old(Some(text.len()));
    let (sandbox, edgar) = (Sandbox::new(), listed.edgar(text.as_bytes(), &singles));
    let _ = backfill(&sandbox, &edgar, "documents").code(3);
    let files = stored(&sandbox);
    let unnamed = [8, 9].map(|position| format!("{OLD}-{position}.txt"));
    let decoded = ["blank.jpg", "noname.gif", "pdf.pdf", "letter.docx"];
    for name in decoded
        .into_iter()
        .chain(unnamed.iter().map(String::as_str))
    {
        assert_eq!(files[name], b"abc", "{name}");
    }
    assert_eq!(files["text.png"], singles[0].1);
    assert!(files["quoted.txt"] == documents[6].as_bytes());
    assert_eq!(
        sandbox.rows("SELECT name, status FROM v_artifacts WHERE status <> 'downloaded'"),
        ["lacking.jpg|failed"]
    );
    let told = sandbox
        .rows("SELECT message FROM v_errors WHERE message LIKE '%its text is not uuencode%'");
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn what_is_whole_on_disk_stays_and_what_takes_the_place_of_other_bytes_is_told() {
    let documents = [
        document(1, "10-K", Some("a.htm"), "<html>x</html>\n"),
        document(2, "EX-1", Some("b.htm"), "<html>y</html>\n"),
    ];
    let text = submission(OLD, "20080124", &documents);
    let listed = Listed::old(Some(text.len()));
    let (sandbox, edgar) = (Sandbox::new(), listed.edgar(text.as_bytes(), &[]));
    // A file that is not on record.
    let folder = sandbox
        .path("filings")
        .join(format!("edgar/data/7/{}", OLD.replace('-', "")));
    let look = [
        "backfill",
        "--since=1993-01-01",
        "--artifacts=documents",
        "--no-download",
    ];
    let _ = Output::of(sandbox.command_to(&edgar.url(), &look)).code(0);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("b.htm"), "left by somebody").unwrap();
    let _ = Output::of(sandbox.command_to(&edgar.url(), &["download"])).code(0);
    assert!(stored(&sandbox)["b.htm"] == documents[1].as_bytes());
    assert_eq!(errors(&sandbox), ["replaced"]);
    // A file that was lost and is there again, while EDGAR has a different version now.
    fs::rename(folder.join("b.htm"), sandbox.path("b.htm")).unwrap();
    let _ = sandbox.run(&["verify"]).code(3);
    fs::rename(sandbox.path("b.htm"), folder.join("b.htm")).unwrap();
    let singles = [("b.htm", &b"<html>corrected</html>\n"[..])];
    let edgar = listed.edgar(text.as_bytes(), &singles);
    let _ = Output::of(sandbox.command_to(&edgar.url(), &["download"])).code(0);
    assert_eq!(asked(&edgar), ["b.htm"]);
    assert!(stored(&sandbox)["b.htm"] == documents[1].as_bytes());
    assert_eq!(errors(&sandbox), ["differs", "replaced"]);
    let _ = sandbox.run(&["verify"]).code(0);
}
