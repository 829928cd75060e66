//! Extracts the text of a document, for people and language models.
//!
//! Pure: bytes and a name in, text out. [`extract`] detects the kind of a document by its content, then by
//! its name. [`html`] gives the text that a browser shows, [`ascii`] keeps the columns of the texts of the
//! 1990s, and [`xml`] labels the values of forms. Images, PDFs, archives and XBRL schemas have no text.
//!
//! Every step takes linear time and none recurses, for any input.

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
pub const VERSION: u32 = 4;

/// The size limit of a document in bytes. EDGAR accepts only smaller submissions.
pub const LARGEST: usize = 1 << 30;

/// The format of an extracted text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TextFormat {
    /// Words and lines; tabs between the cells of a table.
    Plain,
    /// Markdown: headings, lists, emphasis, tables.
    Markdown,
}

impl TextFormat {
    /// The name in options and tables.
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
    /// Lines are separated by `\n`.
    pub text: String,
    /// The kind of the document.
    pub kind: TextKind,
}

/// The text of a document; `None` if its kind has no text, or if it is larger than [`LARGEST`].
///
/// The document may have the `<DOCUMENT>` tags that EDGAR serves it with.
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
        // A document that is not XML despite its name is treated as plain text.
        TextKind::Xml => {
            xml::text(&decoded, format).unwrap_or_else(|| ascii::text(&decoded, format))
        }
    };
    Some(DocumentText { text, kind })
}

#[cfg(test)]
mod tests;
