//! Second stage: finds the filings of a company, and what of them must still be requested.
//!
//! A company has one submissions document, and one more for each older page. An older page is read
//! only if the wanted dates reach into it and no run has read it before. The documents are requested
//! one by one, or read from `submissions.zip` (see [`crate::sources`]); a document that the archive
//! lacks is requested. For pages that an earlier run has read, the filings come from the database.
//!
//! # Threading
//!
//! Runs on every thread of the discovery pool. It may block on its output channels, so no later stage
//! may use that pool.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crossbeam_channel::{Receiver, Sender};
use url::Url;

use super::Services;
use super::commits::Records;
use super::item::{Job, OlderPages, Visit, VisitGoal};
use super::permits::Permits;
use super::record::{ErrorReport, Record};
use super::taken::TakenRequests;
use super::worker::{self, NextStep};
use crate::edgar::calendar::filing_day;
use crate::edgar::submissions::{self, OlderPage, Rows, SubmissionsRow};
use crate::edgar::{
    Accession, ArtifactChoice, BadDocument, Cik, DateRange, Filing, History, QueueItem, Target,
};
use crate::net::{Expect, FetchError, RequestKind, retry};
use crate::sources::bulk::BadMember;
use crate::store::{self, MISSING_DAYS, OnRecord, PageRead, Reader, ShownCompany};

/// The largest submissions document that is read, in bytes. The largest one measured has about 3 MB.
const MAX_DOCUMENT: u64 = 64 << 20;

/// How many bad rows and bad pages of one document are recorded. A document may have a million.
const MOST_RECORDED: usize = 100;

/// How many filings are sent at a time. Some companies have 100,000, too many for the memory.
pub(super) const CHUNK: usize = 100;

/// How many documents are parsed at a time. A parsed document takes several times the memory of its bytes until the
/// last of its filings is sent on; without a limit, every thread would hold one while it waits for the writer.
pub(super) const PARSED: usize = 4;

/// Where discovery sends what it finds.
pub(super) struct DiscoveryOutput {
    /// To the downloads; `None` when this flow has none.
    pub jobs: Option<Sender<Job>>,
    /// To the writer.
    pub records: Records,
    /// The requests of this run that are not committed yet.
    pub taken: Arc<TakenRequests>,
    /// One for each document that may be parsed at the same time.
    pub parsing: Permits,
}

/// Visits companies until the channel ends.
pub(super) fn run(visits: &Receiver<Visit>, found: &DiscoveryOutput, services: &Services) {
    match Reader::open(&services.db) {
        Ok(db) => {
            let discovery = Discovery {
                found,
                db,
                services,
            };
            worker::run(visits, &services.cancel, |visit| discovery.step(visit));
        }
        Err(e) => services.abort(format!("{:#}", anyhow::Error::from(e))),
    }
}

/// Why a visit does not continue as planned.
enum VisitError {
    /// The request failed, or the response is not a submissions document.
    Fetch(FetchError),
    /// The archive lacks the document, or has a damaged one.
    Member(BadMember),
    /// The writer or the downloads have ended, so discovery ends, too.
    StageEnded,
    Database(store::Error),
}

impl From<FetchError> for VisitError {
    fn from(error: FetchError) -> Self {
        Self::Fetch(error)
    }
}

impl From<BadMember> for VisitError {
    fn from(error: BadMember) -> Self {
        Self::Member(error)
    }
}

impl From<store::Error> for VisitError {
    fn from(error: store::Error) -> Self {
        Self::Database(error)
    }
}

/// Queue entries that discovery adds.
#[derive(Default)]
struct NewItems {
    items: Vec<QueueItem>,
    /// Those of the items that go to the downloads at once. The others are left to a request that brings
    /// them as well, or to the end of the run.
    requests: Vec<QueueItem>,
}

/// The folder of each filing, by accession.
type Folders = HashMap<Accession, Cik>;

/// A filing and the artifacts that the run wants of it.
struct WantedFiling {
    filing: Filing,
    wanted: Vec<ArtifactChoice>,
    /// Whether artifacts of it that are `unavailable` or `dropped` are queued again.
    again: bool,
}

struct Discovery<'a> {
    found: &'a DiscoveryOutput,
    db: Reader,
    services: &'a Services,
}

impl Discovery<'_> {
    /// Reads one document of a company and decides what follows.
    fn step(&self, visit: &mut Visit) -> NextStep {
        let services = self.services;
        let _in_progress = services.counters.in_progress();
        visit.began.get_or_insert_with(|| services.clock.now());
        let url = match visit.pages.as_deref() {
            None => services.urls.submissions(visit.company.cik),
            Some([.., page]) => services.urls.submissions_page(&page.name),
            Some([]) => unreachable!("a visit without pages to read is done"),
        };
        let done = match self.read(visit, &url) {
            Ok(()) => self.after_success(visit),
            Err(trouble) => Err(trouble),
        };
        let error = match done {
            Ok(next) => return next,
            Err(VisitError::StageEnded) => return NextStep::Stop,
            Err(VisitError::Database(e)) => {
                services.abort(format!("{:#}", anyhow::Error::from(e)));
                return NextStep::Stop;
            }
            Err(VisitError::Member(bad)) => return self.leave_archive(visit, &url, &bad),
            Err(VisitError::Fetch(error)) => error,
        };
        visit.attempts += u32::from(retry::counts_as_attempt(&error));
        let (next, error) =
            services
                .client
                .next_step(error, visit.attempts, services.options.max_attempts);
        match next {
            retry::AfterFailure::After(wait) => {
                services.client.traffic().count_retry();
                NextStep::After(wait)
            }
            retry::AfterFailure::GiveUp => self.give_up(visit, &url, &error),
            retry::AfterFailure::AbortRun => {
                services.abort(error.to_string());
                NextStep::Stop
            }
            retry::AfterFailure::Stopped => NextStep::Stop,
        }
    }

    /// From now on, requests the company's documents instead of reading them from the archive. What was
    /// read from the archive remains valid: over time, rows only move to older pages, which are read
    /// later.
    fn leave_archive(&self, visit: &mut Visit, url: &Url, bad: &BadMember) -> NextStep {
        visit.from_archive = false;
        let recorded = match bad {
            BadMember::Missing => {
                log::info!("company {}: {bad}", visit.company.cik);
                Ok(())
            }
            BadMember::Damaged(_) => self.problem(&visit.company, url, "bad_member", bad),
        };
        match recorded {
            Ok(()) => NextStep::Now,
            Err(_) => NextStep::Stop,
        }
    }

    /// Reads the main document or the next older page, and sends on the filings that it lists.
    fn read(&self, visit: &mut Visit, url: &Url) -> Result<(), VisitError> {
        let (services, max) = (self.services, MAX_DOCUMENT);
        let from_archive = visit.from_archive;
        let bytes = if from_archive {
            let page = visit.pages.as_deref().and_then(<[OlderPage]>::last);
            services
                .source
                .member(visit.company.cik, page.map(|page| &page.name))?
        } else {
            services
                .client
                .fetch(url, RequestKind::Discovery, Expect::Json { max })?
        };
        let _permit = self.found.parsing.take();
        let damaged = |e: BadDocument| {
            if from_archive {
                VisitError::Member(BadMember::Damaged(e.to_string()))
            } else {
                VisitError::Fetch(FetchError::Damaged(e.to_string()))
            }
        };
        if let Some(page) = visit.pages.as_mut().and_then(Vec::pop) {
            let rows = submissions::parse_page(&bytes);
            let rows = rows.map_err(|e| {
                // Put back: the page is read again.
                visit.pages.get_or_insert_default().push(page.clone());
                damaged(e)
            })?;
            visit.used_archive |= from_archive;
            let whole = self.pass_on(visit, &rows, url, History::add_page_row)?;
            // A page with bad rows counts as not read: a later run may find them corrected.
            if whole {
                self.pages_read(visit, &page)?;
            }
            return Ok(());
        }
        let document = submissions::parse(&bytes).map_err(damaged)?;
        document.check_cik(visit.company.cik).map_err(damaged)?;
        visit.used_archive |= from_archive;
        for problem in document.problems.iter().take(MOST_RECORDED) {
            self.problem(&visit.company, url, "bad_page", problem)?;
        }
        self.record_rest(&visit.company, url, "bad_page", document.problems.len())?;
        visit.profile = document.company;
        self.keep_goals_for_profile(visit);
        for page in &document.older {
            visit.history.add_page(page);
        }
        self.pass_on(visit, &document.rows, url, History::add)?;
        let mut pages = Vec::new();
        for page in document.older {
            if self.is_needed(visit, &page)? {
                pages.push(page);
            }
        }
        pages.reverse(); // the last one is read first, and that must be the newest
        visit.pages = Some(pages);
        Ok(())
    }

    /// Removes the goals of selections whose criteria the company does not meet. If it does not meet those of
    /// the command line, no goal is left; a selection that means the company stays as unchecked as it was.
    fn keep_goals_for_profile(&self, visit: &mut Visit) {
        let Visit { goals, profile, .. } = visit;
        let means = |goal: &VisitGoal| {
            let selection = &self.services.visits.selections[goal.selection];
            selection.criteria.wants(profile)
        };
        let (mut goals, others): (Vec<_>, Vec<_>) = goals.drain(..).partition(means);
        visit.not_meant_by = others.iter().map(|goal| goal.selection).collect();
        if !self
            .services
            .options
            .asked
            .companies
            .criteria
            .wants(profile)
        {
            goals.clear();
        }
        visit.on_record = vec![None; goals.len()];
        visit.goals = goals;
    }

    /// What reading a page covers: one entry for each selection that the page matters to.
    fn reads(&self, visit: &Visit, page: &OlderPage) -> Vec<(usize, PageRead, DateRange)> {
        let goals = visit.goals.iter().enumerate();
        let read = goals.filter_map(|(i, goal)| {
            let filings = &self.services.visits.selections[goal.selection].filings;
            let dates = page.reach(&goal.older_dates(filings)?)?;
            Some((i, PageRead::new(page, &filings.forms, dates)?, dates))
        });
        read.collect()
    }

    /// Whether a page may list wanted filings and no run has read it or given it up. If a run has read it, its
    /// filings are on record, and `visit.on_record` gets their dates.
    fn is_needed(&self, visit: &mut Visit, page: &OlderPage) -> Result<bool, VisitError> {
        let mut needed = false;
        for (i, read, dates) in self.reads(visit, page) {
            if !self.db.is_page_read(&read)? {
                needed = true;
            } else if visit.goals[i].older == OlderPages::Whole {
                let before = visit.on_record[i].unwrap_or(dates);
                visit.on_record[i] = Some(DateRange {
                    since: before.since.min(dates.since),
                    until: before.until.max(dates.until),
                });
            }
        }
        Ok(needed && !self.is_given_up(page)?)
    }

    /// Whether EDGAR lists a page that it did not have on three days.
    fn is_given_up(&self, page: &OlderPage) -> Result<bool, VisitError> {
        let services = self.services;
        if services.options.retry_unavailable {
            return Ok(false);
        }
        let today = filing_day(services.clock.now());
        Ok(self.db.days_page_missing(page, today)? >= MISSING_DAYS)
    }

    fn pages_read(&self, visit: &Visit, page: &OlderPage) -> Result<(), VisitError> {
        for (_, read, _) in self.reads(visit, page) {
            self.record(Record::PageRead(read))?;
        }
        Ok(())
    }

    /// Sends on the wanted filings among some rows, chunk by chunk, and passes every good row to `look`.
    /// Returns whether all rows were good.
    fn pass_on(
        &self,
        visit: &mut Visit,
        rows: &Rows<'_>,
        url: &Url,
        look: impl Fn(&mut History, &SubmissionsRow<'_>),
    ) -> Result<bool, VisitError> {
        let mut bad_rows = 0;
        let mut chunk = Vec::new();
        for row in rows.iter() {
            match row {
                Ok(row) => {
                    look(&mut visit.history, &row);
                    let (wanted, again) = self.wanted(visit, row.form, row.filed_on);
                    if !wanted.is_empty() {
                        let filing = row.to_filing();
                        chunk.push(WantedFiling {
                            filing,
                            wanted,
                            again,
                        });
                    }
                }
                Err(bad) => {
                    bad_rows += 1;
                    if bad_rows <= MOST_RECORDED {
                        self.problem(&visit.company, url, "bad_row", &bad)?;
                    }
                }
            }
            if chunk.len() == CHUNK {
                self.pass_on_chunk(visit.company.cik, std::mem::take(&mut chunk))?;
            }
        }
        if !chunk.is_empty() {
            self.pass_on_chunk(visit.company.cik, chunk)?;
        }
        self.record_rest(&visit.company, url, "bad_row", bad_rows)?;
        Ok(bad_rows == 0)
    }

    /// Which artifacts the run's selections want of a filing (none if they do not want it), and whether
    /// one of these selections is new for the company.
    fn wanted(
        &self,
        visit: &Visit,
        form: &str,
        filed_on: jiff::civil::Date,
    ) -> (Vec<ArtifactChoice>, bool) {
        let (mut wanted, mut again) = (Vec::new(), false);
        for goal in &visit.goals {
            let selection = &self.services.visits.selections[goal.selection];
            if !selection.filings.wants(form, filed_on) {
                continue;
            }
            again |= goal.again;
            if !wanted.contains(&selection.artifacts) {
                wanted.push(selection.artifacts);
            }
        }
        (wanted, again)
    }

    /// Sends some filings to the writer, and those of their requests that are new to the downloads.
    fn pass_on_chunk(&self, cik: Cik, found: Vec<WantedFiling>) -> Result<(), VisitError> {
        let (new, folders) = self.new_items(cik, &found)?;
        let filings = found.into_iter().map(|WantedFiling { filing, .. }| {
            let folder = folders.get(&filing.accession).copied();
            (filing, folder.unwrap_or(cik))
        });
        let record = Record::Filings {
            cik,
            filings: filings.collect(),
            items: new.items,
        };
        self.send(new.requests, record)
    }

    /// Queues what this run wants of filings on record. Their older pages were read earlier for another
    /// selection.
    fn queue_on_record(&self, visit: &Visit) -> Result<(), VisitError> {
        let cik = visit.company.cik;
        for (goal, dates) in visit.goals.iter().zip(&visit.on_record) {
            let Some(dates) = *dates else { continue };
            let selection = &self.services.visits.selections[goal.selection];
            let mut after = 0;
            loop {
                let filings = self.db.filings_of(cik, dates, after, CHUNK)?;
                let Some((last, _)) = filings.last() else {
                    break;
                };
                after = *last;
                let wanted = filings.into_iter().filter_map(|(_, filing)| {
                    let is_wanted = selection.filings.wants(&filing.form, filing.filed_on);
                    is_wanted.then(|| WantedFiling {
                        filing,
                        wanted: vec![selection.artifacts],
                        again: goal.again,
                    })
                });
                let (new, _) = self.new_items(cik, &wanted.collect::<Vec<_>>())?;
                if !new.items.is_empty() {
                    self.send(new.requests, Record::Items(new.items))?;
                }
            }
        }
        Ok(())
    }

    /// Sends a record to the writer, and then the requests among its queue entries to the downloads.
    fn send(&self, requests: Vec<QueueItem>, record: Record) -> Result<(), VisitError> {
        let sent = self.found.records.send(record);
        let queued_at = sent.map_err(|_| VisitError::StageEnded)?;
        if let Some(downloads) = &self.found.jobs {
            let queued = &self.services.counters.artifacts_queued;
            queued.fetch_add(requests.len() as u64, Relaxed);
            for item in requests {
                let sent = downloads.send(Job::new(item, queued_at));
                sent.map_err(|_| VisitError::StageEnded)?;
            }
        }
        Ok(())
    }

    /// The queue entries for these filings, marked as taken, and the folder of each filing.
    fn new_items(
        &self,
        cik: Cik,
        found: &[WantedFiling],
    ) -> Result<(NewItems, Folders), VisitError> {
        let taken = &self.found.taken;
        let (mut items, mut folders) = (Vec::new(), HashMap::new());
        for WantedFiling {
            filing,
            wanted,
            again,
        } in found
        {
            for target in targets(filing, wanted) {
                let (folder, is_new) = taken.take(filing.accession, &target, cik);
                folders.insert(filing.accession, folder);
                if is_new {
                    let item = QueueItem {
                        accession: filing.accession,
                        folder,
                        target,
                        submission_size: filing.size,
                    };
                    items.push((item, *again));
                }
            }
        }
        let accessions: Vec<Accession> = items.iter().map(|(item, _)| item.accession).collect();
        let on_record = self.db.on_record(&accessions)?;
        let in_queue = self.in_queue_of_run(&accessions)?;
        let mut new = NewItems::default();
        for (mut item, again) in items {
            let known = on_record.get(&item.accession);
            item.folder = known.map_or(item.folder, |known| known.folder);
            let is_met = in_queue
                .as_ref()
                .is_none_or(|of| of.contains(&item.accession));
            let is_queued = known.is_some_and(|known| known.is_queued(&item.target));
            let comes_along = item.target != Target::Documents
                && (known.is_some_and(OnRecord::is_split_queued)
                    || taken.holds(item.accession, &Target::Documents));
            let lacks = match known {
                Some(known) => known.lacks(&item.target, again),
                None => !(comes_along && item.target.is_primary()),
            };
            if is_queued && !is_met {
                if comes_along {
                    new.items.push(QueueItem {
                        target: Target::Documents,
                        ..item.clone()
                    });
                }
                new.items.push(item);
            } else if lacks {
                if !comes_along {
                    new.requests.push(item.clone());
                }
                new.items.push(item);
            } else {
                taken.release_items(&[item]);
            }
        }
        Ok((new, folders))
    }

    /// Those of these filings whose queue entries this run downloads anyway; `None` is all. If a filing
    /// was queued for another filer and not known to belong to a company of this run, only discovery can
    /// pass it to the downloads.
    fn in_queue_of_run(
        &self,
        accessions: &[Accession],
    ) -> Result<Option<HashSet<Accession>>, VisitError> {
        match &self.services.queue_of {
            None => Ok(None),
            Some(companies) => Ok(Some(self.db.filed_by(accessions, companies)?)),
        }
    }

    fn after_success(&self, visit: &mut Visit) -> Result<NextStep, VisitError> {
        visit.attempts = 0;
        if visit.pages.as_ref().is_some_and(|pages| !pages.is_empty()) {
            return Ok(NextStep::Now);
        }
        if let Some(problem) = visit.missing_page.take() {
            return Ok(self.company_failed(problem, false));
        }
        self.queue_on_record(visit)?;
        let (services, began) = (
            self.services,
            visit.began.unwrap_or_else(|| self.services.clock.now()),
        );
        // Also where the rest was asked for: what came from the archive is as old as that.
        let archived = services.source.as_of().filter(|_| visit.used_archive);
        let selections = visit.goals.iter().map(|goal| goal.selection);
        let selections = selections.chain(visit.not_meant_by.iter().copied());
        let selections =
            selections.filter_map(|selection| services.visits.selections[selection].id);
        self.record(Record::CompanyChecked {
            cik: visit.company.cik,
            as_of: archived.unwrap_or(began),
            selections: selections.collect(),
            history: std::mem::take(&mut visit.history),
            profile: std::mem::take(&mut visit.profile),
        })?;
        Ok(NextStep::Done)
    }

    fn give_up(&self, visit: &mut Visit, url: &Url, error: &FetchError) -> NextStep {
        let is_missing = matches!(error, FetchError::NotFound);
        if is_missing && let Some(page) = visit.pages.as_mut().and_then(Vec::pop) {
            let done = self.page_missing(visit, url, page);
            return match done.and_then(|()| self.after_success(visit)) {
                Ok(next) => next,
                Err(VisitError::Database(e)) => {
                    self.services.abort(format!("{:#}", anyhow::Error::from(e)));
                    NextStep::Stop
                }
                Err(_) => NextStep::Stop,
            };
        }
        if let Some(problem) = visit.missing_page.take()
            && self.record(Record::Error(problem)).is_err()
        {
            return NextStep::Stop;
        }
        let (company, kind) = (&visit.company, error.kind());
        let problem = if is_missing && company.name.is_empty() {
            let cause = &"EDGAR has no filer with this CIK: check the number";
            ErrorReport::discovering(company, url, kind, cause)
        } else {
            ErrorReport::discovering(company, url, kind, error)
        };
        self.company_failed(problem, is_missing)
    }

    /// Records that EDGAR lists an older page and does not have it, which fails the company at the end of
    /// the visit. After three days of that the company counts as checked without the page.
    fn page_missing(
        &self,
        visit: &mut Visit,
        url: &Url,
        page: OlderPage,
    ) -> Result<(), VisitError> {
        let today = filing_day(self.services.clock.now());
        let days = self.db.days_page_missing(&page, today)? + 1;
        let next = if days < MISSING_DAYS {
            "EDGAR may be moving its filings: run the same command again tomorrow"
        } else {
            "on three days, so the next run takes the company without it; `backfill --retry-unavailable` \
             asks for it again"
        };
        let (name, from, to) = (page.name.as_str(), page.from, page.to);
        let cause = format!(
            "its older page {name} (filings from {from} to {to}) is not found, though its main document \
             lists it: {next}"
        );
        let problem = ErrorReport::discovering(&visit.company, url, "page_missing", &cause);
        self.record(Record::PageMissing(page))?;
        match visit.missing_page.replace(problem) {
            Some(before) => self.record(Record::Error(before)),
            None => Ok(()),
        }
    }

    /// `missing`: EDGAR does not have the company.
    fn company_failed(&self, problem: ErrorReport, missing: bool) -> NextStep {
        match self.record(Record::CompanyFailed { problem, missing }) {
            Ok(()) => NextStep::Done,
            Err(_) => NextStep::Stop,
        }
    }

    /// Records a problem that does not fail the company.
    fn problem(
        &self,
        company: &ShownCompany,
        url: &Url,
        kind: &'static str,
        cause: &dyn Display,
    ) -> Result<(), VisitError> {
        let problem = ErrorReport::discovering(company, url, kind, cause);
        self.record(Record::Error(problem))
    }

    /// Records how many problems of a document were not recorded one by one.
    fn record_rest(
        &self,
        company: &ShownCompany,
        url: &Url,
        kind: &'static str,
        all: usize,
    ) -> Result<(), VisitError> {
        match all.saturating_sub(MOST_RECORDED) {
            0 => Ok(()),
            more => self.problem(company, url, kind, &format!("{more} more are not recorded")),
        }
    }

    fn record(&self, record: Record) -> Result<(), VisitError> {
        let sent = self.found.records.send(record);
        sent.map(drop).map_err(|_| VisitError::StageEnded)
    }
}

/// The requests that get all that is wanted of a filing. The request for its documents includes the
/// primary document.
fn targets(filing: &Filing, wanted: &[ArtifactChoice]) -> Vec<Target> {
    let all = wanted.contains(&ArtifactChoice::Documents);
    let asked = wanted
        .iter()
        .filter(|w| !(all && **w == ArtifactChoice::Primary));
    let mut targets: Vec<Target> = Vec::new();
    for target in asked.map(|wanted| filing.target(*wanted)) {
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    // The documents first, since their request may include the others.
    targets.sort_by_key(|target| *target != Target::Documents);
    targets
}
