//! What the stages of a run share.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::budget::Budget;
use super::same_pages::SamePages;
use super::visits::Visits;
use crate::cancel::Cancel;
use crate::clock::Clock;
use crate::config::RunOptions;
use crate::counts::{Counters, Counts};
use crate::edgar::{Cik, QueueItem, Urls};
use crate::files::DataDir;
use crate::net::{Client, RequestKind};
use crate::progress::{Activity, Snapshot};
use crate::sources::Source;
use crate::store::RunProgress;

/// What the stages of a run share. No stage uses anything else, so each can run alone between two
/// channels.
#[derive(Debug)]
pub struct Services {
    pub options: RunOptions,
    pub visits: Visits,
    /// The companies whose queue is downloaded; `None` is all.
    pub queue_of: Option<Vec<Cik>>,
    /// The only queue entry that is downloaded; `None` is all of these companies.
    pub only: Option<QueueItem>,
    /// The database. Stages that read it open their own connection.
    pub db: PathBuf,
    pub urls: Urls,
    pub client: Client,
    /// The source of the companies' submissions.
    pub source: Source,
    pub data_dir: DataDir,
    /// Pages that came for several filings.
    pub same_pages: SamePages,
    /// The clock for all times that are recorded.
    pub clock: Clock,
    pub counters: Counters,
    /// The values of the dashboard other than the counters.
    pub activity: Activity,
    pub budget: Budget,
    /// Stops the run.
    pub cancel: Cancel,
    pub started: Instant,
    /// Why the run was aborted, if it was.
    pub aborted: Aborted,
}

/// Why a run was aborted. Only the first reason is kept.
#[derive(Debug, Default)]
pub struct Aborted(OnceLock<String>);

impl Aborted {
    pub fn reason(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }
}

impl Services {
    /// Aborts the run: every stage stops, and the user sees the reason.
    pub(super) fn abort(&self, reason: String) {
        // Later reasons usually follow from the first one.
        let _ = self.aborted.0.set(reason);
        self.cancel.set();
    }

    /// The counters so far, including those of the client.
    pub fn counts(&self) -> Counts {
        let traffic = self.client.traffic();
        Counts {
            requests: traffic.requests(),
            requests_companies: traffic.requests_of(RequestKind::Companies),
            requests_discovery: traffic.requests_of(RequestKind::Discovery),
            requests_documents: traffic.requests_of(RequestKind::Document),
            retries: traffic.retries(),
            ..self.counters.load()
        }
    }

    /// The state of the run for the database.
    pub fn run_progress(&self) -> RunProgress {
        let traffic = self.client.traffic();
        RunProgress {
            counts: self.counts(),
            paused: traffic.paused_time(),
            paused_until: traffic.pause_left().map(|left| Timestamp::now() + left),
            rate_limit: self.rate_limit(),
        }
    }

    /// The state of the run for the dashboard.
    pub fn snapshot(&self) -> Snapshot {
        let traffic = self.client.traffic();
        Snapshot {
            counts: self.counts(),
            archive_bytes: self.activity.archive_bytes.load(Relaxed),
            archive_total: self.activity.archive_total.load(Relaxed),
            recent_errors: self.activity.recent_errors(),
            elapsed: self.started.elapsed(),
            rate_limit: self.rate_limit(),
            paused: traffic.paused_time(),
            pause_left: traffic.pause_left().unwrap_or_default(),
        }
    }

    fn rate_limit(&self) -> Option<u32> {
        self.client.rate().map(NonZeroU32::get)
    }
}

/// The pool of discovery threads. Without a handler, rayon would end the process when a thread panics.
pub(super) fn discovery_pool(services: &Arc<Services>) -> Result<ThreadPool> {
    let stage = Arc::clone(services);
    ThreadPoolBuilder::new()
        .num_threads(services.options.concurrency.companies)
        .thread_name(|i| format!("discover-{i}"))
        .panic_handler(move |_| stage.abort("a discovery thread panicked: this is a bug".into()))
        .build()
        .context("failed to start the discovery threads")
}
