//! The client against a scripted server on loopback.

#![expect(
    clippy::disallowed_methods,
    reason = "the server under the test is no part of the program"
)]

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;
use url::Url;

use super::*;
use crate::cancel::Cancel;

const DOCUMENT: Expect = Expect::Document { max: 1 << 20 };
const JSON: Expect = Expect::Json { max: 1 << 20 };
const BLOCK_PAGE: &str =
    "<html><head><title>SEC.gov | Request Rate Threshold Exceeded</title></head></html>";

/// What the server does with one request.
#[derive(Debug, Clone)]
enum Reply {
    /// These bytes; the connection stays open.
    Keep(Vec<u8>),
    /// These bytes, then the connection closes.
    Close(Vec<u8>),
    /// These bytes, one by one, for ever.
    Drip(Vec<u8>),
    /// These bytes, then silence.
    Stall(Vec<u8>),
}

/// A server that answers by path and records its requests by connection.
struct Server {
    base: Url,
    log: Arc<Mutex<Vec<(usize, String)>>>,
}

impl Server {
    /// `script` gets the path and the number of earlier requests for it.
    fn start(script: impl Fn(&str, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let log: Arc<Mutex<Vec<(usize, String)>>> = Arc::default();
        let script = Arc::new(script);
        let shared = Arc::clone(&log);
        thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                let (script, log) = (Arc::clone(&script), Arc::clone(&shared));
                thread::spawn(move || {
                    let _ = serve(&stream.unwrap(), connection, &*script, &log);
                });
            }
        });
        Self {
            base: Url::parse(&base).unwrap(),
            log,
        }
    }

    /// A server that gives every request the same reply.
    fn always(reply: Reply) -> Self {
        Self::start(move |_, _| reply.clone())
    }

    fn url(&self, path: &str) -> Url {
        self.base.join(path).unwrap()
    }

    fn log(&self) -> Vec<(usize, String)> {
        self.log.lock().unwrap().clone()
    }
}

fn serve(
    stream: &TcpStream,
    connection: usize,
    script: &(dyn Fn(&str, usize) -> Reply + Send + Sync),
    log: &Mutex<Vec<(usize, String)>>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let mut stream = stream;
    while let Some(Ok(first)) = lines.next() {
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        let headers: Vec<String> = lines
            .by_ref()
            .map_while(Result::ok)
            .take_while(|line| !line.is_empty())
            .collect();
        let encoding = if path == "/archive" {
            "identity"
        } else {
            "gzip"
        };
        let encoding = format!("accept-encoding: {encoding}");
        assert!(headers.iter().any(|h| h.eq_ignore_ascii_case(&encoding)));
        let before = {
            let mut log = log.lock().unwrap();
            let before = log.iter().filter(|(_, old)| *old == path).count();
            log.push((connection, path.clone()));
            before
        };
        match script(&path, before) {
            Reply::Keep(bytes) => stream.write_all(&bytes)?,
            Reply::Close(bytes) => return stream.write_all(&bytes),
            Reply::Drip(bytes) => {
                stream.write_all(&bytes)?;
                loop {
                    stream.write_all(b"x")?;
                    thread::sleep(Duration::from_millis(5));
                }
            }
            Reply::Stall(bytes) => {
                stream.write_all(&bytes)?;
                thread::sleep(Duration::from_mins(1));
            }
        }
    }
    Ok(())
}

fn response(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut bytes =
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn ok(body: &[u8]) -> Vec<u8> {
    response("200 OK", "", body)
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn gzipped(body: &[u8]) -> Vec<u8> {
    response("200 OK", "Content-Encoding: gzip\r\n", body)
}

fn settings(state_dir: &TempDir) -> ClientSettings {
    ClientSettings {
        user_agent: None,
        rate: None,
        state_dir: state_dir.path().to_owned(),
        connections: 4,
        block_cooldown: Duration::from_millis(300),
        timeouts: Timeouts::default(),
        site: "test".into(),
    }
}

/// A client without a limit, and its state folder.
fn client() -> (Client, TempDir) {
    client_with(|_| {})
}

fn client_with(change: impl FnOnce(&mut ClientSettings)) -> (Client, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&folder);
    change(&mut settings);
    (Client::new(&settings, Cancel::default()).unwrap(), folder)
}

/// The result of one attempt to get a document.
fn get(server: &Server) -> Result<Vec<u8>, FetchError> {
    let (client, _folder) = client();
    client.fetch(&server.url("/x"), RequestKind::Document, DOCUMENT)
}

fn damage(server: &Server) -> String {
    match get(server) {
        Err(FetchError::Damaged(why)) => why,
        other => panic!("not damaged: {other:?}"),
    }
}

#[test]
fn one_connection_serves_request_after_request() {
    let server = Server::start(|path, _| match path {
        "/missing" => Reply::Keep(response("404 Not Found", "", b"<Error></Error>")),
        _ => Reply::Keep(ok(b"hello")),
    });
    let (client, _folder) = client();
    for _ in 0..5 {
        let got = client.fetch(&server.url("/a"), RequestKind::Discovery, DOCUMENT);
        assert_eq!(got.unwrap(), b"hello");
        let got = client.fetch(&server.url("/missing"), RequestKind::Document, JSON);
        assert!(matches!(got, Err(FetchError::NotFound)));
    }
    assert!(server.log().iter().all(|(connection, _)| *connection == 0));
    assert_eq!(client.traffic().requests(), 10);
    assert_eq!(client.traffic().requests_of(RequestKind::Document), 5);
    assert_eq!(client.traffic().bytes(), 5 * (5 + 15));
}

#[test]
fn gzip_is_decoded_and_counted_as_it_came() {
    let body = b"{\"a\": 1}".repeat(1000);
    let packed = gzip(&body);
    let server = Server::always(Reply::Keep(gzipped(&packed)));
    let (client, _folder) = client();
    let got = client.fetch(&server.url("/"), RequestKind::Discovery, JSON);
    assert_eq!(got.unwrap(), body);
    assert_eq!(client.traffic().bytes(), packed.len() as u64);
}

#[test]
fn a_body_that_is_cut_is_damaged() {
    let cut = |headers: &str, body: &[u8]| {
        let mut bytes = format!("HTTP/1.1 200 OK\r\n{headers}\r\n").into_bytes();
        bytes.extend_from_slice(body);
        damage(&Server::always(Reply::Close(bytes)))
    };
    assert_eq!(
        cut("Content-Length: 10\r\n", b"hello"),
        "cut off after 5 of 10 bytes"
    );
    assert_eq!(
        cut("Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n5\r\nhel"),
        "cut off after 8 bytes"
    );
    assert!(cut("Transfer-Encoding: chunked\r\n", b"zz\r\nhello").contains("HTTP"));
    assert!(
        cut("", b"plain text until the end").contains("nothing shows that the body is complete")
    );
    assert!(cut("", b"<SEC-DOCUMENT>half").contains("nothing shows that the body is complete"));
    let packed = gzip(b"<html>hello</html>");
    let half = &packed[..packed.len() - 3];
    assert!(cut("Content-Encoding: gzip\r\n", half).contains("gzip"));
    let length = format!(
        "Content-Encoding: gzip\r\nContent-Length: {}\r\n",
        half.len()
    );
    assert!(cut(&length, half).contains("gzip"));
}

#[test]
fn a_body_without_a_length_is_taken_when_it_proves_itself() {
    for (headers, body) in [
        ("", b"<SEC-DOCUMENT>all</SEC-DOCUMENT>\n".to_vec()),
        ("Content-Encoding: gzip\r\n", gzip(b"anything")),
    ] {
        let mut bytes = format!("HTTP/1.1 200 OK\r\n{headers}\r\n").into_bytes();
        bytes.extend_from_slice(&body);
        assert!(get(&Server::always(Reply::Close(bytes))).is_ok());
    }
}

#[test]
fn damaged_gzip_is_noticed() {
    let mut flipped = gzip(b"<html>hello</html>");
    let last = flipped.len() - 6;
    flipped[last] ^= 1; // the checksum
    assert!(damage(&Server::always(Reply::Keep(gzipped(&flipped)))).contains("gzip"));
    let mut trailed = gzip(b"<html>hello</html>");
    trailed.extend_from_slice(b"and more");
    assert!(damage(&Server::always(Reply::Keep(gzipped(&trailed)))).contains("gzip"));
    let plain = gzipped(b"<html>not gzip at all</html>");
    assert!(damage(&Server::always(Reply::Keep(plain))).contains("gzip"));
    let odd = response("200 OK", "Content-Encoding: br\r\n", b"x");
    assert!(damage(&Server::always(Reply::Keep(odd))).contains("br"));
}

#[test]
fn an_empty_body_is_damaged() {
    assert!(damage(&Server::always(Reply::Keep(ok(b"")))).contains("empty"));
    assert!(damage(&Server::always(Reply::Keep(gzipped(&gzip(b""))))).contains("empty"));
}

#[test]
fn what_is_too_large_is_not_read_to_the_end() {
    let limit = 100_000;
    let expect = Expect::Document { max: limit };
    let bomb = gzip(&vec![b' '; 5_000_000]);
    let mut chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..10 {
        chunked.extend_from_slice(b"8000\r\n");
        chunked.extend_from_slice(&vec![b'x'; 0x8000]);
        chunked.extend_from_slice(b"\r\n");
    }
    let members = gzip(b"").repeat(20_000);
    let claims = b"HTTP/1.1 200 OK\r\nContent-Length: 2000000000\r\n\r\nx".to_vec();
    // A body of white space only would be damage, so the bomb begins with something else.
    let mut visible = b"x".to_vec();
    visible.extend_from_slice(&vec![b' '; 5_000_000]);
    for reply in [
        gzipped(&gzip(&visible)),
        gzipped(&bomb),
        chunked,
        gzipped(&members),
        claims,
    ] {
        let server = Server::always(Reply::Stall(reply));
        let (client, _folder) = client();
        let mut sink = Vec::new();
        let got = client.download(&server.url("/"), RequestKind::Document, expect, &mut sink);
        assert!(
            matches!(got, Err(FetchError::TooLarge { limit: 100_000 })),
            "{got:?}"
        );
        assert!(sink.len() as u64 <= limit);
    }
}

#[test]
fn stalls_and_drips_end() {
    let tiny = Duration::from_millis(300);
    let hour = Duration::from_hours(1);
    let patient = Timeouts {
        connect: hour,
        response: hour,
        per_read: hour,
        slow_start: hour,
        body: hour,
    };
    let per_read = Timeouts {
        per_read: tiny,
        ..patient
    };
    let response = Timeouts {
        response: tiny,
        ..patient
    };
    let slow_start = Timeouts {
        slow_start: tiny,
        ..patient
    };
    let total = Timeouts {
        body: tiny,
        ..patient
    };
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nx".to_vec();
    let half_head = b"HTTP/1.1 200 OK\r\nA: ".to_vec();
    for (reply, timeouts, why) in [
        (
            Reply::Stall(head.clone()),
            per_read,
            "no data arrived for too long",
        ),
        (
            Reply::Stall(Vec::new()),
            response,
            "waiting for the response",
        ),
        (Reply::Drip(half_head), response, "waiting for the response"),
        (Reply::Drip(head.clone()), slow_start, "too slow"),
        (Reply::Drip(head), total, "the body took too long"),
    ] {
        let server = Server::always(reply.clone());
        let (client, _folder) = client_with(|settings| settings.timeouts = timeouts);
        match client.fetch(&server.url("/"), RequestKind::Document, DOCUMENT) {
            Err(error @ (FetchError::Network(_) | FetchError::Unreachable(_))) => {
                let text = error.to_string();
                assert!(text.contains(why), "{reply:?}: {text}");
            }
            other => panic!("{reply:?}: {other:?}"),
        }
    }
}

/// An address on this machine where no server listens. A random free port could be in use by another
/// test by now.
fn nobody() -> Url {
    Url::parse("http://127.0.0.1:9/").unwrap()
}

#[test]
fn broken_connections_say_how() {
    let closed = Server::always(Reply::Close(Vec::new()));
    let within = Server::always(Reply::Close(b"HTTP/1.1 200 OK\r\nContent-".to_vec()));
    for server in [closed, within] {
        match get(&server) {
            Err(error @ FetchError::Unreachable(_)) => {
                let text = error.to_string();
                assert!(text.contains("clos") || text.contains("reset"), "{text}");
            }
            other => panic!("{other:?}"),
        }
    }
    let garbage = Server::always(Reply::Close(b"SSH-2.0-OpenSSH\r\n\r\n".to_vec()));
    match get(&garbage) {
        Err(FetchError::Network(text)) => assert!(text.contains("HTTP"), "{text}"),
        other => panic!("{other:?}"),
    }
    let (client, _folder) = client();
    let got = client.fetch(&nobody(), RequestKind::Document, DOCUMENT);
    let error = got.unwrap_err().to_string();
    assert!(error.starts_with("connection refused; "), "{error}");
}

#[test]
fn a_server_without_tls_is_a_connection_failure() {
    let server = Server::always(Reply::Close(ok(b"hello")));
    let url = Url::parse(&server.base.as_str().replace("http:", "https:")).unwrap();
    let (client, _folder) = client();
    let got = client.fetch(&url, RequestKind::Document, DOCUMENT);
    assert!(matches!(got, Err(FetchError::Unreachable(_))), "{got:?}");
}

#[test]
fn after_twenty_connection_failures_nothing_is_sent() {
    let (client, _folder) = client();
    let ask = |url: &Url| client.fetch(url, RequestKind::Document, DOCUMENT);
    for _ in 1..20 {
        let got = ask(&nobody());
        assert!(matches!(got, Err(FetchError::Unreachable(_))), "{got:?}");
    }
    for _ in 0..3 {
        match ask(&nobody()) {
            Err(FetchError::Outage(failure)) => {
                assert_eq!(failure.host, "127.0.0.1:9");
                assert_eq!(failure.in_a_row, 20);
                assert!(failure.cause.starts_with("connection refused"));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(client.traffic().requests(), 20);
    let other = Server::always(Reply::Keep(ok(b"hello")));
    assert_eq!(ask(&other.url("/")).unwrap(), b"hello");
}

#[test]
fn threads_share_the_count_of_connection_failures() {
    let (client, _folder) = client();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let _ = client.fetch(&nobody(), RequestKind::Document, DOCUMENT);
                }
            });
        }
    });
    // A thread that has started a request when the twentieth one fails completes it.
    let sent = client.traffic().requests();
    assert!((20..=23).contains(&sent), "{sent}");
}

#[test]
fn an_answer_of_any_status_ends_the_row_and_a_broken_body_is_no_part_of_it() {
    // Each round: 15 connections without an answer, then an answer.
    let server = Server::start(|path, before| match (path, before % 16) {
        ("/cut", _) => Reply::Close(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhell".to_vec()),
        (_, 15) => Reply::Close(response("500 Trouble", "", b"")),
        _ => Reply::Close(Vec::new()),
    });
    let (client, _folder) = client();
    let ask = |path| {
        client
            .fetch(&server.url(path), RequestKind::Document, DOCUMENT)
            .unwrap_err()
    };
    for _ in 0..30 {
        assert!(matches!(ask("/cut"), FetchError::Damaged(_)));
    }
    while server.log().iter().filter(|(_, path)| path == "/").count() < 48 {
        let error = ask("/");
        assert!(
            matches!(
                error,
                FetchError::Unreachable(_) | FetchError::Server { .. }
            ),
            "{error:?}"
        );
    }
}

#[test]
fn giving_up_over_a_host_that_never_answered_is_an_outage() {
    let server = Server::start(|_, before| match before {
        2 => Reply::Close(response("404 Not Found", "", b"")),
        _ => Reply::Close(Vec::new()),
    });
    let (client, _folder) = client();
    let ask = || {
        client
            .fetch(&server.url("/"), RequestKind::Document, DOCUMENT)
            .unwrap_err()
    };
    let (next, error) = client.next_step(ask(), 1, 2);
    assert!(matches!(next, retry::AfterFailure::After(_)), "{next:?}");
    assert!(matches!(error, FetchError::Unreachable(_)), "{error:?}");
    let (next, error) = client.next_step(ask(), 2, 2);
    assert_eq!(next, retry::AfterFailure::AbortRun);
    assert!(matches!(error, FetchError::Outage(_)), "{error:?}");

    let (next, error) = client.next_step(ask(), 1, 1);
    assert_eq!(next, retry::AfterFailure::GiveUp);
    assert!(matches!(error, FetchError::NotFound), "{error:?}");
    let (next, error) = client.next_step(ask(), 1, 1);
    assert_eq!(next, retry::AfterFailure::GiveUp);
    assert!(matches!(error, FetchError::Unreachable(_)), "{error:?}");
}

#[test]
fn a_connection_that_died_while_idle_is_noticed_and_replaced() {
    let server = Server::start(|_, before| {
        if before == 0 {
            Reply::Close(ok(b"hello"))
        } else {
            Reply::Keep(ok(b"again"))
        }
    });
    let (client, _folder) = client();
    let ask = || client.fetch(&server.url("/"), RequestKind::Document, DOCUMENT);
    assert_eq!(ask().unwrap(), b"hello");
    // The client may notice the closed connection before the next request, or that request fails.
    let second = ask().or_else(|_| ask());
    assert_eq!(second.unwrap(), b"again");
}

#[test]
fn redirects_within_the_site_are_followed_and_counted() {
    let server = Server::start(|path, _| match path {
        "/a" => Reply::Keep(response(
            "301 Moved",
            "Location: /b\r\n",
            b"<html>moved</html>",
        )),
        "/b" => Reply::Keep(response("302 Found", "Location: c\r\n", b"")),
        _ => Reply::Keep(ok(b"there")),
    });
    let (client, _folder) = client();
    let got = client.fetch(&server.url("/a"), RequestKind::Document, DOCUMENT);
    assert_eq!(got.unwrap(), b"there");
    assert_eq!(client.traffic().requests(), 3);
    assert!(server.log().iter().all(|(connection, _)| *connection == 0));
}

#[test]
fn loops_and_foreign_sites_are_not_followed() {
    let elsewhere = Server::always(Reply::Keep(ok(b"stolen")));
    let target = elsewhere.url("/").to_string();
    let server = Server::start(move |path, _| {
        let location = match path {
            "/loop" => "/loop".to_owned(),
            "/none" => return Reply::Keep(response("302 Found", "", b"")),
            _ => target.clone(),
        };
        Reply::Keep(response(
            "302 Found",
            &format!("Location: {location}\r\n"),
            b"",
        ))
    });
    for (path, requests) in [("/loop", 6), ("/off", 1), ("/none", 1)] {
        let (client, _folder) = client();
        let got = client.fetch(&server.url(path), RequestKind::Document, DOCUMENT);
        assert!(matches!(got, Err(FetchError::Redirect(_))), "{got:?}");
        assert_eq!(client.traffic().requests(), requests);
    }
    assert!(elsewhere.log().is_empty());
}

#[test]
fn an_error_page_never_reaches_the_sink() {
    for (status, page) in [
        ("200 OK", BLOCK_PAGE),
        ("403 Forbidden", BLOCK_PAGE),
        ("503 Busy", "<html>sorry</html>"),
        ("403 Forbidden", "<html>no</html>"),
        (
            "200 OK",
            "<!DOCTYPE html><title>SEC.gov | File Unavailable</title>",
        ),
    ] {
        for body in [page.as_bytes().to_vec(), gzip(page.as_bytes())] {
            let packed = body[0] == 0x1f;
            let header = if packed {
                "Content-Encoding: gzip\r\n"
            } else {
                ""
            };
            let server = Server::always(Reply::Keep(response(status, header, &body)));
            let (client, _folder) = client();
            let mut sink = Vec::new();
            let got = client.download(&server.url("/"), RequestKind::Document, DOCUMENT, &mut sink);
            assert!(got.is_err() && sink.is_empty(), "{status} {page}: {got:?}");
        }
    }
}

#[test]
fn a_block_page_that_is_compressed_in_secret_is_known() {
    let reply = response("200 OK", "", &gzip(BLOCK_PAGE.as_bytes()));
    assert!(matches!(
        get(&Server::always(Reply::Keep(reply))),
        Err(FetchError::Throttled { .. })
    ));
    // A file that is gzip itself is passed on unchanged.
    let file = gzip(b"form.idx");
    let got = get(&Server::always(Reply::Keep(ok(&file))));
    assert_eq!(got.unwrap(), file);
}

#[test]
fn a_server_that_asks_for_time_is_quoted() {
    let reply = response("503 Busy", "Retry-After: 17\r\n", b"busy");
    let got = get(&Server::always(Reply::Keep(reply)));
    assert!(matches!(
        got,
        Err(FetchError::Server { status: 503, retry_after: Some(time) }) if time.as_secs() == 17
    ));
}

#[test]
fn a_sink_that_fails_is_no_fault_of_the_network() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let server = Server::always(Reply::Keep(ok(b"hello")));
    let (client, _folder) = client();
    let got = client.download(&server.url("/"), RequestKind::Document, DOCUMENT, &mut Full);
    assert!(matches!(got, Err(FetchError::Sink(_))));
}

#[test]
fn after_a_block_one_probe_goes_out_and_the_rest_wait_for_it() {
    // Blocked twice: the first request, and the first probe. While a probe is in flight, no other
    // request may be sent.
    let out = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let asked = Arc::new(AtomicUsize::new(0));
    let server = Server::start({
        let (out, most, asked) = (Arc::clone(&out), Arc::clone(&most), Arc::clone(&asked));
        move |_, _| {
            let now_out = out.fetch_add(1, SeqCst) + 1;
            let number = asked.fetch_add(1, SeqCst);
            if number <= 2 {
                most.fetch_max(now_out, SeqCst);
                thread::sleep(Duration::from_millis(150));
            }
            out.fetch_sub(1, SeqCst);
            if number < 2 {
                Reply::Keep(response("403 Forbidden", "", BLOCK_PAGE.as_bytes()))
            } else {
                Reply::Keep(ok(b"hello"))
            }
        }
    });
    let (client, folder) = client();
    let ask = || client.fetch(&server.url("/"), RequestKind::Document, DOCUMENT);
    assert!(matches!(ask(), Err(FetchError::Throttled { .. })));
    assert!(client.traffic().pause_left().is_some());
    let throttled = AtomicUsize::new(0);
    thread::scope(|s| {
        for _ in 0..8 {
            s.spawn(|| {
                while let Err(error) = ask() {
                    assert!(matches!(error, FetchError::Throttled { .. }), "{error}");
                    throttled.fetch_add(1, SeqCst);
                }
            });
        }
    });
    assert_eq!(
        throttled.load(SeqCst),
        1,
        "one probe was throttled, no more"
    );
    assert_eq!(most.load(SeqCst), 1, "two requests were out during a probe");
    assert_eq!(server.log().len(), 10);
    assert!(client.traffic().paused_time() >= Duration::from_millis(600));
    let names: Vec<_> = std::fs::read_dir(folder.path().join("test"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(
        names
            .iter()
            .any(|name| name.starts_with("pause-127.0.0.1_"))
    );
}

#[test]
fn a_pause_of_an_earlier_run_holds_and_a_stop_ends_the_wait() {
    let server = Server::start(|_, before| {
        assert_eq!(before, 0, "asked during a block");
        Reply::Keep(response("429 Slow Down", "Retry-After: 3600\r\n", b""))
    });
    let folder = tempfile::tempdir().unwrap();
    let first = Client::new(&settings(&folder), Cancel::default()).unwrap();
    let ask = |client: &Client| client.fetch(&server.url("/"), RequestKind::Document, DOCUMENT);
    assert!(matches!(ask(&first), Err(FetchError::Throttled { .. })));
    let cancel = Cancel::default();
    let second = Client::new(&settings(&folder), cancel.clone()).unwrap();
    thread::scope(|s| {
        let waiting: Vec<_> = (0..3).map(|_| s.spawn(|| ask(&second))).collect();
        while second.traffic().pause_left().is_none() {
            thread::yield_now();
        }
        cancel.set();
        for thread in waiting {
            assert!(matches!(thread.join().unwrap(), Err(FetchError::Stopped)));
        }
    });
    assert_eq!(server.log().len(), 1);
    assert_eq!(second.traffic().requests(), 0);
}

#[test]
fn hanging_up_ends_a_stalled_answer() {
    let server = Server::always(Reply::Stall(
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx".to_vec(),
    ));
    let (client, _folder) = client();
    thread::scope(|s| {
        let stalled = s.spawn(|| client.fetch(&server.url("/"), RequestKind::Document, DOCUMENT));
        while client.traffic().bytes() == 0 {
            thread::yield_now();
        }
        client.close_connections();
        assert!(matches!(stalled.join().unwrap(), Err(FetchError::Stopped)));
    });
}

#[test]
fn sec_gov_is_not_asked_with_settings_it_would_not_accept() {
    let url = Url::parse("https://www.sec.gov/x").unwrap();
    let agent: UserAgent = "Example Corp contact@example.com".parse().unwrap();
    let changes: [&dyn Fn(&mut ClientSettings); 4] = [
        &|settings| settings.user_agent = None,
        &|settings| settings.rate = None,
        &|settings| settings.rate = NonZeroU32::new(11),
        &|settings| settings.site = "mirror".into(),
    ];
    for change in changes {
        let (client, _folder) = client_with(|settings| {
            settings.user_agent = Some(agent.clone());
            settings.rate = NonZeroU32::new(10);
            settings.site = site_of(&url);
            change(settings);
        });
        let got = client.fetch(&url, RequestKind::Companies, DOCUMENT);
        assert!(matches!(got, Err(FetchError::Forbidden(_))));
        assert_eq!(client.traffic().requests(), 0);
    }
}

/// The result of a request for an archive's bytes from 4 on.
fn rest(status: &str, headers: &str, body: &[u8]) -> Result<(u64, Option<u64>, Vec<u8>), String> {
    let server = Server::always(Reply::Keep(response(status, headers, body)));
    let (client, _folder) = client();
    let have = Validators {
        etag: Some("\"a\"".into()),
        last_modified: None,
    };
    let want = Portion::Rest { from: 4, of: &have };
    let expect = Expect::Archive { max: 1 << 20 };
    let url = server.url("/archive");
    match client.ask(&url, RequestKind::Discovery, expect, want) {
        Ok(super::Reply::Content(content)) => {
            let (start, total, mut bytes) = (content.start, content.total, Vec::new());
            content.copy_to(&mut bytes).map_err(|e| e.to_string())?;
            Ok((start, total, bytes))
        }
        Ok(other) => Err(format!("{other:?}")),
        Err(error) => Err(error.kind().to_owned()),
    }
}

#[test]
fn the_rest_of_a_file_is_told_from_all_of_it() {
    let part = "206 Partial Content";
    let place = "Content-Range: bytes 4-5/6\r\n";
    assert_eq!(rest(part, place, b"ef"), Ok((4, Some(6), b"ef".to_vec())));
    assert_eq!(
        rest("200 OK", "", b"PKcd"),
        Ok((0, Some(4), b"PKcd".to_vec()))
    );
    assert_eq!(rest("416 x", "", b""), Err("NoRest".into()));
    for headers in [
        "",
        "Content-Range: bytes 3-5/6\r\n",
        "Content-Range: bytes 4-4/6\r\n",
    ] {
        assert_eq!(
            rest(part, headers, b"ef"),
            Err("damaged".into()),
            "{headers}"
        );
    }
    let gzipped = format!("{place}Content-Encoding: gzip\r\n");
    assert_eq!(rest(part, &gzipped, &gzip(b"ef")), Err("damaged".into()));
    assert_eq!(rest("304 Not Modified", "", b""), Err("refused".into()));
}

#[test]
fn an_unchanged_file_costs_no_bytes() {
    let server = Server::always(Reply::Keep(b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec()));
    let (client, _folder) = client();
    let have = Validators::default();
    let expect = Expect::Archive { max: 1 << 20 };
    for _ in 0..2 {
        let url = server.url("/archive");
        let reply = client.ask(
            &url,
            RequestKind::Discovery,
            expect,
            Portion::Changed(&have),
        );
        assert!(matches!(reply, Ok(super::Reply::Unchanged)), "{reply:?}");
    }
    assert_eq!(
        (client.traffic().requests(), client.traffic().bytes()),
        (2, 0)
    );
}
