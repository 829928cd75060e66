//! Counters of a run's requests. Every thread adds to them, and the dashboard reads them at any time.
//! No call blocks for long.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::RequestKind;

/// Requests, bytes and pauses of one client since it was created.
#[derive(Debug, Default)]
pub struct Traffic {
    companies: AtomicU64,
    discovery: AtomicU64,
    documents: AtomicU64,
    retries: AtomicU64,
    bytes: AtomicU64,
    paused: Mutex<Paused>,
}

/// The union of all pauses: a time in which two hosts are paused counts once.
#[derive(Debug, Default)]
struct Paused {
    /// The length of the union, including the part that is still to come.
    booked: Duration,
    /// The end of the union. Between the start of a pause and this moment there is no gap.
    until: Option<Instant>,
}

impl Traffic {
    /// All requests sent, including redirects and retries.
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

    /// How many of the requests were retries.
    pub fn retries(&self) -> u64 {
        self.retries.load(Relaxed)
    }

    /// Bytes of response bodies as received, before decoding.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// How long at least one host was paused. Wall time, however many threads waited.
    pub fn paused_time(&self) -> Duration {
        self.paused_time_at(Instant::now())
    }

    /// How long the current pause will last; `None` when there is none.
    pub fn pause_left(&self) -> Option<Duration> {
        self.pause_left_at(Instant::now())
    }

    /// Counts a retry. Only the caller knows that a request is one.
    pub fn count_retry(&self) {
        self.retries.fetch_add(1, Relaxed);
    }

    pub(super) fn count_request(&self, kind: RequestKind) {
        self.counter(kind).fetch_add(1, Relaxed);
    }

    pub(super) fn count_bytes(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }

    /// Records a pause from `now` until `until`.
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
