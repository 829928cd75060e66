//! `verify --reuse`: records queued files that are already on disk, instead of downloading them again. It is
//! for a database that is older than its files.
//!
//! If the database has the hash of a file, the file must have that hash. Otherwise the database knows only its
//! name, so the file is checked like a download ([`check_stored`]), and a submission is parsed completely. A
//! file that is not proven to be complete stays queued.

use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use serde::Serialize;

use crate::cancel::Cancel;
use crate::edgar::{ArtifactKind, FileName, QueueItem, Target};
use crate::files::{self, DataDir, FilePath, Fingerprint};
use crate::net::{Expect, check_stored};
use crate::pipeline::{DocumentsError, MAX_FILE, check_submission};
use crate::store::{OnRecord, QueueFilter, QueuePlace, Reader, SplitDocument, Writer};

/// Entries of the queue per transaction.
const AT_ONCE: usize = 200;

/// The reused files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Reused {
    pub files: u64,
    pub bytes: u64,
}

/// Checks every entry of the queue once.
pub(super) fn reuse(
    data_dir: &DataDir,
    db: &mut Writer,
    now: impl Fn() -> Timestamp,
    cancel: &Cancel,
) -> Result<Reused> {
    let mut reused = Reused::default();
    let (reader, filter, mut place) = (db.reader()?, QueueFilter::default(), QueuePlace::START);
    while let Some((items, next)) = reader.queue(&filter, place, AT_ONCE)? {
        let accessions: Vec<_> = items.iter().map(|item| item.accession).collect();
        let on_record = reader.on_record(&accessions)?;
        let mut found = Vec::new();
        for item in &items {
            let Some(known) = on_record.get(&item.accession) else {
                continue;
            };
            for file in awaited(item, known) {
                if cancel.is_set() {
                    return Ok(reused);
                }
                if let Some(print) = take(data_dir, &reader, item, &file, known)? {
                    found.push((item, file, print));
                }
            }
        }
        if !found.is_empty() {
            let mut batch = db.begin()?;
            for (item, file, print) in found {
                let document = SplitDocument::single(file, print);
                let recorded = batch.stored(item.accession, &document, 0, now())?;
                if recorded.is_stored() {
                    reused.files += 1;
                    reused.bytes += print.bytes;
                }
                if item.target == Target::Documents {
                    batch.submission_whole(item.accession)?;
                }
            }
            batch.commit()?;
        }
        place = next;
    }
    Ok(reused)
}

/// The files of a queue entry whose names are known.
fn awaited(item: &QueueItem, known: &OnRecord) -> Vec<FileName> {
    match &item.target {
        Target::File(file) => vec![file.clone()],
        Target::Documents => known
            .files
            .iter()
            .filter(|file| file.status.is_queued())
            .map(|file| file.file.clone())
            .collect(),
    }
}

/// The fingerprint of a queued file, if it is on disk. A file of a joint filing may be in the folder of another
/// filer, if another database chose that folder. It is then moved to the folder of this database.
fn take(
    data_dir: &DataDir,
    reader: &Reader,
    item: &QueueItem,
    file: &FileName,
    known: &OnRecord,
) -> Result<Option<Fingerprint>> {
    let own = FilePath {
        folder: item.folder,
        accession: item.accession,
        name: file.name.clone(),
    };
    if let Some(print) = take_at(data_dir.root(), &own, item, file, known)? {
        return Ok(Some(print));
    }
    for folder in reader.filers(item.accession)? {
        let other = FilePath {
            folder,
            ..own.clone()
        };
        if folder == item.folder || take_at(data_dir.root(), &other, item, file, known)?.is_none() {
            continue;
        }
        let mut incoming = data_dir.begin()?;
        let from = data_dir.root().join(other.path());
        let mut stored = File::open(&from).with_context(|| cannot_read(&from))?;
        io::copy(&mut stored, &mut incoming)?;
        let print = incoming.keep(&own)?;
        files::remove(data_dir.root(), &other)?;
        return Ok(Some(print));
    }
    Ok(None)
}

/// The fingerprint of the file at a path, if it passes the checks.
fn take_at(
    data_dir: &Path,
    place: &FilePath,
    item: &QueueItem,
    file: &FileName,
    known: &OnRecord,
) -> Result<Option<Fingerprint>> {
    let path = data_dir.join(place.path());
    let print = Fingerprint::at(data_dir, place).with_context(|| cannot_read(&path))?;
    let Some(print) = print else {
        return Ok(None);
    };
    if let Some((bytes, sha256)) = known.file(&file.name).and_then(|file| file.stored) {
        let before = Fingerprint { bytes, sha256 };
        return Ok((before == print).then_some(print));
    }
    let mut stored = File::open(&path).with_context(|| cannot_read(&path))?;
    let why_not = judge(&mut stored, item, file).with_context(|| cannot_read(&path))?;
    if let Some(why) = why_not {
        log::info!("{} stays queued: {why}", place.path().display());
        return Ok(None);
    }
    Ok(Some(print))
}

fn cannot_read(path: &Path) -> String {
    format!("cannot read {}", path.display())
}

/// Why a file is not reused; `None` if it is.
fn judge(content: &mut File, item: &QueueItem, file: &FileName) -> Result<Option<String>> {
    if file.kind != ArtifactKind::Submission {
        return Ok(check_stored(content, Expect::Document { max: MAX_FILE })?);
    }
    let size = item.submission_size;
    let expect = Expect::Submission {
        max: MAX_FILE,
        size,
    };
    if let Some(why) = check_stored(content, expect)? {
        return Ok(Some(why));
    }
    io::Seek::rewind(content)?;
    match check_submission(item.accession, content, size.is_some()) {
        Ok(()) => Ok(None),
        Err(DocumentsError::Damaged(why)) => Ok(Some(why)),
        Err(DocumentsError::Disk(e)) => Err(e),
    }
}
