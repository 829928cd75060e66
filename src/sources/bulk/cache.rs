//! Caches `submissions.zip` in the data dir: fetches it, resumes an interrupted download, and keeps
//! the archive until EDGAR has a newer one.
//!
//! ```text
//! <data-dir>/.bulk/submissions.zip        complete
//! <data-dir>/.bulk/submissions.zip.part   incomplete
//! <data-dir>/.bulk/notes.json             versions of these files
//! <data-dir>/.bulk/lock                   held during a download
//! ```
//!
//! The part is not in `.incoming/`, which every run clears, because the next run resumes it. The
//! rest is requested with `If-Range`, so that two versions are never mixed. A complete archive is
//! requested with `If-None-Match`, so that an unchanged one costs a request and no bytes. The
//! checksums of the members reveal a file that a power failure damaged.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::Url;

use crate::cancel::Cancel;
use crate::files::{free_space, no_symlink, temporary};
use crate::net::{
    Client, Content, Expect, FetchError, Portion, Reply, RequestKind, Validators, retry,
};
use crate::progress::format::bytes;

/// The folder of `submissions.zip` below the data dir.
const FOLDER: &str = ".bulk";
/// The folder of `companyfacts.zip` below the data dir.
const FACTS_FOLDER: &str = ".facts";
const SUBMISSIONS: &str = "submissions.zip";
const FACTS: &str = "companyfacts.zip";

/// The size limit of an archive in bytes.
const MAX_ARCHIVE: u64 = 16 << 30;

/// Seconds. EDGAR creates the archive every night.
const DAY: i64 = 24 * 60 * 60;

/// After an attempt that fetched this many bytes, the count of attempts starts at zero again.
const PROGRESS: u64 = 16 << 20;

/// A bandwidth is measured only over at least this many bytes.
const ENOUGH_TO_MEASURE: u64 = 8 << 20;

/// What is known about the archive before the first request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheState {
    /// Bytes still to be fetched, according to the last run. 0 if the cached archive was current
    /// today; `None` if the size is unknown.
    pub missing: Option<u64>,
    /// Bandwidth of the last download, in bytes per second.
    pub bandwidth: Option<u64>,
}

/// Why there is no current archive to read. Shown, it speaks of `submissions.zip`; [`ArchiveUnavailable::of`] of
/// any archive.
#[derive(Debug, Error)]
pub enum ArchiveUnavailable {
    Fetch(#[source] FetchError),
    NoRoom {
        /// Bytes still to be fetched, plus the reserve.
        needed: u64,
        free: u64,
    },
    NotWorthIt {
        /// Bytes still to be fetched.
        missing: u64,
    },
    Busy,
    Disk(#[from] io::Error),
    /// The run was stopped. What was fetched so far is kept.
    Stopped,
}

impl ArchiveUnavailable {
    /// One line about an archive of this name.
    #[must_use]
    pub fn of(&self, name: &str) -> String {
        match self {
            Self::Fetch(error) => format!("{name} cannot be fetched: {error}"),
            Self::NoRoom { needed, free } => format!(
                "{name} needs {} on the disk of the data dir, but only {} are free",
                bytes(*needed),
                bytes(*free)
            ),
            Self::NotWorthIt { missing } => format!(
                "fetching {} of {name} takes longer than the requests it saves",
                bytes(*missing)
            ),
            Self::Busy => format!("another run is fetching {name} into the same data dir"),
            Self::Disk(error) => format!("{name} cannot be stored: {error}"),
            Self::Stopped => "stopped".to_owned(),
        }
    }
}

impl fmt::Display for ArchiveUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.of(SUBMISSIONS))
    }
}

/// An archive that is as new as EDGAR's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refreshed {
    pub path: PathBuf,
    /// The archive contains EDGAR's filings up to this time: when it was created, or the day before
    /// it was fetched if EDGAR does not give that time.
    pub as_of: Timestamp,
    /// Its size.
    pub bytes: u64,
    /// Another one for each version of it.
    pub version: String,
}

/// How to fetch the archive.
#[derive(Debug, Clone, Copy)]
pub struct ArchiveRequest<'a> {
    pub url: &'a Url,
    /// The most bytes to fetch; `None` is no limit.
    pub max_useful_bytes: Option<u64>,
    /// Bytes that must stay free on the disk.
    pub reserve: u64,
    /// Attempts without progress.
    pub max_attempts: u32,
}

#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
    name: &'static str,
}

/// The content of `notes.json`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Notes {
    /// The URL of the archive that these notes are about.
    url: String,
    whole: Option<Version>,
    part: Option<Version>,
    bytes_per_second: Option<u64>,
}

/// A version of the archive.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Version {
    #[serde(flatten)]
    validators: Validators,
    /// The length of the complete archive, if known.
    bytes: Option<u64>,
    /// When EDGAR last had this version, in seconds since 1970.
    current_at: i64,
}

impl Version {
    fn as_of(&self) -> Timestamp {
        let made = self.validators.last_modified.as_deref();
        made.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok())
            .or_else(|| Timestamp::from_second(self.current_at.saturating_sub(DAY)).ok())
            .unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

impl Cache {
    /// The place of `submissions.zip` below a data dir. Makes nothing yet.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            folder: data_dir.join(FOLDER),
            name: SUBMISSIONS,
        }
    }

    /// The place of `companyfacts.zip` below a data dir. Makes nothing yet.
    #[must_use]
    pub fn facts(data_dir: &Path) -> Self {
        Self {
            folder: data_dir.join(FACTS_FOLDER),
            name: FACTS,
        }
    }

    /// Removes the folder if nothing of an archive came.
    pub fn remove_unused(&self) {
        let lock = self.folder.join("lock");
        let files = fs::read_dir(&self.folder).map_or(0, Iterator::count);
        let is_ours = File::open(&lock).is_ok_and(|lock| lock.try_lock().is_ok());
        if is_ours && files == 1 {
            let _ = fs::remove_file(&lock).and_then(|()| fs::remove_dir(&self.folder));
        }
    }

    /// The archive that is here, whole, from this address.
    #[must_use]
    pub fn kept(&self, url: &Url) -> Option<Refreshed> {
        let whole = self.notes(url).whole?;
        let bytes = whole.bytes.unwrap_or_default();
        let Validators {
            etag,
            last_modified,
        } = &whole.validators;
        let version = match [etag, last_modified].map(|text| text.as_deref().unwrap_or_default()) {
            // Only the time at which it was fetched distinguishes it from one of the same size.
            ["", ""] => whole.current_at.to_string(),
            validators => validators.join(" "),
        };
        Some(Refreshed {
            path: self.whole(),
            as_of: whole.as_of(),
            bytes,
            version: format!("{version} {bytes}"),
        })
    }

    /// The bytes of an incomplete download that the next one resumes; 0 if there is none.
    #[must_use]
    pub fn resumable(&self, url: &Url) -> u64 {
        self.notes(url).part.map_or(0, |_| self.part_length())
    }

    /// What earlier runs know about the archive of this address.
    pub fn known(&self, url: &Url, now: Timestamp) -> CacheState {
        let notes = self.notes(url);
        let day = |at: Timestamp| TimeZone::UTC.to_datetime(at).date();
        let today = |version: &Version| {
            Timestamp::from_second(version.current_at).is_ok_and(|at| day(at) == day(now))
        };
        let size = |version: &Option<Version>| version.as_ref().and_then(|v| v.bytes);
        let missing = if let Some(total) = size(&notes.part) {
            Some(total.saturating_sub(self.part_length()))
        } else if notes.whole.as_ref().is_some_and(today) {
            Some(0)
        } else {
            size(&notes.whole)
        };
        CacheState {
            missing,
            bandwidth: notes.bytes_per_second,
        }
    }

    /// Brings the archive up to date, with retries. `progress` receives the bytes so far and the
    /// total (0 if unknown).
    ///
    /// # Errors
    ///
    /// No current archive is available. What was fetched so far is kept for the next run.
    pub fn refresh(
        &self,
        client: &Client,
        terms: ArchiveRequest<'_>,
        cancel: &Cancel,
        progress: &dyn Fn(u64, u64),
    ) -> Result<Refreshed, ArchiveUnavailable> {
        let lock = self.folder.join("lock");
        for path in [&self.folder, &lock, &self.part()] {
            no_symlink(path).map_err(io::Error::other)?;
        }
        fs::create_dir_all(&self.folder)?;
        let lock = File::create(lock)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ArchiveUnavailable::Busy),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut attempts = 0;
        loop {
            let mut fetched = 0;
            let outcome = self.fetch(client, terms, cancel, progress, &mut fetched);
            let error = match outcome {
                Ok(()) => break,
                Err(ArchiveUnavailable::Fetch(FetchError::Stopped)) => {
                    return Err(ArchiveUnavailable::Stopped);
                }
                Err(ArchiveUnavailable::Fetch(error)) => error,
                Err(other) => return Err(other),
            };
            if fetched >= PROGRESS {
                attempts = 0;
            }
            attempts += u32::from(retry::counts_as_attempt(&error));
            let (next, error) = client.next_step(error, attempts, terms.max_attempts);
            match next {
                retry::AfterFailure::After(wait) => {
                    log::info!(
                        "the download of {} was interrupted and is retried: {error}",
                        self.name
                    );
                    client.traffic().count_retry();
                    if cancel.sleep(wait) {
                        return Err(ArchiveUnavailable::Stopped);
                    }
                }
                retry::AfterFailure::Stopped => return Err(ArchiveUnavailable::Stopped),
                retry::AfterFailure::GiveUp | retry::AfterFailure::AbortRun => {
                    return Err(ArchiveUnavailable::Fetch(error));
                }
            }
        }
        let gone = || io::Error::other("the archive is gone, although it was fetched");
        Ok(self.kept(terms.url).ok_or_else(gone)?)
    }

    /// Deletes an archive that turned out to be unusable, so that the next run fetches another.
    pub fn discard(&self, url: &Url) {
        let mut notes = self.notes(url);
        notes.whole = None;
        let gone = fs::remove_file(self.whole()).and_then(|()| self.note(&notes));
        if let Err(error) = gone {
            log::warn!("{} cannot be removed: {error}", self.whole().display());
        }
    }

    /// Doubts an archive with damaged members, without deleting it: the next run fetches it whole, even
    /// where EDGAR has none that is newer.
    pub fn doubt(&self, url: &Url) {
        let mut notes = self.notes(url);
        if let Some(whole) = &mut notes.whole {
            whole.validators = Validators::default();
        }
        if let Err(error) = self.note(&notes) {
            log::warn!("{} cannot be written: {error}", self.folder.display());
        }
    }

    /// One attempt. Adds the received bytes to `fetched`, even if the attempt fails.
    fn fetch(
        &self,
        client: &Client,
        terms: ArchiveRequest<'_>,
        cancel: &Cancel,
        progress: &dyn Fn(u64, u64),
        fetched: &mut u64,
    ) -> Result<(), ArchiveUnavailable> {
        let mut notes = self.notes(terms.url);
        let from = self.part_length();
        if let Some(part) = notes.part.take_if(|part| part.bytes == Some(from)) {
            self.keep(&mut notes, part)?; // a run died just before this step
        }
        let want = match (&notes.part, &notes.whole) {
            (Some(part), _) if from > 0 => Portion::Rest {
                from,
                of: &part.validators,
            },
            (_, Some(whole)) => Portion::Changed(&whole.validators),
            _ => Portion::Whole,
        };
        let expect = Expect::Archive { max: MAX_ARCHIVE };
        let reply = client
            .ask(terms.url, RequestKind::Discovery, expect, want)
            .map_err(ArchiveUnavailable::Fetch)?;
        let content = match reply {
            Reply::Unchanged => {
                notes
                    .whole
                    .as_mut()
                    .expect("only a request that names the archive gets this reply")
                    .current_at = Timestamp::now().as_second();
                return Ok(self.note(&notes)?);
            }
            Reply::Content(content) if !is_mixed(&content, notes.part.as_ref()) => content,
            Reply::NoRest | Reply::Content(_) => {
                // EDGAR no longer has the version of the part. Without the part, the recursion ends
                // after one more request.
                notes.part = None;
                self.note(&notes)?;
                return self.fetch(client, terms, cancel, progress, fetched);
            }
        };
        let missing = content
            .total
            .map(|total| total.saturating_sub(content.start));
        self.check(missing.unwrap_or_default(), terms)?;
        let version = Version {
            validators: match &notes.part {
                Some(part) if content.start > 0 => part.validators.clone(),
                _ => content.validators.clone(),
            },
            bytes: content.total,
            current_at: Timestamp::now().as_second(),
        };
        // A part without a strong validator could belong to any version, so it is not resumed.
        let resumable = version.validators.strong().is_some();
        notes.part = resumable.then(|| version.clone());
        self.note(&notes)?;
        self.receive(content, cancel, progress, fetched, &mut notes)?;
        Ok(self.keep(&mut notes, version)?)
    }

    /// Checks that this many bytes are worth fetching and fit on the disk.
    fn check(&self, missing: u64, terms: ArchiveRequest<'_>) -> Result<(), ArchiveUnavailable> {
        if terms
            .max_useful_bytes
            .is_some_and(|max_useful_bytes| missing > max_useful_bytes)
        {
            return Err(ArchiveUnavailable::NotWorthIt { missing });
        }
        let (needed, free) = (
            missing.saturating_add(terms.reserve),
            free_space(&self.folder)?,
        );
        if free < needed {
            return Err(ArchiveUnavailable::NoRoom { needed, free });
        }
        Ok(())
    }

    /// Appends the content to the part.
    fn receive(
        &self,
        content: Content<'_>,
        cancel: &Cancel,
        progress: &dyn Fn(u64, u64),
        fetched: &mut u64,
        notes: &mut Notes,
    ) -> Result<(), ArchiveUnavailable> {
        let (start, total) = (content.start, content.total);
        let mut file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .open(self.part())?;
        file.set_len(start)?;
        file.seek(SeekFrom::Start(start))?;
        let began = Instant::now();
        let mut sink = ArchiveSink {
            file,
            place: start,
            total: total.unwrap_or_default(),
            cancel,
            progress,
        };
        let copied = content.copy_to(&mut sink);
        let brought = sink.place - start;
        *fetched += brought;
        let ms = began.elapsed().max(Duration::from_millis(1)).as_millis();
        if brought >= ENOUGH_TO_MEASURE {
            let speed = u128::from(brought) * 1000 / ms;
            notes.bytes_per_second = u64::try_from(speed).ok();
            self.note(notes)?;
        }
        match copied {
            Ok(_) => {}
            Err(FetchError::Sink(_)) if cancel.is_set() => return Err(ArchiveUnavailable::Stopped),
            Err(FetchError::Sink(error)) => {
                // The documents need the space more.
                let _ = fs::remove_file(self.part());
                return Err(error.into());
            }
            Err(error) => return Err(ArchiveUnavailable::Fetch(error)),
        }
        if total.is_some_and(|total| total != sink.place) {
            let why = "it has another length than the server declared".to_owned();
            return Err(ArchiveUnavailable::Fetch(FetchError::Damaged(why)));
        }
        Ok(sink.file.sync_all()?)
    }

    /// Turns a complete part into the archive.
    fn keep(&self, notes: &mut Notes, version: Version) -> io::Result<()> {
        let bytes = fs::metadata(self.part())?.len();
        fs::rename(self.part(), self.whole())?;
        notes.part = None;
        notes.whole = Some(Version {
            bytes: Some(bytes),
            ..version
        });
        self.note(notes)
    }

    fn whole(&self) -> PathBuf {
        self.folder.join(self.name)
    }

    fn part(&self) -> PathBuf {
        self.folder.join(format!("{}.part", self.name))
    }

    fn part_length(&self) -> u64 {
        fs::metadata(self.part()).map_or(0, |file| file.len())
    }

    /// The notes that match the files on disk and this URL.
    fn notes(&self, url: &Url) -> Notes {
        let text = fs::read(self.folder.join("notes.json")).unwrap_or_default();
        let mut notes: Notes = serde_json::from_slice(&text).unwrap_or_default();
        let other = notes.url != url.as_str();
        let whole = fs::metadata(self.whole()).ok().map(|file| file.len());
        if other || notes.whole.as_ref().and_then(|v| v.bytes) != whole {
            notes.whole = None;
        }
        let part = fs::metadata(self.part()).ok().map(|file| file.len());
        let fits = |v: &Version| part.is_some_and(|part| v.bytes.is_none_or(|all| part <= all));
        if other || !notes.part.as_ref().is_some_and(fits) {
            notes.part = None;
        }
        if other {
            notes.bytes_per_second = None;
        }
        url.as_str().clone_into(&mut notes.url);
        notes
    }

    fn note(&self, notes: &Notes) -> io::Result<()> {
        let mut file = temporary(&self.folder)?;
        file.write_all(&serde_json::to_vec_pretty(notes)?)?;
        file.persist(self.folder.join("notes.json"))
            .map(drop)
            .map_err(|error| error.error)
    }
}

/// Whether the server sent the rest of another version than the part's, although `If-Range` was
/// used.
fn is_mixed(content: &Content<'_>, part: Option<&Version>) -> bool {
    let (theirs, ours) = (
        content.validators.strong(),
        part.and_then(|part| part.validators.strong()),
    );
    content.start > 0 && theirs.is_some() && theirs != ours
}

/// Writes to the end of the part.
struct ArchiveSink<'a> {
    file: File,
    place: u64,
    total: u64,
    cancel: &'a Cancel,
    progress: &'a dyn Fn(u64, u64),
}

impl Write for ArchiveSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.cancel.is_set() {
            return Err(io::Error::other("stopped"));
        }
        let written = self.file.write(bytes)?;
        self.place += written as u64;
        (self.progress)(self.place, self.total);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UNSEEN: CacheState = CacheState {
        missing: None,
        bandwidth: None,
    };

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    /// A cache with an archive of 100 bytes from today, after `change` of its notes.
    fn cache(change: impl FnOnce(&mut Notes)) -> (tempfile::TempDir, Cache) {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path());
        fs::create_dir_all(&cache.folder).unwrap();
        fs::write(cache.whole(), [0; 100]).unwrap();
        let mut notes = Notes {
            url: "http://a/".to_owned(),
            whole: Some(version(Some(100))),
            part: None,
            bytes_per_second: Some(7),
        };
        change(&mut notes);
        cache.note(&notes).unwrap();
        (dir, cache)
    }

    fn version(bytes: Option<u64>) -> Version {
        Version {
            validators: Validators::default(),
            bytes,
            current_at: 1_000_000,
        }
    }

    fn missing(cache: &Cache, second: i64) -> Option<u64> {
        let now = Timestamp::from_second(second).unwrap();
        cache.known(&url("http://a/"), now).missing
    }

    #[test]
    fn an_archive_that_was_current_today_costs_nothing_and_an_older_one_its_size() {
        let (_dir, cache) = cache(|_| {});
        assert_eq!(missing(&cache, 1_000_060), Some(0));
        assert_eq!(missing(&cache, 1_086_400), Some(100));
        fs::write(cache.whole(), [0; 99]).unwrap();
        assert_eq!(missing(&cache, 1_000_060), None);
    }

    #[test]
    fn of_a_part_the_rest_is_missing() {
        let (_dir, cache) = cache(|notes| notes.part = Some(version(Some(150))));
        assert_eq!(missing(&cache, 1_000_060), Some(0)); // there is no part
        fs::write(cache.part(), [0; 40]).unwrap();
        assert_eq!(missing(&cache, 1_000_060), Some(110));
        fs::write(cache.part(), [0; 151]).unwrap();
        assert_eq!(missing(&cache, 1_000_060), Some(0));
    }

    #[test]
    fn without_validators_an_archive_that_was_fetched_later_is_another_version() {
        let kept = |change: fn(&mut Version)| {
            let (_dir, cache) = cache(|notes| change(notes.whole.as_mut().unwrap()));
            cache.kept(&url("http://a/")).unwrap().version
        };
        let first = kept(|_| {});
        assert_eq!(kept(|_| {}), first);
        assert_ne!(kept(|whole| whole.current_at += 1), first);
        // With one, the time does not count: it changes whenever EDGAR says that it has no newer one.
        let tagged = kept(|whole| whole.validators.etag = Some("a".to_owned()));
        let later = kept(|whole| {
            whole.validators.etag = Some("a".to_owned());
            whole.current_at += 1;
        });
        assert_eq!(tagged, later);
    }

    #[test]
    fn notes_of_another_address_and_no_notes_are_the_same() {
        let (_dir, cache) = cache(|_| {});
        let now = Timestamp::from_second(1_000_060).unwrap();
        assert_eq!(cache.known(&url("http://b/"), now), UNSEEN);
        fs::write(cache.folder.join("notes.json"), "{").unwrap();
        assert_eq!(cache.known(&url("http://a/"), now), UNSEEN);
    }

    #[test]
    fn what_is_not_worth_it_or_does_not_fit_is_not_fetched() {
        let (_dir, cache) = cache(|_| {});
        let (url, reserve) = (url("http://a/"), 1);
        let terms = |max_useful_bytes| ArchiveRequest {
            url: &url,
            max_useful_bytes,
            reserve,
            max_attempts: 1,
        };
        let not_worth_it = cache.check(10, terms(Some(9)));
        assert!(matches!(
            not_worth_it,
            Err(ArchiveUnavailable::NotWorthIt { missing: 10 })
        ));
        let no_room = cache.check(u64::MAX, terms(None));
        assert!(matches!(no_room, Err(ArchiveUnavailable::NoRoom { .. })));
        cache.check(10, terms(Some(10))).unwrap();
    }

    proptest! {
        #[test]
        fn whatever_the_notes_say_a_shelf_can_be_asked(
            text in any::<String>(),
            validators in any::<[Option<String>; 2]>(),
            bytes in any::<Option<u64>>(),
            current_at in prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX)],
            speed in any::<Option<u64>>(),
        ) {
            let now = Timestamp::from_second(1_000_060).unwrap();
            let [etag, last_modified] = validators;
            let version = Version {
                validators: Validators { etag, last_modified },
                bytes,
                current_at,
            };
            let _ = version.as_of();
            let (_dir, cache) = cache(|notes| {
                notes.whole = Some(Version { bytes: Some(100), ..version.clone() });
                notes.part = Some(version);
                notes.bytes_per_second = speed;
            });
            fs::write(cache.part(), [0; 40]).unwrap();
            prop_assert_eq!(cache.known(&url("http://a/"), now).bandwidth, speed);
            fs::write(cache.folder.join("notes.json"), text).unwrap();
            prop_assert_eq!(cache.known(&url("http://a/"), now), UNSEEN);
        }
    }
}
