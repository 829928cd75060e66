//! Length and hash of files. All files are hashed here.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::FilePath;

/// The bytes of a file that are in memory at a time.
const CHUNK: usize = 64 * 1024;

/// Length and hash of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    pub bytes: u64,
    pub sha256: [u8; 32],
}

impl Fingerprint {
    /// The fingerprint of the file at this path; `None` if there is no regular file.
    pub fn at(data_dir: &Path, place: &FilePath) -> io::Result<Option<Self>> {
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

/// Computes a fingerprint while the content is written or read, so that no file has to fit into
/// memory.
#[derive(Debug, Clone, Default)]
pub struct Fingerprinter {
    hash: Sha256,
    bytes: u64,
}

impl Fingerprinter {
    /// Adds the next part of the content.
    pub fn update(&mut self, part: &[u8]) {
        self.hash.update(part);
        self.bytes += part.len() as u64;
    }

    /// The fingerprint of all parts.
    pub fn finish(self) -> Fingerprint {
        Fingerprint {
            bytes: self.bytes,
            sha256: self.hash.finalize().into(),
        }
    }
}
