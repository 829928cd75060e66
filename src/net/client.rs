//! One attempt: wait for a pass, send the request, classify the response, copy the checked body.

use std::io;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use log::debug;
use url::Url;

use super::agent::{self, Agent, Timeouts};
use super::bare_429::Bare429;
use super::body::IncomingBody;
use super::error::FetchError;
use super::limit::{self, Answer, Limiter};
use super::outage::Outages;
use super::request::{Expect, Portion, RequestKind, Validators};
use super::traffic::Traffic;
use super::user_agent::UserAgent;
use super::verdict::Verdict;
use super::{SEC_RATE, redirect, retry};
use crate::cancel::Cancel;

/// The settings of a [`Client`].
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// Required for hosts under sec.gov.
    pub user_agent: Option<UserAgent>,
    /// Requests a second, over all threads and all runs of this user; `None` is no limit.
    pub rate: Option<NonZeroU32>,
    /// The folder for state that all runs of the user share. It is created when it is missing.
    pub state_dir: PathBuf,
    /// How many threads send requests at the same time. As many connections are kept alive.
    pub connections: usize,
    /// How long a host that answered "too many requests" gets no request.
    pub block_cooldown: Duration,
    /// Time limits for each request.
    pub timeouts: Timeouts,
    /// The site whose limit applies, from [`limit::site_of`].
    pub site: String,
}

/// The result of a request that may be conditional.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "only one exists at a time, and only for a moment"
)]
pub enum Reply<'a> {
    /// The file has not changed since the version that the client has.
    Unchanged,
    /// The file has no bytes after those that the client has.
    NoRest,
    /// The file, or its rest.
    Content(Content<'a>),
}

/// A body that was received completely, as far as that can be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Decoded length in bytes.
    pub length: u64,
    /// Whether a declared length or hash shows that the body is complete: `Content-Length`, an MD5 in
    /// the `ETag`, or the size that EDGAR lists. Otherwise only the body's own form shows it.
    pub is_proven: bool,
    /// Whether the server named its `Last-Modified`, as EDGAR does for each document.
    pub is_dated: bool,
}

/// A good response whose body is still to be read.
#[derive(Debug)]
pub struct Content<'a> {
    /// The offset of the body in the file; 0 unless the rest was requested.
    pub start: u64,
    /// The length of the whole file, if the server declares it.
    pub total: Option<u64>,
    pub validators: Validators,
    incoming: IncomingBody<'a>,
    client: &'a Client,
}

impl Content<'_> {
    /// Streams the body into `sink`. Returns the length of the body.
    ///
    /// # Errors
    /// When the body is cut off, damaged or too large, or `sink` fails.
    pub fn copy_to(self, sink: &mut dyn io::Write) -> Result<u64, FetchError> {
        self.receive(sink).map(|received| received.length)
    }

    fn receive(self, sink: &mut dyn io::Write) -> Result<Received, FetchError> {
        let client = self.client;
        self.incoming
            .copy_to(sink)
            .map_err(|error| client.or_stopped(error))
    }
}

/// Sends all requests of a run; shared by all its threads.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    limiter: Limiter,
    outages: Outages,
    bare_429: Bare429,
    cancel: Cancel,
    traffic: Arc<Traffic>,
    timeouts: Timeouts,
    rate: Option<NonZeroU32>,
    /// Whether user agent, rate and site allow requests to sec.gov.
    fit_for_sec: bool,
    hung_up: AtomicBool,
}

impl Client {
    /// Creates a client. Sends no request yet.
    ///
    /// # Errors
    /// When `state_dir` cannot be used for the shared state, or the kind of proxy is not supported.
    pub fn new(settings: &ClientSettings, cancel: Cancel) -> anyhow::Result<Self> {
        let traffic = Arc::new(Traffic::default());
        let limiter = Limiter::new(
            &settings.state_dir,
            &settings.site,
            settings.rate,
            settings.block_cooldown,
            Arc::clone(&traffic),
        )?;
        Ok(Self {
            agent: Agent::new(settings)?,
            limiter,
            outages: Outages::default(),
            bare_429: Bare429::default(),
            cancel,
            traffic,
            timeouts: settings.timeouts,
            rate: settings.rate,
            fit_for_sec: settings.user_agent.is_some()
                && settings.rate.is_some_and(|rate| rate.get() <= SEC_RATE)
                && settings.site == limit::SEC,
            hung_up: AtomicBool::new(false),
        })
    }

    /// Makes one attempt: waits for a pass, sends the request and reads the whole decoded body into
    /// memory.
    ///
    /// # Errors
    /// Every reason for which an attempt can fail; see [`FetchError`].
    pub fn fetch(
        &self,
        url: &Url,
        kind: RequestKind,
        expect: Expect,
    ) -> Result<Vec<u8>, FetchError> {
        let mut bytes = Vec::new();
        self.download(url, kind, expect, &mut bytes)?;
        Ok(bytes)
    }

    /// Makes one attempt and streams the decoded body into `sink`. An error page never reaches `sink`.
    /// After an error the caller must discard what `sink` received.
    ///
    /// # Errors
    /// Every reason for which an attempt can fail; see [`FetchError`].
    pub fn download(
        &self,
        url: &Url,
        kind: RequestKind,
        expect: Expect,
        sink: &mut dyn io::Write,
    ) -> Result<Received, FetchError> {
        match self.ask(url, kind, expect, Portion::Whole)? {
            Reply::Content(content) => content.receive(sink),
            Reply::Unchanged | Reply::NoRest => unreachable!("the whole was asked for"),
        }
    }

    /// Makes one attempt up to the start of the body. The request may be conditional (see [`Portion`]).
    ///
    /// # Errors
    /// Every reason for which an attempt can fail; see [`FetchError`].
    pub fn ask(
        &self,
        url: &Url,
        kind: RequestKind,
        expect: Expect,
        want: Portion<'_>,
    ) -> Result<Reply<'_>, FetchError> {
        self.follow(url, kind, expect, want)
            .map_err(|error| self.or_stopped(error))
    }

    /// Decides what follows a failed attempt, as [`retry::next`] does, and returns the error to report.
    ///
    /// A host that has never answered this client is an outage, so the item is not given up: the
    /// decision is then [`retry::AfterFailure::AbortRun`] with [`FetchError::Outage`]. In every other case
    /// the error is the one that was passed in.
    pub fn next_step(
        &self,
        error: FetchError,
        attempts_made: u32,
        max_attempts: u32,
    ) -> (retry::AfterFailure, FetchError) {
        let next = retry::next(&error, attempts_made, max_attempts, fastrand::f64());
        match error {
            FetchError::Unreachable(failure)
                if next == retry::AfterFailure::GiveUp
                    && !self.outages.has_answered(&failure.host) =>
            {
                (retry::AfterFailure::AbortRun, FetchError::Outage(failure))
            }
            error => (next, error),
        }
    }

    /// Turns an error into [`FetchError::Stopped`] if [`Client::close_connections`] caused it.
    fn or_stopped(&self, error: FetchError) -> FetchError {
        let ours = self.hung_up.load(Relaxed)
            && matches!(error, FetchError::Network(_) | FetchError::Damaged(_));
        if ours { FetchError::Stopped } else { error }
    }

    /// Retries until an attempt succeeds or a retry would not help, and sleeps in between. Only for the
    /// company lists and indexes: nothing else could run while they are fetched.
    ///
    /// # Errors
    ///
    /// The error of the last attempt, or [`FetchError::Stopped`] when the run stops.
    pub fn with_retries<T>(
        &self,
        max_attempts: u32,
        mut attempt: impl FnMut() -> Result<T, FetchError>,
    ) -> Result<T, FetchError> {
        let mut attempts = 0;
        loop {
            let error = match attempt() {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            attempts += u32::from(retry::counts_as_attempt(&error));
            let (next, error) = self.next_step(error, attempts, max_attempts);
            match next {
                retry::AfterFailure::After(wait) => {
                    self.traffic().count_retry();
                    if self.cancel.sleep(wait) {
                        return Err(FetchError::Stopped);
                    }
                }
                _ => return Err(error),
            }
        }
    }

    /// The error for a request without a response. Counts a connection failure, unless
    /// [`Client::close_connections`] caused it.
    fn no_response(&self, host: &str, error: &ureq::Error) -> FetchError {
        let cause = agent::cause(error);
        if self.hung_up.load(Relaxed) {
            FetchError::Stopped
        } else if agent::is_connection_failure(error) {
            self.outages.failed(host, cause)
        } else {
            FetchError::Network(cause)
        }
    }

    /// The counters of this client's requests.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// The limit in requests a second; `None` is no limit.
    pub fn rate(&self) -> Option<NonZeroU32> {
        self.rate
    }

    /// Closes every connection, so that threads that wait for a response return at once with
    /// [`FetchError::Stopped`]. Used when a run stops and a server stalls.
    pub fn close_connections(&self) {
        self.hung_up.store(true, Relaxed);
        self.agent.close_connections();
    }

    /// Sends the request and follows redirects within the site.
    fn follow(
        &self,
        url: &Url,
        kind: RequestKind,
        expect: Expect,
        want: Portion<'_>,
    ) -> Result<Reply<'_>, FetchError> {
        let mut url = url.clone();
        let headers = want.headers(expect);
        let mut hops = 0;
        loop {
            let host = url.host_str().unwrap_or_default();
            if limit::is_sec(host) && !self.fit_for_sec {
                return Err(FetchError::Forbidden(
                    "requests to sec.gov need a declared user agent and at most 10 requests a second; \
                     check --user-agent and --rate",
                ));
            }
            let name = host_key(&url);
            let pass = self
                .limiter
                .enter(&name, &self.cancel)
                .map_err(|_| FetchError::Stopped)?;
            // Checked after the wait: other threads may have found the outage meanwhile.
            self.outages.check(&name, kind)?;
            self.traffic.count_request(kind);
            let (response, pending) = match self.agent.send(pass, &url, &headers) {
                Ok(response) => response,
                Err(error) => return Err(self.no_response(&name, &error)),
            };
            self.outages.answered(&name);
            let (asked, timeouts) = (want.asked(), self.timeouts);
            let mut incoming = IncomingBody::new(response, expect, asked, timeouts, &self.traffic);
            let status = incoming.status();
            let verdict = incoming.classify()?;
            if redirect::is_redirect(status) && verdict == Verdict::Refused {
                pending.resolve(Answer::Fine);
                let target = redirect::target(&url, incoming.location());
                hops += 1;
                url = match target {
                    Ok(_) if hops > redirect::MOST => {
                        let cause = format!("more than {} redirects in a row", redirect::MOST);
                        return Err(self.redirected((&name, kind), status, cause));
                    }
                    Ok(target) => target,
                    Err(cause) => return Err(self.redirected((&name, kind), status, cause)),
                };
                debug!("redirected within the site");
                continue;
            }
            let answer = self.answer((&name, kind), &url, &verdict);
            pending.resolve(answer);
            return match verdict {
                Verdict::Good | Verdict::Rest => {
                    let from = match want {
                        Portion::Rest { from, .. } => from,
                        Portion::Whole | Portion::Changed(_) => 0,
                    };
                    let (start, total) = incoming.place(from)?;
                    Ok(Reply::Content(Content {
                        start,
                        total,
                        validators: incoming.validators().clone(),
                        incoming,
                        client: self,
                    }))
                }
                Verdict::Unchanged => Ok(Reply::Unchanged),
                Verdict::NoRest => Ok(Reply::NoRest),
                Verdict::NotFound => Err(FetchError::NotFound),
                Verdict::Throttled { page, .. } => Err(FetchError::Throttled { page }),
                Verdict::UndeclaredAgent => Err(FetchError::UndeclaredAgent),
                Verdict::Server { retry_after } => Err(FetchError::Server {
                    status,
                    retry_after,
                }),
                Verdict::Refused => Err(self.outages.refused(&name, kind, status)),
                Verdict::Damaged(why) => Err(FetchError::Damaged(why.to_owned())),
                Verdict::Page(why) => Err(FetchError::Page(why)),
            };
        }
    }

    /// The error for a redirect that is not followed. A login page on the way answers each request with
    /// one, so it counts as a refusal.
    fn redirected(
        &self,
        (host, kind): (&str, RequestKind),
        status: u16,
        cause: String,
    ) -> FetchError {
        match self.outages.refused(host, kind, status) {
            shut @ FetchError::Shut(_) => shut,
            _ => FetchError::Redirect(cause),
        }
    }

    /// What a verdict on the response to a request says about its host.
    fn answer(&self, (host, kind): (&str, RequestKind), url: &Url, verdict: &Verdict) -> Answer {
        match *verdict {
            Verdict::Good
            | Verdict::Rest
            | Verdict::Unchanged
            | Verdict::NoRest
            | Verdict::NotFound => {
                self.outages.fine(host, kind);
                self.bare_429.answered(host);
                Answer::Fine
            }
            Verdict::Throttled { page: false, .. } if !self.bare_429.pauses_host(host, url) => {
                Answer::Unclear
            }
            Verdict::Throttled { retry_after, page } => Answer::Throttled {
                asked: retry_after,
                page,
            },
            Verdict::UndeclaredAgent
            | Verdict::Refused
            | Verdict::Server { .. }
            | Verdict::Damaged(_)
            | Verdict::Page(_) => Answer::Unclear,
        }
    }
}

/// The host with its port, unless that is the default: the key of blocks and outages.
fn host_key(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
