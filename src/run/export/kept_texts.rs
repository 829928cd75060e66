//! The texts that the dataset has of a month. A text whose document and extractor are still the same is
//! taken over, so that a month of which a document is new costs that document's extraction.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use jiff::civil::Date;

use super::files::hex;
use crate::dataset::{Format, ReadBack};
use crate::edgar::{Accession, Cik};
use crate::store::StoredDocument;
use crate::text::{self, TextFormat};

/// What tells whose text it is, and from what it was made; in the order of the table.
const COLUMNS: [&str; 8] = [
    "accession",
    "cik",
    "filed_on",
    "name",
    "text",
    "format",
    "sha256",
    "extractor_version",
];

/// The texts of a file, which are read in its order.
pub(super) struct KeptTexts {
    path: PathBuf,
    rows: Option<ReadBack>,
    next: Option<KeptText>,
}

/// The order of the rows.
type Place = (Cik, Date, Accession, String);

struct KeptText {
    place: Place,
    text: String,
    format: String,
    sha256: String,
    extractor_version: String,
}

impl KeptTexts {
    /// The texts of a file that is there, if one is. A file that cannot be read is logged, and its
    /// texts are extracted again.
    pub(super) fn of(file: Option<PathBuf>, format: Format) -> Self {
        let mut kept = Self {
            path: file.unwrap_or_default(),
            rows: None,
            next: None,
        };
        if !kept.path.as_os_str().is_empty() {
            match ReadBack::open(&kept.path, format, &COLUMNS) {
                Ok(rows) => kept.rows = Some(rows),
                Err(why) => kept.give_up(&why),
            }
            kept.advance();
        }
        kept
    }

    /// The text of a document, if the file has the one that an extraction would give now. Documents come
    /// in the order of the rows.
    pub(super) fn take(&mut self, of: &StoredDocument, format: TextFormat) -> Option<String> {
        let name = of.file.name.to_ascii_lowercase();
        let place = (of.folder, of.filed_on, of.accession, name);
        while self.next.as_ref().is_some_and(|next| next.place < place) {
            self.advance();
        }
        let found = self.next.take_if(|next| next.place == place)?;
        self.advance();
        let is_it = of.sha256.as_deref().map(hex).as_ref() == Some(&found.sha256)
            && found.format == format.name()
            && found.extractor_version == text::VERSION.to_string();
        is_it.then_some(found.text)
    }

    fn advance(&mut self) {
        let next = self.rows.as_mut().and_then(Iterator::next);
        match next.map(|cells| KeptText::of(cells?)).transpose() {
            Ok(next) => self.next = next,
            Err(why) => self.give_up(&why),
        }
    }

    fn give_up(&mut self, why: &anyhow::Error) {
        log::warn!(
            "{} cannot be read ({why:#}): its texts are extracted again",
            self.path.display()
        );
        (self.rows, self.next) = (None, None);
    }
}

impl KeptText {
    fn of(cells: Vec<String>) -> Result<Self> {
        let cells: [String; 8] = cells.try_into().ok().context("a cell is missing")?;
        let [
            accession,
            cik,
            filed_on,
            name,
            text,
            format,
            sha256,
            extractor_version,
        ] = cells;
        let name = name.to_ascii_lowercase();
        Ok(Self {
            place: (cik.parse()?, filed_on.parse()?, accession.parse()?, name),
            text,
            format,
            sha256,
            extractor_version,
        })
    }
}
