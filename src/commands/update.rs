//! `update`: loads the filings that EDGAR's daily indexes list since the last run, for every followed
//! selection. At the end it refreshes a dataset, if one is named.

use anyhow::Result;

use crate::cancel::Cancel;
use crate::cli::{Cli, UpdateArgs};
use crate::dataset::{ExportTarget, Filters};
use crate::exit::Exit;
use crate::progress::Terminal;
use crate::run::export::Export;
use crate::run::{self, Outcome, RunKind, RunRequest};
use crate::signals::Interrupt;

pub(super) fn run(cli: &Cli, args: &UpdateArgs, terminal: &Terminal) -> Result<Exit> {
    let notify = cli.notify(args.run.work.json);
    run::reported(RunKind::Update, notify, |outcome| {
        run_and_export(cli, args, terminal, outcome)
    })
}

fn run_and_export(
    cli: &Cli,
    args: &UpdateArgs,
    terminal: &Terminal,
    outcome: &mut Outcome,
) -> Result<Exit> {
    let job = RunRequest {
        kind: RunKind::Update,
        options: cli.update(&args.run, cli.today())?,
        only: None,
        dry_run: args.run.dry_run,
        json: args.run.work.json,
        style: Cli::style,
    };
    let settings = cli.settings()?;
    if let Some(to) = &args.export {
        ExportTarget::check(to)?;
    }
    let exit = run::run(&job, &settings, terminal, outcome)?;
    let Some(to) = args.export.as_ref().filter(|_| !args.run.dry_run) else {
        return Ok(exit);
    };
    if !matches!(exit, Exit::Complete | Exit::Partial) {
        return Ok(exit);
    }
    let cancel = Cancel::default();
    let interrupt = Interrupt::listen(&cancel)?;
    let export = Export {
        to: to.clone(),
        format: None,
        tables: Vec::new(),
        text: None,
        filters: Filters::default(),
    };
    let exported = export.run(&settings, &cancel);
    if let Ok(exported) = &exported {
        log::info!("{}", exported.line());
    }
    outcome.with_export(exit, exported, interrupt.exit())
}
