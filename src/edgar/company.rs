//! The description of a company in its submissions document.

use jiff::civil::Date;

use super::dates::parse_date;
use super::json::{Cell, JsonArray, JsonObject};

/// Longer texts are truncated, in characters; the longest name measured has 150.
const LONGEST: usize = 300;

/// The maximum number of former names that are read; the most measured are 19.
const MOST_NAMES: usize = 100;

/// EDGAR's description of a company. A text that EDGAR does not have is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompanyProfile {
    /// The current name.
    pub name: String,
    /// The Standard Industrial Classification, four digits.
    pub sic: String,
    /// The description of the SIC code.
    pub industry: String,
    /// EDGAR's code for the state or country of incorporation.
    pub state: String,
    /// The last day of its fiscal year, MMDD.
    pub fiscal_year_end: String,
    /// `operating`, `investment` or `other`.
    pub entity_type: String,
    /// The employer identification number of the Internal Revenue Service; may be zeros for foreign
    /// companies.
    pub ein: String,
    /// Newest first.
    pub former_names: Vec<FormerName>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerName {
    pub name: String,
    /// The first day; EDGAR has some that are later than the last day.
    pub since: Option<Date>,
    /// The last day.
    pub until: Option<Date>,
}

/// The valid entries of `formerNames` in a submissions document.
pub(super) fn former_names(names: JsonArray<JsonObject<'_>>) -> Vec<FormerName> {
    let names = names.items().unwrap_or_default();
    names
        .iter()
        .map(|entry| FormerName {
            name: text(entry.get("name")),
            since: day(entry.get("from")),
            until: day(entry.get("to")),
        })
        .filter(|former| !former.name.is_empty())
        .take(MOST_NAMES)
        .collect()
}

/// The text of a cell. A value of another type counts as missing, so that it does not make the filings
/// unreadable.
pub(super) fn text(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Text(text) => plain(text),
        Cell::Int(number) => number.to_string(),
        _ => String::new(),
    }
}

/// The text on one line, without control characters.
fn plain(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST)
        .collect();
    text.trim().to_owned()
}

/// The day of a time such as `1994-05-16T00:00:00.000Z`.
fn day(cell: &Cell<'_>) -> Option<Date> {
    parse_date(cell.text()?.get(..10)?)
}

#[cfg(test)]
mod tests {
    use super::super::submissions;
    use super::super::testing::captures;
    use super::*;
    use jiff::civil::date;

    fn profile_of(header: &str) -> CompanyProfile {
        let columns = r#""accessionNumber":[],"filingDate":[],"form":[]"#;
        let document =
            format!(r#"{{"cik":"1",{header},"filings":{{"recent":{{{columns}}},"files":[]}}}}"#);
        submissions::parse(document.as_bytes()).unwrap().company
    }

    #[test]
    fn a_profile_is_read_by_name() {
        let profile = profile_of(
            r#""name":" KELLANOVA\n","sic":"2040","sicDescription":"Grain Mill Products",
            "stateOfIncorporation":"DE","fiscalYearEnd":"1228","entityType":"operating","ein":"380710690",
            "formerNames":[{"name":"KELLOGG CO","from":"1994-04-29T04:00:00.000Z","to":"2023-09-28T04:00:00.000Z"}]"#,
        );
        assert_eq!(
            profile,
            CompanyProfile {
                name: "KELLANOVA".into(),
                sic: "2040".into(),
                industry: "Grain Mill Products".into(),
                state: "DE".into(),
                fiscal_year_end: "1228".into(),
                entity_type: "operating".into(),
                ein: "380710690".into(),
                former_names: vec![FormerName {
                    name: "KELLOGG CO".into(),
                    since: Some(date(1994, 4, 29)),
                    until: Some(date(2023, 9, 28)),
                }],
            }
        );
    }

    #[test]
    fn what_is_odd_counts_as_not_there() {
        let odd = r#""name":7,"sic":null,"sicDescription":[],"ein":{"a":1},"fiscalYearEnd":true,
            "formerNames":[{"name":""},{"from":"1994"},7,null,{"name":"OLD","from":"soon","to":null}]"#;
        let profile = profile_of(odd);
        assert_eq!((profile.name.as_str(), profile.sic.as_str()), ("7", ""));
        assert_eq!(
            profile.industry.clone() + &profile.ein + &profile.fiscal_year_end,
            ""
        );
        assert_eq!(profile.former_names.len(), 1);
        assert_eq!(profile.former_names[0].since, None);
        let long = format!(r#""name":"{}","formerNames":"x""#, "n".repeat(1_000_000));
        assert_eq!(profile_of(&long).name.len(), LONGEST);
    }

    #[test]
    fn real_captures_have_profiles() {
        for (name, bytes) in captures("submissions") {
            let Ok(document) = submissions::parse(&bytes) else {
                continue;
            };
            let profile = document.company;
            let digits = profile.sic.len() == 4 || profile.sic.is_empty();
            assert!(
                digits && !profile.entity_type.is_empty(),
                "{name}: {profile:?}"
            );
        }
    }
}
