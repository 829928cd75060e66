//! `companies sync`: loads or refreshes the list of companies.

use std::time::Duration;

use anyhow::Result;

use crate::cancel::Cancel;
use crate::cli::Cli;
use crate::exit::Exit;
use crate::print::print;
use crate::progress::format::{count, counted};
use crate::run::{identity, preflight};
use crate::signals::Interrupt;
use crate::universe::sync::{self, Lists, Synced};

pub(super) fn run(cli: &Cli) -> Result<Exit> {
    let settings = cli.settings()?;
    preflight::check(&settings)?;
    let cancel = Cancel::default();
    let interrupt = Interrupt::listen(&cancel)?;
    let client = preflight::client(&settings, 1, Duration::from_mins(10), &cancel)?;
    let (_lock, mut db) = preflight::open(&settings)?;
    let lists = Lists {
        client: &client,
        urls: &settings.urls,
        cancel: &cancel,
        now: settings.clock.now(),
    };
    let result = sync::refresh(&mut db, lists);
    if let Some(exit) = interrupt.exit() {
        return Ok(exit);
    }
    let Synced {
        change,
        etfs,
        unmatched,
    } = result?;
    identity::record_addresses(&settings, &mut db)?;
    let companies = db.reader()?.company_count()?;
    db.close()?;
    print(&format!(
        "{} companies: {} new, {} changed, {} no longer listed\n",
        count(companies),
        count(change.added),
        count(change.updated),
        count(change.deactivated),
    ))?;
    if !etfs.is_empty() {
        print(&format!(
            "{} only selected by --ticker or --cik, not by --exchange: {}\n",
            counted(etfs.len() as u64, ["ETF or note is", "ETFs and notes are"]),
            etfs.join(", ")
        ))?;
    }
    if unmatched > 0 {
        print(&format!(
            "{} in the exchanges' lists but not in the SEC's: see `filing-etl companies list --unmatched`\n",
            counted(unmatched as u64, ["symbol is", "symbols are"]),
        ))?;
    }
    Ok(Exit::Complete)
}
