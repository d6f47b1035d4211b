//! Sign-ins under way at the OpenID provider: each is taken up again once, by the browser that began it.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::StoreResult;
use super::schema::sign_in;
use crate::domain::timestamp::Timestamp;

/// A sign-in under way.
#[derive(Clone, PartialEq, Eq)]
pub struct SignInRow {
    /// SHA-256 of the `state`.
    pub state_digest: String,
    /// SHA-256 of the browser's cookie.
    pub browser_digest: String,
    /// Binds the ID token to this sign-in.
    pub nonce: String,
    /// Proves to the token endpoint who began (RFC 7636).
    pub verifier: String,
    /// Whether a fresh and strong authentication was asked for.
    pub step_up: bool,
    /// The page to show afterwards, a path of ours.
    pub place: String,
    /// When it began.
    pub begun_at: Timestamp,
}

type Columns = (String, String, bool, String, NaiveDateTime);

/// Keeps a sign-in that begins.
pub fn insert(connection: &mut AnyConnection, row: &SignInRow) -> StoreResult<()> {
    diesel::insert_into(sign_in::table)
        .values((
            sign_in::state_digest.eq(row.state_digest.as_str()),
            sign_in::browser_digest.eq(row.browser_digest.as_str()),
            sign_in::nonce.eq(row.nonce.as_str()),
            sign_in::verifier.eq(row.verifier.as_str()),
            sign_in::step_up.eq(row.step_up),
            sign_in::place.eq(row.place.as_str()),
            sign_in::begun_at.eq(row.begun_at.naive()),
        ))
        .execute(connection)?;
    Ok(())
}

/// Takes a sign-in that began in this browser after `since`, and forgets it: of two who come at once, one gets it.
pub fn take(
    connection: &mut AnyConnection,
    state_digest: &str,
    browser_digest: &str,
    since: Timestamp,
) -> StoreResult<Option<SignInRow>> {
    let mine = sign_in::table
        .find(state_digest)
        .filter(sign_in::browser_digest.eq(browser_digest))
        .filter(sign_in::begun_at.gt(since.naive()));
    let columns = (sign_in::nonce, sign_in::verifier, sign_in::step_up, sign_in::place, sign_in::begun_at);
    let found: Option<Columns> = on_backend!(connection, c => mine.select(columns).get_result(c).optional())?;
    let Some((nonce, verifier, step_up, place, begun_at)) = found else { return Ok(None) };
    if diesel::delete(sign_in::table.find(state_digest)).execute(connection)? == 0 {
        return Ok(None);
    }
    Ok(Some(SignInRow {
        state_digest: state_digest.to_owned(),
        browser_digest: browser_digest.to_owned(),
        nonce,
        verifier,
        step_up,
        place,
        begun_at: Timestamp::from_naive(begun_at),
    }))
}

/// Forgets those that began before; returns how many.
pub fn sweep(connection: &mut AnyConnection, before: Timestamp) -> StoreResult<usize> {
    Ok(diesel::delete(sign_in::table.filter(sign_in::begun_at.le(before.naive()))).execute(connection)?)
}
