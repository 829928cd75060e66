//! What tells one file's content from another's: the one place where files are hashed.

use sha2::{Digest as _, Sha256};

/// Length and hash of a stored file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    /// Its length.
    pub bytes: u64,
    /// The SHA-256 of its content.
    pub sha256: [u8; 32],
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
