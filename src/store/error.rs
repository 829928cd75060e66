//! Database errors. Each message includes the next step.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
use thiserror::Error;

/// A database that cannot be used. The message is one line and names the file.
#[derive(Debug, Error)]
pub enum Error {
    #[error("there is no database at {}: run `filing-etl backfill` first, or name another one with --db", .0.display())]
    Missing(PathBuf),
    #[error("the folder of database {} does not exist: create it, or name another file with --db", .0.display())]
    NoFolder(PathBuf),
    /// A folder, a device, or an empty path.
    #[error("database {:?} is not a regular file: name one with --db", .0.as_os_str())]
    NotAFile(PathBuf),
    #[error("cannot reach database {}: check the permissions of its folder", .0.display())]
    Unreachable(PathBuf, #[source] io::Error),
    #[error("{} is not an SQLite database: name another file with --db; this one was left as it is", .0.display())]
    NotSqlite(PathBuf),
    #[error("{} is a database of another program: name another file with --db; this one was left as it is", .0.display())]
    Foreign(PathBuf),
    #[error("database {} was written by a newer filing-etl (schema {found}, this program knows {known}): upgrade the program", path.display())]
    Newer {
        path: PathBuf,
        found: i32,
        known: i32,
    },
    #[error("database {} was written by a development version of filing-etl with another schema: name another file with --db, or move this one away; it was left as it is", .0.display())]
    Development(PathBuf),
    #[error("database {} cannot be written: check the permissions of the file and its folder", .0.display())]
    ReadOnly(PathBuf),
    /// A user with read access only, and no log files, which SQLite needs for reading.
    #[error("database {} cannot be read without its log files, which are missing, by a user who may only read: let a user who may write run `filing-etl stats`, which puts them back", .0.display())]
    NoLog(PathBuf),
    /// SQLite cannot open the file or its log files.
    #[error("database {}: cannot {doing} (check the permissions of the file and its folder)", path.display())]
    CannotOpen {
        path: PathBuf,
        /// What was tried, after "cannot".
        doing: &'static str,
        source: Cause,
    },
    /// The file system has no shared memory.
    #[error("database {} cannot keep a write-ahead log (journal mode {mode}): put it on a local disk", path.display())]
    NoWal {
        path: PathBuf,
        /// The journal mode that SQLite uses instead.
        mode: String,
    },
    #[error("cannot use the run lock {}: check the permissions of its folder", .0.display())]
    Lock(PathBuf, #[source] io::Error),
    /// A row that no version of this program writes.
    #[error("database {} is damaged: {what}; restore a copy, or start a new one with --db", path.display())]
    Damaged { path: PathBuf, what: String },
    #[error("database {}: cannot {doing}{}", path.display(), hint(&source.0))]
    Sqlite {
        path: PathBuf,
        /// The action that failed, as an infinitive after "cannot".
        doing: &'static str,
        source: Cause,
    },
}

/// An SQLite error without its source, which has the same message.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Cause(rusqlite::Error);

pub type Result<T> = std::result::Result<T, Error>;

/// Converts SQLite results to [`Result`].
pub(super) trait AtPath<T> {
    /// Adds the database path and the failed action. `doing` follows the word "cannot".
    fn at(self, path: &Path, doing: &'static str) -> Result<T>;
}

impl<T> AtPath<T> for rusqlite::Result<T> {
    fn at(self, path: &Path, doing: &'static str) -> Result<T> {
        self.map_err(|source| {
            let path = path.to_owned();
            match source.sqlite_error_code() {
                Some(ErrorCode::NotADatabase) => Error::NotSqlite(path),
                Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Error::ReadOnly(path),
                Some(ErrorCode::CannotOpen) => Error::CannotOpen {
                    path,
                    doing,
                    source: Cause(source),
                },
                _ => Error::Sqlite {
                    path,
                    doing,
                    source: Cause(source),
                },
            }
        })
    }
}

const MAKE_ROOM: &str = " (free some space on its disk, then start again)";

/// The next step, if SQLite's message does not include one.
fn hint(error: &rusqlite::Error) -> &'static str {
    let details = error.sqlite_error().map(|e| e.extended_code);
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            " (another program keeps it locked: close that one, then start again)"
        }
        Some(ErrorCode::DiskFull) => MAKE_ROOM,
        // SQLite could not extend the shared memory file of the write-ahead log.
        Some(ErrorCode::SystemIoFailure) if details == Some(SQLITE_IOERR_SHMSIZE) => MAKE_ROOM,
        Some(ErrorCode::DatabaseCorrupt) => " (it is damaged: restore a copy, or start a new one)",
        Some(ErrorCode::SystemIoFailure) => " (check its disk)",
        _ => "",
    }
}
