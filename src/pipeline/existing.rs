//! Checks for an existing file under the name of a file before that is stored. A killed run, a restored
//! database or a user may have left one there. If its content is replaced by other content, that is
//! reported.

use std::io;

use crate::files::{DataDir, FilePath, Fingerprint};

/// What happens to a received file, depending on the file that exists under its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExistingFile {
    /// It is stored: no file exists, or one with the same content, or one that is known to be damaged.
    Free,
    /// It is not stored: the existing file is the recorded one, intact, and is kept.
    Whole(Fingerprint),
    /// It is stored and replaces a file with other content that is not on record.
    Unknown,
}

impl ExistingFile {
    /// Checks a place. `recorded` is what was stored there last, if that is on record.
    ///
    /// # Errors
    ///
    /// When the existing file cannot be read.
    pub(super) fn look(
        data_dir: &DataDir,
        place: &FilePath,
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

    /// The problem to report: the kind in one word, and the cause.
    pub(super) fn problem(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Free => None,
            Self::Whole(_) => Some((
                "differs",
                "was served with other content than the stored file, which is intact and kept",
            )),
            Self::Unknown => Some((
                "replaced",
                "replaced a file with other content that was not on record",
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
        let place = FilePath {
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
        let look = |record| ExistingFile::look(&data_dir, &place, &one, record).unwrap();
        assert_eq!(look(None), ExistingFile::Free, "nothing is there");
        let put = |text: &[u8]| {
            let mut incoming = data_dir.begin().unwrap();
            incoming.write_all(text).unwrap();
            incoming.keep(&place).unwrap();
        };
        put(b"two");
        assert_eq!(look(None), ExistingFile::Unknown);
        assert_eq!(look(recorded(two)), ExistingFile::Whole(two));
        assert_eq!(
            look(recorded(one)),
            ExistingFile::Free,
            "it is known to be damaged"
        );
        put(b"one");
        assert_eq!(look(None), ExistingFile::Free);
        assert_eq!(look(recorded(two)), ExistingFile::Free);
    }
}
