//! `--artifacts`: the primary document, the submission, or all documents of a filing.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use filing_etl::internals::submission_name;
use filing_etl::sim::{Resource, SimFiling, Simulator};
use serde_json::{Value, json};

#[cfg(target_os = "linux")]
use crate::harness::process::Running;
use crate::harness::scripted::Scripted;
use crate::harness::simulated;
use crate::harness::{Output, Sandbox};

const DOCUMENTS: [&str; 2] = ["--artifacts", "documents"];

fn run(sandbox: &Sandbox, sim: &Simulator, args: &[&str]) -> Output {
    Output::of(sandbox.backfill(sim, args))
}

/// The reports of one company: few enough for faults that are retried.
fn one(sim: &Simulator) -> (String, Vec<(u64, SimFiling)>) {
    let company = simulated::national(sim)
        .into_iter()
        .find(|c| simulated::filings(sim, std::slice::from_ref(c), wanted).len() > 2)
        .unwrap();
    let filings = simulated::filings(sim, std::slice::from_ref(&company), wanted);
    (company.cik.to_string(), filings)
}

fn wanted(filing: &SimFiling) -> bool {
    simulated::is_report(filing.form) && filing.filed_on >= simulated::SINCE
}

fn submissions(sim: &Simulator, filings: &[(u64, SimFiling)]) -> BTreeMap<String, Vec<u8>> {
    let file = |(_, filing): &(u64, SimFiling)| {
        let name = submission_name(filing.accession);
        let text = sim.universe().submission_text(filing);
        (format!("{}/{name}", filing.accession.bare()), text)
    };
    filings.iter().map(file).collect()
}

/// Fails unless exactly these files are on disk and on record.
#[track_caller]
fn assert_stored(sandbox: &Sandbox, expected: &BTreeMap<String, Vec<u8>>) {
    let files = sandbox.files();
    let mut recorded = sandbox.rows("SELECT path FROM v_artifacts WHERE status = 'downloaded'");
    recorded.sort();
    assert!(files.keys().eq(recorded.iter()), "{recorded:?}");
    let names: Vec<_> = files.keys().map(|p| p.splitn(4, '/').last()).collect();
    assert_eq!(files.len(), expected.len(), "{names:?}");
    for (path, bytes) in &files {
        let key = path.splitn(4, '/').last().unwrap();
        assert!(expected.get(key) == Some(bytes), "{path}");
    }
}

fn distinct(filings: &[(u64, SimFiling)]) -> usize {
    let all: std::collections::BTreeSet<_> = filings.iter().map(|(_, f)| f.accession).collect();
    all.len()
}

#[test]
fn documents_are_split_from_one_request_a_filing_as_edgar_serves_them() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let filings = simulated::reports(&sim);
    let expected = simulated::documents(&sim, &filings);
    let summary = run(&sandbox, &sim, &[&DOCUMENTS[..], &["--json"]].concat())
        .code(0)
        .json();
    assert_stored(&sandbox, &expected);
    let asked = sim.log().of_kind(Resource::Documents);
    assert_eq!(asked, distinct(&filings));
    assert_eq!(summary["artifacts"]["created"], expected.len());
    assert_eq!(summary["artifacts"]["downloaded"], expected.len());
    assert_eq!(summary["artifacts"]["pending"], 0);
    assert_eq!(
        sandbox.number("SELECT count(*) FROM v_artifacts WHERE type IS NULL"),
        0
    );
    assert_eq!(
        sandbox.number("SELECT count(*) FROM v_artifacts WHERE kind = 'primary' AND sequence = 1"),
        i64::try_from(distinct(&filings)).unwrap()
    );

    let _ = run(&sandbox, &sim, &DOCUMENTS).code(0);
    assert_eq!(
        sim.log().of_kind(Resource::Documents),
        asked,
        "nothing is asked twice"
    );
}

#[test]
fn a_submission_is_stored_as_it_is() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let filings = simulated::reports(&sim);
    let args = ["--artifacts", "submission"];
    let _ = run(&sandbox, &sim, &args).code(0);
    assert_stored(&sandbox, &submissions(&sim, &filings));
    let asked = sim.log().of_kind(Resource::Documents);
    assert_eq!(asked, distinct(&filings));
    let _ = run(&sandbox, &sim, &args).code(0);
    assert_eq!(sim.log().of_kind(Resource::Documents), asked);
}

#[test]
fn one_way_may_follow_another() {
    let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
    let (cik, filings) = one(&sim);
    for wanted in ["primary", "documents", "submission", "documents", "primary"] {
        let _ = run(&sandbox, &sim, &["--cik", &cik, "--artifacts", wanted]).code(0);
    }
    let mut expected = simulated::documents(&sim, &filings);
    expected.extend(submissions(&sim, &filings));
    assert_stored(&sandbox, &expected);
    let asked = sim.log().of_kind(Resource::Documents);
    assert_eq!(asked, 3 * distinct(&filings), "each way once");
}

#[test]
fn a_submission_that_is_cut_or_altered_is_asked_for_again() {
    for fault in ["altered@.txt*1", "json-cut@.txt*1", "short@.txt*1"] {
        for way in ["submission", "documents"] {
            let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
            let (cik, filings) = one(&sim);
            sim.set_faults(vec![fault.replace(".txt", "/Archives").parse().unwrap()]);
            let _ = run(&sandbox, &sim, &["--cik", &cik, "--artifacts", way]).code(0);
            let expected = match way {
                "documents" => simulated::documents(&sim, &filings),
                _ => submissions(&sim, &filings),
            };
            assert_stored(&sandbox, &expected);
        }
    }
}

#[test]
fn a_submission_that_stays_damaged_leaves_no_file_and_is_queued() {
    for way in ["submission", "documents"] {
        let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
        let (cik, filings) = one(&sim);
        sim.set_faults(vec!["altered@/Archives".parse().unwrap()]);
        let args = ["--cik", &cik, "--artifacts", way, "--max-attempts", "1"];
        let _ = run(&sandbox, &sim, &args).code(3);
        assert_stored(&sandbox, &BTreeMap::new());
        let failed = sandbox
            .rows("SELECT kind, last_error LIKE '%MD5%' FROM v_artifacts WHERE status = 'failed'");
        assert_eq!(failed, vec![format!("{way}|1"); distinct(&filings)]);
        sim.set_faults(Vec::new());
        let _ = run(&sandbox, &sim, &["--cik", &cik, "--artifacts", way]).code(0);
        assert_eq!(
            sandbox.number("SELECT count(*) FROM v_artifacts WHERE status <> 'downloaded'"),
            0
        );
    }
}

/// An EDGAR with one company that filed these submissions.
fn edgar(submissions: &BTreeMap<String, Vec<u8>>) -> Scripted {
    let list = json!({
        "fields": ["cik", "name", "ticker", "exchange"],
        "data": [[7, "Seven", "SEVN", "Nasdaq"]],
    });
    let column = |value: &dyn Fn(&str, &[u8]) -> Value| -> Vec<_> {
        submissions.iter().map(|(a, text)| value(a, text)).collect()
    };
    let document = json!({
        "cik": "0000000007", "name": "Seven",
        "filings": {
            "recent": {
                "accessionNumber": column(&|accession, _| accession.into()),
                "filingDate": column(&|_, _| "2025-01-02".into()),
                "form": column(&|_, _| "10-K".into()),
                "primaryDocument": column(&|_, _| "".into()),
                "size": column(&|_, text| text.len().into()),
            },
            "files": [],
        },
    });
    let mut bodies = BTreeMap::from([
        (
            "/files/company_tickers_exchange.json".to_owned(),
            list.to_string().into_bytes(),
        ),
        (
            "/submissions/CIK0000000007.json".to_owned(),
            document.to_string().into_bytes(),
        ),
    ]);
    for (accession, text) in submissions {
        let folder = accession.replace('-', "");
        let path = format!("/Archives/edgar/data/7/{folder}/{accession}.txt");
        bodies.insert(path, text.clone());
    }
    Scripted::start(bodies)
}

/// All files that [`edgar`] serves.
fn everything<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let args = [
        "backfill",
        "--since=2025-01-01",
        "--until=2025-02-01",
        "--max-attempts=1",
    ];
    [&args[..], more].concat()
}

/// The folder of real captures beside the repository, if it exists.
#[test]
fn every_real_capture_is_stored_whole_and_in_all_its_documents() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let Ok(entries) = fs::read_dir(data.join("filings")) else {
        return;
    };
    let captures: BTreeMap<_, _> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let accession = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (accession, fs::read(&path).unwrap())
        })
        .collect();
    let (edgar, sandbox) = (edgar(&captures), Sandbox::new());
    for way in ["submission", "documents"] {
        let args = everything(&["--artifacts", way]);
        let _ = Output::of(sandbox.command_to(&edgar.url(), &args)).code(0);
    }
    let files = sandbox.files();
    let (mut pairs, mut documents) = (0, 0);
    for (accession, text) in &captures {
        let folder = format!("edgar/data/7/{}", accession.replace('-', ""));
        assert!(
            files[&format!("{folder}/{accession}.txt")] == *text,
            "{accession}"
        );
        let own = files.keys().filter(|path| path.starts_with(&folder));
        documents += own.count() - 1;
        let Ok(singles) = fs::read_dir(data.join("docs").join(accession)) else {
            continue;
        };
        for single in singles {
            let path = single.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let split = &files[&format!("{folder}/{name}")];
            assert!(*split == fs::read(&path).unwrap(), "{accession} {name}");
            pairs += 1;
        }
    }
    assert_eq!((captures.len(), documents, pairs), (72, 261, 8));
    assert_eq!(sandbox.number("SELECT count(*) FROM v_errors"), 0);
    let _ = sandbox.run(&["verify"]).code(0);
}

/// A submission of these documents, by name and body.
fn submission(accession: &str, documents: &[(&str, &str)]) -> Vec<u8> {
    let mut text = format!("<SEC-DOCUMENT>{accession}.txt : 20250102\n</SEC-HEADER>\n");
    for (i, (name, body)) in documents.iter().enumerate() {
        let number = i + 1;
        let head = format!("<TYPE>XML\n<SEQUENCE>{number}\n<FILENAME>{name}\n");
        for part in [
            "<DOCUMENT>\n",
            &head,
            "<TEXT>\n",
            body,
            "</TEXT>\n</DOCUMENT>\n",
        ] {
            text += part;
        }
    }
    (text + "</SEC-DOCUMENT>\n").into_bytes()
}

#[test]
fn no_name_in_a_submission_leads_out_of_its_folder() {
    const ACCESSION: &str = "0000000007-25-000001";
    let long = "x".repeat(300);
    let names = [
        "good.htm", "../../x", "a/b", "con", &long, "good.htm", "GOOD.HTM", "..", "a\\b",
        "nul.txt", "last.htm",
    ];
    let documents = names.map(|name| (name, "text\n"));
    let text = BTreeMap::from([(ACCESSION.to_owned(), submission(ACCESSION, &documents))]);
    let (edgar, sandbox) = (edgar(&text), Sandbox::new());
    let args = everything(&["--artifacts=documents"]);
    let _ = Output::of(sandbox.command_to(&edgar.url(), &args)).code(0);
    let folder = "edgar/data/7/000000000725000001";
    let stored: Vec<_> = sandbox.files().into_keys().collect();
    let expected = [
        "0000000007-25-000001-10.txt",
        "0000000007-25-000001-2",
        "0000000007-25-000001-3",
        "0000000007-25-000001-4",
        "0000000007-25-000001-5",
        "0000000007-25-000001-6.htm",
        "0000000007-25-000001-7.HTM",
        "0000000007-25-000001-8",
        "0000000007-25-000001-9",
        "good.htm",
        "last.htm",
    ];
    assert_eq!(stored, expected.map(|name| format!("{folder}/{name}")));
    assert_eq!(
        sandbox.rows("SELECT kind, count(*) FROM v_errors GROUP BY 1 ORDER BY 1"),
        ["name_taken|2"]
    );
    assert_eq!(
        sandbox.number("SELECT count(*) FROM v_artifacts WHERE status = 'failed'"),
        0
    );
    // Their URLs have EDGAR's names.
    assert_eq!(
        sandbox.rows("SELECT url FROM v_artifacts WHERE name LIKE '%-4' OR name LIKE '%-10.txt'"),
        ["con", "nul.txt"].map(|name| {
            let folder = "Archives/edgar/data/7/000000000725000001";
            format!("{}/{folder}/{name}", edgar.url())
        })
    );
    let outside = fs::read_dir(sandbox.path("")).unwrap();
    let mut outside: Vec<_> = outside.map(|e| e.unwrap().file_name()).collect();
    outside.sort();
    assert_eq!(
        outside,
        ["filings", "filings.db", "filings.db.lock", "state"]
    );
}

/// The document is larger than the allowed memory. Run by hand, a document of 612 MB took 14 MB.
#[cfg(target_os = "linux")]
#[test]
fn a_submission_of_any_size_is_split_in_little_memory() {
    const ACCESSION: &str = "0000000007-25-000001";
    let text = "<tr><td>Net sales</td><td>383,285</td></tr>\n".repeat(1 << 20);
    let line = "M_]C_X  02D9)1@ ! 0   0 !  #_VP!#  @&!@<&!0@'!P<)\"0@*#!0-# L+\n";
    let picture = format!("begin 644 a.jpg\n{} \nend\n", line.repeat(1 << 20));
    let documents = [("a.htm", &*text), ("b.jpg", &*picture), ("c.htm", "end\n")];
    let submission = submission(ACCESSION, &documents);
    assert!(submission.len() > 100_000_000);
    let (edgar, sandbox) = (
        edgar(&BTreeMap::from([(ACCESSION.to_owned(), submission)])),
        Sandbox::new(),
    );
    let args = everything(&["--artifacts=documents"]);
    let run = Running::start(sandbox.command_to(&edgar.url(), &args));
    let (run, peak) = run.end_measured();
    let _ = run.code(0);
    let sizes = sandbox.rows("SELECT name, bytes FROM v_artifacts ORDER BY name");
    let expected = [
        format!("a.htm|{}", text.len()),
        format!("b.jpg|{}", 45 << 20),
        "c.htm|4".to_owned(),
    ];
    assert_eq!(sizes, expected);
    assert!(peak < 64 << 10, "{peak} kB");
}
