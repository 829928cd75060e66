//! The style of an element, from its attributes.
//!
//! Filings use `style` attributes; style sheets are not read.

use std::borrow::Cow;

/// How an element takes part in the layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Display {
    None,
    Block,
    Inline,
    Table,
    Row,
    Cell,
    Caption,
    ListItem,
    /// Groups of rows and `display: contents`: only the children take part.
    Contents,
}

/// How white space is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WhiteSpace {
    Collapsed,
    Kept,
    LinesKept,
}

/// How the case of letters is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LetterCase {
    AsIs,
    Upper,
    Lower,
    Capitalized,
}

/// How the items of a list are marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListMarker {
    Nothing,
    Bullet,
    Decimal,
    LowerLetters,
    UpperLetters,
    LowerRoman,
    UpperRoman,
}

impl ListMarker {
    /// In the order of their numbers.
    const ALL: [Self; 7] = [
        Self::Nothing,
        Self::Bullet,
        Self::Decimal,
        Self::LowerLetters,
        Self::UpperLetters,
        Self::LowerRoman,
        Self::UpperRoman,
    ];

    /// The marker that a word of `list-style` means.
    fn of_style(word: &[u8]) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_slice() {
            b"none" => Self::Nothing,
            b"disc" | b"circle" | b"square" => Self::Bullet,
            b"decimal" | b"decimal-leading-zero" | b"initial" => Self::Decimal,
            b"lower-alpha" | b"lower-latin" => Self::LowerLetters,
            b"upper-alpha" | b"upper-latin" => Self::UpperLetters,
            b"lower-roman" => Self::LowerRoman,
            b"upper-roman" => Self::UpperRoman,
            _ => return None,
        })
    }

    /// The marker that a value of the attribute `type` means.
    fn of_type(value: &[u8]) -> Option<Self> {
        Some(match value {
            b"1" => Self::Decimal,
            b"a" => Self::LowerLetters,
            b"A" => Self::UpperLetters,
            b"i" => Self::LowerRoman,
            b"I" => Self::UpperRoman,
            _ => return Self::of_style(value).filter(|marker| *marker == Self::Bullet),
        })
    }
}

/// The properties of an element that affect its text, in 32 bits. Unset ones are inherited or follow from
/// the name of the element.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ElementStyle(pub(super) u32);

const DISPLAY: (u32, u32) = (0, 15);
const VISIBLE: (u32, u32) = (4, 3);
const WHITE_SPACE: (u32, u32) = (6, 3);
const BOLD: (u32, u32) = (8, 3);
const ITALIC: (u32, u32) = (10, 3);
const CASE: (u32, u32) = (12, 7);
const SYMBOLS: (u32, u32) = (15, 3);
const OUT_OF_FLOW: (u32, u32) = (17, 1);
const PAGE_BEFORE: (u32, u32) = (18, 1);
const PAGE_AFTER: (u32, u32) = (19, 1);
const RAISED: (u32, u32) = (20, 1);
const MARKER: (u32, u32) = (21, 7);

const FLEX: u32 = 10;
const INLINE_FLEX: u32 = 11;

const YES: u32 = 1;
const NO: u32 = 2;

impl ElementStyle {
    fn get(self, (shift, mask): (u32, u32)) -> u32 {
        self.0 >> shift & mask
    }

    fn set(&mut self, (shift, mask): (u32, u32), value: u32) {
        self.0 = self.0 & !(mask << shift) | value << shift;
    }

    fn yes_or_no(self, field: (u32, u32)) -> Option<bool> {
        match self.get(field) {
            0 => None,
            value => Some(value == YES),
        }
    }

    /// `None`: the name of the element decides.
    pub(super) fn display(self) -> Option<Display> {
        Some(match self.get(DISPLAY) {
            1 => Display::None,
            2 | FLEX => Display::Block,
            3 | INLINE_FLEX if self.is_out_of_flow() => Display::Block,
            3 | INLINE_FLEX => Display::Inline,
            4 => Display::Table,
            5 => Display::Row,
            6 => Display::Cell,
            7 => Display::Caption,
            8 => Display::ListItem,
            9 => Display::Contents,
            _ => return None,
        })
    }

    /// Whether its children are laid out side by side, as separate words.
    pub(super) fn is_flex(self) -> bool {
        matches!(self.get(DISPLAY), FLEX | INLINE_FLEX)
    }

    /// Whether it floats or is positioned outside the line.
    pub(super) fn is_out_of_flow(self) -> bool {
        self.get(OUT_OF_FLOW) == 1
    }

    pub(super) fn visible(self) -> Option<bool> {
        self.yes_or_no(VISIBLE)
    }

    pub(super) fn bold(self) -> Option<bool> {
        self.yes_or_no(BOLD)
    }

    pub(super) fn italic(self) -> Option<bool> {
        self.yes_or_no(ITALIC)
    }

    /// Whether its font is a symbol font.
    pub(super) fn symbols(self) -> Option<bool> {
        self.yes_or_no(SYMBOLS)
    }

    pub(super) fn is_raised(self) -> bool {
        self.get(RAISED) == 1
    }

    pub(super) fn white_space(self) -> Option<WhiteSpace> {
        Some(match self.get(WHITE_SPACE) {
            1 => WhiteSpace::Collapsed,
            2 => WhiteSpace::Kept,
            3 => WhiteSpace::LinesKept,
            _ => return None,
        })
    }

    pub(super) fn case(self) -> Option<LetterCase> {
        Some(match self.get(CASE) {
            1 => LetterCase::AsIs,
            2 => LetterCase::Upper,
            3 => LetterCase::Lower,
            4 => LetterCase::Capitalized,
            _ => return None,
        })
    }

    /// How the items of the list, or the item, are marked.
    pub(super) fn marker(self) -> Option<ListMarker> {
        let place = self.get(MARKER).checked_sub(1)?;
        ListMarker::ALL.get(place as usize).copied()
    }

    fn set_marker(&mut self, marker: ListMarker) {
        self.set(MARKER, marker as u32 + 1);
    }

    pub(super) fn page_before(self) -> bool {
        self.get(PAGE_BEFORE) == 1
    }

    pub(super) fn page_after(self) -> bool {
        self.get(PAGE_AFTER) == 1
    }

    /// Applies the attribute `hidden`, which a `display` overrides.
    pub(super) fn hide(&mut self) {
        if self.get(DISPLAY) == 0 {
            self.set(DISPLAY, 1);
        }
    }

    /// Applies the attribute `face`, which a style overrides.
    pub(super) fn face(&mut self, face: &[u8]) {
        if self.get(SYMBOLS) == 0 {
            self.font_family(face);
        }
    }

    /// Applies the attribute `type` of a list or an item, which a style overrides.
    pub(super) fn list_type(&mut self, value: &[u8]) {
        if self.get(MARKER) == 0
            && let Some(marker) = ListMarker::of_type(value.trim_ascii())
        {
            self.set_marker(marker);
        }
    }

    fn font_family(&mut self, family: &[u8]) {
        self.set(SYMBOLS, if is_symbol_font(family) { YES } else { NO });
    }

    /// Applies the attribute `style`.
    pub(super) fn declarations(&mut self, style: &[u8]) {
        let style = without_comments(style);
        self.declarations_of(&style, false);
        // What is important counts, wherever it is.
        if memchr::memchr(b'!', &style).is_some() {
            self.declarations_of(&style, true);
        }
    }

    fn declarations_of(&mut self, style: &[u8], are_important: bool) {
        for declaration in style.split(|&b| b == b';') {
            let Some(colon) = memchr::memchr(b':', declaration) else {
                continue;
            };
            let name = declaration[..colon].trim_ascii();
            // Most declarations set sizes, colours and borders.
            let is_wanted = match name.first().map(u8::to_ascii_lowercase) {
                Some(b'b' | b'd' | b'f' | b'p' | b't' | b'v' | b'w') => true,
                // `list-style`, but not `line-height`.
                Some(b'l') => matches!(name.get(2), Some(b's' | b'S')),
                _ => false,
            };
            if is_wanted {
                let (value, is_important) = value(&declaration[colon + 1..]);
                if is_important || !are_important {
                    self.declaration(name, value);
                }
            }
        }
    }

    fn declaration(&mut self, name: &[u8], value: &[u8]) {
        let is = |text: &str| value.eq_ignore_ascii_case(text.as_bytes());
        let named = |text: &str| name.eq_ignore_ascii_case(text.as_bytes());
        if named("display") {
            let display = match value.to_ascii_lowercase().as_slice() {
                b"none" | b"table-column" | b"table-column-group" => 1,
                b"block" | b"flow-root" => 2,
                b"inline" | b"inline-block" => 3,
                b"table" | b"inline-table" => 4,
                b"table-row" => 5,
                b"table-cell" => 6,
                b"table-caption" => 7,
                b"list-item" => 8,
                b"contents"
                | b"table-row-group"
                | b"table-header-group"
                | b"table-footer-group" => 9,
                b"flex" | b"grid" => FLEX,
                b"inline-flex" | b"inline-grid" => INLINE_FLEX,
                _ => return,
            };
            self.set(DISPLAY, display);
        } else if named("visibility") {
            let visible = match value.to_ascii_lowercase().as_slice() {
                b"hidden" | b"collapse" => NO,
                b"visible" | b"initial" => YES,
                b"inherit" | b"unset" | b"revert" => 0,
                _ => return,
            };
            self.set(VISIBLE, visible);
        } else if named("white-space") {
            let white_space = match value.to_ascii_lowercase().as_slice() {
                b"normal" | b"nowrap" | b"initial" => 1,
                b"pre" | b"pre-wrap" | b"break-spaces" => 2,
                b"pre-line" => 3,
                _ => return,
            };
            self.set(WHITE_SPACE, white_space);
        } else if named("font-weight") {
            let bold = is("bold")
                || is("bolder")
                || value.first().is_some_and(|&b| b >= b'6') && value.len() == 3;
            self.set(BOLD, if bold { YES } else { NO });
        } else if named("font-style") {
            let italic = is("italic") || is("oblique");
            self.set(ITALIC, if italic { YES } else { NO });
        } else if named("font-family") {
            self.font_family(value);
        } else if named("font") {
            let has = |text: &str| {
                value
                    .split(|&b| b == b' ')
                    .any(|word| word.eq_ignore_ascii_case(text.as_bytes()))
            };
            self.set(BOLD, if has("bold") || has("700") { YES } else { NO });
            self.set(ITALIC, if has("italic") { YES } else { NO });
            self.set(
                SYMBOLS,
                if contains(value, b"wingdings") {
                    YES
                } else {
                    NO
                },
            );
        } else if named("text-transform") {
            let case = match value.to_ascii_lowercase().as_slice() {
                b"none" | b"initial" => 1,
                b"uppercase" => 2,
                b"lowercase" => 3,
                b"capitalize" => 4,
                _ => return,
            };
            self.set(CASE, case);
        } else if named("list-style") || named("list-style-type") {
            let mut words = value.split(u8::is_ascii_whitespace);
            if let Some(marker) = words.find_map(ListMarker::of_style) {
                self.set_marker(marker);
            }
        } else if named("float") {
            self.set(OUT_OF_FLOW, u32::from(is("left") || is("right")));
        } else if named("position") {
            if is("absolute") || is("fixed") {
                self.set(OUT_OF_FLOW, 1);
            }
        } else if named("top") {
            if value.starts_with(b"-") {
                self.set(RAISED, 1);
            }
        } else if named("vertical-align") && !is("baseline") {
            self.set(
                RAISED,
                u32::from(is("super") || is("top") || is("text-top")),
            );
        } else if named("page-break-before") || named("break-before") {
            self.set(PAGE_BEFORE, u32::from(is("always") || is("page")));
        } else if named("page-break-after") || named("break-after") {
            self.set(PAGE_AFTER, u32::from(is("always") || is("page")));
        }
    }
}

/// A value, and whether it is marked as important.
fn value(text: &[u8]) -> (&[u8], bool) {
    match memchr::memchr(b'!', text) {
        Some(important) => (text[..important].trim_ascii(), true),
        None => (text.trim_ascii(), false),
    }
}

fn without_comments(style: &[u8]) -> Cow<'_, [u8]> {
    let mut rest = style;
    let mut out = Vec::new();
    while let Some(begins) = memchr::memmem::find(rest, b"/*") {
        out.extend_from_slice(&rest[..begins]);
        let comment = &rest[begins + 2..];
        let ends = memchr::memmem::find(comment, b"*/");
        rest = ends.map_or(&[][..], |ends| &comment[ends + 2..]);
    }
    if rest.len() == style.len() {
        return Cow::Borrowed(style);
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

fn is_symbol_font(face: &[u8]) -> bool {
    let face = face.trim_ascii_start();
    let face = face
        .strip_prefix(b"'")
        .or(face.strip_prefix(b"\""))
        .unwrap_or(face);
    face.len() >= 9 && face[..9].eq_ignore_ascii_case(b"wingdings")
}

fn contains(text: &[u8], lower: &[u8]) -> bool {
    text.windows(lower.len())
        .any(|window| window.eq_ignore_ascii_case(lower))
}

/// The sign that the font Wingdings has for a letter. Covers only signs that filings use.
pub(super) fn symbol(letter: char) -> char {
    // Some documents use the private code points of symbol fonts.
    let letter = match letter {
        '\u{f020}'..='\u{f0ff}' => char::from_u32(letter as u32 - 0xf000).unwrap_or(letter),
        _ => letter,
    };
    match letter {
        '¨' | 'o' => '☐',
        'x' | 'ý' => '☒',
        'þ' => '☑',
        'ü' => '✓',
        'û' => '✗',
        'n' => '■',
        'l' => '●',
        '§' => '▪',
        'u' => '◆',
        'v' => '❖',
        'Ø' => '➢',
        'à' => '→',
        _ => letter,
    }
}
