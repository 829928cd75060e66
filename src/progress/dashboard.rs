//! Shows the progress of a run: live bars on a terminal, printed lines elsewhere.
//!
//! # Threading
//!
//! One thread draws. It only reads counters, so no other thread waits for the terminal.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use log::kv::Value;
use log::{Level, Record};

use super::format::count;
use super::{Snapshot, frame};
use crate::cancel::Cancel;
use crate::style::{PrintStyle, failure};
use crate::threads;

/// How the progress of a run is shown on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DashboardStyle {
    None,
    /// Printed at an interval, and once at the end.
    Plain {
        /// The time between two frames.
        every: Duration,
    },
    /// As [`DashboardStyle::Plain`], but each frame is one log line, for JSON logs.
    Logged {
        /// The time between two frames.
        every: Duration,
    },
    /// Live bars; standard error has to be a terminal.
    Bars {
        /// Whether failures are coloured.
        styled: bool,
    },
}

/// The time between two redraws of live bars.
pub(super) const REDRAW: Duration = Duration::from_millis(100);

/// The log target of [`DashboardStyle::Logged`] frames.
pub(crate) const LOG_TARGET: &str = "progress";

/// The maximum width of printed lines; only long error messages are truncated.
const PLAIN_WIDTH: usize = 160;

/// Whether a write to standard error has failed. Nothing is written to it afterwards.
static STDERR_GONE: AtomicBool = AtomicBool::new(false);

/// Standard error, shared by log lines and bars so that they do not overwrite each other.
#[derive(Debug, Clone)]
pub struct Terminal {
    pub(super) multi: MultiProgress,
    is_journal: bool,
}

impl Terminal {
    /// Standard error, before anything is written. `journal_stream` is the value of systemd's variable
    /// `JOURNAL_STREAM`.
    pub fn new(journal_stream: Option<&str>) -> Self {
        Self {
            multi: MultiProgress::with_draw_target(ProgressDrawTarget::hidden()),
            is_journal: journal_stream.is_some_and(is_standard_error),
        }
    }

    /// The prefix from which the journal takes the level of a line; empty elsewhere.
    pub fn level_prefix(&self, level: Level) -> &'static str {
        match level {
            _ if !self.is_journal => "",
            Level::Error => "<3>",
            Level::Warn => "<4>",
            Level::Info => "<6>",
            Level::Debug | Level::Trace => "<7>",
        }
    }

    /// Prints that the work begins, before the first counts.
    pub fn begin(&mut self, style: DashboardStyle, text: &str) {
        match style {
            DashboardStyle::None => {}
            DashboardStyle::Plain { .. } | DashboardStyle::Bars { .. } => self.print_lines(text),
            DashboardStyle::Logged { .. } => {
                log::info!(target: LOG_TARGET, event = "run_begins"; "{text}");
            }
        }
    }

    /// Prints lines that are not log lines.
    pub(super) fn print_lines(&mut self, text: &str) {
        let prefix = self.level_prefix(Level::Info);
        let mut lines = String::new();
        for line in text
            .lines()
            .filter(|line| !(self.is_journal && line.is_empty()))
        {
            lines.extend([prefix, line, "\n"]);
        }
        // `Terminal` swallows a closed pipe, and there is no other error.
        let _ = self.write_all(lines.as_bytes());
    }
}

/// Whether standard error is the stream `device:inode`. A child process inherits the variable but may have
/// another standard error.
#[cfg(unix)]
fn is_standard_error(stream: &str) -> bool {
    rustix::fs::fstat(io::stderr())
        .is_ok_and(|found| stream == format!("{}:{}", found.st_dev, found.st_ino))
}

#[cfg(not(unix))]
fn is_standard_error(_stream: &str) -> bool {
    false
}

impl Write for Terminal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !STDERR_GONE.load(Ordering::Relaxed)
            && self
                .multi
                .suspend(|| io::stderr().write_all(bytes))
                .is_err()
        {
            STDERR_GONE.store(true, Ordering::Relaxed);
        }
        // A closed pipe must not end a run, because progress is not a result.
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The dashboard of a run, shown until [`Dashboard::finish`].
#[derive(Debug)]
#[must_use = "a dashboard must be finished"]
pub struct Dashboard {
    finished: Cancel,
    thread: JoinHandle<()>,
}

impl Dashboard {
    /// Starts a thread that shows what `numbers` returns.
    pub fn start(
        style: DashboardStyle,
        terminal: &Terminal,
        numbers: impl Fn() -> Snapshot + Send + 'static,
    ) -> io::Result<Self> {
        let finished = Cancel::default();
        let (done, mut terminal) = (finished.clone(), terminal.clone());
        let thread = threads::spawn("dashboard", &Cancel::default(), move || match style {
            DashboardStyle::None => {}
            DashboardStyle::Plain { every } => {
                while !done.sleep(every) {
                    print(&mut terminal, &numbers());
                }
                print(&mut terminal, &numbers());
            }
            DashboardStyle::Logged { every } => {
                while !done.sleep(every) {
                    record(&numbers());
                }
                record(&numbers());
            }
            DashboardStyle::Bars { styled } => {
                let multi = terminal.multi.clone();
                let mut bars = Bars::new(&multi, styled);
                while !done.sleep(REDRAW) {
                    bars.draw(&numbers());
                }
                bars.clear();
                print(&mut terminal, &numbers());
            }
        })?;
        Ok(Self { finished, thread })
    }

    /// Shows the last frame and stops.
    pub fn finish(self) {
        self.finished.set();
        // A panic of the drawing thread must not end the run.
        let _panicked = threads::join_or_none(self.thread).is_none();
    }
}

fn print(terminal: &mut Terminal, numbers: &Snapshot) {
    terminal.print_lines(&(frame(numbers, PLAIN_WIDTH).join("\n") + "\n\n"));
}

fn record(numbers: &Snapshot) {
    if !log::log_enabled!(target: LOG_TARGET, Level::Info) {
        return;
    }
    let counts: Vec<_> = numbers.counts.named().collect();
    let mut fields: Vec<(&str, Value<'_>)> = vec![
        ("event", Value::from("progress")),
        ("elapsed_s", Value::from(numbers.elapsed.as_secs_f64())),
        ("paused_s", Value::from(numbers.paused.as_secs_f64())),
    ];
    fields.extend(
        counts
            .iter()
            .map(|(name, count)| (*name, Value::from(*count))),
    );
    log::logger().log(
        &Record::builder()
            .level(Level::Info)
            .target(LOG_TARGET)
            .key_values(&fields)
            .args(format_args!("{}", frame(numbers, usize::MAX).join(" | ")))
            .build(),
    );
}

/// An empty line, bars for the archive (during its download), companies and downloads, and the lines of the
/// frame.
struct Bars<'a> {
    multi: &'a MultiProgress,
    margin: ProgressBar,
    archive: Option<ProgressBar>,
    companies: ProgressBar,
    downloads: ProgressBar,
    lines: Vec<ProgressBar>,
    style: PrintStyle,
    /// The columns of the terminal when the bars were drawn last.
    width: Option<usize>,
}

impl<'a> Bars<'a> {
    fn new(multi: &'a MultiProgress, styled: bool) -> Self {
        multi.set_draw_target(ProgressDrawTarget::stderr());
        // The `^C` that a terminal echoes moves the cursor down by one line, so the first line of the old
        // frame remains on the screen. That line is empty.
        let margin = multi.add(ProgressBar::new(0).with_style(style("{wide_msg}")));
        margin.tick();
        Self {
            multi,
            margin,
            archive: None,
            companies: multi.add(bar("Companies")),
            downloads: multi.add(bar("Downloads")),
            lines: Vec::new(),
            style: PrintStyle {
                width: usize::MAX,
                styled,
                is_terminal: true,
            },
            width: columns(),
        }
    }

    /// Erases the bars if the terminal has another width than when they were drawn. `indicatif` fills each
    /// row to the end, so for a terminal they are one long line, which it breaks anew at the new width.
    /// `indicatif` erases as many rows as it drew: too few after narrowing, and after widening also rows
    /// above the bars. A terminal that cuts lines off instead (xterm) loses as many rows above the bars.
    fn follow_resize(&mut self) {
        let (before, now) = (self.width, columns());
        self.width = now.or(before);
        let (Some(before), Some(now)) = (before, now) else {
            return;
        };
        if before == now {
            return;
        }
        let drawn = 3 + usize::from(self.archive.is_some()) + self.lines.len();
        let above = (drawn * before).div_ceil(now.max(1)).saturating_sub(1);
        // Row by row: some terminals keep a copy of what is erased from the top of the screen to its end.
        let erase = format!("\r\u{1b}[2K{}", "\u{1b}[A\u{1b}[2K".repeat(above));
        // A closed terminal is noticed by the next log line.
        let _ = io::stderr().write_all(erase.as_bytes());
        // The new target knows of no rows to erase.
        self.multi.set_draw_target(ProgressDrawTarget::stderr());
    }

    fn draw(&mut self, numbers: &Snapshot) {
        self.follow_resize();
        let (here, all) = (numbers.archive_bytes, numbers.archive_total);
        if here < all {
            let new = || self.multi.insert(1, bar("Archive"));
            let archive = self.archive.get_or_insert_with(new);
            archive.set_length(all);
            archive.set_position(here);
        } else if let Some(archive) = self.archive.take() {
            archive.finish_and_clear();
        }
        self.companies.set_length(numbers.counts.companies_total);
        self.companies.set_position(numbers.counts.companies_done);
        self.downloads.set_length(numbers.counts.artifacts_queued);
        self.downloads
            .set_position(numbers.counts.downloaded + numbers.counts.failed);
        for (i, text) in frame(numbers, usize::MAX).into_iter().enumerate() {
            if i == self.lines.len() {
                // `wide_msg` truncates a line to the current width of the terminal.
                let line = ProgressBar::new(0).with_style(style("{wide_msg}"));
                self.lines.push(self.multi.add(line));
            }
            self.lines[i].set_message(self.emphasised(text, numbers));
        }
    }

    /// A line of the frame with coloured failures.
    fn emphasised(&self, line: String, numbers: &Snapshot) -> String {
        let failed = format!("{} failed", count(numbers.counts.failed));
        let companies = format!("failed {}", count(numbers.counts.companies_failed));
        if line.starts_with("Error: ") {
            failure(&line, true, self.style)
        } else if numbers.counts.failed > 0 && line.starts_with("Downloads ") {
            line.replacen(&failed, &failure(&failed, true, self.style), 1)
        } else if numbers.counts.companies_failed > 0 && line.starts_with("Companies ") {
            line.replacen(&companies, &failure(&companies, true, self.style), 1)
        } else {
            line
        }
    }

    fn clear(mut self) {
        self.follow_resize();
        for bar in [self.margin, self.companies, self.downloads]
            .into_iter()
            .chain(self.archive)
            .chain(self.lines)
        {
            bar.finish_and_clear();
        }
        self.multi.set_draw_target(ProgressDrawTarget::hidden());
    }
}

/// The columns of the terminal that standard error is.
fn columns() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(io::stderr())?;
    Some(width.0.into())
}

fn bar(name: &'static str) -> ProgressBar {
    let style = style("{prefix:9} [{wide_bar}] {percent:>3}%").progress_chars("=> ");
    ProgressBar::new(0).with_style(style).with_prefix(name)
}

pub(super) fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are constants")
}
