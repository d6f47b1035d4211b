//! The read unit of a pull: what may leave, found, built where it must be, and signed.

use std::sync::Arc;

use super::Exchange;
use super::directory::Caller;
use super::disclosures::{Ready, ready, remembered};
use super::error::{ServiceError, ServiceResult};
use super::memory::ReadyDisclosure;
use super::release::PullRequest;
use crate::domain::denial::{ConsentFault, Denial};
use crate::domain::hold::Holds;
use crate::domain::permit::{Ask, Permit, permit};
use crate::domain::policy::Policy;
use crate::domain::timestamp::Timestamp;
use crate::seal::digest::canonical_json;
use crate::seal::sd_jwt::{self, CLAIMS_VERSION, ConsentClaim, DIGEST_ALGORITHM, DossierClaims, WindowClaim};
use crate::store::consents;
use crate::store::holds;
use crate::store::idempotency::Claim;
use crate::store::products;
use crate::store::release_unit::{Prepared, ReleaseCommand};

/// Member of a kept request that holds the submitted digest; a repeat answers the same question again.
pub const LEGAL_REP_DIGEST: &str = "legal_rep_digest";

/// A pull ready for the writer, and the disclosures that go with it.
pub struct PreparedPull {
    /// For the writer.
    pub command: ReleaseCommand,
    /// What is sent if it is granted: those that the bank does not hold already.
    pub disclosures: Vec<Arc<ReadyDisclosure>>,
}

/// Reads and signs. What the read unit refuses goes to the writer as a refusal, without touching a section.
///
/// With `may_remember`, what this process remembers of an earlier pull takes the place of reading, if all of it is there.
pub async fn prepare(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    request: &PullRequest,
    claim: Option<Claim>,
    may_remember: bool,
) -> ServiceResult<PreparedPull> {
    let now = exchange.clock.now();
    let stamp = Stamp { id: exchange.fresh_id(), at: now };
    let asked = ask(caller, request);
    let known = if may_remember { recall(exchange, &asked, now)? } else { None };
    let read = match known {
        Some(known) => Ok(known),
        None => {
            let read = exchange.point_read(move |e| read(e, &asked, now, false)).await?;
            complete(exchange, read, now).await?
        }
    };
    let (permit, ready) = match read {
        Ok(found) => found,
        Err(denial) => {
            let command = command(caller, request, claim, stamp, Err(denial))?;
            return Ok(PreparedPull { command, disclosures: Vec::new() });
        }
    };
    let prepared = sign(exchange, &stamp, permit, &ready, request.nonce.clone())?;
    let command = command(caller, request, claim, stamp, Ok(prepared))?;
    let sent = ready.disclosures.into_iter().filter(|ready| !request.have.contains(&ready.digest));
    Ok(PreparedPull { command, disclosures: sent.collect() })
}

/// What an earlier pull left in memory, if it allows this one and still holds at the newest head this process signed.
fn recall(exchange: &Exchange, ask: &Ask, now: Timestamp) -> ServiceResult<Option<(Permit, Ready)>> {
    let Some((consent, product)) = exchange.memory.consent(&ask.consent_id) else { return Ok(None) };
    // Holds are not remembered: the write unit reads them, and what it refuses is forgotten here.
    let policy = exchange.policy.last_seen();
    let permitted = permit(ask, Some(&consent), Some(&product), Holds::NONE, &policy, now);
    let Ok(permit) = permitted else { return Ok(None) };
    Ok(remembered(exchange, &permit, now)?.map(|ready| (permit, ready)))
}

/// Builds, away from the serving threads, what the read unit did not find.
async fn complete(
    exchange: &Arc<Exchange>,
    read: ReadUnit,
    now: Timestamp,
) -> ServiceResult<Result<(Permit, Ready), Denial>> {
    match read {
        Err(denial) => Ok(Err(denial)),
        Ok((permit, Some(ready))) => Ok(Ok((permit, ready))),
        Ok((permit, None)) => {
            let opened = permit.clone();
            let built = exchange.blocking(move |e| ready_or_fault(e, &opened, now)).await?;
            Ok(Ok((permit, built)))
        }
    }
}

type ReadUnit = Result<(Permit, Option<Ready>), Denial>;

fn read(exchange: &Exchange, ask: &Ask, now: Timestamp, may_build: bool) -> ServiceResult<ReadUnit> {
    let (consent, product, holds) = exchange.ledger.read(|c| {
        let consent = consents::find(c, &ask.consent_id)?;
        // Asked for an unknown consent too: the work must not tell the two apart.
        let product_id = consent.as_ref().map_or("", |consent| consent.terms.product_id.as_str());
        let product = products::find(c, product_id)?;
        Ok((consent, product, holds::active(c, now)?))
    })?;
    let under = |policy: &Policy| permit(ask, consent.as_ref(), product.as_ref(), &holds, policy, now);
    let permitted = match under(&exchange.policy.last_seen()) {
        // Another process may have put another policy in force.
        Err(Denial::NotInForce(ConsentFault::BeyondPolicy | ConsentFault::NoDrawdown)) => {
            under(&*exchange.policy_in_force()?)
        }
        permitted => permitted,
    };
    match permitted {
        Err(denial) => Ok(Err(denial)),
        Ok(permit) => {
            if let (Some(consent), Some(product)) = (consent, product) {
                exchange.memory.remember_consent(consent, product);
            }
            let ready = ready(exchange, &permit, now, may_build)?;
            Ok(Ok((permit, ready)))
        }
    }
}

fn ready_or_fault(exchange: &Exchange, permit: &Permit, now: Timestamp) -> ServiceResult<Ready> {
    ready(exchange, permit, now, true)?.ok_or_else(|| ServiceError::internal("a dossier could not be built"))
}

fn ask(caller: &Caller, request: &PullRequest) -> Ask {
    Ask {
        consent_id: request.consent_id.clone(),
        bank: caller.member.clone(),
        purpose: request.purpose,
        taxpayer_id: request.taxpayer_id.clone(),
        sections: request.sections.clone(),
        legal_rep_digest: request.legal_rep_digest,
    }
}

/// The id and instant of a release.
pub struct Stamp {
    /// UUIDv7.
    pub id: String,
    /// When it was asked for.
    pub at: Timestamp,
}

/// Puts a pull into the form the writer takes.
pub fn command(
    caller: &Caller,
    request: &PullRequest,
    idempotency: Option<Claim>,
    stamp: Stamp,
    prepared: Result<Prepared, Denial>,
) -> ServiceResult<ReleaseCommand> {
    let ask = ask(caller, request);
    let mut asked = serde_json::json!({
        "consent_id": ask.consent_id,
        "purpose": ask.purpose,
        "taxpayer_id": ask.taxpayer_id,
        "sections": ask.sections,
    });
    if let Some(digest) = ask.legal_rep_digest {
        asked[LEGAL_REP_DIGEST] = String::from(digest).into();
    }
    let ask_json = canonical_json(&asked).map_err(ServiceError::internal)?;
    Ok(ReleaseCommand {
        id: stamp.id,
        ask,
        ask_json,
        prepared,
        by: caller.label.clone(),
        certificate: caller.certificate.clone(),
        issued_at: stamp.at,
        bank_ref: request.bank_ref.clone(),
        idempotency,
    })
}

fn sign(
    exchange: &Exchange,
    stamp: &Stamp,
    permit: Permit,
    ready: &Ready,
    nonce: Option<String>,
) -> ServiceResult<Prepared> {
    let mut digests: Vec<String> = ready.disclosures.iter().map(|ready| ready.digest.clone()).collect();
    digests.sort_unstable();
    let claims = DossierClaims {
        v: CLAIMS_VERSION,
        iss: exchange.keys.trust().issuer.clone(),
        aud: permit.bank().to_string(),
        sub: permit.taxpayer().as_str().to_owned(),
        jti: stamp.id.clone(),
        iat: stamp.at.seconds(),
        purpose: permit.purpose().to_string(),
        nonce,
        consent: ConsentClaim {
            id: permit.consent_id().to_owned(),
            digest: permit.consent_digest().to_owned(),
            policy: permit.policy().to_owned(),
        },
        product: permit.product_id().to_owned(),
        read_at: ready.read_at,
        window: WindowClaim { from: permit.window().from(), to: permit.window().to() },
        sd: digests,
        sd_alg: DIGEST_ALGORITHM.to_owned(),
    };
    let signer = exchange.keys.dossier_at(stamp.at).map_err(ServiceError::internal)?;
    let jwt = sd_jwt::issue(&claims, &signer).map_err(ServiceError::internal)?;
    let dossier_digest = sd_jwt::dossier_digest(&jwt);
    Ok(Prepared {
        permit,
        jwt,
        dossier_digest,
        read_at: ready.read_at,
        salt_epoch: ready.salt_epoch,
        last_batch_index: ready.last_batch_index,
    })
}
