//! Counters of filings, files and bytes: by company, and by form and year. And the years that changed, so
//! that an export knows which files to write again.
//!
//! The writer adds up the changes of a transaction and applies the sums once, at the commit
//! ([`CountChanges::apply`]). So no statement can miss a counter, and a thousand new files of a
//! company cost one update.
//!
//! The counters by form and year count each filing and file once. The counters by company count
//! them once for each filer, so the companies do not add up to the total. When a filer of a known
//! filing is recorded later, the filing and its files are added to that company's counters.

use std::collections::{HashMap, HashSet};
use std::ops::AddAssign;

use rusqlite::{Connection, Row};

use super::queries::holdings as sql;
use super::reader::number;
use super::values::{ArtifactStatus, RunId};
use crate::edgar::Cik;

/// Counters of filings and of their files by status. A queued submission counts as one file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holdings<T = u64> {
    pub filings: T,
    /// Files that wait to be downloaded.
    pub pending: T,
    /// Files on disk.
    pub downloaded: T,
    /// Files whose download failed in the last run that tried; the next run tries again.
    pub failed: T,
    /// Files that EDGAR does not have.
    pub unavailable: T,
    /// Files that the user removed from the queue.
    pub dropped: T,
    /// Bytes of the files on disk.
    pub bytes: T,
}

impl<T: AddAssign> AddAssign for Holdings<T> {
    fn add_assign(&mut self, other: Self) {
        let Self {
            filings,
            pending,
            downloaded,
            failed,
            unavailable,
            dropped,
            bytes,
        } = other;
        self.filings += filings;
        self.pending += pending;
        self.downloaded += downloaded;
        self.failed += failed;
        self.unavailable += unavailable;
        self.dropped += dropped;
        self.bytes += bytes;
    }
}

impl Holdings {
    /// Reads seven columns, starting at `from`, in the order of the fields.
    pub(super) fn read(row: &Row<'_>, from: usize) -> rusqlite::Result<Self> {
        Ok(Self {
            filings: number(row, from)?,
            pending: number(row, from + 1)?,
            downloaded: number(row, from + 2)?,
            failed: number(row, from + 3)?,
            unavailable: number(row, from + 4)?,
            dropped: number(row, from + 5)?,
            bytes: number(row, from + 6)?,
        })
    }

    /// Files that are on disk or should be.
    pub fn files(&self) -> u64 {
        self.pending + self.downloaded + self.failed + self.unavailable
    }
}

/// A change of counters, which may be negative.
pub(super) type Change = Holdings<i64>;

impl Change {
    /// A change of `files` files of one status. Only downloaded files have bytes.
    pub(super) fn files(status: ArtifactStatus, files: i64, bytes: Option<i64>) -> Self {
        let mut change = Self::default();
        match status {
            ArtifactStatus::Pending => change.pending = files,
            ArtifactStatus::Failed => change.failed = files,
            ArtifactStatus::Unavailable => change.unavailable = files,
            ArtifactStatus::Dropped => change.dropped = files,
            ArtifactStatus::Downloaded => {
                change.downloaded = files;
                change.bytes = bytes.unwrap_or(0);
            }
        }
        change
    }

    pub(super) fn filing() -> Self {
        Self {
            filings: 1,
            ..Self::default()
        }
    }

    pub(super) fn negated(self) -> Self {
        Self {
            filings: -self.filings,
            pending: -self.pending,
            downloaded: -self.downloaded,
            failed: -self.failed,
            unavailable: -self.unavailable,
            dropped: -self.dropped,
            bytes: -self.bytes,
        }
    }
}

/// The changes of one transaction.
#[derive(Debug, Default)]
pub(super) struct CountChanges {
    companies: HashMap<Cik, Change>,
    forms: HashMap<(String, i16), Change>,
    /// Years of filings that changed, or whose filers or files did.
    years: HashSet<i16>,
}

impl CountChanges {
    pub(super) fn company(&mut self, cik: Cik, change: Change) {
        *self.companies.entry(cik).or_default() += change;
    }

    pub(super) fn form(&mut self, form: &str, year: i16, change: Change) {
        self.year(year);
        let key = (form.to_owned(), year);
        *self.forms.entry(key).or_default() += change;
    }

    /// Marks a year of which a filing changed, even if no counter changes.
    pub(super) fn year(&mut self, year: i16) {
        self.years.insert(year);
    }

    /// Applies the sums to the counters. `run` is the run that made the changes, if one did. The
    /// first change of a company by a run keeps the company's counts from before it.
    pub(super) fn apply(&self, db: &Connection, run: Option<RunId>) -> rusqlite::Result<()> {
        let mut company = db.prepare_cached(sql::CHANGE_COMPANY)?;
        for (cik, c) in self.companies.iter().filter(|(_, c)| is_change(c)) {
            company.execute((
                cik,
                run,
                c.filings,
                c.pending,
                c.downloaded,
                c.failed,
                c.unavailable,
                c.dropped,
                c.bytes,
            ))?;
        }
        let mut form = db.prepare_cached(sql::CHANGE_FORM)?;
        for ((name, year), c) in self.forms.iter().filter(|(_, c)| is_change(c)) {
            form.execute((
                name,
                year,
                c.filings,
                c.pending,
                c.downloaded,
                c.failed,
                c.unavailable,
                c.dropped,
                c.bytes,
            ))?;
        }
        let mut changed = db.prepare_cached(sql::CHANGE_YEAR)?;
        for year in &self.years {
            changed.execute([year])?;
        }
        Ok(())
    }
}

fn is_change(change: &Change) -> bool {
    *change != Change::default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::civil::date;
    use proptest::prelude::*;

    use super::super::testing::{
        Sandbox, accession, at, cik, damaged, documents, exhibit, filing, missing, primary, print,
        wanted_file,
    };
    use crate::edgar::{ArtifactKind, Target};

    /// A change that a run may record of one of four filings.
    #[derive(Debug, Clone, Copy)]
    enum Step {
        /// A company has the filing, sometimes with another form or year.
        Found(u64, u64, bool),
        QueuePrimary(u64),
        QueueFile(u64, u8),
        QueueDocuments(u64),
        Stored(u64, u64),
        Split(u64, u64),
        Failed(u64, bool, i8),
        Lost,
        Drop(Option<u64>),
        Retry(Option<u64>),
        /// The next run starts.
        Run,
    }

    fn step() -> impl Strategy<Value = Step> {
        let n = || 1..5_u64;
        prop_oneof![
            (1..4_u64, n(), any::<bool>()).prop_map(|(c, n, odd)| Step::Found(c, n, odd)),
            n().prop_map(Step::QueuePrimary),
            (n(), 0..4_u8).prop_map(|(n, name)| Step::QueueFile(n, name)),
            n().prop_map(Step::QueueDocuments),
            (n(), 1..9_u64).prop_map(|(n, bytes)| Step::Stored(n, bytes)),
            (n(), 1..9_u64).prop_map(|(n, bytes)| Step::Split(n, bytes)),
            (n(), any::<bool>(), 1..9_i8).prop_map(|(n, gone, day)| Step::Failed(n, gone, day)),
            Just(Step::Lost),
            proptest::option::of(1..4_u64).prop_map(Step::Drop),
            proptest::option::of(1..4_u64).prop_map(Step::Retry),
            Just(Step::Run),
        ]
    }

    fn take(sandbox: &mut Sandbox, step: Step, known: &mut [bool; 5]) {
        let is_known = |n: u64| known[usize::try_from(n).unwrap()];
        match step {
            Step::Found(company, n, odd) => {
                known[usize::try_from(n).unwrap()] = true;
                let mut found = filing(n);
                if odd {
                    found.form = "10-K/A".to_owned();
                    found.filed_on = date(2024, 12, 31);
                }
                sandbox.put(company, &[found]);
            }
            Step::QueuePrimary(n) if is_known(n) => {
                sandbox.queue(&[primary(n, "report.htm")]);
            }
            Step::QueueFile(n, name) if is_known(n) => {
                let names = ["a.htm", "B.HTM", "c.htm", "0000000000-00-000001-2.txt"];
                let name = names[usize::from(name)];
                sandbox.queue(&[wanted_file(n, ArtifactKind::Exhibit, name)]);
            }
            Step::QueueDocuments(n) if is_known(n) => {
                sandbox.queue(&[documents(n)]);
            }
            Step::Stored(n, bytes) if is_known(n) => {
                sandbox.stored(n, "report.htm", print(bytes));
            }
            Step::Split(n, bytes) if is_known(n) => {
                let all = [
                    exhibit("report.htm", Ok(print(bytes))),
                    exhibit("a.htm", Ok(print(7))),
                    exhibit("b.htm", Err(damaged())),
                ];
                sandbox.write(|b| {
                    let text = print(99);
                    b.split(accession(n), (&text, 3), &all, 1, at(1)).unwrap()
                });
            }
            Step::Failed(n, gone, day) if is_known(n) => {
                let why = if gone { missing() } else { damaged() };
                for target in [primary(n, "report.htm").target, Target::Documents] {
                    let today = date(2026, 1, day);
                    sandbox.write(|b| b.failed(accession(n), &target, 1, &why, today).unwrap());
                }
            }
            Step::Lost => {
                let stored = sandbox
                    .reader()
                    .stored_files(super::super::StoredId::START, 9);
                for file in stored.unwrap() {
                    sandbox.write(|b| {
                        b.lost(&file, "verify: missing").unwrap();
                        b.queue_lost(file.accession).unwrap()
                    });
                }
            }
            Step::Drop(company) => {
                let companies = company.map(|company| vec![cik(company)]);
                sandbox.writer.drop_queue(companies.as_deref()).unwrap();
            }
            Step::Retry(company) => {
                let companies = company.map(|company| vec![cik(company)]);
                let writer = &mut sandbox.writer;
                writer.retry_unavailable(companies.as_deref()).unwrap();
            }
            Step::Run => {
                let run = sandbox.writer.start_run("backfill", "{}", at(1));
                run.unwrap();
            }
            _ => {}
        }
    }

    /// What the views have of each year, and the year's number of change.
    fn years(sandbox: &Sandbox) -> BTreeMap<String, (Vec<String>, Vec<String>)> {
        let years = ["2024", "2025"].map(|year| {
            let rows = sandbox.rows(&format!(
                "SELECT * FROM v_filings WHERE filed_on LIKE '{year}%' ORDER BY accession, cik"
            ));
            let files = sandbox.rows(&format!(
                "SELECT * FROM v_artifacts WHERE filed_on LIKE '{year}%' ORDER BY accession, name"
            ));
            let change = format!("SELECT change FROM years WHERE year = {year}");
            let rows = rows.into_iter().chain(files).collect();
            (year.to_owned(), (rows, sandbox.rows(&change)))
        });
        years.into()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_year_has_another_number_whenever_the_views_say_something_else_of_it(
            steps in proptest::collection::vec(step(), 1..40)
        ) {
            let (mut sandbox, mut known) = (Sandbox::new(), [false; 5]);
            let mut before = years(&sandbox);
            for step in steps {
                take(&mut sandbox, step, &mut known);
                let after = years(&sandbox);
                for (year, (rows, change)) in &after {
                    let (old_rows, old_change) = &before[year];
                    prop_assert!(rows == old_rows || change != old_change, "{year} {step:?}");
                }
                before = after;
            }
        }

        #[test]
        fn counters_and_queue_are_what_the_tables_say(
            steps in proptest::collection::vec(step(), 1..40)
        ) {
            let (mut sandbox, mut known) = (Sandbox::new(), [false; 5]);
            for step in steps {
                take(&mut sandbox, step, &mut known);
                sandbox.assert_counters();
            }
            sandbox.assert_queue(None);
            let run = sandbox.reader().last_run().unwrap();
            sandbox.assert_queue(run.map(|run| run.id));
        }
    }
}
