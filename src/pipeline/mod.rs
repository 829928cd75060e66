//! The flow of a run, on one screen: every thread, every channel, every join.
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
//! A stage takes its channel ends by value and ends when its input does: dropping senders is
//! what ends a run, cancelling is what ends it early. Every channel is bounded, so a slow
//! stage slows the ones before it, and memory stays flat. A stage that fails drops its
//! receiver; the stages before it see that nobody listens, and end quietly. What failed is
//! reported by whoever failed.
//!
//! Nothing waits for a thread that hangs in a system call: the writer's end is the run's end.

mod budget;
mod commits;
mod discover;
mod download;
mod item;
mod plan;
mod queue;
mod record;
mod services;
mod split;
mod standing;
mod taken;
mod visits;
mod worker;
mod write;

use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::{Context as _, Result};
use crossbeam_channel::bounded;

pub use budget::Budget;
pub use download::MAX_FILE;
pub(crate) use download::{DownloadError, fetch};
pub use item::{Older, RunSelection, VisitGoal};
pub use services::{Aborted, Services};
pub(crate) use split::{DocumentsError, check_submission};
pub use visits::Visits;

use commits::{Commits, Records};
use taken::TakenRequests;

use crate::store::{RunId, Writer};
use crate::threads::{join, spawn};

/// Which parts of the flow are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Ask EDGAR which filings the companies have; what is found stays queued.
    Discover,
    /// Download what is queued.
    Download,
    /// Both at once: what is found is downloaded the moment it is found.
    DiscoverAndDownload,
    /// Download what is queued and was not tried in this run. Discovery leaves to it what another
    /// request may bring along.
    DownloadRest,
}

impl Flow {
    fn discovers(self) -> bool {
        matches!(self, Self::Discover | Self::DiscoverAndDownload)
    }
}

/// Runs one flow to its end and returns the writer for the next.
///
/// Items that fail are recorded and counted, and are no error here; what ends the run early
/// stands in [`Services::aborted`].
///
/// # Errors
///
/// When the database cannot be written, or no thread is to be had.
pub fn run(cx: &Arc<Services>, db: Writer, run: RunId, flow: Flow) -> Result<Writer> {
    let threads = start(cx, db, run, flow).context("failed to start")?;
    let written = join(threads.writer).context("failed to record what was found");
    let stopping = cx.cancel.is_set();
    for stage in threads.stages {
        if !stopping || stage.is_finished() {
            join(stage);
        }
    }
    written
}

/// The threads of a flow; those of the discovery pool end with their input.
struct Threads {
    writer: JoinHandle<Result<Writer>>,
    stages: Vec<JoinHandle<()>>,
}

/// Starts every thread of a flow, the last stage first. Each channel end goes to the stage
/// that uses it; what is left of them is dropped here, or the run would never end.
fn start(cx: &Arc<Services>, db: Writer, run: RunId, flow: Flow) -> Result<Threads> {
    let threads = cx.options.concurrency;
    // Enough that no thread waits for the database to hand out the next company.
    let (visit_tx, visits) = bounded(2 * threads.companies);
    // So many that a thread rarely waits for the next one, at 200 bytes a request.
    let (job_tx, jobs) = bounded(32 * threads.downloads);
    // What comes while the writer gathers. A record holds at most `discover::CHUNK` filings,
    // 20 kB; most hold a dozen.
    let (record_tx, records) = bounded(8 * (threads.companies + threads.downloads));
    let record_tx = Records::new(record_tx);
    let (commits, taken) = (
        Arc::new(Commits::default()),
        Arc::new(TakenRequests::default()),
    );

    let stage = Arc::clone(cx);
    let shared = (Arc::clone(&commits), Arc::clone(&taken));
    let writer = spawn("write", &cx.cancel, move || {
        write::run(&records, db, run, (&shared.0, &shared.1), &stage)
    })?;
    let mut stages = Vec::new();
    let queued = match flow {
        Flow::Discover => None,
        Flow::Download => Some(queue::Queue::open(cx, None)?),
        // What this run queues is passed on by discovery itself.
        Flow::DiscoverAndDownload => Some(queue::Queue::open(cx, Some(run))?),
        Flow::DownloadRest => Some(queue::Queue::untried(cx)?),
    };
    let downloads = queued.is_some();
    if let Some(queued) = queued {
        for i in 0..threads.downloads {
            let (stage, jobs, record_tx) = (Arc::clone(cx), jobs.clone(), record_tx.clone());
            let commits = Arc::clone(&commits);
            stages.push(spawn(format!("download-{i}"), &cx.cancel, move || {
                download::run(&jobs, &record_tx, &commits, &stage);
            })?);
        }
        let (stage, job_tx) = (Arc::clone(cx), job_tx.clone());
        stages.push(spawn("queue", &cx.cancel, move || {
            queue::run(&queued, &job_tx, &stage);
        })?);
    }
    if flow.discovers() {
        let (stage, problems) = (Arc::clone(cx), record_tx.clone());
        stages.push(spawn("plan", &cx.cancel, move || {
            plan::run(&visit_tx, &problems, &stage);
        })?);
        let (pool, stage) = (services::discovery_pool(cx)?, Arc::clone(cx));
        let found = discover::DiscoveryOutput {
            jobs: downloads.then_some(job_tx),
            records: record_tx,
            taken,
        };
        pool.spawn_broadcast(move |_| discover::run(&visits, &found, &stage));
    }
    Ok(Threads { writer, stages })
}
