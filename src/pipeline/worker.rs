//! The loop of a worker. An item that must wait for a retry is parked, and the worker takes the next
//! item, so that no item delays the others.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use crate::cancel::Cancel;

/// When this many items are parked, the worker takes no new item. If so many fail, the cause is hardly
/// the items, and more parked items would only use memory.
const PARKED: usize = 64;

/// What follows one step of work on an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextStep {
    /// The item is done, or was given up.
    Done,
    /// Do the next step at once.
    Now,
    /// Do the next step after this time.
    After(Duration),
    /// The worker ends: the run ends, or the receiver of the results has ended.
    Stop,
}

/// Works on the items of `incoming` step by step until the channel ends or the run stops.
pub(super) fn run<T>(
    incoming: &Receiver<T>,
    cancel: &Cancel,
    mut step: impl FnMut(&mut T) -> NextStep,
) {
    let mut parked = BinaryHeap::new();
    while let Some(mut item) = next_item(incoming, &mut parked, cancel) {
        loop {
            match step(&mut item) {
                NextStep::Done => break,
                NextStep::Now if cancel.is_set() => return,
                NextStep::Now => {}
                NextStep::After(wait) => {
                    parked.push(Waiting {
                        due: Instant::now() + wait,
                        item,
                    });
                    break;
                }
                NextStep::Stop => return,
            }
        }
    }
}

/// The next item: a parked one whose wait is over, or else a new one.
fn next_item<T>(
    incoming: &Receiver<T>,
    parked: &mut BinaryHeap<Waiting<T>>,
    cancel: &Cancel,
) -> Option<T> {
    while !cancel.is_set() {
        let Some(due) = parked.peek().map(|w| w.due) else {
            return incoming.recv().ok();
        };
        if due <= Instant::now() {
            return parked.pop().map(|w| w.item);
        }
        let no_new = parked.len() >= PARKED;
        match if no_new {
            Err(RecvTimeoutError::Disconnected)
        } else {
            incoming.recv_deadline(due)
        } {
            Ok(item) => return Some(item),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                let _stopped = cancel.sleep_until(due);
            }
        }
    }
    None
}

/// A parked item. The greatest is the one that is due first.
struct Waiting<T> {
    due: Instant,
    item: T,
}

impl<T> Ord for Waiting<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.due.cmp(&self.due)
    }
}

impl<T> PartialOrd for Waiting<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Waiting<T> {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl<T> Eq for Waiting<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(n: u32) -> Receiver<u32> {
        let (sender, items) = crossbeam_channel::bounded(n as usize);
        (0..n).for_each(|item| sender.send(item).unwrap());
        items
    }

    #[test]
    fn an_item_that_waits_does_not_hold_up_the_others() {
        let (mut order, mut waited) = (Vec::new(), false);
        run(&items(3), &Cancel::default(), |item| {
            if *item == 0 && !waited {
                waited = true;
                return NextStep::After(Duration::from_millis(5));
            }
            order.push(*item);
            NextStep::Done
        });
        assert_eq!(order, [1, 2, 0]);
    }

    #[test]
    fn a_worker_with_many_parked_items_takes_no_new_one() {
        let total = u32::try_from(PARKED).unwrap() + 10;
        let (mut attempts, mut most, mut waiting) = (vec![0; total as usize], 0, 0);
        run(&items(total), &Cancel::default(), |item| {
            let attempts = &mut attempts[*item as usize];
            *attempts += 1;
            if *attempts == 1 {
                waiting += 1;
                most = most.max(waiting);
                return NextStep::After(Duration::from_millis(1));
            }
            waiting -= 1;
            NextStep::Done
        });
        assert!(attempts.iter().all(|t| *t == 2));
        assert!(most <= PARKED);
    }

    #[test]
    fn cancelling_ends_a_worker_whose_items_all_wait() {
        let cancel = Cancel::default();
        run(&items(2), &cancel, |_| {
            cancel.set();
            NextStep::After(Duration::from_hours(1))
        });
    }

    #[test]
    fn several_steps_are_done_in_a_row() {
        let mut steps = Vec::new();
        run(&items(2), &Cancel::default(), |item| {
            steps.push(*item);
            let again = steps.iter().filter(|s| *s == item).count() < 3;
            if again { NextStep::Now } else { NextStep::Done }
        });
        assert_eq!(steps, [0, 0, 0, 1, 1, 1]);
    }
}
