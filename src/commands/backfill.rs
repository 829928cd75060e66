//! `backfill`: the main job. Companies in, filings discovered, artifacts downloaded.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};
use jiff::Timestamp;
use log::LevelFilter;

use super::demo::Demo;
use super::summary::Summary;
use super::{companies, dry_run, scope, session};
use crate::archive::Archive;
use crate::cancel::Cancel;
use crate::cli::{BackfillArgs, Cli, LogFormat, today};
use crate::config::{Backfill, Phases, Settings};
use crate::exit::Exit;
use crate::pipeline::{self, Aborted, Flow, Services};
use crate::progress::{Counters, Dashboard, Terminal};
use crate::signals::Interrupt;
use crate::store::{RunId, RunStatus, Writer};

/// The name of this command in `v_runs`.
const COMMAND: &str = "backfill";

/// Runs `backfill`.
pub(super) fn run(cli: &Cli, args: &BackfillArgs, terminal: &Terminal) -> Result<Exit> {
    let options = cli.backfill(args, today())?;
    if !args.demo {
        return job(args, options, &cli.settings()?, terminal);
    }
    let demo = Demo::start(today())?;
    let exit = job(args, options, demo.settings(), terminal)?;
    if cli.log_format() == LogFormat::Text && cli.log_level() >= LevelFilter::Warn {
        demo.say_what_to_do_next(terminal);
    }
    Ok(exit)
}

/// The whole job: lists, plan, run, report.
fn job(
    args: &BackfillArgs,
    options: Backfill,
    settings: &Settings,
    terminal: &Terminal,
) -> Result<Exit> {
    session::check(settings)?;
    let cancel = Cancel::default();
    let interrupt = Interrupt::listen(&cancel)?;
    let threads = options.concurrency.companies + options.concurrency.downloads;
    let client = session::client(settings, threads, options.block_cooldown, &cancel)?;
    let archive = Archive::open(&settings.data_dir)?;
    let (_lock, mut db) = session::open(settings)?;

    if let Err(e) = companies::ensure_fresh(&mut db, &client, &settings.urls, &cancel) {
        return interrupt.exit().ok_or(e);
    }
    let scope = scope::resolve(&db.reader()?, &options.companies)?;
    if args.dry_run {
        return dry_run::run(settings, &options, &scope, args.json);
    }

    let run = db.start_run(
        COMMAND,
        &options.to_json().to_string(),
        settings.urls.archives().as_str(),
        Timestamp::now(),
    )?;
    let cx = Arc::new(Services {
        options,
        scope,
        db: settings.db.clone(),
        urls: settings.urls.clone(),
        client,
        archive,
        counters: Counters::default(),
        claims: pipeline::Claims::default(),
        cancel,
        started: Instant::now(),
        aborted: Aborted::default(),
    });
    let db = watched(&cx, db, run, terminal)?;
    report(&cx, db, run, &interrupt, args.json)
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

/// Ends the run: its row, the table or JSON document, the exit code.
fn report(
    cx: &Services,
    mut db: Writer,
    run: RunId,
    interrupt: &Interrupt,
    json: bool,
) -> Result<Exit> {
    let pending = pending(cx, &db)?;
    let (status, exit) = outcome(cx, interrupt, pending);
    db.finish_run(run, status, &cx.run_counts(), Timestamp::now())?;
    db.close()?;
    let summary = Summary::new(COMMAND, run, status, cx, pending);
    session::print(&if json {
        summary.json()?
    } else {
        summary.table()
    })?;
    match (exit, cx.aborted.reason()) {
        (Exit::Aborted, Some(reason)) => Err(anyhow!("{reason}")),
        (Exit::Aborted, None) => Err(anyhow!(
            "a thread panicked: this is a bug, please report it"
        )),
        (exit, _) => Ok(exit),
    }
}

/// How many artifacts of the companies in scope are still to be downloaded.
fn pending(cx: &Services, db: &Writer) -> Result<u64> {
    let mut db = db.reader()?;
    db.plan(&cx.scope, None)?;
    Ok(db.queued()?.pending)
}

/// What the run came to, as its row and as its exit code.
fn outcome(cx: &Services, interrupt: &Interrupt, pending: u64) -> (RunStatus, Exit) {
    let now = cx.counters.snapshot();
    let failed = now.companies_failed + now.download_failed;
    let left = if cx.options.download { pending } else { 0 };
    match (cx.aborted.reason(), interrupt.exit()) {
        (Some(_), _) => (RunStatus::Failed, Exit::Aborted),
        (None, Some(exit)) => (RunStatus::Interrupted, exit),
        (None, None) if cx.cancel.is_set() => (RunStatus::Failed, Exit::Aborted),
        (None, None) if failed + left > 0 => (RunStatus::Partial, Exit::Partial),
        (None, None) => (RunStatus::Completed, Exit::Complete),
    }
}
