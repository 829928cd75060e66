//! `backfill`: discovers the filings of companies and downloads their artifacts.

use anyhow::Result;
use log::LevelFilter;

use super::demo::Demo;
use crate::cli::{BackfillArgs, Cli, LogFormat};
use crate::config::Notify;
use crate::exit::Exit;
use crate::progress::Terminal;
use crate::run::{self, RunKind, RunRequest};

pub(super) fn run(cli: &Cli, args: &BackfillArgs, terminal: &Terminal) -> Result<Exit> {
    let kind = RunKind::Backfill {
        follow: !args.no_follow,
    };
    let json = args.run.work.json;
    let job = || {
        anyhow::Ok(RunRequest {
            kind,
            options: cli.backfill(args, cli.today())?,
            only: None,
            dry_run: args.run.dry_run,
            json,
            style: Cli::style,
        })
    };
    let notify = cli.notify(json);
    if !args.demo {
        return run::reported(kind, notify, |outcome| {
            run::run(&job()?, &cli.settings()?, terminal, outcome)
        });
    }
    // A demo is not reported.
    let notify = Notify {
        metrics_file: None,
        ping_url: None,
        ..notify
    };
    let demo = Demo::start(cli.clock(), cli.today())?;
    let exit = run::reported(kind, notify, |outcome| {
        run::run(&job()?, demo.settings(), terminal, outcome)
    })?;
    if cli.log_format() == LogFormat::Text && cli.log_level() >= LevelFilter::Warn {
        demo.say_what_to_do_next(terminal);
    }
    Ok(exit)
}
