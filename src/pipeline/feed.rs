//! A bounded channel to a pool of workers whose items travel by the handful.
//!
//! Waking a thread for each item costs more than the item itself once nothing else limits the
//! speed: on two cores, downloads without a limit took a fifth more processor time. So items are
//! sent singly while the workers wait for them, and together while they wait for the workers.
//! What a worker has of a handful is there for all of them: none waits behind another's item.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError, SendError, Sender, bounded};

/// The most items that travel together.
const HANDFUL: usize = 16;

/// A feed for so many workers. It holds at most two handfuls for each of them.
pub(super) fn feed<T>(workers: usize) -> (Filler<T>, Feed<T>) {
    let (handful_tx, handfuls) = bounded(2 * workers);
    let open = Arc::default();
    (Filler(handful_tx), Feed { open, handfuls })
}

/// The end of a feed that items are put into.
#[derive(Debug)]
pub(super) struct Filler<T>(Sender<Vec<T>>);

impl<T> Clone for Filler<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Filler<T> {
    /// Sends these items, in this order; blocks while the feed is full.
    ///
    /// # Errors
    ///
    /// When every worker has ended.
    pub(super) fn send(&self, items: Vec<T>) -> Result<(), SendError<()>> {
        let mut items = items.into_iter().peekable();
        while items.peek().is_some() {
            let hungry = self.0.len() < self.0.capacity().unwrap_or(0) / 2;
            let most = if hungry { 1 } else { HANDFUL };
            let handful = items.by_ref().take(most).collect();
            self.0.send(handful).map_err(|_| SendError(()))?;
        }
        Ok(())
    }
}

/// The end of a feed that workers take items from. Clones share one feed.
#[derive(Debug)]
pub(super) struct Feed<T> {
    /// What is left of the handfuls that were taken.
    open: Arc<Mutex<VecDeque<T>>>,
    handfuls: Receiver<Vec<T>>,
}

impl<T> Clone for Feed<T> {
    fn clone(&self) -> Self {
        Self {
            open: Arc::clone(&self.open),
            handfuls: self.handfuls.clone(),
        }
    }
}

impl<T> Feed<T> {
    /// The next item. Blocks until there is one, or until `due`.
    ///
    /// # Errors
    ///
    /// When none came in time, or none will come any more.
    pub(super) fn next(&self, due: Option<Instant>) -> Result<T, RecvTimeoutError> {
        loop {
            let mut open = self.open();
            if let Some(item) = open.pop_front() {
                return Ok(item);
            }
            // Taken and laid open at once: whoever looks in between would wait, or end, while
            // there is something to do.
            if let Ok(handful) = self.handfuls.try_recv() {
                open.extend(handful);
                continue;
            }
            drop(open);
            let handful = match due {
                Some(due) => self.handfuls.recv_deadline(due)?,
                None => self.handfuls.recv()?,
            };
            self.open().extend(handful);
        }
    }

    fn open(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
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
        let (filler, feed) = feed(3);
        let sender = spawn("sender", &Cancel::default(), move || {
            filler.send((0..100).collect()).unwrap();
        });
        let items: Vec<u32> = std::iter::from_fn(|| feed.next(None).ok()).collect();
        join(sender.unwrap());
        assert!(items.into_iter().eq(0..100));
    }

    #[test]
    fn workers_that_wait_get_items_singly_and_others_share_a_handful() {
        let (filler, feed) = feed(2);
        filler.send((0..7).collect()).unwrap();
        let (one, other) = (feed.clone(), feed);
        let sizes: Vec<_> = one.handfuls.try_iter().map(|h| h.len()).collect();
        assert_eq!(sizes, [1, 1, 5]);
        filler.send((0..7).collect()).unwrap();
        for i in 0..7 {
            let worker = if i % 2 == 0 { &one } else { &other };
            assert_eq!(worker.next(None), Ok(i));
        }
    }

    #[test]
    fn no_worker_ends_while_another_lays_a_handful_open() {
        for _ in 0..1000 {
            let (filler, feed) = feed(2);
            filler.send((0..18).collect()).unwrap();
            drop(filler);
            let (taken, ended) = (AtomicU32::new(0), AtomicBool::new(false));
            let state = Arc::new((taken, ended));
            let workers = [(); 2].map(|()| {
                let (feed, state) = (feed.clone(), Arc::clone(&state));
                spawn("worker", &Cancel::default(), move || {
                    let (taken, ended) = &*state;
                    let mut own = 0;
                    while feed.next(None).is_ok() {
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
            assert_eq!(workers.map(|worker| join(worker.unwrap())), [9, 9]);
        }
    }

    #[test]
    fn a_feed_ends_with_its_fillers_and_a_filler_with_its_feeds() {
        let (filler, feed) = feed(1);
        filler.send(vec![1]).unwrap();
        drop(filler.clone());
        assert_eq!(feed.next(Some(Instant::now())), Ok(1));
        let late = feed.next(Some(Instant::now()));
        assert_eq!(late, Err(RecvTimeoutError::Timeout));
        let (filler_of_none, nobody) = super::feed::<u32>(1);
        drop((filler, nobody));
        assert_eq!(feed.next(None), Err(RecvTimeoutError::Disconnected));
        assert!(filler_of_none.send(vec![1]).is_err());
    }
}
