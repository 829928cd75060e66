//! `companies sync`: the list of companies, from the SEC and the exchanges.

use std::fmt::Display;
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::session;
use crate::cancel::Cancel;
use crate::cli::Cli;
use crate::edgar::{Cik, Urls, company_list};
use crate::exit::Exit;
use crate::listings::{self, Directory};
use crate::net::{Client, Expect, FetchError, RequestKind};
use crate::pipeline::patiently;
use crate::progress::format::{count, plain};
use crate::signals::Interrupt;
use crate::store::{CompanyRow, ListingRow, UniverseChange, Writer};
use crate::universe::{self, Company, Known, Listing, Universe};

/// How long a list of companies is good for: a day, less what a nightly job may begin earlier than
/// the night before. Otherwise it would load the list every other night.
const FRESH: SignedDuration = SignedDuration::from_hours(23);

/// The largest list read, in bytes; the largest today has 1 MB.
const MAX_LIST: u64 = 64 << 20;

/// Tries for a list.
const MAX_ATTEMPTS: u32 = 3;

/// Runs `companies sync`.
pub(super) fn sync(cli: &Cli) -> Result<Exit> {
    let settings = cli.settings()?;
    session::check(&settings)?;
    let cancel = Cancel::default();
    let interrupt = Interrupt::listen(&cancel)?;
    let client = session::client(&settings, 1, Duration::from_mins(10), &cancel)?;
    let (_lock, mut db) = session::open(&settings)?;
    let result = refresh(&mut db, &client, &settings.urls, &cancel);
    if let Some(exit) = interrupt.exit() {
        return Ok(exit);
    }
    let change = result?;
    let companies = db.reader()?.company_count()?;
    db.close()?;
    session::print(&format!(
        "{} companies: {} new, {} changed, {} no longer listed\n",
        count(companies),
        count(change.added),
        count(change.updated),
        count(change.deactivated),
    ))?;
    Ok(Exit::Complete)
}

/// Loads the list if it is missing or a day old. A good old list is kept when no new one can
/// be had.
pub(super) fn ensure_fresh(
    db: &mut Writer,
    client: &Client,
    urls: &Urls,
    cancel: &Cancel,
) -> Result<()> {
    let synced = db.reader()?.companies_synced_at()?;
    let now = Timestamp::now();
    if synced.is_some_and(|at| at <= now && now.duration_since(at) < FRESH) {
        return Ok(());
    }
    match refresh(db, client, urls, cancel) {
        Ok(_) => Ok(()),
        Err(e) if synced.is_some() && !refused(&e) && !cancel.is_set() => {
            log::warn!("going on with the list of companies of an earlier day: {e:#}");
            Ok(())
        }
        Err(e) => Err(e),
    }
}

/// Whether EDGAR does not want to talk to us at all.
fn refused(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(FetchError::UndeclaredAgent))
}

/// Loads the list from the SEC and the exchanges, in three requests, and stores it.
fn refresh(
    db: &mut Writer,
    client: &Client,
    urls: &Urls,
    cancel: &Cancel,
) -> Result<UniverseChange> {
    let max = MAX_LIST;
    let (json, text) = (Expect::Json { max }, Expect::Text { max });
    let list = urls.company_list();
    let list = fetch(client, &list, json, cancel, company_list::parse)
        .context("failed to load the list of companies from the SEC")?;
    let directory = || -> Result<Directory> {
        let (nasdaq, other) = (urls.nasdaq_listed(), urls.other_listed());
        Ok(Directory {
            nasdaq: fetch(client, &nasdaq, text, cancel, listings::parse_nasdaq_listed)?,
            other: fetch(client, &other, text, cancel, listings::parse_other_listed)?,
        })
    };
    let directory = match directory() {
        Ok(directory) => Some(directory),
        Err(e) if cancel.is_set() => return Err(e),
        Err(e) => {
            log::warn!(
                "the exchanges' symbol lists cannot be had, so the SEC's exchange names are used \
                 for new listings, which do not tell NYSE American and NYSE Arca from NYSE: {e:#}"
            );
            None
        }
    };
    let universe = match &directory {
        Some(_) => universe::join(list, directory.as_ref()),
        None => universe::join_known(list, &known(db)?),
    };
    for problem in &universe.problems {
        log::info!("company list: {}", plain(problem));
    }
    store(db, &universe)
}

/// What the exchanges' symbol lists said when they last took part.
fn known(db: &Writer) -> Result<Known> {
    let db = db.reader()?;
    let place = |(cik, ticker, exchange): (Cik, String, String)| {
        Some(((cik, ticker), exchange.parse().ok()?))
    };
    let left_out = |(cik, ticker)| Some((Cik::new(cik)?, ticker));
    Ok(Known {
        exchanges: db.known_listings()?.into_iter().filter_map(place).collect(),
        left_out: db.left_out()?.into_iter().filter_map(left_out).collect(),
    })
}

fn store(db: &mut Writer, universe: &Universe) -> Result<UniverseChange> {
    let known = usize::try_from(db.reader()?.company_count()?)?;
    universe::may_replace(known, universe.companies.len())?;
    if universe.listings_known {
        let left_out = universe.left_out.iter();
        let tickers: Vec<_> = left_out.map(|l| (l.cik.get(), l.ticker.as_str())).collect();
        db.put_left_out(&tickers)?;
    }
    let rows: Vec<_> = universe.companies.iter().map(row).collect();
    Ok(db.put_universe(&rows, universe.listings_known, Timestamp::now())?)
}

fn row(company: &Company) -> CompanyRow {
    let listing = |l: &Listing| ListingRow {
        ticker: l.ticker.clone(),
        exchange: l.exchange.map(|e| e.as_str().to_owned()),
    };
    CompanyRow {
        cik: company.cik,
        name: company.name.clone(),
        listings: company.listings.iter().map(listing).collect(),
    }
}

/// Fetches and parses one list, with retries: what does not parse may have been cut on its way.
fn fetch<T, E: Display>(
    client: &Client,
    url: &Url,
    expect: Expect,
    cancel: &Cancel,
    parse: impl Fn(&[u8]) -> Result<T, E>,
) -> Result<T> {
    patiently(client, cancel, MAX_ATTEMPTS, || {
        let bytes = client.fetch(url, RequestKind::Companies, expect)?;
        parse(&bytes).map_err(|e| FetchError::Damaged(e.to_string()))
    })
    .with_context(|| format!("failed to fetch {url}"))
}
