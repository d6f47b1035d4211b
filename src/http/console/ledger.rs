//! 账本: how large, how fast, whether it stands, and the checks that were made for this very page.

use std::sync::Arc;

use actix_web::HttpResponse;
use maud::{Markup, html};

use super::view::{Menu, View};
use crate::http::gate::Context;
use crate::http::html::chart::{Bar, Legend, bars};
use crate::http::html::parts::{self, Tone, badge, count, fact, tile};
use crate::service::Exchange;
use crate::service::error::ServiceResult;
use crate::service::evidence;
use crate::service::figures::{self, LedgerHealth};
use crate::service::witnesses::{self, WitnessHealth};

/// A check and how it went.
struct Check {
    name: &'static str,
    meaning: &'static str,
    outcome: Result<String, String>,
}

/// The page.
pub async fn show(context: Context) -> ServiceResult<HttpResponse> {
    let view = View::of(&context);
    let exchange = context.exchange();
    // First the checkpoint: a unit without entries holds the head against the anchor, signs it and anchors it.
    let published = evidence::checkpoint(exchange).await;
    let health = figures::ledger_health(exchange).await?;
    let (size, note) = match &published {
        Ok(published) => (Ok(published.size), published.note.clone()),
        Err(why) => (Err(why.to_string()), String::new()),
    };
    let checks = checks(&view, exchange, &health, size);
    let title = view.t("账本", "Ledger");
    let body = html! {
        (parts::heading(title, &exchange.keys.origin()))
        div data-live="ledger" {
            div.tiles {
                (tile(view.t("条目", "Entries"), &count(health.size), &html! { (view.t("最新 ", "newest ")) (parts::short_time(health.newest)) }, None))
                (tile(view.t("最近一分钟", "Last minute"), &count(health.last_minute), &html! { (view.t("条/分钟", "entries a minute")) }, None))
                (tile(view.t("最近一小时", "Last hour"), &count(health.last_hour), &html! { (view.t("条", "entries")) }, None))
                (tile(view.t("最近一日", "Last day"), &count(health.last_day), &html! { (view.t("条", "entries")) }, None))
            }
            section.card { h2 { (view.t("检查", "Checks")) } (check_list(&checks)) }
            (witnesses_card(&view, &witnesses::status(exchange)))
            section.card {
                h2 { (view.t("每小时条目", "Entries by the hour")) }
                (hours_chart(&view, &health))
            }
        }
        section.card {
            h2 { (view.t("检查点", "Checkpoint")) }
            dl.facts {
                (fact(view.t("根", "Root"), &html! { code.whole { (health.root) } }))
                (fact(view.t("验证公钥", "Verifier key"), &html! { code.whole { (exchange.keys.ledger_verifier()) } }))
            }
            @if !note.is_empty() { pre { (note) } }
        }
    };
    Ok(view.page(Menu::Ledger, title, &body))
}

fn checks(
    view: &View,
    exchange: &Arc<Exchange>,
    health: &LedgerHealth,
    anchored: Result<u64, String>,
) -> Vec<Check> {
    let holds = |holds: bool, wrong: &str| if holds { Ok(String::new()) } else { Err(wrong.to_owned()) };
    vec![
        Check {
            name: view.t("锚", "Anchor"),
            meaning: view.t(
                "账本头不小于锚中的检查点，且与之一致；已签名并写入锚。",
                "The head continues what was anchored; it was signed and anchored anew.",
            ),
            outcome: anchored.map(count),
        },
        Check {
            name: view.t("右缘", "Right edge"),
            meaning: view.t(
                "尚未成整块的条目与最新的整块已重新计算。",
                "Entries not yet in a full tile, and the newest full tiles, were hashed anew.",
            ),
            outcome: health.edge_damage.clone().map_or(Ok(String::new()), Err),
        },
        Check {
            name: view.t("根", "Root"),
            meaning: view.t("由所存哈希推出的根与账本头一致。", "The stored hashes lead to the head's root."),
            outcome: holds(health.root_follows, view.t("不一致", "It differs")),
        },
        Check {
            name: view.t("成员目录", "Member directory"),
            meaning: view
                .t("不足两秒，停用可即时生效。", "Under two seconds old, so that a suspension bites."),
            outcome: holds(exchange.directory.is_fresh(), view.t("过旧", "Too old")),
        },
    ]
}

fn check_list(checks: &[Check]) -> Markup {
    html! {
        ul.checks {
            @for check in checks {
                li.good[check.outcome.is_ok()].bad[check.outcome.is_err()] {
                    span.mark aria-hidden="true" { (if check.outcome.is_ok() { "✓" } else { "✗" }) }
                    div {
                        b { (check.name) }
                        @match &check.outcome {
                            Ok(figure) => @if !figure.is_empty() { " " span.figure { (figure) } },
                            Err(why) => p.why { (why) },
                        }
                        p.quiet { (check.meaning) }
                    }
                }
            }
        }
    }
}

fn witnesses_card(view: &View, health: &WitnessHealth) -> Markup {
    html! {
        section.card {
            h2 { (view.t("见证", "Witnesses")) " "
                @if health.configured > 0 { (badge(Tone::Quiet, &format!("{} / {}", health.quorum, health.configured))) } }
            @if health.stopped {
                p.notice.bad { (view.t("见证沉默过久，已停止放行。", "The witnesses were silent too long: nothing is released.")) }
            } @else if let Some(seconds) = health.seconds_left {
                p.notice.warn { (view.t("未达到所需的副署数；停止放行前还有 ", "Without a quorum of cosignatures; releases stop in "))
                    (count(seconds / 60)) (view.t(" 分钟。", " minutes.")) }
            }
            @if health.witnesses.is_empty() { (parts::empty(view.t("未配置见证。建议由监管机构或银行运行一个。", "None is configured. One run by the regulator or a bank is advised."))) }
            @else { (witness_table(view, health)) }
        }
    }
}

fn witness_table(view: &View, health: &WitnessHealth) -> Markup {
    html! {
        div.scroll { table.stack {
            thead { tr {
                th { (view.t("见证", "Witness")) } th.number { (view.t("已副署至", "Cosigned up to")) }
                th { (view.t("时间", "When")) } th { (view.t("状态", "Status")) }
            } }
            tbody { @for one in &health.witnesses { tr {
                td data-label=(view.t("见证", "Witness")) { (one.name) }
                td.number data-label=(view.t("已副署至", "Cosigned up to")) { @match one.size { Some(size) => (count(size)), None => "—" } }
                td data-label=(view.t("时间", "When")) { @match one.at { Some(at) => (parts::short_time(at)), None => "—" } }
                td data-label=(view.t("状态", "Status")) { @match &one.failure {
                    None => (badge(Tone::Good, view.t("正常", "Fine"))),
                    Some(failure) => span { (badge(Tone::Bad, view.t("异常", "Failing"))) " " span.quiet { (failure) } },
                } }
            } } }
        } }
    }
}

fn hours_chart(view: &View, health: &LedgerHealth) -> Markup {
    let drawn: Vec<Bar> = health
        .hours
        .iter()
        .map(|(at, entries)| Bar {
            name: parts::hour(*at),
            parts: vec![*entries],
            text: format!("{} {}", parts::hour(*at), count(*entries)),
        })
        .collect();
    let summary = view.t("最近二十四小时每小时的条目数", "Entries in each of the last 24 hours").to_owned();
    bars(&drawn, &Legend { parts: &[("", "bar-a")], summary })
}
