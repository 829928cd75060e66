//! Sends the queue in the database to the downloads: what is pending, and then what failed in an earlier
//! run. So items that EDGAR refuses in every run do not keep the others from being requested.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::Ordering::Relaxed;

use anyhow::Result;
use crossbeam_channel::Sender;

use super::Services;
use super::commits::Sequence;
use super::item::Job;
use crate::edgar::QueueItem;
use crate::store::{ArtifactStatus, QueueFilter, QueuePlace, Reader, RunId};

/// Entries read from the database at a time, of about 200 bytes each.
const BATCH: usize = 256;

/// The part of the queue that a flow downloads.
pub(super) enum Queue {
    /// One entry alone.
    Only(QueueItem),
    /// Entries of the database.
    Rows(QueueRows),
}

pub(super) struct QueueRows {
    db: Reader,
    filter: QueueFilter,
    /// Whether entries that failed in an earlier run are sent as well.
    with_failed: bool,
}

impl Queue {
    /// Opens the run's queue and counts it. With `before`, only what was queued before that run is sent.
    pub(super) fn open(services: &Services, before: Option<RunId>) -> Result<Self> {
        let queued = &services.counters.artifacts_queued;
        if let Some(item) = &services.only {
            queued.fetch_add(1, Relaxed);
            return Ok(Self::Only(item.clone()));
        }
        let mut rows = QueueRows::pending(services)?;
        // This run has queued nothing yet, so the whole queue counts.
        let length = rows.db.queue_length(&rows.filter)?;
        queued.fetch_add(length.total(), Relaxed);
        rows.filter.before = before;
        rows.with_failed = length.failed > 0;
        Ok(Self::Rows(rows))
    }

    /// The pending part of the queue, which this run has not tried yet.
    pub(super) fn untried(services: &Services) -> Result<Self> {
        Ok(Self::Rows(QueueRows::pending(services)?))
    }
}

impl QueueRows {
    fn pending(services: &Services) -> Result<Self> {
        Ok(Self {
            db: Reader::open(&services.db)?,
            filter: QueueFilter {
                companies: services.queue_of.clone(),
                ..QueueFilter::default()
            },
            with_failed: false,
        })
    }

    /// Passes each entry of a status on, until `take` returns false. Returns whether it never did.
    fn each(
        &self,
        status: ArtifactStatus,
        mut take: impl FnMut(QueueItem) -> bool,
    ) -> Result<bool> {
        let filter = QueueFilter {
            status: Some(status),
            ..self.filter.clone()
        };
        let mut place = QueuePlace::START;
        while let Some((items, last)) = self.db.queue(&filter, place, BATCH)? {
            place = last;
            if !items.into_iter().all(&mut take) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Sends every entry of the queue.
pub(super) fn run(queue: &Queue, jobs: &Sender<Job>, services: &Services) {
    if let Err(e) = send_all(queue, jobs) {
        services.abort(format!("{e:#}"));
    }
}

fn send_all(queue: &Queue, jobs: &Sender<Job>) -> Result<()> {
    // False means that the downloads have ended.
    let send = |item| jobs.send(Job::new(item, Sequence::default())).is_ok();
    let rows = match queue {
        Queue::Rows(rows) => rows,
        Queue::Only(item) => {
            send(item.clone());
            return Ok(());
        }
    };
    // An entry that fails in this run is not sent again, so the earlier failures are noted first.
    let mut earlier = HashSet::new();
    if rows.with_failed {
        rows.each(ArtifactStatus::Failed, |item| {
            earlier.insert(hash(&item));
            true
        })?;
    }
    if rows.each(ArtifactStatus::Pending, send)? && rows.with_failed {
        rows.each(ArtifactStatus::Failed, |item| {
            !earlier.contains(&hash(&item)) || send(item)
        })?;
    }
    Ok(())
}

fn hash(item: &QueueItem) -> u64 {
    let mut hasher = DefaultHasher::new();
    (item.accession, item.target.name(item.accession)).hash(&mut hasher);
    hasher.finish()
}
