//! Finds the headings of items.

use super::titles::{Edition, ItemKey, item};

/// A heading of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heading {
    pub(super) key: ItemKey,
    pub(super) title: String,
    /// The beginning of its line, in bytes.
    pub(super) at: usize,
    /// The end of the line that has its title, in bytes.
    pub(super) ends: usize,
    /// Whether its line ends with a number, as in a table of contents.
    pub(super) has_page: bool,
    /// Whether it is the heading of another item as well: "Items 1 and 2".
    pub(super) is_combined: bool,
    /// Whether its title is one that the form has for the item. Otherwise the line may be a reference.
    pub(super) is_sure: bool,
}

/// At most this many bytes of a title are compared, because text may follow it on its line.
const LONGEST: usize = 300;

/// The title must be within this many lines after "Item 1.".
const LINES_OF_TITLE: usize = 3;

/// All headings of items, including the lines of a table of contents.
pub(super) fn headings(text: &str, edition: Edition) -> Vec<Heading> {
    let mut found = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if let Some(heading) = heading(text, line, at, edition) {
            found.push(heading);
        }
        at += line.len();
    }
    found
}

fn heading(text: &str, line: &str, at: usize, edition: Edition) -> Option<Heading> {
    let rest = words(line);
    let head = rest.get(..4)?;
    if !head.eq_ignore_ascii_case("item") {
        return None;
    }
    let rest = &rest[4..];
    let (rest, is_plural) = match rest.strip_prefix(['s', 'S']) {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let rest = rest.trim_start_matches(is_between);
    let (number, rest) = number(rest)?;
    let (detail, rest) = detail(rest, edition);
    let (rest, is_combined) = match combined(rest) {
        Some(rest) if is_plural => (rest, true),
        _ => (rest, false),
    };
    let rest = rest.trim_start_matches(is_between).trim_end();
    let rest = rest.get(..rest.ceil_char_boundary(LONGEST)).unwrap_or(rest);
    let behind = &text[at + line.len()..];
    let mut title = rest.to_owned();
    let mut ends = at + line.len();
    if title.trim_matches(is_between).is_empty()
        && let Some((below, length)) = title_below(behind)
    {
        title = below;
        ends += length;
    }
    if is_continued(&title) {
        return None;
    }
    let sure = item(edition, number, detail, &title).filter(|_| !is_reference(&title));
    let (title, has_page) = without_page(&title);
    Some(Heading {
        key: sure.unwrap_or(ItemKey {
            part: 0,
            number,
            detail,
        }),
        title,
        at,
        ends,
        has_page,
        is_combined,
        is_sure: sure.is_some(),
    })
}

/// Whether a line that begins like a heading is the sentence of another item: `Item 1A, "Risk Factors," of
/// this report describes`.
fn is_reference(title: &str) -> bool {
    const WITHIN: [&str; 16] = [
        "of this annual",
        "of this quarterly",
        "of this current",
        "of this report",
        "of this form",
        "of this filing",
        "of this item",
        "in this annual",
        "in this quarterly",
        "in this current",
        "in this report",
        "in this form",
        "of our annual",
        "in our annual",
        "is incorporated",
        "are incorporated",
    ];
    let title = title.trim_start_matches(|c: char| is_between(c) || c == '[');
    let sentence = title.split(". ").next().unwrap_or_default();
    let sentence = sentence.to_lowercase();
    title.starts_with(['“', '"', '‘', ',']) || WITHIN.iter().any(|part| sentence.contains(part))
}

/// Whether a title marks a heading that is repeated on a later page.
fn is_continued(title: &str) -> bool {
    let title = title.trim_end_matches(is_between).to_ascii_lowercase();
    title.contains("(continued") || title.ends_with("continued") || title.ends_with("(cont")
}

/// Whether a character can stand between words: blanks, tabs, and the marks of Markdown and its tables.
fn is_between(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '*' | '|' | '#' | '_' | '.' | ':' | '-' | '–' | '—' | '\\' | ')' | '•' | '†'
        )
}

/// The line from its first word on.
fn words(line: &str) -> &str {
    line.trim_start_matches(|c: char| {
        c.is_whitespace() || matches!(c, '*' | '|' | '#' | '_' | '-' | '•' | '[' | '(')
    })
}

fn number(text: &str) -> Option<(u8, &str)> {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    let number = text.get(..end)?.parse().ok()?;
    (1..=2).contains(&end).then_some((number, &text[end..]))
}

/// The detail of an item number: the letter of `1A`, `7 (a)` or `9A(T)`, or for an 8-K the number after the
/// point.
fn detail(text: &str, edition: Edition) -> (u8, &str) {
    if edition == Edition::Current {
        let digits = text
            .strip_prefix('.')
            .map(|rest| rest.trim_start_matches(' '));
        if let Some(digits) = digits
            && let Some((detail, rest)) = number(digits)
            && digits.len() - rest.len() == 2
        {
            // "Item 5.02(e)" is a part of the item.
            let behind = rest
                .strip_prefix('(')
                .and_then(|letter| letter.get(1..)?.strip_prefix(')'));
            return (100 + detail, behind.unwrap_or(rest));
        }
        return (0, text);
    }
    let open = text.trim_start_matches([' ', '\u{a0}']);
    let is_apart = open.len() < text.len();
    let (open, has_bracket) = match open.strip_prefix('(') {
        Some(rest) => (rest, true),
        None => (open, false),
    };
    let letter = open.bytes().next().map(|b| b.to_ascii_uppercase());
    let Some(letter @ b'A'..=b'C') = letter else {
        return (0, text);
    };
    let rest = &open[1..];
    // "1A" and "7 (a)", but not "4 Because".
    let ends = rest.chars().next().is_none_or(|c| !c.is_alphanumeric());
    let closes = !has_bracket || rest.starts_with(')');
    if !ends
        || !closes
        || is_apart && !has_bracket && !rest.starts_with(['.', ':', ' ', '\u{a0}', '|', '\t', '*'])
    {
        return (0, text);
    }
    let rest = rest.strip_prefix("(T)").unwrap_or(rest);
    (letter - b'A' + 1, rest)
}

/// The text after `1 and 2`, `1 & 2` or `1. and 2.`.
fn combined(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(is_between);
    let rest = rest
        .strip_prefix("and")
        .or(rest.strip_prefix("AND"))
        .or(rest.strip_prefix(['&', ',']))?;
    let rest = rest.trim_start_matches(|c: char| is_between(c) || c == ',');
    let rest = rest
        .strip_prefix("Item")
        .or(rest.strip_prefix("ITEM"))
        .unwrap_or(rest);
    let (_, rest) = number(rest.trim_start_matches(is_between))?;
    Some(rest.strip_prefix(['A', 'B', 'C']).unwrap_or(rest))
}

/// The title in the lines below "Item 1.", and where its line ends.
fn title_below(behind: &str) -> Option<(String, usize)> {
    let mut end = 0;
    let line = behind
        .split_inclusive('\n')
        .take(2 * LINES_OF_TITLE)
        .map(|line| {
            end += line.len();
            words(line).trim()
        })
        .find(|line| !line.is_empty())?;
    let is_item = line
        .get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case("item "));
    let title = line.get(..line.ceil_char_boundary(LONGEST)).unwrap_or(line);
    (!is_item).then(|| (title.to_owned(), end))
}

/// Whether what is between the title of a heading and the next heading is no text of an item, but at most
/// page numbers, the rest of the title and the heading of a part: the lines of a table of contents.
pub(super) fn is_line_of_contents(heading: &Heading, behind: &str) -> bool {
    /// The longest rest of a title, in bytes.
    const LONGEST_REST: usize = 120;
    /// Texts of items that are as short as the rest of a title.
    const NO_TEXT: [&str; 8] = [
        "none",
        "not ",
        "no ",
        "n/a",
        "reserved",
        "omitted",
        "see ",
        "incorporated",
    ];
    // The text begins on the line of the title.
    if heading.title.contains(". ") || heading.title.ends_with('.') && heading.title.len() > 120 {
        return false;
    }
    let mut length = 0;
    behind.lines().map(words).all(|line| {
        let rest = line.trim_end_matches(|c: char| is_between(c) || c.is_ascii_digit());
        let lower = rest.to_ascii_lowercase();
        if rest.is_empty() || is_part(rest) || lower == "page" {
            return true;
        }
        length += rest.len();
        let begins = lower.trim_start_matches(|c: char| !c.is_alphanumeric());
        length <= LONGEST_REST
            && !NO_TEXT.iter().any(|none| begins.starts_with(none))
            && !ends_sentence(line)
    })
}

/// Whether a line ends like a sentence, and not with the dots before a page number.
pub(super) fn ends_sentence(line: &str) -> bool {
    let line = line.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '|' | '_'));
    let before = line.trim_end_matches(['.', ',', ';', ':']);
    line.len() - before.len() == 1 && !before.ends_with(char::is_whitespace)
}

/// Whether a line is the heading of a part.
fn is_part(line: &str) -> bool {
    line.get(..5)
        .is_some_and(|part| part.eq_ignore_ascii_case("part "))
        && line.len() < 60
        && line[5..].trim_start().starts_with(['I', 'i', '1', '2'])
}

/// A title without the page number of a table of contents, and whether it had one.
fn without_page(title: &str) -> (String, bool) {
    let title = title.trim_end_matches(|c: char| is_between(c) && c != ')');
    let before =
        title.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '-' | '–' | ','));
    let digits = title.bytes().rev().take_while(u8::is_ascii_digit).count();
    // More digits are a year.
    let has_page = (1..=3).contains(&digits)
        && before.ends_with(|c: char| c.is_whitespace() || matches!(c, '|' | '.' | '_'));
    let title = if has_page { before } else { title };
    let title = title.trim_matches(|c: char| is_between(c) && c != ')');
    let title = title.replace(" | ", " ").replace(['\t', '*'], " ");
    (
        title.split_whitespace().collect::<Vec<_>>().join(" "),
        has_page,
    )
}

/// The beginning of the signatures after a position.
pub(super) fn signatures(text: &str, after: usize) -> Option<usize> {
    let mut at = after;
    for line in text[after..].split_inclusive('\n') {
        let line_words = words(line).trim_end_matches(|c: char| is_between(c) || c == '(');
        let is_it = ["signature", "signatures", "signature(s", "signature page"];
        if is_it
            .iter()
            .any(|word| line_words.eq_ignore_ascii_case(word))
        {
            return Some(at);
        }
        at += line.len();
    }
    None
}

/// The begin of the section about executive officers, if the text between two positions has one. It has
/// no number, may follow Item 4 of a 10-K, and is not part of that item.
pub(super) fn executive_officers(text: &str, from: usize, until: usize) -> Option<usize> {
    const BEGINNINGS: [&str; 5] = [
        "information about ",
        "executive officers",
        "our executive officers",
        "supplement",
        "item x",
    ];
    let mut at = from;
    for line in text[from..until].split_inclusive('\n') {
        let head = words(line).trim_end().to_lowercase();
        let is_it = at > from
            && head.len() < LONGEST / 2
            && head.contains("executive officers")
            && BEGINNINGS.iter().any(|begins| head.starts_with(begins))
            // A sentence begins like this, too.
            && !head.trim_end_matches('*').ends_with('.');
        if is_it {
            return Some(at);
        }
        at += line.len();
    }
    None
}

/// The end of an item without the heading of the next part, page breaks and blanks.
pub(super) fn trimmed_end(text: &str, from: usize, until: usize) -> usize {
    let mut end = until;
    loop {
        let body = text[from..end].trim_end_matches(|c: char| c.is_whitespace() || c == '\u{c}');
        let start = body.rfind('\n').map_or(0, |at| at + 1);
        let line = words(&body[start..]);
        let is_rule = !body[start..].is_empty() && body[start..].chars().all(|c| c == '-');
        if start == 0 || !(is_part(line) || is_rule) {
            return from + body.len();
        }
        end = from + start;
    }
}
