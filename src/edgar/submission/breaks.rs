//! Lines that EDGAR broke in its complete submission texts.
//!
//! Before about 2011 a complete submission text has no line of more than 1,023 bytes. A longer line is
//! broken after 1,023 bytes, even within a word or a tag, while the same document served singly has the
//! whole line. (0001010412-10-000078 has 257 lines of exactly that length. In a PEM envelope, the `- `
//! before a line does not count. Of 168 single documents up to 2011, 15 have longer lines and none has
//! a line of exactly 1,023 bytes.) Texts filed from October 2011 on are not broken.
//!
//! So in an old text, a document with a line of exactly 1,023 bytes and no longer line may be broken. It is
//! downloaded by its own name instead. If it has no name, the lines are joined.

use std::io::{self, Read, Write};

use jiff::civil::{Date, date};

use super::lines::{LineSink, Lines, first_line_end, without_end};

/// The maximum length of a line, without its end, in a text with broken lines.
pub const BROKEN_AT: usize = 1023;

/// The last filing date of texts that may be broken, with a margin after the last one measured.
const BROKEN_UNTIL: Date = date(2011, 12, 31);

/// Whether a text with this filing date may have broken lines. An unknown date counts as old.
pub(super) fn may_break(filed_on: Option<Date>) -> bool {
    filed_on.is_none_or(|day| day <= BROKEN_UNTIL)
}

/// The lengths of the lines of a document, as far as they show broken lines.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LineLengths {
    exact: bool,
    longer: bool,
}

impl LineLengths {
    /// Adds a line with its end, or the first part of a very long line.
    pub(super) fn see(&mut self, line: &[u8]) {
        if line.len() <= BROKEN_AT {
            return;
        }
        match without_end(line).len() {
            BROKEN_AT => self.exact = true,
            length => self.longer |= length > BROKEN_AT,
        }
    }

    /// Whether the lines of the document may be broken.
    pub(super) fn look_broken(self) -> bool {
        self.exact && !self.longer
    }
}

/// Copies a document and joins each line of exactly [`BROKEN_AT`] bytes with the next one. Returns the
/// number of removed line ends. The line end before `</TEXT>` or `</DOCUMENT>` stays.
///
/// # Errors
/// If reading or writing fails.
pub fn join_lines(mut from: impl Read, to: impl Write) -> io::Result<u64> {
    let mut joiner = Joiner {
        to,
        pending: Vec::new(),
        joined: 0,
    };
    let (mut lines, mut chunk) = (Lines::default(), vec![0; 64 * 1024]);
    loop {
        match from.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => lines.feed(&chunk[..read], &mut joiner)?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    lines.finish(&mut joiner)?;
    joiner.to.write_all(&joiner.pending)?;
    Ok(joiner.joined)
}

struct Joiner<W> {
    to: W,
    /// The end of a line of [`BROKEN_AT`] bytes. The next line decides whether it is written.
    pending: Vec<u8>,
    joined: u64,
}

impl<W: Write> Joiner<W> {
    /// Handles the start of a line, or the first part of a very long line.
    fn line_begins(&mut self, line: &[u8]) -> io::Result<()> {
        let closes = [&b"</TEXT>"[..], b"</DOCUMENT>"];
        if closes.iter().any(|tag| line.starts_with(tag)) {
            self.to.write_all(&self.pending)?;
        } else {
            self.joined += u64::from(!self.pending.is_empty());
        }
        self.pending.clear();
        Ok(())
    }
}

impl<W: Write> LineSink<io::Error> for Joiner<W> {
    fn block(&mut self, mut block: &[u8]) -> io::Result<()> {
        while !block.is_empty() {
            let (line, rest) = block.split_at(first_line_end(block));
            block = rest;
            self.line_begins(line)?;
            let text = without_end(line);
            if text.len() == BROKEN_AT {
                self.to.write_all(text)?;
                self.pending.extend_from_slice(&line[text.len()..]);
            } else {
                self.to.write_all(line)?;
            }
        }
        Ok(())
    }

    fn part(&mut self, part: &[u8], first: bool) -> io::Result<()> {
        if first {
            self.line_begins(part)?;
        }
        self.to.write_all(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Breaks the lines of a text as EDGAR does.
    fn broken(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        for line in text.as_bytes().split_inclusive(|byte| *byte == b'\n') {
            let end = without_end(line).len();
            let mut pieces = line[..end].chunks(BROKEN_AT).peekable();
            while let Some(piece) = pieces.next() {
                out.extend_from_slice(piece);
                if pieces.peek().is_some() {
                    out.push(b'\n');
                }
            }
            out.extend_from_slice(&line[end..]);
        }
        out
    }

    fn joined(text: &[u8]) -> (Vec<u8>, u64) {
        let mut out = Vec::new();
        let joined = join_lines(text, &mut out).unwrap();
        (out, joined)
    }

    #[test]
    fn only_texts_of_those_years_may_be_broken() {
        assert!(may_break(None) && may_break(Some(date(1996, 2, 12))));
        assert!(may_break(Some(date(2010, 4, 6))) && !may_break(Some(date(2012, 1, 3))));
    }

    #[test]
    fn a_line_of_exactly_that_length_is_suspicious_unless_there_is_a_longer_one() {
        for (lengths, expected) in [
            (&[10, 1022, 1022][..], false),
            (&[1023], true),
            (&[1023, 5, 1023], true),
            (&[1023, 1024], false),
            (&[5000, 1023], false),
        ] {
            let mut seen = LineLengths::default();
            for length in lengths {
                seen.see(format!("{}\n", "x".repeat(*length)).as_bytes());
            }
            assert_eq!(seen.look_broken(), expected, "{lengths:?}");
        }
        let mut crlf = LineLengths::default();
        crlf.see(format!("{}\r\n", "x".repeat(1023)).as_bytes());
        assert!(crlf.look_broken());
    }

    #[test]
    fn a_line_that_ends_the_text_stays_one() {
        let text = format!("{}\n</TEXT>\n</DOCUMENT>\n", "x".repeat(1023));
        assert_eq!(joined(text.as_bytes()), (text.clone().into_bytes(), 0));
        let text = format!("{}\n", "x".repeat(1023));
        assert_eq!(joined(text.as_bytes()), (text.clone().into_bytes(), 0));
    }

    proptest! {
        #[test]
        fn what_was_broken_is_joined(
            lengths in prop::collection::vec(prop_oneof![0..90_usize, 900..1023_usize, 1024..4000_usize], 0..9),
        ) {
            // If the length is a multiple, the text does not show whether the line continues.
            prop_assume!(lengths.iter().all(|n| *n == 0 || n % BROKEN_AT != 0));
            let text: String = lengths.iter().map(|n| "x".repeat(*n) + "\n").collect();
            let text = text + "</TEXT>\n</DOCUMENT>\n";
            let broken = broken(&text);
            let (back, ends) = joined(&broken);
            prop_assert_eq!(ends, (broken.len() - text.len()) as u64);
            prop_assert_eq!(String::from_utf8(back).unwrap(), text);
        }

        #[test]
        fn nothing_but_line_ends_is_taken_away(text in "([a-z]{0,3}|[x]{1023}|</TEXT>|\r|\n|\r\n){0,12}") {
            let (back, ends) = joined(text.as_bytes());
            let bare = |bytes: &[u8]| -> Vec<u8> {
                bytes.iter().copied().filter(|byte| !b"\r\n".contains(byte)).collect()
            };
            prop_assert_eq!(bare(&back), bare(text.as_bytes()));
            prop_assert!(back.len() as u64 + ends <= text.len() as u64);
        }
    }
}
