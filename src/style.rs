//! Formats reports for people: emphasises failures, and wraps long lines on a terminal.

/// The properties of the output that reports are printed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrintStyle {
    /// The width in characters.
    pub width: usize,
    /// Whether escape sequences for emphasis are supported and wanted.
    pub styled: bool,
    /// Whether it is a terminal. Long lines are wrapped only there.
    pub is_terminal: bool,
}

const RED: &str = "\u{1b}[31m";
const YELLOW: &str = "\u{1b}[33m";
const RESET: &str = "\u{1b}[0m";

/// The column in which the values of a report begin: `Companies  12 of 12`.
const VALUES: usize = 11;

/// Emphasises a text as a failure, if it is one and emphasis is wanted.
pub fn failure(text: &str, is_one: bool, style: PrintStyle) -> String {
    if is_one {
        painted(text, RED, style)
    } else {
        text.to_owned()
    }
}

/// The status of a run, with emphasis for `partial` and failures.
pub fn status(word: &str, style: PrintStyle) -> String {
    of_status(word, word, style)
}

/// A text about the result of a run, emphasised by the status of that run.
pub fn of_status(status: &str, text: &str, style: PrintStyle) -> String {
    match colour(status) {
        Some(colour) => painted(text, colour, style),
        None => text.to_owned(),
    }
}

/// A text in which the words for the status of a run are emphasised. They must have a blank on both sides.
pub fn statuses(text: &str, style: PrintStyle) -> String {
    let mut text = text.to_owned();
    for word in ["partial", "failed", "interrupted"] {
        let spaced = format!(" {word} ");
        text = text.replace(&spaced, &format!(" {} ", status(word, style)));
    }
    text
}

fn colour(status: &str) -> Option<&'static str> {
    match status {
        "partial" => Some(YELLOW),
        "failed" | "interrupted" => Some(RED),
        _ => None,
    }
}

fn painted(text: &str, colour: &str, style: PrintStyle) -> String {
    if style.styled {
        format!("{colour}{text}{RESET}")
    } else {
        text.to_owned()
    }
}

/// Wraps the lines of a report between words if it is for a terminal; continued lines begin below the value.
/// Lines with a command stay whole, so that the command can be copied.
pub fn fitted(report: &str, style: PrintStyle) -> String {
    if !style.is_terminal {
        return report.to_owned();
    }
    let mut text = String::new();
    for line in report.lines() {
        if width(line) > style.width && !line.trim_start().starts_with("filing-etl ") {
            break_line(&mut text, line, style.width);
        } else {
            text.push_str(line);
        }
        text.push('\n');
    }
    text
}

fn break_line(text: &mut String, line: &str, most: usize) {
    let indent = line.len() - line.trim_start().len();
    let is_value = line.as_bytes().get(VALUES - 1) == Some(&b' ')
        && line.as_bytes().get(VALUES).is_some_and(|c| *c != b' ');
    let indent = if is_value { VALUES } else { indent };
    let (begin, rest) = line.split_at(indent);
    text.push_str(begin);
    let mut used = indent;
    for (i, word) in rest.split(' ').enumerate() {
        if i > 0 && used + 1 + width(word) > most {
            text.push('\n');
            text.push_str(&" ".repeat(indent));
            used = indent;
        } else if i > 0 {
            text.push(' ');
            used += 1;
        }
        text.push_str(word);
        used += width(word);
    }
}

/// The number of visible characters of a line.
fn width(line: &str) -> usize {
    let mut seen = 0;
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        if c == '\u{1b}' {
            // All escape sequences of this program end with this letter.
            let _ = characters.find(|c| *c == 'm');
        } else {
            seen += 1;
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NARROW: PrintStyle = PrintStyle {
        width: 30,
        styled: true,
        is_terminal: true,
    };

    #[test]
    fn a_long_value_goes_on_below_itself() {
        let report = "Requests   1,602: 3 lists, 1,599 discovery, 0 documents\nshort\n";
        assert_eq!(
            fitted(report, NARROW),
            "Requests   1,602: 3 lists,\n           1,599 discovery, 0\n           documents\nshort\n"
        );
        let file = PrintStyle {
            is_terminal: false,
            ..NARROW
        };
        assert_eq!(fitted(report, file), report);
    }

    #[test]
    fn a_command_stays_on_one_line_to_be_copied() {
        let report = "  filing-etl download --cik 1 --cik 2 --cik 3\n";
        assert_eq!(fitted(report, NARROW), report);
    }

    #[test]
    fn failures_stand_out_where_that_is_wanted() {
        let plain = PrintStyle {
            styled: false,
            ..NARROW
        };
        assert_eq!(status("partial", plain), "partial");
        assert_eq!(status("partial", NARROW), "\u{1b}[33mpartial\u{1b}[0m");
        assert_eq!(status("completed", NARROW), "completed");
        assert_eq!(failure("0 failed", false, NARROW), "0 failed");
        assert_eq!(
            statuses("7 update failed 2 Failed", NARROW),
            "7 update \u{1b}[31mfailed\u{1b}[0m 2 Failed"
        );
    }

    proptest! {
        #[test]
        fn no_word_is_lost_and_lines_fit(words in proptest::collection::vec("[a-zé]{1,15}", 1..40)) {
            let line = words.join(" ");
            let text = fitted(&line, NARROW);
            prop_assert!(text.lines().all(|line| width(line) <= 30), "{text}");
            prop_assert_eq!(text.split_whitespace().collect::<Vec<_>>(), words);
        }
    }
}
