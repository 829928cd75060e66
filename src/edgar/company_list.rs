//! The SEC's list of companies with a ticker: `company_tickers_exchange.json`.
//!
//! `{"fields":["cik","name","ticker","exchange"],"data":[[320193,"Apple Inc.","AAPL","Nasdaq"],…]}`,
//! with one row per ticker, some 10,000 rows sorted by market size. Columns are found by their name in
//! `fields`. An invalid row is left out and reported; the other rows are used.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;

use serde::Deserialize;

use super::Cik;
use super::json::{self, BadDocument, Cell, JsonArray};

/// The list, in the order of the document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CompanyList {
    /// One row per ticker; no ticker occurs twice.
    pub rows: Vec<ListedTicker>,
    /// The companies and names of rows with an invalid ticker.
    pub without_ticker: Vec<(Cik, String)>,
    /// The invalid rows.
    pub problems: Vec<ListProblem>,
}

/// One ticker of a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTicker {
    /// The company of the ticker.
    pub cik: Cik,
    /// The name of the company; may be empty.
    pub name: String,
    /// The ticker in the SEC's spelling, such as `AAPL`, `BRK-B` or `BAC-PL`.
    pub ticker: String,
    /// The SEC's name of the exchange: `Nasdaq`, `NYSE`, `OTC`, `CBOE`, or none.
    pub exchange: Option<String>,
}

/// An invalid row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListProblem {
    /// The index in `data`, from 0.
    pub row: usize,
    /// Why the row is invalid.
    pub reason: String,
}

impl fmt::Display for ListProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {} of the company list: {}", self.row, self.reason)
    }
}

/// Parses the list.
///
/// Blanks around a ticker are removed (`"DAIC "` was served in 2025); lower-case letters and dots become
/// capitals and dashes. If two companies have the same ticker, the first one keeps it, which is the larger
/// one. The company of a row with an invalid ticker is still reported. Exact repetitions of a row are
/// ignored.
///
/// # Errors
///
/// If the document is damaged, lacks one of the columns `cik`, `name`, `ticker` and `exchange`, or has no
/// valid row.
pub fn parse(bytes: &[u8]) -> Result<CompanyList, BadDocument> {
    let document: CompanyListJson = json::parse(bytes)?;
    let missing = |what: &str| BadDocument::Shape(format!("it has no {what}"));
    let fields = document
        .fields
        .items()
        .ok_or_else(|| missing("list \"fields\""))?;
    let place = |name: &str| {
        fields
            .iter()
            .position(|field| field.text() == Some(name))
            .ok_or_else(|| missing(&format!("column {name:?}")))
    };
    let places = [
        place("cik")?,
        place("name")?,
        place("ticker")?,
        place("exchange")?,
    ];
    let data = document
        .data
        .items()
        .ok_or_else(|| missing("list \"data\""))?;

    let mut list = CompanyList::default();
    let mut seen: HashMap<String, usize> = HashMap::with_capacity(data.len());
    for (row, cells) in data.into_iter().enumerate() {
        let cells = cells.items();
        let outcome = read(cells.as_deref(), places).and_then(|listed| {
            match seen.entry(listed.ticker.clone()) {
                Entry::Vacant(place) => {
                    place.insert(list.rows.len());
                    list.rows.push(listed);
                    Ok(())
                }
                Entry::Occupied(place) => {
                    let first = &list.rows[*place.get()];
                    if *first == listed {
                        return Ok(());
                    }
                    Err(format!(
                        "ticker {} of CIK {} is already listed for CIK {}",
                        listed.ticker, listed.cik, first.cik
                    ))
                }
            }
        });
        if let Err(reason) = outcome {
            list.without_ticker
                .extend(company(cells.as_deref(), places));
            list.problems.push(ListProblem { row, reason });
        }
    }
    if list.rows.is_empty() {
        return Err(missing("usable row"));
    }
    Ok(list)
}

#[derive(Deserialize)]
struct CompanyListJson<'a> {
    #[serde(borrow, default)]
    fields: JsonArray<Cell<'a>>,
    #[serde(borrow, default)]
    data: JsonArray<JsonArray<Cell<'a>>>,
}

/// The company of a row that is otherwise invalid.
fn company(cells: Option<&[Cell]>, [cik, name, ..]: [usize; 4]) -> Option<(Cik, String)> {
    let cells = cells?;
    let name = cells.get(name)?.text_or_empty()?.trim();
    Some((number(cells.get(cik)?)?, name.to_owned()))
}

fn number(cell: &Cell) -> Option<Cik> {
    match cell {
        Cell::Int(number) => Cik::new(*number),
        Cell::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn read(
    cells: Option<&[Cell]>,
    [cik, name, ticker, exchange]: [usize; 4],
) -> Result<ListedTicker, String> {
    let cells = cells.ok_or("it is no list")?;
    let cell =
        |place: usize, what: &str| cells.get(place).ok_or_else(|| format!("it has no {what}"));
    let ticker = cell(ticker, "ticker")?
        .text()
        .ok_or("its ticker is no text")?
        .trim()
        .to_ascii_uppercase();
    let ticker = ticker.replace('.', "-");
    if !is_ticker(&ticker) {
        let shown: String = ticker.chars().take(20).collect();
        return Err(format!("{shown:?} is no ticker"));
    }
    let cik = number(cell(cik, "CIK")?);
    let exchange = match cell(exchange, "exchange")? {
        Cell::Null => None,
        Cell::Text(label) if label.trim().is_empty() => None,
        Cell::Text(label) => Some(label.trim().to_owned()),
        _ => return Err(format!("the exchange of {ticker} is no text")),
    };
    Ok(ListedTicker {
        cik: cik.ok_or_else(|| format!("the CIK of {ticker} is not valid"))?,
        name: cell(name, "name")?
            .text_or_empty()
            .ok_or_else(|| format!("the name of {ticker} is no text"))?
            .trim()
            .to_owned(),
        ticker,
        exchange,
    })
}

/// Whether a text has the form of an SEC ticker: capitals, and optionally a dash with more capitals.
/// This holds for every ticker of three complete lists except `NONE.`. Digits are also accepted.
pub(crate) fn is_ticker(text: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    let (root, suffix) = text.split_once('-').unwrap_or((text, "A"));
    text.len() <= 12 && part(root) && part(suffix)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{captures, mutated};
    use super::*;
    use proptest::prelude::*;

    const SAMPLE: &str = r#"{"fields":["cik","name","ticker","exchange"],"data":[[1000001,"Alpha Inc.","ALPH","Nasdaq"],
        [1000002,"Beta Corp","BETA","NYSE"],[1000002,"Beta Corp","BETA-PA","NYSE"],[1000003,"Gamma","GAMM ",null]]}"#;

    fn listed(cik: u64, name: &str, ticker: &str, exchange: Option<&str>) -> ListedTicker {
        ListedTicker {
            cik: Cik::new(cik).unwrap(),
            name: name.into(),
            ticker: ticker.into(),
            exchange: exchange.map(str::to_owned),
        }
    }

    #[test]
    fn rows_keep_their_order_and_lose_their_blanks() {
        let list = parse(SAMPLE.as_bytes()).unwrap();
        assert!(list.problems.is_empty());
        assert_eq!(
            list.rows,
            [
                listed(1_000_001, "Alpha Inc.", "ALPH", Some("Nasdaq")),
                listed(1_000_002, "Beta Corp", "BETA", Some("NYSE")),
                listed(1_000_002, "Beta Corp", "BETA-PA", Some("NYSE")),
                listed(1_000_003, "Gamma", "GAMM", None),
            ]
        );
    }

    #[test]
    fn columns_are_found_by_name_wherever_they_stand() {
        let text = r#"{"data":[["NYSE",null,"BETA","0001000002",["new"]]],"x":{},
            "fields":["exchange","name","ticker","cik","new"]}"#;
        let list = parse(text.as_bytes()).unwrap();
        assert_eq!(list.rows, [listed(1_000_002, "", "BETA", Some("NYSE"))]);
    }

    #[test]
    fn bad_rows_are_left_out_and_reported() {
        let text = r#"{"fields":["cik","name","ticker","exchange"],"data":[
            [1,"A","AAA","NYSE"],[0,"B","BBB","NYSE"],[1,"A","NONE.",null],[1,"A"],null,{"cik":1},[1,2,"CCC","NYSE"],
            [1,"A","DDD",5],[-1,"A","EEE",null],[1,"A",null,null],[1,"A","",null],[1,"A","A-B-C",null],
            [1,"A","AAA","NYSE"],[2,"Z","AAA","NYSE"],[2,"Z","ZZZ","  "]]}"#;
        let list = parse(text.as_bytes()).unwrap();
        assert_eq!(
            list.rows,
            [
                listed(1, "A", "AAA", Some("NYSE")),
                listed(2, "Z", "ZZZ", None)
            ]
        );
        let problems: Vec<String> = list.problems.iter().map(ToString::to_string).collect();
        let expected = [
            (1, "the CIK of BBB is not valid"),
            (2, "\"NONE-\" is no ticker"),
            (3, "it has no ticker"),
            (4, "it is no list"),
            (5, "it is no list"),
            (6, "the name of CCC is no text"),
            (7, "the exchange of DDD is no text"),
            (8, "the CIK of EEE is not valid"),
            (9, "its ticker is no text"),
            (10, "\"\" is no ticker"),
            (11, "\"A-B-C\" is no ticker"),
            (13, "ticker AAA of CIK 2 is already listed for CIK 1"),
        ]
        .map(|(row, reason)| format!("row {row} of the company list: {reason}"));
        assert_eq!(problems, expected);
        let kept: Vec<_> = list
            .without_ticker
            .iter()
            .map(|(cik, _)| cik.get())
            .collect();
        assert_eq!(
            kept,
            [1, 1, 1, 1, 1, 1, 2],
            "a row with a CIK keeps its company"
        );
    }

    #[test]
    fn small_letters_and_dots_become_the_secs_spelling() {
        let text =
            r#"{"fields":["cik","name","ticker","exchange"],"data":[[1,"A","brk.b","NYSE"]]}"#;
        let list = parse(text.as_bytes()).unwrap();
        assert_eq!(list.rows, [listed(1, "A", "BRK-B", Some("NYSE"))]);
        assert!(list.problems.is_empty());
    }

    #[test]
    fn a_list_without_companies_is_refused() {
        for (text, what) in [
            ("", "empty"),
            ("<html></html>", "HTML"),
            ("{}", "no list \"fields\""),
            (r#"{"fields":["cik"],"data":[]}"#, "no column \"name\""),
            (
                r#"{"fields":["cik","name","ticker","exchange"],"data":null}"#,
                "no list \"data\"",
            ),
            (
                r#"{"fields":["cik","name","ticker","exchange"],"data":[]}"#,
                "no usable row",
            ),
            (
                r#"{"fields":["cik","name","ticker","exchange"],"data":[["#,
                "truncated",
            ),
        ] {
            let message = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(message.contains(what), "{message}");
        }
    }

    #[test]
    fn the_captured_lists_are_read_whole() {
        for (folder, rows) in [("tickers", 10_015), ("tickers/2025-09", 10_089)] {
            for (name, bytes) in captures(folder) {
                let list = parse(&bytes).unwrap();
                assert_eq!(
                    (list.rows.len(), list.problems),
                    (rows, vec![]),
                    "{folder}/{name}"
                );
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn damage_is_an_error_or_yields_good_tickers(bytes in mutated(SAMPLE.as_bytes())) {
            if let Ok(list) = parse(&bytes) {
                prop_assert!(list.rows.iter().all(|row| is_ticker(&row.ticker)));
            }
        }
    }
}
