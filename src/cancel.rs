//! The one way to stop: a flag that ends every wait.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Asks a run to stop. Clones share one state; setting it wakes every sleeper at once.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<State>);

#[derive(Debug, Default)]
struct State {
    set: Mutex<bool>,
    changed: Condvar,
}

impl Cancel {
    /// Stops the run. Never blocks for long; setting it twice is fine.
    pub fn set(&self) {
        *self.0.set.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.changed.notify_all();
    }

    /// Whether the run is to stop.
    pub fn is_set(&self) -> bool {
        *self.0.set.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps for `time`, or until the run is to stop. Returns whether it is.
    pub fn sleep(&self, time: Duration) -> bool {
        self.sleep_until(Instant::now() + time)
    }

    /// Sleeps until `deadline`, or until the run is to stop. Returns whether it is.
    pub fn sleep_until(&self, deadline: Instant) -> bool {
        let mut set = self.0.set.lock().unwrap_or_else(PoisonError::into_inner);
        while !*set {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            (set, _) = self
                .0
                .changed
                .wait_timeout(set, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads;

    #[test]
    fn setting_it_ends_a_long_sleep() {
        let cancel = Cancel::default();
        let sleeper = threads::spawn("sleeper", &cancel, {
            let cancel = cancel.clone();
            move || cancel.sleep(Duration::from_hours(1))
        })
        .unwrap();
        cancel.set();
        assert!(threads::join(sleeper));
    }

    #[test]
    fn a_sleep_that_nobody_ends_says_so() {
        assert!(!Cancel::default().sleep(Duration::from_millis(1)));
    }
}
