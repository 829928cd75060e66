//! `stats`: shows the counts of the database. They are stored as totals, so reading them is fast at any
//! size.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::table;
use crate::cli::Cli;
use crate::config::PrintStyle;
use crate::exit::Exit;
use crate::print::{print_json, print_report};
use crate::progress::format::{bytes, clock, count};
use crate::store::{self, Reader, RunRow};
use crate::style::{failure, statuses};

const RUNS: u32 = 10;

/// The maximum number of forms in the table; with `--form all` there are hundreds.
const FORMS: usize = 15;

/// The output of `--json`; its field names are public.
#[derive(Debug, Serialize)]
struct StatsJson {
    /// The oldest `through` of the followed selections.
    through: Option<String>,
    companies: StatsCompanies,
    total: StatsFiles,
    exchanges: Vec<StatsExchange>,
    forms: Vec<Form>,
    years: Vec<Year>,
    runs: Vec<StatsRun>,
}

#[derive(Debug, Default, Serialize)]
struct StatsCompanies {
    active: u64,
    inactive: u64,
    with_filings: u64,
    never_checked: u64,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct StatsFiles {
    filings: u64,
    downloaded: u64,
    pending: u64,
    failed: u64,
    unavailable: u64,
    dropped: u64,
    bytes: u64,
}

#[derive(Debug, Serialize)]
struct StatsExchange {
    exchange: Option<String>,
    companies: u64,
    inactive: u64,
    #[serde(flatten)]
    holdings: StatsFiles,
}

#[derive(Debug, Serialize)]
struct Form {
    form: String,
    #[serde(flatten)]
    holdings: StatsFiles,
}

#[derive(Debug, Serialize)]
struct Year {
    year: i64,
    #[serde(flatten)]
    holdings: StatsFiles,
}

#[derive(Debug, Serialize)]
struct StatsRun {
    run_id: i64,
    command: String,
    status: &'static str,
    started_at: String,
    /// Until its end, or until its last heartbeat.
    elapsed_s: f64,
    companies_done: u64,
    filings_new: u64,
    downloaded: u64,
    failed: u64,
    requests: u64,
    bytes: u64,
}

pub(super) fn run(cli: &Cli, json: bool) -> Result<Exit> {
    let db = Reader::open(cli.db())?;
    let stats = stats(db.stats(RUNS)?, db.through()?);
    if json {
        print_json(&stats)?;
    } else {
        print_report(&text(&stats, Cli::style()), Cli::style())?;
    }
    Ok(Exit::Complete)
}

fn stats(db: store::Stats, through: Option<Date>) -> StatsJson {
    let mut companies = StatsCompanies::default();
    for e in &db.exchanges {
        companies.active += e.active;
        companies.inactive += e.inactive;
        companies.with_filings += e.with_filings;
        companies.never_checked += e.never_checked;
    }
    let mut forms: BTreeMap<String, store::Holdings> = BTreeMap::new();
    let mut years: BTreeMap<i64, store::Holdings> = BTreeMap::new();
    for row in db.forms_and_years {
        *years.entry(row.year).or_default() += row.holdings;
        *forms.entry(row.form).or_default() += row.holdings;
    }
    let exchanges = db.exchanges.into_iter().map(|e| StatsExchange {
        exchange: e.exchange,
        companies: e.active + e.inactive,
        inactive: e.inactive,
        holdings: e.holdings.into(),
    });
    let form = |(form, holdings): (String, store::Holdings)| Form {
        form,
        holdings: holdings.into(),
    };
    let year = |(year, holdings): (i64, store::Holdings)| Year {
        year,
        holdings: holdings.into(),
    };
    let mut forms: Vec<_> = forms.into_iter().map(form).collect();
    forms.sort_by_key(|form| std::cmp::Reverse(form.holdings.filings));
    StatsJson {
        through: through.map(|day| day.to_string()),
        companies,
        total: db.total.into(),
        exchanges: exchanges.collect(),
        forms,
        years: years.into_iter().rev().map(year).collect(),
        runs: db.runs.into_iter().map(StatsRun::from).collect(),
    }
}

impl From<store::Holdings> for StatsFiles {
    fn from(h: store::Holdings) -> Self {
        Self {
            filings: h.filings,
            downloaded: h.downloaded,
            pending: h.pending,
            failed: h.failed,
            unavailable: h.unavailable,
            dropped: h.dropped,
            bytes: h.bytes,
        }
    }
}

impl From<RunRow> for StatsRun {
    fn from(run: RunRow) -> Self {
        let end = run.ended_at.unwrap_or(run.heartbeat_at);
        let counts = &run.progress.counts;
        Self {
            run_id: run.id.get(),
            command: run.command,
            status: run.status.as_str(),
            started_at: format!("{:.0}", run.started_at),
            elapsed_s: (between(run.started_at, end).as_secs_f64() * 1000.0).round() / 1000.0,
            companies_done: counts.companies_done,
            filings_new: counts.filings_new,
            downloaded: counts.downloaded,
            failed: counts.failed + counts.companies_failed,
            requests: counts.requests,
            bytes: counts.bytes,
        }
    }
}

/// The time between two moments; zero if the clock was set back in between.
pub(super) fn between(start: Timestamp, end: Timestamp) -> Duration {
    Duration::try_from(end.duration_since(start)).unwrap_or_default()
}

fn text(stats: &StatsJson, style: PrintStyle) -> String {
    let (c, t) = (&stats.companies, &stats.total);
    let mut text = format!(
        "Companies  {} active: {} with filings, {} never checked; {} not listed\n\
         Filings    {}\n\
         Artifacts  {} downloaded ({}), {} pending, {}\n",
        count(c.active),
        count(c.with_filings),
        count(c.never_checked),
        count(c.inactive),
        count(t.filings),
        count(t.downloaded),
        bytes(t.bytes),
        count(t.pending),
        failure(&format!("{} failed", count(t.failed)), t.failed > 0, style),
    );
    if t.unavailable + t.dropped > 0 {
        let line = format!(
            "           {} unavailable at EDGAR, {} dropped\n",
            count(t.unavailable),
            count(t.dropped)
        );
        text += &line;
    }
    if t.pending + t.failed > 0 {
        text += "Next       `filing-etl download` downloads what is pending or failed\n";
    }
    if let Some(through) = &stats.through {
        let line = format!("Complete   through {through}\n");
        text += &line;
    }
    let mut section = |headers: &[&str], rows: Vec<Vec<String>>| {
        if !rows.is_empty() {
            text += "\n";
            let less = ["Bytes", "Pending", "Companies"];
            text += &table::fit(headers, rows, style, &less);
        }
    };
    let what = ["Filings", "Downloaded", "Pending", "Failed", "Bytes"];
    let headers = |first: &[&'static str]| [first, &what].concat();
    section(
        &headers(&["Exchange", "Companies"]),
        stats.exchanges.iter().map(exchange_row).collect(),
    );
    section(&headers(&["Form"]), form_rows(&stats.forms));
    let year = |y: &Year| row(vec![y.year.to_string()], &y.holdings);
    section(&headers(&["Year"]), stats.years.iter().map(year).collect());
    if !stats.runs.is_empty() {
        let headers = [
            "Run", "Command", "Status", "Started", "Time", "New", "Files", "Failed", "Bytes",
        ];
        let less = ["Bytes", "Time", "New", "Started"];
        let rows = stats.runs.iter().map(run_row).collect();
        let runs = table::fit(&headers, rows, style, &less);
        text = text + "\n" + &statuses(&runs, style);
    }
    text
}

fn row(first: Vec<String>, h: &StatsFiles) -> Vec<String> {
    let numbers = [h.filings, h.downloaded, h.pending, h.failed].map(count);
    [first, numbers.to_vec(), vec![bytes(h.bytes)]].concat()
}

fn exchange_row(e: &StatsExchange) -> Vec<String> {
    let name = e.exchange.clone().unwrap_or_else(|| "unknown".to_owned());
    row(vec![name, count(e.companies)], &e.holdings)
}

/// A row for each of the forms with the most filings, and one row for all others.
fn form_rows(forms: &[Form]) -> Vec<Vec<String>> {
    let (shown, others) = forms.split_at(forms.len().min(FORMS));
    let mut rows: Vec<_> = shown
        .iter()
        .map(|f| row(vec![f.form.clone()], &f.holdings))
        .collect();
    if !others.is_empty() {
        let sum = |of: fn(&StatsFiles) -> u64| others.iter().map(|f| of(&f.holdings)).sum();
        let all = StatsFiles {
            filings: sum(|h| h.filings),
            downloaded: sum(|h| h.downloaded),
            pending: sum(|h| h.pending),
            failed: sum(|h| h.failed),
            unavailable: sum(|h| h.unavailable),
            dropped: sum(|h| h.dropped),
            bytes: sum(|h| h.bytes),
        };
        rows.push(row(
            vec![format!("{} others", count(others.len() as u64))],
            &all,
        ));
    }
    rows
}

fn run_row(run: &StatsRun) -> Vec<String> {
    let time = Duration::try_from_secs_f64(run.elapsed_s).unwrap_or_default();
    // To the minute, such as `2026-01-31 09:30`.
    let started = run.started_at[..16].replace('T', " ");
    vec![
        run.run_id.to_string(),
        run.command.clone(),
        run.status.to_owned(),
        started,
        clock(time),
        count(run.filings_new),
        count(run.downloaded),
        count(run.failed),
        bytes(run.bytes),
    ]
}
