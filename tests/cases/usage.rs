//! Invalid input: one line with the cause and the next step, the right exit code, and no partial changes.

use std::collections::BTreeMap;
use std::fs;

use filing_etl::sim::{Options, Resource, Simulator};

use crate::harness::{Output, Sandbox};

/// A valid user agent, where only the rest of the command line is wrong.
const AGENT: [&str; 2] = ["--user-agent", "Example Corp ops@example.com"];

fn small_simulator() -> Simulator {
    Simulator::start(Options {
        companies: 3,
        document_scale: 0.01,
        ..Options::default()
    })
    .unwrap()
}

/// Fails unless the run printed exactly this line, followed by clap's hint.
#[track_caller]
fn refused(output: Output, code: i32, message: &str) {
    let output = output.code(code);
    let said = output.stderr.split("\n\n").next().unwrap_or_default();
    assert_eq!(said.trim_end(), format!("error: {message}"));
    assert_eq!(output.stdout, "", "a refusal is no result");
}

/// Fails unless the sandbox contains exactly these names.
#[track_caller]
fn holds_only(sandbox: &Sandbox, names: &[&str]) {
    let mut found: Vec<_> = fs::read_dir(sandbox.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, names);
}

/// Fails unless an invalid command line gives this message and changes nothing.
#[track_caller]
fn makes_no_sense(args: &[&str], message: &str) {
    let sandbox = Sandbox::new();
    refused(sandbox.run(args), 2, message);
    holds_only(&sandbox, &[]);
}

#[test]
fn sec_gov_is_not_asked_by_nobody() {
    let nobody = "sec.gov requires a declared user agent: use --user-agent \
                  \"Company Name contact@example.com\", or set SEC_USER_AGENT";
    let loopback = "http://127.0.0.1:9";
    for args in [
        &["backfill"][..],
        &["backfill", "--dry-run"],
        &["companies", "sync"],
        &["backfill", "--archives-url", loopback],
        &["backfill", "--data-url", loopback],
        &["backfill", "--archives-url", "http://www.sec.gov.:81/x"],
    ] {
        makes_no_sense(args, nobody);
    }
}

#[test]
fn a_user_agent_without_an_address_is_refused_wherever_it_is_given() {
    let why = "user agent \"Mozilla/5.0\" has no e-mail address; write it like \
               \"Company Name contact@example.com\"";
    let of_clap = format!("invalid value 'Mozilla/5.0' for '--user-agent <UA>': {why}");
    makes_no_sense(&["backfill", "--user-agent", "Mozilla/5.0"], &of_clap);
    for (name, message) in [
        (
            "FILING_ETL_USER_AGENT",
            format!("invalid value 'Mozilla/5.0' for 'FILING_ETL_USER_AGENT': {why}"),
        ),
        ("SEC_USER_AGENT", format!("SEC_USER_AGENT: {why}")),
    ] {
        let sandbox = Sandbox::new();
        let mut command = sandbox.command(&["backfill"]);
        command.env(name, "Mozilla/5.0");
        refused(Output::of(command), 2, &message);
        holds_only(&sandbox, &[]);
    }
}

#[test]
fn the_flag_wins_over_both_environment_variables() {
    let sim = small_simulator();
    let sandbox = Sandbox::new();
    let asked_by = |args: &[&str], env: &[(&str, &str)]| {
        let mut command = sandbox.command_against(&sim, &[&["companies", "sync"], args].concat());
        command.env_remove("FILING_ETL_USER_AGENT");
        command.envs(env.iter().copied());
        let _ = Output::of(command).code(0);
        let agent = sim.log().entries().pop().unwrap().user_agent;
        agent.unwrap()
    };
    let sec = ("SEC_USER_AGENT", "sec@example.com");
    let ours = ("FILING_ETL_USER_AGENT", "ours@example.com");
    assert_eq!(asked_by(&[], &[sec]), "sec@example.com");
    assert_eq!(asked_by(&[], &[sec, ours]), "ours@example.com");
    let flag = ["--user-agent", "flag@example.com"];
    assert_eq!(asked_by(&flag, &[sec, ours]), "flag@example.com");
}

#[test]
fn sec_gov_is_not_asked_too_fast_whichever_host_of_it_is_left() {
    let loopback = "http://127.0.0.1:9";
    for (rate, args) in [
        ("11", &[][..]),
        ("none", &[]),
        ("1000", &["--archives-url", loopback]),
        ("none", &["--data-url", loopback]),
        (
            "none",
            &["--archives-url", loopback, "--listings-url", loopback],
        ),
    ] {
        let message = format!(
            "--rate {rate} is more than the 10 requests a second that sec.gov allows: use --rate 10 or less"
        );
        let line = [&["backfill", "--rate", rate], &AGENT[..], args].concat();
        makes_no_sense(&line, &message);
    }
}

#[test]
fn a_rate_is_a_whole_number_or_none() {
    for rate in ["0", "-1", "fast", "1.5", "", "1001"] {
        let rate = format!("--rate={rate}");
        let value = rate.strip_prefix("--rate=").unwrap();
        let message = if value.is_empty() {
            "invalid value '' for '--rate <N>': a whole number from 1 to 1000, or none, is expected"
                .to_owned()
        } else {
            format!(
                "invalid value '{value}' for '--rate <N>': a whole number from 1 to 1000, or none, is expected"
            )
        };
        makes_no_sense(&["backfill", &rate], &message);
    }
}

#[test]
fn options_that_make_no_sense_are_refused_before_anything_is_done() {
    let known = "the exchanges are Nasdaq, NYSE, NYSE American, NYSE Arca, Cboe, OTC and all";
    let date = "is not a date: write 2023-01-01, today, or a time back such as 90d, 2w, 6m or 3y";
    let base = "cannot be a base address: it must consist of http:// or https://, a host and an optional path";
    let cik = "is not a CIK: 1 to 10 digits are expected, such as 320193";
    let span = "a time such as 90s, 10m or 1h 30m is expected";
    for (args, message) in [
        (&["--since", "nonsense"][..], format!("--since: \"nonsense\" {date}")),
        (&["--since", "2023-02-30"], format!("--since: \"2023-02-30\" {date}")),
        (&["--until", "99999999y"], format!("--until: \"99999999y\" {date}")),
        (
            &["--since", "2024-02-01", "--until", "2024-01-01"],
            "--since and --until: no day lies between 2024-02-01 and 2024-01-01: the first day must not be after the last one".to_owned(),
        ),
        (
            &["--exchange", "LSE"],
            format!("invalid value 'LSE' for '--exchange <NAME>': {known}"),
        ),
        (
            &["--exchange", "NYSE", "--exchange", "nowhere"],
            format!("invalid value 'nowhere' for '--exchange <NAME>': {known}"),
        ),
        (&["--cik", "abc"], format!("invalid value 'abc' for '--cik <N>': \"abc\" {cik}")),
        (
            &["--cik", "12345678901"],
            format!("invalid value '12345678901' for '--cik <N>': \"12345678901\" {cik}"),
        ),
        (
            &["--ticker", " "],
            "invalid value ' ' for '--ticker <T>': a ticker such as AAPL or BRK-B is expected".to_owned(),
        ),
        (
            &["--form", "10-Q", "--form", "10k/a"],
            "\"10k/a\" is not a form type: give a form type of EDGAR such as 10-K or 8-K, a family such as annual, or all".to_owned(),
        ),
        (
            &["--form", ""],
            "\"\" is not a form type: give a form type of EDGAR such as 10-K or 8-K, a family such as annual, or all".to_owned(),
        ),
        (
            &["--archives-url", "nonsense"],
            "invalid value '...' for '--archives-url <URL>': an address such as https://www.sec.gov is expected".to_owned(),
        ),
        (&["--data-url", "ftp://x/"], format!("ftp://x/ {base}")),
        (&["--listings-url", "file:///etc"], format!("file:///etc {base}")),
        (&["--archives-url", "http://x/?q=1"], format!("http://x/ {base}")),
        (
            &["--companies-file", "nowhere"],
            "the companies file nowhere cannot be read: No such file or directory (os error 2): give a text file with one ticker or CIK per line".to_owned(),
        ),
        (
            &["--companies-file", "/dev/null"],
            "the companies file /dev/null contains no company: one ticker or CIK per line is expected, or a table with a header that has a column `ticker` or `cik`".to_owned(),
        ),
        (&["-q", "-v"], "the argument '--quiet' cannot be used with '--verbose...'".to_owned()),
        (&["--limit", "0"], "invalid value '0' for '--limit <N>': a whole number of at least 1 is expected".to_owned()),
        (&["--max-concurrent-companies", "many"], "invalid value 'many' for '--max-concurrent-companies <N>': a whole number from 1 to 256 is expected".to_owned()),
        (&["--max-attempts", "0"], "invalid value '0' for '--max-attempts <N>': a whole number from 1 to 100 is expected".to_owned()),
        (&["--block-cooldown", "10"], format!("invalid value '10' for '--block-cooldown <D>': {span}")),
        (&["surplus"], "unexpected argument 'surplus' found".to_owned()),
    ] {
        makes_no_sense(&[&["backfill"], &AGENT[..], args].concat(), &message);
    }
}

#[test]
fn a_password_in_an_address_is_refused_and_not_repeated() {
    let sandbox = Sandbox::new();
    for option in ["--archives-url", "--data-url", "--listings-url"] {
        let output = sandbox.run(&["backfill", option, "http://me:secret@mirror.example/"]);
        assert!(!output.stderr.contains("secret"), "{}", output.stderr);
        refused(
            output,
            2,
            "the base address on mirror.example contains a user name or password, which would be \
             stored in the database and in logs: remove it",
        );
    }
    holds_only(&sandbox, &[]);
}

#[test]
fn companies_that_are_not_in_the_list_are_named_before_any_of_their_filings_is_asked_for() {
    let sim = small_simulator();
    let sandbox = Sandbox::new();
    fs::write(sandbox.path("mine"), "NEITHER # this\n77\n").unwrap();
    let known = sim.universe().companies().next().unwrap();
    let ticker = known.listings[0].ticker.clone();
    let args = [
        "-q", "backfill", "--ticker", &ticker, "--ticker", "nosuch.x",
    ];
    let args = [&args[..], &["--cik", "99", "--companies-file", "mine"]].concat();
    refused(
        sandbox.run_against(&sim, &args),
        2,
        "not in the SEC's list of companies, now or earlier: NOSUCH.X, NEITHER (mine, line 1): check the \
         spelling, or refresh the list with `filing-etl companies sync`",
    );
    assert_eq!(sim.log().of_kind(Resource::Discovery), 0);
    assert_eq!(sim.log().of_kind(Resource::Documents), 0);
    // The database has the list that was loaded, and its log is written back.
    assert_eq!(
        fs::metadata(sandbox.path("filings.db-wal")).unwrap().len(),
        0
    );
    assert!(!sandbox.path("filings").exists());
    assert_eq!(sandbox.number("SELECT count(*) FROM v_runs"), 0);
}

#[test]
fn the_help_of_backfill_and_diagnose_has_each_option_under_its_own_heading() {
    let sandbox = Sandbox::new();
    let headings = |command: &str| {
        let help = sandbox.run(&[command, "--help"]).code(0).stdout;
        let (mut heading, mut found) = (String::new(), BTreeMap::<String, Vec<String>>::new());
        for line in help.lines() {
            let first = line.trim_start().trim_start_matches("-v, ");
            if !line.starts_with(' ') && line.ends_with(':') {
                line.trim_end_matches(':').clone_into(&mut heading);
            } else if line.len() - line.trim_start().len() <= 6 && first.starts_with("--") {
                let name = first.split(|c| " .=".contains(c)).next().unwrap();
                found
                    .entry(heading.clone())
                    .or_default()
                    .push(name.to_owned());
            }
        }
        found
    };
    let diagnose = headings("diagnose");
    let of = |heading: &str| diagnose[heading].iter().map(String::as_str);
    let companies = [
        "--exchange",
        "--ticker",
        "--cik",
        "--sic",
        "--companies-file",
    ];
    assert!(of("Companies").eq(companies), "{diagnose:?}");
    assert!(of("Filings").eq(["--form", "--no-amendments"]));
    let comparison = ["--reconcile", "--fix", "--since", "--until"];
    assert!(of("Comparison with EDGAR's indexes").eq(comparison));
    assert!(of("Output").eq(["--json"]));
    let backfill = headings("backfill");
    for (heading, option) in [
        ("Companies", "--limit"),
        ("Companies", "--sic"),
        ("Filings", "--since"),
        ("Filings", "--artifacts"),
    ] {
        assert!(
            backfill[heading].iter().any(|name| name == option),
            "{option}: {backfill:?}"
        );
    }
    for command in [&diagnose, &backfill] {
        assert!(command["Global options"].contains(&"--db".to_owned()));
        for nowhere in ["", "Options"] {
            assert_eq!(command.get(nowhere), None);
        }
    }
}

/// A database of another program, of a newer version, or damaged.
#[test]
fn a_database_that_is_not_ours_is_left_as_it_is_and_nothing_is_asked() {
    let sim = small_simulator();
    let own = Sandbox::new();
    let _ = own.run_against(&sim, &["companies", "sync"]).code(0);
    let ours = fs::read(own.path("filings.db")).unwrap();
    own.db().execute_batch("PRAGMA user_version = 99").unwrap();
    let newer = fs::read(own.path("filings.db")).unwrap();
    fs::remove_file(own.path("filings.db")).unwrap();
    own.db().execute_batch("CREATE TABLE photos (id)").unwrap();
    let foreign = fs::read(own.path("filings.db")).unwrap();
    sim.log().clear();

    let known = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/sql/migrations"))
        .unwrap()
        .count();
    let left = "name another file with --db; this one was left as it is";
    let damaged = "database filings.db: cannot read it (it is damaged: restore a copy, or start a \
                   new one): database disk image is malformed";
    for (content, message) in [
        (
            b"hello\n".to_vec(),
            format!("filings.db is not an SQLite database: {left}"),
        ),
        (
            foreign,
            format!("filings.db is a database of another program: {left}"),
        ),
        (
            newer,
            format!(
                "database filings.db was written by a newer filing-etl (schema 99, this program knows {known}): upgrade the program"
            ),
        ),
        (ours[..6000].to_vec(), damaged.to_owned()),
    ] {
        for command in [
            &["backfill"][..],
            &["backfill", "--dry-run"],
            &["companies", "sync"],
        ] {
            let sandbox = Sandbox::new();
            fs::write(sandbox.path("filings.db"), &content).unwrap();
            refused(sandbox.run_against(&sim, command), 1, &message);
            assert!(fs::read(sandbox.path("filings.db")).unwrap() == content);
            holds_only(&sandbox, &["filings.db"]);
        }
    }
    assert_eq!(sim.log().requests(), 0);
}

#[test]
fn a_database_that_cannot_be_made_leaves_no_trace() {
    let sim = small_simulator();
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("folder")).unwrap();
    fs::write(sandbox.path("file"), "").unwrap();
    for (db, message) in [
        (
            "folder",
            "database \"folder\" is not a regular file: name one with --db",
        ),
        (
            "/dev/null",
            "database \"/dev/null\" is not a regular file: name one with --db",
        ),
        (
            "no/such.db",
            "the folder of database no/such.db does not exist: create it, or name another file with --db",
        ),
        (
            "file/x.db",
            "the folder of database file/x.db does not exist: create it, or name another file with --db",
        ),
    ] {
        refused(
            sandbox.run_against(&sim, &["backfill", "--db", db]),
            1,
            message,
        );
    }
    holds_only(&sandbox, &["file", "folder"]);
    assert_eq!(sim.log().requests(), 0);
}

#[test]
fn a_data_dir_that_cannot_be_used_is_said_before_the_database_is_made() {
    let sim = small_simulator();
    for (dir, cause) in [
        ("file", "Not a directory (os error 20)"),
        ("file/below", "Not a directory (os error 20)"),
        ("/dev/full", "Not a directory (os error 20)"),
    ] {
        let sandbox = Sandbox::new();
        fs::write(sandbox.path("file"), "mine").unwrap();
        refused(
            sandbox.run_against(&sim, &["backfill", "--data-dir", dir]),
            1,
            &format!(
                "the data dir {dir} cannot be used: check its permissions, or choose another --data-dir: {cause}"
            ),
        );
        assert_eq!(fs::read(sandbox.path("file")).unwrap(), b"mine");
        holds_only(&sandbox, &["file", "state"]);
    }
    assert_eq!(sim.log().requests(), 0);
}

#[test]
fn a_state_folder_that_cannot_be_used_names_the_variable_to_set() {
    let sim = small_simulator();
    let sandbox = Sandbox::new();
    fs::write(sandbox.path("file"), "").unwrap();
    let mut command = sandbox.command_against(&sim, &["backfill"]);
    command.env("XDG_STATE_HOME", sandbox.path("file"));
    let output = Output::of(command).code(1);
    assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
    let output = output.says("set XDG_STATE_HOME to a writable local folder");
    drop(output.says("Not a directory"));
    holds_only(&sandbox, &["file"]);

    let mut command = sandbox.command_against(&sim, &["backfill"]);
    command.env_remove("XDG_STATE_HOME").env_remove("HOME");
    refused(
        Output::of(command),
        2,
        "neither XDG_STATE_HOME nor HOME is set: set XDG_STATE_HOME to a folder in which all \
         runs share the rate limit",
    );
    assert_eq!(sim.log().requests(), 0);
}

#[test]
fn what_stands_in_the_way_inside_the_data_dir_ends_the_run_and_is_not_followed() {
    let sim = small_simulator();
    let outside = Sandbox::new();
    for (name, what) in [
        ("edgar", "symlink"),
        ("edgar/data", "symlink"),
        ("edgar", "file"),
    ] {
        let sandbox = Sandbox::new();
        let place = sandbox.path("filings").join(name);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        let advice = if what == "symlink" {
            std::os::unix::fs::symlink(outside.path(""), &place).unwrap();
            "is a symlink, which could lead out of the data dir: remove it, then run the same command again"
        } else {
            fs::write(&place, "").unwrap();
            "is not a folder, but the program needs one there: move it away, then run the same command again"
        };
        let output = sandbox
            .run_against(
                &sim,
                &["backfill", "--exchange", "all", "--progress", "none"],
            )
            .code(1)
            .says("error: failed to store files in ")
            .says(&format!("filings/{name} {advice}\n"));
        assert_eq!(output.stderr.matches("error:").count(), 1);
        holds_only(&outside, &[]);
        assert_eq!(sandbox.rows("SELECT status FROM v_runs"), ["failed"]);

        fs::remove_file(&place).unwrap();
        let _ = sandbox
            .run_against(&sim, &["backfill", "--exchange", "all"])
            .code(0);
    }
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["companies", "sync"]);
    command
        .env("FILING_ETL_ARCHIVES_URL", "")
        .env("FILING_ETL_RATE", "");
    // With the defaults, the host is sec.gov, which requires a user agent.
    let _ = Output::of(command).code(2).says("--user-agent");
}

#[test]
fn a_flag_wins_over_the_variable_that_contradicts_it() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["-v", "companies", "sync"]);
    command.env("FILING_ETL_QUIET", "1");
    let _ = Output::of(command).code(2).says("--user-agent");
}

#[test]
fn a_demo_refuses_what_it_decides_itself() {
    let sandbox = Sandbox::new();
    for args in [["--db", "x.db"], ["--data-dir", "x"], ["--rate", "5"]] {
        let _ = sandbox
            .run(&["backfill", "--demo", args[0], args[1]])
            .code(2)
            .says(args[0]);
    }
    assert!(!sandbox.path("filing-etl-demo").exists());
}

#[test]
fn a_bad_value_of_the_environment_is_told_by_its_variable() {
    for (name, value, says) in [
        (
            "FILING_ETL_RATE",
            "fast",
            "invalid value 'fast' for 'FILING_ETL_RATE'",
        ),
        (
            "FILING_ETL_PROGRESS",
            "bar",
            "invalid value 'bar' for 'FILING_ETL_PROGRESS'",
        ),
        (
            "FILING_ETL_DATA_URL",
            "secret@x",
            "invalid value '...' for 'FILING_ETL_DATA_URL'",
        ),
    ] {
        let sandbox = Sandbox::new();
        let mut command = sandbox.command(&["stats"]);
        command.env(name, value);
        let _ = Output::of(command).code(2).says(says);
        // The error names the option on the command line, whatever the environment has.
        if name == "FILING_ETL_RATE" {
            let mut command = sandbox.command(&["stats", "--rate=x"]);
            command.env(name, "5");
            let _ = Output::of(command)
                .code(2)
                .says("invalid value 'x' for '--rate <N>'");
        }
    }
}

#[test]
fn a_variable_that_looks_like_ours_and_is_not_is_told() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["completions", "bash"]);
    command
        .env("FILING_ETL_DATADIR", "/data")
        .env("FILING_ETL_DB", "x.db");
    command.env("FILING_ETL_NOW", "2025-07-01T16:00:00Z");
    let output = Output::of(command).code(0);
    let says = "the environment variable FILING_ETL_DATADIR is unknown and ignored; did you mean FILING_ETL_DATA_DIR?";
    assert!(output.stderr.contains(says), "{}", output.stderr);
    assert_eq!(output.stderr.matches("is unknown and ignored").count(), 1);
}

#[test]
fn hints_fit_or_are_not_given() {
    let sandbox = Sandbox::new();
    let _ = sandbox
        .run(&["backfill", "AAPL"])
        .code(2)
        .says("for the company with this ticker, use '--ticker AAPL'");
    let output = sandbox.run(&["stats", "--form", "8-K"]).code(2);
    assert!(!output.stderr.contains("--log-format"), "{}", output.stderr);
    let mut command = sandbox.command(&["companies", "find"]);
    command.env("FILING_ETL_RATE", "5");
    let output = Output::of(command).code(2);
    let usage = "Usage: filing-etl companies find [OPTIONS] <TEXT>...";
    assert!(output.stderr.contains(usage), "{}", output.stderr);
    let output = sandbox.run(&["stats", "more"]).code(2);
    assert!(!output.stderr.contains("--ticker"), "{}", output.stderr);
    let _ = sandbox
        .run(&["backfill", "--exchnge=NYSE"])
        .code(2)
        .says("'--exchange'");
}
