//! The names on disk of the documents of a submission.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use crate::edgar::names::{generated_name, stored_name};
use crate::edgar::{Accession, FileName, submission_name};

/// The names of a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named<'a> {
    /// The name on disk.
    pub name: String,
    /// The name at EDGAR, if it differs.
    pub edgar_name: Option<&'a str>,
    /// Whether an earlier document already has the expected name on disk.
    pub is_taken: bool,
}

/// Gives each document of a submission a name that is unique regardless of case.
#[derive(Debug)]
pub(super) struct Names<'a> {
    accession: Accession,
    /// The files on record of this filing whose name at EDGAR differs. They keep both names.
    known: &'a [FileName],
    /// The names on disk so far, as hashes, so that each needs 8 bytes.
    stored: HashSet<u64>,
    /// The names at EDGAR so far, as hashes.
    at_edgar: HashSet<u64>,
    hasher: RandomState,
}

impl<'a> Names<'a> {
    pub(super) fn new(accession: Accession, known: &'a [FileName]) -> Self {
        let mut names = Self {
            accession,
            known,
            stored: HashSet::new(),
            at_edgar: HashSet::new(),
            hasher: RandomState::new(),
        };
        let own = submission_name(accession);
        names.take(&own);
        names.take_at_edgar(&own);
        names
    }

    /// The names of the document at a position, from 1. `filename` is `<FILENAME>` as received;
    /// `served` is whether EDGAR can serve the document under it.
    pub(super) fn name<'f>(
        &mut self,
        position: u32,
        filename: Option<&'f str>,
        served: bool,
    ) -> Named<'f> {
        // Under a name that an earlier document has, EDGAR serves the earlier document.
        let at_edgar = filename.filter(|filename| served && self.take_at_edgar(filename));
        let known = self.known.iter();
        let known = at_edgar.and_then(|at_edgar| known.clone().find(|f| f.at_edgar() == at_edgar));
        let first = match (known, filename) {
            (Some(known), _) => known.name.clone(),
            (None, Some(filename)) if served => stored_name(self.accession, filename, position),
            (None, Some(filename)) => generated_name(self.accession, position, filename),
            (None, None) => generated_name(self.accession, position, ".txt"),
        };
        let (mut name, mut more) = (first.clone(), 0);
        while self.is_kept(&name, at_edgar) || !self.take(&name) {
            more += 1;
            name = match more {
                1 => generated_name(self.accession, position, &first),
                _ => format!("{}-{position}-{more}", self.accession),
            };
        }
        Named {
            edgar_name: at_edgar.filter(|at_edgar| *at_edgar != name),
            name,
            is_taken: more > 0,
        }
    }

    /// Whether a name on disk is reserved for a file on record with another name at EDGAR.
    fn is_kept(&self, name: &str, at_edgar: Option<&str>) -> bool {
        let mut known = self.known.iter();
        known.any(|f| f.name.eq_ignore_ascii_case(name) && Some(f.at_edgar()) != at_edgar)
    }

    /// Reserves a name on disk. Names that differ only in case are one file on some systems.
    fn take(&mut self, name: &str) -> bool {
        self.stored
            .insert(self.hasher.hash_one(name.to_ascii_lowercase()))
    }

    /// Reserves a name at EDGAR, where names are case-sensitive.
    fn take_at_edgar(&mut self, name: &str) -> bool {
        self.at_edgar.insert(self.hasher.hash_one(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edgar::ArtifactKind;
    use crate::edgar::names::{checked_name, is_generated_name};
    use proptest::prelude::*;

    const ACCESSION: &str = "0000320193-23-000106";

    fn all(known: &[FileName], filenames: &[Option<&str>]) -> Vec<(String, Option<String>, bool)> {
        let mut names = Names::new(ACCESSION.parse().unwrap(), known);
        let positions = 1..;
        let all = positions
            .zip(filenames)
            .map(|(position, filename)| names.name(position, *filename, true));
        let short = |name: String| name.replace(ACCESSION, "*");
        all.map(|n| (short(n.name), n.edgar_name.map(str::to_owned), n.is_taken))
            .collect()
    }

    fn primary(name: &str, edgar_name: &str) -> FileName {
        FileName {
            kind: ArtifactKind::Primary,
            name: name.replace('*', ACCESSION),
            edgar_name: Some(edgar_name.to_owned()),
        }
    }

    #[test]
    fn a_name_at_edgar_is_that_of_the_first_document_that_has_it() {
        let own = format!("{ACCESSION}.txt");
        let upper = format!("{ACCESSION}.TXT");
        for (filenames, expected) in [
            (
                vec!["a/b", "a/b"],
                vec![("*-1", Some("a/b")), ("*-2", None)],
            ),
            (
                vec!["a.htm", "A.HTM", "a.htm"],
                vec![
                    ("a.htm", None),
                    ("*-2.HTM", Some("A.HTM")),
                    ("*-3.htm", None),
                ],
            ),
            (
                vec![&*own, &*upper],
                vec![("*-1.txt", None), ("*-2.TXT", Some(&*upper))],
            ),
        ] {
            let filenames: Vec<_> = filenames.into_iter().map(Some).collect();
            let named = all(&[], &filenames).into_iter();
            let named: Vec<_> = named.map(|(name, at_edgar, _)| (name, at_edgar)).collect();
            let expected = expected.into_iter();
            let expected: Vec<_> = expected
                .map(|(name, at_edgar)| (name.to_owned(), at_edgar.map(str::to_owned)))
                .collect();
            assert_eq!(named, expected);
        }
    }

    #[test]
    fn a_primary_document_keeps_its_name_wherever_it_stands() {
        let known = [primary("*-1.htm", "con.htm")];
        let named = all(&known, &[Some("aux.htm"), Some("con.htm"), None]);
        let expected = [
            ("*-1-2", Some("aux.htm"), true),
            ("*-1.htm", Some("con.htm"), false),
            ("*-3.txt", None, false),
        ];
        let expected = expected.map(|(n, e, t)| (n.to_owned(), e.map(str::to_owned), t));
        assert_eq!(named, expected);
    }

    #[test]
    fn a_name_that_was_cut_is_no_address() {
        let mut names = Names::new(ACCESSION.parse().unwrap(), &[]);
        let cut = names.name(1, Some("cut.htm"), false);
        assert_eq!(
            (cut.name, cut.edgar_name),
            (format!("{ACCESSION}-1.htm"), None)
        );
    }

    proptest! {
        #[test]
        fn names_are_safe_and_unique_whatever_the_case(
            filenames in prop::collection::vec(
                prop::option::of(prop_oneof![
                    "[aA]{1,2}(\\.(htm|HTM))?",
                    "0000320193-23-000106(-[1-6])?(\\.(txt|TXT))?",
                    any::<String>(),
                ]),
                0..12,
            ),
            served in any::<[bool; 12]>(),
        ) {
            let accession = ACCESSION.parse().unwrap();
            let mut names = Names::new(accession, &[]);
            let (mut on_disk, mut at_edgar) = (HashSet::new(), HashSet::new());
            on_disk.insert(format!("{ACCESSION}.txt"));
            for (i, filename) in filenames.iter().enumerate() {
                let position = u32::try_from(i + 1).unwrap();
                let named = names.name(position, filename.as_deref(), served[i]);
                prop_assert!(checked_name(&named.name).is_ok());
                prop_assert!(on_disk.insert(named.name.to_ascii_lowercase()), "{named:?}");
                let is_address = named.edgar_name.is_none() && !is_generated_name(accession, &named.name);
                let address = named.edgar_name.or(Some(&*named.name).filter(|_| is_address));
                if let Some(address) = address {
                    prop_assert_eq!(Some(address), filename.as_deref());
                    prop_assert!(at_edgar.insert(address.to_owned()));
                }
            }
        }
    }
}
