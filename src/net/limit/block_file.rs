//! The block file: what is known of a host's block, for all runs of this machine.
//!
//! `pause-<host>` in the site's folder says `paused <time> <length>` or `open <time>`; it survives a
//! restart and is read again every quarter of a second by all runs. A pause that
//! is over and not yet marked open needs a probe, however long ago it was. `probe-<host>` is
//! locked while a probe is out, so that there is one for all runs. Writers of the
//! first lock it for the moment of the change; readers need no lock.
//!
//! # Clocks that are set
//! Times on disk are wall-clock times, since nothing else outlives a process. A pause that would
//! last longer than it was long to begin with was noted before the clock was set back: it
//! starts anew. So a wrong clock neither loses a pause nor makes one endless.
//!
//! [`BlockRecord`] is pure: the time is handed in.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use log::{debug, warn};

use super::TimePoint;

/// No pause is longer.
pub(super) const LONGEST: Duration = Duration::from_hours(24);

/// What is known of a host, here and on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BlockRecord {
    /// Nothing has been wrong.
    Clear,
    /// Ask nothing until this wall-clock time (ms), then probe.
    Paused {
        until: u64,
        /// How long it was when it began (ms).
        length: u64,
    },
    /// A probe was answered well at that time.
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

    /// What a record means to a clock that may have been set back since.
    pub(super) fn by_clock(self, now: TimePoint) -> Self {
        match self {
            Self::Paused { until, length } => Self::Paused {
                until: until.min(now.wall.saturating_add(length)),
                length,
            },
            // A time to come is none from which a rate could have recovered.
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
        // Of fixed width, so that it is replaced by one write in place.
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

    /// Changes the record on disk, against other runs doing the same. `None` when that failed: this
    /// process then goes by its memory alone.
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
            // A file that is no text is replaced.
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
                    "cannot write {}: {error}; other runs will not know of it",
                    path.display()
                );
                None
            }
        }
    }

    /// The right to probe, among all runs.
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

/// A time of at most a day in milliseconds.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).expect("no longer than a day")
}

/// A wall-clock time (ms) as people read it.
pub(super) fn timestamp(wall: u64) -> Timestamp {
    i64::try_from(wall)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .unwrap_or(Timestamp::MAX)
}
