//! Fetches the company list from the SEC and the exchanges, and stores it.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;

use anyhow::{Context as _, Result, bail};
use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::{
    Exchange, KnownListings, ListedCompany, Listing, NonCompanyKind, Universe, join,
    join_with_previous, may_replace,
};
use crate::cancel::Cancel;
use crate::edgar::calendar::filing_day;
use crate::edgar::{Cik, Urls, company_list};
use crate::listings::{self, SymbolDirectory};
use crate::net::{Client, Expect, FetchError, RequestKind};
use crate::progress::format::{counted, printable};
use crate::store::{CompanyRow, ListingRow, UniverseChange, Writer};

/// The sources of a company list.
#[derive(Debug, Clone, Copy)]
pub struct Lists<'a> {
    pub client: &'a Client,
    /// The URLs of the lists.
    pub urls: &'a Urls,
    pub cancel: &'a Cancel,
    /// The time recorded for the sync.
    pub now: Timestamp,
}

/// How old a company list may be: a day minus an hour, because a nightly job may start earlier than
/// the night before. With a full day it would then fetch the list only every other night.
const FRESH: SignedDuration = SignedDuration::from_hours(23);

/// The size limit of a list in bytes. The largest list has 1 MB today.
const MAX_LIST: u64 = 64 << 20;

/// Attempts for each list.
const MAX_ATTEMPTS: u32 = 3;

/// Fetches the company list if it is missing or a day old. If that fails, an older list is used.
///
/// # Errors
///
/// There is no list and none can be fetched, or EDGAR refuses all requests.
pub fn ensure_fresh(db: &mut Writer, lists: Lists<'_>) -> Result<()> {
    let synced = db.reader()?.companies_synced_at()?;
    let now = lists.now;
    // A sync less than that in the future is accepted, because a clock may have been set back a
    // little.
    if synced.is_some_and(|at| now.duration_since(at).abs() < FRESH) {
        return Ok(());
    }
    match refresh(db, lists) {
        Ok(_) => Ok(()),
        Err(e) if synced.is_some() && !refused(&e) && !lists.cancel.is_set() => {
            log::warn!("the company list of an earlier day is used: {e:#}");
            Ok(())
        }
        Err(e) => Err(e),
    }
}

/// Whether EDGAR refuses all requests.
fn refused(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref(),
        Some(FetchError::UndeclaredAgent | FetchError::Outage(_) | FetchError::Shut(_))
    )
}

/// Fetches the list from the SEC and the exchanges, in three requests, and stores it.
///
/// # Errors
///
/// The SEC's list cannot be fetched or is too short, or the database cannot be written.
pub fn refresh(db: &mut Writer, lists: Lists<'_>) -> Result<Synced> {
    let Lists {
        client,
        urls,
        cancel,
        now,
    } = lists;
    let max = MAX_LIST;
    let (json, text) = (Expect::Json { max }, Expect::Text { max });
    let list = urls.company_list();
    let list = fetch(client, &list, json, company_list::parse)
        .context("failed to load the list of companies from the SEC")?;
    let directory = || -> Result<SymbolDirectory> {
        let (nasdaq, other) = (urls.nasdaq_listed(), urls.other_listed());
        Ok(SymbolDirectory {
            nasdaq: fetch(client, &nasdaq, text, listings::parse_nasdaq_listed)?,
            other: fetch(client, &other, text, listings::parse_other_listed)?,
        })
    };
    // A time to come is of a clock that was wrong, and says nothing.
    let on_record = db.reader()?.listings_created_at()?;
    let on_record = on_record.filter(|created| created.date() <= filing_day(now));
    let directory = directory().and_then(|directory| match on_record {
        Some(on_record) if is_much_older(&directory, on_record) => bail!(
            "they were made on {}, and those on record on {on_record}, New York time: check \
             --listings-url",
            created(&directory)
        ),
        _ => Ok(directory),
    });
    let directory = match directory {
        Ok(directory) => Some(directory),
        Err(e) if cancel.is_set() => return Err(e),
        Err(e) => {
            log::warn!(
                "the exchanges' symbol lists cannot be used, so new listings get the SEC's exchange \
                 names, which have NYSE for NYSE American and NYSE Arca too: {e:#}"
            );
            None
        }
    };
    let universe = match &directory {
        Some(_) => join(list, directory.as_ref()),
        None => join_with_previous(list, &known(db)?),
    };
    say_problems(&universe.problems);
    // Lists that are a little older than those on record are taken, but lists older than these would not be:
    // the time on record never goes back.
    let created = directory.as_ref().map(created);
    let created = created.map(|created| on_record.map_or(created, |before| before.max(created)));
    let change = store(db, &universe, created, now)?;
    let etfs = universe.non_companies.into_iter();
    let etfs = etfs.filter(|non_companies| non_companies.kind == NonCompanyKind::Etf);
    Ok(Synced {
        change,
        etfs: etfs.map(|etf| etf.ticker).collect(),
        unmatched: universe.unmatched.len(),
    })
}

/// The result of a sync.
#[derive(Debug, Clone)]
pub struct Synced {
    pub change: UniverseChange,
    /// The tickers of funds and notes. No selection by exchange includes them.
    pub etfs: Vec<String>,
    /// The number of listed securities without a CIK in the SEC's list.
    pub unmatched: usize,
}

/// The number of problems in the warning.
const NAMED_PROBLEMS: usize = 3;

/// Logs one warning for all problems of the lists, and each problem at the info level.
fn say_problems(problems: &[String]) {
    for problem in problems {
        log::info!("company list: {}", printable(problem));
    }
    if !problems.is_empty() {
        let some = &problems[..problems.len().min(NAMED_PROBLEMS)];
        log::warn!(
            "{} in the company lists cannot be used, such as: {} (-v shows all)",
            counted(problems.len() as u64, ["row", "rows"]),
            printable(&some.join("; "))
        );
    }
}

/// What the exchanges' symbol lists had when they were last used.
fn known(db: &Writer) -> Result<KnownListings> {
    let db = db.reader()?;
    let place = |(cik, ticker, exchange): (Cik, String, String)| {
        Some(((cik, ticker), exchange.parse().ok()?))
    };
    let non_companies = |(cik, ticker)| Some((Cik::new(cik)?, ticker));
    Ok(KnownListings {
        exchanges: db.known_listings()?.into_iter().filter_map(place).collect(),
        non_companies: db
            .non_companies()?
            .into_iter()
            .filter_map(non_companies)
            .collect(),
    })
}

/// How much older than those on record symbol lists may be: a mirror lags, and they are made anew every
/// hour.
const LAG: SignedDuration = SignedDuration::from_hours(3 * 24);

/// When symbol lists were made: the older of the two, New York time.
fn created(directory: &SymbolDirectory) -> DateTime {
    directory.nasdaq.created.min(directory.other.created)
}

/// Whether symbol lists are much older than those on record, as an old copy is: what is listed since
/// then would be lost.
fn is_much_older(directory: &SymbolDirectory, on_record: DateTime) -> bool {
    on_record.duration_since(created(directory)) > LAG
}

/// `created` is when the symbol lists were made, where they took part.
fn store(
    db: &mut Writer,
    universe: &Universe,
    created: Option<DateTime>,
    now: Timestamp,
) -> Result<UniverseChange> {
    let known = usize::try_from(db.reader()?.company_count()?)?;
    may_replace(known, universe.companies.len())?;
    if let Some(created) = created {
        let non_companies = universe.non_companies.iter();
        let tickers: Vec<_> = non_companies
            .map(|l| (l.cik.get(), l.ticker.as_str()))
            .collect();
        let unmatched = universe.unmatched.iter().map(|unmatched| {
            let exchange = unmatched.exchange.map_or("", Exchange::as_str);
            [&unmatched.symbol, exchange, &unmatched.name].map(str::to_owned)
        });
        db.put_lists(&tickers, &unmatched.collect::<Vec<_>>(), created)?;
    }
    let rows = rows(universe);
    Ok(db.put_universe(&rows, universe.listings_known, now)?)
}

/// The companies, followed by the funds. ETFs and notes are recorded as listings too.
fn rows(universe: &Universe) -> Vec<CompanyRow> {
    let mut rows: Vec<_> = universe.companies.iter().map(row).collect();
    let places: HashMap<_, _> = rows.iter().map(|row| row.cik).zip(0..).collect();
    let mut funds: BTreeMap<Cik, CompanyRow> = BTreeMap::new();
    let etfs = universe.non_companies.iter();
    for etf in etfs.filter(|non_companies| non_companies.kind == NonCompanyKind::Etf) {
        let row = match places.get(&etf.cik) {
            Some(place) => &mut rows[*place],
            None => funds.entry(etf.cik).or_insert_with(|| CompanyRow {
                cik: etf.cik,
                name: etf.name.clone(),
                etf: true,
                listings: Vec::new(),
            }),
        };
        row.listings.push(ListingRow {
            ticker: etf.ticker.clone(),
            exchange: etf.exchange.map(|e| e.as_str().to_owned()),
            etf: true,
        });
    }
    rows.extend(funds.into_values());
    rows
}

fn row(company: &ListedCompany) -> CompanyRow {
    let listing = |l: &Listing| ListingRow {
        ticker: l.ticker.clone(),
        exchange: l.exchange.map(|e| e.as_str().to_owned()),
        etf: false,
    };
    CompanyRow {
        cik: company.cik,
        name: company.name.clone(),
        etf: false,
        listings: company.listings.iter().map(listing).collect(),
    }
}

/// Fetches and parses one list, with retries. A list that cannot be parsed may have been truncated
/// in transit.
fn fetch<T, E: Display>(
    client: &Client,
    url: &Url,
    expect: Expect,
    parse: impl Fn(&[u8]) -> Result<T, E>,
) -> Result<T> {
    client
        .with_retries(MAX_ATTEMPTS, || {
            let bytes = client.fetch(url, RequestKind::Companies, expect)?;
            parse(&bytes).map_err(|e| FetchError::Damaged(e.to_string()))
        })
        .with_context(|| format!("failed to fetch {url}"))
}
