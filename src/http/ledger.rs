//! `/v1/ledger/…` and `/v1/keys`: what any member may check the exchange by.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue};

use super::gate::Context;
use crate::service::error::ServiceResult;
use crate::service::evidence;

/// The newest checkpoint, a C2SP signed note.
pub async fn checkpoint(context: Context) -> ServiceResult<HttpResponse> {
    let published = evidence::newest(context.exchange()).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-cache")))
        .body(published.note))
}

/// The trust file.
pub async fn keys(context: Context) -> ServiceResult<HttpResponse> {
    Ok(HttpResponse::Ok().json(&*context.exchange().keys.trust()))
}
