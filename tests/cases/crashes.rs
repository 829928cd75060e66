//! A run is killed at any moment, again and again: stored files are complete, and recorded files are never
//! requested again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use filing_etl::sim::{Options, Simulator};
use rusqlite::Connection;

use crate::harness::process::Running;
use crate::harness::same::same_set;
use crate::harness::simulated;
use crate::harness::{Output, Sandbox, key, sha256};

/// The number of kills, unless `FILING_ETL_KILLS` is set.
const KILLS: u32 = 8;

/// The maximum number of requests before a kill: about a second at this latency, so that most runs commit
/// some rows.
const REQUESTS: usize = 250;

const ARGS: [&str; 2] = ["--artifacts", "documents"];

fn kills() -> u32 {
    #[expect(clippy::disallowed_methods, reason = "tests have no command line")]
    let given = std::env::var("FILING_ETL_KILLS");
    given.map_or(KILLS, |kills| kills.parse().unwrap())
}

/// A copy of the database of a killed run. SQLite would repair the original when it is opened.
fn copy_of_database(sandbox: &Sandbox) -> Option<Connection> {
    let copy = sandbox.path("copy.db");
    for ending in ["", "-wal"] {
        let (from, to) = (format!("filings.db{ending}"), format!("copy.db{ending}"));
        let _ = fs::remove_file(sandbox.path(&to));
        // Before the first page is written there is nothing to copy.
        let _ = fs::copy(sandbox.path(&from), sandbox.path(&to));
    }
    let _ = fs::remove_file(sandbox.path("copy.db-shm"));
    let db = Connection::open(copy).unwrap();
    let check: String = db
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
    let views = "SELECT count(*) FROM sqlite_schema WHERE name = 'v_artifacts'";
    let views: i64 = db.query_row(views, [], |row| row.get(0)).unwrap();
    (views == 1).then_some(db)
}

/// The downloaded files on record: path, and hash in hexadecimal.
fn recorded(db: &Connection) -> BTreeMap<String, String> {
    let sql = "SELECT path, sha256 FROM v_artifacts WHERE status = 'downloaded'";
    let mut rows = db.prepare(sql).unwrap();
    let rows = rows.query_map([], |row| row.try_into()).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// The folders of all filings on record, with stored or queued files.
fn folders(db: &Connection) -> BTreeSet<String> {
    let sql = "SELECT DISTINCT cik || '/' || replace(accession, '-', '') FROM v_artifacts";
    let mut rows = db.prepare(sql).unwrap();
    let rows = rows.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// Fails unless every file is complete and recorded, and every row has its file. Returns the recorded filings.
fn check(sandbox: &Sandbox, expected: &BTreeMap<String, Vec<u8>>, when: &str) -> BTreeSet<String> {
    let files = sandbox.files();
    for (path, bytes) in &files {
        assert!(expected.get(key(path)) == Some(bytes), "{when}: {path}");
    }
    let Some(db) = copy_of_database(sandbox) else {
        assert!(files.is_empty(), "{when}");
        return BTreeSet::new();
    };
    let folders = folders(&db);
    for path in files.keys() {
        // No later run would find the file in the folder of another company.
        let folder = path
            .splitn(3, '/')
            .last()
            .unwrap()
            .rsplit_once('/')
            .unwrap()
            .0;
        assert!(folders.contains(folder), "{when}: {path} has no row");
    }
    let recorded = recorded(&db);
    for (path, hash) in &recorded {
        let file = files.get(path).unwrap_or_else(|| panic!("{when}: {path}"));
        assert_eq!(*hash, sha256(file), "{when}: {path}");
    }
    recorded
        .keys()
        .map(|path| key(path)[..18].to_owned())
        .collect()
}

/// Fails if the run with this name requested one of these filings.
fn asked_for_none_of(sim: &Simulator, filings: &BTreeSet<String>, name: &str) {
    for entry in sim.log().entries() {
        let filing = entry.path.split('/').nth(5).unwrap_or_default();
        let theirs = entry.user_agent.as_deref() == Some(name);
        assert!(
            !theirs || !filings.contains(filing),
            "{name}: {}",
            entry.path
        );
    }
}

#[test]
fn a_job_killed_at_random_moments_loses_nothing_and_fetches_nothing_twice() {
    let kills = kills();
    let sim = simulated::start(Options {
        // Too many to be complete before the last kill.
        companies: 60 + 16 * kills,
        latency: std::time::Duration::from_millis(60),
        ..simulated::small()
    });
    let filings = simulated::reports(&sim);
    assert!(
        filings
            .iter()
            .any(|(_, f)| sim.universe().filers(f).len() > 1)
    );
    let expected = simulated::documents(&sim, &filings);
    let sandbox = Sandbox::new();
    let mut on_record = BTreeSet::new();
    let mut commits = 0;
    let mut moments = fastrand::Rng::with_seed(20_250_630);
    for kill in 1..=kills {
        let name = format!("filing-etl kill {kill} tests@example.com");
        let mut command = sandbox.backfill(&sim, &ARGS);
        command.env("FILING_ETL_USER_AGENT", &name);
        let until = sim.log().requests() + moments.usize(1..=REQUESTS);
        let mut run = Running::start(command);
        let reached = run.until(|| sim.log().requests() >= until);
        assert!(reached, "{name}: it ended by itself: {:?}", run.end());
        let _ = run.kill();
        let before = std::mem::take(&mut on_record);
        on_record = check(&sandbox, &expected, &name);
        assert!(on_record.is_superset(&before), "{name}");
        commits += u32::from(on_record.len() > before.len());
        asked_for_none_of(&sim, &before, &name);
    }
    // Otherwise the kills came too early for a meaningful test.
    assert!(commits > kills / 4, "{commits} of {kills}");
    let _ = Output::of(sandbox.backfill(&sim, &ARGS)).code(0);
    asked_for_none_of(&sim, &on_record, crate::harness::USER_AGENT);
    check(&sandbox, &expected, "the end");
    let files = sandbox.files().into_keys().collect();
    same_set(&files, &sandbox.recorded(), "a row for each file");
    assert_eq!(sandbox.files().len(), expected.len());
    assert_eq!(sandbox.incoming(), ["lock"]);
    assert_eq!(sandbox.rows("PRAGMA integrity_check"), ["ok"]);
    let unfinished = "SELECT count(*) FROM v_runs WHERE status = 'interrupted'";
    assert!(sandbox.number(unfinished) <= kills.into());
    let _ = sandbox.run(&["verify"]).code(0);
}

#[test]
fn the_first_file_stands_where_the_record_has_it() {
    let sim = simulated::start(simulated::small());
    let expected = simulated::documents(&sim, &simulated::reports(&sim));
    for _ in 0..3 {
        let sandbox = Sandbox::new();
        let mut run = Running::start(sandbox.backfill(&sim, &ARGS));
        assert!(run.until(|| !sandbox.files().is_empty()));
        let _ = run.kill();
        check(&sandbox, &expected, "after the first file");
    }
}
