//! Third stage: one artifact after the other from EDGAR into the archive, or all of a filing's
//! documents out of one submission.
//!
//! # Threading
//!
//! Each of N threads fetches, checks and stores by itself. Nothing is shared but the gate of
//! the network layer. An artifact that has to wait for its next try is laid aside.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::time::Duration;

use crossbeam_channel::Sender;
use url::Url;

use super::Services;
use super::feed::Feed;
use super::item::Job;
use super::record::{Problem, Record};
use super::split::{self, Text};
use super::work::{self, Next};
use crate::archive::checked_name;
use crate::edgar::{Artifact, ArtifactKind, Source};
use crate::net::{Expect, FetchError, RequestKind, retry};

/// The largest file of a filing, in bytes, whatever size EDGAR lists it with. The largest
/// submission measured has 612 MB.
const MAX_FILE: u64 = 2_000_000_000;

/// How soon to look again whether the row of an artifact stands.
const COMMIT: Duration = Duration::from_millis(10);

/// How much longer than its submission a document may be: not at all, in theory.
const SLACK: u64 = 1 << 20;

/// Downloads artifacts until there are no more.
pub(super) fn run(jobs: &Feed<Job>, records: &Sender<Record>, cx: &Services) {
    work::run(jobs, &cx.cancel, |job| match step(job, cx) {
        Step::Record(record) => match records.send(record) {
            Ok(()) => Next::Done,
            Err(_) => Next::Stop, // the writer has ended
        },
        Step::Wait(wait) => Next::After(wait),
        Step::Stop => Next::Stop,
    });
}

/// What one try came to.
enum Step {
    Record(Record),
    Wait(Duration),
    Stop,
}

/// Why an artifact does not stand in the archive after a try.
enum Trouble {
    /// Its name cannot be asked for, or be a file's.
    Name(Box<dyn Display>),
    /// It was not to be had this time.
    Fetch(Url, FetchError),
    /// The disk does not take it.
    Disk(anyhow::Error),
}

fn step(job: &mut Job, cx: &Services) -> Step {
    if !cx.budget.allows_download() {
        return Step::Stop; // it stays queued
    }
    let artifact = &job.artifact;
    // The row says in which company's folder the files of a joint filing lie. It stands before
    // they do, or a run killed in between would leave them where the next one looks not.
    if cx.claims.has(artifact.accession) {
        return Step::Wait(COMMIT);
    }
    match fetch(artifact, job.tries + 1, cx) {
        Ok(record) => {
            cx.budget.stored(record.bytes());
            Step::Record(record)
        }
        Err(Trouble::Name(cause)) => failed(job, Problem::naming(artifact, &cause)),
        Err(Trouble::Fetch(url, error)) => after_failed_try(job, &url, error, cx),
        Err(Trouble::Disk(cause)) => {
            // A disk that does not take this file will not take the next one either.
            let folder = cx.archive.root().display();
            cx.abort(format!(
                "failed to store files in {folder}: {cause:#}{}",
                remedy(&cause)
            ));
            Step::Stop
        }
    }
}

/// Asks for an artifact once and stores what comes: one file, or all that are in it.
fn fetch(artifact: &Artifact, tries: u32, cx: &Services) -> Result<Record, Trouble> {
    let disk = |e: io::Error| Trouble::Disk(e.into());
    if artifact.source() == Source::Split {
        let mut text = Text::begin(&cx.archive).map_err(disk)?;
        let url = download(artifact, &mut text, cx)?;
        let split = split::store(artifact, text, &cx.archive).map_err(|e| match e {
            split::Trouble::Damaged(why) => Trouble::Fetch(url, FetchError::Damaged(why)),
            split::Trouble::Disk(e) => Trouble::Disk(e),
        })?;
        let all = artifact.kind == ArtifactKind::Documents;
        if !all && split.documents.iter().all(|d| d.name != artifact.name) {
            let why = "its submission no longer has it";
            return Err(Trouble::Name(Box::new(why)));
        }
        return Ok(Record::Split {
            artifact: artifact.clone(),
            split,
            tries,
        });
    }
    checked_name(&artifact.name).map_err(|e| Trouble::Name(Box::new(e)))?;
    let mut incoming = cx.archive.begin().map_err(disk)?;
    download(artifact, &mut incoming, cx)?;
    let saved = incoming.keep(artifact).map_err(Trouble::Disk)?;
    Ok(Record::Downloaded {
        artifact: artifact.clone(),
        saved,
        tries,
    })
}

/// Asks for the file that an artifact comes from, checks its length, and returns its address.
fn download(artifact: &Artifact, sink: &mut dyn Write, cx: &Services) -> Result<Url, Trouble> {
    let (cik, accession) = (artifact.cik, artifact.accession);
    let size = artifact.submission_size;
    let max = size.map_or(MAX_FILE, |s| s.saturating_add(SLACK).min(MAX_FILE));
    let single = artifact.source() == Source::Document;
    let (url, expect) = if single {
        let url = cx.urls.document(cik, accession, &artifact.name);
        let url = url.map_err(|e| Trouble::Name(Box::new(e)))?;
        (url, Expect::Document { max })
    } else {
        let url = cx.urls.submission_text(cik, accession);
        (url, Expect::Text { max })
    };
    let exact = size.filter(|_| !single);
    let kind = RequestKind::Document;
    match (cx.client.download(&url, kind, expect, sink), exact) {
        (Ok(length), Some(size)) if length != size => {
            let error = format!("it has {length} bytes, and EDGAR lists it with {size}");
            Err(Trouble::Fetch(url, FetchError::Damaged(error)))
        }
        (Ok(_), _) => Ok(url),
        (Err(FetchError::Sink(e)), _) => Err(Trouble::Disk(e.into())),
        (Err(FetchError::TooLarge { limit }), Some(size)) if limit > size => {
            let error = format!("it is longer than the {size} bytes that EDGAR lists it with");
            Err(Trouble::Fetch(url, FetchError::Damaged(error)))
        }
        (Err(e), _) => Err(Trouble::Fetch(url, e)),
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

fn after_failed_try(job: &mut Job, url: &Url, error: FetchError, cx: &Services) -> Step {
    job.tries += u32::from(retry::counts_as_try(&error));
    let max_attempts = cx.options.max_attempts;
    let (next, error) = cx.client.next_step(error, job.tries, max_attempts);
    match next {
        retry::Next::After(wait) => {
            cx.client.traffic().count_retry();
            Step::Wait(wait)
        }
        retry::Next::GiveUp => failed(job, Problem::fetching(&job.artifact, url, &error)),
        retry::Next::AbortRun => {
            cx.abort(error.to_string());
            Step::Stop
        }
        retry::Next::Stopped => Step::Stop,
    }
}

fn failed(job: &Job, problem: Problem) -> Step {
    Step::Record(Record::DownloadFailed {
        artifact: job.artifact.clone(),
        tries: job.tries,
        problem,
    })
}
