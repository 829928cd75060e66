//! One transaction of the writer. The methods that record data are with the features they belong
//! to.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::Transaction;

use super::error::{AtPath, Result};
use super::filing_key::FilingKey;
use super::holdings::CountChanges;
use super::values::RunId;
use crate::edgar::Accession;

/// A transaction that is not committed yet.
#[derive(Debug)]
pub struct Batch<'w> {
    pub(super) tx: Transaction<'w>,
    pub(super) path: &'w Path,
    pub(super) run: Option<RunId>,
    /// The changes of this transaction to the counters.
    pub(super) changes: CountChanges,
    /// The filings that this transaction has looked up.
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

    /// Commits the transaction.
    ///
    /// # Errors
    ///
    /// The commit fails. Then nothing of the batch is recorded.
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
