//! What a firm sees of its requests.

use std::sync::Arc;

use super::{RequestView, own, token_hash, views};
use crate::domain::consent_request::{ConsentRequest, RequestStatus};
use crate::domain::representative::ActingFor;
use crate::domain::return_url::ReturnUrl;
use crate::service::Exchange;
use crate::service::error::{ServiceError, ServiceResult};
use crate::store::{consent_requests, return_urls};

/// Open requests shown at a time.
const PENDING_MAX: i64 = 200;

/// One request.
pub async fn show(exchange: &Arc<Exchange>, acting: &ActingFor, id: String) -> ServiceResult<RequestView> {
    let request = read(exchange, acting, id).await?;
    told(exchange, vec![request]).await?.pop().ok_or(ServiceError::NotFound)
}

/// The request that a bank's link or a link handed over leads to. A link handed over is used up by who may grant.
pub async fn by_token(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    token: &str,
) -> ServiceResult<RequestView> {
    let (hash, now) = (token_hash(token), exchange.clock.now());
    let found =
        exchange.blocking(move |e| Ok(e.ledger.read(|c| consent_requests::by_token(c, &hash, now))?)).await?;
    let request = own(acting, found)?;
    if acting.firm.role.may_grant().is_some() {
        let id = request.id.clone();
        exchange
            .blocking(move |e| Ok(e.ledger.write(|c| consent_requests::set_hand_over(c, &id, None))?))
            .await?;
    }
    told(exchange, vec![request]).await?.pop().ok_or(ServiceError::NotFound)
}

/// What waits for an answer, and drafts, oldest first.
pub async fn pending(exchange: &Arc<Exchange>, acting: &ActingFor) -> ServiceResult<Vec<RequestView>> {
    let (taxpayer, now) = (acting.taxpayer().clone(), exchange.clock.now());
    let open = exchange
        .blocking(move |e| {
            Ok(e.ledger.read(|c| consent_requests::open_of(c, taxpayer.as_str(), now, PENDING_MAX))?)
        })
        .await?;
    told(exchange, open).await
}

/// What was prepared together, in the order it was made.
pub async fn group(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    group: String,
) -> ServiceResult<Vec<RequestView>> {
    let found =
        exchange.blocking(move |e| Ok(e.ledger.read(|c| consent_requests::group(c, &group))?)).await?;
    let own: Vec<ConsentRequest> = found.into_iter().filter_map(|one| own(acting, Some(one)).ok()).collect();
    if own.is_empty() {
        return Err(ServiceError::NotFound);
    }
    told(exchange, own).await
}

/// Where the person goes back to after answering, if the bank asked for it and the place is still registered. It
/// carries the bank's own `state` and the request's id, not the answer.
pub async fn return_to(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    id: String,
) -> ServiceResult<Option<String>> {
    let request = read(exchange, acting, id).await?;
    match request.status {
        RequestStatus::Granted | RequestStatus::Declined => {}
        RequestStatus::Draft | RequestStatus::Requested | RequestStatus::Lapsed => return Ok(None),
    }
    let Some(url) = request.labels.return_url.as_deref() else { return Ok(None) };
    let url: ReturnUrl = url.parse().map_err(ServiceError::internal)?;
    let bank = request.bank.clone();
    let registered = exchange.blocking(move |e| Ok(e.ledger.read(|c| return_urls::of(c, &bank))?)).await?;
    let known = registered.iter().any(|prefix| url.is_below(prefix));
    Ok(known.then(|| url.answered(&request.id, request.labels.state.as_deref())))
}

pub(super) async fn read(
    exchange: &Arc<Exchange>,
    acting: &ActingFor,
    id: String,
) -> ServiceResult<ConsentRequest> {
    let found = exchange.blocking(move |e| Ok(e.ledger.read(|c| consent_requests::find(c, &id))?)).await?;
    own(acting, found)
}

async fn told(exchange: &Arc<Exchange>, requests: Vec<ConsentRequest>) -> ServiceResult<Vec<RequestView>> {
    let now = exchange.clock.now();
    exchange.blocking(move |e| Ok(e.ledger.read(|c| views(c, &e.directory, requests, now))?)).await
}
