//! A separate folder for each test, runs of the binary in it, and their results.

pub mod html;
pub mod lists;
pub mod mask;
pub mod process;
pub mod proxy;
pub mod same;
pub mod scripted;
pub mod simulated;
pub mod tls;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Write as _};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use filing_etl::sim::{Fault, Simulator};
use rusqlite::Connection;
use rustix::fs::StatVfsMountFlags;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

/// A number from the environment, for tests that can be asked for more than they do by default.
pub fn number(name: &str, default: u64) -> u64 {
    #[expect(clippy::disallowed_methods, reason = "tests have no command line")]
    let given = std::env::var(name);
    given.map_or(default, |number| number.parse().unwrap())
}

/// The consecutive seeds of random sequences, `default` of them; only the given one with `FILING_ETL_SEED`. Both
/// can be changed in the environment.
pub fn seeds(default: u64) -> std::ops::Range<u64> {
    let first = number("FILING_ETL_SEED", 1);
    let default = if first == 1 { default } else { 1 };
    first..first + number("FILING_ETL_SEQUENCES", default)
}

/// The user agent of the tests.
pub const USER_AGENT: &str = "filing-etl tests tests@example.com";

/// A folder with its own database, documents and state. It is removed when dropped.
#[derive(Debug)]
pub struct Sandbox {
    dir: TempDir,
}

impl Sandbox {
    pub fn new() -> Self {
        Self {
            dir: in_memory().unwrap_or_else(|| tempfile::tempdir().unwrap()),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The binary, without the environment of the tests.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("filing-etl"));
        command
            .args(args)
            .current_dir(self.dir.path())
            .env_clear()
            .env("HOME", self.dir.path())
            .env("XDG_STATE_HOME", self.path("state"))
            .stdin(Stdio::null());
        command
    }

    /// The binary with this address for all URLs, without a rate limit.
    pub fn command_to(&self, url: &str, args: &[&str]) -> Command {
        let mut command = self.command(args);
        command
            .env("FILING_ETL_ARCHIVES_URL", url)
            .env("FILING_ETL_DATA_URL", url)
            .env("FILING_ETL_LISTINGS_URL", url)
            .env("FILING_ETL_USER_AGENT", USER_AGENT)
            .env("FILING_ETL_RATE", "none");
        command
    }

    /// The binary with this simulator, without a rate limit.
    pub fn command_against(&self, sim: &Simulator, args: &[&str]) -> Command {
        self.command_to(&sim.url(), args)
    }

    /// A copy of the binary that every user of this machine may run. The build, and the folder of the
    /// tests, may be closed to others.
    #[cfg(unix)]
    pub fn program_for_all(&self) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let program = self.path("filing-etl");
        // Another process copies it: a child that some other test starts meanwhile would inherit our
        // handle, and nothing that is open for writing can be run.
        let mut copy = Command::new("cp");
        copy.arg(self.command(&[]).get_program()).arg(&program);
        let _ = Output::of(copy).code(0);
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(self.dir.path(), open).unwrap();
        program
    }

    /// Runs the binary to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        Output::of(self.command(args))
    }

    /// Runs the binary against this simulator to its end.
    pub fn run_against(&self, sim: &Simulator, args: &[&str]) -> Output {
        Output::of(self.command_against(sim, args))
    }

    /// Runs the binary against this simulator to its end, at a time such as [`simulated::NOW`].
    pub fn run_at(&self, sim: &Simulator, now: &str, args: &[&str]) -> Output {
        let mut command = self.command_against(sim, args);
        command.env("FILING_ETL_NOW", now);
        Output::of(command)
    }

    /// A backfill from [`simulated::SINCE`] on, with these further arguments.
    pub fn backfill(&self, sim: &Simulator, args: &[&str]) -> Command {
        let since = simulated::SINCE.to_string();
        let given = args.contains(&"--since");
        let since: &[&str] = if given { &[] } else { &["--since", &since] };
        self.command_against(sim, &[&["backfill"], since, args].concat())
    }

    /// The database, read-only for tests.
    pub fn db(&self) -> Connection {
        Connection::open(self.path("filings.db")).unwrap()
    }

    /// The rows of a query, with all values as texts, joined with "|".
    pub fn rows(&self, sql: &str) -> Vec<String> {
        let db = self.db();
        let mut statement = db.prepare(sql).unwrap();
        let columns = statement.column_count();
        let rows = statement
            .query_map([], |row| {
                let values: Vec<String> = (0..columns)
                    .map(|i| {
                        row.get::<_, rusqlite::types::Value>(i).map(|v| match v {
                            rusqlite::types::Value::Null => "NULL".to_owned(),
                            rusqlite::types::Value::Integer(n) => n.to_string(),
                            rusqlite::types::Value::Real(n) => n.to_string(),
                            rusqlite::types::Value::Text(t) => t,
                            rusqlite::types::Value::Blob(b) => format!("{b:02x?}"),
                        })
                    })
                    .collect::<Result<_, _>>()?;
                Ok(values.join("|"))
            })
            .unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// The single number that a query returns.
    pub fn number(&self, sql: &str) -> i64 {
        self.db().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// The paths of the files recorded as downloaded.
    pub fn recorded(&self) -> BTreeSet<String> {
        let sql = "SELECT path FROM v_artifacts WHERE status = 'downloaded'";
        self.rows(sql).into_iter().collect()
    }

    /// The content of the folder for files that are being downloaded.
    pub fn incoming(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path("filings/.incoming")).unwrap();
        let name = |e: std::io::Result<std::fs::DirEntry>| e.unwrap().file_name();
        entries.map(|e| name(e).into_string().unwrap()).collect()
    }

    /// The files in the data dir, by path relative to it, with their content.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let root = self.path("filings");
        let mut files = BTreeMap::new();
        collect(&root, &root.join("edgar"), &mut files);
        files
    }
}

/// A folder in memory, where the machine has a place for that with room enough, and lets programs be
/// run there. Runs sync every file they store; on a disk, half of the time of these tests goes by in
/// waiting for it, and no test can tell the difference.
fn in_memory() -> Option<TempDir> {
    const ENOUGH: u64 = 2 << 30;
    let place = Path::new("/dev/shm");
    let room = rustix::fs::statvfs(place).ok()?;
    let may_run = !room.f_flag.contains(StatVfsMountFlags::NOEXEC);
    let is_enough = room.f_bavail.saturating_mul(room.f_frsize) >= ENOUGH;
    (may_run && is_enough)
        .then(|| tempfile::tempdir_in(place).ok())
        .flatten()
}

/// The same command in the hands of a program that runs what its arguments end with, such as `env`.
pub fn started_by(program: &str, args: &[&str], command: &Command) -> Command {
    let mut outer = Command::new(program);
    outer
        .args(args)
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .envs(command.get_envs().filter_map(|(k, v)| Some((k, v?))))
        .current_dir(command.get_current_dir().unwrap())
        .stdin(Stdio::null());
    outer
}

/// The same command after a shell has changed something for it, such as its umask.
pub fn after(change: &str, command: &Command) -> Command {
    let script = format!("{change}; exec \"$@\"");
    started_by("/bin/sh", &["-c", &script, "sh"], command)
}

/// The part of a path in the data dir that does not depend on the company in whose folder the file
/// of a joint filing lies: `accession/name`.
pub fn key(path: &str) -> &str {
    path.splitn(4, '/').nth(3).unwrap()
}

/// Files by [`key`].
pub fn by_filing(files: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    let files = files.into_iter();
    files
        .map(|(path, bytes)| (key(&path).to_owned(), bytes))
        .collect()
}

/// The SHA-256 of some bytes in hexadecimal, as in the database.
pub fn sha256(bytes: &[u8]) -> String {
    let mut digits = String::new();
    for byte in Sha256::digest(bytes) {
        write!(digits, "{byte:02x}").unwrap();
    }
    digits
}

/// Parses faults.
pub fn faults<T: AsRef<str>>(faults: &[T]) -> Vec<Fault> {
    let parse = |fault: &T| fault.as_ref().parse().unwrap();
    faults.iter().map(parse).collect()
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            files.insert(name, std::fs::read(&path).unwrap());
        }
    }
}

/// The output and the exit status of a run of the binary.
#[derive(Debug)]
#[must_use]
pub struct Output {
    pub stdout: String,
    pub stderr: String,
    pub status: ExitStatus,
    command: String,
}

impl Output {
    pub fn of(mut command: Command) -> Self {
        let shown = format!("{command:?}");
        let output = command.output().unwrap();
        Self::from_parts(output, shown)
    }

    /// Waits for a child whose output is piped.
    pub fn of_child(child: Child) -> Self {
        Self::from_parts(child.wait_with_output().unwrap(), "a child".to_owned())
    }

    fn from_parts(output: std::process::Output, command: String) -> Self {
        Self {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            status: output.status,
            command,
        }
    }

    /// Fails unless the run ended with this code.
    #[track_caller]
    pub fn code(self, expected: i32) -> Self {
        if self.status.code() != Some(expected) {
            self.fail(&format!(
                "expected exit code {expected}, got {}",
                self.status
            ));
        }
        self
    }

    /// Fails unless standard error contains this text.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        if !self.stderr.contains(text) {
            self.fail(&format!("standard error does not say {text:?}"));
        }
        self
    }

    /// Standard output as one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| self.fail(&format!("standard output is no JSON document: {e}")))
    }

    #[track_caller]
    fn fail(&self, why: &str) -> ! {
        let _ = std::io::stderr().flush();
        panic!(
            "{why}\n--- command\n{}\n--- stdout\n{}\n--- stderr\n{}",
            self.command, self.stdout, self.stderr
        );
    }
}

/// The response of the simulator to a request of the test itself. The request is in its log.
pub fn get(sim: &Simulator, path: &str) -> Vec<u8> {
    let mut stream = std::net::TcpStream::connect(sim.address()).unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {USER_AGENT}\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    answer.split_off(end + 4)
}
