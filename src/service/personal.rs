//! 个人单独同意: the personal consent that goes with a firm's authorisation, an instrument of its own.
//!
//! PIPL Arts 15 and 23: that very person gives it, separately, and takes it back alone; the firm's authorisation
//! stays. Once it is taken back, no personal data leaves: the write unit of a pull reads it with the consent.

use std::sync::Arc;

use serde::Serialize;

use super::Exchange;
use super::admin::TAXPAYER;
use super::error::{ServiceError, ServiceResult};
use super::evidence;
use super::receipt::Receipt;
use crate::domain::consent::{Consent, ConsentText};
use crate::domain::representative::ActingFor;
use crate::domain::timestamp::Timestamp;
use crate::ledger::entry::EntryKind;
use crate::store::consents;
use crate::store::db::AnyConnection;
use crate::store::error::StoreResult;
use crate::store::ledger::{Draft, Field};
use crate::store::personal_consents::{self, PersonalConsentRow};

/// A personal consent as the person sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PersonalView {
    /// UUIDv7.
    pub id: String,
    /// The firm's authorisation that it goes with.
    pub consent_id: String,
    /// Types of personal data, by the names in `schema/dictionary.csv`.
    pub data_types: Vec<String>,
    /// What the person was shown.
    pub text: ConsentText,
    /// When it was given.
    pub granted_at: Timestamp,
    /// When it was taken back, if it was.
    pub revoked_at: Option<Timestamp>,
}

impl From<PersonalConsentRow> for PersonalView {
    fn from(row: PersonalConsentRow) -> Self {
        Self {
            id: row.id,
            consent_id: row.consent_id,
            data_types: row.data_types.split_whitespace().map(str::to_owned).collect(),
            text: ConsentText { version: row.text_version, digest: row.text_digest },
            granted_at: Timestamp::from_naive(row.granted_at),
            revoked_at: row.revoked_at.map(Timestamp::from_naive),
        }
    }
}

/// A personal consent that was taken back, with its place in the ledger.
#[derive(Clone, Debug, Serialize)]
pub struct PersonalChange {
    /// The consent after it.
    #[serde(flatten)]
    pub personal: PersonalView,
    /// Proves it; the first time, if it was asked for twice.
    pub receipt: Receipt,
}

/// Adds the personal consent of the authorisation's details, given by the person acting. Call it inside the unit that
/// inserts the authorisation, after it; the entry belongs after `consent.granted`. `None` if the details name none.
pub fn grant_in_unit(
    connection: &mut AnyConnection,
    now: Timestamp,
    acting: &ActingFor,
    consent: &Consent,
) -> StoreResult<Option<Draft>> {
    let terms = consent.terms.details.as_ref().and_then(|details| details.personal.as_ref());
    let Some(terms) = terms.filter(|_| consent.terms.personal_data) else { return Ok(None) };
    let row = PersonalConsentRow {
        id: terms.id.clone(),
        consent_id: consent.terms.id.clone(),
        person: acting.person.subject.clone(),
        role: terms.role.to_string(),
        data_types: terms.data_types.join(" "),
        text_version: terms.text.version.clone(),
        text_digest: terms.text.digest.clone(),
        method: acting.authentication.method.to_string(),
        assurance: acting.authentication.assurance.to_string(),
        authenticated_at: acting.authentication.at.naive(),
        granted_at: now.naive(),
        revoked_at: None,
    };
    personal_consents::insert(connection, &row)?;
    Ok(Some(draft(EntryKind::PersonalConsentGranted, acting, consent, &row)))
}

/// Takes the person's own consent back. Only that very person can, for whichever firm it acts now: another person's
/// and none at all are alike. Doing it twice changes nothing.
pub async fn revoke(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    consent_id: String,
) -> ServiceResult<PersonalChange> {
    let (acting, id) = (acting.clone(), consent_id.clone());
    let ((row, changed), committed) = exchange
        .writer
        .unit(move |c, now| {
            let Some(consent) = consents::lock(c, &[&id])?.pop() else {
                return Ok(Err(ServiceError::NotFound));
            };
            let own =
                personal_consents::of_consent(c, &id)?.filter(|row| row.person == acting.person.subject);
            let Some(mut row) = own else { return Ok(Err(ServiceError::NotFound)) };
            if row.revoked_at.is_some() {
                return Ok(Ok(((row, false), Vec::new())));
            }
            personal_consents::revoke(c, &row.id, now)?;
            consents::withdraw_personal(c, &id)?;
            row.revoked_at = Some(now.naive());
            let draft = draft(EntryKind::PersonalConsentRevoked, &acting, &consent, &row);
            Ok(Ok(((row, true), vec![draft])))
        })
        .await?;
    exchange.memory.forget_consent(&consent_id);
    let receipt = match changed {
        true => committed.receipt(0)?,
        false => evidence::receipt_of(exchange, &row.id, EntryKind::PersonalConsentRevoked).await?,
    };
    Ok(PersonalChange { personal: row.into(), receipt })
}

/// The person's own consent that goes with an authorisation, if there is one.
pub async fn own(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    consent_id: String,
) -> ServiceResult<Option<PersonalView>> {
    let person = acting.person.subject.clone();
    let found = exchange
        .blocking(move |e| Ok(e.ledger.read(|c| personal_consents::of_consent(c, &consent_id))?))
        .await?;
    Ok(found.filter(|row| row.person == person).map(PersonalView::from))
}

fn draft(kind: EntryKind, acting: &ActingFor, consent: &Consent, row: &PersonalConsentRow) -> Draft {
    Draft {
        kind,
        object_id: row.id.clone(),
        actor: TAXPAYER.to_owned(),
        by: acting.label(),
        fields: vec![
            ("subject", Field::Sealed(consent.terms.taxpayer_id.as_str().to_owned())),
            ("bank", Field::Sealed(consent.terms.bank.to_string())),
            ("person", Field::Sealed(row.person.clone())),
            ("consent_digest", Field::Plain(consent.digest.as_str().into())),
        ],
    }
}
