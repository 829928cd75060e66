//! What to do about a failure, by the word that `v_errors.kind` has for it.

/// The remedy for failures of a kind, as one sentence.
///
/// The words are those of [`crate::net::FetchError::kind`] and of the pipeline's own problems.
pub fn remedy(kind: &str) -> &'static str {
    match kind {
        "not_found" => {
            "EDGAR has no such file, at times for some hours after a filing: run backfill again tomorrow"
        }
        "throttled" => {
            "EDGAR asked for a pause: run backfill again in an hour, with a lower --rate"
        }
        "undeclared_agent" => {
            "EDGAR refuses the user agent: set --user-agent \"Company Name contact@example.com\""
        }
        "server" => "EDGAR had trouble of its own: run backfill again later",
        "refused" => {
            "something between here and EDGAR refuses: check proxy and firewall, then run backfill again"
        }
        "gateway" => {
            "a proxy, firewall or login page came in place of documents: open the URL in a browser, get past it, then run backfill again"
        }
        "no_document" => {
            "what came is no such document, and another one each time: check proxies on the way, then run backfill again"
        }
        "accepted" => {
            "it looks unlike its name, but EDGAR or the mirror serves it so: nothing to do, unless you know better"
        }
        "damaged" => {
            "the answer came damaged: run backfill again; if it stays, check proxies on the way"
        }
        "too_large" => "larger than any such file should be: look at the URL in v_errors by hand",
        "redirect" => {
            "led to another place that is not followed: check --archives-url and --data-url"
        }
        "network" => "no answer: check network, DNS and proxy, then run backfill again",
        "disk" => {
            "the disk did not take it: free some space or check permissions, then run backfill again"
        }
        "forbidden" => "not allowed to ask this host: check --user-agent, --rate and the URLs",
        "stopped" => "the run was stopped before its turn: run backfill again",
        "unsafe_name" => {
            "the name cannot be a file's on every system, so it is never stored: get it by hand"
        }
        "bad_row" | "bad_page" => {
            "EDGAR's list has an entry that cannot be read; the others were taken: see v_errors"
        }
        _ => "run backfill again: it tries every failed item anew",
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
            .chain(["gateway", "no_document", "accepted"])
        {
            assert_ne!(remedy(kind), remedy("unknown"), "{kind}");
        }
    }
}
