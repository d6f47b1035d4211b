//! Sign-in with the e-tax bureau: the page that leads there, the way back, and the same once more for what binds the firm.
//!
//! A browser is sent there by a link, never by a form: `form-action` stays with ourselves. What begins a sign-in leaves
//! a cookie of its own, and only a browser that has it can come back.

use actix_web::HttpResponse;
use actix_web::http::header::{LOCATION, SET_COOKIE};
use maud::html;
use serde_json::json;
use tracing::warn;

use super::frame::Menu;
use super::gate::{named_cookie, see_other};
use super::visit::{Visit, encoded, set_cookie};
use crate::outbound::oidc::{OidcError, Refusal, RelyingParty};
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::sessions;
use crate::service::sign_in::{self, SignInError};

/// The cookie that binds a sign-in to the browser that began it.
pub const SIGN_IN_COOKIE: &str = "__Host-sign-in";
/// As long as a sign-in may take.
const COOKIE_SECONDS: u32 = 600;

/// The page that leads to the e-tax bureau.
pub fn show(visit: &Visit) -> HttpResponse {
    let body = html! {
        section.card.narrow {
            h1 { (visit.t("登录", "Sign in")) }
            p { (visit.t(
                "请通过电子税务局登录，本平台不设密码，也不保存您的证件号码。",
                "Sign in through the e-tax bureau. This platform has no passwords and does not keep your identity number.",
            )) }
            p { a.button.big href=(format!("/sign-in/start?to={}", encoded(&visit.onward()))) {
                (visit.t("前往电子税务局登录", "Go to the e-tax bureau"))
            } }
        }
    };
    visit.page(Menu::Other, "登录", "Sign in", &body)
}

/// The page that leads there once more, and says why.
pub fn show_step_up(visit: &Visit) -> HttpResponse {
    let body = html! {
        section.card.narrow {
            h1 { (visit.t("请再次确认您的身份", "Confirm that it is you")) }
            p { (visit.t(
                "授权、撤回等事项对企业有约束力，须由本人在办理前五分钟内在电子税务局完成身份核验。",
                "Granting and revoking bind the firm, so they need you in person, recognised by the e-tax bureau within the last five minutes.",
            )) }
            p { a.button.big href=(format!("/step-up/start?to={}", encoded(&visit.onward()))) {
                (visit.t("前往电子税务局核验", "Go to the e-tax bureau"))
            } }
        }
    };
    visit.page(Menu::Other, "确认身份", "Confirm who you are", &body)
}

/// Sends the browser to the e-tax bureau.
pub async fn start(visit: Visit) -> ServiceResult<HttpResponse> {
    begin(&visit, false).await
}

/// Sends it there for a fresh and strong authentication.
pub async fn step_up(visit: Visit) -> ServiceResult<HttpResponse> {
    begin(&visit, true).await
}

async fn begin(visit: &Visit, step_up: bool) -> ServiceResult<HttpResponse> {
    let party = party(visit)?;
    let browser = named_cookie(&visit.request, SIGN_IN_COOKIE);
    let begun = sign_in::begin(&visit.exchange, party, browser, &visit.onward(), step_up).await;
    let begun = match begun {
        Ok(begun) => begun,
        Err(error) => return failed(error),
    };
    let mut response = HttpResponse::SeeOther().insert_header((LOCATION, begun.url)).finish();
    let cookie = format!(
        "{SIGN_IN_COOKIE}={}; Path=/; Max-Age={COOKIE_SECONDS}; Secure; HttpOnly; SameSite=Lax",
        begun.browser
    );
    response.headers_mut().append(SET_COOKIE, cookie.parse().map_err(ServiceError::internal)?);
    Ok(response)
}

/// The browser comes back from the e-tax bureau.
pub async fn back(visit: Visit) -> ServiceResult<HttpResponse> {
    let browser = named_cookie(&visit.request, SIGN_IN_COOKIE);
    let query = visit.request.query_string();
    let completed = match sign_in::complete(&visit.exchange, party(&visit)?, browser, query).await {
        Ok(completed) => completed,
        Err(error) => return failed(error),
    };
    let (signed_in, session) = (completed.signed_in, visit.session().cloned());
    let confirms = completed.step_up;
    let cookie = visit.exchange.blocking(move |exchange| match session {
        Some(session) if confirms => sessions::step_up(exchange, &session, signed_in),
        before => sessions::open(exchange, before.as_ref().map(|session| session.cookie()), signed_in),
    });
    let mut response = see_other(&completed.place);
    set_cookie(&mut response, Some(&cookie.await?))?;
    Ok(response)
}

/// The public key of this exchange as a client, for whoever registers it (RFC 7517 section 5).
pub async fn keys(visit: Visit) -> ServiceResult<HttpResponse> {
    Ok(HttpResponse::Ok().json(json!({"keys": [party(&visit)?.public_key()]})))
}

fn party(visit: &Visit) -> ServiceResult<&RelyingParty> {
    visit.portal.party.as_deref().ok_or(ServiceError::NotFound)
}

/// Back to the sign-in page, which says what to do; why goes to the log, which it tells of no person.
fn failed(error: SignInError) -> ServiceResult<HttpResponse> {
    let why = error.to_string();
    let said = match error {
        SignInError::Service(ours) => return Err(ours),
        SignInError::NotUnderWay | SignInError::Provider(OidcError::Refused(Refusal::Provider(_))) => {
            "sign-in-cancelled"
        }
        SignInError::Provider(OidcError::Refused(_)) => "sign-in-failed",
        SignInError::Provider(OidcError::Unreachable(_) | OidcError::Unusable(_)) => "bureau-away",
    };
    warn!(%why, "Nobody was signed in");
    Ok(see_other(&format!("/sign-in?done={said}")))
}
