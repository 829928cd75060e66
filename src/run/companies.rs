//! From what the user asked for to companies that the database has on record.

use std::collections::BTreeSet;

use anyhow::Result;
use jiff::civil::Date;

use crate::config::CompanyFilter;
use crate::edgar::{Cik, SicCodes};
use crate::exchange::Exchange;
use crate::exit::UsageError;
use crate::find::find;
use crate::selection::Companies;
use crate::store::{Reader, ShownCompany, TickerMatch};

/// The companies that a filter means.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// What a selection of them says.
    pub companies: Companies,
    /// Only those of them with one of these codes.
    pub sic: Option<SicCodes>,
    /// CIKs among them that are not on record: only EDGAR can tell whose they are.
    pub new: Vec<Cik>,
    /// What each of the tickers stands for.
    tickers: Vec<TickerMatch>,
}

impl Resolved {
    /// These companies now, in the order of work: first those that nobody has asked for before.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn ciks(&self, db: &Reader) -> Result<Vec<Cik>> {
        let mut ciks = self.new.clone();
        let known = db.companies(&self.companies)?;
        ciks.extend(match &self.sic {
            Some(sic) => db.with_sic(&known, sic)?,
            None => known,
        });
        Ok(ciks)
    }

    /// As [`Resolved::ciks`], for what makes no sense without a company.
    ///
    /// # Errors
    ///
    /// A [`UsageError`] when there is none, or the database cannot be read.
    pub fn some_ciks(&self, db: &Reader) -> Result<Vec<Cik>> {
        let ciks = self.ciks(db)?;
        if ciks.is_empty() {
            return Err(UsageError(
                "no company matches: check --exchange and --sic, or show the list with `filing-etl \
                 companies list --exchange all`"
                    .to_owned(),
            )
            .into());
        }
        Ok(ciks)
    }

    /// Warns of those that are not listed any more, which tickers are former ones, and which belonged to
    /// somebody else on a day from `since` on.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn warn(&self, db: &Reader, since: Option<Date>) -> Result<()> {
        for found in &self.tickers {
            warn_of_ticker(db, found, since)?;
        }
        let Companies::Named(named) = &self.companies else {
            return Ok(());
        };
        let named: Vec<_> = named.iter().copied().collect();
        let rows = db.company_rows(&named)?.into_iter();
        // A filer that never was in the list has no ticker.
        for company in rows.filter(|company| !company.active && company.ticker.is_some()) {
            log::warn!(
                "company {} ({}) is not in the SEC's list of companies any more; it is looked at all \
                 the same",
                company.cik,
                company.name
            );
        }
        Ok(())
    }
}

/// The companies on record that a filter means. Those that are not listed any more are told.
///
/// # Errors
///
/// As [`resolve_any`], and when it names CIKs that are not on record.
pub fn resolve(db: &Reader, filter: &CompanyFilter) -> Result<Resolved> {
    let resolved = resolve_any(db, filter)?;
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

/// Says whose a ticker is now, and whose it was.
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
            }) => log::warn!("{ticker} is {now} now ({name}, CIK {cik})"),
            _ => log::warn!(
                "{ticker} is not listed any more; it was the ticker of company {}",
                found.cik
            ),
        }
    }
    let before = found.before;
    let before = before.filter(|(_, day)| since.is_some_and(|since| *day >= since));
    if let Some((cik, day)) = before {
        let name = company(cik)?.map(|company| company.name);
        log::warn!(
            "{ticker} was the ticker of {} until {day}: `--cik {cik}` takes its filings",
            name.unwrap_or_default()
        );
    }
    Ok(())
}

/// The most companies that are named as near to an unknown name.
const NEAR: usize = 3;

/// An error that says which tickers nobody has or had, with the companies that may be meant.
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
            "near are {}; `filing-etl companies find` shows more",
            near.join(", ")
        )
    };
    Ok(UsageError(format!(
        "not in the SEC's list of companies, now or earlier: {}: {hint}",
        with_lines(tickers.iter().cloned(), filter).join(", ")
    )))
}

/// The companies that a filter means, any filer of EDGAR by its CIK.
///
/// # Errors
///
/// A [`UsageError`] when it names tickers that no company on record ever had, or asks for exchanges
/// that the list cannot tell apart.
pub fn resolve_any(db: &Reader, filter: &CompanyFilter) -> Result<Resolved> {
    let exchanges = filter.exchanges();
    if let Some(exchanges) = &exchanges {
        can_tell_apart(db, exchanges)?;
    }
    if !filter.names_companies() {
        let exchanges = exchanges.map(|exchanges| exchanges.into_iter().collect());
        return Ok(Resolved {
            companies: Companies::Listed(exchanges),
            sic: filter.sic.clone(),
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
        new.clear(); // what was never in the list is on no exchange
        if named.is_empty() {
            return Err(UsageError(
                "none of these companies is listed on these exchanges: leave --exchange away, or see \
                 `filing-etl companies find`"
                    .to_owned(),
            )
            .into());
        }
    }
    Ok(Resolved {
        companies: Companies::Named(named),
        sic: filter.sic.clone(),
        new,
        tickers,
    })
}

/// Names, each with the line of the companies file that it stands in.
fn with_lines(names: impl Iterator<Item = String>, filter: &CompanyFilter) -> Vec<String> {
    names
        .map(|name| match filter.lines.get(&name) {
            Some(line) => format!("{name} ({line})"),
            None => name,
        })
        .collect()
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
