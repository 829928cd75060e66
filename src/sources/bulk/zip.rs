//! Reads the wanted members of `submissions.zip`.
//!
//! The archive has some 950,000 members, and a run needs a hundredth of them. `rawzip` reads the
//! directory once, front to back, with a small buffer, and only the entries of wanted companies are
//! kept. Compared with the `zip` crate, which keeps all entries, this takes a thirteenth of the
//! time, and 5 MB of memory instead of 200 MB (measured).
//!
//! The content of the archive is not trusted. Every length is checked against the directory and a
//! limit before memory is allocated. A member must inflate to exactly the declared length, and its
//! checksum must match. An error in the directory makes the archive unusable; an error in a member
//! makes only that member unusable.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use flate2::{Crc, Decompress, FlushDecompress, Status};
use rawzip::{
    CompressionMethod, ErrorKind, FileReader, ReaderAt as _, ZipArchive, ZipArchiveEntryWayfinder,
    ZipFileHeaderRecord,
};
use thiserror::Error;

use crate::edgar::Cik;
use crate::edgar::submissions::PageName;

/// The size limit of an inflated member of `submissions.zip`, in bytes. The largest member measured has
/// about 3 MB. The limit bounds the memory of twenty threads that read zip bombs to twenty times this.
const MAX_MEMBER: u64 = 16 << 20;

/// The size limit of an inflated member of `companyfacts.zip`; members have up to 10 MB.
const MAX_FACTS: u64 = 64 << 20;

/// The record that ends the archive, without its comment.
const END: u64 = 22;
/// The length of the locator of the 64-bit end record, which comes right before the end record.
const LOCATOR: u64 = 20;
/// The length of a directory entry without its variable fields.
const ENTRY: usize = 46;
/// The size limit of the name and the extra fields in a member's local header. The longest name has
/// 34 bytes.
const LOCAL: usize = 1024;

/// An archive that cannot be used.
#[derive(Debug, Error)]
pub enum BadArchive {
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The file is not an archive, is incomplete, or contradicts itself.
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
}

impl BadArchive {
    fn new(error: rawzip::Error, damage: &'static str) -> Self {
        match error.into_kind() {
            ErrorKind::IO(error) => Self::Io(error),
            _ => Self::Damaged(damage),
        }
    }
}

/// A member that cannot be used. Other members can.
#[derive(Debug, Error)]
pub enum BadMember {
    /// The archive has no such member, for example because the company is newer than the archive.
    #[error("the archive has no such member")]
    Missing,
    /// The member differs from its directory entry.
    #[error("its member of the archive is damaged: {0}")]
    Damaged(String),
}

/// An open archive, with the directory entries of some companies.
#[derive(Debug)]
pub struct Archive {
    zip: ZipArchive<FileReader>,
    members: HashMap<MemberName, Member>,
    /// The largest member that is inflated.
    max_member: u64,
}

/// The CIK and the page number in a member's name; page 0 is the main document.
type MemberName = (u64, u16);

/// A member's directory entry.
#[derive(Debug)]
struct Member {
    place: ZipArchiveEntryWayfinder,
    crc: u32,
    method: CompressionMethod,
    is_encrypted: bool,
}

impl From<&ZipFileHeaderRecord<'_>> for Member {
    fn from(entry: &ZipFileHeaderRecord<'_>) -> Self {
        Self {
            place: entry.wayfinder(),
            crc: entry.crc32(),
            method: entry.compression_method(),
            is_encrypted: entry.flags().is_encrypted(),
        }
    }
}

impl Archive {
    /// Opens an archive for the members of these companies. If a name occurs twice, the last one
    /// counts.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or its directory is damaged.
    pub fn open(path: &Path, wanted: &HashSet<Cik>) -> Result<Self, BadArchive> {
        let mut buffer = vec![0; rawzip::MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
        // The length of the comment has 16 bits, which limits the distance of the end record from
        // the end.
        let zip = ZipArchive::with_max_search_space(END + u64::from(u16::MAX))
            .locate_in_file(File::open(path)?, &mut buffer)
            .map_err(|(_, error)| BadArchive::new(error, "its end is missing"))?;
        let broken = |error| BadArchive::new(error, "its directory is cut off");
        let (mut members, mut length) = (HashMap::new(), 0);
        let mut entries = zip.entries(&mut buffer);
        while let Some(entry) = entries.next_entry().map_err(broken)? {
            let name = entry.file_path();
            let (extra, comment) = (entry.extra_fields(), entry.comment());
            let varying = [name.as_ref(), extra.remaining_bytes(), comment.as_bytes()];
            length += (ENTRY + varying.map(<[u8]>::len).iter().sum::<usize>()) as u64;
            let Some(name) = parse(name.as_ref()) else {
                continue; // the placeholder, or an unknown kind of member
            };
            if Cik::new(name.0).is_some_and(|cik| wanted.contains(&cik)) {
                members.insert(name, Member::from(&entry));
            }
        }
        // `rawzip` also accepts a directory at another offset than declared. It would then return
        // only some members, or wrong positions.
        if said_of_directory(&zip)? != (zip.directory_offset(), length) {
            let why = "its directory is not at its declared position";
            return Err(BadArchive::Damaged(why));
        }
        Ok(Self {
            zip,
            members,
            max_member: MAX_MEMBER,
        })
    }

    /// Opens `companyfacts.zip` for the facts of these companies, whose members may be larger.
    ///
    /// # Errors
    ///
    /// As [`Archive::open`].
    pub fn open_facts(path: &Path, wanted: &HashSet<Cik>) -> Result<Self, BadArchive> {
        Ok(Self {
            max_member: MAX_FACTS,
            ..Self::open(path, wanted)?
        })
    }

    /// The size of a company's main document, as the directory has it; `None` where it is not there.
    #[must_use]
    pub fn size(&self, cik: Cik) -> Option<u64> {
        let member = self.members.get(&(cik.get(), 0))?;
        Some(member.place.uncompressed_size_hint())
    }

    /// The number of members of the wanted companies.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether the archive has no member of the wanted companies.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The main document of a company.
    ///
    /// # Errors
    ///
    /// The member does not exist or is damaged.
    pub fn document(&self, cik: Cik) -> Result<Vec<u8>, BadMember> {
        self.read((cik.get(), 0))
    }

    /// A page of a company's older filings.
    ///
    /// # Errors
    ///
    /// The member does not exist or is damaged.
    pub fn page(&self, name: &PageName) -> Result<Vec<u8>, BadMember> {
        self.read(parse(name.as_str().as_bytes()).ok_or(BadMember::Missing)?)
    }

    fn read(&self, name: MemberName) -> Result<Vec<u8>, BadMember> {
        let member = self.members.get(&name).ok_or(BadMember::Missing)?;
        let damaged = |why: &str| BadMember::Damaged(why.to_owned());
        let place = member.place;
        let size = place.uncompressed_size_hint();
        if size > self.max_member || place.compressed_size_hint() > self.max_member {
            return Err(damaged("it is larger than any such document"));
        }
        if member.is_encrypted {
            return Err(damaged("it is encrypted"));
        }
        let not_there = |error: rawzip::Error| {
            BadMember::Damaged(format!("it is not where the directory says: {error}"))
        };
        let entry = self.zip.get_entry(place).map_err(not_there)?;
        if entry.compressed_data_range().1 > self.zip.directory_offset() {
            return Err(damaged("it reaches into the directory"));
        }
        // The name in the local header must match. The content of a page does not say whose page it
        // is.
        let mut local = [0; LOCAL];
        let local = entry.local_header(&mut local).map_err(not_there)?;
        if parse(local.file_path().as_ref()) != Some(name) {
            return Err(damaged("its local header has another name"));
        }
        let mut packed = vec![0; usize::try_from(place.compressed_size_hint()).unwrap_or_default()];
        let read = entry.reader().read_exact(&mut packed);
        read.map_err(|error| BadMember::Damaged(format!("it cannot be read: {error}")))?;
        let bytes = match member.method {
            CompressionMethod::STORE => packed,
            CompressionMethod::DEFLATE => inflate(&packed, size)?,
            _ => {
                return Err(damaged(
                    "it has a compression method that EDGAR does not use",
                ));
            }
        };
        let mut crc = Crc::new();
        crc.update(&bytes);
        if bytes.len() as u64 != size || crc.sum() != member.crc {
            return Err(damaged("its length or checksum is wrong"));
        }
        Ok(bytes)
    }
}

/// The declared offset and length of the directory.
fn said_of_directory(zip: &ZipArchive<FileReader>) -> io::Result<(u64, u64)> {
    let end = zip.eocd_offset();
    let short = |at| read_at(zip, at).map(u32::from_le_bytes);
    let long = |at| read_at(zip, at).map(u64::from_le_bytes);
    let (start, length) = (short(end + 16)?, short(end + 12)?);
    if start < u32::MAX && length < u32::MAX {
        return Ok((start.into(), length.into()));
    }
    // Values that do not fit 32 bits are in the 64-bit end record.
    let end = long(end.saturating_sub(LOCATOR) + 8)?;
    Ok((long(end.saturating_add(48))?, long(end.saturating_add(40))?))
}

fn read_at<const N: usize>(zip: &ZipArchive<FileReader>, place: u64) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    zip.get_ref().read_exact_at(&mut bytes, place)?;
    Ok(bytes)
}

/// Inflates a member to exactly `size` bytes.
fn inflate(packed: &[u8], size: u64) -> Result<Vec<u8>, BadMember> {
    let wrong = || BadMember::Damaged("it does not inflate to its declared length".to_owned());
    // One byte more than `size`, so that the end of the stream is reached if the data fit exactly.
    let mut bytes = Vec::with_capacity(usize::try_from(size + 1).map_err(|_| wrong())?);
    let mut stream = Decompress::new(false);
    match stream.decompress_vec(packed, &mut bytes, FlushDecompress::Finish) {
        Ok(Status::StreamEnd) if stream.total_in() == packed.len() as u64 => Ok(bytes),
        _ => Err(wrong()),
    }
}

/// Parses `CIK##########.json` or `CIK##########-submissions-NNN.json`.
fn parse(name: &[u8]) -> Option<MemberName> {
    fn number<T: std::str::FromStr>(digits: &[u8]) -> Option<T> {
        let digits = Some(digits).filter(|d| d.iter().all(u8::is_ascii_digit))?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    }
    let rest = name.strip_prefix(b"CIK")?.strip_suffix(b".json")?;
    let (cik, page) = rest.split_at_checked(10)?;
    let page = match page.strip_prefix(b"-submissions-") {
        None if page.is_empty() => 0,
        // Pages are numbered from 001, and 0 means the main document here.
        Some(digits) if digits.len() == 3 => number(digits).filter(|page| *page > 0)?,
        _ => return None,
    };
    Some((number(cik)?, page))
}

#[cfg(test)]
mod tests;
