//! What a firm wants of its authorisations.

use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::StoreResult;
use super::schema::firm_setting;
use crate::domain::timestamp::Timestamp;

/// Whether a second person approves before anything is granted. Not, unless the firm says so.
pub fn joint_approval(connection: &mut AnyConnection, taxpayer: &str) -> StoreResult<bool> {
    let column = firm_setting::joint_approval;
    let wanted: Option<bool> = on_backend!(connection, c => firm_setting::table
        .find(taxpayer)
        .select(column)
        .get_result(c)
        .optional())?;
    Ok(wanted.unwrap_or(false))
}

/// Sets it; `by` names the person and the role.
pub fn set_joint_approval(
    connection: &mut AnyConnection,
    taxpayer: &str,
    wanted: bool,
    by: &str,
    at: Timestamp,
) -> StoreResult<()> {
    let changes = (
        firm_setting::joint_approval.eq(wanted),
        firm_setting::changed_at.eq(at.naive()),
        firm_setting::changed_by.eq(by),
    );
    let key = firm_setting::taxpayer_id.eq(taxpayer);
    on_backend!(connection, c => diesel::insert_into(firm_setting::table)
        .values((key, changes))
        .on_conflict(firm_setting::taxpayer_id)
        .do_update()
        .set(changes)
        .execute(c))?;
    Ok(())
}
