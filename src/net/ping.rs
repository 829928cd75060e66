//! Tells a monitoring service how a run goes. Such a service is not EDGAR: it learns nothing of who asks
//! EDGAR, and EDGAR's limit is not for it.

use std::time::Duration;

use ureq::tls::{RootCerts, TlsConfig};
use url::Url;

use super::agent::{cause, is_loopback};

/// How long one try may take, at most: a run waits for it.
const LONGEST: Duration = Duration::from_secs(10);

/// Sends one POST to `url`, with `step` as a further part of its path, and `text` as the body.
///
/// # Errors
///
/// Why it did not arrive, in words. The address is not among them: who knows it can pretend to be us.
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
