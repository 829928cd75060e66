//! The end of a run: what it came to, in the database, on standard output, as the exit code.

use anyhow::{Result, anyhow};
use jiff::Timestamp;

use super::RunKind;
use super::forms;
use super::summary::{Left, Summary};
use super::update::Followed;
use crate::edgar::calendar::filing_day;
use crate::exit::{Exit, UsageError};
use crate::pipeline::Services;
use crate::print::{print, print_json};
use crate::progress::format::count;
use crate::signals::Interrupt;
use crate::store::{QueueFilter, RunEnd, RunId, RunProgress, RunStatus, SelectionId, Writer};

/// A run that has ended, and what its end depends on.
pub(super) struct EndedRun<'a> {
    pub cx: &'a Services,
    pub run: RunId,
    pub kind: RunKind,
    pub interrupt: &'a Interrupt,
    /// The selection of a backfill.
    pub selection: Option<SelectionId>,
    /// What an update followed.
    pub followed: Option<Followed>,
    /// How many filings that an index lists are still to be found.
    pub looked_for: u64,
}

/// Records that a run ended before its flow began.
pub(super) fn failed(db: &mut Writer, run: RunId, now: Timestamp) -> Result<()> {
    let end = RunEnd {
        status: RunStatus::Failed,
        ended_by: None,
        through: None,
    };
    Ok(db.finish_run(run, &end, &RunProgress::default(), now)?)
}

impl EndedRun<'_> {
    /// Ends the run: how far its selections are known, its row, the table or JSON document, the exit
    /// code.
    pub(super) fn finish(self, mut db: Writer, json: bool) -> Result<Exit> {
        let cx = self.cx;
        let left = left(cx, &db)?;
        if cx.aborted.reason().is_none() {
            // Codes that this run saw first move companies between selections.
            let industries = cx.visits.selections.iter().any(|s| s.sic.is_some());
            if industries {
                db.refresh_members(filing_day(cx.clock.now()))?;
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
            ended_by: cx.budget.spent().map(|spent| spent.option),
            through,
        };
        db.finish_run(self.run, &end, &cx.run_progress(), cx.clock.now())?;
        self.say_which_forms_are_none(&db)?;
        db.close()?;
        if exit == Exit::Partial {
            self.say_what_is_left(left);
        }
        let summary = Summary::new(self.kind, self.run, end, cx, left, self.followed.as_ref());
        if json {
            print_json(&summary)?;
        } else {
            print(&summary.table())?;
        }
        match (exit, cx.aborted.reason()) {
            (Exit::Usage, _) => Err(UsageError(nobody.unwrap_or_default()).into()),
            (Exit::Aborted, Some(reason)) => Err(anyhow!("{reason}")),
            (Exit::Aborted, None) => Err(anyhow!(
                "a thread panicked: this is a bug, please report it"
            )),
            (exit, _) => Ok(exit),
        }
    }

    /// Records through which day the selections of this run are known. For a backfill that follows
    /// from when each company was checked.
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

    /// What to say where EDGAR has no company of those that the run visited, and none is on record.
    fn found_nobody(&self, db: &Writer) -> Result<Option<String>> {
        let now = self.cx.counters.load();
        if now.companies_failed == 0 || now.companies_failed < now.companies_total {
            return Ok(None);
        }
        let companies = &self.cx.visits.companies;
        let ciks: Vec<_> = companies.iter().map(|(cik, _)| *cik).collect();
        let unknown = db.reader()?.unknown_ciks(&ciks)?;
        Ok((unknown.len() == ciks.len()).then(|| {
            let numbers: Vec<_> = unknown.iter().map(ToString::to_string).collect();
            let numbers = numbers.join(", ");
            format!("EDGAR has no filer of this number: {numbers}: check the CIK")
        }))
    }

    /// A backfill may have looked at all its companies and found that none is of its industries: then
    /// its selection goes. What to say then.
    fn drop_empty_selection(&self, db: &mut Writer) -> Result<Option<String>> {
        let Some((id, sic)) = self
            .selection
            .zip(self.cx.options.asked.companies.sic.as_ref())
        else {
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
            "none of these companies is of SIC {sic}: `companies list --json` and the view v_companies \
             have the codes"
        )))
    }

    /// What the run came to, as its row and as its exit code.
    fn outcome(&self, left: Left, is_nobody: bool) -> (RunStatus, Exit) {
        let cx = self.cx;
        let now = cx.counters.load();
        let indexes = self.followed.as_ref().map_or(0, Followed::days_failed);
        let failed = now.companies_failed + now.failed + indexes + self.looked_for;
        let left = if cx.options.download { left.pending } else { 0 };
        match (cx.aborted.reason(), self.interrupt.exit()) {
            (Some(_), _) => (RunStatus::Failed, Exit::Aborted),
            (None, Some(exit)) => (RunStatus::Interrupted, exit),
            (None, None) if cx.budget.spent().is_some() => (RunStatus::Partial, Exit::Partial),
            (None, None) if cx.cancel.is_set() => (RunStatus::Failed, Exit::Aborted),
            (None, None) if is_nobody => (RunStatus::Failed, Exit::Usage),
            (None, None) if failed + left > 0 => (RunStatus::Partial, Exit::Partial),
            (None, None) => (RunStatus::Completed, Exit::Complete),
        }
    }

    /// Says which of the forms that a backfill named none of its companies has.
    fn say_which_forms_are_none(&self, db: &Writer) -> Result<()> {
        let asked = &self.cx.options.asked;
        if self.selection.is_none() || self.cx.cancel.is_set() {
            return Ok(());
        }
        let companies = &self.cx.visits.companies;
        let companies: Vec<_> = companies.iter().map(|(cik, _)| *cik).collect();
        forms::warn_not_seen(&db.reader()?, &asked.named_forms, &companies)
    }

    /// Says what a budget left undone.
    fn say_what_is_left(&self, left: Left) {
        let Some(spent) = self.cx.budget.spent() else {
            return;
        };
        let now = self.cx.counters.load();
        let companies = match now.companies_total {
            0 => "the companies that were to be looked at".to_owned(),
            total => format!("{} companies", count(total - now.companies_done.min(total))),
        };
        log::warn!(
            "the run was ended, because {}: {companies} and {} queued artifacts are left for the \
             next run",
            spent.message,
            count(left.pending)
        );
    }
}

/// What is left of the queue: what this run was to download, and the rest.
fn left(cx: &Services, db: &Writer) -> Result<Left> {
    let db = db.reader()?;
    let of_run = db.queue_length(&QueueFilter {
        companies: cx.queue_of.clone(),
        ..QueueFilter::default()
    })?;
    let total = db.stats(0)?.total;
    Ok(Left {
        pending: of_run.pending,
        unavailable: total.unavailable,
        elsewhere: (total.pending + total.failed).saturating_sub(of_run.total()),
    })
}
