//! How many dossiers each bank asked for on each day (Asia/Shanghai), exact across processes.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::schema::quota_use;
use crate::domain::member::MemberId;

/// What came of asking for places.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Taken {
    /// How many of the places asked for were inside the quota.
    pub taken: usize,
    /// Places left for the day.
    pub remaining: u64,
}

/// Takes up to `asked` places of a bank's day. Holds the bank's row until the transaction ends.
pub fn take(
    connection: &mut AnyConnection,
    bank: &MemberId,
    day: NaiveDate,
    asked: usize,
    limit: u64,
) -> StoreResult<Taken> {
    let number = |value: usize| i64::try_from(value).map_err(|e| StoreError::corrupt("quota_use", e));
    let (wanted, limit) = (number(asked)?, i64::try_from(limit).unwrap_or(i64::MAX));
    let key = (quota_use::member_id.eq(bank.as_str()), quota_use::day.eq(day), quota_use::used.eq(wanted));
    let used: i64 = on_backend!(connection, c => diesel::insert_into(quota_use::table)
        .values(key)
        .on_conflict((quota_use::member_id, quota_use::day))
        .do_update()
        .set(quota_use::used.eq(quota_use::used + wanted))
        .returning(quota_use::used)
        .get_result(c))?;
    let over = (used - limit).clamp(0, wanted);
    if over > 0 {
        diesel::update(quota_use::table.find((bank.as_str(), day)))
            .set(quota_use::used.eq(used - over))
            .execute(connection)?;
    }
    let taken = usize::try_from(wanted - over).map_err(|e| StoreError::corrupt("quota_use", e))?;
    Ok(Taken { taken, remaining: u64::try_from(limit - (used - over)).unwrap_or(0) })
}

/// How many places of a bank's day are used.
pub fn used(connection: &mut AnyConnection, bank: &MemberId, day: NaiveDate) -> StoreResult<u64> {
    let used: Option<i64> = on_backend!(connection, c => quota_use::table
        .find((bank.as_str(), day))
        .select(quota_use::used)
        .get_result(c)
        .optional())?;
    Ok(u64::try_from(used.unwrap_or(0)).unwrap_or(0))
}
