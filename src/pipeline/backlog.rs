//! Hands the artifacts that earlier runs left queued, pending or failed, to the downloads, and what
//! the discovery before this flow left to it.

use std::sync::atomic::Ordering::Relaxed;

use anyhow::Result;

use super::Services;
use super::feed::Filler;
use super::item::Job;
use crate::edgar::Artifact;
use crate::store::Reader;

/// Artifacts read from the database at a time, about 200 bytes each.
const BATCH: usize = 256;

/// The artifacts that are queued at one moment.
pub(super) struct Backlog {
    db: Reader,
    /// Those under companies that the run is not about.
    strays: Vec<Artifact>,
}

impl Backlog {
    /// Fixes which artifacts these are. To be called before discovery begins: what discovery
    /// finds is downloaded at once, and must not be met here again.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub(super) fn now(cx: &Services) -> Result<Self> {
        let mut db = Reader::open(&cx.db)?;
        db.select(&cx.scope)?;
        let queued = db.queued()?;
        let strays = cx.claims.take_strays();
        let total = queued.pending + queued.failed + strays.len() as u64;
        cx.counters.artifacts_queued.fetch_add(total, Relaxed);
        Ok(Self { db, strays })
    }
}

/// Sends every artifact of the backlog, and ends.
pub(super) fn run(backlog: Backlog, jobs: &Filler<Job>, cx: &Services) {
    let strays = backlog.strays.into_iter().map(Job::new).collect();
    if jobs.send(strays).is_err() {
        return; // the downloads have ended
    }
    if let Err(e) = send_all(&backlog.db, jobs) {
        cx.abort(format!("{e:#}"));
    }
}

fn send_all(db: &Reader, jobs: &Filler<Job>) -> Result<()> {
    let mut last = None;
    loop {
        let batch = db.backlog(last, BATCH)?;
        let Some((end, _)) = batch.last() else {
            return Ok(());
        };
        last = Some(*end);
        let batch = batch.into_iter().map(|(_, artifact)| Job::new(artifact));
        if jobs.send(batch.collect()).is_err() {
            return Ok(()); // the downloads have ended
        }
    }
}
