//! Queries of `stats` and `monitor`: totals of the database, and the progress of runs.
//!
//! All values come from counters or a few rows. So each query takes almost no time however many
//! filings there are, and its transaction does not make the write-ahead log grow.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Params, Row};

use super::error::Result;
use super::holdings::Holdings;
use super::queries::{errors, holdings, runs};
use super::reader::{Reader, number};
use super::runs::RunProgress;
use super::values::{DateColumn, RunId, RunStatus, Time};
use crate::counts::Counts;

/// The companies whose primary listing is or was on one exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeStats {
    /// `None` if no list gives the exchange.
    pub exchange: Option<String>,
    /// Companies in the SEC's list.
    pub active: u64,
    /// Companies that left the SEC's list.
    pub inactive: u64,
    /// Active companies with a filing on record.
    pub with_filings: u64,
    /// Active companies whose filings were never read to the end.
    pub never_checked: u64,
    /// Counters of the active and the inactive companies.
    pub holdings: Holdings,
}

/// The counters of one form and year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormYearStats {
    pub form: String,
    /// The year of the filing date.
    pub year: i64,
    pub holdings: Holdings,
}

/// The totals of the database at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// The whole database, each filing and file counted once.
    pub total: Holdings,
    /// By exchange, the one with the most companies first. A joint filing counts once for each
    /// filer.
    pub exchanges: Vec<ExchangeStats>,
    /// By form and then year, in this order.
    pub forms_and_years: Vec<FormYearStats>,
    /// The last runs, newest first.
    pub runs: Vec<RunRow>,
}

/// A run on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    pub id: RunId,
    pub command: String,
    pub status: RunStatus,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub heartbeat_at: Timestamp,
    pub pid: u32,
    /// The oldest day up to which the followed selections were known at its end; `None` without any.
    pub through: Option<Date>,
    pub progress: RunProgress,
}

impl Reader {
    /// The totals of the database, and the last `most` runs.
    pub fn stats(&self, most: u32) -> Result<Stats> {
        let doing = "read its counters";
        self.at_one_moment(doing, || {
            Ok(Stats {
                total: self.one(holdings::TOTAL, (), doing, |row| Holdings::read(row, 0))?,
                exchanges: self.rows(holdings::BY_EXCHANGE, (), doing, exchange_stats)?,
                forms_and_years: self.rows(holdings::BY_FORM_AND_YEAR, (), doing, |row| {
                    Ok(FormYearStats {
                        form: row.get(0)?,
                        year: row.get(1)?,
                        holdings: Holdings::read(row, 2)?,
                    })
                })?,
                runs: self.runs(runs::LAST, [most], doing)?,
            })
        })
    }

    /// The run that started last.
    pub fn latest_run(&self) -> Result<Option<RunRow>> {
        let doing = "read the last run";
        self.at_one_moment(doing, || {
            Ok(self.runs(runs::LATEST, (), doing)?.into_iter().next())
        })
    }

    fn runs(
        &self,
        sql: &'static str,
        params: impl Params,
        doing: &'static str,
    ) -> Result<Vec<RunRow>> {
        let mut found = self.rows(sql, params, doing, run_row)?;
        for run in &mut found {
            let counts = &mut run.progress.counts;
            self.rows(runs::COUNTS, [run.id], doing, |row| {
                counts.set(row.get_ref(0)?.as_str()?, number(row, 1)?);
                Ok(())
            })?;
            if run.status != RunStatus::Running {
                // A killed run leaves this counter above zero.
                counts.companies_in_progress = 0;
            }
        }
        Ok(found)
    }

    /// The number of errors of a run, by kind.
    pub fn run_error_kinds(&self, run: RunId) -> Result<BTreeMap<String, u64>> {
        let doing = "count the run's errors";
        let kinds = self.rows(errors::KINDS, [run], doing, |row| {
            Ok((row.get(0)?, number(row, 1)?))
        })?;
        Ok(kinds.into_iter().collect())
    }

    /// The last `n` errors of a run, newest first. The messages may contain text from the network.
    pub fn run_errors(&self, run: RunId, n: u32) -> Result<Vec<String>> {
        let doing = "read the run's errors";
        self.rows(errors::OF_RUN, (run, n), doing, |row| row.get(0))
    }
}

fn exchange_stats(row: &Row<'_>) -> rusqlite::Result<ExchangeStats> {
    Ok(ExchangeStats {
        exchange: row.get(0)?,
        active: number(row, 1)?,
        inactive: number(row, 2)?,
        with_filings: number(row, 3)?,
        never_checked: number(row, 4)?,
        holdings: Holdings::read(row, 5)?,
    })
}

fn run_row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    let time = |name: &str| row.get::<_, Time>(name).map(|time| time.0);
    let maybe = |name: &str| {
        row.get::<_, Option<Time>>(name)
            .map(|time| time.map(|time| time.0))
    };
    let paused: f64 = row.get("paused_s")?;
    Ok(RunRow {
        id: RunId(row.get("id")?),
        command: row.get("command")?,
        status: row.get("status")?,
        started_at: time("started_at")?,
        ended_at: maybe("ended_at")?,
        heartbeat_at: time("heartbeat_at")?,
        pid: row.get("pid")?,
        through: row
            .get::<_, Option<DateColumn>>("through")?
            .map(|day| day.0),
        progress: RunProgress {
            counts: Counts::default(),
            paused: Duration::try_from_secs_f64(paused).unwrap_or_default(),
            paused_until: maybe("paused_until")?,
            rate_limit: row.get("rate_limit")?,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::Reader;
    use super::super::testing::{Sandbox, at, cik, filing, primary};
    use super::*;

    fn progress() -> RunProgress {
        RunProgress {
            counts: Counts {
                companies_total: 3,
                companies_done: 2,
                requests: 9,
                ..Counts::default()
            },
            paused: Duration::from_millis(1500),
            paused_until: Some(at(60)),
            rate_limit: Some(10),
        }
    }

    #[test]
    fn a_run_is_read_as_it_was_written() {
        let mut sandbox = Sandbox::new();
        let reader = Reader::open(&sandbox.path()).unwrap();
        assert_eq!(reader.latest_run().unwrap(), None);
        let run = sandbox.writer.start_run("backfill", "{}", at(1)).unwrap();
        let batch = sandbox.writer.begin().unwrap();
        batch.heartbeat(run, &progress(), at(5)).unwrap();
        batch.commit().unwrap();
        let row = reader.latest_run().unwrap().unwrap();
        assert_eq!(
            (row.id, row.status, row.pid),
            (run, RunStatus::Running, std::process::id())
        );
        assert_eq!((row.started_at, row.ended_at), (at(1), None));
        assert!(row.heartbeat_at > at(1), "by the real clock");
        assert_eq!(row.progress, progress());
        assert!(reader.run_errors(run, 3).unwrap().is_empty());
    }

    #[test]
    fn the_numbers_add_up() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1), filing(2)]);
        sandbox.put(2, &[filing(2)]);
        sandbox.queue(&[primary(1, "a.htm"), primary(2, "b.htm")]);
        sandbox.write(|b| b.company_checked(cik(1), (at(3), at(3)), &[]).unwrap());
        let reader = Reader::open(&sandbox.path()).unwrap();
        let stats = reader.stats(10).unwrap();
        let all = |list: Vec<Holdings>| {
            let mut sum = Holdings::default();
            for one in list {
                sum += one;
            }
            sum
        };
        let by_exchange = all(stats.exchanges.iter().map(|e| e.holdings).collect());
        let by_form = all(stats.forms_and_years.iter().map(|f| f.holdings).collect());
        assert_eq!(by_form, stats.total);
        assert_eq!((by_form.filings, by_form.pending), (2, 2));
        assert_eq!(
            (by_exchange.filings, by_exchange.pending),
            (3, 3),
            "the joint filing counts for each of its filers"
        );
        assert_eq!(stats.exchanges.iter().map(|e| e.active).sum::<u64>(), 3);
        assert_eq!(
            stats.exchanges.iter().map(|e| e.never_checked).sum::<u64>(),
            2
        );
        assert!(stats.exchanges.last().unwrap().exchange.is_none());
        // The transaction has ended, so the reader does not hold the log.
        assert!(reader.db.is_autocommit());
    }

    #[test]
    fn an_empty_database_holds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("filings.db");
        let _writer = super::super::Writer::open(&path).unwrap();
        let stats = Reader::open(&path).unwrap().stats(10).unwrap();
        assert!(stats.exchanges.is_empty() && stats.forms_and_years.is_empty());
        assert!(stats.runs.is_empty());
    }
}
