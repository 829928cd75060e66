//! The data dir: whole files, durably, and nothing outside of it.
//!
//! # Crashes and power loss
//!
//! A file is written under a temporary name in `.incoming/` of the same file system, synced to
//! the disk, renamed into place, and then the folder that holds its name is synced, and every
//! folder above it. Only after [`IncomingFile::keep`] returned does the database learn of it. So
//! a row never speaks of a file that a power loss could take away, and a file under its final
//! name is whole. What a killed run leaves in `.incoming/` is removed by the next one.
//!
//! A folder that is there already may be one that a killed run or another thread made a moment
//! ago, and not on the disk yet. So each run looks at every company's folder and syncs its name
//! once itself, and at that of a filing each time.
//!
//! # Threading
//!
//! [`DataDir`] is shared by all download threads and holds no lock while it writes.

use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};
use tempfile::{NamedTempFile, TempPath};

use super::disk::no_symlink;
use super::{FilingFolder, Fingerprint, Fingerprinter, folder_of};
use crate::edgar::names::checked_name;
use crate::edgar::{Accession, Cik};

/// The folder for files that are not whole yet, below the data dir.
pub(super) const INCOMING: &str = ".incoming";

/// The folder of all artifacts, below the data dir.
pub const ROOT: &str = "edgar/data";

/// The data dir.
#[derive(Debug)]
pub struct DataDir {
    /// Its canonical path, so that a symlink inside it cannot lead a file out.
    pub(super) root: PathBuf,
    /// Companies whose folders this run has made or found: real folders, whose names and those
    /// above are on the disk. Some thousand.
    synced: Mutex<HashSet<Cik>>,
    /// Held shared for the whole run: tells the next run that `.incoming/` is in use.
    _in_use: File,
}

impl DataDir {
    /// Opens the data dir, makes it where it is missing, and clears what a killed run left.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made or written to.
    pub fn open(root: &Path) -> Result<Self> {
        Self::try_open(root).with_context(|| {
            format!(
                "the data dir {} cannot be used: check its permissions, or choose another --data-dir",
                root.display()
            )
        })
    }

    fn try_open(root: &Path) -> Result<Self> {
        fs::create_dir_all(root.join(INCOMING))?;
        let root = root.canonicalize()?;
        let incoming = root.join(INCOMING);
        stays_inside(&incoming)?;
        let lock = open_lock(&incoming.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => clear(&incoming)?,
            Err(TryLockError::WouldBlock) => {} // another run's files are in there
            Err(TryLockError::Error(e)) => return Err(e.into()),
        }
        lock.lock_shared()?;
        tempfile::tempfile_in(&incoming)?.write_all(b"writable")?;
        for folder in root.ancestors() {
            // Those above ours may be closed to us, and are not ours to keep.
            match sync_folder(folder) {
                Err(e) if folder == root => return Err(e.into()),
                _ => {}
            }
        }
        Ok(Self {
            root,
            synced: Mutex::default(),
            _in_use: lock,
        })
    }

    /// Where the data dir is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Starts a file.
    ///
    /// # Errors
    ///
    /// When the disk does not take it.
    pub fn begin(&self) -> io::Result<IncomingFile<'_>> {
        Ok(IncomingFile {
            data_dir: self,
            file: temporary(&self.root.join(INCOMING))?,
            print: Fingerprinter::default(),
        })
    }

    /// Makes the folder of a filing, durably, and returns it, canonical and inside the root.
    pub(super) fn folder(&self, company: Cik, accession: Accession) -> Result<PathBuf> {
        let folder = self.root.join(folder_of(company, accession));
        self.make_above(company, &folder)?;
        match make_folder(&folder) {
            // Somebody removed the company's folder meanwhile.
            Err(e) if is_missing(&e) && self.synced().remove(&company) => {
                self.folder(company, accession)
            }
            made => made.map(|()| folder),
        }
    }

    /// Makes the folder of a company, which this one is to be in, and those above it, where this run
    /// has not done so before. Those above are looked at for each company: somebody may have put a
    /// symlink in their place.
    fn make_above(&self, company: Cik, folder: &Path) -> Result<()> {
        if self.synced().contains(&company) {
            return Ok(());
        }
        let above = folder.ancestors().skip(1);
        let above: Vec<_> = above.take_while(|f| *f != self.root).collect();
        above.into_iter().rev().try_for_each(make_folder)?;
        self.synced().insert(company);
        Ok(())
    }

    fn synced(&self) -> MutexGuard<'_, HashSet<Cik>> {
        self.synced.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens the lock file. One that is a symlink would have a file elsewhere made or locked.
fn open_lock(path: &Path) -> Result<File> {
    no_symlink(path)?;
    Ok(File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?)
}

/// Makes a folder that may be there already, and syncs its name to the disk.
fn make_folder(folder: &Path) -> Result<()> {
    let failed = || format!("failed to make {}", folder.display());
    match fs::create_dir(folder) {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => stays_inside(folder)?,
        Err(e) => return Err(e).with_context(failed),
    }
    folder
        .parent()
        .map_or(Ok(()), sync_folder)
        .with_context(failed)
}

/// Whether a folder could not be made because the one above it is not there.
fn is_missing(error: &anyhow::Error) -> bool {
    let cause = error.root_cause().downcast_ref().map(io::Error::kind);
    cause == Some(io::ErrorKind::NotFound)
}

/// Refuses to go on below anything but a folder: a symlink would lead out of the data dir. Looked
/// at before the next folder is made, which would else be made elsewhere.
fn stays_inside(folder: &Path) -> Result<()> {
    no_symlink(folder)?;
    if !fs::symlink_metadata(folder)?.is_dir() {
        bail!(
            "{} is in the place of a folder: move it away",
            folder.display()
        );
    }
    Ok(())
}

/// A file on its way in: a temporary file that is gone unless it is kept.
#[derive(Debug)]
pub struct IncomingFile<'a> {
    data_dir: &'a DataDir,
    file: NamedTempFile,
    print: Fingerprinter,
}

impl IncomingFile<'_> {
    /// What was written, to be read from its beginning. The file stays as it is.
    ///
    /// # Errors
    ///
    /// When the disk does not give it back.
    pub fn reader(&self) -> io::Result<File> {
        self.file.reopen()
    }

    /// The fingerprint of what was written so far.
    pub fn print(&self) -> Fingerprint {
        self.print.clone().finish()
    }

    /// Stores what was written at this place, durably.
    ///
    /// # Errors
    ///
    /// When the disk does not take it. Then nothing stands under the final name that did not
    /// stand there before.
    pub fn keep(self, place: &FilingFolder) -> Result<Fingerprint> {
        let name = checked_name(&place.name)?;
        let folder = self.data_dir.folder(place.folder, place.accession)?;
        let place = folder.join(name);
        let (file, temp): (File, TempPath) = self.file.into_parts();
        file.sync_all()
            .and_then(|()| temp.persist(&place).map_err(|e| e.error))
            .and_then(|()| sync_folder(&folder))
            .with_context(|| format!("failed to store {}", place.display()))?;
        Ok(self.print.finish())
    }
}

impl Write for IncomingFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.as_file_mut().write(bytes)?;
        self.print.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_file_mut().flush()
    }
}

/// Removes what a run that died left behind.
fn clear(incoming: &Path) -> io::Result<()> {
    for entry in fs::read_dir(incoming)? {
        let entry = entry?;
        let path = entry.path();
        if path.extension().is_none_or(|e| e != "part") {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(path)?;
        } else {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// A temporary file that others may read as far as the user's umask allows, as any file that is
/// simply made; temporary files are private otherwise.
fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Makes the names in a folder survive a power loss.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Windows has no call for it, and journals its folders.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest as _, Sha256};

    fn place(name: &str) -> FilingFolder {
        FilingFolder {
            folder: Cik::new(320_193).unwrap(),
            accession: "0000320193-23-000106".parse().unwrap(),
            name: name.to_owned(),
        }
    }

    fn document_of(company: u64) -> FilingFolder {
        FilingFolder {
            folder: Cik::new(company).unwrap(),
            ..place("doc.htm")
        }
    }

    #[test]
    fn a_kept_file_stands_in_edgars_layout_with_its_hash() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open(dir.path()).unwrap();
        let mut incoming = data_dir.begin().unwrap();
        incoming.write_all(b"ab").unwrap();
        incoming.write_all(b"c").unwrap();
        let saved = incoming.keep(&place("doc.htm")).unwrap();
        assert_eq!(saved.bytes, 3);
        assert_eq!(saved.sha256, <[u8; 32]>::from(Sha256::digest(b"abc")));
        let stored = dir
            .path()
            .join("edgar/data/320193/000032019323000106/doc.htm");
        assert_eq!(fs::read(stored).unwrap(), b"abc");
    }

    #[test]
    fn a_file_that_is_not_kept_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open(dir.path()).unwrap();
        data_dir.begin().unwrap().write_all(b"half").unwrap();
        let names: Vec<_> = fs::read_dir(dir.path().join(INCOMING))
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        assert_eq!(names, ["lock"]);
    }

    #[test]
    fn the_leavings_of_a_killed_run_are_cleared_but_not_those_of_a_living_one() {
        let dir = tempfile::tempdir().unwrap();
        let first = DataDir::open(dir.path()).unwrap();
        let left = dir.path().join(INCOMING).join("x.part");
        fs::write(&left, b"half").unwrap();
        fs::create_dir(dir.path().join(INCOMING).join("y.part")).unwrap();
        fs::write(dir.path().join(INCOMING).join("y.part/0"), b"half").unwrap();
        let second = DataDir::open(dir.path()).unwrap();
        assert!(left.exists());
        drop((first, second));
        DataDir::open(dir.path()).unwrap();
        assert!(!left.exists());
        assert!(!dir.path().join(INCOMING).join("y.part").exists());
    }

    #[test]
    fn a_folder_that_is_removed_meanwhile_is_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open(dir.path()).unwrap();
        for company in [1, 1, 2] {
            let incoming = data_dir.begin().unwrap();
            let saved = incoming.keep(&document_of(company)).unwrap();
            assert_eq!(saved.bytes, 0);
            fs::remove_dir_all(dir.path().join("edgar")).unwrap();
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_symlink_does_not_lead_a_file_out() {
        let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let data_dir = DataDir::open(dir.path()).unwrap();
        fs::create_dir_all(dir.path().join("edgar/data")).unwrap();
        std::os::unix::fs::symlink(outside.path(), dir.path().join("edgar/data/320193")).unwrap();
        let mut incoming = data_dir.begin().unwrap();
        incoming.write_all(b"x").unwrap();
        assert!(incoming.keep(&place("doc.htm")).is_err());
        assert!(!outside.path().join("000032019323000106/doc.htm").exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_symlink_that_appears_during_a_run_is_seen_by_the_next_company() {
        let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let data_dir = DataDir::open(dir.path()).unwrap();
        let keep = |company| data_dir.begin().unwrap().keep(&document_of(company));
        keep(1).unwrap();
        let (data, moved) = (dir.path().join("edgar/data"), outside.path().join("data"));
        fs::rename(&data, &moved).unwrap();
        std::os::unix::fs::symlink(&moved, &data).unwrap();
        assert!(keep(2).is_err());
        assert!(!moved.join("2").exists());
    }

    #[test]
    fn folders_that_are_removed_under_many_threads_are_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open(dir.path()).unwrap();
        let places: Vec<_> = (1..=8).map(document_of).collect();
        for _ in 0..50 {
            std::thread::scope(|scope| {
                for place in &places {
                    scope.spawn(|| data_dir.folder(place.folder, place.accession).unwrap());
                }
            });
            fs::remove_dir_all(dir.path().join("edgar")).unwrap();
        }
    }
}
