//! Exports the record as a dataset: decides which files the dataset has, and writes those that changed.
//!
//! Every file has a version: a hash of everything that it depends on, including the change number that the
//! database keeps for each year. A file is written if its version differs from that in the manifest. The
//! small tables without years are written to a temporary file each time; if the bytes are the same, the old
//! file stays.
//!
//! | files of a dataset | module |
//! |---|---|
//! | one for each year | [`years`] |
//! | one for each group of companies, of XBRL facts | [`facts_files`]; [`facts`] makes the rows |
//! | two for each month, of texts and items | [`months`]; [`texts`] makes the rows |
//!
//! The database is read in one transaction. It ends before facts and texts are processed, because that takes
//! long and needs only the companies and the lists of documents that were read.

mod documents;
mod exported;
mod facts;
mod facts_files;
mod files;
mod kept_texts;
mod months;
mod options;
mod texts;
mod years;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;

pub use self::exported::{Exported, ExportedTable};
use self::facts::Facts;
use self::files::{ExportWork, warn_unreadable};
use self::texts::Texts;
use super::identity;
use crate::cancel::Cancel;
use crate::config::Settings;
use crate::dataset::table::{FACTS, FACTS_TAGS, ITEMS, TEXT};
use crate::dataset::{ExportTarget, Filters, Format, Manifest, SCHEMA_VERSION, Table};
use crate::progress::format::seconds;
use crate::store::Reader;
use crate::text::TextFormat;

/// Failures of one kind that are logged as warnings. Further ones are logged at the level debug.
const MOST_WARNED: u64 = 20;

/// The options of an export.
#[derive(Debug, Clone)]
pub struct Export {
    /// The folder of the dataset.
    pub to: PathBuf,
    /// The format; `None` is that of the existing dataset, or Parquet.
    pub format: Option<Format>,
    /// Tables to add to the existing ones. Empty: the default tables for a new dataset, none for an existing
    /// one.
    pub tables: Vec<&'static Table>,
    /// The format of the texts; `None` is that of the existing dataset, or Markdown.
    pub text: Option<TextFormat>,
    /// The filters; empty ones are those of the existing dataset.
    pub filters: Filters,
}

impl Export {
    /// Writes a new dataset, or the changed files of an existing one.
    ///
    /// # Errors
    ///
    /// A [`crate::exit::UsageError`] if the folder is not a dataset, or is one with other filters or another format; a
    /// [`crate::exit::TargetBusyError`] while another export writes to it; an error if the database cannot be
    /// read or a file cannot be written. The existing dataset is then unchanged.
    pub fn run(&self, settings: &Settings, cancel: &Cancel) -> Result<Exported> {
        let (started, now) = (Instant::now(), settings.clock.now());
        ExportTarget::check(&self.to)?;
        let db = Reader::open(&settings.db)?;
        let mut target = ExportTarget::open(&self.to)?;
        let (format, filters, tables) = self.resolve_options(target.manifest())?;
        let text = self.text_format(target.manifest(), &tables)?;
        let (scope, dates) = options::resolve(&db, &filters, now)?;
        let snapshot = db.snapshot()?;
        let mut manifest = Manifest {
            schema_version: SCHEMA_VERSION,
            written_by: concat!("filing-etl ", env!("CARGO_PKG_VERSION")).to_owned(),
            exported_at: now.to_string(),
            run_id: db.last_run()?.map(|run| run.id.get()),
            through: db.through()?.map(|day| day.to_string()),
            format,
            text,
            filters,
            tables: BTreeMap::new(),
        };
        let mut work = ExportWork {
            target: &target,
            scope,
            dates,
            format,
            cancel,
            new: Vec::new(),
            unreadable: BTreeMap::new(),
        };
        let mut done = Vec::new();
        let of_database = tables.iter();
        for table in of_database.filter(|table| !is_of_facts(table) && !is_of_texts(table)) {
            done.push((*table, work.export_database(&snapshot, table)?));
        }
        let companies = work.companies_of_facts(&db, &tables)?;
        let months = match text {
            Some(format) => {
                identity::check_data_dir(settings)?;
                Some(work.months(&snapshot, format)?)
            }
            None => None,
        };
        drop(snapshot);
        let facts = match companies {
            Some(companies) => {
                let mut facts = Facts::open(settings, companies)?;
                done.extend(
                    [&FACTS, &FACTS_TAGS]
                        .into_iter()
                        .zip(work.export_facts(&mut facts)?),
                );
                Some(facts.end())
            }
            None => None,
        };
        let documents = match text.zip(months) {
            Some((format, months)) => {
                let mut texts = Texts::new(&settings.data_dir, format, cancel);
                done.extend(
                    [&TEXT, &ITEMS]
                        .into_iter()
                        .zip(work.export_texts(months, &mut texts)?),
                );
                Some(texts.end())
            }
            None => None,
        };
        warn_unreadable(&work.unreadable);
        let mut exported = BTreeMap::new();
        for (table, (files, written)) in done {
            exported.insert(table.name, ExportedTable::of(&files, written));
            manifest.tables.insert(table.name.to_owned(), files);
        }
        let (run_id, through) = (manifest.run_id, manifest.through.clone());
        let (new, unreadable) = (work.new, work.unreadable);
        // From here on the export is not interrupted, because the renames take only a moment.
        target.complete(manifest, &new)?;
        Ok(Exported {
            to: self.to.display().to_string(),
            format,
            run_id,
            through,
            elapsed_s: seconds(started.elapsed()),
            tables: exported,
            unreadable,
            facts,
            documents,
        })
    }
}

/// Whether a table is made from the texts of documents. Both are written together.
fn is_of_texts(table: &Table) -> bool {
    *table == TEXT || *table == ITEMS
}

/// Whether a table is made from the archive of facts. Both are written together.
fn is_of_facts(table: &Table) -> bool {
    *table == FACTS || *table == FACTS_TAGS
}
