//! `/step-up`: what binds the firm is done by somebody who was recognised within the last five minutes.

use actix_web::HttpResponse;
use maud::html;

use super::bureau_sign_in;
use super::frame::Menu;
use super::visit::Visit;
use crate::service::error::{ServiceError, ServiceResult};

/// Asks the person to confirm who they are, and says why.
pub async fn show(visit: Visit) -> ServiceResult<HttpResponse> {
    if visit.portal.party.is_some() {
        return Ok(bureau_sign_in::show_step_up(&visit));
    }
    if !visit.portal.options.demo_sign_in {
        return Err(ServiceError::NotFound);
    }
    let body = html! {
        section.card.narrow {
            h1 { (visit.t("请再次确认您的身份", "Confirm that it is you")) }
            p { (visit.t(
                "授权、撤回等事项对企业有约束力，须由本人在办理前五分钟内完成身份核验。",
                "Granting and revoking bind the firm, so they need you in person, recognised within the last five minutes.",
            )) }
            form method="post" action="/step-up/demo" {
                (visit.token())
                input type="hidden" name="to" value=(visit.onward());
                button.big type="submit" { (visit.t("人脸核验（演示）", "Face check (demo)")) }
            }
            p.quiet { (visit.t("演示环境不采集人脸，点击即视为通过。", "The demo takes no picture: pressing the button counts.")) }
        }
    };
    Ok(visit.page(Menu::Other, "确认身份", "Confirm who you are", &body))
}
