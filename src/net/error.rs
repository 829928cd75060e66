//! Why a try failed.

use std::io;
use std::time::Duration;

use thiserror::Error;

use super::outage::ConnectionFailure;

/// Why a try failed. What follows is decided by [`Client::next_step`].
#[derive(Debug, Error)]
pub enum FetchError {
    /// The server has no such file (404, or S3's "`AccessDenied`").
    #[error("not found")]
    NotFound,
    /// Too many requests. The gate is closed already; the item is tried again after the pause.
    #[error("EDGAR says \"too many requests\"")]
    Throttled {
        /// Whether it was EDGAR's own block page. That is never the item's fault; a bare status
        /// 429 may be.
        page: bool,
    },
    /// EDGAR does not accept the user agent: every other request would fail too.
    #[error(
        "EDGAR does not accept this user agent; set --user-agent to \"Company Name contact@example.com\", with your own name and address"
    )]
    UndeclaredAgent,
    /// Trouble on the server's side.
    #[error("server error (status {status})")]
    Server {
        /// The status of the response.
        status: u16,
        /// How long the server wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// A refusal of no known kind; asking again at once would not help.
    #[error("refused (status {status})")]
    Refused {
        /// The status of the response.
        status: u16,
    },
    /// A body that is cut, broken or not what belongs there.
    #[error("damaged answer: {0}")]
    Damaged(String),
    /// More bytes than any such file has.
    #[error("larger than the limit of {limit} bytes")]
    TooLarge {
        /// The limit, in decoded bytes.
        limit: u64,
    },
    /// A redirect that is not followed.
    #[error("{0}")]
    Redirect(String),
    /// The connection broke or stalled within the answer, or the answer is not proper HTTP.
    #[error("{0}")]
    Network(String),
    /// No response at all: the connection was refused or reset, the host was not found, TLS failed,
    /// or time ran out before the response began.
    #[error("{}", .0.cause)]
    Unreachable(Box<ConnectionFailure>),
    /// The host cannot be reached: every other request to it would fail too.
    #[error(
        "cannot reach {} (failed connections in a row: {}; the last one: {}); run the same command again once it can be reached",
        .0.host, .0.in_a_row, .0.cause
    )]
    Outage(Box<ConnectionFailure>),
    /// The sink failed, not the network.
    #[error("cannot write: {0}")]
    Sink(#[source] io::Error),
    /// The client's settings do not allow to ask this host.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The run is being stopped.
    #[error("stopped")]
    Stopped,
}

impl FetchError {
    /// One word for the sort of failure, by which `v_errors` groups them.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Throttled { .. } => "throttled",
            Self::UndeclaredAgent => "undeclared_agent",
            Self::Server { .. } => "server",
            Self::Refused { .. } => "refused",
            Self::Damaged(_) => "damaged",
            Self::TooLarge { .. } => "too_large",
            Self::Redirect(_) => "redirect",
            Self::Network(_) | Self::Unreachable(_) | Self::Outage(_) => "network",
            Self::Sink(_) => "disk",
            Self::Forbidden(_) => "forbidden",
            Self::Stopped => "stopped",
        }
    }
}
