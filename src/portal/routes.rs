//! The portal's route table: method, path, what a visitor must be, who handles it. Data, so that a test can walk it.

use actix_web::http::Method;
use actix_web::web::ServiceConfig;

use super::access;
use super::assets;
use super::bureau_sign_in;
use super::consents;
use super::corrections;
use super::demo_sign_in;
use super::firms;
use super::gate::dispatch;
use super::grant::{choose, confirm, decide, hand_over, preview, terms};
use super::home;
use super::my_copy;
use super::my_data;
use super::notifications;
use super::paper;
use super::report;
use super::requests;
use super::settings;
use super::sign_in;
use super::step_up;
use super::visit::Visit;
use crate::http::mounting::{self, Route};
use crate::http::routes::Answer;

/// What a visitor must be. Each is all of those before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Needs {
    /// Anybody.
    Nobody,
    /// Signed in.
    Session,
    /// Acting for a firm, in whatever role.
    Firm,
    /// Acting for a firm, and recognised within the last five minutes.
    Recent,
    /// In a role that may grant, and recognised within the last five minutes.
    Grantor,
}

/// What makes an answer of a visit.
pub type Handler = fn(Visit) -> Answer<'static>;

/// One route.
#[derive(Clone)]
pub struct Entry {
    /// GET or POST. A POST brings a form, checked before the handler is called.
    pub method: Method,
    /// Pattern of the path.
    pub path: &'static str,
    /// What a visitor must be.
    pub needs: Needs,
    /// Who handles it.
    pub handler: Handler,
}

impl Entry {
    /// The method's name.
    pub fn method_name(&self) -> &'static str {
        if self.method == Method::GET { "GET" } else { "POST" }
    }
}

/// Every route of the portal, a line each.
pub fn table() -> Vec<Entry> {
    [entrance(), granting(), following()].concat()
}

fn get(path: &'static str, needs: Needs, handler: Handler) -> Entry {
    Entry { method: Method::GET, path, needs, handler }
}

fn post(path: &'static str, needs: Needs, handler: Handler) -> Entry {
    Entry { method: Method::POST, path, needs, handler }
}

/// The way in and out.
fn entrance() -> Vec<Entry> {
    vec![
        get("/", Needs::Nobody, |v| Box::pin(home::show(v))),
        get("/assets/{name}", Needs::Nobody, |v| Box::pin(assets::serve(v))),
        get("/sign-in", Needs::Nobody, |v| Box::pin(sign_in::show(v))),
        get("/sign-in/start", Needs::Nobody, |v| Box::pin(bureau_sign_in::start(v))),
        get("/sign-in/callback", Needs::Nobody, |v| Box::pin(bureau_sign_in::back(v))),
        get("/sign-in/keys", Needs::Nobody, |v| Box::pin(bureau_sign_in::keys(v))),
        post("/sign-in/demo", Needs::Nobody, |v| Box::pin(demo_sign_in::sign_in(v))),
        post("/sign-out", Needs::Session, |v| Box::pin(sign_in::sign_out(v))),
        get("/firms", Needs::Session, |v| Box::pin(firms::show(v))),
        post("/firms", Needs::Session, |v| Box::pin(firms::choose(v))),
        get("/step-up", Needs::Session, |v| Box::pin(step_up::show(v))),
        get("/step-up/start", Needs::Session, |v| Box::pin(bureau_sign_in::step_up(v))),
        post("/step-up/demo", Needs::Session, |v| Box::pin(demo_sign_in::step_up(v))),
    ]
}

/// Asking, granting, and what was granted.
fn granting() -> Vec<Entry> {
    vec![
        get("/consents/{id}/letter", Needs::Firm, |v| Box::pin(paper::show(v))),
        get("/consents/{id}/letter.pdf", Needs::Firm, |v| Box::pin(paper::pdf(v))),
        get("/consents/{id}/receipt", Needs::Firm, |v| Box::pin(paper::receipt(v))),
        get("/grant", Needs::Firm, |v| Box::pin(choose::show(v))),
        post("/grant", Needs::Firm, |v| Box::pin(choose::choose(v))),
        get("/grant/{id}/terms", Needs::Firm, |v| Box::pin(terms::show(v))),
        post("/grant/{id}/terms", Needs::Firm, |v| Box::pin(terms::choose(v))),
        get("/grant/{id}/preview", Needs::Firm, |v| Box::pin(preview::show(v))),
        get("/grant/{id}/confirm", Needs::Firm, |v| Box::pin(confirm::show(v))),
        post("/grant/{id}/confirm", Needs::Grantor, |v| Box::pin(decide::grant(v))),
        post("/grant/{id}/approve", Needs::Recent, |v| Box::pin(decide::approve(v))),
        post("/grant/{id}/hand-over", Needs::Firm, |v| Box::pin(hand_over::make(v))),
        get("/r/{token}", Needs::Firm, |v| Box::pin(hand_over::open(v))),
        get("/h/{token}", Needs::Firm, |v| Box::pin(hand_over::open(v))),
        get("/requests", Needs::Firm, |v| Box::pin(requests::list(v))),
        get("/requests/{id}/decline", Needs::Firm, |v| Box::pin(requests::ask_decline(v))),
        post("/requests/{id}/decline", Needs::Firm, |v| Box::pin(requests::decline(v))),
        get("/requests/{id}/answered", Needs::Firm, |v| Box::pin(requests::answered(v))),
        get("/consents", Needs::Firm, |v| Box::pin(consents::list(v))),
        get("/consents/{id}", Needs::Firm, |v| Box::pin(consents::one::show(v))),
        get("/consents/{id}/revoke", Needs::Firm, |v| Box::pin(consents::change::ask_revoke(v))),
        post("/consents/{id}/revoke", Needs::Firm, |v| Box::pin(consents::change::revoke(v))),
        post("/consents/{id}/resume", Needs::Grantor, |v| Box::pin(consents::change::resume(v))),
        post("/consents/{id}/amend", Needs::Firm, |v| Box::pin(consents::change::amend(v))),
        get("/consents/{id}/personal", Needs::Firm, |v| Box::pin(consents::change::ask_personal(v))),
        post("/consents/{id}/personal", Needs::Firm, |v| Box::pin(consents::change::revoke_personal(v))),
        get("/settings", Needs::Firm, |v| Box::pin(settings::show(v))),
        post("/settings/block", Needs::Grantor, |v| Box::pin(settings::block(v))),
        post("/settings/unblock", Needs::Grantor, |v| Box::pin(settings::unblock(v))),
        post("/settings/joint", Needs::Grantor, |v| Box::pin(settings::set_joint(v))),
    ]
}

/// What was seen, and what the bureau holds.
fn following() -> Vec<Entry> {
    vec![
        get("/accesses", Needs::Firm, |v| Box::pin(access::list(v))),
        get("/accesses/{id}", Needs::Firm, |v| Box::pin(access::detail::show(v))),
        get("/accesses/{id}/receipt.json", Needs::Firm, |v| Box::pin(access::detail::receipt(v))),
        post("/accesses/{id}/evidence", Needs::Firm, |v| Box::pin(access::detail::evidence(v))),
        post("/accesses/{id}/dispute", Needs::Firm, |v| Box::pin(access::detail::dispute(v))),
        get("/my-copy", Needs::Firm, |v| Box::pin(my_copy::show(v))),
        post("/my-copy", Needs::Recent, |v| Box::pin(my_copy::take(v))),
        get("/my-copy/{id}/receipt.json", Needs::Firm, |v| Box::pin(my_copy::receipt(v))),
        get("/notifications", Needs::Firm, |v| Box::pin(notifications::show(v))),
        post("/notifications/read", Needs::Firm, |v| Box::pin(notifications::read(v))),
        get("/report", Needs::Firm, |v| Box::pin(report::show(v))),
        post("/report", Needs::Firm, |v| Box::pin(report::send(v))),
        get("/my-data", Needs::Firm, |v| Box::pin(my_data::show(v))),
        get("/my-data/{section}", Needs::Firm, |v| Box::pin(my_data::section::show(v))),
        get("/my-data/{section}/csv", Needs::Firm, |v| Box::pin(my_data::csv::download(v))),
        get("/my-data/{section}/records/{record}", Needs::Firm, |v| Box::pin(my_data::record::show(v))),
        post("/my-data/{section}/records/{record}/correction", Needs::Firm, |v| {
            Box::pin(my_data::record::request(v))
        }),
        get("/my-data/{section}/records/{record}/statement", Needs::Grantor, |v| {
            Box::pin(my_data::record::statement_form(v))
        }),
        post("/my-data/{section}/records/{record}/statement", Needs::Grantor, |v| {
            Box::pin(my_data::record::state_it(v))
        }),
        get("/corrections", Needs::Firm, |v| Box::pin(corrections::list(v))),
        post("/corrections/{id}/withdrawal", Needs::Firm, |v| Box::pin(corrections::withdraw(v))),
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
    mounting::mount(config, &table(), dispatch);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_changes_something_is_a_post_and_no_route_stands_twice() {
        let mut seen = BTreeSet::new();
        for entry in table() {
            assert!(entry.method == Method::GET || entry.method == Method::POST, "{}", entry.path);
            assert!(seen.insert((entry.method_name(), entry.path)), "{} twice", entry.path);
        }
    }

    #[test]
    fn fixed_paths_come_before_patterns() {
        let paths: BTreeSet<&str> = ["/consents/{id}", "/consents/new", "/consents/zzz"].into();
        assert_eq!(paths.last(), Some(&"/consents/{id}"));
    }
}
