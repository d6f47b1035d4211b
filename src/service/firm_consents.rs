//! What a firm sees of its own consents. What it does with them is in `standing`, `personal` and `requests`.

use std::sync::Arc;

use super::Exchange;
use super::consent::ConsentView;
use super::error::{ServiceError, ServiceResult};
use crate::domain::member::MemberId;
use crate::domain::representative::ActingFor;
use crate::domain::timestamp::Timestamp;
use crate::store::db::AnyConnection;
use crate::store::error::StoreResult;
use crate::store::firm_consents::{self, FirmConsent};
use crate::store::products;

/// One of the firm's consents.
#[derive(Clone, Debug)]
pub struct OwnConsent {
    /// Terms and standing.
    pub consent: ConsentView,
    /// 授权编号: the number that people read; the id where the e-tax bureau registered it without one.
    pub number: String,
    /// Full name of the bank.
    pub bank_name: String,
    /// Name of the product; its id if the product is gone.
    pub product_name: String,
    /// When it was granted.
    pub granted_at: Timestamp,
    /// When its status changed last.
    pub changed_at: Timestamp,
    /// What was said when it was revoked.
    pub revocation_reason: Option<String>,
    /// When the bank was last given a dossier under it.
    pub last_release: Option<Timestamp>,
    /// Whether personal data would leave at the next pull.
    pub covers_personal_data: bool,
}

/// One page of the firm's consents with an id below `before`, newest first.
pub async fn page(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    before: Option<String>,
    limit: i64,
) -> ServiceResult<Vec<OwnConsent>> {
    let (taxpayer, now) = (acting.taxpayer().clone(), exchange.clock.now());
    exchange
        .blocking(move |e| {
            Ok(e.ledger.read(|c| {
                let found = firm_consents::page(c, &taxpayer, before.as_deref(), limit)?;
                found.into_iter().map(|one| view(c, e, one, now)).collect()
            })?)
        })
        .await
}

/// One of them. Another firm's and none at all are alike.
pub async fn find(exchange: &Arc<Exchange>, acting: &ActingFor, id: String) -> ServiceResult<OwnConsent> {
    let (taxpayer, now) = (acting.taxpayer().clone(), exchange.clock.now());
    let found = exchange
        .blocking(move |e| {
            Ok(e.ledger.read(|c| {
                firm_consents::find(c, &taxpayer, &id)?.map(|one| view(c, e, one, now)).transpose()
            })?)
        })
        .await?;
    found.ok_or(ServiceError::NotFound)
}

fn view(
    c: &mut AnyConnection,
    exchange: &Exchange,
    one: FirmConsent,
    now: Timestamp,
) -> StoreResult<OwnConsent> {
    let product = products::find(c, &one.consent.terms.product_id)?;
    let terms = &one.consent.terms;
    Ok(OwnConsent {
        number: terms.details.as_ref().map_or_else(|| terms.id.clone(), |details| details.number.clone()),
        bank_name: member_name(exchange, &terms.bank),
        product_name: product.map_or_else(|| terms.product_id.clone(), |product| product.terms.name),
        covers_personal_data: one.consent.covers_personal_data(),
        granted_at: one.granted_at,
        changed_at: one.changed_at,
        revocation_reason: one.revocation_reason,
        last_release: one.last_release,
        consent: ConsentView::whole(one.consent, now),
    })
}

/// Full name of a member, its slug if the directory has lost it.
pub fn member_name(exchange: &Exchange, member: &MemberId) -> String {
    let members = exchange.directory.members();
    let found = members.into_iter().find(|(known, _)| known.id == *member);
    found.map_or_else(|| member.to_string(), |(member, _)| member.name)
}
