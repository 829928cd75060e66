//! Servers that cannot be reached, or not securely: the run ends early with the cause and the next step, and
//! a later run completes the work.

use std::io::Read as _;

use filing_etl::sim::{Options, Resource};
use url::{Position, Url};

use crate::harness::process::for_each;
use crate::harness::simulated;
use crate::harness::tls::{Tls, listen};
use crate::harness::{Output, Sandbox};

/// An address on this machine where no program listens. A port that was free a moment ago could be used by
/// another test now.
fn nobody() -> String {
    "http://127.0.0.1:9".to_owned()
}

/// A host name that no resolver looks up: its first label is longer than 63 bytes.
fn no_such_host() -> String {
    format!("http://{}.invalid", "x".repeat(64))
}

/// A server that closes every connection during the TLS handshake.
fn cut_handshake() -> String {
    let address = listen(|mut stream| {
        let _ = stream.read(&mut [0; 16 * 1024]);
    });
    format!("https://{address}")
}

#[test]
fn a_server_that_cannot_be_reached_ends_the_run_with_url_cause_and_next_step() {
    let tls = Tls::empty();
    let cases = [
        (
            no_such_host(),
            "the host name cannot be resolved; check network and DNS",
        ),
        (
            nobody(),
            "connection refused; check address, proxy and firewall",
        ),
        (
            cut_handshake(),
            "the server closed the connection; if this persists, check proxy and firewall",
        ),
        (
            tls.url(),
            "if a company proxy signs it, set SSL_CERT_FILE to its authority",
        ),
    ];
    for_each(&cases, |(url, cause)| {
        let sandbox = Sandbox::new();
        let output = Output::of(sandbox.command_to(url, &["backfill", "--progress=none"])).code(1);
        let said = format!(
            "error: failed to load the list of companies from the SEC: failed to fetch \
             {url}/files/company_tickers_exchange.json: "
        );
        assert!(output.stderr.starts_with(&said), "{}", output.stderr);
        let host = Url::parse(url).unwrap();
        let host = &host[Position::BeforeHost..Position::AfterPort];
        let why = format!("cannot reach {host} (failed connections in a row: 3; the last one: ");
        assert!(output.stderr.contains(&why), "{}", output.stderr);
        let end = format!("{cause}); run the same command again once it can be reached");
        assert!(
            output.stderr.trim_end().ends_with(&end),
            "{}",
            output.stderr
        );
        assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
        assert_eq!(output.stdout, "");
    });
}

#[test]
fn a_certificate_of_ones_own_authority_is_trusted() {
    let tls = Tls::empty();
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("authority.pem"), &tls.authority).unwrap();
    let mut command = sandbox.command_to(&tls.url(), &["companies", "sync"]);
    command.env("SSL_CERT_FILE", sandbox.path("authority.pem"));
    let _ = Output::of(command).code(1).says("json: not found");
}

#[test]
fn a_host_that_never_answers_ends_the_run_and_a_later_run_completes_it() {
    let tls = Tls::empty();
    let urls = [no_such_host(), nobody(), cut_handshake(), tls.url()];
    for_each(&urls, |url| {
        let (sandbox, sim) = (Sandbox::new(), simulated::start(simulated::small()));
        let args = ["--limit", "3", "--max-attempts", "2", "--json"];
        let mut command = sandbox.backfill(&sim, &args);
        command.env("FILING_ETL_DATA_URL", url);
        let output = Output::of(command).code(1).says("cannot reach ");
        let said = output.stderr.matches("cannot reach ").count();
        assert_eq!(said, 1, "{}", output.stderr);
        assert_eq!(sandbox.rows("SELECT status FROM v_runs"), ["failed"]);
        let checked = "SELECT count(*) FROM v_companies WHERE last_checked_at IS NOT NULL";
        assert_eq!(sandbox.number(checked), 0);
        sim.log().clear();
        let _ = Output::of(sandbox.backfill(&sim, &["--limit", "3"])).code(0);
        assert!(sim.log().of_kind(Resource::Discovery) >= 3);
        assert_eq!(sandbox.number(checked), 3);
    });
}

#[test]
fn a_server_that_is_gone_costs_the_queue_no_attempts() {
    let sim = simulated::start(Options {
        companies: 80,
        ..simulated::small()
    });
    let sandbox = Sandbox::new();
    let _ = Output::of(sandbox.backfill(&sim, &["--no-download"])).code(0);
    let queue = "SELECT status, attempts, count(*) FROM v_artifacts GROUP BY 1, 2";
    let before = sandbox.rows(queue);
    let queued = sandbox.number("SELECT count(*) FROM v_artifacts WHERE status = 'pending'");
    assert!(queued >= 60, "{before:?}");

    // The lists and submissions are available, the files are not.
    let threads = 8;
    let args = ["--json", "--max-concurrent-downloads", "8"];
    let mut command = sandbox.backfill(&sim, &args);
    command.env("FILING_ETL_ARCHIVES_URL", nobody());
    let output = Output::of(command)
        .code(1)
        .says("cannot reach 127.0.0.1:9 (failed connections in a row: ");
    let said = output.stderr.matches("cannot reach ").count();
    assert_eq!(said, 1, "{}", output.stderr);
    assert_eq!(
        sandbox.rows("SELECT status FROM v_runs ORDER BY run_id"),
        ["completed", "failed"]
    );
    let sent = sandbox.number("SELECT value FROM run_counts WHERE name = 'requests_documents' ORDER BY run_id DESC LIMIT 1");
    assert!((1..=20 + threads).contains(&sent), "{sent}");
    assert_eq!(sandbox.rows(queue), before);
    assert_eq!(sandbox.number("SELECT count(*) FROM v_errors"), 0);
    let _ = Output::of(sandbox.backfill(&sim, &[])).code(0);
}
