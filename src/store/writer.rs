//! The only writing connection, and what one transaction records.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::error::{At, Error, Result};
use super::facts::StoredId;
use super::pages::PageKey;
use super::reader::Reader;
use super::types::{Day, RunId, integer, time};
use super::{open, queries};
use crate::edgar::{
    ALL_DOCUMENTS, Accession, Artifact, ArtifactKind, Cik, Filing, History, submission_name, urls,
};
use crate::fingerprint::Fingerprint;

/// How long the end of a run waits for a reader at work, who holds nothing up but the log.
const LAST_READER: Duration = Duration::from_secs(5);

/// So many recent owners are settled at once: they take 6 MB, well within the page cache, and are
/// several to a page of the ten million that may be settled. It takes about a second then.
const SETTLE: u64 = 200_000;

/// Fewer wait for the next run. More would slow its start, which counts them.
const WAITING: u64 = 10_000;

/// The only connection that writes.
#[derive(Debug)]
pub struct Writer {
    db: Connection,
    path: PathBuf,
    /// How many owners are recent, at most.
    recent: Cell<u64>,
}

/// Something that went wrong, for `v_errors`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorRow<'a> {
    /// The company it was about.
    pub cik: Option<Cik>,
    /// The filing it was about.
    pub accession: Option<Accession>,
    /// The address that was asked.
    pub url: Option<String>,
    /// One word that groups errors with the same remedy.
    pub kind: &'a str,
    /// One line.
    pub message: String,
}

/// One document of a submission that was split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The name it is stored under.
    pub name: String,
    /// What it is within its filing.
    pub kind: ArtifactKind,
    /// Its `<TYPE>`, such as `EX-99.1`.
    pub type_: Option<String>,
    /// Its `<SEQUENCE>`.
    pub sequence: Option<u32>,
    /// Its `<DESCRIPTION>`.
    pub description: Option<String>,
    /// The file, or why there is none.
    pub outcome: std::result::Result<Fingerprint, Failure>,
}

/// The name of an artifact within its URL, where that is another one.
fn name_in_url(artifact: &Artifact) -> Option<String> {
    match artifact.kind {
        ArtifactKind::Documents => Some(submission_name(artifact.accession)),
        _ => urls::encoded(&artifact.name),
    }
}

/// Why a document of a submission is not on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// One word that groups failures with the same remedy.
    pub kind: &'static str,
    /// One line.
    pub message: String,
}

impl Writer {
    /// Opens the database, creates it if it is not there, and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// If it is not ours, newer than this program, or cannot be written; it is then left as it was.
    pub fn open(path: &Path) -> Result<Self> {
        let db = open::for_writing(path)?;
        let recent: i64 = db
            .query_row(queries::OWNERS_COUNT, [], |row| row.get(0))
            .at(path, "prepare it for writing")?;
        Ok(Self {
            db,
            path: path.to_owned(),
            recent: Cell::new(u64::try_from(recent).unwrap_or(0)),
        })
    }

    /// Refuses a database that [`Writer::open`] would refuse, and makes nothing where none is.
    ///
    /// # Errors
    ///
    /// As [`Writer::open`].
    pub fn check(path: &Path) -> Result<()> {
        open::check(path)
    }

    /// Waits so long for another program that keeps the database locked, and no longer.
    ///
    /// # Errors
    ///
    /// If SQLite refuses that.
    pub fn wait_at_most(&self, time: Duration) -> Result<()> {
        self.db.busy_timeout(time).at(&self.path, "set a timeout")
    }

    /// A reader of the same database.
    ///
    /// # Errors
    ///
    /// If it cannot be opened a second time.
    pub fn reader(&self) -> Result<Reader> {
        Reader::open(&self.path)
    }

    /// Begins a transaction. Dropping the batch without [`Batch::commit`] undoes it. Where much is
    /// recent, that is settled first, in a transaction of its own.
    ///
    /// A commit costs as much as some 100 rows, so put many into one; what is not committed is lost
    /// when the process is killed.
    ///
    /// # Errors
    ///
    /// If another process keeps the database locked for longer than this writer waits.
    pub fn begin(&mut self) -> Result<Batch<'_>> {
        if self.recent.get() >= SETTLE {
            self.settle()?;
        }
        self.transaction()
    }

    fn transaction(&mut self) -> Result<Batch<'_>> {
        let tx = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .at(&self.path, "begin to write")?;
        Ok(Batch {
            tx,
            path: &self.path,
            recent: &self.recent,
        })
    }

    /// Moves the recent owners to the settled ones.
    fn settle(&mut self) -> Result<()> {
        let doing = "settle what is recent";
        let batch = self.transaction()?;
        batch.execute(queries::OWNERS_SETTLE, (), doing)?;
        batch.execute(queries::OWNERS_SETTLED, (), doing)?;
        batch.commit()?;
        self.recent.set(0);
        Ok(())
    }

    /// Settles what would slow the next start, writes the log back into the database, so that one
    /// file holds it all, and closes it.
    ///
    /// # Errors
    ///
    /// If that fails; every commit is safe nevertheless. A reader at work is no error: the log
    /// then stays until the last one closes. Nor is what could not be settled: the next run will.
    pub fn close(mut self) -> Result<()> {
        let doing = "close it";
        self.wait_at_most(LAST_READER)?;
        if self.recent.get() >= WAITING
            && let Err(error) = self.settle()
        {
            log::warn!("{error}; nothing is lost, the next run does it");
        }
        self.db
            .pragma(None, "wal_checkpoint", "TRUNCATE", |_| Ok(()))
            .at(&self.path, doing)?;
        self.db
            .close()
            .map_err(|(_, error)| error)
            .at(&self.path, doing)
    }
}

/// One transaction.
#[derive(Debug)]
pub struct Batch<'w> {
    pub(super) tx: Transaction<'w>,
    pub(super) path: &'w Path,
    recent: &'w Cell<u64>,
}

impl Batch<'_> {
    /// Records filings of a company and tells how many it did not have. A row that says what we know writes
    /// nothing; a difference in `accepted_at` alone is none.
    ///
    /// # Errors
    ///
    /// If the database cannot be written, or the company is not in it.
    pub fn put_filings(&self, cik: Cik, filings: &[Filing], now: Timestamp) -> Result<u64> {
        self.filings(cik, filings, &time(now))
            .at(self.path, "record filings")
    }

    fn filings(&self, cik: Cik, filings: &[Filing], now: &str) -> rusqlite::Result<u64> {
        let mut put = self.tx.prepare_cached(queries::PUT_FILING)?;
        let before = self.company_filings(cik)?;
        for filing in filings {
            put.execute((
                cik,
                filing.accession,
                &filing.form,
                Day::new(filing.filed_on),
                filing.report_date.map(Day::new),
                &filing.accepted_at,
                &filing.primary_document,
                &filing.items,
                filing.size.map(integer),
                filing.is_xbrl,
                now,
            ))?;
        }
        Ok(self.company_filings(cik)?.saturating_sub(before))
    }

    fn company_filings(&self, cik: Cik) -> rusqlite::Result<u64> {
        let mut count = self.tx.prepare_cached(queries::COMPANY_FILINGS)?;
        let count: i64 = count.query_row([cik], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Queues artifacts and tells how many were new. One we know stays as it is; if it waits under
    /// another company of a joint filing, with no file of the filing stored, all of them go over to
    /// this one.
    ///
    /// # Errors
    ///
    /// If the database cannot be written, or a filing was not recorded for that company before.
    pub fn put_artifacts(&self, artifacts: &[Artifact]) -> Result<u64> {
        self.artifacts(artifacts).at(self.path, "queue artifacts")
    }

    fn artifacts(&self, artifacts: &[Artifact]) -> rusqlite::Result<u64> {
        let mut known = self.tx.prepare_cached(queries::ARTIFACT_KNOWN)?;
        let mut put = self.tx.prepare_cached(queries::PUT_ARTIFACT)?;
        let mut adopt = self.tx.prepare_cached(queries::ADOPT_ARTIFACT)?;
        let mut created = 0;
        for artifact in artifacts {
            let (accession, cik, name) = (artifact.accession, artifact.cik, &artifact.name);
            if known.query_row((accession, name), |row| row.get(0))? {
                adopt.execute((accession, cik, name))?;
            } else {
                put.execute((accession, cik, artifact.kind, name, name_in_url(artifact)))?;
                created += 1;
            }
        }
        self.recent.set(self.recent.get() + created);
        Ok(created)
    }

    /// The complete submission of a filing was split, and every document of it is on disk or
    /// given up. `attempts` are the requests for the submission. Tells how many artifacts the
    /// filing has more than before; what stood for its documents in the queue is gone.
    ///
    /// # Errors
    ///
    /// If the database cannot be written, or the filing was not recorded before.
    pub fn split(
        &self,
        artifact: &Artifact,
        submission: &Fingerprint,
        documents: &[Document],
        attempts: u32,
        now: Timestamp,
    ) -> Result<i64> {
        self.documents(artifact, submission, documents, attempts, &time(now))
            .at(self.path, "record documents")
    }

    fn documents(
        &self,
        artifact: &Artifact,
        submission: &Fingerprint,
        documents: &[Document],
        attempts: u32,
        now: &str,
    ) -> rusqlite::Result<i64> {
        let (accession, cik) = (artifact.accession, artifact.cik);
        let before = self.filing_artifacts(accession)?;
        let mut stored = self.tx.prepare_cached(queries::DOCUMENT_STORED)?;
        let mut failed = self.tx.prepare_cached(queries::DOCUMENT_FAILED)?;
        for d in documents {
            let in_url = urls::encoded(&d.name);
            let (type_, sequence, text) = (&d.type_, d.sequence, &d.description);
            match &d.outcome {
                Ok(saved) => stored.execute(params![
                    accession,
                    cik,
                    d.kind,
                    d.name,
                    in_url,
                    type_,
                    sequence,
                    text,
                    integer(saved.bytes),
                    saved.sha256,
                    attempts,
                    now
                ])?,
                Err(why) => failed.execute(params![
                    accession,
                    cik,
                    d.kind,
                    d.name,
                    in_url,
                    type_,
                    sequence,
                    text,
                    attempts,
                    why.message,
                    why.kind
                ])?,
            };
        }
        self.tx.prepare_cached(queries::SPLIT_UNQUEUE)?.execute((
            accession,
            ALL_DOCUMENTS,
            ArtifactKind::Documents,
        ))?;
        self.tx.prepare_cached(queries::SPLIT_DONE)?.execute((
            accession,
            cik,
            integer(documents.len() as u64),
            integer(submission.bytes),
            submission.sha256,
            now,
        ))?;
        Ok(self.filing_artifacts(accession)? - before)
    }

    fn filing_artifacts(&self, accession: Accession) -> rusqlite::Result<i64> {
        let mut count = self.tx.prepare_cached(queries::FILING_ARTIFACTS)?;
        count.query_row([accession], |row| row.get(0))
    }

    /// A company's filings were read to the end.
    ///
    /// # Errors
    ///
    /// If the database cannot be written.
    pub fn company_checked(&self, cik: Cik, now: Timestamp) -> Result<()> {
        self.execute(
            queries::COMPANY_CHECKED,
            (cik, time(now)),
            "record a company as checked",
        )?;
        Ok(())
    }

    /// A company is to be looked at anew: filings of it are missing.
    ///
    /// # Errors
    ///
    /// If the database cannot be written.
    pub fn company_unchecked(&self, cik: Cik) -> Result<()> {
        let doing = "queue a company";
        self.execute(queries::COMPANY_UNCHECKED, [cik], doing)?;
        // `.` follows `-`, so these names enclose all that begin with `CIK##########-`.
        let (first, end) = (
            format!("CIK{}-", cik.padded()),
            format!("CIK{}.", cik.padded()),
        );
        self.execute(queries::PAGES_FORGET, (first, end), doing)?;
        Ok(())
    }

    /// An older page was read to its end, for filings of these forms in these days: all of them
    /// that are in it stand in the database.
    ///
    /// # Errors
    ///
    /// If the database cannot be written.
    pub fn page_read(&self, page: &PageKey<'_>) -> Result<()> {
        self.execute(queries::PAGE_READ, page.params(), "record a page as read")?;
        Ok(())
    }

    /// What a company's list of filings holds, read to its end.
    ///
    /// # Errors
    ///
    /// If the database cannot be written, or the company is not in it.
    pub fn company_history(&self, cik: Cik, history: &History) -> Result<()> {
        let row = (
            cik,
            integer(history.listed),
            history.first.map(Day::new),
            history.last.map(Day::new),
            history.forms_json(),
        );
        self.execute(queries::COMPANY_HISTORY, row, "record what EDGAR lists")?;
        Ok(())
    }

    /// A company's list of filings could not be read in this run; `kind` is one word for why.
    ///
    /// # Errors
    ///
    /// If the database cannot be written, or the company is not in it.
    pub fn company_failed(&self, cik: Cik, kind: &str, error: &str, now: Timestamp) -> Result<()> {
        let row = (cik, kind, error, time(now));
        self.execute(queries::COMPANY_FAILED, row, "record a failed company")?;
        Ok(())
    }

    /// The file of an artifact is not what was stored: it is queued again. `why` is shown as its
    /// last error until it is downloaded. Tells whether it was on record as downloaded.
    ///
    /// # Errors
    ///
    /// If the database cannot be written.
    pub fn lost(&self, artifact: StoredId, why: &str) -> Result<bool> {
        let done = self.execute(
            queries::ARTIFACT_LOST,
            (artifact.0, why),
            "queue a file again",
        )?;
        Ok(done > 0)
    }

    /// An artifact is on disk, complete and checked. `attempts` are the tries of this run; they add up.
    ///
    /// # Errors
    ///
    /// If the database cannot be written, or the artifact was never queued.
    pub fn downloaded(
        &self,
        artifact: &Artifact,
        saved: &Fingerprint,
        attempts: u32,
        now: Timestamp,
    ) -> Result<()> {
        let (cik, accession, name) = (artifact.cik, artifact.accession, &artifact.name);
        let (bytes, sha256) = (integer(saved.bytes), saved.sha256);
        let row = (cik, accession, name, bytes, sha256, attempts, time(now));
        match self.execute(queries::ARTIFACT_DOWNLOADED, row, "record a download")? {
            0 => Err(Error::Damaged {
                path: self.path.to_owned(),
                what: format!("artifact {name:?} of {accession} has no row under company {cik}"),
            }),
            _ => Ok(()),
        }
    }

    /// An artifact could not be had in this run; `kind` is one word for why. It stays queued for the next one; if it is on disk already,
    /// it stays downloaded.
    ///
    /// # Errors
    ///
    /// If the database cannot be written.
    pub fn download_failed(
        &self,
        artifact: &Artifact,
        attempts: u32,
        kind: &str,
        error: &str,
    ) -> Result<()> {
        let (cik, accession, name) = (artifact.cik, artifact.accession, &artifact.name);
        let row = (cik, accession, name, attempts, error, kind);
        self.execute(queries::ARTIFACT_FAILED, row, "record a failed download")?;
        Ok(())
    }

    /// Records an error.
    ///
    /// # Errors
    ///
    /// If the database cannot be written.
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
        self.execute(queries::PUT_ERROR, row, "record an error")?;
        Ok(())
    }

    /// Makes it last.
    ///
    /// # Errors
    ///
    /// If the database cannot be written; then nothing of the batch was recorded.
    pub fn commit(self) -> Result<()> {
        self.tx.commit().at(self.path, "commit")
    }

    fn execute(
        &self,
        sql: &'static str,
        params: impl rusqlite::Params,
        doing: &'static str,
    ) -> Result<usize> {
        self.tx
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .at(self.path, doing)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Sandbox, accession, artifact, at, cik, filing, rows};
    use super::super::{ArtifactStatus, Reader};
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    const SAVED: Fingerprint = Fingerprint {
        bytes: 1000,
        sha256: [0xab; 32],
    };

    impl Sandbox {
        /// Writes and commits.
        fn write<T>(&mut self, write: impl FnOnce(&Batch<'_>) -> T) -> T {
            let batch = self.writer.begin().unwrap();
            let result = write(&batch);
            batch.commit().unwrap();
            result
        }

        fn put(&mut self, company: u64, filings: &[Filing]) -> u64 {
            self.write(|batch| batch.put_filings(cik(company), filings, at(0)).unwrap())
        }

        /// How much was ever written, to tell "the same" from "not touched".
        fn changes(&self) -> u64 {
            self.writer.db.total_changes()
        }
    }

    #[test]
    fn documents_take_the_place_of_what_stood_for_them() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(10)]);
        let all = Artifact {
            kind: ArtifactKind::Documents,
            ..artifact(1, 10, ALL_DOCUMENTS)
        };
        let document = |name: &str, outcome| Document {
            name: name.to_owned(),
            kind: ArtifactKind::Exhibit,
            type_: Some("EX-99.1".to_owned()),
            sequence: Some(2),
            description: None,
            outcome,
        };
        let documents = [
            document("a.htm", Ok(SAVED)),
            document(
                "b.htm",
                Err(Failure {
                    kind: "damaged",
                    message: "no <TEXT>".to_owned(),
                }),
            ),
        ];
        let split = |batch: &Batch<'_>| batch.split(&all, &SAVED, &documents, 1, at(1)).unwrap();
        sandbox.write(|batch| batch.put_artifacts(std::slice::from_ref(&all)).unwrap());
        assert_eq!(
            sandbox
                .rows("SELECT kind, name, url LIKE '%/0000000000-00-000010.txt' FROM v_artifacts"),
            ["documents|*|1"]
        );
        assert_eq!(sandbox.write(split), 1, "two for one");
        assert_eq!(sandbox.write(split), 0, "the same again");
        assert_eq!(
            sandbox.rows(
                "SELECT kind, name, status, type, sequence, bytes FROM v_artifacts ORDER BY name"
            ),
            [
                "exhibit|a.htm|downloaded|EX-99.1|2|1000",
                "exhibit|b.htm|failed|EX-99.1|2|NULL"
            ]
        );
        sandbox.assert_counters();
        let known = Reader::open(&sandbox.path()).unwrap();
        let known = known.known_artifacts([accession(10)].into_iter()).unwrap();
        let all = known.iter().find(|k| k.name == ALL_DOCUMENTS).unwrap();
        assert_eq!(all.status, ArtifactStatus::Downloaded);
    }

    #[test]
    fn a_filing_and_its_artifact_show_in_the_views() {
        let mut sandbox = Sandbox::new();
        assert_eq!(sandbox.put(1, &[filing(32_019_323_000_106)]), 1);
        sandbox.write(|batch| {
            let created = batch.put_artifacts(&[artifact(1, 32_019_323_000_106, "a b%.htm")]);
            assert_eq!(created.unwrap(), 1);
        });
        assert_eq!(
            sandbox.rows("SELECT * FROM v_filings"),
            [
                "0000320193-23-000106|1|10-K|2025-02-03|2024-12-31|2025-02-03T16:30:22.000Z|report.htm||123456|1|2026-01-01T00:00:00.000Z"
            ]
        );
        let waiting = "SELECT status, path, bytes, sha256, attempts, last_error, downloaded_at FROM v_artifacts";
        assert_eq!(
            sandbox.rows(waiting),
            ["pending|NULL|NULL|NULL|0|NULL|NULL"]
        );

        sandbox.write(|batch| {
            let artifact = artifact(1, 32_019_323_000_106, "a b%.htm");
            batch
                .download_failed(&artifact, 3, "network", "timed out")
                .unwrap();
        });
        assert_eq!(
            sandbox.rows(waiting),
            ["failed|NULL|NULL|NULL|3|timed out|NULL"]
        );
        sandbox.write(|batch| {
            let artifact = artifact(1, 32_019_323_000_106, "a b%.htm");
            batch.downloaded(&artifact, &SAVED, 2, at(7)).unwrap();
            batch
                .download_failed(&artifact, 3, "network", "too late")
                .unwrap();
        });
        assert_eq!(
            sandbox.rows("SELECT * FROM v_artifacts"),
            [format!(
                "1|{dashed}|1|10-K|2025-02-03|primary|a b%.htm|https://www.sec.gov/Archives/edgar/data/1/000032019323000106/a%20b%25.htm|downloaded|edgar/data/1/000032019323000106/a b%.htm|1000|{hash}|5|NULL|2026-01-01T00:00:07.000Z|NULL|NULL|NULL",
                dashed = "0000320193-23-000106",
                hash = "ab".repeat(32)
            )]
        );
        sandbox.assert_counters();
    }

    #[test]
    fn every_kind_has_its_word_in_the_view() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1)]);
        for kind in ArtifactKind::ALL {
            sandbox.write(|batch| {
                let artifact = Artifact {
                    kind,
                    ..artifact(1, 1, kind.as_str())
                };
                batch.put_artifacts(&[artifact]).unwrap();
            });
        }
        assert!(
            sandbox
                .rows("SELECT * FROM v_artifacts WHERE kind IS NOT name")
                .is_empty()
        );
    }

    #[test]
    fn what_is_known_already_writes_nothing() {
        let mut sandbox = Sandbox::new();
        let filings = [filing(1), filing(2)];
        sandbox.put(1, &filings);
        let artifacts = [artifact(1, 1, "a.htm")];
        sandbox.write(|batch| batch.put_artifacts(&artifacts).unwrap());

        let before = sandbox.changes();
        assert_eq!(sandbox.put(1, &filings), 0);
        let flipped = Filing {
            accepted_at: "2025-02-03T21:30:22.000Z".to_owned(),
            ..filing(1)
        };
        assert_eq!(sandbox.put(1, &[flipped]), 0);
        assert_eq!(
            sandbox.write(|batch| batch.put_artifacts(&artifacts).unwrap()),
            0
        );
        assert_eq!(sandbox.changes(), before);
    }

    #[test]
    fn a_corrected_filing_is_not_new_and_its_counts_move() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1), filing(2)]);
        sandbox.write(|batch| {
            let artifacts = [
                artifact(1, 1, "a"),
                artifact(1, 1, "b"),
                artifact(1, 2, "a"),
            ];
            batch.put_artifacts(&artifacts).unwrap();
            batch
                .downloaded(&artifact(1, 1, "a"), &SAVED, 1, at(1))
                .unwrap();
        });
        let corrected = Filing {
            form: "10-K/A".to_owned(),
            filed_on: date(2024, 12, 31),
            size: None,
            ..filing(1)
        };
        assert_eq!(sandbox.put(1, &[corrected]), 0);
        assert_eq!(
            sandbox.rows("SELECT form, filed_on, size FROM v_filings ORDER BY accession"),
            ["10-K/A|2024-12-31|NULL", "10-K|2025-02-03|123456"]
        );
        sandbox.assert_counters();
    }

    #[test]
    fn a_joint_filing_has_a_row_for_each_filer_and_one_artifact() {
        let mut sandbox = Sandbox::new();
        assert_eq!(sandbox.put(1, &[filing(9)]), 1);
        assert_eq!(sandbox.put(2, &[filing(9)]), 1);
        sandbox.write(|batch| {
            assert_eq!(batch.put_artifacts(&[artifact(1, 9, "a")]).unwrap(), 1);
            assert_eq!(batch.put_artifacts(&[artifact(2, 9, "a")]).unwrap(), 0);
        });
        assert_eq!(
            sandbox.rows("SELECT cik FROM v_filings ORDER BY cik"),
            ["1", "2"]
        );
        assert_eq!(
            sandbox.rows("SELECT filings FROM v_companies ORDER BY cik"),
            ["1", "1", "0"]
        );
        sandbox.assert_counters();
    }

    #[test]
    fn an_artifact_goes_over_to_another_filer_until_it_is_downloaded() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(9)]);
        sandbox.put(2, &[filing(9)]);
        let owner = |sandbox: &Sandbox| sandbox.rows("SELECT cik FROM v_artifacts");
        for (cik, expected) in [(1, "1"), (2, "2"), (1, "1")] {
            sandbox.write(|batch| {
                batch.put_artifacts(&[artifact(cik, 9, "a")]).unwrap();
            });
            assert_eq!(owner(&sandbox), [expected]);
            sandbox.assert_counters();
        }
        sandbox.write(|batch| {
            batch
                .downloaded(&artifact(1, 9, "a"), &SAVED, 1, at(1))
                .unwrap();
            batch.put_artifacts(&[artifact(2, 9, "a")]).unwrap();
        });
        assert_eq!(owner(&sandbox), ["1"], "its path stays");
        sandbox.assert_counters();
    }

    #[test]
    fn the_files_of_a_joint_filing_go_over_together_until_one_is_stored() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(9)]);
        sandbox.put(2, &[filing(9)]);
        let owners = |sandbox: &Sandbox| sandbox.rows("SELECT name, cik FROM v_artifacts");
        let put = |sandbox: &mut Sandbox, company, name| {
            let artifacts = [artifact(company, 9, name)];
            sandbox.write(|batch| batch.put_artifacts(&artifacts).unwrap());
        };
        put(&mut sandbox, 1, "a");
        put(&mut sandbox, 1, "b");
        put(&mut sandbox, 2, "a");
        assert_eq!(owners(&sandbox), ["a|2", "b|2"]);
        sandbox.assert_counters();
        sandbox.write(|batch| {
            let stored = artifact(2, 9, "a");
            batch.downloaded(&stored, &SAVED, 1, at(1)).unwrap();
        });
        put(&mut sandbox, 1, "b");
        assert_eq!(owners(&sandbox), ["a|2", "b|2"]);
        sandbox.assert_counters();
    }

    #[test]
    fn a_joint_filing_is_known_whether_its_owner_is_recent_or_settled() {
        let mut sandbox = Sandbox::new();
        for company in [1, 2] {
            sandbox.put(company, &[filing(8), filing(9)]);
        }
        let put = |sandbox: &mut Sandbox, company, number| {
            let artifacts = [artifact(company, number, "a")];
            sandbox.write(|batch| batch.put_artifacts(&artifacts).unwrap())
        };
        let owners = |sandbox: &Sandbox, table: &str| {
            sandbox.rows(&["SELECT accession, cik FROM ", table].concat())
        };
        assert_eq!(put(&mut sandbox, 1, 8), 1);
        sandbox.writer.recent.set(SETTLE);
        assert_eq!(put(&mut sandbox, 1, 9), 1, "settles what there was");
        assert_eq!(owners(&sandbox, "owners_settled"), ["8|1"]);
        assert_eq!(owners(&sandbox, "owners_recent"), ["9|1"]);
        assert_eq!(sandbox.writer.recent.get(), 1);

        // Both go over to the other filer.
        assert_eq!(put(&mut sandbox, 2, 8), 0);
        assert_eq!(put(&mut sandbox, 2, 9), 0);
        sandbox.assert_counters();
        sandbox.writer.settle().unwrap();
        assert_eq!(
            owners(&sandbox, "owners_settled"),
            ["8|1", "8|2", "9|1", "9|2"]
        );
        sandbox.write(|batch| {
            for number in [8, 9] {
                batch
                    .downloaded(&artifact(2, number, "a"), &SAVED, 1, at(1))
                    .unwrap();
            }
        });
        assert_eq!(put(&mut sandbox, 1, 8), 0);
        sandbox.assert_counters();
        let reader = Reader::open(&sandbox.path()).unwrap();
        let known = reader
            .known_artifacts([accession(8), accession(9)].into_iter())
            .unwrap();
        assert_eq!(known.len(), 2, "each once");
        assert!(known.iter().all(|known| known.cik == cik(2)));
    }

    #[test]
    fn a_writer_knows_how_many_owners_are_recent() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(8), filing(9)]);
        sandbox.write(|batch| {
            let artifacts = [artifact(1, 8, "a"), artifact(1, 9, "a")];
            batch.put_artifacts(&artifacts).unwrap();
        });
        let again = Writer::open(&sandbox.path()).unwrap();
        assert_eq!(again.recent.get(), 2);
        again.recent.set(WAITING);
        again.close().unwrap();
        assert!(sandbox.rows("SELECT * FROM owners_recent").is_empty());
        sandbox.assert_counters();
    }

    #[test]
    fn a_batch_that_is_dropped_leaves_nothing() {
        let mut sandbox = Sandbox::new();
        let batch = sandbox.writer.begin().unwrap();
        batch.put_filings(cik(1), &[filing(1)], at(0)).unwrap();
        drop(batch);
        assert!(sandbox.rows("SELECT * FROM v_filings").is_empty());
        sandbox.assert_counters();
    }

    #[test]
    fn rows_without_what_they_belong_to_are_refused() {
        let mut sandbox = Sandbox::new();
        let batch = sandbox.writer.begin().unwrap();
        assert!(batch.put_filings(cik(77), &[filing(1)], at(0)).is_err());
        assert!(batch.put_artifacts(&[artifact(1, 1, "a")]).is_err());
        let error = batch.downloaded(&artifact(1, 1, "a"), &SAVED, 1, at(0));
        assert!(
            error.unwrap_err().to_string().contains("has no row"),
            "a download without an artifact"
        );
    }

    #[test]
    fn what_cannot_be_settled_at_the_end_waits_for_the_next_run() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1)]);
        sandbox.write(|batch| batch.put_artifacts(&[artifact(1, 1, "a")]).unwrap());
        let full = "CREATE TRIGGER full BEFORE INSERT ON owners_settled
                    BEGIN SELECT RAISE(ABORT, 'full'); END";
        sandbox.writer.db.execute_batch(full).unwrap();
        sandbox.writer.recent.set(WAITING);
        sandbox.writer.close().unwrap();
        let path = sandbox.folder.path().join("filings.db");
        let owners = "SELECT 'recent', * FROM owners_recent UNION ALL SELECT 'settled', * FROM owners_settled";
        assert_eq!(rows(&path, owners), ["recent|1|1"]);
    }

    #[test]
    fn a_size_beyond_reason_costs_nothing() {
        let mut sandbox = Sandbox::new();
        let huge = Filing {
            size: Some(u64::MAX),
            ..filing(1)
        };
        assert_eq!(sandbox.put(1, std::slice::from_ref(&huge)), 1);
        assert_eq!(
            sandbox.rows("SELECT size FROM v_filings"),
            [i64::MAX.to_string()]
        );
    }

    #[derive(Debug, Clone)]
    enum Step {
        Filing {
            company: u64,
            number: u64,
            form: u8,
            year: i16,
        },
        Artifact {
            number: u64,
            name: u8,
        },
        Downloaded {
            number: u64,
            name: u8,
            bytes: u64,
        },
        Failed {
            number: u64,
            name: u8,
        },
    }

    fn step() -> impl Strategy<Value = Step> {
        let (number, name) = (0..6_u64, 0..3_u8);
        prop_oneof![
            (1..4_u64, number.clone(), 0..3_u8, 2023..2026_i16).prop_map(
                |(company, number, form, year)| Step::Filing {
                    company,
                    number,
                    form,
                    year
                }
            ),
            (number.clone(), name.clone())
                .prop_map(|(number, name)| Step::Artifact { number, name }),
            (number.clone(), name.clone(), 0..1000_u64).prop_map(|(number, name, bytes)| {
                Step::Downloaded {
                    number,
                    name,
                    bytes,
                }
            }),
            (number, name).prop_map(|(number, name)| Step::Failed { number, name }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn counters_equal_a_recount_whatever_happens(steps in proptest::collection::vec(step(), 1..60)) {
            let mut sandbox = Sandbox::new();
            let batch = sandbox.writer.begin().unwrap();
            let mut filers = std::collections::BTreeMap::new();
            let mut queued = std::collections::BTreeSet::new();
            for step in steps {
                let of_filer = |filers: &std::collections::BTreeMap<_, _>, number, name: u8| {
                    artifact(filers.get(&number).copied().unwrap_or(1), number, &name.to_string())
                };
                match step {
                    Step::Filing { company, number, form, year } => {
                        let row = Filing {
                            form: format!("form {form}"),
                            filed_on: date(year, 6, 1),
                            ..filing(number)
                        };
                        batch.put_filings(cik(company), &[row], at(0)).unwrap();
                        filers.entry(number).or_insert(company);
                    }
                    Step::Artifact { number, name } => {
                        if let Some(&company) = filers.get(&number) {
                            let created = batch.put_artifacts(&[artifact(company, number, &name.to_string())]).unwrap();
                            prop_assert_eq!(created == 1, queued.insert((number, name)));
                        }
                    }
                    Step::Downloaded { number, name, bytes } => {
                        let saved = Fingerprint { bytes, ..SAVED };
                        let known = batch.downloaded(&of_filer(&filers, number, name), &saved, 1, at(1));
                        prop_assert_eq!(known.is_ok(), queued.contains(&(number, name)));
                    }
                    Step::Failed { number, name } => {
                        batch.download_failed(&of_filer(&filers, number, name), 1, "network", "no").unwrap();
                    }
                }
            }
            batch.commit().unwrap();
            sandbox.assert_counters();
        }

        #[test]
        fn any_filing_and_name_come_back_as_they_went_in(
            number in 0..=999_999_999_999_999_999_u64,
            texts in proptest::array::uniform4(any::<String>()),
            size in proptest::option::of(0..=i64::MAX as u64),
            reported in any::<bool>(),
        ) {
            let [form, accepted_at, primary_document, name] = texts;
            let mut sandbox = Sandbox::new();
            let row = Filing {
                accession: accession(number),
                form,
                accepted_at,
                primary_document,
                size,
                report_date: reported.then(|| date(2039, 1, 31)),
                ..filing(0)
            };
            prop_assert_eq!(sandbox.put(1, std::slice::from_ref(&row)), 1);
            prop_assert_eq!(sandbox.put(1, &[row]), 0);
            let queued = Artifact { submission_size: size, ..artifact(1, number, &name) };
            sandbox.write(|batch| batch.put_artifacts(std::slice::from_ref(&queued)).unwrap());

            let mut reader = Reader::open(&sandbox.path()).unwrap();
            reader.plan(&super::super::Scope::default(), None).unwrap();
            let backlog = reader.backlog(None, 10).unwrap();
            prop_assert_eq!(&backlog[0].1, &queued);
            let known = reader.known_artifacts([accession(number)].into_iter()).unwrap();
            prop_assert_eq!(&known[0].name, &name);
            prop_assert_eq!(known[0].status, ArtifactStatus::Pending);
        }
    }
}
