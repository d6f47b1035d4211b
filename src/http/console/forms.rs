//! Forms: where they come from, the token they carry, what stands in them.
//!
//! A browser shows its certificate to any page's request, so each form carries a token that only this exchange can
//! make, for this certificate and this hour (no session is kept), and the browser must say that the form is ours
//! (Fetch Metadata `Sec-Fetch-Site`, or `Origin`).

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use ring::hmac;

use crate::domain::timestamp::Timestamp;
use crate::http::gate::Context;
use crate::seal::digest::base64url;
use crate::service::directory::Caller;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::keys::Keys;

/// Name of the hidden field.
pub const TOKEN: &str = "token";
/// Names the key among those derived from the salt key.
const KEY_LABEL: &str = "console-csrf";
const HOUR_SECONDS: i64 = 3_600;

/// The token of this caller's forms in this hour; none without a salt key.
pub fn token(keys: &Keys, caller: &Caller, now: Timestamp) -> Option<String> {
    let key = keys.newest_salt()?.subkey(KEY_LABEL);
    Some(base64url(hmac::sign(&key, &bound(caller, hour(now))).as_ref()))
}

fn hour(at: Timestamp) -> i64 {
    at.seconds().div_euclid(HOUR_SECONDS)
}

/// What a token holds for. Neither part has a zero byte.
fn bound(caller: &Caller, hour: i64) -> Vec<u8> {
    format!("{}\0{}\0{hour}", caller.member, caller.certificate).into_bytes()
}

fn holds(keys: &Keys, caller: &Caller, now: Timestamp, sent: &str) -> bool {
    use base64::Engine;
    let Ok(tag) = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(sent) else { return false };
    let Some(key) = keys.newest_salt().map(|salt| salt.subkey(KEY_LABEL)) else { return false };
    // A form that was opened before the hour struck is still good.
    [hour(now), hour(now) - 1].into_iter().any(|hour| hmac::verify(&key, &bound(caller, hour), &tag).is_ok())
}

/// A form that was sent from one of our pages.
#[derive(Debug)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form; refuses one that did not come from our own page as this caller got it.
    pub fn read(context: &Context) -> ServiceResult<Self> {
        let refused = |why: &str| ServiceError::Malformed(why.to_owned());
        if !is_from_here(&context.request) {
            return Err(refused("表单并非来自本页面 this form was not sent from these pages"));
        }
        let text = std::str::from_utf8(&context.body).map_err(|_| refused("the form is not UTF-8"))?;
        let pairs = web::Query::<Vec<(String, String)>>::from_query(text)
            .map_err(|why| refused(&format!("the form cannot be read: {why}")))?;
        let form = Self(pairs.into_inner());
        let now = context.exchange().clock.now();
        match form.text(TOKEN) {
            Some(token) if holds(&context.exchange().keys, &context.caller, now, token) => Ok(form),
            Some(_) | None => Err(refused(
                "表单已过期，请返回并刷新页面 the form is out of date: go back and load the page again",
            )),
        }
    }

    /// A field, if something was entered.
    pub fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, value)| key == name && !value.trim().is_empty());
        found.map(|(_, value)| value.trim())
    }

    /// Every value of a field, such as ticked boxes.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(key, _)| key == name);
        named.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }
}

/// Back to a page, with a word on what was done: a form is never sent twice by reloading.
pub fn back(place: &str, done: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, format!("{place}?done={done}"))).finish()
}

/// Browsers say where a form was sent from; what does not say it is no browser of today.
fn is_from_here(request: &HttpRequest) -> bool {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    match (header("sec-fetch-site"), header("origin"), header("host")) {
        (Some(site), _, _) => site == "same-origin",
        (None, Some(origin), Some(host)) => origin.strip_prefix("https://") == Some(host),
        (None, _, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_our_own_pages_send_forms() {
        let from = |headers: &[(&'static str, &'static str)]| {
            let mut request = TestRequest::post().uri("/console/x").insert_header(("host", "gateway:8443"));
            for header in headers {
                request = request.append_header(*header);
            }
            is_from_here(&request.to_http_request())
        };
        assert!(from(&[("sec-fetch-site", "same-origin")]));
        assert!(from(&[("origin", "https://gateway:8443")]));
        for site in ["cross-site", "same-site", "none"] {
            assert!(!from(&[("sec-fetch-site", site), ("origin", "https://gateway:8443")]), "{site}");
        }
        for origin in ["null", "https://evil.example", "http://gateway:8443", "https://gateway:84430"] {
            assert!(!from(&[("origin", origin)]), "{origin}");
        }
        assert!(!from(&[]));
    }
}
