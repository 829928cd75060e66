//! The beginning of a document, by which a page of something on the way is told from it.

use filing_etl::internals::{BEGINNING, misfit};

/// Names of every kind of document that EDGAR has, and of none.
const NAMES: [&str; 20] = [
    "d10k.htm",
    "d10k.html",
    "a.xml",
    "a.xsd",
    "a.xsl",
    "a.txt",
    "a.fil",
    "a.css",
    "a.js",
    "a.json",
    "a.pdf",
    "a.jpg",
    "a.gif",
    "a.png",
    "a.zip",
    "a.xlsx",
    "a.xls",
    "a.xfd",
    "a",
    "",
];

/// Beginnings of text as EDGAR serves it, with names that they fit whatever words follow.
const TEXTS: [(&[u8], &[&str]); 8] = [
    (
        b"<DOCUMENT>\n<TYPE>10-K\n<SEQUENCE>1\n<FILENAME>a\n<TEXT>\n",
        &["a.htm", "a.html", "a.xml", "a.xsd", "a.txt", "a.fil"],
    ),
    (b"<html>", &["a.htm", "a.html"]),
    (b"\n <!DOCTYPE HTML PUBLIC", &["a.htm", "a.html"]),
    (b"\xef\xbb\xbf<HTML>\r\n<HEAD>", &["a.htm", "a.html"]),
    (
        b"<?xml version='1.0' encoding='UTF-8'?>\n<a>",
        &["a.htm", "a.xml", "a.xsd", "a.txt"],
    ),
    (b"<xbrl ", &["a.xml"]),
    (b"Words of a letter ", &["a.txt", "a.fil", "a"]),
    (b"/* a script */", &["a.js", "a.css"]),
];

/// Beginnings that are fitting whatever bytes follow.
const BINARY: [(&[u8], &[&str]); 16] = [
    (b"%PDF-1.4\n", &["a.pdf"]),
    (b"\r\n\r\n%PDF-1.7\r", &["a.pdf"]),
    (b"\xff\xd8\xff\xe0\0\x10JFIF", &["a.jpg", "a.jpeg"]),
    (b"GIF87a", &["a.gif"]),
    (b"GIF89a", &["a.gif"]),
    (b"\x89PNG\r\n\x1a\n", &["a.png"]),
    (b"PK\x03\x04", &["a.zip", "a.xlsx", "a.docx", "a.pptx"]),
    (b"PK\x05\x06", &["a.zip"]),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", &["a.xls", "a.xlsx"]),
    (b"PK\x03\x04\x14", &["a.xls"]),
    (b"\x09\x08\x10\0\0\x05", &["a.xls"]),
    (b"MM\0*", &["a.tif", "a.tiff"]),
    (b"\r\n\xff\xd8\xff\xe0\0\x10JFIF", &["a.jpg"]),
    (b"\x1f\x8b\x08", &["a.gz"]),
    (b"\xff\xfe<\0", &["a.htm", "a.xml", "a.txt"]),
    (b"\xfe\xff\0<", &["a.htm", "a.xml", "a.txt"]),
];

/// How the pages of gateways and logins begin.
const PAGES: [&[u8]; 7] = [
    b"<html>",
    b"<!DOCTYPE html>",
    b"\r\n\t<HTML lang=en>",
    b"\xef\xbb\xbf <head>",
    b"<!doctype HTML PUBLIC",
    b"<?xml version=\"1.0\"?>\n<!DOCTYPE html PUBLIC",
    b"<!-- a proxy's -->\n<html>",
];

/// Any bytes as the beginning of a document of any name, and behind beginnings that decide.
pub(crate) fn beginnings(bytes: &[u8]) {
    for name in NAMES {
        let found = misfit(name, bytes);
        assert!(found.is_none_or(|why| !why.is_empty()));
        let head = &bytes[..bytes.len().min(BEGINNING)];
        assert_eq!(misfit(name, head), found, "{name}: what follows counted");
        assert_eq!(misfit(&name.to_ascii_uppercase(), head), found, "{name}");
        assert_eq!(misfit(name, b""), None, "{name}: an empty document");
    }
    let _ = misfit(&String::from_utf8_lossy(bytes), bytes);
    let words: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
    for (starts, rest) in [(&TEXTS[..], &words[..]), (&BINARY[..], bytes)] {
        for (start, names) in starts {
            let document = [*start, rest].concat();
            for name in *names {
                assert_eq!(misfit(name, &document), None, "{name} {start:?}");
            }
        }
    }
    // One NUL is enough to make a text none, and a page is a page whatever it says, but that it is a PDF.
    let text = [b"Words", &words[..words.len().min(100)], b"\0"].concat();
    assert!(misfit("a.txt", &text).is_some());
    let is_pdf = bytes.windows(5).any(|five| five == b"%PDF-");
    for start in PAGES {
        let page = [start, bytes].concat();
        for name in NAMES {
            let is_page = ["d10k.htm", "d10k.html"].contains(&name);
            let may_fit = is_page || (is_pdf && name == "a.pdf");
            if !may_fit {
                assert!(misfit(name, &page).is_some(), "{name} {start:?}");
            }
        }
    }
}
