//! Slots: at most N requests reach the server in any second.
//!
//! There are N slots. A request takes a free one. The slot is free again a full second after the
//! response *began*, or after the request failed.
//!
//! *Why this holds.* A request arrives at the server between the time when it is sent and the time
//! when its response begins. The next request on the same slot is sent at least a second after that
//! response began. So two arrivals on one slot are at least a second apart, and any second has at most
//! one arrival for each slot: N. Evenly spaced requests alone could not guarantee that, since the
//! network may delay some and deliver several at once. One gap remains: a request may time out on our
//! side and arrive later. The timeouts are far longer than any route takes.
//!
//! *What it costs.* The rate is N / (1 s + round trip) instead of N a second. A request that hangs
//! blocks its own slot only; the other N - 1 stay available.
//!
//! # Beyond one process
//! Each slot is a file that is locked while its request is in flight. The file holds the wall-clock
//! time at which the slot is free again, or "in flight". So several runs share the N slots; a run with
//! a lower rate uses only the first of them. A crash releases the lock. If a process died while its
//! request was in flight, the slot rests for a second from the moment another process finds it so.
//! Locks and files are read only when a slot is about to be taken. That is soon enough, since a
//! released slot rests for a second. The clock is read once the file is locked: another run may have
//! released the slot a moment ago, and its rest must not count from before that.
//!
//! If a file cannot be opened or written while the program runs (a full disk, for instance), the limit
//! still holds within this process, from memory, and a warning is logged.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use log::{debug, warn};

use super::TimePoint;

/// How long a slot rests: a second, and 1 ms for clocks that differ slightly.
pub(super) const REST: Duration = Duration::from_millis(1001);
/// How soon a slot that another run holds is checked again.
const FOREIGN: Duration = Duration::from_millis(20);
/// The wait when all slots are in flight. None can be free sooner than [`REST`], so this is enough.
const ALL_BUSY: Duration = Duration::from_millis(100);
/// The length of a record in bytes. It is fixed and written in place, so a full disk does not matter.
const RECORD: usize = 24;

/// All slots of one site, as this process knows them.
#[derive(Debug)]
pub(super) struct Slots {
    folder: PathBuf,
    states: Mutex<Vec<SlotState>>,
    told_of_others: AtomicBool,
    told_of_trouble: AtomicBool,
}

#[derive(Debug, Clone, Copy)]
enum SlotState {
    /// Free from this time on, unless another run has used it since.
    Idle { free_at: Instant },
    /// Taken by this process.
    Mine,
    /// In use by another run when last checked.
    Foreign { look_again: Instant },
}

/// The result of [`Slots::take`].
#[derive(Debug)]
pub(super) enum Reservation<'a> {
    /// A slot that may be used from [`Reserved::free_at`] on.
    Slot(Reserved<'a>),
    /// No slot is available; call again at this time.
    Wait(Instant),
}

/// The content of a slot file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SlotRecord {
    Never,
    InFlight,
    /// Free at this wall-clock time, in milliseconds.
    FreeAt(u64),
    Unreadable,
}

impl Slots {
    /// Creates `count` slots with their files in `folder`, which must exist.
    pub(super) fn new(folder: PathBuf, count: usize, now: Instant) -> Self {
        Self {
            folder,
            states: Mutex::new(vec![SlotState::Idle { free_at: now }; count]),
            told_of_others: AtomicBool::new(false),
            told_of_trouble: AtomicBool::new(false),
        }
    }

    /// Reserves the slot that is free first, out of the first `allowed` ones. `clock` tells the time.
    pub(super) fn take(&self, allowed: usize, clock: impl Fn() -> TimePoint) -> Reservation<'_> {
        let mut states = self.states();
        let allowed = allowed.clamp(1, states.len());
        let now = clock();
        loop {
            let mut wait = now.mono + ALL_BUSY;
            let mut best: Option<(Instant, usize)> = None;
            for (index, state) in states[..allowed].iter().enumerate() {
                let free_at = match *state {
                    SlotState::Idle { free_at } => free_at,
                    SlotState::Foreign { look_again } if look_again <= now.mono => now.mono,
                    SlotState::Foreign { look_again } => {
                        wait = wait.min(look_again);
                        continue;
                    }
                    SlotState::Mine => continue,
                };
                if best.is_none_or(|found| (free_at, index) < found) {
                    best = Some((free_at, index));
                }
            }
            let Some((free_at, index)) = best else {
                return Reservation::Wait(wait);
            };
            match self.look(index, free_at, &clock) {
                SlotFile::Foreign => {
                    states[index] = SlotState::Foreign {
                        look_again: now.mono + FOREIGN,
                    };
                }
                // Another run used this slot meanwhile. A different one may be free sooner now.
                SlotFile::Later(free_at) => states[index] = SlotState::Idle { free_at },
                SlotFile::Locked(file, free_at) => {
                    states[index] = SlotState::Mine;
                    return Reservation::Slot(Reserved {
                        slots: self,
                        index,
                        file,
                        free_at,
                    });
                }
            }
        }
    }

    /// Locks a slot's file and checks whether the slot is free as early as this process assumed.
    fn look(&self, index: usize, believed: Instant, clock: impl Fn() -> TimePoint) -> SlotFile {
        let path = self.folder.join(format!("slot-{index:02}"));
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        let mut file = match opened {
            Ok(file) => file,
            Err(error) => {
                self.tell_of_trouble(&error);
                return SlotFile::Locked(None, believed);
            }
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                self.tell_of_others();
                return SlotFile::Foreign;
            }
            Err(TryLockError::Error(error)) => {
                self.tell_of_trouble(&error);
                return SlotFile::Locked(None, believed);
            }
        }
        let now = clock();
        let rest = u64::try_from(REST.as_millis()).expect("a second");
        let wait = match read(&mut file) {
            SlotRecord::Never => 0,
            SlotRecord::FreeAt(at) if at <= now.wall.saturating_add(rest) => {
                at.saturating_sub(now.wall)
            }
            // The process that used it died in flight, or the clock was set back. A second from now is
            // enough. It is written down, or the second would start again at each reading.
            _ => {
                let free_at = SlotRecord::FreeAt(now.wall.saturating_add(rest));
                if let Err(error) = write(&mut file, free_at) {
                    self.tell_of_trouble(&error);
                }
                rest
            }
        };
        if wait == 0 {
            return SlotFile::Locked(Some(file), believed);
        }
        let free_at = now.mono + Duration::from_millis(wait);
        // The file holds whole milliseconds, so the two differ a little even when no other run was here.
        if free_at > believed + Duration::from_millis(2) {
            SlotFile::Later(free_at)
        } else {
            SlotFile::Locked(Some(file), believed.max(free_at))
        }
    }

    fn states(&self) -> MutexGuard<'_, Vec<SlotState>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell_of_others(&self) {
        if !self.told_of_others.swap(true, Relaxed) {
            warn!("another run is sending requests, too: both share the rate limit");
        }
    }

    fn tell_of_trouble(&self, error: &io::Error) {
        if !self.told_of_trouble.swap(true, Relaxed) {
            warn!(
                "cannot share the rate limit with other runs through {}: {error}; start no other run now",
                self.folder.display()
            );
        }
    }
}

/// The result of locking and reading a slot's file.
enum SlotFile {
    /// With the time from which the slot is free. `None`: the file cannot be opened.
    Locked(Option<File>, Instant),
    Later(Instant),
    Foreign,
}

/// A slot reserved for a request that is not sent yet. Dropping it releases the slot unchanged.
#[derive(Debug)]
pub(super) struct Reserved<'a> {
    slots: &'a Slots,
    index: usize,
    /// Keeps the lock.
    file: Option<File>,
    free_at: Instant,
}

impl<'a> Reserved<'a> {
    /// When the slot may be used.
    pub(super) fn free_at(&self) -> Instant {
        self.free_at
    }

    /// Takes the slot for a request that is sent now.
    pub(super) fn go(mut self) -> InFlight<'a> {
        let mut file = self.file.take();
        if let Some(file) = &mut file
            && let Err(error) = write(file, SlotRecord::InFlight)
        {
            // The lock still shows the other runs that the slot is in use, while this process lives.
            self.slots.tell_of_trouble(&error);
        }
        let (slots, index) = (self.slots, self.index);
        std::mem::forget(self); // its file was taken above, and the slot stays in use
        InFlight { slots, index, file }
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        // Closing the file unlocks it. That comes before other threads may take the slot.
        self.file = None;
        self.slots.states()[self.index] = SlotState::Idle {
            free_at: self.free_at,
        };
    }
}

/// A slot whose request is in flight. Drop it when the response begins or the request has failed:
/// that starts the rest.
#[derive(Debug)]
pub(super) struct InFlight<'a> {
    slots: &'a Slots,
    index: usize,
    file: Option<File>,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let now = TimePoint::now();
        let rest = u64::try_from(REST.as_millis()).expect("a second");
        if let Some(mut file) = self.file.take()
            && let Err(error) = write(&mut file, SlotRecord::FreeAt(now.wall + rest + 1))
        {
            // The file still holds "in flight": a process that reads it lets the slot rest.
            self.slots.tell_of_trouble(&error);
        }
        self.slots.states()[self.index] = SlotState::Idle {
            free_at: now.mono + REST,
        };
    }
}

fn read(file: &mut File) -> SlotRecord {
    let mut bytes = Vec::with_capacity(RECORD);
    let read = file
        .seek(SeekFrom::Start(0))
        .and_then(|_| file.take(RECORD as u64).read_to_end(&mut bytes));
    if let Err(error) = read {
        debug!("a slot file cannot be read: {error}");
        return SlotRecord::Unreadable;
    }
    match std::str::from_utf8(&bytes).map(str::trim) {
        Ok("") if bytes.is_empty() => SlotRecord::Never,
        Ok("in flight") => SlotRecord::InFlight,
        Ok(text) => text
            .strip_prefix("free ")
            .and_then(|at| at.parse().ok())
            .map_or(SlotRecord::Unreadable, SlotRecord::FreeAt),
        Err(_) => SlotRecord::Unreadable,
    }
}

fn write(file: &mut File, record: SlotRecord) -> io::Result<()> {
    let text = match record {
        SlotRecord::FreeAt(at) => format!("free {at}"),
        _ => "in flight".to_owned(),
    };
    file.seek(SeekFrom::Start(0))?;
    let width = RECORD - 1;
    // One write of fixed length: a crash leaves the old record or the new one.
    file.write_all(format!("{text:<width$}\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fs;
    use tempfile::TempDir;

    struct Bench {
        folder: TempDir,
        start: Instant,
    }

    impl Bench {
        fn new() -> Self {
            Self {
                folder: tempfile::tempdir().unwrap(),
                start: Instant::now(),
            }
        }

        fn slots(&self, count: usize) -> Slots {
            Slots::new(self.folder.path().to_owned(), count, self.start)
        }

        /// A made-up time, some milliseconds after the start.
        fn at(&self, ms: u64) -> TimePoint {
            TimePoint {
                mono: self.start + Duration::from_millis(ms),
                wall: 1_000_000 + ms,
            }
        }

        fn write(&self, index: usize, text: &str) {
            fs::write(self.folder.path().join(format!("slot-{index:02}")), text).unwrap();
        }
    }

    fn slot(take: Reservation<'_>) -> Reserved<'_> {
        match take {
            Reservation::Slot(slot) => slot,
            Reservation::Wait(until) => panic!("no slot until {until:?}"),
        }
    }

    #[test]
    fn a_slot_is_used_by_one_request_at_a_time() {
        let bench = Bench::new();
        let slots = bench.slots(2);
        let first = slot(slots.take(2, || bench.at(0))).go();
        let second = slot(slots.take(2, || bench.at(0))).go();
        assert_eq!((first.index, second.index), (0, 1));
        assert!(matches!(
            slots.take(2, || bench.at(0)),
            Reservation::Wait(_)
        ));
        drop(first);
        let again = slot(slots.take(2, TimePoint::now));
        assert_eq!(again.index, 0);
        assert!(again.free_at() > Instant::now());
        drop(second);
    }

    #[test]
    fn a_reserved_slot_that_is_given_back_is_as_free_as_before() {
        let bench = Bench::new();
        let slots = bench.slots(1);
        drop(slot(slots.take(1, || bench.at(5))));
        assert_eq!(slot(slots.take(1, || bench.at(5))).free_at(), bench.start);
    }

    #[test]
    fn a_lower_rate_uses_the_first_slots_only() {
        let bench = Bench::new();
        let slots = bench.slots(10);
        let _held: Vec<_> = (0..3)
            .map(|_| slot(slots.take(3, || bench.at(0))).go())
            .collect();
        assert!(matches!(
            slots.take(3, || bench.at(0)),
            Reservation::Wait(_)
        ));
        assert_eq!(slot(slots.take(4, || bench.at(0))).index, 3);
    }

    #[test]
    fn two_runs_never_hold_the_same_slot() {
        let bench = Bench::new();
        let (one, other) = (bench.slots(2), bench.slots(2));
        let a = slot(one.take(2, || bench.at(0))).go();
        let b = slot(other.take(2, || bench.at(0))).go();
        assert_ne!(a.index, b.index);
        let Reservation::Wait(until) = other.take(2, || bench.at(0)) else {
            panic!("both are taken");
        };
        assert_eq!(until, bench.at(20).mono);
    }

    #[test]
    fn a_slot_that_another_run_used_rests_for_this_one_too() {
        let bench = Bench::new();
        let slots = bench.slots(1);
        bench.write(0, "free 1000400\n");
        assert_eq!(
            slot(slots.take(1, || bench.at(0))).free_at(),
            bench.at(400).mono
        );
        bench.write(0, "free 1000400\n");
        assert_eq!(
            slot(slots.take(1, || bench.at(700))).free_at(),
            bench.at(400).mono
        );
    }

    #[test]
    fn a_slot_that_another_run_releases_just_before_it_is_locked_rests_a_full_second() {
        let bench = Bench::new();
        // Released after this run began to look for a slot, and before it locked the file.
        bench.write(0, "free 1001052\n");
        let first = std::cell::Cell::new(Some(bench.at(0)));
        let clock = || first.take().unwrap_or(bench.at(51));
        let slots = bench.slots(1);
        assert_eq!(slot(slots.take(1, clock)).free_at(), bench.at(1052).mono);
    }

    #[test]
    fn a_slot_is_never_used_before_the_time_in_its_file() {
        let bench = Bench::new();
        let slots = bench.slots(1);
        let held = slot(slots.take(1, || bench.at(0))).go();
        let other = bench.slots(1);
        assert!(matches!(
            other.take(1, || bench.at(0)),
            Reservation::Wait(_)
        ));
        drop(held);
        bench.write(0, "free 1000022\n");
        // The time at which the other run looks again is two milliseconds earlier.
        let again = slot(other.take(1, || bench.at(20)));
        assert_eq!(again.free_at(), bench.at(22).mono);
    }

    #[test]
    fn a_slot_whose_owner_died_in_flight_rests_a_second() {
        let bench = Bench::new();
        let slots = bench.slots(1);
        for left in [
            "in flight\n",
            "in flight             \n",
            "\0\0\0",
            "free x",
        ] {
            bench.write(0, left);
            let fresh = bench.slots(1);
            assert_eq!(
                slot(fresh.take(1, || bench.at(0))).free_at(),
                bench.at(0).mono + REST,
                "{left:?}"
            );
            // The rest began when the file was first read, not at each reading.
            assert_eq!(
                slot(bench.slots(1).take(1, || bench.at(500))).free_at(),
                bench.at(0).mono + REST
            );
        }
        drop(slots);
    }

    #[test]
    fn a_clock_set_back_costs_a_second_at_most() {
        let bench = Bench::new();
        bench.write(0, "free 99000000\n");
        let slots = bench.slots(1);
        assert_eq!(
            slot(slots.take(1, || bench.at(0))).free_at(),
            bench.at(0).mono + REST
        );
        assert_eq!(
            slot(bench.slots(1).take(1, || bench.at(900))).free_at(),
            bench.at(0).mono + REST
        );
    }

    #[test]
    fn a_folder_that_is_gone_does_not_stop_this_process() {
        let bench = Bench::new();
        let slots = Slots::new(bench.folder.path().join("gone"), 1, bench.start);
        let held = slot(slots.take(1, || bench.at(0))).go();
        assert!(matches!(
            slots.take(1, || bench.at(0)),
            Reservation::Wait(_)
        ));
        drop(held);
        assert!(slot(slots.take(1, TimePoint::now)).free_at() > Instant::now());
    }

    proptest! {
        #[test]
        fn whatever_a_file_holds_a_slot_waits_a_second_at_most(bytes in any::<Vec<u8>>()) {
            let bench = Bench::new();
            fs::write(bench.folder.path().join("slot-00"), bytes).unwrap();
            let slots = bench.slots(1);
            let free_at = slot(slots.take(1, || bench.at(0))).free_at();
            prop_assert!(free_at <= bench.at(0).mono + REST);
        }
    }
}
