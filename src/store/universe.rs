//! Replaces the universe by a new company list, without losing what is known of old companies.

use std::collections::HashSet;

use jiff::Timestamp;
use rusqlite::Connection;

use super::error::{At, Result};
use super::types::{json_tickers, time};
use super::writer::Writer;
use super::{meta, queries};
use crate::edgar::Cik;

/// A company as the list has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompanyRow {
    /// Its number.
    pub cik: Cik,
    /// Its name.
    pub name: String,
    /// Its listings, the primary one first; may be empty.
    pub listings: Vec<ListingRow>,
}

/// A ticker on an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingRow {
    /// The symbol in the SEC's dialect, upper case.
    pub ticker: String,
    /// The exchange as `v_listings.exchange` shows it, if known.
    pub exchange: Option<String>,
}

/// What a new company list changed, in companies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UniverseChange {
    /// Never seen before.
    pub added: u64,
    /// Known, but with another name or other listings, or back again.
    pub updated: u64,
    /// No longer in the list.
    pub deactivated: u64,
}

impl Writer {
    /// Remembers which tickers the exchanges' own symbol lists say are no company's listing.
    ///
    /// # Errors
    ///
    /// If the database cannot be written.
    pub fn put_left_out(&mut self, tickers: &[(u64, &str)]) -> Result<()> {
        let list = json_tickers(tickers);
        let batch = self.begin()?;
        batch
            .tx
            .execute(queries::META_PUT, (meta::LEFT_OUT, list))
            .at(batch.path, "record the company list")?;
        batch.commit()
    }

    /// Replaces the universe by this list. Companies and listings that are not in it become
    /// inactive and keep what we know of them; a ticker that moved to another CIK moves here too.
    /// A list that says what we know writes only the time. `listings_known` tells whether the
    /// exchanges' own symbol lists took part.
    ///
    /// Whether the list is any good is the caller's to judge: an empty one deactivates all.
    ///
    /// # Errors
    ///
    /// If the database cannot be written; then the old universe stays.
    pub fn put_universe(
        &mut self,
        companies: &[CompanyRow],
        listings_known: bool,
        now: Timestamp,
    ) -> Result<UniverseChange> {
        let doing = "record the company list";
        let batch = self.begin()?;
        let change = replace(&batch.tx, companies, listings_known, now).at(batch.path, doing)?;
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
    db.execute_batch(queries::TEMP_UNIVERSE)?;
    let mut company = db.prepare(queries::INCOMING_COMPANY)?;
    let mut listing = db.prepare(queries::INCOMING_LISTING)?;
    for row in companies {
        let primary = row.listings.first();
        let fresh = company.execute((
            row.cik,
            &row.name,
            primary.map(|listing| &listing.ticker),
            primary.and_then(|listing| listing.exchange.as_ref()),
        ))?;
        if fresh == 0 {
            continue;
        }
        for (position, ListingRow { ticker, exchange }) in (0_i64..).zip(&row.listings) {
            listing.execute((row.cik, ticker, exchange, position))?;
        }
    }
    let incoming: i64 = db.query_row(queries::INCOMING_COUNT, [], |row| row.get(0))?;
    let known: i64 = db.query_row(queries::UNIVERSE_KNOWN, [], |row| row.get(0))?;

    let gone = touched(db, queries::UNIVERSE_DEACTIVATE_COMPANIES)?;
    let mut changed = touched(db, queries::UNIVERSE_DEACTIVATE_LISTINGS)?;
    changed.extend(touched(db, queries::UNIVERSE_PUT_COMPANIES)?);
    changed.extend(touched(db, queries::UNIVERSE_PUT_LISTINGS)?);
    let answer = if listings_known { meta::YES } else { meta::NO };
    db.execute(queries::META_PUT, (meta::LISTINGS_KNOWN, answer))?;
    db.execute(queries::META_PUT, (meta::COMPANIES_SYNCED_AT, time(now)))?;
    if listings_known {
        db.execute(queries::META_PUT, (meta::LISTINGS_SYNCED_AT, time(now)))?;
    }

    let added = incoming - known;
    let updated = changed.difference(&gone).count() as u64;
    let added = u64::try_from(added).expect("what is known is part of what came in");
    Ok(UniverseChange {
        added,
        // Whatever was added changed as well.
        updated: updated - added,
        deactivated: gone.len() as u64,
    })
}

/// Runs a statement that returns the companies it changed.
fn touched(db: &Connection, sql: &'static str) -> rusqlite::Result<HashSet<i64>> {
    let mut statement = db.prepare(sql)?;
    let ciks = statement.query_map([], |row| row.get(0))?;
    ciks.collect()
}

#[cfg(test)]
mod tests {
    use super::super::Reader;
    use super::super::testing::{Sandbox, artifact, at, cik, company, filing};
    use super::*;

    fn change(added: u64, updated: u64, deactivated: u64) -> UniverseChange {
        UniverseChange {
            added,
            updated,
            deactivated,
        }
    }

    const COMPANIES: &str =
        "SELECT cik, name, ticker, exchange, active FROM v_companies ORDER BY cik";
    const LISTINGS: &str = "SELECT * FROM v_listings ORDER BY cik, ticker";

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
        let batch = sandbox.writer.begin().unwrap();
        batch.put_filings(cik(2), &[filing(1)], at(0)).unwrap();
        batch.commit().unwrap();
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
        let tickers = reader.resolve_tickers(&["aaa".to_owned()]).unwrap();
        assert_eq!(tickers.ciks, [cik(4)]);
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
        let batch = sandbox.writer.begin().unwrap();
        for number in [1, 2] {
            batch
                .put_filings(cik(number), &[filing(number)], at(0))
                .unwrap();
            batch
                .put_artifacts(&[artifact(number, number, "a")])
                .unwrap();
            batch.company_checked(cik(number), at(0)).unwrap();
        }
        batch.company_unchecked(cik(2)).unwrap();
        batch.commit().unwrap();
        sandbox.assert_counters();
        let on = |number, exchange| company(number, "Name", &[("TTT", exchange)]);
        for list in [
            vec![on(1, Some("OTC"))],
            vec![on(1, None)],
            vec![on(2, Some("OTC"))],
            vec![on(2, Some("NYSE")), company(1, "One", &[])],
            vec![],
        ] {
            sandbox.writer.put_universe(&list, true, at(1)).unwrap();
            sandbox.assert_counters();
        }
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
