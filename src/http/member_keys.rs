//! `/v1/me/keys`: a bank's own signing and encryption key. Also who asked for an encrypted answer.

use actix_web::HttpResponse;
use actix_web::http::header::ACCEPT;
use serde::Deserialize;

use super::gate::Context;
use super::pages::respond;
use crate::domain::key_use::KeyUse;
use crate::seal::jwk::PublicJwk;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::member_keys;
use crate::service::proposals::{KeySubmitted, register_key};
use crate::store::member_keys::MemberKey;

/// A registration as the bank writes it: `registration` in `schema/member-key.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    jwk: PublicJwk,
    proof: String,
}

/// Registers a key, in the place of the one before.
pub async fn register(context: Context) -> ServiceResult<HttpResponse> {
    let usage = match context.path("use")?.parse() {
        Ok(usage @ (KeyUse::Signing | KeyUse::Encryption)) => usage,
        Ok(KeyUse::Dossier | KeyUse::Ledger | KeyUse::Salt) | Err(_) => return Err(ServiceError::NotFound),
    };
    let Registration { jwk, proof } = context.json()?;
    let submitted = register_key(context.exchange(), &context.caller, usage, jwk, &proof).await?;
    Ok(match submitted {
        KeySubmitted::Done(view, true) => HttpResponse::Created().json(view),
        KeySubmitted::Done(view, false) => HttpResponse::Ok().json(view),
        KeySubmitted::Proposed(proposal) => {
            HttpResponse::Accepted().json(serde_json::json!({ "proposal": proposal }))
        }
    })
}

/// Every key that the bank has or had.
pub async fn list(context: Context) -> ServiceResult<HttpResponse> {
    let views = member_keys::list(context.exchange(), &context.caller).await?;
    Ok(respond(views, i64::MAX, |view| view.kid.clone()))
}

/// The key to encrypt the answer's dossier to, if `Accept` names `application/jose`. Without a registered key the
/// answer is 406, unless `application/json` is accepted besides.
pub async fn asked_encryption(context: &Context) -> ServiceResult<Option<MemberKey>> {
    let accepted = context.request.headers().get_all(ACCEPT).filter_map(|value| value.to_str().ok());
    let kinds: Vec<String> = accepted
        .flat_map(|value| value.split(','))
        .map(|kind| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
        .collect();
    let names = |wanted: &str| kinds.iter().any(|kind| kind == wanted);
    if !names("application/jose") {
        return Ok(None);
    }
    match member_keys::encryption_key(context.exchange(), &context.caller).await? {
        Some(key) => Ok(Some(key)),
        None if names("application/json") => Ok(None),
        None => Err(ServiceError::NoEncryptionKey),
    }
}
