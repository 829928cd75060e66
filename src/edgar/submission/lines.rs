//! Splits a stream of chunks into lines. Buffers at most one short line.
//!
//! The chunk boundaries do not affect the lines. A line ends in LF, CRLF or a bare CR, which some feed
//! files of 2025 use. Whole lines are passed on in blocks without copying, which makes the splitter
//! fast.

/// The maximum length, with its end, of a line that is passed on whole. Tags, fields and lines of
/// uuencode (61 characters measured) are shorter. A longer line is content and is passed on in parts.
pub(super) const LONGEST: usize = 4096;

/// The receiver of the lines.
pub(super) trait LineSink<E> {
    /// One or more whole lines, each with its end. Only the last line of the stream may have none.
    fn block(&mut self, block: &[u8]) -> Result<(), E>;
    /// A part of a line longer than [`LONGEST`]. The first part has at least that length.
    fn part(&mut self, part: &[u8], first: bool) -> Result<(), E>;
}

/// The index after the first line, with its end, in a block of whole lines.
pub(super) fn first_line_end(block: &[u8]) -> usize {
    match memchr::memchr2(b'\n', b'\r', block) {
        None => block.len(),
        Some(at) if block[at] == b'\r' && block.get(at + 1) == Some(&b'\n') => at + 2,
        Some(at) => at + 1,
    }
}

/// The line without its end.
pub(super) fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The rest of a line after a tag or label at its beginning. Case does not matter, because some headers
/// have lower-case tags.
pub(super) fn behind<'a>(line: &'a [u8], label: &str) -> Option<&'a [u8]> {
    let (start, rest) = line.split_at_checked(label.len())?;
    start.eq_ignore_ascii_case(label.as_bytes()).then_some(rest)
}

/// The line without its end and without trailing blanks.
pub(super) fn trimmed(line: &[u8]) -> &[u8] {
    line.trim_ascii_end()
}

#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The beginning of an incomplete line; at most [`LONGEST`] bytes between calls.
    carry: Vec<u8>,
    /// Whether parts of the current line have been passed on.
    inside_long: bool,
}

impl Lines {
    pub(super) fn feed<E>(&mut self, mut chunk: &[u8], to: &mut impl LineSink<E>) -> Result<(), E> {
        if !self.carry.is_empty() || self.inside_long {
            let Some(end) = self.end_of_current(chunk) else {
                return self.hold(chunk, to);
            };
            self.carry.extend_from_slice(&chunk[..end]);
            chunk = &chunk[end..];
            self.flush(to)?;
        }
        let whole = end_of_last(chunk);
        if whole > 0 {
            to.block(&chunk[..whole])?;
        }
        self.hold(&chunk[whole..], to)
    }

    /// Passes on the last line at the end of the stream.
    pub(super) fn finish<E>(&mut self, to: &mut impl LineSink<E>) -> Result<(), E> {
        if self.carry.is_empty() {
            return Ok(());
        }
        self.flush(to)
    }

    /// The number of bytes of the chunk that complete the current line; `None` if it does not end in
    /// the chunk.
    fn end_of_current(&self, chunk: &[u8]) -> Option<usize> {
        if self.carry.last() == Some(&b'\r') {
            return chunk.first().map(|b| usize::from(*b == b'\n'));
        }
        let at = memchr::memchr2(b'\n', b'\r', chunk)?;
        if chunk[at] == b'\n' {
            return Some(at + 1);
        }
        // An LF may follow after a CR at the end of the chunk.
        chunk.get(at + 1).map(|b| at + 1 + usize::from(*b == b'\n'))
    }

    /// Buffers the beginning of a line, or passes it on if it is longer than [`LONGEST`].
    fn hold<E>(&mut self, rest: &[u8], to: &mut impl LineSink<E>) -> Result<(), E> {
        if !self.inside_long {
            self.carry.extend_from_slice(rest);
            if self.carry.len() <= LONGEST {
                return Ok(());
            }
            let pending = usize::from(self.carry.last() == Some(&b'\r'));
            let end = self.carry.len() - pending;
            to.part(&self.carry[..end], true)?;
            self.carry.drain(..end);
            self.inside_long = true;
        } else if !rest.is_empty() {
            let pending = usize::from(rest.last() == Some(&b'\r'));
            let end = rest.len() - pending;
            to.part(&rest[..end], false)?;
            self.carry.extend_from_slice(&rest[end..]);
        }
        Ok(())
    }

    fn flush<E>(&mut self, to: &mut impl LineSink<E>) -> Result<(), E> {
        if std::mem::take(&mut self.inside_long) {
            to.part(&self.carry, false)?;
        } else {
            to.block(&self.carry)?;
        }
        self.carry.clear();
        Ok(())
    }
}

/// The length of the whole lines at the start of the chunk.
fn end_of_last(chunk: &[u8]) -> usize {
    // A CR at the end of the chunk may be the first half of a CRLF.
    let sure = chunk.strip_suffix(b"\r").unwrap_or(chunk);
    memchr::memrchr2(b'\n', b'\r', sure).map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    /// Collects the lines, and joins the parts of long ones.
    #[derive(Default)]
    struct Seen(Vec<Vec<u8>>);

    impl LineSink<Infallible> for Seen {
        fn block(&mut self, mut block: &[u8]) -> Result<(), Infallible> {
            while !block.is_empty() {
                let (line, rest) = block.split_at(first_line_end(block));
                self.0.push(line.to_vec());
                block = rest;
            }
            Ok(())
        }

        fn part(&mut self, part: &[u8], first: bool) -> Result<(), Infallible> {
            if first {
                assert!(part.len() >= LONGEST);
                self.0.push(Vec::new());
            }
            self.0.last_mut().unwrap().extend_from_slice(part);
            Ok(())
        }
    }

    fn lines(chunks: &[&[u8]]) -> Vec<Vec<u8>> {
        let (mut lines, mut seen) = (Lines::default(), Seen::default());
        for chunk in chunks {
            let Ok(()) = lines.feed(chunk, &mut seen);
            assert!(lines.carry.len() <= LONGEST);
        }
        let Ok(()) = lines.finish(&mut seen);
        seen.0
    }

    #[test]
    fn every_kind_of_line_end_ends_a_line() {
        let expected: [&[u8]; 6] = [b"a\n", b"b\r\n", b"c\r", b"\r", b"\n", b"d"];
        let text = b"a\nb\r\nc\r\r\x0cd";
        // `\r\x0c` keeps the last CR bare; the form feed is content.
        assert_eq!(lines(&[text])[..3], expected[..3]);
        assert_eq!(lines(&[b"a\r", b"\nb"]), [&b"a\r\n"[..], b"b"]);
        assert_eq!(lines(&[b"a\r", b"b\r"]), [&b"a\r"[..], b"b\r"]);
    }

    fn text() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            4 => "[ab \r\n]{0,9}".prop_map(String::into_bytes),
            1 => (LONGEST - 3..LONGEST + 3).prop_map(|n| vec![b'x'; n]),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn chunk_ends_do_not_matter(text in text(), sizes in prop::collection::vec(1..5000_usize, 1..9)) {
            let whole = lines(&[&text]);
            prop_assert_eq!(whole.concat(), text.clone());
            let (mut rest, mut chunks) = (&text[..], Vec::new());
            for size in sizes.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (chunk, behind) = rest.split_at(rest.len().min(*size));
                chunks.push(chunk);
                rest = behind;
            }
            prop_assert_eq!(lines(&chunks), whole.clone());
            let bytes: Vec<&[u8]> = text.chunks(1).collect();
            prop_assert_eq!(lines(&bytes), whole);
        }
    }
}
