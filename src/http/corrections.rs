//! `/v1/corrections`: records that firms say are wrong, for the bureau to decide.

use actix_web::HttpResponse;
use serde::Deserialize;

use super::gate::Context;
use super::pages::{PageQuery, respond};
use crate::domain::correction::CorrectionOutcome;
use crate::service::admin::Actor;
use crate::service::corrections::{self, Listed};
use crate::service::error::ServiceResult;

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Open,
    Resolved,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    status: Option<Status>,
    overdue: Option<bool>,
    after: Option<String>,
    limit: Option<i64>,
}

/// The bureau's decision: `resolving` in `schema/correction.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resolving {
    outcome: CorrectionOutcome,
    note: String,
}

/// Corrections, oldest first; with `overdue=true` those whose source should have answered by yesterday.
pub async fn list(context: Context) -> ServiceResult<HttpResponse> {
    let ListQuery { status, overdue, after, limit } = context.query()?;
    let page = PageQuery::new(after, limit);
    let limit = page.limit()?;
    let open = status.map(|status| match status {
        Status::Open => true,
        Status::Resolved => false,
    });
    let listed = Listed { open, overdue: overdue.unwrap_or(false) };
    let views = corrections::list(context.exchange(), listed, page.after()?, limit + 1).await?;
    Ok(respond(views, limit, |view| view.id.clone()))
}

/// Decides one.
pub async fn resolve(context: Context) -> ServiceResult<HttpResponse> {
    let id = context.path("id")?;
    let Resolving { outcome, note } = context.json()?;
    let actor = Actor::from(&context.caller);
    let change =
        corrections::resolve(context.exchange(), &actor, id, outcome, note, context.claim()?).await?;
    Ok(HttpResponse::Ok().json(change))
}
