//! Discovers and downloads the SEC filings of the exchange-listed US companies.
//!
//! A synchronous batch tool: a few threads, bounded channels between them, blocking calls.
//!
//! ```text
//! main ─▶ cli ─▶ commands ─▶ pipeline ─▶ net       ─▶ edgar, listings, universe
//!                               │    ├─▶ bulk ──┘
//!                               │    ├─▶ store
//!                               │    ├─▶ archive
//!                               │    └─▶ progress
//!                               │
//!        plan ──Visit──▶ discover ──Job──▶ download ──Record──▶ write
//! ```
//!
//! Imports point to the right and never back. [`pipeline`] has the whole flow on one screen;
//! [`edgar`], [`listings`] and [`universe`] are pure: bytes in, values out. [`net`] is the only
//! room that knows HTTP, [`store`] the only one that knows SQLite, [`cli`] the only one that
//! reads the environment. [`bulk`] is EDGAR's nightly archive of all submissions. [`sim`]
//! stands apart: a synthetic EDGAR for the demo, the tests and the benches.

pub mod archive;
pub mod bulk;
pub mod cancel;
pub mod cli;
pub mod commands;
pub mod config;
pub mod diagnosis;
pub mod disk;
pub mod edgar;
pub mod exchange;
pub mod exit;
pub mod fingerprint;
pub mod listings;
pub mod logging;
pub mod net;
pub mod pipeline;
pub mod progress;
pub mod reconcile;
pub mod signals;
pub mod sim;
pub mod store;
pub mod threads;
pub mod universe;
pub mod verify;
