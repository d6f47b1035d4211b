//! 放行: every pull that was decided, with filters, by day and by bank.

use std::collections::{BTreeMap, HashMap};

use actix_web::HttpResponse;
use chrono::{Days, NaiveDate};
use maud::{Markup, html};

use super::overview::days_chart;
use super::view::{Menu, View, encoded};
use crate::http::gate::Context;
use crate::http::html::chart::row_bar;
use crate::http::html::parts::{self, Tone, badge, count};
use crate::http::html::words;
use crate::service::error::ServiceResult;
use crate::service::figures::{self, Day, bounds};
use crate::store::figures::ReleaseFilter;
use crate::store::releases::{OUTCOME_GRANTED, ReleaseRow};

/// Days shown unless asked otherwise.
const DAYS: u64 = 14;
/// Releases on a page.
const ROWS: usize = 50;

/// What the reader asked for.
struct Asked {
    from: NaiveDate,
    to: NaiveDate,
    bank: Option<String>,
    granted: Option<bool>,
}

impl Asked {
    fn of(view: &View) -> Self {
        let today = view.now.shanghai_date();
        let to = parts::parse_date(view.asked("to")).unwrap_or(today);
        let from = parts::parse_date(view.asked("from")).filter(|from| *from <= to);
        Self {
            from: from.unwrap_or_else(|| to.checked_sub_days(Days::new(DAYS - 1)).unwrap_or(to)),
            to,
            bank: view.asked("bank").map(str::to_owned),
            granted: match view.asked("outcome") {
                Some("granted") => Some(true),
                Some("refused") => Some(false),
                Some(_) | None => None,
            },
        }
    }

    fn narrow(&self, mut day: Day) -> Day {
        day.counts.retain(|one| {
            self.bank.as_ref().is_none_or(|bank| *bank == one.bank)
                && self.granted.is_none_or(|granted| granted == one.granted)
        });
        day
    }
}

/// The page.
pub async fn show(context: Context) -> ServiceResult<HttpResponse> {
    let view = View::of(&context);
    let exchange = context.exchange();
    let asked = Asked::of(&view);
    let names = figures::names(exchange).await?;
    let all = figures::by_day(exchange, asked.from, asked.to).await?;
    let days: Vec<Day> = all.into_iter().map(|day| asked.narrow(day)).collect();
    let filter = ReleaseFilter {
        bank: asked.bank.clone(),
        granted: asked.granted,
        from_id: Some(bounds(asked.from).0),
        before_id: Some(view.asked("before").map_or(bounds(asked.to).1, str::to_owned)),
    };
    let limit = i64::try_from(ROWS + 1).unwrap_or(i64::MAX);
    let rows = figures::newest_releases(exchange, &view.caller, filter, limit).await?;
    let title = view.t("放行", "Releases");
    let body = html! {
        (parts::heading(title, view.t("每一次查询，无论放行或拒绝，均先记入账本。", "Every pull, released or refused, is in the ledger before a byte leaves.")))
        (filters(&view, &asked, &names))
        @if view.asked("before").is_none() {
            div.two {
                section.card { h2 { (view.t("按日", "By day")) } (days_chart(&view, &days)) }
                section.card { h2 { (view.t("按银行", "By bank")) } (by_bank(&view, &days, &names)) }
            }
        }
        section.card {
            h2 { (view.t("明细", "One by one")) }
            (list(&view, &rows, &names))
        }
    };
    Ok(view.page(Menu::Releases, title, &body))
}

fn filters(view: &View, asked: &Asked, names: &HashMap<String, String>) -> Markup {
    let mut banks: Vec<(&String, &String)> = names.iter().filter(|(id, _)| is_bank(id)).collect();
    banks.sort();
    let outcome = |code: &str| view.asked("outcome") == Some(code);
    html! {
        form.card.filters method="get" action="/console/releases" {
            label { span { (view.t("银行", "Bank")) }
                select name="bank" {
                    option value="" { (view.t("全部银行", "All banks")) }
                    @for (id, name) in banks {
                        option value=(id) selected[asked.bank.as_ref() == Some(id)] { (name) }
                    }
                }
            }
            label { span { (view.t("结果", "Outcome")) }
                select name="outcome" {
                    option value="" { (view.t("全部", "All")) }
                    option value="granted" selected[outcome("granted")] { (view.t("放行", "Released")) }
                    option value="refused" selected[outcome("refused")] { (view.t("拒绝", "Refused")) }
                }
            }
            label { span { (view.t("自", "From")) } input type="date" name="from" value=(asked.from); }
            label { span { (view.t("至", "To")) } input type="date" name="to" value=(asked.to); }
            div.buttons {
                button type="submit" { (view.t("查询", "Show")) }
                a.button.plain href="/console/releases" { (view.t("重置", "Reset")) }
            }
        }
    }
}

/// Those who oversee and receive have no releases of their own.
pub fn is_bank(id: &str) -> bool {
    !["bureau", "regulator", "platform"].contains(&id)
}

fn by_bank(view: &View, days: &[Day], names: &HashMap<String, String>) -> Markup {
    let mut sums: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for one in days.iter().flat_map(|day| &day.counts) {
        let sum = sums.entry(&one.bank).or_default();
        if one.granted { sum.0 += one.count } else { sum.1 += one.count }
    }
    let longest = sums.values().map(|(yes, no)| yes + no).max().unwrap_or(0);
    let mut ordered: Vec<_> = sums.into_iter().collect();
    ordered.sort_by_key(|(bank, (yes, no))| (std::cmp::Reverse(yes + no), *bank));
    html! {
        @if ordered.is_empty() { (parts::empty(view.t("这段时间没有查询。", "No pulls in this time."))) }
        ul.rows {
            @for (bank, (yes, no)) in ordered {
                li {
                    a href=(view.link(&["before", "done"], &[("bank", bank)])) title=(bank) {
                        span.what { (names.get(bank).map_or(bank, String::as_str)) }
                        span.figures { (count(yes)) @if no > 0 { span.refused { " + " (count(no)) } } }
                        (row_bar(&[(yes, "bar-a"), (no, "bar-b")], longest))
                    }
                }
            }
        }
    }
}

fn list(view: &View, rows: &[ReleaseRow], names: &HashMap<String, String>) -> Markup {
    let shown = rows.get(..ROWS.min(rows.len())).unwrap_or_default();
    html! {
        @if shown.is_empty() { (parts::empty(view.t("没有符合条件的记录。", "Nothing matches."))) }
        @else {
            div.scroll { table.stack {
                thead { tr {
                    th { (view.t("时间", "Time")) } th { (view.t("银行", "Bank")) }
                    @if view.is_bureau() { th { (view.t("纳税人", "Taxpayer")) } }
                    th { (view.t("目的", "Purpose")) } th { (view.t("结果", "Outcome")) } th { (view.t("编号", "Id")) }
                } }
                tbody { @for row in shown { (line(view, row, names)) } }
            } }
            @if rows.len() > ROWS && let Some(last) = shown.last() {
                p.more { a.button.plain href=(view.link(&["done"], &[("before", &last.id)])) { (view.t("更早的记录", "Older ones")) } }
            }
        }
    }
}

fn line(view: &View, row: &ReleaseRow, names: &HashMap<String, String>) -> Markup {
    html! {
        tr {
            td data-label=(view.t("时间", "Time")) { (parts::short_time(row.issued_at())) }
            td.name.all data-label=(view.t("银行", "Bank")) { (names.get(&row.bank).unwrap_or(&row.bank)) }
            @if view.is_bureau() {
                td.id data-label=(view.t("纳税人", "Taxpayer")) { (row.taxpayer_id.as_deref().unwrap_or("—")) }
            }
            td.fixed data-label=(view.t("目的", "Purpose")) { (words::purpose(view.lang, &row.purpose)) }
            td data-label=(view.t("结果", "Outcome")) { (outcome(view, &row.outcome)) }
            td.id data-label=(view.t("编号", "Id")) {
                a href={ "/console/releases/" (encoded(&row.id)) } title=(row.id) { (parts::short_id(&row.id)) }
            }
        }
    }
}

/// How a pull was decided, in colour.
pub fn outcome(view: &View, code: &str) -> Markup {
    let tone = if code == OUTCOME_GRANTED { Tone::Good } else { Tone::Bad };
    badge(tone, words::outcome(view.lang, code))
}
