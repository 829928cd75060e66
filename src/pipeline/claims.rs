//! Which filings were taken on but do not stand in the database yet.
//!
//! A joint filing is found once for each of its companies, perhaps at the same moment. Who
//! claims it first hands its artifacts out; the others leave them alone. A claim lasts until
//! the writer has committed the rows: from then on the database gives the answer. So the set
//! holds what is on its way to the writer, and stays small.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::edgar::{Accession, Artifact};

/// The filings taken on. Shared by all discovery threads and the writer.
#[derive(Debug, Default)]
pub struct Claims {
    claimed: Mutex<HashSet<Accession>>,
    /// Joint filings whose artifacts are kept under a company that the run is not about, and which
    /// a company of the run has taken on. Kept for the whole run, since their rows may stay as they
    /// are. Joint filings are few: 1% of all.
    adopted: Mutex<HashSet<Accession>>,
    /// Artifacts of these that a later flow is to download, which would not meet them in the queue
    /// of the run's companies.
    strays: Mutex<Vec<Artifact>>,
}

impl Claims {
    /// Claims the filings that nobody else has, and returns them.
    ///
    /// Ask the database what it knows only *after* this: a claim is given up after its rows
    /// are committed, so what is neither claimed by others nor known is new.
    pub(super) fn claim(&self, filings: impl Iterator<Item = Accession>) -> HashSet<Accession> {
        let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        filings.filter(|f| claimed.insert(*f)).collect()
    }

    /// Takes on a filing that is kept under nobody in this run. Returns whether nobody had yet.
    pub(super) fn adopt(&self, filing: Accession) -> bool {
        let mut adopted = self.adopted.lock().unwrap_or_else(PoisonError::into_inner);
        adopted.insert(filing)
    }

    /// Leaves an artifact of such a filing to the next flow.
    pub(super) fn leave(&self, stray: Artifact) {
        let mut left = self.strays.lock().unwrap_or_else(PoisonError::into_inner);
        left.push(stray);
    }

    /// What was left to this flow.
    pub(super) fn take_strays(&self) -> Vec<Artifact> {
        let mut left = self.strays.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut left)
    }

    /// Whether the rows of this filing are still on their way to the writer.
    pub(super) fn has(&self, filing: Accession) -> bool {
        let claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        claimed.contains(&filing)
    }

    /// Gives claims up.
    pub(super) fn release<'a>(&self, filings: impl IntoIterator<Item = &'a Accession>) {
        let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        for filing in filings {
            claimed.remove(filing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_who_find_a_filing_one_takes_it_on() {
        let claims = Claims::default();
        let [a, b] = [1, 2].map(|n| Accession::new(n).unwrap());
        assert_eq!(claims.claim([a].into_iter()), HashSet::from([a]));
        assert_eq!(claims.claim([a, b].into_iter()), HashSet::from([b]));
        assert!(claims.has(a));
        claims.release(&[a]);
        assert!(!claims.has(a) && claims.has(b));
        assert_eq!(claims.claim([a].into_iter()), HashSet::from([a]));
    }
}
