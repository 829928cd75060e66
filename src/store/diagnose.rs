//! Queries of `diagnose`.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::Row;

use super::error::Result;
use super::queries::{diagnose as sql, holdings, runs};
use super::reader::{Reader, number, optional_number};
use super::values::{DateColumn, RunId, RunStatus, Time, json_ciks, json_texts, time};
use crate::edgar::{Cik, History};

/// What is known about a company that explains missing filings and files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompanyCoverage {
    pub cik: Cik,
    pub name: String,
    /// The ticker of its primary listing.
    pub ticker: Option<String>,
    pub exchange: Option<String>,
    /// When its list of filings was last read to its end.
    pub last_checked_at: Option<Timestamp>,
    pub artifacts: FileCounts,
    /// Its file counts at the start of the last run.
    pub artifacts_before: FileCounts,
    pub failed: u64,
    /// Files that EDGAR did not have on [`super::MISSING_DAYS`] days.
    pub unavailable: u64,
    /// Whether EDGAR did not have its list of filings on as many days.
    pub is_unavailable: bool,
    /// A summary of EDGAR's list of its filings; `None` if the list was never read to its end.
    pub history: Option<History>,
    /// Why the last attempt to read its list failed: one word for the kind, and one line.
    pub failure: Option<(String, String)>,
    /// Whether a filing of a wanted form is on record.
    pub covered: bool,
    /// Whether such a filing was on record at the start of the last run.
    pub covered_before: bool,
}

/// The number of files that should be on disk, and the number that are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileCounts {
    pub expected: u64,
    pub downloaded: u64,
}

/// Failures of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureGroup {
    /// As in `v_errors.kind`; `unknown` for failures recorded without a kind.
    pub kind: String,
    pub count: u64,
    pub example: Option<String>,
}

/// The run that started last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviousRun {
    pub id: RunId,
    pub command: String,
    pub status: RunStatus,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

impl Reader {
    /// The coverage of these companies, by name. `forms` are the wanted forms, spelled as in
    /// [`Reader::known_forms`]. `last_run` is the run that started last.
    pub fn company_coverage(
        &self,
        companies: &[Cik],
        forms: &[String],
        last_run: Option<&PreviousRun>,
    ) -> Result<Vec<CompanyCoverage>> {
        let (run, began) = (
            last_run.map(|run| run.id),
            last_run.map(|run| time(run.started_at)),
        );
        self.rows(
            sql::COMPANIES,
            (json_ciks(companies), json_texts(forms), began, run),
            "read the coverage of companies",
            company_facts,
        )
    }

    /// The failed downloads of these companies by kind; `None` is all companies.
    pub fn failed_downloads(&self, companies: Option<&[Cik]>) -> Result<Vec<FailureGroup>> {
        let (companies, doing) = (companies.map(json_ciks), "group failed downloads");
        self.rows(sql::FAILURES, [companies], doing, failure_group)
    }

    /// Problems of a run with these companies, by kind, that did not fail a company or a file.
    pub fn problems(&self, companies: &[Cik], run: RunId) -> Result<Vec<FailureGroup>> {
        let doing = "read the problems of a run";
        let params = (json_ciks(companies), run);
        self.rows(sql::PROBLEMS, params, doing, failure_group)
    }

    /// Every form type of a filing on record.
    pub fn known_forms(&self) -> Result<Vec<String>> {
        let doing = "read the known forms";
        self.rows(holdings::FORMS, (), doing, |row| row.get(0))
    }

    /// The run that started last, other than of `text`, if there is one.
    pub fn last_run(&self) -> Result<Option<PreviousRun>> {
        let read = |row: &Row<'_>| {
            Ok(PreviousRun {
                id: RunId(row.get(0)?),
                command: row.get(1)?,
                status: row.get(2)?,
                started_at: row.get::<_, Time>(3)?.0,
                ended_at: row.get::<_, Option<Time>>(4)?.map(|time| time.0),
            })
        };
        let doing = "look up the last run";
        let runs = self.rows(runs::LAST_RUN, (), doing, read)?;
        Ok(runs.into_iter().next())
    }
}

fn failure_group(row: &Row<'_>) -> rusqlite::Result<FailureGroup> {
    Ok(FailureGroup {
        kind: row.get(0)?,
        count: number(row, 1)?,
        example: row.get(2)?,
    })
}

fn company_facts(row: &Row<'_>) -> rusqlite::Result<CompanyCoverage> {
    let day = |column| -> rusqlite::Result<Option<Date>> {
        Ok(row.get::<_, Option<DateColumn>>(column)?.map(|day| day.0))
    };
    let history = match optional_number(row, 10)? {
        None => None,
        Some(listed) => Some(History {
            listed,
            first: day(11)?,
            last: day(12)?,
            forms: History::parse_forms(&row.get::<_, Option<String>>(13)?.unwrap_or_default()),
        }),
    };
    let error_kind: Option<String> = row.get(14)?;
    let error: Option<String> = row.get(15)?;
    Ok(CompanyCoverage {
        cik: row.get(0)?,
        name: row.get(1)?,
        ticker: row.get(2)?,
        exchange: row.get(3)?,
        last_checked_at: row.get::<_, Option<Time>>(4)?.map(|time| time.0),
        artifacts: FileCounts {
            expected: number(row, 5)?,
            downloaded: number(row, 6)?,
        },
        artifacts_before: FileCounts {
            expected: number(row, 8)?,
            downloaded: number(row, 9)?,
        },
        failed: number(row, 7)?,
        history,
        failure: error_kind.map(|kind| (kind, error.unwrap_or_default())),
        covered: row.get(16)?,
        covered_before: row.get(17)?,
        unavailable: number(row, 18)?,
        is_unavailable: row.get::<_, u32>(19)? >= super::MISSING_DAYS,
    })
}

#[cfg(test)]
mod tests {
    use super::super::StoredId;
    use super::super::testing::{
        Sandbox, accession, at, cik, damaged, filing, missing, primary, print,
    };
    use super::*;
    use crate::edgar::history::FormUse;
    use jiff::civil::date;

    /// The coverage of company 1, with 10-K as the only wanted form.
    fn coverage(sandbox: &Sandbox, before: Option<Timestamp>) -> CompanyCoverage {
        let reader = sandbox.reader();
        let before = before.map(|started_at| PreviousRun {
            id: RunId(1),
            command: "backfill".to_owned(),
            status: RunStatus::Completed,
            started_at,
            ended_at: None,
        });
        let forms = ["10-K".to_owned()];
        let all = reader.company_coverage(&[cik(1)], &forms, before.as_ref());
        all.unwrap().remove(0)
    }

    fn history() -> History {
        let (first, last) = (date(2020, 1, 2), date(2025, 3, 4));
        let forms = [("10-K".to_owned(), FormUse { filings: 3, last })];
        History {
            listed: 7,
            first: Some(first),
            last: Some(last),
            forms: forms.into_iter().collect(),
        }
    }

    #[test]
    fn what_edgar_lists_comes_back_and_ends_a_failure() {
        let mut sandbox = Sandbox::new();
        assert_eq!(coverage(&sandbox, None).history, None);
        let today = date(2026, 1, 1);
        let fail = |sandbox: &mut Sandbox, failure, second| {
            sandbox.write(|b| b.company_failed(cik(1), failure, false, today, at(second)))
        };
        fail(&mut sandbox, ("network", "no answer"), 1).unwrap();
        let failed = coverage(&sandbox, None);
        let failure = ("network".to_owned(), "no answer".to_owned());
        assert_eq!((failed.history, failed.failure), (None, Some(failure)));
        sandbox.write(|b| b.company_history(cik(1), &history()).unwrap());
        let mended = coverage(&sandbox, None);
        assert_eq!((mended.history, mended.failure), (Some(history()), None));
        let before = sandbox.changes();
        sandbox.write(|b| b.company_history(cik(1), &history()).unwrap());
        assert_eq!(sandbox.changes(), before, "the same as last night");
        fail(&mut sandbox, ("server", "503"), 2).unwrap();
        let again = coverage(&sandbox, None);
        assert_eq!(again.history, Some(history()), "what was learned stays");
        assert_eq!(again.failure.unwrap().0, "server");
    }

    #[test]
    fn coverage_is_told_before_a_moment_and_now() {
        let mut sandbox = Sandbox::new();
        let mut eight = filing(1);
        eight.form = "8-K".to_owned();
        sandbox.put(1, &[eight]);
        assert!(!coverage(&sandbox, None).covered, "of another form");
        sandbox.write(|b| {
            b.put_filings(cik(1), &[(filing(2), cik(1))], at(10))
                .unwrap()
        });
        for (before, expected) in [(None, false), (Some(at(10)), false), (Some(at(11)), true)] {
            let coverage = coverage(&sandbox, before);
            assert!(coverage.covered);
            assert_eq!(coverage.covered_before, expected, "{before:?}");
        }
    }

    #[test]
    fn what_a_company_had_before_the_last_run_is_kept() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1), filing(2)]);
        sandbox.queue(&[primary(1, "a"), primary(2, "b")]);
        sandbox.stored(1, "a", print(1000));
        let stored = sandbox.reader().stored_files(StoredId::START, 10).unwrap();
        let start = |sandbox: &mut Sandbox, second| {
            let writer = &mut sandbox.writer;
            writer.start_run("backfill", "{}", at(second)).unwrap();
        };
        start(&mut sandbox, 2);
        sandbox.write(|b| assert!(b.lost(&stored[0], "verify: missing").unwrap()));
        sandbox.queue(&[primary(2, "c")]);
        let counts = |expected, downloaded| FileCounts {
            expected,
            downloaded,
        };
        let now = coverage(&sandbox, Some(at(2)));
        assert_eq!(now.artifacts_before, counts(2, 1));
        assert_eq!(now.artifacts, counts(3, 0));
        start(&mut sandbox, 3);
        let last = sandbox.reader().last_run().unwrap().unwrap();
        let coverage = sandbox
            .reader()
            .company_coverage(&[cik(1)], &[], Some(&last));
        assert_eq!(coverage.unwrap()[0].artifacts_before, counts(3, 0));
        let text = sandbox.writer.start_run("text", "{}", at(4)).unwrap();
        assert!(text > last.id);
        let still = sandbox.reader().last_run().unwrap().unwrap();
        assert_eq!(still.id, last.id);
    }

    #[test]
    fn failures_are_grouped_by_kind_and_narrowed_to_companies() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1)]);
        sandbox.put(2, &[filing(2)]);
        sandbox.queue(&[primary(1, "a"), primary(2, "b")]);
        let today = date(2026, 1, 1);
        sandbox.write(|b| {
            for (number, name, failure) in [(1, "a", damaged()), (2, "b", missing())] {
                let target = primary(number, name).target;
                b.failed(accession(number), &target, 3, &failure, today)
                    .unwrap();
            }
        });
        let kinds = |companies: Option<&[Cik]>| -> Vec<_> {
            let groups = sandbox.reader().failed_downloads(companies).unwrap();
            groups.into_iter().map(|g| (g.kind, g.count)).collect()
        };
        let (one, two) = (("damaged".to_owned(), 1), ("missing".to_owned(), 1));
        assert_eq!(kinds(None), [one.clone(), two]);
        assert_eq!(kinds(Some(&[cik(1)])), [one]);
    }
}
