//! Who is at the other end of a connection, read once from its TLS session.

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use rustls_pki_types::CertificateDer;

use super::live_tls::{FIRST_GENERATION, LiveTls};
use crate::domain::member::MemberId;
use crate::domain::timestamp::Timestamp;
use crate::seal::certificate::{MemberCertificate, check_client_profile};
use crate::service::error::{ServiceError, ServiceResult};

/// The certificate on a connection, as far as it can be used.
pub struct Peer {
    certificate: Result<Recognised, &'static str>,
    slot: OnceLock<Slot>,
}

impl Peer {
    /// The fingerprint to look up, if the certificate has the profile of a member's.
    pub fn fingerprint(&self) -> ServiceResult<&str> {
        Ok(&self.recognised()?.fingerprint)
    }

    /// JWK thumbprint of the certificate's key.
    pub fn key(&self) -> ServiceResult<&str> {
        Ok(&self.recognised()?.key)
    }

    /// Verifies the certificate again if authorities or revocation lists were taken up since it was last verified.
    pub fn verify_again(&self, tls: &LiveTls, now: Timestamp) -> ServiceResult<()> {
        let recognised = self.recognised()?;
        let generation = tls.generation();
        // Nothing was taken up since the start: the handshake judged by what is in force.
        if generation != FIRST_GENERATION && recognised.verified.load(Ordering::Relaxed) != generation {
            tls.verify(&recognised.chain, now).map_err(ServiceError::Unauthenticated)?;
            recognised.verified.store(generation, Ordering::Relaxed);
        }
        Ok(())
    }

    fn recognised(&self) -> ServiceResult<&Recognised> {
        self.certificate.as_ref().map_err(|why| ServiceError::Unauthenticated(why))
    }
}

struct Recognised {
    fingerprint: String,
    key: String,
    chain: Vec<CertificateDer<'static>>,
    /// Under which generation of authorities and lists it was verified last.
    verified: AtomicU64,
}

/// Called for every new connection, before its first request.
pub fn on_connect(connection: &dyn Any, extensions: &mut Extensions) {
    let Some(stream) = connection.downcast_ref::<TlsStream<TcpStream>>() else { return };
    let (_tcp, session) = stream.get_ref();
    let certificate = match session.peer_certificates() {
        None => Err("no client certificate"),
        Some(chain) => recognisable(chain),
    };
    extensions.insert(Peer { certificate, slot: OnceLock::new() });
}

/// webpki is lenient by design: a certificate without the clientAuth usage passes its handshake. Not here.
fn recognisable(chain: &[CertificateDer<'_>]) -> Result<Recognised, &'static str> {
    let der = chain.first().ok_or("no client certificate")?;
    if check_client_profile(der).is_err() {
        return Err("certificate without the profile of a member's");
    }
    let certificate = MemberCertificate::parse_der(der).map_err(|_| "certificate unreadable")?;
    Ok(Recognised {
        key: certificate.thumbprint(),
        fingerprint: certificate.fingerprint,
        chain: chain.iter().map(|der| der.clone().into_owned()).collect(),
        verified: AtomicU64::new(0),
    })
}

/// How many connections each member has open.
#[derive(Clone)]
pub struct Connections {
    limit: usize,
    open: Arc<Mutex<HashMap<MemberId, Arc<AtomicUsize>>>>,
}

struct Slot {
    member: MemberId,
    open: Arc<AtomicUsize>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Connections {
    /// At most `limit` connections a member.
    pub fn new(limit: usize) -> Self {
        Self { limit, open: Arc::default() }
    }

    /// Counts a connection to its member at its first request; refuses it past the limit.
    pub fn admit(&self, peer: &Peer, member: &MemberId) -> ServiceResult<()> {
        if peer.slot.get().is_some_and(|slot| slot.member == *member) {
            return Ok(());
        }
        let open = {
            let mut all = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(member.clone()).or_default().clone()
        };
        let slot = Slot { member: member.clone(), open: open.clone() };
        if open.fetch_add(1, Ordering::Relaxed) >= self.limit {
            // The slot's drop gives the place back.
            drop(slot);
            return Err(ServiceError::Busy("this member has too many connections open".into()));
        }
        // Requests of one connection come one after another: nobody else sets it meanwhile.
        drop(peer.slot.set(slot));
        Ok(())
    }
}
