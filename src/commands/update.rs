//! `update`: loads the filings that EDGAR's daily indexes list since the last run, for every followed
//! selection.

use anyhow::Result;

use crate::cli::{Cli, RunArgs};
use crate::exit::Exit;
use crate::progress::Terminal;
use crate::run::{self, RunKind, RunRequest};

pub(super) fn run(cli: &Cli, args: &RunArgs, terminal: &Terminal) -> Result<Exit> {
    let job = RunRequest {
        kind: RunKind::Update,
        options: cli.update(args, cli.today())?,
        dry_run: args.dry_run,
        json: args.work.json,
    };
    run::run(job, &cli.settings()?, terminal)
}
