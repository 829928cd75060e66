//! Decides what a run visits and whose queue it downloads, and logs that at its start.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::atomic::Ordering::Relaxed;

use anyhow::Result;
use jiff::Timestamp;

use super::request::{RunKind, RunRequest};
use super::update::{RunPlan, UpdateRange};
use super::{backfill, companies};
use crate::cancel::Cancel;
use crate::config::{RunOptions, Settings};
use crate::counts::Counters;
use crate::edgar::{Cik, QueueItem};
use crate::pipeline::Visits;
use crate::progress::format::counted;
use crate::store::{RunId, SelectionId, Writer};

/// A run that is not recorded yet.
#[derive(Debug)]
pub(super) enum Prepared {
    /// It visits no company.
    Nothing,
    Backfill(backfill::BackfillSelection),
    Update(UpdateRange),
}

impl Prepared {
    /// Nothing where the run is being stopped.
    pub(super) fn of(
        kind: RunKind,
        db: &Writer,
        options: &RunOptions,
        (now, cancel): (Timestamp, &Cancel),
    ) -> Result<Self> {
        if cancel.is_set() {
            return Ok(Self::Nothing);
        }
        let db = db.reader()?;
        Ok(match kind {
            RunKind::Backfill { follow } => Self::Backfill(backfill::asked(&db, options, follow)?),
            RunKind::Update => Self::Update(UpdateRange::since_last_run(&db, options, now)?),
            RunKind::Download | RunKind::Text => Self::Nothing,
        })
    }
}

/// The plan of a run that visits no company. Queues the only file of the run, if it has just one; what
/// EDGAR did not have or the user dropped is queued again.
pub(super) fn no_visits(
    only: Option<&QueueItem>,
    db: &mut Writer,
    counters: &Counters,
) -> Result<RunPlan> {
    if let Some(item) = only {
        let mut batch = db.begin()?;
        let created = batch.queue(std::slice::from_ref(item))?;
        batch.commit()?;
        counters.artifacts_created.fetch_add(created, Relaxed);
    }
    Ok(RunPlan {
        visits: Visits::default(),
        selection: None,
        followed: None,
    })
}

/// Removes unavailable companies from a plan, unless `--retry-unavailable` is given.
pub(super) fn without_unavailable(
    mut plan: RunPlan,
    db: &Writer,
    options: &RunOptions,
    counters: &Counters,
) -> Result<RunPlan> {
    if options.retry_unavailable {
        return Ok(plan);
    }
    let unavailable = db.reader()?.unavailable_companies()?;
    let unavailable: HashSet<_> = unavailable.into_iter().collect();
    let companies = &mut plan.visits.companies;
    let all = companies.len();
    companies.retain(|(cik, _)| !unavailable.contains(cik));
    let left_out = (all - companies.len()) as u64;
    counters.companies_unavailable.store(left_out, Relaxed);
    Ok(plan)
}

/// The companies whose queue the run downloads: those of the company filter; `None` is all.
pub(super) fn queue_filter(
    kind: RunKind,
    db: &Writer,
    options: &RunOptions,
) -> Result<Option<Vec<Cik>>> {
    let filter = &options.asked.companies;
    if !filter.is_given() {
        return Ok(None);
    }
    let db = db.reader()?;
    if kind == RunKind::Download {
        return Ok(Some(companies::resolve_known(&db, filter)?.some_ciks(&db)?));
    }
    // The plan has already logged the warnings.
    Ok(Some(companies::resolve(&db, filter)?.ciks(&db)?))
}

/// Logs the start of a run with its selections.
pub(super) fn log_start(
    settings: &Settings,
    db: &Writer,
    (job, run): (&RunRequest, RunId),
    plan: &RunPlan,
) -> Result<()> {
    if !log::log_enabled!(log::Level::Info) {
        return Ok(());
    }
    let visited = plan.visits.selections.iter().filter_map(|s| s.id);
    let ids: HashSet<_> = visited
        .chain(plan.selection)
        .map(SelectionId::get)
        .collect();
    let rows = db.reader()?.selection_rows()?;
    let rows = rows.into_iter().filter(|row| ids.contains(&row.id));
    let selections: Vec<_> = rows.map(|row| row.to_string()).collect();
    let about = match &job.only {
        Some(item) => format!("{} {}", item.accession, item.target.name(item.accession)),
        None if !job.kind.visits_companies() => "the queue".to_owned(),
        None if selections.is_empty() => "no selection".to_owned(),
        None => selections.join("; "),
    };
    let (command, companies) = (job.kind.command(), plan.visits.companies.len());
    let rate = settings.rate.map(NonZeroU32::get);
    let limit = match rate {
        Some(rate) => format!("at most {rate} requests a second"),
        None => "no rate limit".to_owned(),
    };
    let (database, data_dir) = (settings.db.display(), settings.data_dir.display());
    log::info!(
        event = "run_started", run_id = run.get(), command = command, db:% = database,
        data_dir:% = data_dir, companies = companies, rate = rate;
        "run {} ({command}): {} to visit, {limit}, database {database}, data dir {data_dir}; {about}",
        run.get(),
        counted(companies as u64, ["company", "companies"]),
    );
    Ok(())
}
