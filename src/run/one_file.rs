//! Fetches one file of a filing on record, apart from any run: for a command that is about it.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::{identity, preflight};
use crate::cancel::Cancel;
use crate::config::Settings;
use crate::edgar::calendar::filing_day;
use crate::edgar::{QueueItem, Target};
use crate::exit::Exit;
use crate::files::{DataDir, FilePath};
use crate::net::FetchError;
use crate::pipeline::{DownloadError, fetch};
use crate::signals::Interrupt;
use crate::store::{Failure, SplitDocument, Writer};

/// Tries, as those of a run.
const MAX_ATTEMPTS: u32 = 3;

/// How long nothing is asked after a block, as in a run.
const BLOCK_COOLDOWN: Duration = Duration::from_mins(10);

/// Fetches a file, stores it and records it as an artifact. What cannot be had stays queued, and the
/// exit is another one than [`Exit::Complete`].
///
/// # Errors
///
/// When another run is at work, EDGAR cannot be reached or refuses this user agent, or the disk or
/// the database does not take the file.
pub(crate) fn get(settings: &Settings, item: &QueueItem) -> Result<Exit> {
    if let Target::File(file) = &item.target
        && !file.is_served(item.accession)
    {
        bail!(
            "{}: EDGAR serves no file of its own for {}: `filing-etl download` gets it with its submission",
            item.accession,
            file.name
        );
    }
    preflight::check(settings)?;
    identity::check_data_dir(settings)?;
    let cancel = Cancel::default();
    let interrupt = Interrupt::listen(&cancel)?;
    let client = preflight::client(settings, 1, BLOCK_COOLDOWN, &cancel)?;
    let data_dir = DataDir::open(&settings.data_dir)?;
    let (_lock, mut db) = preflight::open(settings)?;
    identity::record_data_dir(settings, &mut db)?;
    identity::record_addresses(settings, &mut db)?;
    let mut batch = db.begin()?;
    batch.queue(std::slice::from_ref(item))?;
    batch.commit()?;

    let name = item.target.name(item.accession);
    let mut tries = 0;
    let fetched = client.with_retries(MAX_ATTEMPTS, || {
        tries += 1;
        let mut incoming = data_dir.begin().map_err(FetchError::Sink)?;
        match fetch(&client, &settings.urls, item, &mut incoming) {
            Ok(_) => Ok(Ok(incoming)),
            Err(DownloadError::Fetch(_, error)) => Err(error),
            Err(other) => Ok(Err(other)),
        }
    });
    let failure = match fetched {
        Ok(Ok(incoming)) => {
            let place = FilePath {
                folder: item.folder,
                accession: item.accession,
                name,
            };
            let print = incoming.keep(&place)?;
            let Target::File(file) = &item.target else {
                unreachable!("a file is asked for, not a submission to be split");
            };
            let document = SplitDocument::single(file.clone(), print);
            let mut batch = db.begin()?;
            batch.stored(item.accession, &document, tries, settings.clock.now())?;
            batch.commit()?;
            db.close()?;
            return Ok(Exit::Complete);
        }
        Ok(Err(DownloadError::Refused(kind, message))) => Failure {
            kind,
            message,
            missing: false,
        },
        Ok(Err(DownloadError::Disk(error))) => {
            let folder = data_dir.root().display();
            return Err(error).with_context(|| format!("failed to store {name} in {folder}"));
        }
        Ok(Err(DownloadError::Database(error))) => return Err(error.into()),
        // The last three come from the downloads of a run only.
        Ok(Err(
            DownloadError::Fetch(..)
            | DownloadError::NotCommitted
            | DownloadError::AskAgain
            | DownloadError::Gateway(..),
        ))
        | Err(FetchError::Stopped) => {
            return Ok(interrupt.exit().unwrap_or(Exit::Partial));
        }
        Err(
            error @ (FetchError::UndeclaredAgent
            | FetchError::Outage(_)
            | FetchError::Forbidden(_)
            | FetchError::Sink(_)),
        ) => {
            return Err(error).with_context(|| format!("failed to fetch {name}"));
        }
        Err(error) => Failure {
            kind: error.kind(),
            message: format!("{}: {name}: {error}", item.accession),
            missing: matches!(error, FetchError::NotFound),
        },
    };
    record_failure(db, settings, item, tries, &failure)?;
    log::error!("{}", failure.message);
    Ok(Exit::Partial)
}

fn record_failure(
    mut db: Writer,
    settings: &Settings,
    item: &QueueItem,
    tries: u32,
    failure: &Failure,
) -> Result<()> {
    let today = filing_day(settings.clock.now());
    let mut batch = db.begin()?;
    batch.failed(item.accession, &item.target, tries, failure, today)?;
    batch.commit()?;
    Ok(db.close()?)
}
