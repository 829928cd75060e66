//! What a run shows while it goes on and nobody counts: the archive on its way, and the last errors.

use std::collections::VecDeque;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

use super::format::plain;

/// How many recent errors the dashboard shows.
const RECENT_ERRORS: usize = 3;

/// The archive on its way, and the last errors. Shared by all threads of a run.
#[derive(Debug, Default)]
pub struct Activity {
    /// Bytes of `submissions.zip` that are here.
    pub archive_bytes: AtomicU64,
    /// Its whole length; 0 when it is not fetched, or its length is not known.
    pub archive_total: AtomicU64,
    recent_errors: Mutex<VecDeque<String>>,
}

impl Activity {
    /// Remembers an error for the dashboard. The text may quote the network.
    pub fn error(&self, message: &str) {
        let mut errors = self
            .recent_errors
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        errors.truncate(RECENT_ERRORS - 1);
        errors.push_front(plain(message));
    }

    /// The last errors, newest first.
    pub fn recent_errors(&self) -> Vec<String> {
        let errors = self
            .recent_errors
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        errors.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_errors_are_kept_newest_first_and_harmless() {
        let activity = Activity::default();
        for error in ["a", "b", "c", "d\u{1b}[31m"] {
            activity.error(error);
        }
        assert_eq!(activity.recent_errors(), ["d?[31m", "c", "b"]);
    }
}
