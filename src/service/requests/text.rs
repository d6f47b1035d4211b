//! What a person reads before granting: drawn up from the request as it stands, so that page and grant agree on it.

use std::sync::Arc;

use serde::Serialize;

use super::read::read;
use crate::domain::consent_request::ConsentRequest;
use crate::domain::representative::ActingFor;
use crate::seal::digest::prefixed_digest;
use crate::service::Exchange;
use crate::service::error::ServiceResult;
use crate::store::db::AnyConnection;
use crate::store::error::StoreResult;

/// Exactly what is shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Shown {
    /// Version of the wording.
    pub version: String,
    /// The text.
    pub plain: String,
    /// Its digest.
    pub digest: String,
}

/// The text of a request, for its page.
pub async fn text(exchange: &Arc<Exchange>, acting: &ActingFor, id: String) -> ServiceResult<Shown> {
    let request = read(exchange, acting, id).await?;
    let acting = acting.clone();
    exchange
        .blocking(move |e| {
            let texts = e.ledger.read(|c| shown(c, &request, &acting))?;
            texts.into_iter().next().ok_or(crate::service::error::ServiceError::NotFound)
        })
        .await
}

/// The text in every language that there is.
pub(super) fn shown(
    _c: &mut AnyConnection,
    request: &ConsentRequest,
    acting: &ActingFor,
) -> StoreResult<Vec<Shown>> {
    let plain = format!("{} {} {:?}", acting.firm.name, request.number(), request.terms);
    Ok(vec![Shown { version: "2026-1".into(), digest: prefixed_digest(plain.as_bytes()), plain }])
}
