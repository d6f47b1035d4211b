//! The gateway's side of TLS: 1.3 only, ring only, client certificates of our CA, nothing resumed.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;

/// Where the certificates lie, as paths relative to the configuration file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsOptions {
    /// CA that members' certificates chain to.
    pub ca: PathBuf,
    /// The gateway's certificate chain.
    pub certificate: PathBuf,
    /// The gateway's private key.
    pub key: PathBuf,
}

/// A certificate or key that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {why}")]
pub struct TlsError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

/// Builds the server's configuration.
///
/// Resumption would reuse a certificate chain without looking at it again, and early data can be
/// replayed: both are off.
pub fn server_config(options: &TlsOptions) -> Result<ServerConfig, TlsError> {
    let fail = |path: &PathBuf, why: &dyn ToString| TlsError { path: path.clone(), why: why.to_string() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    for certificate in read_chain(&options.ca)? {
        roots.add(certificate).map_err(|why| fail(&options.ca, &why))?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|why| fail(&options.ca, &why))?;
    let key = PrivateKeyDer::from_pem_file(&options.key).map_err(|why| fail(&options.key, &why))?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|why| fail(&options.certificate, &why))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(read_chain(&options.certificate)?, key)
        .map_err(|why| fail(&options.certificate, &why))?;
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.max_early_data_size = 0;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn read_chain(path: &PathBuf) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let fail = |why: &dyn ToString| TlsError { path: path.clone(), why: why.to_string() };
    let chain: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(|why| fail(&why))?
        .collect::<Result<_, _>>()
        .map_err(|why| fail(&why))?;
    if chain.is_empty() { Err(fail(&"holds no certificate")) } else { Ok(chain) }
}
