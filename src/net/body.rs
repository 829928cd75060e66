//! Reads the body of a response: counts its bytes, decodes it, limits its size and checks that it is
//! complete.
//!
//! A body ends in one of three ways, and each is checked:
//! - by `Content-Length` or chunks: ureq reports a body that ends early;
//! - by the end of a gzip stream: its length and checksum must match, and nothing may follow it;
//! - by the end of the connection, which looks the same when the connection broke. Such a body is
//!   accepted only if its hash, the size that EDGAR lists or its own content (see
//!   [`verdict::proves_itself`]) shows that it is complete.
//!
//! In all three cases an MD5 in the `ETag` must match the decoded body (see [`etag`]).
//!
//! The size is limited while streaming, before and after decoding, so that neither an endless body
//! nor a zip bomb fills the disk. A body that is too slow is given up (see [`Timeouts::slow_start`]).

use std::fmt;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use ureq::http::{HeaderMap, Response, Version};
use ureq::{Body, BodyReader};

use super::agent::{Timeouts, cause};
use super::etag;
use super::traffic::Traffic;
use super::verdict::{self, HEAD, PortionKind, ResponseHead, Verdict};
use super::{Expect, FetchError, Received, Validators};

/// The lowest average rate of a body after the slow start, in bytes a second.
const SLOWEST: u64 = 8 * 1024;
/// How many bytes of the end are kept to check that the body is complete.
const TAIL: usize = 256;
/// gzip makes incompressible data a little larger.
const GZIP_SLACK: u64 = 64 * 1024;

/// A response whose headers have arrived and whose body is still to be read.
pub(super) struct IncomingBody<'a> {
    status: u16,
    retry_after: Option<Duration>,
    location: Option<String>,
    validators: Validators,
    content_range: Option<String>,
    expect: Expect,
    asked: PortionKind,
    decoder: ContentDecoder<'a>,
    /// Whether the response declares where the body ends: by its length, or by chunks.
    framed: bool,
    declared: Option<u64>,
    odd_encoding: Option<String>,
    /// The hash in the `ETag` that the body must have.
    content: etag::Check,
    buffer: Vec<u8>,
    /// How many bytes of the buffer are used; before copying they are the start of the body.
    filled: usize,
    whole: bool,
}

enum ContentDecoder<'a> {
    Plain(Box<RawBody<'a>>),
    Gzip(Box<MultiGzDecoder<RawBody<'a>>>),
}

/// The body as it arrives, before decoding.
struct RawBody<'a> {
    reader: BodyReader<'static>,
    traffic: &'a Traffic,
    started: Instant,
    slow_start: Duration,
    read: u64,
    limit: u64,
    declared: Option<u64>,
    /// Why reading failed; the decoder passes on only an `io::Error`.
    trouble: Option<FetchError>,
}

impl fmt::Debug for IncomingBody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Incoming");
        shown.field("status", &self.status).finish_non_exhaustive()
    }
}

impl<'a> IncomingBody<'a> {
    pub(super) fn new(
        response: Response<Body>,
        expect: Expect,
        asked: PortionKind,
        timeouts: Timeouts,
        traffic: &'a Traffic,
    ) -> Self {
        let (parts, body) = response.into_parts();
        let header = |name: &str| text(&parts.headers, name);
        let chunked = parts.version == Version::HTTP_11
            && header("transfer-encoding")
                .is_some_and(|value| value.to_ascii_lowercase().contains("chunked"));
        // ureq names no length of a body that is declared empty.
        let is_empty = header("content-length").is_some_and(|length| length.trim() == "0");
        let declared = body.content_length().or(is_empty.then_some(0));
        let encoding = header("content-encoding")
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let gzip = matches!(encoding.as_str(), "gzip" | "x-gzip");
        let wire = RawBody {
            reader: body.into_reader(),
            traffic,
            started: Instant::now(),
            slow_start: timeouts.slow_start,
            read: 0,
            limit: expect.max().saturating_add(GZIP_SLACK),
            declared,
            trouble: None,
        };
        let status = parts.status.as_u16();
        Self {
            status,
            retry_after: header("retry-after")
                .and_then(|value| verdict::retry_after(&value, Timestamp::now())),
            location: header("location"),
            // The `ETag` of a 206 is that of the whole file.
            content: etag::Check::of(header("etag").filter(|_| status != 206).as_deref()),
            validators: Validators {
                etag: header("etag"),
                last_modified: header("last-modified"),
            },
            content_range: header("content-range"),
            expect,
            asked,
            decoder: if gzip {
                ContentDecoder::Gzip(Box::new(MultiGzDecoder::new(wire)))
            } else {
                ContentDecoder::Plain(Box::new(wire))
            },
            framed: chunked || declared.is_some(),
            declared,
            odd_encoding: (!gzip && !matches!(encoding.as_str(), "" | "identity"))
                .then(|| encoding.chars().take(40).collect()),
            buffer: vec![0; HEAD],
            filled: 0,
            whole: false,
        }
    }

    pub(super) fn status(&self) -> u16 {
        self.status
    }

    /// The `Location` header of a redirect.
    pub(super) fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    pub(super) fn validators(&self) -> &Validators {
        &self.validators
    }

    /// The offset of the body in the file, and the length of the whole file if it is known.
    ///
    /// # Errors
    /// When a 206 response does not have the rest of the file, which begins at `from`.
    pub(super) fn place(&self, from: u64) -> Result<(u64, Option<u64>), FetchError> {
        let plain = matches!(self.decoder, ContentDecoder::Plain(_));
        if self.status != 206 {
            return Ok((0, self.declared.filter(|_| plain)));
        }
        let range = self.content_range.as_deref().and_then(content_range);
        match range {
            Some((first, total)) if first == from && plain => Ok((first, total)),
            _ => {
                let theirs = self.content_range.as_deref().unwrap_or("no range");
                let short: String = theirs.chars().take(100).collect();
                Err(FetchError::Damaged(format!(
                    "requested the bytes from {from} on, received {short}"
                )))
            }
        }
    }

    /// Reads the start of the body (all of a small one) and classifies the response.
    ///
    /// # Errors
    /// When a body with status 200 breaks off before it can be classified. For any other status, the
    /// part that arrived is classified.
    pub(super) fn classify(&mut self) -> Result<Verdict, FetchError> {
        let carries = self.status == 200 || (self.status == 206 && self.asked == PortionKind::Rest);
        if carries {
            if let Some(encoding) = &self.odd_encoding {
                return Err(FetchError::Damaged(format!(
                    "an encoding that was not asked for, {encoding:?}"
                )));
            }
            let limit = self.expect.max();
            if matches!(self.decoder, ContentDecoder::Plain(_)) && self.declared > Some(limit) {
                return Err(FetchError::TooLarge { limit });
            }
        }
        if let Err(error) = self.read_head()
            && carries
        {
            return Err(error);
        }
        // EDGAR sends block pages gzipped, even without a Content-Encoding header.
        let plain = matches!(self.decoder, ContentDecoder::Plain(_));
        if plain && self.head().starts_with(&[0x1f, 0x8b]) {
            let mut inner = Vec::new();
            let mut decoder = MultiGzDecoder::new(self.head()).take(HEAD as u64);
            let ended = decoder.read_to_end(&mut inner).is_ok() && inner.len() < HEAD;
            let verdict = self.verdict(&inner, self.whole && ended);
            let is_block = matches!(
                verdict,
                Verdict::Throttled { .. } | Verdict::UndeclaredAgent
            );
            if is_block {
                return Ok(verdict);
            }
        }
        Ok(self.verdict(self.head(), self.whole))
    }

    /// Copies the whole body of a good response to `sink`.
    ///
    /// # Errors
    /// When the body is cut off, damaged or too large, or `sink` fails.
    pub(super) fn copy_to(mut self, sink: &mut dyn Write) -> Result<Received, FetchError> {
        let limit = self.expect.max();
        let mut length = 0u64;
        let mut tail: Vec<u8> = Vec::with_capacity(2 * TAIL);
        let start = self.head()[..self.filled.min(TAIL)].to_vec();
        let mut ended = self.whole;
        loop {
            let chunk = &self.buffer[..self.filled];
            length += chunk.len() as u64;
            if length > limit {
                return Err(FetchError::TooLarge { limit });
            }
            self.content.update(chunk);
            sink.write_all(chunk).map_err(FetchError::Sink)?;
            tail.extend_from_slice(&chunk[chunk.len().saturating_sub(TAIL)..]);
            tail.drain(..tail.len().saturating_sub(TAIL));
            if ended {
                break;
            }
            self.filled = self.decoder.read(&mut self.buffer)?;
            ended = self.filled == 0;
        }
        let is_listed =
            matches!(self.expect, Expect::Submission { size, .. } if size == Some(length));
        let is_proven = self.declared.is_some() || self.content.is_promised() || is_listed;
        let is_whole = is_proven
            || self.framed
            || matches!(self.decoder, ContentDecoder::Gzip(_))
            || verdict::proves_itself(self.expect, &start, &tail);
        if !is_whole {
            return Err(FetchError::Damaged(format!(
                "the connection ended after {length} bytes, and nothing shows that the body is complete"
            )));
        }
        if !self.content.holds() {
            return Err(FetchError::Damaged(format!(
                "the MD5 of the {length} bytes is not the one in the ETag"
            )));
        }
        Ok(Received {
            length,
            is_proven,
            is_dated: self.validators.last_modified.is_some(),
        })
    }

    fn verdict(&self, head: &[u8], whole: bool) -> Verdict {
        verdict::classify(ResponseHead {
            status: self.status,
            retry_after: self.retry_after,
            head,
            whole,
            expect: self.expect,
            may_be_blank: matches!(self.expect, Expect::Document { .. })
                && self.validators.last_modified.is_some()
                && (self.declared.is_some() || self.content.is_promised()),
            asked: self.asked,
        })
    }

    /// The start of the body. Valid until the body is copied.
    fn head(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }

    /// Fills the buffer up to [`HEAD`] bytes or to the end of the body.
    fn read_head(&mut self) -> Result<(), FetchError> {
        while self.filled < HEAD && !self.whole {
            let read = self.decoder.read(&mut self.buffer[self.filled..])?;
            self.whole = read == 0;
            self.filled += read;
        }
        Ok(())
    }
}

impl ContentDecoder<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, FetchError> {
        let read = match self {
            Self::Plain(wire) => wire.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
        };
        read.map_err(|error| {
            let wire = match self {
                Self::Plain(wire) => wire,
                Self::Gzip(decoder) => decoder.get_mut(),
            };
            wire.trouble
                .take()
                .unwrap_or_else(|| FetchError::Damaged(format!("gzip: {error}")))
        })
    }
}

impl Read for RawBody<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let trouble = match self.reader.read(buffer) {
            Ok(read) => {
                self.read += read as u64;
                self.traffic.count_bytes(read);
                let patience = self.slow_start + Duration::from_secs(self.read / SLOWEST);
                if self.read > self.limit {
                    let limit = self.limit - GZIP_SLACK;
                    FetchError::TooLarge { limit }
                } else if read > 0 && self.started.elapsed() > patience {
                    FetchError::Network(format!(
                        "too slow: {} bytes in {} s",
                        self.read,
                        self.started.elapsed().as_secs()
                    ))
                } else {
                    return Ok(read);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) => self.explain(error),
        };
        self.trouble = Some(trouble);
        Err(io::Error::other("the body broke off"))
    }
}

impl RawBody<'_> {
    /// Classifies a failed read. ureq wraps its own errors in an `io::Error`.
    fn explain(&self, error: io::Error) -> FetchError {
        match ureq::Error::from(error) {
            ureq::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                FetchError::Damaged(match self.declared {
                    Some(length) => format!("cut off after {} of {length} bytes", self.read),
                    None => format!("cut off after {} bytes", self.read),
                })
            }
            error @ ureq::Error::Protocol(_) => FetchError::Damaged(cause(&error)),
            error => FetchError::Network(cause(&error)),
        }
    }
}

/// Parses a `Content-Range` such as `bytes 5-9/10`: the first byte, and the total length if given.
fn content_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.trim().split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let total = match total.trim() {
        "*" => None,
        total => Some(total.parse().ok().filter(|total| last < *total)?),
    };
    // A request for the rest asks for everything up to the end of the file.
    let all = total.is_none_or(|total| last.checked_add(1) == Some(total));
    (first <= last && all).then_some((first, total))
}

/// The value of a header; `None` when it is missing or not text.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_range_is_the_rest_or_nothing() {
        assert_eq!(content_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(content_range("bytes 5-9/*"), Some((5, None)));
        for text in [
            "",
            "5-9/10",
            "bytes */10",
            "bytes 5-8/10",
            "bytes 9-5/*",
            "bytes 5-10/10",
            "bytes 0-18446744073709551615/18446744073709551615",
            "bytes a-b/c",
        ] {
            assert_eq!(content_range(text), None, "{text}");
        }
    }
}
