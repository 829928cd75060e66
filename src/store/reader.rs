//! What the other threads ask: which companies, in which order, and what is left to download.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, Params, Row};

use super::error::{At, Result};
use super::pages::PageKey;
use super::types::{ArtifactStatus, Time, integer, json_numbers, json_pairs, json_texts, time};
use super::{meta, open, queries};
use crate::edgar::{Accession, Artifact, Cik};

/// A connection that reads. Opening one takes a fraction of a millisecond; each thread has its own.
#[derive(Debug)]
pub struct Reader {
    pub(super) db: Connection,
    pub(super) path: PathBuf,
    /// The last artifact that existed when the plan was made.
    last_artifact: i64,
}

/// Which companies a run is about. `None` is no condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Companies with an active listing on one of these, spelled as `v_listings.exchange` has them.
    pub exchanges: Option<Vec<String>>,
    /// These companies.
    pub ciks: Option<Vec<Cik>>,
}

impl Scope {
    /// The two conditions as JSON lists.
    fn params(&self) -> (Option<String>, Option<String>) {
        let ciks = |ciks: &Vec<Cik>| json_numbers(ciks.iter().map(|cik| cik.get()));
        let exchanges = self.exchanges.as_deref().map(json_texts);
        (exchanges, self.ciks.as_ref().map(ciks))
    }
}

/// A company to work on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its place in the plan, from 1.
    pub position: u64,
    /// Its number.
    pub cik: Cik,
    /// Its name.
    pub name: String,
    /// How many of its filings are known.
    pub filings: u64,
    /// When its filings were last read to the end.
    pub last_checked_at: Option<Timestamp>,
}

/// A place in the queue of artifacts, which is ordered by company, then by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueueKey {
    cik: Cik,
    id: i64,
}

/// How many artifacts wait for their download.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Queued {
    /// Those that no run has given up yet.
    pub pending: u64,
    /// Those that an earlier run gave up.
    pub failed: u64,
}

/// A file of a filing we know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownArtifact {
    /// The filing.
    pub accession: Accession,
    /// The company in whose folder it is asked for.
    pub cik: Cik,
    /// The file's name.
    pub name: String,
    /// What became of it.
    pub status: ArtifactStatus,
}

/// What a list of tickers stands for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tickers {
    /// The companies, in the order of the list, each once.
    pub ciks: Vec<Cik>,
    /// Tickers that no active listing has, in the order and spelling of the list.
    pub unknown: Vec<String>,
}

impl Reader {
    /// Opens an existing database.
    ///
    /// # Errors
    ///
    /// If there is none, or it is not ours, or its schema is not this program's.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            db: open::for_reading(path)?,
            path: path.to_owned(),
            last_artifact: 0,
        })
    }

    /// Fixes the scope of a run, for [`Reader::backlog`] and [`Reader::queued`] of this reader, and
    /// tells how many companies are in it.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn select(&mut self, scope: &Scope) -> Result<u64> {
        let doing = "select the companies";
        // One transaction, so that scope and backlog are of the same moment.
        let tx = self.db.transaction().at(&self.path, doing)?;
        let selected = fill_scope(&tx, scope).at(&self.path, doing)?;
        self.last_artifact = last_artifact(&tx).at(&self.path, doing)?;
        tx.commit().at(&self.path, doing)?;
        Ok(selected)
    }

    /// Fixes scope and order of a run, for [`Reader::planned`] and all that [`Reader::select`] is
    /// for, and tells how many companies the plan has. `limit` cuts the plan, not the backlog.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn plan(&mut self, scope: &Scope, limit: Option<u64>) -> Result<u64> {
        let doing = "plan the run";
        let limit = limit.map_or(-1, integer);
        let tx = self.db.transaction().at(&self.path, doing)?;
        fill_scope(&tx, scope).at(&self.path, doing)?;
        let planned = tx
            .execute(queries::PLAN_FILL, [limit])
            .at(&self.path, doing)?;
        self.last_artifact = last_artifact(&tx).at(&self.path, doing)?;
        tx.commit().at(&self.path, doing)?;
        Ok(planned as u64)
    }

    /// Whether an older page was read for these filings before, and has not changed since.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn is_page_read(&self, page: &PageKey<'_>) -> Result<bool> {
        let doing = "look a page up";
        self.one(queries::PAGE_IS_READ, page.params(), doing, |row| {
            row.get(0)
        })
    }

    /// Whether a company is in this scope.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn in_scope(&self, scope: &Scope, cik: Cik) -> Result<bool> {
        let (exchanges, ciks) = scope.params();
        let params = (exchanges, ciks, cik);
        self.one(queries::IN_SCOPE, params, "look a company up", |row| {
            row.get(0)
        })
    }

    /// The next `n` companies of the plan after a position; 0 is the beginning. Empty at the end.
    ///
    /// # Errors
    ///
    /// If the database cannot be read, or there is no plan yet.
    pub fn planned(&self, after: u64, n: usize) -> Result<Vec<Planned>> {
        self.rows(
            queries::PLANNED,
            (integer(after), integer(n as u64)),
            "read the plan",
            |row| {
                Ok(Planned {
                    position: number(row, 0)?,
                    cik: row.get(1)?,
                    name: row.get(2)?,
                    filings: number(row, 3)?,
                    last_checked_at: row.get::<_, Option<Time>>(4)?.map(|time| time.0),
                })
            },
        )
    }

    /// The next `n` artifacts that earlier runs left pending or failed, for the companies in scope;
    /// `None` is the beginning. Empty at the end. What was queued after [`Reader::plan`] is not
    /// among them, so a run meets each artifact once.
    ///
    /// # Errors
    ///
    /// If the database cannot be read, or there is no plan yet.
    pub fn backlog(&self, after: Option<QueueKey>, n: usize) -> Result<Vec<(QueueKey, Artifact)>> {
        let (cik, id) = after.map_or((0, 0), |key| (integer(key.cik.get()), key.id));
        self.rows(
            queries::BACKLOG,
            (cik, id, self.last_artifact, integer(n as u64)),
            "read the backlog",
            |row| {
                let key = QueueKey {
                    id: row.get(0)?,
                    cik: row.get(2)?,
                };
                let artifact = Artifact {
                    accession: row.get(1)?,
                    cik: key.cik,
                    kind: row.get(3)?,
                    name: row.get(4)?,
                    submission_size: row
                        .get::<_, Option<i64>>(5)?
                        .and_then(|size| u64::try_from(size).ok()),
                };
                Ok((key, artifact))
            },
        )
    }

    /// How many artifacts in scope wait for their download.
    ///
    /// # Errors
    ///
    /// If the database cannot be read, or there is no plan yet.
    pub fn queued(&self) -> Result<Queued> {
        let doing = "count what is queued";
        self.one(queries::QUEUED, (), doing, |row| {
            Ok(Queued {
                pending: number(row, 0)?,
                failed: number(row, 1)?,
            })
        })
    }

    /// How many bytes the downloads of what is queued take at most: the sizes of the submissions
    /// that hold it, where EDGAR told them.
    ///
    /// # Errors
    ///
    /// If the database cannot be read, or there is no plan yet.
    pub fn queued_bytes(&self) -> Result<u64> {
        let doing = "add up what is queued";
        self.one(queries::QUEUED_BYTES, (), doing, |row| number(row, 0))
    }

    /// What is known of the files of these filings, in no order.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn known_artifacts(
        &self,
        accessions: impl Iterator<Item = Accession>,
    ) -> Result<Vec<KnownArtifact>> {
        let list = json_numbers(accessions.map(Accession::get));
        let doing = "look up artifacts";
        self.rows(queries::KNOWN_ARTIFACTS, [list], doing, |row| {
            Ok(KnownArtifact {
                accession: row.get(0)?,
                name: row.get(1)?,
                status: row.get(2)?,
                cik: row.get(3)?,
            })
        })
    }

    /// Those of these filings, each under a filer, that are of a company in scope and not known
    /// under it, in the order of the list; one that is listed twice comes twice.
    ///
    /// # Errors
    ///
    /// If the database cannot be read, or there is no plan yet.
    pub fn unknown_filings(&self, filings: &[(Cik, Accession)]) -> Result<Vec<(Cik, Accession)>> {
        let mut unknown = Vec::new();
        // A list of a quarter has 300,000 lines: in pieces it stays small as JSON.
        for piece in filings.chunks(10_000) {
            let list = json_pairs(piece.iter().map(|(c, a)| [c.get(), a.get()]));
            let doing = "compare an index";
            let rows = self.rows(queries::UNKNOWN_FILINGS, [list], doing, |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            unknown.extend(rows);
        }
        Ok(unknown)
    }

    /// The companies in scope that were never looked at to the end.
    ///
    /// # Errors
    ///
    /// If the database cannot be read, or there is no plan yet.
    pub fn never_checked(&self) -> Result<Vec<Cik>> {
        let doing = "look for new companies";
        self.rows(queries::NEVER_CHECKED, (), doing, |row| row.get(0))
    }

    /// The companies in scope.
    ///
    /// # Errors
    ///
    /// If the database cannot be read, or nothing was selected yet.
    pub fn selected(&self) -> Result<Vec<Cik>> {
        let doing = "list the companies";
        self.rows(queries::SELECTED, (), doing, |row| row.get(0))
    }

    /// When the company in scope that was looked at longest ago was looked at; those that never
    /// were do not count.
    ///
    /// # Errors
    ///
    /// If the database cannot be read, or there is no plan yet.
    pub fn oldest_check(&self) -> Result<Option<Timestamp>> {
        let doing = "look up the last discovery";
        let time = self.one(queries::OLDEST_CHECK, (), doing, |row| {
            row.get::<_, Option<Time>>(0)
        })?;
        Ok(time.map(|time| time.0))
    }

    /// Those of these companies that were looked at since a time.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn checked_since(
        &self,
        ciks: impl Iterator<Item = Cik>,
        since: Timestamp,
    ) -> Result<Vec<Cik>> {
        let list = json_numbers(ciks.map(Cik::get));
        let doing = "look up what was discovered";
        self.rows(queries::CHECKED_SINCE, (list, time(since)), doing, |row| {
            row.get(0)
        })
    }

    /// When the company list was last read; `None` if never.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn companies_synced_at(&self) -> Result<Option<Timestamp>> {
        let time = self.meta::<Time>(meta::COMPANIES_SYNCED_AT)?;
        Ok(time.map(|time| time.0))
    }

    /// Whether the exchanges' own symbol lists took part when the company list was last read.
    /// Without them NYSE American and NYSE Arca cannot be told from NYSE.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn listings_known(&self) -> Result<bool> {
        let known = self.meta::<String>(meta::LISTINGS_KNOWN)?;
        Ok(known.is_some_and(|known| known == meta::YES))
    }

    /// Where each active listing was known to be when the exchanges' own symbol lists last took part;
    /// empty if they never did.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn known_listings(&self) -> Result<Vec<(Cik, String, String)>> {
        if self.meta::<String>(meta::LISTINGS_SYNCED_AT)?.is_none() {
            return Ok(Vec::new());
        }
        let doing = "look up known listings";
        self.rows(queries::KNOWN_LISTINGS, (), doing, |row| row.try_into())
    }

    /// The tickers that the exchanges' own symbol lists last said are no company's listing: funds
    /// and test issues.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn left_out(&self) -> Result<Vec<(u64, String)>> {
        let list = self.meta::<String>(meta::LEFT_OUT)?;
        // We wrote it; were it damaged, the next sync with those lists would mend it.
        Ok(list.map_or_else(Vec::new, |list| {
            serde_json::from_str(&list).unwrap_or_default()
        }))
    }

    /// How many companies the universe has now.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn company_count(&self) -> Result<u64> {
        let doing = "count companies";
        self.one(queries::COMPANY_COUNT, (), doing, |row| number(row, 0))
    }

    /// The companies these tickers stand for now, in any case.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn resolve_tickers(&self, tickers: &[String]) -> Result<Tickers> {
        let found = self.rows(
            queries::RESOLVE_TICKERS,
            [json_texts(tickers)],
            "look up tickers",
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let mut resolved = Tickers::default();
        for (ticker, cik) in found {
            match cik {
                Some(cik) if resolved.ciks.contains(&cik) => {}
                Some(cik) => resolved.ciks.push(cik),
                None => resolved.unknown.push(ticker),
            }
        }
        Ok(resolved)
    }

    /// Those of these CIKs that are no company of the universe now, in the order of the list.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn unknown_ciks(&self, ciks: &[Cik]) -> Result<Vec<Cik>> {
        let list = json_numbers(ciks.iter().map(|cik| cik.get()));
        self.rows(queries::UNKNOWN_CIKS, [list], "look up CIKs", |row| {
            row.get(0)
        })
    }

    pub(super) fn meta<T: FromSql>(&self, key: &str) -> Result<Option<T>> {
        self.db
            .prepare_cached(queries::META_GET)
            .and_then(|mut statement| statement.query_row([key], |row| row.get(0)).optional())
            .at(&self.path, "look up the company list")
    }

    pub(super) fn rows<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        doing: &'static str,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        self.db
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_map(params, read)?.collect())
            .at(&self.path, doing)
    }

    pub(super) fn one<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        doing: &'static str,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        self.db
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(params, read))
            .at(&self.path, doing)
    }
}

/// Empties scope and plan, and fills the scope.
fn fill_scope(db: &Connection, scope: &Scope) -> rusqlite::Result<u64> {
    db.execute_batch(queries::TEMP_PLAN)?;
    let filled = match scope.params() {
        (exchanges, None) => db.execute(queries::SCOPE_FILL, [exchanges])?,
        (exchanges, ciks) => db.execute(queries::SCOPE_FILL_NAMED, (exchanges, ciks))?,
    };
    Ok(filled as u64)
}

/// The last artifact that there is now.
fn last_artifact(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row(queries::LAST_ARTIFACT, [], |row| row.get(0))
}

/// A count, which SQLite has as a signed number.
pub(super) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get(column)
        .map(|number: i64| u64::try_from(number).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::super::UniverseChange;
    use super::super::testing::{Sandbox, accession, artifact, at, cik, filing};
    use super::*;
    use crate::fingerprint::Fingerprint;

    fn order(reader: &Reader) -> Vec<u64> {
        let planned = reader.planned(0, 100).unwrap();
        assert!(
            planned
                .iter()
                .map(|p| p.position)
                .eq(1..=planned.len() as u64)
        );
        planned.iter().map(|planned| planned.cik.get()).collect()
    }

    fn scope(exchanges: Option<&[&str]>, ciks: Option<&[u64]>) -> Scope {
        Scope {
            exchanges: exchanges.map(|names| names.iter().map(ToString::to_string).collect()),
            ciks: ciks.map(|ciks| ciks.iter().map(|number| cik(*number)).collect()),
        }
    }

    #[test]
    fn companies_without_filings_come_first_then_the_longest_unchecked() {
        let mut sandbox = Sandbox::new();
        let mut reader = Reader::open(&sandbox.path()).unwrap();
        assert_eq!(reader.plan(&Scope::default(), None).unwrap(), 3);
        assert_eq!(order(&reader), [1, 2, 3], "nothing is known: by number");

        let batch = sandbox.writer.begin().unwrap();
        batch.put_filings(cik(1), &[filing(1)], at(0)).unwrap();
        batch.company_checked(cik(1), at(10)).unwrap();
        batch.put_filings(cik(2), &[filing(2)], at(0)).unwrap();
        batch.company_checked(cik(2), at(5)).unwrap();
        batch.company_checked(cik(3), at(20)).unwrap();
        batch.commit().unwrap();
        assert_eq!(order(&reader), [1, 2, 3], "a plan stays as it was made");
        reader.plan(&Scope::default(), None).unwrap();
        assert_eq!(order(&reader), [3, 2, 1]);

        let first = &reader.planned(0, 1).unwrap()[0];
        assert_eq!((first.name.as_str(), first.filings), ("Three", 0));
        assert_eq!(first.last_checked_at, Some(at(20)));
        assert_eq!(reader.planned(1, 1).unwrap()[0].cik, cik(2));
        assert!(reader.planned(3, 1).unwrap().is_empty());
    }

    #[test]
    fn a_company_with_filings_that_was_never_checked_comes_before_those_that_were() {
        let mut sandbox = Sandbox::new();
        let batch = sandbox.writer.begin().unwrap();
        for number in 1..=3 {
            batch
                .put_filings(cik(number), &[filing(number)], at(0))
                .unwrap();
        }
        batch.company_checked(cik(1), at(1)).unwrap();
        batch.commit().unwrap();
        let mut reader = Reader::open(&sandbox.path()).unwrap();
        reader.plan(&Scope::default(), None).unwrap();
        assert_eq!(order(&reader), [2, 3, 1]);
    }

    #[test]
    fn exchanges_and_ciks_narrow_the_plan_and_a_limit_cuts_it() {
        let sandbox = Sandbox::new();
        let mut reader = Reader::open(&sandbox.path()).unwrap();
        let mut plan = |exchanges, ciks, limit| {
            reader.plan(&scope(exchanges, ciks), limit).unwrap();
            order(&reader)
        };
        assert_eq!(plan(Some(&["NYSE", "Nasdaq"]), None, None), [1, 2]);
        assert_eq!(plan(Some(&["OTC"]), None, None), [1], "a second listing");
        assert_eq!(plan(None, Some(&[3, 2, 99]), None), [2, 3]);
        assert_eq!(plan(Some(&["NYSE"]), Some(&[1, 2]), None), [2]);
        assert_eq!(plan(Some(&[]), None, None), [0_u64; 0]);
        assert_eq!(plan(None, Some(&[]), None), [0_u64; 0]);
        assert_eq!(plan(None, None, Some(2)), [1, 2]);
        assert_eq!(plan(None, None, Some(0)), [0_u64; 0]);
        assert_eq!(plan(None, None, Some(u64::MAX)), [1, 2, 3]);
    }

    #[test]
    fn inactive_companies_are_not_planned_and_count_as_unknown() {
        let mut sandbox = Sandbox::new();
        let list = [super::super::testing::company(
            2,
            "Two",
            &[("BBB", Some("NYSE"))],
        )];
        let change = sandbox.writer.put_universe(&list, true, at(1)).unwrap();
        assert_eq!(
            change,
            UniverseChange {
                added: 0,
                updated: 0,
                deactivated: 2
            }
        );
        let mut reader = Reader::open(&sandbox.path()).unwrap();
        assert_eq!(reader.plan(&Scope::default(), None).unwrap(), 1);
        assert_eq!(reader.company_count().unwrap(), 1);
        let unknown = reader.unknown_ciks(&[cik(3), cik(2), cik(99)]).unwrap();
        assert_eq!(unknown, [cik(3), cik(99)]);
        let asked = ["bbb", "AAA", "BBB", "no such"].map(str::to_owned);
        let tickers = reader.resolve_tickers(&asked).unwrap();
        assert_eq!(tickers.ciks, [cik(2)]);
        assert_eq!(tickers.unknown, ["AAA", "no such"]);
    }

    #[test]
    fn the_backlog_has_each_waiting_artifact_in_scope_once_and_no_later_ones() {
        let mut sandbox = Sandbox::new();
        let batch = sandbox.writer.begin().unwrap();
        for (company, number) in [(2, 20), (1, 10), (1, 11), (3, 30)] {
            batch
                .put_filings(cik(company), &[filing(number)], at(0))
                .unwrap();
            for name in ["a", "b", "c"] {
                batch
                    .put_artifacts(&[artifact(company, number, name)])
                    .unwrap();
            }
        }
        let saved = Fingerprint {
            bytes: 1,
            sha256: [0; 32],
        };
        batch
            .downloaded(&artifact(1, 10, "b"), &saved, 1, at(1))
            .unwrap();
        batch
            .download_failed(&artifact(1, 11, "a"), 3, "network", "no")
            .unwrap();
        batch.commit().unwrap();

        let mut reader = Reader::open(&sandbox.path()).unwrap();
        reader.plan(&scope(None, Some(&[1, 2])), Some(1)).unwrap();
        assert_eq!(
            {
                let q = reader.queued().unwrap();
                q.pending + q.failed
            },
            8,
            "not cut by the limit"
        );

        let batch = sandbox.writer.begin().unwrap();
        batch.put_artifacts(&[artifact(1, 10, "late")]).unwrap();
        batch.commit().unwrap();

        for step in [1, 2, 3, 100] {
            let (mut after, mut seen) = (None, Vec::new());
            loop {
                let page = reader.backlog(after, step).unwrap();
                let Some((key, _)) = page.last() else { break };
                after = Some(*key);
                seen.extend(page.into_iter().map(|(_, artifact)| {
                    assert_eq!(artifact.submission_size, Some(123_456));
                    (artifact.cik.get(), artifact.accession.get(), artifact.name)
                }));
            }
            let expected = [
                (1, 10, "a"),
                (1, 10, "c"),
                (1, 11, "a"),
                (1, 11, "b"),
                (1, 11, "c"),
                (2, 20, "a"),
                (2, 20, "b"),
                (2, 20, "c"),
            ];
            assert_eq!(seen, expected.map(|(c, a, n)| (c, a, n.to_owned())));
        }

        let mut known = reader
            .known_artifacts([accession(10), accession(99)].into_iter())
            .unwrap();
        known.sort_by(|a, b| a.name.cmp(&b.name));
        let known: Vec<_> = known
            .iter()
            .map(|known| (known.name.as_str(), known.status))
            .collect();
        assert_eq!(
            known,
            [
                ("a", ArtifactStatus::Pending),
                ("b", ArtifactStatus::Downloaded),
                ("c", ArtifactStatus::Pending),
                ("late", ArtifactStatus::Pending),
            ]
        );
    }

    #[test]
    fn two_readers_have_plans_of_their_own() {
        let sandbox = Sandbox::new();
        let mut one = Reader::open(&sandbox.path()).unwrap();
        let mut two = Reader::open(&sandbox.path()).unwrap();
        one.plan(&scope(None, Some(&[1])), None).unwrap();
        two.plan(&scope(None, Some(&[2])), None).unwrap();
        assert_eq!((order(&one), order(&two)), (vec![1], vec![2]));
    }

    #[test]
    fn asking_without_a_plan_is_an_error() {
        let sandbox = Sandbox::new();
        let reader = Reader::open(&sandbox.path()).unwrap();
        assert!(reader.planned(0, 1).is_err());
    }
}
