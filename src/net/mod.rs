//! HTTP requests to EDGAR within its limit. Only this module knows HTTP and sends requests.
//!
//! An attempt has five steps: [`Client`] waits for a pass (`limit`), sends the request (`agent`),
//! classifies the response by its first bytes (`verdict`), reports the host's state to the limiter,
//! and passes the checked body on (`body`). [`retry`] decides whether and when to retry; the caller
//! waits, and works on other items meanwhile.
//!
//! # Threading
//! All threads share one client; each call blocks its thread until the response has arrived. The
//! wait for a pass ends at once when the run stops. [`Timeouts`] bound a request that was sent, and
//! [`Client::close_connections`] ends it sooner.

mod agent;
mod bare_429;
mod body;
mod client;
mod error;
mod etag;
mod limit;
mod outage;
mod ping;
mod redirect;
mod request;
mod resolver;
pub mod retry;
mod stored;
mod traffic;
mod user_agent;
mod verdict;

pub use self::agent::{Timeouts, is_loopback};
pub use self::client::{Client, ClientSettings, Content, Received, Reply};
pub use self::error::FetchError;
pub use self::limit::{SEC as SEC_SITE, site_of};
pub use self::ping::ping;
pub use self::request::{Expect, Portion, RequestKind, Validators};
pub use self::stored::check_stored;
pub use self::user_agent::UserAgent;

/// The highest rate for hosts under sec.gov, in requests a second.
pub const SEC_RATE: u32 = 10;

#[cfg(test)]
mod tests;
