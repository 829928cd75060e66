//! `diagnose --reconcile`: compares the database with EDGAR's quarterly indexes, which list every filing.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::table::table;
use crate::cancel::Cancel;
use crate::cli::{Cli, DiagnoseArgs};
use crate::config::PrintStyle;
use crate::edgar::Cik;
use crate::edgar::calendar::indexed_through;
use crate::exit::Exit;
use crate::print::{print_json, print_report};
use crate::progress::format::{count, counted, printable};
use crate::run::{companies, preflight};
use crate::selection::Filings;
use crate::signals::Interrupt;
use crate::sources::quarterly::{Difference, Reconcile, Reconciled, queue};
use crate::store::Reader;

/// Attempts per index.
const MAX_ATTEMPTS: u32 = 3;

/// The maximum number of filings in a table; the JSON document has all.
const SHOWN: usize = 50;

/// Holds the run lock, because filings that a concurrent run is loading would count as missing.
pub(super) fn run(cli: &Cli, args: &DiagnoseArgs) -> Result<Exit> {
    let settings = cli.settings()?;
    let (filter, given) = Cli::diagnose(args)?;
    let forms = match &given {
        Some(forms) => forms.clone(),
        None => Reader::open(&settings.db)?.wanted_forms()?,
    };
    let dates = cli.diagnosed_dates(args)?;
    let filings = Filings {
        forms,
        since: dates.since,
        until: Some(dates.until),
    };
    preflight::check(&settings)?;
    let cancel = Cancel::default();
    let interrupt = Interrupt::listen(&cancel)?;
    let client = preflight::client(&settings, 1, Duration::from_mins(10), &cancel)?;
    let (_lock, mut writer) = preflight::open(&settings)?;
    let db = writer.reader()?;
    let mut ciks: HashSet<_> = companies::resolve_known(&db, &filter)?
        .some_ciks(&db)?
        .into_iter()
        .collect();
    let selections = if given.is_none() {
        members(&db)?
    } else {
        Vec::new()
    };
    if !filter.is_given() {
        ciks.extend(selections.iter().flat_map(|(_, members)| members));
    }
    let mut found = Reconcile {
        client: &client,
        urls: &settings.urls,
        max_attempts: MAX_ATTEMPTS,
        filings: &filings,
        published: indexed_through(settings.clock.now()),
    }
    .run(&db, &ciks)?;
    if !selections.is_empty() {
        found.missing.retain(|missing| {
            selections.iter().any(|(filings, members)| {
                members.contains(&missing.cik) && filings.wants(&missing.form, missing.filed_on)
            })
        });
    }
    if let Some(exit) = interrupt.exit() {
        return Ok(exit);
    }
    let queued = if args.fix {
        Some(queue(&found.missing, &mut writer)?)
    } else {
        None
    };
    writer.close()?;
    if args.json {
        print_json(&ReconcileJson::new(&found, queued))?;
    } else {
        print_report(&text(&found, queued, Cli::style()), Cli::style())?;
    }
    let proven = found.missing.is_empty() && found.problems.is_empty();
    Ok(if proven {
        Exit::Complete
    } else {
        Exit::Partial
    })
}

/// The filings and the companies of each recorded selection. Without `--form`, a filing is missing only if
/// one of the selections wants it.
fn members(db: &Reader) -> Result<Vec<(Filings, HashSet<Cik>)>> {
    let selections = db.selections()?.into_iter();
    selections
        .map(|recorded| {
            let members = db.members(recorded.id)?.into_iter();
            let members = members.map(|member| member.cik).collect();
            Ok((recorded.selection.filings, members))
        })
        .collect()
}

/// The output of `--json`; its field names are public.
#[derive(Debug, Serialize)]
struct ReconcileJson<'a> {
    quarters: u64,
    listed: u64,
    missing: Vec<MissingFiling<'a>>,
    /// Filings on record that no index lists any more.
    unlisted: Vec<MissingFiling<'a>>,
    problems: &'a [String],
    /// The number of companies that the next run visits again; `null` without `--fix`.
    companies_queued: Option<u64>,
}

#[derive(Debug, Serialize)]
struct MissingFiling<'a> {
    cik: u64,
    accession: String,
    form: &'a str,
    filed_on: String,
}

impl<'a> ReconcileJson<'a> {
    fn new(found: &'a Reconciled, companies_queued: Option<u64>) -> Self {
        let row = |filing: &'a Difference| MissingFiling {
            cik: filing.cik.get(),
            accession: filing.accession.to_string(),
            form: &filing.form,
            filed_on: filing.filed_on.to_string(),
        };
        Self {
            quarters: found.quarters,
            listed: found.listed,
            missing: found.missing.iter().map(row).collect(),
            unlisted: found.unlisted.iter().map(row).collect(),
            problems: &found.problems,
            companies_queued,
        }
    }
}

fn text(found: &Reconciled, queued: Option<u64>, style: PrintStyle) -> String {
    let mut text = format!(
        "{} read; {} missing\n",
        counted(found.quarters, ["quarterly index", "quarterly indexes"]),
        counted(found.missing.len() as u64, ["filing is", "filings are"]),
    );
    for problem in &found.problems {
        writeln!(text, "The comparison is incomplete: {}", printable(problem))
            .expect("a String takes all");
    }
    if !found.unlisted.is_empty() {
        let unlisted = counted(found.unlisted.len() as u64, ["filing is", "filings are"]);
        writeln!(
            text,
            "{unlisted} on record, but EDGAR no longer lists them:"
        )
        .expect("a String takes all");
        text.push_str(&filings(&found.unlisted, style));
    }
    if found.missing.is_empty() {
        return text;
    }
    text.push_str("\nMissing:\n");
    text.push_str(&filings(&found.missing, style));
    let companies = queued.map_or_else(|| "these".to_owned(), |n| format!("these {}", count(n)));
    let how = if queued.is_some() {
        "The"
    } else {
        "With --fix the"
    };
    writeln!(
        text,
        "\n{how} next backfill or update visits {companies} companies again."
    )
    .expect("a String takes all");
    text
}

/// A table of the first filings, and the number of further ones.
fn filings(filings: &[Difference], style: PrintStyle) -> String {
    let row = |filing: &Difference| {
        vec![
            filing.cik.to_string(),
            filing.accession.to_string(),
            filing.form.clone(),
            filing.filed_on.to_string(),
        ]
    };
    let rows = filings.iter().take(SHOWN).map(row).collect();
    let mut text = table(&["CIK", "Accession", "Form", "Filed"], rows, style);
    if filings.len() > SHOWN {
        let more = count((filings.len() - SHOWN) as u64);
        writeln!(text, "and {more} more: --json has all").expect("a String takes all");
    }
    text
}
