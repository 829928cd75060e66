//! `export`: writes the record as a dataset of Parquet or CSV files.

use anyhow::Result;

use super::table::table;
use crate::cancel::Cancel;
use crate::cli::{Cli, ExportArgs};
use crate::exit::Exit;
use crate::print::{print, print_json};
use crate::progress::format::{bytes, count};
use crate::run::export::Exported;
use crate::signals::Interrupt;

pub(super) fn run(cli: &Cli, args: &ExportArgs) -> Result<Exit> {
    let export = cli.export(args)?;
    let cancel = Cancel::default();
    let interrupt = Interrupt::listen(&cancel)?;
    let settings = cli.settings()?;
    let exported = match export.run(&settings, &cancel) {
        Ok(exported) => exported,
        Err(error) => return interrupt.exit().ok_or(error),
    };
    if exported.is_empty() {
        log::warn!(
            "nothing on record matches: `filing-etl stats` shows what there is, `filing-etl backfill` \
             gets more"
        );
    }
    if args.json {
        print_json(&exported)?;
    } else {
        print(&shown(&exported))?;
    }
    let Some(lacks) = exported.lacks() else {
        return Ok(Exit::Complete);
    };
    // With -q, no warning was shown before.
    if !log::log_enabled!(log::Level::Warn) {
        log::error!("{lacks}");
    }
    Ok(Exit::Partial)
}

fn shown(exported: &Exported) -> String {
    let row = |(name, table): (&&str, &crate::run::export::ExportedTable)| {
        vec![
            (*name).to_owned(),
            count(table.rows),
            count(table.files),
            count(table.files_written),
            bytes(table.bytes),
        ]
    };
    let headers = ["Table", "Rows", "Files", "Written now", "Size"];
    let rows = exported.tables.iter().map(row).collect();
    let through = exported.through.as_deref().unwrap_or("no day yet");
    let text = table(&headers, rows, Cli::style());
    format!(
        "{text}\n{} in {}, complete through {through}\n",
        exported.format.as_str(),
        exported.to
    )
}
