//! The folder of a dataset: whose it is, who writes to it, and how new files take the place of old ones.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::manifest::{Manifest, SCHEMA_VERSION};
use super::table::Partition;
use super::{Format, Table};
use crate::exit::{TargetBusyError, UsageError};
use crate::files::sync_folder;

/// The file that says what a dataset holds.
pub const MANIFEST: &str = "_filing_etl.json";
/// The file that a program at work locks. It stays, and marks the folder as ours.
const LOCK: &str = "_filing_etl.lock";
/// The folder of files that are not complete.
const TEMPORARY: &str = "_filing_etl.tmp";

/// The folder of a dataset, locked.
#[derive(Debug)]
pub struct ExportTarget {
    root: PathBuf,
    manifest: Option<Manifest>,
    _lock: File,
}

impl ExportTarget {
    /// Refuses what cannot become a dataset, and leaves no trace.
    ///
    /// # Errors
    ///
    /// A [`UsageError`] where it is no folder, or one with something else in it.
    pub fn check(root: &Path) -> Result<()> {
        let shown = root.display();
        match fs::metadata(root) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
            Err(e) => {
                return Err(e)
                    .with_context(|| format!("cannot look at {shown}: choose another --to"));
            }
            Ok(meta) if !meta.is_dir() => {
                return Err(UsageError(format!(
                    "{shown} is no folder: name a new or empty folder for the dataset"
                ))
                .into());
            }
            Ok(_) => {}
        }
        let is_ours = [MANIFEST, LOCK].iter().any(|name| root.join(name).exists());
        let entries = fs::read_dir(root);
        let mut entries =
            entries.with_context(|| format!("cannot look into {shown}: check its permissions"))?;
        if !is_ours && entries.next().is_some() {
            return Err(UsageError(format!(
                "{shown} is not empty, and no dataset of this program ({MANIFEST} is not there): name \
                 a new or empty folder; nothing in this one was touched"
            ))
            .into());
        }
        Ok(())
    }

    /// Opens the folder, makes it where it is missing, and removes what a killed export left.
    ///
    /// # Errors
    ///
    /// As [`ExportTarget::check`]; a [`TargetBusyError`] while another export writes to it; when it cannot be
    /// written to, or its manifest cannot be read.
    pub fn open(root: &Path) -> Result<Self> {
        Self::check(root)?;
        let context = || {
            format!(
                "cannot write a dataset to {}: check its permissions, or name another folder",
                root.display()
            )
        };
        fs::create_dir_all(root).with_context(context)?;
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
            _lock: lock,
        };
        target.clear_temporary().with_context(context)?;
        fs::create_dir(root.join(TEMPORARY)).with_context(context)?;
        Ok(target)
    }

    /// What it holds, if an export ever came to its end.
    #[must_use]
    pub fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()
    }

    /// Whether a file is there with this size.
    #[must_use]
    pub fn has(&self, path: &str, bytes: u64) -> bool {
        fs::metadata(self.root.join(path)).is_ok_and(|meta| meta.is_file() && meta.len() == bytes)
    }

    /// Where a file lies until the dataset is complete.
    #[must_use]
    pub fn temporary(&self, path: &str) -> PathBuf {
        self.root.join(TEMPORARY).join(path.replace('/', "_"))
    }

    /// Puts new files, by their paths in the dataset, into the place of old ones, removes those of its
    /// tables that the manifest does not name, and writes the manifest.
    ///
    /// # Errors
    ///
    /// When the disk does not take it; the next export then completes it.
    pub fn complete(&mut self, manifest: Manifest, new: &[String]) -> Result<()> {
        let context = || {
            format!(
                "failed to complete the dataset in {}: check its disk, then export again",
                self.root.display()
            )
        };
        self.try_complete(&manifest, new).with_context(context)?;
        self.manifest = Some(manifest);
        Ok(())
    }

    fn try_complete(&self, manifest: &Manifest, new: &[String]) -> Result<()> {
        let mut folders = BTreeSet::from([self.root.clone()]);
        for path in new {
            let place = self.root.join(path);
            let folder = place.parent().unwrap_or(&self.root).to_owned();
            fs::create_dir_all(&folder)?;
            fs::rename(self.temporary(path), place)?;
            let above = folder.ancestors().take_while(|above| *above != self.root);
            folders.extend(above.map(Path::to_owned));
        }
        self.remove_others(manifest)?;
        // The longest paths first: a name is safe once those below it are.
        for folder in folders.iter().rev().filter(|folder| folder.is_dir()) {
            sync_folder(folder)?;
        }
        let temporary = self.temporary(MANIFEST);
        let mut file = File::create(&temporary)?;
        serde_json::to_writer_pretty(&file, manifest)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(temporary, self.root.join(MANIFEST))?;
        sync_folder(&self.root)?;
        Ok(self.clear_temporary()?)
    }

    /// Removes files in the folders of tables that the manifest does not name: years that are empty
    /// now. A folder that is empty then goes as well.
    fn remove_others(&self, manifest: &Manifest) -> io::Result<()> {
        let kept: BTreeSet<_> = manifest
            .tables
            .values()
            .flat_map(|table| table.files.iter().map(|file| self.root.join(&file.path)))
            .collect();
        let extension = format!(".{}", manifest.format.extension());
        for name in manifest.tables.keys() {
            let is_ours = |file: &str| {
                let rest = file.strip_prefix(name.as_str());
                let number = rest.and_then(|rest| rest.strip_suffix(&extension));
                number.is_some_and(|n| n.bytes().all(|b| b == b'-' || b.is_ascii_digit()))
            };
            remove_below(&self.root.join(name), &is_ours, &kept)?;
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
        // What cannot be removed now is by the next export.
        let _ = self.clear_temporary();
    }
}

/// Where the file of a month of a table lies in a dataset.
#[must_use]
pub fn path_of_month(table: &Table, year: i16, month: i8, format: Format) -> String {
    let (name, extension) = (table.name, format.extension());
    format!("{name}/year={year}/month={month:02}/{name}.{extension}")
}

/// Where a file of a table lies in a dataset. `partition` is the value of its folder.
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
            "{} is damaged: remove it, and the next export writes every file anew",
            path.display()
        )
    };
    // The version alone first: a newer manifest may look otherwise.
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
