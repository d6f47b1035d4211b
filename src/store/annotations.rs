//! Which entries change what a section says besides deliveries: corrections, notices, statements, the fairness rule.
//!
//! Written with the entry, like `batch_commit`, so that whoever reads at a ledger size sees exactly what was said by then.

use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::ledger::{Draft, Field};
use super::schema::{annotation_entry, fairness_rule};
use crate::domain::section::Section;
use crate::ledger::entry::EntryKind;

/// What a `policy.changed` entry changes, if it is the fairness rule.
pub const FAIRNESS_CHANGE: &str = "fairness_notice";

/// An entry that changes what a section says.
#[derive(Queryable, Insertable, Clone, PartialEq, Eq, Debug)]
#[diesel(table_name = annotation_entry)]
pub struct AnnotationRow {
    /// Its index: it counts for whoever reads at a larger size.
    pub idx: i64,
    /// Its kind.
    pub kind: String,
    /// The correction, notice, statement or rule.
    pub object_id: String,
    /// Whose section; empty for the rule, which is everybody's.
    pub taxpayer_id: String,
    /// Which section.
    pub section: String,
}

impl AnnotationRow {
    /// The row of an entry about to be appended at this place, if it is one of these.
    pub(super) fn of(draft: &Draft, idx: i64) -> Option<Self> {
        let plain = |name: &str| {
            draft.fields.iter().find_map(|(field, value)| match value {
                Field::Plain(value) if *field == name => value.as_str().map(str::to_owned),
                Field::Plain(_) | Field::Sealed(_) | Field::Reason(_) => None,
            })
        };
        let subject = || {
            draft.fields.iter().find_map(|(field, value)| match value {
                Field::Sealed(value) if *field == "subject" => Some(value.clone()),
                Field::Plain(_) | Field::Sealed(_) | Field::Reason(_) => None,
            })
        };
        let violations = || Some(Section::Violations.as_str().to_owned());
        let (taxpayer_id, section) = match draft.kind {
            EntryKind::CorrectionRequested | EntryKind::CorrectionResolved => (subject()?, plain("section")?),
            EntryKind::ViolationNotified | EntryKind::ViolationStatementAdded => (subject()?, violations()?),
            EntryKind::PolicyChanged if plain("change").as_deref() == Some(FAIRNESS_CHANGE) => {
                (String::new(), violations()?)
            }
            _of_no_section => return None,
        };
        let kind = draft.kind.as_str().to_owned();
        Some(Self { idx, kind, object_id: draft.object_id.clone(), taxpayer_id, section })
    }
}

/// Keeps the rows of the entries of a unit.
pub(super) fn insert(connection: &mut AnyConnection, rows: &[AnnotationRow]) -> StoreResult<()> {
    for row in rows {
        diesel::insert_into(annotation_entry::table).values(row).execute(connection)?;
    }
    Ok(())
}

/// The entries after `after` and up to `last`, in order.
pub fn after(connection: &mut AnyConnection, after: i64, last: i64) -> StoreResult<Vec<AnnotationRow>> {
    Ok(on_backend!(connection, c => annotation_entry::table
        .filter(annotation_entry::idx.gt(after))
        .filter(annotation_entry::idx.le(last))
        .order(annotation_entry::idx)
        .load(c))?)
}

/// The entries `from..to`, in order.
pub fn between(connection: &mut AnyConnection, from: i64, to: i64) -> StoreResult<Vec<AnnotationRow>> {
    Ok(on_backend!(connection, c => annotation_entry::table
        .filter(annotation_entry::idx.ge(from))
        .filter(annotation_entry::idx.lt(to))
        .order(annotation_entry::idx)
        .load(c))?)
}

/// The entries about a taxpayer's section below a ledger size, in order.
pub fn about(
    connection: &mut AnyConnection,
    taxpayer: &str,
    section: Section,
    size: i64,
) -> StoreResult<Vec<AnnotationRow>> {
    Ok(on_backend!(connection, c => annotation_entry::table
        .filter(annotation_entry::taxpayer_id.eq(taxpayer))
        .filter(annotation_entry::section.eq(section.as_str()))
        .filter(annotation_entry::idx.lt(size))
        .order(annotation_entry::idx)
        .load(c))?)
}

/// How many working days' notice a rule asks for.
pub fn rule(connection: &mut AnyConnection, id: &str) -> StoreResult<i64> {
    let found: Option<i64> = on_backend!(connection, c => fairness_rule::table
        .find(id).select(fairness_rule::notice_working_days).get_result(c).optional())?;
    found.ok_or_else(|| StoreError::corrupt("fairness_rule", "a rule in the ledger has no row"))
}

/// The rule that was recorded last: how many working days' notice it asks for.
pub fn newest_rule(connection: &mut AnyConnection) -> StoreResult<Option<i64>> {
    let newest: Option<String> = on_backend!(connection, c => annotation_entry::table
        .filter(annotation_entry::taxpayer_id.eq(""))
        .order(annotation_entry::idx.desc())
        .select(annotation_entry::object_id)
        .first(c)
        .optional())?;
    newest.map(|id| rule(connection, &id)).transpose()
}

/// Adds a rule; its entry makes it count.
pub fn insert_rule(
    connection: &mut AnyConnection,
    id: &str,
    notice_working_days: i64,
    at: crate::domain::timestamp::Timestamp,
) -> StoreResult<()> {
    diesel::insert_into(fairness_rule::table)
        .values((
            fairness_rule::id.eq(id),
            fairness_rule::notice_working_days.eq(notice_working_days),
            fairness_rule::changed_at.eq(at.naive()),
        ))
        .execute(connection)?;
    Ok(())
}
