//! Finds other processes that keep a read transaction of the database open.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::open::shared_memory;

/// The bytes of the shared memory that SQLite locks for readers: `WAL_READ_LOCK(0)` to `WAL_READ_LOCK(4)` of its
/// `walindex` format.
const READ_LOCKS: std::ops::RangeInclusive<u64> = 123..=127;

/// Processes that keep a transaction of a database open, as far as the system reports them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Readers(Vec<(u32, Option<String>)>);

/// The other processes that read a database now. Linux lists the holders of locks. On other systems, and for
/// processes of another container, the result is empty.
///
/// It opens no file of the database, because closing such a file would release the locks of this process.
pub(super) fn holding(db: &Path) -> Readers {
    let file = fs::canonicalize(db).unwrap_or_else(|_| db.to_owned());
    let inode = inode(&shared_memory(&file));
    let locks = fs::read_to_string("/proc/locks");
    let (Some(inode), Ok(locks)) = (inode, locks) else {
        return Readers(Vec::new());
    };
    let own = std::process::id();
    let mut found = processes(&locks, inode);
    found.retain(|process| *process != own);
    let named = found.into_iter().map(|process| (process, name(process)));
    Readers(named.collect())
}

#[cfg(unix)]
fn inode(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).ok().map(|meta| meta.ino())
}

#[cfg(not(unix))]
fn inode(_path: &Path) -> Option<u64> {
    None
}

/// The processes with a shared lock on one of the read locks of this file. A line of `/proc/locks` is
/// `1: POSIX  ADVISORY  READ 4711 08:01:131 124 124`: process, device and inode, first and last byte.
fn processes(locks: &str, inode: u64) -> Vec<u32> {
    let process = |line: &str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        // A process that waits for a lock has an arrow before the kind.
        let [_, "POSIX", _, "READ", process, file, first, last] = fields[..] else {
            return None;
        };
        let is_file = file.rsplit(':').next()?.parse() == Ok(inode);
        let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
        let is_reader = first <= *READ_LOCKS.end() && last >= *READ_LOCKS.start();
        process.parse().ok().filter(|_| is_file && is_reader)
    };
    let mut found: Vec<_> = locks.lines().filter_map(process).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The name of a process, if this user may read it.
fn name(process: u32) -> Option<String> {
    let path = PathBuf::from(format!("/proc/{process}/comm"));
    let name = fs::read_to_string(path).ok()?;
    Some(name.trim_end().to_owned())
}

impl fmt::Display for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("another program");
        }
        for (i, (process, name)) in self.0.iter().enumerate() {
            let and = if i == 0 { "" } else { " and " };
            write!(f, "{and}process {process}")?;
            if let Some(name) = name {
                write!(f, " ({name})")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCKS: &str = "\
1: POSIX  ADVISORY  READ  4711 08:01:131 124 124
2: POSIX  ADVISORY  READ  4711 08:01:131 128 128
2: -> POSIX  ADVISORY  WRITE 99 08:01:131 124 124
3: POSIX  ADVISORY  READ  4712 08:01:132 124 124
4: POSIX  ADVISORY  WRITE 4713 08:01:131 120 120
5: POSIX  ADVISORY  READ  4714 00:2f:131 123 123
6: FLOCK  ADVISORY  READ  4715 08:01:131 0 EOF
7: POSIX  ADVISORY  READ  4716 08:01:131 128 128
";

    #[test]
    fn who_holds_a_read_lock_of_the_file_is_found_once() {
        assert_eq!(processes(LOCKS, 131), [4711, 4714]);
        assert_eq!(processes(LOCKS, 7), [] as [u32; 0]);
        assert_eq!(processes("no locks at all", 131), [] as [u32; 0]);
    }

    #[test]
    fn readers_are_named_as_far_as_they_are_known() {
        let one = Readers(vec![(7, Some("sqlite3".to_owned()))]);
        assert_eq!(one.to_string(), "process 7 (sqlite3)");
        let two = Readers(vec![(7, Some("python3".to_owned())), (9, None)]);
        assert_eq!(two.to_string(), "process 7 (python3) and process 9");
        assert_eq!(Readers(Vec::new()).to_string(), "another program");
    }
}
