//! 概览: what happened today, what waits for somebody, what was written last.

use actix_web::HttpResponse;
use chrono::Days;
use maud::{Markup, html};

use super::entries::object;
use super::view::{Menu, View};
use crate::domain::case::CaseStatus;
use crate::domain::member::CertificateState;
use crate::domain::product::ProductStatus;
use crate::http::gate::Context;
use crate::http::html::chart::{Bar, Legend, bars};
use crate::http::html::parts::{self, Tone, badge, count, tile};
use crate::http::html::words;
use crate::ledger::entry::Entry;
use crate::service::cases;
use crate::service::corrections::{self, Listed};
use crate::service::error::ServiceResult;
use crate::service::figures::{self, Day};
use crate::service::members::{self, MemberView};
use crate::service::product;

/// Days of the chart, today included.
const DAYS: u64 = 14;
/// Entries shown.
const ENTRIES: u64 = 10;
/// Products looked through for those that wait.
const PRODUCTS_MAX: i64 = 1_000;
/// Cases looked through likewise.
const CASES_MAX: i64 = 200;

/// Something that waits for somebody.
struct Matter {
    tone: Tone,
    text: String,
    href: String,
}

/// The page.
pub async fn show(context: Context) -> ServiceResult<HttpResponse> {
    let view = View::of(&context);
    let exchange = context.exchange();
    let today = view.now.shanghai_date();
    let from = today.checked_sub_days(Days::new(DAYS - 1)).unwrap_or(today);
    let days = figures::by_day(exchange, from, today).await?;
    let (size, entries) = figures::newest_entries(exchange, ENTRIES).await?;
    let matters = matters(&context, &view).await?;
    let (granted, refused) = days.last().map(Day::totals).unwrap_or_default();
    let banks = days.last().map_or(0, |day| day.counts.iter().filter(|one| one.granted).count());
    let title = view.t("概览", "Overview");
    let remark = match view.lang {
        crate::http::html::lang::Lang::Zh => format!("北京时间 {today}"),
        crate::http::html::lang::Lang::En => format!("{today}, China time"),
    };
    let body = html! {
        (parts::heading(title, &remark))
        div data-live="overview" {
            div.tiles {
                (tile(view.t("今日放行", "Released today"), &count(granted),
                    &html! { (count(u64::try_from(banks).unwrap_or(0))) " " (view.t("家银行", "banks")) }, Some("/console/releases?outcome=granted")))
                (tile(view.t("今日拒绝", "Refused today"), &count(refused),
                    &html! { (share(refused, granted + refused)) " " (view.t("的查询", "of the pulls")) }, Some("/console/releases?outcome=refused")))
                (tile(view.t("账本条目", "Ledger entries"), &count(size),
                    &html! { @if let Some((_, entry)) = entries.first() { (view.t("最新 ", "newest ")) (short(entry)) } }, Some("/console/ledger")))
                (tile(view.t("待办", "To do"), &count(u64::try_from(matters.len()).unwrap_or(0)),
                    &html! { (view.t("项需要处理", "wait for somebody")) }, None))
            }
            (todo(&view, &matters))
            section.card {
                h2 { (view.t("近十四日", "The last fourteen days")) }
                (days_chart(&view, &days))
            }
            (newest(&view, &entries))
        }
    };
    Ok(view.page(Menu::Overview, title, &body))
}

/// Pulls day by day.
pub fn days_chart(view: &View, days: &[Day]) -> Markup {
    let (released, refused) = (view.t("放行", "Released"), view.t("拒绝", "Refused"));
    let drawn: Vec<Bar> = days
        .iter()
        .map(|day| {
            let (yes, no) = day.totals();
            Bar {
                name: day.date.format("%m-%d").to_string(),
                parts: vec![yes, no],
                text: format!("{}: {released} {}, {refused} {}", day.date, count(yes), count(no)),
            }
        })
        .collect();
    let total: u64 = days.iter().map(|day| day.totals().0).sum();
    let legend = Legend {
        parts: &[(released, "bar-a"), (refused, "bar-b")],
        summary: format!("{released} {}", count(total)),
    };
    bars(&drawn, &legend)
}

/// A share in whole percent.
fn share(part: u64, whole: u64) -> String {
    format!("{}%", (part * 100).checked_div(whole).unwrap_or(0))
}

fn short(entry: &Entry) -> Markup {
    html! { @if let Ok(at) = entry.at.parse() { (parts::short_time(at)) } @else { (entry.at) } }
}

async fn matters(context: &Context, view: &View) -> ServiceResult<Vec<Matter>> {
    let exchange = context.exchange();
    let mut matters = Vec::new();
    let names = figures::names(exchange).await?;
    let products = product::page(exchange, None, String::new(), PRODUCTS_MAX).await?;
    for waiting in products.iter().filter(|product| product.status == ProductStatus::Submitted) {
        matters.push(Matter {
            tone: Tone::Warn,
            text: format!(
                "{}{} · {}",
                view.t("产品待批准：", "Product to approve: "),
                waiting.terms.name,
                names.get(waiting.bank.as_str()).map_or(waiting.bank.as_str(), String::as_str)
            ),
            href: format!("/console/products/{}", super::view::encoded(&waiting.id)),
        });
    }
    // Those that the bank answered wait for the bureau; the others wait for the bank.
    let answered = Some(CaseStatus::Answered);
    for case in cases::list(exchange, None, answered, String::new(), CASES_MAX).await? {
        matters.push(Matter {
            tone: Tone::Bad,
            text: format!(
                "{}{} · {}",
                view.t("案件待办结：", "Case to close: "),
                case.finding.as_ref().map_or("", |finding| view.t(&finding.rule_zh, finding.rule.as_str())),
                names.get(case.bank.as_str()).map_or(case.bank.as_str(), String::as_str)
            ),
            href: format!("/console/cases/{}", super::view::encoded(&case.id)),
        });
    }
    if view.is_bureau() {
        let open = Listed { open: Some(true), overdue: false };
        let disputed = corrections::list(exchange, open, String::new(), CASES_MAX).await?;
        matters.extend(disputed.iter().map(|one| Matter {
            tone: Tone::Warn,
            text: format!(
                "{}{} · {}",
                view.t("更正待办结：", "Correction to decide: "),
                words::section(view.lang, one.section),
                one.taxpayer_id
            ),
            href: "/console/firms".into(),
        }));
    }
    let proposals = super::members::open_proposals(context).await?;
    matters.extend(proposals.iter().flat_map(|proposal| &proposal.changes).map(|change| Matter {
        tone: Tone::Warn,
        text: format!(
            "{}{} {}",
            view.t("变更待第二人批准：", "Waits for a second person: "),
            words::change(view.lang, &change.change),
            change.subject
        ),
        href: "/console/members".into(),
    }));
    matters.extend(members::overview(exchange).iter().flat_map(|member| expiring(view, member)));
    Ok(matters)
}

/// Certificates of a member that end soon.
fn expiring(view: &View, member: &MemberView) -> Vec<Matter> {
    let soon = member.certificates.iter().filter(|one| one.state == CertificateState::Expiring);
    soon.map(|one| Matter {
        tone: if one.days_left <= 7 { Tone::Bad } else { Tone::Warn },
        text: format!(
            "{}{} · {} ({} {})",
            view.t("证书将到期：", "Certificate ends: "),
            member.name,
            one.label,
            one.days_left,
            view.t("天", "days")
        ),
        href: "/console/members".into(),
    })
    .collect()
}

fn todo(view: &View, matters: &[Matter]) -> Markup {
    html! {
        @if !matters.is_empty() {
            section.card {
                h2 { (view.t("待办", "To do")) }
                ul.todo {
                    @for matter in matters {
                        li { a href=(matter.href) { span.dot.(matter.tone.class()) {} (matter.text) } }
                    }
                }
            }
        }
    }
}

fn newest(view: &View, entries: &[(u64, Entry)]) -> Markup {
    html! {
        section.card {
            h2 { (view.t("最新条目", "Newest entries")) }
            div.scroll {
                table.stack {
                    thead { tr {
                        th.number { (view.t("序号", "Index")) } th { (view.t("时间", "Time")) }
                        th { (view.t("事项", "What")) } th { (view.t("成员", "Member")) } th { (view.t("对象", "Object")) }
                    } }
                    tbody { @for (index, entry) in entries { tr {
                        td.number data-label=(view.t("序号", "Index")) { (count(*index)) }
                        td data-label=(view.t("时间", "Time")) { (short(entry)) }
                        td data-label=(view.t("事项", "What")) { (badge(tone(&entry.kind), words::kind(view.lang, &entry.kind))) }
                        td data-label=(view.t("成员", "Member")) { (entry.actor) }
                        td.id data-label=(view.t("对象", "Object")) { (object(&entry.kind, &entry.id)) }
                    } } }
                }
            }
        }
    }
}

/// The colour of a kind of entry.
pub fn tone(kind: &str) -> Tone {
    match kind {
        "release.refused" | "refusals.counted" | "hold.placed" => Tone::Bad,
        "release.granted" | "release.repeated" => Tone::Good,
        _other => Tone::Quiet,
    }
}
