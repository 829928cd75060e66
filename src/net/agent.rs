//! The HTTP agent: one pool of connections for all threads. It sends nothing without a
//! [`Pass`], and nobody else has an agent.
//!
//! Proxies come from the environment, as ureq reads it (`ALL_PROXY`, `HTTPS_PROXY`, `HTTP_PROXY`,
//! `NO_PROXY`); loopback is always asked directly. Certificates are checked against the
//! system's trust store, or `SSL_CERT_FILE`.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use anyhow::bail;
use ureq::config::ConfigBuilder;
use ureq::http::Response;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::typestate::AgentScope;
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Body, Error, ProxyProtocol, Timeout};
use url::{Host, Url};

use super::ClientSettings;
use super::limit::{Pass, Pending};
use super::resolver::CachingResolver;

/// How long a request may take, by phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For the look-up of the host and, again, for the connection with its handshake.
    pub connect: Duration,
    /// From the request to the end of the response's headers.
    pub response: Duration,
    /// Without a single byte of the body.
    pub per_read: Duration,
    /// Before a body must have brought 8 KiB for every second it has taken beyond
    /// this: ends a drip that `per_read` would let go on for ever.
    pub slow_start: Duration,
    /// For a whole body, whatever its size.
    pub body: Duration,
}

impl Timeouts {
    /// The same time for every phase; a body that keeps coming may still take as long as any.
    pub fn of(time: Duration) -> Self {
        Self {
            connect: time,
            response: time,
            per_read: time,
            slow_start: time,
            ..Self::default()
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            response: Duration::from_secs(30),
            per_read: Duration::from_secs(30),
            slow_start: Duration::from_mins(1),
            // The largest filing, 612 MB, at 85 KB/s.
            body: Duration::from_hours(2),
        }
    }
}

/// The only way to send a request.
#[derive(Debug)]
pub(super) struct Agent {
    outside: ureq::Agent,
    /// Without the proxy, which could not reach this machine's loopback.
    loopback: ureq::Agent,
    resolver: CachingResolver,
}

impl Agent {
    pub(super) fn new(settings: &ClientSettings) -> anyhow::Result<Self> {
        let resolver = CachingResolver::default();
        let outside = config(settings).build();
        if let Some(proxy) = outside.proxy()
            && !matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https)
        {
            // Neither the host nor, above all, the password is shown.
            bail!("SOCKS proxies are not supported; set HTTPS_PROXY to an http:// proxy");
        }
        let loopback = config(settings).proxy(None).build();
        let agent =
            |config| ureq::Agent::with_parts(config, DefaultConnector::default(), resolver.clone());
        Ok(Self {
            outside: agent(outside),
            loopback: agent(loopback),
            resolver,
        })
    }

    /// Sends one GET with these headers, and comes back when the response's headers are in.
    ///
    /// # Errors
    /// ureq's own; [`cause`] puts it into words, and [`is_connection_failure`] sorts it.
    pub(super) fn send<'a>(
        &self,
        pass: Pass<'a>,
        url: &Url,
        headers: &[(&'static str, String)],
    ) -> Result<(Response<Body>, Pending<'a>), Error> {
        let agent = if is_loopback(url) {
            &self.loopback
        } else {
            &self.outside
        };
        let request = headers
            .iter()
            .fold(agent.get(url.as_str()), |request, (name, value)| {
                request.header(*name, value)
            });
        match request.call() {
            Ok(response) => Ok((response, pass.response_begins())),
            Err(error) => {
                drop(pass);
                self.resolver.forget();
                Err(error)
            }
        }
    }

    /// Closes every connection, which ends requests that other threads are waiting for.
    pub(super) fn hang_up(&self) {
        self.outside.clone().shutdown();
        self.loopback.clone().shutdown();
    }
}

fn config(settings: &ClientSettings) -> ConfigBuilder<AgentScope> {
    let user_agent = settings.user_agent.as_ref().map_or_else(
        || concat!("filing-etl/", env!("CARGO_PKG_VERSION")).to_owned(),
        |agent| agent.as_str().to_owned(),
    );
    let time = settings.timeouts;
    let idle = settings.connections + 2;
    ureq::Agent::config_builder()
        // A status of 400 or more is an answer too, with headers and a body to read.
        .http_status_as_error(false)
        // Hops would go round the gate.
        .max_redirects(0)
        .max_idle_connections(idle)
        .max_idle_connections_per_host(idle)
        .user_agent(user_agent)
        // Decoded in `body`, where the lengths and checksums are still to be seen.
        .accept_encoding("gzip")
        .timeout_resolve(Some(time.connect))
        .timeout_connect(Some(time.connect))
        .timeout_send_request(Some(time.response))
        .timeout_recv_response(Some(time.response))
        .timeout_per_read(Some(time.per_read))
        .timeout_recv_body(Some(time.body))
        .tls_config(
            TlsConfig::builder()
                .root_certs(RootCerts::PlatformVerifier)
                .build(),
        )
}

/// Whether the host of an address is this machine, by its name or number.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Whether an error of [`Agent::send`] means that nothing came back from the host. An answer that is
/// not proper HTTP is no connection failure.
pub(super) fn is_connection_failure(error: &Error) -> bool {
    matches!(
        error,
        Error::Io(_)
            | Error::Timeout(_)
            | Error::HostNotFound
            | Error::ConnectionFailed
            | Error::ConnectProxyFailed(_)
            | Error::Tls(_)
            | Error::Rustls(_)
    )
}

/// An error of ureq's in a few words, without anything that could be a secret.
pub(super) fn cause(error: &Error) -> String {
    match error {
        Error::Io(error) => io_cause(error),
        Error::Timeout(phase) => match phase {
            Timeout::Resolve => "timed out while looking up the host".into(),
            Timeout::Connect => "timed out while connecting".into(),
            Timeout::SendRequest => "timed out while sending the request".into(),
            Timeout::RecvResponse => "timed out while waiting for the response".into(),
            Timeout::PerRead => "timed out: nothing came for too long".into(),
            Timeout::RecvBody => "timed out: the body took too long".into(),
            other => format!("timed out ({other})"),
        },
        Error::HostNotFound => "the host name cannot be resolved; check network and DNS".into(),
        Error::ConnectionFailed => "no connection".into(),
        Error::ConnectProxyFailed(_) => {
            "the proxy refused to connect; check HTTPS_PROXY and its password".into()
        }
        Error::InvalidProxyUrl => "the proxy's URL is invalid; check HTTPS_PROXY".into(),
        Error::LargeResponseHeader(..) => "the response's headers are too large".into(),
        Error::Protocol(error) => format!("not proper HTTP ({error})"),
        Error::Tls(what) => format!("TLS failed: {what}"),
        Error::Rustls(error) => tls_cause(&error.to_string()),
        other => other.to_string(),
    }
}

fn io_cause(error: &io::Error) -> String {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable,
        InvalidData, NetworkUnreachable, NotConnected, TimedOut, UnexpectedEof, WouldBlock,
    };
    match error.kind() {
        ConnectionRefused => "connection refused; check address, proxy and firewall".into(),
        ConnectionReset | ConnectionAborted | BrokenPipe => "connection reset".into(),
        UnexpectedEof | NotConnected => {
            "the server closed the connection; if it stays so, check proxy and firewall".into()
        }
        TimedOut | WouldBlock => "timed out".into(),
        HostUnreachable | NetworkUnreachable => {
            "the network cannot be reached; check the connection".into()
        }
        // rustls' own error comes wrapped.
        InvalidData => tls_cause(&error.to_string()),
        _ => {
            let mut text = error.to_string();
            if let Some(source) = error.source() {
                text = format!("{text}: {source}");
            }
            text
        }
    }
}

fn tls_cause(text: &str) -> String {
    if text.contains("certificate") {
        format!(
            "the server's certificate is not trusted ({text}); if a company proxy signs it, set SSL_CERT_FILE to its authority"
        )
    } else {
        format!("TLS failed: {text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_never_asked_through_a_proxy() {
        let loopback = |url: &str| is_loopback(&Url::parse(url).unwrap());
        assert!(loopback("http://127.0.0.1:8080/") && loopback("http://[::1]/"));
        assert!(loopback("http://localhost:1/"));
        assert!(!loopback("https://www.sec.gov/") && !loopback("http://localhost.example.com/"));
    }

    #[test]
    fn causes_are_short_and_name_the_remedy() {
        let io = |kind: io::ErrorKind| cause(&Error::Io(kind.into()));
        let refused = io(io::ErrorKind::ConnectionRefused);
        assert!(
            refused.starts_with("connection refused; check"),
            "{refused}"
        );
        let closed = io(io::ErrorKind::UnexpectedEof);
        assert!(closed.starts_with("the server closed"), "{closed}");
        let tls = io::Error::new(
            io::ErrorKind::InvalidData,
            "invalid peer certificate: UnknownIssuer",
        );
        assert!(cause(&Error::Io(tls)).contains("SSL_CERT_FILE"));
        let secret = cause(&Error::ConnectProxyFailed("me:secret@proxy".into()));
        assert!(!secret.contains("secret"), "{secret}");
    }
}
