//! The data dir: writes files completely and durably, and never outside of the data dir.
//!
//! # Crashes and power loss
//!
//! A file is written under a temporary name in `.incoming/` on the same file system and synced to
//! the disk. Then it is renamed into place, and its folder and every folder above are synced. The
//! database records the file only after [`IncomingFile::keep`] has returned. So a file on record
//! survives a power failure, and a file under its final name is complete. Files that a killed run
//! leaves in `.incoming/` are deleted by the next run.
//!
//! An existing folder may have been created a moment ago by a killed run or another thread, and its
//! name may not be on the disk yet. So each run syncs the name of every company's folder once, and
//! that of a filing's folder each time.
//!
//! # Threading
//!
//! All download threads share one [`DataDir`]. It holds no lock while it writes.

use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};
use tempfile::{NamedTempFile, TempPath};

use super::disk::no_symlink;
use super::{FilePath, Fingerprint, Fingerprinter, folder_of};
use crate::edgar::names::checked_name;
use crate::edgar::{Accession, Cik};

/// The folder for incomplete files, below the data dir.
pub(super) const INCOMING: &str = ".incoming";

/// The folder of all artifacts, below the data dir.
pub const ROOT: &str = "edgar/data";

/// The folder of the downloaded files.
#[derive(Debug)]
pub struct DataDir {
    /// The canonical path. Symlinks inside the data dir are refused, so every file stays below it.
    pub(super) root: PathBuf,
    /// The companies whose folders this run has created or checked: none of them is a symlink, and
    /// their names and those of the folders above are on the disk. A few thousand.
    synced: Mutex<HashSet<Cik>>,
    /// A shared lock, held for the whole run. It shows the next run that `.incoming/` is in use.
    _in_use: File,
}

impl DataDir {
    /// Opens the data dir. Creates it if it is missing, and deletes what a killed run left in
    /// `.incoming/`.
    ///
    /// # Errors
    ///
    /// The folder cannot be created or written to.
    pub fn open(root: &Path) -> Result<Self> {
        Self::try_open(root).with_context(|| {
            format!(
                "the data dir {} cannot be used: check its permissions, or choose another --data-dir",
                root.display()
            )
        })
    }

    /// Removes the data dir if it holds no file but this program's own lock: a command that made it and
    /// failed before it stored a file leaves nothing. A data dir that another command uses stays.
    pub fn remove_unused(self) {
        let root = self.root.clone();
        let incoming = root.join(INCOMING);
        drop(self);
        let Ok(lock) = open_lock(&incoming.join("lock")) else {
            return;
        };
        let is_ours = lock.try_lock().is_ok();
        let others = fs::read_dir(&root).map_or(0, Iterator::count);
        if is_ours && others == 1 {
            // Nothing but an empty folder goes: anything else in one keeps it.
            let _ = fs::remove_file(incoming.join("lock"))
                .and_then(|()| fs::remove_dir(&incoming))
                .and_then(|()| fs::remove_dir(&root));
        }
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
            // The user may not be permitted to open the folders above the data dir, and their names
            // need no sync by this program.
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

    /// The canonical path of the data dir.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Starts a file.
    ///
    /// # Errors
    ///
    /// The temporary file cannot be created.
    pub fn begin(&self) -> io::Result<IncomingFile<'_>> {
        Ok(IncomingFile {
            data_dir: self,
            file: temporary(&self.root.join(INCOMING))?,
            print: Fingerprinter::default(),
        })
    }

    /// Removes a file, if it is still what is meant.
    ///
    /// # Errors
    ///
    /// When it can neither be read nor removed.
    pub fn remove(&self, place: &FilePath, content: &Fingerprint) -> Result<()> {
        let failed = || format!("failed to remove {}", place.path().display());
        if Fingerprint::at(&self.root, place).with_context(failed)? != Some(*content) {
            return Ok(());
        }
        fs::remove_file(self.root.join(place.path())).with_context(failed)
    }

    /// Creates the folder of a filing durably. Returns its canonical path, which is inside the data
    /// dir.
    pub(super) fn folder(&self, company: Cik, accession: Accession) -> Result<PathBuf> {
        let folder = self.root.join(folder_of(company, accession));
        self.make_above(company, &folder)?;
        match make_folder(&folder) {
            // Someone deleted the company's folder during the run.
            Err(e) if is_missing(&e) && self.synced().remove(&company) => {
                self.folder(company, accession)
            }
            made => made.map(|()| folder),
        }
    }

    /// Creates the folder of a company, into which `folder` goes, and the folders above it, unless
    /// this run has done so already. The folders above are checked again for each company, because
    /// someone may have replaced one by a symlink.
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

/// Opens the lock file. A symlink is refused: it could create or lock a file elsewhere.
fn open_lock(path: &Path) -> Result<File> {
    no_symlink(path)?;
    Ok(File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?)
}

/// Creates a folder, which may exist already, and syncs its name to the disk.
fn make_folder(folder: &Path) -> Result<()> {
    let failed = || format!("failed to create {}", folder.display());
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

/// Whether creating a folder failed because the folder above is missing.
fn is_missing(error: &anyhow::Error) -> bool {
    let cause = error.root_cause().downcast_ref().map(io::Error::kind);
    cause == Some(io::ErrorKind::NotFound)
}

/// Refuses anything but a folder, because a symlink would lead out of the data dir. The check comes
/// before the next folder is created, which would otherwise be created elsewhere.
fn stays_inside(folder: &Path) -> Result<()> {
    no_symlink(folder)?;
    if !fs::symlink_metadata(folder)?.is_dir() {
        bail!(
            "{} is not a folder, but the program needs one there: move it away",
            folder.display()
        );
    }
    Ok(())
}

/// A temporary file. It is deleted unless [`IncomingFile::keep`] is called.
#[derive(Debug)]
pub struct IncomingFile<'a> {
    data_dir: &'a DataDir,
    file: NamedTempFile,
    print: Fingerprinter,
}

impl IncomingFile<'_> {
    /// Opens what was written so far for reading, from the start.
    pub fn reader(&self) -> io::Result<File> {
        self.file.reopen()
    }

    /// Length and hash of what was written so far.
    pub fn print(&self) -> Fingerprint {
        self.print.clone().finish()
    }

    /// Stores the file durably under its final name.
    ///
    /// # Errors
    ///
    /// The file cannot be stored. Then the final name is as it was before.
    pub fn keep(self, place: &FilePath) -> Result<Fingerprint> {
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

/// Deletes the temporary files of a dead run.
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

/// Creates a temporary file with the permissions of an ordinary new file, as the umask allows.
/// Temporary files are private by default.
pub(crate) fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Makes the names in a folder survive a power failure.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Windows has no such call. Its file system journals folders.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest as _, Sha256};

    fn place(name: &str) -> FilePath {
        FilePath {
            folder: Cik::new(320_193).unwrap(),
            accession: "0000320193-23-000106".parse().unwrap(),
            name: name.to_owned(),
        }
    }

    fn document_of(company: u64) -> FilePath {
        FilePath {
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
    fn a_file_is_removed_only_while_it_is_what_is_meant() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open(dir.path()).unwrap();
        let keep = |text: &[u8]| {
            let mut incoming = data_dir.begin().unwrap();
            incoming.write_all(text).unwrap();
            incoming.keep(&place("doc.htm")).unwrap()
        };
        let (old, new) = (keep(b"old"), keep(b"new"));
        let stored = dir.path().join(place("doc.htm").path());
        data_dir.remove(&place("doc.htm"), &old).unwrap();
        assert_eq!(fs::read(&stored).unwrap(), b"new");
        data_dir.remove(&place("doc.htm"), &new).unwrap();
        assert!(!stored.exists());
        data_dir.remove(&place("doc.htm"), &new).unwrap();
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
    fn a_data_dir_without_a_file_is_removed_and_one_in_use_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("filings");
        let (first, second) = (DataDir::open(&root).unwrap(), DataDir::open(&root).unwrap());
        first.remove_unused();
        assert!(root.join(INCOMING).join("lock").exists());
        fs::write(root.join("a"), b"mine").unwrap();
        second.remove_unused();
        assert!(root.join("a").exists());
        fs::remove_file(root.join("a")).unwrap();
        DataDir::open(&root).unwrap().remove_unused();
        assert!(!root.exists());
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
