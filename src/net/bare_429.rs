//! A bare status 429, without EDGAR's page, may be about all requests or about one document that
//! always gets it. The first one of a document pauses its host. A further one of the same document does
//! not, as long as no other document got one since the host last answered well.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};

use url::Url;

/// So many documents of a host are remembered; beyond, each 429 pauses.
const REMEMBERED: usize = 10_000;

/// The documents that got a bare 429, by host.
#[derive(Debug, Default)]
pub(super) struct Bare429(Mutex<HashMap<String, Of>>);

#[derive(Debug, Default)]
struct Of {
    /// In this run, as hashes of their addresses.
    ever: HashSet<u64>,
    /// Since the host last answered well.
    lately: HashSet<u64>,
}

impl Bare429 {
    /// A document got a bare 429. Returns whether that is about its host, which is to be left alone.
    pub(super) fn is_about_host(&self, host: &str, url: &Url) -> bool {
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = hosts.entry(host.to_owned()).or_default();
        let document = hash(url);
        let is_alone = of.lately.iter().all(|other| *other == document);
        let is_known = of.ever.contains(&document);
        if of.ever.len() < REMEMBERED {
            of.ever.insert(document);
        }
        if of.lately.len() < REMEMBERED {
            of.lately.insert(document);
        }
        !(is_known && is_alone)
    }

    /// A host answered well.
    pub(super) fn fine(&self, host: &str) {
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of) = hosts.get_mut(host) {
            of.lately.clear();
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
        assert!(seen.is_about_host(HOST, &url("a")));
        assert!(!seen.is_about_host(HOST, &url("a")), "nothing else got one");
        seen.fine(HOST);
        assert!(!seen.is_about_host(HOST, &url("a")));
    }

    #[test]
    fn a_host_that_slows_everybody_down_is_left_alone_each_time() {
        let seen = Bare429::default();
        for name in ["a", "b", "a", "b"] {
            assert!(seen.is_about_host(HOST, &url(name)), "{name}");
        }
        seen.fine(HOST);
        assert!(!seen.is_about_host(HOST, &url("a")));
        assert!(seen.is_about_host(HOST, &url("c")));
    }
}
