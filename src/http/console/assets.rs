//! The console's stylesheet, script and sign: part of the program, fetched from nowhere else.

use actix_web::HttpResponse;

use crate::http::gate::Context;
use crate::http::html::asset::{self, Asset};
use crate::service::error::ServiceResult;

/// Name, media type and content of each.
const ASSETS: &[Asset] = &[
    ("console.css", "text/css; charset=utf-8", include_str!("assets/console.css")),
    ("console.js", "text/javascript; charset=utf-8", include_str!("assets/console.js")),
    ("icon.svg", "image/svg+xml", include_str!("assets/icon.svg")),
];

/// One of them.
pub async fn serve(context: Context) -> ServiceResult<HttpResponse> {
    asset::serve(ASSETS, &context.path("name")?)
}
