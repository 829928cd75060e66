//! The responses to requests without a fault.

use std::fmt::Write as _;

use jiff::civil::Date;
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::tz::TimeZone;
use md5::{Digest as _, Md5};

use crate::edgar::calendar::quarter;
use crate::edgar::{Accession, Cik, submission_name};

use super::calendar::plus_days;
use super::http::HttpAnswer;
use super::rng::{SimRng, key_of};
use super::universe::{SimFiling, SimUniverse};
use super::{error_pages, indexes, render};

const JSON: &str = "application/json";

/// The response to a GET of a path, which is already percent-decoded.
pub(crate) fn answer(universe: &SimUniverse, path: &str) -> HttpAnswer {
    let found = if path == "/files/company_tickers_exchange.json" {
        let modified = at(universe.today(), 3600);
        Some(
            HttpAnswer::new(200, JSON, render::company_list(universe))
                .with("Last-Modified", modified),
        )
    } else if let Some(name) = path.strip_prefix("/submissions/") {
        submissions(universe, name)
    } else if let Some(rest) = path.strip_prefix("/Archives/edgar/data/") {
        archives(universe, rest)
    } else if let Some(rest) = path.strip_prefix("/Archives/edgar/daily-index/") {
        daily_index(universe, rest)
    } else if let Some(rest) = path.strip_prefix("/Archives/edgar/full-index/") {
        quarterly_index(universe, rest)
    } else if let Some(name) = path.strip_prefix("/dynamic/symdir/") {
        listings(universe, name)
    } else {
        None
    };
    found.unwrap_or_else(|| missing(universe, path))
}

/// The response for a missing file, which differs between EDGAR's hosts.
pub(crate) fn missing(universe: &SimUniverse, path: &str) -> HttpAnswer {
    let mut rng = SimRng::of(&[universe.seed, key_of(path)]);
    let xml = "application/xml";
    if path.starts_with("/Archives/") {
        HttpAnswer::new(403, xml, error_pages::access_denied(&mut rng)).plain()
    } else if path.starts_with("/submissions/") {
        HttpAnswer::new(404, xml, error_pages::no_such_key(path, &mut rng)).plain()
    } else {
        HttpAnswer::new(404, "text/html", error_pages::unavailable(rng.number()))
    }
}

/// A submissions document or older page. They have no validators and must not be cached.
fn submissions(universe: &SimUniverse, name: &str) -> Option<HttpAnswer> {
    let rest = name.strip_prefix("CIK")?.strip_suffix(".json")?;
    let (digits, page) = match rest.split_once("-submissions-") {
        None => (rest, None),
        Some((digits, page)) if page.len() == 3 => (digits, Some(number::<usize>(page)?)),
        Some(_) => return None,
    };
    if digits.len() != 10 {
        return None;
    }
    let cik: Cik = digits.parse().ok()?;
    let body = match page {
        None => render::submissions(universe, cik)?,
        Some(page) => render::page(universe, cik, page.checked_sub(1)?)?,
    };
    Some(
        HttpAnswer::new(200, JSON, body)
            .with("Access-Control-Allow-Origin", "*")
            .with("Cache-Control", "max-age=0, no-cache, no-store"),
    )
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// `{cik}/{accession}/{name}`, and `{cik}/{accession}.txt`, the path in the indexes.
fn archives(universe: &SimUniverse, rest: &str) -> Option<HttpAnswer> {
    let (cik, rest) = rest.split_once('/')?;
    let cik = number::<u64>(cik)
        .and_then(Cik::new)
        .filter(|parsed| parsed.to_string() == cik)?;
    let (folder, name) = match rest.split_once('/') {
        Some((folder, name)) if folder.len() == 18 => (folder, name),
        Some(_) => return None,
        None => (rest.strip_suffix(".txt").filter(|a| a.len() == 20)?, rest),
    };
    let accession: Accession = folder.parse().ok()?;
    let filing = universe.filing(cik, accession)?;
    let change = universe.changes.of_filing(accession);
    if change.lacks(name) {
        return None;
    }
    let body = universe.file(&filing, name)?;
    let modified = change.changed_on.unwrap_or(filing.as_filed.filed_on);
    // The `ETag` of a complete submission is its MD5; single documents were served without one.
    let tag = (name == submission_name(accession)).then(|| md5_tag(&body));
    let answer = HttpAnswer::new(200, content_type(name), body)
        .with("Last-Modified", at(modified, accepted(&filing)))
        .with("Accept-Ranges", "bytes");
    Some(match tag {
        Some(tag) => answer.with("ETag", tag),
        None => answer,
    })
}

/// The `ETag` of EDGAR's archives: the MD5 of the content.
fn md5_tag(body: &[u8]) -> String {
    let mut tag = String::from("\"");
    for byte in Md5::digest(body) {
        let _ = write!(tag, "{byte:02x}");
    }
    tag + "-gzip\""
}

/// The acceptance time as seconds of the day in UTC, approximately.
fn accepted(filing: &SimFiling) -> u32 {
    filing.accepted + 4 * 3600
}

/// The content type by the extension, in any case, as at EDGAR.
fn content_type(name: &str) -> &'static str {
    let ending = name.rsplit('.').next().unwrap_or_default();
    // EDGAR renders XML as HTML.
    match ending.to_ascii_lowercase().as_str() {
        "xml" if name.contains('/') => "text/html",
        "htm" | "html" => "text/html",
        "xml" | "xsd" => "application/xml",
        "jpg" => "image/jpeg",
        "pdf" => "application/pdf",
        "json" => JSON,
        _ => "text/plain",
    }
}

/// `{year}/QTR{n}/master.{YYYYMMDD}.idx`, and the quarter's `index.json`.
fn daily_index(universe: &SimUniverse, rest: &str) -> Option<HttpAnswer> {
    let (folder, name) = rest.rsplit_once('/')?;
    if name == "index.json" {
        let (year, quarter) = folder.split_once("/QTR")?;
        let body = indexes::listing(universe, number(year)?, number(quarter)?)?;
        return Some(HttpAnswer::new(200, JSON, body));
    }
    let text = name.strip_prefix("master.")?.strip_suffix(".idx")?;
    let digits = text.len() == 8 && text.is_ascii();
    let part = |from, to| digits.then(|| number::<i16>(&text[from..to])).flatten();
    let small = |from, to| i8::try_from(part(from, to)?).ok();
    let day = Date::new(part(0, 4)?, small(4, 6)?, small(6, 8)?).ok()?;
    let right = folder == format!("{}/QTR{}", day.year(), quarter(day));
    let body = right.then(|| indexes::daily(universe, day)).flatten()?;
    // EDGAR writes it at about 22:00 New York time.
    Some(HttpAnswer::new(200, "text/plain", body).with("Last-Modified", at(day, 27 * 3600)))
}

/// `{year}/QTR{n}/master.idx`.
fn quarterly_index(universe: &SimUniverse, rest: &str) -> Option<HttpAnswer> {
    let (year, quarter) = rest.strip_suffix("/master.idx")?.split_once("/QTR")?;
    let body = indexes::quarterly(universe, number(year)?, number(quarter)?)?;
    Some(HttpAnswer::new(200, "text/plain", body))
}

/// The Nasdaq Trader files, which have an `ETag` and a `Last-Modified`.
fn listings(universe: &SimUniverse, name: &str) -> Option<HttpAnswer> {
    let body = match name {
        "nasdaqlisted.txt" => render::nasdaq_listed(universe),
        "otherlisted.txt" => render::other_listed(universe),
        _ => return None,
    };
    let tag = key_of(&String::from_utf8_lossy(&body));
    Some(
        HttpAnswer::new(200, "text/plain", body)
            .with("Last-Modified", at(universe.today(), 16 * 3600))
            .with("ETag", format!("\"{tag:016x}\"")),
    )
}

/// A time of a day in UTC in HTTP format. Seconds beyond midnight belong to the next day.
pub(crate) fn at(day: Date, seconds: u32) -> String {
    let day = plus_days(day, i64::from(seconds / 86_400));
    TimeZone::UTC
        .to_timestamp(day.to_datetime(jiff::civil::Time::midnight()))
        .ok()
        .and_then(|midnight| {
            let time = jiff::SignedDuration::from_secs(i64::from(seconds % 86_400));
            midnight.checked_add(time).ok()
        })
        .map_or_else(String::new, http_date)
}

/// A time in HTTP format.
pub(crate) fn http_date(time: jiff::Timestamp) -> String {
    DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&time)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::options::Options;
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn universe() -> SimUniverse {
        SimUniverse::new(&Options {
            companies: 50,
            today: date(2025, 8, 1),
            ..Options::default()
        })
    }

    #[test]
    fn times_are_written_as_http_does() {
        assert_eq!(
            at(date(2021, 3, 29), 63_315),
            "Mon, 29 Mar 2021 17:35:15 GMT"
        );
        assert_eq!(
            at(date(2021, 3, 29), 86_401),
            "Tue, 30 Mar 2021 00:00:01 GMT"
        );
    }

    #[test]
    fn each_store_says_in_its_way_that_something_is_missing() {
        let universe = universe();
        for (path, status, word) in [
            (
                "/Archives/edgar/data/1/000000000000000000/a.htm",
                403,
                "AccessDenied",
            ),
            (
                "/Archives/edgar/daily-index/2025/QTR3/master.20250704.idx",
                403,
                "AccessDenied",
            ),
            ("/submissions/CIK0000000001.json", 404, "NoSuchKey"),
            ("/submissions/../x", 404, "NoSuchKey"),
            ("/nowhere", 404, "File Unavailable"),
        ] {
            let answer = answer(&universe, path);
            let body = String::from_utf8(answer.body).unwrap();
            assert_eq!(answer.status, status, "{path}");
            assert!(body.contains(word), "{path}: {body}");
        }
    }

    #[test]
    fn a_filing_is_served_under_each_of_its_filers_and_under_no_one_else() {
        let universe = universe();
        let parent = universe.cik(10);
        let filing = universe
            .filings(parent)
            .into_iter()
            .find(|filing| filing.form == "10-K" && filing.joint > 0)
            .unwrap();
        let text = universe.submission_text(&filing);
        let accession = filing.accession;
        for cik in universe.filers(&filing) {
            for path in [
                format!(
                    "/Archives/edgar/data/{cik}/{}/{accession}.txt",
                    accession.bare()
                ),
                format!("/Archives/edgar/data/{cik}/{accession}.txt"),
            ] {
                let answer = answer(&universe, &path);
                assert_eq!(answer.status, 200, "{path}");
                assert!(answer.body == text, "{path}");
            }
        }
        let stranger = universe.cik(9);
        let path = format!("/Archives/edgar/data/{stranger}/{accession}.txt");
        assert_eq!(answer(&universe, &path).status, 403);
    }

    #[test]
    fn tomorrows_filings_are_not_there_yet() {
        let universe = universe();
        universe.set_today(date(2025, 12, 31));
        let cik = universe.cik(0);
        let filing = universe.filings(cik).remove(0);
        assert!(filing.filed_on > date(2025, 8, 1));
        let path = format!("/Archives/edgar/data/{cik}/{}.txt", filing.accession);
        assert_eq!(answer(&universe, &path).status, 200);
        universe.set_today(date(2025, 8, 1));
        assert_eq!(answer(&universe, &path).status, 403);
    }

    proptest! {
        #[test]
        fn any_path_has_an_answer(rest in "[A-Za-z0-9/._%-]{0,40}", prefix in 0_usize..5) {
            let prefixes = ["/", "/submissions/CIK", "/Archives/edgar/data/", "/files/", "/dynamic/symdir/"];
            let answer = answer(&universe(), &format!("{}{rest}", prefixes[prefix]));
            prop_assert!([200, 403, 404].contains(&answer.status));
        }
    }
}
