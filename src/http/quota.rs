//! The daily quota as callers read it: `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers).

use actix_web::http::header::HeaderName;

static RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
static RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// How many dossiers are left of the day's quota, for how many seconds yet, and what the quota is.
pub fn quota_headers(quota_per_day: u64, remaining: u64, left_s: u64) -> [(HeaderName, String); 2] {
    [
        (RATE_LIMIT.clone(), format!("\"day\";r={remaining};t={left_s}")),
        (RATE_LIMIT_POLICY.clone(), format!("\"day\";q={quota_per_day};w=86400")),
    ]
}
