//! `/requests`: what waits for an answer — from banks, from whoever prepares — and saying no to it.

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::attention::Attention;
use super::frame::{Menu, role_name};
use super::grant::words::{sections, summary};
use super::visit::Visit;
use crate::domain::consent_request::{RequestOrigin, RequestStatus};
use crate::http::html::parts::{Tone, badge, empty, time};
use crate::service::error::ServiceResult;
use crate::service::requests::{self, RequestView};

/// Everything that is open.
pub async fn list(visit: Visit) -> ServiceResult<HttpResponse> {
    let open = requests::pending(&visit.exchange, visit.acting()?).await?;
    let (asked, rest): (Vec<_>, Vec<_>) = open.into_iter().partition(|one| one.origin == RequestOrigin::Bank);
    let (drafts, handed): (Vec<_>, Vec<_>) =
        rest.into_iter().partition(|one| one.status == RequestStatus::Draft);
    let body = html! {
        div.heading {
            h1 { (visit.t("待确认", "Waiting for an answer")) }
            p.quiet { (visit.t("没有您的确认，任何信息都不会提供。", "Nothing leaves without your answer.")) }
        }
        (part(&visit, "asked", visit.t("银行请求的授权", "Asked by banks"), &asked,
            visit.t("没有银行正在请求授权。", "No bank is asking.")))
        (part(&visit, "handed", visit.t("本企业经办人提交的", "Prepared in this firm"), &handed,
            visit.t("没有等待确认的申请。", "Nothing waits.")))
        (part(&visit, "drafts", visit.t("草稿", "Drafts"), &drafts, visit.t("没有草稿。", "No drafts.")))
        p.buttons {
            a.button href="/grant" { (visit.t("新建授权", "New authorisation")) }
            a.button.plain href="/settings" { (visit.t("屏蔽银行与双人确认", "Blocked banks, joint approval")) }
        }
    };
    Ok(visit.page(Menu::Requests, "待确认", "Waiting for an answer", &body))
}

fn part(visit: &Visit, id: &str, title: &str, requests: &[RequestView], nothing: &str) -> Markup {
    html! {
        section.card aria-labelledby=(id) {
            h2 id=(id) { (title) }
            @if requests.is_empty() { (empty(nothing)) } @else {
                ul.list { @for one in requests { li { (row(visit, one)) } } }
            }
        }
    }
}

fn row(visit: &Visit, one: &RequestView) -> Markup {
    let next = match one.status {
        RequestStatus::Draft => "terms",
        RequestStatus::Requested
        | RequestStatus::Granted
        | RequestStatus::Declined
        | RequestStatus::Lapsed => "preview",
    };
    html! {
        div.request {
            p { b { (one.bank_name) " · " (one.product_name) } " " (standing(visit, one)) }
            p { (sections(visit.lang, &one.terms.sections)) }
            p.quiet { (summary(visit.lang, &one.terms)) }
            p.quiet {
                @if let Some(by) = &one.prepared_by {
                    (visit.t("经办：", "Prepared by the ")) (role_name(visit.lang, by.role)) (visit.t("；", "; "))
                }
                @for by in &one.approved_by {
                    (visit.t("已同意：", "agreed: ")) (role_name(visit.lang, by.role)) (visit.t("；", "; "))
                }
                (visit.t("请在此前处理：", "to be answered before ")) (time(one.expires_at))
            }
            p.buttons {
                a.button href={ "/grant/" (one.group) "/" (next) } {
                    @if next == "terms" { (visit.t("继续填写", "Go on")) } @else { (visit.t("查看并决定", "Look and decide")) }
                    span.unseen { " " (one.bank_name) }
                }
                a.button.plain href={ "/requests/" (one.id) "/decline" } {
                    @if next == "terms" { (visit.t("作废", "Discard")) } @else { (visit.t("不同意", "Decline")) }
                    span.unseen { " " (one.bank_name) }
                }
            }
        }
    }
}

fn standing(visit: &Visit, one: &RequestView) -> Markup {
    match (one.status, one.origin) {
        (RequestStatus::Draft, _) => badge(Tone::Quiet, visit.t("草稿", "Draft")),
        (RequestStatus::Requested, RequestOrigin::Bank) => {
            badge(Tone::Warn, visit.t("银行请求", "A bank asks"))
        }
        (RequestStatus::Requested, RequestOrigin::Firm) => {
            badge(Tone::Warn, visit.t("待有权人确认", "Waits for who may grant"))
        }
        (RequestStatus::Granted, _) => badge(Tone::Good, visit.t("已授权", "Granted")),
        (RequestStatus::Declined, _) => badge(Tone::Quiet, visit.t("已拒绝", "Declined")),
        (RequestStatus::Lapsed, _) => badge(Tone::Quiet, visit.t("逾期未确认", "Lapsed")),
    }
}

/// `/requests/{id}/decline`: what declining does, and the tick for blocking the bank.
pub async fn ask_decline(visit: Visit) -> ServiceResult<HttpResponse> {
    let one = requests::show(&visit.exchange, visit.acting()?, visit.path("id")?).await?;
    if !one.status.is_open() {
        return Ok(visit.page(Menu::Requests, "已办结", "Decided", &super::grant::decided(&visit)));
    }
    let is_draft = one.status == RequestStatus::Draft;
    let by_bank = one.origin == RequestOrigin::Bank;
    let body = html! {
        form.card.narrow method="post" action={ "/requests/" (one.id) "/decline" } {
            (visit.token())
            h1 { @if is_draft { (visit.t("作废这份草稿？", "Discard this draft?")) } @else { (visit.t("不同意授权？", "Decline?")) } }
            p { b { (one.bank_name) " · " (one.product_name) } }
            @if by_bank {
                p { (visit.t(
                    "该银行不会收到“被拒绝”的通知；30天内它的新请求不会再打扰您。您以后仍可主动授权。",
                    "The bank is not told. For 30 days its new requests do not reach you. You can still authorise it of your own accord.",
                )) }
                label.tick {
                    input type="checkbox" name="block";
                    span { (visit.t("同时屏蔽该银行，不再接收它的任何请求（可随时解除）", "Block the bank as well: no request of it is shown until you unblock it")) }
                }
            } @else {
                p { (visit.t("作废后可以重新填写。没有任何信息被提供。", "You can make another one. Nothing has left.")) }
            }
            div.buttons {
                button.danger type="submit" { @if is_draft { (visit.t("确认作废", "Discard it")) } @else { (visit.t("确认不同意", "Decline")) } }
                a.button.plain href="/requests" { (visit.t("返回", "Back")) }
            }
        }
    };
    Ok(visit.page(Menu::Requests, "不同意", "Decline", &body))
}

/// Declines.
pub async fn decline(visit: Visit) -> ServiceResult<HttpResponse> {
    let block = visit.form()?.ticked("block");
    let id = visit.path("id")?;
    let done = requests::decline(&visit.exchange, visit.acting()?, id, block).await?;
    if done.returns {
        return Ok(visit.done(&format!("/requests/{}/answered", done.id), "declined"));
    }
    Ok(visit.done("/requests", if block { "blocked" } else { "declined" }))
}

/// `/requests/{id}/answered`: the way back to the bank, which is not told the answer by it.
pub async fn answered(visit: Visit) -> ServiceResult<HttpResponse> {
    let id = visit.path("id")?;
    let one = requests::show(&visit.exchange, visit.acting()?, id.clone()).await?;
    let back = requests::return_to(&visit.exchange, visit.acting()?, id).await?;
    let body = html! {
        section.card.narrow {
            h1 { (visit.t("您的决定已记录", "Your answer is recorded")) }
            p { (one.bank_name) " · " (one.product_name) " " (standing(&visit, &one)) }
            @if let Some(back) = &back {
                p { (visit.t(
                    "您可以返回银行继续办理。返回的链接只带有银行自己的业务编号，不含您的决定和任何数据。",
                    "You can go back to the bank. The link carries the bank's own reference, neither your answer nor any data.",
                )) }
                p.buttons { a.button.big href=(back) rel="noreferrer" { (visit.t("返回", "Back to ")) (one.bank_name) } }
            }
            p.buttons {
                @if let Some(consent) = &one.consent_id {
                    a.button.plain href={ "/consents/" (consent) } { (visit.t("查看授权", "See the authorisation")) }
                }
                a.button.plain href="/" { (visit.t("回到首页", "Home")) }
            }
        }
    };
    Ok(visit.page(Menu::Requests, "已答复", "Answered", &body))
}

/// What of it wants attention.
pub async fn attention(visit: &Visit) -> ServiceResult<Vec<Attention>> {
    let open = requests::pending(&visit.exchange, visit.acting()?).await?;
    let waiting = open.iter().filter(|one| one.status == RequestStatus::Requested);
    Ok(waiting
        .map(|one| Attention {
            zh: match one.origin {
                RequestOrigin::Bank => format!("{}请求授权：{}", one.bank_name, one.product_name),
                RequestOrigin::Firm => format!("待确认授权：{} · {}", one.bank_name, one.product_name),
            },
            en: match one.origin {
                RequestOrigin::Bank => {
                    format!("{} asks for an authorisation: {}", one.bank_name, one.product_name)
                }
                RequestOrigin::Firm => format!("To be confirmed: {} · {}", one.bank_name, one.product_name),
            },
            href: format!("/grant/{}/preview", one.group),
            urgency: Tone::Warn,
        })
        .collect())
}
