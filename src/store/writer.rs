//! The only writing connection.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::batch::Batch;
use super::error::{AtPath, Result};
use super::open;
use super::reader::Reader;
use super::values::RunId;

/// How long to wait for readers before the final checkpoint of the write-ahead log.
const LAST_READER: Duration = Duration::from_secs(5);

/// The only connection that writes.
#[derive(Debug)]
pub struct Writer {
    pub(super) db: Connection,
    pub(super) path: PathBuf,
    /// The run that is going on, if one is.
    pub(super) run: Option<RunId>,
}

impl Writer {
    /// Opens the database, and creates it if it is not there.
    ///
    /// # Errors
    ///
    /// If it is not ours, of another version than this program, or cannot be written; it is then
    /// left as it was.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            db: open::for_writing(path)?,
            path: path.to_owned(),
            run: None,
        })
    }

    /// Refuses a database that [`Writer::open`] would refuse, and makes nothing where none is.
    ///
    /// # Errors
    ///
    /// As [`Writer::open`].
    pub fn check(path: &Path) -> Result<()> {
        open::check(path)
    }

    /// Waits so long for another program that keeps the database locked, and no longer.
    ///
    /// # Errors
    ///
    /// If SQLite refuses that.
    pub fn wait_at_most(&self, time: Duration) -> Result<()> {
        self.db.busy_timeout(time).at(&self.path, "set a timeout")
    }

    /// A reader of the same database.
    ///
    /// # Errors
    ///
    /// If it cannot be opened a second time.
    pub fn reader(&self) -> Result<Reader> {
        Reader::open(&self.path)
    }

    /// Begins a transaction. Dropping the batch without [`Batch::commit`] undoes it.
    ///
    /// A commit costs as much as some 100 rows, so put many into one; what is not committed is lost
    /// when the process is killed.
    ///
    /// # Errors
    ///
    /// If another process keeps the database locked for longer than this writer waits.
    pub fn begin(&mut self) -> Result<Batch<'_>> {
        let tx = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .at(&self.path, "begin to write")?;
        Ok(Batch::new(tx, &self.path, self.run))
    }

    /// Writes the log back into the database, so that one file holds it all, and closes it.
    ///
    /// # Errors
    ///
    /// If that fails; every commit is safe nevertheless. A reader at work is no error: the log
    /// then stays until the last one closes.
    pub fn close(self) -> Result<()> {
        let doing = "close it";
        self.wait_at_most(LAST_READER)?;
        self.db
            .pragma(None, "wal_checkpoint", "TRUNCATE", |_| Ok(()))
            .at(&self.path, doing)?;
        self.db
            .close()
            .map_err(|(_, error)| error)
            .at(&self.path, doing)
    }
}
