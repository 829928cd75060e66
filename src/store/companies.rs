//! Companies and their listings: which are on record, in which order a run visits them, and which
//! company a ticker stands for.

use std::collections::HashMap;
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::batch::Batch;
use super::error::{AtPath, Result};
use super::meta;
use super::queries::{companies as sql, pages};
use super::reader::{Reader, number};
use super::values::{DateColumn, DayText, Time, company_params, json_ciks, json_texts};
use super::writer::Writer;
use crate::criteria::CompanyCriteria;
use crate::edgar::{Cik, CompanyProfile, FormerName, History};
use crate::find::Findable;
use crate::selection::Companies;
use crate::ticker::{spellings, without_dashes};

/// A company as it is shown to users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownCompany {
    pub cik: Cik,
    /// The ticker of its primary listing, or of its last one if it is not listed now.
    pub ticker: Option<String>,
    /// The exchange of that listing.
    pub exchange: Option<String>,
    pub name: String,
    /// Whether it is in the SEC's list of companies.
    pub active: bool,
    /// The number of its filings on record.
    pub filings: u64,
    /// Its filings up to this time were read to the end.
    pub last_checked_at: Option<Timestamp>,
    /// The number of New York days on which EDGAR did not have its submissions.
    pub missing_days: u32,
}

/// The company that a ticker stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TickerMatch {
    /// The ticker in the SEC's spelling.
    pub ticker: String,
    /// The company that has the ticker, or the one that had it last.
    pub cik: Cik,
    /// Whether the company no longer has the ticker.
    pub is_former: bool,
    /// The company that had the ticker before, and the last day on which a sync saw it there.
    pub before: Option<(Cik, Date)>,
}

impl Reader {
    /// The companies that meet these conditions now, in the order in which a run visits them:
    /// companies without filings first, then those checked longest ago.
    pub fn companies(&self, companies: &Companies) -> Result<Vec<Cik>> {
        let doing = "find the companies";
        match company_params(companies) {
            (exchanges, None) => self.rows(sql::LISTED, [exchanges], doing, |row| row.get(0)),
            (_, ciks) => self.rows(sql::NAMED, [ciks], doing, |row| row.get(0)),
        }
    }

    /// The companies among `ciks` that meet these criteria or whose profile is not known yet, in the order of
    /// the list.
    pub fn wanted_by(&self, criteria: &CompanyCriteria, ciks: &[Cik]) -> Result<Vec<Cik>> {
        let [wanted, _] = sorted_by(criteria, ciks, &self.db, &self.path)?;
        Ok(wanted)
    }

    /// The companies among `ciks` that have an active listing on one of these exchanges.
    pub fn listed_on(&self, ciks: &[Cik], exchanges: &[&str]) -> Result<Vec<Cik>> {
        let doing = "filter companies by exchange";
        let params = (json_ciks(ciks), json_texts(exchanges));
        self.rows(sql::LISTED_ON, params, doing, |row| row.get(0))
    }

    /// The rows of these companies, in the order of the list. Companies that are not on record are
    /// left out.
    pub fn company_rows(&self, ciks: &[Cik]) -> Result<Vec<ShownCompany>> {
        let doing = "read the companies";
        self.rows(sql::ROWS, [json_ciks(ciks)], doing, |row| {
            Ok(ShownCompany {
                cik: row.get(0)?,
                ticker: row.get(1)?,
                exchange: row.get(2)?,
                name: row.get(3)?,
                active: row.get(4)?,
                filings: number(row, 5)?,
                last_checked_at: row.get::<_, Option<Time>>(6)?.map(|time| time.0),
                missing_days: row.get(7)?,
            })
        })
    }

    /// The companies among `ciks` whose list of filings was read to its end, as of `since` or
    /// later.
    pub fn checked_since(&self, ciks: &[Cik], since: Timestamp) -> Result<Vec<Cik>> {
        let rows = self.company_rows(ciks)?.into_iter();
        let checked = rows.filter(|row| row.last_checked_at.is_some_and(|at| at >= since));
        Ok(checked.map(|row| row.cik).collect())
    }

    /// When the company list was last synced; `None` if never.
    pub fn companies_synced_at(&self) -> Result<Option<Timestamp>> {
        let time = self.meta::<Time>(meta::COMPANIES_SYNCED_AT)?;
        Ok(time.map(|time| time.0))
    }

    /// Whether the last sync of the company list included the exchanges' own symbol lists. Without
    /// them, a listing on NYSE American or NYSE Arca counts as one on NYSE.
    pub fn listings_known(&self) -> Result<bool> {
        let known = self.meta::<String>(meta::LISTINGS_KNOWN)?;
        Ok(known.is_some_and(|known| known == meta::YES))
    }

    /// When the exchanges' own symbol lists on record were created, by their own words, New York time.
    /// `None` without such lists.
    pub fn listings_created_at(&self) -> Result<Option<DateTime>> {
        let created = self.meta::<String>(meta::LISTINGS_CREATED_AT)?;
        Ok(created.and_then(|created| created.parse().ok()))
    }

    /// The exchange of each active listing according to the last sync with the exchanges' own
    /// symbol lists. Empty without such a sync.
    pub fn known_listings(&self) -> Result<Vec<(Cik, String, String)>> {
        if self.meta::<String>(meta::LISTINGS_SYNCED_AT)?.is_none() {
            return Ok(Vec::new());
        }
        let doing = "look up known listings";
        self.rows(sql::KNOWN_LISTINGS, (), doing, |row| row.try_into())
    }

    /// The tickers that are no company's listing (funds and test issues) according to the last sync
    /// with the exchanges' own symbol lists.
    pub fn non_companies(&self) -> Result<Vec<(u64, String)>> {
        let list = self.meta::<String>(meta::NON_COMPANIES)?;
        // This program wrote the list. If the list is damaged, the next sync replaces it.
        Ok(list.map_or_else(Vec::new, |list| {
            serde_json::from_str(&list).unwrap_or_default()
        }))
    }

    /// Symbols in the exchanges' lists that have no company in the SEC's list, each with exchange
    /// and name.
    pub fn unmatched(&self) -> Result<Vec<[String; 3]>> {
        let list = self.meta::<String>(meta::UNMATCHED)?;
        // As in `non_companies`.
        Ok(list.map_or_else(Vec::new, |list| {
            serde_json::from_str(&list).unwrap_or_default()
        }))
    }

    /// The number of companies in the SEC's list.
    pub fn company_count(&self) -> Result<u64> {
        let doing = "count companies";
        self.one(sql::COUNT, (), doing, |row| number(row, 0))
    }

    /// Finds the company that has a ticker now, or else the one that had it last. The ticker may be
    /// in any common spelling. `None` if no company on record ever had it.
    pub fn resolve_ticker(&self, written: &str) -> Result<Option<TickerMatch>> {
        let doing = "look up a ticker";
        let mut former = None;
        for ticker in spellings(written) {
            let holders = self.rows(sql::BY_TICKER, [&ticker], doing, |row| {
                let last_seen: Option<DateColumn> = row.get(2)?;
                let active: bool = row.get(1)?;
                Ok((row.get::<_, Cik>(0)?, active, last_seen.map(|day| day.0)))
            })?;
            let Some((cik, active, _)) = holders.first().copied() else {
                continue;
            };
            let before = holders
                .get(1)
                .and_then(|(cik, _, seen)| Some((*cik, (*seen)?)));
            let found = TickerMatch {
                ticker,
                cik,
                is_former: !active,
                before: before.filter(|(before, _)| *before != cik),
            };
            if active {
                return Ok(Some(found));
            }
            former.get_or_insert(found);
        }
        if former.is_some() {
            return Ok(former);
        }
        let letters = without_dashes(&written.trim().to_ascii_uppercase());
        let named = self.rows(sql::BY_TICKER_WITHOUT_DASHES, [letters], doing, |row| {
            Ok((row.get::<_, Cik>(0)?, row.get::<_, String>(1)?))
        })?;
        let Some((cik, ticker)) = named.first().cloned() else {
            return Ok(None);
        };
        // If two companies match, the ticker is ambiguous and none is returned.
        let is_clear = named.iter().all(|(other, _)| *other == cik);
        Ok(is_clear.then_some(TickerMatch {
            ticker,
            cik,
            is_former: false,
            before: None,
        }))
    }

    /// All companies on record, listed or not.
    pub fn all_companies(&self) -> Result<Vec<Cik>> {
        self.rows(sql::ALL, [], "read the companies", |row| row.get(0))
    }

    /// All companies on record, with all fields that a search uses.
    pub fn findable(&self) -> Result<Vec<Findable>> {
        let doing = "read the companies";
        let mut companies = self.rows(sql::ALL, [], doing, |row| {
            Ok(Findable {
                cik: row.get(0)?,
                name: row.get(1)?,
                ticker: row.get(2)?,
                exchange: row.get(3)?,
                active: row.get(4)?,
                former_names: Vec::new(),
                tickers: Vec::new(),
            })
        })?;
        let text_and_day = |row: &Row<'_>, text, day| -> rusqlite::Result<(String, _)> {
            let day: Option<DateColumn> = row.get(day)?;
            Ok((row.get(text)?, day.map(|day| day.0)))
        };
        let names = self.rows(sql::ALL_FORMER_NAMES, [], doing, |row| {
            Ok((row.get(0)?, text_and_day(row, 1, 2)?))
        })?;
        let tickers = self.rows(sql::ALL_TICKERS, [], doing, |row| {
            Ok((row.get(0)?, text_and_day(row, 1, 3)?))
        })?;
        let place = |companies: &[Findable], cik| {
            companies.binary_search_by_key(&cik, |company| company.cik)
        };
        for (cik, name) in names {
            if let Ok(place) = place(&companies, cik) {
                companies[place].former_names.push(name);
            }
        }
        for (cik, ticker) in tickers {
            if let Ok(place) = place(&companies, cik) {
                companies[place].tickers.push(ticker);
            }
        }
        Ok(companies)
    }

    /// The form types in EDGAR's lists of these companies, each with its number of filings, as far
    /// as the lists were read.
    pub fn forms_seen(&self, ciks: &[Cik]) -> Result<Vec<(String, u64)>> {
        let doing = "look up the forms that EDGAR lists";
        self.rows(sql::FORMS_SEEN, [json_ciks(ciks)], doing, |row| {
            Ok((row.get(0)?, number(row, 1)?))
        })
    }

    /// The companies whose submissions EDGAR did not have on [`super::MISSING_DAYS`] days.
    pub fn unavailable_companies(&self) -> Result<Vec<Cik>> {
        let doing = "look up unavailable companies";
        self.rows(sql::UNAVAILABLE, [super::MISSING_DAYS], doing, |row| {
            row.get(0)
        })
    }

    /// The CIKs among `ciks` that are not on record, in the order of the list.
    pub fn unknown_ciks(&self, ciks: &[Cik]) -> Result<Vec<Cik>> {
        let doing = "look up CIKs";
        self.rows(sql::UNKNOWN_CIKS, [json_ciks(ciks)], doing, |row| {
            row.get(0)
        })
    }
}

impl Writer {
    /// Resets the missing days of these companies and of their older pages, so that a run requests them
    /// again. Returns the number of companies that had missing days.
    ///
    /// # Errors
    ///
    /// If the database cannot be written.
    pub fn retry_companies(&mut self, companies: &[Cik]) -> Result<usize> {
        let batch = self.begin()?;
        let (ciks, doing) = (json_ciks(companies), "queue companies");
        let retried = batch.execute(sql::RETRY_UNAVAILABLE, [&ciks], doing)?;
        batch.execute(pages::RETRY, [&ciks], doing)?;
        batch.commit()?;
        Ok(retried)
    }
}

impl Batch<'_> {
    /// Records a summary of a company's list of filings after it was read to its end.
    ///
    /// # Errors
    ///
    /// The company is not on record.
    pub fn company_history(&self, cik: Cik, history: &History) -> Result<()> {
        let row = (
            cik,
            super::values::integer(history.listed),
            history.first.map(DayText::new),
            history.last.map(DayText::new),
            history.forms_json(),
        );
        self.execute(sql::HISTORY, row, "record a company's history")?;
        Ok(())
    }

    /// Records the profile in a company's submissions.
    pub fn record_profile(&self, cik: Cik, profile: &CompanyProfile) -> Result<()> {
        let doing = "record a company's profile";
        let CompanyProfile {
            name,
            sic,
            industry,
            state,
            fiscal_year_end,
            entity_type,
            ein,
            former_names,
        } = profile;
        let row = (
            cik,
            name,
            sic,
            industry,
            state,
            fiscal_year_end,
            entity_type,
            ein,
        );
        self.execute(sql::PUT_PROFILE, row, doing)?;
        if former_names_of(&self.tx, cik).at(self.path, doing)? == *former_names {
            return Ok(());
        }
        self.execute(sql::FORGET_NAMES, [cik], doing)?;
        for (position, former) in (0_i64..).zip(former_names) {
            let FormerName { name, since, until } = former;
            let row = (
                cik,
                position,
                name,
                since.map(DayText::new),
                until.map(DayText::new),
            );
            self.execute(sql::PUT_NAME, row, doing)?;
        }
        Ok(())
    }

    /// Removes a company whose CIK EDGAR does not know from the database and from every selection,
    /// if nothing but its CIK is known. Returns whether it was removed.
    pub fn forget_unknown(&self, cik: Cik) -> Result<bool> {
        let doing = "remove a CIK that EDGAR does not have";
        let is_unknown = self
            .tx
            .prepare_cached(sql::IS_UNKNOWN)
            .and_then(|mut is_unknown| is_unknown.query_row([cik], |row| row.get(0)).optional())
            .at(self.path, doing)?;
        if is_unknown != Some(true) {
            return Ok(false);
        }
        self.leave_selections(cik)?;
        self.execute(sql::FORGET_FACTS, [cik], doing)?;
        self.execute(sql::FORGET, [cik], doing)?;
        Ok(true)
    }

    /// Records that a company's list of filings could not be read in this run. `kind` is one word
    /// for the cause. `missing` means that EDGAR answered that it does not have the list, which
    /// counts once per day. `today` is the day in New York.
    ///
    /// # Errors
    ///
    /// The company is not on record.
    pub fn company_failed(
        &self,
        cik: Cik,
        (kind, error): (&str, &str),
        missing: bool,
        today: Date,
        now: Timestamp,
    ) -> Result<()> {
        let doing = "record a failed company";
        let row = (cik, kind, error, super::values::time(now));
        self.execute(sql::FAILED, row, doing)?;
        if missing {
            self.execute(sql::MISSING, (cik, DayText::new(today)), doing)?;
        }
        Ok(())
    }
}

/// The companies that meet these criteria or whose profile is not known yet, and the others, both in the
/// order of the list.
pub(super) fn sorted_by(
    criteria: &CompanyCriteria,
    ciks: &[Cik],
    db: &Connection,
    path: &Path,
) -> Result<[Vec<Cik>; 2]> {
    if !criteria.is_given() {
        return Ok([ciks.to_vec(), Vec::new()]);
    }
    let doing = "read the profiles of companies";
    let known: HashMap<Cik, CompanyProfile> = db
        .prepare_cached(sql::PROFILES)
        .and_then(|mut profiles| profiles.query_map([json_ciks(ciks)], profile)?.collect())
        .at(path, doing)?;
    let is_wanted = |cik: &Cik| known.get(cik).is_none_or(|known| criteria.wants(known));
    let (wanted, others) = ciks.iter().partition(|cik| is_wanted(cik));
    Ok([wanted, others])
}

/// A company with its profile, without its former names: no criterion is about them.
fn profile(row: &Row<'_>) -> rusqlite::Result<(Cik, CompanyProfile)> {
    let profile = CompanyProfile {
        name: row.get(1)?,
        sic: row.get(2)?,
        industry: row.get(3)?,
        state: row.get(4)?,
        fiscal_year_end: row.get(5)?,
        entity_type: row.get(6)?,
        ein: row.get(7)?,
        former_names: Vec::new(),
    };
    Ok((row.get(0)?, profile))
}

fn former_names_of(db: &Connection, cik: Cik) -> rusqlite::Result<Vec<FormerName>> {
    let day = |row: &Row<'_>, column| -> rusqlite::Result<Option<Date>> {
        Ok(row.get::<_, Option<DateColumn>>(column)?.map(|day| day.0))
    };
    let mut names = db.prepare_cached(sql::FORMER_NAMES)?;
    let names = names.query_map([cik], |row| {
        Ok(FormerName {
            name: row.get(0)?,
            since: day(row, 1)?,
            until: day(row, 2)?,
        })
    })?;
    names.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::testing::{Sandbox, at, cik, company, filing};
    use super::*;
    use crate::exchange::Exchange;
    use jiff::civil::date;

    fn order(sandbox: &Sandbox, companies: &Companies) -> Vec<u64> {
        let companies = sandbox.reader().companies(companies).unwrap();
        companies.into_iter().map(Cik::get).collect()
    }

    fn on(exchanges: &[Exchange]) -> Companies {
        Companies::Listed(Some(exchanges.iter().copied().collect()))
    }

    fn named(ciks: &[u64]) -> Companies {
        Companies::Named(ciks.iter().copied().map(cik).collect())
    }

    fn checked(sandbox: &mut Sandbox, company: u64, second: i64) {
        sandbox.write(|b| {
            let times = (at(second), at(second));
            b.company_checked(cik(company), times, &[]).unwrap();
        });
    }

    #[test]
    fn companies_without_filings_come_first_then_the_longest_unchecked() {
        let mut sandbox = Sandbox::new();
        let all = Companies::Listed(None);
        assert_eq!(order(&sandbox, &all), [1, 2, 3], "nothing is known: by CIK");
        sandbox.put(1, &[filing(1)]);
        checked(&mut sandbox, 1, 10);
        sandbox.put(2, &[filing(2)]);
        checked(&mut sandbox, 2, 5);
        checked(&mut sandbox, 3, 20);
        assert_eq!(order(&sandbox, &all), [3, 2, 1]);
        assert_eq!(order(&sandbox, &named(&[1, 2])), [2, 1]);
        let rows = sandbox.reader().company_rows(&[cik(3), cik(99), cik(1)]);
        let rows: Vec<_> = rows
            .unwrap()
            .into_iter()
            .map(|row| (row.name, row.filings, row.last_checked_at))
            .collect();
        let row = |name: &str, filings, second| (name.to_owned(), filings, Some(at(second)));
        assert_eq!(rows, [row("Three", 0, 20), row("One", 1, 10)]);
    }

    #[test]
    fn a_company_with_filings_that_was_never_checked_comes_before_those_that_were() {
        let mut sandbox = Sandbox::new();
        for number in 1..=3 {
            sandbox.put(number, &[filing(number)]);
        }
        checked(&mut sandbox, 1, 1);
        assert_eq!(order(&sandbox, &Companies::Listed(None)), [2, 3, 1]);
    }

    #[test]
    fn exchanges_and_names_narrow_the_companies() {
        use Exchange::{Cboe, Nasdaq, Nyse, Otc};
        let sandbox = Sandbox::new();
        assert_eq!(order(&sandbox, &on(&[Nyse, Nasdaq])), [1, 2]);
        assert_eq!(order(&sandbox, &on(&[Otc])), [1], "a second listing");
        assert_eq!(order(&sandbox, &on(&[Cboe])), [0_u64; 0]);
        assert_eq!(order(&sandbox, &on(&[])), [0_u64; 0]);
        assert_eq!(order(&sandbox, &named(&[3, 2, 99])), [2, 3]);
        assert_eq!(
            order(&sandbox, &Companies::Named(BTreeSet::new())),
            [0_u64; 0]
        );
        let listed = |exchanges: &[&str]| {
            let all = [cik(3), cik(2), cik(1)];
            sandbox.reader().listed_on(&all, exchanges).unwrap()
        };
        assert_eq!(listed(&["NYSE", "OTC"]), [cik(2), cik(1)]);
    }

    #[test]
    fn inactive_companies_are_in_no_exchange_and_stay_on_record() {
        let mut sandbox = Sandbox::new();
        let list = [company(2, "Two", &[("BBB", Some("NYSE"))])];
        sandbox.writer.put_universe(&list, true, at(1)).unwrap();
        assert_eq!(order(&sandbox, &Companies::Listed(None)), [2]);
        assert_eq!(order(&sandbox, &on(&[Exchange::Nasdaq])), [0_u64; 0]);
        assert_eq!(order(&sandbox, &named(&[1])), [1], "by its CIK");
        let reader = sandbox.reader();
        assert_eq!(reader.company_count().unwrap(), 1);
        let unknown = reader.unknown_ciks(&[cik(3), cik(99), cik(2)]).unwrap();
        assert_eq!(unknown, [cik(99)]);
        for (written, company, is_former) in [
            ("bbb", 2, false),
            ("AAA", 1, true),
            ("aaa.wt", 1, true),
            ("AAAW", 1, true),
        ] {
            let found = reader.resolve_ticker(written).unwrap();
            let found = found.map(|found| (found.cik, found.is_former));
            let expected = (written != "AAAW").then_some((cik(company), is_former));
            assert_eq!(found, expected, "{written}");
        }
    }

    #[test]
    fn a_company_that_edgar_does_not_have_counts_days() {
        let mut sandbox = Sandbox::new();
        let days = |sandbox: &Sandbox| {
            let rows = sandbox.reader().company_rows(&[cik(1)]).unwrap();
            rows[0].missing_days
        };
        let mut fail = |day, missing, expected| {
            sandbox.write(|b| {
                let why = ("missing", "404");
                b.company_failed(cik(1), why, missing, date(2026, 1, day), at(0))
                    .unwrap();
            });
            assert_eq!(days(&sandbox), expected, "on day {day}");
        };
        fail(1, true, 1);
        fail(1, true, 1);
        fail(2, false, 1);
        fail(3, true, 2);
        fail(4, true, 3);
        assert_eq!(
            sandbox.writer.retry_companies(&[cik(1), cik(2)]).unwrap(),
            1
        );
        assert_eq!(days(&sandbox), 0);
    }
}
