//! A bounded channel to a pool of workers whose items travel in small batches.
//!
//! Waking a thread for each item costs more than the item itself once nothing else limits the
//! speed: on two cores, downloads without a limit took a fifth more processor time. So items are
//! sent singly while the workers wait for them, and together while they wait for the workers.
//! What is left of a worker's batch is there for all of them: no item waits behind another one.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError, SendError, Sender, TryRecvError, bounded};

/// The most items that travel together.
const BATCH: usize = 16;

/// A channel to so many workers. It holds at most two batches for each of them.
pub(super) fn channel<T>(workers: usize) -> (BatchSender<T>, BatchReceiver<T>) {
    let (batch_tx, batches) = bounded(2 * workers);
    let taken = Arc::new(Taken {
        batches: Mutex::new(Open {
            items: VecDeque::new(),
            receiving: 0,
        }),
        received: Condvar::new(),
    });
    (BatchSender(batch_tx), BatchReceiver { taken, batches })
}

/// The end that items are sent into.
#[derive(Debug)]
pub(super) struct BatchSender<T>(Sender<Vec<T>>);

impl<T> Clone for BatchSender<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> BatchSender<T> {
    /// Sends these items, in this order; blocks while the channel is full.
    ///
    /// # Errors
    ///
    /// When every worker has ended.
    pub(super) fn send(&self, items: Vec<T>) -> Result<(), SendError<()>> {
        let mut items = items.into_iter().peekable();
        while items.peek().is_some() {
            let is_waiting = self.0.len() < self.0.capacity().unwrap_or(0) / 2;
            let most = if is_waiting { 1 } else { BATCH };
            let batch = items.by_ref().take(most).collect();
            self.0.send(batch).map_err(|_| SendError(()))?;
        }
        Ok(())
    }
}

/// The end that workers take items from. Clones share one channel.
#[derive(Debug)]
pub(super) struct BatchReceiver<T> {
    taken: Arc<Taken<T>>,
    batches: Receiver<Vec<T>>,
}

/// What the workers share.
#[derive(Debug)]
struct Taken<T> {
    batches: Mutex<Open<T>>,
    /// A worker came back from receiving.
    received: Condvar,
}

#[derive(Debug)]
struct Open<T> {
    /// What is left of the batches that were taken.
    items: VecDeque<T>,
    /// Workers that wait for a batch, or have one that is not among the items yet.
    receiving: usize,
}

impl<T> Clone for BatchReceiver<T> {
    fn clone(&self) -> Self {
        Self {
            taken: Arc::clone(&self.taken),
            batches: self.batches.clone(),
        }
    }
}

impl<T> BatchReceiver<T> {
    /// The next item. Blocks until there is one, or until `due`.
    ///
    /// # Errors
    ///
    /// When none came in time, or none will come any more.
    pub(super) fn next(&self, due: Option<Instant>) -> Result<T, RecvTimeoutError> {
        let mut open = self.taken.lock();
        loop {
            if let Some(item) = open.items.pop_front() {
                return Ok(item);
            }
            match self.batches.try_recv() {
                Ok(batch) => {
                    open.items.extend(batch);
                    continue;
                }
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) if open.receiving == 0 => {
                    return Err(RecvTimeoutError::Disconnected);
                }
                // Another worker may have the last batch in its hands, which is for all of them.
                Err(TryRecvError::Disconnected) => {
                    let waited = self.taken.received.wait(open);
                    open = waited.unwrap_or_else(PoisonError::into_inner);
                    continue;
                }
            }
            open.receiving += 1;
            drop(open);
            let received = match due {
                Some(due) => self.batches.recv_deadline(due),
                None => self.batches.recv().map_err(RecvTimeoutError::from),
            };
            open = self.taken.lock();
            open.receiving -= 1;
            self.taken.received.notify_all();
            match received {
                Ok(batch) => open.items.extend(batch),
                Err(RecvTimeoutError::Timeout) => return Err(RecvTimeoutError::Timeout),
                Err(RecvTimeoutError::Disconnected) => {}
            }
        }
    }
}

impl<T> Taken<T> {
    fn lock(&self) -> std::sync::MutexGuard<'_, Open<T>> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
    use std::thread::yield_now;

    use super::*;
    use crate::cancel::Cancel;
    use crate::threads::{join, spawn};

    #[test]
    fn every_item_arrives_once_and_in_order() {
        let (sender_end, items) = channel(3);
        let sender = spawn("sender", &Cancel::default(), move || {
            sender_end.send((0..100).collect()).unwrap();
        });
        let items: Vec<u32> = std::iter::from_fn(|| items.next(None).ok()).collect();
        join(sender.unwrap());
        assert!(items.into_iter().eq(0..100));
    }

    #[test]
    fn workers_that_wait_get_items_singly_and_others_share_a_batch() {
        let (sender_end, items) = channel(2);
        sender_end.send((0..7).collect()).unwrap();
        let (one, other) = (items.clone(), items);
        let sizes: Vec<_> = one.batches.try_iter().map(|h| h.len()).collect();
        assert_eq!(sizes, [1, 1, 5]);
        sender_end.send((0..7).collect()).unwrap();
        for i in 0..7 {
            let worker = if i % 2 == 0 { &one } else { &other };
            assert_eq!(worker.next(None), Ok(i));
        }
    }

    /// Sent before the workers look, and while they wait.
    #[test]
    fn no_worker_ends_while_another_lays_a_batch_open() {
        for round in 0..2000 {
            let (sender_end, items) = channel(2);
            let batch = || sender_end.0.send((0..18).collect()).unwrap();
            let is_early = round % 2 == 0;
            if is_early {
                batch();
            }
            let (taken, ended) = (AtomicU32::new(0), AtomicBool::new(false));
            let state = Arc::new((taken, ended));
            let workers = [(); 2].map(|()| {
                let (items, state) = (items.clone(), Arc::clone(&state));
                spawn("worker", &Cancel::default(), move || {
                    let (taken, ended) = &*state;
                    let mut own = 0;
                    while items.next(None).is_ok() {
                        own += 1;
                        taken.fetch_add(1, SeqCst);
                        // Both look for the next one at the same moment.
                        while taken.load(SeqCst) < 2 * own && !ended.load(SeqCst) {
                            yield_now();
                        }
                    }
                    ended.store(true, SeqCst);
                    own
                })
            });
            if !is_early {
                batch();
            }
            drop(sender_end);
            assert_eq!(workers.map(|worker| join(worker.unwrap())), [9, 9]);
        }
    }

    #[test]
    fn a_channel_ends_with_either_end() {
        let (sender_end, items) = channel(1);
        sender_end.send(vec![1]).unwrap();
        drop(sender_end.clone());
        assert_eq!(items.next(Some(Instant::now())), Ok(1));
        let late = items.next(Some(Instant::now()));
        assert_eq!(late, Err(RecvTimeoutError::Timeout));
        let (sender_end_of_none, nobody) = super::channel::<u32>(1);
        drop((sender_end, nobody));
        assert_eq!(items.next(None), Err(RecvTimeoutError::Disconnected));
        assert!(sender_end_of_none.send(vec![1]).is_err());
    }
}
