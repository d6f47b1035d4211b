//! Personal consents: fixed terms, and when the person took them back.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::StoreResult;
use super::schema::personal_consent;
use crate::domain::timestamp::Timestamp;

/// A personal consent as stored.
#[derive(Queryable, Insertable, Clone, Debug)]
#[diesel(table_name = personal_consent)]
#[diesel(treat_none_as_default_value = false)]
pub struct PersonalConsentRow {
    /// UUIDv7.
    pub id: String,
    /// The firm's authorisation that it goes with.
    pub consent_id: String,
    /// The person, as the e-tax bureau's `sub` tells persons apart.
    pub person: String,
    /// In which role the person acted for the firm.
    pub role: String,
    /// Types of personal data, separated by spaces, by the names in `schema/dictionary.csv`.
    pub data_types: String,
    /// Version of the text that was shown.
    pub text_version: String,
    /// Digest of exactly what was shown.
    pub text_digest: String,
    /// How the person was recognised.
    pub method: String,
    /// How strong the evidence is.
    pub assurance: String,
    /// When the person was recognised.
    pub authenticated_at: NaiveDateTime,
    /// When it was given.
    pub granted_at: NaiveDateTime,
    /// When it was taken back, if it was.
    pub revoked_at: Option<NaiveDateTime>,
}

/// Adds a personal consent, after the authorisation that it goes with.
pub fn insert(connection: &mut AnyConnection, row: &PersonalConsentRow) -> StoreResult<()> {
    diesel::insert_into(personal_consent::table).values(row).execute(connection)?;
    Ok(())
}

/// The personal consent that goes with an authorisation.
pub fn of_consent(
    connection: &mut AnyConnection,
    consent_id: &str,
) -> StoreResult<Option<PersonalConsentRow>> {
    Ok(on_backend!(connection, c => personal_consent::table
        .filter(personal_consent::consent_id.eq(consent_id))
        .get_result(c)
        .optional())?)
}

/// Notes when it was taken back. The caller holds the authorisation's lock.
pub fn revoke(connection: &mut AnyConnection, id: &str, at: Timestamp) -> StoreResult<()> {
    diesel::update(personal_consent::table.find(id))
        .set(personal_consent::revoked_at.eq(at.naive()))
        .execute(connection)?;
    Ok(())
}
