//! Third stage: one request after the other from EDGAR to the disk: a file, or a submission that is
//! split into all documents of its filing.
//!
//! # Threading
//!
//! Each of N threads fetches, checks and stores by itself. Nothing is shared but the gate of
//! the network layer. A request that has to wait for its next try is parked.

use std::io::{self, ErrorKind, Write};
use std::time::Duration;

use crossbeam_channel::Receiver;
use url::Url;

use super::Services;
use super::commits::{Commits, Records};
use super::item::Job;
use super::record::{ErrorReport, Record};
use super::split::{self, DocumentsError, SubmissionText};
use super::standing::Standing;
use super::worker::{self, NextStep};
use crate::edgar::{ArtifactKind, FileName, QueueItem, Target};
use crate::files::{FilingFolder, Fingerprint};
use crate::net::{Expect, FetchError, Received, RequestKind, retry};
use crate::store::{self, ArtifactStatus, Failure, Reader, SplitDocument};

/// The largest file of a filing, in bytes, whatever size EDGAR lists it with. The largest
/// submission measured has 612 MB.
pub const MAX_FILE: u64 = 2_000_000_000;

/// How much longer than its submission a document may be: not at all, in theory.
const SLACK: u64 = 1 << 20;

/// Downloads until there is nothing more.
pub(super) fn run(jobs: &Receiver<Job>, records: &Records, commits: &Commits, cx: &Services) {
    let db = match Reader::open(&cx.db) {
        Ok(db) => db,
        Err(e) => return cx.abort(format!("{:#}", anyhow::Error::from(e))),
    };
    let download = Download { db, commits, cx };
    worker::run(jobs, &cx.cancel, |job| match download.step(job) {
        TryResult::Record(record) => match records.send(*record) {
            Ok(_) => NextStep::Done,
            Err(_) => NextStep::Stop, // the writer has ended
        },
        TryResult::Wait(wait) => NextStep::After(wait),
        TryResult::Stop => NextStep::Stop,
    });
}

/// What one try came to.
enum TryResult {
    Record(Box<Record>),
    Wait(Duration),
    Stop,
}

/// Why a file does not stand on disk after a try.
enum DownloadError {
    /// Asking for it makes no sense: one word for the kind, and the cause.
    Refused(&'static str, String),
    /// It was not to be had this time.
    Fetch(Url, FetchError),
    /// The disk does not take it.
    Disk(anyhow::Error),
    /// The database cannot be read.
    Database(store::Error),
    /// The row that queues it will not be committed: the run is being stopped.
    NotCommitted,
}

impl From<io::Error> for DownloadError {
    fn from(error: io::Error) -> Self {
        Self::Disk(error.into())
    }
}

impl From<store::Error> for DownloadError {
    fn from(error: store::Error) -> Self {
        Self::Database(error)
    }
}

struct Download<'a> {
    db: Reader,
    commits: &'a Commits,
    cx: &'a Services,
}

impl Download<'_> {
    fn step(&self, job: &mut Job) -> TryResult {
        let cx = self.cx;
        if !cx.budget.allows_download() {
            return TryResult::Stop; // it stays queued
        }
        let fetched = match &job.item.target {
            Target::File(file) => self.file(job, file),
            Target::Documents => self.documents(job),
        };
        match fetched {
            Ok(record) => {
                cx.budget.stored(record.bytes());
                TryResult::Record(Box::new(record))
            }
            Err(DownloadError::Refused(kind, cause)) => {
                let problem = ErrorReport::of_item(&job.item, kind, cause);
                failed(job, problem, kind == NOT_IN_SUBMISSION)
            }
            Err(DownloadError::Fetch(url, error)) => after_failed_try(job, &url, error, cx),
            Err(DownloadError::NotCommitted) => TryResult::Stop,
            Err(DownloadError::Database(e)) => {
                cx.abort(format!("{:#}", anyhow::Error::from(e)));
                TryResult::Stop
            }
            Err(DownloadError::Disk(cause)) => {
                // A disk that does not take this file will not take the next one either.
                let folder = cx.data_dir.root().display();
                cx.abort(format!(
                    "failed to store files in {folder}: {cause:#}{}",
                    remedy(&cause)
                ));
                TryResult::Stop
            }
        }
    }

    /// Asks for one file and stores it.
    fn file(&self, job: &Job, file: &FileName) -> Result<Record, DownloadError> {
        let (cx, item) = (self.cx, &job.item);
        if !file.is_served(item.accession) {
            let name = &file.name;
            let cause = format!("{}: its submission no longer has {name}", item.accession);
            return Err(DownloadError::Refused(NOT_IN_SUBMISSION, cause));
        }
        let mut incoming = cx.data_dir.begin()?;
        let received = self.fetch(item, &mut incoming)?;
        if file.kind == ArtifactKind::Submission && item.submission_size.is_none() {
            let mut text = incoming.reader()?;
            split::check_submission(item.accession, &mut text, received.is_proven)
                .map_err(|e| self.not_a_submission(item, e))?;
        }
        self.wait_for_row(job)?;
        let place = place(item, &file.name);
        let standing = self.standing(&place, incoming.print())?;
        let print = match standing {
            Standing::Whole(found) => found,
            _ => incoming.keep(&place).map_err(DownloadError::Disk)?,
        };
        let problem = standing.problem().map(|(kind, cause)| {
            let message = format!("{} {}: {cause}", item.accession, file.name);
            ErrorReport::of_item(item, kind, message)
        });
        Ok(Record::Stored {
            accession: item.accession,
            document: SplitDocument::single(file.clone(), print),
            tries: job.tries + 1,
            problem,
        })
    }

    /// What stands where a file is to be stored.
    fn standing(&self, place: &FilingFolder, came: Fingerprint) -> Result<Standing, DownloadError> {
        let data_dir = &self.cx.data_dir;
        if !data_dir.root().join(place.path()).exists() {
            return Ok(Standing::Free); // so it is with nearly every file
        }
        let on_record = self.db.on_record(&[place.accession])?;
        let filing = on_record.get(&place.accession);
        let recorded = filing.and_then(|filing| filing.file(&place.name));
        let recorded = recorded.and_then(|file| file.stored);
        Ok(Standing::look(data_dir, place, &came, recorded)?)
    }

    /// Why a text is not taken for the complete submission of a filing.
    fn not_a_submission(&self, item: &QueueItem, error: DocumentsError) -> DownloadError {
        match error {
            DocumentsError::Damaged(why) => {
                let url = self.cx.urls.submission_text(item.folder, item.accession);
                DownloadError::Fetch(url, FetchError::Damaged(why))
            }
            DocumentsError::Disk(e) => DownloadError::Disk(e),
        }
    }

    /// Gets the complete submission of a filing, from the disk if it is there, and stores all
    /// documents of it that are not.
    fn documents(&self, job: &Job) -> Result<Record, DownloadError> {
        let (cx, item) = (self.cx, &job.item);
        self.wait_for_row(job)?;
        let mut on_record = self.db.on_record(&[item.accession])?;
        let on_record = on_record.remove(&item.accession);
        let own_name = item.target.name(item.accession);
        let own = on_record.as_ref().and_then(|known| known.file(&own_name));
        let mut text = SubmissionText::begin(&cx.data_dir)?;
        let stored = own.filter(|own| own.status == ArtifactStatus::Downloaded);
        let from_disk = match stored.and_then(|own| own.stored) {
            Some(expected) => text.read_stored(&cx.data_dir, &place(item, &own_name), expected)?,
            None => false,
        };
        if !from_disk {
            text = SubmissionText::begin(&cx.data_dir)?;
            let received = self.fetch(item, &mut text)?;
            text.came(received);
        }
        let keep = own.is_some_and(|own| own.status.is_queued());
        let split = split::store(item, text, keep, on_record.as_ref(), &cx.data_dir);
        let split = split.map_err(|e| self.not_a_submission(item, e))?;
        Ok(Record::Split {
            item: item.clone(),
            split,
            tries: u32::from(!from_disk) * (job.tries + 1),
        })
    }

    /// Waits until the row that queues a file is committed: it says in which folder the file lies.
    /// Otherwise a run that is killed would leave the file where the next one looks not.
    fn wait_for_row(&self, job: &Job) -> Result<(), DownloadError> {
        if self.commits.wait(job.queued_at) {
            Ok(())
        } else {
            Err(DownloadError::NotCommitted)
        }
    }

    /// Asks for the file that an entry of the queue is about, and checks its length.
    fn fetch(&self, item: &QueueItem, sink: &mut dyn Write) -> Result<Received, DownloadError> {
        let cx = self.cx;
        let (folder, accession, size) = (item.folder, item.accession, item.submission_size);
        let max = size.map_or(MAX_FILE, |s| s.saturating_add(SLACK).min(MAX_FILE));
        let text = || {
            (
                cx.urls.submission_text(folder, accession),
                Expect::Submission { max, size },
                size,
            )
        };
        let (url, expect, exact) = match &item.target {
            Target::Documents => text(),
            Target::File(file) if file.kind == ArtifactKind::Submission => text(),
            Target::File(file) => {
                let name = file.at_edgar();
                // A server might take it for a path.
                let is_plain = !name.contains("..") && !name.contains(['/', '\\']);
                let url = cx.urls.document(folder, accession, name).ok();
                let Some(url) = url.filter(|_| is_plain) else {
                    let cause =
                        format!("{accession}: the document name {name:?} cannot be requested");
                    return Err(DownloadError::Refused("unsafe_name", cause));
                };
                (url, Expect::Document { max }, None)
            }
        };
        let kind = RequestKind::Document;
        match (cx.client.download(&url, kind, expect, sink), exact) {
            (Ok(Received { length, .. }), Some(size)) if length != size => {
                let error = format!("it has {length} bytes, and EDGAR lists it with {size}");
                Err(DownloadError::Fetch(url, FetchError::Damaged(error)))
            }
            (Ok(received), _) => Ok(received),
            (Err(FetchError::Sink(e)), _) => Err(e.into()),
            (Err(FetchError::TooLarge { limit }), Some(size)) if limit > size => {
                let error = format!("it is longer than the {size} bytes that EDGAR lists it with");
                Err(DownloadError::Fetch(url, FetchError::Damaged(error)))
            }
            (Err(e), _) => Err(DownloadError::Fetch(url, e)),
        }
    }
}

/// The kind of a failure: a document without a name of its own that its submission no longer has.
const NOT_IN_SUBMISSION: &str = "not_in_submission";

/// Where a file of an entry lies.
fn place(item: &QueueItem, name: &str) -> FilingFolder {
    FilingFolder {
        folder: item.folder,
        accession: item.accession,
        name: name.to_owned(),
    }
}

/// What to do about a disk that takes no files, where the cause does not say it itself.
fn remedy(cause: &anyhow::Error) -> &'static str {
    match cause.root_cause().downcast_ref().map(io::Error::kind) {
        Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge) => {
            ": make room, then run the same command again"
        }
        Some(ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => {
            ": check the permissions, then run the same command again"
        }
        Some(_) => ": check the disk, then run the same command again",
        None => ", then run the same command again",
    }
}

fn after_failed_try(job: &mut Job, url: &Url, error: FetchError, cx: &Services) -> TryResult {
    job.tries += u32::from(retry::counts_as_try(&error));
    let max_attempts = cx.options.max_attempts;
    let (next, error) = cx.client.next_step(error, job.tries, max_attempts);
    match next {
        retry::NextTry::After(wait) => {
            cx.client.traffic().count_retry();
            TryResult::Wait(wait)
        }
        retry::NextTry::GiveUp => {
            let missing = matches!(error, FetchError::NotFound);
            failed(job, ErrorReport::fetching(&job.item, url, &error), missing)
        }
        retry::NextTry::AbortRun => {
            cx.abort(error.to_string());
            TryResult::Stop
        }
        retry::NextTry::Stopped => TryResult::Stop,
    }
}

fn failed(job: &Job, problem: ErrorReport, missing: bool) -> TryResult {
    TryResult::Record(Box::new(Record::Failed {
        item: job.item.clone(),
        tries: job.tries,
        failure: Failure {
            kind: problem.kind,
            message: problem.message.clone(),
            missing,
        },
        problem,
    }))
}
