//! Starts named threads and propagates their panics.

use std::io;
use std::panic::resume_unwind;
use std::thread::{self, JoinHandle};

use crate::cancel::Cancel;

/// A guard that requests the stop of the run if its thread panics.
struct StopOnPanic(Cancel);

impl Drop for StopOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.set();
        }
    }
}

/// Starts a thread. A panic of the thread sets `cancel`, so that the other threads stop, and [`join`]
/// propagates it.
///
/// # Errors
///
/// If the system cannot start another thread.
pub fn spawn<T: Send + 'static>(
    name: impl Into<String>,
    cancel: &Cancel,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let guard = StopOnPanic(cancel.clone());
    #[expect(
        clippy::disallowed_methods,
        reason = "all other code starts threads through this function"
    )]
    thread::Builder::new().name(name.into()).spawn(move || {
        let _guard = guard;
        work()
    })
}

/// Waits for a thread and returns its result.
///
/// # Panics
///
/// If the thread panicked.
#[expect(clippy::must_use_candidate, reason = "most threads return nothing")]
pub fn join<T>(thread: JoinHandle<T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

/// Waits for a thread; `None` if it panicked. The panic was printed when it happened.
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
