//! Users with read access only, and readers that keep a transaction open.

#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use filing_etl::sim::Simulator;
use rusqlite::{Connection, OpenFlags};

use crate::harness::process::Running;
use crate::harness::{Output, Sandbox, after, faults, simulated};

/// The user ID of a user who owns no files.
const NOBODY: u32 = 65_534;

/// Every command that only reads.
const COMMANDS: [&[&str]; 5] = [
    &["stats", "--json"],
    &["monitor", "--once", "--json"],
    &["diagnose", "--json"],
    &["filings", "--json"],
    &["companies", "list", "--json"],
];

/// A sandbox in which a second user can only read. If root runs the tests, that is another user; else it is
/// the same user without write permissions.
struct Shared<'a> {
    sandbox: &'a Sandbox,
    is_root: bool,
}

impl<'a> Shared<'a> {
    fn new(sandbox: &'a Sandbox) -> Self {
        let is_root = fs::metadata(sandbox.path("")).unwrap().uid() == 0;
        let shared = Self { sandbox, is_root };
        if is_root {
            let _ = sandbox.program_for_all();
        }
        shared
    }

    fn allow(&self, mode: u32) {
        fs::set_permissions(self.sandbox.path(""), Permissions::from_mode(mode)).unwrap();
    }

    /// Runs a command as the user who can only read.
    fn read(&self, mut command: Command) -> Output {
        if self.is_root {
            command.uid(NOBODY).gid(NOBODY);
            return Output::of(command);
        }
        let ours = ["filings.db", "filings.db-wal", "filings.db-shm"].map(|n| self.sandbox.path(n));
        let allow = |mode| {
            for file in ours.iter().filter(|file| file.exists()) {
                fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
            }
        };
        allow(0o444);
        self.allow(0o555);
        let output = Output::of(command);
        self.allow(0o755);
        allow(0o644);
        output
    }

    /// Runs the program as the user who can only read.
    fn run(&self, args: &[&str]) -> Output {
        let ours = self.sandbox.command(args);
        if !self.is_root {
            return self.read(ours);
        }
        let mut command = Command::new(self.sandbox.path("filing-etl"));
        command
            .args(args)
            .current_dir(self.sandbox.path(""))
            .env_clear()
            .stdin(Stdio::null());
        self.read(command)
    }

    /// The output of SQLite's shell, if it is installed.
    fn sqlite(&self, sql: &str) -> Option<String> {
        Command::new("sqlite3").arg("--version").output().ok()?;
        let mut command = Command::new("sqlite3");
        command
            .arg("-readonly")
            .arg(self.sandbox.path("filings.db"))
            .arg(sql);
        Some(self.read(command).code(0).stdout)
    }

    fn names(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.sandbox.path("")).unwrap();
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        entries.map(|e| name(e).into_string().unwrap()).collect()
    }

    /// Fails unless every read-only command gives the same result as for the owner and changes nothing.
    #[track_caller]
    fn all_can_be_read(&self, companies: &str) {
        let before = self.names();
        for command in COMMANDS {
            let read = self.run(command).code(0);
            assert_eq!(read.stderr, "", "{command:?}");
            assert!(!read.stdout.is_empty(), "{command:?}");
        }
        let sql = "SELECT count(*) FROM v_companies";
        if let Some(found) = self.sqlite(sql) {
            assert_eq!(found.trim(), companies);
        }
        assert_eq!(self.names(), before);
    }
}

fn filled() -> (Sandbox, Simulator) {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let _ = Output::of(sandbox.backfill(&sim, &["--no-download"])).code(0);
    (sandbox, sim)
}

fn companies(sandbox: &Sandbox) -> String {
    sandbox.rows("SELECT count(*) FROM v_companies").remove(0)
}

/// Reads as SQLite does by default, which removes the files of the log at the end.
fn put_back(sandbox: &Sandbox) {
    let _ = sandbox.run(&["stats"]).code(0);
}

#[test]
fn between_runs_a_user_who_may_only_read_reads_everything() {
    let (sandbox, sim) = filled();
    let shared = Shared::new(&sandbox);
    assert_eq!(
        fs::metadata(sandbox.path("filings.db-wal")).unwrap().len(),
        0
    );
    let owner = sandbox.run(&["stats", "--json"]).code(0);
    assert_eq!(
        shared.run(&["stats", "--json"]).code(0).stdout,
        owner.stdout
    );
    let found = companies(&sandbox);
    put_back(&sandbox);
    shared.all_can_be_read(&found);
    // A refused run leaves the files as well.
    let _ = sandbox.run(&["update", "--user-agent", "nobody"]).code(2);
    let _ = sandbox.run_against(&sim, &["update", "--cik", "7"]).code(2);
    shared.all_can_be_read(&found);
    // So does the backup of `docs/operating.md`, if SQLite's shell is installed.
    let mut backup = Command::new("sqlite3");
    backup
        .args(["-readonly", "filings.db", "VACUUM INTO 'backup.db'"])
        .current_dir(sandbox.path(""));
    if let Ok(status) = backup.status() {
        assert!(status.success() && sandbox.path("backup.db").exists());
        shared.all_can_be_read(&found);
    }
}

#[test]
fn during_a_run_and_after_a_killed_one_a_user_who_may_only_read_reads_everything() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let shared = Shared::new(&sandbox);
    sim.set_faults(faults(&["stall=3600@discovery#20"]));
    let args = ["--preset", "sequential", "--no-download"];
    let mut run = Running::start(sandbox.backfill(&sim, &args));
    let is_going = run.until(|| {
        let look = sandbox.run(&["monitor", "--once", "--json"]);
        look.status.success() && look.json()["run"]["companies"]["done"].as_u64() > Some(0)
    });
    assert!(is_going);
    let found = companies(&sandbox);
    shared.all_can_be_read(&found);
    let look = shared.run(&["monitor", "--once", "--json"]).code(0).json();
    assert_eq!(look["state"], "running");
    let _ = run.kill();
    assert!(fs::metadata(sandbox.path("filings.db-wal")).unwrap().len() > 0);
    shared.all_can_be_read(&found);
    let look = shared.run(&["monitor", "--once", "--json"]).code(0).json();
    assert_eq!(look["state"], "dead");
}

/// The files below a folder that the group may not read, and the folders that it may not list.
fn closed_to_the_group(folder: &Path) -> Vec<PathBuf> {
    let mut closed = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let wanted = if path.is_dir() { 0o050 } else { 0o040 };
        if fs::metadata(&path).unwrap().permissions().mode() & wanted != wanted {
            closed.push(path.clone());
        }
        if path.is_dir() {
            closed.extend(closed_to_the_group(&path));
        }
    }
    closed
}

#[test]
fn every_file_of_a_run_has_the_permissions_that_the_umask_leaves() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let jobs: [&[&str]; 4] = [
        &["backfill", "--limit", "6"],
        &["backfill", "--limit", "6", "--artifacts", "documents"],
        &[
            "backfill",
            "--limit",
            "6",
            "--discover-from",
            "bulk",
            "--since",
            "4y",
        ],
        &["facts", "sync"],
    ];
    for job in jobs {
        let ours = sandbox.command_against(&sim, job);
        let _ = Output::of(after("umask 027", &ours)).code(0);
    }
    for name in [
        "filings/.filing-etl-id",
        "filings/.bulk/notes.json",
        "filings/.facts/notes.json",
    ] {
        assert!(sandbox.path(name).exists(), "{name}");
    }
    assert_eq!(
        closed_to_the_group(&sandbox.path("")),
        [""; 0].map(PathBuf::from)
    );
}

#[test]
fn a_user_who_may_only_read_is_told_how_missing_log_files_come_back() {
    let (sandbox, _sim) = filled();
    let shared = Shared::new(&sandbox);
    // As SQLite's shell does for a user with write access.
    for name in ["filings.db-wal", "filings.db-shm"] {
        fs::remove_file(sandbox.path(name)).unwrap();
    }
    let _ = shared
        .run(&["stats"])
        .code(1)
        .says("log files, which are missing")
        .says("filing-etl stats");
    put_back(&sandbox);
    let _ = shared.run(&["stats"]).code(0);
}

/// An open transaction of another program, which is the test itself.
fn reading(sandbox: &Sandbox) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let db = Connection::open_with_flags(sandbox.path("filings.db"), flags).unwrap();
    db.execute_batch("BEGIN; SELECT count(*) FROM v_companies")
        .unwrap();
    db
}

#[test]
fn a_reader_who_delays_the_end_of_a_run_is_named() {
    let (sandbox, sim) = filled();
    let log = sandbox.path("log");
    for lets_go in [true, false] {
        let reading = reading(&sandbox);
        let mut command = sandbox.backfill(&sim, &["--limit", "1", "--progress", "none"]);
        command
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap());
        let mut run = Running::start_as_is(command);
        let said = || fs::read_to_string(&log).unwrap();
        let is_named = run.until(|| said().contains("waiting up to 5 seconds"));
        assert!(is_named, "{}", said());
        if cfg!(target_os = "linux") {
            let us = format!("is kept open by process {} (", std::process::id());
            assert!(said().contains(&us), "{}", said());
        }
        let mut reading = Some(reading);
        if lets_go {
            reading = None;
        }
        let _ = run.end().code(0);
        assert_eq!(said().contains("is still kept open by"), !lets_go);
        let left = fs::metadata(sandbox.path("filings.db-wal")).unwrap().len();
        assert_eq!(left > 0, !lets_go);
        drop(reading);
    }
}
