//! What follows a failed attempt. Pure: the caller counts the attempts and waits, preferably by
//! working on other items meanwhile.

use std::time::Duration;

use super::FetchError;

/// The wait before the first retry. Each further wait is twice as long.
const FIRST: Duration = Duration::from_millis(500);
/// The longest wait that this module chooses.
const LONGEST: Duration = Duration::from_secs(30);
/// The longest wait that a server may ask for.
const LONGEST_ASKED: Duration = Duration::from_mins(10);

/// How much later what a page came for is asked for once more: time enough for what is on the way to
/// recover.
pub const ASK_AGAIN: Duration = Duration::from_secs(2);

/// What follows a failed attempt for an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    /// Retry after this time.
    After(Duration),
    /// The item has failed; the run continues with the others.
    GiveUp,
    /// Every other item would fail as well: end the run.
    AbortRun,
    /// The run is stopping. The item stays queued.
    Stopped,
}

/// Decides what follows a failed attempt. Callers use [`super::Client::next_step`], which considers
/// outages, too.
///
/// `attempts_made` is the number of attempts of this item so far that [`counts_as_attempt`], this one
/// included. `jitter` (0 to 1) sets the wait between half of its full length and all of it, so that
/// items that failed together are not retried together.
pub fn next(
    error: &FetchError,
    attempts_made: u32,
    max_attempts: u32,
    jitter: f64,
) -> AfterFailure {
    let asked = match error {
        FetchError::Stopped => return AfterFailure::Stopped,
        FetchError::UndeclaredAgent
        | FetchError::Outage(_)
        | FetchError::Shut(_)
        | FetchError::Sink(_)
        | FetchError::Forbidden(_) => return AfterFailure::AbortRun,
        FetchError::NotFound | FetchError::Refused { .. } | FetchError::TooLarge { .. } => {
            return AfterFailure::GiveUp;
        }
        // The limiter delays the next attempt until the block is over.
        FetchError::Throttled { page: true } => return AfterFailure::After(Duration::ZERO),
        FetchError::Server { retry_after, .. } => retry_after.unwrap_or_default(),
        // Once more shows whether the page stays.
        FetchError::Page(_) if attempts_made >= 2 => return AfterFailure::GiveUp,
        FetchError::Page(_) => ASK_AGAIN,
        FetchError::Throttled { page: false }
        | FetchError::Damaged(_)
        | FetchError::Redirect(_)
        | FetchError::Network(_)
        | FetchError::Unreachable(_) => Duration::ZERO,
    };
    if attempts_made >= max_attempts {
        return AfterFailure::GiveUp;
    }
    let doublings = attempts_made.saturating_sub(1).min(16);
    let full = (FIRST * 2u32.pow(doublings)).min(LONGEST);
    let jitter = if jitter.is_finite() {
        jitter.clamp(0.0, 1.0)
    } else {
        1.0
    };
    let wait = full.mul_f64(0.5 + jitter / 2.0);
    AfterFailure::After(wait.max(asked.min(LONGEST_ASKED)))
}

/// Whether a failed attempt counts towards the item's `--max-attempts`.
///
/// EDGAR's block page does not count: it concerns all requests, not this item. A plain 429 counts, or
/// an item that always gets one would keep the run going forever. An outage does not count: it ends
/// the run, and every item keeps its attempts.
pub fn counts_as_attempt(error: &FetchError) -> bool {
    !matches!(
        error,
        FetchError::Throttled { page: true }
            | FetchError::Outage(_)
            | FetchError::Shut(_)
            | FetchError::Stopped
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::outage::ConnectionFailure;
    use proptest::prelude::*;
    use std::io;

    fn network() -> FetchError {
        FetchError::Network("connection refused".into())
    }

    #[test]
    fn waits_double_up_to_half_a_minute() {
        let waits: Vec<AfterFailure> = (1..=9).map(|n| next(&network(), n, 99, 1.0)).collect();
        let ms = [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000];
        assert_eq!(
            waits,
            ms.map(|ms| AfterFailure::After(Duration::from_millis(ms)))
                .to_vec()
        );
        assert_eq!(
            next(&network(), 1, 9, 0.0),
            AfterFailure::After(Duration::from_millis(250))
        );
    }

    #[test]
    fn the_last_try_ends_the_item() {
        assert_eq!(next(&network(), 3, 3, 0.5), AfterFailure::GiveUp);
        assert_eq!(next(&network(), 1, 0, 0.5), AfterFailure::GiveUp);
    }

    #[test]
    fn what_a_page_came_for_is_asked_for_once_more() {
        let page = FetchError::Page("a web page");
        assert_eq!(next(&page, 1, 9, 0.5), AfterFailure::After(ASK_AGAIN));
        assert_eq!(next(&page, 2, 9, 0.5), AfterFailure::GiveUp);
        assert_eq!(next(&page, 1, 1, 0.5), AfterFailure::GiveUp);
    }

    #[test]
    fn a_server_that_asks_for_time_gets_it_within_reason() {
        let busy = |secs| FetchError::Server {
            status: 503,
            retry_after: Some(Duration::from_secs(secs)),
        };
        assert_eq!(
            next(&busy(7), 1, 3, 0.5),
            AfterFailure::After(Duration::from_secs(7))
        );
        assert_eq!(
            next(&busy(86_400), 1, 3, 0.5),
            AfterFailure::After(Duration::from_mins(10))
        );
        assert_eq!(
            next(&busy(0), 2, 3, 1.0),
            AfterFailure::After(Duration::from_secs(1))
        );
    }

    #[test]
    fn what_would_fail_again_is_not_tried_again() {
        assert_eq!(next(&FetchError::NotFound, 1, 3, 0.5), AfterFailure::GiveUp);
        assert_eq!(
            next(&FetchError::Refused { status: 403 }, 1, 3, 0.5),
            AfterFailure::GiveUp
        );
        assert_eq!(
            next(&FetchError::TooLarge { limit: 1 }, 1, 3, 0.5),
            AfterFailure::GiveUp
        );
        assert_eq!(
            next(&FetchError::UndeclaredAgent, 1, 3, 0.5),
            AfterFailure::AbortRun
        );
        let full = FetchError::Sink(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(next(&full, 1, 3, 0.5), AfterFailure::AbortRun);
        assert_eq!(next(&FetchError::Stopped, 1, 3, 0.5), AfterFailure::Stopped);
    }

    #[test]
    fn a_throttled_try_costs_nothing() {
        assert!(!counts_as_attempt(&FetchError::Throttled { page: true }));
        assert!(counts_as_attempt(&FetchError::Throttled { page: false }));
        assert_eq!(
            next(&FetchError::Throttled { page: true }, 99, 3, 0.5),
            AfterFailure::After(Duration::ZERO)
        );
    }

    #[test]
    fn an_outage_ends_the_run_and_costs_nothing() {
        let outage = FetchError::Outage(Box::new(ConnectionFailure {
            host: "example.com".into(),
            in_a_row: 20,
            cause: "connection refused".into(),
        }));
        assert_eq!(next(&outage, 0, 3, 0.5), AfterFailure::AbortRun);
        assert!(!counts_as_attempt(&outage));
    }

    proptest! {
        #[test]
        fn any_number_of_tries_has_a_bounded_wait(attempts in any::<u32>(), jitter in any::<f64>()) {
            let next = next(&network(), attempts, u32::MAX, jitter);
            if let AfterFailure::After(wait) = next {
                prop_assert!(wait <= LONGEST && wait >= FIRST / 2);
            } else {
                prop_assert_eq!((attempts, next), (u32::MAX, AfterFailure::GiveUp));
            }
        }
    }
}
