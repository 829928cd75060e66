//! From what the user asked for to companies that the database has on record.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::config::CompanyFilter;
use crate::edgar::Cik;
use crate::exchange::Exchange;
use crate::exit::UsageError;
use crate::selection::Companies;
use crate::store::Reader;

/// The companies that a filter means, as [`resolve`], without a word about those that are not listed
/// any more.
///
/// # Errors
///
/// As [`resolve`].
pub fn resolve_quietly(db: &Reader, filter: &CompanyFilter) -> Result<Companies> {
    resolved(db, filter).map(|(companies, _)| companies)
}

/// The companies that a filter means. Those that are not listed any more are told.
///
/// # Errors
///
/// A [`UsageError`] when it names companies that are not on record, or asks for exchanges that the
/// list cannot tell apart.
pub fn resolve(db: &Reader, filter: &CompanyFilter) -> Result<Companies> {
    let (companies, former) = resolved(db, filter)?;
    for (ticker, cik) in former {
        log::warn!("{ticker} is not listed any more; it was the ticker of company {cik}");
    }
    if let Companies::Named(named) = &companies {
        let named: Vec<_> = named.iter().copied().collect();
        let rows = db.company_rows(&named)?.into_iter();
        for company in rows.filter(|company| !company.active) {
            log::warn!(
                "company {} ({}) is not in the SEC's list of companies any more; it is looked at all \
                 the same",
                company.cik,
                company.name
            );
        }
    }
    Ok(companies)
}

/// Former tickers, each with its company.
type Former = Vec<(String, Cik)>;

fn resolved(db: &Reader, filter: &CompanyFilter) -> Result<(Companies, Former)> {
    let exchanges = filter.exchanges();
    if let Some(exchanges) = &exchanges {
        can_tell_apart(db, exchanges)?;
    }
    if !filter.names_companies() {
        let exchanges = exchanges.map(|exchanges| exchanges.into_iter().collect());
        return Ok((Companies::Listed(exchanges), Former::new()));
    }
    let (mut named, former) = named(db, filter)?;
    if let Some(exchanges) = exchanges {
        named = listed_on(db, &named, &exchanges)?;
    }
    Ok((Companies::Named(named), former))
}

/// The companies that are named by ticker or CIK, listed or not, and the former tickers among them.
fn named(db: &Reader, filter: &CompanyFilter) -> Result<(BTreeSet<Cik>, Former)> {
    let tickers = db.resolve_tickers(&filter.tickers)?;
    let unknown_ciks = db.unknown_ciks(&filter.ciks)?;
    let mut unknown = tickers.unknown;
    unknown.extend(unknown_ciks.iter().map(ToString::to_string));
    for name in &mut unknown {
        if let Some(line) = filter.lines.get(name) {
            *name = format!("{name} ({line})");
        }
    }
    if !unknown.is_empty() {
        return Err(UsageError(format!(
            "not in the SEC's list of companies, now or earlier: {}: check the spelling, or refresh \
             the list with `filing-etl companies sync`",
            unknown.join(", ")
        ))
        .into());
    }
    let named = tickers.ciks.into_iter().chain(filter.ciks.clone());
    Ok((named.collect(), tickers.former))
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
