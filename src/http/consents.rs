//! `/v1/consents`: registered by the bureau, read by the bank they name.

use actix_web::HttpResponse;
use serde::Deserialize;

use super::gate::Context;
use super::pages::{PageQuery, respond};
use crate::domain::member::Role;
use crate::domain::member_contact::is_unprintable;
use crate::service::consent::{self, NewConsent};
use crate::service::consent_receipt;
use crate::service::error::{ServiceError, ServiceResult};

/// A revocation as the bureau writes it: `revocation` in `schema/consent.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    reason: Option<String>,
}

/// Consents that name this bank, as they stand now.
pub async fn list(context: Context) -> ServiceResult<HttpResponse> {
    let page: PageQuery = context.query()?;
    let limit = page.limit()?;
    let views =
        consent::page(context.exchange(), context.caller.member.clone(), page.after()?, limit + 1).await?;
    Ok(respond(views, limit, |view| view.terms.id.clone()))
}

/// One consent.
pub async fn show(context: Context) -> ServiceResult<HttpResponse> {
    let bank = match context.caller.role {
        Role::Bank => Some(context.caller.member.clone()),
        Role::Bureau | Role::Regulator | Role::Platform => None,
    };
    let view = consent::find(context.exchange(), bank, context.path("id")?).await?;
    Ok(HttpResponse::Ok().json(view))
}

/// The receipt of one consent, signed afresh.
pub async fn receipt(context: Context) -> ServiceResult<HttpResponse> {
    let bank = match context.caller.role {
        Role::Bank => Some(&context.caller.member),
        Role::Bureau | Role::Regulator | Role::Platform => None,
    };
    let answer = consent_receipt::of_member(context.exchange(), bank, context.path("id")?).await?;
    Ok(HttpResponse::Ok().json(answer))
}

/// Registers a consent that the firm gave in the e-tax bureau.
pub async fn grant(context: Context) -> ServiceResult<HttpResponse> {
    let new: NewConsent = context.json()?;
    let change = consent::grant(context.exchange(), &context.caller, new, context.claim()?).await?;
    Ok(HttpResponse::Created().json(change))
}

/// Takes a consent back.
pub async fn revoke(context: Context) -> ServiceResult<HttpResponse> {
    let id = context.path("id")?;
    let Revocation { reason } =
        if context.body.is_empty() { Revocation { reason: None } } else { context.json()? };
    if reason.as_ref().is_some_and(|text| text.chars().count() > 200 || text.chars().any(is_unprintable)) {
        return Err(ServiceError::invalid(
            "/reason",
            "must have at most 200 characters, none of them a control or invisible character",
        ));
    }
    let change = consent::revoke(context.exchange(), &context.caller, id, reason, context.claim()?).await?;
    Ok(HttpResponse::Ok().json(change))
}
