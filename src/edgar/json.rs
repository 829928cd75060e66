//! Parses JSON of EDGAR. A damaged document is an error; an unexpected value within a document is not.
//!
//! The types of this module accept any JSON value and keep only the parts that are used, so one
//! unexpected value does not make the whole document unreadable. Texts without escapes are borrowed
//! from the document (a plain `Vec<Cow<str>>` would copy each of them). Other values are skipped by
//! serde's [`IgnoredAny`], which neither recurses nor allocates per value, so deep nesting cannot
//! exhaust the stack.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::from_utf8;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use thiserror::Error;

use super::Cik;

/// An unusable document of EDGAR.
///
/// Each message is a fragment: the caller names the document. No message quotes the document.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadDocument {
    /// The document is empty or blank.
    #[error("it is empty; try again")]
    Empty,
    /// A block page, an error page, or the page of a captive portal.
    #[error("it is an HTML or XML page, not JSON; try again later")]
    Page,
    /// The document is not UTF-8.
    #[error("it is not valid UTF-8 from byte {at} on; try again")]
    NotText {
        /// The number of valid bytes before the first invalid one.
        at: usize,
    },
    /// The end of the document is missing.
    #[error("the JSON is truncated at line {line} column {column}; try again")]
    Truncated {
        /// The last line, from 1.
        line: usize,
        /// The last column in bytes, from 1.
        column: usize,
    },
    /// The document is not JSON. The message contains the position.
    #[error("it is not valid JSON: {0}; try again")]
    Syntax(String),
    /// Valid JSON with another structure than expected.
    #[error("its structure is unexpected: {0}; EDGAR may have changed its format")]
    Shape(String),
    /// A valid document of another company than the requested one.
    #[error("it belongs to CIK {found}, not to CIK {asked}; try again")]
    OtherCompany {
        /// The company of the document.
        found: Cik,
        /// The requested company.
        asked: Cik,
    },
}

pub(super) fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, BadDocument> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match bytes.trim_ascii_start().first() {
        None => return Err(BadDocument::Empty),
        Some(b'<') => return Err(BadDocument::Page),
        Some(_) => {}
    }
    // Validating UTF-8 once and parsing a `str` is a third faster than `from_slice`.
    let text = from_utf8(bytes).map_err(|err| BadDocument::NotText {
        at: err.valid_up_to(),
    })?;
    serde_json::from_str(text).map_err(|err| {
        let (line, column) = (err.line(), err.column());
        match err.classify() {
            Category::Eof => BadDocument::Truncated { line, column },
            Category::Syntax | Category::Io => BadDocument::Syntax(err.to_string()),
            // The message of serde would quote the value.
            Category::Data => BadDocument::Shape(format!(
                "a value of another type than expected at line {line} column {column}"
            )),
        }
    })
}

/// A scalar JSON value of EDGAR's tables. Any other value is [`Cell::Other`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    #[default]
    Null,
    Bool(bool),
    Int(u64),
    Text(Cow<'a, str>),
    Other,
}

impl Cell<'_> {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text, or the empty text for a missing value. `None` for any other value.
    pub(super) fn text_or_empty(&self) -> Option<&str> {
        match self {
            Self::Null => Some(""),
            _ => self.text(),
        }
    }
}

/// A JSON array. A missing value is [`JsonArray::Missing`], any other value [`JsonArray::Other`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum JsonArray<T> {
    #[default]
    Missing,
    Items(Vec<T>),
    Other,
}

impl<T> JsonArray<T> {
    pub(super) fn items(self) -> Option<Vec<T>> {
        match self {
            Self::Items(items) => Some(items),
            Self::Missing | Self::Other => None,
        }
    }
}

/// The members of a JSON object. Any other value has none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct JsonObject<'a>(Vec<(Cell<'a>, Cell<'a>)>);

impl<'a> JsonObject<'a> {
    /// The value of a member, or [`Cell::Null`].
    pub(super) fn get(&self, key: &str) -> &Cell<'a> {
        self.0
            .iter()
            .find(|(name, _)| name.text() == Some(key))
            .map_or(&Cell::Null, |(_, value)| value)
    }
}

/// Implements visitor methods that ignore their argument and return the same result.
macro_rules! otherwise {
    ($result:expr; $($method:ident($($kind:ty)?)),+) => {
        $(fn $method<E>(self $(, _: $kind)?) -> Result<Self::Value, E> {
            Ok($result)
        })+
    };
}

struct CellVisitor;

impl<'de> Visitor<'de> for CellVisitor {
    type Value = Cell<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Cell<'de>, E> {
        Ok(Cell::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Cell<'de>, E> {
        Ok(Cell::Int(value))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cell<'de>, E> {
        Ok(Cell::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cell<'de>, E> {
        Ok(Cell::Text(Cow::Owned(text.to_owned())))
    }

    otherwise!(Cell::Null; visit_unit());
    otherwise!(Cell::Other; visit_i64(i64), visit_f64(f64));

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Cell<'de>, A::Error> {
        skip_items(items)?;
        Ok(Cell::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Cell<'de>, A::Error> {
        skip_members(members)?;
        Ok(Cell::Other)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Cell<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(CellVisitor)
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = JsonArray<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<JsonArray<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(JsonArray::Items(list))
    }

    otherwise!(JsonArray::Missing; visit_unit());
    otherwise!(JsonArray::Other; visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str));

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<JsonArray<T>, A::Error> {
        skip_members(members)?;
        Ok(JsonArray::Other)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for JsonArray<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ListVisitor(PhantomData))
    }
}

struct RecordVisitor;

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = JsonObject<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<JsonObject<'de>, A::Error> {
        let mut record = JsonObject::default();
        while let Some(member) = members.next_entry()? {
            record.0.push(member);
        }
        Ok(record)
    }

    otherwise!(JsonObject::default(); visit_unit(), visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str));

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<JsonObject<'de>, A::Error> {
        skip_items(items)?;
        Ok(JsonObject::default())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for JsonObject<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(RecordVisitor)
    }
}

fn skip_items<'de, A: SeqAccess<'de>>(mut items: A) -> Result<(), A::Error> {
    while items.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn skip_members<'de, A: MapAccess<'de>>(mut members: A) -> Result<(), A::Error> {
    while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_without_escapes_are_borrowed() {
        let cells: Vec<Cell> =
            parse(br#"["a", "b\u0026", 7, -7, 1.5, true, null, [[]], {"a": {}}]"#).unwrap();
        assert!(matches!(cells[0], Cell::Text(Cow::Borrowed("a"))));
        assert!(matches!(&cells[1], Cell::Text(Cow::Owned(text)) if text == "b&"));
        assert_eq!(cells[2], Cell::Int(7));
        assert_eq!(cells[3..5], [Cell::Other, Cell::Other]);
        assert_eq!(cells[5..7], [Cell::Bool(true), Cell::Null]);
        assert_eq!(cells[7..], [Cell::Other, Cell::Other]);
    }

    #[test]
    fn a_list_or_record_of_another_shape_is_no_error() {
        for text in [
            "null",
            "1",
            "-1",
            "1.5",
            "true",
            "\"a\"",
            "\"\\n\"",
            "[[1]]",
            "{\"a\":[1]}",
        ] {
            assert!(parse::<JsonArray<Cell>>(text.as_bytes()).is_ok(), "{text}");
            assert!(parse::<JsonObject>(text.as_bytes()).is_ok(), "{text}");
        }
    }

    #[test]
    fn damage_is_told_apart_and_never_quoted() {
        let cases: [(&[u8], &str); 6] = [
            (b" \n", "it is empty; try again"),
            (
                b"\xEF\xBB\xBF <!DOCTYPE html>",
                "it is an HTML or XML page, not JSON; try again later",
            ),
            (
                b"[\"\xFF\"]",
                "it is not valid UTF-8 from byte 2 on; try again",
            ),
            (
                b"[\"secret",
                "the JSON is truncated at line 1 column 8; try again",
            ),
            (
                b"[1, 77}",
                "it is not valid JSON: expected `,` or `]` at line 1 column 7; try again",
            ),
            (
                b"\"secret\"",
                "its structure is unexpected: a value of another type than expected at \
                 line 1 column 8; EDGAR may have changed its format",
            ),
        ];
        for (bytes, message) in cases {
            assert_eq!(parse::<Vec<u8>>(bytes).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn deep_nesting_exhausts_no_stack() {
        let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
        assert_eq!(parse::<Cell>(deep.as_bytes()), Ok(Cell::Other));
    }
}
