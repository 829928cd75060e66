//! `update`: the nightly job. What EDGAR's daily indexes list since the last run, and only that.

use anyhow::Result;

use super::run::{self, Job, Kind};
use crate::cli::{Cli, RunArgs};
use crate::exit::Exit;
use crate::progress::Terminal;

/// Runs `update`.
pub(super) fn run(cli: &Cli, args: &RunArgs, terminal: &Terminal) -> Result<Exit> {
    let job = Job {
        kind: Kind::Update,
        options: cli.run_options(args, cli.today())?,
        now: cli.now(),
        dry_run: args.dry_run,
        json: args.json,
    };
    run::run(job, &cli.settings()?, terminal)
}
