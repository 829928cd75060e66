//! What a client sees of each change, and what the data of the simulator has of each change.

use std::collections::BTreeSet;

use jiff::civil::date;
use serde_json::Value;

use super::super::filings::released_on;
use super::super::http::HttpAnswer;
use super::super::options::Options;
use super::super::{is_filing_day, routes};
use super::*;
use crate::edgar::index::parse;

fn universe_with(joint_filers: u32) -> SimUniverse {
    SimUniverse::new(&Options {
        companies: 50,
        today: date(2025, 8, 1),
        page_rows: 20,
        document_scale: 0.001,
        joint_filers,
        ..Options::default()
    })
}

fn universe() -> SimUniverse {
    universe_with(0)
}

/// A parent's latest annual report with a subsidiary, released on its day.
fn joint_report(universe: &SimUniverse) -> SimFiling {
    let mut filings = universe.filings(universe.cik(10)).into_iter();
    filings
        .find(|filing| filing.form == "10-K" && released_on(filing) == filing.filed_on)
        .unwrap()
}

fn text(answer: &HttpAnswer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

fn json(universe: &SimUniverse, path: &str) -> Value {
    let answer = routes::answer(universe, path);
    assert_eq!(answer.status, 200, "{path}");
    serde_json::from_slice(&answer.body).unwrap()
}

/// Form, date and size of a filing in a company's submissions, older pages included.
fn row(universe: &SimUniverse, cik: Cik, accession: Accession) -> Option<(String, String, u64)> {
    let path = format!("/submissions/CIK{}.json", cik.padded());
    let document = json(universe, &path);
    let mut pages = vec![document["filings"]["recent"].clone()];
    for file in document["filings"]["files"].as_array().unwrap() {
        let name = file["name"].as_str().unwrap();
        pages.push(json(universe, &format!("/submissions/{name}")));
    }
    pages.iter().find_map(|page| {
        let numbers = page["accessionNumber"].as_array().unwrap();
        let at = numbers.iter().position(|n| *n == accession.to_string())?;
        let cell = |column: &str| page[column][at].as_str().unwrap().to_owned();
        let size = page["size"][at].as_u64().unwrap();
        Some((cell("form"), cell("filingDate"), size))
    })
}

fn master(day: Date) -> String {
    let quarter = (day.month() + 2) / 3;
    format!(
        "/Archives/edgar/daily-index/{}/QTR{quarter}/{}",
        day.year(),
        day.strftime("master.%Y%m%d.idx")
    )
}

/// Form and date of a filing in an index, for each filer.
fn indexed(universe: &SimUniverse, path: &str, accession: Accession) -> Vec<(String, Date)> {
    let answer = routes::answer(universe, path);
    assert_eq!(answer.status, 200, "{path}");
    let index = parse(&answer.body).unwrap();
    let rows = index.rows().map(Result::unwrap);
    let rows: BTreeSet<_> = rows
        .filter(|row| row.accession == accession)
        .map(|row| (row.cik, row.form.to_owned(), row.filed_on))
        .collect();
    rows.into_iter().map(|(_, form, day)| (form, day)).collect()
}

fn file(universe: &SimUniverse, filing: &SimFiling, name: &str) -> HttpAnswer {
    let cik = universe.filers(filing)[0];
    let folder = filing.accession.bare();
    routes::answer(
        universe,
        &format!("/Archives/edgar/data/{cik}/{folder}/{name}"),
    )
}

#[test]
fn the_listing_of_a_quarter_has_the_days_that_are_served() {
    let universe = universe();
    let path = |n: i8| format!("/Archives/edgar/daily-index/2025/QTR{n}/index.json");
    for (quarter, first) in [(2, date(2025, 4, 1)), (3, date(2025, 7, 1))] {
        let answer = routes::answer(&universe, &path(quarter));
        assert!(text(&answer).contains(r#""last-modified":"0"#));
        assert!(text(&answer).contains(r"\/2025 10:07:37 PM"));
        let listing = json(&universe, &path(quarter));
        let directory = &listing["directory"];
        assert_eq!(
            directory["name"],
            format!("daily-index/2025/QTR{quarter}/").as_str()
        );
        assert_eq!(directory["parent-dir"], "../");
        let mut listed = directory["item"].as_array().unwrap().iter();
        let mut day = first;
        while (day.month() - 1) / 3 + 1 == quarter {
            let served = routes::answer(&universe, &master(day));
            if served.status == 200 {
                let item = listed.next().unwrap();
                let name = day.strftime("master.%Y%m%d.idx").to_string();
                assert_eq!(item["name"], name.as_str());
                assert_eq!(item["href"], name.as_str());
                assert_eq!(item["type"], "file");
                let size = format!("{} KB", served.body.len().div_ceil(1024));
                assert_eq!(item["size"], size.as_str(), "{day}");
            }
            day = day.tomorrow().unwrap();
        }
        assert_eq!(listed.next(), None);
    }
    for quarter in [0, 4, 5] {
        assert_eq!(routes::answer(&universe, &path(quarter)).status, 403);
    }
}

#[test]
fn a_lost_day_is_denied_until_it_is_restored() {
    let universe = universe();
    let day = date(2025, 5, 14);
    assert!(is_filing_day(day));
    let listing = "/Archives/edgar/daily-index/2025/QTR2/index.json";
    let before = routes::answer(&universe, &master(day)).body;
    for (how, listed) in [(LostDay::Listed, true), (LostDay::Unlisted, false)] {
        universe.lose_day(day, how);
        let answer = routes::answer(&universe, &master(day));
        assert_eq!(answer.status, 403);
        assert!(text(&answer).contains("AccessDenied"));
        let items = text(&routes::answer(&universe, listing));
        assert_eq!(items.contains("20250514"), listed);
        assert!(items.contains("20250515"));
    }
    universe.restore_day(day);
    assert!(routes::answer(&universe, &master(day)).body == before);
    assert!(text(&routes::answer(&universe, listing)).contains("20250514"));
}

#[test]
fn a_delisted_company_leaves_the_lists_and_keeps_its_filings() {
    let universe = universe();
    let companies: Vec<_> = universe.companies().collect();
    let lists = [
        "/files/company_tickers_exchange.json",
        "/dynamic/symdir/nasdaqlisted.txt",
        "/dynamic/symdir/otherlisted.txt",
    ];
    let bodies = || lists.map(|path| text(&routes::answer(&universe, path)));
    let before = bodies();
    for venue in [Venue::Nasdaq, Venue::Nyse] {
        let on_it = |company: &&_| -> bool {
            let company: &super::super::SimCompany = company;
            company.listings[0].venue == venue && universe.in_symbol_lists(company)
        };
        let company = companies.iter().find(on_it).unwrap();
        let filings = universe.filings(company.cik);
        universe.delist(company.cik);
        let after = bodies();
        let row = format!("[{},", company.cik);
        assert!(before[0].contains(&row) && !after[0].contains(&row));
        let symbol = format!("\n{}|", company.listings[0].ticker);
        let file = if venue == Venue::Nasdaq { 1 } else { 2 };
        assert!(before[file].contains(&symbol) && !after[file].contains(&symbol));
        let path = format!("/submissions/CIK{}.json", company.cik.padded());
        let document = json(&universe, &path);
        assert_eq!(document["tickers"], serde_json::json!([]));
        assert_eq!(document["exchanges"], serde_json::json!([]));
        assert_eq!(universe.filings(company.cik), filings);
        universe.relist(company.cik);
        assert_eq!(bodies(), before);
    }
}

#[test]
fn a_company_that_moves_is_in_the_lists_of_its_new_exchange() {
    let universe = universe();
    // A company of the New York Stock Exchange with preferred stock or units.
    let company = universe.company(6);
    assert_eq!(company.listings[0].venue, Venue::Nyse);
    let filings = universe.filings(company.cik);
    let list = || json(&universe, "/files/company_tickers_exchange.json");
    let labels = || -> BTreeSet<_> {
        let rows = list()["data"].as_array().unwrap().clone();
        let of_it = rows.into_iter().filter(|r| r[0] == company.cik.get());
        of_it.map(|row| row[3].to_string()).collect()
    };
    let symbol = format!("\n{}|", company.listings[0].ticker);
    let has = |name: &str| {
        let path = format!("/dynamic/symdir/{name}listed.txt");
        text(&routes::answer(&universe, &path)).contains(&symbol)
    };
    for (venue, label, nasdaq, other) in [
        (Venue::Nyse, "\"NYSE\"", false, true),
        (Venue::Nasdaq, "\"Nasdaq\"", true, false),
        (Venue::Otc, "\"OTC\"", false, false),
        (Venue::Cboe, "\"CBOE\"", false, true),
    ] {
        universe.move_to(company.cik, venue);
        assert_eq!(labels(), BTreeSet::from([label.to_owned()]));
        assert_eq!((has("nasdaq"), has("other")), (nasdaq, other), "{venue:?}");
    }
    assert_eq!(universe.filings(company.cik), filings);
    universe.move_to(company.cik, Venue::Nyse);
    assert_eq!(universe.company(6), company);
}

#[test]
fn what_is_removed_is_denied_while_the_lists_have_it() {
    let universe = universe();
    let filing = joint_report(&universe);
    let accession = filing.accession;
    let names: Vec<_> = universe
        .documents(&filing)
        .into_iter()
        .filter_map(|document| document.name)
        .collect();
    let whole = format!("{accession}.txt");
    let status = |name: &str| file(&universe, &filing, name).status;
    universe.remove_document(accession, &names[0]);
    let answer = file(&universe, &filing, &names[0]);
    assert_eq!(answer.status, 403);
    assert!(text(&answer).contains("AccessDenied"));
    assert_eq!((status(&names[1]), status(&whole)), (200, 200));
    universe.remove_filing(accession);
    for name in [&names[1], &whole, &"index.json".to_owned()] {
        assert_eq!(status(name), 403, "{name}");
    }
    let day = master(filing.filed_on);
    assert_eq!(indexed(&universe, &day, accession).len(), 2);
    for cik in universe.filers(&filing) {
        assert!(row(&universe, cik, accession).is_some());
        // The path of the indexes, too.
        let path = format!("/Archives/edgar/data/{cik}/{whole}");
        assert_eq!(routes::answer(&universe, &path).status, 403);
    }
    universe.restore_filing(accession);
    assert_eq!((status(&names[0]), status(&whole)), (200, 200));
}

#[test]
fn a_removed_company_has_no_submissions() {
    let universe = universe();
    // A giant, which has older pages.
    let cik = universe.cik(7);
    let paths =
        ["", "-submissions-001"].map(|page| format!("/submissions/CIK{}{page}.json", cik.padded()));
    universe.remove_company(cik);
    for path in &paths {
        let answer = routes::answer(&universe, path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(text(&answer).contains("NoSuchKey"));
    }
    let list = routes::answer(&universe, "/files/company_tickers_exchange.json");
    assert!(text(&list).contains(&format!("[{cik},")));
    universe.restore_company(cik);
    for path in &paths {
        assert_eq!(routes::answer(&universe, path).status, 200, "{path}");
    }
}

#[test]
fn a_correction_shows_under_every_filer_and_in_the_indexes() {
    let universe = universe();
    let filing = joint_report(&universe);
    let accession = filing.accession;
    let bytes = universe.submission_text(&filing);
    let day = master(filing.filed_on);
    let old = universe.row(universe.cik(10), &filing);
    // The year before, which is in another quarter's index.
    let corrected = date(filing.filed_on.year() - 1, 12, 29);
    universe.correct(accession, Some("10-K/A"), None);
    universe.correct(accession, None, Some(corrected));
    let filers = universe.filers(&filing);
    for cik in &filers {
        let (form, filed_on, size) = row(&universe, *cik, accession).unwrap();
        assert_eq!(form, "10-K/A");
        assert_eq!(filed_on, corrected.to_string());
        assert_eq!(size, filing.size);
        let filings = universe.filings(*cik);
        assert!(filings.is_sorted_by(|a, b| a.filed_on >= b.filed_on));
        let found = universe.filing(*cik, accession).unwrap();
        assert_eq!((found.form, found.filed_on), ("10-K/A", corrected));
    }
    let shown = vec![("10-K/A".to_owned(), corrected); filers.len()];
    assert_eq!(indexed(&universe, &day, accession), shown);
    let quarterly =
        |year: i16, n: i8| format!("/Archives/edgar/full-index/{year}/QTR{n}/master.idx");
    let path = quarterly(corrected.year(), 4);
    assert_eq!(indexed(&universe, &path, accession), shown);
    let path = quarterly(filing.filed_on.year(), (filing.filed_on.month() + 2) / 3);
    assert_eq!(indexed(&universe, &path, accession), []);
    // The files and the acceptance are those that were filed.
    let now = universe.filing(filers[0], accession).unwrap();
    assert!(universe.submission_text(&now) == bytes);
    assert_eq!(universe.row(filers[0], &now).accepted_at, old.accepted_at);
}

#[test]
fn a_hidden_filing_is_in_the_index_and_not_in_the_submissions() {
    let universe = universe();
    let filing = joint_report(&universe);
    let accession = filing.accession;
    let filers = universe.filers(&filing);
    let shown = || {
        filers
            .iter()
            .filter(|cik| row(&universe, **cik, accession).is_some())
    };
    assert_eq!(shown().count(), 2);
    universe.hide_from_submissions(accession);
    assert_eq!(shown().count(), 0);
    let day = master(filing.filed_on);
    assert_eq!(indexed(&universe, &day, accession).len(), 2);
    let whole = format!("{accession}.txt");
    assert_eq!(file(&universe, &filing, &whole).status, 200);
    universe.reveal(accession);
    assert_eq!(shown().count(), 2);
}

#[test]
fn a_submission_comes_back_without_a_document_or_with_other_bytes() {
    let universe = universe();
    let mut seen = BTreeSet::new();
    for number in [1, 10, 20, 24, 27] {
        let cik = universe.cik(number);
        for filing in universe.filings(cik) {
            // One of each form and year: texts, HTML, XML, PDF and graphics, named and nameless.
            if !seen.insert((filing.form, filing.filed_on.year())) {
                continue;
            }
            let accession = filing.accession;
            let whole = format!("{accession}.txt");
            let before = universe.documents(&filing);
            let tag = file(&universe, &filing, &whole)
                .header("etag")
                .unwrap()
                .to_owned();
            let altered = before[0].sequence;
            universe.change_submission(accession, SubmissionChange::Alter(altered));
            let dropped = before.get(1).map(|document| document.sequence);
            if let Some(sequence) = dropped {
                universe.change_submission(accession, SubmissionChange::Drop(sequence));
            }
            let now = universe.filing(cik, accession).unwrap();
            let answer = file(&universe, &now, &whole);
            assert_eq!(answer.body.len() as u64, now.size, "{filing:?}");
            assert_ne!(answer.header("etag"), Some(tag.as_str()));
            let after = universe.documents(&now);
            assert_eq!(after.len(), before.len() - usize::from(dropped.is_some()));
            assert_ne!(after[0].bytes, before[0].bytes);
            assert_eq!(after[1..], before[before.len().min(2)..]);
            // An earlier copy of the row leads to the same bytes.
            assert!(universe.submission_text(&filing) == answer.body);
            for (document, status) in [(before.first(), 200), (before.get(1), 403)] {
                if let Some(name) = document.and_then(|document| document.name.as_deref()) {
                    assert_eq!(file(&universe, &now, name).status, status, "{name}");
                }
            }
        }
    }
    assert!(seen.len() > 50, "{}", seen.len());
    let filing = joint_report(&universe);
    for cik in universe.filers(&filing) {
        let (_, _, size) = row(&universe, cik, filing.accession).unwrap();
        assert_eq!(size, universe.submission_text(&filing).len() as u64);
    }
}

#[test]
fn annual_reports_are_joint_filings_of_as_many_as_are_asked_for() {
    let usual = universe();
    for asked in [0, 2, 3, 20, 469] {
        let universe = universe_with(asked);
        let filing = joint_report(&universe);
        let filers = universe.filers(&filing);
        // The parent is the eleventh of fifty.
        assert_eq!(filers.len(), asked.clamp(2, 40) as usize);
        for cik in &filers {
            assert_eq!(
                universe.filing(*cik, filing.accession).as_ref(),
                Some(&filing)
            );
            assert!(universe.filings(*cik).contains(&filing));
        }
        let day = master(filing.filed_on);
        assert_eq!(
            indexed(&universe, &day, filing.accession).len(),
            filers.len()
        );
        for company in universe.companies() {
            let filings = universe.filings(company.cik);
            for filing in &filings {
                let length = universe.submission_text(filing).len();
                assert_eq!(length as u64, filing.size, "{filing:?}");
            }
            if asked <= 2 {
                assert_eq!(filings, usual.filings(company.cik));
            }
        }
    }
    // The most filers seen.
    let universe = SimUniverse::new(&Options {
        companies: 500,
        joint_filers: 469,
        document_scale: 0.001,
        today: date(2025, 8, 1),
        ..Options::default()
    });
    let filing = joint_report(&universe);
    assert_eq!(universe.filers(&filing).len(), 469);
    let length = universe.submission_text(&filing).len();
    assert_eq!(length as u64, filing.size);
}
