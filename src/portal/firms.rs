//! `/firms`: for which of their firms a person acts.

use actix_web::HttpResponse;
use maud::html;

use super::frame::{Menu, role_name};
use super::gate::see_other;
use super::visit::{Visit, set_cookie};
use crate::http::html::parts::empty;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::sessions;

/// The person's firms.
pub async fn show(visit: Visit) -> ServiceResult<HttpResponse> {
    let session = visit.signed_in()?;
    let chosen = session.acting().map(|acting| acting.firm);
    let body = html! {
        div.heading {
            h1 { (visit.t("选择企业", "Choose a firm")) }
            p.quiet { (visit.t("您可以代表以下企业办理。", "You may act for these firms.")) }
        }
        @if session.firms().is_empty() {
            section.card { (empty(visit.t(
                "电子税务局没有登记您可以代表的企业。请在电子税务局核对办税人员信息后重新登录。",
                "The e-tax bureau names no firm that you may act for. Check your entry there, and sign in again.",
            ))) }
        }
        ul.cards {
            @for (place, firm) in session.firms().iter().enumerate() {
                li {
                    form.card method="post" action="/firms" {
                        (visit.token())
                        input type="hidden" name="to" value=(visit.onward());
                        b { (firm.name) }
                        span.quiet { (firm.taxpayer_id) }
                        span { (role_name(visit.lang, firm.role)) }
                        button.plain[chosen.as_ref() == Some(firm)] type="submit" name="firm" value=(place) {
                            @if chosen.as_ref() == Some(firm) { (visit.t("继续办理", "Go on")) } @else { (visit.t("代表该企业", "Act for it")) }
                            span.unseen { " " (firm.name) }
                        }
                    }
                }
            }
        }
    };
    Ok(visit.page(Menu::Other, "选择企业", "Choose a firm", &body))
}

/// Acts for another firm, under another cookie.
pub async fn choose(visit: Visit) -> ServiceResult<HttpResponse> {
    let place: usize = visit.form()?.required("firm")?.parse().map_err(|_| ServiceError::NotFound)?;
    let session = visit.signed_in()?.clone();
    let cookie = visit.exchange.blocking(move |exchange| sessions::choose(exchange, &session, place)).await?;
    let mut response = see_other(&visit.onward());
    set_cookie(&mut response, Some(&cookie))?;
    Ok(response)
}
