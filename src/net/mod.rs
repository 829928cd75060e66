//! Talking politely to EDGAR. The only room that knows HTTP, and the only one that may
//! send a request.
//!
//! One try, from top to bottom: [`Client`] waits for a pass (`limit`), sends the
//! request (`agent`), looks at the beginning of the answer (`verdict`), tells the gate
//! what it says about the host, and hands the checked body on (`body`). Whether and
//! when to try again is decided by [`retry`], and waited for by the caller, who has
//! other items to do meanwhile.
//!
//! # Threading
//! A client is shared by all threads; each call blocks its thread until the answer is in.
//! Waiting for a turn ends at once when the run is to stop. What is under way is bounded by
//! [`Timeouts`], and [`Client::hang_up`] ends it sooner.

mod agent;
mod body;
mod buffers;
mod client;
mod error;
mod etag;
mod limit;
mod outage;
mod redirect;
mod request;
mod resolver;
pub mod retry;
mod traffic;
mod user_agent;
mod verdict;

pub use self::agent::{Timeouts, is_loopback};
pub use self::client::{Client, ClientSettings, Content, Received, Reply};
pub use self::error::FetchError;
pub use self::limit::{SEC as SEC_SITE, site_of};
pub use self::request::{Expect, Portion, RequestKind, Validators};
pub use self::user_agent::UserAgent;

/// More a second than this is never sent to a host under sec.gov.
pub const SEC_RATE: u32 = 10;

#[cfg(test)]
mod tests;
