//! `companies sync` when the lists change, are damaged or unavailable.

use filing_etl::sim::Options;

use crate::harness::lists::{COMPANIES, Lists, NASDAQ, OTHER};
use crate::harness::{Output, Sandbox, simulated};

const V_COMPANIES: &str =
    "SELECT cik, name, ticker, exchange, active FROM v_companies ORDER BY cik";
const V_LISTINGS: &str =
    "SELECT cik, ticker, exchange, active FROM v_listings ORDER BY cik, ticker";

/// Four companies for which the lists of the SEC and of the exchanges agree, as far as the SEC's labels go.
fn four() -> Lists {
    let lists = Lists::start();
    lists.companies(&[
        (1, "Alpha", "ALPH", Some("Nasdaq")),
        (2, "Beta", "BETA", Some("NYSE")),
        (3, "Gamma", "GAMM", Some("NYSE")),
        (4, "Delta", "DELT", Some("OTC")),
    ]);
    lists.directory(&[
        ("ALPH", "Alpha", 'Q', 'N'),
        ("BETA", "Beta", 'N', 'N'),
        ("GAMM", "Gamma", 'A', 'N'),
        ("DELT", "Delta", 'P', 'N'),
    ]);
    lists
}

const FOUR: [&str; 4] = [
    "1|Alpha|ALPH|Nasdaq|1",
    "2|Beta|BETA|NYSE|1",
    "3|Gamma|GAMM|NYSE American|1",
    "4|Delta|DELT|NYSE Arca|1",
];

#[test]
fn a_company_that_is_renamed_or_delisted_keeps_its_row() {
    let (sandbox, lists) = (Sandbox::new(), four());
    let first = lists.sync(&sandbox).code(0);
    assert_eq!(
        first.stdout,
        "4 companies: 4 new, 0 changed, 0 no longer listed\n"
    );
    assert_eq!(sandbox.rows(V_COMPANIES), FOUR);
    lists.companies(&[
        (1, "Alphabet Soup", "ALPH", Some("Nasdaq")),
        (3, "Gamma", "GAMM", Some("NYSE")),
        (4, "Delta", "DELT", Some("OTC")),
    ]);
    let second = lists.sync(&sandbox).code(0);
    assert_eq!(
        second.stdout,
        "3 companies: 0 new, 1 changed, 1 no longer listed\n\
         1 symbol is in the exchanges' lists but not in the SEC's: see `filing-etl companies list --unmatched`\n"
    );
    assert_eq!(
        sandbox.rows(V_COMPANIES),
        [
            "1|Alphabet Soup|ALPH|Nasdaq|1",
            "2|Beta|BETA|NYSE|0",
            FOUR[2],
            FOUR[3]
        ]
    );
    // The company is still known, and a message says that it is no longer listed.
    let _ = sandbox
        .run(&["companies", "list", "--ticker", "BETA"])
        .code(0)
        .says("BETA is no longer listed");
}

#[test]
fn a_delisted_company_keeps_its_filings() {
    let sandbox = Sandbox::new();
    let sim = simulated::start(simulated::small());
    let _ = Output::of(sandbox.backfill(&sim, &["--no-download"])).code(0);
    let count = "SELECT count(*) FROM v_filings";
    let (companies, filings) = (
        sandbox.number("SELECT count(*) FROM v_companies"),
        sandbox.number(count),
    );
    let fewer = simulated::start(Options {
        companies: 40,
        ..simulated::small()
    });
    let _ = Output::of(sandbox.command_against(&fewer, &["companies", "sync"])).code(0);
    let gone = "SELECT count(*), sum(filings) > 0 FROM v_companies WHERE NOT active";
    assert_eq!(sandbox.rows(gone), [format!("{}|1", companies - 40)]);
    assert_eq!(sandbox.number(count), filings);
}

#[test]
fn a_ticker_that_moves_to_another_company_belongs_to_that_one() {
    let (sandbox, lists) = (Sandbox::new(), four());
    let _ = lists.sync(&sandbox).code(0);
    lists.companies(&[
        (1, "Alpha", "ALPH", Some("Nasdaq")),
        (2, "Beta", "OLDB", Some("OTC")),
        (3, "Gamma", "GAMM", Some("NYSE")),
        (4, "Delta", "DELT", Some("OTC")),
        (5, "New Beta", "BETA", Some("NYSE")),
    ]);
    let _ = lists.sync(&sandbox).code(0);
    let listings = sandbox.rows(V_LISTINGS);
    assert!(
        listings.contains(&"2|BETA|NYSE|0".to_owned()),
        "{listings:?}"
    );
    assert!(
        listings.contains(&"5|BETA|NYSE|1".to_owned()),
        "{listings:?}"
    );
    let found = sandbox
        .run(&["companies", "list", "--ticker", "beta", "--json"])
        .code(0);
    assert_eq!(found.json()["companies"][0]["cik"], 5);
}

#[test]
fn a_list_that_is_damaged_or_absurdly_short_never_replaces_a_good_one() {
    let (sandbox, lists) = (Sandbox::new(), four());
    let _ = lists.sync(&sandbox).code(0);
    let whole =
        r#"{"fields":["cik","name","ticker","exchange"],"data":[[1,"Alpha","ALPH","Nasdaq"],"#;
    let empty = r#"{"fields":["cik","name","ticker","exchange"],"data":[]}"#;
    for damaged in [whole, empty, "<html>Sorry</html>", "[]"] {
        lists.put(COMPANIES, damaged);
        let output = lists.sync(&sandbox).code(1);
        assert_eq!(output.stdout, "", "{damaged}");
        assert_eq!(sandbox.rows(V_COMPANIES), FOUR, "{damaged}");
    }
    lists.companies(&[(1, "Alpha", "ALPH", Some("Nasdaq"))]);
    let _ = lists
        .sync(&sandbox)
        .code(1)
        .says("so the new list is not used");
    assert_eq!(sandbox.rows(V_COMPANIES), FOUR);
}

#[test]
fn damaged_symbol_lists_are_no_reason_to_forget_who_is_listed_where() {
    let (sandbox, lists) = (Sandbox::new(), four());
    let _ = lists.sync(&sandbox).code(0);
    lists.put(OTHER, "<html>Sorry</html>");
    let _ = lists
        .sync(&sandbox)
        .code(0)
        .says("symbol lists cannot be used");
    assert_eq!(sandbox.rows(V_COMPANIES), FOUR);
}

#[test]
fn without_nasdaq_trader_a_sync_keeps_the_exchanges_it_knew() {
    let (sandbox, lists) = (Sandbox::new(), four());
    let _ = lists.sync(&sandbox).code(0);
    lists.take_away(NASDAQ);
    lists.take_away(OTHER);
    lists.companies(&[
        (1, "Alpha", "ALPH", Some("Nasdaq")),
        (2, "Beta", "BETA", Some("NYSE")),
        (3, "Gamma", "GAMM", Some("NYSE")),
        (4, "Delta", "DELT", Some("OTC")),
        (5, "Epsilon", "EPSI", Some("NYSE")),
    ]);
    // However often the directory is unavailable.
    for _ in 0..2 {
        let _ = lists
            .sync(&sandbox)
            .code(0)
            .says("symbol lists cannot be used");
        let known = sandbox.rows(V_COMPANIES);
        assert_eq!(known[..4], FOUR);
        assert_eq!(known[4], "5|Epsilon|EPSI|NYSE|1");
    }
    let asked = ["companies", "list", "--exchange", "NYSE American"];
    let _ = sandbox
        .run(&asked)
        .code(2)
        .says("NYSE American cannot be distinguished")
        .says("symbol lists could not be loaded");
    let _ = sandbox
        .run(&["companies", "list", "--exchange", "nyse"])
        .code(0);
}

#[test]
fn a_fund_is_no_company_for_a_sync_without_nasdaq_trader_either() {
    let (sandbox, lists) = (Sandbox::new(), four());
    lists.directory(&[
        ("ALPH", "Alpha", 'Q', 'N'),
        ("BETA", "Beta", 'N', 'N'),
        ("GAMM", "Gamma", 'A', 'N'),
        ("DELT", "Delta", 'P', 'Y'),
    ]);
    for _ in 0..2 {
        let _ = lists.sync(&sandbox).code(0);
        let companies = "SELECT cik, name, ticker, exchange, active FROM v_companies WHERE etf = 0 ORDER BY cik";
        assert_eq!(sandbox.rows(companies), FOUR[..3]);
        assert_eq!(
            sandbox.rows("SELECT cik, ticker, exchange, active FROM v_companies WHERE etf = 1"),
            ["4|DELT|NYSE Arca|1"]
        );
        lists.take_away(NASDAQ);
        lists.take_away(OTHER);
    }
}

#[test]
fn whoever_never_saw_the_symbol_lists_follows_the_secs_labels() {
    let (sandbox, lists) = (Sandbox::new(), four());
    lists.take_away(OTHER);
    let _ = lists.sync(&sandbox).code(0);
    lists.companies(&[
        (1, "Alpha", "ALPH", Some("NYSE")),
        (2, "Beta", "BETA", None),
    ]);
    let _ = lists.sync(&sandbox).code(0);
    let known = sandbox.rows(V_COMPANIES);
    assert_eq!(known[..2], ["1|Alpha|ALPH|NYSE|1", "2|Beta|BETA|NULL|1"]);
}

#[test]
fn funds_are_of_no_exchange_and_companies_like_others_by_ticker_and_cik() {
    let (sandbox, lists) = (Sandbox::new(), Lists::start());
    lists.companies(&[
        (1, "Alpha", "ALPH", Some("Nasdaq")),
        (2, "Bank", "BANK", Some("NYSE")),
        (2, "Bank", "NOTE", Some("NYSE")),
        (3, "SPDR Trust", "SPY", Some("NYSE")),
    ]);
    lists.directory(&[
        ("ALPH", "Alpha", 'Q', 'N'),
        ("BANK", "Bank", 'N', 'N'),
        ("NOTE", "Notes of the bank", 'P', 'Y'),
        ("SPY", "SPDR", 'P', 'Y'),
        ("NEWC", "Not known to the SEC", 'N', 'N'),
        ("NEWF", "Fund not known to the SEC", 'P', 'Y'),
    ]);
    let synced = lists.sync(&sandbox).code(0).stdout;
    assert_eq!(
        synced,
        "2 companies: 3 new, 0 changed, 0 no longer listed\n\
         2 ETFs and notes are only selected by --ticker or --cik, not by --exchange: NOTE, SPY\n\
         1 symbol is in the exchanges' lists but not in the SEC's: see `filing-etl companies list --unmatched`\n"
    );
    let ciks = |args: &[&str]| {
        let list = [&["companies", "list", "--json"], args].concat();
        let list = sandbox.run(&list).code(0).json();
        let companies = list["companies"].as_array().unwrap().iter();
        companies
            .map(|c| c["cik"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(ciks(&[]), [1, 2]);
    assert_eq!(ciks(&["--exchange=all"]), [1, 2]);
    assert_eq!(ciks(&["--exchange=NYSE"]), [2]);
    assert_eq!(ciks(&["--ticker=SPY,NOTE"]), [2, 3]);
    assert_eq!(ciks(&["--cik=3"]), [3]);
    let arca = sandbox.run(&["companies", "list", "--json", "--exchange=arca"]);
    assert_eq!(
        arca.code(0).json()["companies"].as_array().unwrap().len(),
        0
    );
    let unmatched = ["companies", "list", "--unmatched"];
    let shown = sandbox.run(&unmatched).code(0).stdout;
    assert!(shown.contains("NEWC") && !shown.contains("NEWF"), "{shown}");
    let json = sandbox
        .run(&[&unmatched[..], &["--json"]].concat())
        .code(0)
        .json();
    assert_eq!(json["unmatched"][0]["exchange"], "NYSE");
    // A fund that becomes a listing of a company counts as one from then on.
    lists.directory(&[
        ("ALPH", "Alpha", 'Q', 'N'),
        ("BANK", "Bank", 'N', 'N'),
        ("SPY", "SPDR", 'P', 'N'),
    ]);
    let _ = lists.sync(&sandbox).code(0);
    assert_eq!(ciks(&["--exchange=arca"]), [3]);
}

#[test]
fn a_row_without_a_usable_ticker_keeps_its_company_and_is_told_once() {
    let (sandbox, lists) = (Sandbox::new(), four());
    lists.put(
        COMPANIES,
        r#"{"fields":["cik","name","ticker","exchange"],"data":[[1,"Alpha","ALPH","Nasdaq"],
            [2,"Beta","beta","NYSE"],[3,"Gamma",null,"NYSE"],[4,"Delta","ALPH","NYSE"],[5,"Eps","BRK.B","NYSE"],
            [6,"Zeta","!","NYSE"],[0,"Nobody","NONE","NYSE"]]}"#,
    );
    let output = lists.sync(&sandbox).code(0).says(
        "4 rows in the company lists cannot be used, such as: row 2 of the company list: \
         its ticker is no text; row 3",
    );
    assert_eq!(output.stderr.matches("cannot be used").count(), 1);
    assert_eq!(
        sandbox.rows("SELECT cik, ticker, active FROM v_companies ORDER BY cik"),
        [
            "1|ALPH|1",
            "2|BETA|1",
            "3|NULL|1",
            "4|NULL|1",
            "5|BRK-B|1",
            "6|NULL|1"
        ]
    );
}

#[test]
fn symbol_lists_much_older_than_those_on_record_do_not_replace_them() {
    let (sandbox, lists) = (Sandbox::new(), four());
    let _ = lists.sync(&sandbox).code(0);
    // Gamma and Delta were on other exchanges then, and Beta was not on these.
    let old = [
        ("ALPH", "Alpha", 'Q', 'N'),
        ("GAMM", "Gamma", 'N', 'N'),
        ("DELT", "Delta", 'N', 'N'),
    ];
    lists.directory_of("1020202512:11", &old);
    let _ = lists
        .sync(&sandbox)
        .code(0)
        .says("they were made on 2025-10-20T12:11:00, and those on record on 2026-01-02T12:11:00")
        .says("check --listings-url");
    assert_eq!(sandbox.rows(V_COMPANIES), FOUR);
    // A mirror may be slightly out of date, and newer lists are accepted.
    lists.directory_of("0101202612:11", &old);
    let _ = lists.sync(&sandbox).code(0);
    assert_eq!(
        sandbox.rows("SELECT exchange FROM v_companies WHERE cik IN (3, 4)"),
        ["NYSE", "NYSE"]
    );
    // Lists that lag do not make room for still older ones.
    lists.directory_of("1229202512:11", &old);
    let _ = lists
        .sync(&sandbox)
        .code(0)
        .says("they were made on 2025-12-29T12:11:00, and those on record on 2026-01-02T12:11:00");
}
