//! `/v1/members` and `/v1/me/certificates`: the directory, changed by the bureau, and by a bank for its own certificates.

use actix_web::HttpResponse;
use serde::Deserialize;

use super::connection::Peer;
use super::gate::Context;
use super::pages::{PageQuery, respond};
use crate::service::enrolment::Offered;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::members::{self, MemberChange, NewCertificate, OVERLAP_DAYS};

/// A request that says nothing: `nothing` in `schema/member.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A certificate for a member: `certificate_new` in `schema/member.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateWire {
    certificate: Option<String>,
    csr: Option<String>,
    label: String,
    replaces: Option<String>,
    overlap_days: Option<u32>,
}

/// A bank's own next certificate: `rotation` in `schema/member.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotationWire {
    certificate: Option<String>,
    csr: Option<String>,
    overlap_days: Option<u32>,
}

/// Every member, with its certificates and the days they have left.
pub async fn list(context: Context) -> ServiceResult<HttpResponse> {
    let page: PageQuery = context.query()?;
    let (after, limit) = (page.after()?, page.limit()?);
    let all = members::overview(context.exchange());
    let most = usize::try_from(limit + 1).unwrap_or(usize::MAX);
    let views = all.into_iter().filter(|view| view.id.as_str() > after.as_str()).take(most).collect();
    Ok(respond(views, limit, |view| view.id.to_string()))
}

/// A member may no longer act: on its open connections too, within two seconds.
pub async fn suspend(context: Context) -> ServiceResult<HttpResponse> {
    nothing(&context)?;
    let id = context.path("id")?;
    Ok(answer(members::suspend(context.exchange(), &context.caller, &id).await?, false))
}

/// A member may act again.
pub async fn resume(context: Context) -> ServiceResult<HttpResponse> {
    nothing(&context)?;
    let id = context.path("id")?;
    Ok(answer(members::resume(context.exchange(), &context.caller, &id).await?, false))
}

/// A member leaves for good.
pub async fn withdraw(context: Context) -> ServiceResult<HttpResponse> {
    nothing(&context)?;
    let id = context.path("id")?;
    Ok(answer(members::withdraw(context.exchange(), &context.caller, &id).await?, false))
}

/// One more certificate of a member.
pub async fn add_certificate(context: Context) -> ServiceResult<HttpResponse> {
    let wire: CertificateWire = context.json()?;
    let id = context.path("id")?;
    let days = wire.overlap_days.unwrap_or(OVERLAP_DAYS);
    let new = NewCertificate {
        offered: offered(wire.certificate, wire.csr)?,
        label: wire.label,
        replaces: wire.replaces.map(|old| (old, days)),
    };
    let change = members::add_certificate(context.exchange(), &context.caller, &id, new).await?;
    Ok(answer(change, true))
}

/// A certificate is no longer accepted.
pub async fn withdraw_certificate(context: Context) -> ServiceResult<HttpResponse> {
    nothing(&context)?;
    let (id, fingerprint) = (context.path("id")?, context.path("fingerprint")?);
    let change =
        members::withdraw_certificate(context.exchange(), &context.caller, &id, &fingerprint).await?;
    Ok(answer(change, false))
}

/// A bank replaces the certificate it is using.
pub async fn rotate_own(context: Context) -> ServiceResult<HttpResponse> {
    let wire: RotationWire = context.json()?;
    let offered = offered(wire.certificate, wire.csr)?;
    let peer = context.request.conn_data::<Peer>();
    let key = peer.ok_or(ServiceError::Unauthenticated("no TLS connection"))?.key()?;
    let days = wire.overlap_days.unwrap_or(OVERLAP_DAYS);
    let change = members::rotate_own(context.exchange(), &context.caller, key, offered, days).await?;
    Ok(answer(change, true))
}

fn nothing(context: &Context) -> ServiceResult<()> {
    if context.body.is_empty() {
        return Ok(());
    }
    context.json::<Nothing>().map(drop)
}

fn offered(certificate: Option<String>, csr: Option<String>) -> ServiceResult<Offered> {
    match (certificate, csr) {
        (Some(pem), None) => Ok(Offered::Certificate(pem)),
        (None, Some(pem)) => Ok(Offered::SigningRequest(pem)),
        (Some(_), Some(_)) | (None, None) => {
            Err(ServiceError::invalid("/certificate", "name either `certificate` or `csr`"))
        }
    }
}

/// 202 while it waits for a second person.
fn answer(change: MemberChange, made: bool) -> HttpResponse {
    let mut response = match (&change.proposal, made) {
        (Some(_), _) => HttpResponse::Accepted(),
        (None, true) => HttpResponse::Created(),
        (None, false) => HttpResponse::Ok(),
    };
    response.json(change)
}
