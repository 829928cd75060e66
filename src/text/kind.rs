//! Detects the kind of a document.

/// A kind of document that has a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextKind {
    /// HTML, including inline XBRL.
    Html,
    /// Plain text, with or without the tags of EDGAR's first years.
    Text,
    /// Forms such as 3, 4, 5 and 13F, and other XML.
    Xml,
}

/// The kind is detected from this many bytes at the beginning of a document.
const SNIFFED: usize = 4096;

impl TextKind {
    /// The name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Text => "text",
            Self::Xml => "xml",
        }
    }

    /// The kind of a document without its wrapper. HTML is detected by content, because EDGAR also serves
    /// HTML pages under the names of XML forms. Other kinds are detected by name.
    #[must_use]
    pub fn of(name: &str, body: &[u8]) -> Option<Self> {
        let start = &body[..body.len().min(SNIFFED)];
        let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
        let extension = name
            .rsplit_once('.')
            .map(|(_, end)| end.to_ascii_lowercase());
        let by_name = match extension.as_deref() {
            Some("htm" | "html" | "xhtml") => Some(Self::Html),
            Some("xml") => Some(Self::Xml),
            Some("txt" | "text") | None => Some(Self::Text),
            Some(_) => None,
        };
        let by_name = by_name?;
        // The name alone does not prove that it is text: some `.txt` files on EDGAR are PDFs.
        let binary: [&[u8]; 5] = [
            b"%PDF",
            b"PK\x03\x04",
            b"GIF8",
            b"\xff\xd8\xff",
            b"begin 644 ",
        ];
        let first = start.trim_ascii_start();
        if binary.iter().any(|magic| first.starts_with(magic)) {
            return None;
        }
        Some(if is_html(start) {
            Self::Html
        } else if by_name == Self::Text && starts_with_tag(start, b"?xml") {
            Self::Xml
        } else {
            by_name
        })
    }
}

/// Whether the first element is `<html>`.
fn is_html(start: &[u8]) -> bool {
    let mut rest = start.trim_ascii_start();
    loop {
        let passed = if rest.starts_with(b"<!--") {
            memchr::memmem::find(rest, b"-->").map(|end| end + 3)
        } else if rest.starts_with(b"<?") {
            memchr::memchr(b'>', rest).map(|end| end + 1)
        } else {
            None
        };
        match passed {
            Some(passed) => rest = rest[passed..].trim_ascii_start(),
            None => {
                return starts_with_tag(rest, b"html") || starts_with_tag(rest, b"!doctype html");
            }
        }
    }
}

fn starts_with_tag(text: &[u8], tag: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    text.first() == Some(&b'<')
        && text
            .get(1..=tag.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(tag))
}
