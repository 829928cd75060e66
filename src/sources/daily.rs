//! EDGAR's daily indexes: which companies have filed something that the database lacks.
//!
//! A daily index lists what EDGAR published on a day, whatever its filing date. A line counts when
//! a selection wants it and it is not on record for that company, or lacks what that selection wants
//! of it: so lines that occur twice, lines of days read before and filings found in other ways cost
//! nothing, and a joint filing is looked for under each of its companies.
//!
//! A weekday without an index:
//!
//! - a federal holiday: EDGAR was closed;
//! - the newest day that may have one: it is not published yet;
//! - EDGAR's listing of the quarter has a later day and not this one: EDGAR was closed; has it neither,
//!   this one is not published yet, for a week;
//! - anything else, a damaged index too: it is missing. Every update asks for it again for a week; then
//!   it is given up, where other indexes were there.
//!
//! What is closed or given up is on record, and is asked for no more. A day that is missing holds
//! [`IndexChanges::through`], even where later days were read. An index with lines that cannot be read
//! tells what the others say, and holds it for some days: EDGAR may mend the index.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use anyhow::Result;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use crate::edgar::calendar::{is_federal_holiday, is_weekend, quarter};
use crate::edgar::{Accession, Cik, Urls, Wanted, day_listing, index};
use crate::net::{Client, Expect, FetchError, RequestKind, retry};
use crate::store::{Batch, IndexDay, IndexStatus, ListedStatus, Reader};

/// The largest index read, in bytes; a quarter's has 30 MB.
pub const MAX_INDEX: u64 = 256 << 20;

/// The largest listing of a quarter's indexes read, in bytes; the ones measured have 60 KB.
const MAX_LISTING: u64 = 4 << 20;

/// For so many days a missing index is asked for again, and a damaged line of one may be mended.
/// Then it is given up.
pub const DAYS_LOOKED_FOR: i32 = 7;

/// So many damaged lines of one index are reported each; it may have a million.
const MOST_REPORTED: usize = 20;

/// What it takes to read indexes.
pub struct IndexReader<'a> {
    /// The way to EDGAR.
    pub client: &'a Client,
    /// Where everything is.
    pub urls: &'a Urls,
    /// Tries for an index.
    pub max_attempts: u32,
    /// The day up to which every index should be there.
    pub published: Date,
    /// The day in New York.
    pub today: Date,
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
pub struct IndexChanges {
    days: Vec<DayChanges>,
    /// What went wrong, by index.
    pub problems: Vec<IndexProblem>,
    /// How many indexes were given up just now.
    given_up: u64,
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
struct DayChanges {
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
    /// It is not there, or cannot be read.
    Missing,
    /// It was missing for a week.
    GivenUp,
}

impl DayState {
    /// What is recorded of it; nothing of a day that is not over.
    fn status(self) -> Option<IndexStatus> {
        match self {
            Self::Read | Self::ReadInPart => Some(IndexStatus::Read),
            Self::Closed => Some(IndexStatus::Closed),
            Self::NotPublished => None,
            Self::Missing => Some(IndexStatus::Missing),
            Self::GivenUp => Some(IndexStatus::GivenUp),
        }
    }
}

/// What EDGAR's listings of quarters say, each asked for once where a day is missing.
type Listings = HashMap<(i16, i8), Option<BTreeSet<Date>>>;

impl IndexReader<'_> {
    /// Reads the indexes of the days after `after`, through `through`. `db` says what is on record.
    ///
    /// # Errors
    ///
    /// When the database cannot be read, or EDGAR does not talk to us at all.
    pub fn read(&self, after: Date, through: Date, db: &Reader) -> Result<IndexChanges> {
        let mut changes = IndexChanges::default();
        let known = db.index_days(after, through)?;
        let known: HashMap<_, _> = known.into_iter().map(|known| (known.day, known)).collect();
        let days = after.series(1.day()).skip(1);
        for date in days.take_while(|day| *day <= through) {
            let status = known.get(&date).map(|known| known.status);
            if is_weekend(date) || status == Some(IndexStatus::Closed) {
                changes.day(date, DayState::Closed);
                continue;
            }
            if status == Some(IndexStatus::GivenUp) {
                changes.day(date, DayState::GivenUp);
                continue;
            }
            match self.day(date, db, &mut changes) {
                Ok(()) => {}
                Err(IndexError::Fetch(FetchError::NotFound)) => {
                    changes.day(date, DayState::NotPublished);
                }
                Err(IndexError::Fetch(FetchError::Stopped)) => break,
                Err(IndexError::Fetch(e)) if ends_the_run(&e) => return Err(e.into()),
                Err(IndexError::Fetch(e)) => {
                    changes.day(date, DayState::Missing);
                    let cause = format!("cannot be read: {e}");
                    changes.problems.push(self.missing(date, e.kind(), &cause));
                }
                Err(IndexError::Database(e)) => return Err(e.into()),
            }
        }
        self.judge_missing(&mut changes, &known)?;
        Ok(changes)
    }

    fn day(&self, date: Date, db: &Reader, changes: &mut IndexChanges) -> Result<(), IndexError> {
        let url = self.urls.daily_index(date);
        let expect = Expect::Text { max: MAX_INDEX };
        let (wanted, bad) = self
            .client
            .with_retries(self.max_attempts, || {
                let bytes = self.client.fetch(&url, RequestKind::Discovery, expect)?;
                self.wanted(date, &bytes)
            })
            .map_err(IndexError::Fetch)?;
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
        let new = lacking(db, wanted).map_err(IndexError::Database)?;
        changes.days.push(DayChanges { date, state, new });
        Ok(())
    }

    /// The lines of an index that somebody wants, each once, and those that cannot be read.
    fn wanted(&self, date: Date, bytes: &[u8]) -> Result<WantedLines, FetchError> {
        let index = index::parse(bytes).map_err(|e| FetchError::Damaged(e.to_string()))?;
        if let Some(other) = index.received.filter(|day| *day != date) {
            return Err(FetchError::Damaged(format!("it is the index of {other}")));
        }
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

    fn missing(&self, date: Date, kind: &'static str, cause: &str) -> IndexProblem {
        IndexProblem {
            url: self.urls.daily_index(date).to_string(),
            kind,
            message: format!("the index of {date} {cause}: the next update asks for it again"),
        }
    }

    /// Tells days on which EDGAR was closed from those whose index is still to come, is missing, or
    /// was missing for too long.
    fn judge_missing(
        &self,
        changes: &mut IndexChanges,
        known: &HashMap<Date, IndexDay>,
    ) -> Result<()> {
        let (mut listings, mut problems) = (Listings::new(), Vec::new());
        let (mut is_later_read, mut given_up) = (false, 0);
        for day in changes.days.iter_mut().rev() {
            let date = day.date;
            match day.state {
                DayState::Read | DayState::ReadInPart => is_later_read = true,
                DayState::Closed | DayState::GivenUp => continue,
                DayState::NotPublished if is_federal_holiday(date) => {
                    log::info!("EDGAR has no index of {date}: it is a federal holiday");
                    day.state = DayState::Closed;
                }
                DayState::NotPublished if is_newest(date, self.published) => not_published(date),
                DayState::NotPublished => {
                    let listing = self.listing(date, &mut listings, &mut problems)?;
                    if let Some(listed) = listing.filter(|listed| !listed.contains(&date)) {
                        if is_later_read || listed.range(date..).next().is_some() {
                            log::info!("EDGAR lists no index of {date}: it was closed that day");
                            day.state = DayState::Closed;
                            continue;
                        }
                        if !is_old(date, self.published) {
                            not_published(date);
                            continue;
                        }
                    }
                    day.state = DayState::Missing;
                    let cause = if is_later_read || listing.is_some() {
                        "is not there, but EDGAR does not say that it was closed"
                    } else {
                        "is not there, and none of a later day is (check --archives-url)"
                    };
                    problems.push(self.missing(date, FetchError::NotFound.kind(), cause));
                }
                DayState::Missing => {}
            }
            let since = known.get(&date).map_or(self.today, |known| known.since);
            let are_others_there = is_later_read || listings.values().any(Option::is_some);
            if day.state == DayState::Missing && self.is_over(since) && are_others_there {
                day.state = DayState::GivenUp;
                given_up += 1;
                let problem = self.given_up(date, since);
                let url = &problem.url;
                changes.problems.retain(|earlier| earlier.url != *url);
                problems.retain(|earlier: &IndexProblem| earlier.url != *url);
                problems.push(problem);
            }
        }
        changes.given_up = given_up;
        problems.reverse();
        changes.problems.append(&mut problems);
        Ok(())
    }

    fn given_up(&self, date: Date, since: Date) -> IndexProblem {
        IndexProblem {
            url: self.urls.daily_index(date).to_string(),
            kind: "index_given_up",
            message: format!(
                "the index of {date} is missing since {since} and is given up: `filing-etl diagnose \
                 --reconcile` finds what it would have listed"
            ),
        }
    }

    /// The days of a quarter that EDGAR lists; `None` if that cannot be had.
    fn listing<'l>(
        &self,
        date: Date,
        listings: &'l mut Listings,
        problems: &mut Vec<IndexProblem>,
    ) -> Result<Option<&'l BTreeSet<Date>>> {
        let of = (date.year(), quarter(date));
        if let Entry::Vacant(place) = listings.entry(of) {
            let days = match self.fetch_listing(of) {
                Ok(days) => Some(days),
                Err(e) if ends_the_run(&e) => return Err(e.into()),
                Err(e) => {
                    problems.push(IndexProblem {
                        url: self.urls.daily_indexes(of.0, of.1).to_string(),
                        kind: e.kind(),
                        message: format!(
                            "EDGAR's listing of the indexes of {} Q{} cannot be read: {e}: the next \
                             update asks for it again",
                            of.0, of.1
                        ),
                    });
                    None
                }
            };
            place.insert(days);
        }
        Ok(listings[&of].as_ref())
    }

    fn fetch_listing(&self, of: (i16, i8)) -> Result<BTreeSet<Date>, FetchError> {
        let url = self.urls.daily_indexes(of.0, of.1);
        let expect = Expect::Json { max: MAX_LISTING };
        self.client.with_retries(self.max_attempts, || {
            let bytes = self.client.fetch(&url, RequestKind::Discovery, expect)?;
            let days = day_listing::parse(&bytes);
            let days = days.map_err(|e| FetchError::Damaged(e.to_string()))?;
            match days.iter().find(|day| (day.year(), quarter(**day)) != of) {
                Some(other) => Err(FetchError::Damaged(format!("it lists {other}"))),
                None => Ok(days),
            }
        })
    }

    /// Whether what is looked for since a day is given up today.
    fn is_over(&self, since: Date) -> bool {
        is_given_up(since, self.today)
    }
}

fn not_published(date: Date) {
    log::warn!("the index of {date} is not published yet: the next update asks for it again");
}

/// Whether what is looked for since a day is given up on another.
pub fn is_given_up(since: Date, today: Date) -> bool {
    since
        .checked_add(DAYS_LOOKED_FOR.days())
        .is_ok_and(|until| until <= today)
}

/// Whether no later weekday has an index by now.
fn is_newest(day: Date, published: Date) -> bool {
    let mut later = day.series(1.day()).skip(1);
    !later
        .by_ref()
        .take_while(|later| *later <= published)
        .any(|later| !is_weekend(later) && !is_federal_holiday(later))
}

/// Wanted lines by filer and accession, each with what is wanted of it, and damaged ones.
type WantedLines = (
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

/// Those of these companies whose own list was read since a time, and those that EDGAR does not have: no
/// run looks at them any more.
fn looked_at(
    db: &Reader,
    companies: &[Cik],
    since: Timestamp,
) -> crate::store::Result<HashSet<Cik>> {
    let mut looked_at: HashSet<_> = db.checked_since(companies, since)?.into_iter().collect();
    looked_at.extend(db.unavailable_companies()?);
    Ok(looked_at)
}

enum IndexError {
    Fetch(FetchError),
    Database(crate::store::Error),
}

/// Whether no other request would work either.
fn ends_the_run(error: &FetchError) -> bool {
    retry::next(error, u32::MAX, 1, 0.0) == retry::NextTry::AbortRun
}

/// Whether nothing more is to be expected of a day.
fn is_old(day: Date, published: Date) -> bool {
    day.checked_add(DAYS_LOOKED_FOR.days())
        .is_ok_and(|until| until < published)
}

impl IndexChanges {
    fn day(&mut self, date: Date, state: DayState) {
        self.days.push(DayChanges {
            date,
            state,
            new: Vec::new(),
        });
    }

    /// How many indexes were read.
    pub fn days_read(&self) -> u64 {
        self.count(DayState::Read) + self.count(DayState::ReadInPart)
    }

    /// How many indexes could not be had, or not whole, those given up just now included.
    pub fn days_failed(&self) -> u64 {
        self.count(DayState::Missing) + self.count(DayState::ReadInPart) + self.given_up
    }

    /// Records what was found of each weekday, today in New York.
    ///
    /// # Errors
    ///
    /// If the database cannot be written.
    pub fn record_days(&self, batch: &Batch<'_>, today: Date) -> crate::store::Result<()> {
        let weekdays = self.days.iter().filter(|day| !is_weekend(day.date));
        for day in weekdays {
            if let Some(status) = day.state.status() {
                batch.put_index_day(day.date, status, today)?;
            }
        }
        Ok(())
    }

    fn count(&self, state: DayState) -> u64 {
        self.days.iter().filter(|day| day.state == state).count() as u64
    }

    /// What is new, day by day.
    pub fn new_filings(&self) -> impl Iterator<Item = (Date, &Listed)> {
        let days = self.days.iter();
        days.flat_map(|day| day.new.iter().map(|listed| (day.date, listed)))
    }

    /// The wanted filings that are not on record, of companies whose own list was read since
    /// `started`, or that EDGAR does not have: its two sources disagree. Each with the day of its index.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn lacking(
        &self,
        started: Timestamp,
        db: &Reader,
    ) -> crate::store::Result<Vec<(Date, &Listed)>> {
        let all: Vec<_> = self.new_filings().collect();
        let pairs: Vec<_> = all.iter().map(|(_, l)| (l.cik, l.accession)).collect();
        let unknown: HashSet<_> = db.unknown_filings(&pairs)?.into_iter().collect();
        let companies: Vec<_> = unknown.iter().map(|(cik, _)| *cik).collect();
        let checked = looked_at(db, &companies, started)?;
        let is_lacking = |listed: &Listed| {
            unknown.contains(&(listed.cik, listed.accession)) && checked.contains(&listed.cik)
        };
        let lacking = all.into_iter().filter(|(_, listed)| is_lacking(listed));
        Ok(lacking.collect())
    }

    /// Through which day everything is known that `is_wanted` wants, after the companies were looked
    /// at: up to the first day whose index is missing, or that lists a filing of a company that could
    /// not be looked at, or one that is neither on record nor given up. It was known through `before`.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub fn through(
        &self,
        before: Date,
        started: Timestamp,
        db: &Reader,
        is_wanted: impl Fn(&Listed) -> bool,
    ) -> Result<Date> {
        let listed = db.listed_filings()?.into_iter();
        let given_up = listed.filter(|listed| listed.status == ListedStatus::GivenUp);
        let given_up: HashSet<_> = given_up.map(|l| (l.cik, l.accession)).collect();
        let mut through = before;
        for day in self.days.iter().filter(|day| day.date > before) {
            if !matches!(
                day.state,
                DayState::Read | DayState::Closed | DayState::GivenUp
            ) {
                break;
            }
            let wanted: Vec<_> = day.new.iter().filter(|listed| is_wanted(listed)).collect();
            let companies: Vec<_> = wanted.iter().map(|listed| listed.cik).collect();
            let checked = looked_at(db, &companies, started)?;
            if companies.iter().any(|cik| !checked.contains(cik)) {
                break;
            }
            let pairs: Vec<_> = wanted.iter().map(|l| (l.cik, l.accession)).collect();
            let mut missing = db.unknown_filings(&pairs)?;
            missing.retain(|pair| !given_up.contains(pair));
            if !missing.is_empty() {
                break;
            }
            through = day.date;
        }
        Ok(through)
    }
}
