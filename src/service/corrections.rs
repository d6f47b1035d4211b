//! Corrections: a firm says that a record is wrong. From that entry on every dossier says so, until the bureau decides.
//!
//! `domain::correction` has the limits in time; `service::remarks` makes the annotation.

use std::sync::Arc;

use chrono::NaiveDate;
use serde::Serialize;

use super::Exchange;
use super::admin::{Actor, TAXPAYER};
use super::error::{ServiceError, ServiceResult};
use super::notifications::{Notice, notify_in_unit};
use super::receipt::Receipt;
use super::{evidence, held};
use crate::domain::case::{TEXT_LENGTH_MAX, is_text};
use crate::domain::correction::{
    Correction, CorrectionLimits, CorrectionOutcome, CorrectionStage, Resolution,
};
use crate::domain::member::MemberId;
use crate::domain::representative::ActingFor;
use crate::domain::section::Section;
use crate::domain::taxpayer_id::TaxpayerId;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::store::corrections::{self as stored, CorrectionFilter};
use crate::store::db::AnyConnection;
use crate::store::error::StoreResult;
use crate::store::idempotency::{self, Claim};
use crate::store::ledger::{Draft, Field};

/// Corrections that a firm may have open at a time.
const OPEN_MAX: i64 = 50;
/// Corrections on the firm's own list, newest first.
const LIST_MAX: i64 = 200;

/// A correction as the firm and the bureau see it: `schema/correction.json`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CorrectionView {
    /// UUIDv7.
    pub id: String,
    /// Whose record.
    pub taxpayer_id: TaxpayerId,
    /// Of which section.
    pub section: Section,
    /// The record's key, as deliveries tell records apart.
    pub record: String,
    /// What the firm says.
    pub text: String,
    /// When.
    pub requested_at: Timestamp,
    /// In which role the person acted.
    pub requested_as: String,
    /// How far it has come by the calendar.
    pub stage: CorrectionStage,
    /// The last days of each step.
    #[serde(flatten)]
    pub limits: CorrectionLimits,
    /// What came of it.
    pub outcome: Option<CorrectionOutcome>,
    /// What the firm is told.
    pub note: Option<String>,
    /// When it was decided.
    pub resolved_at: Option<Timestamp>,
}

impl CorrectionView {
    /// As it stands on this day.
    pub fn of(correction: Correction, today: NaiveDate) -> Self {
        let stage = correction.stage(today);
        let Correction { id, taxpayer, section, record_key, text, .. } = correction;
        let (outcome, note, resolved_at) = match correction.resolution {
            Some(end) => (Some(end.outcome), Some(end.note), Some(end.at)),
            None => (None, None, None),
        };
        Self {
            id,
            taxpayer_id: taxpayer,
            section,
            record: record_key,
            text,
            requested_at: correction.requested_at,
            requested_as: correction.requested_as,
            stage,
            limits: correction.limits,
            outcome,
            note,
            resolved_at,
        }
    }
}

/// A correction requested or resolved, with its place in the ledger.
#[derive(Clone, Debug, Serialize)]
pub struct CorrectionChange {
    /// The correction after it.
    #[serde(flatten)]
    pub correction: CorrectionView,
    /// Proves the change; of the first one, if it was asked for twice.
    pub receipt: Receipt,
}

/// A firm says that one of its records is wrong. `NotFound` if it has no such record, `Conflict` if the record is
/// disputed already.
pub async fn request(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    section: Section,
    record_key: String,
    text: String,
) -> ServiceResult<CorrectionChange> {
    check_text("/text", &text)?;
    let taxpayer = acting.taxpayer().clone();
    let (firm, key) = (taxpayer.clone(), record_key.clone());
    let is_there = exchange.blocking(move |e| held::has(e, &firm, section, &key)).await?;
    if !is_there {
        return Err(ServiceError::NotFound);
    }
    let (id, acting) = (exchange.fresh_id(), acting.clone());
    let calendar = exchange.fairness.calendar();
    let (correction, committed) = exchange
        .writer
        .unit(move |c, now| {
            if stored::is_open(c, &taxpayer, section, &record_key)? {
                return Ok(Err(ServiceError::Conflict("this record is disputed already".into())));
            }
            if stored::count_open(c, &taxpayer)? >= OPEN_MAX {
                let why = format!("{OPEN_MAX} corrections are open already: wait for some to be decided");
                return Ok(Err(ServiceError::Conflict(why)));
            }
            let correction = Correction {
                id,
                taxpayer,
                section,
                record_key,
                text,
                requested_at: now,
                requested_as: acting.firm.role.to_string(),
                limits: CorrectionLimits::of(now.shanghai_date(), &calendar),
                resolution: None,
            };
            stored::insert(c, &correction)?;
            let said = ("text", Field::Sealed(correction.text.clone()));
            let draft = draft(EntryKind::CorrectionRequested, &firm_actor(&acting), &correction, said);
            Ok(Ok((correction, vec![draft])))
        })
        .await?;
    let today = exchange.clock.now().shanghai_date();
    Ok(CorrectionChange { correction: CorrectionView::of(correction, today), receipt: committed.receipt(0)? })
}

/// A firm takes back what it said. Foreign and absent are alike.
pub async fn withdraw(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    id: String,
) -> ServiceResult<CorrectionView> {
    let acting = acting.clone();
    let (correction, _committed) = exchange
        .writer
        .unit(move |c, now| {
            let found = stored::lock(c, &id)?.filter(|found| found.taxpayer == *acting.taxpayer());
            let Some(correction) = found else { return Ok(Err(ServiceError::NotFound)) };
            if correction.resolution.is_some() {
                return Ok(Err(ServiceError::Conflict("the correction was decided already".into())));
            }
            let end = Resolution { outcome: CorrectionOutcome::Withdrawn, note: String::new(), at: now };
            close(c, &firm_actor(&acting), correction, end).map(Ok)
        })
        .await?;
    Ok(CorrectionView::of(correction, exchange.clock.now().shanghai_date()))
}

/// A firm's corrections, newest first.
pub async fn of_firm(exchange: &Arc<Exchange>, acting: &ActingFor) -> ServiceResult<Vec<CorrectionView>> {
    let taxpayer = acting.taxpayer().clone();
    let found =
        exchange.blocking(move |e| Ok(e.ledger.read(|c| stored::of_firm(c, &taxpayer, LIST_MAX))?)).await?;
    let today = exchange.clock.now().shanghai_date();
    Ok(found.into_iter().map(|correction| CorrectionView::of(correction, today)).collect())
}

/// Which corrections the bureau lists.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Listed {
    /// Only open or only resolved ones.
    pub open: Option<bool>,
    /// Only those whose source should have answered.
    pub overdue: bool,
}

/// One page of corrections, oldest first, for the bureau.
pub async fn list(
    exchange: &Arc<Exchange>,
    listed: Listed,
    after: String,
    limit: i64,
) -> ServiceResult<Vec<CorrectionView>> {
    let today = exchange.clock.now().shanghai_date();
    let filter = CorrectionFilter { open: listed.open, source_due_before: listed.overdue.then_some(today) };
    let found =
        exchange.blocking(move |e| Ok(e.ledger.read(|c| stored::page(c, filter, &after, limit))?)).await?;
    Ok(found.into_iter().map(|correction| CorrectionView::of(correction, today)).collect())
}

/// The bureau decides; the firm is told.
pub async fn resolve(
    exchange: &Arc<Exchange>,
    actor: &Actor,
    id: String,
    outcome: CorrectionOutcome,
    note: String,
    claim: Option<Claim>,
) -> ServiceResult<CorrectionChange> {
    check_text("/note", &note)?;
    let member: MemberId = actor.member.parse().map_err(ServiceError::internal)?;
    let actor = actor.clone();
    let ((correction, fresh), committed) = exchange
        .writer
        .unit(move |c, now| {
            let Some(correction) = stored::lock(c, &id)? else { return Ok(Err(ServiceError::NotFound)) };
            let kept = match &claim {
                Some(claim) => idempotency::find(c, &member, claim, now)?.map(|kept| (kept, claim)),
                None => None,
            };
            if kept.as_ref().is_some_and(|(kept, claim)| kept.request_digest != claim.request_digest) {
                return Ok(Err(ServiceError::KeyConflict));
            }
            match &correction.resolution {
                Some(end) if end.outcome == outcome && end.note == note => {
                    return Ok(Ok(((correction, false), Vec::new())));
                }
                Some(_) => {
                    return Ok(Err(ServiceError::Conflict("the correction was decided already".into())));
                }
                None => {}
            }
            if let (Some(claim), None) = (&claim, kept) {
                idempotency::keep(c, &member, claim, &id, now)?;
            }
            let end = Resolution { outcome, note, at: now };
            let told = Notice::CorrectionResolved { correction_id: id };
            notify_in_unit(c, now, correction.taxpayer.as_str(), &told)?;
            let (correction, drafts) = close(c, &actor, correction, end)?;
            Ok(Ok(((correction, true), drafts)))
        })
        .await?;
    let receipt = match fresh {
        true => committed.receipt(0)?,
        false => evidence::receipt_of(exchange, &correction.id, EntryKind::CorrectionResolved).await?,
    };
    let today = exchange.clock.now().shanghai_date();
    Ok(CorrectionChange { correction: CorrectionView::of(correction, today), receipt })
}

/// Resolves a locked, open correction.
fn close(
    c: &mut AnyConnection,
    actor: &Actor,
    mut correction: Correction,
    end: Resolution,
) -> StoreResult<(Correction, Vec<Draft>)> {
    stored::resolve(c, &correction.id, &end)?;
    let said = ("outcome", Field::Sealed(end.outcome.to_string()));
    let draft = draft(EntryKind::CorrectionResolved, actor, &correction, said);
    correction.resolution = Some(end);
    Ok((correction, vec![draft]))
}

/// The firm's person as entries name it.
pub(super) fn firm_actor(acting: &ActingFor) -> Actor {
    Actor { member: TAXPAYER.to_owned(), label: acting.label() }
}

pub(super) fn check_text(pointer: &str, text: &str) -> ServiceResult<()> {
    match is_text(text) {
        true => Ok(()),
        false => Err(ServiceError::invalid(
            pointer,
            format!(
                "must have 1 to {TEXT_LENGTH_MAX} characters, line breaks but no other control or invisible characters"
            ),
        )),
    }
}

/// The leaf names the section; whose record it is, which, and what is said are commitments.
fn draft(kind: EntryKind, actor: &Actor, correction: &Correction, said: (&'static str, Field)) -> Draft {
    Draft {
        kind,
        object_id: correction.id.clone(),
        actor: actor.member.clone(),
        by: actor.label.clone(),
        fields: vec![
            ("subject", Field::Sealed(correction.taxpayer.as_str().to_owned())),
            ("record", Field::Sealed(correction.record_key.clone())),
            said,
            ("section", Field::Plain(correction.section.as_str().into())),
        ],
    }
}
