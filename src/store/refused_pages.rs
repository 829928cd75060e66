//! Pages that came for several filings in place of documents, and were refused; and files of which only
//! later runs may know that they are such pages.

use jiff::civil::Date;

use super::batch::Batch;
use super::error::Result;
use super::queries::refused_pages as sql;
use super::queue::artifact as queued_artifact;
use super::reader::Reader;
use super::values::DayText;
use crate::edgar::QueueItem;
use crate::files::Fingerprint;

/// A refused page stays on record for this many days after it last came.
const KEPT_DAYS: i32 = 30;

/// The kind in `v_errors` of a document that came by itself from sec.gov without `Last-Modified`, and
/// was stored.
pub const UNDATED: &str = "undated";

impl Reader {
    /// The hashes of the recently refused pages.
    pub fn refused_pages(&self) -> Result<Vec<[u8; 32]>> {
        self.rows(sql::ALL, (), "read the refused pages", |row| row.get(0))
    }

    /// The files on disk of filings of which a file was recorded as [`UNDATED`], with their hashes.
    pub fn undated_files(&self) -> Result<Vec<([u8; 32], QueueItem)>> {
        let doing = "read which files came without their date";
        self.rows(sql::UNDATED, (), doing, |row| {
            Ok((row.get(7)?, queued_artifact(row)?))
        })
    }
}

impl Batch<'_> {
    /// Records that a page was refused on this day in New York.
    pub fn refuse_page(&self, page: &Fingerprint, today: Date) -> Result<()> {
        let row = (page.sha256, DayText::new(today));
        self.execute(sql::PUT, row, "record a refused page")?;
        Ok(())
    }

    /// Deletes the pages that have not come for a month.
    pub(super) fn prune_refused_pages(&self, today: Date) -> Result<()> {
        let oldest = today.saturating_sub(jiff::Span::new().days(KEPT_DAYS));
        self.execute(sql::PRUNE, [DayText::new(oldest)], "forget refused pages")?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::ErrorRow;
    use super::super::testing::{Sandbox, accession, at, filing, primary, print};
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_files_of_a_filing_with_an_undated_one_are_known_by_their_hashes() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1), filing(2)]);
        sandbox.queue(&[primary(1, "a.htm"), primary(2, "b.htm")]);
        let run = sandbox.writer.start_run("text", "{}", at(1)).unwrap();
        sandbox.stored(1, "a.htm", print(5));
        sandbox.stored(2, "b.htm", print(6));
        let row = |kind| ErrorRow {
            cik: None,
            accession: Some(accession(1)),
            url: None,
            kind,
            message: String::new(),
        };
        sandbox.write(|b| b.error(run, &row("accepted"), at(1)).unwrap());
        assert_eq!(sandbox.reader().undated_files().unwrap(), []);
        for _ in 0..2 {
            sandbox.write(|b| b.error(run, &row(UNDATED), at(1)).unwrap());
        }
        let known = [(print(5).sha256, primary(1, "a.htm"))];
        assert_eq!(sandbox.reader().undated_files().unwrap(), known);
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
