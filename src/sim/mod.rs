//! A synthetic EDGAR on loopback: used by `--demo`, the tests and the benches alike.
//!
//! [`Simulator::start`] serves, on one port and with plain HTTP, what the SEC's two hosts and the
//! Nasdaq Trader site serve: the company list, submissions with their older pages, documents and
//! complete submissions, `submissions.zip`, `companyfacts.zip`, daily and quarterly indexes, the exchanges' listings. It behaves as EDGAR was measured to: S3's XML
//! for what is not there, a page for undeclared clients, a block for hasty ones. It adds latency
//! and scripted [faults](Fault), and keeps a [log](RequestLog) of what arrived when, which is the
//! witness for every claim about fair access.
//!
//! ```text
//! options ─→ universe (companies, listings) ─→ history (a year's filings)
//!                     │                              │
//!                     ├── render (lists, JSON) ──────┤
//!                     └── documents ← text           │
//!  server: a thread per connection ←─────────────────┘
//!     each request: latency → log + limit → fault? → answer → latency
//! ```
//!
//! # Threads
//! One accepts, and each connection has its own: what a client does on one connection never
//! delays another. Dropping the [`Simulator`] ends all of them at once, whatever they wait for.
//!
//! # Same seed, same bytes
//! Everything served is a pure function of the seed, the company, `today` and the changes that a
//! test made (`SimUniverse::delist` and its like); nothing is kept but these and the two archives,
//! in temp files.

mod alter;
mod archive;
mod calendar;
mod changes;
mod documents;
mod facts;
mod faults;
mod filings;
mod history;
mod http;
mod indexes;
mod limit;
mod log;
mod options;
mod pages;
mod render;
mod rng;
mod routes;
mod server;
mod style;
mod text;
mod universe;
mod venue;

pub use changes::{LostDay, SubmissionChange};
pub use documents::Served;
pub use faults::{BadFault, Fault, FaultKind, FaultPlace, ResetMoment, RetryAfter, When};
pub use log::{Entry, RequestLog, Resource};
pub use options::Options;
pub use render::is_filing_day;
pub use server::Simulator;
pub use universe::{Security, SimCompany, SimCompanyKind, SimFiling, SimListing, SimUniverse};
pub use venue::Venue;
