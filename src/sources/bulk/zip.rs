//! Reads the wanted members of `submissions.zip`, and nothing else of it.
//!
//! The archive has some 950,000 members; a run wants a hundredth of them. So the central directory is
//! read once, front to back through a small buffer, and only the entries of wanted companies are kept
//! (50 bytes each). Measured against the `zip` crate, which keeps all of them: a fifth of the
//! time, and no 193 MB.
//!
//! Nothing that the archive says is taken for granted: every length is checked against the file and a
//! limit before anything is allocated, a member inflates to what its entry declares and not a byte more,
//! and its checksum has to hold. What is wrong with the directory costs the archive, what is wrong with
//! a member only that.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::{Crc, Decompress, FlushDecompress, Status};
use thiserror::Error;

use crate::edgar::Cik;
use crate::edgar::submissions::PageName;

/// The largest member that is inflated, in bytes; the largest measured has about 3 MB. With it,
/// twenty threads that meet nothing but bombs hold no more than this twenty times.
const MAX_MEMBER: u64 = 16 << 20;

/// The record that ends the archive, without its comment.
const END: usize = 22;
/// What leads to the 64-bit end record; it stands right before [`END`].
const LOCATOR: usize = 20;
/// The 64-bit end record without its extensions.
const END64: usize = 56;
/// An entry of the central directory without its name.
const ENTRY: usize = 46;
/// A member's own header without its name.
const LOCAL: usize = 30;
/// The longest comment that an archive can have.
const COMMENT: u64 = 0xFFFF;

/// An archive that cannot be used at all.
#[derive(Debug, Error)]
pub enum BadArchive {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is no archive, or a part of one, or contradicts itself.
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
}

/// A member that cannot be used; the others can.
#[derive(Debug, Error)]
pub enum BadMember {
    /// The archive has no such member: the company is newer than it, for one.
    #[error("submissions.zip has no such member")]
    Missing,
    /// It is not what the archive says it is.
    #[error("its member of submissions.zip is damaged: {0}")]
    Damaged(String),
}

/// An open archive, with the members of some companies.
#[derive(Debug)]
pub struct Archive {
    file: File,
    members: HashMap<Name, Member>,
    /// Where the members end and the directory begins.
    directory: u64,
}

/// A member's name: the company's number, and that of the page; 0 is the main document.
type Name = (u64, u16);

#[derive(Debug, Clone, Copy)]
struct Member {
    header: u64,
    packed: u64,
    size: u64,
    crc: u32,
    method: u16,
    flags: u16,
}

impl Archive {
    /// Opens an archive for the members of these companies.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or its directory makes no sense.
    pub fn open(path: &Path, wanted: &HashSet<Cik>) -> Result<Self, BadArchive> {
        let file = File::open(path)?;
        let directory = Directory::find(&file)?;
        let members = directory.members(&file, wanted)?;
        Ok(Self {
            file,
            members,
            directory: directory.start,
        })
    }

    /// How many members of the wanted companies there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// A company's main document.
    ///
    /// # Errors
    ///
    /// When it is not there, or damaged.
    pub fn document(&self, cik: Cik) -> Result<Vec<u8>, BadMember> {
        self.read((cik.get(), 0))
    }

    /// A page of a company's older filings.
    ///
    /// # Errors
    ///
    /// When it is not there, or damaged.
    pub fn page(&self, name: &PageName) -> Result<Vec<u8>, BadMember> {
        self.read(parse(name.as_str().as_bytes()).ok_or(BadMember::Missing)?)
    }

    fn read(&self, name: Name) -> Result<Vec<u8>, BadMember> {
        let member = self.members.get(&name).ok_or(BadMember::Missing)?;
        let damaged = |why: &str| BadMember::Damaged(why.to_owned());
        let failed = |error: io::Error| BadMember::Damaged(format!("it cannot be read: {error}"));
        if member.size > MAX_MEMBER || member.packed > MAX_MEMBER {
            return Err(damaged("it is larger than any such document"));
        }
        if member.flags & 1 != 0 {
            return Err(damaged("it is encrypted"));
        }
        let mut local = [0; LOCAL];
        read_at(&self.file, &mut local, member.header).map_err(failed)?;
        if !local.starts_with(b"PK\x03\x04") {
            return Err(damaged("there is no member where the directory says"));
        }
        let named = u64::from(u16_at(&local, 26));
        let start = member.header + LOCAL as u64 + named + u64::from(u16_at(&local, 28));
        if start + member.packed > self.directory {
            return Err(damaged("it reaches into the directory"));
        }
        // Its own header has the last word on whose data follow: a page says nothing of its company.
        let mut own = vec![0; usize::try_from(named).unwrap_or_default()];
        read_at(&self.file, &mut own, member.header + LOCAL as u64).map_err(failed)?;
        if parse(&own) != Some(name) {
            return Err(damaged("another member stands where the directory says"));
        }
        let mut packed = vec![0; usize::try_from(member.packed).unwrap_or_default()];
        read_at(&self.file, &mut packed, start).map_err(failed)?;
        let bytes = match member.method {
            0 => packed,
            8 => inflate(&packed, member.size)?,
            _ => return Err(damaged("it is compressed in a way that EDGAR does not use")),
        };
        let mut crc = Crc::new();
        crc.update(&bytes);
        if bytes.len() as u64 != member.size || crc.sum() != member.crc {
            return Err(damaged("its length or checksum is wrong"));
        }
        Ok(bytes)
    }
}

/// Inflates a member to exactly `size` bytes.
fn inflate(packed: &[u8], size: u64) -> Result<Vec<u8>, BadMember> {
    let wrong = || BadMember::Damaged("it does not inflate to what it should".to_owned());
    // A byte more, so that the end of the stream is seen when the data fit exactly.
    let mut bytes = Vec::with_capacity(usize::try_from(size + 1).map_err(|_| wrong())?);
    let mut stream = Decompress::new(false);
    match stream.decompress_vec(packed, &mut bytes, FlushDecompress::Finish) {
        Ok(Status::StreamEnd) if stream.total_in() == packed.len() as u64 => Ok(bytes),
        _ => Err(wrong()),
    }
}

/// Where the central directory lies.
struct Directory {
    start: u64,
    size: u64,
}

impl Directory {
    fn find(file: &File) -> Result<Self, BadArchive> {
        let length = file.metadata()?.len();
        let mut tail = vec![0; usize::try_from(length.min(COMMENT + END as u64)).unwrap_or(END)];
        let tail_at = length - tail.len() as u64;
        read_at(file, &mut tail, tail_at)?;
        let end = tail
            .windows(END)
            .rposition(|window| window.starts_with(b"PK\x05\x06"))
            .ok_or(BadArchive::Damaged("its end is missing"))?;
        let record = &tail[end..];
        let end_at = tail_at + end as u64;
        let (found, before) = match Self::find_long(file, end_at)? {
            Some(long) => long,
            None => (
                Self {
                    start: u64::from(u32_at(record, 16)),
                    size: u64::from(u32_at(record, 12)),
                },
                end_at,
            ),
        };
        let fits = found.start.checked_add(found.size) == Some(before);
        if fits {
            Ok(found)
        } else {
            Err(BadArchive::Damaged(
                "its directory is not where it should be",
            ))
        }
    }

    /// By the 64-bit end record, which every archive of more than 65,534 members has; and where that
    /// record begins.
    fn find_long(file: &File, end_at: u64) -> Result<Option<(Self, u64)>, BadArchive> {
        let Some(locator_at) = end_at.checked_sub(LOCATOR as u64) else {
            return Ok(None);
        };
        let mut locator = [0; LOCATOR];
        read_at(file, &mut locator, locator_at)?;
        if !locator.starts_with(b"PK\x06\x07") {
            return Ok(None);
        }
        let at = u64_at(&locator, 8);
        let mut record = [0; END64];
        let inside = at
            .checked_add(END64 as u64)
            .is_some_and(|end| end <= locator_at);
        if inside {
            read_at(file, &mut record, at)?;
        }
        if !record.starts_with(b"PK\x06\x06") {
            return Err(BadArchive::Damaged("its 64-bit end is missing"));
        }
        let directory = Self {
            start: u64_at(&record, 48),
            size: u64_at(&record, 40),
        };
        Ok(Some((directory, at)))
    }

    /// Reads the directory from end to end, and keeps the members of these companies. Of two with one name, the last counts.
    fn members(
        &self,
        file: &File,
        wanted: &HashSet<Cik>,
    ) -> Result<HashMap<Name, Member>, BadArchive> {
        let broken = BadArchive::Damaged("its directory breaks off");
        let mut input = BufReader::with_capacity(
            256 * 1024,
            At {
                file,
                place: self.start,
            }
            .take(self.size),
        );
        let (mut members, mut rest, mut left) = (HashMap::new(), Vec::new(), self.size);
        while left > 0 {
            let mut entry = [0; ENTRY];
            input.read_exact(&mut entry)?;
            let name = usize::from(u16_at(&entry, 28));
            let extra = usize::from(u16_at(&entry, 30));
            let comment = usize::from(u16_at(&entry, 32));
            let used = (ENTRY + name + extra + comment) as u64;
            if !entry.starts_with(b"PK\x01\x02") || used > left {
                return Err(broken);
            }
            left -= used;
            rest.resize(name + extra + comment, 0);
            input.read_exact(&mut rest)?;
            let (name, rest) = rest.split_at(name);
            let Some(name) = parse(name) else {
                continue; // the placeholder, or something new
            };
            if !Cik::new(name.0).is_some_and(|cik| wanted.contains(&cik)) {
                continue;
            }
            if let Some(member) = Member::read(&entry, &rest[..extra]) {
                members.insert(name, member);
            }
        }
        Ok(members)
    }
}

impl Member {
    /// A member from its entry; `None` if it says nothing sensible about its place.
    fn read(entry: &[u8; ENTRY], extra: &[u8]) -> Option<Self> {
        let mut long = long_fields(extra);
        // What does not fit 32 bits stands in the extra field, in this order.
        let mut field = |at| match u32_at(entry, at) {
            u32::MAX => {
                let (value, rest) = long.split_at_checked(8)?;
                long = rest;
                Some(u64_at(value, 0))
            }
            short => Some(u64::from(short)),
        };
        let (size, packed, header) = (field(24)?, field(20)?, field(42)?);
        header.checked_add(1 << 32)?.checked_add(packed)?; // so that sums cannot overflow
        Some(Self {
            header,
            packed,
            size,
            crc: u32_at(entry, 16),
            method: u16_at(entry, 10),
            flags: u16_at(entry, 8),
        })
    }
}

/// The 64-bit values of an extra field; empty if it has none.
fn long_fields(mut extra: &[u8]) -> &[u8] {
    while let Some((head, rest)) = extra.split_at_checked(4) {
        let Some((field, rest)) = rest.split_at_checked(usize::from(u16_at(head, 2))) else {
            break;
        };
        if u16_at(head, 0) == 1 {
            return field;
        }
        extra = rest;
    }
    &[]
}

/// `CIK##########.json` or `CIK##########-submissions-NNN.json`.
fn parse(name: &[u8]) -> Option<Name> {
    fn number<T: std::str::FromStr>(digits: &[u8]) -> Option<T> {
        let digits = Some(digits).filter(|d| d.iter().all(u8::is_ascii_digit))?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    }
    let rest = name.strip_prefix(b"CIK")?.strip_suffix(b".json")?;
    let (cik, page) = rest.split_at_checked(10)?;
    let page = match page.strip_prefix(b"-submissions-") {
        None if page.is_empty() => 0,
        // The pages are numbered from 001 on, and 0 means another document here.
        Some(digits) if digits.len() == 3 => number(digits).filter(|page| *page > 0)?,
        _ => return None,
    };
    Some((number(cik)?, page))
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(array(bytes, at))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array(bytes, at))
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let slice = bytes.get(at..at + N).and_then(|s| s.try_into().ok());
    slice.expect("records are read whole, and their fields lie within")
}

/// A file from a place on, without a cursor that threads would fight over.
struct At<'a> {
    file: &'a File,
    place: u64,
}

impl Read for At<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = read_some_at(self.file, buffer, self.place)?;
        self.place += read as u64;
        Ok(read)
    }
}

/// Fills the buffer from a place in the file.
fn read_at(file: &File, buffer: &mut [u8], place: u64) -> io::Result<()> {
    At { file, place }.read_exact(buffer)
}

#[cfg(unix)]
fn read_some_at(file: &File, buffer: &mut [u8], place: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, place)
}

#[cfg(windows)]
fn read_some_at(file: &File, buffer: &mut [u8], place: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, place)
}

#[cfg(test)]
mod tests;
