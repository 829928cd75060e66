//! The commands, one file each: they read the arguments, call other modules and print the result.

mod backfill;
mod companies_find;
mod companies_list;
mod companies_sync;
mod demo;
mod diagnose;
mod download;
mod export;
mod facts_sync;
mod filings;
mod monitor;
mod prune;
mod reconcile;
mod report;
mod reuse;
mod selections;
mod sim;
mod stats;
mod table;
mod text;
mod update;
mod verify;
mod verify_report;

use anyhow::Result;

use crate::cli::{self, Cli, Command, CompaniesCommand, FactsCommand};
use crate::exit::Exit;
use crate::print::print;
use crate::progress::Terminal;

/// Runs the command of the command line.
///
/// # Errors
///
/// Any error of the command; [`crate::exit::for_error`] returns its exit code.
pub fn run(cli: &Cli, terminal: &Terminal) -> Result<Exit> {
    match &cli.command {
        Command::Backfill(args) => backfill::run(cli, args, terminal),
        Command::Update(args) => update::run(cli, args, terminal),
        Command::Download(args) => download::run(cli, args, terminal),
        Command::Companies { command } => match command {
            CompaniesCommand::Sync => companies_sync::run(cli),
            CompaniesCommand::List(args) => companies_list::run(cli, args),
            CompaniesCommand::Find(args) => companies_find::run(cli, args),
        },
        Command::Export(args) => export::run(cli, args),
        Command::Facts {
            command: FactsCommand::Sync { json },
        } => facts_sync::run(cli, *json, terminal),
        Command::Filings(args) => filings::run(cli, args),
        Command::Selections(args) => selections::run(cli, args),
        Command::Text(args) => text::run(cli, args, terminal),
        Command::Stats { json } => stats::run(cli, *json),
        Command::Monitor(args) => monitor::run(cli, args, terminal),
        Command::Completions { shell } => printed(&cli::completions(*shell)?),
        Command::Man { command } => printed(&cli::man(command)?),
        Command::Diagnose(args) if args.reconcile => reconcile::run(cli, args),
        Command::Diagnose(args) => diagnose::run(cli, args),
        Command::Prune(args) => prune::run(cli, *args),
        Command::Report(args) => report::run(cli, args),
        Command::Verify(args) => verify::run(cli, *args, terminal),
        Command::Sim(args) => sim::run(args),
    }
}

fn printed(text: &str) -> Result<Exit> {
    print(text)?;
    Ok(Exit::Complete)
}
