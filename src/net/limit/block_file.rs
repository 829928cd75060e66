//! The block file: records the block of a host for all runs of this machine.
//!
//! `pause-<host>` in the site's folder holds `paused <time> <length>` or `open <time>`. It survives a
//! restart, and all runs read it again every quarter of a second. A pause that is over and not yet
//! marked open needs a probe, however long ago it ended. `probe-<host>` is locked while a probe is in
//! flight, so that all runs together send only one. A writer of `pause-<host>` locks it while it
//! changes the file; readers need no lock.
//!
//! # When the clock is set back
//! Times on disk are wall-clock times, since no other clock outlives a process. If a pause would now
//! last longer than its original length, the clock was set back after it was written: the pause
//! then starts again. So a wrong clock neither loses a pause nor makes one endless.
//!
//! [`BlockRecord`] is pure: the caller passes the time.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use log::{debug, warn};

use super::TimePoint;

/// The longest pause.
pub(super) const LONGEST: Duration = Duration::from_hours(24);

/// The state of a host, in memory and on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BlockRecord {
    /// No block is known.
    Clear,
    /// Send nothing until this wall-clock time (ms), then send a probe.
    Paused {
        until: u64,
        /// The length of the pause when it began (ms).
        length: u64,
    },
    /// A probe got a good response at this wall-clock time (ms).
    Open(u64),
}

impl BlockRecord {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::Clear);
        }
        let mut words = text.split_ascii_whitespace();
        let (word, time) = (words.next()?, words.next()?);
        let time: Timestamp = time.parse().ok()?;
        let time = u64::try_from(time.as_millisecond()).ok()?;
        match word {
            "paused" => Some(Self::Paused {
                until: time,
                length: words.next()?.parse::<u64>().ok()?.min(millis(LONGEST)),
            }),
            "open" => Some(Self::Open(time)),
            _ => None,
        }
    }

    /// Corrects the record for a clock that was set back after it was written.
    pub(super) fn by_clock(self, now: TimePoint) -> Self {
        match self {
            Self::Paused { until, length } => Self::Paused {
                until: until.min(now.wall.saturating_add(length)),
                length,
            },
            // The rate recovers since this time, so it must not lie in the future.
            Self::Open(since) => Self::Open(since.min(now.wall)),
            Self::Clear => Self::Clear,
        }
    }

    pub(super) fn text(self) -> String {
        let text = match self {
            Self::Clear => return String::new(),
            Self::Paused { until, length } => format!("paused {} {length}", timestamp(until)),
            Self::Open(time) => format!("open {}", timestamp(time)),
        };
        // Padded to a fixed width, so that one write in place replaces it.
        format!("{text:<47}\n")
    }
}

/// The block files of all hosts of one site.
#[derive(Debug)]
pub(super) struct BlockFiles {
    folder: PathBuf,
}

impl BlockFiles {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn read(&self, host: &str) -> Option<BlockRecord> {
        match std::fs::read_to_string(self.path("pause", host)) {
            Ok(text) => BlockRecord::parse(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                debug!("cannot read the pause of {host}: {error}");
                None
            }
        }
    }

    /// Changes the record on disk while other runs may do the same. Returns `None` when that failed;
    /// this process then uses its own record only.
    pub(super) fn change(
        &self,
        host: &str,
        change: impl FnOnce(BlockRecord) -> BlockRecord,
    ) -> Option<BlockRecord> {
        let path = self.path("pause", host);
        let try_change = || -> io::Result<BlockRecord> {
            let mut file = open(&path)?;
            file.lock()?;
            let mut text = String::new();
            // A file that is not text is replaced.
            let _ = file.read_to_string(&mut text);
            let new = change(BlockRecord::parse(&text).unwrap_or(BlockRecord::Clear));
            file.seek(SeekFrom::Start(0))?;
            file.write_all(new.text().as_bytes())?;
            file.set_len(new.text().len() as u64)?;
            Ok(new)
        };
        match try_change() {
            Ok(record) => Some(record),
            Err(error) => {
                warn!(
                    "cannot write {}: {error}; other runs will not see this change",
                    path.display()
                );
                None
            }
        }
    }

    /// Locks the probe of a host, for all runs. `None` when another run has the lock.
    pub(super) fn lock_probe(&self, host: &str) -> io::Result<Option<File>> {
        let file = open(&self.path("probe", host))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        }
    }

    pub(super) fn path(&self, kind: &str, host: &str) -> PathBuf {
        self.folder
            .join(format!("{kind}-{}", super::site::safe_name(host)))
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

/// A duration of at most a day, in milliseconds.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).expect("no longer than a day")
}

/// A wall-clock time (ms) as a timestamp.
pub(super) fn timestamp(wall: u64) -> Timestamp {
    i64::try_from(wall)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .unwrap_or(Timestamp::MAX)
}
