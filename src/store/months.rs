//! A query of `report`: filings and bytes by month.

use std::collections::BTreeMap;

use super::error::Result;
use super::queries::holdings as sql;
use super::reader::{Reader, number};

/// Filings per read transaction, which takes some tens of milliseconds. A longer transaction would let the
/// write-ahead log of a run grow.
const AT_ONCE: i64 = 50_000;

/// Filings of one form in one month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MonthHoldings {
    /// Filings.
    pub filings: u64,
    /// Bytes of their files on disk.
    pub bytes: u64,
}

impl Reader {
    /// Filings by month of the filing date (`2026-01`) and form, each filing and file counted once. All filings are
    /// read in several transactions, so filings that a run adds at the same time may or may not count.
    pub fn months(&self) -> Result<BTreeMap<(String, String), MonthHoldings>> {
        let doing = "add up the months";
        let newest: i64 = self.one(sql::NEWEST_FILING, (), doing, |row| row.get(0))?;
        let mut months: BTreeMap<(String, String), MonthHoldings> = BTreeMap::new();
        let mut after = 0;
        while after < newest {
            let up_to = after + AT_ONCE;
            let rows = self.rows(sql::BY_MONTH, (after, up_to), doing, |row| {
                Ok((
                    (row.get(0)?, row.get(1)?),
                    (number(row, 2)?, number(row, 3)?),
                ))
            })?;
            for (key, (filings, bytes)) in rows {
                let month = months.entry(key).or_default();
                month.filings += filings;
                month.bytes += bytes;
            }
            after = up_to;
        }
        Ok(months)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Sandbox, filing, primary, print};

    #[test]
    fn months_count_each_filing_once_and_only_files_on_disk() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1), filing(2)]);
        sandbox.put(2, &[filing(2)]);
        sandbox.queue(&[primary(1, "a.htm"), primary(2, "b.htm")]);
        sandbox.stored(1, "a.htm", print(7));
        let months = sandbox.reader().months().unwrap();
        let sum = months.values().fold((0, 0), |sum, month| {
            (sum.0 + month.filings, sum.1 + month.bytes)
        });
        assert_eq!(sum, (2, 7), "{months:?}");
        let filed_on = filing(1).filed_on.to_string();
        assert!(months.contains_key(&(filed_on[..7].to_owned(), filing(1).form)));
    }

    #[test]
    fn numbers_far_apart_are_all_seen() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1), filing(2)]);
        let apart = "PRAGMA foreign_keys = OFF;
                     UPDATE filings SET id = id + 500000 WHERE accession LIKE '%2'";
        sandbox.writer.db.execute_batch(apart).unwrap();
        let months = sandbox.reader().months().unwrap();
        assert_eq!(months.values().map(|month| month.filings).sum::<u64>(), 2);
    }
}
