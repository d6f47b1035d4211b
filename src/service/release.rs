//! The pull: read, decide, sign, record, answer. In that order, so that nothing leaves unlogged.

use std::sync::Arc;

use super::Exchange;
use super::committer::PullOutcome;
use super::directory::Caller;
use super::error::{ServiceError, ServiceResult};
use super::prepare::{PreparedPull, Stamp, command, prepare};
use super::receipt::Receipt;
use super::repeat;
use crate::domain::consent::Purpose;
use crate::domain::denial::Denial;
use crate::domain::id_digest::IdDigest;
use crate::domain::section::Section;
use crate::seal::sd_jwt;
use crate::store::idempotency::{self, Claim};
use crate::store::release_unit::Decision;

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
    /// Keyed digest of the legal representative's identity number, to be told whether it matches.
    pub legal_rep_digest: Option<IdDigest>,
    /// The bank's case number.
    pub bank_ref: Option<String>,
}

/// A dossier in its parts, put together only where it is written out.
#[derive(Clone, Debug)]
pub struct Dossier {
    /// The issuer-signed JWT.
    pub jwt: String,
    /// The disclosures that go with it.
    pub disclosures: Vec<Arc<str>>,
}

impl Dossier {
    /// Bytes of the SD-JWT.
    pub fn length(&self) -> usize {
        self.jwt.len() + 1 + self.disclosures.iter().map(|disclosure| disclosure.len() + 1).sum::<usize>()
    }

    /// Writes the SD-JWT (RFC 9901, section 4).
    pub fn write_to(&self, text: &mut String) {
        sd_jwt::write_to(text, &self.jwt, self.disclosures.iter().map(|disclosure| &**disclosure));
    }

    /// The SD-JWT.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(self.length());
        self.write_to(&mut text);
        text
    }
}

/// A dossier that left.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// Its release.
    pub release_id: String,
    /// The SD-JWT.
    pub dossier: Dossier,
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
    exchange.witnesses.allow_release(exchange.clock.now())?;
    if let Some(claim) = &claim
        && let Some(release_id) = kept(exchange, caller, claim).await?
    {
        return repeat::again(exchange, caller, request, &release_id).await;
    }
    exchange.refusals.check_quota(caller, exchange.clock.now())?;
    let _announced = exchange.writer.announce();
    for attempt in 0..PREPARE_AGAIN_MAX {
        let prepared = prepare(exchange, caller, request, claim.clone(), attempt == 0).await?;
        let PreparedPull { command, disclosures } = prepared;
        let (id, jwt) = (command.id.clone(), command.prepared.as_ref().map(|p| p.jwt.clone()).ok());
        // Read before the decision: read after it, a midnight in between would close the new day as used up.
        let asked_at = exchange.clock.now();
        let PullOutcome { decision, remaining, committed } = exchange.writer.pull(command).await?;
        match (decision, committed, jwt) {
            (Decision::Granted { entry }, Some(committed), Some(jwt)) => {
                exchange.memory.count_pull(&request.consent_id);
                let receipt = committed.receipt(entry)?;
                let disclosures = disclosures.iter().map(|ready| ready.encoded.clone()).collect();
                let dossier = Dossier { jwt, disclosures };
                return Ok(Pulled { release_id: id, dossier, receipt, remaining: Some(remaining) });
            }
            (Decision::Granted { .. }, _, _) => {
                return Err(ServiceError::internal("a grant without its entry"));
            }
            (Decision::Refused(denial), _, _) => {
                exchange.memory.forget_refused(&request.consent_id, &caller.member);
                return Err(ServiceError::Denied(denial));
            }
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
