//! EDGAR's daily indexes: finds the companies that filed something which the database lacks.
//!
//! A daily index lists what EDGAR published on a day, whatever its filing date. A line is new if a
//! selection wants its filing, and the filing is not on record for that company or lacks something
//! that the selection wants of it. So repeated lines, days that were read before, and filings found
//! by other sources cost nothing. A joint filing is looked up under each of its filers.
//!
//! The status of a weekday without an index is:
//!
//! - closed, if it is a federal holiday;
//! - not published yet, if no later weekday should have an index;
//! - closed, if EDGAR's listing of the quarter lacks it and has a later day; not published yet, for
//!   a week, if the listing has neither;
//! - missing, otherwise. A damaged index is missing too. Every update requests a missing index
//!   again for a week. Then it is given up, if other indexes are there.
//!
//! Closed and given-up days are recorded and not requested again. A missing day stops
//! [`IndexChanges::through`] before it, even if later days were read. From an index with damaged
//! lines the other lines are used, but the day stops `through` for a week, because EDGAR may
//! correct the index.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use anyhow::Result;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use crate::edgar::calendar::{is_federal_holiday, is_weekend, quarter};
use crate::edgar::{Accession, ArtifactChoice, Cik, Urls, day_listing, index};
use crate::net::{Client, Expect, FetchError, RequestKind, retry};
use crate::store::{Batch, IndexDay, IndexStatus, ListedStatus, Reader};

/// The size limit of an index in bytes. A quarterly index has 30 MB.
pub const MAX_INDEX: u64 = 256 << 20;

/// The size limit of the listing of a quarter's indexes in bytes. Those measured have 60 KB.
const MAX_LISTING: u64 = 4 << 20;

/// The number of days after which a missing index is given up and damaged lines are ignored.
pub const DAYS_LOOKED_FOR: i32 = 7;

/// The number of damaged lines that are reported one by one. An index may have a million of them.
const MOST_REPORTED: usize = 20;

/// Reads indexes and compares them with the database.
pub struct IndexReader<'a> {
    pub client: &'a Client,
    pub urls: &'a Urls,
    /// Attempts for each index.
    pub max_attempts: u32,
    /// The last day whose index should be published.
    pub published: Date,
    /// The day in New York.
    pub today: Date,
    /// What the selections want of a filing that the index of a day lists. Empty if they want
    /// nothing.
    pub wanted: &'a dyn Fn(Date, &Listed) -> Vec<ArtifactChoice>,
}

/// A filing as an index lists it, under one of its filers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    pub cik: Cik,
    pub accession: Accession,
    pub form: String,
    pub filed_on: Date,
}

/// What is new in the indexes of several days.
#[derive(Debug, Default)]
pub struct IndexChanges {
    days: Vec<DayChanges>,
    /// The problems, in the order of their days.
    pub problems: Vec<IndexProblem>,
    /// The number of indexes that this update gave up.
    given_up: u64,
}

/// A problem with an index, for `v_errors`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexProblem {
    pub url: String,
    /// One word for the kind of problem.
    pub kind: &'static str,
    /// One line for people.
    pub message: String,
}

/// A day and what is new in its index.
#[derive(Debug)]
struct DayChanges {
    date: Date,
    state: DayResult,
    /// Wanted filings that were not on record when the index was read, or lacked something that is
    /// wanted.
    new: Vec<Listed>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DayResult {
    Read,
    /// The index was read, except damaged lines that EDGAR may correct.
    ReadInPart,
    /// There is no index and there will be none.
    Closed,
    /// The index is not published yet.
    NotPublished,
    /// The index is not there, or cannot be read.
    Missing,
    /// The index was missing for a week.
    GivenUp,
}

impl DayResult {
    /// The status to record; `None` if the index may still be published.
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

/// EDGAR's listings by quarter, each fetched at most once and only if a day is missing.
type Listings = HashMap<(i16, i8), Option<BTreeSet<Date>>>;

impl IndexReader<'_> {
    /// Reads the indexes of the days after `after`, through `through`, and compares them with `db`.
    ///
    /// # Errors
    ///
    /// The database cannot be read, or EDGAR refuses all requests.
    pub fn read(&self, after: Date, through: Date, db: &Reader) -> Result<IndexChanges> {
        let mut changes = IndexChanges::default();
        let known = db.index_days(after, through)?;
        let known: HashMap<_, _> = known.into_iter().map(|known| (known.day, known)).collect();
        let days = after.series(1.day()).skip(1);
        for date in days.take_while(|day| *day <= through) {
            let status = known.get(&date).map(|known| known.status);
            if is_weekend(date) || status == Some(IndexStatus::Closed) {
                changes.day(date, DayResult::Closed);
                continue;
            }
            if status == Some(IndexStatus::GivenUp) {
                changes.day(date, DayResult::GivenUp);
                continue;
            }
            match self.day(date, db, &mut changes) {
                Ok(()) => {}
                Err(IndexError::Fetch(FetchError::NotFound)) => {
                    changes.day(date, DayResult::NotPublished);
                }
                Err(IndexError::Fetch(FetchError::Stopped)) => break,
                Err(IndexError::Fetch(e)) if ends_the_run(&e) => return Err(e.into()),
                Err(IndexError::Fetch(e)) => {
                    changes.day(date, DayResult::Missing);
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
            DayResult::Read
        } else {
            DayResult::ReadInPart
        };
        let new = lacking(db, wanted).map_err(IndexError::Database)?;
        changes.days.push(DayChanges { date, state, new });
        Ok(())
    }

    /// The wanted lines of an index, each filing once, and the damaged lines.
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

    /// Decides for each day without an index whether it is closed, not published yet, missing or
    /// given up.
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
                DayResult::Read | DayResult::ReadInPart => is_later_read = true,
                DayResult::Closed | DayResult::GivenUp => continue,
                DayResult::NotPublished if is_federal_holiday(date) => {
                    log::info!("EDGAR has no index of {date}: it is a federal holiday");
                    day.state = DayResult::Closed;
                }
                DayResult::NotPublished if is_newest(date, self.published) => not_published(date),
                DayResult::NotPublished => {
                    let listing = self.listing(date, &mut listings, &mut problems)?;
                    if let Some(listed) = listing.filter(|listed| !listed.contains(&date)) {
                        if is_later_read || listed.range(date..).next().is_some() {
                            log::info!("EDGAR lists no index of {date}: it was closed that day");
                            day.state = DayResult::Closed;
                            continue;
                        }
                        if !is_old(date, self.published) {
                            not_published(date);
                            continue;
                        }
                    }
                    day.state = DayResult::Missing;
                    let cause = if is_later_read || listing.is_some() {
                        "is not there, but EDGAR does not say that it was closed"
                    } else {
                        "is not there, and no later one is either (check --archives-url)"
                    };
                    problems.push(self.missing(date, FetchError::NotFound.kind(), cause));
                }
                DayResult::Missing => {}
            }
            let since = known.get(&date).map_or(self.today, |known| known.since);
            let are_others_there = is_later_read || listings.values().any(Option::is_some);
            if day.state == DayResult::Missing && self.is_over(since) && are_others_there {
                day.state = DayResult::GivenUp;
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
                "the index of {date} has been missing since {since} and is given up: `filing-etl diagnose \
                 --reconcile` finds the filings that it would have listed"
            ),
        }
    }

    /// The days in EDGAR's listing of a quarter; `None` if the listing cannot be read.
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

    /// Whether a search that started on `since` is given up today.
    fn is_over(&self, since: Date) -> bool {
        is_given_up(since, self.today)
    }
}

fn not_published(date: Date) {
    log::warn!("the index of {date} is not published yet: the next update asks for it again");
}

/// Whether a search that started on `since` is given up on `today`.
pub fn is_given_up(since: Date, today: Date) -> bool {
    since
        .checked_add(DAYS_LOOKED_FOR.days())
        .is_ok_and(|until| until <= today)
}

/// Whether no later weekday should have an index by now.
fn is_newest(day: Date, published: Date) -> bool {
    let mut later = day.series(1.day()).skip(1);
    !later
        .by_ref()
        .take_while(|later| *later <= published)
        .any(|later| !is_weekend(later) && !is_federal_holiday(later))
}

/// Wanted lines by filer and accession number, each with what is wanted, and damaged lines.
type WantedLines = (
    BTreeMap<(Cik, Accession), (Listed, Vec<ArtifactChoice>)>,
    Vec<index::BadLine>,
);

/// The filings that are not on record under their filer, or that lack something that is wanted.
fn lacking(
    db: &Reader,
    wanted: BTreeMap<(Cik, Accession), (Listed, Vec<ArtifactChoice>)>,
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

/// The first damaged lines of an index, and the number of the others.
pub(super) fn reported(bad: &[index::BadLine]) -> impl Iterator<Item = String> + use<'_> {
    let more = bad.len().saturating_sub(MOST_REPORTED);
    let more = (more > 0).then(|| format!("{more} more lines cannot be read"));
    bad.iter()
        .take(MOST_REPORTED)
        .map(ToString::to_string)
        .chain(more)
}

/// The companies among `companies` whose submissions were read since a time, and all unavailable
/// companies, which no run requests again.
fn checked_or_unavailable(
    db: &Reader,
    companies: &[Cik],
    since: Timestamp,
) -> crate::store::Result<HashSet<Cik>> {
    let mut checked_or_unavailable: HashSet<_> =
        db.checked_since(companies, since)?.into_iter().collect();
    checked_or_unavailable.extend(db.unavailable_companies()?);
    Ok(checked_or_unavailable)
}

enum IndexError {
    Fetch(FetchError),
    Database(crate::store::Error),
}

/// Whether every other request would fail too.
fn ends_the_run(error: &FetchError) -> bool {
    retry::next(error, u32::MAX, 1, 0.0) == retry::AfterFailure::AbortRun
}

/// Whether a day is so old that EDGAR will not change its index.
fn is_old(day: Date, published: Date) -> bool {
    day.checked_add(DAYS_LOOKED_FOR.days())
        .is_ok_and(|until| until < published)
}

impl IndexChanges {
    fn day(&mut self, date: Date, state: DayResult) {
        self.days.push(DayChanges {
            date,
            state,
            new: Vec::new(),
        });
    }

    /// The number of indexes that were read.
    pub fn days_read(&self) -> u64 {
        self.count(DayResult::Read) + self.count(DayResult::ReadInPart)
    }

    /// The number of indexes that were not or only partly read, including those that this update
    /// gave up.
    pub fn days_failed(&self) -> u64 {
        self.count(DayResult::Missing) + self.count(DayResult::ReadInPart) + self.given_up
    }

    /// Records the status of each weekday. `today` is the day in New York.
    pub fn record_days(&self, batch: &Batch<'_>, today: Date) -> crate::store::Result<()> {
        let weekdays = self.days.iter().filter(|day| !is_weekend(day.date));
        for day in weekdays {
            if let Some(status) = day.state.status() {
                batch.put_index_day(day.date, status, today)?;
            }
        }
        Ok(())
    }

    fn count(&self, state: DayResult) -> u64 {
        self.days.iter().filter(|day| day.state == state).count() as u64
    }

    /// The new filings, day by day.
    pub fn new_filings(&self) -> impl Iterator<Item = (Date, &Listed)> {
        let days = self.days.iter();
        days.flat_map(|day| day.new.iter().map(|listed| (day.date, listed)))
    }

    /// Wanted filings that are not on record although their company's submissions were read since
    /// `started`, or that EDGAR's submissions do not have. So EDGAR's indexes and submissions
    /// disagree. Each comes with the day of its index.
    pub fn lacking(
        &self,
        started: Timestamp,
        db: &Reader,
    ) -> crate::store::Result<Vec<(Date, &Listed)>> {
        let all: Vec<_> = self.new_filings().collect();
        let pairs: Vec<_> = all.iter().map(|(_, l)| (l.cik, l.accession)).collect();
        let unknown: HashSet<_> = db.unknown_filings(&pairs)?.into_iter().collect();
        let companies: Vec<_> = unknown.iter().map(|(cik, _)| *cik).collect();
        let checked = checked_or_unavailable(db, &companies, started)?;
        let is_lacking = |listed: &Listed| {
            unknown.contains(&(listed.cik, listed.accession)) && checked.contains(&listed.cik)
        };
        let lacking = all.into_iter().filter(|(_, listed)| is_lacking(listed));
        Ok(lacking.collect())
    }

    /// The last day through which everything that `is_wanted` accepts is known, after the companies
    /// were checked. It is the day before the first one whose index is missing, or that lists a
    /// filing of a company that could not be checked, or a filing that is neither on record nor
    /// given up. `before` is the last such day of earlier updates.
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
                DayResult::Read | DayResult::Closed | DayResult::GivenUp
            ) {
                break;
            }
            let wanted: Vec<_> = day.new.iter().filter(|listed| is_wanted(listed)).collect();
            let companies: Vec<_> = wanted.iter().map(|listed| listed.cik).collect();
            let checked = checked_or_unavailable(db, &companies, started)?;
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
