//! One line of progress for commands without a dashboard: live on a terminal, printed elsewhere.
//!
//! # Threading
//!
//! One thread draws. It only reads the counters of its caller.

use std::io;
use std::thread::JoinHandle;

use indicatif::{ProgressBar, ProgressDrawTarget};

use super::dashboard::{LOG_TARGET, REDRAW, style};
use super::{DashboardStyle, Terminal};
use crate::cancel::Cancel;
use crate::threads;

/// A line that is shown until [`StatusLine::finish`].
#[derive(Debug)]
#[must_use = "a line must be finished"]
pub struct StatusLine {
    finished: Cancel,
    thread: JoinHandle<()>,
}

impl StatusLine {
    /// Starts a thread that shows what `text` returns.
    pub fn start(
        shown: DashboardStyle,
        terminal: &Terminal,
        text: impl Fn() -> String + Send + 'static,
    ) -> io::Result<Self> {
        let finished = Cancel::default();
        let (done, mut terminal) = (finished.clone(), terminal.clone());
        let thread = threads::spawn("progress", &Cancel::default(), move || match shown {
            DashboardStyle::None => {}
            DashboardStyle::Plain { every } => {
                while !done.sleep(every) {
                    terminal.print_lines(&text());
                }
                terminal.print_lines(&text());
            }
            DashboardStyle::Logged { every } => {
                while !done.sleep(every) {
                    log::info!(target: LOG_TARGET, "{}", text());
                }
                log::info!(target: LOG_TARGET, "{}", text());
            }
            DashboardStyle::Bars { .. } => {
                let multi = terminal.multi.clone();
                multi.set_draw_target(ProgressDrawTarget::stderr());
                let line = multi.add(ProgressBar::new(0).with_style(style("{wide_msg}")));
                while !done.sleep(REDRAW) {
                    line.set_message(text());
                }
                line.finish_and_clear();
                multi.set_draw_target(ProgressDrawTarget::hidden());
                terminal.print_lines(&text());
            }
        })?;
        Ok(Self { finished, thread })
    }

    /// Shows the last state and stops.
    pub fn finish(self) {
        self.finished.set();
        // A panic of the drawing thread must not end the command.
        let _panicked = threads::join_or_none(self.thread).is_none();
    }
}
