//! The flow of a run: every thread, every channel, every join.
//!
//! ```text
//! plan ──Company──▶ discover (rayon pool) ──Artifact──▶ download × N ──┐
//!   submissions.zip?     │                    ▲                        │
//!                        │                  queue                      │
//!                        └──────────Record──────────▶ write × 1 ◀──Record
//! ```
//!
//! # Threading
//!
//! A stage takes its channel ends by value and ends when its input ends. So dropping the senders ends
//! a run, and [`crate::cancel::Cancel`] ends it early. Every channel is bounded: a slow stage slows
//! down the stages before it, and the memory stays bounded. A stage that fails reports its error and
//! drops its receiver; the stages before it then fail to send and end without a report.
//!
//! The run ends when the writer ends. It does not wait for a thread that hangs in a system call.

mod budget;
mod commits;
mod discover;
mod download;
mod existing;
mod item;
mod permits;
mod plan;
mod queue;
mod record;
mod same_pages;
mod services;
mod split;
mod taken;
mod visits;
mod worker;
mod write;

use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::{Context as _, Result, anyhow};
use crossbeam_channel::bounded;

pub use budget::Budget;
pub use download::MAX_FILE;
pub use item::{OlderPages, RunSelection, VisitGoal};
pub use same_pages::SamePages;
pub use services::{Aborted, Services};
pub(crate) use split::{DocumentsError, check_submission};
pub use visits::Visits;

use commits::{Commits, Records};
use permits::Permits;
use taken::TakenRequests;

use crate::store::{RunId, Writer};
use crate::threads::{join_or_none, spawn};

/// The parts of the flow that run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Find the companies' filings. Their artifacts stay queued.
    Discover,
    /// Download the queue.
    Download,
    /// Both at once: an artifact is downloaded as soon as its filing is found.
    DiscoverAndDownload,
    /// Download the queue entries that this run has not tried, for instance those that discovery left
    /// out because another request might bring them.
    DownloadRest,
}

impl Flow {
    fn discovers(self) -> bool {
        matches!(self, Self::Discover | Self::DiscoverAndDownload)
    }
}

/// Runs one flow to its end and returns the writer for the next one.
///
/// Items that fail are recorded and counted, and are not an error here. [`Services::aborted`] has the
/// reason if the run ended early, also if a stage panicked.
///
/// # Errors
///
/// When the database cannot be written, the writer panicked, or a thread cannot be started.
pub fn run(services: &Arc<Services>, db: Writer, run: RunId, flow: Flow) -> Result<Writer> {
    let threads = start(services, db, run, flow).context("failed to start")?;
    let written = match join_or_none(threads.writer) {
        Some(written) => written.context("failed to record what was found"),
        None => Err(anyhow!(PANICKED)),
    };
    let stopping = services.cancel.is_set();
    for stage in threads.stages {
        if (!stopping || stage.is_finished()) && join_or_none(stage).is_none() {
            services.abort(PANICKED.to_owned());
        }
    }
    written
}

/// Why a run ended in which a thread panicked.
const PANICKED: &str = "a thread panicked: this is a bug, please report it";

/// The threads of a flow, without the discovery pool, whose threads end with their input.
struct Threads {
    writer: JoinHandle<Result<Writer>>,
    stages: Vec<JoinHandle<()>>,
}

/// Starts every thread of a flow, the last stage first. Each channel end moves into the stage that
/// uses it. The remaining ends must be dropped here, or the run would never end.
fn start(services: &Arc<Services>, db: Writer, run: RunId, flow: Flow) -> Result<Threads> {
    let threads = services.options.concurrency;
    // Enough that no thread waits for the next batch of companies from the database.
    let (visit_tx, visits) = bounded(2 * threads.companies);
    // Enough that a thread rarely waits for the next request, at 200 bytes each.
    let (job_tx, jobs) = bounded(32 * threads.downloads);
    // Enough for what arrives while the writer collects records. A record of a company has up to
    // `discover::CHUNK` filings with their queue entries (40 kB), one of a download a file.
    let (record_tx, records) = bounded(2 * threads.companies + 8 * threads.downloads);
    let record_tx = Records::new(record_tx);
    let (commits, taken) = (
        Arc::new(Commits::default()),
        Arc::new(TakenRequests::default()),
    );

    let stage = Arc::clone(services);
    let shared = (Arc::clone(&commits), Arc::clone(&taken));
    let writer = spawn("write", &services.cancel, move || {
        write::run(&records, db, run, (&shared.0, &shared.1), &stage)
    })?;
    let mut stages = Vec::new();
    let queued = match flow {
        Flow::Discover => None,
        Flow::Download => Some(queue::Queue::open(services, None)?),
        // Discovery itself passes on what this run queues.
        Flow::DiscoverAndDownload => Some(queue::Queue::open(services, Some(run))?),
        Flow::DownloadRest => Some(queue::Queue::untried(services)?),
    };
    let downloads = queued.is_some();
    if let Some(queued) = queued {
        for i in 0..threads.downloads {
            let (stage, jobs, record_tx) = (Arc::clone(services), jobs.clone(), record_tx.clone());
            let commits = Arc::clone(&commits);
            stages.push(spawn(
                format!("download-{i}"),
                &services.cancel,
                move || {
                    download::run(&jobs, &record_tx, &commits, &stage);
                },
            )?);
        }
        let (stage, job_tx) = (Arc::clone(services), job_tx.clone());
        stages.push(spawn("queue", &services.cancel, move || {
            queue::run(&queued, &job_tx, &stage);
        })?);
    }
    if flow.discovers() {
        let (stage, problems) = (Arc::clone(services), record_tx.clone());
        stages.push(spawn("plan", &services.cancel, move || {
            plan::run(&visit_tx, &problems, &stage);
        })?);
        let (pool, stage) = (services::discovery_pool(services)?, Arc::clone(services));
        let found = discover::DiscoveryOutput {
            jobs: downloads.then_some(job_tx),
            records: record_tx,
            taken,
            parsing: Permits::new(discover::PARSED),
        };
        pool.spawn_broadcast(move |_| discover::run(&visits, &found, &stage));
    }
    Ok(Threads { writer, stages })
}
