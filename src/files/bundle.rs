//! Writes several files of one filing that become visible together.
//!
//! Each file is written under a temporary name and synced to the disk when it is complete. When all
//! files are complete, they are renamed into place and their folder is synced once. If a run dies
//! in between, complete files without a row remain; the next run replaces them.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use super::data_dir::{DataDir, INCOMING, sync_folder};
use super::{Fingerprint, Fingerprinter};
use crate::edgar::names::checked_name;
use crate::edgar::{Accession, Cik};

/// The temporary files of a filing. They are deleted unless [`Bundle::keep`] is called.
#[derive(Debug)]
pub struct Bundle<'a> {
    data_dir: &'a DataDir,
    temp: TempDir,
    /// The final names of the complete files. The temporary name of each is its index.
    names: Vec<String>,
    open: Option<OpenFile>,
}

#[derive(Debug)]
struct OpenFile {
    name: String,
    file: File,
    print: Fingerprinter,
}

impl Write for OpenFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.print.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl DataDir {
    /// Starts the files of a filing.
    ///
    /// # Errors
    ///
    /// The temporary folder cannot be created.
    pub fn begin_bundle(&self) -> io::Result<Bundle<'_>> {
        let temp = tempfile::Builder::new()
            .prefix("")
            .suffix(".part")
            .tempdir_in(self.root.join(INCOMING))?;
        Ok(Bundle {
            data_dir: self,
            temp,
            names: Vec::new(),
            open: None,
        })
    }
}

impl Bundle<'_> {
    /// Starts the next file and discards the current one, unless [`Bundle::end`] was called.
    ///
    /// # Errors
    ///
    /// The name is not safe as a file name, or the file cannot be created.
    pub fn begin(&mut self, name: &str) -> io::Result<()> {
        let name = checked_name(name).map_err(io::Error::other)?.to_owned();
        self.open = Some(OpenFile {
            name,
            file: File::create(self.temp_path(self.names.len()))?,
            print: Fingerprinter::default(),
        });
        Ok(())
    }

    /// Appends to the current file.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        open.write_all(bytes)
    }

    /// Replaces the content of the current file. `change` reads the old content and writes the new
    /// one. Returns the result of `change`.
    ///
    /// # Errors
    ///
    /// Reading or writing fails, or there is no current file.
    pub fn rewrite<T>(
        &mut self,
        change: impl FnOnce(&mut File, &mut dyn Write) -> io::Result<T>,
    ) -> io::Result<T> {
        let (path, new) = (
            self.temp_path(self.names.len()),
            self.temp.path().join("new"),
        );
        let Some(before) = self.open.take() else {
            return Err(io::Error::other("no file was started"));
        };
        drop(before.file);
        let mut after = OpenFile {
            name: before.name,
            file: File::create(&new)?,
            print: Fingerprinter::default(),
        };
        let changed = change(&mut File::open(&path)?, &mut after)?;
        std::fs::rename(&new, &path)?;
        self.open = Some(after);
        Ok(changed)
    }

    /// Completes the current file.
    ///
    /// # Errors
    ///
    /// The file cannot be synced, or there is no current file.
    pub fn end(&mut self) -> io::Result<Fingerprint> {
        let Some(open) = self.open.take() else {
            return Err(io::Error::other("no file was started"));
        };
        open.file.sync_all()?;
        self.names.push(open.name);
        Ok(open.print.finish())
    }

    /// Stores the wanted files durably in the folder of a filing and discards the others.
    ///
    /// # Errors
    ///
    /// A file cannot be stored. Some of the others may be stored already, each of them complete.
    pub fn keep(
        self,
        company: Cik,
        accession: Accession,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Result<()> {
        let names = self.names.iter().enumerate();
        let mut wanted = names.filter(|(_, name)| is_wanted(name)).peekable();
        if wanted.peek().is_none() {
            return Ok(());
        }
        let folder = self.data_dir.folder(company, accession)?;
        for (place, name) in wanted {
            let to = folder.join(name);
            std::fs::rename(self.temp_path(place), &to)
                .with_context(|| format!("failed to store {}", to.display()))?;
        }
        sync_folder(&folder).with_context(|| format!("failed to store {}", folder.display()))
    }

    fn temp_path(&self, place: usize) -> PathBuf {
        self.temp.path().join(place.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::super::FilePath;
    use super::*;

    #[test]
    fn nothing_of_a_bundle_is_seen_before_it_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open(dir.path()).unwrap();
        let folder = dir.path().join("edgar/data/320193/000032019323000106");
        let mut bundle = data_dir.begin_bundle().unwrap();
        for (name, content) in [
            ("a", "first"),
            ("b", "dropped"),
            ("c", "third"),
            ("d", "other"),
        ] {
            bundle.begin(name).unwrap();
            bundle.write(content.as_bytes()).unwrap();
            if name != "b" {
                assert_eq!(bundle.end().unwrap().bytes, 5);
            }
        }
        assert!(!folder.exists());
        let (company, accession) = ("320193".parse().unwrap(), "0000320193-23-000106");
        let accession = accession.parse().unwrap();
        bundle.keep(company, accession, |name| name != "d").unwrap();
        assert_eq!(std::fs::read(folder.join("a")).unwrap(), b"first");
        assert_eq!(std::fs::read(folder.join("c")).unwrap(), b"third");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
        let incoming = std::fs::read_dir(dir.path().join(INCOMING)).unwrap();
        assert_eq!(incoming.count(), 1, "the lock alone");
    }

    #[test]
    fn a_file_may_be_written_anew_before_it_is_ended() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open(dir.path()).unwrap();
        let mut bundle = data_dir.begin_bundle().unwrap();
        assert!(bundle.rewrite(|_, _| Ok(())).is_err());
        bundle.begin("a").unwrap();
        bundle.write(b"before").unwrap();
        let read = bundle.rewrite(|from, to| {
            let text = io::read_to_string(from)?;
            to.write_all(b"after")?;
            Ok(text)
        });
        assert_eq!(read.unwrap(), "before");
        bundle.write(b"wards").unwrap();
        let print = bundle.end().unwrap();
        let (company, accession) = ("320193".parse().unwrap(), "0000320193-23-000106");
        let place = FilePath {
            folder: company,
            accession: accession.parse().unwrap(),
            name: "a".to_owned(),
        };
        bundle.keep(company, place.accession, |_| true).unwrap();
        assert_eq!(
            std::fs::read(dir.path().join(place.path())).unwrap(),
            b"afterwards"
        );
        assert_eq!(Fingerprint::at(dir.path(), &place).unwrap(), Some(print));
    }

    #[test]
    fn a_bundle_takes_no_hostile_name() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = DataDir::open(dir.path()).unwrap();
        let mut bundle = data_dir.begin_bundle().unwrap();
        assert!(bundle.begin("../../x").is_err());
    }
}
