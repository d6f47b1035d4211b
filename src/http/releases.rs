//! `GET /v1/releases` and `GET /v1/releases/{id}`.

use actix_web::HttpResponse;
use serde::Deserialize;

use super::gate::{Context, may_be_id};
use super::member_keys::asked_encryption;
use super::pages::{PageQuery, respond};
use crate::service::error::ServiceResult;
use crate::service::repeat::{self, ReleaseView};
use crate::store::releases;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    consent_id: Option<String>,
    after: Option<String>,
    limit: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShowQuery {
    dossier: Option<bool>,
}

/// The bank's own releases, oldest first.
pub async fn list(context: Context) -> ServiceResult<HttpResponse> {
    let query: ListQuery = context.query()?;
    let page = PageQuery::new(query.after, query.limit);
    let (after, limit, bank) = (page.after()?, page.limit()?, context.caller.member.clone());
    if query.consent_id.as_deref().is_some_and(|id| !may_be_id(id)) {
        return Ok(respond(Vec::<ReleaseView>::new(), limit, |view| view.release_id.clone()));
    }
    let rows = context
        .exchange()
        .blocking(move |e| {
            Ok(e.ledger.read(|c| releases::page(c, &bank, query.consent_id.as_deref(), &after, limit + 1))?)
        })
        .await?;
    let views: Vec<ReleaseView> = rows.iter().map(repeat::view).collect();
    Ok(respond(views, limit, |view| view.release_id.clone()))
}

/// One release with its receipt; within 24 h, and unless `?dossier=false`, the dossier again.
pub async fn show(context: Context) -> ServiceResult<HttpResponse> {
    let query: ShowQuery = context.query()?;
    let id = context.path("id")?;
    let key = asked_encryption(&context).await?;
    let with_dossier = query.dossier.unwrap_or(true);
    let found = repeat::release(context.exchange(), &context.caller, &id, with_dossier, key.as_ref()).await?;
    Ok(HttpResponse::Ok().json(found))
}
