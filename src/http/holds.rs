//! `/v1/holds`: the bureau's brake.

use actix_web::HttpResponse;

use super::gate::Context;
use super::pages::{PageQuery, respond};
use crate::service::admin::Actor;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::holds::{self, NewHold};

/// Every hold, lifted and expired ones too, oldest first.
pub async fn list(context: Context) -> ServiceResult<HttpResponse> {
    let page: PageQuery = context.query()?;
    let limit = page.limit()?;
    let views = holds::list(context.exchange(), page.after()?, limit + 1).await?;
    Ok(respond(views, limit, |view| view.id.clone()))
}

/// Places a hold.
pub async fn place(context: Context) -> ServiceResult<HttpResponse> {
    let new: NewHold = context.json()?;
    let actor = Actor::from(&context.caller);
    let change = holds::place(context.exchange(), &actor, new, context.claim()?).await?;
    Ok(HttpResponse::Created().json(change))
}

/// Lifts a hold.
pub async fn lift(context: Context) -> ServiceResult<HttpResponse> {
    let id = context.path("id")?;
    if !context.body.is_empty() {
        let given: serde_json::Map<String, serde_json::Value> = context.json()?;
        if let Some(name) = given.keys().next() {
            return Err(ServiceError::invalid(format!("/{name}"), "nothing is taken here"));
        }
    }
    let actor = Actor::from(&context.caller);
    let change = holds::lift(context.exchange(), &actor, id, context.claim()?).await?;
    Ok(HttpResponse::Ok().json(change))
}
