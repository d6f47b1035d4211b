//! Signing in and out.

use actix_web::HttpResponse;
use maud::html;

use super::bureau_sign_in;
use super::demo_sign_in;
use super::frame::Menu;
use super::gate::see_other;
use super::visit::{Visit, set_cookie};
use crate::service::error::ServiceResult;
use crate::service::sessions;

/// The sign-in page.
pub async fn show(visit: Visit) -> ServiceResult<HttpResponse> {
    if visit.portal.options.demo_sign_in {
        return demo_sign_in::show(visit).await;
    }
    if visit.portal.party.is_some() {
        return Ok(bureau_sign_in::show(&visit));
    }
    let body = html! {
        section.card.narrow {
            h1 { (visit.t("登录", "Sign in")) }
            p { (visit.t(
                "尚未接通电子税务局的统一登录，暂时不能登录。",
                "Sign-in through the e-tax bureau is not connected yet.",
            )) }
        }
    };
    Ok(visit.page(Menu::Other, "登录", "Sign in", &body))
}

/// Ends the session.
pub async fn sign_out(visit: Visit) -> ServiceResult<HttpResponse> {
    let cookie = visit.signed_in()?.cookie().clone();
    visit.exchange.blocking(move |exchange| sessions::close(exchange, &cookie)).await?;
    let mut response = see_other("/?done=signed-out");
    set_cookie(&mut response, None)?;
    Ok(response)
}
