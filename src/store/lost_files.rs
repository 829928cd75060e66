//! Files that should be on disk, and those that `verify` found missing or damaged: they are queued again.

use rusqlite::Row;

use super::artifacts::file_name;
use super::batch::Batch;
use super::error::{AtPath, Result};
use super::holdings::Change;
use super::queries::artifacts as sql;
use super::reader::{Reader, number, optional_number};
use super::values::{ArtifactStatus, SubmissionStatus, integer};
use crate::edgar::{Accession, Cik, FileName};

/// A stored file's id. Files are read in the order of their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredId(pub(super) i64);

impl StoredId {
    /// Before the first id.
    pub const START: Self = Self(0);
}

/// A file that should be on disk, with its expected length and hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    pub id: StoredId,
    pub accession: Accession,
    pub folder: Cik,
    pub name: String,
    pub bytes: Option<u64>,
    pub sha256: Option<[u8; 32]>,
}

impl Reader {
    /// The next `n` files that should be on disk, after an id. Empty at the end.
    pub fn stored_files(&self, after: StoredId, n: usize) -> Result<Vec<StoredFile>> {
        let (doing, n) = ("list the stored files", integer(n as u64));
        self.rows(sql::STORED_FILES, (after.0, n), doing, stored_file)
    }

    /// The next `n` lost files after an id: stored once and not on disk now.
    pub fn lost_files(&self, after: StoredId, n: usize) -> Result<Vec<StoredFile>> {
        let (doing, n) = ("list the lost files", integer(n as u64));
        self.rows(sql::LOST_FILES, (after.0, n), doing, stored_file)
    }

    /// The number of files that should be on disk, and their bytes.
    pub fn stored_total(&self) -> Result<(u64, u64)> {
        let doing = "count the stored files";
        self.one(sql::STORED_TOTAL, (), doing, |row| {
            Ok((number(row, 0)?, number(row, 1)?))
        })
    }
}

fn stored_file(row: &Row<'_>) -> rusqlite::Result<StoredFile> {
    Ok(StoredFile {
        id: StoredId(row.get(0)?),
        accession: row.get(1)?,
        folder: row.get(2)?,
        name: row.get(3)?,
        bytes: optional_number(row, 4)?,
        sha256: row.get(5)?,
    })
}

impl Batch<'_> {
    /// Queues a downloaded file again that is missing or damaged on disk. Its row keeps its length
    /// and hash, and `why` is its last error until it is downloaded. Returns whether the file was
    /// on record as downloaded.
    pub fn lost(&mut self, file: &StoredFile, why: &str) -> Result<bool> {
        let filing = self.filing(file.accession)?;
        let (path, doing) = (self.path, "queue a file again");
        if self.execute(sql::LOST, (file.id.0, why), doing)? == 0 {
            return Ok(false);
        }
        let bytes = integer(file.bytes.unwrap_or(0));
        self.count(
            &filing,
            Change::files(ArtifactStatus::Downloaded, -1, Some(-bytes)),
        )
        .and_then(|()| self.count(&filing, Change::files(ArtifactStatus::Pending, 1, None)))
        .at(path, doing)?;
        Ok(true)
    }

    /// A submission that was queued because files of it were lost is not asked for once all of them are
    /// back. Tells whether it was.
    ///
    /// # Errors
    ///
    /// If the database cannot be written, or the filing is not on record.
    pub fn submission_whole(&mut self, accession: Accession) -> Result<bool> {
        let filing = self.filing(accession)?;
        let (path, doing) = (self.path, "take a submission off the queue");
        let before = self.submission_status(filing.id).at(path, doing)?;
        let Some(status) = before.filter(|status| status.is_queued()) else {
            return Ok(false);
        };
        if self.execute(sql::SUBMISSION_WHOLE, [filing.id], doing)? == 0 {
            return Ok(false);
        }
        if let Some(status) = status.as_artifact() {
            self.count(&filing, Change::files(status, -1, None))
                .at(path, doing)?;
        }
        Ok(true)
    }

    /// Queues a filing's submission if one request for it replaces several for lost files, or if
    /// EDGAR does not serve one of the lost files by itself. Returns whether the submission is
    /// queued.
    ///
    /// # Errors
    ///
    /// The filing is not on record.
    pub fn queue_lost(&mut self, accession: Accession) -> Result<bool> {
        let filing = self.filing(accession)?;
        let (path, doing) = (self.path, "queue lost files");
        let lost: Vec<FileName> = self
            .tx
            .prepare_cached(sql::LOST_OF_FILING)
            .and_then(|mut rows| {
                rows.query_map([filing.id], |row| file_name(row, 0))?
                    .collect()
            })
            .at(path, doing)?;
        if lost.len() < 2 && lost.iter().all(|file| file.is_served(accession)) {
            return Ok(false);
        }
        let known = self.submission_status(filing.id).at(path, doing)?;
        if known.is_some_and(SubmissionStatus::is_queued) {
            return Ok(true);
        }
        self.submission_again(&filing, known).at(path, doing)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::super::artifacts::Recorded;
    use super::super::testing::{
        Sandbox, accession, exhibit, file, filing, missing, primary, print,
    };
    use super::*;
    use crate::edgar::{ArtifactKind, Target};

    /// Loses every stored file of the first filing that has one of these names.
    fn lose(sandbox: &mut Sandbox, names: &[&str]) -> bool {
        let stored = sandbox.reader().stored_files(StoredId::START, 10).unwrap();
        sandbox.write(|b| {
            for file in stored.iter().filter(|f| names.contains(&f.name.as_str())) {
                assert!(b.lost(file, "verify: missing").unwrap());
                assert!(!b.lost(file, "verify: missing").unwrap(), "once");
            }
            b.queue_lost(accession(1)).unwrap()
        })
    }

    #[test]
    fn a_lost_file_keeps_its_hash_and_is_one_request() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1)]);
        sandbox.queue(&[primary(1, "a.htm"), primary(1, "b.htm")]);
        for name in ["a.htm", "b.htm"] {
            sandbox.stored(1, name, print(1000));
        }
        assert!(!lose(&mut sandbox, &["a.htm"]), "no submission");
        assert_eq!(sandbox.targets(), [primary(1, "a.htm").target]);
        assert_eq!(
            sandbox.rows("SELECT status, path, bytes, sha256 IS NULL, last_error FROM v_artifacts WHERE name = 'a.htm'"),
            ["pending|NULL|1000|0|verify: missing"]
        );
        let reader = sandbox.reader();
        assert_eq!(reader.stored_total().unwrap(), (1, 1000));
        let lost = reader.lost_files(StoredId::START, 10).unwrap();
        let lost: Vec<_> = lost.iter().map(|f| (f.name.as_str(), f.sha256)).collect();
        assert_eq!(lost, [("a.htm", Some(print(1000).sha256))]);
        sandbox.assert_counters();
        assert_eq!(sandbox.stored(1, "a.htm", print(1000)), Recorded::Queued);
        assert_eq!(reader.stored_total().unwrap(), (2, 2000));
        sandbox.assert_counters();
    }

    #[test]
    fn two_lost_files_are_one_submission_and_wait_for_it() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1)]);
        let all = ["a.htm", "b.htm", "c.htm"].map(|name| exhibit(name, Ok(print(7))));
        sandbox.split(1, &all);
        assert!(lose(&mut sandbox, &["a.htm", "c.htm"]));
        assert!(lose(&mut sandbox, &[]), "it is queued already");
        assert_eq!(sandbox.targets(), [Target::Documents]);
        assert_eq!(
            sandbox.statuses(),
            [
                "a.htm|pending",
                "b.htm|downloaded",
                "c.htm|pending",
                "documents|pending"
            ]
        );
        sandbox.assert_counters();
        let came = sandbox.split(1, &all);
        assert_eq!(came, [Recorded::Queued, Recorded::Stored, Recorded::Queued]);
        assert!(sandbox.targets().is_empty());
        sandbox.assert_counters();
    }

    #[test]
    fn a_lost_file_without_a_name_of_its_own_takes_the_submission() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1)]);
        let name = "0000000000-00-000001-2.txt";
        sandbox.split(1, &[exhibit(name, Ok(print(7)))]);
        assert!(lose(&mut sandbox, &[name]));
        assert_eq!(sandbox.targets(), [Target::Documents]);
        assert_eq!(
            sandbox.split(1, &[exhibit(name, Ok(print(7)))]),
            [Recorded::Queued]
        );
        sandbox.assert_counters();
    }

    #[test]
    fn lost_files_are_asked_for_singly_where_edgar_does_not_have_the_submission() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1)]);
        let all = ["a.htm", "b.htm"].map(|name| exhibit(name, Ok(print(7))));
        sandbox.split(1, &all);
        assert!(lose(&mut sandbox, &["a.htm", "b.htm"]));
        for day in 1..=3 {
            assert_eq!(sandbox.targets(), [Target::Documents]);
            sandbox.fail(&Target::Documents, &missing(), day);
        }
        let single = ["a.htm", "b.htm"].map(|name| Target::File(file(ArtifactKind::Exhibit, name)));
        assert_eq!(sandbox.targets(), single);
        sandbox.assert_counters();
    }

    #[test]
    fn a_submission_that_comes_back_with_other_bytes_touches_nothing_on_disk() {
        let mut sandbox = Sandbox::new();
        sandbox.put(1, &[filing(1)]);
        let all = ["a.htm", "b.htm"].map(|name| exhibit(name, Ok(print(7))));
        sandbox.split(1, &all);
        lose(&mut sandbox, &["b.htm"]);
        let rows = "SELECT bytes, status FROM v_artifacts WHERE name = 'a.htm'";
        let before = sandbox.rows(rows);
        let other = [
            exhibit("a.htm", Ok(print(8))),
            exhibit("B.HTM", Ok(print(9))),
            exhibit("c.htm", Ok(print(1))),
        ];
        assert_eq!(
            sandbox.split(1, &other),
            [Recorded::Differs, Recorded::OtherBytes, Recorded::New]
        );
        assert_eq!(sandbox.rows(rows), before);
        assert_eq!(
            sandbox.rows("SELECT name, bytes FROM v_artifacts ORDER BY name"),
            ["a.htm|7", "b.htm|9", "c.htm|1"],
            "the lost one has its new hash"
        );
        sandbox.assert_counters();
    }
}
