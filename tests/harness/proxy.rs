//! A proxy with a password, which opens a tunnel to one fixed address.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use filing_etl::internals::Cancel;
use filing_etl::internals::spawn;

/// Listens on loopback until the tests end.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A request for a tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The request line, such as `CONNECT www.example.com:443`.
    pub what: String,
    /// The value of `Proxy-Authorization`.
    pub password: Option<String>,
}

impl Proxy {
    /// Starts a proxy whose tunnels all lead to `to`. Without it, every request is refused.
    pub fn start(place: Option<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let log = Arc::clone(&asked);
        background(move || {
            for stream in listener.incoming() {
                // A client may disconnect at any time.
                let _ = serve(stream.unwrap(), place, &log);
            }
        });
        Self { address, asked }
    }

    /// The URL with a user and a password.
    pub fn url(&self, user: &str) -> String {
        format!("http://{user}@{}", self.address)
    }

    /// The requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(
    mut client: TcpStream,
    place: Option<SocketAddr>,
    log: &Mutex<Vec<Asked>>,
) -> io::Result<()> {
    let lines = BufReader::new(&client).lines();
    let head: Vec<String> = lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .collect();
    let value = |line: &String| {
        line.strip_prefix("Proxy-Authorization: ")
            .map(str::to_owned)
    };
    log.lock().unwrap().push(Asked {
        what: head
            .first()
            .map_or("", |l| l.trim_end_matches(" HTTP/1.1"))
            .to_owned(),
        password: head.iter().find_map(value),
    });
    let Some(place) = place else {
        return client
            .write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    };
    let server = TcpStream::connect(place)?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (back, forth) = ((server.try_clone()?, client.try_clone()?), (client, server));
    for (mut from, mut to) in [back, forth] {
        background(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    }
    Ok(())
}

fn background(work: impl FnOnce() + Send + 'static) {
    let _ = spawn("proxy", &Cancel::default(), work).unwrap();
}
