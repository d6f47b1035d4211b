//! `/v1/holds`: the bureau's brake.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::gate::Context;
use super::pages::{PageQuery, respond};
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::holds::{self, NewHold};
use crate::service::proposals::{self, HoldSubmitted};

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
    let person = (&context.caller).into();
    let submitted = proposals::place_hold(context.exchange(), person, new, context.claim()?).await?;
    Ok(answer(submitted, StatusCode::CREATED))
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
    let person = (&context.caller).into();
    let submitted = proposals::lift_hold(context.exchange(), person, id, context.claim()?).await?;
    Ok(answer(submitted, StatusCode::OK))
}

/// 202 while it waits for a second person.
fn answer(submitted: HoldSubmitted, done: StatusCode) -> HttpResponse {
    match submitted {
        HoldSubmitted::Done(change) => HttpResponse::build(done).json(change),
        HoldSubmitted::Proposed(proposal) => {
            HttpResponse::Accepted().json(serde_json::json!({ "proposal": proposal }))
        }
    }
}
