//! What `backfill` and `update` share: lists, plan, flow, report.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};
use jiff::Timestamp;

use super::follow::{self, Days, Followed};
use super::summary::Summary;
use super::{companies, dry_run, scope, session, way};
use crate::archive::Archive;
use crate::bulk::Way;
use crate::cancel::Cancel;
use crate::config::{Backfill, Budgets, Phases, Settings};
use crate::edgar::calendar::{day_before, filing_day};
use crate::exit::Exit;
use crate::pipeline::{self, Aborted, Budget, Flow, Services, Visits};
use crate::progress::format::count;
use crate::progress::{Counters, Dashboard, Terminal};
use crate::signals::Interrupt;
use crate::store::{RunId, RunStatus, Scope, Writer};

/// Which companies a run looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// All.
    Backfill,
    /// Those that changed.
    Update,
}

impl Kind {
    /// The name of the command in `v_runs`.
    pub(super) fn command(self) -> &'static str {
        match self {
            Self::Backfill => "backfill",
            Self::Update => "update",
        }
    }
}

/// What a run is to do.
pub(super) struct Job {
    pub kind: Kind,
    pub options: Backfill,
    /// When it began.
    pub now: Timestamp,
    pub dry_run: bool,
    pub json: bool,
}

/// The whole job: lists, plan, run, report.
pub(super) fn run(job: Job, settings: &Settings, terminal: &Terminal) -> Result<Exit> {
    session::check(settings)?;
    let cancel = Cancel::default();
    let interrupt = Interrupt::listen_aloud(&cancel)?;
    let Job { kind, options, .. } = job;
    let threads = options.concurrency.companies + options.concurrency.downloads;
    // From before the limit's first slot: the lists are among the requests that the rate is of.
    let (began, started) = (Timestamp::now(), Instant::now());
    let client = session::client(settings, threads, options.block_cooldown, &cancel)?;
    let archive = Archive::open(&settings.data_dir)?;
    let (_lock, mut db) = session::open(settings)?;
    let disks = [settings.data_dir.as_path(), folder_of(&settings.db)];
    // A plan costs nothing of what the run may cost.
    let budgets = if job.dry_run {
        Budgets::default()
    } else {
        options.budgets
    };
    let budget = Budget::start(budgets, &disks, &cancel)?;

    let listed = companies::ensure_fresh(&mut db, &client, &settings.urls, &cancel);
    let scope = match listed {
        Ok(()) => scope::resolve(&db.reader()?, &options.companies)?,
        Err(e) => match interrupt.exit() {
            Some(exit) => return Ok(exit),
            None if budget.spent().is_some() => nobody(),
            None => return Err(e),
        },
    };
    let days = match kind {
        Kind::Update if !cancel.is_set() => {
            let mut db = db.reader()?;
            db.select(&scope)?;
            Some(Days::since_last_run(&db, &scope, &options, job.now)?)
        }
        _ => None,
    };
    if job.dry_run {
        if let Some(exit) = interrupt.exit() {
            return Ok(exit);
        }
        let days = days.as_ref();
        return dry_run::run(kind.command(), settings, &options, &scope, days, job.json);
    }

    let source = way::source(settings, &options, &scope, db.reader()?)?;
    owe(&mut db, &scope, &options, source.choice().way)?;
    let run = db.start_run(
        kind.command(),
        &options.to_json().to_string(),
        settings.urls.archives().as_str(),
        began,
    )?;
    let (visits, followed) = match days {
        None => (Visits::All, None),
        Some(days) => {
            let edgar = (&client, &settings.urls, &cancel);
            let followed = follow::follow(days, edgar, (&scope, &options), (&mut db, run));
            match followed {
                Ok((visits, followed)) => (visits, Some(followed)),
                Err(e) => {
                    let none = crate::store::RunCounts::default();
                    db.finish_run(run, RunStatus::Failed, &none, Timestamp::now())?;
                    return Err(e);
                }
            }
        }
    };
    let cx = Arc::new(Services {
        options,
        scope,
        visits,
        db: settings.db.clone(),
        urls: settings.urls.clone(),
        client,
        source,
        archive,
        counters: Counters::default(),
        claims: pipeline::Claims::default(),
        budget,
        cancel,
        started,
        aborted: Aborted::default(),
    });
    let db = watched(&cx, db, run, terminal)?;
    Report {
        cx: &cx,
        run,
        kind,
        now: job.now,
        interrupt: &interrupt,
        followed,
    }
    .finish(db, job.json)
}

/// Leaves the companies that this run is the first to look at to the watermarks of other forms.
fn owe(db: &mut Writer, scope: &Scope, options: &Backfill, way: Way) -> Result<()> {
    let mut reader = db.reader()?;
    reader.select(scope)?;
    let new = reader.never_checked()?;
    Ok(db.owe(&new, &options.filings.forms, way == Way::Bulk)?)
}

/// A scope without companies: for a run that ended before there was a list of them.
fn nobody() -> Scope {
    Scope {
        exchanges: None,
        ciks: Some(Vec::new()),
    }
}

/// The folder that the database is in.
fn folder_of(db: &Path) -> &Path {
    match db.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Runs the flows that the options ask for, with the dashboard above them.
fn watched(cx: &Arc<Services>, db: Writer, run: RunId, terminal: &Terminal) -> Result<Writer> {
    let shown = Arc::clone(cx);
    let dashboard = Dashboard::start(cx.options.progress, terminal, move || shown.snapshot())
        .context("failed to start the dashboard")?;
    let result = flows(&cx.options)
        .into_iter()
        .filter(|_| !cx.cancel.is_set())
        .try_fold(db, |db, flow| pipeline::run(cx, db, run, flow));
    dashboard.finish();
    result
}

/// What is done at once, and what after it.
fn flows(options: &Backfill) -> Vec<Flow> {
    let discover_only = Flow {
        discover: true,
        download: false,
    };
    let download_only = Flow {
        discover: false,
        download: true,
    };
    let both = Flow {
        discover: true,
        download: true,
    };
    match (options.download, options.concurrency.phases) {
        (false, _) => vec![discover_only],
        (true, Phases::Together) => vec![both],
        (true, Phases::OneAfterTheOther) => vec![discover_only, download_only],
    }
}

/// A run that has ended, and what its end depends on.
struct Report<'a> {
    cx: &'a Services,
    run: RunId,
    kind: Kind,
    now: Timestamp,
    interrupt: &'a Interrupt,
    followed: Option<Followed>,
}

impl Report<'_> {
    /// Ends the run: the watermark, its row, the table or JSON document, the exit code.
    fn finish(mut self, mut db: Writer, json: bool) -> Result<Exit> {
        let cx = self.cx;
        let pending = pending(cx, &db)?;
        if cx.aborted.reason().is_none() {
            self.move_watermark(&mut db)?;
        }
        let (status, exit) = self.outcome(pending);
        db.finish_run(self.run, status, &cx.run_counts(), Timestamp::now())?;
        db.close()?;
        if exit == Exit::Partial {
            self.say_what_is_left(pending);
        }
        let command = self.kind.command();
        let followed = self.followed.as_ref();
        let summary = Summary::new(command, self.run, status, cx, pending, followed);
        if json {
            session::print_json(&summary)?;
        } else {
            session::print(&summary.table())?;
        }
        match (exit, cx.aborted.reason()) {
            (Exit::Aborted, Some(reason)) => Err(anyhow!("{reason}")),
            (Exit::Aborted, None) => Err(anyhow!(
                "a thread panicked: this is a bug, please report it"
            )),
            (exit, _) => Ok(exit),
        }
    }

    /// Notes up to which day everything is known. A backfill knows it when every company was
    /// looked at: what EDGAR published by the day before it began was in their lists, or by the
    /// day before the archive of all submissions was made in that.
    fn move_watermark(&mut self, db: &mut Writer) -> Result<()> {
        let (cx, options) = (self.cx, &self.cx.options);
        if let Some(followed) = &mut self.followed {
            return followed.settle(&cx.scope, options, db);
        }
        let now = cx.counters.snapshot();
        let limit = options.companies.limit;
        let all = now.companies_total > 0
            && now.companies_done == now.companies_total
            && now.companies_failed == 0
            && limit.is_none_or(|limit| now.companies_total < limit);
        if self.kind == Kind::Backfill && all {
            let seen = cx
                .source
                .as_of()
                .map_or(self.now, |as_of| as_of.min(self.now));
            let day = day_before(filing_day(seen)).min(options.filings.dates.until);
            db.set_watermark(&cx.scope, &options.filings.forms, day, &[])?;
        }
        Ok(())
    }

    /// What the run came to, as its row and as its exit code.
    fn outcome(&self, pending: u64) -> (RunStatus, Exit) {
        let cx = self.cx;
        let now = cx.counters.snapshot();
        let indexes = self.followed.as_ref().map_or(0, Followed::days_failed);
        let failed = now.companies_failed + now.download_failed + indexes;
        let left = if cx.options.download { pending } else { 0 };
        match (cx.aborted.reason(), self.interrupt.exit()) {
            (Some(_), _) => (RunStatus::Failed, Exit::Aborted),
            (None, Some(exit)) => (RunStatus::Interrupted, exit),
            (None, None) if cx.budget.spent().is_some() => (RunStatus::Partial, Exit::Partial),
            (None, None) if cx.cancel.is_set() => (RunStatus::Failed, Exit::Aborted),
            (None, None) if failed + left > 0 => (RunStatus::Partial, Exit::Partial),
            (None, None) => (RunStatus::Completed, Exit::Complete),
        }
    }

    /// Tells what a budget left undone.
    fn say_what_is_left(&self, pending: u64) {
        let Some(spent) = self.cx.budget.spent() else {
            return;
        };
        let now = self.cx.counters.snapshot();
        let companies = match now.companies_total {
            0 => "the companies that were to be looked at".to_owned(),
            total => format!("{} companies", count(total - now.companies_done.min(total))),
        };
        log::warn!(
            "the run was ended, because {}: {companies} and {} queued artifacts are left for the \
             next run",
            spent.message,
            count(pending)
        );
    }
}

/// How many artifacts of the companies in scope are still to be downloaded.
fn pending(cx: &Services, db: &Writer) -> Result<u64> {
    let mut db = db.reader()?;
    db.select(&cx.scope)?;
    Ok(db.queued()?.pending)
}
