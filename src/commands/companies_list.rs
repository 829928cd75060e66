//! `companies list`: shows the companies that a backfill with the same filters visits, from the database.

use anyhow::{Result, bail};
use jiff::Timestamp;
use serde::Serialize;

use super::table;
use crate::cli::{Cli, ListArgs};
use crate::config::PrintStyle;
use crate::exit::Exit;
use crate::print::{print_json, print_report};
use crate::progress::format::{count, counted};
use crate::run::companies;
use crate::store::{self, Error, Reader};

/// The output of `--json`; its field names are public.
#[derive(Debug, Serialize)]
struct CompaniesJson {
    /// The time at which the list was loaded.
    synced_at: String,
    /// Whether Nasdaq Trader's lists were available then; without them NYSE American and NYSE Arca count as
    /// NYSE.
    listings_known: bool,
    companies: Vec<CompanyJson>,
}

#[derive(Debug, Serialize)]
struct CompanyJson {
    cik: u64,
    ticker: Option<String>,
    exchange: Option<String>,
    name: String,
    filings: u64,
    last_checked_at: Option<String>,
}

pub(super) fn run(cli: &Cli, args: &ListArgs) -> Result<Exit> {
    let filter = args.filter()?;
    let db = match Reader::open(cli.db()) {
        Err(Error::Missing(_)) => bail!(not_loaded(cli)),
        opened => opened?,
    };
    let Some(synced_at) = db.companies_synced_at()? else {
        bail!(not_loaded(cli));
    };
    if args.unmatched {
        return unmatched(&db, moment(synced_at), args.json);
    }
    let mut ciks = companies::resolve_known(&db, &filter)?.ciks(&db)?;
    if let Some(limit) = filter.limit {
        ciks.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    let list = CompaniesJson {
        synced_at: moment(synced_at),
        listings_known: db.listings_known()?,
        companies: db.company_rows(&ciks)?.into_iter().map(company).collect(),
    };
    if args.json {
        print_json(&list)?;
    } else {
        print_report(&text(list, Cli::style()), Cli::style())?;
    }
    Ok(Exit::Complete)
}

/// A listed security that has no company in the SEC's list.
#[derive(Debug, Serialize)]
struct UnmatchedSymbol {
    #[serde(rename = "symbol")]
    text: String,
    exchange: String,
    name: String,
}

/// The output of `--unmatched --json`; its field names are public.
#[derive(Debug, Serialize)]
struct UnmatchedSymbols {
    synced_at: String,
    unmatched: Vec<UnmatchedSymbol>,
}

fn unmatched(db: &Reader, synced_at: String, json: bool) -> Result<Exit> {
    let rows = db.unmatched()?;
    if json {
        let symbol = |[text, exchange, name]: [String; 3]| UnmatchedSymbol {
            text,
            exchange,
            name,
        };
        print_json(&UnmatchedSymbols {
            synced_at,
            unmatched: rows.into_iter().map(symbol).collect(),
        })?;
    } else {
        let rows = rows.into_iter().map(Vec::from).collect();
        let headers = ["Symbol", "Exchange", "Name"];
        let style = Cli::style();
        print_report(&table::fit(&headers, rows, style, &["Exchange"]), style)?;
    }
    Ok(Exit::Complete)
}

fn not_loaded(cli: &Cli) -> String {
    format!(
        "{} has no list of companies yet: load it with `filing-etl companies sync`, or name \
         another database with --db",
        cli.db().display()
    )
}

fn company(row: store::ShownCompany) -> CompanyJson {
    CompanyJson {
        cik: row.cik.get(),
        ticker: row.ticker,
        exchange: row.exchange,
        name: row.name,
        filings: row.filings,
        last_checked_at: row.last_checked_at.map(moment),
    }
}

/// A time in the format of the views, to the second.
fn moment(time: Timestamp) -> String {
    format!("{time:.0}")
}

fn text(list: CompaniesJson, style: PrintStyle) -> String {
    let found = list.companies.len() as u64;
    let row = |company: CompanyJson| {
        let day = company.last_checked_at.map(|time| time[..10].to_owned());
        vec![
            company.cik.to_string(),
            company.ticker.unwrap_or_default(),
            company.exchange.unwrap_or_default(),
            company.name,
            count(company.filings),
            day.unwrap_or_else(|| "never".to_owned()),
        ]
    };
    let headers = ["CIK", "Ticker", "Exchange", "Name", "Filings", "Checked"];
    let rows = list.companies.into_iter().map(row).collect();
    format!(
        "{}{}, listed as of {}\n",
        table::fit(&headers, rows, style, &["Checked", "Exchange"]),
        counted(found, ["company", "companies"]),
        list.synced_at
    )
}
