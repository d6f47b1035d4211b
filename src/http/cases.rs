//! `/v1/cases`: what banks are asked to justify. A bank sees its own, the bureau every one.

use actix_web::HttpResponse;
use serde::Deserialize;

use super::gate::Context;
use super::pages::{PageQuery, respond};
use crate::domain::case::{CaseOutcome, CaseStatus};
use crate::domain::member::{MemberId, Role};
use crate::service::admin::Actor;
use crate::service::cases;
use crate::service::error::ServiceResult;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    status: Option<CaseStatus>,
    after: Option<String>,
    limit: Option<i64>,
}

/// A bank's answer: `answering` in `schema/case.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answering {
    text: String,
}

/// The bureau's closure: `closing` in `schema/case.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closing {
    outcome: CaseOutcome,
    note: String,
}

/// Cases, oldest first.
pub async fn list(context: Context) -> ServiceResult<HttpResponse> {
    let ListQuery { status, after, limit } = context.query()?;
    let page = PageQuery::new(after, limit);
    let limit = page.limit()?;
    let views = cases::list(context.exchange(), own(&context), status, page.after()?, limit + 1).await?;
    Ok(respond(views, limit, |view| view.id.clone()))
}

/// One case.
pub async fn show(context: Context) -> ServiceResult<HttpResponse> {
    let view = cases::show(context.exchange(), own(&context), context.path("id")?).await?;
    Ok(HttpResponse::Ok().json(view))
}

/// The bank's answer.
pub async fn answer(context: Context) -> ServiceResult<HttpResponse> {
    let id = context.path("id")?;
    let Answering { text } = context.json()?;
    let (actor, bank) = (Actor::from(&context.caller), context.caller.member.clone());
    let change = cases::answer(context.exchange(), &actor, bank, id, text, context.claim()?).await?;
    Ok(HttpResponse::Ok().json(change))
}

/// The bureau's closure.
pub async fn close(context: Context) -> ServiceResult<HttpResponse> {
    let id = context.path("id")?;
    let Closing { outcome, note } = context.json()?;
    let actor = Actor::from(&context.caller);
    let change = cases::close(context.exchange(), &actor, id, outcome, note, context.claim()?).await?;
    Ok(HttpResponse::Ok().json(change))
}

/// Whose cases the caller may see: a bank's own, everyone's for the others.
fn own(context: &Context) -> Option<MemberId> {
    match context.caller.role {
        Role::Bank => Some(context.caller.member.clone()),
        Role::Bureau | Role::Regulator | Role::Platform => None,
    }
}
