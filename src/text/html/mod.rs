//! Converts HTML and inline XBRL: parses the document into a tree, then walks the tree and writes the text.

mod flow;
mod parse;
mod render;
mod style;
mod table;
mod tree;

use super::TextFormat;

pub(super) fn text(html: &str, format: TextFormat) -> String {
    render::render(&parse::parse(html), format)
}
