//! `backfill`: the main job. Companies in, filings discovered, artifacts downloaded.

use anyhow::Result;
use log::LevelFilter;

use super::demo::Demo;
use super::run::{self, Job, Kind};
use crate::cli::{BackfillArgs, Cli, LogFormat};
use crate::exit::Exit;
use crate::progress::Terminal;

/// Runs `backfill`.
pub(super) fn run(cli: &Cli, args: &BackfillArgs, terminal: &Terminal) -> Result<Exit> {
    let job = Job {
        kind: Kind::Backfill,
        options: cli.backfill(args, cli.today())?,
        now: cli.now(),
        dry_run: args.run.dry_run,
        json: args.run.json,
    };
    if !args.demo {
        return run::run(job, &cli.settings()?, terminal);
    }
    let demo = Demo::start(cli.today())?;
    let exit = run::run(job, demo.settings(), terminal)?;
    if cli.log_format() == LogFormat::Text && cli.log_level() >= LevelFilter::Warn {
        demo.say_what_to_do_next(terminal);
    }
    Ok(exit)
}
