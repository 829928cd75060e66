//! `diagnose`: the coverage, a reason for every uncovered company, and what to do next.

use std::collections::BTreeMap;

use filing_etl::sim::{Options, SimCompanyKind, Simulator};
use jiff::civil::date;
use serde_json::Value;

use crate::harness::{Output, Sandbox, simulated};

/// Every kind of company, on a fixed day.
fn simulator() -> Simulator {
    Simulator::start(Options {
        companies: 45,
        today: date(2026, 2, 27),
        filings_per_year: 4,
        document_scale: 0.001,
        ..Options::default()
    })
    .unwrap()
}

fn backfill(sandbox: &Sandbox, sim: &Simulator, args: &[&str]) -> Output {
    let range = ["--since", "2024-01-01", "--until", "2026-02-27"];
    // Sequentially, so that the files of joint filings are always in the same folders.
    let head = ["backfill", "--exchange", "all", "--preset", "sequential"];
    let head = [&head[..], &["--max-attempts", "1"], &range].concat();
    let output = sandbox.run_against(sim, &[&head, args].concat());
    // Whether a company is newly listed is counted from the day of the check.
    sandbox
        .db()
        .execute_batch(
            "UPDATE companies SET last_checked_at = '2026-02-27T12:00:00.000Z'
             WHERE last_checked_at IS NOT NULL",
        )
        .unwrap();
    output
}

fn diagnose(sandbox: &Sandbox, args: &[&str]) -> Output {
    let head = &["diagnose", "--exchange", "all"][..];
    sandbox.run(&[head, args].concat()).code(0)
}

/// Replaces texts that differ from run to run, such as ports and times, by a name.
fn redacted(text: &str, sim: &Simulator) -> String {
    let text = text.replace(&sim.url(), "[sim]");
    text.lines()
        .map(|line| match line.split_once("began ") {
            Some((head, _)) => format!("{head}began [time])\n"),
            None => format!("{line}\n"),
        })
        .collect()
}

fn reasons(report: &Value) -> BTreeMap<u64, String> {
    let uncovered = report["uncovered"].as_array().unwrap();
    uncovered
        .iter()
        .map(|u| {
            (
                u["cik"].as_u64().unwrap(),
                u["reason"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

#[test]
fn every_uncovered_company_has_the_reason_that_is_true() {
    let (sandbox, sim) = (Sandbox::new(), simulator());
    let _ = backfill(&sandbox, &sim, &["--no-download"]).code(0);
    let report = diagnose(&sandbox, &["--json"]).json();
    let mut expected = BTreeMap::new();
    for company in sim.universe().companies() {
        let reason = match company.kind {
            SimCompanyKind::Fund => "fund",
            SimCompanyKind::NewlyListed => "newly_listed",
            SimCompanyKind::FilesUnderParent => "files_under_parent",
            SimCompanyKind::Silent => "nothing_on_edgar",
            _ => continue,
        };
        expected.insert(company.cik.get(), reason.to_owned());
    }
    assert!(expected.len() >= 5, "{expected:?}");
    assert_eq!(reasons(&report), expected);
    let total = &report["total"];
    assert_eq!(total["companies"], 45);
    assert_eq!(total["covered"], 45 - expected.len());
    assert_eq!(total["covered_before"], 0);
    assert_eq!(total["downloaded"], 0);
    assert_eq!(
        total["expected"],
        sandbox.number("SELECT count(*) FROM v_filings JOIN v_artifacts USING (accession)")
    );
}

#[test]
fn the_tables_fit_eighty_columns_and_name_every_company() {
    let (sandbox, sim) = (Sandbox::new(), simulator());
    let _ = backfill(&sandbox, &sim, &[]).code(0);
    let text = redacted(&diagnose(&sandbox, &[]).stdout, &sim);
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    insta::assert_snapshot!("diagnose_table", text);
}

#[test]
fn the_json_document_of_one_exchange() {
    let (sandbox, sim) = (Sandbox::new(), simulator());
    let _ = backfill(&sandbox, &sim, &[]).code(0);
    let mut report = sandbox
        .run(&[
            "diagnose",
            "--exchange",
            "cboe",
            "--exchange",
            "nyse-american",
            "--json",
        ])
        .code(0)
        .json();
    for time in ["started_at", "ended_at"] {
        report["last_run"][time] = "[time]".into();
    }
    insta::assert_snapshot!(
        "diagnose_json",
        serde_json::to_string_pretty(&report).unwrap()
    );
}

#[test]
fn before_the_last_run_is_told_from_now() {
    let (sandbox, sim) = (Sandbox::new(), simulator());
    let _ = backfill(&sandbox, &sim, &["--limit", "10"]).code(0);
    let first = diagnose(&sandbox, &["--json"]).json()["total"].clone();
    let _ = backfill(&sandbox, &sim, &[]).code(0);
    let second = diagnose(&sandbox, &["--json"]).json()["total"].clone();
    assert_eq!(first["covered_before"], 0);
    for (before, then) in [
        ("covered_before", "covered"),
        ("downloaded_before", "downloaded"),
        ("expected_before", "expected"),
    ] {
        assert_eq!(second[before], first[then], "{before}");
        assert!(second[then].as_u64() > first[then].as_u64(), "{then}");
    }
    let next = diagnose(&sandbox, &["--json"]).json()["next"].clone();
    assert!(!next.as_array().unwrap().is_empty());
}

#[test]
fn failures_are_grouped_by_kind_with_the_remedy_until_they_are_mended() {
    let (sandbox, sim) = (Sandbox::new(), simulator());
    let silent = |kind| {
        let mut companies = sim.universe().companies();
        companies.find(|c| c.kind == kind).unwrap().cik
    };
    let (lost, other) = (
        silent(SimCompanyKind::Domestic),
        silent(SimCompanyKind::Foreign),
    );
    sim.set_faults(vec![
        format!("503@/submissions/CIK{}", lost.padded())
            .parse()
            .unwrap(),
        format!("404@/Archives/edgar/data/{other}/")
            .parse()
            .unwrap(),
    ]);
    let _ = backfill(&sandbox, &sim, &[]).code(3);
    let report = diagnose(&sandbox, &["--json"]).json();
    assert_eq!(reasons(&report)[&lost.get()], "failing");
    let failures = report["failures"].as_array().unwrap();
    let kinds: Vec<_> = failures
        .iter()
        .map(|f| f["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["not_found", "server"]);
    let failed = sandbox.number("SELECT count(*) FROM v_artifacts WHERE status = 'failed'");
    assert_eq!(failures[0]["artifacts"], failed);
    assert_eq!(failures[1]["companies"], 1);
    for failure in failures {
        assert!(
            failure["remedy"]
                .as_str()
                .unwrap()
                .contains("run backfill again")
        );
    }
    let text = redacted(&diagnose(&sandbox, &[]).stdout, &sim);
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    insta::assert_snapshot!(
        "diagnose_failures",
        text.split("\nFailures").nth(1).unwrap()
    );

    sim.set_faults(Vec::new());
    let _ = backfill(&sandbox, &sim, &[]).code(0);
    let report = diagnose(&sandbox, &["--json"]).json();
    assert_eq!(report["failures"], Value::Array(Vec::new()));
    assert!(!reasons(&report).contains_key(&lost.get()));
}

#[test]
fn other_forms_and_earlier_dates_are_other_reasons() {
    let (sandbox, sim) = (Sandbox::new(), simulator());
    let range = ["--since", "2026-02-27", "--no-download"];
    let args = [&["backfill", "--exchange", "all"][..], &range].concat();
    let _ = sandbox.run_against(&sim, &args).code(0);
    let report = diagnose(&sandbox, &["--json"]).json();
    assert!(reasons(&report).values().any(|r| r == "outside_dates"));
    let next = report["next"].as_array().unwrap();
    assert!(
        next.iter()
            .any(|step| step["command"] == "filing-etl backfill --since 30y --exchange all"),
        "{next:?}"
    );
    let sixes = diagnose(&sandbox, &["--form", "N-CEN", "--json"]).json();
    assert_eq!(sixes["forms"], "N-CEN and amendments");
    assert!(reasons(&sixes).values().any(|r| r == "foreign_issuer"));
}

#[test]
fn what_to_run_next_is_about_the_same_database_companies_and_forms() {
    let (sandbox, sim) = (Sandbox::new(), simulator());
    let place = ["--db", "my own.db", "--data-dir", "d"];
    let _ = sandbox
        .run_against(&sim, &[&["companies", "sync"], &place[..]].concat())
        .code(0);
    let asked = ["--exchange", "NYSE Arca", "--form", "8-K", "--json"];
    let report = sandbox
        .run(&[&["diagnose"], &place[..], &asked].concat())
        .code(0)
        .json();
    let next = report["next"][0]["command"].as_str().unwrap();
    assert_eq!(
        next,
        "filing-etl backfill --db 'my own.db' --data-dir d --exchange 'NYSE Arca' --form 8-K"
    );
}

#[test]
fn without_a_database_or_with_an_unknown_filter_it_says_what_to_do() {
    let sandbox = Sandbox::new();
    let _ = sandbox
        .run(&["diagnose"])
        .code(1)
        .says("run `filing-etl backfill` first");
    assert!(!sandbox.path("filings.db").exists());
    let sim = simulator();
    let _ = sandbox.run_against(&sim, &["companies", "sync"]).code(0);
    let _ = sandbox
        .run(&["diagnose", "--ticker", "NOSUCH"])
        .code(2)
        .says("NOSUCH");
    let never = diagnose(&sandbox, &["--json"]).json();
    assert!(reasons(&never).values().all(|r| r == "never_checked"));
    assert_eq!(never["last_run"], Value::Null);
    assert_eq!(
        never["next"][0]["command"],
        "filing-etl backfill --exchange all"
    );
}

#[test]
fn what_the_quarterly_indexes_list_and_the_database_lacks_is_named_and_queued() {
    reconcile_and_complete_with("backfill");
}

#[test]
fn an_update_completes_what_a_comparison_has_queued() {
    reconcile_and_complete_with("update");
}

fn reconcile_and_complete_with(command: &str) {
    let sim = Simulator::start(Options {
        companies: 12,
        today: date(2025, 6, 30),
        document_scale: 0.002,
        ..Options::default()
    })
    .unwrap();
    let sandbox = Sandbox::new();
    let backfill = ["backfill", "--since=2024-10-01", "--no-download"];
    let run_on_that_day = |args: &[&str]| sandbox.run_at(&sim, "2025-07-01T12:00:00Z", args);
    let reconcile = [
        "diagnose",
        "--reconcile",
        "--since=2024-10-01",
        "--until=2025-06-30",
        "--json",
    ];
    let _ = run_on_that_day(&backfill).code(0);
    sim.log().clear();
    let whole = sandbox.run_against(&sim, &reconcile).code(0).json();
    assert_eq!(whole["quarters"], 3);
    assert_eq!(whole["missing"], serde_json::json!([]));
    assert_eq!(sim.log().requests(), 3, "one request a quarter");

    let lost = sandbox.rows("SELECT accession FROM v_filings WHERE form = '10-Q' LIMIT 1");
    forget(&sandbox, &lost[0]);
    let fix = [&reconcile[..], &["--fix"]].concat();
    let found = sandbox.run_against(&sim, &fix).code(3).json();
    assert_eq!(found["missing"][0]["accession"], lost[0].as_str());
    assert_eq!(
        found["companies_queued"],
        found["missing"].as_array().unwrap().len()
    );

    let again = [&[command], &backfill[1..]].concat();
    sim.log().clear();
    let _ = run_on_that_day(&again).code(0);
    if command == "update" {
        let asked = sim.log().requests();
        // A joint filing is missing under each of its filers.
        let filers = found["missing"].as_array().unwrap().len();
        assert_eq!(asked, filers, "the filers of the one filing");
    }
    let mended = sandbox.run_against(&sim, &reconcile).code(0).json();
    assert_eq!(mended["missing"], serde_json::json!([]));
}

/// Deletes a filing from the database.
fn forget(sandbox: &Sandbox, accession: &str) {
    let db = sandbox.db();
    let of = "(SELECT id FROM filings WHERE accession = ?1)";
    for sql in [
        format!("DELETE FROM artifacts WHERE filing IN {of}"),
        format!("DELETE FROM filers WHERE filing IN {of}"),
        "DELETE FROM filings WHERE accession = ?1".to_owned(),
    ] {
        db.execute(&sql, [accession]).unwrap();
    }
}

#[test]
fn a_quarter_without_a_working_day_yet_proves_nothing_less() {
    let sim = Simulator::start(Options {
        companies: 12,
        today: date(2025, 12, 31),
        document_scale: 0.002,
        ..Options::default()
    })
    .unwrap();
    let sandbox = Sandbox::new();
    let at = |now: &str, args: &[&str]| {
        sandbox.run_at(&sim, now, &[args, &["--since=2025-10-01"]].concat())
    };
    let reconcile = ["diagnose", "--reconcile", "--json"];
    let _ = at("2026-01-01T12:00:00Z", &["backfill", "--no-download"]).code(0);
    for now in ["2026-01-01T12:00:00Z", "2026-01-02T23:00:00Z"] {
        assert_eq!(at(now, &reconcile).code(0).json()["quarters"], 1);
    }
    // The index of the first working day is missing after that day.
    let problems = at("2026-01-03T12:00:00Z", &reconcile).code(3).json();
    assert_eq!(problems["problems"].as_array().unwrap().len(), 1);
}

/// A changed response for a path.
type Change = Box<dyn Fn(&str, Vec<u8>) -> Option<Vec<u8>> + Send>;

fn reconciled(sandbox: &Sandbox, sim: &Simulator, dates: &[&str], change: Change) -> Output {
    let edgar = crate::harness::scripted::Scripted::in_front_of(sim, change);
    let reconcile = [&["diagnose", "--reconcile", "--json"], dates].concat();
    let mut command = sandbox.command_against(sim, &reconcile);
    command
        .env("FILING_ETL_NOW", "2025-07-01T12:00:00Z")
        .env("FILING_ETL_ARCHIVES_URL", edgar.url());
    Output::of(command)
}

fn three_quarters_on_record() -> (Sandbox, Simulator) {
    let sim = Simulator::start(Options {
        companies: 12,
        today: date(2025, 6, 30),
        document_scale: 0.002,
        ..Options::default()
    })
    .unwrap();
    let sandbox = Sandbox::new();
    let backfill = ["backfill", "--since=2024-10-01", "--no-download"];
    let _ = sandbox
        .run_at(&sim, "2025-07-01T12:00:00Z", &backfill)
        .code(0);
    (sandbox, sim)
}

#[test]
fn what_is_on_record_and_in_no_index_any_more_is_named_and_nothing_is_missing() {
    let (sandbox, sim) = three_quarters_on_record();
    let in_first = "SELECT accession FROM v_filings WHERE form = '10-Q'
                    AND filed_on BETWEEN '2025-01-01' AND '2025-03-31' LIMIT 1";
    let gone = sandbox.rows(in_first)[0].clone();
    let line = gone.clone();
    let without = move |_: &str, body: Vec<u8>| {
        let text = String::from_utf8(body).unwrap();
        let lines = text.split_inclusive('\n').filter(|l| !l.contains(&line));
        Some(lines.collect::<String>().into_bytes())
    };
    let report = reconciled(&sandbox, &sim, &["--since=2024-10-01"], Box::new(without)).code(0);
    let report = report.json();
    let unlisted = report["unlisted"].as_array().unwrap();
    assert!(!unlisted.is_empty());
    assert!(unlisted.iter().all(|row| row["accession"] == gone.as_str()));
    assert_eq!(report["missing"], serde_json::json!([]));
}

#[test]
fn an_index_of_another_quarter_and_an_empty_one_prove_nothing() {
    let (sandbox, sim) = three_quarters_on_record();
    let first = crate::harness::get(&sim, "/Archives/edgar/full-index/2025/QTR1/master.idx");
    let rows = first.iter().rposition(|byte| *byte == b'-').unwrap();
    let dashes = first
        .windows(11)
        .position(|window| window == b"----------\n")
        .unwrap();
    assert!(dashes + 10 < rows, "the index has rows");
    let empty = first[..dashes + 11].to_vec();
    for (other, says) in [
        (
            first,
            "it is the index of another quarter: its last day is 2025-03-31",
        ),
        (
            empty.clone(),
            "it is the index of another quarter: its last day is 2025-03-31",
        ),
    ] {
        let change = move |path: &str, body: Vec<u8>| {
            Some(if path.contains("2024/QTR4/master") {
                other.clone()
            } else {
                body
            })
        };
        let report = reconciled(&sandbox, &sim, &["--since=2024-10-01"], Box::new(change)).code(3);
        let problems = report.json()["problems"].clone();
        assert_eq!(problems.as_array().unwrap().len(), 1, "{problems}");
        let said = problems[0].as_str().unwrap();
        assert!(
            said.starts_with("the index of 2024 Q4 cannot be read"),
            "{said}"
        );
        assert!(said.contains(says), "{said}");
    }
    let change = move |path: &str, body: Vec<u8>| {
        Some(if path.contains("2025/QTR1/master") {
            empty.clone()
        } else {
            body
        })
    };
    let report = reconciled(&sandbox, &sim, &["--since=2024-10-01"], Box::new(change)).code(3);
    assert!(
        report.json()["problems"][0]
            .as_str()
            .unwrap()
            .contains("it lists no filing")
    );
}

#[test]
fn quarters_before_edgar_and_after_today_are_not_asked_for() {
    let (sandbox, sim) = three_quarters_on_record();
    sim.log().clear();
    let dates = ["--since=1901-01-01", "--until=1993-05-01"];
    let report = reconciled(&sandbox, &sim, &dates, Box::new(|_, body| Some(body)));
    let asked = report.json()["quarters"].as_u64().unwrap()
        + report.json()["problems"].as_array().unwrap().len() as u64;
    assert_eq!(asked, 2, "1993 Q1 and Q2");
    let dates = ["--since=2025-04-01", "--until=2030-01-01"];
    let report = reconciled(&sandbox, &sim, &dates, Box::new(|_, body| Some(body))).code(0);
    assert_eq!(report.json()["quarters"], 1);
}

#[test]
fn without_a_form_the_selections_say_what_is_wanted_and_dates_are_not_blamed_for_it() {
    let (sandbox, sim) = (Sandbox::new(), simulator());
    let only = ["--form", "8-K", "--no-download"];
    let _ = backfill(&sandbox, &sim, &only).code(0);
    let report = diagnose(&sandbox, &["--json"]).json();
    assert_eq!(report["forms"], "8-K and amendments");
    let reasons_of_selection = reasons(&report);
    assert!(
        reasons_of_selection
            .values()
            .all(|r| !["never_checked", "not_asked_for"].contains(&r.as_str())),
        "{reasons_of_selection:?}"
    );
    let mut outside = 0;
    for company in report["uncovered"].as_array().unwrap() {
        if company["reason"] == "outside_dates" {
            let detail = company["detail"].as_str().unwrap();
            let day = detail.rsplit(' ').next().unwrap();
            assert!(!("2024-01-01"..="2026-02-27").contains(&day), "{detail}");
            outside += 1;
        }
    }
    assert!(outside > 0, "nobody's filings lie outside the dates");
    // For other forms, the reason is that no selection includes them.
    let reports = diagnose(&sandbox, &["--form", "10-K", "--json"]).json();
    let of_reports = reasons(&reports);
    assert!(
        of_reports.values().any(|r| r == "not_asked_for"),
        "{of_reports:?}"
    );
    assert!(
        of_reports.values().all(|r| r != "outside_dates"),
        "{of_reports:?}"
    );
    let next = reports["next"].as_array().unwrap();
    assert!(
        next.iter()
            .any(|step| step["command"] == "filing-etl backfill --exchange all --form 10-K"),
        "{next:?}"
    );
}

#[test]
fn only_what_a_selection_asks_for_of_its_companies_can_be_missing() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let mut ciks: Vec<_> = simulated::reports(&sim)
        .into_iter()
        .map(|(cik, _)| cik)
        .collect();
    ciks.dedup();
    let [all, annual] = [ciks[0], ciks[1]].map(|cik| format!("--cik={cik}"));
    let backfill = |args: &[&str]| {
        let args = [&["--no-download"], args].concat();
        let _ = Output::of(at_july(sandbox.backfill(&sim, &args))).code(0);
    };
    backfill(&[&all]);
    backfill(&[&annual, "--form=annual"]);
    let reconcile = ["diagnose", "--reconcile", "--json"];
    let reconciled = |args: &[&str]| {
        let args = [&reconcile[..], args].concat();
        Output::of(at_july(sandbox.command_against(&sim, &args)))
    };
    let none = reconciled(&[]).code(0).json();
    assert_eq!(none["missing"].as_array().unwrap().len(), 0, "{none}");
    let quarterly = reconciled(&["--form=10-Q", &annual]).code(3).json();
    assert!(
        !quarterly["missing"].as_array().unwrap().is_empty(),
        "asked for by hand"
    );
}

fn at_july(mut command: std::process::Command) -> std::process::Command {
    command.env("FILING_ETL_NOW", "2025-07-01T16:00:00Z");
    command
}
