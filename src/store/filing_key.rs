//! A filing in the database, as far as the writer needs it to find and count its files.

use rusqlite::Row;

use crate::edgar::Filing;

/// A filing in the database, as far as the writer needs it to find and count its files.
#[derive(Debug, Clone)]
pub(super) struct FilingKey {
    pub(super) id: i64,
    pub(super) form: String,
    pub(super) year: i16,
}

impl FilingKey {
    pub(super) fn new(id: i64, filing: &Filing) -> Self {
        Self {
            id,
            form: filing.form.clone(),
            year: filing.filed_on.year(),
        }
    }

    /// Three columns from this one on: id, form, year.
    pub(super) fn read(row: &Row<'_>, from: usize) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(from)?,
            form: row.get(from + 1)?,
            year: row.get(from + 2)?,
        })
    }
}
