//! The console of bureau and regulator: pages rendered here, on the gateway port, behind the same gate as the API.
//!
//! A client certificate opens it; forms carry a token all the same, since a browser shows its certificate to whatever
//! page asks for it. Works without a script; nothing comes from elsewhere (Content-Security-Policy below).

mod assets;
mod cases;
mod done;
mod entries;
mod firms;
mod forms;
mod holds;
mod ledger;
mod members;
mod overview;
mod product;
mod products;
mod proof;
mod release;
mod releases;
mod view;

use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use maud::html;

use super::gate::Context;
use super::html::lang::Lang;
use super::problem;
use super::routes::{Answer, Entry, Takes};
use crate::domain::member::Role;
use crate::service::error::ServiceError;

const OVERSEERS: &[Role] = &[Role::Bureau, Role::Regulator];
const BUREAU: &[Role] = &[Role::Bureau];

/// Headers of every page and asset. `connect-src` is for the script that fetches these same pages again.
const HEADERS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
];

/// Every route of the console.
pub fn table() -> Vec<Entry> {
    type Handler = fn(Context) -> Answer<'static>;
    let get = |path, handler: Handler| Entry {
        method: Method::GET,
        path,
        allow: OVERSEERS,
        takes: Takes::Nothing(handler),
    };
    let post = |path, handler: Handler| Entry {
        method: Method::POST,
        path,
        allow: BUREAU,
        takes: Takes::Json(handler),
    };
    vec![
        get("/console", |c| Box::pin(overview::show(c))),
        get("/console/", |c| Box::pin(overview::show(c))),
        get("/console/releases", |c| Box::pin(releases::show(c))),
        get("/console/releases/{id}", |c| Box::pin(release::show(c))),
        Entry { allow: OVERSEERS, ..post("/console/releases/{id}/replay", |c| Box::pin(release::replay(c))) },
        get("/console/entries", |c| Box::pin(entries::show(c))),
        get("/console/ledger", |c| Box::pin(ledger::show(c))),
        get("/console/products", |c| Box::pin(products::show(c))),
        get("/console/products/{id}", |c| Box::pin(product::show(c))),
        post("/console/products/{id}/approval", |c| Box::pin(product::approve(c))),
        get("/console/members", |c| Box::pin(members::show(c))),
        post("/console/members/{id}/suspension", |c| Box::pin(members::suspend(c))),
        post("/console/members/{id}/resumption", |c| Box::pin(members::resume(c))),
        post("/console/proposals/{id}/approval", |c| Box::pin(members::approve(c))),
        post("/console/proposals/{id}/rejection", |c| Box::pin(members::reject(c))),
        get("/console/cases", |c| Box::pin(cases::list(c))),
        get("/console/cases/{id}", |c| Box::pin(cases::show(c))),
        post("/console/cases/{id}/closure", |c| Box::pin(cases::close(c))),
        Entry { allow: BUREAU, ..get("/console/firms", |c| Box::pin(firms::show(c))) },
        post("/console/firms/corrections/{id}/resolution", |c| Box::pin(firms::resolve(c))),
        get("/console/holds", |c| Box::pin(holds::show(c))),
        post("/console/holds", |c| Box::pin(holds::place(c))),
        post("/console/holds/{id}/lifting", |c| Box::pin(holds::lift(c))),
        get("/console/assets/{name}", |c| Box::pin(assets::serve(c))),
    ]
}

/// Whether a path is the console's.
pub fn has(path: &str) -> bool {
    path == "/console" || path.starts_with("/console/")
}

/// Puts the console's headers on an answer.
pub fn dress(response: &mut HttpResponse) {
    for (name, value) in HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let cache = HeaderName::from_static("cache-control");
    if !response.headers().contains_key(&cache) {
        response.headers_mut().insert(cache, HeaderValue::from_static("no-store"));
    }
}

/// An error as a page.
pub fn error_page(request: &HttpRequest, error: &ServiceError, request_id: &str) -> HttpResponse {
    problem::log(error, request_id);
    let public = problem::public(error);
    let lang = Lang::of(request);
    let (zh, en) = match error {
        ServiceError::Forbidden => {
            ("本页面仅供税务机关与监管机构使用。", "These pages are for the tax bureau and the regulator.")
        }
        ServiceError::Unauthenticated(_) => (
            "请使用已登记、在有效期内的客户端证书。",
            "Use a client certificate that is registered and in force.",
        ),
        ServiceError::NotFound => ("没有您可以查看的内容。", "There is nothing here that you may see."),
        ServiceError::Busy(_) => ("系统繁忙，请稍后再试。", "Busy: try again in a moment."),
        ServiceError::Fault(_) => (
            "系统出现故障，请将下面的编号告知运维人员。",
            "A fault of ours: tell the operator the number below.",
        ),
        ServiceError::Denied(_)
        | ServiceError::Invalid(_)
        | ServiceError::RowsRejected(_)
        | ServiceError::Malformed(_)
        | ServiceError::TooLarge(_)
        | ServiceError::Conflict(_)
        | ServiceError::KeyConflict
        | ServiceError::NoEncryptionKey
        | ServiceError::RateLimited { .. } => {
            ("操作未执行，原因如下。", "Nothing was done, for the reason below.")
        }
    };
    let wrong = match error {
        ServiceError::Invalid(errors) => {
            errors.iter().map(|error| format!("{}: {}", error.pointer, error.message)).collect()
        }
        ServiceError::Malformed(_) | ServiceError::Conflict(_) | ServiceError::TooLarge(_) => {
            vec![public.detail]
        }
        ServiceError::Unauthenticated(_)
        | ServiceError::Forbidden
        | ServiceError::NotFound
        | ServiceError::Denied(_)
        | ServiceError::RowsRejected(_)
        | ServiceError::KeyConflict
        | ServiceError::NoEncryptionKey
        | ServiceError::RateLimited { .. }
        | ServiceError::Busy(_)
        | ServiceError::Fault(_) => Vec::new(),
    };
    let body = html! {
        section.card.error {
            p.code { (public.status.as_u16()) }
            h1 { (public.title) }
            p { (lang.pick(zh, en)) }
            @for one in &wrong { p.why { (one) } }
            p.quiet { (lang.pick("请求编号 ", "Request ")) code { (request_id) } }
            p { a.button href="/console" { (lang.pick("回到概览", "Back to the overview")) } }
        }
    };
    view::bare(lang, public.status, public.title, &body)
}
