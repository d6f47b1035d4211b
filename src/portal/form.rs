//! Forms: where they come from, the token they carry, what stands in them.
//!
//! Three bars against another site's form: the session's cookie is `SameSite=Lax`, the browser must say that the form
//! is ours (Fetch Metadata `Sec-Fetch-Site`, or `Origin`), and whoever is signed in sends the session's token along.

use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use actix_web::{HttpRequest, web};

use crate::seal::digest::sha256;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::sessions::SessionCookie;

/// Name of the hidden field.
pub const TOKEN: &str = "token";
/// The media type of forms (HTML, section 4.10.22.6).
const FORM_TYPE: &str = "application/x-www-form-urlencoded";

/// A form that was sent from one of our pages.
#[derive(Debug)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form; refuses one that did not come from our own page as this session got it.
    pub fn read(request: &HttpRequest, body: &[u8], session: Option<&SessionCookie>) -> ServiceResult<Self> {
        let refused = |why: &str| ServiceError::Malformed(why.to_owned());
        if !is_from_here(request.headers()) {
            return Err(refused("表单并非来自本网站 this form was not sent from these pages"));
        }
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if kind.and_then(|kind| kind.split(';').next()).map(str::trim) != Some(FORM_TYPE) {
            return Err(refused("表单格式不符 a form comes as application/x-www-form-urlencoded"));
        }
        let text = std::str::from_utf8(body).map_err(|_| refused("表单须为 UTF-8 the form is not UTF-8"))?;
        let pairs = web::Query::<Vec<(String, String)>>::from_query(text)
            .map_err(|why| refused(&format!("表单无法读取 the form cannot be read: {why}")))?;
        let form = Self(pairs.into_inner());
        // Digests are compared, so that the time taken tells nothing of the token.
        let token = |text: &str| sha256(text.as_bytes());
        let sent = form.text(TOKEN).map(token);
        match session {
            Some(cookie) if sent != Some(token(&cookie.form_token())) => Err(refused(
                "表单已过期，请返回并刷新页面后再提交 the form is out of date: go back, load the page again, and send it again",
            )),
            Some(_) | None => Ok(form),
        }
    }

    /// A field, if something was entered.
    pub fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, value)| key == name && !value.trim().is_empty());
        found.map(|(_, value)| value.trim())
    }

    /// A field that must be entered.
    pub fn required(&self, name: &str) -> ServiceResult<&str> {
        self.text(name).ok_or_else(|| ServiceError::invalid(name, "此项必填 this is needed"))
    }

    /// Every value of a field, such as ticked boxes.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(key, _)| key == name);
        named.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// Whether a box is ticked.
    pub fn ticked(&self, name: &str) -> bool {
        self.text(name).is_some()
    }
}

/// Browsers say where a form was sent from; what does not say it is no browser of today.
fn is_from_here(headers: &HeaderMap) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
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

    fn read(headers: &[(&'static str, &'static str)], body: &str, cookie: Option<&SessionCookie>) -> bool {
        let mut request = TestRequest::post().uri("/x").insert_header(("host", "portal:8444"));
        for header in headers {
            request = request.append_header(*header);
        }
        Form::read(&request.to_http_request(), body.as_bytes(), cookie).is_ok()
    }

    const TYPE: (&str, &str) = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");

    #[test]
    fn only_our_own_pages_send_forms() {
        assert!(read(&[TYPE, ("sec-fetch-site", "same-origin")], "a=b", None));
        assert!(read(&[TYPE, ("origin", "https://portal:8444")], "a=b", None));
        for site in ["cross-site", "same-site", "none"] {
            assert!(!read(&[TYPE, ("sec-fetch-site", site), ("origin", "https://portal:8444")], "", None));
        }
        for origin in ["null", "https://evil.example", "http://portal:8444", "https://portal:84440"] {
            assert!(!read(&[TYPE, ("origin", origin)], "", None), "{origin}");
        }
        assert!(!read(&[TYPE], "", None));
        assert!(!read(&[("content-type", "text/plain"), ("sec-fetch-site", "same-origin")], "", None));
    }

    #[test]
    fn whoever_is_signed_in_sends_the_sessions_token() {
        let cookie = SessionCookie::sent("a");
        let ours = [TYPE, ("sec-fetch-site", "same-origin")];
        assert!(read(&ours, &format!("token={}", cookie.form_token()), Some(&cookie)));
        let other = SessionCookie::sent("b").form_token();
        for body in ["", "token=", &format!("token={other}")] {
            assert!(!read(&ours, body, Some(&cookie)), "{body}");
        }
    }
}
