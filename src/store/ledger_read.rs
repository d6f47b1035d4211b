//! Reading the ledger's entries back.

use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::ledger::signed;
use super::schema::{batch_commit, entry_salt, ledger_entry};
use crate::ledger::entry::EntryKind;
use crate::ledger::hash::Hash;

/// Hashes of the leaves `from..to`.
pub fn leaf_hashes(connection: &mut AnyConnection, from: u64, to: u64) -> StoreResult<Vec<Hash>> {
    let (from, to) = (signed(from)?, signed(to)?);
    let rows: Vec<Vec<u8>> = on_backend!(connection, c => ledger_entry::table
        .filter(ledger_entry::idx.ge(from))
        .filter(ledger_entry::idx.lt(to))
        .order(ledger_entry::idx)
        .select(ledger_entry::leaf_hash)
        .load(c))?;
    rows.iter()
        .map(|bytes| {
            Hash::try_from_slice(bytes)
                .ok_or_else(|| StoreError::corrupt("ledger_entry", "a leaf hash is not 32 bytes"))
        })
        .collect()
}

/// A stored entry with the salt that opens its commitments, if not erased.
#[derive(Clone, Debug)]
pub struct StoredEntry {
    /// Its place in the sequence.
    pub index: u64,
    /// The bytes that were hashed.
    pub leaf: Vec<u8>,
    /// Opens its commitments.
    pub salt: Option<Vec<u8>>,
}

/// The newest entry of one of these kinds about this object.
pub fn entry_about(
    connection: &mut AnyConnection,
    object_id: &str,
    kind: EntryKind,
) -> StoreResult<Option<StoredEntry>> {
    let row: Option<(i64, Vec<u8>)> = on_backend!(connection, c => ledger_entry::table
        .filter(ledger_entry::object_id.eq(object_id))
        .filter(ledger_entry::kind.eq(kind.as_str()))
        .order(ledger_entry::idx.desc())
        .select((ledger_entry::idx, ledger_entry::leaf))
        .first(c)
        .optional())?;
    let Some((idx, leaf)) = row else { return Ok(None) };
    let salt: Option<Vec<u8>> = on_backend!(connection, c => entry_salt::table.find(idx).select(entry_salt::salt).get_result(c).optional())?;
    let index = u64::try_from(idx).map_err(|e| StoreError::corrupt("ledger_entry", e))?;
    Ok(Some(StoredEntry { index, leaf, salt }))
}

/// The leaves `from..to` with their hashes, for whoever recomputes the tree.
pub fn leaves(connection: &mut AnyConnection, from: u64, to: u64) -> StoreResult<Vec<(Vec<u8>, Vec<u8>)>> {
    let (from, to) = (signed(from)?, signed(to)?);
    Ok(on_backend!(connection, c => ledger_entry::table
        .filter(ledger_entry::idx.ge(from))
        .filter(ledger_entry::idx.lt(to))
        .order(ledger_entry::idx)
        .select((ledger_entry::leaf, ledger_entry::leaf_hash))
        .load(c))?)
}

/// Batches committed after entry `after` and up to entry `last`, as (batch id, index).
pub fn batches_after(
    connection: &mut AnyConnection,
    after: i64,
    last: i64,
) -> StoreResult<Vec<(String, i64)>> {
    Ok(on_backend!(connection, c => batch_commit::table
        .filter(batch_commit::ledger_index.gt(after))
        .filter(batch_commit::ledger_index.le(last))
        .order(batch_commit::ledger_index)
        .select((batch_commit::batch_id, batch_commit::ledger_index))
        .load(c))?)
}
