//! Checks whether the beginning of a document fits its name. That distinguishes documents from the page of a
//! gateway, a login form or random bytes that come with status 200.
//!
//! EDGAR serves most documents with their `<DOCUMENT>` tags, so a text may begin with these. A document that does
//! not fit may still be EDGAR's own (a PDF with the extension `.txt`), so the caller requests it once more.

use memchr::memmem;

use crate::markup::{is_web_page, text_of};

/// How many bytes of a document are examined.
pub const BEGINNING: usize = 4096;

/// The signature of a PDF may begin within this many bytes, as PDF readers accept it.
const PDF_HEAD: usize = 1024;

/// Office documents of 1997 to 2003, and later ones with a password.
const OLE: &[u8] = b"\xd0\xcf\x11\xe0";

/// Zip archives, and with them office documents since 2007.
const ZIP: &[u8] = b"PK";

/// Signatures by the extensions of the name, in lower case: a file begins with one of them.
const SIGNATURES: [(&[&str], &[&[u8]]); 9] = [
    (&["jpg", "jpeg"], &[b"\xff\xd8\xff"]),
    (&["gif"], &[b"GIF8"]),
    (&["png"], &[b"\x89PNG\r\n\x1a\n"]),
    (&["zip"], &[ZIP]),
    (&["xlsx", "docx", "pptx"], &[ZIP, OLE]),
    // The last four are Excel 2 to 5 without a container.
    (
        &["xls"],
        &[OLE, ZIP, b"\x09\x00", b"\x09\x02", b"\x09\x04", b"\x09\x08"],
    ),
    // In the byte order of Intel and of Motorola.
    (&["tif", "tiff"], &[b"II*\0", b"MM\0*"]),
    (&["bmp"], &[b"BM"]),
    (&["gz"], &[b"\x1f\x8b"]),
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
    let known = SIGNATURES.iter().find(|(of, _)| of.contains(&&*extension));
    if let Some((_, signatures)) = known {
        return match is_page {
            _ if begins_with_one(head, signatures) => None,
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

/// Whether one of the signatures begins the document. Line ends may stand before it, as an old submission
/// has them before its documents.
fn begins_with_one(head: &[u8], signatures: &[&[u8]]) -> bool {
    let lines = head.iter().take_while(|byte| b"\r\n".contains(byte));
    let rest = &head[lines.count()..];
    signatures
        .iter()
        .any(|signature| head.starts_with(signature) || rest.starts_with(signature))
}

fn binary(head: &[u8]) -> bool {
    let signatures = SIGNATURES.iter().flat_map(|(_, signatures)| *signatures);
    // Two bytes may well be the first letters of a text.
    signatures
        .filter(|signature| signature.len() > 2)
        .any(|signature| head.starts_with(signature))
}

fn holds_pdf(head: &[u8]) -> bool {
    const SIGNATURE: &[u8] = b"%PDF-";
    let first = &head[..head.len().min(PDF_HEAD - 1 + SIGNATURE.len())];
    memmem::find(first, SIGNATURE).is_some()
}

/// Whether it has the byte order mark of UTF-16, in which every second byte of ASCII is NUL.
fn is_utf16(head: &[u8]) -> bool {
    head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff")
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
            ("a.jpg", b"\r\n\xff\xd8\xff\xe0\0\x10JFIF"),
            ("a.zip", b"PK\x03\x04\0"),
            ("a.xlsx", b"PK\x03\x04\0"),
            ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
            ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
            ("a.xls", b"PK\x03\x04\0"),
            ("a.xls", b"\x09\x08\x10\0\0\x05"),
            ("a.tif", b"II*\0"),
            ("a.tiff", b"MM\0*"),
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
            for page in [
                &b"<?xml version=\"1.0\"?>\n<!DOCTYPE html PUBLIC"[..],
                b"<!-- a proxy's --><!DOCTYPE html>",
            ] {
                assert!(misfit(name, page).is_some(), "{name}");
                assert_eq!(misfit("a.htm", page), None);
            }
        }
    }

    #[test]
    fn the_signature_of_a_pdf_begins_in_its_first_1024_bytes() {
        let at = |n: usize| [&vec![b' '; n][..], b"%PDF-1.4"].concat();
        assert_eq!(misfit("a.pdf", &at(1023)), None);
        assert!(misfit("a.pdf", &at(1024)).is_some());
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
