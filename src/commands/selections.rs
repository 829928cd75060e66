//! `selections`: shows the recorded selections, whether `update` follows each, and the day through which
//! each is complete. `selections drop` deletes one.

use anyhow::Result;
use serde::Serialize;

use super::table;
use crate::cli::{Cli, SelectionsArgs, SelectionsCommand};
use crate::config::PrintStyle;
use crate::exit::{Exit, UsageError};
use crate::print::{print, print_json};
use crate::progress::format::{count, counted};
use crate::run::preflight;
use crate::store::{Error, Reader, SelectionId, SelectionRow};

/// The output of `--json`; its field names are public.
#[derive(Debug, Serialize)]
struct SelectionsJson {
    /// The oldest `through` of the followed selections.
    through: Option<String>,
    selections: Vec<SelectionRow>,
}

/// The output of `selections drop --json`; its field names are public.
#[derive(Debug, Serialize)]
struct DroppedSelection {
    id: i64,
    dropped: u64,
}

pub(super) fn run(cli: &Cli, args: &SelectionsArgs) -> Result<Exit> {
    match &args.command {
        None => show(cli, args.json),
        Some(SelectionsCommand::Drop { id, queue, json }) => {
            drop_one(cli, *id, *queue, *json || args.json)
        }
    }
}

fn show(cli: &Cli, json: bool) -> Result<Exit> {
    let db = Reader::open(cli.db())?;
    let document = SelectionsJson {
        through: db.through()?.map(|day| day.to_string()),
        selections: db.selection_rows()?,
    };
    if json {
        print_json(&document)?;
    } else {
        print(&text(&document.selections, Cli::style()))?;
    }
    Ok(Exit::Complete)
}

/// The number of characters that are shown of a list of companies; the JSON document has all.
const COMPANIES_SHOWN: usize = 40;

fn text(selections: &[SelectionRow], style: PrintStyle) -> String {
    if selections.is_empty() {
        return "No selection is recorded: `filing-etl backfill` records one\n".to_owned();
    }
    let row = |selection: &SelectionRow| {
        let checked = format!(
            "{} of {}",
            count(selection.companies_checked),
            count(selection.companies_total)
        );
        vec![
            selection.id.to_string(),
            selection.shown_companies(COMPANIES_SHOWN),
            selection.forms.clone(),
            selection.shown_dates(),
            selection.artifacts.clone(),
            selection.shown_through().to_owned(),
            checked,
        ]
    };
    let rows = selections.iter().map(row).collect();
    table::fit(
        &SelectionRow::HEADERS,
        rows,
        style,
        &["Artifacts", "Checked", "Forms"],
    )
}

fn drop_one(cli: &Cli, id: i64, queue: bool, json: bool) -> Result<Exit> {
    let settings = cli.settings()?;
    // Opening for writing would create a missing database; here a missing database is an error.
    if let Err(e @ Error::Missing(_)) = Reader::open(&settings.db) {
        return Err(e.into());
    }
    let (_lock, mut db) = preflight::open(&settings)?;
    let dropped = db.drop_selection(SelectionId::from(id), queue)?;
    db.close()?;
    let Some(dropped) = dropped else {
        return Err(UsageError(format!(
            "there is no selection {id}: `filing-etl selections` shows them"
        ))
        .into());
    };
    if json {
        print_json(&DroppedSelection { id, dropped })?;
    } else {
        let taken = if queue {
            format!(
                "; {} removed from the queue",
                counted(dropped, ["entry", "entries"])
            )
        } else {
            String::new()
        };
        print(&format!(
            "selection {id} is no longer followed; its files stay{taken}\n"
        ))?;
    }
    Ok(Exit::Complete)
}
