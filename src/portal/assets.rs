//! The portal's stylesheet, script and sign: part of the program, fetched from nowhere else.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;

use super::visit::Visit;
use crate::service::error::{ServiceError, ServiceResult};

/// Name, media type and content of each.
const ASSETS: &[(&str, &str, &str)] = &[
    ("portal.css", "text/css; charset=utf-8", include_str!("assets/portal.css")),
    ("consents.css", "text/css; charset=utf-8", include_str!("assets/consents.css")),
    ("portal.js", "text/javascript; charset=utf-8", include_str!("assets/portal.js")),
    ("proof.js", "text/javascript; charset=utf-8", include_str!("assets/proof.js")),
    ("icon.svg", "image/svg+xml", include_str!("assets/icon.svg")),
];

/// One of them.
pub async fn serve(visit: Visit) -> ServiceResult<HttpResponse> {
    let name = visit.path("name")?;
    let (_, kind, content) =
        ASSETS.iter().find(|(known, _, _)| *known == name).ok_or(ServiceError::NotFound)?;
    // Short, so that a new version of the program is seen at once by whoever reloads.
    Ok(HttpResponse::Ok()
        .content_type(*kind)
        .insert_header((CACHE_CONTROL, "private, max-age=300"))
        .body(*content))
}
