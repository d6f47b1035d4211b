//! Puts a table of routes on a server: each entry behind the gate, and whatever is in no entry behind it too.

use std::collections::BTreeSet;
use std::future::Future;

use actix_web::http::Method;
use actix_web::web::{self, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

/// An entry of a table of routes.
pub trait Route: Clone + 'static {
    /// Its method.
    fn method(&self) -> Method;
    /// Pattern of its path.
    fn path(&self) -> &'static str;
}

/// Mounts a table; `dispatch` gets the entry, or none, with every request.
pub fn mount<R: Route, A: Future<Output = HttpResponse> + 'static>(
    config: &mut ServiceConfig,
    table: &[R],
    dispatch: fn(Option<R>, HttpRequest, Payload) -> A,
) {
    let nothing_here =
        move || web::to(move |request: HttpRequest, payload: Payload| dispatch(None, request, payload));
    // In this order a fixed path comes before a pattern that would take it as well: `{` is past every letter.
    let paths: BTreeSet<&'static str> = table.iter().map(Route::path).collect();
    for path in paths {
        let mut resource = web::resource(path);
        for entry in table.iter().filter(|entry| entry.path() == path) {
            let entry = entry.clone();
            resource = resource.route(web::method(entry.method()).to(
                move |request: HttpRequest, payload: Payload| dispatch(Some(entry.clone()), request, payload),
            ));
        }
        config.service(resource.default_service(nothing_here()));
    }
    config.default_service(nothing_here());
}
