//! One check for each kind of input from outside. A check must succeed for any bytes.
//!
//! A check panics when its property is violated. `tests/fuzz.rs` runs each check with damaged samples, and the
//! targets in `.fuzz/` run it under libFuzzer. So the checks depend on neither of them.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use filing_etl::internals::checked_name;
use filing_etl::internals::{Accession, ArtifactChoice, Cik, History, Urls, company_list, index};
use filing_etl::internals::{BROKEN_AT, join_lines, join_lists, names_in_companies_file};
use filing_etl::internals::{DataDir, FilePath, folder_of};
use filing_etl::internals::{
    DocumentForm, DocumentHead, DocumentProblem, DocumentSink, DotScan, Dots, SplitSummary,
    Splitter,
};
use filing_etl::internals::{Rows, submissions};
use filing_etl::internals::{
    SymbolDirectory, SymbolFile, parse_nasdaq_listed, parse_other_listed, sec_ticker,
};

mod answers;
mod beginnings;
mod zip;

pub(crate) use self::answers::answers;
pub(crate) use self::beginnings::beginnings;
pub(crate) use self::zip::zip;

/// One check.
pub(crate) type Check = fn(&[u8]);

/// Every check, under the name of its target.
pub(crate) const ALL: [(&str, Check); 12] = [
    ("submissions", submissions),
    ("companies", companies),
    ("companies_file", companies_file),
    ("indexes", indexes),
    ("symbols", symbols),
    ("split", split),
    ("uuencode", uuencode),
    ("lines", lines),
    ("beginnings", beginnings),
    ("names", names),
    ("zip", zip),
    ("answers", answers),
];

/// The maximum length of a message about one row, entry or line. It may quote a hundred characters, each as an
/// escape of ten characters.
const LONGEST_MESSAGE: usize = 1200;

/// The form filter, which is parsed only once.
static URLS: LazyLock<Urls> = LazyLock::new(Urls::default);

/// A user's companies file. Each name is one, and in UTF-16 a file has the names that it has in UTF-8.
pub(crate) fn companies_file(bytes: &[u8]) {
    let read = names_in_companies_file(bytes);
    for (_, name) in read.iter().flatten() {
        assert!(!name.is_empty() && !name.contains('\0'), "{name:?}");
    }
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    if !text.contains('\0') && !text.starts_with('\u{feff}') {
        let units = text.encode_utf16();
        let wide: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
        let wide = [&b"\xff\xfe"[..], &wide].concat();
        assert_eq!(names_in_companies_file(&wide), read);
    }
}

/// A company's submissions, and an older page.
pub(crate) fn submissions(bytes: &[u8]) {
    if let Ok(document) = submissions::parse(bytes) {
        rows(&document.rows, document.cik);
        let mut history = History::default();
        for page in &document.older {
            let name = page.name.as_str();
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"-.".contains(&b);
            assert!(name.bytes().all(plain), "{name:?}");
            assert!(name.contains(&document.cik.padded().to_string()));
            history.add_page(page);
        }
        for row in document.rows.iter().flatten() {
            history.add(&row);
        }
        let _ = History::parse_forms(&history.forms_json());
        for problem in &document.problems {
            assert!(problem.len() <= LONGEST_MESSAGE, "{problem}");
        }
    }
    if let Ok(page) = submissions::parse_page(bytes) {
        rows(&page, cik());
    }
}

fn rows(rows: &Rows<'_>, cik: Cik) {
    let mut seen = 0;
    for (index, row) in rows.iter().enumerate() {
        seen += 1;
        match row {
            Err(bad) => {
                assert_eq!(bad.index, index);
                assert!(bad.to_string().len() <= LONGEST_MESSAGE, "{bad}");
            }
            Ok(row) => {
                assert!(!row.form.trim().is_empty());
                let filing = row.to_filing();
                let name = filing
                    .target(ArtifactChoice::Primary)
                    .name(filing.accession);
                stays_in_its_folder(cik, row.accession, &name);
            }
        }
    }
    assert_eq!(seen, rows.len());
}

/// The SEC's list of companies.
pub(crate) fn companies(bytes: &[u8]) {
    let Ok(list) = company_list::parse(bytes) else {
        return;
    };
    assert!(!list.rows.is_empty());
    let mut tickers: Vec<&str> = list.rows.iter().map(|r| r.ticker.as_str()).collect();
    assert!(tickers.iter().all(|t| is_plain_ticker(t)));
    tickers.sort_unstable();
    assert!(
        tickers.windows(2).all(|two| two[0] != two[1]),
        "a ticker stands there twice"
    );
    let rows = list.rows.len();
    let universe = join_lists(list, None);
    let listings: usize = universe.companies.iter().map(|c| c.listings.len()).sum();
    assert_eq!(listings, rows);
    for problem in &universe.problems {
        assert!(problem.len() <= LONGEST_MESSAGE, "{problem}");
    }
}

/// A daily or quarterly index.
pub(crate) fn indexes(bytes: &[u8]) {
    let index = match index::parse(bytes) {
        Ok(index) => index,
        Err(why) => return assert!(why.to_string().len() <= LONGEST_MESSAGE, "{why}"),
    };
    let lines = bytes.split(|b| *b == b'\n').count();
    let mut last = 0;
    for row in index.rows() {
        match row {
            Ok(row) => {
                let url = URLS.submission_text(row.cik, row.accession);
                assert!(url.path().starts_with("/Archives/edgar/data/"));
            }
            Err(bad) => {
                assert!(bad.line > last && bad.line <= lines, "{bad}");
                assert!(bad.to_string().len() <= LONGEST_MESSAGE, "{bad}");
                last = bad.line;
            }
        }
    }
    assert!(index.rows().count() <= lines);
}

/// The exchanges' symbol lists: the bytes are parsed as either file, and as a single symbol.
pub(crate) fn symbols(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(ticker) = sec_ticker(&text) {
        assert!(is_plain_ticker(&ticker), "{ticker:?}");
    }
    let nasdaq = parse_nasdaq_listed(bytes);
    let other = parse_other_listed(bytes);
    for file in [&nasdaq, &other].into_iter().flatten() {
        symbol_file(file);
    }
    if let (Ok(nasdaq), Ok(other)) = (nasdaq, other) {
        let directory = SymbolDirectory { nasdaq, other };
        let list = company_list::CompanyList::default();
        assert!(
            join_lists(list, Some(&directory)).companies.is_empty(),
            "the directory invents no company"
        );
    }
}

fn symbol_file(file: &SymbolFile) {
    assert!(!file.rows.is_empty());
    for row in &file.rows {
        assert!((1..=20).contains(&row.text.len()));
        assert!(row.ticker.as_deref().is_none_or(is_plain_ticker));
    }
    for problem in &file.problems {
        assert!(problem.len() <= LONGEST_MESSAGE, "{problem}");
    }
}

/// A ticker, which is used in URLs, tables and the database.
fn is_plain_ticker(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-';
    (1..=12).contains(&text.len()) && text.bytes().all(plain)
}

/// A complete submission. The first four bytes determine the chunks of the rest.
pub(crate) fn split(bytes: &[u8]) {
    let (sizes, text) = bytes.split_at(bytes.len().min(4));
    let whole = documents(std::iter::once(text));
    if let Ok(summary) = &whole.end {
        whole.accounts_for(text, summary);
    }
    // A submission that is known to be complete is not reported as truncated, and has the same documents.
    let mut known = Collect::default();
    let splitter = Splitter::new(accession(), dots(text), &[], &mut known).known_whole(true);
    match (written(splitter, std::iter::once(text)), &whole.end) {
        (Ok(summary), end) => {
            let known = Split {
                documents: known.0,
                end: Ok(summary.clone()),
            };
            known.accounts_for(text, &summary);
            assert!(end.is_err() || known == whole, "it was whole already");
        }
        (Err(error), end) => {
            assert!(!error.contains("truncated"), "{error}");
            assert!(end.is_err());
        }
    }
    let sizes: Vec<usize> = sizes.iter().map(|b| usize::from(*b) * 17 + 1).collect();
    let sizes = if sizes.is_empty() { vec![1] } else { sizes };
    let (mut rest, mut sizes) = (text, sizes.into_iter().cycle());
    let cut = std::iter::from_fn(|| {
        let size = sizes.next()?.min(rest.len());
        let (chunk, behind) = rest.split_at(size);
        rest = behind;
        (!chunk.is_empty()).then_some(chunk)
    });
    assert!(
        documents(cut) == whole,
        "where the chunks end made a change"
    );
    if text.len() <= 4096 {
        assert!(
            documents(text.chunks(1)) == whole,
            "single bytes made a change"
        );
    }
}

/// A document in an old submission, with its long lines broken. The submission does not prove the document,
/// and joining the lines restores it. The first byte determines the kind of document.
pub(crate) fn lines(bytes: &[u8]) {
    let Some((manner, text)) = bytes.split_first() else {
        return;
    };
    // Lines of letters only, without tags and line ends. Each byte gives one line of up to 4080 letters.
    let mut filed = Vec::new();
    for byte in text {
        let letter = b'a' + byte % 26;
        let length = usize::from(*byte) * 16 % 4091;
        // A line whose length is a multiple of that ends like a line that is broken there.
        let length = length + usize::from(length > 0 && length.is_multiple_of(BROKEN_AT));
        filed.resize(filed.len() + length, letter);
        filed.extend_from_slice(if manner & 1 == 0 { b"\n" } else { b"\r\n" });
    }
    let mut broken = Vec::new();
    for line in filed.split_inclusive(|byte| *byte == b'\n') {
        let length = line.trim_ascii_end().len();
        let mut pieces = line[..length].chunks(BROKEN_AT).peekable();
        while let Some(piece) = pieces.next() {
            broken.extend_from_slice(piece);
            if pieces.peek().is_some() {
                broken.push(b'\n');
            }
        }
        broken.extend_from_slice(&line[length..]);
    }
    let wrapped = |body: &[u8]| {
        let (open, close) = if manner & 2 == 0 {
            ("", "")
        } else {
            ("<XML>\n", "</XML>\n")
        };
        let head = "<DOCUMENT>\n<TYPE>EX-1\n<SEQUENCE>1\n<FILENAME>x.bin\n<TEXT>\n";
        let end = format!("{close}</TEXT>\n</DOCUMENT>\n");
        [head.as_bytes(), open.as_bytes(), body, end.as_bytes()].concat()
    };
    let submission = [
        b"<SEC-DOCUMENT>0000320193-23-000106.txt : 20080124\nFILED AS OF DATE: 20080124\n</SEC-HEADER>\n",
        &wrapped(&broken)[..],
        b"</SEC-DOCUMENT>\n",
    ]
    .concat();
    let split = documents_with(Dots::Plain, std::iter::once(&submission[..]));
    let [document] = &split.documents[..] else {
        panic!("one document went in, {} came out", split.documents.len());
    };
    let is_told = document.problems.as_deref() == Some(&[DocumentProblem::BrokenLines]);
    assert_eq!(is_told, broken.len() > filed.len());
    let mut joined = Vec::new();
    let joins = join_lines(&document.data[..], &mut joined).expect("memory takes it");
    assert_eq!(joins, (broken.len() - filed.len()) as u64);
    let expected = if manner & 2 == 0 {
        wrapped(&filed)
    } else {
        filed
    };
    assert!(joined == expected, "other lines came back");
    // For any bytes, only line ends are removed.
    let mut joined = Vec::new();
    join_lines(text, &mut joined).expect("memory takes it");
    let bare = |bytes: &[u8]| -> Vec<u8> {
        bytes
            .iter()
            .copied()
            .filter(|byte| !b"\r\n".contains(byte))
            .collect()
    };
    assert!(bare(&joined) == bare(text));
}

/// A submission with one uuencoded document. The first byte determines the encoding.
pub(crate) fn uuencode(bytes: &[u8]) {
    let Some((manner, payload)) = bytes.split_first() else {
        return;
    };
    // Decoding restores the encoded bytes. (A line that begins with two dots may look like one whose dot was
    // doubled, so dots are not checked here.)
    let good = submission_of(&encoded(payload, *manner));
    let good = documents_with(Dots::Plain, std::iter::once(&good[..]));
    let [document] = &good.documents[..] else {
        panic!("one document went in, {} came out", good.documents.len());
    };
    assert_eq!(document.form, DocumentForm::Decoded);
    assert!(document.data == payload, "other bytes came out");
    assert_eq!(document.problems.as_deref(), Some(&[][..]));
    // A document with the name of a picture may begin after blank lines, and without mode and name.
    let bare = encoded(payload, *manner);
    let code = bare.strip_prefix(b"begin 644 x").expect("it begins so");
    let start: &[u8] = [
        &b"\nbegin 644 x"[..],
        b"\n \nbegin",
        b"begin 644",
        b"\n\nbegin 644 ",
    ][usize::from(manner >> 4 & 3)];
    let odd = submission_of(&[start, code].concat());
    let odd = String::from_utf8(odd)
        .expect("uuencode is ASCII")
        .replace("x.bin", "x.jpg");
    let odd = documents_with(Dots::Plain, std::iter::once(odd.as_bytes()));
    assert!(odd.documents[0].data == payload, "other bytes came out");
    assert_eq!(odd.documents[0].problems.as_deref(), Some(&[][..]));
    // Invalid uuencode does not panic, and an incomplete document is reported as a problem.
    let bad = [b"begin 644 x\n", payload, b"\n"].concat();
    let text = [&[*manner, 3, 5, 7][..], &submission_of(&bad)].concat();
    split(&text);
}

fn submission_of(text: &[u8]) -> Vec<u8> {
    [
        b"<SEC-DOCUMENT>0000320193-23-000106.txt : 20231103\n</SEC-HEADER>\n<DOCUMENT>\n\
          <TYPE>GRAPHIC\n<SEQUENCE>1\n<FILENAME>x.bin\n<TEXT>\n",
        text,
        b"</TEXT>\n</DOCUMENT>\n</SEC-DOCUMENT>\n",
    ]
    .concat()
}

/// A uuencode encoder with options for the differences between real encoders: the character for zero, trailing
/// blanks, the length of lines, and line ends.
fn encoded(bytes: &[u8], manner: u8) -> Vec<u8> {
    let zero = if manner & 1 == 0 { b'`' } else { b' ' };
    let six = |bits: u8| if bits == 0 { zero } else { bits + b' ' };
    let end: &[u8] = if manner & 4 == 0 { b"\n" } else { b"\r\n" };
    let most = if manner & 8 == 0 { 45 } else { 63 };
    let mut text = [b"begin 644 x", end].concat();
    for line in bytes.chunks(most) {
        let length = u8::try_from(line.len()).expect("a line has at most 63 bytes");
        let mut row = vec![six(length)];
        for three in line.chunks(3) {
            let at = |i: usize| three.get(i).copied().unwrap_or(0);
            let (a, b, c) = (at(0), at(1), at(2));
            let bits = [a >> 2, a << 4 & 63 | b >> 4, b << 2 & 63 | c >> 6, c & 63];
            row.extend(bits.map(six));
        }
        if manner & 2 == 0 {
            row.truncate(row.trim_ascii_end().len());
        }
        text.extend([&row[..], end].concat());
    }
    text.extend([&[zero], end, b"end", end].concat());
    text
}

/// The name of a document: on disk it is a plain file name inside the data dir, or it is refused. In a URL it is
/// one segment of the path.
pub(crate) fn names(bytes: &[u8]) {
    let name = String::from_utf8_lossy(bytes);
    stays_in_its_folder(cik(), accession(), &name);
    let root = tempfile::tempdir().expect("a folder for temporary files");
    let data = root.path().join("data");
    let data_dir = DataDir::open(&data).expect("an empty folder is a data dir");
    let place = FilePath {
        folder: cik(),
        accession: accession(),
        name: name.clone().into_owned(),
    };
    let mut incoming = data_dir.begin().expect("the disk takes it");
    incoming.write_all(b"x").expect("the disk takes it");
    let kept = incoming.keep(&place).is_ok();
    assert_eq!(kept, checked_name(&name).is_ok(), "{name:?}");
    let mut expected = vec![PathBuf::from("data/.incoming/lock")];
    if kept {
        let folder = Path::new("data").join(folder_of(cik(), accession()));
        expected.push(folder.join(&*name));
    }
    let mut found = Vec::new();
    files(root.path(), root.path(), &mut found);
    found.sort();
    assert_eq!(found, expected, "{name:?}");
}

fn files(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("our own folder") {
        let path = entry.expect("our own folder").path();
        if path.is_dir() {
            files(root, &path, found);
        } else {
            found.push(path.strip_prefix(root).expect("below it").to_owned());
        }
    }
}

fn stays_in_its_folder(cik: Cik, accession: Accession, name: &str) {
    if let Ok(name) = checked_name(name) {
        let parts: Vec<_> = Path::new(name).components().collect();
        assert!(
            matches!(parts[..], [Component::Normal(part)] if part == name),
            "{name:?}"
        );
    }
    if let Ok(url) = URLS.document(cik, accession, name) {
        let folder = format!("/Archives/edgar/data/{cik}/{}/", accession.bare());
        let last = url.path().strip_prefix(&folder);
        assert!(
            last.is_some_and(|last| !last.is_empty() && !last.contains('/')),
            "{name:?} leads to {url}"
        );
        assert_eq!(url.host_str(), Some("www.sec.gov"));
        assert_eq!((url.query(), url.fragment()), (None, None));
    }
}

fn cik() -> Cik {
    Cik::new(320_193).expect("Apple's")
}

fn accession() -> Accession {
    "0000320193-23-000106".parse().expect("one of Apple's")
}

/// The result of a split, for comparisons.
#[derive(PartialEq)]
struct Split {
    documents: Vec<Document>,
    /// The summary, or the text of the error.
    end: Result<SplitSummary, String>,
}

/// A document of a split, with its head as one text.
#[derive(PartialEq)]
struct Document {
    head: String,
    name: String,
    form: DocumentForm,
    data: Vec<u8>,
    /// `None` until the document has ended.
    problems: Option<Vec<DocumentProblem>>,
}

impl Split {
    /// Checks that no byte is lost and none is added.
    fn accounts_for(&self, text: &[u8], summary: &SplitSummary) {
        assert_eq!(summary.bytes.total(), text.len() as u64);
        assert_eq!(summary.documents as usize, self.documents.len());
        assert!(self.documents.iter().all(|d| d.problems.is_some()));
        let length = |decoded: bool| -> u64 {
            let of = |d: &&Document| (d.form == DocumentForm::Decoded) == decoded;
            let all = self.documents.iter().filter(of);
            all.map(|d| d.data.len() as u64).sum()
        };
        assert_eq!(length(false), summary.bytes.verbatim);
        // A line of two bytes may stand for 63, if 84 blanks were stripped from its end.
        assert!(length(true) <= 32 * summary.bytes.encoded);
        let mut names: Vec<_> = self
            .documents
            .iter()
            .map(|d| d.name.to_ascii_lowercase())
            .collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), self.documents.len(), "a name came twice");
    }
}

/// Collects all documents, and checks the order of the calls.
#[derive(Default)]
struct Collect(Vec<Document>);

impl DocumentSink for Collect {
    fn begin(&mut self, head: &DocumentHead<'_>) -> io::Result<()> {
        assert!(self.0.last().is_none_or(|d| d.problems.is_some()));
        assert_eq!(head.position as usize, self.0.len() + 1);
        let texts = [Some(head.type_), head.edgar_name, head.description];
        assert!(texts.iter().flatten().all(|text| text.len() <= 1024));
        self.0.push(Document {
            head: format!("{head:?}"),
            name: head.name.to_owned(),
            form: head.form,
            data: Vec::new(),
            problems: None,
        });
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        let document = self.0.last_mut().expect("data follows a beginning");
        assert!(document.problems.is_none(), "data behind the end");
        document.data.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self, problems: &[DocumentProblem]) -> io::Result<()> {
        let document = self.0.last_mut().expect("an end follows a beginning");
        let before = document.problems.replace(problems.to_vec());
        assert_eq!(before, None, "a document ends once");
        Ok(())
    }
}

fn documents<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Split {
    let chunks: Vec<_> = chunks.collect();
    let mut scan = DotScan::default();
    for chunk in &chunks {
        scan.write(chunk);
    }
    documents_with(scan.finish(None), chunks.into_iter())
}

fn dots(text: &[u8]) -> Dots {
    let mut scan = DotScan::default();
    scan.write(text);
    scan.finish(None)
}

fn documents_with<'a>(dots: Dots, chunks: impl Iterator<Item = &'a [u8]>) -> Split {
    let mut documents = Collect::default();
    let splitter = Splitter::new(accession(), dots, &[], &mut documents);
    Split {
        end: written(splitter, chunks),
        documents: documents.0,
    }
}

/// Splits the whole submission. The error is a text.
fn written<'a>(
    mut splitter: Splitter<'_, &mut Collect>,
    mut chunks: impl Iterator<Item = &'a [u8]>,
) -> Result<SplitSummary, String> {
    let written = chunks.try_for_each(|chunk| splitter.write(chunk));
    let end = written.and_then(|()| splitter.finish());
    end.map_err(|e| e.to_string())
}
