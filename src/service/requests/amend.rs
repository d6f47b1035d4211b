//! Amending: a consent's terms are never changed. A draft with other terms takes its place when it is granted.

use std::sync::Arc;

use super::RequestView;
use super::draft::{NewDraft, make};
use super::options::DAY_MICROS;
use crate::domain::consent::{Consent, ConsentStatus};
use crate::domain::consent_request::RequestTerms;
use crate::domain::representative::ActingFor;
use crate::domain::timestamp::Timestamp;
use crate::service::Exchange;
use crate::service::error::{ServiceError, ServiceResult};
use crate::store::consents;

/// Drafts a successor of one of the firm's consents: with `terms`, or with those it has. Granted, it supersedes the
/// consent in the same unit; until then the consent stays as it is.
pub async fn amend(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    consent_id: String,
    terms: Option<RequestTerms>,
) -> ServiceResult<RequestView> {
    let found = {
        let id = consent_id.clone();
        exchange.blocking(move |e| Ok(e.ledger.read(|c| consents::find(c, &id))?)).await?
    };
    let consent = found.filter(|consent| consent.terms.taxpayer_id == *acting.taxpayer());
    let consent = consent.ok_or(ServiceError::NotFound)?;
    must_be_alive(&consent, exchange.clock.now())?;
    let new = NewDraft {
        bank: consent.terms.bank.clone(),
        product_id: consent.terms.product_id.clone(),
        terms: terms.unwrap_or_else(|| terms_of(&consent)),
        group: None,
    };
    make(exchange, acting, new, Some(consent_id)).await
}

/// Refuses to put another in the place of what has ended: that would be a new authorisation, not a change.
pub(super) fn must_be_alive(consent: &Consent, now: Timestamp) -> ServiceResult<()> {
    match consent.standing(now) {
        ConsentStatus::Granted | ConsentStatus::Exhausted | ConsentStatus::Suspended => Ok(()),
        ended @ (ConsentStatus::Draft
        | ConsentStatus::Requested
        | ConsentStatus::Declined
        | ConsentStatus::Lapsed
        | ConsentStatus::Revoked
        | ConsentStatus::Expired
        | ConsentStatus::Superseded) => {
            Err(ServiceError::Conflict(format!("the consent is {ended}: make a new authorisation")))
        }
    }
}

/// The terms as a draft has them.
fn terms_of(consent: &Consent) -> RequestTerms {
    let terms = &consent.terms;
    let days = terms.valid_to.since_micros(terms.valid_from) / DAY_MICROS;
    RequestTerms {
        purpose: terms.purpose.clone(),
        sections: terms.sections.clone(),
        window: terms.window,
        valid_days: u32::try_from(days.max(1)).unwrap_or(1),
        pulls: terms.pulls_max,
        personal_data: terms.personal_data,
        share_outcome_with: terms.share_outcome_with.clone(),
    }
}
