//! `diagnose`: shows what is missing, why, and the next step. It only reads the database, so it can run at
//! the same time as any other command.

mod report;

use std::collections::HashMap;

use anyhow::Result;

use self::report::{Diagnosis, DiagnosisInput};
use crate::cli::{Cli, DiagnoseArgs};
use crate::diagnosis::SelectedFilings;
use crate::edgar::Cik;
use crate::exit::Exit;
use crate::print::{print_json, print_report};
use crate::run::companies;
use crate::store::Reader;

pub(super) fn run(cli: &Cli, args: &DiagnoseArgs) -> Result<Exit> {
    let (filter, given) = Cli::diagnose(args)?;
    let db = Reader::open(cli.db())?;
    let ciks = companies::resolve_known(&db, &filter)?.some_ciks(&db)?;

    let selections = db.selections()?;
    let mut selected = HashMap::<Cik, Vec<SelectedFilings<'_>>>::new();
    for recorded in &selections {
        for member in db.members(recorded.id)? {
            selected
                .entry(member.cik)
                .or_default()
                .push(SelectedFilings {
                    filings: &recorded.selection.filings,
                    checked: member.checked_at.is_some(),
                });
        }
    }
    let is_given = given.is_some();
    let wanted = match given {
        Some(forms) => forms,
        None => db.wanted_forms()?,
    };

    let mut forms = db.known_forms()?;
    forms.retain(|form| wanted.wants(form));
    let last_run = db.last_run()?;
    // Without a filter the whole queue counts, including companies of no selection.
    let queue_of = filter.is_given().then_some(ciks.as_slice());
    let report = Diagnosis::new(&DiagnosisInput {
        repeated_args: cli.repeated_diagnose_args(args).or_forms(&wanted),
        wanted,
        is_given,
        selected,
        companies: db.company_coverage(&ciks, &forms, last_run.as_ref())?,
        failed_downloads: db.failed_downloads(queue_of)?,
        problems: match &last_run {
            Some(run) => db.problems(&ciks, run.id)?,
            None => Vec::new(),
        },
        last_run,
        universe: db.company_count()?,
    });
    if args.json {
        print_json(&report)?;
    } else {
        print_report(&report.table(Cli::style()), Cli::style())?;
    }
    Ok(Exit::Complete)
}
