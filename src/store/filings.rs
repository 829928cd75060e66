//! Filings, their filers, and what is on record of their files.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, Row};

use super::artifacts::file_name;
use super::batch::Batch;
use super::error::{AtPath, Error, Result};
use super::filing_key::FilingKey;
use super::holdings::Change;
use super::queries::filings as sql;
use super::reader::{Reader, optional_number};
use super::values::{
    ArtifactStatus, DateColumn, DayText, SubmissionStatus, integer, json_ciks, json_texts, time,
};
use crate::edgar::{
    Accession, ArtifactChoice, ArtifactKind, Cik, DateRange, FileName, Filing, Target,
};

/// The status of a filing and its files in the database.
#[derive(Debug, Clone)]
pub struct OnRecord {
    /// The CIK whose folder holds the filing's files.
    pub folder: Cik,
    /// The status of its complete submission, if its documents were ever wanted.
    pub submission: Option<SubmissionStatus>,
    pub files: Vec<FileOnRecord>,
}

/// The status of a file in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileOnRecord {
    pub file: FileName,
    pub status: ArtifactStatus,
    /// Length and hash, if the file was ever stored.
    pub stored: Option<(u64, [u8; 32])>,
    /// Its position among the documents of its submission, if it came from a submission.
    pub sequence: Option<u32>,
}

impl OnRecord {
    /// The file with this name, ignoring case.
    pub fn file(&self, name: &str) -> Option<&FileOnRecord> {
        let mut files = self.files.iter();
        files.find(|known| known.file.name.eq_ignore_ascii_case(name))
    }

    /// Whether a target is queued, by itself or as part of its submission.
    pub fn is_queued(&self, target: &Target) -> bool {
        match target {
            Target::Documents => self.is_split_queued(),
            Target::File(file) => match self.file(&file.name) {
                Some(known) => known.status.is_queued(),
                None => self.is_split_queued() && file.kind == ArtifactKind::Primary,
            },
        }
    }

    /// Whether the submission is queued, which contains every file of the filing.
    pub fn is_split_queued(&self) -> bool {
        self.submission.is_some_and(SubmissionStatus::is_queued)
    }

    /// Whether a target should be queued. A target that was given up is queued again only with
    /// `again`.
    pub fn lacks(&self, target: &Target, again: bool) -> bool {
        match target {
            Target::Documents => self.submission.is_none_or(|status| {
                let mut files = self.files.iter();
                again
                    && (status.is_given_up()
                        || status == SubmissionStatus::Split
                            && files.any(|known| known.status.is_given_up()))
            }),
            Target::File(file) => {
                if let Some(known) = self.file(&file.name) {
                    return again && known.status.is_given_up();
                }
                // A queued submission contains the primary document. If the submission was given
                // up, so was the primary document.
                let given_up = self.submission.is_some_and(SubmissionStatus::is_given_up);
                let with_submission = self.is_split_queued() || given_up && !again;
                !(with_submission && file.kind == ArtifactKind::Primary)
            }
        }
    }
}

/// A filing as it is shown to users, with the values of the views.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownFiling {
    pub accession: String,
    pub form: String,
    pub filed_on: String,
    pub report_date: Option<String>,
    /// The path of its primary document, or else of its submission, below the data dir. `None` if
    /// neither is on disk.
    pub path: Option<String>,
    /// The status of that file; `None` if no such file is on record.
    pub status: Option<String>,
}

impl Reader {
    /// The filings of a company filed within `dates`, newest first.
    pub fn shown_filings(&self, cik: Cik, dates: DateRange) -> Result<Vec<ShownFiling>> {
        let doing = "list the filings of a company";
        let params = (cik, DayText::new(dates.since), DayText::new(dates.until));
        self.rows(sql::SHOWN, params, doing, |row| {
            Ok(ShownFiling {
                accession: row.get(0)?,
                form: row.get(1)?,
                filed_on: row.get(2)?,
                report_date: row.get(3)?,
                path: row.get(4)?,
                status: row.get(5)?,
            })
        })
    }
}

impl Reader {
    /// What is on record of these filings. Filings that are not on record are left out.
    pub fn on_record(&self, accessions: &[Accession]) -> Result<HashMap<Accession, OnRecord>> {
        let names: Vec<_> = accessions.iter().map(ToString::to_string).collect();
        let doing = "look up filings";
        let mut filings: HashMap<Accession, OnRecord> = HashMap::new();
        let rows = self.rows(sql::ON_RECORD, [json_texts(&names)], doing, |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, file_on_record(row)?))
        })?;
        for (accession, folder, submission, file) in rows {
            let filing = filings.entry(accession).or_insert_with(|| OnRecord {
                folder,
                submission,
                files: Vec::new(),
            });
            filing.files.extend(file);
        }
        Ok(filings)
    }

    /// The filings among `accessions` that have one of the companies `ciks` as a filer.
    pub fn filed_by(&self, accessions: &[Accession], ciks: &[Cik]) -> Result<HashSet<Accession>> {
        let names: Vec<_> = accessions.iter().map(ToString::to_string).collect();
        let params = (json_texts(&names), json_ciks(ciks));
        let rows = self.rows(sql::FILED_BY, params, "look up filers", |row| row.get(0))?;
        Ok(rows.into_iter().collect())
    }

    /// The filings of these companies filed within `dates`, one entry for each filer: filer,
    /// filing, form and day.
    pub fn filed_between(
        &self,
        ciks: &[Cik],
        dates: DateRange,
    ) -> Result<Vec<(Cik, Accession, String, Date)>> {
        let params = (
            json_ciks(ciks),
            DayText::new(dates.since),
            DayText::new(dates.until),
        );
        self.rows(sql::FILED_BETWEEN, params, "list what was filed", |row| {
            let DateColumn(filed_on) = row.get(3)?;
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, filed_on))
        })
    }

    /// The next `n` filings of a company filed within `dates`, after an id; 0 starts at the
    /// beginning. Empty at the end.
    pub fn filings_of(
        &self,
        cik: Cik,
        dates: DateRange,
        after: i64,
        n: usize,
    ) -> Result<Vec<(i64, Filing)>> {
        let (since, until) = (DayText::new(dates.since), DayText::new(dates.until));
        let params = (cik, after, since, until, integer(n as u64));
        self.rows(sql::OF_COMPANY, params, "read a company's filings", |row| {
            Ok((row.get(0)?, filing(row)?))
        })
    }

    /// Whether a filing on record has no row for something in `wanted`.
    pub fn lacks_any(&self, accession: Accession, wanted: &[ArtifactChoice]) -> Result<bool> {
        let filing = self.filing(accession)?;
        let on_record = self.on_record(&[accession])?;
        let lacks = |filing: &Filing, wanted: &ArtifactChoice| {
            let known = on_record.get(&accession);
            known.is_some_and(|known| known.lacks(&filing.target(*wanted), false))
        };
        Ok(filing.is_some_and(|(filing, _)| wanted.iter().any(|wanted| lacks(&filing, wanted))))
    }

    /// A filing on record, and the CIK whose folder holds its files.
    pub fn filing(&self, accession: Accession) -> Result<Option<(Filing, Cik)>> {
        let doing = "look up a filing";
        let found = self.rows(sql::BY_ACCESSION, [accession], doing, |row| {
            Ok((filing(row)?, row.get(10)?))
        })?;
        Ok(found.into_iter().next())
    }

    /// The pairs of filer and filing that are not on record, in the order of the list.
    pub fn unknown_filings(&self, filings: &[(Cik, Accession)]) -> Result<Vec<(Cik, Accession)>> {
        let mut unknown = Vec::new();
        // The index of a quarter has 300,000 lines. Chunks keep the JSON list small.
        for piece in filings.chunks(10_000) {
            let pairs: Vec<_> = piece
                .iter()
                .map(|(cik, accession)| (cik.get(), accession.to_string()))
                .collect();
            let doing = "compare an index with the filings on record";
            let rows = self.rows(sql::UNKNOWN, [json_texts(&pairs)], doing, |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            unknown.extend(rows);
        }
        Ok(unknown)
    }
}

fn file_on_record(row: &Row<'_>) -> rusqlite::Result<Option<FileOnRecord>> {
    if row.get_ref(3)? == ValueRef::Null {
        return Ok(None);
    }
    let (bytes, sha256) = (optional_number(row, 5)?, row.get::<_, Option<[u8; 32]>>(6)?);
    Ok(Some(FileOnRecord {
        file: file_name(row, 8)?,
        status: row.get(4)?,
        stored: bytes.zip(sha256),
        sequence: row.get(7)?,
    }))
}

/// Reads a filing, starting at column 1.
pub(super) fn filing(row: &Row<'_>) -> rusqlite::Result<Filing> {
    Ok(Filing {
        accession: row.get(1)?,
        form: row.get(2)?,
        filed_on: row.get::<_, DateColumn>(3)?.0,
        report_date: row.get::<_, Option<DateColumn>>(4)?.map(|day| day.0),
        accepted_at: row.get(5)?,
        primary_document: row.get(6)?,
        items: row.get(7)?,
        size: optional_number(row, 8)?,
        is_xbrl: row.get(9)?,
    })
}

impl Batch<'_> {
    /// Records filings of a company. Each comes with the folder that it gets if it is new. Returns
    /// the number of filings that the company did not have on record. An unchanged filing writes
    /// nothing.
    ///
    /// EDGAR sends another `accepted_at` under each CIK, so the first value is kept. All other
    /// columns are corrected by one filer only; otherwise two filers would overwrite each other
    /// every night. That filer is the folder's company. If no selection follows the folder's
    /// company any more, it is the followed filer with the lowest CIK.
    ///
    /// # Errors
    ///
    /// The company is not on record.
    pub fn put_filings(
        &mut self,
        cik: Cik,
        filings: &[(Filing, Cik)],
        now: Timestamp,
    ) -> Result<u64> {
        let now = time(now);
        let mut new = 0;
        for (filing, folder) in filings {
            let is_new = self.put_filing(cik, filing, *folder, &now);
            new += u64::from(is_new.at(self.path, "record filings")?);
        }
        Ok(new)
    }

    fn put_filing(
        &mut self,
        cik: Cik,
        filing: &Filing,
        folder: Cik,
        now: &str,
    ) -> rusqlite::Result<bool> {
        let known = self
            .tx
            .prepare_cached(sql::BY_ACCESSION)?
            .query_row([filing.accession], |row| {
                let folder: Cik = row.get(10)?;
                Ok((row.get::<_, i64>(0)?, self::filing(row)?, folder))
            })
            .optional()?;
        let Some((id, old, folder)) = known else {
            self.insert_filing(cik, filing, folder, now)?;
            return Ok(true);
        };
        let key = FilingKey::new(id, &old);
        let is_new = self.tx.prepare_cached(sql::ADD_FILER)?.execute((cik, id))? > 0;
        if is_new {
            let mut holds = self.holdings_of(id)?;
            holds += Change::filing();
            self.changes.company(cik, holds);
            self.changes.year(key.year);
        }
        let corrected = Filing {
            accepted_at: old.accepted_at.clone(),
            ..filing.clone()
        };
        if corrected == old || !self.may_correct(cik, folder, id)? {
            self.filings.insert(filing.accession, key);
            return Ok(is_new);
        }
        self.tx.prepare_cached(sql::CORRECT)?.execute((
            id,
            &filing.form,
            DayText::new(filing.filed_on),
            filing.report_date.map(DayText::new),
            &filing.primary_document,
            &filing.items,
            filing.size.map(integer),
            filing.is_xbrl,
        ))?;
        let new_key = FilingKey::new(id, filing);
        self.changes.year(key.year);
        self.changes.year(new_key.year);
        if (&key.form, key.year) != (&new_key.form, new_key.year) {
            let mut holds = self.holdings_of(id)?;
            holds += Change::filing();
            self.changes.form(&key.form, key.year, holds.negated());
            self.changes.form(&new_key.form, new_key.year, holds);
        }
        self.filings.insert(filing.accession, new_key);
        Ok(is_new)
    }

    fn insert_filing(
        &mut self,
        cik: Cik,
        filing: &Filing,
        folder: Cik,
        now: &str,
    ) -> rusqlite::Result<()> {
        self.tx.prepare_cached(sql::INSERT)?.execute((
            filing.accession,
            folder,
            &filing.form,
            DayText::new(filing.filed_on),
            filing.report_date.map(DayText::new),
            &filing.accepted_at,
            &filing.primary_document,
            &filing.items,
            filing.size.map(integer),
            filing.is_xbrl,
            now,
        ))?;
        let key = FilingKey::new(self.tx.last_insert_rowid(), filing);
        self.tx
            .prepare_cached(sql::ADD_FILER)?
            .execute((cik, key.id))?;
        self.changes.company(cik, Change::filing());
        self.changes.form(&key.form, key.year, Change::filing());
        self.filings.insert(filing.accession, key);
        Ok(())
    }

    /// Whether this filer's data may correct a filing.
    fn may_correct(&self, cik: Cik, folder: Cik, filing: i64) -> rusqlite::Result<bool> {
        if cik == folder {
            return Ok(true);
        }
        let mut corrector = self.tx.prepare_cached(sql::CORRECTOR)?;
        let corrector: Option<Cik> = corrector.query_row((filing, folder), |row| row.get(0))?;
        Ok(corrector == Some(cik))
    }

    /// The counters of a filing's files.
    pub(super) fn holdings_of(&self, filing: i64) -> rusqlite::Result<Change> {
        let mut holds = Change::default();
        let mut files = self.tx.prepare_cached(sql::FILE_COUNTS)?;
        let mut rows = files.query([filing])?;
        while let Some(row) = rows.next()? {
            holds += Change::files(row.get(0)?, row.get(1)?, row.get(2)?);
        }
        Ok(holds)
    }

    /// Adds a change of a filing's files to the counters: once by form and year, and once for each
    /// filer.
    pub(super) fn count(&mut self, filing: &FilingKey, change: Change) -> rusqlite::Result<()> {
        self.changes.form(&filing.form, filing.year, change);
        let mut filers = self.tx.prepare_cached(sql::FILERS)?;
        let mut rows = filers.query([filing.id])?;
        while let Some(row) = rows.next()? {
            self.changes.company(row.get(0)?, change);
        }
        Ok(())
    }

    /// Looks up a filing, which must be on record.
    pub(super) fn filing(&mut self, accession: Accession) -> Result<FilingKey> {
        if let Some(key) = self.filings.get(&accession) {
            return Ok(key.clone());
        }
        let found = self
            .tx
            .prepare_cached(sql::BY_ACCESSION)
            .and_then(|mut find| {
                find.query_row([accession], |row| {
                    Ok(FilingKey::new(row.get(0)?, &self::filing(row)?))
                })
                .optional()
            })
            .at(self.path, "look up a filing")?;
        let key = found.ok_or_else(|| Error::Damaged {
            path: self.path.to_owned(),
            what: format!("filing {accession} is not on record"),
        })?;
        self.filings.insert(accession, key.clone());
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        Sandbox, accession, at, cik, company, documents, exhibit, filing, listed, named, primary,
        print,
    };
    use super::super::{QueueFilter, QueuePlace};
    use super::*;
    use crate::edgar::QueueItem;
    use crate::exchange::Exchange::{Nasdaq, Nyse};
    use jiff::civil::date;
    use proptest::prelude::*;

    /// The first filing with a correction by EDGAR.
    fn corrected() -> Filing {
        Filing {
            form: "10-K/A".to_owned(),
            filed_on: date(2024, 12, 31),
            size: None,
            ..filing(1)
        }
    }

    fn form(sandbox: &Sandbox) -> String {
        sandbox
            .rows("SELECT DISTINCT form FROM v_filings")
            .join(" ")
    }

    fn filings_of_companies(sandbox: &Sandbox) -> Vec<String> {
        sandbox.rows("SELECT filings FROM v_companies ORDER BY cik")
    }

    #[test]
    fn what_is_known_already_writes_nothing() {
        let mut sandbox = Sandbox::new();
        let filings = [filing(1), filing(2)];
        assert_eq!(sandbox.put(1, &filings), 2);
        sandbox.queue(&[primary(1, "a.htm"), documents(2)]);
        let before = sandbox.changes();
        assert_eq!(sandbox.put(1, &filings), 0);
        let flipped = Filing {
            accepted_at: "2025-02-03T21:30:22.000Z".to_owned(),
            ..filing(1)
        };
        assert_eq!(sandbox.put(1, &[flipped]), 0);
        assert_eq!(sandbox.changes(), before);
        assert_eq!(
            sandbox.rows("SELECT DISTINCT accepted_at FROM v_filings"),
            ["2025-02-03T16:30:22.000Z"]
        );
    }

    #[test]
    fn a_corrected_filing_is_not_new_and_its_counts_move() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1), filing(2)]);
        sandbox.queue(&[primary(1, "a"), primary(1, "b"), primary(2, "a")]);
        sandbox.stored(1, "a", print(1000));
        assert_eq!(sandbox.put(1, &[corrected()]), 0);
        assert_eq!(
            sandbox.rows("SELECT form, filed_on, size FROM v_filings ORDER BY accession"),
            ["10-K/A|2024-12-31|NULL", "10-K|2025-02-03|123456"]
        );
        let held = "SELECT form, year, filings, pending, bytes FROM holdings ORDER BY form";
        assert_eq!(
            sandbox.rows(held),
            ["10-K|2025|1|1|0", "10-K/A|2024|1|1|1000"]
        );
        sandbox.assert_counters();
    }

    #[test]
    fn what_is_counted_after_a_correction_in_one_transaction_counts_for_the_new_form() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1)]);
        sandbox.write(|batch| {
            batch.queue(&[primary(1, "a")]).unwrap();
            let corrected = [(corrected(), cik(1))];
            batch.put_filings(cik(1), &corrected, at(0)).unwrap();
            batch.queue(&[primary(1, "b")]).unwrap();
        });
        sandbox.assert_counters();
    }

    #[test]
    fn only_the_filer_of_the_folder_corrects() {
        let mut sandbox = Sandbox::new();
        for company in [1, 2, 3] {
            sandbox.put(company, &[filing(1)]);
        }
        for selection in [listed(&[Nasdaq, Nyse]), named(&[3])] {
            let writer = &mut sandbox.writer;
            writer.record_selection(&selection, true, at(0)).unwrap();
        }
        for company in [2, 3] {
            sandbox.put(company, &[corrected()]);
            assert_eq!(form(&sandbox), "10-K", "company {company}");
        }
        // Company 1 leaves every selection. Company 2 is the first filer that a selection follows.
        let list = [company(2, "Two", &[("BBB", Some("NYSE"))])];
        for days in [1, 100] {
            let now = at(days * 24 * 3600);
            sandbox.writer.put_universe(&list, true, now).unwrap();
        }
        sandbox.put(3, &[corrected()]);
        assert_eq!(form(&sandbox), "10-K", "not the first one");
        sandbox.put(2, &[corrected()]);
        assert_eq!(form(&sandbox), "10-K/A");
        assert_eq!(
            sandbox.rows("SELECT DISTINCT folder FROM v_filings"),
            ["1"],
            "the folder stays"
        );
        sandbox.put(1, &[filing(1)]);
        assert_eq!(form(&sandbox), "10-K", "the folder's filer always may");
        // A selection that is not followed does not make its companies followed.
        let once = named(&[1]);
        let writer = &mut sandbox.writer;
        writer.record_selection(&once, false, at(0)).unwrap();
        sandbox.put(2, &[corrected()]);
        assert_eq!(form(&sandbox), "10-K/A");
        sandbox.assert_counters();
    }

    #[test]
    fn a_filer_that_becomes_known_late_counts_what_the_filing_has() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1)]);
        sandbox.queue(&[primary(1, "a"), primary(1, "b")]);
        sandbox.stored(1, "a", print(1000));
        assert_eq!(sandbox.put(2, &[filing(1)]), 1, "new to company 2");
        assert_eq!(sandbox.put(2, &[filing(1)]), 0);
        let held = "SELECT filings, pending, downloaded, bytes FROM companies ORDER BY cik";
        assert_eq!(sandbox.rows(held), ["1|1|1|1000", "1|1|1|1000", "0|0|0|0"]);
        sandbox.stored(1, "b", print(1));
        assert_eq!(sandbox.rows(held)[1], "1|0|2|1001");
        assert_eq!(
            sandbox.rows("SELECT cik, folder FROM v_filings ORDER BY cik"),
            ["1|1", "2|1"]
        );
        assert_eq!(
            sandbox.rows("SELECT filings, downloaded FROM holdings"),
            ["1|2"]
        );
        sandbox.assert_counters();
    }

    #[test]
    fn a_filing_of_469_filers_counts_once_and_for_each_of_them() {
        let mut sandbox = Sandbox::new();
        let list: Vec<_> = (1..=469).map(|n| company(n, "Fund", &[])).collect();
        sandbox.writer.put_universe(&list, true, at(0)).unwrap();
        for company in 1..=469 {
            assert_eq!(sandbox.put(company, &[filing(1)]), 1);
        }
        sandbox.queue(&[documents(1)]);
        sandbox.write(|b| {
            let text = print(99);
            let all = [exhibit("a.htm", Ok(print(7)))];
            b.split(accession(1), (&text, 1), &all, 1, at(1)).unwrap()
        });
        assert_eq!(
            sandbox.rows("SELECT filings, downloaded, bytes FROM holdings"),
            ["1|1|7"]
        );
        assert_eq!(
            sandbox.rows("SELECT sum(filings), sum(downloaded), sum(bytes) FROM companies"),
            ["469|469|3283"]
        );
        for (view, rows) in [("v_filings", 469), ("v_documents", 469), ("v_artifacts", 1)] {
            let sql = format!("SELECT count(*) FROM {view}");
            assert_eq!(sandbox.rows(&sql), [rows.to_string()], "{view}");
        }
        sandbox.assert_counters();
    }

    #[test]
    fn a_filing_lies_in_the_folder_that_it_is_first_recorded_with() {
        let mut sandbox = Sandbox::new();
        sandbox.write(|batch| {
            for (company, folder) in [(1, 2), (2, 2), (3, 3)] {
                let found = [(filing(1), cik(folder))];
                batch.put_filings(cik(company), &found, at(0)).unwrap();
            }
        });
        assert_eq!(
            sandbox.rows("SELECT cik, folder FROM v_filings ORDER BY cik"),
            ["1|2", "2|2", "3|2"]
        );
        sandbox.assert_counters();
    }

    #[test]
    fn a_batch_that_is_dropped_leaves_nothing() {
        let mut sandbox = Sandbox::new();
        let mut batch = sandbox.writer.begin().unwrap();
        let found = [(filing(1), cik(1))];
        batch.put_filings(cik(1), &found, at(0)).unwrap();
        drop(batch);
        assert!(sandbox.rows("SELECT * FROM v_filings").is_empty());
        assert_eq!(filings_of_companies(&sandbox), ["0", "0", "0"]);
        sandbox.assert_counters();
    }

    #[test]
    fn rows_without_what_they_belong_to_are_refused() {
        let mut sandbox = Sandbox::new();
        let mut batch = sandbox.writer.begin().unwrap();
        let found = [(filing(1), cik(77))];
        assert!(batch.put_filings(cik(77), &found, at(0)).is_err());
        let error = batch.queue(&[primary(2, "a")]).unwrap_err().to_string();
        assert!(
            error.contains("0000000000-00-000002 is not on record"),
            "{error}"
        );
    }

    #[test]
    fn a_size_beyond_reason_costs_nothing() {
        let mut sandbox = Sandbox::new();
        let huge = Filing {
            size: Some(u64::MAX),
            ..filing(1)
        };
        assert_eq!(sandbox.put(1, &[huge]), 1);
        assert_eq!(
            sandbox.rows("SELECT size FROM v_filings"),
            [i64::MAX.to_string()]
        );
    }

    #[test]
    fn the_filings_of_a_company_come_in_pages_and_by_days() {
        let mut sandbox = Sandbox::new();
        let old = Filing {
            filed_on: date(2020, 1, 1),
            ..filing(3)
        };
        sandbox.put(1, &[filing(1), filing(2), old, filing(4)]);
        sandbox.put(2, &[filing(5)]);
        let reader = sandbox.reader();
        let dates = DateRange::new(date(2025, 2, 3), date(2025, 2, 3)).unwrap();
        let (mut after, mut seen) = (0, Vec::new());
        loop {
            let page = reader.filings_of(cik(1), dates, after, 2).unwrap();
            let Some((last, _)) = page.last() else { break };
            after = *last;
            seen.extend(page.into_iter().map(|(_, filing)| filing));
        }
        assert_eq!(seen, [filing(1), filing(2), filing(4)]);
    }

    #[test]
    fn an_index_is_compared_filer_by_filer() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1), filing(2)]);
        sandbox.put(2, &[filing(2)]);
        let index = [(1, 1), (2, 1), (2, 2), (1, 9), (1, 2)];
        let index = index.map(|(company, number)| (cik(company), accession(number)));
        let unknown = sandbox.reader().unknown_filings(&index).unwrap();
        assert_eq!(unknown, [index[1], index[3]]);
    }

    #[test]
    fn what_is_on_record_tells_what_is_lacking() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1), filing(2)]);
        sandbox.put(2, &[filing(3)]);
        sandbox.queue(&[primary(1, "A.htm"), documents(3)]);
        sandbox.stored(1, "a.HTM", print(5));
        let asked = [1, 2, 3, 4].map(accession);
        let known = sandbox.reader().on_record(&asked).unwrap();
        assert_eq!(known.len(), 3);
        let lacks = |number, item: QueueItem| known[&accession(number)].lacks(&item.target, false);
        assert!(!lacks(1, primary(1, "a.htm")), "in any case");
        assert!(lacks(1, primary(1, "b.htm")) && lacks(1, documents(1)));
        assert!(lacks(2, primary(2, "a.htm")) && lacks(2, documents(2)));
        assert!(!lacks(3, documents(3)) && !lacks(3, primary(3, "a.htm")));
        let stored = known[&accession(1)].file("A.HTM").unwrap().stored;
        assert_eq!(stored, Some((5, print(5).sha256)));
        assert_eq!(known[&accession(3)].folder, cik(2));
        sandbox.writer.drop_queue(None).unwrap();
        let known = sandbox.reader().on_record(&asked).unwrap();
        let dropped = &known[&accession(3)];
        assert!(!dropped.lacks(&Target::Documents, false));
        assert!(dropped.lacks(&Target::Documents, true), "a new selection");
    }

    /// The largest filing found in a quarterly index has 469 filers.
    #[test]
    fn a_filing_with_469_filers_is_one_file_that_counts_for_each_of_them() {
        const FILERS: u64 = 469;
        let mut sandbox = Sandbox::new();
        let companies: Vec<_> = (1..=FILERS).map(|n| company(n, "Fund", &[])).collect();
        sandbox
            .writer
            .put_universe(&companies, true, at(1))
            .unwrap();
        // Half of the filers are recorded after the file is stored.
        for number in 1..=FILERS / 2 {
            sandbox.put(number, &[filing(7)]);
            let new = sandbox.queue(&[primary(7, "fund.htm")]);
            assert_eq!(new, u64::from(number == 1), "one file");
        }
        sandbox.stored(7, "fund.htm", print(5));
        for number in FILERS / 2 + 1..=FILERS {
            sandbox.put(number, &[filing(7)]);
        }
        sandbox.assert_counters();
        let each = "SELECT count(*) FROM companies WHERE (filings, downloaded, bytes) = (1, 1, 5)";
        assert_eq!(sandbox.rows(each), [FILERS.to_string()]);
        assert_eq!(
            sandbox.rows("SELECT cik, count(*) OVER () FROM v_artifacts"),
            ["1|1"],
            "in the folder of the first"
        );
        let rows = "SELECT count(*) FROM v_documents WHERE status = 'downloaded'";
        assert_eq!(sandbox.rows(rows), [FILERS.to_string()]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn any_filing_and_name_come_back_as_they_went_in(
            number in 0..=999_999_999_999_999_999_u64,
            texts in proptest::array::uniform4(any::<String>()),
            size in proptest::option::of(0..=i64::MAX.unsigned_abs()),
            reported in any::<bool>(),
        ) {
            let [form, accepted_at, primary_document, name] = texts;
            let mut sandbox = Sandbox::new();
            let row = Filing {
                accession: accession(number),
                form,
                accepted_at,
                primary_document,
                size,
                report_date: reported.then(|| date(2039, 1, 31)),
                ..filing(0)
            };
            prop_assert_eq!(sandbox.put(1, std::slice::from_ref(&row)), 1);
            prop_assert_eq!(sandbox.put(1, std::slice::from_ref(&row)), 0);
            let queued = QueueItem { submission_size: size, ..primary(number, &name) };
            sandbox.queue(std::slice::from_ref(&queued));

            let reader = sandbox.reader();
            let dates = DateRange::new(row.filed_on, row.filed_on).unwrap();
            prop_assert_eq!(&reader.filings_of(cik(1), dates, 0, 9).unwrap()[0].1, &row);
            let page = reader.queue(&QueueFilter::default(), QueuePlace::START, 10);
            prop_assert_eq!(&page.unwrap().unwrap().0, &[queued]);
            let known = reader.on_record(&[accession(number)]).unwrap();
            let file = known[&accession(number)].file(&name).unwrap();
            prop_assert_eq!(file.status, ArtifactStatus::Pending);
        }
    }
}
