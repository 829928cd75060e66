//! Runs the flows of a run while the dashboard shows it.

use std::sync::Arc;

use anyhow::{Context as _, Result};

use super::listed;
use super::request::RunKind;
use super::update::IndexResult;
use crate::config::{Phases, RunOptions};
use crate::pipeline::{self, Flow, Services};
use crate::progress::{Dashboard, Terminal};
use crate::store::{QueueFilter, RunId, Writer};

/// Runs the flows of the run while the dashboard shows it. Returns how many filings that an index
/// lists are still missing.
pub(super) fn watched(
    services: &Arc<Services>,
    db: Writer,
    run: RunId,
    (kind, followed): (RunKind, Option<&mut IndexResult>),
    terminal: &Terminal,
) -> Result<(Writer, u64)> {
    let shown = Arc::clone(services);
    let dashboard = Dashboard::start(services.options.progress, terminal, move || {
        shown.snapshot()
    })
    .context("failed to start the dashboard")?;
    let result = flow(services, db, run, kind, followed);
    dashboard.finish();
    result
}

fn flow(
    services: &Arc<Services>,
    mut db: Writer,
    run: RunId,
    kind: RunKind,
    followed: Option<&mut IndexResult>,
) -> Result<(Writer, u64)> {
    for flow in flows(kind, &services.options) {
        if !services.cancel.is_set() {
            db = pipeline::run(services, db, run, flow)?;
        }
    }
    let looked_for = match followed {
        Some(followed) if !services.cancel.is_set() => {
            followed.keep_members_for_profiles(&db.reader()?)?;
            listed::look_for(services, &mut db, run, followed)?
        }
        _ => 0,
    };
    if services.options.download && services.only.is_none() {
        db = download_rest(services, db, run)?;
    }
    Ok((db, looked_for))
}

/// Downloads the queue entries that were not tried: documents whose submission was already being requested,
/// and documents that a split could not extract.
fn download_rest(services: &Arc<Services>, mut db: Writer, run: RunId) -> Result<Writer> {
    let mut before = None;
    while !services.cancel.is_set() && services.budget.spent().is_none() {
        let length = db.reader()?.queue_length(&QueueFilter {
            companies: services.queue_of.clone(),
            ..QueueFilter::default()
        })?;
        let left = Some(length.pending);
        if length.pending == 0 || left == before {
            break;
        }
        before = left;
        db = pipeline::run(services, db, run, Flow::DownloadRest)?;
    }
    Ok(db)
}

/// The flows of the run, in their order.
fn flows(kind: RunKind, options: &RunOptions) -> Vec<Flow> {
    match (kind, options.download, options.concurrency.phases) {
        (RunKind::Download | RunKind::Text, _, _) => vec![Flow::Download],
        (_, false, _) => vec![Flow::Discover],
        (_, true, Phases::Together) => vec![Flow::DiscoverAndDownload],
        (_, true, Phases::OneAfterTheOther) => vec![Flow::Discover, Flow::Download],
    }
}
