//! `/v1/objections`: firms that dispute an access, passed on by the bureau until they have a portal of their own.

use actix_web::HttpResponse;

use super::gate::Context;
use crate::service::admin::Actor;
use crate::service::error::ServiceResult;
use crate::service::objections::{self, NewObjection};

/// Records an objection; the bank is asked at once.
pub async fn raise(context: Context) -> ServiceResult<HttpResponse> {
    let new: NewObjection = context.json()?;
    let actor = Actor::from(&context.caller);
    let view = objections::raise(context.exchange(), &actor, new, context.claim()?).await?;
    Ok(HttpResponse::Created().json(view))
}
