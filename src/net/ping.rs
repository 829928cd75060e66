//! Reports the start and the end of a run to a monitoring service. The user agent for EDGAR is not sent to it,
//! and EDGAR's rate limit does not apply to it.

use std::time::Duration;

use ureq::tls::{RootCerts, TlsConfig};
use url::Url;

use super::agent::{cause, is_loopback};

/// The timeout of one attempt. A run waits for it.
const LONGEST: Duration = Duration::from_secs(10);

/// Sends one POST to `url`, with `step` appended to its path, and `text` as the body.
///
/// # Errors
///
/// The cause as text. It does not contain the URL, because anyone who knows the URL can report in our name.
pub fn ping(url: &Url, step: Option<&str>, text: &str, longest: Duration) -> Result<(), String> {
    let mut url = url.clone();
    if let (Some(step), Ok(mut path)) = (step, url.path_segments_mut()) {
        path.pop_if_empty().push(step);
    }
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier);
    let mut config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .user_agent(concat!("filing-etl/", env!("CARGO_PKG_VERSION")))
        .timeout_global(Some(longest.min(LONGEST)))
        .tls_config(tls.build());
    if is_loopback(&url) {
        config = config.proxy(None);
    }
    let agent = config.build().new_agent();
    match agent.post(url.as_str()).send(text) {
        Ok(response) if response.status().is_success() => Ok(()),
        Ok(response) => Err(format!("HTTP {}", response.status().as_u16())),
        Err(error) => Err(cause(&error)),
    }
}
