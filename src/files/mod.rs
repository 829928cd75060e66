//! Files on disk: their paths, durable writing, and checks against the database.
//!
//! A file is stored at `edgar/data/<cik>/<accession>/<name>` below the data dir. That is EDGAR's
//! own layout below `/Archives`, so relative links between documents work.

mod bundle;
mod check;
mod data_dir;
mod disk;
mod hash;
mod identity;
mod remove;

use std::path::PathBuf;

pub use bundle::Bundle;
pub use check::{Depth, Expected, Finding, FoundFile, check, walk};
pub use data_dir::{DataDir, IncomingFile, ROOT};
pub(crate) use data_dir::{sync_folder, temporary};
pub use disk::{free_space, no_symlink};
pub use hash::{Fingerprint, Fingerprinter};
pub use identity::{IDENTITY, identity, is_empty, set_identity};
pub use remove::remove;

use crate::edgar::{Accession, Cik};

/// The location of a filing's file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FilePath {
    /// The CIK whose folder holds the files of the filing.
    pub folder: Cik,
    /// The accession number.
    pub accession: Accession,
    /// The file name.
    pub name: String,
}

impl FilePath {
    /// The path relative to the data dir.
    pub fn path(&self) -> PathBuf {
        folder_of(self.folder, self.accession).join(&self.name)
    }
}

/// The folder of a filing, relative to the data dir.
pub fn folder_of(cik: Cik, accession: Accession) -> PathBuf {
    let mut folder = PathBuf::from(ROOT);
    folder.push(cik.to_string());
    folder.push(accession.bare().to_string());
    folder
}
