//! The head of a document, between `<DOCUMENT>` and `<TEXT>`, and what it says about the text.

use super::lines::first_line_end;
use super::{DocumentForm, DocumentKind};
use crate::edgar::names::extension;

/// Names, types and descriptions are truncated to this number of bytes.
const LONGEST_FIELD: usize = 1024;

/// The fields of a head. If a tag repeats, the first one counts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) type_: Option<String>,
    pub(super) sequence: Option<u32>,
    pub(super) filename: Option<String>,
    pub(super) description: Option<String>,
    /// Whether a field was truncated or was not UTF-8.
    pub(super) changed: bool,
    /// Whether this holds for the file name. Then EDGAR does not serve the document under the changed name.
    pub(super) filename_changed: bool,
}

impl Fields {
    pub(super) fn parse(mut head: &[u8]) -> Self {
        let mut fields = Self::default();
        while !head.is_empty() {
            let (line, rest) = head.split_at(first_line_end(head));
            fields.line(line);
            head = rest;
        }
        fields
    }

    fn line(&mut self, line: &[u8]) {
        if let Some(value) = line.strip_prefix(b"<SEQUENCE>") {
            let number = || str::from_utf8(value).ok()?.trim().parse().ok();
            self.sequence = self.sequence.or_else(number);
            return;
        }
        let mut is_filename = false;
        let (field, value) = if let Some(value) = line.strip_prefix(b"<TYPE>") {
            (&mut self.type_, value)
        } else if let Some(value) = line.strip_prefix(b"<FILENAME>") {
            is_filename = true;
            (&mut self.filename, value)
        } else if let Some(value) = line.strip_prefix(b"<DESCRIPTION>") {
            (&mut self.description, value)
        } else {
            return;
        };
        let value = value.trim_ascii();
        if field.is_none() && !value.is_empty() {
            let (text, changed) = text(value);
            *field = Some(text);
            self.changed |= changed;
            self.filename_changed |= changed && is_filename;
        }
    }
}

/// The bytes as truncated UTF-8 text, and whether this changed them.
fn text(bytes: &[u8]) -> (String, bool) {
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    let short = text.floor_char_boundary(LONGEST_FIELD);
    text.truncate(short);
    let changed = text.as_bytes() != bytes;
    (text, changed)
}

/// The kind of a document, from its position, type and name.
pub(super) fn kind(position: u32, type_: &str, name: &str, in_pdf_tag: bool) -> DocumentKind {
    if position == 1 {
        DocumentKind::Primary
    } else if in_pdf_tag || extension(name).is_some_and(|e| e.eq_ignore_ascii_case("pdf")) {
        DocumentKind::Pdf
    } else if type_ == "GRAPHIC" {
        DocumentKind::Graphic
    } else if type_.starts_with("EX-100") || type_.starts_with("EX-101") || is_rendered(type_) {
        DocumentKind::Xbrl
    } else if type_.starts_with("EX-") {
        DocumentKind::Exhibit
    } else {
        DocumentKind::Other
    }
}

/// The form of a document whose text begins neither with a tag nor with a `begin` line.
pub(super) fn plain_form(type_: &str) -> DocumentForm {
    if is_rendered(type_) || type_ == "GRAPHIC" {
        DocumentForm::Bare
    } else {
        DocumentForm::Wrapped
    }
}

/// The extensions of binary files, in lower case. All measured documents with them are uuencoded in the
/// submission.
const BINARY: [&str; 15] = [
    "bmp", "docx", "gif", "gz", "ico", "jpeg", "jpg", "pdf", "png", "pptx", "tif", "tiff", "xls",
    "xlsx", "zip",
];

/// Whether the name is that of a binary file.
pub(super) fn is_binary(filename: &str) -> bool {
    extension(filename).is_some_and(|e| BINARY.contains(&&*e.to_ascii_lowercase()))
}

/// Whether documents of this type are usually binary.
pub(super) fn is_binary_type(type_: &str) -> bool {
    matches!(type_, "GRAPHIC" | "EXCEL" | "ZIP")
}

/// Whether EDGAR generates the documents of this type.
fn is_rendered(type_: &str) -> bool {
    matches!(type_, "XML" | "JSON" | "EXCEL" | "ZIP")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_read_with_any_line_end() {
        for end in ["\n", "\r", "\r\n"] {
            let head = [
                "<DOCUMENT>",
                "<TYPE>EX-99.1",
                "<SEQUENCE>12",
                "<FILENAME> a b.htm ",
                "<DESCRIPTION>A <B> C",
                "<TEXT>",
                "",
            ]
            .join(end);
            let fields = Fields::parse(head.as_bytes());
            assert_eq!(fields.type_.as_deref(), Some("EX-99.1"));
            assert_eq!(fields.sequence, Some(12));
            assert_eq!(fields.filename.as_deref(), Some("a b.htm"));
            assert_eq!(fields.description.as_deref(), Some("A <B> C"));
            assert!(!fields.changed);
        }
    }

    #[test]
    fn odd_fields_are_missing_and_never_fatal() {
        let fields = Fields::parse(
            b"<SEQUENCE>one\n<FILENAME>\n<FILENAME>../x\n<FILENAME>y\n<DESCRIPTION>\xff",
        );
        assert_eq!(fields.sequence, None);
        assert_eq!(fields.filename.as_deref(), Some("../x"));
        assert_eq!(fields.description.as_deref(), Some("\u{fffd}"));
        assert!(fields.changed && !fields.filename_changed);
        let long = [&b"<FILENAME>"[..], "é".repeat(2000).as_bytes()].concat();
        let fields = Fields::parse(&long);
        assert!(fields.changed && fields.filename_changed);
        assert_eq!(fields.filename.map(|name| name.len()), Some(LONGEST_FIELD));
    }

    #[test]
    fn the_kind_follows_from_place_type_and_name() {
        use DocumentKind::*;
        for (position, type_, name, expected) in [
            (1, "10-K", "a.htm", Primary),
            (1, "LETTER", "filename1.pdf", Primary),
            (2, "EX-99.1", "b.htm", Exhibit),
            (2, "EX-99.1", "b.PDF", Pdf),
            (3, "GRAPHIC", "c.jpg", Graphic),
            (4, "EX-101.SCH", "d.xsd", Xbrl),
            (5, "XML", "R1.htm", Xbrl),
            (6, "INFORMATION TABLE", "e.xml", Other),
            (7, "", "", Other),
        ] {
            assert_eq!(
                kind(position, type_, name, false),
                expected,
                "{type_} {name}"
            );
        }
    }

    #[test]
    fn only_a_plain_extension_is_one() {
        assert_eq!(extension("a.b.htm"), Some("htm"));
        for name in ["", "a", "a.", "a.h/m", "a.verylongone", ".é"] {
            assert_eq!(extension(name), None, "{name}");
        }
    }
}
