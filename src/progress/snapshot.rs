//! The state of a run that one frame of the dashboard shows.

use std::time::Duration;

use crate::counts::Counts;

/// The state of a run at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    pub counts: Counts,
    /// Downloaded bytes of `submissions.zip`.
    pub archive_bytes: u64,
    /// The length of `submissions.zip`; 0 if it is unknown or nothing is downloaded.
    pub archive_total: u64,
    /// Newest first.
    pub recent_errors: Vec<String>,
    /// Since the start of the run.
    pub elapsed: Duration,
    /// In requests per second; `None` is no limit.
    pub rate_limit: Option<u32>,
    /// The total time of pauses that EDGAR demanded.
    pub paused: Duration,
    /// The rest of the current pause.
    pub pause_left: Duration,
}

impl Snapshot {
    /// Companies visited per second.
    pub fn companies_per_second(&self) -> f64 {
        per_second(self.counts.companies_done, self.elapsed)
    }

    /// Requests sent per second.
    pub fn requests_per_second(&self) -> f64 {
        per_second(self.counts.requests, self.elapsed)
    }

    /// The estimated time until discovery and downloads are done, at the average speed so far; `None`
    /// as long as nothing is done.
    pub fn eta(&self) -> Option<Duration> {
        let companies = left(
            self.counts.companies_total,
            self.counts.companies_done,
            self.elapsed,
        )?;
        let attempted = self.counts.downloaded + self.counts.failed;
        let downloads = left(self.counts.artifacts_queued, attempted, self.elapsed)?;
        Some(companies.max(downloads) + self.pause_left)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate needs no 53 bits")]
fn per_second(count: u64, elapsed: Duration) -> f64 {
    if elapsed.is_zero() {
        return 0.0;
    }
    count as f64 / elapsed.as_secs_f64()
}

/// The estimated time for the rest at the average speed so far.
#[expect(clippy::cast_precision_loss, reason = "an estimate needs no 53 bits")]
fn left(total: u64, done: u64, elapsed: Duration) -> Option<Duration> {
    let rest = total.saturating_sub(done);
    match (rest, done) {
        (0, _) => Some(Duration::ZERO),
        (_, 0) => None,
        _ => Duration::try_from_secs_f64(elapsed.as_secs_f64() * rest as f64 / done as f64).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: u64, counts: Counts) -> Snapshot {
        Snapshot {
            counts: Counts {
                companies_total: 100,
                ..counts
            },
            elapsed: Duration::from_secs(seconds),
            ..Snapshot::default()
        }
    }

    #[test]
    fn the_eta_is_that_of_the_slower_part() {
        let counts = Counts {
            companies_done: 50,
            artifacts_queued: 40,
            downloaded: 9,
            failed: 1,
            ..Counts::default()
        };
        assert_eq!(after(10, counts).eta(), Some(Duration::from_secs(30)));
    }

    #[test]
    fn there_is_no_eta_before_there_is_a_pace() {
        assert_eq!(after(10, Counts::default()).eta(), None);
    }
}
