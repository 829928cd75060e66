//! One transaction of the writer. What can be recorded stands with the feature it belongs to.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::Transaction;

use super::error::{AtPath, Result};
use super::filing_key::FilingKey;
use super::holdings::CountChanges;
use super::values::RunId;
use crate::edgar::Accession;

/// One transaction.
#[derive(Debug)]
pub struct Batch<'w> {
    pub(super) tx: Transaction<'w>,
    pub(super) path: &'w Path,
    pub(super) run: Option<RunId>,
    /// What the transaction changes of the counters.
    pub(super) changes: CountChanges,
    /// The filings that it has met.
    pub(super) filings: HashMap<Accession, FilingKey>,
}

impl<'w> Batch<'w> {
    pub(super) fn new(tx: Transaction<'w>, path: &'w Path, run: Option<RunId>) -> Self {
        Self {
            tx,
            path,
            run,
            changes: CountChanges::default(),
            filings: HashMap::new(),
        }
    }

    /// Makes it last.
    ///
    /// # Errors
    ///
    /// If the database cannot be written; then nothing of the batch was recorded.
    pub fn commit(self) -> Result<()> {
        self.changes
            .apply(&self.tx, self.run)
            .and_then(|()| self.tx.commit())
            .at(self.path, "commit")
    }

    pub(super) fn execute(
        &self,
        sql: &'static str,
        params: impl rusqlite::Params,
        doing: &'static str,
    ) -> Result<usize> {
        self.tx
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .at(self.path, doing)
    }
}
