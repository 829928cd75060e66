//! A run, on one screen: what `backfill`, `update` and `download` share.
//!
//! ```text
//! checks ─▶ company lists ─▶ selections ─▶ plan ─▶ flow (see `pipeline`) ─▶ report
//! ```
//!
//! The commands differ in which companies they visit: a backfill all of its selection, an update
//! those that changed in the selections that are followed, a download none.

mod backfill;
pub mod companies;
mod discovery;
mod dry_run;
mod forms;
pub mod identity;
mod listed;
pub(crate) mod one_file;
pub mod preflight;
mod report;
mod summary;
mod update;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use anyhow::{Context as _, Result};

use self::report::EndedRun;
use self::update::{Days, Followed, UpdatePlan};
use crate::cancel::Cancel;
use crate::config::{Budgets, Phases, RunOptions, Settings};
use crate::counts::Counters;
use crate::exit::Exit;
use crate::files::DataDir;
use crate::pipeline::{self, Aborted, Budget, Flow, Services, Visits};
use crate::progress::{Activity, Dashboard, Terminal};
use crate::signals::Interrupt;
use crate::store::{QueueFilter, RunId, Writer};
use crate::universe::sync::{self, Lists};

/// Which companies a run visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunKind {
    /// All of its selection. `update` follows it, unless it is not to.
    Backfill {
        /// Whether it is.
        follow: bool,
    },
    /// Those that changed in the followed selections.
    Update,
    /// None: only what is queued is downloaded.
    Download,
}

impl RunKind {
    /// The name of the command in `v_runs`.
    pub fn command(self) -> &'static str {
        match self {
            Self::Backfill { .. } => "backfill",
            Self::Update => "update",
            Self::Download => "download",
        }
    }
}

/// What a run is to do.
#[derive(Debug)]
pub struct RunRequest {
    /// Which companies it visits.
    pub kind: RunKind,
    /// How.
    pub options: RunOptions,
    /// Whether only to show what it would do.
    pub dry_run: bool,
    /// Whether to print one JSON document instead of the table.
    pub json: bool,
}

/// The whole job: checks, lists, plan, flow, report.
///
/// # Errors
///
/// Whatever keeps the run from coming to its end; [`crate::exit::for_error`] knows the exit code.
pub fn run(job: RunRequest, settings: &Settings, terminal: &Terminal) -> Result<Exit> {
    preflight::check(settings)?;
    if job.kind == RunKind::Update {
        update::check(&settings.db)?;
    }
    identity::check_data_dir(settings)?;
    let cancel = Cancel::default();
    let interrupt = Interrupt::listen_aloud(&cancel)?;
    let RunRequest { kind, options, .. } = job;
    let threads = options.concurrency.companies + options.concurrency.downloads;
    // Start the clock before the company lists are fetched; they count towards the reported rate.
    let (began, started) = (settings.clock.now(), Instant::now());
    let client = preflight::client(settings, threads, options.block_cooldown, &cancel)?;
    let data_dir = DataDir::open(&settings.data_dir)?;
    let (_lock, mut db) = preflight::open(settings)?;
    let disks = [settings.data_dir.as_path(), folder_of(&settings.db)];
    // Budgets do not apply to --dry-run.
    let budgets = if job.dry_run {
        Budgets::default()
    } else {
        options.budgets
    };
    let budget = Budget::start(budgets, &disks, &cancel)?;

    if kind != RunKind::Download {
        let lists = Lists {
            client: &client,
            urls: &settings.urls,
            cancel: &cancel,
            now: began,
        };
        match sync::ensure_fresh(&mut db, lists) {
            Ok(()) => {}
            Err(e) => match interrupt.exit() {
                Some(exit) => return Ok(exit),
                None if budget.spent().is_some() => {}
                None => return Err(e),
            },
        }
    }
    let prepared = if cancel.is_set() {
        Prepared::Nothing
    } else {
        Prepared::of(kind, &db, &options, began)?
    };
    let queue_of = queue_filter(kind, &db, &options)?;
    if job.dry_run {
        return match interrupt.exit() {
            Some(exit) => Ok(exit),
            None => dry_run::run(kind, settings, &options, &prepared, queue_of, job.json),
        };
    }
    identity::record_data_dir(settings, &mut db)?;
    identity::record_addresses(settings, &mut db)?;
    let run = db.start_run(kind.command(), &options.to_json().to_string(), began)?;
    let planned = match prepared {
        Prepared::Nothing => Ok(nobody()),
        Prepared::Backfill(asked) => backfill::plan(&mut db, asked, settings.clock),
        Prepared::Update(days) => {
            let edgar = (&client, &settings.urls, options.max_attempts);
            days.follow(edgar, began, (&mut db, run))
        }
    };
    let counters = Counters::default();
    let plan = planned.and_then(|plan| without_unavailable(plan, &db, &options, &counters));
    let plan = match plan {
        Ok(plan) => plan,
        Err(e) => {
            report::failed(&mut db, run, settings.clock.now())?;
            return Err(e);
        }
    };
    let companies = plan.visits.companies.len() as u64;
    let cx = Arc::new(Services {
        source: discovery::source(settings, &options, companies),
        options,
        visits: plan.visits,
        queue_of,
        db: settings.db.clone(),
        urls: settings.urls.clone(),
        client,
        data_dir,
        clock: settings.clock,
        counters,
        activity: Activity::default(),
        budget,
        cancel,
        started,
        aborted: Aborted::default(),
    });
    let mut followed = plan.followed;
    let (db, looked_for) = watched(&cx, db, run, (kind, followed.as_mut()), terminal)?;
    EndedRun {
        cx: &cx,
        run,
        kind,
        interrupt: &interrupt,
        selection: plan.selection,
        followed,
        looked_for,
    }
    .finish(db, job.json)
}

/// What a run is about, before anything of it is recorded.
#[derive(Debug)]
enum Prepared {
    /// It visits nobody.
    Nothing,
    Backfill(backfill::BackfillSelection),
    Update(Days),
}

impl Prepared {
    fn of(kind: RunKind, db: &Writer, options: &RunOptions, now: jiff::Timestamp) -> Result<Self> {
        let db = db.reader()?;
        Ok(match kind {
            RunKind::Backfill { follow } => Self::Backfill(backfill::asked(&db, options, follow)?),
            RunKind::Update => Self::Update(Days::since_last_run(&db, options, now)?),
            RunKind::Download => Self::Nothing,
        })
    }
}

fn nobody() -> UpdatePlan {
    UpdatePlan {
        visits: Visits::default(),
        selection: None,
        followed: None,
    }
}

/// Takes the companies that EDGAR does not have out of a plan, unless they are to be asked for again.
fn without_unavailable(
    mut plan: UpdatePlan,
    db: &Writer,
    options: &RunOptions,
    counters: &Counters,
) -> Result<UpdatePlan> {
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

/// The companies whose queue a run downloads: those of a company filter, or all without one.
fn queue_filter(
    kind: RunKind,
    db: &Writer,
    options: &RunOptions,
) -> Result<Option<Vec<crate::edgar::Cik>>> {
    let filter = &options.asked.companies;
    if !filter.is_given() {
        return Ok(None);
    }
    let db = db.reader()?;
    if kind == RunKind::Download {
        return Ok(Some(companies::resolve(&db, filter)?.some_ciks(&db)?));
    }
    // The plan has told of them.
    Ok(Some(companies::resolve_any(&db, filter)?.ciks(&db)?))
}

/// The folder that the database is in.
fn folder_of(db: &Path) -> &Path {
    match db.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Runs the flows that the options ask for, with the dashboard above them. Returns how many filings
/// that an index lists are still to be found.
fn watched(
    cx: &Arc<Services>,
    db: Writer,
    run: RunId,
    (kind, followed): (RunKind, Option<&mut Followed>),
    terminal: &Terminal,
) -> Result<(Writer, u64)> {
    let shown = Arc::clone(cx);
    let dashboard = Dashboard::start(cx.options.progress, terminal, move || shown.snapshot())
        .context("failed to start the dashboard")?;
    let result = flow(cx, db, run, kind, followed);
    dashboard.finish();
    result
}

fn flow(
    cx: &Arc<Services>,
    mut db: Writer,
    run: RunId,
    kind: RunKind,
    followed: Option<&mut Followed>,
) -> Result<(Writer, u64)> {
    for flow in flows(kind, &cx.options) {
        if !cx.cancel.is_set() {
            db = pipeline::run(cx, db, run, flow)?;
        }
    }
    let looked_for = match followed {
        Some(followed) if !cx.cancel.is_set() => {
            followed.leave_other_industries(&db.reader()?)?;
            listed::look_for(cx, &mut db, run, followed)?
        }
        _ => 0,
    };
    if cx.options.download {
        db = download_rest(cx, db, run)?;
    }
    Ok((db, looked_for))
}

/// Downloads what was queued and not tried: what a request was to bring along that was too far on its
/// way, or what a split could not take.
fn download_rest(cx: &Arc<Services>, mut db: Writer, run: RunId) -> Result<Writer> {
    let mut before = None;
    while !cx.cancel.is_set() && cx.budget.spent().is_none() {
        let length = db.reader()?.queue_length(&QueueFilter {
            companies: cx.queue_of.clone(),
            ..QueueFilter::default()
        })?;
        let left = Some(length.pending);
        if length.pending == 0 || left == before {
            break;
        }
        before = left;
        db = pipeline::run(cx, db, run, Flow::DownloadRest)?;
    }
    Ok(db)
}

/// What is done at once, and what after it.
fn flows(kind: RunKind, options: &RunOptions) -> Vec<Flow> {
    match (kind, options.download, options.concurrency.phases) {
        (RunKind::Download, _, _) => vec![Flow::Download],
        (_, false, _) => vec![Flow::Discover],
        (_, true, Phases::Together) => vec![Flow::DiscoverAndDownload],
        (_, true, Phases::OneAfterTheOther) => vec![Flow::Discover, Flow::Download],
    }
}
