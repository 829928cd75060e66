//! The invariants after every step and at the end.

use std::collections::{BTreeMap, BTreeSet};

use filing_etl::internals::Accession;
use jiff::civil::Date;
use serde_json::Value;

use super::steps::Command;
use super::world::World;
use crate::harness::{Output, Sandbox, sha256};

/// The filing that a path at EDGAR belongs to, if any.
pub(super) fn accession_in(path: &str) -> Option<Accession> {
    let bare = path
        .strip_prefix("/Archives/edgar/data/")?
        .split('/')
        .nth(1)?;
    let (filer, rest) = bare.split_at_checked(10)?;
    let (year, number) = rest.split_at_checked(2)?;
    format!("{filer}-{year}-{number}").parse().ok()
}

/// Checks the invariants after a command that was not killed.
pub(super) fn after(world: &mut World, command: &Command, output: &Output) {
    let args: Vec<_> = command.args.iter().map(String::as_str).collect();
    let code = output.status.code().unwrap_or_else(|| panic!("{output:?}"));
    match (args[0], code) {
        // Options that no selection covers, or companies that are no longer on a list.
        ("update" | "backfill" | "download", 2) => {}
        ("download" | "verify", 1) if output.stderr.contains("there is no database") => return,
        ("verify", 0 | 3) => {
            world.lost.clear();
            for problem in output.json()["problems"].as_array().unwrap() {
                assert_ne!(problem["kind"], "orphan", "{problem}");
            }
        }
        (_, 0 | 3) => run_said_what_is_left(world, &args, output, command.faults.is_empty()),
        _ => panic!("exit code {code}: {output:?}"),
    }
    asked_with_cause(world, command);
    whole(world);
}

/// The exit code and the summary of a run agree with the queue.
fn run_said_what_is_left(world: &World, args: &[&str], output: &Output, no_faults: bool) {
    if args.contains(&"--drop") {
        return;
    }
    let json = output.json();
    let artifacts = |name: &str| {
        json["artifacts"]
            .get(name)
            .map_or(0, |n| n.as_u64().unwrap())
    };
    let code = output.status.code().unwrap();
    let queue = queue(world);
    let queued: u64 = queue.values().sum();
    let filtered = ["--exchange", "--cik"]
        .iter()
        .any(|filter| args.contains(filter));
    let elsewhere = artifacts("queued_elsewhere");
    assert!(
        filtered || elsewhere == 0,
        "without a filter nothing is elsewhere: {json:#}"
    );
    let left = artifacts("pending") + elsewhere;
    let failed = queue.get("failed").copied().unwrap_or(0);
    assert!(
        left <= queued && queued <= left + failed,
        "{queue:?} {json:#}"
    );
    let downloads = !args.contains(&"--no-download");
    if code == 0 && downloads && !filtered {
        assert_eq!(queued, 0, "{queue:?} {json:#}");
    }
    let unsettled = !world.lost_days.is_empty() || !world.hidden.is_empty();
    if code == 3 && no_faults && !world.removed && !unsettled {
        let spent = json.get("ended_by").is_some();
        let more = artifacts("failed") > 0 || artifacts("pending") > 0;
        assert!(spent || more, "why 3? {json:#}\n{}", output.stderr);
    }
}

fn queue(world: &World) -> BTreeMap<String, u64> {
    let sql = "SELECT status || '|' || count(*) FROM v_artifacts \
               WHERE status IN ('pending', 'failed') GROUP BY status";
    let rows = world.rows(sql).into_iter();
    rows.map(|row| {
        let (status, number) = row.split_once('|').unwrap();
        (status.to_owned(), number.parse().unwrap())
    })
    .collect()
}

/// In a run without faults nothing is requested twice, and no downloaded file is requested again unless it was
/// lost.
fn asked_with_cause(world: &mut World, command: &Command) {
    let kept = world.rows("SELECT accession FROM v_artifacts WHERE kind = 'submission'");
    let kept: BTreeSet<Accession> = kept.iter().map(|text| text.parse().unwrap()).collect();
    let retried = command.args.iter().any(|arg| arg == "--retry-unavailable");
    let mut in_run: BTreeMap<String, usize> = BTreeMap::new();
    for entry in world.sim.log().entries() {
        let accession = accession_in(&entry.path);
        if let Some(accession) = accession
            && (entry.fault.is_some() || entry.status != Some(200) || retried)
        {
            world.excused.insert(accession);
        }
        let is_excused = match accession {
            Some(accession) => world.excused.contains(&accession),
            None => !command.faults.is_empty(),
        };
        // A submission may be wanted for its documents first, and then, during that request, as a text.
        let may_be_kept = |accession| {
            let name = format!("{accession}.txt");
            kept.contains(&accession) && entry.path.ends_with(&name)
        };
        let most = if accession.is_some_and(may_be_kept) {
            2
        } else {
            1
        };
        let times = if accession.is_some() {
            world.served.entry(entry.path.clone()).or_default()
        } else {
            in_run.entry(entry.path.clone()).or_default()
        };
        *times += 1;
        assert!(
            *times <= most || is_excused,
            "{} is asked for {times} times",
            entry.path
        );
    }
}

/// The files on disk are those on record, and the counts are those of the rows.
pub(super) fn whole(world: &World) {
    if !world.sandbox.path("filings.db").exists() {
        return;
    }
    assert_eq!(world.rows("PRAGMA integrity_check"), ["ok"]);
    assert_eq!(world.rows("PRAGMA foreign_key_check"), [""; 0]);
    if world
        .rows("SELECT name FROM sqlite_schema WHERE name = 'v_artifacts'")
        .is_empty()
    {
        return; // killed before the database was created
    }
    files_are_as_recorded(world);
    counts_are_those_of_the_rows(world);
}

fn files_are_as_recorded(world: &World) {
    let files = world.sandbox.files();
    let recorded = world.rows("SELECT path, sha256 FROM v_artifacts WHERE status = 'downloaded'");
    let recorded: BTreeMap<_, _> = recorded
        .iter()
        .map(|row| row.split_once('|').unwrap())
        .collect();
    for (path, hash) in &recorded {
        if world.lost.contains(*path) {
            continue;
        }
        let bytes = files
            .get(*path)
            .unwrap_or_else(|| panic!("{path} is not on disk"));
        assert_eq!(*hash, sha256(bytes), "{path}");
    }
    let queued = world.rows(
        "SELECT DISTINCT 'edgar/data/' || cik || '/' || replace(accession, '-', '') \
         FROM v_artifacts WHERE status <> 'downloaded'",
    );
    let queued: BTreeSet<_> = queued.into_iter().collect();
    for path in files.keys() {
        let known = recorded.contains_key(path.as_str());
        let folder = path.rsplit_once('/').unwrap().0;
        assert!(known || queued.contains(folder), "{path} is not on record");
    }
}

fn counts_are_those_of_the_rows(world: &World) {
    let stats = world.sandbox.run(&["stats", "--json"]).code(0).json();
    let of_forms = sums(&stats, "forms", "form");
    let rows = world.rows(
        "SELECT form, status, count(*) FROM v_artifacts GROUP BY form, status \
         UNION ALL SELECT form, 'filings', count(DISTINCT accession) FROM v_filings GROUP BY form",
    );
    assert_eq!(of_forms, table(&rows), "by form");
    let of_exchanges = sums(&stats, "exchanges", "exchange");
    let rows = world.rows(
        "WITH filers AS (SELECT accession, \
             CASE WHEN active = 1 THEN coalesce(exchange, '-') ELSE 'not listed' END AS exchange \
             FROM v_filings JOIN v_companies USING (cik)) \
         SELECT exchange, status, count(*) FROM v_artifacts JOIN filers USING (accession) \
             GROUP BY exchange, status \
         UNION ALL SELECT exchange, 'filings', count(*) FROM filers GROUP BY exchange",
    );
    assert_eq!(of_exchanges, table(&rows), "by exchange");
}

type Counts = BTreeMap<(String, String), u64>;

/// The numbers of a table of `stats` that are not 0.
fn sums(stats: &Value, table: &str, by: &str) -> Counts {
    let mut counts = Counts::new();
    for row in stats[table].as_array().unwrap() {
        let group = row[by].as_str().unwrap_or("-");
        for name in [
            "filings",
            "pending",
            "downloaded",
            "failed",
            "unavailable",
            "dropped",
        ] {
            let number = row[name].as_u64().unwrap();
            if number > 0 {
                counts.insert((group.to_owned(), name.to_owned()), number);
            }
        }
    }
    counts
}

fn table(rows: &[String]) -> Counts {
    let row = |row: &String| {
        let mut parts = row.split('|').map(str::to_owned);
        let mut next = || parts.next().unwrap();
        ((next(), next()), next().parse().unwrap())
    };
    rows.iter().map(row).collect()
}

/// Everything filed up to a day that a fresh backfill finds is stored.
pub(super) fn nothing_is_lacking(world: &World, witness: &Sandbox, through: Date) {
    let known = world.rows("SELECT min(through) FROM v_selections WHERE followed = 1");
    assert!(
        known[0].parse::<Date>().is_ok_and(|known| known >= through),
        "{known:?}"
    );
    let filings = format!(
        "SELECT cik || ' ' || accession FROM v_filings WHERE filed_on <= '{through}' ORDER BY 1"
    );
    let ours: BTreeSet<_> = world.rows(&filings).into_iter().collect();
    let left_out = given_up(world, witness);
    for filing in witness.rows(&filings) {
        let accession = filing.split_once(' ').unwrap().1;
        let is_given_up = left_out.contains(accession);
        assert!(
            is_given_up || ours.contains(&filing),
            "{filing} is not on record"
        );
    }
    let artifacts = format!(
        "SELECT accession, coalesce(name, kind), status, sha256 FROM v_artifacts \
         WHERE filed_on <= '{through}'"
    );
    let (ours, theirs) = (world.rows(&artifacts), witness.rows(&artifacts));
    let splits = world.rows(
        "SELECT accession FROM v_filings WHERE primary_document = '' \
         AND accession IN (SELECT accession FROM v_artifacts WHERE kind = 'primary')",
    );
    let splits: BTreeSet<&str> = splits.iter().map(String::as_str).collect();
    let ours: BTreeMap<_, _> = ours.iter().map(|row| split(row)).collect();
    for row in &theirs {
        let ((accession, name), (status, hash)) = split(row);
        if status != "downloaded" {
            continue;
        }
        let given_up = |name| {
            let status = ours.get(&(accession, name)).map(|(status, _)| *status);
            matches!(status, Some("unavailable" | "dropped"))
        };
        // A submission text is stored for a primary document without a name, unless all documents are wanted.
        let is_split = splits.contains(accession) && name == format!("{accession}.txt");
        // A filing that was fetched by its index path has its whole text, and is not searched for again.
        let is_hidden = world.hidden.contains(&accession.parse().unwrap());
        let never_found = left_out.contains(accession);
        if given_up(name) || given_up("documents") || is_split || is_hidden || never_found {
            continue;
        }
        let own = ours.get(&(accession, name));
        let own = own.unwrap_or_else(|| panic!("{accession} {name} is not on record"));
        if !world.changed.contains(&accession.parse().unwrap()) {
            assert_eq!(*own, (status, hash), "{accession} {name}");
        }
    }
}

/// The filings recorded as given up: those that were listed and never found, and those of a day whose index
/// was given up. An index also lists filings of some days before.
fn given_up(world: &World, witness: &Sandbox) -> BTreeSet<String> {
    let listed = "SELECT accession FROM listed_filings WHERE status = 'given_up'";
    let mut given_up: BTreeSet<_> = world.rows(listed).into_iter().collect();
    for day in world.rows("SELECT day FROM index_days WHERE status = 'given_up'") {
        given_up.extend(witness.rows(&format!(
            "SELECT accession FROM v_filings WHERE filed_on BETWEEN date('{day}', '-7 days') AND '{day}'"
        )));
    }
    given_up
}

/// The accession and the name of an artifact, its status and its hash.
fn split(row: &str) -> ((&str, &str), (&str, &str)) {
    let parts: Vec<_> = row.split('|').collect();
    ((parts[0], parts[1]), (parts[2], parts[3]))
}
