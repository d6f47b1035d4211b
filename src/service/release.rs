//! The pull: read, decide, sign, record, answer. In that order, so that nothing leaves unlogged.

use std::sync::Arc;

use super::Exchange;
use super::directory::Caller;
use super::disclosures::{Ready, ready};
use super::error::{ServiceError, ServiceResult};
use super::receipt::Receipt;
use super::repeat;
use super::writer::PullOutcome;
use crate::domain::consent::Purpose;
use crate::domain::denial::Denial;
use crate::domain::permit::{Ask, Permit, permit};
use crate::domain::section::Section;
use crate::domain::timestamp::Timestamp;
use crate::seal::digest::canonical_json;
use crate::seal::sd_jwt::{self, CLAIMS_VERSION, ConsentClaim, DIGEST_ALGORITHM, DossierClaims, WindowClaim};
use crate::store::consents;
use crate::store::idempotency::{self, Claim};
use crate::store::products;
use crate::store::release_unit::{Decision, Prepared, ReleaseCommand};

/// Version of the consent rules in `domain::permit`; stands in every dossier.
pub const POLICY: &str = "consent-rules/1";
/// How often a pull is prepared anew because the consent changed under it.
const PREPARE_AGAIN_MAX: u32 = 3;

/// What a bank asks for, parsed.
#[derive(Clone, Debug)]
pub struct PullRequest {
    /// Up to 64 characters.
    pub consent_id: String,
    /// What for.
    pub purpose: Purpose,
    /// Must match the consent's, if given.
    pub taxpayer_id: Option<String>,
    /// All consented ones, if absent.
    pub sections: Option<Vec<Section>>,
    /// Comes back inside the signed dossier.
    pub nonce: Option<String>,
    /// Digests of disclosures that the bank holds already.
    pub have: Vec<String>,
    /// The bank's case number.
    pub bank_ref: Option<String>,
}

/// A dossier that left.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// Its release.
    pub release_id: String,
    /// The SD-JWT.
    pub dossier: String,
    /// Proves that the release was recorded before it left.
    pub receipt: Receipt,
    /// Dossiers left to the bank for the day, if this one counted.
    pub remaining: Option<u64>,
}

/// Releases a dossier, or refuses; both are in the ledger before this returns.
pub async fn pull(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    request: &PullRequest,
    claim: Option<Claim>,
) -> ServiceResult<Pulled> {
    if let Some(claim) = &claim
        && let Some(release_id) = kept(exchange, caller, claim).await?
    {
        return repeat::again(exchange, caller, request, &release_id).await;
    }
    exchange.refusals.check_quota(caller, exchange.clock.now())?;
    for _attempt in 0..PREPARE_AGAIN_MAX {
        let (command, disclosures) = prepare(exchange, caller, request, claim.clone()).await?;
        let (id, jwt) = (command.id.clone(), command.prepared.as_ref().map(|p| p.jwt.clone()).ok());
        // Read before the decision: read after it, a midnight in between would close the new day as used up.
        let asked_at = exchange.clock.now();
        let PullOutcome { decision, remaining, committed } = exchange.writer.pull(command).await?;
        match (decision, committed, jwt) {
            (Decision::Granted { entry }, Some(committed), Some(jwt)) => {
                let receipt = committed.receipt(entry)?;
                let dossier = sd_jwt::assemble(&jwt, disclosures.iter().map(String::as_str));
                return Ok(Pulled { release_id: id, dossier, receipt, remaining: Some(remaining) });
            }
            (Decision::Granted { .. }, _, _) => {
                return Err(ServiceError::internal("a grant without its entry"));
            }
            (Decision::Refused(denial), _, _) => return Err(ServiceError::Denied(denial)),
            (Decision::Outdated, _, _) => {}
            (Decision::OverQuota, _, _) => {
                return Err(exchange.refusals.quota_used_up(caller, asked_at));
            }
            (Decision::KeyConflict, _, _) => return Err(ServiceError::KeyConflict),
            (Decision::Repeated { release_id }, _, _) => {
                return repeat::again(exchange, caller, request, &release_id).await;
            }
        }
    }
    Err(ServiceError::Busy("the consent kept changing".into()))
}

/// Records a refusal that was found outside the usual path, and answers with it.
pub async fn refuse(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    request: &PullRequest,
    denial: Denial,
) -> ServiceError {
    let asked_at = exchange.clock.now();
    let refused = async {
        let stamp = Stamp { id: exchange.fresh_id(), at: asked_at };
        let command = command(caller, request, None, stamp, Err(denial))?;
        exchange.writer.pull(command).await
    };
    match refused.await {
        Ok(PullOutcome { decision: Decision::OverQuota, .. }) => {
            exchange.refusals.quota_used_up(caller, asked_at)
        }
        Ok(_recorded) => ServiceError::Denied(denial),
        Err(error) => error,
    }
}

async fn kept(exchange: &Arc<Exchange>, caller: &Caller, claim: &Claim) -> ServiceResult<Option<String>> {
    let (member, asked, now) = (caller.member.clone(), claim.clone(), exchange.clock.now());
    let kept = exchange
        .point_read(move |e| Ok(e.ledger.read(|c| idempotency::find(c, &member, &asked, now))?))
        .await?;
    match kept {
        None => Ok(None),
        Some(kept) if kept.request_digest == claim.request_digest => Ok(Some(kept.object_id)),
        Some(_other_request) => Err(ServiceError::KeyConflict),
    }
}

/// Reads and signs. What the read unit refuses goes to the writer as a refusal, without touching a section.
async fn prepare(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    request: &PullRequest,
    claim: Option<Claim>,
) -> ServiceResult<(ReleaseCommand, Vec<String>)> {
    let now = exchange.clock.now();
    let stamp = Stamp { id: exchange.fresh_id(), at: now };
    let asked = ask(caller, request);
    let read = exchange.point_read(move |e| read(e, &asked, now, false)).await?;
    let (permit, ready) = match read {
        Err(denial) => return Ok((command(caller, request, claim, stamp, Err(denial))?, Vec::new())),
        Ok((permit, Some(ready))) => (permit, ready),
        Ok((permit, None)) => {
            let opened = permit.clone();
            let built = exchange.blocking(move |e| ready_or_fault(e, &opened, now)).await?;
            (permit, built)
        }
    };
    let sent = ready.disclosures.iter().filter(|row| !request.have.contains(&row.digest));
    let disclosures = sent.map(|row| row.encoded.clone()).collect();
    let prepared = sign(exchange, &stamp, permit, &ready, request.nonce.clone())?;
    Ok((command(caller, request, claim, stamp, Ok(prepared))?, disclosures))
}

type ReadUnit = Result<(Permit, Option<Ready>), Denial>;

fn read(exchange: &Exchange, ask: &Ask, now: Timestamp, may_build: bool) -> ServiceResult<ReadUnit> {
    let (consent, product) = exchange.ledger.read(|c| {
        let consent = consents::find(c, &ask.consent_id)?;
        // Asked for an unknown consent too: the work must not tell the two apart.
        let product_id = consent.as_ref().map_or("", |consent| consent.terms.product_id.as_str());
        let product = products::find(c, product_id)?;
        Ok((consent, product))
    })?;
    match permit(ask, consent.as_ref(), product.as_ref(), now) {
        Err(denial) => Ok(Err(denial)),
        Ok(permit) => {
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
    }
}

/// The id and instant of a release.
struct Stamp {
    id: String,
    at: Timestamp,
}

fn command(
    caller: &Caller,
    request: &PullRequest,
    idempotency: Option<Claim>,
    stamp: Stamp,
    prepared: Result<Prepared, Denial>,
) -> ServiceResult<ReleaseCommand> {
    let ask = ask(caller, request);
    let ask_json = canonical_json(&serde_json::json!({
        "consent_id": ask.consent_id,
        "purpose": ask.purpose,
        "taxpayer_id": ask.taxpayer_id,
        "sections": ask.sections,
    }))
    .map_err(ServiceError::internal)?;
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
    let mut digests: Vec<String> = ready.disclosures.iter().map(|row| row.digest.clone()).collect();
    digests.sort_unstable();
    let claims = DossierClaims {
        v: CLAIMS_VERSION,
        iss: exchange.keys.trust.issuer.clone(),
        aud: permit.bank().to_string(),
        sub: permit.taxpayer().as_str().to_owned(),
        jti: stamp.id.clone(),
        iat: stamp.at.seconds(),
        purpose: permit.purpose().to_string(),
        nonce,
        consent: ConsentClaim {
            id: permit.consent_id().to_owned(),
            digest: permit.consent_digest().to_owned(),
            policy: POLICY.to_owned(),
        },
        product: permit.product_id().to_owned(),
        read_at: ready.read_at,
        window: WindowClaim { from: permit.window().from(), to: permit.window().to() },
        sd: digests,
        sd_alg: DIGEST_ALGORITHM.to_owned(),
    };
    let jwt = sd_jwt::issue(&claims, &exchange.keys.dossier).map_err(ServiceError::internal)?;
    let dossier_digest = sd_jwt::dossier_digest(&jwt);
    Ok(Prepared {
        permit,
        jwt,
        dossier_digest,
        read_at: ready.read_at,
        policy: POLICY.to_owned(),
        salt_epoch: ready.salt_epoch,
    })
}
