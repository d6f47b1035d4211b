//! Keys under which a caller may send the same request again and get the same answer.

use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::StoreResult;
use super::schema::idempotency;
use crate::domain::member::MemberId;
use crate::domain::timestamp::Timestamp;

/// How long a key is kept: 24 h, in microseconds.
const KEPT_MICROS: i64 = 24 * 3600 * 1_000_000;

/// A key that came with a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// The route's path pattern: the same key on another route is another key.
    pub route: &'static str,
    /// Up to 64 visible ASCII characters.
    pub key: String,
    /// Digest of method, path and body.
    pub request_digest: String,
}

/// What a key led to. The answer itself is built again from it each time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// Digest of the request that came first.
    pub request_digest: String,
    /// What it made or changed.
    pub object_id: String,
}

/// What this key led to within the last 24 h, if anything.
pub fn find(
    connection: &mut AnyConnection,
    member: &MemberId,
    claim: &Claim,
    now: Timestamp,
) -> StoreResult<Option<Kept>> {
    let since = now.plus_micros(-KEPT_MICROS).naive();
    let row: Option<(String, String)> = on_backend!(connection, c => idempotency::table
        .find((member.as_str(), claim.route, claim.key.as_str()))
        .filter(idempotency::at.gt(since))
        .select((idempotency::request_digest, idempotency::object_id))
        .get_result(c)
        .optional())?;
    Ok(row.map(|(request_digest, object_id)| Kept { request_digest, object_id }))
}

/// Keeps what a request led to, in its own unit of work. `Duplicate` if another process was first: decide again.
pub fn keep(
    connection: &mut AnyConnection,
    member: &MemberId,
    claim: &Claim,
    object_id: &str,
    now: Timestamp,
) -> StoreResult<()> {
    // A key older than its 24 h must not stand in the way of a new one.
    diesel::delete(
        idempotency::table
            .find((member.as_str(), claim.route, claim.key.as_str()))
            .filter(idempotency::at.le(now.plus_micros(-KEPT_MICROS).naive())),
    )
    .execute(connection)?;
    diesel::insert_into(idempotency::table)
        .values((
            idempotency::member_id.eq(member.as_str()),
            idempotency::route.eq(claim.route),
            idempotency::idempotency_key.eq(claim.key.as_str()),
            idempotency::request_digest.eq(claim.request_digest.as_str()),
            idempotency::object_id.eq(object_id),
            idempotency::at.eq(now.naive()),
        ))
        .execute(connection)?;
    Ok(())
}

/// Forgets keys older than 24 h; returns how many.
pub fn sweep(connection: &mut AnyConnection, now: Timestamp) -> StoreResult<usize> {
    let old = idempotency::table.filter(idempotency::at.le(now.plus_micros(-KEPT_MICROS).naive()));
    Ok(diesel::delete(old).execute(connection)?)
}
