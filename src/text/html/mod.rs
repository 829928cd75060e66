//! HTML and inline XBRL: the tree of the document, and the walk that writes its text.

mod flow;
mod parse;
mod render;
mod style;
mod table;
mod tree;

use super::TextFormat;

/// The text of an HTML document.
pub(super) fn text(html: &str, format: TextFormat) -> String {
    render::render(&parse::parse(html), format)
}
