//! Unexplained refusals, pauses requested for one document, and messages with the next step.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::sync::{Arc, Mutex};

use filing_etl::sim::{Options, Simulator};
use serde_json::json;

use crate::harness::scripted::{Scripted, response};
use crate::harness::{Output, Sandbox, faults, simulated};

fn simulator() -> Simulator {
    simulated::start(Options {
        companies: 30,
        ..simulated::small()
    })
}

fn backfill(sandbox: &Sandbox, sim: &Simulator) -> Output {
    Output::of(sandbox.backfill(sim, &["--json", "--form=10-K", "--block-cooldown=1s"]))
}

#[test]
fn a_host_that_refuses_everything_ends_the_run_and_is_not_waited_for() {
    for (place, status) in [
        ("documents", "407"),
        ("discovery", "451"),
        ("documents", "redirect-offsite"),
        ("documents", "redirect-loop"),
    ] {
        let (sandbox, sim) = (Sandbox::new(), simulator());
        sim.set_faults(faults(&[format!("{status}@{place}")]));
        let output = backfill(&sandbox, &sim)
            .code(1)
            .says("refuses every request (refusals in a row: 10; the last one: refused (status ")
            .says("then run the same command again");
        assert_eq!(output.stderr.matches("refuses every request").count(), 1);
        assert_eq!(output.json()["status"], "failed");
        assert_eq!(output.json()["requests"]["paused_s"], 0.0, "{place}");
        let refused = sim.log().count(|entry| entry.fault.is_some());
        let most = if status == "redirect-loop" {
            40 * 6
        } else {
            40
        };
        assert!(
            (10..most).contains(&refused),
            "{refused} of {status} at {place}"
        );
        sim.set_faults(Vec::new());
        let _ = backfill(&sandbox, &sim).code(0);
    }
}

#[test]
fn nine_refusals_and_a_good_answer_end_no_run() {
    let (sandbox, sim) = (Sandbox::new(), simulator());
    sim.set_faults(faults(&["407:40%@documents"]));
    let _ = Output::of(sandbox.backfill(&sim, &["--form=10-K", "--preset=sequential"])).code(3);
    let told =
        sandbox.rows("SELECT DISTINCT kind FROM v_errors WHERE message LIKE '%HTTPS_PROXY%'");
    assert_eq!(told, ["refused"]);
    sim.set_faults(Vec::new());
    let _ = backfill(&sandbox, &sim).code(0);
}

#[test]
fn documents_that_are_refused_for_good_keep_no_run_from_the_others() {
    let (sandbox, sim) = (Sandbox::new(), simulator());
    let _ = Output::of(sandbox.backfill(&sim, &["--form=10-K", "--no-download"])).code(0);
    let refused = sandbox.rows("SELECT accession FROM v_artifacts ORDER BY id LIMIT 12");
    let all = sandbox.number("SELECT count(*) FROM v_artifacts");
    assert!(all > 30);
    let of = |accession: &String| format!("407@{}", accession.replace('-', ""));
    sim.set_faults(faults(&refused.iter().map(of).collect::<Vec<_>>()));
    let downloaded = "SELECT count(*) FROM v_artifacts WHERE status = 'downloaded'";
    let args = ["--form=10-K", "--preset=sequential"];
    let _ = Output::of(sandbox.backfill(&sim, &args)).code(1);
    assert_eq!(sandbox.number(downloaded), 0);
    // What has failed comes last, once.
    sim.log().clear();
    let _ = Output::of(sandbox.backfill(&sim, &args)).code(3);
    assert_eq!(sandbox.number(downloaded), all - 12);
    assert_eq!(sim.log().count(|entry| entry.fault.is_some()), 12);
    // Then nothing else is left.
    let _ = Output::of(sandbox.backfill(&sim, &args)).code(1);
}

#[test]
fn a_document_that_always_answers_a_bare_429_costs_one_pause() {
    let (sandbox, sim) = (Sandbox::new(), simulator());
    let _ = Output::of(sandbox.backfill(&sim, &["--form=10-K", "--no-download"])).code(0);
    let name = sandbox.rows("SELECT primary_document FROM v_filings ORDER BY accession LIMIT 1");
    sim.set_faults(faults(&[format!("429@{}", name[0])]));
    let output = backfill(&sandbox, &sim).code(3);
    let paused = output.json()["requests"]["paused_s"].as_f64().unwrap();
    assert!((0.9..1.9).contains(&paused), "{paused}");
    assert_eq!(sim.log().count(|entry| entry.fault.is_some()), 3);
    assert_eq!(
        sandbox.rows("SELECT name FROM v_artifacts WHERE status <> 'downloaded'"),
        name
    );
    // If nothing else is left to request, it costs only one pause, too.
    let output = backfill(&sandbox, &sim).code(3);
    let paused = output.json()["requests"]["paused_s"].as_f64().unwrap();
    assert!((0.9..1.9).contains(&paused), "{paused}");
}

#[test]
fn messages_name_the_thing_the_cause_and_the_next_step() {
    let sim = simulator();
    for (fault, words) in [
        (
            "503@documents#1",
            "%status 503%run the same command again later%",
        ),
        ("407@documents#1", "%status 407%set HTTPS_PROXY%"),
        (
            "404@-submissions-001",
            "%older page CIK%-submissions-001.json (%) is not found%tomorrow%",
        ),
    ] {
        let sandbox = Sandbox::new();
        sim.set_faults(faults(&[fault]));
        let args = ["--max-attempts=1", "--since", "2000-01-01"];
        let _ = Output::of(sandbox.backfill(&sim, &args)).code(3);
        let told = format!("SELECT count(*) > 0 FROM v_errors WHERE message LIKE '{words}'");
        assert_eq!(
            sandbox.number(&told),
            1,
            "{:?}",
            sandbox.rows("SELECT message FROM v_errors")
        );
    }
}

#[test]
fn an_older_page_that_is_gone_fails_its_company_on_three_days_and_no_longer() {
    let (sandbox, sim) = (Sandbox::new(), simulator());
    let page = "-submissions-001";
    sim.set_faults(faults(&[format!("404@{page}")]));
    let asked = || sim.log().count(|entry| entry.path.contains(page));
    let run = |day: u8, args: &[&str]| {
        let args = [&["--since", "2000-01-01", "--no-download", "--json"], args].concat();
        let mut command = sandbox.backfill(&sim, &args);
        command.env("FILING_ETL_NOW", format!("2025-07-{day:02}T16:00:00Z"));
        Output::of(command)
    };
    for (day, next) in [
        (1, "tomorrow"),
        (1, "tomorrow"),
        (2, "tomorrow"),
        (3, "--retry-unavailable"),
    ] {
        let before = asked();
        let output = run(day, &[]).code(3);
        let output = output.says("is not found, though its main document lists it");
        let companies = output.json()["companies"]["failed"].as_u64().unwrap();
        assert!(companies > 0);
        assert_eq!((asked() - before) as u64, companies, "one request each");
        let last =
            "SELECT DISTINCT kind FROM v_errors WHERE run_id = (SELECT max(run_id) FROM v_runs)";
        assert_eq!(sandbox.rows(last), ["page_missing"]);
        let _ = output.says(next);
    }
    let before = asked();
    let output = run(4, &[]).code(0);
    assert_eq!(output.json()["companies"]["failed"], 0);
    assert_eq!(asked(), before, "it is asked for no more");
    let unchecked = "SELECT companies_total - companies_checked FROM v_selections";
    assert_eq!(sandbox.number(unchecked), 0);
    sim.set_faults(Vec::new());
    let found = sandbox.number("SELECT count(*) FROM v_filings");
    let _ = run(5, &[]).code(0);
    assert_eq!(sandbox.number("SELECT count(*) FROM v_filings"), found);
    let _ = run(5, &["--retry-unavailable"]).code(0);
    assert!(asked() > before);
    assert!(sandbox.number("SELECT count(*) FROM v_filings") > found);
    assert_eq!(sandbox.number("SELECT count(*) FROM pages_missing"), 0);
}

/// A company with a filing in its main document and one in each of two older pages. What a path of `missing`
/// is part of is not there.
fn of_two_pages(missing: &Arc<Mutex<Vec<&'static str>>>) -> Scripted {
    let rows = |year: u32| {
        json!({
            "accessionNumber": [format!("0000000007-{:02}-000001", year % 100)],
            "filingDate": [format!("{year}-02-01")], "form": ["10-K"], "primaryDocument": ["a.htm"],
        })
    };
    let page = |n: u32, year: u32| {
        json!({
            "name": format!("CIK0000000007-submissions-00{n}.json"), "filingCount": 1,
            "filingFrom": format!("{year}-02-01"), "filingTo": format!("{year}-02-01"),
        })
    };
    let list = json!({
        "fields": ["cik", "name", "ticker", "exchange"],
        "data": [[7, "Seven", "SEVN", "Nasdaq"]],
    });
    let main = json!({
        "cik": "0000000007", "name": "Seven",
        "filings": {"recent": rows(2024), "files": [page(1, 2015), page(2, 2010)]},
    });
    let bodies = [
        ("/files/company_tickers_exchange.json", list),
        ("/submissions/CIK0000000007.json", main),
        (
            "/submissions/CIK0000000007-submissions-001.json",
            rows(2015),
        ),
        (
            "/submissions/CIK0000000007-submissions-002.json",
            rows(2010),
        ),
    ];
    let bodies = BTreeMap::from(bodies.map(|(path, body)| (path, body.to_string())));
    let missing = Arc::clone(missing);
    Scripted::answering(move |path, stream| {
        let is_missing = missing
            .lock()
            .unwrap()
            .iter()
            .any(|part| path.contains(part));
        match bodies.get(path).filter(|_| !is_missing) {
            Some(body) => stream.write_all(&response("200 OK", "", body.as_bytes())),
            None => stream.write_all(&response("404 Not Found", "", b"nothing here")),
        }
    })
}

/// A backfill on this day of July 2025, without downloads.
fn on_day(sandbox: &Sandbox, edgar: &Scripted, day: u32, args: &[&str]) -> Output {
    let args = [&["backfill", "--no-download", "--json"], args].concat();
    let mut command = sandbox.command_to(&edgar.url(), &args);
    command.env("FILING_ETL_NOW", format!("2025-07-{day:02}T16:00:00Z"));
    Output::of(command)
}

#[test]
fn a_missing_older_page_keeps_no_other_page_from_being_read() {
    let missing = Arc::new(Mutex::new(vec!["-001"]));
    let (sandbox, edgar) = (Sandbox::new(), of_two_pages(&missing));
    let run = |day, args: &[&str]| {
        let args = [&["--since=2005-01-01"], args].concat();
        on_day(&sandbox, &edgar, day, &args)
    };
    let _ = run(1, &[]).code(3);
    let years = "SELECT substr(filed_on, 1, 4) FROM v_filings ORDER BY 1";
    assert_eq!(sandbox.rows(years), ["2010", "2024"]);
}

#[test]
fn several_missing_older_pages_cost_the_days_of_one_and_each_comes_as_soon_as_it_is_there() {
    let missing = Arc::new(Mutex::new(vec!["-001", "-002"]));
    let (sandbox, edgar) = (Sandbox::new(), of_two_pages(&missing));
    let run = |day, args: &[&str]| {
        let args = [&["--since=2005-01-01"], args].concat();
        on_day(&sandbox, &edgar, day, &args)
    };
    for day in 1..=3 {
        assert_eq!(run(day, &[]).code(3).json()["companies"]["failed"], 1);
    }
    assert_eq!(
        sandbox.rows("SELECT run_id, kind, count(*) FROM v_errors GROUP BY 1, 2"),
        [1, 2, 3].map(|run| format!("{run}|page_missing|2"))
    );
    let _ = run(4, &[]).code(0);
    *missing.lock().unwrap() = vec!["-001"];
    let _ = run(5, &["--retry-unavailable"]).code(3);
    let years = "SELECT substr(filed_on, 1, 4) FROM v_filings ORDER BY 1";
    assert_eq!(sandbox.rows(years), ["2010", "2024"]);
    let _ = run(6, &[]).code(0);
}

#[test]
fn a_wider_selection_asks_again_for_companies_and_older_pages_that_were_unavailable() {
    for part in ["submissions/CIK", "-001"] {
        let missing = Arc::new(Mutex::new(vec![part]));
        let (sandbox, edgar) = (Sandbox::new(), of_two_pages(&missing));
        let run = |day, since| on_day(&sandbox, &edgar, day, &[since]);
        for day in 1..=3 {
            let _ = run(day, "--since=2012-01-01").code(3);
        }
        // The company is not to be tried again before that is asked for; without a page it is.
        let advice = sandbox.run(&["diagnose"]).code(0).stdout;
        let is_company = part != "-001";
        assert_eq!(
            advice.contains("backfill --retry-unavailable\n"),
            is_company,
            "{advice}"
        );
        assert_eq!(
            !advice.contains("company to try again"),
            is_company,
            "{advice}"
        );
        missing.lock().unwrap().clear();
        let filings = || sandbox.number("SELECT count(*) FROM v_filings");
        let before = filings();
        let _ = run(4, "--since=2012-01-01").code(0);
        assert_eq!(filings(), before, "{part}: the same selection");
        let _ = run(4, "--since=2005-01-01").code(0);
        assert_eq!(filings(), 3, "{part}");
    }
}

#[test]
fn certificates_that_cannot_be_read_are_named_before_anything_is_asked() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.path("empty.pem"), "no certificate\n").unwrap();
    fs::create_dir(sandbox.path("folder")).unwrap();
    for (file, says) in [
        (
            "nowhere.pem",
            "nowhere.pem (SSL_CERT_FILE) cannot be read: No such file or directory (os error 2): set SSL_CERT_FILE",
        ),
        (
            "folder",
            "folder (SSL_CERT_FILE) cannot be read: Is a directory (os error 21): set SSL_CERT_FILE",
        ),
        (
            "empty.pem",
            "empty.pem (SSL_CERT_FILE) has no certificate in PEM format: set",
        ),
    ] {
        let mut command = sandbox.command_to("https://localhost:9", &["companies", "sync"]);
        command.env("SSL_CERT_FILE", file);
        let _ = Output::of(command).code(1).says(says);
    }
    // Plain HTTP needs no certificates.
    let sim = simulator();
    let mut command = sandbox.command_against(&sim, &["companies", "sync"]);
    command.env("SSL_CERT_FILE", "nowhere.pem");
    let _ = Output::of(command).code(0);
}

#[test]
fn a_companies_file_is_taken_in_the_forms_that_spreadsheets_and_editors_write() {
    let (sandbox, sim) = (Sandbox::new(), simulator());
    let _ = sandbox.run_against(&sim, &["companies", "sync"]).code(0);
    let known =
        sandbox.rows("SELECT cik, ticker FROM v_companies WHERE ticker IS NOT NULL LIMIT 2");
    let (cik, ticker) = known[0].split_once('|').unwrap();
    let (_, other) = known[1].split_once('|').unwrap();
    let utf16 = |text: &str| -> Vec<u8> {
        let units = ["\u{feff}", text].concat();
        units.encode_utf16().flat_map(u16::to_le_bytes).collect()
    };
    let latin1 = |text: &str| -> Vec<u8> { text.chars().map(|c| c as u8).collect() };
    for bytes in [
        format!("name,ticker\n\"A, Inc.\",{ticker}\nB,{other}\n").into_bytes(),
        format!("Ticker;CIK\r\n{ticker};{cik}\r\n{other};\r\n").into_bytes(),
        utf16(&format!("{ticker} # \u{fc}ber\r\n{other}\r\n")),
        utf16(&format!("ticker\tname\r\n{ticker}\tA\r\n{other}\tB\r\n")),
        latin1(&format!("# f\u{fc}r uns\n{ticker} # \u{c4}\n{other}\n")),
    ] {
        fs::write(sandbox.path("ours"), &bytes).unwrap();
        let args = [
            "companies",
            "list",
            "--exchange=all",
            "--json",
            "--companies-file=ours",
        ];
        let output = sandbox.run_against(&sim, &args).code(0);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(
            output.stdout.contains(ticker) && output.stdout.contains(other),
            "{text}"
        );
    }
    fs::write(
        sandbox.path("ours"),
        format!("name,ticker\nA,{ticker}\nB,NOSUCH\n"),
    )
    .unwrap();
    let args = ["backfill", "--companies-file=ours"];
    let _ = sandbox
        .run_against(&sim, &args)
        .code(2)
        .says("NOSUCH (ours, line 3)");
    for (bytes, why) in [
        (
            format!("Symbol;Name\n{ticker};A\n").into_bytes(),
            "the companies file ours is a table, and its first line has no column `ticker` or `cik`: Symbol;Name: give",
        ),
        (
            b"PK\x03\x04\0\0".to_vec(),
            "the companies file ours is no text: give",
        ),
        // An open quote takes the rows behind it.
        (
            format!("name,ticker\nA,{ticker}\n\"B,{other}\nC,{other}\n").into_bytes(),
            "(ours, line 3)",
        ),
    ] {
        fs::write(sandbox.path("ours"), bytes).unwrap();
        let _ = sandbox.run_against(&sim, &args).code(2).says(why);
    }
}
