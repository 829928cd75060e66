//! Blocks: what happens after a host answered "too many requests".
//!
//! Every thread stops sending requests to that host until the pause is over. Then one probe is sent,
//! while all other requests wait for its response:
//! - After a good response the requests continue at half the rate. The rate then rises by one
//!   request a second each minute.
//! - If the probe is throttled, the pause starts again.
//! - If the response is unclear (a broken connection, a server error), another probe follows.
//!
//! [`HostBlock`] is pure: the caller passes the time. `block_file` holds what outlives the process.

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use log::{info, warn};

use super::TimePoint;
use super::block_file::{BlockFiles, BlockRecord, LONGEST, millis, timestamp};
use crate::net::traffic::Traffic;

/// How often the block file is read again.
const READ_AGAIN: Duration = Duration::from_millis(250);
/// How often a thread checks whether a probe has got its response.
const PROBE_OUT: Duration = Duration::from_millis(100);
/// The time between a probe without a clear response and the next one.
const PROBE_AGAIN: Duration = Duration::from_secs(2);
/// After each such time without a block, the rate rises by one request a second.
const STEP: Duration = Duration::from_mins(1);

/// Whether a host may get a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HostState {
    Open,
    Until(Instant),
    /// The pause is over, and no probe has been sent yet.
    Probe,
}

/// The state of one host in this process. Pure.
#[derive(Debug)]
struct HostBlock {
    record: BlockRecord,
    read_at: Option<Instant>,
    probing: bool,
    /// When the next probe may be sent.
    not_before: Option<Instant>,
}

impl HostBlock {
    fn new() -> Self {
        Self {
            record: BlockRecord::Clear,
            read_at: None,
            probing: false,
            not_before: None,
        }
    }

    fn look(&self, now: TimePoint) -> HostState {
        let BlockRecord::Paused { until, .. } = self.record else {
            return HostState::Open;
        };
        if until > now.wall {
            let left = Duration::from_millis(until - now.wall);
            return HostState::Until(now.mono + left);
        }
        if self.probing {
            return HostState::Until(now.mono + PROBE_OUT);
        }
        match self.not_before {
            Some(time) if time > now.mono => HostState::Until(time),
            _ => HostState::Probe,
        }
    }

    /// How many requests a second the host may get, at most `full`.
    fn allowed(&self, full: usize, now: TimePoint) -> usize {
        let BlockRecord::Open(since) = self.record else {
            return full;
        };
        let steps = now.wall.saturating_sub(since) / millis(STEP);
        half(full)
            .saturating_add(usize::try_from(steps).unwrap_or(usize::MAX))
            .min(full)
    }
}

/// The rate after a block.
pub(super) fn half(full: usize) -> usize {
    (full / 2).max(1)
}

/// The blocks of all hosts of one site.
#[derive(Debug)]
pub(super) struct Blocks {
    files: BlockFiles,
    cooldown: Duration,
    hosts: Mutex<HashMap<String, HostBlock>>,
    traffic: Arc<Traffic>,
}

/// Whether a thread may send a request to a host.
#[derive(Debug)]
pub(super) enum Permission<'a> {
    Open,
    Until(Instant),
    /// This thread's request is the probe.
    Probe(Probe<'a>),
}

/// What a response says about its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::net) enum Answer {
    /// The host works.
    Fine,
    /// The host blocks. EDGAR's own page (`page`) means at least the whole cooldown; any other
    /// response may ask for a shorter time (`asked`).
    Throttled { asked: Option<Duration>, page: bool },
    /// Nothing is known: a broken connection, a server error, an unexplained refusal.
    Unclear,
}

impl Blocks {
    pub(super) fn new(folder: PathBuf, cooldown: Duration, traffic: Arc<Traffic>) -> Self {
        Self {
            files: BlockFiles::new(folder),
            cooldown: cooldown.min(LONGEST),
            hosts: Mutex::default(),
            traffic,
        }
    }

    /// Whether `host` may get a request now. Only one `Probe` exists at a time.
    pub(super) fn check(&self, host: &str, now: TimePoint) -> Permission<'_> {
        let mut hosts = self.hosts();
        let state = self.refreshed(&mut hosts, host, now);
        match state.look(now) {
            HostState::Open => Permission::Open,
            HostState::Until(time) => Permission::Until(time),
            HostState::Probe => {
                let lock = match self.files.lock_probe(host) {
                    Ok(None) => return Permission::Until(now.mono + READ_AGAIN),
                    Ok(lock) => lock,
                    Err(error) => {
                        warn!("cannot lock in {}: {error}", self.files.folder().display());
                        None
                    }
                };
                // Another run's probe may have ended since the file was last read.
                state.read_at = None;
                let state = self.refreshed(&mut hosts, host, now);
                if state.look(now) != HostState::Probe {
                    return Permission::Until(now.mono);
                }
                state.probing = true;
                info!("sending one request to {host} to find out whether the block is over");
                Permission::Probe(Probe {
                    blocks: self,
                    host: host.to_owned(),
                    _lock: lock,
                })
            }
        }
    }

    /// Whether a block forbids a request that [`Blocks::check`] allowed earlier, possibly as the `probe`.
    pub(super) fn is_closed(&self, host: &str, probe: bool, now: TimePoint) -> bool {
        let mut hosts = self.hosts();
        let state = self.refreshed(&mut hosts, host, now);
        match state.record {
            BlockRecord::Paused { until, .. } => !probe || until > now.wall,
            _ => false,
        }
    }

    /// How many requests a second the site may get, at most `full`: the lowest rate of its hosts.
    pub(super) fn allowed(&self, full: usize, now: TimePoint) -> usize {
        let hosts = self.hosts();
        hosts
            .values()
            .map(|host| host.allowed(full, now))
            .min()
            .unwrap_or(full)
    }

    /// Records what a response said about its host.
    pub(super) fn note(&self, host: &str, answer: Answer, was_probe: bool, now: TimePoint) {
        let mut hosts = self.hosts();
        let state = hosts.entry(host.to_owned()).or_insert_with(HostBlock::new);
        match answer {
            Answer::Throttled { asked, page } => {
                let time = match asked {
                    Some(asked) if page => asked.max(self.cooldown),
                    Some(asked) => asked.max(Duration::from_secs(1)),
                    None => self.cooldown,
                };
                self.pause(host, state, time, "too many requests", now);
            }
            Answer::Fine => {
                if was_probe {
                    self.open(host, state, now);
                }
            }
            Answer::Unclear => {
                if was_probe {
                    state.not_before = Some(now.mono + PROBE_AGAIN);
                    info!("the response of {host} is unclear; sending another request soon");
                }
            }
        }
    }

    fn pause(&self, host: &str, state: &mut HostBlock, time: Duration, why: &str, now: TimePoint) {
        let time = time.min(LONGEST);
        let length = millis(time);
        let until = now.wall + length;
        let was = state.record;
        let longest = |old: BlockRecord| match old.by_clock(now) {
            old @ BlockRecord::Paused { until: later, .. } if later > until => old,
            _ => BlockRecord::Paused { until, length },
        };
        state.record = self.files.change(host, longest).unwrap_or(longest(was));
        self.traffic.book_pause(now.mono, now.mono + time);
        if !matches!(was, BlockRecord::Paused { until, .. } if until > now.wall) {
            warn!(
                "{host}: {why}; no request is sent to it until {} ({} s)",
                timestamp(until),
                time.as_secs()
            );
        }
    }

    fn open(&self, host: &str, state: &mut HostBlock, now: TimePoint) {
        let opened = |old: BlockRecord| match old {
            // After the probe was sent, another request or another run was blocked.
            BlockRecord::Paused { until, .. } if until > now.wall => old,
            _ => BlockRecord::Open(now.wall),
        };
        let was = state.record;
        state.record = self.files.change(host, opened).unwrap_or(opened(was));
        if state.record == BlockRecord::Open(now.wall) {
            info!("{host} answers again; continuing at a lower rate");
        }
    }

    /// The state of a host. Reads its file again if it was last read [`READ_AGAIN`] ago.
    fn refreshed<'h>(
        &self,
        hosts: &'h mut HashMap<String, HostBlock>,
        host: &str,
        now: TimePoint,
    ) -> &'h mut HostBlock {
        if !hosts.contains_key(host) {
            hosts.insert(host.to_owned(), HostBlock::new());
        }
        let state = hosts.get_mut(host).expect("inserted just now");
        if state.read_at.is_some_and(|at| now.mono < at + READ_AGAIN) {
            return state;
        }
        state.read_at = Some(now.mono);
        let Some(found) = self.files.read(host) else {
            return state;
        };
        let meant = found.by_clock(now);
        let found = match found {
            // Written to the file, or the pause would start again at each reading.
            BlockRecord::Paused { .. } if meant != found => self
                .files
                .change(host, |old| old.by_clock(now))
                .unwrap_or(meant),
            _ => meant,
        };
        if let BlockRecord::Paused { until, .. } = found
            && until > now.wall
            && found != state.record
        {
            let left = Duration::from_millis(until - now.wall);
            warn!(
                "{host} is blocked until {}, as an earlier or another run recorded",
                timestamp(until)
            );
            self.traffic.book_pause(now.mono, now.mono + left);
        }
        state.record = found;
        state
    }

    fn hosts(&self) -> MutexGuard<'_, HashMap<String, HostBlock>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Permission to send the probe to a host. Dropping it lets another thread send one.
#[derive(Debug)]
pub(super) struct Probe<'a> {
    blocks: &'a Blocks,
    host: String,
    /// Keeps the lock. `None` where the file cannot be locked: then each run sends its own probe.
    _lock: Option<File>,
}

impl Drop for Probe<'_> {
    fn drop(&mut self) {
        if let Some(state) = self.blocks.hosts().get_mut(&self.host) {
            state.probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tempfile::TempDir;

    const HOST: &str = "www.sec.gov";
    const BLOCK: Answer = Answer::Throttled {
        asked: None,
        page: true,
    };

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

        /// One run, with a cooldown of ten minutes.
        fn run(&self) -> Blocks {
            let cooldown = Duration::from_mins(10);
            Blocks::new(self.folder.path().to_owned(), cooldown, Arc::default())
        }

        /// A made-up time, some seconds after the start.
        fn at(&self, secs: u64) -> TimePoint {
            TimePoint {
                mono: self.start + Duration::from_secs(secs),
                wall: 1_800_000_000_000 + secs * 1000,
            }
        }
    }

    fn is_open(permission: &Permission<'_>) -> bool {
        matches!(permission, Permission::Open)
    }

    fn waits_until(permission: &Permission<'_>, until: TimePoint) -> bool {
        matches!(permission, Permission::Until(time) if *time == until.mono)
    }

    #[test]
    fn a_block_stops_its_host_and_no_other() {
        let bench = Bench::new();
        let run = bench.run();
        assert!(is_open(&run.check(HOST, bench.at(0))));
        run.note(HOST, BLOCK, false, bench.at(1));
        assert!(waits_until(&run.check(HOST, bench.at(1)), bench.at(601)));
        assert!(run.is_closed(HOST, false, bench.at(1)));
        assert!(is_open(&run.check("data.sec.gov", bench.at(1))));
        assert_eq!(
            run.traffic.pause_left().map(|left| left.as_secs() > 0),
            Some(true)
        );
    }

    #[test]
    fn after_the_pause_one_probe_goes_out_and_the_rest_follow_a_good_answer() {
        let bench = Bench::new();
        let run = bench.run();
        run.note(HOST, BLOCK, false, bench.at(0));
        let Permission::Probe(probe) = run.check(HOST, bench.at(600)) else {
            panic!("the pause is over");
        };
        assert!(matches!(
            run.check(HOST, bench.at(600)),
            Permission::Until(_)
        ));
        assert!(!run.is_closed(HOST, true, bench.at(600)));
        assert!(run.is_closed(HOST, false, bench.at(600)));
        run.note(HOST, Answer::Fine, true, bench.at(601));
        drop(probe);
        assert!(is_open(&run.check(HOST, bench.at(601))));
    }

    #[test]
    fn a_throttled_probe_starts_the_pause_again() {
        let bench = Bench::new();
        let run = bench.run();
        run.note(HOST, BLOCK, false, bench.at(0));
        let probe = run.check(HOST, bench.at(600));
        assert!(matches!(probe, Permission::Probe(_)));
        run.note(HOST, BLOCK, true, bench.at(601));
        drop(probe);
        assert!(waits_until(&run.check(HOST, bench.at(601)), bench.at(1201)));
    }

    #[test]
    fn a_probe_that_says_nothing_is_followed_by_another_single_one() {
        let bench = Bench::new();
        let run = bench.run();
        run.note(HOST, BLOCK, false, bench.at(0));
        let probe = run.check(HOST, bench.at(600));
        run.note(HOST, Answer::Unclear, true, bench.at(600));
        drop(probe);
        assert!(waits_until(&run.check(HOST, bench.at(600)), bench.at(602)));
        let probe = run.check(HOST, bench.at(602));
        assert!(matches!(probe, Permission::Probe(_)));
        assert!(matches!(
            run.check(HOST, bench.at(602)),
            Permission::Until(_)
        ));
    }

    #[test]
    fn answers_still_under_way_when_a_block_begins_do_not_end_it() {
        let bench = Bench::new();
        let run = bench.run();
        run.note(HOST, BLOCK, false, bench.at(0));
        run.note(HOST, Answer::Fine, false, bench.at(1));
        assert!(waits_until(&run.check(HOST, bench.at(2)), bench.at(600)));
        run.note(HOST, BLOCK, false, bench.at(3));
        assert!(waits_until(&run.check(HOST, bench.at(3)), bench.at(603)));
    }

    #[test]
    fn a_good_probe_does_not_end_a_block_that_came_after_it() {
        let bench = Bench::new();
        let (run, other) = (bench.run(), bench.run());
        for blocked in [&run, &other] {
            run.note(HOST, BLOCK, false, bench.at(0));
            let probe = run.check(HOST, bench.at(600));
            assert!(matches!(probe, Permission::Probe(_)));
            blocked.note(HOST, BLOCK, false, bench.at(601));
            run.note(HOST, Answer::Fine, true, bench.at(602));
            drop(probe);
            let permission = run.check(HOST, bench.at(602));
            assert!(waits_until(&permission, bench.at(1201)), "{permission:?}");
            std::fs::remove_file(run.files.path("pause", HOST)).unwrap();
            run.hosts().clear();
            other.hosts().clear();
        }
    }

    #[test]
    fn the_rate_recovers_step_by_step() {
        let bench = Bench::new();
        let run = bench.run();
        assert_eq!(run.allowed(10, bench.at(0)), 10);
        run.note(HOST, BLOCK, false, bench.at(0));
        let probe = run.check(HOST, bench.at(600));
        run.note(HOST, Answer::Fine, true, bench.at(600));
        drop(probe);
        let rates = [0, 59, 60, 120, 299, 300, 9000].map(|s| run.allowed(10, bench.at(600 + s)));
        assert_eq!(rates, [5, 5, 6, 7, 9, 10, 10]);
        assert_eq!(run.allowed(1, bench.at(600)), 1);
    }

    #[test]
    fn a_pause_survives_a_restart_and_is_seen_by_other_runs() {
        let bench = Bench::new();
        let (one, other) = (bench.run(), bench.run());
        assert!(is_open(&other.check(HOST, bench.at(0))));
        one.note(HOST, BLOCK, false, bench.at(1));
        assert!(waits_until(&other.check(HOST, bench.at(2)), bench.at(601)));
        let fresh = bench.run();
        assert!(waits_until(&fresh.check(HOST, bench.at(2)), bench.at(601)));
        // All runs share one probe and its result.
        let probe = fresh.check(HOST, bench.at(700));
        assert!(matches!(probe, Permission::Probe(_)));
        assert!(matches!(
            other.check(HOST, bench.at(700)),
            Permission::Until(_)
        ));
        fresh.note(HOST, Answer::Fine, true, bench.at(701));
        drop(probe);
        assert!(is_open(&other.check(HOST, bench.at(702))));
        assert_eq!(other.allowed(10, bench.at(702)), 5);
    }

    #[test]
    fn a_time_that_a_host_asks_for_is_kept_to() {
        let bench = Bench::new();
        let asked = |secs, page| Answer::Throttled {
            asked: Some(Duration::from_secs(secs)),
            page,
        };
        for (answer, until) in [
            (asked(7, false), 7),
            (asked(0, false), 1),
            (asked(7, true), 600),
            (asked(900, true), 900),
            (asked(999_999_999, true), 24 * 3600),
        ] {
            let bench = Bench {
                start: bench.start,
                ..Bench::new()
            };
            let run = bench.run();
            run.note(HOST, answer, false, bench.at(0));
            assert!(
                waits_until(&run.check(HOST, bench.at(0)), bench.at(until)),
                "{until}"
            );
        }
    }

    #[test]
    fn a_clock_set_back_does_not_pause_for_years() {
        let bench = Bench::new();
        let late = bench.at(400 * 24 * 3600);
        bench.run().note(HOST, BLOCK, false, late);
        let run = bench.run();
        assert!(waits_until(&run.check(HOST, bench.at(0)), bench.at(600)));
        assert!(waits_until(
            &bench.run().check(HOST, bench.at(10)),
            bench.at(600)
        ));
    }

    #[test]
    fn a_clock_set_back_a_little_neither_loses_a_pause_nor_makes_it_longer_than_it_was() {
        let bench = Bench::new();
        bench.run().note(HOST, BLOCK, false, bench.at(3600));
        let fresh = bench.run();
        assert!(waits_until(
            &fresh.check(HOST, bench.at(3000)),
            bench.at(3600)
        ));
        // The corrected pause is written to the file, for later runs.
        let next = bench.run();
        let permission = next.check(HOST, bench.at(3500));
        assert!(waits_until(&permission, bench.at(3600)), "{permission:?}");
        let permission = next.check(HOST, bench.at(3600));
        assert!(matches!(permission, Permission::Probe(_)), "{permission:?}");
    }

    #[test]
    fn a_run_that_cannot_write_still_pauses() {
        let bench = Bench::new();
        let gone = bench.folder.path().join("gone");
        let run = Blocks::new(gone, Duration::from_mins(10), Arc::default());
        run.note(HOST, BLOCK, false, bench.at(0));
        assert!(waits_until(&run.check(HOST, bench.at(0)), bench.at(600)));
        let probe = run.check(HOST, bench.at(600));
        assert!(matches!(probe, Permission::Probe(_)));
        run.note(HOST, Answer::Fine, true, bench.at(600));
        drop(probe);
        assert!(is_open(&run.check(HOST, bench.at(600))));
    }

    proptest! {
        #[test]
        fn records_read_back_as_written(ms in 0..4_102_444_800_000u64) {
            let paused = BlockRecord::Paused { until: ms, length: ms % (millis(LONGEST) + 1) };
            for record in [paused, BlockRecord::Open(ms)] {
                prop_assert_eq!(record.text().len(), 48);
                prop_assert_eq!(BlockRecord::parse(&record.text()), Some(record));
            }
        }

        #[test]
        fn whatever_a_file_holds_a_host_waits_a_day_at_most(
            word in "(paused|open)?",
            ms in 0..253_402_207_200_000u64,
            length in any::<Option<u64>>(),
            rest in any::<String>(),
        ) {
            let (bench, length) = (Bench::new(), length.map(|ms| ms.to_string()));
            let text = format!("{word} {} {}{rest}", timestamp(ms), length.unwrap_or_default());
            let run = bench.run();
            for text in [text, rest] {
                std::fs::write(run.files.path("pause", HOST), text).unwrap();
                let run = bench.run();
                if let Permission::Until(time) = run.check(HOST, bench.at(0)) {
                    prop_assert!(time <= bench.at(0).mono + LONGEST);
                }
                prop_assert!((1..=10).contains(&run.allowed(10, bench.at(0))));
            }
        }
    }
}
