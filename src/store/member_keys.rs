//! Members' own keys: those in use, and those they replaced.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::db::AnyConnection;
use super::error::{StoreError, StoreResult};
use super::schema::{member, member_key};
use crate::domain::key_use::KeyUse;
use crate::domain::member::MemberId;
use crate::domain::timestamp::Timestamp;
use crate::seal::jwk::PublicJwk;

/// A member's public key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MemberKey {
    /// What for: signing or encryption.
    pub usage: KeyUse,
    /// Its thumbprint (RFC 7638).
    pub kid: String,
    /// The key.
    pub jwk: PublicJwk,
    /// Since when it is the member's key.
    pub registered_at: Timestamp,
    /// Since when another is, if so.
    pub replaced_at: Option<Timestamp>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = member_key)]
struct KeyRow {
    member_id: String,
    usage: String,
    kid: String,
    jwk: String,
    registered_at: NaiveDateTime,
    replaced_at: Option<NaiveDateTime>,
}

impl KeyRow {
    fn parse(self) -> StoreResult<MemberKey> {
        let corrupt = |why: &dyn ToString| StoreError::corrupt("member_key", why.to_string());
        Ok(MemberKey {
            usage: self.usage.parse().map_err(|e| corrupt(&e))?,
            kid: self.kid,
            jwk: serde_json::from_str(&self.jwk).map_err(|e| corrupt(&e))?,
            registered_at: Timestamp::from_naive(self.registered_at),
            replaced_at: self.replaced_at.map(Timestamp::from_naive),
        })
    }
}

/// Holds the member's row until the transaction ends, so that its keys change one after the other.
pub fn lock(connection: &mut AnyConnection, id: &MemberId) -> StoreResult<()> {
    if let AnyConnection::Pg(c) = connection {
        let _held: String = member::table.find(id.as_str()).select(member::id).for_update().get_result(c)?;
    }
    // On SQLite the transaction began immediate: it holds the one write lock.
    Ok(())
}

/// Every key that a member has or had, oldest first.
pub fn of_member(connection: &mut AnyConnection, member: &MemberId) -> StoreResult<Vec<MemberKey>> {
    let rows: Vec<KeyRow> = member_key::table
        .filter(member_key::member_id.eq(member.as_str()))
        .order((member_key::registered_at, member_key::kid))
        .load(connection)?;
    rows.into_iter().map(KeyRow::parse).collect()
}

/// The key that a member uses now, if it registered one.
pub fn current(
    connection: &mut AnyConnection,
    member: &MemberId,
    usage: KeyUse,
) -> StoreResult<Option<MemberKey>> {
    let rows: Vec<KeyRow> = member_key::table
        .filter(member_key::member_id.eq(member.as_str()))
        .filter(member_key::usage.eq(usage.as_str()))
        .filter(member_key::replaced_at.is_null())
        .load(connection)?;
    rows.into_iter().next().map(KeyRow::parse).transpose()
}

/// Puts a new key in the place of the one in use, if there is one.
pub fn replace(
    connection: &mut AnyConnection,
    member: &MemberId,
    new: &MemberKey,
    at: Timestamp,
) -> StoreResult<()> {
    diesel::update(
        member_key::table
            .filter(member_key::member_id.eq(member.as_str()))
            .filter(member_key::usage.eq(new.usage.as_str()))
            .filter(member_key::replaced_at.is_null()),
    )
    .set(member_key::replaced_at.eq(at.naive()))
    .execute(connection)?;
    let row = KeyRow {
        member_id: member.to_string(),
        usage: new.usage.to_string(),
        kid: new.kid.clone(),
        jwk: serde_json::to_string(&new.jwk).map_err(|e| StoreError::corrupt("member_key", e))?,
        registered_at: at.naive(),
        replaced_at: None,
    };
    diesel::insert_into(member_key::table).values(&row).execute(connection)?;
    Ok(())
}
