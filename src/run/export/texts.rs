//! Writes the texts of stored documents and their items to a dataset.
//!
//! ```text
//! list of a month ──documents──▶ texts that the dataset has ──▶ rayon: read, check, extract the others
//!                                           ──rows──▶ this thread, in order ─▶ two feeds
//! ```
//!
//! The list was written before, so no transaction is open. Documents are processed in batches, so that the
//! memory does not grow with the number of documents.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Result;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::MOST_WARNED;
use super::documents::{self, DocumentList};
use super::files::hex;
use super::kept_texts::KeptTexts;
use crate::cancel::Cancel;
use crate::dataset::file::ExportStopped;
use crate::dataset::{DataCell, FileWriter};
use crate::edgar::{ArtifactKind, DateRange};
use crate::files::FilePath;
use crate::progress::format::count;
use crate::store::{DatasetScope, DatasetSnapshot, StoredDocument};
use crate::text::items::{Items, items};
use crate::text::{self, TextFormat, TextKind};

/// Bytes of documents per batch.
const BATCH_BYTES: u64 = 16 << 20;

/// Documents per batch.
const BATCH_DOCUMENTS: usize = 1024;

/// Bytes of texts per row group. Two row groups are in memory.
const ROW_GROUP_BYTES: usize = 16 << 20;

/// Counts of the documents in the months that this export wrote.
#[derive(Debug, Default, Serialize)]
pub struct TextCounts {
    /// Documents whose text was written.
    pub written: u64,
    /// Those of them whose text was taken over from the dataset. That of the others was extracted.
    pub kept: u64,
    /// Documents that have no row because they could not be read.
    pub failed: u64,
    /// Documents without text, by their kind in `v_artifacts`.
    pub skipped: BTreeMap<&'static str, u64>,
}

/// For each month of a year that has stored documents, another text whenever one of them changes.
///
/// # Errors
///
/// When the database cannot be read, and with [`ExportStopped`] when the work is to stop.
pub(super) fn versions(
    snapshot: &DatasetSnapshot<'_>,
    of: (DateRange, &DatasetScope),
    cancel: &Cancel,
) -> Result<BTreeMap<i8, String>> {
    let mut months: BTreeMap<i8, Sha256> = BTreeMap::new();
    documents::each(snapshot, of, cancel, |document| {
        let month = months.entry(document.filed_on.month()).or_default();
        month.update(documents::line(&document)?);
        Ok(())
    })?;
    let shown = |(month, hash): (i8, Sha256)| (month, hex(&hash.finalize()[..16]));
    Ok(months.into_iter().map(shown).collect())
}

/// Makes rows of documents.
pub(super) struct Texts<'a> {
    data_dir: &'a Path,
    format: TextFormat,
    cancel: &'a Cancel,
    pub(super) counts: TextCounts,
}

/// Documents that are worked on at once, each with the text that the dataset has of it.
#[derive(Default)]
struct DocumentBatch {
    documents: Vec<(StoredDocument, Option<String>)>,
    bytes: u64,
}

impl<'a> Texts<'a> {
    pub(super) fn new(data_dir: &'a Path, format: TextFormat, cancel: &'a Cancel) -> Self {
        Self {
            data_dir,
            format,
            cancel,
            counts: TextCounts::default(),
        }
    }

    /// Logs the counts.
    pub(super) fn end(self) -> TextCounts {
        self.counts.log_counts();
        self.counts
    }

    /// Puts the texts of documents, and their items, into files. A text that is kept is taken over; a
    /// document that cannot be read has no row, which is logged.
    ///
    /// # Errors
    ///
    /// As [`FileWriter::put`], and when the list cannot be read.
    pub(super) fn put(
        &mut self,
        documents: DocumentList,
        mut kept: KeptTexts,
        texts: &mut FileWriter,
        items: &mut FileWriter,
    ) -> Result<()> {
        texts.end_row_groups_at(ROW_GROUP_BYTES);
        let mut batch = DocumentBatch::default();
        documents.take(|document| {
            if TextKind::of(document.file.at_edgar(), b"").is_none() {
                self.skip(&document);
                return Ok(());
            }
            let kept = kept.take(&document, self.format);
            let bytes = kept
                .as_ref()
                .map_or(document.bytes, |text| text.len() as u64);
            // A large document is worked on alone.
            if batch.bytes + bytes > BATCH_BYTES || batch.documents.len() >= BATCH_DOCUMENTS {
                self.put_batch(std::mem::take(&mut batch), texts, items)?;
            }
            batch.bytes += bytes;
            batch.documents.push((document, kept));
            Ok(())
        })?;
        self.put_batch(batch, texts, items)
    }

    fn put_batch(
        &mut self,
        batch: DocumentBatch,
        texts: &mut FileWriter,
        items: &mut FileWriter,
    ) -> Result<()> {
        let (data_dir, format, cancel) = (self.data_dir, self.format, self.cancel);
        let read: Vec<_> = batch
            .documents
            .into_par_iter()
            .map(|(document, kept)| {
                let is_kept = kept.is_some();
                let read = match kept {
                    _ if cancel.is_set() => Ok(None),
                    Some(text) => Ok(Some(DocumentRead::of(&document, text))),
                    None => read(data_dir, &document, format),
                };
                (document, is_kept, read)
            })
            .collect();
        if cancel.is_set() {
            return Err(ExportStopped.into());
        }
        for (document, is_kept, read) in read {
            match read {
                Ok(Some(read)) => {
                    self.counts.written += 1;
                    self.counts.kept += u64::from(is_kept);
                    put(&document, &read, format, texts, items)?;
                }
                Ok(None) => self.skip(&document),
                Err(why) => self.fail(&document, &why),
            }
        }
        Ok(())
    }

    fn skip(&mut self, document: &StoredDocument) {
        let kind = document.file.kind.as_str();
        *self.counts.skipped.entry(kind).or_default() += 1;
    }

    fn fail(&mut self, document: &StoredDocument, why: &str) {
        self.counts.failed += 1;
        let level = if self.counts.failed <= MOST_WARNED {
            log::Level::Warn
        } else {
            log::Level::Debug
        };
        let (accession, name) = (document.accession, &document.file.name);
        log::log!(level, "the text of {accession} {name} is left out: {why}");
    }
}

impl TextCounts {
    /// Logs what was extracted, and what has no row.
    fn log_counts(&self) {
        if self.written > 0 {
            log::info!(
                "texts: {} extracted, {} taken over from the dataset",
                count(self.written - self.kept),
                count(self.kept)
            );
        }
        if !self.skipped.is_empty() {
            let kinds = self.skipped.iter();
            let kinds: Vec<_> = kinds
                .map(|(kind, n)| format!("{} {kind}", count(*n)))
                .collect();
            log::info!("documents of kinds that have no text: {}", kinds.join(", "));
        }
        if self.failed > 0 {
            log::warn!(
                "{} of {} documents could not be read and have no text: `filing-etl verify` queues missing \
                 and damaged files again; the next export tries their months again",
                count(self.failed),
                count(self.failed + self.written)
            );
        }
    }
}

/// What a document has.
struct DocumentRead {
    text: String,
    items: Items,
}

impl DocumentRead {
    fn of(document: &StoredDocument, text: String) -> Self {
        // Exhibits have items of other documents.
        let is_report = document.file.kind == ArtifactKind::Primary || document.sequence == Some(1);
        let items = if is_report {
            items(&document.form, &text, &document.items)
        } else {
            Items::default()
        };
        Self { text, items }
    }
}

/// Reads a document from the disk; `None` where it turns out to have no text.
fn read(
    data_dir: &Path,
    document: &StoredDocument,
    format: TextFormat,
) -> Result<Option<DocumentRead>, String> {
    let place = FilePath {
        folder: document.folder,
        accession: document.accession,
        name: document.file.name.clone(),
    };
    let path = data_dir.join(place.path());
    let bytes = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    // The row has the hash of the document, so the text must be from those bytes.
    if document.sha256.as_deref() != Some(&Sha256::digest(&bytes)[..]) {
        return Err(format!(
            "{} does not match its hash on record",
            path.display()
        ));
    }
    let is_submission = document.file.kind == ArtifactKind::Submission;
    let text = if is_submission {
        let (accession, filed_on) = (document.accession, document.filed_on);
        let text = text::submission(accession, filed_on, &bytes, format);
        text.map_err(|e| format!("{}: {e}", path.display()))?
    } else {
        text::extract(document.file.at_edgar(), &bytes, format).map(|read| read.text)
    };
    Ok(text.map(|text| DocumentRead::of(document, text)))
}

/// Writes the rows of a document. The order is that of the columns.
fn put(
    document: &StoredDocument,
    read: &DocumentRead,
    format: TextFormat,
    texts: &mut FileWriter,
    items: &mut FileWriter,
) -> Result<()> {
    let accession = document.accession.to_string();
    let filed_on = document.filed_on.to_string();
    for cell in [
        text(&accession),
        DataCell::Integer(i64::try_from(document.folder.get())?),
        text(&document.form),
        text(&filed_on),
        text(&document.file.name),
        document.type_.as_deref().map_or(DataCell::Null, text),
        document.sequence.map_or(DataCell::Null, DataCell::Integer),
        text(&read.text),
        text(format.name()),
        DataCell::Integer(i64::try_from(read.text.chars().count())?),
        document
            .sha256
            .as_deref()
            .map_or(DataCell::Null, DataCell::Blob),
        DataCell::Integer(text::VERSION.into()),
        read.items.problem.as_deref().map_or(DataCell::Null, text),
    ] {
        texts.put(cell)?;
    }
    for item in &read.items.items {
        for cell in [
            text(&accession),
            text(&document.file.name),
            text(&item.item),
            text(&item.title),
            DataCell::Integer(i64::try_from(item.characters.start)?),
            DataCell::Integer(i64::try_from(item.characters.end)?),
            text(item.method.name()),
            DataCell::Real(item.method.confidence()),
        ] {
            items.put(cell)?;
        }
    }
    Ok(())
}

fn text(text: &str) -> DataCell<'_> {
    DataCell::Str(text)
}
