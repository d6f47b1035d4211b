//! Copies that firms took of their own data: what it takes to build each again.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::schema::own_copy;
use crate::domain::timestamp::Timestamp;

/// A copy as stored.
#[derive(Queryable, Insertable, Clone, PartialEq, Eq, Debug)]
#[diesel(table_name = own_copy)]
#[diesel(treat_none_as_default_value = false)]
pub struct OwnCopyRow {
    /// UUIDv7.
    pub id: String,
    /// Whose data, and who has it.
    pub taxpayer_id: String,
    /// The issuer-signed JWT as sent.
    pub jwt: String,
    /// Ledger size that the disclosures were read at.
    pub read_at: i64,
    /// First day of the window.
    pub window_from: NaiveDate,
    /// Last day of the window.
    pub window_to: NaiveDate,
    /// Sections, separated by spaces.
    pub sections: String,
    /// JSON of the profile for holders at that time.
    pub profile: String,
    /// Whether personal identifiers are in it.
    pub personal_data: bool,
    /// Version of the rules.
    pub policy: String,
    /// Salt epoch of the disclosures.
    pub salt_epoch: i32,
    /// When the JWT was signed.
    pub issued_at: NaiveDateTime,
}

/// What an entry says of a copy.
#[derive(Queryable, Clone, PartialEq, Eq, Debug)]
pub struct CopyFacts {
    /// UUIDv7.
    pub id: String,
    /// Whose data.
    pub taxpayer_id: String,
    /// The JWT as sent.
    pub jwt: String,
    /// Ledger size that it was read at.
    pub read_at: i64,
}

/// Adds a copy.
pub fn insert(connection: &mut AnyConnection, row: &OwnCopyRow) -> StoreResult<()> {
    diesel::insert_into(own_copy::table).values(row).execute(connection)?;
    Ok(())
}

/// The copy with this id, if there is one.
pub fn find(connection: &mut AnyConnection, id: &str) -> StoreResult<Option<OwnCopyRow>> {
    Ok(on_backend!(connection, c => own_copy::table.find(id).get_result(c).optional())?)
}

/// A firm's newest copies, newest first.
pub fn newest(connection: &mut AnyConnection, taxpayer: &str, limit: i64) -> StoreResult<Vec<OwnCopyRow>> {
    Ok(own_copy::table
        .filter(own_copy::taxpayer_id.eq(taxpayer))
        .order(own_copy::id.desc())
        .limit(limit)
        .load(connection)?)
}

/// How many copies a firm took since an instant.
pub fn taken_since(connection: &mut AnyConnection, taxpayer: &str, since: Timestamp) -> StoreResult<u64> {
    let count: i64 = on_backend!(connection, c => own_copy::table
        .filter(own_copy::taxpayer_id.eq(taxpayer))
        .filter(own_copy::issued_at.ge(since.naive()))
        .count()
        .get_result(c))?;
    u64::try_from(count).map_err(|e| StoreError::corrupt("own_copy", e))
}

/// Ids of copies after `after`, ascending: for whoever replays them all.
pub fn ids_after(connection: &mut AnyConnection, after: &str, limit: i64) -> StoreResult<Vec<String>> {
    Ok(own_copy::table
        .filter(own_copy::id.gt(after))
        .order(own_copy::id)
        .limit(limit)
        .select(own_copy::id)
        .load(connection)?)
}

/// The copies with these ids, for whoever audits the ledger.
pub fn named(connection: &mut AnyConnection, ids: &[&str]) -> StoreResult<Vec<CopyFacts>> {
    Ok(on_backend!(connection, c => own_copy::table
        .filter(own_copy::id.eq_any(ids))
        .select((own_copy::id, own_copy::taxpayer_id, own_copy::jwt, own_copy::read_at))
        .load(c))?)
}
