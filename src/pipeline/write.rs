//! Last stage: the one thread that writes to the database.
//!
//! A transaction collects records until they have [`MOST`] rows, or until the first one has waited
//! for [`GATHER`]: a commit costs more than a hundred rows. A killed run loses what was not committed;
//! the next run finds it again.
//!
//! # Crashes and power loss
//!
//! A file gets its final name only after its row is committed as queued (see [`super::commits`]). So
//! after a kill the next run stores the file again in the same folder and replaces the first one. The
//! file is synced (see [`crate::files`]) before its row says that it is stored. A kill between the two
//! costs one request. Commits are not synced one by one: a power loss may undo the last ones, each as
//! a whole and together with all later ones. So the database may lack files that are on the disk, but
//! never lists one that is not.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::Result;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use jiff::Timestamp;

use super::Services;
use super::commits::{Commits, EndOnDrop};
use super::download;
use super::record::{ErrorReport, Record};
use super::split::SplitResult;
use super::taken::TakenRequests;
use crate::edgar::calendar::filing_day;
use crate::edgar::{Accession, Cik, QueueItem, Target};
use crate::files::{FilePath, Fingerprint};
use crate::progress::format::{bytes, counted};
use crate::store::{Batch, ErrorRow, Failure, Recorded, RunId, SplitDocument, Writer};

/// A transaction takes no further record once it has this many rows. At this size the cost of the commit
/// itself no longer matters. Until the commit, each queue entry is in memory twice: here, and as taken.
const MOST: usize = 4000;

/// How long the first record of a transaction waits for others. The writer sleeps during this time,
/// so it costs little at full speed. It must be short, since downloads wait for the commit of their rows.
const GATHER: Duration = Duration::from_millis(10);

/// The longest time between two heartbeats of a run.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// How long the stages may complete what is in flight after the run began to stop. Then their
/// connections are closed; what is not done stays queued.
const GRACE: Duration = Duration::from_secs(6);

/// How long the writer waits for the stages after the run began to stop: less than the ten seconds
/// that a service manager gives. A thread that hangs longer has nothing more to record.
const LAST: Duration = Duration::from_secs(8);

/// Writes records until the channel ends. Returns the database writer.
///
/// # Errors
///
/// When the database cannot be written. The run is cancelled then.
pub(super) fn run(
    records: &Receiver<Record>,
    mut db: Writer,
    run: RunId,
    (commits, taken): (&Commits, &TakenRequests),
    services: &Services,
) -> Result<Writer> {
    let _end = EndOnDrop(commits);
    let result = write_all(records, &mut db, run, (commits, taken), services);
    if result.is_err() {
        services.cancel.set();
    }
    result.map(|()| db)
}

fn write_all(
    records: &Receiver<Record>,
    db: &mut Writer,
    run: RunId,
    (commits, taken): (&Commits, &TakenRequests),
    services: &Services,
) -> Result<()> {
    let mut found = HashMap::new();
    let mut stopping = None;
    loop {
        if services.cancel.is_set() {
            match stopping.get_or_insert_with(Instant::now).elapsed() {
                waited if waited >= LAST => return Ok(()),
                waited if waited >= GRACE => services.client.close_connections(),
                _ => {}
            }
        }
        let first = match records.recv_timeout(HEARTBEAT) {
            Ok(record) => Some(record),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        // A stop ends the sleep; the next round handles it.
        let _stopping = first.is_some() && services.cancel.sleep(GATHER);
        let mut transaction = Transaction {
            batch: db.begin()?,
            run,
            now: services.clock.now(),
            found: &mut found,
            queued: Vec::new(),
            refused: Vec::new(),
            services,
        };
        let (mut written, mut rows) = (0, 0);
        for record in first.into_iter().chain(records.try_iter()) {
            rows += record.rows();
            transaction.write(record)?;
            written += 1;
            if rows >= MOST {
                break;
            }
        }
        let queued = transaction.commit()?;
        // Released before announced: a download that then continues finds the row in the database.
        taken.release_items(&queued);
        commits.announce(written);
    }
}

/// How many filings of a company were found in this run, and how many of them are new.
#[derive(Debug, Clone, Copy, Default)]
struct FoundFilings {
    all: u64,
    new: u64,
}

/// One transaction, and what must be done after its commit.
struct Transaction<'a> {
    batch: Batch<'a>,
    run: RunId,
    now: Timestamp,
    /// The filings of companies in progress. An entry is removed when the visit ends.
    found: &'a mut HashMap<Cik, FoundFilings>,
    queued: Vec<QueueItem>,
    /// Files on disk with the bytes of a gateway's page; removed once that is committed.
    refused: Vec<(FilePath, Fingerprint)>,
    services: &'a Services,
}

impl Transaction<'_> {
    fn write(&mut self, record: Record) -> Result<()> {
        let count = &self.services.counters;
        match record {
            Record::Filings {
                cik,
                filings,
                items,
            } => {
                let new = self.batch.put_filings(cik, &filings, self.now)?;
                let found = self.found.entry(cik).or_default();
                found.all += filings.len() as u64;
                found.new += new;
                add(&count.filings_found, filings.len() as u64);
                add(&count.filings_new, new);
                self.queue(items)?;
            }
            Record::Items(items) => self.queue(items)?,
            Record::PageRead(page) => self.batch.page_read(&page)?,
            Record::PageMissing(page) => {
                let today = self.today();
                self.batch.page_missing(&page, today)?;
            }
            Record::CompanyChecked {
                cik,
                as_of,
                selections,
                history,
                profile,
            } => {
                let times = (as_of, self.now);
                self.batch.company_checked(cik, times, &selections)?;
                self.batch.company_history(cik, &history)?;
                self.batch.record_profile(cik, &profile)?;
                let FoundFilings { all, new } = self.company_done(Some(cik));
                log::info!(
                    event = "company_checked", cik = cik.get(), filings = all, filings_new = new;
                    "company {cik}: {}, {new} new",
                    counted(all, ["filing", "filings"])
                );
            }
            Record::CompanyFailed { problem, missing } => {
                add(&count.companies_failed, 1);
                let _ = self.company_done(problem.cik);
                let is_forgotten = match problem.cik {
                    Some(cik) if missing => self.batch.forget_unknown(cik)?,
                    _ => false,
                };
                if let Some(cik) = problem.cik.filter(|_| !is_forgotten) {
                    let (why, today) = ((problem.kind, problem.message.as_str()), self.today());
                    self.batch
                        .company_failed(cik, why, missing, today, self.now)?;
                }
                self.failed("company_failed", problem)?;
            }
            Record::Stored {
                item,
                document,
                attempts,
                is_dated,
                problems,
            } => {
                self.file_stored(&item, &document, attempts, problems)?;
                if !is_dated {
                    let (name, today) = (&document.file.name, self.today());
                    self.batch.came_undated(item.accession, name, today)?;
                }
            }
            Record::Split {
                item,
                split,
                attempts,
            } => self.split(&item, split, attempts)?,
            Record::Failed {
                item,
                attempts,
                failure,
                problem,
            } => {
                let (accession, today) = (item.accession, self.today());
                self.batch
                    .failed(accession, &item.target, attempts, &failure, today)?;
                add(&count.failed, 1);
                self.failed("artifact_failed", problem)?;
            }
            Record::Gateway {
                item,
                attempts,
                page,
                before,
            } => self.gateway(&item, attempts, page, &before)?,
            Record::Error(problem) => self.problem(problem)?,
        }
        Ok(())
    }

    /// Records a stored file and its problems.
    fn file_stored(
        &mut self,
        item: &QueueItem,
        document: &SplitDocument,
        attempts: u32,
        problems: Vec<ErrorReport>,
    ) -> Result<()> {
        let accession = item.accession;
        let recorded = self.batch.stored(accession, document, attempts, self.now)?;
        self.stored(accession, document, recorded);
        if recorded == Recorded::OtherBytes {
            let name = &document.file.name;
            self.problem(ErrorReport {
                cik: None,
                accession: Some(accession),
                url: None,
                kind: "differs",
                message: format!("{accession} {name}: {OTHER_BYTES}"),
            })?;
        }
        for problem in problems {
            self.problem(problem)?;
        }
        // It was between download and writer when the third file with the same bytes came.
        let print = document.outcome.as_ref().ok();
        let refused = print.filter(|p| self.services.same_pages.is_refused(&p.sha256));
        if let Some(page) = refused {
            self.refuse_stored(item, *page)?;
        }
        Ok(())
    }

    /// Records that a gateway's page came for a file, and before for these files, which are queued again.
    fn gateway(
        &mut self,
        item: &QueueItem,
        tries: u32,
        page: Fingerprint,
        before: &[QueueItem],
    ) -> Result<()> {
        let (accession, today) = (item.accession, self.today());
        self.batch.refuse_page(&page, today)?;
        let (failure, problem) = gateway_failure(item);
        self.batch
            .failed(accession, &item.target, tries, &failure, today)?;
        add(&self.services.counters.failed, 1);
        self.problem(problem)?;
        before
            .iter()
            .try_for_each(|item| self.refuse_stored(item, page))
    }

    /// Queues a file again if it is stored with the bytes of a gateway's page.
    fn refuse_stored(&mut self, item: &QueueItem, page: Fingerprint) -> Result<()> {
        let Target::File(file) = &item.target else {
            return Ok(());
        };
        let (failure, problem) = gateway_failure(item);
        let (accession, today) = (item.accession, self.today());
        if !self
            .batch
            .refuse_stored(accession, &file.name, &page, &failure, today)?
        {
            return Ok(());
        }
        let count = &self.services.counters;
        change(&count.downloaded, -1);
        change(&count.bytes, -i64::try_from(page.bytes).unwrap_or(i64::MAX));
        add(&count.failed, 1);
        let place = download::place(item, &file.name);
        self.refused.push((place, page));
        self.problem(problem)
    }

    fn queue(&mut self, mut items: Vec<QueueItem>) -> Result<()> {
        let created = self.batch.queue(&items)?;
        add(&self.services.counters.artifacts_created, created);
        self.queued.append(&mut items);
        Ok(())
    }

    fn company_done(&mut self, cik: Option<Cik>) -> FoundFilings {
        let count = &self.services.counters;
        let found = cik.and_then(|cik| self.found.remove(&cik));
        let found = found.unwrap_or_default();
        add(&count.companies_done, 1);
        add(&count.companies_with_new, (found.new > 0).into());
        found
    }

    /// Counts a file as downloaded or failed. A document that is still to be requested under its own name
    /// is not counted yet.
    fn stored(&self, accession: Accession, document: &SplitDocument, recorded: Recorded) {
        let count = &self.services.counters;
        match &document.outcome {
            Ok(print) if recorded.is_stored() => {
                add(&count.downloaded, 1);
                add(&count.bytes, print.bytes);
                let name = document.file.name.as_str();
                log::info!(
                    event = "artifact_stored", accession:% = accession, name = name,
                    bytes = print.bytes;
                    "{accession} {name}: {}",
                    bytes(print.bytes)
                );
            }
            Err(_) if recorded.is_stored() && !document.file.is_served(accession) => {
                add(&count.failed, 1);
            }
            _ => {}
        }
    }

    /// Records the documents of a filing, which replace the one queue entry for its submission.
    fn split(&mut self, item: &QueueItem, split: SplitResult, attempts: u32) -> Result<()> {
        let SplitResult {
            submission,
            documents,
            held,
            stored_bytes: _,
            problems,
        } = split;
        let recorded = self.batch.split(
            item.accession,
            (&submission, held),
            &documents,
            attempts,
            self.now,
        )?;
        let mut new = -1;
        for (document, recorded) in documents.iter().zip(recorded) {
            self.stored(item.accession, document, recorded);
            let why = match recorded {
                Recorded::New => {
                    new += 1;
                    continue;
                }
                Recorded::Queued | Recorded::Stored => continue,
                Recorded::OtherBytes => OTHER_BYTES,
                Recorded::Differs => {
                    "was served with other content than the stored file, which is kept"
                }
            };
            let message = format!("{} {}: {why}", item.accession, document.file.name);
            self.problem(ErrorReport::of_item(item, "differs", message))?;
        }
        let count = &self.services.counters;
        change(&count.artifacts_created, new);
        change(&count.artifacts_queued, new);
        problems
            .into_iter()
            .try_for_each(|(kind, message)| self.problem(ErrorReport::of_item(item, kind, message)))
    }

    fn problem(&self, problem: ErrorReport) -> Result<()> {
        self.failed("problem", problem)
    }

    /// Logs and records an error.
    fn failed(&self, event: &'static str, problem: ErrorReport) -> Result<()> {
        let accession = problem.accession.map(|accession| accession.to_string());
        log::warn!(
            event = event, run_id = self.run.get(), cik = problem.cik.map(Cik::get),
            accession = accession.as_deref(), kind = problem.kind, url = problem.url.as_deref();
            "{}", problem.message
        );
        self.services.activity.error(&problem.message);
        let row = ErrorRow {
            cik: problem.cik,
            accession: problem.accession,
            url: problem.url,
            kind: problem.kind,
            message: problem.message,
        };
        Ok(self.batch.error(self.run, &row, self.now)?)
    }

    fn today(&self) -> jiff::civil::Date {
        filing_day(self.now)
    }

    /// Commits, and removes the files that were refused. Returns the queue entries of the transaction.
    fn commit(self) -> Result<Vec<QueueItem>> {
        let counts = self.services.run_progress();
        self.batch.heartbeat(self.run, &counts, Timestamp::now())?;
        self.batch.commit()?;
        for (place, page) in &self.refused {
            self.services.data_dir.remove(place, page)?;
        }
        Ok(self.queued)
    }
}

/// The failure and the error report for a file in place of which a gateway's page came.
fn gateway_failure(item: &QueueItem) -> (Failure, ErrorReport) {
    let name = item.target.name(item.accession);
    let message = format!(
        "{} {name}: a page of a proxy, firewall or login came in place of the document: the same \
         bytes for several filings, without Last-Modified",
        item.accession
    );
    let failure = Failure {
        kind: GATEWAY,
        message: message.clone(),
        missing: true, // days count as for a file that EDGAR does not have
    };
    (failure, ErrorReport::of_item(item, GATEWAY, message))
}

/// The kind of a failure: a page of a proxy, a firewall or a login came in place of a document.
const GATEWAY: &str = "gateway";

/// The message for a lost file that came back with other content.
const OTHER_BYTES: &str = "was lost and came back with other content, which is stored";

fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Relaxed);
}

/// Adds to a counter, or subtracts, but not below zero: an earlier run may have counted the rest.
fn change(counter: &AtomicU64, by: i64) {
    let _ = counter.fetch_update(Relaxed, Relaxed, |n| Some(n.saturating_add_signed(by)));
}
