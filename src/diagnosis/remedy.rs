//! The next step for each kind of failure in `v_errors.kind`.

/// The cause and the next step, in one sentence. The kinds are those of
/// [`crate::net::FetchError::kind`] and of the pipeline.
pub fn remedy(kind: &str) -> &'static str {
    match kind {
        "not_found" => "EDGAR does not have the file, or not yet: run backfill again tomorrow",
        "page_missing" => {
            "EDGAR lists an older page of the company's filings and does not have it: run backfill again tomorrow; after three days the company is taken without it"
        }
        "throttled" => {
            "EDGAR asked for a pause: run backfill again in an hour, with a lower --rate"
        }
        "undeclared_agent" => {
            "EDGAR refuses the user agent: set --user-agent \"Company Name contact@example.com\""
        }
        "server" => "EDGAR had an internal error: run backfill again later",
        "refused" => "a proxy or firewall refused the request: check both, then run backfill again",
        "gateway" => {
            "the page of a proxy, firewall or login came in place of documents: open the URL in a browser, log in if necessary, then run backfill again"
        }
        "no_document" => {
            "the response is not what was requested: open the URL in a browser, log in if necessary, check proxies and firewalls, then run backfill again"
        }
        "undated" => {
            "the document came without the date that EDGAR sends, the same each time: open it in a browser; if it is no filing, check proxies and firewalls, remove the file and run verify"
        }
        "accepted" => {
            "the content does not fit the document's name, but the server sends the same each time: nothing to do"
        }
        "damaged" => {
            "the response was damaged: run backfill again; if the failure persists, check the proxies"
        }
        "too_large" => "the file is larger than expected: check its URL in v_errors",
        "redirect" => "EDGAR redirected to another host: check --archives-url and --data-url",
        "network" => "no response: check network, DNS and proxy, then run backfill again",
        "disk" => {
            "the file could not be written: check the free space and the permissions, then run backfill again"
        }
        "forbidden" => {
            "requests to this host are not allowed: check --user-agent, --rate and the URLs"
        }
        "stopped" => "the run stopped before this request: run backfill again",
        "unsafe_name" => {
            "the name is not valid on every system, so the file is never stored: download it from its URL"
        }
        "bad_row" | "bad_page" => {
            "an entry of EDGAR's list cannot be read and was left out: see v_errors"
        }
        _ => "run backfill again: it retries every failed item",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::FetchError;
    use std::io;

    #[test]
    fn every_way_to_fail_has_a_remedy_of_its_own() {
        let text = String::new;
        let kinds = [
            FetchError::NotFound,
            FetchError::Throttled { page: true },
            FetchError::UndeclaredAgent,
            FetchError::Server {
                status: 503,
                retry_after: None,
            },
            FetchError::Refused { status: 403 },
            FetchError::Damaged(text()),
            FetchError::Page(""),
            FetchError::TooLarge { limit: 1 },
            FetchError::Redirect(text()),
            FetchError::Network(text()),
            FetchError::Sink(io::Error::other("full")),
            FetchError::Forbidden(""),
            FetchError::Stopped,
        ]
        .map(|error| error.kind());
        for kind in kinds
            .into_iter()
            .chain(["unsafe_name", "bad_row", "bad_page"])
            .chain([
                "page_missing",
                "gateway",
                "no_document",
                "undated",
                "accepted",
            ])
        {
            assert_ne!(remedy(kind), remedy("unknown"), "{kind}");
        }
    }
}
