//! One try, from top to bottom: the wait for a turn, the request, the verdict, the checked body.

use std::io;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use log::debug;
use url::Url;

use super::agent::{self, Agent, Timeouts};
use super::body::IncomingBody;
use super::buffers::Buffers;
use super::error::FetchError;
use super::limit::{self, Answer, Limiter};
use super::outage::Outages;
use super::request::{Expect, Portion, RequestKind, Validators};
use super::traffic::Traffic;
use super::user_agent::UserAgent;
use super::verdict::Verdict;
use super::{SEC_RATE, redirect, retry};
use crate::cancel::Cancel;

/// How a [`Client`] behaves.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// Required for hosts under sec.gov.
    pub user_agent: Option<UserAgent>,
    /// Requests a second, over all threads and all runs on this machine; `None`: no limit.
    pub rate: Option<NonZeroU32>,
    /// The user's state folder of this program; made when missing.
    pub state_dir: PathBuf,
    /// How many threads ask at the same time: so many connections are kept alive.
    pub connections: usize,
    /// How long nothing is asked of a host that said "too many requests".
    pub block_cooldown: Duration,
    /// How long a request may take.
    pub timeouts: Timeouts,
    /// The name of the limit, from [`site_of`].
    pub site: String,
}

/// What came of asking for a file, perhaps on a condition.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and it is taken apart at once"
)]
pub enum Reply<'a> {
    /// The version that the client has is the current one.
    Unchanged,
    /// The file is not as long as what the client has of it.
    NoRest,
    /// The file, or its rest.
    Content(Content<'a>),
}

/// A body that came whole, as far as it can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Its decoded length in bytes.
    pub length: u64,
    /// Whether a length or hash that the server or EDGAR's list names says so (`Content-Length`, an MD5
    /// in the `ETag`, the listed size), and not its own form alone.
    pub is_proven: bool,
}

/// A good answer whose body is still to be read.
#[derive(Debug)]
pub struct Content<'a> {
    /// Where the body begins in the file; more than 0 only where the rest was asked for.
    pub start: u64,
    /// The length of the whole file, where the server says so.
    pub total: Option<u64>,
    /// Which version it is.
    pub validators: Validators,
    incoming: IncomingBody<'a>,
    client: &'a Client,
}

impl Content<'_> {
    /// Streams the body into `sink`, and returns its length without what came before it.
    ///
    /// # Errors
    /// When the body is cut, damaged or too large, or the sink fails.
    pub fn copy_to(self, sink: &mut dyn io::Write) -> Result<u64, FetchError> {
        self.receive(sink).map(|received| received.length)
    }

    fn receive(self, sink: &mut dyn io::Write) -> Result<Received, FetchError> {
        let client = self.client;
        self.incoming
            .copy_to(sink)
            .map_err(|error| client.blame(error))
    }
}

/// One agent and one gate, shared by all threads of a run.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    gate: Limiter,
    outages: Outages,
    cancel: Cancel,
    traffic: Arc<Traffic>,
    timeouts: Timeouts,
    buffers: Buffers,
    rate: Option<NonZeroU32>,
    /// Whether user agent, rate and site are what EDGAR asks for.
    fit_for_sec: bool,
    hung_up: AtomicBool,
}

impl Client {
    /// A client with these settings. Sends nothing yet.
    ///
    /// # Errors
    /// When the shared state cannot be kept in `state_dir`, or the proxy is of an unknown kind.
    pub fn new(settings: &ClientSettings, cancel: Cancel) -> anyhow::Result<Self> {
        let traffic = Arc::new(Traffic::default());
        let gate = Limiter::new(
            &settings.state_dir,
            &settings.site,
            settings.rate,
            settings.block_cooldown,
            Arc::clone(&traffic),
        )?;
        Ok(Self {
            agent: Agent::new(settings)?,
            gate,
            outages: Outages::default(),
            cancel,
            traffic,
            timeouts: settings.timeouts,
            buffers: Buffers::default(),
            rate: settings.rate,
            fit_for_sec: settings.user_agent.is_some()
                && settings.rate.is_some_and(|rate| rate.get() <= SEC_RATE)
                && settings.site == limit::SEC,
            hung_up: AtomicBool::new(false),
        })
    }

    /// One try. Waits for its turn, asks, and reads the whole decoded body into memory.
    ///
    /// # Errors
    /// Every way in which a try can fail; see [`FetchError`].
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

    /// One try, streaming the decoded body into `sink`. The sink sees nothing of an
    /// answer whose first bytes show that it is an error page; it has to forget what it got when this fails.
    ///
    /// # Errors
    /// Every way in which a try can fail; see [`FetchError`].
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

    /// One try, up to the beginning of the body, for a file of which something may be there already.
    ///
    /// # Errors
    /// Every way in which a try can fail; see [`FetchError`].
    pub fn ask(
        &self,
        url: &Url,
        kind: RequestKind,
        expect: Expect,
        want: Portion<'_>,
    ) -> Result<Reply<'_>, FetchError> {
        self.follow(url, kind, expect, want)
            .map_err(|error| self.blame(error))
    }

    /// Decides what follows a failed try, as [`retry::next`] does, and returns the error to report.
    ///
    /// An item is not given up because of a host that has never answered this client: that is an
    /// outage. The answer is then [`retry::NextTry::AbortRun`] with [`FetchError::Outage`]. In every
    /// other case the error is the one that was passed in.
    pub fn next_step(
        &self,
        error: FetchError,
        tries_made: u32,
        max_attempts: u32,
    ) -> (retry::NextTry, FetchError) {
        let next = retry::next(&error, tries_made, max_attempts, fastrand::f64());
        match error {
            FetchError::Unreachable(failure)
                if next == retry::NextTry::GiveUp && !self.outages.has_answered(&failure.host) =>
            {
                (retry::NextTry::AbortRun, FetchError::Outage(failure))
            }
            error => (next, error),
        }
    }

    /// A connection that we cut ourselves is no fault of the network.
    fn blame(&self, error: FetchError) -> FetchError {
        let ours = self.hung_up.load(Relaxed)
            && matches!(error, FetchError::Network(_) | FetchError::Damaged(_));
        if ours { FetchError::Stopped } else { error }
    }

    /// Tries until it works, or until another try would not help: for the few lists that everything
    /// else waits for, so that waiting holds nothing up.
    ///
    /// # Errors
    ///
    /// The last try's error; [`FetchError::Stopped`] when the run is to stop.
    pub fn with_retries<T>(
        &self,
        max_attempts: u32,
        mut attempt: impl FnMut() -> Result<T, FetchError>,
    ) -> Result<T, FetchError> {
        let mut tries = 0;
        loop {
            let error = match attempt() {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            tries += u32::from(retry::counts_as_try(&error));
            let (next, error) = self.next_step(error, tries, max_attempts);
            match next {
                retry::NextTry::After(wait) => {
                    self.traffic().count_retry();
                    if self.cancel.sleep(wait) {
                        return Err(FetchError::Stopped);
                    }
                }
                _ => return Err(error),
            }
        }
    }

    /// What it means that a request brought no response. A connection failure is counted, unless
    /// [`Client::hang_up`] caused it.
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

    /// What has been asked so far.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Requests a second that are allowed; `None`: no limit.
    pub fn rate(&self) -> Option<NonZeroU32> {
        self.rate
    }

    /// Cuts every connection, so that threads waiting for an answer come back at once with
    /// [`FetchError::Stopped`]. For the end of a run that does not want to wait for a stalled server.
    pub fn hang_up(&self) {
        self.hung_up.store(true, Relaxed);
        self.agent.hang_up();
    }

    /// Asks, and follows redirects within the site.
    fn follow(
        &self,
        url: &Url,
        kind: RequestKind,
        expect: Expect,
        want: Portion<'_>,
    ) -> Result<Reply<'_>, FetchError> {
        let mut url = url.clone();
        let headers = want.headers(expect);
        for _ in 0..=redirect::MOST {
            let host = url.host_str().unwrap_or_default();
            if limit::is_sec(host) && !self.fit_for_sec {
                return Err(FetchError::Forbidden(
                    "sec.gov is only asked with a declared user agent and at most 10 requests a second; check --user-agent and --rate",
                ));
            }
            let name = gate_name(&url);
            let pass = self
                .gate
                .enter(&name, &self.cancel)
                .map_err(|_| FetchError::Stopped)?;
            // After the wait for a turn, in which other threads may have failed.
            self.outages.check(&name)?;
            self.traffic.count_request(kind);
            let (response, pending) = match self.agent.send(pass, &url, &headers) {
                Ok(response) => response,
                Err(error) => return Err(self.no_response(&name, &error)),
            };
            self.outages.answered(&name);
            let (asked, timeouts) = (want.asked(), self.timeouts);
            let mut incoming = IncomingBody::new(
                response,
                expect,
                asked,
                timeouts,
                &self.traffic,
                &self.buffers,
            );
            let status = incoming.status();
            let verdict = incoming.judge()?;
            if redirect::is_redirect(status) && verdict == Verdict::Refused {
                pending.resolve(Answer::Fine);
                let target = redirect::target(&url, incoming.location());
                url = target.map_err(FetchError::Redirect)?;
                debug!("redirected within the site");
                continue;
            }
            pending.resolve(answer(&verdict));
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
                Verdict::Refused => Err(FetchError::Refused { status }),
                Verdict::Damaged(why) => Err(FetchError::Damaged(why.to_owned())),
            };
        }
        Err(FetchError::Redirect(format!(
            "more than {} redirects, one after the other",
            redirect::MOST
        )))
    }
}

/// The host as pauses and outages know it, with a port where it is not the usual one.
fn gate_name(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// What a verdict says about the host.
fn answer(verdict: &Verdict) -> Answer {
    match *verdict {
        Verdict::Good
        | Verdict::Rest
        | Verdict::Unchanged
        | Verdict::NoRest
        | Verdict::NotFound => Answer::Fine,
        Verdict::Throttled { retry_after, page } => Answer::Throttled {
            asked: retry_after,
            page,
        },
        Verdict::Refused => Answer::Refused,
        Verdict::UndeclaredAgent | Verdict::Server { .. } | Verdict::Damaged(_) => Answer::Unclear,
    }
}
