//! Intermediaries that firms reported.

use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::schema::intermediary_report;
use crate::domain::timestamp::Timestamp;

/// A report as received.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// UUIDv7.
    pub id: String,
    /// The firm that reports.
    pub taxpayer_id: String,
    /// What it says.
    pub text: String,
    /// When.
    pub received_at: Timestamp,
}

/// Adds a report.
pub fn insert(connection: &mut AnyConnection, new: &Report) -> StoreResult<()> {
    diesel::insert_into(intermediary_report::table)
        .values((
            intermediary_report::id.eq(&new.id),
            intermediary_report::taxpayer_id.eq(&new.taxpayer_id),
            intermediary_report::text.eq(&new.text),
            intermediary_report::received_at.eq(new.received_at.naive()),
        ))
        .execute(connection)?;
    Ok(())
}

/// One page of reports by id, after `after`, oldest first.
pub fn page(connection: &mut AnyConnection, after: &str, limit: i64) -> StoreResult<Vec<Report>> {
    type Row = (String, String, String, chrono::NaiveDateTime);
    let rows: Vec<Row> = intermediary_report::table
        .filter(intermediary_report::id.gt(after))
        .order(intermediary_report::id)
        .limit(limit)
        .load(connection)?;
    Ok(rows
        .into_iter()
        .map(|(id, taxpayer_id, text, at)| Report {
            id,
            taxpayer_id,
            text,
            received_at: Timestamp::from_naive(at),
        })
        .collect())
}

/// How many reports a firm made since an instant.
pub fn made_since(connection: &mut AnyConnection, taxpayer: &str, since: Timestamp) -> StoreResult<u64> {
    let count: i64 = on_backend!(connection, c => intermediary_report::table
        .filter(intermediary_report::taxpayer_id.eq(taxpayer))
        .filter(intermediary_report::received_at.ge(since.naive()))
        .count()
        .get_result(c))?;
    u64::try_from(count).map_err(|e| StoreError::corrupt("intermediary_report", e))
}
