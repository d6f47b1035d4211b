//! `/consents`: the firm's authorisations — what each allows, to whom, until when, how often it was used — and taking
//! one back.

pub mod change;
pub mod one;

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::attention::Attention;
use super::frame::Menu;
use super::grant::words::sections;
use super::visit::Visit;
use crate::domain::consent::ConsentStatus;
use crate::http::html::parts::{Tone, badge, date, empty, time};
use crate::http::html::words::consent_status;
use crate::service::error::ServiceResult;
use crate::service::firm_consents::{OwnConsent, page};

/// Authorisations on a page.
const PAGE: i64 = 20;
/// Looked through for what wants attention.
const ATTENTION_MAX: i64 = 200;
/// Days before its end from which an authorisation is said to be ending.
const ENDING_DAYS: i64 = 7;
/// Microseconds in a day.
const DAY_MICROS: i64 = 86_400 * 1_000_000;

/// The firm's authorisations, newest first.
pub async fn list(visit: Visit) -> ServiceResult<HttpResponse> {
    let before = visit.asked("before").map(str::to_owned);
    let found = page(&visit.exchange, visit.acting()?, before.clone(), PAGE + 1).await?;
    let shown = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let next = found.get(shown.saturating_sub(1)).filter(|_| found.len() > shown);
    let next = next.map(|last| visit.link(&["before"], &[("before", last.consent.terms.id.as_str())]));
    let body = html! {
        div.heading {
            h1 { (visit.t("我的授权", "My authorisations")) }
            p.quiet { (visit.t(
                "每份授权只对一家银行有效，可以随时撤回。",
                "Each is for one bank, and can be revoked at any time.",
            )) }
        }
        p.buttons { a.button href="/grant" { (visit.t("新建授权", "New authorisation")) } }
        @if found.is_empty() {
            section.card { (empty(visit.t("还没有任何授权，银行查询不到贵单位的信息。", "There is none: no bank can query your firm's data."))) }
        }
        ul.consents { @for one in found.iter().take(shown) { li { (card(&visit, one)) } } }
        @if before.is_some() || next.is_some() {
            nav.pages aria-label=(visit.t("翻页", "Pages")) {
                @if before.is_some() { a.button.plain href="/consents" { (visit.t("回到最新", "Newest")) } }
                @if let Some(next) = &next { a.button.plain href=(next) { (visit.t("更早的授权", "Older")) } }
            }
        }
    };
    Ok(visit.page(Menu::Consents, "我的授权", "My authorisations", &body))
}

fn card(visit: &Visit, one: &OwnConsent) -> Markup {
    let terms = &one.consent.terms;
    html! {
        article.card {
            p.spread {
                a.name href={ "/consents/" (terms.id) } { b { (one.bank_name) } " · " (one.product_name) }
                (status(visit, one))
            }
            p { (sections(visit.lang, &terms.sections)) }
            p.quiet {
                (visit.t("已查询 ", "queried ")) (one.consent.pulls_used) " / " (terms.pulls_max) (visit.t(" 次", " times"))
                @if let Some(last) = one.last_release { (visit.t("，最近一次 ", ", last on ")) (time(last)) }
                (visit.t("；有效至 ", "; until ")) (date(terms.valid_to))
            }
            p.quiet { (visit.t("授权编号 ", "No. ")) (one.number) }
            p.buttons {
                a.button.plain.small href={ "/consents/" (terms.id) } { (visit.t("查看", "Look")) span.unseen { " " (one.bank_name) " " (one.number) } }
                @if can_revoke(one.consent.status) {
                    a.button.plain.small href={ "/consents/" (terms.id) "/revoke" } { (visit.t("撤回", "Revoke")) span.unseen { " " (one.bank_name) " " (one.number) } }
                }
            }
        }
    }
}

/// Its status, as a badge.
pub fn status(visit: &Visit, one: &OwnConsent) -> Markup {
    let standing = one.consent.status;
    let tone = match standing {
        ConsentStatus::Granted => Tone::Good,
        ConsentStatus::Suspended => Tone::Warn,
        ConsentStatus::Draft
        | ConsentStatus::Requested
        | ConsentStatus::Declined
        | ConsentStatus::Lapsed
        | ConsentStatus::Revoked
        | ConsentStatus::Expired
        | ConsentStatus::Exhausted
        | ConsentStatus::Superseded => Tone::Quiet,
    };
    badge(tone, consent_status(visit.lang, standing.as_str()))
}

/// Whether there is anything to take back.
pub fn can_revoke(status: ConsentStatus) -> bool {
    match status {
        ConsentStatus::Granted | ConsentStatus::Suspended | ConsentStatus::Exhausted => true,
        ConsentStatus::Draft
        | ConsentStatus::Requested
        | ConsentStatus::Declined
        | ConsentStatus::Lapsed
        | ConsentStatus::Revoked
        | ConsentStatus::Expired
        | ConsentStatus::Superseded => false,
    }
}

/// What of it wants attention: what rests, what ends soon.
pub async fn attention(visit: &Visit) -> ServiceResult<Vec<Attention>> {
    let found = page(&visit.exchange, visit.acting()?, None, ATTENTION_MAX).await?;
    let one = |one: OwnConsent| {
        let (bank, terms) = (&one.bank_name, &one.consent.terms);
        let (zh, en, urgency) = match one.consent.status {
            ConsentStatus::Suspended => (
                format!("授权已中止，请决定恢复或撤回：{bank}"),
                format!("Suspended, to be resumed or revoked: {bank}"),
                Tone::Bad,
            ),
            ConsentStatus::Granted if terms.valid_to.since_micros(visit.now) <= ENDING_DAYS * DAY_MICROS => (
                format!("授权即将到期（{}）：{bank}", date(terms.valid_to)),
                format!("Ends on {}: {bank}", date(terms.valid_to)),
                Tone::Quiet,
            ),
            ConsentStatus::Granted
            | ConsentStatus::Draft
            | ConsentStatus::Requested
            | ConsentStatus::Declined
            | ConsentStatus::Lapsed
            | ConsentStatus::Revoked
            | ConsentStatus::Expired
            | ConsentStatus::Exhausted
            | ConsentStatus::Superseded => return None,
        };
        Some(Attention { zh, en, href: format!("/consents/{}", terms.id), urgency })
    };
    Ok(found.into_iter().filter_map(one).collect())
}
