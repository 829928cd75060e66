//! `text`: prints a document as text.

use std::collections::BTreeMap;

use filing_etl::internals::RunLock;
use filing_etl::sim::{Options, Simulator};

use crate::harness::scripted::Scripted;
use crate::harness::{Output, Sandbox, simulated};

/// A sandbox with filings of some companies on record and none of their files.
fn discovered(sim: &Simulator, args: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    let args = [&["--limit", "8", "--preset", "sequential"], args].concat();
    let _ = Output::of(sandbox.backfill(sim, &args)).code(0);
    sandbox
}

/// The accession and the primary document of a filing with an HTML document.
fn a_filing(sandbox: &Sandbox) -> (String, String) {
    let row = &sandbox.rows(
        "SELECT accession, primary_document FROM v_filings
         WHERE primary_document LIKE '%.htm' ORDER BY filed_on DESC LIMIT 1",
    )[0];
    let (accession, name) = row.split_once('|').unwrap();
    (accession.to_owned(), name.to_owned())
}

fn has_no_markup(text: &str) -> bool {
    ![
        "<p",
        "<div",
        "<html",
        "<DOCUMENT>",
        "<TEXT>",
        "&nbsp;",
        "&#",
    ]
    .iter()
    .any(|mark| text.contains(mark))
}

#[test]
fn a_document_that_is_here_is_printed_without_a_request() {
    let sim = simulated::start(simulated::small());
    let sandbox = discovered(&sim, &[]);
    let (accession, name) = a_filing(&sandbox);
    sim.log().clear();
    let markdown = Output::of(sandbox.command_against(&sim, &["text", &accession])).code(0);
    assert!(markdown.stdout.trim().len() > 100, "{}", markdown.stdout);
    assert!(has_no_markup(&markdown.stdout), "{}", markdown.stdout);
    assert_eq!(markdown.stderr, "");
    let by_name = ["text", &accession, &name, "--text", "markdown"];
    let by_name = Output::of(sandbox.command_against(&sim, &by_name)).code(0);
    assert_eq!(by_name.stdout, markdown.stdout);
    let plain = ["text", &accession, "--text", "plain"];
    let plain = Output::of(sandbox.command_against(&sim, &plain)).code(0);
    assert!(has_no_markup(&plain.stdout) && plain.stdout.trim().len() > 100);
    assert_eq!(sim.log().count(|_| true), 0);
}

#[test]
fn a_document_that_is_known_is_fetched_once_and_recorded() {
    let sim = simulated::start(simulated::small());
    let sandbox = discovered(&sim, &["--no-download"]);
    let (accession, _) = a_filing(&sandbox);
    assert_eq!(sandbox.files().len(), 0);
    sim.log().clear();
    let monitoring = Scripted::start(BTreeMap::new());
    let mut fetched = sandbox.command_against(&sim, &["text", &accession]);
    fetched.env("FILING_ETL_METRICS_FILE", sandbox.path("metrics"));
    fetched.env("FILING_ETL_PING_URL", monitoring.url());
    let first = Output::of(fetched).code(0);
    assert_eq!(sim.log().count(|_| true), 1);
    let second = Output::of(sandbox.command_against(&sim, &["text", &accession])).code(0);
    assert_eq!(sim.log().count(|_| true), 1);
    assert_eq!(first.stdout, second.stdout);
    assert_eq!(first.stderr, "");
    // It is a run on record, and none of those that a monitoring service waits for.
    let runs =
        "SELECT command, status, companies_total, artifacts_created, downloaded, failed, requests,
                    json_extract(options, '$.accession')
                FROM v_runs WHERE run_id > 1";
    assert_eq!(
        sandbox.rows(runs),
        [format!("text|completed|0|0|1|0|1|{accession}")]
    );
    assert!(!sandbox.path("metrics").exists());
    assert_eq!(monitoring.asked(), [""; 0]);
    assert!(has_no_markup(&first.stdout) && first.stdout.trim().len() > 100);
    let stored =
        sandbox.rows("SELECT accession, kind FROM v_artifacts WHERE status = 'downloaded'");
    assert_eq!(stored, [format!("{accession}|primary")]);
    assert_eq!(sandbox.files().len(), 1);
    assert_eq!(sandbox.incoming(), ["lock"]);
    // Other queue entries stay, and the next run does not fetch this file again.
    let _ = sandbox.run_against(&sim, &["download"]).code(0);
    let _ = sandbox.run_against(&sim, &["verify"]).code(0);
}

#[test]
fn the_documents_of_a_filing_and_its_submission_are_printed_by_name() {
    let sim = simulated::start(Options {
        document_scale: 0.05,
        ..simulated::small()
    });
    let sandbox = discovered(&sim, &["--artifacts", "documents"]);
    let exhibit = &sandbox.rows(
        "SELECT accession, name FROM v_artifacts WHERE kind = 'exhibit' AND name LIKE '%.htm' ORDER BY bytes DESC LIMIT 1",
    )[0];
    let (accession, name) = exhibit.split_once('|').unwrap();
    let exhibit = Output::of(sandbox.command_against(&sim, &["text", accession, name])).code(0);
    assert!(has_no_markup(&exhibit.stdout), "{}", exhibit.stdout);
    assert!(!exhibit.stdout.trim().is_empty(), "{accession} {name}");
    let whole = format!("{accession}.txt");
    let args = ["text", accession, &whole];
    let whole = Output::of(sandbox.command_against(&sim, &args)).code(0);
    assert!(
        whole.stdout.contains(exhibit.stdout.trim()),
        "{}",
        whole.stdout
    );
    assert!(has_no_markup(&whole.stdout) && !whole.stdout.contains("begin 644"));
}

#[test]
fn what_is_not_known_is_a_usage_error_that_says_what_is() {
    let sim = simulated::start(simulated::small());
    let sandbox = discovered(&sim, &["--no-download"]);
    let (accession, name) = a_filing(&sandbox);
    sim.log().clear();
    let says = |args: &[&str], text: &str| {
        let _ = Output::of(sandbox.command_against(&sim, args))
            .code(2)
            .says(text);
    };
    says(
        &["text", "0000000001-23-000001"],
        "no filing 0000000001-23-000001 is on record",
    );
    says(&["text", "12345"], "12345");
    says(
        &["text", &accession, "none.htm"],
        &format!("there are {name}"),
    );
    assert_eq!(sim.log().count(|_| true), 0);
}

#[test]
fn a_document_that_is_damaged_on_disk_is_not_shown() {
    let sim = simulated::start(simulated::small());
    let sandbox = discovered(&sim, &[]);
    let (accession, name) = a_filing(&sandbox);
    let path = &sandbox.rows(&format!(
        "SELECT path FROM v_artifacts WHERE accession = '{accession}' AND name = '{name}'"
    ))[0];
    let path = sandbox.path("filings").join(path);
    for damaged in ["<p>Others", ""] {
        std::fs::write(&path, damaged).unwrap();
        let shown = Output::of(sandbox.command_against(&sim, &["text", &accession])).code(1);
        assert_eq!(shown.stdout, "");
        let _ =
            shown.says("does not match its hash on record: `filing-etl verify` queues it again");
    }
    let _ = sandbox.run_against(&sim, &["verify"]).code(3);
    let _ = Output::of(sandbox.command_against(&sim, &["text", &accession])).code(0);
}

#[test]
fn a_picture_has_no_text() {
    let sim = simulated::start(simulated::small());
    let sandbox = discovered(&sim, &["--artifacts", "documents"]);
    let picture =
        &sandbox.rows("SELECT accession, name FROM v_artifacts WHERE kind = 'graphic' LIMIT 1")[0];
    let (accession, name) = picture.split_once('|').unwrap();
    let _ = Output::of(sandbox.command_against(&sim, &["text", accession, name]))
        .code(2)
        .says("has no text: only HTML, text and XML have");
}

#[test]
fn a_run_at_work_keeps_a_document_from_being_fetched_but_not_from_being_shown() {
    let sim = simulated::start(simulated::small());
    let sandbox = discovered(&sim, &["--no-download"]);
    let (here, _) = a_filing(&sandbox);
    let shows = |accession: &str, code: i32| {
        let _ = Output::of(sandbox.command_against(&sim, &["text", accession])).code(code);
    };
    shows(&here, 0);
    // It is held to the end: a child of another test may inherit a lock, and keep it after it is dropped here.
    let _lock = RunLock::acquire(&sandbox.path("filings.db"))
        .unwrap()
        .unwrap();
    shows(&here, 0);
    let other = sandbox.rows("SELECT accession FROM v_artifacts WHERE status = 'pending'");
    shows(&other[0], 75);
}

#[test]
fn what_cannot_be_had_stays_queued() {
    let sim = simulated::start(simulated::small());
    let sandbox = discovered(&sim, &["--no-download"]);
    let (accession, name) = a_filing(&sandbox);
    sim.set_faults(vec![format!("404@{name}").parse().unwrap()]);
    let output = Output::of(sandbox.command_against(&sim, &["text", &accession])).code(3);
    assert_eq!(output.stdout, "");
    let _ = output.says("not found");
    let row = format!("SELECT status, attempts FROM v_artifacts WHERE accession = '{accession}'");
    assert_eq!(sandbox.rows(&row), ["failed|1"]);
    let run = "SELECT command, status, downloaded, failed FROM v_runs ORDER BY run_id DESC LIMIT 1";
    assert_eq!(sandbox.rows(run), ["text|partial|0|1"]);
    assert_eq!(
        sandbox.rows("SELECT run_id, accession, kind FROM v_errors"),
        [format!("2|{accession}|not_found")]
    );
    let quiet = Output::of(sandbox.command_against(&sim, &["-q", "text", &accession])).code(3);
    assert_eq!(quiet.stdout, "");
    let _ = quiet.says("run 3 (text) ended with exit code 3: 1 artifact failed");
    // Nobody is there: as in every run, it stays queued as it was.
    let nobody =
        Output::of(sandbox.command_to("http://127.0.0.1:9", &["text", &accession])).code(1);
    assert_eq!(nobody.stdout, "");
    assert_eq!(sandbox.rows(run), ["text|failed|0|0"]);
    assert_eq!(sandbox.rows(&row), ["pending|2"]);
}
