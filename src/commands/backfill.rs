//! `backfill`: discovers the filings of companies and downloads their artifacts.

use anyhow::Result;
use log::LevelFilter;

use super::demo::Demo;
use crate::cli::{BackfillArgs, Cli, LogFormat};
use crate::exit::Exit;
use crate::progress::Terminal;
use crate::run::{self, RunKind, RunRequest};

pub(super) fn run(cli: &Cli, args: &BackfillArgs, terminal: &Terminal) -> Result<Exit> {
    let job = RunRequest {
        kind: RunKind::Backfill {
            follow: !args.no_follow,
        },
        options: cli.backfill(args, cli.today())?,
        dry_run: args.run.dry_run,
        json: args.run.work.json,
    };
    if !args.demo {
        return run::run(&job, &cli.settings()?, terminal);
    }
    let demo = Demo::start(cli.clock(), cli.today())?;
    let exit = run::run(&job, demo.settings(), terminal)?;
    if cli.log_format() == LogFormat::Text && cli.log_level() >= LevelFilter::Warn {
        demo.say_what_to_do_next(terminal);
    }
    Ok(exit)
}
