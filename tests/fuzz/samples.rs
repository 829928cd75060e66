//! Samples of everything that comes from outside, as the simulator serves it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use filing_etl::sim::{Options, Simulator};
use jiff::civil::date;

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
    split.sort_by_key(Vec::len);
    split.truncate(6);
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
            (0..16)
                .map(|manner| [&[manner], &PICTURE[..]].concat())
                .collect(),
        ),
        (
            "names",
            NAMES.iter().map(|name| name.as_bytes().to_vec()).collect(),
        ),
    ]
}

/// Bytes that uuencode writes in every way: a few zeros, and lines that are not full.
const PICTURE: [u8; 200] = {
    let mut bytes = [0; 200];
    let mut value: u8 = 0;
    while value < 180 {
        bytes[value as usize] = value.wrapping_mul(value);
        value += 1;
    }
    bytes
};

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

/// The body of what the simulator serves at a path.
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
