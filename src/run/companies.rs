//! Resolves the company options to companies on record.

use std::collections::BTreeSet;

use anyhow::Result;
use jiff::civil::Date;

use crate::config::CompanyFilter;
use crate::criteria::CompanyCriteria;
use crate::edgar::Cik;
use crate::exchange::Exchange;
use crate::exit::UsageError;
use crate::find::find;
use crate::selection::Companies;
use crate::store::{Reader, ShownCompany, TickerMatch};

/// The companies that a filter selects.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The companies as a selection records them.
    pub companies: Companies,
    /// What the companies must be.
    pub criteria: CompanyCriteria,
    /// CIKs that are not on record. Only EDGAR knows whether they exist.
    pub new: Vec<Cik>,
    /// The companies of the given tickers.
    tickers: Vec<TickerMatch>,
}

impl Resolved {
    /// The companies that match now, in the order of the visits. Those not on record come first.
    pub fn ciks(&self, db: &Reader) -> Result<Vec<Cik>> {
        let mut ciks = self.new.clone();
        let known = db.companies(&self.companies)?;
        ciks.extend(db.wanted_by(&self.criteria, &known)?);
        Ok(ciks)
    }

    /// As [`Resolved::ciks`], for commands that need at least one company.
    ///
    /// # Errors
    ///
    /// A [`UsageError`] when no company matches.
    pub fn some_ciks(&self, db: &Reader) -> Result<Vec<Cik>> {
        let ciks = self.ciks(db)?;
        if ciks.is_empty() {
            let given = self.criteria.given();
            let options = ["--exchange"].into_iter().chain(given.map(|c| c.option));
            return Err(UsageError(format!(
                "no company matches: check {}, or show the list with `filing-etl companies list \
                 --exchange all`",
                options.collect::<Vec<_>>().join(" and ")
            ))
            .into());
        }
        Ok(ciks)
    }

    /// Warns of companies that are no longer listed, of former tickers, and of tickers that belonged to
    /// another company on a day from `since` on.
    pub fn warn(&self, db: &Reader, since: Option<Date>) -> Result<()> {
        for found in &self.tickers {
            warn_of_ticker(db, found, since)?;
        }
        let Companies::Named(named) = &self.companies else {
            return Ok(());
        };
        let named: Vec<_> = named.iter().copied().collect();
        let rows = db.company_rows(&named)?.into_iter();
        // A filer without a ticker was never in the list.
        for company in rows.filter(|company| !company.active && company.ticker.is_some()) {
            log::warn!(
                "company {} ({}) is no longer in the SEC's list of companies; it is visited all the \
                 same",
                company.cik,
                company.name
            );
        }
        Ok(())
    }
}

/// The companies on record that a filter selects. Warns as [`Resolved::warn`] does.
///
/// # Errors
///
/// Those of [`resolve`], and a [`UsageError`] for CIKs that are not on record.
pub fn resolve_known(db: &Reader, filter: &CompanyFilter) -> Result<Resolved> {
    let resolved = resolve(db, filter)?;
    if !resolved.new.is_empty() {
        let names = resolved.new.iter().map(ToString::to_string);
        return Err(UsageError(format!(
            "not on record: CIK {}: get the filings of any filer with `filing-etl backfill --cik`",
            with_lines(names, filter).join(", ")
        ))
        .into());
    }
    resolved.warn(db, None)?;
    Ok(resolved)
}

/// Warns when a ticker is a former one, or belonged to another company from `since` on.
fn warn_of_ticker(db: &Reader, found: &TickerMatch, since: Option<Date>) -> Result<()> {
    let company = |cik| -> Result<_> { Ok(db.company_rows(&[cik])?.into_iter().next()) };
    let ticker = &found.ticker;
    if found.is_former {
        match company(found.cik)? {
            Some(ShownCompany {
                active: true,
                ticker: Some(now),
                name,
                cik,
                ..
            }) => log::warn!("{ticker} is now {now} ({name}, CIK {cik})"),
            _ => log::warn!(
                "{ticker} is no longer listed; it was the ticker of company {}",
                found.cik
            ),
        }
    }
    let before = found.before;
    let before = before.filter(|(_, day)| since.is_some_and(|since| *day >= since));
    if let Some((cik, day)) = before {
        let name = company(cik)?.map(|company| company.name);
        log::warn!(
            "{ticker} was the ticker of {} until {day}: `--cik {cik}` selects its filings",
            name.unwrap_or_default()
        );
    }
    Ok(())
}

/// The most suggestions for one unknown ticker.
const NEAR: usize = 3;

/// The error for tickers that no company has or had, with suggestions.
fn unknown_tickers(db: &Reader, tickers: &[String], filter: &CompanyFilter) -> Result<UsageError> {
    let companies = db.findable()?;
    let mut near = Vec::new();
    for ticker in tickers {
        let found = find(ticker, &companies)
            .into_iter()
            .map(|(company, _)| company);
        let mut found: Vec<_> = found.take(NEAR).collect();
        if found.is_empty() {
            found = crate::find::near(ticker, &companies, NEAR);
        }
        for company in found {
            let shown = company.shown();
            if !near.contains(&shown) {
                near.push(shown);
            }
        }
    }
    let hint = if near.is_empty() {
        "check the spelling, or refresh the list with `filing-etl companies sync`".to_owned()
    } else {
        format!(
            "did you mean {}? `filing-etl companies find` shows more",
            near.join(", ")
        )
    };
    Ok(UsageError(format!(
        "not in the SEC's list of companies, now or earlier: {}: {hint}",
        with_lines(tickers.iter().cloned(), filter).join(", ")
    )))
}

/// The companies that a filter selects. A CIK need not be on record.
///
/// # Errors
///
/// A [`UsageError`] for tickers that no company on record ever had, and for exchanges that cannot be
/// distinguished (see [`can_tell_apart`]).
pub fn resolve(db: &Reader, filter: &CompanyFilter) -> Result<Resolved> {
    let exchanges = filter.exchanges();
    if let Some(exchanges) = &exchanges {
        can_tell_apart(db, exchanges)?;
    }
    if !filter.names_companies() {
        let exchanges = exchanges.map(|exchanges| exchanges.into_iter().collect());
        return Ok(Resolved {
            companies: Companies::Listed(exchanges),
            criteria: filter.criteria.clone(),
            new: Vec::new(),
            tickers: Vec::new(),
        });
    }
    let (mut tickers, mut unknown) = (Vec::new(), Vec::new());
    for ticker in &filter.tickers {
        match db.resolve_ticker(ticker)? {
            Some(found) => tickers.push(found),
            None => unknown.push(ticker.clone()),
        }
    }
    if !unknown.is_empty() {
        return Err(unknown_tickers(db, &unknown, filter)?.into());
    }
    let by_ticker = tickers.iter().map(|found| found.cik);
    let mut named: BTreeSet<_> = by_ticker.chain(filter.ciks.iter().copied()).collect();
    let mut new = db.unknown_ciks(&named.iter().copied().collect::<Vec<_>>())?;
    if let Some(exchanges) = exchanges {
        named = listed_on(db, &named, &exchanges)?;
        new.clear(); // a company that is not on record has no listing
        if named.is_empty() {
            return Err(UsageError(
                "none of these companies is listed on these exchanges: omit --exchange, or see \
                 `filing-etl companies find`"
                    .to_owned(),
            )
            .into());
        }
    }
    Ok(Resolved {
        companies: Companies::Named(named),
        criteria: filter.criteria.clone(),
        new,
        tickers,
    })
}

/// Names, each with its line in the companies file.
fn with_lines(names: impl Iterator<Item = String>, filter: &CompanyFilter) -> Vec<String> {
    names
        .map(|name| match filter.lines.get(&name) {
            Some(line) => format!("{name} ({line})"),
            None => name,
        })
        .collect()
}

/// The companies among these with an active listing on one of these exchanges.
pub fn listed_on(
    db: &Reader,
    ciks: &BTreeSet<Cik>,
    exchanges: &[Exchange],
) -> Result<BTreeSet<Cik>> {
    let ciks: Vec<_> = ciks.iter().copied().collect();
    let exchanges: Vec<_> = exchanges.iter().map(|e| e.as_str()).collect();
    Ok(db.listed_on(&ciks, &exchanges)?.into_iter().collect())
}

/// Checks that the exchanges can be distinguished. Without the exchanges' own symbol lists, companies
/// on NYSE American and NYSE Arca are recorded as on NYSE. So they can be selected only together with
/// NYSE.
fn can_tell_apart(db: &Reader, exchanges: &[Exchange]) -> Result<()> {
    if db.listings_known()? || exchanges.contains(&Exchange::Nyse) {
        return Ok(());
    }
    match exchanges.iter().find(|e| e.needs_listings()) {
        None => Ok(()),
        Some(exchange) => Err(UsageError(format!(
            "companies on {exchange} cannot be distinguished from those on NYSE now, because the \
             exchanges' symbol lists could not be loaded: run `filing-etl companies sync` again later, \
             or ask for NYSE"
        ))
        .into()),
    }
}
