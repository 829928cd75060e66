//! Checks of disks and paths.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The bytes that this user can still write to the disk of a folder.
///
/// # Errors
///
/// The folder does not exist, or its file system does not report free space.
pub fn free_space(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Refuses a symlink in the data dir, because it could create or change files elsewhere.
///
/// # Errors
///
/// The path is a symlink.
pub fn no_symlink(path: &Path) -> Result<(), Symlink> {
    if path.is_symlink() {
        return Err(Symlink(path.to_owned()));
    }
    Ok(())
}

/// A symlink in the data dir. It is not an [`io::Error`], because the disk works.
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
