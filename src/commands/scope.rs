//! From what the user asked for to companies that the database knows.

use anyhow::Result;

use crate::config::CompanyFilter;
use crate::exchange::Exchange;
use crate::exit::UsageError;
use crate::store::{Reader, Scope};

/// The companies that a filter means.
///
/// # Errors
///
/// A [`UsageError`] when it names companies that are not in the list, or asks for exchanges
/// that the list cannot tell apart.
pub(super) fn resolve(db: &Reader, filter: &CompanyFilter) -> Result<Scope> {
    if let Some(exchanges) = &filter.exchanges {
        can_tell_apart(db, exchanges)?;
    }
    let mut scope = Scope {
        exchanges: filter
            .exchanges
            .as_ref()
            .map(|e| e.iter().map(ToString::to_string).collect()),
        ciks: None,
    };
    if !filter.names_companies() {
        return Ok(scope);
    }
    let tickers = db.resolve_tickers(&filter.tickers)?;
    let unknown_ciks = db.unknown_ciks(&filter.ciks)?;
    let mut unknown = tickers.unknown;
    unknown.extend(unknown_ciks.iter().map(ToString::to_string));
    if !unknown.is_empty() {
        return Err(UsageError(format!(
            "not in the SEC's list of companies: {}: check the spelling, or refresh the list with \
             `filing-etl companies sync`",
            unknown.join(", ")
        ))
        .into());
    }
    let mut ciks = tickers.ciks;
    ciks.extend(&filter.ciks);
    scope.ciks = Some(ciks);
    Ok(scope)
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
