//! Escapes text that Markdown would interpret as markup.

/// The length of the longest HTML entity, in bytes.
const LONGEST_ENTITY: usize = 32;

/// Appends text and escapes characters that Markdown would interpret.
///
/// Numbers and hyphens at the beginning of a line are not escaped: they are list items in the document, too.
pub(super) fn escape(text: &str, starts_line: bool, out: &mut String) {
    if starts_line && begins_block(text) {
        out.push('\\');
        out.push_str(text);
        return;
    }
    if !text.contains(['\\', '*', '_', '`', '<', '&', ']']) {
        out.push_str(text);
        return;
    }
    let is_line = !text.is_empty() && text.chars().all(|c| c == '_');
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        let next = text[at + c.len_utf8()..].chars().next().unwrap_or(' ');
        let needed = match c {
            '\\' | '*' | '`' => true,
            '_' => !(is_line || previous.is_alphanumeric() && next.is_alphanumeric()),
            '<' => next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?'),
            '&' => is_entity(&text[at + 1..]),
            ']' => matches!(next, '(' | '['),
            _ => false,
        };
        if needed {
            out.push('\\');
        }
        out.push(c);
        previous = c;
    }
}

/// Whether a line that begins with this word would be a heading, a quotation, a rule or the underline of a
/// heading.
fn begins_block(word: &str) -> bool {
    let bytes = word.as_bytes();
    match bytes.first() {
        Some(b'>') => true,
        Some(b'#') => bytes.iter().all(|&b| b == b'#'),
        Some(&first @ (b'=' | b'-' | b'_')) => bytes.len() > 1 && bytes.iter().all(|&b| b == first),
        Some(b'~') => bytes.starts_with(b"~~~"),
        _ => false,
    }
}

fn is_entity(rest: &str) -> bool {
    let mut name = rest.bytes().take(LONGEST_ENTITY);
    let length = name.position(|b| !b.is_ascii_alphanumeric() && b != b'#');
    length.is_some_and(|length| length > 0 && rest.as_bytes()[length] == b';')
}

/// Writes lines unchanged, between fences.
pub(super) fn fence(text: &str, mut line: impl FnMut(&str)) {
    if text.trim().is_empty() {
        return;
    }
    let longest = text.lines().map(|line| {
        let line = line.trim_start();
        line.len() - line.trim_start_matches('`').len()
    });
    let fence = "`".repeat(longest.max().unwrap_or(0).max(2) + 1);
    line(&fence);
    text.lines().for_each(&mut line);
    line(&fence);
}

/// Appends a line and escapes characters that Markdown would interpret.
pub(super) fn escape_line(line: &str, out: &mut String) {
    for (number, word) in line.split(' ').enumerate() {
        if number > 0 {
            out.push(' ');
        }
        escape(word, number == 0, out);
    }
}
