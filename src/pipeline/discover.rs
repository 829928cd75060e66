//! Second stage: which filings a company has, and which of their artifacts are new.
//!
//! One submissions document a company, and one more for each older page that the wanted dates
//! reach into and that was not read before: asked for one by one, or read from the archive of
//! all of them (see [`super::source`]). What cannot be read from the archive is asked for.
//!
//! # Threading
//!
//! Runs on every thread of the discovery pool. It may block on its output, so nothing after it
//! may use that pool.

use std::fmt::Display;
use std::sync::atomic::Ordering::Relaxed;

use crossbeam_channel::Sender;
use jiff::Timestamp;
use url::Url;

use super::Services;
use super::custody::{Custody, KnownFiles};
use super::feed::{Feed, Filler};
use super::item::{Job, Visit};
use super::record::{Problem, Record};
use super::work::{self, Next};
use crate::bulk::BadMember;
use crate::edgar::submissions::{self, OlderPage, Row, Rows};
use crate::edgar::{Artifact, BadDocument, Filing};
use crate::net::{Expect, FetchError, RequestKind, retry};
use crate::store::{self, PageKey, Planned, Reader};

/// The largest submissions document read, in bytes; the largest measured has about 3 MB.
const MAX_DOCUMENT: u64 = 64 << 20;

/// So many bad rows and pages of one document are told each; a document may hold a million.
const MOST_TOLD: usize = 100;

/// Filings sent at a time, so that a bank with 100,000 of them does not fill the memory.
pub(super) const CHUNK: usize = 100;

/// Where discovery sends what it finds.
pub(super) struct Found {
    /// To the downloads, if there are any in this flow.
    pub jobs: Option<Filler<Job>>,
    /// To the writer.
    pub records: Sender<Record>,
}

/// Visits companies until there are no more.
pub(super) fn run(visits: &Feed<Visit>, found: &Found, cx: &Services) {
    match Reader::open(&cx.db) {
        Ok(db) => {
            let discovery = Discovery { found, db, cx };
            work::run(visits, &cx.cancel, |visit| discovery.step(visit));
        }
        Err(e) => cx.abort(format!("{:#}", anyhow::Error::from(e))),
    }
}

/// Why a visit does not go on as planned.
enum Trouble {
    /// The request failed, or what came is no submissions document.
    Fetch(FetchError),
    /// The archive has no such document, or a damaged one.
    Member(BadMember),
    /// The writer or the downloads have ended: so does this stage.
    NobodyListens,
    /// The database cannot be read.
    Database(store::Error),
}

impl From<FetchError> for Trouble {
    fn from(error: FetchError) -> Self {
        Self::Fetch(error)
    }
}

impl From<BadMember> for Trouble {
    fn from(error: BadMember) -> Self {
        Self::Member(error)
    }
}

impl From<store::Error> for Trouble {
    fn from(error: store::Error) -> Self {
        Self::Database(error)
    }
}

struct Discovery<'a> {
    found: &'a Found,
    db: Reader,
    cx: &'a Services,
}

impl Discovery<'_> {
    /// One document of a company, and what follows from it.
    fn step(&self, visit: &mut Visit) -> Next {
        let cx = self.cx;
        let _in_progress = cx.counters.in_progress();
        let url = match visit.pages.as_deref() {
            None => cx.urls.submissions(visit.company.cik),
            Some([.., page]) => cx.urls.submissions_page(&page.name),
            Some([]) => unreachable!("a visit without pages to read is done"),
        };
        let error = match self.read(visit, &url) {
            Ok(()) => return self.after_success(visit),
            Err(Trouble::NobodyListens) => return Next::Stop,
            Err(Trouble::Database(e)) => {
                cx.abort(format!("{:#}", anyhow::Error::from(e)));
                return Next::Stop;
            }
            Err(Trouble::Member(bad)) => return self.leave_archive(visit, &url, &bad),
            Err(Trouble::Fetch(error)) => error,
        };
        visit.tries += u32::from(retry::counts_as_try(&error));
        let (next, error) = cx
            .client
            .next_step(error, visit.tries, cx.options.max_attempts);
        match next {
            retry::Next::After(wait) => {
                cx.client.traffic().count_retry();
                Next::After(wait)
            }
            retry::Next::GiveUp => self.give_up(visit, &url, &error),
            retry::Next::AbortRun => {
                cx.abort(error.to_string());
                Next::Stop
            }
            retry::Next::Stopped => Next::Stop,
        }
    }

    /// From here on, a company's documents are asked for one by one. Those that the archive had
    /// already stand: rows only ever move to older documents, which are read later.
    fn leave_archive(&self, visit: &mut Visit, url: &Url, bad: &BadMember) -> Next {
        visit.from_archive = false;
        let recorded = match bad {
            BadMember::Missing => {
                log::info!("company {}: {bad}", visit.company.cik);
                Ok(())
            }
            BadMember::Damaged(_) => self.problem(&visit.company, url, "bad_member", bad),
        };
        match recorded {
            Ok(()) => Next::Again,
            Err(_) => Next::Stop,
        }
    }

    /// Gets the main document or the next older page, and passes on what it lists.
    fn read(&self, visit: &mut Visit, url: &Url) -> Result<(), Trouble> {
        let (cx, max) = (self.cx, MAX_DOCUMENT);
        let from_archive = visit.from_archive;
        let bytes = if from_archive {
            cx.source.member(visit)?
        } else {
            cx.client
                .fetch(url, RequestKind::Discovery, Expect::Json { max })?
        };
        let damaged = |e: BadDocument| {
            if from_archive {
                Trouble::Member(BadMember::Damaged(e.to_string()))
            } else {
                Trouble::Fetch(FetchError::Damaged(e.to_string()))
            }
        };
        if let Some(pages) = &mut visit.pages {
            let rows = submissions::parse_page(&bytes).map_err(damaged)?;
            let page = pages.pop();
            let history = &mut visit.history;
            let whole = self.pass_on(&visit.company, &rows, url, |row| history.look_at(row))?;
            // A page with bad rows is read again: they may be mended by then. So is one with
            // filings queued under companies that no run like this one has in its backlog.
            return match page.filter(|_| whole) {
                Some(page) => self.record(Record::PageRead(page)),
                None => Ok(()),
            };
        }
        let document = submissions::parse(&bytes).map_err(damaged)?;
        document.check_cik(visit.company.cik).map_err(damaged)?;
        for problem in document.problems.iter().take(MOST_TOLD) {
            self.problem(&visit.company, url, "bad_page", problem)?;
        }
        self.untold(&visit.company, url, "bad_page", document.problems.len())?;
        for page in &document.older {
            visit.history.add_page(page);
        }
        let history = &mut visit.history;
        self.pass_on(&visit.company, &document.rows, url, |row| history.add(row))?;
        let (cik, wanted) = (visit.company.cik, self.cx.options.filings.dates);
        let dates = self.cx.visits.dates(cik, wanted);
        let mut older = document.older;
        older.retain(|page| page.may_hold(&dates));
        let mut pages = self.unread(older)?;
        pages.reverse(); // the newest page is read first, so it lies on top
        visit.pages = Some(pages);
        Ok(())
    }

    /// The pages that may hold wanted filings which no run has read yet.
    fn unread(&self, pages: Vec<OlderPage>) -> Result<Vec<OlderPage>, Trouble> {
        let wanted = &self.cx.options.filings;
        let forms = wanted.forms.to_string();
        let mut unread = Vec::new();
        for page in pages {
            if let Some(key) = PageKey::new(&page, &forms, &wanted.dates)
                && !self.db.is_page_read(&key)?
            {
                unread.push(page);
            }
        }
        Ok(unread)
    }

    /// Sends the wanted filings of some rows on, chunk by chunk, and shows every good row to
    /// `look`. Returns whether every row was good and is taken care of from now on.
    fn pass_on(
        &self,
        company: &Planned,
        rows: &Rows<'_>,
        url: &Url,
        mut look: impl FnMut(&Row<'_>),
    ) -> Result<bool, Trouble> {
        let (mut bad_rows, mut settled) = (0, true);
        let wanted = &self.cx.options.filings;
        let mut chunk = Vec::new();
        for row in rows.iter() {
            match row {
                Ok(row) => {
                    look(&row);
                    if wanted.wants(row.form, row.filed_on) {
                        chunk.push(row.to_filing());
                    }
                }
                Err(bad) => {
                    bad_rows += 1;
                    if bad_rows <= MOST_TOLD {
                        self.problem(company, url, "bad_row", &bad)?;
                    }
                }
            }
            if chunk.len() == CHUNK {
                settled &= self.pass_on_chunk(company, std::mem::take(&mut chunk))?;
            }
        }
        if !chunk.is_empty() {
            settled &= self.pass_on_chunk(company, chunk)?;
        }
        self.untold(company, url, "bad_row", bad_rows)?;
        Ok(bad_rows == 0 && settled)
    }

    /// Sends some filings to the writer, and then those artifacts of them that are new to the
    /// downloads. In this order: a row has to stand before its outcome is written. Returns whether
    /// what is queued of them is in the backlog of runs like this one.
    fn pass_on_chunk(&self, company: &Planned, filings: Vec<Filing>) -> Result<bool, Trouble> {
        let (artifacts, settled) = self.new_artifacts(company, &filings)?;
        let jobs: Vec<_> = artifacts.iter().cloned().map(Job::new).collect();
        self.record(Record::Filings {
            cik: company.cik,
            filings,
            artifacts,
        })?;
        if let Some(downloads) = &self.found.jobs {
            let queued = &self.cx.counters.artifacts_queued;
            queued.fetch_add(jobs.len() as u64, Relaxed);
            downloads.send(jobs).map_err(|_| Trouble::NobodyListens)?;
        }
        Ok(settled)
    }

    /// The artifacts that neither the database nor another thread takes care of, and whether all
    /// that is queued of these filings is in the backlog of runs like this one.
    fn new_artifacts(
        &self,
        company: &Planned,
        filings: &[Filing],
    ) -> Result<(Vec<Artifact>, bool), Trouble> {
        let claims = &self.cx.claims;
        let mut claimed = claims.claim(filings.iter().map(|f| f.accession));
        let known = KnownFiles::of(self.db.known_artifacts(claimed.iter().copied())?);
        let now = self.found.jobs.is_some();
        let (mut new, mut needless, mut settled) = (Vec::new(), Vec::new(), true);
        for filing in filings {
            let accession = filing.accession;
            if !claimed.remove(&accession) {
                continue; // another thread's, or listed twice
            }
            let (kind, name) = filing.artifact(self.cx.options.artifacts);
            let custody = known.custody(accession, &name, company.cik, now, |other| {
                self.db.in_scope(&self.cx.scope, other)
            })?;
            let (cik, stray) = match custody {
                Custody::New(home) => (home, false),
                Custody::Settled => {
                    needless.push(accession);
                    continue;
                }
                Custody::GoesOver | Custody::Stray(_) if !claims.adopt(accession) => {
                    needless.push(accession);
                    settled = false;
                    continue;
                }
                Custody::GoesOver => (company.cik, false),
                Custody::Stray(home) => (home, true),
            };
            let artifact = Artifact {
                accession,
                cik,
                kind,
                name,
                submission_size: filing.size,
            };
            settled &= !stray;
            if stray && !now {
                claims.leave(artifact.clone());
            }
            new.push(artifact);
        }
        claims.release(&needless);
        Ok((new, settled))
    }

    fn after_success(&self, visit: &mut Visit) -> Next {
        visit.tries = 0;
        if visit.pages.as_ref().is_some_and(|pages| !pages.is_empty()) {
            return Next::Again;
        }
        let archived = self.cx.source.as_of().filter(|_| visit.from_archive);
        self.done(Record::CompanyChecked {
            cik: visit.company.cik,
            as_of: archived.unwrap_or_else(Timestamp::now),
            history: std::mem::take(&mut visit.history),
        })
    }

    fn give_up(&self, visit: &Visit, url: &Url, error: &FetchError) -> Next {
        let problem = Problem::discovering(&visit.company, url, error.kind(), error);
        self.done(Record::CompanyFailed(problem))
    }

    /// Records something that costs less than the company.
    fn problem(
        &self,
        company: &Planned,
        url: &Url,
        kind: &'static str,
        cause: &dyn Display,
    ) -> Result<(), Trouble> {
        let problem = Problem::discovering(company, url, kind, cause);
        self.record(Record::Problem(problem))
    }

    /// Records how many of a document's problems were too many to record each.
    fn untold(
        &self,
        company: &Planned,
        url: &Url,
        kind: &'static str,
        all: usize,
    ) -> Result<(), Trouble> {
        match all.saturating_sub(MOST_TOLD) {
            0 => Ok(()),
            more => self.problem(company, url, kind, &format!("{more} more are left out")),
        }
    }

    fn done(&self, record: Record) -> Next {
        match self.record(record) {
            Ok(()) => Next::Done,
            Err(_) => Next::Stop,
        }
    }

    fn record(&self, record: Record) -> Result<(), Trouble> {
        self.found
            .records
            .send(record)
            .map_err(|_| Trouble::NobodyListens)
    }
}
