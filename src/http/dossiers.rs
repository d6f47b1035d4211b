//! `POST /v1/dossiers`: the pull.

use actix_web::HttpResponse;
use serde::Deserialize;

use super::gate::Context;
use super::member_keys::asked_encryption;
use super::quota::quota_headers;
use crate::domain::consent::Purpose;
use crate::domain::id_digest::IdDigest;
use crate::domain::member_contact::is_unprintable;
use crate::domain::product::all_different;
use crate::domain::section::Section;
use crate::service::error::{FieldError, ServiceError, ServiceResult};
use crate::service::member_keys::encrypted;
use crate::service::release::{PullRequest, Pulled, pull as release};

const TEXT_LENGTH_MAX: usize = 64;
const NONCE_LENGTH_MAX: usize = 128;
/// Digests of held disclosures: one for each section there is, and room for older ones.
const HAVE_MAX: usize = 64;

/// A pull as a bank writes it: `request` in `schema/pull.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wire {
    consent_id: String,
    purpose: Purpose,
    taxpayer_id: Option<String>,
    sections: Option<Vec<Section>>,
    nonce: Option<String>,
    #[serde(default)]
    have: Vec<String>,
    legal_rep_digest: Option<String>,
    bank_ref: Option<String>,
}

impl Wire {
    fn parse(self) -> ServiceResult<PullRequest> {
        let mut wrong = Vec::new();
        let mut text = |pointer: &str, text: Option<&String>, most: usize| {
            if text.is_some_and(|text| text.chars().count() > most || text.chars().any(is_unprintable)) {
                wrong.push(FieldError::new(
                    pointer,
                    format!(
                        "must have at most {most} characters, none of them a control or invisible character"
                    ),
                ));
            }
        };
        text("/consent_id", Some(&self.consent_id), TEXT_LENGTH_MAX);
        text("/taxpayer_id", self.taxpayer_id.as_ref(), TEXT_LENGTH_MAX);
        text("/nonce", self.nonce.as_ref(), NONCE_LENGTH_MAX);
        text("/bank_ref", self.bank_ref.as_ref(), TEXT_LENGTH_MAX);
        if self.sections.as_ref().is_some_and(|sections| sections.is_empty() || !all_different(sections)) {
            wrong.push(FieldError::new(
                "/sections",
                "must name at least one section, none twice, or be left out",
            ));
        }
        if self.have.len() > HAVE_MAX || self.have.iter().any(|digest| digest.len() != 43) {
            wrong.push(FieldError::new("/have", "must be at most 64 digests of 43 characters, as in `_sd`"));
        }
        let legal_rep_digest = self.legal_rep_digest.as_deref().map(IdDigest::parse).transpose();
        let legal_rep_digest = legal_rep_digest.unwrap_or_else(|why| {
            wrong.push(FieldError::new("/legal_rep_digest", why.to_string()));
            None
        });
        if !wrong.is_empty() {
            return Err(ServiceError::Invalid(wrong));
        }
        let Self { consent_id, purpose, taxpayer_id, sections, nonce, have, bank_ref, .. } = self;
        Ok(PullRequest {
            consent_id,
            purpose,
            taxpayer_id,
            sections,
            nonce,
            have,
            legal_rep_digest,
            bank_ref,
        })
    }
}

/// Releases a dossier.
pub async fn pull(context: Context) -> ServiceResult<HttpResponse> {
    let request = context.json::<Wire>()?.parse()?;
    let claim = context.claim()?;
    // Before the release: a dossier that could not be encrypted must not have been recorded.
    let key = asked_encryption(&context).await?;
    let pulled = release(context.exchange(), &context.caller, &request, claim).await?;
    let mut response = HttpResponse::Created();
    response.content_type("application/json");
    if let Some(remaining) = pulled.remaining {
        let now = context.exchange().clock.now();
        let left_s = now.next_shanghai_midnight().since_micros(now) / 1_000_000;
        let left_s = u64::try_from(left_s).unwrap_or(0);
        for header in quota_headers(context.caller.quota_per_day, remaining, left_s) {
            response.insert_header(header);
        }
    }
    let compact = key.map(|key| encrypted(&key, &pulled.dossier)).transpose()?;
    Ok(response.body(body(&pulled, compact.as_deref(), request.bank_ref.as_deref())?))
}

/// The answer, put together by hand: the dossier, encrypted or not, is base64url, dots and tildes, and needs no escaping.
fn body(pulled: &Pulled, encrypted: Option<&str>, bank_ref: Option<&str>) -> ServiceResult<String> {
    let receipt = serde_json::to_string(&pulled.receipt).map_err(ServiceError::internal)?;
    let length = encrypted.map_or_else(|| pulled.dossier.length(), str::len);
    let mut body = String::with_capacity(length + receipt.len() + 256);
    body.push_str("{\"release_id\":\"");
    body.push_str(&pulled.release_id);
    body.push_str("\",\"dossier\":\"");
    match encrypted {
        Some(compact) => body.push_str(compact),
        None => pulled.dossier.write_to(&mut body),
    }
    body.push_str("\",\"receipt\":");
    body.push_str(&receipt);
    if let Some(bank_ref) = bank_ref {
        body.push_str(",\"bank_ref\":");
        body.push_str(&serde_json::to_string(bank_ref).map_err(ServiceError::internal)?);
    }
    body.push('}');
    Ok(body)
}
