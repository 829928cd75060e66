//! What the tests of this room share: a database in a folder of its own, and sample rows.

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::date;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::{CompanyRow, ListingRow, Writer};
use crate::edgar::{Accession, Artifact, ArtifactKind, Cik, Filing};

/// A new database with three companies; it goes away with the value.
pub(super) struct Sandbox {
    pub(super) folder: tempfile::TempDir,
    pub(super) writer: Writer,
}

impl Sandbox {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::open(&folder.path().join("filings.db")).unwrap();
        writer
            .put_universe(
                &[
                    company(
                        1,
                        "One",
                        &[("AAA", Some("Nasdaq")), ("AAA-WT", Some("OTC"))],
                    ),
                    company(2, "Two", &[("BBB", Some("NYSE"))]),
                    company(3, "Three", &[("CCC", None)]),
                ],
                true,
                at(0),
            )
            .unwrap();
        Self { folder, writer }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("filings.db")
    }

    /// Rows as a user of the views sees them, columns joined by `|`.
    pub(super) fn rows(&self, sql: &str) -> Vec<String> {
        rows(&self.path(), sql)
    }

    /// The counters, and what counting anew gives: they must agree.
    #[track_caller]
    pub(super) fn assert_counters(&self) {
        let stored = self.rows(
            "SELECT 'f', form, year, filings || ' ' || pending || ' ' || downloaded || ' ' || failed, bytes
             FROM counts WHERE filings <> 0
             UNION ALL
             SELECT 'c', cik, filings, pending || ' ' || downloaded || ' ' || failed, bytes FROM companies
             UNION ALL
             SELECT 'e' || exchange, active || ' ' || inactive, with_filings || ' ' || never_checked,
                 filings || ' ' || pending || ' ' || downloaded || ' ' || failed, bytes
             FROM exchange_counts WHERE active + inactive > 0
             ORDER BY 1, 2, 3",
        );
        let counted = self.rows(
            "SELECT 'f', f.form, substr(f.filed_on, 1, 4),
                 count(DISTINCT f.cik || ' ' || f.accession) || ' ' || count(*) FILTER (WHERE a.status = 0) || ' ' ||
                 count(*) FILTER (WHERE a.status = 1) || ' ' || count(*) FILTER (WHERE a.status = 2),
                 coalesce(sum(a.bytes), 0)
             FROM filings AS f LEFT JOIN artifacts AS a ON f.cik = a.cik AND f.accession = a.accession
             GROUP BY 1, 2, 3
             UNION ALL
             SELECT 'c', cik, (SELECT count(*) FROM filings AS f WHERE f.cik = c.cik),
                 (SELECT count(*) FROM artifacts AS a WHERE a.cik = c.cik AND status = 0) || ' ' ||
                 (SELECT count(*) FROM artifacts AS a WHERE a.cik = c.cik AND status = 1) || ' ' ||
                 (SELECT count(*) FROM artifacts AS a WHERE a.cik = c.cik AND status = 2),
                 (SELECT coalesce(sum(bytes), 0) FROM artifacts AS a WHERE a.cik = c.cik)
             FROM companies AS c
             UNION ALL
             SELECT 'e' || coalesce(exchange, ''), sum(active) || ' ' || sum(active = 0),
                 sum(active AND filings > 0) || ' ' || sum(active AND last_checked_at IS NULL),
                 sum(filings) || ' ' || sum(pending) || ' ' || sum(downloaded) || ' ' || sum(failed),
                 sum(bytes)
             FROM companies GROUP BY coalesce(exchange, '')
             ORDER BY 1, 2, 3",
        );
        assert_eq!(stored, counted);
        // Every artifact is found by its accession, and nothing is in both parts.
        assert!(
            self.rows(
                "SELECT accession, cik FROM artifacts EXCEPT SELECT accession, cik FROM owners
                 UNION ALL
                 SELECT * FROM owners_settled INTERSECT SELECT * FROM owners_recent"
            )
            .is_empty()
        );
    }
}

/// Rows of any database, columns joined by `|`.
pub(super) fn rows(path: &std::path::Path, sql: &str) -> Vec<String> {
    let db = Connection::open(path).unwrap();
    let mut statement = db.prepare(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map(params_from_iter::<[i64; 0]>([]), |row| {
        let cells: Vec<String> = (0..columns)
            .map(|column| match row.get(column).unwrap() {
                Value::Null => "NULL".to_owned(),
                Value::Integer(number) => number.to_string(),
                Value::Real(number) => number.to_string(),
                Value::Text(text) => text,
                Value::Blob(blob) => format!("{blob:?}"),
            })
            .collect();
        Ok(cells.join("|"))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

pub(super) fn cik(number: u64) -> Cik {
    Cik::new(number).unwrap()
}

pub(super) fn accession(number: u64) -> Accession {
    Accession::new(number).unwrap()
}

/// A moment, so many seconds into 2026.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + seconds).unwrap()
}

pub(super) fn company(number: u64, name: &str, listings: &[(&str, Option<&str>)]) -> CompanyRow {
    CompanyRow {
        cik: cik(number),
        name: name.to_owned(),
        listings: listings
            .iter()
            .map(|(ticker, exchange)| ListingRow {
                ticker: (*ticker).to_owned(),
                exchange: exchange.map(str::to_owned),
            })
            .collect(),
    }
}

pub(super) fn filing(number: u64) -> Filing {
    Filing {
        accession: accession(number),
        form: "10-K".to_owned(),
        filed_on: date(2025, 2, 3),
        report_date: Some(date(2024, 12, 31)),
        accepted_at: "2025-02-03T16:30:22.000Z".to_owned(),
        primary_document: "report.htm".to_owned(),
        items: String::new(),
        size: Some(123_456),
        is_xbrl: true,
    }
}

pub(super) fn artifact(company: u64, number: u64, name: &str) -> Artifact {
    Artifact {
        accession: accession(number),
        cik: cik(company),
        kind: ArtifactKind::Primary,
        name: name.to_owned(),
        submission_size: Some(123_456),
    }
}
