//! `/accesses/{id}`: one access whole: what left, under which authorisation, the proof, evidence to keep, a dispute.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use maud::{Markup, html};

use super::proof::proof;
use super::{outcome, sections, sentence};
use crate::domain::case::{CaseStatus, TEXT_LENGTH_MAX};
use crate::http::html::parts::{count, fact, time};
use crate::http::html::words;
use crate::portal::download::attachment;
use crate::portal::frame::Menu;
use crate::portal::visit::Visit;
use crate::service::accesses::{self, AccessDetail, ObjectionState};
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::evidence_bundle;
use crate::service::objections::{self, NewObjection};

const ZIP: &str = "application/zip";
const JSON: &str = "application/json";

/// One access.
pub async fn show(visit: Visit) -> ServiceResult<HttpResponse> {
    let detail = accesses::show(&visit.exchange, visit.acting()?, &visit.path("id")?).await?;
    let body = body(&visit, &detail, None)?;
    Ok(visit.page(Menu::Accesses, "一次查询", "One access", &body))
}

/// The entry, its proof and the salt that opens it, as a file.
pub async fn receipt(visit: Visit) -> ServiceResult<HttpResponse> {
    let id = visit.path("id")?;
    let detail = accesses::show(&visit.exchange, visit.acting()?, &id).await?;
    let text = serde_json::to_vec_pretty(&detail.receipt).map_err(ServiceError::internal)?;
    Ok(attachment(JSON, &format!("receipt-{id}.json"), text))
}

/// The bundle of evidence. That it was made is an entry.
pub async fn evidence(visit: Visit) -> ServiceResult<HttpResponse> {
    let id = visit.path("id")?;
    let bundle = evidence_bundle::make_own(&visit.exchange, visit.acting()?, &id).await?;
    Ok(attachment(ZIP, &format!("evidence-{id}.zip"), bundle.bytes))
}

/// Disputes the access.
pub async fn dispute(visit: Visit) -> ServiceResult<HttpResponse> {
    let id = visit.path("id")?;
    // Browsers send line breaks as CR LF.
    let text = visit.form()?.text("text").unwrap_or_default().replace("\r\n", "\n");
    let new = NewObjection { release_id: id.clone(), text };
    match objections::raise_own(&visit.exchange, visit.acting()?, new).await {
        Ok(_raised) => Ok(visit.done(&format!("/accesses/{id}"), "disputed")),
        Err(ServiceError::Invalid(_)) => {
            let detail = accesses::show(&visit.exchange, visit.acting()?, &id).await?;
            let body = body(&visit, &detail, Some(()))?;
            let mut response = visit.again(Menu::Accesses, "一次查询", "One access", &body);
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        Err(error) => Err(error),
    }
}

fn body(visit: &Visit, detail: &AccessDetail, wrong: Option<()>) -> ServiceResult<Markup> {
    let access = &detail.access;
    Ok(html! {
        p.crumbs { a href="/accesses" { "← " (visit.t("谁查过我的数据", "Who saw my data")) } }
        div.heading {
            h1 { (access.bank_name) " " (outcome(visit.lang, access.outcome)) }
            p.quiet { (time(access.at)) }
        }
        section.card aria-labelledby="facts" {
            h2 #facts { (visit.t("查询内容", "What was asked")) }
            p { (sentence(visit.lang, access)) }
            (facts(visit, detail))
        }
        (proof(visit, detail)?)
        @if access.outcome.provided() {
            (keep(visit, &access.id))
            (objection(visit, detail, wrong))
        }
    })
}

fn facts(visit: &Visit, detail: &AccessDetail) -> Markup {
    let access = &detail.access;
    html! {
        dl.facts {
            (fact(visit.t("用途", "Purpose"), &html! { (words::purpose(visit.lang, &access.purpose)) }))
            @if let Some(name) = &detail.product_name { (fact(visit.t("贷款产品", "Product"), &html! { (name) })) }
            (fact(visit.t("项目", "Sections"), &html! { (sections(visit.lang, &access.sections)) }))
            @if let Some(window) = &detail.window {
                (fact(visit.t("税款所属期", "Tax periods"), &html! { (window.from) (visit.t(" 至 ", " to ")) (window.to) }))
            }
            @if access.outcome.provided() {
                (fact(visit.t("个人信息", "Personal data"), &html! {
                    @if detail.personal_data { (visit.t("已单独同意提供", "Provided, by separate consent")) } @else { (visit.t("未提供", "Not provided")) }
                }))
            }
            (fact(visit.t("授权编号", "Authorisation"), &html! {
                a href={ "/consents/" (access.consent_id) } { (access.number.as_deref().unwrap_or(&access.consent_id)) }
            }))
            (fact(visit.t("存证序号", "Entry"), &html! { (count(access.index)) }))
            @for (at, index) in &detail.repeats {
                (fact(visit.t("再次提供", "Sent again"), &html! { (time(*at)) (visit.t("，存证序号 ", ", entry ")) (count(*index)) }))
            }
        }
    }
}

fn keep(visit: &Visit, id: &str) -> Markup {
    html! {
        section.card aria-labelledby="evidence" {
            h2 #evidence { (visit.t("留存证据", "Evidence to keep")) }
            p { (visit.t(
                "证据包含当时提供的全部内容、授权书、账本证明与公钥，可在任何电脑上离线核验（shuidaiyi verify）。导出一事也会记入账本。",
                "The bundle holds everything that was provided, the authorisation, the proof and the keys. Anybody can check it offline (shuidaiyi verify). That it was made is recorded too.",
            )) }
            form.buttons method="post" action={ "/accesses/" (id) "/evidence" } data-again="" {
                (visit.token())
                button.plain type="submit" { (visit.t("下载证据包（ZIP）", "Download the evidence (ZIP)")) }
            }
        }
    }
}

fn objection(visit: &Visit, detail: &AccessDetail, wrong: Option<()>) -> Markup {
    html! {
        section.card aria-labelledby="dispute" {
            h2 #dispute { (visit.t("我对这次查询有异议", "I dispute this access")) }
            @match &detail.objection {
                Some(raised) => (raised_already(visit, raised)),
                None => (dispute_form(visit, &detail.access.id, wrong)),
            }
        }
    }
}

fn dispute_form(visit: &Visit, id: &str, wrong: Option<()>) -> Markup {
    html! {
        p { (visit.t(
            "提出后，该银行须立即说明查询的业务依据，由税务机关核查。您会收到处理结果的通知。",
            "The bank must then state its reason at once, and the tax bureau looks into it. You are told how it ends.",
        )) }
        form method="post" action={ "/accesses/" (id) "/dispute" } {
            (visit.token())
            label.field {
                span { (visit.t("为什么有异议", "Why you dispute it")) }
                textarea name="text" required maxlength=(TEXT_LENGTH_MAX) aria-describedby=[wrong.map(|()| "dispute-wrong")] aria-invalid=[wrong.map(|()| "true")] {}
            }
            @if wrong.is_some() {
                p.error-text #dispute-wrong { (visit.t("请写明理由：1 至 2000 字，不含特殊控制字符。", "Say why: 1 to 2000 characters, no control characters.")) }
            }
            p.buttons { button.danger type="submit" { (visit.t("提出异议", "Dispute it")) } }
        }
    }
}

fn raised_already(visit: &Visit, raised: &ObjectionState) -> Markup {
    let state = match (raised.status, raised.outcome) {
        (_, Some(outcome)) => words::case_outcome(visit.lang, outcome),
        (Some(CaseStatus::Answered), None) => {
            visit.t("银行已说明，税务机关正在核查", "The bank has answered; the bureau looks into it")
        }
        (Some(CaseStatus::Open), None) => visit.t("已要求银行说明", "The bank has been asked"),
        (Some(CaseStatus::Closed) | None, None) => visit.t("已记录", "Recorded"),
    };
    html! {
        p { (visit.t("您已于 ", "Raised on ")) (time(raised.raised_at)) (visit.t(" 提出异议：", ":")) }
        p.said { (raised.text) }
        dl.facts { (fact(visit.t("处理情况", "How it stands"), &html! { (state) })) }
    }
}
