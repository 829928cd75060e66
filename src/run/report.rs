//! The end of a run: records its result, prints it and determines the exit code.

use std::path::Path;

use anyhow::{Result, anyhow};
use jiff::Timestamp;

use super::forms;
use super::outcome::Outcome;
use super::request::RunKind;
use super::summary::{Left, Summary};
use super::update::IndexResult;
use crate::config::PrintStyle;
use crate::criteria::CompanyCriteria;
use crate::edgar::QueueItem;
use crate::edgar::calendar::filing_day;
use crate::exit::{Exit, UsageError};
use crate::pipeline::Services;
use crate::print::print_report;
use crate::progress::format::{count, counted};
use crate::signals::{self, Interrupt};
use crate::store::{
    ArtifactStatus, QueueFilter, QueueLength, Reader, RunEnd, RunId, RunProgress, RunStatus,
    SelectionId, Writer,
};

/// A run that has ended, with everything that its result depends on.
pub(super) struct EndedRun<'a> {
    pub services: &'a Services,
    pub run: RunId,
    pub kind: RunKind,
    pub interrupt: &'a Interrupt,
    /// The selection that a backfill recorded.
    pub selection: Option<SelectionId>,
    /// What an update has read and visited.
    pub followed: Option<IndexResult>,
    /// How many filings that an index lists are still missing.
    pub looked_for: u64,
}

/// Records that a run failed before its flow began.
pub(super) fn failed(db: &mut Writer, run: RunId, now: Timestamp) -> Result<()> {
    let end = RunEnd {
        status: RunStatus::Failed,
        ended_by: None,
        through: None,
    };
    Ok(db.finish_run(run, &end, &RunProgress::default(), now)?)
}

/// Records that a run ended because its writer failed, and returns the cause. It opens a new writer; the run
/// still holds the lock. If the database cannot be written, the next run finds the row unfinished and marks
/// it as interrupted.
pub(super) fn broken_off(
    services: &Services,
    db: &Path,
    run: RunId,
    why: anyhow::Error,
) -> anyhow::Error {
    let end = RunEnd {
        status: RunStatus::Failed,
        ended_by: None,
        through: None,
    };
    let finished = Writer::open(db).and_then(|mut db| {
        db.finish_run(run, &end, &services.run_progress(), services.clock.now())?;
        db.close()
    });
    if let Err(e) = finished {
        log::warn!("the end of the run cannot be recorded: {e}");
    }
    why
}

impl EndedRun<'_> {
    /// Records the result of the run and how far its selections are complete, prints the table, and returns the
    /// exit code. [`reported`](super::reported) prints the JSON document.
    pub(super) fn finish(
        self,
        mut db: Writer,
        outcome: &mut Outcome,
        (json, style): (bool, PrintStyle),
    ) -> Result<Exit> {
        let services = self.services;
        let left = left(services, &db)?;
        if services.aborted.reason().is_none() {
            // A company whose profile became known in this run may leave selections, or enter others.
            let asked = &services.options.asked.companies.criteria;
            let of_selections = services.visits.selections.iter().map(|s| &s.criteria);
            if of_selections.chain([asked]).any(CompanyCriteria::is_given) {
                db.refresh_members(filing_day(services.clock.now()))?;
            }
            self.record_through(&mut db)?;
        }
        let nobody = match self.found_nobody(&db)? {
            Some(why) => Some(why),
            None => self.drop_empty_selection(&mut db)?,
        };
        let through = db.reader()?.through()?;
        let (status, exit) = self.outcome(left, nobody.is_some());
        let end = RunEnd {
            status,
            ended_by: services.budget.spent().map(|spent| spent.option),
            through,
        };
        db.finish_run(
            self.run,
            &end,
            &services.run_progress(),
            services.clock.now(),
        )?;
        self.warn_forms_not_seen(&db)?;
        let errors = db.reader()?.run_error_kinds(self.run)?;
        db.close()?;
        outcome.why = self.why(exit, left);
        let is_spent = exit == Exit::Partial && services.budget.spent().is_some();
        if let Some(why) = outcome.why.as_ref().filter(|_| is_spent) {
            log::warn!("{why}");
        }
        let error = match exit {
            Exit::Usage => nobody.clone(),
            Exit::Aborted => Some(self.aborted()),
            _ => None,
        };
        let followed = self.followed.as_ref();
        let summary = Summary::new(
            self.kind,
            self.run,
            end,
            services,
            left,
            followed,
            (errors, error),
        );
        let summary = outcome.summary.insert(summary);
        // Standard output of `text` is for the text.
        if self.kind == RunKind::Text {
            outcome.is_printed = true;
        } else if !json {
            outcome.is_printed = true;
            print_report(&summary.table(style), style)?;
        }
        match exit {
            Exit::Usage => Err(UsageError(nobody.unwrap_or_default()).into()),
            Exit::Aborted => Err(anyhow!(self.aborted())),
            exit => Ok(exit),
        }
    }

    /// Why the run was aborted.
    fn aborted(&self) -> String {
        let bug = "a thread panicked: this is a bug, please report it";
        self.services.aborted.reason().unwrap_or(bug).to_owned()
    }

    /// Records through which day the selections of this run are complete. For a backfill, that follows
    /// from the times at which its companies were checked.
    fn record_through(&self, db: &mut Writer) -> Result<()> {
        if let Some(followed) = &self.followed {
            return followed.record_through(db);
        }
        let Some(id) = self.selection else {
            return Ok(());
        };
        let reader = db.reader()?;
        let Some(checked) = reader.checked_through(id)? else {
            return Ok(());
        };
        let selections = reader.selections()?;
        let until = selections.into_iter().find(|known| known.id == id);
        let until = until.and_then(|known| known.selection.filings.until);
        Ok(db.raise_through(id, until.map_or(checked, |until| until.min(checked)))?)
    }

    /// The error when EDGAR has none of the visited companies, and none of them is on record.
    fn found_nobody(&self, db: &Writer) -> Result<Option<String>> {
        let now = self.services.counters.load();
        if now.companies_failed == 0 || now.companies_failed < now.companies_total {
            return Ok(None);
        }
        let companies = &self.services.visits.companies;
        let ciks: Vec<_> = companies.iter().map(|(cik, _)| *cik).collect();
        let unknown = db.reader()?.unknown_ciks(&ciks)?;
        Ok((unknown.len() == ciks.len()).then(|| {
            let numbers: Vec<_> = unknown.iter().map(ToString::to_string).collect();
            let numbers = numbers.join(", ");
            format!("EDGAR has no filer with this CIK: {numbers}: check the number")
        }))
    }

    /// Drops the selection of a backfill if none of the visited companies meets its criteria, and
    /// returns the error for that case.
    fn drop_empty_selection(&self, db: &mut Writer) -> Result<Option<String>> {
        let criteria = &self.services.options.asked.companies.criteria;
        let Some(id) = self.selection.filter(|_| criteria.is_given()) else {
            return Ok(None);
        };
        let recorded = db.reader()?.selections()?;
        let is_empty =
            recorded.iter().any(|known| known.id == id) && db.reader()?.members(id)?.is_empty();
        if !is_empty {
            return Ok(None);
        }
        db.drop_selection(id, false)?;
        Ok(Some(format!(
            "none of these companies has {criteria}: the view v_companies shows what they have"
        )))
    }

    /// The result of the run for its row, and its exit code.
    fn outcome(&self, left: Left, is_nobody: bool) -> (RunStatus, Exit) {
        let services = self.services;
        let now = services.counters.load();
        let indexes = self.followed.as_ref().map_or(0, IndexResult::days_failed);
        let failed = now.companies_failed + now.failed + indexes + self.looked_for;
        let left = if services.options.download {
            left.pending
        } else {
            0
        };
        match (services.aborted.reason(), self.interrupt.exit()) {
            (Some(_), _) => (RunStatus::Failed, Exit::Aborted),
            (None, Some(exit)) => (RunStatus::Interrupted, exit),
            (None, None) if services.budget.spent().is_some() => {
                (RunStatus::Partial, Exit::Partial)
            }
            (None, None) if services.cancel.is_set() => (RunStatus::Failed, Exit::Aborted),
            (None, None) if is_nobody => (RunStatus::Failed, Exit::Usage),
            (None, None) if failed + left > 0 => (RunStatus::Partial, Exit::Partial),
            (None, None) => (RunStatus::Completed, Exit::Complete),
        }
    }

    /// Warns of forms that the backfill names and none of its companies has.
    fn warn_forms_not_seen(&self, db: &Writer) -> Result<()> {
        let asked = &self.services.options.asked;
        if self.selection.is_none() || self.services.cancel.is_set() {
            return Ok(());
        }
        let companies = &self.services.visits.companies;
        let companies: Vec<_> = companies.iter().map(|(cik, _)| *cik).collect();
        forms::warn_not_seen(&db.reader()?, &asked.named_forms, &companies)
    }

    /// Why a run that did not fail is incomplete, in a sentence.
    fn why(&self, exit: Exit, left: Left) -> Option<String> {
        let now = self.services.counters.load();
        if let Some(spent) = self
            .services
            .budget
            .spent()
            .filter(|_| exit == Exit::Partial)
        {
            let companies = match now.companies_total {
                0 => "the companies to visit".to_owned(),
                total => format!("{} companies", count(total - now.companies_done.min(total))),
            };
            return Some(format!(
                "the run ended early because {}: {companies} and {} queued artifacts are left for the \
                 next run",
                spent.message,
                count(left.pending)
            ));
        }
        match exit {
            Exit::Interrupted { signal } => Some(format!(
                "the run was interrupted by {}: the same command continues it",
                signals::name(signal),
            )),
            Exit::Partial => {
                let indexes = self.followed.as_ref().map_or(0, IndexResult::days_failed);
                let parts = [
                    (now.companies_failed, ["company failed", "companies failed"]),
                    (now.failed, ["artifact failed", "artifacts failed"]),
                    (
                        indexes,
                        ["index could not be read", "indexes could not be read"],
                    ),
                    (
                        self.looked_for,
                        [
                            "listed filing is not available yet",
                            "listed filings are not available yet",
                        ],
                    ),
                    (
                        left.pending,
                        ["artifact is still queued", "artifacts are still queued"],
                    ),
                ];
                let parts = parts.into_iter().filter(|(number, _)| *number > 0);
                let parts: Vec<_> = parts
                    .map(|(number, words)| counted(number, words))
                    .collect();
                Some(format!("{}; the next run tries again", parts.join(", ")))
            }
            _ => None,
        }
    }
}

/// The part of the queue that is left: what this run should have downloaded, and the rest.
fn left(services: &Services, db: &Writer) -> Result<Left> {
    let db = db.reader()?;
    let of_run = match &services.only {
        Some(item) => only_left(&db, item)?,
        None => db.queue_length(&QueueFilter {
            companies: services.queue_of.clone(),
            ..QueueFilter::default()
        })?,
    };
    let total = db.stats(0)?.total;
    Ok(Left {
        pending: of_run.pending,
        unavailable: total.unavailable,
        elsewhere: (total.pending + total.failed).saturating_sub(of_run.total()),
        queued: total.pending + total.failed,
    })
}

/// What is left of a queue of one file.
fn only_left(db: &Reader, item: &QueueItem) -> Result<QueueLength> {
    let name = item.target.name(item.accession);
    let on_record = db.on_record(&[item.accession])?;
    let filing = on_record.get(&item.accession);
    let file = filing.and_then(|filing| filing.file(&name));
    let has = |status| u64::from(file.is_some_and(|file| file.status == status));
    Ok(QueueLength {
        pending: has(ArtifactStatus::Pending),
        failed: has(ArtifactStatus::Failed),
    })
}
