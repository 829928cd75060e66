//! Detects whether the leading dots of lines are doubled in a submission.
//!
//! For years, EDGAR's complete submission texts had a second dot before every line that begins with a
//! dot, as in mail transport. The same documents served singly have the line as filed. Measured on 22
//! files with such lines: no file mixes both; dots are single in 1995, doubled from 2008-01-17 to
//! 2024-03-08, and single again from 2024-12-27 (a feed file of 2025-01-08 is still doubled). The
//! evidence: a `report.css` that is the same in every filing, an XLSX and a PDF that are intact only
//! without the second dot, and a page of 2008 that has a single dot when served singly.

use jiff::civil::{Date, date};

/// The first and the last filing date of the measured files with doubled dots.
const DOUBLED: (Date, Date) = (date(2008, 1, 17), date(2024, 3, 8));

/// How a submission represents a line that begins with a dot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dots {
    /// As filed.
    #[default]
    Plain,
    /// With a second dot, which the splitter removes.
    Doubled,
}

/// Scans a submission, in chunks of any size, before it is split, for example during its download.
#[derive(Debug, Default)]
pub struct DotScan {
    at: DotState,
    single: bool,
    double: bool,
    more: bool,
}

/// The position of the scan within a line.
#[derive(Debug, Clone, Copy, Default)]
enum DotState {
    #[default]
    Start,
    /// After this number of leading dots; 3 stands for more.
    Dots(u8),
    Inside,
}

impl DotScan {
    /// Scans the next bytes.
    pub fn write(&mut self, chunk: &[u8]) {
        let mut rest = chunk;
        while let [byte, behind @ ..] = rest {
            rest = behind;
            self.at = match (self.at, byte) {
                (DotState::Start, b'.') => DotState::Dots(1),
                (DotState::Dots(dots), b'.') => DotState::Dots((dots + 1).min(3)),
                (DotState::Start, b'\n' | b'\r') => DotState::Start,
                (DotState::Inside, _) => match memchr::memchr2(b'\n', b'\r', rest) {
                    _ if matches!(byte, b'\n' | b'\r') => DotState::Start,
                    Some(end) => {
                        rest = &rest[end + 1..];
                        DotState::Start
                    }
                    None => return,
                },
                (DotState::Start, _) => DotState::Inside,
                (DotState::Dots(dots), _) => {
                    self.count(dots);
                    if matches!(byte, b'\n' | b'\r') {
                        DotState::Start
                    } else {
                        DotState::Inside
                    }
                }
            };
        }
    }

    fn count(&mut self, dots: u8) {
        match dots {
            1 => self.single = true,
            2 => self.double = true,
            _ => self.more = true,
        }
    }

    /// Returns the result. A line with a single leading dot proves that dots are as filed. Without one,
    /// a line with exactly two proves that they are doubled. If all such lines have more dots, which
    /// may be the leaders of a table, the filing date decides.
    pub fn finish(mut self, filed_on: Option<Date>) -> Dots {
        if let DotState::Dots(dots) = self.at {
            self.count(dots);
        }
        let in_those_years = filed_on.is_some_and(|day| DOUBLED.0 <= day && day <= DOUBLED.1);
        if !self.single && (self.double || self.more && in_those_years) {
            Dots::Doubled
        } else {
            Dots::Plain
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scan(chunks: &[&[u8]], filed_on: Option<Date>) -> Dots {
        let mut scan = DotScan::default();
        for chunk in chunks {
            scan.write(chunk);
        }
        scan.finish(filed_on)
    }

    #[test]
    fn a_single_leading_dot_outweighs_everything() {
        let day = Some(date(2020, 1, 1));
        assert_eq!(scan(&[b"a\n..b\n...\n.c\n"], day), Dots::Plain);
        assert_eq!(scan(&[b"a\n..b\n...\n."], day), Dots::Plain);
        assert_eq!(scan(&[b"a\n..b\n...\n c.\n"], None), Dots::Doubled);
        assert_eq!(scan(&[b"a\r..b\r"], None), Dots::Doubled);
        assert_eq!(scan(&[b"..\r\n"], None), Dots::Doubled);
        assert_eq!(scan(&[b"a.\nb..c\n"], day), Dots::Plain);
    }

    #[test]
    fn only_the_date_can_tell_about_longer_rows_of_dots() {
        let rows = b"a\n........ 12\n";
        assert_eq!(scan(&[rows], None), Dots::Plain);
        assert_eq!(scan(&[rows], Some(date(2010, 1, 1))), Dots::Doubled);
        assert_eq!(scan(&[rows], Some(date(2025, 1, 1))), Dots::Plain);
    }

    proptest! {
        #[test]
        fn it_sees_what_the_lines_begin_with(text in "[a.\n\r]{0,30}", size in 1..9_usize, recent in any::<bool>()) {
            let day = recent.then_some(date(2020, 1, 1));
            let dots: Vec<_> = text.split(['\n', '\r'])
                .map(|line| line.len() - line.trim_start_matches('.').len()).collect();
            let doubled = !dots.contains(&1) && (dots.contains(&2) || recent && dots.iter().any(|d| *d > 2));
            let expected = if doubled { Dots::Doubled } else { Dots::Plain };
            let chunks: Vec<_> = text.as_bytes().chunks(size).collect();
            prop_assert_eq!(scan(&chunks, day), expected);
        }
    }
}
