//! A TLS server whose certificate nobody trusts, unless told to.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use filing_etl::cancel::Cancel;
use filing_etl::threads;
use rcgen::CertifiedKey;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Answers every request with 404, until the tests end.
#[derive(Debug)]
pub struct TlsServer {
    address: SocketAddr,
    /// Its certificate, as `SSL_CERT_FILE` wants it.
    pub certificate: String,
}

impl TlsServer {
    pub fn start() -> Self {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed([String::from("127.0.0.1")]).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let config = Arc::new(config);
        let address = serve(move |stream| {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = BufReader::new(StreamOwned::new(connection, stream));
            let mut line = String::new();
            // A client that refuses the certificate ends this.
            while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            let answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone";
            let _ = stream.get_mut().write_all(answer);
        });
        Self {
            address,
            certificate: cert.pem(),
        }
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }
}

/// Hands every connection to `answer`, one after the other, until the tests end.
pub fn serve(answer: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let _ = threads::spawn("listener", &Cancel::default(), move || {
        listener
            .incoming()
            .for_each(|stream| answer(stream.unwrap()));
    })
    .unwrap();
    address
}
