//! What is asked of a server: for what, for how much of a file, and what the answer must look like.

use serde::{Deserialize, Serialize};

use super::verdict::PortionKind;

/// What a request is for; only counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    /// The lists of companies and symbols.
    Companies,
    /// Submissions, their older pages, indexes.
    Discovery,
    /// A document of a filing.
    Document,
}

/// What a successful answer must look like, and how large it may be: `max` bytes when decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "`max` is explained above")]
pub enum Expect {
    /// A JSON document; a web page in its place is damage.
    Json { max: u64 },
    /// Plain text; a web page in its place is damage.
    Text { max: u64 },
    /// The complete text of a filing, whose length EDGAR may list: plain text.
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

/// What a server calls one version of a file, to ask later whether it is still that one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// The `ETag` header, with its quotes.
    pub etag: Option<String>,
    /// The `Last-Modified` header.
    pub last_modified: Option<String>,
}

impl Validators {
    /// What tells two versions apart byte for byte, as a range request needs it: a strong tag, or else the date.
    pub fn strong(&self) -> Option<&str> {
        let tag = self.etag.as_deref().filter(|tag| !tag.starts_with("W/"));
        tag.or(self.last_modified.as_deref())
    }
}

/// How much of a file is wanted.
#[derive(Debug, Clone, Copy)]
pub enum Portion<'a> {
    /// All of it.
    Whole,
    /// All of it, unless it is still this version.
    Changed(&'a Validators),
    /// The bytes from `from` on if it is still this version, or else all of it.
    Rest {
        /// How much is there already.
        from: u64,
        /// Of which version; it has to have a [strong](Validators::strong) validator.
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
            // Compressed already; and its lengths and ranges have to be those of the file itself.
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
