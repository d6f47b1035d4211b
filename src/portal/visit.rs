//! A visit: a request that passed the gate, with everything a page needs of it.

use std::sync::Arc;

use actix_web::http::header::SET_COOKIE;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};

use super::flash::DONE;
use super::form::{Form, TOKEN};
use super::frame::{Frame, Menu};
use super::gate::{Portal, SESSION_COOKIE, see_other};
use crate::domain::representative::ActingFor;
use crate::domain::timestamp::Timestamp;
use crate::http::gate::may_be_id;
use crate::http::html::lang::Lang;
pub use crate::http::html::parts::encoded;
use crate::service::Exchange;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::sessions::{Session, SessionCookie};

/// The longest path that one is sent on to.
const PLACE_LENGTH_MAX: usize = 512;

/// A request that passed the gate.
pub struct Visit {
    /// The use cases.
    pub exchange: Arc<Exchange>,
    /// The request's head.
    pub request: HttpRequest,
    /// Its body; empty for a GET.
    pub body: Bytes,
    /// The page's language.
    pub lang: Lang,
    /// When.
    pub now: Timestamp,
    /// What the handlers share.
    pub portal: Data<Portal>,
    session: Option<Session>,
    acting: Option<ActingFor>,
    form: Option<Form>,
    frame: Frame,
}

impl Visit {
    pub(super) fn new(
        portal: Data<Portal>,
        request: HttpRequest,
        body: Bytes,
        session: Option<Session>,
        form: Option<Form>,
        frame: Frame,
    ) -> Self {
        Self {
            exchange: portal.exchange.clone(),
            now: portal.exchange.clock.now(),
            lang: frame.lang,
            acting: session.as_ref().and_then(Session::acting),
            portal,
            request,
            body,
            session,
            form,
            frame,
        }
    }

    /// The permission to act for the firm. There is one on every route that needs a firm.
    pub fn acting(&self) -> ServiceResult<&ActingFor> {
        self.acting.as_ref().ok_or_else(|| ServiceError::internal("this route asked for no firm"))
    }

    /// The session, if the visitor is signed in.
    pub fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// The session. There is one on every route that needs one.
    pub fn signed_in(&self) -> ServiceResult<&Session> {
        self.session.as_ref().ok_or_else(|| ServiceError::internal("this route asked for no session"))
    }

    /// Runs work for the firm, away from the threads that serve connections.
    pub async fn for_firm<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Exchange, &ActingFor) -> ServiceResult<T> + Send + 'static,
    ) -> ServiceResult<T> {
        let acting = self.acting()?.clone();
        self.exchange.blocking(move |exchange| work(exchange, &acting)).await
    }

    /// The form, its origin and token checked. There is one on every POST.
    pub fn form(&self) -> ServiceResult<&Form> {
        self.form.as_ref().ok_or_else(|| ServiceError::internal("this route takes no form"))
    }

    /// The text in the page's language.
    pub fn t<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        self.lang.pick(zh, en)
    }

    /// A part of the path. Any string that can be an id is taken; another is not found.
    pub fn path(&self, name: &str) -> ServiceResult<String> {
        match self.request.match_info().get(name) {
            Some(part) if may_be_id(part) => Ok(part.to_owned()),
            Some(_) | None => Err(ServiceError::NotFound),
        }
    }

    /// A parameter of the query, if it says something.
    pub fn asked(&self, name: &str) -> Option<&str> {
        self.frame.address().asked(name)
    }

    /// Where `?to=` sends the visitor on to: one of our own pages, the home page if it names none.
    pub fn onward(&self) -> String {
        let asked = self.frame.address().raw("to");
        let sent = self.form.as_ref().and_then(|form| form.text("to"));
        sent.or(asked).and_then(own_path).unwrap_or("/").to_owned()
    }

    /// The page that is asked for, or the page whose form was sent: where to come back to.
    pub fn place(&self) -> String {
        if self.form.is_none() {
            let place = self.request.uri().path_and_query().map_or("/", |place| place.as_str());
            return own_path(place).unwrap_or("/").to_owned();
        }
        // `Referrer-Policy: same-origin` has browsers name the page; it is only ever a path of ours.
        let header = |name: &str| self.request.headers().get(name).and_then(|value| value.to_str().ok());
        let from = header("referer").zip(header("host")).and_then(|(page, host)| {
            page.strip_prefix("https://").and_then(|rest| rest.strip_prefix(host)).and_then(own_path)
        });
        from.unwrap_or("/").to_owned()
    }

    /// The query without these parameters, and with others, as a link to the same page.
    pub fn link(&self, without: &[&str], with: &[(&str, &str)]) -> String {
        self.frame.address().link(without, with)
    }

    /// The hidden field that every form of somebody signed in carries.
    pub fn token(&self) -> Markup {
        html! {
            @if let Some(session) = &self.session {
                input type="hidden" name=(TOKEN) value=(session.cookie().form_token());
            }
        }
    }

    /// The page, in its frame.
    pub fn page(&self, menu: Menu, title_zh: &str, title_en: &str, body: &Markup) -> HttpResponse {
        let said = self.asked(DONE).map(str::to_owned);
        self.frame.page(
            actix_web::http::StatusCode::OK,
            menu,
            self.t(title_zh, title_en),
            said.as_deref(),
            body,
        )
    }

    /// The page again, because the form could not be taken as it was: `body` says why.
    pub fn again(&self, menu: Menu, title_zh: &str, title_en: &str, body: &Markup) -> HttpResponse {
        let status = actix_web::http::StatusCode::UNPROCESSABLE_ENTITY;
        self.frame.page(status, menu, self.t(title_zh, title_en), None, body)
    }

    /// On to a page of ours, with a word on what was done (a code of `flash.rs`): a form is never sent twice by reloading.
    pub fn done(&self, place: &str, code: &str) -> HttpResponse {
        let joint = if place.contains('?') { '&' } else { '?' };
        see_other(&format!("{place}{joint}{DONE}={code}"))
    }
}

/// A path of ours, as one is sent on to; nothing else that a browser could take for another site.
pub fn own_path(text: &str) -> Option<&str> {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let own = text.starts_with('/') && !text.starts_with("//");
    (own && plain && text.len() <= PLACE_LENGTH_MAX).then_some(text)
}

/// Hands the browser the cookie of its session; without one, takes it away.
pub fn set_cookie(response: &mut HttpResponse, cookie: Option<&SessionCookie>) -> ServiceResult<()> {
    let (value, ends) = match cookie {
        Some(cookie) => (cookie.as_str(), ""),
        None => ("", "; Max-Age=0"),
    };
    let text = format!("{SESSION_COOKIE}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{ends}");
    response.headers_mut().append(SET_COOKIE, text.parse().map_err(ServiceError::internal)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_sent_on_to_our_own_pages_only() {
        for path in ["/", "/consents/1?lang=en", "/r/abc"] {
            assert_eq!(own_path(path), Some(path));
        }
        for path in ["", "//evil.example", "https://evil.example", "/\\evil", "/a\nb", "/ a", "a", "/企业"]
        {
            assert_eq!(own_path(path), None, "{path}");
        }
        assert_eq!(own_path(&format!("/{}", "a".repeat(PLACE_LENGTH_MAX))), None);
    }
}
