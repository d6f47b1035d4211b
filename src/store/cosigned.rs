//! Checkpoints that enough witnesses cosigned.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::ledger::signed;
use super::schema::cosigned_checkpoint;
use crate::domain::timestamp::Timestamp;

/// Older checkpoints are kept this far apart, in microseconds.
const APART_MICROS: i64 = 3_600 * 1_000_000;

/// A checkpoint with the cosignatures of a quorum.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CosignedCheckpoint {
    /// How many entries it covers.
    pub size: u64,
    /// The signed note: the ledger's signatures and the witnesses'.
    pub note: String,
    /// When the quorum was reached, by this exchange's clock.
    pub at: Timestamp,
}

type Row = (i64, String, NaiveDateTime);

/// The largest one of a ledger.
pub fn newest(connection: &mut AnyConnection, origin: &str) -> StoreResult<Option<CosignedCheckpoint>> {
    Ok(largest(connection, origin, 1)?.pop())
}

/// Keeps one, in place of an earlier one of the same size, and thins out those before it.
pub fn keep(connection: &mut AnyConnection, origin: &str, cosigned: &CosignedCheckpoint) -> StoreResult<()> {
    let size = signed(cosigned.size)?;
    diesel::delete(cosigned_checkpoint::table.find((origin, size))).execute(connection)?;
    diesel::insert_into(cosigned_checkpoint::table)
        .values((
            cosigned_checkpoint::origin.eq(origin),
            cosigned_checkpoint::size.eq(size),
            cosigned_checkpoint::note.eq(&cosigned.note),
            cosigned_checkpoint::at.eq(cosigned.at.naive()),
        ))
        .execute(connection)?;
    // The one before the newest stays only if it stands far enough from the one before itself.
    if let [_newest, last, before] = &largest(connection, origin, 3)?[..]
        && last.at.since_micros(before.at) < APART_MICROS
    {
        diesel::delete(cosigned_checkpoint::table.find((origin, signed(last.size)?))).execute(connection)?;
    }
    Ok(())
}

fn largest(connection: &mut AnyConnection, origin: &str, count: i64) -> StoreResult<Vec<CosignedCheckpoint>> {
    let rows: Vec<Row> = on_backend!(connection, c => cosigned_checkpoint::table
        .filter(cosigned_checkpoint::origin.eq(origin))
        .order(cosigned_checkpoint::size.desc())
        .limit(count)
        .select((cosigned_checkpoint::size, cosigned_checkpoint::note, cosigned_checkpoint::at))
        .load(c))?;
    rows.into_iter()
        .map(|(size, note, at)| {
            let size = u64::try_from(size).map_err(|e| StoreError::corrupt("cosigned_checkpoint", e))?;
            Ok(CosignedCheckpoint { size, note, at: Timestamp::from_naive(at) })
        })
        .collect()
}
