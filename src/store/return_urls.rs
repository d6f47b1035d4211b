//! Where a bank may have a person sent back to.

use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::schema::return_url;
use crate::domain::member::MemberId;
use crate::domain::return_url::ReturnUrl;
use crate::domain::timestamp::Timestamp;

/// A bank's registered prefixes, in order.
pub fn of(connection: &mut AnyConnection, bank: &MemberId) -> StoreResult<Vec<ReturnUrl>> {
    let rows: Vec<String> = on_backend!(connection, c => return_url::table
        .filter(return_url::bank.eq(bank.as_str()))
        .order(return_url::url)
        .select(return_url::url)
        .load(c))?;
    rows.iter().map(|url| url.parse().map_err(|why| StoreError::corrupt("return_url", why))).collect()
}

/// Every bank's registered prefixes: the bank, and the prefix.
pub fn all(connection: &mut AnyConnection) -> StoreResult<Vec<(String, String)>> {
    Ok(on_backend!(connection, c => return_url::table
        .order((return_url::bank, return_url::url))
        .select((return_url::bank, return_url::url))
        .load(c))?)
}

/// Registers a prefix; `false` if it is registered already.
pub fn add(
    connection: &mut AnyConnection,
    bank: &MemberId,
    url: &ReturnUrl,
    at: Timestamp,
) -> StoreResult<bool> {
    let values = (
        return_url::bank.eq(bank.as_str()),
        return_url::url.eq(url.as_str()),
        return_url::registered_at.eq(at.naive()),
    );
    let added = on_backend!(connection, c => diesel::insert_into(return_url::table)
        .values(values)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(added == 1)
}

/// Takes a prefix away; `false` if it is not registered.
pub fn remove(connection: &mut AnyConnection, bank: &MemberId, url: &ReturnUrl) -> StoreResult<bool> {
    let removed =
        diesel::delete(return_url::table.find((bank.as_str(), url.as_str()))).execute(connection)?;
    Ok(removed == 1)
}
