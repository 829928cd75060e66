//! The daily and quarterly master indexes, with the properties measured at EDGAR: headers differ, lines
//! occur twice, a joint filing has a row for each filer, and some rows appear days after their filing date.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::calendar::{is_business_day, plus_days};
use super::changes::LostDay;
use super::filings::{filed_in, released_on};
use super::history;
use super::universe::{SimFiling, SimUniverse};
use crate::edgar::Cik;
use crate::edgar::calendar::quarter;

/// The maximum number of lines that occur twice in the index of a day, as measured on one day.
const MOST_DUPLICATES: usize = 60;

/// `master.YYYYMMDD.idx`; `None` for a day on which EDGAR is closed, for a future day, and for a removed
/// index.
pub(crate) fn daily(universe: &SimUniverse, day: Date) -> Option<Vec<u8>> {
    let lost = universe.changes.of_day(day).is_some();
    if lost || !is_business_day(day) || day > universe.today() {
        return None;
    }
    // Filings that appear today were filed this year or late in the last one.
    let years = [plus_days(day, -30).year(), day.year()];
    let rows = rows(universe, years, |filing| released_on(filing) == day);
    Some(master(day, rows.iter().collect()))
}

/// Formats the master index of a day with these rows.
fn master(day: Date, rows: Vec<&SimIndexRow>) -> Vec<u8> {
    let mut out = format!(
        "Description:           Daily Index of EDGAR Dissemination Feed\n\
         Last Data Received:    {}\n\
         Comments:              webmaster@sec.gov\n\
         Anonymous FTP:         ftp://ftp.sec.gov/edgar/\n \n\
         CIK|Company Name|Form Type|Date Filed|File Name\n{DASHES}\n",
        day.strftime("%b %e, %Y"),
    );
    let mut duplicates = 0;
    for (cik, name, filing) in rows {
        let line = format!(
            "{cik}|{name}|{}|{}|edgar/data/{cik}/{}.txt\n",
            filing.form,
            filing.filed_on.strftime("%Y%m%d"),
            filing.accession
        );
        out.push_str(&line);
        if filing.accession.get().is_multiple_of(4) && duplicates < MOST_DUPLICATES {
            out.push_str(&line);
            duplicates += 1;
        }
    }
    out.into_bytes()
}

/// The quarter's `index.json` in the folder of the daily indexes, in the format of a real one of 2023. EDGAR
/// lists four more files for each day. This one lists only the master indexes, since no other file is
/// served.
pub(crate) fn listing(universe: &SimUniverse, year: i16, number: i8) -> Option<Vec<u8>> {
    let first = first_day(universe, year, number)?;
    let rows = rows(universe, [plus_days(first, -30).year(), year], |filing| {
        let day = released_on(filing);
        day.year() == year && quarter(day) == number
    });
    let mut by_day: BTreeMap<Date, Vec<&SimIndexRow>> = BTreeMap::new();
    for row in &rows {
        by_day.entry(released_on(&row.2)).or_default().push(row);
    }
    let mut items = Vec::new();
    let mut day = first;
    while day <= universe.today() && day.year() == year && quarter(day) == number {
        let unlisted = universe.changes.of_day(day) == Some(LostDay::Unlisted);
        if is_business_day(day) && !unlisted {
            let size = master(day, by_day.remove(&day).unwrap_or_default()).len();
            let name = day.strftime("master.%Y%m%d.idx");
            items.push(format!(
                "{{\"last-modified\":\"{} 10:07:37 PM\",\"name\":\"{name}\",\"type\":\"file\",\
                 \"href\":\"{name}\",\"size\":\"{} KB\"}}",
                day.strftime("%m\\/%d\\/%Y"),
                size.div_ceil(1024),
            ));
        }
        day = plus_days(day, 1);
    }
    let listing = format!(
        "{{\"directory\":{{\"item\":[{}],\"name\":\"daily-index\\/{year}\\/QTR{number}\\/\",\
         \"parent-dir\":\"..\\/\"}}}}",
        items.join(","),
    );
    Some(listing.into_bytes())
}

/// The first day of a quarter; `None` if it is in the future.
fn first_day(universe: &SimUniverse, year: i16, number: i8) -> Option<Date> {
    let month = number.checked_sub(1)?.checked_mul(3)?.checked_add(1)?;
    let first = Date::new(year, month, 1).ok()?;
    (first <= universe.today()).then_some(first)
}

/// `master.idx` of a quarter, without the last newline, as EDGAR sometimes serves it.
pub(crate) fn quarterly(universe: &SimUniverse, year: i16, number: i8) -> Option<Vec<u8>> {
    let first = first_day(universe, year, number)?;
    let last = first.saturating_add(2.months()).last_of_month();
    let mut out = format!(
        "Description:           Master Index of EDGAR Dissemination Feed\n\
         Last Data Received:    {}\n\
         Comments:              webmaster@sec.gov\n\
         Anonymous FTP:         ftp://ftp.sec.gov/edgar/\n\
         Cloud HTTP:            https://www.sec.gov/Archives/\n\n\n\n\n\
         CIK|Company Name|Form Type|Date Filed|Filename\n{DASHES}\n",
        universe.today().min(last).strftime("%B %d, %Y"),
    );
    let today = universe.today();
    // A correction may have moved a filing from another year into this quarter.
    let changed = universe.changes.filings().into_iter().map(filed_in);
    let years = changed.fold([year, year], |[first, last], other| {
        [first.min(other), last.max(other)]
    });
    let rows = rows(universe, years, |filing| {
        let day = filing.filed_on;
        day.year() == year && quarter(day) == number && released_on(filing) <= today
    });
    for (cik, name, filing) in rows {
        writeln!(
            out,
            "{cik}|{name}|{}|{}|edgar/data/{cik}/{}.txt",
            filing.form, filing.filed_on, filing.accession
        )
        .expect("a String takes all");
    }
    out.truncate(out.trim_end().len());
    Some(out.into_bytes())
}

const DASHES: &str =
    "--------------------------------------------------------------------------------";

/// A filing under one of its filers, with the filer's name.
type SimIndexRow = (Cik, String, SimFiling);

/// A row for every filing and filer, sorted by CIK as text.
fn rows(
    universe: &SimUniverse,
    years: [i16; 2],
    listed: impl Fn(&SimFiling) -> bool,
) -> Vec<SimIndexRow> {
    let mut rows = Vec::new();
    for company in universe.companies() {
        let [first, last] = years;
        for year in first..=last {
            let filings = history::year(universe, company.number, year);
            let filings = filings.into_iter().filter(|filing| listed(filing));
            rows.extend(filings.map(|filing| (company.cik, company.name.clone(), filing)));
        }
    }
    rows.sort_by_key(|(cik, _, _)| cik.to_string());
    rows
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::options::Options;
    use super::*;
    use crate::edgar::index::{IndexRow, parse};
    use jiff::civil::date;

    fn universe(today: Date) -> SimUniverse {
        SimUniverse::new(&Options {
            companies: 82,
            today,
            ..Options::default()
        })
    }

    fn read(bytes: &[u8]) -> Vec<IndexRow<'_>> {
        parse(bytes).unwrap().rows().map(Result::unwrap).collect()
    }

    #[test]
    fn the_daily_indexes_add_up_to_what_the_companies_list() {
        let universe = universe(date(2025, 3, 31));
        let (mut listed, mut lines, mut late) = (BTreeSet::new(), 0, 0);
        let mut day = date(2025, 1, 1);
        while day <= universe.today() {
            let bytes = daily(&universe, day).unwrap_or_default();
            assert_eq!(bytes.is_empty(), !is_business_day(day), "{day}");
            let rows = if bytes.is_empty() {
                vec![]
            } else {
                read(&bytes)
            };
            lines += rows.len();
            late += rows.iter().filter(|row| row.filed_on < day).count();
            listed.extend(rows.iter().map(|r| (r.cik, r.accession, r.filed_on)));
            day = plus_days(day, 1);
        }
        assert!(late > 5 && lines > listed.len(), "{late} {lines}");
        let from = date(2025, 1, 10);
        listed.retain(|(_, _, filed_on)| *filed_on >= from);
        let all: BTreeSet<_> = universe
            .companies()
            .flat_map(|company| {
                let filings = universe.filings(company.cik).into_iter();
                let recent = filings.filter(|filing| filing.filed_on >= from);
                recent.map(move |f| (company.cik, f.accession, f.filed_on))
            })
            .collect();
        assert_eq!(listed, all);
        let joint: BTreeSet<_> = all.iter().map(|(_, accession, _)| accession).collect();
        assert!(joint.len() < all.len());
    }

    #[test]
    fn a_quarterly_index_holds_the_quarter() {
        let universe = universe(date(2025, 8, 1));
        let bytes = quarterly(&universe, 2025, 2).unwrap();
        let rows = read(&bytes);
        let quarter = |day: Date| (date(2025, 4, 1)..=date(2025, 6, 30)).contains(&day);
        assert!(rows.iter().all(|row| quarter(row.filed_on)));
        let all = universe.companies().map(|company| {
            let filings = universe.filings(company.cik);
            filings.iter().filter(|f| quarter(f.filed_on)).count()
        });
        assert_eq!(rows.len(), all.sum::<usize>());
        assert_eq!(quarterly(&universe, 2025, 4), None);
        assert_eq!(quarterly(&universe, 2025, 5), None);
        assert_eq!(quarterly(&universe, 2025, i8::MIN), None);
    }
}
