//! A firm's accesses, out of the audit's index: every decided pull and every repetition that was about it.

use diesel::prelude::*;

use super::db::AnyConnection;
use super::error::StoreResult;
use super::facts::FactRow;
use super::schema::{entry_fact, objection};
use crate::ledger::entry::EntryKind;

/// The kinds of entries that are accesses.
pub const ACCESSES: [EntryKind; 3] =
    [EntryKind::ReleaseGranted, EntryKind::ReleaseRepeated, EntryKind::ReleaseRefused];

/// Accesses of a firm among the entries below `before`, newest first.
pub fn newest(
    connection: &mut AnyConnection,
    taxpayer: &str,
    before: i64,
    limit: i64,
) -> StoreResult<Vec<FactRow>> {
    let kinds = ACCESSES.map(EntryKind::as_str);
    Ok(entry_fact::table
        .filter(entry_fact::taxpayer_id.eq(taxpayer))
        .filter(entry_fact::place.lt(before))
        .filter(entry_fact::kind.eq_any(kinds))
        .order(entry_fact::place.desc())
        .limit(limit)
        .load(connection)?)
}

/// Whether an entry is an access of this firm: what [`newest`] does, for entries that the index does not hold yet.
pub fn is_access(fact: &FactRow, taxpayer: &str) -> bool {
    fact.taxpayer_id.as_deref() == Some(taxpayer) && ACCESSES.iter().any(|kind| kind.as_str() == fact.kind)
}

/// Objections that were raised about a release, with who raised them, oldest first.
pub fn objections_to(connection: &mut AnyConnection, release: &str) -> StoreResult<Vec<(String, String)>> {
    Ok(objection::table
        .filter(objection::release_id.eq(release))
        .order(objection::id)
        .select((objection::id, objection::raised_by))
        .load(connection)?)
}
