//! What the sentinels stand on: how far they have read, the facts of new entries, who was seen where, canaries.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde_json::Value;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::ledger::signed;
use super::releases::OUTCOME_GRANTED;
use super::schema::{canary, ledger_entry, release, sentinel_cursor, sentinel_seen};
use crate::domain::denial::{ConsentFault, Denial};
use crate::domain::sentinel::{Fact, FactOutcome};
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;

/// What a reader reads on from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cursor {
    /// Index of the first entry that was not yet looked at.
    Entries,
    /// Day (counted from the first of year 1) whose releases are judged next; 0 before the first.
    UnusedPulls,
    /// Index of the first entry that was not looked at for violations to tell firms of.
    ViolationNotices,
    /// Index of the first entry whose firm was not yet told of it.
    Notices,
}

impl Cursor {
    fn name(self) -> &'static str {
        match self {
            Cursor::Entries => "entries",
            Cursor::UnusedPulls => "unused-pulls",
            Cursor::ViolationNotices => "violation-notices",
            Cursor::Notices => "notices",
        }
    }
}

/// Where a cursor stands.
pub fn position(connection: &mut AnyConnection, cursor: Cursor) -> StoreResult<i64> {
    Ok(on_backend!(connection, c => sentinel_cursor::table
        .find(cursor.name())
        .select(sentinel_cursor::position)
        .get_result(c))?)
}

/// Moves a cursor on; `false` if it does not stand at `from`: another process was first. Holds it until the
/// transaction ends.
pub fn advance(connection: &mut AnyConnection, cursor: Cursor, from: i64, to: i64) -> StoreResult<bool> {
    let here = sentinel_cursor::table.find(cursor.name()).filter(sentinel_cursor::position.eq(from));
    let moved = diesel::update(here).set(sentinel_cursor::position.eq(to)).execute(connection)?;
    Ok(moved == 1)
}

/// The pulls among the entries `from..to`, in their order.
pub fn facts(connection: &mut AnyConnection, from: i64, to: i64) -> StoreResult<Vec<Fact>> {
    let kinds = [EntryKind::ReleaseGranted.as_str(), EntryKind::ReleaseRefused.as_str()];
    let entries: Vec<(i64, String, String, Vec<u8>)> = on_backend!(connection, c => ledger_entry::table
        .filter(ledger_entry::idx.ge(from))
        .filter(ledger_entry::idx.lt(to))
        .filter(ledger_entry::kind.eq_any(kinds))
        .order(ledger_entry::idx)
        .select((ledger_entry::idx, ledger_entry::object_id, ledger_entry::actor, ledger_entry::leaf))
        .load(c))?;
    let ids: Vec<&str> = entries.iter().map(|(_, id, ..)| id.as_str()).collect();
    let mut pulls = pulls(connection, &ids)?;
    let corrupt = |why: &str| StoreError::corrupt("ledger_entry", why);
    entries
        .into_iter()
        .map(|(idx, id, bank, leaf)| {
            let pull = pulls.remove(&id).ok_or_else(|| corrupt("a pull's entry without its release"))?;
            Ok(Fact {
                index: u64::try_from(idx).map_err(|e| StoreError::corrupt("ledger_entry", e))?,
                at: instant(&leaf).ok_or_else(|| corrupt("an entry without its instant"))?,
                bank,
                taxpayer: pull.taxpayer,
                named: pull.named,
                release: id,
                outcome: pull.outcome,
            })
        })
        .collect()
}

struct Pull {
    taxpayer: Option<String>,
    named: Option<String>,
    outcome: FactOutcome,
}

type PullRow = (String, Option<String>, String, String);

fn pulls(connection: &mut AnyConnection, ids: &[&str]) -> StoreResult<HashMap<String, Pull>> {
    let columns = (release::id, release::taxpayer_id, release::ask, release::outcome);
    let rows: Vec<PullRow> = match connection {
        AnyConnection::Pg(c) => release::table.filter(release::id.eq_any(ids)).select(columns).load(c)?,
        AnyConnection::Sqlite(c) => ids
            .iter()
            .filter_map(|id| release::table.find(*id).select(columns).get_result(c).optional().transpose())
            .collect::<QueryResult<_>>()?,
    };
    Ok(rows
        .into_iter()
        .map(|(id, taxpayer, ask, outcome)| {
            let asked: Value = serde_json::from_str(&ask).unwrap_or_default();
            let named = asked.get("taxpayer_id").and_then(Value::as_str).map(str::to_owned);
            (id, Pull { taxpayer, named, outcome: outcome_of(&outcome) })
        })
        .collect())
}

fn outcome_of(outcome: &str) -> FactOutcome {
    if outcome == OUTCOME_GRANTED {
        FactOutcome::Granted
    } else if Denial::from_reason(outcome) == Some(Denial::NotInForce(ConsentFault::OnHold)) {
        FactOutcome::Held
    } else {
        FactOutcome::Refused
    }
}

fn instant(leaf: &[u8]) -> Option<Timestamp> {
    let entry: Value = serde_json::from_slice(leaf).ok()?;
    entry.get("at")?.as_str()?.parse().ok()
}

/// A bank's pulls with ids from `from` up to before `before`, the newest `limit` of them, oldest first. Their index
/// is 0, their instant that of the request.
pub fn pulls_of(
    connection: &mut AnyConnection,
    bank: &str,
    from: &str,
    before: &str,
    limit: i64,
    granted_only: bool,
) -> StoreResult<Vec<Fact>> {
    let mut query = release::table
        .filter(release::bank.eq(bank.to_owned()))
        .filter(release::id.ge(from.to_owned()))
        .filter(release::id.lt(before.to_owned()))
        .order(release::id.desc())
        .limit(limit)
        .select((release::id, release::outcome, release::issued_at))
        .into_boxed();
    if granted_only {
        query = query.filter(release::outcome.eq(OUTCOME_GRANTED));
    }
    let rows: Vec<(String, String, NaiveDateTime)> = query.load(connection)?;
    Ok(rows
        .into_iter()
        .rev()
        .map(|(id, outcome, at)| Fact {
            index: 0,
            at: Timestamp::from_naive(at),
            bank: bank.to_owned(),
            taxpayer: None,
            named: None,
            release: id,
            outcome: outcome_of(&outcome),
        })
        .collect())
}

/// The newest dossier of a taxpayer to each bank, in the order of the ledger.
pub fn seen(connection: &mut AnyConnection, taxpayer: &str) -> StoreResult<Vec<Fact>> {
    let rows: Vec<(String, i64, NaiveDateTime, String)> = on_backend!(connection, c => sentinel_seen::table
        .filter(sentinel_seen::taxpayer_id.eq(taxpayer))
        .order(sentinel_seen::idx)
        .select((sentinel_seen::bank, sentinel_seen::idx, sentinel_seen::at, sentinel_seen::release_id))
        .load(c))?;
    rows.into_iter()
        .map(|(bank, idx, at, release)| {
            Ok(Fact {
                index: u64::try_from(idx).map_err(|e| StoreError::corrupt("sentinel_seen", e))?,
                at: Timestamp::from_naive(at),
                bank,
                taxpayer: Some(taxpayer.to_owned()),
                named: None,
                release,
                outcome: FactOutcome::Granted,
            })
        })
        .collect()
}

/// Notes each granted pull as its taxpayer's newest at its bank. `facts` are in the order of the ledger.
pub fn note_seen(connection: &mut AnyConnection, facts: &[Fact]) -> StoreResult<()> {
    let mut newest: HashMap<(&str, &str), &Fact> = HashMap::new();
    for fact in facts.iter().filter(|fact| fact.outcome == FactOutcome::Granted) {
        if let Some(taxpayer) = &fact.taxpayer {
            newest.insert((taxpayer, &fact.bank), fact);
        }
    }
    for ((taxpayer, bank), fact) in newest {
        let changed = (
            sentinel_seen::idx.eq(signed(fact.index)?),
            sentinel_seen::at.eq(fact.at.naive()),
            sentinel_seen::release_id.eq(&fact.release),
        );
        let key = (sentinel_seen::taxpayer_id.eq(taxpayer), sentinel_seen::bank.eq(bank));
        on_backend!(connection, c => diesel::insert_into(sentinel_seen::table)
            .values((key, changed))
            .on_conflict((sentinel_seen::taxpayer_id, sentinel_seen::bank))
            .do_update()
            .set(changed)
            .execute(c))?;
    }
    Ok(())
}

/// Every registered canary.
pub fn canaries(connection: &mut AnyConnection) -> StoreResult<HashSet<String>> {
    let ids: Vec<String> = canary::table.select(canary::taxpayer_id).load(connection)?;
    Ok(ids.into_iter().collect())
}

/// Registers a canary; `false` if it is one already.
pub fn add_canary(
    connection: &mut AnyConnection,
    taxpayer: &str,
    at: Timestamp,
    by: &str,
) -> StoreResult<bool> {
    let row = (canary::taxpayer_id.eq(taxpayer), canary::added_at.eq(at.naive()), canary::added_by.eq(by));
    let added = on_backend!(connection, c => diesel::insert_into(canary::table).values(row).on_conflict_do_nothing().execute(c))?;
    Ok(added == 1)
}

/// Forgets a canary; `false` if it is none.
pub fn remove_canary(connection: &mut AnyConnection, taxpayer: &str) -> StoreResult<bool> {
    Ok(diesel::delete(canary::table.find(taxpayer)).execute(connection)? == 1)
}
