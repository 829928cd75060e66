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
mod flows;
mod forms;
pub mod identity;
mod listed;
mod metrics;
mod outcome;
mod plan;
pub mod preflight;
mod report;
mod request;
mod summary;
mod update;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;

use self::dry_run::DryRunPaths;
pub use self::outcome::{Outcome, reported};
use self::plan::Prepared;
use self::report::EndedRun;
pub use self::request::{RunKind, RunRequest};
use crate::cancel::Cancel;
use crate::config::{Budgets, Settings};
use crate::counts::Counters;
use crate::exit::Exit;
use crate::files::DataDir;
use crate::pipeline::{Aborted, Budget, SamePages, Services};
use crate::progress::{Activity, Terminal};
use crate::signals::Interrupt;
use crate::store::Writer;
use crate::universe::sync::{self, Lists};

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
    let queue_of = plan::queue_filter(kind, &db, &options)?;
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
        Prepared::Nothing => plan::no_visits(job.only.as_ref(), &mut db, &counters),
        Prepared::Backfill(asked) => backfill::plan(&mut db, asked, settings.clock),
        Prepared::Update(days) => {
            let edgar = (&client, &settings.urls, options.max_attempts);
            days.follow(edgar, began, (&mut db, run))
        }
    };
    let plan = planned.and_then(|plan| plan::without_unavailable(plan, &db, &options, &counters));
    let plan = plan.or_else(|e| {
        report::failed(&mut db, run, settings.clock.now())?;
        Err(e)
    })?;
    plan::log_start(settings, &db, (job, run), &plan)?;
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
    let flowed = flows::watched(&services, db, run, (kind, followed.as_mut()), terminal);
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
    .finish(db, outcome, (job.json, (job.style)()))
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

/// Ends a command of which what was asked for is refused. The lists that were loaded for it stay on record; a
/// data dir that is new does not.
fn refused(error: anyhow::Error, db: Writer, (data_dir, is_new): (DataDir, bool)) -> Result<Exit> {
    db.close()?;
    if is_new {
        data_dir.remove_unused();
    }
    Err(error)
}

/// The folder of the database file.
fn folder_of(db: &Path) -> &Path {
    match db.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use crate::config::RunOptions;
    use crate::pipeline::{self, Flow, OlderPages, VisitGoal, Visits};
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
