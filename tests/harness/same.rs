//! Compares collections. A failure lists the missing and the extra items instead of both collections.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Write as _};

/// At most this many items of a difference are listed; the others are counted.
const NAMED: usize = 20;

/// Fails unless a set is equal to the expected one.
#[track_caller]
pub fn same_set<T: Ord + Debug>(found: &BTreeSet<T>, wanted: &BTreeSet<T>, what: &str) {
    let missing: Vec<_> = wanted.difference(found).collect();
    let extra: Vec<_> = found.difference(wanted).collect();
    fail_over(what, &[("missing", missing), ("extra", extra)]);
}

/// Fails unless exactly these files exist, byte for byte. For a file that differs, the message has the lengths
/// and the first position that differs.
#[track_caller]
pub fn same_files(
    found: &BTreeMap<String, Vec<u8>>,
    wanted: &BTreeMap<String, Vec<u8>>,
    what: &str,
) {
    let missing = wanted.keys().filter(|path| !found.contains_key(*path));
    let extra = found.keys().filter(|path| !wanted.contains_key(*path));
    let other = wanted.iter().filter_map(|(path, wanted)| {
        let found = found.get(path).filter(|found| *found != wanted)?;
        let place = found.iter().zip(wanted).position(|(a, b)| a != b);
        let place = place.unwrap_or(found.len().min(wanted.len()));
        let (found, wanted) = (found.len(), wanted.len());
        Some(format!(
            "{path}: {found} bytes instead of {wanted}, from byte {place} on"
        ))
    });
    let other: Vec<_> = other.collect();
    fail_over(
        what,
        &[
            ("missing", missing.collect()),
            ("extra", extra.collect()),
            ("different", other.iter().collect()),
        ],
    );
}

/// Fails with these differences, if there are any.
#[track_caller]
fn fail_over<T: Debug>(what: &str, differences: &[(&str, Vec<T>)]) {
    let mut said = String::new();
    for (difference, items) in differences.iter().filter(|(_, items)| !items.is_empty()) {
        write!(said, "\n{} {difference}:", items.len()).unwrap();
        for item in items.iter().take(NAMED) {
            write!(said, "\n  {item:?}").unwrap();
        }
        if items.len() > NAMED {
            write!(said, "\n  and {} more", items.len() - NAMED).unwrap();
        }
    }
    assert!(said.is_empty(), "{what}{said}");
}

/// The message of a failing comparison.
fn said(compare: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let failed = std::panic::catch_unwind(compare).unwrap_err();
    *failed.downcast::<String>().unwrap()
}

#[test]
fn a_failing_comparison_names_what_is_missing_and_what_is_extra() {
    let wanted = BTreeSet::from(["a", "b", "c"]);
    same_set(&wanted, &wanted, "the same");
    let found = BTreeSet::from(["b", "c", "d"]);
    assert_eq!(
        said(|| same_set(&found, &wanted, "letters")),
        "letters\n1 missing:\n  \"a\"\n1 extra:\n  \"d\""
    );
    let many: BTreeSet<_> = (0..22).collect();
    let told = said(|| same_set(&many, &BTreeSet::new(), "numbers"));
    assert!(told.starts_with("numbers\n22 extra:\n  0\n  1\n"), "{told}");
    assert!(told.ends_with("\n  19\n  and 2 more"), "{told}");
}

#[test]
fn a_failing_comparison_of_files_tells_where_one_differs() {
    let files = |files: &[(&str, &str)]| -> BTreeMap<_, _> {
        let own = |(path, bytes): &(&str, &str)| ((*path).to_owned(), bytes.as_bytes().to_vec());
        files.iter().map(own).collect()
    };
    let wanted = files(&[("a", "text"), ("b", "text"), ("c", "text")]);
    same_files(&wanted, &wanted, "the same");
    let found = files(&[("b", "teXt"), ("c", "te"), ("d", "")]);
    assert_eq!(
        said(|| same_files(&found, &wanted, "files")),
        "files\n1 missing:\n  \"a\"\n1 extra:\n  \"d\"\n2 different:\n  \
         \"b: 4 bytes instead of 4, from byte 2 on\"\n  \
         \"c: 2 bytes instead of 4, from byte 2 on\""
    );
}
