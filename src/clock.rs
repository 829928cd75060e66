//! The clock for recorded times and for the current day.

use jiff::Timestamp;

/// A clock that `FILING_ETL_NOW` can set at the start of the program; it runs on from there. Heartbeats,
/// waits and elapsed times use the real clock instead.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    offset: jiff::SignedDuration,
}

impl Clock {
    /// A clock that is set to this time now.
    pub fn starting_at(now: Timestamp) -> Self {
        Self {
            offset: now.duration_since(Timestamp::now()),
        }
    }

    pub fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        now.checked_add(self.offset).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_runs_on() {
        let start: Timestamp = "2020-03-01T12:00:00Z".parse().unwrap();
        let clock = Clock::starting_at(start);
        let (one, two) = (clock.now(), clock.now());
        assert!(start <= one && one <= two);
        assert!(two.duration_since(start).as_secs() < 3600);
    }
}
