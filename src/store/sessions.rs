//! Sessions of the portal, by the digest of their cookie.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::schema::portal_session;
use crate::domain::representative::{Authentication, Person, Representation};
use crate::domain::timestamp::Timestamp;

/// A session as stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionRow {
    /// SHA-256 of the cookie's value.
    pub id_digest: String,
    /// Who.
    pub person: Person,
    /// How and when recognised last.
    pub authentication: Authentication,
    /// The firms that the person may act for.
    pub firms: Vec<Representation>,
    /// The firm chosen, by its place among them.
    pub chosen: Option<usize>,
    /// When the person signed in.
    pub opened_at: Timestamp,
    /// When the session was used last, to within half a minute.
    pub seen_at: Timestamp,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = portal_session)]
struct Row {
    id_digest: String,
    person: String,
    authentication: String,
    firms: String,
    chosen: Option<i64>,
    opened_at: NaiveDateTime,
    seen_at: NaiveDateTime,
}

impl Row {
    fn of(session: &SessionRow) -> StoreResult<Self> {
        Ok(Self {
            id_digest: session.id_digest.clone(),
            person: written(&session.person)?,
            authentication: written(&session.authentication)?,
            firms: written(&session.firms)?,
            chosen: session.chosen.map(i64::try_from).transpose().map_err(corrupt)?,
            opened_at: session.opened_at.naive(),
            seen_at: session.seen_at.naive(),
        })
    }

    fn parse(self) -> StoreResult<SessionRow> {
        Ok(SessionRow {
            id_digest: self.id_digest,
            person: serde_json::from_str(&self.person).map_err(corrupt)?,
            authentication: serde_json::from_str(&self.authentication).map_err(corrupt)?,
            firms: serde_json::from_str(&self.firms).map_err(corrupt)?,
            chosen: self.chosen.map(usize::try_from).transpose().map_err(corrupt)?,
            opened_at: Timestamp::from_naive(self.opened_at),
            seen_at: Timestamp::from_naive(self.seen_at),
        })
    }
}

fn written<T: serde::Serialize>(value: &T) -> StoreResult<String> {
    serde_json::to_string(value).map_err(corrupt)
}

fn corrupt(why: impl ToString) -> StoreError {
    StoreError::corrupt("portal_session", why)
}

/// The session behind a cookie.
pub fn find(connection: &mut AnyConnection, id_digest: &str) -> StoreResult<Option<SessionRow>> {
    let row: Option<Row> =
        on_backend!(connection, c => portal_session::table.find(id_digest).get_result(c).optional())?;
    row.map(Row::parse).transpose()
}

/// Adds a session.
pub fn insert(connection: &mut AnyConnection, session: &SessionRow) -> StoreResult<()> {
    diesel::insert_into(portal_session::table).values(Row::of(session)?).execute(connection)?;
    Ok(())
}

/// Notes that a session was used.
pub fn touch(connection: &mut AnyConnection, id_digest: &str, now: Timestamp) -> StoreResult<()> {
    diesel::update(portal_session::table.find(id_digest))
        .set(portal_session::seen_at.eq(now.naive()))
        .execute(connection)?;
    Ok(())
}

/// Ends a session; `false` if it had ended.
pub fn delete(connection: &mut AnyConnection, id_digest: &str) -> StoreResult<bool> {
    Ok(diesel::delete(portal_session::table.find(id_digest)).execute(connection)? > 0)
}

/// Ends what was opened or used last before these instants; returns how many.
pub fn sweep(
    connection: &mut AnyConnection,
    seen_before: Timestamp,
    opened_before: Timestamp,
) -> StoreResult<usize> {
    let old = portal_session::table.filter(
        portal_session::seen_at
            .le(seen_before.naive())
            .or(portal_session::opened_at.le(opened_before.naive())),
    );
    Ok(diesel::delete(old).execute(connection)?)
}
