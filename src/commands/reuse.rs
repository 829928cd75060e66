//! `verify --reuse`: files that the queue waits for and that lie under their names already are taken back
//! instead of being downloaded again. So a database that is older than its files catches up.
//!
//! A file that was stored once has to be the same, byte by byte. Of any other the database knows
//! nothing but its name, so it is looked at as a download is ([`check_stored`]), and a submission is
//! read through as splitting does. What cannot be shown to be whole is left to the download.

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

/// Entries of the queue looked at between two transactions.
const AT_ONCE: usize = 200;

/// What was taken back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Reused {
    pub files: u64,
    pub bytes: u64,
}

/// Goes through the queue once.
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

/// The files that an entry of the queue brings, as far as their names are known.
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

/// The file if it is there and is what is waited for. That of a joint filing may lie in the folder of
/// another filer, where another database has put it; then it moves to where this one has it.
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

/// The fingerprint of the file at a place, if it is what is waited for.
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
        log::info!("{} is left to the download: {why}", place.path().display());
        return Ok(None);
    }
    Ok(Some(print))
}

fn cannot_read(path: &Path) -> String {
    format!("cannot read {}", path.display())
}

/// Why a file is not taken; `None` if it is.
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
