//! Full and read-only disks, and locked databases: the run ends with a message, no incomplete file has a final
//! name, and a later run completes the work.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use filing_etl::sim::{Options, Resource, SimFiling, Simulator};

use crate::harness::process::{Running, for_each};
use crate::harness::same::same_set;
use crate::harness::simulated;
use crate::harness::{Output, Sandbox, after, key, started_by};

fn simulator() -> (Simulator, Vec<(u64, SimFiling)>) {
    let sim = simulated::start(Options {
        companies: 13,
        ..simulated::small()
    });
    let filings = simulated::reports(&sim);
    (sim, filings)
}

/// Fails unless every file is complete.
#[track_caller]
fn whole(sandbox: &Sandbox, contents: &BTreeMap<String, Vec<u8>>) {
    for (path, bytes) in sandbox.files() {
        assert!(contents.get(key(&path)) == Some(&bytes), "{path}");
    }
}

/// Runs the same job again without faults, and fails unless everything is complete then.
#[track_caller]
fn completed(sandbox: &Sandbox, sim: &Simulator, filings: &[(u64, SimFiling)]) {
    assert_eq!(sandbox.rows("PRAGMA integrity_check"), ["ok"]);
    let _ = Output::of(sandbox.backfill(sim, &[])).code(0);
    let contents = simulated::contents(sim, filings);
    whole(sandbox, &contents);
    assert_eq!(sandbox.files().len(), contents.len());
    let files = sandbox.files().into_keys().collect();
    same_set(&files, &sandbox.recorded(), "a row for each file");
}

/// The last line of an aborted run.
#[track_caller]
fn last_line(output: &Output) -> &str {
    let errors = output.stderr.lines().filter(|l| l.starts_with("error: "));
    assert_eq!(errors.count(), 1, "{}", output.stderr);
    output.stderr.lines().last().unwrap()
}

/// The same command with a limit of this many KiB on file sizes, which acts like a full disk and works on
/// every machine. The signal of the limit must be ignored, or it would end the process. (The unit is 512
/// bytes in some shells and 1024 in others; no test depends on it.)
fn confined(command: &Command, kib: u32) -> Command {
    let limit = format!("trap '' XFSZ; ulimit -f {}", 2 * kib);
    after(&limit, command)
}

/// The arguments of `unshare` that permit mounting, if the system permits it.
fn may_mount() -> Option<&'static [&'static str]> {
    let ways = [&["--user", "--map-root-user", "--mount"][..], &["--mount"]];
    let works = |way: &&[&str]| {
        let mut mount = Command::new("unshare");
        mount
            .args(*way)
            .args(["mount", "-t", "tmpfs", "tmpfs", "/tmp"]);
        mount.output().is_ok_and(|output| output.status.success())
    };
    ways.into_iter().find(works)
}

/// Mounts a disk over a folder, copies the content of the folder to it, and runs a command. No other process
/// sees the disk. At the end its files are copied to the folder, as if to a larger disk.
const WITH_A_DISK_OF: &str = r#"
set -e
folder=$1 kib=$2
shift 2
mkdir disk
mount -t tmpfs -o "size=${kib}k" tmpfs disk
cp -a "$folder/." disk
rm -r "$folder"
mkdir "$folder"
mount --bind disk "$folder"
code=0
"$@" || code=$?
umount "$folder"
cp -a disk/. "$folder"
exit $code
"#;

/// The same command with one of the sandbox's folders on a disk of this many KiB, so that the kernel reports a
/// full disk. `None`, with a message, if the system does not permit mounting.
#[expect(clippy::print_stderr, reason = "a test that was skipped has to say so")]
fn on_a_small_disk(folder: &str, kib: u64, command: &Command) -> Option<Output> {
    let Some(way) = may_mount() else {
        eprintln!("SKIPPED: this system does not let the tests mount a disk that can run full");
        return None;
    };
    let kib = kib.to_string();
    let script = ["/bin/sh", "-c", WITH_A_DISK_OF, "sh", folder, &kib];
    let mut small = started_by("unshare", &[way, &script].concat(), command);
    small.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    Some(Output::of(small))
}

/// Documents, some of them larger than a MiB.
fn simulator_of_large_documents() -> (Simulator, Vec<(u64, SimFiling)>) {
    let sim = simulated::start(Options {
        companies: 13,
        document_scale: 0.3,
        ..simulated::small()
    });
    let filings = simulated::reports(&sim);
    (sim, filings)
}

/// Fails unless a run ended because of the full disk, and the next one completes it.
#[track_caller]
fn ended_for_want_of_room(
    output: Output,
    sandbox: &Sandbox,
    sim: &Simulator,
    filings: &[(u64, SimFiling)],
) {
    let output = output.code(1);
    let line = last_line(&output);
    assert!(
        line.starts_with("error: failed to store files in ")
            && line.ends_with(": free some space, then run the same command again"),
        "{line}"
    );
    let contents = simulated::contents(sim, filings);
    whole(sandbox, &contents);
    assert!(sandbox.files().len() < contents.len());
    assert_eq!(sandbox.incoming(), ["lock"]);
    let left = "SELECT count(*) FROM v_artifacts WHERE status = 'failed'";
    assert_eq!(sandbox.number(left), 0, "the disk's fault, not theirs");
    assert_eq!(
        sandbox.rows("SELECT status FROM v_runs"),
        ["completed", "failed"]
    );
    completed(sandbox, sim, filings);
}

#[test]
fn a_disk_that_takes_no_more_of_a_file_ends_the_run_with_what_to_do() {
    let (sim, filings) = simulator_of_large_documents();
    let contents = simulated::contents(&sim, &filings);
    assert!(contents.values().any(|bytes| bytes.len() > 1024 * 1024));
    let sandbox = Sandbox::new();
    let _ = Output::of(sandbox.backfill(&sim, &["--no-download"])).code(0);
    let output = Output::of(confined(&sandbox.backfill(&sim, &[]), 512));
    ended_for_want_of_room(output, &sandbox, &sim, &filings);
}

#[test]
fn a_full_disk_under_the_files_ends_the_run_with_what_to_do() {
    let (sim, filings) = simulator_of_large_documents();
    let contents = simulated::contents(&sim, &filings);
    assert!(contents.values().map(Vec::len).sum::<usize>() > 2 * 1024 * 1024);
    // Without space for any document after the identity file of the data dir, and with space for some.
    for kib in [8, 2 * 1024] {
        let sandbox = Sandbox::new();
        let _ = Output::of(sandbox.backfill(&sim, &["--no-download"])).code(0);
        let command = sandbox.backfill(&sim, &[]);
        let Some(output) = on_a_small_disk("filings", kib, &command) else {
            return;
        };
        let output = output.says(": No space left on device (os error 28): free some space");
        ended_for_want_of_room(output, &sandbox, &sim, &filings);
    }
}

/// Enough filings that the database takes more than 256 KiB, however the writer groups its commits. That is
/// the largest of the limits in these tests.
fn simulator_of_many_filings() -> (Simulator, Vec<(u64, SimFiling)>) {
    let sim = simulated::start(Options {
        companies: 120,
        ..simulated::small()
    });
    let filings = simulated::reports(&sim);
    (sim, filings)
}

#[track_caller]
fn needs_more_than(kib: u64, sandbox: &Sandbox) {
    let database = fs::metadata(sandbox.path("filings.db")).unwrap().len();
    assert!(database > kib * 1024, "{database} bytes fit");
}

/// The message about a full disk.
const MAKE_ROOM: &str = " (free some space on its disk, then start again): ";

#[test]
fn a_disk_that_takes_no_more_of_the_database_ends_the_run_with_what_to_do() {
    let (sim, filings) = simulator_of_many_filings();
    // From the start, when SQLite cannot create its shared memory, and in the middle of the run.
    for (synced, kib, hint) in [
        (false, 8, MAKE_ROOM),
        (true, 64, " (check its disk): "),
        (true, 128, " (check its disk): "),
    ] {
        let sandbox = Sandbox::new();
        if synced {
            let _ = sandbox.run_against(&sim, &["companies", "sync"]).code(0);
        }
        let output = Output::of(confined(&sandbox.backfill(&sim, &[]), kib)).code(1);
        let line = last_line(&output);
        assert!(line.contains("database filings.db: cannot "), "{line}");
        if !synced {
            assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
            assert_eq!((output.stdout.as_str(), sim.log().requests()), ("", 0));
        }
        assert!(line.contains(&format!("{hint}disk I/O error")), "{line}");
        whole(&sandbox, &simulated::contents(&sim, &filings));
        completed(&sandbox, &sim, &filings);
        needs_more_than(2 * u64::from(kib), &sandbox);
    }
}

#[test]
fn a_full_disk_under_the_database_ends_the_run_with_what_to_do() {
    let (sim, filings) = simulator_of_many_filings();
    // From the start, without space for SQLite's shared memory or for the tables, and in the middle of the
    // run.
    for (synced, room, cause) in [
        (false, 16, "cannot read it"),
        (false, 64, "cannot create its schema"),
        (true, 96, "cannot commit"),
        (true, 160, "cannot commit"),
    ] {
        let sandbox = Sandbox::new();
        fs::create_dir(sandbox.path("disk-of-db")).unwrap();
        symlink("disk-of-db/filings.db", sandbox.path("filings.db")).unwrap();
        let mut kib = room;
        if synced {
            let _ = sandbox.run_against(&sim, &["companies", "sync"]).code(0);
            kib += fs::metadata(sandbox.path("filings.db")).unwrap().len() / 1024;
        }
        sim.log().clear();
        let command = sandbox.backfill(&sim, &[]);
        let Some(output) = on_a_small_disk("disk-of-db", kib, &command) else {
            return;
        };
        let output = output.code(1);
        let line = last_line(&output);
        let said = format!("database filings.db: {cause}{MAKE_ROOM}");
        assert!(line.contains(&said), "{line}");
        assert_eq!(sim.log().requests() > 0, synced, "{line}");
        whole(&sandbox, &simulated::contents(&sim, &filings));
        completed(&sandbox, &sim, &filings);
        needs_more_than(kib, &sandbox);
    }
}

/// The same command as an unprivileged user, because permissions do not apply to root.
fn without_rights(sandbox: &Sandbox, command: &Command) -> Command {
    let here = sandbox.path("");
    let mut other = Command::new(command.get_program());
    if fs::metadata(&here).unwrap().uid() == 0 {
        other = Command::new(sandbox.program_for_all());
        other.uid(NOBODY).gid(NOBODY);
    }
    other
        .args(command.get_args())
        .env_clear()
        .envs(command.get_envs().filter_map(|(k, v)| Some((k, v?))));
    other.current_dir(&here);
    other
}

/// The user ID of nobody.
const NOBODY: u32 = 65534;

/// Makes nobody the owner of a folder and its content, if that is possible.
fn give_away(path: &Path) {
    // Without root rights, this user is the owner already.
    let _ = chown(path, Some(NOBODY), Some(NOBODY));
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give_away(&entry.unwrap().path());
        }
    }
}

#[test]
fn what_may_not_be_written_is_named_and_left_as_it_was() {
    let (sim, filings) = simulator();
    let cases = [
        (
            "filings.db",
            0o444,
            "error: database filings.db cannot be written: check the permissions of the file and its folder",
        ),
        (
            // SQLite's files exist; the lock is the first file to create.
            "",
            0o555,
            "filings.db.lock: check the permissions of its folder: Permission denied (os error 13)",
        ),
        (
            "filings",
            0o555,
            "error: the data dir filings cannot be used: check its permissions, or choose another --data-dir: Permission denied (os error 13)",
        ),
        (
            "filings/edgar",
            0o555,
            "Permission denied (os error 13): check the permissions, then run the same command again",
        ),
        (
            "state/filing-etl",
            0o555,
            "set XDG_STATE_HOME to a writable local folder: Permission denied (os error 13)",
        ),
    ];
    for (closed, mode, said) in cases {
        let sandbox = Sandbox::new();
        let _ = sandbox.run_against(&sim, &["companies", "sync"]).code(0);
        fs::remove_file(sandbox.path("filings.db.lock")).unwrap();
        fs::create_dir_all(sandbox.path("filings/edgar")).unwrap();
        fs::remove_dir_all(sandbox.path("state")).unwrap();
        fs::create_dir_all(sandbox.path("state/filing-etl")).unwrap();
        let command = without_rights(&sandbox, &sandbox.backfill(&sim, &[]));
        give_away(&sandbox.path(""));
        let before = fs::metadata(sandbox.path(closed)).unwrap().permissions();
        let set = |mode| fs::set_permissions(sandbox.path(closed), mode).unwrap();
        set(Permissions::from_mode(mode));
        sim.log().clear();
        let output = Output::of(command).code(1);
        let line = last_line(&output);
        assert!(line.ends_with(said), "{closed}: {line}");
        assert!(sandbox.files().is_empty());
        set(before);
        completed(&sandbox, &sim, &filings);
    }
}

/// Another program in a write transaction.
fn lock_database(sandbox: &Sandbox) -> rusqlite::Connection {
    let other = sandbox.db();
    other.busy_timeout(Duration::from_secs(30)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    other
}

/// A run that waits for a database which another program has locked.
fn waiting_run(sandbox: &Sandbox, sim: &Simulator) -> Running {
    let mut run = Running::start(sandbox.backfill(sim, &[]));
    // It opens the database directly after it has taken the run lock.
    let id = format!("{}\n", run.id());
    let lock = sandbox.path("filings.db.lock");
    assert!(run.until(|| fs::read_to_string(&lock).is_ok_and(|text| text == id)));
    run
}

#[test]
fn a_database_that_is_locked_for_seconds_is_waited_for() {
    let (sim, filings) = simulator();
    let sandbox = Sandbox::new();
    let _ = sandbox.run_against(&sim, &["companies", "sync"]).code(0);
    sim.log().clear();
    let other = lock_database(&sandbox);
    let mut run = waiting_run(&sandbox, &sim);
    let held = Instant::now();
    assert!(run.until(|| held.elapsed() > Duration::from_secs(7)));
    assert_eq!(sim.log().requests(), 0);
    other.execute_batch("COMMIT").unwrap();
    let _ = run.end().code(0);
    completed(&sandbox, &sim, &filings);
}

#[test]
fn a_run_that_waits_for_the_database_can_be_interrupted() {
    let (sim, filings) = simulator();
    let sandbox = Sandbox::new();
    let _ = sandbox.run_against(&sim, &["companies", "sync"]).code(0);
    let other = lock_database(&sandbox);
    let run = waiting_run(&sandbox, &sim);
    run.signal("INT");
    // It must end within ten seconds; without that rule it would wait for thirty.
    let _ = run.end_within(Duration::from_secs(20)).code(130);
    drop(other);
    completed(&sandbox, &sim, &filings);
}

#[test]
fn a_database_that_stays_locked_ends_the_run_with_what_to_do() {
    let said = "database filings.db: cannot begin a transaction (another program keeps it locked: close that one, then start again): database is locked";
    // At the start, and in the middle of a run.
    for_each(&[0, 20], |requests| {
        let (sim, filings) = simulator();
        let sandbox = Sandbox::new();
        let _ = sandbox.run_against(&sim, &["companies", "sync"]).code(0);
        sim.log().clear();
        let mut other = (*requests == 0).then(|| lock_database(&sandbox));
        let mut command = sandbox.backfill(&sim, &[]);
        command.env("FILING_ETL_PATIENCE", "4s");
        let mut run = Running::start(command);
        if other.is_none() {
            // It cannot end before the database is locked.
            sim.set_faults(vec!["stall=3600@documents".parse().unwrap()]);
            assert!(run.until(|| sim.log().of_kind(Resource::Documents) >= 3));
            other = Some(lock_database(&sandbox));
            sim.set_faults(Vec::new());
        }
        let output = run.end().code(1);
        drop(other);
        let line = last_line(&output);
        assert!(line.ends_with(said), "{line}");
        completed(&sandbox, &sim, &filings);
    });
}

#[test]
fn a_reader_of_the_database_holds_up_nobody() {
    let (sim, filings) = simulator();
    let sandbox = Sandbox::new();
    let _ = sandbox.run_against(&sim, &["companies", "sync"]).code(0);
    let other = sandbox.db();
    other.execute_batch("BEGIN; SELECT * FROM v_runs").unwrap();
    let _ = Output::of(sandbox.backfill(&sim, &[])).code(0);
    drop(other);
    completed(&sandbox, &sim, &filings);
}
