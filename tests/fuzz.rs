//! Runs the checks of `fuzz/checks.rs` with damaged samples: no input causes a panic, loses data or leaves the
//! data dir. `PROPTEST_CASES` sets the number of samples.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

#[path = "fuzz/checks.rs"]
mod checks;
#[path = "fuzz/samples.rs"]
mod samples;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;

static SAMPLES: LazyLock<BTreeMap<&str, Vec<Vec<u8>>>> =
    LazyLock::new(|| samples::all().into_iter().collect());

/// Parts of the formats, which are inserted in wrong places.
const PIECES: [&[u8]; 24] = [
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"|",
    b"\n",
    b"\r",
    b"\r\n",
    b".",
    b"..",
    b"/",
    b"\0",
    b"\x1b[31m",
    b"\xff",
    b"null",
    b"-1",
    b"1e400",
    b"\\u0000",
    b"<DOCUMENT>\n",
    b"</TEXT>\n",
    b"begin 644 x\n",
];

/// One change of a sample.
#[derive(Debug, Clone)]
enum Edit {
    Set(Index, u8),
    Insert(Index, Index),
    Drop(Index, Index),
    Double(Index, Index),
    Cut(Index),
    Arbitrary(Index, Vec<u8>),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, value)| Edit::Set(at, value)),
        (at(), at()).prop_map(|(at, piece)| Edit::Insert(at, piece)),
        (at(), at()).prop_map(|(from, to)| Edit::Drop(from, to)),
        (at(), at()).prop_map(|(from, to)| Edit::Double(from, to)),
        at().prop_map(Edit::Cut),
        (at(), prop::collection::vec(any::<u8>(), 0..300))
            .prop_map(|(at, bytes)| Edit::Arbitrary(at, bytes)),
    ]
}

fn apply(bytes: &mut Vec<u8>, edit: &Edit) {
    let place = |at: &Index| at.index(bytes.len() + 1);
    let range = |from: &Index, to: &Index| {
        let (from, to) = (place(from), place(to));
        // Short ranges, so that most of the sample stays.
        from.min(to)..from.max(to).min(from.min(to) + 200)
    };
    match edit {
        Edit::Set(at, value) => {
            let at = place(at);
            if let Some(byte) = bytes.get_mut(at) {
                *byte = *value;
            }
        }
        Edit::Insert(at, piece) => {
            let at = place(at);
            bytes.splice(at..at, PIECES[piece.index(PIECES.len())].iter().copied());
        }
        Edit::Drop(from, to) => drop(bytes.drain(range(from, to))),
        Edit::Double(from, to) => bytes.extend_from_within(range(from, to)),
        Edit::Cut(at) => bytes.truncate(place(at)),
        Edit::Arbitrary(at, with) => {
            let at = place(at);
            bytes.splice(at..at, with.iter().copied());
        }
    }
}

/// Runs a check with the samples, first unchanged and then damaged.
fn survives(target: &str) {
    let (_, check) = checks::ALL
        .iter()
        .find(|(name, _)| *name == target)
        .unwrap();
    let samples = &SAMPLES[target];
    assert!(!samples.is_empty());
    for sample in samples {
        check(sample);
    }
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let damaged = (any::<Index>(), prop::collection::vec(edit(), 1..6));
    TestRunner::new(config)
        .run(&damaged, |(sample, edits)| {
            let mut bytes = samples[sample.index(samples.len())].clone();
            for edit in &edits {
                apply(&mut bytes, edit);
            }
            check(&bytes);
            Ok(())
        })
        .unwrap();
}

#[test]
fn any_submissions_document_is_survived() {
    survives("submissions");
}

#[test]
fn any_company_list_is_survived() {
    survives("companies");
}

#[test]
fn any_index_is_survived() {
    survives("indexes");
}

#[test]
fn any_companies_file_names_companies_or_says_why_not_in_every_encoding() {
    survives("companies_file");
}

#[test]
fn any_symbol_list_is_survived() {
    survives("symbols");
}

#[test]
fn any_submission_splits_the_same_however_it_is_cut_and_loses_no_byte() {
    survives("split");
}

#[test]
fn any_uuencoded_document_comes_back_or_is_said_to_be_damaged() {
    survives("uuencode");
}

#[test]
fn lines_that_were_broken_are_known_and_come_back() {
    survives("lines");
}

#[test]
fn any_beginning_is_judged_and_what_edgar_serves_fits_its_name() {
    survives("beginnings");
}

#[test]
fn no_document_name_leads_out_of_the_data_dir() {
    survives("names");
}

#[test]
fn any_archive_of_submissions_gives_what_its_directory_promises_or_nothing() {
    survives("zip");
}

#[test]
fn any_answer_is_taken_whole_or_not_at_all() {
    survives("answers");
}

#[test]
fn a_range_that_was_not_asked_for_is_not_quoted_at_length() {
    let range = "x".repeat(20_000);
    let sent = format!("\x1eHTTP/1.1 206 OK\r\nContent-Range: {range}\r\n\r\nPK");
    checks::answers(sent.as_bytes());
}

#[test]
fn every_check_is_fuzzed_and_tested() {
    let names: Vec<_> = checks::ALL.iter().map(|(name, _)| *name).collect();
    let manifest =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/.fuzz/Cargo.toml"));
    let manifest = manifest.unwrap();
    for name in &names {
        assert!(SAMPLES.contains_key(name), "{name} has no samples");
        let target = format!("fuzz_targets/{name}.rs");
        assert!(manifest.contains(&target), "{name} is no target");
    }
    assert_eq!(SAMPLES.len(), names.len());
}
