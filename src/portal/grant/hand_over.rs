//! Handing over: a link, as text and as a code, that whoever may grant opens on a phone and signs in.

use actix_web::HttpResponse;
use maud::html;

use super::code::code;
use super::{Step, steps, together};
use crate::http::html::parts::time;
use crate::portal::frame::Menu;
use crate::portal::gate::see_other;
use crate::portal::visit::Visit;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::requests::draft::hand_over;

/// Makes the link and shows it, this once: it is stored nowhere in clear.
pub async fn make(visit: Visit) -> ServiceResult<HttpResponse> {
    let requests = together(&visit).await?;
    let first = requests.first().ok_or(ServiceError::NotFound)?;
    let made = hand_over(&visit.exchange, visit.acting()?, first.id.clone()).await?;
    let label = visit.t(
        "用手机扫描的二维码，内容与下面的链接相同",
        "A code to scan with a phone; it holds the link below",
    );
    let drawn = code(&made.url, label)?;
    let body = html! {
        (steps(&visit, Step::Confirm, Some(&first.group), false))
        section.card.narrow {
            h1 { (visit.t("请有权人扫码确认", "To be confirmed by phone")) }
            p { (visit.t(
                "请法定代表人（或负责人）用手机扫描二维码，登录后阅读并确认。",
                "The legal representative (or owner) scans this, signs in, reads and confirms.",
            )) }
            div.qr { (drawn) }
            p.quiet { (visit.t("或把这个链接发给本人：", "Or send this link to that person:")) }
            pre.link { (made.url) }
            p { (visit.t("有效至 ", "Good until ")) (time(made.expires_at)) (visit.t(
                "。链接只显示这一次；重新生成后，旧链接失效。",
                ". It is shown this once. Making another one ends this one.",
            )) }
            p.notice.plain { (visit.t(
                "任何人都不应向您索要登录密码或验证码。链接本身看不到任何企业信息。",
                "Nobody should ask you for a password or code. The link by itself tells nothing about the firm.",
            )) }
            p.buttons {
                a.button href="/requests" { (visit.t("查看进度", "See how it stands")) }
                a.button.plain href={ "/grant/" (first.group) "/confirm" } { (visit.t("返回", "Back")) }
            }
        }
    };
    Ok(visit.page(Menu::Requests, "交由有权人确认", "Handed over", &body))
}

/// `/r/{token}` and `/h/{token}`: from a bank's link or a code to the request, if it is this firm's.
pub async fn open(visit: Visit) -> ServiceResult<HttpResponse> {
    let token = visit.path("token")?;
    let request = crate::service::requests::by_token(&visit.exchange, visit.acting()?, &token).await?;
    Ok(see_other(&format!("/grant/{}/preview", request.group)))
}
