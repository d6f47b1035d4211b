//! Who saw my data: every release, repetition and refusal about a firm, for that firm.
//!
//! The firm reads when, who, what for, which sections and what became of it, under which authorisation, and where in the
//! ledger. Of a refusal it reads the general reason ([`AccessOutcome`]); of other firms and other banks nothing.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::Exchange;
use super::admin::TAXPAYER;
use super::error::{ServiceError, ServiceResult};
use super::evidence;
use super::fact_index::reach;
use super::receipt::Receipt;
pub use crate::domain::access::AccessOutcome;
use crate::domain::case::{CaseOutcome, CaseStatus};
use crate::domain::denial::Denial;
use crate::domain::representative::ActingFor;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::{Entry, EntryKind};
use crate::seal::sd_jwt::{WindowClaim, dossier_digest};
use crate::store::accesses as stored;
use crate::store::db::AnyConnection;
use crate::store::error::{StoreError, StoreResult};
use crate::store::facts::{self, FactRow, stored_index};
use crate::store::releases::{OUTCOME_GRANTED, ReleaseRow};
use crate::store::{audit_read, cases, consents, ledger_read, members, objections, products};

/// Accesses on one page.
const PAGE: i64 = 30;

/// One access.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AccessView {
    /// Id of the release; a repetition has that of the release it repeats.
    pub id: String,
    /// When, by the ledger's clock.
    pub at: Timestamp,
    /// Who asked.
    pub bank: String,
    /// Its name.
    pub bank_name: String,
    /// What for.
    pub purpose: String,
    /// Which sections left, or were asked for.
    pub sections: Vec<String>,
    /// What became of it.
    pub outcome: AccessOutcome,
    /// The authorisation it rested on.
    pub consent_id: String,
    /// Its number, if it has one.
    pub number: Option<String>,
    /// Its entry in the ledger.
    pub index: u64,
}

/// A page of accesses.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AccessPage {
    /// Newest first.
    pub items: Vec<AccessView>,
    /// The index before which the next page begins, if there may be more.
    pub next: Option<u64>,
}

/// One access whole.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AccessDetail {
    /// What the list says of it.
    pub access: AccessView,
    /// Name of the product it was for.
    pub product_name: Option<String>,
    /// Which tax periods left.
    pub window: Option<WindowClaim>,
    /// Whether personal identifiers were allowed to leave.
    pub personal_data: bool,
    /// `sha-256:` digest of the dossier's JWT, if data left.
    pub dossier_digest: Option<String>,
    /// When and in which entries the same dossier was sent again.
    pub repeats: Vec<(Timestamp, u64)>,
    /// The firm's own objection, if it raised one.
    pub objection: Option<ObjectionState>,
    /// Proves the entry. The salt opens its `subject`, the firm's own number; of a refusal there is none: it would open
    /// what is the bank's own.
    pub receipt: Receipt,
    /// Verifier key of the ledger (C2SP signed-note), by which the checkpoint is checked.
    pub ledger_key: String,
    /// The number that `subject` commits to.
    pub taxpayer_id: String,
}

/// Where the firm's objection stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ObjectionState {
    /// UUIDv7.
    pub id: String,
    /// What the firm said.
    pub text: String,
    /// When.
    pub raised_at: Timestamp,
    /// Where the case stands in which the bank is asked, if there is one.
    pub status: Option<CaseStatus>,
    /// What the bureau made of it.
    pub outcome: Option<CaseOutcome>,
}

/// One page of the firm's accesses, newest first, those before the index `before`.
pub async fn list(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    before: Option<u64>,
) -> ServiceResult<AccessPage> {
    let taxpayer = acting.taxpayer().as_str().to_owned();
    exchange.blocking(move |e| page(e, &taxpayer, before)).await
}

/// One of the firm's accesses. Another firm's and none at all are alike.
pub async fn show(exchange: &Arc<Exchange>, acting: &ActingFor, id: &str) -> ServiceResult<AccessDetail> {
    let (taxpayer, wanted) = (acting.taxpayer().as_str().to_owned(), id.to_owned());
    let found = exchange.blocking(move |e| Ok(e.ledger.read(|c| look(c, &taxpayer, &wanted))?)).await?;
    let found = found.ok_or(ServiceError::NotFound)?;
    let granted = found.access.outcome.provided();
    let kind = if granted { EntryKind::ReleaseGranted } else { EntryKind::ReleaseRefused };
    let mut receipt = evidence::receipt_of(exchange, id, kind).await?;
    if !granted {
        receipt.salt = String::new();
    }
    Ok(AccessDetail {
        access: found.access,
        product_name: found.product_name,
        window: found.row.window_from.zip(found.row.window_to).map(|(from, to)| WindowClaim { from, to }),
        personal_data: found.row.personal_data,
        dossier_digest: found.row.jwt.as_deref().map(dossier_digest),
        repeats: found.repeats,
        objection: found.objection,
        receipt,
        ledger_key: exchange.keys.trust().ledger_vkey.clone(),
        taxpayer_id: acting.taxpayer().as_str().to_owned(),
    })
}

fn page(exchange: &Exchange, taxpayer: &str, before: Option<u64>) -> ServiceResult<AccessPage> {
    let reach = reach(exchange)?;
    let end = before.map(stored_index).transpose()?.map_or(reach.size, |before| before.min(reach.size));
    Ok(exchange.ledger.read(|c| {
        let mut rows = Vec::new();
        if reach.indexed < end {
            let tail = facts::describe(c, reach.indexed, end)?;
            rows.extend(tail.into_iter().rev().filter(|fact| stored::is_access(fact, taxpayer)));
        }
        rows.extend(stored::newest(c, taxpayer, end.min(reach.indexed), PAGE + 1)?);
        let wanted = usize::try_from(PAGE).unwrap_or(usize::MAX);
        let more = rows.len() > wanted;
        rows.truncate(wanted);
        let names = bank_names(c)?;
        let items: Vec<AccessView> =
            rows.into_iter().map(|fact| view(c, fact, &names)).collect::<StoreResult<_>>()?;
        Ok(AccessPage { next: items.last().filter(|_| more).map(|last| last.index), items })
    })?)
}

/// Names of members by their ids.
fn bank_names(c: &mut AnyConnection) -> StoreResult<HashMap<String, String>> {
    let all = members::all(c)?;
    Ok(all.into_iter().map(|member| (member.id.to_string(), member.name)).collect())
}

fn view(c: &mut AnyConnection, fact: FactRow, names: &HashMap<String, String>) -> StoreResult<AccessView> {
    let row = audit_read::release(c, &fact.object_id)?
        .ok_or_else(|| StoreError::corrupt("release", "an access has no release"))?;
    let repeated = fact.kind == EntryKind::ReleaseRepeated.as_str();
    let index = u64::try_from(fact.idx).map_err(|e| StoreError::corrupt("entry_fact", e))?;
    of_row(c, &row, Timestamp::from_naive(fact.at), index, repeated, names)
}

fn of_row(
    c: &mut AnyConnection,
    row: &ReleaseRow,
    at: Timestamp,
    index: u64,
    repeated: bool,
    names: &HashMap<String, String>,
) -> StoreResult<AccessView> {
    let consent = consents::find(c, &row.consent_id)?;
    let corrupt = |why: &str| StoreError::corrupt("release", why);
    let outcome = match (row.outcome == OUTCOME_GRANTED, repeated) {
        (true, false) => AccessOutcome::Provided,
        (true, true) => AccessOutcome::ProvidedAgain,
        (false, _) => AccessOutcome::of_denial(
            Denial::from_reason(&row.outcome).ok_or_else(|| corrupt("an unknown outcome"))?,
        ),
    };
    let asked: Value = serde_json::from_str(&row.ask).map_err(|e| corrupt(&e.to_string()))?;
    let asked = asked
        .get("sections")
        .and_then(Value::as_array)
        .map(|all| all.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>());
    let consented = || {
        let sections = consent.as_ref().map(|consent| consent.terms.sections.as_slice()).unwrap_or_default();
        sections.iter().map(|section| section.as_str().to_owned()).collect()
    };
    let sections = match &row.sections {
        Some(left) => left.split_whitespace().map(str::to_owned).collect(),
        // Nothing left: what was asked for, which is all that is consented if the bank did not say.
        None => asked.unwrap_or_else(consented),
    };
    Ok(AccessView {
        id: row.id.clone(),
        at,
        bank_name: names.get(&row.bank).cloned().unwrap_or_else(|| row.bank.clone()),
        bank: row.bank.clone(),
        purpose: row.purpose.clone(),
        sections,
        outcome,
        number: consent.and_then(|consent| consent.terms.details).map(|details| details.number),
        consent_id: row.consent_id.clone(),
        index,
    })
}

/// An access as the database holds it.
struct Found {
    access: AccessView,
    row: ReleaseRow,
    product_name: Option<String>,
    repeats: Vec<(Timestamp, u64)>,
    objection: Option<ObjectionState>,
}

fn look(c: &mut AnyConnection, taxpayer: &str, id: &str) -> StoreResult<Option<Found>> {
    let Some(row) = audit_read::release(c, id)?.filter(|row| row.taxpayer_id.as_deref() == Some(taxpayer))
    else {
        return Ok(None);
    };
    let granted = row.outcome == OUTCOME_GRANTED;
    let kind = if granted { EntryKind::ReleaseGranted } else { EntryKind::ReleaseRefused };
    let entry = ledger_read::entry_about(c, id, kind)?
        .ok_or_else(|| StoreError::corrupt("release", "it has no entry"))?;
    let names = bank_names(c)?;
    let access = of_row(c, &row, instant(&entry.leaf)?, entry.index, false, &names)?;
    let product = row.product_id.as_deref().map(|id| products::find(c, id)).transpose()?.flatten();
    let indices: Vec<i64> = audit_read::indices_about(c, id, EntryKind::ReleaseRepeated)?
        .into_iter()
        .map(stored_index)
        .collect::<StoreResult<_>>()?;
    let leaves = facts::leaves(c, &indices)?;
    let mut repeats: Vec<(Timestamp, u64)> = leaves
        .into_iter()
        .map(|(index, leaf)| {
            let index = u64::try_from(index).map_err(|e| StoreError::corrupt("ledger_entry", e))?;
            Ok((instant(&leaf)?, index))
        })
        .collect::<StoreResult<_>>()?;
    repeats.sort_unstable_by_key(|(_, index)| *index);
    let objection = own_objection(c, id)?;
    let product_name = product.map(|product| product.terms.name);
    Ok(Some(Found { access, row, product_name, repeats, objection }))
}

fn instant(leaf: &[u8]) -> StoreResult<Timestamp> {
    let entry = Entry::parse(leaf).map_err(|e| StoreError::corrupt("ledger_entry", e))?;
    entry.at.parse().map_err(|e| StoreError::corrupt("ledger_entry", e))
}

/// The objection that the firm itself raised.
fn own_objection(c: &mut AnyConnection, release: &str) -> StoreResult<Option<ObjectionState>> {
    let raised = stored::objections_to(c, release)?;
    let Some((id, _)) = raised.into_iter().find(|(_, by)| by == TAXPAYER) else { return Ok(None) };
    let Some(objection) = objections::find(c, &id)? else { return Ok(None) };
    let case = objection.case.as_deref().map(|id| cases::find(c, id)).transpose()?.flatten();
    Ok(Some(ObjectionState {
        id,
        text: objection.text,
        raised_at: objection.raised_at,
        status: case.as_ref().map(|case| case.status()),
        outcome: case.and_then(|case| case.closure).map(|end| end.outcome),
    }))
}
