//! The requests that this run has taken and whose rows are not in the database yet.
//!
//! A joint filing is found once for each of its filers, perhaps at the same time. The first thread
//! takes the request and sets the folder of the filing; the other threads then skip the request. An
//! entry is removed when the writer has committed its row, because from then on the database shows
//! that the request is queued. So the set stays small.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::edgar::{Accession, Cik, QueueItem, Target};

/// The taken requests. Shared by all discovery threads and the writer.
#[derive(Debug, Default)]
pub(super) struct TakenRequests(Mutex<HashMap<Accession, OfFiling>>);

/// The taken requests of one filing.
#[derive(Debug)]
struct OfFiling {
    folder: Cik,
    targets: Vec<Target>,
}

impl TakenRequests {
    /// Takes a request. Returns the folder of the filing, which the first request taken for it sets,
    /// and whether this request was not taken before.
    ///
    /// Check what is on record only *after* this call. An entry is removed after its row is committed,
    /// so a request that is neither taken nor on record is new.
    pub(super) fn take(&self, accession: Accession, target: &Target, cik: Cik) -> (Cik, bool) {
        match self.lock().entry(accession) {
            Entry::Vacant(place) => {
                // Nearly every filing has one request, so no capacity is reserved for more.
                let targets = vec![target.clone()];
                place.insert(OfFiling {
                    folder: cik,
                    targets,
                });
                (cik, true)
            }
            Entry::Occupied(mut taken) => {
                let filing = taken.get_mut();
                let is_new = !filing.targets.contains(target);
                if is_new {
                    filing.targets.push(target.clone());
                }
                (filing.folder, is_new)
            }
        }
    }

    pub(super) fn holds(&self, accession: Accession, target: &Target) -> bool {
        let taken = self.lock();
        let filing = taken.get(&accession);
        filing.is_some_and(|filing| filing.targets.contains(target))
    }

    /// Releases requests: their rows are committed, or they need not be made.
    pub(super) fn release<'a>(&self, items: impl IntoIterator<Item = (Accession, &'a Target)>) {
        let mut taken = self.lock();
        for (accession, target) in items {
            if let Some(filing) = taken.get_mut(&accession) {
                filing.targets.retain(|taken| taken != target);
                if filing.targets.is_empty() {
                    taken.remove(&accession);
                }
            }
        }
    }

    /// Releases the requests of queue entries.
    pub(super) fn release_items(&self, items: &[QueueItem]) {
        self.release(items.iter().map(|item| (item.accession, &item.target)));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Accession, OfFiling>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_who_find_a_filing_the_first_takes_it_and_fixes_its_folder() {
        let taken = TakenRequests::default();
        let [one, two] = [1, 2].map(|n| Cik::new(n).unwrap());
        let filing = Accession::new(7).unwrap();
        let primary = Target::File(crate::edgar::FileName {
            kind: crate::edgar::ArtifactKind::Primary,
            name: "a.htm".to_owned(),
            edgar_name: None,
        });
        assert_eq!(taken.take(filing, &primary, one), (one, true));
        assert_eq!(taken.take(filing, &primary, two), (one, false));
        assert_eq!(taken.take(filing, &Target::Documents, two), (one, true));
        taken.release([(filing, &primary)]);
        assert_eq!(
            taken.take(filing, &primary, two),
            (one, true),
            "the folder stays"
        );
        taken.release([(filing, &primary), (filing, &Target::Documents)]);
        assert_eq!(taken.take(filing, &primary, two), (two, true));
    }
}
