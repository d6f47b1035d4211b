//! Records: every revision of every tax fact, clustered by taxpayer.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::schema::{record, touch};
use crate::domain::record::Record;
use crate::domain::section::Section;
use crate::domain::taxpayer_id::TaxpayerId;

/// A revision as stored.
#[derive(Queryable, Insertable, Clone, Debug)]
#[diesel(table_name = record)]
#[diesel(treat_none_as_default_value = false)]
pub struct RecordRow {
    /// Whose it is.
    pub taxpayer_id: String,
    /// Which section it belongs to.
    pub section: String,
    /// What it is a revision of.
    pub record_key: String,
    /// The delivery that brought it.
    pub batch_id: String,
    /// First day it speaks of, if it speaks of a period.
    pub period_from: Option<NaiveDate>,
    /// Last day it speaks of.
    pub period_to: Option<NaiveDate>,
    /// Canonical JSON.
    pub body: String,
    /// JSON of the checks it failed, if any.
    pub marks: Option<String>,
    /// JSON of how many of its form's rules it passed, failed and was skipped by, if the form has rules.
    pub checks: Option<String>,
}

impl RecordRow {
    /// A record as part of a delivery.
    pub fn new(record: Record, batch_id: &str) -> StoreResult<Self> {
        let corrupt = |why: serde_json::Error| StoreError::corrupt("record", why);
        let marks = match record.marks.is_empty() {
            true => None,
            false => Some(serde_json::to_string(&record.marks).map_err(corrupt)?),
        };
        let checks =
            record.checks.map(|checks| serde_json::to_string(&checks)).transpose().map_err(corrupt)?;
        Ok(Self {
            taxpayer_id: record.taxpayer.as_str().to_owned(),
            section: record.section.as_str().to_owned(),
            record_key: record.key,
            batch_id: batch_id.to_owned(),
            period_from: record.period.map(|period| period.from()),
            period_to: record.period.map(|period| period.to()),
            body: record.body,
            marks,
            checks,
        })
    }
}

/// Stages rows as one set: COPY on PostgreSQL, a prepared statement on SQLite. `Duplicate` if a record stands twice.
pub fn insert(connection: &mut AnyConnection, rows: &[RecordRow]) -> StoreResult<()> {
    match connection {
        AnyConnection::Pg(c) => {
            diesel::copy_from(record::table).from_insertable(rows).execute(c)?;
        }
        AnyConnection::Sqlite(c) => {
            for row in rows {
                diesel::insert_into(record::table).values(row).execute(c)?;
            }
        }
    }
    Ok(())
}

/// Stages one row unless its record is there already in this delivery; tells whether it was new.
pub fn insert_once(connection: &mut AnyConnection, row: &RecordRow) -> StoreResult<bool> {
    let count = on_backend!(connection, c => diesel::insert_into(record::table).values(row).on_conflict_do_nothing().execute(c))?;
    Ok(count == 1)
}

/// Every revision of a taxpayer's section, whoever can see it, by record key and delivery.
pub fn revisions(
    connection: &mut AnyConnection,
    taxpayer: &TaxpayerId,
    section: Section,
) -> StoreResult<Vec<RecordRow>> {
    Ok(on_backend!(connection, c => record::table
        .filter(record::taxpayer_id.eq(taxpayer.as_str()))
        .filter(record::section.eq(section.as_str()))
        .order((record::record_key, record::batch_id))
        .load(c))?)
}

/// The deliveries that spoke of a taxpayer's section.
pub fn touches(
    connection: &mut AnyConnection,
    taxpayer: &TaxpayerId,
    section: Section,
) -> StoreResult<Vec<String>> {
    Ok(on_backend!(connection, c => touch::table
        .filter(touch::taxpayer_id.eq(taxpayer.as_str()))
        .filter(touch::section.eq(section.as_str()))
        .select(touch::batch_id)
        .load(c))?)
}
