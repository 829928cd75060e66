//! EDGAR's listing of the daily indexes of a quarter, `daily-index/{Y}/QTR{n}/index.json`. It
//! distinguishes a day on which EDGAR was closed from a day whose index is temporarily unavailable.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::Deserialize;

use super::json::{self, BadDocument};

/// The fields that are read; the document has more.
#[derive(Debug, Deserialize)]
struct DayListingJson {
    directory: DayFolder,
}

#[derive(Debug, Deserialize)]
struct DayFolder {
    item: Vec<DayItem>,
}

#[derive(Debug, Deserialize)]
struct DayItem {
    name: String,
}

/// Parses a listing. Returns the days that have a master index.
///
/// # Errors
///
/// If the document is not a listing or lists no master index.
pub fn parse(bytes: &[u8]) -> Result<BTreeSet<Date>, BadDocument> {
    let document: DayListingJson = json::parse(bytes)?;
    let items = document.directory.item.into_iter();
    let days: BTreeSet<_> = items.filter_map(|item| day_of(&item.name)).collect();
    if days.is_empty() {
        return Err(BadDocument::Shape("it lists no master index".to_owned()));
    }
    Ok(days)
}

/// The day of a file name such as `master.20250103.idx` or `master.20250103.idx.gz`.
fn day_of(name: &str) -> Option<Date> {
    let (day, rest) = name.strip_prefix("master.")?.split_once('.')?;
    let is_index = rest == "idx" || rest.starts_with("idx.");
    Date::strptime("%Y%m%d", day).ok().filter(|_| is_index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_listing_tells_the_days_that_have_an_index() {
        let listing = br#"{"directory":{"item":[
            {"last-modified":"01\/03\/2023 10:07:37 PM","name":"company.20230104.idx","size":"1 KB"},
            {"name":"master.20230103.idx","type":"file","href":"master.20230103.idx"},
            {"name":"master.20230105.idx.gz"},{"name":"master.txt"},{"name":"master.2023.idx"}],
            "name":"daily-index\/2023\/QTR1\/","parent-dir":"..\/"}}"#;
        let days: Vec<_> = parse(listing).unwrap().into_iter().collect();
        assert_eq!(days, [date(2023, 1, 3), date(2023, 1, 5)]);
    }

    #[test]
    fn what_is_no_listing_or_empty_is_an_error() {
        for bytes in [
            &b""[..],
            b"<html></html>",
            b"{}",
            br#"{"directory":{"item":[]}}"#,
            br#"{"directory":{"item":[{"name":"form.20230103.idx"}]}}"#,
        ] {
            assert!(parse(bytes).is_err());
        }
    }
}
