//! Counts connection failures and refusals by host, over all threads of a client, to detect an outage.
//!
//! A connection failure is a request without any HTTP response: the connection was refused or reset,
//! the host was not found, TLS failed, or the time ran out before the response began. A body that
//! breaks off does not count. Any HTTP response ends the row of failures, whatever its status.
//!
//! A refusal is a response such as 403 or 407 without a reason that EDGAR is known to give: from a
//! proxy, a firewall, or a new page of EDGAR's. So is a redirect that is not followed: to a login page. A host that only refuses gets no further request: a pause
//! would not help, and further requests might extend a block.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{FetchError, RequestKind};

/// After this many connection failures in a row a host gets no further request.
pub(super) const MAX_FAILURES: u32 = 20;

/// After this many refusals in a row a host gets no further request.
pub(super) const MAX_REFUSALS: u32 = 10;

/// The connection failures and refusals by host and port.
#[derive(Debug, Default)]
pub(super) struct Outages {
    hosts: Mutex<HashMap<String, HostFailures>>,
    /// Also by the purpose of the request: good responses with lists do not outweigh refused documents.
    refusals: Mutex<HashMap<(String, RequestKind), RefusalRow>>,
}

/// Refusals since the last good response.
#[derive(Debug, Clone, Copy, Default)]
struct RefusalRow {
    in_a_row: u32,
    /// The status of the last one.
    status: u16,
}

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

/// A host that refuses every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The host with its port, unless that is the default.
    pub host: String,
    /// Refusals of the host since its last good response.
    pub in_a_row: u32,
    /// The status of the last one.
    pub status: u16,
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

    /// Records a good response of this host, or a plain "not found".
    pub(super) fn fine(&self, host: &str, kind: RequestKind) {
        self.refusals().remove(&(host.to_owned(), kind));
    }

    /// Records a refusal of this host. Returns [`FetchError::Shut`] for the last of [`MAX_REFUSALS`] in a
    /// row, and [`FetchError::Refused`] before.
    pub(super) fn refused(&self, host: &str, kind: RequestKind, status: u16) -> FetchError {
        let mut refusals = self.refusals();
        let row = refusals.entry((host.to_owned(), kind)).or_default();
        row.in_a_row = row.in_a_row.saturating_add(1);
        row.status = status;
        row.shut(host).unwrap_or(FetchError::Refused { status })
    }

    /// Checks that the host may get a request.
    ///
    /// # Errors
    /// [`FetchError::Outage`] after [`MAX_FAILURES`] connection failures in a row,
    /// [`FetchError::Shut`] after [`MAX_REFUSALS`] refusals.
    pub(super) fn check(&self, host: &str, kind: RequestKind) -> Result<(), FetchError> {
        let row = self.refusals().get(&(host.to_owned(), kind)).copied();
        if let Some(shut) = row.and_then(|row| row.shut(host)) {
            return Err(shut);
        }
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
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refusals(&self) -> MutexGuard<'_, HashMap<(String, RequestKind), RefusalRow>> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RefusalRow {
    /// The error that ends the run, once there are enough of them.
    fn shut(self, host: &str) -> Option<FetchError> {
        let refusal = || Refusal {
            host: host.to_owned(),
            in_a_row: self.in_a_row,
            status: self.status,
        };
        (self.in_a_row >= MAX_REFUSALS).then(|| FetchError::Shut(Box::new(refusal())))
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
    const KIND: RequestKind = RequestKind::Document;

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
        assert!(outages.check(HOST, KIND).is_ok());
        let error = outages.failed(HOST, "host not found".into());
        assert!(matches!(error, FetchError::Outage(_)));
        assert_eq!(
            error.to_string(),
            "cannot reach example.com (failed connections in a row: 20; the last one: \
             host not found); run the same command again once it can be reached"
        );
        assert_eq!(
            outages.check(HOST, KIND).unwrap_err().to_string(),
            error.to_string()
        );
        assert!(outages.check("example.com:81", KIND).is_ok());
    }

    #[test]
    fn a_response_ends_the_row() {
        let outages = Outages::default();
        for _ in 0..3 {
            fail(&outages, 19);
            outages.answered(HOST);
        }
        fail(&outages, 19);
        assert!(outages.check(HOST, KIND).is_ok());
    }

    #[test]
    fn ten_refusals_in_a_row_shut_a_host_and_a_good_response_ends_the_row() {
        let outages = Outages::default();
        let refuse = |times| {
            for _ in 0..times {
                let error = outages.refused(HOST, KIND, 403);
                assert!(matches!(error, FetchError::Refused { status: 403 }));
            }
        };
        refuse(9);
        outages.answered(HOST);
        outages.fine(HOST, RequestKind::Discovery);
        assert!(outages.check(HOST, KIND).is_ok());
        outages.fine(HOST, KIND);
        refuse(9);
        assert!(outages.check(HOST, KIND).is_ok());
        let error = outages.refused(HOST, KIND, 407);
        assert_eq!(
            error.to_string(),
            "example.com refuses every request (refusals in a row: 10; the last one: refused (status 407); \
             a proxy requires a user and a password: set HTTPS_PROXY to http://user:password@host:port); \
             then run the same command again"
        );
        assert!(matches!(
            outages.check(HOST, KIND),
            Err(FetchError::Shut(_))
        ));
        assert!(outages.check("other.example.com", KIND).is_ok());
        assert!(outages.check(HOST, RequestKind::Discovery).is_ok());
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
