//! `diagnose --reconcile`: proof of completeness, against EDGAR's quarterly indexes.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::table::table;
use crate::cancel::Cancel;
use crate::cli::{Cli, DiagnoseArgs};
use crate::config::Page;
use crate::edgar::calendar::indexed_through;
use crate::exit::Exit;
use crate::print::{print, print_json};
use crate::progress::format::{count, many, plain};
use crate::run::{companies, preflight};
use crate::selection::Filings;
use crate::signals::Interrupt;
use crate::sources::quarterly::{Missing, Reconcile, Reconciled, queue};

/// Tries for an index.
const MAX_ATTEMPTS: u32 = 3;

/// Missing filings that the table shows; the JSON document has all.
const SHOWN: usize = 50;

/// Runs `diagnose --reconcile`. Takes the run lock: what a run is loading would count as missing.
pub(super) fn run(cli: &Cli, args: &DiagnoseArgs) -> Result<Exit> {
    let settings = cli.settings()?;
    let (filter, forms) = cli.diagnose(args)?;
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
    let ciks = db.companies(&companies::resolve(&db, &filter)?)?;
    let ciks = ciks.into_iter().collect();
    let found = Reconcile {
        client: &client,
        urls: &settings.urls,
        max_attempts: MAX_ATTEMPTS,
        filings: &filings,
        published: indexed_through(settings.clock.now()),
    }
    .run(&db, &ciks)?;
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
        print_json(&Document::new(&found, queued))?;
    } else {
        print(&text(&found, queued, cli.page()))?;
    }
    let proven = found.missing.is_empty() && found.problems.is_empty();
    Ok(if proven {
        Exit::Complete
    } else {
        Exit::Partial
    })
}

/// What `--json` prints. The names of the fields are public.
#[derive(Debug, Serialize)]
struct Document<'a> {
    quarters: u64,
    listed: u64,
    missing: Vec<Row<'a>>,
    problems: &'a [String],
    /// Companies that the next run looks at anew; `null` without `--fix`.
    companies_queued: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    cik: u64,
    accession: String,
    form: &'a str,
    filed_on: String,
}

impl<'a> Document<'a> {
    fn new(found: &'a Reconciled, companies_queued: Option<u64>) -> Self {
        let row = |filing: &'a Missing| Row {
            cik: filing.cik.get(),
            accession: filing.accession.to_string(),
            form: &filing.form,
            filed_on: filing.filed_on.to_string(),
        };
        Self {
            quarters: found.quarters,
            listed: found.listed,
            missing: found.missing.iter().map(row).collect(),
            problems: &found.problems,
            companies_queued,
        }
    }
}

fn text(found: &Reconciled, queued: Option<u64>, page: Page) -> String {
    let mut text = format!(
        "{} read; {} missing\n",
        many(found.quarters, ["quarterly index", "quarterly indexes"]),
        many(found.missing.len() as u64, ["filing is", "filings are"]),
    );
    for problem in &found.problems {
        writeln!(text, "Nothing is proven: {}", plain(problem)).expect("a String takes all");
    }
    if found.missing.is_empty() {
        return text;
    }
    let row = |filing: &Missing| {
        vec![
            filing.cik.to_string(),
            filing.accession.to_string(),
            filing.form.clone(),
            filing.filed_on.to_string(),
        ]
    };
    let rows = found.missing.iter().take(SHOWN).map(row).collect();
    text.push('\n');
    text.push_str(&table(&["CIK", "Accession", "Form", "Filed"], rows, page));
    if found.missing.len() > SHOWN {
        let more = count((found.missing.len() - SHOWN) as u64);
        writeln!(text, "and {more} more: --json has all").expect("a String takes all");
    }
    let companies = queued.map_or_else(|| "these".to_owned(), |n| format!("these {}", count(n)));
    let how = if queued.is_some() {
        "The"
    } else {
        "With --fix the"
    };
    writeln!(
        text,
        "\n{how} next backfill or update looks at {companies} companies anew."
    )
    .expect("a String takes all");
    text
}
