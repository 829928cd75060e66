//! The server as a client sees it, byte by byte.

use std::io::{BufReader, Read};
use std::sync::mpsc;
use std::thread;

use flate2::read::GzDecoder;
use jiff::civil::date;

use super::*;

const AGENT: &str = "Test Company test@example.com";

fn options() -> Options {
    Options {
        companies: 50,
        today: date(2025, 8, 1),
        ..Options::default()
    }
}

fn start(change: impl FnOnce(&mut Options)) -> Simulator {
    let mut options = options();
    change(&mut options);
    Simulator::start(options).unwrap()
}

fn with_fault(text: &str) -> Simulator {
    start(|options| options.faults = vec![text.parse().unwrap()])
}

/// What a client got of an answer.
#[derive(Debug)]
struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn gunzip(&self) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        GzDecoder::new(&self.body[..])
            .read_to_end(&mut out)
            .map(|_| out)
    }
}

struct Client(BufReader<TcpStream>);

impl Client {
    fn of(simulator: &Simulator) -> Self {
        let stream = TcpStream::connect(simulator.address()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_mins(1)))
            .unwrap();
        Self(BufReader::new(stream))
    }

    fn send(&mut self, path: &str, headers: &str) {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: sim\r\nUser-Agent: {AGENT}\r\n{headers}\r\n");
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
    }

    /// Reads an answer by its `Content-Length`, or to the end without one.
    fn reply(&mut self) -> io::Result<Reply> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            if self.0.read(&mut byte)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut reply = Reply {
            status,
            head,
            body: Vec::new(),
        };
        match reply.header("content-length").map(str::parse::<usize>) {
            Some(length) => {
                reply.body = vec![0; length.unwrap()];
                self.0.read_exact(&mut reply.body)?;
            }
            None if status != 304 => {
                self.0.read_to_end(&mut reply.body)?;
            }
            None => {}
        }
        Ok(reply)
    }

    fn get(&mut self, path: &str) -> io::Result<Reply> {
        self.send(path, "");
        self.reply()
    }

    /// Whether the server has closed, with nothing more to read.
    fn is_closed(&mut self) -> bool {
        matches!(self.0.read(&mut [0]), Ok(0))
    }
}

fn get(simulator: &Simulator, path: &str) -> io::Result<Reply> {
    Client::of(simulator).get(path)
}

const LIST: &str = "/files/company_tickers_exchange.json";

/// A report with its path and its bytes.
fn report(simulator: &Simulator) -> (String, Vec<u8>) {
    let universe = simulator.universe();
    let cik = universe.cik(0);
    let filing = universe
        .filings(cik)
        .into_iter()
        .find(|f| f.form == "10-Q" && !f.primary_document.is_empty())
        .unwrap();
    let name = &filing.primary_document;
    let path = format!(
        "/Archives/edgar/data/{cik}/{}/{name}",
        filing.accession.bare()
    );
    (path, universe.file(&filing, name).unwrap())
}

#[test]
fn one_connection_serves_request_after_request() {
    let simulator = start(|_| {});
    let (path, bytes) = report(&simulator);
    let mut client = Client::of(&simulator);
    for _ in 0..3 {
        let reply = client.get(&path).unwrap();
        assert_eq!(
            (reply.status, reply.header("connection")),
            (200, Some("keep-alive"))
        );
        assert!(reply.body == bytes);
        assert!(reply.header("last-modified").is_some());
    }
    let cik = simulator.universe().cik(0);
    let reply = client
        .get(&format!("/submissions/CIK{}.json", cik.padded()))
        .unwrap();
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(
        (reply.header("etag"), reply.header("last-modified")),
        (None, None)
    );
    let entries = simulator.log().entries();
    assert_eq!(entries.len(), 4);
    assert!(entries.iter().all(|entry| entry.connection == 1));
    assert_eq!(entries[0].user_agent.as_deref(), Some(AGENT));
    assert_eq!(simulator.log().of_kind(Resource::Discovery), 1);
    assert_eq!(simulator.log().paths()[&path], 3);
}

#[test]
fn bodies_are_compressed_for_those_who_accept_it() {
    let simulator = start(|_| {});
    let (path, bytes) = report(&simulator);
    let mut client = Client::of(&simulator);
    client.send(&path, "Accept-Encoding: gzip\r\n");
    let reply = client.reply().unwrap();
    assert_eq!(reply.header("content-encoding"), Some("gzip"));
    assert!(reply.body.len() < bytes.len() / 2);
    assert!(reply.gunzip().unwrap() == bytes);
}

#[test]
fn the_same_seed_serves_the_same_bytes_and_another_seed_others() {
    let bytes = |seed| {
        let simulator = start(|options| options.seed = seed);
        let (path, _) = report(&simulator);
        (
            get(&simulator, LIST).unwrap().body,
            get(&simulator, &path).unwrap().body,
        )
    };
    assert!(bytes(3) == bytes(3));
    assert!(bytes(3).0 != bytes(4).0 && bytes(3).1 != bytes(4).1);
}

#[test]
fn who_does_not_say_who_they_are_gets_the_page_for_that() {
    let simulator = start(|_| {});
    for agent in ["", "User-Agent: curl/8.0\r\n", "User-Agent: @\r\n"] {
        let mut client = Client::of(&simulator);
        let request = format!("GET {LIST} HTTP/1.1\r\n{agent}\r\n");
        client.0.get_mut().write_all(request.as_bytes()).unwrap();
        let reply = client.reply().unwrap();
        assert_eq!(reply.status, 403);
        assert!(reply.text().contains("Undeclared Automated Tool"));
        // The exchanges' site does not ask.
        let request = format!("GET /dynamic/symdir/nasdaqlisted.txt HTTP/1.1\r\n{agent}\r\n");
        client.0.get_mut().write_all(request.as_bytes()).unwrap();
        assert_eq!(client.reply().unwrap().status, 200);
    }
}

#[test]
fn too_many_requests_start_a_block_and_asking_on_is_counted() {
    let simulator = start(|options| options.rate_limit = Some(5));
    let mut client = Client::of(&simulator);
    // All of these arrive within far less than the ten minutes of the block.
    let statuses: Vec<u16> = (0..50).map(|_| client.get(LIST).unwrap().status).collect();
    assert!(
        statuses.is_sorted(),
        "once blocked, always blocked: {statuses:?}"
    );
    assert!(simulator.is_blocked());
    let reply = client.get(LIST).unwrap();
    assert!(reply.text().contains("Request Rate Threshold Exceeded"));
    assert!(reply.text().contains("10 minutes"));
    let admitted = statuses.iter().filter(|status| **status == 200).count();
    // The one that exceeds the limit starts the block; those after it extend it.
    assert_eq!(simulator.log().while_blocked(), 51 - admitted - 1);
    assert!(simulator.log().most_in_a_second() > 5);
    simulator.unblock();
    assert_eq!(client.get(LIST).unwrap().status, 200);
}

#[test]
fn what_has_not_changed_is_not_sent_again() {
    let simulator = start(|_| {});
    let mut client = Client::of(&simulator);
    let path = "/dynamic/symdir/otherlisted.txt";
    let first = client.get(path).unwrap();
    let tag = first.header("etag").unwrap().to_owned();
    client.send(path, &format!("If-None-Match: {tag}\r\n"));
    assert_eq!(client.reply().unwrap().status, 304);
    let modified = first.header("last-modified").unwrap().to_owned();
    client.send(path, &format!("If-Modified-Since: {modified}\r\n"));
    assert_eq!(client.reply().unwrap().status, 304);
    assert_eq!(client.get(path).unwrap().status, 200);
}

#[test]
fn a_new_day_brings_new_filings() {
    let simulator = start(|_| {});
    let cik = simulator.universe().cik(7);
    let path = format!("/submissions/CIK{}.json", cik.padded());
    let newest = |simulator: &Simulator| {
        let json: serde_json::Value =
            serde_json::from_slice(&get(simulator, &path).unwrap().body).unwrap();
        json["filings"]["recent"]["filingDate"][0]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let before = newest(&simulator);
    for _ in 0..14 {
        simulator.advance_day();
    }
    assert_eq!(simulator.universe().today(), date(2025, 8, 15));
    assert!(newest(&simulator) > before);
}

#[test]
fn the_log_is_there_over_http_and_does_not_log_itself() {
    let simulator = start(|options| options.rate_limit = Some(1));
    get(&simulator, LIST).unwrap();
    let log = get(&simulator, "/_sim/log").unwrap().text();
    let entry: serde_json::Value = serde_json::from_str(log.trim_end()).unwrap();
    assert_eq!(
        (&entry["path"], &entry["status"]),
        (&LIST.into(), &200.into())
    );
    assert!(entry["answered_at"].as_f64() >= entry["at"].as_f64());
    let stats: serde_json::Value =
        serde_json::from_str(&get(&simulator, "/_sim/stats").unwrap().text()).unwrap();
    assert_eq!(
        (&stats["requests"], &stats["companies"]),
        (&1.into(), &1.into())
    );
    assert_eq!(simulator.log().requests(), 1);
    simulator.log().clear();
    assert_eq!(simulator.log().requests(), 0);
}

#[test]
fn latency_lies_on_both_sides_of_the_arrival() {
    let latency = Duration::from_millis(40);
    let simulator = start(|options| options.latency = latency);
    let mut client = Client::of(&simulator);
    let sent = Instant::now();
    client.get(LIST).unwrap();
    assert!(sent.elapsed() >= latency);
    let entry = simulator.log().entries().remove(0);
    assert!(entry.at >= latency / 2);
    assert!(entry.answered_at.unwrap() >= entry.at + latency / 2);
}

#[test]
fn errors_have_their_status_and_retry_after() {
    for (fault, status, retry) in [
        ("503=7", 503, Some("7")),
        ("429", 429, None),
        ("500", 500, None),
    ] {
        let reply = get(&with_fault(fault), LIST).unwrap();
        assert_eq!((reply.status, reply.header("retry-after")), (status, retry));
    }
    let reply = get(&with_fault("429=d60"), LIST).unwrap();
    assert!(reply.header("retry-after").unwrap().ends_with(" GMT"));
    let simulator = with_fault("403");
    let (path, _) = report(&simulator);
    assert!(
        get(&simulator, &path)
            .unwrap()
            .text()
            .contains("AccessDenied")
    );
}

#[test]
fn a_fault_that_strikes_once_is_over_then() {
    let simulator = with_fault("503@/files/*1");
    let mut client = Client::of(&simulator);
    assert_eq!(client.get(LIST).unwrap().status, 503);
    assert_eq!(client.get(LIST).unwrap().status, 200);
    let entries = simulator.log().entries();
    assert_eq!(entries[0].fault.as_deref(), Some("503@/files/*1"));
    assert_eq!(entries[1].fault, None);
    simulator.set_faults(vec![Fault::always(FaultKind::Empty)]);
    assert_eq!(client.get(LIST).unwrap().body, b"");
}

#[test]
fn connections_break_at_the_asked_moment() {
    let kind = |fault: &str| {
        get(&with_fault(fault), LIST)
            .expect_err("the answer is incomplete")
            .kind()
    };
    assert_eq!(kind("refuse"), io::ErrorKind::UnexpectedEof);
    assert_eq!(kind("reset"), io::ErrorKind::ConnectionReset);
    assert_eq!(kind("reset-headers"), io::ErrorKind::ConnectionReset);
    assert_eq!(kind("reset-body"), io::ErrorKind::ConnectionReset);
    assert_eq!(kind("short"), io::ErrorKind::UnexpectedEof);
}

fn dechunk(mut body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let end = body.windows(2).position(|w| w == b"\r\n").unwrap();
        let size = std::str::from_utf8(&body[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        body = &body[end + 2..];
        if size == 0 {
            assert_eq!(body, b"\r\n");
            return out;
        }
        out.extend_from_slice(&body[..size]);
        body = &body[size + 2..];
    }
}

#[test]
fn bodies_are_cut_in_every_way() {
    let whole = get(&start(|_| {}), LIST).unwrap().body;
    let half = &whole[..whole.len() / 2];

    let reply = get(&with_fault("close-cut"), LIST).unwrap();
    assert_eq!(reply.header("content-length"), None);
    assert!(reply.body == half);
    let reply = get(&with_fault("json-cut"), LIST).unwrap();
    assert!(reply.body == half);
    let reply = get(&with_fault("close-delimited"), LIST).unwrap();
    assert!(reply.body == whole);
    let reply = get(&with_fault("chunked-cut"), LIST).unwrap();
    assert!(!reply.body.ends_with(b"0\r\n\r\n"));
    let simulator = with_fault("chunked");
    let mut client = Client::of(&simulator);
    client.send(LIST, "Connection: close\r\n");
    assert!(dechunk(&client.reply().unwrap().body) == whole);
    let reply = get(&with_fault("gzip-cut"), LIST).unwrap();
    assert_eq!(reply.header("content-encoding"), Some("gzip"));
    assert!(reply.gunzip().is_err());
    let reply = get(&with_fault("gzip-damaged"), LIST).unwrap();
    assert!(reply.gunzip().is_err());
}

#[test]
fn pages_come_in_place_of_data() {
    for (fault, status, text) in [
        ("html", 200, "File Unavailable"),
        ("json-shape", 200, "unexpected"),
        ("throttle-page=200", 200, "Request Rate Threshold Exceeded"),
        ("throttle-page=429", 429, "Request Rate Threshold Exceeded"),
        ("undeclared", 403, "Undeclared Automated Tool"),
        ("policy", 403, "Privacy and Security Policy"),
    ] {
        let simulator = with_fault(fault);
        let reply = get(&simulator, LIST).unwrap();
        assert_eq!(reply.status, status, "{fault}");
        assert!(reply.text().contains(text), "{fault}");
        assert!(!simulator.is_blocked());
    }
    let simulator = with_fault("throttle#1");
    assert_eq!(get(&simulator, LIST).unwrap().status, 403);
    assert!(simulator.is_blocked());
}

#[test]
fn redirects_lead_in_circles_elsewhere_or_to_the_right_place() {
    let location = |reply: &Reply| reply.header("location").unwrap().to_owned();
    let reply = get(&with_fault("redirect-loop"), LIST).unwrap();
    assert_eq!((reply.status, location(&reply).as_str()), (302, LIST));
    let reply = get(&with_fault("redirect-offsite"), LIST).unwrap();
    assert!(location(&reply).starts_with("http://offsite.invalid/"));
    let simulator = with_fault("redirect");
    let reply = get(&simulator, LIST).unwrap();
    assert_eq!(reply.status, 302);
    assert_eq!(get(&simulator, &location(&reply)).unwrap().status, 200);
}

#[test]
fn a_connection_is_closed_behind_the_clients_back() {
    let simulator = with_fault("close");
    let mut client = Client::of(&simulator);
    let reply = client.get(LIST).unwrap();
    assert_eq!(
        (reply.status, reply.header("connection")),
        (200, Some("keep-alive"))
    );
    assert!(client.is_closed());
}

#[test]
fn a_huge_body_keeps_coming() {
    let simulator = with_fault("huge=5000000");
    assert_eq!(get(&simulator, LIST).unwrap().body.len(), 5_000_000);
}

#[test]
fn what_is_no_http_is_refused_and_closed() {
    let simulator = start(|_| {});
    let mut client = Client::of(&simulator);
    client.0.get_mut().write_all(b"hello\r\n\r\n").unwrap();
    assert_eq!(client.reply().unwrap().status, 400);
    assert!(client.is_closed());
    let mut client = Client::of(&simulator);
    let long = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(20_000));
    let _ = client.0.get_mut().write_all(long.as_bytes());
    // The connection may be reset with the rest unread: no answer, but no more reading either.
    if let Ok(reply) = client.reply() {
        assert_eq!(reply.status, 431);
    }
    let mut client = Client::of(&simulator);
    client
        .0
        .get_mut()
        .write_all(format!("POST {LIST} HTTP/1.1\r\nUser-Agent: {AGENT}\r\n\r\n").as_bytes())
        .unwrap();
    assert_eq!(client.reply().unwrap().status, 405);
}

#[test]
fn a_request_in_pieces_and_two_in_one_are_both_understood() {
    let simulator = start(|_| {});
    let mut client = Client::of(&simulator);
    let request = format!("GET {LIST} HTTP/1.1\r\nUser-Agent: {AGENT}\r\n\r\n");
    client.0.get_ref().set_nodelay(true).unwrap();
    for piece in request.as_bytes().chunks(7) {
        client.0.get_mut().write_all(piece).unwrap();
    }
    assert_eq!(client.reply().unwrap().status, 200);
    client
        .0
        .get_mut()
        .write_all(format!("{request}{request}").as_bytes())
        .unwrap();
    assert_eq!(client.reply().unwrap().status, 200);
    assert_eq!(client.reply().unwrap().status, 200);
}

#[test]
fn a_stall_ends_when_its_fault_is_replaced() {
    let (done, finished) = mpsc::channel();
    threads::spawn("stalled", &Cancel::default(), move || {
        let simulator = start(|options| {
            options.faults = ["stall=3600#1", "stall-body=3600#2"]
                .map(|fault| fault.parse().unwrap())
                .to_vec();
        });
        let mut clients: Vec<_> = (0..2).map(|_| Client::of(&simulator)).collect();
        for (number, client) in clients.iter_mut().enumerate() {
            client.send(LIST, "");
            while simulator.log().count(|entry| entry.fault.is_some()) == number {
                thread::yield_now();
            }
        }
        // The first one goes on.
        simulator.set_faults(vec!["stall=3600#9".parse().unwrap()]);
        let second = clients[1].reply().unwrap().status;
        simulator.set_faults(Vec::new());
        let first = clients[0].reply().unwrap().status;
        done.send([first, second]).unwrap();
    })
    .unwrap();
    // A watchdog, not a measurement: the faults would take an hour.
    let ended = finished.recv_timeout(Duration::from_mins(1));
    assert_eq!(ended, Ok([200, 200]));
}

#[test]
fn stopping_ends_idle_stalled_and_dripping_connections() {
    let (done, finished) = mpsc::channel();
    threads::spawn("stopper", &Cancel::default(), move || {
        let simulator = start(|options| {
            options.faults = ["stall=3600#1", "drip=3600#2", "stall-body=3600#3"]
                .map(|fault| fault.parse().unwrap())
                .to_vec();
        });
        let mut clients: Vec<_> = (0..4).map(|_| Client::of(&simulator)).collect();
        for client in &mut clients[..3] {
            client.send(LIST, "");
        }
        while simulator.log().requests() < 3 {
            thread::yield_now();
        }
        let shared = Arc::clone(&simulator.shared);
        drop(simulator);
        let left = lock(&shared.connections).len();
        done.send((left, Arc::strong_count(&shared))).unwrap();
    })
    .unwrap();
    // A watchdog, not a measurement: the faults would take an hour.
    let ended = finished.recv_timeout(Duration::from_mins(1));
    assert_eq!(ended, Ok((0, 1)), "no connection and no thread is left");
}

/// A measurement: `cargo test --release --lib -- --ignored --nocapture thousands`.
#[test]
#[ignore = "measures; run it in release"]
#[expect(clippy::print_stderr, reason = "a measurement is for reading")]
fn thousands_of_requests_a_second() {
    let universe_of = |what: &str| {
        let simulator = Simulator::start(Options {
            document_scale: options().document_scale,
            today: options().today,
            ..Options::realistic()
        })
        .unwrap();
        let universe = simulator.universe();
        let paths: Vec<String> = (0..1_000)
            .filter_map(|number| {
                let cik = universe.cik(number);
                match what {
                    "submissions" => Some(format!("/submissions/CIK{}.json", cik.padded())),
                    _ => universe
                        .filings(cik)
                        .into_iter()
                        .find(|f| f.form == what && !f.primary_document.is_empty())
                        .map(|f| {
                            let bare = f.accession.bare();
                            format!("/Archives/edgar/data/{cik}/{bare}/{}", f.primary_document)
                        }),
                }
            })
            .collect();
        (simulator, paths)
    };
    for what in ["8-K", "10-K", "submissions"] {
        for accept in ["", "Accept-Encoding: gzip\r\n"] {
            let (simulator, paths) = universe_of(what);
            let begun = Instant::now();
            let bytes: usize = thread::scope(|scope| {
                let clients: Vec<_> = (0..30)
                    .map(|n| {
                        let (simulator, paths) = (&simulator, &paths);
                        scope.spawn(move || {
                            let stream = TcpStream::connect(simulator.address()).unwrap();
                            let mut client = Client(BufReader::new(stream));
                            let mut bytes = 0;
                            for path in paths.iter().skip(n).step_by(30) {
                                client.send(path, accept);
                                bytes += client.reply().unwrap().body.len();
                            }
                            bytes
                        })
                    })
                    .collect();
                clients
                    .into_iter()
                    .map(|client| client.join().unwrap())
                    .sum()
            });
            let time = begun.elapsed().as_secs_f64();
            eprintln!(
                "{what} {accept:?}: {} requests in {time:.2} s, {} bytes each",
                paths.len(),
                bytes / paths.len()
            );
        }
    }
}
