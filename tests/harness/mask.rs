//! Masks the parts of an output that differ from run to run, so that it can be compared with a snapshot.

use serde_json::Value;

/// Formats of times; a `9` stands for any digit.
const SHAPES: [&str; 5] = ["9999-99-99", "99:99:99.999", "99:99:99", "99:99", "9:99"];

/// Fields of JSON documents with times or process IDs.
const FIELDS: [&str; 4] = ["elapsed_s", "eta_s", "per_second", "pid"];

/// A text with every digit of a date or time replaced by `9`.
pub fn text(text: &str) -> String {
    let (mut rest, mut masked) = (text, String::new());
    while let Some(first) = rest.chars().next() {
        let inside = masked.ends_with(|c: char| c.is_ascii_digit() || c == ',' || c == '.');
        let shape = SHAPES
            .into_iter()
            .find(|shape| !inside && fits(rest, shape));
        let taken = shape.map_or(first.len_utf8(), str::len);
        masked.push_str(shape.unwrap_or(&rest[..taken]));
        rest = &rest[taken..];
    }
    masked
}

fn fits(text: &str, shape: &str) -> bool {
    let follows = text.as_bytes().get(shape.len());
    let same = |(t, s): (u8, u8)| {
        if s == b'9' {
            t.is_ascii_digit()
        } else {
            t == s
        }
    };
    text.len() >= shape.len()
        && text.bytes().zip(shape.bytes()).all(same)
        && !follows.is_some_and(u8::is_ascii_digit)
}

/// As [`text`], for a JSON document.
pub fn json(mut document: Value) -> String {
    hide(&mut document);
    text(&serde_json::to_string_pretty(&document).unwrap())
}

fn hide(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if FIELDS.contains(&name.as_str()) && value.is_number() {
                    *value = 0.into();
                }
                hide(value);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(hide),
        _ => {}
    }
}

/// Compares with a snapshot in `tests/snapshots`.
#[macro_export]
macro_rules! snapshot {
    ($name:literal, $text:expr) => {
        insta::with_settings!({snapshot_path => "../snapshots", prepend_module_to_snapshot => false}, {
            insta::assert_snapshot!($name, $text);
        })
    };
}
