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
//! Imports point to the right and never back. `run` is what `backfill`, `update` and `download`
//! share, `pipeline` has the flow of a run on one screen. `edgar`, `listings`, `selection` and `text`
//! are pure: bytes in, values out. `net` is the only room that knows HTTP, `store` the only one
//! that knows SQLite, `cli` the only one that reads the environment. `dataset` writes rows of any
//! source as Parquet or CSV. `sources` are the ways in which EDGAR publishes what was filed. `sim`
//! stands apart: a synthetic EDGAR for the demo, the tests and the benches.

#![expect(
    rustdoc::private_intra_doc_links,
    reason = "the docs are for readers of the code; `cargo doc --document-private-items` has all rooms"
)]

mod cancel;
mod cli;
mod clock;
mod commands;
mod config;
mod counts;
mod dataset;
mod diagnosis;
mod edgar;
mod exchange;
mod exit;
mod files;
mod find;
pub mod internals;
mod listings;
mod logging;
mod net;
mod pipeline;
mod print;
mod progress;
mod report;
mod run;
mod selection;
mod signals;
pub mod sim;
mod sources;
mod store;
mod text;
mod threads;
mod ticker;
mod universe;

use std::process::ExitCode;

/// The command `filing-etl`: reads the command line, runs the command, and returns its exit code.
pub fn main() -> ExitCode {
    let cli = cli::Cli::from_environment();
    let terminal = progress::Terminal::new();
    logging::init(&cli, &terminal);
    cli::Cli::warn_unknown_variables();
    match commands::run(&cli, &terminal) {
        Ok(exit) => exit.into(),
        Err(error) => {
            logging::last_words(&cli, &error);
            exit::for_error(&error).into()
        }
    }
}
