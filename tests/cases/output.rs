//! Output: results on standard output, everything else on standard error.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use filing_etl::sim::{Options, Simulator};
use jiff::civil::date;
use serde_json::Value;

use crate::harness::process::{Running, for_each};
use crate::harness::{Output, Sandbox};

/// A job of about a second that does not depend on the day.
const JOB: [&str; 5] = [
    "backfill",
    "--exchange=all",
    "--form=10-K",
    "--since=2024-01-01",
    "--until=2025-06-30",
];

fn simulator(faults: &[&str]) -> Simulator {
    Simulator::start(Options {
        companies: 4,
        today: date(2025, 6, 30),
        document_scale: 0.002,
        faults: faults.iter().map(|f| f.parse().unwrap()).collect(),
        ..Options::default()
    })
    .unwrap()
}

fn job(extra: &[&'static str]) -> Vec<&'static str> {
    [&JOB[..], extra].concat()
}

/// Masks what may differ between two runs of a job: times.
fn without_time(table: &str) -> String {
    let (first, rest) = table.split_once('\n').unwrap();
    let (start, _time) = first.rsplit_once(" in ").unwrap();
    format!("{start} in TIME\n{rest}")
}

macro_rules! snapshot {
    ($name:expr, $text:expr) => {
        insta::with_settings!({
            snapshot_path => "../snapshots",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, { insta::assert_snapshot!($name, $text) })
    };
}

#[test]
fn help_says_what_there_is() {
    let sandbox = Sandbox::new();
    for (name, args) in [
        ("help", &["--help"][..]),
        ("help_short", &["-h"]),
        ("help_backfill", &["backfill", "--help"]),
        ("help_companies", &["companies", "--help"]),
        ("help_sim", &["sim", "--help"]),
    ] {
        let output = sandbox.run(args).code(0);
        assert_eq!(output.stderr, "", "{name}");
        assert!(
            output
                .stdout
                .lines()
                .all(|line| line.chars().count() <= 100),
            "{name}"
        );
        snapshot!(name, output.stdout);
    }
}

#[test]
fn bash_completes_the_options_of_every_command() {
    let script = Sandbox::new().run(&["completions", "bash"]).code(0).stdout;
    // The command that the completion script recognises must be the one whose options it lists.
    let quoted = |line: &str| Some(line.strip_prefix("cmd=\"")?.strip_suffix('"')?.to_owned());
    let names: Vec<_> = script.lines().filter_map(|l| quoted(l.trim())).collect();
    assert!(names.len() > 12, "{names:?}");
    for name in names.iter().filter(|name| !name.is_empty()) {
        assert!(script.contains(&format!("\n        {name})\n")), "{name}");
    }
}

#[test]
fn help_tells_nothing_of_the_environment() {
    let sandbox = Sandbox::new();
    for args in [&["--help"][..], &["backfill", "-h"], &["man"]] {
        let plain = sandbox.run(args).code(0);
        let mut command = sandbox.command(args);
        command
            .env("FILING_ETL_ARCHIVES_URL", "http://me:secret@mirror.example")
            .env("FILING_ETL_DB", "");
        let told = Output::of(command).code(0);
        assert_eq!(told.stdout, plain.stdout, "{args:?}");
    }
}

#[test]
fn the_summary_is_a_table_on_standard_output_alone() {
    let sandbox = Sandbox::new();
    let sim = simulator(&[]);
    let first = sandbox.run_against(&sim, &job(&[])).code(0);
    snapshot!("summary", without_time(&first.stdout));
    let second = sandbox.run_against(&sim, &job(&[])).code(0);
    snapshot!("summary_of_a_second_run", without_time(&second.stdout));
    // The dashboard is on standard error, and printed at least at the end.
    for output in [first, second] {
        let _ = output
            .says("Elapsed ")
            .says("Companies 4/4 (100%)")
            .says("Requests ");
    }
}

#[test]
fn the_summary_of_a_run_with_failures_says_so() {
    let sim = simulator(&["404@documents#1", "404@discovery#1"]);
    let sandbox = Sandbox::new();
    // Sequentially, so that the faults always affect the same requests.
    let output = sandbox.run_against(&sim, &job(&["--preset=sequential"]));
    let output = output.code(3);
    snapshot!("summary_with_failures", without_time(&output.stdout));
}

#[test]
fn json_is_one_document_and_the_same_numbers() {
    let sim = simulator(&[]);
    let sandbox = Sandbox::new();
    let output = sandbox.run_against(&sim, &job(&["--json"])).code(0);
    assert_eq!(output.stdout.lines().count(), 1, "a line of JSON Lines");
    let mut json = output.json();
    json["elapsed_s"] = Value::Null;
    snapshot!("summary_json", serde_json::to_string_pretty(&json).unwrap());
    let plan = sandbox
        .run_against(&sim, &job(&["--dry-run", "--json"]))
        .code(0);
    assert_eq!(plan.json()["dry_run"], true);
    assert_eq!(plan.stderr, "");
}

#[test]
fn progress_is_shown_as_asked_and_never_with_escapes_off_a_terminal() {
    let sim = simulator(&["404@documents#1"]);
    for (args, shown, warned) in [
        (&["--progress=none"][..], false, true),
        (&["--progress=plain"], true, true),
        (&["--progress=bars"], true, true),
        (&["--progress=auto"], true, true),
        (&["-q"], false, false),
        (&["-q", "--progress=plain"], false, false),
        (&["-q", "--log-format=json"], false, false),
    ] {
        let sandbox = Sandbox::new();
        sim.set_faults(vec!["404@documents#1".parse().unwrap()]);
        let output = sandbox.run_against(&sim, &job(args)).code(3);
        assert_eq!(
            output.stderr.contains("Elapsed"),
            shown,
            "{args:?}: {}",
            output.stderr
        );
        assert_eq!(
            output.stderr.contains("warn: "),
            warned,
            "{args:?}: {}",
            output.stderr
        );
        assert!(
            !output.stderr.contains('\x1b'),
            "{args:?}: {}",
            output.stderr
        );
        assert!(
            output.stdout.starts_with("Run 1      backfill partial"),
            "{args:?}"
        );
    }
}

#[test]
fn json_logs_are_json_to_the_last_line() {
    let sim = simulator(&[]);
    for (args, faults, code) in [
        (&["--progress=plain"][..], &["404@documents#1"][..], 3),
        (&["--progress=bars"], &["404@documents#1"], 3),
        (&["-vvv"], &[], 0),
        (&["--progress=none"], &["404@companies"], 1),
        (&["--ticker=NOSUCH"], &[], 2),
    ] {
        sim.set_faults(faults.iter().map(|f| f.parse().unwrap()).collect());
        let sandbox = Sandbox::new();
        let args = [args, &["--log-format=json", "--json"]].concat();
        let output = sandbox.run_against(&sim, &job(&args)).code(code);
        assert!(!output.stderr.is_empty(), "{args:?}");
        for line in output.stderr.lines() {
            let record: Value =
                serde_json::from_str(line).unwrap_or_else(|e| panic!("{args:?}: {e}: {line}"));
            for field in ["time", "level", "target", "message"] {
                assert!(record[field].is_string(), "{args:?}: {line}");
            }
        }
        if code == 3 {
            let _ = output.json();
        }
    }
}

#[test]
fn more_is_said_when_more_is_asked_for() {
    let sim = simulator(&[]);
    let sandbox = Sandbox::new();
    let lines = |args: &[&'static str]| {
        let mut command = sandbox.command_against(&sim, &job(args));
        command.args(["--progress", "none"]);
        Output::of(command).code(0).stderr.lines().count()
    };
    assert_eq!(lines(&[]), 0);
    assert!(lines(&["-vv"]) >= lines(&["-v"]));
    let mut command = sandbox.command_against(&sim, &job(&["-q"]));
    command.env("RUST_LOG", "debug");
    let _ = Output::of(command).code(0).says("debug: ");
}

#[test]
fn a_reader_that_goes_away_changes_neither_the_run_nor_its_exit_code() {
    for (faults, code, status) in [
        (&[][..], 0, "completed"),
        (&["404@documents#1"], 3, "partial"),
    ] {
        let sim = simulator(faults);
        for stream in ["stdout", "stderr", "both"] {
            sim.set_faults(faults.iter().map(|f| f.parse().unwrap()).collect());
            let sandbox = Sandbox::new();
            let mut command = sandbox.command_against(&sim, &job(&[]));
            let gone = || Stdio::from(std::io::pipe().unwrap().1);
            command.stdout(Stdio::null()).stderr(Stdio::null());
            if stream != "stderr" {
                command.stdout(gone());
            }
            if stream != "stdout" {
                command.stderr(gone());
            }
            let ended = command.status().unwrap();
            assert_eq!(ended.code(), Some(code), "{stream}");
            assert_eq!(
                sandbox.rows("SELECT status FROM v_runs"),
                [status],
                "{stream}"
            );
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_written_is_an_error_that_says_so() {
    let sim = simulator(&[]);
    let sandbox = Sandbox::new();
    let full = || Stdio::from(fs::File::options().write(true).open("/dev/full").unwrap());
    let mut command = sandbox.command_against(&sim, &job(&["--progress=none"]));
    let child = command
        .stdout(full())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = Output::of_child(child).code(1);
    assert_eq!(
        output.stderr,
        "error: failed to write the result to standard output: No space left on device (os error 28)\n"
    );
    assert_eq!(sandbox.rows("SELECT status FROM v_runs"), ["completed"]);
    // Output that is only shown does not fail the command.
    let mut command = sandbox.command_against(&sim, &job(&[]));
    let child = command
        .stderr(full())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = Output::of_child(child).code(0);
    assert!(output.stdout.starts_with("Run 2 "));
}

/// Runs the program on a pseudo terminal; `None` if util-linux is missing. All of its output is returned as
/// standard output.
fn on_a_terminal(
    sandbox: &Sandbox,
    sim: &Simulator,
    size: &str,
    env: &[(&str, &str)],
    args: &[&str],
) -> Option<Output> {
    let known = Command::new("script").arg("--version").output().ok()?;
    if !String::from_utf8_lossy(&known.stdout).contains("util-linux") {
        return None;
    }
    let ours = sandbox.command_against(sim, &[]);
    let program = ours.get_program().to_str()?;
    let line = format!("stty {size}; exec '{program}' {}", args.join(" "));
    let mut command = Command::new("script");
    command
        .args(["-q", "-e", "-c", &line, "/dev/null"])
        .current_dir(sandbox.path(""))
        .env_clear()
        .envs(
            ours.get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("PATH", "/usr/bin:/bin")
        .env("SHELL", "/bin/sh")
        .env("TERM", "xterm")
        .envs(env.iter().copied())
        .stdin(Stdio::null());
    Some(Output::of(command))
}

/// A job that is long enough to be watched and logs a warning.
fn slow_simulator() -> Simulator {
    Simulator::start(Options {
        companies: 6,
        today: date(2025, 6, 30),
        document_scale: 0.002,
        latency: Duration::from_millis(60),
        faults: vec!["404@documents#2".parse().unwrap()],
        ..Options::default()
    })
    .unwrap()
}

/// The drawn lines, at most as wide as the terminal, without the sequences that move the cursor.
fn drawn(shown: &str, columns: usize) -> Vec<String> {
    let (drawn, _printed_at_the_end) = shown.rsplit_once('\u{1b}').unwrap();
    let sequences = drawn.split('\u{1b}').skip(1);
    let text =
        sequences.flat_map(|s| s[s.find(|c: char| c.is_ascii_alphabetic()).unwrap() + 1..].lines());
    // Lines of the full width follow each other without a line feed.
    let rows = text
        .filter(|text| !text.starts_with("warn: "))
        .flat_map(|text| {
            let text: Vec<char> = text.trim_end_matches('\r').chars().collect();
            let rows = text
                .chunks(columns)
                .map(|row| row.iter().collect::<String>());
            rows.collect::<Vec<_>>()
        });
    rows.map(|row| row.trim().to_owned())
        .filter(|row| !row.is_empty())
        .collect()
}

#[test]
fn the_dashboard_is_live_on_a_terminal_and_fits_it() {
    let sizes = [("cols 80 rows 24", 80), ("cols 40 rows 10", 40)];
    for_each(&sizes, |&(size, columns)| {
        let (sim, sandbox) = (slow_simulator(), Sandbox::new());
        let args = job(&["--preset=sequential"]);
        let Some(output) = on_a_terminal(&sandbox, &sim, size, &[("NO_COLOR", "1")], &args) else {
            return;
        };
        let output = output.code(3);
        let lines = drawn(&output.stdout, columns);
        let bars = lines
            .iter()
            .filter(|l| l.starts_with("Companies ["))
            .count();
        assert!(bars > 1, "nothing moved: {:?}", output.stdout);
        // A line that is too long would continue in a row with another beginning.
        let starts = [
            "Companies ",
            "Downloads ",
            "Elapsed ",
            "Filings ",
            "Requests ",
            "Error: ",
        ];
        for line in lines {
            assert!(
                starts.iter().any(|s| line.starts_with(s)),
                "{columns}: {line:?}"
            );
        }
        assert!(output.stdout.contains("warn: "));
        assert_eq!(output.stdout.matches("backfill partial in").count(), 1);
    });
}

#[test]
fn a_terminal_gets_colours_and_bars_only_where_it_can_show_them() {
    // Without NO_COLOR, the level of a log line is coloured.
    let cases: [(&[_], &[_], _, _); 8] = [
        (&[], &[], true, true),
        (&[("NO_COLOR", "1")], &[], false, true),
        (&[("NO_COLOR", "")], &["--progress=none"], true, false),
        (&[("TERM", "dumb")], &[], false, false),
        (&[("TERM", "dumb")], &["--progress=bars"], false, false),
        (&[("NO_COLOR", "1")], &["--progress=none"], false, false),
        // The summary is text, whatever the log format is.
        (&[], &["--log-format=json"], true, false),
        // The last line is a log line.
        (&[], &["-q"], true, false),
    ];
    for_each(&cases, |&(env, args, coloured, moving)| {
        let (sim, sandbox) = (slow_simulator(), Sandbox::new());
        let Some(output) = on_a_terminal(&sandbox, &sim, "cols 80", env, &job(args)) else {
            return;
        };
        let shown = &output.stdout;
        // Escape sequences that end in "m" set colours; the others move the cursor.
        let ends: Vec<_> = shown
            .split('\u{1b}')
            .skip(1)
            .filter_map(|s| s.find(|c: char| c.is_ascii_alphabetic()).map(|i| &s[i..=i]))
            .collect();
        assert_eq!(ends.contains(&"m"), coloured, "{env:?} {args:?}: {shown:?}");
        assert_eq!(
            ends.iter().any(|end| *end != "m"),
            moving,
            "{env:?} {args:?}: {shown:?}"
        );
    });
}

#[test]
fn failures_and_a_partial_end_stand_out_on_a_terminal() {
    let sim = simulator(&["404@documents#1"]);
    let sandbox = Sandbox::new();
    let on = |env: &[(&str, &str)], args: &[&str]| {
        let output = on_a_terminal(&sandbox, &sim, "cols 100 rows 24", env, args)?;
        Some(output.stdout)
    };
    let quietly = job(&["--progress=none", "--max-attempts=1"]);
    let Some(summary) = on(&[], &quietly) else {
        return;
    };
    let red = |text: &str| format!("\u{1b}[31m{text}\u{1b}[0m");
    let partial = "\u{1b}[33mpartial\u{1b}[0m";
    assert!(summary.contains(partial), "{summary:?}");
    assert!(summary.contains(&red("1 failed")), "{summary:?}");
    assert!(!summary.contains(&red("0 failed")), "{summary:?}");
    let stats = on(&[], &["stats"]).unwrap();
    assert!(
        stats.contains(partial) && stats.contains(&red("1 failed")),
        "{stats:?}"
    );
    let look = on(&[], &["monitor", "--once"]).unwrap();
    assert!(
        look.contains("\u{1b}[33mended with items left\u{1b}[0m"),
        "{look:?}"
    );
    let diagnosis = on(&[], &["diagnose"]).unwrap();
    assert!(diagnosis.contains(&red("not_found")), "{diagnosis:?}");
    for args in [&["stats"][..], &["monitor", "--once"], &["diagnose"]] {
        let plain = on(&[("NO_COLOR", "1")], args).unwrap();
        assert!(!plain.contains('\u{1b}'), "{plain:?}");
    }
}

#[test]
fn reports_fit_a_narrow_terminal_without_breaking_a_word() {
    let sim = simulator(&["404@documents#1"]);
    let sandbox = Sandbox::new();
    let _ = sandbox.run_against(&sim, &job(&[])).code(3);
    let job = job(&["--progress=none"]);
    let reports: [&[&str]; 8] = [
        &job,
        &["stats"],
        &["companies", "list", "--exchange=all"],
        &["companies", "find", "a"],
        &["selections"],
        &["diagnose", "--exchange=all"],
        &["filings"],
        &["verify", "--progress=none"],
    ];
    for args in reports {
        let on = |size: &str| on_a_terminal(&sandbox, &sim, size, &[("NO_COLOR", "1")], args);
        let (Some(narrow), Some(wide)) = (on("cols 60 rows 24"), on("cols 300 rows 24")) else {
            return;
        };
        let (narrow, wide) = (narrow.code(0).stdout, wide.code(0).stdout);
        for line in narrow.lines() {
            let line = line.trim_end_matches('\r');
            // A command must be on one line, so that it can be copied.
            let is_command = line.trim_start().starts_with("filing-etl ");
            assert!(
                line.chars().count() <= 60 || is_command,
                "{args:?}: {line:?}"
            );
        }
        let is_rule = |word: &&str| word.chars().all(|c| c == '-');
        for word in narrow.split_whitespace().filter(|word| !is_rule(word)) {
            // Times and run IDs differ.
            let is_word = word.chars().all(char::is_alphabetic);
            assert!(
                !is_word || wide.contains(word),
                "{args:?}: {word:?} in {narrow}"
            );
        }
    }
}

#[test]
fn bars_take_the_new_width_when_the_terminal_is_resized() {
    let sim = Simulator::start(Options {
        companies: 8,
        today: date(2025, 6, 30),
        document_scale: 0.002,
        latency: Duration::from_millis(120),
        ..Options::default()
    })
    .unwrap();
    let sandbox = Sandbox::new();
    // As soon as the first file is stored.
    let size = "cols 80 rows 24; (until [ -d filings/edgar ]; do sleep 0.05; done; \
                stty cols 50 </dev/tty) & true";
    let args = job(&["--preset=sequential"]);
    let Some(output) = on_a_terminal(&sandbox, &sim, size, &[("NO_COLOR", "1")], &args) else {
        return;
    };
    let output = output.code(0);
    let is_bar = |row: &&String| row.starts_with("Companies [");
    let wide = drawn(&output.stdout, 80);
    let first = wide.iter().find(is_bar).unwrap();
    assert_eq!(first.chars().count(), 80, "{first:?}");
    // In rows of 50 characters, wider lines continue in rows with another beginning, and narrower lines do not.
    let starts = [
        "Companies ",
        "Downloads ",
        "Elapsed ",
        "Filings ",
        "Requests ",
    ];
    let rows = drawn(&output.stdout, 50);
    let is_whole = |row: &String| starts.iter().any(|start| row.starts_with(start));
    let last_wide = rows.iter().rposition(|row| !is_whole(row)).unwrap();
    let narrow = rows[last_wide..].iter().filter(is_bar).count();
    assert!(narrow > 2, "{rows:?}");
    // The terminal has broken the 8 rows of 80 into 13 of 50. All of them are erased.
    let erased = format!("\r\u{1b}[2K{}", "\u{1b}[A\u{1b}[2K".repeat(12));
    assert!(output.stdout.contains(&erased), "{:?}", output.stdout);
    // The summary at the end has the new width, too.
    let summary = output.stdout.rsplit_once("\nRun 1 ").unwrap().1;
    assert!(
        summary
            .lines()
            .all(|line| line.trim_end().chars().count() <= 50),
        "{summary:?}"
    );
}

#[test]
fn the_first_line_comes_at_once_also_without_a_terminal() {
    for format in ["text", "json"] {
        let sim = simulator(&["stall=3600@companies"]);
        let sandbox = Sandbox::new();
        let log = sandbox.path("log");
        let mut command = sandbox.command_against(&sim, &job(&["--log-format", format]));
        command
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).unwrap());
        let mut run = Running::start_as_is(command);
        let said = || fs::read_to_string(&log).unwrap();
        let begins = "backfill begins: database filings.db, data dir filings";
        assert!(run.until(|| said().contains(begins)), "{}", said());
        let _ = run.kill();
    }
}
