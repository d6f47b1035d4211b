//! A browser without a screen: cookies are kept, forms carry their token, redirects are looked at.

use std::collections::BTreeMap;
use std::sync::Mutex;

use reqwest::{Client, StatusCode};
use shuidaiyi::clock::Clock;
use shuidaiyi::domain::consent::{Assurance, GrantMethod};
use shuidaiyi::domain::representative::{Authentication, Person, PortalRole, Representation};
use shuidaiyi::domain::taxpayer_id::TaxpayerId;
use shuidaiyi::portal::gate::SESSION_COOKIE;
use shuidaiyi::service::sessions::{self, SessionCookie, SignedIn};

use super::Site;

/// What came back.
#[derive(Clone, Debug)]
pub struct Page {
    pub status: StatusCode,
    /// Where it sends one on to, if it does.
    pub location: String,
    pub text: String,
    pub bytes: Vec<u8>,
    pub headers: reqwest::header::HeaderMap,
}

/// Somebody with a browser.
pub struct Visitor {
    client: Client,
    pub base: String,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl Site {
    /// Base URL of the portal.
    pub fn portal_url(&self) -> String {
        format!("https://localhost:{}", self.running().portal.expect("there is a portal").port())
    }

    /// A browser that has been nowhere yet.
    pub fn portal(&self) -> Visitor {
        let client = self.client_builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Visitor { client, base: self.portal_url(), cookies: Mutex::default() }
    }

    /// A browser in which somebody is signed in who acts for this firm alone, recognised just now.
    pub fn sign_in_as(&self, role: PortalRole, firm: &TaxpayerId) -> Visitor {
        let firm = Representation { taxpayer_id: firm.clone(), name: format!("企业{firm}"), role };
        self.signed_in(&format!("{role}-of-{}", firm.taxpayer_id), vec![firm])
    }

    /// A browser in which this person is signed in, recognised just now.
    pub fn signed_in(&self, subject: &str, firms: Vec<Representation>) -> Visitor {
        let person = Person {
            subject: subject.to_owned(),
            name: format!("人{subject}"),
            id_ref: Some(format!("id-ref-of-{subject}")),
        };
        let authentication = Authentication {
            method: GrantMethod::EtaxFace,
            assurance: Assurance::Reliable,
            at: self.clock.now(),
        };
        let cookie =
            sessions::open(self.exchange(), None, SignedIn { person, authentication, firms }).unwrap();
        let visitor = self.portal();
        visitor.set(SESSION_COOKIE, cookie.as_str());
        visitor
    }
}

impl Visitor {
    pub fn set(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    /// The session's cookie, if there is one.
    pub fn session(&self) -> Option<String> {
        self.cookies.lock().unwrap().get(SESSION_COOKIE).cloned()
    }

    /// The token that this session's forms carry.
    pub fn token(&self) -> String {
        SessionCookie::sent(&self.session().unwrap_or_default()).form_token()
    }

    /// Opens a page.
    pub async fn get(&self, path: &str) -> Page {
        self.send(self.client.get(format!("{}{path}", self.base))).await
    }

    /// Opens a page and whatever it sends one on to.
    pub async fn follow(&self, path: &str) -> Page {
        let mut page = self.get(path).await;
        for _hop in 0..8 {
            if !page.status.is_redirection() || !page.location.starts_with('/') {
                break;
            }
            page = self.get(&page.location.clone()).await;
        }
        page
    }

    /// Sends a form as our own pages do.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = self.token();
        let mut fields = fields.to_vec();
        fields.push(("token", &token));
        self.post_from(path, &fields, &[("sec-fetch-site", "same-origin")]).await
    }

    /// Sends a form with these headers and fields alone.
    pub async fn post_from(&self, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Page {
        let mut request = self
            .client
            .post(format!("{}{path}", self.base))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form(fields));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request).await
    }

    async fn send(&self, mut request: reqwest::RequestBuilder) -> Page {
        let cookies: Vec<String> =
            self.cookies.lock().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        let response = request.send().await.unwrap();
        for header in response.headers().get_all("set-cookie") {
            let text = header.to_str().unwrap();
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            if text.contains("Max-Age=0") {
                self.cookies.lock().unwrap().remove(name);
            } else {
                self.set(name, value);
            }
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let location = headers.get("location").map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
        let bytes = response.bytes().await.unwrap().to_vec();
        Page { status, location, text: String::from_utf8_lossy(&bytes).into_owned(), bytes, headers }
    }
}

/// As browsers encode a form.
fn form(fields: &[(&str, &str)]) -> String {
    use shuidaiyi::http::html::parts::encoded;
    let pairs = fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}
