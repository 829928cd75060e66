//! A server with TLS whose certificate is signed by a separate certificate authority.

use std::io::{self, Read as _, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use filing_etl::internals::Cancel;
use filing_etl::internals::spawn;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Serves `https://localhost` until the tests end, with one request per connection.
#[derive(Debug)]
pub struct Tls {
    port: u16,
    /// The certificate of the authority in PEM format.
    pub authority: String,
}

impl Tls {
    /// Forwards every request to a server without TLS.
    pub fn before(server: SocketAddr) -> Self {
        Self::answering(move |request, client| {
            let mut server = TcpStream::connect(server)?;
            let head = request.strip_suffix(b"\r\n").unwrap_or(request);
            server.write_all(&[head, b"Connection: close\r\n\r\n"].concat())?;
            let mut answer = Vec::new();
            server.read_to_end(&mut answer)?;
            client.write_all(&answer)
        })
    }

    /// Sends the test's response to each request.
    pub fn answering(
        answer: impl Fn(&[u8], &mut dyn Write) -> io::Result<()> + Send + 'static,
    ) -> Self {
        let (config, authority) = config();
        let address = listen(move |stream| {
            // A client that does not trust the certificate disconnects.
            let _ = serve(stream, &config, &answer);
        });
        Self {
            port: address.port(),
            authority,
        }
    }

    /// Serves no file.
    pub fn empty() -> Self {
        Self::answering(|_, client| {
            client.write_all(
                b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 4\r\n\r\nnone",
            )
        })
    }

    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }
}

/// Passes every connection to `answer`, one after another, until the tests end.
pub fn listen(answer: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let _ = spawn("listener", &Cancel::default(), move || {
        listener
            .incoming()
            .for_each(|stream| answer(stream.unwrap()));
    })
    .unwrap();
    address
}

fn serve(
    stream: TcpStream,
    config: &Arc<ServerConfig>,
    answer: &impl Fn(&[u8], &mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    answer(&head, &mut stream)?;
    stream.conn.send_close_notify();
    stream.flush()
}

/// The certificate of a server with the name `localhost`, and its authority.
fn config() -> (Arc<ServerConfig>, String) {
    let mut authority = CertificateParams::new([]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let server = server.signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![server.der().clone()], key)
        .unwrap();
    (Arc::new(config), authority.pem())
}
