//! Finding a company by name, ticker or CIK, and listing its filings.

use filing_etl::sim::Options;

use crate::harness::lists::Lists;
use crate::harness::{Output, Sandbox, simulated};

/// Companies before and after a day on which tickers moved to other companies.
fn lists() -> (Sandbox, Lists) {
    let (sandbox, lists) = (Sandbox::new(), Lists::start());
    let before = [
        (1, "Meta Platforms, Inc.", "FB", Some("Nasdaq")),
        (2, "Old Holding Co", "HOLD", Some("NYSE")),
        (3, "BERKSHIRE HATHAWAY INC", "BRK-B", Some("NYSE")),
        (4, "BANK OF AMERICA CORP /DE/", "BAC-PL", Some("NYSE")),
        (5, "Apple Inc.", "AAPL", Some("Nasdaq")),
    ];
    let symbols = before.map(|(_, name, ticker, _)| (ticker, name, 'Q', 'N'));
    let sync = |day: &str| {
        let mut command = lists.command(&sandbox, &["companies", "sync"]);
        command.env("FILING_ETL_NOW", format!("{day}T16:00:00Z"));
        let _ = Output::of(command).code(0);
    };
    lists.directory(&symbols);
    lists.companies(&before);
    sync("2025-06-01");
    let mut after = before;
    after[0].2 = "META";
    after[1] = (6, "New Holding Co", "HOLD", Some("NYSE"));
    lists.companies(&after);
    sync("2025-07-01");
    (sandbox, lists)
}

fn found(sandbox: &Sandbox, text: &[&str]) -> Vec<u64> {
    let args = [&["companies", "find", "--json"], text].concat();
    let answer = sandbox.run(&args).code(0).json();
    let companies = answer["companies"].as_array().unwrap().iter();
    companies.map(|c| c["cik"].as_u64().unwrap()).collect()
}

#[test]
fn a_company_is_found_by_name_ticker_former_ticker_and_cik() {
    let (sandbox, _lists) = lists();
    for (text, ciks) in [
        (&["meta"][..], &[1][..]),
        (&["FB"], &[1]),
        (&["holding"], &[6, 2]),
        (&["hathaway", "berkshire"], &[3]),
        (&["BRK.B"], &[3]),
        (&["brkb"], &[3]),
        (&["BAC$L"], &[4]),
        (&["BAC.PRL"], &[4]),
        (&["CIK0000000005"], &[5]),
    ] {
        assert_eq!(found(&sandbox, text), ciks, "{text:?}");
    }
    let output = sandbox.run(&["companies", "find", "fb"]).code(0);
    assert!(
        output.stdout.contains("formerly FB until 2025-06-01"),
        "{}",
        output.stdout
    );
    let output = sandbox.run(&["companies", "find", "new holding"]).code(0);
    assert!(
        output.stdout.contains("HOLD belonged to CIK 2 until"),
        "{}",
        output.stdout
    );
    let answer = sandbox
        .run(&["companies", "find", "--json", "HOLD"])
        .code(0)
        .json();
    let predecessor = &answer["companies"][0]["predecessors"][0];
    assert_eq!(predecessor["cik"], 2);
    assert_eq!(predecessor["until"], "2025-06-01");
}

#[test]
fn what_is_not_found_is_refused_with_what_is_near() {
    let (sandbox, _lists) = lists();
    let _ = sandbox
        .run(&["companies", "find", "AALP"])
        .code(2)
        .says("no company on record matches \"AALP\": the most similar are AAPL (Apple Inc.)");
    for odd in ["%", "_", "'; DROP TABLE companies", "\"", "\u{1f600}", " "] {
        let _ = sandbox
            .run(&["companies", "find", odd])
            .code(2)
            .says("no company on record matches ");
    }
}

#[test]
fn a_ticker_is_taken_in_any_spelling_and_it_is_said_who_has_it_now() {
    let (sandbox, lists) = lists();
    let list = |ticker: &str| {
        let args = ["companies", "list", "--json", "--ticker", ticker];
        sandbox.run(&args)
    };
    for (ticker, cik) in [
        ("brk/b", 3),
        ("BRK.B", 3),
        ("BRKB", 3),
        ("BAC$L", 4),
        ("BAC-PL", 4),
        ("bac.prl", 4),
        ("FB", 1),
        ("HOLD", 6),
    ] {
        let listed = list(ticker).code(0).json();
        assert_eq!(listed["companies"][0]["cik"], cik, "{ticker}");
    }
    let elsewhere = ["companies", "list", "--ticker=FB", "--exchange=NYSE"];
    let _ = sandbox
        .run(&elsewhere)
        .code(2)
        .says("none of these companies is listed on these exchanges");
    let _ = list("FB")
        .code(0)
        .says("FB is now META (Meta Platforms, Inc., CIK 1)");
    let _ = list("APPL")
        .code(2)
        .says("did you mean AAPL (Apple Inc.)? `filing-etl companies find` shows more");
    // A warning names the former company of the ticker if the dates include its days.
    for (since, told) in [("2025-01-01", true), ("2025-06-15", false)] {
        let args = ["backfill", "--dry-run", "--ticker=HOLD", "--since", since];
        let mut command = lists.command(&sandbox, &args);
        command.env("FILING_ETL_NOW", "2025-07-01T17:00:00Z");
        let output = Output::of(command).code(0);
        let says =
            "HOLD was the ticker of Old Holding Co until 2025-06-01: `--cik 2` selects its filings";
        assert_eq!(output.stderr.contains(says), told, "{}", output.stderr);
    }
}

#[test]
fn filings_are_listed_with_the_path_of_what_is_there() {
    let sandbox = Sandbox::new();
    let sim = simulated::start(Options {
        companies: 12,
        ..simulated::small()
    });
    let run = |args: &[&str]| sandbox.run_at(&sim, simulated::NOW, args);
    let _ = run(&["backfill"]).code(0);
    let _ = run(&["backfill", "--no-download", "--form=8-K"]).code(0);
    sim.log().clear();
    let all = run(&["filings", "--json"]).code(0).json();
    let all = all["filings"].as_array().unwrap();
    let count = sandbox.number("SELECT count(*) FROM v_filings");
    assert_eq!(all.len(), usize::try_from(count).unwrap());
    for filing in all {
        let stored = filing["status"] == "downloaded";
        assert_eq!(filing["path"].is_string(), stored, "{filing}");
        if let Some(path) = filing["path"].as_str() {
            assert!(
                sandbox.path(&format!("filings/{path}")).is_file(),
                "{filing}"
            );
        }
    }
    let newest = run(&[
        "filings",
        "--exchange=all",
        "--newest=1",
        "--form=10-K",
        "--no-amendments",
    ]);
    let expected = sandbox
        .rows("SELECT max(filed_on) FROM v_filings WHERE form = '10-K' GROUP BY cik ORDER BY 1");
    let newest = newest.code(0).stdout;
    let lines: Vec<_> = newest.lines().skip(2).collect();
    assert_eq!(lines.len(), expected.len() + 1, "{newest}");
    for day in expected {
        assert!(
            newest.contains(&format!(" 10-K          {day} ")),
            "{newest}"
        );
    }
    let none = run(&["filings", "--exchange=all", "--form=S-1"]).code(0);
    let _ = none.says("no filing on record matches");
    let asked = sim.log().entries().len();
    assert_eq!(asked, 0, "only the database is asked");
}
