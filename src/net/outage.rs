//! Counts connection failures by host, over all threads of a client, to detect an outage.
//!
//! A connection failure is a request without any HTTP response: the connection was refused or reset,
//! the host was not found, TLS failed, or the time ran out before the response began. A body that
//! breaks off does not count. Any HTTP response ends the row of failures, whatever its status.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::FetchError;

/// After this many connection failures in a row a host gets no further request.
pub(super) const MAX_FAILURES: u32 = 20;

/// The connection failures by host and port.
#[derive(Debug, Default)]
pub(super) struct Outages(Mutex<HashMap<String, HostFailures>>);

/// A connection failure, and how many there were in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionFailure {
    /// The host with its port, unless that is the default.
    pub host: String,
    /// Connection failures of the host since its last response, this one included.
    pub in_a_row: u32,
    /// Why this connection failed.
    pub cause: String,
}

#[derive(Debug, Default)]
struct HostFailures {
    /// Whether it has ever sent a response.
    answered: bool,
    /// Connection failures since the last response.
    failures: u32,
    /// Why the last connection failed.
    cause: String,
}

impl Outages {
    /// Records that a response of this host has begun.
    pub(super) fn answered(&self, host: &str) {
        let mut hosts = self.hosts();
        if let Some(known) = hosts.get_mut(host) {
            known.answered = true;
            known.failures = 0;
        } else {
            let new = HostFailures {
                answered: true,
                ..HostFailures::default()
            };
            hosts.insert(host.to_owned(), new);
        }
    }

    /// Records a connection failure of this host. Returns [`FetchError::Outage`] for the last of
    /// [`MAX_FAILURES`] in a row, and [`FetchError::Unreachable`] before.
    pub(super) fn failed(&self, host: &str, cause: String) -> FetchError {
        let mut hosts = self.hosts();
        let known = hosts.entry(host.to_owned()).or_default();
        known.failures = known.failures.saturating_add(1);
        known.cause = cause;
        let failure = Box::new(known.last_failure(host));
        if failure.in_a_row >= MAX_FAILURES {
            FetchError::Outage(failure)
        } else {
            FetchError::Unreachable(failure)
        }
    }

    /// Checks that the host may get a request.
    ///
    /// # Errors
    /// [`FetchError::Outage`] after [`MAX_FAILURES`] connection failures in a row.
    pub(super) fn check(&self, host: &str) -> Result<(), FetchError> {
        match self.hosts().get(host) {
            Some(known) if known.failures >= MAX_FAILURES => {
                Err(FetchError::Outage(Box::new(known.last_failure(host))))
            }
            _ => Ok(()),
        }
    }

    /// Whether the host has ever sent a response.
    pub(super) fn has_answered(&self, host: &str) -> bool {
        self.hosts().get(host).is_some_and(|known| known.answered)
    }

    fn hosts(&self) -> MutexGuard<'_, HashMap<String, HostFailures>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HostFailures {
    fn last_failure(&self, name: &str) -> ConnectionFailure {
        ConnectionFailure {
            host: name.to_owned(),
            in_a_row: self.failures,
            cause: self.cause.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "example.com";

    fn fail(outages: &Outages, times: u32) {
        for _ in 0..times {
            let _ = outages.failed(HOST, "connection reset".into());
        }
    }

    #[test]
    fn twenty_failures_in_a_row_are_an_outage_of_that_host_alone() {
        let outages = Outages::default();
        fail(&outages, 18);
        let error = outages.failed(HOST, "connection reset".into());
        assert!(matches!(error, FetchError::Unreachable(_)));
        assert_eq!(error.to_string(), "connection reset");
        assert!(outages.check(HOST).is_ok());
        let error = outages.failed(HOST, "host not found".into());
        assert!(matches!(error, FetchError::Outage(_)));
        assert_eq!(
            error.to_string(),
            "cannot reach example.com (failed connections in a row: 20; the last one: \
             host not found); run the same command again once it can be reached"
        );
        assert_eq!(
            outages.check(HOST).unwrap_err().to_string(),
            error.to_string()
        );
        assert!(outages.check("example.com:81").is_ok());
    }

    #[test]
    fn a_response_ends_the_row() {
        let outages = Outages::default();
        for _ in 0..3 {
            fail(&outages, 19);
            outages.answered(HOST);
        }
        fail(&outages, 19);
        assert!(outages.check(HOST).is_ok());
    }

    #[test]
    fn a_host_that_has_only_failed_has_not_answered() {
        let outages = Outages::default();
        fail(&outages, 1);
        assert!(!outages.has_answered(HOST));
        outages.answered(HOST);
        fail(&outages, 1);
        assert!(outages.has_answered(HOST));
    }
}
