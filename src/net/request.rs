//! A request: its purpose, the part of the file that it asks for, and what the response must look like.

use serde::{Deserialize, Serialize};

use super::verdict::PortionKind;

/// The purpose of a request, for the counters and the rows of refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestKind {
    /// The lists of companies and symbols.
    Companies,
    /// Submissions with their older pages, and indexes.
    Discovery,
    /// A document or the submission of a filing.
    Document,
}

/// What kind of content a good response has, and how large it may be: `max` bytes when decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "`max` is documented at the type")]
pub enum Expect {
    /// A JSON document. A web page instead is damage.
    Json { max: u64 },
    /// Plain text. A web page instead is damage.
    Text { max: u64 },
    /// The complete text of a filing, and its length if EDGAR lists one.
    Submission { max: u64, size: Option<u64> },
    /// A document of a filing: anything but an empty body or an error page.
    Document { max: u64 },
    /// A zip archive, or the rest of one.
    Archive { max: u64 },
}

impl Expect {
    pub(super) fn max(self) -> u64 {
        match self {
            Self::Json { max }
            | Self::Text { max }
            | Self::Submission { max, .. }
            | Self::Document { max }
            | Self::Archive { max } => max,
        }
    }
}

/// The headers that identify the version of a file, for conditional requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// The `ETag` header, with its quotes.
    pub etag: Option<String>,
    /// The `Last-Modified` header.
    pub last_modified: Option<String>,
}

impl Validators {
    /// The validator for a range request, which must differ for any two versions: a strong `ETag`, or
    /// else the date.
    pub fn strong(&self) -> Option<&str> {
        let tag = self.etag.as_deref().filter(|tag| !tag.starts_with("W/"));
        tag.or(self.last_modified.as_deref())
    }
}

/// Which part of a file is requested.
#[derive(Debug, Clone, Copy)]
pub enum Portion<'a> {
    /// The whole file.
    Whole,
    /// The whole file, unless it is still this version.
    Changed(&'a Validators),
    /// The bytes from `from` on if the file is still this version, or else the whole file.
    Rest {
        /// How many bytes the client has.
        from: u64,
        /// The version they are from. It must have a [strong](Validators::strong) validator.
        of: &'a Validators,
    },
}

impl Portion<'_> {
    pub(super) fn asked(self) -> PortionKind {
        match self {
            Self::Whole => PortionKind::Whole,
            Self::Changed(_) => PortionKind::Changed,
            Self::Rest { .. } => PortionKind::Rest,
        }
    }

    pub(super) fn headers(self, expect: Expect) -> Vec<(&'static str, String)> {
        let mut headers = Vec::new();
        if let Expect::Archive { .. } = expect {
            // Archives are compressed already, and range requests need the file's own offsets.
            headers.push(("Accept-Encoding", "identity".to_owned()));
        }
        match self {
            Self::Whole => {}
            Self::Changed(have) => {
                let tag = have.etag.clone().map(|tag| ("If-None-Match", tag));
                let date = have.last_modified.clone();
                headers.extend(tag);
                headers.extend(date.map(|date| ("If-Modified-Since", date)));
            }
            Self::Rest { from, of } => {
                headers.push(("Range", format!("bytes={from}-")));
                headers.push(("If-Range", of.strong().unwrap_or_default().to_owned()));
            }
        }
        headers
    }
}
