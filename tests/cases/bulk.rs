//! Discovery from `submissions.zip`: the same results as from the API, in one request.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use filing_etl::sim::{Entry, Options, Resource, Simulator};
use jiff::civil::date;

#[cfg(target_os = "linux")]
use crate::harness::process::Running;
use crate::harness::scripted::{Scripted, response};
use crate::harness::{self, Output, Sandbox};

const ARCHIVE: &str = "/Archives/edgar/daily-index/bulkdata/submissions.zip";

/// A universe with older pages.
fn sim() -> Simulator {
    Simulator::start(Options {
        companies: 41,
        page_rows: 40,
        today: date(2025, 8, 1),
        ..Options::default()
    })
    .unwrap()
}

fn command<'a>(args: &[&'a str]) -> Vec<&'a str> {
    let command = [
        "backfill",
        "--no-download",
        "--json",
        "--since",
        "2019-01-01",
    ];
    [&command, args].concat()
}

fn discover(sandbox: &Sandbox, sim: &Simulator, args: &[&str]) -> Output {
    sandbox.run_against(sim, &command(args))
}

fn bulk(sandbox: &Sandbox, sim: &Simulator) -> Output {
    discover(sandbox, sim, &["--discover-from", "bulk"])
}

fn requests(sim: &Simulator) -> Vec<Entry> {
    let mut entries = sim.log().entries();
    entries.retain(|entry| entry.kind == Resource::Discovery);
    entries
}

/// The number of requests for the archive, and of other discovery requests.
fn asked(sim: &Simulator) -> (usize, usize) {
    let (archive, api): (Vec<_>, Vec<_>) =
        requests(sim).into_iter().partition(|e| e.path == ARCHIVE);
    (archive.len(), api.len())
}

/// Everything that discovery records, in an order that does not depend on the source.
fn found(sandbox: &Sandbox) -> Vec<String> {
    [
        "SELECT accession, cik, form, filed_on, report_date, primary_document, items, size,
                is_xbrl FROM v_filings ORDER BY accession, cik",
        "SELECT accession, form, filed_on, kind, name, status FROM v_artifacts ORDER BY accession, name",
        "SELECT cik, name, ticker, exchange, filings, last_checked_at IS NULL FROM v_companies ORDER BY cik",
        "SELECT companies_done, companies_with_new, filings_found, artifacts_created FROM v_runs",
    ]
    .iter()
    .flat_map(|sql| sandbox.rows(sql))
    .collect()
}

fn zip_of(sandbox: &Sandbox) -> PathBuf {
    sandbox.path("filings/.bulk/submissions.zip")
}

/// The database of a run with `--discover-from api`.
fn by_api(sim: &Simulator) -> Vec<String> {
    let sandbox = Sandbox::new();
    let _ = discover(&sandbox, sim, &["--discover-from", "api"]).code(0);
    sim.log().clear();
    found(&sandbox)
}

#[test]
fn the_archive_gives_the_same_rows_as_the_api_in_one_request() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let api = by_api(&sim);
    let output = bulk(&sandbox, &sim).code(0);
    assert_eq!(asked(&sim), (1, 0));
    assert_eq!(found(&sandbox), api);
    let json = output.json();
    assert_eq!(json["discovery"]["from"], "bulk");
    assert_eq!(json["requests"]["discovery"], 1);
    assert_eq!(sandbox.number("SELECT count(*) FROM v_errors"), 0);
    // Older pages were needed, so that the comparison covers them.
    let sql = "SELECT max(filings) FROM v_companies";
    assert!(sandbox.number(sql) > 20);
}

#[test]
fn an_unchanged_archive_is_not_fetched_again_and_a_new_one_is() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let _ = bulk(&sandbox, &sim).code(0);
    sim.log().clear();
    let _ = bulk(&sandbox, &sim).code(0);
    let again = requests(&sim);
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].status, Some(304));

    sim.advance_day();
    sim.log().clear();
    let _ = bulk(&sandbox, &sim).code(0);
    assert_eq!(requests(&sim)[0].status, Some(200));
    assert_eq!(asked(&sim), (1, 0));
}

#[test]
fn a_break_costs_only_the_rest_in_the_same_run() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let api = by_api(&sim);
    sim.set_faults(vec!["short@submissions.zip*1".parse().unwrap()]);
    let _ = bulk(&sandbox, &sim).code(0);
    let tries = requests(&sim);
    let statuses: Vec<_> = tries.iter().map(|entry| entry.status).collect();
    assert_eq!(statuses, [Some(200), Some(206)]);
    let whole = fs::metadata(zip_of(&sandbox)).unwrap().len();
    let sent: u64 = tries.iter().map(|entry| entry.sent).sum();
    assert!(sent < whole + 2000, "{sent} bytes for {whole}"); // the headers count
    assert_eq!(found(&sandbox), api);
}

#[test]
fn a_break_costs_only_the_rest_in_the_next_run() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let api = by_api(&sim);
    sim.set_faults(vec!["short@submissions.zip*1".parse().unwrap()]);
    let args = ["--discover-from", "bulk", "--max-attempts", "1"];
    // Without the archive, each company is requested from the API.
    let _ = discover(&sandbox, &sim, &args)
        .code(0)
        .says("each company is requested from the API");
    assert_eq!(found(&sandbox), api);
    assert_eq!(asked(&sim).0, 1);
    sim.log().clear();
    let _ = bulk(&sandbox, &sim).code(0);
    assert_eq!(asked(&sim), (1, 0));
    assert_eq!(requests(&sim)[0].status, Some(206));
}

#[test]
fn a_part_of_yesterdays_archive_is_not_mixed_with_todays() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    sim.set_faults(vec!["short@submissions.zip*1".parse().unwrap()]);
    let args = ["--discover-from", "bulk", "--max-attempts", "1"];
    let _ = discover(&sandbox, &sim, &args).code(0);
    sim.advance_day();
    sim.log().clear();
    let _ = bulk(&sandbox, &sim).code(0);
    assert_eq!(asked(&sim), (1, 0));
    assert_eq!(requests(&sim)[0].status, Some(200));
}

/// Changes a byte in the content of one member of the archive.
fn damage(sandbox: &Sandbox, name: &str) {
    let mut bytes = fs::read(zip_of(sandbox)).unwrap();
    let place = bytes
        .windows(name.len())
        .position(|window| window == name.as_bytes())
        .unwrap();
    bytes[place + name.len() + 20] ^= 0x55;
    fs::write(zip_of(sandbox), bytes).unwrap();
}

#[test]
fn a_damaged_member_costs_its_company_one_request() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let api = by_api(&sim);
    let _ = bulk(&sandbox, &sim).code(0);
    let cik = sandbox.rows("SELECT cik FROM v_companies WHERE filings > 0 ORDER BY cik")[0].clone();
    let name = format!("CIK{cik:0>10}.json");
    damage(&sandbox, &name);
    fs::remove_file(sandbox.path("filings.db")).unwrap();
    sim.log().clear();

    let _ = bulk(&sandbox, &sim).code(0).says("damaged");
    let paths: Vec<_> = requests(&sim).into_iter().map(|entry| entry.path).collect();
    assert!(paths.contains(&format!("/submissions/{name}")), "{paths:?}");
    // The archive is unchanged, and now the older pages of this company are read from it.
    let of_it = paths
        .iter()
        .filter(|path| path.contains(&format!("{cik:0>10}")));
    assert_eq!(of_it.count() + 1, paths.len());
    assert_eq!(found(&sandbox), api);
    let errors = sandbox.rows("SELECT cik, kind FROM v_errors");
    assert_eq!(errors, [format!("{cik}|bad_member")]);
}

#[test]
fn a_company_whose_older_page_has_to_be_asked_for_is_checked_as_of_the_archive() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let _ = bulk(&sandbox, &sim).code(0);
    let cik = sandbox.rows("SELECT cik FROM v_companies WHERE filings > 0 ORDER BY filings DESC")
        [0]
    .clone();
    let name = format!("CIK{cik:0>10}-submissions-001.json");
    damage(&sandbox, &name);
    fs::remove_file(sandbox.path("filings.db")).unwrap();
    sim.log().clear();
    let _ = bulk(&sandbox, &sim).code(0).says("damaged");
    let asked = requests(&sim)
        .into_iter()
        .filter(|entry| entry.path.ends_with(&name));
    assert_eq!(asked.count(), 1);
    let times = "SELECT count(DISTINCT last_checked_at) FROM v_companies WHERE filings > 0";
    assert_eq!(sandbox.number(times), 1);
}

#[test]
fn an_archive_that_is_none_is_thrown_away_and_the_run_goes_on() {
    let api = by_api(&sim());
    for fault in [
        "json-cut@submissions.zip",
        "html@submissions.zip",
        "404@submissions.zip",
    ] {
        let (sandbox, sim) = (Sandbox::new(), sim());
        sim.set_faults(vec![fault.parse().unwrap()]);
        let _ = bulk(&sandbox, &sim)
            .code(0)
            .says("each company is requested from the API");
        assert_eq!(found(&sandbox), api, "{fault}");
        assert!(!zip_of(&sandbox).exists());
        sim.set_faults(Vec::new());
        sim.log().clear();
        let _ = bulk(&sandbox, &sim).code(0);
        assert_eq!(asked(&sim), (1, 0), "{fault}");
    }
}

#[test]
fn a_member_of_another_company_or_that_is_no_json_is_not_believed() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let api = by_api(&sim);
    let _ = bulk(&sandbox, &sim).code(0);
    let ciks = sandbox.rows("SELECT cik FROM v_companies ORDER BY cik LIMIT 2");
    let [first, second] = [0, 1].map(|i| format!("CIK{:0>10}.json", ciks[i]));
    // Only these two remain in the archive. A missing company is not an error.
    let mut zip = zip::ZipWriter::new(fs::File::create(zip_of(&sandbox)).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    let stranger = format!(
        r#"{{"cik":"{}","name":"","filings":{{"recent":{{"accessionNumber":[],"filingDate":[],"form":[]}},"files":[]}}}}"#,
        ciks[1]
    );
    for (name, text) in [(first, stranger.as_str()), (second, "no JSON")] {
        zip.start_file(name, options).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    let length = zip.finish().unwrap().metadata().unwrap().len();
    let notes = sandbox.path("filings/.bulk/notes.json");
    let mut json: serde_json::Value = serde_json::from_slice(&fs::read(&notes).unwrap()).unwrap();
    json["whole"]["bytes"] = length.into();
    fs::write(&notes, json.to_string()).unwrap();
    fs::remove_file(sandbox.path("filings.db")).unwrap();

    let _ = bulk(&sandbox, &sim).code(0);
    assert_eq!(found(&sandbox), api);
    let errors = sandbox.rows("SELECT cik, kind FROM v_errors ORDER BY cik");
    assert_eq!(errors, [0, 1].map(|i| format!("{}|bad_member", ciks[i])));
}

#[test]
fn auto_takes_what_takes_less_time_and_says_why() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let auto = |args: &[&str]| discover(&sandbox, &sim, args).code(0).json();
    let plan = auto(&["--dry-run", "--rate", "20"]);
    assert_eq!(plan["discovery"]["from"], "api");
    assert_eq!(plan["requests"]["discovery"], plan["companies"]);
    assert_eq!(plan["bytes"]["archive"], 0);
    assert_eq!(auto(&[])["discovery"]["from"], "api");
    assert_eq!(asked(&sim).0, 0);

    let plan = auto(&["--dry-run", "--discover-from", "bulk"]);
    assert_eq!(plan["discovery"]["from"], "bulk");
    assert_eq!(plan["requests"]["discovery"], 1);
    assert_eq!(plan["bytes"]["archive"], 1_500_000_000);

    // Once the archive is cached, it is faster for more than a few companies.
    let _ = bulk(&sandbox, &sim).code(0);
    sim.log().clear();
    let plan = auto(&["--dry-run", "--rate", "20"]);
    assert_eq!(plan["discovery"]["from"], "bulk");
    assert_eq!(plan["bytes"]["archive"], 0);
    let run = auto(&["--rate", "20"]);
    assert_eq!(run["discovery"]["from"], "bulk");
    assert!(
        run["discovery"]["why"]
            .as_str()
            .unwrap()
            .contains("submissions.zip: cached today")
    );
    assert_eq!(asked(&sim), (1, 0));
}

#[test]
fn auto_fetches_no_archive_that_is_larger_than_the_run_may_store() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    // A small archive of yesterday with a fast connection: it takes the time of 11 requests.
    fs::create_dir_all(sandbox.path("filings/.bulk")).unwrap();
    fs::write(zip_of(&sandbox), "PK").unwrap();
    let notes = serde_json::json!({
        "url": format!("{}{ARCHIVE}", sim.url()),
        "whole": {"etag": "\"old\"", "last_modified": null, "bytes": 2, "current_at": 0},
        "bytes_per_second": 1_000_000_000,
    });
    fs::write(sandbox.path("filings/.bulk/notes.json"), notes.to_string()).unwrap();
    let auto = |more: &[&str]| {
        let args = [&["--rate", "20", "--max-bytes"], more].concat();
        discover(&sandbox, &sim, &args).code(0).json()
    };
    assert_eq!(auto(&["1B", "--dry-run"])["discovery"]["from"], "api");
    let plan = auto(&["1B", "--dry-run", "--discover-from", "bulk"]);
    assert_eq!(plan["discovery"]["from"], "bulk", "it is asked for");
    assert_eq!(auto(&["3B", "--dry-run"])["discovery"]["from"], "bulk");
    // It turns out to be larger.
    assert_eq!(auto(&["1kB"])["companies"]["failed"], 0);
    assert_eq!(asked(&sim).0, 1);
    assert!(asked(&sim).1 > 30, "each company was asked for by itself");
    assert_eq!(auto(&["1GB"])["discovery"]["from"], "bulk");
    assert!(fs::metadata(zip_of(&sandbox)).unwrap().len() > 1000);
}

#[test]
fn an_archive_for_which_the_disk_has_no_room_is_not_fetched() {
    const LENGTH: u64 = 15 << 30;
    let (sandbox, sim) = (Sandbox::new(), sim());
    let api = by_api(&sim);
    let list = harness::get(&sim, "/files/company_tickers_exchange.json");
    let edgar = Scripted::answering(move |path, stream| {
        if path != ARCHIVE {
            return stream.write_all(&response("200 OK", "", &list));
        }
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: {LENGTH}\r\n\r\nPK\x03\x04"
        )?;
        stream.write_all(&vec![0; 1 << 20])
    });
    let free = filing_etl::internals::free_space(&sandbox.path("")).unwrap();
    // Other programs may write to this disk at the same time.
    let keep = free.saturating_sub(LENGTH / 2).to_string();
    let args = ["--discover-from", "bulk", "--min-free-space", &keep];
    let mut command = sandbox.command_against(&sim, &command(&args));
    command.env("FILING_ETL_ARCHIVES_URL", edgar.url());
    let _ = Output::of(command)
        .code(0)
        .says("submissions.zip needs")
        .says("each company is requested from the API");
    assert_eq!(found(&sandbox), api);
    assert!(!zip_of(&sandbox).exists());
    assert!(!zip_of(&sandbox).with_extension("zip.part").exists());
    let asked = edgar.asked();
    assert_eq!(asked.iter().filter(|path| *path == ARCHIVE).count(), 1);
}

#[test]
fn an_archive_that_turns_out_too_large_to_be_worth_it_is_not_fetched() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let api = by_api(&sim);
    // The known archive is small, and the connection is slow.
    fs::create_dir_all(sandbox.path("filings/.bulk")).unwrap();
    fs::write(zip_of(&sandbox), "PK").unwrap();
    let notes = serde_json::json!({
        "url": format!("{}{ARCHIVE}", sim.url()),
        "whole": {"etag": "\"old\"", "last_modified": null, "bytes": 2, "current_at": 0},
        "bytes_per_second": 1000,
    });
    fs::write(sandbox.path("filings/.bulk/notes.json"), notes.to_string()).unwrap();
    let run = discover(&sandbox, &sim, &["--rate", "20"]).code(0).json();
    assert_eq!(run["discovery"]["from"], "bulk");
    assert_eq!(asked(&sim).0, 1);
    assert!(asked(&sim).1 > 30, "each company was asked for by itself");
    assert_eq!(found(&sandbox), api);
    assert_eq!(fs::read(zip_of(&sandbox)).unwrap(), b"PK");
}

#[test]
fn a_symlink_in_the_place_of_the_archive_leads_nothing_out() {
    use std::os::unix::fs::symlink;
    let sim = sim();
    let api = by_api(&sim);
    for place in [".bulk", ".bulk/lock", ".bulk/submissions.zip.part"] {
        let sandbox = Sandbox::new();
        let (outside, link) = (sandbox.path("outside"), sandbox.path("filings").join(place));
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        fs::create_dir_all(&outside).unwrap();
        let file = outside.join("mine");
        fs::write(&file, "mine").unwrap();
        symlink(if place == ".bulk" { &outside } else { &file }, &link).unwrap();
        let _ = bulk(&sandbox, &sim).code(0).says("remove it");
        assert_eq!(found(&sandbox), api, "{place}");
        assert_eq!(fs::read(&file).unwrap(), b"mine", "{place}");
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 1, "{place}");
    }
}

/// The submissions of a company with this number of rows. 900 rows have 150 KB, EDGAR's median.
#[cfg(target_os = "linux")]
fn document(cik: u64, rows: u64) -> String {
    let column =
        |value: &dyn Fn(u64) -> serde_json::Value| (0..rows).map(value).collect::<Vec<_>>();
    let forms = ["4", "4", "8-K", "10-Q", "10-K", "SC 13G/A"];
    serde_json::json!({
        "cik": format!("{cik:010}"), "name": "A company",
        "filings": {
            "recent": {
                "accessionNumber": column(&|row| format!("{cik:010}-25-{row:06}").into()),
                "filingDate": column(&|row| format!("2025-{:02}-{:02}", 12 - row % 12, 1 + row % 28).into()),
                "reportDate": column(&|row| format!("2024-{:02}-{:02}", 12 - row % 12, 1 + row % 28).into()),
                "acceptanceDateTime": column(&|row| format!("2025-01-01T10:00:{:02}.000Z", row % 60).into()),
                "act": column(&|_| "34".into()),
                "form": column(&|row| forms[usize::try_from(row * 7 % 11 % 6).unwrap()].into()),
                "fileNumber": column(&|row| format!("001-{:05}", row * 31 % 99_999).into()),
                "size": column(&|row| (row * 7919 % 9_000_000).into()),
                "primaryDocument": column(&|row| format!("xslF345X05/wk-form4_{}.xml", row * cik).into()),
                "primaryDocDescription": column(&|_| "FORM 4".into()),
            },
            "files": [],
        },
    })
    .to_string()
}

#[cfg(target_os = "linux")]
#[test]
fn at_edgars_sizes_it_takes_less_than_128_mb() {
    const COMPANIES: u64 = 300;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    let mut add = |cik: u64, text: &str| {
        zip.start_file(format!("CIK{cik:010}.json"), options)
            .unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    };
    for cik in 1..=COMPANIES {
        add(cik, &document(cik, 300 + cik * 37 % 1200));
    }
    for cik in 0..100_000 {
        add(1_000_000 + cik, "{}");
    }
    let archive = zip.finish().unwrap().into_inner();
    let letter =
        |digit: char| char::from(b'A' + u8::try_from(digit.to_digit(10).unwrap()).unwrap());
    let row = |cik: u64| {
        let ticker: String = cik.to_string().chars().map(letter).collect();
        serde_json::json!([cik, "A company", format!("T{ticker}"), "Nasdaq"])
    };
    let list = serde_json::json!({
        "fields": ["cik", "name", "ticker", "exchange"],
        "data": (1..=COMPANIES).map(row).collect::<Vec<_>>(),
    });
    let edgar = Scripted::start(std::collections::BTreeMap::from([
        (
            "/files/company_tickers_exchange.json".to_owned(),
            list.to_string().into_bytes(),
        ),
        (ARCHIVE.to_owned(), archive),
    ]));
    let sandbox = Sandbox::new();
    let args = command(&["--discover-from=bulk", "--preset=turbo", "--form=all"]);
    let (run, peak) = Running::start(sandbox.command_to(&edgar.url(), &args)).end_measured();
    let json = run.code(0).json();
    assert_eq!(json["companies"]["with_new"], COMPANIES);
    assert_eq!(json["requests"]["discovery"], 1);
    assert!(peak < 128 << 10, "{peak} kB");
}
