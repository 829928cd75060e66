//! Which way the filings of a run are discovered, before anything is asked.

use anyhow::Result;
use jiff::Timestamp;

use crate::bulk::{Choice, Facts, Shelf, choose};
use crate::config::{Backfill, Settings};
use crate::pipeline::Source;
use crate::store::{Reader, Scope};

/// The way for so many companies, as far as is known before anything is asked.
pub(super) fn of(settings: &Settings, options: &Backfill, companies: u64) -> Choice {
    let url = settings.urls.submissions_archive();
    choose(&Facts {
        asked: options.discover_from,
        companies,
        rate: settings.rate,
        archive: Shelf::new(&settings.data_dir).known(&url, Timestamp::now()),
        most: options.budgets.bytes,
    })
}

/// The source for the companies that a run is about.
pub(super) fn source(
    settings: &Settings,
    options: &Backfill,
    scope: &Scope,
    mut db: Reader,
) -> Result<Source> {
    let companies = db.select(scope)?;
    let companies = options
        .companies
        .limit
        .map_or(companies, |limit| limit.min(companies));
    let choice = of(settings, options, companies);
    log::info!("discovery from {}: {}", choice.way, choice.why);
    Ok(Source::new(choice, Shelf::new(&settings.data_dir)))
}
