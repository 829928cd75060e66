//! Builds the tree of a document: html5gum splits the markup into tokens, and html5ever builds the tree as
//! browsers do.
//!
//! Between the two, attributes that do not affect the text are removed. Markup that would take more than
//! linear time is changed: elements nested deeper than browsers allow, and formatting elements that are
//! opened again and again.

use std::collections::HashMap;
use std::convert::Infallible;

use html5ever::interface::TreeSink;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts};
use html5ever::{Attribute, LocalName, QualName, ns};
use html5gum::emitters::callback::{Callback, CallbackEmitter, CallbackEvent};
use html5gum::{Emitter, Error, ForwardingEmitter, Span, State, Tokenizer};

use super::render;
use super::style::{Display, ElementStyle};
use super::tree::{HtmlTree, HtmlTreeSink, Id, carried};

/// Elements that are nested deeper become siblings. Chromium has the same limit.
const DEEPEST: u32 = 512;

/// The largest spans of a cell. Larger ones are reduced to them, as the HTML standard requires.
const MOST_COLUMNS: u32 = 1000;
const MOST_ROWS: u32 = 65_534;

/// Nodes for each token, and steps of a search for each token, above which formatting elements are handled as
/// spans. Filings have less than one node and about five steps for a token.
const MOST_NODES: usize = 4;
const MOST_STEPS: usize = 200;

/// The longest address of a link that is kept, in bytes.
const LONGEST_LINK: usize = 2048;

pub(super) fn parse(html: &str) -> HtmlTree {
    attempt(html, Formatting::AsIs)
        .or_else(|| attempt(html, Formatting::AsSpans))
        .unwrap_or_default()
}

/// How formatting elements such as `<b>` and `<font>` are handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Formatting {
    /// As in browsers: an unclosed element is opened again in every later block. Repeated, this creates more
    /// nodes than the markup has tags, or lists of open elements that are searched for every tag.
    AsIs,
    /// Each ends where its block ends.
    AsSpans,
}

/// Builds the tree; `None` if that takes far more nodes or steps than the markup has tags.
fn attempt(html: &str, formatting: Formatting) -> Option<HtmlTree> {
    let mut bridge = Bridge::new(HtmlTreeSink::new(html.len()), formatting);
    let tokens = Tokens(CallbackEmitter::new(&mut bridge));
    let Ok(()) = Tokenizer::new_with_emitter(html, tokens).finish();
    (!bridge.is_overgrown).then(|| bridge.builder.sink.finish())
}

/// Passes the tokens of html5gum to html5ever, and the tokenizer state that the tree requires back.
struct Tokens<'a>(CallbackEmitter<&'a mut Bridge>);

impl ForwardingEmitter for Tokens<'_> {
    type Token = Infallible;

    fn inner(&mut self) -> &mut impl Emitter<Token = Infallible> {
        &mut self.0
    }

    fn should_emit_errors(&mut self) -> bool {
        false
    }

    fn emit_error(&mut self, _: Error) {}

    fn emit_current_tag(&mut self) -> Option<State> {
        let state = self.0.emit_current_tag();
        debug_assert!(state.is_none(), "the tree decides on the state");
        self.0.callback_mut().next_state.take()
    }

    fn emit_eof(&mut self) {
        self.0.emit_eof();
        let bridge = self.0.callback_mut();
        bridge.send(Token::EOFToken);
        bridge.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&mut self) -> bool {
        let bridge = self.0.callback_mut();
        bridge
            .builder
            .adjusted_current_node_present_but_not_in_html_namespace()
    }
}

/// The kind of the attribute that is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KnownAttribute {
    Style,
    Face,
    Columns,
    Rows,
    Link,
    Number,
    Type,
    Other,
}

/// The attributes that the start tag has had. Of repeated ones, the first one counts.
#[derive(Debug, Default, Clone, Copy)]
struct SeenAttributes {
    style: bool,
    face: bool,
}

struct Bridge {
    builder: TreeBuilder<Id, HtmlTreeSink>,
    formatting: Formatting,
    /// The start tag that is being read, its style so far, and the kind of its current attribute.
    tag: Option<Tag>,
    style: ElementStyle,
    seen: SeenAttributes,
    attribute: KnownAttribute,
    /// Start tags that were dropped because of their depth, by name. Their end tags are dropped, too.
    skipped: HashMap<LocalName, u32>,
    /// The name of a dropped element that hides its content, and how many elements of this name are open
    /// within it, including itself.
    hidden: Option<(LocalName, u32)>,
    /// The number of tokens that may create nodes.
    tokens: usize,
    /// Whether the current element contains no markup, such as `<script>`.
    is_raw: bool,
    is_overgrown: bool,
    next_state: Option<State>,
}

impl Bridge {
    fn new(sink: HtmlTreeSink, formatting: Formatting) -> Self {
        Self {
            builder: TreeBuilder::new(sink, TreeBuilderOpts::default()),
            formatting,
            tag: None,
            style: ElementStyle::default(),
            seen: SeenAttributes::default(),
            attribute: KnownAttribute::Other,
            skipped: HashMap::new(),
            hidden: None,
            tokens: 0,
            is_raw: false,
            is_overgrown: false,
            next_state: None,
        }
    }

    fn send(&mut self, token: Token) {
        if self.is_overgrown {
            return;
        }
        self.tokens += 1;
        let sink = &self.builder.sink;
        self.is_overgrown = self.formatting == Formatting::AsIs
            && (sink.nodes() > MOST_NODES * self.tokens + 10_000
                || sink.steps.get() > MOST_STEPS * self.tokens + 1_000_000);
        match self.builder.process_token(token, 1) {
            TokenSinkResult::RawData(kind) => {
                self.is_raw = true;
                self.next_state = Some(match kind {
                    RawKind::Rcdata => State::RcData,
                    RawKind::Rawtext => State::RawText,
                    RawKind::ScriptData | RawKind::ScriptDataEscaped(_) => State::ScriptData,
                });
            }
            TokenSinkResult::Plaintext => self.next_state = Some(State::PlainText),
            TokenSinkResult::Continue
            | TokenSinkResult::Script(_)
            | TokenSinkResult::EncodingIndicator(_) => {}
        }
    }

    fn attribute_name(&mut self, name: &[u8]) {
        self.attribute = match name {
            b"style" => KnownAttribute::Style,
            b"face" => KnownAttribute::Face,
            b"colspan" => KnownAttribute::Columns,
            b"rowspan" => KnownAttribute::Rows,
            b"href" => KnownAttribute::Link,
            b"start" | b"value" => KnownAttribute::Number,
            b"type" => KnownAttribute::Type,
            b"hidden" => {
                self.style.hide();
                KnownAttribute::Other
            }
            _ => KnownAttribute::Other,
        };
    }

    fn attribute_value(&mut self, value: &[u8]) {
        let Some(tag) = &mut self.tag else { return };
        let is_cell = matches!(&*tag.name, "td" | "th");
        match self.attribute {
            KnownAttribute::Style if !std::mem::replace(&mut self.seen.style, true) => {
                self.style.declarations(value);
            }
            KnownAttribute::Face if !std::mem::replace(&mut self.seen.face, true) => {
                self.style.face(value);
            }
            KnownAttribute::Type if matches!(&*tag.name, "ol" | "ul" | "li") => {
                self.style.list_type(value);
            }
            KnownAttribute::Columns if is_cell => {
                carry(tag, carried::COLUMNS, &span(value, MOST_COLUMNS));
            }
            KnownAttribute::Rows if is_cell => carry(tag, carried::ROWS, &span(value, MOST_ROWS)),
            KnownAttribute::Link if &*tag.name == "a" => {
                if let Some(link) = link(value) {
                    carry(tag, carried::LINK, link);
                }
            }
            KnownAttribute::Number if matches!(&*tag.name, "ol" | "li") => {
                let number = str::from_utf8(value)
                    .ok()
                    .and_then(|text| text.trim().parse().ok());
                if let Some(number) = number {
                    let number: i32 = number;
                    carry(tag, carried::NUMBER, &number.to_string());
                }
            }
            _ => {}
        }
        self.attribute = KnownAttribute::Other;
    }

    fn start(&mut self, mut tag: Tag) {
        if self.is_raw {
            return;
        }
        if let Some((name, open)) = &mut self.hidden {
            *open += u32::from(*name == tag.name);
            return;
        }
        if self.builder.sink.depth.get() >= DEEPEST && self.may_nest(&tag.name) {
            self.skip(tag.name);
            return;
        }
        if self.style != ElementStyle::default() {
            carry(&mut tag, carried::STYLE, &format!("{:x}", self.style.0));
        }
        self.as_span(&mut tag);
        self.send(Token::TagToken(tag));
    }

    /// Whether an element of this name may have elements within it. In SVG and formulas, any may.
    fn may_nest(&self, name: &str) -> bool {
        !has_raw_content(name) && !is_void(name)
            || self
                .builder
                .adjusted_current_node_present_but_not_in_html_namespace()
    }

    /// Drops a start tag. What hides its content still hides it, and what begins a line or a cell still
    /// separates its words from those before it.
    fn skip(&mut self, name: LocalName) {
        if self.hides(&name) {
            self.hidden = Some((name, 1));
            return;
        }
        self.separate(&name);
        *self.skipped.entry(name).or_default() += 1;
    }

    fn hides(&self, name: &str) -> bool {
        self.style.display() == Some(Display::None)
            || self.style.visible() == Some(false)
            || render::display(name) == Display::None
    }

    /// Separates words where a dropped element begins or ends.
    fn separate(&mut self, name: &str) {
        match render::display(name) {
            Display::Inline | Display::None | Display::Contents => {}
            Display::Cell => self.send(Token::CharacterTokens(StrTendril::from_slice(" "))),
            _ => self.send(Token::TagToken(tag(TagKind::StartTag, b"br"))),
        }
    }

    fn end(&mut self, name: &[u8]) {
        let mut tag = tag(TagKind::EndTag, name);
        if let Some((hidden, open)) = &mut self.hidden {
            if *hidden == tag.name {
                *open -= 1;
                if *open == 0 {
                    self.hidden = None;
                }
            }
            return;
        }
        if !self.is_raw
            && !self.skipped.is_empty()
            && let Some(times) = self.skipped.get_mut(&tag.name)
        {
            *times -= 1;
            if *times == 0 {
                self.skipped.remove(&tag.name);
            }
            self.separate(&tag.name);
            return;
        }
        self.is_raw = false;
        self.as_span(&mut tag);
        self.send(Token::TagToken(tag));
    }

    fn as_span(&self, tag: &mut Tag) {
        if self.formatting == Formatting::AsSpans && is_formatting(&tag.name) {
            tag.name = LocalName::from("span");
        }
    }
}

impl Callback<Infallible, ()> for &mut Bridge {
    fn handle_event(&mut self, event: CallbackEvent<'_>, _: Span<()>) -> Option<Infallible> {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.tag = Some(tag(TagKind::StartTag, name));
                self.style = ElementStyle::default();
                self.seen = SeenAttributes::default();
            }
            CallbackEvent::AttributeName { name } => self.attribute_name(name),
            CallbackEvent::AttributeValue { value } => self.attribute_value(value),
            CallbackEvent::CloseStartTag { self_closing } => {
                if let Some(mut tag) = self.tag.take() {
                    tag.self_closing = self_closing;
                    self.start(tag);
                }
            }
            CallbackEvent::EndTag { name } => self.end(name),
            CallbackEvent::String { .. } if self.hidden.is_some() => {}
            CallbackEvent::String { value } => {
                // Browsers do not show NUL, and html5ever expects it as a separate token.
                for part in value.split(|&b| b == 0).filter(|part| !part.is_empty()) {
                    self.send(Token::CharacterTokens(StrTendril::from_slice(&text(part))));
                }
            }
            CallbackEvent::Doctype { .. }
            | CallbackEvent::Comment { .. }
            | CallbackEvent::Error(_) => {}
        }
        None
    }
}

/// The bytes as text. The input is UTF-8, and html5gum splits it only at ASCII characters.
fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

fn tag(kind: TagKind, name: &[u8]) -> Tag {
    Tag {
        kind,
        name: LocalName::from(&*text(name)),
        self_closing: false,
        attrs: Vec::new(),
        had_duplicate_attributes: false,
    }
}

/// Adds an attribute, unless the tag has one of that name already: the first one counts.
fn carry(tag: &mut Tag, name: &str, value: &str) {
    let name = LocalName::from(name);
    if tag
        .attrs
        .iter()
        .all(|attribute| attribute.name.local != name)
    {
        tag.attrs.push(Attribute {
            name: QualName::new(None, ns!(), name),
            value: StrTendril::from_slice(value),
        });
    }
}

fn span(value: &[u8], most: u32) -> String {
    let digits = value.trim_ascii().iter().take_while(|b| b.is_ascii_digit());
    let number = digits.fold(0, |number: u32, digit| {
        number
            .saturating_mul(10)
            .saturating_add(u32::from(digit - b'0'))
    });
    number.clamp(1, most).to_string()
}

/// The address of a link to a web site. Links within the document or the filing are left out.
fn link(value: &[u8]) -> Option<&str> {
    let link = str::from_utf8(value).ok()?.trim();
    let is_web = link.starts_with("http://") || link.starts_with("https://");
    let is_plain =
        !link.contains(|c: char| c.is_whitespace() || c.is_control() || "()<>".contains(c));
    (is_web && is_plain && link.len() <= LONGEST_LINK).then_some(link)
}

fn has_raw_content(name: &str) -> bool {
    matches!(
        name,
        "script"
            | "style"
            | "title"
            | "textarea"
            | "xmp"
            | "plaintext"
            | "iframe"
            | "noembed"
            | "noframes"
            | "noscript"
    )
}

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "br" | "hr" | "img" | "input" | "wbr" | "meta" | "link" | "col" | "area" | "base"
    )
}

fn is_formatting(name: &str) -> bool {
    matches!(
        name,
        "a" | "b"
            | "big"
            | "code"
            | "em"
            | "font"
            | "i"
            | "nobr"
            | "s"
            | "small"
            | "strike"
            | "strong"
            | "tt"
            | "u"
    )
}
