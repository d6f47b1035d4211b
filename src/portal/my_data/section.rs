//! `/my-data/{section}`: one item as tables and charts, then each record with where it came from.

use actix_web::HttpResponse;
use maud::{Markup, PreEscaped, html};

use super::{contents, is_waiting, section_of, voice};
use crate::domain::section::Section;
use crate::http::html::parts::{Tone, badge, empty};
use crate::portal::frame::Menu;
use crate::portal::visit::Visit;
use crate::readable::book::Book;
use crate::readable::html::blocks::Ids;
use crate::readable::html::written;
use crate::readable::value::{Record, Span, span_name};
use crate::readable::{names, section as laid};
use crate::service::error::ServiceResult;
use crate::service::held::{self, HeldRecord, HeldSection};

/// Records on one page of the list.
const PAGE: usize = 50;

/// The item.
pub async fn show(visit: Visit) -> ServiceResult<HttpResponse> {
    let section = section_of(&visit)?;
    let held = held::section(&visit.exchange, visit.acting()?, section).await?;
    let title = visit.t(section.label_zh(), section.label_en()).to_owned();
    let body = html! {
        nav.crumbs aria-label=(visit.t("位置", "Where you are")) { a href="/my-data" { (visit.t("我的数据", "My data")) } }
        div.heading {
            h1 { (title) }
            p.quiet {
                @match held.as_of {
                    Some(day) => { (visit.t("数据截至 ", "As of ")) (day) }
                    None => { (visit.t("税务机关尚未提供该项数据。", "The bureau has delivered nothing of this yet.")) }
                }
            }
        }
        @if held.records.is_empty() {
            section.card { (empty(visit.t("没有记录。", "There are no records."))) }
        } @else {
            @if section == Section::Violations { (fairness_note(&visit)) }
            (readable(&visit, &held))
            (list(&visit, &held))
            p.buttons { a.button.plain href={ "/my-data/" (section) "/csv" } { (visit.t("下载表格（CSV）", "Download as CSV")) } }
        }
    };
    Ok(visit.page(Menu::MyData, section.label_zh(), section.label_en(), &body))
}

fn fairness_note(visit: &Visit) -> Markup {
    html! { p.notice.plain { (visit.t(
        "新登记的违法违章，在告知贵单位并给予说明的期限之前，不会提供给任何银行。您的说明会随该记录一并提供。",
        "A violation that is new goes to no bank before you were told of it and had time to comment. Your statement then travels with it.",
    )) } }
}

fn readable(visit: &Visit, held: &HeldSection) -> Markup {
    let contents = contents(std::slice::from_ref(held));
    let book = Book::new(&contents, visit.now.shanghai_date());
    let laid_out = contents.sections.iter().map(|(name, object)| laid::lay_out(&book, name, object));
    let mut ids = Ids::default();
    html! {
        @for one in laid_out {
            section.card {
                div.dossier { (PreEscaped(written(&one.blocks, voice(visit.lang), &mut ids))) }
            }
        }
    }
}

fn list(visit: &Visit, held: &HeldSection) -> Markup {
    let pages = held.records.len().div_ceil(PAGE);
    let asked = visit.asked("page").and_then(|page| page.parse::<usize>().ok()).unwrap_or(1);
    let page = asked.clamp(1, pages.max(1));
    // The newest periods first: what is wrong is mostly found there.
    let mut records: Vec<&HeldRecord> = held.records.iter().collect();
    records.sort_by_key(|record| std::cmp::Reverse(record.period));
    html! {
        section.card aria-labelledby="records" {
            h2 #records { (visit.t("逐条记录与来源", "Each record and its source")) }
            p.quiet { (visit.t(
                "点开一条，可以看到它的全部内容、历次修订，并申请更正。",
                "Open one to see all of it and its revisions, and to ask for a correction.",
            )) }
            table.stack {
                thead { tr {
                    th scope="col" { (visit.t("记录", "Record")) }
                    th scope="col" { (visit.t("数据截至", "As of")) }
                    th scope="col" { (visit.t("修订", "Revisions")) }
                    th scope="col" { (visit.t("状态", "State")) }
                } }
                tbody {
                    @for record in records.iter().skip((page - 1) * PAGE).take(PAGE) { (row(visit, held.section, record)) }
                }
            }
            @if pages > 1 {
                nav.pages aria-label=(visit.t("翻页", "Pages")) { p.buttons {
                    @if page > 1 { a.button.plain.small href=(visit.link(&[], &[("page", &(page - 1).to_string())])) { (visit.t("上一页", "Previous")) } }
                    span.quiet { (page) " / " (pages) }
                    @if page < pages { a.button.plain.small href=(visit.link(&[], &[("page", &(page + 1).to_string())])) { (visit.t("下一页", "Next")) } }
                } }
            }
        }
    }
}

fn row(visit: &Visit, section: Section, record: &HeldRecord) -> Markup {
    let newest = record.revisions.first();
    html! {
        tr {
            td data-label=(visit.t("记录", "Record")) {
                a href={ "/my-data/" (section) "/records/" (record.reference) } { (name(record)) }
            }
            td data-label=(visit.t("数据截至", "As of")) { @if let Some(newest) = newest { (newest.as_of) } }
            td.number data-label=(visit.t("修订", "Revisions")) { (record.revisions.len().saturating_sub(1)) }
            td data-label=(visit.t("状态", "State")) { (state(visit, record)) }
        }
    }
}

/// How a record stands, in badges.
pub fn state(visit: &Visit, record: &HeldRecord) -> Markup {
    let newest = record.revisions.first();
    let is_voided = newest.is_some_and(|one| Record(&one.body).flag("voided") == Some(true));
    let marks = newest.map_or(0, |one| one.marks);
    html! {
        @if record.disputed { (badge(Tone::Warn, visit.t("异议核查中", "Disputed"))) " " }
        @if is_waiting(visit, record) { (badge(Tone::Warn, visit.t("可附说明", "Statement open"))) " " }
        @if record.statement.is_some() { (badge(Tone::Good, visit.t("已附说明", "Statement attached"))) " " }
        @if is_voided { (badge(Tone::Quiet, visit.t("已作废", "Voided"))) " " }
        @if marks > 0 { (badge(Tone::Quiet, visit.t("与表内公式不符", "Figures disagree"))) " " }
        @if !record.disputed && !is_voided && marks == 0 && record.notice_last_day.is_none() {
            span.quiet { (visit.t("正常", "In order")) }
        }
    }
}

/// What a record is called: its form or kind and what it speaks of.
pub fn name(record: &HeldRecord) -> String {
    let Some(newest) = record.revisions.first() else { return record.key.clone() };
    let body = Record(&newest.body);
    let what = names::name(names::FORMS, &newest.form);
    let of = body.text("tax_kind").map(|kind| names::name(names::TAX_KINDS, &kind));
    let own = ["title", "facts", "item", "rank", "year"].iter().find_map(|field| body.text(field));
    let when = match (body.span(), record.period) {
        (Some(span), _) => Some(span_name(span)),
        (None, Some((from, to))) => Some(span_name(Span { from, to })),
        (None, None) => None,
    };
    let parts = [Some(what), of, own.map(short), when];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn short(text: String) -> String {
    const SHOWN: usize = 24;
    if text.chars().count() <= SHOWN { text } else { text.chars().take(SHOWN).chain(['…']).collect() }
}
