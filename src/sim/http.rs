//! The part of HTTP/1.1 that the simulator needs: requests without a body, responses of any form.
//!
//! Reads block; the server ends them by shutting down the connection.

use std::fmt::Write as _;
use std::io::{self, Read, Write as _};
use std::net::TcpStream;

use flate2::Compression;
use flate2::write::GzEncoder;

/// The size limit of a request in bytes.
const LONGEST_REQUEST: usize = 16 * 1024;

/// A request's line and headers.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query as requested.
    pub(crate) target: String,
    /// The headers, with names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) keep_alive: bool,
}

impl Request {
    /// The first header with a name, which is given in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The path without its query, percent-decoded; `None` if that is not UTF-8.
    pub(crate) fn path(&self) -> Option<String> {
        let path = self.target.split(['?', '#']).next().unwrap_or_default();
        percent_encoding::percent_decode_str(path)
            .decode_utf8()
            .ok()
            .map(std::borrow::Cow::into_owned)
    }

    /// The query, if there is one.
    pub(crate) fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    pub(crate) fn accepts_gzip(&self) -> bool {
        self.header("accept-encoding").is_some_and(|value| {
            value.split(',').any(|coding| {
                let mut parts = coding.split(';').map(str::trim);
                let name = parts.next().unwrap_or_default();
                (name.eq_ignore_ascii_case("gzip") || name == "*")
                    && !parts.any(|weight| weight == "q=0")
            })
        })
    }
}

/// Why no request could be read.
#[derive(Debug)]
pub(crate) enum NoRequest {
    /// The client or the simulator closed the connection.
    Closed,
    /// It is not HTTP; respond with this status and close.
    Refused(u16),
}

/// Reads a request except for its last byte.
///
/// With the standard library, a connection can be reset only by closing it with unread bytes. Before a
/// response is sent, [`finish_reading`] reads the last byte.
pub(crate) fn read_request(mut stream: &TcpStream) -> Result<Request, NoRequest> {
    let mut head: Vec<u8> = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let seen = match stream.peek(&mut buffer) {
            Ok(0) => return Err(NoRequest::Closed),
            Ok(seen) => seen,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return Err(NoRequest::Closed),
        };
        let before = head.len();
        head.extend_from_slice(&buffer[..seen]);
        // The end may be split between the earlier bytes and the new ones.
        let from = before.saturating_sub(3);
        let end = head[from..]
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .map(|at| from + at + 4);
        let take = end.map_or(seen, |end| end - before - 1);
        if stream.read_exact(&mut buffer[..take]).is_err() {
            return Err(NoRequest::Closed);
        }
        if let Some(end) = end {
            head.truncate(end);
            return parse(&head).ok_or(NoRequest::Refused(400));
        }
        if head.len() > LONGEST_REQUEST {
            return Err(NoRequest::Refused(431));
        }
    }
}

/// Reads the last byte of a request, which [`read_request`] left. Returns whether that worked.
pub(crate) fn finish_reading(mut stream: &TcpStream) -> bool {
    stream.read_exact(&mut [0]).is_ok()
}

fn parse(head: &[u8]) -> Option<Request> {
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.split("\r\n");
    let mut parts = lines.next()?.split(' ');
    let (method, target, version) = (parts.next()?, parts.next()?, parts.next()?);
    let is_http = matches!(version, "HTTP/1.1" | "HTTP/1.0") && parts.next().is_none();
    let is_method = !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase());
    if !is_http || !is_method {
        return None;
    }
    // Requests to a proxy have the whole URL.
    let target = match target.strip_prefix("http://") {
        Some(rest) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => target,
    };
    if !target.starts_with('/') {
        return None;
    }
    let mut headers = Vec::new();
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':')?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request {
        method: method.to_owned(),
        target: target.to_owned(),
        headers,
        keep_alive: version == "HTTP/1.1",
    };
    if let Some(connection) = request.header("connection") {
        request.keep_alive = !connection.eq_ignore_ascii_case("close")
            && (request.keep_alive || connection.eq_ignore_ascii_case("keep-alive"));
    }
    // The body of a request is never read, so its connection is closed after the response.
    let empty = request.header("content-length").is_none_or(|n| n == "0");
    if !empty || request.header("transfer-encoding").is_some() {
        request.keep_alive = false;
    }
    Some(request)
}

/// A response before it is encoded.
#[derive(Debug, Clone)]
pub(crate) struct HttpAnswer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether it is compressed for clients that accept gzip.
    pub(crate) compressible: bool,
}

impl HttpAnswer {
    pub(crate) fn new(status: u16, content_type: &'static str, body: Vec<u8>) -> Self {
        Self {
            status,
            content_type,
            headers: Vec::new(),
            body,
            compressible: true,
        }
    }

    /// Adds a header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Never compresses the body.
    pub(crate) fn plain(mut self) -> Self {
        self.compressible = false;
        self
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// How the end of a body is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// By `Content-Length` with this number, which may be wrong on purpose.
    Length(u64),
    /// By chunked encoding.
    Chunked,
    /// By closing the connection.
    Close,
}

/// The status line and headers of a response.
pub(crate) fn head(
    answer: &HttpAnswer,
    gzipped: bool,
    framing: Framing,
    keep_alive: bool,
) -> Vec<u8> {
    let mut out = format!(
        "HTTP/1.1 {} {}\r\nContent-Type: {}\r\n",
        answer.status,
        reason(answer.status),
        answer.content_type
    );
    for (name, value) in &answer.headers {
        let _ = write!(out, "{name}: {value}\r\n");
    }
    if answer.compressible {
        out.push_str("Vary: Accept-Encoding\r\n");
    }
    if gzipped {
        out.push_str("Content-Encoding: gzip\r\n");
    }
    let keep_alive = keep_alive && framing != Framing::Close;
    let _ = match framing {
        // A 304 has no body and no length.
        Framing::Length(_) if answer.status == 304 => Ok(()),
        Framing::Length(length) => write!(out, "Content-Length: {length}\r\n"),
        Framing::Chunked => write!(out, "Transfer-Encoding: chunked\r\n"),
        Framing::Close => Ok(()),
    };
    let connection = if keep_alive { "keep-alive" } else { "close" };
    let _ = write!(out, "Connection: {connection}\r\n\r\n");
    out.into_bytes()
}

/// Compresses the body, for speed rather than size.
pub(crate) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 3), Compression::fast());
    encoder
        .write_all(body)
        .and_then(|()| encoder.finish())
        .expect("writing to memory cannot fail")
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request(text: &str) -> Option<Request> {
        parse(text.replace('\n', "\r\n").as_bytes())
    }

    #[test]
    fn requests_are_read() {
        let get = request("GET /a%20b/c?d HTTP/1.1\nHost: x\nAccept-Encoding: br, gzip;q=1\n\n");
        let get = get.unwrap();
        assert_eq!((get.path().as_deref(), get.query()), (Some("/a b/c"), "d"));
        assert!(get.keep_alive && get.accepts_gzip());
        let proxied = request("GET http://host:1/a HTTP/1.0\n\n").unwrap();
        assert_eq!(proxied.target, "/a");
        assert!(!proxied.keep_alive && !proxied.accepts_gzip());
        let no = request("GET / HTTP/1.1\nConnection: Close\nAccept-Encoding: gzip;q=0\n\n");
        assert!(!no.as_ref().unwrap().keep_alive && !no.unwrap().accepts_gzip());
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for text in [
            "\n\n",
            "GET /\n\n",
            "GET / HTTP/2\n\n",
            "get / HTTP/1.1\n\n",
            "GET a HTTP/1.1\n\n",
            "GET / HTTP/1.1\nno colon\n\n",
        ] {
            assert!(request(text).is_none(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }
    }
}
