//! EDGAR's listing of the daily indexes of a quarter, `daily-index/{Y}/QTR{n}/index.json`: it tells a
//! day without an index, on which EDGAR was closed, from an index that cannot be had today
//! (EDGAR.md 4).

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::Deserialize;

use super::json::{self, BadDocument};

/// The shape of it; what else it holds is not read.
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

/// The days that have a master index, by a listing.
///
/// # Errors
///
/// When it is no listing, or lists no master index at all.
pub fn parse(bytes: &[u8]) -> Result<BTreeSet<Date>, BadDocument> {
    let document: DayListingJson = json::parse(bytes)?;
    let items = document.directory.item.into_iter();
    let days: BTreeSet<_> = items.filter_map(|item| day_of(&item.name)).collect();
    if days.is_empty() {
        return Err(BadDocument::Shape("it lists no master index".to_owned()));
    }
    Ok(days)
}

/// The day of a file's name: `master.20250103.idx`, compressed or not.
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
