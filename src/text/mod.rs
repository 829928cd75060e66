//! Text: each document as people and models read it.
//!
//! Pure: bytes and a name in, text out. [`extract`] tells what a document is by its content, then by its
//! name; [`html`] shows what a browser would show, [`ascii`] keeps the columns of the texts of the
//! 1990s, [`xml`] names the values of forms. Images, PDFs, archives and XBRL's schemas have no text.
//!
//! Every step takes linear time and none recurses, whatever the bytes are.

mod ascii;
mod decode;
mod html;
pub mod items;
mod kind;
mod markdown;
mod submission;
mod wrapper;
mod xml;

use serde::{Deserialize, Serialize};

pub use kind::TextKind;
pub use submission::submission;

/// Goes up when the same bytes give another text, so that readers know what to extract again.
pub const VERSION: u32 = 2;

/// The largest document of which a text is made, in bytes; EDGAR takes smaller submissions only.
pub const LARGEST: usize = 1 << 30;

/// What the text looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TextFormat {
    /// Words and lines; the cells of a table's row stand apart by tabs.
    Plain,
    /// Markdown: headings, lists, emphasis, tables.
    Markdown,
}

impl TextFormat {
    /// Its name in options and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Markdown => "markdown",
        }
    }
}

/// The text of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentText {
    /// The text; lines end in `\n`, the last one without.
    pub text: String,
    /// What the document is.
    pub kind: TextKind,
}

/// The text of a document; `None` where it is of a kind that has none, or larger than [`LARGEST`].
///
/// The document may stand between the `<DOCUMENT>` tags that EDGAR serves it with.
#[must_use]
pub fn extract(name: &str, bytes: &[u8], format: TextFormat) -> Option<DocumentText> {
    let body = wrapper::body(bytes);
    let kind = TextKind::of(name, body)?;
    if body.len() > LARGEST {
        return None;
    }
    let decoded = decode::decode(body);
    let text = match kind {
        TextKind::Html => html::text(&decoded, format),
        TextKind::Text => ascii::text(&decoded, format),
        // What is no XML in spite of its name is shown as it is.
        TextKind::Xml => {
            xml::text(&decoded, format).unwrap_or_else(|| ascii::text(&decoded, format))
        }
    };
    Some(DocumentText { text, kind })
}

#[cfg(test)]
mod tests;
