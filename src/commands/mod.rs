//! The commands, a file each: every one reads like a recipe.

mod backfill;
mod companies;
mod demo;
mod dry_run;
mod run;
mod scope;
mod session;
mod sim;
mod summary;
mod update;

use anyhow::Result;

use crate::cli::{Cli, Command, CompaniesCommand};
use crate::exit::Exit;
use crate::progress::Terminal;

/// Does what the command line asks for.
///
/// # Errors
///
/// Whatever keeps the command from being done; [`crate::exit::for_error`] knows the exit code.
pub fn run(cli: &Cli, terminal: &Terminal) -> Result<Exit> {
    match &cli.command {
        Command::Backfill(args) => backfill::run(cli, args, terminal),
        Command::Update(args) => update::run(cli, args, terminal),
        Command::Companies { command } => match command {
            CompaniesCommand::Sync => companies::sync(cli),
        },
        Command::Sim(args) => sim::run(args),
    }
}
