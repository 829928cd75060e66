//! From what the user asked for to companies that the database has on record.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::config::CompanyFilter;
use crate::edgar::Cik;
use crate::exchange::Exchange;
use crate::exit::UsageError;
use crate::selection::Companies;
use crate::store::Reader;

/// The companies that a filter means.
///
/// # Errors
///
/// A [`UsageError`] when it names companies that are not on record, or asks for exchanges that the
/// list cannot tell apart.
pub fn resolve(db: &Reader, filter: &CompanyFilter) -> Result<Companies> {
    let exchanges = filter.exchanges();
    if let Some(exchanges) = &exchanges {
        can_tell_apart(db, exchanges)?;
    }
    if !filter.names_companies() {
        return Ok(Companies::Listed(
            exchanges.map(|exchanges| exchanges.into_iter().collect()),
        ));
    }
    let mut named = named(db, filter)?;
    if let Some(exchanges) = exchanges {
        named = listed_on(db, &named, &exchanges)?;
    }
    Ok(Companies::Named(named))
}

/// The companies that are named by ticker or CIK, listed or not.
fn named(db: &Reader, filter: &CompanyFilter) -> Result<BTreeSet<Cik>> {
    let tickers = db.resolve_tickers(&filter.tickers)?;
    let unknown_ciks = db.unknown_ciks(&filter.ciks)?;
    let mut unknown = tickers.unknown;
    unknown.extend(unknown_ciks.iter().map(ToString::to_string));
    if !unknown.is_empty() {
        return Err(UsageError(format!(
            "not in the SEC's list of companies, now or earlier: {}: check the spelling, or refresh \
             the list with `filing-etl companies sync`",
            unknown.join(", ")
        ))
        .into());
    }
    for (ticker, cik) in &tickers.former {
        log::warn!("{ticker} is not listed any more; it was the ticker of company {cik}");
    }
    let named: BTreeSet<_> = tickers
        .ciks
        .into_iter()
        .chain(filter.ciks.clone())
        .collect();
    let ciks: Vec<_> = named.iter().copied().collect();
    for company in db.company_rows(&ciks)? {
        if !company.active {
            log::warn!(
                "company {} ({}) is not in the SEC's list of companies any more; it is looked at all \
                 the same",
                company.cik,
                company.name
            );
        }
    }
    Ok(named)
}

/// Those of these companies that have an active listing on one of these exchanges.
///
/// # Errors
///
/// If the database cannot be read.
pub fn listed_on(
    db: &Reader,
    ciks: &BTreeSet<Cik>,
    exchanges: &[Exchange],
) -> Result<BTreeSet<Cik>> {
    let ciks: Vec<_> = ciks.iter().copied().collect();
    let exchanges: Vec<_> = exchanges.iter().map(|e| e.as_str()).collect();
    Ok(db.listed_on(&ciks, &exchanges)?.into_iter().collect())
}

/// Without the exchanges' own lists, NYSE American and NYSE Arca are only known as NYSE. Asking
/// for them among all others loses nothing; asking for one of them alone cannot be answered.
fn can_tell_apart(db: &Reader, exchanges: &[Exchange]) -> Result<()> {
    if db.listings_known()? || exchanges.contains(&Exchange::Nyse) {
        return Ok(());
    }
    match exchanges.iter().find(|e| e.needs_listings()) {
        None => Ok(()),
        Some(exchange) => Err(UsageError(format!(
            "companies on {exchange} cannot be told from those on NYSE now, because the exchanges' \
             symbol lists could not be loaded: run `filing-etl companies sync` again later, or ask \
             for NYSE"
        ))
        .into()),
    }
}
