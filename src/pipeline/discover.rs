//! Second stage: which filings a company has, and which of their artifacts are new.
//!
//! One submissions request a company, and one more for each older page that the wanted dates
//! reach into.
//!
//! # Threading
//!
//! Runs on every thread of the discovery pool. It may block on its output, so nothing after it
//! may use that pool.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::atomic::Ordering::Relaxed;

use crossbeam_channel::{Receiver, Sender};
use url::Url;

use super::Services;
use super::item::{Job, Visit};
use super::record::{Problem, Record};
use super::work::{self, Next};
use crate::edgar::submissions::{self, Rows};
use crate::edgar::{Artifact, BadDocument, Filing};
use crate::net::{Expect, FetchError, RequestKind, retry};
use crate::store::{self, ArtifactStatus, KnownArtifact, Planned, Reader};

/// The largest submissions document read, in bytes; the largest measured has about 3 MB.
const MAX_DOCUMENT: u64 = 64 << 20;

/// Filings sent at a time, so that a bank with 100,000 of them does not fill the memory.
pub(super) const CHUNK: usize = 500;

/// Where discovery sends what it finds.
pub(super) struct Found {
    /// To the downloads, if there are any in this flow.
    pub jobs: Option<Sender<Job>>,
    /// To the writer.
    pub records: Sender<Record>,
}

/// Visits companies until there are no more.
pub(super) fn run(visits: &Receiver<Visit>, found: &Found, cx: &Services) {
    match Reader::open(&cx.db) {
        Ok(db) => {
            let discovery = Discovery { found, db, cx };
            work::run(visits, &cx.cancel, |visit| discovery.step(visit));
        }
        Err(e) => cx.abort(e.to_string()),
    }
}

/// Why a visit does not go on as planned.
enum Trouble {
    /// The request failed, or what came is no submissions document.
    Fetch(FetchError),
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
    /// One request for a company, and what follows from the answer.
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
                cx.abort(e.to_string());
                return Next::Stop;
            }
            Err(Trouble::Fetch(error)) => error,
        };
        visit.tries += u32::from(retry::counts_as_try(&error));
        match retry::next(
            &error,
            visit.tries,
            cx.options.max_attempts,
            fastrand::f64(),
        ) {
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

    /// Asks for the main document or the next older page, and passes on what it lists.
    fn read(&self, visit: &mut Visit, url: &Url) -> Result<(), Trouble> {
        let max = MAX_DOCUMENT;
        let bytes = self
            .cx
            .client
            .fetch(url, RequestKind::Discovery, Expect::Json { max })?;
        let damaged = |e: BadDocument| FetchError::Damaged(e.to_string());
        if let Some(pages) = &mut visit.pages {
            let rows = submissions::parse_page(&bytes).map_err(damaged)?;
            pages.pop();
            return self.pass_on(&visit.company, &rows, url);
        }
        let document = submissions::parse(&bytes).map_err(damaged)?;
        document.check_cik(visit.company.cik).map_err(damaged)?;
        for problem in &document.problems {
            self.problem(&visit.company, url, "bad_page", problem)?;
        }
        self.pass_on(&visit.company, &document.rows, url)?;
        let dates = &self.cx.options.filings.dates;
        let mut pages = document.older;
        pages.retain(|page| page.may_hold(dates));
        pages.reverse(); // the newest page is read first, so it lies on top
        visit.pages = Some(pages);
        Ok(())
    }

    /// Sends the wanted filings of some rows on, chunk by chunk.
    fn pass_on(&self, company: &Planned, rows: &Rows<'_>, url: &Url) -> Result<(), Trouble> {
        let wanted = &self.cx.options.filings;
        let mut chunk = Vec::new();
        for row in rows.iter() {
            match row {
                Ok(row) if wanted.forms.wants(row.form) && wanted.dates.contains(row.filed_on) => {
                    chunk.push(row.to_filing());
                }
                Ok(_) => {}
                Err(bad) => self.problem(company, url, "bad_row", &bad)?,
            }
            if chunk.len() == CHUNK {
                self.pass_on_chunk(company, std::mem::take(&mut chunk))?;
            }
        }
        if chunk.is_empty() {
            return Ok(());
        }
        self.pass_on_chunk(company, chunk)
    }

    /// Sends some filings to the writer, and then those artifacts of them that are new to the
    /// downloads. In this order: a row has to stand before its outcome is written.
    fn pass_on_chunk(&self, company: &Planned, filings: Vec<Filing>) -> Result<(), Trouble> {
        let artifacts = self.new_artifacts(company, &filings)?;
        let jobs: Vec<_> = artifacts.iter().cloned().map(Job::new).collect();
        self.record(Record::Filings {
            cik: company.cik,
            filings,
            artifacts,
        })?;
        let Some(downloads) = &self.found.jobs else {
            return Ok(());
        };
        let queued = &self.cx.counters.artifacts_queued;
        queued.fetch_add(jobs.len() as u64, Relaxed);
        for job in jobs {
            downloads.send(job).map_err(|_| Trouble::NobodyListens)?;
        }
        Ok(())
    }

    /// The artifacts that neither the database nor another thread takes care of.
    fn new_artifacts(
        &self,
        company: &Planned,
        filings: &[Filing],
    ) -> Result<Vec<Artifact>, Trouble> {
        let claims = &self.cx.claims;
        let claimed = claims.claim(filings.iter().map(|f| f.accession));
        let known = self.db.known_artifacts(claimed.iter().copied())?;
        // A filing stays in the folder where its first file is.
        let homes: HashMap<_, _> = known.iter().map(|k| (k.accession, k.cik)).collect();
        let known: HashMap<_, _> = known.iter().map(|k| ((k.accession, &*k.name), k)).collect();
        let (mut new, mut settled) = (Vec::new(), Vec::new());
        for filing in filings {
            if !claimed.contains(&filing.accession) {
                continue;
            }
            let (kind, name) = filing.artifact(self.cx.options.artifacts);
            let cik = match known.get(&(filing.accession, &*name)) {
                None => homes.get(&filing.accession).copied().unwrap_or(company.cik),
                Some(known) if self.nobody_downloads(known)? => known.cik,
                Some(_) => {
                    settled.push(filing.accession);
                    continue;
                }
            };
            new.push(Artifact {
                accession: filing.accession,
                cik,
                kind,
                name,
                submission_size: filing.size,
            });
        }
        claims.release(&settled);
        Ok(new)
    }

    /// Whether an artifact is queued for a company that this run is not about: a joint filing
    /// that was first found there. The backlog leaves it out, so it is ours.
    fn nobody_downloads(&self, known: &KnownArtifact) -> Result<bool, Trouble> {
        let queued = known.status != ArtifactStatus::Downloaded;
        Ok(queued && !self.db.in_scope(&self.cx.scope, known.cik)?)
    }

    fn after_success(&self, visit: &mut Visit) -> Next {
        visit.tries = 0;
        if visit.pages.as_ref().is_some_and(|pages| !pages.is_empty()) {
            return Next::Again;
        }
        self.done(Record::CompanyChecked {
            cik: visit.company.cik,
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
