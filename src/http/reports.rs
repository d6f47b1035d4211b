//! `/v1/reports`: intermediaries that firms reported in the portal, for the bureau.

use actix_web::HttpResponse;

use super::gate::Context;
use super::pages::{PageQuery, respond};
use crate::service::error::ServiceResult;
use crate::service::reports;

/// Reports, oldest first.
pub async fn list(context: Context) -> ServiceResult<HttpResponse> {
    let page: PageQuery = context.query()?;
    let limit = page.limit()?;
    let views = reports::list(context.exchange(), page.after()?, limit + 1).await?;
    Ok(respond(views, limit, |view| view.id.clone()))
}
