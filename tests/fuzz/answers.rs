//! HTTP responses, read by a real client over loopback.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use filing_etl::internals::Cancel;
use filing_etl::internals::{
    Client, ClientSettings, Expect, FetchError, Portion, Reply, RequestKind, Timeouts, Validators,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use url::Url;

use super::LONGEST_MESSAGE;

/// The first byte determines how the rest is sent: as the whole response, or as the body of one.
pub(crate) fn answers(bytes: &[u8]) {
    match bytes {
        [manner, rest @ ..] if manner & 1 == 0 => answer(rest, *manner),
        [manner, cut @ .., last] if !cut.is_empty() => body(cut, *manner, *last),
        _ => {}
    }
}

/// For any response, the accepted body is within the limits, and an error has one line.
fn answer(sent: &[u8], manner: u8) {
    let max = 5000;
    let version = Validators {
        etag: Some("\"1\"".to_owned()),
        last_modified: None,
    };
    let from = 7;
    let want = match manner >> 3 & 3 {
        0 | 1 => Portion::Whole,
        2 => Portion::Changed(&version),
        _ => Portion::Rest { from, of: &version },
    };
    if let Ok(Some(got)) = ask(sent, expected(manner, max), want) {
        assert!(got.bytes.len() as u64 <= max);
        let rest = matches!(want, Portion::Rest { .. });
        assert!(got.start == 0 || rest && got.start == from, "{}", got.start);
        // (The length may be missing, or that of the compressed body.)
        assert!(got.total.is_none_or(|total| total >= got.start));
    }
}

/// A body that is sent correctly is received unchanged, and a cut body is an error.
fn body(text: &[u8], manner: u8, cut: u8) {
    let expect = expected(manner, 1 << 20);
    // The beginning shows that it is not a web page.
    let start: &[u8] = match expect {
        Expect::Json { .. } => b"{",
        Expect::Archive { .. } => b"PK",
        Expect::Text { .. } | Expect::Submission { .. } | Expect::Document { .. } => b"x",
    };
    let text = [start, text].concat();
    let (chunked, gzip) = (manner & 8 != 0, manner & 16 != 0);
    // A gzip stream marks its own end.
    let until_close = chunked && gzip && manner & 64 != 0;
    let mut sent = b"HTTP/1.1 200 OK\r\n".to_vec();
    let mut packed = text.clone();
    if gzip {
        sent.extend(b"Content-Encoding: gzip\r\n");
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&text).expect("memory takes it");
        packed = encoder.finish().expect("memory takes it");
    }
    if until_close {
        sent.extend(b"\r\n");
    } else if chunked {
        sent.extend(b"Transfer-Encoding: chunked\r\n\r\n");
        let mut chunks = Vec::new();
        for chunk in packed.chunks(1 + usize::from(cut) * 9) {
            chunks.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
            chunks.extend([chunk, b"\r\n"].concat());
        }
        packed = [&chunks[..], b"0\r\n\r\n"].concat();
    } else {
        sent.extend(format!("Content-Length: {}\r\n\r\n", packed.len()).into_bytes());
    }
    let head = sent.len();
    sent.extend(packed);
    let is_cut = manner & 32 != 0;
    if is_cut {
        let length = head + (sent.len() - head) * usize::from(cut) / 256;
        sent.truncate(length);
    }
    match ask(&sent, expect, Portion::Whole) {
        Ok(Some(got)) => assert!(got.bytes == text, "other bytes came out"),
        Ok(None) => panic!("there was no condition"),
        Err(why) => assert!(is_cut, "{why}"),
    }
}

fn expected(manner: u8, max: u64) -> Expect {
    match manner >> 1 & 3 {
        0 => Expect::Json { max },
        1 if manner & 128 != 0 => Expect::Submission { max, size: None },
        1 => Expect::Text { max },
        2 => Expect::Document { max },
        _ => Expect::Archive { max },
    }
}

/// The accepted part of a response.
struct Got {
    start: u64,
    total: Option<u64>,
    bytes: Vec<u8>,
}

/// Sends a request to which the server responds with these bytes; `None` if there is no body.
fn ask(sent: &[u8], expect: Expect, want: Portion<'_>) -> Result<Option<Got>, FetchError> {
    // A new client, so that its pauses and connections are separate.
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let settings = ClientSettings {
        user_agent: None,
        rate: None,
        state_dir: folder.path().to_owned(),
        connections: 1,
        block_cooldown: Duration::ZERO,
        timeouts: Timeouts::of(Duration::from_secs(5)),
        site: "fuzz".to_owned(),
    };
    let client = Client::new(&settings, Cancel::default()).expect("its folder is there");
    let mut server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    let url = server.will_send(sent);
    let got = fetch(&client, &url, expect, want);
    if let Err(error) = &got {
        let text = error.to_string();
        assert!(text.len() <= LONGEST_MESSAGE, "{text}");
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
    got
}

fn fetch(
    client: &Client,
    url: &Url,
    expect: Expect,
    want: Portion<'_>,
) -> Result<Option<Got>, FetchError> {
    match client.ask(url, RequestKind::Document, expect, want)? {
        Reply::Unchanged | Reply::NoRest => Ok(None),
        Reply::Content(content) => {
            let (start, total, mut bytes) = (content.start, content.total, Vec::new());
            let length = content.copy_to(&mut bytes)?;
            assert_eq!(length, bytes.len() as u64);
            Ok(Some(Got {
                start,
                total,
                bytes,
            }))
        }
    }
}

static SERVER: LazyLock<Mutex<Server>> = LazyLock::new(|| Mutex::new(Server::start()));

/// A server with the same response to every request.
struct Server {
    address: SocketAddr,
    answer: Arc<Mutex<Vec<u8>>>,
}

impl Server {
    #[expect(
        clippy::disallowed_methods,
        reason = "the server under the test is no part of the program"
    )]
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback is there");
        let address = listener.local_addr().expect("it has one");
        let answer: Arc<Mutex<Vec<u8>>> = Arc::default();
        let says = Arc::clone(&answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let head = BufReader::new(&stream).lines();
                let end = head.map_while(Result::ok).find(String::is_empty);
                if end.is_some() {
                    let answer = says.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    // A client may disconnect at any time.
                    let _ = (&stream).write_all(&answer);
                }
            }
        });
        Self { address, answer }
    }

    /// Sets the response. The server closes the connection after it.
    fn will_send(&mut self, bytes: &[u8]) -> Url {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = bytes.to_vec();
        let url = format!("http://{}/a/b", self.address);
        Url::parse(&url).expect("an address")
    }
}
