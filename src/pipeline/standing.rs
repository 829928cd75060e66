//! What stands under the name of a file before it is stored: a run that was killed, a database that
//! was restored or a user may have left something there. No bytes are replaced by others without
//! a word.

use std::io;

use crate::files::{DataDir, FilingFolder, Fingerprint};

/// What is done with a file that came, because of what stands under its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is stored: its place is free, or holds the same bytes, or a file that is known to be damaged.
    Free,
    /// What was stored there last is whole, and stays.
    Whole(Fingerprint),
    /// It is stored in place of other bytes, of which nothing is on record.
    Unknown,
}

impl Standing {
    /// Looks at a place. `recorded` is what was stored there last, as far as that is on record.
    ///
    /// # Errors
    ///
    /// When the file there cannot be read.
    pub(super) fn look(
        data_dir: &DataDir,
        place: &FilingFolder,
        came: &Fingerprint,
        recorded: Option<(u64, [u8; 32])>,
    ) -> io::Result<Self> {
        let found = Fingerprint::at(data_dir.root(), place)?;
        let recorded = recorded.map(|(bytes, sha256)| Fingerprint { bytes, sha256 });
        Ok(match (found, recorded) {
            (Some(found), _) if found == *came => Self::Free,
            (Some(found), Some(recorded)) if found == recorded => Self::Whole(found),
            (Some(_), None) => Self::Unknown,
            (None, _) | (Some(_), Some(_)) => Self::Free,
        })
    }

    /// What is to be told: one word for the kind, and the cause.
    pub(super) fn problem(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Free => None,
            Self::Whole(_) => Some((
                "differs",
                "came with other bytes than the file that was stored, which is whole and stays",
            )),
            Self::Unknown => Some((
                "replaced",
                "takes the place of a file with other bytes, of which nothing is on record",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn what_is_whole_stays_and_what_is_unknown_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open(dir.path()).unwrap();
        let place = FilingFolder {
            folder: "320193".parse().unwrap(),
            accession: "0000320193-23-000106".parse().unwrap(),
            name: "a.htm".to_owned(),
        };
        let print = |text: &[u8]| {
            let mut incoming = data_dir.begin().unwrap();
            incoming.write_all(text).unwrap();
            incoming.print()
        };
        let (one, two) = (print(b"one"), print(b"two"));
        let recorded = |print: Fingerprint| Some((print.bytes, print.sha256));
        let look = |record| Standing::look(&data_dir, &place, &one, record).unwrap();
        assert_eq!(look(None), Standing::Free, "nothing is there");
        let put = |text: &[u8]| {
            let mut incoming = data_dir.begin().unwrap();
            incoming.write_all(text).unwrap();
            incoming.keep(&place).unwrap();
        };
        put(b"two");
        assert_eq!(look(None), Standing::Unknown);
        assert_eq!(look(recorded(two)), Standing::Whole(two));
        assert_eq!(
            look(recorded(one)),
            Standing::Free,
            "it is known to be damaged"
        );
        put(b"one");
        assert_eq!(look(None), Standing::Free);
        assert_eq!(look(recorded(two)), Standing::Free);
    }
}
