//! `update`: the nightly job. What EDGAR's daily indexes list since the last run, for every selection
//! that is followed, and only that. At its end it refreshes a dataset, if it is to.

use anyhow::Result;

use crate::cancel::Cancel;
use crate::cli::{Cli, UpdateArgs};
use crate::dataset::{ExportTarget, Filters};
use crate::exit::Exit;
use crate::progress::Terminal;
use crate::run::export::Export;
use crate::run::{self, RunKind, RunRequest};
use crate::signals::Interrupt;

/// Runs `update`.
pub(super) fn run(cli: &Cli, args: &UpdateArgs, terminal: &Terminal) -> Result<Exit> {
    let job = RunRequest {
        kind: RunKind::Update,
        options: cli.update(&args.run, cli.today())?,
        dry_run: args.run.dry_run,
        json: args.run.work.json,
    };
    let settings = cli.settings()?;
    if let Some(to) = &args.export {
        ExportTarget::check(to)?;
    }
    let exit = run::run(job, &settings, terminal)?;
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
    match export.run(&settings, &cancel) {
        Ok(exported) => {
            log::info!("{}", exported.line());
            Ok(if exported.is_complete() {
                exit
            } else {
                Exit::Partial
            })
        }
        Err(error) => interrupt.exit().ok_or(error),
    }
}
