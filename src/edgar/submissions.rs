//! Parses the submissions of a company: `CIK##########.json` and its older pages on data.sec.gov.
//!
//! EDGAR sends the rows as columns, one array each. The structure has changed often: 14, 15 and 16
//! columns, CIKs with and without padding, new keys (measured on captures of 2022 to 2026). So the
//! parser finds all values by name and skips unknown ones. An invalid cell invalidates only its row, an
//! invalid page entry only that page. A document is refused only if filings would be missing without a
//! message.
//!
//! Values are borrowed from the document until [`SubmissionsRow::to_filing`]. So the caller can check
//! form and date first and copy only the wanted rows.

use std::fmt;

use jiff::civil::Date;
use serde::Deserialize;
use thiserror::Error;

use super::company::{CompanyProfile, former_names, text};
use super::dates::{DateRange, parse_date, widened};
use super::json::{self, BadDocument, Cell, JsonArray, JsonObject};
use super::{Accession, Cik, Filing};

/// The tolerance of the dates of a page. Measured on 2025-08-02: filings are up to one day later, and
/// up to five days earlier, than the page entry states.
const MARGIN_DAYS: i64 = 7;

/// The submissions document of a company.
#[derive(Debug)]
pub struct Submissions<'a> {
    /// The company of the document. [`Submissions::check_cik`] compares it with the requested one.
    pub cik: Cik,
    /// The description of the company.
    pub company: CompanyProfile,
    /// The newest filings: at least one year and 1,000 filings, or all.
    pub rows: Rows<'a>,
    /// The pages of older filings, newest first.
    pub older: Vec<OlderPage>,
    /// One message for each invalid page entry, whose filings cannot be found.
    pub problems: Vec<String>,
}

impl Submissions<'_> {
    /// Checks that the document belongs to the requested company.
    ///
    /// # Errors
    ///
    /// [`BadDocument::OtherCompany`].
    pub fn check_cik(&self, asked: Cik) -> Result<(), BadDocument> {
        if self.cik == asked {
            return Ok(());
        }
        Err(BadDocument::OtherCompany {
            found: self.cik,
            asked,
        })
    }
}

/// Parses the main document of a company.
///
/// # Errors
///
/// If the document is damaged or lacks a CIK, `filings`, or one of the columns `accessionNumber`,
/// `filingDate` and `form`.
pub fn parse(bytes: &[u8]) -> Result<Submissions<'_>, BadDocument> {
    let document: SubmissionsJson = json::parse(bytes)?;
    let missing = |what: &str| BadDocument::Shape(format!("it has no {what}"));
    let cik = match &document.cik {
        Cell::Text(text) => text.trim().parse().ok(),
        Cell::Int(number) => Cik::new(*number),
        _ => None,
    }
    .ok_or_else(|| missing("valid \"cik\""))?;
    let filings = document.filings.ok_or_else(|| missing("\"filings\""))?;
    let columns = filings
        .recent
        .ok_or_else(|| missing("\"recent\" filings"))?;
    let mut problems = Vec::new();
    let older = match filings.files {
        JsonArray::Missing => Vec::new(),
        JsonArray::Items(entries) => entries
            .iter()
            .filter_map(|entry| match OlderPage::read(entry, cik) {
                Ok(page) => Some(page),
                Err(problem) => {
                    problems.push(problem);
                    None
                }
            })
            .collect(),
        JsonArray::Other => return Err(missing("list of older \"files\"")),
    };
    Ok(Submissions {
        cik,
        company: CompanyProfile {
            name: text(&document.name),
            sic: text(&document.sic),
            industry: text(&document.sic_description),
            state: text(&document.state_of_incorporation),
            fiscal_year_end: text(&document.fiscal_year_end),
            entity_type: text(&document.entity_type),
            ein: text(&document.ein),
            former_names: former_names(document.former_names),
        },
        rows: Rows::new(columns)?,
        older,
        problems,
    })
}

/// Parses an older page, which has the columns only.
///
/// # Errors
///
/// If the document is damaged or lacks one of the columns `accessionNumber`, `filingDate` and `form`.
pub fn parse_page(bytes: &[u8]) -> Result<Rows<'_>, BadDocument> {
    Rows::new(json::parse(bytes)?)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubmissionsJson<'a> {
    #[serde(borrow, default)]
    cik: Cell<'a>,
    #[serde(borrow, default)]
    name: Cell<'a>,
    #[serde(borrow, default)]
    sic: Cell<'a>,
    #[serde(borrow, default)]
    sic_description: Cell<'a>,
    #[serde(borrow, default)]
    state_of_incorporation: Cell<'a>,
    #[serde(borrow, default)]
    fiscal_year_end: Cell<'a>,
    #[serde(borrow, default)]
    entity_type: Cell<'a>,
    #[serde(borrow, default)]
    ein: Cell<'a>,
    #[serde(borrow, default)]
    former_names: JsonArray<JsonObject<'a>>,
    #[serde(borrow)]
    filings: Option<FilingsJson<'a>>,
}

#[derive(Deserialize)]
struct FilingsJson<'a> {
    #[serde(borrow)]
    recent: Option<Columns<'a>>,
    #[serde(borrow, default)]
    files: JsonArray<JsonObject<'a>>,
}

/// The columns that are used; others are skipped.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Columns<'a> {
    #[serde(borrow, default)]
    accession_number: JsonArray<Cell<'a>>,
    #[serde(borrow, default)]
    filing_date: JsonArray<Cell<'a>>,
    #[serde(borrow, default)]
    report_date: JsonArray<Cell<'a>>,
    #[serde(borrow, default)]
    acceptance_date_time: JsonArray<Cell<'a>>,
    #[serde(borrow, default)]
    form: JsonArray<Cell<'a>>,
    #[serde(borrow, default)]
    items: JsonArray<Cell<'a>>,
    #[serde(borrow, default)]
    size: JsonArray<Cell<'a>>,
    #[serde(borrow, default, rename = "isXBRL")]
    is_xbrl: JsonArray<Cell<'a>>,
    #[serde(borrow, default)]
    primary_document: JsonArray<Cell<'a>>,
}

/// The rows of a document in EDGAR's order: by filing date, newest first.
///
/// The parser does not check that an accession occurs only once; the database does.
#[derive(Debug)]
pub struct Rows<'a> {
    columns: [Column<'a>; 9],
    len: usize,
}

#[derive(Debug)]
struct Column<'a> {
    name: &'static str,
    /// `None` if the document lacks the column; then every cell is empty.
    cells: Option<Vec<Cell<'a>>>,
}

impl<'a> Rows<'a> {
    fn new(columns: Columns<'a>) -> Result<Self, BadDocument> {
        let required = |name, cells: JsonArray<_>| match cells.items() {
            Some(cells) => Ok(Column {
                name,
                cells: Some(cells),
            }),
            None => Err(BadDocument::Shape(format!("it has no column {name:?}"))),
        };
        let optional = |name, cells: JsonArray<_>| Column {
            name,
            cells: cells.items(),
        };
        let columns = [
            required("accessionNumber", columns.accession_number)?,
            required("filingDate", columns.filing_date)?,
            required("form", columns.form)?,
            optional("reportDate", columns.report_date),
            optional("acceptanceDateTime", columns.acceptance_date_time),
            optional("items", columns.items),
            optional("size", columns.size),
            optional("isXBRL", columns.is_xbrl),
            optional("primaryDocument", columns.primary_document),
        ];
        let lengths = columns.iter().filter_map(|c| Some(c.cells.as_ref()?.len()));
        let len = lengths.max().unwrap_or_default();
        Ok(Self { columns, len })
    }

    /// The number of rows, including invalid ones.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the document has no row.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Every row, or the reason why it is invalid.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Result<SubmissionsRow<'_>, BadRow>> {
        (0..self.len).map(|index| self.row(index).map_err(|reason| BadRow { index, reason }))
    }

    fn row(&self, index: usize) -> Result<SubmissionsRow<'_>, String> {
        // The arrays have equal lengths in all of 8,290 files. If the lengths differ, the rows beyond the
        // shortest array are invalid; the cells of the other rows most likely belong together.
        let mut cells = [&Cell::Null; 9];
        for (cell, column) in cells.iter_mut().zip(&self.columns) {
            if let Some(column_cells) = &column.cells {
                *cell = column_cells
                    .get(index)
                    .ok_or_else(|| format!("column {:?} ends before it", column.name))?;
            }
        }
        let [
            accession,
            filed_on,
            form,
            report_date,
            accepted_at,
            items,
            size,
            is_xbrl,
            primary_document,
        ] = cells;
        let odd = |what: &str| format!("{what} has an unexpected type");
        let form = form.text().ok_or_else(|| odd("form"))?;
        if form.trim().is_empty() {
            return Err("form is empty".into());
        }
        Ok(SubmissionsRow {
            accession: accession
                .text()
                .ok_or_else(|| odd("accessionNumber"))?
                .parse()
                .map_err(|err| format!("{err}"))?,
            form,
            filed_on: filed_on
                .text()
                .and_then(parse_date)
                .ok_or("filingDate is no date")?,
            report_date: parse_date(
                report_date
                    .text_or_empty()
                    .ok_or_else(|| odd("reportDate"))?,
            ),
            accepted_at: accepted_at
                .text_or_empty()
                .ok_or_else(|| odd("acceptanceDateTime"))?,
            primary_document: primary_document
                .text_or_empty()
                .ok_or_else(|| odd("primaryDocument"))?,
            items: items.text_or_empty().ok_or_else(|| odd("items"))?,
            size: match size {
                Cell::Null | Cell::Int(0) => None,
                Cell::Int(bytes) => Some(*bytes),
                _ => return Err(odd("size")),
            },
            is_xbrl: match is_xbrl {
                Cell::Null => false,
                Cell::Bool(yes) => *yes,
                Cell::Int(number) => *number != 0,
                _ => return Err(odd("isXBRL")),
            },
        })
    }
}

/// A filing that borrows from its document. The fields are those of [`Filing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubmissionsRow<'a> {
    /// The accession number.
    pub accession: Accession,
    /// The exact form type, never empty.
    pub form: &'a str,
    /// The filing date.
    pub filed_on: Date,
    /// The end of the reported period; `None` if it is missing or not a date.
    pub report_date: Option<Date>,
    /// `acceptanceDateTime` as received.
    pub accepted_at: &'a str,
    /// The name of the primary document as received, often empty before mid-2000.
    pub primary_document: &'a str,
    /// The items of an 8-K or a similar form; often empty.
    pub items: &'a str,
    /// The exact length of the complete submission text in bytes.
    pub size: Option<u64>,
    /// Whether the filing contains XBRL.
    pub is_xbrl: bool,
}

impl SubmissionsRow<'_> {
    /// Copies the texts.
    pub fn to_filing(&self) -> Filing {
        Filing {
            accession: self.accession,
            form: self.form.to_owned(),
            filed_on: self.filed_on,
            report_date: self.report_date,
            accepted_at: self.accepted_at.to_owned(),
            primary_document: self.primary_document.to_owned(),
            items: self.items.to_owned(),
            size: self.size,
            is_xbrl: self.is_xbrl,
        }
    }
}

/// An invalid row. The other rows of the document are valid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("row {index} is left out: {reason}")]
pub struct BadRow {
    /// The index in the arrays, from 0.
    pub index: usize,
    /// Why the row is invalid.
    pub reason: String,
}

/// The entry of a page with older filings of a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OlderPage {
    /// The file name in the folder of the main document.
    pub name: PageName,
    /// The number of filings that EDGAR states, or 0.
    pub filing_count: u64,
    /// The approximate date of the oldest filing; [`Date::MIN`] if EDGAR states none.
    pub from: Date,
    /// The approximate date of the newest filing; [`Date::MAX`] if EDGAR states none.
    pub to: Date,
}

impl OlderPage {
    fn read(entry: &JsonObject, cik: Cik) -> Result<Self, String> {
        let name = entry.get("name").text().unwrap_or_default();
        let name = PageName::parse(name, cik).ok_or_else(|| {
            let shown: String = name.chars().take(60).collect();
            format!(
                "the older page {shown:?} is left out: its name is not one of CIK {cik}'s pages"
            )
        })?;
        let day = |key| entry.get(key).text().and_then(parse_date);
        Ok(Self {
            name,
            filing_count: match entry.get("filingCount") {
                Cell::Int(count) => *count,
                _ => 0,
            },
            from: day("filingFrom").unwrap_or(Date::MIN),
            to: day("filingTo").unwrap_or(Date::MAX),
        })
    }

    /// Whether the page may contain filings of these days, with a margin of seven days because its
    /// dates are approximate.
    pub fn may_hold(&self, range: &DateRange) -> bool {
        self.reach(range).is_some()
    }

    /// The part of these days of which the page may contain filings, with the same margin.
    pub fn reach(&self, range: &DateRange) -> Option<DateRange> {
        let page = widened(self.from, self.to, MARGIN_DAYS);
        DateRange::new(page.since.max(range.since), page.until.min(range.until)).ok()
    }
}

/// The file name of an older page, which must be `CIK##########-submissions-NNN.json` because it
/// becomes part of a URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PageName(String);

impl PageName {
    /// Parses the name of a page of this company.
    pub fn parse(text: &str, cik: Cik) -> Option<Self> {
        let start = format!("CIK{}-submissions-", cik.padded());
        let number = text.strip_prefix(&start)?.strip_suffix(".json")?;
        (number.len() == 3 && number.bytes().all(|b| b.is_ascii_digit()))
            .then(|| Self(text.to_owned()))
    }

    /// The file name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{captures, mutated};
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    /// An invented company in the format of 2026: 16 columns, padded CIK.
    const SAMPLE: &str = r#"{"cik":"0001234567","entityType":"operating","name":"Example \/ Sample Corp","lei":null,
        "addresses":{"mailing":{"street1":null}},"formerNames":[{"name":"Old","from":"2020","to":"2019"}],
        "filings":{"recent":{
        "accessionNumber":["0001234567-26-000003","0000999999-26-000002","0001234567-00-000001"],
        "filingDate":["2026-02-03","2026-01-02","2000-01-31"],
        "reportDate":["2025-12-31","","0000-00-00"],
        "acceptanceDateTime":["2026-02-03T16:30:00.000Z","2026-01-02T09:00:00.000Z",null],
        "act":["34","",""],"form":["10-K","4","10-Q"],
        "fileNumber":["001-00001","",""],"filmNumber":["26000001","",""],"items":["","",null],
        "core_type":["10-K","4",null],"size":[123456,4321,0],"isXBRL":[1,0,null],"isInlineXBRL":[1,0,0],
        "isXBRLNumeric":[1,null,null],"primaryDocument":["sample-20251231.htm","xslF345X05/form4.xml",""],
        "primaryDocDescription":["10-K","",""]},
        "files":[{"name":"CIK0001234567-submissions-001.json","filingCount":12,"filingFrom":"1996-01-01","filingTo":"1999-12-31"}]}}"#;

    fn rows<'a>(rows: &'a Rows) -> Vec<SubmissionsRow<'a>> {
        rows.iter().map(Result::unwrap).collect()
    }

    /// A minimal document with these columns.
    fn document(columns: &str) -> String {
        format!(r#"{{"cik":7,"name":null,"filings":{{"recent":{{{columns}}}}}}}"#)
    }

    const THREE: &str = r#""accessionNumber":["0000000007-25-000001","0000000007-25-000002"],
        "filingDate":["2025-01-02","2025-01-01"],"form":["10-K","8-K"]"#;

    #[test]
    fn a_document_is_read_by_name() {
        let company = parse(SAMPLE.as_bytes()).unwrap();
        assert_eq!(company.cik.get(), 1_234_567);
        assert_eq!(company.company.name, "Example / Sample Corp");
        assert!(company.problems.is_empty());
        let rows = rows(&company.rows);
        assert_eq!(rows.len(), 3);
        assert_eq!(
            rows[0],
            SubmissionsRow {
                accession: "0001234567-26-000003".parse().unwrap(),
                form: "10-K",
                filed_on: date(2026, 2, 3),
                report_date: Some(date(2025, 12, 31)),
                accepted_at: "2026-02-03T16:30:00.000Z",
                primary_document: "sample-20251231.htm",
                items: "",
                size: Some(123_456),
                is_xbrl: true,
            }
        );
        assert_eq!(rows[1].report_date, None);
        let old = rows[2];
        assert_eq!(
            (
                old.report_date,
                old.accepted_at,
                old.items,
                old.size,
                old.is_xbrl,
                old.primary_document
            ),
            (None, "", "", None, false, "")
        );
        assert_eq!(old.to_filing().form, "10-Q");
        assert_eq!(
            company.older,
            [OlderPage {
                name: PageName("CIK0001234567-submissions-001.json".into()),
                filing_count: 12,
                from: date(1996, 1, 1),
                to: date(1999, 12, 31),
            }]
        );
    }

    #[test]
    fn values_are_borrowed_from_the_document() {
        let company = parse(SAMPLE.as_bytes()).unwrap();
        let form = rows(&company.rows)[0].form.as_ptr();
        assert!(SAMPLE.as_bytes().as_ptr_range().contains(&form));
    }

    #[test]
    fn a_cik_may_be_padded_bare_or_a_number() {
        for cik in ["\"0000320193\"", "\"320193\"", "320193"] {
            let text = document(THREE).replace("\"cik\":7", &format!("\"cik\":{cik}"));
            let company = parse(text.as_bytes()).unwrap();
            assert_eq!(company.cik.get(), 320_193);
            assert_eq!(company.company.name, "");
            assert!(company.check_cik(Cik::new(320_193).unwrap()).is_ok());
            assert_eq!(
                company
                    .check_cik(Cik::new(7).unwrap())
                    .unwrap_err()
                    .to_string(),
                "it belongs to CIK 320193, not to CIK 7; try again"
            );
        }
        for cik in ["0", "null", "\"abc\"", "-1", "[7]"] {
            let text = document(THREE).replace("\"cik\":7", &format!("\"cik\":{cik}"));
            assert!(parse(text.as_bytes()).is_err(), "{cik}");
        }
    }

    #[test]
    fn optional_columns_may_be_missing_or_odd() {
        let text = document(&format!("{THREE},\"items\":null,\"size\":{{\"a\":[1]}}"));
        let company = parse(text.as_bytes()).unwrap();
        let rows = rows(&company.rows);
        assert_eq!((rows.len(), rows[0].items, rows[0].size), (2, "", None));
    }

    #[test]
    fn a_bad_cell_costs_its_row() {
        for (column, bad, good) in [
            ("accessionNumber", "null", "\"0000000007-25-000002\""),
            (
                "accessionNumber",
                "\"0000000007-25-00000\"",
                "\"0000000007-25-000002\"",
            ),
            ("filingDate", "\"\"", "\"2025-01-01\""),
            ("filingDate", "20250101", "\"2025-01-01\""),
            ("filingDate", "\"2025-02-30\"", "\"2025-01-01\""),
            ("form", "\" \"", "\"8-K\""),
            ("form", "{\"a\":[[{}]]}", "\"8-K\""),
            ("reportDate", "5", "null"),
            ("acceptanceDateTime", "[]", "\"x\""),
            ("items", "1.5", "null"),
            ("size", "-1", "0"),
            ("size", "\"12\"", "18446744073709551615"),
            ("isXBRL", "\"1\"", "false"),
            ("primaryDocument", "true", "null"),
        ] {
            let columns = [
                ("accessionNumber", "\"0000000007-25-000001\""),
                ("filingDate", "\"2025-01-02\""),
                ("form", "\"10-K\""),
                (column, good),
            ];
            // The tested column comes last, so that it occurs only once.
            let text = columns
                .iter()
                .enumerate()
                .filter(|(i, (name, _))| *i == 3 || *name != column)
                .map(|(_, (name, cell))| {
                    let second = if *name == column { bad } else { cell };
                    format!("\"{name}\":[{cell},{second}]")
                })
                .collect::<Vec<_>>()
                .join(",");
            let text = document(&text);
            let company = parse(text.as_bytes()).unwrap();
            let rows: Vec<_> = company.rows.iter().collect();
            assert!(rows[0].is_ok(), "{column} {good}: {:?}", rows[0]);
            let row = rows[1].as_ref().unwrap_err();
            assert_eq!(row.index, 1, "{column} {bad}");
        }
    }

    #[test]
    fn rows_past_the_shortest_column_are_bad() {
        let text = document(&format!("{THREE},\"items\":[\"2.02\"],\"act\":[]"));
        let company = parse(text.as_bytes()).unwrap();
        let rows: Vec<_> = company.rows.iter().collect();
        assert_eq!(rows[0].as_ref().unwrap().items, "2.02");
        assert_eq!(
            rows[1].as_ref().unwrap_err().to_string(),
            "row 1 is left out: column \"items\" ends before it"
        );
    }

    #[test]
    fn a_document_that_would_hide_filings_is_refused() {
        for (text, what) in [
            ("[]".to_owned(), "another type"),
            ("{}".into(), "no valid \"cik\""),
            (r#"{"cik":7}"#.into(), "no \"filings\""),
            (r#"{"cik":7,"filings":"body"}"#.into(), "another type"),
            (r#"{"cik":7,"filings":{}}"#.into(), "no \"recent\" filings"),
            (document(""), "no column \"accessionNumber\""),
            (
                document(&THREE.replace("form", "Form")),
                "no column \"form\"",
            ),
            (
                document(&THREE.replace(
                    "filingDate\":[\"2025-01-02\",\"2025-01-01\"]",
                    "filingDate\":7",
                )),
                "no column \"filingDate\"",
            ),
            (
                document(THREE).replace("}}", "},\"files\":7}"),
                "no list of older \"files\"",
            ),
        ] {
            let message = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(message.contains(what), "{message}");
            assert!(!message.contains("body"), "{message}");
        }
        for end in [0, 1, SAMPLE.len() / 2, SAMPLE.len() - 1] {
            let cut = parse(&SAMPLE.as_bytes()[..end]);
            assert!(matches!(
                cut,
                Err(BadDocument::Empty | BadDocument::Truncated { .. })
            ));
        }
    }

    #[test]
    fn unknown_values_may_be_deep() {
        let deep = "[".repeat(200_000) + &"]".repeat(200_000);
        let text = SAMPLE.replace("\"lei\":null", &format!("\"lei\":{deep}"));
        assert_eq!(parse(text.as_bytes()).unwrap().rows.len(), 3);
        // A deep value in a used column invalidates only its row.
        let text = document(&THREE.replace("\"8-K\"", &deep));
        let company = parse(text.as_bytes()).unwrap();
        assert!(company.rows.iter().nth(1).unwrap().is_err());
    }

    #[test]
    fn only_the_companys_own_page_names_are_taken() {
        let pages = |entries: &str| {
            let text = document(THREE).replace("}}}", &format!("}},\"files\":[{entries}]}}}}"));
            let company = parse(text.as_bytes()).unwrap();
            (company.older, company.problems.len())
        };
        for bad in [
            "null",
            "7",
            "[]",
            "{}",
            r#"{"name":null}"#,
            r#"{"name":"CIK0000000008-submissions-001.json"}"#,
            r#"{"name":"../CIK0000000007-submissions-001.json"}"#,
            r#"{"name":"CIK0000000007-submissions-1.json"}"#,
            r#"{"name":"CIK0000000007-submissions-0010.json"}"#,
            r#"{"name":"CIK0000000007-submissions-001.json?x"}"#,
            r#"{"name":"cik0000000007-submissions-001.json"}"#,
        ] {
            assert_eq!(pages(bad), (Vec::new(), 1), "{bad}");
        }
        let (older, problems) =
            pages(r#"{"name":"CIK0000000007-submissions-001.json","filingFrom":5}"#);
        assert_eq!(problems, 0);
        // A page without dates may contain any filing.
        let day = date(1993, 1, 1);
        assert!(older[0].may_hold(&DateRange::new(day, day).unwrap()));
    }

    #[test]
    fn a_page_is_chosen_with_a_margin_of_seven_days() {
        let page = OlderPage {
            name: PageName::parse("CIK0000000007-submissions-001.json", Cik::new(7).unwrap())
                .unwrap(),
            filing_count: 1,
            from: date(2015, 1, 10),
            to: date(2018, 2, 11),
        };
        let may_hold = |since, until| page.may_hold(&DateRange { since, until });
        assert!(may_hold(date(2018, 2, 12), date(2026, 1, 1)));
        assert!(may_hold(date(2018, 2, 18), date(2026, 1, 1)));
        assert!(!may_hold(date(2018, 2, 19), date(2026, 1, 1)));
        assert!(may_hold(date(2000, 1, 1), date(2015, 1, 3)));
        assert!(!may_hold(date(2000, 1, 1), date(2015, 1, 2)));
        assert!(may_hold(date(2016, 1, 1), date(2016, 1, 1)));
    }

    #[test]
    fn every_captured_document_is_read_without_a_bad_row() {
        let files: Vec<_> = [
            "submissions",
            "submissions-alt/2023-08-08",
            "submissions-alt/2026-02-03",
        ]
        .iter()
        .flat_map(|folder| captures(folder))
        .collect();
        let mut counts = [0; 4];
        for (name, bytes) in &files {
            let rows = if name.contains("-submissions-") {
                counts[1] += 1;
                parse_page(bytes).unwrap()
            } else {
                counts[0] += 1;
                let company = parse(bytes).unwrap();
                assert_eq!(*name, format!("CIK{}.json", company.cik.padded()));
                assert!(
                    !company.company.name.is_empty() && company.problems.is_empty(),
                    "{name}"
                );
                counts[3] += company.older.len();
                company.rows
            };
            for row in rows.iter() {
                let row = row.unwrap_or_else(|err| panic!("{name}: {err}"));
                assert!(row.size.is_some() && !row.accepted_at.is_empty(), "{name}");
                counts[2] += 1;
            }
        }
        // Numbers of main documents, older pages, rows and page entries; zero without captures.
        if !files.is_empty() {
            assert_eq!(counts, [125, 2, 59_419, 24]);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
            let _ = parse_page(&bytes);
        }

        #[test]
        fn no_damage_makes_it_panic(bytes in mutated(SAMPLE.as_bytes())) {
            if let Ok(company) = parse(&bytes) {
                for row in company.rows.iter().flatten() {
                    let _ = row.to_filing().target(crate::edgar::ArtifactChoice::Primary);
                }
            }
            let _ = parse_page(&bytes);
        }

        #[test]
        fn no_cell_costs_the_document(cell in json(), column in 0..5_usize) {
            let name = ["items", "size", "isXBRL", "reportDate", "primaryDocument"][column];
            let text = document(&format!("{THREE},\"{name}\":[null,{cell}]"));
            let company = parse(text.as_bytes()).unwrap();
            prop_assert!(company.rows.iter().next().unwrap().is_ok());
        }

        #[test]
        fn a_page_name_is_plain(text in ".*", number in 0..1000) {
            let cik = Cik::new(7).unwrap();
            prop_assert_eq!(PageName::parse(&text, cik), None);
            let name = format!("CIK0000000007-submissions-{number:03}.json");
            prop_assert_eq!(PageName::parse(&name, cik).unwrap().to_string(), name);
        }
    }

    /// Any small JSON value.
    fn json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            any::<bool>().prop_map(|b| b.to_string()),
            any::<i64>().prop_map(|n| n.to_string()),
            (-1e9..1e9).prop_map(|n: f64| format!("{n:?}")),
            any::<String>().prop_map(|s| serde_json::to_string(&s).unwrap()),
        ];
        leaf.prop_recursive(4, 20, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4)
                    .prop_map(|v| format!("[{}]", v.join(","))),
                inner.prop_map(|v| format!("{{\"a\":{v}}}")),
            ]
        })
    }
}
