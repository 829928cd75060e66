//! Tests the reader with archives of another writer, and with damaged ones.

use std::io::Write as _;

use ::zip::CompressionMethod;
use ::zip::write::{SimpleFileOptions, ZipWriter};
use proptest::prelude::*;
use tempfile::NamedTempFile;

use super::*;

const CIK: u64 = 1_234_567;
const MAIN: &str = "CIK0001234567.json";
const PAGE: &str = "CIK0001234567-submissions-001.json";

fn zip(members: &[(&str, &[u8])], long: bool) -> Vec<u8> {
    let mut zip = ZipWriter::new(io::Cursor::new(Vec::new()));
    if long {
        zip.set_raw_zip64_extensible_data_sector(Box::default());
    }
    for (name, bytes) in members {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn sample() -> Vec<u8> {
    zip(
        &[
            ("CIK0000000001.json", b"not wanted"),
            (MAIN, b"{\"cik\": \"1234567\"}"),
            (PAGE, &[b'x'; 3000]),
            ("placeholder.txt", b""),
        ],
        false,
    )
}

fn open(bytes: &[u8]) -> Result<Archive, BadArchive> {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    Archive::open(file.path(), &HashSet::from([cik()]))
}

fn cik() -> Cik {
    Cik::new(CIK).unwrap()
}

fn page() -> PageName {
    PageName::parse(PAGE, cik()).unwrap()
}

/// The position of the last occurrence of some bytes.
fn find(bytes: &[u8], wanted: &[u8]) -> usize {
    bytes
        .windows(wanted.len())
        .rposition(|w| w == wanted)
        .unwrap()
}

#[test]
fn the_wanted_members_are_read_and_no_others_are_kept() {
    for long in [false, true] {
        let archive = open(&zip(
            &[(MAIN, b"{}"), ("CIK0000000001.json", b"1"), (PAGE, b"[]")],
            long,
        ));
        let archive = archive.unwrap();
        assert_eq!(archive.len(), 2);
        assert_eq!(archive.document(cik()).unwrap(), b"{}");
        assert_eq!(archive.page(&page()).unwrap(), b"[]");
        let other = archive.document(Cik::new(1).unwrap());
        assert!(matches!(other, Err(BadMember::Missing)));
    }
}

#[test]
fn an_archive_without_its_end_is_no_archive() {
    let bytes = sample();
    for length in [0, 10, bytes.len() / 2, bytes.len() - 1] {
        assert!(matches!(
            open(&bytes[..length]),
            Err(BadArchive::Damaged(_))
        ));
    }
    let mut longer = b"something before".to_vec();
    longer.extend_from_slice(&bytes);
    assert!(matches!(open(&longer), Err(BadArchive::Damaged(_))));
}

#[test]
fn a_directory_that_breaks_off_costs_the_archive() {
    let mut bytes = sample();
    let entry = find(&bytes, b"PK\x01\x02");
    bytes[entry] = b'X';
    assert!(matches!(open(&bytes), Err(BadArchive::Damaged(_))));
    bytes[entry] = b'P';
    bytes[entry + 28] = 0xFF; // a name that reaches beyond the end
    assert!(matches!(open(&bytes), Err(BadArchive::Damaged(_))));
}

#[test]
fn how_many_members_an_archive_says_it_has_counts_for_nothing() {
    let mut bytes = zip(&[(MAIN, b"{}"), (PAGE, b"[]")], true);
    let end = find(&bytes, b"PK\x05\x06");
    bytes[end + 8..end + 12].fill(0xFF);
    let long = find(&bytes, b"PK\x06\x06");
    bytes[long + 24..long + 40].fill(0xFF);
    assert_eq!(open(&bytes).unwrap().len(), 2);
    // The declared size of the directory does matter.
    bytes[long + 40..long + 48].fill(0xFF);
    assert!(matches!(open(&bytes), Err(BadArchive::Damaged(_))));
}

#[test]
fn a_directory_that_is_said_to_be_elsewhere_costs_the_archive() {
    for long in [false, true] {
        let sound = zip(&[(MAIN, b"{}"), (PAGE, b"[]")], long);
        let (end, directory) = (find(&sound, b"PK\x05\x06"), find(&sound, b"PK\x01\x02"));
        let mut places = vec![(end + 16, 4)];
        if long {
            places.push((find(&sound, b"PK\x06\x06") + 48, 8));
        }
        for (at, width) in places {
            for start in [0, directory as u64, 7, u64::MAX - 1] {
                let mut bytes = sound.clone();
                bytes[at..at + width].copy_from_slice(&start.to_le_bytes()[..width]);
                assert!(open(&bytes).is_err(), "{long} {at} {start}");
            }
        }
    }
}

/// Reads the main document after one byte of its directory entry was changed.
fn with_entry(at: usize, value: u8) -> Result<Vec<u8>, BadMember> {
    let mut bytes = sample();
    let entry = find(&bytes, MAIN.as_bytes()) - ENTRY;
    bytes[entry + at] = value;
    let archive = open(&bytes).unwrap();
    // The error of one member does not affect the other.
    assert_eq!(archive.page(&page()).unwrap().len(), 3000);
    archive.document(cik())
}

#[test]
fn a_directory_that_lies_costs_only_the_member() {
    let damaged = |at, value| {
        let read = with_entry(at, value);
        assert!(matches!(read, Err(BadMember::Damaged(_))), "{at}: {read:?}");
    };
    damaged(8, 1); // encrypted
    damaged(10, 99); // compressed in another way
    damaged(16, 0xEE); // checksum
    damaged(20, 0xEE); // more data than there are
    damaged(23, 0x10); // far more data than there are
    damaged(24, 0xEE); // inflates to less than it says
    damaged(24, 0x01); // inflates to more than it says
    damaged(27, 0x7F); // a bomb: 2 GB
    damaged(42, 0x01); // no header there
    damaged(45, 0x7F); // beyond the end
}

#[test]
fn the_header_of_another_member_is_noticed() {
    let mut bytes = sample();
    let page = find(&bytes, PAGE.as_bytes()) - ENTRY;
    let main = find(&bytes, MAIN.as_bytes()) - ENTRY;
    let place: [u8; 4] = bytes[page + 42..page + 46].try_into().unwrap();
    bytes[main + 42..main + 46].copy_from_slice(&place);
    let read = open(&bytes).unwrap().document(cik());
    assert!(matches!(read, Err(BadMember::Damaged(_))));
}

#[test]
fn damaged_data_are_noticed() {
    let mut bytes = sample();
    let main = bytes
        .windows(MAIN.len())
        .position(|w| w == MAIN.as_bytes())
        .unwrap();
    bytes[main + MAIN.len() + 4] ^= 0x55;
    assert!(matches!(
        open(&bytes).unwrap().document(cik()),
        Err(BadMember::Damaged(_))
    ));
}

#[test]
fn names_are_edgars_or_nothing() {
    assert_eq!(parse(MAIN.as_bytes()), Some((CIK, 0)));
    assert_eq!(parse(PAGE.as_bytes()), Some((CIK, 1)));
    for name in [
        "",
        "placeholder.txt",
        "CIK1234567.json",
        "CIK000123456x.json",
        "CIK00012345670.json",
        "CIK0001234567-submissions-000.json",
        "CIK0001234567-submissions-01.json",
        "CIK0001234567-submissions-+01.json",
        "../CIK0001234567.json",
        "CIK0001234567.json.bak",
    ] {
        assert_eq!(parse(name.as_bytes()), None, "{name}");
    }
}

proptest! {
    #[test]
    fn no_change_of_a_byte_makes_it_panic(at in any::<prop::sample::Index>(), value in any::<u8>(), long in any::<bool>()) {
        let mut bytes = zip(&[(MAIN, b"{\"a\": 1}"), (PAGE, &[b'y'; 500])], long);
        let at = at.index(bytes.len());
        bytes[at] = value;
        if let Ok(archive) = open(&bytes) {
            if let Ok(document) = archive.document(cik()) {
                prop_assert_eq!(document, b"{\"a\": 1}");
            }
            let _ = archive.page(&page());
        }
    }

    #[test]
    fn any_bytes_are_an_archive_or_not(bytes in any::<Vec<u8>>()) {
        let _ = open(&bytes);
    }
}
