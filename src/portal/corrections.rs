//! `/corrections`: what the firm says is wrong, how far each has come, what came of it.

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::frame::{Menu, role_name};
use super::visit::Visit;
use crate::http::html::parts::{badge, empty, fact, time};
use crate::http::html::words;
use crate::readable::value::harmless;
use crate::service::corrections::{self, CorrectionView};
use crate::service::error::ServiceResult;
use crate::service::held;

/// Every one, newest first.
pub async fn list(visit: Visit) -> ServiceResult<HttpResponse> {
    let found = corrections::of_firm(&visit.exchange, visit.acting()?).await?;
    let body = html! {
        nav.crumbs aria-label=(visit.t("位置", "Where you are")) { a href="/my-data" { (visit.t("我的数据", "My data")) } }
        div.heading {
            h1 { (visit.t("更正申请", "Corrections")) }
            p.quiet { (visit.t(
                "认定之前，提供给银行的数据会注明贵单位对该记录有异议。",
                "Until one is decided, what goes to banks says that you dispute the record.",
            )) }
        }
        @if found.is_empty() {
            section.card { (empty(visit.t(
                "没有更正申请。请在“我的数据”中打开有误的记录提出。",
                "None. Open the record that is wrong under My data to ask for one.",
            ))) }
        }
        @for one in &found { (card(&visit, one)) }
    };
    Ok(visit.page(Menu::MyData, "更正申请", "Corrections", &body))
}

/// The firm takes one back.
pub async fn withdraw(visit: Visit) -> ServiceResult<HttpResponse> {
    let id = visit.path("id")?;
    corrections::withdraw(&visit.exchange, visit.acting()?, id).await?;
    Ok(visit.done("/corrections", "correction-withdrawn"))
}

fn card(visit: &Visit, one: &CorrectionView) -> Markup {
    let reference = held::reference(&one.taxpayer_id, one.section, &one.record);
    let (tone, word) = words::correction(visit.lang, one);
    html! {
        section.card {
            h2 {
                a href={ "/my-data/" (one.section) "/records/" (reference) } { (visit.t(one.section.label_zh(), one.section.label_en())) }
                " " (badge(tone, word))
            }
            p.said { (one.text.lines().map(harmless).collect::<Vec<_>>().join("\n")) }
            dl.facts {
                (fact(visit.t("申请时间", "Asked for"), &time(one.requested_at)))
                (fact(visit.t("申请人身份", "By"), &html! { (one.requested_as.parse().map_or("", |role| role_name(visit.lang, role))) }))
                @if one.outcome.is_none() {
                    (fact(visit.t("系统核查不晚于", "System's check by"), &html! { (one.limits.check_by) }))
                    (fact(visit.t("来源核查不晚于", "Source's check by"), &html! {
                        (one.limits.source_by) (visit.t("（最长延至 ", " (at the latest ")) (one.limits.extended_by) (visit.t("）", ")"))
                    }))
                }
                @if let Some(at) = one.resolved_at { (fact(visit.t("办结时间", "Decided"), &time(at))) }
            }
            @if let Some(note) = one.note.as_ref().filter(|note| !note.is_empty()) {
                p.notice.plain.said { (note.lines().map(harmless).collect::<Vec<_>>().join("\n")) }
            }
            @if one.outcome.is_none() {
                form method="post" action={ "/corrections/" (one.id) "/withdrawal" } {
                    (visit.token())
                    p.buttons { button.plain type="submit" { (visit.t("撤回申请", "Take it back")) } }
                }
            }
        }
    }
}
