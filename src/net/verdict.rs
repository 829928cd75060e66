//! Classifies responses. Pure: takes the status, a header and the first bytes of the decoded body,
//! and returns a verdict.
//!
//! # Block pages
//! EDGAR answers a client that it blocks with one of three small HTML pages. They come with status
//! 403, sometimes 429 or 503, and have been reported with 200. So the decoded text decides, not the
//! status:
//! - With any status but 200, certain words anywhere in the first 64 KB are enough: no document is
//!   served with such a status.
//! - With 200, a document may quote the words. It is a block page only if all of this holds: it is
//!   HTML from its first character on, it is complete within 16 KB (the captured ones have 1.9 to
//!   5.2 KB), and the words are in its title or first heading. In documents of filings, the title
//!   and first heading hold the name of a form or a company.
//!
//! The title alone does not show the reason for a block. One page titled "Request Rate Threshold
//! Exceeded" rejects the user agent: its heading says "Automated access to our sites must comply
//! ...". Waiting would never end that block. So the words about the user agent are searched first.

use std::time::Duration;

use jiff::Timestamp;
use memchr::memmem;

use super::Expect;
use crate::markup::is_web_page;

/// How many bytes of a decoded body are examined.
pub(super) const HEAD: usize = 64 * 1024;
/// The largest block page. Anything larger with status 200 is a document.
const LARGEST_BLOCK_PAGE: usize = 16 * 1024;
/// How much of a large document is examined: its start with the title. Little, because this is done
/// for every download.
const BEGINNING: usize = 4 * 1024;

/// The parts of a response that its verdict depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct ResponseHead<'a> {
    pub(super) status: u16,
    /// From the `Retry-After` header.
    pub(super) retry_after: Option<Duration>,
    /// The first bytes of the decoded body, at most [`HEAD`].
    pub(super) head: &'a [u8],
    /// Whether `head` is the whole body.
    pub(super) whole: bool,
    pub(super) expect: Expect,
    /// Whether the headers show that nothing but blanks is what the server has: a date, and a length or
    /// hash.
    pub(super) may_be_blank: bool,
    /// How much of the file was requested.
    pub(super) asked: PortionKind,
}

impl<'a> ResponseHead<'a> {
    /// Whether it is small enough for a block page with status 200.
    fn is_small(&self) -> bool {
        self.whole && self.head.len() <= LARGEST_BLOCK_PAGE
    }

    /// The part of the body that is examined.
    fn looked_at(&self) -> &'a [u8] {
        let length = self.head.len();
        match self.status {
            200 if !self.is_small() => &self.head[..length.min(BEGINNING)],
            _ => self.head,
        }
    }
}

/// Which part of a file was requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PortionKind {
    /// The whole file, unconditionally.
    Whole,
    /// The whole file, if it has changed.
    Changed,
    /// The rest of the file.
    Rest,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The requested content, as far as the first bytes show.
    Good,
    /// The rest of the file, as requested (206).
    Rest,
    /// The file has not changed since the client's version (304).
    Unchanged,
    /// The file has no bytes where the rest would begin (416).
    NoRest,
    /// The server has no such file.
    NotFound,
    /// Too many requests: the host must get no request for a while.
    Throttled {
        retry_after: Option<Duration>,
        /// Whether it was EDGAR's block page, which means a full block. A plain 429 sets its own time.
        page: bool,
    },
    /// EDGAR does not accept this user agent.
    UndeclaredAgent,
    /// A failure of the server that may pass.
    Server { retry_after: Option<Duration> },
    /// The server refuses, and a retry would not help.
    Refused,
    /// A success status with other content than was requested.
    Damaged(&'static str),
    /// A success status with a web page in place of something else.
    Page(&'static str),
}

/// Classifies a response.
pub(super) fn classify(seen: ResponseHead<'_>) -> Verdict {
    let text = lower_case(seen.looked_at());
    if let Some(verdict) = block_page(seen, &text) {
        return verdict;
    }
    match seen.status {
        200 => content(seen, &text).unwrap_or(Verdict::Good),
        206 if seen.asked == PortionKind::Rest && seen.head.is_empty() => {
            Verdict::Damaged("an empty body")
        }
        206 if seen.asked == PortionKind::Rest => Verdict::Rest,
        304 if seen.asked == PortionKind::Changed => Verdict::Unchanged,
        416 if seen.asked == PortionKind::Rest => Verdict::NoRest,
        404 | 410 => Verdict::NotFound,
        429 => Verdict::Throttled {
            retry_after: seen.retry_after,
            page: false,
        },
        // Under /Archives a missing file is S3's "AccessDenied", not a 404. Any other 403 (from a
        // proxy, a firewall, or an unknown page) shows neither that the file is missing nor that a
        // retry would help. So the file is not recorded as missing, and not requested again at once.
        403 if is_missing_in_s3(&text) => Verdict::NotFound,
        408 | 425 | 500..=599 => Verdict::Server {
            retry_after: seen.retry_after,
        },
        201..=299 => Verdict::Damaged("a success status without a whole document"),
        _ => Verdict::Refused,
    }
}

/// Bytes as lower-case text. Most bodies are valid UTF-8; checking that takes a tenth of the time
/// of a lossy conversion.
fn lower_case(bytes: &[u8]) -> String {
    match str::from_utf8(bytes) {
        Ok(text) => text.to_ascii_lowercase(),
        Err(_) => String::from_utf8_lossy(bytes).to_ascii_lowercase(),
    }
}

/// Whether the response is one of EDGAR's block pages, and which one.
fn block_page(seen: ResponseHead<'_>, text: &str) -> Option<Verdict> {
    if seen.status == 206 && seen.asked == PortionKind::Rest {
        return None; // the middle of a file may hold any words
    }
    let searched = if seen.status == 200 {
        if !seen.is_small() || !is_html(text) {
            return None;
        }
        [element(text, "title"), element(text, "h1")].join(" ")
    } else {
        text.to_owned()
    };
    let says = |words: &[&str]| words.iter().any(|words| searched.contains(words));
    if says(&[
        "undeclared automated tool",
        "automated access to our sites must comply",
    ]) {
        Some(Verdict::UndeclaredAgent)
    } else if says(&[
        "request rate threshold exceeded",
        "maximum allowable requests per second",
        "exceeded the sec’s traffic limit",
    ]) {
        Some(Verdict::Throttled {
            retry_after: seen.retry_after,
            page: true,
        })
    } else {
        None
    }
}

/// What is wrong with the start of a body with status 200.
fn content(seen: ResponseHead<'_>, text: &str) -> Option<Verdict> {
    let start = beginning(text);
    let mut rest = seen.head.iter().skip(seen.looked_at().len());
    let is_blank = start.is_empty() && seen.whole && rest.all(u8::is_ascii_whitespace);
    if is_blank && !seen.may_be_blank {
        let what = match seen.head {
            [] => "an empty body",
            _ => "a body of white space only",
        };
        return Some(Verdict::Damaged(what));
    }
    // An error page of sec.gov itself, which is gone soon. No document of a filing has such a title.
    if is_html(text) && element(text, "title").starts_with("sec.gov |") {
        return Some(Verdict::Damaged(
            "an error page of sec.gov instead of the file",
        ));
    }
    match seen.expect {
        Expect::Json { .. } if !start.starts_with(['{', '[']) => Some(if start.starts_with('<') {
            Verdict::Page("a web page instead of JSON")
        } else {
            Verdict::Damaged("not JSON")
        }),
        Expect::Archive { .. } if is_html(text) => {
            Some(Verdict::Page("a web page instead of an archive"))
        }
        Expect::Archive { .. } if !seen.head.starts_with(b"PK") => {
            Some(Verdict::Damaged("not an archive"))
        }
        Expect::Text { .. } | Expect::Submission { .. } if is_html(text) => {
            Some(Verdict::Page("a web page instead of plain text"))
        }
        _ => None,
    }
}

/// Whether a lower-case text is S3's error for a missing file.
fn is_missing_in_s3(text: &str) -> bool {
    text.contains("<error>")
        && (text.contains("<code>accessdenied</code>") || text.contains("<code>nosuchkey</code>"))
}

/// The text without a byte order mark and leading white space.
fn beginning(text: &str) -> &str {
    text.trim_start_matches('\u{feff}').trim_start()
}

/// Whether a text is HTML from its first character on.
fn is_html(text: &str) -> bool {
    is_web_page(text.as_bytes())
}

/// The text of the first element of that name, with white space collapsed; "" without one.
fn element(text: &str, name: &str) -> String {
    let opening = format!("<{name}");
    let inner = memmem::find(text.as_bytes(), opening.as_bytes()).and_then(|at| {
        let (_, rest) = text[at..].split_once('>')?;
        rest.split_once("</").map(|(inner, _)| inner)
    });
    inner
        .unwrap_or("")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Whether the end of a document shows that it is complete. Used for a body of unknown length that
/// ended with the connection.
pub(super) fn proves_itself(expect: Expect, head: &[u8], tail: &[u8]) -> bool {
    if let Expect::Archive { .. } = expect {
        return tail.windows(4).any(|window| window == b"PK\x05\x06"); // end of central directory
    }
    let head = lower_case(&head[..head.len().min(256)]);
    let tail = lower_case(tail);
    let (start, end) = (beginning(&head), tail.trim_end());
    if let Expect::Json { .. } = expect {
        // The parser checks whether the brackets match.
        return end.ends_with(['}', ']']);
    }
    if is_html(start) || start.starts_with("<?xml") {
        return end.ends_with("</html>");
    }
    [
        ("<sec-document>", "</sec-document>"),
        (
            "-----begin privacy-enhanced message-----",
            "-----end privacy-enhanced message-----",
        ),
        ("<document>", "</document>"),
        ("%pdf-", "%%eof"),
    ]
    .iter()
    .any(|(first, last)| start.starts_with(first) && end.ends_with(last))
}

/// Parses a `Retry-After` header: seconds, or an HTTP date relative to `now`.
pub(super) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // A number too large for u64 still means "very long".
        return Some(Duration::from_secs(
            value.parse().unwrap_or(u64::from(u32::MAX)),
        ));
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(value)
        .ok()?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::Path;

    const DOCUMENT: Expect = Expect::Document { max: 1 << 20 };
    const JSON: Expect = Expect::Json { max: 1 << 20 };
    const TEXT: Expect = Expect::Text { max: 1 << 20 };

    const THROTTLED: &str = "<!DOCTYPE html PUBLIC \"x\">\n<html><head><title>SEC.gov | Request Rate Threshold Exceeded</title></head>\
        <body><h1>You’ve Exceeded the SEC’s Traffic Limit</h1><p>Your request rate has exceeded the SEC’s maximum allowable requests per second.</p></body></html>";
    const UNDECLARED: &str = "<!DOCTYPE html><html><head><title>SEC.gov | Your Request Originates from an Undeclared Automated Tool</title></head><body></body></html>";
    const THIRD: &str = "<html><head><title>SEC.gov | Request Rate Threshold Exceeded</title></head><body>\
        <h1>Automated access to our sites must comply with\n SEC.gov's Privacy and Security Policy</h1></body></html>";
    const DENIED: &str = "<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";

    fn seen(status: u16, head: &str, expect: Expect) -> Verdict {
        classify(ResponseHead {
            status,
            retry_after: None,
            head: head.as_bytes(),
            whole: true,
            expect,
            may_be_blank: false,
            asked: PortionKind::Whole,
        })
    }

    fn throttled() -> Verdict {
        Verdict::Throttled {
            retry_after: None,
            page: true,
        }
    }

    #[test]
    fn block_pages_are_known_by_their_text_whatever_the_status() {
        for status in [200, 403, 429, 503] {
            for expect in [DOCUMENT, JSON, TEXT] {
                assert_eq!(seen(status, THROTTLED, expect), throttled());
                assert_eq!(seen(status, UNDECLARED, expect), Verdict::UndeclaredAgent);
                assert_eq!(seen(status, THIRD, expect), Verdict::UndeclaredAgent);
            }
        }
    }

    #[test]
    fn a_filing_that_quotes_a_block_page_is_a_document() {
        let wrapped = format!("<DOCUMENT>\n<TYPE>EX-99\n<TEXT>\n{THROTTLED}\n</TEXT>\n</DOCUMENT>");
        let page = "<html><head><title>Form 8-K</title></head><body><h1>Example Corp</h1>\
            <p>Our crawler saw: Request Rate Threshold Exceeded, Undeclared Automated Tool.</p></body></html>";
        let long = THROTTLED.replace("</body>", &format!("{}</body>", "x ".repeat(20_000)));
        for text in [wrapped.as_str(), page] {
            assert_eq!(seen(200, text, DOCUMENT), Verdict::Good);
        }
        let verdict = classify(ResponseHead {
            status: 200,
            retry_after: None,
            head: long.replace("SEC.gov | ", "").as_bytes(),
            whole: true,
            expect: DOCUMENT,
            may_be_blank: false,
            asked: PortionKind::Whole,
        });
        assert_eq!(verdict, Verdict::Good);
    }

    #[test]
    fn a_missing_file_is_missing_and_no_block() {
        assert_eq!(seen(403, DENIED, DOCUMENT), Verdict::NotFound);
        assert_eq!(seen(404, "gone", JSON), Verdict::NotFound);
        assert_eq!(seen(410, "", JSON), Verdict::NotFound);
        assert_eq!(seen(403, "<h1>Forbidden</h1>", DOCUMENT), Verdict::Refused);
    }

    #[test]
    fn statuses_mean_what_they_say() {
        let server = Verdict::Server { retry_after: None };
        for status in [408, 500, 502, 503, 504] {
            assert_eq!(seen(status, "", DOCUMENT), server);
        }
        for status in [300, 304, 400, 401, 405, 451] {
            assert_eq!(seen(status, "", DOCUMENT), Verdict::Refused);
        }
        let plain = Verdict::Throttled {
            retry_after: None,
            page: false,
        };
        assert_eq!(seen(429, "slow down", DOCUMENT), plain);
        assert!(matches!(seen(206, "x", DOCUMENT), Verdict::Damaged(_)));
        assert_eq!(seen(416, "", DOCUMENT), Verdict::Refused);
    }

    #[test]
    fn a_success_with_the_wrong_content_is_damaged() {
        let page =
            "<!DOCTYPE html><html><head><title>SEC.gov | File Unavailable</title></head></html>";
        for expect in [DOCUMENT, JSON, TEXT] {
            for body in ["", " \n", page] {
                assert!(
                    matches!(seen(200, body, expect), Verdict::Damaged(_)),
                    "{body:?}"
                );
            }
        }
        for expect in [JSON, TEXT] {
            let page = page.replace("SEC.gov |", "Sign in:");
            assert!(matches!(seen(200, &page, expect), Verdict::Page(_)));
        }
        assert!(matches!(seen(200, "hello", JSON), Verdict::Damaged(_)));
        assert!(matches!(seen(200, DENIED, JSON), Verdict::Page(_)));
    }

    #[test]
    fn a_document_may_be_blank_where_the_headers_show_it() {
        let answer = |head: &str| {
            classify(ResponseHead {
                status: 200,
                retry_after: None,
                head: head.as_bytes(),
                whole: true,
                expect: DOCUMENT,
                may_be_blank: true,
                asked: PortionKind::Whole,
            })
        };
        for blank in ["", " \r\n"] {
            assert_eq!(answer(blank), Verdict::Good);
        }
    }

    #[test]
    fn good_content_is_good() {
        for body in ["{\"a\":1}", "\u{feff} [1]", "\n{}"] {
            assert_eq!(seen(200, body, JSON), Verdict::Good);
        }
        assert_eq!(seen(200, "<SEC-DOCUMENT>x", TEXT), Verdict::Good);
        assert_eq!(
            seen(200, "<html><title>10-K</title></html>", DOCUMENT),
            Verdict::Good
        );
    }

    #[test]
    fn the_captured_pages_are_understood() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/http");
        let expected = [
            ("403-rate-threshold-2022.html", 403, throttled()),
            ("403-rate-threshold-2022.html", 200, throttled()),
            (
                "403-undeclared-automated-tool.html",
                200,
                Verdict::UndeclaredAgent,
            ),
            ("403-archives-missing-path.xml", 403, Verdict::NotFound),
            ("404-data-missing-cik.xml", 404, Verdict::NotFound),
            (
                "503-file-unavailable.html",
                503,
                Verdict::Server { retry_after: None },
            ),
            (
                "503-file-unavailable.html",
                200,
                Verdict::Damaged("an error page of sec.gov instead of the file"),
            ),
        ];
        for (name, status, verdict) in expected {
            let Ok(page) = std::fs::read_to_string(folder.join(name)) else {
                return;
            };
            assert_eq!(seen(status, &page, DOCUMENT), verdict, "{name} {status}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-08-05T17:36:12Z".parse().unwrap();
        let secs = |s| Some(Duration::from_secs(s));
        assert_eq!(retry_after(" 120 ", now), secs(120));
        assert_eq!(retry_after("Wed, 05 Aug 2026 17:38:12 GMT", now), secs(120));
        assert_eq!(retry_after("Wed, 05 Aug 2020 17:38:12 GMT", now), secs(0));
        assert_eq!(
            retry_after("99999999999999999999999", now),
            secs(u64::from(u32::MAX))
        );
        for text in ["", "soon", "-1", "1.5"] {
            assert_eq!(retry_after(text, now), None, "{text:?}");
        }
    }

    #[test]
    fn an_end_proves_only_its_own_beginning() {
        let whole =
            |head: &str, tail: &str| proves_itself(DOCUMENT, head.as_bytes(), tail.as_bytes());
        assert!(whole("<SEC-DOCUMENT>0001", "x\n</SEC-DOCUMENT>\n"));
        assert!(whole(
            "-----BEGIN PRIVACY-ENHANCED MESSAGE-----\n",
            "\n-----END PRIVACY-ENHANCED MESSAGE-----\n"
        ));
        assert!(!whole("<SEC-DOCUMENT>0001", "x</DOCUMENT>"));
        assert!(whole("<?xml version='1.0'?><html>", "</body></HTML>"));
        assert!(!whole("plain text", "the end."));
        assert!(proves_itself(JSON, b"{", b"}\n"));
        assert!(!proves_itself(JSON, b"{", b"\"fil"));
    }

    #[test]
    fn conditional_answers_count_where_they_were_asked_for() {
        let expect = Expect::Archive { max: 1 << 20 };
        let answer = |status, head: &str, asked| {
            classify(ResponseHead {
                status,
                retry_after: None,
                head: head.as_bytes(),
                whole: true,
                expect,
                may_be_blank: false,
                asked,
            })
        };
        assert_eq!(answer(206, THROTTLED, PortionKind::Rest), Verdict::Rest);
        assert_eq!(answer(416, "", PortionKind::Rest), Verdict::NoRest);
        assert_eq!(answer(304, "", PortionKind::Changed), Verdict::Unchanged);
        assert_eq!(
            answer(200, "PK\x03\x04", PortionKind::Changed),
            Verdict::Good
        );
        assert_eq!(answer(403, THROTTLED, PortionKind::Rest), throttled());
        for (status, head, asked) in [
            (206, "", PortionKind::Rest),
            (206, "x", PortionKind::Changed),
            (200, "<html>", PortionKind::Rest),
            (200, "{}", PortionKind::Whole),
        ] {
            let verdict = answer(status, head, asked);
            assert!(
                matches!(verdict, Verdict::Damaged(_) | Verdict::Page(_)),
                "{status} {head:?}"
            );
        }
        assert_eq!(answer(304, "", PortionKind::Rest), Verdict::Refused);
    }

    proptest! {
        #[test]
        fn no_response_makes_it_panic(status in any::<u16>(), head in any::<Vec<u8>>(), text in any::<String>()) {
            for expect in [DOCUMENT, JSON, TEXT] {
                let _ = classify(ResponseHead { status, retry_after: None, head: &head, whole: true, expect, may_be_blank: head.len() % 2 == 0, asked: PortionKind::Rest });
                let _ = proves_itself(expect, &head, text.as_bytes());
            }
            let _ = retry_after(&text, Timestamp::UNIX_EPOCH);
        }
    }
}
