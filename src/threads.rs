//! Named threads whose panics are never lost.

use std::io;
use std::panic::resume_unwind;
use std::thread::{self, JoinHandle};

use crate::cancel::Cancel;

/// Stops the run when the thread that holds it panics.
struct StopOnPanic(Cancel);

impl Drop for StopOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.set();
        }
    }
}

/// Starts a thread. If it panics it sets `cancel`, so that the others do not run on without
/// it; [`join`] then carries the panic on.
///
/// # Errors
///
/// When the system has no thread to spare.
pub fn spawn<T: Send + 'static>(
    name: impl Into<String>,
    cancel: &Cancel,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let guard = StopOnPanic(cancel.clone());
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that starts threads"
    )]
    thread::Builder::new().name(name.into()).spawn(move || {
        let _guard = guard;
        work()
    })
}

/// Waits for a thread and returns what it returned.
///
/// # Panics
///
/// When the thread did: a panic is a bug, and bugs are shown.
#[expect(clippy::must_use_candidate, reason = "most threads return nothing")]
pub fn join<T>(thread: JoinHandle<T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

/// Waits for a thread; `None` where it panicked. The panic was shown when it happened.
pub fn join_or_none<T>(thread: JoinHandle<T>) -> Option<T> {
    thread.join().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::AssertUnwindSafe;

    #[test]
    fn a_panic_stops_the_run_and_is_carried_on() {
        let cancel = Cancel::default();
        let thread = spawn("doomed", &cancel, || panic!("on purpose")).unwrap();
        assert!(std::panic::catch_unwind(AssertUnwindSafe(|| join(thread))).is_err());
        assert!(cancel.is_set());
    }
}
