//! Helpers of this module's tests: a database in its own folder, and sample rows.

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::date;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::{
    Batch, CompanyRow, Failure, ListingRow, QueueFilter, QueuePlace, Reader, Recorded, RunId,
    SplitDocument, Writer,
};
use crate::criteria::CompanyCriteria;
use crate::edgar::{
    Accession, ArtifactChoice, ArtifactKind, Cik, FileName, Filing, FormFilter, QueueItem, Target,
};
use crate::exchange::Exchange;
use crate::files::Fingerprint;
use crate::selection::{Companies, Filings, Selection};

/// A new database with three companies, deleted on drop.
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

    /// The result rows of a query, columns joined by `|`.
    pub(super) fn rows(&self, sql: &str) -> Vec<String> {
        rows(&self.path(), sql)
    }

    pub(super) fn reader(&self) -> Reader {
        Reader::open(&self.path()).unwrap()
    }

    /// Runs `write` in a transaction and commits it.
    pub(super) fn write<T>(&mut self, write: impl FnOnce(&mut Batch<'_>) -> T) -> T {
        let mut batch = self.writer.begin().unwrap();
        let result = write(&mut batch);
        batch.commit().unwrap();
        result
    }

    /// Records filings of a company and returns how many it did not have on record.
    pub(super) fn put(&mut self, company: u64, filings: &[Filing]) -> u64 {
        let company = cik(company);
        let filings: Vec<_> = filings.iter().map(|f| (f.clone(), company)).collect();
        self.write(|batch| batch.put_filings(company, &filings, at(0)).unwrap())
    }

    /// Queues items and returns the number of new rows.
    pub(super) fn queue(&mut self, items: &[QueueItem]) -> u64 {
        self.write(|batch| batch.queue(items).unwrap())
    }

    /// The queue, read in batches of `step`.
    pub(super) fn queued(&self, filter: &QueueFilter, step: usize) -> Vec<QueueItem> {
        let (reader, mut place, mut queued) = (self.reader(), QueuePlace::START, Vec::new());
        while let Some((items, next)) = reader.queue(filter, place, step).unwrap() {
            assert!(items.len() <= step);
            queued.extend(items);
            place = next;
        }
        queued
    }

    /// Checks that the queue matches the tables, for different conditions and batch sizes.
    #[track_caller]
    pub(super) fn assert_queue(&self, before: Option<RunId>) {
        for companies in [None, Some(vec![1_u64]), Some(vec![2, 3]), Some(vec![])] {
            let of_companies = companies.as_ref().map_or("true".to_owned(), |companies| {
                let list: Vec<_> = companies.iter().map(ToString::to_string).collect();
                let list = list.join(", ");
                format!("filing IN (SELECT filing FROM filers WHERE cik IN ({list}))")
            });
            let before_run = before.map_or("true".to_owned(), |run| format!("queued_by < {run}"));
            let condition =
                format!("status IN ('pending', 'failed') AND {of_companies} AND {before_run}");
            let expected = self.rows(&format!(
                "SELECT f.accession, f.folder, s.name FROM (
                     SELECT 0 AS place, filing AS id, filing, NULL AS name
                     FROM submissions WHERE {condition}
                     UNION ALL
                     SELECT 1, id, filing, name FROM artifacts
                     WHERE {condition} AND filing NOT IN (
                         SELECT filing FROM submissions WHERE status IN ('pending', 'failed')
                     )
                 ) AS s JOIN filings AS f ON f.id = s.filing
                 ORDER BY s.place, s.id"
            ));
            let filter = QueueFilter {
                companies: companies.map(|list| list.into_iter().map(cik).collect()),
                before,
                status: None,
            };
            for step in [1, 3, 100] {
                let queued: Vec<_> = self
                    .queued(&filter, step)
                    .into_iter()
                    .map(|item| {
                        let name = match item.target {
                            Target::Documents => "NULL".to_owned(),
                            Target::File(file) => file.name,
                        };
                        format!("{}|{}|{name}", item.accession, item.folder)
                    })
                    .collect();
                assert_eq!(queued, expected, "{filter:?}");
            }
            let reader = self.reader();
            let (requests, _) = reader.queue_cost(&filter).unwrap();
            assert_eq!(requests, expected.len() as u64, "{filter:?}");
            let length = reader.queue_length(&filter).unwrap();
            let rows = self.rows(&format!(
                "SELECT coalesce(sum(status = 'pending'), 0), coalesce(sum(status = 'failed'), 0)
                 FROM (
                     SELECT status FROM submissions WHERE {condition}
                     UNION ALL
                     SELECT status FROM artifacts WHERE {condition}
                 )"
            ));
            assert_eq!([format!("{}|{}", length.pending, length.failed)], rows[..]);
        }
    }

    /// Records that a file was downloaded by itself.
    pub(super) fn stored(&mut self, number: u64, name: &str, print: Fingerprint) -> Recorded {
        let document = SplitDocument::single(file(ArtifactKind::Primary, name), print);
        self.write(|b| b.stored(accession(number), &document, 1, at(1)).unwrap())
    }

    /// Splits all documents of a filing from a text of 99 bytes.
    pub(super) fn split(&mut self, number: u64, all: &[SplitDocument]) -> Vec<Recorded> {
        self.write(|b| {
            let (text, held) = (print(99), all.len());
            b.split(accession(number), (&text, held), all, 1, at(1))
                .unwrap()
        })
    }

    /// Fails a download of the first filing on a day of January 2026.
    pub(super) fn fail(&mut self, target: &Target, failure: &Failure, day: i8) {
        let today = date(2026, 1, day);
        self.write(|b| {
            b.failed(accession(1), target, 1, failure, today).unwrap();
        });
    }

    /// What the queue asks for.
    pub(super) fn targets(&self) -> Vec<Target> {
        let queued = self.queued(&QueueFilter::default(), 10);
        queued.into_iter().map(|item| item.target).collect()
    }

    /// The name of each file, or what stands for the documents of a filing, and its status.
    pub(super) fn statuses(&self) -> Vec<String> {
        self.rows("SELECT coalesce(name, kind), status FROM v_artifacts ORDER BY 1")
    }

    /// The number of rows ever written. It shows whether an equal row was written again.
    pub(super) fn changes(&self) -> u64 {
        self.writer.db.total_changes()
    }

    /// Checks that the counters of companies, forms and years match the tables.
    #[track_caller]
    pub(super) fn assert_counters(&self) {
        let stored = self.rows(
            "SELECT 'form', form, year, filings, pending, downloaded, failed, unavailable, dropped, bytes
             FROM holdings
             WHERE (filings, pending, downloaded, failed, unavailable, dropped, bytes)
                 <> (0, 0, 0, 0, 0, 0, 0)
             UNION ALL
             SELECT 'company', cik, '', filings, pending, downloaded, failed, unavailable, dropped, bytes
             FROM companies
             ORDER BY 1, 2, 3",
        );
        let counted = self.rows(
            "WITH
                 files AS (
                     SELECT filing, status, iif(status = 'downloaded', bytes, 0) AS bytes FROM artifacts
                     UNION ALL
                     SELECT filing, status, 0 FROM submissions WHERE status <> 'split'
                 ),
                 held AS (
                     SELECT
                         f.id, f.form, CAST(substr(f.filed_on, 1, 4) AS INTEGER) AS year,
                         count(*) FILTER (WHERE x.status = 'pending') AS pending,
                         count(*) FILTER (WHERE x.status = 'downloaded') AS downloaded,
                         count(*) FILTER (WHERE x.status = 'failed') AS failed,
                         count(*) FILTER (WHERE x.status = 'unavailable') AS unavailable,
                         count(*) FILTER (WHERE x.status = 'dropped') AS dropped,
                         total(x.bytes) AS bytes
                     FROM filings AS f LEFT JOIN files AS x ON x.filing = f.id
                     GROUP BY f.id
                 )
             SELECT
                 'form', form, year, count(*), sum(pending), sum(downloaded), sum(failed),
                 sum(unavailable), sum(dropped), CAST(sum(bytes) AS INTEGER)
             FROM held GROUP BY form, year
             UNION ALL
             SELECT
                 'company', c.cik, '', count(h.id), coalesce(sum(h.pending), 0),
                 coalesce(sum(h.downloaded), 0), coalesce(sum(h.failed), 0),
                 coalesce(sum(h.unavailable), 0), coalesce(sum(h.dropped), 0),
                 CAST(total(h.bytes) AS INTEGER)
             FROM companies AS c
             LEFT JOIN filers AS r ON r.cik = c.cik
             LEFT JOIN held AS h ON h.id = r.filing
             GROUP BY c.cik
             ORDER BY 1, 2, 3",
        );
        assert_eq!(stored, counted);
    }
}

/// The result rows of a query on any database, columns joined by `|`.
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

/// The time `seconds` after the start of 2026.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + seconds).unwrap()
}

pub(super) fn company(number: u64, name: &str, listings: &[(&str, Option<&str>)]) -> CompanyRow {
    CompanyRow {
        etf: false,
        cik: cik(number),
        name: name.to_owned(),
        listings: listings
            .iter()
            .map(|(ticker, exchange)| ListingRow {
                etf: false,
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

/// A file that has the same name at EDGAR.
pub(super) fn file(kind: ArtifactKind, name: &str) -> FileName {
    FileName {
        kind,
        name: name.to_owned(),
        edgar_name: None,
    }
}

/// A queued file of a filing.
pub(super) fn wanted_file(number: u64, kind: ArtifactKind, name: &str) -> QueueItem {
    QueueItem {
        accession: accession(number),
        folder: cik(1),
        target: Target::File(file(kind, name)),
        submission_size: Some(123_456),
    }
}

/// A queued primary document.
pub(super) fn primary(number: u64, name: &str) -> QueueItem {
    wanted_file(number, ArtifactKind::Primary, name)
}

/// All documents of a filing, queued.
pub(super) fn documents(number: u64) -> QueueItem {
    QueueItem {
        target: Target::Documents,
        ..primary(number, "")
    }
}

/// A fingerprint. Each length has its own hash.
pub(super) fn print(bytes: u64) -> Fingerprint {
    Fingerprint {
        bytes,
        sha256: [u8::try_from(bytes % 251).unwrap(); 32],
    }
}

pub(super) fn exhibit(
    name: &str,
    outcome: std::result::Result<Fingerprint, Failure>,
) -> SplitDocument {
    SplitDocument {
        file: file(ArtifactKind::Exhibit, name),
        type_: Some("EX-99.1".to_owned()),
        sequence: Some(2),
        description: None,
        outcome,
    }
}

/// A failed request that EDGAR answered.
pub(super) fn damaged() -> Failure {
    Failure {
        kind: "damaged",
        message: "no <TEXT>".to_owned(),
        missing: false,
    }
}

/// A failure because EDGAR does not have the file.
pub(super) fn missing() -> Failure {
    Failure {
        kind: "missing",
        message: "404".to_owned(),
        missing: true,
    }
}

/// Selects the primary documents of annual and quarterly reports since 2023, of companies with an
/// active listing on these exchanges.
pub(super) fn listed(exchanges: &[Exchange]) -> Selection {
    selection(Companies::Listed(Some(exchanges.iter().copied().collect())))
}

/// The same selection for these companies.
pub(super) fn named(ciks: &[u64]) -> Selection {
    selection(Companies::Named(ciks.iter().copied().map(cik).collect()))
}

fn selection(companies: Companies) -> Selection {
    Selection {
        companies,
        criteria: CompanyCriteria::default(),
        filings: Filings {
            forms: FormFilter::default(),
            since: date(2023, 1, 1),
            until: None,
        },
        artifacts: ArtifactChoice::Primary,
    }
}
