//! The members of `companyfacts.zip`: the XBRL facts of each company's reports.

use serde_json::{Map, Value, json};

use super::rng::SimRng;
use super::universe::{SimCompany, SimFiling, SimUniverse};

/// The tags of every report: taxonomy, name, unit, label, description, whether over a period.
const TAGS: [(&str, &str, &str, Option<&str>, bool); 6] = [
    (
        "dei",
        "EntityCommonStockSharesOutstanding",
        "shares",
        None,
        false,
    ),
    ("us-gaap", "Assets", "USD", Some("Assets"), false),
    (
        "us-gaap",
        "EarningsPerShareDiluted",
        "USD/shares",
        Some("Earnings Per Share, Diluted"),
        true,
    ),
    (
        "us-gaap",
        "NetIncomeLoss",
        "USD",
        Some("Net Income (Loss)"),
        true,
    ),
    ("us-gaap", "Revenues", "USD", Some("Revenues"), true),
    (
        "us-gaap",
        "StockholdersEquity",
        "USD",
        Some("Stockholders' Equity"),
        false,
    ),
];

/// The facts of a company; `None` if it never filed XBRL and has no member in the archive.
pub(crate) fn document(universe: &SimUniverse, company: &SimCompany) -> Option<Vec<u8>> {
    let mut filings = universe.filings(company.cik);
    filings.retain(|filing| filing.is_xbrl && filing.report_date.is_some());
    filings.reverse();
    if filings.is_empty() {
        return None;
    }
    let mut facts = Map::new();
    for (taxonomy, tag, unit, label, over_a_period) in TAGS {
        let points = filings
            .iter()
            .map(|filing| point(universe, filing, tag, over_a_period));
        let points: Vec<Value> = points.collect();
        let concept = json!({
            "label": label,
            "description": label.map(|label| format!("{label}, as it is reported.")),
            "units": {unit: points},
        });
        let of_taxonomy = facts.entry(taxonomy).or_insert_with(|| json!({}));
        of_taxonomy[tag] = concept;
    }
    let cik = company.cik.get();
    let document = json!({"cik": cik, "entityName": company.name, "facts": facts});
    serde_json::to_vec(&document).ok()
}

fn point(universe: &SimUniverse, filing: &SimFiling, tag: &str, over_a_period: bool) -> Value {
    let mut rng = SimRng::of(&[universe.seed, filing.accession.get(), tag.len() as u64]);
    let is_annual = !filing.form.starts_with("10-Q");
    let (months, period) = if is_annual {
        (12, "FY")
    } else {
        (3, rng.pick(&["Q1", "Q2", "Q3"]))
    };
    let end = filing.report_date;
    let millions = i64::try_from(rng.below(90_000)).unwrap_or(0);
    let value = match tag {
        "EarningsPerShareDiluted" => {
            json!(f64::from(i32::try_from(rng.below(900)).unwrap_or(0) - 200) / 100.0)
        }
        // Some values are negative.
        "NetIncomeLoss" => json!((millions - 20_000) * 1_000_000),
        _ => json!(millions * 1_000_000 + 1),
    };
    let mut point = json!({
        "end": end.map(|day| day.to_string()),
        "val": value,
        "accn": filing.accession.to_string(),
        "fy": end.map(jiff::civil::Date::year),
        "fp": period,
        "form": filing.form,
        "filed": filing.filed_on.to_string(),
    });
    if over_a_period {
        let start = end.and_then(|day| day.checked_sub(jiff::Span::new().months(months)).ok());
        point["start"] = json!(start.map(|day| day.to_string()));
    }
    if is_annual {
        point["frame"] = json!(end.map(|day| format!("CY{}", day.year())));
    }
    point
}
