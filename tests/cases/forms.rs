//! Form types: families, lists, misspelt and renamed types.

use filing_etl::sim::{Options, Simulator};

use crate::harness::{Output, Sandbox, simulated};

fn sim() -> Simulator {
    simulated::start(Options {
        companies: 12,
        ..simulated::small()
    })
}

fn backfill(sandbox: &Sandbox, sim: &Simulator, args: &[&str]) -> Output {
    let args = [&["backfill", "--no-download", "--since=2y"], args].concat();
    sandbox.run_at(sim, simulated::NOW, &args)
}

#[test]
fn a_type_that_nobody_filed_is_told_with_those_that_may_be_meant() {
    let sim = sim();
    for (asked, says) in [
        (
            "DEF14A",
            "no filing of these companies is a DEF14A; there are ",
        ),
        (
            "Form 4",
            "no filing of these companies is a FORM 4; there are ",
        ),
        ("SC13G", " SC 13G"),
        (
            "N-PORT",
            "no filing of these companies is a N-PORT; most frequent are ",
        ),
    ] {
        let sandbox = Sandbox::new();
        let _ = backfill(&sandbox, &sim, &["--form", asked])
            .code(0)
            .says(says);
    }
    let sandbox = Sandbox::new();
    let output = backfill(&sandbox, &sim, &["--form", "DEF14A"]).code(0);
    let filings = sandbox.number("SELECT count(*) FROM v_filings");
    assert_eq!(filings, 0, "{}", output.stderr);
    let told: Vec<_> = output
        .stderr
        .lines()
        .filter(|line| line.contains("DEF14A"))
        .collect();
    let [told] = told[..] else {
        panic!("once: {}", output.stderr);
    };
    assert!(told.ends_with(" DEF 14A"), "{told}");
}

#[test]
fn types_that_are_there_are_not_told() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let output = backfill(&sandbox, &sim, &["--form=10-K,10-q", "--form", "8-K"]).code(0);
    assert!(!output.stderr.contains("no filing"), "{}", output.stderr);
    assert_eq!(
        sandbox.rows("SELECT DISTINCT form FROM v_filings WHERE form NOT LIKE '%/A' ORDER BY form"),
        ["10-K", "10-Q", "8-K"]
    );
    assert_eq!(
        sandbox.rows("SELECT forms FROM v_selections"),
        ["10-K, 10-Q, 8-K and amendments"]
    );
}

#[test]
fn a_renamed_type_stays_what_it_is_and_its_family_has_both_names() {
    let (sandbox, sim) = (Sandbox::new(), sim());
    let renamed =
        "EDGAR has called SC 13G SCHEDULE 13G since December 2024: `--form ownership` takes both";
    let output = backfill(&sandbox, &sim, &["--form", "SC 13G"])
        .code(0)
        .says(renamed);
    assert_eq!(output.stderr.matches("SCHEDULE 13G").count(), 1);
    let forms = "SELECT DISTINCT form FROM v_filings WHERE form LIKE '%13G' ORDER BY form";
    assert_eq!(sandbox.rows(forms), ["SC 13G"]);
    let output = backfill(&sandbox, &sim, &["--form", "ownership"]).code(0);
    assert!(
        !output.stderr.contains("EDGAR has called"),
        "{}",
        output.stderr
    );
    assert!(
        !output.stderr.contains("no filing"),
        "a family may have types that nobody filed"
    );
    assert_eq!(sandbox.rows(forms), ["SC 13G", "SCHEDULE 13G"]);
    let both = ["--form", "SC 13G,SCHEDULE 13G"];
    let output = backfill(&sandbox, &sim, &both).code(0);
    assert!(
        !output.stderr.contains("EDGAR has called"),
        "{}",
        output.stderr
    );
}
