//! Renders the company lists and submissions documents as bytes.

use std::fmt::Write as _;
use std::ops::Range;

use jiff::civil::Date;
use serde_json::{Value, json};

use crate::edgar::Cik;

use super::calendar::{is_business_day, plus_days};
use super::documents::clock;
use super::rng::SimRng;
use super::style::{DocumentStyle, style};
use super::universe::{Security, SimCompany, SimFiling, SimListing, SimUniverse};
use super::venue::Venue;

/// `company_tickers_exchange.json`.
pub(crate) fn company_list(universe: &SimUniverse) -> Vec<u8> {
    let mut out = br#"{"fields":["cik","name","ticker","exchange"],"data":["#.to_vec();
    let mut first = true;
    for company in universe.companies() {
        for listing in &company.listings {
            if !first {
                out.push(b',');
            }
            first = false;
            let exchange = listing.venue.sec_label();
            json_onto(
                &mut out,
                &json!([company.cik.get(), company.name, listing.ticker, exchange]),
            );
        }
    }
    out.extend_from_slice(b"]}");
    out
}

fn json_onto(out: &mut Vec<u8>, value: &Value) {
    serde_json::to_writer(out, value).expect("JSON values can be written to memory");
}

/// The columns of a company's rows. EDGAR added two over the years, and some documents are old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Shape {
    /// 14 columns, CIK without padding.
    Of2023,
    /// 15 columns, with `core_type`.
    Of2025,
    /// 16 columns, with `isXBRLNumeric`, null on most rows.
    Of2026,
}

fn shape(cik: Cik) -> Shape {
    match SimRng::of(&[cik.get(), 0x5A9E]).below(10) {
        0 => Shape::Of2023,
        1 | 2 => Shape::Of2025,
        _ => Shape::Of2026,
    }
}

/// The filings that the submissions of a company list.
fn shown(universe: &SimUniverse, cik: Cik) -> Vec<SimFiling> {
    let mut filings = universe.filings(cik);
    if !universe.changes.spares_filings() {
        filings.retain(|filing| !universe.changes.of_filing(filing.accession).hidden);
    }
    filings
}

/// One older page, as `filings.files` lists it.
struct SimPage {
    rows: Range<usize>,
    from: Date,
    to: Date,
}

/// Divides a company's filings into the recent ones and older pages, at filing dates.
fn split(universe: &SimUniverse, filings: &[SimFiling]) -> (usize, Vec<SimPage>) {
    let least = universe.page_rows;
    let date = |row: usize| filings[row].filed_on;
    let whole_date = |mut end: usize| {
        while end > 0 && end < filings.len() && date(end) == date(end - 1) {
            end += 1;
        }
        end
    };
    // `recent` covers at least a year.
    let year_ago = plus_days(universe.today(), -365);
    let of_year = filings.partition_point(|filing| filing.filed_on > year_ago);
    let recent = whole_date(least.max(of_year).min(filings.len()));
    let mut pages = Vec::new();
    let mut start = recent;
    while start < filings.len() {
        let end = whole_date((start + 2 * least).min(filings.len()));
        let (newest, oldest) = (date(start), date(end - 1));
        // The dates are not exact: EDGAR's were seen a day too early and some days too late.
        let to = match filings[start].accession.get() % 4 {
            0 => plus_days(newest, -1),
            1 => plus_days(newest, 5),
            _ => newest,
        };
        let to = to.min(plus_days(date(start - 1), -1));
        pages.push(SimPage {
            rows: start..end,
            from: oldest.min(to),
            to,
        });
        start = end;
    }
    (recent, pages)
}

/// All older pages of a company with their names, newest first.
pub(crate) fn pages(universe: &SimUniverse, cik: Cik) -> Vec<(String, Vec<u8>)> {
    if universe.changes.of_company(cik).removed {
        return Vec::new();
    }
    let filings = shown(universe, cik);
    let (_, pages) = split(universe, &filings);
    let render = |(index, page): (usize, &SimPage)| {
        let mut out = Vec::new();
        columns(universe, cik, &filings[page.rows.clone()], &mut out);
        (page_name(cik, index), out)
    };
    pages.iter().enumerate().map(render).collect()
}

fn page_name(cik: Cik, index: usize) -> String {
    format!("CIK{}-submissions-{:03}.json", cik.padded(), index + 1)
}

/// `CIK##########.json`.
pub(crate) fn submissions(universe: &SimUniverse, cik: Cik) -> Option<Vec<u8>> {
    if universe.changes.of_company(cik).removed {
        return None;
    }
    let company = universe.company_of(cik)?;
    let filings = shown(universe, cik);
    let (recent, pages) = split(universe, &filings);
    let mut out = Vec::with_capacity(2048 + 170 * recent);
    header(&company, &mut out);
    out.extend_from_slice(b",\"filings\":{\"recent\":");
    columns(universe, cik, &filings[..recent], &mut out);
    out.extend_from_slice(b",\"files\":");
    let files: Vec<Value> = pages
        .iter()
        .enumerate()
        .map(|(index, page)| {
            json!({
                "name": page_name(cik, index),
                "filingCount": page.rows.len(),
                "filingFrom": page.from.to_string(),
                "filingTo": page.to.to_string(),
            })
        })
        .collect();
    json_onto(&mut out, &Value::Array(files));
    out.extend_from_slice(b"}}");
    Some(out)
}

/// An older page. `index` 0 is the newest.
pub(crate) fn page(universe: &SimUniverse, cik: Cik, index: usize) -> Option<Vec<u8>> {
    if universe.changes.of_company(cik).removed {
        return None;
    }
    let filings = shown(universe, cik);
    let (_, pages) = split(universe, &filings);
    let rows = pages.get(index)?.rows.clone();
    let mut out = Vec::with_capacity(170 * rows.len());
    columns(universe, cik, &filings[rows], &mut out);
    Some(out)
}

/// The document before `filings`, without the closing brace.
fn header(company: &SimCompany, out: &mut Vec<u8>) {
    let cik = company.cik;
    let shape = shape(cik);
    let mut rng = SimRng::of(&[cik.get(), 0x4EAD]);
    let tickers: Vec<_> = company.listings.iter().map(|l| l.ticker.as_str()).collect();
    let exchanges: Vec<_> = company
        .listings
        .iter()
        .map(|l| l.venue.sec_label())
        .collect();
    let address = json!({
        "street1": "1 MAIN STREET", "street2": null, "city": "WILMINGTON",
        "stateOrCountry": "DE", "zipCode": "19801", "stateOrCountryDescription": "DE",
        "isForeignLocation": if rng.chance(1, 2) { Value::Null } else { json!(0) },
        "foreignStateTerritory": null, "country": null, "countryCode": null,
    });
    let former = if rng.chance(1, 2) {
        json!([])
    } else {
        json!([{"name": "OLD NAME & SONS INC", "from": "2010-01-04T05:00:00.000Z",
                "to": "2008-05-06T04:00:00.000Z"}])
    };
    let number = if shape == Shape::Of2023 {
        cik.to_string()
    } else {
        cik.padded().to_string()
    };
    let mut fields = vec![
        ("cik", json!(number)),
        (
            "entityType",
            json!(rng.pick(&["operating", "operating", "other"])),
        ),
        ("sic", json!(rng.pick(&["7372", "2834", "6022", ""]))),
        ("sicDescription", json!("Services-Prepackaged Software")),
    ];
    if shape >= Shape::Of2025 {
        let owner = if rng.chance(1, 20) {
            Value::Null
        } else {
            json!("06 Technology")
        };
        fields.push(("ownerOrg", owner));
    }
    fields.extend([
        ("insiderTransactionForOwnerExists", json!(0)),
        ("insiderTransactionForIssuerExists", json!(1)),
        ("name", json!(company.name)),
        ("tickers", json!(tickers)),
        ("exchanges", json!(exchanges)),
        ("ein", json!("510100517")),
    ]);
    if shape == Shape::Of2026 {
        fields.push(("lei", Value::Null));
    }
    let category = rng.pick(&[
        "Large accelerated filer",
        "Accelerated filer",
        "Non-accelerated filer<br>Smaller reporting company",
        "",
    ]);
    let year_end = if rng.chance(1, 20) {
        Value::Null
    } else {
        json!("1231")
    };
    fields.extend([
        ("description", json!("")),
        ("website", json!("")),
        ("investorWebsite", json!("")),
        ("category", json!(category)),
        ("fiscalYearEnd", year_end),
        ("stateOfIncorporation", json!("DE")),
        ("stateOfIncorporationDescription", json!("DE")),
        (
            "addresses",
            json!({"mailing": address, "business": address}),
        ),
        ("phone", json!("302-555-0100")),
        ("flags", json!("")),
        ("formerNames", former),
    ]);
    // A map would not keep EDGAR's order.
    for (index, (name, value)) in fields.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"{\"" } else { b",\"" });
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
        json_onto(out, value);
    }
}

/// The acceptance time as EDGAR sends it: always with a `Z`, although it is UTC for some companies and New
/// York time for others.
pub(crate) fn accepted_at(universe: &SimUniverse, cik: Cik, filing: &SimFiling) -> String {
    let mut out = Vec::with_capacity(24);
    accepted_onto(&mut out, in_utc(universe, cik), filing);
    String::from_utf8(out).expect("digits are text")
}

fn in_utc(universe: &SimUniverse, cik: Cik) -> bool {
    SimRng::of(&[universe.seed, cik.get(), 0x07C]).chance(3, 5)
}

fn accepted_onto(out: &mut Vec<u8>, utc: bool, filing: &SimFiling) {
    let filed_on = filing.as_filed.filed_on;
    let (seconds, shift) = match filed_on.year() {
        ..2002 => (0, 0),
        // Summer time, approximately; no test depends on the hour.
        _ => (
            filing.accepted,
            if (4..=10).contains(&filed_on.month()) {
                4
            } else {
                5
            },
        ),
    };
    let (hours, minutes, seconds) = clock(seconds);
    date_onto(out, filed_on);
    out.push(b'T');
    digits(out, u64::from(hours + if utc { shift } else { 0 }), 2);
    out.push(b':');
    digits(out, u64::from(minutes), 2);
    out.push(b':');
    digits(out, u64::from(seconds), 2);
    out.extend_from_slice(b".000Z");
}

/// Appends a number with leading zeros.
fn digits(out: &mut Vec<u8>, mut number: u64, width: usize) {
    let start = out.len();
    out.resize(start + width, b'0');
    for digit in out[start..].iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
}

fn date_onto(out: &mut Vec<u8>, date: Date) {
    digits(out, u64::from(date.year().unsigned_abs()), 4);
    out.push(b'-');
    digits(out, u64::from(date.month().unsigned_abs()), 2);
    out.push(b'-');
    digits(out, u64::from(date.day().unsigned_abs()), 2);
}

/// The rows as a dictionary of columns.
fn columns(universe: &SimUniverse, cik: Cik, rows: &[SimFiling], out: &mut Vec<u8>) {
    let shape = shape(cik);
    let utc = in_utc(universe, cik);
    let mut first = true;
    let mut column = |name: &str, cell: &dyn Fn(&mut Vec<u8>, &SimFiling)| {
        out.extend_from_slice(if first { b"{\"" } else { b",\"" });
        first = false;
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":[");
        for (index, row) in rows.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            cell(out, row);
        }
        out.push(b']');
    };
    column("accessionNumber", &|out, row| {
        let number = row.accession.get();
        out.push(b'"');
        digits(out, number / 100_000_000, 10);
        out.push(b'-');
        digits(out, number / 1_000_000 % 100, 2);
        out.push(b'-');
        digits(out, number % 1_000_000, 6);
        out.push(b'"');
    });
    column("filingDate", &|out, row| {
        out.push(b'"');
        date_onto(out, row.filed_on);
        out.push(b'"');
    });
    column("reportDate", &|out, row| {
        out.push(b'"');
        if let Some(date) = row.report_date {
            date_onto(out, date);
        }
        out.push(b'"');
    });
    column("acceptanceDateTime", &|out, row| {
        out.push(b'"');
        accepted_onto(out, utc, row);
        out.push(b'"');
    });
    column("act", &|out, row| text(out, act(row)));
    column("form", &|out, row| text(out, row.form));
    column("fileNumber", &|out, row| {
        out.push(b'"');
        if !act(row).is_empty() {
            out.extend_from_slice(b"001-");
            digits(out, cik.get() % 100_000, 5);
        }
        out.push(b'"');
    });
    column("filmNumber", &|out, row| {
        out.push(b'"');
        if !act(row).is_empty() {
            digits(out, row.accession.get() % 1_000_000_000, 9);
        }
        out.push(b'"');
    });
    column("items", &|out, row| text(out, row.items));
    if shape >= Shape::Of2025 {
        column("core_type", &|out, row| match style_of(row) {
            DocumentStyle::Inline => text(out, "XBRL"),
            DocumentStyle::Letter => text(out, "LETTER"),
            // Null on a few old rows, such as those of 1995.
            _ if row.filed_on.year() == 1996 && row.accession.get() % 50 == 0 => {
                out.extend_from_slice(b"null");
            }
            _ => text(out, row.form),
        });
    }
    column("size", &|out, row| {
        let _ = write!(TextWriter(out), "{}", row.size);
    });
    column("isXBRL", &|out, row| out.push(b'0' + u8::from(row.is_xbrl)));
    column("isInlineXBRL", &|out, row| {
        out.push(b'0' + u8::from(style_of(row) == DocumentStyle::Inline));
    });
    if shape == Shape::Of2026 {
        column("isXBRLNumeric", &|out, row| {
            let cell: &[u8] = if row.is_xbrl { b"1" } else { b"null" };
            out.extend_from_slice(cell);
        });
    }
    column("primaryDocument", &|out, row| {
        text(out, &row.primary_document);
    });
    column("primaryDocDescription", &|out, row| {
        let described = row.accession.get() % 3 > 0;
        text(out, if described { row.form } else { "" });
    });
    out.push(b'}');
}

fn style_of(row: &SimFiling) -> DocumentStyle {
    style(row.as_filed.form, row.as_filed.filed_on)
}

fn act(row: &SimFiling) -> &'static str {
    match row.form {
        "3" | "4" | "5" | "4/A" | "144" | "UPLOAD" | "CORRESP" => "",
        "S-1" | "S-1/A" | "S-3" | "S-8" | "424B2" | "424B4" | "424B5" | "FWP" | "F-3" => "33",
        "N-CSR" | "N-CSRS" | "NPORT-P" | "N-CEN" | "497" | "N-PX" => "40",
        _ => "34",
    }
}

/// Appends a JSON string of characters that need no escape.
fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// `fmt::Write` for a byte vector.
struct TextWriter<'a>(&'a mut Vec<u8>);

impl std::fmt::Write for TextWriter<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// The name of a security in the Nasdaq Trader files.
fn security_name(company: &SimCompany, listing: &SimListing) -> String {
    let what = match listing.security {
        Security::Common => "Common Stock".to_owned(),
        Security::Class(letter) => format!("Class {letter} Common Stock"),
        Security::Preferred(letter) => format!("Series {letter} Preferred Stock"),
        Security::Warrant => "Warrants".to_owned(),
        Security::Unit => "Units".to_owned(),
        Security::Right => "Rights".to_owned(),
    };
    format!("{} {what}", company.name.replace('|', " "))
}

/// The creation time in a footer: today, a quarter past noon.
fn footer(universe: &SimUniverse, fields: usize) -> String {
    let stamp = universe.today().strftime("%m%d%Y12:15").to_string();
    format!("File Creation Time: {stamp}{}\n", "|".repeat(fields - 1))
}

impl SimUniverse {
    /// Whether a company is in the exchanges' files. Nearly all are.
    pub fn in_symbol_lists(&self, company: &SimCompany) -> bool {
        !unlisted(self, company)
    }
}

/// Whether the exchanges' files lack a listing that the SEC has, as one in a hundred does.
fn unlisted(universe: &SimUniverse, company: &SimCompany) -> bool {
    SimRng::of(&[universe.seed, company.cik.get(), 0x0FF]).chance(1, 100)
}

/// `nasdaqlisted.txt`.
pub(crate) fn nasdaq_listed(universe: &SimUniverse) -> Vec<u8> {
    let mut rows = Vec::new();
    for company in universe.companies() {
        // The exchange's file has a new listing before the SEC knows its exchange.
        let of_nasdaq =
            |listing: &&SimListing| matches!(listing.venue, Venue::Nasdaq | Venue::Unknown);
        if unlisted(universe, &company) {
            continue;
        }
        for listing in company.listings.iter().filter(of_nasdaq) {
            let name = security_name(&company, listing);
            let market = ["Q", "G", "S"][(company.number % 3) as usize];
            rows.push(format!("{}|{name}|{market}|N|N|100|N|N", listing.ticker));
        }
    }
    for n in 0..universe.len() / 12 + 2 {
        let (a, b) = (letter(n / 26), letter(n % 26));
        rows.push(format!("QF{a}{b}|Synthetic {a}{b} Index ETF|G|N|N|100|Y|N"));
    }
    // Test issues: the ETF field is empty.
    for symbol in ["ZVZZT", "ZWZZT", "ZXZZT"] {
        rows.push(format!("{symbol}|Nasdaq TEST STOCK|G|Y|N|100||N"));
    }
    rows.sort_unstable();
    let mut out = String::from(
        "Symbol|Security Name|Market Category|Test Issue|Financial Status|Round Lot Size|ETF|NextShares\n",
    );
    for row in rows {
        let _ = writeln!(out, "{row}");
    }
    out.push_str(&footer(universe, 8));
    out.into_bytes()
}

/// The symbol of a listing in the three formats of otherlisted.txt: ACT, CQS and Nasdaq.
fn dialects(listing: &SimListing) -> (String, String, String) {
    let root = &listing.root;
    match listing.security {
        Security::Common => (root.clone(), root.clone(), root.clone()),
        Security::Class(c) => {
            let dotted = format!("{root}.{c}");
            (dotted.clone(), dotted.clone(), dotted)
        }
        Security::Preferred(c) => (
            format!("{root}${c}"),
            format!("{root}p{c}"),
            format!("{root}-{c}"),
        ),
        Security::Warrant => (
            format!("{root}.W"),
            format!("{root}.WS"),
            format!("{root}+"),
        ),
        Security::Unit => (format!("{root}.U"), format!("{root}.U"), format!("{root}=")),
        Security::Right => (format!("{root}.R"), format!("{root}r"), format!("{root}^")),
    }
}

fn letter(n: u32) -> char {
    char::from(b'A' + u8::try_from(n % 26).unwrap_or(0))
}

/// `otherlisted.txt`. As in the real file, the footer has one field less than the rows.
pub(crate) fn other_listed(universe: &SimUniverse) -> Vec<u8> {
    let mut rows = Vec::new();
    for company in universe.companies() {
        if unlisted(universe, &company) {
            continue;
        }
        for listing in &company.listings {
            let Some(code) = listing.venue.other_listed_code() else {
                continue;
            };
            let name = security_name(&company, listing);
            let (act, cqs, nasdaq) = dialects(listing);
            rows.push(format!("{act}|{name}|{code}|{cqs}|N|100|N|{nasdaq}"));
        }
    }
    for n in 0..universe.len() / 3 + 4 {
        let (a, b) = (letter(n / 26), letter(n % 26));
        let code = if n % 3 == 0 { 'Z' } else { 'P' };
        rows.push(format!(
            "XT{a}{b}|Synthetic {a}{b} Trust ETF|{code}|XT{a}{b}|Y|100|N|XT{a}{b}"
        ));
    }
    for (symbol, code) in [("ZTEST", 'N'), ("ZBZZT", 'Z'), ("ZXIET", 'V')] {
        rows.push(format!(
            "{symbol}|Test Company Test Symbol|{code}|{symbol}|N|100|Y|{symbol}"
        ));
    }
    rows.sort_unstable();
    let mut out = String::from(
        "ACT Symbol|Security Name|Exchange|CQS Symbol|ETF|Round Lot Size|Test Issue|NASDAQ Symbol\n",
    );
    for row in rows {
        let _ = writeln!(out, "{row}");
    }
    out.push_str(&footer(universe, 7));
    out.into_bytes()
}

/// Whether EDGAR accepts filings on a day and publishes its index.
pub fn is_filing_day(date: Date) -> bool {
    is_business_day(date)
}

#[cfg(test)]
mod tests {
    use super::super::options::Options;
    use super::super::universe::SimCompanyKind;
    use super::*;
    use jiff::civil::date;
    use std::collections::{HashMap, HashSet};

    fn universe(page_rows: usize) -> SimUniverse {
        SimUniverse::new(&Options {
            companies: 100,
            page_rows,
            today: date(2025, 8, 1),
            ..Options::default()
        })
    }

    fn rows(page: &Value) -> Vec<(String, String, String)> {
        let cell = |column: &str, index: usize| page[column][index].as_str().unwrap().to_owned();
        let count = page["form"].as_array().unwrap().len();
        for (name, column) in page.as_object().unwrap() {
            assert_eq!(column.as_array().unwrap().len(), count, "{name}");
        }
        (0..count)
            .map(|i| {
                (
                    cell("accessionNumber", i),
                    cell("filingDate", i),
                    cell("primaryDocument", i),
                )
            })
            .collect()
    }

    #[test]
    fn recent_and_pages_together_hold_every_filing_once_newest_first() {
        let universe = universe(100);
        let mut paged = 0;
        for company in universe.companies() {
            let cik = company.cik;
            let json: Value =
                serde_json::from_slice(&submissions(&universe, cik).unwrap()).unwrap();
            let mut all = rows(&json["filings"]["recent"]);
            let files = json["filings"]["files"].as_array().unwrap();
            paged += usize::from(!files.is_empty());
            for (index, file) in files.iter().enumerate() {
                assert_eq!(file["name"], page_name(cik, index));
                let older: Value =
                    serde_json::from_slice(&page(&universe, cik, index).unwrap()).unwrap();
                let older = rows(&older);
                assert_eq!(file["filingCount"], older.len());
                assert!(
                    older[0].1 < all.last().unwrap().1,
                    "whole dates, no overlap"
                );
                assert!(file["filingTo"].as_str() < Some(&all.last().unwrap().1));
                all.extend(older);
            }
            assert!(page(&universe, cik, files.len()).is_none());
            assert!(all.iter().is_sorted_by(|a, b| a.1 >= b.1));
            let expected: Vec<_> = universe
                .filings(cik)
                .into_iter()
                .map(|f| {
                    (
                        f.accession.to_string(),
                        f.filed_on.to_string(),
                        f.primary_document,
                    )
                })
                .collect();
            assert_eq!(all, expected);
        }
        assert!(paged > 10, "{paged}");
    }

    #[test]
    fn all_three_shapes_and_both_time_variants_occur() {
        let universe = universe(1000);
        let shapes: HashSet<usize> = universe
            .companies()
            .map(|company| {
                let json: Value =
                    serde_json::from_slice(&submissions(&universe, company.cik).unwrap()).unwrap();
                json["filings"]["recent"].as_object().unwrap().len()
            })
            .collect();
        assert_eq!(shapes, HashSet::from([14, 15, 16]));
        let utc: HashSet<_> = universe
            .companies()
            .map(|company| in_utc(&universe, company.cik))
            .collect();
        assert_eq!(utc.len(), 2);
    }

    #[test]
    fn an_accession_is_one_filing_under_all_of_its_filers() {
        let universe = universe(1000);
        let mut seen: HashMap<_, (SimFiling, HashSet<Cik>)> = HashMap::new();
        for company in universe.companies() {
            let mut own = HashSet::new();
            for filing in universe.filings(company.cik) {
                assert!(own.insert(filing.accession), "twice in one document");
                let found = universe.filing(company.cik, filing.accession);
                assert_eq!(found.as_ref(), Some(&filing));
                let (same, ciks) = seen
                    .entry(filing.accession)
                    .or_insert_with(|| (filing.clone(), HashSet::new()));
                assert_eq!(*same, filing);
                ciks.insert(company.cik);
            }
        }
        let mut sizes = HashSet::new();
        for (filing, ciks) in seen.values() {
            assert_eq!(ciks, &universe.filers(filing).into_iter().collect());
            sizes.insert(ciks.len());
        }
        assert_eq!(sizes, HashSet::from([1, 2, 3]));
    }

    #[test]
    fn what_a_company_files_follows_its_kind() {
        let universe = universe(1000);
        for company in universe.companies() {
            let filings = universe.filings(company.cik);
            let reports = filings
                .iter()
                .filter(|f| {
                    f.form.starts_with("10-") || f.form.starts_with("20-F") || f.form == "40-F"
                })
                .count();
            match company.kind {
                SimCompanyKind::Silent => assert!(filings.is_empty()),
                SimCompanyKind::NewlyListed
                | SimCompanyKind::FilesUnderParent
                | SimCompanyKind::Fund => {
                    assert_eq!(reports, 0, "{company:?}");
                    assert!(!filings.is_empty(), "{company:?}");
                }
                _ => assert!(reports > 0, "{company:?}"),
            }
        }
    }

    #[test]
    fn a_later_day_only_adds_filings() {
        let universe = universe(1000);
        let cik = universe.cik(7);
        let before = universe.filings(cik);
        universe.set_today(date(2026, 2, 27));
        let after = universe.filings(cik);
        assert!(after.len() > before.len());
        assert_eq!(after[after.len() - before.len()..], before);
    }

    #[test]
    fn every_national_listing_finds_its_row_in_the_exchanges_files() {
        let universe = universe(1000);
        let other = String::from_utf8(other_listed(&universe)).unwrap();
        let nasdaq = String::from_utf8(nasdaq_listed(&universe)).unwrap();
        assert!(other.ends_with("File Creation Time: 0801202512:15||||||\n"));
        assert!(nasdaq.ends_with("File Creation Time: 0801202512:15|||||||\n"));
        for line in other
            .lines()
            .chain(nasdaq.lines())
            .filter(|l| !l.contains("Time:"))
        {
            assert_eq!(line.split('|').count(), 8, "{line}");
        }
        for company in universe.companies() {
            if unlisted(&universe, &company) {
                continue;
            }
            for listing in &company.listings {
                let (file, symbol) = match listing.venue {
                    Venue::Nasdaq => (&nasdaq, listing.ticker.clone()),
                    Venue::Otc | Venue::Unknown => continue,
                    _ => (&other, dialects(listing).0),
                };
                assert!(file.contains(&format!("\n{symbol}|")), "{listing:?}");
            }
        }
    }

    #[test]
    fn the_company_list_has_the_shape_of_the_wire() {
        let universe = universe(1000);
        let bytes = company_list(&universe);
        assert!(bytes.starts_with(br#"{"fields":["cik","name","ticker","exchange"],"data":[["#));
        let list: Value = serde_json::from_slice(&bytes).unwrap();
        let rows: usize = universe.companies().map(|c| c.listings.len()).sum();
        assert_eq!(list["data"].as_array().unwrap().len(), rows);
    }
}
