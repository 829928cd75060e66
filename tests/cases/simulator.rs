//! The command `sim`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use crate::harness::process::Running;
use crate::harness::simulated::{SINCE, TODAY};
use crate::harness::{Output, Sandbox};

/// A simulator in a separate process, which ends with the test.
struct SingleDocument {
    child: Child,
    url: String,
}

impl SingleDocument {
    fn start(sandbox: &Sandbox, args: &[&str]) -> Self {
        let today = TODAY.to_string();
        let mut command = sandbox.command(&["sim", "--today", &today]);
        let mut child = command.args(args).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        let stdout = child.stdout.as_mut().unwrap();
        BufReader::new(stdout).read_line(&mut url).unwrap();
        let url = url.trim().to_owned();
        Self { child, url }
    }

    /// Runs a backfill against it.
    fn backfill(&self, sandbox: &Sandbox, args: &[&str]) -> Output {
        let since = SINCE.to_string();
        let args = [&["backfill", "--since", &since], args].concat();
        Output::of(sandbox.command_to(&self.url, &args))
    }
}

impl Drop for SingleDocument {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_same_seed_gives_the_same_database_and_another_seed_another() {
    let record = |seed: &str| {
        let sandbox = Sandbox::new();
        let args = ["--companies", "12", "--seed", seed];
        let sim = SingleDocument::start(&sandbox, &args);
        let _ = sim.backfill(&sandbox, &["--preset", "sequential"]).code(0);
        let sql = "SELECT cik, accession, name, bytes, sha256 FROM v_artifacts ORDER BY id";
        let rows = sandbox.rows(sql);
        assert!(rows.len() > 20);
        rows
    };
    let first = record("7");
    assert_eq!(record("7"), first);
    assert_ne!(record("8"), first);
}

#[test]
fn it_serves_faults_and_counts_what_it_served() {
    let sandbox = Sandbox::new();
    let args = ["--companies", "12", "--fault", "503=0@discovery*1"];
    let sim = SingleDocument::start(&sandbox, &args);
    let output = sim.backfill(&sandbox, &["--no-download", "--json"]).code(0);
    let retries = &output.json()["requests"]["retries"];
    assert!(retries.as_u64().unwrap() > 0, "{retries}");
}

#[test]
fn a_bad_fault_is_refused() {
    let sandbox = Sandbox::new();
    let args = ["sim", "--fault", "hurricane@discovery"];
    let _ = sandbox.run(&args).code(2).says("hurricane");
}

#[test]
fn an_address_in_use_is_an_error_that_says_so() {
    let sandbox = Sandbox::new();
    let sim = SingleDocument::start(&sandbox, &[]);
    let address = sim.url.strip_prefix("http://").unwrap();
    let _ = sandbox
        .run(&["sim", "--listen", address])
        .code(1)
        .says(address);
}

#[test]
fn a_signal_ends_it() {
    let sandbox = Sandbox::new();
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut command = sandbox.command(&["sim"]);
        let log = std::fs::File::create(sandbox.path("url")).unwrap();
        command.stdout(log);
        let mut run = Running::start_as_is(command);
        let url = || std::fs::read_to_string(sandbox.path("url")).unwrap();
        assert!(run.until(|| url().starts_with("http://127.0.0.1:")));
        run.signal(signal);
        let _ = run.end().code(code);
    }
}

#[test]
fn the_simulator_serves_other_machines_only_when_told_to() {
    let sandbox = Sandbox::new();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let _ = sandbox
            .run(&["sim", "--listen", address])
            .code(2)
            .says("add --any-address if that is meant");
    }
}
