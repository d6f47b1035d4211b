//! `/my-copy`: the firm's own signed copy of its data, for whom it likes.

use actix_web::HttpResponse;
use maud::html;

use super::download::attachment;
use super::frame::Menu;
use super::visit::Visit;
use crate::http::html::parts::{count, digest, empty, time};
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::own_copy;

const JSON: &str = "application/json";

/// What a copy is, and those taken before.
pub async fn show(visit: Visit) -> ServiceResult<HttpResponse> {
    let taken = own_copy::taken(&visit.exchange, visit.acting()?).await?;
    let whole = visit.acting()?.firm.role.may_grant().is_some();
    let body = html! {
        div.heading {
            h1 { (visit.t("自取数据副本", "My own copy")) }
            p.quiet { (visit.t(
                "税务机关掌握的本企业数据，由平台签名，交给您自己。给谁看由您决定。",
                "What the tax bureau holds of this firm, signed by the exchange and handed to you. Whom you show it is up to you.",
            )) }
        }
        section.card aria-labelledby="take" {
            h2 #take { (visit.t("取一份", "Take a copy")) }
            p { (visit.t(
                "副本含最近 36 个月的全部项目，任何机构都能离线核验真伪（shuidaiyi verify 文件 --trust trust.json），不必接入平台。取出一事先记入存证账本。",
                "It holds every section of the last 36 months. Anybody can check it offline (shuidaiyi verify FILE --trust trust.json). That you took it is first written to the ledger.",
            )) }
            p.notice.warn { (visit.t(
                "副本一旦交出，平台无法收回，也不知道谁看过。若只为申请贷款，请使用授权：可限定银行、期限，并可随时撤回。",
                "Once you hand it on, nobody can take it back or knows who reads it. For a loan rather authorise the bank: for a time you set, and revocable.",
            )) }
            @if !whole {
                p.quiet { (visit.t(
                    "您不是法定代表人（或负责人）：您取的副本不含个人信息。",
                    "You are not the legal representative (or owner): your copy holds no personal data.",
                )) }
            }
            form.buttons method="post" action="/my-copy" data-again="" {
                (visit.token())
                button type="submit" { (visit.t("生成并下载", "Make it and download")) }
            }
        }
        section.card aria-labelledby="taken" {
            h2 #taken { (visit.t("取过的副本", "Copies taken")) }
            @if taken.is_empty() { (empty(visit.t("还没有取过副本。", "None has been taken."))) } @else {
                table.stack {
                    thead { tr {
                        th { (visit.t("时间", "When")) } th { (visit.t("存证序号", "Entry")) }
                        th { (visit.t("档案摘要", "Digest")) } th { (visit.t("存证回执", "Receipt")) }
                    } }
                    tbody {
                        @for copy in &taken {
                            tr {
                                td data-label=(visit.t("时间", "When")) { (time(copy.at)) }
                                td data-label=(visit.t("存证序号", "Entry")) { (count(copy.index)) }
                                td data-label=(visit.t("档案摘要", "Digest")) { (digest(&copy.dossier_digest)) }
                                td data-label=(visit.t("存证回执", "Receipt")) {
                                    a.quiet-link href={ "/my-copy/" (copy.id) "/receipt.json" } {
                                        (visit.t("下载", "Download")) span.unseen { " " (copy.index) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    Ok(visit.page(Menu::MyCopy, "自取数据副本", "My own copy", &body))
}

/// Takes a copy.
pub async fn take(visit: Visit) -> ServiceResult<HttpResponse> {
    let copy = own_copy::take(&visit.exchange, visit.acting()?).await?;
    let text = serde_json::to_vec_pretty(&copy).map_err(ServiceError::internal)?;
    Ok(attachment(JSON, &format!("own-copy-{}.json", copy.release_id), text))
}

/// Proves once more that a copy was recorded.
pub async fn receipt(visit: Visit) -> ServiceResult<HttpResponse> {
    let id = visit.path("id")?;
    let receipt = own_copy::receipt(&visit.exchange, visit.acting()?, &id).await?;
    let later = serde_json::json!({ "release_id": id, "receipt": receipt });
    let text = serde_json::to_vec_pretty(&later).map_err(ServiceError::internal)?;
    Ok(attachment(JSON, &format!("receipt-{id}.json"), text))
}
