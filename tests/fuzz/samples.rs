//! Samples of all inputs from outside, made by the simulator.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;

use filing_etl::sim::{Options, Simulator};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use jiff::civil::date;
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

/// Samples for each of the checks, by the name of its target.
pub(crate) fn all() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let sim = Simulator::start(Options {
        companies: 6,
        today: date(2025, 6, 30),
        years: 2,
        page_rows: 20,
        filings_per_year: 20,
        document_scale: 0.0001,
        ..Options::default()
    })
    .expect("loopback is there");
    let get = |path: &str| get(&sim, path);
    let companies: Vec<_> = sim.universe().companies().take(3).collect();
    let mut submissions = Vec::new();
    let mut split = Vec::new();
    for company in &companies {
        let name = format!("/submissions/CIK{}", company.cik.padded());
        submissions.push(get(&format!("{name}.json")));
        submissions.push(get(&format!("{name}-submissions-001.json")));
        for filing in sim.universe().filings(company.cik).iter().take(4) {
            let (bare, accession) = (filing.accession.bare(), filing.accession);
            let text = get(&format!(
                "/Archives/edgar/data/{}/{bare}/{accession}.txt",
                company.cik
            ));
            split.push([&[3, 90, 0, 250], &text[..]].concat());
        }
    }
    let mut beginnings = vec![submissions[0].clone(), split[0][4..].to_vec()];
    beginnings.extend(BEGINNINGS.iter().map(|head| head.to_vec()));
    split.sort_by_key(Vec::len);
    split.truncate(6);
    // Samples that the simulator does not make.
    for text in [
        &include_bytes!("../samples/pem-envelope-1997.txt")[..],
        include_bytes!("../samples/two-headers-1995.txt"),
        include_bytes!("../samples/broken-lines-2009.txt"),
        include_bytes!("../samples/doubled-dots-2012.txt"),
        include_bytes!("../samples/feed-2025.nc"),
    ] {
        split.push([&[3, 90, 0, 250], text].concat());
    }
    split.extend(odd_texts());
    let day = get("/Archives/edgar/daily-index/2025/QTR2/master.20250626.idx");
    let quarter = get("/Archives/edgar/full-index/2025/QTR1/master.idx");
    vec![
        ("submissions", submissions),
        (
            "companies",
            vec![get("/files/company_tickers_exchange.json")],
        ),
        ("indexes", vec![day, quarter]),
        (
            "symbols",
            vec![
                get("/dynamic/symdir/nasdaqlisted.txt"),
                get("/dynamic/symdir/otherlisted.txt"),
                b"BAC$L".to_vec(),
            ],
        ),
        ("split", split),
        (
            "uuencode",
            (0..64)
                .map(|manner| [&[manner], &PICTURE[..]].concat())
                .collect(),
        ),
        (
            "lines",
            (0..4)
                .map(|manner| [&[manner], &PICTURE[..40]].concat())
                .collect(),
        ),
        ("beginnings", beginnings),
        (
            "companies_file",
            COMPANIES_FILES
                .iter()
                .map(|text| text.as_bytes().to_vec())
                .collect(),
        ),
        (
            "names",
            NAMES.iter().map(|name| name.as_bytes().to_vec()).collect(),
        ),
        ("zip", archives()),
        ("answers", answers()),
    ]
}

/// Lists and tables as editors and spreadsheets write them.
const COMPANIES_FILES: [&str; 5] = [
    "# ours\nAAPL # Apple\n\n0000789019\n",
    "AAPL\r\nBRK.B\r\n",
    "ticker,name\nAAPL,\"Apple, Inc.\"\nMSFT,Microsoft\n",
    "Name;CIK\nApple;320193\n",
    "cik\tticker\n320193\tAAPL\n\tMSFT\n",
];

/// Submissions of kinds that the simulator does not make, after the bytes for the chunk sizes.
fn odd_texts() -> Vec<Vec<u8>> {
    let header = "<SEC-HEADER>0000320193-23-000106.hdr.sgml : 19960213\n\
        <ACCESSION-NUMBER>0000320193-23-000106\n<PUBLIC-DOCUMENT-COUNT>1\n<FILING-DATE>19960212\n\
        </SEC-HEADER>\n";
    let long = format!("{}\nx\n", "long ".repeat(205).trim_end_matches("g "));
    let documents = [
        ("a.htm", &*long),
        ("b.jpg", "\nbegin 644\n#86)C\n`\nend\n"),
        ("c.gif", "\nx\n"),
    ]
    .map(|(name, body)| {
        format!(
            "<DOCUMENT>\n<TYPE>EX-1\n<SEQUENCE>1\n<FILENAME>{name}\n<TEXT>\n{body}</TEXT>\n\
                 </DOCUMENT>\n"
        )
    })
    .concat();
    [
        header.to_owned(),
        header.to_ascii_lowercase(),
        format!("<SEC-DOCUMENT>x\n{header}</SEC-DOCUMENT>\n"),
        format!("<SEC-DOCUMENT>x\n{header}{documents}</SEC-DOCUMENT>\n"),
        format!("<SEC-DOCUMENT>x\n{header}{documents}"),
    ]
    .map(|text| [&[3, 90, 0, 250], text.as_bytes()].concat())
    .into()
}

/// Bytes for uuencode: some zeros, and lines that are not full.
const PICTURE: [u8; 200] = {
    let mut bytes = [0; 200];
    let mut value: u8 = 0;
    while value < 180 {
        bytes[value as usize] = value.wrapping_mul(value);
        value += 1;
    }
    bytes
};

/// What a document may begin with, or be damaged to.
const BEGINNINGS: [&[u8]; 9] = [
    b"",
    b"<DOCUMENT>\n<TYPE>EX-99\n<TEXT>\n<html><body>words</body></html>\n</TEXT>\n</DOCUMENT>\n",
    b"<!DOCTYPE html><html><title>Sign in</title><form action=/login></form></html>",
    b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj",
    b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01",
    b"GIF89a\x01\0\x01\0",
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    b"PK\x03\x04\x14\0",
    b"\xff\xfe<\0?\0x\0m\0l\0",
];

/// EDGAR's names, and what an attacker would rather have.
const NAMES: [&str; 16] = [
    "d8k.htm",
    "0001193125-23-048785-index.htm",
    "annual report.htm",
    "../../x",
    "a/b",
    "..\\..\\x",
    "C:\\x",
    "con",
    "nul.txt",
    "COM1.htm",
    "-rf",
    "x.",
    " x ",
    "a\u{202e}mth.exe",
    "a\u{1b}[31m.htm",
    "%2e%2e",
];

/// Small archives of a few submissions, and bytes to compress into other archives.
fn archives() -> Vec<Vec<u8>> {
    let deflated = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let stored = deflated.compression_method(CompressionMethod::Stored);
    let mut samples = Vec::new();
    for (options, long) in [
        (deflated, false),
        (stored, false),
        (deflated.large_file(true), true),
    ] {
        let mut zip = ZipWriter::new(io::Cursor::new(Vec::new()));
        if long {
            zip.set_raw_zip64_extensible_data_sector(Box::default());
        } else {
            zip.set_comment("made at night").expect("a short one");
        }
        for (name, bytes) in [
            ("CIK0000320193.json", &b"{\"cik\": \"320193\"}"[..]),
            ("CIK0000320193-submissions-001.json", &[b'x'; 300]),
            ("CIK0000000001.json", b"{}"),
            ("CIK0000000002.json", b"not wanted"),
            ("placeholder.txt", b""),
        ] {
            zip.start_file(name, options).expect("a good name");
            zip.write_all(bytes).expect("memory takes it");
        }
        let bytes = zip.finish().expect("memory takes it").into_inner();
        samples.push([&[0], &bytes[..]].concat());
    }
    for manner in [1, 3, 5, 7] {
        samples.push(vec![manner]);
        samples.push([&[manner], &deflate(&PICTURE)[..]].concat());
        // A member that is far larger than its compressed size suggests.
        samples.push([&[manner], &deflate(&vec![0; 100_000])[..]].concat());
    }
    samples
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

/// Responses of every kind that EDGAR sends, and bodies to send in every way.
fn answers() -> Vec<Vec<u8>> {
    let blocked =
        "<html><head><title>SEC.gov | Request Rate Threshold Exceeded</title></head></html>";
    let denied = "<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code></Error>";
    // The request and its response.
    let mut samples: Vec<Vec<u8>> = [
        (
            0,
            "200 OK",
            "ETag: \"99914b932bd37a50b983c5e7c90ae93b\"",
            "{}",
        ),
        (4, "200 OK", "Content-Type: text/html", blocked),
        (4, "403 Forbidden", "Content-Type: application/xml", denied),
        (4, "429 Too Many Requests", "Retry-After: 1", "wait"),
        (
            0,
            "503 Service Unavailable",
            "Retry-After: Fri, 31 Oct 2025 07:00:00 GMT",
            "",
        ),
        (2, "301 Moved Permanently", "Location: ../c", ""),
        (
            6,
            "200 OK",
            "Last-Modified: Fri, 31 Oct 2025 07:00:00 GMT",
            "PK\u{5}\u{6}",
        ),
        (22, "304 Not Modified", "ETag: \"1\"", ""),
        (
            30,
            "206 Partial Content",
            "Content-Range: bytes 7-9/10",
            "abc",
        ),
        (
            30,
            "416 Range Not Satisfiable",
            "Content-Range: bytes */7",
            "",
        ),
    ]
    .map(|(manner, status, header, body)| {
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\n{header}\r\nContent-Length: {length}\r\n\r\n");
        [&[manner], head.as_bytes(), body.as_bytes()].concat()
    })
    .into();
    samples.push(
        b"\x04HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n".into(),
    );
    let large = format!(
        "\x04HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n1770\r\n{:6000}\r\n0\r\n\r\n",
        "x"
    );
    samples.push(large.into_bytes());
    samples.push(b"\x04HTTP/1.0 200\r\n\r\n<SEC-DOCUMENT>0\n</SEC-DOCUMENT>\n".into());
    samples.extend(
        (1..128)
            .step_by(2)
            .map(|manner| [&[manner], &PICTURE[..], &[60]].concat()),
    );
    samples
}

/// The body of the simulator's response at a path.
fn get(sim: &Simulator, path: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(sim.address()).expect("the simulator listens");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: tests tests@example.com\r\n\
         Connection: close\r\n\r\n"
    );
    stream
        .write_all(request.as_bytes())
        .expect("the simulator reads");
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .expect("the simulator answers");
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{path} is not served");
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n");
    answer.split_off(end.expect("a head ends") + 4)
}
