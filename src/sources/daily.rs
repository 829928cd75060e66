//! EDGAR's daily indexes: which companies have filed something that the database lacks.
//!
//! A daily index lists what EDGAR published on a day, whatever its filing date. A line counts when
//! a selection wants it and it is not on record for that company, or lacks what that selection wants
//! of it: so lines that occur twice, lines of days read before and filings found in other ways cost
//! nothing, and a joint filing is looked for under each of its companies.
//!
//! What a day without an index means depends:
//!
//! - a weekend, a holiday, or a day after which others have an index: EDGAR was closed;
//! - otherwise "no such file" on one of the last days: it is not published yet;
//! - a throttle is waited for, as everywhere;
//! - anything else is a failure, "no such file" for many days included: the indexes are not where
//!   they are looked for.
//!
//! Only the first lets [`Changes::through`] pass. An index with lines that cannot be read tells what
//! the others say, and holds it for some days: EDGAR may mend the index.

use std::collections::{BTreeMap, HashSet};

use anyhow::Result;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use crate::edgar::calendar::{is_federal_holiday, is_weekend};
use crate::edgar::{Accession, Cik, Urls, Wanted, index};
use crate::net::{Client, Expect, FetchError, RequestKind, retry};
use crate::store::Reader;

/// The largest index read, in bytes; a quarter's has 30 MB.
pub const MAX_INDEX: u64 = 256 << 20;

/// For how many days an index that is not there may still come: then something is wrong. And for
/// how many a line of it may be damaged, and a filing that it lists may be missing in the company's
/// own list: then the day counts as known.
const PATIENCE: i32 = 7;

/// So many damaged lines of one index are reported each; it may have a million.
const MOST_REPORTED: usize = 20;

/// What it takes to read indexes.
pub struct Indexes<'a> {
    /// The way to EDGAR.
    pub client: &'a Client,
    /// Where everything is.
    pub urls: &'a Urls,
    /// Tries for an index.
    pub max_attempts: u32,
    /// The day up to which every index should be there.
    pub published: Date,
    /// What is wanted of a filing that the index of a day lists; empty, if it is not wanted.
    pub wanted: &'a dyn Fn(Date, &Listed) -> Vec<Wanted>,
}

/// A filing as an index lists it, under one of its filers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// The filer.
    pub cik: Cik,
    /// The filing.
    pub accession: Accession,
    /// Its form.
    pub form: String,
    /// Its date.
    pub filed_on: Date,
}

/// What the indexes of some days say.
#[derive(Debug, Default)]
pub struct Changes {
    days: Vec<Day>,
    /// What went wrong, by index.
    pub problems: Vec<IndexProblem>,
}

/// Something about an index that is to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexProblem {
    /// The address of the index.
    pub url: String,
    /// One word for the sort of problem.
    pub kind: &'static str,
    /// For people.
    pub message: String,
}

/// One day and what is new in its index.
#[derive(Debug)]
struct Day {
    date: Date,
    state: DayState,
    /// Wanted filings that were not on record when the index was read, or not with all that is wanted
    /// of them.
    new: Vec<Listed>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DayState {
    /// The index was read.
    Read,
    /// It was, but for lines that are damaged and may be mended.
    ReadInPart,
    /// There is none, and none will come.
    Closed,
    /// There is none yet.
    NotPublished,
    /// It cannot be had.
    Failed,
}

impl Indexes<'_> {
    /// Reads the indexes of the days after `after`, through `through`. `db` says what is on record.
    ///
    /// # Errors
    ///
    /// When the database cannot be read, or EDGAR does not talk to us at all.
    pub fn read(&self, after: Date, through: Date, db: &Reader) -> Result<Changes> {
        let mut changes = Changes::default();
        let days = after.series(1.day()).skip(1);
        for date in days.take_while(|day| *day <= through) {
            if is_weekend(date) {
                changes.day(date, DayState::Closed);
                continue;
            }
            match self.day(date, db, &mut changes) {
                Ok(()) => {}
                Err(Trouble::Fetch(FetchError::NotFound)) => {
                    changes.day(date, DayState::NotPublished);
                }
                Err(Trouble::Fetch(FetchError::Stopped)) => break,
                Err(Trouble::Fetch(e)) if ends_the_run(&e) => return Err(e.into()),
                Err(Trouble::Fetch(e)) => self.failed(date, &e, &mut changes),
                Err(Trouble::Database(e)) => return Err(e.into()),
            }
        }
        self.judge_missing(&mut changes);
        Ok(changes)
    }

    fn day(&self, date: Date, db: &Reader, changes: &mut Changes) -> Result<(), Trouble> {
        let url = self.urls.daily_index(date);
        let expect = Expect::Text { max: MAX_INDEX };
        let (wanted, bad) = self
            .client
            .with_retries(self.max_attempts, || {
                let bytes = self.client.fetch(&url, RequestKind::Discovery, expect)?;
                self.wanted(date, &bytes)
            })
            .map_err(Trouble::Fetch)?;
        for bad in reported(&bad) {
            changes.problems.push(IndexProblem {
                url: url.to_string(),
                kind: "bad_row",
                message: format!("the index of {date}: {bad}"),
            });
        }
        let state = if bad.is_empty() || is_old(date, self.published) {
            DayState::Read
        } else {
            DayState::ReadInPart
        };
        let new = lacking(db, wanted).map_err(Trouble::Database)?;
        changes.days.push(Day { date, state, new });
        Ok(())
    }

    /// The lines of an index that somebody wants, each once, and those that cannot be read.
    fn wanted(&self, date: Date, bytes: &[u8]) -> Result<Lines, FetchError> {
        let index = index::parse(bytes).map_err(|e| FetchError::Damaged(e.to_string()))?;
        let (mut wanted, mut bad, mut rows) = (BTreeMap::new(), Vec::new(), 0);
        for row in index.rows() {
            rows += 1;
            match row {
                Ok(row) => {
                    let listed = Listed {
                        cik: row.cik,
                        accession: row.accession,
                        form: row.form.to_owned(),
                        filed_on: row.filed_on,
                    };
                    let wants = (self.wanted)(date, &listed);
                    if !wants.is_empty() {
                        wanted.insert((row.cik, row.accession), (listed, wants));
                    }
                }
                Err(line) => bad.push(line),
            }
        }
        match bad.first() {
            Some(first) if bad.len() == rows => {
                Err(FetchError::Damaged(format!("no line can be read: {first}")))
            }
            _ => Ok((wanted, bad)),
        }
    }

    fn failed(&self, date: Date, error: &FetchError, changes: &mut Changes) {
        changes.day(date, DayState::Failed);
        changes.problems.push(IndexProblem {
            url: self.urls.daily_index(date).to_string(),
            kind: error.kind(),
            message: format!(
                "the index of {date} cannot be read: {error}: the next update asks for it again"
            ),
        });
    }

    /// Tells days on which EDGAR was closed from those whose index is still to come.
    fn judge_missing(&self, changes: &mut Changes) {
        let (mut later, mut problems) = (false, Vec::new());
        for day in changes.days.iter_mut().rev() {
            let date = day.date;
            match day.state {
                DayState::Read | DayState::ReadInPart => later = true,
                DayState::NotPublished if is_federal_holiday(date) => {
                    log::info!("EDGAR has no index of {date}: it is a federal holiday");
                    day.state = DayState::Closed;
                }
                DayState::NotPublished if later => {
                    log::info!("EDGAR has no index of {date}: it was closed that day");
                    day.state = DayState::Closed;
                }
                DayState::NotPublished if is_old(date, self.published) => {
                    day.state = DayState::Failed;
                    problems.push(IndexProblem {
                        url: self.urls.daily_index(date).to_string(),
                        kind: FetchError::NotFound.kind(),
                        message: format!(
                            "the index of {date} should have been there for days, and none of a \
                             later day is: check --archives-url"
                        ),
                    });
                }
                DayState::NotPublished => log::warn!(
                    "the index of {date} is not published yet: the next update asks for it again"
                ),
                DayState::Closed | DayState::Failed => {}
            }
        }
        problems.reverse();
        changes.problems.append(&mut problems);
    }
}

/// Wanted lines by filer and accession, each with what is wanted of it, and damaged ones.
type Lines = (
    BTreeMap<(Cik, Accession), (Listed, Vec<Wanted>)>,
    Vec<index::BadLine>,
);

/// Those of these filings that are not on record under their filers, or not with all that is wanted
/// of them.
fn lacking(
    db: &Reader,
    wanted: BTreeMap<(Cik, Accession), (Listed, Vec<Wanted>)>,
) -> crate::store::Result<Vec<Listed>> {
    let pairs: Vec<_> = wanted.keys().copied().collect();
    let unknown: HashSet<_> = db.unknown_filings(&pairs)?.into_iter().collect();
    let mut lacking = Vec::new();
    for (pair, (listed, wants)) in wanted {
        if unknown.contains(&pair) || db.lacks_any(listed.accession, &wants)? {
            lacking.push(listed);
        }
    }
    Ok(lacking)
}

/// The first damaged lines of an index, and how many more there are.
pub(super) fn reported(bad: &[index::BadLine]) -> impl Iterator<Item = String> + use<'_> {
    let more = bad.len().saturating_sub(MOST_REPORTED);
    let more = (more > 0).then(|| format!("{more} more lines cannot be read"));
    bad.iter()
        .take(MOST_REPORTED)
        .map(ToString::to_string)
        .chain(more)
}

enum Trouble {
    Fetch(FetchError),
    Database(crate::store::Error),
}

/// Whether no other request would work either.
fn ends_the_run(error: &FetchError) -> bool {
    retry::next(error, u32::MAX, 1, 0.0) == retry::Next::AbortRun
}

/// Whether nothing more is to be expected of a day.
fn is_old(day: Date, published: Date) -> bool {
    day.checked_add(PATIENCE.days())
        .is_ok_and(|until| until < published)
}

impl Changes {
    fn day(&mut self, date: Date, state: DayState) {
        self.days.push(Day {
            date,
            state,
            new: Vec::new(),
        });
    }

    /// How many indexes were read.
    #[must_use]
    pub fn days_read(&self) -> u64 {
        self.count(DayState::Read) + self.count(DayState::ReadInPart)
    }

    /// How many indexes could not be had, or not whole.
    #[must_use]
    pub fn days_failed(&self) -> u64 {
        self.count(DayState::Failed) + self.count(DayState::ReadInPart)
    }

    fn count(&self, state: DayState) -> u64 {
        self.days.iter().filter(|day| day.state == state).count() as u64
    }

    /// What is new, day by day.
    pub fn new_filings(&self) -> impl Iterator<Item = (Date, &Listed)> {
        let days = self.days.iter();
        days.flat_map(|day| day.new.iter().map(|listed| (day.date, listed)))
    }

    /// Through which day everything is known that `is_wanted` wants, after the companies were looked
    /// at: up to the first day that was not read, or that lists a filing of a company that could not
    /// be looked at, or one that is still not on record. It was known through `before`.
    ///
    /// A filing that an index lists and the company's own list, read since `started`, does not
    /// have holds it for some days only: EDGAR's two sources disagree.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn through(
        &self,
        before: Date,
        (published, started): (Date, Timestamp),
        db: &Reader,
        is_wanted: impl Fn(&Listed) -> bool,
    ) -> Result<Date> {
        let mut through = before;
        for day in self.days.iter().filter(|day| day.date > before) {
            if !matches!(day.state, DayState::Read | DayState::Closed) {
                break;
            }
            let wanted: Vec<_> = day.new.iter().filter(|listed| is_wanted(listed)).collect();
            let companies: Vec<_> = wanted.iter().map(|listed| listed.cik).collect();
            let checked = db.checked_since(&companies, started)?;
            if companies.iter().any(|cik| !checked.contains(cik)) {
                break;
            }
            let pairs: Vec<_> = wanted.iter().map(|l| (l.cik, l.accession)).collect();
            let missing = db.unknown_filings(&pairs)?;
            for (cik, accession) in &missing {
                log::warn!(
                    "{accession} is in the index of {}, but not in the list of company {cik}",
                    day.date
                );
            }
            if !missing.is_empty() && !is_old(day.date, published) {
                break;
            }
            through = day.date;
        }
        Ok(through)
    }
}
