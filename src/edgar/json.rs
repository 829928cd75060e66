//! Reading JSON that others wrote: tolerant of odd values, strict about damaged documents.
//!
//! The types here take any JSON value and remember only what we use of it, so one odd value
//! never costs the document around it. Texts are borrowed from the document wherever they
//! hold no escapes (a plain `Vec<Cow<str>>` would copy each of them). What is not wanted is
//! skipped by serde's [`IgnoredAny`], which neither recurses nor allocates per value, so deep
//! nesting cannot exhaust the stack.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::from_utf8;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use thiserror::Error;

use super::Cik;

/// A document from EDGAR that cannot be used at all.
///
/// No message quotes the document. Each is a fragment: the caller names the document.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadDocument {
    /// Nothing, or nothing but blanks.
    #[error("it is empty; ask for it again")]
    Empty,
    /// A page where data was expected: a block page, an error page, a captive portal.
    #[error("it is an HTML or XML page, not JSON; ask for it again later")]
    Page,
    /// Bytes that are no text.
    #[error("it is not valid UTF-8 from byte {at} on; ask for it again")]
    NotText {
        /// How many bytes are good, counted from 0.
        at: usize,
    },
    /// A document without its end.
    #[error("the JSON is cut off at line {line} column {column}; ask for it again")]
    Truncated {
        /// The last line, counted from 1.
        line: usize,
        /// The last column in bytes, counted from 1.
        column: usize,
    },
    /// A text that is no JSON. The message ends with the position.
    #[error("it is not valid JSON: {0}; ask for it again")]
    Syntax(String),
    /// Good JSON that says something else than we expect.
    #[error("its shape is not the expected one: {0}; EDGAR may have changed its format")]
    Shape(String),
    /// A good document that does not belong to the address it was asked for at.
    #[error("it is about CIK {found}, not about {asked}; ask for it again")]
    OtherCompany {
        /// Whose document it is.
        found: Cik,
        /// Whose was asked for.
        asked: Cik,
    },
}

/// Parses a whole document.
pub(super) fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, BadDocument> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match bytes.trim_ascii_start().first() {
        None => return Err(BadDocument::Empty),
        Some(b'<') => return Err(BadDocument::Page),
        Some(_) => {}
    }
    // Checking the text once and parsing it as such is a third faster than `from_slice`.
    let text = from_utf8(bytes).map_err(|err| BadDocument::NotText {
        at: err.valid_up_to(),
    })?;
    serde_json::from_str(text).map_err(|err| {
        let (line, column) = (err.line(), err.column());
        match err.classify() {
            Category::Eof => BadDocument::Truncated { line, column },
            Category::Syntax | Category::Io => BadDocument::Syntax(err.to_string()),
            // The message would quote the value.
            Category::Data => BadDocument::Shape(format!(
                "a value of another type than expected at line {line} column {column}"
            )),
        }
    })
}

/// One JSON value of a kind that stands in EDGAR's tables; anything else is [`Cell::Other`].
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
    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text, where an absent one means an empty one. `None` if it is something else.
    pub(super) fn text_or_empty(&self) -> Option<&str> {
        match self {
            Self::Null => Some(""),
            _ => self.text(),
        }
    }
}

/// A JSON array, or the note that there is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum JsonArray<T> {
    #[default]
    Missing,
    Items(Vec<T>),
    Other,
}

impl<T> JsonArray<T> {
    /// The items, if it is an array.
    pub(super) fn items(self) -> Option<Vec<T>> {
        match self {
            Self::Items(items) => Some(items),
            Self::Missing | Self::Other => None,
        }
    }
}

/// A JSON object with plain values; anything else has no members.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct JsonObject<'a>(Vec<(Cell<'a>, Cell<'a>)>);

impl<'a> JsonObject<'a> {
    /// The value of a member; [`Cell::Null`] if there is none.
    pub(super) fn get(&self, key: &str) -> &Cell<'a> {
        self.0
            .iter()
            .find(|(name, _)| name.text() == Some(key))
            .map_or(&Cell::Null, |(_, value)| value)
    }
}

/// Visits every value that is not the wanted one with the same result.
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
            (b" \n", "it is empty; ask for it again"),
            (
                b"\xEF\xBB\xBF <!DOCTYPE html>",
                "it is an HTML or XML page, not JSON; ask for it again later",
            ),
            (
                b"[\"\xFF\"]",
                "it is not valid UTF-8 from byte 2 on; ask for it again",
            ),
            (
                b"[\"secret",
                "the JSON is cut off at line 1 column 8; ask for it again",
            ),
            (
                b"[1, 77}",
                "it is not valid JSON: expected `,` or `]` at line 1 column 7; ask for it again",
            ),
            (
                b"\"secret\"",
                "its shape is not the expected one: a value of another type than expected at \
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
