//! `prune`: shows the rows and files that no recorded selection wants, followed or not, and removes them with
//! `--yes`.
//!
//! # Crashes
//!
//! The files of a batch of filings are removed first, then their rows, in one transaction. After a kill
//! between the two, the rows still exist, so the next `prune` removes them.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use super::table;
use crate::cancel::Cancel;
use crate::cli::{Cli, PruneArgs, RepeatedArgs};
use crate::config::PrintStyle;
use crate::exit::{Exit, UsageError};
use crate::files::{self, FilePath};
use crate::print::{print, print_json};
use crate::progress::format::{bytes, count, counted, printable};
use crate::run::{identity, preflight};
use crate::signals::Interrupt;
use crate::store::{self, ArtifactStatus, Reader, RecordedSelections, Unwanted, Writer};

/// Filings per batch and transaction.
const AT_ONCE: usize = 500;

/// The maximum number of forms in the table.
const FORMS: usize = 15;

/// The counts of unwanted rows and files, as `--json` prints them. The field names are public.
#[derive(Debug, Default, Serialize)]
struct Pruning {
    /// Whether they were removed.
    removed: bool,
    /// Whether every filing was checked.
    complete: bool,
    /// Filings that are unwanted as a whole.
    filings: u64,
    /// Filings of which only some files are unwanted.
    partly: u64,
    /// Unwanted files on disk, and their bytes.
    files: u64,
    bytes: u64,
    /// Unwanted entries of the queue.
    queued: u64,
    /// Filers that are no longer needed; known only after their filings were removed.
    companies: Option<u64>,
    forms: Vec<PrunedForm>,
}

#[derive(Debug, Clone, Default, Serialize)]
struct PrunedForm {
    form: String,
    filings: u64,
    files: u64,
    bytes: u64,
}

pub(super) fn run(cli: &Cli, args: PruneArgs) -> Result<Exit> {
    let settings = cli.settings()?;
    let cancel = Cancel::default();
    let interrupt = Interrupt::listen(&cancel)?;
    let reader = Reader::open(&settings.db)?;
    let mut pruning = Pruning::default();
    let result = if args.yes {
        identity::check_data_dir(&settings)?;
        let (_lock, mut db) = preflight::open(&settings)?;
        pruning.removed = true;
        remove(&mut db, &settings.data_dir, &cancel, &mut pruning).and_then(|()| Ok(db.close()?))
    } else {
        each_batch(&reader, &cancel, &mut pruning, |_| Ok(()))
    };
    pruning.complete = result.is_ok() && !cancel.is_set();
    if args.json {
        print_json(&pruning)?;
    } else if result.is_ok() {
        print(&pruning.table(&cli.repeated_args(), Cli::style()))?;
    }
    result?;
    Ok(interrupt.exit().unwrap_or(Exit::Complete))
}

/// The recorded selections. Refuses to continue without any, since every filing would be unwanted then.
fn selections(db: &Reader) -> Result<RecordedSelections> {
    let selections = db.selections_with_members()?;
    if selections.is_empty() {
        return Err(UsageError(
            "no selection is recorded, so every filing would be unwanted: record one with `filing-etl \
             backfill`, or remove the database and its data dir yourself"
                .to_owned(),
        )
        .into());
    }
    Ok(selections)
}

/// Passes the unwanted filings to `handle`, batch by batch, and counts them.
fn each_batch(
    db: &Reader,
    cancel: &Cancel,
    pruning: &mut Pruning,
    mut handle: impl FnMut(&[Unwanted]) -> Result<()>,
) -> Result<()> {
    let selections = selections(db)?;
    let mut forms = BTreeMap::new();
    let mut after = 0;
    while let Some((unwanted, next)) = db.unwanted(&selections, after, AT_ONCE)? {
        handle(&unwanted)?;
        for one in &unwanted {
            pruning.add(one, &mut forms);
        }
        after = next;
        if cancel.is_set() {
            break;
        }
    }
    pruning.order(forms);
    Ok(())
}

fn remove(
    db: &mut Writer,
    data_dir: &std::path::Path,
    cancel: &Cancel,
    pruning: &mut Pruning,
) -> Result<()> {
    let reader = db.reader()?;
    each_batch(&reader, cancel, pruning, |unwanted| {
        for one in unwanted {
            remove_files(data_dir, one)?;
        }
        if unwanted.is_empty() {
            return Ok(());
        }
        let mut batch = db.begin()?;
        for one in unwanted {
            batch.prune(one)?;
        }
        Ok(batch.commit()?)
    })?;
    if !cancel.is_set() {
        pruning.companies = Some(forget_companies(db, &reader)?);
    }
    Ok(())
}

/// Removes the unwanted files, whether they are intact or damaged.
fn remove_files(data_dir: &std::path::Path, unwanted: &Unwanted) -> Result<()> {
    for file in &unwanted.files {
        let place = FilePath {
            folder: unwanted.folder,
            accession: unwanted.accession,
            name: file.name.clone(),
        };
        if files::remove(data_dir, &place)? {
            log::info!("removed {}", place.path().display());
        }
    }
    Ok(())
}

fn forget_companies(db: &mut Writer, reader: &Reader) -> store::Result<u64> {
    let unneeded = reader.unneeded_companies()?;
    for some in unneeded.chunks(AT_ONCE) {
        let batch = db.begin()?;
        for cik in some {
            batch.forget_company(*cik)?;
        }
        batch.commit()?;
    }
    Ok(unneeded.len() as u64)
}

impl Pruning {
    fn add(&mut self, unwanted: &Unwanted, forms: &mut BTreeMap<String, PrunedForm>) {
        let form = forms.entry(unwanted.form.clone()).or_default();
        if unwanted.whole {
            self.filings += 1;
            form.filings += 1;
        } else {
            self.partly += 1;
        }
        for file in &unwanted.files {
            if file.status == ArtifactStatus::Downloaded {
                let size = file.bytes.unwrap_or(0);
                self.files += 1;
                self.bytes += size;
                form.files += 1;
                form.bytes += size;
            }
            self.queued += u64::from(file.status.is_queued());
        }
        self.queued += u64::from(
            unwanted
                .submission
                .is_some_and(store::SubmissionStatus::is_queued),
        );
    }

    /// The forms with the most bytes first.
    fn order(&mut self, forms: BTreeMap<String, PrunedForm>) {
        self.forms = forms
            .into_iter()
            .map(|(form, sums)| PrunedForm { form, ..sums })
            .collect();
        self.forms
            .sort_by_key(|form| std::cmp::Reverse((form.bytes, form.filings)));
    }

    fn table(&self, repeated_args: &RepeatedArgs, style: PrintStyle) -> String {
        if self.filings + self.partly + self.companies.unwrap_or(0) == 0 {
            return "Every file and row is wanted by a recorded selection\n".to_owned();
        }
        let mut text = format!(
            "Filings    {} unwanted, {} with unwanted files\n\
             Files      {} ({})\n\
             Queue      {}\n",
            count(self.filings),
            count(self.partly),
            count(self.files),
            bytes(self.bytes),
            counted(self.queued, ["entry", "entries"]),
        );
        if let Some(companies) = self.companies {
            let line = format!("Companies  {}\n", count(companies));
            text += &line;
        }
        let row = |form: &PrunedForm| {
            vec![
                form.form.clone(),
                count(form.filings),
                count(form.files),
                bytes(form.bytes),
            ]
        };
        let headers = ["Form", "Filings", "Files", "Bytes"];
        let rows = self.forms.iter().take(FORMS).map(row).collect();
        text += "\n";
        text += &table::table(&headers, rows, style);
        if self.forms.len() > FORMS {
            let others = count((self.forms.len() - FORMS) as u64);
            let line = format!("and {others} other forms: --json lists them\n");
            text += &line;
        }
        let last = match (self.removed, self.complete) {
            (true, true) => "All of this was removed.".to_owned(),
            (true, false) => "This was removed before the command was stopped.".to_owned(),
            (false, _) => {
                let next = printable(&repeated_args.here("prune"));
                format!("Nothing was removed. `{next} --yes` removes all of this.")
            }
        };
        text += "\n";
        text += &last;
        text += "\n";
        text
    }
}
