//! Exports the record as a dataset: decides which files the dataset has, and writes those that changed.
//!
//! Every file has a version: a hash of everything that it depends on, including the change number that the
//! database keeps for each year. A file is written if its version differs from that in the manifest. The
//! small tables without years are written to a temporary file each time; if the bytes are the same, the old
//! file stays.
//!
//! The database is read in one transaction. It ends before facts and texts are processed, because that takes
//! long and needs only the companies and the lists of documents that were read.

mod documents;
mod facts;
mod kept_texts;
mod texts;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use self::documents::DocumentList;
pub use self::facts::FactCounts;
use self::facts::Facts;
use self::kept_texts::KeptTexts;
pub use self::texts::TextCounts;
use self::texts::Texts;
use super::{companies, identity};
use crate::cancel::Cancel;
use crate::config::{CompanyFilter, ExchangeFilter, Settings};
use crate::dataset::file::{self, Written};
use crate::dataset::table::{ALL, DEFAULT, FACTS, FACTS_TAGS, ITEMS, TEXT};
use crate::dataset::target::{path_of, path_of_month};
use crate::dataset::{
    EmptyFile, ExportTarget, FileWriter, Filters, Format, Manifest, Partition, SCHEMA_VERSION,
    Table, TableFiles, WrittenFile,
};
use crate::edgar::dates::parse_when;
use crate::edgar::{Cik, DateRange, FormFilter};
use crate::exit::UsageError;
use crate::progress::format::{count, counted, seconds};
use crate::store::{DatasetScope, DatasetSnapshot, Reader};
use crate::text::{self, TextFormat};

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

/// The result of an export. The field names are public.
#[derive(Debug, Serialize)]
pub struct Exported {
    pub to: String,
    pub format: Format,
    /// The last run on record.
    pub run_id: Option<i64>,
    /// The oldest day through which the followed selections are complete.
    pub through: Option<String>,
    pub elapsed_s: f64,
    /// The tables by name.
    pub tables: BTreeMap<&'static str, ExportedTable>,
    /// Values that could not be written unchanged, by table and column.
    pub unreadable: BTreeMap<String, u64>,
    /// The counts of companies, if the dataset has facts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<FactCounts>,
    /// The counts of documents, if the dataset has texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documents: Option<TextCounts>,
}

/// A table of an export.
#[derive(Debug, Default, Serialize)]
pub struct ExportedTable {
    pub rows: u64,
    pub bytes: u64,
    pub files: u64,
    /// Files that this export wrote.
    pub files_written: u64,
}

impl Export {
    /// The filters as the manifest stores them. Of a companies file, it stores the companies.
    #[must_use]
    pub fn filters(
        companies: &CompanyFilter,
        forms: Option<&FormFilter>,
        since: Option<&str>,
        until: Option<&str>,
    ) -> Filters {
        let mut filters = Filters {
            exchanges: match &companies.on {
                ExchangeFilter::NotGiven => Vec::new(),
                ExchangeFilter::All => vec!["all".to_owned()],
                ExchangeFilter::These(these) => these.iter().map(ToString::to_string).collect(),
            },
            tickers: companies.tickers.clone(),
            ciks: companies.ciks.iter().map(|cik| cik.get()).collect(),
            criteria: companies.criteria.clone(),
            forms: forms.map(ToString::to_string),
            since: since.map(str::to_owned),
            until: until.map(str::to_owned),
        };
        for texts in [&mut filters.exchanges, &mut filters.tickers] {
            texts.sort();
            texts.dedup();
        }
        filters.ciks.sort_unstable();
        filters.ciks.dedup();
        filters
    }

    /// Writes a new dataset, or the changed files of an existing one.
    ///
    /// # Errors
    ///
    /// A [`UsageError`] if the folder is not a dataset, or is one with other filters or another format; a
    /// [`crate::exit::TargetBusyError`] while another export writes to it; an error if the database cannot be
    /// read or a file cannot be written. The existing dataset is then unchanged.
    pub fn run(&self, settings: &Settings, cancel: &Cancel) -> Result<Exported> {
        let (started, now) = (Instant::now(), settings.clock.now());
        ExportTarget::check(&self.to)?;
        let db = Reader::open(&settings.db)?;
        let mut target = ExportTarget::open(&self.to)?;
        let (format, filters, tables) = self.resolve_options(target.manifest())?;
        let text = self.text_format(target.manifest(), &tables)?;
        let (scope, dates) = resolve(&db, &filters, now)?;
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
        let mut exported = BTreeMap::new();
        let mut add = |table: &Table, (files, written): (TableFiles, u64)| {
            exported.insert(
                table.name,
                ExportedTable {
                    rows: files.rows,
                    bytes: files.bytes,
                    files: files.files.len() as u64,
                    files_written: written,
                },
            );
            manifest.tables.insert(table.name.to_owned(), files);
        };
        let of_database = tables.iter();
        for table in of_database.filter(|table| !is_of_facts(table) && !is_of_texts(table)) {
            add(table, work.export_database(&snapshot, table)?);
        }
        let mut counts = None;
        let companies = work.companies_of_facts(&db, &tables)?;
        let months = match text {
            Some(format) => {
                identity::check_data_dir(settings)?;
                work.months(&snapshot, format)?
            }
            None => Vec::new(),
        };
        drop(snapshot);
        if let Some(companies) = companies {
            let mut facts = Facts::open(settings, companies)?;
            for (table, files) in [&FACTS, &FACTS_TAGS]
                .into_iter()
                .zip(work.export_facts(&mut facts)?)
            {
                add(table, files);
            }
            counts = Some(facts.end());
        }
        let mut documents = None;
        if let Some(format) = text {
            let mut texts = Texts {
                data_dir: &settings.data_dir,
                format,
                cancel,
                counts: TextCounts::default(),
            };
            let of_texts = work.export_texts(months, &mut texts)?;
            for (table, files) in [&TEXT, &ITEMS].into_iter().zip(of_texts) {
                add(table, files);
            }
            texts.counts.log_counts();
            documents = Some(texts.counts);
        }
        let ExportWork {
            new, unreadable, ..
        } = work;
        warn_unreadable(&unreadable);
        let (run_id, through) = (manifest.run_id, manifest.through.clone());
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
            facts: counts,
            documents,
        })
    }

    /// Format, filters and tables: those of the options, or else those of the existing dataset.
    fn resolve_options(
        &self,
        there: Option<&Manifest>,
    ) -> Result<(Format, Filters, Vec<&'static Table>)> {
        let mut names: Vec<&str> = self.tables.iter().map(|table| table.name).collect();
        let Some(there) = there else {
            let format = self.format.unwrap_or(Format::Parquet);
            let tables = if names.is_empty() {
                DEFAULT.to_vec()
            } else {
                known(&names)
            };
            return Ok((format, self.filters.clone(), tables));
        };
        let shown = self.to.display();
        if let Some(format) = self.format.filter(|format| *format != there.format) {
            return Err(UsageError(format!(
                "the dataset in {shown} has the format {}, not {}: name another folder",
                there.format.as_str(),
                format.as_str()
            ))
            .into());
        }
        if self.filters != Filters::default() && self.filters != there.filters {
            return Err(UsageError(format!(
                "the dataset in {shown} was made with other filters ({}): leave the filters out to \
                 refresh it, or name another folder",
                serde_json::to_string(&there.filters)?
            ))
            .into());
        }
        names.extend(there.tables.keys().map(String::as_str));
        Ok((there.format, there.filters.clone(), known(&names)))
    }

    /// The format of the texts: that of the options, or else that of the existing dataset. `None` if the
    /// dataset has no texts.
    fn text_format(
        &self,
        there: Option<&Manifest>,
        tables: &[&'static Table],
    ) -> Result<Option<TextFormat>> {
        if !tables.iter().any(|table| is_of_texts(table)) {
            return match self.text {
                Some(_) => Err(UsageError(
                    "--text applies to the table text, which this dataset does not have: add --what text"
                        .to_owned(),
                )
                .into()),
                None => Ok(None),
            };
        }
        match (self.text, there.and_then(|there| there.text)) {
            (Some(said), Some(there)) if said != there => Err(UsageError(format!(
                "the texts of the dataset in {} have the format {}, not {}: name another folder",
                self.to.display(),
                there.name(),
                said.name()
            ))
            .into()),
            (said, there) => Ok(said.or(there).or(Some(TextFormat::Markdown))),
        }
    }
}

/// The tables with these names, in the order of [`ALL`].
fn known(names: &[&str]) -> Vec<&'static Table> {
    let all = ALL.into_iter();
    all.filter(|table| names.contains(&table.name)).collect()
}

/// Whether a table is made from the texts of documents. Both are written together.
fn is_of_texts(table: &Table) -> bool {
    *table == TEXT || *table == ITEMS
}

/// Whether a table is made from the archive of facts. Both are written together.
fn is_of_facts(table: &Table) -> bool {
    *table == FACTS || *table == FACTS_TAGS
}

/// The filters as the database queries take them, and the filing dates.
fn resolve(db: &Reader, filters: &Filters, now: Timestamp) -> Result<(DatasetScope, DateRange)> {
    let today = jiff::tz::TimeZone::UTC.to_datetime(now).date();
    let day = |text: &Option<String>, default| match text {
        Some(text) => parse_when(text, today).map_err(|e| UsageError(e.to_string())),
        None => Ok(default),
    };
    let dates = DateRange::new(
        day(&filters.since, Date::ZERO)?,
        // Without an end: filings with a later date may be on record.
        day(&filters.until, Date::MAX)?,
    )
    .map_err(|e| UsageError(format!("--since and --until: {e}")))?;
    let companies = company_filter(filters)?;
    let companies = if companies.is_given() {
        let mut ciks = companies::resolve_known(db, &companies)?.some_ciks(db)?;
        ciks.sort_unstable();
        Some(ciks)
    } else {
        None
    };
    let forms = match &filters.forms {
        Some(text) => {
            let wanted = FormFilter::from_text(text)
                .with_context(|| format!("{text:?} in the manifest is not a list of forms"))?;
            let mut forms = db.snapshot()?.forms()?;
            forms.retain(|form| wanted.wants(form));
            forms.sort();
            Some(forms)
        }
        None => None,
    };
    Ok((DatasetScope { companies, forms }, dates))
}

fn company_filter(filters: &Filters) -> Result<CompanyFilter> {
    let on = match filters.exchanges.as_slice() {
        [] => ExchangeFilter::NotGiven,
        names if names.iter().any(|name| name == "all") => ExchangeFilter::All,
        names => {
            let exchanges = names.iter().map(|name| Ok(name.parse()?));
            ExchangeFilter::These(exchanges.collect::<Result<_>>()?)
        }
    };
    let ciks = filters.ciks.iter();
    Ok(CompanyFilter {
        on,
        tickers: filters.tickers.clone(),
        ciks: ciks.filter_map(|cik| Cik::new(*cik)).collect(),
        criteria: filters.criteria.clone(),
        ..CompanyFilter::default()
    })
}

/// A file to write, unless it is unchanged.
struct ExportPart {
    table: &'static Table,
    path: String,
    /// Changes whenever the input of the file changes. `None`: the hash of the written bytes is used.
    version: Option<String>,
}

/// An export in progress.
struct ExportWork<'a> {
    target: &'a ExportTarget,
    scope: DatasetScope,
    dates: DateRange,
    format: Format,
    cancel: &'a Cancel,
    /// The paths in the dataset of the files that were written.
    new: Vec<String>,
    unreadable: BTreeMap<String, u64>,
}

impl ExportWork<'_> {
    /// The companies whose facts are exported; `None` if no facts are.
    fn companies_of_facts(
        &self,
        db: &Reader,
        tables: &[&'static Table],
    ) -> Result<Option<Vec<Cik>>> {
        if !tables.iter().any(|table| is_of_facts(table)) {
            return Ok(None);
        }
        Ok(Some(match self.scope.companies.clone() {
            Some(companies) => companies,
            None => db.all_companies()?,
        }))
    }

    /// Writes the files of a table that changed, and tells how many that were.
    fn export_database(
        &mut self,
        snapshot: &DatasetSnapshot<'_>,
        table: &'static Table,
    ) -> Result<(TableFiles, u64)> {
        let (mut files, before) = (TableFiles::default(), self.new.len());
        for (part, dates) in self.parts(snapshot, table)? {
            let file = if let Some(known) = self.unchanged(&part) {
                known
            } else {
                let scope = self.scope.clone();
                self.write(part, |writer| snapshot.rows(table, dates, &scope, writer))?
            };
            files.add(file);
        }
        Ok((files, (self.new.len() - before) as u64))
    }

    /// The files of a table of the database, each with the filing dates of its rows.
    fn parts(
        &self,
        snapshot: &DatasetSnapshot<'_>,
        table: &'static Table,
    ) -> Result<Vec<(ExportPart, DateRange)>> {
        let part = |partition, version| ExportPart {
            table,
            path: path_of(table, partition, self.format),
            version,
        };
        if table.partition == Partition::None {
            return Ok(vec![(part(None, None), self.dates)]);
        }
        let archives_url = snapshot.archives_url()?;
        let mut parts = Vec::new();
        for (year, change, days) in self.years(snapshot)? {
            let version = version(&(
                table.message_type(),
                change,
                (days.since.to_string(), days.until.to_string()),
                (
                    &self.scope.forms,
                    self.scope.companies.as_deref().map(numbers),
                ),
                &archives_url,
            ))?;
            parts.push((part(Some(year), Some(version)), days));
        }
        Ok(parts)
    }

    /// The years with days in the dates of the export, each with its change number and those days.
    fn years(&self, snapshot: &DatasetSnapshot<'_>) -> Result<Vec<(i16, i64, DateRange)>> {
        let years = snapshot.years()?.into_iter();
        let within = years.map(|(year, change)| {
            let days = DateRange {
                since: self.dates.since.max(date(year, 1, 1)),
                until: self.dates.until.min(date(year, 12, 31)),
            };
            (year, change, days)
        });
        Ok(within
            .filter(|(.., days)| days.since <= days.until)
            .collect())
    }

    /// Writes the facts and their tags. They are read together, so if one file changed, all are written.
    fn export_facts(&mut self, facts: &mut Facts) -> Result<[(TableFiles, u64); 2]> {
        let files = facts.files();
        let made_from = (
            [&FACTS, &FACTS_TAGS].map(Table::message_type),
            &facts.version,
            files.iter().map(|ciks| numbers(ciks)).collect::<Vec<_>>(),
        );
        let version = Some(version(&made_from)?);
        let part = |table, n: Option<usize>| -> Result<ExportPart> {
            let n = n.map(i16::try_from).transpose()?;
            Ok(ExportPart {
                table,
                path: path_of(table, n, self.format),
                version: version.clone(),
            })
        };
        let parts: Vec<ExportPart> = (0..files.len())
            .map(|n| part(&FACTS, Some(n)))
            .collect::<Result<_>>()?;
        let tags = part(&FACTS_TAGS, None)?;
        let all = parts.iter().chain([&tags]);
        let unchanged: Option<Vec<File>> = all.map(|part| self.unchanged(part)).collect();
        let (mut of_facts, mut of_tags) = (TableFiles::default(), TableFiles::default());
        if let Some(mut unchanged) = unchanged {
            if let Some(file) = unchanged.pop() {
                of_tags.add(file);
            }
            for file in unchanged {
                of_facts.add(file);
            }
            return Ok([(of_facts, 0), (of_tags, 0)]);
        }
        let before = self.new.len();
        for (part, companies) in parts.into_iter().zip(&files) {
            let failed = facts.counts.failed;
            let mut file = self.write(part, |writer| facts.put(companies, writer))?;
            if facts.counts.failed > failed {
                INCOMPLETE.clone_into(file.version_mut());
            }
            of_facts.add(file);
        }
        let written = (self.new.len() - before) as u64;
        of_tags.add(self.write(tags, |writer| facts.put_tags(writer))?);
        Ok([(of_facts, written), (of_tags, 1)])
    }

    /// The months of texts and items: the files that are there of those that did not change, the lists of
    /// documents of the others.
    fn months(
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
    fn export_texts(
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

    /// Writes the files of texts and items of a month, and tells whether they are other ones than before.
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

    /// The file at a path, if the manifest has it with a matching version and it exists.
    fn known(&self, table: &Table, path: &str, is_it: impl Fn(&str) -> bool) -> Option<File> {
        let known = self.target.manifest()?.tables.get(table.name)?;
        let mut files = known.files.iter();
        let file = files.find(|file| file.path == path && is_it(&file.version));
        if let Some(file) = file.filter(|file| self.target.has(&file.path, file.bytes)) {
            return Some(File::Written(file.clone()));
        }
        let mut empty = known.empty.iter();
        let file = empty.find(|file| file.path == path && is_it(&file.version))?;
        Some(File::Empty(file.clone()))
    }

    /// Writes a file to its temporary place.
    fn write(
        &mut self,
        part: ExportPart,
        fill: impl FnOnce(&mut FileWriter) -> Result<()>,
    ) -> Result<File> {
        let path = self.target.temporary(&part.path);
        let even_empty = part.table.partition == Partition::None;
        let of = (part.table, self.format);
        let written = file::write(&path, of, even_empty, self.cancel, fill)?;
        for (column, values) in &written.unreadable {
            let column = format!("{}.{column}", part.table.name);
            *self.unreadable.entry(column).or_default() += values;
        }
        self.written(part, &path, &written)
    }

    /// The file, if it exists with this version.
    fn unchanged(&self, part: &ExportPart) -> Option<File> {
        let version = part.version.as_ref()?;
        self.known(part.table, &part.path, |known| known == version)
    }

    /// The entry of the manifest for a file that was written to its temporary path.
    fn written(&mut self, part: ExportPart, temporary: &Path, written: &Written) -> Result<File> {
        let ExportPart { path, version, .. } = part;
        let is_kept = written.rows > 0 || part.table.partition == Partition::None;
        if let (false, Some(version)) = (is_kept, &version) {
            let version = version.clone();
            return Ok(File::Empty(EmptyFile { path, version }));
        }
        let version = match version {
            Some(version) => version,
            None => hash(&std::fs::read(temporary)?),
        };
        let file = WrittenFile {
            path,
            rows: written.rows,
            bytes: written.bytes,
            version,
        };
        let known = self
            .target
            .manifest()
            .and_then(|manifest| manifest.tables.get(part.table.name));
        // Two incomplete files have the same version and may have different rows.
        let is_known =
            file.version != INCOMPLETE && known.is_some_and(|known| known.files.contains(&file));
        if !(is_known && self.target.has(&file.path, file.bytes)) {
            self.new.push(file.path.clone());
        }
        Ok(File::Written(file))
    }
}

/// A month of texts and items, or a year that did not change.
enum MonthOfTexts {
    /// The existing files of each table.
    Unchanged([Vec<File>; 2]),
    /// The files to write, and their documents.
    Changed {
        parts: [ExportPart; 2],
        documents: DocumentList,
    },
}

/// The version of a file that lacks rows of unreadable documents or companies. No later version is equal
/// to it.
const INCOMPLETE: &str = "incomplete";

/// A file of the dataset.
enum File {
    Written(WrittenFile),
    /// The file would have no rows.
    Empty(EmptyFile),
}

impl File {
    fn version_mut(&mut self) -> &mut String {
        match self {
            Self::Written(file) => &mut file.version,
            Self::Empty(file) => &mut file.version,
        }
    }
}

impl TableFiles {
    fn add(&mut self, file: File) {
        match file {
            File::Written(file) => {
                self.rows += file.rows;
                self.bytes += file.bytes;
                self.files.push(file);
            }
            File::Empty(file) => self.empty.push(file),
        }
    }
}

fn warn_unreadable(unreadable: &BTreeMap<String, u64>) {
    for (column, values) in unreadable {
        log::warn!(
            "{} in {column}: invalid UTF-8 is written as U+FFFD, and invalid dates and times as NULL",
            counted(
                *values,
                [
                    "value cannot be written unchanged",
                    "values cannot be written unchanged"
                ]
            ),
        );
    }
}

/// A hash of the values.
fn version(made_from: &impl Serialize) -> Result<String> {
    Ok(hash(&serde_json::to_vec(&(SCHEMA_VERSION, made_from))?))
}

fn numbers(ciks: &[Cik]) -> Vec<u64> {
    ciks.iter().map(|cik| cik.get()).collect()
}

fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes)[..16])
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a String takes all");
    }
    text
}

impl Exported {
    /// Whether every document and the facts of every company could be read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let documents = self.documents.as_ref().map_or(0, |counts| counts.failed);
        let facts = self.facts.as_ref().map_or(0, |counts| counts.failed);
        documents + facts == 0
    }

    /// The summary in one line.
    #[must_use]
    pub fn line(&self) -> String {
        let sum = |of: fn(&ExportedTable) -> u64| count(self.tables.values().map(of).sum());
        format!(
            "dataset in {}: {} rows, {} of {} files written",
            self.to,
            sum(|table| table.rows),
            sum(|table| table.files_written),
            sum(|table| table.files),
        )
    }
}
