//! The numbers of a run, counted by its stages.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::format::plain;

/// How many recent errors the dashboard shows.
const RECENT_ERRORS: usize = 3;

/// The live numbers of one run. Shared by all its threads; no number waits for another.
#[derive(Debug, Default)]
pub struct Counters {
    /// Companies this run is to look at.
    pub companies_total: AtomicU64,
    /// Companies looked at to the end, well or not.
    pub companies_done: AtomicU64,
    /// Companies with at least one filing that the database did not have.
    pub companies_with_new: AtomicU64,
    /// Companies whose filings could not be read.
    pub companies_failed: AtomicU64,
    /// Companies that EDGAR does not have, and that are not asked for any more.
    pub companies_unavailable: AtomicU64,
    /// Companies being looked at now.
    pub companies_in_progress: AtomicU64,
    /// Filings of the wanted forms and dates, as listed by EDGAR.
    pub filings_found: AtomicU64,
    /// Those of them that the database did not have.
    pub filings_new: AtomicU64,
    /// Artifacts put into the queue by this run.
    pub artifacts_created: AtomicU64,
    /// Artifacts that this run has to download: the backlog and what it created.
    pub artifacts_queued: AtomicU64,
    /// Artifacts stored.
    pub downloaded: AtomicU64,
    /// Artifacts given up in this run.
    pub failed: AtomicU64,
    /// Those among them that EDGAR does not have.
    pub unavailable: AtomicU64,
    /// Bytes of the stored artifacts.
    pub bytes: AtomicU64,
    /// Bytes of `submissions.zip` that are here.
    pub archive_bytes: AtomicU64,
    /// Its whole length; 0 when it is not fetched, or its length is not known.
    pub archive_total: AtomicU64,
    recent_errors: Mutex<VecDeque<String>>,
}

/// Counts one company as being looked at, for as long as it lives.
#[derive(Debug)]
pub struct InProgress<'a>(&'a AtomicU64);

impl Drop for InProgress<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Counters {
    /// Counts one company as being looked at.
    #[must_use]
    pub fn in_progress(&self) -> InProgress<'_> {
        self.companies_in_progress.fetch_add(1, Relaxed);
        InProgress(&self.companies_in_progress)
    }

    /// Remembers an error for the dashboard. The text may quote the network.
    pub fn error(&self, message: &str) {
        let mut errors = self
            .recent_errors
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        errors.truncate(RECENT_ERRORS - 1);
        errors.push_front(plain(message));
    }

    /// The numbers as they stand; the caller adds what the network layer counts.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let errors = self
            .recent_errors
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Snapshot {
            companies_total: self.companies_total.load(Relaxed),
            companies_done: self.companies_done.load(Relaxed),
            companies_with_new: self.companies_with_new.load(Relaxed),
            companies_failed: self.companies_failed.load(Relaxed),
            companies_unavailable: self.companies_unavailable.load(Relaxed),
            companies_in_progress: self.companies_in_progress.load(Relaxed),
            filings_found: self.filings_found.load(Relaxed),
            filings_new: self.filings_new.load(Relaxed),
            artifacts_created: self.artifacts_created.load(Relaxed),
            artifacts_queued: self.artifacts_queued.load(Relaxed),
            downloaded: self.downloaded.load(Relaxed),
            failed: self.failed.load(Relaxed),
            unavailable: self.unavailable.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            archive_bytes: self.archive_bytes.load(Relaxed),
            archive_total: self.archive_total.load(Relaxed),
            recent_errors: errors.iter().cloned().collect(),
            ..Snapshot::default()
        }
    }
}

/// The numbers of a run at one moment: all that a frame of the dashboard shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    pub companies_total: u64,
    pub companies_done: u64,
    pub companies_with_new: u64,
    pub companies_failed: u64,
    pub companies_unavailable: u64,
    pub companies_in_progress: u64,
    pub filings_found: u64,
    pub filings_new: u64,
    pub artifacts_created: u64,
    pub artifacts_queued: u64,
    pub downloaded: u64,
    pub failed: u64,
    pub unavailable: u64,
    pub bytes: u64,
    pub archive_bytes: u64,
    pub archive_total: u64,
    pub recent_errors: Vec<String>,
    /// Time since the run began.
    pub elapsed: Duration,
    /// Requests sent, of every kind, tries and redirects included.
    pub requests: u64,
    /// The limit in requests a second; `None` where there is none.
    pub rate_limit: Option<u32>,
    /// How long EDGAR had us pause.
    pub paused: Duration,
    /// How long the pause that is on will last; zero when none is.
    pub pause_left: Duration,
}

impl Snapshot {
    /// Companies looked at to the end that had nothing new.
    #[must_use]
    pub fn companies_unchanged(&self) -> u64 {
        self.companies_done
            .saturating_sub(self.companies_with_new + self.companies_failed)
    }

    /// Companies looked at per second.
    #[must_use]
    pub fn companies_per_second(&self) -> f64 {
        per_second(self.companies_done, self.elapsed)
    }

    /// Requests sent per second.
    #[must_use]
    pub fn requests_per_second(&self) -> f64 {
        per_second(self.requests, self.elapsed)
    }

    /// The time until the slower of discovery and download is done, at the pace so far; `None`
    /// before there is a pace.
    #[must_use]
    pub fn eta(&self) -> Option<Duration> {
        let companies = left(self.companies_total, self.companies_done, self.elapsed)?;
        let attempted = self.downloaded + self.failed;
        let downloads = left(self.artifacts_queued, attempted, self.elapsed)?;
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

/// The time that the rest takes at the pace so far.
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

    fn after(seconds: u64) -> Snapshot {
        Snapshot {
            companies_total: 100,
            elapsed: Duration::from_secs(seconds),
            ..Snapshot::default()
        }
    }

    #[test]
    fn the_eta_is_that_of_the_slower_part() {
        let snapshot = Snapshot {
            companies_done: 50,
            artifacts_queued: 40,
            downloaded: 9,
            failed: 1,
            ..after(10)
        };
        assert_eq!(snapshot.eta(), Some(Duration::from_secs(30)));
    }

    #[test]
    fn there_is_no_eta_before_there_is_a_pace() {
        assert_eq!(after(10).eta(), None);
    }

    #[test]
    fn only_the_last_errors_are_kept_newest_first_and_harmless() {
        let counters = Counters::default();
        for error in ["a", "b", "c", "d\u{1b}[31m"] {
            counters.error(error);
        }
        assert_eq!(counters.snapshot().recent_errors, ["d?[31m", "c", "b"]);
    }

    #[test]
    fn a_company_in_progress_is_counted_while_its_guard_lives() {
        let counters = Counters::default();
        let guard = counters.in_progress();
        assert_eq!(counters.snapshot().companies_in_progress, 1);
        drop(guard);
        assert_eq!(counters.snapshot().companies_in_progress, 0);
    }
}
