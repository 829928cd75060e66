//! Hands the artifacts that earlier runs left queued, pending or failed, to the downloads.

use std::sync::atomic::Ordering::Relaxed;

use anyhow::Result;
use crossbeam_channel::Sender;

use super::Services;
use super::item::Job;
use crate::store::Reader;

/// Artifacts read from the database at a time, about 200 bytes each.
const BATCH: usize = 256;

/// Sends every artifact that was queued when the run began, and ends.
pub(super) fn run(jobs: &Sender<Job>, cx: &Services) {
    if let Err(e) = send_all(jobs, cx) {
        cx.abort(format!("{e:#}"));
    }
}

fn send_all(jobs: &Sender<Job>, cx: &Services) -> Result<()> {
    let mut db = Reader::open(&cx.db)?;
    db.plan(&cx.scope, None)?;
    let queued = db.queued()?;
    let total = queued.pending + queued.failed;
    cx.counters.artifacts_queued.fetch_add(total, Relaxed);
    let mut last = None;
    loop {
        let batch = db.backlog(last, BATCH)?;
        let Some((end, _)) = batch.last() else {
            return Ok(());
        };
        last = Some(*end);
        for (_, artifact) in batch {
            if jobs.send(Job::new(artifact)).is_err() {
                return Ok(()); // the downloads have ended
            }
        }
    }
}
