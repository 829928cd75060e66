//! Network faults: at the end every document is either stored byte for byte or reported as failed, other
//! documents are not affected, and a later run downloads the missing ones.

use std::collections::BTreeMap;

use filing_etl::internals::Cik;
use filing_etl::sim::{Entry, Options, Resource, SimFiling, Simulator};
use jiff::civil::{Date, date};

use crate::harness::process::{Running, for_each};
use crate::harness::same::same_files;
use crate::harness::{self, Output, Sandbox};

/// The last day of the simulated EDGAR, and the first filing date of the job.
const TODAY: Date = date(2025, 6, 30);
const SINCE: Date = date(2024, 1, 1);

/// A job that is small enough for one run per fault: annual reports of a few companies.
const JOB: [&str; 10] = [
    "backfill",
    "--exchange=all",
    "--form=10-K",
    "--form=10-Q",
    "--since=2024-01-01",
    "--until=2025-06-30",
    "--block-cooldown=1s",
    "--progress=none",
    "--json",
    "--max-attempts=3",
];

fn simulator(options: Options) -> Simulator {
    Simulator::start(Options {
        companies: 5,
        today: TODAY,
        document_scale: 0.002,
        ..options
    })
    .unwrap()
}

fn set(sim: &Simulator, faults: &[String]) {
    sim.set_faults(harness::faults(faults));
}

/// Every filing of the job, with one of its companies.
fn filings(sim: &Simulator) -> Vec<(Cik, SimFiling)> {
    let wanted = |f: &SimFiling| {
        let form = f.form.strip_suffix("/A").unwrap_or(f.form);
        matches!(form, "10-K" | "10-Q") && (SINCE..=TODAY).contains(&f.filed_on)
    };
    let of = |cik| {
        sim.universe()
            .filings(cik)
            .into_iter()
            .map(move |f| (cik, f))
    };
    let all = sim.universe().companies().flat_map(|c| of(c.cik));
    all.filter(|(_, f)| wanted(f)).collect()
}

/// `accession/name` and bytes of every document of the job.
fn files_of(sim: &Simulator) -> BTreeMap<String, Vec<u8>> {
    let file = |(_, f): (Cik, SimFiling)| {
        let bytes = sim.universe().file(&f, &f.primary_document).unwrap();
        (
            format!("{}/{}", f.accession.bare(), f.primary_document),
            bytes,
        )
    };
    filings(sim).into_iter().map(file).collect()
}

/// The same for the stored files. Those of a joint filing may be in the folder of any of its companies.
fn found(sandbox: &Sandbox) -> BTreeMap<String, Vec<u8>> {
    harness::by_filing(sandbox.files())
}

/// Fails unless every document is stored byte for byte and recorded as downloaded.
#[track_caller]
fn complete(what: &str, sim: &Simulator, sandbox: &Sandbox) {
    let (all, found) = (files_of(sim), found(sandbox));
    assert!(all.len() > 10, "{what}: a job too small to mean anything");
    same_files(&found, &all, what);
    let rows = sandbox.rows("SELECT DISTINCT status, bytes > 0, length(sha256) FROM v_artifacts");
    assert_eq!(rows, ["downloaded|1|64"], "{what}");
}

#[test]
fn what_goes_wrong_once_for_each_request_costs_only_time() {
    // Every list, submissions document and file meets the fault on its first request. Of those that
    // break the connection it is some of them: 20 such requests in a row are an outage. So are 10 redirects.
    let faults = [
        "refuse:40%",
        "reset:40%",
        "reset-headers:40%",
        "reset-body",
        "short",
        "chunked-cut",
        "gzip-cut",
        "gzip-damaged",
        "close-cut",
        "500",
        "502",
        "503",
        "504",
        "503=1",
        "html",
        "empty",
        "garbage",
        "redirect-offsite:30%",
    ];
    for_each(&faults, |fault| {
        let sim = simulator(Options::default());
        set(&sim, &[format!("{fault}*1")]);
        let sandbox = Sandbox::new();
        let output = sandbox.run_against(&sim, &JOB).code(0);
        complete(fault, &sim, &sandbox);
        let documents = |e: &Entry| e.kind == Resource::Documents && e.fault.is_some();
        let struck = sim.log().count(documents) as u64;
        let least = if fault.contains('%') { 3 } else { 10 };
        assert!(struck > least, "{fault} struck {struck} documents");
        let retries = output.json()["requests"]["retries"].as_u64().unwrap();
        assert!(retries > least && retries >= struck, "{fault}: {retries}");
        assert_eq!(
            sandbox.number("SELECT count(*) FROM v_errors"),
            0,
            "{fault}"
        );
    });
}

/// The timeout of these runs, instead of half a minute. The slowest machine responds faster.
const PATIENCE: (&str, &str) = ("FILING_ETL_PATIENCE", "4s");

#[test]
fn a_server_that_stalls_or_drips_is_given_up_and_asked_again() {
    let sim = simulator(Options::default());
    let faults = [
        "stall=60@companies#1",
        "stall-body=60@companies#2",
        "drip=0.1@listings#1",
        "stall=60@discovery#1",
        "stall-body=60@discovery#2",
        "drip=0.1@discovery#3",
        "stall=60@documents#2",
        "stall-body=60@documents#4",
        "drip=0.1@documents#6",
    ];
    set(&sim, &faults.map(str::to_owned));
    let sandbox = Sandbox::new();
    let mut command = sandbox.command_against(&sim, &JOB);
    command.env(PATIENCE.0, PATIENCE.1);
    let output = Output::of(command).code(0);
    let struck = sim.log().count(|e| e.fault.is_some());
    assert_eq!(struck, faults.len());
    assert!(output.json()["requests"]["retries"].as_u64() >= Some(9));
    complete("stalls", &sim, &sandbox);
}

#[test]
fn what_stalls_or_drips_for_good_is_named_and_costs_its_item_alone() {
    let cases = [
        ("stall=60", "timed out while waiting for the response"),
        ("stall-body=60", "timed out: no data arrived for too long"),
        ("drip=0.1", "too slow: "),
    ];
    for_each(&cases, |(fault, word)| {
        let sim = simulator(Options::default());
        let filings = filings(&sim);
        let (_, bad_filing) = filings.first().unwrap();
        let (bad_company, _) = filings.last().unwrap();
        let file = format!(
            "{}/{}",
            bad_filing.accession.bare(),
            bad_filing.primary_document
        );
        let page = format!("CIK{}.json", bad_company.padded());
        set(
            &sim,
            &[format!("{fault}@{file}"), format!("{fault}@{page}")],
        );
        let sandbox = Sandbox::new();
        let mut command = sandbox.command_against(&sim, &JOB);
        command.env(PATIENCE.0, PATIENCE.1);
        let _ = Output::of(command).code(3);
        let errors =
            sandbox.rows("SELECT ifnull(accession, cik), kind FROM v_errors ORDER BY accession");
        let accession = bad_filing.accession;
        assert_eq!(
            errors,
            [
                format!("{bad_company}|network"),
                format!("{accession}|network")
            ],
            "{fault}"
        );
        for message in sandbox.rows("SELECT message FROM v_errors") {
            assert!(message.contains(word), "{fault}: {message}");
        }
        for path in [&file, &page] {
            let asked = sim.log().count(|e| e.path.ends_with(path.as_str()));
            assert_eq!(asked, 3, "{fault}: {path}");
        }
        set(&sim, &[]);
        let _ = sandbox.run_against(&sim, &JOB).code(0);
        complete(fault, &sim, &sandbox);
    });
}

#[test]
fn json_that_is_cut_or_of_another_shape_is_asked_for_again() {
    for_each(&["json-cut", "json-shape"], |fault| {
        let sim = simulator(Options::default());
        let faults = ["companies", "discovery"].map(|place| format!("{fault}@{place}*2"));
        set(&sim, &faults);
        let sandbox = Sandbox::new();
        let _ = sandbox.run_against(&sim, &JOB).code(0);
        complete(fault, &sim, &sandbox);
    });
}

#[test]
fn what_is_odd_but_right_is_taken_at_the_first_try() {
    for_each(
        &["close", "chunked", "close-delimited", "redirect"],
        |fault| {
            let sim = simulator(Options::default());
            set(&sim, &[(*fault).to_owned()]);
            let sandbox = Sandbox::new();
            let output = sandbox.run_against(&sim, &JOB).code(0);
            complete(fault, &sim, &sandbox);
            // Only `close` may cause a retry, of a request that was in flight on that connection.
            if *fault != "close" {
                assert_eq!(output.json()["requests"]["retries"], 0, "{fault}");
            }
        },
    );
}

#[test]
fn a_body_that_ends_with_its_connection_is_whole_only_where_it_says_so_itself() {
    // Without gzip there is no checksum that would reveal the cut.
    let sim = simulator(Options {
        compress: false,
        ..Options::default()
    });
    set(
        &sim,
        &[
            "close-cut@documents*2".to_owned(),
            "close-cut@discovery*2".to_owned(),
        ],
    );
    let sandbox = Sandbox::new();
    let _ = sandbox.run_against(&sim, &JOB).code(0);
    complete("close-cut without gzip", &sim, &sandbox);
}

#[test]
fn a_server_that_asks_for_a_pause_gets_it_and_is_asked_again() {
    for_each(&["429=1", "429=d1", "429", "503=d1"], |fault| {
        let sim = simulator(Options::default());
        set(
            &sim,
            &["documents", "discovery"].map(|place| format!("{fault}@{place}#2")),
        );
        let sandbox = Sandbox::new();
        let _ = sandbox.run_against(&sim, &JOB).code(0);
        complete(fault, &sim, &sandbox);
        assert_eq!(sim.log().count(|e| e.fault.is_some()), 2, "{fault}");
    });
}

#[test]
fn what_goes_wrong_for_good_costs_its_item_alone_until_a_later_run() {
    // The fault, its kind in `v_errors`, the number of requests, and a word of the message.
    let cases = [
        ("refuse", "network", 3, ""),
        ("reset", "network", 3, ""),
        ("reset-headers", "network", 3, ""),
        ("short", "damaged", 3, "cut off after"),
        ("chunked-cut", "damaged", 3, "cut off after"),
        ("gzip-cut", "damaged", 3, "gzip"),
        ("gzip-damaged", "damaged", 3, "gzip"),
        ("close-cut", "damaged", 3, "gzip"),
        ("500", "server", 3, "status 500"),
        ("502", "server", 3, "status 502"),
        ("503", "server", 3, "status 503"),
        ("504", "server", 3, "status 504"),
        ("html", "damaged", 3, ""),
        ("empty", "damaged", 3, "an empty body"),
        ("garbage", "network", 3, ""),
        (
            "redirect-offsite",
            "redirect",
            3,
            "another site, offsite.invalid",
        ),
        ("redirect-loop", "redirect", 18, "more than 5 redirects"),
        ("huge=2000000000", "too_large", 1, "larger than the limit"),
        ("403", "not_found", 1, "not found"),
        ("404", "not_found", 1, "not found"),
        ("418", "refused", 1, "status 418"),
    ];
    for_each(&cases, |(fault, kind, tries, word)| {
        let sim = simulator(Options::default());
        let filings = filings(&sim);
        let (_, bad_filing) = filings.first().unwrap();
        let (bad_company, _) = filings.last().unwrap();
        let name = bad_filing.primary_document.clone();
        let file = format!("{}/{name}", bad_filing.accession.bare());
        let page = format!("CIK{}.json", bad_company.padded());
        set(
            &sim,
            &[format!("{fault}@{file}"), format!("{fault}@{page}")],
        );
        let sandbox = Sandbox::new();
        let output = sandbox.run_against(&sim, &JOB).code(3);

        // Both are reported as failed.
        let failed = "SELECT accession, name, attempts, instr(last_error, char(10)) FROM v_artifacts WHERE status <> 'downloaded'";
        let accession = bad_filing.accession;
        let attempts = if *kind == "redirect" { 3 } else { *tries };
        assert_eq!(
            sandbox.rows(failed),
            [format!("{accession}|{name}|{attempts}|0")],
            "{fault}"
        );
        let errors =
            sandbox.rows("SELECT ifnull(accession, cik), kind FROM v_errors ORDER BY accession");
        assert_eq!(
            errors,
            [
                format!("{bad_company}|{kind}"),
                format!("{accession}|{kind}")
            ],
            "{fault}"
        );
        for message in sandbox.rows("SELECT message FROM v_errors") {
            assert!(message.contains(word), "{fault}: {message}");
        }
        assert_eq!(sandbox.rows("SELECT status FROM v_runs"), ["partial"]);
        let json = output.json();
        assert_eq!(
            (&json["companies"]["failed"], &json["artifacts"]["failed"]),
            (&1.into(), &1.into())
        );
        for path in [&file, &page] {
            let asked = sim.log().count(|e| e.path.ends_with(path.as_str()));
            assert_eq!(asked, *tries, "{fault}: {path}");
        }
        // All others are stored.
        let mut others = files_of(&sim);
        others.remove(&file);
        let theirs: Vec<_> = sim.universe().filings(*bad_company);
        let lost = |key: &String| {
            theirs
                .iter()
                .any(|f| key.starts_with(&f.accession.bare().to_string()))
        };
        let found = found(&sandbox);
        assert!(
            others
                .iter()
                .all(|(key, bytes)| lost(key) || found.get(key) == Some(bytes)),
            "{fault}"
        );
        assert!(!found.contains_key(&file), "{fault}");

        // A later run requests the missing documents, and no document twice.
        set(&sim, &[]);
        sim.log().clear();
        let _ = sandbox.run_against(&sim, &JOB).code(0);
        complete(fault, &sim, &sandbox);
        let asked = sim.log().of_kind(Resource::Documents);
        assert_eq!(asked, files_of(&sim).len() - found.len(), "{fault}");
    });
}

#[test]
fn submissions_that_are_no_submissions_fail_the_company_alone() {
    for_each(&["json-cut", "json-shape"], |fault| {
        let sim = simulator(Options::default());
        let company = sim.universe().companies().nth(2).unwrap();
        set(&sim, &[format!("{fault}@CIK{}.json", company.cik.padded())]);
        let sandbox = Sandbox::new();
        let _ = sandbox.run_against(&sim, &JOB).code(3);
        let errors = sandbox.rows("SELECT cik, accession, kind FROM v_errors");
        assert_eq!(errors, [format!("{}|NULL|damaged", company.cik)], "{fault}");
        let left_out = "SELECT count(*) FROM v_companies WHERE last_checked_at IS NULL";
        assert_eq!(sandbox.number(left_out), 1, "{fault}");
        set(&sim, &[]);
        let _ = sandbox.run_against(&sim, &JOB).code(0);
        complete(fault, &sim, &sandbox);
    });
}

#[test]
fn a_list_of_companies_that_cannot_be_had_ends_the_first_run_and_no_later_one() {
    for_each(
        &["html", "json-cut", "json-shape", "empty", "503", "404"],
        |fault| {
            let sim = simulator(Options::default());
            set(&sim, &[format!("{fault}@companies")]);
            let sandbox = Sandbox::new();
            let output = sandbox.run_against(&sim, &JOB).code(1);
            let output = output.says("error: failed to load the list of companies from the SEC: ");
            assert_eq!(
                output.stderr.lines().count(),
                1,
                "{fault}: {}",
                output.stderr
            );
            assert_eq!(output.json()["status"], "failed", "{fault}");
            assert_eq!(sim.log().of_kind(Resource::Discovery), 0, "{fault}");
            set(&sim, &[]);
            let _ = sandbox.run_against(&sim, &JOB).code(0);
            complete(fault, &sim, &sandbox);
        },
    );
}

#[test]
fn symbol_lists_that_cannot_be_had_cost_a_warning_and_no_company() {
    for_each(&["html", "empty", "503", "404"], |fault| {
        let sim = simulator(Options::default());
        set(&sim, &[format!("{fault}@listings")]);
        let sandbox = Sandbox::new();
        let output = sandbox.run_against(&sim, &JOB).code(0);
        assert_eq!(
            output.stderr.lines().count(),
            1,
            "{fault}: {}",
            output.stderr
        );
        let _ = output.says("warn: the exchanges' symbol lists cannot be used");
        complete(fault, &sim, &sandbox);
    });
}

#[test]
fn one_item_in_trouble_never_holds_up_the_others() {
    // One thread of each kind: a thread that waited for a retry would delay everything.
    let narrow = [
        "--max-concurrent-companies=1",
        "--max-concurrent-downloads=1",
    ];
    for place in [Resource::Discovery, Resource::Documents] {
        let sim = simulator(Options::default());
        let name = match place {
            Resource::Discovery => "discovery",
            _ => "documents",
        };
        // `Retry-After` is ten minutes, so that the order does not depend on speed.
        set(&sim, &[format!("503=600@{name}#1")]);
        let sandbox = Sandbox::new();
        let command = sandbox.command_against(&sim, &[&JOB[..], &narrow].concat());
        let mut run = Running::start(command);
        let all = files_of(&sim).len();
        let struck = |e: &Entry| e.fault.is_some();
        assert!(run.until(|| sim.log().count(struck) > 0), "{name}");
        let bad = sim.log().entries().into_iter().find(struck).unwrap();
        let lost = match place {
            Resource::Discovery => {
                let cik = bad
                    .path
                    .trim_start_matches("/submissions/CIK")
                    .trim_end_matches(".json");
                let theirs = sim.universe().filings(cik.parse().unwrap());
                let key = |f: &SimFiling| format!("{}/{}", f.accession.bare(), f.primary_document);
                let all = files_of(&sim);
                theirs.iter().filter(|f| all.contains_key(&key(f))).count()
            }
            _ => 1,
        };
        let others = || found(&sandbox).len() >= all - lost;
        assert!(run.until(others), "{name}: the run has ended");
        assert_eq!(sim.log().count(|e| e.path == bad.path), 1, "{name}");
        let _ = run.kill();
    }
}

#[test]
fn an_agent_that_edgar_does_not_accept_ends_the_run_at_once_with_what_to_do() {
    let cases = ["undeclared", "policy"]
        .into_iter()
        .flat_map(|fault| ["companies", "discovery", "documents"].map(move |place| (fault, place)));
    for_each(&cases.collect::<Vec<_>>(), |(fault, place)| {
        let sim = simulator(Options::default());
        set(&sim, &[format!("{fault}@{place}")]);
        let sandbox = Sandbox::new();
        let output = sandbox.run_against(&sim, &JOB).code(1);
        let error = output.stderr.lines().last().unwrap();
        assert!(error.starts_with("error: "), "{error}");
        assert!(
            error.ends_with("EDGAR does not accept this user agent; set --user-agent to \"Company Name contact@example.com\", with your own name and address"),
            "{fault}@{place}: {error}"
        );
        // Requests in flight when the first refusal arrived: at most one for each thread.
        let most = match *place {
            "companies" => 1,
            "discovery" => 10,
            _ => 5,
        };
        let asked = sim.log().count(|e| e.fault.is_some());
        assert!(
            (1..=most).contains(&asked),
            "{fault}@{place}: {asked} requests"
        );
        set(&sim, &[]);
        let _ = Output::of(sandbox.command_against(&sim, &JOB)).code(0);
        complete(fault, &sim, &sandbox);
    });
}

#[test]
fn the_page_of_a_block_is_known_whatever_its_status_and_encoding() {
    let cases = ["403", "429", "200"]
        .into_iter()
        .flat_map(|status| [true, false].map(|compress| (status, compress)))
        .flat_map(|(status, compress)| {
            ["discovery", "documents"].map(|place| (status, compress, place))
        });
    for_each(&cases.collect::<Vec<_>>(), |(status, compress, place)| {
        let sim = simulator(Options {
            compress: *compress,
            ..Options::default()
        });
        set(&sim, &[format!("throttle-page={status}@{place}#5")]);
        let sandbox = Sandbox::new();
        let output = sandbox.run_against(&sim, &JOB).code(0);
        let what = format!("{status} at {place}, compressed: {compress}");
        assert_eq!(sim.log().count(|e| e.fault.is_some()), 1, "{what}");
        // This job has a cooldown of one second.
        let paused = output.json()["requests"]["paused_s"].as_f64();
        assert!(paused >= Some(0.9), "{what}: {paused:?}");
        complete(&what, &sim, &sandbox);
    });
}

#[test]
fn a_document_that_always_answers_429_fails_and_the_others_arrive() {
    let sim = simulator(Options::default());
    let (_, filing) = filings(&sim).into_iter().next().unwrap();
    set(&sim, &[format!("429=1@{}", filing.primary_document)]);
    let sandbox = Sandbox::new();
    let _ = sandbox.run_against(&sim, &JOB).code(3);
    assert_eq!(
        sandbox.rows("SELECT accession FROM v_artifacts WHERE status = 'failed'"),
        [filing.accession.to_string()]
    );
    assert_eq!(found(&sandbox).len(), files_of(&sim).len() - 1);
}
