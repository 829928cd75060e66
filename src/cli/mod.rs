//! The command line: what can be asked for, and what it means.
//!
//! [`args`] declares it for clap; [`Cli::resolve`] turns it into plain [`crate::config`]. No
//! other module reads arguments, environment or properties of the terminal.

mod args;
mod resolve;
mod values;

pub use args::{BackfillArgs, Cli, Command, CompaniesCommand, LogFormat, RunArgs, SimArgs};
pub use resolve::today;
