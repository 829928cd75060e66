//! Runs that are watched, signalled and killed.

use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use filing_etl::internals::Cancel;

use super::Output;

/// A timeout that is long enough on the slowest machine.
const WATCHDOG: Duration = Duration::from_mins(5);

/// The peak memory of a process so far, in kB; `None` once it has ended.
#[cfg(target_os = "linux")]
fn peak_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// A running process. It is killed when dropped, so that a failing test leaves no process.
#[derive(Debug)]
pub struct Running(Option<Child>);

impl Running {
    /// Starts a run.
    pub fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::start_as_is(command)
    }

    /// Starts a run whose output is configured by the command.
    pub fn start_as_is(mut command: Command) -> Self {
        Self(Some(command.spawn().unwrap()))
    }

    pub fn id(&self) -> u32 {
        self.0.as_ref().unwrap().id()
    }

    /// Waits for its end. Returns its peak memory in kB.
    #[cfg(target_os = "linux")]
    pub fn end_measured(mut self) -> (Output, u64) {
        let (process, peak) = (self.id(), std::cell::Cell::new(0));
        let _ended = self.until(|| {
            peak.set(peak_memory(process).unwrap_or(0).max(peak.get()));
            false
        });
        assert!(peak.get() > 1000, "nothing was measured");
        (self.end(), peak.get())
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.0.as_mut().unwrap().try_wait().unwrap().is_some()
    }

    /// Waits until a condition is true. Returns whether it became true before the run ended.
    pub fn until(&mut self, holds: impl Fn() -> bool) -> bool {
        let started = Instant::now();
        while !holds() {
            if self.has_ended() {
                return holds();
            }
            assert!(started.elapsed() < WATCHDOG, "it does not come to that");
            pause();
        }
        true
    }

    /// Sends a signal by its name, such as `INT`.
    pub fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let status = Command::new("kill")
            .args([&format!("-{name}"), &id])
            .stderr(Stdio::null())
            .status();
        // It may have ended a moment ago.
        let _ = status.unwrap();
    }

    /// Kills it with SIGKILL.
    pub fn kill(mut self) -> Output {
        let mut child = self.0.take().unwrap();
        child.kill().unwrap();
        Output::of_child(child)
    }

    /// Waits for its end.
    pub fn end(self) -> Output {
        self.end_within(WATCHDOG)
    }

    /// Waits for its end, and fails after a timeout.
    pub fn end_within(mut self, time: Duration) -> Output {
        let started = Instant::now();
        while !self.has_ended() {
            assert!(started.elapsed() < time, "it does not end within {time:?}");
            pause();
        }
        Output::of_child(self.0.take().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The number of cases that run at the same time. They mostly wait.
const AT_ONCE: usize = 8;

/// Runs a check for each case, several at a time. The first failure fails the test.
pub fn for_each<T: Sync>(cases: &[T], check: impl Fn(&T) + Sync) {
    let left = Mutex::new(cases.iter());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = { left.lock().unwrap().next() } {
                    check(case);
                }
            });
        }
    });
}

/// The time between two checks of a condition.
pub fn pause() {
    let _ = Cancel::default().sleep(Duration::from_millis(2));
}
