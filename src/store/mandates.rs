//! Mandates of the regulator's inspections.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::StoreResult;
use super::schema::mandate;
use crate::domain::timestamp::Timestamp;

/// A mandate as stored.
#[derive(Queryable, Insertable, Clone, PartialEq, Eq, Debug)]
#[diesel(table_name = mandate)]
#[diesel(treat_none_as_default_value = false)]
pub struct MandateRow {
    /// UUIDv7.
    pub id: String,
    /// Number of the inspection's notice.
    pub notice_no: String,
    /// The bank inspected.
    pub bank: String,
    /// First instant inspected.
    pub period_from: NaiveDateTime,
    /// First instant no longer inspected.
    pub period_to: NaiveDateTime,
    /// When it was opened.
    pub opened_at: NaiveDateTime,
    /// Label of the person who opened it.
    pub opened_by: String,
    /// Fingerprint of that person's certificate.
    pub opened_certificate: String,
    /// When it was approved: in force since.
    pub approved_at: Option<NaiveDateTime>,
    /// Label of the person who approved it.
    pub approved_by: Option<String>,
    /// Fingerprint of that person's certificate.
    pub approved_certificate: Option<String>,
}

/// Adds a mandate.
pub fn insert(connection: &mut AnyConnection, row: &MandateRow) -> StoreResult<()> {
    diesel::insert_into(mandate::table).values(row).execute(connection)?;
    Ok(())
}

/// The mandate with this id, if there is one.
pub fn find(connection: &mut AnyConnection, id: &str) -> StoreResult<Option<MandateRow>> {
    Ok(on_backend!(connection, c => mandate::table.find(id).get_result(c).optional())?)
}

/// The same, locked until the transaction ends.
pub fn lock(connection: &mut AnyConnection, id: &str) -> StoreResult<Option<MandateRow>> {
    Ok(match connection {
        AnyConnection::Pg(c) => mandate::table.find(id).for_update().get_result(c).optional()?,
        AnyConnection::Sqlite(c) => mandate::table.find(id).get_result(c).optional()?,
    })
}

/// Approves a mandate.
pub fn approve(
    connection: &mut AnyConnection,
    id: &str,
    label: &str,
    certificate: &str,
    at: Timestamp,
) -> StoreResult<()> {
    diesel::update(mandate::table.find(id))
        .set((
            mandate::approved_at.eq(at.naive()),
            mandate::approved_by.eq(label),
            mandate::approved_certificate.eq(certificate),
        ))
        .execute(connection)?;
    Ok(())
}

/// One page of mandates by id, after `after`.
pub fn page(connection: &mut AnyConnection, after: &str, limit: i64) -> StoreResult<Vec<MandateRow>> {
    Ok(mandate::table.filter(mandate::id.gt(after)).order(mandate::id).limit(limit).load(connection)?)
}
