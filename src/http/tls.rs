//! The gateway's side of TLS: 1.3 only, ring only, client certificates of our authorities, nothing resumed.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::NoServerSessionStorage;
use serde::Deserialize;

use super::live_tls::{LiveTls, LiveVerifier};

/// Where the certificates lie, as paths relative to the configuration file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsOptions {
    /// Authorities that members' certificates chain to; one or several.
    pub ca: PathBuf,
    /// The gateway's certificate chain.
    pub certificate: PathBuf,
    /// The gateway's private key.
    pub key: PathBuf,
    /// Revocation lists, PEM or DER: none, or one of every authority.
    #[serde(default)]
    pub crl: Vec<PathBuf>,
}

/// A certificate, key or list that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {why}")]
pub struct TlsError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

/// Builds the server's configuration over what is in force at each handshake.
///
/// Resumption would reuse a certificate chain without looking at it again, and early data can be
/// replayed: both are off.
pub fn server_config(tls: &Arc<LiveTls>) -> Result<ServerConfig, rustls::Error> {
    let live = Arc::new(LiveVerifier(tls.clone()));
    let config = ServerConfig::builder_with_provider(tls.provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(live.clone())
        .with_cert_resolver(live);
    Ok(unresumed(config))
}

/// The same without a client certificate: browsers of whoever comes. They are recognised otherwise.
pub fn browser_config(tls: &Arc<LiveTls>) -> Result<ServerConfig, rustls::Error> {
    let config = ServerConfig::builder_with_provider(tls.provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(LiveVerifier(tls.clone())));
    Ok(unresumed(config))
}

fn unresumed(mut config: ServerConfig) -> ServerConfig {
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.max_early_data_size = 0;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}
