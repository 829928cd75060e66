//! The queue: all artifacts and submissions that are pending or failed. One row, one request; an
//! artifact whose submission is queued waits for that.

use rusqlite::Row;

use super::error::{At, Result};
use super::filings::FilingKey;
use super::holdings::{Change, Holdings};
use super::queries::{holdings, queue as sql};
use super::reader::{Reader, number, optional_number};
use super::values::{ArtifactStatus, RunId, SubmissionStatus, integer, json_ciks};
use super::writer::{Batch, Writer};
use crate::edgar::{ArtifactKind, Cik, FileName, QueueItem, Target, urls};

/// How many rows of the queue are in memory at once while their status is changed.
const CHANGED_AT_A_TIME: i64 = 1000;

/// Which part of the queue.
#[derive(Debug, Clone, Default)]
pub struct QueueFilter {
    /// What concerns one of these companies, as any of the filers; `None` is no condition.
    pub companies: Option<Vec<Cik>>,
    /// What was queued before this run; `None` is no condition.
    pub before: Option<RunId>,
}

impl QueueFilter {
    fn params(&self) -> (Option<String>, Option<i64>) {
        let companies = self.companies.as_deref().map(json_ciks);
        (companies, self.before.map(RunId::get))
    }
}

/// A place in the queue: submissions come first, each kind in the order of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueuePlace {
    /// After the submission of this filing; 0 is the beginning.
    Submissions(i64),
    /// After this artifact.
    Artifacts(i64),
}

impl QueuePlace {
    /// The beginning of the queue.
    pub const START: Self = Self::Submissions(0);
}

/// How much of the queue is left, in requests and in files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueLength {
    /// What waits to be asked for, each a request or a file that waits for one.
    pub pending: u64,
    /// What an earlier run gave up and the next one tries again.
    pub failed: u64,
}

impl QueueLength {
    /// All of it.
    #[must_use]
    pub fn total(self) -> u64 {
        self.pending + self.failed
    }
}

impl Reader {
    /// The next `n` entries of the queue after a place, with the place after the last of them.
    /// `None` at the end.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn queue(
        &self,
        filter: &QueueFilter,
        after: QueuePlace,
        n: usize,
    ) -> Result<Option<(Vec<QueueItem>, QueuePlace)>> {
        let doing = "read the queue";
        let ((companies, before), n) = (filter.params(), integer(n as u64));
        let mut last = 0;
        if let QueuePlace::Submissions(after) = after {
            let params = (after, before, &companies, n);
            let items = self.rows(sql::SUBMISSIONS, params, doing, |row| {
                last = row.get(0)?;
                submission(row)
            })?;
            if !items.is_empty() {
                return Ok(Some((items, QueuePlace::Submissions(last))));
            }
        }
        let after = match after {
            QueuePlace::Submissions(_) => 0,
            QueuePlace::Artifacts(after) => after,
        };
        let params = (after, before, &companies, n);
        let items = self.rows(sql::ARTIFACTS, params, doing, |row| {
            last = row.get(0)?;
            artifact(row)
        })?;
        Ok((!items.is_empty()).then_some((items, QueuePlace::Artifacts(last))))
    }

    /// How much of the queue is left. Without a condition it comes from the counters; with one it
    /// takes a look at each entry.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn queue_length(&self, filter: &QueueFilter) -> Result<QueueLength> {
        let doing = "count what is queued";
        if filter.companies.is_none() && filter.before.is_none() {
            let total = self.one(holdings::TOTAL, (), doing, |row| Holdings::read(row, 0))?;
            return Ok(QueueLength {
                pending: total.pending,
                failed: total.failed,
            });
        }
        let (companies, before) = filter.params();
        self.one(sql::LENGTH, (before, companies), doing, |row| {
            Ok(QueueLength {
                pending: number(row, 0)?,
                failed: number(row, 1)?,
            })
        })
    }

    /// How many requests the queue takes, and how many bytes they bring at most: the sizes of the
    /// submissions that hold the files, where EDGAR told them.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn queue_cost(&self, filter: &QueueFilter) -> Result<(u64, u64)> {
        let doing = "add up what is queued";
        let (companies, before) = filter.params();
        self.one(sql::COST, (before, companies), doing, |row| {
            Ok((number(row, 0)?, number(row, 1)?))
        })
    }
}

fn submission(row: &Row<'_>) -> rusqlite::Result<QueueItem> {
    Ok(QueueItem {
        accession: row.get(1)?,
        folder: row.get(2)?,
        submission_size: optional_number(row, 3)?,
        target: Target::Documents,
    })
}

fn artifact(row: &Row<'_>) -> rusqlite::Result<QueueItem> {
    let url_name: Option<String> = row.get(6)?;
    Ok(QueueItem {
        accession: row.get(1)?,
        folder: row.get(2)?,
        submission_size: optional_number(row, 3)?,
        target: Target::File(FileName {
            kind: row.get(4)?,
            name: row.get(5)?,
            edgar_name: url_name.map(|name| urls::decoded(&name)),
        }),
    })
}

impl Batch<'_> {
    /// Queues these, and tells how many rows are new. What is queued or stored stays as it is; what
    /// was given up is queued again. A primary document comes with a submission that is queued, so it
    /// needs no row beside that.
    ///
    /// # Errors
    ///
    /// If the database cannot be written, or a filing is not on record.
    pub fn queue(&mut self, items: &[QueueItem]) -> Result<u64> {
        let mut created = 0;
        for item in items {
            let filing = self.filing(item.accession)?;
            created += match &item.target {
                Target::File(file) => self.queue_file(&filing, file),
                Target::Documents => self.queue_submission(&filing),
            }
            .at(self.path, "queue a filing")?;
        }
        Ok(created)
    }

    fn queue_file(&mut self, filing: &FilingKey, file: &FileName) -> rusqlite::Result<u64> {
        let queued = Change::files(ArtifactStatus::Pending, 1, None);
        let known = self.file_row(filing.id, &file.name)?;
        let run = self.run_number();
        let Some(known) = known else {
            let submission = self.submission_status(filing.id)?;
            let is_split_queued = submission.is_some_and(SubmissionStatus::is_queued);
            if is_split_queued && file.kind == ArtifactKind::Primary {
                return Ok(0);
            }
            self.tx.prepare_cached(sql::ADD_ARTIFACT)?.execute((
                filing.id,
                &file.name,
                urls::encoded_name(file.at_edgar(), &file.name),
                file.kind,
                run,
            ))?;
            self.count(filing, queued)?;
            return Ok(1);
        };
        if known.status.is_given_up() {
            self.tx
                .prepare_cached(sql::ARTIFACT_AGAIN)?
                .execute((known.id, run))?;
            self.count(filing, Change::files(known.status, -1, None))?;
            self.count(filing, queued)?;
        } else if known.status.is_queued() {
            self.tx
                .prepare_cached(sql::ARTIFACT_TAKEN)?
                .execute((known.id, run))?;
        }
        Ok(0)
    }

    /// Queues the submission of a filing, to be split. A primary document that is queued comes with
    /// it, so its row goes.
    fn queue_submission(&mut self, filing: &FilingKey) -> rusqlite::Result<u64> {
        let known = self.submission_status(filing.id)?;
        match known {
            Some(status) if status.is_queued() => {
                let run = self.run_number();
                self.tx
                    .prepare_cached(sql::SUBMISSION_TAKEN)?
                    .execute((filing.id, run))?;
                return Ok(0);
            }
            Some(status) if !status.is_given_up() => return Ok(0),
            _ => {}
        }
        self.submission_again(filing, known)?;
        let replaced: Vec<ArtifactStatus> = self
            .tx
            .prepare_cached(sql::REPLACE_PRIMARY)?
            .query_map([filing.id], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for status in replaced {
            self.count(filing, Change::files(status, -1, None))?;
        }
        Ok(u64::from(known.is_none()))
    }

    /// Makes a submission pending, whatever it is now.
    pub(super) fn submission_again(
        &mut self,
        filing: &FilingKey,
        known: Option<SubmissionStatus>,
    ) -> rusqlite::Result<()> {
        let run = self.run_number();
        self.tx
            .prepare_cached(sql::SUBMISSION_AGAIN)?
            .execute((filing.id, run))?;
        if let Some(status) = known.and_then(SubmissionStatus::as_artifact) {
            self.count(filing, Change::files(status, -1, None))?;
        }
        self.count(filing, Change::files(ArtifactStatus::Pending, 1, None))
    }

    fn run_number(&self) -> i64 {
        self.run.map_or(0, RunId::get)
    }
}

impl Writer {
    /// Takes the queue of these companies off, all of it without a condition, and tells how many
    /// rows that were. They are not queued again until a new or wider selection wants them.
    ///
    /// # Errors
    ///
    /// If the database cannot be written.
    pub fn drop_queue(&mut self, companies: Option<&[Cik]>) -> Result<u64> {
        let artifacts = (sql::QUEUED_ARTIFACTS, sql::DROP_ARTIFACT);
        let submissions = (sql::QUEUED_SUBMISSIONS, sql::DROP_SUBMISSION);
        self.change_status(companies, [artifacts, submissions], ArtifactStatus::Dropped)
    }

    /// Queues again what EDGAR did not have, and tells how many rows that were.
    ///
    /// # Errors
    ///
    /// If the database cannot be written.
    pub fn retry_unavailable(&mut self, companies: Option<&[Cik]>) -> Result<u64> {
        let artifacts = (sql::UNAVAILABLE_ARTIFACTS, sql::ARTIFACT_AGAIN);
        let submissions = (sql::UNAVAILABLE_SUBMISSIONS, sql::SUBMISSION_AGAIN);
        self.change_status(companies, [artifacts, submissions], ArtifactStatus::Pending)
    }

    /// Changes the status of rows, and counts them. Each pair is a statement that finds them, and
    /// one that changes a row by its id and the run.
    fn change_status(
        &mut self,
        companies: Option<&[Cik]>,
        statements: [(&'static str, &'static str); 2],
        to: ArtifactStatus,
    ) -> Result<u64> {
        let companies = companies.map(json_ciks);
        let mut batch = self.begin()?;
        let mut changed = 0;
        for (find, change) in statements {
            let mut after = Some(0);
            while let Some(last) = after {
                let rows = batch.rows_to_change(companies.as_deref(), find, last);
                let rows = rows.at(batch.path, "read the queue")?;
                let done = batch.change_rows(&rows, change, to);
                done.at(batch.path, "change the queue")?;
                changed += rows.len() as u64;
                after = rows.last().map(|row| row.id);
            }
        }
        batch.commit()?;
        Ok(changed)
    }
}

/// A row of the queue whose status is to change: an artifact, or the submission of a filing.
struct RowToChange {
    id: i64,
    status: ArtifactStatus,
    filing: FilingKey,
}

impl Batch<'_> {
    fn rows_to_change(
        &self,
        companies: Option<&str>,
        find: &'static str,
        after: i64,
    ) -> rusqlite::Result<Vec<RowToChange>> {
        let read = |row: &Row<'_>| {
            Ok(RowToChange {
                id: row.get(0)?,
                status: row.get(1)?,
                filing: FilingKey::read(row, 2)?,
            })
        };
        let mut find = self.tx.prepare_cached(find)?;
        let rows = find.query_map((companies, after, CHANGED_AT_A_TIME), read)?;
        rows.collect()
    }

    fn change_rows(
        &mut self,
        rows: &[RowToChange],
        change: &'static str,
        to: ArtifactStatus,
    ) -> rusqlite::Result<()> {
        let run = self.run_number();
        for row in rows {
            self.tx.prepare_cached(change)?.execute((row.id, run))?;
            self.count(&row.filing, Change::files(row.status, -1, None))?;
            self.count(&row.filing, Change::files(to, 1, None))?;
        }
        Ok(())
    }
}

impl FilingKey {
    /// Three columns from this one on: id, form, year.
    fn read(row: &Row<'_>, from: usize) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(from)?,
            form: row.get(from + 1)?,
            year: row.get(from + 2)?,
        })
    }
}
