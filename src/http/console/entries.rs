//! 条目: the ledger, searched. Each page that is read is an entry itself.

use std::collections::HashMap;

use actix_web::HttpResponse;
use chrono::Days;
use maud::{Markup, html};

use super::overview::tone;
use super::view::{Menu, View, encoded};
use crate::domain::timestamp::Timestamp;
use crate::http::gate::Context;
use crate::http::html::parts::{self, badge, count};
use crate::http::html::words;
use crate::ledger::entry::EntryKind;
use crate::service::audit::{self, AuditedEntry, EntryFilter, EntryPage};
use crate::service::error::ServiceResult;
use crate::service::figures;

/// Entries on a page.
const ROWS: u32 = 50;

/// The page.
pub async fn show(context: Context) -> ServiceResult<HttpResponse> {
    let view = View::of(&context);
    let exchange = context.exchange();
    let text = |name: &str| view.asked(name).map(str::to_owned);
    let day = |name: &str, days: u64| {
        let date = parts::parse_date(view.asked(name))?;
        date.checked_add_days(Days::new(days)).map(Timestamp::shanghai_midnight)
    };
    let filter = EntryFilter {
        taxpayer: text("taxpayer"),
        member: text("member"),
        kind: view.asked("kind").and_then(|kind| kind.parse().ok()),
        outcome: None,
        bank_ref: text("bank_ref"),
        from: day("from", 0),
        to: day("to", 1),
        mandate: text("mandate"),
    };
    let after = view.asked("after").and_then(|after| after.parse().ok());
    let page = audit::entries(exchange, &context.caller, &filter, after, ROWS, true).await?;
    let names = figures::names(exchange).await?;
    let title = view.t("条目检索", "Entries");
    let body = html! {
        (parts::heading(title, view.t("全部条目依序编号，不可改写；每次检索也记入账本。", "Every entry has its place and cannot be rewritten. A search is an entry, too.")))
        (filters(&view, &names))
        section.card { (list(&view, &page, &names)) }
    };
    Ok(view.page(Menu::Entries, title, &body))
}

fn filters(view: &View, names: &HashMap<String, String>) -> Markup {
    let mut members: Vec<_> = names.iter().collect();
    members.sort();
    let value = |name: &str| view.asked(name).unwrap_or_default();
    html! {
        form.card.filters.many method="get" action="/console/entries" {
            label { span { (view.t("成员", "Member")) } select name="member" {
                option value="" { (view.t("全部成员", "All members")) }
                @for (id, name) in members { option value=(id) selected[value("member") == id.as_str()] { (name) } }
            } }
            label { span { (view.t("事项", "What")) } select name="kind" {
                option value="" { (view.t("全部事项", "Everything")) }
                @for kind in EntryKind::ALL {
                    option value=(kind.as_str()) selected[value("kind") == kind.as_str()] { (words::kind(view.lang, kind.as_str())) }
                }
            } }
            @if view.is_bureau() {
                label { span { (view.t("纳税人识别号", "Taxpayer")) } input name="taxpayer" maxlength="20" value=(value("taxpayer")) autocomplete="off"; }
            } @else {
                label { span { (view.t("调阅批件", "Mandate")) } input name="mandate" maxlength="64" value=(value("mandate")) autocomplete="off"; }
            }
            label { span { (view.t("银行编号", "Bank's reference")) } input name="bank_ref" maxlength="64" value=(value("bank_ref")) autocomplete="off"; }
            label { span { (view.t("自", "From")) } input type="date" name="from" value=(value("from")); }
            label { span { (view.t("至", "To")) } input type="date" name="to" value=(value("to")); }
            div.buttons {
                button type="submit" { (view.t("检索", "Search")) }
                a.button.plain href="/console/entries" { (view.t("重置", "Reset")) }
            }
        }
    }
}

fn list(view: &View, page: &EntryPage, names: &HashMap<String, String>) -> Markup {
    html! {
        @if page.items.is_empty() { (parts::empty(view.t("没有符合条件的条目。", "Nothing matches."))) }
        @else {
            div.scroll { table.stack {
                thead { tr {
                    th.number { (view.t("序号", "Index")) } th { (view.t("时间", "Time")) } th { (view.t("事项", "What")) }
                    th { (view.t("成员", "Member")) } th { (view.t("纳税人", "Taxpayer")) } th { (view.t("结果", "Outcome")) }
                    th { (view.t("对象", "Object")) }
                } }
                tbody { @for item in &page.items { (line(view, item, names)) } }
            } }
            @if let Some(next) = page.next {
                p.more { a.button.plain href=(view.link(&["done"], &[("after", &next.to_string())])) { (view.t("更早的条目", "Older ones")) } }
            }
        }
    }
}

fn line(view: &View, item: &AuditedEntry, names: &HashMap<String, String>) -> Markup {
    html! {
        tr {
            td.number data-label=(view.t("序号", "Index")) { (count(item.index)) }
            td data-label=(view.t("时间", "Time")) { (parts::short_time(item.at)) }
            td data-label=(view.t("事项", "What")) { (badge(tone(&item.kind), words::kind(view.lang, &item.kind))) }
            td.name.all data-label=(view.t("成员", "Member")) { (names.get(&item.member).unwrap_or(&item.member)) }
            td.id data-label=(view.t("纳税人", "Taxpayer")) { (item.taxpayer_id.as_deref().unwrap_or("—")) }
            td.fixed data-label=(view.t("结果", "Outcome")) {
                @match item.outcome.as_deref() { Some(outcome) => (words::outcome(view.lang, outcome)), None => "—" }
            }
            td.id data-label=(view.t("对象", "Object")) { (object(&item.kind, &item.id)) }
        }
    }
}

/// The object of an entry, with a link where it has a page.
pub fn object(kind: &str, id: &str) -> Markup {
    let place = match kind {
        "release.granted" | "release.refused" | "release.repeated" => Some("/console/releases/"),
        "product.submitted" | "product.approved" => Some("/console/products/"),
        _other => None,
    };
    html! {
        @if let Some(place) = place {
            a href={ (place) (encoded(id)) } title=(id) { (parts::short_id(id)) }
        } @else { span title=(id) { (parts::short_id(id)) } }
    }
}
