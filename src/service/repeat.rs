//! A dossier once more: within 24 hours, while its consent is neither revoked nor expired.
//!
//! It consumes no pull, and it is an entry all the same: nothing leaves unlogged, the second time either.

use std::sync::Arc;

use serde::Serialize;

use super::Exchange;
use super::directory::Caller;
use super::error::{ServiceError, ServiceResult};
use super::evidence;
use super::member_keys::encrypted;
use super::rebuild::rebuild;
use super::receipt::Receipt;
use super::refusals::rate_limited;
use super::release::{Dossier, PullRequest, Pulled, refuse};
use crate::domain::consent::{Consent, ConsentStatus};
use crate::domain::denial::{ConsentFault, Denial};
use crate::domain::hold::HeldSubject;
use crate::domain::section::Section;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::seal::sd_jwt;
use crate::store::consents;
use crate::store::db::AnyConnection;
use crate::store::error::{StoreError, StoreResult};
use crate::store::holds;
use crate::store::ledger::{self, Draft, Field};
use crate::store::member_keys::MemberKey;
use crate::store::quota;
use crate::store::releases::{self, ReleaseRow};

/// How long a dossier may be asked for again: 24 h, in microseconds.
const REPEAT_MICROS: i64 = 24 * 3600 * 1_000_000;

/// A release as its bank sees it.
#[derive(Debug, Serialize)]
pub struct ReleaseView {
    /// UUIDv7.
    pub release_id: String,
    /// The consent it rests on.
    pub consent_id: String,
    /// What for.
    pub purpose: String,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// Ledger size that it was read at.
    pub read_at: Option<i64>,
    /// `sha-256:` digest of its issuer-signed JWT.
    pub dossier_digest: String,
    /// The bank's case number.
    pub bank_ref: Option<String>,
}

/// A release, and its dossier if it may be sent again.
#[derive(Debug, Serialize)]
pub struct Repeated {
    /// The release.
    #[serde(flatten)]
    pub release: ReleaseView,
    /// The SD-JWT, or a JWE of it, within 24 h and while the consent is neither revoked nor expired.
    pub dossier: Option<String>,
    /// Proves the release.
    pub receipt: Receipt,
    /// Proves this repetition, if the dossier was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat_receipt: Option<Receipt>,
}

/// The view of a stored release.
pub fn view(row: &ReleaseRow) -> ReleaseView {
    ReleaseView {
        release_id: row.id.clone(),
        consent_id: row.consent_id.clone(),
        purpose: row.purpose.clone(),
        issued_at: row.issued_at(),
        read_at: row.read_at,
        dossier_digest: row.jwt.as_deref().map(sd_jwt::dossier_digest).unwrap_or_default(),
        bank_ref: row.bank_ref.clone(),
    }
}

/// A bank's release by id; with its dossier if `with_dossier` and the repeat rule allows it, encrypted if a key is named.
pub async fn release(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    id: &str,
    with_dossier: bool,
    encrypt_to: Option<&MemberKey>,
) -> ServiceResult<Repeated> {
    let row = find(exchange, caller, id).await?;
    let repeated = match with_dossier {
        // It uses no pull of the consent, but a place of the bank's day: nobody floods the ledger by asking again.
        true => repeat(exchange, caller, &row, Vec::new(), Counted::ToTheDay).await?.ok(),
        false => None,
    };
    let receipt = evidence::receipt_of(exchange, id, EntryKind::ReleaseGranted).await?;
    let (dossier, repeat_receipt) = repeated.unzip();
    let dossier = match (dossier, encrypt_to) {
        (Some(dossier), Some(key)) => Some(encrypted(key, &dossier)?),
        (Some(dossier), None) => Some(dossier.text()),
        (None, _) => None,
    };
    Ok(Repeated { release: view(&row), dossier, receipt, repeat_receipt })
}

/// The answer to a pull that was asked before under the same idempotency key.
pub async fn again(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    request: &PullRequest,
    id: &str,
) -> ServiceResult<Pulled> {
    let row = find(exchange, caller, id).await?;
    match repeat(exchange, caller, &row, request.have.clone(), Counted::Not).await? {
        Ok((dossier, _receipt_of_repeat)) => {
            let receipt = evidence::receipt_of(exchange, id, EntryKind::ReleaseGranted).await?;
            Ok(Pulled { release_id: row.id, dossier, receipt, remaining: None })
        }
        Err(fault) => Err(refuse(exchange, caller, request, Denial::NotInForce(fault)).await),
    }
}

async fn find(exchange: &Arc<Exchange>, caller: &Caller, id: &str) -> ServiceResult<ReleaseRow> {
    let (bank, id) = (caller.member.clone(), id.to_owned());
    let found =
        exchange.point_read(move |e| Ok(e.ledger.read(|c| releases::find_granted(c, &bank, &id))?)).await?;
    found.ok_or(ServiceError::NotFound)
}

/// Whether a repeat takes a place of the bank's day. One under an idempotency key answers before the quota.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counted {
    ToTheDay,
    Not,
}

/// The dossier again and the proof that it was recorded, or what about the consent forbids it.
async fn repeat(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    row: &ReleaseRow,
    have: Vec<String>,
    counted: Counted,
) -> ServiceResult<Result<(Dossier, Receipt), ConsentFault>> {
    exchange.witnesses.allow_release(exchange.clock.now())?;
    if exchange.clock.now().since_micros(row.issued_at()) > REPEAT_MICROS {
        return Ok(Err(ConsentFault::Expired));
    }
    let stored = row.clone();
    let dossier = exchange.blocking(move |e| rebuild(e, &stored, &have)).await?;
    let draft = repeated_draft(caller, row);
    let (consent_id, asker, row) = (row.consent_id.clone(), caller.clone(), row.clone());
    let (barred, committed) = exchange
        .writer
        .unit(move |c, now| {
            let consents = consents::lock(c, &[&consent_id])?;
            // Judged by the ledger's clock, which another process may have moved ahead of this one's.
            let head = ledger::head(c)?;
            let at = now.max(head.at.plus_micros(1));
            let mut barred =
                consents.first().map_or(Some(ConsentFault::Unknown), |consent| bars_repeat(consent, at));
            let withdrawn = consents.first().is_some_and(|consent| !consent.covers_personal_data());
            if barred.is_none() && row.personal_data && withdrawn {
                barred = Some(ConsentFault::PersonalWithdrawn);
            }
            if barred.is_none() && is_held(c, &row, at)? {
                barred = Some(ConsentFault::OnHold);
            }
            if barred.is_none() && counted == Counted::ToTheDay {
                let place = quota::take(c, &asker.member, at.shanghai_date(), 1, asker.quota_per_day)?;
                if place.taken == 0 {
                    return Ok(Err(rate_limited(&asker, at)));
                }
            }
            // Under the head's lock: a hold placed meanwhile by another process comes before this entry.
            if barred.is_none() && ledger::lock_head(c)?.last_hold_index != head.last_hold_index {
                return Err(StoreError::DecideAgain);
            }
            Ok(Ok((barred, if barred.is_none() { vec![draft] } else { Vec::new() })))
        })
        .await?;
    match barred {
        None => Ok(Ok((dossier, committed.receipt(0)?))),
        Some(fault) => Ok(Err(fault)),
    }
}

/// What about a consent forbids a repeat. That its pulls are used up does not.
fn bars_repeat(consent: &Consent, at: Timestamp) -> Option<ConsentFault> {
    match consent.standing(at) {
        ConsentStatus::Granted | ConsentStatus::Exhausted => None,
        ConsentStatus::Draft | ConsentStatus::Requested | ConsentStatus::Declined | ConsentStatus::Lapsed => {
            Some(ConsentFault::NotGranted)
        }
        ConsentStatus::Suspended => Some(ConsentFault::Suspended),
        ConsentStatus::Revoked => Some(ConsentFault::Revoked),
        ConsentStatus::Expired => Some(ConsentFault::Expired),
        ConsentStatus::Superseded => Some(ConsentFault::Superseded),
    }
}

/// Whether the bureau holds what would be sent again.
fn is_held(c: &mut AnyConnection, row: &ReleaseRow, at: Timestamp) -> StoreResult<bool> {
    let corrupt = |why: &dyn ToString| StoreError::corrupt("release", why.to_string());
    let names = row.sections.as_deref().unwrap_or_default().split_whitespace();
    let sections: Vec<Section> =
        names.map(|name| name.parse().map_err(|why| corrupt(&why))).collect::<Result<_, _>>()?;
    let subject = HeldSubject {
        bank: &row.bank,
        product: row.product_id.as_deref().unwrap_or_default(),
        taxpayer: row.taxpayer_id.as_deref().unwrap_or_default(),
        sections: &sections,
    };
    Ok(holds::active(c, at)?.bar(subject, at))
}

fn repeated_draft(caller: &Caller, row: &ReleaseRow) -> Draft {
    Draft {
        kind: EntryKind::ReleaseRepeated,
        object_id: row.id.clone(),
        actor: caller.member.to_string(),
        by: caller.label.clone(),
        fields: vec![
            ("subject", Field::Sealed(row.taxpayer_id.clone().unwrap_or_default())),
            ("dossier_digest", Field::Plain(view(row).dossier_digest.into())),
            ("purpose", Field::Plain(row.purpose.as_str().into())),
        ],
    }
}
