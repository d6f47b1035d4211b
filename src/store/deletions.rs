//! Banks' signed statements that they deleted what they had received, and those that are overdue.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::StoreResult;
use super::schema::{consent, consent_clock, deletion_statement};

/// A statement as stored.
#[derive(Queryable, Insertable, Clone, Debug)]
#[diesel(table_name = deletion_statement)]
pub struct DeletionRow {
    /// The consent under which the data came.
    pub consent_id: String,
    /// The bank.
    pub bank: String,
    /// What was deleted.
    pub scope: String,
    /// When, as the bank says.
    pub deleted_at: NaiveDateTime,
    /// The JWS, as it came.
    pub statement: String,
    /// When it was received.
    pub received_at: NaiveDateTime,
}

/// Keeps a statement.
pub fn insert(connection: &mut AnyConnection, row: &DeletionRow) -> StoreResult<()> {
    diesel::insert_into(deletion_statement::table).values(row).execute(connection)?;
    Ok(())
}

/// The statement about a consent, if the bank made one.
pub fn of_consent(connection: &mut AnyConnection, consent_id: &str) -> StoreResult<Option<DeletionRow>> {
    Ok(on_backend!(connection, c => deletion_statement::table.find(consent_id).get_result(c).optional())?)
}

/// A consent under which data left, with the day until which the bank may keep it, and the statement if there is one.
#[derive(Queryable, Clone, Debug)]
pub struct RetentionRow {
    /// The consent.
    pub consent_id: String,
    /// The bank.
    pub bank: String,
    /// The last day (Asia/Shanghai) on which the bank may keep what it received.
    pub retain_until: NaiveDate,
    /// When the bank says that it deleted it, if it says so.
    pub deleted_at: Option<NaiveDateTime>,
}

/// Which of them are asked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// One bank's alone.
    pub bank: Option<String>,
    /// Those without a statement whose day lies before this one.
    pub overdue_on: Option<NaiveDate>,
    /// Those after this consent.
    pub after: String,
}

/// One page of consents under which data left, by id.
pub fn page(connection: &mut AnyConnection, wanted: &Wanted, limit: i64) -> StoreResult<Vec<RetentionRow>> {
    let mut query = consent_clock::table
        .inner_join(consent::table.on(consent::id.eq(consent_clock::consent_id)))
        .left_join(deletion_statement::table.on(deletion_statement::consent_id.eq(consent_clock::consent_id)))
        .filter(consent::pulls_used.gt(0))
        .filter(consent_clock::consent_id.gt(wanted.after.clone()))
        .order(consent_clock::consent_id)
        .select((
            consent_clock::consent_id,
            consent_clock::bank,
            consent_clock::retain_until,
            deletion_statement::deleted_at.nullable(),
        ))
        .limit(limit)
        .into_boxed();
    if let Some(bank) = &wanted.bank {
        query = query.filter(consent_clock::bank.eq(bank.clone()));
    }
    if let Some(day) = wanted.overdue_on {
        query = query
            .filter(consent_clock::retain_until.lt(day))
            .filter(deletion_statement::consent_id.nullable().is_null());
    }
    Ok(query.load(connection)?)
}
