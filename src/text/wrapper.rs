//! Removes what EDGAR puts around a document: PEM lines, `<DOCUMENT>` and its head, `<XBRL>`.

use memchr::memmem;

/// The document without its wrapper; without a wrapper, all bytes.
pub(super) fn body(bytes: &[u8]) -> &[u8] {
    let document = document(without_pem(bytes));
    let body = document.trim_ascii_start();
    for wrapper in ["XBRL", "XML", "PDF"] {
        let open = format!("<{wrapper}>");
        if body.starts_with(open.as_bytes()) {
            let inner = &body[open.len()..];
            let close = format!("</{wrapper}>");
            return memmem::rfind(inner, close.as_bytes()).map_or(inner, |end| &inner[..end]);
        }
    }
    document
}

/// Removes the PEM envelope that submissions had until 2010.
fn without_pem(bytes: &[u8]) -> &[u8] {
    let Some(rest) = bytes.strip_prefix(b"-----BEGIN PRIVACY-ENHANCED MESSAGE-----") else {
        return bytes;
    };
    let rest = match memmem::find(rest, b"\n\n") {
        Some(blank) => &rest[blank + 2..],
        None => rest,
    };
    memmem::rfind(rest, b"-----END PRIVACY-ENHANCED MESSAGE-----").map_or(rest, |end| &rest[..end])
}

fn document(bytes: &[u8]) -> &[u8] {
    if !bytes.trim_ascii_start().starts_with(b"<DOCUMENT>") {
        return bytes;
    }
    let Some(text) = memmem::find(bytes, b"<TEXT>") else {
        return bytes;
    };
    let body = &bytes[text + b"<TEXT>".len()..];
    let body = body.strip_prefix(b"\r").unwrap_or(body);
    let body = body.strip_prefix(b"\n").unwrap_or(body);
    memmem::rfind(body, b"</TEXT>").map_or(body, |end| &body[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_taken_out_of_its_wrappers() {
        let plain = b"<DOCUMENT>\n<TYPE>8-K\n<TEXT>\nWords\n</TEXT>\n</DOCUMENT>\n";
        assert_eq!(body(plain), b"Words\n");
        let xbrl = b"<DOCUMENT>\n<TYPE>8-K\n<TEXT>\n<XBRL>\n<html></html>\n</XBRL>\n</TEXT>\n</DOCUMENT>\n";
        assert_eq!(body(xbrl).trim_ascii(), b"<html></html>");
        let pem = b"-----BEGIN PRIVACY-ENHANCED MESSAGE-----\nProc-Type: 2001,MIC-CLEAR\n\n<DOCUMENT>\n<TEXT>\nWords\n</TEXT>\n</DOCUMENT>\n-----END PRIVACY-ENHANCED MESSAGE-----\n";
        assert_eq!(body(pem), b"Words\n");
    }

    #[test]
    fn what_has_no_wrapper_stays_as_it_is() {
        assert_eq!(body(b" <html></html> "), b" <html></html> ");
        assert_eq!(body(b"<DOCUMENT> of nothing"), b"<DOCUMENT> of nothing");
        assert_eq!(body(b""), b"");
    }
}
