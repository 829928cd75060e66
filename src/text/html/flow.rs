//! Writes text as lines: collapses white space, starts lines for blocks, and adds Markdown markup.

use super::style::WhiteSpace;
use crate::text::TextFormat;
use crate::text::markdown;

/// The largest indent of nested lists, in columns, so that lines stay short.
const DEEPEST_INDENT: usize = 32;

/// The emphasis of the next text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Emphasis {
    pub(super) bold: bool,
    pub(super) italic: bool,
}

impl Emphasis {
    fn marks(self) -> &'static str {
        match (self.bold, self.italic) {
            (true, true) => "***",
            (true, false) => "**",
            (false, true) => "*",
            (false, false) => "",
        }
    }
}

/// The white space before the next text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct TextGap {
    lines: u8,
    page: bool,
    space: bool,
}

/// Text that is being written: a document, or the content of a cell.
#[derive(Debug)]
pub(super) struct TextFlow {
    pub(super) out: String,
    format: TextFormat,
    /// Whether emphasis is marked. It is not in cells of tables.
    marks: bool,
    gap: TextGap,
    /// Whether the line has only no-break spaces, which counts as a blank line.
    blank: bool,
    open: Emphasis,
    /// The indent of lines in columns, from the enclosing lists.
    indent: usize,
    /// The marker of the next line, of a list item or a heading, and the columns before it.
    marker: Option<(usize, String)>,
    /// Whether it contains a table, which needs more than one line.
    pub(super) holds_table: bool,
}

/// The beginning of a link's text.
#[derive(Debug, Clone, Copy)]
pub(super) struct LinkStart {
    at: usize,
    open: Emphasis,
}

impl TextFlow {
    pub(super) fn new(format: TextFormat, marks: bool) -> Self {
        Self {
            out: String::new(),
            format,
            marks: marks && format == TextFormat::Markdown,
            gap: TextGap::default(),
            blank: false,
            open: Emphasis::default(),
            indent: 0,
            marker: None,
            holds_table: false,
        }
    }

    /// The next text begins a new line, `lines` below the current one.
    pub(super) fn line_break(&mut self, lines: u8) {
        let lines = if std::mem::take(&mut self.blank) {
            2
        } else {
            lines
        };
        self.gap.lines = self.gap.lines.max(lines);
        self.gap.space = false;
    }

    /// Between two blocks.
    pub(super) fn block(&mut self) {
        self.line_break(if self.marks { 2 } else { 1 });
    }

    /// `<br>`.
    pub(super) fn next_line(&mut self) {
        self.gap.lines = (self.gap.lines + 1).min(2);
        self.gap.space = false;
        self.blank = false;
    }

    /// The next text is a separate word.
    pub(super) fn apart(&mut self) {
        self.gap.space = true;
    }

    pub(super) fn page_break(&mut self) {
        self.line_break(2);
        self.gap.page = true;
    }

    /// The next line is a list item or a heading. Later lines are indented by `indent`.
    pub(super) fn begin_item(&mut self, marker: String, indent: usize) {
        self.marker = Some((self.indent, marker));
        self.indent += indent;
    }

    pub(super) fn end_item(&mut self, indent: usize) {
        self.marker = None;
        self.indent = self.indent.saturating_sub(indent);
    }

    /// Appends text, directly after the text before it.
    pub(super) fn text(&mut self, text: &str, white_space: WhiteSpace, emphasis: Emphasis) {
        match white_space {
            WhiteSpace::Collapsed => self.words(text, emphasis),
            WhiteSpace::Kept | WhiteSpace::LinesKept => {
                for (number, line) in text.split('\n').enumerate() {
                    if number > 0 {
                        self.next_kept_line();
                    }
                    if white_space == WhiteSpace::LinesKept {
                        self.words(line, emphasis);
                    } else if !line.trim().is_empty() {
                        self.fill_gap(emphasis);
                        let line = line.trim_end_matches('\r').replace('\u{a0}', " ");
                        self.push(&line);
                    } else if self.gap.lines == 0 && !self.out.is_empty() {
                        self.out.push_str(line);
                    }
                }
            }
        }
    }

    fn next_kept_line(&mut self) {
        self.trim_end();
        self.next_line();
    }

    fn words(&mut self, text: &str, emphasis: Emphasis) {
        let mut rest = text;
        loop {
            let word = rest.trim_start_matches(|c: char| {
                let is_space = c.is_whitespace();
                if c == '\u{a0}' && self.at_line_start() {
                    self.blank = true;
                }
                is_space
            });
            if word.len() < rest.len() {
                self.gap.space = true;
            }
            if word.is_empty() {
                return;
            }
            let end = word.find(char::is_whitespace).unwrap_or(word.len());
            self.word(&word[..end], emphasis);
            rest = &word[end..];
        }
    }

    fn at_line_start(&self) -> bool {
        self.gap.lines > 0 || self.out.is_empty()
    }

    fn word(&mut self, word: &str, emphasis: Emphasis) {
        if word.chars().all(is_invisible) {
            return;
        }
        self.fill_gap(emphasis);
        if word.contains(is_invisible) {
            self.push(&word.replace(is_invisible, ""));
        } else {
            self.push(word);
        }
    }

    fn push(&mut self, text: &str) {
        if self.format == TextFormat::Markdown {
            let starts_line = self.out.is_empty() || self.out.ends_with('\n');
            markdown::escape(text, starts_line, &mut self.out);
        } else {
            self.out.push_str(text);
        }
    }

    /// Writes the white space before the next text.
    fn fill_gap(&mut self, emphasis: Emphasis) {
        self.blank = false;
        let gap = std::mem::take(&mut self.gap);
        let is_start = self.out.is_empty();
        // Markdown ignores a mark in the middle of a word.
        let changes = self.marks
            && self.open != emphasis
            && (gap.space || gap.lines > 0 || is_start || self.out.ends_with(' '));
        if changes || gap.lines > 0 {
            self.close_emphasis();
        }
        if gap.lines > 0 && !is_start {
            self.trim_end();
            self.new_lines(gap.lines);
        }
        if gap.page {
            self.write_page_break(is_start);
        }
        if gap.lines > 0 || is_start {
            self.begin_line();
        } else if gap.space {
            self.out.push(' ');
        }
        if self.marks && self.open != emphasis && (changes || gap.lines > 0) {
            self.out.push_str(emphasis.marks());
            self.open = emphasis;
        }
    }

    fn write_page_break(&mut self, is_start: bool) {
        match self.format {
            TextFormat::Plain => self.out.push_str("\u{c}\n"),
            TextFormat::Markdown if !is_start && self.marks => self.out.push_str("---\n\n"),
            TextFormat::Markdown => {}
        }
    }

    fn new_lines(&mut self, lines: u8) {
        // Two blanks make it a hard line break in Markdown.
        if lines == 1 && self.marks {
            self.out.push_str("  ");
        }
        for _ in 0..lines {
            self.out.push('\n');
        }
    }

    /// Indents a line, and writes the marker of an item.
    fn begin_line(&mut self) {
        let (columns, marker) = self.marker.take().unwrap_or((self.indent, String::new()));
        self.out
            .extend(std::iter::repeat_n(' ', columns.min(DEEPEST_INDENT)));
        self.out.push_str(&marker);
    }

    fn close_emphasis(&mut self) {
        if self.open != Emphasis::default() {
            self.trim_end();
            self.out.push_str(self.open.marks());
            self.open = Emphasis::default();
        }
    }

    fn trim_end(&mut self) {
        let end = self.out.trim_end_matches(' ').len();
        self.out.truncate(end);
    }

    pub(super) fn link_start(&self) -> LinkStart {
        LinkStart {
            at: self.out.len(),
            open: self.open,
        }
    }

    /// Turns the text written since `start` into a link, if it is on one line.
    pub(super) fn link_end(&mut self, start: LinkStart, address: &str) {
        if !self.marks {
            return;
        }
        let Some(written) = self.out.get(start.at..) else {
            return;
        };
        let begin = self.out.len() - written.trim_start().len();
        let text = &self.out[begin..];
        // If the line began with this text, a list marker may precede it.
        if text.is_empty() || text.contains(['\n', '[', ']']) || self.marker_within(start.at) {
            return;
        }
        if self.open != start.open {
            self.close_emphasis();
        }
        self.out.insert(begin, '[');
        self.out.push_str("](");
        self.out.push_str(address);
        self.out.push(')');
    }

    fn marker_within(&self, at: usize) -> bool {
        let text = self.out[at..].trim_start();
        text.starts_with(['#', '-']) || text.starts_with(|c: char| c.is_ascii_digit())
    }

    /// Appends a mark directly after the word before it, such as a caret.
    pub(super) fn mark(&mut self, mark: &str, emphasis: Emphasis) {
        self.fill_gap(emphasis);
        self.out.push_str(mark);
    }

    /// The last character, if the next text would join its word.
    pub(super) fn last_char(&self) -> Option<char> {
        if self.gap == TextGap::default() {
            self.out.chars().next_back()
        } else {
            None
        }
    }

    /// Appends finished lines, such as those of a table, as a block.
    pub(super) fn lines(&mut self, lines: &str) {
        for (number, line) in lines.lines().enumerate() {
            if number > 0 {
                self.gap.lines = self.gap.lines.max(1);
            }
            if line.is_empty() {
                self.gap.lines = 2;
                continue;
            }
            self.raw_line(line);
        }
    }

    /// Appends a line unchanged.
    pub(super) fn raw_line(&mut self, line: &str) {
        self.close_emphasis();
        let is_start = self.out.is_empty();
        let gap = std::mem::take(&mut self.gap);
        self.blank = false;
        if !is_start {
            self.trim_end();
            for _ in 0..gap.lines.max(1) {
                self.out.push('\n');
            }
        }
        if gap.page {
            self.write_page_break(is_start);
        }
        self.begin_line();
        self.out.push_str(line);
    }

    /// The finished text.
    pub(super) fn finish(mut self) -> String {
        self.close_emphasis();
        let end = self.out.trim_end().len();
        self.out.truncate(end);
        self.out
    }
}

/// Whether a character has no glyph: soft hyphens, joiners, byte order marks.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
    )
}
