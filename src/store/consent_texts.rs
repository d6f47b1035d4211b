//! The texts that grantors were shown, byte for byte, by their digests.
//!
//! Evidence of a consent is kept for at least five years after it ended (征信业管理条例; 深圳经济特区社会信用条例 Art. 45):
//! nothing here deletes.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::StoreResult;
use super::schema::consent_text;
use crate::domain::timestamp::Timestamp;

/// A text as it was shown.
#[derive(Clone, PartialEq, Eq, Debug, Queryable)]
pub struct KeptText {
    /// `sha-256:` and the base64url digest of `body`.
    pub digest: String,
    /// Version of the wording.
    pub version: String,
    /// Its language: `zh` or `en`.
    pub lang: String,
    /// Exactly what was shown.
    pub body: String,
}

/// The text with this digest, if it is kept here.
pub fn find(connection: &mut AnyConnection, digest: &str) -> StoreResult<Option<KeptText>> {
    Ok(on_backend!(connection, c => consent_text::table
        .find(digest)
        .select((consent_text::digest, consent_text::version, consent_text::lang, consent_text::body))
        .get_result(c)
        .optional())?)
}

/// Keeps a text in the unit of work that relies on it. The same text twice is one row.
pub fn keep(connection: &mut AnyConnection, text: &KeptText, at: Timestamp) -> StoreResult<()> {
    let row = (
        consent_text::digest.eq(&text.digest),
        consent_text::version.eq(&text.version),
        consent_text::lang.eq(&text.lang),
        consent_text::body.eq(&text.body),
        consent_text::kept_at.eq::<NaiveDateTime>(at.naive()),
    );
    on_backend!(connection, c => diesel::insert_into(consent_text::table).values(row).on_conflict_do_nothing().execute(c))?;
    Ok(())
}
