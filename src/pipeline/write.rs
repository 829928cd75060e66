//! Last stage: the one thread that writes to the database.
//!
//! Records are grouped into one transaction until there are enough of them or the oldest has
//! waited long enough: a commit costs more than a hundred rows. Whoever kills the run loses
//! what was not committed yet; the next run finds it again.
//!
//! # Crashes and power loss
//!
//! An artifact has its row, queued, before its file is asked for; so the next run keeps the
//! file in the same company's folder. The file stands, synced (see [`crate::archive`]), before
//! the row says so. A kill between the two costs one request. A commit is not synced by
//! itself: a power loss may take the last ones back, but all of a commit and all after it, so
//! the database only ever knows less than the disk holds. A file whose first row was taken back
//! with it is replaced; only that of a joint filing may stay behind in another company's
//! folder, where `verify` finds it.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::Result;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use jiff::Timestamp;

use super::Services;
use super::record::{Problem, Record};
use super::split::Split;
use crate::edgar::{Accession, Artifact, Cik};
use crate::store::{Batch, ErrorRow, PageKey, RunId, Writer};

/// The most records in one transaction: by then the commit itself no longer counts.
const MOST: usize = 1000;

/// How long the first record of a transaction waits for others. Nobody is woken for them, so at
/// full speed the writer costs little; downloads wait for the commit of their rows.
const GATHER: Duration = Duration::from_millis(10);

/// How often a run in which nothing happens says that it is alive.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// How long the stages may finish what is in flight once the run is to stop. Then their
/// connections are cut; what is not done stays queued.
const GRACE: Duration = Duration::from_secs(6);

/// How long the writer waits for them at all: within the ten seconds that a service manager
/// gives. Whoever hangs longer has nothing left to record.
const LAST: Duration = Duration::from_secs(8);

/// Writes records until there are no more, and returns the writer.
///
/// # Errors
///
/// When the database does not take them. The run is cancelled then.
pub(super) fn run(
    records: &Receiver<Record>,
    mut db: Writer,
    run: RunId,
    cx: &Services,
) -> Result<Writer> {
    let result = write_all(records, &mut db, run, cx);
    if result.is_err() {
        cx.cancel.set();
    }
    result.map(|()| db)
}

fn write_all(records: &Receiver<Record>, db: &mut Writer, run: RunId, cx: &Services) -> Result<()> {
    let mut with_new = HashSet::new();
    let mut stopping = None;
    loop {
        if cx.cancel.is_set() {
            match stopping.get_or_insert_with(Instant::now).elapsed() {
                waited if waited >= LAST => return Ok(()),
                waited if waited >= GRACE => cx.client.hang_up(),
                _ => {}
            }
        }
        let first = match records.recv_timeout(HEARTBEAT) {
            Ok(record) => Some(record),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        // A stop ends the wait, and is looked at in the next round.
        let _stopping = first.is_some() && cx.cancel.sleep(GATHER);
        let mut ledger = Ledger {
            batch: db.begin()?,
            run,
            now: Timestamp::now(),
            with_new: &mut with_new,
            claimed: Vec::new(),
            cx,
        };
        for record in first.into_iter().chain(records.try_iter().take(MOST)) {
            ledger.write(record)?;
        }
        ledger.commit()?;
    }
}

/// One transaction, and what is to happen once it is committed.
struct Ledger<'a> {
    batch: Batch<'a>,
    run: RunId,
    now: Timestamp,
    /// Companies being visited that had something new. One leaves when its visit ends.
    with_new: &'a mut HashSet<Cik>,
    claimed: Vec<Accession>,
    cx: &'a Services,
}

impl Ledger<'_> {
    fn write(&mut self, record: Record) -> Result<()> {
        let count = &self.cx.counters;
        match record {
            Record::Filings {
                cik,
                filings,
                artifacts,
            } => {
                let new = self.batch.put_filings(cik, &filings, self.now)?;
                let created = self.batch.put_artifacts(&artifacts)?;
                if new > 0 {
                    self.with_new.insert(cik);
                }
                add(&count.filings_found, filings.len() as u64);
                add(&count.filings_new, new);
                add(&count.artifacts_created, created);
                self.claimed.extend(artifacts.iter().map(|a| a.accession));
            }
            Record::PageRead(page) => {
                let wanted = &self.cx.options.filings;
                let forms = wanted.forms.to_string();
                if let Some(key) = PageKey::new(&page, &forms, &wanted.dates) {
                    self.batch.page_read(&key)?;
                }
            }
            Record::CompanyChecked {
                cik,
                as_of,
                history,
            } => {
                self.batch.company_checked(cik, as_of)?;
                self.batch.company_history(cik, &history)?;
                add(&count.companies_done, 1);
                add(&count.companies_with_new, self.with_new.remove(&cik).into());
            }
            Record::CompanyFailed(problem) => {
                add(&count.companies_done, 1);
                add(&count.companies_failed, 1);
                if let Some(cik) = problem.cik {
                    let (kind, message) = (problem.kind, &problem.message);
                    self.batch.company_failed(cik, kind, message, self.now)?;
                    add(&count.companies_with_new, self.with_new.remove(&cik).into());
                }
                self.problem(problem)?;
            }
            Record::Downloaded {
                artifact,
                saved,
                tries,
            } => {
                self.batch.downloaded(&artifact, &saved, tries, self.now)?;
                add(&count.downloaded, 1);
                add(&count.bytes, saved.bytes);
            }
            Record::Split {
                artifact,
                split,
                tries,
            } => self.split(&artifact, split, tries)?,
            Record::DownloadFailed {
                artifact,
                tries,
                problem,
            } => {
                let (kind, message) = (problem.kind, &problem.message);
                self.batch
                    .download_failed(&artifact, tries, kind, message)?;
                add(&count.download_failed, 1);
                self.problem(problem)?;
            }
            Record::Problem(problem) => self.problem(problem)?,
        }
        Ok(())
    }

    /// The documents of a filing, in place of the one artifact that stood for them.
    fn split(&self, artifact: &Artifact, split: Split, tries: u32) -> Result<()> {
        let Split {
            submission,
            documents,
            problems,
        } = split;
        let more = self
            .batch
            .split(artifact, &submission, &documents, tries, self.now)?;
        let count = &self.cx.counters;
        let stored = documents.iter().filter_map(|d| d.outcome.as_ref().ok());
        let (mut files, mut bytes) = (0, 0);
        for saved in stored {
            files += 1;
            bytes += saved.bytes;
        }
        let all = documents.len() as u64;
        add(&count.downloaded, files);
        add(&count.download_failed, all - files);
        add(&count.bytes, bytes);
        change(&count.artifacts_created, more);
        change(&count.artifacts_queued, all.cast_signed() - 1);
        problems.into_iter().try_for_each(|(kind, message)| {
            self.problem(Problem::splitting(artifact, kind, message))
        })
    }

    fn problem(&self, problem: Problem) -> Result<()> {
        log::warn!("{}", problem.message);
        self.cx.counters.error(&problem.message);
        let row = ErrorRow {
            cik: problem.cik,
            accession: problem.accession,
            url: problem.url,
            kind: problem.kind,
            message: problem.message,
        };
        Ok(self.batch.error(self.run, &row, self.now)?)
    }

    fn commit(self) -> Result<()> {
        self.batch
            .heartbeat(self.run, &self.cx.run_counts(), self.now)?;
        self.batch.commit()?;
        self.cx.claims.release(&self.claimed);
        Ok(())
    }
}

fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Relaxed);
}

/// Counts more, or less: what was counted by an earlier run stays with that one.
fn change(counter: &AtomicU64, by: i64) {
    let _ = counter.fetch_update(Relaxed, Relaxed, |n| Some(n.saturating_add_signed(by)));
}
