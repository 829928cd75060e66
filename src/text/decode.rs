//! Decodes bytes to characters: as UTF-8 if they are valid, else in the encoding that the document
//! declares, else as windows-1252, as browsers do.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// The encoding must be declared within this many bytes. The HTML standard sets this number.
const DECLARED_WITHIN: usize = 1024;

/// The characters of a document. Invalid bytes become U+FFFD. NULs are left out: no reader shows them, and some
/// databases refuse them.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let text = characters(bytes);
    if memchr::memchr(0, text.as_bytes()).is_some() {
        return Cow::Owned(text.replace('\0', ""));
    }
    text
}

fn characters(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0;
    }
    if let Ok(text) = str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let encoding = match declared(bytes) {
        Some(encoding) if encoding != UTF_8 => encoding,
        // A few invalid bytes in UTF-8 are damage; many mean another encoding.
        _ if is_mostly_utf8(bytes) => UTF_8,
        _ => WINDOWS_1252,
    };
    encoding.decode_without_bom_handling(bytes).0
}

/// The encoding that a `<meta>` or an XML declaration names, if it is compatible with ASCII.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = bytes[..bytes.len().min(DECLARED_WITHIN)].to_ascii_lowercase();
    let named = |key: &[u8]| {
        let value = &start[memchr::memmem::find(&start, key)? + key.len()..];
        let value = value
            .trim_ascii_start()
            .strip_prefix(b"=")?
            .trim_ascii_start();
        let value = value
            .strip_prefix(b"\"")
            .or(value.strip_prefix(b"'"))
            .unwrap_or(value);
        let ends = |b: &u8| matches!(b, b'"' | b'\'' | b'>' | b' ' | b';' | b'/' | b'?');
        let end = value.iter().position(ends).unwrap_or(value.len());
        Encoding::for_label(&value[..end])
    };
    named(b"charset")
        .or_else(|| named(b"encoding"))
        .filter(|encoding| encoding.is_ascii_compatible())
}

/// Whether valid multi-byte characters outnumber the invalid bytes.
fn is_mostly_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().bytes().filter(|&b| b >= 0xc0).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good > bad
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_utf8_are_windows_1252() {
        assert_eq!(
            decode(b"Company\x92s \x93plan\x94 \x97 caf\xe9"),
            "Company’s “plan” — café"
        );
        assert_eq!(decode("Company’s".as_bytes()), "Company’s");
    }

    #[test]
    fn nuls_are_left_out() {
        assert_eq!(decode(b"\0a\0\0b\x92\0"), "ab’");
    }

    #[test]
    fn what_the_document_says_counts_where_it_is_no_utf8() {
        let document =
            b"<meta http-equiv=Content-Type content='text/html; charset=Shift_JIS'>\x83\x65";
        assert!(decode(document).ends_with('テ'));
        assert_eq!(
            decode(b"<?xml version='1.0' encoding='ASCII'?>\x92"),
            "<?xml version='1.0' encoding='ASCII'?>’"
        );
    }

    #[test]
    fn a_bad_byte_does_not_spoil_a_document_of_utf8() {
        let mut bytes = "“Quoted” and ‘so on’".as_bytes().to_vec();
        bytes.push(0xff);
        assert_eq!(decode(&bytes), "“Quoted” and ‘so on’\u{fffd}");
    }

    #[test]
    fn a_byte_order_mark_names_the_encoding() {
        assert_eq!(decode(b"\xef\xbb\xbfText"), "Text");
        assert_eq!(decode(b"\xff\xfeT\0e\0x\0t\0"), "Text");
    }
}
