//! Who takes care of a filing's artifact: nobody yet, the database, or a company that the run is
//! not about. A joint filing may have been found first by a run for other companies; its file is
//! asked for once all the same, and lies in one folder. Pure: what the database knows in, who is
//! next out.

use std::collections::{HashMap, HashSet};

use crate::edgar::{Accession, Cik};
use crate::store::{ArtifactStatus, KnownArtifact};

/// Who takes care of an artifact, as seen by a company of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Custody {
    /// Nobody yet: it is queued, under this company.
    New(Cik),
    /// It is stored, or in the backlog of the run.
    Settled,
    /// It waits under a company that the run is not about, and goes over to the one that sees it.
    GoesOver,
    /// It belongs under this company, which the run is not about: other files of the filing are
    /// there already, or the run downloads it at once and need not move it.
    Stray(Cik),
}

/// What the database knows of the files of some filings.
#[derive(Debug)]
pub(super) struct KnownFiles {
    files: HashMap<(Accession, String), (Cik, ArtifactStatus)>,
    /// The company in whose folder a filing's first file is: the others follow it.
    homes: HashMap<Accession, Cik>,
    /// Filings with a file that is stored.
    stored: HashSet<Accession>,
}

impl KnownFiles {
    pub(super) fn of(known: Vec<KnownArtifact>) -> Self {
        let stored = |k: &&KnownArtifact| k.status == ArtifactStatus::Downloaded;
        Self {
            homes: known.iter().map(|k| (k.accession, k.cik)).collect(),
            stored: known.iter().filter(stored).map(|k| k.accession).collect(),
            files: known
                .into_iter()
                .map(|k| ((k.accession, k.name), (k.cik, k.status)))
                .collect(),
        }
    }

    /// Who takes care of this file of a filing of `company`. `now` tells whether it would be
    /// downloaded in this flow, `in_scope` whether the run is about another company.
    ///
    /// # Errors
    ///
    /// Those of `in_scope`.
    pub(super) fn custody<E>(
        &self,
        accession: Accession,
        name: &str,
        company: Cik,
        now: bool,
        in_scope: impl FnOnce(Cik) -> Result<bool, E>,
    ) -> Result<Custody, E> {
        let file = self.files.get(&(accession, name.to_owned()));
        if file.is_some_and(|(_, status)| *status == ArtifactStatus::Downloaded) {
            return Ok(Custody::Settled);
        }
        let home = file.map(|(cik, _)| cik).or(self.homes.get(&accession));
        let home = home.copied().unwrap_or(company);
        if home == company || in_scope(home)? {
            let known = file.is_some();
            return Ok(if known {
                Custody::Settled
            } else {
                Custody::New(home)
            });
        }
        let moves = !now && file.is_some() && !self.stored.contains(&accession);
        Ok(if moves {
            Custody::GoesOver
        } else {
            Custody::Stray(home)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ArtifactStatus::{Downloaded, Pending};
    use Custody::{GoesOver, New, Settled, Stray};

    const NAME: &str = "a.htm";

    fn cik(number: u64) -> Cik {
        Cik::new(number).unwrap()
    }

    /// What company 1 is told of a file when the run is about 1 and 2, and 3 is a stranger to it.
    fn told(known: &[(u64, &str, ArtifactStatus)], now: bool) -> Custody {
        let accession = Accession::new(7).unwrap();
        let known = known.iter().map(|&(company, name, status)| KnownArtifact {
            accession,
            cik: cik(company),
            name: name.to_owned(),
            status,
        });
        let files = KnownFiles::of(known.collect());
        let in_scope = |other: Cik| Ok::<_, ()>(other != cik(3));
        files
            .custody(accession, NAME, cik(1), now, in_scope)
            .unwrap()
    }

    #[test]
    fn a_file_that_nobody_knows_is_new_where_its_filing_is() {
        assert_eq!(told(&[], true), New(cik(1)));
        assert_eq!(told(&[(2, "b.htm", Pending)], true), New(cik(2)));
        assert_eq!(told(&[(3, "b.htm", Downloaded)], true), Stray(cik(3)));
    }

    #[test]
    fn what_is_stored_or_in_the_backlog_is_settled() {
        assert_eq!(told(&[(3, NAME, Downloaded)], true), Settled);
        assert_eq!(told(&[(1, NAME, Pending)], true), Settled);
        assert_eq!(told(&[(2, NAME, Pending)], false), Settled);
    }

    #[test]
    fn what_waits_with_a_stranger_goes_over_unless_it_is_fetched_at_once_or_others_are_stored() {
        let waiting = (3, NAME, Pending);
        assert_eq!(told(&[waiting], false), GoesOver);
        assert_eq!(told(&[waiting], true), Stray(cik(3)));
        let beside = [waiting, (3, "b.htm", Downloaded)];
        assert_eq!(told(&beside, false), Stray(cik(3)));
    }
}
