//! Fair access. Sending a request takes a [`Pass`], and only [`Limiter::enter`] creates one. Each
//! request needs its own pass, also after a redirect.
//!
//! Three rules delay a request:
//! - [`blocks`]: a host that blocks us gets no request, then one probe, then fewer requests than before;
//! - [`slots`]: at most N requests arrive in any second, over all runs on this machine, whatever the
//!   network does;
//! - the bucket (the crate `ratelimit`, with one token): requests are spaced evenly, since bursts have
//!   been reported to cause blocks below the limit.
//!
//! # Threading
//! A thread waits for the end of a pause first, without a lock, so that a block of one host does not
//! stop requests to the others. Then it takes the lock `turn`, reserves the slot that is free first,
//! sleeps until the slot is free, takes a token and releases the lock. The other threads wait for the
//! lock meanwhile. All sleeps are sleeps on [`Cancel`]. So when the run stops, the thread with the
//! lock returns at once, and the others follow one after the other without a sleep.

mod block_file;
mod blocks;
mod site;
mod slots;
mod tidy;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use log::{info, warn};
use ratelimit::{Ratelimiter, TryWaitError};

pub(super) use self::blocks::Answer;
use self::blocks::{Blocks, Permission, Probe, half};
pub(super) use self::site::is_sec;
pub use self::site::{SEC, site_of};
use self::slots::{InFlight, Reservation, Slots};
use super::traffic::Traffic;
use crate::cancel::Cancel;

/// The highest rate. Each request a second needs a slot, and each slot is a file.
const HIGHEST_RATE: u32 = 1000;

/// The current time on the monotonic clock and on the wall clock, which all runs share.
#[derive(Debug, Clone, Copy)]
struct TimePoint {
    mono: Instant,
    /// Milliseconds since 1970.
    wall: u64,
}

impl TimePoint {
    fn now() -> Self {
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            mono: Instant::now(),
            wall: u64::try_from(wall.as_millis()).unwrap_or(u64::MAX / 2),
        }
    }
}

/// The limiter of one site: of all hosts that share a limit.
#[derive(Debug)]
pub(super) struct Limiter {
    blocks: Blocks,
    /// `None` is no limit; blocks are respected all the same.
    limit: Option<Limit>,
}

#[derive(Debug)]
struct Limit {
    full: usize,
    /// The current rate: lower than `full` for a while after a block.
    rate: AtomicUsize,
    slots: Slots,
    bucket: Ratelimiter,
    turn: Mutex<()>,
}

/// The wait ended because the run stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stopped;

impl Limiter {
    /// The limiter for `site`. All runs on this machine share its state in `<state_dir>/<site>`.
    pub(super) fn new(
        state_dir: &std::path::Path,
        site: &str,
        rate: Option<NonZeroU32>,
        cooldown: Duration,
        traffic: Arc<Traffic>,
    ) -> anyhow::Result<Self> {
        let folder = state_dir.join(site::safe_name(site));
        make_usable(&folder).with_context(|| {
            format!(
                "cannot keep the shared rate limit in {}; set XDG_STATE_HOME to a writable local folder",
                folder.display()
            )
        })?;
        tidy::tidy(state_dir, &site::safe_name(site), SystemTime::now());
        Ok(Self {
            limit: rate
                .map(|rate| Limit::new(folder.clone(), rate))
                .transpose()?,
            blocks: Blocks::new(folder, cooldown, traffic),
        })
    }

    /// Waits until a request to `host` may be sent. The caller must send it immediately.
    ///
    /// # Errors
    /// [`Stopped`] as soon as the run stops.
    pub(super) fn enter(&self, host: &str, cancel: &Cancel) -> Result<Pass<'_>, Stopped> {
        loop {
            if cancel.is_set() {
                return Err(Stopped);
            }
            let probe = match self.blocks.check(host, TimePoint::now()) {
                Permission::Open => None,
                Permission::Probe(probe) => Some(probe),
                Permission::Until(time) => {
                    sleep_until(time, cancel)?;
                    continue;
                }
            };
            let slot = match &self.limit {
                None => None,
                Some(limit) => match limit.enter(host, probe.is_some(), &self.blocks, cancel)? {
                    Some(slot) => Some(slot),
                    // A block began while this thread waited.
                    None => continue,
                },
            };
            return Ok(Pass {
                slot,
                pending: Pending {
                    access: self,
                    host: host.to_owned(),
                    probe,
                    resolved: false,
                },
            });
        }
    }
}

impl Limit {
    fn new(folder: PathBuf, rate: NonZeroU32) -> anyhow::Result<Self> {
        let full = rate.get().min(HIGHEST_RATE);
        if full < rate.get() {
            warn!("the rate is limited to {HIGHEST_RATE} requests a second");
        }
        // One token, and none at the start: never two requests at once, not even after an idle time.
        let bucket = Ratelimiter::builder(u64::from(full))
            .max_tokens(1)
            .initial_available(0)
            .build()
            .context("cannot set up the rate limit")?;
        let full = usize::try_from(full)?;
        Ok(Self {
            full,
            rate: AtomicUsize::new(full),
            slots: Slots::new(folder, full, Instant::now()),
            bucket,
            turn: Mutex::default(),
        })
    }

    /// Waits for a slot and a token. Returns `None` when a block of `host` began meanwhile.
    fn enter<'a>(
        &'a self,
        host: &str,
        probe: bool,
        blocks: &Blocks,
        cancel: &Cancel,
    ) -> Result<Option<InFlight<'a>>, Stopped> {
        let _head = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = loop {
            if cancel.is_set() {
                return Err(Stopped);
            }
            let now = TimePoint::now();
            if blocks.is_closed(host, probe, now) {
                return Ok(None);
            }
            let mut allowed = self.adjusted(blocks, now);
            if probe {
                // One of the slots that are used after it. Otherwise, the second after the probe would have one
                // request more than half the rate.
                allowed = allowed.min(half(self.full));
            }
            match self.slots.take(allowed, TimePoint::now) {
                Reservation::Slot(slot) => break slot,
                Reservation::Wait(time) => sleep_until(time, cancel)?,
            }
        };
        sleep_until(slot.free_at(), cancel)?;
        loop {
            let wait = match self.bucket.try_wait() {
                Ok(()) => break,
                Err(TryWaitError::Insufficient(wait)) => wait,
                Err(_) => Duration::from_millis(100),
            };
            sleep_until(Instant::now() + wait, cancel)?;
        }
        if blocks.is_closed(host, probe, TimePoint::now()) {
            return Ok(None);
        }
        Ok(Some(slot.go()))
    }

    /// The current rate: lower for a while after a block.
    fn adjusted(&self, blocks: &Blocks, now: TimePoint) -> usize {
        let rate = blocks.allowed(self.full, now);
        let before = self.rate.swap(rate, Relaxed);
        if before != rate {
            self.bucket.set_rate(rate as u64);
            info!("at most {rate} requests a second from now on");
        }
        rate
    }
}

/// Permission to send one request now.
#[derive(Debug)]
#[must_use = "an unused pass blocks its slot for a second"]
pub(super) struct Pass<'a> {
    slot: Option<InFlight<'a>>,
    pending: Pending<'a>,
}

impl<'a> Pass<'a> {
    /// The response has begun: the slot is free again after [`slots::REST`]. Dropping the pass
    /// does the same for a request that failed.
    pub(super) fn response_begins(self) -> Pending<'a> {
        drop(self.slot);
        self.pending
    }
}

/// A response that is not classified yet. Its host may have asked us to stop. Dropping it records
/// that nothing was learned about the host.
#[derive(Debug)]
pub(super) struct Pending<'a> {
    access: &'a Limiter,
    host: String,
    probe: Option<Probe<'a>>,
    resolved: bool,
}

impl Pending<'_> {
    /// Records what the response says about its host.
    pub(super) fn resolve(mut self, answer: Answer) {
        self.note(answer);
    }

    fn note(&mut self, answer: Answer) {
        self.resolved = true;
        let probe = self.probe.is_some();
        self.access
            .blocks
            .note(&self.host, answer, probe, TimePoint::now());
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if !self.resolved {
            self.note(Answer::Unclear);
        }
    }
}

fn sleep_until(time: Instant, cancel: &Cancel) -> Result<(), Stopped> {
    if cancel.sleep_until(time) {
        Err(Stopped)
    } else {
        Ok(())
    }
}

/// Creates the folder and tries what is needed there: writing and locking.
fn make_usable(folder: &std::path::Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let file = tempfile::tempfile_in(folder)?;
    file.try_lock()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn gate(folder: &std::path::Path, rate: u32, cooldown: Duration) -> Limiter {
        Limiter::new(
            folder,
            "test",
            NonZeroU32::new(rate),
            cooldown,
            Arc::default(),
        )
        .unwrap()
    }

    /// The highest number of arrivals within any second.
    fn busiest_second(mut arrivals: Vec<Instant>) -> usize {
        arrivals.sort();
        (0..arrivals.len())
            .map(|first| {
                arrivals[first..]
                    .iter()
                    .take_while(|at| **at - arrivals[first] < Duration::from_secs(1))
                    .count()
            })
            .max()
            .unwrap_or(0)
    }

    /// Sends requests as fast as `gates` allow, with 12 threads each. Returns when each request arrived
    /// at a server some random milliseconds away.
    fn storm(gates: &[Limiter], time: Duration, trip_ms: std::ops::Range<u64>) -> Vec<Instant> {
        let arrivals = Mutex::new(Vec::new());
        let end = Instant::now() + time;
        let cancel = Cancel::default();
        thread::scope(|s| {
            for gate in gates {
                for _ in 0..12 {
                    s.spawn(|| {
                        while Instant::now() < end {
                            let pass = gate.enter("host", &cancel).unwrap();
                            let trip = || Duration::from_millis(fastrand::u64(trip_ms.clone()));
                            assert!(!cancel.sleep(trip()));
                            arrivals.lock().unwrap().push(Instant::now());
                            assert!(!cancel.sleep(trip()));
                            pass.response_begins().resolve(Answer::Fine);
                        }
                    });
                }
            }
        });
        arrivals.into_inner().unwrap()
    }

    #[test]
    fn two_runs_together_never_send_more_than_the_limit_in_a_second() {
        let folder = tempfile::tempdir().unwrap();
        let gates = [(); 2].map(|()| gate(folder.path(), 50, Duration::ZERO));
        let arrivals = storm(&gates, Duration::from_millis(2500), 0..30);
        assert!(arrivals.len() > 2, "nothing was sent");
        assert!(busiest_second(arrivals) <= 50);
    }

    #[test]
    fn a_network_that_bunches_requests_does_not_break_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let gates = [gate(folder.path(), 8, Duration::ZERO)];
        let arrivals = storm(&gates, Duration::from_millis(2500), 0..300);
        assert!(busiest_second(arrivals) <= 8);
    }

    #[test]
    fn a_stop_ends_every_wait() {
        let folder = tempfile::tempdir().unwrap();
        let gate = gate(folder.path(), 1, Duration::from_hours(1));
        let cancel = Cancel::default();
        let held = gate.enter("slow", &cancel).unwrap();
        let blocked = Answer::Throttled {
            asked: None,
            page: true,
        };
        gate.blocks
            .note("blocked", blocked, false, TimePoint::now());
        thread::scope(|s| {
            let waiting: Vec<_> = ["slow", "slow", "slow", "blocked", "blocked"]
                .map(|host| s.spawn(|| gate.enter(host, &cancel).map(drop)))
                .into_iter()
                .collect();
            cancel.set();
            for thread in waiting {
                assert_eq!(thread.join().unwrap(), Err(Stopped));
            }
        });
        drop(held);
    }

    #[test]
    fn the_probe_after_a_block_takes_a_slot_of_the_lower_rate() {
        let folder = tempfile::tempdir().unwrap();
        let gate = gate(folder.path(), 4, Duration::ZERO);
        let cancel = Cancel::default();
        let mut passes = [(); 4].map(|()| Some(gate.enter("host", &cancel).unwrap()));
        // The slots of the higher rate are free first.
        for slot in [2, 3, 0, 1] {
            passes[slot] = None;
        }
        let blocked = Answer::Throttled {
            asked: None,
            page: true,
        };
        gate.blocks.note("host", blocked, false, TimePoint::now());
        let probe = gate.enter("host", &cancel).unwrap();
        assert!(probe.pending.probe.is_some());
        let slot = std::fs::read_to_string(folder.path().join("test/slot-00")).unwrap();
        assert_eq!(slot.trim(), "in flight");
    }

    #[test]
    fn without_a_limit_only_pauses_hold_back() {
        let folder = tempfile::tempdir().unwrap();
        let gate = gate(folder.path(), 0, Duration::from_millis(1));
        let cancel = Cancel::default();
        let passes: Vec<_> = (0..1000)
            .map(|_| gate.enter("host", &cancel).unwrap())
            .collect();
        drop(passes);
        assert!(!folder.path().join("test/slot-00").exists());
    }

    #[test]
    fn a_state_folder_that_cannot_be_used_names_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = Limiter::new(&file, "x", None, Duration::ZERO, Arc::default()).unwrap_err();
        assert!(format!("{error:#}").contains("XDG_STATE_HOME"));
    }

    /// Measures how much of the allowed rate is used. It asserts nothing, since machines differ. Run it
    /// with `cargo test utilisation -- --ignored --nocapture`.
    #[test]
    #[ignore = "a measurement, half a minute long"]
    #[expect(clippy::print_stderr, reason = "the figure is the purpose")]
    fn utilisation() {
        let folder = tempfile::tempdir().unwrap();
        let gates = [gate(folder.path(), 10, Duration::ZERO)];
        let arrivals = storm(&gates, Duration::from_secs(34), 30..31);
        // The start does not count: all slots are free then.
        let from = arrivals.iter().min().unwrap().to_owned() + Duration::from_secs(3);
        let until = from + Duration::from_secs(30);
        let steady = arrivals.iter().filter(|at| (from..until).contains(*at));
        let rate = f64::from(u32::try_from(steady.count()).unwrap()) / 30.0;
        let allowed = 10.0 / 1.06;
        eprintln!(
            "{rate:.3} requests/s, {:.1}% of what 60 ms allow; busiest second {}",
            100.0 * rate / allowed,
            busiest_second(arrivals)
        );
    }
}
