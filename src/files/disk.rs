//! What the disks and their folders say.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Bytes that this user may still write on the disk of a folder.
///
/// # Errors
///
/// When the folder is not there, or its file system does not tell.
pub fn free_space(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Refuses a symlink within the data dir: through it, files elsewhere would be made or changed.
///
/// # Errors
///
/// When it is one.
pub fn no_symlink(path: &Path) -> Result<(), Symlink> {
    if path.is_symlink() {
        return Err(Symlink(path.to_owned()));
    }
    Ok(())
}

/// A symlink within the data dir. No [`io::Error`]: there is nothing wrong with the disk.
#[derive(Debug, Error)]
#[error("{} is a symlink, which could lead out of the data dir: remove it", .0.display())]
pub struct Symlink(PathBuf);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_a_disk_and_a_missing_one_has_none() {
        assert!(free_space(&std::env::temp_dir()).unwrap() > 0);
        assert!(free_space(Path::new("/not/there")).is_err());
    }
}
