//! `/notifications`: what the firm was told.

use std::collections::HashMap;

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::attention::Attention;
use super::frame::Menu;
use super::visit::Visit;
use crate::domain::member::MemberId;
use crate::http::html::lang::Lang;
use crate::http::html::parts::{Tone, badge, date, empty, time};
use crate::service::error::ServiceResult;
use crate::service::figures::names;
use crate::service::notifications::{self, Notice, NoticeKind, NoticeView};

/// One page of notices.
pub async fn show(visit: Visit) -> ServiceResult<HttpResponse> {
    let before = visit.asked("before").map(str::to_owned);
    let page = notifications::list(&visit.exchange, visit.acting()?, before.clone()).await?;
    let names = names(&visit.exchange).await?;
    let body = html! {
        div.heading {
            h1 { (visit.t("通知", "Notifications")) }
            p.quiet { (unread_words(visit.lang, page.unread)) }
        }
        @if let Some(newest) = page.items.first().filter(|_| page.unread > 0 && before.is_none()) {
            form.buttons method="post" action="/notifications/read" {
                (visit.token())
                input type="hidden" name="newest" value=(newest.id);
                button.plain.small type="submit" { (visit.t("全部标为已读", "Mark all as read")) }
            }
        }
        section.card {
            @if page.items.is_empty() { (empty(visit.t("还没有通知。", "There are no notices."))) }
            ul.list { @for view in &page.items { li { (item(&visit, view, &names)) } } }
        }
        @if before.is_some() || page.next.is_some() {
            nav.pages aria-label=(visit.t("翻页", "Pages")) {
                @if before.is_some() { a.button.plain.small href="/notifications" { (visit.t("最新的", "Newest")) } }
                @if let Some(next) = &page.next {
                    a.button.plain.small href={ "/notifications?before=" (next) } { (visit.t("更早的", "Earlier")) }
                }
            }
        }
    };
    Ok(visit.page(Menu::Notifications, "通知", "Notifications", &body))
}

/// Marks what was shown as read.
pub async fn read(visit: Visit) -> ServiceResult<HttpResponse> {
    let newest = visit.form()?.required("newest")?.to_owned();
    notifications::mark_read(&visit.exchange, visit.acting()?, newest).await?;
    Ok(visit.done("/notifications", "read"))
}

/// Unread notices want attention.
pub async fn attention(visit: &Visit) -> ServiceResult<Option<Attention>> {
    let unread = notifications::unread(&visit.exchange, visit.acting()?).await?;
    Ok((unread > 0).then(|| Attention {
        zh: unread_words(Lang::Zh, unread),
        en: unread_words(Lang::En, unread),
        href: "/notifications".into(),
        urgency: Tone::Good,
    }))
}

fn unread_words(lang: Lang, unread: u64) -> String {
    match (lang, unread) {
        (Lang::Zh, 0) => "没有未读通知".into(),
        (Lang::Zh, unread) => format!("{unread} 条未读通知"),
        (Lang::En, 0) => "Nothing unread".into(),
        (Lang::En, 1) => "1 unread notice".into(),
        (Lang::En, unread) => format!("{unread} unread notices"),
    }
}

fn item(visit: &Visit, view: &NoticeView, names: &HashMap<String, String>) -> Markup {
    let title = title(visit.lang, view.notice.kind());
    html! {
        p {
            b { (title) } " "
            @if !view.read { (badge(Tone::Warn, visit.t("未读", "Unread"))) " " }
            span.quiet { (time(view.at)) }
        }
        p { (words(visit.lang, &view.notice, names)) }
        p { a.quiet-link href=(page_about(&view.notice)) { (visit.t("查看", "Look")) span.unseen { " " (title) } } }
    }
}

/// What a kind of notice is called.
fn title(lang: Lang, kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Accessed => lang.pick("数据查询", "Data accessed"),
        NoticeKind::Requested => lang.pick("授权请求", "Authorisation asked for"),
        NoticeKind::RequestWaiting => lang.pick("授权请求待确认", "A request still waits"),
        NoticeKind::Expiring => lang.pick("授权将到期", "An authorisation runs out"),
        NoticeKind::Suspended => lang.pick("授权已中止", "An authorisation rests"),
        NoticeKind::Revoked => lang.pick("授权已撤回", "An authorisation was revoked"),
        NoticeKind::ViolationTold => lang.pick("违法记录告知", "Notice of a violation"),
        NoticeKind::CorrectionResolved => lang.pick("更正申请已办结", "A correction was decided"),
        NoticeKind::CaseAnswered => lang.pick("异议处理进展", "Your dispute"),
    }
}

/// The page that says more.
fn page_about(notice: &Notice) -> String {
    match notice {
        Notice::Accessed { .. } => "/accesses".into(),
        Notice::Requested { .. } | Notice::RequestWaiting { .. } => "/requests".into(),
        Notice::Expiring { consent_id, .. }
        | Notice::Suspended { consent_id, .. }
        | Notice::Revoked { consent_id, .. } => format!("/consents/{consent_id}"),
        Notice::ViolationTold { .. } => "/my-data/violations".into(),
        Notice::CorrectionResolved { .. } => "/my-data".into(),
        Notice::CaseAnswered { release_id, .. } => format!("/accesses/{release_id}"),
    }
}

/// What it says, with the banks by their names.
fn words(lang: Lang, notice: &Notice, names: &HashMap<String, String>) -> String {
    let called = |bank: &MemberId| names.get(bank.as_str()).cloned().unwrap_or_else(|| bank.to_string());
    let bank = notice.bank().map(called).unwrap_or_default();
    let said = |zh: String, en: String| match lang {
        Lang::Zh => zh,
        Lang::En => en,
    };
    match notice {
        Notice::Accessed { day, provided, refused, .. } => said(
            format!("{day}，{bank}查询了本企业的数据：已提供 {provided} 次，未提供 {refused} 次。"),
            format!("On {day} {bank} asked for this firm's data: provided {provided}, refused {refused}."),
        ),
        Notice::Requested { .. } => said(
            format!("有一项向{bank}提供数据的授权等待确认。是否授权由您决定。"),
            format!("An authorisation for {bank} waits for your decision."),
        ),
        Notice::RequestWaiting { .. } => said(
            format!("向{bank}提供数据的授权请求仍未确认，逾期将自动失效。"),
            format!("The request for {bank} still waits; unanswered it lapses."),
        ),
        Notice::Expiring { valid_to, days_before, .. } => said(
            format!("对{bank}的授权将于 {days_before} 天内到期（{}）。", date(*valid_to)),
            format!("The authorisation for {bank} runs out within {days_before} days ({}).", date(*valid_to)),
        ),
        Notice::Suspended { .. } => said(
            format!("登记的法定代表人已变更，对{bank}的授权暂停使用，须由新的法定代表人恢复或撤回。"),
            format!(
                "The registered representative changed: the authorisation for {bank} rests until the new one resumes or revokes it."
            ),
        ),
        Notice::Revoked { .. } => said(
            format!("对{bank}的授权已撤回，该银行不能再查询。"),
            format!("The authorisation for {bank} was revoked: the bank can ask no more."),
        ),
        Notice::ViolationTold { released_from, .. } => said(
            format!(
                "一条违法违章记录自 {released_from} 起可能随授权提供给银行。在此之前您可以附具说明，说明会随记录一并提供。"
            ),
            format!(
                "From {released_from} on a violation may be part of what banks get. Until then you can attach a statement that travels with it."
            ),
        ),
        Notice::CorrectionResolved { .. } => {
            said("您申请更正的记录已有处理结果。".into(), "The correction you asked for was decided.".into())
        }
        Notice::CaseAnswered { closed: true, .. } => said(
            "税务机关已办结您对一次查询提出的异议。".into(),
            "The bureau has closed the case about the access you disputed.".into(),
        ),
        Notice::CaseAnswered { closed: false, .. } => said(
            "银行已就您提出异议的查询作出说明，税务机关正在核查。".into(),
            "The bank has answered about the access you disputed; the bureau looks into it.".into(),
        ),
    }
}
