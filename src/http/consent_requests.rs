//! `/v1/consent-requests`: a bank asks a firm, and reads what it asked. The same whether or not there is such a firm.

use actix_web::HttpResponse;

use super::gate::Context;
use super::pages::{PageQuery, respond};
use crate::service::error::ServiceResult;
use crate::service::requests::ask::{self, NewRequest};

/// Asks; or only says what stands against it.
pub async fn ask(context: Context) -> ServiceResult<HttpResponse> {
    let new: NewRequest = context.json()?;
    if new.dry_run {
        let told = ask::dry_run(context.exchange(), &context.caller, new).await?;
        return Ok(HttpResponse::Ok().json(told));
    }
    let asked = ask::ask(context.exchange(), &context.caller, new, context.claim()?).await?;
    Ok(HttpResponse::Accepted().json(asked))
}

/// What this bank asked.
pub async fn list(context: Context) -> ServiceResult<HttpResponse> {
    let page: PageQuery = context.query()?;
    let limit = page.limit()?;
    let views =
        ask::page(context.exchange(), context.caller.member.clone(), page.after()?, limit + 1).await?;
    Ok(respond(views, limit, |view| view.request_id.clone()))
}

/// One of its requests.
pub async fn show(context: Context) -> ServiceResult<HttpResponse> {
    let bank = context.caller.member.clone();
    let view = ask::find(context.exchange(), bank, context.path("id")?).await?;
    Ok(HttpResponse::Ok().json(view))
}
