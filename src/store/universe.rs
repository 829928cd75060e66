//! Replaces the company list. Companies that are not in the new list are kept.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use jiff::civil::DateTime;
use rusqlite::Connection;

use super::error::{AtPath, Result};
use super::meta;
use super::queries::listings as sql;
use super::queries::meta as meta_sql;
use super::values::{DayText, json_texts, time};
use super::writer::Writer;
use crate::edgar::Cik;
use crate::edgar::calendar::filing_day;

/// A company of the company list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompanyRow {
    /// The company's CIK.
    pub cik: Cik,
    /// The company's name.
    pub name: String,
    /// Whether all its listings are funds or notes. No selection by exchange includes such a
    /// company.
    pub etf: bool,
    /// Its listings, the primary one first. May be empty.
    pub listings: Vec<ListingRow>,
}

/// A ticker on an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingRow {
    /// The ticker in the SEC's spelling, in upper case.
    pub ticker: String,
    /// The exchange as `v_listings.exchange` shows it, if known.
    pub exchange: Option<String>,
    /// Whether it is a fund or note, not a security of the company.
    pub etf: bool,
}

/// What a new company list changed, in numbers of companies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UniverseChange {
    /// Companies that were not on record.
    pub added: u64,
    /// Companies whose name or listings changed, or that returned to the list.
    pub updated: u64,
    /// Companies that left the list.
    pub deactivated: u64,
}

/// A company on record: name, ticker, exchange, whether it is active, whether it is an ETF.
type KnownCompany = (String, Option<String>, Option<String>, bool, bool);

/// A listing on record: exchange, position, whether it is active, whether it is an ETF.
type KnownListing = (Option<String>, i64, bool, bool);

impl Writer {
    /// Records when the exchanges' own symbol lists were created, which tickers are no company's listing
    /// according to them, and the symbols (with exchange and name) that have no company in the SEC's list.
    pub fn put_lists(
        &mut self,
        non_companies: &[(u64, &str)],
        unmatched: &[[String; 3]],
        created: DateTime,
    ) -> Result<()> {
        let batch = self.begin()?;
        let doing = "record the company list";
        let created = (meta::LISTINGS_CREATED_AT, created.to_string());
        batch.execute(meta_sql::PUT, created, doing)?;
        let non_companies = (meta::NON_COMPANIES, json_texts(non_companies));
        batch.execute(meta_sql::PUT, non_companies, doing)?;
        let unmatched = (meta::UNMATCHED, json_texts(unmatched));
        batch.execute(meta_sql::PUT, unmatched, doing)?;
        batch.commit()
    }

    /// Replaces the company list. Companies and listings that are not in the new list become
    /// inactive and keep their data. A ticker that moved to another CIK moves in the database too.
    /// An unchanged list writes only the time of the sync. `listings_known` says whether the sync
    /// included the exchanges' own symbol lists.
    ///
    /// The caller must check that the list is plausible: an empty list deactivates all companies.
    ///
    /// # Errors
    ///
    /// The database cannot be written. Then it keeps the old list.
    pub fn put_universe(
        &mut self,
        companies: &[CompanyRow],
        listings_known: bool,
        now: Timestamp,
    ) -> Result<UniverseChange> {
        let doing = "record the company list";
        let batch = self.begin()?;
        let change = replace(&batch.tx, companies, listings_known, now).at(batch.path, doing)?;
        // In the same transaction: otherwise a run killed in between would follow the old
        // companies.
        batch.refresh_members(filing_day(now))?;
        batch.commit()?;
        Ok(change)
    }
}

fn replace(
    db: &Connection,
    companies: &[CompanyRow],
    listings_known: bool,
    now: Timestamp,
) -> rusqlite::Result<UniverseChange> {
    let incoming = ListRows::of(companies);
    let today = DayText::new(filing_day(now));
    let mut change = UniverseChange::default();
    let mut changed = HashSet::new();

    let mut deactivate = db.prepare(sql::DEACTIVATE_COMPANY)?;
    let mut put = db.prepare(sql::PUT_COMPANY)?;
    let known = known_companies(db)?;
    for (cik, (_, _, _, active, _)) in &known {
        if *active && !incoming.companies.contains_key(cik) {
            deactivate.execute([cik])?;
            change.deactivated += 1;
        }
    }
    for (cik, company) in &incoming.companies {
        match known.get(cik) {
            Some(old) if old == company => continue,
            Some(_) => {
                changed.insert(*cik);
            }
            None => change.added += 1,
        }
        let (name, ticker, exchange, _, etf) = company;
        put.execute((cik, name, ticker, exchange, etf))?;
    }

    // Deactivates old listings first, because a ticker has at most one active listing.
    let known_listings = known_listings(db)?;
    let mut deactivate = db.prepare(sql::DEACTIVATE_LISTING)?;
    let synced_on: Option<String> = db.query_row(sql::LAST_SYNC, [], |row| row.get(0))?;
    for ((cik, ticker), (_, _, active, _)) in &known_listings {
        if *active && !incoming.listings.contains_key(&(*cik, ticker.as_str())) {
            deactivate.execute((cik, ticker, &synced_on))?;
            if incoming.companies.contains_key(cik) {
                changed.insert(*cik);
            }
        }
    }
    let mut put = db.prepare(sql::PUT_LISTING)?;
    for ((cik, ticker), listing) in &incoming.listings {
        let old = known_listings.get(&(*cik, (*ticker).to_owned()));
        let (exchange, position, _, etf) = listing;
        if old != Some(listing) {
            put.execute((cik, ticker, exchange, position, &today, etf))?;
            if known.contains_key(cik) {
                changed.insert(*cik);
            }
        }
    }
    change.updated = changed.len() as u64;

    let answer = if listings_known { meta::YES } else { meta::NO };
    db.execute(meta_sql::PUT, (meta::LISTINGS_KNOWN, answer))?;
    db.execute(meta_sql::PUT, (meta::COMPANIES_SYNCED_AT, time(now)))?;
    if listings_known {
        db.execute(meta_sql::PUT, (meta::LISTINGS_SYNCED_AT, time(now)))?;
    }
    Ok(change)
}

/// A company list as rows. Of a repeated company the first mention counts. A ticker of several
/// companies belongs to the first one, which has the largest market value.
struct ListRows<'a> {
    companies: HashMap<Cik, KnownCompany>,
    listings: HashMap<(Cik, &'a str), KnownListing>,
}

impl<'a> ListRows<'a> {
    fn of(rows: &'a [CompanyRow]) -> Self {
        let (mut companies, mut listings) = (HashMap::new(), HashMap::new());
        let mut tickers = HashSet::new();
        for row in rows {
            if companies.contains_key(&row.cik) {
                continue;
            }
            let primary = row.listings.first();
            let company = (
                row.name.clone(),
                primary.map(|listing| listing.ticker.clone()),
                primary.and_then(|listing| listing.exchange.clone()),
                true,
                row.etf,
            );
            companies.insert(row.cik, company);
            for (position, listing) in (0_i64..).zip(&row.listings) {
                if tickers.insert(listing.ticker.as_str()) {
                    let known = (listing.exchange.clone(), position, true, listing.etf);
                    listings.insert((row.cik, listing.ticker.as_str()), known);
                }
            }
        }
        Self {
            companies,
            listings,
        }
    }
}

fn known_companies(db: &Connection) -> rusqlite::Result<HashMap<Cik, KnownCompany>> {
    let mut rows = db.prepare(sql::COMPANIES)?;
    let rows = rows.query_map([], |row| {
        let company = (
            row.get(1)?,
            row.get(2)?,
            row.get(3)?,
            row.get(4)?,
            row.get(5)?,
        );
        Ok((row.get(0)?, company))
    })?;
    rows.collect()
}

fn known_listings(db: &Connection) -> rusqlite::Result<HashMap<(Cik, String), KnownListing>> {
    let mut rows = db.prepare(sql::LISTINGS)?;
    let rows = rows.query_map([], |row| {
        let listing = (row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?);
        Ok(((row.get(0)?, row.get(1)?), listing))
    })?;
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::super::Reader;
    use super::super::testing::{Sandbox, at, cik, company, filing, listed, primary};
    use super::*;
    use crate::exchange::Exchange::{Nasdaq, Nyse, Otc};

    fn change(added: u64, updated: u64, deactivated: u64) -> UniverseChange {
        UniverseChange {
            added,
            updated,
            deactivated,
        }
    }

    const COMPANIES: &str =
        "SELECT cik, name, ticker, exchange, active FROM v_companies ORDER BY cik";
    const LISTINGS: &str =
        "SELECT cik, ticker, exchange, active FROM v_listings ORDER BY cik, ticker";

    #[test]
    fn a_first_list_is_all_additions() {
        let sandbox = Sandbox::new();
        assert_eq!(
            sandbox.rows(COMPANIES),
            [
                "1|One|AAA|Nasdaq|1",
                "2|Two|BBB|NYSE|1",
                "3|Three|CCC|NULL|1"
            ]
        );
        assert_eq!(
            sandbox.rows(LISTINGS),
            [
                "1|AAA|Nasdaq|1",
                "1|AAA-WT|OTC|1",
                "2|BBB|NYSE|1",
                "3|CCC|NULL|1"
            ]
        );
        let reader = Reader::open(&sandbox.path()).unwrap();
        assert_eq!(reader.companies_synced_at().unwrap(), Some(at(0)));
    }

    #[test]
    fn the_same_list_changes_only_the_time() {
        let mut sandbox = Sandbox::new();
        let list = [
            company(3, "Three", &[("CCC", None)]),
            company(
                1,
                "One",
                &[("AAA", Some("Nasdaq")), ("AAA-WT", Some("OTC"))],
            ),
            company(2, "Two", &[("BBB", Some("NYSE"))]),
        ];
        let again = sandbox.writer.put_universe(&list, true, at(9)).unwrap();
        assert_eq!(again, UniverseChange::default());
        let reader = Reader::open(&sandbox.path()).unwrap();
        assert_eq!(reader.companies_synced_at().unwrap(), Some(at(9)));
    }

    #[test]
    fn a_company_that_left_keeps_its_filings_and_may_come_back() {
        let mut sandbox = Sandbox::new();
        sandbox.put(2, &[filing(1)]);
        let one = company(
            1,
            "One",
            &[("AAA", Some("Nasdaq")), ("AAA-WT", Some("OTC"))],
        );
        let three = company(3, "Three", &[("CCC", None)]);

        let left = sandbox
            .writer
            .put_universe(&[one.clone(), three.clone()], true, at(1))
            .unwrap();
        assert_eq!(left, change(0, 0, 1));
        assert_eq!(sandbox.rows(COMPANIES)[1], "2|Two|BBB|NYSE|0");
        assert_eq!(sandbox.rows(LISTINGS)[2], "2|BBB|NYSE|0");
        assert_eq!(sandbox.rows("SELECT cik FROM v_filings"), ["2"]);

        let two = company(2, "Two", &[("BBB", Some("NYSE"))]);
        let back = sandbox
            .writer
            .put_universe(&[one, two, three], true, at(2))
            .unwrap();
        assert_eq!(back, change(0, 1, 0));
        assert_eq!(sandbox.rows(COMPANIES)[1], "2|Two|BBB|NYSE|1");
        sandbox.assert_counters();
    }

    #[test]
    fn a_ticker_that_moves_to_another_company_leaves_the_old_one() {
        let mut sandbox = Sandbox::new();
        let list = [
            company(1, "One", &[("AAA-WT", Some("OTC"))]),
            company(2, "Two", &[("BBB", Some("NYSE"))]),
            company(3, "Three", &[("CCC", None)]),
            company(4, "Four", &[("AAA", Some("NYSE"))]),
        ];
        let moved = sandbox.writer.put_universe(&list, true, at(1)).unwrap();
        assert_eq!(moved, change(1, 1, 0));
        assert_eq!(
            sandbox.rows(LISTINGS),
            [
                "1|AAA|Nasdaq|0",
                "1|AAA-WT|OTC|1",
                "2|BBB|NYSE|1",
                "3|CCC|NULL|1",
                "4|AAA|NYSE|1"
            ]
        );
        assert_eq!(sandbox.rows(COMPANIES)[0], "1|One|AAA-WT|OTC|1");
        let reader = Reader::open(&sandbox.path()).unwrap();
        let found = reader.resolve_ticker("aaa").unwrap().unwrap();
        assert_eq!((found.cik, found.is_former), (cik(4), false));
    }

    #[test]
    fn two_companies_may_swap_tickers() {
        let mut sandbox = Sandbox::new();
        let list = [
            company(1, "One", &[("BBB", Some("NYSE"))]),
            company(2, "Two", &[("AAA", Some("Nasdaq"))]),
        ];
        let swapped = sandbox.writer.put_universe(&list, true, at(1)).unwrap();
        assert_eq!(swapped, change(0, 2, 1));
        assert_eq!(
            sandbox.rows("SELECT cik, ticker FROM v_listings WHERE active = 1 ORDER BY cik"),
            ["1|BBB", "2|AAA"]
        );
    }

    #[test]
    fn what_is_mentioned_twice_counts_once() {
        let mut sandbox = Sandbox::new();
        let list = [
            company(5, "Five", &[("EEE", None), ("EEE", Some("OTC"))]),
            company(5, "Other", &[("FFF", None)]),
            company(6, "Six", &[("EEE", None), ("GGG", None)]),
        ];
        let change = sandbox.writer.put_universe(&list, true, at(1)).unwrap();
        assert_eq!(change.added, 2);
        assert_eq!(
            sandbox.rows("SELECT cik, ticker FROM v_listings WHERE active = 1 ORDER BY cik"),
            ["5|EEE", "6|GGG"]
        );
    }

    #[test]
    fn the_counts_by_exchange_follow_a_company_wherever_it_goes() {
        let mut sandbox = Sandbox::new();
        for number in [1, 2] {
            sandbox.put(number, &[filing(number)]);
            sandbox.queue(&[primary(number, "a")]);
        }
        let on = |number, exchange| company(number, "Name", &[("TTT", exchange)]);
        let (otc, nyse) = (Some("OTC"), Some("NYSE"));
        let not_listed = |companies| (Some("not listed"), 0, companies);
        for (list, expected) in [
            (vec![on(1, otc)], vec![(otc, 1, 0), not_listed(2)]),
            (vec![on(1, None)], vec![(None, 1, 0), not_listed(2)]),
            (vec![on(2, otc)], vec![(otc, 1, 0), not_listed(2)]),
            (
                vec![on(2, nyse), company(1, "One", &[])],
                vec![(nyse, 1, 0), (None, 1, 0), not_listed(1)],
            ),
            (vec![], vec![not_listed(3)]),
        ] {
            sandbox.writer.put_universe(&list, true, at(1)).unwrap();
            sandbox.assert_counters();
            let stats = sandbox.reader().stats(1).unwrap().exchanges;
            let mut counts: Vec<_> = stats
                .iter()
                .map(|e| (e.exchange.as_deref(), e.active, e.inactive))
                .collect();
            let mut expected = expected;
            counts.sort_unstable();
            expected.sort_unstable();
            assert_eq!(counts, expected);
            let held: u64 = stats.iter().map(|e| e.holdings.pending).sum();
            assert_eq!(held, 2);
        }
    }

    #[test]
    fn a_former_listing_says_when_it_was_seen_last() {
        let mut sandbox = Sandbox::new();
        let day = 24 * 3600;
        let without = [company(1, "One", &[("AAA", Some("Nasdaq"))])];
        let put = |sandbox: &mut Sandbox, second| {
            let writer = &mut sandbox.writer;
            writer.put_universe(&without, true, at(second)).unwrap();
        };
        put(&mut sandbox, 2 * day);
        put(&mut sandbox, 3 * day);
        assert_eq!(
            sandbox.rows(
                "SELECT ticker, first_seen, last_seen FROM v_listings WHERE cik = 1 ORDER BY ticker"
            ),
            ["AAA|2025-12-31|2026-01-04", "AAA-WT|2025-12-31|2026-01-01"]
        );
    }

    #[test]
    fn selections_follow_a_new_list_of_companies() {
        let mut sandbox = Sandbox::new();
        let recording = sandbox
            .writer
            .record_selection(&listed(&[Nyse, Nasdaq, Otc]), true, at(0))
            .unwrap();
        let members = |sandbox: &Sandbox| -> Vec<u64> {
            let members = sandbox.reader().members(recording.id).unwrap();
            members.iter().map(|member| member.cik.get()).collect()
        };
        assert_eq!(members(&sandbox), [1, 2]);
        let list = [
            company(2, "Two", &[("BBB", Some("NYSE"))]),
            company(4, "Four", &[("DDD", Some("OTC"))]),
        ];
        sandbox.writer.put_universe(&list, true, at(1)).unwrap();
        assert_eq!(
            members(&sandbox),
            [1, 2, 4],
            "the one that left is followed on"
        );
    }

    #[test]
    fn a_company_without_listings_is_a_company() {
        let mut sandbox = Sandbox::new();
        let list = [company(5, "Five", &[])];
        assert_eq!(
            sandbox.writer.put_universe(&list, true, at(1)).unwrap(),
            change(1, 0, 3)
        );
        assert_eq!(sandbox.rows(COMPANIES)[3], "5|Five|NULL|NULL|1");
    }
}
