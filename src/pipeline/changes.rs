//! Before the flow of an update: which companies have filed something that the database lacks.
//!
//! EDGAR's daily index lists what it published on a day, whatever its filing date. A line counts
//! when it is about a company in scope, of a wanted form and date, and not known for that company:
//! so lines that occur twice, lines of days read before and filings found in other ways cost
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
//! Only the first lets the watermark pass. An index with lines that cannot be read tells what the
//! others say, and holds the watermark for some days: EDGAR may mend it.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::Result;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use super::patiently::patiently;
use crate::cancel::Cancel;
use crate::config::FilingFilter;
use crate::edgar::calendar::{is_federal_holiday, is_weekend};
use crate::edgar::{Accession, Cik, Urls, index};
use crate::net::{Client, Expect, FetchError, RequestKind, retry};
use crate::store::Reader;

/// The largest index read, in bytes; a quarter's has 30 MB.
pub const MAX_INDEX: u64 = 256 << 20;

/// For how many days an index that is not there may still come: then something is wrong. And for
/// how many a line of it may be damaged, and a filing that it lists may be missing in the company's
/// own list: then the watermark passes.
const PATIENCE: i32 = 7;

/// So many damaged lines of one index are told each; it may have a million.
const MOST_TOLD: usize = 20;

/// What it takes to read indexes.
#[derive(Debug)]
pub struct Indexes<'a> {
    /// The way to EDGAR.
    pub client: &'a Client,
    /// Where everything is.
    pub urls: &'a Urls,
    /// Ends the reading; the days read so far count.
    pub cancel: &'a Cancel,
    /// Tries for an index.
    pub max_attempts: u32,
    /// The filings that matter.
    pub filings: &'a FilingFilter,
    /// The day up to which every index should be there.
    pub published: Date,
}

/// What the indexes of some days say.
#[derive(Debug, Default)]
pub struct Changes {
    days: Vec<Day>,
    /// For each company that changed, the oldest filing date among what is new.
    pub oldest: BTreeMap<Cik, Date>,
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
    state: State,
    new: Vec<(Cik, Accession)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
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
    /// Reads the indexes of the days after `after`, through `through`. `db` has the plan whose
    /// scope matters.
    ///
    /// # Errors
    ///
    /// When the database cannot be read, or EDGAR does not talk to us at all.
    pub fn read(&self, after: Date, through: Date, db: &Reader) -> Result<Changes> {
        let mut changes = Changes::default();
        let days = after.series(1.day()).skip(1);
        for date in days.take_while(|day| *day <= through) {
            if is_weekend(date) {
                changes.day(date, State::Closed);
                continue;
            }
            match self.day(date, db, &mut changes) {
                Ok(()) => {}
                Err(Trouble::Fetch(FetchError::NotFound)) => {
                    changes.day(date, State::NotPublished);
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
        let found = patiently(self.client, self.cancel, self.max_attempts, || {
            let bytes = self.client.fetch(&url, RequestKind::Discovery, expect)?;
            self.wanted(&bytes)
        })
        .map_err(Trouble::Fetch)?;
        for bad in told(&found.bad) {
            changes.problems.push(IndexProblem {
                url: url.to_string(),
                kind: "bad_row",
                message: format!("the index of {date}: {bad}"),
            });
        }
        let state = if found.bad.is_empty() || is_old(date, self.published) {
            State::Read
        } else {
            State::ReadInPart
        };
        let pairs: Vec<_> = found.dates.keys().copied().collect();
        let new = db.unknown_filings(&pairs).map_err(Trouble::Database)?;
        for filing in &new {
            let filed_on = found.dates[filing];
            let oldest = changes.oldest.entry(filing.0).or_insert(filed_on);
            *oldest = filed_on.min(*oldest);
        }
        changes.days.push(Day { date, state, new });
        Ok(())
    }

    /// The lines of an index that matter, each once.
    fn wanted(&self, bytes: &[u8]) -> Result<Wanted, FetchError> {
        let index = index::parse(bytes).map_err(|e| FetchError::Damaged(e.to_string()))?;
        let mut wanted = Wanted::default();
        let mut rows = 0;
        for row in index.rows() {
            rows += 1;
            match row {
                Ok(row) if self.filings.wants(row.form, row.filed_on) => {
                    let filing = (row.cik, row.accession);
                    wanted.dates.insert(filing, row.filed_on);
                }
                Ok(_) => {}
                Err(bad) => wanted.bad.push(bad),
            }
        }
        match wanted.bad.first() {
            Some(first) if wanted.bad.len() == rows => {
                Err(FetchError::Damaged(format!("no line can be read: {first}")))
            }
            _ => Ok(wanted),
        }
    }

    fn failed(&self, date: Date, error: &FetchError, changes: &mut Changes) {
        changes.day(date, State::Failed);
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
                State::Read | State::ReadInPart => later = true,
                State::NotPublished if is_federal_holiday(date) => {
                    log::info!("EDGAR has no index of {date}: it is a federal holiday");
                    day.state = State::Closed;
                }
                State::NotPublished if later => {
                    log::info!("EDGAR has no index of {date}: it was closed that day");
                    day.state = State::Closed;
                }
                State::NotPublished if is_old(date, self.published) => {
                    day.state = State::Failed;
                    problems.push(IndexProblem {
                        url: self.urls.daily_index(date).to_string(),
                        kind: FetchError::NotFound.kind(),
                        message: format!(
                            "the index of {date} should have been there for days, and none of a \
                             later day is: check --archives-url"
                        ),
                    });
                }
                State::NotPublished => log::warn!(
                    "the index of {date} is not published yet: the next update asks for it again"
                ),
                State::Closed | State::Failed => {}
            }
        }
        problems.reverse();
        changes.problems.append(&mut problems);
    }
}

#[derive(Default)]
struct Wanted {
    dates: HashMap<(Cik, Accession), Date>,
    bad: Vec<index::BadLine>,
}

/// The first damaged lines of an index, and how many more there are.
pub(crate) fn told(bad: &[index::BadLine]) -> impl Iterator<Item = String> + use<'_> {
    let more = bad.len().saturating_sub(MOST_TOLD);
    let more = (more > 0).then(|| format!("{more} more lines cannot be read"));
    bad.iter()
        .take(MOST_TOLD)
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
    fn day(&mut self, date: Date, state: State) {
        self.days.push(Day {
            date,
            state,
            new: Vec::new(),
        });
    }

    /// How many indexes were read.
    #[must_use]
    pub fn days_read(&self) -> u64 {
        self.count(State::Read) + self.count(State::ReadInPart)
    }

    /// How many indexes could not be had, or not whole.
    #[must_use]
    pub fn days_failed(&self) -> u64 {
        self.count(State::Failed) + self.count(State::ReadInPart)
    }

    fn count(&self, state: State) -> u64 {
        self.days.iter().filter(|day| day.state == state).count() as u64
    }

    /// Where the watermark belongs after the companies were discovered: before the first day
    /// that was not read, or that lists a filing which is still not known.
    ///
    /// A filing that an index lists and the company's own list, read since `started`, does not
    /// have holds the watermark back for some days only: EDGAR's two sources disagree.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn watermark(
        &self,
        before: Date,
        published: Date,
        started: Timestamp,
        db: &Reader,
    ) -> Result<Date> {
        let mut through = before;
        for day in &self.days {
            if !matches!(day.state, State::Read | State::Closed) {
                break;
            }
            let missing = db.unknown_filings(&day.new)?;
            if !missing.is_empty() {
                let companies = missing.iter().map(|(cik, _)| *cik);
                let checked = db.checked_since(companies, started)?;
                let checked: HashSet<_> = checked.into_iter().collect();
                let (lacking, failed): (Vec<_>, Vec<_>) =
                    missing.iter().partition(|(cik, _)| checked.contains(cik));
                for (cik, accession) in lacking {
                    log::warn!(
                        "{accession} is in the index of {}, but not in the list of company {cik}",
                        day.date
                    );
                }
                if !failed.is_empty() || !is_old(day.date, published) {
                    break;
                }
            }
            through = day.date;
        }
        Ok(through)
    }
}
