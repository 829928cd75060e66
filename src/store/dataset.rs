//! Reads the rows of a dataset's tables, in the order of its files.

use std::io::Write as _;

use anyhow::anyhow;
use jiff::civil::Date;
use rusqlite::types::ValueRef;
use rusqlite::{Params, Row};

use super::error::{AtPath, Result};
use super::identity::addresses;
use super::meta;
use super::queries::dataset as sql;
use super::reader::Reader;
use super::values::{DateColumn, DayText, Fixed, json_ciks, json_texts};
use crate::dataset::{DataCell, FileWriter, Table, table};
use crate::edgar::{Accession, ArtifactKind, Cik, DateRange, FileName, Urls};

/// The page cache in KiB. An export reads the pages that a backfill wrote in their order, each once, so a larger
/// cache saves nothing: with 16 MiB it takes 10% more processor time, because the pages leave the processor's
/// cache. Rows in the order of their days take a third more with 2 MiB than with 16, while a year fits into 16.
const CACHE: i64 = 2 * 1024;

/// A filer of a filing, in the order of the file: CIK, day and accession, as the database has them.
type Pair = (i64, Fixed<10>, Fixed<20>);

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
            name if name == table::ARTIFACTS.name => self.put_artifacts(of_filings, writer),
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
                writer.put(cell(row.get_ref(column).at(&self.0.path, DOING)?))?;
            }
            Ok(())
        })
    }

    /// The query returns the names at the end of `url` and `path`. What is before them is added here, because
    /// SQLite takes several times as long for it.
    fn put_artifacts(&self, params: impl Params, writer: &mut FileWriter) -> anyhow::Result<()> {
        let [sec, ..] = addresses(&Urls::default());
        let archives = self.archives_url()?.unwrap_or(sec) + "/Archives/";
        let names: Vec<_> = table::ARTIFACTS.columns.iter().map(|c| c.name).collect();
        let mut folder = Vec::new();
        let mut text = Vec::new();
        self.each(sql::ARTIFACTS, params, |row| {
            let of_filing = |row: &Row<'_>| -> rusqlite::Result<(i64, Fixed<20>)> {
                Ok((row.get(2)?, row.get(1)?))
            };
            let (cik, accession) = of_filing(row).at(&self.0.path, DOING)?;
            folder.clear();
            write!(folder, "edgar/data/{cik}/")?;
            folder.extend(accession.0.iter().filter(|byte| **byte != b'-'));
            folder.push(b'/');
            for (column, name) in names.iter().enumerate() {
                let value = row.get_ref(column).at(&self.0.path, DOING)?;
                match (*name, value) {
                    ("url", ValueRef::Text(end)) => {
                        text.clear();
                        for part in [archives.as_bytes(), &folder, end] {
                            text.extend_from_slice(part);
                        }
                        writer.put(DataCell::Text(&text))?;
                    }
                    ("path", ValueRef::Text(end)) => {
                        text.clear();
                        text.extend_from_slice(&folder);
                        text.extend_from_slice(end);
                        writer.put(DataCell::Text(&text))?;
                    }
                    _ => writer.put(cell(value))?,
                }
            }
            Ok(())
        })
    }

    /// The query returns filers in the order of folders, so those of a year are sorted here, 40 bytes each.
    fn put_filers(&self, params: impl Params, writer: &mut FileWriter) -> anyhow::Result<()> {
        let mut pairs: Vec<Pair> = Vec::new();
        self.each(sql::FILERS, params, |row| {
            let read = |row: &Row<'_>| -> rusqlite::Result<Pair> {
                Ok((row.get(0)?, row.get(2)?, row.get(1)?))
            };
            pairs.push(read(row).at(&self.0.path, DOING)?);
            Ok(())
        })?;
        pairs.sort_unstable();
        for (cik, day, accession) in pairs {
            writer.put(DataCell::Integer(cik))?;
            writer.put(DataCell::Text(&accession.0))?;
            writer.put(DataCell::Text(&day.0))?;
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

fn cell(value: ValueRef<'_>) -> DataCell<'_> {
    match value {
        ValueRef::Null => DataCell::Null,
        ValueRef::Integer(value) => DataCell::Integer(value),
        ValueRef::Real(value) => DataCell::Real(value),
        ValueRef::Text(text) => DataCell::Text(text),
        ValueRef::Blob(blob) => DataCell::Blob(blob),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read as _;
    use std::path::PathBuf;

    use flate2::read::GzDecoder;

    use super::super::SplitDocument;
    use super::super::testing::{Sandbox, damaged, documents, exhibit, file, filing, print, rows};
    use super::*;
    use crate::cancel::Cancel;
    use crate::dataset::Format;
    use crate::dataset::file::write;

    /// Writes a table as CSV.
    fn export(sandbox: &Sandbox, of: &'static Table) -> anyhow::Result<PathBuf> {
        let reader = sandbox.reader();
        let snapshot = reader.snapshot()?;
        let path = sandbox.folder.path().join("rows.csv.gz");
        let all = DateRange::new(Date::ZERO, Date::MAX)?;
        write(
            &path,
            (of, Format::Csv),
            true,
            &Cancel::default(),
            |writer| snapshot.rows(of, all, &DatasetScope::default(), writer),
        )?;
        Ok(path)
    }

    /// The rows of a table as CSV, without the header.
    fn exported(sandbox: &Sandbox, of: &'static Table) -> Vec<String> {
        let mut text = String::new();
        let file = File::open(export(sandbox, of).unwrap()).unwrap();
        GzDecoder::new(file).read_to_string(&mut text).unwrap();
        text.lines().skip(1).map(str::to_owned).collect()
    }

    #[test]
    fn urls_and_paths_are_those_of_the_view_with_and_without_a_base_address_on_record() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1), filing(22), filing(999_999_999_999_999_999)]);
        let renamed = FileName {
            edgar_name: Some("a b.htm".to_owned()),
            ..file(ArtifactKind::Primary, "a_b.htm")
        };
        let files = [
            (1, SplitDocument::single(renamed, print(5))),
            (22, exhibit("ex.htm", Err(damaged()))),
        ];
        for (number, document) in files {
            sandbox.queue(&[documents(number)]);
            sandbox.split(number, &[document]);
        }
        sandbox.queue(&[documents(999_999_999_999_999_999)]);
        let view = "SELECT coalesce(id, ''), accession, cik, form, filed_on, kind, coalesce(name, ''), url,
                 status, coalesce(path, ''), coalesce(bytes, ''), coalesce(sha256, ''), attempts,
                 coalesce(last_error, ''), coalesce(downloaded_at, ''), coalesce(type, ''),
                 coalesce(sequence, ''), coalesce(description, '')
             FROM v_artifacts ORDER BY cik, filed_on, accession";
        for base in [None, Some("http://mirror.example/edgar")] {
            if let Some(base) = base {
                let addresses = [base, "d", "l"].map(str::to_owned);
                sandbox.writer.record_addresses(&addresses).unwrap();
            }
            let rows = exported(&sandbox, &table::ARTIFACTS);
            let rows: Vec<_> = rows.iter().map(|row| row.replace(',', "|")).collect();
            assert_eq!(rows, sandbox.rows(view));
            assert_eq!(rows.len(), 3);
            let begin = base.unwrap_or("https://www.sec.gov");
            let url = format!("{begin}/Archives/edgar/data/1/000000000000000001/a%20b.htm");
            assert!(rows[0].contains(&url), "{rows:?}");
            assert!(
                rows[0].contains("|edgar/data/1/000000000000000001/a_b.htm|"),
                "{rows:?}"
            );
        }
    }

    #[test]
    fn an_accession_of_another_length_is_an_error() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1)]);
        sandbox.queue(&[documents(1)]);
        rows(&sandbox.path(), "UPDATE filings SET accession = '1-2-3'");
        for of in [&table::FILERS, &table::ARTIFACTS] {
            let error = export(&sandbox, of).unwrap_err();
            assert!(
                format!("{error:#}").contains("read the exported rows"),
                "{error:#}"
            );
        }
    }
}
