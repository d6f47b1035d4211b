//! How to reach members about the data they receive.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::schema::{member, member_contact};
use crate::domain::member::MemberId;
use crate::domain::member_contact::MemberContact;
use crate::domain::timestamp::Timestamp;

#[derive(Queryable, Insertable)]
#[diesel(table_name = member_contact)]
struct Row {
    member_id: String,
    uscc: String,
    contact: String,
    complaint: String,
    changed_at: NaiveDateTime,
}

impl Row {
    fn parse(self) -> StoreResult<MemberContact> {
        let uscc = self.uscc.parse().map_err(|e| StoreError::corrupt("member_contact", e))?;
        Ok(MemberContact { uscc, contact: self.contact, complaint: self.complaint })
    }
}

/// How to reach a member, if that was registered.
pub fn find(connection: &mut AnyConnection, member: &MemberId) -> StoreResult<Option<MemberContact>> {
    let row: Option<Row> =
        on_backend!(connection, c => member_contact::table.find(member.as_str()).get_result(c).optional())?;
    row.map(Row::parse).transpose()
}

/// A member's full legal name and how to reach it; `None` if there is no such member.
pub fn named(
    connection: &mut AnyConnection,
    member: &MemberId,
) -> StoreResult<Option<(String, Option<MemberContact>)>> {
    let name: Option<String> = on_backend!(connection, c => member::table
        .find(member.as_str())
        .select(member::name)
        .get_result(c)
        .optional())?;
    let Some(name) = name else { return Ok(None) };
    Ok(Some((name, find(connection, member)?)))
}

/// Registers how to reach a member, in place of what was registered before.
pub fn set(
    connection: &mut AnyConnection,
    member: &MemberId,
    contact: &MemberContact,
    at: Timestamp,
) -> StoreResult<()> {
    diesel::delete(member_contact::table.find(member.as_str())).execute(connection)?;
    let row = Row {
        member_id: member.to_string(),
        uscc: contact.uscc.as_str().to_owned(),
        contact: contact.contact.clone(),
        complaint: contact.complaint.clone(),
        changed_at: at.naive(),
    };
    diesel::insert_into(member_contact::table).values(&row).execute(connection)?;
    Ok(())
}
