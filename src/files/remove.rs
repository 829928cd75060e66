//! Removes a file from the disk, and the folders that become empty.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use anyhow::{Context as _, Result};

use super::{FilePath, no_symlink};
use crate::edgar::names::checked_name;

/// Removes a file of a filing, and the folders of the filing and the company if they become empty. Returns
/// whether the file existed.
///
/// # Errors
///
/// If the file cannot be removed, its name is invalid, or a symlink leads out of the data dir.
pub fn remove(data_dir: &Path, place: &FilePath) -> Result<bool> {
    checked_name(&place.name)?;
    let path = data_dir.join(place.path());
    let mut folders: Vec<&Path> = path.ancestors().skip(1).take(2).collect();
    for folder in &folders {
        no_symlink(folder)?;
    }
    let was_there = match fs::remove_file(&path) {
        Ok(()) => true,
        Err(e) if is_gone(&e) => false,
        Err(e) => {
            return Err(e).with_context(|| {
                format!("failed to remove {}: check its permissions", path.display())
            });
        }
    };
    for folder in folders.drain(..) {
        if fs::remove_dir(folder).is_err() {
            break; // not empty, or already removed
        }
    }
    Ok(was_there)
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str) -> FilePath {
        FilePath {
            folder: "320193".parse().unwrap(),
            accession: "0000320193-23-000106".parse().unwrap(),
            name: name.to_owned(),
        }
    }

    #[test]
    fn a_folder_goes_with_its_last_file() {
        let dir = tempfile::tempdir().unwrap();
        let [a, b] = ["a.htm", "b.htm"].map(place);
        fs::create_dir_all(dir.path().join(a.path()).parent().unwrap()).unwrap();
        for place in [&a, &b] {
            fs::write(dir.path().join(place.path()), "x").unwrap();
        }
        assert!(remove(dir.path(), &a).unwrap());
        assert!(!remove(dir.path(), &a).unwrap(), "it was there once");
        assert!(dir.path().join(b.path()).exists());
        assert!(remove(dir.path(), &b).unwrap());
        assert!(dir.path().join("edgar/data").exists());
        assert!(!dir.path().join("edgar/data/320193").exists());
        assert!(!remove(dir.path(), &b).unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_removed_through_a_link_nor_by_a_name_that_leads_elsewhere() {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let a = place("a.htm");
        let inside = other.path().join("000032019323000106/a.htm");
        fs::create_dir_all(inside.parent().unwrap()).unwrap();
        fs::write(&inside, "x").unwrap();
        fs::create_dir_all(dir.path().join("edgar/data")).unwrap();
        std::os::unix::fs::symlink(other.path(), dir.path().join("edgar/data/320193")).unwrap();
        assert!(remove(dir.path(), &a).is_err());
        assert!(inside.exists());
        assert!(remove(dir.path(), &place("../a.htm")).is_err());
    }
}
