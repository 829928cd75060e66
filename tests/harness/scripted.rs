//! A server that sends the exact bytes of a test, for responses that neither EDGAR nor the simulator gives.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use filing_etl::internals::Cancel;
use filing_etl::internals::spawn;
use filing_etl::sim::Simulator;

use super::USER_AGENT;

/// A server on loopback with one request per connection. It stops when dropped.
#[derive(Debug)]
pub struct Scripted {
    address: SocketAddr,
    stop: Cancel,
    asked: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Scripted {
    /// Serves these bodies by path, and 404 for other paths.
    pub fn start(bodies: BTreeMap<String, Vec<u8>>) -> Self {
        Self::answering(move |path, stream| match bodies.get(path) {
            Some(body) => stream.write_all(&response("200 OK", "", body)),
            None => stream.write_all(&response("404 Not Found", "", b"nothing here")),
        })
    }

    /// Sends the test's response to each path, byte for byte. A client may disconnect at any time.
    pub fn answering(
        answer: impl Fn(&str, &mut TcpStream) -> io::Result<()> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), Cancel::default());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (stopped, log) = (stop.clone(), Arc::clone(&asked));
        let thread = spawn("scripted", &Cancel::default(), move || {
            for stream in listener.incoming() {
                if stopped.is_set() {
                    return;
                }
                let Ok(mut stream) = stream else { continue };
                if let Some(path) = asked_for(&stream) {
                    log.lock().unwrap().push(path.clone());
                    let _ = answer(&path, &mut stream);
                }
            }
        });
        Self {
            address,
            stop,
            asked,
            thread: Some(thread.unwrap()),
        }
    }

    /// Forwards to the simulator and lets `change` replace bodies by path. `None` in place of a body is S3's
    /// response for a missing file.
    pub fn in_front_of(
        sim: &Simulator,
        change: impl Fn(&str, Vec<u8>) -> Option<Vec<u8>> + Send + 'static,
    ) -> Self {
        let edgar = sim.address();
        Self::answering(move |path, stream| {
            let mut behind = TcpStream::connect(edgar)?;
            write!(
                behind,
                "GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {USER_AGENT}\r\n\
                 Connection: close\r\n\r\n"
            )?;
            let mut answer = Vec::new();
            behind.read_to_end(&mut answer)?;
            let body = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
            let old = answer[body..].to_vec();
            match change(path, old.clone()) {
                Some(new) if new == old => stream.write_all(&answer),
                Some(new) => stream.write_all(&response("200 OK", "", &new)),
                None => stream.write_all(&response(
                    "403 Forbidden",
                    "Content-Type: application/xml\r\n",
                    b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code>\
                      <Message>Access Denied</Message></Error>",
                )),
            }
        })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requested paths.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.stop.set();
        // A connection wakes the accepting thread, which then ends.
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// The path of a request.
fn asked_for(stream: &TcpStream) -> Option<String> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    lines.find(String::is_empty)?;
    Some(path)
}

/// A whole response with these further header lines, each with its line end.
pub fn response(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}
