//! What every stage of a run shares.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::budget::Budget;
use super::visits::Visits;
use crate::cancel::Cancel;
use crate::clock::Clock;
use crate::config::RunOptions;
use crate::counts::{Counters, Counts};
use crate::edgar::{Cik, Urls};
use crate::files::DataDir;
use crate::net::{Client, RequestKind};
use crate::progress::{Activity, Snapshot};
use crate::sources::Source;
use crate::store::RunProgress;

/// What the stages of a run share: settings, the way to EDGAR, the files, the counters.
///
/// No stage reaches for anything else, so each can be run alone between two channels.
#[derive(Debug)]
pub struct Services {
    /// What the run is to do.
    pub options: RunOptions,
    /// What discovery looks at.
    pub visits: Visits,
    /// The companies whose queue is downloaded; `None` is all.
    pub queue_of: Option<Vec<Cik>>,
    /// The database, for stages that read.
    pub db: PathBuf,
    /// Where everything is.
    pub urls: Urls,
    /// The one way to EDGAR.
    pub client: Client,
    /// Where the companies' submissions come from.
    pub source: Source,
    /// Where files are kept.
    pub data_dir: DataDir,
    /// The time that is written down.
    pub clock: Clock,
    /// What was done so far.
    pub counters: Counters,
    /// What else the dashboard shows.
    pub activity: Activity,
    /// What the run may cost.
    pub budget: Budget,
    /// Stops the run.
    pub cancel: Cancel,
    /// When the run began.
    pub started: Instant,
    /// Why the run cannot go on; the first reason counts.
    pub aborted: Aborted,
}

/// The reason for which a run was given up, if it was.
#[derive(Debug, Default)]
pub struct Aborted(OnceLock<String>);

impl Aborted {
    /// The reason.
    pub fn reason(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }
}

impl Services {
    /// Gives the run up: every stage stops, and the reason is what the user is told.
    pub(super) fn abort(&self, reason: String) {
        // Later reasons are most often consequences of the first.
        let _ = self.aborted.0.set(reason);
        self.cancel.set();
    }

    /// What was counted so far.
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

    /// How the run is doing, as the database keeps it.
    pub fn run_progress(&self) -> RunProgress {
        let traffic = self.client.traffic();
        RunProgress {
            counts: self.counts(),
            paused: traffic.paused_time(),
            paused_until: traffic.pause_left().map(|left| Timestamp::now() + left),
            rate_limit: self.rate_limit(),
        }
    }

    /// How the run is doing, as the dashboard shows it.
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

/// The bounded pool of discovery threads. Rayon ends the process when a job panics, unless it
/// is told otherwise.
pub(super) fn discovery_pool(cx: &Arc<Services>) -> Result<ThreadPool> {
    let stage = Arc::clone(cx);
    ThreadPoolBuilder::new()
        .num_threads(cx.options.concurrency.companies)
        .thread_name(|i| format!("discover-{i}"))
        .panic_handler(move |_| stage.abort("a discovery thread panicked: this is a bug".into()))
        .build()
        .context("failed to start the discovery threads")
}
