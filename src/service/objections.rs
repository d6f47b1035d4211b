//! Objections: "I dispute this access", raised by the firm itself or passed on by the bureau. The bank is asked at once.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Exchange;
use super::admin::{Actor, TAXPAYER};
use super::error::{ServiceError, ServiceResult};
use super::receipt::Receipt;
use super::{cases, evidence};
use crate::domain::case::{TEXT_LENGTH_MAX, is_text};
use crate::domain::member::MemberId;
use crate::domain::representative::ActingFor;
use crate::domain::sentinel::objection as rule;
use crate::domain::taxpayer_id::TaxpayerId;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::store::accesses;
use crate::store::db::AnyConnection;
use crate::store::error::{StoreError, StoreResult};
use crate::store::idempotency::{self, Claim};
use crate::store::ledger::{Draft, Field};
use crate::store::objections::{self, Objection};
use crate::store::releases::ReleaseRow;
use crate::store::{ledger_read, releases};

/// An objection as the bureau writes it: `new` in `schema/objection.json`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewObjection {
    /// The release that the firm disputes.
    pub release_id: String,
    /// What the firm says.
    pub text: String,
}

/// An objection as recorded.
#[derive(Clone, Debug, Serialize)]
pub struct ObjectionView {
    /// UUIDv7.
    pub id: String,
    /// The release that is disputed.
    pub release_id: String,
    /// What the firm says.
    pub text: String,
    /// When it was recorded.
    pub raised_at: Timestamp,
    /// The case in which the bank is asked; null if the rule is off.
    pub case_id: Option<String>,
    /// Proves the objection; of the first one, if it was asked for twice.
    pub receipt: Receipt,
}

/// Records an objection that the bureau passes on, and opens its case, in one unit.
pub async fn raise(
    exchange: &Arc<Exchange>,
    actor: &Actor,
    new: NewObjection,
    claim: Option<Claim>,
) -> ServiceResult<ObjectionView> {
    record(exchange, actor, None, new, claim).await
}

/// The same for a firm, of its own accesses only and once of each: foreign, refused and absent ones are alike.
pub async fn raise_own(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    new: NewObjection,
) -> ServiceResult<ObjectionView> {
    record(exchange, &Actor::from(acting), Some(acting.taxpayer().clone()), new, None).await
}

async fn record(
    exchange: &Arc<Exchange>,
    actor: &Actor,
    own: Option<TaxpayerId>,
    new: NewObjection,
    claim: Option<Claim>,
) -> ServiceResult<ObjectionView> {
    if !is_text(&new.text) {
        let must = format!(
            "must have 1 to {TEXT_LENGTH_MAX} characters, line breaks but no other control or invisible characters"
        );
        return Err(ServiceError::invalid("/text", must));
    }
    let member: MemberId = actor.member.parse().map_err(ServiceError::internal)?;
    let (id, case_id) = (exchange.fresh_id(), exchange.fresh_id());
    let (actor, options) = (actor.clone(), exchange.sentinels.clone());
    let ((objection, fresh), committed) = exchange
        .writer
        .unit(move |c, now| {
            if let Some(claim) = &claim
                && let Some(kept) = idempotency::find(c, &member, claim, now)?
            {
                return Ok(
                    earlier(kept, claim, |id| objections::find(c, id))?.map(|o| ((o, false), Vec::new()))
                );
            }
            let row = match releases::find_any_granted(c, &new.release_id)? {
                Some(row) if may_dispute(own.as_ref(), &row) => row,
                Some(_) | None => return Ok(Err(ServiceError::NotFound)),
            };
            if own.is_some() && is_disputed(c, &row.id)? {
                return Ok(Err(ServiceError::Conflict(
                    "您已对这次查询提出过异议 this access is disputed already".into(),
                )));
            }
            let entry = ledger_read::entry_about(c, &row.id, EntryKind::ReleaseGranted)?
                .ok_or_else(|| StoreError::corrupt("release", "a granted release has no entry"))?;
            let mut objection = Objection {
                id,
                release: row.id.clone(),
                text: new.text,
                case: None,
                raised_at: now,
                raised_by: actor.member.clone(),
            };
            let mut drafts = vec![draft(&actor, &objection, row.taxpayer_id.as_deref())];
            let found = rule::judge(&options, &row.bank, row.taxpayer_id.as_deref(), &row.id, entry.index);
            if let Some(finding) = found {
                let (case, opened) = cases::open(c, now, case_id, &finding)?;
                objection.case = Some(case.id);
                drafts.extend(opened);
            }
            objections::insert(c, &objection)?;
            if let Some(claim) = &claim {
                idempotency::keep(c, &member, claim, &objection.id, now)?;
            }
            Ok(Ok(((objection, true), drafts)))
        })
        .await?;
    let receipt = match fresh {
        true => committed.receipt(0)?,
        false => evidence::receipt_of(exchange, &objection.id, EntryKind::ObjectionRaised).await?,
    };
    let Objection { id, release, text, case, raised_at, .. } = objection;
    Ok(ObjectionView { id, release_id: release, text, raised_at, case_id: case, receipt })
}

/// The bureau may of every access, a firm of its own.
fn may_dispute(own: Option<&TaxpayerId>, row: &ReleaseRow) -> bool {
    own.is_none_or(|own| row.taxpayer_id.as_deref() == Some(own.as_str()))
}

/// Whether the firm itself disputed the access before.
fn is_disputed(c: &mut AnyConnection, release: &str) -> StoreResult<bool> {
    Ok(accesses::objections_to(c, release)?.iter().any(|(_, by)| by == TAXPAYER))
}

/// What the same request led to before.
fn earlier(
    kept: idempotency::Kept,
    claim: &Claim,
    find: impl FnOnce(&str) -> StoreResult<Option<Objection>>,
) -> StoreResult<ServiceResult<Objection>> {
    if kept.request_digest != claim.request_digest {
        return Ok(Err(ServiceError::KeyConflict));
    }
    Ok(find(&kept.object_id)?.ok_or(ServiceError::NotFound))
}

fn draft(actor: &Actor, objection: &Objection, taxpayer: Option<&str>) -> Draft {
    Draft {
        kind: EntryKind::ObjectionRaised,
        object_id: objection.id.clone(),
        actor: actor.member.clone(),
        by: actor.label.clone(),
        fields: vec![
            ("subject", Field::Sealed(taxpayer.unwrap_or_default().to_owned())),
            ("release", Field::Plain(objection.release.as_str().into())),
            ("text", Field::Sealed(objection.text.clone())),
        ],
    }
}
