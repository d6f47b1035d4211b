//! Searching the ledger: the index of what entries are about, and the entries that it does not hold yet.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::sight::{Sight, sight};
use super::{ReadScope, record_read};
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::service::Exchange;
use crate::service::directory::Caller;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::fact_index::{Reach, reach};
use crate::store::fact_search::{FactFilter, Stretch, search};
use crate::store::facts::{self, FactRow, stored_index};
use crate::store::releases::OUTCOME_GRANTED;

/// The outcome that stands for every reason of a refusal.
const REFUSED: &str = "refused";

/// What is searched for; what is absent is not asked about.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize)]
pub struct EntryFilter {
    /// Whose data, exactly. A regulator needs a mandate to ask.
    pub taxpayer: Option<String>,
    /// The member that acted, or that the entry concerns.
    pub member: Option<String>,
    /// What happened.
    pub kind: Option<EntryKind>,
    /// `granted`, `refused`, or for the bureau the true reason of a refusal.
    pub outcome: Option<String>,
    /// The bank's case number, exactly.
    pub bank_ref: Option<String>,
    /// First instant.
    pub from: Option<Timestamp>,
    /// First instant no longer.
    pub to: Option<Timestamp>,
    /// The mandate under which a regulator sees taxpayers: it bounds bank and period.
    pub mandate: Option<String>,
}

/// An entry as the audit reads it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct AuditedEntry {
    /// Its place in the sequence.
    pub index: u64,
    /// When, by the ledger's clock.
    pub at: Timestamp,
    /// What happened.
    pub kind: String,
    /// What it happened to.
    pub id: String,
    /// The member that acted.
    pub actor: String,
    /// The member it concerns; the actor, if no other.
    pub member: String,
    /// Whose data; null where that is not known, or not for this reader.
    pub taxpayer_id: Option<String>,
    /// Of a decided pull: `granted`, or for the bureau the true reason, for the regulator `refused`.
    pub outcome: Option<String>,
    /// The bank's case number.
    pub bank_ref: Option<String>,
    /// The leaf: its canonical JSON is what the tree hashes.
    pub entry: Value,
}

/// A page of entries.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct EntryPage {
    /// In the order asked for.
    pub items: Vec<AuditedEntry>,
    /// The index after which the next page begins, if there may be more.
    pub next: Option<u64>,
}

/// One page of entries, after the index `after` in the order asked for. The read is an entry before this returns.
pub async fn entries(
    exchange: &Arc<Exchange>,
    caller: &Caller,
    filter: &EntryFilter,
    after: Option<u64>,
    limit: u32,
    newest_first: bool,
) -> ServiceResult<EntryPage> {
    let sight = sight(exchange, caller, filter.mandate.as_deref()).await?;
    let wanted = bounded(filter, &sight)?;
    let after = after.map(stored_index).transpose()?;
    let page = match wanted {
        Some(wanted) => {
            exchange
                .blocking(move |e| page(e, &wanted, after, i64::from(limit), newest_first, &sight))
                .await?
        }
        None => EntryPage { items: Vec::new(), next: None },
    };
    let asked = serde_json::json!({ "filters": filter, "after": after, "newest_first": newest_first });
    let mandate = filter.mandate.as_deref();
    record_read(exchange, caller, ReadScope::Entries, exchange.fresh_id(), &asked, mandate).await?;
    Ok(page)
}

/// The filter within what the reader may see; `None` if nothing can match.
fn bounded(filter: &EntryFilter, sight: &Sight) -> ServiceResult<Option<FactFilter>> {
    if filter.taxpayer.is_some() && !sight.taxpayers {
        return Err(ServiceError::invalid(
            "?taxpayer",
            "needs the mandate of an inspection: name it in ?mandate",
        ));
    }
    let mut wanted = FactFilter {
        taxpayer: filter.taxpayer.clone(),
        member: filter.member.clone(),
        kind: filter.kind,
        outcome: None,
        bank_ref: filter.bank_ref.clone(),
        from: filter.from,
        to: filter.to,
    };
    match filter.outcome.as_deref() {
        None => {}
        Some(REFUSED) => match filter.kind {
            None | Some(EntryKind::ReleaseRefused) => wanted.kind = Some(EntryKind::ReleaseRefused),
            Some(_) => return Ok(None),
        },
        Some(outcome) if outcome == OUTCOME_GRANTED || sight.reasons => {
            wanted.outcome = Some(outcome.to_owned());
        }
        // A search by a true reason would tell it.
        Some(_) => return Err(ServiceError::invalid("?outcome", "must be granted or refused")),
    }
    if let Some(inspection) = &sight.inspection {
        if filter.member.as_deref().is_some_and(|member| member != inspection.bank.as_str()) {
            return Err(ServiceError::invalid("?member", "must be the bank of the mandate, or left out"));
        }
        wanted.member = Some(inspection.bank.to_string());
        wanted.from = Some(wanted.from.map_or(inspection.from, |from| from.max(inspection.from)));
        wanted.to = Some(wanted.to.map_or(inspection.to, |to| to.min(inspection.to)));
    }
    Ok(Some(wanted))
}

fn page(
    exchange: &Exchange,
    wanted: &FactFilter,
    after: Option<i64>,
    limit: i64,
    newest_first: bool,
    sight: &Sight,
) -> ServiceResult<EntryPage> {
    let reach = reach(exchange)?;
    let (from, to) = match (after, newest_first) {
        (None, _) => (0, reach.size),
        (Some(after), false) => (after.saturating_add(1), reach.size),
        (Some(after), true) => (0, after.min(reach.size)),
    };
    // One more than the page holds tells whether there is a next one.
    let stretch = Stretch { from, to, newest_first, limit: limit.saturating_add(1) };
    let mut rows = find(exchange, wanted, stretch, &reach)?;
    let more = i64::try_from(rows.len()).unwrap_or(i64::MAX) > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let indices: Vec<i64> = rows.iter().map(|row| row.idx).collect();
    let mut leaves = exchange.ledger.read(|c| facts::leaves(c, &indices))?;
    let items: Vec<AuditedEntry> = rows
        .into_iter()
        .map(|row| {
            let leaf = leaves.remove(&row.idx).ok_or_else(|| ServiceError::internal("an entry is gone"))?;
            audited(row, &leaf, sight)
        })
        .collect::<ServiceResult<_>>()?;
    let next = items.last().filter(|_| more).map(|last| last.index);
    Ok(EntryPage { items, next })
}

/// The index where it reaches, the ledger itself beyond.
fn find(
    exchange: &Exchange,
    wanted: &FactFilter,
    stretch: Stretch,
    reach: &Reach,
) -> ServiceResult<Vec<FactRow>> {
    let indexed = Stretch { to: stretch.to.min(reach.indexed), ..stretch };
    let tail = (stretch.from.max(reach.indexed), stretch.to);
    let limit = usize::try_from(stretch.limit).unwrap_or(usize::MAX);
    Ok(exchange.ledger.read(|c| {
        let mut rows = Vec::new();
        if stretch.newest_first {
            if tail.0 < tail.1 {
                rows.extend(
                    facts::describe(c, tail.0, tail.1)?.into_iter().rev().filter(|row| wanted.matches(row)),
                );
            }
            if rows.len() < limit && indexed.from < indexed.to {
                rows.extend(search(c, wanted, indexed)?);
            }
        } else {
            if indexed.from < indexed.to {
                rows.extend(search(c, wanted, indexed)?);
            }
            if rows.len() < limit && tail.0 < tail.1 {
                rows.extend(
                    facts::describe(c, tail.0, tail.1)?.into_iter().filter(|row| wanted.matches(row)),
                );
            }
        }
        rows.truncate(limit);
        Ok(rows)
    })?)
}

fn audited(row: FactRow, leaf: &[u8], sight: &Sight) -> ServiceResult<AuditedEntry> {
    let outcome = row.outcome.map(|outcome| match sight.reasons || outcome == OUTCOME_GRANTED {
        true => outcome,
        false => REFUSED.to_owned(),
    });
    Ok(AuditedEntry {
        index: u64::try_from(row.idx).map_err(ServiceError::internal)?,
        at: Timestamp::from_naive(row.at),
        member: row.member.unwrap_or_else(|| row.actor.clone()),
        kind: row.kind,
        id: row.object_id,
        actor: row.actor,
        taxpayer_id: row.taxpayer_id.filter(|_| sight.taxpayers),
        outcome,
        bank_ref: row.bank_ref,
        entry: serde_json::from_slice(leaf).map_err(ServiceError::internal)?,
    })
}
