//! Objections: firms that dispute an access.

use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::StoreResult;
use super::schema::objection;
use crate::domain::timestamp::Timestamp;

/// An objection as raised.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Objection {
    /// UUIDv7.
    pub id: String,
    /// The release that is disputed.
    pub release: String,
    /// What the firm says.
    pub text: String,
    /// The case that it opened or joined, if the rule is on.
    pub case: Option<String>,
    /// When.
    pub raised_at: Timestamp,
    /// The member that passed it on.
    pub raised_by: String,
}

/// Adds an objection.
pub fn insert(connection: &mut AnyConnection, new: &Objection) -> StoreResult<()> {
    diesel::insert_into(objection::table)
        .values((
            objection::id.eq(&new.id),
            objection::release_id.eq(&new.release),
            objection::text.eq(&new.text),
            objection::case_id.eq(new.case.as_deref()),
            objection::raised_at.eq(new.raised_at.naive()),
            objection::raised_by.eq(&new.raised_by),
        ))
        .execute(connection)?;
    Ok(())
}

/// The objection with this id, if there is one.
pub fn find(connection: &mut AnyConnection, id: &str) -> StoreResult<Option<Objection>> {
    type Row = (String, String, String, Option<String>, chrono::NaiveDateTime, String);
    let row: Option<Row> = on_backend!(connection, c => objection::table.find(id).get_result(c).optional())?;
    Ok(row.map(|(id, release, text, case, raised_at, raised_by)| Objection {
        id,
        release,
        text,
        case,
        raised_at: Timestamp::from_naive(raised_at),
        raised_by,
    }))
}
