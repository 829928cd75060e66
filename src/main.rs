//! The `filing-etl` command: parses, runs, and turns the outcome into an exit code.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use filing_etl::cli::Cli;
use filing_etl::exit::{self, Exit};
use filing_etl::progress::Terminal;
use filing_etl::{commands, logging};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let terminal = Terminal::new();
    logging::init(&cli, &terminal);
    match commands::run(&cli, &terminal) {
        Ok(exit) => exit.into(),
        Err(error) if is_broken_pipe(&error) => Exit::Complete.into(),
        Err(error) => {
            // There is nobody left to tell when standard error is closed.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            exit::for_error(&error).into()
        }
    }
}

/// Whether the reader of our output has gone, as `head` does.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
