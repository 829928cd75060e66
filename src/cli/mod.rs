//! The command line and the environment.
//!
//! `args` declares the commands and options for clap, `help` the rest of `--help`; `resolve` turns them
//! into the plain values of [`crate::config`]. No other module reads arguments, environment variables or
//! properties of the terminal.

mod args;
pub(crate) mod companies_file;
mod generate;
mod help;
mod hints;
mod parse;
mod repeated_args;
mod resolve;
mod values;

pub use args::{
    BackfillArgs, Cli, Command, CompaniesCommand, DiagnoseArgs, DownloadArgs, ExportArgs,
    FactsCommand, FilingsArgs, FindArgs, ListArgs, LogFormat, MonitorArgs, PruneArgs, ReportArgs,
    SelectionsArgs, SelectionsCommand, SimArgs, TextArgs, UpdateArgs, VerifyArgs,
};
pub use generate::{completions, man};
pub use repeated_args::RepeatedArgs;
pub use resolve::today;
