//! Checks a file on disk in the same way as a download.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use super::Expect;
use super::verdict::{HEAD, PortionKind, ResponseHead, Verdict, classify, proves_itself};

/// How much of the end is examined.
const TAIL: u64 = 1024;

/// Checks a file like the body of a response without a length: it must not be empty or the page of a gateway, a
/// block or an error, and its end must show that it is complete. A submission whose length EDGAR lists must
/// have that length instead. Returns the reason if the file fails the check.
pub fn check_stored(file: &mut File, expect: Expect) -> io::Result<Option<String>> {
    let length = file.metadata()?.len();
    if length > expect.max() {
        return Ok(Some(format!("{length} bytes are more than the limit")));
    }
    let mut head = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    let seen = ResponseHead {
        status: 200,
        retry_after: None,
        head: &head,
        whole: length == head.len() as u64,
        expect,
        may_be_blank: false,
        asked: PortionKind::Whole,
    };
    match classify(seen) {
        Verdict::Good => {}
        Verdict::Damaged(what) | Verdict::Page(what) => return Ok(Some(what.to_owned())),
        _ => return Ok(Some("it is EDGAR's page for blocked clients".to_owned())),
    }
    if let Expect::Submission {
        size: Some(size), ..
    } = expect
    {
        let differs = size != length;
        return Ok(differs.then(|| format!("{length} bytes, and EDGAR lists it with {size}")));
    }
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    file.read_to_end(&mut tail)?;
    let is_whole = proves_itself(expect, &head, &tail);
    Ok((!is_whole).then(|| "its end does not show that it is complete".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn check(content: &str, expect: Expect) -> Option<String> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content.as_bytes()).unwrap();
        check_stored(&mut file, expect).unwrap()
    }

    #[test]
    fn a_document_is_taken_when_its_end_shows_that_it_is_whole() {
        let document = Expect::Document { max: 100_000 };
        assert_eq!(check("<html><p>a</html>\n", document), None);
        let long = format!("<html>{}</html>", "x".repeat(80_000));
        assert_eq!(check(&long, document), None);
        for (content, why) in [
            ("", "an empty body"),
            ("  \n", "white space only"),
            ("<html><p>a", "its end does not show"),
            (&long[..70_000], "its end does not show"),
            (
                "<html><title>SEC.gov | File Unavailable</title></html>",
                "an error page",
            ),
            (
                "<html><title>Request Rate Threshold Exceeded</title></html>",
                "page for blocked clients",
            ),
            (&"x".repeat(100_001), "more than the limit"),
        ] {
            let found = check(content, document).unwrap();
            assert!(found.contains(why), "{found}");
        }
    }

    #[test]
    fn a_submission_has_the_listed_length() {
        let of = |size| Expect::Submission { max: 1000, size };
        let text = "<SEC-DOCUMENT>x</SEC-DOCUMENT>";
        assert_eq!(check(text, of(Some(30))), None);
        assert_eq!(check(text, of(None)), None);
        assert!(
            check(text, of(Some(31)))
                .unwrap()
                .contains("lists it with 31")
        );
        assert!(check(&text[..20], of(None)).is_some());
    }
}
