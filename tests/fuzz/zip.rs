//! EDGAR's archive of all submissions, as `bulk` reads it.

use std::collections::HashSet;
use std::io::Write as _;

use filing_etl::internals::Cik;
use filing_etl::internals::PageName;
use filing_etl::internals::{Archive, BadMember};
use flate2::{Decompress, FlushDecompress, Status};

use super::{LONGEST_MESSAGE, cik};

/// An entry of the directory without its name.
const ENTRY: usize = 46;

/// Much more than this is not inflated for comparison.
const MOST: usize = 1 << 16;

/// The first byte says what the rest is: an even one, an archive; an odd one, the packed bytes of
/// the one member of an archive that is sound otherwise.
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

/// Whatever an archive says of itself, what comes out of it is what its directory promises.
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

/// Whether an entry of that name promises these bytes.
fn is_promised(archive: &[u8], name: &str, member: &[u8]) -> bool {
    let crc = crc32(member).to_le_bytes();
    let size = u32::try_from(member.len()).expect("no member is so large");
    let sizes = [size.to_le_bytes(), [0xFF; 4]]; // the latter where it stands in 64 bits
    archive.windows(ENTRY + name.len()).any(|entry| {
        entry.starts_with(b"PK\x01\x02")
            && entry.ends_with(name.as_bytes())
            && entry[16..20] == crc
            && sizes.iter().any(|size| entry[24..28] == *size)
    })
}

/// What was packed comes back, and whatever is not all of it is no member.
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

/// What bytes inflate to, up to a limit, and whether that is all of it.
fn inflated(packed: &[u8]) -> (Vec<u8>, bool) {
    let mut bytes = Vec::with_capacity(MOST);
    let mut stream = Decompress::new(false);
    let status = stream.decompress_vec(packed, &mut bytes, FlushDecompress::Finish);
    let ended = matches!(status, Ok(Status::StreamEnd));
    // Bytes behind the end of the stream belong to no member.
    (bytes, ended && stream.total_in() == packed.len() as u64)
}

/// An archive of one member, as the specification has it; `long` puts all that can be into 64 bits.
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
    // From the version that is needed to the length of the name.
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

/// Bit by bit, so that the program's own is not asked.
fn crc32(bytes: &[u8]) -> u32 {
    let bit = |crc: u32, _| crc >> 1 ^ 0xEDB8_8320 & (crc & 1).wrapping_neg();
    !bytes
        .iter()
        .fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), bit))
}
