//! First stage: which companies to look at, in which order.
//!
//! Reads the companies in batches from the database and hands them on one by one. The next
//! batch is read as soon as the last company of this one is taken, so no batch waits for its
//! slowest company. An update looks at the companies that changed, and at no other. Where the
//! companies are read from the archive of all submissions, that is fetched first.

use std::collections::HashSet;
use std::sync::atomic::Ordering::Relaxed;

use anyhow::Result;
use crossbeam_channel::Sender;

use super::feed::Filler;
use super::item::Visit;
use super::record::Record;
use super::{Services, Visits};
use crate::edgar::Cik;
use crate::store::{Reader, Scope};

/// Sends every company of the run, and ends.
pub(super) fn run(visits: &Filler<Visit>, records: &Sender<Record>, cx: &Services) {
    if let Err(e) = send_all(visits, records, cx) {
        cx.abort(format!("{e:#}"));
    }
}

fn send_all(visits: &Filler<Visit>, records: &Sender<Record>, cx: &Services) -> Result<()> {
    let mut db = Reader::open(&cx.db)?;
    let total = match &cx.visits {
        Visits::All => db.plan(&cx.scope, cx.options.companies.limit)?,
        Visits::These(companies) => {
            let changed = Scope {
                ciks: Some(companies.keys().copied().collect()),
                ..cx.scope.clone()
            };
            db.plan(&changed, None)?
        }
    };
    cx.counters.companies_total.store(total, Relaxed);
    if total > 0 && cx.source.wants_archive() {
        cx.source.open(&wanted(&db)?, records, cx);
    }
    let from_archive = cx.source.has_archive();
    let mut last = 0;
    loop {
        let batch = db.planned(last, cx.options.batch_size)?;
        let Some(end) = batch.last() else {
            return Ok(());
        };
        last = end.position;
        let batch = batch.into_iter().map(|c| Visit::new(c, from_archive));
        if visits.send(batch.collect()).is_err() {
            return Ok(()); // discovery has ended
        }
    }
}

/// Every company of the plan, whose documents are looked for in the archive.
fn wanted(db: &Reader) -> Result<HashSet<Cik>> {
    let (mut wanted, mut last) = (HashSet::new(), 0);
    loop {
        let batch = db.planned(last, 1000)?;
        let Some(end) = batch.last() else {
            return Ok(wanted);
        };
        last = end.position;
        wanted.extend(batch.iter().map(|company| company.cik));
    }
}
