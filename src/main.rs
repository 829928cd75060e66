//! The `filing-etl` command.

use std::process::ExitCode;

/// One heap for all threads: see `Cargo.toml`.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    filing_etl::main()
}
