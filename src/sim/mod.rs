//! A synthetic EDGAR on loopback, for `--demo`, the tests and the benches.
//!
//! [`Simulator::start`] serves the resources of the SEC's two hosts and of the Nasdaq Trader site on one
//! port with plain HTTP: the company list, submissions with their older pages, documents and complete
//! submissions, `submissions.zip`, `companyfacts.zip`, daily and quarterly indexes, and the exchanges' lists.
//! It behaves as EDGAR was measured to behave: S3's XML for missing files, a page for undeclared clients, a
//! block for clients that exceed the limit. It adds latency and simulated [faults](Fault). Its
//! [log](RequestLog) records every arrival, and the tests of fair access check that log.
//!
//! ```text
//! options ─→ universe (companies, listings) ─→ history (a year's filings)
//!                     │                              │
//!                     ├── render (lists, JSON) ──────┤
//!                     └── documents ← text           │
//!  server: a thread per connection ←─────────────────┘
//!     each request: latency → log + limit → fault? → response → latency
//! ```
//!
//! # Threads
//! One thread accepts connections, and each connection has its own thread, so that no connection delays
//! another. Dropping the [`Simulator`] ends all threads at once.
//!
//! # Same seed, same bytes
//! Every response is a pure function of the seed, the company, `today` and the changes of a test (such as
//! `SimUniverse::delist`). Only these are stored, and the two archives in temporary files.

mod alter;
mod archive;
mod calendar;
mod changes;
mod documents;
mod error_pages;
mod facts;
mod faults;
mod filings;
mod headings;
mod history;
mod http;
mod indexes;
mod limit;
mod log;
mod options;
mod render;
mod rng;
mod routes;
mod server;
mod style;
mod text;
mod universe;
mod venue;

pub use changes::{LostDay, SubmissionChange};
pub use documents::SingleDocument;
pub use faults::{BadFault, Fault, FaultKind, FaultPlace, ResetMoment, RetryAfter, When};
pub use log::{Entry, RequestLog, Resource};
pub use options::Options;
pub use render::is_filing_day;
pub use server::Simulator;
pub use universe::{Security, SimCompany, SimCompanyKind, SimFiling, SimListing, SimUniverse};
pub use venue::Venue;
