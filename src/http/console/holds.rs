//! 冻结: what the bureau holds, and the form that places a hold.

use std::collections::HashMap;

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::done;
use super::forms::{Form, back};
use super::view::{Menu, View, encoded};
use crate::domain::hold::{HoldKind, HoldStatus};
use crate::domain::section::Section;
use crate::domain::timestamp::Timestamp;
use crate::http::gate::Context;
use crate::http::html::parts::{self, Tone, badge};
use crate::http::html::words;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::figures;
use crate::service::holds::{self, HoldView, NewHold};
use crate::service::proposals::{self, HoldSubmitted};

/// Holds read.
const HOLDS_MAX: i64 = 1_000;
const PLACE: &str = "/console/holds";

/// The page.
pub async fn show(context: Context) -> ServiceResult<HttpResponse> {
    let view = View::of(&context);
    let exchange = context.exchange();
    let mut all = holds::list(exchange, String::new(), HOLDS_MAX).await?;
    all.reverse();
    let (active, past): (Vec<HoldView>, Vec<HoldView>) =
        all.into_iter().partition(|hold| hold.status == HoldStatus::Active);
    let names = figures::names(exchange).await?;
    let title = view.t("冻结", "Holds");
    let body = html! {
        (parts::heading(title, view.t("冻结立即生效：所及内容不再放行，银行所见与授权无效相同。", "A hold bites at once: what it names no longer leaves, and a bank sees what it sees of any consent not in force.")))
        (done::done(&view))
        section.card {
            h2 { (view.t("生效中", "In force")) }
            @if active.is_empty() { (parts::empty(view.t("目前没有冻结。", "Nothing is held."))) }
            @else { (table(&view, &active, &names, true)) }
        }
        @if view.is_bureau() { (form(&view, &names)) }
        @if !past.is_empty() {
            section.card { h2 { (view.t("已解除或到期", "Lifted or over")) } (table(&view, &past, &names, false)) }
        }
    };
    Ok(view.page(Menu::Holds, title, &body))
}

fn table(view: &View, all: &[HoldView], names: &HashMap<String, String>, liftable: bool) -> Markup {
    let liftable = liftable && view.is_bureau();
    html! {
        div.scroll { table.stack {
            thead { tr {
                th { (view.t("对象", "Held")) } th { (view.t("理由", "Reason")) } th { (view.t("实施", "Placed")) }
                th { (view.t("至", "Until")) } th { (view.t("状态", "Status")) }
                @if liftable { th { span.unseen { (view.t("操作", "Actions")) } } }
            } }
            tbody { @for hold in all { tr {
                td.name.all data-label=(view.t("对象", "Held")) { span { span.quiet { (words::hold_kind(view.lang, hold.target)) } " " b { (value(view, hold, names)) } } }
                td.prose data-label=(view.t("理由", "Reason")) { (hold.reason) }
                td data-label=(view.t("实施", "Placed")) { (parts::short_time(hold.placed_at)) }
                td data-label=(view.t("至", "Until")) {
                    @match hold.until { Some(until) => (parts::short_time(until)), None => "—" }
                }
                td data-label=(view.t("状态", "Status")) { (status(view, hold.status)) }
                @if liftable { td.actions { form method="post" action={ (PLACE) "/" (encoded(&hold.id)) "/lifting" } {
                    (view.token()) button.plain type="submit" { (view.t("解除", "Lift")) }
                } } }
            } } }
        } }
    }
}

/// What is held; a taxpayer's number is for the bureau.
fn value(view: &View, hold: &HoldView, names: &HashMap<String, String>) -> String {
    match hold.target {
        HoldKind::Taxpayer if !view.is_bureau() => "···".to_owned(),
        HoldKind::Section => match hold.value.parse::<Section>() {
            Ok(section) => words::section(view.lang, section).to_owned(),
            Err(_) => hold.value.clone(),
        },
        HoldKind::Member => names.get(&hold.value).unwrap_or(&hold.value).clone(),
        HoldKind::Product | HoldKind::Taxpayer => hold.value.clone(),
    }
}

fn status(view: &View, status: HoldStatus) -> Markup {
    match status {
        HoldStatus::Active => badge(Tone::Bad, view.t("生效中", "In force")),
        HoldStatus::Expired => badge(Tone::Quiet, view.t("已到期", "Over")),
        HoldStatus::Lifted => badge(Tone::Quiet, view.t("已解除", "Lifted")),
    }
}

/// One field a kind: exactly one of them is to be filled in, which works without a script.
fn form(view: &View, names: &HashMap<String, String>) -> Markup {
    let mut banks: Vec<_> = names.iter().filter(|(id, _)| super::releases::is_bank(id)).collect();
    banks.sort();
    // What another page proposes to hold.
    let asked = |name: &str| view.asked(name).unwrap_or_default();
    html! {
        form.card #place method="post" action=(PLACE) {
            (view.token())
            h2 { (view.t("实施冻结", "Place a hold")) }
            p.quiet { (view.t("以下四项恰填一项。", "Fill in exactly one of these four.")) }
            div.row.four {
                label { span { (view.t("银行", "Bank")) } select name="member" {
                    option value="" { "—" }
                    @for (id, name) in banks { option value=(id) selected[asked("member") == id.as_str()] { (name) } }
                } }
                label { span { (view.t("产品编号", "Product id")) } input name="product" maxlength="64" autocomplete="off" value=(asked("product")); }
                label { span { (view.t("项目", "Section")) } select name="section" {
                    option value="" { "—" }
                    @for section in Section::ALL { option value=(section.as_str()) { (words::section(view.lang, section)) } }
                } }
                label { span { (view.t("纳税人识别号", "Taxpayer")) } input name="taxpayer" maxlength="20" autocomplete="off" value=(asked("taxpayer")); }
            }
            div.row.wide {
                label { span { (view.t("理由（银行不可见）", "Reason (no bank sees it)")) } textarea name="reason" maxlength="500" required {} }
                label { span { (view.t("至（不含；不填则须人工解除）", "Until, excluded; empty: until lifted")) } input type="date" name="until"; }
            }
            div.buttons { button.danger type="submit" { (view.t("立即冻结", "Hold now")) } }
        }
    }
}

/// Links that propose a hold, with everything but the reason filled in.
pub fn links(view: &View, targets: &[(&str, &str, &str)]) -> Markup {
    html! {
        @if view.is_bureau() {
            p.also { @for (name, value, text) in targets {
                a href={ (PLACE) "?" (name) "=" (encoded(value)) "#place" } { (text) }
            } }
        }
    }
}

/// Places a hold.
pub async fn place(context: Context) -> ServiceResult<HttpResponse> {
    let form = Form::read(&context)?;
    let text = |name: &str| form.text(name).map(str::to_owned);
    let until = match form.text("until") {
        None => None,
        Some(day) => {
            let day = day.parse().map_err(|_| ServiceError::invalid("/until", "must be a date"))?;
            Some(Timestamp::shanghai_midnight(day))
        }
    };
    let new = NewHold {
        member: text("member"),
        product: text("product"),
        section: text("section"),
        taxpayer: text("taxpayer"),
        reason: text("reason").unwrap_or_default(),
        until,
    };
    let submitted = proposals::place_hold(context.exchange(), (&context.caller).into(), new, None).await?;
    Ok(back(PLACE, notice(&submitted, "held")))
}

/// Lifts a hold.
pub async fn lift(context: Context) -> ServiceResult<HttpResponse> {
    Form::read(&context)?;
    let person = (&context.caller).into();
    let submitted = proposals::lift_hold(context.exchange(), person, context.path("id")?, None).await?;
    Ok(back(PLACE, notice(&submitted, "lifted")))
}

/// What the page says then: that it is done, or that it waits for a second person.
fn notice(submitted: &HoldSubmitted, done: &'static str) -> &'static str {
    match submitted {
        HoldSubmitted::Done(_) => done,
        HoldSubmitted::Proposed(_) => "proposed",
    }
}
