//! Cases: opened by the sentinels, answered by the bank, closed by the bureau. Each step is an entry.
//!
//! A bank sees its own cases only, and of them neither the rule nor what was measured: both would tell of others.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Exchange;
use super::admin::Actor;
use super::error::{ServiceError, ServiceResult};
use super::evidence;
use super::notifications::{Notice, notify_in_unit};
use super::receipt::Receipt;
use crate::domain::case::{
    Answer, Case, CaseOutcome, CaseStatus, Closure, QUESTION_EN, QUESTION_ZH, TEXT_LENGTH_MAX, is_text,
};
use crate::domain::member::MemberId;
use crate::domain::sentinel::{Finding, SentinelRule};
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::store::cases;
use crate::store::db::AnyConnection;
use crate::store::error::{StoreError, StoreResult};
use crate::store::idempotency::{self, Claim};
use crate::store::ledger::{Draft, Field};

/// Who opens cases, as their entries name it.
pub const SENTINEL: &str = "sentinel";

/// What a bank is asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Question {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// A case as a member sees it. A bank's view lacks what only the bureau reads.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CaseView {
    /// UUIDv7.
    pub id: String,
    /// Who is asked.
    pub bank: MemberId,
    /// Where it stands.
    pub status: CaseStatus,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// The bank's own releases that it is about, granted or refused.
    pub releases: Vec<String>,
    /// What the bank is asked.
    pub question: Question,
    /// What the bank said.
    pub answer: Option<Answer>,
    /// What the bureau made of it.
    pub outcome: Option<CaseOutcome>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// For the bureau.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<FindingView>,
}

/// What only the bureau reads of a case.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FindingView {
    /// Which rule.
    pub rule: SentinelRule,
    /// Its Chinese name.
    pub rule_zh: String,
    /// Whose data, if it is about one taxpayer.
    pub taxpayer_id: Option<String>,
    /// What was measured, and the thresholds it passed.
    pub detail: serde_json::Value,
    /// The bureau's own note at the end.
    pub note: Option<String>,
}

impl CaseView {
    /// As the bank sees it.
    pub fn for_bank(case: Case) -> Self {
        Self { finding: None, ..Self::whole(case) }
    }

    /// As the bureau sees it.
    pub fn whole(case: Case) -> Self {
        let status = case.status();
        let (outcome, closed_at) = case.closure.as_ref().map(|end| (end.outcome, end.at)).unzip();
        Self {
            id: case.id,
            bank: case.bank,
            status,
            opened_at: case.opened_at,
            releases: case.releases,
            question: Question { zh: QUESTION_ZH.to_owned(), en: QUESTION_EN.to_owned() },
            answer: case.answer,
            outcome,
            closed_at,
            finding: Some(FindingView {
                rule: case.rule,
                rule_zh: case.rule.label_zh().to_owned(),
                taxpayer_id: case.taxpayer,
                detail: case.detail,
                note: case.closure.map(|end| end.note),
            }),
        }
    }

    fn seen_by(case: Case, bank: Option<&MemberId>) -> Self {
        if bank.is_some() { Self::for_bank(case) } else { Self::whole(case) }
    }
}

/// A case answered or closed, with its place in the ledger.
#[derive(Clone, Debug, Serialize)]
pub struct CaseChange {
    /// The case after it.
    #[serde(flatten)]
    pub case: CaseView,
    /// Proves the change; of the first one, if it was asked for twice.
    pub receipt: Receipt,
}

/// One page of cases, oldest first: a bank's own; everyone's for the bureau.
pub async fn list(
    exchange: &Arc<Exchange>,
    bank: Option<MemberId>,
    status: Option<CaseStatus>,
    after: String,
    limit: i64,
) -> ServiceResult<Vec<CaseView>> {
    let asked = bank.clone();
    let read = move |c: &mut AnyConnection| cases::page(c, asked.as_ref(), status, &after, limit);
    let rows = exchange.blocking(move |e| Ok(e.ledger.read(read)?)).await?;
    Ok(rows.into_iter().map(|case| CaseView::seen_by(case, bank.as_ref())).collect())
}

/// A case: a bank sees its own, the bureau every one. Foreign and absent are alike.
pub async fn show(exchange: &Arc<Exchange>, bank: Option<MemberId>, id: String) -> ServiceResult<CaseView> {
    let found = exchange.blocking(move |e| Ok(e.ledger.read(|c| cases::find(c, &id))?)).await?;
    let case = visible(found, bank.as_ref()).ok_or(ServiceError::NotFound)?;
    Ok(CaseView::seen_by(case, bank.as_ref()))
}

/// A bank answers its own case, once.
pub async fn answer(
    exchange: &Arc<Exchange>,
    actor: &Actor,
    bank: MemberId,
    id: String,
    text: String,
    claim: Option<Claim>,
) -> ServiceResult<CaseChange> {
    check_text("/text", &text)?;
    let actor = actor.clone();
    let ((case, fresh), committed) = exchange
        .writer
        .unit(move |c, now| {
            let Some(mut case) = visible(cases::lock(c, &id)?, Some(&bank)) else {
                return Ok(Err(ServiceError::NotFound));
            };
            let fresh_key = match unused(c, &bank, claim.as_ref(), now)? {
                Ok(fresh_key) => fresh_key,
                Err(wrong) => return Ok(Err(wrong)),
            };
            match &case.answer {
                Some(given) if given.text == text => {
                    keep(c, &bank, fresh_key, &id, now)?;
                    return Ok(Ok(((case, false), Vec::new())));
                }
                Some(_) => return Ok(Err(ServiceError::Conflict("the case was answered already".into()))),
                None if case.closure.is_some() => {
                    return Ok(Err(ServiceError::Conflict("the case is closed".into())));
                }
                None => {}
            }
            let draft =
                step(EntryKind::CaseAnswered, &actor, &case, vec![("answer", Field::Sealed(text.clone()))]);
            let given = Answer { text, at: now };
            keep(c, &bank, fresh_key, &id, now)?;
            cases::answer(c, &id, &given)?;
            tell_firm(c, now, &case, false)?;
            case.answer = Some(given);
            Ok(Ok(((case, true), vec![draft])))
        })
        .await?;
    let receipt = match fresh {
        true => committed.receipt(0)?,
        false => evidence::receipt_of(exchange, &case.id, EntryKind::CaseAnswered).await?,
    };
    Ok(CaseChange { case: CaseView::for_bank(case), receipt })
}

/// The bureau closes a case, answered or not.
pub async fn close(
    exchange: &Arc<Exchange>,
    actor: &Actor,
    id: String,
    outcome: CaseOutcome,
    note: String,
    claim: Option<Claim>,
) -> ServiceResult<CaseChange> {
    check_text("/note", &note)?;
    let actor = actor.clone();
    let ((case, fresh), committed) = exchange
        .writer
        .unit(move |c, now| {
            let Some(mut case) = cases::lock(c, &id)? else { return Ok(Err(ServiceError::NotFound)) };
            let Ok(member) = actor.member.parse() else {
                return Ok(Err(ServiceError::internal("a case closed by no member")));
            };
            let fresh_key = match unused(c, &member, claim.as_ref(), now)? {
                Ok(fresh_key) => fresh_key,
                Err(wrong) => return Ok(Err(wrong)),
            };
            match &case.closure {
                Some(end) if end.outcome == outcome && end.note == note => {
                    keep(c, &member, fresh_key, &id, now)?;
                    return Ok(Ok(((case, false), Vec::new())));
                }
                Some(_) => return Ok(Err(ServiceError::Conflict("the case is closed already".into()))),
                None => {}
            }
            let fields =
                vec![("outcome", Field::Sealed(outcome.to_string())), ("note", Field::Reason(note.clone()))];
            let draft = step(EntryKind::CaseClosed, &actor, &case, fields);
            let end = Closure { outcome, note, at: now };
            keep(c, &member, fresh_key, &id, now)?;
            cases::close(c, &id, &end)?;
            tell_firm(c, now, &case, true)?;
            case.closure = Some(end);
            Ok(Ok(((case, true), vec![draft])))
        })
        .await?;
    let receipt = match fresh {
        true => committed.receipt(0)?,
        false => evidence::receipt_of(exchange, &case.id, EntryKind::CaseClosed).await?,
    };
    Ok(CaseChange { case: CaseView::whole(case), receipt })
}

/// Whether the finding needs a case: not if one about the same is there already.
pub fn is_new(connection: &mut AnyConnection, finding: &Finding) -> StoreResult<bool> {
    let known = cases::newest_about(connection, finding.rule, &finding.bank, &finding.cause)?;
    Ok(known.is_none_or(|case| !case.covers(finding.through)))
}

/// Opens a case inside a unit of the caller's, which records the entry; or finds the one there is.
pub fn open(
    connection: &mut AnyConnection,
    now: Timestamp,
    id: String,
    finding: &Finding,
) -> StoreResult<(Case, Option<Draft>)> {
    let known = cases::newest_about(connection, finding.rule, &finding.bank, &finding.cause)?;
    if let Some(case) = known.filter(|case| case.covers(finding.through)) {
        return Ok((case, None));
    }
    let detail = finding.detail.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
    let case = Case {
        id,
        rule: finding.rule,
        bank: finding.bank.parse().map_err(|why| StoreError::corrupt("sentinel_case", why))?,
        cause: finding.cause.clone(),
        taxpayer: finding.taxpayer.clone(),
        releases: finding.releases.clone(),
        detail: serde_json::Value::Object(detail.collect()),
        through: finding.through,
        opened_at: now,
        answer: None,
        closure: None,
    };
    cases::insert(connection, &case)?;
    let actor = Actor { member: SENTINEL.to_owned(), label: case.rule.to_string() };
    let fields = vec![
        ("subject", Field::Reason(case.taxpayer.clone().unwrap_or_default())),
        ("rule", Field::Reason(case.rule.to_string())),
    ];
    let draft = step(EntryKind::CaseOpened, &actor, &case, fields);
    Ok((case, Some(draft)))
}

/// A firm that disputed an access is told how it goes on; of cases that sentinels opened it knows nothing.
fn tell_firm(c: &mut AnyConnection, now: Timestamp, case: &Case, closed: bool) -> StoreResult<()> {
    let (SentinelRule::Objection, Some(taxpayer), Some(release)) =
        (case.rule, &case.taxpayer, case.releases.first())
    else {
        return Ok(());
    };
    let notice = Notice::CaseAnswered { case_id: case.id.clone(), release_id: release.clone(), closed };
    notify_in_unit(c, now, taxpayer, &notice)?;
    Ok(())
}

fn visible(found: Option<Case>, bank: Option<&MemberId>) -> Option<Case> {
    found.filter(|case| bank.is_none_or(|bank| case.bank == *bank))
}

fn check_text(pointer: &str, text: &str) -> ServiceResult<()> {
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

/// The key that came with a request, if it is to be kept; `None` if it came with this very request before. What was
/// done then is found by the case itself.
fn unused<'a>(
    c: &mut AnyConnection,
    member: &MemberId,
    claim: Option<&'a Claim>,
    now: Timestamp,
) -> StoreResult<ServiceResult<Option<&'a Claim>>> {
    let Some(claim) = claim else { return Ok(Ok(None)) };
    Ok(match idempotency::find(c, member, claim, now)? {
        Some(kept) if kept.request_digest != claim.request_digest => Err(ServiceError::KeyConflict),
        Some(_same) => Ok(None),
        None => Ok(Some(claim)),
    })
}

fn keep(
    c: &mut AnyConnection,
    member: &MemberId,
    claim: Option<&Claim>,
    id: &str,
    now: Timestamp,
) -> StoreResult<()> {
    match claim {
        Some(claim) => idempotency::keep(c, member, claim, id, now),
        None => Ok(()),
    }
}

/// The leaf names the case; whom it is about and what is said are commitments.
fn step(kind: EntryKind, actor: &Actor, case: &Case, more: Vec<(&'static str, Field)>) -> Draft {
    let mut fields = vec![("bank", Field::Sealed(case.bank.to_string()))];
    fields.extend(more);
    Draft { kind, object_id: case.id.clone(), actor: actor.member.clone(), by: actor.label.clone(), fields }
}
