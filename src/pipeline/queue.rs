//! Sends the queue in the database to the downloads.

use std::sync::atomic::Ordering::Relaxed;

use anyhow::Result;
use crossbeam_channel::Sender;

use super::Services;
use super::commits::Sequence;
use super::item::Job;
use crate::edgar::QueueItem;
use crate::store::{QueueFilter, QueuePlace, Reader, RunId};

/// Entries read from the database at a time, of about 200 bytes each.
const BATCH: usize = 256;

/// The part of the queue that a flow downloads.
pub(super) enum Queue {
    /// One entry alone.
    Only(QueueItem),
    /// What the database has.
    Rows { db: Reader, filter: QueueFilter },
}

impl Queue {
    /// Opens the run's queue and counts it. With `before`, only what was queued before that run is sent.
    pub(super) fn open(services: &Services, before: Option<RunId>) -> Result<Self> {
        let queued = &services.counters.artifacts_queued;
        if let Some(item) = &services.only {
            queued.fetch_add(1, Relaxed);
            return Ok(Self::Only(item.clone()));
        }
        let db = Reader::open(&services.db)?;
        let mut filter = QueueFilter {
            companies: services.queue_of.clone(),
            ..QueueFilter::default()
        };
        // This run has queued nothing yet, so the whole queue counts.
        queued.fetch_add(db.queue_length(&filter)?.total(), Relaxed);
        filter.before = before;
        Ok(Self::Rows { db, filter })
    }

    /// The pending part of the queue, which this run has not tried yet.
    pub(super) fn untried(services: &Services) -> Result<Self> {
        let filter = QueueFilter {
            companies: services.queue_of.clone(),
            before: None,
            pending: true,
        };
        let db = Reader::open(&services.db)?;
        Ok(Self::Rows { db, filter })
    }
}

/// Sends every entry of the queue.
pub(super) fn run(queue: &Queue, jobs: &Sender<Job>, services: &Services) {
    if let Err(e) = send_all(queue, jobs) {
        services.abort(format!("{e:#}"));
    }
}

fn send_all(queue: &Queue, jobs: &Sender<Job>) -> Result<()> {
    let (db, filter) = match queue {
        Queue::Rows { db, filter } => (db, filter),
        Queue::Only(item) => {
            // Where it cannot be sent, the downloads have ended.
            let _ = jobs.send(Job::new(item.clone(), Sequence::default()));
            return Ok(());
        }
    };
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
