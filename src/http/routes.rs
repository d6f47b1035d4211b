//! The route table: method, path, who may, what it takes, who handles it. Data, so that a test can walk it.

use std::future::Future;
use std::pin::Pin;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::ServiceConfig;

use super::audit;
use super::batch_errors;
use super::batches;
use super::body::Body;
use super::cases;
use super::consent_requests;
use super::consents;
use super::console;
use super::corrections;
use super::deletions;
use super::dossiers;
use super::gate::{Context, dispatch};
use super::holds;
use super::ledger;
use super::log;
use super::mandates;
use super::member_keys;
use super::members;
use super::mounting::{self, Route};
use super::objections;
use super::products;
use super::proposals;
use super::releases;
use super::reports;
use crate::domain::member::Role;
use crate::service::error::ServiceResult;

/// What a handler makes of a request.
pub type Answer<'a> = Pin<Box<dyn Future<Output = ServiceResult<HttpResponse>> + 'a>>;

/// What a route takes, and who handles it.
#[derive(Clone, Copy)]
pub enum Takes {
    /// No body.
    Nothing(fn(Context) -> Answer<'static>),
    /// A small JSON body, read before the handler is called.
    Json(fn(Context) -> Answer<'static>),
    /// A body that the handler reads as it arrives.
    Stream(for<'a> fn(Context, &'a mut Body) -> Answer<'a>),
}

/// One route.
#[derive(Clone)]
pub struct Entry {
    /// GET, POST or PUT.
    pub method: Method,
    /// Pattern of the path.
    pub path: &'static str,
    /// Roles that may call it.
    pub allow: &'static [Role],
    /// What it takes.
    pub takes: Takes,
}

impl Entry {
    /// The method's name.
    pub fn method_name(&self) -> &'static str {
        if self.method == Method::GET {
            "GET"
        } else if self.method == Method::POST {
            "POST"
        } else {
            "PUT"
        }
    }
}

const BANK: &[Role] = &[Role::Bank];
const BUREAU: &[Role] = &[Role::Bureau];
const BUREAU_AND_REGULATOR: &[Role] = &[Role::Bureau, Role::Regulator];
const BANK_AND_BUREAU: &[Role] = &[Role::Bank, Role::Bureau];
const REGULATOR: &[Role] = &[Role::Regulator];
const MEMBERS: &[Role] = Role::ALL;

fn get(path: &'static str, allow: &'static [Role], handler: fn(Context) -> Answer<'static>) -> Entry {
    Entry { method: Method::GET, path, allow, takes: Takes::Nothing(handler) }
}

fn post(path: &'static str, allow: &'static [Role], handler: fn(Context) -> Answer<'static>) -> Entry {
    Entry { method: Method::POST, path, allow, takes: Takes::Json(handler) }
}

fn put(path: &'static str, allow: &'static [Role], handler: fn(Context) -> Answer<'static>) -> Entry {
    Entry { method: Method::PUT, path, allow, takes: Takes::Json(handler) }
}

/// Every route of the gateway.
pub fn table() -> Vec<Entry> {
    [exchange(), oversight(), log_and_members()].concat()
}

/// What the exchange is for: dossiers, what they rest on, and what is delivered.
fn exchange() -> Vec<Entry> {
    vec![
        post("/v1/dossiers", BANK, |c| Box::pin(dossiers::pull(c))),
        get("/v1/releases", BANK, |c| Box::pin(releases::list(c))),
        get("/v1/releases/{id}", BANK, |c| Box::pin(releases::show(c))),
        get("/v1/consents", BANK, |c| Box::pin(consents::list(c))),
        post("/v1/consents", BUREAU, |c| Box::pin(consents::grant(c))),
        get("/v1/consents/{id}", BANK_AND_BUREAU, |c| Box::pin(consents::show(c))),
        get("/v1/consents/{id}/receipt", BANK_AND_BUREAU, |c| Box::pin(consents::receipt(c))),
        post("/v1/consents/{id}/revocation", BUREAU, |c| Box::pin(consents::revoke(c))),
        post("/v1/consents/{id}/deletion-statement", BANK, |c| Box::pin(deletions::state(c))),
        get("/v1/deletions", BANK_AND_BUREAU, |c| Box::pin(deletions::list(c))),
        get("/v1/consent-requests", BANK, |c| Box::pin(consent_requests::list(c))),
        post("/v1/consent-requests", BANK, |c| Box::pin(consent_requests::ask(c))),
        get("/v1/consent-requests/{id}", BANK, |c| Box::pin(consent_requests::show(c))),
        get("/v1/products", BANK_AND_BUREAU, |c| Box::pin(products::list(c))),
        put("/v1/products/{id}", BANK, |c| Box::pin(products::submit(c))),
        post("/v1/products/{id}/approval", BUREAU, |c| Box::pin(products::approve(c))),
        Entry {
            method: Method::POST,
            path: "/v1/batches",
            allow: BUREAU,
            takes: Takes::Stream(|c, body| Box::pin(batches::deliver(c, body))),
        },
        get("/v1/batches/{id}/errors", BUREAU, |c| Box::pin(batch_errors::errors(c))),
    ]
}

/// Whoever watches, stops, asks and answers.
fn oversight() -> Vec<Entry> {
    vec![
        get("/v1/holds", BUREAU, |c| Box::pin(holds::list(c))),
        post("/v1/holds", BUREAU, |c| Box::pin(holds::place(c))),
        post("/v1/holds/{id}/lifting", BUREAU, |c| Box::pin(holds::lift(c))),
        get("/v1/audit/entries", BUREAU_AND_REGULATOR, |c| Box::pin(audit::entries(c))),
        get("/v1/audit/releases/{id}", BUREAU_AND_REGULATOR, |c| Box::pin(audit::release(c))),
        get("/v1/audit/releases/{id}/replay", BUREAU_AND_REGULATOR, |c| Box::pin(audit::replay(c))),
        post("/v1/audit/releases/{id}/replay", BUREAU_AND_REGULATOR, |c| Box::pin(audit::replay(c))),
        get("/v1/mandates", BUREAU_AND_REGULATOR, |c| Box::pin(mandates::list(c))),
        post("/v1/mandates", REGULATOR, |c| Box::pin(mandates::open(c))),
        post("/v1/mandates/{id}/approval", REGULATOR, |c| Box::pin(mandates::approve(c))),
        get("/v1/cases", BANK_AND_BUREAU, |c| Box::pin(cases::list(c))),
        get("/v1/cases/{id}", BANK_AND_BUREAU, |c| Box::pin(cases::show(c))),
        post("/v1/cases/{id}/answer", BANK, |c| Box::pin(cases::answer(c))),
        post("/v1/cases/{id}/closure", BUREAU, |c| Box::pin(cases::close(c))),
        get("/v1/corrections", BUREAU, |c| Box::pin(corrections::list(c))),
        post("/v1/corrections/{id}/resolution", BUREAU, |c| Box::pin(corrections::resolve(c))),
        post("/v1/objections", BUREAU, |c| Box::pin(objections::raise(c))),
        get("/v1/reports", BUREAU, |c| Box::pin(reports::list(c))),
    ]
}

/// The open log, the members and their keys.
fn log_and_members() -> Vec<Entry> {
    vec![
        get("/v1/ledger/checkpoint", MEMBERS, |c| Box::pin(ledger::checkpoint(c))),
        // What comes after a `:` is a pattern: a C2SP index is of several parts.
        get("/v1/ledger/tile/entries/{bundle:.+}", BUREAU_AND_REGULATOR, |c| Box::pin(log::bundle(c))),
        get("/v1/ledger/tile/{level}/{tile:.+}", MEMBERS, |c| Box::pin(log::tile(c))),
        get("/v1/ledger/proof/{index}", MEMBERS, |c| Box::pin(log::proof(c))),
        get("/v1/ledger/consistency", MEMBERS, |c| Box::pin(log::consistency(c))),
        get("/v1/ledger/entries", BANK, |c| Box::pin(log::own_entries(c))),
        get("/v1/members", BUREAU_AND_REGULATOR, |c| Box::pin(members::list(c))),
        post("/v1/members/{id}/suspension", BUREAU, |c| Box::pin(members::suspend(c))),
        post("/v1/members/{id}/resumption", BUREAU, |c| Box::pin(members::resume(c))),
        post("/v1/members/{id}/withdrawal", BUREAU, |c| Box::pin(members::withdraw(c))),
        post("/v1/members/{id}/certificates", BUREAU, |c| Box::pin(members::add_certificate(c))),
        post("/v1/members/{id}/certificates/{fingerprint}/withdrawal", BUREAU, |c| {
            Box::pin(members::withdraw_certificate(c))
        }),
        get("/v1/me/keys", BANK, |c| Box::pin(member_keys::list(c))),
        put("/v1/me/keys/{use}", BANK, |c| Box::pin(member_keys::register(c))),
        post("/v1/me/certificates", BANK, |c| Box::pin(members::rotate_own(c))),
        get("/v1/proposals", BUREAU, |c| Box::pin(proposals::list(c))),
        post("/v1/proposals/{id}/approval", BUREAU, |c| Box::pin(proposals::approve(c))),
        post("/v1/proposals/{id}/rejection", BUREAU, |c| Box::pin(proposals::reject(c))),
        get("/v1/keys", MEMBERS, |c| Box::pin(ledger::keys(c))),
    ]
}

impl Route for Entry {
    fn method(&self) -> Method {
        self.method.clone()
    }

    fn path(&self) -> &'static str {
        self.path
    }
}

/// Mounts the table.
pub fn mount(config: &mut ServiceConfig) {
    let table: Vec<Entry> = table().into_iter().chain(console::table()).collect();
    mounting::mount(config, &table, dispatch);
}
