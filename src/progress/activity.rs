//! The progress of a run that is not a count: the download of the archive, and recent errors.

use std::collections::VecDeque;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

use super::format::printable;

const RECENT_ERRORS: usize = 3;

/// The download of the archive, and recent errors. Shared by all threads of a run.
#[derive(Debug, Default)]
pub struct Activity {
    /// Downloaded bytes of `submissions.zip`.
    pub archive_bytes: AtomicU64,
    /// The length of `submissions.zip`; 0 if it is unknown or nothing is downloaded.
    pub archive_total: AtomicU64,
    recent_errors: Mutex<VecDeque<String>>,
}

impl Activity {
    /// Adds an error for the dashboard. The message may contain text from the network.
    pub fn error(&self, message: &str) {
        let mut errors = self
            .recent_errors
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        errors.truncate(RECENT_ERRORS - 1);
        errors.push_front(printable(message));
    }

    /// The recent errors, newest first.
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
