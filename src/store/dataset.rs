//! Reads the rows of a dataset's tables, in the order of its files.

use anyhow::anyhow;
use jiff::civil::Date;
use rusqlite::types::ValueRef;
use rusqlite::{Params, Row};

use super::error::{AtPath, Result};
use super::meta;
use super::queries::dataset as sql;
use super::reader::Reader;
use super::values::{DateColumn, DayText, json_ciks, json_texts};
use crate::dataset::{DataCell, FileWriter, Table, table};
use crate::edgar::{Accession, ArtifactKind, Cik, DateRange, FileName};

/// The page cache in KiB. The rows of a filing are in four tables, far from each other.
const CACHE: i64 = 16 * 1024;

/// The sort key of a filer of a filing: CIK, day as YYYYMMDD, number of the accession.
type Pair = (u64, u32, u64);

/// The rows of an export.
#[derive(Debug, Clone, Default)]
pub struct DatasetScope {
    /// Only filings with one of these companies among the filers; `None` is all.
    pub companies: Option<Vec<Cik>>,
    /// Only filings of exactly these types; `None` is all.
    pub forms: Option<Vec<String>>,
}

/// A stored file with the values that an export needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDocument {
    /// The ID in `v_artifacts`.
    pub id: i64,
    pub accession: Accession,
    /// The company whose folder has the file.
    pub folder: Cik,
    pub form: String,
    pub filed_on: Date,
    /// The items that EDGAR lists for the filing, such as `2.02,9.01`.
    pub items: String,
    pub file: FileName,
    /// The type within the submission, such as `EX-99.1`, if it was split.
    pub type_: Option<String>,
    /// The position within the submission, if it was split.
    pub sequence: Option<i64>,
    pub bytes: u64,
    pub sha256: Option<Vec<u8>>,
}

impl StoredDocument {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let kind: ArtifactKind = row.get(6)?;
        Ok(Self {
            id: row.get(0)?,
            accession: row.get(1)?,
            folder: row.get(2)?,
            form: row.get(3)?,
            filed_on: row.get::<_, DateColumn>(4)?.0,
            items: row.get(5)?,
            file: FileName {
                kind,
                name: row.get(7)?,
                edgar_name: row.get(8)?,
            },
            type_: row.get(9)?,
            sequence: row.get(10)?,
            bytes: row.get::<_, Option<i64>>(11)?.map_or(0, i64::unsigned_abs),
            sha256: row.get(12)?,
        })
    }
}

/// One state of the database. While it is open, the write-ahead log of a running run grows: at EDGAR's 10
/// requests a second by some megabytes a minute. Drop it before work that takes long.
#[derive(Debug)]
pub struct DatasetSnapshot<'r>(&'r Reader);

impl Reader {
    /// Begins a read transaction.
    pub fn snapshot(&self) -> Result<DatasetSnapshot<'_>> {
        let doing = "begin to read";
        self.db
            .pragma_update(None, "cache_size", -CACHE)
            .and_then(|()| self.db.execute_batch("BEGIN"))
            .at(&self.path, doing)?;
        Ok(DatasetSnapshot(self))
    }
}

impl Drop for DatasetSnapshot<'_> {
    fn drop(&mut self) {
        // Nothing was written, so a failure has no effect.
        let _ = self.0.db.execute_batch("COMMIT");
    }
}

impl DatasetSnapshot<'_> {
    /// The years with filings, each with its change number. Every change to the exported rows of a year changes
    /// its number.
    pub fn years(&self) -> Result<Vec<(i16, i64)>> {
        let doing = "read which years changed";
        self.0.rows(sql::YEARS, (), doing, |row| row.try_into())
    }

    /// Every form on record.
    pub fn forms(&self) -> Result<Vec<String>> {
        let doing = "read the forms on record";
        self.0.rows(sql::FORMS, (), doing, |row| row.get(0))
    }

    /// The beginning of the URLs in `v_artifacts`.
    pub fn archives_url(&self) -> Result<Option<String>> {
        self.0.meta(meta::ARCHIVES_URL)
    }

    /// Puts the rows of a table into a file. For a table that is partitioned by year, only those of filings filed
    /// in these days.
    ///
    /// # Errors
    ///
    /// As [`FileWriter::put`], and if the database cannot be read.
    pub fn rows(
        &self,
        of: &'static Table,
        dates: DateRange,
        scope: &DatasetScope,
        writer: &mut FileWriter,
    ) -> anyhow::Result<()> {
        let forms = scope.forms.as_deref().map(json_texts);
        let companies = scope.companies.as_deref().map(json_ciks);
        let (since, until) = (DayText::new(dates.since), DayText::new(dates.until));
        let of_filings = (since, until, forms, companies.clone());
        match of.name {
            name if name == table::COMPANIES.name => {
                self.put(sql::COMPANIES, [companies], of, writer)
            }
            name if name == table::LISTINGS.name => {
                self.put(sql::LISTINGS, [companies], of, writer)
            }
            name if name == table::FILINGS.name => self.put(sql::FILINGS, of_filings, of, writer),
            name if name == table::ARTIFACTS.name => {
                self.put(sql::ARTIFACTS, of_filings, of, writer)
            }
            name if name == table::FILERS.name => self.put_filers(of_filings, writer),
            name => Err(anyhow!("the database has no rows of {name}")),
        }
    }

    /// Passes the stored files of filings filed in these days to `each`, sorted by company, day, accession
    /// and name (regardless of case).
    ///
    /// # Errors
    ///
    /// As `each`, and if the database cannot be read.
    pub fn documents(
        &self,
        dates: DateRange,
        scope: &DatasetScope,
        mut each: impl FnMut(StoredDocument) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let params = (
            DayText::new(dates.since),
            DayText::new(dates.until),
            scope.forms.as_deref().map(json_texts),
            scope.companies.as_deref().map(json_ciks),
        );
        self.each(sql::DOCUMENTS, params, |row| {
            each(StoredDocument::of(row).at(&self.0.path, DOING)?)
        })
    }

    /// Puts the rows of a query into the file, column by column.
    fn put(
        &self,
        sql: &'static str,
        params: impl Params,
        of: &'static Table,
        writer: &mut FileWriter,
    ) -> anyhow::Result<()> {
        self.each(sql, params, |row| {
            for column in 0..of.columns.len() {
                writer.put(match row.get_ref(column).at(&self.0.path, DOING)? {
                    ValueRef::Null => DataCell::Null,
                    ValueRef::Integer(value) => DataCell::Integer(value),
                    ValueRef::Real(value) => DataCell::Real(value),
                    ValueRef::Text(text) => DataCell::Text(text),
                    ValueRef::Blob(blob) => DataCell::Blob(blob),
                })?;
            }
            Ok(())
        })
    }

    /// The query returns filers in the order of folders, so those of a year are sorted here, 24 bytes each.
    fn put_filers(&self, params: impl Params, writer: &mut FileWriter) -> anyhow::Result<()> {
        let mut pairs: Vec<Pair> = Vec::new();
        self.each(sql::FILERS, params, |row| {
            let read = |row: &Row<'_>| -> rusqlite::Result<Pair> {
                let (cik, accession): (Cik, Accession) = (row.get(0)?, row.get(1)?);
                let day: DateColumn = row.get(2)?;
                Ok((cik.get(), day_number(day.0), accession.get()))
            };
            pairs.push(read(row).at(&self.0.path, DOING)?);
            Ok(())
        })?;
        pairs.sort_unstable();
        for (cik, day, accession) in pairs {
            let accession = Accession::new(accession).map(|accession| accession.to_string());
            let day = format!(
                "{:04}-{:02}-{:02}",
                day / 10_000,
                day / 100 % 100,
                day % 100
            );
            writer.put(DataCell::Integer(i64::try_from(cik)?))?;
            writer.put(DataCell::Str(&accession.unwrap_or_default()))?;
            writer.put(DataCell::Str(&day))?;
        }
        Ok(())
    }

    fn each(
        &self,
        sql: &'static str,
        params: impl Params,
        mut row: impl FnMut(&Row<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let path = &self.0.path;
        let mut statement = self.0.db.prepare_cached(sql).at(path, DOING)?;
        let mut rows = statement.query(params).at(path, DOING)?;
        while let Some(next) = rows.next().at(path, DOING)? {
            row(next)?;
        }
        Ok(())
    }
}

const DOING: &str = "read the exported rows";

fn day_number(day: Date) -> u32 {
    let part = |part: i8| u32::from(part.unsigned_abs());
    u32::from(day.year().unsigned_abs()) * 10_000 + part(day.month()) * 100 + part(day.day())
}
