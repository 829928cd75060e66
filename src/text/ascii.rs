//! Converts plain text: keeps the lines and removes the tags of EDGAR's first years.
//!
//! `<PAGE>` begins a page. `<TABLE>`, `<S>`, `<C>` and similar tags marked the columns for EDGAR's software.
//! They are replaced by blanks of the same width, so that the columns stay aligned. In Markdown, blocks with
//! columns are put between fences.

use super::{TextFormat, markdown};

/// A gap of this width within a line separates columns.
const COLUMN_GAP: &str = "   ";

pub(super) fn text(source: &str, format: TextFormat) -> String {
    let mut lines = AsciiLines {
        out: String::with_capacity(source.len()),
        format,
        block: Vec::new(),
        in_table: false,
    };
    let source = if source.contains('\r') {
        std::borrow::Cow::Owned(source.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        std::borrow::Cow::Borrowed(source)
    };
    for line in source.lines() {
        lines.line(line);
    }
    lines.finish()
}

struct AsciiLines {
    out: String,
    format: TextFormat,
    /// The current block: lines up to a blank line or the end of a table.
    block: Vec<String>,
    in_table: bool,
}

impl AsciiLines {
    fn line(&mut self, line: &str) {
        let (line, tags) = without_tags(line);
        if tags.begins_table {
            self.end_block();
            self.in_table = true;
        }
        if tags.begins_page {
            let table = self.in_table;
            self.end_block();
            self.page();
            self.in_table = table;
        }
        let line = line.trim_end();
        if !line.is_empty() {
            self.block.push(line.to_owned());
        } else if !tags.any {
            if self.in_table && self.format == TextFormat::Markdown {
                self.block.push(String::new());
            } else {
                self.end_block_of_text();
            }
        }
        if tags.ends_table {
            self.end_block();
            self.in_table = false;
        }
    }

    fn end_block_of_text(&mut self) {
        let table = self.in_table;
        self.end_block();
        self.in_table = table;
    }

    fn page(&mut self) {
        let trimmed = self.out.trim_end_matches('\n').len();
        self.out.truncate(trimmed);
        match self.format {
            TextFormat::Plain => {
                if !self.out.is_empty() {
                    self.out.push('\n');
                }
                self.out.push_str("\u{c}\n");
            }
            TextFormat::Markdown if !self.out.is_empty() => self.out.push_str("\n\n---\n\n"),
            TextFormat::Markdown => {}
        }
    }

    /// Writes the current block, followed by a blank line.
    fn end_block(&mut self) {
        let block = std::mem::take(&mut self.block);
        if block.iter().all(String::is_empty) {
            return;
        }
        match self.format {
            TextFormat::Plain => block.iter().for_each(|line| self.write(line)),
            TextFormat::Markdown if self.in_table || has_columns(&block) => {
                markdown::fence(block.join("\n").trim_end(), |line| self.write(line));
            }
            TextFormat::Markdown => {
                for line in &block {
                    let mut escaped = String::with_capacity(line.len());
                    markdown::escape_line(line.trim_start(), &mut escaped);
                    self.write(&escaped);
                }
            }
        }
        self.out.push('\n');
    }

    fn write(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn finish(mut self) -> String {
        self.end_block();
        let end = self.out.trim_end().len();
        self.out.truncate(end);
        self.out
    }
}

fn has_columns(block: &[String]) -> bool {
    block
        .iter()
        .any(|line| line.trim_start().contains(COLUMN_GAP) || line.contains('\t'))
}

/// The tags that a line contains.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a line may contain any combination of them"
)]
struct LineTags {
    any: bool,
    begins_page: bool,
    begins_table: bool,
    ends_table: bool,
}

/// The line with its tags replaced by blanks. Tags at the beginning of the line are removed.
fn without_tags(line: &str) -> (String, LineTags) {
    let mut tags = LineTags::default();
    if !line.contains('<') {
        return (line.to_owned(), tags);
    }
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        let Some(length) = tag_at(rest) else {
            out.push('<');
            rest = &rest[1..];
            continue;
        };
        tags.any = true;
        match rest[1..length - 1].to_ascii_uppercase().as_str() {
            "PAGE" => tags.begins_page = true,
            "TABLE" => tags.begins_table = true,
            "/TABLE" => tags.ends_table = true,
            _ => {}
        }
        out.extend(std::iter::repeat_n(' ', length));
        rest = &rest[length..];
    }
    out.push_str(rest);
    (out, tags)
}

/// The length of the EDGAR tag at the beginning of the text, if there is one.
fn tag_at(text: &str) -> Option<usize> {
    // The longest tag is `</CAPTION>`.
    let end = text.bytes().take(12).position(|b| b == b'>')?;
    let name = text[1..end].trim_start_matches('/').to_ascii_uppercase();
    let is_note = |letter: &str| {
        name.strip_prefix(letter).is_some_and(|number| {
            !number.is_empty() && number.len() <= 3 && number.bytes().all(|b| b.is_ascii_digit())
        })
    };
    let known = matches!(
        name.as_str(),
        "PAGE" | "TABLE" | "CAPTION" | "S" | "C" | "FN" | "R" | "PRE" | "BTB" | "TEXT"
    );
    (known || is_note("F")).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "Sales rose.\n\n<TABLE>\n<CAPTION>\n                 1995      1994\n<S>              <C>       <C>\nNet sales        $ 10      $  9\n</TABLE>\n<PAGE>\n  2\nNext page <F1> (a < b)\n";

    #[test]
    fn tags_go_and_columns_stay() {
        let expected = "Sales rose.\n\n                 1995      1994\nNet sales        $ 10      $  9\n\u{c}\n  2\nNext page      (a < b)";
        assert_eq!(text(TABLE, TextFormat::Plain), expected);
    }

    #[test]
    fn markdown_has_tables_between_fences() {
        let expected = "Sales rose.\n\n```\n                 1995      1994\nNet sales        $ 10      $  9\n```\n\n---\n\n```\n  2\nNext page      (a < b)\n```";
        assert_eq!(text(TABLE, TextFormat::Markdown), expected);
    }

    #[test]
    fn line_ends_of_every_system_are_lines() {
        assert_eq!(
            text("one\rtwo\r\nthree\n", TextFormat::Plain),
            "one\ntwo\nthree"
        );
    }

    #[test]
    fn a_tag_that_is_none_of_edgars_is_text() {
        assert_eq!(
            text("<SUPPLEMENT> to <CO>\n", TextFormat::Plain),
            "<SUPPLEMENT> to <CO>"
        );
    }
}
