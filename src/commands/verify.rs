//! `verify`: compares the files on disk with the database.
//!
//! ```text
//! database ──StoredFile──▶ check (one thread per core) ──Finding──▶ this thread: queue again, count
//! ```
//!
//! # Threading
//!
//! A thread pool reads the recorded files from the database in batches and checks them in parallel. It
//! sends its findings to this thread, the only one that writes. Memory does not grow with the number of
//! files: the lists of problems have a maximum length, while the counts are exact.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use crossbeam_channel::{Receiver, Sender, bounded};
use rayon::iter::{ParallelBridge as _, ParallelIterator as _};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::reuse::reuse;
use super::verify_report::{BadFile, BadFileKind, Verification};
use crate::cancel::Cancel;
use crate::cli::{Cli, VerifyArgs};
use crate::edgar::Accession;
use crate::exit::Exit;
use crate::files::{self, DataDir, Depth, Expected, FilePath, Finding, FoundFile};
use crate::print::{print_json, print_report};
use crate::progress::format::{bytes, clock, count, counted, percent};
use crate::progress::{StatusLine, Terminal};
use crate::run::{identity, preflight};
use crate::signals::Interrupt;
use crate::store::{self, Reader, StoredFile, StoredId, SubmissionStatus, Writer};

/// Files per batch, some 200 bytes each.
const BATCH: usize = 1000;

/// The capacity of the channel of findings. Findings of intact files are not sent.
const WAITING: usize = 256;

/// A transaction ends after this many files, or after this time.
const MOST: usize = 500;
const LONGEST: Duration = Duration::from_millis(500);

/// The time between two printed lines of progress, where standard error is not a terminal.
const EVERY: Duration = Duration::from_secs(30);

pub(super) fn run(cli: &Cli, args: VerifyArgs, terminal: &Terminal) -> Result<Exit> {
    let settings = cli.settings()?;
    let cancel = Cancel::default();
    let interrupt = Interrupt::listen(&cancel)?;
    // Opening for writing would create a missing database; here a missing database is an error.
    if let Err(e @ store::Error::Missing(_)) = Reader::open(&settings.db) {
        return Err(e.into());
    }
    identity::check_data_dir(&settings)?;
    if identity::is_local(&settings.urls) {
        identity::check_addresses(&settings)?;
    }
    let (_lock, mut db) = preflight::open(&settings)?;
    identity::record_data_dir(&settings, &mut db)?;
    let mut report = Verification::new(args.quick);
    if args.reuse {
        let now = || settings.clock.now();
        let data_dir = DataDir::open(&settings.data_dir)?;
        report.reused = Some(reuse(&data_dir, &mut db, now, &cancel)?);
    }
    let total = db.reader()?.stored_total()?;

    let depth = if args.quick {
        Depth::Size
    } else {
        Depth::Content
    };
    let work = Work {
        data_dir: settings.data_dir,
        depth,
        done: Arc::default(),
        cancel,
    };
    let line = show(cli, terminal, &work, total)?;
    let result = check_all(&work, &mut db, &mut report)
        .and_then(|()| count_lost(&db.reader()?, &mut report))
        .and_then(|()| find_orphans(&work, &db.reader()?, &mut report));
    line.finish();
    let result = result.and_then(|()| Ok(db.close()?));
    report.finish(
        &work.done.files,
        &work.done.bytes,
        work.done.since.elapsed(),
    );
    report.complete = result.is_ok() && !work.cancel.is_set();
    if args.json {
        print_json(&report)?;
    } else {
        let style = Cli::style();
        print_report(&report.table(&cli.repeated_args(), style), style)?;
    }
    result?;
    Ok(match interrupt.exit() {
        Some(exit) => exit,
        None if work.cancel.is_set() => bail!("a thread panicked: this is a bug, please report it"),
        None if report.is_whole() => Exit::Complete,
        None => Exit::Partial,
    })
}

/// The state that the threads share.
struct Work {
    data_dir: std::path::PathBuf,
    depth: Depth,
    done: Arc<Done>,
    cancel: Cancel,
}

/// The progress so far.
struct Done {
    files: AtomicU64,
    bytes: AtomicU64,
    problems: AtomicU64,
    since: Instant,
}

impl Default for Done {
    fn default() -> Self {
        Self {
            files: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            problems: AtomicU64::new(0),
            since: Instant::now(),
        }
    }
}

fn show(cli: &Cli, terminal: &Terminal, work: &Work, total: (u64, u64)) -> Result<StatusLine> {
    let done = Arc::clone(&work.done);
    StatusLine::start(cli.progress(EVERY), terminal, move || {
        let (files, size) = (done.files.load(Relaxed), done.bytes.load(Relaxed));
        let elapsed = done.since.elapsed();
        let rate = u128::from(size) * 1000 / elapsed.as_millis().max(1);
        format!(
            "Verified {}/{} files ({}%)  {} of {}  {}/s  {}  elapsed {}",
            count(files),
            count(total.0),
            percent(files, total.0),
            bytes(size),
            bytes(total.1),
            bytes(u64::try_from(rate).unwrap_or(u64::MAX)),
            counted(done.problems.load(Relaxed), ["problem", "problems"]),
            clock(elapsed),
        )
    })
    .context("failed to start the progress line")
}

/// Checks every recorded file and queues missing or damaged ones again.
fn check_all(work: &Work, db: &mut Writer, report: &mut Verification) -> Result<()> {
    let pool = pool(&work.cancel)?;
    let reader = db.reader()?;
    let (found_tx, found) = bounded(WAITING);
    // This thread writes outside the pool until every thread of the scope has ended.
    pool.in_place_scope(move |scope| {
        scope.spawn(move |_| check_side_by_side(work, reader, &found_tx));
        record(found, db, report)
    })
}

/// One thread per core. Without a panic handler, rayon would abort the process when a job panics.
fn pool(cancel: &Cancel) -> Result<ThreadPool> {
    let cancel = cancel.clone();
    ThreadPoolBuilder::new()
        .thread_name(|i| format!("verify-{i}"))
        .panic_handler(move |_| cancel.set())
        .build()
        .context("failed to start the threads")
}

/// What the threads of the pool send.
enum Message {
    /// A file with a problem.
    FoundFile(StoredFile, Finding),
    /// The database cannot be read.
    Failed(store::Error),
}

/// Returns after the last file, after a stop request, or when the receiver is gone.
fn check_side_by_side(work: &Work, reader: Reader, found: &Sender<Message>) {
    let files = StoredFiles {
        reader,
        batch: Vec::new().into_iter(),
        last: StoredId::START,
        cancel: &work.cancel,
    };
    // An error means that the receiver is gone; the receiving thread reports the cause.
    let _ = files.par_bridge().try_for_each(|file| {
        let file = match file {
            Ok(file) => file,
            Err(e) => return found.send(Message::Failed(e)).map_err(drop),
        };
        let expected = Expected {
            bytes: file.bytes,
            sha256: file.sha256,
        };
        match files::check(
            &work.data_dir,
            &place(&file),
            expected,
            work.depth,
            &work.cancel,
        ) {
            Finding::Stopped => Ok(()),
            Finding::Whole(size) => {
                work.done.files.fetch_add(1, Relaxed);
                work.done.bytes.fetch_add(size, Relaxed);
                Ok(())
            }
            finding => {
                work.done.files.fetch_add(1, Relaxed);
                work.done.problems.fetch_add(1, Relaxed);
                found.send(Message::FoundFile(file, finding)).map_err(drop)
            }
        }
    });
}

/// Iterates over the recorded files, batch by batch.
struct StoredFiles<'a> {
    reader: Reader,
    batch: std::vec::IntoIter<StoredFile>,
    last: StoredId,
    cancel: &'a Cancel,
}

impl Iterator for StoredFiles<'_> {
    type Item = store::Result<StoredFile>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.cancel.is_set() {
            return None;
        }
        if self.batch.as_slice().is_empty() {
            match self.reader.stored_files(self.last, BATCH) {
                Ok(batch) => self.batch = batch.into_iter(),
                Err(e) => return Some(Err(e)),
            }
        }
        let file = self.batch.next()?;
        self.last = file.id;
        Some(Ok(file))
    }
}

/// Records all findings, many in one transaction. It owns the receiver, so that the threads stop when it
/// returns an error.
#[expect(
    clippy::needless_pass_by_value,
    reason = "dropping it ends the threads"
)]
fn record(found: Receiver<Message>, db: &mut Writer, report: &mut Verification) -> Result<()> {
    while let Ok(first) = found.recv() {
        let deadline = Instant::now() + LONGEST;
        let rest = std::iter::from_fn(|| found.recv_deadline(deadline).ok());
        let mut batch = db.begin()?;
        let mut filings = BTreeSet::new();
        for message in std::iter::once(first).chain(rest.take(MOST)) {
            let (file, finding) = match message {
                Message::FoundFile(file, finding) => (file, finding),
                Message::Failed(e) => return Err(e.into()),
            };
            let Some(problem) = problem(&file, &finding) else {
                continue;
            };
            if problem.kind.is_queued_again()
                && batch.lost(&file, &format!("verify: {}", problem.said()))?
            {
                filings.insert(file.accession);
                report.queued_again += 1;
            }
            log::info!("{}: {}", problem.path, problem.said());
            report.add(problem);
        }
        for accession in filings {
            batch.queue_lost(accession)?;
        }
        batch.commit()?;
    }
    Ok(())
}

fn place(file: &StoredFile) -> FilePath {
    FilePath {
        folder: file.folder,
        accession: file.accession,
        name: file.name.clone(),
    }
}

fn problem(file: &StoredFile, finding: &Finding) -> Option<BadFile> {
    let (kind, detail) = match finding {
        Finding::Whole(_) | Finding::Stopped => return None,
        Finding::Missing => (BadFileKind::Missing, None),
        Finding::Damaged(how) => (BadFileKind::Damaged, Some(how.clone())),
        Finding::Unreadable(why) => (BadFileKind::Unreadable, Some(why.clone())),
    };
    Some(BadFile {
        kind,
        path: shown(&place(file).path()),
        cik: Some(file.folder.get()),
        accession: Some(file.accession.to_string()),
        detail,
    })
}

/// A path for results, with slashes on every system.
fn shown(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// Counts the files that an earlier verification queued again and that are not downloaded yet.
fn count_lost(db: &Reader, report: &mut Verification) -> Result<()> {
    let mut last = StoredId::START;
    loop {
        let files = db.lost_files(last, BATCH)?;
        let Some(end) = files.last() else {
            report.waiting = report.waiting.saturating_sub(report.queued_again);
            return Ok(());
        };
        last = end.id;
        report.waiting += files.len() as u64;
    }
}

/// Finds orphans: files that no artifact names. Files in the folder of a filing whose submission is queued
/// do not count, because the names are not known yet and the download replaces the files of a killed run.
fn find_orphans(work: &Work, db: &Reader, report: &mut Verification) -> Result<()> {
    let mut batch = Vec::new();
    files::walk(&work.data_dir, &mut |found| {
        batch.push(found);
        if batch.len() >= BATCH {
            report_orphans(&std::mem::take(&mut batch), work, db, report)?;
        }
        Ok(!work.cancel.is_set())
    })?;
    if work.cancel.is_set() {
        return Ok(());
    }
    report_orphans(&batch, work, db, report)
}

fn report_orphans(
    batch: &[FoundFile],
    work: &Work,
    db: &Reader,
    report: &mut Verification,
) -> Result<()> {
    let places = batch.iter().filter_map(|found| found.document.as_ref());
    let accessions: BTreeSet<Accession> = places.map(|place| place.accession).collect();
    let accessions: Vec<_> = accessions.into_iter().collect();
    let known = db.on_record(&accessions)?;
    let is_named = |place: &FilePath| {
        known.get(&place.accession).is_some_and(|filing| {
            let is_queued = filing.submission.is_some_and(SubmissionStatus::is_queued);
            let mut files = filing.files.iter();
            filing.folder == place.folder
                && (is_queued || files.any(|known| known.file.name == place.name))
        })
    };
    for found in batch {
        if found.document.as_ref().is_some_and(is_named) {
            continue;
        }
        work.done.problems.fetch_add(1, Relaxed);
        report.add(BadFile {
            kind: BadFileKind::Orphan,
            path: shown(&found.path),
            cik: None,
            accession: None,
            detail: None,
        });
    }
    Ok(())
}
