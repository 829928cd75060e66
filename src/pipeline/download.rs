//! Third stage: requests files one after the other and stores them. A request gets one file, or a
//! submission that is split into all documents of its filing.
//!
//! # Threading
//!
//! Each of N threads requests, checks and stores its own files. They share only the limiter of `net`.
//! A request that must wait for a retry is parked.

use std::io::{self, ErrorKind, Write};
use std::time::Duration;

use crossbeam_channel::Receiver;
use url::Url;

use super::Services;
use super::commits::{Commits, Records};
use super::existing::ExistingFile;
use super::item::Job;
use super::record::{ErrorReport, Record};
use super::same_pages::PageVerdict;
use super::split::{self, DocumentsError, SubmissionText};
use super::worker::{self, NextStep};
use crate::edgar::beginning::{BEGINNING, misfit};
use crate::edgar::{Accession, ArtifactKind, FileName, QueueItem, Target, Urls};
use crate::files::{FilePath, Fingerprint, IncomingFile};
use crate::net::{Client, Expect, FetchError, Received, RequestKind, retry};
use crate::store::{self, ArtifactStatus, Failure, Reader, SplitDocument, UNDATED};

/// The largest file that is downloaded, in bytes, even if EDGAR lists a larger one. The largest
/// submission measured has 612 MB.
pub const MAX_FILE: u64 = 2_000_000_000;

/// What is odd about a document without content. EDGAR may have such a one.
const BLANK: &str = "it is empty or holds blanks only";

/// What is odd about a document of sec.gov that fits its name and came without its date.
const NO_DATE: &str = "it came without the Last-Modified that EDGAR sends with each document";

/// How much longer than its submission a document may be. In theory it never is.
const SLACK: u64 = 1 << 20;

/// Downloads until the channel ends.
pub(super) fn run(jobs: &Receiver<Job>, records: &Records, commits: &Commits, services: &Services) {
    let db = match Reader::open(&services.db) {
        Ok(db) => db,
        Err(e) => return services.abort(format!("{:#}", anyhow::Error::from(e))),
    };
    let download = Download {
        db,
        commits,
        services,
    };
    worker::run(jobs, &services.cancel, |job| match download.step(job) {
        AttemptResult::Record(record) => match records.send(*record) {
            Ok(_) => NextStep::Done,
            Err(_) => NextStep::Stop, // the writer has ended
        },
        AttemptResult::Wait(wait) => NextStep::After(wait),
        AttemptResult::Stop => NextStep::Stop,
    });
}

/// The result of one attempt.
enum AttemptResult {
    Record(Box<Record>),
    Wait(Duration),
    Stop,
}

/// Why an attempt did not store a file.
enum DownloadError {
    /// The request is pointless: the kind of the failure in one word, and the cause.
    Refused(&'static str, String),
    /// What came does not fit its name, or came without its date. It is asked for once more.
    AskAgain,
    /// The response is a gateway's page. These stored files have the same content.
    Gateway(Fingerprint, Vec<QueueItem>),
    /// The request failed.
    Fetch(Url, FetchError),
    /// The file cannot be written.
    Disk(anyhow::Error),
    Database(store::Error),
    /// The row that queues the file will not be committed, because the run is stopping.
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

/// A document as it came.
struct ReceivedDocument<'a> {
    print: Fingerprint,
    /// Its first bytes.
    head: &'a [u8],
    /// Whether it is empty or holds blanks only.
    is_blank: bool,
    /// Whether it came with `Last-Modified`.
    is_dated: bool,
}

struct Download<'a> {
    db: Reader,
    commits: &'a Commits,
    services: &'a Services,
}

impl Download<'_> {
    fn step(&self, job: &mut Job) -> AttemptResult {
        let services = self.services;
        if !services.budget.allows_download() {
            return AttemptResult::Stop; // it stays queued
        }
        let fetched = match job.item.target.clone() {
            Target::File(file) => self.file(job, &file),
            Target::Documents => self.documents(job),
        };
        match fetched {
            Ok(record) => {
                services.budget.stored(record.bytes());
                AttemptResult::Record(Box::new(record))
            }
            Err(DownloadError::Refused(kind, cause)) => {
                job.attempts += u32::from(kind == NO_DOCUMENT);
                let problem = ErrorReport::of_item(&job.item, kind, cause);
                failed(job, problem, kind == NOT_IN_SUBMISSION)
            }
            Err(DownloadError::AskAgain) => {
                services.client.traffic().count_retry();
                job.attempts += 1;
                AttemptResult::Wait(retry::ASK_AGAIN)
            }
            Err(DownloadError::Gateway(page, before)) => {
                AttemptResult::Record(Box::new(Record::Gateway {
                    item: job.item.clone(),
                    attempts: job.attempts + 1,
                    page,
                    before,
                }))
            }
            Err(DownloadError::Fetch(url, error)) => after_failed_try(job, &url, error, services),
            Err(DownloadError::NotCommitted) => AttemptResult::Stop,
            Err(DownloadError::Database(e)) => {
                services.abort(format!("{:#}", anyhow::Error::from(e)));
                AttemptResult::Stop
            }
            Err(DownloadError::Disk(cause)) => {
                // If this file cannot be written, the next one cannot be written either.
                let folder = services.data_dir.root().display();
                services.abort(format!(
                    "failed to store files in {folder}: {cause:#}{}",
                    remedy(&cause)
                ));
                AttemptResult::Stop
            }
        }
    }

    /// Requests one file and stores it.
    fn file(&self, job: &mut Job, file: &FileName) -> Result<Record, DownloadError> {
        let services = self.services;
        if !file.is_served(job.item.accession) {
            let (accession, name) = (job.item.accession, &file.name);
            let cause = format!("{accession}: the submission no longer contains {name}");
            return Err(DownloadError::Refused(NOT_IN_SUBMISSION, cause));
        }
        let mut incoming = WithBeginning::new(services.data_dir.begin()?);
        let received = self.fetch(&job.item, &mut incoming)?;
        let WithBeginning {
            incoming,
            head,
            is_blank,
        } = incoming;
        let accepted = if file.kind == ArtifactKind::Submission {
            if job.item.submission_size.is_none() {
                let mut text = incoming.reader()?;
                split::check_submission(job.item.accession, &mut text, received.is_proven)
                    .map_err(|e| self.not_a_submission(&job.item, e))?;
            }
            None
        } else {
            let came = ReceivedDocument {
                print: incoming.print(),
                head: &head,
                is_blank,
                is_dated: received.is_dated,
            };
            self.accept(job, file, &came)?
        };
        self.wait_for_row(job)?;
        let item = &job.item;
        let place = place(item, &file.name);
        let existing = self.existing(&place, incoming.print())?;
        let print = match existing {
            ExistingFile::Whole(found) => found,
            _ => incoming.keep(&place).map_err(DownloadError::Disk)?,
        };
        let existing = existing.problem();
        let existing = existing.map(|(kind, cause)| (kind, cause.to_owned()));
        let problems = existing.into_iter().chain(accepted);
        let problems = problems.map(|(kind, cause)| {
            let message = format!("{} {}: {cause}", item.accession, file.name);
            ErrorReport::of_item(item, kind, message)
        });
        Ok(Record::Stored {
            item: item.clone(),
            document: SplitDocument::single(file.clone(), print),
            attempts: job.attempts + 1,
            is_dated: received.is_dated || file.kind == ArtifactKind::Submission,
            problems: problems.collect(),
        })
    }

    /// Checks whether a response can be the requested document. Returns a problem to report, if there is one:
    /// the kind in one word, and the cause.
    ///
    /// # Errors
    ///
    /// If it is a gateway's page, must be requested once more, or did not fit its name twice.
    fn accept(
        &self,
        job: &mut Job,
        file: &FileName,
        came: &ReceivedDocument<'_>,
    ) -> Result<Option<(&'static str, String)>, DownloadError> {
        let (pages, print) = (&self.services.same_pages, came.print);
        if !came.is_dated {
            // A mirror that sends a lost file as it is on record has sent the same in an earlier run.
            if !pages.is_sec()
                && self.recorded(job.item.accession, &file.name)?
                    == Some((print.bytes, print.sha256))
            {
                return Ok(None);
            }
            let on_record = self.db.undated_files(&print.sha256)?;
            match pages.came(&job.item, print.sha256, on_record) {
                PageVerdict::Document => {}
                PageVerdict::Gateway { before } => {
                    return Err(DownloadError::Gateway(print, before));
                }
                PageVerdict::Repeated => {
                    let cause = "the same bytes came for several filings in an earlier run and \
                                 came again now: they are stored as the mirror's own";
                    return Ok(Some(("accepted", cause.to_owned())));
                }
            }
        }
        // EDGAR itself sends each document with its date.
        let is_odd = !came.is_dated && pages.is_sec();
        let misfit = misfit(file.at_edgar(), came.head).or(came.is_blank.then_some(BLANK));
        let Some(why) = misfit.or(is_odd.then_some(NO_DATE)) else {
            return Ok(None);
        };
        match job.doubtful.replace(print) {
            None => Err(DownloadError::AskAgain),
            Some(before) if before == print && is_odd && misfit.is_some() => {
                Err(DownloadError::Gateway(print, Vec::new()))
            }
            Some(before) if before == print => {
                let kind = if is_odd { UNDATED } else { "accepted" };
                let cause = format!(
                    "{why}; it was requested twice and came with the same bytes, so it is stored \
                     as EDGAR's own"
                );
                Ok(Some((kind, cause)))
            }
            Some(_) => {
                let (accession, name) = (job.item.accession, &file.name);
                let cause = format!(
                    "{accession} {name}: {why}; it was requested twice and came with other bytes \
                     each time"
                );
                Err(DownloadError::Refused(NO_DOCUMENT, cause))
            }
        }
    }

    /// The length and hash of a file on record, which may be lost.
    fn recorded(
        &self,
        accession: Accession,
        name: &str,
    ) -> Result<Option<(u64, [u8; 32])>, DownloadError> {
        let on_record = self.db.on_record(&[accession])?;
        let filing = on_record.get(&accession);
        let file = filing.and_then(|filing| filing.file(name));
        Ok(file.and_then(|file| file.stored))
    }

    /// Checks for an existing file where a file is to be stored.
    fn existing(&self, place: &FilePath, came: Fingerprint) -> Result<ExistingFile, DownloadError> {
        let data_dir = &self.services.data_dir;
        if !data_dir.root().join(place.path()).exists() {
            return Ok(ExistingFile::Free); // the case of nearly every file
        }
        let recorded = self.recorded(place.accession, &place.name)?;
        Ok(ExistingFile::look(data_dir, place, &came, recorded)?)
    }

    /// Turns the reason why a text is not the complete submission into an error.
    fn not_a_submission(&self, item: &QueueItem, error: DocumentsError) -> DownloadError {
        match error {
            DocumentsError::Damaged(why) => {
                let url = self
                    .services
                    .urls
                    .submission_text(item.folder, item.accession);
                DownloadError::Fetch(url, FetchError::Damaged(why))
            }
            DocumentsError::Disk(e) => DownloadError::Disk(e),
        }
    }

    /// Gets the complete submission of a filing, from the disk if it is stored, and stores those of its
    /// documents that are not stored yet.
    fn documents(&self, job: &Job) -> Result<Record, DownloadError> {
        let (services, item) = (self.services, &job.item);
        self.wait_for_row(job)?;
        let mut on_record = self.db.on_record(&[item.accession])?;
        let on_record = on_record.remove(&item.accession);
        let own_name = item.target.name(item.accession);
        let own = on_record.as_ref().and_then(|known| known.file(&own_name));
        let mut text = SubmissionText::begin(&services.data_dir)?;
        let stored = own.filter(|own| own.status == ArtifactStatus::Downloaded);
        let from_disk = match stored.and_then(|own| own.stored) {
            Some(expected) => {
                text.read_stored(&services.data_dir, &place(item, &own_name), expected)?
            }
            None => false,
        };
        if !from_disk {
            text = SubmissionText::begin(&services.data_dir)?;
            let received = self.fetch(item, &mut text)?;
            text.came(received);
        }
        let keep = own.is_some_and(|own| own.status.is_queued());
        let split = split::store(item, text, keep, on_record.as_ref(), &services.data_dir);
        let split = split.map_err(|e| self.not_a_submission(item, e))?;
        Ok(Record::Split {
            item: item.clone(),
            split,
            attempts: u32::from(!from_disk) * (job.attempts + 1),
        })
    }

    /// Waits until the row that queues a file is committed, since the row records the file's folder.
    /// Otherwise a killed run could leave the file in a folder where the next run does not look.
    fn wait_for_row(&self, job: &Job) -> Result<(), DownloadError> {
        if self.commits.wait(job.queued_at) {
            Ok(())
        } else {
            Err(DownloadError::NotCommitted)
        }
    }

    /// Requests the file of a queue entry and checks its length.
    fn fetch(&self, item: &QueueItem, sink: &mut dyn Write) -> Result<Received, DownloadError> {
        fetch(&self.services.client, &self.services.urls, item, sink)
    }
}

/// Requests the file of a queue entry into `sink`, and checks its length. After an error the content of
/// `sink` is worthless.
fn fetch(
    client: &Client,
    urls: &Urls,
    item: &QueueItem,
    sink: &mut dyn Write,
) -> Result<Received, DownloadError> {
    let (folder, accession, size) = (item.folder, item.accession, item.submission_size);
    let max = size.map_or(MAX_FILE, |s| s.saturating_add(SLACK).min(MAX_FILE));
    let text = || {
        (
            urls.submission_text(folder, accession),
            Expect::Submission { max, size },
            size,
        )
    };
    let (url, expect, exact) = match &item.target {
        Target::Documents => text(),
        Target::File(file) if file.kind == ArtifactKind::Submission => text(),
        Target::File(file) => {
            let name = file.at_edgar();
            // A server could interpret such a name as a path.
            let is_plain = !name.contains("..") && !name.contains(['/', '\\']);
            let url = urls.document(folder, accession, name).ok();
            let Some(url) = url.filter(|_| is_plain) else {
                let cause = format!("{accession}: the document name {name:?} cannot be requested");
                return Err(DownloadError::Refused("unsafe_name", cause));
            };
            (url, Expect::Document { max }, None)
        }
    };
    let kind = RequestKind::Document;
    match (client.download(&url, kind, expect, sink), exact) {
        (Ok(Received { length, .. }), Some(size)) if length != size => {
            let error = format!("it has {length} bytes, but EDGAR lists {size}");
            Err(DownloadError::Fetch(url, FetchError::Damaged(error)))
        }
        (Ok(received), _) => Ok(received),
        (Err(FetchError::Sink(e)), _) => Err(e.into()),
        (Err(FetchError::TooLarge { limit }), Some(size)) if limit > size => {
            let error = format!("it is longer than the {size} bytes that EDGAR lists");
            Err(DownloadError::Fetch(url, FetchError::Damaged(error)))
        }
        (Err(e), _) => Err(DownloadError::Fetch(url, e)),
    }
}

/// The kind of a failure: what came twice was no such document.
const NO_DOCUMENT: &str = "no_document";

/// The kind of a failure: the submission no longer contains a document that has no name of its own.
const NOT_IN_SUBMISSION: &str = "not_in_submission";

/// A file that is being received, with its beginning.
struct WithBeginning<'a> {
    incoming: IncomingFile<'a>,
    head: Vec<u8>,
    /// Whether it is empty or holds blanks only.
    is_blank: bool,
}

impl<'a> WithBeginning<'a> {
    fn new(incoming: IncomingFile<'a>) -> Self {
        Self {
            incoming,
            head: Vec::new(),
            is_blank: true,
        }
    }
}

impl Write for WithBeginning<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.incoming.write(bytes)?;
        let missing = BEGINNING.saturating_sub(self.head.len());
        self.head.extend(bytes[..written].iter().take(missing));
        self.is_blank = self.is_blank && bytes[..written].trim_ascii_start().is_empty();
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.incoming.flush()
    }
}

/// Where a file of a queue entry is stored.
pub(super) fn place(item: &QueueItem, name: &str) -> FilePath {
    FilePath {
        folder: item.folder,
        accession: item.accession,
        name: name.to_owned(),
    }
}

/// The next step after a write error, unless the error itself says it.
fn remedy(cause: &anyhow::Error) -> &'static str {
    match cause.root_cause().downcast_ref().map(io::Error::kind) {
        Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge) => {
            ": free some space, then run the same command again"
        }
        Some(ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => {
            ": check the permissions, then run the same command again"
        }
        Some(_) => ": check the disk, then run the same command again",
        None => ", then run the same command again",
    }
}

fn after_failed_try(
    job: &mut Job,
    url: &Url,
    error: FetchError,
    services: &Services,
) -> AttemptResult {
    job.attempts += u32::from(retry::counts_as_attempt(&error));
    let max_attempts = services.options.max_attempts;
    let (next, error) = services.client.next_step(error, job.attempts, max_attempts);
    match next {
        retry::AfterFailure::After(wait) => {
            services.client.traffic().count_retry();
            AttemptResult::Wait(wait)
        }
        retry::AfterFailure::GiveUp => {
            let missing = matches!(error, FetchError::NotFound);
            failed(job, ErrorReport::fetching(&job.item, url, &error), missing)
        }
        retry::AfterFailure::AbortRun => {
            services.abort(error.to_string());
            AttemptResult::Stop
        }
        retry::AfterFailure::Stopped => AttemptResult::Stop,
    }
}

fn failed(job: &Job, problem: ErrorReport, missing: bool) -> AttemptResult {
    AttemptResult::Record(Box::new(Record::Failed {
        item: job.item.clone(),
        attempts: job.attempts,
        failure: Failure {
            kind: problem.kind,
            message: problem.message.clone(),
            missing,
        },
        problem,
    }))
}
