//! The main job, end to end: its requests and its results.

use std::collections::{BTreeMap, BTreeSet};

use filing_etl::internals::Exchange;
use filing_etl::internals::{Accession, Cik};
use filing_etl::sim::{Entry, Options, Resource, SimFiling, Simulator};
use jiff::civil::{Date, date};
use serde_json::Value;

#[cfg(target_os = "linux")]
use crate::harness::process::Running;
use crate::harness::same::{same_files, same_set};
use crate::harness::simulated::{self, SINCE, TODAY};
use crate::harness::{Output, Sandbox, by_filing, sha256};

/// Runs a backfill that succeeds.
#[track_caller]
fn backfill(sandbox: &Sandbox, sim: &Simulator, args: &[&str]) -> Output {
    Output::of(sandbox.backfill(sim, args)).code(0)
}

/// The requested paths of one kind, in order of arrival.
fn asked(sim: &Simulator, kind: Resource) -> Vec<String> {
    let entries = sim.log().entries().into_iter();
    entries.filter(|e| e.kind == kind).map(|e| e.path).collect()
}

/// The CIKs whose submissions were requested, in order of arrival, without older pages.
fn visited(sim: &Simulator) -> Vec<u64> {
    let paths = asked(sim, Resource::Discovery).into_iter();
    paths
        .filter_map(|path| {
            let digits = path.strip_prefix("/submissions/CIK")?;
            digits.strip_suffix(".json")?.parse().ok()
        })
        .collect()
}

fn ciks(companies: &[filing_etl::sim::SimCompany]) -> BTreeSet<u64> {
    companies.iter().map(|c| c.cik.get()).collect()
}

fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    items.into_iter().collect()
}

const KEYS: &str = "SELECT cik, accession FROM v_filings";

fn filing_row(sim: &Simulator, cik: u64, filing: &SimFiling) -> String {
    let row = sim
        .universe()
        .row(filing_etl::internals::Cik::new(cik).unwrap(), filing);
    let report_date = row
        .report_date
        .map_or_else(|| "NULL".to_owned(), |day| day.to_string());
    format!(
        "{cik}|{}|{}|{}|{report_date}|{}|{}|{}|{}",
        row.accession,
        row.form,
        row.filed_on,
        row.primary_document,
        row.items,
        row.size.unwrap(),
        i32::from(row.is_xbrl),
    )
}

#[test]
fn a_run_leaves_every_wanted_filing_and_file_as_edgar_has_it() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let _ = backfill(&sandbox, &sim, &[]);

    let wanted = simulated::reports(&sim);
    let rows = wanted.iter().map(|(cik, f)| filing_row(&sim, *cik, f));
    let found = sandbox.rows(
        "SELECT cik, accession, form, filed_on, report_date, primary_document, items, size,
                is_xbrl FROM v_filings",
    );
    same_set(&set(found), &set(rows), "filings");
    let count = i64::try_from(wanted.len()).unwrap();
    assert_eq!(sandbox.number("SELECT count(*) FROM v_filings"), count);

    let contents = simulated::contents(&sim, &wanted);
    assert!(contents.len() < wanted.len(), "some filings are joint");
    let files = sandbox.files();
    same_files(&by_filing(files.clone()), &contents, "files");
    assert_eq!(files.len(), contents.len(), "a joint filing is one file");

    let artifacts = sandbox.rows(
        "SELECT path, url, bytes, sha256, kind, status, attempts, last_error, cik, accession, name,
                downloaded_at IS NOT NULL FROM v_artifacts",
    );
    let expected = files.iter().map(|(path, bytes)| {
        let [_, _, cik, bare, name] = path.split('/').collect::<Vec<_>>()[..] else {
            panic!("{path} is not laid out as EDGAR does")
        };
        let hash = sha256(bytes);
        let accession: Accession = bare.parse().unwrap();
        let submission = name == format!("{accession}.txt");
        let kind = if submission { "submission" } else { "primary" };
        format!(
            "{path}|{}/Archives/{path}|{}|{hash}|{kind}|downloaded|1|NULL|{cik}|{accession}|{name}|1",
            sim.url(),
            bytes.len(),
        )
    });
    same_set(&set(artifacts), &set(expected), "artifacts");
    let nameless = wanted.iter().filter(|(_, f)| f.primary_document.is_empty());
    assert!(nameless.count() > 0, "some have no primary document");
    assert_eq!(sandbox.incoming(), ["lock"]);
}

#[test]
fn a_run_asks_for_nothing_twice() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let _ = backfill(&sandbox, &sim, &[]);
    let log = sim.log();
    assert!(log.paths().values().all(|times| *times == 1));
    assert_eq!(log.of_kind(Resource::Companies), 1);
    assert_eq!(log.of_kind(Resource::Listings), 2);
    same_set(
        &set(visited(&sim)),
        &ciks(&simulated::national(&sim)),
        "visited",
    );
    assert_eq!(log.of_kind(Resource::Documents), sandbox.files().len());
    let user_agent = |e: &Entry| e.user_agent.as_deref() == Some(crate::harness::USER_AGENT);
    assert_eq!(log.count(user_agent), log.requests());
}

#[test]
fn older_pages_are_fetched_only_where_the_dates_reach() {
    let sim = simulated::start(simulated::small());
    let mut pages_of_all = 0;
    for (since, until, some) in [
        (date(2025, 1, 1), TODAY, false),
        (date(2021, 1, 1), TODAY, true),
        (date(2021, 1, 1), date(2021, 12, 31), true),
    ] {
        let sandbox = Sandbox::new();
        sim.log().clear();
        let (from, to) = (since.to_string(), until.to_string());
        let _ = backfill(
            &sandbox,
            &sim,
            &["--since", &from, "--until", &to, "--no-download"],
        );
        let asked = set(asked(&sim, Resource::Discovery));
        let mut expected = BTreeSet::new();
        for company in simulated::national(&sim) {
            let path = format!("/submissions/CIK{}.json", company.cik.padded());
            let pages = pages_of(&sim, &path);
            pages_of_all += pages.len();
            expected.insert(path);
            expected.extend(pages.into_iter().filter_map(|(path, first, last)| {
                // The listed dates of a page may differ by some days from the real ones.
                let margin = jiff::Span::new().days(7);
                let reached =
                    last.saturating_add(margin) >= since && first.saturating_sub(margin) <= until;
                reached.then_some(path)
            }));
        }
        same_set(&asked, &expected, &format!("{since} to {until}"));
        let pages = asked.iter().filter(|p| p.contains("-submissions-")).count();
        assert_eq!(pages > 0, some, "{since} to {until}");
        let wanted = simulated::filings(&sim, &simulated::national(&sim), |f| {
            simulated::is_report(f.form) && (since..=until).contains(&f.filed_on)
        });
        same_set(
            &set(sandbox.rows(KEYS)),
            &simulated::keys(&wanted),
            "filings",
        );
        let all = asked.len();
        assert!(all < pages_of_all, "some pages are left alone");
    }
}

/// The path, first date and last date of a company's older pages, as its submissions list them.
fn pages_of(sim: &Simulator, path: &str) -> Vec<(String, Date, Date)> {
    let document: Value = serde_json::from_slice(&crate::harness::get(sim, path)).unwrap();
    let files = document["filings"]["files"].as_array().unwrap();
    files
        .iter()
        .map(|file| {
            let text = |key: &str| file[key].as_str().unwrap();
            let day = |key| text(key).parse().unwrap();
            let path = format!("/submissions/{}", text("name"));
            (path, day("filingFrom"), day("filingTo"))
        })
        .collect()
}

#[test]
fn of_an_xml_form_the_document_itself_is_stored_not_its_rendering() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let _ = backfill(&sandbox, &sim, &["--form", "4", "--no-amendments"]);
    let wanted = simulated::filings(&sim, &simulated::national(&sim), |f| {
        f.form == "4" && f.filed_on >= SINCE
    });
    assert!(wanted.len() > 20);
    same_set(
        &set(sandbox.rows(KEYS)),
        &simulated::keys(&wanted),
        "filings",
    );
    let files = by_filing(sandbox.files());
    same_files(&files, &simulated::contents(&sim, &wanted), "files");
    assert!(files.values().all(|bytes| bytes.starts_with(b"<?xml")));
    assert_eq!(
        sandbox.number(
            "SELECT count(*) FROM v_artifacts JOIN v_filings USING (accession, cik)
             WHERE primary_document NOT LIKE 'xsl%/' || name"
        ),
        0
    );
    assert!(
        asked(&sim, Resource::Documents)
            .iter()
            .all(|p| !p.contains("xsl"))
    );
}

/// The content of the public views that a run without news must not change.
fn record(sandbox: &Sandbox) -> Vec<Vec<String>> {
    [
        "SELECT cik, name, ticker, exchange, active, filings FROM v_companies ORDER BY cik",
        "SELECT * FROM v_listings ORDER BY cik, ticker",
        "SELECT * FROM v_filings ORDER BY cik, accession",
        "SELECT * FROM v_artifacts ORDER BY id",
    ]
    .map(|sql| sandbox.rows(sql))
    .into()
}

#[test]
fn a_second_run_makes_one_request_a_company_and_changes_nothing() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let _ = backfill(&sandbox, &sim, &[]);
    let (before, files) = (record(&sandbox), sandbox.files());
    sim.log().clear();
    let summary = backfill(&sandbox, &sim, &["--json"]).json();
    let companies = simulated::national(&sim);
    assert_eq!(sim.log().requests(), companies.len());
    same_set(&set(visited(&sim)), &ciks(&companies), "visited");
    assert_eq!(record(&sandbox), before);
    same_files(&sandbox.files(), &files, "files");
    assert_eq!(summary["requests"]["total"], companies.len());
    assert_eq!(summary["companies"]["unchanged"], companies.len());
    for (group, key) in [
        ("companies", "with_new"),
        ("filings", "new"),
        ("artifacts", "created"),
        ("artifacts", "downloaded"),
        ("artifacts", "pending"),
        ("requests", "documents"),
    ] {
        assert_eq!(summary[group][key], 0, "{group} {key}");
    }
}

#[test]
fn a_second_run_over_older_pages_makes_one_request_a_company_too() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let args = ["--since", "2021-01-01", "--no-download"];
    let _ = backfill(&sandbox, &sim, &args);
    let companies = simulated::national(&sim).len();
    assert!(sim.log().of_kind(Resource::Discovery) > companies);
    let before = record(&sandbox);
    sim.log().clear();
    let _ = backfill(&sandbox, &sim, &args);
    assert_eq!(sim.log().requests(), companies);
    assert_eq!(record(&sandbox), before);
}

#[test]
fn older_pages_are_read_again_for_other_forms_and_earlier_dates() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let form = |form: &'static str| {
        simulated::filings(&sim, &simulated::national(&sim), move |f| {
            f.form == form && f.filed_on >= date(2021, 1, 1)
        })
    };
    let mut wanted = BTreeSet::new();
    for (form_type, since) in [
        ("10-K", "2024-01-01"),
        ("10-K", "2021-01-01"),
        ("8-K", "2021-01-01"),
    ] {
        let args = [
            "--form",
            form_type,
            "--no-amendments",
            "--since",
            since,
            "--no-download",
        ];
        let _ = backfill(&sandbox, &sim, &args);
        if since == "2021-01-01" {
            wanted.extend(simulated::keys(&form(form_type)));
            let what = format!("{form_type} since {since}");
            same_set(&set(sandbox.rows(KEYS)), &wanted, &what);
        }
    }
}

#[test]
fn a_new_day_brings_only_what_is_new() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let _ = backfill(&sandbox, &sim, &[]);
    let before = set(sandbox.rows(KEYS));
    for _ in 0..45 {
        sim.advance_day();
    }
    sim.log().clear();
    let _ = backfill(&sandbox, &sim, &[]);
    let wanted = simulated::reports(&sim);
    let after = set(sandbox.rows(KEYS));
    same_set(&after, &simulated::keys(&wanted), "filings");
    assert!(after.len() > before.len() && after.is_superset(&before));
    let contents = simulated::contents(&sim, &wanted);
    same_files(&by_filing(sandbox.files()), &contents, "files");
    let new: BTreeSet<_> = after
        .difference(&before)
        .map(|key| accession_of(key))
        .collect();
    let fetched = asked(&sim, Resource::Documents).len();
    assert_eq!(fetched, new.len());
}

fn accession_of(key: &str) -> &str {
    key.split_once('|').unwrap().1
}

#[test]
fn what_was_only_discovered_is_downloaded_by_the_next_run() {
    for preset in ["sequential", "fast"] {
        let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
        let summary = backfill(&sandbox, &sim, &["--no-download", "--json"]).json();
        let contents = simulated::contents(&sim, &simulated::reports(&sim));
        assert_eq!(sim.log().of_kind(Resource::Documents), 0);
        assert_eq!(summary["artifacts"]["pending"], contents.len());
        assert_eq!(sandbox.files(), BTreeMap::new());
        assert_eq!(
            sandbox.rows("SELECT DISTINCT status, path, bytes, attempts FROM v_artifacts"),
            ["pending|NULL|NULL|0"]
        );
        let summary = backfill(&sandbox, &sim, &["--preset", preset, "--json"]).json();
        assert_eq!(summary["artifacts"]["downloaded"], contents.len());
        assert_eq!(summary["artifacts"]["pending"], 0);
        same_files(&by_filing(sandbox.files()), &contents, preset);
        assert_eq!(sim.log().of_kind(Resource::Documents), contents.len());
    }
}

#[test]
fn an_exchange_is_known_by_all_its_names() {
    use Exchange::{Cboe, Nasdaq, Nyse, NyseAmerican, NyseArca, Otc};
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let all = set(sim.universe().companies().map(|c| c.cik.get()));
    for (args, exchanges) in [
        (&["Nasdaq"][..], &[Nasdaq][..]),
        (&["NYSE"], &[Nyse]),
        (&["NYSE American"], &[NyseAmerican]),
        (&["nyse-american"], &[NyseAmerican]),
        (&["AMEX"], &[NyseAmerican]),
        (&["nyse arca"], &[NyseArca]),
        (&["Arca"], &[NyseArca]),
        (&["CBOE"], &[Cboe]),
        (&["bats"], &[Cboe]),
        (&["otc"], &[Otc]),
        (&["Cboe", "otc"], &[Cboe, Otc]),
        (&["otc", "ALL"], &[]),
    ] {
        sim.log().clear();
        let options: Vec<_> = args.iter().flat_map(|name| ["--exchange", *name]).collect();
        let _ = backfill(&sandbox, &sim, &[&options[..], &["--no-download"]].concat());
        let expected = match exchanges {
            [] => all.clone(),
            some => ciks(&simulated::on(&sim, some)),
        };
        assert!(!expected.is_empty(), "{args:?}");
        same_set(&set(visited(&sim)), &expected, &format!("{args:?}"));
    }
}

#[test]
fn companies_can_be_named_by_ticker_cik_and_file() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let companies: Vec<_> = sim.universe().companies().collect();
    let dashed = companies
        .iter()
        .find(|c| c.listings.iter().any(|l| l.ticker.contains('-')))
        .unwrap();
    let dashed_ticker = dashed.listings.iter().find(|l| l.ticker.contains('-'));
    let dotted = dashed_ticker.unwrap().ticker.replace('-', ".");
    // A named company is visited wherever it is listed: this one is over the counter.
    let otc = &simulated::on(&sim, &[Exchange::Otc])[0];
    let lower = otc.listings[0].ticker.to_lowercase();
    let (first, last) = (&companies[0], &companies[49]);
    let file = sandbox.path("companies.txt");
    let text = format!("# ours\n{lower} # one\n\n{}\r\n", last.cik.padded());
    std::fs::write(&file, text).unwrap();
    let (cik, file) = (first.cik.to_string(), file.to_str().unwrap().to_owned());
    for (args, expected) in [
        (vec!["--ticker", &dotted], vec![dashed]),
        (vec!["--ticker", &lower, "--cik", &cik], vec![otc, first]),
        (vec!["--companies-file", &file], vec![otc, last]),
        (
            vec!["--companies-file", &file, "--cik", &cik],
            vec![otc, last, first],
        ),
        (
            vec!["--companies-file", &file, "--exchange", "OTC"],
            vec![otc],
        ),
    ] {
        sim.log().clear();
        let _ = backfill(&sandbox, &sim, &[&args[..], &["--no-download"]].concat());
        let expected = set(expected.into_iter().map(|c| c.cik.get()));
        same_set(&set(visited(&sim)), &expected, &format!("{args:?}"));
    }
}

#[test]
fn an_unknown_company_is_an_error_before_any_request_about_filings() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let _ = Output::of(sandbox.backfill(&sim, &["--ticker", "NOSUCH.T"])).code(2);
    assert_eq!(sim.log().of_kind(Resource::Discovery), 0);
    // Whether a CIK exists is known only from its submissions.
    let _ = Output::of(sandbox.backfill(&sim, &["--cik", "1234"])).code(2);
    assert_eq!(sim.log().of_kind(Resource::Discovery), 1);
    assert_eq!(sim.log().of_kind(Resource::Documents), 0);
}

#[test]
fn a_limited_run_takes_those_without_filings_first_then_those_checked_longest_ago() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let _ = sandbox.run_against(&sim, &["companies", "sync"]).code(0);
    let ciks = ciks(&simulated::national(&sim));
    for (limit, form) in [
        (15, "20-F"),
        (15, "10-K"),
        (30, "10-K"),
        (15, "10-Q"),
        (45, "10-Q"),
    ] {
        let mut expected: Vec<(bool, String, u64)> = sandbox
            .rows("SELECT cik, filings, coalesce(last_checked_at, '') FROM v_companies")
            .iter()
            .map(|row| {
                let [cik, filings, checked] = row.split('|').collect::<Vec<_>>()[..] else {
                    panic!("three columns were asked for")
                };
                (filings != "0", checked.to_owned(), cik.parse().unwrap())
            })
            .filter(|(_, _, cik)| ciks.contains(cik))
            .collect();
        expected.sort();
        let expected = expected.into_iter().map(|(_, _, cik)| cik).take(limit);
        sim.log().clear();
        let limit = limit.to_string();
        let args = ["--limit", &limit, "--form", form, "--no-download"];
        let _ = backfill(
            &sandbox,
            &sim,
            &[&args[..], &["--preset", "sequential"]].concat(),
        );
        assert_eq!(
            visited(&sim),
            expected.collect::<Vec<_>>(),
            "{limit} {form}"
        );
    }
}

#[test]
fn forms_are_exact_and_take_their_amendments_along() {
    let sim = simulated::start(simulated::small());
    let companies = simulated::national(&sim);
    for (args, wanted) in [
        (
            &["--form", "8-k"][..],
            &(|form: &str| matches!(form, "8-K" | "8-K/A")) as &dyn Fn(&str) -> bool,
        ),
        (
            &["--form", "8-K", "--form", "10-Q", "--no-amendments"],
            &|form| matches!(form, "8-K" | "10-Q"),
        ),
        (&["--no-amendments"], &|form| {
            simulated::is_report(form) && !form.ends_with("/A")
        }),
        (&["--form", "all"], &|_| true),
    ] {
        let sandbox = Sandbox::new();
        let _ = backfill(&sandbox, &sim, &[args, &["--no-download"]].concat());
        let wanted =
            simulated::filings(&sim, &companies, |f| wanted(f.form) && f.filed_on >= SINCE);
        let found = set(sandbox.rows(KEYS));
        same_set(&found, &simulated::keys(&wanted), &format!("{args:?}"));
    }
}

#[test]
fn every_form_of_a_company_can_be_downloaded() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    // All companies except giants: all kinds of documents in the shortest time.
    let few = simulated::filings(&sim, &simulated::national(&sim), |f| {
        f.filed_on >= date(2025, 3, 1)
    });
    let _ = backfill(&sandbox, &sim, &["--form", "all", "--since", "2025-03-01"]);
    let files = by_filing(sandbox.files());
    same_files(&files, &simulated::contents(&sim, &few), "files");
}

#[test]
fn the_dates_of_a_range_belong_to_it() {
    let sim = simulated::start(simulated::small());
    let companies = simulated::national(&sim);
    let reports = simulated::reports(&sim);
    let days: Vec<Date> = set(reports.iter().map(|(_, f)| f.filed_on))
        .into_iter()
        .collect();
    let (first, last) = (days[days.len() / 3], days[days.len() / 2]);
    for (since, until) in [(first, first), (first, last)] {
        let sandbox = Sandbox::new();
        let (from, to) = (since.to_string(), until.to_string());
        let _ = backfill(
            &sandbox,
            &sim,
            &["--since", &from, "--until", &to, "--no-download"],
        );
        let wanted = simulated::filings(&sim, &companies, |f| {
            simulated::is_report(f.form) && (since..=until).contains(&f.filed_on)
        });
        assert!(wanted.iter().any(|(_, f)| f.filed_on == since));
        assert!(wanted.iter().any(|(_, f)| f.filed_on == until));
        same_set(
            &set(sandbox.rows(KEYS)),
            &simulated::keys(&wanted),
            "filings",
        );
    }
}

#[test]
fn the_size_of_a_batch_changes_neither_order_nor_result() {
    let sim = simulated::start(simulated::small());
    let results = ["1", "7", "100"].map(|size| {
        let sandbox = Sandbox::new();
        sim.log().clear();
        let _ = backfill(
            &sandbox,
            &sim,
            &["--preset", "sequential", "--batch-size", size],
        );
        let paths: Vec<_> = sim.log().entries().into_iter().map(|e| e.path).collect();
        (paths, content(&sandbox))
    });
    assert_eq!(results[0], results[1]);
    assert_eq!(results[1], results[2]);
}

/// The content of the database that does not depend on the order of work. A file of a joint filing may be
/// under any of its companies, and `accepted_at` is that of the first of them.
fn content(sandbox: &Sandbox) -> [Vec<String>; 3] {
    [
        "SELECT cik, name, ticker, exchange, active, filings FROM v_companies ORDER BY cik",
        "SELECT cik, accession, form, filed_on, report_date, primary_document, items, size,
                is_xbrl FROM v_filings ORDER BY cik, accession",
        "SELECT accession, name, kind, status, bytes, sha256, attempts FROM v_artifacts
         ORDER BY accession, name",
    ]
    .map(|sql| sandbox.rows(sql))
}

#[test]
fn every_preset_leaves_the_same() {
    let sim = simulated::start(simulated::small());
    let contents = [
        &["--preset", "sequential"][..],
        &["--preset", "fast"],
        &["--preset", "turbo"],
        &[
            "--max-concurrent-companies",
            "3",
            "--max-concurrent-downloads",
            "17",
        ],
    ]
    .map(|args| {
        let sandbox = Sandbox::new();
        let _ = backfill(&sandbox, &sim, args);
        content(&sandbox)
    });
    assert!(!contents[0][2].is_empty());
    for other in &contents[1..] {
        assert_eq!(*other, contents[0]);
    }
}

#[test]
fn a_sequential_run_asks_for_the_first_document_after_the_last_company() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let _ = backfill(&sandbox, &sim, &["--preset", "sequential"]);
    let (last_discovery, first_document) = turning_points(&sim);
    assert!(last_discovery < first_document);
    let entries = sim.log().entries();
    let overlaps = entries.windows(2).filter(|pair| {
        let answered = pair[0].answered_at.unwrap();
        pair[1].at < answered
    });
    assert_eq!(overlaps.count(), 0, "one thing after the other");
}

#[test]
fn a_fast_run_asks_for_documents_while_it_discovers() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    // One company is requested again and again, so that discovery takes long.
    let company = simulated::national(&sim)[0].cik.padded();
    let busy = format!("503=1@CIK{company}.json");
    sim.set_faults(vec![busy.parse().unwrap()]);
    let mut run = Running::start(sandbox.backfill(&sim, &["--max-attempts", "100"]));
    assert!(run.until(|| sim.log().of_kind(Resource::Documents) > 0 && {
        let (last_discovery, first_document) = turning_points(&sim);
        first_document < last_discovery
    }));
    sim.set_faults(Vec::new());
    let _ = run.end().code(0);
}

/// The positions in the log of the last discovery request and of the first document request.
fn turning_points(sim: &Simulator) -> (usize, usize) {
    let entries = sim.log().entries();
    let is = |kind| move |e: &Entry| e.kind == kind;
    (
        entries.iter().rposition(is(Resource::Discovery)).unwrap(),
        entries.iter().position(is(Resource::Documents)).unwrap(),
    )
}

#[test]
fn the_time_of_a_run_holds_all_its_requests_so_that_no_rate_is_shown_above_the_limit() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let args = ["--rate", "10", "--limit", "2", "--no-download", "--json"];
    let run = backfill(&sandbox, &sim, &args).json();
    let (requests, seconds) = (&run["requests"]["total"], &run["elapsed_s"]);
    assert!(run["requests"]["companies"].as_u64().unwrap() >= 3);
    let rate = requests.as_f64().unwrap() / seconds.as_f64().unwrap();
    assert!(rate <= 10.0, "{requests} requests in {seconds} s");
}

#[test]
fn a_dry_run_asks_nothing_about_filings() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let plan = backfill(&sandbox, &sim, &["--dry-run", "--json"]).json();
    let companies = simulated::national(&sim).len();
    assert_eq!(sim.log().requests(), 3);
    assert_eq!(sim.log().of_kind(Resource::Companies), 1);
    assert_eq!(sim.log().of_kind(Resource::Listings), 2);
    assert_eq!(plan["companies"], companies);
    assert_eq!(plan["requests"]["discovery"], companies);
    assert_eq!(plan["requests"]["documents"], 0);
    // With an empty database: the default forms of some years.
    let estimated = plan["requests"]["documents_estimated"].as_u64().unwrap();
    let companies_u64 = companies as u64;
    assert!(
        (companies_u64 * 4..companies_u64 * 20).contains(&estimated),
        "{plan}"
    );
    let table = backfill(&sandbox, &sim, &["--dry-run"]).stdout;
    assert!(table.contains("That is an estimate: "), "{table}");
    for name in ["filings.db", "filings.db.lock", "filings"] {
        assert!(!sandbox.path(name).exists(), "{name}");
    }

    let _ = backfill(&sandbox, &sim, &["--no-download"]);
    sim.log().clear();
    let queued = sandbox.number("SELECT count(*) FROM v_artifacts");
    let plan = backfill(&sandbox, &sim, &["--dry-run", "--json", "--limit", "7"]).json();
    assert_eq!(plan["requests"]["discovery"], 7);
    assert_eq!(plan["requests"]["documents"], queued);
    let table = backfill(&sandbox, &sim, &["--dry-run"]);
    assert!(table.stdout.contains(&companies.to_string()), "{table:?}");
    assert!(!table.stdout.contains("estimate"), "{table:?}");
    let table = backfill(&sandbox, &sim, &["--dry-run", "--no-download"]).stdout;
    assert!(table.contains("download nothing, but queue"), "{table}");
    assert_eq!(sim.log().requests(), 0);
}

#[test]
fn an_item_is_tried_as_often_as_asked_and_again_by_the_next_run() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let cik = sim.universe().companies().next().unwrap().cik.to_string();
    sim.set_faults(vec!["500@documents".parse().unwrap()]);
    let args = ["--cik", &cik, "--max-attempts", "2"];
    let since = ["--since", "2025-01-01"];
    let args = [&args[..], &since].concat();
    let _ = Output::of(sandbox.backfill(&sim, &args)).code(3);
    let mut paths = sim.log().paths();
    paths.retain(|path, _| Resource::of(path) == Resource::Documents);
    assert!(!paths.is_empty() && paths.values().all(|times| *times == 2));
    let state = "SELECT DISTINCT status, attempts, last_error IS NULL FROM v_artifacts";
    assert_eq!(sandbox.rows(state), ["failed|2|0"]);
    assert_eq!(sandbox.rows("SELECT status FROM v_runs"), ["partial"]);
    sim.set_faults(Vec::new());
    let _ = backfill(&sandbox, &sim, &args);
    assert_eq!(sandbox.rows(state), ["downloaded|3|1"]);
    assert_eq!(sandbox.files().len(), paths.len());
}

#[test]
fn the_json_summary_has_the_keys_that_scripts_rely_on() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let summary = backfill(&sandbox, &sim, &["--json"]).json();
    let shape = documented("filing-etl backfill --json");
    same_set(&keys(&summary), &keys(&shape), "keys");
    for (name, value) in shape.as_object().unwrap() {
        assert!(summary[name].is_number() == value.is_number(), "{name}");
        assert!(summary[name].is_string() == value.is_string(), "{name}");
    }
    let (companies, wanted) = (simulated::national(&sim), simulated::reports(&sim));
    let contents = simulated::contents(&sim, &wanted);
    let with_new = set(wanted.iter().map(|(cik, _)| *cik)).len();
    let bytes: usize = contents.values().map(Vec::len).sum();
    let log = sim.log();
    let values = serde_json::json!({
        "run_id": 1, "command": "backfill", "status": "completed",
        "discovery": {"from": "api"},
        "companies": {"total": companies.len(), "done": companies.len(), "with_new": with_new,
                      "failed": 0, "unavailable": 0, "unchanged": companies.len() - with_new},
        "filings": {"found": wanted.len(), "new": wanted.len()},
        "artifacts": {"created": contents.len(), "queued": contents.len(), "downloaded": contents.len(), "failed": 0,
                      "unavailable": 0, "pending": 0, "bytes": bytes},
        "requests": {"total": log.requests(), "companies": 3,
                     "discovery": log.of_kind(Resource::Discovery),
                     "documents": contents.len(), "retries": 0, "paused_s": 0.0},
        "errors": {},
    });
    has_values(&summary, &values);
    assert_eq!(
        sandbox.rows(
            "SELECT run_id, command, status, companies_total, companies_done, companies_with_new,
                    filings_found, artifacts_created, downloaded, failed, requests,
                    bytes, paused_s FROM v_runs"
        ),
        [format!(
            "1|backfill|completed|{0}|{0}|{with_new}|{1}|{2}|{2}|0|{3}|{bytes}|0",
            companies.len(),
            wanted.len(),
            contents.len(),
            log.requests(),
        )]
    );
}

/// The JSON document that `docs/usage.md` shows for a command.
fn documented(command: &str) -> Value {
    let page = include_str!("../../docs/usage.md");
    let (_, after) = page
        .split_once(&format!("```sh\n{command}\n```\n"))
        .unwrap();
    let (_, after) = after.split_once("```json\n").unwrap();
    let (json, _) = after.split_once("```").unwrap();
    serde_json::from_str(json).unwrap()
}

/// Checks the values of these keys; the document may have others.
#[track_caller]
fn has_values(document: &Value, values: &Value) {
    match values.as_object() {
        Some(below) if !below.is_empty() => {
            for (key, value) in below {
                has_values(&document[key], value);
            }
        }
        _ => assert_eq!(document, values),
    }
}

/// Every path of keys in a JSON document.
fn keys(value: &Value) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for (key, value) in value.as_object().into_iter().flatten() {
        paths.insert(key.clone());
        paths.extend(
            keys(value)
                .into_iter()
                .map(|below| format!("{key}.{below}")),
        );
    }
    paths
}

#[test]
fn the_demo_needs_nothing_and_leaves_a_database_worth_exploring() {
    let sandbox = Sandbox::new();
    let output = sandbox.run(&["backfill", "--demo", "--json"]).code(0);
    assert_eq!(output.json()["status"], "completed");
    assert!(output.stderr.contains("filing-etl-demo"), "{output:?}");
    let db = rusqlite::Connection::open(sandbox.path("filing-etl-demo/filings.db")).unwrap();
    let number = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert!(number("SELECT count(DISTINCT exchange) FROM v_companies") >= 6);
    assert!(number("SELECT count(DISTINCT form) FROM v_filings") >= 4);
    assert!(number("SELECT count(*) FROM v_artifacts") > 200);
    assert_eq!(
        number("SELECT count(*) FROM v_artifacts WHERE status <> 'downloaded'"),
        0
    );
    for file in ["filings.db", "filings", "state"] {
        assert!(
            !sandbox.path(file).exists(),
            "{file} is outside of the demo's folder"
        );
    }
    assert!(
        output.stderr.contains("Run the same command again:"),
        "{output:?}"
    );
    let again = sandbox.run(&["backfill", "--demo", "--json"]).code(0);
    assert_eq!(again.json()["requests"]["documents"], 0);
}

#[test]
fn a_joint_filing_queued_under_a_company_out_of_scope_is_downloaded_with_the_one_in_scope() {
    for preset in ["sequential", "fast"] {
        let sim = simulated::start(simulated::small());
        let sandbox = Sandbox::new();
        let (parent, subsidiary) = joint(&sim);
        let _ = backfill(&sandbox, &sim, &["--cik", &parent, "--no-download"]);
        let _ = backfill(&sandbox, &sim, &["--cik", &subsidiary, "--preset", preset]);
        let joint = format!(
            "FROM v_artifacts WHERE accession IN (SELECT accession FROM v_filings
             WHERE cik = {subsidiary})"
        );
        let left = format!("SELECT count(*) {joint} AND status <> 'downloaded'");
        assert_eq!(sandbox.number(&left), 0, "{preset}");
        let fetched = sandbox.number(&format!("SELECT count(*) {joint}"));
        assert!(fetched > 5);
        let documents = asked(&sim, Resource::Documents);
        assert_eq!(i64::try_from(documents.len()), Ok(fetched), "{preset}");
        // The parent's own files stay queued, and the joint ones are not fetched again.
        let summary = backfill(&sandbox, &sim, &["--cik", &parent, "--json"]).json();
        assert_eq!(summary["artifacts"]["pending"], 0);
        let all = sandbox.number("SELECT count(*) FROM v_artifacts");
        assert_eq!(
            sim.log().of_kind(Resource::Documents),
            usize::try_from(all).unwrap()
        );
    }
}

/// A company and one that files jointly with it.
fn joint(sim: &Simulator) -> (String, String) {
    let companies: Vec<_> = sim.universe().companies().collect();
    let parent = companies
        .iter()
        .position(|c| c.kind == filing_etl::sim::SimCompanyKind::Parent)
        .unwrap();
    let [a, b] = [parent, parent + 1].map(|n| companies[n].cik.to_string());
    (a, b)
}

/// A parent and two subsidiaries that file jointly with it.
fn family(sim: &Simulator) -> [Cik; 3] {
    let companies: Vec<_> = sim.universe().companies().collect();
    let parent = companies
        .iter()
        .rposition(|c| c.kind == filing_etl::sim::SimCompanyKind::Parent)
        .unwrap();
    [0, 1, 2].map(|n| companies[parent + n].cik)
}

/// The second subsidiary is visited when the rows of the first exist, but its documents are not downloaded
/// yet.
fn hold_joint(sim: &Simulator, [a, b, c]: [Cik; 3]) {
    let (second, first) = (b.max(c), b.min(c));
    let faults = [
        format!("stall=2@CIK{}*1", second.padded()),
        format!("stall=4@/data/{first}/*1"),
        format!("stall=4@/data/{a}/*1"),
    ];
    sim.set_faults(faults.iter().map(|f| f.parse().unwrap()).collect());
}

/// After a run of the parent, two subsidiaries are visited. Their joint filings are not fetched twice.
#[track_caller]
fn asked_once_after_the_parent(parents: &[&str], theirs: &[&str]) {
    let sim = simulated::start(Options {
        companies: 60,
        ..simulated::small()
    });
    let sandbox = Sandbox::new();
    let [a, b, c] = family(&sim);
    let ciks = [a, b, c].map(|cik| cik.to_string());
    let _ = backfill(&sandbox, &sim, &[&["--cik", &ciks[0]], parents].concat());
    sim.log().clear();
    hold_joint(&sim, [a, b, c]);
    let both = ["--cik", &ciks[1], "--cik", &ciks[2]];
    let _ = backfill(&sandbox, &sim, &[&both, theirs].concat());
    let documents = asked(&sim, Resource::Documents);
    assert!(documents.len() > 5);
    // In the folder of whichever company.
    let names: BTreeSet<_> = documents
        .iter()
        .map(|path| path.splitn(6, '/').last())
        .collect();
    assert_eq!(names.len(), documents.len(), "{documents:?}");
}

#[test]
fn two_companies_of_a_joint_filing_queued_elsewhere_download_it_once() {
    asked_once_after_the_parent(&["--no-download"], &[]);
}

#[test]
fn two_companies_of_a_joint_filing_kept_elsewhere_have_it_split_once() {
    asked_once_after_the_parent(&[], &["--artifacts", "documents"]);
}

/// A release build took 42 MiB by hand; a debug build has more code in memory.
#[cfg(target_os = "linux")]
#[test]
fn a_run_over_all_companies_takes_little_memory() {
    let sim = simulated::start(Options {
        companies: 5911,
        years: 1,
        filings_per_year: 0,
        compress: false,
        ..simulated::small()
    });
    let sandbox = Sandbox::new();
    let args = ["--preset", "turbo", "--exchange", "all", "--no-download"];
    let (run, peak) = Running::start(sandbox.backfill(&sim, &args)).end_measured();
    let _ = run.code(0);
    assert_eq!(visited(&sim).len(), 5911);
    assert!(peak < 56 << 10, "{peak} kB");
}

/// Fails unless all documents of a company's reports are stored, each file has its row and each row its file.
#[track_caller]
fn split_and_sound(sandbox: &Sandbox, cik: &str, when: &str) {
    let left = format!(
        "SELECT count(*) FROM filers JOIN filings ON id = filing WHERE cik = {cik}
         AND id NOT IN (SELECT filing FROM submissions WHERE status = 'split')"
    );
    assert_eq!(sandbox.number(&left), 0, "{when}");
    same_set(&set(sandbox.files().into_keys()), &sandbox.recorded(), when);
    let twice = "SELECT accession, name FROM v_artifacts GROUP BY 1, 2 HAVING count(*) > 1";
    assert!(sandbox.rows(twice).is_empty(), "{when}");
}

#[test]
fn all_files_of_a_joint_filing_stay_together_whoever_asks_for_them_and_how() {
    let sim = simulated::start(simulated::small());
    let (parent, subsidiary) = joint(&sim);
    // The parent has either files or queue entries when only its subsidiary is visited.
    for (download, job) in [(true, "primary"), (false, "primary"), (false, "documents")] {
        for preset in ["sequential", "fast"] {
            for first in [None, Some("--no-download")] {
                let sandbox = Sandbox::new();
                let before = ["--cik", &parent, "--artifacts", job, "--no-download"];
                let before = &before[..before.len() - usize::from(download)];
                let _ = backfill(&sandbox, &sim, before);
                let args = [
                    "--cik",
                    &subsidiary,
                    "--artifacts",
                    "documents",
                    "--preset",
                    preset,
                ];
                if let Some(first) = first {
                    let _ = backfill(&sandbox, &sim, &[&args[..], &[first]].concat());
                }
                let _ = backfill(&sandbox, &sim, &args);
                let when = format!("{before:?}, then {first:?} and {args:?}");
                split_and_sound(&sandbox, &subsidiary, &when);
            }
        }
    }
}
