//! The only writing connection.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::batch::Batch;
use super::error::{AtPath, Result};
use super::open;
use super::reader::Reader;
use super::readers;
use super::values::RunId;

/// The time for a reader to end its transaction. Readers that take longer are named in a warning.
const AT_WORK: Duration = Duration::from_millis(500);

/// How long to wait for readers who keep a transaction open before the run ends without the final
/// checkpoint of the write-ahead log.
const LAST_READER: Duration = Duration::from_secs(5);

/// The only writing connection of the process.
#[derive(Debug)]
pub struct Writer {
    pub(super) db: Connection,
    pub(super) path: PathBuf,
    /// The current run, if there is one.
    pub(super) run: Option<RunId>,
}

impl Writer {
    /// Opens the database, and creates it if it does not exist.
    ///
    /// # Errors
    ///
    /// The file is not a database of this program, has another schema, or cannot be written. The
    /// file is then unchanged.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            db: open::for_writing(path)?,
            path: path.to_owned(),
            run: None,
        })
    }

    /// Refuses a database that [`Writer::open`] would refuse, but creates nothing.
    ///
    /// # Errors
    ///
    /// As in [`Writer::open`].
    pub fn check(path: &Path) -> Result<()> {
        open::check(path)
    }

    /// Sets how long to wait while another program keeps the database locked.
    pub fn wait_at_most(&self, time: Duration) -> Result<()> {
        self.db.busy_timeout(time).at(&self.path, "set a timeout")
    }

    /// Opens a reader of the same database.
    pub fn reader(&self) -> Result<Reader> {
        Reader::open(&self.path)
    }

    /// Begins a transaction. Dropping the batch without [`Batch::commit`] rolls it back.
    ///
    /// A commit costs as much as about 100 rows, so one batch should have many rows. A killed
    /// process loses its uncommitted rows.
    ///
    /// # Errors
    ///
    /// Another process keeps the database locked for longer than this writer waits.
    pub fn begin(&mut self) -> Result<Batch<'_>> {
        let tx = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .at(&self.path, "begin a transaction")?;
        Ok(Batch::new(tx, &self.path, self.run))
    }

    /// Copies the write-ahead log into the database file and closes the database. The files of the
    /// log stay, empty, for users who may only read.
    ///
    /// # Errors
    ///
    /// The checkpoint fails. Every commit is safe nevertheless. An open reader is not an error: a warning names
    /// it, and the log then stays until the next run.
    pub fn close(self) -> Result<()> {
        let doing = "close it";
        self.wait_at_most(AT_WORK)?;
        if !self.write_log_back()? {
            let readers = readers::holding(&self.path);
            log::warn!(
                "a transaction of {} is kept open by {readers}: waiting up to {} seconds for its end",
                self.path.display(),
                LAST_READER.as_secs()
            );
            self.wait_at_most(LAST_READER)?;
            if !self.write_log_back()? {
                log::warn!(
                    "a transaction of {} is still kept open by {readers}: nothing is lost, but the \
                     database's log stays until a run ends without such a reader",
                    self.path.display()
                );
            }
        }
        self.db
            .close()
            .map_err(|(_, error)| error)
            .at(&self.path, doing)
    }

    /// Whether the log was written back completely and is empty now. A reader may prevent that.
    fn write_log_back(&self) -> Result<bool> {
        let mut is_busy = true;
        self.db
            .pragma(None, "wal_checkpoint", "TRUNCATE", |row| {
                is_busy = row.get(0)?;
                Ok(())
            })
            .at(&self.path, "write its log back")?;
        Ok(!is_busy)
    }
}
