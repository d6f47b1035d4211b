//! Consents: fixed terms, mutable status and count of pulls.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::consent_clock;
use super::db::{AnyConnection, on_backend};
use super::error::{StoreError, StoreResult};
use super::schema::consent;
use crate::domain::consent::{Consent, ConsentStatus};
use crate::domain::member::MemberId;
use crate::domain::timestamp::Timestamp;

/// Taxpayers asked for in one statement.
const TAXPAYERS_A_STATEMENT: usize = 500;

#[derive(Queryable, Insertable)]
#[diesel(table_name = consent)]
struct ConsentRow {
    id: String,
    taxpayer_id: String,
    bank: String,
    product_id: String,
    terms: String,
    digest: String,
    status: String,
    pulls_max: i64,
    pulls_used: i64,
    granted_at: NaiveDateTime,
    changed_at: NaiveDateTime,
    revocation_reason: Option<String>,
    personal_withdrawn: bool,
}

impl ConsentRow {
    fn parse(self) -> StoreResult<Consent> {
        let corrupt = |why: &dyn ToString| StoreError::corrupt("consent", why.to_string());
        Ok(Consent {
            terms: serde_json::from_str(&self.terms).map_err(|e| corrupt(&e))?,
            digest: self.digest,
            status: self.status.parse().map_err(|e| corrupt(&e))?,
            pulls_used: u32::try_from(self.pulls_used).map_err(|e| corrupt(&e))?,
            personal_withdrawn: self.personal_withdrawn,
        })
    }
}

/// The consent with this id, if there is one.
pub fn find(connection: &mut AnyConnection, id: &str) -> StoreResult<Option<Consent>> {
    let row: Option<ConsentRow> =
        on_backend!(connection, c => consent::table.find(id).get_result(c).optional())?;
    row.map(ConsentRow::parse).transpose()
}

/// Locks and reads the consents with these ids, in the order of their ids.
///
/// Every unit of work that decides on consents begins with this, so that two of them never wait for
/// each other. On SQLite the transaction holds the one write lock already.
pub fn lock(connection: &mut AnyConnection, ids: &[&str]) -> StoreResult<Vec<Consent>> {
    let rows: Vec<ConsentRow> = match connection {
        AnyConnection::Pg(c) => {
            consent::table.filter(consent::id.eq_any(ids)).order(consent::id).for_update().load(c)?
        }
        // One cached statement an id: diesel does not cache a list of unknown length.
        AnyConnection::Sqlite(c) => {
            let found: QueryResult<Vec<Option<ConsentRow>>> =
                ids.iter().map(|id| consent::table.find(*id).get_result(c).optional()).collect();
            found?.into_iter().flatten().collect()
        }
    };
    rows.into_iter().map(ConsentRow::parse).collect()
}

/// One page of a bank's consents by id, after `after`.
pub fn page(
    connection: &mut AnyConnection,
    bank: &MemberId,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<Consent>> {
    let rows: Vec<ConsentRow> = consent::table
        .filter(consent::bank.eq(bank.as_str()))
        .filter(consent::id.gt(after))
        .order(consent::id)
        .limit(limit)
        .load(connection)?;
    rows.into_iter().map(ConsentRow::parse).collect()
}

/// Adds a consent as granted. `terms_json` is the canonical JSON that the digest names.
pub fn insert(
    connection: &mut AnyConnection,
    new: &Consent,
    terms_json: &str,
    at: Timestamp,
) -> StoreResult<()> {
    let row = ConsentRow {
        id: new.terms.id.clone(),
        taxpayer_id: new.terms.taxpayer_id.as_str().to_owned(),
        bank: new.terms.bank.to_string(),
        product_id: new.terms.product_id.clone(),
        terms: terms_json.to_owned(),
        digest: new.digest.clone(),
        status: new.status.to_string(),
        pulls_max: i64::from(new.terms.pulls_max),
        pulls_used: i64::from(new.pulls_used),
        granted_at: at.naive(),
        changed_at: at.naive(),
        revocation_reason: None,
        personal_withdrawn: new.personal_withdrawn,
    };
    diesel::insert_into(consent::table).values(&row).execute(connection)?;
    consent_clock::start(connection, &new.terms, at)
}

/// Sets the status of a locked consent.
pub fn set_status(
    connection: &mut AnyConnection,
    id: &str,
    status: ConsentStatus,
    reason: Option<&str>,
    at: Timestamp,
) -> StoreResult<()> {
    diesel::update(consent::table.find(id))
        .set((
            consent::status.eq(status.as_str()),
            consent::changed_at.eq(at.naive()),
            consent::revocation_reason.eq(reason),
        ))
        .execute(connection)?;
    Ok(())
}

/// Notes in a locked consent that the personal consent that goes with it was taken back.
pub fn withdraw_personal(connection: &mut AnyConnection, id: &str) -> StoreResult<()> {
    diesel::update(consent::table.find(id)).set(consent::personal_withdrawn.eq(true)).execute(connection)?;
    Ok(())
}

/// Whether any consent at all is in force, as far as its status tells.
pub fn any_granted(connection: &mut AnyConnection) -> StoreResult<bool> {
    let granted = consent::table.filter(consent::status.eq(ConsentStatus::Granted.as_str()));
    Ok(diesel::select(diesel::dsl::exists(granted)).get_result(connection)?)
}

/// Ids of the granted consents of these taxpayers, ascending.
pub fn granted_of(connection: &mut AnyConnection, taxpayers: &[String]) -> StoreResult<Vec<String>> {
    let mut ids: Vec<String> = Vec::new();
    for some in taxpayers.chunks(TAXPAYERS_A_STATEMENT) {
        let found: Vec<String> = consent::table
            .filter(consent::taxpayer_id.eq_any(some))
            .filter(consent::status.eq(ConsentStatus::Granted.as_str()))
            .select(consent::id)
            .load(connection)?;
        ids.extend(found);
    }
    ids.sort_unstable();
    Ok(ids)
}

/// Counts `pulls` more dossiers pulled under each of these locked consents.
pub fn add_pulls(connection: &mut AnyConnection, ids: &[&str], pulls: i64) -> StoreResult<()> {
    match connection {
        AnyConnection::Pg(c) => {
            diesel::update(consent::table.filter(consent::id.eq_any(ids)))
                .set(consent::pulls_used.eq(consent::pulls_used + pulls))
                .execute(c)?;
        }
        AnyConnection::Sqlite(c) => {
            for id in ids {
                diesel::update(consent::table.find(*id))
                    .set(consent::pulls_used.eq(consent::pulls_used + pulls))
                    .execute(c)?;
            }
        }
    }
    Ok(())
}
