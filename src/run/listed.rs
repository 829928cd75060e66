//! Searches for filings that a daily index lists but the submissions of their filer do not. From the
//! second day on they are requested by their path in the index. After a week they are given up.

use std::collections::HashMap;
use std::io::Read as _;

use anyhow::Result;
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::update::IndexResult;
use crate::edgar::calendar::filing_day;
use crate::edgar::submission::{HEADER_BYTES, Header};
use crate::edgar::{ArtifactChoice, Cik, Filing, QueueItem, Target};
use crate::files::{FilePath, Fingerprint, IncomingFile};
use crate::net::{Expect, FetchError, RequestKind};
use crate::pipeline::{DocumentsError, MAX_FILE, Services, check_submission};
use crate::sources::daily::{DAYS_LOOKED_FOR, Listed, is_given_up};
use crate::store::{ErrorRow, ListedFiling, ListedStatus, RunId, SplitDocument, Writer};

/// Searches for the filings that the indexes of an update list and its visits did not find. Returns
/// how many of them are still missing.
pub(super) fn look_for(
    services: &Services,
    db: &mut Writer,
    run: RunId,
    followed: &IndexResult,
) -> Result<u64> {
    let today = filing_day(services.clock.now());
    let reader = db.reader()?;
    let known = reader.listed_filings()?.into_iter();
    let known: HashMap<_, _> = known.map(|l| ((l.cik, l.accession), l)).collect();
    let lacking = followed.lacking(&reader)?;
    drop(reader);
    let mut search = Search {
        services,
        db,
        run,
        today,
    };
    let mut left = 0;
    for (listed_on, listed) in lacking {
        let known = known.get(&(listed.cik, listed.accession));
        if known.is_some_and(|known| known.status == ListedStatus::GivenUp) {
            continue;
        }
        let first_seen = known.map_or(today, |known| known.first_seen.min(today));
        let wanted = followed.wanted(listed);
        let listed = listed_filing(listed, listed_on, first_seen);
        left += u64::from(!search.one(listed, &wanted)?);
    }
    let batch = search.db.begin()?;
    batch.forget_listed(today.saturating_sub((DAYS_LOOKED_FOR - 1).days()))?;
    batch.commit()?;
    Ok(left)
}

fn listed_filing(listed: &Listed, listed_on: Date, first_seen: Date) -> ListedFiling {
    ListedFiling {
        accession: listed.accession,
        cik: listed.cik,
        form: listed.form.clone(),
        filed_on: listed.filed_on,
        listed_on,
        first_seen,
        status: ListedStatus::Missing,
    }
}

struct Search<'a> {
    services: &'a Services,
    db: &'a mut Writer,
    run: RunId,
    today: Date,
}

impl Search<'_> {
    /// Searches for one filing. Returns whether it was found.
    fn one(&mut self, listed: ListedFiling, wanted: &[ArtifactChoice]) -> Result<bool> {
        let services = self.services;
        let may_fetch = listed.first_seen < self.today
            && services.options.download
            && !services.cancel.is_set()
            && services.budget.allows_download();
        let fetched = if may_fetch {
            self.get(&listed, wanted)?
        } else {
            Err("is not in the submissions of its filer yet".to_owned())
        };
        let tries = u32::from(may_fetch);
        match fetched {
            Ok(()) => {
                let status = ListedStatus::Fetched;
                self.record(&ListedFiling { status, ..listed }, tries, None)?;
                Ok(true)
            }
            Err(cause) if is_given_up(listed.first_seen, self.today) => {
                let message = format!(
                    "{} is in the index of {} under company {}, but {cause}; it was searched for since \
                     {} and is given up: a later backfill finds it if it appears",
                    listed.accession, listed.listed_on, listed.cik, listed.first_seen
                );
                let status = ListedStatus::GivenUp;
                let listed = ListedFiling { status, ..listed };
                self.record(&listed, tries, Some(("listed_given_up", message)))?;
                Ok(false)
            }
            Err(cause) => {
                let message = format!(
                    "{} is in the index of {} under company {}, but {cause}: the next update searches \
                     for it again",
                    listed.accession, listed.listed_on, listed.cik
                );
                self.record(&listed, tries, Some(("listed_missing", message)))?;
                Ok(false)
            }
        }
    }

    fn record(
        &mut self,
        listed: &ListedFiling,
        tries: u32,
        problem: Option<(&'static str, String)>,
    ) -> Result<()> {
        let batch = self.db.begin()?;
        batch.put_listed(listed, tries)?;
        if let Some((kind, message)) = problem {
            log::warn!("{message}");
            let url = self
                .services
                .urls
                .submission_text(listed.cik, listed.accession)
                .to_string();
            let row = ErrorRow {
                cik: Some(listed.cik),
                accession: Some(listed.accession),
                url: Some(url),
                kind,
                message,
            };
            batch.error(self.run, &row, self.services.clock.now())?;
        }
        Ok(batch.commit()?)
    }

    /// Requests a filing by its path, puts it on record with the data of its header, and stores its text.
    /// The inner error says why EDGAR does not serve it.
    fn get(
        &mut self,
        listed: &ListedFiling,
        wanted: &[ArtifactChoice],
    ) -> Result<Result<(), String>> {
        let (cik, accession) = (listed.cik, listed.accession);
        let reader = self.db.reader()?;
        if let Some((filing, folder)) = reader.filing(accession)? {
            // Another of its filers is on record with it.
            self.put(&filing, (cik, folder), wanted)?;
            return Ok(Ok(()));
        }
        let mut incoming = self.services.data_dir.begin()?;
        let url = self.services.urls.submission_text(cik, accession);
        let expect = Expect::Submission {
            max: MAX_FILE,
            size: None,
        };
        let kind = RequestKind::Document;
        let received = match self
            .services
            .client
            .download(&url, kind, expect, &mut incoming)
        {
            Ok(received) => received,
            Err(FetchError::Sink(e)) => return Err(e.into()),
            Err(e) => return Ok(Err(format!("cannot be fetched by its path: {e}"))),
        };
        let header = header(&incoming)?;
        if header.accession != Some(accession) {
            return Ok(Err("the file at its path is not its submission".to_owned()));
        }
        let mut text = incoming.reader()?;
        match check_submission(accession, &mut text, received.is_proven) {
            Ok(()) => {}
            Err(DocumentsError::Damaged(why)) => {
                return Ok(Err(format!("the file at its path is not complete: {why}")));
            }
            Err(DocumentsError::Disk(e)) => return Err(e),
        }
        let size = received.length;
        let filing = header.into_filing(accession, &listed.form, listed.filed_on, size);
        let mut items: Vec<_> = [ArtifactChoice::Submission, ArtifactChoice::Documents].to_vec();
        items.retain(|what| *what == ArtifactChoice::Submission || wanted.contains(what));
        self.put(&filing, (cik, cik), &items)?;
        self.store(&filing, cik, incoming)?;
        Ok(Ok(()))
    }

    /// Puts a filing on record and queues what is wanted of it.
    fn put(
        &mut self,
        filing: &Filing,
        (cik, folder): (Cik, Cik),
        wanted: &[ArtifactChoice],
    ) -> Result<()> {
        let item = |wanted: &ArtifactChoice| QueueItem {
            accession: filing.accession,
            folder,
            target: filing.target(*wanted),
            submission_size: filing.size,
        };
        let items: Vec<_> = wanted.iter().map(item).collect();
        let mut batch = self.db.begin()?;
        let new = batch.put_filings(cik, &[(filing.clone(), folder)], self.services.clock.now())?;
        let created = batch.queue(&items)?;
        batch.commit()?;
        let counters = &self.services.counters;
        let relaxed = std::sync::atomic::Ordering::Relaxed;
        counters.filings_found.fetch_add(1, relaxed);
        counters.filings_new.fetch_add(new, relaxed);
        counters.artifacts_created.fetch_add(created, relaxed);
        Ok(())
    }

    fn store(&mut self, filing: &Filing, folder: Cik, incoming: IncomingFile<'_>) -> Result<()> {
        let target = filing.target(ArtifactChoice::Submission);
        let Target::File(file) = target else {
            unreachable!("a submission that is kept is a file");
        };
        let place = FilePath {
            folder,
            accession: filing.accession,
            name: file.name.clone(),
        };
        let print: Fingerprint = incoming.keep(&place)?;
        let bytes = print.bytes;
        let mut batch = self.db.begin()?;
        let document = SplitDocument::single(file, print);
        batch.stored(filing.accession, &document, 1, self.services.clock.now())?;
        batch.commit()?;
        self.services.budget.stored(bytes);
        let counters = &self.services.counters;
        let relaxed = std::sync::atomic::Ordering::Relaxed;
        counters.downloaded.fetch_add(1, relaxed);
        counters.bytes.fetch_add(bytes, relaxed);
        Ok(())
    }
}

fn header(incoming: &IncomingFile<'_>) -> Result<Header> {
    let mut bytes = Vec::new();
    incoming
        .reader()?
        .take(HEADER_BYTES)
        .read_to_end(&mut bytes)?;
    Ok(Header::parse(&bytes))
}
