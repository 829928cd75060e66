//! `monitor`: shows the dashboard of a run in another process.
//!
//! It reads the row of the run twice a second, each time in a short transaction. So the run never waits for
//! the monitor, and the monitor does not make the write-ahead log of the run grow.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use serde::Serialize;

use super::stats::between;
use crate::cancel::Cancel;
use crate::cli::{Cli, MonitorArgs};
use crate::config::PrintStyle;
use crate::counts::CountGroup;
use crate::exit::Exit;
use crate::print::{print_json, print_report};
use crate::progress::format::{clock, printable};
use crate::progress::{Dashboard, Snapshot, Terminal, frame};
use crate::signals::Interrupt;
use crate::store::{Reader, RunLock, RunRow, RunStatus};
use crate::style::{failure, of_status};

/// The time between two reads. A run records its counts twice a second.
const GAP: Duration = Duration::from_millis(500);

/// The age of the last heartbeat from which a run counts as silent: it hangs, or its machine sleeps.
const SILENCE: Duration = Duration::from_secs(30);

const ERRORS: u32 = 3;

/// The state of a run as another process sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum RunState {
    None,
    Running,
    /// The run holds the lock, but its last heartbeat is older than [`SILENCE`].
    Silent,
    /// The row of the run says `running`, but its process has ended.
    Dead,
}

/// The latest run at the moment of a read.
#[derive(Debug)]
struct RunView {
    state: RunState,
    /// `None` before the first run.
    run: Option<RunRow>,
    errors: Vec<String>,
    error_kinds: BTreeMap<String, u64>,
    now: Timestamp,
}

pub(super) fn run(cli: &Cli, args: &MonitorArgs, terminal: &Terminal) -> Result<Exit> {
    let cancel = Cancel::default();
    let interrupt = Interrupt::listen(&cancel)?;
    let db = Reader::open(cli.db())?;
    let mut look = look(&db, cli.db())?;
    if args.json {
        print_json(&MonitorJson::new(&look))?;
        return Ok(Exit::Complete);
    }
    if !args.once && look.is_alive() {
        look = watch(cli, args, terminal, &db, look, &cancel)?;
        if let Some(exit) = interrupt.exit() {
            return Ok(exit);
        }
    }
    let mut text = look.words(Cli::style());
    if let (true, Some(snapshot)) = (args.once && look.state != RunState::None, look.snapshot()) {
        for line in frame(&snapshot, Cli::style().width) {
            writeln!(text, "{line}").expect("a String takes all");
        }
    }
    print_report(&text, Cli::style())?;
    Ok(Exit::Complete)
}

/// Shows the dashboard until the run ends or `cancel` is set. Returns the last state.
fn watch(
    cli: &Cli,
    args: &MonitorArgs,
    terminal: &Terminal,
    db: &Reader,
    mut now: RunView,
    cancel: &Cancel,
) -> Result<RunView> {
    let shown = Arc::new(Mutex::new(now.snapshot().unwrap_or_default()));
    let numbers = Arc::clone(&shown);
    let dashboard = Dashboard::start(cli.monitor_style(args), terminal, move || {
        numbers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    })
    .context("failed to start the dashboard")?;
    let run = now.run.as_ref().map(|run| run.id);
    let mut state = now.state;
    let result = loop {
        if cancel.sleep(GAP) {
            break Ok(());
        }
        now = match look(db, cli.db()) {
            Ok(look) => look,
            Err(e) => break Err(e),
        };
        if now.run.as_ref().map(|run| run.id) != run {
            break Ok(()); // the run has ended and another one has started
        }
        if let Some(snapshot) = now.snapshot() {
            *shown.lock().unwrap_or_else(PoisonError::into_inner) = snapshot;
        }
        if !now.is_alive() {
            break Ok(());
        }
        if now.state != state && now.state == RunState::Silent {
            let log = PrintStyle {
                styled: false,
                ..Cli::style()
            };
            log::warn!("{}", now.words(log).trim_end());
        }
        state = now.state;
    };
    dashboard.finish();
    result.map(|()| now)
}

/// Reads the row of the latest run.
fn look(db: &Reader, path: &Path) -> Result<RunView> {
    let mut run = db.latest_run()?;
    let mut state = state(run.as_ref(), path)?;
    if state == RunState::Dead {
        // The run may have ended between the read of its row and the check of its lock.
        run = db.latest_run()?;
        if run
            .as_ref()
            .is_none_or(|run| run.status != RunStatus::Running)
        {
            state = RunState::None;
        }
    }
    let errors = match &run {
        Some(run) => db.run_errors(run.id, ERRORS)?,
        None => Vec::new(),
    };
    let error_kinds = match &run {
        Some(run) => db.run_error_kinds(run.id)?,
        None => BTreeMap::new(),
    };
    Ok(RunView {
        state,
        run,
        error_kinds,
        errors: errors.iter().map(|e| printable(e)).collect(),
        now: Timestamp::now(),
    })
}

fn state(run: Option<&RunRow>, path: &Path) -> Result<RunState> {
    let Some(run) = run.filter(|run| run.status == RunStatus::Running) else {
        return Ok(RunState::None);
    };
    // If another process holds the lock, it is the next run, which has not written its row yet.
    let holds = |pid| pid == run.pid;
    if !RunLock::is_held(path)? || !RunLock::holder(path).is_none_or(holds) {
        return Ok(RunState::Dead);
    }
    Ok(match between(run.heartbeat_at, Timestamp::now()) {
        silence if silence > SILENCE => RunState::Silent,
        _ => RunState::Running,
    })
}

impl RunView {
    fn is_alive(&self) -> bool {
        matches!(self.state, RunState::Running | RunState::Silent)
    }

    /// The duration of the run: until now, its end, or its last heartbeat.
    fn elapsed(&self, run: &RunRow) -> Duration {
        let end = match self.state {
            RunState::Running => self.now,
            _ => run.ended_at.unwrap_or(run.heartbeat_at),
        };
        between(run.started_at, end)
    }

    /// The content of the dashboard.
    fn snapshot(&self) -> Option<Snapshot> {
        let run = self.run.as_ref()?;
        let progress = &run.progress;
        let pause_left = |until| between(self.now, until);
        Some(Snapshot {
            counts: progress.counts,
            recent_errors: self.errors.clone(),
            elapsed: self.elapsed(run),
            rate_limit: progress.rate_limit,
            paused: progress.paused,
            pause_left: progress.paused_until.map(pause_left).unwrap_or_default(),
            // The progress of `submissions.zip` is not recorded in the database.
            ..Snapshot::default()
        })
    }

    /// The state as one line of text.
    fn words(&self, style: PrintStyle) -> String {
        let Some(run) = &self.run else {
            return "No run is in progress, and none is recorded yet.\n".to_owned();
        };
        let name = format!("run {} ({})", run.id, printable(&run.command));
        let silence = clock(between(run.heartbeat_at, self.now));
        match self.state {
            RunState::None => format!(
                "No run is in progress. The last one, {name}, {} after {}.\n",
                of_status(run.status.as_str(), ended(run.status), style),
                clock(self.elapsed(run)),
            ),
            RunState::Running => {
                format!(
                    "Run {} ({}) is in progress.\n",
                    run.id,
                    printable(&run.command)
                )
            }
            RunState::Silent => format!(
                "No heartbeat from {name} for {silence}, but its process {} still holds the lock: it \
                 hangs, or the machine slept.\n",
                run.pid
            ),
            RunState::Dead => format!(
                "No run is in progress: {name} {}; last heartbeat {silence} ago. Start it again; it \
                 continues where it stopped.\n",
                failure("was killed", true, style)
            ),
        }
    }
}

fn ended(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Running => "is in progress",
        RunStatus::Completed => "was completed",
        RunStatus::Partial => "ended with items left",
        RunStatus::Failed => "failed",
        RunStatus::Interrupted => "was interrupted",
    }
}

/// The output of `--json`; its field names are public.
#[derive(Debug, Serialize)]
struct MonitorJson<'a> {
    state: RunState,
    run: Option<MonitorRun<'a>>,
}

#[derive(Debug, Serialize)]
struct MonitorRun<'a> {
    run_id: i64,
    command: &'a str,
    status: &'static str,
    pid: u32,
    started_at: String,
    heartbeat_at: String,
    ended_at: Option<String>,
    elapsed_s: f64,
    eta_s: Option<f64>,
    companies: MonitorCompanies,
    filings: CountGroup,
    artifacts: CountGroup,
    requests: MonitorRequests,
    /// How much went wrong, by kind.
    errors: &'a BTreeMap<String, u64>,
    recent_errors: &'a [String],
}

#[derive(Debug, Serialize)]
struct MonitorCompanies {
    #[serde(flatten)]
    counts: CountGroup,
    unchanged: u64,
    in_progress: u64,
    per_second: f64,
}

#[derive(Debug, Serialize)]
struct MonitorRequests {
    #[serde(flatten)]
    counts: CountGroup,
    per_second: f64,
    /// Requests per second; `null` is no limit.
    limit: Option<u32>,
    paused_s: f64,
    pause_left_s: f64,
}

impl<'a> MonitorJson<'a> {
    fn new(look: &'a RunView) -> Self {
        let run = look.run.as_ref().zip(look.snapshot());
        Self {
            state: look.state,
            run: run.map(|(run, snapshot)| MonitorRun::new(look, run, &snapshot)),
        }
    }
}

impl<'a> MonitorRun<'a> {
    fn new(look: &'a RunView, run: &'a RunRow, s: &Snapshot) -> Self {
        let counts = &s.counts;
        let eta = s.eta().filter(|_| look.is_alive());
        Self {
            run_id: run.id.get(),
            command: &run.command,
            status: run.status.as_str(),
            pid: run.pid,
            started_at: format!("{:.3}", run.started_at),
            heartbeat_at: format!("{:.3}", run.heartbeat_at),
            ended_at: run.ended_at.map(|at| format!("{at:.3}")),
            elapsed_s: rounded(s.elapsed.as_secs_f64()),
            eta_s: eta.map(|eta| rounded(eta.as_secs_f64())),
            companies: MonitorCompanies {
                counts: counts.group("companies"),
                unchanged: counts.companies_unchanged(),
                in_progress: counts.companies_in_progress,
                per_second: rounded(s.companies_per_second()),
            },
            filings: counts.group("filings"),
            artifacts: counts.group("artifacts"),
            requests: MonitorRequests {
                counts: counts.group("requests"),
                per_second: rounded(s.requests_per_second()),
                limit: s.rate_limit,
                paused_s: rounded(s.paused.as_secs_f64()),
                pause_left_s: rounded(s.pause_left.as_secs_f64()),
            },
            errors: &look.error_kinds,
            recent_errors: &look.errors,
        }
    }
}

/// Rounded to three decimals.
fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
