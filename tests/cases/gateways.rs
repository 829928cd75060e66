//! Pages with status 200 in place of documents: of a proxy, of a login, random bytes. None of them is stored
//! as a document, but EDGAR's own documents with unusual content are.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use filing_etl::sim::{Options, Simulator};
use serde_json::json;

use crate::harness::proxy::Proxy;
use crate::harness::scripted::{Scripted, response};
use crate::harness::{Output, Sandbox, faults, sha256, simulated};

fn simulator() -> Simulator {
    simulated::start(Options {
        companies: 4,
        ..simulated::small()
    })
}

/// All documents of the default forms, downloaded sequentially.
fn backfill(sandbox: &Sandbox, sim: &Simulator) -> Output {
    Output::of(sandbox.backfill(sim, &["--exchange=all", "--preset=sequential", "--json"]))
}

fn statuses(sandbox: &Sandbox) -> Vec<String> {
    sandbox.rows("SELECT status, count(*) FROM v_artifacts GROUP BY status ORDER BY status")
}

fn kinds(sandbox: &Sandbox) -> Vec<String> {
    sandbox.rows("SELECT kind, count(*) FROM v_errors GROUP BY kind ORDER BY kind")
}

#[test]
fn a_gateways_page_is_stored_for_no_filing_and_asked_for_again_by_the_next_run() {
    let (sandbox, sim) = (Sandbox::new(), simulator());
    sim.set_faults(faults(&["gateway@documents"]));
    let output = backfill(&sandbox, &sim).code(3);
    let all = sandbox.number("SELECT count(*) FROM v_artifacts");
    assert!(all > 10);
    // The first two were stored, then removed.
    assert_eq!(sandbox.files(), BTreeMap::new());
    assert_eq!(statuses(&sandbox), [format!("failed|{all}")]);
    assert_eq!(kinds(&sandbox), [format!("gateway|{all}")]);
    let json = output.json();
    assert_eq!(json["status"], "partial");
    assert_eq!(json["artifacts"]["downloaded"], 0);
    assert_eq!(json["artifacts"]["bytes"], 0);
    assert_eq!(json["artifacts"]["failed"], all);
    let of_files = "SELECT count(*) FROM v_artifacts WHERE sha256 IS NOT NULL OR bytes IS NOT NULL";
    assert_eq!(sandbox.number(of_files), 0, "there is no hash to compare");
    assert_eq!(sandbox.number("SELECT count(*) FROM refused_pages"), 1);
    let told = sandbox.run(&["diagnose"]).code(0);
    assert!(told.stdout.contains("login"), "{}", told.stdout);
    sim.set_faults(Vec::new());
    let output = backfill(&sandbox, &sim).code(0);
    assert_eq!(output.json()["artifacts"]["downloaded"], all);
    assert_eq!(statuses(&sandbox), [format!("downloaded|{all}")]);
    assert_eq!(kinds(&sandbox), [format!("gateway|{all}")], "nothing new");
    let _ = sandbox.run(&["verify"]).code(0);
}

#[test]
fn what_stood_before_the_gateway_came_stays() {
    let (sandbox, sim) = (Sandbox::new(), simulator());
    let _ = backfill(&sandbox, &sim).code(0);
    let before = sandbox.files();
    let lost: Vec<_> = before.keys().take(4).cloned().collect();
    for path in &lost {
        std::fs::remove_file(sandbox.path("filings").join(path)).unwrap();
    }
    let _ = sandbox.run(&["verify"]).code(3);
    sim.set_faults(faults(&["gateway@documents"]));
    let _ = Output::of(sandbox.command_against(&sim, &["download", "--preset=sequential"])).code(3);
    let kept: BTreeMap<_, _> = before
        .iter()
        .filter(|(path, _)| !lost.contains(path))
        .map(|(path, bytes)| (path.clone(), bytes.clone()))
        .collect();
    assert!(sandbox.files() == kept);
    sim.set_faults(Vec::new());
    let _ = sandbox.run_against(&sim, &["download"]).code(0);
    assert!(sandbox.files() == before);
    let _ = sandbox.run(&["verify"]).code(0);
}

#[test]
fn a_mirror_that_sends_the_same_again_in_a_later_run_has_it_so() {
    let (sandbox, sim) = (Sandbox::new(), simulator());
    sim.set_faults(faults(&["gateway@documents"]));
    let _ = backfill(&sandbox, &sim).code(3);
    let _ = backfill(&sandbox, &sim).code(0);
    let all = sandbox.number("SELECT count(*) FROM v_artifacts");
    assert_eq!(statuses(&sandbox), [format!("downloaded|{all}")]);
    assert_eq!(
        kinds(&sandbox),
        [format!("accepted|{all}"), format!("gateway|{all}")]
    );
    let _ = sandbox.run(&["verify"]).code(0);
}

/// As [`backfill`], from hosts under sec.gov: a proxy forwards to the simulator.
fn from_sec(sandbox: &Sandbox, proxy: &Proxy, now: &str, args: &[&str]) -> Output {
    let mut command = sandbox.command_to("http://www.sec.gov", args);
    command
        .env("HTTP_PROXY", proxy.url("me:pw"))
        .env("FILING_ETL_DATA_URL", "http://data.sec.gov")
        .env("FILING_ETL_LISTINGS_URL", "http://www.nasdaqtrader.com")
        .env("FILING_ETL_RATE", "10")
        .env("FILING_ETL_NOW", now);
    Output::of(command)
}

#[test]
fn from_sec_gov_a_gateways_page_is_never_taken_and_on_the_fourth_day_it_is_given_up() {
    let (sandbox, sim) = (Sandbox::new(), simulator());
    let proxy = Proxy::start(Some(sim.address()));
    sim.set_faults(faults(&["gateway@documents"]));
    let backfill = [
        "backfill",
        "--exchange=all",
        "--form=10-K",
        "--since=2024-01-01",
    ];
    let run = |day: u8, hour: u8, args: &[&str]| {
        let now = format!("2025-07-{day:02}T{hour}:00:00Z");
        from_sec(&sandbox, &proxy, &now, args)
    };
    let _ = run(1, 16, &backfill).code(3);
    let all = sandbox.number("SELECT count(*) FROM v_artifacts");
    assert!((3..10).contains(&all), "{all}");
    // Any number of runs on one day.
    for hour in [17, 18] {
        let _ = run(1, hour, &["download"]).code(3);
    }
    for day in [2, 3] {
        assert_eq!(statuses(&sandbox), [format!("failed|{all}")]);
        let _ = run(day, 16, &["download"]).code(3);
    }
    assert_eq!(statuses(&sandbox), [format!("unavailable|{all}")]);
    let asked = sim.log().count(|_| true);
    let _ = run(4, 16, &["download"]).code(0);
    assert_eq!(sim.log().count(|_| true), asked, "it is asked for no more");
    let reasons =
        "SELECT count(*) FROM v_artifacts WHERE last_error LIKE '%in place of the document%'";
    assert_eq!(sandbox.number(reasons), all);
    assert_eq!(sandbox.files(), BTreeMap::new());
    sim.set_faults(Vec::new());
    let _ = run(5, 16, &["download", "--retry-unavailable"]).code(0);
    assert_eq!(statuses(&sandbox), [format!("downloaded|{all}")]);
}

#[test]
fn noise_that_comes_once_costs_a_second_request_and_noise_that_stays_is_named() {
    let (sandbox, sim) = (Sandbox::new(), simulator());
    sim.set_faults(faults(&["random@documents*1"]));
    let output =
        Output::of(sandbox.backfill(&sim, &["--exchange=all", "--max-attempts=1", "--json"]));
    let output = output.code(0);
    let all = sandbox.number("SELECT count(*) FROM v_artifacts");
    assert_eq!(output.json()["requests"]["retries"], all);
    assert_eq!(statuses(&sandbox), [format!("downloaded|{all}")]);
    assert_eq!(kinds(&sandbox), [""; 0]);
    let sandbox = Sandbox::new();
    sim.set_faults(faults(&["random@documents"]));
    let _ = backfill(&sandbox, &sim).code(3);
    assert_eq!(kinds(&sandbox), [format!("no_document|{all}")]);
    assert_eq!(
        sandbox.rows("SELECT DISTINCT attempts FROM v_artifacts"),
        ["2"]
    );
    assert_eq!(sandbox.files(), BTreeMap::new());
}

/// Stands in an answer for something that is another one each time.
const NONCE: &str = "NONCE";

/// How the server that [`Filings`] starts answers a document.
#[derive(Debug, Clone)]
struct Answer {
    status: &'static str,
    headers: &'static str,
    body: Vec<u8>,
}

/// One company with this many filings, one a day in January 2024, whose primary documents have this name;
/// each is answered as the test says.
struct Filings {
    edgar: Scripted,
    answer: Arc<Mutex<Answer>>,
}

const DATED: &str = "Last-Modified: Thu, 24 Jan 2008 10:00:00 GMT\r\n";

impl Filings {
    fn start(filings: u32, name: &str, headers: &'static str, body: &[u8]) -> Self {
        let list = json!({
            "fields": ["cik", "name", "ticker", "exchange"],
            "data": [[7, "Seven", "SEVN", "Nasdaq"]],
        });
        let each = |value: &dyn Fn(u32) -> String| (1..=filings).map(value).collect::<Vec<_>>();
        let recent = json!({
            "accessionNumber": each(&|n| format!("0000000007-24-{n:06}")),
            "filingDate": each(&|n| format!("2024-01-{n:02}")),
            "form": each(&|_| "10-K".to_owned()),
            "primaryDocument": each(&|_| name.to_owned()),
        });
        let document = json!({
            "cik": "0000000007", "name": "Seven", "filings": {"recent": recent, "files": []},
        });
        let bodies = BTreeMap::from([
            ("/files/company_tickers_exchange.json", list.to_string()),
            ("/submissions/CIK0000000007.json", document.to_string()),
        ]);
        let answer = Arc::new(Mutex::new(Answer {
            status: "200 OK",
            headers,
            body: body.to_vec(),
        }));
        let (shared, served) = (Arc::clone(&answer), AtomicU32::new(0));
        let edgar = Scripted::answering(move |path, stream| {
            if path.starts_with("/Archives/edgar/data") {
                let answer = shared.lock().unwrap().clone();
                let nonce = served.fetch_add(1, Relaxed).to_string();
                let body = String::from_utf8(answer.body.clone());
                let body =
                    body.map_or(answer.body, |text| text.replace(NONCE, &nonce).into_bytes());
                return stream.write_all(&response(answer.status, answer.headers, &body));
            }
            match bodies.get(path) {
                Some(body) => stream.write_all(&response("200 OK", "", body.as_bytes())),
                None => stream.write_all(&response("404 Not Found", "", b"nothing here")),
            }
        });
        Self { edgar, answer }
    }

    fn answers(&self, headers: &'static str, body: &[u8]) {
        *self.answer.lock().unwrap() = Answer {
            status: "200 OK",
            headers,
            body: body.to_vec(),
        };
    }

    /// Every document is refused with this status and page.
    fn refuses(&self, status: &'static str, page: &[u8]) {
        *self.answer.lock().unwrap() = Answer {
            status,
            headers: "",
            body: page.to_vec(),
        };
    }

    fn backfill(&self, sandbox: &Sandbox) -> Output {
        let args = ["backfill", "--since=2020-01-01", "--max-attempts=1"];
        Output::of(sandbox.command_to(&self.edgar.url(), &args))
    }

    /// One night: the filings through this day of January 2024, and what is queued.
    fn night(&self, sandbox: &Sandbox, day: u32) -> Output {
        let until = format!("--until=2024-01-{day:02}");
        let args = ["backfill", "--since=2020-01-01", "--max-attempts=1", &until];
        Output::of(sandbox.command_to(&self.edgar.url(), &args))
    }

    /// `text` of a filing by its number.
    fn text(&self, sandbox: &Sandbox, n: u32) -> Output {
        let accession = format!("0000000007-24-{n:06}");
        Output::of(sandbox.command_to(&self.edgar.url(), &["text", &accession]))
    }

    /// How many documents were asked for.
    fn asked(&self) -> usize {
        let asked = self.edgar.asked();
        let documents = asked
            .iter()
            .filter(|path| path.starts_with("/Archives/edgar/data"));
        documents.count()
    }
}

#[test]
fn what_edgar_has_under_an_odd_name_is_asked_for_twice_stored_and_told() {
    let pdf = b"%PDF-1.4\nan old letter\n%%EOF\n";
    for (name, body) in [
        ("letter.txt", &pdf[..]),
        ("a.pdf", b"<html>no PDF</html>"),
        ("a.htm", b"words without a tag"),
        ("a.xml", b"<!DOCTYPE html><html></html>"),
        (
            "a.txt",
            b"<?xml version=\"1.0\"?>\n<!DOCTYPE html><html></html>",
        ),
        ("a.xsd", b"<!-- x --><!DOCTYPE html><html></html>"),
        ("a.jpg", b"GIF89a, after all"),
        ("a.txt", b"words and a NUL\0"),
    ] {
        let (sandbox, edgar) = (Sandbox::new(), Filings::start(1, name, DATED, body));
        let _ = edgar.backfill(&sandbox).code(0);
        assert_eq!(edgar.asked(), 2, "{name}");
        assert_eq!(kinds(&sandbox), ["accepted|1"], "{name}");
        assert_eq!(
            sandbox.rows("SELECT status, sha256 FROM v_artifacts"),
            [format!("downloaded|{}", sha256(body))]
        );
        let _ = edgar.backfill(&sandbox).code(0);
        assert_eq!(edgar.asked(), 2, "nothing is asked for in another run");
    }
}

#[test]
fn an_empty_document_is_asked_for_twice_and_stored_where_date_and_length_show_that_it_is_one() {
    for body in [&b""[..], b" \r\n\n"] {
        let (sandbox, edgar) = (Sandbox::new(), Filings::start(1, "a.htm", DATED, body));
        let _ = edgar.backfill(&sandbox).code(0);
        assert_eq!(edgar.asked(), 2);
        assert_eq!(kinds(&sandbox), ["accepted|1"]);
        assert_eq!(
            sandbox.rows("SELECT status, bytes, sha256 FROM v_artifacts"),
            [format!("downloaded|{}|{}", body.len(), sha256(body))]
        );
        let _ = edgar.backfill(&sandbox).code(0);
        assert_eq!(edgar.asked(), 2, "nothing is asked for in another run");
        let _ = sandbox.run(&["verify"]).code(0);
        // Without a date it may be an answer of something on the way.
        let (sandbox, edgar) = (Sandbox::new(), Filings::start(1, "a.htm", "", body));
        let _ = edgar.backfill(&sandbox).code(3);
        assert_eq!(kinds(&sandbox), ["damaged|1"]);
        assert_eq!(sandbox.files(), BTreeMap::new());
    }
}

#[test]
fn a_page_in_place_of_a_submission_or_a_companys_list_is_asked_for_once_more_and_has_its_kind() {
    let (sandbox, sim) = (Sandbox::new(), simulator());
    let args = ["--exchange=all", "--form=10-K"];
    sim.set_faults(faults(&["gateway@discovery"]));
    let _ = Output::of(sandbox.backfill(&sim, &args))
        .code(3)
        .says("a web page instead of JSON; something between here and EDGAR answers");
    let companies = sandbox.number("SELECT count(*) FROM v_companies");
    assert_eq!(kinds(&sandbox), [format!("no_document|{companies}")]);
    let asked = |of: &str| {
        let asked = sim
            .log()
            .count(|e| e.fault.is_some() && e.path.contains(of));
        i64::try_from(asked).unwrap()
    };
    assert_eq!(asked("/submissions/"), 2 * companies);
    let told = sandbox.run(&["diagnose"]).code(0);
    assert!(told.stdout.contains("log in"), "{}", told.stdout);
    for choice in ["--artifacts=submission", "--artifacts=documents"] {
        let sandbox = Sandbox::new();
        sim.set_faults(faults(&["gateway@documents"]));
        let before = asked("/Archives/");
        let _ = Output::of(sandbox.backfill(&sim, &[&args[..], &[choice]].concat()))
            .code(3)
            .says("a web page instead of plain text");
        let all = sandbox.number("SELECT count(*) FROM v_artifacts");
        assert_eq!(kinds(&sandbox), [format!("no_document|{all}")]);
        assert_eq!(asked("/Archives/") - before, 2 * all);
        let tries = "SELECT DISTINCT status, attempts FROM v_artifacts";
        assert_eq!(sandbox.rows(tries), ["failed|2"]);
        sim.set_faults(Vec::new());
        let _ = Output::of(sandbox.backfill(&sim, &[&args[..], &[choice]].concat())).code(0);
    }
}

#[test]
fn what_is_plainly_a_file_of_its_name_costs_one_request() {
    for (name, body) in [
        ("a.tif", &b"MM\0*, of another byte order"[..]),
        ("a.xls", b"\x09\x08\x10\0\0\x05, before containers"),
        ("a.xls", b"PK\x03\x04, of a later version"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0, with a password"),
        ("a.jpg", b"\r\n\xff\xd8\xff\xe0, behind a blank line"),
        (
            "a.htm",
            b"<?xml version=\"1.0\"?>\n<!DOCTYPE html><html></html>",
        ),
    ] {
        let (sandbox, edgar) = (Sandbox::new(), Filings::start(1, name, DATED, body));
        let _ = edgar.backfill(&sandbox).code(0);
        assert_eq!(edgar.asked(), 1, "{name}");
        assert_eq!(kinds(&sandbox), [""; 0], "{name}");
    }
}

#[test]
fn the_same_file_of_several_filings_is_normal_where_it_has_its_date() {
    let page = b"<html>the same exhibit</html>";
    let (sandbox, edgar) = (Sandbox::new(), Filings::start(5, "a.htm", DATED, page));
    let _ = edgar.backfill(&sandbox).code(0);
    assert_eq!(statuses(&sandbox), ["downloaded|5"]);
    assert_eq!(kinds(&sandbox), [""; 0]);
}

#[test]
fn a_403_without_a_reason_costs_one_request_a_run_and_names_the_next_step() {
    let (sandbox, edgar) = (Sandbox::new(), Filings::start(2, "a.htm", "", b""));
    edgar.refuses("403 Forbidden", b"<html><h1>Forbidden</h1></html>");
    for run in 1..=2 {
        let _ = edgar
            .backfill(&sandbox)
            .code(3)
            .says("refused (status 403)")
            .says("check proxy and firewall, and open the URL in a browser");
        assert_eq!(edgar.asked(), 2 * run);
        assert_eq!(kinds(&sandbox), [format!("refused|{}", 2 * run)]);
        assert_eq!(statuses(&sandbox), ["failed|2"]);
    }
    edgar.answers(DATED, b"<html>the annual report</html>");
    let _ = edgar.backfill(&sandbox).code(0);
    assert_eq!(statuses(&sandbox), ["downloaded|2"]);
}

#[test]
fn two_filings_with_the_same_bytes_are_no_gateways_yet() {
    let page = b"<html>the same exhibit</html>";
    let (sandbox, edgar) = (Sandbox::new(), Filings::start(2, "a.htm", "", page));
    let _ = edgar.backfill(&sandbox).code(0);
    assert_eq!(statuses(&sandbox), ["downloaded|2"]);
}

#[test]
fn a_gateways_page_that_comes_for_two_filings_a_night_is_known_in_the_second_night() {
    let page = b"<html>Please sign in</html>";
    let (sandbox, edgar) = (Sandbox::new(), Filings::start(8, "a.htm", "", page));
    let _ = edgar.night(&sandbox, 2).code(0);
    assert_eq!(statuses(&sandbox), ["downloaded|2"]);
    // Both of the second night are refused, and those of the first are queued again.
    let _ = edgar.night(&sandbox, 4).code(3);
    assert_eq!(statuses(&sandbox), ["failed|4"]);
    assert_eq!(kinds(&sandbox), ["gateway|4"]);
    assert_eq!(sandbox.files(), BTreeMap::new());
    edgar.answers(DATED, b"<html>the annual report</html>");
    let _ = edgar.night(&sandbox, 8).code(0);
    assert_eq!(statuses(&sandbox), ["downloaded|8"]);
    assert_eq!(kinds(&sandbox), ["gateway|4"]);
    let _ = sandbox.run(&["verify"]).code(0);
}

#[test]
fn a_mirror_without_dates_has_the_same_bytes_of_several_nights_with_the_next_one() {
    let page = b"<html>the same exhibit</html>";
    let (sandbox, edgar) = (Sandbox::new(), Filings::start(8, "a.htm", "", page));
    let _ = edgar.night(&sandbox, 2).code(0);
    let _ = edgar.night(&sandbox, 4).code(3);
    for day in [6, 8] {
        let _ = edgar.night(&sandbox, day).code(0);
        assert_eq!(statuses(&sandbox), [format!("downloaded|{day}")]);
    }
    assert_eq!(kinds(&sandbox), ["accepted|8", "gateway|4"]);
}

#[test]
fn lost_files_that_a_mirror_without_dates_sends_as_they_are_on_record_are_taken_at_once() {
    let page = b"<html>the same exhibit</html>";
    let (sandbox, edgar) = (Sandbox::new(), Filings::start(4, "a.htm", "", page));
    let _ = edgar.backfill(&sandbox).code(3);
    let _ = edgar.backfill(&sandbox).code(0);
    assert_eq!(statuses(&sandbox), ["downloaded|4"]);
    // Long after the page was forgotten.
    let later = |args: &[&str]| {
        let mut command = sandbox.command_to(&edgar.edgar.url(), args);
        command.env("FILING_ETL_NOW", "2099-03-02T16:00:00Z");
        Output::of(command)
    };
    for path in sandbox.files().keys().take(3) {
        std::fs::remove_file(sandbox.path("filings").join(path)).unwrap();
    }
    let _ = later(&["verify"]).code(3);
    let before = edgar.asked();
    let _ = later(&["download"]).code(0);
    assert_eq!(edgar.asked() - before, 3);
    assert_eq!(statuses(&sandbox), ["downloaded|4"]);
    let _ = later(&["verify"]).code(0);
    // Other bytes are looked at as those of any file.
    let files = sandbox.files();
    for path in files.keys() {
        std::fs::remove_file(sandbox.path("filings").join(path)).unwrap();
    }
    edgar.answers("", b"<html>Please sign in</html>");
    let _ = later(&["verify"]).code(3);
    let _ = later(&["download"]).code(3);
    assert_eq!(statuses(&sandbox), ["failed|4"]);
}

#[test]
fn a_gateways_page_that_does_not_fit_the_names_is_none_either() {
    let page = b"<!DOCTYPE html><html>Please sign in</html>";
    let (sandbox, edgar) = (Sandbox::new(), Filings::start(4, "a.xml", "", page));
    let _ = edgar.backfill(&sandbox).code(3);
    assert_eq!(statuses(&sandbox), ["failed|4"]);
    assert_eq!(kinds(&sandbox), ["gateway|4"]);
    assert_eq!(sandbox.files(), BTreeMap::new());
    edgar.answers(DATED, b"<?xml version=\"1.0\"?><a/>");
    let _ = edgar.backfill(&sandbox).code(0);
    assert_eq!(statuses(&sandbox), ["downloaded|4"]);
}

#[test]
fn a_login_page_of_its_own_for_each_path_fits_only_pages() {
    let (sandbox, sim) = (Sandbox::new(), simulator());
    let args = ["--exchange=all", "--form=10-K", "--artifacts=submission"];
    sim.set_faults(faults(&["login@documents"]));
    let _ =
        Output::of(sandbox.backfill(&sim, &[&args[..], &["--max-attempts=1"]].concat())).code(3);
    assert_eq!(sandbox.files(), BTreeMap::new());
    sim.set_faults(Vec::new());
    let _ = Output::of(sandbox.backfill(&sim, &args)).code(0);
}

/// A login page that is another one each time.
const LOGIN: &[u8] = b"<html><title>Sign in</title><input type=hidden value=NONCE></html>";

#[test]
fn text_takes_a_login_page_for_no_document_and_prints_none_of_it() {
    let (sandbox, edgar) = (Sandbox::new(), Filings::start(1, "a.txt", "", LOGIN));
    let discover = ["backfill", "--since=2020-01-01", "--no-download"];
    let _ = Output::of(sandbox.command_to(&edgar.edgar.url(), &discover)).code(0);
    let output = edgar.text(&sandbox, 1).code(3);
    assert_eq!(output.stdout, "");
    let _ = output.says("it begins as a web page");
    assert_eq!(edgar.asked(), 2);
    assert_eq!(sandbox.files(), BTreeMap::new());
    assert_eq!(statuses(&sandbox), ["failed|1"]);
    assert_eq!(
        sandbox.rows("SELECT run_id, kind FROM v_errors"),
        ["2|no_document"]
    );
    assert_eq!(
        sandbox
            .rows("SELECT command, status, failed, requests, retries FROM v_runs LIMIT 1 OFFSET 1"),
        ["text|partial|1|2|1"]
    );
    edgar.answers(DATED, b"Words of a letter");
    let output = edgar.text(&sandbox, 1).code(0);
    assert_eq!(output.stdout.trim(), "Words of a letter");
    assert_eq!(statuses(&sandbox), ["downloaded|1"]);
}

#[test]
fn a_page_that_fits_its_name_comes_from_sec_gov_with_its_date_or_is_asked_for_twice() {
    let (sandbox, edgar) = (Sandbox::new(), Filings::start(4, "a.htm", "", LOGIN));
    let address = edgar.edgar.url().replace("http://", "");
    let proxy = Proxy::start(Some(address.parse().unwrap()));
    let run = |args: &[&str]| from_sec(&sandbox, &proxy, "2025-07-01T16:00:00Z", args);
    let text = |n: u32| run(&["text", &format!("0000000007-24-{n:06}")]);
    let _ = run(&["backfill", "--since=2020-01-01", "--max-attempts=1"]).code(3);
    assert_eq!(edgar.asked(), 8);
    assert_eq!(kinds(&sandbox), ["no_document|4"]);
    assert_eq!(sandbox.files(), BTreeMap::new());
    assert_eq!(text(1).code(3).stdout, "");
    assert_eq!(kinds(&sandbox), ["no_document|5"]);
    // The same bytes may be a document of which something on the way drops the date. That is said, and
    // remembered: with the third filing they are known as a gateway's, in whatever runs they came.
    edgar.answers("", b"<html>Please sign in</html>");
    for n in [1, 2] {
        let output = text(n).code(0);
        assert_eq!(output.stdout.trim(), "Please sign in");
        let _ = output.says("it came without the Last-Modified that EDGAR sends");
    }
    assert_eq!(statuses(&sandbox), ["downloaded|2", "failed|2"]);
    assert_eq!(text(3).code(3).stdout, "");
    assert_eq!(kinds(&sandbox), ["gateway|3", "no_document|5", "undated|2"]);
    assert_eq!(statuses(&sandbox), ["failed|4"]);
    assert_eq!(sandbox.files(), BTreeMap::new());
    let asked = edgar.asked();
    assert_eq!(text(4).code(3).stdout, "");
    assert_eq!(edgar.asked(), asked + 1);
    assert_eq!(
        sandbox.number("SELECT count(*) FROM v_errors WHERE kind = 'gateway'"),
        4
    );
    edgar.answers(DATED, b"<html>the annual report</html>");
    let asked = edgar.asked();
    let _ = run(&["download"]).code(0);
    assert_eq!(edgar.asked(), asked + 4);
    assert_eq!(text(1).code(0).stdout.trim(), "the annual report");
    let _ = run(&["verify"]).code(0);
}
