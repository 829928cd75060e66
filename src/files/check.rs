//! Compares the files on disk with the length and hash on record. It only reads; the caller acts on
//! the findings.
//!
//! # Threading
//!
//! [`check`] runs on as many threads as there are cores. Each thread uses one buffer of 64 kB,
//! whatever the size of the file. When the run stops, a check ends in the middle of its file.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use super::{FilePath, Fingerprinter, ROOT};
use crate::cancel::Cancel;
use crate::edgar::names::checked_name;
use crate::edgar::{Accession, Cik};

/// Bytes that each thread reads at a time.
const BUFFER: usize = 64 * 1024;

/// How thoroughly a file is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Compare the length only.
    Size,
    /// Compare the length and the content.
    Content,
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The file is as it was stored. Contains the number of bytes checked.
    Whole(u64),
    Missing,
    /// The file has another length or content. The text names the difference.
    Damaged(String),
    /// The file cannot be read, so its state is unknown. The text names the cause.
    Unreadable(String),
    /// The run stopped before the check was complete.
    Stopped,
}

/// The expected properties of a file; `None` is unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expected {
    pub bytes: Option<u64>,
    pub sha256: Option<[u8; 32]>,
}

/// Checks one file below the data dir.
pub fn check(
    data_dir: &Path,
    place: &FilePath,
    expected: Expected,
    depth: Depth,
    cancel: &Cancel,
) -> Finding {
    if cancel.is_set() {
        return Finding::Stopped;
    }
    if let Err(e) = checked_name(&place.name) {
        return Finding::Unreadable(e.to_string());
    }
    match compare(&data_dir.join(place.path()), expected, depth, cancel) {
        Ok(finding) => finding,
        Err(e) => match e.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Finding::Missing,
            _ => Finding::Unreadable(e.to_string()),
        },
    }
}

fn compare(path: &Path, expected: Expected, depth: Depth, cancel: &Cancel) -> io::Result<Finding> {
    // Symlinks are not followed, because only plain files are stored here.
    let found = fs::symlink_metadata(path)?;
    if !found.is_file() {
        return Ok(Finding::Unreadable(
            "it is not a regular file: remove it, then verify again".to_owned(),
        ));
    }
    if let Some(bytes) = expected.bytes
        && bytes != found.len()
    {
        return Ok(Finding::Damaged(format!(
            "{} bytes instead of {bytes}",
            found.len()
        )));
    }
    if depth == Depth::Size {
        return Ok(Finding::Whole(found.len()));
    }
    let mut content = File::open(path)?;
    let mut print = Fingerprinter::default();
    let mut buffer = vec![0; BUFFER];
    loop {
        if cancel.is_set() {
            return Ok(Finding::Stopped);
        }
        match content.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => print.update(&buffer[..n]),
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    let print = print.finish();
    Ok(match expected.sha256 {
        Some(sha256) if sha256 != print.sha256 => Finding::Damaged("different content".to_owned()),
        _ => Finding::Whole(print.bytes),
    })
}

/// A file below `edgar/data`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    /// Relative to the data dir.
    pub path: PathBuf,
    /// The folder, filing and name, if the path is that of a filing's document.
    pub document: Option<FilePath>,
}

/// Calls `each` with every file below `edgar/data`, folder by folder, without following symlinks.
/// Only one folder's entries are in memory at a time. Ends early when `each` returns `false`.
///
/// # Errors
///
/// A folder cannot be read, or `each` returns an error.
pub fn walk(
    data_dir: &Path,
    each: &mut impl FnMut(FoundFile) -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let root = PathBuf::from(ROOT);
    descend(data_dir, &root, 0, each).map(drop)
}

fn descend(
    data_dir: &Path,
    folder: &Path,
    depth: usize,
    each: &mut impl FnMut(FoundFile) -> anyhow::Result<bool>,
) -> anyhow::Result<bool> {
    use anyhow::Context as _;
    let full = data_dir.join(folder);
    let entries = match fs::read_dir(&full) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(true),
        Err(e) => return Err(e).with_context(|| format!("failed to read {}", full.display())),
    };
    for entry in entries {
        let entry = entry.with_context(|| format!("failed to read {}", full.display()))?;
        let path = folder.join(entry.file_name());
        // This program creates no deeper folders. The limit keeps a very deep tree from overflowing
        // the stack.
        let go_on = if entry.file_type()?.is_dir() && depth < 16 {
            descend(data_dir, &path, depth + 1, each)?
        } else {
            let document = (depth == 2).then(|| document(&path)).flatten();
            each(FoundFile { path, document })?
        };
        if !go_on {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Parses `edgar/data/<cik>/<accession>/<name>`. Another spelling of the same numbers, such as
/// leading zeros, is not accepted.
fn document(path: &Path) -> Option<FilePath> {
    let mut parts = path.iter().rev();
    let (name, accession, cik) = (parts.next()?, parts.next()?, parts.next()?);
    let cik: Cik = cik.to_str()?.parse().ok()?;
    let accession: Accession = accession.to_str()?.parse().ok()?;
    let place = FilePath {
        folder: cik,
        accession,
        name: name.to_str()?.to_owned(),
    };
    (place.path() == path).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest as _, Sha256};

    fn place() -> FilePath {
        FilePath {
            folder: Cik::new(320_193).unwrap(),
            accession: "0000320193-23-000106".parse().unwrap(),
            name: "doc.htm".to_owned(),
        }
    }

    fn stored() -> Expected {
        Expected {
            bytes: Some(4),
            sha256: Some(Sha256::digest(b"abcd").into()),
        }
    }

    /// A data dir in which that file has this content.
    fn data_dir(content: Option<&[u8]>) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(place().path());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if let Some(content) = content {
            fs::write(path, content).unwrap();
        }
        dir
    }

    fn look(content: Option<&[u8]>, depth: Depth) -> Finding {
        let dir = data_dir(content);
        check(dir.path(), &place(), stored(), depth, &Cancel::default())
    }

    #[test]
    fn a_file_as_it_was_stored_is_whole() {
        assert_eq!(look(Some(b"abcd"), Depth::Content), Finding::Whole(4));
        assert_eq!(look(Some(b"abcd"), Depth::Size), Finding::Whole(4));
    }

    #[test]
    fn what_is_missing_cut_or_changed_is_told_apart() {
        assert_eq!(look(None, Depth::Content), Finding::Missing);
        let cut = Finding::Damaged("3 bytes instead of 4".to_owned());
        assert_eq!(look(Some(b"abc"), Depth::Content), cut);
        assert_eq!(look(Some(b"abc"), Depth::Size), cut);
        let changed = Finding::Damaged("different content".to_owned());
        assert_eq!(look(Some(b"abcX"), Depth::Content), changed);
        assert_eq!(look(Some(b"abcX"), Depth::Size), Finding::Whole(4));
    }

    #[test]
    fn a_folder_in_the_way_is_not_queued_again_because_no_download_could_replace_it() {
        let dir = data_dir(None);
        fs::create_dir(dir.path().join(place().path())).unwrap();
        let finding = check(
            dir.path(),
            &place(),
            stored(),
            Depth::Content,
            &Cancel::default(),
        );
        assert!(matches!(finding, Finding::Unreadable(_)), "{finding:?}");
    }

    #[test]
    fn nothing_is_concluded_once_the_run_is_to_stop() {
        let dir = data_dir(None);
        let cancel = Cancel::default();
        cancel.set();
        let finding = check(dir.path(), &place(), stored(), Depth::Content, &cancel);
        assert_eq!(finding, Finding::Stopped);
    }

    #[test]
    fn the_walk_knows_documents_by_their_place() {
        let dir = data_dir(Some(b"x"));
        let root = dir.path().join(ROOT);
        for odd in [
            "note.txt",
            "320193/note.txt",
            "0320193/000032019323000106/doc.htm",
            "320193/000032019323000106/deeper/doc.htm",
        ] {
            let path = root.join(odd);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        let (mut documents, mut others) = (Vec::new(), 0);
        walk(dir.path(), &mut |found| {
            match found.document {
                Some(place) => documents.push(place.name),
                None => others += 1,
            }
            Ok(true)
        })
        .unwrap();
        assert_eq!(documents, ["doc.htm"]);
        assert_eq!(others, 4);
    }

    #[test]
    fn a_data_dir_without_files_has_none() {
        let dir = tempfile::tempdir().unwrap();
        walk(dir.path(), &mut |_| unreachable!("there is no file")).unwrap();
    }
}
