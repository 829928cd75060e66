//! Discovers and downloads the SEC filings of the exchange-listed US companies.
//!
//! A synchronous batch tool: a few threads, bounded channels between them, blocking calls.
//!
//! ```text
//! main ─▶ cli ─▶ commands ─▶ run ─▶ pipeline ─▶ sources ─▶ net ─▶ edgar, listings, universe
//!                                    │    └─▶ files
//!                                    └─▶ store, progress
//! ```
//!
//! Imports point to the right and never back. [`run`] is what `backfill`, `update` and `download`
//! share, [`pipeline`] has the flow of a run on one screen. [`edgar`], [`listings`] and [`selection`]
//! are pure: bytes in, values out. [`net`] is the only room that knows HTTP, [`store`] the only one
//! that knows SQLite, [`cli`] the only one that reads the environment. [`sources`] are the ways in
//! which EDGAR tells what was filed. [`sim`] stands apart: a synthetic EDGAR for the demo, the tests
//! and the benches.

pub mod cancel;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod diagnosis;
pub mod edgar;
pub mod exchange;
pub mod exit;
pub mod files;
pub mod find;
pub mod listings;
pub mod logging;
pub mod net;
pub mod pipeline;
pub mod print;
pub mod progress;
pub mod run;
pub mod selection;
pub mod signals;
pub mod sim;
pub mod sources;
pub mod store;
pub mod threads;
pub mod ticker;
pub mod universe;
