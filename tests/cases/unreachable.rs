//! Servers that cannot be reached, or not safely: the run ends at once or names what failed, says
//! why and what to do, and a later run completes it.

use std::io::Read as _;

use filing_etl::sim::RequestKind;

use crate::harness::tls::{Tls, listen};
use crate::harness::truth;
use crate::harness::{Output, Sandbox};

/// An address on this machine where nobody listens: a port that was free a moment ago could be
/// another test's by now.
fn nobody() -> String {
    "http://127.0.0.1:9".to_owned()
}

/// A name that no resolver even asks for: its first part is longer than 63 bytes.
fn no_such_host() -> String {
    format!("http://{}.invalid", "x".repeat(64))
}

/// A server that closes every connection within the TLS handshake.
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
            "the server closed the connection; if it stays so, check proxy and firewall",
        ),
        (
            tls.url(),
            "if a company proxy signs it, set SSL_CERT_FILE to its authority",
        ),
    ];
    for (url, cause) in cases {
        let sandbox = Sandbox::new();
        let output = Output::of(sandbox.command_to(&url, &["backfill"])).code(1);
        let said = format!(
            "error: failed to load the list of companies from the SEC: failed to fetch \
             {url}/files/company_tickers_exchange.json: "
        );
        assert!(output.stderr.starts_with(&said), "{}", output.stderr);
        assert!(
            output.stderr.trim_end().ends_with(cause),
            "{}",
            output.stderr
        );
        assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
        assert_eq!(output.stdout, "");
    }
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
fn companies_whose_server_cannot_be_reached_fail_and_a_later_run_completes_them() {
    let sim = truth::start(truth::small());
    let tls = Tls::empty();
    for url in [no_such_host(), nobody(), cut_handshake(), tls.url()] {
        let sandbox = Sandbox::new();
        let args = ["--limit", "3", "--max-attempts", "2", "--json"];
        let mut command = sandbox.backfill(&sim, &args);
        command.env("FILING_ETL_DATA_URL", &url);
        let summary = Output::of(command).code(3).json();
        assert_eq!(summary["companies"]["failed"], 3, "{url}");
        assert_eq!(summary["requests"]["retries"], 3, "{url}");
        let errors = format!(
            "SELECT count(*) FROM v_errors
             WHERE kind = 'network' AND cik IS NOT NULL AND url LIKE '{url}/submissions/CIK%'"
        );
        assert_eq!(sandbox.number(&errors), 3, "{url}");
        assert_eq!(sandbox.rows("SELECT status FROM v_runs"), ["partial"]);
        sim.log().clear();
        let _ = Output::of(sandbox.backfill(&sim, &["--limit", "3"])).code(0);
        assert!(sim.log().of_kind(RequestKind::Discovery) >= 3);
        let checked = "SELECT count(*) FROM v_companies WHERE last_checked_at IS NOT NULL";
        assert_eq!(sandbox.number(checked), 3);
    }
}
