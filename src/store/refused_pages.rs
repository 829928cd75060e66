//! Pages that came for several filings in place of documents, and were refused; and files that came
//! without a date, of which only later runs may know that they are such pages.

use jiff::civil::Date;

use super::batch::Batch;
use super::error::Result;
use super::queries::refused_pages as sql;
use super::queue::artifact as queued_artifact;
use super::reader::Reader;
use super::values::DayText;
use crate::edgar::{Accession, QueueItem};
use crate::files::Fingerprint;

/// A refused page stays on record for this many days after it last came, and that a file came without a date.
const KEPT_DAYS: i32 = 30;

/// The kind in `v_errors` of a document that came by itself from sec.gov without `Last-Modified`, and
/// was stored.
pub const UNDATED: &str = "undated";

impl Reader {
    /// The hashes of the recently refused pages.
    pub fn refused_pages(&self) -> Result<Vec<[u8; 32]>> {
        self.rows(sql::ALL, (), "read the refused pages", |row| row.get(0))
    }

    /// The files on disk with these bytes that lately came without a date.
    pub fn undated_files(&self, sha256: &[u8; 32]) -> Result<Vec<QueueItem>> {
        let doing = "read which files came without a date";
        self.rows(sql::UNDATED, [sha256], doing, queued_artifact)
    }
}

impl Batch<'_> {
    /// Records that a page was refused on this day in New York.
    pub fn refuse_page(&self, page: &Fingerprint, today: Date) -> Result<()> {
        let row = (page.sha256, DayText::new(today));
        self.execute(sql::PUT, row, "record a refused page")?;
        Ok(())
    }

    /// Records that a file which was stored came without a date on this day in New York.
    ///
    /// # Errors
    ///
    /// If the database cannot be written.
    pub fn came_undated(&self, accession: Accession, name: &str, today: Date) -> Result<()> {
        let row = (accession, name, DayText::new(today));
        self.execute(sql::PUT_UNDATED, row, "record a file without a date")?;
        Ok(())
    }

    /// Deletes the pages and files without a date that have not come for a month.
    pub(super) fn prune_refused_pages(&self, today: Date) -> Result<()> {
        let oldest = today.saturating_sub(jiff::Span::new().days(KEPT_DAYS));
        let doing = "forget refused pages";
        self.execute(sql::PRUNE, [DayText::new(oldest)], doing)?;
        self.execute(sql::PRUNE_UNDATED, [DayText::new(oldest)], doing)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Failure;
    use super::super::testing::{Sandbox, accession, filing, primary, print};
    use super::*;
    use jiff::civil::date;

    #[test]
    fn files_without_a_date_are_known_by_their_hashes_for_thirty_days_while_they_are_stored() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1), filing(2), filing(3)]);
        let (first, second) = (primary(1, "a.htm"), primary(2, "b.htm"));
        sandbox.queue(&[first.clone(), second.clone(), primary(3, "c.htm")]);
        sandbox.stored(1, "a.htm", print(5));
        sandbox.stored(2, "b.htm", print(5));
        let (day, later) = (date(2026, 1, 1), date(2026, 1, 3));
        let known = |sandbox: &Sandbox| sandbox.reader().undated_files(&print(5).sha256).unwrap();
        assert_eq!(known(&sandbox), []);
        sandbox.write(|b| {
            for (n, name, day) in [
                (1, "a.htm", day),
                (2, "b.htm", day),
                (2, "b.htm", later),
                (3, "c.htm", day), // not stored
            ] {
                b.came_undated(accession(n), name, day).unwrap();
            }
        });
        assert_eq!(known(&sandbox), [first, second.clone()]);
        let failure = Failure {
            kind: "gateway",
            message: String::new(),
            missing: false,
        };
        sandbox.write(|b| b.prune_refused_pages(date(2026, 2, 1)).unwrap());
        assert_eq!(known(&sandbox), [second]);
        sandbox.write(|b| {
            let name = "b.htm";
            let refused = b.refuse_stored(accession(2), name, &print(5), &failure, later);
            assert!(refused.unwrap());
        });
        assert_eq!(known(&sandbox), []);
    }

    #[test]
    fn a_page_is_kept_for_thirty_days_after_it_came_last() {
        let mut sandbox = Sandbox::new();
        let first = date(2026, 1, 1);
        let days = |n: i64| first.saturating_add(jiff::Span::new().days(n));
        let kept = |sandbox: &mut Sandbox, day: Date| {
            let batch = sandbox.writer.begin().unwrap();
            batch.prune_refused_pages(day).unwrap();
            batch.commit().unwrap();
            sandbox
                .writer
                .reader()
                .unwrap()
                .refused_pages()
                .unwrap()
                .len()
        };
        for (page, day) in [(1, days(0)), (2, days(0)), (1, days(5))] {
            let batch = sandbox.writer.begin().unwrap();
            batch.refuse_page(&print(page), day).unwrap();
            batch.commit().unwrap();
        }
        assert_eq!(kept(&mut sandbox, days(30)), 2);
        assert_eq!(kept(&mut sandbox, days(31)), 1);
        assert_eq!(kept(&mut sandbox, days(35)), 1);
        assert_eq!(kept(&mut sandbox, days(36)), 0);
    }
}
