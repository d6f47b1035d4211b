//! The brake: the bureau places holds and lifts them. Each is an entry, and from that entry on it binds every process.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Exchange;
use super::admin::Actor;
use super::error::{ServiceError, ServiceResult};
use super::evidence;
use super::receipt::Receipt;
use crate::domain::hold::{Hold, HoldKind, HoldStatus, HoldTarget, REASON_LENGTH_MAX};
use crate::domain::member::{MemberId, Role};
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::store::db::AnyConnection;
use crate::store::error::StoreResult;
use crate::store::idempotency::{self, Claim, Kept};
use crate::store::ledger::{Draft, Field};
use crate::store::{holds, members, products};

/// A hold as the bureau writes it: `new` in `schema/hold.json`. Names exactly one target.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewHold {
    /// A bank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// A product's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// A section.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// A taxpayer's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taxpayer: Option<String>,
    /// Why, for the bureau.
    pub reason: String,
    /// First instant at which it no longer holds; none: until it is lifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl NewHold {
    /// What it names, if that is one thing that can be.
    pub fn target(&self) -> ServiceResult<HoldTarget> {
        let named: Vec<(HoldKind, &str)> = [
            (HoldKind::Member, &self.member),
            (HoldKind::Product, &self.product),
            (HoldKind::Section, &self.section),
            (HoldKind::Taxpayer, &self.taxpayer),
        ]
        .into_iter()
        .filter_map(|(kind, value)| value.as_deref().map(|value| (kind, value)))
        .collect();
        match named.as_slice() {
            [(kind, value)] => {
                HoldTarget::parse(*kind, value).map_err(|why| ServiceError::invalid(format!("/{kind}"), why))
            }
            _none_or_several => {
                Err(ServiceError::invalid("", "must name one of member, product, section and taxpayer"))
            }
        }
    }

    fn check(&self) -> ServiceResult<HoldTarget> {
        let length = self.reason.chars().count();
        if !(1..=REASON_LENGTH_MAX).contains(&length) || self.reason.chars().any(char::is_control) {
            return Err(ServiceError::invalid(
                "/reason",
                format!("must have 1 to {REASON_LENGTH_MAX} characters, none of them a control character"),
            ));
        }
        self.target()
    }
}

/// A hold as the bureau sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct HoldView {
    /// UUIDv7.
    pub id: String,
    /// What kind of thing it names.
    pub target: HoldKind,
    /// Which one.
    pub value: String,
    /// Why.
    pub reason: String,
    /// First instant at which it no longer holds.
    pub until: Option<Timestamp>,
    /// Where it stands.
    pub status: HoldStatus,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// The member that placed it.
    pub placed_by: String,
    /// When it was lifted.
    pub lifted_at: Option<Timestamp>,
    /// The member that lifted it.
    pub lifted_by: Option<String>,
}

impl HoldView {
    /// As it stands at this instant.
    pub fn new(hold: Hold, now: Timestamp) -> Self {
        Self {
            status: hold.status(now),
            target: hold.target.kind(),
            value: hold.target.value().to_owned(),
            id: hold.id,
            reason: hold.reason,
            until: hold.until,
            placed_at: hold.placed_at,
            placed_by: hold.placed_by,
            lifted_at: hold.lifted_at,
            lifted_by: hold.lifted_by,
        }
    }
}

/// A hold placed or lifted, with its place in the ledger.
#[derive(Clone, Debug, Serialize)]
pub struct HoldChange {
    /// The hold after it.
    #[serde(flatten)]
    pub hold: HoldView,
    /// Proves the change; of the first one, if it was asked for twice.
    pub receipt: Receipt,
}

/// What a unit did with a hold: the hold, and whether it is by this very unit.
type Done = (Hold, bool);
/// What a unit writes, or why it does not.
type Unit<T> = StoreResult<ServiceResult<(T, Vec<Draft>)>>;

/// Places a hold. Nothing that it names leaves after its entry, from no process.
pub async fn place(
    exchange: &Arc<Exchange>,
    actor: &Actor,
    new: NewHold,
    claim: Option<Claim>,
) -> ServiceResult<HoldChange> {
    new.check()?;
    let (id, actor) = (exchange.fresh_id(), actor.clone());
    let ((hold, fresh), committed) = exchange
        .writer
        .unit(move |c, now| {
            let Some(claim) = claim else { return placing(c, now, &actor, id, &new) };
            claimed(c, now, &actor, &claim, &id.clone(), |c| placing(c, now, &actor, id, &new))
        })
        .await?;
    let receipt = match fresh {
        true => committed.receipt(0)?,
        false => evidence::receipt_of(exchange, &hold.id, EntryKind::HoldPlaced).await?,
    };
    Ok(HoldChange { hold: HoldView::new(hold, exchange.clock.now()), receipt })
}

/// Lifts a hold. Doing it twice changes nothing.
pub async fn lift(
    exchange: &Arc<Exchange>,
    actor: &Actor,
    id: String,
    claim: Option<Claim>,
) -> ServiceResult<HoldChange> {
    let actor = actor.clone();
    let ((hold, fresh), committed) = exchange
        .writer
        .unit(move |c, now| {
            let Some(claim) = claim else { return lifting(c, now, &actor, &id) };
            claimed(c, now, &actor, &claim, &id, |c| lifting(c, now, &actor, &id))
        })
        .await?;
    let receipt = match fresh {
        true => committed.receipt(0)?,
        false => evidence::receipt_of(exchange, &hold.id, EntryKind::HoldLifted).await?,
    };
    Ok(HoldChange { hold: HoldView::new(hold, exchange.clock.now()), receipt })
}

/// One page of holds, oldest first, lifted and expired ones too.
pub async fn list(exchange: &Arc<Exchange>, after: String, limit: i64) -> ServiceResult<Vec<HoldView>> {
    let now = exchange.clock.now();
    let rows = exchange.blocking(move |e| Ok(e.ledger.read(|c| holds::page(c, &after, limit))?)).await?;
    Ok(rows.into_iter().map(|hold| HoldView::new(hold, now)).collect())
}

/// Places a hold inside a unit of the caller's, which records the entry.
pub fn placing(
    connection: &mut AnyConnection,
    now: Timestamp,
    actor: &Actor,
    id: String,
    new: &NewHold,
) -> Unit<Done> {
    let target = match new.check() {
        Ok(target) => target,
        Err(wrong) => return Ok(Err(wrong)),
    };
    if new.until.is_some_and(|until| until <= now) {
        return Ok(Err(ServiceError::invalid("/until", "must lie ahead")));
    }
    if let Some(wrong) = absent(connection, &target)? {
        return Ok(Err(wrong));
    }
    let hold = Hold {
        id,
        target,
        reason: new.reason.clone(),
        until: new.until,
        placed_at: now,
        placed_by: actor.member.clone(),
        lifted_at: None,
        lifted_by: None,
    };
    holds::insert(connection, &hold)?;
    let draft = draft(EntryKind::HoldPlaced, actor, &hold);
    Ok(Ok(((hold, true), vec![draft])))
}

/// Lifts a hold inside a unit of the caller's, which records the entry.
pub fn lifting(connection: &mut AnyConnection, now: Timestamp, actor: &Actor, id: &str) -> Unit<Done> {
    let Some(mut hold) = holds::lock(connection, id)? else { return Ok(Err(ServiceError::NotFound)) };
    if hold.lifted_at.is_some() {
        return Ok(Ok(((hold, false), Vec::new())));
    }
    holds::lift(connection, id, now, &actor.member)?;
    hold.lifted_at = Some(now);
    hold.lifted_by = Some(actor.member.clone());
    let draft = draft(EntryKind::HoldLifted, actor, &hold);
    Ok(Ok(((hold, true), vec![draft])))
}

/// Does `work` under an idempotency key, or finds what the same request led to before.
fn claimed(
    c: &mut AnyConnection,
    now: Timestamp,
    actor: &Actor,
    claim: &Claim,
    id: &str,
    work: impl FnOnce(&mut AnyConnection) -> Unit<Done>,
) -> Unit<Done> {
    let Ok(member) = actor.member.parse::<MemberId>() else {
        return Ok(Err(ServiceError::internal("an idempotency key of no member")));
    };
    match idempotency::find(c, &member, claim, now)? {
        Some(Kept { request_digest, .. }) if request_digest != claim.request_digest => {
            Ok(Err(ServiceError::KeyConflict))
        }
        Some(kept) => Ok(match holds::find(c, &kept.object_id)? {
            Some(hold) => Ok(((hold, false), Vec::new())),
            None => Err(ServiceError::NotFound),
        }),
        None => {
            let done = work(c)?;
            if done.is_ok() {
                idempotency::keep(c, &member, claim, id, now)?;
            }
            Ok(done)
        }
    }
}

/// A bank or product that is not there cannot be held: that is a typing error. A taxpayer may come later.
fn absent(c: &mut AnyConnection, target: &HoldTarget) -> StoreResult<Option<ServiceError>> {
    Ok(match target {
        HoldTarget::Member(id) => {
            let bank =
                members::all(c)?.into_iter().any(|member| member.id == *id && member.role == Role::Bank);
            (!bank).then(|| ServiceError::invalid("/member", "must be a member bank"))
        }
        HoldTarget::Product(id) => match products::find(c, id)? {
            Some(_) => None,
            None => Some(ServiceError::invalid("/product", "must be a product that was submitted")),
        },
        HoldTarget::Section(_) | HoldTarget::Taxpayer(_) => None,
    })
}

/// What kind of thing is held stands in the leaf; which one and why are commitments.
fn draft(kind: EntryKind, actor: &Actor, hold: &Hold) -> Draft {
    Draft {
        kind,
        object_id: hold.id.clone(),
        actor: actor.member.clone(),
        by: actor.label.clone(),
        fields: vec![
            ("target", Field::Plain(hold.target.kind().as_str().into())),
            ("value", Field::Sealed(hold.target.value().to_owned())),
            ("reason", Field::Sealed(hold.reason.clone())),
        ],
    }
}
