//! Discovers and downloads the SEC filings of the exchange-listed US companies.
//!
//! A synchronous batch program: a few threads with blocking calls, connected by bounded channels.
//!
//! ```text
//! commands ─▶ cli ─▶ run ─┬▶ pipeline ─▶ sources ─┬▶ store, config ─▶ net, dataset ─▶ files, progress, selection ─▶ edgar
//!                         └▶ universe ────────────┘
//! ```
//!
//! Outside tests, a module imports only modules further right. `cli` parses the command line, and `commands`
//! has a module for each command. `run` contains what `backfill`, `update` and `download` share; `pipeline`
//! wires the threads of a run. `edgar`, `listings`, `criteria`, `selection` and `text` are pure: they have no
//! I/O. Only `net` uses HTTP, only `store` uses SQLite, and only `cli` reads the environment. `dataset` writes
//! rows of any source as Parquet or CSV. `sources` reads the sources of what was filed: the submissions API,
//! `submissions.zip` and the indexes; `universe` reads the lists of companies and symbols. `sim` is a synthetic
//! EDGAR for the demo, the tests and the benches.

#![expect(
    rustdoc::private_intra_doc_links,
    reason = "the docs are for readers of the code: `cargo doc --document-private-items`"
)]

mod cancel;
mod cli;
mod clock;
mod commands;
mod config;
mod counts;
mod criteria;
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
mod markup;
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
mod style;
mod text;
mod threads;
mod ticker;
mod universe;

use std::process::ExitCode;

/// The program `filing-etl`: parses the command line, runs the command and returns its exit code.
pub fn main() -> ExitCode {
    let cli = cli::Cli::from_environment();
    let terminal = progress::Terminal::new(cli::Cli::journal_stream().as_deref());
    logging::init(&cli, &terminal);
    cli::Cli::warn_unknown_variables();
    match commands::run(&cli, &terminal) {
        Ok(exit) => exit.into(),
        Err(error) => {
            logging::log_final_error(&cli, &terminal, &error);
            exit::for_error(&error).into()
        }
    }
}
