//! Records the outcome of artifacts and submissions: stored, split or failed.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{OptionalExtension, Row};

use super::batch::Batch;
use super::error::{AtPath, Result};
use super::filing_key::FilingKey;
use super::holdings::Change;
use super::queries::artifacts as sql;
use super::reader::optional_number;
use super::values::{ArtifactStatus, DateColumn, DayText, SubmissionStatus, integer, time};
use crate::edgar::{Accession, FileName, Target, urls};
use crate::files::Fingerprint;

/// The number of New York days on which EDGAR must answer that it does not have an item before the
/// item becomes unavailable.
pub const MISSING_DAYS: u32 = 3;

/// A document of a split submission, or a file that was downloaded by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitDocument {
    pub file: FileName,
    /// The `<TYPE>` of the document, such as `EX-99.1`.
    pub type_: Option<String>,
    pub sequence: Option<u32>,
    pub description: Option<String>,
    /// The stored file, or why it was not stored.
    pub outcome: std::result::Result<Fingerprint, Failure>,
}

impl SplitDocument {
    /// A file that was downloaded by itself.
    pub fn single(file: FileName, print: Fingerprint) -> Self {
        Self {
            file,
            type_: None,
            sequence: None,
            description: None,
            outcome: Ok(print),
        }
    }
}

/// Why a file is not on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// One word; failures of one kind have the same remedy.
    pub kind: &'static str,
    pub message: String,
    /// Whether EDGAR answered that it does not have the file.
    pub missing: bool,
}

/// How a document was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// The document had no row before.
    New,
    /// The document's row was queued.
    Queued,
    /// The file was lost, and the new file has another hash than the one stored before.
    OtherBytes,
    /// The same file is on disk already.
    Stored,
    /// Another file is on disk already. It is kept.
    Differs,
}

impl Recorded {
    /// Whether a file was stored.
    pub fn is_stored(self) -> bool {
        matches!(self, Self::New | Self::Queued | Self::OtherBytes)
    }
}

#[derive(Debug)]
pub(super) struct FileRow {
    pub(super) id: i64,
    pub(super) status: ArtifactStatus,
    bytes: Option<u64>,
    sha256: Option<[u8; 32]>,
    missing_days: u32,
    missing_on: Option<Date>,
}

impl FileRow {
    fn stored(&self) -> Option<Fingerprint> {
        let (bytes, sha256) = self.bytes.zip(self.sha256)?;
        Some(Fingerprint { bytes, sha256 })
    }
}

/// The change to a document's row.
#[derive(Debug, Clone, Copy)]
enum RowUpdate<'a> {
    /// The file is on disk.
    Stored(&'a Fingerprint),
    /// The submission did not contain the whole document, so the document is requested by its own
    /// name.
    AskFor(&'a Failure),
    /// The document was not stored, and EDGAR does not serve it by itself.
    Lost(&'a Failure),
}

impl<'a> RowUpdate<'a> {
    fn of(accession: Accession, document: &'a SplitDocument) -> Self {
        match &document.outcome {
            Ok(print) => Self::Stored(print),
            Err(failure) if document.file.is_served(accession) => Self::AskFor(failure),
            Err(failure) => Self::Lost(failure),
        }
    }
}

impl Batch<'_> {
    pub(super) fn file_row(&self, filing: i64, name: &str) -> rusqlite::Result<Option<FileRow>> {
        self.tx
            .prepare_cached(sql::BY_NAME)?
            .query_row((filing, name), |row| {
                Ok(FileRow {
                    id: row.get(0)?,
                    status: row.get(1)?,
                    bytes: optional_number(row, 2)?,
                    sha256: row.get(3)?,
                    missing_days: row.get::<_, Option<u32>>(4)?.unwrap_or(0),
                    missing_on: row.get::<_, Option<DateColumn>>(5)?.map(|day| day.0),
                })
            })
            .optional()
    }

    pub(super) fn submission_status(
        &self,
        filing: i64,
    ) -> rusqlite::Result<Option<SubmissionStatus>> {
        self.tx
            .prepare_cached(sql::SUBMISSION_STATUS)?
            .query_row([filing], |row| row.get(0))
            .optional()
    }

    /// Records that a file was downloaded by itself and is on disk, complete and checked.
    /// `attempts` are the attempts of this run; they are added to earlier ones.
    ///
    /// # Errors
    ///
    /// The filing is not on record.
    pub fn stored(
        &mut self,
        accession: Accession,
        document: &SplitDocument,
        attempts: u32,
        now: Timestamp,
    ) -> Result<Recorded> {
        let filing = self.filing(accession)?;
        let outcome = RowUpdate::of(accession, document);
        self.document(&filing, document, outcome, attempts, &time(now))
            .at(self.path, "record a download")
    }

    /// Records that a submission with `held` documents was split and that each of its documents was
    /// stored or not. `documents` may include the submission's own file, if that is kept.
    /// `attempts` are the requests for the submission. Returns how each document was recorded.
    ///
    /// # Errors
    ///
    /// The filing is not on record.
    pub fn split(
        &mut self,
        accession: Accession,
        (submission, held): (&Fingerprint, usize),
        documents: &[SplitDocument],
        attempts: u32,
        now: Timestamp,
    ) -> Result<Vec<Recorded>> {
        let (filing, now) = (self.filing(accession)?, time(now));
        let (path, doing) = (self.path, "record documents");
        let recorded = documents
            .iter()
            .map(|document| {
                let outcome = RowUpdate::of(accession, document);
                self.document(&filing, document, outcome, attempts, &now)
            })
            .collect::<rusqlite::Result<_>>()
            .at(path, doing)?;
        self.submission_split(&filing, submission, held, attempts, &now)
            .at(path, doing)?;
        Ok(recorded)
    }

    fn submission_split(
        &mut self,
        filing: &FilingKey,
        submission: &Fingerprint,
        documents: usize,
        attempts: u32,
        now: &str,
    ) -> rusqlite::Result<()> {
        let before = self.submission_status(filing.id)?;
        self.tx.prepare_cached(sql::SPLIT)?.execute((
            filing.id,
            integer(documents as u64),
            integer(submission.bytes),
            submission.sha256,
            attempts,
            now,
        ))?;
        match before.and_then(SubmissionStatus::as_artifact) {
            Some(status) => self.count(filing, Change::files(status, -1, None)),
            None => Ok(()),
        }
    }

    fn document(
        &mut self,
        filing: &FilingKey,
        document: &SplitDocument,
        outcome: RowUpdate<'_>,
        attempts: u32,
        now: &str,
    ) -> rusqlite::Result<Recorded> {
        let Some(row) = self.file_row(filing.id, &document.file.name)? else {
            return self.new_document(filing, document, outcome, attempts, now);
        };
        let before = row.stored();
        let print = match outcome {
            RowUpdate::Stored(print) if row.status == ArtifactStatus::Downloaded => {
                self.describe(filing, row.id, document)?;
                return Ok(match before {
                    Some(before) if before != *print => Recorded::Differs,
                    _ => Recorded::Stored,
                });
            }
            RowUpdate::Stored(print) => print,
            _ if row.status == ArtifactStatus::Downloaded => {
                self.describe(filing, row.id, document)?;
                return Ok(Recorded::Stored);
            }
            // A submission does not queue documents again that were given up.
            _ if !row.status.is_queued() => return Ok(Recorded::Queued),
            RowUpdate::AskFor(_) => {
                self.describe(filing, row.id, document)?;
                self.file_again(filing, (row.id, row.status))?;
                return Ok(Recorded::Queued);
            }
            RowUpdate::Lost(failure) => {
                self.file_failed(filing, &row, failure, attempts, None)?;
                return Ok(Recorded::Queued);
            }
        };
        self.tx.prepare_cached(sql::STORED)?.execute((
            row.id,
            integer(print.bytes),
            print.sha256,
            attempts,
            now,
            &document.type_,
            document.sequence,
            &document.description,
        ))?;
        self.count(filing, Change::files(row.status, -1, None))?;
        self.count(filing, downloaded(print, 1))?;
        Ok(match before {
            Some(before) if before != *print => Recorded::OtherBytes,
            _ => Recorded::Queued,
        })
    }

    /// Adds a submission's type, sequence and description to a document that was downloaded by
    /// itself.
    fn describe(
        &mut self,
        filing: &FilingKey,
        artifact: i64,
        document: &SplitDocument,
    ) -> rusqlite::Result<()> {
        let SplitDocument {
            type_,
            sequence,
            description,
            ..
        } = document;
        let changed = self.tx.prepare_cached(sql::DESCRIBE)?.execute((
            artifact,
            type_,
            sequence,
            description,
        ))?;
        if changed > 0 {
            self.changes.year(filing.year);
        }
        Ok(())
    }

    fn new_document(
        &mut self,
        filing: &FilingKey,
        document: &SplitDocument,
        outcome: RowUpdate<'_>,
        attempts: u32,
        now: &str,
    ) -> rusqlite::Result<Recorded> {
        let SplitDocument {
            file,
            type_,
            sequence,
            description,
            outcome: _,
        } = document;
        let (status, print, failure) = match outcome {
            RowUpdate::Stored(print) => (ArtifactStatus::Downloaded, Some(print), None),
            RowUpdate::AskFor(failure) => (ArtifactStatus::Pending, None, Some(failure)),
            RowUpdate::Lost(failure) => (ArtifactStatus::Failed, None, Some(failure)),
        };
        self.tx.prepare_cached(sql::ADD)?.execute((
            filing.id,
            &file.name,
            urls::encoded_name(file.at_edgar(), &file.name),
            file.kind,
            status,
            attempts,
            print.map(|print| integer(print.bytes)),
            print.map(|print| print.sha256),
            print.map(|_| now),
            type_,
            sequence,
            description,
            failure.map(|failure| failure.kind),
            failure.map(|failure| &failure.message),
            self.run.map_or(0, super::values::RunId::get),
        ))?;
        self.count(
            filing,
            print.map_or(Change::files(status, 1, None), |print| downloaded(print, 1)),
        )?;
        Ok(Recorded::New)
    }

    /// Records that an item could not be downloaded in this run. It stays queued for the next run,
    /// unless EDGAR has answered on [`MISSING_DAYS`] days that it does not have it. `today` is the
    /// day in New York. Items that are downloaded, given up or no longer on record do not change.
    ///
    /// # Errors
    ///
    /// The filing is not on record.
    pub fn failed(
        &mut self,
        accession: Accession,
        target: &Target,
        attempts: u32,
        failure: &Failure,
        today: Date,
    ) -> Result<()> {
        let filing = self.filing(accession)?;
        let (path, doing) = (self.path, "record a failed download");
        match target {
            Target::File(file) => self
                .file_row(filing.id, &file.name)
                .and_then(|row| match row {
                    Some(row) if row.status.is_queued() => {
                        self.file_failed(&filing, &row, failure, attempts, Some(today))
                    }
                    _ => Ok(()),
                }),
            Target::Documents => self.submission_failed(&filing, failure, attempts, today),
        }
        .at(path, doing)
    }

    fn file_failed(
        &mut self,
        filing: &FilingKey,
        row: &FileRow,
        failure: &Failure,
        attempts: u32,
        today: Option<Date>,
    ) -> rusqlite::Result<()> {
        let missing = MissingDays::after(failure, (row.missing_days, row.missing_on), today);
        let status = if missing.is_enough() {
            ArtifactStatus::Unavailable
        } else {
            ArtifactStatus::Failed
        };
        self.tx.prepare_cached(sql::FAILED)?.execute((
            row.id,
            status,
            attempts,
            failure.kind,
            &failure.message,
            missing.days,
            missing.on.map(DayText::new),
        ))?;
        self.count(filing, Change::files(row.status, -1, None))?;
        self.count(filing, Change::files(status, 1, None))
    }

    /// Queues a stored file again that turned out to be the page of a gateway, and clears its hash. Returns
    /// whether it was stored with these bytes.
    ///
    /// # Errors
    ///
    /// The filing is not on record.
    pub fn refuse_stored(
        &mut self,
        accession: Accession,
        name: &str,
        page: &Fingerprint,
        failure: &Failure,
        today: Date,
    ) -> Result<bool> {
        let filing = self.filing(accession)?;
        let doing = "queue a file again";
        let row = self.file_row(filing.id, name).at(self.path, doing)?;
        let is_page =
            |row: &FileRow| row.status == ArtifactStatus::Downloaded && row.stored() == Some(*page);
        let Some(row) = row.filter(is_page) else {
            return Ok(false);
        };
        let bytes = integer(page.bytes);
        let stored = Change::files(ArtifactStatus::Downloaded, -1, Some(-bytes));
        self.count(&filing, stored).at(self.path, doing)?;
        self.execute(sql::FORGET_STORED, [row.id], doing)?;
        let row = FileRow {
            status: ArtifactStatus::Pending,
            ..row
        };
        self.count(&filing, Change::files(ArtifactStatus::Pending, 1, None))
            .and_then(|()| self.file_failed(&filing, &row, failure, 0, Some(today)))
            .at(self.path, doing)?;
        Ok(true)
    }

    fn submission_failed(
        &mut self,
        filing: &FilingKey,
        failure: &Failure,
        attempts: u32,
        today: Date,
    ) -> rusqlite::Result<()> {
        let row = self
            .tx
            .prepare_cached(sql::SUBMISSION_MISSING)?
            .query_row([filing.id], |row| {
                let days = row.get::<_, Option<u32>>(1)?.unwrap_or(0);
                let on = row.get::<_, Option<DateColumn>>(2)?.map(|day| day.0);
                Ok((row.get::<_, SubmissionStatus>(0)?, (days, on)))
            })
            .optional()?;
        let Some((before, missed)) = row.filter(|(status, _)| status.is_queued()) else {
            return Ok(());
        };
        let missing = MissingDays::after(failure, missed, Some(today));
        let status = if missing.is_enough() {
            SubmissionStatus::Unavailable
        } else {
            SubmissionStatus::Failed
        };
        self.tx.prepare_cached(sql::SUBMISSION_FAILED)?.execute((
            filing.id,
            status,
            attempts,
            failure.kind,
            &failure.message,
            missing.days,
            missing.on.map(DayText::new),
        ))?;
        for (status, files) in [(before, -1), (status, 1)] {
            if let Some(status) = status.as_artifact() {
                self.count(filing, Change::files(status, files, None))?;
            }
        }
        Ok(())
    }
}

/// Reads three columns, starting at `from`: kind, name, and the last part of the URL if it differs.
pub(super) fn file_name(row: &Row<'_>, from: usize) -> rusqlite::Result<FileName> {
    let (name, url_name): (String, Option<String>) = (row.get(from + 1)?, row.get(from + 2)?);
    // If decoding the last part of the URL gives the stored name, EDGAR has the same name.
    let edgar_name = url_name.map(|url_name| urls::decoded(&url_name));
    Ok(FileName {
        kind: row.get(from)?,
        edgar_name: edgar_name.filter(|edgar_name| *edgar_name != name),
        name,
    })
}

fn downloaded(print: &Fingerprint, files: i64) -> Change {
    Change::files(
        ArtifactStatus::Downloaded,
        files,
        Some(integer(print.bytes)),
    )
}

/// The number of days on which EDGAR did not have an item, and the last such day.
struct MissingDays {
    days: u32,
    on: Option<Date>,
}

impl MissingDays {
    /// The count after this failure. Each day counts once.
    fn after(failure: &Failure, before: (u32, Option<Date>), today: Option<Date>) -> Self {
        let (days, on) = before;
        match today {
            Some(today) if failure.missing && on != Some(today) => Self {
                days: days + 1,
                on: Some(today),
            },
            _ => Self { days, on },
        }
    }

    fn is_enough(&self) -> bool {
        self.days >= MISSING_DAYS
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        Sandbox, accession, cik, damaged, documents, exhibit, filing, missing, primary, print,
        wanted_file,
    };
    use super::*;
    use crate::edgar::{ArtifactKind, QueueItem};
    use jiff::civil::date;

    #[test]
    fn a_filing_and_its_artifact_show_in_the_views() {
        let number = 32_019_323_000_106;
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(number)]);
        let name = "a b%.htm";
        let item = primary(number, name);
        assert_eq!(sandbox.queue(std::slice::from_ref(&item)), 1);
        assert_eq!(
            sandbox.rows("SELECT * FROM v_filings"),
            [
                "0000320193-23-000106|1|10-K|2025-02-03|2024-12-31|2025-02-03T16:30:22.000Z|report.htm||123456|1|2026-01-01T00:00:00.000Z|1"
            ]
        );
        let state = "SELECT status, path, bytes, sha256, attempts, last_error, downloaded_at FROM v_artifacts";
        assert_eq!(sandbox.rows(state), ["pending|NULL|NULL|NULL|0|NULL|NULL"]);
        let fail = |sandbox: &mut Sandbox, attempts| {
            sandbox.write(|b| {
                let (id, today) = (accession(number), date(2026, 1, 1));
                b.failed(id, &item.target, attempts, &damaged(), today)
                    .unwrap();
            });
        };
        fail(&mut sandbox, 3);
        assert_eq!(
            sandbox.rows(state),
            ["failed|NULL|NULL|NULL|3|no <TEXT>|NULL"]
        );
        assert_eq!(sandbox.stored(number, name, print(0xab)), Recorded::Queued);
        fail(&mut sandbox, 3); // too late: it is on disk
        let (dashed, folder) = ("0000320193-23-000106", "1/000032019323000106");
        let hash = "ab".repeat(32);
        let url = format!("https://www.sec.gov/Archives/edgar/data/{folder}/a%20b%25.htm");
        let path = format!("edgar/data/{folder}/a b%.htm");
        assert_eq!(
            sandbox.rows("SELECT * FROM v_artifacts"),
            [format!(
                "1|{dashed}|1|10-K|2025-02-03|primary|{name}|{url}|downloaded|{path}|171|{hash}|4|NULL|2026-01-01T00:00:01.000Z|NULL|NULL|NULL"
            )]
        );
        assert_eq!(
            sandbox.rows("SELECT * FROM v_documents"),
            [format!(
                "1|AAA|One|Nasdaq|10-K|2025-02-03|2024-12-31|{dashed}|primary|NULL|{name}|{path}|{url}|171|{hash}|downloaded"
            )]
        );
        sandbox.assert_counters();
    }

    #[test]
    fn documents_take_the_place_of_the_submission_that_stood_for_them() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1)]);
        sandbox.queue(&[documents(1)]);
        assert_eq!(
            sandbox.rows("SELECT id, kind, name, url LIKE '%/0000000000-00-000001.txt', status FROM v_artifacts"),
            ["NULL|documents|NULL|1|pending"]
        );
        assert!(sandbox.rows("SELECT * FROM v_documents").is_empty());
        let all = [
            exhibit("a.htm", Ok(print(1000))),
            exhibit("b.htm", Err(damaged())),
        ];
        assert_eq!(sandbox.split(1, &all), [Recorded::New; 2]);
        let again = [Recorded::Stored, Recorded::Queued];
        assert_eq!(sandbox.split(1, &all), again, "the same again");
        assert_eq!(
            sandbox.rows(
                "SELECT kind, name, status, type, sequence, bytes FROM v_artifacts ORDER BY name"
            ),
            [
                "exhibit|a.htm|downloaded|EX-99.1|2|1000",
                "exhibit|b.htm|pending|EX-99.1|2|NULL"
            ]
        );
        sandbox.assert_counters();
    }

    #[test]
    fn every_kind_has_its_word_in_the_view() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1)]);
        for kind in ArtifactKind::ALL {
            sandbox.queue(&[wanted_file(1, kind, kind.as_str())]);
        }
        assert_eq!(
            sandbox.rows("SELECT count(*) FROM v_artifacts WHERE kind = name"),
            [ArtifactKind::ALL.len().to_string()]
        );
    }

    #[test]
    fn what_edgar_does_not_have_on_three_days_is_unavailable() {
        for target in [primary(1, "a").target, Target::Documents] {
            let mut sandbox = Sandbox::new();
            sandbox.put(1, &[filing(1)]);
            let item = QueueItem {
                target: target.clone(),
                ..primary(1, "a")
            };
            sandbox.queue(std::slice::from_ref(&item));
            let mut on = |day, failure, expected| {
                sandbox.fail(&target, &failure, day);
                let status = sandbox.rows("SELECT status FROM v_artifacts");
                assert_eq!(status, [expected], "{target:?} on day {day}");
            };
            on(1, missing(), "failed");
            on(1, missing(), "failed");
            on(2, missing(), "failed");
            on(2, missing(), "failed");
            on(3, damaged(), "failed");
            on(4, missing(), "unavailable");
            on(5, damaged(), "unavailable");
            sandbox.assert_counters();
            assert!(sandbox.targets().is_empty());

            // The count starts at zero once the file is queued again.
            assert_eq!(sandbox.writer.retry_unavailable(None).unwrap(), 1);
            assert_eq!(sandbox.targets(), std::slice::from_ref(&target));
            for day in [6, 7] {
                sandbox.fail(&target, &missing(), day);
                assert_eq!(sandbox.statuses().len(), 1);
                assert_eq!(sandbox.targets(), std::slice::from_ref(&target));
            }
            sandbox.fail(&target, &missing(), 8);
            assert!(sandbox.targets().is_empty());
            sandbox.queue(&[item]);
            assert_eq!(sandbox.targets(), [target], "a new selection wants it");
            sandbox.assert_counters();
        }
    }

    #[test]
    fn a_dropped_file_stays_dropped_when_a_submission_cannot_bring_it() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1)]);
        sandbox.queue(&[primary(1, "a.htm")]);
        assert_eq!(sandbox.writer.drop_queue(Some(&[cik(1)])).unwrap(), 1);
        sandbox.fail(&primary(1, "a.htm").target, &damaged(), 1);
        sandbox.split(1, &[exhibit("a.htm", Err(damaged()))]);
        assert_eq!(sandbox.statuses(), ["a.htm|dropped"]);
        sandbox.split(1, &[exhibit("a.htm", Ok(print(1)))]);
        assert_eq!(sandbox.statuses(), ["a.htm|downloaded"], "it came along");
        sandbox.assert_counters();
    }

    #[test]
    fn a_file_without_a_row_is_recorded_as_it_comes() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1)]);
        assert_eq!(sandbox.stored(1, "a.htm", print(5)), Recorded::New);
        assert_eq!(sandbox.stored(1, "A.htm", print(5)), Recorded::Stored);
        assert_eq!(sandbox.stored(1, "a.htm", print(6)), Recorded::Differs);
        sandbox.fail(&primary(1, "no.htm").target, &damaged(), 1);
        assert_eq!(sandbox.statuses(), ["a.htm|downloaded"]);
        sandbox.assert_counters();
    }
}
