//! What every stage of a run shares.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use jiff::civil::Date;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::budget::Budget;
use super::claims::Claims;
use super::source::Source;
use crate::archive::Archive;
use crate::cancel::Cancel;
use crate::config::Backfill;
use crate::edgar::{Cik, DateRange, Urls};
use crate::net::{Client, RequestKind};
use crate::progress::{Counters, Snapshot};
use crate::store::{RunCounts, Scope};

/// Which companies of the scope are looked at.
#[derive(Debug, Clone)]
pub enum Visits {
    /// All of them, as far as the limit allows.
    All,
    /// These, and of their filings those from a day on; `None` is no bound.
    These(BTreeMap<Cik, Option<Date>>),
}

impl Visits {
    /// The dates within which a company's older pages matter.
    #[must_use]
    pub fn dates(&self, cik: Cik, wanted: DateRange) -> DateRange {
        let since = match self {
            Self::These(companies) => companies.get(&cik).copied().flatten(),
            Self::All => None,
        };
        DateRange {
            since: since.map_or(wanted.since, |since| since.max(wanted.since)),
            ..wanted
        }
    }
}

/// What the stages of a run share: settings, the way to EDGAR, the files, the counters.
///
/// No stage reaches for anything else, so each can be run alone between two channels.
#[derive(Debug)]
pub struct Services {
    /// What the run is to do.
    pub options: Backfill,
    /// The companies it is about, as the database knows them.
    pub scope: Scope,
    /// Which of them discovery looks at.
    pub visits: Visits,
    /// The database, for stages that read.
    pub db: PathBuf,
    /// Where everything is.
    pub urls: Urls,
    /// The one way to EDGAR.
    pub client: Client,
    /// Where the companies' submissions come from.
    pub source: Source,
    /// Where files are kept.
    pub archive: Archive,
    /// What was handed out and does not stand in the database yet.
    pub claims: Claims,
    /// What was done so far.
    pub counters: Counters,
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
    #[must_use]
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

    /// The numbers of the run as the database keeps them.
    #[must_use]
    pub fn run_counts(&self) -> RunCounts {
        let (now, traffic) = (self.snapshot(), self.client.traffic());
        let pause = (!now.pause_left.is_zero()).then_some(now.pause_left);
        RunCounts {
            companies_total: now.companies_total,
            companies_done: now.companies_done,
            companies_with_new: now.companies_with_new,
            companies_unchanged: now.companies_unchanged(),
            companies_failed: now.companies_failed,
            companies_in_progress: now.companies_in_progress,
            filings_found: now.filings_found,
            filings_new: now.filings_new,
            artifacts_created: now.artifacts_created,
            artifacts_queued: now.artifacts_queued,
            downloads_ok: now.downloaded,
            downloads_failed: now.download_failed,
            requests: now.requests,
            requests_companies: traffic.requests_of(RequestKind::Companies),
            requests_discovery: traffic.requests_of(RequestKind::Discovery),
            requests_documents: traffic.requests_of(RequestKind::Document),
            retries: traffic.retries(),
            bytes: now.bytes,
            paused: now.paused,
            paused_until: pause.map(|left| Timestamp::now() + left),
            rate_limit: now.rate_limit,
        }
    }

    /// The numbers of the run as they stand.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let traffic = self.client.traffic();
        Snapshot {
            elapsed: self.started.elapsed(),
            requests: traffic.requests(),
            rate_limit: self.client.rate().map(std::num::NonZeroU32::get),
            paused: traffic.paused_time(),
            pause_left: traffic.pause_left().unwrap_or_default(),
            ..self.counters.snapshot()
        }
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
