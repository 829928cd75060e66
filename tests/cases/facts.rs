//! EDGAR's archive of XBRL facts: fetched in one request, and exported with the filings.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use filing_etl::sim::{Options, Resource, Simulator};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use serde_json::Value;
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::dataset::{shown, simulator};
use crate::harness::{Output, Sandbox, faults, simulated};

const ARCHIVE: &str = "/Archives/edgar/daily-index/xbrl/companyfacts.zip";

/// A sandbox with all companies and their reports on record.
fn filled(sim: &Simulator) -> Sandbox {
    let sandbox = Sandbox::new();
    let args = [
        "--exchange",
        "all",
        "--since",
        "2015-01-01",
        "--no-download",
    ];
    let _ = Output::of(sandbox.backfill(sim, &args)).code(0);
    sim.log().clear();
    sandbox
}

fn sync(sandbox: &Sandbox, sim: &Simulator) -> Output {
    sandbox.run_against(sim, &["facts", "sync", "--json"])
}

fn export(sandbox: &Sandbox, sim: &Simulator, args: &[&str]) -> Output {
    let command = [&["export", "--to", "dataset", "--json"], args].concat();
    sandbox.run_against(sim, &command)
}

/// A fact in one line: CIK, tag, unit, start, end, digits, number, accession.
fn facts(folder: &Path) -> Vec<String> {
    let mut rows = Vec::new();
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        let reader = SerializedFileReader::new(File::open(file).unwrap()).unwrap();
        for row in reader.get_row_iter(None).unwrap() {
            let cells: Vec<_> = row
                .unwrap()
                .get_column_iter()
                .map(|(_, field)| shown(field))
                .collect();
            let picked = [0, 2, 3, 4, 5, 7, 6, 8].map(|column| cells[column].clone());
            rows.push(picked.join("|"));
        }
    }
    rows
}

/// Replaces the cached archive by one with these members, as if it came from EDGAR.
fn replace(sandbox: &Sandbox, members: &[(&str, &[u8])], method: CompressionMethod) {
    let path = sandbox.path("filings/.facts/companyfacts.zip");
    let mut zip = ZipWriter::new(File::create(&path).unwrap());
    for (name, bytes) in members {
        let options = SimpleFileOptions::default().compression_method(method);
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
    let notes = sandbox.path("filings/.facts/notes.json");
    let mut known: Value = serde_json::from_slice(&fs::read(&notes).unwrap()).unwrap();
    known["whole"]["bytes"] = fs::metadata(&path).unwrap().len().into();
    fs::write(notes, known.to_string()).unwrap();
}

#[test]
fn the_archive_is_one_request_resumed_after_a_break_and_none_while_it_is_the_same() {
    // Large enough: an incomplete download of a single read is not kept.
    let sim = simulated::start(Options {
        companies: 300,
        ..simulated::small()
    });
    let sandbox = Sandbox::new();
    sim.set_faults(vec!["short@companyfacts.zip*1".parse().unwrap()]);
    let first = sync(&sandbox, &sim).code(0).json();
    assert_eq!(first["new"], true);
    let entries = sim.log().entries();
    let of_archive = entries.iter().filter(|entry| entry.path == ARCHIVE);
    let statuses: Vec<_> = of_archive.map(|entry| entry.status).collect();
    assert_eq!(statuses, [Some(200), Some(206)]);
    let file = fs::read(sandbox.path("filings/.facts/companyfacts.zip")).unwrap();
    assert_eq!(first["bytes"], file.len());
    sim.log().clear();
    let second = sync(&sandbox, &sim).code(0).json();
    assert_eq!(second["new"], false);
    assert_eq!(
        sim.log().count(|entry| entry.kind == Resource::Discovery),
        1
    );
    assert_eq!(sim.log().entries()[0].status, Some(304));
}

#[test]
fn an_archive_that_cannot_be_had_leaves_no_folder_behind() {
    let (sandbox, sim) = (Sandbox::new(), simulator());
    sim.set_faults(faults(&["404@companyfacts.zip"]));
    let _ = sync(&sandbox, &sim).code(1).says("cannot be fetched");
    assert!(!sandbox.path("filings").exists());
    fs::create_dir(sandbox.path("filings")).unwrap();
    let output = sync(&sandbox, &sim)
        .code(1)
        .says("`filing-etl facts sync` tries again");
    assert!(!output.stderr.contains("are kept"), "{}", output.stderr);
    assert!(sandbox.path("filings").exists(), "it was there before");
}

#[test]
fn an_incomplete_download_is_kept_and_said_and_a_second_one_leaves_with_75() {
    let sim = simulated::start(Options {
        companies: 300,
        ..simulated::small()
    });
    let sandbox = Sandbox::new();
    sim.set_faults(faults(&["short@companyfacts.zip"]));
    let _ = sync(&sandbox, &sim)
        .code(1)
        .says("are kept, and `filing-etl facts sync` resumes the download");
    sim.set_faults(Vec::new());
    let lock = File::open(sandbox.path("filings/.facts/lock")).unwrap();
    lock.lock().unwrap();
    let _ = sync(&sandbox, &sim)
        .code(75)
        .says("another run is fetching companyfacts.zip into filings: wait for it");
    // Closing would not release it while another test starts a process, which has a copy of the handle.
    lock.unlock().unwrap();
    sim.log().clear();
    let _ = sync(&sandbox, &sim).code(0);
    assert_eq!(sim.log().entries()[0].status, Some(206));
}

#[test]
fn facts_are_those_of_the_companies_on_record_sorted_and_with_their_digits() {
    let sim = simulator();
    let sandbox = filled(&sim);
    let _ = export(&sandbox, &sim, &["--what", "facts"])
        .code(1)
        .says("filing-etl facts sync");
    let _ = sync(&sandbox, &sim).code(0);
    let json = export(&sandbox, &sim, &["--what", "filings,facts"])
        .code(0)
        .json();
    let rows = facts(&sandbox.path("dataset/facts"));
    assert_eq!(json["tables"]["facts"]["rows"], rows.len());
    let mut sorted: Vec<_> = rows
        .iter()
        .map(|row| {
            let cells: Vec<_> = row.split('|').collect();
            (
                cells[0].parse::<u64>().unwrap(),
                cells[1].to_owned(),
                cells[4].to_owned(),
            )
        })
        .collect();
    let as_they_are = sorted.clone();
    sorted.sort();
    assert_eq!(as_they_are, sorted);
    // Every XBRL filing with a report date has one fact of each tag, with the digits of the archive.
    let mut expected = 0;
    for company in sim.universe().companies() {
        let filings = sim.universe().filings(company.cik);
        expected += filings
            .iter()
            .filter(|f| f.is_xbrl && f.report_date.is_some())
            .count()
            * 6;
    }
    assert!(expected > 100);
    assert_eq!(rows.len(), expected);
    assert!(
        rows.iter()
            .any(|row| row.contains("|NetIncomeLoss|USD|") && row.contains("|-"))
    );
    let share = rows
        .iter()
        .find(|row| row.contains("EarningsPerShareDiluted"))
        .unwrap();
    let cells: Vec<_> = share.split('|').collect();
    assert_eq!(cells[5].parse::<f64>().unwrap().to_string(), cells[6]);
    assert_eq!(json["tables"]["facts_tags"]["rows"], 6);

    // For the same archive nothing is written; for one of another day, everything.
    let json = export(&sandbox, &sim, &[]).code(0).json();
    assert_eq!(json["tables"]["facts"]["files_written"], 0);
    assert_eq!(json["tables"]["facts_tags"]["files_written"], 0);
    sim.advance_to(simulated::TODAY.tomorrow().unwrap());
    let _ = sync(&sandbox, &sim).code(0);
    let json = export(&sandbox, &sim, &[]).code(0).json();
    assert_eq!(json["tables"]["facts"]["files_written"], 1);
    assert_eq!(json["tables"]["filings"]["files_written"], 0);
}

#[test]
fn facts_of_some_companies_are_theirs_alone() {
    let sim = simulator();
    let sandbox = filled(&sim);
    let _ = sync(&sandbox, &sim).code(0);
    let company = sim.universe().companies().find(|company| {
        let filings = sim.universe().filings(company.cik);
        filings.iter().any(|f| f.is_xbrl && f.report_date.is_some())
    });
    let cik = company.unwrap().cik.to_string();
    let _ = export(&sandbox, &sim, &["--what", "facts", "--cik", &cik]).code(0);
    let rows = facts(&sandbox.path("dataset/facts"));
    assert!(!rows.is_empty());
    assert!(rows.iter().all(|row| row.starts_with(&format!("{cik}|"))));
}

#[test]
fn a_bad_member_costs_its_company_and_odd_facts_nothing() {
    let sim = simulator();
    let sandbox = filled(&sim);
    let _ = sync(&sandbox, &sim).code(0);
    let ciks = sandbox.rows("SELECT cik FROM v_companies ORDER BY cik LIMIT 4");
    let name = |n: usize| format!("CIK{:0>10}.json", ciks[n]);
    let odd = format!(
        r#"{{"cik":{},"facts":{{"acme":{{"Made":{{"label":null,"description":null,"units":{{"USD":[
            {{"end":"2024-12-31","val":-1}},{{"end":"2024-12-31","val":-1}},
            {{"val":123456789012345678901234567890.25}},{{"end":"soon","val":1e999,"fy":null}},
            {{"start":"2024-01-01","val":"NaN"}}]}}}}}}}}}}"#,
        ciks[0]
    );
    let other = format!(r#"{{"cik":{},"facts":{{}}}}"#, ciks[0]);
    replace(
        &sandbox,
        &[
            (&name(0), odd.as_bytes()),
            (&name(1), b"{\"cik\":"),
            (&name(2), other.as_bytes()),
            (
                &name(3),
                br#"{"cik":4,"facts":{"a":{"b":{"units":{"USD":[{"val":NaN}]}}}}}"#,
            ),
        ],
        CompressionMethod::Deflated,
    );
    let output = export(&sandbox, &sim, &["--what", "facts"])
        .code(3)
        .says(&format!("the facts of company {} are left out", ciks[1]))
        .says(&format!(
            "the facts of company {} are left out: it belongs to CIK {}",
            ciks[2], ciks[0]
        ))
        .says(&format!("the facts of company {} are left out", ciks[3]))
        .says("have no facts in companyfacts.zip")
        .says(
            "the facts of 3 companies could not be read and are left out: `filing-etl facts sync`",
        )
        .says("1 value cannot be written unchanged in facts.end");
    let json = output.json();
    assert_eq!(json["tables"]["facts"]["rows"], 4);
    let counts = &json["facts"];
    let companies = sandbox.number("SELECT count(*) FROM v_companies");
    assert_eq!(
        (&counts["companies"], &counts["failed"]),
        (&4.into(), &3.into())
    );
    assert_eq!(counts["without"], companies - 4);
    let rows = facts(&sandbox.path("dataset/facts"));
    let cik = &ciks[0];
    assert_eq!(
        rows,
        [
            format!(
                "{cik}|Made|USD|NULL|NULL|123456789012345678901234567890.25|123456789012345680000000000000|NULL"
            ),
            format!("{cik}|Made|USD|2024-01-01|NULL|NaN|NULL|NULL"),
            format!("{cik}|Made|USD|NULL|2024-12-31|-1|-1|NULL"),
            format!("{cik}|Made|USD|NULL|NULL|1e999|NULL|NULL"),
        ]
    );
    // It is said as long as it is so, and the next sync does not take EDGAR's word that nothing changed.
    let again = export(&sandbox, &sim, &[]).code(3).json();
    assert_eq!(again["facts"]["failed"], 3);
    let synced = sync(&sandbox, &sim).code(0).json();
    assert_eq!(synced["new"], true);
    let mended = export(&sandbox, &sim, &[]).code(0).json();
    assert_eq!(mended["facts"]["failed"], 0);
    let mended = export(&sandbox, &sim, &[]).code(0).json();
    assert_eq!(mended["tables"]["facts"]["files_written"], 0);
}

#[test]
fn a_member_with_other_bytes_than_its_checksum_costs_its_company() {
    let sim = simulator();
    let sandbox = filled(&sim);
    let _ = sync(&sandbox, &sim).code(0);
    let ciks = sandbox.rows("SELECT cik FROM v_companies ORDER BY cik LIMIT 2");
    let [first, second] = [0, 1].map(|n: usize| {
        let text =
            r#"{"facts":{"new":{"Tag":{"units":{"XBT":[{"end":"2024-12-31","val":11111111}]}}}}}"#;
        text.replacen('{', &format!("{{\"cik\":{},", ciks[n]), 1)
    });
    let name = |n: usize| format!("CIK{:0>10}.json", ciks[n]);
    let members = [
        (&*name(0), first.as_bytes()),
        (&*name(1), second.as_bytes()),
    ];
    replace(&sandbox, &members, CompressionMethod::Stored);
    // Bits that turned on the disk.
    let path = sandbox.path("filings/.facts/companyfacts.zip");
    let mut bytes = fs::read(&path).unwrap();
    let digits = bytes.windows(8).position(|digits| digits == b"11111111");
    bytes[digits.unwrap()] = b'7';
    fs::write(&path, bytes).unwrap();
    let output = export(&sandbox, &sim, &["--what", "facts"])
        .code(3)
        .says(&format!(
            "the facts of company {} are left out: its member of the archive is damaged",
            ciks[0]
        ));
    assert_eq!(output.json()["facts"]["failed"], 1);
    assert!(!output.stderr.contains("nothing on record"));
    let rows = facts(&sandbox.path("dataset/facts"));
    assert_eq!(
        rows,
        [format!(
            "{}|Tag|XBT|NULL|2024-12-31|11111111|11111111|NULL",
            ciks[1]
        )]
    );
}

#[test]
fn a_damaged_archive_is_told_and_fetched_again() {
    let sim = simulator();
    let sandbox = filled(&sim);
    let _ = sync(&sandbox, &sim).code(0);
    let path = sandbox.path("filings/.facts/companyfacts.zip");
    let bytes = fs::metadata(&path).unwrap().len();
    fs::write(&path, vec![b'x'; usize::try_from(bytes).unwrap()]).unwrap();
    let _ = export(&sandbox, &sim, &["--what", "facts"])
        .code(1)
        .says("companyfacts.zip: it is damaged");
    assert!(!sandbox.path("dataset/_filing_etl.json").exists());
    let again = sync(&sandbox, &sim).code(0).json();
    assert_eq!(again["new"], true);
    let _ = export(&sandbox, &sim, &["--what", "facts"]).code(0);
}
