//! The `filing-etl` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    filing_etl::main()
}
