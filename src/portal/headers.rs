//! The headers of every page and asset.

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderName, HeaderValue};

/// `form-action` covers what a form's answer redirects to as well: a page that sends the reader on to a bank does it by
/// a link, never by the answer to a form.
const HEADERS: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    ("strict-transport-security", "max-age=31536000"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=()"),
];

/// Puts them on an answer. What does not say how long it may be kept is not kept.
pub fn dress(response: &mut HttpResponse) {
    for (name, value) in HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let cache = HeaderName::from_static("cache-control");
    if !response.headers().contains_key(&cache) {
        response.headers_mut().insert(cache, HeaderValue::from_static("no-store"));
    }
}
