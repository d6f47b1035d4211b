//! Corrections: what firms say is wrong, and what came of it.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::schema::correction;
use crate::domain::correction::{Correction, CorrectionLimits, Resolution};
use crate::domain::section::Section;
use crate::domain::taxpayer_id::TaxpayerId;
use crate::domain::timestamp::Timestamp;

#[derive(Queryable, Insertable)]
#[diesel(table_name = correction)]
#[diesel(treat_none_as_default_value = false)]
struct CorrectionRow {
    id: String,
    taxpayer_id: String,
    section: String,
    record_key: String,
    text: String,
    requested_at: NaiveDateTime,
    requested_as: String,
    check_by: NaiveDate,
    source_by: NaiveDate,
    extended_by: NaiveDate,
    outcome: Option<String>,
    note: Option<String>,
    resolved_at: Option<NaiveDateTime>,
}

impl CorrectionRow {
    fn parse(self) -> StoreResult<Correction> {
        let corrupt = |why: &dyn ToString| StoreError::corrupt("correction", why.to_string());
        let resolution = match (self.outcome, self.resolved_at) {
            (Some(outcome), Some(at)) => Some(Resolution {
                outcome: outcome.parse().map_err(|e| corrupt(&e))?,
                note: self.note.unwrap_or_default(),
                at: Timestamp::from_naive(at),
            }),
            (_, _) => None,
        };
        Ok(Correction {
            id: self.id,
            taxpayer: TaxpayerId::parse(&self.taxpayer_id).map_err(|e| corrupt(&e))?,
            section: self.section.parse().map_err(|e| corrupt(&e))?,
            record_key: self.record_key,
            text: self.text,
            requested_at: Timestamp::from_naive(self.requested_at),
            requested_as: self.requested_as,
            limits: CorrectionLimits {
                check_by: self.check_by,
                source_by: self.source_by,
                extended_by: self.extended_by,
            },
            resolution,
        })
    }
}

/// The correction with this id, locked until the transaction ends.
pub fn lock(connection: &mut AnyConnection, id: &str) -> StoreResult<Option<Correction>> {
    let row: Option<CorrectionRow> = match connection {
        AnyConnection::Pg(c) => correction::table.find(id).for_update().get_result(c).optional()?,
        AnyConnection::Sqlite(c) => correction::table.find(id).get_result(c).optional()?,
    };
    row.map(CorrectionRow::parse).transpose()
}

/// The corrections with these ids, in the order of their ids.
pub fn find_many(connection: &mut AnyConnection, ids: &[&str]) -> StoreResult<Vec<Correction>> {
    let rows: Vec<CorrectionRow> = on_backend!(connection, c => correction::table
        .filter(correction::id.eq_any(ids)).order(correction::id).load(c))?;
    rows.into_iter().map(CorrectionRow::parse).collect()
}

/// Whether a record is disputed and nothing was decided yet.
pub fn is_open(
    connection: &mut AnyConnection,
    taxpayer: &TaxpayerId,
    section: Section,
    record_key: &str,
) -> StoreResult<bool> {
    let open = correction::table
        .filter(correction::taxpayer_id.eq(taxpayer.as_str()))
        .filter(correction::section.eq(section.as_str()))
        .filter(correction::record_key.eq(record_key))
        .filter(correction::outcome.is_null());
    Ok(on_backend!(connection, c => diesel::select(diesel::dsl::exists(open)).get_result(c))?)
}

/// The keys of a section's records that a firm disputes.
pub fn open_keys(
    connection: &mut AnyConnection,
    taxpayer: &TaxpayerId,
    section: Section,
) -> StoreResult<Vec<String>> {
    Ok(on_backend!(connection, c => correction::table
        .filter(correction::taxpayer_id.eq(taxpayer.as_str()))
        .filter(correction::section.eq(section.as_str()))
        .filter(correction::outcome.is_null())
        .select(correction::record_key)
        .load(c))?)
}

/// How many of a firm's corrections are open.
pub fn count_open(connection: &mut AnyConnection, taxpayer: &TaxpayerId) -> StoreResult<i64> {
    Ok(on_backend!(connection, c => correction::table
        .filter(correction::taxpayer_id.eq(taxpayer.as_str()))
        .filter(correction::outcome.is_null())
        .count()
        .get_result(c))?)
}

/// A firm's corrections, newest first, at most `limit`.
pub fn of_firm(
    connection: &mut AnyConnection,
    taxpayer: &TaxpayerId,
    limit: i64,
) -> StoreResult<Vec<Correction>> {
    let rows: Vec<CorrectionRow> = on_backend!(connection, c => correction::table
        .filter(correction::taxpayer_id.eq(taxpayer.as_str()))
        .order(correction::id.desc())
        .limit(limit)
        .load(c))?;
    rows.into_iter().map(CorrectionRow::parse).collect()
}

/// Which corrections a list is of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CorrectionFilter {
    /// Only open ones, or only resolved ones.
    pub open: Option<bool>,
    /// Only open ones whose source's last day is before this day.
    pub source_due_before: Option<NaiveDate>,
}

/// One page of corrections by id, after `after`, oldest first.
pub fn page(
    connection: &mut AnyConnection,
    filter: CorrectionFilter,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<Correction>> {
    let mut query =
        correction::table.filter(correction::id.gt(after)).order(correction::id).limit(limit).into_boxed();
    match filter.open {
        Some(true) => query = query.filter(correction::outcome.is_null()),
        Some(false) => query = query.filter(correction::outcome.is_not_null()),
        None => {}
    }
    if let Some(day) = filter.source_due_before {
        query = query.filter(correction::outcome.is_null()).filter(correction::source_by.lt(day));
    }
    let rows: Vec<CorrectionRow> = query.load(connection)?;
    rows.into_iter().map(CorrectionRow::parse).collect()
}

/// Adds a correction as requested. `Duplicate` if the record is disputed already.
pub fn insert(connection: &mut AnyConnection, new: &Correction) -> StoreResult<()> {
    let row = CorrectionRow {
        id: new.id.clone(),
        taxpayer_id: new.taxpayer.as_str().to_owned(),
        section: new.section.as_str().to_owned(),
        record_key: new.record_key.clone(),
        text: new.text.clone(),
        requested_at: new.requested_at.naive(),
        requested_as: new.requested_as.clone(),
        check_by: new.limits.check_by,
        source_by: new.limits.source_by,
        extended_by: new.limits.extended_by,
        outcome: None,
        note: None,
        resolved_at: None,
    };
    diesel::insert_into(correction::table).values(&row).execute(connection)?;
    Ok(())
}

/// Resolves a locked correction.
pub fn resolve(connection: &mut AnyConnection, id: &str, resolution: &Resolution) -> StoreResult<()> {
    diesel::update(correction::table.find(id))
        .set((
            correction::outcome.eq(resolution.outcome.as_str()),
            correction::note.eq(&resolution.note),
            correction::resolved_at.eq(resolution.at.naive()),
        ))
        .execute(connection)?;
    Ok(())
}
