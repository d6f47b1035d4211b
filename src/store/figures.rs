//! Releases of every bank, counted and listed for those who oversee them all.
//!
//! A release's id begins with the millisecond it was made in (RFC 9562, UUIDv7), so a span of time is a range of the
//! primary key.

use diesel::dsl::count_star;
use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::ledger::signed;
use super::releases::{OUTCOME_GRANTED, ReleaseRow};
use super::schema::{ledger_entry, release};
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::Entry;

/// Which releases are wanted.
#[derive(Clone, Debug, Default)]
pub struct ReleaseFilter {
    /// Of this bank only.
    pub bank: Option<String>,
    /// Only granted ones, or only refused ones.
    pub granted: Option<bool>,
    /// With ids from this one on.
    pub from_id: Option<String>,
    /// With ids below this one.
    pub before_id: Option<String>,
}

/// How many pulls of a bank were decided one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeCount {
    /// Whose.
    pub bank: String,
    /// Whether a dossier left.
    pub granted: bool,
    /// How many.
    pub count: u64,
}

/// The newest releases that match, newest first.
pub fn newest(
    connection: &mut AnyConnection,
    filter: &ReleaseFilter,
    limit: i64,
) -> StoreResult<Vec<ReleaseRow>> {
    let mut query = release::table.order(release::id.desc()).limit(limit).into_boxed();
    if let Some(bank) = &filter.bank {
        query = query.filter(release::bank.eq(bank.clone()));
    }
    match filter.granted {
        Some(true) => query = query.filter(release::outcome.eq(OUTCOME_GRANTED)),
        Some(false) => query = query.filter(release::outcome.ne(OUTCOME_GRANTED)),
        None => {}
    }
    if let Some(from) = &filter.from_id {
        query = query.filter(release::id.ge(from.clone()));
    }
    if let Some(before) = &filter.before_id {
        query = query.filter(release::id.lt(before.clone()));
    }
    Ok(query.load(connection)?)
}

/// How the pulls with ids in `from..to` were decided, bank by bank.
pub fn outcomes(connection: &mut AnyConnection, from: &str, to: &str) -> StoreResult<Vec<OutcomeCount>> {
    let rows: Vec<(String, String, i64)> = on_backend!(connection, c => release::table
        .filter(release::id.ge(from))
        .filter(release::id.lt(to))
        .group_by((release::bank, release::outcome))
        .select((release::bank, release::outcome, count_star()))
        .load(c))?;
    let mut counts: Vec<OutcomeCount> = Vec::new();
    for (bank, outcome, count) in rows {
        let granted = outcome == OUTCOME_GRANTED;
        let count = u64::try_from(count).unwrap_or(0);
        match counts.iter_mut().find(|one| one.bank == bank && one.granted == granted) {
            Some(one) => one.count += count,
            None => counts.push(OutcomeCount { bank, granted, count }),
        }
    }
    counts.sort_by(|a, b| (&a.bank, b.granted).cmp(&(&b.bank, a.granted)));
    Ok(counts)
}

/// The first of the entries `from..size` that is not older than this instant; `size` if all are. Instants grow with
/// the index, so some twenty entries are read, however large the ledger is.
pub fn first_entry_since(
    connection: &mut AnyConnection,
    at: Timestamp,
    from: u64,
    size: u64,
) -> StoreResult<u64> {
    let (mut low, mut high) = (from, size);
    while low < high {
        let middle = low + (high - low) / 2;
        if entry(connection, middle)?.is_some_and(|entry| instant(&entry) < Some(at)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// The entry at this index, if there is one.
pub fn entry(connection: &mut AnyConnection, index: u64) -> StoreResult<Option<Entry>> {
    let index = signed(index)?;
    let leaf: Option<Vec<u8>> = on_backend!(connection, c => ledger_entry::table
        .find(index)
        .select(ledger_entry::leaf)
        .get_result(c)
        .optional())?;
    leaf.map(|leaf| Entry::parse(&leaf).map_err(|why| StoreError::corrupt("ledger_entry", why))).transpose()
}

/// When an entry was written.
pub fn instant(entry: &Entry) -> Option<Timestamp> {
    entry.at.parse().ok()
}
