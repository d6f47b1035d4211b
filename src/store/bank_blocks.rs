//! Banks that a firm does not want to be asked by, refusals that still keep a bank away, and how often banks asked.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::schema::{bank_block, request_refusal, request_use};
use crate::domain::member::MemberId;
use crate::domain::timestamp::Timestamp;

/// A bank that a firm blocked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// The bank.
    pub bank: MemberId,
    /// Since when.
    pub at: Timestamp,
    /// The id that its entry names.
    pub entry_id: String,
}

/// Blocks a bank; `false` if it is blocked already.
pub fn block(connection: &mut AnyConnection, taxpayer: &str, new: &Block) -> StoreResult<bool> {
    let values = (
        bank_block::taxpayer_id.eq(taxpayer),
        bank_block::bank.eq(new.bank.as_str()),
        bank_block::blocked_at.eq(new.at.naive()),
        bank_block::entry_id.eq(&new.entry_id),
    );
    let added = on_backend!(connection, c => diesel::insert_into(bank_block::table)
        .values(values)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(added == 1)
}

/// Lets a bank ask again; what was there, if it was blocked.
pub fn unblock(
    connection: &mut AnyConnection,
    taxpayer: &str,
    bank: &MemberId,
) -> StoreResult<Option<Block>> {
    let found = blocks(connection, taxpayer)?.into_iter().find(|block| block.bank == *bank);
    if found.is_some() {
        diesel::delete(bank_block::table.find((taxpayer, bank.as_str()))).execute(connection)?;
    }
    Ok(found)
}

/// The banks that a firm blocked, by name.
pub fn blocks(connection: &mut AnyConnection, taxpayer: &str) -> StoreResult<Vec<Block>> {
    let rows: Vec<(String, NaiveDateTime, String)> = on_backend!(connection, c => bank_block::table
        .filter(bank_block::taxpayer_id.eq(taxpayer))
        .order(bank_block::bank)
        .select((bank_block::bank, bank_block::blocked_at, bank_block::entry_id))
        .load(c))?;
    let block = |(bank, at, entry_id): (String, NaiveDateTime, String)| {
        let bank = bank.parse().map_err(|why| StoreError::corrupt("bank_block", why))?;
        Ok(Block { bank, at: Timestamp::from_naive(at), entry_id })
    };
    rows.into_iter().map(block).collect()
}

/// Whether a bank does not get through to a firm: blocked, or refused at or after `refused_since`.
pub fn keeps_away(
    connection: &mut AnyConnection,
    taxpayer: &str,
    bank: &MemberId,
    refused_since: Timestamp,
) -> StoreResult<bool> {
    let blocked: i64 = on_backend!(connection, c => bank_block::table
        .filter(bank_block::taxpayer_id.eq(taxpayer))
        .filter(bank_block::bank.eq(bank.as_str()))
        .count()
        .get_result(c))?;
    let refused: i64 = on_backend!(connection, c => request_refusal::table
        .filter(request_refusal::taxpayer_id.eq(taxpayer))
        .filter(request_refusal::bank.eq(bank.as_str()))
        .filter(request_refusal::refused_at.gt(refused_since.naive()))
        .count()
        .get_result(c))?;
    Ok(blocked + refused > 0)
}

/// Notes that a firm declined a bank's request.
pub fn note_refusal(
    connection: &mut AnyConnection,
    taxpayer: &str,
    bank: &MemberId,
    at: Timestamp,
) -> StoreResult<()> {
    let values = (
        request_refusal::taxpayer_id.eq(taxpayer),
        request_refusal::bank.eq(bank.as_str()),
        request_refusal::refused_at.eq(at.naive()),
    );
    on_backend!(connection, c => diesel::insert_into(request_refusal::table)
        .values(values)
        .on_conflict((request_refusal::taxpayer_id, request_refusal::bank))
        .do_update()
        .set(request_refusal::refused_at.eq(at.naive()))
        .execute(c))?;
    Ok(())
}

/// Takes one place of a bank's day, in all (`taxpayer` empty) or of one taxpayer id. `false`, and nothing taken, if none
/// of `limit` is left. Exact across processes: the row is held until the transaction ends.
pub fn take_place(
    connection: &mut AnyConnection,
    bank: &MemberId,
    taxpayer: &str,
    day: NaiveDate,
    limit: u32,
) -> StoreResult<bool> {
    let values = (
        request_use::bank.eq(bank.as_str()),
        request_use::taxpayer_id.eq(taxpayer),
        request_use::day.eq(day),
        request_use::used.eq(1_i64),
    );
    let used: i64 = on_backend!(connection, c => diesel::insert_into(request_use::table)
        .values(values)
        .on_conflict((request_use::bank, request_use::taxpayer_id, request_use::day))
        .do_update()
        .set(request_use::used.eq(request_use::used + 1))
        .returning(request_use::used)
        .get_result(c))?;
    if used <= i64::from(limit) {
        return Ok(true);
    }
    give_back(connection, bank, taxpayer, day)?;
    Ok(false)
}

/// Gives a place back that was taken in this transaction.
pub fn give_back(
    connection: &mut AnyConnection,
    bank: &MemberId,
    taxpayer: &str,
    day: NaiveDate,
) -> StoreResult<()> {
    diesel::update(request_use::table.find((bank.as_str(), taxpayer, day)))
        .set(request_use::used.eq(request_use::used - 1))
        .execute(connection)?;
    Ok(())
}

/// Forgets counts of days before this one; returns how many.
pub fn forget_before(connection: &mut AnyConnection, day: NaiveDate) -> StoreResult<usize> {
    Ok(diesel::delete(request_use::table.filter(request_use::day.lt(day))).execute(connection)?)
}
