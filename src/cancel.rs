//! A flag that stops a run and wakes its sleeping threads.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A request to stop a run. Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<State>);

#[derive(Debug, Default)]
struct State {
    set: Mutex<bool>,
    changed: Condvar,
}

impl Cancel {
    /// Requests the stop and wakes every sleeping thread. Further calls have no effect.
    pub fn set(&self) {
        *self.0.set.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.changed.notify_all();
    }

    /// Whether the stop is requested.
    pub fn is_set(&self) -> bool {
        *self.0.set.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps for `time`, or until the stop is requested. Returns whether it is requested.
    pub fn sleep(&self, time: Duration) -> bool {
        self.sleep_until(Instant::now() + time)
    }

    /// Sleeps until `deadline`, or until the stop is requested. Returns whether it is requested.
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
