//! A run: what `backfill`, `update` and `download` share.
//!
//! ```text
//! checks ─▶ company lists ─▶ selections ─▶ plan ─▶ flow (see `pipeline`) ─▶ report
//! ```
//!
//! The commands differ in the companies that they visit: `backfill` visits all of its selection,
//! `update` those that changed in the followed selections, `download` none.

mod backfill;
pub mod companies;
mod discovery;
mod dry_run;
pub mod export;
mod forms;
pub mod identity;
mod listed;
mod metrics;
pub(crate) mod one_file;
mod outcome;
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

use self::dry_run::Rehearsal;
pub use self::outcome::{Outcome, reported};
use self::report::EndedRun;
use self::update::{IndexResult, RunPlan, UpdateRange};
use crate::cancel::Cancel;
use crate::config::{Budgets, Phases, PrintStyle, RunOptions, Settings};
use crate::counts::Counters;
use crate::exit::Exit;
use crate::files::DataDir;
use crate::net::{SEC_SITE, site_of};
use crate::pipeline::{self, Aborted, Budget, Flow, SamePages, Services, Visits};
use crate::progress::format::counted;
use crate::progress::{Activity, Dashboard, Terminal};
use crate::signals::Interrupt;
use crate::store::{QueueFilter, RunId, SelectionId, Writer};
use crate::universe::sync::{self, Lists};

/// The command of a run, which determines the companies that it visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunKind {
    /// Visits all companies of its selection.
    Backfill {
        /// Whether `update` follows the selection afterwards.
        follow: bool,
    },
    /// Visits the companies that changed in the followed selections.
    Update,
    /// Visits no company and only downloads the queue.
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

/// What a run must do.
#[derive(Debug)]
pub struct RunRequest {
    pub kind: RunKind,
    pub options: RunOptions,
    /// Only print what the run would do.
    pub dry_run: bool,
    /// Print one JSON document instead of the table.
    pub json: bool,
    /// What the table is printed on.
    pub page: PrintStyle,
}

/// Runs a command from the first check to the report.
///
/// # Errors
///
/// Whatever ends the run early. [`crate::exit::for_error`] has the exit code.
pub fn run(
    job: &RunRequest,
    settings: &Settings,
    terminal: &Terminal,
    outcome: &mut Outcome,
) -> Result<Exit> {
    outcome.is_dry = job.dry_run;
    preflight::check(settings)?;
    if job.kind == RunKind::Update {
        update::check(&settings.db)?;
    }
    identity::check_data_dir(settings)?;
    let rehearsal = job.dry_run.then(|| Rehearsal::of(settings)).transpose()?;
    let settings = rehearsal.as_ref().map_or(settings, Rehearsal::settings);
    let cancel = Cancel::default();
    let interrupt = Interrupt::listen_aloud(&cancel)?;
    let (kind, options) = (job.kind, job.options.clone());
    let threads = options.concurrency.companies + options.concurrency.downloads;
    // Start the clock before the company lists are fetched; they count towards the reported rate.
    let (began, started) = (settings.clock.now(), Instant::now());
    let client = preflight::client(settings, threads, options.block_cooldown, &cancel)?;
    let data_dir = DataDir::open(&settings.data_dir)?;
    let (_lock, mut db) = preflight::open(settings)?;
    outcome.begin(settings, &options, terminal);
    let budget = start_budget(job, settings, &cancel)?;
    if kind != RunKind::Download {
        let lists = Lists {
            client: &client,
            urls: &settings.urls,
            cancel: &cancel,
            now: began,
        };
        if let Err(e) = sync::ensure_fresh(&mut db, lists) {
            match interrupt.exit() {
                Some(exit) => return Ok(exit),
                None if budget.spent().is_some() => {}
                None => return Err(e),
            }
        }
    }
    let prepared = if cancel.is_set() {
        Prepared::Nothing
    } else {
        Prepared::of(kind, &db, &options, began)?
    };
    let queue_of = queue_filter(kind, &db, &options)?;
    if job.dry_run {
        if let Some(exit) = interrupt.exit() {
            return Ok(exit);
        }
        outcome.is_printed = true;
        return dry_run::run(kind, settings, &options, &prepared, queue_of, job.json);
    }
    identity::record_data_dir(settings, &mut db)?;
    identity::record_addresses(settings, &mut db)?;
    let run = db.start_run(kind.command(), &options.to_json().to_string(), began)?;
    outcome.run = Some(run);
    let planned = match prepared {
        Prepared::Nothing => Ok(no_visits()),
        Prepared::Backfill(asked) => backfill::plan(&mut db, asked, settings.clock),
        Prepared::Update(days) => {
            let edgar = (&client, &settings.urls, options.max_attempts);
            days.follow(edgar, began, (&mut db, run))
        }
    };
    let counters = Counters::default();
    let plan = planned.and_then(|plan| without_unavailable(plan, &db, &options, &counters));
    let plan = plan.or_else(|e| {
        report::failed(&mut db, run, settings.clock.now())?;
        Err(e)
    })?;
    let is_sec = site_of(settings.urls.archives()) == SEC_SITE;
    say_what_it_is_about(settings, &db, (kind, run), &plan)?;
    let services = Arc::new(Services {
        source: discovery::source(settings, &options, plan.visits.companies.len() as u64),
        options,
        visits: plan.visits,
        queue_of,
        db: settings.db.clone(),
        urls: settings.urls.clone(),
        client,
        data_dir,
        same_pages: SamePages::new(db.reader()?.refused_pages()?, is_sec),
        clock: settings.clock,
        counters,
        activity: Activity::default(),
        budget,
        cancel,
        started,
        aborted: Aborted::default(),
    });
    let mut followed = plan.followed;
    let flowed = watched(&services, db, run, (kind, followed.as_mut()), terminal);
    let (db, looked_for) = match flowed {
        Ok(flowed) => flowed,
        Err(e) => return Err(report::broken_off(&services, &settings.db, run, e)),
    };
    EndedRun {
        services: &services,
        run,
        kind,
        interrupt: &interrupt,
        selection: plan.selection,
        followed,
        looked_for,
    }
    .finish(db, outcome, (job.json, job.page))
}

/// Says what a run is about when it begins.
fn say_what_it_is_about(
    settings: &Settings,
    db: &Writer,
    (kind, run): (RunKind, RunId),
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
    let about = match (kind, selections.is_empty()) {
        (RunKind::Download, _) => "the queue".to_owned(),
        (_, true) => "no selection".to_owned(),
        (_, false) => selections.join("; "),
    };
    let (command, companies) = (kind.command(), plan.visits.companies.len());
    let rate = settings.rate.map(std::num::NonZeroU32::get);
    let limit = match rate {
        Some(rate) => format!("at most {rate} requests a second"),
        None => "no limit of requests".to_owned(),
    };
    let (database, data_dir) = (settings.db.display(), settings.data_dir.display());
    log::info!(
        event = "run_started", run_id = run.get(), command = command, db:% = database,
        data_dir:% = data_dir, companies = companies, rate = rate;
        "run {} ({command}): {} to look at, {limit}, database {database}, data dir {data_dir}; {about}",
        run.get(),
        counted(companies as u64, ["company", "companies"]),
    );
    Ok(())
}

/// Starts to watch what the run may cost. That does not apply to --dry-run.
fn start_budget(job: &RunRequest, settings: &Settings, cancel: &Cancel) -> Result<Budget> {
    let disks = [settings.data_dir.as_path(), folder_of(&settings.db)];
    let budgets = if job.dry_run {
        Budgets::default()
    } else {
        job.options.budgets
    };
    Ok(Budget::start(budgets, &disks, cancel)?)
}

/// The run before anything of it is recorded.
#[derive(Debug)]
enum Prepared {
    /// It visits no company.
    Nothing,
    Backfill(backfill::BackfillSelection),
    Update(UpdateRange),
}

impl Prepared {
    fn of(kind: RunKind, db: &Writer, options: &RunOptions, now: jiff::Timestamp) -> Result<Self> {
        let db = db.reader()?;
        Ok(match kind {
            RunKind::Backfill { follow } => Self::Backfill(backfill::asked(&db, options, follow)?),
            RunKind::Update => Self::Update(UpdateRange::since_last_run(&db, options, now)?),
            RunKind::Download => Self::Nothing,
        })
    }
}

fn no_visits() -> RunPlan {
    RunPlan {
        visits: Visits::default(),
        selection: None,
        followed: None,
    }
}

/// Removes unavailable companies from a plan, unless `--retry-unavailable` is given.
fn without_unavailable(
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
    // The plan has already warned of them.
    Ok(Some(companies::resolve_any(&db, filter)?.ciks(&db)?))
}

/// The folder of the database file.
fn folder_of(db: &Path) -> &Path {
    match db.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Runs the flows of the run while the dashboard shows it. Returns how many filings that an index
/// lists are still missing.
fn watched(
    services: &Arc<Services>,
    db: Writer,
    run: RunId,
    (kind, followed): (RunKind, Option<&mut IndexResult>),
    terminal: &Terminal,
) -> Result<(Writer, u64)> {
    let shown = Arc::clone(services);
    let dashboard = Dashboard::start(services.options.progress, terminal, move || {
        shown.snapshot()
    })
    .context("failed to start the dashboard")?;
    let result = flow(services, db, run, kind, followed);
    dashboard.finish();
    result
}

fn flow(
    services: &Arc<Services>,
    mut db: Writer,
    run: RunId,
    kind: RunKind,
    followed: Option<&mut IndexResult>,
) -> Result<(Writer, u64)> {
    for flow in flows(kind, &services.options) {
        if !services.cancel.is_set() {
            db = pipeline::run(services, db, run, flow)?;
        }
    }
    let looked_for = match followed {
        Some(followed) if !services.cancel.is_set() => {
            followed.leave_other_industries(&db.reader()?)?;
            listed::look_for(services, &mut db, run, followed)?
        }
        _ => 0,
    };
    if services.options.download {
        db = download_rest(services, db, run)?;
    }
    Ok((db, looked_for))
}

/// Downloads queue entries that were not tried: those that were left to a request that had already
/// begun, and those that a split could not extract.
fn download_rest(services: &Arc<Services>, mut db: Writer, run: RunId) -> Result<Writer> {
    let mut before = None;
    while !services.cancel.is_set() && services.budget.spent().is_none() {
        let length = db.reader()?.queue_length(&QueueFilter {
            companies: services.queue_of.clone(),
            ..QueueFilter::default()
        })?;
        let left = Some(length.pending);
        if length.pending == 0 || left == before {
            break;
        }
        before = left;
        db = pipeline::run(services, db, run, Flow::DownloadRest)?;
    }
    Ok(db)
}

/// The flows of the run, in their order.
fn flows(kind: RunKind, options: &RunOptions) -> Vec<Flow> {
    match (kind, options.download, options.concurrency.phases) {
        (RunKind::Download, _, _) => vec![Flow::Download],
        (_, false, _) => vec![Flow::Discover],
        (_, true, Phases::Together) => vec![Flow::DiscoverAndDownload],
        (_, true, Phases::OneAfterTheOther) => vec![Flow::Discover, Flow::Download],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use crate::pipeline::{OlderPages, VisitGoal};
    use jiff::civil::date;

    /// A panic cannot be had from outside, but from a batch of no company, which the command line refuses.
    #[test]
    fn a_panic_in_a_thread_ends_the_run_and_gives_the_database_back() {
        let folder = tempfile::tempdir().unwrap();
        let nobody = "http://127.0.0.1:9";
        let mut args = vec!["filing-etl".to_owned(), "backfill".to_owned()];
        for option in ["archives", "data", "listings"] {
            args.push(format!("--{option}-url={nobody}"));
        }
        let cli = Cli::try_from_args(args.into_iter().map(Into::into)).unwrap();
        let Command::Backfill(args) = &cli.command else {
            unreachable!("the command line says backfill")
        };
        let options = RunOptions {
            batch_size: 0,
            ..cli.backfill(args, date(2026, 3, 1)).unwrap()
        };
        let settings = Settings {
            db: folder.path().join("filings.db"),
            data_dir: folder.path().join("filings"),
            state_dir: folder.path().join("state"),
            ..cli.settings().unwrap()
        };
        let cancel = Cancel::default();
        let client = preflight::client(&settings, 2, options.block_cooldown, &cancel).unwrap();
        let mut db = Writer::open(&settings.db).unwrap();
        let run = db
            .start_run("backfill", "{}", settings.clock.now())
            .unwrap();
        let goal = VisitGoal {
            selection: 0,
            older: OlderPages::Whole,
            again: false,
        };
        let services = Arc::new(Services {
            source: discovery::source(&settings, &options, 1),
            visits: Visits {
                selections: Vec::new(),
                companies: vec![("7".parse().unwrap(), vec![goal])],
            },
            queue_of: None,
            db: settings.db.clone(),
            urls: settings.urls.clone(),
            client,
            data_dir: DataDir::open(&settings.data_dir).unwrap(),
            same_pages: SamePages::new([], false),
            clock: settings.clock,
            counters: Counters::default(),
            activity: Activity::default(),
            budget: Budget::start(Budgets::default(), &[folder.path(); 2], &cancel).unwrap(),
            cancel,
            started: Instant::now(),
            aborted: Aborted::default(),
            options,
        });
        let mut db = pipeline::run(&services, db, run, Flow::Discover).unwrap();
        let reason = services.aborted.reason().unwrap();
        assert!(reason.starts_with("a thread panicked"), "{reason}");
        assert!(services.cancel.is_set());
        report::failed(&mut db, run, settings.clock.now()).unwrap();
    }
}
