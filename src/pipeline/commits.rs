//! Sequence numbers of records, and the writer's announcement of the numbers that it has committed.
//!
//! A file gets its final name only after the row that queues it is committed. So a download waits
//! until the record with its row is committed. Most often that happens long before the last byte
//! arrives.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::{SendError, Sender};

use super::record::Record;

/// The position of a record in the order in which the writer gets them; 0 is before the first one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sequence(u64);

/// The sending end of the channel to the writer. Clones share one sequence.
#[derive(Debug, Clone)]
pub(super) struct Records {
    records: Sender<Record>,
    sent: Arc<Mutex<u64>>,
}

impl Records {
    pub(super) fn new(records: Sender<Record>) -> Self {
        Self {
            records,
            sent: Arc::default(),
        }
    }

    /// Sends a record and returns its number. Blocks while the channel is full.
    ///
    /// # Errors
    ///
    /// When the writer has ended.
    pub(super) fn send(&self, record: Record) -> Result<Sequence, SendError<()>> {
        // Sent under the lock, so that the numbers are in the order of the channel.
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        self.records.send(record).map_err(|_| SendError(()))?;
        *sent += 1;
        Ok(Sequence(*sent))
    }
}

/// The number of the last committed record.
#[derive(Debug, Default)]
pub(super) struct Commits {
    state: Mutex<CommitState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct CommitState {
    committed: u64,
    /// The writer has ended. Nothing more is committed.
    ended: bool,
}

impl Commits {
    /// Announces that this many more records are committed.
    pub(super) fn announce(&self, records: u64) {
        self.lock().committed += records;
        self.changed.notify_all();
    }

    /// Announces that nothing more is committed, and wakes all threads that wait.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// Waits until a record is committed. Returns `false` if the writer ended before.
    pub(super) fn wait(&self, record: Sequence) -> bool {
        let mut state = self.lock();
        while state.committed < record.0 && !state.ended {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.committed >= record.0
    }

    fn lock(&self) -> MutexGuard<'_, CommitState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls [`Commits::end`] however the writer ends, so that no thread waits forever.
pub(super) struct EndOnDrop<'a>(pub(super) &'a Commits);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cancel::Cancel;
    use crate::threads::{join, spawn};

    #[test]
    fn a_record_is_waited_for_until_it_is_committed() {
        let commits = Arc::new(Commits::default());
        assert!(commits.wait(Sequence(0)));
        let waiting = Arc::clone(&commits);
        let waiter = spawn("waiter", &Cancel::default(), move || {
            waiting.wait(Sequence(3))
        });
        commits.announce(2);
        commits.announce(1);
        assert!(join(waiter.unwrap()));
    }

    #[test]
    fn nobody_waits_for_a_writer_that_has_ended() {
        let commits = Commits::default();
        drop(EndOnDrop(&commits));
        assert!(!commits.wait(Sequence(1)));
    }
}
