//! What every visit passes before its handler: limits, session, what the route needs, the form's token. No route goes
//! around it.

use std::sync::Arc;

use actix_web::http::header::{COOKIE, HeaderValue, LOCATION};
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::errors::error_page;
use super::form::Form;
use super::frame::Frame;
use super::headers::dress;
use super::options::PortalOptions;
use super::routes::{Entry, Needs};
use super::visit::{Visit, encoded, own_path};
use crate::http::body::{Body, BodyOptions};
use crate::http::gate::X_REQUEST_ID;
use crate::http::metrics::Metrics;
use crate::outbound::oidc::RelyingParty;
use crate::service::Exchange;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::sessions::{self, Session, SessionCookie, Standing, is_recent};

/// The session's cookie: of this host alone, over TLS alone, out of reach for scripts (RFC 6265bis section 4.1.3.2).
pub const SESSION_COOKIE: &str = "__Host-session";
/// How requests for what is in no entry of the table are counted.
const NO_ROUTE: &str = "portal: none";

/// What the portal's handlers share.
pub struct Portal {
    /// This exchange as a client of the e-tax bureau, where people sign in there.
    pub party: Option<Arc<RelyingParty>>,
    /// The use cases.
    pub exchange: Arc<Exchange>,
    /// The portal's section of the configuration.
    pub options: PortalOptions,
    /// Limits on bodies.
    pub limits: BodyOptions,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// Takes one request through gate and handler to an answer.
pub async fn dispatch(entry: Option<Entry>, request: HttpRequest, payload: Payload) -> HttpResponse {
    let id = uuid::Uuid::now_v7().to_string();
    let mut body = Body::new(&request, payload);
    let (method, route) = entry.as_ref().map_or((NO_ROUTE, NO_ROUTE), |e| (e.method_name(), e.path));
    let mut frame = Frame::of(&request);
    let outcome = pass(entry, &request, &mut body, &mut frame).await;
    let mut response = outcome.unwrap_or_else(|error| error_page(&frame, &error, &id));
    if let Some(portal) = request.app_data::<Data<Portal>>() {
        portal.metrics.answered(method, route, response.status().as_u16());
    }
    frame.remember_language(&mut response);
    dress(&mut response);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(X_REQUEST_ID.clone(), value);
    }
    body.finish(response).await
}

async fn pass(
    entry: Option<Entry>,
    request: &HttpRequest,
    body: &mut Body,
    frame: &mut Frame,
) -> ServiceResult<HttpResponse> {
    let portal =
        request.app_data::<Data<Portal>>().cloned().ok_or_else(|| ServiceError::internal("no portal"))?;
    let header_bytes: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if header_bytes > portal.limits.header_bytes_max {
        return Err(ServiceError::TooLarge(
            "the headers may have 16 kB, unless the operator configured otherwise",
        ));
    }
    // Assets ask for no session, so that a page costs one look at it.
    let is_asset = entry.as_ref().is_some_and(|entry| entry.path.starts_with("/assets/"));
    let sent = if is_asset { None } else { cookie(request) };
    let had_cookie = sent.is_some();
    let session = recognise(&portal, sent).await?;
    frame.belong_to(session.as_ref());
    let entry = entry.ok_or(ServiceError::NotFound)?;
    let is_form = entry.method_name() == "POST";
    let bytes = if is_form { body.read(&portal.limits).await? } else { Bytes::new() };
    if entry.needs >= Needs::Session && session.is_none() {
        return Ok(to_sign_in(request, is_form, had_cookie));
    }
    let form = match is_form {
        true => Some(Form::read(request, &bytes, session.as_ref().map(Session::cookie))?),
        false => None,
    };
    let visit = Visit::new(portal, request.clone(), bytes, session, form, frame.clone());
    match missing(entry.needs, &visit)? {
        Some(place) => Ok(see_other(&place)),
        None => (entry.handler)(visit).await,
    }
}

async fn recognise(portal: &Data<Portal>, cookie: Option<SessionCookie>) -> ServiceResult<Option<Session>> {
    let Some(cookie) = cookie else { return Ok(None) };
    let (exchange, now) = (&portal.exchange, portal.exchange.clock.now());
    let Some(session) = exchange.point_read(move |e| sessions::find(e, cookie)).await? else {
        return Ok(None);
    };
    let cookie = session.cookie().clone();
    match session.standing(now) {
        Standing::JustUsed => Ok(Some(session)),
        Standing::InUse => {
            exchange.blocking(move |e| sessions::touch(e, &cookie, now)).await?;
            Ok(Some(session))
        }
        Standing::Over => {
            // Not only unseen but gone: a clock that is set back must not bring it to life.
            exchange.blocking(move |e| sessions::close(e, &cookie)).await?;
            Ok(None)
        }
    }
}

/// The session's cookie, if the browser sent one that can be one.
fn cookie(request: &HttpRequest) -> Option<SessionCookie> {
    named_cookie(request, SESSION_COOKIE).map(SessionCookie::sent)
}

/// What the browser sent under this name.
pub fn named_cookie<'a>(request: &'a HttpRequest, wanted: &str) -> Option<&'a str> {
    let headers = request.headers().get_all(COOKIE).filter_map(|value| value.to_str().ok());
    let mut cookies =
        headers.flat_map(|header| header.split(';')).filter_map(|one| one.trim().split_once('='));
    cookies.find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

/// Where a visitor goes first who lacks what a route needs.
fn missing(needs: Needs, visit: &Visit) -> ServiceResult<Option<String>> {
    if needs < Needs::Firm {
        return Ok(None);
    }
    let to = encoded(&visit.place());
    let Ok(acting) = visit.acting() else { return Ok(Some(format!("/firms?to={to}"))) };
    if needs == Needs::Grantor && acting.firm.role.may_grant().is_none() {
        return Err(ServiceError::Forbidden);
    }
    if needs >= Needs::Recent && !is_recent(&acting.authentication, visit.now) {
        return Ok(Some(format!("/step-up?to={to}")));
    }
    Ok(None)
}

fn to_sign_in(request: &HttpRequest, is_form: bool, expired: bool) -> HttpResponse {
    let place = request.uri().path_and_query().map_or("/", |place| place.as_str());
    let to = if is_form { "/" } else { own_path(place).unwrap_or("/") };
    let done = if expired { "&done=expired" } else { "" };
    see_other(&format!("/sign-in?to={}{done}", encoded(to)))
}

/// Sends the browser on to another of our pages.
pub fn see_other(place: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, place)).finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn the_cookie_is_found_among_others() {
        let sent = |header: &str| {
            let request = TestRequest::get().insert_header(("cookie", header)).to_http_request();
            cookie(&request).map(|cookie| cookie.as_str().to_owned())
        };
        assert_eq!(sent("a=b; __Host-session=xyz; c=d").as_deref(), Some("xyz"));
        assert_eq!(sent("session=xyz; x__Host-session=xyz"), None);
    }
}
