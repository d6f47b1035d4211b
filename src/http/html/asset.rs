//! Stylesheets, scripts and signs: part of the program, fetched from nowhere else.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;

use crate::service::error::{ServiceError, ServiceResult};

/// Name, media type and content.
pub type Asset = (&'static str, &'static str, &'static str);

/// The one of this name.
pub fn serve(assets: &[Asset], name: &str) -> ServiceResult<HttpResponse> {
    let (_, kind, content) =
        assets.iter().find(|(known, _, _)| *known == name).ok_or(ServiceError::NotFound)?;
    // Short, so that a new version of the program is seen at once by whoever reloads.
    Ok(HttpResponse::Ok()
        .content_type(*kind)
        .insert_header((CACHE_CONTROL, "private, max-age=300"))
        .body(*content))
}
