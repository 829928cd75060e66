//! What can go wrong with the database, each with the next step.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
use thiserror::Error;

/// A database that cannot be used. The message is one line and names the file.
#[derive(Debug, Error)]
pub enum Error {
    /// There is nothing to read.
    #[error("there is no database at {}: run `filing-etl backfill` first, or name another one with --db", .0.display())]
    Missing(PathBuf),
    /// The folder the database is to lie in does not exist.
    #[error("the folder of database {} does not exist: create it, or name another file with --db", .0.display())]
    NoFolder(PathBuf),
    /// A folder, a device or the like, or no name at all.
    #[error("database {:?} is not a regular file: name one with --db", .0.as_os_str())]
    NotAFile(PathBuf),
    /// The path cannot be looked at.
    #[error("cannot reach database {}: check the permissions of its folder", .0.display())]
    Unreachable(PathBuf, #[source] io::Error),
    /// Some other kind of file.
    #[error("{} is not an SQLite database: name another file with --db; this one was left as it is", .0.display())]
    NotSqlite(PathBuf),
    /// A database of some other program.
    #[error("{} is a database of another program: name another file with --db; this one was left as it is", .0.display())]
    Foreign(PathBuf),
    /// A schema from the future.
    #[error("database {} was written by a newer filing-etl (schema {found}, this program knows {known}): upgrade the program", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: i32,
        /// Ours.
        known: i32,
    },
    /// A schema of a development version before the first release.
    #[error("database {} was written by a development version of filing-etl with another schema: name another file with --db, or move this one away; it was left as it is", .0.display())]
    Development(PathBuf),
    /// No permission to write.
    #[error("database {} cannot be written: check the permissions of the file and its folder", .0.display())]
    ReadOnly(PathBuf),
    /// The file system cannot share memory between processes.
    #[error("database {} cannot keep a write-ahead log (journal mode {mode}): put it on a local disk", path.display())]
    NoWal {
        /// The database.
        path: PathBuf,
        /// What SQLite offers instead.
        mode: String,
    },
    /// The lock file cannot be used.
    #[error("cannot use the run lock {}: check the permissions of its folder", .0.display())]
    Lock(PathBuf, #[source] io::Error),
    /// A row that no version of this program writes.
    #[error("database {} is damaged: {what}; restore a copy, or start a new one with --db", path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// SQLite refused.
    #[error("database {}: cannot {doing}{}", path.display(), hint(&source.0))]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// What was tried, after "cannot".
        doing: &'static str,
        /// Why it failed.
        source: Cause,
    },
}

/// SQLite's words for what went wrong, once: below its error lies another one that repeats them.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Cause(rusqlite::Error);

/// The result of everything in this room.
pub type Result<T> = std::result::Result<T, Error>;

/// Turns SQLite's results into ours.
pub(super) trait AtPath<T> {
    /// Names the database and what was tried, after "cannot".
    fn at(self, path: &Path, doing: &'static str) -> Result<T>;
}

impl<T> AtPath<T> for rusqlite::Result<T> {
    fn at(self, path: &Path, doing: &'static str) -> Result<T> {
        self.map_err(|source| {
            let path = path.to_owned();
            match source.sqlite_error_code() {
                Some(ErrorCode::NotADatabase) => Error::NotSqlite(path),
                Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Error::ReadOnly(path),
                _ => Error::Sqlite {
                    path,
                    doing,
                    source: Cause(source),
                },
            }
        })
    }
}

const MAKE_ROOM: &str = " (make room on its disk, then start again)";

/// What to do about an error, where SQLite's own words do not tell.
fn hint(error: &rusqlite::Error) -> &'static str {
    let details = error.sqlite_error().map(|e| e.extended_code);
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            " (another program keeps it locked: close that one, then start again)"
        }
        Some(ErrorCode::DiskFull) => MAKE_ROOM,
        // The memory that its processes share is a file as well.
        Some(ErrorCode::SystemIoFailure) if details == Some(SQLITE_IOERR_SHMSIZE) => MAKE_ROOM,
        Some(ErrorCode::CannotOpen) => " (check the permissions of the file and its folder)",
        Some(ErrorCode::DatabaseCorrupt) => " (it is damaged: restore a copy, or start a new one)",
        Some(ErrorCode::SystemIoFailure) => " (check its disk)",
        _ => "",
    }
}
