//! Sites: hosts that share one limit. EDGAR counts requests to all its hosts together.

use url::Url;

/// The site of all hosts under sec.gov.
pub const SEC: &str = "sec.gov";

/// The site of a URL, as a valid folder name: `sec.gov` for all of EDGAR, otherwise host and port
/// (`127.0.0.1_8080`).
pub fn site_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    if is_sec(host) {
        return SEC.to_owned();
    }
    let port = url.port_or_known_default().unwrap_or_default();
    safe_name(&format!("{host}_{port}"))
}

/// Whether a host is sec.gov or under it.
pub(in crate::net) fn is_sec(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == SEC || host.ends_with(".sec.gov")
}

/// Turns a name into a valid file name on every file system.
pub(in crate::net) fn safe_name(name: &str) -> String {
    let plain: String = name
        .chars()
        .take(200)
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '.' || c == '-' {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect();
    match plain.strip_prefix('.') {
        Some(rest) => format!("_{rest}"),
        None if plain.is_empty() => "_".to_owned(),
        None => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn all_of_edgar_is_one_site_and_nothing_else_is() {
        let site = |url: &str| site_of(&Url::parse(url).unwrap());
        assert_eq!(site("https://www.sec.gov/x"), "sec.gov");
        assert_eq!(site("https://DATA.sec.gov./x"), "sec.gov");
        assert_eq!(site("http://127.0.0.1:8080/x"), "127.0.0.1_8080");
        assert_eq!(site("https://notsec.gov/x"), "notsec.gov_443");
        assert_eq!(site("http://[::1]:81/"), "___1__81");
    }

    proptest! {
        #[test]
        fn a_safe_name_is_one_plain_path_part(name in any::<String>()) {
            let name = safe_name(&name);
            prop_assert!(!name.is_empty() && !name.starts_with('.'));
            prop_assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)));
        }
    }
}
