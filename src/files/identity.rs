//! The identity of a data dir: one file that distinguishes it from an unmounted disk or a mistyped
//! folder.

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::data_dir::{sync_folder, temporary};
use super::disk::no_symlink;

/// The name of the file in the data dir. The file contains the identity and a line feed.
pub const IDENTITY: &str = ".filing-etl-id";

/// The folder that a new, otherwise empty disk contains.
const LOST_AND_FOUND: &str = "lost+found";

/// The identity of the data dir; `None` if the folder or its identity file does not exist.
///
/// # Errors
///
/// The file cannot be read or contains no identity.
pub fn identity(data_dir: &Path) -> Result<Option<String>> {
    let file = data_dir.join(IDENTITY);
    no_symlink(&file)?;
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(e) => return Err(e).with_context(|| format!("cannot read {}", file.display())),
    };
    let id = text.trim_end();
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        bail!(
            "{} does not contain the identity of a data dir: restore it from a copy",
            file.display()
        );
    }
    Ok(Some(id.to_owned()))
}

/// Whether the folder is empty or does not exist.
pub fn is_empty(data_dir: &Path) -> io::Result<bool> {
    match fs::read_dir(data_dir) {
        Ok(mut entries) => entries.try_fold(true, |empty, entry| {
            Ok(empty && entry?.file_name() == LOST_AND_FOUND)
        }),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(true),
        Err(e) => Err(e),
    }
}

/// Writes the identity durably. Creates the data dir if it is missing.
pub fn set_identity(data_dir: &Path, id: &str) -> Result<()> {
    let write = || -> io::Result<()> {
        fs::create_dir_all(data_dir)?;
        let mut file = temporary(data_dir)?;
        writeln!(file, "{id}")?;
        file.as_file().sync_all()?;
        file.persist(data_dir.join(IDENTITY)).map_err(|e| e.error)?;
        sync_folder(data_dir)
    };
    write().with_context(|| format!("failed to write {}", data_dir.join(IDENTITY).display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("new");
        assert!(is_empty(&data_dir).unwrap());
        assert_eq!(identity(&data_dir).unwrap(), None);
        set_identity(&data_dir, "0af3").unwrap();
        assert_eq!(identity(&data_dir).unwrap().as_deref(), Some("0af3"));
        assert!(!is_empty(&data_dir).unwrap());
    }

    #[test]
    fn a_new_disk_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(LOST_AND_FOUND)).unwrap();
        assert!(is_empty(folder.path()).unwrap());
        fs::write(folder.path().join("x"), "").unwrap();
        assert!(!is_empty(folder.path()).unwrap());
    }

    #[test]
    fn a_file_without_an_identity_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "\n", "two words\n", "a\0b"] {
            fs::write(folder.path().join(IDENTITY), text).unwrap();
            let error = identity(folder.path()).unwrap_err().to_string();
            assert!(error.contains("restore it from a copy"), "{error}");
        }
    }
}
