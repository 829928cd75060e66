//! The run lock: one run at a time for each database.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::error::{Error, Result};

/// The lock of a database, held until it is dropped. The operating system releases the lock of a
/// process that dies. The file `<database>.lock` is never removed: two runs could otherwise lock
/// two different files of the same name.
#[derive(Debug)]
pub struct RunLock {
    file: File,
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // Closing is not enough where a process is being started: until its program runs, it has a copy of the
        // handle, which keeps the lock. If this fails, closing releases it.
        let _ = self.file.unlock();
    }
}

impl RunLock {
    /// Takes the lock of a database without waiting; `None` if another run has it. The database
    /// need not exist yet.
    ///
    /// # Errors
    ///
    /// The lock file cannot be created or locked, or its folder does not exist.
    pub fn acquire(db: &Path) -> Result<Option<Self>> {
        let path = lock_path(db)?;
        let failed = |error| Error::Lock(path.clone(), error);
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // The process id is only for messages about a taken lock, so an error such as a full disk
        // is ignored.
        let _ = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Some(Self { file }))
    }

    /// Whether a run holds the lock of a database now. The check takes a shared lock for an
    /// instant. A run that starts in that instant finds the lock taken, which is very unlikely.
    ///
    /// # Errors
    ///
    /// The lock file cannot be opened or checked.
    pub fn is_held(db: &Path) -> Result<bool> {
        let path = lock_path(db)?;
        let failed = |error| Error::Lock(path.clone(), error);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(failed(error)),
        };
        // A shared lock, so that two monitors do not mistake each other for a run.
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// The id of the process that holds the lock of a database, if the lock file has one.
    pub fn holder(db: &Path) -> Option<u32> {
        let mut text = String::new();
        let file = File::open(lock_path(db).ok()?).ok()?;
        file.take(20).read_to_string(&mut text).ok()?;
        text.trim().parse().ok()
    }
}

/// `<database>.lock`, in the folder of the database itself. Symlinks to the database are resolved.
fn lock_path(db: &Path) -> Result<PathBuf> {
    let file = fs::canonicalize(db).or_else(|_| {
        let file = std::path::absolute(db)?;
        let name = file.file_name().unwrap_or_default();
        let folder = fs::canonicalize(file.parent().unwrap_or(&file))?;
        Ok(folder.join(name))
    });
    let mut path = file
        .map_err(|_: std::io::Error| Error::NoFolder(db.to_owned()))?
        .into_os_string();
    path.push(".lock");
    Ok(path.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_finds_the_lock_taken_and_a_third_finds_it_free() {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("filings.db");
        let first = RunLock::acquire(&db).unwrap();
        assert!(first.is_some());
        assert!(RunLock::acquire(&db).unwrap().is_none());
        assert_eq!(RunLock::holder(&db), Some(std::process::id()));
        drop(first);
        assert!(RunLock::acquire(&db).unwrap().is_some());
    }

    #[test]
    fn looking_at_the_lock_neither_takes_nor_makes_it() {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("filings.db");
        assert!(!RunLock::is_held(&db).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let lock = RunLock::acquire(&db).unwrap();
        assert!(RunLock::is_held(&db).unwrap());
        drop(lock);
        assert!(!RunLock::is_held(&db).unwrap());
        assert!(RunLock::acquire(&db).unwrap().is_some());
    }

    #[test]
    fn two_databases_in_a_folder_do_not_share_a_lock() {
        let folder = tempfile::tempdir().unwrap();
        let a = RunLock::acquire(&folder.path().join("a.db")).unwrap();
        let b = RunLock::acquire(&folder.path().join("b.db")).unwrap();
        assert!(a.is_some() && b.is_some());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_the_database_leads_to_the_same_lock() {
        let folder = tempfile::tempdir().unwrap();
        let (db, link) = (folder.path().join("a.db"), folder.path().join("link.db"));
        fs::write(&db, "").unwrap();
        std::os::unix::fs::symlink(&db, &link).unwrap();
        let _first = RunLock::acquire(&db).unwrap().unwrap();
        assert!(RunLock::acquire(&link).unwrap().is_none());
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = RunLock::acquire(Path::new("no/such/folder/a.db")).unwrap_err();
        assert!(matches!(error, Error::NoFolder(_)), "{error}");
    }
}
