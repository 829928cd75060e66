//! `submissions.zip`, as the program reads it.

use std::collections::HashSet;
use std::io::Write as _;

use filing_etl::internals::Cik;
use filing_etl::internals::PageName;
use filing_etl::internals::{Archive, BadMember};
use flate2::{Decompress, FlushDecompress, Status};

use super::{LONGEST_MESSAGE, cik};

/// The length of a directory entry without its name.
const ENTRY: usize = 46;

/// Members are inflated for comparison only up to about this size.
const MOST: usize = 1 << 16;

/// If the first byte is even, the rest is an archive. If it is odd, the rest is the compressed data of the only
/// member of an otherwise valid archive.
pub(crate) fn zip(bytes: &[u8]) {
    match bytes.split_first() {
        Some((manner, rest)) if manner & 1 == 0 => archive(rest),
        Some((manner, rest)) => member(rest, *manner),
        None => archive(bytes),
    }
}

fn open(bytes: &[u8], wanted: &HashSet<Cik>) -> Option<Archive> {
    let mut file = tempfile::NamedTempFile::new().expect("a folder for temporary files");
    file.write_all(bytes).expect("the disk takes it");
    match Archive::open(file.path(), wanted) {
        Ok(archive) => Some(archive),
        Err(why) => {
            assert!(why.to_string().len() <= LONGEST_MESSAGE, "{why}");
            None
        }
    }
}

/// For any archive, a returned member has the size and checksum of its directory entry.
fn archive(bytes: &[u8]) {
    let wanted = [cik(), Cik::new(1).expect("a number")];
    let Some(archive) = open(bytes, &wanted.into()) else {
        return;
    };
    assert!(archive.len() <= bytes.len() / ENTRY);
    let mut there = 0;
    for cik in wanted {
        let main = format!("CIK{}.json", cik.padded());
        let mut members = vec![(main, archive.document(cik))];
        for number in 1..=2 {
            let name = format!("CIK{}-submissions-{number:03}.json", cik.padded());
            let page = PageName::parse(&name, cik).expect("a page's name");
            members.push((name, archive.page(&page)));
        }
        for (name, read) in members {
            there += usize::from(!matches!(read, Err(BadMember::Missing)));
            match read {
                Ok(member) => assert!(is_promised(bytes, &name, &member), "{name}"),
                Err(why) => assert!(why.to_string().len() <= LONGEST_MESSAGE, "{why}"),
            }
        }
    }
    assert!(there <= archive.len());
}

/// Whether an entry with that name has the size and checksum of these bytes.
fn is_promised(archive: &[u8], name: &str, member: &[u8]) -> bool {
    let crc = crc32(member).to_le_bytes();
    let size = u32::try_from(member.len()).expect("no member is so large");
    let sizes = [size.to_le_bytes(), [0xFF; 4]]; // the latter if the size is a 64-bit field
    archive.windows(ENTRY + name.len()).any(|entry| {
        entry.starts_with(b"PK\x01\x02")
            && entry.ends_with(name.as_bytes())
            && entry[16..20] == crc
            && sizes.iter().any(|size| entry[24..28] == *size)
    })
}

/// A complete member is restored, and an incomplete one is an error.
fn member(packed: &[u8], manner: u8) {
    let (stored, long) = (manner & 2 != 0, manner & 4 != 0);
    let (bytes, sound) = if stored {
        (packed.to_vec(), true)
    } else {
        inflated(packed)
    };
    let crc = crc32(&bytes);
    let read = |size: usize, crc: u32| {
        let archive = archive_of(packed, stored, size as u64, crc, long);
        let archive = open(&archive, &HashSet::from([cik()])).expect("its directory is sound");
        archive.document(cik())
    };
    match read(bytes.len(), crc) {
        Ok(member) => assert!(sound && member == bytes, "other bytes came out"),
        Err(why) => assert!(!sound, "{why}"),
    }
    for wrong in [bytes.len() + 1, bytes.len().wrapping_sub(1), usize::MAX] {
        assert!(read(wrong, crc).is_err(), "{wrong} bytes are said");
    }
    assert!(read(bytes.len(), !crc).is_err(), "the checksum is wrong");
}

/// Inflates bytes up to a limit. Returns the result and whether it is complete.
fn inflated(packed: &[u8]) -> (Vec<u8>, bool) {
    let mut bytes = Vec::with_capacity(MOST);
    let mut stream = Decompress::new(false);
    let status = stream.decompress_vec(packed, &mut bytes, FlushDecompress::Finish);
    let ended = matches!(status, Ok(Status::StreamEnd));
    // Bytes after the end of the stream do not belong to the member.
    (bytes, ended && stream.total_in() == packed.len() as u64)
}

/// An archive of one member according to the specification. With `long`, all possible fields have 64 bits.
fn archive_of(packed: &[u8], stored: bool, size: u64, crc: u32, long: bool) -> Vec<u8> {
    let name = format!("CIK{}.json", cik().padded());
    let method: u16 = if stored { 0 } else { 8 };
    let short = |value: u64| match u32::try_from(value) {
        Ok(value) if !long => value,
        _ => u32::MAX,
    };
    let packed_size = packed.len() as u64;
    let mut extra = Vec::new();
    for value in [size, packed_size, 0] {
        if short(value) == u32::MAX {
            extra.extend(value.to_le_bytes());
        }
    }
    if !extra.is_empty() {
        let length = u16::try_from(extra.len()).expect("three fields");
        extra.splice(0..0, [1u16.to_le_bytes(), length.to_le_bytes()].concat());
    }
    let name_length = u16::try_from(name.len())
        .expect("a short name")
        .to_le_bytes();
    let extra_length = u16::try_from(extra.len())
        .expect("three fields")
        .to_le_bytes();
    // The fields from the required version to the length of the name.
    let common = [
        &[45, 0, 0, 0][..],
        &method.to_le_bytes(),
        &[0; 4],
        &crc.to_le_bytes(),
        &short(packed_size).to_le_bytes(),
        &short(size).to_le_bytes(),
        &name_length,
    ]
    .concat();
    let local = [b"PK\x03\x04", &common[..], &[0, 0], name.as_bytes(), packed].concat();
    let entry = [
        b"PK\x01\x02\x2D\0",
        &common[..],
        &extra_length,
        &[0; 10],
        &short(0).to_le_bytes(),
        name.as_bytes(),
        &extra,
    ]
    .concat();
    let (start, length) = (local.len() as u64, entry.len() as u64);
    let mut end = Vec::new();
    if long {
        end.extend(b"PK\x06\x06");
        end.extend(44u64.to_le_bytes());
        end.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for value in [1, 1, length, start] {
            end.extend(value.to_le_bytes());
        }
        end.extend(b"PK\x06\x07\0\0\0\0");
        end.extend((start + length).to_le_bytes());
        end.extend(1u32.to_le_bytes());
    }
    end.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    end.extend(short(length).to_le_bytes());
    end.extend(short(start).to_le_bytes());
    end.extend([0; 2]);
    [local, entry, end].concat()
}

/// Computes a CRC-32 bit by bit, independently of the program.
fn crc32(bytes: &[u8]) -> u32 {
    let bit = |crc: u32, _| crc >> 1 ^ 0xEDB8_8320 & (crc & 1).wrapping_neg();
    !bytes
        .iter()
        .fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), bit))
}
