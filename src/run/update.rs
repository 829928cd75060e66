//! The plan of an update: the followed selections, the filings that EDGAR's daily indexes list for
//! them, and the companies to visit for these.

use std::collections::{BTreeMap, HashMap, HashSet};

use std::path::Path;

use anyhow::{Context as _, Result};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

use super::companies;
use crate::config::{RunOptions, SelectionOptions};
use crate::criteria::CompanyCriteria;
use crate::edgar::calendar::{filing_day, indexed_through, is_weekend};
use crate::edgar::{ArtifactChoice, Cik, Urls};
use crate::exit::UsageError;
use crate::net::Client;
use crate::pipeline::{OlderPages, RunSelection, VisitGoal, Visits};
use crate::progress::format::count;
use crate::selection::{Companies, Filings};
use crate::sources::daily::{IndexChanges, IndexReader, Listed};
use crate::store::{
    Error, ErrorRow, ListedStatus, Reader, RecordedSelection, RunId, SelectionId, Writer,
};

/// The visits of a run, and the data that its end needs.
#[derive(Debug)]
pub(super) struct RunPlan {
    pub visits: Visits,
    /// The selection that a backfill recorded.
    pub selection: Option<SelectionId>,
    /// The result of reading the indexes, for an update.
    pub followed: Option<IndexResult>,
}

/// A followed selection, narrowed by the options of the update.
#[derive(Debug)]
struct NarrowedSelection {
    recorded: RecordedSelection,
    /// The wanted filings: those of the selection, or a part of them.
    filings: Filings,
    /// The companies that the selection and the options cover, and whether each was ever checked for it.
    members: HashMap<Cik, bool>,
    /// Whether the options cover the whole selection.
    whole: bool,
    /// The day through which the selection is complete.
    through: Date,
}

impl NarrowedSelection {
    fn wants(&self, listed: &Listed) -> bool {
        self.members.contains_key(&listed.cik) && self.filings.wants(&listed.form, listed.filed_on)
    }
}

/// The days whose indexes an update must read, and the selections that it reads them for.
#[derive(Debug)]
pub(super) struct UpdateRange {
    selections: Vec<NarrowedSelection>,
    /// What the options say that the companies must be.
    criteria: CompanyCriteria,
    /// The oldest day through which one of the selections is complete.
    pub after: Date,
    /// The last day to read: that of the newest index that should exist, or `--until`.
    pub last: Date,
    /// The day of the newest index that should exist.
    published: Date,
}

impl UpdateRange {
    /// Finds the followed selections, narrowed by the options, and how far each is complete.
    ///
    /// # Errors
    ///
    /// A [`UsageError`] when no selection is followed, or none covers the options.
    pub(super) fn since_last_run(
        db: &Reader,
        options: &RunOptions,
        now: Timestamp,
    ) -> Result<Self> {
        let published = indexed_through(now);
        let recorded = followed(db)?;
        let selections = narrowed(db, recorded, &options.asked, published)?;
        let after = selections.iter().map(|s| s.through).min();
        if let Some(newest) = selections.iter().map(|s| s.through).max()
            && newest > published
        {
            log::warn!(
                "an earlier run is complete through {newest}, but the newest index that can exist now \
                 is that of {published}: if the clock is wrong, correct it and run this again"
            );
        }
        Ok(Self {
            selections,
            criteria: options.asked.companies.criteria.clone(),
            after: after.unwrap_or(published),
            last: published.min(options.asked.until.unwrap_or(published)),
            published,
        })
    }

    /// How many indexes must be read. A weekend has none.
    pub(super) fn requests(&self) -> u64 {
        let days = self.after.series(1.day()).skip(1);
        let days = days.take_while(|day| *day <= self.last);
        days.filter(|day| !is_weekend(*day)).count() as u64
    }

    /// The companies to visit whatever the indexes list: those never checked for a selection.
    pub(super) fn new_companies(&self) -> HashSet<Cik> {
        let members = self.selections.iter().flat_map(|s| &s.members);
        let new = members.filter(|(_, checked)| !**checked);
        new.map(|(cik, _)| *cik).collect()
    }

    /// Reads the indexes and plans the visits: companies that changed, and companies that were never
    /// checked, such as newly listed ones.
    ///
    /// # Errors
    ///
    /// If the database fails, or if EDGAR cannot be reached or refuses the user agent.
    pub(super) fn follow(
        self,
        (client, urls, max_attempts): (&Client, &Urls, u32),
        now: Timestamp,
        (writer, run): (&mut Writer, RunId),
    ) -> Result<RunPlan> {
        let wanted = |day: Date, listed: &Listed| {
            let selections = self.selections.iter();
            let wanting = selections.filter(|s| s.through < day && s.wants(listed));
            wanting.map(|s| s.recorded.selection.artifacts).collect()
        };
        let changes = IndexReader {
            client,
            urls,
            max_attempts,
            published: self.published,
            today: filing_day(now),
            wanted: &wanted,
        }
        .read(self.after, self.last, &writer.reader()?)
        .context("failed to read the daily indexes")?;
        record(&changes, writer, run, now)?;
        let new = self.new_companies();
        if !new.is_empty() {
            log::info!(
                "{} companies were never checked for a selection, so all their filings are searched",
                count(new.len() as u64)
            );
        }
        let visits = self.visits(&changes, &writer.reader()?)?;
        Ok(RunPlan {
            visits,
            selection: None,
            followed: Some(IndexResult {
                days: self,
                changes,
                started: now,
            }),
        })
    }

    /// The companies to visit, each with the selections that it belongs to.
    fn visits(&self, changes: &IndexChanges, db: &Reader) -> Result<Visits> {
        // For each company and selection, the oldest filing date among the new filings.
        let mut oldest: BTreeMap<(Cik, usize), Date> = BTreeMap::new();
        for (day, listed) in changes.new_filings() {
            for (i, selection) in self.selections.iter().enumerate() {
                if selection.through < day && selection.wants(listed) {
                    let oldest = oldest.entry((listed.cik, i)).or_insert(listed.filed_on);
                    *oldest = listed.filed_on.min(*oldest);
                }
            }
        }
        // Filings that were fetched by their path in an index. The submissions may list them by now.
        for listed in db.listed_filings()? {
            if listed.status != ListedStatus::Fetched {
                continue;
            }
            let listed_as = Listed {
                cik: listed.cik,
                accession: listed.accession,
                form: listed.form,
                filed_on: listed.filed_on,
            };
            for (i, selection) in self.selections.iter().enumerate() {
                if selection.wants(&listed_as) {
                    let oldest = oldest.entry((listed.cik, i)).or_insert(listed.filed_on);
                    *oldest = listed.filed_on.min(*oldest);
                }
            }
        }
        let mut ciks = self.new_companies();
        ciks.extend(oldest.keys().map(|(cik, _)| *cik));
        let companies = Companies::Named(ciks.into_iter().collect());
        let goals = |cik: Cik| {
            let selections = self.selections.iter().enumerate();
            let goals = selections.filter_map(|(selection, followed)| {
                let checked = *followed.members.get(&cik)?;
                let older = match oldest.get(&(cik, selection)) {
                    _ if !checked => OlderPages::Whole,
                    Some(day) => OlderPages::Since(*day),
                    None => OlderPages::Not,
                };
                let again = !checked;
                Some(VisitGoal {
                    selection,
                    older,
                    again,
                })
            });
            goals.collect()
        };
        let selection = |s: &NarrowedSelection| RunSelection {
            id: s.is_as_recorded().then_some(s.recorded.id),
            criteria: s.recorded.selection.criteria.clone(),
            filings: s.filings.clone(),
            artifacts: s.recorded.selection.artifacts,
        };
        Ok(Visits {
            selections: self.selections.iter().map(selection).collect(),
            companies: db
                .companies(&companies)?
                .into_iter()
                .map(|cik| (cik, goals(cik)))
                .collect(),
        })
    }
}

impl NarrowedSelection {
    /// Whether all filings of the selection are wanted. Only then does a visited company count as checked
    /// for it.
    fn is_as_recorded(&self) -> bool {
        self.filings.contains(&self.recorded.selection.filings)
    }
}

/// The selections that the options cover, each with the part that they cover.
fn narrowed(
    db: &Reader,
    recorded: Vec<RecordedSelection>,
    asked: &SelectionOptions,
    published: Date,
) -> Result<Vec<NarrowedSelection>> {
    let companies = if asked.companies.is_given() {
        Some(CompanyNarrowing::of(db, asked)?)
    } else {
        None
    };
    check_forms_and_dates(&recorded, asked)?;
    let mut selections = Vec::new();
    for recorded in recorded {
        if asked
            .artifacts
            .is_some_and(|artifacts| artifacts != recorded.selection.artifacts)
        {
            continue;
        }
        let Some(filings) = narrowed_filings(&recorded.selection.filings, asked) else {
            continue;
        };
        let members = db.members(recorded.id)?.into_iter();
        let mut members: HashMap<_, _> = members
            .map(|member| (member.cik, member.checked_at.is_some()))
            .collect();
        let all = members.len();
        if let Some(companies) = &companies {
            companies.keep(db, &mut members)?;
        }
        if all == 0 && companies.is_none() {
            log::warn!(
                "selection {} has no companies now: no company is on its exchanges and meets \
                 its criteria; see `filing-etl selections`",
                recorded.id
            );
        } else if members.is_empty() {
            continue;
        }
        let through = match recorded.through {
            Some(through) => through,
            None => db.checked_through(recorded.id)?.unwrap_or(published),
        };
        selections.push(NarrowedSelection {
            whole: members.len() == all && filings == recorded.selection.filings,
            recorded,
            filings,
            members,
            through,
        });
    }
    if let Some(companies) = &companies {
        companies.leave_out(db, &selections)?;
    }
    if selections.is_empty() {
        return Err(nothing_followed("these options"));
    }
    if selections.iter().any(|s| !s.whole) {
        log::warn!(
            "this update covers only a part of the followed selections, so the days through which \
             they are complete stay as they are"
        );
    }
    Ok(selections)
}

/// The followed selections on record.
///
/// # Errors
///
/// A [`UsageError`] when there is none.
fn followed(db: &Reader) -> Result<Vec<RecordedSelection>> {
    let mut recorded = db.selections()?;
    recorded.retain(|selection| selection.followed);
    if recorded.is_empty() {
        return Err(nothing_to_update().into());
    }
    Ok(recorded)
}

fn nothing_to_update() -> UsageError {
    UsageError(
        "no selection is followed, so there is nothing to update: run `filing-etl backfill` first, \
         without --limit, --no-follow or a past --until"
            .to_owned(),
    )
}

/// Refuses an update without followed selections before it sends a request or writes anything.
///
/// # Errors
///
/// A [`UsageError`] when no selection is followed.
pub(super) fn check(db: &Path) -> Result<()> {
    match Reader::open(db) {
        Err(Error::Missing(_)) => Err(nothing_to_update().into()),
        opened => followed(&opened?).map(drop),
    }
}

fn nothing_followed(what: &str) -> anyhow::Error {
    UsageError(format!(
        "no followed selection covers {what}: `filing-etl selections` shows them; run \
         `filing-etl backfill` with the same options first"
    ))
    .into()
}

/// Refuses forms and dates that no followed selection covers.
fn check_forms_and_dates(recorded: &[RecordedSelection], asked: &SelectionOptions) -> Result<()> {
    let any =
        |holds: &dyn Fn(&Filings) -> bool| recorded.iter().any(|r| holds(&r.selection.filings));
    if let Some(forms) = &asked.forms {
        for form in forms.each() {
            if !any(&|filings| filings.forms.holds(&form)) {
                return Err(nothing_followed(&format!("the form {form}")));
            }
        }
    }
    if let Some(since) = asked.since
        && !any(&|filings| filings.since <= since)
    {
        return Err(nothing_followed(&format!("filings since {since}")));
    }
    Ok(())
}

/// The part of a selection's filings that the options ask for; `None` if there is none.
fn narrowed_filings(filings: &Filings, asked: &SelectionOptions) -> Option<Filings> {
    let Filings {
        forms,
        since,
        until,
    } = filings;
    let forms = match &asked.forms {
        Some(asked) => forms.intersection(asked)?,
        None => forms.clone(),
    };
    Some(Filings {
        forms,
        since: asked.since.map_or(*since, |asked| asked.max(*since)),
        until: until.iter().copied().chain(asked.until).min(),
    })
}

/// Keeps the companies that meet the criteria or whose profile is not known yet.
fn keep_wanted(
    db: &Reader,
    criteria: &CompanyCriteria,
    members: &mut HashMap<Cik, bool>,
) -> Result<()> {
    let ciks: Vec<_> = members.keys().copied().collect();
    let kept: HashSet<_> = db.wanted_by(criteria, &ciks)?.into_iter().collect();
    members.retain(|cik, _| kept.contains(cik));
    Ok(())
}

/// The company options of an update.
struct CompanyNarrowing {
    /// The named companies, if there are any.
    named: Option<HashSet<Cik>>,
    /// The exchanges, if any are given.
    on: Option<Vec<crate::exchange::Exchange>>,
    /// What the companies must be.
    criteria: CompanyCriteria,
}

impl CompanyNarrowing {
    fn of(db: &Reader, asked: &SelectionOptions) -> Result<Self> {
        let named = match companies::resolve_known(db, &asked.companies)?.companies {
            Companies::Named(ciks) => Some(ciks.into_iter().collect()),
            Companies::Listed(_) => None,
        };
        Ok(Self {
            on: asked.companies.exchanges().filter(|_| named.is_none()),
            named,
            criteria: asked.companies.criteria.clone(),
        })
    }

    /// Removes the companies that the options do not cover.
    fn keep(&self, db: &Reader, members: &mut HashMap<Cik, bool>) -> Result<()> {
        if let Some(named) = &self.named {
            members.retain(|cik, _| named.contains(cik));
        }
        if let Some(on) = &self.on {
            let ciks = members.keys().copied().collect();
            let listed = companies::listed_on(db, &ciks, on)?;
            members.retain(|cik, _| listed.contains(cik));
        }
        keep_wanted(db, &self.criteria, members)
    }

    /// Warns of named companies that no followed selection covers.
    fn leave_out(&self, db: &Reader, selections: &[NarrowedSelection]) -> Result<()> {
        let Some(named) = &self.named else {
            return Ok(());
        };
        let is_followed = |cik: &Cik| selections.iter().any(|s| s.members.contains_key(cik));
        let mut lacking: Vec<_> = named.iter().copied().filter(|c| !is_followed(c)).collect();
        lacking.sort_unstable();
        if lacking.len() == named.len() {
            return Err(nothing_followed("these companies"));
        }
        for company in db.company_rows(&lacking)? {
            log::warn!(
                "company {} ({}) is left out: no followed selection covers it",
                company.cik,
                company.name
            );
        }
        Ok(())
    }
}

/// The filings that the indexes list, for the end of the run.
#[derive(Debug)]
pub(super) struct IndexResult {
    days: UpdateRange,
    changes: IndexChanges,
    started: Timestamp,
}

impl IndexResult {
    /// Keeps the companies that meet the criteria of their selection and of the options. The run has visited
    /// companies whose profile was not known before. If a selection has such a company that the options do
    /// not cover, they do not cover all of it.
    pub(super) fn keep_members_for_profiles(&mut self, db: &Reader) -> Result<()> {
        let UpdateRange {
            selections,
            criteria,
            ..
        } = &mut self.days;
        for selection in selections {
            let members = &mut selection.members;
            keep_wanted(db, &selection.recorded.selection.criteria, members)?;
            let all = members.len();
            keep_wanted(db, criteria, members)?;
            selection.whole &= members.len() == all;
        }
        Ok(())
    }

    pub(super) fn days_read(&self) -> u64 {
        self.changes.days_read()
    }

    /// How many indexes could not be read.
    pub(super) fn days_failed(&self) -> u64 {
        self.changes.days_failed()
    }

    /// The filings that the indexes list and the visits did not find, each with the day of its index.
    pub(super) fn lacking(&self, db: &Reader) -> Result<Vec<(Date, &Listed)>> {
        let mut lacking = self.changes.lacking(self.started, db)?;
        lacking.retain(|(_, listed)| self.days.selections.iter().any(|s| s.wants(listed)));
        Ok(lacking)
    }

    /// Which artifacts the selections want of a listed filing.
    pub(super) fn wanted(&self, listed: &Listed) -> Vec<ArtifactChoice> {
        let wanting = self.days.selections.iter().filter(|s| s.wants(listed));
        wanting.map(|s| s.recorded.selection.artifacts).collect()
    }

    /// Records the day through which each selection is complete, if the options cover all of it.
    pub(super) fn record_through(&self, db: &mut Writer) -> Result<()> {
        let reader = db.reader()?;
        for selection in self.days.selections.iter().filter(|s| s.whole) {
            let wants = |listed: &Listed| selection.wants(listed);
            let through = self
                .changes
                .through(selection.through, self.started, &reader, wants)?;
            db.raise_through(selection.recorded.id, through)?;
        }
        Ok(())
    }
}

fn record(changes: &IndexChanges, writer: &mut Writer, run: RunId, now: Timestamp) -> Result<()> {
    let batch = writer.begin()?;
    changes.record_days(&batch, filing_day(now))?;
    for problem in &changes.problems {
        log::warn!("{}", problem.message);
        let row = ErrorRow {
            cik: None,
            accession: None,
            url: Some(problem.url.clone()),
            kind: problem.kind,
            message: problem.message.clone(),
        };
        batch.error(run, &row, now)?;
    }
    Ok(batch.commit()?)
}
