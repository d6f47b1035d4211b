//! `/v1/mandates`: the regulator's inspections, opened by one person and approved by another.

use actix_web::HttpResponse;

use super::gate::Context;
use super::pages::{PageQuery, respond};
use crate::service::error::ServiceResult;
use crate::service::mandate::{self, NewMandate};

/// Opens a mandate.
pub async fn open(context: Context) -> ServiceResult<HttpResponse> {
    let new: NewMandate = context.json()?;
    let change = mandate::open(context.exchange(), &context.caller, new, context.claim()?).await?;
    Ok(HttpResponse::Created().json(change))
}

/// Approves a mandate that another person opened. No body, or an empty object.
pub async fn approve(context: Context) -> ServiceResult<HttpResponse> {
    if !context.body.is_empty() {
        let Nothing {} = context.json()?;
    }
    let change = mandate::approve(context.exchange(), &context.caller, context.path("id")?).await?;
    Ok(HttpResponse::Ok().json(change))
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Every mandate, oldest first.
pub async fn list(context: Context) -> ServiceResult<HttpResponse> {
    let page: PageQuery = context.query()?;
    let limit = page.limit()?;
    let views = mandate::page(context.exchange(), page.after()?, limit + 1).await?;
    Ok(respond(views, limit, |view| view.id.clone()))
}
