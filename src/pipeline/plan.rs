//! First stage: sends the companies to visit, in their order.
//!
//! The companies are read from the database in batches and sent one by one. The next batch is read as
//! soon as the last company of the current one is taken, so no batch waits for its slowest company.
//! If the run reads companies from `submissions.zip`, that archive is fetched first.

use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;

use anyhow::Result;
use crossbeam_channel::Sender;

use super::Services;
use super::commits::Records;
use super::item::Visit;
use super::record::{ErrorReport, Record};
use crate::sources::{Fetching, OpenResult};
use crate::store::Reader;

/// Free space that the archive must leave when there is no --min-free-space, in bytes: the run stores
/// documents as well.
const RESERVE: u64 = 256 << 20;

/// Sends every company of the run.
pub(super) fn run(visits: &Sender<Visit>, records: &Records, services: &Services) {
    if let Err(e) = send_all(visits, records, services) {
        services.abort(format!("{e:#}"));
    }
}

fn send_all(visits: &Sender<Visit>, records: &Records, services: &Services) -> Result<()> {
    let db = Reader::open(&services.db)?;
    let companies = &services.visits.companies;
    let total = companies.len() as u64;
    services.counters.companies_total.store(total, Relaxed);
    if total > 0 && services.source.wants_archive() {
        open_archive(records, services);
    }
    let from_archive = services.source.has_archive();
    for batch in companies.chunks(services.options.batch_size) {
        let ciks: Vec<_> = batch.iter().map(|(cik, _)| *cik).collect();
        let rows = db.company_rows(&ciks)?;
        let mut rows: HashMap<_, _> = rows.into_iter().map(|row| (row.cik, row)).collect();
        for (cik, goals) in batch {
            let Some(company) = rows.remove(cik) else {
                continue;
            };
            let visit = Visit::new(company, goals.clone(), from_archive);
            if visits.send(visit).is_err() {
                return Ok(()); // discovery has ended
            }
        }
    }
    Ok(())
}

/// Fetches `submissions.zip`. If that fails, the companies are requested one by one: the failure is
/// recorded and does not end the run.
fn open_archive(records: &Records, services: &Services) {
    let wanted = services
        .visits
        .companies
        .iter()
        .map(|(cik, _)| *cik)
        .collect();
    let url = services.urls.submissions_archive();
    let fetching = Fetching {
        client: &services.client,
        url: &url,
        cancel: &services.cancel,
        activity: &services.activity,
        reserve: services.options.budgets.free_space.unwrap_or(RESERVE),
        max_attempts: services.options.max_attempts,
    };
    match services.source.open(&wanted, fetching) {
        OpenResult::FromArchive | OpenResult::UseApi => {}
        OpenResult::Abort(reason) => services.abort(reason),
        OpenResult::ArchiveFailed(kind, cause) => {
            let problem = ErrorReport {
                cik: None,
                accession: None,
                url: Some(url.to_string()),
                kind,
                message: format!("{cause}: each company is requested from the API"),
            };
            // If the writer has ended, so will this run.
            let _ = records.send(Record::Error(problem));
        }
    }
}
