//! The portal's stylesheet, script and sign: part of the program, fetched from nowhere else.

use actix_web::HttpResponse;

use super::visit::Visit;
use crate::http::html::asset::{self, Asset};
use crate::service::error::ServiceResult;

/// Name, media type and content of each.
const ASSETS: &[Asset] = &[
    ("portal.css", "text/css; charset=utf-8", include_str!("assets/portal.css")),
    ("consents.css", "text/css; charset=utf-8", include_str!("assets/consents.css")),
    ("portal.js", "text/javascript; charset=utf-8", include_str!("assets/portal.js")),
    ("proof.js", "text/javascript; charset=utf-8", include_str!("assets/proof.js")),
    ("icon.svg", "image/svg+xml", include_str!("assets/icon.svg")),
];

/// One of them.
pub async fn serve(visit: Visit) -> ServiceResult<HttpResponse> {
    asset::serve(ASSETS, &visit.path("name")?)
}
