//! What the operator asks: who is listed, what we hold, how the runs are doing.
//!
//! Everything comes from counters or a few rows, so that each answer is instant however many
//! filings there are, and no reader holds the write-ahead log for longer than that.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Row;

use super::error::{At, Result};
use super::queries;
use super::reader::{Reader, number};
use super::runs::RunCounts;
use super::types::{RunId, RunStatus, Time};
use crate::edgar::Cik;

/// A company of the plan, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its number.
    pub cik: Cik,
    /// The ticker of its primary listing.
    pub ticker: Option<String>,
    /// The exchange of its primary listing.
    pub exchange: Option<String>,
    /// Its name.
    pub name: String,
    /// How many of its filings are known.
    pub filings: u64,
    /// When its filings were last read to the end.
    pub last_checked_at: Option<Timestamp>,
}

/// Filings, and what became of their artifacts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Filings; a joint one counts once for each filer.
    pub filings: u64,
    /// Artifacts on disk.
    pub downloaded: u64,
    /// Artifacts that wait for their download.
    pub pending: u64,
    /// Artifacts given up so far.
    pub failed: u64,
    /// Bytes of those on disk.
    pub bytes: u64,
}

impl std::ops::AddAssign for Holdings {
    fn add_assign(&mut self, other: Self) {
        self.filings += other.filings;
        self.downloaded += other.downloaded;
        self.pending += other.pending;
        self.failed += other.failed;
        self.bytes += other.bytes;
    }
}

/// The companies whose primary listing is, or was last, on one exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeStats {
    /// The exchange; `None` where nobody says.
    pub exchange: Option<String>,
    /// Companies of the universe.
    pub active: u64,
    /// Companies that left it.
    pub inactive: u64,
    /// Active ones with a filing.
    pub with_filings: u64,
    /// Active ones never read to the end.
    pub never_checked: u64,
    /// What we hold of active and inactive ones.
    pub holdings: Holdings,
}

/// What we hold of one form and year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormYearStats {
    /// The form type.
    pub form: String,
    /// The year of the filing date.
    pub year: i64,
    /// What we hold.
    pub holdings: Holdings,
}

/// All that the database holds, in numbers of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// By exchange, the one with the most companies first.
    pub exchanges: Vec<ExchangeStats>,
    /// By form and year, in this order.
    pub forms_and_years: Vec<FormYearStats>,
    /// The last runs, newest first.
    pub runs: Vec<RunRow>,
}

/// A run as the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// Its number.
    pub id: RunId,
    /// What it does.
    pub command: String,
    /// What became of it.
    pub status: RunStatus,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Its last sign of life.
    pub heartbeat_at: Timestamp,
    /// Its process.
    pub pid: u32,
    /// How it is doing.
    pub counts: RunCounts,
}

impl Reader {
    /// The companies of the plan, in its order.
    ///
    /// # Errors
    ///
    /// If the database cannot be read, or there is no plan yet.
    pub fn listed(&self) -> Result<Vec<Listed>> {
        self.rows(queries::LISTED, (), "read the companies", |row| {
            Ok(Listed {
                cik: row.get(0)?,
                ticker: row.get(1)?,
                exchange: row.get(2)?,
                name: row.get(3)?,
                filings: number(row, 4)?,
                last_checked_at: row.get::<_, Option<Time>>(5)?.map(|time| time.0),
            })
        })
    }

    /// What the database holds, with the last `runs` runs.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn stats(&mut self, runs: u32) -> Result<Stats> {
        let doing = "count what it holds";
        // One transaction, so that the numbers are of the same moment.
        self.db.execute_batch("BEGIN").at(&self.path, doing)?;
        let stats = (|| -> Result<Stats> {
            Ok(Stats {
                exchanges: self.rows(queries::STATS_EXCHANGES, (), doing, exchange_stats)?,
                forms_and_years: self.rows(queries::STATS_COUNTS, (), doing, |row| {
                    Ok(FormYearStats {
                        form: row.get(0)?,
                        year: row.get(1)?,
                        holdings: holdings(row, 2)?,
                    })
                })?,
                runs: self.rows(queries::RUNS_LAST, [runs], doing, run_row)?,
            })
        })();
        self.db.execute_batch("COMMIT").at(&self.path, doing)?;
        stats
    }

    /// The run that began last.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn latest_run(&self) -> Result<Option<RunRow>> {
        let rows = self.rows(queries::RUN_LATEST, (), "look at the last run", run_row)?;
        Ok(rows.into_iter().next())
    }

    /// What went wrong last in a run, newest first. The texts may quote the network.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn run_errors(&self, run: RunId, n: u32) -> Result<Vec<String>> {
        let doing = "look at the run's errors";
        self.rows(queries::RUN_ERRORS, (run, n), doing, |row| row.get(0))
    }
}

fn exchange_stats(row: &Row<'_>) -> rusqlite::Result<ExchangeStats> {
    Ok(ExchangeStats {
        exchange: row.get(0)?,
        active: number(row, 1)?,
        inactive: number(row, 2)?,
        with_filings: number(row, 3)?,
        never_checked: number(row, 4)?,
        holdings: holdings(row, 5)?,
    })
}

/// Five columns from this one on.
fn holdings(row: &Row<'_>, from: usize) -> rusqlite::Result<Holdings> {
    Ok(Holdings {
        filings: number(row, from)?,
        downloaded: number(row, from + 1)?,
        pending: number(row, from + 2)?,
        failed: number(row, from + 3)?,
        bytes: number(row, from + 4)?,
    })
}

fn run_row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    let time = |name: &str| row.get::<_, Time>(name).map(|time| time.0);
    let maybe = |name: &str| {
        row.get::<_, Option<Time>>(name)
            .map(|time| time.map(|time| time.0))
    };
    let count = |name: &str| {
        row.get(name)
            .map(|number: i64| u64::try_from(number).unwrap_or(0))
    };
    let paused: f64 = row.get("paused_seconds")?;
    Ok(RunRow {
        id: RunId(row.get("id")?),
        command: row.get("command")?,
        status: row.get("status")?,
        started_at: time("started_at")?,
        ended_at: maybe("ended_at")?,
        heartbeat_at: time("heartbeat_at")?,
        pid: row.get("pid")?,
        counts: RunCounts {
            companies_total: count("companies_total")?,
            companies_done: count("companies_done")?,
            companies_with_new: count("companies_with_new")?,
            companies_unchanged: count("companies_unchanged")?,
            companies_failed: count("companies_failed")?,
            companies_in_progress: count("companies_in_progress")?,
            filings_found: count("filings_found")?,
            filings_new: count("filings_new")?,
            artifacts_created: count("artifacts_created")?,
            artifacts_queued: count("artifacts_queued")?,
            downloads_ok: count("downloads_ok")?,
            downloads_failed: count("downloads_failed")?,
            requests: count("requests")?,
            requests_companies: count("requests_companies")?,
            requests_discovery: count("requests_discovery")?,
            requests_documents: count("requests_documents")?,
            retries: count("retries")?,
            bytes: count("bytes")?,
            paused: Duration::try_from_secs_f64(paused).unwrap_or_default(),
            paused_until: maybe("paused_until")?,
            rate_limit: row.get("rate_limit")?,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::Reader;
    use super::super::testing::{Sandbox, artifact, at, cik, filing};
    use super::*;

    const URL: &str = "https://www.sec.gov";

    fn counts() -> RunCounts {
        RunCounts {
            companies_total: 3,
            companies_done: 2,
            requests: 9,
            paused: Duration::from_millis(1500),
            paused_until: Some(at(60)),
            rate_limit: Some(10),
            ..RunCounts::default()
        }
    }

    #[test]
    fn a_run_is_read_as_it_was_written() {
        let mut sandbox = Sandbox::new();
        let reader = Reader::open(&sandbox.path()).unwrap();
        assert_eq!(reader.latest_run().unwrap(), None);
        let run = sandbox
            .writer
            .start_run("backfill", "{}", URL, at(1))
            .unwrap();
        let batch = sandbox.writer.begin().unwrap();
        batch.heartbeat(run, &counts(), at(5)).unwrap();
        batch.commit().unwrap();
        let row = reader.latest_run().unwrap().unwrap();
        assert_eq!(
            (row.id, row.status, row.pid),
            (run, RunStatus::Running, std::process::id())
        );
        assert_eq!(
            (row.started_at, row.heartbeat_at, row.ended_at),
            (at(1), at(5), None)
        );
        assert_eq!(row.counts, counts());
        assert!(reader.run_errors(run, 3).unwrap().is_empty());
    }

    #[test]
    fn the_numbers_add_up() {
        let mut sandbox = Sandbox::new();
        let batch = sandbox.writer.begin().unwrap();
        batch
            .put_filings(cik(1), &[filing(1), filing(2)], at(0))
            .unwrap();
        batch.put_filings(cik(2), &[filing(2)], at(0)).unwrap();
        batch
            .put_artifacts(&[artifact(1, 1, "a.htm"), artifact(1, 2, "b.htm")])
            .unwrap();
        batch.company_checked(cik(1), at(3)).unwrap();
        batch.commit().unwrap();
        let mut reader = Reader::open(&sandbox.path()).unwrap();
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
        assert_eq!(by_exchange, by_form);
        assert_eq!((by_form.filings, by_form.pending), (3, 2));
        assert_eq!(stats.exchanges.iter().map(|e| e.active).sum::<u64>(), 3);
        assert_eq!(
            stats.exchanges.iter().map(|e| e.never_checked).sum::<u64>(),
            2
        );
        assert!(stats.exchanges.last().unwrap().exchange.is_none());
        // The transaction is over: the reader does not hold the log.
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

    #[test]
    fn listed_companies_come_in_the_order_of_the_plan() {
        let sandbox = Sandbox::new();
        let mut reader = Reader::open(&sandbox.path()).unwrap();
        reader
            .plan(&super::super::Scope::default(), Some(2))
            .unwrap();
        let listed = reader.listed().unwrap();
        let shown: Vec<_> = listed
            .iter()
            .map(|c| (c.cik.get(), c.ticker.as_deref(), c.exchange.as_deref()))
            .collect();
        assert_eq!(
            shown,
            [
                (1, Some("AAA"), Some("Nasdaq")),
                (2, Some("BBB"), Some("NYSE"))
            ]
        );
    }
}
