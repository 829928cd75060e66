//! Third stage: one artifact after the other from EDGAR into the archive.
//!
//! # Threading
//!
//! Each of N threads fetches, checks and stores by itself. Nothing is shared but the gate of
//! the network layer. An artifact that has to wait for its next try is laid aside.

use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use url::Url;

use super::Services;
use super::item::Job;
use super::record::{Problem, Record};
use super::work::{self, Next};
use crate::archive::checked_name;
use crate::edgar::Artifact;
use crate::fingerprint::Fingerprint;
use crate::net::{Expect, FetchError, RequestKind, retry};

/// The largest document of a filing whose size EDGAR does not tell, in bytes. The largest
/// submission measured has 612 MB.
const MAX_UNKNOWN: u64 = 2_000_000_000;

/// How much longer than its submission a document may be: not at all, in theory.
const SLACK: u64 = 1 << 20;

/// Downloads artifacts until there are no more.
pub(super) fn run(jobs: &Receiver<Job>, records: &Sender<Record>, cx: &Services) {
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
    match fetch(artifact, cx) {
        Ok(saved) => {
            cx.budget.stored(saved.bytes);
            Step::Record(Record::Downloaded {
                artifact: artifact.clone(),
                saved,
                tries: job.tries + 1,
            })
        }
        Err(Trouble::Name(cause)) => failed(job, Problem::naming(artifact, &cause)),
        Err(Trouble::Fetch(url, error)) => after_failed_try(job, &url, &error, cx),
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

/// Asks for an artifact once and stores it.
fn fetch(artifact: &Artifact, cx: &Services) -> Result<Fingerprint, Trouble> {
    checked_name(&artifact.name).map_err(|e| Trouble::Name(Box::new(e)))?;
    let url = cx
        .urls
        .document(artifact.cik, artifact.accession, &artifact.name)
        .map_err(|e| Trouble::Name(Box::new(e)))?;
    let max = artifact.submission_size.map_or(MAX_UNKNOWN, |s| s + SLACK);
    let mut incoming = cx.archive.begin().map_err(|e| Trouble::Disk(e.into()))?;
    cx.client
        .download(
            &url,
            RequestKind::Document,
            Expect::Document { max },
            &mut incoming,
        )
        .map_err(|e| match e {
            FetchError::Sink(e) => Trouble::Disk(e.into()),
            e => Trouble::Fetch(url, e),
        })?;
    incoming.keep(artifact).map_err(Trouble::Disk)
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

fn after_failed_try(job: &mut Job, url: &Url, error: &FetchError, cx: &Services) -> Step {
    job.tries += u32::from(retry::counts_as_try(error));
    match retry::next(error, job.tries, cx.options.max_attempts, fastrand::f64()) {
        retry::Next::After(wait) => {
            cx.client.traffic().count_retry();
            Step::Wait(wait)
        }
        retry::Next::GiveUp => failed(job, Problem::fetching(&job.artifact, url, error)),
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
