//! The rate limit as EDGAR enforces it: too many requests in a second block the client for minutes, and
//! every request during the block extends it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What the limit decides about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It gets a response.
    Admitted,
    /// It exceeds the limit and starts a block.
    Exceeds,
    /// It arrives during a block and extends it.
    Blocked,
}

/// Counts arrivals. The caller passes the time, which never decreases.
#[derive(Debug)]
pub(crate) struct SimLimiter {
    rate: Option<u32>,
    block_for: Duration,
    /// The arrivals in the last second.
    recent: VecDeque<Instant>,
    blocked_until: Option<Instant>,
}

impl SimLimiter {
    pub(crate) fn new(rate: Option<u32>, block_for: Duration) -> Self {
        Self {
            rate,
            block_for,
            recent: VecDeque::new(),
            blocked_until: None,
        }
    }

    /// Counts a request that arrives `now`.
    pub(crate) fn admit(&mut self, now: Instant) -> Admission {
        if self.is_blocked(now) {
            self.block(now);
            return Admission::Blocked;
        }
        let Some(rate) = self.rate else {
            return Admission::Admitted;
        };
        let second = Duration::from_secs(1);
        while self
            .recent
            .front()
            .is_some_and(|first| now.duration_since(*first) >= second)
        {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        if self.recent.len() > usize::try_from(rate).unwrap_or(usize::MAX) {
            self.block(now);
            return Admission::Exceeds;
        }
        Admission::Admitted
    }

    /// Starts or restarts a block.
    pub(crate) fn block(&mut self, now: Instant) {
        self.blocked_until = now.checked_add(self.block_for);
    }

    /// Ends a block.
    pub(crate) fn unblock(&mut self) {
        self.blocked_until = None;
        self.recent.clear();
    }

    /// Whether a request would be blocked.
    pub(crate) fn is_blocked(&self, now: Instant) -> bool {
        self.blocked_until.is_some_and(|until| now < until)
    }

    /// Changes the limit from now on.
    pub(crate) fn set_rate(&mut self, rate: Option<u32>) {
        self.rate = rate;
        self.recent.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTES: Duration = Duration::from_mins(10);

    #[test]
    fn the_request_beyond_the_limit_blocks() {
        let mut limiter = SimLimiter::new(Some(10), MINUTES);
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        assert!((0..10).all(|i| limiter.admit(at(i * 90)) == Admission::Admitted));
        assert_eq!(limiter.admit(at(1000)), Admission::Admitted);
        assert_eq!(limiter.admit(at(1001)), Admission::Exceeds);
        assert_eq!(limiter.admit(at(5000)), Admission::Blocked);
    }

    #[test]
    fn a_request_during_the_block_extends_it() {
        let mut limiter = SimLimiter::new(Some(1), MINUTES);
        let start = Instant::now();
        let at = |s| start + Duration::from_secs(s);
        limiter.block(start);
        assert_eq!(limiter.admit(at(599)), Admission::Blocked);
        assert_eq!(limiter.admit(at(1198)), Admission::Blocked);
        assert_eq!(limiter.admit(at(1798)), Admission::Admitted);
    }

    #[test]
    fn without_a_limit_nothing_blocks() {
        let mut limiter = SimLimiter::new(None, MINUTES);
        let now = Instant::now();
        assert!((0..10_000).all(|_| limiter.admit(now) == Admission::Admitted));
    }
}
