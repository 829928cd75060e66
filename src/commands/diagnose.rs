//! `diagnose`: what is missing, why, and what to do about it. Reads the database and nothing else,
//! so it may run beside anything.

mod report;

use anyhow::Result;

use self::report::{Asked, Report};
use super::{scope, session};
use crate::cli::{Cli, DiagnoseArgs};
use crate::exit::Exit;
use crate::store::Reader;

/// Runs `diagnose`.
pub(super) fn run(cli: &Cli, args: &DiagnoseArgs) -> Result<Exit> {
    let (filter, wanted) = cli.diagnose(args)?;
    let mut db = Reader::open(cli.db())?;
    let scope = scope::resolve(&db, &filter)?;
    db.plan(&scope, filter.limit)?;

    let mut forms = db.known_forms()?;
    forms.retain(|form| wanted.wants(form));
    let last_run = db.last_run()?;
    let before = last_run.as_ref().map(|run| run.started_at);
    let report = Report::new(&Asked {
        wanted,
        again: cli.diagnose_again(args),
        companies: db.company_facts(&forms, before)?,
        failed_downloads: db.failed_downloads()?,
        problems: match &last_run {
            Some(run) => db.problems(run.id)?,
            None => Vec::new(),
        },
        last_run,
        universe: db.company_count()?,
    });
    if args.json {
        session::print_json(&report)?;
    } else {
        session::print(&report.table(cli.page()))?;
    }
    Ok(Exit::Complete)
}
