//! Parses EDGAR's master indexes, daily and quarterly: one row for each filing and filer.
//!
//! An index has some lines about the file, the line of column names, a line of dashes, and then the
//! rows `CIK|Company Name|Form Type|Date Filed|Filename`. The number of lines before the rows, blank
//! lines among them and the format of dates (`20200103` in daily, `2025-11-14` in quarterly indexes)
//! have changed over the years. So the parser finds the rows by the dashes and accepts both formats of
//! dates everywhere. Measured on indexes of 1993, 2020 and 2025.
//!
//! The order of rows is not defined. Rows occur twice (60 of 7,989 on one day). A joint filing has a
//! row for each filer. A daily index may list filings that are dated some days, even a year, earlier.

use jiff::civil::Date;
use thiserror::Error;

use super::dates::parse_date;
use super::{Accession, Cik};

/// The dashes must be within this number of lines; measured were 7 to 11.
const HEADER_LINES: usize = 50;

/// The column names in lower case without blanks, because daily indexes have `File Name`.
const COLUMNS: [&str; 5] = ["cik", "companyname", "formtype", "datefiled", "filename"];

/// One filing of one filer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexRow<'a> {
    /// The filer of this row.
    pub cik: Cik,
    /// The exact form type.
    pub form: &'a str,
    /// The filing date, in New York. In a daily index it may be earlier than the day of the index.
    pub filed_on: Date,
    /// The filing of this row.
    pub accession: Accession,
}

/// An invalid row. The other rows of the index are valid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line} of the index: {reason}")]
pub struct BadLine {
    /// The line number in the file, from 1.
    pub line: usize,
    /// Why the row is invalid.
    pub reason: String,
}

/// A file that is not a complete master index.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadIndex {
    /// The line of dashes above the rows is missing.
    #[error("it is not a master index: it has no line of dashes")]
    NoDashes,
    /// The columns differ from the expected ones.
    #[error("its columns are {0:?}, not CIK|Company Name|Form Type|Date Filed|Filename")]
    Columns(String),
    /// The last line is incomplete.
    #[error("it ends in the middle of line {0}")]
    Cut(usize),
}

/// A master index. [`MasterIndex::rows`] parses its rows lazily.
#[derive(Debug, Clone, Copy)]
pub struct MasterIndex<'a> {
    /// The last day with filings in the index, from its header; `None` if the header has no valid day.
    pub received: Option<Date>,
    /// The bytes after the line of dashes.
    rows: &'a [u8],
    /// The line number of the first row, from 1.
    first: usize,
}

/// Checks the header and the end of a master index, daily or quarterly.
///
/// # Errors
///
/// If the columns differ, the dashes are missing, or the file ends within a row. A file that is truncated
/// between two rows cannot be detected.
pub fn parse(bytes: &[u8]) -> Result<MasterIndex<'_>, BadIndex> {
    let mut columns: &[u8] = b"";
    let mut received = None;
    let mut rest = bytes;
    for line in 1..=HEADER_LINES {
        let (current, after) = cut_line(rest).ok_or(BadIndex::NoDashes)?;
        if current.len() >= 10 && current.iter().all(|b| *b == b'-') {
            check_columns(columns)?;
            if after.is_empty() && !bytes.ends_with(b"\n") {
                return Err(BadIndex::Cut(line));
            }
            let index = MasterIndex {
                received,
                rows: after,
                first: line + 1,
            };
            return index.check_end().map(|()| index);
        }
        received = received.or_else(|| received_day(current));
        columns = current;
        rest = after;
    }
    Err(BadIndex::NoDashes)
}

impl<'a> MasterIndex<'a> {
    /// Every row in the order of the file, without blank lines.
    pub fn rows(&self) -> impl Iterator<Item = Result<IndexRow<'a>, BadLine>> + use<'a> {
        let mut rest = self.rows;
        let mut number = self.first;
        std::iter::from_fn(move || {
            loop {
                let (line, after) = cut_line(rest)?;
                let place = number;
                (rest, number) = (after, number + 1);
                if !line.trim_ascii().is_empty() {
                    return Some(read(line).map_err(|reason| BadLine {
                        line: place,
                        reason,
                    }));
                }
            }
        })
    }

    /// Checks that a last line without a newline is a complete row: EDGAR sometimes omits the last newline.
    fn check_end(&self) -> Result<(), BadIndex> {
        let last = self.rows.rsplit(|b| *b == b'\n').next().unwrap_or(b"");
        if last.trim_ascii().is_empty() || read(last).is_ok() {
            return Ok(());
        }
        let lines = self.rows.split(|b| *b == b'\n').count();
        Err(BadIndex::Cut(self.first + lines - 1))
    }
}

/// The first line without its end, and the rest; `None` if there is no line.
fn cut_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    if bytes.is_empty() {
        return None;
    }
    let end = bytes.iter().position(|b| *b == b'\n');
    let (line, rest) = match end {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &b""[..]),
    };
    Some((line.strip_suffix(b"\r").unwrap_or(line), rest))
}

/// The day of a line `Last Data Received:    Jan  3, 2020`. Quarterly indexes have the full name of the
/// month.
fn received_day(line: &[u8]) -> Option<Date> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let text = str::from_utf8(line).ok()?;
    let text = text
        .strip_prefix("Last Data Received:")?
        .to_ascii_lowercase();
    let mut words = text.split([' ', ',']).filter(|word| !word.is_empty());
    let (month, day, year) = (words.next()?, words.next()?, words.next()?);
    let month = (1..)
        .zip(MONTHS)
        .find(|(_, name)| month.starts_with(name))?;
    Date::new(year.parse().ok()?, month.0, day.parse().ok()?).ok()
}

fn check_columns(line: &[u8]) -> Result<(), BadIndex> {
    let text = String::from_utf8_lossy(line);
    let plain: String = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_ascii_lowercase())
        .collect();
    if plain.split('|').eq(COLUMNS) {
        return Ok(());
    }
    Err(BadIndex::Columns(text.chars().take(100).collect()))
}

/// Parses a row from its right end, because the name of a company could contain a `|`.
fn read(line: &[u8]) -> Result<IndexRow<'_>, String> {
    let mut fields = line.rsplitn(4, |b| *b == b'|');
    let mut field = |what: &str| {
        let field = fields.next().ok_or_else(|| format!("it has no {what}"))?;
        std::str::from_utf8(field).map_err(|_| format!("its {what} is no text"))
    };
    let (file, date, form) = (field("file")?.trim(), field("date")?.trim(), field("form")?);
    let cik = fields
        .next()
        .and_then(|rest| rest.split(|b| *b == b'|').next())
        .and_then(|cik| std::str::from_utf8(cik).ok())
        .unwrap_or_default();
    let short = |text: &str| text.chars().take(60).collect::<String>();
    let cik: Cik = cik.trim().parse().map_err(|e| format!("{e}"))?;
    let filed_on = day(date).ok_or_else(|| format!("{:?} is no date", short(date)))?;
    let (folder, accession) = file
        .strip_prefix("edgar/data/")
        .and_then(|rest| rest.strip_suffix(".txt"))
        .and_then(|rest| rest.split_once('/'))
        .ok_or_else(|| format!("{:?} is no submission's path", short(file)))?;
    if folder.parse() != Ok(cik) {
        return Err(format!("{:?} is not a path of CIK {cik}", short(file)));
    }
    Ok(IndexRow {
        cik,
        form: form.trim(),
        filed_on,
        accession: accession.parse().map_err(|e| format!("{e}"))?,
    })
}

/// Parses `20200103` or `2020-01-03`.
fn day(text: &str) -> Option<Date> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return parse_date(text);
    }
    let number = |from, to| text.get(from..to)?.parse::<i16>().ok();
    let small = |from, to| i8::try_from(number(from, to)?).ok();
    Date::new(number(0, 4)?, small(4, 6)?, small(6, 8)?).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};
    use std::io::Read as _;

    use super::super::testing::{captures, mutated};
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    const DAILY: &[u8] = b"Description:           Daily Index of EDGAR Dissemination Feed\n\
        Last Data Received:    Jan  3, 2020\n\
        Comments:              webmaster@sec.gov\n\
        Anonymous FTP:         ftp://ftp.sec.gov/edgar/\n \n\
        CIK|Company Name|Form Type|Date Filed|File Name\n\
        --------------------------------------------------------------------------------\n\
        1000229|EXAMPLE LABORATORIES N V|4|20200103|edgar/data/1000229/0001209191-20-000788.txt\n\
        1000229|EXAMPLE LABORATORIES N V|4|20200103|edgar/data/1000229/0001209191-20-000788.txt\n\
        1001171|EXAMPLE FINANCIAL CORP \\DE\\|10-K/A|20181221|edgar/data/1001171/0001001171-18-000012.txt\n\
        x|BAD|4|20200103|edgar/data/1/0001209191-20-000788.txt\n\
        9984|A|B INC|8-K|20200103|edgar/data/9984/0000009984-20-000002.txt\n";

    fn rows(bytes: &[u8]) -> Vec<Result<IndexRow<'_>, BadLine>> {
        parse(bytes).unwrap().rows().collect()
    }

    fn row(cik: u64, form: &str, filed_on: Date, accession: &str) -> IndexRow<'static> {
        IndexRow {
            cik: Cik::new(cik).unwrap(),
            form: Box::leak(form.to_owned().into_boxed_str()),
            filed_on,
            accession: accession.parse().unwrap(),
        }
    }

    #[test]
    fn a_daily_index_is_read_row_by_row_and_a_bad_one_costs_itself() {
        let day = date(2020, 1, 3);
        let rows = rows(DAILY);
        let first = row(1_000_229, "4", day, "0001209191-20-000788");
        assert_eq!(rows[0], Ok(first));
        assert_eq!(rows[1], Ok(first));
        let back = date(2018, 12, 21);
        assert_eq!(
            rows[2],
            Ok(row(1_001_171, "10-K/A", back, "0001001171-18-000012"))
        );
        assert_eq!(rows[3].as_ref().unwrap_err().line, 11);
        assert_eq!(rows[4], Ok(row(9984, "8-K", day, "0000009984-20-000002")));
        assert_eq!(rows.len(), 5);
    }

    #[test]
    fn a_quarterly_index_has_other_lines_before_it_and_dashes_in_its_dates() {
        let text = "Cloud HTTP: x\n\n\n\n\nCIK|Company Name|Form Type|Date Filed|Filename\r\n\
            ----------\r\n1|A|SC 13G|2025-11-14|edgar/data/1/0001437749-25-035199.txt";
        let expected = row(1, "SC 13G", date(2025, 11, 14), "0001437749-25-035199");
        assert_eq!(rows(text.as_bytes()), [Ok(expected)]);
    }

    #[test]
    fn an_index_that_ends_within_its_dashes_is_cut() {
        let header = "CIK|Company Name|Form Type|Date Filed|Filename\n";
        for dashes in ["-".repeat(80), "-".repeat(55)] {
            let cut = parse(&[header.as_bytes(), dashes.as_bytes()].concat()).map(drop);
            assert_eq!(cut, Err(BadIndex::Cut(2)), "{dashes}");
        }
    }

    #[test]
    fn an_index_without_rows_is_one() {
        let dashes = DAILY.windows(3).position(|w| w == b"--\n").unwrap() + 3;
        assert_eq!(rows(&DAILY[..dashes]), []);
    }

    #[test]
    fn another_header_is_refused() {
        let text = String::from_utf8(DAILY.to_vec()).unwrap();
        let other = text.replace("Date Filed|File Name", "File Name|Date Filed");
        let error = parse(other.as_bytes()).unwrap_err();
        assert!(matches!(error, BadIndex::Columns(_)), "{error}");
        for no_dashes in [text.replace("-----", ""), String::new(), "\n".repeat(60)] {
            assert_eq!(parse(no_dashes.as_bytes()).unwrap_err(), BadIndex::NoDashes);
        }
    }

    #[test]
    fn an_index_that_ends_within_a_row_is_cut() {
        for cut in [1, 5, 30, 60] {
            let bytes = &DAILY[..DAILY.len() - 1 - cut];
            assert_eq!(parse(bytes).unwrap_err(), BadIndex::Cut(12), "{cut}");
        }
        let without_newline = &DAILY[..DAILY.len() - 1];
        assert_eq!(rows(without_newline).len(), 5);
    }

    #[test]
    fn the_captured_indexes_are_read_to_the_last_row() {
        for (name, bytes) in captures("index/daily-index/2020/QTR1") {
            if name != "master.20200103.idx" {
                continue;
            }
            let rows: Vec<_> = parse(&bytes).unwrap().rows().map(Result::unwrap).collect();
            assert_eq!(rows.len(), 7989);
            let different: HashSet<_> = rows
                .iter()
                .map(|r| (r.cik, r.form, r.filed_on, r.accession))
                .collect();
            assert_eq!(rows.len() - different.len(), 60);
            let day = date(2020, 1, 3);
            let late: Vec<_> = rows.iter().filter(|r| r.filed_on != day).collect();
            assert_eq!(late.len(), 154);
            let oldest = late.iter().map(|r| r.filed_on).min();
            assert_eq!(oldest, Some(date(2018, 12, 21)));
        }
        for (_, bytes) in captures("index/full-index/1993/QTR4")
            .into_iter()
            .filter(|(name, _)| name == "master.idx")
        {
            let rows: Vec<_> = parse(&bytes).unwrap().rows().map(Result::unwrap).collect();
            assert!((15..30).contains(&rows.len()), "{}", rows.len());
        }
        for (_, bytes) in captures("index/full-index/2025/QTR4") {
            let mut text = Vec::new();
            flate2::read::GzDecoder::new(&bytes[..])
                .read_to_end(&mut text)
                .unwrap();
            let mut filers: HashMap<_, HashSet<_>> = HashMap::new();
            let mut lines: HashMap<_, u32> = HashMap::new();
            let mut rows = 0;
            for row in parse(&text).unwrap().rows().map(Result::unwrap) {
                filers.entry(row.accession).or_default().insert(row.cik);
                *lines.entry(row.accession).or_default() += 1;
                rows += 1;
            }
            assert_eq!(rows, 275_447);
            assert_eq!(filers.len(), 193_299);
            assert_eq!(filers.values().map(HashSet::len).max(), Some(469));
            // One filing has two forms of the same filer, so two rows with the same CIK.
            assert_eq!(lines.values().filter(|n| **n > 1).count(), 73_000);
            assert_eq!(filers.values().filter(|f| f.len() > 1).count(), 72_999);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>(), spoiled in mutated(DAILY)) {
            for bytes in [bytes, spoiled] {
                if let Ok(index) = parse(&bytes) {
                    let _ = index.rows().count();
                }
            }
        }

        #[test]
        fn a_row_says_what_it_was_made_of(
            cik in 1..=9_999_999_999_u64,
            name in "[ -~]{0,130}",
            form in "[0-9A-Z][0-9A-Z /-]{0,11}[0-9A-Z]",
            number in 0..=999_999_999_999_999_999_u64,
            daily in any::<bool>(),
        ) {
            let accession = Accession::new(number).unwrap();
            let day = date(2024, 2, 29);
            let shown = if daily { "20240229" } else { "2024-02-29" };
            let line = format!("{cik}|{name}|{form}|{shown}|edgar/data/{cik}/{accession}.txt");
            let expected = IndexRow { cik: Cik::new(cik).unwrap(), form: &form, filed_on: day, accession };
            prop_assert_eq!(read(line.as_bytes()), Ok(expected));
        }
    }
}
