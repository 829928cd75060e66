//! The files on disk: where they lie, how they get there whole, and whether they still are.
//!
//! A file lies at `edgar/data/<cik>/<accession>/<name>` below the data dir: EDGAR's own layout below
//! `/Archives`, so that relative links between documents hold.

mod bundle;
mod check;
mod data_dir;
mod disk;
mod hash;
mod identity;

use std::path::PathBuf;

pub use bundle::Bundle;
pub use check::{Depth, Expected, Finding, FoundFile, check, walk};
pub(crate) use data_dir::sync_folder;
pub use data_dir::{DataDir, IncomingFile, ROOT};
pub use disk::{free_space, no_symlink};
pub use hash::{Fingerprint, Fingerprinter};
pub use identity::{IDENTITY, identity, is_empty, set_identity};

use crate::edgar::{Accession, Cik};

/// Where a file of a filing lies.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FilingFolder {
    /// The company whose folder holds the files of the filing.
    pub folder: Cik,
    /// The filing.
    pub accession: Accession,
    /// The file's name.
    pub name: String,
}

impl FilingFolder {
    /// The path below the data dir.
    pub fn path(&self) -> PathBuf {
        folder_of(self.folder, self.accession).join(&self.name)
    }
}

/// Where the files of a filing lie, below the data dir.
pub fn folder_of(cik: Cik, accession: Accession) -> PathBuf {
    let mut folder = PathBuf::from(ROOT);
    folder.push(cik.to_string());
    folder.push(accession.bare().to_string());
    folder
}
