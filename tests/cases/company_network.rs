//! In a company's network: proxies with a password, which is never shown, and certificate authorities that
//! only the company knows.

use std::fs;
use std::path::Path;
use std::process::Command;

use filing_etl::sim::{Options, Simulator};
use jiff::civil::date;

use crate::harness::proxy::{Asked, Proxy};
use crate::harness::tls::Tls;
use crate::harness::{Output, Sandbox};

/// A host that does not exist; only the proxy accepts it.
const NOWHERE: &str = "http://edgar.invalid";

/// A user with a password, in the form of a URL and in the form that is sent to the proxy.
const USER: &str = "me:s3cr3t%21";
const SENT: &str = "Basic bWU6czNjcjN0IQ==";

/// The forms of the password that must never be shown: as given, decoded, and as sent.
const SECRETS: [&str; 3] = ["s3cr3t", "bWU6czNjcjN0IQ", "me:s3"];

const JOB: [&str; 5] = [
    "backfill",
    "--exchange=all",
    "--form=10-K",
    "--since=2024-01-01",
    "--until=2025-06-30",
];

fn simulator() -> Simulator {
    Simulator::start(Options {
        companies: 3,
        today: date(2025, 6, 30),
        document_scale: 0.002,
        ..Options::default()
    })
    .unwrap()
}

/// The job, with everything that can be logged.
fn job(sandbox: &Sandbox, url: &str, args: &[&str]) -> Command {
    let mut command = sandbox.command_to(url, &[&JOB[..], &["-vvv"], args].concat());
    command.env("RUST_LOG", "trace");
    command
}

/// Fails if a secret was printed or is in any file of the run.
#[track_caller]
fn keeps_secrets(output: &Output, sandbox: &Sandbox) {
    for secret in SECRETS {
        assert!(!output.stdout.contains(secret), "{}", output.stdout);
        let line = output.stderr.lines().find(|line| line.contains(secret));
        assert_eq!(line, None);
        no_file_holds(secret.as_bytes(), &sandbox.path(""));
    }
}

#[track_caller]
fn no_file_holds(secret: &[u8], folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            no_file_holds(secret, &path);
        } else {
            let bytes = fs::read(&path).unwrap();
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{}", path.display());
        }
    }
}

#[test]
fn a_proxy_is_asked_for_everything_and_its_password_stays_secret() {
    let sim = simulator();
    for (variable, args) in [
        ("HTTPS_PROXY", &["--log-format=json", "--json"][..]),
        ("HTTP_PROXY", &["--progress=plain"]),
        ("ALL_PROXY", &[]),
        ("https_proxy", &[]),
    ] {
        let proxy = Proxy::start(Some(sim.address()));
        let sandbox = Sandbox::new();
        let mut command = job(&sandbox, NOWHERE, args);
        command.env(variable, proxy.url(USER));
        let output = Output::of(command).code(0);
        keeps_secrets(&output, &sandbox);
        assert!(
            output.stderr.len() > 10_000,
            "dependencies were to log as well"
        );
        assert!(sandbox.files().len() > 3, "{variable}");
        let asked = proxy.asked();
        let expected = Asked {
            what: "CONNECT edgar.invalid:80".to_owned(),
            password: Some(SENT.to_owned()),
        };
        assert!(
            !asked.is_empty() && asked.iter().all(|a| *a == expected),
            "{asked:?}"
        );
    }
}

#[test]
fn a_proxy_that_refuses_is_named_without_its_password() {
    let proxy = Proxy::start(None);
    for args in [&[][..], &["--log-format=json"]] {
        let sandbox = Sandbox::new();
        let mut command = job(&sandbox, NOWHERE, args);
        command.env("HTTPS_PROXY", proxy.url(USER));
        let output = Output::of(command)
            .code(1)
            .says("the proxy refused to connect; check HTTPS_PROXY and its password");
        keeps_secrets(&output, &sandbox);
    }
    // It is not shown either if the company list was loaded before.
    let sim = simulator();
    let sandbox = Sandbox::new();
    let _ = sandbox.run_against(&sim, &["companies", "sync"]).code(0);
    let mut command = job(&sandbox, NOWHERE, &["--max-attempts=1", "--accept-urls"]);
    command.env("HTTPS_PROXY", proxy.url(USER));
    let output = Output::of(command)
        .code(1)
        .says("the proxy refused to connect; check HTTPS_PROXY and its password");
    keeps_secrets(&output, &sandbox);
}

#[test]
fn a_proxy_that_cannot_be_used_is_refused_without_a_word_of_its_password() {
    for url in [
        "socks5://me:s3cr3t%21@proxy.example:1080",
        "socks4://me:s3cr3t%21@[::1]",
    ] {
        let sandbox = Sandbox::new();
        let mut command = job(&sandbox, NOWHERE, &[]);
        command.env("ALL_PROXY", url);
        let output = Output::of(command)
            .code(1)
            .says("SOCKS proxies are not supported");
        keeps_secrets(&output, &sandbox);
    }
}

#[test]
fn hosts_of_no_proxy_and_this_machine_are_asked_directly() {
    let sim = simulator();
    // An address of this machine that is not a loopback address.
    let here = format!("http://0.0.0.0:{}", sim.address().port());
    for (url, no_proxy, directly) in [
        (&here, "", false),
        (&here, "example.com,.example.org", false),
        (&here, "example.com,0.0.0.0", true),
        (&here, "*", true),
        (&sim.url(), "", true),
    ] {
        let proxy = Proxy::start(Some(sim.address()));
        let sandbox = Sandbox::new();
        let mut command = job(&sandbox, url, &[]);
        command.env("HTTPS_PROXY", proxy.url(USER));
        command.env("NO_PROXY", no_proxy);
        let output = Output::of(command).code(0);
        keeps_secrets(&output, &sandbox);
        assert_eq!(proxy.asked().is_empty(), directly, "{url} {no_proxy:?}");
    }
}

#[test]
fn an_address_with_a_secret_in_it_is_refused_and_not_repeated() {
    for url in [
        "https://me:s3cr3t@mirror.example/",
        "https://me:s3cr3t@",
        "https://me:s3cr3t@mirror example/",
        "ftp://me:s3cr3t@mirror.example/",
        "https://mirror.example/?token=s3cr3t",
        "https://mirror.example/#s3cr3t",
    ] {
        for option in ["--archives-url", "--data-url", "--listings-url"] {
            let sandbox = Sandbox::new();
            let output = sandbox.run(&["backfill", option, url]).code(2);
            keeps_secrets(&output, &sandbox);
            let mut command = sandbox.command(&["backfill"]);
            let name = option
                .trim_start_matches('-')
                .to_ascii_uppercase()
                .replace('-', "_");
            command.env(format!("FILING_ETL_{name}"), url);
            let output = Output::of(command).code(2);
            keeps_secrets(&output, &sandbox);
        }
    }
}

#[test]
fn a_companys_own_authority_is_trusted_where_the_environment_names_it() {
    let sim = simulator();
    let server = Tls::before(sim.address());
    let sandbox = Sandbox::new();
    fs::write(sandbox.path("ca.pem"), &server.authority).unwrap();
    let sync = || sandbox.command_to(&server.url(), &["companies", "sync"]);
    // The servers of other tests have other certificate authorities.
    fs::write(
        sandbox.path("other.pem"),
        Tls::before(sim.address()).authority,
    )
    .unwrap();
    let mut other = sync();
    other.env("SSL_CERT_FILE", sandbox.path("other.pem"));
    for command in [sync(), other] {
        let output = Output::of(command)
            .code(1)
            .says("the server's certificate is not trusted")
            .says("set SSL_CERT_FILE to its authority");
        assert_eq!(
            output
                .stderr
                .lines()
                .filter(|l| l.starts_with("error: "))
                .count(),
            1
        );
    }
    // Where nothing is trusted, it is not the server's certificate that is wrong.
    let damaged = "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n";
    fs::write(sandbox.path("damaged.pem"), damaged).unwrap();
    for (variable, path) in [
        ("SSL_CERT_FILE", "damaged.pem"),
        ("SSL_CERT_DIR", "nowhere"),
    ] {
        let mut command = sync();
        command.env(variable, sandbox.path(path));
        let output = Output::of(command)
            .code(1)
            .says("none can be read where SSL_CERT_FILE or SSL_CERT_DIR says: unset both");
        assert!(!output.stderr.contains("is not trusted"), "{output:?}");
    }
    assert_eq!(sim.log().requests(), 0);

    let mut command = sandbox.command_to(&server.url(), &JOB);
    command.env("SSL_CERT_FILE", sandbox.path("ca.pem"));
    let _ = Output::of(command).code(0);
    assert!(sandbox.files().len() > 3);
}

#[test]
fn a_redirect_never_turns_https_into_http() {
    let sim = simulator();
    let plain = sim.url();
    let server = Tls::answering(move |_, client| {
        let body = "over there";
        write!(
            client,
            "HTTP/1.1 302 Found\r\nLocation: {plain}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    });
    let sandbox = Sandbox::new();
    fs::write(sandbox.path("ca.pem"), &server.authority).unwrap();
    let mut command = sandbox.command_to(&server.url(), &["companies", "sync"]);
    command.env("SSL_CERT_FILE", sandbox.path("ca.pem"));
    let _ = Output::of(command)
        .code(1)
        .says("a redirect from https to http, on 127.0.0.1");
    assert_eq!(sim.log().requests(), 0);
}
