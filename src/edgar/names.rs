//! File names of documents.
//!
//! The names at EDGAR consist of `[A-Za-z0-9._-]` and have at most 43 characters (measured on four million
//! filings). But a name from the network cannot be trusted, and some documents have none. So a file has
//! EDGAR's name if that is a valid file name on every system, and otherwise `<accession>-<position>`.

use thiserror::Error;

use super::{Accession, submission_name};

/// The maximum length of a file name on common file systems, in bytes.
const MAX_NAME: usize = 255;

/// A name that is not a valid file name on every system.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the document name {name:?} is not safe as a file name: {why}")]
pub struct UnsafeName {
    /// The name, truncated.
    pub name: String,
    /// Why it is not valid.
    pub why: &'static str,
}

/// Returns the name if it is a valid file name on every common file system.
///
/// # Errors
///
/// If the name is empty, too long, a path, a device of Windows, or contains characters other than printable
/// ASCII.
pub fn checked_name(name: &str) -> Result<&str, UnsafeName> {
    let why = if name.is_empty() {
        "it is empty"
    } else if name.len() > MAX_NAME {
        "it is longer than 255 bytes"
    } else if name.bytes().any(|b| b"/\\:*?\"<>|".contains(&b)) {
        "it contains a character with a special meaning in paths"
    } else if !name.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        "it contains a character that is not printable ASCII"
    } else if name.starts_with(['.', ' ']) || name.ends_with(['.', ' ']) {
        "it starts or ends with a dot or a blank"
    } else if is_device(name) {
        "it is the name of a device on Windows"
    } else {
        return Ok(name);
    };
    let name = name.chars().take(80).collect();
    Err(UnsafeName { name, why })
}

/// Whether Windows opens a device under this name, with any extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.to_ascii_lowercase();
    match stem.as_bytes() {
        b"con" | b"prn" | b"aux" | b"nul" => true,
        [head @ .., number] => matches!(head, b"com" | b"lpt") && number.is_ascii_digit(),
        [] => false,
    }
}

/// The name of a document on disk: the name at EDGAR, or that of [`generated_name`] if the name at EDGAR is
/// not a valid file name, equals that of the submission regardless of case, or has the form of
/// [`generated_name`].
pub fn stored_name(accession: Accession, name: &str, position: u32) -> String {
    let is_own = name.eq_ignore_ascii_case(&submission_name(accession));
    if checked_name(name).is_ok() && !is_own && !is_generated_name(accession, name) {
        name.to_owned()
    } else {
        generated_name(accession, position, name)
    }
}

/// `<accession>-<position>`, with the extension of the name if it is short and alphanumeric.
pub fn generated_name(accession: Accession, position: u32, name: &str) -> String {
    match extension(name) {
        Some(extension) => format!("{accession}-{position}.{extension}"),
        None => format!("{accession}-{position}"),
    }
}

/// Whether a name has the form of [`generated_name`]. EDGAR serves no document under such a name, unless it
/// is the `<FILENAME>` of the document.
pub fn is_generated_name(accession: Accession, name: &str) -> bool {
    let rest = name.strip_prefix(&accession.to_string());
    let Some(rest) = rest.and_then(|rest| rest.strip_prefix('-')) else {
        return false;
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    digits > 0 && matches!(rest.as_bytes().get(digits), None | Some(b'.' | b'-'))
}

/// The extension of a name, if it is short and alphanumeric.
pub fn extension(name: &str) -> Option<&str> {
    let (_, extension) = name.rsplit_once('.')?;
    let is_plain = extension.bytes().all(|b| b.is_ascii_alphanumeric());
    (is_plain && (1..=8).contains(&extension.len())).then_some(extension)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::Path;

    fn accession() -> Accession {
        "0000320193-23-000106".parse().unwrap()
    }

    #[test]
    fn a_name_that_can_be_no_files_becomes_one_by_its_place() {
        for (name, stored) in [
            ("d8k.htm", "d8k.htm"),
            (
                "0000320193-23-000106-xbrl.zip",
                "0000320193-23-000106-xbrl.zip",
            ),
            ("../../etc/passwd", "0000320193-23-000106-4"),
            ("con.htm", "0000320193-23-000106-4.htm"),
            ("a b\\c.TXT", "0000320193-23-000106-4.TXT"),
            ("x.not-plain", "x.not-plain"),
            ("x/y.not-plain", "0000320193-23-000106-4"),
            ("0000320193-23-000106-7.htm", "0000320193-23-000106-4.htm"),
            ("0000320193-23-000106.TXT", "0000320193-23-000106-4.TXT"),
            ("", "0000320193-23-000106-4"),
        ] {
            assert_eq!(stored_name(accession(), name, 4), stored, "{name}");
        }
    }

    #[test]
    fn hostile_names_are_refused() {
        let long = "a".repeat(300);
        for name in [
            "",
            ".",
            "..",
            "../../x",
            "/etc/passwd",
            "a/b",
            "a\\b",
            "C:x",
            "con",
            "CON.htm",
            "nul.",
            "com1.txt",
            "lpt9",
            "x\0",
            "x\n",
            "\u{1b}[31m",
            "\u{202e}fdp",
            " x",
            "x ",
            ".hidden",
            &long,
        ] {
            assert!(checked_name(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn edgars_names_are_taken() {
        for name in [
            "d8k.htm",
            "0001.txt",
            "9999999997-15-013527.paper",
            "R2.htm",
            "console.htm",
            "com.txt",
            "annual report.htm",
        ] {
            assert_eq!(checked_name(name), Ok(name));
        }
    }

    proptest! {
        #[test]
        fn a_checked_name_is_one_plain_path_part(name in any::<String>()) {
            for name in [Ok(name.as_str()).and_then(checked_name).unwrap_or("x"), &stored_name(accession(), &name, 3)] {
                let parts: Vec<_> = Path::new(name).components().collect();
                prop_assert!(matches!(parts[..], [std::path::Component::Normal(p)] if p == name));
            }
        }
    }
}
