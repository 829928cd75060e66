//! The `filing-etl` command: parses, runs, and turns the outcome into an exit code.

use std::process::ExitCode;

use filing_etl::cli::Cli;
use filing_etl::exit;
use filing_etl::progress::Terminal;
use filing_etl::{commands, logging};

fn main() -> ExitCode {
    let cli = Cli::from_environment();
    let terminal = Terminal::new();
    logging::init(&cli, &terminal);
    Cli::warn_unknown_variables();
    match commands::run(&cli, &terminal) {
        Ok(exit) => exit.into(),
        Err(error) => {
            logging::last_words(&cli, &error);
            exit::for_error(&error).into()
        }
    }
}
