//! Handles SIGINT, SIGTERM and SIGHUP: the first signal requests a stop, a later one ends the program at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
#[cfg(unix)]
use signal_hook::consts::SIGHUP;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::signal_name;

use crate::cancel::Cancel;
use crate::exit::Exit;
use crate::threads;

/// How long a run may take to stop before the program ends at once. The pipeline needs less; the limit is
/// for a thread that hangs. Finished downloads are recorded by then.
const LAST_RESORT: Duration = Duration::from_millis(9500);

/// Signals within this time of the first one are the same request. `timeout` sends two, to its child and to its
/// process group; a terminal that closes sends one, and so may its shell.
const SAME_REQUEST: Duration = Duration::from_millis(500);

/// The signal that asked the run to stop, if one did.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicU8>);

impl Interrupt {
    /// Installs the handler. The first signal sets `cancel`.
    pub fn listen(cancel: &Cancel) -> Result<Self> {
        Self::start(cancel, || ())
    }

    /// As [`Interrupt::listen`], and logs that the run is stopping, for runs that need some seconds.
    pub fn listen_aloud(cancel: &Cancel) -> Result<Self> {
        Self::start(cancel, || {
            log::warn!(
                "stopping after the requests in progress; a second signal ends the run at once"
            );
        })
    }

    fn start(cancel: &Cancel, heard: impl Fn() + Send + 'static) -> Result<Self> {
        let interrupt = Self::default();
        let mut signals = Signals::new(listened_to()).context("failed to handle signals")?;
        let (seen, stop) = (interrupt.clone(), cancel.clone());
        threads::spawn("signals", cancel, move || {
            let mut first: Option<Instant> = None;
            for signal in signals.forever() {
                let signal = u8::try_from(signal).unwrap_or(u8::MAX);
                match first {
                    Some(first) if first.elapsed() < SAME_REQUEST => continue,
                    Some(_) => leave(signal),
                    None => first = Some(Instant::now()),
                }
                seen.0.store(signal, Ordering::Relaxed);
                stop.set();
                heard();
                // If this thread cannot start, a second signal still ends the program.
                let _ = threads::spawn("last-resort", &stop, move || {
                    let _ = Cancel::default().sleep(LAST_RESORT);
                    leave(signal);
                });
            }
        })
        .context("failed to start a thread")?;
        Ok(interrupt)
    }

    /// The exit of an interrupted run; `None` without a signal.
    pub fn exit(&self) -> Option<Exit> {
        let signal = self.0.load(Ordering::Relaxed);
        (signal != 0).then_some(Exit::Interrupted { signal })
    }
}

/// The name of a signal, such as `SIGTERM`.
pub fn name(signal: u8) -> &'static str {
    signal_name(signal.into()).unwrap_or("a signal")
}

/// The signals that ask a run to stop.
fn listened_to() -> Vec<i32> {
    let mut signals = vec![SIGINT, SIGTERM];
    #[cfg(unix)]
    if !ignores_hangup() {
        signals.push(SIGHUP);
    }
    signals
}

/// Whether the program may handle SIGHUP. If it was started with SIGHUP ignored, as by `nohup`, a handler would
/// undo that. Linux reports ignored signals. If they are unknown, SIGHUP is not handled.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return true;
    };
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_none_or(|mask| mask & (1 << (SIGHUP - 1)) != 0)
}

fn leave(signal: u8) -> ! {
    #[expect(
        clippy::disallowed_methods,
        reason = "a second signal, or a run that did not stop in time"
    )]
    std::process::exit(Exit::Interrupted { signal }.code().into())
}
