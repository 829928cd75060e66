//! `companies find TEXT`: finds companies by name, ticker or CIK in the database.

use anyhow::Result;
use serde::Serialize;

use super::table;
use crate::cli::{Cli, FindArgs};
use crate::config::PrintStyle;
use crate::exit::{Exit, UsageError};
use crate::find::{Findable, Match, find, near};
use crate::print::{print, print_json};
use crate::progress::format::printable;
use crate::store::Reader;

/// The maximum number of similar companies that are suggested if nothing matches.
const NEAR: usize = 5;

/// The output of `--json`; its field names are public.
#[derive(Debug, Serialize)]
struct FoundCompanies {
    text: String,
    companies: Vec<FoundCompany>,
}

#[derive(Debug, Serialize)]
struct FoundCompany {
    cik: u64,
    ticker: Option<String>,
    exchange: Option<String>,
    name: String,
    active: bool,
    /// How it matched: `cik`, `ticker`, `former_ticker`, `name` or `former_name`.
    by: &'static str,
    /// The former name or ticker that matched, and its last day.
    former: Option<String>,
    until: Option<String>,
    /// The companies that had its tickers before, each with the ticker and its last day.
    predecessors: Vec<Predecessor>,
}

#[derive(Debug, Serialize)]
struct Predecessor {
    cik: u64,
    ticker: String,
    until: String,
}

pub(super) fn run(cli: &Cli, args: &FindArgs) -> Result<Exit> {
    let db = Reader::open(cli.db())?;
    let text = args.text.join(" ");
    let companies = db.findable()?;
    let mut found = find(&text, &companies);
    if found.is_empty() {
        return Err(nothing(&text, &companies).into());
    }
    found.truncate(usize::try_from(args.limit).unwrap_or(usize::MAX));
    let found = found.into_iter();
    let found = found.map(|(company, how)| Ok(one(company, how, predecessors(&db, company)?)));
    let answer = FoundCompanies {
        text,
        companies: found.collect::<Result<_>>()?,
    };
    if args.json {
        print_json(&answer)?;
    } else {
        print(&shown(&answer, Cli::style()))?;
    }
    Ok(Exit::Complete)
}

/// The error for a text without a match, with the most similar companies.
fn nothing(text: &str, companies: &[Findable]) -> UsageError {
    let near: Vec<_> = near(text, companies, NEAR)
        .into_iter()
        .map(Findable::shown)
        .collect();
    let hint = if near.is_empty() {
        "load the current list with `filing-etl companies sync`, or find the CIK of any filer at \
         https://www.sec.gov/search-filings"
            .to_owned()
    } else {
        format!("the most similar are {}", near.join(", "))
    };
    UsageError(format!(
        "no company on record matches {:?}: {hint}",
        printable(text)
    ))
}

/// The companies that had the current tickers of this company before.
fn predecessors(db: &Reader, company: &Findable) -> Result<Vec<Predecessor>> {
    let mut predecessors = Vec::new();
    let tickers = company.tickers.iter().filter(|(_, until)| until.is_none());
    for (ticker, _) in tickers {
        let found = db.resolve_ticker(ticker)?;
        if let Some((cik, until)) = found.and_then(|found| found.before) {
            predecessors.push(Predecessor {
                cik: cik.get(),
                ticker: ticker.clone(),
                until: until.to_string(),
            });
        }
    }
    Ok(predecessors)
}

fn one(company: &Findable, how: Match, predecessors: Vec<Predecessor>) -> FoundCompany {
    let (by, former, until) = match how {
        Match::Cik => ("cik", None, None),
        Match::Ticker(_) => ("ticker", None, None),
        Match::FormerTicker(ticker, day) => ("former_ticker", Some(ticker), Some(day)),
        Match::WholeName | Match::Words | Match::Beginnings => ("name", None, None),
        Match::FormerName(name, day) => ("former_name", Some(name), day),
    };
    FoundCompany {
        cik: company.cik.get(),
        ticker: company.ticker.clone(),
        exchange: company.exchange.clone(),
        name: company.name.clone(),
        active: company.active,
        by,
        former,
        until: until.map(|day| day.to_string()),
        predecessors,
    }
}

fn shown(answer: &FoundCompanies, style: PrintStyle) -> String {
    let row = |found: &FoundCompany| {
        let until = found.until.as_ref().map(|day| format!(" until {day}"));
        let former = found
            .former
            .as_ref()
            .map(|former| format!("formerly {former}{}", until.unwrap_or_default()));
        let before = found.predecessors.iter().map(|before| {
            let Predecessor { cik, ticker, until } = before;
            format!("{ticker} belonged to CIK {cik} until {until}")
        });
        let unlisted = (!found.active).then(|| "not listed".to_owned());
        let notes: Vec<_> = unlisted.into_iter().chain(former).chain(before).collect();
        vec![
            found.cik.to_string(),
            found.ticker.clone().unwrap_or_default(),
            found.exchange.clone().unwrap_or_default(),
            found.name.clone(),
            notes.join("; "),
        ]
    };
    let rows = answer.companies.iter().map(row).collect();
    let headers = ["CIK", "Ticker", "Exchange", "Name", "Note"];
    table::fit(&headers, rows, style, &["Exchange"])
}
