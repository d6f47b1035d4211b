//! The follower that fills the audit's index of entries behind the ledger, off the path of a pull.
//!
//! Several processes may follow one ledger: whoever finds the cursor moved by another begins again from there.

use std::time::Duration;

use super::Exchange;
use super::error::{ServiceError, ServiceResult};
use crate::store::error::StoreError;
use crate::store::facts::{self, Cursor, stored_index};
use crate::store::ledger;

/// Entries in one transaction: some milliseconds of the ledger's write lock.
const BATCH: i64 = 500;
/// Between two transactions, so that pulls that wait for the lock get it.
const BREATH: Duration = Duration::from_millis(3);
/// Entries beyond the index that a search reads from the ledger itself; past it the index must catch up first.
const TAIL_MAX: i64 = 20_000;

/// Indexes what was appended since. Blocks on the database.
pub fn follow(exchange: &Exchange) -> ServiceResult<()> {
    while step(exchange)? {
        std::thread::sleep(BREATH);
    }
    Ok(())
}

/// Indexes one batch; `false` if there is nothing left to do.
fn step(exchange: &Exchange) -> ServiceResult<bool> {
    let (cursor, belongs) = exchange.ledger.read(|c| {
        let cursor = facts::cursor(c)?;
        let belongs = facts::belongs(c, &cursor)?;
        Ok((cursor, belongs))
    })?;
    if !belongs {
        // A restored database, or a ledger that went on from less: what was indexed is of entries that are no more.
        exchange.ledger.write(|c| facts::clear(c, &cursor))?;
        return Ok(true);
    }
    let size = size(exchange)?;
    if cursor.next_idx >= size {
        return Ok(false);
    }
    let until = size.min(cursor.next_idx.saturating_add(BATCH));
    // Described outside the transaction: what an entry says and refers to does not change.
    let rows = exchange.ledger.read(|c| facts::describe(c, cursor.next_idx, until))?;
    if i64::try_from(rows.len()).ok() != Some(until - cursor.next_idx) {
        return Err(StoreError::corrupt("ledger_entry", "an index is missing below the head").into());
    }
    match exchange.ledger.write(|c| facts::advance(c, &cursor, &rows)) {
        Ok(_moved_by_us_or_another) => Ok(until < size),
        Err(StoreError::Duplicate) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

fn size(exchange: &Exchange) -> ServiceResult<i64> {
    Ok(stored_index(exchange.ledger.read(ledger::head)?.frontier.size())?)
}

/// How far the index goes, and how far the ledger: what lies between is short enough to be read from the ledger.
#[derive(Clone, Debug)]
pub struct Reach {
    /// Index of the first entry that is not indexed.
    pub indexed: i64,
    /// Entries of the ledger.
    pub size: i64,
}

/// The reach of a search. The cursor is read before the head: an entry below it is in the index for good.
pub fn reach(exchange: &Exchange) -> ServiceResult<Reach> {
    let (cursor, belongs): (Cursor, bool) = exchange.ledger.read(|c| {
        let cursor = facts::cursor(c)?;
        let belongs = facts::belongs(c, &cursor)?;
        Ok((cursor, belongs))
    })?;
    let size = size(exchange)?;
    if !belongs || size - cursor.next_idx > TAIL_MAX {
        let why = format!("the audit's index holds {} of {size} entries and catches up", cursor.next_idx);
        return Err(ServiceError::Busy(why));
    }
    Ok(Reach { indexed: cursor.next_idx, size })
}
