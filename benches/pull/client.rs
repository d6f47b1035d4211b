//! The loader's HTTP/1.1 over mutual TLS: request bytes made beforehand, answers read with as little work as possible.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::Result;

/// Longest head of an answer that is read.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// A member's certificate and key, and the authority it trusts.
#[derive(Clone)]
pub struct Identity(TlsConnector);

/// A whole request, ready to be written.
#[derive(Clone)]
pub struct Request(Vec<u8>);

/// A kept-alive connection.
pub struct Connection {
    stream: TlsStream<TcpStream>,
    /// The answer last read: head, then body.
    buffer: Vec<u8>,
    body_at: usize,
}

impl Identity {
    /// The identity in `<name>.pem` and `<name>.key`, trusting `ca.pem` of the same directory.
    pub fn load(certificates: &Path, name: &str) -> Result<Identity> {
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_file_iter(certificates.join("ca.pem"))? {
            roots.add(root?)?;
        }
        let chain = CertificateDer::pem_file_iter(certificates.join(format!("{name}.pem")))?
            .collect::<std::result::Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_file(certificates.join(format!("{name}.key")))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)?;
        Ok(Identity(TlsConnector::from(Arc::new(config))))
    }
}

impl Request {
    /// A request without a body.
    pub fn get(path: &str) -> Request {
        Request(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes())
    }

    /// A request with a JSON body.
    pub fn json(method: &str, path: &str, body: &serde_json::Value) -> Request {
        let body = body.to_string();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        Request((head + &body).into_bytes())
    }
}

impl Connection {
    /// Connects and shakes hands.
    pub async fn open(address: SocketAddr, identity: &Identity) -> Result<Connection> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let name = ServerName::try_from("localhost")?;
        let stream = identity.0.connect(name, socket).await?;
        Ok(Connection { stream, buffer: Vec::with_capacity(256 * 1024), body_at: 0 })
    }

    /// Sends a request and reads its whole answer; returns the status.
    pub async fn send(&mut self, request: &Request) -> Result<u16> {
        self.stream.write_all(&request.0).await?;
        self.stream.flush().await?;
        self.buffer.clear();
        let head = loop {
            if let Some(at) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at;
            }
            if self.buffer.len() > HEAD_BYTES_MAX {
                return Err("the answer's head does not end".into());
            }
            self.read_some().await?;
        };
        let (status, length) = parse_head(&self.buffer[..head])?;
        self.body_at = head + 4;
        let end = self.body_at + length;
        self.buffer.reserve(end.saturating_sub(self.buffer.len()));
        while self.buffer.len() < end {
            self.read_some().await?;
        }
        if self.buffer.len() > end {
            return Err("the answer is longer than it says".into());
        }
        Ok(status)
    }

    /// The body of the answer last read.
    pub fn body(&self) -> &[u8] {
        &self.buffer[self.body_at..]
    }

    async fn read_some(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err("the server closed the connection in the middle of an answer".into()),
            _ => Ok(()),
        }
    }
}

/// One request over a connection of its own; the body of its answer, which must have the status wanted.
pub async fn call(
    address: SocketAddr,
    identity: &Identity,
    request: &Request,
    wanted: u16,
) -> Result<Vec<u8>> {
    let mut connection = Connection::open(address, identity).await?;
    let status = connection.send(request).await?;
    expect_status(&connection, status, wanted)?;
    Ok(connection.body().to_vec())
}

/// Refuses any status but the one wanted, and says what the server wrote.
pub fn expect_status(connection: &Connection, status: u16, wanted: u16) -> Result<()> {
    if status == wanted {
        return Ok(());
    }
    let body: String = String::from_utf8_lossy(connection.body()).chars().take(600).collect();
    Err(format!("status {status} instead of {wanted}: {body}").into())
}

/// Status and length of the body.
fn parse_head(head: &[u8]) -> Result<(u16, usize)> {
    let head = std::str::from_utf8(head)?;
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.strip_prefix("HTTP/1.1 "))
        .and_then(|rest| rest.get(..3))
        .ok_or("the answer has no HTTP/1.1 status line")?
        .parse()?;
    let mut length = None;
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("transfer-encoding") {
            return Err("a chunked answer: the loader needs a Content-Length".into());
        }
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.trim().parse()?);
        }
    }
    Ok((status, length.ok_or("the answer has no Content-Length")?))
}
