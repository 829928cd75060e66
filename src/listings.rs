//! Nasdaq Trader's symbol directory: `nasdaqlisted.txt` and `otherlisted.txt`.
//!
//! Pure: no I/O. The SEC's company list does not distinguish the exchanges of the NYSE group and does not
//! mark ETFs and test issues; these files do. Format, measured on the files of 2025-10-20: fields separated
//! by `|`, a header line with the names of the columns, LF or CRLF, and a last line
//! `File Creation Time: MMDDYYYYHH:MM|||…` (in `otherlisted.txt` one field shorter than the data). A file
//! without that last line is truncated and refused. Nasdaq Trader documents the fields at
//! <https://www.nasdaqtrader.com/trader.aspx?id=symboldirdefs>.

use std::collections::HashSet;

use jiff::civil::{Date, DateTime, Time};
use thiserror::Error;

use crate::edgar::company_list::is_ticker;
use crate::exchange::Exchange;

/// Both files: all securities listed on a national exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SymbolDirectory {
    /// `nasdaqlisted.txt`.
    pub nasdaq: SymbolFile,
    /// `otherlisted.txt`.
    pub other: SymbolFile,
}

/// The content of one of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SymbolFile {
    /// The rows, without repeated symbols.
    pub rows: Vec<Symbol>,
    /// The creation time in the last line, in New York.
    pub created: DateTime,
    /// One message for each row that was left out.
    pub problems: Vec<String>,
}

/// One listed security.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// The symbol in the spelling of the file, such as `BAC$L`.
    pub text: String,
    /// The ticker in the SEC's spelling, such as `BAC-PL`; `None` if the SEC has no ticker for it.
    pub ticker: Option<String>,
    pub name: String,
    /// `None` on exchanges that list test issues only (IEX, NYSE Texas).
    pub exchange: Option<Exchange>,
    /// Whether it is an exchange-traded fund or note.
    pub etf: bool,
    /// Whether it is a test issue, not a security.
    pub test: bool,
}

impl Symbol {
    /// Whether it is a security of a company: neither an ETF nor a test issue.
    pub fn counts(&self) -> bool {
        !self.etf && !self.test
    }
}

/// An unusable file. Each message is a fragment: the caller names the file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadSymbolFile {
    #[error("it is empty; try again")]
    Empty,
    /// A page of a proxy or of an error.
    #[error("it is an HTML page, not a symbol list; try again later")]
    Page,
    /// The header line lacks this column.
    #[error("its first line has no column {0:?}: it is another file, or the format has changed")]
    NoColumn(&'static str),
    #[error("it is truncated: the last line is not \"File Creation Time\"; try again")]
    Truncated,
    /// Two concatenated files, or lines in another order.
    #[error("line {line} follows \"File Creation Time\", which should be the last line; try again")]
    BeyondTheEnd {
        /// Counted from 1.
        line: usize,
    },
    /// A valid header and end without a valid row between them.
    #[error("it has no usable row; try again later")]
    NoRows,
}

/// Parses `nasdaqlisted.txt`: the securities listed on Nasdaq.
///
/// # Errors
///
/// If the file is empty, truncated, not in the expected order, or another file.
pub fn parse_nasdaq_listed(bytes: &[u8]) -> Result<SymbolFile, BadSymbolFile> {
    parse(
        bytes,
        ["Symbol", "Security Name", "ETF", "Test Issue"],
        |fields| (sec_ticker(fields[0]), Ok(Some(Exchange::Nasdaq))),
    )
}

/// Parses `otherlisted.txt`: the securities listed on the other national exchanges.
///
/// # Errors
///
/// If the file is empty, truncated, not in the expected order, or another file.
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

/// Parses a file with these columns. Both files have the first four. `refine` gets the fields in the given
/// order and returns the ticker and the exchange.
fn parse<const N: usize>(
    bytes: &[u8],
    columns: [&'static str; N],
    refine: impl Fn([&str; N]) -> (Option<String>, Result<Option<Exchange>, String>),
) -> Result<SymbolFile, BadSymbolFile> {
    // All files so far are ASCII. A name in another encoding must not make the file unusable.
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
                .push(problem(&format!("{symbol:?} is listed twice")));
            continue;
        }
        let (ticker, exchange) = refine(wanted);
        // Some test issues have no ETF mark, and some exchanges list only test issues.
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

/// Parses `MMDDYYYYHH:MM`.
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

/// The exchange of Nasdaq Trader's code.
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

/// The SEC's ticker for a symbol of `otherlisted.txt`. The CQS symbol shows two cases that the ACT symbol
/// does not: `NE.A` with the CQS symbol `NE.WS.A` is a series of warrants (`NE-WTA`), not a share class;
/// `JGH.V` with the CQS symbol `JGHrw` is a right traded when issued, for which the SEC has no ticker.
fn ticker_of_other(act: &str, cqs: &str) -> Option<String> {
    if let Some((root, series)) = cqs.split_once(".WS.") {
        return ticker(root, &format!("WT{series}"));
    }
    if cqs.ends_with('w') {
        return None;
    }
    sec_ticker(act)
}

/// The SEC's ticker for a symbol in Nasdaq Trader's (ACT) spelling; `None` if it cannot have one:
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
/// The other column of Nasdaq Trader is not used: its `BAC-L` for a preferred share looks like the SEC's
/// share class `BRK-B`.
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
                "line 5 is left out: \"BETA\" is listed twice",
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
            // Each security of a company has a ticker of its own; a right has none.
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
