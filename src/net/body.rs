//! Reads a response's body: counts, decodes, limits and proves it whole.
//!
//! A body ends in one of three ways, and each is checked:
//! - `Content-Length` or chunks: ureq fails when it ends early;
//! - gzip: its own length and checksum have to hold, and nothing may follow it;
//! - by the end of the connection, which a broken one looks just like: taken only where its hash, the
//!   size that EDGAR lists or the content itself (see [`verdict::proves_itself`]) proves it.
//!
//! Whatever its end, an MD5 in the `ETag` has to be that of the decoded body (see [`etag`]).
//!
//! Limits hold while streaming, before and after decoding, so neither an endless body
//! nor a zip bomb fills a disk. A body that drips is given up (see [`Timeouts::slow_start`]).

use std::fmt;
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use ureq::http::{HeaderMap, Response, Version};
use ureq::{Body, BodyReader};

use super::agent::{Timeouts, cause};
use super::buffers::{Buffer, Buffers};
use super::etag;
use super::traffic::Traffic;
use super::verdict::{self, HEAD, PortionKind, ResponseHead, Verdict};
use super::{Expect, FetchError, Received, Validators};

/// What a body has to bring each second, on average, after the slow start.
const SLOWEST: u64 = 8 * 1024;
/// How much of the end is kept as a proof.
const TAIL: usize = 256;
/// gzip makes what cannot be compressed a little larger.
const GZIP_SLACK: u64 = 64 * 1024;

/// A response whose headers are in.
pub(super) struct IncomingBody<'a> {
    status: u16,
    retry_after: Option<Duration>,
    location: Option<String>,
    validators: Validators,
    content_range: Option<String>,
    expect: Expect,
    asked: PortionKind,
    decoder: ContentDecoder<'a>,
    /// Whether the length is known from outside: a header, or chunks.
    framed: bool,
    declared: Option<u64>,
    odd_encoding: Option<String>,
    /// What the body has to be by its `ETag`.
    content: etag::Check,
    buffer: Buffer<'a>,
    /// How much of the buffer is filled: with the beginning of the body at first.
    filled: usize,
    whole: bool,
}

enum ContentDecoder<'a> {
    Plain(Box<RawBody<'a>>),
    Gzip(Box<MultiGzDecoder<RawBody<'a>>>),
}

/// The bytes as they come.
struct RawBody<'a> {
    reader: BodyReader<'static>,
    traffic: &'a Traffic,
    started: Instant,
    slow_start: Duration,
    read: u64,
    limit: u64,
    declared: Option<u64>,
    /// The cause, where an `io::Error` could not carry it through the decoder.
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
        buffers: &'a Buffers,
    ) -> Self {
        let (parts, body) = response.into_parts();
        let header = |name: &str| text(&parts.headers, name);
        let chunked = parts.version == Version::HTTP_11
            && header("transfer-encoding")
                .is_some_and(|value| value.to_ascii_lowercase().contains("chunked"));
        let declared = body.content_length();
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
            // A part's tag is that of the whole.
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
            buffer: buffers.take(),
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

    /// What the server calls this version of the file.
    pub(super) fn validators(&self) -> &Validators {
        &self.validators
    }

    /// Where the body begins in the file, and how long the whole file is, if that is known.
    ///
    /// # Errors
    /// When the body is not the rest that was asked for, which begins at `from`.
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
                    "asked for the bytes from {from} on, and got others ({short})"
                )))
            }
        }
    }

    /// Reads the beginning of the body, all of a small one, and says what the response means.
    ///
    /// # Errors
    /// When a body that came with status 200 breaks before its meaning is known. With any other status, what did
    /// come is judged.
    pub(super) fn judge(&mut self) -> Result<Verdict, FetchError> {
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
        // Block pages come compressed even when nobody says so.
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

    /// Hands the whole body of a good response to `sink`.
    ///
    /// # Errors
    /// When the body is cut, damaged or too large, or the sink fails.
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
                "ended with the connection after {length} bytes, and nothing shows that it is whole"
            )));
        }
        if !self.content.holds() {
            return Err(FetchError::Damaged(format!(
                "the {length} bytes are not those whose MD5 its ETag names"
            )));
        }
        Ok(Received { length, is_proven })
    }

    fn verdict(&self, head: &[u8], whole: bool) -> Verdict {
        verdict::judge(ResponseHead {
            status: self.status,
            retry_after: self.retry_after,
            head,
            whole,
            expect: self.expect,
            asked: self.asked,
        })
    }

    /// The beginning of the body, until it is copied.
    fn head(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }

    /// Fills the buffer, up to its limit or the end of the body.
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
    /// What a failed read means. ureq's own errors come wrapped in an `io::Error`.
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

/// First byte and, if it is known, whole length of a `Content-Range`: `bytes 5-9/10`.
fn content_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.trim().split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let total = match total.trim() {
        "*" => None,
        total => Some(total.parse().ok().filter(|total| last < *total)?),
    };
    // Whoever asks for the rest wants all of it.
    let all = total.is_none_or(|total| last.checked_add(1) == Some(total));
    (first <= last && all).then_some((first, total))
}

/// A header's text; `None` when it is missing or none.
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
