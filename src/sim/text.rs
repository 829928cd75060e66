//! Quickly generates text of an exact length that looks and compresses like real filings.
//!
//! A few hundred paragraphs are generated once. They are repeated in seeded order, between tables of seeded
//! figures. Like real reports, such text is compressed to about a sixth.

use std::sync::LazyLock;

use super::rng::SimRng;

/// The parts that are generated once.
struct Stock {
    html: Vec<Vec<u8>>,
    plain: Vec<Vec<u8>>,
    /// Words without markup or dashes, for filling up. They are valid in text and in comments.
    filler: Vec<u8>,
}

static STOCK: LazyLock<Stock> = LazyLock::new(stock);

const PARAGRAPHS: u64 = 256;
/// The longest part that is added at once. The rest is filled up with words.
const LONGEST: usize = 2_048;

const WORDS: [&str; 96] = [
    "the",
    "of",
    "and",
    "to",
    "in",
    "our",
    "we",
    "for",
    "or",
    "that",
    "as",
    "is",
    "by",
    "on",
    "with",
    "are",
    "may",
    "which",
    "be",
    "from",
    "company",
    "financial",
    "year",
    "ended",
    "statements",
    "million",
    "net",
    "shares",
    "common",
    "stock",
    "income",
    "tax",
    "cash",
    "interest",
    "assets",
    "operating",
    "fiscal",
    "certain",
    "value",
    "other",
    "consolidated",
    "revenue",
    "expenses",
    "results",
    "business",
    "including",
    "market",
    "not",
    "any",
    "these",
    "period",
    "primarily",
    "increase",
    "related",
    "under",
    "products",
    "services",
    "customers",
    "credit",
    "agreement",
    "rate",
    "debt",
    "date",
    "fair",
    "amount",
    "risk",
    "future",
    "based",
    "could",
    "would",
    "adversely",
    "affect",
    "operations",
    "conditions",
    "management",
    "securities",
    "exchange",
    "commission",
    "reporting",
    "internal",
    "control",
    "accounting",
    "standards",
    "recognized",
    "amortization",
    "depreciation",
    "goodwill",
    "acquisition",
    "subsidiaries",
    "compensation",
    "performance",
    "obligations",
    "material",
    "changes",
    "approximately",
    "quarter",
];

fn stock() -> Stock {
    let mut rng = SimRng::of(&[0x7E47]);
    let mut sentence = |out: &mut String| {
        let count = rng.between(9, 26);
        for n in 0..count {
            let word = rng.pick(&WORDS);
            if n == 0 {
                out.push_str(&word[..1].to_ascii_uppercase());
                out.push_str(&word[1..]);
            } else {
                out.push(' ');
                out.push_str(word);
            }
        }
        out.push_str(". ");
    };
    let mut html = Vec::new();
    let mut plain = Vec::new();
    for n in 0..PARAGRAPHS {
        let mut text = String::new();
        for _ in 0..=n % 6 {
            sentence(&mut text);
        }
        let text = text.trim_end();
        html.push(
            format!(
                "<p style=\"margin-top:0pt; margin-bottom:6pt; font-size:10pt; \
                 font-family:Times New Roman\">{text}</p>\n"
            )
            .into_bytes(),
        );
        plain.push(wrapped(text));
    }
    let mut filler = String::new();
    while filler.len() < 2 * LONGEST {
        sentence(&mut filler);
    }
    Stock {
        html,
        plain,
        filler: filler.into_bytes(),
    }
}

/// Lines of at most 78 characters, followed by a blank line.
fn wrapped(text: &str) -> Vec<u8> {
    let mut out = String::new();
    let mut column = 0;
    for word in text.split(' ') {
        if column + word.len() > 77 {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += word.len();
    }
    out.push_str("\n\n");
    out.into_bytes()
}

/// The markup of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Markup {
    /// HTML paragraphs and tables.
    Html,
    /// HTML with tagged figures.
    Inline,
    /// Plain lines.
    Plain,
    /// XML elements without a meaning.
    Xml,
}

impl Markup {
    fn heading(self, text: &str) -> String {
        match self {
            Self::Html | Self::Inline => format!(
                "<p style=\"margin-top:12pt; margin-bottom:6pt; font-size:10pt\"><b>{text}</b></p>\n"
            ),
            Self::Plain => format!("{}\n\n", text.to_ascii_uppercase()),
            Self::Xml => String::new(),
        }
    }

    /// One line of figures, in which each `#` becomes a digit.
    fn row(self) -> &'static [u8] {
        match self {
            Self::Html => {
                b"<tr><td style=\"padding-left:12pt\">Line ##</td><td>$</td><td align=\"right\">\
                  ###,###</td><td align=\"right\">###,###</td></tr>\n"
            }
            Self::Inline => {
                b"<tr><td>Line ##</td><td align=\"right\"><ix:nonFraction contextRef=\"c-##\" \
                  name=\"us-gaap:Revenues\" unitRef=\"usd\" decimals=\"-3\" scale=\"3\" \
                  id=\"f-####\">###,###</ix:nonFraction></td></tr>\n"
            }
            Self::Plain => b"    Line ## ..............................  $ ###,###   $ ###,###\n",
            Self::Xml => {
                b"  <transactionAmounts><shares><value>######</value></shares><pricePerShare>\
                  <value>##.##</value></pricePerShare></transactionAmounts>\n"
            }
        }
    }
}

/// Appends exactly `len` bytes: `head`, paragraphs and figures, `tail`. If that does not fit, it appends words.
/// The last byte is a line break.
pub(crate) fn fill(
    out: &mut Vec<u8>,
    len: usize,
    markup: Markup,
    head: &str,
    tail: &str,
    rng: &mut SimRng,
) {
    fill_below(&[], out, len, markup, (head, tail), rng);
}

/// As [`fill`], with headings at equal distances, if a part fits between each two.
pub(crate) fn fill_below(
    headings: &[&str],
    out: &mut Vec<u8>,
    len: usize,
    markup: Markup,
    (head, tail): (&str, &str),
    rng: &mut SimRng,
) {
    let end = out.len() + len;
    if len < head.len() + tail.len() + 16 {
        words(out, len);
        return;
    }
    out.reserve(len);
    out.extend_from_slice(head.as_bytes());
    let body_end = end - tail.len();
    let begins = out.len();
    let apart = (body_end - begins) / (headings.len() + 1);
    let has_room = apart >= 2 * LONGEST;
    let mut headings = headings.iter().filter(|_| has_room).enumerate().peekable();
    while body_end - out.len() > LONGEST {
        if let Some((_, heading)) = headings.next_if(|(n, _)| out.len() - begins >= n * apart) {
            out.extend_from_slice(markup.heading(heading).as_bytes());
        }
        let paragraphs = match markup {
            Markup::Plain => Some(&STOCK.plain),
            Markup::Html | Markup::Inline => Some(&STOCK.html),
            Markup::Xml => None,
        };
        if let Some(paragraphs) = paragraphs {
            for _ in 0..=rng.below(2) {
                let paragraph = usize::try_from(rng.below(PARAGRAPHS)).unwrap_or(0);
                let room = body_end - out.len();
                if paragraphs[paragraph].len() + 256 < room {
                    out.extend_from_slice(&paragraphs[paragraph]);
                }
            }
        }
        let rows = rng.below(4);
        for _ in 0..rows {
            if body_end - out.len() > 256 {
                figures(out, markup.row(), rng);
            }
        }
    }
    let rest = body_end - out.len();
    match markup {
        Markup::Plain => words(out, rest),
        Markup::Html | Markup::Inline | Markup::Xml if rest >= 8 => {
            out.extend_from_slice(b"<!--");
            words(out, rest - 8);
            out.extend_from_slice(b"-->\n");
        }
        _ => out.resize(body_end, b'\n'),
    }
    out.extend_from_slice(tail.as_bytes());
    debug_assert_eq!(out.len(), end, "the text has its exact length");
}

/// Appends a row of figures with random digits.
fn figures(out: &mut Vec<u8>, row: &[u8], rng: &mut SimRng) {
    let start = out.len();
    out.extend_from_slice(row);
    let mut digits = rng.number();
    for byte in &mut out[start..] {
        if *byte == b'#' {
            *byte = b'0' + u8::try_from(digits % 10).unwrap_or(0);
            digits /= 10;
        }
    }
}

/// Appends exactly `len` bytes of words. The last byte is a line break.
fn words(out: &mut Vec<u8>, len: usize) {
    let end = out.len() + len;
    while out.len() < end {
        let take = (end - out.len()).min(STOCK.filler.len());
        out.extend_from_slice(&STOCK.filler[..take]);
    }
    if len > 0 {
        out[end - 1] = b'\n';
    }
}

/// Appends `len` bytes that do not compress, after a magic number.
pub(crate) fn binary(out: &mut Vec<u8>, len: usize, magic: &[u8], rng: &mut SimRng) {
    let end = out.len() + len;
    out.reserve(len + 8);
    out.extend_from_slice(magic);
    while out.len() < end {
        out.extend_from_slice(&rng.number().to_le_bytes());
    }
    out.truncate(end);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_has_the_asked_length_and_ends_in_a_line_break(
            len in 1_usize..20_000,
            seed in any::<u64>(),
            markup in proptest::sample::select(
                vec![Markup::Html, Markup::Inline, Markup::Plain, Markup::Xml])
        ) {
            let mut out = b"before".to_vec();
            fill(&mut out, len, markup, "<head>\n", "<tail>\n", &mut SimRng::of(&[seed]));
            prop_assert_eq!(out.len(), 6 + len);
            prop_assert_eq!(out.last(), Some(&b'\n'));
            prop_assert!(out.is_ascii());
        }
    }
}
