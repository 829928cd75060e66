//! The reading connection. The methods that read data are with the features they belong to.

use std::path::{Path, PathBuf};

use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, Params, Row};

use super::error::{AtPath, Result};
use super::open;
use super::queries::meta as sql;

/// A connection for reading. Opening one takes less than a millisecond; each thread has its own.
#[derive(Debug)]
pub struct Reader {
    pub(super) db: Connection,
    pub(super) path: PathBuf,
}

impl Reader {
    /// Opens an existing database.
    ///
    /// # Errors
    ///
    /// The file does not exist, is not a database of this program, or has another schema.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            db: open::for_reading(path)?,
            path: path.to_owned(),
        })
    }

    /// Runs several reads in one transaction, so that they see the same state. Keep it short: the
    /// write-ahead log grows meanwhile.
    pub(super) fn at_one_moment<T>(
        &self,
        doing: &'static str,
        read: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        self.db.execute_batch("BEGIN").at(&self.path, doing)?;
        let result = read();
        self.db.execute_batch("COMMIT").at(&self.path, doing)?;
        result
    }

    pub(super) fn meta<T: FromSql>(&self, key: &str) -> Result<Option<T>> {
        self.db
            .prepare_cached(sql::GET)
            .and_then(|mut statement| statement.query_row([key], |row| row.get(0)).optional())
            .at(&self.path, "read its metadata")
    }

    pub(super) fn rows<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        doing: &'static str,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        self.db
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_map(params, read)?.collect())
            .at(&self.path, doing)
    }

    pub(super) fn one<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        doing: &'static str,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        self.db
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(params, read))
            .at(&self.path, doing)
    }
}

/// A count, which SQLite stores as a signed integer.
pub(super) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// A count that may be NULL.
pub(super) fn optional_number(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u64>> {
    match row.get::<_, Option<i64>>(column)? {
        None => Ok(None),
        Some(_) => number(row, column).map(Some),
    }
}
