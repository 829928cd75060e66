//! The data model: filings and their filers, selections and their checked companies.

use std::collections::{BTreeMap, BTreeSet};

use filing_etl::internals::Cik;
use filing_etl::sim::{Options, Resource, Simulator, Venue};

use crate::harness::simulated;
use crate::harness::{Output, Sandbox};

/// Runs a command at noon in New York on a day of July 2025.
fn run(sandbox: &Sandbox, sim: &Simulator, day: i8, args: &[&str]) -> Output {
    sandbox.run_at(sim, &format!("2025-07-{day:02}T16:00:00Z"), args)
}

fn few() -> Options {
    Options {
        companies: 20,
        ..simulated::small()
    }
}

fn company(cik: i64) -> Cik {
    Cik::new(cik.unsigned_abs()).unwrap()
}

const SINCE: [&str; 2] = ["--since", "2023-07-01"];

fn backfill(sandbox: &Sandbox, sim: &Simulator, day: i8, args: &[&str]) -> Output {
    run(sandbox, sim, day, &[&["backfill"], args, &SINCE].concat())
}

/// The number of submissions requests for each company.
fn visits(sim: &Simulator) -> BTreeMap<String, usize> {
    let mut visits = BTreeMap::new();
    for entry in sim.log().entries() {
        if entry.path.starts_with("/submissions/CIK") && !entry.path.contains("-submissions-") {
            *visits.entry(entry.path.clone()).or_default() += 1;
        }
    }
    visits
}

/// Fails unless `stats` has the same counts as the views, by form and by exchange.
fn assert_counts(sandbox: &Sandbox) {
    let stats = sandbox.run(&["stats", "--json"]).code(0).json();
    let said = |table: &str, by: &str| -> BTreeSet<String> {
        let rows = stats[table].as_array().unwrap().iter();
        let row = |row: &serde_json::Value| {
            let by = row[by].as_str().unwrap_or("-");
            format!("{by}|{}|{}", row["filings"], row["downloaded"])
        };
        rows.filter(|row| row["filings"] != 0).map(row).collect()
    };
    let rows = |sql: &str| sandbox.rows(sql).into_iter().collect::<BTreeSet<_>>();
    let of_forms = rows(
        "SELECT form, count(DISTINCT accession), (
             SELECT count(*) FROM v_artifacts AS a WHERE a.form = f.form AND a.status = 'downloaded'
         ) FROM v_filings AS f GROUP BY form",
    );
    assert_eq!(said("forms", "form"), of_forms);
    let of_exchanges = rows(
        "SELECT coalesce(exchange, '-'), count(*), sum((
             SELECT count(*) FROM v_artifacts AS a
             WHERE a.accession = f.accession AND a.status = 'downloaded'
         )) FROM v_filings AS f JOIN v_companies USING (cik) GROUP BY 1",
    );
    assert_eq!(said("exchanges", "exchange"), of_exchanges);
}

#[test]
fn a_filing_with_many_filers_lies_in_one_folder_whoever_becomes_known_when() {
    let sim = simulated::start(Options {
        companies: 90,
        years: 1,
        joint_filers: 60,
        ..simulated::small()
    });
    let sandbox = Sandbox::new();
    let quick = ["--preset", "turbo", "--form", "all"];
    let joint = "SELECT accession FROM v_filings GROUP BY 1 ORDER BY count(*) DESC LIMIT 1";
    let mut known = 0;
    let (mut accession, mut folder) = (String::new(), String::new());
    for exchange in ["NYSE", "all"] {
        let args = [&quick[..], &["--exchange", exchange]].concat();
        let _ = backfill(&sandbox, &sim, 1, &args).code(0);
        if accession.is_empty() {
            accession = sandbox.rows(joint).remove(0);
        }
        let of_it = |what: &str| {
            let sql = format!("SELECT {what} FROM v_filings WHERE accession = '{accession}'");
            sandbox.rows(&sql).remove(0)
        };
        let filers: u32 = of_it("count(*)").parse().unwrap();
        assert!(filers > known);
        known = filers;
        let now = of_it("DISTINCT folder");
        assert!(folder.is_empty() || folder == now, "the folder stays");
        folder = now;
        assert_counts(&sandbox);
    }
    assert_eq!(known, 60);
    let stored = format!("SELECT count(*) FROM v_artifacts WHERE accession = '{accession}'");
    assert_eq!(sandbox.number(&stored), 1);
    let seen = format!("SELECT count(*) FROM v_documents WHERE accession = '{accession}'");
    assert_eq!(sandbox.number(&seen), 60);
    let path = format!("/{}/", accession.replace('-', ""));
    let asked = sim.log().entries().into_iter();
    assert_eq!(asked.filter(|e| e.path.contains(&path)).count(), 1);
}

#[test]
fn selections_that_overlap_are_checked_apart_with_one_request_a_company() {
    let sim = simulated::start(few());
    let sandbox = Sandbox::new();
    let reports = ["--exchange", "NYSE", "--no-download"];
    let _ = backfill(&sandbox, &sim, 1, &reports).code(0);
    let news = [
        "backfill",
        "--form",
        "8-K",
        "--since",
        "2025-01-01",
        "--no-download",
    ];
    let _ = run(&sandbox, &sim, 3, &news).code(0);
    let through =
        "SELECT through, companies_total = companies_checked FROM v_selections ORDER BY id";
    assert_eq!(sandbox.rows(through), ["2025-06-30|1", "2025-07-02|1"]);
    let total = "SELECT companies_total FROM v_selections WHERE id = 1";
    let all = "SELECT companies_total FROM v_selections WHERE id = 2";
    assert!(sandbox.number(total) < sandbox.number(all));

    sim.advance_to(jiff::civil::date(2025, 7, 25));
    sim.log().clear();
    let _ = run(&sandbox, &sim, 25, &["update", "--no-download"]).code(0);
    assert_eq!(sandbox.rows(through), ["2025-07-24|1", "2025-07-24|1"]);
    let visits = visits(&sim);
    assert!(!visits.is_empty() && visits.values().all(|times| *times == 1));
    // Each row was compared with each selection.
    let witness = Sandbox::new();
    let _ = backfill(&witness, &sim, 25, &reports).code(0);
    let _ = run(&witness, &sim, 25, &news).code(0);
    let found = "SELECT cik, accession FROM v_filings WHERE filed_on <= '2025-07-24' ORDER BY 1, 2";
    assert_eq!(sandbox.rows(found), witness.rows(found));
}

#[test]
fn what_is_wanted_as_primary_and_as_documents_is_one_submission_and_the_primary_stays() {
    let sim = simulated::start(few());
    let sandbox = Sandbox::new();
    let _ = backfill(&sandbox, &sim, 1, &[]).code(0);
    let primaries = sandbox.files();
    let filings = sandbox.number("SELECT count(DISTINCT accession) FROM v_filings");
    sim.log().clear();
    let _ = backfill(&sandbox, &sim, 1, &["--artifacts", "documents"]).code(0);
    let texts = "SELECT count(*) FROM v_artifacts WHERE kind = 'submission'";
    let texts = usize::try_from(filings - sandbox.number(texts)).unwrap();
    assert_eq!(sim.log().of_kind(Resource::Documents), texts);
    let all = sandbox.files();
    assert!(
        primaries
            .iter()
            .all(|(path, bytes)| all.get(path) == Some(bytes))
    );
    assert!(all.len() > primaries.len());
    let twice = "SELECT count(*) FROM (SELECT 1 FROM v_artifacts GROUP BY accession, lower(name)
                 HAVING count(*) > 1)";
    assert_eq!(sandbox.number(twice), 0);
    assert_counts(&sandbox);
}

#[test]
fn a_stored_submission_is_split_without_a_request() {
    let sim = simulated::start(few());
    let sandbox = Sandbox::new();
    let _ = backfill(&sandbox, &sim, 1, &["--artifacts", "submission"]).code(0);
    let texts = sandbox.files();
    sim.log().clear();
    let _ = backfill(&sandbox, &sim, 1, &["--artifacts", "documents"]).code(0);
    assert_eq!(sim.log().of_kind(Resource::Documents), 0);
    let all = sandbox.files();
    assert!(
        texts
            .iter()
            .all(|(path, bytes)| all.get(path) == Some(bytes))
    );
    let filings = "SELECT count(DISTINCT accession) FROM v_filings";
    let split = "SELECT count(DISTINCT accession) FROM v_documents WHERE kind = 'primary'";
    assert_eq!(sandbox.number(split), sandbox.number(filings));
    let _ = sandbox.run(&["verify"]).code(0);
}

#[test]
fn a_company_that_leaves_is_followed_for_90_days_and_checked_anew_when_it_is_back() {
    let sim = simulated::start(few());
    let sandbox = Sandbox::new();
    let at = |now: &str, args: &[&str]| sandbox.run_at(&sim, now, args).code(0);
    let _ = backfill(&sandbox, &sim, 1, &["--no-download"]).code(0);
    let filed = "SELECT cik FROM v_filings JOIN v_companies USING (cik) LIMIT 1";
    let cik = sandbox.number(filed);
    let filings = format!("SELECT count(*) FROM v_filings WHERE cik = {cik}");
    let before = sandbox.number(&filings);
    let companies = "SELECT companies_total FROM v_selections";
    let all = sandbox.number(companies);
    sim.universe().delist(company(cik));
    for (now, followed) in [
        ("2025-07-03T16:00:00Z", all),
        ("2025-09-30T16:00:00Z", all),
        ("2025-10-05T16:00:00Z", all - 1),
    ] {
        let _ = at(now, &["companies", "sync"]);
        assert_eq!(sandbox.number(companies), followed, "{now}");
        assert_eq!(sandbox.number(&filings), before, "its rows stay");
    }
    sim.universe().relist(company(cik));
    let _ = at("2025-10-10T16:00:00Z", &["companies", "sync"]);
    let unchecked = "SELECT companies_total - companies_checked FROM v_selections";
    assert_eq!(
        (sandbox.number(companies), sandbox.number(unchecked)),
        (all, 1)
    );
}

#[test]
fn a_company_that_moves_takes_its_counts_to_the_other_exchange() {
    let sim = simulated::start(few());
    let sandbox = Sandbox::new();
    let _ = backfill(&sandbox, &sim, 1, &[]).code(0);
    let cik = sandbox.number(
        "SELECT cik FROM v_filings JOIN v_companies USING (cik) WHERE exchange = 'Nasdaq' LIMIT 1",
    );
    assert_counts(&sandbox);
    let on = |exchange: &str| {
        let sql = format!(
            "SELECT count(*) FROM v_filings JOIN v_companies USING (cik) WHERE exchange = '{exchange}'"
        );
        sandbox.number(&sql)
    };
    let (nasdaq, nyse) = (on("Nasdaq"), on("NYSE"));
    sim.universe().move_to(company(cik), Venue::Nyse);
    let _ = run(&sandbox, &sim, 3, &["companies", "sync"]).code(0);
    assert!(on("Nasdaq") < nasdaq && on("NYSE") > nyse);
    assert_eq!(on("Nasdaq") + on("NYSE"), nasdaq + nyse);
    assert_counts(&sandbox);
}

#[test]
fn a_filing_that_edgar_corrects_moves_its_counts() {
    let sim = simulated::start(few());
    let sandbox = Sandbox::new();
    let _ = backfill(&sandbox, &sim, 1, &[]).code(0);
    let accession = sandbox
        .rows("SELECT accession FROM v_filings WHERE form = '10-K' LIMIT 1")
        .remove(0);
    let files = sandbox.files();
    sim.universe().correct(
        accession.parse().unwrap(),
        Some("10-K/A"),
        Some(jiff::civil::date(2024, 2, 29)),
    );
    let _ = backfill(&sandbox, &sim, 1, &[]).code(0);
    let row =
        format!("SELECT DISTINCT form, filed_on FROM v_filings WHERE accession = '{accession}'");
    assert_eq!(sandbox.rows(&row), ["10-K/A|2024-02-29"]);
    assert_counts(&sandbox);
    assert_eq!(sandbox.files(), files, "nothing is asked for again");
}

#[test]
fn a_file_of_a_run_that_was_killed_before_its_row_is_made_again_and_is_no_orphan() {
    let sim = simulated::start(simulated::small());
    let sandbox = Sandbox::new();
    let _ = backfill(&sandbox, &sim, 1, &["--no-download"]).code(0);
    // A file of a joint filing exists under its name, and its row is still queued.
    let row = sandbox
        .rows(
            "SELECT folder, replace(a.accession, '-', ''), a.name FROM v_artifacts AS a
             JOIN v_filings AS f USING (accession) GROUP BY a.id HAVING count(*) > 1 LIMIT 1",
        )
        .remove(0);
    let path = format!("edgar/data/{}", row.replace('|', "/"));
    let file = sandbox.path("filings").join(&path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "of a run that was killed").unwrap();
    let problems = sandbox.run(&["verify", "--json"]).json();
    assert_eq!(
        problems["problems"].as_array().unwrap().len(),
        0,
        "{problems}"
    );
    let _ = run(&sandbox, &sim, 1, &["download"]).code(0);
    assert_ne!(sandbox.files()[&path], b"of a run that was killed");
    let _ = sandbox.run(&["verify"]).code(0);
}

#[test]
fn a_wider_selection_asks_again_for_what_was_unavailable() {
    let sim = simulated::start(few());
    let sandbox = Sandbox::new();
    let _ = backfill(&sandbox, &sim, 1, &["--form", "10-K", "--no-download"]).code(0);
    let accession = sandbox
        .rows("SELECT accession FROM v_artifacts LIMIT 1")
        .remove(0);
    sim.universe().remove_filing(accession.parse().unwrap());
    for day in 1..=3 {
        let _ = run(&sandbox, &sim, day, &["download"]).code(3);
    }
    let status = format!("SELECT status FROM v_artifacts WHERE accession = '{accession}'");
    assert_eq!(sandbox.rows(&status), ["unavailable"]);
    sim.universe().restore_filing(accession.parse().unwrap());
    let _ = backfill(&sandbox, &sim, 4, &["--form", "10-K"]).code(0);
    assert_eq!(sandbox.rows(&status), ["unavailable"], "the same selection");
    let _ = backfill(&sandbox, &sim, 4, &["--form", "10-K", "--form", "10-Q"]).code(0);
    assert_eq!(sandbox.rows(&status), ["downloaded"]);
    assert_counts(&sandbox);
}

#[test]
fn a_company_checked_from_an_archive_that_is_older_than_what_is_known_is_visited_again() {
    let sim = simulated::start(few());
    let sandbox = Sandbox::new();
    let _ = backfill(&sandbox, &sim, 1, &["--no-download"]).code(0);
    sim.advance_to(jiff::civil::date(2025, 7, 9));
    let _ = run(&sandbox, &sim, 9, &["update", "--no-download"]).code(0);
    assert_eq!(
        sandbox.rows("SELECT through FROM v_selections"),
        ["2025-07-08"]
    );
    // A company that no run has visited, such as a newly listed one.
    let cik = sandbox.number("SELECT cik FROM v_filings ORDER BY cik LIMIT 1");
    let forget = "UPDATE selection_companies SET checked_at = NULL WHERE cik = ?1";
    assert_eq!(sandbox.db().execute(forget, [cik]).unwrap(), 1);
    let checked = "SELECT companies_total - companies_checked FROM v_selections";
    let bulk = ["--discover-from", "bulk", "--no-download"];
    // This archive is some days old.
    let old = simulated::start(Options {
        today: jiff::civil::date(2025, 7, 4),
        ..few()
    });
    let _ = backfill(&sandbox, &old, 9, &bulk).code(0);
    assert_eq!(sandbox.number(checked), 1);
    sim.log().clear();
    let _ = run(&sandbox, &sim, 9, &["update", "--no-download"]).code(0);
    assert_eq!((sandbox.number(checked), visits(&sim).len()), (0, 1));
}

#[test]
fn the_views_are_answered_from_indexes() {
    let sandbox = Sandbox::new();
    let sim = simulated::start(few());
    let _ = backfill(&sandbox, &sim, 1, &["--no-download"]).code(0);
    for view in ["v_documents", "v_filings", "v_artifacts", "v_companies"] {
        for (column, value) in [
            ("ticker", "'AAPL'"),
            ("cik", "320193"),
            ("accession", "'0000320193-23-000106'"),
        ] {
            let has =
                format!("SELECT count(*) FROM pragma_table_info('{view}') WHERE name = '{column}'");
            if sandbox.number(&has) == 0 {
                continue;
            }
            let plan = format!("EXPLAIN QUERY PLAN SELECT * FROM {view} WHERE {column} = {value}");
            for step in sandbox.rows(&plan) {
                let scan = ["SCAN c", "SCAN f", "SCAN a", "SCAN r", "SCAN s"];
                let scans = scan.iter().any(|scan| step.contains(scan));
                assert!(!scans, "{view} by {column}: {step}");
            }
        }
    }
}

#[test]
fn a_database_with_another_schema_is_refused_in_one_line_and_stays_as_it_is() {
    let sandbox = Sandbox::new();
    let sim = simulated::start(few());
    let _ = backfill(&sandbox, &sim, 1, &["--no-download"]).code(0);
    let other = "UPDATE meta SET value = 'another one' WHERE key = 'schema'";
    assert_eq!(sandbox.db().execute(other, []).unwrap(), 1);
    let file = sandbox.path("filings.db");
    let before = std::fs::read(&file).unwrap();
    sim.log().clear();
    for command in [
        "backfill", "update", "download", "verify", "stats", "diagnose",
    ] {
        let output = run(&sandbox, &sim, 1, &[command]).code(1);
        assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
        assert_eq!(std::fs::read(&file).unwrap(), before, "{command}");
    }
    assert_eq!(sim.log().requests(), 0);
}

#[test]
fn damaged_rows_are_errors_and_no_empty_lists() {
    let sim = simulated::start(few());
    for (damage, commands) in [
        (
            "UPDATE filings SET accession = 'x' WHERE id = (SELECT min(filing) FROM artifacts)",
            &["download"][..],
        ),
        (
            "UPDATE artifacts SET status = 'x' WHERE id = 1",
            &["backfill"],
        ),
        (
            "UPDATE selections SET forms = '' WHERE id = 1",
            &["update", "backfill"],
        ),
        (
            "UPDATE selections SET since = 'x' WHERE id = 1",
            &["update", "backfill"],
        ),
        (
            "UPDATE selections SET exchanges = '[\"Mars\"]' WHERE id = 1",
            &["update", "backfill"],
        ),
        ("UPDATE runs SET status = 'x' WHERE id = 1", &["stats"]),
    ] {
        let sandbox = Sandbox::new();
        let _ = backfill(&sandbox, &sim, 1, &["--no-download"]).code(0);
        let db = sandbox.db();
        db.execute_batch("PRAGMA ignore_check_constraints = 1")
            .unwrap();
        assert_eq!(db.execute(damage, []).unwrap(), 1, "{damage}");
        drop(db);
        for command in commands {
            let output = run(&sandbox, &sim, 1, &[command]);
            assert_eq!(
                output.status.code(),
                Some(1),
                "{damage}: {command}: {output:?}"
            );
        }
    }
}
