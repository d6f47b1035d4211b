//! The TLS material in force: authorities, revocation lists, and the gateway's own certificate, taken up anew when
//! their files change. What cannot be used never takes the place of what is in force.

use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, DistinguishedName, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, UnixTime};
use tracing::{error, info, warn};

use super::tls::{TlsError, TlsOptions};
use crate::clock::Clock;
use crate::domain::timestamp::Timestamp;
use crate::seal::certificate::MemberCertificate;
use crate::seal::crl::{RevocationList, parse_lists};

/// The generation of what was loaded at the start.
pub const FIRST_GENERATION: u64 = 1;
/// How often the files are looked at: a change must bite within two seconds.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The largest file that is read, in bytes: a list of a million serials has about 40 MB.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What is in force, and from where.
pub struct LiveTls {
    options: TlsOptions,
    provider: Arc<CryptoProvider>,
    state: ArcSwap<State>,
    generation: AtomicU64,
    failure: ArcSwapOption<String>,
}

struct State {
    verifier: Arc<dyn ClientCertVerifier>,
    certified: Arc<CertifiedKey>,
    certificate_ends: Option<Timestamp>,
    lists: Vec<RevocationList>,
    lists_due: Option<Timestamp>,
    stamps: Vec<Option<Stamp>>,
}

/// By what a changed file is told: device's number of it, length, and instant of the last change.
type Stamp = (u64, u64, i64, i64);

impl LiveTls {
    /// Loads everything for the first time.
    pub fn load(options: &TlsOptions) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let state = guarded(options, &provider, &[])?;
        Ok(Arc::new(Self {
            options: options.clone(),
            provider,
            state: ArcSwap::from_pointee(state),
            generation: AtomicU64::new(FIRST_GENERATION),
            failure: ArcSwapOption::empty(),
        }))
    }

    /// Takes up what changed; `false` if nothing did. What is in force stays if the new cannot be used.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let state = self.state.load_full();
        if stamps(&self.options) == state.stamps && self.failure.load().is_none() {
            return Ok(false);
        }
        let fresh = guarded(&self.options, &self.provider, &state.lists)?;
        self.state.store(Arc::new(fresh));
        // After the state: whoever sees the number verifies against the state that it counts.
        self.generation.fetch_add(1, Ordering::SeqCst);
        Ok(true)
    }

    /// Counts what was taken up.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// Judges a client's chain by what is in force now.
    pub fn verify(&self, chain: &[CertificateDer<'_>], now: Timestamp) -> Result<(), &'static str> {
        let Some((end, intermediates)) = chain.split_first() else { return Err("no client certificate") };
        let since = Duration::from_micros(u64::try_from(now.micros()).unwrap_or(0));
        let state = self.state.load();
        match state.verifier.verify_client_cert(end, intermediates, UnixTime::since_unix_epoch(since)) {
            Ok(_verified) => Ok(()),
            Err(_refused) => Err("certificate revoked, or of an authority no longer accepted"),
        }
    }

    /// Whether a revocation list is past its next update: then nobody can be told from those revoked since.
    pub fn lists_overdue(&self, now: Timestamp) -> bool {
        self.lists_due().is_some_and(|due| now >= due)
    }

    /// By when the first of the revocation lists must be replaced; `None` without lists.
    pub fn lists_due(&self) -> Option<Timestamp> {
        self.state.load().lists_due
    }

    /// When the gateway's own certificate ends.
    pub fn certificate_ends(&self) -> Option<Timestamp> {
        self.state.load().certificate_ends
    }

    /// Why the newest files are not in force, if they are not.
    pub fn failure(&self) -> Option<Arc<String>> {
        self.failure.load_full()
    }

    /// The cryptography of the port.
    pub fn provider(&self) -> Arc<CryptoProvider> {
        self.provider.clone()
    }

    /// Reloads, notes whether that failed, and says so once.
    fn attend(&self) {
        match self.reload() {
            Ok(taken_up) => {
                if self.failure.swap(None).is_some() || taken_up {
                    info!("Certificates, authorities and revocation lists of the gateway port were taken up");
                }
            }
            Err(why) => {
                let told = why.to_string();
                if self.failure.load().as_deref() != Some(&told) {
                    error!(%why, "A changed TLS file cannot be used: what was in force stays in force");
                }
                self.failure.store(Some(Arc::new(told)));
            }
        }
    }
}

/// Follows the files for as long as the gateway runs.
pub async fn follow(tls: Arc<LiveTls>, clock: Arc<dyn Clock>) {
    let mut overdue = false;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let attended = tls.clone();
        if let Err(why) = tokio::task::spawn_blocking(move || attended.attend()).await {
            warn!(%why, "The TLS files could not be looked at");
        }
        let is_overdue = tls.lists_overdue(clock.now());
        if is_overdue && !overdue {
            error!("A revocation list is past its next update: nobody is let in until there is a new one");
        }
        overdue = is_overdue;
    }
}

/// A parser that panics must not take down what is in force.
fn guarded(
    options: &TlsOptions,
    provider: &Arc<CryptoProvider>,
    in_force: &[RevocationList],
) -> Result<State, TlsError> {
    catch_unwind(AssertUnwindSafe(|| read(options, provider, in_force)))
        .unwrap_or_else(|_| Err(fail(&options.ca, "the TLS files could not be read")))
}

fn read(
    options: &TlsOptions,
    provider: &Arc<CryptoProvider>,
    in_force: &[RevocationList],
) -> Result<State, TlsError> {
    // Before the contents: a file that changes while it is read is read again.
    let stamps = stamps(options);
    let authorities = read_chain(&options.ca)?;
    let mut roots = RootCertStore::empty();
    for certificate in &authorities {
        roots.add(certificate.clone()).map_err(|why| fail(&options.ca, why))?;
    }
    let lists = read_lists(options, &authorities, in_force)?;
    let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    if !lists.is_empty() {
        let ders = lists.iter().map(|list| CertificateRevocationListDer::from(list.der.clone()));
        builder = builder.with_crls(ders).enforce_revocation_expiration();
    }
    let verifier = builder.build().map_err(|why| fail(&options.ca, why))?;
    let chain = read_chain(&options.certificate)?;
    let ends = chain.first().and_then(|end| MemberCertificate::parse_der(end).ok());
    let key =
        PrivateKeyDer::from_pem_slice(&contents(&options.key)?).map_err(|why| fail(&options.key, why))?;
    let certified =
        CertifiedKey::from_der(chain, key, provider).map_err(|why| fail(&options.certificate, why))?;
    let due = lists.iter().map(|list| list.next_update_micros).min();
    Ok(State {
        verifier,
        certified: Arc::new(certified),
        certificate_ends: ends.and_then(|end| Timestamp::from_micros(end.not_after_micros)),
        lists_due: due.and_then(Timestamp::from_micros),
        lists,
        stamps,
    })
}

/// Reads the revocation lists; one that is older than the list in force of the same authority is refused.
fn read_lists(
    options: &TlsOptions,
    authorities: &[CertificateDer<'static>],
    in_force: &[RevocationList],
) -> Result<Vec<RevocationList>, TlsError> {
    let authorities: Vec<Vec<u8>> = authorities.iter().map(|der| der.to_vec()).collect();
    let mut lists = Vec::new();
    for path in &options.crl {
        let found = parse_lists(&contents(path)?, &authorities).map_err(|why| fail(path, why))?;
        let newest = |list: &RevocationList| {
            let same = in_force.iter().filter(|known| known.issuer == list.issuer);
            same.map(|known| known.this_update_micros).max()
        };
        if found.iter().any(|list| newest(list).is_some_and(|newest| newest > list.this_update_micros)) {
            return Err(fail(path, "holds a revocation list older than the one in force"));
        }
        lists.extend(found);
    }
    Ok(lists)
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&contents(path)?)
        .collect::<Result<_, _>>()
        .map_err(|why| fail(path, why))?;
    if chain.is_empty() { Err(fail(path, "holds no certificate")) } else { Ok(chain) }
}

fn contents(path: &Path) -> Result<Vec<u8>, TlsError> {
    let length = std::fs::metadata(path).map_err(|why| fail(path, why))?.len();
    if length > FILE_BYTES_MAX {
        return Err(fail(path, "is larger than 64 MB"));
    }
    std::fs::read(path).map_err(|why| fail(path, why))
}

fn stamps(options: &TlsOptions) -> Vec<Option<Stamp>> {
    let paths = [&options.ca, &options.certificate, &options.key].into_iter().chain(&options.crl);
    let stamp = |path: &PathBuf| {
        let data = std::fs::metadata(path).ok()?;
        Some((data.ino(), data.len(), data.mtime(), data.mtime_nsec()))
    };
    paths.map(stamp).collect()
}

fn fail(path: &Path, why: impl ToString) -> TlsError {
    TlsError { path: path.to_owned(), why: why.to_string() }
}

/// Verifies clients by what is in force at their handshake.
#[derive(Clone)]
pub struct LiveVerifier(pub Arc<LiveTls>);

impl std::fmt::Debug for LiveVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LiveVerifier")
    }
}

impl ClientCertVerifier for LiveVerifier {
    /// No hints: they could not change with the authorities, and TLS 1.3 does not need them.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.0.state.load().verifier.verify_client_cert(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.state.load().verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.state.load().verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.state.load().verifier.supported_verify_schemes()
    }
}

impl ResolvesServerCert for LiveVerifier {
    fn resolve(&self, _client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.state.load().certified.clone())
    }
}
