//! The command line: what can be asked for, and what it means.
//!
//! `args` declares it for clap; `resolve` turns it into plain [`crate::config`]. No
//! other module reads arguments, environment or properties of the terminal.

mod again;
mod args;
mod generate;
mod hints;
mod parse;
mod resolve;
mod values;

pub use again::Again;
pub use args::{
    BackfillArgs, Cli, Command, CompaniesCommand, DiagnoseArgs, DownloadArgs, ExportArgs,
    FactsCommand, FilingsArgs, FindArgs, ListArgs, LogFormat, MonitorArgs, PruneArgs, ReportArgs,
    SelectionsArgs, SelectionsCommand, SimArgs, TextArgs, UpdateArgs, VerifyArgs,
};
pub use generate::{completions, man};
pub use resolve::today;
