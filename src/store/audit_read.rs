//! What the audit reads of releases and their entries, besides what their bank may see.

use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::releases::{OUTCOME_GRANTED, ReleaseRow};
use super::schema::{entry_salt, ledger_entry, release};
use crate::ledger::entry::EntryKind;

/// A release, whoever's it is and however it was decided.
pub fn release(connection: &mut AnyConnection, id: &str) -> StoreResult<Option<ReleaseRow>> {
    Ok(on_backend!(connection, c => release::table.find(id).get_result(c).optional())?)
}

/// The salt that opens what an entry seals for the bureau alone, if it seals anything so.
pub fn reason_salt(connection: &mut AnyConnection, index: i64) -> StoreResult<Option<Vec<u8>>> {
    let salt: Option<Option<Vec<u8>>> = on_backend!(connection, c => entry_salt::table
        .find(index).select(entry_salt::reason_salt).get_result(c).optional())?;
    Ok(salt.flatten())
}

/// Indices of the entries of a kind about an object, ascending.
pub fn indices_about(
    connection: &mut AnyConnection,
    object_id: &str,
    kind: EntryKind,
) -> StoreResult<Vec<u64>> {
    let indices: Vec<i64> = on_backend!(connection, c => ledger_entry::table
        .filter(ledger_entry::object_id.eq(object_id))
        .filter(ledger_entry::kind.eq(kind.as_str()))
        .order(ledger_entry::idx)
        .select(ledger_entry::idx)
        .load(c))?;
    indices
        .into_iter()
        .map(|idx| u64::try_from(idx).map_err(|e| StoreError::corrupt("ledger_entry", e)))
        .collect()
}

/// Dossiers pulled under a consent before this index.
pub fn pulls_before(connection: &mut AnyConnection, consent_id: &str, index: i64) -> StoreResult<i64> {
    let before = release::table
        .inner_join(ledger_entry::table.on(ledger_entry::object_id.eq(release::id)))
        .filter(release::consent_id.eq(consent_id))
        .filter(release::outcome.eq(OUTCOME_GRANTED))
        .filter(ledger_entry::kind.eq(EntryKind::ReleaseGranted.as_str()))
        .filter(ledger_entry::idx.lt(index))
        .count();
    Ok(on_backend!(connection, c => before.get_result(c))?)
}

/// Ids of granted releases after `after`, ascending: for whoever replays them all.
pub fn granted_after(connection: &mut AnyConnection, after: &str, limit: i64) -> StoreResult<Vec<String>> {
    Ok(on_backend!(connection, c => release::table
        .filter(release::id.gt(after))
        .filter(release::outcome.eq(OUTCOME_GRANTED))
        .order(release::id)
        .limit(limit)
        .select(release::id)
        .load(c))?)
}
