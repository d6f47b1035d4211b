//! `/v1/products`: submitted by a bank, approved by the bureau.

use actix_web::HttpResponse;
use serde::Deserialize;

use super::gate::Context;
use super::pages::{PageQuery, respond};
use crate::domain::member::Role;
use crate::domain::product::{FieldProfile, ProductTerms};
use crate::service::error::ServiceResult;
use crate::service::product;

/// An approval as the bureau writes it: `approval` in `schema/product.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    profile: Option<FieldProfile>,
}

/// A bank's own products; everyone's for the bureau.
pub async fn list(context: Context) -> ServiceResult<HttpResponse> {
    let page: PageQuery = context.query()?;
    let limit = page.limit()?;
    let own = match context.caller.role {
        Role::Bank => Some(context.caller.member.clone()),
        Role::Bureau | Role::Regulator | Role::Platform => None,
    };
    let views = product::page(context.exchange(), own, page.after()?, limit + 1).await?;
    Ok(respond(views, limit, |view| view.id.clone()))
}

/// Submits a product, or changes one not yet approved.
pub async fn submit(context: Context) -> ServiceResult<HttpResponse> {
    let terms: ProductTerms = context.json()?;
    let (view, new) =
        product::submit(context.exchange(), &context.caller, context.path("id")?, terms).await?;
    let mut response = if new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(response.json(view))
}

/// Approves a submitted product with its field profile.
pub async fn approve(context: Context) -> ServiceResult<HttpResponse> {
    let Approval { profile } =
        if context.body.is_empty() { Approval { profile: None } } else { context.json()? };
    let view = product::approve(context.exchange(), &context.caller, context.path("id")?, profile).await?;
    Ok(HttpResponse::Ok().json(view))
}
