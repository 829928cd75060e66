//! The queue: all artifacts and submissions that are pending or failed. One row is one request,
//! except that an artifact whose submission is queued waits for the submission.

use rusqlite::Row;

use super::artifacts::file_name;
use super::batch::Batch;
use super::error::{AtPath, Result};
use super::filing_key::FilingKey;
use super::holdings::{Change, Holdings};
use super::queries::{companies as of_companies, holdings, queue as sql};
use super::reader::{Reader, number, optional_number};
use super::values::{ArtifactStatus, RunId, SubmissionStatus, integer, json_ciks};
use super::writer::Writer;
use crate::edgar::{ArtifactKind, Cik, FileName, QueueItem, Target, urls};

/// The maximum number of queue rows in memory while their status is changed.
const CHANGED_AT_A_TIME: i64 = 1000;

/// If some companies have at most this many filings together, their queue is read filing by filing,
/// which takes some 20 ms for each batch. With more filings, the whole queue is scanned once. The
/// value is small in tests, so that they use both.
const FEW_FILINGS: u64 = if cfg!(test) { 2 } else { 20_000 };

/// Conditions on the items of the queue.
#[derive(Debug, Clone, Default)]
pub struct QueueFilter {
    /// Items with one of these companies among their filers; `None` is no condition.
    pub companies: Option<Vec<Cik>>,
    /// Items queued before this run; `None` is no condition.
    pub before: Option<RunId>,
    /// Only pending or only failed items: no run has tried a pending one since it was queued. `None` is
    /// no condition.
    pub status: Option<ArtifactStatus>,
}

impl QueueFilter {
    fn params(&self) -> (Option<String>, Option<i64>) {
        let companies = self.companies.as_deref().map(json_ciks);
        (companies, self.before.map(RunId::get))
    }
}

/// A position in the queue. All submissions come first, then the artifacts, each in the order of
/// their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueuePlace {
    /// After the submission of this filing; 0 is the start.
    Submissions(i64),
    /// After the artifact with this id.
    Artifacts(i64),
}

impl QueuePlace {
    /// The start of the queue.
    pub const START: Self = Self::Submissions(0);
}

/// The number of items in the queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueLength {
    /// Items to be requested, and artifacts that wait for a submission.
    pub pending: u64,
    /// Items that failed in an earlier run. The next run tries them again.
    pub failed: u64,
}

impl QueueLength {
    pub fn total(self) -> u64 {
        self.pending + self.failed
    }
}

impl Reader {
    /// The next `n` items of the queue after a position, and the position after the last of them.
    /// `None` at the end.
    pub fn queue(
        &self,
        filter: &QueueFilter,
        after: QueuePlace,
        n: usize,
    ) -> Result<Option<(Vec<QueueItem>, QueuePlace)>> {
        let doing = "read the queue";
        let ((companies, before), n) = (filter.params(), integer(n as u64));
        let (submissions, artifacts) = if self.few(companies.as_deref())? {
            (sql::SUBMISSIONS_OF_FEW, sql::ARTIFACTS_OF_FEW)
        } else {
            (sql::SUBMISSIONS, sql::ARTIFACTS)
        };
        let mut last = 0;
        if let QueuePlace::Submissions(after) = after {
            let params = (after, before, &companies, n, filter.status);
            let items = self.rows(submissions, params, doing, |row| {
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
        let params = (after, before, &companies, n, filter.status);
        let items = self.rows(artifacts, params, doing, |row| {
            last = row.get(0)?;
            artifact(row)
        })?;
        Ok((!items.is_empty()).then_some((items, QueuePlace::Artifacts(last))))
    }

    /// The number of items in the queue. Without conditions it comes from the counters; with
    /// conditions every item is checked.
    pub fn queue_length(&self, filter: &QueueFilter) -> Result<QueueLength> {
        let doing = "count the queue";
        if filter.companies.is_none() && filter.before.is_none() {
            let total = self.one(holdings::TOTAL, (), doing, |row| Holdings::read(row, 0))?;
            return Ok(QueueLength {
                pending: total.pending,
                failed: total.failed,
            });
        }
        let (companies, before) = filter.params();
        let length = if self.few(companies.as_deref())? {
            sql::LENGTH_OF_FEW
        } else {
            sql::LENGTH
        };
        self.one(length, (before, companies), doing, |row| {
            Ok(QueueLength {
                pending: number(row, 0)?,
                failed: number(row, 1)?,
            })
        })
    }

    /// Whether these companies (a JSON list) have few filings together.
    fn few(&self, companies: Option<&str>) -> Result<bool> {
        let Some(companies) = companies else {
            return Ok(false);
        };
        let doing = "count the filings of companies";
        let filings = self.one(of_companies::FILINGS_OF, [companies], doing, |row| {
            number(row, 0)
        })?;
        Ok(filings <= FEW_FILINGS)
    }

    /// The number of requests in the queue and an upper bound of their bytes: the sum of the sizes
    /// of the submissions, if EDGAR gave them.
    pub fn queue_cost(&self, filter: &QueueFilter) -> Result<(u64, u64)> {
        let doing = "add up the queue";
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

/// Reads the columns of artifacts.sql.
pub(super) fn artifact(row: &Row<'_>) -> rusqlite::Result<QueueItem> {
    Ok(QueueItem {
        accession: row.get(1)?,
        folder: row.get(2)?,
        submission_size: optional_number(row, 3)?,
        target: Target::File(file_name(row, 4)?),
    })
}

impl Batch<'_> {
    /// Queues items and returns the number of new rows. Stored items do not change; failed items
    /// and those that were given up become pending. A primary document gets no row if the
    /// submission that contains it is queued.
    ///
    /// # Errors
    ///
    /// A filing is not on record.
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
        if known.status != ArtifactStatus::Downloaded {
            self.file_again(filing, (known.id, known.status))?;
        }
        Ok(0)
    }

    /// Makes a queued or given-up file pending.
    pub(super) fn file_again(
        &mut self,
        filing: &FilingKey,
        (id, status): (i64, ArtifactStatus),
    ) -> rusqlite::Result<()> {
        let run = self.run_number();
        self.tx
            .prepare_cached(sql::ARTIFACT_AGAIN)?
            .execute((id, run))?;
        self.count(filing, Change::files(status, -1, None))?;
        self.count(filing, Change::files(ArtifactStatus::Pending, 1, None))
    }

    /// Queues the submission of a filing to be split. The row of a queued primary document is
    /// deleted, because the submission contains the document.
    fn queue_submission(&mut self, filing: &FilingKey) -> rusqlite::Result<u64> {
        let known = self.submission_status(filing.id)?;
        if known == Some(SubmissionStatus::Split) {
            // The submission contains the documents that were given up.
            let given_up: Vec<(i64, ArtifactStatus)> = self
                .tx
                .prepare_cached(sql::GIVEN_UP_OF_FILING)?
                .query_map([filing.id], |row| row.try_into())?
                .collect::<rusqlite::Result<_>>()?;
            if given_up.is_empty() {
                return Ok(0);
            }
            for row in given_up {
                self.file_again(filing, row)?;
            }
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

    /// Makes a submission pending, whatever its status.
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

    pub(super) fn run_number(&self) -> i64 {
        self.run.map_or(0, RunId::get)
    }
}

impl Writer {
    /// Drops the queued items of these companies, or all with `None`, and returns the number of
    /// rows. Only a new or wider selection queues dropped items again.
    pub fn drop_queue(&mut self, companies: Option<&[Cik]>) -> Result<u64> {
        let artifacts = (sql::QUEUED_ARTIFACTS, sql::DROP_ARTIFACT);
        let submissions = (sql::QUEUED_SUBMISSIONS, sql::DROP_SUBMISSION);
        self.change_status(companies, [artifacts, submissions], ArtifactStatus::Dropped)
    }

    /// Queues unavailable items again and returns the number of rows.
    pub fn retry_unavailable(&mut self, companies: Option<&[Cik]>) -> Result<u64> {
        let artifacts = (sql::UNAVAILABLE_ARTIFACTS, sql::ARTIFACT_AGAIN);
        let submissions = (sql::UNAVAILABLE_SUBMISSIONS, sql::SUBMISSION_AGAIN);
        self.change_status(companies, [artifacts, submissions], ArtifactStatus::Pending)
    }

    /// Changes the status of rows and updates the counters. Each pair has a statement that finds
    /// the rows and one that changes a row by its id and the run.
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

/// A row whose status is to change: an artifact, or a filing's submission.
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

#[cfg(test)]
mod tests {
    use super::super::testing::{
        Sandbox, accession, at, cik, damaged, documents, exhibit, filing, primary, print,
    };
    use super::*;
    use jiff::civil::date;

    /// The queued items: the last part of each accession number, with the file name or `*`.
    fn names(sandbox: &Sandbox, filter: &QueueFilter, step: usize) -> Vec<String> {
        sandbox
            .queued(filter, step)
            .into_iter()
            .map(|item| match item.target {
                Target::Documents => format!("{} *", item.accession.get()),
                Target::File(file) => format!("{} {}", item.accession.get(), file.name),
            })
            .collect()
    }

    fn all(sandbox: &Sandbox) -> Vec<String> {
        names(sandbox, &QueueFilter::default(), 10)
    }

    fn split(sandbox: &mut Sandbox, number: u64, names: &[&str]) {
        let all: Vec<_> = names
            .iter()
            .map(|name| exhibit(name, Ok(print(7))))
            .collect();
        sandbox.write(|b| {
            let (text, held) = (print(99), all.len());
            b.split(accession(number), (&text, held), &all, 1, at(1))
                .unwrap()
        });
    }

    #[test]
    fn a_filing_wanted_as_primary_and_as_documents_is_one_submission() {
        for order in [
            [primary(1, "report.htm"), documents(1)],
            [documents(1), primary(1, "report.htm")],
        ] {
            let mut sandbox = Sandbox::new();
            sandbox.put(1, &[filing(1)]);
            assert!(sandbox.queue(&order) >= 1);
            assert_eq!(all(&sandbox), ["1 *"], "{order:?}");
            assert_eq!(sandbox.queue(&order), 0, "once more");
            assert_eq!(sandbox.rows("SELECT count(*) FROM artifacts"), ["0"]);
            sandbox.assert_counters();
            split(&mut sandbox, 1, &["report.htm", "a.htm"]);
            assert_eq!(sandbox.queue(&order), 0, "all of it is there");
            assert!(all(&sandbox).is_empty());
            assert_eq!(sandbox.rows("SELECT downloaded FROM holdings"), ["2"]);
            sandbox.assert_counters();
        }
    }

    #[test]
    fn a_primary_document_that_is_stored_or_lost_stays_when_documents_are_wanted() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1)]);
        sandbox.put(2, &[filing(2)]);
        for number in [1, 2] {
            sandbox.queue(&[primary(number, "report.htm")]);
            sandbox.stored(number, "report.htm", print(5));
        }
        let stored = sandbox
            .reader()
            .stored_files(super::super::StoredId::START, 9);
        sandbox.write(|b| b.lost(&stored.unwrap()[1], "verify: missing").unwrap());
        assert_eq!(sandbox.queue(&[documents(1), documents(2)]), 2);
        assert_eq!(
            sandbox.rows("SELECT filing, status, bytes FROM artifacts ORDER BY filing"),
            ["1|downloaded|5", "2|pending|5"]
        );
        assert_eq!(all(&sandbox), ["1 *", "2 *"], "the lost one waits");
        sandbox.assert_counters();
    }

    #[test]
    fn the_queue_has_each_entry_once_in_pages_of_any_size() {
        let mut sandbox = Sandbox::new();
        for (company, number) in [(2, 20), (1, 10), (1, 11), (3, 30)] {
            sandbox.put(company, &[filing(number)]);
            sandbox.queue(&["a", "b", "c"].map(|name| primary(number, name)));
        }
        sandbox.put(3, &[filing(11)]);
        sandbox.stored(10, "b", print(1));
        sandbox.queue(&[documents(30)]);
        let of = |companies: &[u64]| QueueFilter {
            companies: Some(companies.iter().copied().map(cik).collect()),
            ..QueueFilter::default()
        };
        for step in [1, 2, 3, 100] {
            assert_eq!(
                names(&sandbox, &QueueFilter::default(), step),
                [
                    "30 *", "20 a", "20 b", "20 c", "10 a", "10 c", "11 a", "11 b", "11 c"
                ]
            );
            assert_eq!(
                names(&sandbox, &of(&[3]), step),
                ["30 *", "11 a", "11 b", "11 c"],
                "a joint filing concerns each of its filers"
            );
            assert_eq!(
                names(&sandbox, &of(&[2, 99]), step),
                ["20 a", "20 b", "20 c"]
            );
            assert!(names(&sandbox, &of(&[]), step).is_empty());
        }
        let item = &sandbox.queued(&of(&[2]), 1)[0];
        assert_eq!((item.folder, item.submission_size), (cik(2), Some(123_456)));
    }

    #[test]
    fn what_a_run_queues_or_takes_itself_is_not_of_the_queue_before_it() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1), filing(2), filing(3)]);
        sandbox.queue(&[primary(1, "old"), primary(1, "met"), documents(2)]);
        let run = sandbox.writer.start_run("backfill", "{}", at(1)).unwrap();
        sandbox.queue(&[primary(1, "new"), primary(1, "met"), documents(3)]);
        let before = QueueFilter {
            before: Some(run),
            ..QueueFilter::default()
        };
        let pending = QueueFilter {
            status: Some(ArtifactStatus::Pending),
            ..QueueFilter::default()
        };
        assert_eq!(names(&sandbox, &before, 1), ["2 *", "1 old"]);
        sandbox.queue(&[documents(2)]);
        assert_eq!(names(&sandbox, &before, 1), ["1 old"]);
        assert_eq!(all(&sandbox), ["2 *", "3 *", "1 old", "1 met", "1 new"]);
        for item in [primary(1, "old"), documents(3)] {
            sandbox.write(|b| {
                b.failed(
                    item.accession,
                    &item.target,
                    3,
                    &damaged(),
                    date(2026, 1, 1),
                )
                .unwrap();
            });
        }
        assert_eq!(names(&sandbox, &pending, 1), ["2 *", "1 met", "1 new"]);
        let stored = sandbox
            .reader()
            .stored_files(super::super::StoredId::START, 9);
        assert!(stored.unwrap().is_empty());
    }

    #[test]
    fn what_was_dropped_is_queued_again_only_when_a_selection_wants_it() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1), filing(2)]);
        sandbox.put(2, &[filing(3)]);
        let wanted = [primary(1, "a"), documents(2), primary(3, "a")];
        sandbox.queue(&wanted);
        assert_eq!(sandbox.writer.drop_queue(Some(&[cik(1)])).unwrap(), 2);
        assert_eq!(sandbox.writer.drop_queue(Some(&[cik(1)])).unwrap(), 0);
        assert_eq!(all(&sandbox), ["3 a"]);
        assert_eq!(
            sandbox.rows("SELECT status, count(*) FROM v_artifacts GROUP BY 1 ORDER BY 1"),
            ["dropped|2", "pending|1"]
        );
        assert_eq!(
            sandbox.writer.retry_unavailable(None).unwrap(),
            0,
            "dropped"
        );
        sandbox.assert_counters();
        assert_eq!(sandbox.queue(&wanted), 0, "no row is new");
        assert_eq!(all(&sandbox), ["2 *", "1 a", "3 a"]);
        sandbox.assert_counters();
        assert_eq!(sandbox.writer.drop_queue(None).unwrap(), 3);
        assert!(all(&sandbox).is_empty());
        sandbox.assert_counters();
    }

    #[test]
    fn a_long_queue_is_dropped_to_its_end() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1)]);
        let many = CHANGED_AT_A_TIME.unsigned_abs() * 2 + 1;
        let items: Vec<_> = (0..many).map(|n| primary(1, &n.to_string())).collect();
        assert_eq!(sandbox.queue(&items), many);
        assert_eq!(sandbox.writer.drop_queue(None).unwrap(), many);
        assert_eq!(
            sandbox.rows("SELECT pending, dropped FROM holdings"),
            [format!("0|{many}")]
        );
    }
}
