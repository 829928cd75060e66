//! Reports the result of a run, also of one that ended early: as JSON, to Prometheus, to a monitoring service
//! and in the log.

use std::time::Instant;

use anyhow::Result;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::export::Exported;
use super::metrics::{self, Ended, Sample};
use super::request::RunKind;
use super::summary::{Summary, SummaryExport};
use crate::config::{Notify, RunOptions, Settings};
use crate::exit::{Exit, for_error};
use crate::net::ping;
use crate::print::print_json;
use crate::progress::Terminal;
use crate::progress::format::{printable, seconds};
use crate::store::RunId;

/// Attempts to report the end of a run to a monitoring service.
const PINGS: u32 = 3;

/// The result of a run as far as it is known. The run fills it in, and [`reported`] reports it.
#[derive(Debug)]
pub struct Outcome {
    kind: RunKind,
    notify: Notify,
    started: Instant,
    /// The ID of the run, once it is recorded.
    pub(super) run: Option<RunId>,
    /// The summary, if the run has reached its end.
    pub(super) summary: Option<Summary>,
    /// Whether the result was printed, or is not to be printed.
    pub(super) is_printed: bool,
    /// Whether it is a dry run.
    pub(super) is_dry: bool,
    /// Why the run is incomplete, if that is not an error.
    pub(super) why: Option<String>,
}

/// The JSON document of a run that ends before it has a result. The field names are public.
#[derive(Debug, Serialize)]
struct EndedEarly<'a> {
    run_id: Option<i64>,
    command: &'static str,
    status: &'static str,
    elapsed_s: f64,
    error: &'a str,
}

/// Runs `work` and reports its result.
///
/// # Errors
///
/// The error of `work`.
pub fn reported(
    kind: RunKind,
    notify: Notify,
    work: impl FnOnce(&mut Outcome) -> Result<Exit>,
) -> Result<Exit> {
    let mut outcome = Outcome {
        kind,
        notify,
        started: Instant::now(),
        run: None,
        summary: None,
        is_printed: false,
        is_dry: false,
        why: None,
    };
    // What cannot be printed is an error of the run, which is reported as well.
    let result = match work(&mut outcome) {
        Ok(exit) => outcome.print(exit, None).map(|()| exit),
        Err(e) => {
            let printed = outcome.print(for_error(&e), Some(&format!("{e:#}")));
            printed.and(Err(e))
        }
    };
    let (exit, error) = match &result {
        Ok(exit) => (*exit, None),
        Err(e) => (for_error(e), Some(format!("{e:#}"))),
    };
    if !outcome.is_dry {
        outcome.log(exit, error.as_deref());
        outcome.write_metrics(exit);
        outcome.ping_end(exit, error.as_deref());
    }
    result
}

impl Outcome {
    /// Reports the start of the run on standard error and to the monitoring service. The next step, such as
    /// loading the company list, may take a while.
    pub(super) fn begin(&self, settings: &Settings, options: &RunOptions, terminal: &Terminal) {
        if self.is_dry {
            return;
        }
        let command = self.kind.command();
        let (database, data_dir) = (settings.db.display(), settings.data_dir.display());
        let text = format!("{command} begins: database {database}, data dir {data_dir}");
        terminal.clone().begin(options.progress, &printable(&text));
        self.ping("start", Some("start"), command, 1);
    }

    /// Adds the result of the export at the end of an update. Returns the exit code of both; `interrupted` is
    /// that of an interrupted export.
    ///
    /// # Errors
    ///
    /// The error of the export.
    pub fn with_export(
        &mut self,
        run: Exit,
        export: Result<Exported>,
        interrupted: Option<Exit>,
    ) -> Result<Exit> {
        let (status, error, exported, result) = match export {
            Ok(exported) => match exported.lacks() {
                None => ("completed", None, Some(exported), Ok(run)),
                Some(lacks) => {
                    let why = self.why.take().map(|why| format!("{why}; {lacks}"));
                    self.why = why.or_else(|| Some(lacks.clone()));
                    ("partial", Some(lacks), Some(exported), Ok(Exit::Partial))
                }
            },
            Err(e) => {
                let exit = interrupted.unwrap_or_else(|| for_error(&e));
                let error = interrupted.is_none().then(|| format!("{e:#}"));
                (ended_early(exit), error, None, interrupted.ok_or(e))
            }
        };
        if let Some(summary) = &mut self.summary {
            summary.export = Some(SummaryExport {
                status,
                error,
                exported,
            });
        }
        result
    }

    /// Prints the JSON document, unless something was printed: the summary, or why the run has none.
    fn print(&mut self, exit: Exit, error: Option<&str>) -> Result<()> {
        if !self.notify.json || self.is_printed {
            return Ok(());
        }
        if let Some(summary) = &self.summary {
            self.is_printed = true;
            return print_json(summary);
        }
        if exit == Exit::Complete {
            return Ok(());
        }
        self.is_printed = true;
        print_json(&EndedEarly {
            run_id: self.run.map(RunId::get),
            command: self.kind.command(),
            status: ended_early(exit),
            elapsed_s: seconds(self.started.elapsed()),
            error: error.unwrap_or("the run was interrupted before it began"),
        })
    }

    /// Logs the end of the run. With `-q` it also logs why the exit code is not 0; `main` logs an error.
    fn log(&self, exit: Exit, error: Option<&str>) {
        let (command, code) = (self.kind.command(), exit.code());
        let run_id = self.run.map(RunId::get);
        let name = match run_id {
            Some(id) => format!("run {id} ({command})"),
            None => command.to_owned(),
        };
        let elapsed_s = seconds(self.started.elapsed());
        let status = self.summary.as_ref().map(|summary| summary.status);
        log::info!(
            event = "run_ended", run_id = run_id, command = command, status = status,
            exit_code = code, elapsed_s = elapsed_s, error = error;
            "{name} ended with exit code {code}"
        );
        // With -q, no warning was shown before.
        if exit != Exit::Complete && error.is_none() && !log::log_enabled!(log::Level::Warn) {
            let why = self.why.as_deref().unwrap_or("it was interrupted");
            log::error!(
                event = "run_ended", run_id = run_id, command = command, status = status,
                exit_code = code, elapsed_s = elapsed_s;
                "{name} ended with exit code {code}: {why}"
            );
        }
    }

    /// Whether another run held the lock, so that there was no run. An export at the end of a run may be busy, too.
    fn is_of_another_run(&self, exit: Exit) -> bool {
        exit == Exit::Busy && self.run.is_none()
    }

    /// Writes the metrics file. If another run holds the lock, that run writes it.
    fn write_metrics(&self, exit: Exit) {
        let Some(path) = self.notify.metrics_file.as_deref() else {
            return;
        };
        if self.is_of_another_run(exit) {
            return;
        }
        let (mut samples, mut errors, mut database) = (Vec::new(), Vec::new(), Vec::new());
        if let Some(summary) = &self.summary {
            samples = summary.samples();
            errors = summary.errors.clone().into_iter().collect();
            database = database_samples(summary);
        }
        #[expect(clippy::cast_precision_loss, reason = "a time, to the second")]
        let at = self.notify.clock.now().as_second() as f64;
        let ended = Ended {
            command: self.kind.command(),
            at,
            duration_s: seconds(self.started.elapsed()),
            exit_code: exit.code(),
            samples: &samples,
            errors: &errors,
            database: &database,
        };
        if let Err(e) = metrics::write(path, &ended) {
            log::error!(
                event = "metrics_failed";
                "the metrics file {} cannot be written: {e:#}",
                path.display()
            );
        }
    }

    /// Reports the end of the run to the monitoring service. If another run holds the lock, that is only a
    /// note: the other run reports its own end.
    fn ping_end(&self, exit: Exit, error: Option<&str>) {
        let code = exit.code().to_string();
        let step = match exit {
            Exit::Complete => None,
            exit if self.is_of_another_run(exit) => Some("log"),
            _ => Some(code.as_str()),
        };
        let why = error.or(self.why.as_deref()).unwrap_or_default();
        let table = self.summary.as_ref().map(Summary::plain_table);
        let text = format!("{why}\n{}", table.unwrap_or_default());
        self.ping("result", step, text.trim(), PINGS);
    }

    fn ping(&self, what: &str, step: Option<&str>, text: &str, tries: u32) {
        let Some(url) = &self.notify.ping_url else {
            return;
        };
        let mut result = Ok(());
        for _ in 0..tries {
            result = ping(url, step, text, self.notify.timeouts.response);
            if result.is_ok() {
                return;
            }
        }
        if let Err(why) = result {
            // Only the host: the whole address would let others report in our name.
            let host = url.host_str().unwrap_or_default();
            log::warn!(
                event = "ping_failed", host = host;
                "the {what} of the run could not be sent to {host}: {why}: check --ping-url"
            );
        }
    }
}

/// The status of a run or an export that has no result.
fn ended_early(exit: Exit) -> &'static str {
    match exit {
        Exit::Busy => "busy",
        Exit::Interrupted { .. } => "interrupted",
        _ => "failed",
    }
}

fn database_samples(summary: &Summary) -> Vec<Sample> {
    let left = summary.left;
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2^53 files")]
    let mut samples = vec![
        (
            "filing_etl_queue_artifacts",
            String::new(),
            left.queued as f64,
        ),
        (
            "filing_etl_unavailable_artifacts",
            String::new(),
            left.unavailable as f64,
        ),
    ];
    if let Some(day) = summary.through_day {
        samples.push((
            "filing_etl_through_timestamp_seconds",
            String::new(),
            midnight(day),
        ));
    }
    samples
}

/// The beginning of a day in UTC, in seconds since 1970.
#[expect(clippy::cast_precision_loss, reason = "a time, to the second")]
fn midnight(day: Date) -> f64 {
    TimeZone::UTC
        .to_timestamp(day.to_datetime(jiff::civil::Time::midnight()))
        .map_or(0.0, |time| time.as_second() as f64)
}
