//! `/report`: the service is free and has no intermediaries; here a firm reports one.

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::frame::Menu;
use super::visit::Visit;
use crate::domain::case::TEXT_LENGTH_MAX;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::reports;

/// The form.
pub async fn show(visit: Visit) -> ServiceResult<HttpResponse> {
    let body = body(&visit, None);
    Ok(visit.page(Menu::Report, "举报中介", "Report an intermediary", &body))
}

/// Receives a report.
pub async fn send(visit: Visit) -> ServiceResult<HttpResponse> {
    // Browsers send line breaks as CR LF.
    let text = visit.form()?.text("text").unwrap_or_default().replace("\r\n", "\n");
    match reports::report(&visit.exchange, visit.acting()?, text).await {
        Ok(_received) => Ok(visit.done("/report", "reported")),
        Err(ServiceError::Invalid(_)) => Ok(visit.again(
            Menu::Report,
            "举报中介",
            "Report an intermediary",
            &body(&visit, Some("report-wrong")),
        )),
        Err(error) => Err(error),
    }
}

fn body(visit: &Visit, wrong: Option<&str>) -> Markup {
    html! {
        div.heading {
            h1 { (visit.t("举报中介", "Report an intermediary")) }
            p.quiet { (visit.t(
                "本服务免费，不经任何中介。任何人以“代办”“包过”“通道费”等名义收费，都与本平台无关。",
                "This service is free and has no intermediaries. Whoever charges for arranging or for access has nothing to do with it.",
            )) }
        }
        form.card method="post" action="/report" {
            (visit.token())
            label.field {
                span { (visit.t("是谁、何时、怎样收费或冒用名义", "Who, when, and how they charged or posed")) }
                textarea name="text" required maxlength=(TEXT_LENGTH_MAX) aria-describedby=[wrong] aria-invalid=[wrong.map(|_| "true")] {}
            }
            @if let Some(id) = wrong {
                p.error-text id=(id) { (visit.t("请写明情况：1 至 2000 字，不含特殊控制字符。", "Say what happened: 1 to 2000 characters, no control characters.")) }
            }
            p.hint { (visit.t(
                "举报直接交税务机关处理，银行看不到。收到举报一事记入存证账本，内容不公开。",
                "It goes to the tax bureau alone; no bank sees it. That it was received is recorded in the ledger, its content is not public.",
            )) }
            p.buttons { button type="submit" { (visit.t("提交举报", "Send the report")) } }
        }
    }
}
