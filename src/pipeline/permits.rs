//! Limits how many threads do something at the same time.

use std::sync::{Condvar, Mutex, PoisonError};

/// A fixed number of permits.
#[derive(Debug)]
pub(super) struct Permits {
    free: Mutex<usize>,
    returned: Condvar,
}

/// A permit, held until it is dropped.
#[derive(Debug)]
#[must_use = "a permit that is dropped permits nothing"]
pub(super) struct Permit<'a>(&'a Permits);

impl Permits {
    pub(super) fn new(number: usize) -> Self {
        Self {
            free: Mutex::new(number),
            returned: Condvar::new(),
        }
    }

    /// Waits until a permit is free, and takes it.
    pub(super) fn take(&self) -> Permit<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self
            .returned
            .wait_while(free, |free| *free == 0)
            .unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Permit(self)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.returned.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    #[test]
    fn no_more_threads_than_permits_are_at_work() {
        let (permits, at_work, most) = (Permits::new(3), AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..12 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let _permit = permits.take();
                        most.fetch_max(at_work.fetch_add(1, SeqCst) + 1, SeqCst);
                        std::thread::yield_now();
                        at_work.fetch_sub(1, SeqCst);
                    }
                });
            }
        });
        assert!((1..=3).contains(&most.into_inner()));
        assert_eq!(permits.free.into_inner().unwrap(), 3);
    }
}
