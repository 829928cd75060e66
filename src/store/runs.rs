//! The history of runs, and the heartbeat that other processes read.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;

use super::batch::Batch;
use super::error::Result;
use super::queries::{errors as errors_sql, runs as sql};
use super::values::{DayText, RunId, RunStatus, integer, time};
use super::writer::Writer;
use crate::counts::Counts;
use crate::edgar::calendar::filing_day;
use crate::edgar::{Accession, Cik};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunEnd {
    /// The final status.
    pub status: RunStatus,
    /// The budget that ended the run, if one did.
    pub ended_by: Option<&'static str>,
    /// The oldest `through` of the followed selections.
    pub through: Option<Date>,
}

/// An error for `v_errors`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorRow<'a> {
    pub cik: Option<Cik>,
    pub accession: Option<Accession>,
    pub url: Option<String>,
    /// One word; errors of one kind have the same remedy.
    pub kind: &'a str,
    pub message: String,
}

/// The progress of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunProgress {
    /// What the run has counted since its start.
    pub counts: Counts,
    /// How long requests were paused because of EDGAR's limit.
    pub paused: Duration,
    /// When the current pause ends.
    pub paused_until: Option<Timestamp>,
    /// The limit in requests per second; `None` is no limit.
    pub rate_limit: Option<u32>,
}

impl Writer {
    /// Records the start of a run and deletes old errors. `options` is a JSON object.
    ///
    /// The caller holds the [`super::RunLock`], so any other run that is still `running` is dead.
    /// It becomes `interrupted`.
    pub fn start_run(&mut self, command: &str, options: &str, now: Timestamp) -> Result<RunId> {
        let doing = "record the start of the run";
        let batch = self.begin()?;
        batch.execute(sql::INTERRUPT, [], doing)?;
        let (heartbeat, pid) = (time(Timestamp::now()), std::process::id());
        batch.execute(
            sql::START,
            (command, time(now), heartbeat, pid, options),
            doing,
        )?;
        let id = RunId(batch.tx.last_insert_rowid());
        batch.execute(errors_sql::PRUNE, [], doing)?;
        batch.prune_refused_pages(filing_day(now))?;
        batch.commit()?;
        self.run = Some(id);
        Ok(id)
    }

    /// Records the end of a run.
    pub fn finish_run(
        &mut self,
        run: RunId,
        end: &RunEnd,
        progress: &RunProgress,
        now: Timestamp,
    ) -> Result<()> {
        let RunEnd {
            status,
            ended_by,
            through,
        } = end;
        let batch = self.begin()?;
        batch.heartbeat(run, progress, Timestamp::now())?;
        let row = (run, status, time(now), ended_by, through.map(DayText::new));
        batch.execute(sql::FINISH, row, "record the end of the run")?;
        batch.commit()?;
        self.run = None;
        Ok(())
    }
}

impl Batch<'_> {
    /// Records that a run is alive, and its progress. `now` is the time of the system clock, even
    /// if the run uses another time.
    pub fn heartbeat(&self, run: RunId, progress: &RunProgress, now: Timestamp) -> Result<()> {
        let doing = "record the run's progress";
        let row = (
            run,
            time(now),
            progress.paused.as_secs_f64(),
            progress.paused_until.map(time),
            progress.rate_limit,
        );
        self.execute(sql::HEARTBEAT, row, doing)?;
        for (name, value) in progress.counts.named() {
            self.execute(sql::PUT_COUNT, (run, name, integer(value)), doing)?;
        }
        Ok(())
    }

    pub fn error(&self, run: RunId, error: &ErrorRow<'_>, now: Timestamp) -> Result<()> {
        let row = (
            run,
            time(now),
            error.cik,
            error.accession,
            &error.url,
            error.kind,
            &error.message,
        );
        self.execute(errors_sql::PUT, row, "record an error")?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Sandbox, at, cik, filing, primary};
    use super::super::{ErrorRow, Writer};
    use super::*;
    use jiff::civil::date;

    const RUNS: &str = "SELECT run_id, command, status, started_at, ended_at, options, companies_total, companies_done, filings_found, downloaded, requests, bytes, paused_s FROM v_runs ORDER BY run_id";

    fn progress() -> RunProgress {
        RunProgress {
            counts: Counts {
                companies_total: 10,
                companies_done: 4,
                filings_found: 20,
                downloaded: 7,
                requests: 31,
                bytes: 5000,
                ..Counts::default()
            },
            paused: Duration::from_millis(1500),
            paused_until: Some(at(60)),
            rate_limit: Some(10),
        }
    }

    fn end(status: RunStatus) -> RunEnd {
        RunEnd {
            status,
            ended_by: None,
            through: None,
        }
    }

    #[test]
    fn a_run_is_recorded_from_start_to_end() {
        let mut sandbox = Sandbox::new();
        let writer = &mut sandbox.writer;
        let run = writer.start_run("backfill", "{}", at(1)).unwrap();
        let end = RunEnd {
            status: RunStatus::Partial,
            ended_by: Some("max_duration"),
            through: Some(date(2025, 12, 31)),
        };
        writer.finish_run(run, &end, &progress(), at(9)).unwrap();
        assert_eq!(
            sandbox.rows(RUNS),
            [
                "1|backfill|partial|2026-01-01T00:00:01.000Z|2026-01-01T00:00:09.000Z|{}|10|4|20|7|31|5000|1.5"
            ]
        );
        assert_eq!(
            sandbox.rows("SELECT ended_by, through FROM v_runs"),
            ["max_duration|2025-12-31"]
        );
    }

    #[test]
    fn every_status_fits_the_table() {
        let mut sandbox = Sandbox::new();
        for status in RunStatus::ALL {
            let run = sandbox.writer.start_run("update", "{}", at(1)).unwrap();
            sandbox
                .writer
                .finish_run(run, &end(status), &progress(), at(2))
                .unwrap();
        }
    }

    #[test]
    fn a_run_that_died_is_interrupted_from_the_next_start_on() {
        let Sandbox { folder, mut writer } = Sandbox::new();
        let run = writer.start_run("backfill", "{}", at(1)).unwrap();
        let batch = writer.begin().unwrap();
        batch.heartbeat(run, &progress(), at(5)).unwrap();
        batch.commit().unwrap();
        drop(writer); // killed: neither finished nor closed

        let writer = Writer::open(&folder.path().join("filings.db")).unwrap();
        let mut sandbox = Sandbox { folder, writer };
        assert!(sandbox.rows(RUNS)[0].starts_with("1|backfill|running|"));
        sandbox.writer.start_run("backfill", "{}", at(100)).unwrap();
        let runs = sandbox.rows(RUNS);
        let ended = &sandbox.rows("SELECT heartbeat_at FROM runs WHERE id = 1")[0];
        assert_eq!(
            runs[0],
            format!(
                "1|backfill|interrupted|2026-01-01T00:00:01.000Z|{ended}|{{}}|10|4|20|7|31|5000|1.5"
            )
        );
        assert!(runs[1].starts_with("2|backfill|running|2026-01-01T00:01:40.000Z|NULL|"));
    }

    #[test]
    fn errors_of_the_last_hundred_runs_are_kept() {
        let mut sandbox = Sandbox::new();
        let writer = &mut sandbox.writer;
        for second in 0..102 {
            let run = writer.start_run("update", "{}", at(second)).unwrap();
            let batch = writer.begin().unwrap();
            let error = ErrorRow {
                cik: (second % 2 == 0).then(|| cik(320_193)),
                accession: None,
                url: None,
                kind: "throttled",
                message: "asked too often".to_owned(),
            };
            batch.error(run, &error, at(second)).unwrap();
            batch.commit().unwrap();
        }
        assert_eq!(
            sandbox.rows("SELECT count(*), min(run_id) FROM v_errors"),
            ["100|3"]
        );
        assert_eq!(
            sandbox.rows("SELECT * FROM v_errors WHERE run_id = 3"),
            ["3|2026-01-01T00:00:02.000Z|320193|NULL|NULL|throttled|asked too often"]
        );
    }

    #[test]
    fn addresses_begin_with_the_archive_on_record() {
        let mut sandbox = Sandbox::new();
        let mirror = "http://127.0.0.1:8080/mirror";
        let recorded = [mirror; 3].map(str::to_owned);
        sandbox.writer.record_addresses(&recorded).unwrap();
        sandbox.put(1, &[filing(5)]);
        sandbox.queue(&[primary(5, "a.htm")]);
        for view in ["v_artifacts", "v_documents"] {
            assert_eq!(
                sandbox.rows(&format!("SELECT url FROM {view}")),
                ["http://127.0.0.1:8080/mirror/Archives/edgar/data/1/000000000000000005/a.htm"]
            );
        }
    }
}
