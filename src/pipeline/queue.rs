//! Sends the queue in the database to the downloads.

use std::sync::atomic::Ordering::Relaxed;

use anyhow::Result;
use crossbeam_channel::Sender;

use super::Services;
use super::commits::Sequence;
use super::item::Job;
use crate::store::{QueueFilter, QueuePlace, Reader, RunId};

/// Entries read from the database at a time, of about 200 bytes each.
const BATCH: usize = 256;

/// The part of the queue that a flow downloads.
pub(super) struct Queue {
    db: Reader,
    filter: QueueFilter,
}

impl Queue {
    /// Opens the run's queue and counts it. With `before`, only what was queued before that run is sent.
    pub(super) fn open(services: &Services, before: Option<RunId>) -> Result<Self> {
        let mut queue = Self::untried(services)?;
        // This run has queued nothing yet, so the whole queue counts.
        let length = queue.db.queue_length(&queue.filter)?;
        let queued = &services.counters.artifacts_queued;
        queued.fetch_add(length.total(), Relaxed);
        queue.filter.before = before;
        queue.filter.pending = false;
        Ok(queue)
    }

    /// The pending part of the queue, which this run has not tried yet.
    pub(super) fn untried(services: &Services) -> Result<Self> {
        let filter = QueueFilter {
            companies: services.queue_of.clone(),
            before: None,
            pending: true,
        };
        let db = Reader::open(&services.db)?;
        Ok(Self { db, filter })
    }
}

/// Sends every entry of the queue.
pub(super) fn run(queue: &Queue, jobs: &Sender<Job>, services: &Services) {
    if let Err(e) = send_all(queue, jobs) {
        services.abort(format!("{e:#}"));
    }
}

fn send_all(queue: &Queue, jobs: &Sender<Job>) -> Result<()> {
    let Queue { db, filter } = queue;
    let mut place = QueuePlace::START;
    while let Some((items, last)) = db.queue(filter, place, BATCH)? {
        place = last;
        for item in items {
            if jobs.send(Job::new(item, Sequence::default())).is_err() {
                return Ok(()); // the downloads have ended
            }
        }
    }
    Ok(())
}
