//! `download`: downloads the queue without discovering filings, or removes entries from it with `--drop`.

use anyhow::Result;
use serde::Serialize;

use crate::cli::{Cli, DownloadArgs};
use crate::config::Settings;
use crate::edgar::Cik;
use crate::exit::Exit;
use crate::print::{print, print_json};
use crate::progress::Terminal;
use crate::progress::format::counted;
use crate::run::{self, RunKind, RunRequest, companies, identity, preflight};
use crate::store::{Error, Reader, Writer};

pub(super) fn run(cli: &Cli, args: &DownloadArgs, terminal: &Terminal) -> Result<Exit> {
    if args.drop {
        let (settings, options) = (existing(cli)?, cli.download(args)?);
        return drop_queue(&settings, &options, args.work.json);
    }
    run::reported(RunKind::Download, cli.notify(args.work.json), |outcome| {
        let (settings, options) = (existing(cli)?, cli.download(args)?);
        if args.retry_unavailable {
            retry_unavailable(&settings, &options)?;
        }
        let job = RunRequest {
            kind: RunKind::Download,
            options,
            only: None,
            dry_run: false,
            json: args.work.json,
            style: Cli::style,
        };
        run::run(&job, &settings, terminal, outcome)
    })
}

/// The settings, for a database that exists.
fn existing(cli: &Cli) -> Result<Settings> {
    let settings = cli.settings()?;
    // Opening for writing would create a missing database; here a missing database is an error.
    if let Err(e @ Error::Missing(_)) = Reader::open(&settings.db) {
        return Err(e.into());
    }
    Ok(settings)
}

fn retry_unavailable(settings: &Settings, options: &crate::config::RunOptions) -> Result<()> {
    preflight::check(settings)?;
    identity::check_data_dir(settings)?;
    let (_lock, mut db) = preflight::open(settings)?;
    let companies = named(&db, options)?;
    let queued = db.retry_unavailable(companies.as_deref())?;
    log::info!("{} queued again", counted(queued, ["file", "files"]));
    Ok(())
}

/// The output of `--drop --json`; its field names are public.
#[derive(Debug, Serialize)]
struct DroppedQueue {
    dropped: u64,
}

fn drop_queue(
    settings: &Settings,
    options: &crate::config::RunOptions,
    json: bool,
) -> Result<Exit> {
    let (_lock, mut db) = preflight::open(settings)?;
    let companies = named(&db, options)?;
    let dropped = db.drop_queue(companies.as_deref())?;
    db.close()?;
    if json {
        print_json(&DroppedQueue { dropped })?;
    } else {
        let entries = counted(dropped, ["entry", "entries"]);
        print(&format!("{entries} removed from the queue\n"))?;
    }
    Ok(Exit::Complete)
}

/// The companies of the filter; `None` without a filter.
fn named(db: &Writer, options: &crate::config::RunOptions) -> Result<Option<Vec<Cik>>> {
    let filter = &options.asked.companies;
    if !filter.is_given() {
        return Ok(None);
    }
    let db = db.reader()?;
    Ok(Some(companies::resolve_known(&db, filter)?.some_ciks(&db)?))
}
