//! Errors as the caller reads them: RFC 9457 problem+json. The one place that turns them into HTTP.

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use serde::Serialize;
use tracing::{error, warn};

use super::quota::quota_headers;
use crate::domain::import::{InputRule, RowError};
use crate::service::error::{RefusedDelivery, ServiceError};
use crate::service::ingest::errors_url;

/// Seconds after which a busy gateway may be asked again.
const BUSY_RETRY_AFTER_S: u64 = 2;

/// A problem's body.
#[derive(Debug, Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: String,
    instance: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Pointed<'a>>,
    #[serde(flatten)]
    batch: Option<RefusedBatch<'a>>,
}

#[derive(Debug, Serialize)]
struct Pointed<'a> {
    pointer: Cow<'a, str>,
    message: &'a str,
    #[serde(flatten)]
    row: Option<AtRow<'a>>,
}

/// What more is told of a rejected row.
#[derive(Debug, Serialize)]
struct AtRow<'a> {
    row: u64,
    line: u64,
    column: Option<&'a str>,
    rule: InputRule,
}

/// Where all rejected rows of a refused delivery are.
#[derive(Debug, Serialize)]
struct RefusedBatch<'a> {
    batch_id: &'a str,
    rejected: u64,
    errors_url: String,
}

impl<'a> Pointed<'a> {
    fn of_row(error: &'a RowError) -> Self {
        let pointer = match &error.column {
            Some(column) => format!("/rows/{}/{column}", error.row),
            None => format!("/rows/{}", error.row),
        };
        let row =
            AtRow { row: error.row, line: error.line, column: error.column.as_deref(), rule: error.rule };
        Self { pointer: Cow::Owned(pointer), message: &error.message, row: Some(row) }
    }
}

/// What an error is to the caller.
pub struct Public {
    /// HTTP status.
    pub status: StatusCode,
    /// Stable code.
    pub code: &'static str,
    /// In a few words, Chinese and English.
    pub title: &'static str,
    /// What to do about it.
    pub detail: String,
}

/// The public side of an error. Nothing of the cause of a fault is in it.
pub fn public(error: &ServiceError) -> Public {
    let of = |status, code, title, detail: &str| Public { status, code, title, detail: detail.to_owned() };
    match error {
        ServiceError::Unauthenticated(_) => of(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "未识别的成员 not a member in good standing",
            "use a client certificate that the exchange has registered, in force and with the clientAuth usage, of a member that is not suspended",
        ),
        ServiceError::Forbidden => of(
            StatusCode::FORBIDDEN,
            "forbidden",
            "无此权限 not for this role",
            "this route is for members of another role",
        ),
        ServiceError::NotFound => of(
            StatusCode::NOT_FOUND,
            "not-found",
            "未找到 not found",
            "there is nothing here that this member may see",
        ),
        ServiceError::Denied(denial) => denied(denial.code()),
        ServiceError::Invalid(_) => invalid("mend what `errors` names and send the request again"),
        ServiceError::RowsRejected(_) => invalid(
            "nothing was taken: fetch the rejected rows from `errors_url`, mend them and send the delivery again",
        ),
        ServiceError::Malformed(why) => {
            of(StatusCode::BAD_REQUEST, "malformed", "请求格式有误 malformed request", why)
        }
        ServiceError::TooLarge(why) => {
            of(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "请求过大 request too large", why)
        }
        ServiceError::Conflict(why) => of(StatusCode::CONFLICT, "conflict", "状态冲突 conflict", why),
        ServiceError::KeyConflict => of(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency-conflict",
            "幂等键冲突 idempotency key used for another request",
            "send a request with another body under a new Idempotency-Key",
        ),
        ServiceError::NoEncryptionKey => of(
            StatusCode::NOT_ACCEPTABLE,
            "no-encryption-key",
            "未登记加密公钥 no encryption key",
            "register an encryption key first, or ask with Accept: application/json",
        ),
        ServiceError::RateLimited { .. } => of(
            StatusCode::TOO_MANY_REQUESTS,
            "rate-limited",
            "超出配额 quota used up",
            "come again after the seconds in Retry-After",
        ),
        ServiceError::Busy(_) => of(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "系统繁忙 busy",
            "send the request again after the seconds in Retry-After; with an Idempotency-Key it is never done twice",
        ),
        ServiceError::Fault(_) => of(
            StatusCode::INTERNAL_SERVER_ERROR,
            "fault",
            "系统故障 fault of the exchange",
            "tell the operator the request id in `instance`",
        ),
    }
}

fn invalid(detail: &str) -> Public {
    Public {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        code: "invalid",
        title: "请求内容有误 invalid request",
        detail: detail.to_owned(),
    }
}

/// One answer for whatever is wrong with a consent (promise 6).
fn denied(code: &'static str) -> Public {
    let (title, detail) = match code {
        "section-not-consented" => (
            "所请求项目未获授权 section not consented",
            "ask only for sections that the consent names: GET /v1/consents shows them",
        ),
        _consent_not_in_force => (
            "授权无效 consent not in force",
            "no consent in force allows this: GET /v1/consents shows those that name this bank",
        ),
    };
    Public { status: StatusCode::FORBIDDEN, code, title, detail: detail.to_owned() }
}

/// The answer for an error; logs what only we may know, once.
pub fn response(error: &ServiceError, request_id: &str) -> HttpResponse {
    log(error, request_id);
    let public = public(error);
    let mut response = HttpResponse::build(public.status);
    response.content_type("application/problem+json");
    match error {
        ServiceError::Busy(_) => {
            response.insert_header((RETRY_AFTER, BUSY_RETRY_AFTER_S.to_string()));
        }
        ServiceError::RateLimited { retry_after_s, quota_per_day } => {
            response.insert_header((RETRY_AFTER, retry_after_s.to_string()));
            for header in quota_headers(*quota_per_day, 0, *retry_after_s) {
                response.insert_header(header);
            }
        }
        ServiceError::Unauthenticated(_)
        | ServiceError::Forbidden
        | ServiceError::NotFound
        | ServiceError::Denied(_)
        | ServiceError::Invalid(_)
        | ServiceError::RowsRejected(_)
        | ServiceError::Malformed(_)
        | ServiceError::TooLarge(_)
        | ServiceError::Conflict(_)
        | ServiceError::KeyConflict
        | ServiceError::NoEncryptionKey
        | ServiceError::Fault(_) => {}
    }
    response.json(Problem {
        r#type: format!("urn:shuidaiyi:problem:{}", public.code),
        title: public.title,
        status: public.status.as_u16(),
        code: public.code,
        detail: public.detail,
        instance: request_id,
        errors: pointed(error),
        batch: refused(error),
    })
}

fn pointed(error: &ServiceError) -> Vec<Pointed<'_>> {
    match error {
        ServiceError::Invalid(errors) => errors
            .iter()
            .map(|e| Pointed { pointer: Cow::Borrowed(&e.pointer), message: &e.message, row: None })
            .collect(),
        ServiceError::RowsRejected(delivery) => delivery.errors.iter().map(Pointed::of_row).collect(),
        ServiceError::Unauthenticated(_)
        | ServiceError::Forbidden
        | ServiceError::NotFound
        | ServiceError::Denied(_)
        | ServiceError::Malformed(_)
        | ServiceError::TooLarge(_)
        | ServiceError::Conflict(_)
        | ServiceError::KeyConflict
        | ServiceError::NoEncryptionKey
        | ServiceError::RateLimited { .. }
        | ServiceError::Busy(_)
        | ServiceError::Fault(_) => Vec::new(),
    }
}

fn refused(error: &ServiceError) -> Option<RefusedBatch<'_>> {
    let ServiceError::RowsRejected(delivery) = error else { return None };
    let RefusedDelivery { batch_id, rejected, .. } = delivery.as_ref();
    Some(RefusedBatch { batch_id, rejected: *rejected, errors_url: errors_url(batch_id) })
}

/// Logs what only we may know of an error.
pub fn log(error: &ServiceError, request_id: &str) {
    match error {
        ServiceError::Fault(fault) => {
            let causes = causes(fault);
            error!(request.id = request_id, causes, "A request met a fault of ours");
        }
        ServiceError::Busy(why) => warn!(request.id = request_id, why, "A request was turned away as busy"),
        ServiceError::Unauthenticated(why) => {
            warn!(request.id = request_id, why, "A caller was not recognised")
        }
        ServiceError::Forbidden
        | ServiceError::NotFound
        | ServiceError::Denied(_)
        | ServiceError::Invalid(_)
        | ServiceError::RowsRejected(_)
        | ServiceError::Malformed(_)
        | ServiceError::TooLarge(_)
        | ServiceError::Conflict(_)
        | ServiceError::KeyConflict
        | ServiceError::NoEncryptionKey
        | ServiceError::RateLimited { .. } => {}
    }
}

/// The chain of causes, outermost first.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
