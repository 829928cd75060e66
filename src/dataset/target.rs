//! The folder of a dataset: recognises it, locks it, and replaces old files by new ones.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::manifest::{Manifest, SCHEMA_VERSION};
use super::table::{self, Partition};
use super::{Format, Table};
use crate::exit::{TargetBusyError, UsageError};
use crate::files::sync_folder;

/// The manifest.
pub const MANIFEST: &str = "_filing_etl.json";
/// The file that an export locks. It is never removed and marks the folder as a dataset.
const LOCK: &str = "_filing_etl.lock";
/// The folder of incomplete files.
const TEMPORARY: &str = "_filing_etl.tmp";

/// The locked folder of a dataset.
#[derive(Debug)]
pub struct ExportTarget {
    root: PathBuf,
    manifest: Option<Manifest>,
    /// Whether this export created the folder or found it empty, and has not completed yet.
    is_unused: bool,
    /// The folders that this export created for it, the innermost first.
    created: Vec<PathBuf>,
    _lock: File,
}

impl ExportTarget {
    /// Refuses a path that cannot become a dataset. Changes nothing.
    ///
    /// # Errors
    ///
    /// A [`UsageError`] if the path is not a folder, or is a folder with other content.
    pub fn check(root: &Path) -> Result<()> {
        let shown = root.display();
        match fs::metadata(root) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
            Err(e) => {
                return Err(e)
                    .with_context(|| format!("cannot access {shown}: choose another --to"));
            }
            Ok(meta) if !meta.is_dir() => {
                return Err(UsageError(format!(
                    "{shown} is not a folder: name a new or empty folder for the dataset"
                ))
                .into());
            }
            Ok(_) => {}
        }
        let is_ours = [MANIFEST, LOCK].iter().any(|name| root.join(name).exists());
        let entries = fs::read_dir(root);
        let mut entries =
            entries.with_context(|| format!("cannot list {shown}: check its permissions"))?;
        if !is_ours && entries.next().is_some() {
            return Err(UsageError(format!(
                "{shown} is not empty and is not a dataset of this program ({MANIFEST} is missing): name \
                 a new or empty folder; nothing in this one was changed"
            ))
            .into());
        }
        Ok(())
    }

    /// Opens and locks the folder, creates it if it is missing, and removes the temporary files of a killed
    /// export.
    ///
    /// # Errors
    ///
    /// As [`ExportTarget::check`]; a [`TargetBusyError`] while another export writes to the folder; an error if
    /// the folder is not writable or the manifest is not readable.
    pub fn open(root: &Path) -> Result<Self> {
        Self::check(root)?;
        let context = || {
            format!(
                "cannot write a dataset to {}: check its permissions, or name another folder",
                root.display()
            )
        };
        let created: Vec<PathBuf> = root
            .ancestors()
            .take_while(|folder| *folder != Path::new("") && fs::symlink_metadata(folder).is_err())
            .map(Path::to_owned)
            .collect();
        fs::create_dir_all(root).with_context(context)?;
        let is_unused = !root.join(LOCK).exists() && !root.join(MANIFEST).exists();
        let lock = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(root.join(LOCK))
            .with_context(context)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let target = root.display().to_string();
                return Err(TargetBusyError { target }.into());
            }
            Err(TryLockError::Error(e)) => return Err(e).with_context(context),
        }
        let target = Self {
            root: root.to_owned(),
            manifest: read_manifest(root)?,
            is_unused,
            created,
            _lock: lock,
        };
        target.clear_temporary().with_context(context)?;
        fs::create_dir(root.join(TEMPORARY)).with_context(context)?;
        Ok(target)
    }

    /// The manifest of the last complete export, if there was one.
    #[must_use]
    pub fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()
    }

    /// Whether the file exists with this size.
    #[must_use]
    pub fn has(&self, path: &str, bytes: u64) -> bool {
        fs::metadata(self.root.join(path)).is_ok_and(|meta| meta.is_file() && meta.len() == bytes)
    }

    /// The path of a file of the dataset.
    #[must_use]
    pub fn place(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The path of a file until the dataset is complete.
    #[must_use]
    pub fn temporary(&self, path: &str) -> PathBuf {
        self.root.join(TEMPORARY).join(path.replace('/', "_"))
    }

    /// Writes the manifest to a temporary file, renames the new files to their paths in the dataset, removes
    /// files of its tables that the manifest does not name, and renames the manifest.
    ///
    /// # Errors
    ///
    /// If a file cannot be renamed, removed or written. The next export then completes the change.
    pub fn complete(&mut self, manifest: Manifest, new: &[String]) -> Result<()> {
        let context = || {
            format!(
                "failed to complete the dataset in {}: check its disk, then export again",
                self.root.display()
            )
        };
        self.is_unused = false;
        self.try_complete(&manifest, new).with_context(context)?;
        self.manifest = Some(manifest);
        Ok(())
    }

    fn try_complete(&self, manifest: &Manifest, new: &[String]) -> Result<()> {
        // If the disk is full, that is found before the first rename.
        let temporary = self.temporary(MANIFEST);
        let mut file = File::create(&temporary)?;
        let mut text = serde_json::to_vec_pretty(manifest)?;
        text.push(b'\n');
        file.write_all(&text)?;
        file.sync_all()?;
        let mut folders = BTreeSet::from([self.root.clone()]);
        for path in new {
            let place = self.root.join(path);
            let folder = place.parent().unwrap_or(&self.root).to_owned();
            fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
            fs::rename(self.temporary(path), &place)
                .with_context(|| place.display().to_string())?;
            let above = folder.ancestors().take_while(|above| *above != self.root);
            folders.extend(above.map(Path::to_owned));
        }
        self.remove_others(manifest)?;
        // Subfolders first, so that a folder is synced after its content.
        for folder in folders.iter().rev().filter(|folder| folder.is_dir()) {
            sync_folder(folder)?;
        }
        fs::rename(temporary, self.root.join(MANIFEST))?;
        sync_folder(&self.root)?;
        Ok(self.clear_temporary()?)
    }

    /// Removes files of tables that the manifest does not name, such as those of years that are empty now,
    /// and the folders that become empty. If there was no manifest, the dataset may have had other tables or
    /// another format, so files of every table and format are removed.
    fn remove_others(&self, manifest: &Manifest) -> io::Result<()> {
        let kept: BTreeSet<_> = manifest
            .tables
            .values()
            .flat_map(|table| table.files.iter().map(|file| self.root.join(&file.path)))
            .collect();
        let is_known = self.manifest.is_some();
        let tables = table::ALL.iter();
        for table in tables.filter(|t| !is_known || manifest.tables.contains_key(t.name)) {
            let folder = self.root.join(table.name);
            let formats = Format::ALL.into_iter();
            for format in formats.filter(|format| !is_known || *format == manifest.format) {
                let extension = format!(".{}", format.extension());
                let is_ours = |file: &str| {
                    let rest = file.strip_prefix(table.name);
                    let number = rest.and_then(|rest| rest.strip_suffix(&extension));
                    number.is_some_and(|n| n.bytes().all(|b| b == b'-' || b.is_ascii_digit()))
                };
                remove_below(&folder, &is_ours, &kept)?;
                let alone = self.root.join(path_of(table, None, format));
                if table.partition == Partition::None && !kept.contains(&alone) {
                    remove_if_there(&alone)?;
                }
            }
            // It stays if it is not empty.
            let _ = fs::remove_dir(folder);
        }
        Ok(())
    }

    fn clear_temporary(&self) -> io::Result<()> {
        match fs::remove_dir_all(self.root.join(TEMPORARY)) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }
}

impl Drop for ExportTarget {
    fn drop(&mut self) {
        // If this fails, the next export removes the files.
        let _ = self.clear_temporary();
        if self.is_unused {
            // What others put into the folder meanwhile stays, and so does the folder.
            let _ = fs::remove_file(self.root.join(LOCK));
            for folder in &self.created {
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

/// The path of the file of a month in a dataset.
#[must_use]
pub fn path_of_month(table: &Table, year: i16, month: i8, format: Format) -> String {
    let (name, extension) = (table.name, format.extension());
    format!("{name}/year={year}/month={month:02}/{name}.{extension}")
}

/// The path of a file in a dataset. `partition` is the year, or the number of the file.
#[must_use]
pub fn path_of(table: &Table, partition: Option<i16>, format: Format) -> String {
    let (name, extension) = (table.name, format.extension());
    match (table.partition, partition) {
        (Partition::Year, Some(year)) => format!("{name}/year={year}/{name}.{extension}"),
        (Partition::Companies, Some(n)) => format!("{name}/{name}-{n:03}.{extension}"),
        _ => format!("{name}.{extension}"),
    }
}

fn read_manifest(root: &Path) -> Result<Option<Manifest>> {
    let path = root.join(MANIFEST);
    let text = match fs::read(&path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        text => text.with_context(|| format!("cannot read {}", path.display()))?,
    };
    let damaged = || {
        format!(
            "{} is damaged: remove it, then export with the filters, format and tables that the dataset had; \
             every file is written again",
            path.display()
        )
    };
    // The version is read first, because a newer manifest may have another structure.
    let any: serde_json::Value = serde_json::from_slice(&text).with_context(damaged)?;
    let version = any["schema_version"].as_u64().unwrap_or(0);
    if version > u64::from(SCHEMA_VERSION) {
        return Err(UsageError(format!(
            "{} was written by a newer filing-etl (schema {version}, this program knows \
             {SCHEMA_VERSION}): upgrade the program, or name another folder",
            path.display()
        ))
        .into());
    }
    serde_json::from_value(any).with_context(damaged).map(Some)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

fn remove_below(
    folder: &Path,
    is_ours: &dyn Fn(&str) -> bool,
    kept: &BTreeSet<PathBuf>,
) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            remove_below(&path, is_ours, kept)?;
            match fs::remove_dir(&path) {
                Err(e) if e.kind() != ErrorKind::DirectoryNotEmpty => return Err(e),
                _ => {}
            }
        } else if entry.file_name().to_str().is_some_and(is_ours) && !kept.contains(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
