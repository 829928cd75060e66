//! Nasdaq Trader's symbol directory: `nasdaqlisted.txt` and `otherlisted.txt`.
//!
//! Pure: bytes in, values out. The files tell what the SEC's company list does not: which of the
//! NYSE exchanges a security is listed on, and which symbols are ETFs or test issues. Measured
//! on the files of 2025-10-20: fields divided by `|`, a header line with names, LF or CRLF, and
//! a last line `File Creation Time: MMDDYYYYHH:MM|||…` (with one field fewer than the data in
//! `otherlisted.txt`). Without that last line a file is cut off and refused. Nasdaq
//! Trader documents the fields at
//! <https://www.nasdaqtrader.com/trader.aspx?id=symboldirdefs>.

use std::collections::HashSet;

use jiff::civil::{Date, DateTime, Time};
use thiserror::Error;

use crate::edgar::company_list::is_ticker;
use crate::exchange::Exchange;

/// Both files: everything listed on a national exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SymbolDirectory {
    /// `nasdaqlisted.txt`.
    pub nasdaq: SymbolFile,
    /// `otherlisted.txt`.
    pub other: SymbolFile,
}

/// One of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SymbolFile {
    /// Its rows, every symbol only once.
    pub rows: Vec<Symbol>,
    /// When it was made, New York time.
    pub created: DateTime,
    /// Rows that were left out, each with the reason.
    pub problems: Vec<String>,
}

/// One listed security.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// The symbol as it stands, such as `BAC$L`.
    pub text: String,
    /// The ticker that the SEC would have for it, such as `BAC-PL`; `None` where it has none.
    pub ticker: Option<String>,
    /// The security's name.
    pub name: String,
    /// Where it is listed; `None` on exchanges that list test issues only (IEX, NYSE Texas).
    pub exchange: Option<Exchange>,
    /// Whether it is an exchange-traded fund or note.
    pub etf: bool,
    /// Whether it is no security at all but a test.
    pub test: bool,
}

impl Symbol {
    /// Whether it is a company's security: no ETF and no test.
    pub fn counts(&self) -> bool {
        !self.etf && !self.test
    }
}

/// A file that cannot be used at all. Each message is a fragment: the caller names the file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadSymbolFile {
    /// Nothing, or nothing but blanks.
    #[error("it is empty; ask for it again")]
    Empty,
    /// A page where data was expected.
    #[error("it is an HTML page, not a symbol list; ask for it again later")]
    Page,
    /// No header line, or that of another file.
    #[error("its first line names no column {0:?}: it is another file, or the format has changed")]
    NoColumn(&'static str),
    /// A file without its last line.
    #[error("it is cut off: the last line is not \"File Creation Time\"; ask for it again")]
    Truncated,
    /// Lines after the last line: two files in one, or lines in disorder.
    #[error("line {line} comes after \"File Creation Time\", the last line; ask for it again")]
    BeyondTheEnd {
        /// Its number, counted from 1.
        line: usize,
    },
    /// A good header, a good end, and nothing useful in between.
    #[error("it holds no usable row; ask for it again later")]
    NoRows,
}

/// Reads `nasdaqlisted.txt`: what is listed on Nasdaq.
///
/// # Errors
///
/// Files that are empty, cut off, in disorder, or something else altogether.
pub fn parse_nasdaq_listed(bytes: &[u8]) -> Result<SymbolFile, BadSymbolFile> {
    parse(
        bytes,
        ["Symbol", "Security Name", "ETF", "Test Issue"],
        |fields| (sec_ticker(fields[0]), Ok(Some(Exchange::Nasdaq))),
    )
}

/// Reads `otherlisted.txt`: what is listed on the other national exchanges.
///
/// # Errors
///
/// Files that are empty, cut off, in disorder, or something else altogether.
pub fn parse_other_listed(bytes: &[u8]) -> Result<SymbolFile, BadSymbolFile> {
    parse(
        bytes,
        [
            "ACT Symbol",
            "Security Name",
            "ETF",
            "Test Issue",
            "Exchange",
            "CQS Symbol",
        ],
        |fields| {
            (
                ticker_of_other(fields[0], fields[5]),
                exchange_of_code(fields[4]),
            )
        },
    )
}

/// Reads a file with these columns. The first four are those that every file has; `refine`
/// gets the fields in the given order and says ticker and exchange.
fn parse<const N: usize>(
    bytes: &[u8],
    columns: [&'static str; N],
    refine: impl Fn([&str; N]) -> (Option<String>, Result<Option<Exchange>, String>),
) -> Result<SymbolFile, BadSymbolFile> {
    // ASCII so far. Should a name bring another encoding, only the name suffers.
    let content = String::from_utf8_lossy(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes));
    if content.trim_start().starts_with('<') {
        return Err(BadSymbolFile::Page);
    }
    let mut lines = content
        .lines()
        .zip(1..)
        .filter(|(line, _)| !line.trim().is_empty());
    let (header, _) = lines.next().ok_or(BadSymbolFile::Empty)?;
    let names: Vec<&str> = header.split('|').map(str::trim).collect();
    let mut places = [0; N];
    for (place, column) in places.iter_mut().zip(columns) {
        *place = names
            .iter()
            .position(|name| *name == column)
            .ok_or(BadSymbolFile::NoColumn(column))?;
    }

    let mut file = SymbolFile {
        rows: Vec::new(),
        created: DateTime::default(),
        problems: Vec::new(),
    };
    let mut seen = HashSet::new();
    let mut created = None;
    for (line, number) in lines {
        if created.is_some() {
            return Err(BadSymbolFile::BeyondTheEnd { line: number });
        }
        if let Some(footer) = line.strip_prefix("File Creation Time:") {
            let time = footer.split('|').next().unwrap_or_default();
            created = Some(creation_time(time.trim()).ok_or(BadSymbolFile::Truncated)?);
            continue;
        }
        let problem = |reason: &str| format!("line {number} is left out: {reason}");
        let fields: Vec<&str> = line.split('|').map(str::trim).collect();
        if fields.len() != names.len() {
            let reason = format!("{} fields where {} are expected", fields.len(), names.len());
            file.problems.push(problem(&reason));
            continue;
        }
        let wanted = places.map(|place| fields[place]);
        let [symbol, name, etf, test, ..] = wanted[..] else {
            unreachable!("every file has at least four columns");
        };
        if symbol.is_empty() || symbol.len() > 20 {
            file.problems.push(problem("it has no valid symbol"));
            continue;
        }
        if !seen.insert(symbol) {
            file.problems
                .push(problem(&format!("{symbol:?} stands there before")));
            continue;
        }
        let (ticker, exchange) = refine(wanted);
        // A test issue has no ETF mark at times, and may be on an exchange of its own.
        let test = test == "Y";
        let exchange = match exchange {
            Ok(exchange) => exchange,
            Err(_) if test => None,
            Err(reason) => {
                file.problems.push(problem(&reason));
                continue;
            }
        };
        file.rows.push(Symbol {
            text: symbol.to_owned(),
            ticker,
            name: name.to_owned(),
            exchange,
            etf: etf == "Y",
            test,
        });
    }
    file.created = created.ok_or(BadSymbolFile::Truncated)?;
    if file.rows.is_empty() {
        return Err(BadSymbolFile::NoRows);
    }
    Ok(file)
}

/// Reads `MMDDYYYYHH:MM`.
fn creation_time(text: &str) -> Option<DateTime> {
    let number = |from: usize, to: usize| {
        let digits = text.get(from..to)?;
        let plain = digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse::<i16>().ok()).flatten()
    };
    let small = |from, to| number(from, to).and_then(|n| i8::try_from(n).ok());
    if text.len() != 13 || text.as_bytes()[10] != b':' {
        return None;
    }
    let date = Date::new(number(4, 8)?, small(0, 2)?, small(2, 4)?).ok()?;
    let time = Time::new(small(8, 10)?, small(11, 13)?, 0, 0).ok()?;
    Some(date.to_datetime(time))
}

/// What Nasdaq Trader's exchange code means.
fn exchange_of_code(code: &str) -> Result<Option<Exchange>, String> {
    match code {
        "A" => Ok(Some(Exchange::NyseAmerican)),
        "N" => Ok(Some(Exchange::Nyse)),
        "P" => Ok(Some(Exchange::NyseArca)),
        "Z" => Ok(Some(Exchange::Cboe)),
        _ => {
            let shown: String = code.chars().take(20).collect();
            Err(format!("its exchange {shown:?} is unknown"))
        }
    }
}

/// The SEC's ticker for a symbol of `otherlisted.txt`, whose CQS symbol tells two things
/// that the ACT symbol hides: `NE.A` with `NE.WS.A` is not a share class but a series of
/// warrants (`NE-WTA`), and `JGH.V` with `JGHrw` is a right traded when issued, for which the
/// SEC has no ticker.
fn ticker_of_other(act: &str, cqs: &str) -> Option<String> {
    if let Some((root, series)) = cqs.split_once(".WS.") {
        return ticker(root, &format!("WT{series}"));
    }
    if cqs.ends_with('w') {
        return None;
    }
    sec_ticker(act)
}

/// The SEC's ticker for a symbol in Nasdaq Trader's (ACT) dialect, if it can have one:
///
/// | ACT | SEC | |
/// |---|---|---|
/// | `BAC$L` | `BAC-PL` | preferred, series L |
/// | `HWM$` | `HWM-P` | preferred |
/// | `AAM.W` | `AAM-WT` | warrant |
/// | `AAM.U` | `AAM-UN` | unit |
/// | `CELG.R` | `CELG-RI` | right |
/// | `BRK.B` | `BRK-B` | share class |
///
/// (Nasdaq Trader's other column has `BAC-L` for the preferred share, which looks like
/// the SEC's `BRK-B` and means something else; so we do not use that column.)
pub fn sec_ticker(symbol: &str) -> Option<String> {
    if let Some((root, series)) = symbol.split_once('$') {
        return ticker(root, &format!("P{series}"));
    }
    let Some((root, suffix)) = symbol.split_once('.') else {
        return is_ticker(symbol).then(|| symbol.to_owned());
    };
    match suffix {
        "W" => ticker(root, "WT"),
        "U" => ticker(root, "UN"),
        "R" => ticker(root, "RI"),
        class => ticker(root, class),
    }
}

fn ticker(root: &str, suffix: &str) -> Option<String> {
    let ticker = format!("{root}-{suffix}");
    is_ticker(&ticker).then_some(ticker)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edgar::testing::{captures, mutated};
    use jiff::civil::date;
    use proptest::prelude::*;
    use std::collections::HashMap;

    const NASDAQ: &str = "Symbol|Security Name|Market Category|Test Issue|Financial Status|Round Lot Size|ETF|NextShares\n\
        ALPH|Alpha Inc. - Common Stock|Q|N|N|100|N|N\n\
        ALFD|Alpha Fund ETF|G|N|N|100|Y|N\n\
        ZTEST|Test|G|Y|N|100||N\n\
        File Creation Time: 0102202612:11|||||||\n";
    const OTHER: &str = "ACT Symbol|Security Name|Exchange|CQS Symbol|ETF|Round Lot Size|Test Issue|NASDAQ Symbol\n\
        BETA|Beta Corp|N|BETA|N|100|N|BETA\n\
        BETA$A|Beta Corp Preferred|N|BETApA|N|100|N|BETA-A\n\
        BETA.A|Beta Corp Tranche 2 Warrants|N|BETA.WS.A|N|100|N|BETA+A\n\
        GAMM|Gamma|A|GAMM|N|10|N|GAMM\n\
        XTEST|Test|V|XTEST|N|100|Y|XTEST\n\
        File Creation Time: 0102202612:11||||||\n";

    #[test]
    fn rows_and_footer_are_read() {
        let file = parse_nasdaq_listed(NASDAQ.as_bytes()).unwrap();
        assert_eq!(file.created, date(2026, 1, 2).at(12, 11, 0, 0));
        assert_eq!(file.problems, Vec::<String>::new());
        let kinds: Vec<_> = file
            .rows
            .iter()
            .map(|r| (r.text.as_str(), r.etf, r.test))
            .collect();
        assert_eq!(
            kinds,
            [
                ("ALPH", false, false),
                ("ALFD", true, false),
                ("ZTEST", false, true)
            ]
        );
        assert_eq!(file.rows[0].name, "Alpha Inc. - Common Stock");
        assert_eq!(file.rows[0].exchange, Some(Exchange::Nasdaq));

        let file = parse_other_listed(OTHER.as_bytes()).unwrap();
        assert_eq!(file.problems, Vec::<String>::new());
        let tickers: Vec<_> = file
            .rows
            .iter()
            .map(|r| (r.ticker.as_deref(), r.exchange))
            .collect();
        assert_eq!(
            tickers,
            [
                (Some("BETA"), Some(Exchange::Nyse)),
                (Some("BETA-PA"), Some(Exchange::Nyse)),
                (Some("BETA-WTA"), Some(Exchange::Nyse)),
                (Some("GAMM"), Some(Exchange::NyseAmerican)),
                (Some("XTEST"), None),
            ]
        );
    }

    #[test]
    fn line_ends_blank_lines_and_column_order_do_not_matter() {
        let plain = parse_other_listed(OTHER.as_bytes()).unwrap();
        let crlf = OTHER.replace('\n', "\r\n") + "\r\n";
        assert_eq!(parse_other_listed(crlf.as_bytes()).unwrap(), plain);
        assert_eq!(
            parse_other_listed(OTHER.trim_end().as_bytes()).unwrap(),
            plain
        );
        let reversed: Vec<String> = OTHER
            .lines()
            .map(|line| {
                if line.starts_with("File") {
                    return line.to_owned();
                }
                line.split('|').rev().collect::<Vec<_>>().join("|")
            })
            .collect();
        assert_eq!(
            parse_other_listed(reversed.join("\n").as_bytes()).unwrap(),
            plain
        );
    }

    #[test]
    fn symbols_become_sec_tickers() {
        for (symbol, ticker) in [
            ("IBM", Some("IBM")),
            ("BAC$L", Some("BAC-PL")),
            ("HWM$", Some("HWM-P")),
            ("BRK.B", Some("BRK-B")),
            ("AAM.W", Some("AAM-WT")),
            ("AAM.U", Some("AAM-UN")),
            ("CELG.R", Some("CELG-RI")),
            ("", None),
            ("$A", None),
            ("A.", None),
            ("A$B.C", None),
            ("a", None),
            ("A B", None),
        ] {
            assert_eq!(sec_ticker(symbol).as_deref(), ticker, "{symbol}");
        }
        assert_eq!(
            ticker_of_other("NE.A", "NE.WS.A").as_deref(),
            Some("NE-WTA")
        );
        assert_eq!(ticker_of_other("MKC.V", "MKC.V").as_deref(), Some("MKC-V"));
        assert_eq!(ticker_of_other("JGH.V", "JGHrw"), None);
    }

    #[test]
    fn damaged_files_are_refused() {
        let twice = OTHER.repeat(2);
        let mut moved: Vec<&str> = OTHER.lines().collect();
        moved.swap(3, 6);
        let moved = moved.join("\n");
        let empty = format!(
            "{}\nFile Creation Time: 0102202612:11||\n",
            OTHER.lines().next().unwrap()
        );
        for (text, error) in [
            ("", BadSymbolFile::Empty),
            ("\r\n \n", BadSymbolFile::Empty),
            ("  <!DOCTYPE html><html>", BadSymbolFile::Page),
            (NASDAQ, BadSymbolFile::NoColumn("ACT Symbol")),
            (&OTHER[..300], BadSymbolFile::Truncated),
            (
                OTHER.strip_suffix(":11||||||\n").unwrap(),
                BadSymbolFile::Truncated,
            ),
            (&twice, BadSymbolFile::BeyondTheEnd { line: 8 }),
            (&moved, BadSymbolFile::BeyondTheEnd { line: 5 }),
            (&empty, BadSymbolFile::NoRows),
        ] {
            assert_eq!(parse_other_listed(text.as_bytes()), Err(error));
        }
    }

    #[test]
    fn bad_rows_are_left_out_and_reported() {
        let text = OTHER.replace(
            "\nGAMM|",
            "\nBETA|Again|N|BETA|N|100|N|BETA\nSHORT|N\n|No symbol|N||N|100|N|\nNEWX|New|X|NEWX|N|100|N|NEWX\nGAMM|",
        );
        let file = parse_other_listed(text.as_bytes()).unwrap();
        assert_eq!(file.rows.len(), 5);
        assert_eq!(
            file.problems,
            [
                "line 5 is left out: \"BETA\" stands there before",
                "line 6 is left out: 2 fields where 8 are expected",
                "line 7 is left out: it has no valid symbol",
                "line 8 is left out: its exchange \"X\" is unknown",
            ]
        );
    }

    #[test]
    fn the_captured_files_are_read_whole() {
        for (name, bytes) in captures("nasdaqtrader") {
            let (file, rows, etfs, tests) = if name == "nasdaqlisted.txt" {
                (parse_nasdaq_listed(&bytes), 5_143, 1_010, 9)
            } else {
                (parse_other_listed(&bytes), 6_743, 3_573, 25)
            };
            let file = file.unwrap();
            assert_eq!(file.problems, Vec::<String>::new());
            assert_eq!(file.created, date(2025, 10, 20).at(12, 11, 0, 0));
            let count = |what: fn(&Symbol) -> bool| file.rows.iter().filter(|s| what(s)).count();
            assert_eq!(
                (file.rows.len(), count(|s| s.etf), count(|s| s.test)),
                (rows, etfs, tests)
            );
            // No two securities of companies share a ticker, and all but a right have one.
            let mut tickers = HashMap::new();
            for symbol in file.rows.iter().filter(|s| s.counts()) {
                if let Some(ticker) = &symbol.ticker {
                    assert_eq!(tickers.insert(ticker, symbol), None, "{ticker}");
                } else {
                    assert_eq!(symbol.text, "JGH.V");
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_nasdaq_listed(&bytes);
            let _ = parse_other_listed(&bytes);
        }

        #[test]
        fn no_damage_makes_it_panic(bytes in mutated(OTHER.as_bytes())) {
            if let Ok(file) = parse_other_listed(&bytes) {
                prop_assert!(file.rows.iter().all(|s| s.ticker.as_deref().is_none_or(is_ticker)));
            }
        }

        #[test]
        fn a_cut_file_is_never_taken_for_a_whole_one(end in 0..OTHER.len() - 7) {
            prop_assert!(parse_other_listed(&OTHER.as_bytes()[..end]).is_err());
        }

        #[test]
        fn no_symbol_makes_it_panic(symbol in any::<String>(), cqs in "[A-Z.w$]{0,8}") {
            let _ = (sec_ticker(&symbol), ticker_of_other(&symbol, &cqs), creation_time(&symbol));
        }
    }
}
