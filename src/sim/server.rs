//! The server: one thread accepts connections, and each connection has a thread.

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::cancel::Cancel;
use crate::threads;

use super::archive::Archives;
use super::calendar::plus_days;
use super::error_pages;
use super::faults::{Fault, FaultKind, ResetMoment, RetryAfter, Script};
use super::http::{
    Framing, HttpAnswer, NoRequest, Request, finish_reading, gzip, head, read_request,
};
use super::limit::{Admission, SimLimiter};
use super::log::{Entry, EntryId, RequestLog, Resource};
use super::options::Options;
use super::rng::{SimRng, key_of};
use super::routes::{self, http_date};
use super::universe::SimUniverse;

/// A running simulator. Dropping it closes every connection and ends every thread.
#[derive(Debug)]
pub struct Simulator {
    shared: Arc<Shared>,
    address: SocketAddr,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    universe: SimUniverse,
    archives: Archives,
    log: RequestLog,
    limiter: Mutex<SimLimiter>,
    script: Script,
    seed: u64,
    latency: Duration,
    jitter: Duration,
    compress: bool,
    stop: Cancel,
    /// The open connections by number. They are shut down at the end.
    connections: Mutex<HashMap<u64, Arc<TcpStream>>>,
    /// The number of requests, for the jitter of the next one.
    requests: AtomicU64,
    /// The number of random bodies sent, so that the next one differs.
    noises: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Simulator {
    /// Starts the server.
    ///
    /// # Errors
    /// If the server cannot listen on the address, or cannot start a thread.
    pub fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(options.address)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            universe: SimUniverse::new(&options),
            archives: Archives::default(),
            log: RequestLog::new(Instant::now()),
            limiter: Mutex::new(SimLimiter::new(options.rate_limit, options.block_for)),
            script: Script::new(options.seed, options.faults),
            seed: options.seed,
            latency: options.latency,
            jitter: options.jitter,
            compress: options.compress,
            stop: Cancel::default(),
            connections: Mutex::default(),
            requests: AtomicU64::new(0),
            noises: AtomicU64::new(0),
        });
        let acceptor = threads::spawn("sim-accept", &shared.stop, {
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        })?;
        Ok(Self {
            shared,
            address,
            acceptor: Some(acceptor),
        })
    }

    /// `http://127.0.0.1:PORT`, the URL of the archives, of the data and of the listings.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The request log.
    pub fn log(&self) -> &RequestLog {
        &self.shared.log
    }

    /// The companies and filings behind the responses.
    pub fn universe(&self) -> &SimUniverse {
        &self.shared.universe
    }

    /// Replaces the faults and resets their counts. Stalls of replaced faults end.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.shared.script.set(faults);
    }

    /// Changes the limit of requests in any second from now on.
    pub fn set_rate_limit(&self, rate: Option<u32>) {
        lock(&self.shared.limiter).set_rate(rate);
    }

    /// Starts a block, as if the client had exceeded the limit.
    pub fn block(&self) {
        lock(&self.shared.limiter).block(Instant::now());
    }

    /// Ends a block.
    pub fn unblock(&self) {
        lock(&self.shared.limiter).unblock();
    }

    /// Whether a request would be blocked now.
    pub fn is_blocked(&self) -> bool {
        lock(&self.shared.limiter).is_blocked(Instant::now())
    }

    /// Moves to the next day, whose filings then appear.
    pub fn advance_day(&self) {
        let universe = &self.shared.universe;
        universe.set_today(plus_days(universe.today(), 1));
    }

    /// Moves to a later day. All filings up to it then appear.
    pub fn advance_to(&self, day: jiff::civil::Date) {
        self.shared.universe.set_today(day);
    }

    /// Blocks until another thread stops the simulator with [`Simulator::stopper`].
    pub fn wait(&self) {
        let _ = self
            .shared
            .stop
            .sleep(Duration::from_secs(u64::from(u32::MAX)));
    }

    /// The flag that ends [`Simulator::wait`] and all requests in progress.
    pub fn stopper(&self) -> Cancel {
        self.shared.stop.clone()
    }

    /// Ends all connections and threads.
    fn stop(&mut self) {
        let Some(acceptor) = self.acceptor.take() else {
            return;
        };
        self.shared.stop.set();
        for stream in lock(&self.shared.connections).values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        // A connection wakes the accepting thread, which then ends.
        let mut address = self.address;
        match address {
            SocketAddr::V4(v4) if v4.ip().is_unspecified() => {
                address.set_ip(Ipv4Addr::LOCALHOST.into());
            }
            SocketAddr::V6(v6) if v6.ip().is_unspecified() => {
                address.set_ip(Ipv6Addr::LOCALHOST.into());
            }
            _ => {}
        }
        if TcpStream::connect_timeout(&address, Duration::from_secs(5)).is_ok() {
            let _ = acceptor.join();
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Accepts connections until the stop, then waits for the threads that it started.
fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut serving: Vec<JoinHandle<()>> = Vec::new();
    for number in 1.. {
        let accepted = listener.accept();
        if shared.stop.is_set() {
            break;
        }
        // There are no file descriptors left, or the client has disconnected. Later connections may succeed.
        let Ok((stream, _)) = accepted else {
            if shared.stop.sleep(Duration::from_millis(10)) {
                break;
            }
            continue;
        };
        let stream = Arc::new(stream);
        serving.retain(|thread| !thread.is_finished());
        let _ = stream.set_nodelay(true);
        lock(&shared.connections).insert(number, Arc::clone(&stream));
        let thread = threads::spawn(format!("sim-{number}"), &shared.stop, {
            let shared = Arc::clone(shared);
            move || {
                Connection {
                    number,
                    stream: &stream,
                    shared: &shared,
                }
                .serve();
                // Dropping the last reference closes the connection. Unread bytes then cause a reset.
                lock(&shared.connections).remove(&number);
                drop(stream);
            }
        });
        match thread {
            Ok(thread) => serving.push(thread),
            Err(_) => drop(lock(&shared.connections).remove(&number)),
        }
    }
    // Connections that were accepted while the others were shut down.
    for stream in lock(&shared.connections).values() {
        let _ = stream.shutdown(Shutdown::Both);
    }
    for thread in serving {
        let _ = thread.join();
    }
}

struct Connection<'a> {
    number: u64,
    stream: &'a TcpStream,
    shared: &'a Shared,
}

/// What follows a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AfterAnswer {
    /// The next request.
    Request,
    /// The end of the connection.
    Close,
}

impl Connection<'_> {
    /// Responds to one request after another.
    fn serve(&self) {
        loop {
            match read_request(self.stream) {
                Ok(request) => {
                    if self.exchange(&request) == AfterAnswer::Close {
                        return;
                    }
                }
                Err(NoRequest::Closed) => return,
                Err(NoRequest::Refused(status)) => {
                    let answer = HttpAnswer::new(status, "text/plain", b"bad request\n".to_vec());
                    let _ = finish_reading_quietly(self.stream, status);
                    let length = answer.body.len() as u64;
                    let mut bytes = head(&answer, false, Framing::Length(length), false);
                    bytes.extend_from_slice(&answer.body);
                    let _ = { self.stream }.write_all(&bytes);
                    return;
                }
            }
        }
    }

    fn exchange(&self, request: &Request) -> AfterAnswer {
        if request.target.starts_with("/_sim/") {
            return self.own(request);
        }
        let shared = self.shared;
        let half = shared.latency / 2;
        if shared.stop.sleep(self.jitter() + half) {
            return AfterAnswer::Close;
        }
        let path = request.path();
        let kind = Resource::of(path.as_deref().unwrap_or_default());
        let (id, verdict) = shared.log.arrive(
            |now| {
                if kind.is_edgar() {
                    lock(&shared.limiter).admit(now)
                } else {
                    Admission::Admitted
                }
            },
            |at, verdict| Entry {
                at,
                answered_at: None,
                method: request.method.as_str().into(),
                path: request.target.as_str().into(),
                kind,
                status: None,
                user_agent: request.header("user-agent").map(Into::into),
                connection: self.number,
                sent: 0,
                while_blocked: *verdict == Admission::Blocked,
                fault: None,
            },
        );
        let leaves_at = Instant::now() + half;
        let (answer, fault) = self.answer(request, path.as_deref(), kind, verdict);
        if let Some(fault) = &fault {
            shared.log.struck(id, fault.to_string());
        }
        if shared.stop.sleep_until(leaves_at) {
            return AfterAnswer::Close;
        }
        let kind = fault.as_ref().map(|fault| &fault.kind);
        self.deliver(request, answer, kind, Some(id))
    }

    /// The simulator's own pages, without latency, limit and log.
    fn own(&self, request: &Request) -> AfterAnswer {
        let log = &self.shared.log;
        let answer = match request.path().as_deref() {
            Some("/_sim/log") => HttpAnswer::new(200, "application/x-ndjson", log.to_json_lines()),
            Some("/_sim/stats") => HttpAnswer::new(
                200,
                "application/json",
                log.stats().to_string().into_bytes(),
            ),
            _ => HttpAnswer::new(404, "text/plain", b"only log and stats are here\n".to_vec()),
        };
        self.deliver(request, answer, None, None)
    }

    fn jitter(&self) -> Duration {
        let jitter = u64::try_from(self.shared.jitter.as_micros()).unwrap_or(u64::MAX);
        if jitter == 0 {
            return Duration::ZERO;
        }
        let number = self.shared.requests.fetch_add(1, Ordering::Relaxed);
        Duration::from_micros(SimRng::of(&[self.shared.seed, number, 0x717]).below(jitter))
    }

    /// Waits while a fault of this kind is set, at most for its duration. Returns whether the simulator
    /// stops.
    fn stall(&self, kind: &FaultKind, time: Duration) -> bool {
        let ends = Instant::now() + time;
        while Instant::now() < ends && self.shared.script.holds(kind) {
            if self
                .shared
                .stop
                .sleep_until(ends.min(Instant::now() + LOOK))
            {
                return true;
            }
        }
        false
    }

    /// The response, and the fault to apply when it is sent.
    fn answer(
        &self,
        request: &Request,
        path: Option<&str>,
        kind: Resource,
        verdict: Admission,
    ) -> (HttpAnswer, Option<Fault>) {
        let shared = self.shared;
        let reference = SimRng::of(&[shared.seed, self.number]).number();
        if verdict != Admission::Admitted {
            return (
                block_page(403, error_pages::rate_threshold(reference)),
                None,
            );
        }
        if kind.is_edgar() && !is_declared(request.header("user-agent")) {
            return (block_page(403, error_pages::undeclared(reference)), None);
        }
        let fault = shared
            .script
            .strike(&request.target, kind)
            // The target of a redirect exists.
            .filter(|fault| !(fault.kind == FaultKind::Redirect && request.query() == REDIRECTED));
        if let Some(answer) = fault
            .as_ref()
            .and_then(|fault| self.instead(&fault.kind, request, reference))
        {
            return (answer, fault);
        }
        let answer = match (request.method.as_str(), path) {
            ("GET" | "HEAD", Some(path)) => {
                let (range, header) = (request.header("range"), |name: &str| request.header(name));
                let archive = shared
                    .archives
                    .answer(path, &shared.universe, range, header);
                archive.unwrap_or_else(|| routes::answer(&shared.universe, path))
            }
            ("GET" | "HEAD", None) => HttpAnswer::new(400, "text/plain", b"bad path\n".to_vec()),
            _ => HttpAnswer::new(405, "text/plain", b"only GET and HEAD\n".to_vec()),
        };
        (unless_unchanged(request, answer), fault)
    }

    /// The response of a fault that replaces the right response.
    fn instead(&self, kind: &FaultKind, request: &Request, reference: u64) -> Option<HttpAnswer> {
        let html = "text/html";
        let redirect = |to: String| {
            HttpAnswer::new(302, html, Vec::new())
                .plain()
                .with("Location", to)
        };
        let target = &request.target;
        Some(match kind {
            FaultKind::Status(status, retry_after) => {
                let path = request.path().unwrap_or_default();
                let answer = match status {
                    403 | 404 => routes::missing(&self.shared.universe, &path),
                    _ => HttpAnswer::new(*status, html, error_pages::unavailable(reference)),
                };
                let answer = HttpAnswer {
                    status: *status,
                    ..answer
                };
                match *retry_after {
                    None => answer,
                    Some(RetryAfter::Seconds(s)) => answer.with("Retry-After", s.to_string()),
                    Some(RetryAfter::Date(s)) => {
                        let date = jiff::Timestamp::now()
                            .checked_add(jiff::SignedDuration::from_secs(i64::from(s)))
                            .map_or_else(|_| String::new(), http_date);
                        answer.with("Retry-After", date)
                    }
                }
            }
            FaultKind::ErrorPage => HttpAnswer::new(200, html, error_pages::unavailable(reference)),
            FaultKind::Gateway => HttpAnswer::new(200, html, error_pages::gateway()),
            FaultKind::Login => HttpAnswer::new(200, html, error_pages::login(target)),
            FaultKind::Random => {
                let before = self.shared.noises.fetch_add(1, Ordering::Relaxed);
                let mut rng = SimRng::of(&[self.shared.seed, key_of(target), before]);
                let noise = (0..400).flat_map(|_| rng.number().to_le_bytes());
                HttpAnswer::new(200, "application/octet-stream", noise.collect())
            }
            FaultKind::JsonShape => HttpAnswer::new(
                200,
                "application/json",
                br#"{"unexpected":[1,2,3]}"#.to_vec(),
            ),
            FaultKind::Empty | FaultKind::Huge(_) => HttpAnswer::new(200, html, Vec::new()).plain(),
            FaultKind::RedirectLoop => redirect(target.clone()),
            FaultKind::RedirectOffsite => redirect(format!("http://offsite.invalid{target}")),
            FaultKind::Redirect => redirect(format!("{target}?{REDIRECTED}")),
            FaultKind::Throttle => {
                lock(&self.shared.limiter).block(Instant::now());
                block_page(403, error_pages::rate_threshold(reference))
            }
            FaultKind::ThrottlePage(status) => {
                block_page(*status, error_pages::rate_threshold(reference))
            }
            FaultKind::Undeclared => block_page(403, error_pages::undeclared(reference)),
            FaultKind::Policy => block_page(403, error_pages::policy(reference)),
            _ => return None,
        })
    }

    /// Sends a response, changed by the fault if there is one.
    fn deliver(
        &self,
        request: &Request,
        mut answer: HttpAnswer,
        fault: Option<&FaultKind>,
        entry: Option<EntryId>,
    ) -> AfterAnswer {
        let mut wire = LoggedStream {
            stream: self.stream,
            log: &self.shared.log,
            entry,
            status: Some(answer.status),
        };
        match fault {
            // Closing with an unread byte resets the connection.
            Some(FaultKind::Reset(ResetMoment::Before)) => return AfterAnswer::Close,
            Some(FaultKind::Reset(moment)) => {
                let (mut bytes, body) = self.form(request, &mut answer, false);
                if *moment == ResetMoment::Headers {
                    bytes.truncate(bytes.len() / 2);
                } else {
                    bytes.extend_from_slice(&body[..body.len() / 2]);
                }
                let _ = wire.write(&bytes);
                return AfterAnswer::Close;
            }
            _ => {}
        }
        if !finish_reading(self.stream) {
            return AfterAnswer::Close;
        }
        match fault {
            Some(FaultKind::Refuse) => return AfterAnswer::Close,
            Some(FaultKind::Garbage) => {
                wire.status = None;
                let _ = wire.write(b"\x15\x03\x01 this is no HTTP\r\n\r\n");
                return AfterAnswer::Close;
            }
            Some(kind @ FaultKind::Stall(time)) if self.stall(kind, *time) => {
                return AfterAnswer::Close;
            }
            Some(FaultKind::JsonCut) => answer.body.truncate(answer.body.len() / 2),
            Some(FaultKind::Altered) => {
                let middle = answer.body.len() / 2;
                if let Some(byte) = answer.body.get_mut(middle) {
                    *byte ^= 1;
                }
            }
            _ => {}
        }
        let sent = match fault {
            Some(kind) => self.spoiled(request, &mut answer, kind, &mut wire),
            None => self.whole(request, &mut answer, &mut wire),
        };
        match sent {
            Ok(next) if request.keep_alive => next,
            _ => AfterAnswer::Close,
        }
    }

    fn whole(
        &self,
        request: &Request,
        answer: &mut HttpAnswer,
        wire: &mut LoggedStream,
    ) -> io::Result<AfterAnswer> {
        let (mut bytes, body) = self.form(request, answer, false);
        if request.method != "HEAD" {
            if body.len() < 64 * 1024 {
                bytes.extend_from_slice(&body);
            } else {
                wire.write(&bytes)?;
                bytes = body;
            }
        }
        wire.write(&bytes)?;
        Ok(AfterAnswer::Request)
    }

    /// The headers and body of a response, compressed if the client accepts it or a fault requires it.
    fn form(&self, request: &Request, answer: &mut HttpAnswer, force: bool) -> (Vec<u8>, Vec<u8>) {
        let (body, gzipped) = self.body(request, answer, force);
        let framing = Framing::Length(body.len() as u64);
        (head(answer, gzipped, framing, request.keep_alive), body)
    }

    fn body(&self, request: &Request, answer: &mut HttpAnswer, force: bool) -> (Vec<u8>, bool) {
        let body = std::mem::take(&mut answer.body);
        let wanted = answer.compressible && self.shared.compress && request.accepts_gzip();
        if force || (wanted && !body.is_empty()) {
            (gzip(&body), true)
        } else {
            (body, false)
        }
    }

    /// Sends a response with a fault.
    fn spoiled(
        &self,
        request: &Request,
        answer: &mut HttpAnswer,
        kind: &FaultKind,
        wire: &mut LoggedStream,
    ) -> io::Result<AfterAnswer> {
        let force = matches!(kind, FaultKind::GzipCut | FaultKind::GzipDamaged);
        let stop = &self.shared.stop;
        match kind {
            FaultKind::ShortBody => {
                let (bytes, body) = self.form(request, answer, false);
                wire.write(&bytes)?;
                wire.write(&body[..body.len() / 2])?;
                return Ok(AfterAnswer::Close);
            }
            FaultKind::GzipCut | FaultKind::GzipDamaged => {
                let (mut body, _) = self.body(request, answer, force);
                let middle = body.len() / 2;
                if *kind == FaultKind::GzipCut {
                    body.truncate(middle);
                } else {
                    for byte in body[middle..].iter_mut().take(8) {
                        *byte ^= 0x55;
                    }
                }
                let framing = Framing::Length(body.len() as u64);
                wire.write(&head(answer, true, framing, request.keep_alive))?;
                wire.write(&body)?;
            }
            FaultKind::Chunked | FaultKind::ChunkedCut => {
                let (body, gzipped) = self.body(request, answer, false);
                wire.write(&head(answer, gzipped, Framing::Chunked, request.keep_alive))?;
                let cut = *kind == FaultKind::ChunkedCut;
                let end = if cut { body.len() / 2 } else { body.len() };
                for chunk in body[..end].chunks(8 * 1024) {
                    wire.write(format!("{:x}\r\n", chunk.len()).as_bytes())?;
                    wire.write(chunk)?;
                    wire.write(b"\r\n")?;
                }
                if cut {
                    return Ok(AfterAnswer::Close);
                }
                wire.write(b"0\r\n\r\n")?;
            }
            FaultKind::CloseCut | FaultKind::CloseDelimited => {
                let (body, gzipped) = self.body(request, answer, false);
                let cut = *kind == FaultKind::CloseCut;
                let end = if cut { body.len() / 2 } else { body.len() };
                wire.write(&head(answer, gzipped, Framing::Close, false))?;
                wire.write(&body[..end])?;
                return Ok(AfterAnswer::Close);
            }
            FaultKind::StallBody(time) => {
                let (bytes, body) = self.form(request, answer, false);
                let (first, second) = body.split_at(body.len() / 2);
                wire.write(&bytes)?;
                wire.write(first)?;
                if self.stall(kind, *time) {
                    return Ok(AfterAnswer::Close);
                }
                wire.write(second)?;
            }
            FaultKind::Drip(pause) => {
                let (bytes, body) = self.form(request, answer, false);
                wire.write(&bytes)?;
                for byte in body {
                    wire.write(&[byte])?;
                    if stop.sleep(*pause) {
                        return Ok(AfterAnswer::Close);
                    }
                }
            }
            FaultKind::Huge(length) => {
                wire.write(&head(
                    answer,
                    false,
                    Framing::Length(*length),
                    request.keep_alive,
                ))?;
                let block = vec![b'x'; 64 * 1024];
                let mut left = *length;
                while left > 0 {
                    let take = usize::try_from(left).unwrap_or(usize::MAX).min(block.len());
                    wire.write(&block[..take])?;
                    left -= take as u64;
                }
            }
            FaultKind::Close => {
                self.whole(request, answer, wire)?;
                return Ok(AfterAnswer::Close);
            }
            _ => return self.whole(request, answer, wire),
        }
        Ok(AfterAnswer::Request)
    }
}

/// The time between two checks whether the fault of a stall is still set.
const LOOK: Duration = Duration::from_millis(5);

/// The query that marks the target of a redirect.
const REDIRECTED: &str = "redirected";

/// Reads the rest of an invalid request. Unread bytes would reset the connection before the client has read
/// the response.
fn finish_reading_quietly(stream: &TcpStream, status: u16) -> bool {
    status == 431 || finish_reading(stream)
}

/// A page of the network in front of EDGAR.
fn block_page(status: u16, body: Vec<u8>) -> HttpAnswer {
    HttpAnswer::new(status, "text/html", body)
        .with("Server", "AkamaiGHost")
        .with("Mime-Version", "1.0")
        .with("Cache-Control", "no-cache,no-store")
}

/// Whether a user agent contains something like an e-mail address, as EDGAR requires.
fn is_declared(user_agent: Option<&str>) -> bool {
    user_agent.is_some_and(|agent| {
        agent.split_whitespace().any(|word| {
            word.split_once('@')
                .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
        })
    })
}

/// Responds with 304 if the client has the current version.
fn unless_unchanged(request: &Request, answer: HttpAnswer) -> HttpAnswer {
    let same = |theirs: &str, ours: &str| {
        let theirs = request.header(theirs);
        theirs.is_some() && theirs == answer.header(ours)
    };
    let unchanged = answer.status == 200
        && (same("if-none-match", "etag") || same("if-modified-since", "last-modified"));
    if unchanged {
        HttpAnswer {
            status: 304,
            body: Vec::new(),
            ..answer
        }
    } else {
        answer
    }
}

/// The sending side of a connection, which logs the sent bytes.
struct LoggedStream<'a> {
    stream: &'a TcpStream,
    log: &'a RequestLog,
    entry: Option<EntryId>,
    status: Option<u16>,
}

impl LoggedStream<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(entry) = self.entry {
            self.log.answering(entry, self.status, bytes.len() as u64);
        }
        self.stream.write_all(bytes)
    }
}

#[cfg(test)]
mod tests;
