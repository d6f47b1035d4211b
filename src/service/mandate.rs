//! Mandates of the regulator's inspections: opened by one person, approved by another, and only then in force.
//!
//! Under a mandate the regulator sees the taxpayers of one bank in one period; each such read names the mandate.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Exchange;
use super::directory::Caller;
use super::error::{ServiceError, ServiceResult};
use super::receipt::Receipt;
use crate::domain::member::{MemberId, Role};
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::store::idempotency::{self, Claim};
use crate::store::ledger::{Draft, Field};
use crate::store::mandates::{self, MandateRow};
use crate::store::members;

/// The longest notice number, in characters.
const NOTICE_CHARACTERS_MAX: usize = 64;

/// What the regulator sends to open a mandate.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewMandate {
    /// 检查通知书文号: number of the inspection's notice.
    pub notice_no: String,
    /// The bank inspected.
    pub bank: MemberId,
    /// First instant inspected.
    pub from: Timestamp,
    /// First instant no longer inspected.
    pub to: Timestamp,
}

/// A mandate as bureau and regulator see it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct MandateView {
    /// UUIDv7.
    pub id: String,
    /// Number of the inspection's notice.
    pub notice_no: String,
    /// The bank inspected.
    pub bank: String,
    /// First instant inspected.
    pub from: Timestamp,
    /// First instant no longer inspected.
    pub to: Timestamp,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Who opened it.
    pub opened_by: String,
    /// When it was approved; null until then, and not in force.
    pub approved_at: Option<Timestamp>,
    /// Who approved it.
    pub approved_by: Option<String>,
}

impl From<MandateRow> for MandateView {
    fn from(row: MandateRow) -> Self {
        Self {
            id: row.id,
            notice_no: row.notice_no,
            bank: row.bank,
            from: Timestamp::from_naive(row.period_from),
            to: Timestamp::from_naive(row.period_to),
            opened_at: Timestamp::from_naive(row.opened_at),
            opened_by: row.opened_by,
            approved_at: row.approved_at.map(Timestamp::from_naive),
            approved_by: row.approved_by,
        }
    }
}

/// A change of a mandate, with its place in the ledger.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct MandateChange {
    /// The mandate after it.
    #[serde(flatten)]
    pub mandate: MandateView,
    /// Proves the change.
    pub receipt: Receipt,
}

/// Opens a mandate. It opens nothing to anybody before another person approves it.
pub async fn open(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    new: NewMandate,
    claim: Option<Claim>,
) -> ServiceResult<MandateChange> {
    check(&new)?;
    let (id, caller) = (exchange.fresh_id(), caller.clone());
    let ((view, opened), committed) = exchange
        .writer
        .unit(move |c, now| {
            if let Some(claim) = &claim {
                match idempotency::find(c, &caller.member, claim, now)? {
                    None => idempotency::keep(c, &caller.member, claim, &id, now)?,
                    Some(kept) if kept.request_digest != claim.request_digest => {
                        return Ok(Err(ServiceError::KeyConflict));
                    }
                    Some(kept) => {
                        let row = mandates::find(c, &kept.object_id)?;
                        return Ok(row
                            .map(|row| ((MandateView::from(row), false), Vec::new()))
                            .ok_or(ServiceError::NotFound));
                    }
                }
            }
            let is_bank = members::all(c)?.iter().any(|m| m.id == new.bank && m.role == Role::Bank);
            if !is_bank {
                return Ok(Err(ServiceError::invalid("/bank", "must be a member bank")));
            }
            let row = MandateRow {
                id,
                notice_no: new.notice_no,
                bank: new.bank.to_string(),
                period_from: new.from.naive(),
                period_to: new.to.naive(),
                opened_at: now.naive(),
                opened_by: caller.label.clone(),
                opened_certificate: caller.certificate.clone(),
                approved_at: None,
                approved_by: None,
                approved_certificate: None,
            };
            mandates::insert(c, &row)?;
            let draft = draft(EntryKind::MandateOpened, &caller, &row);
            Ok(Ok(((MandateView::from(row), true), vec![draft])))
        })
        .await?;
    let receipt = match opened {
        true => committed.receipt(0)?,
        false => super::evidence::receipt_of(exchange, &view.id, EntryKind::MandateOpened).await?,
    };
    Ok(MandateChange { mandate: view, receipt })
}

/// Approves a mandate, as another person with another certificate than opened it. Approving twice changes nothing.
pub async fn approve(exchange: &Arc<Exchange>, caller: &Caller, id: String) -> ServiceResult<MandateChange> {
    let caller = caller.clone();
    let ((view, approved), committed) = exchange
        .writer
        .unit(move |c, now| {
            let Some(row) = mandates::lock(c, &id)? else { return Ok(Err(ServiceError::NotFound)) };
            if row.opened_by == caller.label || row.opened_certificate == caller.certificate {
                return Ok(Err(ServiceError::Conflict(
                    "another person than opened it must approve, with a certificate of their own".into(),
                )));
            }
            if row.approved_at.is_some() {
                return Ok(Ok(((MandateView::from(row), false), Vec::new())));
            }
            mandates::approve(c, &id, &caller.label, &caller.certificate, now)?;
            let draft = draft(EntryKind::MandateApproved, &caller, &row);
            let approved = MandateRow {
                approved_at: Some(now.naive()),
                approved_by: Some(caller.label.clone()),
                approved_certificate: Some(caller.certificate.clone()),
                ..row
            };
            Ok(Ok(((MandateView::from(approved), true), vec![draft])))
        })
        .await?;
    let receipt = match approved {
        true => committed.receipt(0)?,
        false => super::evidence::receipt_of(exchange, &view.id, EntryKind::MandateApproved).await?,
    };
    Ok(MandateChange { mandate: view, receipt })
}

/// One page of mandates, oldest first.
pub async fn page(exchange: &Arc<Exchange>, after: String, limit: i64) -> ServiceResult<Vec<MandateView>> {
    let rows = exchange.blocking(move |e| Ok(e.ledger.read(|c| mandates::page(c, &after, limit))?)).await?;
    Ok(rows.into_iter().map(MandateView::from).collect())
}

fn check(new: &NewMandate) -> ServiceResult<()> {
    let characters = new.notice_no.chars().count();
    if !(1..=NOTICE_CHARACTERS_MAX).contains(&characters) || new.notice_no.chars().any(char::is_control) {
        return Err(ServiceError::invalid(
            "/notice_no",
            "must be 1 to 64 characters, none of them a control character",
        ));
    }
    if new.from >= new.to {
        return Err(ServiceError::invalid("/to", "must be after from"));
    }
    Ok(())
}

/// Which bank is inspected under which notice is no other member's business: commitments.
fn draft(kind: EntryKind, caller: &Caller, row: &MandateRow) -> Draft {
    Draft {
        kind,
        object_id: row.id.clone(),
        actor: caller.member.to_string(),
        by: caller.label.clone(),
        fields: vec![
            ("notice", Field::Sealed(row.notice_no.clone())),
            ("bank", Field::Sealed(row.bank.clone())),
            ("from", Field::Plain(Timestamp::from_naive(row.period_from).to_string().into())),
            ("to", Field::Plain(Timestamp::from_naive(row.period_to).to_string().into())),
        ],
    }
}
