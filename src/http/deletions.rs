//! `/v1/deletions` and `/v1/consents/{id}/deletion-statement`: that banks deleted what they had received.

use actix_web::HttpResponse;
use serde::Deserialize;

use super::gate::Context;
use super::pages::{PageQuery, respond};
use crate::domain::member::Role;
use crate::service::deletions;
use crate::service::error::ServiceResult;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    #[serde(default)]
    overdue: bool,
    after: Option<String>,
    limit: Option<i64>,
}

/// A statement as the bank sends it: `new` in `schema/deletion.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewStatement {
    statement: String,
}

/// Takes a bank's signed statement.
pub async fn state(context: Context) -> ServiceResult<HttpResponse> {
    let NewStatement { statement } = context.json()?;
    let id = context.path("id")?;
    let stated = deletions::state(context.exchange(), &context.caller, id, statement).await?;
    Ok(HttpResponse::Created().json(stated))
}

/// What is owed and what was stated, by consent.
pub async fn list(context: Context) -> ServiceResult<HttpResponse> {
    let ListQuery { overdue, after, limit } = context.query()?;
    let page = PageQuery::new(after, limit);
    let limit = page.limit()?;
    let bank = match context.caller.role {
        Role::Bank => Some(context.caller.member.clone()),
        Role::Bureau | Role::Regulator | Role::Platform => None,
    };
    let views = deletions::page(context.exchange(), bank, overdue, page.after()?, limit + 1).await?;
    Ok(respond(views, limit, |view| view.consent_id.clone()))
}
