//! Releases: every decided pull, with the JWT as sent.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::ledger::signed;
use super::release_unit::{Prepared, ReleaseCommand};
use super::schema::release;
use crate::domain::denial::Denial;
use crate::domain::member::MemberId;
use crate::domain::timestamp::Timestamp;

/// The outcome column of a granted release; a refusal has its reason there.
pub const OUTCOME_GRANTED: &str = "granted";

/// A release as stored.
#[derive(Queryable, Insertable, Clone, Debug)]
#[diesel(table_name = release)]
#[diesel(treat_none_as_default_value = false)]
pub struct ReleaseRow {
    /// UUIDv7.
    pub id: String,
    /// The consent asked for, as the bank wrote it.
    pub consent_id: String,
    /// Who asked.
    pub bank: String,
    /// Whose data, if the consent was found.
    pub taxpayer_id: Option<String>,
    /// For which product, if granted.
    pub product_id: Option<String>,
    /// What for.
    pub purpose: String,
    /// Canonical JSON of the request, to which a refusal's entry commits.
    pub ask: String,
    /// `granted`, or the true reason of the refusal.
    pub outcome: String,
    /// The issuer-signed JWT as sent.
    pub jwt: Option<String>,
    /// Ledger size that the disclosures were read at.
    pub read_at: Option<i64>,
    /// First day of the resolved window.
    pub window_from: Option<NaiveDate>,
    /// Last day of the resolved window.
    pub window_to: Option<NaiveDate>,
    /// Sections, separated by spaces, ascending.
    pub sections: Option<String>,
    /// JSON of the product's profile at that time.
    pub profile: Option<String>,
    /// Whether personal identifiers were allowed.
    pub personal_data: bool,
    /// Version of the policy that it was judged by.
    pub policy: Option<String>,
    /// Salt epoch of the disclosures.
    pub salt_epoch: Option<i32>,
    /// When the JWT was signed.
    pub issued_at: NaiveDateTime,
    /// The bank's own case number.
    pub bank_ref: Option<String>,
    /// Fingerprint of the certificate used.
    pub certificate: String,
}

impl ReleaseRow {
    pub(super) fn granted(command: &ReleaseCommand, prepared: &Prepared) -> StoreResult<Self> {
        let permit = &prepared.permit;
        let names: Vec<&str> = permit.sections().iter().map(|section| section.as_str()).collect();
        Ok(Self {
            taxpayer_id: Some(permit.taxpayer().as_str().to_owned()),
            product_id: Some(permit.product_id().to_owned()),
            outcome: OUTCOME_GRANTED.to_owned(),
            jwt: Some(prepared.jwt.clone()),
            read_at: Some(signed(prepared.read_at)?),
            window_from: Some(permit.window().from()),
            window_to: Some(permit.window().to()),
            sections: Some(names.join(" ")),
            profile: Some(
                serde_json::to_string(permit.profile()).map_err(|e| StoreError::corrupt("release", e))?,
            ),
            personal_data: permit.personal_data(),
            policy: Some(permit.policy().to_owned()),
            salt_epoch: Some(
                i32::try_from(prepared.salt_epoch).map_err(|e| StoreError::corrupt("release", e))?,
            ),
            ..Self::asked(command)
        })
    }

    pub(super) fn refused(command: &ReleaseCommand, taxpayer: Option<&str>, denial: Denial) -> Self {
        Self {
            taxpayer_id: taxpayer.map(str::to_owned),
            outcome: denial.reason().to_owned(),
            ..Self::asked(command)
        }
    }

    fn asked(command: &ReleaseCommand) -> Self {
        Self {
            id: command.id.clone(),
            consent_id: command.ask.consent_id.clone(),
            bank: command.ask.bank.to_string(),
            taxpayer_id: None,
            product_id: None,
            purpose: command.ask.purpose.to_string(),
            ask: command.ask_json.clone(),
            outcome: String::new(),
            jwt: None,
            read_at: None,
            window_from: None,
            window_to: None,
            sections: None,
            profile: None,
            personal_data: false,
            policy: None,
            salt_epoch: None,
            issued_at: command.issued_at.naive(),
            bank_ref: command.bank_ref.clone(),
            certificate: command.certificate.clone(),
        }
    }

    /// When the JWT was signed.
    pub fn issued_at(&self) -> Timestamp {
        Timestamp::from_naive(self.issued_at)
    }
}

/// Adds releases as one set.
pub(super) fn insert(connection: &mut AnyConnection, rows: &[ReleaseRow]) -> StoreResult<()> {
    match connection {
        AnyConnection::Pg(c) => {
            diesel::insert_into(release::table).values(rows).execute(c)?;
        }
        AnyConnection::Sqlite(c) => {
            for row in rows {
                diesel::insert_into(release::table).values(row).execute(c)?;
            }
        }
    }
    Ok(())
}

/// A bank's own granted release; another's, a refusal and none at all are alike.
pub fn find_granted(
    connection: &mut AnyConnection,
    bank: &MemberId,
    id: &str,
) -> StoreResult<Option<ReleaseRow>> {
    Ok(on_backend!(connection, c => release::table
        .filter(release::id.eq(id))
        .filter(release::bank.eq(bank.as_str()))
        .filter(release::outcome.eq(OUTCOME_GRANTED))
        .get_result(c)
        .optional())?)
}

/// A granted release of any bank, for the bureau.
pub fn find_any_granted(connection: &mut AnyConnection, id: &str) -> StoreResult<Option<ReleaseRow>> {
    Ok(on_backend!(connection, c => release::table
        .filter(release::id.eq(id))
        .filter(release::outcome.eq(OUTCOME_GRANTED))
        .get_result(c)
        .optional())?)
}

/// How a pull with this id was decided, if it was recorded: `granted`, or the true reason of the refusal.
pub fn outcome(connection: &mut AnyConnection, id: &str) -> StoreResult<Option<String>> {
    Ok(
        on_backend!(connection, c => release::table.find(id).select(release::outcome).get_result(c).optional())?,
    )
}

/// One page of a bank's granted releases by id, after `after`, of one consent or of all.
pub fn page(
    connection: &mut AnyConnection,
    bank: &MemberId,
    consent_id: Option<&str>,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<ReleaseRow>> {
    let mut query = release::table
        .filter(release::bank.eq(bank.as_str()))
        .filter(release::outcome.eq(OUTCOME_GRANTED))
        .filter(release::id.gt(after))
        .order(release::id)
        .limit(limit)
        .into_boxed();
    if let Some(consent_id) = consent_id {
        query = query.filter(release::consent_id.eq(consent_id.to_owned()));
    }
    Ok(query.load(connection)?)
}
