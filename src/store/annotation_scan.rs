//! What the entries of annotations speak of, for whoever recomputes the ledger.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use super::annotations::{self, AnnotationRow};
use super::db::{AnyConnection, on_backend};
use super::error::StoreResult;
use super::ledger::signed;
use super::schema::{correction, fairness_rule, violation_notice, violation_statement};
use crate::ledger::entry::EntryKind;

/// What an entry says of a record that was disputed, told of or spoken to; and of the fairness rule.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AnnotationFacts {
    /// Kind, as the row beside the entry says.
    pub kind: String,
    /// The correction, notice, statement or rule, as that row says.
    pub object_id: String,
    /// Whose record, as that row says; empty for the rule.
    pub row_taxpayer: String,
    /// Of which section, as that row says.
    pub row_section: String,
    /// What the object's own row holds: taxpayer, section, record key, text, outcome; of the rule its days as text.
    pub object: Option<AnnotatedObject>,
}

/// The row of a correction, a notice, a statement or a rule, as far as entries commit to it.
#[derive(Queryable, Clone, PartialEq, Eq, Debug, Default)]
pub struct AnnotatedObject {
    /// Whose record.
    pub taxpayer_id: String,
    /// Its key.
    pub record_key: String,
    /// What the firm says; a notice's last day; the rule's days.
    pub text: String,
    /// Of which section.
    pub section: String,
    /// What came of a correction.
    pub outcome: Option<String>,
}

/// What the entries `from..to` say of records, by index.
pub fn annotation_facts(
    connection: &mut AnyConnection,
    from: u64,
    to: u64,
) -> StoreResult<HashMap<i64, AnnotationFacts>> {
    let rows = annotations::between(connection, signed(from)?, signed(to)?)?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let object = annotated_object(connection, &row)?;
        let facts = AnnotationFacts {
            kind: row.kind,
            object_id: row.object_id,
            row_taxpayer: row.taxpayer_id,
            row_section: row.section,
            object,
        };
        found.insert(row.idx, facts);
    }
    Ok(found)
}

fn annotated_object(
    connection: &mut AnyConnection,
    row: &AnnotationRow,
) -> StoreResult<Option<AnnotatedObject>> {
    let of_violation = |(taxpayer_id, record_key, text): (String, String, String)| AnnotatedObject {
        taxpayer_id,
        record_key,
        text,
        section: row.section.clone(),
        outcome: None,
    };
    let id = row.object_id.as_str();
    let found = if row.kind == EntryKind::ViolationNotified.as_str() {
        let columns =
            (violation_notice::taxpayer_id, violation_notice::record_key, violation_notice::last_day);
        let notice: Option<(String, String, NaiveDate)> = on_backend!(connection, c => violation_notice::table
            .find(id).select(columns).get_result(c).optional())?;
        notice.map(|(taxpayer, record, day)| of_violation((taxpayer, record, day.to_string())))
    } else if row.kind == EntryKind::ViolationStatementAdded.as_str() {
        let columns =
            (violation_statement::taxpayer_id, violation_statement::record_key, violation_statement::text);
        let statement: Option<(String, String, String)> = on_backend!(connection, c => violation_statement::table
            .find(id).select(columns).get_result(c).optional())?;
        statement.map(of_violation)
    } else if row.kind == EntryKind::PolicyChanged.as_str() {
        let days: Option<i64> = on_backend!(connection, c => fairness_rule::table
            .find(id).select(fairness_rule::notice_working_days).get_result(c).optional())?;
        days.map(|days| of_violation((String::new(), String::new(), days.to_string())))
    } else {
        let columns = (
            correction::taxpayer_id,
            correction::record_key,
            correction::text,
            correction::section,
            correction::outcome,
        );
        on_backend!(connection, c => correction::table.find(id).select(columns).get_result(c).optional())?
    };
    Ok(found)
}
