//! `/v1/proposals`: changes that wait for a second person.

use actix_web::HttpResponse;

use super::gate::Context;
use super::members::Nothing;
use super::pages::{PageQuery, respond};
use crate::service::error::ServiceResult;
use crate::service::proposals;

/// Proposals, oldest first.
pub async fn list(context: Context) -> ServiceResult<HttpResponse> {
    let page: PageQuery = context.query()?;
    let (after, limit) = (page.after()?, page.limit()?);
    let views = context.exchange().blocking(move |e| proposals::page(e, &after, limit + 1)).await?;
    Ok(respond(views, limit, |view| view.id.clone()))
}

/// Approves a proposal, as another person than proposed it.
pub async fn approve(context: Context) -> ServiceResult<HttpResponse> {
    let (person, id) = parts(&context)?;
    let decided = context.exchange().blocking(move |e| proposals::approve(e, person, id)).await?;
    Ok(HttpResponse::Ok().json(decided))
}

/// Turns a proposal down.
pub async fn reject(context: Context) -> ServiceResult<HttpResponse> {
    let (person, id) = parts(&context)?;
    let decided = context.exchange().blocking(move |e| proposals::reject(e, person, id)).await?;
    Ok(HttpResponse::Ok().json(decided))
}

fn parts(context: &Context) -> ServiceResult<(crate::domain::proposal::Person, String)> {
    if !context.body.is_empty() {
        drop(context.json::<Nothing>()?);
    }
    Ok(((&context.caller).into(), context.path("id")?))
}
