//! Error pages: blocks, S3's errors, and the maintenance page of the site.
//!
//! Titles, codes and the sentences that identify a page are those of real pages; the rest is invented.

use super::rng::SimRng;

/// A page around a title and its paragraphs.
fn page(title: &str, heading: &str, paragraphs: &[&str], reference: u64) -> Vec<u8> {
    let paragraphs = paragraphs.join("</p>\n<p>");
    format!(
        "<!DOCTYPE html>\n<html>\n<head>\n\
         <meta http-equiv=\"Content-Type\" content=\"text/html; charset=UTF-8\" />\n\
         <title>{title}</title>\n</head>\n<body>\n<div id=\"content\">\n<h1>{heading}</h1>\n\
         <p>{paragraphs}</p>\n<p>Reference ID: 0.{:08x}.1785943303.{:08x}</p>\n\
         <p class=\"note\">This page was sent by a simulated EDGAR.</p>\n\
         </div>\n</body>\n</html>\n",
        reference >> 32,
        reference & 0xFFFF_FFFF
    )
    .into_bytes()
}

/// The page of a block, as EDGAR has sent it since at least 2022.
pub(crate) fn rate_threshold(reference: u64) -> Vec<u8> {
    page(
        "SEC.gov | Request Rate Threshold Exceeded",
        "You\u{2019}ve Exceeded the SEC\u{2019}s Traffic Limit",
        &[
            "Your request rate has exceeded the SEC\u{2019}s maximum allowable requests per \
             second. Your access to SEC.gov will be limited for 10 minutes.",
            "Going on asking during that time makes it longer.",
        ],
        reference,
    )
}

/// The page for a client without a declared user agent.
pub(crate) fn undeclared(reference: u64) -> Vec<u8> {
    page(
        "SEC.gov | Your Request Originates from an Undeclared Automated Tool",
        "Your Request Originates from an Undeclared Automated Tool",
        &[
            "Please declare your traffic by updating your user agent to include company specific \
           information.",
        ],
        reference,
    )
}

/// The page reported since 2026 for a bad user agent. It has the title of a block.
pub(crate) fn policy(reference: u64) -> Vec<u8> {
    page(
        "SEC.gov | Request Rate Threshold Exceeded",
        "Automated access to our sites must comply with SEC.gov's Privacy and Security Policy",
        &["Please declare who you are."],
        reference,
    )
}

/// The maintenance page of the site, sent with 503 and sometimes with other statuses.
pub(crate) fn unavailable(reference: u64) -> Vec<u8> {
    page(
        "SEC.gov | File Unavailable",
        "This page is temporarily unavailable.",
        &["We are working on it. Please come back later."],
        reference,
    )
}

/// The page of a proxy or firewall: the same bytes for every request.
pub(crate) fn gateway() -> Vec<u8> {
    page(
        "Access to this site needs a confirmation",
        "Your network asks for a confirmation",
        &["Read the rules of this network and confirm them to go on."],
        0,
    )
}

/// A login page that contains the requested path.
pub(crate) fn login(target: &str) -> Vec<u8> {
    let target = target.replace('&', "&amp;").replace('<', "&lt;");
    page(
        "Sign in",
        "Sign in to go on",
        &[&format!("After signing in you get to {target}.")],
        0,
    )
}

/// S3's response for a path below `/Archives` that does not exist, sent with status 403.
pub(crate) fn access_denied(rng: &mut SimRng) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code>\
         <Message>Access Denied</Message><RequestId>{:016X}</RequestId>\
         <HostId>{:032x}</HostId></Error>",
        rng.number(),
        rng.number()
    )
    .into_bytes()
}

/// S3's response for a company that does not exist, sent with status 404.
pub(crate) fn no_such_key(key: &str, rng: &mut SimRng) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code>\
         <Message>The specified key does not exist.</Message><Key>{}</Key>\
         <RequestId>{:016X}</RequestId><HostId>{:032x}</HostId></Error>",
        key.trim_start_matches('/')
            .replace('&', "&amp;")
            .replace('<', "&lt;"),
        rng.number(),
        rng.number()
    )
    .into_bytes()
}
