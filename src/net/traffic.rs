//! What a run has asked for so far: counters that every thread adds to and the
//! dashboard reads at any time. Nothing here blocks for long.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::RequestKind;

/// Requests, bytes and pauses of one client since it was made.
#[derive(Debug, Default)]
pub struct Traffic {
    companies: AtomicU64,
    discovery: AtomicU64,
    documents: AtomicU64,
    retries: AtomicU64,
    bytes: AtomicU64,
    paused: Mutex<Paused>,
}

/// The union of all blocks: two hosts paused at once count once.
#[derive(Debug, Default)]
struct Paused {
    /// The length of the union, of what is still to come as well.
    booked: Duration,
    /// Where the union ends. Up to there it has no gap from any booking on.
    until: Option<Instant>,
}

impl Traffic {
    /// All requests sent, redirects and retries included.
    pub fn requests(&self) -> u64 {
        use RequestKind::{Companies, Discovery, Document};
        [Companies, Discovery, Document]
            .map(|kind| self.requests_of(kind))
            .iter()
            .sum()
    }

    /// The requests sent for one purpose.
    pub fn requests_of(&self, kind: RequestKind) -> u64 {
        self.counter(kind).load(Relaxed)
    }

    /// How many of the requests were further tries.
    pub fn retries(&self) -> u64 {
        self.retries.load(Relaxed)
    }

    /// Bytes of response bodies as they came over the wire, before decoding.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// For how long some host was on pause: wall time, however many threads waited.
    pub fn paused_time(&self) -> Duration {
        self.paused_time_at(Instant::now())
    }

    /// How long the pause going on now will last; `None` when there is none.
    pub fn pause_left(&self) -> Option<Duration> {
        self.pause_left_at(Instant::now())
    }

    /// Counts a further try. Only the caller knows that it is one.
    pub fn count_retry(&self) {
        self.retries.fetch_add(1, Relaxed);
    }

    pub(super) fn count_request(&self, kind: RequestKind) {
        self.counter(kind).fetch_add(1, Relaxed);
    }

    pub(super) fn count_bytes(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }

    /// Notes a pause that goes on from `now` until `until`.
    pub(super) fn book_pause(&self, now: Instant, until: Instant) {
        let mut paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        let from = paused.until.map_or(now, |end| end.max(now));
        if until > from {
            paused.booked += until - from;
            paused.until = Some(until);
        }
    }

    fn paused_time_at(&self, now: Instant) -> Duration {
        let paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        let to_come = paused
            .until
            .map_or(Duration::ZERO, |end| end.saturating_duration_since(now));
        paused.booked.saturating_sub(to_come)
    }

    fn pause_left_at(&self, now: Instant) -> Option<Duration> {
        let paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        let left = paused.until?.saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    fn counter(&self, kind: RequestKind) -> &AtomicU64 {
        match kind {
            RequestKind::Companies => &self.companies,
            RequestKind::Discovery => &self.discovery,
            RequestKind::Document => &self.documents,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_kind_and_in_all() {
        let traffic = Traffic::default();
        traffic.count_request(RequestKind::Companies);
        traffic.count_request(RequestKind::Document);
        traffic.count_request(RequestKind::Document);
        assert_eq!(traffic.requests_of(RequestKind::Document), 2);
        assert_eq!(traffic.requests_of(RequestKind::Discovery), 0);
        assert_eq!(traffic.requests(), 3);
    }

    #[test]
    fn pauses_that_overlap_count_once() {
        let traffic = Traffic::default();
        let start = Instant::now();
        let at = |secs| start + Duration::from_secs(secs);
        assert_eq!(traffic.pause_left_at(start), None);
        traffic.book_pause(at(0), at(10));
        traffic.book_pause(at(2), at(8));
        traffic.book_pause(at(4), at(14));
        assert_eq!(traffic.paused_time_at(at(5)), Duration::from_secs(5));
        assert_eq!(traffic.pause_left_at(at(5)), Some(Duration::from_secs(9)));
        assert_eq!(traffic.paused_time_at(at(20)), Duration::from_secs(14));
        traffic.book_pause(at(30), at(31));
        assert_eq!(traffic.paused_time_at(at(60)), Duration::from_secs(15));
        assert_eq!(traffic.pause_left_at(at(60)), None);
    }
}
