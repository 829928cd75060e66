//! A server for company lists that the test writes.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use filing_etl::internals::Cancel;
use filing_etl::internals::spawn;

use super::{Output, Sandbox};

/// The SEC's list of companies.
pub const COMPANIES: &str = "company_tickers_exchange.json";
/// Nasdaq's own symbols.
pub const NASDAQ: &str = "nasdaqlisted.txt";
/// The symbols of the other exchanges.
pub const OTHER: &str = "otherlisted.txt";

/// Serves the given files, and 404 for other paths, until the tests end.
#[derive(Debug)]
pub struct Lists {
    address: SocketAddr,
    files: Arc<Mutex<HashMap<&'static str, String>>>,
}

impl Lists {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let files = Arc::<Mutex<HashMap<&'static str, String>>>::default();
        let served = Arc::clone(&files);
        let _ = spawn("lists", &Cancel::default(), move || {
            for stream in listener.incoming() {
                // A client may disconnect at any time.
                let _ = answer(&stream.unwrap(), &served.lock().unwrap());
            }
        })
        .unwrap();
        Self { address, files }
    }

    /// Serves a file from now on.
    pub fn put(&self, file: &'static str, content: impl Into<String>) {
        self.files.lock().unwrap().insert(file, content.into());
    }

    /// Stops serving a file.
    pub fn take_away(&self, file: &'static str) {
        self.files.lock().unwrap().remove(file);
    }

    /// Serves these companies, all on exchanges that are not in the directory: CIK, name, ticker, and the SEC's
    /// label.
    pub fn companies(&self, rows: &[(u64, &str, &str, Option<&str>)]) {
        let fields = ["cik", "name", "ticker", "exchange"];
        let list = serde_json::json!({"fields": fields, "data": rows});
        self.put(COMPANIES, list.to_string());
    }

    /// Serves these symbols: symbol, name, exchange code, and whether it is an ETF. The code Q is Nasdaq.
    pub fn directory(&self, rows: &[(&str, &str, char, char)]) {
        self.directory_of("0102202612:11", rows);
    }

    /// As [`Lists::directory`], with this creation time: `MMDDYYYYHH:MM`.
    pub fn directory_of(&self, created: &str, rows: &[(&str, &str, char, char)]) {
        let mut nasdaq = "Symbol|Security Name|Test Issue|ETF\n".to_owned();
        let mut other = "ACT Symbol|Security Name|Exchange|CQS Symbol|ETF|Test Issue\n".to_owned();
        for (symbol, name, code, etf) in rows {
            if *code == 'Q' {
                writeln!(nasdaq, "{symbol}|{name}|N|{etf}").unwrap();
            } else {
                writeln!(other, "{symbol}|{name}|{code}|{symbol}|{etf}|N").unwrap();
            }
        }
        self.put(
            NASDAQ,
            nasdaq + &format!("File Creation Time: {created}|||\n"),
        );
        self.put(
            OTHER,
            other + &format!("File Creation Time: {created}||||||\n"),
        );
    }

    /// The binary with this server as the source of its lists.
    pub fn command(&self, sandbox: &Sandbox, args: &[&str]) -> Command {
        sandbox.command_to(&format!("http://{}", self.address), args)
    }

    /// Runs `companies sync`.
    pub fn sync(&self, sandbox: &Sandbox) -> Output {
        Output::of(self.command(sandbox, &["companies", "sync"]))
    }
}

fn answer(mut stream: &TcpStream, files: &HashMap<&str, String>) -> io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let asked = lines.next().transpose()?.unwrap_or_default();
    while lines
        .next()
        .transpose()?
        .is_some_and(|line| !line.is_empty())
    {}
    let path = asked.split(' ').nth(1).unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let (status, body) = match files.get(name) {
        Some(content) => ("200 OK", content.as_str()),
        None => ("404 Not Found", "<html>not here</html>"),
    };
    let kind = match name.rsplit('.').next() {
        Some("json") if status == "200 OK" => "application/json",
        Some("txt") if status == "200 OK" => "text/plain",
        _ => "text/html",
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    io::Write::write_all(&mut stream, answer.as_bytes())
}
