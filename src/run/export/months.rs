//! Exports texts and items: two files for each month.

use std::path::Path;

use anyhow::Result;
use jiff::civil::date;

use super::documents::DocumentList;
use super::files::{ExportPart, ExportWork, File, INCOMPLETE, numbers, version};
use super::kept_texts::KeptTexts;
use super::texts::{self, Texts};
use crate::dataset::file::{self, Written};
use crate::dataset::table::{ITEMS, TEXT};
use crate::dataset::target::path_of_month;
use crate::dataset::{Table, TableFiles};
use crate::edgar::DateRange;
use crate::store::DatasetSnapshot;
use crate::text::{self, TextFormat};

/// A month of texts and items, or a year that did not change.
pub(super) enum MonthOfTexts {
    /// The existing files of each table.
    Unchanged([Vec<File>; 2]),
    /// The files to write, and their documents.
    Changed {
        parts: [ExportPart; 2],
        documents: DocumentList,
    },
}

impl ExportWork<'_> {
    /// The months of texts and items: the files that are there of those that did not change, the lists of
    /// documents of the others.
    pub(super) fn months(
        &self,
        snapshot: &DatasetSnapshot<'_>,
        format: TextFormat,
    ) -> Result<Vec<MonthOfTexts>> {
        let (scope, cancel) = (&self.scope, self.cancel);
        let mut all = Vec::new();
        for (year, change, days) in self.years(snapshot)? {
            let made_with = (
                [&TEXT, &ITEMS].map(Table::message_type),
                (text::VERSION, text::items::VERSION, format),
            );
            let of_year = version(&(
                &made_with,
                change,
                (days.since.to_string(), days.until.to_string()),
                (&scope.forms, scope.companies.as_deref().map(numbers)),
            ))?;
            if let Some(known) = self.unchanged_year(year, &of_year) {
                all.push(MonthOfTexts::Unchanged(known));
                continue;
            }
            let mut months = texts::versions(snapshot, (days, scope), cancel)?;
            if months.is_empty() {
                // An empty month, so that the next export knows that this year has no documents.
                months.insert(1, String::new());
            }
            for (month, documents) in months {
                let of_month = version(&(&made_with, documents))?;
                let version = format!("{of_year}.{of_month}");
                let paths = [&TEXT, &ITEMS]
                    .map(|table| (table, path_of_month(table, year, month, self.format)));
                let is_it = |known: &str| known.split_once('.').is_some_and(|(_, m)| m == of_month);
                let known = paths
                    .each_ref()
                    .map(|(table, path)| self.known(table, path, is_it));
                if let [Some(mut text), Some(mut items)] = known {
                    version.clone_into(text.version_mut());
                    version.clone_into(items.version_mut());
                    all.push(MonthOfTexts::Unchanged([vec![text], vec![items]]));
                    continue;
                }
                let first = date(year, month, 1);
                let days = DateRange {
                    since: days.since.max(first),
                    until: days.until.min(first.last_of_month()),
                };
                let list = self.target.temporary(&format!("documents_{first}"));
                all.push(MonthOfTexts::Changed {
                    parts: paths.map(|(table, path)| ExportPart {
                        table,
                        path,
                        version: Some(version.clone()),
                    }),
                    documents: DocumentList::write(list, snapshot, (days, scope), cancel)?,
                });
            }
        }
        Ok(all)
    }

    /// Writes the months of texts and items that changed, both files of a month together.
    pub(super) fn export_texts(
        &mut self,
        months: Vec<MonthOfTexts>,
        texts: &mut Texts<'_>,
    ) -> Result<[(TableFiles, u64); 2]> {
        let mut all = [(TableFiles::default(), 0), (TableFiles::default(), 0)];
        for month in months {
            match month {
                MonthOfTexts::Unchanged(known) => {
                    for ((files, _), known) in all.iter_mut().zip(known) {
                        for file in known {
                            files.add(file);
                        }
                    }
                }
                MonthOfTexts::Changed { parts, documents } => {
                    let files = self.of_month(parts, documents, texts)?;
                    for ((files, written), (file, is_new)) in all.iter_mut().zip(files) {
                        files.add(file);
                        *written += u64::from(is_new);
                    }
                }
            }
        }
        Ok(all)
    }

    /// Writes the files of texts and items of a month, and returns whether each differs from the one before.
    fn of_month(
        &mut self,
        parts: [ExportPart; 2],
        documents: DocumentList,
        texts: &mut Texts<'_>,
    ) -> Result<[(File, bool); 2]> {
        let [mut text, mut items] = parts;
        let [text_path, items_path] = [&text, &items].map(|part| self.target.temporary(&part.path));
        let (format, cancel, failed) = (self.format, self.cancel, texts.counts.failed);
        let there = match self.known(&TEXT, &text.path, |_| true) {
            Some(File::Written(file)) => Some(self.target.place(&file.path)),
            Some(File::Empty(_)) | None => None,
        };
        let mut of_items = Written::default();
        let of_text = file::write(&text_path, (&TEXT, format), false, cancel, |text_writer| {
            of_items = file::write(
                &items_path,
                (&ITEMS, format),
                false,
                cancel,
                |items_writer| {
                    let kept = KeptTexts::of(there, format);
                    texts.put(documents, kept, text_writer, items_writer)
                },
            )?;
            Ok(())
        })?;
        if texts.counts.failed > failed {
            // No version: the next export tries again.
            for part in [&mut text, &mut items] {
                part.version = Some(INCOMPLETE.to_owned());
            }
        }
        let mut add = |part: ExportPart, path: &Path, written: &Written| -> Result<(File, bool)> {
            let before = self.new.len();
            let file = self.written(part, path, written)?;
            Ok((file, self.new.len() > before))
        };
        Ok([
            add(text, &text_path, &of_text)?,
            add(items, &items_path, &of_items)?,
        ])
    }

    /// The files of a year's texts and items, if all of them exist with this version.
    fn unchanged_year(&self, year: i16, of_year: &str) -> Option<[Vec<File>; 2]> {
        let of = |table: &'static Table| -> Option<Vec<File>> {
            let known = self.target.manifest()?.tables.get(table.name)?;
            let folder = format!("{}/year={year}/", table.name);
            let files = known.files.iter().map(|file| &file.path);
            let mut paths: Vec<_> = files
                .chain(known.empty.iter().map(|file| &file.path))
                .filter(|path| path.starts_with(&folder))
                .collect();
            paths.sort();
            let is_of_year = |known: &str| known.split_once('.').is_some_and(|(y, _)| y == of_year);
            let files: Option<Vec<_>> = paths
                .into_iter()
                .map(|path| self.known(table, path, is_of_year))
                .collect();
            files.filter(|files| !files.is_empty())
        };
        Some([of(&TEXT)?, of(&ITEMS)?])
    }
}
