//! Helpers for the tests of the parsers.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;

/// The files of a folder of real captures, sorted by name; empty if the folder does not exist.
pub(crate) fn captures(folder: &str) -> Vec<(String, Vec<u8>)> {
    let data = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data"));
    let Ok(entries) = fs::read_dir(data.join(folder)) else {
        return Vec::new();
    };
    let mut files: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// The bytes with some of them changed, removed, repeated or truncated.
pub(crate) fn mutated(bytes: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<Index>(), any::<Index>(), 0..5_u8, any::<u8>());
    proptest::collection::vec(change, 1..4).prop_map(move |changes| {
        let mut bytes = bytes.to_vec();
        for (at, to, kind, value) in changes {
            if bytes.is_empty() {
                break;
            }
            let (at, to) = (at.index(bytes.len()), to.index(bytes.len()));
            let (from, to) = (at.min(to), at.max(to));
            match kind {
                0 => bytes[at] = value,
                1 => bytes[at] = b"\"{}[],:|$.\n-0"[usize::from(value) % 13],
                2 => drop(bytes.drain(from..to)),
                3 => bytes.extend_from_within(from..to),
                _ => bytes.truncate(at),
            }
        }
        bytes
    })
}
