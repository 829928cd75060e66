//! The history of runs, and the heartbeat other processes watch.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, named_params};

use super::error::{At, Result};
use super::types::{RunId, RunStatus, integer, time};
use super::writer::{Batch, Writer};
use super::{meta, queries};

/// How a run is doing: totals since its start, and what is going on now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// Companies the run is about.
    pub companies_total: u64,
    /// Companies done, failed ones included.
    pub companies_done: u64,
    /// Companies with a filing we did not know.
    pub companies_with_new: u64,
    /// Companies without one.
    pub companies_unchanged: u64,
    /// Companies whose filings could not be read.
    pub companies_failed: u64,
    /// Companies being worked on now.
    pub companies_in_progress: u64,
    /// Wanted filings seen.
    pub filings_found: u64,
    /// Those among them we did not know.
    pub filings_new: u64,
    /// Artifacts queued.
    pub artifacts_created: u64,
    /// Artifacts the run has to download: the backlog and what it created.
    pub artifacts_queued: u64,
    /// Artifacts on disk.
    pub downloads_ok: u64,
    /// Artifacts given up for this run.
    pub downloads_failed: u64,
    /// Requests sent, retries included.
    pub requests: u64,
    /// Requests for company lists.
    pub requests_companies: u64,
    /// Requests for lists of filings.
    pub requests_discovery: u64,
    /// Requests for documents.
    pub requests_documents: u64,
    /// Requests that repeated a failed one.
    pub retries: u64,
    /// Bytes of artifacts stored.
    pub bytes: u64,
    /// How long EDGAR had us pause.
    pub paused: Duration,
    /// When the pause going on now ends.
    pub paused_until: Option<Timestamp>,
    /// Requests per second allowed; `None` is no limit.
    pub rate_limit: Option<u32>,
}

impl Writer {
    /// Begins a run; prunes old errors. `options` is a JSON object, `archives_url` is what `v_artifacts.url`
    /// begins with.
    ///
    /// Every run that still says `running` is marked `interrupted`: the caller holds the
    /// [`super::RunLock`], so that run is dead.
    ///
    /// # Errors
    ///
    /// If the database cannot be written.
    pub fn start_run(
        &mut self,
        command: &str,
        options: &str,
        archives_url: &str,
        now: Timestamp,
    ) -> Result<RunId> {
        let doing = "record the start of the run";
        let batch = self.begin()?;
        let (tx, path) = (&batch.tx, batch.path);
        tx.execute(queries::RUNS_INTERRUPT, []).at(path, doing)?;
        tx.execute(
            queries::RUN_START,
            (command, time(now), std::process::id(), options),
        )
        .at(path, doing)?;
        let id = RunId(tx.last_insert_rowid());
        tx.execute(queries::BEFORE_RUN_FORGET, []).at(path, doing)?;
        tx.execute(queries::ERRORS_PRUNE, []).at(path, doing)?;
        tx.execute(
            queries::META_PUT,
            (meta::ARCHIVES_URL, archives_url.trim_end_matches('/')),
        )
        .at(path, doing)?;
        batch.commit()?;
        Ok(id)
    }

    /// Records how a run ended.
    ///
    /// # Errors
    ///
    /// If the database cannot be written.
    pub fn finish_run(
        &mut self,
        run: RunId,
        status: RunStatus,
        counts: &RunCounts,
        now: Timestamp,
    ) -> Result<()> {
        let batch = self.begin()?;
        batch.heartbeat(run, counts, now)?;
        batch
            .tx
            .execute(queries::RUN_FINISH, (run, status, time(now)))
            .at(batch.path, "record the end of the run")?;
        batch.commit()
    }
}

impl Batch<'_> {
    /// Records how a run is doing.
    ///
    /// # Errors
    ///
    /// If the database cannot be written.
    pub fn heartbeat(&self, run: RunId, counts: &RunCounts, now: Timestamp) -> Result<()> {
        heartbeat(&self.tx, self.path, run, counts, now)
    }
}

fn heartbeat(
    db: &Connection,
    path: &Path,
    run: RunId,
    counts: &RunCounts,
    now: Timestamp,
) -> Result<()> {
    let doing = "record how the run is doing";
    let mut statement = db.prepare_cached(queries::RUN_HEARTBEAT).at(path, doing)?;
    statement
        .execute(named_params! {
            ":id": run,
            ":now": time(now),
            ":companies_total": integer(counts.companies_total),
            ":companies_done": integer(counts.companies_done),
            ":companies_with_new": integer(counts.companies_with_new),
            ":companies_unchanged": integer(counts.companies_unchanged),
            ":companies_failed": integer(counts.companies_failed),
            ":companies_in_progress": integer(counts.companies_in_progress),
            ":filings_found": integer(counts.filings_found),
            ":filings_new": integer(counts.filings_new),
            ":artifacts_created": integer(counts.artifacts_created),
            ":artifacts_queued": integer(counts.artifacts_queued),
            ":downloads_ok": integer(counts.downloads_ok),
            ":downloads_failed": integer(counts.downloads_failed),
            ":requests": integer(counts.requests),
            ":requests_companies": integer(counts.requests_companies),
            ":requests_discovery": integer(counts.requests_discovery),
            ":requests_documents": integer(counts.requests_documents),
            ":retries": integer(counts.retries),
            ":bytes": integer(counts.bytes),
            ":paused_seconds": counts.paused.as_secs_f64(),
            ":paused_until": counts.paused_until.map(time),
            ":rate_limit": counts.rate_limit,
        })
        .at(path, doing)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Sandbox, artifact, at, cik, filing};
    use super::super::{ErrorRow, Writer};
    use super::*;

    const URL: &str = "https://www.sec.gov";
    const RUNS: &str = "SELECT id, command, status, started_at, ended_at, options, companies_total, companies_done, filings_found, downloads_ok, requests, bytes, paused_seconds FROM v_runs ORDER BY id";

    fn counts() -> RunCounts {
        RunCounts {
            companies_total: 10,
            companies_done: 4,
            filings_found: 20,
            downloads_ok: 7,
            requests: 31,
            bytes: 5000,
            paused: Duration::from_millis(1500),
            paused_until: Some(at(60)),
            rate_limit: Some(10),
            ..RunCounts::default()
        }
    }

    #[test]
    fn a_run_is_recorded_from_start_to_end() {
        let mut sandbox = Sandbox::new();
        let writer = &mut sandbox.writer;
        let run = writer.start_run("backfill", "{}", URL, at(1)).unwrap();
        writer
            .finish_run(run, RunStatus::Completed, &counts(), at(9))
            .unwrap();
        assert_eq!(
            sandbox.rows(RUNS),
            [
                "1|backfill|completed|2026-01-01T00:00:01.000Z|2026-01-01T00:00:09.000Z|{}|10|4|20|7|31|5000|1.5"
            ]
        );
    }

    #[test]
    fn every_status_fits_the_table() {
        let mut sandbox = Sandbox::new();
        for status in RunStatus::ALL {
            let run = sandbox
                .writer
                .start_run("update", "{}", URL, at(1))
                .unwrap();
            sandbox
                .writer
                .finish_run(run, status, &counts(), at(2))
                .unwrap();
        }
    }

    #[test]
    fn a_run_that_died_is_interrupted_from_the_next_start_on() {
        let Sandbox { folder, mut writer } = Sandbox::new();
        let run = writer.start_run("backfill", "{}", URL, at(1)).unwrap();
        let batch = writer.begin().unwrap();
        batch.heartbeat(run, &counts(), at(5)).unwrap();
        batch.commit().unwrap();
        drop(writer); // killed: neither finished nor closed

        let writer = Writer::open(&folder.path().join("filings.db")).unwrap();
        let mut sandbox = Sandbox { folder, writer };
        assert!(sandbox.rows(RUNS)[0].starts_with("1|backfill|running|"));
        sandbox
            .writer
            .start_run("backfill", "{}", URL, at(100))
            .unwrap();
        let runs = sandbox.rows(RUNS);
        assert_eq!(
            runs[0],
            "1|backfill|interrupted|2026-01-01T00:00:01.000Z|2026-01-01T00:00:05.000Z|{}|10|4|20|7|31|5000|1.5"
        );
        assert!(runs[1].starts_with("2|backfill|running|2026-01-01T00:01:40.000Z|NULL|"));
    }

    #[test]
    fn errors_of_the_last_hundred_runs_are_kept() {
        let mut sandbox = Sandbox::new();
        let writer = &mut sandbox.writer;
        for second in 0..102 {
            let run = writer.start_run("update", "{}", URL, at(second)).unwrap();
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
    fn addresses_follow_the_archive_of_the_last_run() {
        let mut sandbox = Sandbox::new();
        let mirror = "http://127.0.0.1:8080/mirror/";
        sandbox
            .writer
            .start_run("backfill", "{}", mirror, at(1))
            .unwrap();
        let batch = sandbox.writer.begin().unwrap();
        batch.put_filings(cik(1), &[filing(5)], at(1)).unwrap();
        batch.put_artifacts(&[artifact(1, 5, "a.htm")]).unwrap();
        batch.commit().unwrap();
        assert_eq!(
            sandbox.rows("SELECT url FROM v_artifacts"),
            ["http://127.0.0.1:8080/mirror/Archives/edgar/data/1/000000000000000005/a.htm"]
        );
    }
}
