//! What tells one file's content from another's: the one place where files are hashed.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::FilingFolder;

/// Bytes of a file in memory at a time.
const CHUNK: usize = 64 * 1024;

/// Length and hash of a stored file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    /// Its length.
    pub bytes: u64,
    /// The SHA-256 of its content.
    pub sha256: [u8; 32],
}

impl Fingerprint {
    /// That of the file at this place; `None` where there is no file, or something else.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn at(data_dir: &Path, place: &FilingFolder) -> io::Result<Option<Self>> {
        let path = data_dir.join(place.path());
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_file() => {}
            Ok(_) => return Ok(None),
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(e) => return Err(e),
        }
        let (mut file, mut print) = (File::open(path)?, Fingerprinter::default());
        let mut chunk = vec![0; CHUNK];
        loop {
            match file.read(&mut chunk) {
                Ok(0) => return Ok(Some(print.finish())),
                Ok(read) => print.update(&chunk[..read]),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }
}

/// Takes a fingerprint while the content passes by, so that no file has to fit into memory.
#[derive(Debug, Clone, Default)]
pub struct Fingerprinter {
    hash: Sha256,
    bytes: u64,
}

impl Fingerprinter {
    /// The next part of the content.
    pub fn update(&mut self, part: &[u8]) {
        self.hash.update(part);
        self.bytes += part.len() as u64;
    }

    /// The fingerprint of all that passed.
    pub fn finish(self) -> Fingerprint {
        Fingerprint {
            bytes: self.bytes,
            sha256: self.hash.finalize().into(),
        }
    }
}
