//! `facts sync`: fetches EDGAR's archive of XBRL facts, in one request.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Result, anyhow};
use serde::Serialize;

use crate::cancel::Cancel;
use crate::cli::Cli;
use crate::exit::{ArchiveBusyError, Exit};
use crate::files::DataDir;
use crate::print::{print, print_json};
use crate::progress::format::bytes;
use crate::progress::{StatusLine, Terminal};
use crate::run::{identity, preflight};
use crate::signals::Interrupt;
use crate::sources::bulk::{ArchiveRequest, ArchiveUnavailable, Cache};

/// The name of the archive in messages.
const NAME: &str = "companyfacts.zip";

/// The time between two printed lines of progress, where standard error is not a terminal.
const EVERY: Duration = Duration::from_secs(30);

/// Bytes that must stay free on the disk.
const RESERVE: u64 = 64 << 20;

/// Attempts without progress.
const ATTEMPTS: u32 = 3;

/// The output of `--json`; its field names are public.
#[derive(Debug, Serialize)]
struct FactsSynced {
    status: &'static str,
    /// Whether EDGAR had another version than the cached one.
    new: bool,
    as_of: String,
    bytes: u64,
    path: String,
}

/// Runs `facts sync`. It does not take the run lock, because the archive has its own lock.
pub(super) fn run(cli: &Cli, json: bool, terminal: &Terminal) -> Result<Exit> {
    let settings = cli.settings()?;
    preflight::check(&settings)?;
    identity::check_data_dir(&settings)?;
    let cancel = Cancel::default();
    let interrupt = Interrupt::listen(&cancel)?;
    let client = preflight::client(&settings, 1, Duration::from_mins(10), &cancel)?;
    let is_new = fs::symlink_metadata(&settings.data_dir).is_err();
    let data_dir = DataDir::open(&settings.data_dir)?;
    let url = settings.urls.facts_archive();
    let cache = Cache::facts(&settings.data_dir);
    let before = cache.kept(&url);
    let terms = ArchiveRequest {
        url: &url,
        max_useful_bytes: None,
        reserve: RESERVE,
        max_attempts: ATTEMPTS,
    };
    let (here, all) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let shown = (Arc::clone(&here), Arc::clone(&all));
    let line = StatusLine::start(cli.progress(EVERY), terminal, move || {
        let [here, all] = [&shown.0, &shown.1].map(|n| bytes(n.load(Relaxed)));
        format!("{NAME}: {here} of {all}")
    })?;
    let result = cache.refresh(&client, terms, &cancel, &|place, total| {
        here.store(place, Relaxed);
        all.store(total, Relaxed);
    });
    line.finish();
    if result.is_err() {
        cache.remove_unused();
        if is_new {
            data_dir.remove_unused();
        }
    }
    if let Some(exit) = interrupt.exit() {
        return Ok(exit);
    }
    let archive = result.map_err(|why| failed(&why, cache.resumable(&url), &settings.data_dir))?;
    let synced = FactsSynced {
        status: "completed",
        new: before.is_none_or(|before| before.version != archive.version),
        as_of: archive.as_of.to_string(),
        bytes: archive.bytes,
        path: archive.path.display().to_string(),
    };
    if json {
        print_json(&synced)?;
    } else {
        let found = if synced.new { "fetched" } else { "unchanged" };
        print(&format!(
            "{NAME}: {found}, {}, as of {}\n",
            bytes(synced.bytes),
            synced.as_of
        ))?;
    }
    Ok(Exit::Complete)
}

/// The error for an archive that cannot be had, with what the next attempt does.
fn failed(why: &ArchiveUnavailable, resumable: u64, data_dir: &Path) -> anyhow::Error {
    if matches!(why, ArchiveUnavailable::Busy) {
        return ArchiveBusyError {
            archive: NAME,
            data_dir: data_dir.display().to_string(),
        }
        .into();
    }
    let next = if resumable > 0 {
        format!(
            "{} are kept, and `filing-etl facts sync` resumes the download",
            bytes(resumable)
        )
    } else {
        "`filing-etl facts sync` tries again".to_owned()
    };
    anyhow!("{}: {next}", why.of(NAME))
}
