//! Following EDGAR's daily indexes: which days to read, what they say, where the watermark goes.
//!
//! The watermark is the last day whose index was read and whose filings are all known. It moves
//! past a day when that holds, and never otherwise, so whatever goes wrong is looked at again.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::cancel::Cancel;
use crate::config::Backfill;
use crate::edgar::calendar::{day_before, filing_day, indexed_through, is_weekend};
use crate::edgar::{Cik, Urls};
use crate::exit::UsageError;
use crate::net::Client;
use crate::pipeline::{Changes, Indexes, Visits};
use crate::progress::format::count;
use crate::store::{Backfilled, ErrorRow, Reader, RunId, Scope, Writer};

/// The days whose indexes an update is to read: those after the watermark.
#[derive(Debug)]
pub(super) struct Days {
    /// The watermark.
    pub after: Date,
    /// The last day: the newest index that should be there, or `--until`.
    pub through: Date,
    /// The newest index that should be there.
    pub published: Date,
    /// Companies that the watermark does not speak for.
    owed: Vec<Cik>,
}

impl Days {
    /// Finds the watermark. Without one, the newest discovery has to do. `db` has selected these
    /// companies.
    ///
    /// # Errors
    ///
    /// A [`UsageError`] when these companies and forms were never backfilled.
    pub(super) fn since_last_run(
        db: &Reader,
        scope: &Scope,
        options: &Backfill,
        now: Timestamp,
    ) -> Result<Self> {
        let (forms, until) = (&options.filings.forms, options.filings.dates.until);
        let published = indexed_through(now);
        let days = |after, owed| Self {
            after,
            through: published.min(until),
            published,
            owed,
        };
        if let Some(known) = db.watermark(scope, forms)? {
            return Ok(days(known.through, known.owed));
        }
        let checked = match db.backfilled(forms)? {
            Backfilled::Never => None,
            Backfilled::Begun => db.oldest_check()?,
            Backfilled::BegunAmongOthers => {
                log::warn!(
                    "no backfill of these companies and forms came to its end, and which companies \
                     were looked at for other forms only is not known: each is looked at anew"
                );
                return Ok(days(published.min(until), db.selected()?));
            }
        };
        let Some(checked) = checked else {
            return Err(UsageError(
                "these companies and forms were never backfilled, so there is nothing to update: \
                 run `filing-etl backfill` with the same options first"
                    .to_owned(),
            )
            .into());
        };
        let after = day_before(filing_day(checked));
        log::warn!(
            "no backfill of these companies and forms came to its end: this update starts from \
             the newest discovery, with the index of {}",
            after.tomorrow()?
        );
        Ok(days(after, Vec::new()))
    }

    /// How many requests they take: a weekend has no index.
    pub(super) fn requests(&self) -> u64 {
        let days = self.after.series(jiff::Span::new().days(1)).skip(1);
        let days = days.take_while(|day| *day <= self.through);
        days.filter(|day| !is_weekend(*day)).count() as u64
    }

    /// The companies to look at whatever the indexes say: those that no run looked at, or none
    /// for these forms. `db` has the plan whose scope matters.
    ///
    /// # Errors
    ///
    /// If the database cannot be read.
    pub(super) fn new_companies(&self, db: &Reader) -> Result<BTreeSet<Cik>> {
        let new = db.never_checked()?.into_iter();
        Ok(new.chain(self.owed.iter().copied()).collect())
    }
}

/// What the indexes said, and where the watermark stands.
#[derive(Debug)]
pub(super) struct Followed {
    days: Days,
    changes: Changes,
    started: Timestamp,
    /// Up to which day everything is known now.
    pub through: Date,
}

/// Reads the indexes and tells which companies to look at: those that changed, and those that
/// were never looked at, such as newly listed ones.
pub(super) fn follow(
    days: Days,
    (client, urls, cancel): (&Client, &Urls, &Cancel),
    (scope, options): (&Scope, &Backfill),
    (writer, run): (&mut Writer, RunId),
) -> Result<(Visits, Followed)> {
    let started = Timestamp::now();
    let mut db = writer.reader()?;
    db.select(scope)?;
    let indexes = Indexes {
        client,
        urls,
        cancel,
        max_attempts: options.max_attempts,
        filings: &options.filings,
        published: days.published,
    };
    let changes = indexes
        .read(days.after, days.through, &db)
        .context("failed to read the daily indexes")?;
    record(&changes, writer, run)?;
    let mut visits: BTreeMap<_, _> = changes.oldest.iter().map(|(c, d)| (*c, Some(*d))).collect();
    let new = days.new_companies(&db)?;
    if !new.is_empty() {
        log::info!(
            "{} companies were never looked at for these forms, so all their filings are looked for",
            count(new.len() as u64)
        );
    }
    visits.extend(new.into_iter().map(|cik| (cik, None)));
    let followed = Followed {
        through: days.after,
        days,
        changes,
        started,
    };
    Ok((Visits::These(visits), followed))
}

fn record(changes: &Changes, writer: &mut Writer, run: RunId) -> Result<()> {
    if changes.problems.is_empty() {
        return Ok(());
    }
    let batch = writer.begin()?;
    for problem in &changes.problems {
        log::warn!("{}", problem.message);
        let row = ErrorRow {
            cik: None,
            accession: None,
            url: Some(problem.url.clone()),
            kind: problem.kind,
            message: problem.message.clone(),
        };
        batch.error(run, &row, Timestamp::now())?;
    }
    Ok(batch.commit()?)
}

impl Followed {
    /// How many indexes were read.
    pub(super) fn days_read(&self) -> u64 {
        self.changes.days_read()
    }

    /// How many indexes could not be had.
    pub(super) fn days_failed(&self) -> u64 {
        self.changes.days_failed()
    }

    /// Moves the watermark past the days whose filings are all known.
    pub(super) fn settle(
        &mut self,
        scope: &Scope,
        options: &Backfill,
        db: &mut Writer,
    ) -> Result<()> {
        let mut reader = db.reader()?;
        reader.select(scope)?;
        let Days {
            after, published, ..
        } = self.days;
        self.through = self
            .changes
            .watermark(after, published, self.started, &reader)?;
        let mut owed = self.days.owed.clone();
        let looked_at = reader.checked_since(owed.iter().copied(), self.started)?;
        owed.retain(|cik| !looked_at.contains(cik));
        db.set_watermark(scope, &options.filings.forms, self.through, &owed)?;
        Ok(())
    }
}
