//! A firm's own consents, newest first, and when each was pulled under last.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::consents;
use super::db::{AnyConnection, on_backend};
use super::error::StoreResult;
use super::releases::OUTCOME_GRANTED;
use super::schema::{consent, release};
use crate::domain::consent::Consent;
use crate::domain::taxpayer_id::TaxpayerId;
use crate::domain::timestamp::Timestamp;

/// A consent, and what its row knows besides.
#[derive(Clone, Debug)]
pub struct FirmConsent {
    /// The consent.
    pub consent: Consent,
    /// When it was granted, by the ledger's clock.
    pub granted_at: Timestamp,
    /// When its status changed last.
    pub changed_at: Timestamp,
    /// What was said when it was revoked.
    pub revocation_reason: Option<String>,
    /// When the bank was last given a dossier under it.
    pub last_release: Option<Timestamp>,
}

#[derive(Queryable)]
struct Row {
    id: String,
    granted_at: NaiveDateTime,
    changed_at: NaiveDateTime,
    revocation_reason: Option<String>,
}

/// One page of the firm's consents with an id below `before`, newest first; all of them from the start if `None`.
pub fn page(
    connection: &mut AnyConnection,
    taxpayer: &TaxpayerId,
    before: Option<&str>,
    limit: i64,
) -> StoreResult<Vec<FirmConsent>> {
    let columns = (consent::id, consent::granted_at, consent::changed_at, consent::revocation_reason);
    let mut query = consent::table
        .filter(consent::taxpayer_id.eq(taxpayer.as_str().to_owned()))
        .order(consent::id.desc())
        .limit(limit)
        .select(columns)
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(consent::id.lt(before.to_owned()));
    }
    let rows: Vec<Row> = query.load(connection)?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        found.extend(whole(connection, row)?);
    }
    Ok(found)
}

/// The firm's consent of that id; another's and none are alike.
pub fn find(
    connection: &mut AnyConnection,
    taxpayer: &TaxpayerId,
    id: &str,
) -> StoreResult<Option<FirmConsent>> {
    let row: Option<Row> = on_backend!(connection, c => consent::table
        .find(id)
        .filter(consent::taxpayer_id.eq(taxpayer.as_str()))
        .select((consent::id, consent::granted_at, consent::changed_at, consent::revocation_reason))
        .get_result(c)
        .optional())?;
    match row {
        Some(row) => whole(connection, row),
        None => Ok(None),
    }
}

fn whole(connection: &mut AnyConnection, row: Row) -> StoreResult<Option<FirmConsent>> {
    let Some(consent) = consents::find(connection, &row.id)? else { return Ok(None) };
    Ok(Some(FirmConsent {
        consent,
        granted_at: Timestamp::from_naive(row.granted_at),
        changed_at: Timestamp::from_naive(row.changed_at),
        revocation_reason: row.revocation_reason,
        last_release: last_release(connection, &row.id)?,
    }))
}

/// Ids of releases ascend with time, so the last one is found by the index on consent and id.
fn last_release(connection: &mut AnyConnection, consent_id: &str) -> StoreResult<Option<Timestamp>> {
    let at: Option<NaiveDateTime> = on_backend!(connection, c => release::table
        .filter(release::consent_id.eq(consent_id))
        .filter(release::outcome.eq(OUTCOME_GRANTED))
        .order(release::id.desc())
        .select(release::issued_at)
        .first(c)
        .optional())?;
    Ok(at.map(Timestamp::from_naive))
}
