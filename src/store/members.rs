//! The member directory.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::db::AnyConnection;
use super::error::{StoreError, StoreResult};
use super::schema::{member, member_certificate};
use crate::domain::member::{MemberId, MemberStatus, Role};
use crate::domain::timestamp::Timestamp;

/// A member as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Member {
    /// Its slug.
    pub id: MemberId,
    /// What it is.
    pub role: Role,
    /// Its full legal name.
    pub name: String,
    /// Whether it may act.
    pub status: MemberStatus,
    /// Dossiers it may ask for in one day (Asia/Shanghai).
    pub quota_per_day: u64,
}

/// A pinned certificate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Certificate {
    /// Lower-case hexadecimal SHA-256 of the DER.
    pub fingerprint: String,
    /// Whose it is.
    pub member: MemberId,
    /// The person or system that holds it.
    pub label: String,
    /// First instant of validity.
    pub not_before: Timestamp,
    /// First instant past validity.
    pub not_after: Timestamp,
    /// From when on it is no longer accepted, if ever; ahead while a rotation's overlap lasts.
    pub withdrawn_at: Option<Timestamp>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = member)]
struct MemberRow {
    id: String,
    role: String,
    name: String,
    status: String,
    quota_per_day: i64,
    created_at: NaiveDateTime,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = member_certificate)]
struct CertificateRow {
    fingerprint: String,
    member_id: String,
    label: String,
    not_before: NaiveDateTime,
    not_after: NaiveDateTime,
    withdrawn_at: Option<NaiveDateTime>,
}

/// Every member, by slug.
pub fn all(connection: &mut AnyConnection) -> StoreResult<Vec<Member>> {
    let rows: Vec<MemberRow> = member::table.order(member::id).load(connection)?;
    rows.into_iter().map(member_of).collect()
}

/// Every certificate, withdrawn ones included, by fingerprint.
pub fn certificates(connection: &mut AnyConnection) -> StoreResult<Vec<Certificate>> {
    let rows: Vec<CertificateRow> =
        member_certificate::table.order(member_certificate::fingerprint).load(connection)?;
    rows.into_iter()
        .map(|row| {
            Ok(Certificate {
                fingerprint: row.fingerprint,
                member: parse_id(&row.member_id)?,
                label: row.label,
                not_before: Timestamp::from_naive(row.not_before),
                not_after: Timestamp::from_naive(row.not_after),
                withdrawn_at: row.withdrawn_at.map(Timestamp::from_naive),
            })
        })
        .collect()
}

/// Adds a member. Fails with `Duplicate` if the slug is taken.
pub fn insert(connection: &mut AnyConnection, new: &Member, at: Timestamp) -> StoreResult<()> {
    let row = MemberRow {
        id: new.id.to_string(),
        role: new.role.to_string(),
        name: new.name.clone(),
        status: new.status.to_string(),
        quota_per_day: i64::try_from(new.quota_per_day).unwrap_or(i64::MAX),
        created_at: at.naive(),
    };
    diesel::insert_into(member::table).values(&row).execute(connection)?;
    Ok(())
}

/// Pins a certificate. Fails with `Duplicate` if any member has it already.
pub fn insert_certificate(connection: &mut AnyConnection, new: &Certificate) -> StoreResult<()> {
    let row = CertificateRow {
        fingerprint: new.fingerprint.clone(),
        member_id: new.member.to_string(),
        label: new.label.clone(),
        not_before: new.not_before.naive(),
        not_after: new.not_after.naive(),
        withdrawn_at: new.withdrawn_at.map(Timestamp::naive),
    };
    diesel::insert_into(member_certificate::table).values(&row).execute(connection)?;
    Ok(())
}

/// Sets a member's status; `false` if it is not there, stands so already, or left for good.
pub fn set_status(connection: &mut AnyConnection, id: &MemberId, status: MemberStatus) -> StoreResult<bool> {
    let changed = diesel::update(
        member::table
            .filter(member::id.eq(id.as_str()))
            .filter(member::status.ne(status.as_str()))
            .filter(member::status.ne(MemberStatus::Withdrawn.as_str())),
    )
    .set(member::status.eq(status.as_str()))
    .execute(connection)?;
    Ok(changed == 1)
}

/// Sets how many dossiers a bank may ask for in a day; `false` if it is not there.
pub fn set_quota(connection: &mut AnyConnection, id: &MemberId, quota_per_day: u64) -> StoreResult<bool> {
    let quota = i64::try_from(quota_per_day).unwrap_or(i64::MAX);
    let changed = diesel::update(member::table.filter(member::id.eq(id.as_str())))
        .set(member::quota_per_day.eq(quota))
        .execute(connection)?;
    Ok(changed == 1)
}

/// Withdraws a certificate of a member from `at` on, or earlier than was set before; `false` if it has no such
/// certificate that is accepted until then.
pub fn withdraw_certificate(
    connection: &mut AnyConnection,
    id: &MemberId,
    fingerprint: &str,
    at: Timestamp,
) -> StoreResult<bool> {
    let later = member_certificate::withdrawn_at
        .is_null()
        .or(member_certificate::withdrawn_at.assume_not_null().gt(at.naive()));
    let changed = diesel::update(
        member_certificate::table
            .filter(member_certificate::fingerprint.eq(fingerprint))
            .filter(member_certificate::member_id.eq(id.as_str()))
            .filter(later),
    )
    .set(member_certificate::withdrawn_at.eq(at.naive()))
    .execute(connection)?;
    Ok(changed == 1)
}

fn member_of(row: MemberRow) -> StoreResult<Member> {
    let corrupt = |why: String| StoreError::corrupt("member", why);
    Ok(Member {
        id: parse_id(&row.id)?,
        role: row.role.parse().map_err(|e| corrupt(format!("role {e}")))?,
        name: row.name,
        status: row.status.parse().map_err(|e| corrupt(format!("status {e}")))?,
        quota_per_day: u64::try_from(row.quota_per_day).map_err(corrupt_number)?,
    })
}

fn corrupt_number(why: std::num::TryFromIntError) -> StoreError {
    StoreError::corrupt("member", why)
}

fn parse_id(text: &str) -> StoreResult<MemberId> {
    text.parse().map_err(|why| StoreError::corrupt("member", why))
}
