//! How a web page begins.

use memchr::memmem;

/// What follows the byte order mark and blanks.
pub(crate) fn text_of(head: &[u8]) -> &[u8] {
    head.strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(head)
        .trim_ascii_start()
}

/// Whether a text is a web page from its first tag on. Comments, an XML declaration and other processing
/// instructions may stand before that tag.
pub(crate) fn is_web_page(head: &[u8]) -> bool {
    let mut text = text_of(head);
    while let Some(rest) = after(text, b"<?", b"?>").or_else(|| after(text, b"<!--", b"-->")) {
        text = rest.trim_ascii_start();
    }
    [&b"<!doctype html"[..], b"<html", b"<head"]
        .iter()
        .any(|start| {
            text.get(..start.len())
                .is_some_and(|text| text.eq_ignore_ascii_case(start))
        })
}

/// What follows something between these two, if the text begins with it.
fn after<'a>(text: &'a [u8], opening: &[u8], closing: &[u8]) -> Option<&'a [u8]> {
    let inner = text.strip_prefix(opening)?;
    let end = memmem::find(inner, closing)?;
    Some(&inner[end + closing.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_known_behind_what_may_stand_before_its_first_tag() {
        for page in [
            "<html>",
            "\u{feff} <!DOCTYPE HTML PUBLIC",
            "<?xml version=\"1.0\"?>\n<!DOCTYPE html>",
            "<!-- saved --><HEAD>",
            "<?xml?><!----> <!-- <x> -->\r\n<?a b?><html xmlns",
        ] {
            assert!(is_web_page(page.as_bytes()), "{page}");
        }
        for other in [
            "",
            "<!-- <html>",
            "<?xml <html>",
            "<?xml?><xbrl>",
            "<?xml?>",
            "<DOCUMENT>\n<html>",
            "words <html>",
            "<!-- --> words <html>",
            "<?xml?><!DOCTYPE xbrl>",
        ] {
            assert!(!is_web_page(other.as_bytes()), "{other}");
        }
    }
}
