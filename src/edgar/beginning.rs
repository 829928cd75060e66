//! Checks whether the beginning of a document fits its name. That distinguishes documents from the page of a
//! gateway, a login form or random bytes that come with status 200.
//!
//! EDGAR serves most documents with their `<DOCUMENT>` tags, so a text may begin with these. A document that does
//! not fit may still be EDGAR's own (a PDF with the extension `.txt`), so the caller requests it once more.

use memchr::memmem;

/// How many bytes of a document are examined.
pub const BEGINNING: usize = 4096;

/// The signature of a PDF may be within this many bytes, as PDF readers accept it.
const PDF_HEAD: usize = 1024;

/// Signatures by the extension of the name, in lower case.
const SIGNATURES: [(&str, &[u8]); 11] = [
    ("jpg", b"\xff\xd8\xff"),
    ("jpeg", b"\xff\xd8\xff"),
    ("gif", b"GIF8"),
    ("png", b"\x89PNG\r\n\x1a\n"),
    ("zip", b"PK"),
    ("xlsx", b"PK"),
    ("docx", b"PK"),
    ("pptx", b"PK"),
    ("xls", b"\xd0\xcf\x11\xe0"),
    ("tif", b"II*\0"),
    ("gz", b"\x1f\x8b"),
];

/// The reason why the beginning of a document does not fit its name; `None` if it fits. Of `head`, the first
/// [`BEGINNING`] bytes count. An empty document fits any name.
pub fn misfit(name: &str, head: &[u8]) -> Option<&'static str> {
    let head = &head[..head.len().min(BEGINNING)];
    if head.is_empty() {
        return None;
    }
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let extension = extension.to_ascii_lowercase();
    let is_page = is_web_page(head);
    let signature = SIGNATURES.iter().find(|(known, _)| *known == extension);
    if let Some((_, signature)) = signature {
        return match is_page {
            _ if head.starts_with(signature) => None,
            true => Some("it begins as a web page"),
            false => Some("it does not begin as a file of that type does"),
        };
    }
    match &*extension {
        "pdf" if holds_pdf(head) => None,
        "htm" | "html" => markup(head),
        "xml" | "xsd" | "xsl" if !is_page => markup(head),
        "txt" | "fil" | "paper" | "css" | "js" | "json" if !is_page => plain(head),
        _ if is_page => Some("it begins as a web page"),
        "pdf" => Some("it does not begin as a PDF does"),
        _ => None,
    }
}

/// The reason why the beginning is not that of a document with tags.
fn markup(head: &[u8]) -> Option<&'static str> {
    if is_utf16(head) {
        return None;
    }
    plain(head).or_else(|| {
        let is_tag = matches!(text_of(head), [b'<', ..] | []);
        (!is_tag).then_some("it does not begin with a tag")
    })
}

/// The reason why the beginning is not that of a text.
fn plain(head: &[u8]) -> Option<&'static str> {
    if is_utf16(head) {
        None
    } else if head.contains(&0) {
        Some("it is no text: it holds NUL bytes")
    } else if head.starts_with(b"%PDF-") || binary(head) {
        Some("it is no text: it begins as another type of file does")
    } else {
        None
    }
}

fn binary(head: &[u8]) -> bool {
    SIGNATURES
        .iter()
        .any(|(_, signature)| signature.len() > 2 && head.starts_with(signature))
}

fn holds_pdf(head: &[u8]) -> bool {
    memmem::find(&head[..head.len().min(PDF_HEAD)], b"%PDF-").is_some()
}

/// Whether it has the byte order mark of UTF-16, in which every second byte of ASCII is NUL.
fn is_utf16(head: &[u8]) -> bool {
    head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff")
}

/// The text after the byte order mark and blanks.
fn text_of(head: &[u8]) -> &[u8] {
    head.strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(head)
        .trim_ascii_start()
}

/// Whether it is a web page from its first tag on, outside of EDGAR's `<DOCUMENT>`.
fn is_web_page(head: &[u8]) -> bool {
    let text = text_of(head);
    [&b"<!doctype html"[..], b"<html", b"<head"]
        .iter()
        .any(|start| {
            text.get(..start.len())
                .is_some_and(|text| text.eq_ignore_ascii_case(start))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PAGE: &[u8] = b"\n<!DOCTYPE html>\n<html><body>Please sign in</body></html>";
    const WRAPPED: &[u8] = b"<DOCUMENT>\n<TYPE>10-K\n<SEQUENCE>1\n<TEXT>\n<html>";

    #[test]
    fn what_edgar_serves_fits_its_name() {
        for (name, head) in [
            ("a.htm", &b"<?xml version='1.0'?><html>"[..]),
            ("a.htm", WRAPPED),
            ("a.HTML", PAGE),
            ("a.htm", b"\xef\xbb\xbf  <html>"),
            ("a.xml", b"<?xml version=\"1.0\"?>\n<xbrl>"),
            ("a.xml", WRAPPED),
            ("a.xml", b"\xff\xfe<\0?\0x\0m\0l\0"),
            ("a.txt", b"<DOCUMENT>\n<TYPE>10-K"),
            ("a.txt", b"Plain words, \xe9 in latin-1"),
            ("a.pdf", b"%PDF-1.7\n"),
            ("a.pdf", b"\r\n\r\n%PDF-1.4"),
            ("a.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF"),
            ("a.gif", b"GIF89a\x01\0"),
            ("a.png", b"\x89PNG\r\n\x1a\n\0\0"),
            ("a.zip", b"PK\x03\x04\0"),
            ("a.xlsx", b"PK\x03\x04\0"),
            ("a.xfd", b"\0\x01\x02 anything"),
            ("noextension", b"\0 anything"),
            ("a.jpg", b""),
        ] {
            assert_eq!(misfit(name, head), None, "{name} {head:?}");
        }
    }

    #[test]
    fn a_page_of_something_on_the_way_fits_no_other_name_than_that_of_a_page() {
        for name in [
            "a.xml", "a.xsd", "a.txt", "a.pdf", "a.jpg", "a.gif", "a.png", "a.zip", "a.xlsx",
            "a.json", "a.css", "a.fil", "a.xfd", "a",
        ] {
            assert!(misfit(name, PAGE).is_some(), "{name}");
        }
    }

    #[test]
    fn noise_fits_no_name_that_says_what_it_is() {
        let noise: Vec<u8> = (0..600_u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        assert!(noise.contains(&0));
        for name in [
            "a.htm", "a.xml", "a.txt", "a.pdf", "a.jpg", "a.gif", "a.png", "a.zip", "a.xlsx",
            "a.xls", "a.js",
        ] {
            assert!(misfit(name, &noise).is_some(), "{name}");
        }
        assert!(misfit("a.txt", b"%PDF-1.4\n%").is_some());
        assert!(misfit("a.htm", b"GIF89a..").is_some());
        assert!(misfit("a.htm", b"no tag at all").is_some());
    }

    proptest! {
        #[test]
        fn whatever_comes_is_looked_at(name in any::<String>(), head in any::<Vec<u8>>()) {
            let _ = misfit(&name, &head);
        }
    }
}
