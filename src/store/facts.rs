//! What `diagnose` and `verify` ask.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::Row;

use super::error::Result;
use super::queries;
use super::reader::{Reader, number};
use super::types::{RunId, RunStatus, Time, integer, json_texts, time};
use crate::edgar::{Accession, Cik, History};

/// What is known about a company, as far as it tells why something is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompanyFacts {
    /// Its number.
    pub cik: Cik,
    /// Its name.
    pub name: String,
    /// The ticker of its primary listing.
    pub ticker: Option<String>,
    /// The exchange of its primary listing.
    pub exchange: Option<String>,
    /// When its filings were last read to the end.
    pub last_checked_at: Option<Timestamp>,
    /// Its files: how many there are to be, and how many are there.
    pub artifacts: FileCounts,
    /// The same when the last run began.
    pub artifacts_before: FileCounts,
    /// How many of its files a run has given up.
    pub failed: u64,
    /// What EDGAR lists of it; `None` if that was never recorded.
    pub history: Option<History>,
    /// Why its list could not be read at the last try: one word, and one line.
    pub failure: Option<(String, String)>,
    /// Whether a filing of a wanted form is known.
    pub covered: bool,
    /// Whether one was known when the last run began.
    pub covered_before: bool,
}

/// How many files there are to be, and how many are there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileCounts {
    /// To be there.
    pub expected: u64,
    /// There.
    pub downloaded: u64,
}

/// Failures of one sort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureGroup {
    /// The sort, as `v_errors.kind` has it; `unknown` before it was recorded.
    pub kind: String,
    /// How many items.
    pub count: u64,
    /// One of the messages.
    pub example: Option<String>,
}

/// The run that began last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviousRun {
    /// Its number.
    pub id: RunId,
    /// What it did.
    pub command: String,
    /// What became of it.
    pub status: RunStatus,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// A stored file's place in the table of artifacts; they come in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredId(pub(super) i64);

impl StoredId {
    /// Before the first one.
    pub const START: Self = Self(0);
}

/// A file that is to be on disk, and what it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its place.
    pub id: StoredId,
    /// The filing.
    pub accession: Accession,
    /// The company in whose folder it lies.
    pub cik: Cik,
    /// Its name.
    pub name: String,
    /// Its length.
    pub bytes: Option<u64>,
    /// Its hash.
    pub sha256: Option<[u8; 32]>,
}

impl Reader {
    /// What is known about each company of the plan, by name. `forms` are the wanted forms, as
    /// they are spelled in [`Reader::known_forms`]; `before` is when the last run began.
    ///
    /// # Errors
    ///
    /// If the database cannot be read, or there is no plan yet.
    pub fn company_facts(
        &self,
        forms: &[String],
        before: Option<Timestamp>,
    ) -> Result<Vec<CompanyFacts>> {
        self.rows(
            queries::DIAGNOSE_COMPANIES,
            (json_texts(forms), before.map(time)),
            "read what is known of the companies",
            company_facts,
        )
    }

    /// The failed downloads of the planned companies, by sort.
    ///
    /// # Errors
    ///
    /// If the database cannot be read, or there is no plan yet.
    pub fn failed_downloads(&self) -> Result<Vec<FailureGroup>> {
        let doing = "group failed downloads";
        self.rows(queries::DIAGNOSE_FAILURES, (), doing, failure_group)
    }

    /// What a run met at the planned companies that cost no company and no file, by sort.
    ///
    /// # Errors
    ///
    /// If the database cannot be read, or there is no plan yet.
    pub fn problems(&self, run: RunId) -> Result<Vec<FailureGroup>> {
        let doing = "group the problems of a run";
        self.rows(queries::DIAGNOSE_PROBLEMS, [run], doing, failure_group)
    }

    /// Every form that a known filing has.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn known_forms(&self) -> Result<Vec<String>> {
        let doing = "read which forms there are";
        self.rows(queries::KNOWN_FORMS, (), doing, |row| row.get(0))
    }

    /// The run that began last, if there ever was one.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn last_run(&self) -> Result<Option<PreviousRun>> {
        let read = |row: &Row<'_>| {
            Ok(PreviousRun {
                id: RunId(row.get(0)?),
                command: row.get(1)?,
                status: row.get(2)?,
                started_at: row.get::<_, Time>(3)?.0,
                ended_at: row.get::<_, Option<Time>>(4)?.map(|time| time.0),
            })
        };
        let doing = "look up the last run";
        let runs = self.rows(queries::LAST_RUN, (), doing, read)?;
        Ok(runs.into_iter().next())
    }

    /// The next `n` files that are to be on disk, after a place. Empty at the end.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn stored(&self, after: StoredId, n: usize) -> Result<Vec<Stored>> {
        self.rows(
            queries::ARTIFACTS_STORED,
            (after.0, integer(n as u64)),
            "read which files there are",
            |row| {
                Ok(Stored {
                    id: StoredId(row.get(0)?),
                    accession: row.get(1)?,
                    cik: row.get(2)?,
                    name: row.get(3)?,
                    bytes: optional_number(row, 4)?,
                    sha256: row.get(5)?,
                })
            },
        )
    }

    /// How many files are to be on disk, and their bytes.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn stored_total(&self) -> Result<(u64, u64)> {
        let doing = "count the files there are";
        self.one(queries::ARTIFACTS_STORED_TOTAL, (), doing, |row| {
            Ok((number(row, 0)?, number(row, 1)?))
        })
    }
}

fn failure_group(row: &Row<'_>) -> rusqlite::Result<FailureGroup> {
    Ok(FailureGroup {
        kind: row.get(0)?,
        count: number(row, 1)?,
        example: row.get(2)?,
    })
}

fn company_facts(row: &Row<'_>) -> rusqlite::Result<CompanyFacts> {
    let (pending, downloaded, failed) = (number(row, 5)?, number(row, 6)?, number(row, 7)?);
    let history = match optional_number(row, 10)? {
        None => None,
        Some(listed) => Some(History {
            listed,
            first: day(row, 11)?,
            last: day(row, 12)?,
            forms: History::parse_forms(&row.get::<_, Option<String>>(13)?.unwrap_or_default()),
        }),
    };
    let error_kind: Option<String> = row.get(14)?;
    let error: Option<String> = row.get(15)?;
    Ok(CompanyFacts {
        cik: row.get(0)?,
        name: row.get(1)?,
        ticker: row.get(2)?,
        exchange: row.get(3)?,
        last_checked_at: row.get::<_, Option<Time>>(4)?.map(|time| time.0),
        artifacts: FileCounts {
            expected: pending + downloaded + failed,
            downloaded,
        },
        artifacts_before: FileCounts {
            expected: number(row, 8)?,
            downloaded: number(row, 9)?,
        },
        failed,
        history,
        failure: error_kind.map(|kind| (kind, error.unwrap_or_default())),
        covered: row.get(16)?,
        covered_before: row.get(17)?,
    })
}

fn optional_number(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u64>> {
    let number: Option<i64> = row.get(column)?;
    Ok(number.and_then(|number| u64::try_from(number).ok()))
}

/// A day that we wrote ourselves; anything else is none.
fn day(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Date>> {
    let text: Option<String> = row.get(column)?;
    Ok(text.and_then(|text| text.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Sandbox, artifact, at, cik, filing, rows};
    use super::super::{Batch, Scope, Writer, queries};
    use super::*;
    use crate::edgar::history::FormUse;
    use crate::fingerprint::Fingerprint;
    use jiff::civil::date;
    use rusqlite::Connection;

    const SAVED: Fingerprint = Fingerprint {
        bytes: 1000,
        sha256: [0xab; 32],
    };

    fn write(sandbox: &mut Sandbox, write: impl FnOnce(&Batch<'_>)) {
        let batch = sandbox.writer.begin().unwrap();
        write(&batch);
        batch.commit().unwrap();
    }

    /// What is known of company 1, with 10-K as the only wanted form.
    fn facts(sandbox: &Sandbox, before: Option<Timestamp>) -> CompanyFacts {
        let mut reader = Reader::open(&sandbox.path()).unwrap();
        reader.plan(&Scope::default(), None).unwrap();
        let all = reader.company_facts(&["10-K".to_owned()], before).unwrap();
        all.into_iter().find(|facts| facts.cik == cik(1)).unwrap()
    }

    fn history() -> History {
        let (first, last) = (date(2020, 1, 2), date(2025, 3, 4));
        let forms = [("10-K".to_owned(), FormUse { filings: 3, last })];
        History {
            listed: 7,
            first: Some(first),
            last: Some(last),
            forms: forms.into_iter().collect(),
        }
    }

    #[test]
    fn what_edgar_lists_comes_back_and_ends_a_failure() {
        let mut sandbox = Sandbox::new();
        assert_eq!(facts(&sandbox, None).history, None);
        write(&mut sandbox, |b| {
            b.company_failed(cik(1), "network", "no answer", at(1))
                .unwrap();
        });
        let failed = facts(&sandbox, None);
        let failure = ("network".to_owned(), "no answer".to_owned());
        assert_eq!((failed.history, failed.failure), (None, Some(failure)));
        write(&mut sandbox, |b| {
            b.company_history(cik(1), &history()).unwrap();
        });
        let mended = facts(&sandbox, None);
        assert_eq!((mended.history, mended.failure), (Some(history()), None));
        write(&mut sandbox, |b| {
            b.company_failed(cik(1), "server", "503", at(2)).unwrap();
        });
        let again = facts(&sandbox, None);
        assert_eq!(again.history, Some(history()), "what was learned stays");
        assert_eq!(again.failure.unwrap().0, "server");
    }

    #[test]
    fn coverage_is_told_before_a_moment_and_now() {
        let mut sandbox = Sandbox::new();
        let mut eight = filing(1);
        eight.form = "8-K".to_owned();
        write(&mut sandbox, |b| {
            b.put_filings(cik(1), &[eight], at(5)).unwrap();
        });
        assert!(!facts(&sandbox, None).covered, "of another form");
        write(&mut sandbox, |b| {
            b.put_filings(cik(1), &[filing(2)], at(10)).unwrap();
        });
        for (before, expected) in [(None, false), (Some(at(10)), false), (Some(at(11)), true)] {
            let facts = facts(&sandbox, before);
            assert!(facts.covered);
            assert_eq!(facts.covered_before, expected, "{before:?}");
        }
    }

    #[test]
    fn a_lost_file_is_queued_again_and_every_counter_follows() {
        let mut sandbox = Sandbox::new();
        write(&mut sandbox, |b| {
            b.put_filings(cik(1), &[filing(1), filing(2)], at(0))
                .unwrap();
            b.put_artifacts(&[artifact(1, 1, "a"), artifact(1, 2, "b")])
                .unwrap();
            b.downloaded(&artifact(1, 1, "a"), &SAVED, 1, at(1))
                .unwrap();
        });
        let reader = Reader::open(&sandbox.path()).unwrap();
        let stored = reader.stored(StoredId::START, 10).unwrap();
        assert_eq!(stored.len(), 1, "{stored:?}");
        assert_eq!(
            (stored[0].bytes, stored[0].sha256),
            (Some(1000), Some(SAVED.sha256))
        );
        assert!(reader.stored(stored[0].id, 10).unwrap().is_empty());
        assert_eq!(reader.stored_total().unwrap(), (1, 1000));

        sandbox
            .writer
            .start_run("backfill", "{}", "https://x", at(2))
            .unwrap();
        write(&mut sandbox, |b| {
            assert!(b.lost(stored[0].id, "verify: missing").unwrap());
            assert!(!b.lost(stored[0].id, "verify: missing").unwrap(), "once");
        });
        sandbox.assert_counters();
        assert_eq!(reader.stored_total().unwrap(), (0, 0));
        let facts = facts(&sandbox, None);
        let counts = |expected, downloaded| FileCounts {
            expected,
            downloaded,
        };
        assert_eq!(facts.artifacts_before, counts(2, 1));
        assert_eq!(facts.artifacts, counts(2, 0));
        assert_eq!(
            sandbox.rows("SELECT status, path, last_error FROM v_artifacts WHERE name = 'a'"),
            ["pending|NULL|verify: missing"]
        );
    }

    #[test]
    fn a_database_of_the_first_version_is_brought_up_to_date_with_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(queries::MIGRATIONS[0]).unwrap();
        old.execute_batch(
            "INSERT INTO companies (cik, name, last_checked_at) VALUES (1, 'One', '2026-01-01T00:00:00.000Z');
             PRAGMA application_id = 0x6665746c; PRAGMA user_version = 1",
        )
        .unwrap();
        drop(old);
        Writer::open(&path).unwrap().close().unwrap();
        let mut reader = Reader::open(&path).unwrap();
        reader.plan(&Scope::default(), None).unwrap();
        let facts = &reader.company_facts(&[], None).unwrap()[0];
        assert_eq!((facts.history.as_ref(), facts.covered), (None, false));
        assert!(facts.last_checked_at.is_some());
        assert_eq!(rows(&path, "SELECT count(*) FROM v_companies"), ["1"]);
    }
}
