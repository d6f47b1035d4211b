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

/// What a key led to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// Digest of the request that came first.
    pub request_digest: String,
    /// What it made.
    pub object_id: String,
    /// HTTP status of its answer.
    pub status: u16,
    /// Its answer, unless that is built again each time.
    pub body: Option<String>,
}

impl Kept {
    /// What a pull leaves behind: the dossier is built again under the repeat rule.
    pub fn of_release(request_digest: String, release_id: String) -> Self {
        Self { request_digest, object_id: release_id, status: 201, body: None }
    }
}

type Row = (String, String, i32, Option<String>);

/// What this key led to within the last 24 h, if anything.
pub fn find(
    connection: &mut AnyConnection,
    member: &MemberId,
    claim: &Claim,
    now: Timestamp,
) -> StoreResult<Option<Kept>> {
    let since = now.plus_micros(-KEPT_MICROS).naive();
    let row: Option<Row> = on_backend!(connection, c => idempotency::table
        .find((member.as_str(), claim.route, claim.key.as_str()))
        .filter(idempotency::at.gt(since))
        .select((idempotency::request_digest, idempotency::object_id, idempotency::status, idempotency::body))
        .get_result(c)
        .optional())?;
    Ok(row.map(|(request_digest, object_id, status, body)| Kept {
        request_digest,
        object_id,
        status: u16::try_from(status).unwrap_or(200),
        body,
    }))
}

/// Keeps what a pull led to. `Duplicate` if another process was first: decide again.
pub fn keep_release(
    connection: &mut AnyConnection,
    member: &MemberId,
    claim: &Claim,
    release_id: &str,
    now: Timestamp,
) -> StoreResult<()> {
    keep(
        connection,
        member,
        claim,
        &Kept::of_release(claim.request_digest.clone(), release_id.to_owned()),
        now,
    )
}

/// Keeps an answer in the unit of work that it answers for.
pub fn keep(
    connection: &mut AnyConnection,
    member: &MemberId,
    claim: &Claim,
    kept: &Kept,
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
            idempotency::request_digest.eq(kept.request_digest.as_str()),
            idempotency::object_id.eq(kept.object_id.as_str()),
            idempotency::status.eq(i32::from(kept.status)),
            idempotency::body.eq(kept.body.as_deref()),
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
