//! Opens the database: is it ours, is it current, and if not, what then.
//!
//! A file that is not ours is never written to: identity is checked before the first pragma that
//! changes anything.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB, OpenFlags, OptionalExtension, TransactionBehavior};
use sha2::{Digest, Sha256};

use super::error::{At, Error, Result};
use super::queries;

/// `fetl` in ASCII: tells our databases from all others.
const APPLICATION_ID: i32 = 0x6665_746c;

/// The schema this program knows.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "a handful of migrations, counted in a constant"
)]
const VERSION: i32 = queries::MIGRATIONS.len() as i32;

/// How long a writer waits for another program that keeps the database locked, such as somebody's
/// `VACUUM`: an error would end a run that may have been at work for hours.
const LOCKED: Duration = Duration::from_secs(30);

/// How long a reader waits for a writer. With a write-ahead log that is rare, and a matter of moments.
const BUSY: Duration = Duration::from_secs(5);

/// Refuses what [`for_writing`] would refuse, and makes nothing where nothing is: for the start of
/// a command, before it leaves a trace.
pub(super) fn check(path: &Path) -> Result<()> {
    let file = absolute(path)?;
    if is_there(path, &file)? {
        writable(path, &file, OpenFlags::empty())?;
    }
    Ok(())
}

/// Opens the database for writing; creates, migrates and refreshes the views as needed.
pub(super) fn for_writing(path: &Path) -> Result<Connection> {
    let file = absolute(path)?;
    is_there(path, &file)?;
    let mut db = writable(path, &file, OpenFlags::SQLITE_OPEN_CREATE)?;
    write_ahead(&db, path)?;
    migrate(&mut db, path)?;
    let doing = "prepare it for writing";
    // Only now: a migration may sort ten million rows, which is nothing for the memory.
    db.pragma_update(None, "temp_store", "MEMORY")
        .at(path, doing)?;
    // Only now: a table that a migration makes once more goes for a moment, and what users made that
    // refers to it would go along, or not let it.
    db.pragma_update(None, "foreign_keys", true)
        .at(path, doing)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

/// Whether there is a file already; an error where none can be.
fn is_there(path: &Path, file: &Path) -> Result<bool> {
    match fs::metadata(file) {
        Ok(meta) if !meta.is_file() => Err(Error::NotAFile(path.to_owned())),
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let folder = file.parent().unwrap_or(file);
            if !folder.is_dir() {
                return Err(Error::NoFolder(path.to_owned()));
            }
            Ok(false)
        }
        Err(error) => Err(unreachable(path, error)),
    }
}

/// A connection to a file that is ours, or to a new one, that can be written.
fn writable(path: &Path, file: &Path, create: OpenFlags) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create;
    let db = Connection::open_with_flags(file, flags).at(path, "open it")?;
    db.busy_timeout(LOCKED).at(path, "set a timeout")?;
    stable_plans(&db, path)?;
    identify(&db, path)?;
    if db.is_readonly(MAIN_DB).at(path, "ask for permissions")? {
        return Err(Error::ReadOnly(path.to_owned()));
    }
    Ok(db)
}

/// Opens the database for reading. Temporary tables can still be made.
pub(super) fn for_reading(path: &Path) -> Result<Connection> {
    let file = absolute(path)?;
    match fs::metadata(&file) {
        Ok(meta) if !meta.is_file() => return Err(Error::NotAFile(path.to_owned())),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(Error::Missing(path.to_owned()));
        }
        Err(error) => return Err(unreachable(path, error)),
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(&file, flags).at(path, "open it")?;
    db.busy_timeout(BUSY).at(path, "set a timeout")?;
    stable_plans(&db, path)?;
    let found = identify(&db, path)?;
    match found {
        0 => return Err(Error::Missing(path.to_owned())),
        VERSION => {}
        _ => {
            return Err(Error::Older {
                path: path.to_owned(),
                found,
                known: VERSION,
            });
        }
    }
    let doing = "prepare it for reading";
    db.pragma_update(None, "cache_size", -256).at(path, doing)?;
    db.pragma_update(None, "temp_store", "MEMORY")
        .at(path, doing)?;
    Ok(db)
}

/// The file as SQLite is to open it: an absolute path, because SQLite takes `:memory:`, `file:…` and
/// the empty name for something else.
fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|_| Error::NotAFile(path.to_owned()))
}

fn unreachable(path: &Path, error: std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::NotADirectory => Error::NoFolder(path.to_owned()),
        _ => Error::Unreachable(path.to_owned(), error),
    }
}

/// The schema version of a database of ours, 0 for an empty file; an error for all others.
fn identify(db: &Connection, path: &Path) -> Result<i32> {
    let (id, version, objects): (i32, i32, i64) = db
        .query_row(queries::IDENTITY, [], |row| row.try_into())
        .at(path, "read it")?;
    match (id, version) {
        (0, 0) if objects == 0 => Ok(0),
        (APPLICATION_ID, 0..=VERSION) => Ok(version),
        (APPLICATION_ID, found) if found > VERSION => Err(Error::Newer {
            path: path.to_owned(),
            found,
            known: VERSION,
        }),
        _ => Err(Error::Foreign(path.to_owned())),
    }
}

/// Plans that do not depend on the values of parameters. SQLite would otherwise prepare some
/// statements anew for each row: a quarter of the time of the artifacts' (measured).
fn stable_plans(db: &Connection, path: &Path) -> Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map(drop)
        .at(path, "set it up")
}

/// Write-ahead log and what goes with it.
fn write_ahead(db: &Connection, path: &Path) -> Result<()> {
    let doing = "prepare it for writing";
    let mode: String = db
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .at(path, doing)?;
    if mode != "wal" {
        return Err(Error::NoWal {
            path: path.to_owned(),
            mode,
        });
    }
    let set = |name, value: i64| db.pragma_update(None, name, value).at(path, doing);
    db.pragma_update(None, "synchronous", "NORMAL")
        .at(path, doing)?;
    set("foreign_keys", 0)?; // until the schema is the current one
    set("cache_size", -16 * 1024)?;
    // 10,000 pages are 40 MB of log between two checkpoints: fewer, larger ones write each page once.
    set("wal_autocheckpoint", 10_000)?;
    set("journal_size_limit", 64 * 1024 * 1024)
}

/// Brings schema and views up to date in one transaction, or leaves all as it was.
fn migrate(db: &mut Connection, path: &Path) -> Result<()> {
    let doing = "bring its schema up to date";
    let views = hex(&Sha256::digest(queries::VIEWS));
    let known_views = |db: &Connection| {
        db.query_row(queries::META_GET, ["views"], |row| row.get::<_, String>(0))
            .optional()
    };
    if identify(db, path)? == VERSION
        && known_views(db).at(path, doing)?.as_deref() == Some(views.as_str())
    {
        return Ok(());
    }
    let tx = db
        .transaction_with_behavior(TransactionBehavior::Exclusive)
        .at(path, doing)?;
    // Again, within the transaction: another process may have been faster.
    let version = identify(&tx, path)?;
    let done = usize::try_from(version).expect("identify gives 0 or more");
    for migration in queries::MIGRATIONS.iter().skip(done) {
        tx.execute_batch(migration).at(path, doing)?;
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID)
        .at(path, doing)?;
    tx.pragma_update(None, "user_version", VERSION)
        .at(path, doing)?;
    tx.execute_batch(queries::VIEWS).at(path, doing)?;
    tx.execute(queries::META_PUT, ["views", views.as_str()])
        .at(path, doing)?;
    tx.commit().at(path, doing)
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).expect("a nibble is 0 to 15");
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Sandbox, at, rows};
    use super::super::{Reader, Writer};
    use super::*;

    /// A file made by someone else, and what we say to it, for writing and for reading.
    #[track_caller]
    fn refusals(make: impl Fn(&Path)) -> [String; 2] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.db");
        make(&path);
        let before = fs::read(&path).ok();
        let messages = [
            Writer::open(&path).unwrap_err().to_string(),
            Reader::open(&path).unwrap_err().to_string(),
        ];
        assert_eq!(fs::read(&path).ok(), before, "a refused file was changed");
        messages.map(|message| {
            assert!(!message.contains('\n'), "{message}");
            message.replace(&path.display().to_string(), "FILE")
        })
    }

    fn sql(path: &Path, batch: &str) {
        let db = Connection::open(path).unwrap();
        db.execute_batch(batch).unwrap();
    }

    #[test]
    fn another_programs_database_is_refused_and_left_alone() {
        let expected = "FILE is a database of another program: name another file with --db; this one was left as it is";
        for batch in [
            "CREATE TABLE photos (id INTEGER)",
            "PRAGMA application_id = 7",
            "PRAGMA user_version = 1",
            "CREATE TABLE filings (id INTEGER); PRAGMA user_version = 1",
            "PRAGMA journal_mode = WAL; CREATE TABLE photos (id INTEGER)",
        ] {
            let [writing, reading] = refusals(|path| sql(path, batch));
            assert_eq!(writing, expected, "{batch}");
            assert_eq!(reading, expected, "{batch}");
        }
    }

    #[test]
    fn a_file_that_is_no_database_is_refused_and_left_alone() {
        for text in ["hello", &"<html>".repeat(2000)] {
            for message in refusals(|path| fs::write(path, text).unwrap()) {
                assert_eq!(
                    message,
                    "FILE is not an SQLite database: name another file with --db; this one was left as it is"
                );
            }
        }
    }

    #[test]
    fn a_newer_database_is_refused_with_what_to_do() {
        let messages = refusals(|path| {
            Writer::open(path).unwrap().close().unwrap();
            sql(path, "PRAGMA user_version = 99");
        });
        for message in messages {
            assert_eq!(
                message,
                format!(
                    "database FILE was written by a newer filing-etl (schema 99, this program knows {VERSION}): upgrade the program"
                )
            );
        }
    }

    #[test]
    fn a_negative_version_is_nobodys() {
        for message in refusals(|path| {
            Writer::open(path).unwrap().close().unwrap();
            sql(path, "PRAGMA user_version = -1");
        }) {
            assert!(message.contains("another program"), "{message}");
        }
    }

    #[test]
    fn a_folder_or_no_name_is_refused() {
        for message in refusals(|path| fs::create_dir(path).unwrap()) {
            assert_eq!(
                message,
                "database \"FILE\" is not a regular file: name one with --db"
            );
        }
        assert!(matches!(
            Writer::open(Path::new("")),
            Err(Error::NotAFile(_))
        ));
        assert!(matches!(
            Reader::open(Path::new("")),
            Err(Error::NotAFile(_))
        ));
    }

    #[test]
    fn a_missing_folder_is_named_and_a_missing_file_is_made_only_for_writing() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("none/some.db");
        assert!(matches!(Writer::open(&below), Err(Error::NoFolder(_))));
        let in_a_file = folder.path().join("file/some.db");
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(matches!(Writer::open(&in_a_file), Err(Error::NoFolder(_))));

        let path = folder.path().join("some.db");
        assert!(matches!(Reader::open(&path), Err(Error::Missing(_))));
        assert!(!path.exists());
        fs::write(&path, "").unwrap();
        assert!(matches!(Reader::open(&path), Err(Error::Missing(_))));
        Writer::open(&path).unwrap().close().unwrap();
        Reader::open(&path).unwrap();
    }

    #[test]
    fn names_that_sqlite_reads_otherwise_are_plain_files() {
        let folder = tempfile::tempdir().unwrap();
        for name in [":memory:", "file:x?mode=memory", "a b%20c.db"] {
            let path = folder.path().join(name);
            Writer::open(&path).unwrap().close().unwrap();
            assert!(path.is_file(), "{name}");
        }
    }

    #[test]
    fn opening_again_keeps_the_content_and_changes_nothing() {
        let Sandbox { folder, writer } = Sandbox::new();
        let path = folder.path().join("filings.db");
        writer.close().unwrap();
        let before = fs::read(&path).unwrap();
        Writer::open(&path).unwrap().close().unwrap();
        assert_eq!(fs::read(&path).unwrap(), before);
        assert_eq!(rows(&path, "SELECT count(*) FROM v_companies"), ["3"]);
    }

    #[test]
    fn closing_leaves_one_file() {
        let Sandbox { folder, writer } = Sandbox::new();
        writer.close().unwrap();
        let files: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(files, ["filings.db"]);
    }

    #[test]
    fn views_of_another_version_are_made_anew_and_a_users_own_stay() {
        let Sandbox { folder, writer } = Sandbox::new();
        let path = folder.path().join("filings.db");
        writer.close().unwrap();
        sql(
            &path,
            "DROP VIEW v_companies; CREATE VIEW v_companies AS SELECT 1 AS one;
             CREATE VIEW mine AS SELECT cik FROM v_filings;
             UPDATE meta SET value = 'old' WHERE key = 'views'",
        );
        Writer::open(&path).unwrap().close().unwrap();
        assert_eq!(
            rows(&path, "SELECT name FROM v_companies WHERE cik = 2"),
            ["Two"]
        );
        assert!(rows(&path, "SELECT * FROM mine").is_empty());
    }

    #[test]
    fn a_migration_that_fails_leaves_an_empty_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.db");
        let mut db = Connection::open(&path).unwrap();
        let tx = db
            .transaction_with_behavior(TransactionBehavior::Exclusive)
            .unwrap();
        tx.execute_batch(queries::MIGRATIONS[0]).unwrap();
        drop(tx);
        assert_eq!(identify(&db, &path).unwrap(), 0);
    }

    /// A database of the schema before `owners` and `exchange_counts`.
    fn database_of_version_3(path: &Path) {
        let db = Connection::open(path).unwrap();
        for migration in &queries::MIGRATIONS[..3] {
            db.execute_batch(migration).unwrap();
        }
        db.pragma_update(None, "application_id", APPLICATION_ID)
            .unwrap();
        db.pragma_update(None, "user_version", 3).unwrap();
        let filing = "'10-K', '2025-02-03', NULL, '', 'a', '', NULL, 0, '2025-02-03T00:00:00.000Z'";
        let batch = "INSERT INTO companies (cik, name, exchange, active) VALUES
                 (1, 'One', 'NYSE', 1), (2, 'Two', NULL, 1), (3, 'Three', 'NYSE', 0);
             INSERT INTO filings VALUES (1, 10, FILING), (2, 10, FILING), (2, 20, FILING);
             INSERT INTO artifacts (id, accession, cik, kind, name, status, bytes, error_kind) VALUES
                 (5, 10, 1, 0, 'a', 1, 7, NULL), (6, 20, 2, 0, 'a', 2, NULL, 'network'),
                 (9, 10, 1, 2, 'b', 0, NULL, NULL);
             INSERT INTO before_run VALUES (1, 1, 1), (2, 1, 0), (3, 0, 0);
             CREATE VIEW v_artifacts AS SELECT id FROM artifacts;
             CREATE VIEW mine AS SELECT id FROM v_artifacts;
             CREATE VIEW broken AS SELECT id FROM no_such_table;
             CREATE TABLE notes (artifact INTEGER REFERENCES artifacts (id) ON DELETE CASCADE);
             CREATE TABLE marks (artifact INTEGER REFERENCES artifacts (id));
             INSERT INTO notes VALUES (5); INSERT INTO marks VALUES (6)"
            .replace("FILING", filing);
        db.execute_batch(&batch).unwrap();
    }

    #[test]
    fn an_older_database_keeps_its_rows_and_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("filings.db");
        database_of_version_3(&path);
        assert!(matches!(Reader::open(&path), Err(Error::Older { .. })));
        let writer = Writer::open(&path).unwrap();
        let sandbox = Sandbox { folder, writer };
        sandbox.assert_counters();
        let artifacts =
            "SELECT id, accession, cik, name, status, last_error FROM v_artifacts ORDER BY id";
        assert_eq!(
            sandbox.rows(artifacts),
            [
                "5|0000000000-00-000010|1|a|downloaded|NULL",
                "6|0000000000-00-000020|2|a|failed|NULL",
                "9|0000000000-00-000010|1|b|pending|NULL",
            ]
        );
        assert_eq!(
            sandbox.rows("SELECT * FROM owners_settled"),
            ["10|1", "20|2"]
        );
        assert_eq!(
            sandbox.rows("SELECT id FROM mine ORDER BY id"),
            ["5", "6", "9"]
        );
        assert_eq!(
            sandbox.rows("SELECT artifact FROM notes UNION ALL SELECT artifact FROM marks"),
            ["5", "6"],
            "what users made"
        );
        assert!(sandbox.rows("PRAGMA foreign_key_check").is_empty());
        assert_eq!(
            sandbox.rows("SELECT exchange, active, inactive, filings FROM exchange_counts"),
            ["|1|0|2", "NYSE|1|1|1"]
        );
    }

    #[test]
    fn two_processes_may_open_a_new_database_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.db");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| Writer::open(&path).unwrap());
            }
        });
        Reader::open(&path).unwrap();
    }

    #[test]
    fn a_reader_does_not_hold_up_the_writer_and_sees_its_commits() {
        let mut sandbox = Sandbox::new();
        let reader = Reader::open(&sandbox.path()).unwrap();
        let batch = sandbox.writer.begin().unwrap();
        batch
            .company_checked(super::super::testing::cik(1), at(5))
            .unwrap();
        assert_eq!(reader.company_count().unwrap(), 3);
        batch.commit().unwrap();
        assert_eq!(
            rows(
                &sandbox.path(),
                "SELECT last_checked_at FROM v_companies WHERE cik = 1"
            ),
            ["2026-01-01T00:00:05.000Z"]
        );
    }

    #[test]
    fn the_views_have_the_promised_columns() {
        let sandbox = Sandbox::new();
        let promised = [
            "v_companies(cik, name, ticker, exchange, active, filings, last_checked_at)",
            "v_listings(cik, ticker, exchange, active)",
            "v_filings(accession, cik, form, filed_on, report_date, accepted_at, primary_document, items, size, is_xbrl, discovered_at)",
            "v_artifacts(id, accession, cik, form, filed_on, kind, name, url, status, path, bytes, sha256, attempts, last_error, downloaded_at, type, sequence, description)",
            "v_runs(id, command, status, started_at, ended_at, options, companies_total, companies_done, companies_with_new, filings_found, artifacts_created, downloads_ok, downloads_failed, requests, bytes, paused_seconds)",
            "v_errors(run_id, occurred_at, cik, accession, url, kind, message)",
        ];
        for promise in promised {
            let (view, columns) = promise.split_once('(').unwrap();
            let actual = sandbox.rows(&format!(
                "SELECT group_concat(name, ', ') FROM pragma_table_info('{view}')"
            ));
            assert_eq!(actual, [columns.trim_end_matches(')')], "{view}");
        }
        assert_eq!(
            sandbox.rows("SELECT count(*) FROM sqlite_schema WHERE type = 'view' AND name LIKE 'v\\_%' ESCAPE '\\'"),
            [promised.len().to_string()]
        );
    }

    #[test]
    fn every_table_is_strict() {
        let sandbox = Sandbox::new();
        assert!(
            sandbox
                .rows("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite%'")
                .is_empty()
        );
    }
}
