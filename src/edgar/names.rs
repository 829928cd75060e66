//! Names from the network as names of files.
//!
//! EDGAR's own names are made of `[A-Za-z0-9._-]`, at most 43 characters (measured on four million
//! filings). But a name comes from outside, and some documents have none, so each filing's files are
//! named by one rule: EDGAR's name where it can be a file's on every system, or else
//! `<accession>-<position>`.

use thiserror::Error;

use super::{Accession, submission_name};

/// The longest file name that every common file system takes, in bytes.
const MAX_NAME: usize = 255;

/// A name from the network that cannot be a file name everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the document name {name:?} is not safe as a file name: {why}")]
pub struct UnsafeName {
    /// The name, cut short.
    pub name: String,
    /// What is wrong with it.
    pub why: &'static str,
}

/// A document name as a file name, if it is one on every common file system.
///
/// # Errors
///
/// When the name could lead elsewhere, mean a device, or not be shown plainly.
pub fn checked_name(name: &str) -> Result<&str, UnsafeName> {
    let why = if name.is_empty() {
        "it is empty"
    } else if name.len() > MAX_NAME {
        "it is longer than 255 bytes"
    } else if name.bytes().any(|b| b"/\\:*?\"<>|".contains(&b)) {
        "it holds a character that means something else in a path"
    } else if !name.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        "it holds a character that is not printable ASCII"
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

/// Whether Windows would open a device under this name, whatever its extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.to_ascii_lowercase();
    match stem.as_bytes() {
        b"con" | b"prn" | b"aux" | b"nul" => true,
        [head @ .., number] => matches!(head, b"com" | b"lpt") && number.is_ascii_digit(),
        [] => false,
    }
}

/// The name under which a document is stored: EDGAR's, or `<accession>-<position>` with the
/// extension of EDGAR's where that cannot be a file's, is the submission's own but for the case of
/// its letters, or looks like a name of this form.
pub fn stored_name(accession: Accession, name: &str, position: u32) -> String {
    let is_own = name.eq_ignore_ascii_case(&submission_name(accession));
    if checked_name(name).is_ok() && !is_own && !is_made(accession, name) {
        name.to_owned()
    } else {
        made_name(accession, position, name)
    }
}

/// `<accession>-<position>`, with the extension of a name where that is plain.
pub fn made_name(accession: Accession, position: u32, name: &str) -> String {
    match extension(name) {
        Some(extension) => format!("{accession}-{position}.{extension}"),
        None => format!("{accession}-{position}"),
    }
}

/// Whether a name has the form of [`made_name`]. EDGAR serves no document under such a name, unless
/// it says so itself.
pub fn is_made(accession: Accession, name: &str) -> bool {
    let rest = name.strip_prefix(&accession.to_string());
    let Some(rest) = rest.and_then(|rest| rest.strip_prefix('-')) else {
        return false;
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    digits > 0 && matches!(rest.as_bytes().get(digits), None | Some(b'.' | b'-'))
}

/// The extension of a name, where it is short and plain.
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
