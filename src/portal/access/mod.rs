//! `/accesses`: who saw my data. Every release, repetition and refusal, with its place in the ledger.

pub mod detail;
pub mod proof;

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::frame::Menu;
use super::visit::Visit;
use crate::domain::section::Section;
use crate::http::html::lang::Lang;
use crate::http::html::parts::{Tone, badge, count, empty, time};
use crate::http::html::words;
use crate::service::accesses::{self, AccessOutcome, AccessView};
use crate::service::error::{ServiceError, ServiceResult};

/// One page of the firm's accesses.
pub async fn list(visit: Visit) -> ServiceResult<HttpResponse> {
    let before = match visit.asked("before") {
        Some(text) => Some(text.parse().map_err(|_| ServiceError::NotFound)?),
        None => None,
    };
    let page = accesses::list(&visit.exchange, visit.acting()?, before).await?;
    let body = html! {
        div.heading {
            h1 { (visit.t("谁查过我的数据", "Who saw my data")) }
            p.quiet { (visit.t(
                "银行每一次查询，无论是否提供，都先写入不可篡改的存证账本，再作答。这里逐次列出。",
                "Every pull by a bank, answered or refused, is written to a ledger that nobody can rewrite before it is answered. Here is each of them.",
            )) }
        }
        section.card {
            @if page.items.is_empty() {
                (empty(visit.t("还没有银行查询过本企业的数据。", "No bank has asked for this firm's data.")))
            }
            ul.list.accesses {
                @for access in &page.items { li { (line(&visit, access)) } }
            }
        }
        @if before.is_some() || page.next.is_some() {
            nav.pages aria-label=(visit.t("翻页", "Pages")) {
                @if before.is_some() { a.button.plain.small href="/accesses" { (visit.t("最新的", "Newest")) } }
                @if let Some(next) = page.next {
                    a.button.plain.small href={ "/accesses?before=" (next) } { (visit.t("更早的", "Earlier")) }
                }
            }
        }
    };
    Ok(visit.page(Menu::Accesses, "谁查过我的数据", "Who saw my data", &body))
}

fn line(visit: &Visit, access: &AccessView) -> Markup {
    html! {
        p { (outcome(visit.lang, access.outcome)) " " span.quiet { (time(access.at)) } }
        p { (sentence(visit.lang, access)) }
        p {
            a.quiet-link href={ "/accesses/" (access.id) } {
                (visit.t("查看与核验", "Look and verify"))
                span.unseen { (visit.t(" 存证序号 ", " entry ")) (count(access.index)) }
            }
        }
    }
}

/// What became of it, in a coloured field.
pub fn outcome(lang: Lang, outcome: AccessOutcome) -> Markup {
    let tone = if outcome.provided() { Tone::Good } else { Tone::Warn };
    let text = match outcome.provided() {
        true => lang.pick(outcome.label_zh(), outcome.label_en()),
        false => lang.pick("未提供", "Not provided"),
    };
    badge(tone, text)
}

/// The line of the access log (`lending.md`).
pub fn sentence(lang: Lang, access: &AccessView) -> String {
    let sections = sections(lang, &access.sections);
    let number = access.number.as_deref().unwrap_or(&access.consent_id);
    let purpose = words::purpose(lang, &access.purpose);
    match lang {
        Lang::Zh => format!(
            "{}依据授权 {number}，以“{purpose}”为目的查询了{sections}；结果：{}。存证序号 {}，可自行核验。",
            access.bank_name,
            access.outcome.label_zh(),
            count(access.index)
        ),
        Lang::En => format!(
            "{} asked for {sections} under authorisation {number}, for the purpose “{purpose}”. {}. Entry {} of the ledger, which you can verify yourself.",
            access.bank_name,
            access.outcome.label_en(),
            count(access.index)
        ),
    }
}

/// Names of sections, one after the other.
pub fn sections(lang: Lang, names: &[String]) -> String {
    let named: Vec<&str> = names
        .iter()
        .map(|name| name.parse::<Section>().map_or(name.as_str(), |section| words::section(lang, section)))
        .collect();
    named.join(lang.pick("、", ", "))
}
