//! `/my-data`: what the bureau holds of the firm, item by item; each record with where it came from and what became of it.

pub mod csv;
mod layout;
pub mod record;
pub mod section;

use actix_web::HttpResponse;
use maud::{Markup, PreEscaped, html};
use serde_json::{Map, Value, json};

use super::attention::Attention;
use super::frame::Menu;
use super::visit::Visit;
use crate::domain::section::Section;
use crate::http::html::lang::Lang;
use crate::http::html::parts::{Tone, badge};
use crate::readable::book::{Book, Contents};
use crate::readable::document::Block;
use crate::readable::html::blocks::Ids;
use crate::readable::html::writer::Voice;
use crate::readable::html::written;
use crate::readable::monthly;
use crate::service::error::{ServiceError, ServiceResult};
use crate::service::fairness;
use crate::service::held::{self, HeldRecord, HeldSection};

/// Every item with how much of it there is, and the charts of sales and tax.
pub async fn show(visit: Visit) -> ServiceResult<HttpResponse> {
    let held = held::all(&visit.exchange, visit.acting()?).await?;
    let contents = contents(&held);
    let book = Book::new(&contents, visit.now.shanghai_date());
    let charts: Vec<Block> = monthly::charts(&book).into_iter().map(Block::Chart).collect();
    let body = html! {
        div.heading {
            h1 { (visit.t("我的数据", "My data")) }
            p.quiet { (visit.t(
                "税务机关目前持有的贵单位数据。只有您授权的项目才会提供给您授权的银行；如有错误，请申请更正。",
                "What the bureau holds of your firm. Only what you authorise goes to the banks that you authorise. If something is wrong, ask for a correction.",
            )) }
        }
        p.buttons { a.button.plain href="/corrections" { (visit.t("我的更正申请", "My corrections")) } }
        @if !charts.is_empty() {
            section.card aria-labelledby="charts" {
                h2 #charts { (visit.t("销售与纳税", "Sales and tax")) }
                div.dossier { (PreEscaped(written(&charts, voice(visit.lang), &mut Ids::default()))) }
            }
        }
        ul.cards { @for one in &held { li { (card(&visit, one)) } } }
    };
    Ok(visit.page(Menu::MyData, "我的数据", "My data", &body))
}

fn card(visit: &Visit, held: &HeldSection) -> Markup {
    let disputed = held.records.iter().filter(|record| record.disputed).count();
    let waiting = held.records.iter().filter(|record| is_waiting(visit, record)).count();
    html! {
        a.card href={ "/my-data/" (held.section) } {
            b { (visit.t(held.section.label_zh(), held.section.label_en())) }
            span {
                @match held.records.len() {
                    0 => { (visit.t("没有记录", "No records")) }
                    1 => { (visit.t("1 条记录", "1 record")) }
                    count => { (count) (visit.t(" 条记录", " records")) }
                }
            }
            @if let Some(day) = held.as_of { span.quiet { (visit.t("数据截至 ", "As of ")) (day) } }
            @if disputed > 0 { span { (badge(Tone::Warn, &format!("{disputed} {}", visit.t("条异议核查中", "disputed")))) } }
            @if waiting > 0 { span { (badge(Tone::Warn, &format!("{waiting} {}", visit.t("条可附说明", "awaiting your statement")))) } }
        }
    }
}

/// Whether a violation's notice still runs and the firm has said nothing to it.
fn is_waiting(visit: &Visit, record: &HeldRecord) -> bool {
    let today = visit.now.shanghai_date();
    record.statement.is_none() && record.notice_last_day.is_some_and(|last_day| today <= last_day)
}

/// What wants attention: violations that the firm was told of and has said nothing to.
pub async fn attention(visit: &Visit) -> ServiceResult<Vec<Attention>> {
    let running = fairness::running(&visit.exchange, visit.acting()?).await?;
    let Some(last_day) = running.iter().min() else { return Ok(Vec::new()) };
    let count = running.len();
    Ok(vec![Attention {
        zh: format!("{count} 条违法违章记录即将纳入可提供的数据，{last_day} 前可附说明"),
        en: format!(
            "{count} violation(s) will become part of what can be provided: add a statement by {last_day}"
        ),
        href: "/my-data/violations".to_owned(),
        urgency: Tone::Warn,
    }])
}

/// The section that the path names.
fn section_of(visit: &Visit) -> ServiceResult<Section> {
    visit.path("section")?.parse().map_err(|_| ServiceError::NotFound)
}

/// The record that the path names, in its section as it is held.
async fn record_of(visit: &Visit) -> ServiceResult<(Section, HeldRecord)> {
    let (section, reference) = (section_of(visit)?, visit.path("record")?);
    let held = held::section(&visit.exchange, visit.acting()?, section).await?;
    let found = held.records.into_iter().find(|record| record.reference == reference);
    found.map(|record| (section, record)).ok_or(ServiceError::NotFound)
}

/// The newest state of every record, as the readable layout takes it.
fn contents(held: &[HeldSection]) -> Contents {
    let sections = held.iter().map(|one| (one.section.as_str().to_owned(), object(one))).collect();
    Contents { claims: Map::new(), sections }
}

fn object(held: &HeldSection) -> Map<String, Value> {
    let records: Vec<Value> = held
        .records
        .iter()
        .filter_map(|record| record.revisions.first())
        .map(|revision| Value::Object(revision.body.clone()))
        .collect();
    let status = if records.is_empty() { "empty" } else { "present" };
    let object = json!({ "status": status, "as_of": held.as_of, "records": records });
    object.as_object().cloned().unwrap_or_default()
}

fn voice(lang: Lang) -> Voice {
    match lang {
        Lang::Zh => Voice::Chinese,
        Lang::En => Voice::English,
    }
}
