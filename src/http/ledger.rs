//! `/v1/ledger/…` and `/v1/keys`: what any member may check the exchange by.

use actix_web::HttpResponse;
use serde::Deserialize;

use super::gate::Context;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::evidence;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProofQuery {
    size: Option<u64>,
}

/// The newest checkpoint, a C2SP signed note.
pub async fn checkpoint(context: Context) -> ServiceResult<HttpResponse> {
    let published = evidence::newest(context.exchange()).await?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(published.note))
}

/// A `tlog-proof` of one entry in the tree of the newest checkpoint.
pub async fn proof(context: Context) -> ServiceResult<HttpResponse> {
    let query: ProofQuery = context.query()?;
    let index: u64 = context.path("index")?.parse().map_err(|_| ServiceError::NotFound)?;
    let proof = evidence::proof(context.exchange(), index, query.size).await?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(proof.to_text()))
}

/// The trust file.
pub async fn keys(context: Context) -> ServiceResult<HttpResponse> {
    Ok(HttpResponse::Ok().json(&*context.exchange().keys.trust()))
}
