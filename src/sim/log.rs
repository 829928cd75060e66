//! The request log: every request with its times, as the server saw it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

/// The kind of resource that a request is for, by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Resource {
    /// The SEC's company list.
    Companies,
    /// The Nasdaq Trader symbol directory. It belongs to another site, so EDGAR's limit does not apply.
    Listings,
    /// A submissions document, one of its older pages, or an index.
    Discovery,
    /// A file of a filing.
    Documents,
    /// Anything else.
    Other,
}

impl Resource {
    /// The kind of resource at `path`.
    pub fn of(path: &str) -> Self {
        let kinds = [
            ("/files/", Self::Companies),
            ("/dynamic/symdir/", Self::Listings),
            ("/submissions/", Self::Discovery),
            ("/Archives/edgar/daily-index/", Self::Discovery),
            ("/Archives/edgar/full-index/", Self::Discovery),
            ("/Archives/edgar/data/", Self::Documents),
        ];
        kinds
            .into_iter()
            .find(|(prefix, _)| path.starts_with(prefix))
            .map_or(Self::Other, |(_, kind)| kind)
    }

    /// Whether EDGAR's limit and its demand for a declared user agent apply.
    pub fn is_edgar(self) -> bool {
        self != Self::Listings
    }
}

/// A logged request.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// The time of its arrival since the start of the simulator.
    #[serde(serialize_with = "seconds")]
    pub at: Duration,
    /// The time when the first byte of the response was sent; `None` before that and without a response.
    #[serde(serialize_with = "maybe_seconds")]
    pub answered_at: Option<Duration>,
    /// The method: `GET`, `HEAD`, or another one that the client sent.
    pub method: String,
    /// The requested path with its query.
    pub path: String,
    /// The kind of resource.
    pub kind: Resource,
    /// The status of the response; `None` before the response and without one.
    pub status: Option<u16>,
    /// The `User-Agent`, if it has one.
    pub user_agent: Option<String>,
    /// The number of its connection, from 1, in the order of acceptance.
    pub connection: u64,
    /// The bytes of the response sent so far, including headers. They are counted before they are sent, so a
    /// client that has read a response finds all of it here.
    pub sent: u64,
    /// Whether it arrived during a block and extended it.
    pub while_blocked: bool,
    /// The fault that affected it, as text.
    pub fault: Option<String>,
}

fn seconds<S: serde::Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(time.as_secs_f64())
}

#[expect(clippy::ref_option, reason = "serde passes the field by reference")]
fn maybe_seconds<S: serde::Serializer>(time: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.as_secs_f64()).serialize(to)
}

/// All requests since the start or the last [`RequestLog::clear`], in order of arrival.
#[derive(Debug)]
pub struct RequestLog {
    started: Instant,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    /// The number of cleared entries, so that the numbers of the others stay valid.
    cleared: usize,
    kept: Vec<Entry>,
}

/// The number of an entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EntryId(usize);

impl RequestLog {
    pub(crate) fn new(started: Instant) -> Self {
        Self {
            started,
            entries: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a request that arrives now. `admit` runs under the lock of the log, so that the limit sees the
    /// requests in the order of the log.
    pub(crate) fn arrive<T>(
        &self,
        admit: impl FnOnce(Instant) -> T,
        entry: impl FnOnce(Duration, &T) -> Entry,
    ) -> (EntryId, T) {
        let mut entries = self.lock();
        let now = Instant::now();
        let verdict = admit(now);
        let entry = entry(now.duration_since(self.started), &verdict);
        entries.kept.push(entry);
        (EntryId(entries.cleared + entries.kept.len() - 1), verdict)
    }

    /// Records the fault that affected a request.
    pub(crate) fn struck(&self, id: EntryId, fault: String) {
        self.change(id, |entry| entry.fault = Some(fault));
    }

    /// Records that some bytes of the response will be sent now.
    pub(crate) fn answering(&self, id: EntryId, status: Option<u16>, bytes: u64) {
        let at = self.started.elapsed();
        self.change(id, |entry| {
            entry.answered_at.get_or_insert(at);
            entry.status = status;
            entry.sent += bytes;
        });
    }

    /// Changes an entry, unless it was cleared.
    fn change(&self, id: EntryId, change: impl FnOnce(&mut Entry)) {
        let mut entries = self.lock();
        if let Some(index) = id.0.checked_sub(entries.cleared)
            && let Some(entry) = entries.kept.get_mut(index)
        {
            change(entry);
        }
    }

    /// Every entry, in order of arrival.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().kept.clone()
    }

    /// The number of requests.
    pub fn requests(&self) -> usize {
        self.lock().kept.len()
    }

    /// The number of requests for a kind of resource.
    pub fn of_kind(&self, kind: Resource) -> usize {
        self.count(|entry| entry.kind == kind)
    }

    /// The number of requests that `wanted` selects.
    pub fn count(&self, wanted: impl Fn(&Entry) -> bool) -> usize {
        self.lock()
            .kept
            .iter()
            .filter(|entry| wanted(entry))
            .count()
    }

    /// The number of requests for each path (with query).
    pub fn paths(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for entry in &self.lock().kept {
            *counts.entry(entry.path.clone()).or_insert(0) += 1;
        }
        counts
    }

    /// The number of requests that arrived during a block and extended it.
    pub fn while_blocked(&self) -> usize {
        self.count(|entry| entry.while_blocked)
    }

    /// The largest number of requests to EDGAR in any second (a sliding window without its end). Requests for
    /// the exchanges' lists do not count, because they belong to another site.
    pub fn most_in_a_second(&self) -> usize {
        self.most_within(Duration::from_secs(1))
    }

    /// As [`RequestLog::most_in_a_second`], for any window.
    pub fn most_within(&self, window: Duration) -> usize {
        let times: Vec<Duration> = self
            .lock()
            .kept
            .iter()
            .filter(|entry| entry.kind.is_edgar())
            .map(|entry| entry.at)
            .collect();
        most_within(&times, window)
    }

    /// Removes all entries, including those of requests in progress.
    pub fn clear(&self) {
        let mut entries = self.lock();
        entries.cleared += entries.kept.len();
        entries.kept.clear();
    }

    /// The log as JSON, one entry per line.
    pub fn to_json_lines(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for entry in &self.entries() {
            if serde_json::to_writer(&mut out, entry).is_ok() {
                out.push(b'\n');
            }
        }
        out
    }

    /// The counts as JSON.
    pub fn stats(&self) -> serde_json::Value {
        let entries = self.entries();
        let mut statuses = BTreeMap::new();
        let mut connections: Vec<u64> = entries.iter().map(|entry| entry.connection).collect();
        connections.sort_unstable();
        connections.dedup();
        for entry in &entries {
            let status = entry.status.map_or("none".to_owned(), |s| s.to_string());
            *statuses.entry(status).or_insert(0_u64) += 1;
        }
        let of = |kind| entries.iter().filter(|entry| entry.kind == kind).count();
        serde_json::json!({
            "requests": entries.len(),
            "companies": of(Resource::Companies),
            "listings": of(Resource::Listings),
            "discovery": of(Resource::Discovery),
            "documents": of(Resource::Documents),
            "statuses": statuses,
            "connections": connections.len(),
            "sent": entries.iter().map(|entry| entry.sent).sum::<u64>(),
            "faults": entries.iter().filter(|entry| entry.fault.is_some()).count(),
            "while_blocked": entries.iter().filter(|entry| entry.while_blocked).count(),
            "most_in_a_second": self.most_in_a_second(),
        })
    }
}

/// The largest number of `times`, which are sorted, in any half-open window.
fn most_within(times: &[Duration], window: Duration) -> usize {
    let mut first = 0;
    let mut most = 0;
    for (last, at) in times.iter().enumerate() {
        while at.saturating_sub(times[first]) >= window {
            first += 1;
        }
        most = most.max(last - first + 1);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn two_requests_a_whole_second_apart_are_not_in_one_second() {
        let times = [0, 500, 999, 1000, 1499].map(Duration::from_millis);
        assert_eq!(most_within(&times, Duration::from_secs(1)), 4);
        assert_eq!(most_within(&times[..2], Duration::from_secs(1)), 2);
        assert_eq!(most_within(&[], Duration::from_secs(1)), 0);
    }

    proptest! {
        #[test]
        fn the_sliding_window_finds_what_trying_every_start_finds(
            mut times in proptest::collection::vec(0_u64..5_000, 0..60)
        ) {
            times.sort_unstable();
            let tried = times
                .iter()
                .map(|from| times.iter().filter(|at| (*from..from + 1000).contains(*at)).count())
                .max()
                .unwrap_or(0);
            let times: Vec<_> = times.into_iter().map(Duration::from_millis).collect();
            prop_assert_eq!(most_within(&times, Duration::from_secs(1)), tried);
        }
    }

    #[test]
    fn kinds_follow_from_paths() {
        for (path, kind) in [
            ("/files/company_tickers_exchange.json", Resource::Companies),
            ("/dynamic/symdir/otherlisted.txt", Resource::Listings),
            ("/submissions/CIK0000000001.json", Resource::Discovery),
            ("/Archives/edgar/data/1/2/3.htm", Resource::Documents),
            ("/", Resource::Other),
        ] {
            assert_eq!(Resource::of(path), kind, "{path}");
        }
    }
}
