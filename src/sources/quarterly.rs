//! Compares EDGAR's quarterly indexes with the database, to prove that the database is complete.
//!
//! The comparison takes one request per quarter. Every filing of a wanted form and date that an
//! index lists for one of the companies must be on record for that company. Missing filings are
//! reported, and [`queue`] makes the next update visit their companies again, from the first wanted
//! filing on. Filings on record that no index lists any more are reported too.
//!
//! [`Reconcile::run`] makes the requests. The comparison itself is pure (`contents`) or SQL.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use anyhow::Result;
use jiff::ToSpan as _;
use jiff::civil::Date;
use thiserror::Error;

use super::daily::{MAX_INDEX, reported};
use crate::edgar::calendar::{has_begun, quarter};
use crate::edgar::index::{self, BadIndex, BadLine};
use crate::edgar::{Accession, Cik, DateRange, Urls};
use crate::net::{Client, Expect, FetchError, RequestKind};
use crate::selection::Filings;
use crate::store::{Reader, Writer};

/// The first day of EDGAR's first quarterly index.
const FIRST_DAY: Date = jiff::civil::date(1993, 1, 1);

/// A filing that EDGAR lists and the database lacks, or the reverse.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    pub cik: Cik,
    pub accession: Accession,
    pub form: String,
    pub filed_on: Date,
}

/// The result of a comparison.
#[derive(Debug, Default)]
pub struct Reconciled {
    /// The number of indexes read.
    pub quarters: u64,
    /// The number of filings of wanted form and date that the indexes list, of any company. A joint
    /// filing counts once for each filer.
    pub listed: u64,
    /// Listed filings of the companies that the database lacks.
    pub missing: Vec<Difference>,
    /// Filings of the companies that are on record and no longer listed.
    pub unlisted: Vec<Difference>,
    /// Indexes and lines that could not be read. With such problems nothing is proven.
    pub problems: Vec<String>,
}

/// The input of a comparison, except the companies.
#[derive(Debug)]
pub struct Reconcile<'a> {
    pub client: &'a Client,
    pub urls: &'a Urls,
    /// Attempts for each index.
    pub max_attempts: u32,
    /// The forms and dates of the filings that must be on record.
    pub filings: &'a Filings,
    /// The last day that an index can contain.
    pub published: Date,
}

/// The filings of an index that must be on record, by filer and accession number.
type ExpectedFilings = BTreeMap<(Cik, Accession), (String, Date)>;

/// The content of an index.
#[derive(Debug, Default)]
struct Contents {
    /// The filings that must be on record.
    pub wanted: ExpectedFilings,
    /// All filings of the companies, of any form and date.
    pub listed: HashSet<(Cik, Accession)>,
    /// The last day that the index covers, if it has that line.
    pub received: Option<Date>,
    /// The damaged lines.
    pub bad: Vec<BadLine>,
}

/// The quarters of a date range, in order.
pub fn quarters(range: DateRange) -> Vec<(i16, i8)> {
    let (first, last) = (range.since, range.until);
    (first.year()..=last.year())
        .flat_map(|year| (1..=4).map(move |number| (year, number)))
        .filter(|at| {
            let of = |day: Date| (day.year(), quarter(day));
            (of(first)..=of(last)).contains(at)
        })
        .collect()
}

/// Parses an index; each filing is listed once.
///
/// # Errors
///
/// The bytes are not a master index, are that of another quarter, or list no filing.
fn contents(
    bytes: &[u8],
    (year, number): (i16, i8),
    filings: &Filings,
    companies: &HashSet<Cik>,
) -> Result<Contents, BadQuarter> {
    let index = index::parse(bytes)?;
    let is_other = |day: &Date| (day.year(), quarter(*day)) != (year, number);
    if let Some(day) = index.received.filter(is_other) {
        return Err(BadQuarter::Other(day));
    }
    let mut contents = Contents {
        received: index.received,
        ..Contents::default()
    };
    let mut rows = 0_u64;
    for row in index.rows() {
        rows += 1;
        let row = match row {
            Ok(row) => row,
            Err(line) => {
                contents.bad.push(line);
                continue;
            }
        };
        let filing = (row.cik, row.accession);
        if companies.contains(&row.cik) {
            contents.listed.insert(filing);
        }
        if filings.wants(row.form, row.filed_on) {
            let entry = contents.wanted.entry(filing);
            entry.or_insert_with(|| (row.form.to_owned(), row.filed_on));
        }
    }
    if rows == 0 {
        return Err(BadQuarter::Empty);
    }
    Ok(contents)
}

/// Why an index cannot be used.
#[derive(Debug, Error)]
enum BadQuarter {
    #[error(transparent)]
    Bad(#[from] BadIndex),
    #[error("it is the index of another quarter: its last day is {0}")]
    Other(Date),
    #[error("it lists no filing")]
    Empty,
}

impl Reconcile<'_> {
    /// Compares every quarter of the wanted dates, for these companies.
    pub fn run(&self, db: &Reader, companies: &HashSet<Cik>) -> Result<Reconciled> {
        let mut result = Reconciled::default();
        let (mut missing, mut unlisted) = (BTreeSet::new(), BTreeSet::new());
        let mut listed = HashSet::new();
        for (year, number) in quarters(self.dates()) {
            let name = format!("the index of {year} Q{number}");
            let index = match self.index((year, number), companies) {
                Ok(found) => found,
                Err(FetchError::NotFound) if !has_begun(year, number, self.published) => continue,
                Err(e) => {
                    let problem =
                        format!("{name} cannot be read: {e}: run this command again later");
                    result.problems.push(problem);
                    continue;
                }
            };
            let bad = reported(&index.bad).map(|line| format!("{name}: {line}"));
            result.problems.extend(bad);
            result.quarters += 1;
            result.listed += index.wanted.len() as u64;
            missing.extend(missing_of(&index.wanted, companies, db)?);
            if index.bad.is_empty() {
                let dates = self.dates_of(year, number, index.received);
                unlisted.extend(self.on_record(companies, dates, db)?);
            }
            listed.extend(index.listed);
        }
        // A corrected date may have moved a filing to another quarter.
        unlisted.retain(|filing| !listed.contains(&(filing.cik, filing.accession)));
        result.missing = missing.into_iter().collect();
        result.unlisted = unlisted.into_iter().collect();
        Ok(result)
    }

    /// The wanted filings of these companies within `dates` that are on record.
    fn on_record(
        &self,
        companies: &HashSet<Cik>,
        dates: Option<DateRange>,
        db: &Reader,
    ) -> Result<Vec<Difference>> {
        let Some(dates) = dates else {
            return Ok(Vec::new());
        };
        let ciks: Vec<_> = companies.iter().copied().collect();
        let filed = db.filed_between(&ciks, dates)?.into_iter();
        let wanted = filed.filter(|(_, _, form, filed_on)| self.filings.wants(form, *filed_on));
        let difference = |(cik, accession, form, filed_on)| Difference {
            cik,
            accession,
            form,
            filed_on,
        };
        Ok(wanted.map(difference).collect())
    }

    /// The wanted days that a quarter's index can contain; `None` if there are none.
    fn dates_of(&self, year: i16, number: i8, received: Option<Date>) -> Option<DateRange> {
        let first = Date::new(year, 3 * number - 2, 1).ok()?;
        let last = first.saturating_add(2.months()).last_of_month();
        let wanted = self.dates();
        let until = wanted.until.min(last).min(received.unwrap_or(last));
        DateRange::new(wanted.since.max(first), until).ok()
    }

    /// The wanted days that all indexes together can contain.
    fn dates(&self) -> DateRange {
        let dates = self.filings.dates();
        DateRange {
            since: dates.since.max(FIRST_DAY),
            until: dates.until.min(self.published),
        }
    }

    fn index(
        &self,
        (year, number): (i16, i8),
        companies: &HashSet<Cik>,
    ) -> Result<Contents, FetchError> {
        let url = self.urls.quarterly_index(year, number);
        let expect = Expect::Text { max: MAX_INDEX };
        self.client.with_retries(self.max_attempts, || {
            let bytes = self.client.fetch(&url, RequestKind::Discovery, expect)?;
            contents(&bytes, (year, number), self.filings, companies)
                .map_err(|e| FetchError::Damaged(e.to_string()))
        })
    }
}

/// The wanted filings of the companies that the database lacks.
fn missing_of(
    wanted: &ExpectedFilings,
    companies: &HashSet<Cik>,
    db: &Reader,
) -> Result<Vec<Difference>> {
    let pairs = wanted.keys().filter(|(cik, _)| companies.contains(cik));
    let pairs: Vec<_> = pairs.copied().collect();
    let unknown = db.unknown_filings(&pairs)?.into_iter();
    let difference = |filing| {
        let (form, filed_on) = wanted[&filing].clone();
        Difference {
            cik: filing.0,
            accession: filing.1,
            form,
            filed_on,
        }
    };
    Ok(unknown.map(difference).collect())
}

/// Makes the next run visit the companies of these filings again. Returns the number of companies.
pub fn queue(missing: &[Difference], db: &mut Writer) -> Result<u64> {
    let companies: BTreeSet<_> = missing.iter().map(|filing| filing.cik).collect();
    let batch = db.begin()?;
    for cik in &companies {
        batch.company_unchecked(*cik)?;
    }
    batch.commit()?;
    Ok(companies.len() as u64)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use super::*;
    use crate::cancel::Cancel;
    use crate::edgar::FormFilter;
    use crate::net;
    use crate::sim::{Options, Simulator};
    use crate::store::CompanyRow;
    use jiff::Timestamp;
    use jiff::civil::date;

    #[test]
    fn a_range_touches_the_quarters_of_its_days_and_all_between() {
        let quarters = |since, until| quarters(DateRange { since, until });
        assert_eq!(
            quarters(date(2024, 11, 30), date(2025, 4, 1)),
            [(2024, 4), (2025, 1), (2025, 2)]
        );
        assert_eq!(quarters(date(2025, 1, 1), date(2025, 3, 31)), [(2025, 1)]);
    }

    #[test]
    fn what_edgar_lists_and_the_database_lacks_is_named_and_queued() {
        let sim = Simulator::start(Options {
            companies: 41,
            today: date(2025, 8, 20),
            ..Options::default()
        })
        .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut db = Writer::open(&folder.path().join("filings.db")).unwrap();
        let companies: Vec<_> = sim.universe().companies().collect();
        let rows: Vec<_> = companies
            .iter()
            .map(|company| CompanyRow {
                etf: false,
                cik: company.cik,
                name: company.name.clone(),
                listings: Vec::new(),
            })
            .collect();
        let now = Timestamp::now();
        db.put_universe(&rows, true, now).unwrap();
        let filings = Filings {
            forms: FormFilter::default(),
            since: date(2025, 1, 1),
            until: Some(date(2025, 8, 20)),
        };
        let mut expected = Vec::new();
        let mut batch = db.begin().unwrap();
        for company in &companies {
            let cik = company.cik;
            let all = sim.universe().filings(cik).into_iter();
            let wanted = all.filter(|f| filings.wants(f.form, f.filed_on));
            let (known, lacking): (Vec<_>, Vec<_>) =
                wanted.partition(|f| f.accession.get() % 5 > 0);
            let row = |f| (sim.universe().row(cik, f), cik);
            let known: Vec<_> = known.iter().map(row).collect();
            batch.put_filings(cik, &known, now).unwrap();
            batch.company_checked(cik, (now, now), &[]).unwrap();
            expected.extend(lacking.into_iter().map(|f| Difference {
                cik,
                accession: f.accession,
                form: f.form.to_owned(),
                filed_on: f.filed_on,
            }));
        }
        batch.commit().unwrap();
        expected.sort();
        assert!(!expected.is_empty());

        let url: url::Url = sim.url().parse().unwrap();
        let urls = Urls::new(url.clone(), url.clone(), url).unwrap();
        let settings = net::ClientSettings {
            user_agent: Some("filing-etl tests tests@example.com".parse().unwrap()),
            rate: NonZeroU32::new(1000),
            state_dir: folder.path().join("state"),
            connections: 1,
            block_cooldown: Duration::from_secs(1),
            timeouts: net::Timeouts::default(),
            site: net::site_of(urls.archives()),
        };
        let client = Client::new(&settings, Cancel::default()).unwrap();
        let reconcile = Reconcile {
            client: &client,
            urls: &urls,
            max_attempts: 1,
            filings: &filings,
            published: date(2025, 8, 20),
        };
        let ciks: Vec<_> = companies.iter().map(|company| company.cik).collect();
        let all = ciks.iter().copied().collect();
        let result = reconcile.run(&db.reader().unwrap(), &all).unwrap();
        assert_eq!(result.missing, expected);
        assert_eq!((result.quarters, result.problems.len()), (3, 0));
        assert_eq!(result.unlisted, []);
        assert_eq!(sim.log().requests(), 3);

        let queued = queue(&result.missing, &mut db).unwrap();
        let rows = db.reader().unwrap().company_rows(&ciks).unwrap();
        let anew = rows.iter().filter(|row| row.last_checked_at.is_none());
        assert_eq!(anew.count() as u64, queued);
    }
}
