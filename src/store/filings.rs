//! Filings, their filers, and what is on record of their files.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row};

use super::error::{At, Error, Result};
use super::holdings::Change;
use super::queries::filings as sql;
use super::reader::{Reader, optional_number};
use super::values::{
    ArtifactStatus, DateColumn, Day, SubmissionStatus, integer, json_ciks, json_texts, time,
};
use super::writer::Batch;
use crate::edgar::{Accession, ArtifactKind, Cik, DateRange, Filing, Target};

/// A filing in the database, as far as the writer needs it to find and count its files.
#[derive(Debug, Clone)]
pub(super) struct FilingKey {
    pub(super) id: i64,
    pub(super) form: String,
    pub(super) year: i16,
}

/// What is on record of a filing.
#[derive(Debug, Clone)]
pub struct OnRecord {
    /// The CIK whose folder holds its files.
    pub folder: Cik,
    /// What became of its complete submission, if its documents were ever wanted.
    pub submission: Option<SubmissionStatus>,
    /// Its files.
    pub files: Vec<FileOnRecord>,
}

/// What is on record of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileOnRecord {
    /// Its name on disk.
    pub name: String,
    /// What became of it.
    pub status: ArtifactStatus,
    /// Its length and hash, if it was ever stored.
    pub stored: Option<(u64, [u8; 32])>,
    /// Its place among the documents of its submission, if it came from one.
    pub sequence: Option<u32>,
}

impl OnRecord {
    /// The file of this name, in any case.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&FileOnRecord> {
        let mut files = self.files.iter();
        files.find(|file| file.name.eq_ignore_ascii_case(name))
    }

    /// The queued request that brings this target, if there is one.
    #[must_use]
    pub fn queued_request(&self, target: &Target) -> Option<Target> {
        let is_split_queued = self.submission.is_some_and(SubmissionStatus::is_queued);
        let is_stored = |name: &str| {
            let known = self.file(name);
            known.is_some_and(|known| known.status == ArtifactStatus::Downloaded)
        };
        match target {
            Target::Documents => is_split_queued.then_some(Target::Documents),
            Target::File(file) if is_stored(&file.name) => None,
            Target::File(file) => {
                let known = self.file(&file.name);
                let is_queued = known.is_some_and(|known| known.status.is_queued());
                match (is_split_queued, is_queued) {
                    (true, _) if is_queued || file.kind == ArtifactKind::Primary => {
                        Some(Target::Documents)
                    }
                    (_, true) => Some(target.clone()),
                    _ => None,
                }
            }
        }
    }

    /// Whether a target has to be queued. What was given up is queued again only with `again`.
    #[must_use]
    pub fn lacks(&self, target: &Target, again: bool) -> bool {
        let is_split_queued = self.submission.is_some_and(SubmissionStatus::is_queued);
        match target {
            Target::Documents => self
                .submission
                .is_none_or(|status| again && status.is_given_up()),
            Target::File(file) => match self.file(&file.name) {
                Some(known) => again && known.status.is_given_up(),
                // A submission that is queued brings the primary document along.
                None => !(is_split_queued && file.kind == ArtifactKind::Primary),
            },
        }
    }
}

impl Reader {
    /// What is on record of these filings.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
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

    /// Those of these filings that one of these companies is known to have filed.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn filed_by(&self, accessions: &[Accession], ciks: &[Cik]) -> Result<HashSet<Accession>> {
        let names: Vec<_> = accessions.iter().map(ToString::to_string).collect();
        let params = (json_texts(&names), json_ciks(ciks));
        let rows = self.rows(sql::FILED_BY, params, "look up filers", |row| row.get(0))?;
        Ok(rows.into_iter().collect())
    }

    /// The next `n` filings on record of a company that were filed in these days, after a place;
    /// 0 is the beginning. Empty at the end.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn filings_of(
        &self,
        cik: Cik,
        dates: DateRange,
        after: i64,
        n: usize,
    ) -> Result<Vec<(i64, Filing)>> {
        let (since, until) = (Day::new(dates.since), Day::new(dates.until));
        let params = (cik, after, since, until, integer(n as u64));
        self.rows(sql::OF_COMPANY, params, "read a company's filings", |row| {
            Ok((row.get(0)?, filing(row)?))
        })
    }

    /// Those of these filings, each under a filer, that are not on record under that filer, in the
    /// order of the list.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn unknown_filings(&self, filings: &[(Cik, Accession)]) -> Result<Vec<(Cik, Accession)>> {
        let mut unknown = Vec::new();
        // The list of a quarter has 300,000 lines: in pieces it stays small as JSON.
        for piece in filings.chunks(10_000) {
            let pairs: Vec<_> = piece
                .iter()
                .map(|(cik, accession)| (cik.get(), accession.to_string()))
                .collect();
            let doing = "compare an index";
            let rows = self.rows(sql::UNKNOWN, [json_texts(&pairs)], doing, |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            unknown.extend(rows);
        }
        Ok(unknown)
    }
}

fn file_on_record(row: &Row<'_>) -> rusqlite::Result<Option<FileOnRecord>> {
    let Some(name) = row.get(3)? else {
        return Ok(None);
    };
    let (bytes, sha256) = (optional_number(row, 5)?, row.get::<_, Option<[u8; 32]>>(6)?);
    Ok(Some(FileOnRecord {
        name,
        status: row.get(4)?,
        stored: bytes.zip(sha256),
        sequence: row.get(7)?,
    }))
}

/// A filing from column 1 on.
fn filing(row: &Row<'_>) -> rusqlite::Result<Filing> {
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
    /// Records filings of a company, each with the folder that it gets where it is new, and tells
    /// how many the company did not have. A filing that says what is on record writes nothing.
    ///
    /// EDGAR sends `accepted_at` differently under each CIK, so it stays as it was first seen.
    /// Everything else is corrected from one filer only, or two filers would overwrite each other
    /// every night: that of the folder, or, where no selection has that company any more, the first
    /// one that a selection has.
    ///
    /// # Errors
    ///
    /// If the database cannot be written, or the company is not in it.
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
        let key = key(id, &old);
        let is_new = self.tx.prepare_cached(sql::ADD_FILER)?.execute((cik, id))? > 0;
        if is_new {
            let mut holds = self.holdings_of(id)?;
            holds += Change::filing();
            self.changes.company(cik, holds);
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
            Day::new(filing.filed_on),
            filing.report_date.map(Day::new),
            &filing.primary_document,
            &filing.items,
            filing.size.map(integer),
            filing.is_xbrl,
        ))?;
        let new_key = self::key(id, filing);
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
            Day::new(filing.filed_on),
            filing.report_date.map(Day::new),
            &filing.accepted_at,
            &filing.primary_document,
            &filing.items,
            filing.size.map(integer),
            filing.is_xbrl,
            now,
        ))?;
        let key = key(self.tx.last_insert_rowid(), filing);
        self.tx
            .prepare_cached(sql::ADD_FILER)?
            .execute((cik, key.id))?;
        self.changes.company(cik, Change::filing());
        self.changes.form(&key.form, key.year, Change::filing());
        self.filings.insert(filing.accession, key);
        Ok(())
    }

    /// Whether this filer's word counts for a filing.
    fn may_correct(&self, cik: Cik, folder: Cik, filing: i64) -> rusqlite::Result<bool> {
        if cik == folder {
            return Ok(true);
        }
        let mut corrector = self.tx.prepare_cached(sql::CORRECTOR)?;
        let corrector: Option<Cik> = corrector.query_row((filing, folder), |row| row.get(0))?;
        Ok(corrector == Some(cik))
    }

    /// What a filing has of files.
    fn holdings_of(&self, filing: i64) -> rusqlite::Result<Change> {
        let mut holds = Change::default();
        let mut files = self.tx.prepare_cached(sql::FILE_COUNTS)?;
        let mut rows = files.query([filing])?;
        while let Some(row) = rows.next()? {
            holds += Change::files(row.get(0)?, row.get(1)?, row.get(2)?);
        }
        Ok(holds)
    }

    /// Counts a change of a filing's files: once by form and year, and for each of its filers.
    pub(super) fn count(&mut self, filing: &FilingKey, change: Change) -> rusqlite::Result<()> {
        self.changes.form(&filing.form, filing.year, change);
        let mut filers = self.tx.prepare_cached(sql::FILERS)?;
        let mut rows = filers.query([filing.id])?;
        while let Some(row) = rows.next()? {
            self.changes.company(row.get(0)?, change);
        }
        Ok(())
    }

    /// A filing that is on record.
    pub(super) fn filing(&mut self, accession: Accession) -> Result<FilingKey> {
        if let Some(key) = self.filings.get(&accession) {
            return Ok(key.clone());
        }
        let found = self
            .tx
            .prepare_cached(sql::BY_ACCESSION)
            .and_then(|mut find| {
                find.query_row([accession], |row| Ok(key(row.get(0)?, &self::filing(row)?)))
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

fn key(id: i64, filing: &Filing) -> FilingKey {
    FilingKey {
        id,
        form: filing.form.clone(),
        year: filing.filed_on.year(),
    }
}
