//! Lists by opaque cursor: stable order, nothing twice, nothing missed.

use actix_web::HttpResponse;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::gate::may_be_id;
use crate::service::error::{ServiceError, ServiceResult};

const LIMIT_DEFAULT: i64 = 100;
const LIMIT_MAX: i64 = 1_000;

/// `?after=…&limit=…`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    after: Option<String>,
    limit: Option<i64>,
}

impl PageQuery {
    /// The two parameters, for routes whose query has more.
    pub fn new(after: Option<String>, limit: Option<i64>) -> Self {
        Self { after, limit }
    }

    /// The key after which the page begins; empty for the first.
    pub fn after(&self) -> ServiceResult<String> {
        let Some(cursor) = &self.after else { return Ok(String::new()) };
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
        bytes.and_then(|bytes| String::from_utf8(bytes).ok()).filter(|key| may_be_id(key)).ok_or_else(|| {
            ServiceError::invalid("?after", "must be the `next` of an earlier page, or left out")
        })
    }

    /// The cursor that names a key, as [`PageQuery::after`] reads it.
    pub fn cursor(key: &str) -> String {
        URL_SAFE_NO_PAD.encode(key)
    }

    /// How many items a page has: 100, or what was asked for up to 1,000.
    pub fn limit(&self) -> ServiceResult<i64> {
        match self.limit.unwrap_or(LIMIT_DEFAULT) {
            limit @ 1..=LIMIT_MAX => Ok(limit),
            _outside => Err(ServiceError::invalid("?limit", "must be 1 to 1000")),
        }
    }
}

#[derive(Serialize)]
struct Page<T> {
    items: Vec<T>,
    next: Option<String>,
}

/// A page as answered. `items` may hold one more than `limit`: then there is a next page.
pub fn respond<T: Serialize>(mut items: Vec<T>, limit: i64, key: impl Fn(&T) -> String) -> HttpResponse {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    let next = if more { items.last().map(|last| URL_SAFE_NO_PAD.encode(key(last))) } else { None };
    HttpResponse::Ok().json(Page { items, next })
}
