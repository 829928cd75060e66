//! Opens the database. A new database is created; a database of another program, of a newer schema
//! or of a development version is refused.
//!
//! The identity of the file is checked before the first pragma that changes anything, so a refused
//! file is never written to.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags, OptionalExtension, TransactionBehavior};
use sha2::{Digest, Sha256};

use super::error::{AtPath, Error, Result};
use super::meta;
use super::queries::{self, meta as sql};

/// `fil1` in ASCII. It identifies databases of this program.
const APPLICATION_ID: i32 = 0x6669_6c31;

/// The application id of the development versions before this schema, `fetl` in ASCII.
const DEVELOPMENT_ID: i32 = 0x6665_746c;

/// The schema version of this program.
const VERSION: i32 = 1;

/// How long a writer waits while another program keeps the database locked, for example for a
/// `VACUUM`. An error would end a run that may have been running for hours.
const LOCKED: Duration = Duration::from_secs(30);

/// How long a reader waits for a writer. With a write-ahead log such waits are rare and short.
const BUSY: Duration = Duration::from_secs(5);

/// Refuses what [`for_writing`] would refuse, but creates nothing. A command calls this before it
/// writes anything.
pub(super) fn check(path: &Path) -> Result<()> {
    let file = absolute(path)?;
    if is_there(path, &file)? {
        writable(path, &file, OpenFlags::empty())?;
    }
    Ok(())
}

/// Opens the database for writing. Creates the database, or its views, if needed.
pub(super) fn for_writing(path: &Path) -> Result<Connection> {
    let file = absolute(path)?;
    is_there(path, &file)?;
    let mut db = writable(path, &file, OpenFlags::SQLITE_OPEN_CREATE)?;
    write_ahead(&db, path)?;
    create(&mut db, path)?;
    let doing = "prepare it for writing";
    db.pragma_update(None, "temp_store", "MEMORY")
        .at(path, doing)?;
    db.pragma_update(None, "foreign_keys", true)
        .at(path, doing)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

/// Whether the file exists. An error if it cannot exist, for example in a missing folder.
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

/// Connects to a writable file that is a database of this program or new.
fn writable(path: &Path, file: &Path, create: OpenFlags) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create;
    let db = Connection::open_with_flags(file, flags).at(path, "open it")?;
    db.busy_timeout(LOCKED).at(path, "set a timeout")?;
    stable_plans(&db, path)?;
    identify(&db, path)?;
    keep_log(&db, path)?;
    if db.is_readonly(MAIN_DB).at(path, "check its permissions")? {
        return Err(Error::ReadOnly(path.to_owned()));
    }
    Ok(db)
}

/// Opens the database for reading. Temporary tables are still possible.
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
    let version = identify(&db, path).map_err(|error| match error {
        Error::ReadOnly(_) | Error::CannotOpen { .. } if !shared_memory(&file).exists() => {
            Error::NoLog(path.to_owned())
        }
        error => error,
    })?;
    if version == 0 {
        return Err(Error::Missing(path.to_owned()));
    }
    keep_log(&db, path)?;
    let doing = "prepare it for reading";
    // Each discovery thread has a reader, and SQLite drops a reader's pages with every commit of the writer.
    db.pragma_update(None, "cache_size", -96).at(path, doing)?;
    db.pragma_update(None, "temp_store", "MEMORY")
        .at(path, doing)?;
    Ok(db)
}

/// The absolute path for SQLite. A relative path such as `:memory:`, `file:…` or the empty one
/// would have a special meaning.
fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|_| Error::NotAFile(path.to_owned()))
}

fn unreachable(path: &Path, error: std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::NotADirectory => Error::NoFolder(path.to_owned()),
        _ => Error::Unreachable(path.to_owned(), error),
    }
}

/// The schema version of a database of this program, or 0 for an empty file. All other files are
/// errors.
fn identify(db: &Connection, path: &Path) -> Result<i32> {
    let (id, version, objects): (i32, i32, i64) = db
        .query_row(sql::IDENTITY, [], |row| row.try_into())
        .at(path, "read it")?;
    match (id, version) {
        (0, 0) if objects == 0 => Ok(0),
        (APPLICATION_ID, VERSION) if has_this_schema(db).at(path, "read it")? => Ok(version),
        (APPLICATION_ID, VERSION) | (DEVELOPMENT_ID, 0..) => {
            Err(Error::Development(path.to_owned()))
        }
        (APPLICATION_ID, found) if found > VERSION => Err(Error::Newer {
            path: path.to_owned(),
            found,
            known: VERSION,
        }),
        _ => Err(Error::Foreign(path.to_owned())),
    }
}

/// Whether the database was created from this version of the schema file, which is edited in place
/// until the first release.
fn has_this_schema(db: &Connection) -> rusqlite::Result<bool> {
    let made_from = meta_value(db, meta::SCHEMA)?;
    Ok(made_from.as_deref() == Some(hash(queries::SCHEMA).as_str()))
}

fn meta_value(db: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    db.query_row(sql::GET, [key], |row| row.get(0)).optional()
}

/// Makes query plans independent of parameter values. Otherwise SQLite prepares some statements
/// again for each row, which took a quarter of the time of writing artifacts (measured).
fn stable_plans(db: &Connection, path: &Path) -> Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map(drop)
        .at(path, "configure it")
}

/// Leaves the files of the write-ahead log in place when the last connection closes. A user who may
/// only read cannot create them, and SQLite cannot read without them.
fn keep_log(db: &Connection, path: &Path) -> Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map(drop)
        .at(path, "configure it")
}

/// The file through which the processes that have a database open share the index of its log.
pub(super) fn shared_memory(db: &Path) -> PathBuf {
    let mut path = db.as_os_str().to_owned();
    path.push("-shm");
    path.into()
}

/// Turns on the write-ahead log. For this pragma SQLite does not wait by itself if another program
/// runs it too.
#[expect(
    clippy::disallowed_methods,
    reason = "no run has begun, and SQLite would wait for as long"
)]
fn journal_mode(db: &Connection) -> rusqlite::Result<String> {
    let began = Instant::now();
    loop {
        let mode = db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0));
        match mode
            .as_ref()
            .err()
            .and_then(rusqlite::Error::sqlite_error_code)
        {
            Some(ErrorCode::DatabaseBusy) if began.elapsed() < BUSY => {
                std::thread::sleep(Duration::from_millis(10));
            }
            _ => return mode,
        }
    }
}

/// Turns on the write-ahead log and sets its options.
fn write_ahead(db: &Connection, path: &Path) -> Result<()> {
    let doing = "prepare it for writing";
    let mode = journal_mode(db).at(path, doing)?;
    if mode != "wal" {
        return Err(Error::NoWal {
            path: path.to_owned(),
            mode,
        });
    }
    let set = |name, value: i64| db.pragma_update(None, name, value).at(path, doing);
    db.pragma_update(None, "synchronous", "NORMAL")
        .at(path, doing)?;
    set("cache_size", -8 * 1024)?;
    // A log of 10,000 pages (40 MB) between checkpoints: with fewer, larger checkpoints each page
    // is written to the database less often.
    set("wal_autocheckpoint", 10_000)?;
    set("journal_size_limit", 64 * 1024 * 1024)
}

/// Creates a missing schema, and creates the views again if their file has changed. One transaction
/// does both or nothing.
fn create(db: &mut Connection, path: &Path) -> Result<()> {
    let doing = "create its schema";
    let views = hash(queries::VIEWS);
    let has_views = |db: &Connection| {
        let known = meta_value(db, meta::VIEWS).at(path, doing)?;
        Ok::<_, Error>(known.as_deref() == Some(views.as_str()))
    };
    if identify(db, path)? == VERSION && has_views(db)? {
        return Ok(());
    }
    let tx = db
        .transaction_with_behavior(TransactionBehavior::Exclusive)
        .at(path, doing)?;
    // Checks again within the transaction, because another process may have created the schema
    // meanwhile.
    if identify(&tx, path)? == 0 {
        tx.execute_batch(queries::SCHEMA).at(path, doing)?;
        let schema = hash(queries::SCHEMA);
        tx.execute(sql::PUT, (meta::SCHEMA, schema))
            .at(path, doing)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)
            .at(path, doing)?;
        tx.pragma_update(None, "user_version", VERSION)
            .at(path, doing)?;
    }
    tx.execute_batch(queries::VIEWS).at(path, doing)?;
    tx.execute(sql::PUT, (meta::VIEWS, views)).at(path, doing)?;
    tx.commit().at(path, doing)
}

fn hash(text: &str) -> String {
    hex(&Sha256::digest(text))
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
    use super::super::testing::{Sandbox, at, cik, rows};
    use super::super::{Reader, Writer};
    use super::*;

    /// The errors that opening a file for writing and for reading returns.
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
    fn closing_leaves_all_in_one_file_and_the_log_empty_and_in_place() {
        let Sandbox { folder, writer } = Sandbox::new();
        writer.close().unwrap();
        Reader::open(&folder.path().join("filings.db")).unwrap();
        let log = fs::metadata(folder.path().join("filings.db-wal")).unwrap();
        assert_eq!(log.len(), 0);
        assert!(folder.path().join("filings.db-shm").exists());
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
    fn a_schema_that_cannot_be_made_leaves_an_empty_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.db");
        let mut db = Connection::open(&path).unwrap();
        let tx = db
            .transaction_with_behavior(TransactionBehavior::Exclusive)
            .unwrap();
        tx.execute_batch(queries::SCHEMA).unwrap();
        drop(tx);
        assert_eq!(identify(&db, &path).unwrap(), 0);
    }

    #[test]
    fn databases_of_development_versions_are_refused_and_left_alone() {
        let expected = "database FILE was written by a development version of filing-etl with another schema: name another file with --db, or move this one away; it was left as it is";
        for change in [
            "CREATE TABLE companies (cik INTEGER); PRAGMA application_id = 0x6665746c; PRAGMA user_version = 5",
            "PRAGMA application_id = 0x6665746c; PRAGMA user_version = 0",
        ] {
            assert_eq!(
                refusals(|path| sql(path, change)),
                [expected; 2],
                "{change}"
            );
        }
        let other_text = refusals(|path| {
            Writer::open(path).unwrap().close().unwrap();
            sql(path, "UPDATE meta SET value = 'x' WHERE key = 'schema'");
        });
        assert_eq!(other_text, [expected; 2]);
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
        let reader = sandbox.reader();
        let batch = sandbox.writer.begin().unwrap();
        batch.company_checked(cik(1), (at(5), at(5)), &[]).unwrap();
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

    /// The views and their columns in the table of `docs/database.md`.
    fn promised_columns() -> Vec<(&'static str, &'static str)> {
        let rows = include_str!("../../docs/database.md").lines();
        let promised = rows.filter(|row| row.starts_with("| `v_")).map(|row| {
            let cells: Vec<_> = row
                .split('|')
                .map(|cell| cell.trim_matches([' ', '`']))
                .collect();
            (cells[1], cells[3])
        });
        promised.collect()
    }

    #[test]
    fn the_views_have_the_columns_that_the_documentation_promises() {
        let sandbox = Sandbox::new();
        let promised = promised_columns();
        for (view, columns) in &promised {
            let actual = sandbox.rows(&format!(
                "SELECT group_concat(name, ', ') FROM pragma_table_info('{view}')"
            ));
            assert_eq!(actual, [*columns], "{view}");
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
