//! Notices of violations before their first release, and the statements that firms make to violations.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::schema::{consent, ledger_entry, touch, violation_notice, violation_statement};
use crate::domain::consent::{ConsentStatus, ConsentTerms};
use crate::domain::section::Section;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;

/// A notice as given.
#[derive(Queryable, Insertable, Clone, PartialEq, Eq, Debug)]
#[diesel(table_name = violation_notice)]
pub struct NoticeRow {
    /// UUIDv7.
    pub id: String,
    /// The firm.
    pub taxpayer_id: String,
    /// The violation, by its record's key.
    pub record_key: String,
    /// When.
    pub notified_at: NaiveDateTime,
    /// The last day on which the violation is not released, Asia/Shanghai.
    pub last_day: NaiveDate,
}

/// A statement as made.
#[derive(Queryable, Insertable, Clone, PartialEq, Eq, Debug)]
#[diesel(table_name = violation_statement)]
pub struct StatementRow {
    /// UUIDv7.
    pub id: String,
    /// The firm.
    pub taxpayer_id: String,
    /// The violation, by its record's key.
    pub record_key: String,
    /// The firm's words.
    pub text: String,
    /// When.
    pub made_at: NaiveDateTime,
}

/// A firm's notices, by record.
pub fn notices(connection: &mut AnyConnection, taxpayer: &str) -> StoreResult<Vec<NoticeRow>> {
    Ok(on_backend!(connection, c => violation_notice::table
        .filter(violation_notice::taxpayer_id.eq(taxpayer))
        .order(violation_notice::record_key)
        .load(c))?)
}

/// Whether a firm was told of a violation.
pub fn is_notified(connection: &mut AnyConnection, taxpayer: &str, record_key: &str) -> StoreResult<bool> {
    let told = violation_notice::table
        .filter(violation_notice::taxpayer_id.eq(taxpayer))
        .filter(violation_notice::record_key.eq(record_key));
    Ok(on_backend!(connection, c => diesel::select(diesel::dsl::exists(told)).get_result(c))?)
}

/// Adds a notice. `Duplicate` if the firm was told already.
pub fn insert_notice(connection: &mut AnyConnection, row: &NoticeRow) -> StoreResult<()> {
    diesel::insert_into(violation_notice::table).values(row).execute(connection)?;
    Ok(())
}

/// A firm's statements, in the order in which they were made.
pub fn statements(connection: &mut AnyConnection, taxpayer: &str) -> StoreResult<Vec<StatementRow>> {
    Ok(on_backend!(connection, c => violation_statement::table
        .filter(violation_statement::taxpayer_id.eq(taxpayer))
        .order(violation_statement::id)
        .load(c))?)
}

/// Adds a statement.
pub fn insert_statement(connection: &mut AnyConnection, row: &StatementRow) -> StoreResult<()> {
    diesel::insert_into(violation_statement::table).values(row).execute(connection)?;
    Ok(())
}

/// What may make a violation releasable: deliveries and consents among the entries `from..to`, as (kind, object).
pub fn causes(connection: &mut AnyConnection, from: i64, to: i64) -> StoreResult<Vec<(String, String)>> {
    let kinds = [EntryKind::BatchCommitted.as_str(), EntryKind::ConsentGranted.as_str()];
    Ok(on_backend!(connection, c => ledger_entry::table
        .filter(ledger_entry::idx.ge(from))
        .filter(ledger_entry::idx.lt(to))
        .filter(ledger_entry::kind.eq_any(kinds))
        .order(ledger_entry::idx)
        .select((ledger_entry::kind, ledger_entry::object_id))
        .load(c))?)
}

/// One page of the firms whose violations a delivery speaks of, after `after`. Asks the data's database.
pub fn touched(
    data: &mut AnyConnection,
    batch_id: &str,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<String>> {
    Ok(on_backend!(data, c => touch::table
        .filter(touch::batch_id.eq(batch_id))
        .filter(touch::section.eq(Section::Violations.as_str()))
        .filter(touch::taxpayer_id.gt(after))
        .order(touch::taxpayer_id)
        .limit(limit)
        .select(touch::taxpayer_id)
        .load(c))?)
}

/// Those of these firms that have a consent, in force now or later, that opens violations.
pub fn consenting(
    connection: &mut AnyConnection,
    taxpayers: &[String],
    now: Timestamp,
) -> StoreResult<BTreeSet<String>> {
    let live = [ConsentStatus::Granted.as_str(), ConsentStatus::Suspended.as_str()];
    let rows: Vec<(String, String)> = on_backend!(connection, c => consent::table
        .filter(consent::taxpayer_id.eq_any(taxpayers))
        .filter(consent::status.eq_any(live))
        .select((consent::taxpayer_id, consent::terms))
        .load(c))?;
    let mut found = BTreeSet::new();
    for (taxpayer, terms) in rows {
        let terms: ConsentTerms =
            serde_json::from_str(&terms).map_err(|e| StoreError::corrupt("consent", e))?;
        if terms.valid_to > now && terms.sections.contains(&Section::Violations) {
            found.insert(taxpayer);
        }
    }
    Ok(found)
}

/// The firm of a consent.
pub fn firm_of(connection: &mut AnyConnection, consent_id: &str) -> StoreResult<Option<String>> {
    Ok(on_backend!(connection, c => consent::table
        .find(consent_id)
        .select(consent::taxpayer_id)
        .get_result(c)
        .optional())?)
}
