//! 案件: what the sentinels found and banks were asked about; the bureau closes them here.

use std::collections::HashMap;

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::done;
use super::forms::{Form, back};
use super::view::{Menu, View, encoded};
use crate::domain::case::{CaseOutcome, CaseStatus, TEXT_LENGTH_MAX};
use crate::http::gate::Context;
use crate::http::html::parts::{self, Tone, badge, fact};
use crate::http::html::words;
use crate::service::admin::Actor;
use crate::service::cases::{self, CaseView};
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::figures;

/// Cases read.
const CASES_MAX: i64 = 1_000;
const PLACE: &str = "/console/cases";

/// The list.
pub async fn list(context: Context) -> ServiceResult<HttpResponse> {
    let view = View::of(&context);
    let exchange = context.exchange();
    let mut all = cases::list(exchange, None, None, String::new(), CASES_MAX).await?;
    all.reverse();
    let (closed, open): (Vec<CaseView>, Vec<CaseView>) =
        all.into_iter().partition(|case| case.status == CaseStatus::Closed);
    let names = figures::names(exchange).await?;
    let title = view.t("案件", "Cases");
    let body = html! {
        (parts::heading(title, view.t("哨兵规则发现异常即立案，请银行说明；银行只见自己的案件，不知触发的规则。", "A finding of the sentinels opens a case that asks the bank to explain. A bank sees its own, and not which rule it was.")))
        (done::done(&view))
        section.card {
            h2 { (view.t("未结", "Open")) }
            @if open.is_empty() { (parts::empty(view.t("没有未结案件。", "No case is open."))) }
            @else { (table(&view, &open, &names)) }
        }
        @if !closed.is_empty() {
            section.card { h2 { (view.t("已结", "Closed")) } (table(&view, &closed, &names)) }
        }
    };
    Ok(view.page(Menu::Cases, title, &body))
}

fn table(view: &View, all: &[CaseView], names: &HashMap<String, String>) -> Markup {
    html! {
        div.scroll { table.stack {
            thead { tr {
                th { (view.t("立案", "Opened")) } th { (view.t("银行", "Bank")) } th { (view.t("规则", "Rule")) }
                th.number { (view.t("所涉查询", "Pulls")) } th { (view.t("状态", "Status")) } th { (view.t("编号", "Id")) }
            } }
            tbody { @for case in all { tr {
                td data-label=(view.t("立案", "Opened")) { (parts::short_time(case.opened_at)) }
                td.name.all data-label=(view.t("银行", "Bank")) { (bank(case, names)) }
                td.fixed data-label=(view.t("规则", "Rule")) { (rule(view, case)) }
                td.number data-label=(view.t("所涉查询", "Pulls")) { (case.releases.len()) }
                td data-label=(view.t("状态", "Status")) { (status(view, case)) }
                td.id data-label=(view.t("编号", "Id")) { a href={ (PLACE) "/" (encoded(&case.id)) } title=(case.id) { (parts::short_id(&case.id)) } }
            } } }
        } }
    }
}

fn bank<'a>(case: &'a CaseView, names: &'a HashMap<String, String>) -> &'a str {
    names.get(case.bank.as_str()).map_or(case.bank.as_str(), String::as_str)
}

fn rule<'a>(view: &View, case: &'a CaseView) -> &'a str {
    case.finding.as_ref().map_or("—", |finding| view.t(&finding.rule_zh, finding.rule.as_str()))
}

fn status(view: &View, case: &CaseView) -> Markup {
    match (case.status, case.outcome) {
        (CaseStatus::Open, _) => badge(Tone::Bad, view.t("待说明", "Asked")),
        (CaseStatus::Answered, _) => badge(Tone::Warn, view.t("已说明，待办结", "Answered")),
        (CaseStatus::Closed, Some(outcome)) => {
            badge(outcome_tone(outcome), words::case_outcome(view.lang, outcome))
        }
        (CaseStatus::Closed, None) => badge(Tone::Quiet, view.t("已办结", "Closed")),
    }
}

fn outcome_tone(outcome: CaseOutcome) -> Tone {
    match outcome {
        CaseOutcome::Justified => Tone::Good,
        CaseOutcome::Unjustified => Tone::Bad,
        CaseOutcome::Inconclusive => Tone::Quiet,
    }
}

/// One case.
pub async fn show(context: Context) -> ServiceResult<HttpResponse> {
    let view = View::of(&context);
    let exchange = context.exchange();
    let case = cases::show(exchange, None, context.path("id")?).await?;
    let names = figures::names(exchange).await?;
    let body = html! {
        p.crumbs { a href=(PLACE) { (view.t("案件", "Cases")) } " / " code { (case.id) } }
        div.heading {
            h1 { (rule(&view, &case)) " " (status(&view, &case)) }
            p.quiet { (bank(&case, &names)) " · " (parts::time(case.opened_at)) }
        }
        (done::done(&view))
        div.two {
            div {
                section.card { h2 { (view.t("银行的说明", "What the bank says")) }
                    p.quiet { (view.t(&case.question.zh, &case.question.en)) }
                    @match &case.answer {
                        Some(answer) => { p.said { (answer.text) } p.quiet { (parts::time(answer.at)) } },
                        None => (parts::empty(view.t("尚未答复。", "No answer yet."))),
                    }
                }
                (ending(&view, &case))
            }
            div {
                @if let Some(finding) = &case.finding && view.is_bureau() {
                    section.card { h2 { (view.t("所见", "What was found")) } dl.facts {
                        @if let Some(taxpayer) = &finding.taxpayer_id { (fact(view.t("纳税人", "Taxpayer"), &html! { code { (taxpayer) } })) }
                        @for (name, value) in finding.detail.as_object().into_iter().flatten() {
                            (fact(words::measure(view.lang, name), &html! { (measured(value)) }))
                        }
                    } }
                }
                (pulls(&view, &case))
            }
        }
    };
    Ok(view.page(Menu::Cases, view.t("案件", "Case"), &body))
}

fn measured(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn pulls(view: &View, case: &CaseView) -> Markup {
    const SHOWN: usize = 50;
    html! {
        section.card {
            h2 { (view.t("所涉查询", "The pulls")) " " (badge(Tone::Quiet, &case.releases.len().to_string())) }
            ul.links { @for id in case.releases.iter().take(SHOWN) {
                li { a href={ "/console/releases/" (encoded(id)) } title=(id) { code { (parts::short_id(id)) } } }
            } }
            (super::holds::links(view, &[("member", case.bank.as_str(), view.t("冻结该银行…", "Hold this bank…"))]))
        }
    }
}

fn ending(view: &View, case: &CaseView) -> Markup {
    let note = case.finding.as_ref().and_then(|finding| finding.note.as_deref()).filter(|_| view.is_bureau());
    html! {
        @if let Some(at) = case.closed_at {
            section.card {
                h2 { (view.t("办结", "How it ended")) " " (status(view, case)) }
                @if let Some(note) = note { p.said { (note) } }
                p.quiet { (parts::time(at)) }
            }
        } @else if view.is_bureau() {
            form.card method="post" action={ (PLACE) "/" (encoded(&case.id)) "/closure" } {
                (view.token())
                h2 { (view.t("办结", "Close it")) }
                div.row.stacked {
                    label { span { (view.t("认定", "Finding")) } select name="outcome" required {
                        option value="" { "—" }
                        @for outcome in CaseOutcome::ALL { option value=(outcome.as_str()) { (words::case_outcome(view.lang, *outcome)) } }
                    } }
                    label { span { (view.t("办结意见（银行不可见）", "Note (no bank sees it)")) } textarea name="note" maxlength=(TEXT_LENGTH_MAX) required {} }
                }
                div.buttons { button type="submit" { (view.t("办结并记入账本", "Close, and record it")) } }
            }
        }
    }
}

/// Closes a case.
pub async fn close(context: Context) -> ServiceResult<HttpResponse> {
    let form = Form::read(&context)?;
    let id = context.path("id")?;
    let outcome: CaseOutcome = form
        .text("outcome")
        .and_then(|outcome| outcome.parse().ok())
        .ok_or_else(|| ServiceError::invalid("/outcome", "must be chosen"))?;
    // Browsers send CR LF between lines.
    let note = form.text("note").unwrap_or_default().replace('\r', "");
    cases::close(context.exchange(), &Actor::from(&context.caller), id.clone(), outcome, note, None).await?;
    Ok(back(&format!("{PLACE}/{}", encoded(&id)), "closed"))
}
