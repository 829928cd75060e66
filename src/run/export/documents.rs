//! The documents of a month on disk: written while the database is read at one moment, read again while
//! their texts are made.
//!
//! Texts take hours where the list of documents takes seconds, and a transaction that stays open keeps
//! the write-ahead log of a run at work from being emptied. So the list of a month goes to a file below
//! the dataset's temporary folder, a line of JSON for each document.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::cancel::Cancel;
use crate::dataset::file::ExportStopped;
use crate::edgar::{ArtifactKind, Cik, DateRange, FileName};
use crate::store::{DatasetScope, DatasetSnapshot, StoredDocument};

/// Documents between two looks at whether the work is to stop.
const ROWS_PER_CHECK: u32 = 4096;

/// The documents of a month, in the order of their rows.
#[derive(Debug)]
pub(super) struct DocumentList(PathBuf);

/// A document as its line has it: all that its rows are made from.
#[derive(Serialize, Deserialize)]
struct DocumentLine {
    id: i64,
    accession: String,
    folder: u64,
    form: String,
    filed_on: String,
    items: String,
    kind: String,
    name: String,
    edgar_name: Option<String>,
    #[serde(rename = "type")]
    type_: Option<String>,
    sequence: Option<i64>,
    bytes: u64,
    sha256: Option<Vec<u8>>,
}

/// The line of a document. It is another one whenever something changes that its rows are made from.
pub(super) fn line(of: &StoredDocument) -> Result<Vec<u8>> {
    Ok(serde_json::to_vec(&DocumentLine {
        id: of.id,
        accession: of.accession.to_string(),
        folder: of.folder.get(),
        form: of.form.clone(),
        filed_on: of.filed_on.to_string(),
        items: of.items.clone(),
        kind: of.file.kind.as_str().to_owned(),
        name: of.file.name.clone(),
        edgar_name: of.file.edgar_name.clone(),
        type_: of.type_.clone(),
        sequence: of.sequence,
        bytes: of.bytes,
        sha256: of.sha256.clone(),
    })?)
}

impl DocumentList {
    /// Writes the stored documents of some days to a new file.
    ///
    /// # Errors
    ///
    /// When the database cannot be read or the file cannot be written, and with [`ExportStopped`] when the
    /// work is to stop.
    pub(super) fn write(
        path: PathBuf,
        snapshot: &DatasetSnapshot<'_>,
        (days, scope): (DateRange, &DatasetScope),
        cancel: &Cancel,
    ) -> Result<Self> {
        let context = || {
            format!(
                "failed to write {}: check that its disk has room",
                path.display()
            )
        };
        let mut out = BufWriter::new(File::create(&path).with_context(context)?);
        each(snapshot, (days, scope), cancel, |document| {
            let mut line = line(&document)?;
            line.push(b'\n');
            out.write_all(&line).with_context(context)
        })?;
        out.flush().with_context(context)?;
        drop(out);
        Ok(Self(path))
    }

    /// Hands each document to `each`, and removes the file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, and as `each`.
    pub(super) fn take(self, mut each: impl FnMut(StoredDocument) -> Result<()>) -> Result<()> {
        let path = self.0;
        let context = || format!("failed to read {}", path.display());
        let file = File::open(&path).with_context(context)?;
        for line in BufReader::new(file).lines() {
            let document = document(&line.with_context(context)?).with_context(context)?;
            each(document)?;
        }
        // What cannot be removed now goes with the folder that it is in.
        let _ = std::fs::remove_file(&path);
        Ok(())
    }
}

/// Hands the stored documents of some days to `take`, as long as the work goes on.
///
/// # Errors
///
/// As [`DocumentList::write`], and as `take`.
pub(super) fn each(
    snapshot: &DatasetSnapshot<'_>,
    (days, scope): (DateRange, &DatasetScope),
    cancel: &Cancel,
    mut take: impl FnMut(StoredDocument) -> Result<()>,
) -> Result<()> {
    let mut seen = 0_u32;
    snapshot.documents(days, scope, |document| {
        seen = seen.wrapping_add(1);
        if seen.is_multiple_of(ROWS_PER_CHECK) && cancel.is_set() {
            return Err(ExportStopped.into());
        }
        take(document)
    })
}

fn document(line: &str) -> Result<StoredDocument> {
    let line: DocumentLine = serde_json::from_str(line)?;
    let mut kinds = ArtifactKind::ALL.into_iter();
    let kind = kinds.find(|kind| kind.as_str() == line.kind);
    Ok(StoredDocument {
        id: line.id,
        accession: line.accession.parse()?,
        folder: Cik::new(line.folder).context("no CIK")?,
        form: line.form,
        filed_on: line.filed_on.parse()?,
        items: line.items,
        file: FileName {
            kind: kind.context("no kind of a document")?,
            name: line.name,
            edgar_name: line.edgar_name,
        },
        type_: line.type_,
        sequence: line.sequence,
        bytes: line.bytes,
        sha256: line.sha256,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_back_as_it_was_written() {
        let mut of = StoredDocument {
            id: 7,
            accession: "0000320193-23-000106".parse().unwrap(),
            folder: Cik::new(320_193).unwrap(),
            form: "10-K".to_owned(),
            filed_on: jiff::civil::date(2023, 11, 3),
            items: "2.02,9.01".to_owned(),
            file: FileName {
                kind: ArtifactKind::Exhibit,
                name: "a \"b\"\n\u{2028}.htm".to_owned(),
                edgar_name: Some("ä.htm".to_owned()),
            },
            type_: Some("EX-99.1".to_owned()),
            sequence: Some(2),
            bytes: 1 << 40,
            sha256: Some(vec![0, 10, 255]),
        };
        let read = |of: &StoredDocument| {
            let line = String::from_utf8(line(of).unwrap()).unwrap();
            assert!(!line.contains('\n'));
            document(&line).unwrap()
        };
        assert_eq!(read(&of), of);
        (of.file.edgar_name, of.type_, of.sequence, of.sha256) = (None, None, None, None);
        for kind in ArtifactKind::ALL {
            of.file.kind = kind;
            assert_eq!(read(&of), of);
        }
    }
}
