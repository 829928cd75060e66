//! Parses `CIK##########.json` of `companyfacts.zip`: the XBRL facts of a company.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::json::parse;
use super::{BadDocument, Cik};

/// The facts of a company, borrowed from the document.
#[derive(Debug, Default)]
pub struct CompanyFacts<'a> {
    /// The tags by taxonomy and name.
    pub tags: Vec<Tag<'a>>,
}

/// The facts of a company with one tag.
#[derive(Debug)]
pub struct Tag<'a> {
    /// `us-gaap`, `dei`, `ifrs-full` and so on.
    pub taxonomy: Cow<'a, str>,
    /// The name, such as `Revenues`.
    pub name: Cow<'a, str>,
    /// The label for people.
    pub label: Option<Cow<'a, str>>,
    pub description: Option<Cow<'a, str>>,
    /// The facts by unit.
    pub units: Vec<(Cow<'a, str>, Vec<Fact<'a>>)>,
}

/// One fact. Dates are not checked here.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(default)]
pub struct Fact<'a> {
    /// The last day of its period, or the day of an instant.
    #[serde(borrow)]
    pub end: Option<Text<'a>>,
    /// The first day of its period.
    #[serde(borrow)]
    pub start: Option<Text<'a>>,
    /// The value in the digits of the document.
    #[serde(borrow, rename = "val", deserialize_with = "digits")]
    pub value: Option<Cow<'a, str>>,
    /// The filing that reports it.
    #[serde(borrow, rename = "accn")]
    pub accession: Option<Text<'a>>,
    /// The fiscal year of that filing, not of the fact.
    pub fy: Option<i64>,
    /// The fiscal period of that filing.
    #[serde(borrow)]
    pub fp: Option<Text<'a>>,
    /// The form of that filing.
    #[serde(borrow)]
    pub form: Option<Text<'a>>,
    /// The filing date of that filing.
    #[serde(borrow)]
    pub filed: Option<Text<'a>>,
    /// The calendar period to which EDGAR assigns the fact.
    #[serde(borrow)]
    pub frame: Option<Text<'a>>,
}

/// A text that is borrowed if it has no escapes, also as a key or an option.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

impl Fact<'_> {
    /// The value as a number; `None` if it is not a finite number.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        let number: f64 = self.value.as_deref()?.parse().ok()?;
        number.is_finite().then_some(number)
    }
}

#[derive(Deserialize)]
struct Document<'a> {
    /// A number, or a text in older archives.
    #[serde(borrow, default)]
    cik: Option<&'a RawValue>,
    #[serde(borrow, default)]
    facts: Option<BTreeMap<Text<'a>, BTreeMap<Text<'a>, Concept<'a>>>>,
}

#[derive(Deserialize)]
struct Concept<'a> {
    #[serde(borrow, default)]
    label: Option<Text<'a>>,
    #[serde(borrow, default)]
    description: Option<Text<'a>>,
    #[serde(borrow, default)]
    units: BTreeMap<Text<'a>, Vec<Fact<'a>>>,
}

/// Parses the facts of a company.
///
/// # Errors
///
/// If the bytes are not such a document, or are that of another company.
pub fn parse_facts(bytes: &[u8], cik: Cik) -> Result<CompanyFacts<'_>, BadDocument> {
    let document: Document<'_> = parse(bytes)?;
    let found = document.cik.map(|cik| cik.get().trim_matches('"'));
    let found = found.and_then(|cik| cik.parse::<Cik>().ok());
    let found = found.ok_or_else(|| BadDocument::Shape("it names no CIK".to_owned()))?;
    if found != cik {
        return Err(BadDocument::OtherCompany { found, asked: cik });
    }
    let mut facts = CompanyFacts::default();
    for (taxonomy, tags) in document.facts.unwrap_or_default() {
        for (name, concept) in tags {
            let units = concept.units.into_iter();
            facts.tags.push(Tag {
                taxonomy: taxonomy.0.clone(),
                name: name.0,
                label: concept.label.map(|text| text.0),
                description: concept.description.map(|text| text.0),
                units: units.map(|(unit, facts)| (unit.0, facts)).collect(),
            });
        }
    }
    Ok(facts)
}

/// The digits of a number, or the content of a string.
fn digits<'de: 'a, 'a, D: Deserializer<'de>>(value: D) -> Result<Option<Cow<'a, str>>, D::Error> {
    let value: Option<&'de RawValue> = Option::deserialize(value)?;
    Ok(match value.map(RawValue::get) {
        None | Some("null") => None,
        Some(text) if text.starts_with('"') => serde_json::from_str(text).ok().map(Cow::Owned),
        Some(number) => Some(Cow::Borrowed(number)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cik() -> Cik {
        Cik::new(7).unwrap()
    }

    #[test]
    fn facts_come_with_their_digits_whatever_is_missing() {
        let text = br#"{"cik":7,"entityName":"A \"B\"","facts":{
            "us-gaap":{"Revenues":{"label":null,"description":"d","units":{"USD":[
                {"start":"2024-01-01","end":"2024-12-31","val":-123456789012345678901234567890.50,
                 "accn":"0000000001-25-000001","fy":2024,"fp":"FY","form":"10-K","filed":"2025-02-01",
                 "frame":"CY2024"},
                {"val":1e999},{"val":"NaN","fy":null},{"end":"2024-12-31","val":null}]}}},
            "own\u0041":{"X":{}}}}"#;
        let facts = parse_facts(text, cik()).unwrap();
        let [own, revenues] = &facts.tags[..] else {
            panic!("{facts:?}")
        };
        assert_eq!((&*own.taxonomy, own.units.len()), ("ownA", 0));
        assert_eq!((&*revenues.name, &revenues.label), ("Revenues", &None));
        let facts = &revenues.units[0].1;
        let values: Vec<_> = facts.iter().map(|fact| fact.value.as_deref()).collect();
        let written = "-123456789012345678901234567890.50";
        assert_eq!(values, [Some(written), Some("1e999"), Some("NaN"), None]);
        let numbers: Vec<_> = facts.iter().map(Fact::number).collect();
        assert_eq!(numbers, [written.parse().ok(), None, None, None]);
        let end = &facts[0].end.as_ref().unwrap().0;
        assert!(matches!(end, Cow::Borrowed("2024-12-31")));
    }

    #[test]
    fn a_company_may_have_no_facts() {
        for text in [
            r#"{"cik":7,"facts":{}}"#,
            r#"{"cik":"0000000007"}"#,
            r#"{"cik":7,"facts":null}"#,
        ] {
            assert!(
                parse_facts(text.as_bytes(), cik()).unwrap().tags.is_empty(),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_such_document_is_refused() {
        for text in [
            "",
            "<html>",
            r#"{"cik":8}"#,
            r#"{"facts":{}}"#,
            r#"{"cik":7,"facts":{"a":1}}"#,
            r#"{"cik":7,"facts":{"a":{"b":{"units":{"USD":[{"val":NaN}]}}}}}"#,
        ] {
            assert!(parse_facts(text.as_bytes(), cik()).is_err(), "{text}");
        }
    }
}
