//! A client that may misbehave: bytes over TLS, for what a well-behaved HTTP library will not send.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde_json::Value;
use shuidaiyi::seal::authority::{DevelopmentAuthority, Issued};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Site;

/// Longer than anything here should take.
const PATIENCE: Duration = Duration::from_secs(20);

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Status and problem code.
    pub fn problem(&self) -> (u16, String) {
        (self.status, self.json()["code"].as_str().unwrap_or_default().to_owned())
    }
}

/// A connection.
pub struct Raw {
    pub stream: TlsStream<TcpStream>,
    buffer: Vec<u8>,
}

impl Raw {
    /// Connects as a member.
    pub async fn member(site: &Site, member: &str) -> Self {
        let certs = site.dir().join("certs");
        let read = |name: String| std::fs::read_to_string(certs.join(name)).unwrap();
        let config =
            client_config(site, Some((&read(format!("{member}.pem")), &read(format!("{member}.key")))));
        Self::connect(site, config).await.unwrap()
    }

    /// Connects with any configuration. In TLS 1.3 a refused client certificate shows only at the first read.
    pub async fn connect(site: &Site, config: ClientConfig) -> io::Result<Self> {
        let tcp = TcpStream::connect(site.running().gateway).await?;
        tcp.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, tcp).await?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Sends bytes. What the gateway closed meanwhile is its right: the answer tells.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await?;
        self.stream.flush().await
    }

    /// A request line, `Host`, these headers, and an empty line.
    pub async fn head(&mut self, line: &str, headers: &[(&str, &str)]) -> io::Result<()> {
        let mut text = format!("{line} HTTP/1.1\r\nHost: localhost\r\n");
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        self.send(text).await
    }

    /// The next answer.
    pub async fn answer(&mut self) -> io::Result<Answer> {
        timeout(PATIENCE, self.read_answer()).await.expect("an answer in time")
    }

    /// GETs a path and reads the answer.
    pub async fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.head(&format!("GET {path}"), &[]).await?;
        self.answer().await
    }

    /// Whether the gateway closes the connection within this time.
    pub async fn closes_within(&mut self, time: Duration) -> bool {
        let mut rest = [0; 4096];
        let end = async { while matches!(self.stream.read(&mut rest).await, Ok(count) if count > 0) {} };
        timeout(time, end).await.is_ok()
    }

    async fn read_answer(&mut self) -> io::Result<Answer> {
        let head = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
                let text = String::from_utf8(head).unwrap();
                // An interim answer (100 Continue) is followed by the real one.
                if !text.starts_with("HTTP/1.1 1") {
                    break text;
                }
                continue;
            }
            self.more().await?;
        };
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut answer = Answer { status, headers, body: Vec::new() };
        let length: usize = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        assert!(answer.header("transfer-encoding").is_none(), "no answer here is chunked");
        while self.buffer.len() < length {
            self.more().await?;
        }
        answer.body = self.buffer.drain(..length).collect();
        Ok(answer)
    }

    async fn more(&mut self) -> io::Result<()> {
        let mut chunk = [0; 8192];
        match self.stream.read(&mut chunk).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                self.buffer.extend_from_slice(&chunk[..count]);
                Ok(())
            }
        }
    }
}

/// A TLS 1.3 client of the site, with this certificate and key in PEM, or none.
pub fn client_config(site: &Site, identity: Option<(&str, &str)>) -> ClientConfig {
    client_config_of(site, identity, &[&rustls::version::TLS13])
}

/// The same, with these versions of TLS.
pub fn client_config_of(
    site: &Site,
    identity: Option<(&str, &str)>,
    versions: &[&'static SupportedProtocolVersion],
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(site.dir().join("certs/ca.pem")).unwrap();
    roots.add(ca).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    match identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(
                CertificateDer::pem_slice_iter(certificate.as_bytes()).collect::<Result<_, _>>().unwrap(),
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap(),
    }
}

/// The site's own authority, to issue what `init` would not.
pub fn authority(site: &Site) -> DevelopmentAuthority {
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    DevelopmentAuthority::from_pem(
        &read(&site.dir().join("certs/ca.pem")),
        &read(&site.dir().join("keys/development-ca.key")),
    )
    .unwrap()
}

/// What a client with this certificate gets for `GET path`; `None` if the handshake is refused.
pub async fn get_with(site: &Site, issued: &Issued, path: &str) -> Option<Answer> {
    let config = client_config(site, Some((&issued.certificate_pem, &issued.key_pem)));
    Raw::connect(site, config).await.ok()?.get(path).await.ok()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
