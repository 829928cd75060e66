//! Which redirects are followed. Pure.
//!
//! A redirect must stay within the site and must not lead from https to http. Each one that is
//! followed is a request of its own: it needs a pass and is counted.

use url::Url;

use super::limit::is_sec;

/// The most redirects in a row that are followed.
pub(super) const MOST: usize = 5;

/// Whether a status redirects a GET.
pub(super) fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The URL that a response for `from` redirects to.
///
/// # Errors
/// Why the redirect is not followed.
pub(super) fn target(from: &Url, location: Option<&str>) -> Result<Url, String> {
    let location = location.ok_or("a redirect without a target")?;
    let to = from
        .join(location)
        .map_err(|error| format!("a redirect to an invalid URL ({error})"))?;
    let shown = || {
        to.host_str()
            .unwrap_or("?")
            .chars()
            .take(100)
            .collect::<String>()
    };
    if !matches!(to.scheme(), "http" | "https") {
        return Err("a redirect to a URL that is not HTTP".into());
    }
    if from.scheme() == "https" && to.scheme() != "https" {
        return Err(format!("a redirect from https to http, on {}", shown()));
    }
    if !to.username().is_empty() || to.password().is_some() {
        return Err(format!("a redirect with a password in it, to {}", shown()));
    }
    let same = from.scheme() == to.scheme()
        && from.host() == to.host()
        && from.port_or_known_default() == to.port_or_known_default();
    let within_sec = [from, &to]
        .iter()
        .all(|url| is_sec(url.host_str().unwrap_or_default()) && url.port().is_none())
        && to.scheme() == "https";
    if same || within_sec {
        Ok(to)
    } else {
        Err(format!("a redirect to another site, {}", shown()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn go(from: &str, to: &str) -> Result<String, String> {
        target(&Url::parse(from).unwrap(), Some(to)).map(String::from)
    }

    #[test]
    fn hops_within_the_site_are_followed() {
        for (from, to, end) in [
            ("https://www.sec.gov/a/b", "../c", "https://www.sec.gov/c"),
            (
                "https://www.sec.gov/a",
                "https://data.sec.gov/b",
                "https://data.sec.gov/b",
            ),
            (
                "http://www.sec.gov/a",
                "https://www.sec.gov/a",
                "https://www.sec.gov/a",
            ),
            ("http://127.0.0.1:81/a", "/b?c", "http://127.0.0.1:81/b?c"),
        ] {
            assert_eq!(go(from, to).as_deref(), Ok(end));
        }
    }

    #[test]
    fn no_other_hop_is() {
        for (from, to) in [
            ("https://www.sec.gov/a", "http://www.sec.gov/a"),
            ("https://www.sec.gov/a", "https://example.com/a"),
            ("https://www.sec.gov/a", "https://www.sec.gov.example.com/"),
            ("https://www.sec.gov/a", "https://www.sec.gov:8443/"),
            ("https://www.sec.gov/a", "https://me:pw@www.sec.gov/"),
            ("https://www.sec.gov/a", "file:///etc/passwd"),
            ("http://127.0.0.1:81/a", "http://127.0.0.1:82/a"),
            ("http://127.0.0.1:81/a", "//127.0.0.2:81/a"),
            ("https://mirror.example.com/a", "https://www.sec.gov/"),
        ] {
            assert!(go(from, to).is_err(), "{from} -> {to}");
        }
        assert!(target(&Url::parse("http://a/").unwrap(), None).is_err());
    }

    proptest! {
        #[test]
        fn no_location_leads_off_a_plain_site(location in any::<String>()) {
            let from = Url::parse("https://mirror.example.com/x/y").unwrap();
            if let Ok(to) = target(&from, Some(&location)) {
                prop_assert_eq!(to.origin(), from.origin());
            }
        }
    }
}
