//! A bare status 429, without EDGAR's page, may concern all requests to a host or one document that
//! always gets it. The first 429 of a document pauses its host. A later 429 of the same document does
//! not, unless another document got one since the host last answered without an error.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};

use url::Url;

/// The number of documents of a host that are remembered. Every 429 of a further document pauses the host.
const REMEMBERED: usize = 10_000;

/// The documents that got a bare 429, by host.
#[derive(Debug, Default)]
pub(super) struct Bare429(Mutex<HashMap<String, Refused>>);

/// Documents of one host that got a bare 429, as hashes of their addresses.
#[derive(Debug, Default)]
struct Refused {
    in_this_run: HashSet<u64>,
    since_success: HashSet<u64>,
}

impl Bare429 {
    /// Records a bare 429 of a document. Returns whether its host must be paused.
    pub(super) fn pauses_host(&self, host: &str, url: &Url) -> bool {
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = hosts.entry(host.to_owned()).or_default();
        let document = hash(url);
        let is_only_one = refused.since_success.iter().all(|other| *other == document);
        let is_known = refused.in_this_run.contains(&document);
        for documents in [&mut refused.in_this_run, &mut refused.since_success] {
            if documents.len() < REMEMBERED {
                documents.insert(document);
            }
        }
        !(is_known && is_only_one)
    }

    /// Records that a host answered without an error.
    pub(super) fn answered(&self, host: &str) {
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(refused) = hosts.get_mut(host) {
            refused.since_success.clear();
        }
    }
}

fn hash(url: &Url) -> u64 {
    let mut hasher = DefaultHasher::new();
    url.as_str().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "example.com";

    fn url(name: &str) -> Url {
        Url::parse(&format!("http://{HOST}/{name}")).unwrap()
    }

    #[test]
    fn one_document_pauses_its_host_once() {
        let seen = Bare429::default();
        assert!(seen.pauses_host(HOST, &url("a")));
        assert!(!seen.pauses_host(HOST, &url("a")), "nothing else got one");
        seen.answered(HOST);
        assert!(!seen.pauses_host(HOST, &url("a")));
    }

    #[test]
    fn a_host_that_refuses_several_documents_is_paused_each_time() {
        let seen = Bare429::default();
        for name in ["a", "b", "a", "b"] {
            assert!(seen.pauses_host(HOST, &url(name)), "{name}");
        }
        seen.answered(HOST);
        assert!(!seen.pauses_host(HOST, &url("a")));
        assert!(seen.pauses_host(HOST, &url("c")));
    }
}
