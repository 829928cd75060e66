//! Walks the tree and writes the text that a browser would show.

use std::borrow::Cow;

use super::flow::{Emphasis, LinkStart, TextFlow};
use super::style::{Display, ElementStyle, LetterCase, ListMarker, WhiteSpace, symbol};
use super::table::TableText;
use super::tree::{DOCUMENT, ElementExtras, HtmlTree, Id, NIL, NodeContent};
use crate::text::TextFormat;

/// The kind of an element, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ElementKind {
    Other,
    /// Blocks with a blank line before and after them.
    Paragraph,
    Heading(u8),
    LineBreak,
    Rule,
    Preformatted,
    Bold,
    Italic,
    Raised,
    Link,
    Ordered,
    Unordered,
    Item,
}

/// How an element of this name takes part in the layout, if its style says nothing else.
pub(super) fn display(name: &str) -> Display {
    kind(name).1
}

fn kind(name: &str) -> (ElementKind, Display) {
    use Display::{Block, Caption, Cell, Contents, Inline, ListItem, None, Row, Table};
    match name {
        "p" | "blockquote" | "dl" | "fieldset" => (ElementKind::Paragraph, Block),
        "h1" => (ElementKind::Heading(1), Block),
        "h2" => (ElementKind::Heading(2), Block),
        "h3" => (ElementKind::Heading(3), Block),
        "h4" => (ElementKind::Heading(4), Block),
        "h5" => (ElementKind::Heading(5), Block),
        "h6" => (ElementKind::Heading(6), Block),
        "br" => (ElementKind::LineBreak, Inline),
        "hr" => (ElementKind::Rule, Block),
        "pre" | "xmp" | "listing" | "plaintext" => (ElementKind::Preformatted, Block),
        "b" | "strong" => (ElementKind::Bold, Inline),
        "i" | "em" | "cite" | "dfn" | "var" => (ElementKind::Italic, Inline),
        "sup" => (ElementKind::Raised, Inline),
        "a" => (ElementKind::Link, Inline),
        "ol" => (ElementKind::Ordered, Block),
        "ul" | "menu" | "dir" => (ElementKind::Unordered, Block),
        "li" => (ElementKind::Item, ListItem),
        "table" => (ElementKind::Other, Table),
        "tr" => (ElementKind::Other, Row),
        "td" => (ElementKind::Other, Cell),
        "th" => (ElementKind::Bold, Cell),
        "caption" => (ElementKind::Other, Caption),
        "tbody" | "thead" | "tfoot" => (ElementKind::Other, Contents),
        "html" | "body" | "address" | "article" | "aside" | "center" | "dd" | "details" | "div"
        | "dt" | "figcaption" | "figure" | "footer" | "form" | "frameset" | "header" | "hgroup"
        | "legend" | "main" | "nav" | "optgroup" | "option" | "search" | "section" | "summary" => {
            (ElementKind::Other, Block)
        }
        // The header of inline XBRL is not part of the visible page.
        "head" | "title" | "script" | "style" | "template" | "noscript" | "meta" | "link"
        | "base" | "area" | "datalist" | "param" | "rp" | "noframes" | "noembed" | "iframe"
        | "audio" | "video" | "canvas" | "textarea" | "colgroup" | "col" | "meter" | "progress"
        | "desc" | "annotation" | "annotation-xml" | "ix:header" | "ix:hidden"
        | "ix:references" | "ix:resources" => (ElementKind::Other, None),
        _ => (ElementKind::Other, Inline),
    }
}

/// Properties that elements pass on to their children.
#[derive(Debug, Clone, Copy)]
struct Inherited {
    visible: bool,
    white_space: WhiteSpace,
    emphasis: Emphasis,
    case: LetterCase,
    symbols: bool,
    marker: ListMarker,
    /// Whether it is in a superscript of which nothing is written yet.
    is_raised: bool,
}

/// An open element whose content is collected before it is written.
#[derive(Debug)]
enum OpenFrame {
    Table(TableText),
    Cell { columns: u32, rows: u32 },
    Caption,
    Preformatted,
    Link(LinkStart),
    List { next: i32 },
    Item { indent: usize },
}

struct TreeWalk<'a> {
    tree: &'a HtmlTree,
    kinds: Vec<(ElementKind, Display)>,
    format: TextFormat,
    frames: Vec<(Id, OpenFrame)>,
    flows: Vec<TextFlow>,
    inherited: Vec<Inherited>,
}

pub(super) fn render(tree: &HtmlTree, format: TextFormat) -> String {
    if tree.nodes.is_empty() {
        return String::new();
    }
    let mut walk = TreeWalk {
        tree,
        kinds: tree.names().map(kind).collect(),
        format,
        frames: Vec::new(),
        flows: vec![TextFlow::new(format, true)],
        inherited: vec![Inherited {
            visible: true,
            white_space: WhiteSpace::Collapsed,
            emphasis: Emphasis::default(),
            case: LetterCase::AsIs,
            symbols: false,
            marker: ListMarker::Bullet,
            is_raised: false,
        }],
    };
    walk.flows[0].out.reserve(tree.text.len());
    walk.run();
    let flow = walk.flows.swap_remove(0);
    flow.finish()
}

impl<'a> TreeWalk<'a> {
    /// Visits the nodes in order, without recursion.
    fn run(&mut self) {
        let mut id = DOCUMENT;
        loop {
            let node = self.tree.node(id);
            if self.enter(id, node.content) && node.first != NIL {
                id = node.first;
                continue;
            }
            loop {
                if id == DOCUMENT {
                    return;
                }
                let node = self.tree.node(id);
                if node.next != NIL {
                    id = node.next;
                    break;
                }
                id = node.parent;
                self.leave(id);
            }
        }
    }

    fn flow(&mut self) -> &mut TextFlow {
        let last = self.flows.len() - 1;
        &mut self.flows[last]
    }

    fn now(&self) -> Inherited {
        self.inherited[self.inherited.len() - 1]
    }

    /// Enters a node. Returns whether to visit its children; [`Self::leave`] is then called after them.
    fn enter(&mut self, id: Id, content: NodeContent) -> bool {
        match content {
            NodeContent::Nothing => {
                self.inherited.push(self.now());
                self.tree.node(id).first != NIL
            }
            NodeContent::Text { start, end } => {
                self.text(self.tree.text(start, end));
                false
            }
            NodeContent::Element { name, style, more } => {
                let (kind, display) = self.kinds[name as usize];
                let display = shown(kind, display, style);
                if display == Display::None {
                    return false;
                }
                self.open(id, kind, display, style, self.more(more));
                if self.tree.node(id).first == NIL {
                    self.leave(id);
                    return false;
                }
                true
            }
        }
    }

    fn more(&self, more: u32) -> Option<&'a ElementExtras> {
        self.tree.more.get(more as usize)
    }

    fn open(
        &mut self,
        id: Id,
        kind: ElementKind,
        display: Display,
        style: ElementStyle,
        more: Option<&ElementExtras>,
    ) {
        self.inherited.push(self.handed_down(kind, display, style));
        if style.page_before() {
            self.flow().page_break();
        }
        if self.is_flex_item(id) {
            self.flow().apart();
        }
        match kind {
            ElementKind::LineBreak => self.flow().next_line(),
            ElementKind::Paragraph | ElementKind::Heading(_) | ElementKind::Preformatted => {
                self.flow().line_break(2);
            }
            ElementKind::Rule => self.rule(style),
            _ => {}
        }
        match display {
            Display::Block | Display::ListItem => self.flow().block(),
            Display::Table => {
                self.flow().block();
                self.flow().holds_table = true;
                self.frames
                    .push((id, OpenFrame::Table(TableText::default())));
                return;
            }
            Display::Row => match self.frames.last_mut() {
                Some((_, OpenFrame::Table(table))) => table.begin_row(),
                _ => self.flow().block(),
            },
            Display::Cell => {
                if matches!(self.frames.last(), Some((_, OpenFrame::Table(_)))) {
                    let (columns, rows) = match more {
                        Some(&ElementExtras::Span { columns, rows }) => (columns, rows),
                        _ => (1, 1),
                    };
                    self.frames.push((id, OpenFrame::Cell { columns, rows }));
                    self.flows.push(TextFlow::new(self.format, false));
                } else {
                    self.flow().block();
                }
                return;
            }
            Display::Caption => {
                self.frames.push((id, OpenFrame::Caption));
                self.flow().block();
            }
            Display::Inline | Display::Contents | Display::None => {}
        }
        match kind {
            ElementKind::Heading(level)
                if self.format == TextFormat::Markdown && !self.is_in_cell() =>
            {
                self.flow()
                    .begin_item(format!("{} ", "#".repeat(level.into())), 0);
            }
            ElementKind::Preformatted
                if self.format == TextFormat::Markdown && !self.is_in_cell() =>
            {
                self.frames.push((id, OpenFrame::Preformatted));
                self.flows.push(TextFlow::new(TextFormat::Plain, false));
            }
            ElementKind::Link if matches!(more, Some(ElementExtras::Link(_))) => {
                let start = self.flow().link_start();
                self.frames.push((id, OpenFrame::Link(start)));
            }
            ElementKind::Ordered | ElementKind::Unordered => {
                let first = match more {
                    Some(&ElementExtras::Number(first)) => first,
                    _ => 1,
                };
                self.frames.push((id, OpenFrame::List { next: first }));
            }
            ElementKind::Item => {
                let number = if let Some(&ElementExtras::Number(number)) = more {
                    Some(number)
                } else {
                    None
                };
                self.item(id, number);
            }
            _ => {}
        }
    }

    fn is_flex_item(&self, id: Id) -> bool {
        let parent = self.tree.node(id).parent;
        parent != NIL
            && matches!(self.tree.node(parent).content, NodeContent::Element { style, .. } if style.is_flex())
    }

    fn is_in_cell(&self) -> bool {
        self.flows.len() > 1
    }

    /// Begins a list item. Bullets are for Markdown only: in plain text they would count as words.
    fn item(&mut self, id: Id, number: Option<i32>) {
        let is_markdown = self.format == TextFormat::Markdown && !self.is_in_cell();
        let number = match self.frames.last_mut() {
            Some((_, OpenFrame::List { next })) => {
                let number = number.unwrap_or(*next);
                *next = number.saturating_add(1);
                number
            }
            _ => number.unwrap_or(1),
        };
        let marker = match self.now().marker {
            ListMarker::Bullet if is_markdown => "- ".to_owned(),
            ListMarker::Bullet | ListMarker::Nothing => return,
            marker => numbered(marker, number) + ". ",
        };
        let indent = if is_markdown { marker.len() } else { 0 };
        self.flow().begin_item(marker, indent);
        self.frames.push((id, OpenFrame::Item { indent }));
    }

    fn rule(&mut self, style: ElementStyle) {
        self.flow().line_break(2);
        if style.page_after() || style.page_before() {
            self.flow().page_break();
        }
    }

    fn handed_down(&self, kind: ElementKind, display: Display, style: ElementStyle) -> Inherited {
        let mut inherited = self.now();
        match kind {
            ElementKind::Bold | ElementKind::Heading(_) => {
                inherited.emphasis.bold = kind == ElementKind::Bold;
            }
            ElementKind::Italic => inherited.emphasis.italic = true,
            ElementKind::Preformatted => inherited.white_space = WhiteSpace::Kept,
            ElementKind::Raised => inherited.is_raised = true,
            ElementKind::Ordered => inherited.marker = ListMarker::Decimal,
            ElementKind::Unordered => inherited.marker = ListMarker::Bullet,
            _ => {}
        }
        inherited.visible = style.visible().unwrap_or(inherited.visible);
        inherited.white_space = style.white_space().unwrap_or(inherited.white_space);
        inherited.emphasis.bold = style.bold().unwrap_or(inherited.emphasis.bold);
        inherited.emphasis.italic = style.italic().unwrap_or(inherited.emphasis.italic);
        inherited.case = style.case().unwrap_or(inherited.case);
        inherited.symbols = style.symbols().unwrap_or(inherited.symbols);
        inherited.marker = style.marker().unwrap_or(inherited.marker);
        inherited.is_raised |= display == Display::Inline && style.is_raised();
        inherited
    }

    fn leave(&mut self, id: Id) {
        self.inherited.pop();
        let NodeContent::Element { name, style, more } = self.tree.node(id).content else {
            return;
        };
        let (kind, display) = self.kinds[name as usize];
        let display = shown(kind, display, style);
        if self.frames.last().is_some_and(|(frame, _)| *frame == id)
            && let Some((_, frame)) = self.frames.pop()
        {
            self.close(frame, more);
        }
        if self.is_flex_item(id) {
            self.flow().apart();
        }
        match display {
            Display::Block | Display::ListItem | Display::Caption => self.flow().block(),
            Display::Row | Display::Cell
                if !matches!(self.frames.last(), Some((_, OpenFrame::Table(_)))) =>
            {
                self.flow().block();
            }
            _ => {}
        }
        match kind {
            ElementKind::Paragraph | ElementKind::Preformatted => self.flow().line_break(2),
            ElementKind::Heading(_) => {
                if self.format == TextFormat::Markdown && !self.is_in_cell() {
                    self.flow().end_item(0);
                }
                self.flow().line_break(2);
            }
            _ => {}
        }
        if style.page_after() {
            self.flow().page_break();
        }
    }

    fn close(&mut self, frame: OpenFrame, more: u32) {
        match frame {
            OpenFrame::Table(table) => {
                let format = self.format;
                table.write(self.flow(), format);
            }
            OpenFrame::Cell { columns, rows } => {
                let Some(flow) = self.flows.pop() else { return };
                let holds_table = flow.holds_table;
                let text = flow.finish();
                if let Some((_, OpenFrame::Table(table))) = self.frames.last_mut() {
                    table.cell(columns, rows, text, holds_table);
                }
            }
            OpenFrame::Preformatted => {
                let Some(flow) = self.flows.pop() else { return };
                let text = flow.finish();
                super::super::markdown::fence(&text, |line| {
                    self.flow().line_break(1);
                    self.flow().raw_line(line);
                });
                self.flow().line_break(2);
            }
            OpenFrame::Link(start) => {
                if let Some(ElementExtras::Link(address)) = self.more(more) {
                    self.flow().link_end(start, address);
                }
            }
            OpenFrame::Item { indent } => self.flow().end_item(indent),
            OpenFrame::Caption | OpenFrame::List { .. } => {}
        }
    }

    fn text(&mut self, text: &str) {
        let now = self.now();
        let is_between_cells = matches!(self.frames.last(), Some((_, OpenFrame::Table(_))));
        if !now.visible || is_between_cells && text.trim().is_empty() {
            return;
        }
        let text = shaped(text, now);
        if now.is_raised && text.starts_with(|c: char| c.is_ascii_digit()) {
            // Otherwise the digits would seem to belong to the number before them.
            let emphasis = now.emphasis;
            if self
                .flow()
                .last_char()
                .is_some_and(|c| c.is_ascii_digit() || c == '%')
            {
                self.flow().mark("^", emphasis);
            }
        }
        self.flow().text(&text, now.white_space, now.emphasis);
    }
}

fn shown(kind: ElementKind, display: Display, style: ElementStyle) -> Display {
    let shown = style.display().unwrap_or(display);
    match shown {
        // `display` cannot show elements that are not part of the page.
        _ if display == Display::None => Display::None,
        Display::Inline if style.is_out_of_flow() && kind != ElementKind::LineBreak => {
            Display::Block
        }
        _ => shown,
    }
}

fn shaped(text: &str, now: Inherited) -> Cow<'_, str> {
    let text = if now.symbols {
        Cow::Owned(text.chars().map(symbol).collect())
    } else {
        Cow::Borrowed(text)
    };
    match now.case {
        LetterCase::AsIs => text,
        LetterCase::Upper => Cow::Owned(text.to_uppercase()),
        LetterCase::Lower => Cow::Owned(text.to_lowercase()),
        LetterCase::Capitalized => Cow::Owned(capitalized(&text)),
    }
}

/// The number of an item as its list shows it.
fn numbered(marker: ListMarker, number: i32) -> String {
    let shown = match marker {
        ListMarker::LowerLetters | ListMarker::UpperLetters => letters(number),
        ListMarker::LowerRoman | ListMarker::UpperRoman => roman(number),
        _ => None,
    };
    match shown {
        // Numbers without such a form are shown as decimals.
        None => number.to_string(),
        Some(shown) if matches!(marker, ListMarker::LowerLetters | ListMarker::LowerRoman) => shown,
        Some(shown) => shown.to_ascii_uppercase(),
    }
}

/// `a` to `z`, then `aa`.
fn letters(number: i32) -> Option<String> {
    let mut rest = u32::try_from(number).ok().filter(|number| *number > 0)?;
    let mut reversed = String::new();
    while rest > 0 {
        rest -= 1;
        reversed.extend(char::from_digit(10 + rest % 26, 36));
        rest /= 26;
    }
    Some(reversed.chars().rev().collect())
}

fn roman(number: i32) -> Option<String> {
    const DIGITS: [(i32, &str); 13] = [
        (1000, "m"),
        (900, "cm"),
        (500, "d"),
        (400, "cd"),
        (100, "c"),
        (90, "xc"),
        (50, "l"),
        (40, "xl"),
        (10, "x"),
        (9, "ix"),
        (5, "v"),
        (4, "iv"),
        (1, "i"),
    ];
    if !(1..4000).contains(&number) {
        return None;
    }
    let (mut rest, mut out) = (number, String::new());
    for (value, digit) in DIGITS {
        while rest >= value {
            out.push_str(digit);
            rest -= value;
        }
    }
    Some(out)
}

fn capitalized(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_start = true;
    for c in text.chars() {
        if is_start && c.is_alphabetic() {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
        is_start = !(c.is_alphanumeric() || matches!(c, '\'' | '’'));
    }
    out
}
