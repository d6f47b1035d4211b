//! Whose entries an entry is: its actor's, and those of the member it concerns though another acted.
//!
//! A leaf names no bank but its actor, so that members learn nothing of each other from it. What is kept here is
//! beside the leaf, and is asked only for a member's own entries.

use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::ledger::{Draft, Field, signed};
use super::ledger_read::StoredEntry;
use super::schema::{entry_concern, entry_salt, ledger_entry, product};
use crate::ledger::entry::EntryKind;

/// The field by which a consent's entry names its bank.
const BANK: &str = "bank";
/// Entries that are their bank's too. Others may name a bank that must not learn of them: that the firm was asked,
/// declined, blocked the bank or changed its representative, or that the bank is inspected.
const TOLD_TO_THE_BANK: [EntryKind; 15] = [
    EntryKind::ConsentGranted,
    EntryKind::ConsentRevoked,
    EntryKind::ConsentExpired,
    EntryKind::ConsentSuperseded,
    EntryKind::PersonalConsentGranted,
    EntryKind::PersonalConsentRevoked,
    EntryKind::ApplicationSubmitted,
    EntryKind::ApplicationSupplemented,
    EntryKind::ApplicationProceeded,
    EntryKind::ApplicationWithdrawn,
    EntryKind::ApplicationAccepted,
    EntryKind::ApplicationOfferDeclined,
    EntryKind::ApplicationLapsed,
    EntryKind::ReviewRequested,
    EntryKind::ReleaseUnused,
];

/// The member besides the actor whose own entry this will be: the bank of a consent, the bank of an approved product,
/// the member whose entry in the directory changes. Nobody else's: an entry of another kind is its actor's alone.
pub(super) fn concerned(connection: &mut AnyConnection, draft: &Draft) -> StoreResult<Option<String>> {
    let of_consent = TOLD_TO_THE_BANK.contains(&draft.kind);
    let named =
        draft.fields.iter().find(|(name, _)| of_consent && *name == BANK).and_then(
            |(_, field)| match field {
                Field::Sealed(bank) => Some(bank.clone()),
                Field::Plain(bank) => bank.as_str().map(str::to_owned),
                Field::Reason(_) => None,
            },
        );
    let concerned = match named {
        None if draft.kind == EntryKind::MemberChanged => Some(draft.object_id.clone()),
        None if draft.kind == EntryKind::ProductApproved => {
            let id = draft.object_id.as_str();
            on_backend!(connection, c => product::table.find(id).select(product::bank).get_result(c).optional())?
        }
        named => named,
    };
    Ok(concerned.filter(|member| *member != draft.actor))
}

/// Keeps what [`concerned`] found for the entries at these places.
pub(super) fn insert(connection: &mut AnyConnection, concerns: &[(String, i64)]) -> StoreResult<()> {
    for (member, idx) in concerns {
        diesel::insert_into(entry_concern::table)
            .values((entry_concern::member.eq(member), entry_concern::idx.eq(idx)))
            .execute(connection)?;
    }
    Ok(())
}

/// A member's own entries from `first` on among the ledger's first `size`, at most `limit`, in order.
pub fn own_entries(
    connection: &mut AnyConnection,
    member: &str,
    first: u64,
    size: u64,
    limit: i64,
) -> StoreResult<Vec<StoredEntry>> {
    let (first, size) = (signed(first)?, signed(size)?);
    let mut places: Vec<i64> = on_backend!(connection, c => ledger_entry::table
        .filter(ledger_entry::actor.eq(member))
        .filter(ledger_entry::idx.ge(first))
        .filter(ledger_entry::idx.lt(size))
        .order(ledger_entry::idx)
        .select(ledger_entry::idx)
        .limit(limit)
        .load(c))?;
    let others: Vec<i64> = on_backend!(connection, c => entry_concern::table
        .filter(entry_concern::member.eq(member))
        .filter(entry_concern::idx.ge(first))
        .filter(entry_concern::idx.lt(size))
        .order(entry_concern::idx)
        .select(entry_concern::idx)
        .limit(limit)
        .load(c))?;
    places.extend(others);
    places.sort_unstable();
    places.dedup();
    places.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    at_places(connection, &places)
}

/// The entries at these places, in order, with the salts that are still kept.
fn at_places(connection: &mut AnyConnection, places: &[i64]) -> StoreResult<Vec<StoredEntry>> {
    let leaves: Vec<(i64, Vec<u8>)> = on_backend!(connection, c => ledger_entry::table
        .filter(ledger_entry::idx.eq_any(places))
        .order(ledger_entry::idx)
        .select((ledger_entry::idx, ledger_entry::leaf))
        .load(c))?;
    let salts: Vec<(i64, Vec<u8>)> = on_backend!(connection, c => entry_salt::table
        .filter(entry_salt::idx.eq_any(places))
        .select((entry_salt::idx, entry_salt::salt))
        .load(c))?;
    let mut salts: std::collections::HashMap<i64, Vec<u8>> = salts.into_iter().collect();
    let stored = |(idx, leaf): (i64, Vec<u8>)| {
        let index = u64::try_from(idx).map_err(|e| StoreError::corrupt("ledger_entry", e))?;
        Ok(StoredEntry { index, leaf, salt: salts.remove(&idx) })
    };
    leaves.into_iter().map(stored).collect()
}
