//! A run: what `backfill`, `update`, `download` and `text` share.
//!
//! ```text
//! checks ─▶ company lists ─▶ selections ─▶ plan ─▶ flow (see `pipeline`) ─▶ report
//! ```
//!
//! The commands differ in the companies that they visit: `backfill` visits all of its selection,
//! `update` those that changed in the followed selections, `download` none. `text` is a run only where
//! it has to download its document, which is then the whole queue of the run.

mod backfill;
pub mod companies;
mod discovery;
mod dry_run;
pub mod export;
mod forms;
pub mod identity;
mod listed;
mod metrics;
mod outcome;
pub mod preflight;
mod report;
mod summary;
mod update;

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use anyhow::{Context as _, Result};

use self::dry_run::DryRunPaths;
pub use self::outcome::{Outcome, reported};
use self::report::EndedRun;
use self::update::{IndexResult, RunPlan, UpdateRange};
use crate::cancel::Cancel;
use crate::config::{Budgets, Phases, PrintStyle, RunOptions, Settings};
use crate::counts::Counters;
use crate::edgar::QueueItem;
use crate::exit::Exit;
use crate::files::DataDir;
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
    /// Visits no company, downloads one file for the command that prints it, and prints nothing itself.
    Text,
}

impl RunKind {
    /// The name of the command in `v_runs`.
    pub fn command(self) -> &'static str {
        match self {
            Self::Backfill { .. } => "backfill",
            Self::Update => "update",
            Self::Download => "download",
            Self::Text => "text",
        }
    }

    /// Whether it visits companies, so that it needs the company lists.
    fn visits_companies(self) -> bool {
        matches!(self, Self::Backfill { .. } | Self::Update)
    }
}

/// What a run must do.
#[derive(Debug)]
pub struct RunRequest {
    pub kind: RunKind,
    pub options: RunOptions,
    /// The only file that is downloaded, which the run queues itself; `None` is the queue.
    pub only: Option<QueueItem>,
    /// Only print what the run would do.
    pub dry_run: bool,
    /// Print one JSON document instead of the table.
    pub json: bool,
    /// What the table is printed on.
    pub page: PrintStyle,
}

impl RunRequest {
    /// The options as one JSON object, for `v_runs.options`.
    fn to_json(&self) -> serde_json::Value {
        let mut options = self.options.to_json();
        if let Some(item) = &self.only {
            options["accession"] = item.accession.to_string().into();
            options["name"] = item.target.name(item.accession).into();
        }
        options
    }
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
    let paths = job.dry_run.then(|| DryRunPaths::of(settings)).transpose()?;
    let settings = paths.as_ref().map_or(settings, DryRunPaths::settings);
    let cancel = Cancel::default();
    let interrupt = Interrupt::listen_aloud(&cancel)?;
    let (kind, options) = (job.kind, job.options.clone());
    let threads = options.concurrency.companies + options.concurrency.downloads;
    // Start the clock before the company lists are fetched; they count towards the reported rate.
    let (began, started) = (settings.clock.now(), Instant::now());
    let client = preflight::client(settings, threads, options.block_cooldown, &cancel)?;
    let is_new = fs::symlink_metadata(&settings.data_dir).is_err();
    let data_dir = DataDir::open(&settings.data_dir)?;
    let (_lock, mut db) = preflight::open(settings)?;
    outcome.begin(settings, &options, terminal);
    let budget = start_budget(job, settings, &cancel)?;
    if kind.visits_companies() {
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
    let prepared = match Prepared::of(kind, &db, &options, (began, &cancel)) {
        Ok(prepared) => prepared,
        Err(e) => return refused(e, db, (data_dir, is_new)),
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
    let run = db.start_run(kind.command(), &job.to_json().to_string(), began)?;
    outcome.run = Some(run);
    let counters = Counters::default();
    let planned = match prepared {
        Prepared::Nothing => no_visits(job.only.as_ref(), &mut db, &counters),
        Prepared::Backfill(asked) => backfill::plan(&mut db, asked, settings.clock),
        Prepared::Update(days) => {
            let edgar = (&client, &settings.urls, options.max_attempts);
            days.follow(edgar, began, (&mut db, run))
        }
    };
    let plan = planned.and_then(|plan| without_unavailable(plan, &db, &options, &counters));
    let plan = plan.or_else(|e| {
        report::failed(&mut db, run, settings.clock.now())?;
        Err(e)
    })?;
    log_start(settings, &db, (job, run), &plan)?;
    let services = Arc::new(Services {
        source: discovery::source(settings, &options, plan.visits.companies.len() as u64),
        options,
        visits: plan.visits,
        queue_of,
        only: job.only.clone(),
        db: settings.db.clone(),
        urls: settings.urls.clone(),
        client,
        data_dir,
        same_pages: SamePages::on_record(&db.reader()?, &settings.urls)?,
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

/// Logs the start of a run with its selections.
fn log_start(
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
    let rate = settings.rate.map(std::num::NonZeroU32::get);
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

/// Starts to watch the budgets. They do not apply to --dry-run.
fn start_budget(job: &RunRequest, settings: &Settings, cancel: &Cancel) -> Result<Budget> {
    let disks = [settings.data_dir.as_path(), folder_of(&settings.db)];
    let budgets = if job.dry_run {
        Budgets::default()
    } else {
        job.options.budgets
    };
    Ok(Budget::start(budgets, &disks, cancel)?)
}

/// A run that is not recorded yet.
#[derive(Debug)]
enum Prepared {
    /// It visits no company.
    Nothing,
    Backfill(backfill::BackfillSelection),
    Update(UpdateRange),
}

impl Prepared {
    /// Nothing where the run is being stopped.
    fn of(
        kind: RunKind,
        db: &Writer,
        options: &RunOptions,
        (now, cancel): (jiff::Timestamp, &Cancel),
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
fn no_visits(only: Option<&QueueItem>, db: &mut Writer, counters: &Counters) -> Result<RunPlan> {
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

/// Ends a command of which what was asked for is refused. The lists that were loaded for it stay on record; a
/// data dir that is new does not.
fn refused(error: anyhow::Error, db: Writer, (data_dir, is_new): (DataDir, bool)) -> Result<Exit> {
    db.close()?;
    if is_new {
        data_dir.remove_unused();
    }
    Err(error)
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
        return Ok(Some(companies::resolve_known(&db, filter)?.some_ciks(&db)?));
    }
    // The plan has already logged the warnings.
    Ok(Some(companies::resolve(&db, filter)?.ciks(&db)?))
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
            followed.keep_members_for_profiles(&db.reader()?)?;
            listed::look_for(services, &mut db, run, followed)?
        }
        _ => 0,
    };
    if services.options.download && services.only.is_none() {
        db = download_rest(services, db, run)?;
    }
    Ok((db, looked_for))
}

/// Downloads the queue entries that were not tried: documents whose submission was already being requested,
/// and documents that a split could not extract.
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
        (RunKind::Download | RunKind::Text, _, _) => vec![Flow::Download],
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

    /// No input makes a thread panic, except a batch size of 0, which the command line refuses.
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
            unreachable!("the command is backfill")
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
            only: None,
            db: settings.db.clone(),
            urls: settings.urls.clone(),
            client,
            data_dir: DataDir::open(&settings.data_dir).unwrap(),
            same_pages: SamePages::new(false),
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
