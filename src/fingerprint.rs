//! What tells one file's content from another's.

/// Length and hash of a stored file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    /// Its length.
    pub bytes: u64,
    /// The SHA-256 of its content.
    pub sha256: [u8; 32],
}
