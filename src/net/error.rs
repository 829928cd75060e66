//! Why an attempt failed.

use std::io;
use std::time::Duration;

use thiserror::Error;

use super::outage::{ConnectionFailure, Refusal};

/// Why an attempt failed. [`super::Client::next_step`] decides what follows.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The server has no such file (404, or S3's "`AccessDenied`").
    #[error("not found")]
    NotFound,
    /// Too many requests. The host is already blocked in the limiter; the item is retried afterwards.
    #[error(
        "EDGAR says \"too many requests\"; run the same command again in an hour, or with a lower --rate"
    )]
    Throttled {
        /// Whether the body was EDGAR's own block page. That page is never the item's fault, while a
        /// plain status 429 may be.
        page: bool,
    },
    /// EDGAR does not accept the user agent. Every other request would fail, too.
    #[error(
        "EDGAR does not accept this user agent; set --user-agent to \"Company Name contact@example.com\", with your own name and address"
    )]
    UndeclaredAgent,
    /// The server failed (5xx) or asks to retry later.
    #[error(
        "server error (status {status}) of EDGAR or of a proxy: run the same command again later"
    )]
    Server {
        /// The status of the response.
        status: u16,
        /// How long to wait before the next request, from `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// Refused for an unknown reason. A retry would not help.
    #[error("refused (status {status}); {}", refusal(*status))]
    Refused {
        /// The status of the response.
        status: u16,
    },
    /// The host refuses every request, so no further request is sent to it.
    #[error(
        "{} refuses every request (refusals in a row: {}; the last one: refused (status {}); {}); then run the same command again",
        .0.host, .0.in_a_row, .0.status, refusal(.0.status)
    )]
    Shut(Box<Refusal>),
    /// The body is cut off, damaged, or not the kind of content that was requested.
    #[error("damaged answer: {0}")]
    Damaged(String),
    /// A web page in place of something else, with a status that says success. EDGAR has none such.
    #[error(
        "{0}; something between here and EDGAR answers in its place: open the URL in a browser, log in if it asks for it, and check proxy and firewall"
    )]
    Page(&'static str),
    /// The body has more bytes than any such file.
    #[error("larger than the limit of {limit} bytes")]
    TooLarge {
        /// The limit, in decoded bytes.
        limit: u64,
    },
    /// A redirect that is not followed.
    #[error("{cause}; {step}", cause = .0, step = refusal(302))]
    Redirect(String),
    /// The connection broke or stalled during the response, or the response is not proper HTTP.
    #[error("{0}")]
    Network(String),
    /// No response at all: the connection was refused or reset, the host was not found, TLS failed,
    /// or time ran out before the response began.
    #[error("{}", .0.cause)]
    Unreachable(Box<ConnectionFailure>),
    /// The host cannot be reached. Every other request to it would fail, too.
    #[error(
        "cannot reach {} (failed connections in a row: {}; the last one: {}); run the same command again once it can be reached",
        .0.host, .0.in_a_row, .0.cause
    )]
    Outage(Box<ConnectionFailure>),
    /// Writing the body failed, not the network.
    #[error("cannot write: {0}")]
    Sink(#[source] io::Error),
    /// The client's settings do not allow requests to this host.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The run is being stopped.
    #[error("stopped")]
    Stopped,
}

impl FetchError {
    /// The kind of the failure in one word; `v_errors` groups by it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Throttled { .. } => "throttled",
            Self::UndeclaredAgent => "undeclared_agent",
            Self::Server { .. } => "server",
            Self::Refused { .. } | Self::Shut(_) => "refused",
            Self::Damaged(_) => "damaged",
            Self::Page(_) => "no_document",
            Self::TooLarge { .. } => "too_large",
            Self::Redirect(_) => "redirect",
            Self::Network(_) | Self::Unreachable(_) | Self::Outage(_) => "network",
            Self::Sink(_) => "disk",
            Self::Forbidden(_) => "forbidden",
            Self::Stopped => "stopped",
        }
    }
}

/// The most likely cause of a refusal, and the next step.
fn refusal(status: u16) -> &'static str {
    match status {
        401 => {
            "the server requires a login, which EDGAR never does: check --archives-url, proxy and firewall"
        }
        407 => {
            "a proxy requires a user and a password: set HTTPS_PROXY to http://user:password@host:port"
        }
        403 => {
            "EDGAR always gives a reason for this status, and the response has none: check proxy and firewall, and open the URL in a browser"
        }
        300..=399 => {
            "EDGAR sends nobody elsewhere, a login page on the way does: open the URL in a browser, log in if it asks for it, and check --archives-url and --data-url"
        }
        451 => "what is between here and EDGAR forbids it: check proxy and firewall",
        _ => "neither EDGAR's way to say no nor a page: check proxy, firewall and the URL",
    }
}
