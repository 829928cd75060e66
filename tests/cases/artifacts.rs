//! What of a filing is downloaded: its primary document, its submission, or all its documents.

use std::collections::BTreeMap;

use filing_etl::edgar::submission_name;
use filing_etl::sim::{Filing, RequestKind, Simulator};

use crate::harness::truth;
use crate::harness::{Output, Sandbox};

const DOCUMENTS: [&str; 2] = ["--artifacts", "documents"];

fn run(sandbox: &Sandbox, sim: &Simulator, args: &[&str]) -> Output {
    Output::of(sandbox.backfill(sim, args))
}

/// One company's reports: few enough for faults that are tried again.
fn one(sim: &Simulator) -> (String, Vec<(u64, Filing)>) {
    let company = truth::national(sim)
        .into_iter()
        .find(|c| truth::filings(sim, std::slice::from_ref(c), wanted).len() > 2)
        .unwrap();
    let filings = truth::filings(sim, std::slice::from_ref(&company), wanted);
    (company.cik.to_string(), filings)
}

fn wanted(filing: &Filing) -> bool {
    truth::is_report(filing.form) && filing.filed_on >= truth::SINCE
}

fn submissions(sim: &Simulator, filings: &[(u64, Filing)]) -> BTreeMap<String, Vec<u8>> {
    let file = |(_, filing): &(u64, Filing)| {
        let name = submission_name(filing.accession);
        let text = sim.universe().submission_text(filing);
        (format!("{}/{name}", filing.accession.bare()), text)
    };
    filings.iter().map(file).collect()
}

/// Fails unless exactly these files are there, and the record says the same.
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

fn distinct(filings: &[(u64, Filing)]) -> usize {
    let all: std::collections::BTreeSet<_> = filings.iter().map(|(_, f)| f.accession).collect();
    all.len()
}

#[test]
fn documents_are_split_from_one_request_a_filing_as_edgar_serves_them() {
    let (sandbox, sim) = (Sandbox::new(), truth::start(truth::small()));
    let filings = truth::reports(&sim);
    let expected = truth::documents(&sim, &filings);
    let summary = run(&sandbox, &sim, &[&DOCUMENTS[..], &["--json"]].concat())
        .code(0)
        .json();
    assert_stored(&sandbox, &expected);
    let asked = sim.log().of_kind(RequestKind::Documents);
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
        sim.log().of_kind(RequestKind::Documents),
        asked,
        "nothing is asked twice"
    );
}

#[test]
fn a_submission_is_stored_as_it_is() {
    let (sandbox, sim) = (Sandbox::new(), truth::start(truth::small()));
    let filings = truth::reports(&sim);
    let args = ["--artifacts", "submission"];
    let _ = run(&sandbox, &sim, &args).code(0);
    assert_stored(&sandbox, &submissions(&sim, &filings));
    let asked = sim.log().of_kind(RequestKind::Documents);
    assert_eq!(asked, distinct(&filings));
    let _ = run(&sandbox, &sim, &args).code(0);
    assert_eq!(sim.log().of_kind(RequestKind::Documents), asked);
}

#[test]
fn one_way_may_follow_another() {
    let (sandbox, sim) = (Sandbox::new(), truth::start(truth::small()));
    let (cik, filings) = one(&sim);
    for wanted in ["primary", "documents", "submission", "documents", "primary"] {
        let _ = run(&sandbox, &sim, &["--cik", &cik, "--artifacts", wanted]).code(0);
    }
    let mut expected = truth::documents(&sim, &filings);
    expected.extend(submissions(&sim, &filings));
    assert_stored(&sandbox, &expected);
    let asked = sim.log().of_kind(RequestKind::Documents);
    assert_eq!(asked, 3 * distinct(&filings), "each way once");
}

#[test]
fn a_submission_that_is_cut_or_altered_is_asked_for_again() {
    for fault in ["altered@.txt*1", "json-cut@.txt*1", "short@.txt*1"] {
        for way in ["submission", "documents"] {
            let (sandbox, sim) = (Sandbox::new(), truth::start(truth::small()));
            let (cik, filings) = one(&sim);
            sim.set_faults(vec![fault.replace(".txt", "/Archives").parse().unwrap()]);
            let _ = run(&sandbox, &sim, &["--cik", &cik, "--artifacts", way]).code(0);
            let expected = match way {
                "documents" => truth::documents(&sim, &filings),
                _ => submissions(&sim, &filings),
            };
            assert_stored(&sandbox, &expected);
        }
    }
}

#[test]
fn a_submission_that_stays_damaged_leaves_no_file_and_is_queued() {
    for way in ["submission", "documents"] {
        let (sandbox, sim) = (Sandbox::new(), truth::start(truth::small()));
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
