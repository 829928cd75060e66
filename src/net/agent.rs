//! The HTTP agent: one connection pool that all threads share. [`Agent::send`] takes a [`Pass`], so
//! no request bypasses the limit.
//!
//! Proxies come from the environment, as ureq reads it (`ALL_PROXY`, `HTTPS_PROXY`, `HTTP_PROXY`,
//! `NO_PROXY`); requests to loopback never use one. Certificates are checked against the system's
//! trust store, or `SSL_CERT_FILE`.

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

/// Time limits for the phases of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For the DNS look-up, and again for connecting with the TLS handshake.
    pub connect: Duration,
    /// From sending the request to the end of the response's headers.
    pub response: Duration,
    /// The longest gap between two reads of the body.
    pub per_read: Duration,
    /// After this time, a body must have brought 8 KiB for every second beyond it. This ends a body
    /// that sends a byte now and then, which `per_read` would never end.
    pub slow_start: Duration,
    /// For the whole body, whatever its size.
    pub body: Duration,
}

impl Timeouts {
    /// The same limit for every phase but the whole body, which keeps its default.
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

/// Sends requests. Nothing else in this program does.
#[derive(Debug)]
pub(super) struct Agent {
    outside: ureq::Agent,
    /// Without a proxy: a proxy cannot reach this machine's loopback.
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
            // Shows neither the proxy's host nor its password.
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

    /// Sends one GET with these headers. Returns when the response's headers have arrived.
    ///
    /// # Errors
    /// An error of ureq. [`cause`] describes it, [`is_connection_failure`] classifies it.
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

    /// Closes every connection. Requests that other threads wait for then fail at once.
    pub(super) fn close_connections(&self) {
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
        // A response of 400 or more has headers and a body that must be read as well.
        .http_status_as_error(false)
        // ureq would follow redirects without a pass.
        .max_redirects(0)
        .max_idle_connections(idle)
        .max_idle_connections_per_host(idle)
        .user_agent(user_agent)
        // Each connection keeps both for as long as it lives. The first has to hold a response's headers,
        // which may have 64 KiB; the second a request's. ureq's own sizes are 128 KiB each.
        .input_buffer_size(64 * 1024)
        .output_buffer_size(16 * 1024)
        // Decoded in `body`, which checks the encoded lengths and checksums.
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

/// Whether the host of a URL is this machine, by name or IP address.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Whether an error of [`Agent::send`] means that no response came from the host. A response that is
/// not proper HTTP does not count.
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

/// Describes an error of ureq in a few words, without host names or passwords.
pub(super) fn cause(error: &Error) -> String {
    match error {
        Error::Io(error) => io_cause(error),
        Error::Timeout(phase) => match phase {
            Timeout::Resolve => "timed out while looking up the host".into(),
            Timeout::Connect => "timed out while connecting".into(),
            Timeout::SendRequest => "timed out while sending the request".into(),
            Timeout::RecvResponse => "timed out while waiting for the response".into(),
            Timeout::PerRead => "timed out: no data arrived for too long".into(),
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
            "the server closed the connection; if this persists, check proxy and firewall".into()
        }
        TimedOut | WouldBlock => "timed out".into(),
        HostUnreachable | NetworkUnreachable => {
            "the network cannot be reached; check the connection".into()
        }
        // An error of rustls arrives wrapped in an `io::Error`.
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
    // The verifier says the same whether the system has none or a variable names none.
    if text.contains("No CA certificates were loaded") {
        "no certificate authority is on this machine, or none can be read where SSL_CERT_FILE or \
         SSL_CERT_DIR says: unset both, set SSL_CERT_FILE to a file in PEM form, or install the \
         system's authorities (ca-certificates)"
            .to_owned()
    } else if text.contains("certificate") {
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
        let none = "unexpected error: No CA certificates were loaded from the system";
        let none = cause(&Error::Io(io::Error::new(io::ErrorKind::InvalidData, none)));
        assert!(none.starts_with("no certificate authority"), "{none}");
        assert!(!none.contains("not trusted"), "{none}");
        let secret = cause(&Error::ConnectProxyFailed("me:secret@proxy".into()));
        assert!(!secret.contains("secret"), "{secret}");
    }
}
